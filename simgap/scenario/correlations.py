"""Rank correlations between inputs, as a matrix that a Gaussian copula can have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simgap.scenario.keys import find
from simgap.scenario.units import NUMERIC, UNITS, Wrong, quantity, show
from simgap.scenario.validate import Stated

FloatArray = NDArray[np.float64]
Pairs = list[list[Any]]

# Rounding of an eigenvalue that is exactly zero.
_TOLERANCE = 1e-10
_DIGITS = 2
# Alternating projections converge linearly, and two digits are offered.
_STEPS, _CLOSE = 500, 1e-6
_PAIR = "a pair such as `data.missing ~ edge_cases.share: 0.4`"


def resolve_correlations(stated: Stated, parameters: dict[str, Any]) -> Pairs:
    """Read the correlations of a file.

    The Gaussian copula with correlation 2 sin(pi rho / 6) has the rank correlation rho (Pearson 1907).

    Parameters
    ----------
    stated : Stated
        The file; problems are added to it.
    parameters : dict
        Resolved leaves by path.

    Returns
    -------
    list of [str, str, float]
        Names of two inputs and their Spearman rank correlation. An input is named by its path, with
        ``@pilot`` for the pilot side of a leaf with a bar.
    """
    found: Pairs = []
    lines: list[tuple[int, str]] = []
    for line, pair, text in stated.correlations:
        key = f"correlations.{pair}"
        try:
            names = _inputs(stated, parameters, pair)
            rho = _coefficient(text)
            if len(names) < 2:
                continue
            a, b = names
            if a == b:
                raise Wrong("pairs an input with itself", _PAIR)
            if any({a, b} == {other[0], other[1]} for other in found):
                raise Wrong("is stated twice", "each pair once, in either order")
        except Wrong as wrong:
            stated.wrong(line, key, wrong.what, wrong.allowed)
            continue
        found.append([a, b, rho])
        lines.append((line, key))
    if found and not possible(found):
        first = next(n for n in range(1, len(found) + 1) if not possible(found[:n]))
        line, key = lines[first - 1]
        stated.wrong(
            line,
            key,
            f"{found[first - 1][2]:g} is impossible together with the pairs above it",
            _offer(found),
        )
    return found


def _offer(found: Pairs) -> str:
    """Say what the nearest possible correlations are, as lines that may stand in the file."""
    offered = nearest_possible(found)
    changed = [
        (a, b, old, new) for (a, b, old), (_, _, new) in zip(found, offered, strict=True) if old != new
    ]
    farthest = max(abs(old - new) for _, _, old, new in changed)
    lines = "".join(f"\n    {a} ~ {b}: {new:g}    # was {old:g}" for a, b, old, new in changed)
    return (
        "weaker correlations; pairs not stated are independent. The nearest that are possible differ by up "
        f"to {farthest:.{_DIGITS}f}:{lines}"
    )


def nearest_possible(pairs: Pairs) -> Pairs:
    """Return the nearest rank correlations that a Gaussian copula can have, pairs not stated staying 0.

    Parameters
    ----------
    pairs : list of [str, str, float]
        Names of two inputs and their rank correlation; impossible together, or possible.

    Returns
    -------
    list of [str, str, float]
        The same pairs in the same order. Those that have no part in what is impossible are as they were; the
        others are rounded to two digits, and moved a little towards 0 where rounding would make them
        impossible again.

    Notes
    -----
    Nearest in the Frobenius norm of the correlations 2 sin(pi rho / 6) of the copula: Dykstra's alternating
    projections on the matrices without negative eigenvalues and on those with ones on the diagonal and zeros
    at the pairs not stated; the latter are an affine set, which needs no correction. N. J. Higham (2002),
    "Computing the nearest correlation matrix - a problem from finance", IMA Journal of Numerical Analysis 22,
    329-343.

    Examples
    --------
    >>> nearest_possible([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", 0.1], ["d", "e", 0.123]])
    [['a', 'b', 0.75], ['b', 'c', 0.75], ['a', 'c', 0.18], ['d', 'e', 0.123]]
    """
    out = [list(pair) for pair in pairs]
    for group in _groups(pairs):
        chosen = [n for n, (a, _, _) in enumerate(pairs) if a in group]
        if possible([pairs[n] for n in chosen]):
            continue
        names = sorted(group)
        places = [(names.index(pairs[n][0]), names.index(pairs[n][1])) for n in chosen]
        near = _projected(_pearson([pairs[n] for n in chosen], names), places)
        # A part of the way to independence, at which anything is possible, outweighs the rounding.
        for weight in np.linspace(1.0, 0.0, 201):
            for n, place in zip(chosen, places, strict=True):
                rho = 6.0 / np.pi * np.arcsin(np.clip(weight * near[place] / 2.0, -0.5, 0.5))
                out[n][2] = round(float(rho), _DIGITS) + 0.0
            if possible([out[n] for n in chosen]):
                break
    return out


def _projected(matrix: FloatArray, places: list[tuple[int, int]]) -> FloatArray:
    """Return the nearest correlation matrix that is zero but at some places and on the diagonal."""
    free = np.zeros(matrix.shape, np.bool_)
    for i, j in places:
        free[i, j] = free[j, i] = True
    y, correction = matrix, np.zeros_like(matrix)
    for _ in range(_STEPS):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = x - r
        y = np.where(free, x, np.eye(len(x)))
        if np.abs(y - x).max() < _CLOSE:
            break
    return y


def _groups(pairs: Pairs) -> list[set[str]]:
    """Return the sets of inputs that pairs connect, directly or through others."""
    groups: list[set[str]] = []
    for a, b, _ in pairs:
        met = [group for group in groups if group & {a, b}]
        groups = [group for group in groups if group not in met] + [{a, b}.union(*met)]
    return groups


def _pearson(pairs: Pairs, names: list[str]) -> FloatArray:
    """Return the correlation matrix of a Gaussian copula with these rank correlations."""
    matrix = np.eye(len(names))
    for a, b, rho in pairs:
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2 * np.sin(np.pi * rho / 6)
    return matrix


def possible(pairs: Pairs) -> bool:
    """Return whether a Gaussian copula can have these rank correlations, all others being zero.

    Examples
    --------
    >>> possible([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", 0.9]])
    True
    >>> possible([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", -0.9]])
    False
    """
    matrix = _pearson(pairs, sorted({name for pair in pairs for name in pair[:2]}))
    return bool(np.linalg.eigvalsh(matrix)[0] >= -_TOLERANCE)


def _coefficient(text: str) -> float:
    number, phrase = quantity(text, UNITS["number"])
    if phrase or abs(number) > 1:
        raise Wrong(f"{show(text)} is not a correlation", "a number from -1 to 1, such as 0.4")
    return float(number)


def _inputs(stated: Stated, parameters: dict[str, Any], pair: str) -> list[str]:
    """Return the names of a pair of inputs, without those that `--set` made known."""
    sides = pair.split("~")
    if len(sides) != 2:
        raise Wrong(f"{show(pair)} is not a pair", _PAIR)
    names = []
    for side in sides:
        key = find(side, stated.names)
        leaf = parameters.get(key.path)
        if leaf is None:
            raise Wrong(f"{show(side)} is not stated", "a parameter that this file states")
        if "value" in leaf and key.side:
            raise Wrong(f"{show(side)} has no bar in this file", f"{key.path}, without @{key.side}")
        value = leaf.get("value") if "value" in leaf else leaf[key.side or "production"]
        if isinstance(value, dict) and "times" in value:
            value = value["times"]
        if not isinstance(value, dict) and key.path in stated.leaves and stated.leaves[key.path].line < 0:
            continue  # made known by --set: nothing is left to correlate
        if key.row.unit not in NUMERIC or not isinstance(value, dict):
            raise Wrong(
                f"{show(side)} is known, not uncertain",
                "inputs with a distribution, such as 8 / 14 / 22 %",
            )
        names.append(key.path + ("@pilot" if key.side == "pilot" else ""))
    return names
