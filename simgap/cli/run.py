"""`simgap run`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap import defaults
from simgap.cli.options import DESIGN, LUCKS, finish, progress, simulating


@click.command()
@simulating(None, f"Trials.  [default: {defaults.REPLICATIONS}; or the next that can be split]")
@DESIGN
@LUCKS
def run(
    scenario: str,
    replications: int | None,
    seed: int,
    engine: str,
    workers: int | None,
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    yes: bool,
    design: str,
    lucks: int,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Projected and realised value of SCENARIO, with figures.

    Ctrl-C stops it and keeps what is finished.
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose) as show:
        result = case.run(
            replications, seed, workers, show, confirmed=yes, engine=engine, design=design, lucks=lucks
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
