"""Times of the AI stage and of reviewers, how long an item waits for one, and what comes of a review.

Times are drawn in hours and rounded once, to integer microseconds.
"""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER
from simgap.model.items import BY_HAND, EDGE, EXCEPTION
from simgap.model.keys import item_words
from simgap.model.parameters import Law, P
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, logistic, lognormal_quantile
from simgap.sampling.philox import unit

# What comes of a review.
(
    CONFIRMED,  # a right decision stands
    CAUGHT,  # a wrong decision is corrected
    MISSED,  # a wrong decision stands
    OVERTURNED,  # a right decision is made wrong
    MANUAL_RIGHT,
    MANUAL_WRONG,
) = range(6)

WAIT_BINS = 16 * 40


@rule
def time_hours(u: float, law: int, mean: float, cv: float) -> float:
    """Return a time in hours by inversion; `cv` counts under the lognormal law only."""
    if law == Law.DETERMINISTIC:
        return mean
    if law == Law.EXPONENTIAL:
        return mean * exponential_quantile(u)
    return lognormal_quantile(u, mean, cv)


@rule
def to_microseconds(hours: float) -> int:
    """Return hours as integer microseconds, `NEVER` when they exceed what a simulation can reach."""
    scaled = hours * HOUR
    return NEVER if scaled >= NEVER else int(scaled + 0.5)


@rule
def latency(key: Ints, kind: int, entity: int, p: Floats) -> int:
    """Return the time of the AI stage for an item, in microseconds."""
    law = int(p[P.LATENCY_LAW])
    if law == Law.DETERMINISTIC:
        return to_microseconds(p[P.LATENCY])
    u = unit(item_words(key, kind, entity, keys.LATENCY)[0])
    return to_microseconds(time_hours(u, law, p[P.LATENCY], p[P.LATENCY_CV]))


@rule
def review_hours(key: Ints, kind: int, entity: int, p: Floats, triggers: int) -> float:
    """Return the working time of a review without hurry, in hours: longer for exceptions and edge cases."""
    u = unit(item_words(key, kind, entity, keys.REVIEW)[0])
    hours = time_hours(u, int(p[P.REVIEW_LAW]), p[P.REVIEW_TIME], p[P.REVIEW_CV])
    if triggers & EXCEPTION:
        return hours * p[P.EXCEPTION_FACTOR]
    if triggers & EDGE:
        return hours * p[P.EDGE_FACTOR]
    return hours


@rule
def patience(key: Ints, kind: int, entity: int, p: Floats) -> int:
    """Return how long the item waits for a reviewer before it falls back, in microseconds."""
    if p[P.DEADLINE] == math.inf:
        return NEVER
    if int(p[P.PATIENCE_LAW]) == Law.DETERMINISTIC:
        return to_microseconds(p[P.DEADLINE])
    u = unit(item_words(key, kind, entity, keys.REVIEW)[2])
    return to_microseconds(p[P.DEADLINE] * exponential_quantile(u))


@rule
def congestion(waiting: int, reviewers: int, p: Floats) -> float:
    """Return x, from 0 to 1: the work waiting per reviewer, in units of x_ref, when a review starts."""
    return min(1.0, waiting * p[P.REVIEW_TIME] / reviewers / p[P.X_REF])


@rule
def occupied(hours: float, x: float, p: Floats) -> int:
    """Return the staffed time that a review occupies: hurry shortens it and shrinkage lengthens it."""
    return to_microseconds(hours * (1.0 - p[P.DELTA] * x) / (1.0 - p[P.SHRINKAGE]))


@rule
def catch_probability(hardness: float, x: float, p: Floats) -> float:
    """Return P(catch | wrong): what misleads the AI misleads reviewers, and the swamped let more through."""
    return logistic(p[P.CATCH_INTERCEPT] - p[P.RHO] * p[P.HARDNESS] * hardness - p[P.GAMMA] * x)


@rule
def verdict(
    key: Ints, kind: int, entity: int, p: Floats, triggers: int, right: bool, hardness: float, x: float
) -> int:
    """Return the outcome of a review. Exceptions and handed-over edge cases carry no AI decision."""
    u = unit(item_words(key, kind, entity, keys.REVIEW)[1])
    if triggers & BY_HAND:
        return MANUAL_WRONG if u < p[P.MANUAL_ERROR] else MANUAL_RIGHT
    if right:
        return OVERTURNED if u < p[P.OVERTURN] else CONFIRMED
    return CAUGHT if u < catch_probability(hardness, x, p) else MISSED


@rule
def wait_bin(microseconds: int) -> int:
    """Return the bin of a wait: sixteen bins to each doubling, in units of 65.536 ms.

    Integer arithmetic only, so that every engine on every machine bins alike; `wait_edges` gives the edges.
    """
    v = microseconds >> 16
    e = 0
    while v >> e >= 32:
        e += 1
    return 16 * e + (v >> e)
