"""Designs of the unknowns: uniforms that fill the unit cube more evenly than independent ones.

The draws of a design come in independent **randomisations** of m points each: draw d is point d % m of
randomisation d // m. Within one the points depend on each other, so that a mean over them errs less; a
randomisation is what an interval may count as one observation. Each point by itself is uniform, so every mean
is unbiased.

Nothing is kept between draws: a point is a function of the seed, its input, its randomisation and its number,
and under Latin hypercube also of m. The random words of this module are those of kind 0, the unknowns, with
the randomisation in place of the draw:

=======  =====================  =============  ============================================================
purpose  luck index             draw's index   the four words
=======  =====================  =============  ============================================================
0        0                      0              uniform of a plain draw (two words), not used
1        number of the point    0              place within its cell, order of strata (two words), not used
2        0                      node           whether the node's digit is flipped (lowest bit), not used
=======  =====================  =============  ============================================================

Node 2^b + p stands for binary digit b + 1 of the numbers whose first b digits are p.

References
----------
M. D. McKay, R. J. Beckman, W. J. Conover (1979), "A comparison of three methods for selecting values of input
variables in the analysis of output from a computer code", Technometrics 21(2), 239-245.
A. B. Owen (1995), "Randomly permuted (t,m,s)-nets and (t,s)-sequences", in Monte Carlo and Quasi-Monte Carlo
Methods in Scientific Computing, Springer, 299-317: the nested uniform scrambling.
S. Joe, F. Y. Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections", SIAM Journal
on Scientific Computing 30(5), 2635-2654: the direction numbers, as scipy has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgap.compiling import rule
from simgap.defaults import DESIGNS
from simgap.sampling.philox import KIND_UNKNOWN, unit, unit53, words

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

MC, LHS, SOBOL = DESIGNS
WITHIN, SCRAMBLE = 1, 2  # purposes
BITS = 32  # binary digits of a Sobol' point that are scrambled; those below are drawn
FEWEST, MOST = 16, 31  # randomisations that a number of draws is split into


@dataclass(frozen=True)
class Design:
    """How the unknowns are drawn.

    Attributes
    ----------
    name : str
        ``mc``, independent draws; ``lhs``, Latin hypercubes; ``sobol``, scrambled Sobol' points.
    points : int
        In each randomisation: 1 of ``mc``, a power of two of ``sobol``, at most 2^20.
    """

    name: str = MC
    points: int = 1


PLAIN = Design()


def split(name: str, draws: int) -> Design | None:
    """Return the design that splits a number of draws into 16 to 31 randomisations; None where none does.

    Of several the one with the fewest, that is, with most points in each. Of `sobol` the points are a power
    of two, at least two; so 32, 34, 36, ... 62, 64, 68, ... can be split.

    Examples
    --------
    >>> split("sobol", 1024), split("lhs", 1000), split("sobol", 1000)
    (Design(name='sobol', points=64), Design(name='lhs', points=50), None)
    """
    if name == MC:
        return PLAIN
    for randomisations in range(FEWEST, MOST + 1):
        points, rest = divmod(draws, randomisations)
        if not rest and points > 1 and (name == LHS or points & (points - 1) == 0):
            return Design(name, points)
    return None


def nearest(name: str, draws: int) -> tuple[int, ...]:
    """Return the nearest numbers of draws that can be split: one below where there is one, and one above.

    Examples
    --------
    >>> nearest("sobol", 1000), nearest("lhs", 5)
    ((992, 1024), (32,))
    """
    smallest = 2 * FEWEST
    below = next((n for n in range(draws, smallest - 1, -1) if split(name, n)), None)
    n = max(draws, smallest)
    while not split(name, n):
        n += 1
    return (n,) if below in (None, n) else (int(below or 0), n)


@rule
def _latin(
    out: FloatArray,
    seed: int,
    entity: int,
    randomisations: IntArray,
    points: IntArray,
    strata: IntArray,
    m: int,
) -> None:
    for i in range(len(points)):
        w = words(seed, randomisations[i], points[i], 0, KIND_UNKNOWN, entity, WITHIN, 0)
        out[i] = (strata[i] + unit(w[0])) / m


@rule
def _order(out: IntArray, seed: int, entity: int, randomisations: IntArray) -> None:
    """Write the numbers by which the points of each randomisation are put in order, one row each."""
    for r in range(len(randomisations)):
        for i in range(out.shape[1]):
            w = words(seed, randomisations[r], i, 0, KIND_UNKNOWN, entity, WITHIN, 0)
            out[r, i] = w[1] << 20 | w[2] >> 12


@rule
def _scrambled(
    out: FloatArray,
    seed: int,
    entity: int,
    randomisations: IntArray,
    points: IntArray,
    net: IntArray,
) -> None:
    """Write points of a net after Owen's scrambling: each digit is flipped or not, by those above it."""
    for i in range(len(points)):
        x, flips = net[points[i]], 0
        for b in range(BITS):
            node = 1 << b | x >> (BITS - b)
            w = words(seed, randomisations[i], 0, 0, KIND_UNKNOWN, entity, SCRAMBLE, node)
            flips = flips << 1 | w[0] & 1
        w = words(seed, randomisations[i], points[i], 0, KIND_UNKNOWN, entity, WITHIN, 0)
        out[i] = unit53(x ^ flips, w[0])


