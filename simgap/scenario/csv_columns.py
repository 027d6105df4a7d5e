"""Columns of a CSV file in the scenario's folder, as text with the line of each row.

What is wrong with the name is said at the leaf that states it, what is wrong inside at the line of the CSV.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simgap.errors import InputError, Problem
from simgap.scenario.document import MAX_BYTES, decode
from simgap.scenario.keys import nearest
from simgap.scenario.units import Wrong, show

LARGEST = 1e15
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")


@dataclass(frozen=True)
class Columns:
    """A CSV file, not yet read as numbers.

    Attributes
    ----------
    file : str
        Its path, for messages.
    lines : list of int
        Line of each row.
    cells : dict of str to list of str
        Stripped texts by column.
    """

    file: str
    lines: list[int]
    cells: dict[str, list[str]]


def locate(name: str, scenario: str) -> Path:
    """Return the path of a CSV file that a scenario names.

    Parameters
    ----------
    name : str
        Name of a file in the scenario's folder.
    scenario : str
        File of the scenario, for messages: ``<stdin>`` and the like have no folder.

    Raises
    ------
    Wrong
        The name leads out of the folder, there is no folder, or no such file.
    """
    allowed = "the name of a CSV file in the scenario's folder"
    if scenario.startswith("<"):
        raise Wrong(
            f"{show(name)} cannot be found: a scenario given as text has no folder",
            "a scenario in a file",
        )
    folder = Path(scenario).parent
    try:
        path = (folder / name).resolve()
        inside = "\\" not in name and path.is_relative_to(folder.resolve())
        is_file = inside and path.is_file()
    except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
        raise Wrong(f"{show(name)} is not the name of a file", allowed) from None
    if not inside:
        raise Wrong(f"{show(name)} is not in the scenario's folder", allowed)
    if not is_file:
        near = nearest(name, sorted(file.name for file in folder.resolve().glob("*.csv")))
        raise Wrong(f"there is no file {show(name)}", f"{near}{allowed}")
    return folder / name


def read(path: Path, known: Sequence[str]) -> Columns:
    """Read a CSV file with a line of names.

    Parameters
    ----------
    path : Path
        As `locate` returns it; UTF-8. Columns are separated by semicolons where the first line has one, else
        by tabs, else by commas.
    known : sequence of str
        Names that a column may have.

    Raises
    ------
    InputError
        It cannot be read, or is no CSV file with these columns.
    """
    file = str(path)

    def refused(line: int, what: str, allowed: str, key: str = "") -> InputError:
        return InputError(file, [Problem(line, key, what, allowed)])

    try:
        with path.open("rb") as stream:
            text = decode(stream.read(MAX_BYTES + 1), file)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise refused(0, what, "a file that can be read") from None
    rows: list[tuple[int, list[str]]] = []
    head = text.lstrip().partition("\n")[0]
    between = next((mark for mark in ";\t" if mark in head), ",")
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True), 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, [cell.strip() for cell in row]))
            line = reader.line_num + 1
    except csv.Error as error:
        what = f"is not CSV: {error}"
        raise refused(line, what, "one separator between cells, quotes in pairs") from None
    if not rows:
        raise refused(0, "is empty", f"a line of column names, such as {', '.join(known[:3])}")
    first, names = rows[0]
    problems = []
    for name in dict.fromkeys(names):
        if name not in known:
            what = f"unknown column {show(name)}" if name else "a column has no name"
            allowed = f"{nearest(name, known)}known columns: {', '.join(known)}"
            problems.append(Problem(first, name[:60], what, allowed))
        elif names.count(name) > 1:
            problems.append(Problem(first, name, "is a column twice", "each once"))
    if not problems:
        problems = [
            Problem(at, "", f"has {len(row)} cells", f"{len(names)}, as many as there are columns")
            for at, row in rows[1:]
            if len(row) != len(names)
        ]
    if problems:
        raise InputError(file, problems)
    cells = {name: [row[i] for _, row in rows[1:]] for i, name in enumerate(names)}
    return Columns(file, [at for at, _ in rows[1:]], cells)


def number(text: str) -> float:
    """Return the number that a cell holds.

    Raises
    ------
    Wrong
        It is no finite number.

    Examples
    --------
    >>> number("-1.5e3")
    -1500.0
    """
    allowed = "a plain number such as 1200 or 0.85, without unit"
    if _THOUSANDS.fullmatch(text):
        raise Wrong(f"{show(text)} has a thousands comma", allowed)
    if not _NUMBER.fullmatch(text):
        raise Wrong(f"{show(text)} is not a number", allowed)
    value = float(text)
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise Wrong(f"{show(text)} is too large", f"at most {LARGEST:.0e}")
    return value
