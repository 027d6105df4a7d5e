"""What pilot designs came to at the gate: words, tables and figures.

pandas and matplotlib are imported only when asked for.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.words import title
from simgap.folder import result_folder, write_json, write_parquet
from simgap.montecarlo import plan as plans
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, omitted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simgap.analysis.gate import Design

FIGURES = ("promise", "haircut")
MOST_DRAWN = 4  # designs in a figure


@dataclass(frozen=True)
class Gate(Whole):
    """What pilot designs came to.

    Attributes
    ----------
    resolved : dict
        The scenario.
    results : Results
        Trials as arrays; a variant a design.
    designs : list of Design
        The trials of each, as they are judged.
    summary : dict
        The JSON of ``simgap gate --json``, without provenance.
    provenance : dict
        What is needed to run the same again.
    """

    resolved: dict[str, Any]
    results: plans.Results
    designs: list[Design]
    summary: dict[str, Any]
    provenance: dict[str, Any]

    @property
    def trials(self) -> pd.DataFrame:
        """One row a future and design; ``projected_npv`` is what it promises, ``go`` whether it goes on."""
        import pandas as pd

        return pd.DataFrame(self._trials())

    def _trials(self) -> tables.Columns:
        names = [one.name for one in self.designs]
        go = np.stack([one.go for one in self.designs], axis=1).ravel().astype(np.float64)
        return tables.trials(self.resolved, self.results, "design", names) | {"go": go}

    @property
    def plot(self) -> Figures:
        """The figures, each made when called."""
        return Figures(self)

    def text(self) -> str:
        """Return the screen."""
        from simgap.report.gate import screen

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
            write_parquet(place / "trials.parquet", [self._trials()])
            for name in FIGURES:
                style.save(getattr(self.plot, name)(), place / f"{name}.png")


@dataclass(frozen=True)
class Figures:
    """The figures of a gate, of the first four designs."""

    of: Gate

    def _caption(self) -> str:
        s, n = self.of.summary, self.of.summary["replications"]
        return (
            f"{title(s['scenario']['name'])}: {n} replication{'s' * (n > 1)}, seed {s['seed']}; production "
            "is simulated in every case, and every design meets the same futures."
            f"{omitted(self.of.results)}{doubled(self.of.resolved)}"
        )

    def promise(self) -> Figure:
        """What production delivers over what the pilot promises, a point a future."""
        from simgap.plots import promise, style

        chosen = self.of.designs[:MOST_DRAWN]
        figure, axes = style.new_figure(self._caption(), height=promise.height(len(chosen)))
        points = [(one.name, one.promise, one.delivered, one.go) for one in chosen]
        promise.draw(axes, points, self.of.summary["currency"])
        return figure

    def haircut(self) -> Figure:
        """What a promise is worth, and the best hurdle."""
        from simgap.plots import haircut, style

        ends = {"always": -math.inf, "never": math.inf}
        curves: list[haircut.Curve] = []
        for one in self.of.summary["designs"][:MOST_DRAWN]:
            curve, hurdle = one["haircut"], one["hurdle"]
            columns = {key: np.array(curve[key], np.float64) for key in ("promise", "worth", "low", "high")}
            curves.append(
                {
                    "name": one["name"],
                    "promise": columns["promise"],
                    "worth": columns["worth"],
                    "low": columns["low"],
                    "high": columns["high"],
                    "enough": np.array(curve["enough"], np.bool_),
                    "hurdle": ends.get(hurdle["rule"], hurdle["promise"]) if hurdle["read"] else None,
                    "stop_value": one["stopped"]["mean"],
                }
            )
        figure, axes = style.new_figure(self._caption(), height=haircut.height(len(curves)))
        haircut.draw(axes, curves, self.of.summary["currency"])
        return figure
