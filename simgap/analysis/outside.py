"""The outside view: what became of a reference class, beside the forecast of the simulation.

The two are never mixed. Daniel Kahneman & Dan Lovallo (1993), "Timid choices and bold forecasts", *Management
Science* 39, 17-31, name the views; Bent Flyvbjerg (2006), "From Nobel prize to project management: getting
risks right", *Project Management Journal* 37(3), 5-15, makes a forecast of the outside one. All intervals are
two-sided at 95 %, the projects of a class taken as independent and alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simgap.analysis.statistics import BoolArray, FloatArray, wilson
from simgap.scenario.outside import APPLIES, CLASS, MEASURES
from simgap.scenario.published import CLASSES

RANKS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
FAR = 0.9  # of a class: beyond so many a forecast is called optimistic, or pessimistic
FEWEST = 10.0  # projects of which 9 in 10 can be told
_TAIL = 0.025


def effective(weights: FloatArray) -> float:
    """Return the number of equal weights whose mean is as exact (Kish 1965, *Survey Sampling*)."""
    held = weights / weights.max()  # squares of tiny weights are 0
    return float(held.sum() ** 2 / (held**2).sum())


def quantiles(values: FloatArray, weights: FloatArray, ranks: Sequence[float]) -> FloatArray:
    """Return quantiles of a weighted sample.

    With equal weights these are definition 8 of Hyndman & Fan (1996), as in all summaries; a weight moves the
    place of a value as so many values would.

    Parameters
    ----------
    values, weights : FloatArray[n]
        Weights over 0.
    ranks : sequence of float
        Between 0 and 1.

    Examples
    --------
    >>> quantiles(np.array([1.0, 2.0, 3.0]), np.ones(3), [0.5]).tolist()
    [2.0]
    """
    order = np.argsort(values, kind="stable")
    return np.asarray(np.interp(ranks, _places(weights[order]), values[order]), np.float64)


def _places(weights: FloatArray) -> FloatArray:
    """Return the share of the distribution at each value, in the order of the values."""
    n = effective(weights)
    scaled = weights * (n / weights.sum())
    return np.asarray((np.cumsum(scaled) - scaled / 2.0 + 1.0 / 6.0) / (n + 1.0 / 3.0), np.float64)


def quantile_interval(
    values: FloatArray, weights: FloatArray, rank: float
) -> tuple[float | None, float | None]:
    """Return an interval of a quantile, free of any assumption on the distribution; None where it has no end.

    With equal weights between two order statistics, which hold the quantile with a probability of at least
    95 % (David & Nagaraja 2003, *Order Statistics*, section 7.1). With others by inverting the interval of a
    share (Woodruff 1952, *Journal of the American Statistical Association* 47, 635-646), at the effective
    size of the sample.
    """
    order = np.argsort(values, kind="stable")
    ordered, held = values[order], weights[order]
    n = len(ordered)
    if held.min() == held.max():
        from scipy.special import bdtr

        below = bdtr(np.arange(n + 1), n, rank)  # P(at most k of n values lie below the quantile)
        low = int(np.searchsorted(below, _TAIL, side="right"))
        high = int(np.searchsorted(below, 1.0 - _TAIL, side="left")) + 1
        return (float(ordered[low - 1]) if low else None), (float(ordered[high - 1]) if high <= n else None)
    size, places = effective(held), _places(held)
    ends = wilson(rank * size, size)
    low_end = None if ends[0] < places[0] else float(np.interp(ends[0], places, ordered))
    high_end = None if ends[1] > places[-1] else float(np.interp(ends[1], places, ordered))
    return low_end, high_end


def share(chosen: BoolArray | FloatArray, weights: FloatArray) -> tuple[float, tuple[float, float]]:
    """Return a weighted share and its score interval at the effective size of the sample."""
    size = effective(weights)
    found = float((chosen * weights).sum() / weights.sum())
    return found, wilson(found * size, size)


def _spread(values: FloatArray, weights: FloatArray) -> dict[str, Any]:
    found = dict(zip(RANKS, quantiles(values, weights, list(RANKS.values())).tolist(), strict=True))
    intervals = {f"{name}_ci95": list(quantile_interval(values, weights, p)) for name, p in RANKS.items()}
    return {"n": len(values), "n_effective": effective(weights), **found, **intervals}


def of_class(held: Mapping[str, Any], measure: str) -> tuple[FloatArray, FloatArray]:
    """Return the known ratios of a measure and their weights."""
    known = [i for i, ratio in enumerate(held[measure]) if ratio is not None]
    weights = held["weight"] or [1.0] * len(held[measure])
    return (
        np.array([held[measure][i] for i in known], np.float64),
        np.array([weights[i] for i in known], np.float64),
    )


def verdict(below: float, size: float) -> str:
    """Return what a forecast is that such a share of a class of this size falls short of."""
    if size < FEWEST:
        return "few"
    if below > FAR:
        return "optimistic"
    return "pessimistic" if below < 1.0 - FAR else "within"


def own(
    held: Mapping[str, Any], forecast: float | None, projected: float, criterion: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a reference class says, and where the forecast falls in it.

    Parameters
    ----------
    held : mapping
        As `scenario.outside.read_class` returns it.
    forecast : float or None
        Median of realised value over the board's figure; None where that is not positive.
    projected : float
        The board's figure.
    criterion : mapping
        Of success. A project of the class succeeds where its ratio, applied to the board's figure, meets it.

    Returns
    -------
    dict
        ``projects``; ``value``, ``cost``, ``duration``: None where the class does not tell.
    """
    found: dict[str, Any] = {"projects": max(len(held[name]) for name in (*MEASURES, "projected"))}
    for measure in MEASURES:
        ratios, weights = of_class(held, measure)
        found[measure] = {**_spread(ratios, weights), "unknown": 0} if len(ratios) else None
        if found[measure]:
            found[measure]["unknown"] = found["projects"] - len(ratios)
    signs = held["projected"]
    without = sum(sign is not None and sign <= 0.0 for sign in signs)
    found["not_positive"] = without
    value = found["value"]
    if value is None:
        return found
    value["unknown"] -= without
    ratios, weights = of_class(held, "value")
    value["p_short"], value["p_short_ci95"] = share(ratios < 1.0, weights)
    for name in (
        "p_success",
        "p_success_ci95",
        "forecast_above",
        "forecast_above_ci95",
        "verdict",
        "realised",
    ):
        value[name] = None
    if forecast is None:
        return found
    bar = criterion["value"] if criterion["of"] else criterion["value"] / projected
    met = ratios >= bar if criterion["relation"] == ">=" else ratios > bar
    value["p_success"], value["p_success_ci95"] = share(met, weights)
    halved = (ratios < forecast) + 0.5 * (ratios == forecast)
    value["forecast_above"], value["forecast_above_ci95"] = share(halved, weights)
    value["verdict"] = verdict(value["forecast_above"], value["n_effective"])
    value["realised"] = {name: value[name] * projected for name in RANKS}
    return found


