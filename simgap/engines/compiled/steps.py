"""Steps of the event loop: arrivals, queues, and the events that are of no item."""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.engines.compiled.heap import CODE, ORDER, TIME, push
from simgap.engines.compiled.layout import (
    AREA,
    DUPLICATES,
    FIRST_QUEUE,
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
    TEAM_OPENS,
    UNIT,
    WAIT_TOTAL,
    WAITING,
    WALL_WAIT_TOTAL,
    A,
    D,
    G,
    I,
    Scene,
    State,
)
from simgap.engines.order import (
    ARRIVES,
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
from simgap.model import clock, governance, integration, items, keys, oversight
from simgap.model.clock import NEVER
from simgap.model.parameters import P, T
from simgap.model.types import Floats, Ints


@rule
def put(g: Ints, events: Ints, when: int, order: int, what: int, whom: int) -> None:
    """Put an event on the calendar, if its time ever comes."""
    if when < NEVER:
        g[G.EVENTS] = push(events, 0, g[G.EVENTS], when, order, whom << 8 | what)


@rule
def add_time(desks: Ints, team: int, place: int, count: int, microseconds: int) -> None:
    """Add a multiple of a time to a sum in two places, which so can exceed 64 bits."""
    rest = desks[team, place + 1] + count * (microseconds & REST)
    desks[team, place] += count * (microseconds >> UNIT) + (rest >> UNIT)
    desks[team, place + 1] = rest & REST


@rule
def change_waiting(desks: Ints, team: int, now: int, step: int) -> None:
    """Count an item that joins or leaves the queue of a team."""
    add_time(desks, team, AREA, desks[team, D.WAITING], now - desks[team, D.CHANGED])
    desks[team, D.CHANGED] = now
    desks[team, D.WAITING] += step


@rule
def leave_queue(desks: Ints, waits: Ints, item: Ints, team: int, slot: int, now: int, staffed: int) -> None:
    """Book the wait of an item that leaves its queue; `staffed` is the staffed time now."""
    item[slot, I.TEAM] = NOBODY
    change_waiting(desks, team, now, -1)
    wait, wall = staffed - item[slot, I.JOINED_STAFFED], now - item[slot, I.JOINED]
    waits[team, 0, oversight.wait_bin(wait)] += 1
    waits[team, 1, oversight.wait_bin(wall)] += 1
    add_time(desks, team, WAIT_TOTAL, 1, wait)
    add_time(desks, team, WALL_WAIT_TOTAL, 1, wall)


@rule
def next_waiting(s: Scene, streams: Ints) -> None:
    """Find the next item of the opening backlog."""
    streams[WAITING, A.ENTITY] += 1
    entity = streams[WAITING, A.ENTITY]
    value_class, consequential = items.stakes(s.key, keys.ITEM, entity, s.p, s.quantiles)
    more = (entity & keys.NUMBER) - keys.FIRST_WAITING < s.waiting
    streams[WAITING, A.TIME] = s.waiting_from if more else NEVER
    streams[WAITING, A.ORDER] = ARRIVES + place_of(keys.ITEM, entity)
    streams[WAITING, A.VALUE_CLASS] = value_class
    streams[WAITING, A.CONSEQUENTIAL] = consequential


@rule
def next_arrival(
    key: Ints,
    p: Floats,
    levels: Floats,
    knots: Ints,
    quantiles: Floats,
    regular: bool,
    streams: Ints,
    reached: Floats,
    stream: int,
) -> None:
    """Find the next item, or duplicate, to arrive."""
    streams[stream, A.ENTITY] += 1
    kind, entity = keys.DUPLICATE if stream == DUPLICATES else keys.ITEM, streams[stream, A.ENTITY]
    when, level, interval, value_class, consequential = items.arrive(
        key, kind, entity, p, reached[stream], streams[stream, A.INTERVAL], levels, knots, regular, quantiles
    )
    reached[stream] = level
    streams[stream, A.TIME] = NEVER if interval < 0 else when
    streams[stream, A.ORDER] = ARRIVES + place_of(kind, entity)
    streams[stream, A.INTERVAL] = interval
    streams[stream, A.VALUE_CLASS] = value_class
    streams[stream, A.CONSEQUENTIAL] = consequential


@rule
def next_outage(s: Scene, b: State, number: int) -> None:
    """Put the next outage on the calendar, if it begins before arrivals end."""
    after, _ = integration.outage(s.key, number, s.p)
    if b.g[G.NOW] + after < s.end_of_arrivals:
        order = OUTAGES + place_of(keys.OUTAGE, number)
        put(b.g, b.events, b.g[G.NOW] + after, order, OUTAGE_BEGINS, number)


@rule
def still_waits(item: Ints, team: int, slot: int, place: int, joined: int) -> bool:
    """Return whether the item of an entry in a team's queue is still there; its slot may be another's now."""
    return item[slot, I.TEAM] == team and item[slot, I.PLACE] == place and item[slot, I.JOINED] == joined


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
        q = b.queues
        for queue in range(FIRST_QUEUE, FIRST_QUEUE + len(s.priority) + 1):
            for i in range(b.sizes[queue]):
                joined, place, slot = q[queue, i, TIME], q[queue, i, ORDER], q[queue, i, CODE]
                if still_waits(b.item, 0, slot, place, joined):
                    put(b.g, b.events, b.g[G.NOW], DEADLINE + place, REVIEW_DEADLINE, slot)
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
        put(
            b.g,
            b.events,
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
    b.incidents[n, 0] = now
    b.incidents[n, 1] = entity
    b.incidents[n, 2] = failed
    g[G.INCIDENTS] = n + 1
    g[G.RECENT] += 1
    put(
        b.g,
        b.events,
        now + s.incident_window,
        GOVERNANCE + place_of(EXPIRES, entity),
        INCIDENT_EXPIRES,
        entity,
    )
    if failed:
        g[G.OPEN_PROBLEMS] += 1
        open_for = governance.problem_time(s.key, entity, failed, s.p)
        put(b.g, b.events, now + open_for, GOVERNANCE + place_of(CLOSES, entity), PROBLEM_CLOSES, entity)
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
        put(b.g, b.events, s.starts[month + 2], PLANS, MONTH_ENDS, 0)


@rule
def forget(s: Scene, b: State, team: int) -> None:
    """Drop the entries of those who have left the queues of a team."""
    q = b.queues
    first = FIRST_QUEUE + team * (len(s.priority) + 1)
    for queue in range(first, first + len(s.priority) + 1):
        n, kept = b.sizes[queue], 0
        for i in range(n):
            joined, place, slot = q[queue, i, TIME], q[queue, i, ORDER], q[queue, i, CODE]
            if still_waits(b.item, team, slot, place, joined):
                kept = push(q, queue, kept, joined, place, slot)
        b.desks[team, D.ENTRIES] -= n - kept
        b.sizes[queue] = kept


@rule
def surfaces(s: Scene, b: State, entity: int) -> None:
    """A consequential error has escaped: see whether it surfaces."""
    after = governance.surfaces_after(s.key, entity, s.p)
    if after < NEVER:
        put(b.g, b.events, b.g[G.NOW] + after, GOVERNANCE + place_of(SURFACES, entity), INCIDENT, entity)


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
        g[G.UP] = 0
        g[G.BACK] = g[G.NOW] + length
        put(b.g, b.events, g[G.BACK], OUTAGES + place_of(keys.OUTAGE, whom), OUTAGE_ENDS, whom)
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
