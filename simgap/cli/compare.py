"""`simgap compare`."""

from __future__ import annotations

from pathlib import Path

import click

from simgap.cli.options import CONTROL, DESIGN, LUCKS, finish, precise, progress, simulating
from simgap.defaults import ALL_REPLICATIONS, REPLICATIONS


@click.command()
@simulating(
    None, f"Futures; every portfolio meets each.  [default: {REPLICATIONS}; --all: {ALL_REPLICATIONS}]"
)
@DESIGN
@LUCKS
@CONTROL
@precise("the mean difference between two portfolios, which must be named")
@click.argument("portfolios", nargs=-1, metavar="[PORTFOLIO]...")
@click.option("--all", "every", is_flag=True, help="All combinations of the investments.")
@click.option(
    "--each",
    is_flag=True,
    help="Also what each investment is worth alone and in company (with --all always).",
)
@click.option(
    "--break-even",
    multiple=True,
    metavar="KEY[=LO:HI]",
    help="Where the preference flips over a key; `most`: over the five that matter most. May be repeated.",
)
@click.option(
    "--map",
    "over",
    multiple=True,
    metavar="KEY=LO:HI:N",
    help="Twice: which portfolio wins over two keys or doses.",
)
def compare(
    portfolios: tuple[str, ...],
    scenario: str,
    every: bool,
    each: bool,
    break_even: tuple[str, ...],
    over: tuple[str, ...],
    precision: str | None,
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
    """Portfolios of investments of SCENARIO against each other.

    PORTFOLIO is a name in the file, or `nothing`; by default all that the file names.
    All of them meet the same futures, in the same window.

    Example: simgap compare claims demo ready --break-even most
    """
    from simgap.folder import check_folder
    from simgap.study import load

    case = load(scenario, sets)
    if out:
        check_folder(out, overwrite)
    with progress(quiet, verbose) as show:
        result = case.compare(
            portfolios,
            every,
            each,
            break_even,
            over,
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
            said=show.say,
        )
    return finish(result, result.text(), as_json, quiet, out, overwrite)
