"""Quantile functions of the families that a leaf may name: what turns a uniform number into a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simgap.scenario.tails import beta_shapes, support, tails

FloatArray = NDArray[np.float64]
Distribution = Mapping[str, Any]


def _log_above(x: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return np.asarray(np.log(x - lower))


def _exp_above(z: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return np.asarray(lower + np.exp(z))


def _log_below(x: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return np.asarray(-np.log(upper - x))


def _exp_below(z: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return np.asarray(upper - np.exp(-z))


def _logit_between(x: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return np.asarray(np.log((x - lower) / (upper - x)))


def _logistic_between(z: FloatArray, lower: Any, upper: Any) -> FloatArray:
    # lower + (upper - lower) can exceed upper by a rounding.
    return np.asarray(np.clip(lower + (upper - lower) * special.expit(z), lower, upper))


def _same(x: FloatArray, lower: Any, upper: Any) -> FloatArray:
    return x


Transform = Callable[[FloatArray, Any, Any], FloatArray]

METALOG_TRANSFORMS: dict[tuple[bool, bool], tuple[Transform, Transform]] = {
    (False, False): (_same, _same),
    (True, False): (_log_above, _exp_above),
    (False, True): (_log_below, _exp_below),
    (True, True): (_logit_between, _logistic_between),
}
"""(has a lower bound, has an upper bound) -> (value to metalog scale, metalog scale to value)."""


def metalog_coefficients(
    p10: float, p50: float, p90: float, lower: float | None, upper: float | None
) -> tuple[float, float, float]:
    """Return the coefficients of the three-term metalog through three percentiles.

    Parameters
    ----------
    p10, p50, p90 : float
        Percentiles, in the unit of the input, strictly between the bounds.
    lower, upper : float or None
        Bounds, in the same unit; None where there is none.

    Returns
    -------
    a1, a2, a3 : float
        Of M(y) = a1 + a2 logit(y) + a3 (y - 1/2) logit(y), where M is the value itself without bounds,
        log(value - lower) with a lower one only, -log(upper - value) with an upper one only, and
        log((value - lower) / (upper - value)) with both. Whether M rises everywhere is not checked.

    References
    ----------
    T. W. Keelin (2016), "The metalog distributions", Decision Analysis 13(4), 243-277,
    doi:10.1287/deca.2016.0338; the closed form for a symmetric percentile triple.
    """
    to_scale, _ = METALOG_TRANSFORMS[lower is not None, upper is not None]
    z10, z50, z90 = to_scale(np.array([p10, p50, p90], dtype=np.float64), lower, upper).tolist()
    spread = math.log(9.0)  # logit of 0.9
    return z50, (z90 - z10) / (2.0 * spread), (z90 + z10 - 2.0 * z50) / (0.8 * spread)


def _metalog(d: Distribution, p: FloatArray) -> FloatArray:
    """Keelin (2016), as in `metalog_coefficients`."""
    lower, upper = d["lower"], d["upper"]
    a1, a2, a3 = metalog_coefficients(d["p10"], d["p50"], d["p90"], lower, upper)
    _, from_scale = METALOG_TRANSFORMS[lower is not None, upper is not None]
    log_odds = special.logit(p)
    return from_scale(a1 + a2 * log_odds + a3 * (p - 0.5) * log_odds, lower, upper)


def _pert(d: Distribution, p: FloatArray) -> FloatArray:
    low, high = d["low"], d["high"]
    return np.asarray(low + (high - low) * special.betaincinv(*beta_shapes(d), p))


def _triangular(d: Distribution, p: FloatArray) -> FloatArray:
    low, mode, high = d["low"], d["mode"], d["high"]
    rising = low + np.sqrt(p * (high - low) * (mode - low))
    falling = high - np.sqrt((1.0 - p) * (high - low) * (high - mode))
    return np.asarray(np.where(p * (high - low) < mode - low, rising, falling))


def _uniform(d: Distribution, p: FloatArray) -> FloatArray:
    return np.asarray(d["low"] + (d["high"] - d["low"]) * p)


def _normal(d: Distribution, p: FloatArray) -> FloatArray:
    return np.asarray(d["mean"] + d["sd"] * special.ndtri(p))


def _lognormal(d: Distribution, p: FloatArray) -> FloatArray:
    return _lognormal_at(d, special.ndtri(p))


def _lognormal_at(d: Distribution, z: FloatArray) -> FloatArray:
    variance = math.log1p(d["cv"] ** 2)
    return np.asarray(d["mean"] * np.exp(math.sqrt(variance) * z - 0.5 * variance))


def _beta(d: Distribution, p: FloatArray) -> FloatArray:
    return np.asarray(special.betaincinv(*beta_shapes(d), p))


def _triangular_above(d: Distribution, q: FloatArray) -> FloatArray:
    low, mode, high = d["low"], d["mode"], d["high"]
    rising = low + np.sqrt((1.0 - q) * (high - low) * (mode - low))
    falling = high - np.sqrt(q * (high - low) * (high - mode))
    return np.asarray(np.where(q * (high - low) < high - mode, falling, rising))


# Of the named families: the value that is exceeded with a probability, which is small in the upper tail and
# whose difference from 1 would have lost its digits there.
ABOVE: dict[str, Callable[[Distribution, FloatArray], FloatArray]] = {
    "pert": lambda d, q: d["high"] - (d["high"] - d["low"]) * special.betaincinv(*beta_shapes(d)[::-1], q),
    "triangular": _triangular_above,
    "uniform": lambda d, q: d["high"] - (d["high"] - d["low"]) * q,
    "normal": lambda d, q: d["mean"] - d["sd"] * special.ndtri(q),
    "lognormal": lambda d, q: _lognormal_at(d, -special.ndtri(q)),
    "beta": lambda d, q: 1.0 - special.betaincinv(*beta_shapes(d)[::-1], q),
}


def _truncated(d: Distribution, p: FloatArray) -> FloatArray:
    """Inversion of the part of the parent's distribution function between the limits.

    From below where that is at most a half, from above elsewhere: what lies in either tail keeps its digits.
    """
    parent = d["of"]
    start, end = support(parent)
    low = start if d["low"] is None else d["low"]
    high = end if d["high"] is None else d["high"]
    (below, above), (inside, beyond) = tails(parent, low), tails(parent, high)
    kept = above - beyond if below > 0.5 else inside - below
    rank, rest = below + p * kept, beyond + (1.0 - p) * kept
    lower = rank <= 0.5
    smallest = np.finfo(np.float64).tiny  # its neighbour 0 may have an infinite quantile
    x = np.where(
        lower,
        FAMILIES[parent["family"]](parent, np.clip(rank, smallest, 0.5)),
        ABOVE[parent["family"]](parent, np.clip(rest, smallest, 1.0)),
    )
    return np.asarray(np.clip(x, low, high))


def _discrete(d: Distribution, p: FloatArray) -> FloatArray:
    """The smallest value whose cumulative probability reaches p."""
    values = np.asarray(d["values"], dtype=np.float64)
    place = np.searchsorted(np.cumsum(d["probabilities"]), p)
    return np.asarray(values[np.minimum(place, len(values) - 1)])


def _empirical(d: Distribution, p: FloatArray) -> FloatArray:
    """Each value of the sample with the same probability: the bootstrap's own distribution, Efron (1979),
    "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1-26.
    """
    values = np.asarray(d["values"], dtype=np.float64)
    place = np.ceil(p * len(values)).astype(np.int64) - 1
    return np.asarray(values[np.clip(place, 0, len(values) - 1)])


FAMILIES: dict[str, Callable[[Distribution, FloatArray], FloatArray]] = {
    "metalog": _metalog,
    "pert": _pert,
    "triangular": _triangular,
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "beta": _beta,
    "truncated": _truncated,
    "discrete": _discrete,
    "empirical": _empirical,
}
"""Quantile function of each family that a resolved scenario can name."""


def quantile(distribution: Distribution, p: FloatArray) -> FloatArray:
    """Return the quantiles of a distribution in its resolved form.

    Parameters
    ----------
    distribution : mapping
        ``family`` and the family's own keys, all in the unit of the input:

        ==========  ============================================================
        metalog     ``p10``, ``p50``, ``p90``, ``lower``, ``upper`` (None: none)
        pert        ``low``, ``mode``, ``high``
        triangular  ``low``, ``mode``, ``high``
        uniform     ``low``, ``high``
        normal      ``mean``, ``sd``
        lognormal   ``mean``, ``cv`` (dimensionless)
        beta        ``mean``, ``sd``, on 0 .. 1
        truncated   ``of`` (pert to beta above), ``low``, ``high`` (None: none)
        discrete    ``values`` (rising), ``probabilities``
        empirical   ``values`` (sorted), each as likely as the others
        ==========  ============================================================

    p : ndarray of float, any shape
        Probabilities strictly between 0 and 1.

    Returns
    -------
    ndarray of float, the shape of `p`
        In the unit of the input.

    Raises
    ------
    KeyError
        If the family, or one of its keys, is not in the table above. Whether the values make sense is checked
        where a scenario is read.
    """
    # numpy takes other code paths, with other last bits, through strided memory.
    return FAMILIES[distribution["family"]](distribution, np.ascontiguousarray(p, dtype=np.float64))
