"""Which condition takes how much of the gap: words, tables and figures.

pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.attribution import Shares
from simgap.analysis.words import title
from simgap.folder import result_folder, write_json, write_parquet
from simgap.montecarlo import plan as plans
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, omitted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_DRAWN = 4  # portfolios in a figure, the base case among them


@dataclass(frozen=True)
class Attribution(Whole):
    """Which condition takes how much of the gap.

    Attributes
    ----------
    resolved : dict
        The scenario.
    results : Results
        Trials as arrays; a variant a coalition and portfolio.
    conditions : sequence of str
        Those that differ between pilot and production.
    shares : list of Shares
        The bars of each draw, of the base case first.
    summary : dict
        The JSON of ``simgap attribute --json``, without provenance.
    provenance : dict
        What is needed to run the same again.
    """

    resolved: dict[str, Any]
    results: plans.Results
    conditions: Sequence[str]
    shares: list[Shares]
    summary: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def bars(self) -> pd.DataFrame:
        """One row a draw and portfolio: its gap and the bars that add up to it."""
        import pandas as pd

        return pd.DataFrame(self._bars())

    def _bars(self) -> tables.Columns:
        draws = np.unique([draw for _, draw, _ in self.results.rows])
        k = len(self.shares)

        def each(columns: Sequence[Any]) -> Any:
            return np.stack(columns, axis=1).ravel()

        return {
            "portfolio": np.array([one.name for one in self.shares] * len(draws), object),
            "draw": np.repeat(draws, k),
            "projected_npv": each([one.projected for one in self.shares]),
            "realised_npv": each([one.realised for one in self.shares]),
            "gap": each([one.gap for one in self.shares]),
            "scale": each([one.scale for one in self.shares]),
            "investments": each([one.investments for one in self.shares]),
            **{
                condition: each([one.conditions[:, i] for one in self.shares])
                for i, condition in enumerate(self.conditions)
            },
        }

    @property
    def plot(self) -> Figures:
        """The figures, each made when called."""
        return Figures(self)

    def text(self) -> str:
        """Return the screen."""
        from simgap.report.attribute import screen

        return screen(self.summary, tables.settings(self.resolved))

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            The folder holds something and `overwrite` is not given, or cannot be written.
        """
        from simgap.plots import style

        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            write_parquet(place / "bars.parquet", [self._bars()])
            for name in self.plot.available:
                style.save(getattr(self.plot, name)(), place / f"{name}.png")


@dataclass(frozen=True)
class Figures:
    """The figures of an attribution."""

    of: Attribution

    @property
    def available(self) -> list[str]:
        """Names of those that can be drawn of what was simulated."""
        s = self.of.summary
        return [
            "waterfall",
            *["what_is_left"] * bool(s["portfolios"]),
            *["interactions"] * bool(s.get("interactions")),
        ]

    def _caption(self, intervals: str) -> str:
        s = self.of.summary
        n = s["replications"]
        how = "all coalitions" if s["exact"] else "a random order and its reverse"
        of = f"{n} draw{'s' * (n > 1)} of what is not known"
        return (
            f"{title(s['scenario']['name'])}: {of}, seed {s['seed']}. "
            f"Shapley values, {how} in each. {intervals}{omitted(self.of.results)}{doubled(self.of.resolved)}"
        )

    def waterfall(self) -> Figure:
        """From the projected to the realised value, a bar a condition."""
        from simgap.plots import style, waterfall

        s = self.of.summary
        caption = self._caption("Whiskers: 95 % intervals of means, which all hold together.")
        figure, axes = style.new_figure(caption, height=waterfall.height(len(s["bars"]) + 2))
        bars = [(row["condition"], row["mean"], row["ci95"]) for row in s["bars"]]
        projected, realised = s["projected"]["npv"]["mean"], s["realised"]["npv"]["mean"]
        waterfall.draw(axes, projected, bars, realised, s["currency"])
        return figure

    def what_is_left(self) -> Figure:
        """The bars under each portfolio side by side."""
        from simgap.plots import left, style

        s = self.of.summary
        shown = [(s["portfolio"], s), *((p["name"], p) for p in s["portfolios"])][:MOST_DRAWN]
        rows = [[(row["condition"], row["mean"], row["ci95"]) for row in one["bars"]] for _, one in shown]
        names, gaps = [name for name, _ in shown], [one["gap"]["mean"] for _, one in shown]
        caption = self._caption("Whiskers: 95 % intervals of means; those of a portfolio hold together.")
        figure, axes = style.new_figure(caption, height=left.height(len(rows[-1]), len(rows)))
        left.draw(axes, names, gaps, rows, s["currency"])
        return figure

    def interactions(self) -> Figure:
        """What each two conditions take together beyond what each takes without the other."""
        from simgap.plots import interactions, style

        s, names = self.of.summary, list(self.of.conditions)
        mean, shown = np.full((len(names),) * 2, np.nan), np.zeros((len(names),) * 2, np.bool_)
        for pair in s["interactions"]:
            i, j = sorted((names.index(pair["a"]), names.index(pair["b"])))
            mean[j, i], shown[j, i] = np.nan if pair["mean"] is None else pair["mean"], pair["shown"]
        caption = self._caption("Bold: told from zero at 95 %, all pairs taken together.")
        figure, axes = style.new_figure(caption, height=interactions.height(len(names)))
        interactions.draw(axes, names, mean, shown, s["currency"])
        return figure
