"""What a run came to: summary, tables, figures, and the folder they are written to.

pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.outside import of_class
from simgap.analysis.sequential import METRICS
from simgap.analysis.summary import cumulative_cash
from simgap.analysis.words import title
from simgap.folder import result_folder, write_json, write_parquet
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.montecarlo.outcomes import MONTHLY
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, omitted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Result(Whole):
    """What a run came to.

    Attributes
    ----------
    resolved : dict
        The scenario.
    results : Results
        Trials as arrays.
    summary : dict
        The JSON of ``simgap run --json``, without provenance.
    provenance : dict
        What is needed to run the same again; ``times`` is all that differs between two runs.
    unfinished : str
        Why the control is missing although it was asked for; empty where it is not.
    """

    resolved: dict[str, Any]
    results: plans.Results
    summary: dict[str, Any]
    provenance: dict[str, Any]
    unfinished: str = ""

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial: draw, luck, inputs (``input.NAME``), outcomes, and several workflows apart."""
        import pandas as pd

        return pd.DataFrame(tables.trials(self.resolved, self.results))

    @property
    def monthly(self) -> pd.DataFrame:
        """One row a trial and month, from month 1: flows in money, items, backlog, hours."""
        import pandas as pd

        return pd.DataFrame(next(tables.months(self.results, at_once=len(self.results.rows))))

    @property
    def plot(self) -> Figures:
        """The figures, each made when called."""
        return Figures(self)

    def text(self) -> str:
        """Return the first screen."""
        from simgap.report.screen import screen

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
            write_parquet(place / "trials.parquet", [tables.trials(self.resolved, self.results)])
            write_parquet(place / "monthly.parquet", tables.months(self.results))
            for name in self.plot.available:
                style.save(getattr(self.plot, name)(), place / f"{name}.png")
            if self.summary["precision"]["looks"]:
                style.save(self.plot.convergence(), place / "convergence.png")


FIGURES = ("value", "cash", "dashboard", "tornado")
LUCKS = "lucks"  # drawn where each draw has several
OUTSIDE = "outside_view"


@dataclass(frozen=True)
class Figures:
    """The figures of a run."""

    result: Result

    @property
    def available(self) -> list[str]:
        """Names of those that can be drawn of what was simulated.

        The outside view needs a class of one's own with values, and a board's figure over 0.
        """
        lucks = self.result.summary["uncertainty"] is not None
        return [*FIGURES, *[LUCKS] * lucks, *[OUTSIDE] * bool(self._class())]

    def _class(self) -> tuple[str, Mapping[str, Any]] | None:
        """Return the first class that tells realised over projected value, where the forecast has one."""
        view = self.result.summary[OUTSIDE]
        named = [one["name"] for one in view["classes"] if one.get("value")] if view else []
        if not named or not view["forecast"]:
            return None
        return named[0], self.result.resolved["classes"][named[0]]

    def _caption(self) -> str:
        s, n = self.result.summary, self.result.summary["replications"]
        lucks = s["design"]["lucks"]
        each = (
            f"{lucks} of each draw of what is not known, each with its own luck"
            if lucks > 1
            else "each with its own draw of what is not known and its own luck"
        )
        return (
            f"{title(s['scenario']['name'])}: {n} replication{'s' * (n > 1)}, seed {s['seed']}; {each}."
            f"{omitted(self.result.results)}{doubled(self.result.resolved)}"
        )

    def value(self) -> Figure:
        """Distribution of realised value, with the board line."""
        from simgap.plots import distribution, style

        r, s = self.result.results, self.result.summary
        criterion = self.result.resolved["success"]
        level = criterion["value"]
        if criterion["of"] == "projected":
            projected = r.of("projected_npv")
            level = level * float(projected[0]) if np.ptp(projected) == 0.0 else None
        figure, axes = style.new_figure(self._caption())
        board = s["projected"]["npv"]["mean"]
        distribution.draw(axes, r.of("realised_npv"), board, level or None, s["currency"])
        return figure

    def cash(self) -> Figure:
        """Cumulative cash by month, with its band and deepest point."""
        from simgap.plots import cumulative_cash as cash
        from simgap.plots import style

        r = self.result.results
        board = cumulative_cash(r, "projected").mean(axis=0)
        figure, axes = style.new_figure(self._caption())
        known = board if np.isfinite(board).all() else None
        cash.draw(axes, cumulative_cash(r), self.result.summary["currency"], known)
        return figure

    def dashboard(self) -> Figure:
        """What the dashboard says beside what is true, by month."""
        from simgap.plots import dashboard, style

        months = self.result.results.monthly

        def column(name: str) -> Floats:
            return months[:, :, MONTHLY.index(name)]

        figure, axes = style.new_figure(self._caption(), height=dashboard.HEIGHT)
        dashboard.draw(
            axes,
            column("accuracy_true"),
            column("accuracy_shown"),
            np.cumsum(column("net") - column("one_off"), axis=1),
            np.cumsum(column("net_shown"), axis=1),
            self.result.summary["currency"],
        )
        return figure

    def outside_view(self) -> Figure:
        """Realised over projected value: a reference class beside the forecast.

        Raises
        ------
        ValueError
            No class of one's own tells it, or the board's figure is not positive.
        """
        from simgap.plots import outside_view, style

        found = self._class()
        if found is None:
            view = self.result.summary[OUTSIDE]
            told = view and any(one.get("value") for one in view["classes"])
            raise ValueError(
                "the board's figure is not positive, so that the forecast has no place in a reference class"
                if told
                else "there is no reference class with realised over projected value to draw"
            )
        ratios, weights = of_class(found[1], "value")
        forecast = self.result.results.of("realised_npv") / self.result.summary["projected"]["npv"]["mean"]
        caption = f"{self._caption()} The forecast is over the mean of what the board saw."
        figure, axes = style.new_figure(caption)
        outside_view.draw(axes, title(found[0]), ratios, weights, forecast)
        return figure

    def convergence(self) -> Figure:
        """How well the outcome was known as trials came in; of a study that ran until it was."""
        from simgap.results.convergence import figure

        precision = self.result.summary["precision"]
        metric = METRICS[precision["of"]]
        values = metric.values(self.result.results.of(metric.outcome))
        return figure(self._caption(), precision, metric, values, self.result.summary["currency"])

    def tornado(self) -> Figure:
        """Rank correlation of the inputs with realised value."""
        from simgap.plots import style, tornado

        links = self.result.summary["inputs"]
        table = [[link["rank_correlation"], *link["ci95"]] for link in links]
        correlations = np.array(table, dtype=np.float64).reshape(-1, 3)
        caption = f"{self._caption()} Whiskers: 95 % intervals that hold together."
        figure, axes = style.new_figure(
            caption, height=tornado.height(int(np.isfinite(correlations[:, 0]).sum()))
        )
        tornado.draw(axes, [link["name"] for link in links], correlations, "realised NPV")
        return figure

    def lucks(self) -> Figure:
        """What a draw of the unknowns comes to with one luck, over what it comes to with another."""
        from simgap.plots import lucks, style

        r, parts = self.result.results, self.result.summary["uncertainty"]["realised_npv"]
        pairs = r.of("realised_npv").reshape(-1, r.lucks)
        removable = 1.0 - parts["sd_luck"] / parts["sd_total"] if parts["sd_total"] else 0.0
        figure, axes = style.new_figure(self._caption(), height=lucks.HEIGHT)
        lucks.draw(axes, pairs[:, 0], pairs[:, 1], removable, self.result.summary["currency"])
        return figure
