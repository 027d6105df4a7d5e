"""Rank correlations between inputs, as a matrix that a Gaussian copula can have."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgap.scenario.keys import find
from simgap.scenario.units import NUMERIC, UNITS, Wrong, quantity, show
from simgap.scenario.validate import Stated

# Rounding of an eigenvalue that is exactly zero.
_TOLERANCE = 1e-10
_PAIR = "a pair such as `data.missing ~ edge_cases.share: 0.4`"


def resolve_correlations(stated: Stated, parameters: dict[str, Any]) -> list[list[Any]]:
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
    found: list[list[Any]] = []
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
            "a weaker correlation; pairs not stated are independent",
        )
    return found


def possible(pairs: list[list[Any]]) -> bool:
    """Return whether a Gaussian copula can have these rank correlations, all others being zero.

    Examples
    --------
    >>> possible([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", 0.9]])
    True
    >>> possible([["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", -0.9]])
    False
    """
    names = sorted({name for pair in pairs for name in pair[:2]})
    matrix = np.eye(len(names))
    for a, b, rho in pairs:
        i, j = names.index(a), names.index(b)
        matrix[i, j] = matrix[j, i] = 2 * np.sin(np.pi * rho / 6)
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
