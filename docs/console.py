"""Run the `console` blocks of a page and write what they print below each command.

`python docs/console.py docs/tutorial.md` refreshes a page; the tests call `replay` and compare. A YAML block
whose first line is ``# NAME.yaml`` is a file that the commands below it may read.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import signal
import sys
import tempfile
from pathlib import Path

from simgap.cli import main

_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"# ([a-z-]+\.yaml)\n")


def run(line: str) -> str:
    """Return what a command prints, both streams together, without blanks at the ends of lines."""
    words = shlex.split(line)
    if words[0] != "simgap":
        raise ValueError(f"only simgap is run: {line}")
    printed = io.StringIO()
    arguments, handlers = sys.argv, [(s, signal.getsignal(s)) for s in (signal.SIGINT, signal.SIGTERM)]
    try:
        sys.argv = words
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main()
    except SystemExit:
        pass
    finally:
        sys.argv = arguments
        for number, handler in handlers:
            signal.signal(number, handler)
    return "".join(f"{text.rstrip()}\n" for text in printed.getvalue().splitlines())


def replay(page: str) -> str:
    """Return a page with the output of its commands as it is now, run in an empty folder."""

    def fresh(block: re.Match[str]) -> str:
        kind, body = block.groups()
        if kind == "yaml":
            name = _FILE.match(body)
            if name:
                Path(name[1]).write_text(body, encoding="utf-8")
            return block[0]
        lines = [line for line in body.splitlines() if line.startswith("$ ")]
        shown = "".join(f"{line}\n{run(line[2:])}" for line in lines)
        return f"```console\n{shown}```"

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return _BLOCK.sub(fresh, page)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name).resolve()
        path.write_text(replay(path.read_text(encoding="utf-8")), encoding="utf-8")
