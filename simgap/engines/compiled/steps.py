"""Steps of the event loop: calendars, queues, and the events that are of no item."""

from __future__ import annotations

import math

from simgap.compiling import rule, small
from simgap.engines.compiled.heap import CODE, ORDER, TIME, pop, push
from simgap.engines.compiled.layout import (
    AGENDA,
    AREA,
    DEADLINES,
    FIRST_QUEUE,
    HEAD,
    INCIDENT,
    INCIDENT_EXPIRES,
    MONTH_ENDS,
    NOBODY,
    OUTAGE_BEGINS,
    OUTAGE_ENDS,
    PROBATION_OVER,
    PROBLEM_CLOSES,
    REST,
    REVIEW_DEADLINE,
    STAFF_CHANGES,
    STREAMS,
    TAIL,
    TEAM_OPENS,
    UNIT,
    WAIT_TOTAL,
    WALL_WAIT_TOTAL,
    D,
    G,
    I,
    Scene,
    State,
)
from simgap.engines.order import (
    CLOSES,
    DEADLINE,
    EXPIRES,
    GOVERNANCE,
    OUTAGES,
    PLANS,
    PROBATION_ENDS,
    SURFACES,
    place_of,
)
from simgap.model import clock, governance, integration, keys, oversight
from simgap.model.clock import NEVER
from simgap.model.parameters import P, T
from simgap.model.types import Ints


@small
def put(
    heads: Ints, calendars: Ints, sizes: Ints, which: int, when: int, order: int, what: int, whom: int
) -> None:
    """Put an event on a calendar of the items in the system."""
    sizes[which] = push(calendars, which, sizes[which], when, order, whom << 8 | what)
    heads[STREAMS + which] = calendars[which, 0, TIME]


@small
def take(heads: Ints, calendars: Ints, sizes: Ints, which: int) -> None:
    """Take the first event from a calendar of the items in the system."""
    sizes[which] = pop(calendars, which, sizes[which])
    heads[STREAMS + which] = calendars[which, 0, TIME] if sizes[which] else NEVER


@small
def waits_for(item: Ints, slot: int, place: int, team: int, classes: int) -> bool:
    """Return whether the item of a place waits for a team, in this slot, which may be another item's now."""
    first = FIRST_QUEUE + team * classes
    return first <= item[slot, I.QUEUE] < first + classes and item[slot, I.PLACE] == place


@rule
def put_deadline(
    heads: Ints,
    calendars: Ints,
    sizes: Ints,
    item: Ints,
    when: int,
    place: int,
    team: int,
    slot: int,
    classes: int,
) -> None:
    """Put a deadline on its calendar; where that is full, those who no longer wait go from it first.

    An item has one deadline for the team that it waits for, so half of the calendar is free then.
    """
    n = sizes[DEADLINES]
    if n == calendars.shape[1]:
        kept = 0
        for i in range(n):
            time, order = calendars[DEADLINES, i, TIME], calendars[DEADLINES, i, ORDER]
            code = calendars[DEADLINES, i, CODE]
            if waits_for(item, code >> 8, order - DEADLINE, (code & 255) - REVIEW_DEADLINE, classes):
                kept = push(calendars, DEADLINES, kept, time, order, code)
        sizes[DEADLINES] = kept
    put(heads, calendars, sizes, DEADLINES, when, DEADLINE + place, REVIEW_DEADLINE + team, slot)


@rule
def plan_event(b: State, when: int, order: int, what: int, whom: int) -> None:
    """Put an event on the agenda, if its time ever comes."""
    if when < NEVER:
        b.sizes[AGENDA] = push(b.agenda, 0, b.sizes[AGENDA], when, order, whom << 8 | what)
        b.heads[STREAMS + AGENDA] = b.agenda[0, 0, TIME]


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
    desks: Ints, waits: Ints, item: Ints, queues: Ints, team: int, slot: int, now: int, staffed: int
) -> None:
    """Let an item leave the queue of a team and book its wait; `staffed` is the staffed time now."""
    leave(item, queues, slot)
    change_waiting(desks, team, now, -1)
    wait, wall = staffed - item[slot, I.JOINED_STAFFED], now - item[slot, I.JOINED]
    waits[team, 0, oversight.wait_bin(wait)] += 1
    waits[team, 1, oversight.wait_bin(wall)] += 1
    add_time(desks, team, WAIT_TOTAL, 1, wait)
    add_time(desks, team, WALL_WAIT_TOTAL, 1, wall)


