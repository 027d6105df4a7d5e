"""How long people need for an item, how long it waits for them, and what comes of their review.

Reviewers and specialists follow the same rules; `t` holds the packed parameters of the one team or the other,
and `w` the item's words for `keys.REVIEW` or `keys.SPECIALIST`.
"""

from __future__ import annotations

import math

from simgap.compiling import small
from simgap.model.clock import NEVER
from simgap.model.items import AUDIT, AUDIT_FAULTS, AUDIT_MISSES, BY_HAND, EDGE, EXCEPTION
from simgap.model.parameters import Law, P, T
from simgap.model.times import time_hours, to_microseconds
from simgap.model.types import Floats
from simgap.sampling.inversion import exponential_quantile, logistic
from simgap.sampling.philox import Words, unit

# What comes of a review.
(
    CONFIRMED,  # a right decision stands
    CAUGHT,  # a wrong decision is corrected
    MISSED,  # a wrong decision stands
    OVERTURNED,  # a right decision is made wrong
    MANUAL_RIGHT,
    MANUAL_WRONG,
) = range(6)

WAIT_BINS = 16 * 44


@small
def review_hours(w: Words, t: Floats, triggers: int) -> float:
    """Return the working time of a review without hurry, in hours: longer for exceptions and edge cases."""
    hours = time_hours(unit(w[0]), int(t[T.TIME_LAW]), t[T.TIME], t[T.TIME_SIGMA])
    if triggers & EXCEPTION:
        return hours * t[T.EXCEPTION_FACTOR]
    if triggers & EDGE:
        return hours * t[T.EDGE_FACTOR]
    return hours


@small
def patience(w: Words, t: Floats) -> int:
    """Return how long the item waits for the team before it falls back, in microseconds."""
    if t[T.DEADLINE] == math.inf:
        return NEVER
    if int(t[T.PATIENCE_LAW]) == Law.DETERMINISTIC:
        return to_microseconds(t[T.DEADLINE])
    return to_microseconds(t[T.DEADLINE] * exponential_quantile(unit(w[2])))


@small
def congestion(waiting: int, staff: int, t: Floats) -> float:
    """Return x, from 0 to 1: the work waiting per head, in units of x_ref, when a review starts."""
    return min(1.0, waiting * t[T.MEAN_TIME] / staff / t[T.X_REF])


@small
def occupied(hours: float, x: float, t: Floats) -> int:
    """Return the staffed time that a review occupies: hurry shortens it and shrinkage lengthens it."""
    return to_microseconds(hours * (1.0 - t[T.DELTA] * x) / (1.0 - t[T.SHRINKAGE]))


@small
def catch_probability(hardness: float, x: float, t: Floats, p: Floats) -> float:
    """Return P(catch | wrong): what misleads the AI misleads reviewers, and the swamped let more through."""
    return logistic(t[T.CATCH_INTERCEPT] - p[P.RHO] * p[P.HARDNESS] * hardness - t[T.GAMMA] * x)


@small
def is_escalated(w: Words, p: Floats) -> bool:
    """Return whether an item goes on to a specialist after its review."""
    return unit(w[3]) < p[P.ESCALATED]


@small
def faulted(right: bool, flags: int) -> bool:
    """Return whether an audit finds fault with an AI decision; audits err at stated rates."""
    return (flags & AUDIT_FAULTS) != 0 if right else (flags & AUDIT_MISSES) == 0


@small
def verdict(
    w: Words, t: Floats, p: Floats, triggers: int, flags: int, right: bool, hardness: float, x: float
) -> int:
    """Return the outcome of a review.

    Exceptions and handed-over edge cases carry no AI decision. What is audited is checked with care, whatever
    else is going on: the audit's verdict decides.
    """
    u = unit(w[1])
    if triggers & BY_HAND:
        return MANUAL_WRONG if u < p[P.MANUAL_ERROR] else MANUAL_RIGHT
    if triggers & AUDIT:
        if right:
            return OVERTURNED if faulted(right, flags) else CONFIRMED
        return CAUGHT if faulted(right, flags) else MISSED
    if right:
        return OVERTURNED if u < p[P.OVERTURN] else CONFIRMED
    return CAUGHT if u < catch_probability(hardness, x, t, p) else MISSED


@small
def wait_bin(microseconds: int) -> int:
    """Return the bin of a wait: sixteen bins to each doubling, in units of 65.536 ms.

    Integer arithmetic only, so that every engine on every machine bins alike; `wait_edges` gives the edges.
    """
    v = microseconds >> 16
    e = 0  # the largest with v >> e >= 16, or 0
    for step in (32, 16, 8, 4, 2, 1):
        if v >> (e + step) >= 16:
            e += step
    return 16 * e + (v >> e)
