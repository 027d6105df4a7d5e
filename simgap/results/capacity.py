"""What reviewers can carry: words, a table and the figure of the cliff."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.words import title
from simgap.folder import result_folder, write_json
from simgap.montecarlo import plan as plans
from simgap.results import tables
from simgap.results.incomplete import Whole, doubled, shortfalls

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Capacity(Whole):
    """What the reviewers of a scenario can carry, and what one more of their hours is worth.

    Attributes
    ----------
    resolved : dict
        The scenario.
    results : Results
        Of the fluid model: `study.capacity.FLUID_VARIANTS` on the same draws.
    simulated : Results, optional
        Of the check.
    summary : dict
        The JSON of ``simgap capacity --json``, without provenance.
    provenance : dict
        What is needed to run the same again.
    unfinished : str
        Why the check is missing although it was asked for; empty where it is not.
    """

    resolved: dict[str, Any]
    results: plans.Results
    simulated: plans.Results | None
    summary: dict[str, Any]
    provenance: dict[str, Any]
    unfinished: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was finished."""
        return not self.shortfalls

    @property
    def shortfalls(self) -> list[str]:
        """Why not everything that was asked for was finished, in words."""
        found = shortfalls(self.results) + (shortfalls(self.simulated) if self.simulated else [])
        return found + [self.unfinished] * bool(self.unfinished)

    @property
    def table(self) -> pd.DataFrame:
        """One row an adopted share: utilisation of its fullest month, and how likely that passes 1."""
        import pandas as pd

        carried = self.summary["carried"]
        return pd.DataFrame(
            {
                "share": carried["shares"],
                **{f"utilisation_{rank}": row for rank, row in carried["utilisation"].items()},
                "p_over": carried["p_over"],
            }
        )

    def text(self) -> str:
        """Return the screen."""
        from simgap.report.capacity import screen

        return screen(self.summary, tables.settings(self.resolved))

    def figure(self) -> Figure:
        """Draw the probability of overload over the adopted share."""
        from simgap.plots import cliff, style

        told = self.summary
        carried, planned = told["carried"], told["planned"]
        name = title(self.resolved["name"])
        caption = (
            f"{name}: {told['replications']} draws of the unknowns through the fluid model, which is "
            f"approximate; seed {told['seed']}. Overload: in some month more work is offered than reviewers "
            "have hours. The band is the 95% interval of the share that is carried."
            f"{doubled(self.resolved)}"
        )
        check = told["check"]
        figure, axes = style.new_figure(caption)
        cliff.draw(
            axes,
            np.array(carried["shares"]),
            np.array(carried["p_over"]),
            carried["risk"],
            carried["share"],
            (carried["ci95"][0], carried["ci95"][1]),
            planned["share"],
            None
            if check is None
            else np.array([(one["share"], one["p_over"], *one["p_over_ci95"]) for one in check["tried"]]),
        )
        return figure

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
            self.table.to_csv(place / "capacity.csv", index=False)
            style.save(self.figure(), place / "capacity.png")
