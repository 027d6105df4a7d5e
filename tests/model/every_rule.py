"""Calls every rule of the model and prints what it returns, to the last bit."""

import math
import sys

import numpy as np
from rules_by_hand import DIRTY, KEY, TEAMS, cuts_of, packed, team, zipf_table

from simgap.engines.calendars import calendar_of
from simgap.model import (
    chart,
    clock,
    governance,
    integration,
    items,
    keys,
    oversight,
    production,
    solving,
    times,
)
from simgap.model.parameters import P
from simgap.model.without import is_lifted, taken_out


def calendars():
    """Return the calendars of an office with Saturday nights and of round the clock, with closures or not."""
    office = [(24 * d + 9, 24 * d + 17, 1) for d in range(5)] + [(140, 144, 1)]
    weeks = (office, [(0, 168, 1)])
    closures = ((), [d * clock.DAY - 2 * clock.HOUR for d in (-5, 0, 1, 3, 4, 8, 9)])
    return [calendar_of(week, 50 * clock.HOUR, days) for week in weeks for days in closures]


def calls():
    """Yield the name of each rule and what it returns, over items and times."""
    p, table, all_calendars = packed(**DIRTY), zipf_table(30, 1.1), calendars()
    teams = [team(**fields) for fields in TEAMS.values()]
    levels, knots = np.array([0.0, 50.0, 50.0, 300.0]), np.array([0, 10**9, 10**10, 10**11])
    quantiles = np.array([0.5, 0.9])
    level, interval = 0.0, 0
    for entity in range(120):
        kind = 1 + entity % 2
        u = (entity + 0.5) / 120
        z = 6.0 * u - 3.0
        yield "item_words", keys.item_words(KEY, kind, entity, keys.DATA)
        for law in range(3):
            yield "time_hours", times.time_hours(u, law, 0.3, 1.2)
        yield "to_microseconds", times.to_microseconds(math.exp(10 * z))
        drawn = keys.item_words(KEY, kind, entity, keys.ARRIVAL)
        arrival = items.arrive(drawn, entity, p, level, interval, levels, knots, False)
        _, level, interval = arrival
        value_class, consequential = items.stakes(drawn, p, quantiles)
        yield "arrive", arrival
        yield "arrival_time", items.arrival_time(3.0 * entity, levels, knots, 0)
        yield "value_class_of", items.value_class_of(u, quantiles)
        yield "stakes", (value_class, consequential)
        yield "defects_of", items.defects_of(u, 1 - u, u * u, p)
        yield "schema_share", items.schema_share(entity % 5, p)
        drawn = keys.item_words(KEY, kind, entity, keys.CHECK)
        yield "check_flags", items.check_flags(drawn, p)
        yield "validated", items.validated(entity % 16, entity)
        yield "edge_type", items.edge_type(u, table)
        yield "edge_share", items.edge_share(entity % 9, p)
        yield "edge_case", items.edge_case(keys.item_words(KEY, kind, entity, keys.EDGE_TYPE), p, table)
        defects, flags, edge, exception = items.inspect(KEY, kind, entity, p, table, entity % 3, entity % 4)
        yield "inspect", (defects, flags, edge, exception)
        unhandled = edge > 5
        drawn = keys.item_words(KEY, kind, entity, keys.DECISION)
        stage = keys.item_words(KEY, kind, entity, keys.LATENCY)
        yield "outlook", items.outlook(z, p)
        ease, lost = items.ease(u, z, p), items.penalty(defects, unhandled, p)
        yield "ease", ease
        yield "penalty", lost
        right = ease > lost
        flags |= items.decision_flags(drawn, stage, p)
        yield "decision_flags", flags
        cuts = cuts_of(p, z, -z)
        yield "set_cuts", cuts
        triggers = items.triggers_of(1 - u, right, unhandled, flags, consequential, value_class, p, cuts)
        yield "triggers_of", triggers
        yield "at_level", items.at_level(triggers, entity % 3)
        yield "connector_time", integration.connector_time(p)
        yield "latency", integration.latency(drawn, p)
        yield "outage", integration.outage(KEY, entity, p)
        yield "faulted", oversight.faulted(right, flags)
        yield "is_escalated", oversight.is_escalated(drawn, p)
        for t in teams:
            hours = oversight.review_hours(drawn, t, 2 ** (entity % 7))
            yield "review_hours", hours
            yield "patience", oversight.patience(drawn, t)
            x = oversight.congestion(entity, 3, t)
            yield "congestion", x
            yield "occupied", oversight.occupied(hours, x, t)
            yield "catch_probability", oversight.catch_probability(z, x, t, p)
            verdict = oversight.verdict(drawn, t, p, 2 ** (entity % 8), flags, right, z, x)
            yield "verdict", verdict
        yield "surfaces_after", governance.surfaces_after(KEY, entity, p)
        failed = governance.failures(KEY, entity, p)
        yield "failures", failed
        yield "problem_time", governance.problem_time(KEY, entity, failed, p)
        flags = (entity % 5 == 0, entity % 7 == 0)
        yield "level_of", governance.level_of(entity % 4, entity % 9, *flags, p)
        yield "stays_suspended", governance.stays_suspended(entity % 4, entity % 9, p)
        rate, worse = 0.4 * u + 0.02, 1.1 + 4.0 * (1 - u)
        yield "chart_step", chart.chart_step(u, entity % 3 == 0, rate, worse)
        if entity % 4 == 0:  # both ways of finding it; interpreted, one takes long
            for audits in (0.5, 5.0, 1e4):
                yield "chart_threshold", chart.chart_threshold(rate, worse, audits / rate)
        yield from of_production(entity, u, p, teams[0])
        if entity % 40 == 0:  # interpreted, they take long
            yield from of_solving(u, p)
        now = entity * 7_654_321_987
        yield "wait_bin", oversight.wait_bin(now)
        for calendar in all_calendars:
            yield "staffed_time", clock.staffed_time(now, calendar)
            yield "closes", clock.closes(clock.next_opening(now, calendar), calendar)
            yield "instant_of", clock.instant_of(now, calendar)
            yield "is_staffed", clock.is_staffed(now, calendar)
            yield "next_opening", clock.next_opening(now, calendar)
            yield "reached", clock.reached(now, 9 * clock.HOUR, calendar)


