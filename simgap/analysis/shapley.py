"""Shapley values of a game, exactly and from paths on which players join; intervals that hold together.

A coalition is a whole number whose bit i says whether player i is in it. Plain arrays in, plain arrays out.

References
----------
L. S. Shapley (1953), "A value for n-person games", *Contributions to the Theory of Games II*, 307-317.
J. Castro, D. Gomez & J. Tejada (2009), "Polynomial calculation of the Shapley value based on sampling",
*Computers & Operations Research* 36, 1726-1730: the mean over random orders in which players join.
R. Mitchell, J. Cooper, E. Frank & G. Holmes (2022), "Sampling permutations for Shapley value estimation",
*Journal of Machine Learning Research* 23(43): an order and its reverse.
E. J. Williams (1949), "Experimental designs balanced for the estimation of residual effects of treatments",
*Australian Journal of Scientific Research A* 2, 149-168: the squares.
M. Grabisch & M. Roubens (1999), "An axiomatic approach to the concept of interaction among players in
cooperative games", *International Journal of Game Theory* 28, 547-565: the interaction index.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simgap.analysis.statistics import FloatArray, IntArray, unskewed


def orders(players: int, draws: int, seed: int) -> IntArray:
    """Return an order in which the players join for each draw.

    Each by itself is uniformly random. Of `players` consecutive draws, counted from 0, each player stands
    once at each place, and every two players are neighbours equally often: they are a Williams square whose
    players are renamed at random.

    Parameters
    ----------
    players, draws : int
        How many of each.
    seed : int
        Of the random numbers. The order of a draw depends on nothing else.

    Returns
    -------
    IntArray[draws, players]

    Examples
    --------
    >>> orders(4, 4, 1).sum(axis=0).tolist()
    [6, 6, 6, 6]
    """
    if not players:
        return np.empty((draws, 0), np.int64)
    steps = np.arange(players)
    zigzag = np.where(steps % 2, (steps + 1) // 2, -(steps // 2))  # 0, 1, -1, 2, -2: each difference once
    square = (zigzag + steps[:, None]) % players
    blocks = [
        np.random.default_rng([seed, block]).permutation(players)[square]
        for block in range(math.ceil(draws / players))
    ]
    return np.concatenate(blocks)[:draws].astype(np.int64)


def paths(order: IntArray) -> IntArray:
    """Return the coalitions that form as the players join in an order and in its reverse.

    Parameters
    ----------
    order : IntArray[draws, n]
        Players.

    Returns
    -------
    IntArray[draws, 2, n + 1]
        From the empty coalition to that of all.
    """
    both = np.stack([order, order[:, ::-1]], axis=1)
    joined = np.cumsum(1 << both, axis=2)
    return np.concatenate([np.zeros((*joined.shape[:2], 1), np.int64), joined], axis=2)


def from_paths(order: IntArray, values: FloatArray) -> FloatArray:
    """Return what each player adds, on average over an order and its reverse; unbiased for the Shapley value.

    Parameters
    ----------
    order : IntArray[draws, n]
        Players.
    values : FloatArray[draws, 2, n + 1]
        Of the coalitions that `paths` returns.

    Returns
    -------
    FloatArray[draws, n]
        A row adds up to what all have more than none.
    """
    added, found = np.diff(values, axis=2), np.empty((*order.shape, 2))
    np.put_along_axis(found[:, :, 0], order, added[:, 0], axis=1)
    np.put_along_axis(found[:, :, 1], order[:, ::-1], added[:, 1], axis=1)
    return np.asarray(found.mean(axis=2))


def exact(values: FloatArray) -> FloatArray:
    """Return the Shapley values of games whose coalitions are all known.

    Parameters
    ----------
    values : FloatArray[..., 2^n]
        Of the coalitions 0 to 2^n - 1.

    Returns
    -------
    FloatArray[..., n]

    Examples
    --------
    Two sellers of a right glove and one of a left one; a pair is worth 1.

    >>> exact(np.array([0.0, 0, 0, 0, 0, 1, 1, 1])).round(4).tolist()
    [0.1667, 0.1667, 0.6667]
    """
    n, coalitions, size = _coalitions(values)
    weights = np.array([1.0 / (n * math.comb(n - 1, s)) for s in range(n)])
    found = np.empty((*values.shape[:-1], n))
    for i in range(n):
        without = coalitions[coalitions >> i & 1 == 0]
        found[..., i] = (values[..., without | 1 << i] - values[..., without]) @ weights[size[without]]
    return found


def exact_interactions(values: FloatArray) -> FloatArray:
    """Return the Shapley interaction index of each two players of games whose coalitions are all known.

    Parameters
    ----------
    values : FloatArray[..., 2^n]
        Of the coalitions 0 to 2^n - 1.

    Returns
    -------
    FloatArray[..., n, n]
        Symmetric, nan on the diagonal. Positive where two add more together than each without the other.
    """
    n, coalitions, size = _coalitions(values)
    weights = np.array([1.0 / ((n - 1) * math.comb(n - 2, s)) for s in range(n - 1)])
    found = np.full((*values.shape[:-1], n, n), np.nan)
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        a, b = 1 << int(i), 1 << int(j)
        without = coalitions[coalitions & (a | b) == 0]
        more = values[..., without | a | b] - values[..., without | a]
        more = more - (values[..., without | b] - values[..., without])
        found[..., i, j] = found[..., j, i] = more @ weights[size[without]]
    return found


def _coalitions(values: FloatArray) -> tuple[int, IntArray, IntArray]:
    """Return the number of players, and all coalitions with their sizes."""
    n = values.shape[-1].bit_length() - 1
    coalitions = np.arange(1 << n, dtype=np.int64)
    size = np.sum(coalitions[:, None] >> np.arange(n) & 1, axis=1) if n else np.zeros(1, np.int64)
    return n, coalitions, size


def swapped(order: IntArray) -> IntArray:
    """Return the coalitions that show, beside those of `paths`, how neighbours in an order go together.

    At each step but the last of either way the next player but one joins in place of the next.

    Returns
    -------
    IntArray[draws, 2, n - 1]
    """
    both = np.stack([order, order[:, ::-1]], axis=1)
    return np.asarray(paths(order)[:, :, :-2] | 1 << both[:, :, 1:])


def interactions_from_paths(order: IntArray, values: FloatArray, others: FloatArray) -> FloatArray:
    """Return what neighbours in an order add together beyond what each adds without the other.

    Where two players are neighbours, the players before them are as in the Shapley interaction index, so that
    the mean over the draws in which they are is unbiased for it.

    Parameters
    ----------
    order : IntArray[draws, n]
        Players.
    values : FloatArray[draws, 2, n + 1]
        Of the coalitions of `paths`.
    others : FloatArray[draws, 2, n - 1]
        Of the coalitions of `swapped`.

    Returns
    -------
    FloatArray[draws, n, n]
        Symmetric; nan where two players are not neighbours in the draw.
    """
    draws, n = order.shape
    found = np.full((draws, n, n), np.nan)
    more = values[:, :, 2:] - values[:, :, 1:-1] - others + values[:, :, :-2]
    both = (more[:, 0] + more[:, 1, ::-1]) / 2.0  # the reverse way meets the same neighbours, last first
    row = np.arange(draws)[:, None]
    found[row, order[:, :-1], order[:, 1:]] = both
    found[row, order[:, 1:], order[:, :-1]] = both
    return found


class Means(NamedTuple):
    """Means with 95 % intervals that hold together.

    Attributes
    ----------
    mean, low, high : FloatArray[k]
        The ends are nan where they are not known, with one value.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def half_width(self) -> FloatArray:
        """Half of each interval."""
        return (self.high - self.low) / 2.0


