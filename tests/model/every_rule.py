"""Calls every rule of the model and prints what it returns, to the last bit."""

import math
import sys

import numpy as np
from rules_by_hand import DIRTY, KEY, TEAMS, packed, team, zipf_table

from simgap.engines.calendars import calendar_of
from simgap.model import chart, clock, governance, integration, items, keys, oversight, times


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
        yield "defects_of", items.defects_of(u, 1 - u, u * u, 0.5 * u, p)
        yield "validated", items.validated(entity % 16, u, 1 - u, p)
        yield "edge_type", items.edge_type(u, table)
        yield "edge_case", items.edge_case(keys.item_words(KEY, kind, entity, keys.EDGE_TYPE), p, table)
        inspection = items.inspect(KEY, kind, entity, p, table)
        yield "inspect", inspection
        yield "log_odds_right", items.log_odds_right(entity % 16, entity % 3 == 0, z, p)
        yield "confidence", items.confidence(entity % 2 == 0, entity % 3 == 0, z, p)
        drawn = keys.item_words(KEY, kind, entity, keys.DECISION)
        decision = items.decide(drawn, z, -z, p, inspection[0], inspection[3], consequential, value_class)
        yield "decide", decision
        yield "at_level", items.at_level(decision[1], entity % 3)
        yield "connector_time", integration.connector_time(p)
        yield "latency", integration.latency(drawn, p)
        yield "outage", integration.outage(KEY, entity, p)
        yield "is_lost", integration.is_lost(drawn, p)
        yield "is_escalated", oversight.is_escalated(drawn, p)
        for t in teams:
            hours = oversight.review_hours(drawn, t, 2 ** (entity % 7))
            yield "review_hours", hours
            yield "patience", oversight.patience(drawn, t)
            x = oversight.congestion(entity, 3, t)
            yield "congestion", x
            yield "occupied", oversight.occupied(hours, x, t)
            yield "catch_probability", oversight.catch_probability(z, x, t, p)
            verdict = oversight.verdict(drawn, t, p, 2 ** (entity % 7), decision[0], z, x)
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
        now = entity * 7_654_321_987
        yield "wait_bin", oversight.wait_bin(now)
        for calendar in all_calendars:
            yield "staffed_time", clock.staffed_time(now, calendar)
            yield "closes", clock.closes(clock.next_opening(now, calendar), calendar)
            yield "instant_of", clock.instant_of(now, calendar)
            yield "is_staffed", clock.is_staffed(now, calendar)
            yield "next_opening", clock.next_opening(now, calendar)
            yield "reached", clock.reached(now, 9 * clock.HOUR, calendar)


def exact(value):
    """Return a number, or a tuple of them, as text that shows every bit."""
    if isinstance(value, tuple):
        return " ".join(exact(v) for v in value)
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    return float(value).hex() if isinstance(value, float) else str(int(value))


def lines():
    """Return a line for each call."""
    return [f"{name} {exact(value)}" for name, value in calls()]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()))
