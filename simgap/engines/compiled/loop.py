"""The event loop of the compiled engine: the same rules at the same instants, without processes.

Everything lives in arrays that the caller owns, so the loop can stop after any event and go on later: to
report progress, to be interrupted, or with larger arrays. Ties are settled as `simgap.engines.order` says.
"""

from __future__ import annotations

import math
from enum import auto, unique
from typing import NamedTuple

from simgap.compiling import rule
from simgap.engines.compiled.heap import CODE, ORDER, TIME, pop, push
from simgap.engines.order import (
    AI_DONE,
    ARRIVES,
    CLOSES,
    DEADLINE,
    EXPIRES,
    GOVERNANCE,
    OUTAGES,
    PLANS,
    PROBATION_ENDS,
    REVIEW_DONE,
    SPECIALIST_DONE,
    START_SERVICES,
    SURFACES,
    fingerprint,
    place_of,
)
from simgap.engines.physics import ENDS, ESCAPES, LEGACY, LONGEST, TRIGGER_COLUMNS, Count
from simgap.model import clock, governance, integration, items, keys, oversight
from simgap.model.clock import NEVER, Calendar
from simgap.model.parameters import P, Places, T
from simgap.model.types import Floats, Ints

# What `advance` says when it returns.
DONE, PAUSED, MORE_EVENTS, MORE_ITEMS, MORE_ESCAPES, MORE_INCIDENTS, TOO_LONG = range(7)

# What an event is; its code holds that, and above it a slot or the number of an entity.
(
    MONTH_ENDS,
    STAFF_CHANGES,
    TEAM_OPENS,
    OUTAGE_BEGINS,
    OUTAGE_ENDS,
    LOST_ITEM_FOUND,
    INCIDENT,
    PROBLEM_CLOSES,
    INCIDENT_EXPIRES,
    PROBATION_OVER,
    REVIEW_OVER,
    SPECIALIST_OVER,
    CONNECTOR_OVER,
    AI_OVER,
    REVIEW_DEADLINE,
    SPECIALIST_DEADLINE,
) = range(16)
# Columns of the counts as plain numbers; the ends stand side by side, the legacy ones last.
STRAIGHT, REVIEWED, MANUAL, FALLBACK, LOST, SUSPENDED = (int(column) for column in ENDS)
ESCAPED_STRAIGHT, ESCAPED_MISSED, ESCAPED_OVERTURNED, ESCAPED_MANUAL = (int(column) for column in ESCAPES)
FIRST_TRIGGER, TRIGGERS = int(TRIGGER_COLUMNS[0]), len(TRIGGER_COLUMNS)
assert [SUSPENDED - how for how in ENDS] == list(range(len(ENDS)))[::-1]
assert ENDS[-len(LEGACY) :] == LEGACY
ITEMS, DUPLICATES, WAITING = range(3)  # streams of arrivals
CONNECTOR, AI = range(2)  # queues; those of the teams follow, one for each class of urgency
NOBODY = -1
UNIT, REST = 20, (1 << 20) - 1
MARGIN = 16  # events that one event may cause
TOO_MANY = 64  # entries of those who have left that a queue may hold besides those who wait


@unique
class I(Places):  # noqa: E742  # one letter, as P and T
    """Index of an integer of an item."""

    KIND = auto()
    ENTITY = auto()
    PLACE = auto()
    ARRIVED = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()
    RIGHT = auto()
    LEVEL = auto()
    TRIGGERS = auto()
    DEFECTS = auto()
    UNHANDLED = auto()
    RECOGNISED = auto()
    JOINED = auto()
    JOINED_STAFFED = auto()
    TEAM = auto()  # that it waits for, or NOBODY


@unique
class F(Places):
    """Index of a real number of an item."""

    HARDNESS = auto()
    HOURS = auto()
    X = auto()


