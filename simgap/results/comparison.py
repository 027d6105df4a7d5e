"""What a comparison of portfolios came to: words, tables and figures.

pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis import sweep as sweeps
from simgap.analysis.breakeven import Curve
from simgap.analysis.sequential import DIFFERENCE
from simgap.analysis.words import title
from simgap.folder import result_folder, write_json, write_parquet
from simgap.model.types import Floats, Ints
from simgap.montecarlo import plan as plans
from simgap.montecarlo.outcomes import MONTHLY
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, omitted
from simgap.results.sweep import axis_label
from simgap.sampling.quantiles import quantile
from simgap.scenario.table import CONDITIONS
from simgap.scenario.values import row_of, targets

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from simgap.plots.breakeven import Flip, Panel

MOST_PANELS = 6


@dataclass(frozen=True)
class Winners:
    """Which portfolio has the highest mean at each point of a grid of two axes.

    Attributes
    ----------
    axes : list of Axis
        Two.
    winner : Ints[first, second]
        Place of the portfolio.
    shown : bool array of the same shape
        Whether its lead over every other can be told from chance.
    replications : int
        Futures at each point.
    """

    axes: list[sweeps.Axis]
    winner: Ints
    shown: NDArray[np.bool_]
    replications: int


@dataclass(frozen=True)
class Comparison(Whole):
    """What a comparison of portfolios came to.

    Attributes
    ----------
    resolved : dict
        The scenario.
    results : Results
        Trials as arrays; a variant a portfolio.
    summary : dict
        The JSON of ``simgap compare --json``, without provenance.
    curves : mapping
        By key the mean difference between the two portfolios of ``summary["break_even"]``.
    winners : Winners or None
        The map, where one was asked for.
    unfinished : str
        Why not all that was asked for besides was simulated; empty where it was.
    provenance : dict
        What is needed to run the same again.
    """

    resolved: dict[str, Any]
    results: plans.Results
    summary: dict[str, Any]
    curves: Mapping[str, Curve]
    winners: Winners | None
    unfinished: str
    provenance: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the portfolios, in the order of the variants."""
        return [portfolio["name"] for portfolio in self.summary["portfolios"]]

    @property
    def p_best(self) -> dict[str, float]:
        """Share of the futures in which each portfolio is best."""
        return {portfolio["name"]: portfolio["p_best"] for portfolio in self.summary["portfolios"]}

    @property
    def trials(self) -> pd.DataFrame:
        """One row a future and portfolio."""
        import pandas as pd

        return pd.DataFrame(tables.trials(self.resolved, self.results, "portfolio", self.names))

    def value(self, name: str) -> Floats:
        """Return the realised NPV of a portfolio in each future."""
        return self.results.of("realised_npv").reshape(-1, len(self.names))[:, self.names.index(name)]

    @property
    def plot(self) -> Figures:
        """The figures, each made when called."""
        return Figures(self)

    def text(self) -> str:
        """Return the screen."""
        from simgap.report.compare import screen

        return screen(self.summary, tables.settings(self.resolved))

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            The folder holds something and `overwrite` is not given, or cannot be written.
        """
        from simgap.plots import style

        of = ("portfolio", self.names)
        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            write_parquet(place / "trials.parquet", [tables.trials(self.resolved, self.results, *of)])
            write_parquet(place / "monthly.parquet", tables.months(self.results, *of))
            for name in self.plot.available:
                style.save(getattr(self.plot, name)(), place / f"{name}.png")


@dataclass(frozen=True)
class Figures:
    """The figures of a comparison."""

    of: Comparison

    @property
    def available(self) -> list[str]:
        """Names of those that can be drawn of what was simulated."""
        return [
            "difference",
            "frontier",
            "value_over_time",
            *["convergence"] * ("precision" in self.of.summary),
            *["break_even"] * bool(self.of.curves),
            *["winners"] * (self.of.winners is not None),
        ]

    @property
    def _pair(self) -> tuple[str, str]:
        return self.of.summary["best"], self.of.summary["against"]

    @property
    def _currency(self) -> str:
        return str(self.of.summary["currency"])

    def _caption(self, replications: int | None = None) -> str:
        s = self.of.summary
        n = replications or s["replications"]
        return (
            f"{title(s['scenario']['name'])}: {n} replication{'s' * (n > 1)}, seed {s['seed']}; every "
            "portfolio meets the same draws of what is not known and the same luck."
            f"{omitted(self.of.results)}{doubled(self.of.resolved)}"
        )

    def difference(self) -> Figure:
        """Distribution of the paired difference between the best and what it is compared with."""
        from simgap.plots import difference, style

        best, against = self._pair
        pair = next(p for p in self.of.summary["pairs"] if (p["a"], p["b"]) == (best, against))
        figure, axes = style.new_figure(self._caption(), height=difference.HEIGHT)
        ahead = self.of.value(best) - self.of.value(against)
        difference.draw(axes, ahead, best, against, pair["difference"]["ci95"], self._currency)
        return figure

    def convergence(self) -> Figure:
        """How well the difference was known as futures came in; of a study that ran until it was."""
        from simgap.results.convergence import figure

        precision = self.of.summary["precision"]
        difference = self.of.value(precision["a"]) - self.of.value(precision["b"])
        return figure(self._caption(), precision, DIFFERENCE, difference, self._currency)

    def frontier(self) -> Figure:
        """Cost of the portfolios against their value, with risk."""
        from simgap.plots import frontier, style

        found = self.of.summary["portfolios"]
        cost = np.array([p["cost"] for p in found])
        mean, low, high = (np.array([p["npv"][key] for p in found]) for key in ("mean", "p5", "p95"))
        negative = np.array([p["p_negative"] for p in found])
        best = self.of.names.index(self.of.summary["best"])
        figure, axes = style.new_figure(self._caption(), height=frontier.height(cost, mean, best))
        rivals = len(self.of.summary["may_be_best"])
        frontier.draw(axes, self.of.names, cost, mean, low, high, negative, best, self._currency, rivals)
        return figure

    def value_over_time(self) -> Figure:
        """Cumulative discounted value of the best and what it is compared with, by month."""
        from simgap.plots import style, value_over_time

        k, months = len(self.of.names), self.of.results.monthly
        present = months[:, :, MONTHLY.index("present")]
        # What is paid at the decision is part of the first month's flow.
        at_once = months[:, :1, MONTHLY.index("one_off")]
        paths = np.concatenate([at_once, np.cumsum(present, axis=1)], axis=1).reshape(
            -1, k, present.shape[1] + 1
        )
        first, second = (paths[:, self.of.names.index(name)] for name in self._pair)
        figure, axes = style.new_figure(self._caption(), height=value_over_time.HEIGHT)
        value_over_time.draw(axes, first, second, self._pair, self._currency)
        return figure

    def break_even(self) -> Figure:
        """The mean difference over each key that was searched, and where it flips."""
        from simgap.plots import breakeven as drawing
        from simgap.plots import style

        found = self.of.summary["break_even"][:MOST_PANELS]
        panels = [self._panel(one) for one in found]
        caption = self._caption(found[0]["replications"])
        figure, axes = style.new_figure(caption, height=drawing.height(len(panels)))
        drawing.draw(axes, panels, found[0]["a"], found[0]["b"], self._currency)
        return figure

    def _panel(self, found: Mapping[str, Any]) -> Panel:
        key, curve = found["key"], self.of.curves[found["key"]]
        row = None if key in CONDITIONS else row_of(key.partition("@")[0])
        whole, now = row is not None and row.whole, self._believed(key)
        if whole:  # rounded up before it is simulated
            now = now and (math.ceil(now[0]), math.ceil(now[1]))
        flips: list[Flip] = []
        for crossing in found["crossings"]:
            low, high = crossing["ci95"] or (None, None)
            flips.append({"value": crossing["value"], "low": low, "high": high})
        return {
            "key": key,
            "label": axis_label(sweeps.Axis(key, curve.values), self._currency),
            "values": curve.values,
            "mean": curve.mean,
            "half_width": curve.half_width,
            "flips": flips,
            "now": now,
            "whole": whole,
        }

    def _believed(self, key: str) -> tuple[float, float] | None:
        if key.partition("@")[0] not in self.of.resolved["parameters"]:
            return None
        path, side = targets(self.of.resolved, key)[-1]
        leaf = self.of.resolved["parameters"][path]
        believed = leaf.get("value", leaf.get(side))
        if not isinstance(believed, dict) or "times" in believed:
            return None
        low, high = quantile(believed, np.array([0.1, 0.9]))
        return float(low), float(high)

    def winners(self) -> Figure:
        """Which portfolio has the highest mean over two keys."""
        from simgap.plots import style, winners

        found = self.of.winners
        assert found is not None
        middle = plans.medians(self.of.resolved)
        x, y = found.axes
        places = [sweeps.place(axis, self.of.resolved, middle) for axis in found.axes]
        marks = []
        if places[0] and places[1]:
            points = dict(zip(zip(*places, strict=True), ("pilot", "production"), strict=True))
            marks = [(side if len(points) > 1 else "believed", *at) for at, side in points.items()]
        figure, axes = style.new_figure(
            self._caption(found.replications), height=winners.height(found.winner.T)
        )
        across, up = (axis_label(axis, self._currency) for axis in found.axes)
        winners.draw(
            axes, x.values, y.values, found.winner.T, found.shown.T, self.of.names, across, up, marks
        )
        return figure
