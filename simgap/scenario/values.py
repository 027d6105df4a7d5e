"""From the resolved form to plain values: the unknowns of a draw, and what a phase of a variant sees.

A resolved leaf is one value, two values, or a production value relative to the pilot's. Each distribution in
it is one input, drawn once: that is what makes a pilot informative about production.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from simgap.scenario.grammar import parse_value
from simgap.scenario.portfolios import changes, input_name, members
from simgap.scenario.table import BY_PATH, NAMED, Row
from simgap.scenario.words import READERS

Value = Any  # float, str or list: what a resolved leaf holds once its distributions are drawn
Resolved = Mapping[str, Any]
SIDES = ("pilot", "production")


@dataclass(frozen=True)
class Variant:
    """What a plan row changes in the scenario.

    Attributes
    ----------
    doses : tuple of (condition, dose)
        0 is the pilot side of the condition, 1 its production side.
    sets : tuple of (path, side, value)
        Normalised values; `targets` turns a key path into paths and sides. They come before investments, and
        these before doses.
    pilot : str
        Name of the pilot design; where empty, that of ``base.pilot``.
    investments : tuple of str, optional
        What is bought besides what the pilot carries; by default what ``base.portfolio`` names.
    pilot_lucks : int
        Over how many lucks of the pilot the board's figure is averaged; production has one.
    adopted : float, optional
        Share of the work of every workflow that reaches the AI in the end, whatever else is said of it; the
        pilot stays as it is.
    heads : float
        Reviewers more in production, in its headcount plan too; a fraction for the fluid model only.
    """

    doses: tuple[tuple[str, float], ...] = ()
    sets: tuple[tuple[str, str, float], ...] = ()
    pilot: str = ""
    investments: tuple[str, ...] | None = None
    pilot_lucks: int = 1
    adopted: float | None = None
    heads: float = 0.0


def row_of(path: str) -> Row:
    """Return the table row of a resolved path, such as ``workflows.claims.data.missing``."""
    return BY_PATH[_path_of_row(path)]


@cache
def _path_of_row(path: str) -> str:
    if path in BY_PATH:
        return path
    group, _, rest = path.split(".", 2)
    return rest if rest in BY_PATH else f"{group}.*.{rest}"


def inputs(resolved: Resolved) -> list[dict[str, Any]]:
    """Return the unknowns of a scenario: every distribution in it, with a name, in the order of the names.

    Returns
    -------
    list of dict
        ``name`` (the path, with ``@pilot`` for the pilot side of a bar; of what an investment changes
        `portfolios.input_name`), ``distribution``, ``path``, ``strength``.
    """
    found = []
    for investment, about in resolved["investments"].items():
        for path, change in about["change"].items():
            if isinstance(change["value"], dict):
                name = input_name(investment, path)
                found.append(
                    {"name": name, "distribution": change["value"], "path": path, "strength": "guess"}
                )
    for path, leaf in resolved["parameters"].items():
        for side, name in (("value", path), ("production", path), ("pilot", f"{path}@pilot")):
            value = leaf.get(side)
            if isinstance(value, dict) and "times" in value:
                value = value["times"]
            if isinstance(value, dict):
                found.append(
                    {"name": name, "distribution": value, "path": path, "strength": leaf["strength"]}
                )
    return sorted(found, key=lambda i: str(i["name"]))


def targets(resolved: Resolved, key: str) -> list[tuple[str, str]]:
    """Return the (path, side) pairs that a key path acts on.

    ``path@pilot`` and ``path@production`` name one side; a bare path means production, or both sides of a
    leaf without a bar.
    """
    path, _, side = key.partition("@")
    if side:
        return [(path, side)]
    leaves = resolved["parameters"]
    leaf = leaves.get(path) or leaves[row_of(path).path]  # an override need not be stated to be set
    return [(path, s) for s in SIDES if s == "production" or "value" in leaf]


def evaluate(
    resolved: Resolved,
    drawn: Mapping[str, float],
    sets: Sequence[tuple[str, str, float]] = (),
    like: Sequence[str] = (),
    carried: Sequence[str] = (),
    others: Sequence[str] = (),
) -> dict[str, tuple[Value, Value]]:
    """Return (pilot, production) of every parameter, given a number for every unknown.

    Parameters
    ----------
    resolved : mapping
        The resolved form.
    drawn : mapping
        A number for each name that `inputs` gives.
    sets : sequence of (path, side, value)
        Values that take the place of what the file says; a relative production value follows a set pilot.
    like : sequence of str
        Conditions that the pilot takes from production, as production is without investments. Capacities are
        production's too: `at_volume` brings them to the pilot's volume.
    carried, others : sequence of str
        Investments that change both sides, and those that change production alone.

    Returns
    -------
    dict
        Resolved path to its two values. What `none` stands for is filled in; relative production values are
        multiplied out; they and what investments change are clipped to the bounds of the table.
    """
    fixed = {(path, side): value for path, side, value in sets}
    parameters = dict(resolved["parameters"])
    built = changes(resolved["investments"], carried, drawn)
    bought = changes(resolved["investments"], (*carried, *others), drawn)
    own = dict.fromkeys(path for path, _, _ in sets)
    for path in (*own, *bought):  # an override need not be stated to be set or changed
        if path not in parameters:
            parameters[path] = parameters[row_of(path).path]
    values = {}
    for path, leaf in parameters.items():
        row = row_of(path)
        # It then falls back on the general leaf, and so on its draw, and on what that is set to.
        name = path if path in resolved["parameters"] else row.path
        shared = "value" in leaf
        pilot: Value = _number(
            leaf["value" if shared else "pilot"], drawn.get(name if shared else f"{name}@pilot"), row
        )
        pilot = fixed.get((path, "pilot"), fixed.get((name, "pilot"), pilot))
        production: Value = leaf["value" if shared else "production"]
        if isinstance(production, dict) and "times" in production:
            factor = production["times"]
            factor = float(drawn[name] if isinstance(factor, dict) else factor)
            production = min(row.largest, max(row.low, float(pilot) * factor))
        else:
            production = _number(production, drawn.get(name), row)
        production = fixed.get((path, "production"), fixed.get((name, "production"), production))
        pilot = production if row.condition in like else pilot
        # What changes the general parameter reaches a workflow that has no value of its own.
        for changed in (path,) if path == name or path in own else (name, path):
            pilot = _changed(pilot, built.get(changed, ()), row)
            production = _changed(production, bought.get(changed, ()), row)
        values[path] = pilot, production
    return values


def of_variant(
    resolved: Resolved, drawn: Mapping[str, float], variant: Variant
) -> dict[str, tuple[Value, Value]]:
    """Return (pilot, production) of every parameter under a variant, before its doses; see `evaluate`."""
    pilot, carried, others = members(resolved, variant.pilot, variant.investments)
    like = taken(resolved, pilot)
    return evaluate(resolved, drawn, variant.sets, like, carried, others)


def taken(resolved: Resolved, pilot: str) -> Sequence[str]:
    """Return the conditions that a pilot design takes from production."""
    return resolved["parameters"][f"pilots.{pilot}.like_production"]["value"] or ()


def _changed(value: Value, changes: Sequence[tuple[str, Value]], row: Row) -> Value:
    """Return a value after investments: set, then scaled, then added to, then clipped."""
    for op, by in changes:
        if op == "set":
            value = _number(by, None, row)
        elif math.isfinite(value):  # no limit stays no limit
            value = value * by if op == "scale" else value + by
    if not changes or row.unit in READERS or not math.isfinite(value):
        return value
    return min(row.largest, max(row.low, float(value)))


def at_volume(
    values: Mapping[str, tuple[Value, Value]], like: Sequence[str], ratio: float
) -> dict[str, tuple[Value, Value]]:
    """Return values whose pilot has the capacities that it takes from production at its own volume.

    Parameters
    ----------
    values : mapping
        As `evaluate` returns it.
    like : sequence of str
        Conditions that the pilot takes from production.
    ratio : float
        The pilot's volume over production's.
    """
    return {
        path: (_scaled(pair[0], ratio, row), pair[1])
        if (row := row_of(path)).scales and row.condition in like
        else pair
        for path, pair in values.items()
    }


def _number(value: Value, drawn: float | None, row: Row) -> Value:
    """Return what a resolved value stands for; draws are clipped to what can be computed with."""
    if value is None:
        return None if row.unit in READERS else row.none
    if not isinstance(value, dict):
        return value
    if drawn is None:
        raise KeyError(row.path)
    return min(row.largest, max(row.low, float(drawn)))


def phase_values(
    values: Mapping[str, tuple[Value, Value]],
    side: str,
    doses: Mapping[str, float],
    volume_ratio: float = 1.0,
) -> dict[str, Value]:
    """Return what one phase sees: one value a parameter, after doses.

    Parameters
    ----------
    values : mapping
        As `evaluate` returns it.
    side : str
        ``pilot`` or ``production``. Doses act on production only.
    doses : mapping
        Dose by condition.
    volume_ratio : float
        Planned volume over the pilot's: capacities of the pilot column grow with it when a dose brings them
        to the planned volume.

    Returns
    -------
    dict
        Resolved path to value. Whole numbers are rounded up last.
    """
    if side == "pilot":
        doses = {}
    column = SIDES.index(side)
    result = {path: pair[column] for path, pair in values.items()}
    for path, (pilot, production) in values.items():
        row = row_of(path)
        if row.condition in doses:
            scaled = _scaled(pilot, volume_ratio, row) if row.scales else pilot
            result[path] = _at_dose(scaled, production, doses[row.condition], row)
    for path, value in result.items():
        if row_of(path).whole and isinstance(value, float | int) and math.isfinite(value):
            result[path] = _whole(value)
    return result


def _whole(value: float) -> int:
    # A dose of exactly 1 must not turn 9 into 10 through a rounding error in its last bit.
    return math.ceil(value - 1e-9)


def _scaled(capacity: Value, ratio: float, row: Row) -> Value:
    """Return a capacity for a multiple of the volume; a plan is one of [month, number]."""
    if isinstance(capacity, list):
        return [[month, _whole(number * ratio)] for month, number in capacity]
    return min(row.high, max(row.low, capacity * ratio))


def _at_dose(pilot: Value, production: Value, dose: float, row: Row) -> Value:
    """Interpolate linearly from the pilot (0) to production (1) and beyond, clipped to legal values."""
    finite = all(isinstance(v, float | int) and math.isfinite(v) for v in (pilot, production))
    if not finite:
        return pilot if dose < 0.5 else production
    if dose in (0.0, 1.0):
        return production if dose else pilot
    return min(row.largest, max(row.low, pilot + dose * (production - pilot)))


def workflow_values(values: Mapping[str, Value], workflow: str) -> dict[str, Value]:
    """Return the values that hold for one workflow: its own rows by name, and its overrides applied.

    Examples
    --------
    >>> workflow_values({"data.missing": 0.1, "workflows.a.data.missing": 0.2, "workflows.a.volume": 5}, "a")
    {'data.missing': 0.2, 'volume': 5}
    """
    own = {
        path.split(".", 2)[2]: value
        for path, value in values.items()
        if path.startswith(f"workflows.{workflow}.")
    }
    general = {path: value for path, value in values.items() if path.split(".")[0] not in NAMED}
    return {**general, **own}


# What has no effect, or only costs money, while something else is at its neutral value.
NEEDS = {
    "workflows.*.holiday_volume": "clock.holidays",
    "governance.surfaced": "workflows.*.consequential",
    "oversight.specialists": "oversight.escalated",
    "oversight.hire_above": "oversight.hire_max",
}


def _matters(leaf: Mapping[str, Any], row: Row) -> bool:
    """Return whether a leaf is anywhere away from the value at which it changes nothing."""
    neutral = parse_value(row.neutral or row.default, row)
    return any(leaf[side] != neutral for side in ("value", *SIDES) if side in leaf)


def _leaf_of(parameters: Resolved, path: str, workflow: str) -> Any:
    """Return the leaf that a workflow reads where the path of a row, or of an override, is asked for."""
    row = row_of(path).path
    own = row.replace("*", workflow) if "*" in row else f"workflows.{workflow}.{row}"
    return parameters.get(own, parameters.get(row))


def _missing(parameters: Resolved, need: str, workflow: str) -> str:
    """Return the key path of what a workflow needs, where it is neutral there; empty where it is not."""
    if _matters(_leaf_of(parameters, need, workflow), BY_PATH[need]):
        return ""
    return need.replace("*", workflow)


def _limitless(leaf: Mapping[str, Any], row: Row) -> bool:
    """Return whether a leaf's production side is a `none` that no number stands for."""
    return leaf.get("value", leaf.get("production")) is None and not math.isfinite(row.none)


