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
from simgap.engines.physics import ENDS, Count
from simgap.model import clock, governance, integration, items, keys, oversight
from simgap.model.clock import MONTH, NEVER, Calendar
from simgap.model.parameters import P, Places, T
from simgap.model.types import Floats, Ints

# What `advance` says when it returns.
DONE, PAUSED, MORE_EVENTS, MORE_ITEMS, MORE_ESCAPES, MORE_INCIDENTS = range(6)

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
ITEMS, DUPLICATES, WAITING = range(3)  # streams of arrivals
CONNECTOR, AI = range(2)  # queues; those of the teams follow, one for each class of urgency
NOBODY = -1
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
    AREA = auto()
    CHANGED = auto()
    PAID_UNTIL = auto()
    NEXT_PLAN = auto()
    WAIT_TOTAL = auto()
    WALL_WAIT_TOTAL = auto()


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
def _at(b: State, when: int, order: int, what: int, whom: int) -> None:
    """Put an event on the calendar."""
    b.g[G.EVENTS] = push(b.events, b.g[G.EVENTS], when, order, whom << 8 | what)


@rule
def _join(b: State, queue: int, place: int, slot: int) -> None:
    b.sizes[queue] = push(b.queues[queue], b.sizes[queue], b.g[G.NOW], place, slot)
    b.g[G.STARTING] = 1


@rule
def _next_arrival(s: Scene, b: State, stream: int) -> None:
    """Find the next item of a stream."""
    a = b.streams[stream]
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
            b.reached[stream],
            a[A.INTERVAL],
            levels,
            s.knots,
            s.regular,
            s.quantiles,
        )
        b.reached[stream] = level
    a[A.TIME] = NEVER if interval < 0 else when
    a[A.ORDER] = ARRIVES + place_of(keys.DUPLICATE if stream == DUPLICATES else keys.ITEM, a[A.ENTITY])
    a[A.INTERVAL] = interval
    a[A.VALUE_CLASS] = value_class
    a[A.CONSEQUENTIAL] = consequential


@rule
def begin(s: Scene, b: State) -> None:
    """Put on the calendar what is known before anything happens."""
    for stream in range(3):
        _next_arrival(s, b, stream)
    if b.g[G.MONTH] < s.months:
        _at(b, s.starts[b.g[G.MONTH] + 1], PLANS, MONTH_ENDS, 0)
    for i in range(len(s.plan)):
        _at(b, s.plan[i, 0], PLANS + place_of(keys.TEAM, i), STAFF_CHANGES, i)
    _next_outage(s, b, 0)


@rule
def _next_outage(s: Scene, b: State, number: int) -> None:
    after, _ = integration.outage(s.key, number, s.p)
    if b.g[G.NOW] + after < s.end_of_arrivals:
        order = OUTAGES + place_of(keys.OUTAGE, number)
        _at(b, b.g[G.NOW] + after, order, OUTAGE_BEGINS, number)


@rule
def _arrive(s: Scene, b: State, stream: int) -> None:
    g, a = b.g, b.streams[stream]
    g[G.FREE_SLOTS] -= 1
    slot = b.free[g[G.FREE_SLOTS]]
    item = b.item[slot]
    kind = keys.DUPLICATE if stream == DUPLICATES else keys.ITEM
    entity = a[A.ENTITY]
    item[I.KIND] = kind
    item[I.ENTITY] = entity
    item[I.PLACE] = a[A.ORDER] - ARRIVES
    item[I.ARRIVED] = g[G.NOW]
    item[I.VALUE_CLASS] = a[A.VALUE_CLASS]
    item[I.CONSEQUENTIAL] = a[A.CONSEQUENTIAL]
    item[I.RIGHT] = 0
    item[I.LEVEL] = g[G.LEVEL]
    item[I.TEAM] = NOBODY
    b.real[slot, F.HARDNESS] = 0.0
    _next_arrival(s, b, stream)

    row = b.counts[g[G.MONTH]]
    row[Count.DUPLICATES if kind == keys.DUPLICATE else Count.ARRIVED] += 1
    if item[I.LEVEL] == governance.SUSPENDED:
        _end(s, b, slot, Count.SUSPENDED, -1)
        return
    defects, exception, edge, unhandled, recognised = items.inspect(s.key, kind, entity, s.p, s.cumulative)
    item[I.DEFECTS] = defects
    item[I.UNHANDLED] = unhandled
    item[I.RECOGNISED] = recognised
    if kind == keys.ITEM:
        row[Count.EDGE_CASES] += edge
        row[Count.EXCEPTIONS] += exception
    if exception:
        item[I.TRIGGERS] = items.EXCEPTION
        _oversee(s, b, slot)
    elif s.connector_time:
        g[G.BEFORE_AI] += 1
        _join(b, CONNECTOR, item[I.PLACE], slot)
    else:
        _reach_ai(s, b, slot)


