"""What an uncertain leaf means: percentiles, mean and spread, and what the bounds of its parameter do.

Nothing is drawn at random: every number comes from quantiles on a fixed grid of probabilities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simgap.analysis.words import unit_of
from simgap.sampling.quantiles import quantile
from simgap.scenario.units import UNITS

FloatArray = NDArray[np.float64]
Distribution = Mapping[str, Any]

RANKS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
# The farthest log-odds of a double below 1; beyond lies less than one part in 1e15.
_FARTHEST, _STEPS = 36.0, 18_001
_PRODUCT = 1000  # points of each factor of a product


@dataclass(frozen=True)
class Law:
    """A distribution as points with weights.

    Attributes
    ----------
    values : FloatArray[n]
        In the normalised unit, not falling, before the bounds of the parameter clip them.
    weights : FloatArray[n]
        Probability of each; they sum to 1.
    percentiles : FloatArray[9]
        At `RANKS`, exact where the distribution has a quantile function.
    kind : str
        ``smooth``, or ``discrete`` or ``sample``, whose points are all the values that it can have.
    """

    values: FloatArray
    weights: FloatArray
    percentiles: FloatArray
    kind: str = "smooth"

    def at_most(self, x: FloatArray) -> FloatArray:
        """Return the probability of at most each of some values."""
        cumulative = np.concatenate([[0.0], np.cumsum(self.weights)])
        after = np.searchsorted(self.values, x, side="right")
        if self.kind != "smooth":
            return np.asarray(cumulative[after])
        middle = 0.5 * (cumulative[:-1] + cumulative[1:])
        found = np.interp(x, self.values, middle, left=0.0, right=1.0)
        # Where many points share a value, as where draws are clipped, it has a probability of its own.
        shared = after - np.searchsorted(self.values, x, side="left") > 1
        return np.asarray(np.where(shared, cumulative[after], found))


def law(distribution: Distribution) -> Law:
    """Return a distribution as points with weights.

    Parameters
    ----------
    distribution : mapping
        In its resolved form.

    Notes
    -----
    The points of a smooth one are evenly spaced in log-odds t of their probability; the trapezoidal rule with
    weights dp/dt then converges exponentially, for the integrand falls off exponentially at both ends
    (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule", SIAM Review 56, 385-458).
    """
    percentiles = quantile(distribution, np.array(RANKS) / 100.0)
    if "values" in distribution:
        values = np.array(distribution["values"], np.float64)
        shares = distribution.get("probabilities")
        if shares is not None:
            return Law(values, np.array(shares, np.float64), percentiles, "discrete")
        return Law(values, np.full(len(values), 1.0 / len(values)), percentiles, "sample")
    t = np.linspace(-_FARTHEST, _FARTHEST, _STEPS)
    p = special.expit(t)
    weights = p * special.expit(-t)
    # Rounding may make neighbours fall by a bit.
    return Law(np.maximum.accumulate(quantile(distribution, p)), weights / weights.sum(), percentiles)


def product(pilot: Distribution | float, factor: Distribution | float, rank_correlation: float = 0.0) -> Law:
    """Return the distribution of a pilot's draw times a factor, bound by a Gaussian copula.

    Parameters
    ----------
    pilot, factor : mapping or float
        Distributions in their resolved form, or numbers.
    rank_correlation : float
        Spearman's, of the two draws.

    Notes
    -----
    On a grid of 1000 by 1000 probabilities: good to two digits and more.
    """
    p = (np.arange(_PRODUCT) + 0.5) / _PRODUCT
    z = special.ndtri(p)
    r = 2.0 * np.sin(np.pi * rank_correlation / 6.0)
    ranks = special.ndtr(r * z[:, None] + np.sqrt(max(0.0, 1.0 - r * r)) * z)
    ranks = np.clip(ranks, 1e-300, 1.0 - 2.0**-53)
    first = quantile(pilot, p) if isinstance(pilot, Mapping) else np.full(_PRODUCT, float(pilot))
    second = quantile(factor, ranks) if isinstance(factor, Mapping) else np.full(ranks.shape, float(factor))
    values = np.sort((first[:, None] * second).ravel())
    n = len(values)
    at = np.ceil(np.array(RANKS) / 100.0 * n).astype(int) - 1
    return Law(values, np.full(n, 1.0 / n), values[at])


def describe(found: Law, low: float, high: float) -> dict[str, Any]:
    """Return the numbers that say what a distribution means for a parameter.

    Parameters
    ----------
    found : Law
        Before clipping.
    low, high : float
        Bounds to which draws are clipped; may be infinite.

    Returns
    -------
    dict
        ``percentiles`` by ``p1`` .. ``p99``, ``mean`` and ``sd``, after clipping; ``low`` and ``high``, None
        for a bound that is infinite; ``p_at_low`` and ``p_at_high``, the probabilities to lie at a bound or
        beyond it; ``clipped``, the probability to lie beyond one.
    """
    values = np.clip(found.values, low, high)
    mean = float(np.sum(found.weights * values))
    sd = float(np.sqrt(max(0.0, np.sum(found.weights * (values - mean) ** 2))))
    percentiles = np.clip(found.percentiles, low, high).tolist()

    def share(chosen: NDArray[np.bool_]) -> float:
        return float(min(1.0, found.weights[chosen].sum()))

    return {
        "percentiles": {f"p{rank}": value for rank, value in zip(RANKS, percentiles, strict=True)},
        "mean": mean,
        "sd": sd,
        "low": low if np.isfinite(low) else None,
        "high": high if np.isfinite(high) else None,
        "p_at_low": share(found.values <= low),
        "p_at_high": share(found.values >= high),
        "clipped": share((found.values < low) | (found.values > high)),
    }


def clipped(found: Law, low: float, high: float) -> Law:
    """Return a distribution after the bounds of its parameter."""
    return Law(
        np.clip(found.values, low, high), found.weights, np.clip(found.percentiles, low, high), found.kind
    )


def figure(value: float) -> str:
    """Write a number with three digits that count.

    Examples
    --------
    >>> figure(0.1234), figure(1234.5), figure(55_123.0), figure(-0.0), figure(999_999.0)
    ('0.123', '1,234', '55.1k', '0', '1M')
    """
    size = abs(float(f"{value:.3g}"))
    if size >= 1e4:
        unit, letter = unit_of(size)
        return f"{'-' if value < 0 else ''}{size / unit:.3g}{letter}"
    if size >= 1e3:
        return f"{value:,.0f}"
    return f"{value + 0.0:.3g}" if size else "0"


_WHOLE_UNITS = (("weeks", 168.0 * 8), ("days", 24.0 * 2), ("h", 1.0), ("min", 1 / 60), ("s", 1 / 3600))


def spoken(unit: str, text: str, middle: float, currency: str) -> tuple[float, str]:
    """Return in what to show numbers: how much one is in the normalised unit, and what it is called.

    Parameters
    ----------
    unit : str
        Key of ``units.UNITS``.
    text : str
        The leaf as written, whose own unit is kept.
    middle : float
        A middle value, which chooses the unit of a time where the text does not.
    currency : str
        Name of the currency.

    Examples
    --------
    >>> spoken("duration", "normal(mean=6, sd=2) min 0 max 10 min", 0.1, "EUR")[1]
    'min'
    >>> spoken("yearly", "", 0.08, "EUR"), spoken("money_hour", "", 40.0, "EUR")
    ((0.01, '% per year'), (1.0, 'EUR per hour'))
    """
    if unit in ("share", "yearly", "monthly"):
        return 0.01, f"% {UNITS[unit].normal}".strip()
    if unit.startswith("money"):
        per = {"money_item": "per item", "money_hour": "per hour", "money_month": "per month"}.get(unit, "")
        return 1.0, f"{currency} {per}".strip()
    if unit == "month":
        return 1.0, "months from go-live"
    if text.startswith("empirical"):
        text = text.rpartition(")")[2]  # a column may be named as a unit is
    phrases = {p: float(factor) for p, factor in UNITS[unit].phrases.items() if p and "working" not in p}
    for phrase in sorted(phrases, key=len, reverse=True):
        # The `min` of a limit has a number behind it.
        if re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z]|\s[-+.0-9])", text.lower()):
            return phrases[phrase], phrase
    if unit in ("duration", "staffed"):
        usable = [(name, size) for name, size in _WHOLE_UNITS if name in phrases]
        name = next((name for name, least in usable if middle >= least), usable[-1][0])
        return phrases[name], name
    return 1.0, UNITS[unit].normal
