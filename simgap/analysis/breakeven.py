"""Break-even: at which value of an input the preference between two portfolios flips.

Nothing is simulated here. The caller simulates both portfolios on the same futures at the values that
`next_values` asks for, adds what came of it to the curve, and asks again until nothing more is asked for:

    curve = EMPTY
    while values := next_values(curve, low, high, 0.01):
        curve = extended(curve, values, *mean_differences(values))

The futures are the same at every value, so the curve is as smooth as the model, and noise moves it as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from simgap.analysis.statistics import BoolArray, FloatArray, IntArray, may_be_best
from simgap.sampling.quantiles import quantile

START = 4  # values, evenly spaced
SLACK = 1  # halvings by which a bracket may lag behind bisection
TOGETHER = 1 / 8  # of the tolerance: what lies closer is simulated once


@dataclass(frozen=True)
class Curve:
    """The mean paired difference between two portfolios, as far as it is simulated.

    Attributes
    ----------
    values : FloatArray[m]
        Of the input, rising.
    mean : FloatArray[m]
        Mean over futures of the first portfolio's NPV less the second's.
    half_width : FloatArray[m]
        Of the 95 % interval of the mean; nan where there is none.
    rounds : int
        How often values were added after the first.
    """

    values: FloatArray
    mean: FloatArray
    half_width: FloatArray
    rounds: int = 0

    def limits(self) -> list[FloatArray]:
        """Return the mean, the lower and the upper end of its interval, which is endless where unknown."""
        half = np.where(np.isnan(self.half_width), np.inf, self.half_width)
        return [self.mean, self.mean - half, self.mean + half]


EMPTY = Curve(np.zeros(0), np.zeros(0), np.zeros(0), -1)


def extended(curve: Curve, values: Sequence[float], mean: FloatArray, half_width: FloatArray) -> Curve:
    """Return a curve with what was simulated at further values, all of them new.

    Parameters
    ----------
    curve : Curve
        `EMPTY` to begin with.
    values : sequence of float, length m
        As `next_values` returns them.
    mean, half_width : FloatArray[m]
        As in `Curve`.
    """
    x = np.concatenate([curve.values, np.asarray(values, np.float64)])
    order = np.argsort(x)
    y, half = (np.concatenate(parts)[order] for parts in ((curve.mean, mean), (curve.half_width, half_width)))
    return Curve(x[order], y, half, curve.rounds + 1)


def next_values(curve: Curve, low: float, high: float, tolerance: float) -> list[float]:
    """Return at which further values to simulate, to narrow down where the preference flips.

    Four evenly spaced values to begin with. Then, wherever the mean or an end of its interval changes its
    sign between neighbours, one value between them, until neighbours are close. The value is that of ITP
    (Oliveira & Takahashi 2020, *ACM Transactions on Mathematical Software* 47(1), 5): linear interpolation,
    moved half a tolerance towards the middle so that the root is soon hemmed in from both sides, and no
    farther from the middle than lets a bracket lag one halving behind bisection. What lies within a start
    interval with an even number of sign changes is not found.

    Parameters
    ----------
    curve : Curve
        What is simulated so far.
    low, high : float
        The range, ``low < high``.
    tolerance : float
        Width of a bracket that suffices, as a share of the range.

    Returns
    -------
    list of float
        Rising, none of them simulated yet; empty where nothing is left to do.
    """
    if not len(curve.values):
        return [float(value) for value in np.linspace(low, high, START)]
    close = tolerance * (high - low)
    asked: list[float] = []
    for line in curve.limits():
        for i in _changes(line):
            (a, b), (fa, fb) = curve.values[i : i + 2].tolist(), line[i : i + 2].tolist()
            if b - a > close and fa and fb:
                allowed = (high - low) / (START - 1) * 2.0 ** (SLACK - curve.rounds - 1)
                asked.append(_itp(a, b, _root(a, b, fa, fb), close / 2.2, allowed))
    kept: list[float] = []
    for value in sorted(asked):
        if not kept or value - kept[-1] > TOGETHER * close:
            kept.append(value)
    return kept


def _changes(line: FloatArray) -> IntArray:
    """Return the i for which the line passes from one sign to the other, or to or from zero, by i + 1."""
    sign = np.sign(line)
    return np.flatnonzero(sign[:-1] != sign[1:])


def _root(a: float, b: float, fa: float, fb: float) -> float:
    """Return where the chord is zero; the middle where an end is infinite."""
    return a + (b - a) * fa / (fa - fb) if np.isfinite(fa - fb) else (a + b) / 2.0


def _itp(a: float, b: float, guess: float, step: float, allowed: float) -> float:
    """Return a value inside a bracket that leaves at most `allowed`, or half, of it whatever the sign."""
    middle = (a + b) / 2.0
    moved = guess + np.clip(middle - guess, -step, step)
    reach = max(0.0, allowed - (b - a) / 2.0)
    value = float(middle + np.clip(moved - middle, -reach, reach))
    return value if a < value < b else middle


def at_whole_numbers(curve: Curve) -> Curve:
    """Return a curve over the numbers that were simulated, each once, of an input that is rounded up."""
    # As `scenario.values` does it.
    values, first = np.unique(np.ceil(curve.values - 1e-9), return_index=True)
    if len(values) < 2:
        return curve
    return Curve(values, curve.mean[first], curve.half_width[first], curve.rounds)


def crossings(curve: Curve) -> list[dict[str, Any]]:
    """Return where the mean difference changes its sign, with intervals.

    Between neighbours the mean and the ends of its interval are taken as straight lines. The interval of a
    crossing inverts the paired t-test, as Fieller (1954, *Journal of the Royal Statistical Society B* 16,
    175-185) does for a ratio: it holds all values around the crossing at which the 95 % interval of the mean
    difference holds zero. A true crossing lies at such values with 95 %. Crossings with the same interval
    cannot be told apart. All numbers are as exact as the search's tolerance: where the mean jumps, the jump
    lies within it.

    Parameters
    ----------
    curve : Curve
        Rising values, at least two.

    Returns
    -------
    list of dict
        ``value``, rising; ``ci95``, whose ends are None where the interval reaches the end of the range or
        there is one trial; ``falls``, whether the mean falls through zero, so that the first portfolio is
        ahead below. A mean of exactly zero at an end of the range is a crossing, a touch within it is none.
    """
    mean, lower, upper = (_roots(curve.values, line) for line in curve.limits())
    ends = [value for value, _ in lower + upper]
    return [
        {
            "value": value,
            "ci95": [
                max((end for end in ends if end <= value), default=None),
                min((end for end in ends if end >= value), default=None),
            ],
            "falls": falls,
        }
        for value, falls in mean
    ]


def _roots(values: FloatArray, line: FloatArray) -> list[tuple[float, bool]]:
    """Return where a line through points passes zero, and whether it falls there."""
    sign, x = np.sign(line), values.tolist()
    found = []
    if not sign[0] and sign[1]:
        found.append((x[0], bool(sign[1] < 0.0)))
    apart = np.flatnonzero(sign).tolist()
    for i, j in pairwise(apart):
        if sign[i] != sign[j]:
            # Where the line is zero at points in between, the middle of these.
            root = _root(x[i], x[j], line[i], line[j]) if j == i + 1 else (x[i + 1] + x[j - 1]) / 2.0
            found.append((float(root), bool(sign[i] > 0.0)))
    if not sign[-1] and sign[-2]:
        found.append((x[-1], bool(sign[-2] > 0.0)))
    return found


def finding(key: str, a: str, b: str, curve: Curve) -> dict[str, Any]:
    """Return what a search has found, as the JSON of ``break_even``.

    Parameters
    ----------
    key : str
        Key path, or a condition whose dose varies.
    a, b : str
        Names of the two portfolios; the curve is of a's NPV less b's.
    curve : Curve
        What is simulated, both ends of the range among it.

    Returns
    -------
    dict
        ``key``, ``a``, ``b``, ``low`` and ``high`` of the range, ``crossings``, ``ahead_throughout`` (the one
        whose mean is higher in all of the range; None where the preference flips, or both are always the
        same), ``shown_throughout``, whether the interval holds zero nowhere, and ``curve``.
    """
    found = crossings(curve)
    _, lower, upper = curve.limits()
    side = 0.0 if found else float(np.sign(curve.mean).sum())
    return {
        "key": key,
        "a": a,
        "b": b,
        "low": float(curve.values[0]),
        "high": float(curve.values[-1]),
        "crossings": found,
        "ahead_throughout": (a if side > 0.0 else b) if side else None,
        "shown_throughout": bool((lower > 0.0).all() or (upper < 0.0).all()),
        "curve": {
            "values": curve.values.tolist(),
            "mean": curve.mean.tolist(),
            "half_width": [None if np.isnan(half) else float(half) for half in curve.half_width],
        },
    }


def default_range(believed: Mapping[str, Any] | float, low: float, high: float) -> tuple[float, float]:
    """Return the range in which a break-even is sought where none is stated.

    Parameters
    ----------
    believed : mapping or float
        A distribution in its resolved form, whose P1 to P99 are returned (where they are equal, its lowest to
        highest value), or a number, whose half to double.
    low, high : float
        Bounds of the parameter, to which the range is cut.

    Raises
    ------
    ValueError
        Nothing is left of it, as of half to double of zero.

    Examples
    --------
    >>> default_range(0.8, 0.0, 1.0)
    (0.4, 1.0)
    """
    if isinstance(believed, Mapping):
        ends = quantile(believed, np.array([0.01, 0.99])).tolist()
        if "values" in believed and ends[0] == ends[1]:  # nearly all of it on one value
            ends = [believed["values"][0], believed["values"][-1]]
    else:
        ends = sorted((believed / 2.0, believed * 2.0))
    start, end = (min(high, max(low, float(value))) for value in ends)
    if not start < end:
        raise ValueError(f"no range within {low:g} to {high:g}")
    return start, end


def winners(npv: FloatArray) -> tuple[IntArray, BoolArray]:
    """Return which portfolio is best at each point of a map, and whether its lead can be told from chance.

    Parameters
    ----------
    npv : FloatArray[n, points, k]
        By future, point and portfolio.

    Returns
    -------
    winner : IntArray[points]
        The highest mean; of equals the first.
    shown : BoolArray[points]
        Whether it beats every other, by `statistics.may_be_best`: where it is not the best in truth, that is
        said with a probability of at most 5 %, at each point by itself.
    """
    points = range(npv.shape[1])
    kept = np.array([may_be_best(npv[:, p]) for p in points], np.bool_)
    return np.argmax(npv.mean(axis=0), axis=1), kept.sum(axis=1) == 1
