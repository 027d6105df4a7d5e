"""`simgap verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from simgap import defaults
from simgap.cli.options import JSON, SEED, progress
from simgap.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simgap.analysis.verification import Row

DISAGREES = 4


@click.command()
@SEED
@JSON
@click.option("--quiet", is_flag=True, help="No progress, and no words beside errors.")
def verify(seed: int, as_json: bool, quiet: bool) -> int:
    """Check this installation against queueing theory and known values.

    Simulates scenario files whose answer theory knows, and compares both engines. Takes
    under a minute. Exit code 4 says that a check failed.
    """
    from simgap.analysis import verification

    with progress(quiet, False) as show:
        rows = verification.verify(seed, show)
    passed = all(row.verdict != verification.DIFFERS for row in rows)
    if as_json:
        facts = {
            "cases": [row._asdict() for row in rows],
            "passed": passed,
            "confidence": verification.FAMILY,
            "engine": defaults.ENGINE,
            "seed": seed,
            "version": __version__,
        }
        click.echo(json.dumps(facts, sort_keys=True, allow_nan=False))
    elif not quiet:
        click.echo(screen(rows))
        click.echo(f"\nScenario files of the cases: {verification.FOLDER}")
    return 0 if passed else DISAGREES


def screen(rows: Sequence[Row]) -> str:
    """Return the rows as a table of at most 80 columns, and in words how it came out."""
    from simgap.analysis.verification import DIFFERS, FAMILY, SAME
    from simgap.report.screen import wrap

    lines = [f"{'case':<14}{'what':<24}{'theory':>7}{'estimate':>9}  {'95 % interval':<16} verdict"]
    exact, wrong = [row for row in rows if row.ci95 is None], [row for row in rows if row.verdict == DIFFERS]
    for row in rows:
        if row.ci95 is not None:
            between = f"{row.ci95[0]:.4f} to {row.ci95[1]:.4f}"
            numbers = f"{row.theory:>7.4f}{row.estimate:>9.4f}  {between:<16}"
            lines.append(f"{row.name:<14}{row.what:<24}{numbers} {row.verdict}")
    lines.append("")
    for what in dict.fromkeys(row.what for row in exact):
        names = [row.name for row in exact if row.what == what and row.verdict == SAME]
        lines.append(wrap(f"{what[0].upper()}{what[1:]}: {', '.join(names) or 'none'}: {SAME}."))
    lines += [wrap(f"{row.name}: {row.what}: {row.verdict}: {row.estimate}") for row in exact if row in wrong]
    said = f"{len(wrong)} of {len(rows)} checks fail." if wrong else f"All {len(rows)} checks pass."
    odds = f"Where the program is right they do with a probability of {FAMILY:.1%} at least."
    return "\n".join([*lines, "", wrap(said if wrong else f"{said} {odds}")])
