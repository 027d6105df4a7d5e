"""What a run and a sweep came to: summary, tables, figures, and the folder they are written to.

pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import math
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgap import scenario
from simgap.analysis import sweep as sweeps
from simgap.analysis.summary import cumulative_cash, ended, finite
from simgap.analysis.words import left_out, money, title
from simgap.folder import result_folder, write_json, write_parquet
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.report.screen import wrap
from simgap.scenario.units import say
from simgap.scenario.values import row_of
from simgap.version import __version__

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Result:
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
    """

    resolved: dict[str, Any]
    results: plans.Results
    summary: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every trial that was asked for was finished."""
        return self.results.complete

    @property
    def shortfalls(self) -> list[str]:
        """Why not every trial that was asked for was finished, in words."""
        return _shortfalls(self.results)

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial: draw, luck, inputs (``input.NAME``), outcomes, and several workflows apart."""
        import pandas as pd

        return pd.DataFrame(self._trials())

    def _trials(self) -> Columns:
        r = self.results
        _, draw, luck = np.array(r.rows, np.int64).T
        columns = {"draw": draw, "luck": luck}
        columns |= {f"input.{name}": r.drawn[:, i] for i, name in enumerate(r.inputs)}
        columns |= {name: r.outcomes[:, i] for i, name in enumerate(r.names)}
        names = self.resolved["workflows"] if r.workflows.shape[1] > 1 else ()
        return columns | {
            f"workflow.{name}.{what}": r.workflows[:, w, i]
            for w, name in enumerate(names)
            for i, what in enumerate(PER_WORKFLOW)
        }

    @property
    def monthly(self) -> pd.DataFrame:
        """One row a trial and month, from month 1: flows in money, items, backlog, hours."""
        import pandas as pd

        return pd.DataFrame(self._monthly(slice(None)))

    def _monthly(self, trials: slice) -> Columns:
        flows = self.results.monthly[trials]
        _, draw, luck = np.array(self.results.rows[trials], np.int64).T
        months = flows.shape[1]
        columns = {
            "draw": np.repeat(draw, months),
            "luck": np.repeat(luck, months),
            "month": np.tile(np.arange(1, months + 1), len(flows)),
        }
        return columns | {name: flows[:, :, i].ravel() for i, name in enumerate(MONTHLY)}

    @property
    def plot(self) -> Figures:
        """The figures, each made when called."""
        return Figures(self)

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        return {**self.summary, "provenance": finite(self.provenance)}

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
            write_parquet(place / "trials.parquet", [self._trials()])
            parts = range(0, len(self.results.rows), TRIALS_AT_ONCE)
            months = (self._monthly(slice(first, first + TRIALS_AT_ONCE)) for first in parts)
            write_parquet(place / "monthly.parquet", months)
            for name in FIGURES:
                style.save(getattr(self.plot, name)(), place / f"{name}.png")


FIGURES = ("value", "cash", "dashboard", "tornado")
TRIALS_AT_ONCE = 500  # whose months are written: a table of all months would be the largest thing in memory


def _shortfalls(results: plans.Results) -> list[str]:
    n = len(results.ended)
    they = (
        "replications ended with backlog_limit and are"
        if n > 1
        else "replication ended with backlog_limit and is"
    )
    found = [f"{n} {they} left out"] if n else []
    return found + ["stopped before the end"] * results.stopped


def _left_out(results: plans.Results) -> str:
    """Return the sentence of a caption that says what is left out."""
    n = len(results.ended)
    return f" Left out: {n} that ended with backlog_limit, the longest queues." if n else ""


