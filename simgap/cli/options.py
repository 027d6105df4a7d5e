"""Options that commands share, progress on the terminal, and how a command ends."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from simgap import defaults

F = TypeVar("F", bound=Callable[..., Any])
Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Telling:
    """What shows the progress of trials when called, and by `say` what is known after them."""

    told: Progress
    say: Say

    def __call__(self, done: int, total: int) -> None:
        """Show how many trials are finished, of how many."""
        self.told(done, total)


class Stopped(KeyboardInterrupt):
    """Ctrl-C or a request to end; of its own class, or Python would at times end with a code of its own."""


stopped = threading.Event()


def stop(*_: object) -> NoReturn:
    """Stop what runs: the handler of the signals."""
    stopped.set()
    raise Stopped


SEED = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=defaults.SEED,
    show_default=True,
    help="Seed of the study.",
)
SETS = click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Replace a leaf of the file.")
DESIGN = click.option(
    "--design",
    type=click.Choice(defaults.DESIGNS),
    default=defaults.DESIGN,
    show_default=True,
    help="How the unknowns are drawn: independently, or evenly in 16 to 31 independent randomisations, by "
    "Latin hypercube or Sobol' points. Luck stays independent.",
)
LUCKS = click.option(
    "--lucks",
    type=click.IntRange(1, 1000),
    default=defaults.LUCKS,
    show_default=True,
    help="Trials of each draw of the unknowns; two or more tell what is not known from luck. --replications "
    "counts all trials.",
)
CONTROL = click.option(
    "--control",
    is_flag=True,
    help="Also adjust means by the fluid model as control variate: narrower intervals for some seconds more.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


def simulating(
    replications: int | None, about: str = "Trials; at each point of a sweep."
) -> Callable[[F], F]:
    """Return the decorator that gives a command the options of everything that simulates."""
    options = (
        click.argument("scenario"),
        click.option(
            "--replications",
            type=click.IntRange(1, 10**7),
            default=replications,
            show_default=replications is not None,
            help=about,
        ),
        SEED,
        click.option(
            "--engine",
            type=click.Choice(defaults.ENGINES),
            default=defaults.ENGINE,
            show_default=True,
            help="What simulates; both give the same bits.",
        ),
        click.option("--workers", type=click.IntRange(1, 256), help="Processes; default: one a processor."),
        SETS,
        click.option("--out", type=Path, help="Folder for the results, new or empty."),
        click.option("--overwrite", is_flag=True, help="Replace the results that the folder holds."),
        click.option("--yes", is_flag=True, help="Run even if it takes more than an hour."),
        JSON,
        click.option("--quiet", is_flag=True, help="No progress, and no words beside errors."),
        click.option("-v", "--verbose", is_flag=True, help="Progress even where there is no terminal."),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def precise(of: str) -> Callable[[F], F]:
    """Return the decorator that gives a command the option to run until its result is known well enough."""
    return click.option(
        "--precision",
        metavar="HALF_WIDTH",
        help=f"Run until the 95 % interval of {of}, is so narrow: an amount, or `5 %` of the estimate.",
    )


@contextmanager
def progress(quiet: bool, verbose: bool, loop: str = "loop.advance") -> Iterator[Telling]:
    """Give a function that shows (finished, all) with the time left, on standard error.

    On a terminal a bar; with `verbose` and no terminal a line at each tenth; else nothing.
    """
    with _shown(quiet, verbose) as (shown, say):
        show = _compiling(shown, loop) if not quiet and (verbose or sys.stderr.isatty()) else shown

        def told(done: int, total: int) -> None:
            # Raised in a callback of the compiler, the interrupt is lost; so it is raised again here.
            if stopped.is_set():
                raise Stopped
            show(done, total)

        yield Telling(told, say)


def _compiling(show: Progress, loop: str) -> Progress:
    """Say that the first run compiles, and how long it took, where it does."""
    from simgap.compiling import is_warm

    if is_warm(loop):
        return show
    click.echo("Compiling the model for this machine: once, about a minute.", err=True)
    started = time.monotonic()
    said: list[bool] = []

    def told(done: int, total: int) -> None:
        if not said:
            said.append(True)
            click.echo(f"Compiled, and first trial done, in {time.monotonic() - started:.0f} s.", err=True)
        show(done, total)

    return told


@contextmanager
def _shown(quiet: bool, verbose: bool) -> Iterator[tuple[Progress, Say]]:
    if quiet or not (verbose or sys.stderr.isatty()):
        yield (lambda done, total: None), (lambda words: None)
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("trials", total=None)
            yield (
                lambda done, total: bar.update(task, completed=done, total=total),
                lambda words: bar.update(task, description=words.partition(" after ")[0]),
            )
    else:
        started = time.monotonic()

        def line(done: int, total: int) -> None:
            if done * 10 // total > (done - 1) * 10 // total:
                left = (time.monotonic() - started) / done * (total - done)
                click.echo(f"{done} of {total} trials, about {left:.0f} s left", err=True)

        yield line, lambda words: click.echo(words, err=True)


def finish(result: Any, text: str, as_json: bool, quiet: bool, out: Path | None, overwrite: bool) -> int:
    """Print the result of a command, write its folder, and return its exit code.

    The numbers come first: a full disk must not cost a run its result.
    """
    if as_json:
        click.echo(json.dumps(result.json(), allow_nan=False))
    elif not quiet:
        click.echo(text)
    if out:
        result.save(out, overwrite)
        if not (as_json or quiet):
            click.echo(f"\nWritten to {out}")
    if not result.complete:
        kept = f"; what was finished is in {out}" if out else ""
        why = "; ".join(result.shortfalls)
        click.echo(f"{why[0].upper()}{why[1:]}: the numbers are of what was finished{kept}.", err=True)
    return 0 if result.complete else 3