@unique
class D(Places):
    """Index of an integer of a team's desk."""

    STAFF = auto()
    FREE = auto()
    BUSY = auto()
    LEAVING = auto()
    WAITING = auto()
    ENTRIES = auto()  # in its queues, those who have left included
    OPENS_AT = auto()
    CHANGED = auto()
    PAID_UNTIL = auto()
    NEXT_PLAN = auto()
    AREA = auto()  # each sum in two places: units of 2^20 microseconds, and the rest
    _AREA_REST = auto()
    WAIT_TOTAL = auto()
    _WAIT_REST = auto()
    WALL_WAIT_TOTAL = auto()
    _WALL_WAIT_REST = auto()


AREA, WAIT_TOTAL, WALL_WAIT_TOTAL = int(D.AREA), int(D.WAIT_TOTAL), int(D.WALL_WAIT_TOTAL)


@unique
class G(Places):
    """Index of an integer of the whole replication."""

    NOW = auto()
    MONTH = auto()
    STARTING = auto()
    EVENTS = auto()
    FREE_SLOTS = auto()
    CONNECTOR_FREE = auto()
    AI_FREE = auto()
    UP = auto()
    BACK = auto()
    BEFORE_AI = auto()
    BEFORE_AI_PEAK = auto()
    LEVEL = auto()
    OPEN_PROBLEMS = auto()
    RECENT = auto()
    SUSPENDED = auto()
    PROBATION_UNTIL = auto()
    LEVEL_CHANGED = auto()
    ESCAPED = auto()
    INCIDENTS = auto()
    FINGERPRINT = auto()


@unique
class A(Places):
    """Index of an integer of a stream of arrivals: its next item."""

    TIME = auto()
    ORDER = auto()
    ENTITY = auto()
    INTERVAL = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()


class Scene(NamedTuple):
    """What does not change: a packed phase and the key of its draws."""

    key: Ints
    p: Floats
    teams: Floats  # [2, len(T)]
    calendars: tuple[Calendar, Calendar]
    plan: Ints  # [changes, 2]: instant and heads of the reviewers
    levels: Floats
    duplicate_levels: Floats
    knots: Ints
    quantiles: Floats
    cumulative: Floats
    priority: Ints
    columns: Ints  # [2, 5]: those of each team, as `TeamColumns`
    starts: Ints  # [months + 1]
    staffed: Ints  # [2, months + 1]
    wall_deadline: Ints  # [2]
    regular: bool
    workflow: int
    months: int
    concurrency: int
    connector_time: int
    waiting: int
    waiting_from: int
    incident_window: int
    probation: int
    end_of_arrivals: int


class State(NamedTuple):
    """What changes, and what is counted."""

    g: Ints  # [len(G)]
    desks: Ints  # [2, len(D)]
    streams: Ints  # [3, len(A)]
    reached: Floats  # [3]: cumulative intensity of each stream
    item: Ints  # [slots, len(I)]
    real: Floats  # [slots, len(F)]
    free: Ints  # [slots]: a stack of slots
    events: Ints  # [1, capacity, 3]
    queues: Ints  # [queues, 2 slots + TOO_MANY, 3]
    sizes: Ints  # [queues]
    counts: Ints  # [months + 1, len(Count)]
    by_class: Ints  # [classes, len(ENDS)]
    capacity: Ints  # [2, months]
    backlog: Ints  # [2, months]
    waits: Ints  # [2, 2, WAIT_BINS]: team; staffed and wall
    level_time: Ints  # [months, 4]
    escaped: Ints  # [capacity, 2]
    incidents: Ints  # [capacity, 3]


@rule
def _at(g: Ints, events: Ints, when: int, order: int, what: int, whom: int) -> None:
    """Put an event on the calendar, if its time ever comes."""
    if when < NEVER:
        g[G.EVENTS] = push(events, 0, g[G.EVENTS], when, order, whom << 8 | what)


@rule
def _add(desks: Ints, team: int, place: int, count: int, microseconds: int) -> None:
    """Add a multiple of a time to a sum in two places, which so can exceed 64 bits."""
    rest = desks[team, place + 1] + count * (microseconds & REST)
    desks[team, place] += count * (microseconds >> UNIT) + (rest >> UNIT)
    desks[team, place + 1] = rest & REST


