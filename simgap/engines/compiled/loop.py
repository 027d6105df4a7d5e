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
from simgap.engines.physics import ENDS, ESCAPES, LEGACY, TRIGGER_COLUMNS, Count
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
    events: Ints  # [capacity, 3]
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
        g[G.EVENTS] = push(events, g[G.EVENTS], when, order, whom << 8 | what)


@rule
def _add(sums: Ints, count: int, microseconds: int) -> None:
    """Add a multiple of a time to a sum in two places, which so can exceed 64 bits."""
    rest = sums[1] + count * (microseconds & REST)
    sums[0] += count * (microseconds >> UNIT) + (rest >> UNIT)
    sums[1] = rest & REST


@rule
def _change(desk: Ints, now: int, step: int) -> None:
    _add(desk[AREA:], desk[D.WAITING], now - desk[D.CHANGED])
    desk[D.CHANGED] = now
    desk[D.WAITING] += step


@rule
def _leave_queue(desk: Ints, waits: Ints, item: Ints, now: int, staffed: int) -> None:
    """Book the wait of an item that leaves its queue; `staffed` is the staffed time now."""
    item[I.TEAM] = NOBODY
    _change(desk, now, -1)
    wait, wall = staffed - item[I.JOINED_STAFFED], now - item[I.JOINED]
    waits[0, oversight.wait_bin(wait)] += 1
    waits[1, oversight.wait_bin(wall)] += 1
    _add(desk[WAIT_TOTAL:], 1, wait)
    _add(desk[WALL_WAIT_TOTAL:], 1, wall)


@rule
def _next_arrival(s: Scene, streams: Ints, reached: Floats, stream: int) -> None:
    """Find the next item of a stream."""
    a = streams[stream]
    a[A.ENTITY] += 1
    if stream == WAITING:
        entity = a[A.ENTITY]
        when, interval = s.waiting_from, 0
        if (entity & keys.NUMBER) - keys.FIRST_WAITING >= s.waiting:
            interval = -1
        value_class, consequential = items.stakes(s.key, keys.ITEM, entity, s.p, s.quantiles)
    else:
        kind, levels = (keys.ITEM, s.levels) if stream == ITEMS else (keys.DUPLICATE, s.duplicate_levels)
        when, level, interval, value_class, consequential = items.arrive(
            s.key,
            kind,
            a[A.ENTITY],
            s.p,
            reached[stream],
            a[A.INTERVAL],
            levels,
            s.knots,
            s.regular,
            s.quantiles,
        )
        reached[stream] = level
    a[A.TIME] = NEVER if interval < 0 else when
    a[A.ORDER] = ARRIVES + place_of(keys.DUPLICATE if stream == DUPLICATES else keys.ITEM, a[A.ENTITY])
    a[A.INTERVAL] = interval
    a[A.VALUE_CLASS] = value_class
    a[A.CONSEQUENTIAL] = consequential


@rule
def begin(s: Scene, b: State) -> None:
    """Put on the calendar what is known before anything happens."""
    for stream in range(3):
        _next_arrival(s, b.streams, b.reached, stream)
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
def _still_waits(items_: Ints, team: int, entry: Ints) -> bool:
    """Return whether the item of an entry in a team's queue is still there; its slot may be another's now."""
    item = items_[entry[CODE]]
    return item[I.TEAM] == team and item[I.PLACE] == entry[ORDER] and item[I.JOINED] == entry[TIME]


