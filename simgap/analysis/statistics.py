"""Statistics of trials: summaries, ratios, proportions, tails, the best of several, rank correlations, bins.

All intervals are two-sided at 95 %. Plain arrays in, plain numbers out. The trials are taken as independent,
unless **blocks** say otherwise: which independent unit each trial belongs to, a randomisation with its points
or a draw of the unknowns with its lucks. Estimates are then those of all trials, and intervals come from what
blocks differ by; where each trial is a block of its own, nothing changes.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PERCENTILE_METHOD: Literal["median_unbiased"] = "median_unbiased"  # `summarise` says why
_TAIL = 0.975
_Z = 1.959963984540054  # the standard normal's quantile at _TAIL


class Stats(TypedDict):
    """Summary of one outcome over trials; `ci95` is of the mean, p5 to p95 are of the outcome."""

    mean: float
    sd: float | None
    p5: float
    p50: float
    p95: float
    ci95: list[float] | None


class Ratio(TypedDict):
    """Ratio of two means; `ci95` is None where no bounded interval exists."""

    value: float
    ci95: list[float] | None


def student(degrees: int, below: float = _TAIL) -> float:
    """Return the quantile of Student's t, by default that of intervals at 95 %."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, below))


def unskewed(x: FloatArray, g: FloatArray) -> FloatArray:
    """Return the studentised mean t that Hall's transformation takes to x.

    It solves ``t + g t^2 / 3 + g^2 t^3 / 27 + g / 6 = x`` (Hall 1992, *Journal of the Royal Statistical
    Society B* 54, 221-228), which takes out what skewness does to Student's t, to the first order.

    Parameters
    ----------
    x : FloatArray[...]
        Quantiles of Student's t.
    g : FloatArray[...]
        Skewness of the values over the root of their number.
    """
    skewed = np.abs(g) > 1e-6
    some = np.where(skewed, g, 1.0)
    return np.asarray(np.where(skewed, 3.0 / some * (np.cbrt(1.0 + some * (x - some / 6.0)) - 1.0), x))


def _some(values: FloatArray) -> None:
    if not len(values):
        raise ValueError("no values; at least one is needed")


def block_values(values: FloatArray, blocks: IntArray | None) -> FloatArray:
    """Return a number a block, independent of each other, whose mean is the mean of all trials.

    Of blocks of one size these are the means of the blocks. Where some have lost trials, the number of block
    b of n_b trials is M + (n_b / n) (M_b - M), with M the mean of all, M_b that of the block and n the mean
    size: their variance is then that of a ratio of two means, trials being what is divided by (Cochran 1977,
    *Sampling techniques*, 3rd ed., chapter 6).

    Parameters
    ----------
    values : FloatArray[n] or FloatArray[n, k]
        One row a trial.
    blocks : IntArray[n] or None
        Block of each trial, counted from 0 without a gap; None: each its own.

    Returns
    -------
    FloatArray[blocks] or FloatArray[blocks, k]
        The values themselves where each trial is its own block.

    Examples
    --------
    >>> block_values(np.array([1.0, 3.0, 8.0, 4.0]), np.array([0, 0, 1, 1])).tolist()
    [2.0, 6.0]
    """
    if blocks is None or not len(blocks) or blocks.max() + 1 == len(values):
        return values
    sizes = np.bincount(blocks)
    table = values.reshape(len(values), -1)
    sums = np.stack([np.bincount(blocks, column) for column in table.T], axis=1)
    if np.ptp(sizes) == 0:
        found = sums / sizes[0]
    else:
        mean = table.mean(axis=0)
        found = mean + (sums - sizes[:, None] * mean) / sizes.mean()
    return np.asarray(found.reshape(-1, *values.shape[1:]))


