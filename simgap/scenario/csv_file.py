"""A CSV file in the scenario's folder: where it lies, its rows with their lines, and the number in a cell.

What is wrong with the name is `Wrong`, said at the leaf that states it; what is wrong inside is an
`InputError` with the line of the CSV file.
"""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from pathlib import Path, PureWindowsPath

from simgap.errors import InputError, Problem
from simgap.scenario.units import UNITS, Wrong, nearest, quantity, show

MAX_BYTES = 5_000_000
_COMMA = re.compile(r"[+-]?[0-9.]*(,[0-9.]+)+")  # 1,200 may be 1200 or 1.2
_HERE = "the name of a CSV file in the scenario's folder"
_PLAIN = "a plain number such as 1200 or 0.85: a decimal point, no thousands comma, no unit"

Row = tuple[int, list[str]]


def locate(name: str, folder: Path | None) -> Path:
    """Return the path of a CSV file that a scenario names.

    Parameters
    ----------
    name : str
        The file, relative to the folder; in it or below it.
    folder : Path or None
        Where the scenario lies; None where it is no file.

    Raises
    ------
    Wrong
        There is no folder, the name or a link leads out of it, or there is no such file.
    """
    if folder is None:
        raise Wrong(
            f"{show(name)} cannot be found: a scenario from standard input or a text has no folder",
            "the scenario as a file, with the CSV file in its folder",
        )
    # The same on every system, so that a scenario does not read one file here and another there.
    windows = PureWindowsPath(name)
    if windows.drive or windows.root or ".." in windows.parts or "\\" in name:
        raise Wrong(f"{show(name)} is not in the scenario's folder", _HERE)
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve())
        is_file = inside and path.is_file()
    except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
        raise Wrong(f"{show(name)} is not the name of a file", _HERE) from None
    if not inside:
        raise Wrong(f"{show(name)} leads out of the scenario's folder", _HERE)
    if not is_file:
        below = Path(name).parent
        beside = sorted((below / file.name).as_posix() for file in (folder / below).glob("*.csv"))
        near = nearest(name, beside)
        raise Wrong(f"there is no file {show(name)}", f"{near}{_HERE}")
    return folder / name


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV file with their lines, cells stripped, without those that are blank.

    Columns are separated by semicolons where the first line has one, else by tabs, else by commas.

    Parameters
    ----------
    path : Path
        As `locate` returns it.

    Raises
    ------
    InputError
        It cannot be read, is too large, not UTF-8, or no CSV; names the line.
    """
    text = _text(path)
    first = text.lstrip().partition("\n")[0]
    separator = next((mark for mark in ";\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        allowed = "one separator between cells, quotes in pairs"
        raise _refused(path, line, f"is not CSV ({error})", allowed) from None
    return rows


def _text(path: Path) -> str:
    try:
        large = path.stat().st_size > MAX_BYTES
        if not large:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _refused(path, 0, f"cannot be read ({error.strerror})", "a file that can be read") from None
    if large or len(data) > MAX_BYTES:
        raise _refused(path, 0, f"is larger than {MAX_BYTES / 1e6:.0f} MB", "fewer rows")
    try:
        if b"\0" in data:
            raise UnicodeDecodeError("utf-8", data, data.index(b"\0"), len(data), "binary")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(path, line, "is not UTF-8 text", "a CSV text saved as UTF-8") from None


def _refused(path: Path, line: int, what: str, allowed: str) -> InputError:
    return InputError(str(path), [Problem(line, "", what, allowed)])


def number(cell: str) -> Fraction:
    """Return the number that a cell holds, exactly.

    Raises
    ------
    Wrong
        It is no plain number.

    Examples
    --------
    >>> number("-1.5e3")
    Fraction(-1500, 1)
    """
    if _COMMA.fullmatch(cell):
        raise Wrong(f"{show(cell)} has a comma", _PLAIN)
    try:
        value, phrase = quantity(cell, UNITS["number"])
    except Wrong as wrong:
        raise Wrong(wrong.what, _PLAIN) from None
    if phrase or cell[-1] in "kM":
        raise Wrong(f"{show(cell)} is not a plain number", _PLAIN)
    return value
