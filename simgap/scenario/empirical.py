"""Values from a CSV file in the folder of the scenario: ``empirical(times.csv, column)``."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from simgap.errors import InputError, Problem
from simgap.scenario import csv_file
from simgap.scenario.units import Wrong, show

# Under ten values nothing is known of the tails, and a triple says more honestly what is believed: a guess.
# The resolved form holds the values themselves, so there must not be too many.
FEWEST, MOST = 10, 10_000
_FORM = "empirical(FILE.csv) or empirical(FILE.csv, COLUMN), with a file in the folder of the scenario"
_SHOWN_COLUMNS = 8
# What stands for a missing number, or begins one: no name of a column.
_DATUM = re.compile(r"[-+]?\.?[0-9]|[-+]?\.?(nan|inf|infinity)$|(na|n/a|null|none|-)?$", re.IGNORECASE)


def read_column(name: str, column: str, folder: Path | None) -> list[tuple[int, Fraction]]:
    """Read a column of numbers.

    Parameters
    ----------
    name : str
        The file, relative to the folder.
    column : str
        Name of the column, or its number counted from 1; empty where the file has one column only.
    folder : Path or None
        Where the scenario lies; None where it is no file.

    Returns
    -------
    list of (int, Fraction)
        Line and number of each value, in the order of the file; from `FEWEST` to `MOST`.

    Raises
    ------
    Wrong
        If there is no such file or column, or it holds what is no number; names the line in the CSV file.
    """
    if not name:
        raise Wrong("names no file", _FORM)
    try:
        rows = csv_file.read_rows(csv_file.locate(name, folder))
    except InputError as error:
        raise _within(name, error.problems[0]) from None
    if not rows:
        raise Wrong(f"{name}: is empty", f"a column of {FEWEST} to {MOST:,} numbers")
    at, first = _place(name, column, rows[0][1])
    if first:
        rows = rows[1:]
    found = [(line, _number(name, line, row, at, column)) for line, row in rows]
    if len(found) < FEWEST:
        few = f"{len(found)} value{'s' * (len(found) != 1)}"
        raise Wrong(f"{name}: has {few}", f"at least {FEWEST}; of fewer a triple, or discrete(...)")
    if len(found) > MOST:
        raise Wrong(
            f"{name}: has {len(found):,} values",
            f"at most {MOST:,}: a random sample of the rows, or the percentiles as a / b / c",
        )
    if len({number for _, number in found}) == 1:
        raise Wrong(f"{name}: has the same value in every row", "at least two values, or the bare number")
    return found


def _within(name: str, problem: Problem) -> Wrong:
    """Return what is wrong inside the file as what is wrong with the leaf that names it."""
    line = f":{problem.line}" if problem.line else ""
    return Wrong(f"{name}{line}: {problem.what}", problem.allowed)


def _place(name: str, column: str, first: list[str]) -> tuple[int, bool]:
    """Return the index of the column, and whether the first row names the columns."""
    shown = ", ".join(show(cell) for cell in first[:_SHOWN_COLUMNS]) + ", ..." * (len(first) > _SHOWN_COLUMNS)
    if not column:
        if len(first) > 1:
            raise Wrong(
                f"{name}: has {len(first)} columns and none is named: {shown}",
                f"empirical({name}, COLUMN), by name or by number; decimals with a point, not a comma",
            )
        return 0, not _DATUM.match(first[0])
    if column.isascii() and column.isdigit() and 1 <= int(column[:9]) <= len(first):
        at = int(column[:9]) - 1
        return at, not _DATUM.match(first[at])
    if first.count(column) > 1:
        raise Wrong(f"{name}: has {first.count(column)} columns {show(column)}", "its number, counted from 1")
    if column in first:
        return first.index(column), True
    raise Wrong(
        f"{name}: has no column {show(column)}", f"one of {shown}, or a number from 1 to {len(first)}"
    )


def _number(name: str, line: int, row: list[str], at: int, column: str) -> Fraction:
    cell = row[at] if at < len(row) else ""
    where = f"{name}:{line}:"
    allowed = "plain numbers: a decimal point, no thousands comma; the unit stands after the parenthesis"
    if not cell:
        raise Wrong(f"{where} has no value", "a number in each row; leave a row without one out")
    if not column and len(row) > 1 and any(row[1:]):
        raise Wrong(f"{where} has {len(row)} cells", allowed)
    try:
        return csv_file.number(cell)
    except Wrong as wrong:
        raise Wrong(f"{where} {wrong.what}", allowed) from None
