"""`simgap gate`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap.cli.options import finish, progress, simulating
from simgap.defaults import REPLICATIONS


@click.command()
@simulating(REPLICATIONS, "Futures; every design meets each.")
@click.argument("designs", nargs=-1, metavar="[PILOT]...")
def gate(
    scenario: str,
    designs: tuple[str, ...],
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
    """Pilot designs of SCENARIO: pilot, go or no-go, production.

    PILOT is a name in the file; by default all of them. Production is simulated in every
    case, so that it is known what a no-go would have missed.

    Example: simgap gate claims demo production-ready
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose) as show:
        result = case.gate(designs, replications, seed, workers, show, confirmed=yes, engine=engine)
    return finish(result, result.text(), as_json, quiet, out, overwrite)
