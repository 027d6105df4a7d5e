"""Steps of the event loop: calendars, queues, and the events that are of no item."""

from __future__ import annotations

import math

from simgap.compiling import rule, small
from simgap.engines.compiled.heap import CODE, ORDER, TIME, pop, push
from simgap.engines.compiled.layout import (
    AGENDA,
    AI_GIVEN_UP,
    AREA,
    BACKLOG_LOOK,
    CHANGE_IS_DONE,
    DEADLINES,
    FIRST,
    FIRST_QUEUE,
    HEAD,
    HIRES_COME,
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
    SCHEMA_CHANGES,
    SECOND,
    SHOCK,
    STAFF_CHANGES,
    TAIL,
    TEAM_OPENS,
    TYPE_IS_BORN,
    UNIT,
    WAIT_TOTAL,
    WALL_WAIT_TOTAL,
    D,
    G,
    I,
    K,
    R,
    Scene,
    State,
)
from simgap.engines.order import (
    CHANGES,
    CLOSES,
    COME,
    DEADLINE,
    EXPIRES,
    GOVERNANCE,
    LOOK,
    OUTAGES,
    PLANS,
    PROBATION_ENDS,
    SURFACES,
    place_of,
)
from simgap.engines.physics import Count
from simgap.model import chart, clock, governance, integration, items, keys, oversight, production, solving
from simgap.model.clock import NEVER, WEEK
from simgap.model.parameters import P, T
from simgap.model.production import BEFORE_TYPES, CONNECTOR, MODEL, OF_MODEL, OF_SOURCE
from simgap.model.types import Ints


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
def month_of(s: Scene, b: State, workflow: int) -> int:
    """Return the row of the counts of a workflow in the present month."""
    return workflow * (s.months + 1) + b.g[G.MONTH]


@rule
def next_outage(s: Scene, b: State, number: int) -> None:
    """Put the next outage on the calendar, if it begins before arrivals end."""
    p = s.p[0]
    after, _ = integration.outage(s.key, number, p)
    b.drawn[keys.OUTAGE_TIME] += p[P.OUTAGES] > 0.0
    if b.g[G.NOW] + after < s.end_of_arrivals:
        order = OUTAGES + place_of(keys.OUTAGE, number)
        plan_event(b, b.g[G.NOW] + after, order, OUTAGE_BEGINS, number)


@rule
def next_news(s: Scene, b: State, what: int, entity: int, since: int) -> None:
    """Put the next of what happens again and again on the calendar, if it comes before arrivals end."""
    p = s.p[entity >> keys.WORKFLOW_SHIFT]
    kind, a_year = keys.SHOCK, p[P.SHOCKS]
    if what == SCHEMA_CHANGES:
        kind, a_year = keys.SCHEMA_CHANGE, p[P.SCHEMA_CHANGES]
    elif what == TYPE_IS_BORN:
        kind, a_year = keys.BIRTH, p[P.BIRTHS]
    if since < s.end_of_arrivals:
        after = production.next_after(s.key, kind, entity, a_year)
        b.drawn[keys.NEWS] += a_year > 0.0
        if since + after < s.end_of_arrivals:
            plan_event(b, since + after, OUTAGES + place_of(kind, entity), what, entity)


@rule
def may_hire(s: Scene, b: State) -> bool:
    """Return whether reviewers are coming, or may yet be hired."""
    p = s.p[0]
    more = b.g[G.ORDERED] < p[P.HIRE_MAX] and b.g[G.NOW] < s.last_look
    return b.g[G.COMING] > 0 or (more and p[P.HIRE_ABOVE] < math.inf)


@rule
def nobody_comes(s: Scene, b: State, team: int) -> bool:
    """Return whether nobody is on the staff, now or later; the plan is the reviewers'."""
    if b.desks[team, D.STAFF]:
        return False
    if b.g[G.STOPPED]:
        return True
    if team == 0:
        for i in range(b.desks[0, D.NEXT_PLAN], len(s.plan)):
            if s.plan[i, 1]:
                return False
        return not may_hire(s, b)
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
def learn(s: Scene, b: State) -> None:
    """Set how slow the reviewers are: those who are new do less, and the others do not make up for it."""
    staff, missing = b.desks[0, D.STAFF], 0.0
    for i in range(b.desks[0, D.HIRED]):
        missing += b.hired[i, 1] * production.learning(b.g[G.NOW] - b.hired[i, 0], s.p[0])
    b.r[R.SLOW] = staff / (staff - missing) if staff and missing > 0.0 else 1.0