@rule
def _reach_ai(s: Scene, b: State, slot: int) -> None:
    g, item = b.g, b.item[slot]
    if not g[G.UP] and integration.is_lost(s.key, item[I.KIND], item[I.ENTITY], s.p):
        _at(b, g[G.BACK], OUTAGES + item[I.PLACE], LOST_ITEM_FOUND, slot)
    else:
        g[G.BEFORE_AI] += 1
        _join(b, AI, item[I.PLACE], slot)


@rule
def _leave_ai(s: Scene, b: State, slot: int) -> None:
    g, item = b.g, b.item[slot]
    g[G.AI_FREE] += 1
    if b.sizes[AI]:
        g[G.STARTING] = 1
    row = b.counts[g[G.MONTH]]
    row[Count.AI_SERVED] += 1
    if item[I.RECOGNISED]:
        item[I.TRIGGERS] = items.EDGE
        _oversee(s, b, slot)
        return
    hardness, right, triggers = items.decide(
        s.key,
        item[I.KIND],
        item[I.ENTITY],
        s.p,
        item[I.DEFECTS],
        item[I.UNHANDLED] != 0,
        item[I.CONSEQUENTIAL] != 0,
        item[I.VALUE_CLASS],
        item[I.LEVEL],
    )
    b.real[slot, F.HARDNESS] = hardness
    item[I.RIGHT] = right
    item[I.TRIGGERS] = triggers
    if item[I.KIND] == keys.ITEM:
        row[Count.AI_DECISIONS] += 1
        row[Count.AI_RIGHT] += right
    if triggers:
        _oversee(s, b, slot)
    else:
        _end(s, b, slot, Count.STRAIGHT, -1 if right else Count.ESCAPED_STRAIGHT)


@rule
def _oversee(s: Scene, b: State, slot: int) -> None:
    """Send an item to people, and count why."""
    triggers = b.item[slot, I.TRIGGERS]
    for bit in range(7):
        b.counts[b.g[G.MONTH], Count.TRIGGER_CONFIDENCE + bit] += triggers >> bit & 1
    _queue(s, b, slot, 0)


@rule
def _queue(s: Scene, b: State, slot: int, team: int) -> None:
    g, item, desk, t = b.g, b.item[slot], b.desks[team], s.teams[team]
    now, kind, entity = g[G.NOW], item[I.KIND], item[I.ENTITY]
    hours = oversight.review_hours(s.key, kind, entity, t, item[I.TRIGGERS])
    row = b.counts[g[G.MONTH]]
    row[s.columns[team, 0]] += 1
    row[s.columns[team, 2]] += oversight.occupied(hours, 0.0, t)
    b.real[slot, F.HOURS] = hours
    item[I.JOINED] = now
    item[I.JOINED_STAFFED] = clock.staffed_time(now, s.calendars[team])
    item[I.TEAM] = team
    urgency = len(s.priority)
    for i in range(len(s.priority)):
        if item[I.TRIGGERS] & s.priority[i]:
            urgency = i
            break
    _join(b, 2 + team * (len(s.priority) + 1) + urgency, item[I.PLACE], slot)
    desk[D.ENTRIES] += 1
    _change(b, team, 1)
    patience = oversight.patience(s.key, kind, entity, t)
    if patience == NEVER and _nobody_comes(s, b, team):
        patience = 0
    if patience < NEVER:
        if s.wall_deadline[team]:
            deadline = now + patience
        else:
            deadline = clock.reached(now, item[I.JOINED_STAFFED] + patience, s.calendars[team])
        _at(b, deadline, DEADLINE + item[I.PLACE], REVIEW_DEADLINE + team, slot)


@rule
def _change(b: State, team: int, step: int) -> None:
    desk, now = b.desks[team], b.g[G.NOW]
    desk[D.AREA] += desk[D.WAITING] * (now - desk[D.CHANGED])
    desk[D.CHANGED] = now
    desk[D.WAITING] += step


