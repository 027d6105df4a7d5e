"""Steps of the event loop: calendars, queues, and the waits of those who leave them."""

from __future__ import annotations

from simgap.compiling import rule, small
from simgap.engines.compiled.heap import TIME, drop_known, pop, push, push_known
from simgap.engines.compiled.layout import (
    AGENDA,
    AREA,
    BINS,
    DEADLINES,
    HEAD,
    NOBODY,
    REST,
    REVIEW_DEADLINE,
    TAIL,
    UNIT,
    WAIT_TOTAL,
    WALL_WAIT_TOTAL,
    D,
    I,
    State,
)
from simgap.engines.order import (
    DEADLINE,
)
from simgap.model import items, oversight
from simgap.model.clock import NEVER
from simgap.model.types import Floats, Ints

ROUNDING = 1e-12  # relative: far more than the sums below are off


@small
def is_right(u: float, hardness: float, lost: float, p: Floats, log_odds: Floats) -> bool:
    """`items.ease` > lost, without its logarithm but for the few whose bin of the table does not tell."""
    room = items.outlook(hardness, p) - lost
    doubt = ROUNDING * (1.0 + abs(room) + abs(lost))
    i = int(u * BINS)
    if room > log_odds[i + 1] + doubt:
        return True
    if room < log_odds[i] - doubt:
        return False
    return items.ease(u, hardness, p) > lost


@small
def put(
    heads: Ints, calendars: Ints, sizes: Ints, which: int, when: int, order: int, what: int, whom: int
) -> None:
    """Put an event on a calendar of the items in the system."""
    sizes[which] = push(calendars, which, sizes[which], when, order, whom << 8 | what)
    heads[which] = calendars[which, 0, TIME]


@small
def take(heads: Ints, calendars: Ints, sizes: Ints, which: int) -> None:
    """Take the first event from a calendar of the items in the system."""
    sizes[which] = pop(calendars, which, sizes[which])
    heads[which] = calendars[which, 0, TIME] if sizes[which] else NEVER


@small
def put_deadline(
    heads: Ints, calendars: Ints, sizes: Ints, item: Ints, when: int, place: int, team: int, slot: int
) -> None:
    """Put the deadline of an item that waits for a team on the calendar of deadlines."""
    n = sizes[DEADLINES]
    code = slot << 8 | (REVIEW_DEADLINE + team)
    push_known(calendars, DEADLINES, n, when, DEADLINE + place, code, item)
    sizes[DEADLINES] = n + 1
    heads[DEADLINES] = calendars[DEADLINES, 0, TIME]


@small
def withdraw_deadline(heads: Ints, calendars: Ints, sizes: Ints, item: Ints, slot: int) -> None:
    """Take the deadline of an item from the calendar, if it has one: few of them wait until theirs."""
    due = item[slot, I.DUE]
    if due >= 0:
        n = drop_known(calendars, DEADLINES, sizes[DEADLINES], due, item)
        sizes[DEADLINES] = n
        heads[DEADLINES] = calendars[DEADLINES, 0, TIME] if n else NEVER


@rule
def plan_event(b: State, when: int, order: int, what: int, whom: int) -> None:
    """Put an event on the agenda, if its time ever comes."""
    if when < NEVER:
        b.sizes[AGENDA] = push(b.agenda, 0, b.sizes[AGENDA], when, order, whom << 8 | what)
        b.heads[AGENDA] = b.agenda[0, 0, TIME]


@small
def add_time(desks: Ints, team: int, place: int, count: int, microseconds: int) -> None:
    """Add a multiple of a time to a sum in two places, which so can exceed 64 bits."""
    rest = desks[team, place + 1] + count * (microseconds & REST)
    desks[team, place] += count * (microseconds >> UNIT) + (rest >> UNIT)
    desks[team, place + 1] = rest & REST


@small
def join(item: Ints, queues: Ints, queue: int, slot: int, now: int) -> None:
    """Let an item join a queue: behind all who joined earlier, among those of this instant by its place."""
    item[slot, I.JOINED] = now
    item[slot, I.QUEUE] = queue
    behind, ahead = NOBODY, queues[queue, TAIL]
    while ahead >= 0 and item[ahead, I.JOINED] == now and item[ahead, I.PLACE] > item[slot, I.PLACE]:
        behind, ahead = ahead, item[ahead, I.AHEAD]
    item[slot, I.AHEAD] = ahead
    item[slot, I.BEHIND] = behind
    if ahead >= 0:
        item[ahead, I.BEHIND] = slot
    else:
        queues[queue, HEAD] = slot
    if behind >= 0:
        item[behind, I.AHEAD] = slot
    else:
        queues[queue, TAIL] = slot


@small
def leave(item: Ints, queues: Ints, slot: int) -> None:
    """Let an item leave its queue, wherever in it it stands."""
    queue, ahead, behind = item[slot, I.QUEUE], item[slot, I.AHEAD], item[slot, I.BEHIND]
    item[slot, I.QUEUE] = NOBODY
    if ahead >= 0:
        item[ahead, I.BEHIND] = behind
    else:
        queues[queue, HEAD] = behind
    if behind >= 0:
        item[behind, I.AHEAD] = ahead
    else:
        queues[queue, TAIL] = ahead


@small
def change_waiting(desks: Ints, team: int, now: int, step: int) -> None:
    """Count an item that joins or leaves the queue of a team."""
    add_time(desks, team, AREA, desks[team, D.WAITING], now - desks[team, D.CHANGED])
    desks[team, D.CHANGED] = now
    desks[team, D.WAITING] += step


@small
def leave_team(
    heads: Ints,
    calendars: Ints,
    sizes: Ints,
    desks: Ints,
    waits: Ints,
    item: Ints,
    queues: Ints,
    team: int,
    slot: int,
    now: int,
    staffed: int,
) -> None:
    """Let an item leave the queue of a team and book its wait; `staffed` is the staffed time now."""
    leave(item, queues, slot)
    withdraw_deadline(heads, calendars, sizes, item, slot)
    change_waiting(desks, team, now, -1)
    wait, wall = staffed - item[slot, I.JOINED_STAFFED], now - item[slot, I.JOINED]
    waits[team, 0, oversight.wait_bin(wait)] += 1
    waits[team, 1, oversight.wait_bin(wall)] += 1
    add_time(desks, team, WAIT_TOTAL, 1, wait)
    add_time(desks, team, WALL_WAIT_TOTAL, 1, wall)
