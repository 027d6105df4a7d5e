"""The result folder: written whole or not at all, and never over existing results unasked."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from simgap.errors import InputError, Problem

FIGURES = (
    "value",
    "cash",
    "dashboard",
    "tornado",
    "sweep",
    "timeline",
    "difference",
    "frontier",
    "value_over_time",
    "break_even",
    "winners",
    "promise",
    "haircut",
    "replay",
    "waterfall",
    "what_is_left",
    "interactions",
    "lucks",
)
INPUT_FIGURES = "input.*.png"  # of `show`, one for each input
RESULTS = (
    "result.json",
    "trials.parquet",
    "monthly.parquet",
    "bars.parquet",
    "grid.csv",
    "events.csv",
    "events.xes",
    "happenings.csv",
    "chain.csv",
    "differences.csv",
    *(f"{figure}.png" for figure in FIGURES),
)


def check_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a result folder that must not or cannot be written; called before anything is simulated.

    Raises
    ------
    InputError
        It is a file, holds something that `overwrite` does not release, or cannot be written.
    """

    def refuse(what: str, allowed: str) -> InputError:
        return InputError("--out", [Problem(0, str(folder), what, allowed)])

    try:
        if "\0" in str(folder):
            raise refuse("is not a path", "a folder, new or empty")
        if folder.exists() and not folder.is_dir():
            raise refuse("is a file", "a folder, new or empty")
        if folder.is_dir() and any(folder.iterdir()) and not overwrite:
            raise refuse("already holds results or other files", "another folder, or --overwrite")
        with tempfile.TemporaryDirectory(prefix=".simgap-", dir=_existing(folder)):
            pass  # trying is the only sure way to know
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise refuse(f"cannot be used ({reason})", "a folder that can be written") from None


@contextmanager
def result_folder(folder: Path, overwrite: bool) -> Iterator[Path]:
    """Give a temporary folder to write to, and move its files to `folder` once all are written.

    Results of an earlier run in `folder` are removed; other files there stay.

    Raises
    ------
    InputError
        As `check_folder`, or writing fails, for want of room say.
    """
    check_folder(folder, overwrite)
    try:
        # Inside an existing folder, which may be all of a file system, since files move only within one.
        place = Path(tempfile.mkdtemp(prefix=".simgap-", dir=_existing(folder)))
        try:
            yield place
            folder.mkdir(parents=True, exist_ok=True)
            for name in (*RESULTS, *(path.name for path in folder.glob(INPUT_FIGURES))):
                (folder / name).unlink(missing_ok=True)
            for file in sorted(place.iterdir()):
                file.replace(folder / file.name)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        what = f"cannot be written ({error.strerror or error})"
        raise InputError("--out", [Problem(0, str(folder), what, "a folder with room to write")]) from error


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest of its parents that exists."""
    return next(p for p in (folder, *folder.absolute().parents) if p.exists())


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write data as JSON, keys in their order: that of investments and portfolios is part of a scenario."""
    path.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_parquet(path: Path, parts: Iterable[Mapping[str, Any]]) -> None:
    """Write tables of the same columns below each other: numbers, of which nan is missing, or texts."""
    import pyarrow as pa
    from pyarrow import parquet

    def column(values: Any) -> Any:
        if values.dtype == object:
            return pa.array(values.tolist(), pa.string())
        # Not `pyarrow.array`, which imports pandas: a third of a second.
        bits = np.packbits(~np.isnan(values), bitorder="little")
        buffers = [pa.py_buffer(bits), pa.py_buffer(np.ascontiguousarray(values))]
        return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)

    tables = (pa.table({name: column(values) for name, values in part.items()}) for part in parts)
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        for table in itertools.chain([first], tables):
            writer.write_table(table)