@rule
def next_outage(s: Scene, b: State, number: int) -> None:
    """Put the next outage on the calendar, if it begins before arrivals end."""
    after, _ = integration.outage(s.key, number, s.p)
    b.drawn[keys.OUTAGE_TIME] += s.p[P.OUTAGES] > 0.0
    if b.g[G.NOW] + after < s.end_of_arrivals:
        order = OUTAGES + place_of(keys.OUTAGE, number)
        plan_event(b, b.g[G.NOW] + after, order, OUTAGE_BEGINS, number)


@rule
def nobody_comes(desks: Ints, plan: Ints, team: int) -> bool:
    """Return whether nobody is on the staff, now or later in the plan, which is the reviewers'."""
    if desks[team, D.STAFF]:
        return False
    if team == 0:
        for i in range(desks[0, D.NEXT_PLAN], len(plan)):
            if plan[i, 1]:
                return False
    return True


@rule
def book_capacity(s: Scene, b: State, team: int) -> None:
    """Book the staffed hours of the heads present, up to now, in the present month."""
    g, desk = b.g, b.desks[team]
    if g[G.MONTH] < s.months:
        staffed = clock.staffed_time(g[G.NOW], s.calendars[team])
        heads = desk[D.FREE] + desk[D.BUSY]
        b.capacity[team, g[G.MONTH]] += heads * (staffed - desk[D.PAID_UNTIL])
        desk[D.PAID_UNTIL] = staffed


@rule
def set_staff(s: Scene, b: State, heads: int) -> None:
    """Change the headcount: a cut takes the idle first, and the busy finish what they do."""
    desk = b.desks[0]
    book_capacity(s, b, 0)
    desk[D.NEXT_PLAN] += 1
    more = heads - desk[D.STAFF]
    desk[D.STAFF] = heads
    if more > 0:
        staying = min(more, desk[D.LEAVING])
        desk[D.LEAVING] -= staying
        desk[D.FREE] += more - staying
    else:
        going = min(-more, desk[D.FREE])
        desk[D.FREE] -= going
        desk[D.LEAVING] += -more - going
    if nobody_comes(b.desks, s.plan, 0) and s.teams[0, T.DEADLINE] == math.inf:
        classes = len(s.priority) + 1
        for queue in range(FIRST_QUEUE, FIRST_QUEUE + classes):
            slot = b.queues[queue, HEAD]
            while slot >= 0:
                place = b.item[slot, I.PLACE]
                put_deadline(b.heads, b.calendars, b.sizes, b.item, b.g[G.NOW], place, 0, slot, classes)
                slot = b.item[slot, I.BEHIND]
    b.g[G.STARTING] = 1


@rule
def book_level(s: Scene, b: State) -> None:
    """Book the time since the last change at the present level of autonomy and month."""
    g = b.g
    if g[G.MONTH] < s.months:
        b.level_time[g[G.MONTH], g[G.LEVEL]] += g[G.NOW] - g[G.LEVEL_CHANGED]
        g[G.LEVEL_CHANGED] = g[G.NOW]