def of_production(entity, u, p, t):
    """Yield the same for the rules of what production does to a workflow, for one entity."""
    now, since = entity * 7_654_321_987, entity * 1_234_567_891
    drift = production.drift_at(now, 0.4 * (entity % 3), p)
    yield "drift_at", drift
    yield "still_drifts", production.still_drifts(drift, packed(erosion=p[P.EROSION] * (entity % 2)))
    yield "in_control", production.in_control(entity // 3, entity)
    yield "audits_in", production.audits_in(1000.0 * u, entity, now)
    kind = (keys.SHOCK, keys.SCHEMA_CHANGE, keys.BIRTH)[entity % 3]
    yield "next_after", production.next_after(KEY, kind, entity, 2.5 * (entity % 4))
    yield "born_type", production.born_type(KEY, entity, 1 + 7 * entity)
    connected = production.connected(now, np.array([0, 10**10, 4 * 10**11, clock.NEVER]))
    yield "connected", connected
    without = np.array([[keys.OUTAGE, 40, 0], [keys.RESTRICTION, 10**11, 3 * 10**11]])
    yield "taken_out", taken_out(without, keys.OUTAGE, entity)
    yield "is_lifted", is_lifted(without, now)
    yield "kind_of_change", production.kind_of_change(entity % 5)
    yield "lead_time", production.lead_time(KEY, entity, entity % 7, connected, p)
    yield "distrust", production.distrust(u, since, now, p)
    yield "dented", production.dented(u, since, now, p)
    yield "adopted_share", production.adopted_share(now, since, u, since, p)
    yield "hires_wanted", production.hires_wanted(3 * entity, entity % 4, entity % 3, entity % 6, p, t)
    yield "hire_time", production.hire_time(p)
    yield "learning", production.learning(now, p)


def of_solving(u, p):
    """Yield the same for the rules of the thresholds."""
    defects = solving.defect_shares({f"data.{name}": value for name, value in DIRTY.items()})
    mix, cuts = np.zeros((3, 32)), np.zeros(2 * items.CUTS)
    grid = solving.HARDNESS_NODES, solving.HARDNESS_WEIGHTS
    yield "decision_mix", solving.decision_mix(defects, u, 0.4, u, p, *grid, mix)
    yield "decision_mix", mix.ravel()
    yield "threshold_of", solving.threshold_of(1 - u, mix, 32, 0.8)
    solving.solve_cuts(defects, u, 0.4, u, p, p, *grid, mix, cuts)
    yield "solve_cuts", cuts


def exact(value):
    """Return a number, or several of them, as text that shows every bit."""
    if isinstance(value, tuple | np.ndarray):
        return " ".join(exact(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    return float(value).hex() if isinstance(value, float) else str(int(value))


def lines():
    """Return a line for each call."""
    return [f"{name} {exact(value)}" for name, value in calls()]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()))