@rule
def _nobody_comes(desk: Ints, plan: Ints, team: int) -> bool:
    """Return whether nobody is on the staff, now or later in the plan, which is the reviewers'."""
    if desk[D.STAFF]:
        return False
    if team == 0:
        for i in range(desk[D.NEXT_PLAN], len(plan)):
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
    if _nobody_comes(desk, s.plan, 0) and s.teams[0, T.DEADLINE] == math.inf:
        for queue in range(2, 3 + len(s.priority)):
            for i in range(b.sizes[queue]):
                entry = b.queues[queue, i]
                if _still_waits(b.item, 0, entry):
                    _at(b.g, b.events, b.g[G.NOW], DEADLINE + entry[ORDER], REVIEW_DEADLINE, entry[CODE])
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
    first = 2 + team * (len(s.priority) + 1)
    for queue in range(first, first + len(s.priority) + 1):
        entries, n, kept = b.queues[queue], b.sizes[queue], 0
        for i in range(n):
            if _still_waits(b.item, team, entries[i]):
                kept = push(entries, kept, entries[i, TIME], entries[i, ORDER], entries[i, CODE])
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
def _too_long(row: Ints) -> bool:
    """Return whether a sum of times nears what 64 bits hold; the next addition still fits."""
    return (
        max(row[Count.OFFERED], row[Count.SPECIALIST_OFFERED], row[Count.AI_WAIT]) >= NEVER
        or max(row[Count.DELAY], row[Count.LEGACY_DELAY]) >= NEVER
    )


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
    key, p, g, counts, events, sizes = s.key, s.p, b.g, b.counts, b.events, b.sizes
    classes = len(s.priority) + 1
    connector, ai = b.queues[CONNECTOR], b.queues[AI]
    for _ in range(budget):
        if g[G.EVENTS] + b.desks[0, D.WAITING] + MARGIN > len(events):
            return MORE_EVENTS
        if not g[G.FREE_SLOTS]:
            return MORE_ITEMS
        if g[G.ESCAPED] == len(b.escaped):
            return MORE_ESCAPES
        if g[G.INCIDENTS] == len(b.incidents):
            return MORE_INCIDENTS

        # What is next?
        time, order, stream = NEVER, NEVER, -1
        if g[G.EVENTS]:
            time, order = events[0, TIME], events[0, ORDER]
        for i in range(3):
            when = b.streams[i, A.TIME]
            if when < time or (when == time and b.streams[i, A.ORDER] < order):
                time, order, stream = when, b.streams[i, A.ORDER], i
        now, month = g[G.NOW], g[G.MONTH]
        row = counts[month]
        if _too_long(row):
            return TOO_LONG

        if g[G.STARTING] and (time > now or order > START_SERVICES):
            # Phase B: what can start, starts.
            while sizes[CONNECTOR] and g[G.CONNECTOR_FREE]:
                joined, place, slot = connector[0, TIME], connector[0, ORDER], connector[0, CODE]
                sizes[CONNECTOR] = pop(connector, sizes[CONNECTOR])
                g[G.CONNECTOR_FREE] = 0
                g[G.BEFORE_AI] -= 1
                row[Count.AI_WAIT] += (now - joined) // 1000
                _at(g, events, now + s.connector_time, AI_DONE + place, CONNECTOR_OVER, slot)
            while sizes[AI] and g[G.AI_FREE] and g[G.UP]:
                if g[G.EVENTS] + MARGIN > len(events):
                    return MORE_EVENTS
                joined, place, slot = ai[0, TIME], ai[0, ORDER], ai[0, CODE]
                sizes[AI] = pop(ai, sizes[AI])
                g[G.AI_FREE] -= 1
                g[G.BEFORE_AI] -= 1
                row[Count.AI_WAIT] += (now - joined) // 1000
                latency = integration.latency(key, b.item[slot, I.KIND], b.item[slot, I.ENTITY], p)
                if now + latency >= NEVER:
                    return TOO_LONG
                _at(g, events, now + latency, AI_DONE + place, AI_OVER, slot)
            g[G.BEFORE_AI_PEAK] = max(g[G.BEFORE_AI_PEAK], g[G.BEFORE_AI])
            for team in range(2):
                desk, t, calendar = b.desks[team], s.teams[team], s.calendars[team]
                while desk[D.WAITING] and desk[D.FREE]:
                    if g[G.EVENTS] + MARGIN > len(events):
                        return MORE_EVENTS
                    opens_at = clock.next_opening(now, calendar)
                    if opens_at > now:
                        if opens_at != desk[D.OPENS_AT]:
                            desk[D.OPENS_AT] = opens_at
                            _at(g, events, opens_at, PLANS, TEAM_OPENS, team)
                        break
                    queue = 2 + team * classes
                    while not sizes[queue]:
                        queue += 1
                    entries = b.queues[queue]
                    slot = entries[0, CODE]
                    stays = _still_waits(b.item, team, entries[0])
                    sizes[queue] = pop(entries, sizes[queue])
                    desk[D.ENTRIES] -= 1
                    if not stays:
                        continue  # left at its deadline
                    item = b.item[slot]
                    begun = clock.staffed_time(now, calendar)
                    _leave_queue(desk, b.waits[team], item, now, begun)
                    desk[D.FREE] -= 1
                    desk[D.BUSY] += 1
                    x = oversight.congestion(desk[D.WAITING], desk[D.STAFF], t)
                    b.real[slot, F.X] = x
                    done = begun + oversight.occupied(b.real[slot, F.HOURS], x, t)
                    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, -1 - team, item[I.PLACE])
                    rank, what = REVIEW_DONE, REVIEW_OVER
                    if team == 1:
                        rank, what = SPECIALIST_DONE, SPECIALIST_OVER
                    over = clock.reached(now, done, calendar)
                    if over >= NEVER:
                        return TOO_LONG
                    _at(g, events, over, rank + item[I.PLACE], what, slot)
                    by_hand = item[I.TRIGGERS] & items.BY_HAND
                    m = month
                    while begun < done:
                        end = min(done, s.staffed[team, m + 1]) if m < s.months else done
                        counts[m, s.columns[team, 3]] += end - begun
                        if by_hand:
                            counts[m, s.columns[team, 4]] += end - begun
                        begun = end
                        m += 1
            g[G.STARTING] = 0
            continue
        if time == NEVER:
            return DONE

        # Phases A and C: one event.
        now = time
        g[G.NOW] = now
        slot, team, how, escape = 0, NOBODY, NOBODY, NOBODY
        to_ai = False
        if stream >= 0:
            g[G.FREE_SLOTS] -= 1
            slot = b.free[g[G.FREE_SLOTS]]
            item, a = b.item[slot], b.streams[stream]
            kind, entity = keys.ITEM, a[A.ENTITY]
            if stream == DUPLICATES:
                kind = keys.DUPLICATE
                row[Count.DUPLICATES] += 1
            else:
                row[Count.ARRIVED] += 1
            item[I.KIND] = kind
            item[I.ENTITY] = entity
            item[I.PLACE] = order - ARRIVES
            item[I.ARRIVED] = now
            item[I.VALUE_CLASS] = a[A.VALUE_CLASS]
            item[I.CONSEQUENTIAL] = a[A.CONSEQUENTIAL]
            item[I.RIGHT] = 0
            item[I.LEVEL] = g[G.LEVEL]
            item[I.TEAM] = NOBODY
            b.real[slot, F.HARDNESS] = 0.0
            _next_arrival(s, b.streams, b.reached, stream)
            if g[G.LEVEL] == governance.SUSPENDED:
                how = SUSPENDED
            else:
                defects, exception, edge, unhandled, recognised = items.inspect(
                    key, kind, entity, p, s.cumulative
                )
                item[I.DEFECTS] = defects
                item[I.UNHANDLED] = unhandled
                item[I.RECOGNISED] = recognised
                if kind == keys.ITEM:
                    row[Count.EDGE_CASES] += edge
                    row[Count.EXCEPTIONS] += exception
                if exception:
                    item[I.TRIGGERS] = items.EXCEPTION
                    team = 0
                elif s.connector_time:
                    g[G.BEFORE_AI] += 1
                    sizes[CONNECTOR] = push(connector, sizes[CONNECTOR], now, item[I.PLACE], slot)
                    g[G.STARTING] = 1
                else:
                    to_ai = True
        else:
            code = events[0, CODE]
            g[G.EVENTS] = pop(events, g[G.EVENTS])
            what, slot = code & 255, code >> 8
            if what == AI_OVER:
                item = b.item[slot]
                kind, entity = item[I.KIND], item[I.ENTITY]
                g[G.AI_FREE] += 1
                if sizes[AI]:
                    g[G.STARTING] = 1
                row[Count.AI_SERVED] += 1
                if item[I.RECOGNISED]:
                    item[I.TRIGGERS] = items.EDGE
                    team = 0
                else:
                    hardness, right, triggers = items.decide(
                        key,
                        kind,
                        entity,
                        p,
                        item[I.DEFECTS],
                        item[I.UNHANDLED] != 0,
                        item[I.CONSEQUENTIAL] != 0,
                        item[I.VALUE_CLASS],
                        item[I.LEVEL],
                    )
                    b.real[slot, F.HARDNESS] = hardness
                    item[I.RIGHT] = right
                    item[I.TRIGGERS] = triggers
                    if kind == keys.ITEM:
                        row[Count.AI_DECISIONS] += 1
                        row[Count.AI_RIGHT] += right
                    if triggers:
                        team = 0
                    else:
                        how = STRAIGHT
                        if not right:
                            escape = ESCAPED_STRAIGHT
            elif what in (REVIEW_OVER, SPECIALIST_OVER):
                item, done_by = b.item[slot], what - REVIEW_OVER
                kind, entity = item[I.KIND], item[I.ENTITY]
                desk = b.desks[done_by]
                if desk[D.LEAVING]:
                    _book_capacity(s, b, done_by)
                    desk[D.LEAVING] -= 1
                else:
                    desk[D.FREE] += 1
                    if desk[D.WAITING]:
                        g[G.STARTING] = 1
                desk[D.BUSY] -= 1
                if done_by == 0 and oversight.is_escalated(key, kind, entity, p):
                    team = 1
                else:
                    verdict = oversight.verdict(
                        key,
                        kind,
                        entity,
                        s.teams[done_by],
                        p,
                        item[I.TRIGGERS],
                        item[I.RIGHT] != 0,
                        b.real[slot, F.HARDNESS],
                        b.real[slot, F.X],
                    )
                    how = MANUAL if item[I.TRIGGERS] & items.BY_HAND else REVIEWED
                    if verdict == oversight.CAUGHT:
                        row[Count.CAUGHT] += kind == keys.ITEM
                    elif verdict == oversight.MISSED:
                        escape = ESCAPED_MISSED
                    elif verdict == oversight.OVERTURNED:
                        escape = ESCAPED_OVERTURNED
                    elif verdict == oversight.MANUAL_WRONG:
                        escape = ESCAPED_MANUAL
            elif what in (REVIEW_DEADLINE, SPECIALIST_DEADLINE):
                item, late_for = b.item[slot], what - REVIEW_DEADLINE
                if item[I.TEAM] == late_for and item[I.PLACE] == order - DEADLINE:
                    desk = b.desks[late_for]
                    staffed = clock.staffed_time(now, s.calendars[late_for])
                    _leave_queue(desk, b.waits[late_for], item, now, staffed)
                    if desk[D.ENTRIES] > 2 * desk[D.WAITING] + TOO_MANY:
                        _forget(s, b, late_for)
                    row[s.columns[late_for, 1]] += 1
                    how = FALLBACK
            elif what == CONNECTOR_OVER:
                g[G.CONNECTOR_FREE] = 1
                g[G.STARTING] = 1
                to_ai = True
            elif what == LOST_ITEM_FOUND:
                how = LOST
            else:
                _seldom(s, b, what, slot)
                continue

        item = b.item[slot]
        kind, entity, place = item[I.KIND], item[I.ENTITY], item[I.PLACE]
        if to_ai:
            if not g[G.UP] and integration.is_lost(key, kind, entity, p):
                _at(g, events, g[G.BACK], OUTAGES + place, LOST_ITEM_FOUND, slot)
            else:
                g[G.BEFORE_AI] += 1
                sizes[AI] = push(ai, sizes[AI], now, place, slot)
                g[G.STARTING] = 1
        if team >= 0:
            triggers = item[I.TRIGGERS]
            if team == 0:
                for bit in range(TRIGGERS):
                    row[FIRST_TRIGGER + bit] += triggers >> bit & 1
            t, calendar, desk = s.teams[team], s.calendars[team], b.desks[team]
            hours = oversight.review_hours(key, kind, entity, t, triggers)
            row[s.columns[team, 0]] += 1
            row[s.columns[team, 2]] += oversight.occupied(hours, 0.0, t)
            b.real[slot, F.HOURS] = hours
            staffed = clock.staffed_time(now, calendar)
            item[I.JOINED] = now
            item[I.JOINED_STAFFED] = staffed
            item[I.TEAM] = team
            urgency = classes - 1
            for i in range(classes - 1):
                if triggers & s.priority[i]:
                    urgency = i
                    break
            queue = 2 + team * classes + urgency
            sizes[queue] = push(b.queues[queue], sizes[queue], now, place, slot)
            desk[D.ENTRIES] += 1
            _change(desk, now, 1)
            g[G.STARTING] = 1
            patience = oversight.patience(key, kind, entity, t)
            if patience == NEVER and _nobody_comes(desk, s.plan, team):
                patience = 0
            if patience < NEVER:
                deadline = now + patience
                if not s.wall_deadline[team]:
                    deadline = clock.reached(now, staffed + patience, calendar)
                _at(g, events, deadline, DEADLINE + place, REVIEW_DEADLINE + team, slot)
        if how >= 0:
            g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, how, place)
            b.free[g[G.FREE_SLOTS]] = slot
            g[G.FREE_SLOTS] += 1
            if kind == keys.DUPLICATE:
                # Duplicates cost work and neither earn nor err.
                if how >= FALLBACK:
                    row[Count.DUPLICATE_FALLBACK] += 1
                else:
                    row[Count.DUPLICATE_DONE] += 1
                continue
            row[how] += 1
            b.by_class[item[I.VALUE_CLASS], how - STRAIGHT] += 1
            delay = (now - item[I.ARRIVED]) // 1000
            if how >= FALLBACK:
                row[Count.LEGACY_DELAY] += delay
            else:
                row[Count.DELAY] += delay
            if escape >= 0:
                row[escape] += 1
                b.escaped[g[G.ESCAPED], 0] = now
                b.escaped[g[G.ESCAPED], 1] = entity
                g[G.ESCAPED] += 1
                if item[I.CONSEQUENTIAL]:
                    _surfaces(s, b, entity)
    return PAUSED