@rule
def give_up(s: Scene, b: State, team: int) -> None:
    """Let items that no deadline ends fall back, where nobody is there and nobody comes."""
    now = b.g[G.NOW]
    if b.desks[team, D.GAVE_UP] == now or not nobody_comes(s, b, team):
        return
    b.desks[team, D.GAVE_UP] = now  # once is enough, and there is room for that
    classes = len(s.priority) + 1
    first = FIRST_QUEUE + team * classes
    for queue in range(first, first + classes):
        slot = b.queues[queue, HEAD]
        while slot >= 0:
            place = b.item[slot, I.PLACE]
            if s.teams[place >> 44, team, T.DEADLINE] == math.inf:
                put_deadline(b.heads, b.calendars, b.sizes, b.item, now, place, team, slot, classes)
            slot = b.item[slot, I.BEHIND]


@rule
def set_staff(s: Scene, b: State, team: int) -> None:
    """Change the headcount: a cut takes the idle first, and the busy finish what they do."""
    desk = b.desks[team]
    book_capacity(s, b, team)
    heads = desk[D.PLANNED]
    for i in range(desk[D.HIRED]):
        heads += b.hired[i, 1]
    if b.g[G.STOPPED]:
        heads = 0
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
    if team == 0:
        learn(s, b)
    give_up(s, b, team)
    b.g[G.STARTING] = 1


@rule
def look(s: Scene, b: State, week: int) -> None:
    """Look at the backlog, and hire if there is too much of it."""
    g = b.g
    now, p = g[G.NOW], s.p[0]
    learn(s, b)
    if g[G.STOPPED]:
        return
    desk = b.desks[0]
    heads = production.hires_wanted(
        desk[D.WAITING], desk[D.STAFF], g[G.COMING], g[G.ORDERED], p, s.teams[0, 0]
    )
    if heads:
        g[G.COMING] += heads
        g[G.ORDERED] += heads
        order = PLANS + place_of(keys.TEAM, COME + week)
        plan_event(b, now + production.hire_time(p), order, HIRES_COME, heads)
    if now < s.last_look:
        plan_event(b, now + WEEK, PLANS + place_of(keys.TEAM, LOOK + week + 1), BACKLOG_LOOK, week + 1)
    else:
        give_up(s, b, FIRST)


@rule
def come(s: Scene, b: State, heads: int) -> None:
    """Reviewers have their first day."""
    b.g[G.COMING] -= heads
    if not b.g[G.STOPPED]:
        b.counts[month_of(s, b, FIRST), Count.HIRED] += heads
        n = b.desks[0, D.HIRED]
        b.hired[n, 0] = b.g[G.NOW]
        b.hired[n, 1] = heads
        b.desks[0, D.HIRED] = n + 1
        set_staff(s, b, FIRST)


@small
def is_over(s: Scene, g: Ints) -> bool:
    """Return whether nobody asks for changes or watches any more: at the window's end, or the AI's."""
    return g[G.STOPPED] != 0 or g[G.NOW] >= s.end_of_arrivals


@rule
def ask(s: Scene, b: State, workflow: int, column: int) -> None:
    """Ask for a change, unless it is asked for already."""
    cause, g = b.causes[workflow, column], b.g
    if not cause[K.OPEN] and not is_over(s, g):
        cause[K.OPEN] = 1
        cause[K.VOID] = 0
        cause[K.REQUESTED] = g[G.NOW]
        n = g[G.CHANGES_WAITING]
        b.changes[n, 0] = workflow
        b.changes[n, 1] = column
        g[G.CHANGES_WAITING] = n + 1
        g[G.STARTING] = 1


@rule
def begin_changes(s: Scene, b: State) -> None:
    """Begin changes while there is room for one more (phase B)."""
    g, p = b.g, s.p[0]
    if is_over(s, g):
        return
    while g[G.CHANGES_WAITING] and g[G.CHANGES_UNDER_WAY] < p[P.IN_PARALLEL]:
        best = 0
        for i in range(1, g[G.CHANGES_WAITING]):
            if more_urgent(b, i, best):
                best = i
        workflow, column = b.changes[best, 0], b.changes[best, 1]
        last = g[G.CHANGES_WAITING] - 1
        b.changes[best, 0] = b.changes[last, 0]
        b.changes[best, 1] = b.changes[last, 1]
        g[G.CHANGES_WAITING] = last
        g[G.CHANGES_UNDER_WAY] += 1
        cause = b.causes[workflow, column]
        kind = production.kind_of_change(column)
        if kind == CONNECTOR:
            cause[K.PRESENT] = b.broken[workflow]
        elif kind == MODEL:
            b.r[R.PRESENT] = production.drift_at(g[G.NOW], b.r[R.OFFSET], p)
        b.counts[month_of(s, b, workflow), s.begun[kind]] += 1
        entity = workflow << keys.WORKFLOW_SHIFT | column
        connected = production.connected(g[G.NOW], s.joins)
        after = production.lead_time(s.key, entity, cause[K.OCCASION], connected, p)
        b.drawn[keys.LEAD_TIME] += 1
        cause[K.OCCASION] += 1
        plan_event(b, g[G.NOW] + after, CHANGES + place_of(keys.CHANGE, entity), CHANGE_IS_DONE, entity)