@rule
def _unqueue(s: Scene, b: State, slot: int, team: int) -> None:
    """Book the wait of an item that leaves its queue."""
    desk, item, now = b.desks[team], b.item[slot], b.g[G.NOW]
    item[I.TEAM] = NOBODY
    _change(b, team, -1)
    wait = clock.staffed_time(now, s.calendars[team]) - item[I.JOINED_STAFFED]
    wall = now - item[I.JOINED]
    b.waits[team, 0, oversight.wait_bin(wait)] += 1
    b.waits[team, 1, oversight.wait_bin(wall)] += 1
    desk[D.WAIT_TOTAL] += wait
    desk[D.WALL_WAIT_TOTAL] += wall


@rule
def _still_waits(b: State, team: int, entry: Ints) -> bool:
    """Return whether the item of an entry in a team's queue is still there; its slot may be another's now."""
    item = b.item[entry[CODE]]
    return item[I.TEAM] == team and item[I.PLACE] == entry[ORDER] and item[I.JOINED] == entry[TIME]


@rule
def _nobody_comes(s: Scene, b: State, team: int) -> bool:
    if b.desks[team, D.STAFF]:
        return False
    if team == 0:
        for i in range(b.desks[0, D.NEXT_PLAN], len(s.plan)):
            if s.plan[i, 1]:
                return False
    return True


@rule
def _deadline(s: Scene, b: State, slot: int, team: int, place: int) -> None:
    item = b.item[slot]
    if item[I.TEAM] != team or item[I.PLACE] != place:
        return
    _unqueue(s, b, slot, team)
    desk = b.desks[team]
    if desk[D.ENTRIES] > 2 * desk[D.WAITING] + TOO_MANY:
        # Forget those who have left, once they are the most.
        first = 2 + team * (len(s.priority) + 1)
        for queue in range(first, first + len(s.priority) + 1):
            entries, n, kept = b.queues[queue], b.sizes[queue], 0
            for i in range(n):
                if _still_waits(b, team, entries[i]):
                    kept = push(entries, kept, entries[i, TIME], entries[i, ORDER], entries[i, CODE])
            desk[D.ENTRIES] -= n - kept
            b.sizes[queue] = kept
    b.counts[b.g[G.MONTH], s.columns[team, 1]] += 1
    _end(s, b, slot, Count.FALLBACK, -1)


@rule
def _review_over(s: Scene, b: State, slot: int, team: int) -> None:
    g, item, desk = b.g, b.item[slot], b.desks[team]
    if desk[D.LEAVING]:
        _book_capacity(s, b, team)
        desk[D.LEAVING] -= 1
    else:
        desk[D.FREE] += 1
        if desk[D.WAITING]:
            g[G.STARTING] = 1
    desk[D.BUSY] -= 1
    kind, entity = item[I.KIND], item[I.ENTITY]
    if team == 0 and oversight.is_escalated(s.key, kind, entity, s.p):
        _queue(s, b, slot, 1)
        return
    verdict = oversight.verdict(
        s.key,
        kind,
        entity,
        s.teams[team],
        s.p,
        item[I.TRIGGERS],
        item[I.RIGHT] != 0,
        b.real[slot, F.HARDNESS],
        b.real[slot, F.X],
    )
    escape = -1
    if verdict == oversight.CAUGHT and kind == keys.ITEM:
        b.counts[g[G.MONTH], Count.CAUGHT] += 1
    elif verdict == oversight.MISSED:
        escape = int(Count.ESCAPED_MISSED)
    elif verdict == oversight.OVERTURNED:
        escape = int(Count.ESCAPED_OVERTURNED)
    elif verdict == oversight.MANUAL_WRONG:
        escape = int(Count.ESCAPED_MANUAL)
    by_hand = item[I.TRIGGERS] & items.BY_HAND
    _end(s, b, slot, Count.MANUAL if by_hand else Count.REVIEWED, escape)


