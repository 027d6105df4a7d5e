"""Times: drawn in hours by inversion and rounded once, to integer microseconds."""

from __future__ import annotations

from simgap.compiling import small
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import Law
from simgap.sampling.inversion import exponential_quantile, lognormal_normal, normal_quantile


@small
def time_hours(u: float, law: int, mean: float, sigma: float) -> float:
    """Return a time in hours by inversion; `sigma`, of its logarithm, counts under the lognormal law only."""
    if law == Law.DETERMINISTIC:
        return mean
    if law == Law.EXPONENTIAL:
        return mean * exponential_quantile(u)
    return lognormal_normal(normal_quantile(u), mean, sigma)


@small
def to_microseconds(hours: float) -> int:
    """Return hours as integer microseconds, `NEVER` when they exceed what a simulation can reach."""
    scaled = hours * HOUR
    return NEVER if scaled >= NEVER else int(scaled + 0.5)
