"""`simgap run`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap import defaults
from simgap.cli.options import CONTROL, DESIGN, LUCKS, finish, precise, progress, simulating


@click.command()
@simulating(
    None,
    f"Trials; with --precision the most that may be run.  [default: {defaults.REPLICATIONS}, or the next "
    f"that can be split; with --precision: {defaults.MOST_REPLICATIONS}]",
)
@DESIGN
@LUCKS
@CONTROL
@precise("mean realised value, or of what --precision-of says")
@click.option(
    "--precision-of",
    type=click.Choice(defaults.PRECISION_OF),
    metavar="NAME",
    help=f"Outcome that --precision is of: {', '.join(defaults.PRECISION_OF)}.  [default: npv]",
)
def run(
    scenario: str,
    precision: str | None,
    precision_of: str | None,
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
    control: bool,
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
            replications,
            seed,
            workers,
            show,
            confirmed=yes,
            engine=engine,
            design=design,
            lucks=lucks,
            control=control,
            precision=precision,
            precision_of=precision_of,
            said=show.say,
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