@rule
def _end(s: Scene, b: State, slot: int, how: int, escape: int) -> None:
    """Book the end of an item; duplicates cost work and neither earn nor err."""
    g, item = b.g, b.item[slot]
    now = g[G.NOW]
    row = b.counts[g[G.MONTH]]
    legacy = how >= FIRST_LEGACY
    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, how, item[I.PLACE])
    b.free[g[G.FREE_SLOTS]] = slot
    g[G.FREE_SLOTS] += 1
    if item[I.KIND] == keys.DUPLICATE:
        row[Count.DUPLICATE_FALLBACK if legacy else Count.DUPLICATE_DONE] += 1
        return
    row[how] += 1
    b.by_class[item[I.VALUE_CLASS], how - FIRST_END] += 1
    row[Count.LEGACY_DELAY if legacy else Count.DELAY] += (now - item[I.ARRIVED]) // 1000
    if escape >= 0:
        row[escape] += 1
        n = g[G.ESCAPED]
        b.escaped[n, 0] = now
        b.escaped[n, 1] = item[I.ENTITY]
        g[G.ESCAPED] = n + 1
        if item[I.CONSEQUENTIAL]:
            after = governance.surfaces_after(s.key, item[I.ENTITY], s.p)
            if after < NEVER:
                order = GOVERNANCE + place_of(SURFACES, item[I.ENTITY])
                _at(b, now + after, order, INCIDENT, item[I.ENTITY])


# The ends stand side by side among the columns, the legacy ones last.
FIRST_END, FIRST_LEGACY = int(Count.STRAIGHT), int(Count.FALLBACK)
assert tuple(range(FIRST_END, FIRST_END + len(ENDS))) == ENDS


@rule
def _start_services(s: Scene, b: State) -> bool:
    """Start what can start (phase B); return whether the calendar had room for all of it."""
    g = b.g
    now, month = g[G.NOW], g[G.MONTH]
    limit = len(b.events) - 1
    while b.sizes[CONNECTOR] and g[G.CONNECTOR_FREE]:
        if g[G.EVENTS] >= limit:
            return False
        joined, place, slot = b.queues[CONNECTOR, 0]
        b.sizes[CONNECTOR] = pop(b.queues[CONNECTOR], b.sizes[CONNECTOR])
        g[G.CONNECTOR_FREE] = 0
        g[G.BEFORE_AI] -= 1
        b.counts[month, Count.AI_WAIT] += (now - joined) // 1000
        _at(b, now + s.connector_time, AI_DONE + place, CONNECTOR_OVER, slot)
    while b.sizes[AI] and g[G.AI_FREE] and g[G.UP]:
        if g[G.EVENTS] >= limit:
            return False
        joined, place, slot = b.queues[AI, 0]
        b.sizes[AI] = pop(b.queues[AI], b.sizes[AI])
        g[G.AI_FREE] -= 1
        g[G.BEFORE_AI] -= 1
        b.counts[month, Count.AI_WAIT] += (now - joined) // 1000
        item = b.item[slot]
        time = integration.latency(s.key, item[I.KIND], item[I.ENTITY], s.p)
        _at(b, now + time, AI_DONE + place, AI_OVER, slot)
    g[G.BEFORE_AI_PEAK] = max(g[G.BEFORE_AI_PEAK], g[G.BEFORE_AI])
    for team in range(2):
        desk = b.desks[team]
        while desk[D.WAITING] and desk[D.FREE]:
            if g[G.EVENTS] >= limit:
                return False
            opens_at = clock.next_opening(now, s.calendars[team])
            if opens_at > now:
                if opens_at != desk[D.OPENS_AT]:
                    desk[D.OPENS_AT] = opens_at
                    _at(b, opens_at, PLANS, TEAM_OPENS, team)
                break
            _start_review(s, b, team)
    return True


