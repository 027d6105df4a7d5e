"""How a number of replications becomes draws of the unknowns, lucks and randomisations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simgap.defaults import DESIGNS
from simgap.sampling import designs
from simgap.sampling.designs import MC, Design
from simgap.scenario.values import inputs
from simgap.study.limits import refusal

MOST_LUCKS = 1000
KIND = {"lhs": "two points or more", "sobol": "a power of two of points"}


def replicated(
    resolved: Mapping[str, Any], replications: int | None, usual: int, design: str, lucks: int = 1
) -> tuple[int, Design]:
    """Return the draws of the unknowns that so many replications are, and how they are drawn.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    replications : int or None
        Trials of a variant. By default `usual`, or the next higher number that can be split.
    usual : int
        Of the command.
    design : str
        ``mc``, ``lhs`` or ``sobol``.
    lucks : int
        Trials of each draw.

    Returns
    -------
    draws : int
        Replications over lucks.
    design : Design

    Raises
    ------
    InputError
        The replications cannot be split, there is no such design, or nothing that it could draw.
    """
    if design not in DESIGNS:
        raise refusal("--design", design, ", ".join(DESIGNS))
    if not 1 <= lucks <= MOST_LUCKS:
        raise refusal("--lucks", f"{lucks}", f"1 to {MOST_LUCKS}")
    if design != MC and not inputs(resolved):
        raise refusal("--design", f"{design} has nothing to draw: every number of the file is known", MC)
    if replications is None:
        draws = -(-usual // lucks)
        draws = draws if design == MC else designs.nearest(design, draws)[-1]
    else:
        draws, rest = divmod(replications, lucks)
        if rest:
            around = [n * lucks for n in (draws, draws + 1) if n]
            raise _unsplit(replications, f"draws with {lucks} lucks each", around)
    chosen = designs.split(design, draws)
    if chosen is None:
        into = f"{designs.FEWEST} to {designs.MOST} randomisations of {KIND[design]}"
        into += f" with {lucks} lucks each" * (lucks > 1)
        raise _unsplit(draws * lucks, into, [n * lucks for n in designs.nearest(design, draws)])
    return draws, chosen


def _unsplit(replications: int, into: str, around: list[int]) -> Exception:
    what = f"{replications:,} cannot be split into {into}"
    return refusal("--replications", what, " or ".join(f"{n:,}" for n in around))