def summarise(values: FloatArray, blocks: IntArray | None = None) -> Stats:
    """Summarise one outcome over trials.

    Percentiles are approximately median-unbiased whatever the distribution (definition 8 of Hyndman & Fan
    1996, *American Statistician* 50, 361-365, the one they recommend). numpy's default, the linear one,
    places p5 and p95 too far inwards in small samples. Up to 13 trials p5 and p95 are the extremes.

    Parameters
    ----------
    values : FloatArray[n]
        Finite, one per trial.
    blocks : IntArray[n], optional
        Block of each trial.

    Returns
    -------
    Stats
        Sample standard deviation (n - 1), None where n = 1, and Student's interval of the mean, with as many
        degrees of freedom as there are blocks less one; None where there is but one.

    Raises
    ------
    ValueError
        There are no values.
    """
    _some(values)
    n = len(values)
    mean = float(values.mean())
    p5, p50, p95 = (float(p) for p in np.percentile(values, [5, 50, 95], method=PERCENTILE_METHOD))
    sd = float(values.std(ddof=1)) if n > 1 else None
    ci95, of = None, block_values(values, blocks)
    if sd is not None and len(of) > 1:
        spread = sd if of is values else float(of.std(ddof=1))
        half = student(len(of) - 1) * spread / math.sqrt(len(of))
        ci95 = [mean - half, mean + half]
    return {"mean": mean, "sd": sd, "p5": p5, "p50": p50, "p95": p95, "ci95": ci95}


def fieller_ratio(
    numerator: FloatArray, denominator: FloatArray, blocks: IntArray | None = None
) -> Ratio | None:
    """Return the ratio of two means of paired trials with Fieller's interval.

    The interval holds every ratio r for which the mean of ``numerator - r * denominator`` does not differ
    from zero by Student's test (Fieller 1954, *Journal of the Royal Statistical Society B* 16, 175-185).
    It is bounded only where the denominator's mean itself differs from zero.

    Parameters
    ----------
    numerator, denominator : FloatArray[n]
        Paired by trial, finite.
    blocks : IntArray[n], optional
        Block of each trial; the differences are then those of blocks.

    Returns
    -------
    Ratio or None
        None where there are no trials or the denominator's mean is zero. `ci95` is None where there is but
        one trial or block, or where the denominator's mean is not significantly different from zero.

    Raises
    ------
    ValueError
        The arrays differ in length.
    """
    n = len(numerator)
    if len(denominator) != n:
        raise ValueError(f"{n} numerators and {len(denominator)} denominators; trials must be paired")
    numerator, denominator = (block_values(part, blocks) for part in (numerator, denominator))
    n = len(numerator)
    base = float(denominator.mean()) if n else 0.0
    if base == 0.0:
        return None
    value = float(numerator.mean()) / base
    if n == 1:
        return {"value": value, "ci95": None}
    # In d = r - value the limits solve (1 - g) d^2 + 2 h d - k = 0. Written about the estimate, the
    # quadratic has no cancellation and always has two real roots when g < 1.
    t = student(n - 1)
    g, h, k = (t / base) ** 2 / n * np.cov(denominator, numerator - value * denominator).ravel()[[0, 1, 3]]
    if g >= 1.0:
        return {"value": value, "ci95": None}
    root = math.sqrt(h * h + (1.0 - g) * k)
    limits = [value + float((sign * root - h) / (1.0 - g)) for sign in (-1.0, 1.0)]
    return {"value": value, "ci95": limits}


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Return the score interval of a proportion.

    Wilson 1927, *Journal of the American Statistical Association* 22, 209-212; recommended for small n and
    for proportions near 0 or 1 by Brown, Cai & DasGupta 2001, *Statistical Science* 16, 101-133.

    Parameters
    ----------
    successes : float
        0 <= successes <= n. A trial may count for a part, as a tie does: what lies between 0 and 1 varies
        less than what is 0 or 1 with the same mean, so the interval is then rather too wide.
    n : float
        Trials; the effective number of weighted ones may be broken.

    Returns
    -------
    low, high : float
        Within [0, 1]; (0.0, 1.0) where n = 0.
    """
    if n == 0:
        return 0.0, 1.0
    z2 = _Z**2
    centre = (successes + z2 / 2.0) / (n + z2)
    half = math.sqrt(z2 * (successes * (n - successes) / n + z2 / 4.0)) / (n + z2)
    # At 0 and at n the limit is exact; rounding must not leave a probability outside [0, 1].
    low = centre - half if successes else 0.0
    high = centre + half if successes < n else 1.0
    return low, high


def proportion(
    hits: FloatArray, blocks: IntArray | None = None, draws: int | None = None
) -> tuple[float, float]:
    """Return the interval of a proportion, the trials of a block depending on each other.

    Wilson's interval, with Student's quantile and with the number of independent trials that would err as
    much as the blocks show: p (1 - p) over the variance of their mean (the effective sample size of Kish
    1965, *Survey sampling*, as Korn & Graubard 1998, *Survey Methodology* 24, 193-201, use it). Two cases
    need a word. Where all trials agree, blocks show nothing, and the trials count as many as there are draws
    of the unknowns. Where the blocks agree and the trials do not, the standard error is not taken as less
    than 1 / n, as if a single trial had come out otherwise.

    Parameters
    ----------
    hits : FloatArray[n]
        From 0 to 1; as in `wilson` a trial may count for a part.
    blocks : IntArray[n], optional
        Block of each trial. Where each is its own, the interval is that of `wilson`.
    draws : int, optional
        Different draws of the unknowns among the trials; by default as many as blocks.

    Returns
    -------
    low, high : float
        Within [0, 1]; all of it where there is but one block.
    """
    of, n = block_values(hits, blocks), len(hits)
    if of is hits:
        return wilson(float(hits.sum()), n)
    if len(of) == 1:
        return 0.0, 1.0
    share = float(hits.mean())
    if share in (0.0, 1.0):
        return _score(share, draws or len(of), _Z)
    error = max(float(of.std(ddof=1)) / math.sqrt(len(of)), 1.0 / n)
    return _score(share, share * (1.0 - share) / error**2, student(len(of) - 1))


def _score(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's interval of a share of n independent trials, n any number above 0."""
    z2 = quantile**2
    centre = (share * n + z2 / 2.0) / (n + z2)
    half = quantile * math.sqrt(share * (1.0 - share) * n + z2 / 4.0) / (n + z2)
    return centre - half if share else 0.0, centre + half if share < 1.0 else 1.0


