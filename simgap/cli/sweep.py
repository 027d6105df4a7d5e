"""`simgap sweep`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap import defaults
from simgap.cli.options import DESIGN, finish, progress, simulating


@click.command()
@simulating(
    None,
    f"Trials at each point.  [default: {defaults.SWEEP_REPLICATIONS}, with --preview 4 to 50; or the next "
    "that can be split]",
)
@DESIGN
@click.option(
    "--over",
    multiple=True,
    required=True,
    metavar="KEY=LO:HI:N",
    help="Condition (its dose) or key path, and its values. Once: a curve; twice: a map.",
)
@click.option(
    "--outcome",
    type=click.Choice(["npv", "ratio", "success"]),
    default="npv",
    show_default=True,
    help="Realised NPV, realised over projected, or share of futures that succeed.",
)
@click.option(
    "--preview",
    is_flag=True,
    help="Show in a second or two what to expect, by the fluid model; nothing is simulated.",
)
def sweep(
    scenario: str,
    over: tuple[str, ...],
    outcome: str,
    preview: bool,
    replications: int | None,
    seed: int,
    engine: str,
    workers: int | None,
    sets: tuple[str, ...],
    out: Path | None,
    overwrite: bool,
    yes: bool,
    design: str,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Curve or map of an outcome over parameters or doses.

    The dose of a condition is 0 in the pilot and 1 in production. All points meet the
    same draws and luck.

    Example: simgap sweep claims --over data=0:1.5:5 --over governance.mandatory_review=0:1:5
    """
    from simgap.folder import check_folder
    from simgap.study import load

    if preview and engine != defaults.ENGINE:
        raise click.UsageError("--preview simulates nothing; leave out --engine")
    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose, "flow.follow" if preview else "loop.advance") as show:
        result = case.sweep(
            over,
            outcome,
            replications,
            seed,
            workers,
            show,
            confirmed=yes,
            engine=engine,
            design=design,
            preview=preview,
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
