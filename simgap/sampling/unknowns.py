"""Draws of the unknowns of a scenario: what nobody knows yet, as opposed to luck.

The uniform of each input is addressed by the input's name and the number of the draw, so adding, removing or
reordering inputs, or asking for some draws only, changes no other number. The uniforms of inputs with rank
correlations are then bound together by a Gaussian copula, and every uniform becomes a value by inversion.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simgap.compiling import rule
from simgap.sampling import designs
from simgap.sampling.designs import PLAIN, Design
from simgap.sampling.philox import KIND_UNKNOWN, unit53, words
from simgap.sampling.quantiles import quantile

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]
Correlation = tuple[str, str, float]

ENTITY_MASK = 2**44 - 1
LARGEST_UNIT = 1.0 - 2.0**-53
# Pivots below this are rounding of a zero pivot; a column of the factor is then at most its square root.
PIVOT_FLOOR = 1e-13
RESIDUAL_LIMIT = 1e-6


def _copula_factor(pearson: FloatArray) -> FloatArray:
    """Return a lower triangular L with L L' = pearson, which may be singular.

    Cholesky's method, with a column of zeros where the pivot vanishes: Golub and Van Loan (2013), "Matrix
    computations", 4th ed., section 4.2. Being triangular, it leaves the first inputs of a group alone when
    one is added after them.
    """
    rest = pearson.copy()
    factor = np.zeros_like(pearson)
    for j in range(len(pearson)):
        if rest[j, j] > PIVOT_FLOOR:
            factor[j:, j] = rest[j:, j] / math.sqrt(rest[j, j])
            rest[j:, j:] -= np.multiply.outer(factor[j:, j], factor[j:, j])
    if np.max(np.abs(factor @ factor.T - pearson)) > RESIDUAL_LIMIT:
        raise np.linalg.LinAlgError("the correlation matrix is not positive semidefinite")
    return factor


def copula_normals(z: FloatArray, rank_correlation: FloatArray) -> FloatArray:
    """Give independent standard normal numbers a stated rank correlation.

    Parameters
    ----------
    z : ndarray of float, shape (n, k)
        Independent standard normal numbers, one column an input.
    rank_correlation : ndarray of float, shape (k, k)
        Spearman's rank correlations, symmetric, with ones on the diagonal.

    Returns
    -------
    ndarray of float, shape (n, k)
        Standard normal numbers with Pearson correlations 2 sin(pi rho / 6). Column j depends on the columns
        0 .. j of `z` only.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix of 2 sin(pi rho / 6) is not positive semidefinite. A singular one is allowed.

    References
    ----------
    K. Pearson (1907), "On further methods of determining correlation", Drapers' Company Research Memoirs,
    Biometric Series IV; W. H. Kruskal (1958), "Ordinal measures of association", JASA 53, 814-861.
    """
    pearson = 2.0 * np.sin(np.pi * np.asarray(rank_correlation, dtype=np.float64) / 6.0)
    np.fill_diagonal(pearson, 1.0)
    factor = _copula_factor(pearson)
    out = np.zeros(z.shape)
    # Not a matrix product: BLAS may sum in another order for another number of rows, and then a draw would
    # not be the same bits when it is asked for alone.
    for i in range(len(pearson)):
        for j in range(i + 1):
            out[:, i] += factor[i, j] * z[:, j]
    return out


def entity_of(name: str) -> int:
    """Return the number by which an input is known to the random number generator.

    Parameters
    ----------
    name : str
        Name of the input.

    Returns
    -------
    int
        0 .. 2^44 - 1, from the BLAKE2b digest of the name. Two of 1000 inputs share a number with probability
        3e-8.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") & ENTITY_MASK


@rule
def _fill(out: FloatArray, seed: int, entity: int, draws: IntArray) -> None:
    """Write the uniform of one input in each draw to `out`."""
    for i in range(len(draws)):
        w = words(seed, draws[i], 0, 0, KIND_UNKNOWN, entity, 0, 0)
        out[i] = unit53(w[0], w[1])


