"""`simgap show`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap.cli.options import JSON, SETS, finish


@click.command()
@click.argument("scenario")
@click.argument("inputs", nargs=-1, metavar="[INPUT]...")
@SETS
@click.option("--out", type=Path, help="Folder for a figure of each INPUT, new or empty.")
@click.option("--overwrite", is_flag=True, help="Replace the results that the folder holds.")
@JSON
@click.option("--quiet", is_flag=True, help="No words beside errors.")
def show(
    scenario: str,
    inputs: tuple[str, ...],
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """What an uncertain number of SCENARIO means; nothing is simulated.

    INPUT is a key path such as data.missing, or the name of an input as results have it.
    Without one, a table of all that is uncertain. To try a triple:

    simgap show claims data.missing --set "data.missing=1 % | 5 / 20 / 60 %"
    """
    from simgap.folder import check_folder
    from simgap.results.shown import show as look

    found = look(scenario, inputs, sets)
    if out:
        check_folder(out, overwrite)
    return finish(found, found.text(), as_json, quiet, out, overwrite)
