"""`simgap capacity`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap import defaults
from simgap.cli.options import finish, progress, simulating


@click.command()
@simulating(defaults.CHECK_REPLICATIONS, "Futures that check the fluid model by simulation.")
@click.option(
    "--draws",
    type=click.IntRange(20, 10**5),
    default=defaults.CAPACITY_DRAWS,
    show_default=True,
    help="Draws of the unknowns through the fluid model.",
)
@click.option("--check/--no-check", default=True, show_default=True, help="Whether simulation checks it.")
def capacity(
    scenario: str,
    draws: int,
    check: bool,
    replications: int,
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
    """How much of the work reviewers can carry, and what one more of their hours is worth.

    The cliff is the adopted share beyond which some month offers more review than there are
    staffed hours. It is found by the fluid model, which is approximate, and checked by
    simulation.

    Example: simgap capacity claims
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose, "flow.follow") as show:
        result = case.capacity(
            draws, replications if check else 0, seed, workers, show, confirmed=yes, engine=engine
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
