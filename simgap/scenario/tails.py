"""How much of a named distribution lies below a value, and above it: each computed by itself, so that neither
tail is lost in what 1 minus a small number rounds to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from simgap.scenario.table import INF

Distribution = Mapping[str, Any]


def support(d: Distribution) -> tuple[float, float]:
    """Return the ends between which a named distribution lies; infinite where it has none.

    Examples
    --------
    >>> support({"family": "lognormal", "mean": 2.0, "cv": 1.0})
    (0.0, inf)
    """
    if "low" in d:
        return float(d["low"]), float(d["high"])
    return {"normal": (-INF, INF), "lognormal": (0.0, INF), "beta": (0.0, 1.0)}[d["family"]]


def beta_shapes(d: Distribution) -> tuple[float, float]:
    """Return alpha and beta of a beta, or of the beta that a pert is on its own range.

    Notes
    -----
    A pert has the mean (low + 4 mode + high) / 6: Malcolm, Roseboom, Clark and Fazar (1959), "Application of
    a technique for research and development program evaluation", Operations Research 7(5).
    """
    if d["family"] == "pert":
        width = d["high"] - d["low"]
        return 1.0 + 4.0 * (d["mode"] - d["low"]) / width, 1.0 + 4.0 * (d["high"] - d["mode"]) / width
    total = d["mean"] * (1.0 - d["mean"]) / d["sd"] ** 2 - 1.0
    return d["mean"] * total, (1.0 - d["mean"]) * total


def tails(d: Distribution, x: float) -> tuple[float, float]:
    """Return the probabilities that a named distribution is at most `x`, and that it is above.

    Parameters
    ----------
    d : mapping
        One of `families.FAMILIES` in its resolved form.
    x : float
        In the unit of the input; may be infinite.

    Returns
    -------
    tuple of float
        Each accurate where it is small.

    Examples
    --------
    >>> tails({"family": "uniform", "low": 0.0, "high": 4.0}, 1.0)
    (0.25, 0.75)
    """
    from scipy import special  # late: few scenarios need it where they are read

    low, high = support(d)
    if x <= low:
        return 0.0, 1.0
    if x >= high:
        return 1.0, 0.0
    family = d["family"]
    if family in ("normal", "lognormal"):
        if family == "normal":
            z = (x - d["mean"]) / d["sd"]
        else:
            variance = math.log1p(d["cv"] ** 2)
            z = (math.log(x / d["mean"]) + 0.5 * variance) / math.sqrt(variance)
        return float(special.ndtr(z)), float(special.ndtr(-z))
    below, above = ((x - low) / (high - low), (high - x) / (high - low))
    if family == "uniform":
        return below, above
    if family == "triangular":
        peak = (d["mode"] - low) / (high - low)
        if below < peak:
            return below * below / peak, 1.0 - below * below / peak
        return 1.0 - above * above / (1.0 - peak), above * above / (1.0 - peak)
    a, b = beta_shapes(d)
    return float(special.betainc(a, b, below)), float(special.betainc(b, a, above))
