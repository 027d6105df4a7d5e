"""From the argument of a command to a text: a path, `-` for standard input, or a scenario that ships."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import IO

from simgap.errors import InputError, Problem
from simgap.scenario.document import MAX_BYTES, Document, Scalar, decode, parse

# Installed from a wheel the scenarios lie inside the package, in a checkout beside it.
_PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (_PACKAGE / "scenarios", _PACKAGE.parent / "scenarios")


def shipped_paths() -> dict[str, Path]:
    """Return the scenario files that ship, by name.

    Returns
    -------
    dict of str to Path
        Sorted by name.
    """
    found: dict[str, Path] = {}
    for folder in reversed(FOLDERS):
        found.update({path.parent.name: path for path in folder.glob("*/scenario.yaml")})
    return dict(sorted(found.items()))


def shipped() -> list[tuple[str, str]]:
    """List the scenarios that ship.

    Returns
    -------
    list of (str, str)
        Name and first line of the description, or of the file's opening comment; sorted by name.

    Raises
    ------
    InputError
        If a shipped file cannot be parsed.
    """
    out = []
    for name, path in shipped_paths().items():
        _, node = load(str(path)).root.items.get("description", (0, Scalar("", 0)))
        comment = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        text = node.text if isinstance(node, Scalar) and node.text else comment
        out.append((name, text.strip().split("\n")[0]))
    return out


def read_source(argument: str) -> tuple[str, str]:
    """Return the text that a SCENARIO argument stands for.

    Parameters
    ----------
    argument : str
        A path, ``-`` for standard input, or the name of a scenario that ships.

    Returns
    -------
    tuple of str and str
        The text, and the name of the file for messages.

    Raises
    ------
    InputError
        If there is no such file or name, or it is a directory, unreadable, too large, binary or not UTF-8.
    """
    if argument == "-":
        return decode(_limited(sys.stdin.buffer), "<stdin>"), "<stdin>"
    ships = shipped_paths()
    try:
        path = Path(argument)
        if argument in ships and not path.is_file():
            path = ships[argument]
        if not argument or not path.exists():
            raise _missing(argument, list(ships))
        if path.is_dir():
            raise _refused(argument, "is a directory", "a file, such as scenario.yaml in it")
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise _refused(argument, "is larger than 1 MB", "a scenario of at most 1 MB")
        with path.open("rb") as stream:
            return decode(_limited(stream), str(path)), str(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise _refused(argument, f"cannot be read ({reason})", "a file that can be read") from None


def load(argument: str) -> Document:
    """Return the nodes that a SCENARIO argument stands for.

    Parameters
    ----------
    argument : str
        A path, ``-`` for standard input, or the name of a scenario that ships.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        If it cannot be read, or is not a well-formed scenario.
    """
    return parse(*read_source(argument))


def _limited(stream: IO[bytes]) -> bytes:
    # One byte more than allowed is enough to know that it is too large.
    return stream.read(MAX_BYTES + 1)


def _missing(argument: str, names: list[str]) -> InputError:
    near = difflib.get_close_matches(argument, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    known = f"; scenarios that ship: {', '.join(names)}" if names else ""
    return _refused(argument or "SCENARIO", "no such file or scenario", f"{hint}a path, `-`{known}")


def _refused(file: str, what: str, allowed: str) -> InputError:
    return InputError(file, [Problem(0, "", what, allowed)])
