"""What the inputs of a scenario mean: for `show`. Nothing is simulated, and no engine is imported."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap import scenario
from simgap.analysis import meaning
from simgap.analysis.head import currency, head
from simgap.analysis.meaning import Law
from simgap.analysis.words import title
from simgap.errors import InputError, Problem
from simgap.folder import result_folder, write_json
from simgap.scenario.grammar import FACTOR
from simgap.scenario.keys import find
from simgap.scenario.portfolios import input_name
from simgap.scenario.table import NAMED, Row
from simgap.scenario.units import NUMERIC, Wrong, nearest
from simgap.scenario.values import inputs, row_of
from simgap.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Resolved = Mapping[str, Any]
TOO_LARGE = 1e50
INFINITE = (-math.inf, math.inf)


@dataclass(frozen=True)
class _Side:
    """One value of an input: what is believed of it, and what its draws may be."""

    side: str
    name: str
    text: str
    value: Any
    row: Row
    bounds: tuple[float, float]
    law: Law | None


@dataclass(frozen=True)
class Shown:
    """The inputs of a scenario.

    Attributes
    ----------
    resolved : dict
        The scenario.
    written : mapping
        The text of each leaf, side and change by name of the input; empty where it was read from JSON.
    names : tuple of str
        The inputs that were asked for; all that are uncertain where there are none.
    """

    resolved: dict[str, Any]
    written: Mapping[str, str]
    names: tuple[str, ...] = ()

    complete, shortfalls = True, ()

    @cached_property
    def chosen(self) -> list[tuple[dict[str, Any], list[_Side]]]:
        """What is known of each input that was asked for, and its sides.

        Raises
        ------
        InputError
            With each name that is no input.
        """
        return self._each(self.names)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each unknown, by name.

        Raises
        ------
        InputError
            With each that reaches numbers too large to compute with.
        """
        found = inputs(self.resolved)
        rows = []
        for item, (about, sides) in zip(found, self._each([str(i["name"]) for i in found]), strict=True):
            side = next(s for s in sides if s.name == item["name"] and s.value == item["distribution"])
            described = self._json(side)
            wanted = ("percentiles", "mean", "sd", "distribution", "unit", "one")
            known = {"name": side.name, "written": side.text}
            rows.append(
                {
                    **known,
                    **{key: about[key] for key in ("source", "strength")},
                    **{key: described[key] for key in wanted},
                }
            )
        return rows

    def _each(self, names: Sequence[str]) -> list[tuple[dict[str, Any], list[_Side]]]:
        found, problems = [], []
        for name in names:
            try:
                found.append(self._input(name.strip()))
            except Wrong as wrong:
                problems.append(Problem(0, title(name), wrong.what, wrong.allowed))
        if problems:
            raise InputError("INPUT", problems)
        return found

    def json(self) -> dict[str, Any]:
        """Return what ``result.json`` holds."""
        if self.names:
            listed = [
                {**about, "sides": [_without_one(self._json(side)) for side in sides]}
                for about, sides in self.chosen
            ]
        else:
            listed = [_without_one(row) for row in self.rows]
        return {
            **head(self.resolved),
            "inputs": listed,
            "provenance": {"command": "show", "simgap": __version__, "scenario": self.resolved},
        }

    def text(self) -> str:
        """Return the table of all unknowns, or what each chosen input means."""
        from simgap.report.inputs import screen, table

        if not self.names:
            return table(self.resolved["name"], self.rows)
        screens = []
        for about, sides in self.chosen:
            described = list(map(self._json, sides))
            laws = [meaning.clipped(side.law, *side.bounds) if side.law else None for side in sides]
            screens.append(screen({**about, "sides": described}, laws))
        return "\n\n\n".join(screens)

    def figures(self) -> dict[str, Figure]:
        """Draw each chosen input of which something is uncertain, by its name."""
        from simgap.plots import density, style

        figures = {}
        for about, sides in self.chosen:
            drawn = [side for side in sides if side.law and side.side != "factor"]
            if not drawn:
                continue
            one, unit = self._spoken(drawn[-1])
            series = [(s.side, meaning.clipped(s.law, *s.bounds)) for s in drawn if s.law]
            known = [s for s in sides if s.side == "pilot" and isinstance(s.value, int | float)]
            pilot = (known[0].side, float(known[0].value)) if known else None
            figure, axes = style.new_figure(self._caption(about), height=density.HEIGHT)
            density.draw(axes, about["name"], series, pilot, one, "" if unit[:1] == "x" else unit)
            figures[about["name"]] = figure
        return figures

    def save(self, folder: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the result folder: all of it, or nothing.

        Raises
        ------
        InputError
            As `results.Result.save`.
        """
        from simgap.plots import style

        with result_folder(Path(folder), overwrite) as place:
            write_json(place / "result.json", self.json())
            for name, figure in self.figures().items():
                style.save(figure, place / file_name(name))

    def _caption(self, about: Mapping[str, Any]) -> str:
        written = f", written {title(about['written'])}" if about["written"] else ""
        scenario_name, name = title(self.resolved["name"]), title(about["name"])
        return f"{scenario_name}: what is believed of {name} ({about['strength']}){written}."

    def _spoken(self, side: _Side) -> tuple[float, str]:
        middle = float(side.law.percentiles[4]) if side.law else 0.0
        if side.law is None and isinstance(side.value, int | float):
            middle = float(side.value)
        if side.row is FACTOR:
            return 1.0, "x pilot" if side.side == "factor" else "x"
        return meaning.spoken(side.row.unit, side.text, middle, currency(self.resolved))

    def _json(self, side: _Side) -> dict[str, Any]:
        """Return what is known of a side; ``one`` of the unit it is shown in, in the normalised unit."""
        one, unit = self._spoken(side)
        drawn = isinstance(side.value, dict)
        out = {"side": side.side, "name": side.name, "written": side.text, "unit": unit, "one": one}
        out |= {"value": None if side.law else side.value, "distribution": side.value if drawn else None}
        if side.law is None:
            return out
        described = meaning.describe(side.law, *side.bounds)
        if math.isinf(side.row.high):
            described["high"] = None  # that nothing above 1e12 is computed with says nothing
        ties = [
            {"name": b if a == side.name else a, "rank_correlation": rho}
            for a, b, rho in self.resolved["correlations"]
            if side.name in (a, b) and drawn
        ]
        whole = side.row.whole and side.side != "factor"
        return {**out, **described, "whole": whole, "correlations": ties}

    def _input(self, name: str) -> tuple[dict[str, Any], list[_Side]]:
        """Return what is known of an input, and its sides.

        Raises
        ------
        Wrong
            If there is no such input.
        """
        for investment, bought in self.resolved["investments"].items():
            for path, change in bought["change"].items():
                if name == input_name(investment, path):
                    return self._change(name, path, change)
        names = {group: list(self.resolved[group]) for group in NAMED}
        try:
            key = find(name, names)
        except Wrong as wrong:
            near = nearest(name, [i["name"] for i in inputs(self.resolved)])
            allowed = f"{near}an input that `simgap show SCENARIO` lists" if near else wrong.allowed
            raise Wrong(wrong.what, allowed) from None
        leaves = self.resolved["parameters"]
        path = key.path if key.path in leaves else key.row.path
        leaf = leaves[path]
        sides = self._leaf(path, leaf, key.row)
        if key.side:
            wanted = ("both", "factor", key.side) if key.side == "production" else ("both", key.side)
            sides = [side for side in sides if side.side in wanted]
        about = {
            "name": name,
            "about": key.row.doc,
            "written": self.written.get(path, ""),
            "source": leaf["source"] if leaf["stated"] else "",
            "strength": leaf["strength"],
        }
        return about, sides

    def _change(self, name: str, path: str, change: Resolved) -> tuple[dict[str, Any], list[_Side]]:
        row, value, text = row_of(path), change["value"], self.written.get(name, "")
        bounds = (row.low, row.largest) if change["op"] == "set" else INFINITE
        shown = FACTOR if change["op"] == "scale" else row
        side = _Side("change", name, text, value, shown, bounds, _law(value))
        does = {"set": "Sets", "scale": "Multiplies", "add": "Is added to"}[change["op"]]
        about = f"{does} {path}: {row.doc[:1].lower()}{row.doc[1:]}"
        return {"name": name, "about": about, "written": text, "source": "", "strength": "guess"}, [side]

    def _leaf(self, path: str, leaf: Resolved, row: Row) -> list[_Side]:
        bounds = (row.low, row.largest) if row.unit in NUMERIC else INFINITE
        text = self.written.get(path, "") or ("" if leaf["stated"] else row.default)
        if "value" in leaf:
            return [
                _Side(
                    "both" if row.condition else "value",
                    path,
                    text,
                    leaf["value"],
                    row,
                    bounds,
                    _law(leaf["value"]),
                )
            ]
        first, _, second = (part.strip() for part in text.partition("|"))
        own = f"{path}@pilot"
        pilot = _Side("pilot", own, first, leaf["pilot"], row, bounds, _law(leaf["pilot"]))
        value = leaf["production"]
        if not (isinstance(value, dict) and "times" in value):
            return [pilot, _Side("production", path, second, value, row, bounds, _law(value))]
        times = value["times"]
        factor = _Side("factor", path, second, times, FACTOR, INFINITE, _law(times))
        rho = next((r for a, b, r in self.resolved["correlations"] if {a, b} == {path, own}), 0.0)
        uncertain = pilot.law or factor.law
        whole = _computable(lambda: meaning.product(leaf["pilot"], times, rho)) if uncertain else None
        number = None if uncertain else min(row.largest, max(row.low, leaf["pilot"] * times))
        return [pilot, factor, _Side("production", path, first, number, row, bounds, whole)]


def _without_one(row: Resolved) -> dict[str, Any]:
    """Return what goes into the JSON, whose numbers are in the normalised unit."""
    return {key: value for key, value in row.items() if key != "one"}


def _law(value: Any) -> Law | None:
    """Return a distribution as points; None of a number.

    Raises
    ------
    Wrong
        If it reaches numbers whose squares cannot be computed with.
    """
    if not isinstance(value, dict):
        return None
    return _computable(lambda: meaning.law(value))


def _computable(of: Callable[[], Law]) -> Law:
    with np.errstate(over="ignore"):
        found = of()
    if not np.abs(found.values).max() < TOO_LARGE:
        raise Wrong("reaches numbers too large to compute with", f"numbers under {TOO_LARGE:.0e}")
    return found


def file_name(name: str) -> str:
    """Return the name of the figure of an input.

    Examples
    --------
    >>> file_name("workflows.credit notes.data.missing@pilot")
    'input.workflows.credit_notes.data.missing@pilot.png'
    """
    return f"input.{re.sub('[^A-Za-z0-9.@_-]', '_', name)[:150]}.png"


def show(argument: str, names: Sequence[str] = (), sets: Sequence[str] = ()) -> Shown:
    """Return what inputs of a scenario mean.

    Parameters
    ----------
    argument : str
        A path, the name of a scenario that ships, or ``-`` for standard input.
    names : sequence of str
        Key paths, or names of inputs as results have them; by default all that are uncertain.
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves of the file.

    Raises
    ------
    InputError
        With everything that is wrong in the file, or each name that is no input.

    Examples
    --------
    >>> found = show("minimal", ["ai.accuracy"], ["ai.accuracy=80 / 90 / 95 %"])
    >>> round(found.json()["inputs"][0]["sides"][0]["percentiles"]["p10"], 6)
    0.8
    """
    text, file = scenario.read_source(argument)
    resolved = scenario.read_text(text, file, sets)
    found = Shown(resolved, scenario.written(text, file, sets), tuple(dict.fromkeys(names)))
    _ = found.chosen if names else found.rows  # what is wrong is refused here
    return found
