"""`simgap replay`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap.cli.options import JSON, SEED, SETS, finish, progress


@click.command()
@click.argument("scenario")
@click.option(
    "--replication",
    type=int,
    default=0,
    show_default=True,
    help="Which trial of `run` with the same seed, counted from 0.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="KIND:N",
    help="Take this event out, such as incident:3; may be repeated. Default: list what there is.",
)
@click.option("--each", is_flag=True, help="Take each event out by itself: which cost most?")
@SEED
@SETS
@click.option("--out", type=Path, help="Folder for the results, new or empty.")
@click.option("--overwrite", is_flag=True, help="Replace the results that the folder holds.")
@click.option("--yes", is_flag=True, help="Run --each even if it takes more than an hour.")
@JSON
@click.option("--quiet", is_flag=True, help="No progress, and no words beside errors.")
@click.option("-v", "--verbose", is_flag=True, help="Progress even where there is no terminal.")
def replay(
    scenario: str,
    replication: int,
    without: tuple[str, ...],
    each: bool,
    seed: int,
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    yes: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """One replication again without an event, and what followed from it.

    KIND is incident, outage, schema-change or restriction; N counts from 0. Without
    --without it lists what there is to take out.

    Example: simgap replay claims --replication 12 --without incident:3
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose) as show:
        result = case.replay(replication, without, each, seed, show, confirmed=yes)
    return finish(result, result.text(), as_json, quiet, out, overwrite)
