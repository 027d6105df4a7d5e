"""Distributions that a leaf may name, and the checks that they can be what they say.

The percentile triple is the three-term metalog of Keelin, "The Metalog Distributions", Decision Analysis
13:243-277 (2016), with his log and logit transforms for bounds.
"""

from __future__ import annotations

import math
from typing import Any

from simgap.scenario.table import INF
from simgap.scenario.tails import support, tails
from simgap.scenario.units import Wrong, say, show

# Names of the arguments; True where they are written with their names.
FAMILIES: dict[str, tuple[tuple[str, ...], bool]] = {
    "pert": (("low", "mode", "high"), False),
    "triangular": (("low", "mode", "high"), False),
    "uniform": (("low", "high"), False),
    "normal": (("mean", "sd"), True),
    "lognormal": (("mean", "cv"), True),
    "beta": (("mean", "sd"), True),
}
# Keelin 2016, section 3.3: a three-term metalog is a distribution while |a3| / a2 stays under this.
FEASIBLE = 1.66711
_EXAMPLES = (
    "pert(4, 6, 10), triangular(4, 6, 10), uniform(4, 10), normal(mean=6, sd=1), "
    "lognormal(mean=6, cv=0.5) or beta(mean=5 %, sd=1 %), each perhaps with min and max; "
    "discrete(1 at 30 %, 2 at 70 %) or empirical(FILE.csv)"
)
# A truncation that keeps less of its parent is a slip, and near the end of what can be computed.
LEAST_KEPT = 1e-6
LARGEST_CV = 1000.0
_OF_ONE = ("share", "factor", "number")  # units of what has no dimension


def check_family(family: str, names: list[str], text: str) -> None:
    """Check the name of a family, and the number and names of its arguments.

    Parameters
    ----------
    family : str
        Name in lower case.
    names : list of str
        Names of the arguments as written; empty for an argument without a name.
    text : str
        The text, for messages.

    Raises
    ------
    Wrong
        If there is no such family, or its arguments are others.
    """
    if family not in FAMILIES:
        raise Wrong(f"{show(family)} is not a distribution", _EXAMPLES)
    arguments, named = FAMILIES[family]
    if names != (list(arguments) if named else [""] * len(arguments)):
        form = ", ".join(f"{a}=" for a in arguments) if named else ", ".join(arguments)
        raise Wrong(f"{show(text)} does not have the arguments of {family}", f"{family}({form})")


def check_metalog(
    p10: float, p50: float, p90: float, lower: float, upper: float, text: str
) -> dict[str, Any]:
    """Return a percentile triple as a metalog, if there is one.

    Parameters
    ----------
    p10, p50, p90 : float
        Quantiles, strictly inside the bounds and not falling.
    lower, upper : float
        Bounds; infinite where there is none.
    text : str
        The text, for messages.

    Returns
    -------
    dict
        ``{"family": "metalog", "p10", "p50", "p90", "lower", "upper"}``, None for an infinite bound.

    Raises
    ------
    Wrong
        If no three-term metalog has these quantiles, or its variance would not be finite.
    """
    z10, z50, z90 = (_transformed(p, lower, upper) for p in (p10, p50, p90))
    logit = math.log(9)
    a2 = (z90 - z10) / (2 * logit)
    a3 = (z90 + z10 - 2 * z50) / (0.8 * logit)
    if not abs(a3) < FEASIBLE * a2:
        raise Wrong(
            f"{show(text)} is too lopsided: no smooth curve has these three percentiles",
            "a P50 nearer the middle, or pert(a, b, c) or triangular(a, b, c)",
        )
    # exp(slope * logit(y)) has a finite variance only under a slope of one half.
    if upper == INF and lower > -INF and a2 + a3 / 2 >= 0.5:
        raise Wrong(
            f"{show(text)} has so long a tail that its variance is infinite",
            f"a largest possible value, such as {show(f'{text} max N')}",
        )
    if lower == -INF and upper < INF and a2 - a3 / 2 >= 0.5:
        raise Wrong(
            f"{show(text)} has so long a tail that its variance is infinite",
            f"a smallest possible value, such as {show(f'{text} min N')}",
        )
    return {
        "family": "metalog",
        "p10": p10,
        "p50": p50,
        "p90": p90,
        "lower": lower if lower > -INF else None,
        "upper": upper if upper < INF else None,
    }


def distribution(
    family: str, values: list[float], low: float, high: float, unit: str, text: str, allowed: str
) -> dict[str, Any]:
    """Return a named distribution, if its support lies within the bounds of its parameter.

    Parameters
    ----------
    family : str
        Key of ``FAMILIES``.
    values : list of float
        Arguments in the normalised unit.
    low, high : float
        Bounds of the parameter.
    unit : str
        Key of ``units.UNITS``, for messages.
    text, allowed : str
        The text and what is allowed, for messages.

    Returns
    -------
    dict
        ``{"family": family, argument: value, ...}``

    Raises
    ------
    Wrong
        If the arguments are impossible, or the support leaves the bounds.
    """
    given = dict(zip(FAMILIES[family][0], values, strict=True))
    fits = _fitting(low, high, unit)
    if "low" in given:
        _check_ends(given, text)
        if given["low"] < low or given["high"] > high:
            end = low if given["low"] < low else high
            raise Wrong(f"{show(text)} goes beyond {say(end, unit)}", allowed)
    elif family == "beta" and unit not in _OF_ONE:
        raise Wrong("beta lies between 0 and 1, which is no range for this", ", ".join(fits))
    elif family not in fits:
        raise Wrong(
            f"{family} can leave what is possible here ({_interval(low, high, unit)})",
            f"{family}(...) min LOW max HIGH, a triple such as 4 / 6 / 10, or {', '.join(fits)}",
        )
    else:
        _check_moments(family, given, text)
    return {"family": family, **{name: value + 0.0 for name, value in given.items()}}


