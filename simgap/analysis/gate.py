"""Go / no-go: what a pilot design promises, what production then delivers, what deciding by it is worth.

Plain arrays in, plain data out. All intervals are two-sided at 95 %; the trials are taken as independent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simgap.analysis.hurdle import FOLDS, RESAMPLES, Curve, best_hurdle, decided_without, mean_gain, resampled
from simgap.analysis.regression import Fit, local_linear
from simgap.analysis.statistics import rank_correlations, summarise, wilson

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

GRID = 60  # promises at which the haircut is given
ENDS = (0.01, 0.99)  # of the futures in order of their promises: between which of them
LIMITS = (2.5, 97.5)  # percentiles of resampled hurdles


class Design(NamedTuple):
    """What the trials of one pilot design gave; money in one currency, net present values at the decision.

    Attributes
    ----------
    name : str
    promise : FloatArray[n]
        Projected NPV that the sponsors read from the pilot.
    delivered : FloatArray[n]
        Realised NPV if production follows, which is simulated in every trial; all costs count.
    stopped : FloatArray[n]
        NPV if it does not: what the pilot, and what it carries, have cost.
    go : BoolArray[n]
        Whether the file's `go_if` goes on.
    success : BoolArray[n]
        Whether production, if it follows, succeeds by the file's criterion.
    cost : FloatArray[n]
        Cost of the pilot and what was paid once for the investments that it carries.
    length_months, go_live_month : FloatArray[n]
        Length of the pilot; months from the decision to go-live.
    """

    name: str
    promise: FloatArray
    delivered: FloatArray
    stopped: FloatArray
    go: BoolArray
    success: BoolArray
    cost: FloatArray
    length_months: FloatArray
    go_live_month: FloatArray

    def decided(self, go: BoolArray) -> FloatArray:
        """Return what each trial is worth under these decisions; the cost of the pilot counts in any case."""
        return np.where(go, self.delivered, self.stopped)


def gate(designs: Sequence[Design], seed: int) -> dict[str, Any]:
    """Return the designs, and each pair of them compared on the same draws.

    Parameters
    ----------
    designs : sequence of Design
        Paired by trial.
    seed : int
        Of the random numbers of the hurdle's interval.

    Returns
    -------
    dict
        ``designs``: as `design` returns them. ``pairs``: for each pair ``a``, ``b`` the ``difference`` of
        their value, a less b; whether it is ``shown``, its interval without zero (each interval by itself,
        not all jointly); ``p_a_better`` and ``p_equal``, shares of the futures; ``success_difference``: of
        the chances to succeed of those that go, None where either never goes. ``best``: the design that is
        worth most, None where none is worth more on average than not starting at all, which is worth 0.

    Raises
    ------
    ValueError
        There are no trials, or the designs differ in their number.
    """
    if len({len(d.promise) for d in designs}) > 1:
        raise ValueError("the designs differ in their number of trials; trials must be paired")
    value = {d.name: float(d.decided(d.go).mean()) for d in designs}
    best = max(value, key=value.__getitem__, default=None)
    return {
        "designs": [design(d, seed) for d in designs],
        "pairs": [_pair(a, b) for a, b in itertools.combinations(designs, 2)],
        "best": best if best is not None and value[best] > 0.0 else None,
    }


def design(of: Design, seed: int) -> dict[str, Any]:
    """Return what one pilot design costs, promises and delivers, and what deciding by it is worth.

    Parameters
    ----------
    of : Design
        At least one trial.
    seed : int
        Of the random numbers of the hurdle's interval.

    Returns
    -------
    dict
        ``promise``, ``delivered`` and, where any goes, ``realised_if_go``: statistics. ``promise_error``: its
        ``bias``, promise less delivered, with ``spread`` (standard deviation) and the promise's
        ``rank_correlation`` with what is delivered.

        ``worth_going``: share of the futures in which going is worth more than stopping. ``false_go``,
        ``false_stop``: shares, also of all futures, that went where it is not and that stopped where it is.
        ``table`` counts them.

        ``value``: of deciding by the file's `go_if`. ``value_always_go``, ``value_never_go``,
        ``value_perfect``: of going always, never, and of knowing. ``haircut``: `haircut`. ``hurdle``:
        `hurdle`. Each ``X_ci95`` is the interval of ``X``, None where there is none.

    Raises
    ------
    ValueError
        There are no trials.
    """
    promise, delivered, go = of.promise, of.delivered, of.go
    n, goes = len(go), int(go.sum())
    worth = delivered > of.stopped
    curve = mean_gain(promise, delivered - of.stopped)
    error = summarise(promise - delivered)
    rank, *interval = map(float, rank_correlations(promise[:, None], delivered)[0])
    return {
        "name": of.name,
        "cost": float(of.cost.mean()),
        "length_months": float(of.length_months.mean()),
        "go_live_month": float(of.go_live_month.mean()),
        "promise": summarise(promise),
        "promise_error": {
            "bias": error["mean"],
            "bias_ci95": error["ci95"],
            "spread": error["sd"],
            "rank_correlation": _known(rank),
            "rank_correlation_ci95": None if math.isnan(rank) else interval,
        },
        "delivered": summarise(delivered),
        "stopped": summarise(of.stopped),
        "realised_if_go": summarise(delivered[go]) if goes else None,
        **_share("p_go", go),
        **_share("p_success_given_go", of.success[go]),
        **_share("worth_going", worth),
        **_share("false_go", go & ~worth),
        **_share("false_stop", ~go & worth),
        "table": {
            "go_worth": int((go & worth).sum()),
            "go_not_worth": int((go & ~worth).sum()),
            "stop_worth": int((~go & worth).sum()),
            "stop_not_worth": n - int((go | worth).sum()),
        },
        "value": summarise(of.decided(go)),
        "value_always_go": summarise(delivered),
        "value_never_go": summarise(of.stopped),
        "value_perfect": summarise(np.maximum(delivered, of.stopped)),
        "haircut": haircut(promise, delivered, curve),
        "hurdle": hurdle(of, curve, seed),
    }


def haircut(promise: FloatArray, delivered: FloatArray, curve: Curve) -> dict[str, Any]:
    """Return what a promise is worth: the mean of what is delivered, given the promise.

    Parameters
    ----------
    promise, delivered : FloatArray[n]
        Paired; n > 0.
    curve : Curve
        The mean gain of going by the same promises. Its span is used here too, so that there is enough data
        for both at the same promises.

    Returns
    -------
    dict
        ``promise``, ``worth``, ``low``, ``high``, ``enough``: lists over 60 promises, from the 1st to the
        99th percentile, by `local_linear`, which says what the band covers and what is enough.
        ``enough_from``, ``enough_to``: the least and the greatest promise with enough, None where there is
        none. ``constant``: whether several promises are all the same. ``span``: of the fit. ``example``:
        ``promise``, a round one near the median, with its ``worth`` and ``ci95``; None where there is too
        little data.
    """
    rising = curve.promise
    first, last = (rising[round(share * (len(rising) - 1))] for share in ENDS)
    at = np.unique(np.linspace(first, last, GRID))
    fit = local_linear(promise, delivered, at, curve.span)
    readable = np.append(curve.points, at[fit.enough])
    median = float(np.median(rising))
    round_ones = np.array([*(float(f"{median:.{digits}g}") for digits in (1, 2, 3)), median])
    return {
        "promise": at.tolist(),
        "worth": list(map(_known, fit.value.tolist())),
        "low": list(map(_known, fit.low.tolist())),
        "high": list(map(_known, fit.high.tolist())),
        "enough": fit.enough.tolist(),
        "enough_from": float(readable.min()) if len(readable) else None,
        "enough_to": float(readable.max()) if len(readable) else None,
        "constant": len(rising) > 1 and bool(rising[0] == rising[-1]),
        "span": curve.span,
        "example": _example(round_ones, local_linear(promise, delivered, round_ones, curve.span)),
    }


def _example(promises: FloatArray, fit: Fit) -> dict[str, Any] | None:
    """Return the first promise that can be read."""
    if not fit.enough.any():
        return None
    i = int(np.argmax(fit.enough))
    interval = [float(fit.low[i]), float(fit.high[i])]
    return {"promise": float(promises[i]), "worth": float(fit.value[i]), "ci95": interval}


def hurdle(of: Design, curve: Curve, seed: int) -> dict[str, Any]:
    """Return the best hurdle, and what using it is worth.

    Parameters
    ----------
    of : Design
        At least one trial.
    curve : Curve
        The mean gain of going, delivered less stopped, by its promises.
    seed : int
        Of the resampling.

    Returns
    -------
    dict
        ``rule``: ``above``, ``always`` or ``never``; ``promise``: the hurdle, None unless ``above``; see
        `best_hurdle`. ``read``: whether there is a curve to read it from; if not, the mean gain decides
        between always and never. ``low``, ``high``: its interval, each a ``rule`` and a ``promise`` as above,
        from percentiles of 400 resampled hurdles; ``p_always`` and ``p_never``: shares of them. All four None
        where there is no curve.

        ``value``: of deciding by the best hurdle, each trial by that of others (`decided_without`), ``p_go``
        the share that goes, ``gain`` what it is worth more than `go_if`; None with fewer than 10 trials, or
        with too few to choose a hurdle without a tenth of them.
    """
    extra = of.delivered - of.stopped
    best, again = best_hurdle(curve), resampled(curve, seed)
    found: dict[str, Any] = {
        **_rule(best),
        "read": len(again) > 0,
        "folds": FOLDS,
        "resamples": RESAMPLES,
        **dict.fromkeys(("low", "high", "p_always", "p_never", "value", "p_go", "gain")),
    }
    if len(again):
        # Percentiles that are values, since nothing lies between a hurdle and never going.
        limits = np.percentile(again, LIMITS, method="inverted_cdf")
        found["low"], found["high"] = map(_rule, limits.tolist())
        found["p_always"], found["p_never"] = (float((again == end).mean()) for end in (-np.inf, np.inf))
    go = decided_without(of.promise, extra, curve) if len(extra) >= FOLDS else None
    if go is not None:
        value = of.decided(go)
        found["value"], found["p_go"] = summarise(value), float(go.mean())
        found["gain"] = summarise(value - of.decided(of.go))
    return found


def _rule(promise: float) -> dict[str, Any]:
    rule = "above" if math.isfinite(promise) else "always" if promise < 0.0 else "never"
    return {"rule": rule, "promise": _known(promise)}


def _pair(a: Design, b: Design) -> dict[str, Any]:
    more = a.decided(a.go) - b.decided(b.go)
    difference = summarise(more)
    interval = difference["ci95"]
    return {
        "a": a.name,
        "b": b.name,
        "difference": difference,
        "p_a_better": float((more > 0.0).mean()),
        "p_equal": float((more == 0.0).mean()),
        "shown": interval is not None and (interval[0] > 0.0 or interval[1] < 0.0),
        "success_difference": _success_difference(a, b),
    }


def _success_difference(a: Design, b: Design) -> dict[str, Any] | None:
    """Return the difference of two chances to succeed, each of the trials that go, which overlap.

    The interval is made of Wilson's two (Zou & Donner 2008, *Statistics in Medicine* 27, 1693-1702; Newcombe
    1998 has it for independent ones), with the correlation of the two estimates over the trials.
    """
    if not (a.go.any() and b.go.any()):
        return None
    shares = [float(d.success[d.go].mean()) for d in (a, b)]
    parts = [np.where(d.go, d.success - p, 0.0) for d, p in zip((a, b), shares, strict=True)]
    size = math.sqrt(float(parts[0] @ parts[0]) * float(parts[1] @ parts[1]))
    correlation = float(parts[0] @ parts[1]) / size if size else 0.0
    (low_a, high_a), (low_b, high_b) = (wilson(int(d.success[d.go].sum()), int(d.go.sum())) for d in (a, b))

    def reach(x: float, y: float) -> float:
        return math.sqrt(max(0.0, x * x - 2.0 * correlation * x * y + y * y))

    value = shares[0] - shares[1]
    low = value - reach(shares[0] - low_a, high_b - shares[1])
    high = value + reach(high_a - shares[0], shares[1] - low_b)
    return {"value": value, "ci95": [low, high]}


def _share(name: str, of: BoolArray) -> dict[str, Any]:
    """Return a share and its interval under two keys; None of nothing."""
    n, held = len(of), int(of.sum())
    return {name: held / n if n else None, f"{name}_ci95": list(wilson(held, n)) if n else None}


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
