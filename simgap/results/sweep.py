"""What a sweep came to: the grid as a table, as JSON and as a figure.

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

from simgap.analysis import head
from simgap.analysis import sweep as sweeps
from simgap.analysis.summary import finite, head_of
from simgap.analysis.words import left_out, money, title
from simgap.defaults import FLUID
from simgap.folder import result_folder, write_json
from simgap.model.types import Floats
from simgap.montecarlo import plan as plans
from simgap.report.outside import uplifts
from simgap.report.screen import wrap
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, omitted
from simgap.scenario.units import say
from simgap.scenario.values import row_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Sweep(Whole):
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
    def replications(self) -> int:
        """Trials at each point of the grid."""
        return len(self.results.rows) // self.mean.size

    @property
    def preview(self) -> bool:
        """Whether it is the fluid model's, and nothing was simulated."""
        return self.results.engine == FLUID

    @property
    def currency(self) -> str:
        """The currency of the outcome; empty where it is no money."""
        return head.currency(self.resolved) if self.outcome == "npv" else ""

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
            **head_of(self.resolved, self.results, self.seed),
            "currency": self.currency,
            "preview": self.preview,
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
        what, same = ("replication", "draws and luck") if not self.preview else ("draw", "draws")
        approximate = " Preview by the fluid model: approximate, nothing is simulated." * self.preview
        caption = (
            f"{title(self.resolved['name'])}: mean of {n} {what}{'s' * (n > 1)} at each of "
            f"{self.mean.size} points, the same {same} at all of them; seed {self.seed}.{approximate}{few}"
            f"{omitted(self.results)}{doubled(self.resolved)}"
        )
        medians = plans.medians(self.resolved)
        places = [sweeps.place(axis, self.resolved, medians) for axis in self.axes]
        labels = [axis_label(axis, head.currency(self.resolved)) for axis in self.axes]
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
        what = "draw" if self.preview else "replication"
        head = f"{sweeps.OUTCOMES[self.outcome]}, mean of {n} {what}{'s' * (n > 1)} a point"
        lines = [title(self.resolved["name"]), head + (f", in {self.currency}" if self.currency else "")]
        lines[1:1] = PREVIEW * self.preview
        if self.results.ended:
            points, ended_at = self.mean.size, {variant for variant, _, _ in self.results.ended}
            lines[1:1] = [
                left_out(len(self.results.ended), points * self.provenance["replications_asked"]),
                f"This happened at {len(ended_at)} of {points} points. Those draws are left out at every "
                "point: a narrower range keeps them.",
            ]
        lines += uplifts(tables.settings(self.resolved), [axis.key.partition("@")[0] for axis in self.axes])
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


PREVIEW = [
    "PREVIEW by the fluid model: approximate, nothing was simulated.",
    "+/- is the 95 % interval over the draws, not the error of the model: see docs/fluid.md. Without "
    "--preview the same points are simulated.",
]
# What the numbers on an axis are, by the unit of the table; money is in the scenario's currency.
AXIS_UNITS = {
    "share": "share",
    "duration": "hours",
    "staffed": "staffed hours",
    "volume": "per year",
    "yearly": "share per year",
}


def axis_label(axis: sweeps.Axis, currency: str) -> str:
    """Return what is written beside an axis: its key, and its unit."""
    if axis.is_dose:
        return f"dose of {axis.key} (0 pilot, 1 production)"
    unit = row_of(axis.key.partition("@")[0]).unit
    named = (
        f"({currency})" if unit.startswith("money") else f"({AXIS_UNITS[unit]})" if unit in AXIS_UNITS else ""
    )
    return textwrap.fill(f"{axis.key} {named}".strip(), 40)
