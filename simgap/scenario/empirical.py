"""Values from a CSV file in the folder of the scenario: ``empirical(times.csv, column)``."""

from __future__ import annotations

import csv
import io
import re
from fractions import Fraction
from pathlib import Path, PureWindowsPath

from simgap.scenario.units import UNITS, Wrong, quantity, show

# Under ten values nothing is known of the tails, and a triple says more honestly what is believed: a guess.
# The resolved form holds the values themselves, so there must not be too many.
FEWEST, MOST = 10, 10_000
MAX_BYTES = 5_000_000
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
    text = _text(name, folder)
    rows = _rows(name, text)
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


def _text(name: str, folder: Path | None) -> str:
    windows = PureWindowsPath(name)
    if not name or windows.drive or windows.root or ".." in windows.parts or not name.isprintable():
        raise Wrong(f"{show(name)} is no file in the folder of the scenario", _FORM)
    if folder is None:
        raise Wrong(
            f"{show(name)} cannot be found: a scenario from standard input or a text has no folder",
            "the scenario as a file, with the CSV file in its folder",
        )
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise Wrong(f"{show(name)} leads out of the folder of the scenario", _FORM)
        if not path.is_file():
            raise Wrong(f"{show(name)} is not there", _FORM)
        if path.stat().st_size > MAX_BYTES:
            raise Wrong(f"{name}: is larger than {MAX_BYTES / 1e6:.0f} MB", f"at most {MOST:,} rows")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # a loop of links is a RuntimeError
        reason = getattr(error, "strerror", None) or "not a path"
        raise Wrong(f"{show(name)} cannot be read ({reason})", "a file that can be read") from None
    try:
        if b"\0" in data:
            raise UnicodeDecodeError("utf-8", data, data.index(b"\0"), len(data), "binary")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Wrong(f"{name}:{line}: is not UTF-8", "a CSV text saved as UTF-8") from None


def _rows(name: str, text: str) -> list[tuple[int, list[str]]]:
    """Return the rows with their lines, without those that are blank.

    Columns are separated by semicolons where the first line has one, else by tabs, else by commas.
    """
    first = text.lstrip().partition("\n")[0]
    separator = next((s for s in ";\t" if s in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise Wrong(f"{name}:{line}: is not CSV ({error})", "rows of cells between commas") from None
        if row is None:
            return rows
        cells = [cell.strip() for cell in row]
        if any(cells):
            rows.append((line, cells))
        line = reader.line_num + 1


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
    allowed = "a number in each row, with a decimal point; the unit stands after the parenthesis"
    if not cell:
        raise Wrong(f"{where} has no value", "a number in each row; leave a row without one out")
    if not column and len(row) > 1 and any(row[1:]):
        raise Wrong(f"{where} has {len(row)} cells", allowed)
    if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", cell):
        raise Wrong(f"{where} {show(cell)} has a comma", f"{allowed}, and no thousands comma")
    try:
        number, phrase = quantity(cell, UNITS["number"])
    except Wrong as wrong:
        raise Wrong(f"{where} {wrong.what}", allowed) from None
    if phrase:
        raise Wrong(f"{where} {show(cell)} is not a plain number", allowed)
    return number
