"""`simgap attribute`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap.cli.options import finish, progress, simulating
from simgap.defaults import ATTRIBUTE_REPLICATIONS, EXACT_REPLICATIONS


@click.command()
@simulating(
    None,
    "Draws; of each, about 20 coalitions of conditions are simulated.  "
    f"[default: {ATTRIBUTE_REPLICATIONS}; --exact: {EXACT_REPLICATIONS}]",
)
@click.option("--exact", is_flag=True, help="All coalitions in each draw: 1,024 with ten conditions.")
@click.option("--interactions", is_flag=True, help="Also what each two conditions take together.")
@click.option(
    "--portfolio",
    "portfolios",
    multiple=True,
    metavar="NAME",
    help="Also what is left of each bar under it; `nothing` too. May be repeated.",
)
def attribute(
    scenario: str,
    exact: bool,
    interactions: bool,
    portfolios: tuple[str, ...],
    replications: int | None,
    seed: int,
    engine: str,
    workers: int | None,
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    yes: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Which condition takes how much of SCENARIO's gap.

    Shapley values over the conditions that differ between pilot and production, and what
    going from the board's figure to the planned volume takes. They add up to the gap.

    Example: simgap attribute claims --portfolio ready
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose) as show:
        result = case.attribute(
            portfolios, exact, interactions, replications, seed, workers, show, confirmed=yes, engine=engine
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
