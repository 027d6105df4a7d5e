"""The outside view of a scenario: its reference classes, and uplifts for optimism.

A reference class stands beside the forecast and never enters it. An uplift does enter it: it corrects what is
estimated, single figures for sums and delays. Where such a figure is already a range, the range holds
overruns as well, and both together would count them twice: that is refused unless the file says it is meant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simgap.errors import InputError, Problem
from simgap.scenario import csv_columns, csv_file
from simgap.scenario.csv_columns import Columns
from simgap.scenario.published import CLASSES
from simgap.scenario.units import Wrong, nearest, show

Leaves = Mapping[str, Mapping[str, Any]]

CLASS, COUNT_BOTH = "outside_view.class", "outside_view.count_both"
# By uplift what it corrects: paths, a star for each name that the file states.
ONCE, MONTHLY, DELAY = "outside_view.uplift", "outside_view.uplift_monthly", "outside_view.uplift_delay"
RUNNING = ("costs.platform", "costs.governance", "costs.curation", "measurement.tooling")
APPLIES: dict[str, tuple[str, ...]] = {
    ONCE: ("pilots.*.cost", "investments.*.once"),
    MONTHLY: ("investments.*.monthly", *RUNNING),
    DELAY: ("investments.*.delay",),
}
# Pairs of columns of a class, and the column of their ratio: what came of it over what was said before.
MEASURES = {
    "value": ("projected", "realised", "value_ratio"),
    "cost": ("estimated_cost", "actual_cost", "cost_ratio"),
    "duration": ("estimated_duration", "actual_duration", "duration_ratio"),
}
ABOUT = ("project", "year", "note")
COLUMNS = (*(name for names in MEASURES.values() for name in names), "weight", *ABOUT)
MOST_PROJECTS = 6000
WIDEST = (
    1e9  # the largest weight over the smallest: one beyond it is a slip, and their squares would underflow
)
ROUNDING = 0.01  # by which a stated ratio may differ from that of the amounts beside it


def factor(values: Mapping[str, Any], uplift: str) -> float:
    """Return what an uplift multiplies an estimate by; 1 where there is none."""
    return 1.0 + float(values.get(uplift, 0.0))


def without_uplifts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the sponsors see them: estimates as they are."""
    return {**values, **dict.fromkeys(APPLIES, 0.0)}


def uplifted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values of production with the uplift on its running costs."""
    return {**values, **{path: values[path] * factor(values, MONTHLY) for path in RUNNING}}


# --- counting twice ------------------------------------------------------------------------------------


def _stated(leaf: Mapping[str, Any]) -> bool:
    """Return whether an uplift is anything but none."""
    return leaf["value"] not in (None, 0.0)


def _concerned(resolved: Mapping[str, Any], uplift: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the leaves that an uplift multiplies, and the changes of investments to them."""
    for path in APPLIES[uplift]:
        group, star, rest = path.partition(".*.")
        for name in resolved[group] if star else [""]:
            own = f"{group}.{name}.{rest}" if star else path
            yield own, resolved["parameters"][own]
        for name, about in resolved["investments"].items():
            if path in about["change"]:
                yield f"investments.{name}.change.{path}", about["change"][path]


def _values(leaf: Mapping[str, Any]) -> list[Any]:
    """Return what a leaf's production side is made of: its value, or the pilot's and a factor."""
    value = leaf["value"] if "value" in leaf else leaf["production"]
    relative = isinstance(value, dict) and "times" in value
    return [value["times"], leaf["pilot"]] if relative else [value]


def ranges(resolved: Mapping[str, Any], uplift: str) -> list[str]:
    """Return the paths of what an uplift multiplies that is a range already."""
    return [
        path
        for path, leaf in _concerned(resolved, uplift)
        if any(isinstance(value, dict) for value in _values(leaf))
    ]


def counted_twice(resolved: Mapping[str, Any]) -> list[str]:
    """Return the paths of what is a range and has an uplift as well."""
    leaves = resolved["parameters"]
    return [path for uplift in APPLIES if _stated(leaves[uplift]) for path in ranges(resolved, uplift)]