def refusals(resolved: Resolved) -> list[tuple[str, str, str]]:
    """Return (key, what, what to do) for each thing for which a valid file is not simulated.

    Mostly what this version cannot simulate yet; a parameter may be stated at its neutral value. A pilot must
    also leave something of the window, and a change must change something.
    """
    parameters = resolved["parameters"]
    found = []
    for path, leaf in parameters.items():
        row = row_of(path)
        if row.path in NEEDS and _matters(leaf, row):
            # A leaf that every workflow overrides concerns none, and does no harm.
            concerned = [w for w in resolved["workflows"] if _leaf_of(parameters, path, w) is leaf]
            lacking = [_missing(parameters, NEEDS[row.path], workflow) for workflow in concerned]
            if lacking and all(lacking):
                what = f"has no effect without `{lacking[0]}`"
                found.append((path, what, f"state `{lacking[0]}`, or leave this out"))
        if not row.since and leaf["stated"] and _matters(leaf, row):
            neutral = row.neutral or row.default
            found.append((path, "is not simulated in this version", f"leave it out, or state `{neutral}`"))
    for investment, about in resolved["investments"].items():
        for path, change in about["change"].items():
            key, row = input_name(investment, path), row_of(path)
            own = [f"workflows.{name}.{path}" for name in resolved["workflows"]]
            if not row.since:
                found.append((key, "is not simulated in this version", "leave it out"))
            elif change["op"] != "set" and _limitless(parameters.get(path) or parameters[row.path], row):
                found.append((key, "changes a value that is `none`", "= VALUE, which sets it"))
            elif all(override in parameters for override in own):
                what = f"has no effect: every workflow states its own {path}"
                found.append((key, what, ", ".join(own[:3])))
    base = f"pilots.{parameters['base.pilot']['value']}.lasts"
    length, months = parameters[base]["value"], parameters["clock.horizon"]["value"]
    if not isinstance(length, dict) and length >= months * 730.0:
        what = f"{length / 168.0:,.1f} weeks leave nothing of the window of {months:.0f} months"
        found.append((base, what, "a shorter pilot, or a longer `clock.horizon`"))
    return found
