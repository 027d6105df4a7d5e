"""Events that are of no item: changes, drift and its chart, incidents and autonomy, months."""

from __future__ import annotations

import math

from simgap.compiling import rule, small
from simgap.engines.compiled.layout import (
    AI_GIVEN_UP,
    AT_LEAST,
    AT_MOST,
    BACKLOG_LOOK,
    CHANGE_IS_DONE,
    FIRST,
    HIRES_COME,
    INCIDENT,
    INCIDENT_EXPIRES,
    LADDER_COUNTS_AGAIN,
    MONTH_ENDS,
    OUTAGE_BEGINS,
    OUTAGE_ENDS,
    PROBATION_OVER,
    PROBLEM_CLOSES,
    SCHEMA_CHANGES,
    SECOND,
    SHOCK,
    STAFF_CHANGES,
    TEAM_OPENS,
    TYPE_IS_BORN,
    UNTIL,
    D,
    G,
    K,
    R,
    Scene,
    State,
)
from simgap.engines.compiled.staff import book_capacity, come, look, month_of, set_staff
from simgap.engines.compiled.steps import plan_event
from simgap.engines.order import (
    CHANGES,
    CLOSES,
    COUNTS_AGAIN,
    EXPIRES,
    GOVERNANCE,
    LAST,
    OUTAGES,
    PLANS,
    PROBATION_ENDS,
    SURFACES,
    place_of,
)
from simgap.engines.physics import Count
from simgap.model import chart, governance, integration, items, keys, production, solving
from simgap.model.clock import DAY, NEVER
from simgap.model.parameters import P
from simgap.model.production import BEFORE_TYPES, CONNECTOR, MODEL, OF_MODEL, OF_SOURCE
from simgap.model.types import Ints
from simgap.model.without import is_lifted, taken_out

ROUNDING = 1e-9  # of a share: far more than any library's functions are off


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
    for workflow in range(len(b.adoption)):
        b.adoption[workflow, UNTIL] = -1.0


@rule
def foresee_adoption(s: Scene, b: State, workflow: int) -> None:
    """Bound the share of the work that reaches the AI for a day: it falls at restrictions only.

    Whether an item is sent is then known without the share itself, but for the few between the bounds.
    """
    now, p, joined = b.g[G.NOW], s.p[workflow], s.waiting_from[workflow]
    lost, since = b.r[R.LOST], b.g[G.TRUST_LOST_AT]
    least = production.adopted_share(now, joined, lost, since, p)
    most = production.adopted_share(now + DAY, joined, lost, since, p)
    b.adoption[workflow, AT_LEAST] = (1.0 - ROUNDING) * least
    b.adoption[workflow, AT_MOST] = (1.0 + ROUNDING) * most
    b.adoption[workflow, UNTIL] = now + DAY


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
    if not g[G.STOPPED] and is_lifted(s.without, now):
        level = governance.AUTONOMOUS
    if level != g[G.LEVEL]:
        if level > max(g[G.LEVEL], governance.GUARDED):
            restricted(s, b)
        book_level(s, b)
        g[G.LEVEL] = level


@rule
def count_again(s: Scene, b: State, row: int) -> None:
    """Put the end of the next restriction that is taken out on the agenda, from this row on."""
    while row < len(s.without) and s.without[row, 0] != keys.RESTRICTION:
        row += 1
    if row < len(s.without):
        order = GOVERNANCE + place_of(COUNTS_AGAIN, LAST | row)
        plan_event(b, s.without[row, 2], order, LADDER_COUNTS_AGAIN, row)


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
    if after < NEVER and not taken_out(s.without, keys.INCIDENT, entity):
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
        g[G.UP] = taken_out(s.without, keys.OUTAGE, whom)
        g[G.BACK] = now + length
        plan_event(b, g[G.BACK], OUTAGES + place_of(keys.OUTAGE, whom), OUTAGE_ENDS, whom)
    elif what == OUTAGE_ENDS:
        if not taken_out(s.without, keys.OUTAGE, whom):
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
    elif what == LADDER_COUNTS_AGAIN:
        settle(s, b, FIRST)
        count_again(s, b, whom + 1)
    elif what == SHOCK:
        b.r[R.OFFSET] += s.p[0, P.SHOCK_SIZE]
        b.counts[month_of(s, b, FIRST), Count.SHOCKS] += 1
        drifts(s, b)
    elif what == SCHEMA_CHANGES:
        if not taken_out(s.without, keys.SCHEMA_CHANGE, whom):
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