@rule
def more_urgent(b: State, one: int, other: int) -> bool:
    """Return whether a change that waits goes before another: by what it is of, age, workflow and number."""
    w1, c1 = b.changes[one, 0], b.changes[one, 1]
    w2, c2 = b.changes[other, 0], b.changes[other, 1]
    k1, k2 = production.kind_of_change(c1), production.kind_of_change(c2)
    if k1 != k2:
        return k1 < k2
    r1, r2 = b.causes[w1, c1, K.REQUESTED], b.causes[w2, c2, K.REQUESTED]
    if r1 != r2:
        return r1 < r2
    return w1 < w2 or (w1 == w2 and c1 < c2)


@rule
def change_done(s: Scene, b: State, entity: int) -> None:
    """Put a change into production."""
    g = b.g
    workflow, column = entity >> keys.WORKFLOW_SHIFT, entity & keys.NUMBER
    cause = b.causes[workflow, column]
    g[G.CHANGES_UNDER_WAY] -= 1
    cause[K.OPEN] = 0
    row = month_of(s, b, workflow)
    b.counts[row, Count.CHANGES_DONE] += 1
    b.counts[row, Count.CHANGE_LEAD] += (g[G.NOW] - cause[K.REQUESTED]) // 1000
    kind = production.kind_of_change(column)
    if kind == CONNECTOR:
        b.broken[workflow] -= cause[K.PRESENT]
        if b.broken[workflow]:
            ask(s, b, workflow, column)
    elif kind == MODEL:
        retrained(s, b)
    elif not cause[K.VOID]:
        cause[K.HANDLED] = 1
    g[G.STARTING] = 1


@rule
def handled_share(s: Scene, b: State, workflow: int) -> float:
    """Return the share of edge cases that are of a type handled now."""
    total = below = 0.0
    for i in range(s.types[workflow]):
        reached = s.cumulative[workflow, i]
        if b.causes[workflow, BEFORE_TYPES + 1 + i, K.HANDLED]:
            total += reached - below
        below = reached
    return (1.0 - s.p[workflow, P.NEVER_REPEATS]) * total


@rule
def drifts(s: Scene, b: State) -> None:
    """A spell of drift begins, unless one is under way or known."""
    if b.g[G.SPELL] < 0 and not b.g[G.DETECTED] and not is_over(s, b.g):
        b.g[G.SPELL] = b.g[G.NOW]


@rule
def spell_ends(b: State, observed: int) -> None:
    """Write down a spell of drift that is detected or no longer watched."""
    n = b.g[G.SPELLS]
    b.spells[n, 0] = b.g[G.SPELL]
    b.spells[n, 1] = b.g[G.NOW]
    b.spells[n, 2] = observed
    b.g[G.SPELLS] = n + 1


@rule
def retrained(s: Scene, b: State) -> None:
    """A new model: less drift, new thresholds, and a chart that begins again."""
    g, r = b.g, b.r
    now, p = g[G.NOW], s.p[0]
    r[R.OFFSET] -= p[P.RETRAINING_REMOVES] * r[R.PRESENT]
    drift = production.drift_at(now, r[R.OFFSET], p)
    for workflow in range(len(s.p)):
        own = s.p[workflow]
        solving.solve_cuts(
            s.defects[workflow],
            items.edge_share(production.connected(now, s.joins), own),
            handled_share(s, b, workflow),
            drift,
            own,
            own,
            s.nodes,
            s.weights,
            b.mix,
            b.cuts[workflow],
        )
    if g[G.SPELL] >= 0:
        spell_ends(b, 0)
    g[G.SPELL] = -1
    g[G.DETECTED] = 0
    if production.still_drifts(drift, p):
        drifts(s, b)
    g[G.WATCHING] = p[P.CHARTED] > 0.5 and not g[G.STOPPED]
    g[G.AUDITS] = g[G.FAULTS] = 0
    g[G.ESTIMATE_AT] = int(p[P.BASELINE])
    g[G.WATCHED_SINCE] = now
    r[R.SCORE] = 0.0
    r[R.THRESHOLD] = math.inf