def cvar(values: FloatArray, share: float = 0.05) -> float:
    """Return the mean of the lowest `share` of the values: conditional value at risk of an outcome.

    The value at the quantile counts with the fraction of it that lies in the tail, so the result is exact
    for the empirical distribution at any n (Rockafellar & Uryasev 2000, *Journal of Risk* 2(3), 21-41;
    Acerbi & Tasche 2002, *Journal of Banking & Finance* 26, 1487-1503).

    Parameters
    ----------
    values : FloatArray[n]
        Finite; lower is worse.
    share : float
        0 < share <= 1.

    Raises
    ------
    ValueError
        There are no values.

    Examples
    --------
    >>> cvar(np.array([4.0, 1.0, 3.0, 2.0]), 0.5)
    1.5
    """
    _some(values)
    held = share * len(values)
    weights = np.clip(held - np.arange(len(values)), 0.0, 1.0)
    return float(weights @ np.sort(values) / held)


def may_be_best(values: FloatArray, blocks: IntArray | None = None) -> BoolArray:
    """Return which of several alternatives may have the highest expected value, judged on paired trials.

    With a probability of at least 95 % the alternative whose expected value is highest is among them. One is
    left out where some other beats it by a one-sided paired t-test at 5 % / (k - 1): the best alternative is
    left out only if one of its own k - 1 comparisons errs, which Bonferroni's inequality bounds. No common
    variance or correlation is assumed.

    Parameters
    ----------
    values : FloatArray[n, k]
        One row a trial, one column an alternative; higher is better.
    blocks : IntArray[n], optional
        Block of each trial; the tests are then of the differences of blocks.

    Returns
    -------
    BoolArray[k]
        The alternative with the highest mean is always among them, and all are where there is but one trial
        or block.

    References
    ----------
    J. C. Hsu (1984), "Constrained simultaneous confidence intervals for multiple comparisons with the best",
    *Annals of Statistics* 12, 1136-1144; B. L. Nelson & F. J. Matejcik (1995), "Using common random numbers
    for indifference-zone selection and multiple comparisons in simulation", *Management Science* 41,
    1935-1945; B. L. Nelson, J. Swann, D. Goldsman & W. Song (2001), "Simple procedures for selecting the best
    simulated system when the number of alternatives is large", *Operations Research* 49, 950-963, whose
    screening this is, on paired differences.
    """
    values = block_values(values, blocks)
    n, k = values.shape
    kept = np.ones(k, np.bool_)
    if n == 1 or k == 1:
        return kept
    t = student(n - 1, 1.0 - 2.0 * (1.0 - _TAIL) / (k - 1))
    for i in range(k):
        ahead = values[:, [i]] - values
        kept[i] = (ahead.mean(axis=0) >= -t * ahead.std(axis=0, ddof=1) / math.sqrt(n)).all()
    return kept