@rule
def _change(desks: Ints, team: int, now: int, step: int) -> None:
    _add(desks, team, AREA, desks[team, D.WAITING], now - desks[team, D.CHANGED])
    desks[team, D.CHANGED] = now
    desks[team, D.WAITING] += step


@rule
def _leave_queue(desks: Ints, waits: Ints, item: Ints, team: int, slot: int, now: int, staffed: int) -> None:
    """Book the wait of an item that leaves its queue; `staffed` is the staffed time now."""
    item[slot, I.TEAM] = NOBODY
    _change(desks, team, now, -1)
    wait, wall = staffed - item[slot, I.JOINED_STAFFED], now - item[slot, I.JOINED]
    waits[team, 0, oversight.wait_bin(wait)] += 1
    waits[team, 1, oversight.wait_bin(wall)] += 1
    _add(desks, team, WAIT_TOTAL, 1, wait)
    _add(desks, team, WALL_WAIT_TOTAL, 1, wall)


@rule
def _next_waiting(s: Scene, streams: Ints) -> None:
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
def _next_arrival(
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
def begin(s: Scene, b: State) -> None:
    """Put on the calendar what is known before anything happens."""
    for stream, levels in ((ITEMS, s.levels), (DUPLICATES, s.duplicate_levels)):
        _next_arrival(s.key, s.p, levels, s.knots, s.quantiles, s.regular, b.streams, b.reached, stream)
    _next_waiting(s, b.streams)
    if b.g[G.MONTH] < s.months:
        _at(b.g, b.events, s.starts[b.g[G.MONTH] + 1], PLANS, MONTH_ENDS, 0)
    for i in range(len(s.plan)):
        _at(b.g, b.events, s.plan[i, 0], PLANS + place_of(keys.TEAM, i), STAFF_CHANGES, i)
    _next_outage(s, b, 0)


@rule
def _next_outage(s: Scene, b: State, number: int) -> None:
    after, _ = integration.outage(s.key, number, s.p)
    if b.g[G.NOW] + after < s.end_of_arrivals:
        order = OUTAGES + place_of(keys.OUTAGE, number)
        _at(b.g, b.events, b.g[G.NOW] + after, order, OUTAGE_BEGINS, number)


@rule
def _still_waits(item: Ints, team: int, slot: int, place: int, joined: int) -> bool:
    """Return whether the item of an entry in a team's queue is still there; its slot may be another's now."""
    return item[slot, I.TEAM] == team and item[slot, I.PLACE] == place and item[slot, I.JOINED] == joined


@rule
def _nobody_comes(desks: Ints, plan: Ints, team: int) -> bool:
    """Return whether nobody is on the staff, now or later in the plan, which is the reviewers'."""
    if desks[team, D.STAFF]:
        return False
    if team == 0:
        for i in range(desks[0, D.NEXT_PLAN], len(plan)):
            if plan[i, 1]:
                return False
    return True


@rule
def _book_capacity(s: Scene, b: State, team: int) -> None:
    """Book the staffed hours of the heads present, up to now, in the present month."""
    g, desk = b.g, b.desks[team]
    if g[G.MONTH] < s.months:
        staffed = clock.staffed_time(g[G.NOW], s.calendars[team])
        heads = desk[D.FREE] + desk[D.BUSY]
        b.capacity[team, g[G.MONTH]] += heads * (staffed - desk[D.PAID_UNTIL])
        desk[D.PAID_UNTIL] = staffed


@rule
def _set_staff(s: Scene, b: State, heads: int) -> None:
    """Change the headcount: a cut takes the idle first, and the busy finish what they do."""
    desk = b.desks[0]
    _book_capacity(s, b, 0)
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
    if _nobody_comes(b.desks, s.plan, 0) and s.teams[0, T.DEADLINE] == math.inf:
        q = b.queues
        for queue in range(2, 3 + len(s.priority)):
            for i in range(b.sizes[queue]):
                joined, place, slot = q[queue, i, TIME], q[queue, i, ORDER], q[queue, i, CODE]
                if _still_waits(b.item, 0, slot, place, joined):
                    _at(b.g, b.events, b.g[G.NOW], DEADLINE + place, REVIEW_DEADLINE, slot)
    b.g[G.STARTING] = 1


@rule
def _book_level(s: Scene, b: State) -> None:
    g = b.g
    if g[G.MONTH] < s.months:
        b.level_time[g[G.MONTH], g[G.LEVEL]] += g[G.NOW] - g[G.LEVEL_CHANGED]
        g[G.LEVEL_CHANGED] = g[G.NOW]


@rule
def _settle(s: Scene, b: State, entity: int) -> None:
    """Set the level of autonomy that follows from what is the case now."""
    g = b.g
    now = g[G.NOW]
    if g[G.SUSPENDED] and not governance.stays_suspended(g[G.OPEN_PROBLEMS], g[G.RECENT], s.p):
        g[G.SUSPENDED] = 0
        g[G.PROBATION_UNTIL] = now + s.probation
        _at(
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
        _book_level(s, b)
        g[G.LEVEL] = level


@rule
def _surface(s: Scene, b: State, entity: int) -> None:
    g = b.g
    now, n = g[G.NOW], g[G.INCIDENTS]
    failed = governance.failures(s.key, entity, s.p)
    b.incidents[n, 0] = now
    b.incidents[n, 1] = entity
    b.incidents[n, 2] = failed
    g[G.INCIDENTS] = n + 1
    g[G.RECENT] += 1
    _at(
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
        _at(b.g, b.events, now + open_for, GOVERNANCE + place_of(CLOSES, entity), PROBLEM_CLOSES, entity)
    if g[G.RECENT] >= s.p[P.SUSPEND]:
        g[G.SUSPENDED] = 1
    _settle(s, b, entity)


@rule
def _month_ends(s: Scene, b: State) -> None:
    g = b.g
    month = g[G.MONTH]
    for team in range(2):
        b.backlog[team, month] = b.desks[team, D.WAITING]
        _book_capacity(s, b, team)
    _book_level(s, b)
    g[G.MONTH] = month + 1
    if month + 1 < s.months:
        _at(b.g, b.events, s.starts[month + 2], PLANS, MONTH_ENDS, 0)


@rule
def _forget(s: Scene, b: State, team: int) -> None:
    """Drop the entries of those who have left the queues of a team."""
    q = b.queues
    first = 2 + team * (len(s.priority) + 1)
    for queue in range(first, first + len(s.priority) + 1):
        n, kept = b.sizes[queue], 0
        for i in range(n):
            joined, place, slot = q[queue, i, TIME], q[queue, i, ORDER], q[queue, i, CODE]
            if _still_waits(b.item, team, slot, place, joined):
                kept = push(q, queue, kept, joined, place, slot)
        b.desks[team, D.ENTRIES] -= n - kept
        b.sizes[queue] = kept


@rule
def _surfaces(s: Scene, b: State, entity: int) -> None:
    """A consequential error has escaped: see whether it surfaces."""
    after = governance.surfaces_after(s.key, entity, s.p)
    if after < NEVER:
        _at(b.g, b.events, b.g[G.NOW] + after, GOVERNANCE + place_of(SURFACES, entity), INCIDENT, entity)


@rule
def _seldom(s: Scene, b: State, what: int, whom: int) -> None:
    """Let an event happen that is of no item."""
    g = b.g
    if what == TEAM_OPENS:
        g[G.STARTING] = 1
    elif what == MONTH_ENDS:
        _month_ends(s, b)
    elif what == STAFF_CHANGES:
        _set_staff(s, b, s.plan[whom, 1])
    elif what == OUTAGE_BEGINS:
        _, length = integration.outage(s.key, whom, s.p)
        g[G.UP] = 0
        g[G.BACK] = g[G.NOW] + length
        _at(b.g, b.events, g[G.BACK], OUTAGES + place_of(keys.OUTAGE, whom), OUTAGE_ENDS, whom)
    elif what == OUTAGE_ENDS:
        g[G.UP] = 1
        g[G.STARTING] = 1
        _next_outage(s, b, whom + 1)
    elif what == INCIDENT:
        _surface(s, b, whom)
    elif what == PROBLEM_CLOSES:
        g[G.OPEN_PROBLEMS] -= 1
        _settle(s, b, whom)
    elif what == INCIDENT_EXPIRES:
        g[G.RECENT] -= 1
        _settle(s, b, whom)
    elif what == PROBATION_OVER:
        _settle(s, b, whom)


@rule
def advance(s: Scene, b: State, budget: int) -> int:
    """Let at most so many events happen, and say why it stops.

    Returns
    -------
    int
        `DONE`, `PAUSED`, or what more room is needed for; then nothing is lost, and the same call with larger
        arrays goes on.

    Notes
    -----
    What happens often stands here in one piece, each step once: first what the event itself does, then where
    the item goes from there: to the AI, to a team, to its end. A call with this state costs more than a step.
    """
    # Every array has a name of its own here: taken out of `s` or `b` inside the loop, it would be counted as
    # one more reference each time, and that costs more than what is done with it.
    key, p, plan, priority, columns, staffed_at = s.key, s.p, s.plan, s.priority, s.columns, s.staffed
    levels, duplicate_levels, knots, quantiles = s.levels, s.duplicate_levels, s.knots, s.quantiles
    cumulative, wall_deadline = s.cumulative, s.wall_deadline
    first_team, second_team = s.teams[0], s.teams[1]
    first_calendar, second_calendar = s.calendars
    months, connector_time = s.months, s.connector_time
    g, counts, events, sizes, item, real = b.g, b.counts, b.events, b.sizes, b.item, b.real
    desks, streams, reached, queues, waits = b.desks, b.streams, b.reached, b.queues, b.waits
    free, by_class, escaped = b.free, b.by_class, b.escaped
    classes, incidents = len(priority) + 1, len(b.incidents)
    for _ in range(budget):
        if g[G.EVENTS] + desks[0, D.WAITING] + MARGIN > events.shape[1]:
            return MORE_EVENTS
        if g[G.ESCAPED] == len(escaped):
            return MORE_ESCAPES
        if g[G.INCIDENTS] == incidents:
            return MORE_INCIDENTS

        # What is next?
        time, order, stream = NEVER, NEVER, -1
        if g[G.EVENTS]:
            time, order = events[0, 0, TIME], events[0, 0, ORDER]
        for i in range(3):
            when = streams[i, A.TIME]
            if when < time or (when == time and streams[i, A.ORDER] < order):
                time, order, stream = when, streams[i, A.ORDER], i
        now, month = g[G.NOW], g[G.MONTH]

        if g[G.STARTING] and (time > now or order > START_SERVICES):
            # Phase B: what can start, starts. Room for all of it first: were the rest to start later, what
            # the first start causes at this instant would come between.
            starts = min(sizes[AI], g[G.AI_FREE])
            for team in range(2):
                starts += min(desks[team, D.WAITING], desks[team, D.FREE])
            if g[G.EVENTS] + starts + MARGIN > events.shape[1]:
                return MORE_EVENTS
            while sizes[CONNECTOR] and g[G.CONNECTOR_FREE]:
                joined, place = queues[CONNECTOR, 0, TIME], queues[CONNECTOR, 0, ORDER]
                slot = queues[CONNECTOR, 0, CODE]
                sizes[CONNECTOR] = pop(queues, CONNECTOR, sizes[CONNECTOR])
                g[G.CONNECTOR_FREE] = 0
                g[G.BEFORE_AI] -= 1
                wait = now - joined
                if wait >= LONGEST:
                    return TOO_LONG
                counts[month, Count.AI_WAIT] += wait // 1000
                _at(g, events, now + connector_time, AI_DONE + place, CONNECTOR_OVER, slot)
            while sizes[AI] and g[G.AI_FREE] and g[G.UP]:
                joined, place, slot = queues[AI, 0, TIME], queues[AI, 0, ORDER], queues[AI, 0, CODE]
                sizes[AI] = pop(queues, AI, sizes[AI])
                g[G.AI_FREE] -= 1
                g[G.BEFORE_AI] -= 1
                wait = now - joined
                if wait >= LONGEST:
                    return TOO_LONG
                counts[month, Count.AI_WAIT] += wait // 1000
                latency = integration.latency(key, item[slot, I.KIND], item[slot, I.ENTITY], p)
                if now + latency >= NEVER:
                    return TOO_LONG
                _at(g, events, now + latency, AI_DONE + place, AI_OVER, slot)
            g[G.BEFORE_AI_PEAK] = max(g[G.BEFORE_AI_PEAK], g[G.BEFORE_AI])
            for team in range(2):
                while desks[team, D.WAITING] and desks[team, D.FREE]:
                    t, calendar = first_team, first_calendar
                    if team == 1:
                        t, calendar = second_team, second_calendar
                    opens_at = clock.next_opening(now, calendar)
                    if opens_at > now:
                        if opens_at != desks[team, D.OPENS_AT]:
                            desks[team, D.OPENS_AT] = opens_at
                            _at(g, events, opens_at, PLANS, TEAM_OPENS, team)
                        break
                    queue = 2 + team * classes
                    while not sizes[queue]:
                        queue += 1
                    joined, place = queues[queue, 0, TIME], queues[queue, 0, ORDER]
                    slot = queues[queue, 0, CODE]
                    sizes[queue] = pop(queues, queue, sizes[queue])
                    desks[team, D.ENTRIES] -= 1
                    if not _still_waits(item, team, slot, place, joined):
                        continue  # left at its deadline
                    begun = clock.staffed_time(now, calendar)
                    _leave_queue(desks, waits, item, team, slot, now, begun)
                    desks[team, D.FREE] -= 1
                    desks[team, D.BUSY] += 1
                    x = oversight.congestion(desks[team, D.WAITING], desks[team, D.STAFF], t)
                    real[slot, F.X] = x
                    done = begun + oversight.occupied(real[slot, F.HOURS], x, t)
                    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, -1 - team, item[slot, I.PLACE])
                    rank, what = REVIEW_DONE, REVIEW_OVER
                    if team == 1:
                        rank, what = SPECIALIST_DONE, SPECIALIST_OVER
                    over = clock.reached(now, done, calendar)
                    if over >= NEVER:
                        return TOO_LONG
                    _at(g, events, over, rank + item[slot, I.PLACE], what, slot)
                    by_hand = item[slot, I.TRIGGERS] & items.BY_HAND
                    m = month
                    while begun < done:
                        end = min(done, staffed_at[team, m + 1]) if m < months else done
                        counts[m, columns[team, 3]] += end - begun
                        if by_hand:
                            counts[m, columns[team, 4]] += end - begun
                        begun = end
                        m += 1
            g[G.STARTING] = 0
            continue
        if time == NEVER:
            return DONE
        if stream >= 0 and not g[G.FREE_SLOTS]:
            return MORE_ITEMS

        # Phases A and C: one event.
        now = time
        g[G.NOW] = now
        slot, team, how, escape = 0, NOBODY, NOBODY, NOBODY
        to_ai = False
        if stream >= 0:
            g[G.FREE_SLOTS] -= 1
            slot = free[g[G.FREE_SLOTS]]
            kind, entity = keys.ITEM, streams[stream, A.ENTITY]
            if stream == DUPLICATES:
                kind = keys.DUPLICATE
                counts[month, Count.DUPLICATES] += 1
            else:
                counts[month, Count.ARRIVED] += 1
            item[slot, I.KIND] = kind
            item[slot, I.ENTITY] = entity
            item[slot, I.PLACE] = order - ARRIVES
            item[slot, I.ARRIVED] = now
            item[slot, I.VALUE_CLASS] = streams[stream, A.VALUE_CLASS]
            item[slot, I.CONSEQUENTIAL] = streams[stream, A.CONSEQUENTIAL]
            item[slot, I.RIGHT] = 0
            item[slot, I.LEVEL] = g[G.LEVEL]
            item[slot, I.TEAM] = NOBODY
            real[slot, F.HARDNESS] = 0.0
            if stream == WAITING:
                _next_waiting(s, streams)
            else:
                expected = levels if stream == ITEMS else duplicate_levels
                _next_arrival(key, p, expected, knots, quantiles, s.regular, streams, reached, stream)
            if g[G.LEVEL] == governance.SUSPENDED:
                how = SUSPENDED
            else:
                defects, exception, edge, unhandled, recognised = items.inspect(
                    key, kind, entity, p, cumulative
                )
                item[slot, I.DEFECTS] = defects
                item[slot, I.UNHANDLED] = unhandled
                item[slot, I.RECOGNISED] = recognised
                if kind == keys.ITEM:
                    counts[month, Count.EDGE_CASES] += edge
                    counts[month, Count.EXCEPTIONS] += exception
                if exception:
                    item[slot, I.TRIGGERS] = items.EXCEPTION
                    team = 0
                elif connector_time:
                    g[G.BEFORE_AI] += 1
                    sizes[CONNECTOR] = push(
                        queues, CONNECTOR, sizes[CONNECTOR], now, item[slot, I.PLACE], slot
                    )
                    g[G.STARTING] = 1
                else:
                    to_ai = True
        else:
            code = events[0, 0, CODE]
            g[G.EVENTS] = pop(events, 0, g[G.EVENTS])
            what, slot = code & 255, code >> 8
            if what == AI_OVER:
                kind, entity = item[slot, I.KIND], item[slot, I.ENTITY]
                g[G.AI_FREE] += 1
                if sizes[AI]:
                    g[G.STARTING] = 1
                counts[month, Count.AI_SERVED] += 1
                if item[slot, I.RECOGNISED]:
                    item[slot, I.TRIGGERS] = items.EDGE
                    team = 0
                else:
                    hardness, right, triggers = items.decide(
                        key,
                        kind,
                        entity,
                        p,
                        item[slot, I.DEFECTS],
                        item[slot, I.UNHANDLED] != 0,
                        item[slot, I.CONSEQUENTIAL] != 0,
                        item[slot, I.VALUE_CLASS],
                        item[slot, I.LEVEL],
                    )
                    real[slot, F.HARDNESS] = hardness
                    item[slot, I.RIGHT] = right
                    item[slot, I.TRIGGERS] = triggers
                    if kind == keys.ITEM:
                        counts[month, Count.AI_DECISIONS] += 1
                        counts[month, Count.AI_RIGHT] += right
                    if triggers:
                        team = 0
                    else:
                        how = STRAIGHT
                        if not right:
                            escape = ESCAPED_STRAIGHT
            elif what in (REVIEW_OVER, SPECIALIST_OVER):
                done_by = what - REVIEW_OVER
                kind, entity = item[slot, I.KIND], item[slot, I.ENTITY]
                if desks[done_by, D.LEAVING]:
                    _book_capacity(s, b, done_by)
                    desks[done_by, D.LEAVING] -= 1
                else:
                    desks[done_by, D.FREE] += 1
                    if desks[done_by, D.WAITING]:
                        g[G.STARTING] = 1
                desks[done_by, D.BUSY] -= 1
                if done_by == 0 and oversight.is_escalated(key, kind, entity, p):
                    team = 1
                else:
                    verdict = oversight.verdict(
                        key,
                        kind,
                        entity,
                        first_team if done_by == 0 else second_team,
                        p,
                        item[slot, I.TRIGGERS],
                        item[slot, I.RIGHT] != 0,
                        real[slot, F.HARDNESS],
                        real[slot, F.X],
                    )
                    how = MANUAL if item[slot, I.TRIGGERS] & items.BY_HAND else REVIEWED
                    if verdict == oversight.CAUGHT:
                        counts[month, Count.CAUGHT] += kind == keys.ITEM
                    elif verdict == oversight.MISSED:
                        escape = ESCAPED_MISSED
                    elif verdict == oversight.OVERTURNED:
                        escape = ESCAPED_OVERTURNED
                    elif verdict == oversight.MANUAL_WRONG:
                        escape = ESCAPED_MANUAL
            elif what in (REVIEW_DEADLINE, SPECIALIST_DEADLINE):
                late_for = what - REVIEW_DEADLINE
                if item[slot, I.TEAM] == late_for and item[slot, I.PLACE] == order - DEADLINE:
                    staffed = clock.staffed_time(now, first_calendar if late_for == 0 else second_calendar)
                    _leave_queue(desks, waits, item, late_for, slot, now, staffed)
                    if desks[late_for, D.ENTRIES] > 2 * desks[late_for, D.WAITING] + TOO_MANY:
                        _forget(s, b, late_for)
                    counts[month, columns[late_for, 1]] += 1
                    how = FALLBACK
            elif what == CONNECTOR_OVER:
                g[G.CONNECTOR_FREE] = 1
                g[G.STARTING] = 1
                to_ai = True
            elif what == LOST_ITEM_FOUND:
                how = LOST
            else:
                _seldom(s, b, what, slot)
                if g[G.BACK] >= NEVER:
                    return TOO_LONG
                continue
        kind, entity, place = item[slot, I.KIND], item[slot, I.ENTITY], item[slot, I.PLACE]
        if to_ai:
            if not g[G.UP] and integration.is_lost(key, kind, entity, p):
                _at(g, events, g[G.BACK], OUTAGES + place, LOST_ITEM_FOUND, slot)
            else:
                g[G.BEFORE_AI] += 1
                sizes[AI] = push(queues, AI, sizes[AI], now, place, slot)
                g[G.STARTING] = 1
        if team >= 0:
            triggers = item[slot, I.TRIGGERS]
            if team == 0:
                for bit in range(TRIGGERS):
                    counts[month, FIRST_TRIGGER + bit] += triggers >> bit & 1
            t, calendar = first_team, first_calendar
            if team == 1:
                t, calendar = second_team, second_calendar
            hours = oversight.review_hours(key, kind, entity, t, triggers)
            counts[month, columns[team, 0]] += 1
            offered = oversight.occupied(hours, 0.0, t)
            if offered >= LONGEST:
                return TOO_LONG
            counts[month, columns[team, 2]] += offered
            real[slot, F.HOURS] = hours
            staffed = clock.staffed_time(now, calendar)
            item[slot, I.JOINED] = now
            item[slot, I.JOINED_STAFFED] = staffed
            item[slot, I.TEAM] = team
            urgency = classes - 1
            for i in range(classes - 1):
                if triggers & priority[i]:
                    urgency = i
                    break
            queue = 2 + team * classes + urgency
            sizes[queue] = push(queues, queue, sizes[queue], now, place, slot)
            desks[team, D.ENTRIES] += 1
            _change(desks, team, now, 1)
            g[G.STARTING] = 1
            patience = oversight.patience(key, kind, entity, t)
            if patience == NEVER and _nobody_comes(desks, plan, team):
                patience = 0
            if patience < NEVER:
                deadline = now + patience
                if not wall_deadline[team]:
                    deadline = clock.reached(now, staffed + patience, calendar)
                _at(g, events, deadline, DEADLINE + place, REVIEW_DEADLINE + team, slot)
        if how >= 0:
            g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, how, place)
            free[g[G.FREE_SLOTS]] = slot
            g[G.FREE_SLOTS] += 1
            if kind == keys.DUPLICATE:
                # Duplicates cost work and neither earn nor err.
                if how >= FALLBACK:
                    counts[month, Count.DUPLICATE_FALLBACK] += 1
                else:
                    counts[month, Count.DUPLICATE_DONE] += 1
                continue
            counts[month, how] += 1
            by_class[item[slot, I.VALUE_CLASS], how - STRAIGHT] += 1
            delay = (now - item[slot, I.ARRIVED]) // 1000
            if delay >= LONGEST // 1000:
                return TOO_LONG
            if how >= FALLBACK:
                counts[month, Count.LEGACY_DELAY] += delay
            else:
                counts[month, Count.DELAY] += delay
            if escape >= 0:
                counts[month, escape] += 1
                escaped[g[G.ESCAPED], 0] = now
                escaped[g[G.ESCAPED], 1] = entity
                g[G.ESCAPED] += 1
                if item[slot, I.CONSEQUENTIAL]:
                    _surfaces(s, b, entity)
    return PAUSED
