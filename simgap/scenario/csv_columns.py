"""Named columns of a CSV file, as text with the line of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simgap.errors import InputError, Problem
from simgap.scenario import csv_file
from simgap.scenario.units import Wrong, nearest, show

LARGEST = 1e15


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


def read(path: Path, known: Sequence[str]) -> Columns:
    """Read a CSV file with a line of names.

    Parameters
    ----------
    path : Path
        As `csv_file.locate` returns it.
    known : sequence of str
        Names that a column may have.

    Raises
    ------
    InputError
        It cannot be read, or is no CSV file with these columns.
    """
    file, rows = str(path), csv_file.read_rows(path)
    if not rows:
        allowed = f"a line of column names, such as {', '.join(known[:3])}"
        raise InputError(file, [Problem(0, "", "is empty", allowed)])
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
        It is no plain number, or too large.

    Examples
    --------
    >>> number("-1.5e3")
    -1500.0
    """
    value = csv_file.number(text)
    if abs(value) > LARGEST:
        raise Wrong(f"{show(text)} is too large", f"at most {LARGEST:.0e}")
    return float(value)