def mean_ranks(values: FloatArray) -> FloatArray:
    """Return the ranks from 1 of numbers that are no nan; ties get their mean rank.

    `scipy.stats` has the same, and takes longer to import than a short run takes.

    Examples
    --------
    >>> mean_ranks(np.array([5.0, 2.0, 5.0, 9.0])).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(ties) - (ties - 1) / 2.0)[place], np.float64)


def rank_correlations(
    inputs: FloatArray, outcome: FloatArray, comparisons: int = 1, draws: int | None = None
) -> FloatArray:
    """Return Spearman's correlation of each input with the outcome, with intervals.

    Fisher's z with variance ``(1 + rho^2 / 2) / (n - 3)`` (Bonett & Wright 2000, *Psychometrika* 65, 23-28);
    ties get their mean rank.

    Parameters
    ----------
    inputs : FloatArray[n, k]
        One row per trial.
    outcome : FloatArray[n]
        May hold infinities, such as a payback of never.
    comparisons : int
        How many intervals are to hold together at 95 %, by Bonferroni's inequality.
    draws : int, optional
        Different draws of the unknowns among the trials, by default each. The intervals are as wide as so
        many independent trials make them. Several lucks a draw, or a design that fills the space evenly, err
        less, so that they are then rather too wide.

    Returns
    -------
    FloatArray[k, 3]
        rho, low, high; all ``nan`` where the input or the outcome is constant, or there are fewer than four
        trials or draws.
    """
    n, k = inputs.shape
    if min(n, draws or n) < 4:
        return np.full((k, 3), np.nan)
    middle = (n + 1) / 2.0
    x = np.stack([mean_ranks(column) for column in inputs.T], axis=1) - middle if k else inputs
    y = mean_ranks(outcome) - middle
    # 0 / 0 of a constant is the nan that is wanted; a perfect correlation has an infinite z.
    with np.errstate(invalid="ignore", divide="ignore"):
        rho = np.clip(y @ x / np.sqrt((x * x).sum(axis=0) * (y @ y)), -1.0, 1.0)
        z = np.arctanh(rho)
    quantile = -NormalDist().inv_cdf((1.0 - _TAIL) / max(1, comparisons))
    half = quantile * np.sqrt((1.0 + rho**2 / 2.0) / (min(n, draws or n) - 3))
    return np.stack([rho, np.tanh(z - half), np.tanh(z + half)], axis=1)


def histogram_quantile(counts: IntArray, edges: FloatArray, q: float) -> float:
    """Return a quantile of a binned sample, taking the values as even within their bin.

    Parameters
    ----------
    counts : IntArray[b]
        Values per bin.
    edges : FloatArray[b + 1]
        Increasing. The last may be infinite; a quantile in that bin is ``inf``.
    q : float
        0 < q <= 1.

    Returns
    -------
    float
        In the unit of `edges`; ``nan`` where the sample is empty.

    Examples
    --------
    >>> histogram_quantile(np.array([1, 3]), np.array([0.0, 1.0, 4.0]), 0.5)
    2.0
    """
    filled = np.flatnonzero(counts)
    if not filled.size:
        return math.nan
    up_to = np.cumsum(counts[filled])
    i = int(np.searchsorted(up_to, q * up_to[-1]))
    part = 1.0 - (up_to[i] - q * up_to[-1]) / counts[filled[i]]
    low, high = edges[filled[i]], edges[filled[i] + 1]
    return float(low + part * (high - low))
