"""What each condition takes of the gap: means over draws, intervals that hold together. Plain data out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simgap.analysis.shapley import Means, together
from simgap.analysis.statistics import summarise

FloatArray = npt.NDArray[np.float64]

SCALE, INVESTMENTS = "scale", "investments"


class Shares(NamedTuple):
    """The gap of each draw, taken apart; money, and positive is what widens the gap.

    Attributes
    ----------
    name : str
        Of the portfolio.
    projected, realised : FloatArray[draws]
        Board figure of the base case, and NPV of production under the portfolio.
    scale, investments : FloatArray[draws]
        The board figure less the planned volume under pilot conditions; and what the latter loses by what
        investments cost and by how long they delay.
    conditions : FloatArray[draws, n]
        What each condition takes.
    pairs : FloatArray[draws, n, n] or None
        What each two take together beyond what each takes without the other; nan where it is not known.
    """

    name: str
    projected: FloatArray
    realised: FloatArray
    scale: FloatArray
    investments: FloatArray
    conditions: FloatArray
    pairs: FloatArray | None

    @property
    def gap(self) -> FloatArray:
        """Projected less realised."""
        return self.projected - self.realised

    def bars(self, investments: bool) -> FloatArray:
        """Return the bars in each draw: ``scale``, where wanted ``investments``, and the conditions."""
        first = [self.scale, *[self.investments] * investments]
        return np.column_stack([*first, self.conditions])


def attribution(shares: Sequence[Shares], conditions: Sequence[str]) -> dict[str, Any]:
    """Return how the gap divides, and what portfolios leave of it.

    Parameters
    ----------
    shares : sequence of Shares
        Of the base case first, then of portfolios; the same draws.
    conditions : sequence of str
        Names of the conditions.

    Returns
    -------
    dict
        ``projected``, ``realised``: ``npv`` with its statistics; ``gap``: statistics. ``bars``: rows of
        `_bars`. ``widest``: the largest half-width by the gap; ``sum_error``: the largest amount by which the
        bars of a draw miss its gap; ``portfolios``: the same of each, with ``changes``, what each bar is
        smaller by than in the base case; ``interactions``: pairs, the largest first, where they are known.
    """
    base = shares[0]
    buys = [bool(one.investments.any()) for one in shares]
    found = _one(base, conditions, buys[0])
    found["portfolios"] = []
    for one, bought in zip(shares[1:], buys[1:], strict=True):
        with_cost = bought or buys[0]
        less = base.bars(with_cost) - one.bars(with_cost)
        found["portfolios"].append(
            {
                "name": one.name,
                **_one(one, conditions, with_cost),
                "changes": _rows(_names(conditions, with_cost), together(less)),
                "gap_change": summarise(base.gap - one.gap),
            }
        )
    if base.pairs is not None:
        a, b = np.triu_indices(len(conditions), 1)
        means = together(base.pairs[:, a, b])
        pairs = [
            {"a": conditions[i], "b": conditions[j], **row}
            for i, j, row in zip(a.tolist(), b.tolist(), _rows([""] * len(a), means), strict=True)
        ]
        for pair in pairs:
            del pair["condition"]
        found["interactions"] = sorted(pairs, key=lambda pair: -abs(pair["mean"] or 0.0))
    return found


def _names(conditions: Sequence[str], investments: bool) -> list[str]:
    return [SCALE, *[INVESTMENTS] * investments, *conditions]


def _one(of: Shares, conditions: Sequence[str], investments: bool) -> dict[str, Any]:
    """Return how one gap divides; shares of the gap only where it is shown to be positive."""
    bars, gap = of.bars(investments), summarise(of.gap)
    means, names = together(bars), _names(conditions, investments)
    rows = _rows(names, means)
    shown = gap["ci95"] is not None and gap["ci95"][0] > 0.0
    for row in rows:
        row["share"] = row["mean"] / gap["mean"] if shown else None
    widest = int(np.nanargmax(means.half_width)) if np.isfinite(means.half_width).any() else None
    return {
        "projected": {"npv": summarise(of.projected)},
        "realised": {"npv": summarise(of.realised)},
        "gap": gap,
        "bars": rows,
        "widest": None
        if widest is None or not shown
        else {"condition": names[widest], "share": float(means.half_width[widest]) / gap["mean"]},
        "sum_error": float(np.abs(bars.sum(axis=1) - of.gap).max()),
    }


def _rows(names: Sequence[str], means: Means) -> list[dict[str, Any]]:
    """Return a row a name: ``mean``, ``ci95``, and whether zero is outside it (``shown``)."""
    rows = []
    for name, mean, low, high in zip(names, *(column.tolist() for column in means), strict=True):
        known = np.isfinite(low)
        rows.append(
            {
                "condition": name,
                "mean": mean if np.isfinite(mean) else None,
                "ci95": [low, high] if known else None,
                "shown": bool(known and (low > 0.0 or high < 0.0)),
            }
        )
    return rows