@rule
def settle(s: Scene, b: State, entity: int) -> None:
    """Set the level of autonomy that follows from what is the case now."""
    g = b.g
    now = g[G.NOW]
    if g[G.SUSPENDED] and not governance.stays_suspended(g[G.OPEN_PROBLEMS], g[G.RECENT], s.p):
        g[G.SUSPENDED] = 0
        g[G.PROBATION_UNTIL] = now + s.probation
        plan_event(
            b,
            now + s.probation,
            GOVERNANCE + place_of(PROBATION_ENDS, entity),
            PROBATION_OVER,
            entity,
        )
    level = governance.level_of(
        g[G.OPEN_PROBLEMS], g[G.RECENT], g[G.SUSPENDED] != 0, now < g[G.PROBATION_UNTIL], s.p
    )
    if level != g[G.LEVEL]:
        book_level(s, b)
        g[G.LEVEL] = level


@rule
def surface(s: Scene, b: State, entity: int) -> None:
    """An incident surfaces, and opens a problem if it fails a property."""
    g = b.g
    now, n = g[G.NOW], g[G.INCIDENTS]
    failed = governance.failures(s.key, entity, s.p)
    b.drawn[keys.PROPERTY] += 1
    b.incidents[n, 0] = now
    b.incidents[n, 1] = entity
    b.incidents[n, 2] = failed
    g[G.INCIDENTS] = n + 1
    g[G.RECENT] += 1
    plan_event(
        b,
        now + s.incident_window,
        GOVERNANCE + place_of(EXPIRES, entity),
        INCIDENT_EXPIRES,
        entity,
    )
    if failed:
        g[G.OPEN_PROBLEMS] += 1
        open_for = governance.problem_time(s.key, entity, failed, s.p)
        b.drawn[keys.RESOLUTION] += 1
        plan_event(b, now + open_for, GOVERNANCE + place_of(CLOSES, entity), PROBLEM_CLOSES, entity)
    if g[G.RECENT] >= s.p[P.SUSPEND]:
        g[G.SUSPENDED] = 1
    settle(s, b, entity)


@rule
def month_ends(s: Scene, b: State) -> None:
    """Read the backlogs and turn the page."""
    g = b.g
    month = g[G.MONTH]
    for team in range(2):
        b.backlog[team, month] = b.desks[team, D.WAITING]
        book_capacity(s, b, team)
    book_level(s, b)
    g[G.MONTH] = month + 1
    if month + 1 < s.months:
        plan_event(b, s.starts[month + 2], PLANS, MONTH_ENDS, 0)


@rule
def surfaces(s: Scene, b: State, entity: int) -> None:
    """A consequential error has escaped: see whether it surfaces."""
    after = governance.surfaces_after(s.key, entity, s.p)
    b.drawn[keys.SEVERITY] += 1
    if after < NEVER:
        plan_event(b, b.g[G.NOW] + after, GOVERNANCE + place_of(SURFACES, entity), INCIDENT, entity)


@rule
def seldom(s: Scene, b: State, what: int, whom: int) -> None:
    """Let an event happen that is of no item."""
    g = b.g
    if what == TEAM_OPENS:
        g[G.STARTING] = 1
    elif what == MONTH_ENDS:
        month_ends(s, b)
    elif what == STAFF_CHANGES:
        set_staff(s, b, s.plan[whom, 1])
    elif what == OUTAGE_BEGINS:
        _, length = integration.outage(s.key, whom, s.p)
        b.drawn[keys.OUTAGE_TIME] += 1
        g[G.UP] = 0
        g[G.BACK] = g[G.NOW] + length
        plan_event(b, g[G.BACK], OUTAGES + place_of(keys.OUTAGE, whom), OUTAGE_ENDS, whom)
    elif what == OUTAGE_ENDS:
        g[G.UP] = 1
        g[G.STARTING] = 1
        next_outage(s, b, whom + 1)
    elif what == INCIDENT:
        surface(s, b, whom)
    elif what == PROBLEM_CLOSES:
        g[G.OPEN_PROBLEMS] -= 1
        settle(s, b, whom)
    elif what == INCIDENT_EXPIRES:
        g[G.RECENT] -= 1
        settle(s, b, whom)
    elif what == PROBATION_OVER:
        settle(s, b, whom)