def double_counting(resolved: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (key, what, what is allowed) for each uplift that counts twice, or has nothing to multiply."""
    leaves = resolved["parameters"]
    for uplift in APPLIES:
        if not _stated(leaves[uplift]):
            continue
        name = uplift.partition(".")[2]
        if leaves[COUNT_BOTH]["value"] != "yes":
            for path in ranges(resolved, uplift):
                what = f"is a range, and `{name}` lifts it besides: overruns are counted twice"
                allowed = f"a single figure, no `{uplift}`, or `{COUNT_BOTH}: yes`"
                yield path, what, allowed
        if not any(
            value not in (None, 0.0) for _, leaf in _concerned(resolved, uplift) for value in _values(leaf)
        ):
            yield uplift, "has nothing to multiply", f"a value for {' or '.join(APPLIES[uplift])}, or none"


# --- reference classes ---------------------------------------------------------------------------------


def is_own(name: str) -> bool:
    """Return whether the name of a class is that of a CSV file."""
    return name.lower().endswith(".csv")


def check_name(name: str) -> None:
    """Raise `Wrong` where a class is neither a CSV file nor published."""
    if not is_own(name) and name not in CLASSES:
        known = ", ".join(CLASSES)
        raise Wrong(
            f"{show(name)} is no reference class",
            f"{nearest(name, CLASSES)}a CSV file in the scenario's folder, or one of: {known}",
        )


def read_class(name: str, folder: Path | None) -> dict[str, list[float | None]]:
    """Read a reference class of one's own.

    Parameters
    ----------
    name : str
        CSV file in the scenario's folder, a finished project a row.
    folder : Path or None
        Where the scenario lies; None where it is no file.

    Returns
    -------
    dict
        ``value``, ``cost`` and ``duration``: what came of it over what was said before, of each project, None
        where the file does not say or the projected value is not over 0; empty where no column tells.
        ``projected``: the signs of the projected values. ``weight``: empty where all are alike.

    Raises
    ------
    Wrong
        There is no such file in the folder.
    InputError
        Anything in it is wrong, with its lines.
    """
    table = csv_columns.read(csv_file.locate(name, folder), COLUMNS)
    problems: list[Problem] = []
    if not table.lines:
        problems.append(Problem(0, "", "holds no project", "a finished project a row"))
    if len(table.lines) > MOST_PROJECTS:
        what = f"holds {len(table.lines):,} projects"
        problems.append(Problem(0, "", what, f"at most {MOST_PROJECTS:,}"))
    for names in MEASURES.values():
        stated = [name for name in names[:2] if name in table.cells]
        if len(stated) == 1:
            other = names[1 - names.index(stated[0])]
            problems.append(Problem(1, stated[0], f"stands without `{other}`", "both columns, or neither"))
    if not problems and not any(set(names) & set(table.cells) for names in MEASURES.values()):
        words = "; ".join(f"{a} and {b}, or {c}" for a, b, c in MEASURES.values())
        problems.append(Problem(1, "", "says nothing that came of a project", f"columns {words}"))
    if problems:
        raise InputError(table.file, problems)
    found: dict[str, list[float | None]] = {}
    for measure, names in MEASURES.items():
        rows = [_ratio(table, row, names, measure, problems) for row in range(len(table.lines))]
        known = any(ratio is not None or sign is not None for ratio, sign in rows)
        found[measure] = [ratio for ratio, _ in rows] if known else []
        if measure == "value":
            found["projected"] = [sign for _, sign in rows] if known else []
    found["weight"] = _weights(table, problems)
    if not problems and not any(found[measure] for measure in MEASURES):
        problems.append(Problem(0, "", "says nothing that came of a project", "a project with its figures"))
    if problems:
        raise InputError(table.file, sorted(problems, key=lambda p: p.line))
    return found


def _ratio(
    table: Columns, row: int, names: tuple[str, str, str], measure: str, problems: list[Problem]
) -> tuple[float | None, float | None]:
    """Return the ratio of a project and the sign of what was projected; None where it is not said."""
    line = table.lines[row]
    read: dict[str, float] = {}
    for name in names:
        text = table.cells[name][row] if name in table.cells else ""
        if not text:
            continue
        try:
            read[name] = csv_columns.number(text)
        except Wrong as wrong:
            problems.append(Problem(line, name, wrong.what, wrong.allowed))
            return None, None
    before, after, ratio = (read.get(name) for name in names)
    if (before is None) != (after is None):
        lone, other = (names[0], names[1]) if after is None else (names[1], names[0])
        allowed = "both or neither; what was cancelled realised 0, or its costs as a loss"
        problems.append(Problem(line, lone, f"stands without `{other}`", allowed))
        return None, None
    if measure != "value":
        for name in names:
            if name in read and (read[name] < 0.0 or (name != names[1] and read[name] == 0.0)):
                problems.append(Problem(line, name, f"is {read[name]:g}", "a number over 0"))
                return None, None
    if before is None or after is None:
        return ratio, None if ratio is None else 1.0
    if before <= 0.0:
        if ratio is not None:
            what = f"is stated, and `{names[0]}` is {before:g}: there is no such ratio"
            problems.append(Problem(line, names[2], what, "an empty cell"))
        return None, math.copysign(1.0, before) if before else 0.0
    of_amounts = after / before
    if ratio is not None and abs(ratio - of_amounts) > ROUNDING * max(1.0, abs(of_amounts)):
        what = f"is {ratio:g}, and `{names[1]}` over `{names[0]}` is {of_amounts:.4g}"
        problems.append(Problem(line, names[2], what, "the same, or one of them left out"))
    return of_amounts, 1.0


def _weights(table: Columns, problems: list[Problem]) -> list[float | None]:
    weights: list[float | None] = []
    lines: list[int] = []
    for line, text in zip(table.lines, table.cells.get("weight", ()), strict=False):
        try:
            weight = csv_columns.number(text) if text else 0.0
            if weight <= 0.0:
                raise Wrong(
                    f"is {weight:g}" if text else "is empty", "a weight over 0; leave out the project"
                )
        except Wrong as wrong:
            problems.append(Problem(line, "weight", wrong.what, wrong.allowed))
            continue
        weights.append(weight)
        lines.append(line)
    known = [(weight, line) for weight, line in zip(weights, lines, strict=True) if weight is not None]
    if known and max(known)[0] > WIDEST * min(known)[0]:
        least, line = min(known)
        what = f"is {least:g}, and the largest is {max(known)[0]:g}"
        problems.append(Problem(line, "weight", what, f"weights at most {WIDEST:.0e} times another"))
    return [] if len(set(weights)) <= 1 else weights
