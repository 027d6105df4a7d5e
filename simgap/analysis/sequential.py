"""When enough has been simulated: intervals that hold although one stops on looking at them.

Trials are looked at a few times, each time at more of them. Look k is given a part a_k of the 5 % that an
interval may miss, by a fixed sequence that sums to 5 % (alpha spending: Lan & DeMets 1983, *Biometrika* 70,
659-663; here by Bonferroni's inequality, as the times of the looks depend on the data). All intervals then
hold together with a probability of 95 %, so the one at which one stops holds whatever the rule for stopping
is. The time of a look is fixed before its last trials are drawn; that a mean is about normal at such a time
is Anscombe's theorem (1952, *Proceedings of the Cambridge Philosophical Society* 48, 600-607), and the rule
is that of Chow & Robbins (1965, *Annals of Mathematical Statistics* 36, 457-462). Pure functions on plain
arrays; see docs/stopping.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simgap.analysis.statistics import PERCENTILE_METHOD, FloatArray, unskewed

FIRST = 100  # trials before the first look
MISS = 0.05  # probability that the interval at which one stops misses, at most
SPENT = (0.1, 0.8)  # of it at the first look and at that of the number predicted; half the rest at each more
COCHRAN = 25.0  # trials that a mean needs, by squared skewness
GROWTH = 1.1  # from one look to the next, at least
MOST_GROWTH = 10.0
SURE = 1.5  # standard errors of the predicted number that the next look allows for
MOST_MARGIN = 2.0
AHEAD = 3.0  # times the trials at hand, beyond which the prediction is first made anew half way

Interval = tuple[float, float, float]


@dataclass(frozen=True)
class Target:
    """How narrow an interval is to be.

    Attributes
    ----------
    size : float
        Half-width, in the unit of the outcome, or as a share of the estimate.
    relative : bool
        Whether it is such a share.
    """

    size: float
    relative: bool = False

    def of(self, estimate: float) -> float:
        """Return the half-width that is wanted at an estimate."""
        return self.size * abs(estimate) if self.relative else self.size


@dataclass(frozen=True)
class Metric:
    """An outcome that may be known to a precision.

    Attributes
    ----------
    outcome : str
        Of a trial, by its name in the results.
    path : str
        Of the estimate in the JSON.
    kind : str
        ``mean``, ``quantile`` or ``probability``.
    at : float
        Of a quantile, its probability. Of a probability, the outcome counts where it is less than this, or
        for infinity where it is infinite.
    """

    outcome: str
    path: str
    kind: str
    at: float = math.nan

    def values(self, outcome: FloatArray) -> FloatArray:
        """Return a number a trial: what is averaged, or whose quantile is taken."""
        if self.kind != "probability" or math.isnan(self.at):
            return outcome
        return np.asarray(np.isinf(outcome) if math.isinf(self.at) else outcome < self.at, np.float64)


@dataclass(frozen=True)
class Look:
    """What was seen at a look.

    Attributes
    ----------
    n : int
        Trials looked at.
    alpha : float
        Probability that is spent at it: that of missing. Zero where one only plans and cannot stop.
    estimate, low, high : float
        With the interval at the level 1 - alpha; where one only plans, at that of the next look that counts.
    reached : bool
        Whether one may stop.
    """

    n: int
    alpha: float
    estimate: float
    low: float
    high: float
    reached: bool

    @property
    def half_width(self) -> float:
        """How far the farther end of the interval is from the estimate."""
        return farther(self.estimate, self.low, self.high)


def farther(estimate: float, low: float, high: float) -> float:
    """Return how far the farther end of an interval is from its estimate: what "within +/-" promises.

    Examples
    --------
    >>> farther(1.0, 0.75, 1.0)  # of all of some trials
    0.25
    """
    return max(high - estimate, estimate - low)


def spending(look: int) -> float:
    """Return the probability that may be spent at a look, counted from 0; all of them sum to `MISS`.

    Examples
    --------
    >>> round(sum(spending(look) for look in range(60)), 12)
    0.05
    """
    if look < len(SPENT):
        return MISS * SPENT[look]
    return MISS * (1.0 - sum(SPENT)) / 2.0 ** (look - len(SPENT) + 1)


def skewness(values: FloatArray) -> float:
    """Return the third standardised moment of numbers; 0.0 of equal ones."""
    d = values - values.mean()
    spread = float(np.mean(d * d))
    return float(np.mean(d**3)) / spread**1.5 if _varies(values) else 0.0


def _varies(values: FloatArray) -> bool:
    return bool(np.ptp(values) > 0.0)


def mean(values: FloatArray, alpha: float) -> Interval:
    """Return a mean with Hall's interval, which corrects Student's for skewness.

    The monotone cubic transformation of the studentised mean (Hall 1992, "On the removal of skewness by
    transformation", *Journal of the Royal Statistical Society B* 54, 221-228), with Student's quantile.

    Parameters
    ----------
    values : FloatArray[n]
        Finite, n >= 2.
    alpha : float
        Probability of missing, both sides together.

    Returns
    -------
    estimate, low, high : float
        All the same where the values are.
    """
    from scipy.special import stdtrit

    n, estimate = len(values), float(values.mean())
    if n < 2:
        return estimate, -math.inf, math.inf
    if not _varies(values):
        return estimate, estimate, estimate
    error = float(values.std(ddof=1)) / math.sqrt(n)
    t, g = float(stdtrit(n - 1, 1.0 - alpha / 2.0)), skewness(values) / math.sqrt(n)
    above, below = unskewed(np.array([-t, t]), np.array(g)).tolist()
    return estimate, estimate - error * below, estimate - error * above


def probability(values: FloatArray, alpha: float) -> Interval:
    """Return a share with the exact interval of Clopper & Pearson (1934, *Biometrika* 26, 404-413).

    It misses with a probability of at most `alpha` for any number of events, none included.

    Parameters
    ----------
    values : FloatArray[n]
        1.0 for an event, 0.0 for none.
    alpha : float
        As in `mean`.
    """
    from scipy.special import betaincinv

    n, events = len(values), float(values.sum())
    low = float(betaincinv(events, n - events + 1.0, alpha / 2.0)) if events else 0.0
    high = float(betaincinv(events + 1.0, n - events, 1.0 - alpha / 2.0)) if events < n else 1.0
    return events / n, low, high


def _ranks(n: int, q: float, alpha: float) -> tuple[int, int]:
    """Return the ranks from 1 of the order statistics that hold a quantile; 0 and n + 1 are infinite."""
    from scipy.special import bdtr

    below = bdtr(np.arange(n + 1), n, q)  # P(at most k of n values lie below the quantile)
    low = int(np.searchsorted(below, alpha / 2.0, side="right"))  # P(fewer than low) <= alpha / 2
    high = int(np.searchsorted(below, 1.0 - alpha / 2.0)) + 1  # P(high or more) <= alpha / 2
    return low, high


def quantile(q: float, values: FloatArray, alpha: float) -> Interval:
    """Return a quantile with the interval between two order statistics.

    It misses with a probability of at most `alpha` whatever the law (Conover 1999, *Practical Nonparametric
    Statistics*, section 3.2). An end is infinite where there are too few values for it.

    Parameters
    ----------
    q : float
        0 < q < 1.
    values : FloatArray[n]
        Finite.
    alpha : float
        As in `mean`.
    """
    ordered = np.concatenate([[-math.inf], np.sort(values), [math.inf]])
    low, high = _ranks(len(values), q, alpha)
    estimate = float(np.percentile(values, 100.0 * q, method=PERCENTILE_METHOD))
    return estimate, float(ordered[low]), float(ordered[high])


def interval(metric: Metric, values: FloatArray, alpha: float) -> Interval:
    """Return estimate, low and high of a metric from a number a trial."""
    if metric.kind == "quantile":
        return quantile(metric.at, values, alpha)
    return {"mean": mean, "probability": probability}[metric.kind](values, alpha)


def looked(metric: Metric, values: FloatArray, target: Target, looks: Sequence[Look], alpha: float) -> Look:
    """Look at the trials at hand.

    Parameters
    ----------
    metric : Metric
        What is to be known.
    values : FloatArray[n]
        A number a trial, as `Metric.values` gives it.
    target : Target
        How well.
    looks : sequence of Look
        Those before.
    alpha : float
        To spend, as `ahead` returned it; zero where one only plans.

    Returns
    -------
    Look
        One may stop where the farther end of the interval is near enough and, of a mean, the trials are more
        than `COCHRAN` times the squared skewness seen (Cochran 1977, *Sampling Techniques*, section 2.15).
    """
    estimate, low, high = interval(metric, values, alpha or upcoming(looks))
    narrow = farther(estimate, low, high) <= target.of(estimate)
    reached = bool(alpha) and narrow and len(values) >= _fewest(metric, values)
    return Look(len(values), alpha, estimate, low, high, reached)


def upcoming(looks: Sequence[Look]) -> float:
    """Return what may be spent at the next look that counts."""
    return spending(sum(look.alpha > 0.0 for look in looks))


def _fewest(metric: Metric, values: FloatArray) -> float:
    return COCHRAN * skewness(values) ** 2 if metric.kind == "mean" else 0.0


def needed(metric: Metric, values: FloatArray, target: Target, alpha: float) -> tuple[float, float]:
    """Predict how many trials make the interval narrow enough.

    Parameters
    ----------
    metric, values, target
        As in `looked`.
    alpha : float
        Level of the interval then.

    Returns
    -------
    n : float
        The half-width falls as one over the root of n. Infinite where nothing can be predicted.
    error : float
        Relative standard error of n: of a variance by the fourth moment seen, of a quantile's density by the
        number of values between the ends of its interval.
    """
    n = len(values)
    estimate, low, high = interval(metric, values, alpha)
    wanted = target.of(estimate)
    if high == low:
        return float(n), 0.0
    if not wanted or math.isinf(high - low):
        return math.inf, math.inf
    times = farther(estimate, low, high) / wanted
    more = n * times * times  # not `** 2`, which fails where a product is infinite
    if metric.kind == "quantile":
        a, b = _ranks(n, metric.at, alpha)
        return more, 2.0 / math.sqrt(b - a)
    d = (values - values.mean()) ** 2
    error = float(d.std() / d.mean()) / math.sqrt(n) if _varies(values) else 1.0 / math.sqrt(n)
    return max(more, _fewest(metric, values)), error


def ahead(
    metric: Metric, values: FloatArray, target: Target, looks: Sequence[Look], most: int
) -> tuple[int, float]:
    """Return at how many trials to look next, and what to spend then.

    One looks at the number that is predicted, with a margin for the error of the prediction. Where that is
    far ahead, the prediction is first made anew half way, which costs nothing: one cannot stop there.

    Parameters
    ----------
    metric, values, target
        As in `looked`.
    looks : sequence of Look
        Those up to now.
    most : int
        Trials that there may be, more than those at hand.

    Returns
    -------
    n : int
        At least `GROWTH` times and at most `MOST_GROWTH` times the trials at hand, and at most `most`.
    alpha : float
        Zero where one only plans.
    """
    have, alpha = len(values), upcoming(looks)
    n, error = needed(metric, values, target, alpha)
    wanted = (
        n * min(MOST_MARGIN, 1.0 + SURE * error * math.sqrt(max(0.0, 1.0 - have / n))) if n < math.inf else n
    )
    least, largest = math.ceil(GROWTH * have), int(MOST_GROWTH * have)
    plans = wanted > AHEAD * have
    step = min(max(wanted / 2.0 if plans else wanted, least), largest)
    if step >= most:
        return most, alpha
    return math.ceil(step), 0.0 if plans else alpha


def running(metric: Metric, values: FloatArray, points: int = 80) -> FloatArray:
    """Return how an estimate and its plain 95 % interval went as trials came in.

    Parameters
    ----------
    metric, values
        As in `looked`.
    points : int
        At how many numbers of trials, evenly spaced by their logarithm.

    Returns
    -------
    FloatArray[points, 4]
        Number of trials, estimate, low, high; ends may be infinite. No more rows than trials.
    """
    n = len(values)
    numbers = np.unique(np.geomspace(min(10, n), n, points).round().astype(int))
    return np.array([(k, *interval(metric, values[:k], MISS)) for k in numbers], np.float64)


METRICS = {
    "npv": Metric("realised_npv", "realised.npv.mean", "mean"),
    "cashable_npv": Metric("cashable_npv", "realised.cashable_npv.mean", "mean"),
    "projected": Metric("projected_npv", "projected.npv.mean", "mean"),
    "gap": Metric("gap", "gap.mean", "mean"),
    "peak_funding": Metric("peak_funding", "realised.peak_funding.mean", "mean"),
    "p5": Metric("realised_npv", "realised.npv.p5", "quantile", 0.05),
    "p50": Metric("realised_npv", "realised.npv.p50", "quantile", 0.5),
    "p95": Metric("realised_npv", "realised.npv.p95", "quantile", 0.95),
    "p_negative": Metric("realised_npv", "realised.p_negative", "probability", 0.0),
    "p_success": Metric("success", "realised.p_success", "probability"),
    "p_never": Metric("payback_months", "realised.payback_months.p_never", "probability", math.inf),
}
DIFFERENCE = Metric("realised_npv", "pairs.difference.mean", "mean")
METHODS = {
    "mean": "Hall's skewness-corrected t",
    "quantile": "order statistics",
    "probability": "Clopper-Pearson",
}