@rule
def audited(s: Scene, b: State, workflow: int, faulty: bool) -> None:
    """Count an audit that was done, and enter it in the chart."""
    g, r, p = b.g, b.r, s.p[0]
    row = month_of(s, b, workflow)
    b.counts[row, Count.AUDITED] += 1
    b.counts[row, Count.AUDIT_FAULTED] += faulty
    if not g[G.WATCHING]:
        return
    g[G.AUDITS] += 1
    g[G.FAULTS] += faulty
    if r[R.THRESHOLD] < math.inf:
        r[R.SCORE] = chart.chart_step(r[R.SCORE], faulty, r[R.RATE], p[P.DETECTS])
    if r[R.SCORE] < r[R.THRESHOLD]:
        if g[G.AUDITS] == g[G.ESTIMATE_AT]:
            g[G.ESTIMATE_AT] *= 2
            r[R.RATE] = production.in_control(g[G.FAULTS], g[G.AUDITS])
            elapsed = g[G.NOW] - g[G.WATCHED_SINCE]
            run_length = production.audits_in(p[P.RUN_LENGTH], g[G.AUDITS], elapsed)
            r[R.THRESHOLD] = chart.chart_threshold(r[R.RATE], p[P.DETECTS], run_length)
        return
    b.counts[month_of(s, b, FIRST), Count.ALARMS] += 1
    if g[G.SPELL] < 0:
        b.counts[month_of(s, b, FIRST), Count.FALSE_ALARMS] += 1
    else:
        spell_ends(b, 1)
    g[G.SPELL] = -1
    g[G.DETECTED] = 1
    g[G.WATCHING] = 0
    ask(s, b, FIRST, FIRST + OF_MODEL)


@rule
def example(s: Scene, b: State, workflow: int, edge: int) -> None:
    """A person has seen an item for what it is."""
    if edge > items.ONCE:
        cause = b.causes[workflow, BEFORE_TYPES + edge]
        cause[K.EXAMPLES] += 1
        if not cause[K.HANDLED] and cause[K.EXAMPLES] >= s.p[workflow, P.EXAMPLES_NEEDED]:
            ask(s, b, workflow, BEFORE_TYPES + edge)


@rule
def seen_in_incident(s: Scene, b: State, entity: int) -> None:
    """An incident shows an example, and may be one too many."""
    g = b.g
    for i in range(g[G.ESCAPED] - 1, -1, -1):
        if b.escaped[i, 1] == entity:
            example(s, b, entity >> keys.WORKFLOW_SHIFT, b.escaped[i, 2])
            break
    g[G.INCIDENTS_SINCE] += 1
    if g[G.INCIDENTS_SINCE] >= s.p[0, P.RETRAIN_AFTER]:
        g[G.INCIDENTS_SINCE] = 0
        ask(s, b, FIRST, FIRST + OF_MODEL)


@rule
def type_is_born(s: Scene, b: State, entity: int) -> None:
    """A new type of edge case takes the place of an old one."""
    workflow = entity >> keys.WORKFLOW_SHIFT
    rank = production.born_type(s.key, entity, s.types[workflow])
    b.drawn[keys.NEWS] += 1
    b.counts[month_of(s, b, workflow), Count.BIRTHS] += 1
    cause = b.causes[workflow, BEFORE_TYPES + rank]
    cause[K.HANDLED] = cause[K.EXAMPLES] = 0
    cause[K.VOID] = cause[K.OPEN]


@rule
def restricted(s: Scene, b: State) -> None:
    """A restriction dents trust."""
    now, p = b.g[G.NOW], s.p[0]
    b.r[R.LOST] = production.dented(b.r[R.LOST], b.g[G.TRUST_LOST_AT], now, p)
    b.g[G.TRUST_LOST_AT] = now


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
    g, p = b.g, s.p[0]
    now = g[G.NOW]
    if g[G.SUSPENDED] and not governance.stays_suspended(g[G.OPEN_PROBLEMS], g[G.RECENT], p):
        g[G.SUSPENDED] = 0
        g[G.PROBATION_UNTIL] = now + s.probation
        order = GOVERNANCE + place_of(PROBATION_ENDS, entity)
        plan_event(b, now + s.probation, order, PROBATION_OVER, entity)
    level = governance.level_of(
        g[G.OPEN_PROBLEMS],
        g[G.RECENT],
        g[G.SUSPENDED] != 0 or g[G.STOPPED] != 0,
        now < g[G.PROBATION_UNTIL],
        p,
    )
    if level != g[G.LEVEL]:
        if level > max(g[G.LEVEL], governance.GUARDED):
            restricted(s, b)
        book_level(s, b)
        g[G.LEVEL] = level


