"""`simgap trace`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from simgap.cli.options import JSON, SEED, SETS, finish


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
    "--phase",
    type=click.Choice(["production", "pilot"]),
    default="production",
    show_default=True,
    help="Which phase of it.",
)
@click.option(
    "--months",
    metavar="A:B",
    help="Only items that arrive in these months, the month of the decision being 1.",
)
@SEED
@SETS
@click.option("--out", type=Path, help="Folder for the log and the figure, new or empty.")
@click.option("--overwrite", is_flag=True, help="Replace the results that the folder holds.")
@JSON
@click.option("--quiet", is_flag=True, help="No words beside errors.")
def trace(
    scenario: str,
    replication: int,
    phase: str,
    months: str | None,
    seed: int,
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Event log of one replication, and why each item was reviewed.

    With --out it writes the log as a table (CSV) and for process mining (XES), and a
    figure of what happened over time.
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case, span = load(scenario, sets), _span(months)
    if out:
        check_folder(out, overwrite)
    result = case.trace(replication, seed, phase, span)
    text = result.text() + ("" if out else "\n\nUse --out DIR for the event log (CSV, XES) and a figure.")
    return finish(result, text, as_json, quiet, out, overwrite)


def _span(months: str | None) -> tuple[int, int] | None:
    """Return the first and last month of a text such as 3:6."""
    if months is None:
        return None
    found = re.fullmatch(r"([0-9]{1,4}):([0-9]{1,4})", months)
    if found is None:
        raise click.BadParameter(f"`{months}` is not a span of months such as 3:6", param_hint="--months")
    return int(found[1]), int(found[2])