def _strata(seed: int, entity: int, randomisations: IntArray, points: IntArray, m: int) -> NDArray[np.int64]:
    """Return which of m strata each point is in: a random permutation of them in each randomisation."""
    several, place = np.unique(randomisations, return_inverse=True)
    keys, ranks = np.empty((len(several), m), np.int64), np.empty((len(several), m), np.int64)
    _order(keys, seed, entity, several)
    np.put_along_axis(ranks, np.argsort(keys, axis=1, kind="stable"), np.arange(m)[None, :], axis=1)
    return ranks[place, points]


def _net(dimensions: int, m: int) -> NDArray[np.int64]:
    """Return the first m Sobol' points as whole numbers of 32 binary digits, one row a dimension."""
    from scipy.stats import qmc  # takes longer to import than a short run takes

    base = qmc.Sobol(dimensions, scramble=False, bits=BITS).random_base2(m.bit_length() - 1)
    return np.ascontiguousarray((base * 2.0**BITS).astype(np.int64).T)


def uniforms(design: Design, entities: Sequence[int], seed: int, draws: IntArray) -> FloatArray:
    """Return the uniform numbers of some draws of a design, ``lhs`` or ``sobol``.

    Parameters
    ----------
    design : Design
        With its points.
    entities : sequence of int, length k
        Numbers of the inputs, as `unknowns.entity_of` gives them. Of ``sobol`` an input's place among them is
        its dimension.
    seed : int
        Seed of the study, 0 .. 2^32 - 1.
    draws : ndarray of int, shape (n,)
        Numbers of the draws, in any order.

    Returns
    -------
    ndarray of float, shape (n, k)
        In the open interval (0, 1); independent between columns that are taken alone, and between
        randomisations.

    Raises
    ------
    ValueError
        There is no such design, or it has no such number of points.
    """
    m = design.points
    if design.name not in (LHS, SOBOL) or not 1 <= m <= 2**20 or (design.name == SOBOL and m & (m - 1)):
        raise ValueError(f"no design {design.name} has {m} points")
    randomisations, points = np.divmod(np.asarray(draws, np.int64), m)
    columns = np.empty((len(entities), len(points)))
    nets = _net(len(entities), m) if design.name == SOBOL and entities else ()
    for j, (column, entity) in enumerate(zip(columns, entities, strict=True)):
        if design.name == SOBOL:
            _scrambled(column, seed, entity, randomisations, points, nets[j])
        else:
            strata = _strata(seed, entity, randomisations, points, m)
            _latin(column, seed, entity, randomisations, points, strata, m)
    return columns.T
