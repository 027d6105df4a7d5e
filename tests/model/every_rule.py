"""Calls every rule of the model and prints what it returns, to the last bit."""

import math
import sys

import numpy as np
from rules_by_hand import DIRTY, KEY, packed, zipf_table

from simgap.model import clock, items, keys, oversight


def office():
    """Return the arrays of a calendar from Monday to Friday, 9 to 17 h, and Saturday 20 to 24 h."""
    spans = [(24 * d + 9, 24 * d + 17) for d in range(5)] + [(140, 144)]
    starts = np.array([s * clock.HOUR for s, _ in spans])
    ends = np.array([e * clock.HOUR for _, e in spans])
    before = np.concatenate([[0], np.cumsum(ends - starts)])
    return starts, ends, before, 50 * clock.HOUR


def calls():
    """Yield the name of each rule and what it returns, over items and times."""
    p, table = packed(**DIRTY), zipf_table(30, 1.1)
    starts, ends, before, offset = office()
    levels, knots = np.array([0.0, 50.0, 50.0, 300.0]), np.array([0, 10**9, 10**10, 10**11])
    quantiles = np.array([0.5, 0.9])
    level, interval = 0.0, 0
    for entity in range(120):
        kind = 1 + entity % 2
        u = (entity + 0.5) / 120
        z = 6.0 * u - 3.0
        t = entity * 7_654_321_987
        yield "item_words", keys.item_words(KEY, kind, entity, keys.DATA)
        arrival = items.arrive(KEY, kind, entity, p, level, interval, levels, knots, False, quantiles)
        _, level, interval, value_class, consequential = arrival
        yield "arrive", arrival
        yield "arrival_time", items.arrival_time(3.0 * entity, levels, knots, 0)
        yield "value_class_of", items.value_class_of(u, quantiles)
        yield "defects_of", items.defects_of(u, 1 - u, u * u, 0.5 * u, p)
        yield "validated", items.validated(entity % 16, u, 1 - u, p)
        yield "edge_type", items.edge_type(u, table)
        inspection = items.inspect(KEY, kind, entity, p, table)
        yield "inspect", inspection
        yield "log_odds_right", items.log_odds_right(entity % 16, entity % 3 == 0, z, p)
        yield "confidence", items.confidence(entity % 2 == 0, entity % 3 == 0, z, p)
        decision = items.decide(
            KEY, kind, entity, p, inspection[0], inspection[3], consequential, value_class
        )
        yield "decide", decision
        for law in range(3):
            yield "time_hours", oversight.time_hours(u, law, 0.3, 1.2)
        yield "to_microseconds", oversight.to_microseconds(math.exp(10 * z))
        yield "latency", oversight.latency(KEY, kind, entity, p)
        hours = oversight.review_hours(KEY, kind, entity, p, 2 ** (entity % 6))
        yield "review_hours", hours
        yield "patience", oversight.patience(KEY, kind, entity, p)
        x = oversight.congestion(entity, 3, p)
        yield "congestion", x
        yield "occupied", oversight.occupied(hours, x, p)
        yield "catch_probability", oversight.catch_probability(z, x, p)
        yield "verdict", oversight.verdict(KEY, kind, entity, p, 2 ** (entity % 6), decision[1], z, x)
        yield "wait_bin", oversight.wait_bin(t)
        yield "staffed_time", clock.staffed_time(t, starts, ends, before, offset)
        yield "instant_of", clock.instant_of(t, starts, ends, before, offset)
        yield "is_staffed", clock.is_staffed(t, starts, ends, offset)
        yield "next_opening", clock.next_opening(t, starts, ends, offset)
        yield "reached", clock.reached(t, 9 * clock.HOUR, starts, ends, before, offset)


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