def truncated(
    parent: dict[str, Any],
    ends: dict[str, float],
    low: float,
    high: float,
    unit: str,
    text: str,
    allowed: str,
) -> dict[str, Any]:
    """Return a named distribution cut to the part between two limits, if that lies within the bounds.

    Parameters
    ----------
    parent : dict
        As `distribution` returns it.
    ends : dict
        ``min`` and ``max``, or one of them, in the normalised unit.
    low, high : float
        Bounds of the parameter.
    unit : str
        Key of ``units.UNITS``, for messages.
    text, allowed : str
        The text and what is allowed, for messages.

    Returns
    -------
    dict
        ``{"family": "truncated", "of": parent, "low", "high"}``, None where nothing is cut. A limit at the
        end of what the parent reaches cuts nothing; where no other is left, the parent itself.

    Raises
    ------
    Wrong
        If a limit lies outside what the parent reaches, hardly anything of it is left, or what is left leaves
        the bounds.
    """
    start, end = support(parent)
    lowest, highest = ends.get("min", start), ends.get("max", end)
    for word, limit, outside in (("min", lowest, lowest < start), ("max", highest, highest > end)):
        if outside:
            reach = _interval(start, end, unit)
            raise Wrong(
                f"{word} {say(limit, unit)} in {show(text)} cuts nothing off",
                f"a limit inside what {parent['family']} reaches ({reach}), or none",
            )
    if lowest >= highest:
        raise Wrong(f"{show(text)} has no room between its limits", "a min below the max")
    # Bounds such as 0.001 keep log-odds finite, as in `_fitting`.
    slack = 0.001 if parent["family"] == "beta" else 0.0
    if lowest < low - slack or highest > high + slack:
        word, bound = ("min", low) if lowest < low - slack else ("max", high)
        raise Wrong(f"{show(text)} can leave what is possible here", f"{word} {say(bound, unit)}; {allowed}")
    (below, above), (inside, beyond) = tails(parent, lowest), tails(parent, highest)
    kept = above - beyond if below > 0.5 else inside - below
    if kept < LEAST_KEPT:
        share = f"{kept:.1g} of it" if kept > 0 else "nothing"
        raise Wrong(
            f"the limits in {show(text)} keep {share}",
            "limits that keep at least a millionth, or uniform(a, b)",
        )
    if start == lowest and end == highest:
        return parent
    return {
        "family": "truncated",
        "of": parent,
        "low": None if lowest == start else lowest,
        "high": None if highest == end else highest,
    }


def _check_ends(given: dict[str, float], text: str) -> None:
    inside = given.get("mode", given["low"])
    if not given["low"] <= inside <= given["high"] or given["low"] == given["high"]:
        raise Wrong(f"{show(text)} does not rise", "lowest, (most likely,) highest value in rising order")


def _check_moments(family: str, given: dict[str, float], text: str) -> None:
    spread = given.get("sd", given.get("cv", 0.0))
    mean = given["mean"]
    # Shapes of a beta beyond a thousand million cannot be computed with.
    if spread <= 0 or (family == "beta" and spread * spread < 1e-9 * mean * (1 - mean)):
        raise Wrong(f"{show(text)} has no spread", "a spread above 0, or the bare number")
    if family == "lognormal" and mean <= 0:
        raise Wrong(f"{show(text)} has a mean of 0 or less", "a mean above 0")
    if family == "lognormal" and spread > LARGEST_CV:
        raise Wrong(f"{show(text)} has too large a spread", f"a cv of at most {LARGEST_CV:,.0f}")
    if family == "beta" and not (0 < mean < 1 and spread * spread < mean * (1 - mean)):
        raise Wrong(
            f"{show(text)} is no beta distribution", "a mean between 0 and 1, and sd^2 under mean (1 - mean)"
        )


def _transformed(value: float, lower: float, upper: float) -> float:
    if lower > -INF and upper < INF:
        return math.log(value - lower) - math.log(upper - value)
    if lower > -INF:
        return math.log(value - lower)
    if upper < INF:
        return -math.log(upper - value)
    return value


def _fitting(low: float, high: float, unit: str) -> list[str]:
    """Families whose support lies within the bounds, whatever their arguments."""
    fits = ["pert", "triangular", "uniform"]
    if low == -INF and high == INF:
        fits.append("normal")
    if low <= 0 and high == INF:
        fits.append("lognormal")
    # Bounds such as 0.001 keep log-odds finite; draws are clipped there, which a beta hardly notices.
    if unit in _OF_ONE and low <= 0.001 and high >= 0.999:
        fits.append("beta")
    return fits


def _interval(low: float, high: float, unit: str) -> str:
    if low == -INF:
        return f"at most {say(high, unit)}" if high < INF else "any number"
    return f"{say(low, unit)} to {say(high, unit)}" if high < INF else f"at least {say(low, unit)}"