def published(name: str) -> dict[str, Any]:
    """Return what a published class says."""
    held = CLASSES[name]
    return {
        "about": held.about,
        "n": held.n or None,
        "figures": [{"what": f.what, "value": f.value, "kind": f.kind} for f in held.figures],
        "source": held.source,
        "caveat": held.caveat,
        "strength": held.strength,
    }


def inside(realised: FloatArray, projected: float) -> dict[str, float] | None:
    """Return the spread of realised value over the board's figure; None where that is not positive."""
    if not projected > 0.0:
        return None
    return dict(
        zip(
            RANKS,
            quantiles(realised / projected, np.ones(len(realised)), list(RANKS.values())).tolist(),
            strict=True,
        )
    )


def outside_view(
    resolved: Mapping[str, Any], realised: FloatArray, projected: FloatArray, lifts: Mapping[str, float]
) -> dict[str, Any] | None:
    """Return the outside view of a run; None where the file states none.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    realised, projected : FloatArray[n]
        Net present value by trial.
    lifts : mapping
        Mean of each uplift over the trials, by path.
    """
    names = resolved["parameters"][CLASS]["value"] or ()
    if not names and not any(lifts.values()):
        return None
    board = float(projected.mean())
    forecast = inside(realised, board)
    median = forecast["p50"] if forecast else None
    return {
        "classes": [
            {
                "name": name,
                "kind": "own",
                **own(resolved["classes"][name], median, board, resolved["success"]),
            }
            if name in resolved["classes"]
            else {"name": name, "kind": "published", **published(name)}
            for name in names
        ],
        "forecast": forecast,
        "uplifts": {path.partition(".")[2]: lifts[path] for path in APPLIES},
    }


def lifts_of(resolved: Mapping[str, Any], names: Sequence[str], drawn: FloatArray) -> dict[str, float]:
    """Return the mean of each uplift over the trials.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    names, drawn : sequence of str and FloatArray[n, len(names)]
        The unknowns and their draws.
    """
    found = {}
    for path in APPLIES:
        value = resolved["parameters"][path]["value"]
        mean = float(drawn[:, list(names).index(path)].mean()) if isinstance(value, dict) else value
        found[path] = 0.0 if mean is None or math.isnan(mean) else float(mean)
    return found