def unknown_uniforms(names: Sequence[str], seed: int, draws: IntArray, design: Design = PLAIN) -> FloatArray:
    """Return the uniform numbers behind a set of unknown inputs, independent between inputs.

    Parameters
    ----------
    names : sequence of str, length k
        Names of the inputs.
    seed : int
        Seed of the study, 0 .. 2^32 - 1.
    draws : ndarray of int, shape (n,)
        Numbers of the draws, 0 .. 2^32 - 1, in any order.
    design : Design
        Of the draws; by default they are independent.

    Returns
    -------
    ndarray of float, shape (n, k)
        In the open interval (0, 1). An element depends on the seed, its input's name, its draw and the design
        only; of Sobol' points also on the input's place among the names.
    """
    if design != PLAIN:
        return designs.uniforms(design, [entity_of(name) for name in names], seed, draws)
    columns = np.empty((len(names), len(draws)))
    for column, name in zip(columns, names, strict=True):
        _fill(column, seed, entity_of(name), draws)
    return columns.T


def correlated_groups(correlations: Iterable[Correlation]) -> list[list[str]]:
    """Return the groups of inputs that correlations connect, directly or through others.

    Parameters
    ----------
    correlations : iterable of (str, str, float)
        Pairs of names, with their rank correlation.

    Returns
    -------
    list of list of str
        Each group sorted by name, the groups by their first name.
    """
    group_of: dict[str, set[str]] = {}
    for one, other, _ in correlations:
        merged = group_of.get(one, {one}) | group_of.get(other, {other})
        group_of.update(dict.fromkeys(merged, merged))
    return sorted({id(group): sorted(group) for group in group_of.values()}.values())


def correlate_uniforms(
    uniforms: FloatArray, names: Sequence[str], correlations: Sequence[Correlation]
) -> FloatArray:
    """Bind independent uniform numbers together by a Gaussian copula.

    Parameters
    ----------
    uniforms : ndarray of float, shape (n, k)
        Independent, in the open interval (0, 1), one column an input.
    names : sequence of str, length k
        Names of the columns.
    correlations : sequence of (str, str, float)
        Pairs of names, with their rank correlation. A pair that is not listed, within a group that others
        connect, has rank correlation 0.

    Returns
    -------
    ndarray of float, shape (n, k)
        In the open interval (0, 1). Columns without correlations are copied untouched.

    Raises
    ------
    ValueError
        If a correlation names no column.
    numpy.linalg.LinAlgError
        As in `copula_normals`.
    """
    out = uniforms.copy()
    for group in correlated_groups(correlations):
        rank = np.eye(len(group))
        for one, other, rho in correlations:
            if one in group:
                i, j = group.index(one), group.index(other)
                rank[i, j] = rank[j, i] = rho
        columns = [names.index(name) for name in group]
        z = copula_normals(special.ndtri(uniforms[:, columns]), rank)
        # Far out, the normal distribution function rounds to 0 or 1, whose quantiles may be infinite.
        out[:, columns] = np.clip(special.ndtr(z), np.finfo(np.float64).tiny, LARGEST_UNIT)
    return out


def draw_unknowns(
    inputs: Sequence[Mapping[str, Any]],
    correlations: Sequence[Correlation],
    seed: int,
    draws: IntArray,
    design: Design = PLAIN,
) -> FloatArray:
    """Return the values of the unknown inputs in the draws asked for.

    Parameters
    ----------
    inputs : sequence of mapping, length k
        Each with ``name`` and ``distribution``, the latter as `quantile` takes it.
    correlations : sequence of (str, str, float)
        As in `correlate_uniforms`.
    seed : int
        Seed of the study, 0 .. 2^32 - 1.
    draws : ndarray of int, shape (n,)
        Numbers of the draws, 0 .. 2^32 - 1, in any order.
    design : Design
        Of the draws; by default they are independent.

    Returns
    -------
    ndarray of float, shape (n, k)
        Values, each in the unit of its input. Without correlations an element depends on the seed, its
        input's name and distribution and its draw only; with them also on the inputs of its group that come
        before it in the order of names.

    Raises
    ------
    KeyError, ValueError, numpy.linalg.LinAlgError
        As in `quantile` and `correlate_uniforms`.
    """
    names = [item["name"] for item in inputs]
    uniforms = correlate_uniforms(unknown_uniforms(names, seed, draws, design), names, correlations)
    values = np.empty(uniforms.shape)
    for j, item in enumerate(inputs):
        values[:, j] = quantile(item["distribution"], uniforms[:, j])
    return values