@rule
def surface(s: Scene, b: State, entity: int) -> None:
    """An incident surfaces, and opens a problem if it fails a property."""
    g = b.g
    now, n, p = g[G.NOW], g[G.INCIDENTS], s.p[entity >> keys.WORKFLOW_SHIFT]
    failed = governance.failures(s.key, entity, p)
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
        open_for = governance.problem_time(s.key, entity, failed, p)
        b.drawn[keys.RESOLUTION] += 1
        plan_event(b, now + open_for, GOVERNANCE + place_of(CLOSES, entity), PROBLEM_CLOSES, entity)
    if g[G.RECENT] >= p[P.SUSPEND]:
        g[G.SUSPENDED] = 1
    settle(s, b, entity)
    seen_in_incident(s, b, entity)


@rule
def month_ends(s: Scene, b: State) -> None:
    """Read the backlogs and turn the page."""
    g = b.g
    month = g[G.MONTH]
    for team in range(2):
        b.backlog[team, month] = b.desks[team, D.WAITING]
        book_capacity(s, b, team)
    book_level(s, b)
    b.changes_open[month] = g[G.CHANGES_WAITING] + g[G.CHANGES_UNDER_WAY]
    b.drift[month] = production.drift_at(g[G.NOW], b.r[R.OFFSET], s.p[0])
    g[G.MONTH] = month + 1
    if month + 1 < s.months:
        plan_event(b, s.starts[month + 2], PLANS, MONTH_ENDS, 0)


@rule
def surfaces(s: Scene, b: State, entity: int) -> None:
    """A consequential error has escaped: see whether it surfaces."""
    after = governance.surfaces_after(s.key, entity, s.p[entity >> keys.WORKFLOW_SHIFT])
    b.drawn[keys.SEVERITY] += 1
    if after < NEVER:
        plan_event(b, b.g[G.NOW] + after, GOVERNANCE + place_of(SURFACES, entity), INCIDENT, entity)


@rule
def seldom(s: Scene, b: State, what: int, whom: int) -> None:
    """Let an event happen that is of no item."""
    g = b.g
    now = g[G.NOW]
    if what == TEAM_OPENS:
        g[G.STARTING] = 1
    elif what == MONTH_ENDS:
        month_ends(s, b)
    elif what == STAFF_CHANGES:
        b.desks[0, D.NEXT_PLAN] += 1
        b.desks[0, D.PLANNED] = s.plan[whom, 1]
        set_staff(s, b, FIRST)
    elif what == OUTAGE_BEGINS:
        _, length = integration.outage(s.key, whom, s.p[0])
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
    elif what == SHOCK:
        b.r[R.OFFSET] += s.p[0, P.SHOCK_SIZE]
        b.counts[month_of(s, b, FIRST), Count.SHOCKS] += 1
        drifts(s, b)
    elif what == SCHEMA_CHANGES:
        workflow = whom >> keys.WORKFLOW_SHIFT
        b.counts[month_of(s, b, workflow), Count.SCHEMA_CHANGES] += 1
        b.broken[workflow] += 1
        ask(s, b, workflow, FIRST + OF_SOURCE)
    elif what == TYPE_IS_BORN:
        type_is_born(s, b, whom)
    elif what == CHANGE_IS_DONE:
        change_done(s, b, whom)
    elif what == BACKLOG_LOOK:
        look(s, b, whom)
    elif what == HIRES_COME:
        come(s, b, whom)
    elif what == AI_GIVEN_UP:
        g[G.STOPPED] = 1
        g[G.WATCHING] = 0
        if g[G.SPELL] >= 0:
            spell_ends(b, 0)
            g[G.SPELL] = -1
        settle(s, b, FIRST)
        set_staff(s, b, FIRST)
        set_staff(s, b, SECOND)
    if SHOCK <= what <= TYPE_IS_BORN:
        next_news(s, b, what, whom + 1, now)