def together(values: FloatArray) -> Means:
    """Return the means of several quantities, with intervals that all hold at once with 95 %.

    Each is at 5 % over the number of those that vary (Bonferroni's inequality: nothing is assumed about how
    they hang together), and holds two intervals: Student's, and his after Hall's transformation, which takes
    out what skewness does to it, to the first order (Hall 1992, *Journal of the Royal Statistical Society B*
    54, 221-228). With few draws the second errs where nothing is skewed, the first where much is. What is the
    same in all draws has an interval of no width.

    Parameters
    ----------
    values : FloatArray[draws, k]
        The draws are taken as independent; nan: not known in this draw.
    """
    from scipy.special import stdtrit

    known = np.isfinite(values)
    n = known.sum(axis=0)
    size = np.where(n > 0, n, np.nan)
    mean = np.where(known, values, 0.0).sum(axis=0) / size
    off = np.where(known, values - mean, 0.0)
    sd = np.sqrt((off**2).sum(axis=0) / np.where(n > 1, n - 1, np.nan))
    constant = np.where(sd > 0.0, sd, 1.0)
    skew = (off**3).sum(axis=0) / constant**3 * n / (np.maximum(n - 1, 1) * np.maximum(n - 2, 1))
    r = np.where(n > 2, skew, 0.0) / np.sqrt(size)
    quantile = stdtrit(np.maximum(n - 1, 1), 1.0 - 0.025 / max(1, int((sd > 0.0).sum())))
    error = sd / np.sqrt(size)
    below = np.maximum(quantile, unskewed(quantile, r))
    above = np.maximum(quantile, -unskewed(-quantile, r))
    return Means(mean, mean - error * below, mean + error * above)