@rule
def _start_review(s: Scene, b: State, team: int) -> None:
    """Start the most urgent review."""
    g, desk, t = b.g, b.desks[team], s.teams[team]
    now = g[G.NOW]
    queue = 2 + team * (len(s.priority) + 1)
    while not b.sizes[queue]:
        queue += 1
    entries = b.queues[queue]
    slot = entries[0, CODE]
    stays = _still_waits(b, team, entries[0])
    b.sizes[queue] = pop(entries, b.sizes[queue])
    desk[D.ENTRIES] -= 1
    if not stays:
        return
    _unqueue(s, b, slot, team)
    desk[D.FREE] -= 1
    desk[D.BUSY] += 1
    x = oversight.congestion(desk[D.WAITING], desk[D.STAFF], t)
    b.real[slot, F.X] = x
    work = oversight.occupied(b.real[slot, F.HOURS], x, t)
    begun = clock.staffed_time(now, s.calendars[team])
    done = begun + work
    item = b.item[slot]
    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, -1 - team, item[I.PLACE])
    by_hand = item[I.TRIGGERS] & items.BY_HAND
    rank, what = (REVIEW_DONE, REVIEW_OVER) if team == 0 else (SPECIALIST_DONE, SPECIALIST_OVER)
    _at(b, clock.reached(now, done, s.calendars[team]), rank + item[I.PLACE], what, slot)
    month = g[G.MONTH]
    while begun < done:
        end = min(done, s.staffed[team, month + 1]) if month < s.months else done
        b.counts[month, s.columns[team, 3]] += end - begun
        if by_hand:
            b.counts[month, s.columns[team, 4]] += end - begun
        begun = end
        month += 1


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
    if _nobody_comes(s, b, 0) and s.teams[0, T.DEADLINE] == math.inf:
        for queue in range(2, 3 + len(s.priority)):
            for i in range(b.sizes[queue]):
                entry = b.queues[queue, i]
                if _still_waits(b, 0, entry):
                    _at(b, b.g[G.NOW], DEADLINE + entry[ORDER], REVIEW_DEADLINE, entry[CODE])
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
        _at(b, now + s.probation, GOVERNANCE + place_of(PROBATION_ENDS, entity), PROBATION_OVER, entity)
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
    _at(b, now + s.incident_window, GOVERNANCE + place_of(EXPIRES, entity), INCIDENT_EXPIRES, entity)
    if failed:
        g[G.OPEN_PROBLEMS] += 1
        open_for = governance.problem_time(s.key, entity, failed, s.p)
        _at(b, now + open_for, GOVERNANCE + place_of(CLOSES, entity), PROBLEM_CLOSES, entity)
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
        _at(b, s.starts[month + 2], PLANS, MONTH_ENDS, 0)


@rule
def _happen(s: Scene, b: State, what: int, whom: int, order: int) -> None:
    """Let an event of phase A or C happen."""
    g = b.g
    if what == AI_OVER:
        _leave_ai(s, b, whom)
    elif what == REVIEW_OVER:
        _review_over(s, b, whom, 0)
    elif what == SPECIALIST_OVER:
        _review_over(s, b, whom, 1)
    elif what == REVIEW_DEADLINE or what == SPECIALIST_DEADLINE:
        _deadline(s, b, whom, what - REVIEW_DEADLINE, order - DEADLINE)
    elif what == CONNECTOR_OVER:
        g[G.CONNECTOR_FREE] = 1
        g[G.STARTING] = 1
        _reach_ai(s, b, whom)
    elif what == LOST_ITEM_FOUND:
        _end(s, b, whom, Count.LOST, -1)
    elif what == TEAM_OPENS:
        g[G.STARTING] = 1
    elif what == MONTH_ENDS:
        _month_ends(s, b)
    elif what == STAFF_CHANGES:
        _set_staff(s, b, s.plan[whom, 1])
    elif what == OUTAGE_BEGINS:
        _, length = integration.outage(s.key, whom, s.p)
        g[G.UP] = 0
        g[G.BACK] = g[G.NOW] + length
        _at(b, g[G.BACK], OUTAGES + place_of(keys.OUTAGE, whom), OUTAGE_ENDS, whom)
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
    """
    g = b.g
    for _ in range(budget):
        if g[G.EVENTS] + b.desks[0, D.WAITING] + MARGIN > len(b.events):
            return MORE_EVENTS
        if not g[G.FREE_SLOTS]:
            return MORE_ITEMS
        if g[G.ESCAPED] == len(b.escaped):
            return MORE_ESCAPES
        if g[G.INCIDENTS] == len(b.incidents):
            return MORE_INCIDENTS
        time, order, stream = NEVER, NEVER, -1
        if g[G.EVENTS]:
            time, order = b.events[0, TIME], b.events[0, ORDER]
        for i in range(3):
            a = b.streams[i]
            if a[A.TIME] < time or (a[A.TIME] == time and a[A.ORDER] < order):
                time, order, stream = a[A.TIME], a[A.ORDER], i
        if g[G.STARTING] and (time > g[G.NOW] or order > START_SERVICES):
            if not _start_services(s, b):
                return MORE_EVENTS
            g[G.STARTING] = 0
        elif time == NEVER:
            return DONE
        else:
            g[G.NOW] = time
            if stream >= 0:
                _arrive(s, b, stream)
            else:
                code = b.events[0, CODE]
                g[G.EVENTS] = pop(b.events, g[G.EVENTS])
                _happen(s, b, code & 255, code >> 8, order)
    return PAUSED


assert MONTH  # the unit of `State.level_time` and of the months
