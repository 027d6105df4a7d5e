"""The command line: thin commands, one module each; what is heavy is imported inside them."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import NoReturn

import click

from simgap.cli.attribute import attribute
from simgap.cli.capacity import capacity
from simgap.cli.compare import compare
from simgap.cli.gate import gate
from simgap.cli.options import stop, stopped
from simgap.cli.replay import replay
from simgap.cli.run import run
from simgap.cli.scenarios import resolve, scenarios, schema, validate
from simgap.cli.show import show
from simgap.cli.sweep import sweep
from simgap.cli.trace import trace
from simgap.cli.verify import verify
from simgap.errors import BacklogLimit, InputError, SimgapError
from simgap.version import __version__

DONE, FAILED, WRONG_INPUT, STOPPED = 0, 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="simgap")
def cli() -> None:
    """What an AI pilot promised against what production delivers.

    SCENARIO is a path, - for standard input, or the name of a scenario that ships
    (see `simgap scenarios`).

    Exit codes: 0 done; 1 the program failed; 2 the input is wrong; 3 stopped, by you
    or a limit, with what was finished saved; 4 `verify` found a difference.
    """


COMMANDS = (
    run,
    sweep,
    attribute,
    compare,
    gate,
    capacity,
    trace,
    replay,
    show,
    validate,
    resolve,
    schema,
    scenarios,
    verify,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line and exit with the code that says how it went."""
    stopped.clear()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name must not fail where it cannot be shown
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except InputError as error:
        click.echo(error, err=True)
        code = WRONG_INPUT
    except click.ClickException as error:
        error.show()
        code = WRONG_INPUT
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped before there was a result; nothing was saved.", err=True)
        code = STOPPED
    except BacklogLimit as error:
        click.echo(f"Stopped: {error}. Nothing was saved.", err=True)
        code = STOPPED
    except SimgapError as error:
        click.echo(f"simgap failed: {error}", err=True)
        code = FAILED
    except BrokenPipeError:
        # Whoever read our output has gone; leave nothing for the interpreter to flush into the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except Exception as error:
        click.echo(f"simgap failed: {type(error).__name__}: {error}; this is a defect of simgap", err=True)
        code = FAILED
    sys.exit(code or DONE)
