"""Cases and their results: what Python users hold, and what the commands call.

A case is a scenario that this version can simulate. Running it gives a result with a summary, tables and
figures, which can be written as a folder. pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import datetime
import math
import os
import platform
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import simgap
from simgap import scenario
from simgap.analysis import sweep as sweeps
from simgap.analysis.summary import cumulative_cash, finite, summary
from simgap.analysis.words import money, title
from simgap.errors import InputError, Problem
from simgap.folder import result_folder, write_json
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.montecarlo.trial import MONTHLY
from simgap.report.screen import wrap
from simgap.sampling.unknowns import quantile
from simgap.scenario.load import read_source
from simgap.scenario.units import say
from simgap.scenario.values import inputs, row_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SEED = 1
REPLICATIONS = 40
SWEEP_REPLICATIONS = 4
# By a process of the reference engine on an ordinary machine: to warn, not to promise.
ITEMS_PER_SECOND = 15_000
LONGEST = 3600.0  # seconds of expected work that need no --yes
MOST_MONEY = 1e18  # no currency needs more, and squares of it are far from the largest number
LIBRARIES = ("numpy", "scipy", "simpy", "numba", "pandas", "pyarrow", "matplotlib")

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Case:
    """A scenario that this version can simulate.

    Attributes
    ----------
    resolved : dict
        The resolved form.
    file : str
        What it was read from, for messages.
    """

    resolved: dict[str, Any]
    file: str = "<text>"

    def run(
        self,
        replications: int = REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
    ) -> Result:
        """Simulate projected and realised value.

        Parameters
        ----------
        replications : int
            Trials; each has its own draw of the unknowns and its own luck.
        seed : int
            From 0 to 2^32 - 1. The same seed gives the same bits for any number of workers.
        workers : int, optional
            Processes; by default one a processor, or none besides this one for small plans.
        progress : callable
            Told (finished, all) after each trial.
        confirmed : bool
            Whether a plan of more than an hour is meant.

        Returns
        -------
        Result
            After a keyboard interrupt, of the trials that were finished.

        Raises
        ------
        InputError
            The plan would take more than an hour and is not confirmed, or the pilot outlasts the window.
        KeyboardInterrupt
            Interrupted before the first trial was finished.
        """
        if not confirmed:
            items = replications * plans.work(self.resolved, plans.one_each(1))
            check_size(items, workers or plans.default_workers())
        self._check_window(())
        done, times = self._evaluate(plans.one_each(replications), seed, workers, progress)
        provenance = self._provenance("run", seed, replications, done, times)
        return Result(self.resolved, done, summary(self.resolved, done, seed, simgap.__version__), provenance)

    def sweep(
        self,
        over: Sequence[str],
        outcome: str = "npv",
        replications: int = SWEEP_REPLICATIONS,
        seed: int = SEED,
        workers: int | None = None,
        progress: Progress = _silent,
        confirmed: bool = True,
    ) -> Sweep:
        """Simulate an outcome over one or two parameters or doses of conditions.

        Parameters
        ----------
        over : sequence of str
            One or two texts ``KEY=LO:HI:N``.
        outcome : str
            ``npv``, ``ratio`` or ``success``.
        replications, seed, workers, progress, confirmed
            As in `run`; every point of the grid meets the same trials.

        Raises
        ------
        InputError
            An axis is wrong, or as in `run`.
        KeyboardInterrupt
            Interrupted before the first trial was finished at every point.
        """
        axes = [sweeps.parse_axis(text, self.resolved) for text in over]
        if not 1 <= len(axes) <= 2 or len({axis.key for axis in axes}) < len(axes):
            raise InputError("--over", [Problem(0, "", f"{len(axes)} axes", "one or two, of different keys")])
        points = math.prod(len(axis.values) for axis in axes)
        self._check_window(axes)
        if not confirmed:
            # The corners of the grid speak for all of it: looking at each point would itself take long.
            corners = sweeps.plan_of(sweeps.ends(axes), self.resolved, 1)
            items = plans.work(self.resolved, corners) / len(corners.rows) * points * replications
            check_size(items, workers or plans.default_workers())
        plan = sweeps.plan_of(axes, self.resolved, replications)
        done, times = self._evaluate(plan, seed, workers, progress)
        mean, half_width = sweeps.grid(axes, done, len(plan.variants), outcome)
        provenance = self._provenance("sweep", seed, replications, done, times)
        return Sweep(self.resolved, axes, outcome, mean, half_width, done, seed, provenance)

    def _evaluate(
        self, plan: plans.Plan, seed: int, workers: int | None, progress: Progress
    ) -> tuple[plans.Results, dict[str, Any]]:
        started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
        done = plans.evaluate(self.resolved, plan, seed, workers, progress)
        for name in ("projected_npv", "realised_npv"):
            largest = float(np.abs(done.of(name)).max())
            if not largest < MOST_MONEY:
                what = f"{name.replace('_', ' ')} comes to {largest:.3g}, too large to compute with"
                allowed = f"amounts and volumes that add up to less than {MOST_MONEY:.0e}"
                raise InputError(self.file, [Problem(0, "", what, allowed)])
        times = {
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - clock, 3),
            "workers": workers or plans.default_workers(),
        }
        return done, times

    def _check_window(self, axes: Sequence[sweeps.Axis]) -> None:
        parameters = self.resolved["parameters"]
        path = f"pilots.{parameters['base.pilot']['value']}.lasts"
        length, bounded = parameters[path]["value"], ""
        if isinstance(length, dict):
            length = float(quantile(length, np.array([1.0 - 1e-12]))[0])
            bounded = "; `a / b / c max N weeks` bounds what is not known"
        length = max([length, *(float(axis.values[-1]) for axis in axes if axis.key == path)])
        horizon = parameters["clock.horizon"]["value"] * 730.0
        if length >= horizon:
            what = f"a pilot of up to {_number(length / 168.0)} weeks leaves nothing of the window"
            problem = Problem(0, path, what, f"less than {horizon:,.0f} h{bounded}")
            raise InputError(self.file, [problem])

    def _provenance(
        self, command: str, seed: int, replications: int, done: plans.Results, times: dict[str, Any]
    ) -> dict[str, Any]:
        from importlib.metadata import version

        return {
            "command": command,
            "seed": seed,
            "replications_asked": replications,
            "complete": done.complete,
            "simgap": simgap.__version__,
            "python": platform.python_version(),
            "platform": f"{sys.platform} {platform.machine()}",
            "libraries": {name: version(name) for name in LIBRARIES},
            "times": times,
            "scenario": self.resolved,
        }


def load(source: str, sets: Sequence[str] = ()) -> Case:
    """Return the case of a scenario.

    Parameters
    ----------
    source : str
        A path, the name of a scenario that ships, ``-`` for standard input, or the text of a scenario (more
        than one line).
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves of the file.

    Raises
    ------
    InputError
        With everything that is wrong in the file, or that this version cannot simulate.

    Examples
    --------
    >>> load("minimal").resolved["workflows"]
    ['letters']
    """
    text, file = (source, "<text>") if "\n" in source else read_source(source)
    resolved = scenario.read_text(text, file, sets)
    scenario.refuse_unsimulated(resolved, text, file)
    return Case(resolved, file)


def check_size(items: float, workers: int) -> None:
    """Refuse a plan that would take more than an hour.

    Raises
    ------
    InputError
        Says how many items and how long.
    """
    seconds = items / (ITEMS_PER_SECOND * workers)
    if seconds > LONGEST:
        what = f"the plan simulates about {_number(items)} items, which takes about {_duration(seconds)}"
        raise InputError("simgap", [Problem(0, "", what, "fewer --replications or points, or --yes")])


def _duration(seconds: float) -> str:
    units = ((86400.0 * 365.0, "years"), (86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
    size, name = next((u for u in units if seconds >= 2.0 * u[0]), (1.0, "seconds"))
    return f"{_number(seconds / size)} {name}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value < 1e15 else f"{value:.0e}"


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
    def trials(self) -> pd.DataFrame:
        """One row a trial: draw, luck, inputs (``input.NAME``) and outcomes."""
        import pandas as pd

        r = self.results
        columns = {"draw": [row[1] for row in r.rows], "luck": [row[2] for row in r.rows]}
        columns |= {f"input.{name}": r.drawn[:, i].tolist() for i, name in enumerate(r.inputs)}
        columns |= {name: r.outcomes[:, i].tolist() for i, name in enumerate(r.names)}
        return pd.DataFrame(columns)

    @property
    def monthly(self) -> pd.DataFrame:
        """One row a trial and month, from month 1: flows in money, items, backlog, hours."""
        import pandas as pd

        r = self.results
        trials, months, _ = r.monthly.shape
        columns = {
            "draw": np.repeat([row[1] for row in r.rows], months),
            "luck": np.repeat([row[2] for row in r.rows], months),
            "month": np.tile(np.arange(1, months + 1), trials),
        }
        columns |= {name: r.monthly[:, :, i].ravel() for i, name in enumerate(MONTHLY)}
        return pd.DataFrame(columns)

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
            self.trials.to_parquet(place / "trials.parquet", index=False)
            self.monthly.to_parquet(place / "monthly.parquet", index=False)
            for name in ("value", "cash", "tornado"):
                style.save(getattr(self.plot, name)(), place / f"{name}.png")


@dataclass(frozen=True)
class Figures:
    """The figures of a run."""

    result: Result

    def _caption(self) -> str:
        s, n = self.result.summary, self.result.summary["replications"]
        return (
            f"{title(s['scenario']['name'])}: {n} replication{'s' * (n > 1)}, seed {s['seed']}; each with "
            "its own draw of what is not known and its own luck."
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

    def tornado(self) -> Figure:
        """Rank correlation of the inputs with realised value."""
        from simgap.plots import style, tornado

        links = self.result.summary["inputs"]
        table = [[link["rank_correlation"], *link["ci95"]] for link in links]
        correlations = np.array(table, dtype=np.float64).reshape(-1, 3)
        caption = f"{self._caption()} Whiskers: 95 % intervals that hold together."
        figure, axes = style.new_figure(caption, height=tornado.height(len(links)))
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
            "engine": "reference",
            "version": simgap.__version__,
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
        )
        medians = {
            i["name"]: float(quantile(i["distribution"], np.array([0.5]))[0]) for i in inputs(self.resolved)
        }
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