@dataclass(frozen=True)
class Figures:
    """The figures of a run."""

    result: Result

    def _caption(self) -> str:
        s, n = self.result.summary, self.result.summary["replications"]
        return (
            f"{title(s['scenario']['name'])}: {n} replication{'s' * (n > 1)}, seed {s['seed']}; each with "
            f"its own draw of what is not known and its own luck.{_left_out(self.result.results)}"
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


@dataclass(frozen=True)
class Sweep:
    """What a sweep came to: an outcome on a grid of one or two axes.

    Attributes
    ----------
    axes : list of Axis
        Keys and values.
    outcome : str
        ``npv``, ``ratio`` or ``success``.
    mean, half_width : Floats
        By axis in order; half-widths of 95 % intervals over the trials.
    """

    resolved: dict[str, Any]
    axes: list[sweeps.Axis]
    outcome: str
    mean: Floats
    half_width: Floats
    results: plans.Results
    seed: int
    provenance: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every trial that was asked for was finished."""
        return self.results.complete

    @property
    def shortfalls(self) -> list[str]:
        """Why not every trial that was asked for was finished, in words."""
        return _shortfalls(self.results)

    @property
    def replications(self) -> int:
        """Trials at each point of the grid."""
        return len(self.results.rows) // self.mean.size

    @property
    def currency(self) -> str:
        """The currency of the outcome; empty where it is no money."""
        return str(self.resolved["parameters"]["money.currency"]["value"]) if self.outcome == "npv" else ""

    @property
    def table(self) -> pd.DataFrame:
        """One row a point of the grid: a column an axis, then ``mean`` and ``half_width``."""
        import pandas as pd

        grid = np.meshgrid(*(axis.values for axis in self.axes), indexing="ij")
        columns = {axis.key: g.ravel() for axis, g in zip(self.axes, grid, strict=True)}
        return pd.DataFrame({**columns, "mean": self.mean.ravel(), "half_width": self.half_width.ravel()})

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        return {
            "scenario": {"name": self.resolved["name"], "digest": scenario.digest(self.resolved)},
            "seed": self.seed,
            "replications": self.replications,
            "ended": ended(self.results),
            "engine": self.results.engine,
            "version": __version__,
            "currency": self.currency,
            "axes": [{"key": axis.key, "values": axis.values.tolist()} for axis in self.axes],
            "outcome": self.outcome,
            "mean": finite(self.mean.tolist()),
            "half_width": finite(self.half_width.tolist()),
            "provenance": finite(self.provenance),
        }

    def figure(self) -> Figure:
        """Draw a curve over one axis, or a map over two: the first across, the second up."""
        from simgap.plots import style
        from simgap.plots import sweep as drawing

        n = self.replications
        few = " Few replications: read the shape, not the last digit." if n < 30 else ""
        caption = (
            f"{title(self.resolved['name'])}: mean of {n} replication{'s' * (n > 1)} at each of "
            f"{self.mean.size} points, the same draws and luck at all of them; seed {self.seed}.{few}"
            f"{_left_out(self.results)}"
        )
        medians = plans.medians(self.resolved)
        places = [sweeps.place(axis, self.resolved, medians) for axis in self.axes]
        currency = str(self.resolved["parameters"]["money.currency"]["value"])
        labels = [_axis_label(axis, currency) for axis in self.axes]
        outcome = sweeps.OUTCOMES[self.outcome]
        figure, axes = style.new_figure(caption)
        if len(self.axes) == 1:
            pilot, production = places[0] or (None, None)
            half = np.nan_to_num(self.half_width)
            values = self.axes[0].values
            drawing.curve(
                axes, values, self.mean, half, labels[0], outcome, pilot, production, currency=self.currency
            )
            return figure
        marks = []
        if places[0] and places[1]:
            marks = [(side, places[0][i], places[1][i]) for i, side in enumerate(("pilot", "production"))]
        x, y = (axis.values for axis in self.axes)
        reference = {"npv": 0.0, "ratio": 1.0}.get(self.outcome)
        drawing.surface(
            axes,
            x,
            y,
            self.mean.T,
            labels[0],
            labels[1],
            outcome,
            marks,
            reference=reference,
            currency=self.currency,
        )
        return figure

    def text(self) -> str:
        """Return the grid as a table for the terminal."""
        n = self.replications
        head = f"{sweeps.OUTCOMES[self.outcome]}, mean of {n} replication{'s' * (n > 1)} a point"
        lines = [title(self.resolved["name"]), head + (f", in {self.currency}" if self.currency else "")]
        if self.results.ended:
            points, ended_at = self.mean.size, {variant for variant, _, _ in self.results.ended}
            lines[1:1] = [
                left_out(len(self.results.ended), points * self.provenance["replications_asked"]),
                f"This happened at {len(ended_at)} of {points} points. Those draws are left out at every "
                "point: a narrower range keeps them.",
            ]
        columns = []
        for letter, axis in zip("xy", self.axes, strict=False):
            about = " (dose: 0 is the pilot, 1 production)" if axis.is_dose else ""
            lines.append(f"{letter}: {axis.key}{about}")
            unit = "number" if axis.is_dose else row_of(axis.key.partition("@")[0]).unit
            columns.append([letter, *(say(float(value), unit) for value in axis.values)])
        table = [[*(column[0] for column in columns), "mean", "+/-"]]
        for i in np.ndindex(self.mean.shape):
            at = [column[1 + k] for column, k in zip(columns, i, strict=True)]
            table.append([*at, self._say(float(self.mean[i])), self._say(float(self.half_width[i]))])
        rows = ("".join(f"{cell:>20}" for cell in r[:-2]) + f"{r[-2]:>12}{r[-1]:>12}" for r in table)
        return "\n".join([*map(wrap, lines), "", *rows])

    def _say(self, value: float) -> str:
        if math.isnan(value):
            return "-"
        return money(value) if self.currency else f"{value:.3f}"

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            As `Result.save`.
        """
        from simgap.plots import style

        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            self.table.to_csv(place / "grid.csv", index=False)
            style.save(self.figure(), place / "sweep.png")


# What the numbers on an axis are, by the unit of the table; money is in the scenario's currency.
AXIS_UNITS = {
    "share": "share",
    "duration": "hours",
    "staffed": "staffed hours",
    "volume": "per year",
    "yearly": "share per year",
}


def _axis_label(axis: sweeps.Axis, currency: str) -> str:
    if axis.is_dose:
        return f"dose of {axis.key} (0 pilot, 1 production)"
    unit = row_of(axis.key.partition("@")[0]).unit
    named = (
        f"({currency})" if unit.startswith("money") else f"({AXIS_UNITS[unit]})" if unit in AXIS_UNITS else ""
    )
    return textwrap.fill(f"{axis.key} {named}".strip(), 40)
