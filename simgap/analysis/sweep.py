"""Sweeps: an outcome over one or two parameters or doses of conditions, on common random numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simgap.analysis.statistics import fieller_ratio, proportion, summarise
from simgap.errors import InputError, Problem
from simgap.model.types import Floats
from simgap.montecarlo.plan import Plan, Results, crossed
from simgap.sampling.designs import PLAIN, Design
from simgap.scenario.grammar import parse_value
from simgap.scenario.keys import find
from simgap.scenario.outside import APPLIES, COUNT_BOTH, ranges
from simgap.scenario.portfolios import concerns, members
from simgap.scenario.table import CONDITIONS, NAMED, Row
from simgap.scenario.units import Wrong, nearest
from simgap.scenario.values import Variant, of_variant, row_of, targets
from simgap.scenario.words import READERS

GRAMMAR = "KEY=LO:HI:N, such as data=0:1.5:16 or oversight.time=4 min:10 min:4"
MOST_POINTS = 200
NO_CHANGE = Variant()
OUTCOMES = {
    "npv": "realised NPV",
    "ratio": "realised over projected value",
    "success": "share of futures that succeed",
}


@dataclass(frozen=True)
class Axis:
    """One axis of a sweep.

    Attributes
    ----------
    key : str
        A condition, whose dose varies, or a key path.
    values : Floats[n]
        Doses, or values in the normalised unit.
    """

    key: str
    values: Floats

    @property
    def is_dose(self) -> bool:
        """Whether the dose of a condition varies."""
        return self.key in CONDITIONS


def parse_axis(
    text: str, resolved: Mapping[str, Any], option: str = "--over", bought: Collection[str] | None = None
) -> Axis:
    """Return the axis that ``--over KEY=LO:HI:N`` asks for.

    Parameters
    ----------
    text : str
        The option's text.
    resolved : mapping
        The resolved scenario, whose names key paths may hold.
    option : str
        Name of the option, for messages.
    bought : collection of str, optional
        Investments that are bought; by default those of the base case.

    Raises
    ------
    InputError
        The text is not of that form, the key is unknown or cannot be swept, or a value is not legal.
    """
    key, equals, rest = text.partition("=")
    key, parts = key.strip(), [p.strip() for p in rest.split(":")]
    if not equals or len(parts) != 3:
        raise _wrong(option, "", f"`{text}` is not a range", GRAMMAR)
    if not parts[2].isascii() or not parts[2].isdigit() or not 2 <= int(parts[2]) <= MOST_POINTS:
        what = f"`{parts[2]}` is not a number of points"
        raise _wrong(option, key, what, f"a whole number from 2 to {MOST_POINTS}")
    low, high = parse_ends(key, parts[0], parts[1], resolved, option, bought)
    return Axis(key, np.linspace(low, high, int(parts[2])))


def parse_ends(
    key: str,
    low: str,
    high: str,
    resolved: Mapping[str, Any],
    option: str,
    bought: Collection[str] | None = None,
) -> tuple[float, float]:
    """Return the ends of a range of a key, in the normalised unit; see `parse_axis`."""
    row = sweepable(key, resolved, option, bought)
    if row is None:
        ends = [_dose(text, key, option) for text in (low, high)]
    else:
        try:
            ends = [parse_value(text, row) for text in (low, high)]
        except Wrong as error:
            raise _wrong(option, key, error.what, error.allowed) from None
    if not all(isinstance(end, int | float) for end in ends):
        raise _wrong(option, key, "needs plain numbers as its ends", GRAMMAR)
    if not ends[0] < ends[1]:
        raise _wrong(option, key, f"{low} is not below {high}", "LO below HI")
    return float(ends[0]), float(ends[1])


def sweepable(
    key: str, resolved: Mapping[str, Any], option: str, bought: Collection[str] | None = None
) -> Row | None:
    """Return the table row of a key that can be swept, None for a condition; see `parse_axis`.

    Raises
    ------
    InputError
        The key is unknown, or cannot be swept.
    """

    def wrong(what: str, allowed: str) -> InputError:
        return _wrong(option, key, what, allowed)

    leaves = resolved["parameters"]
    if key in CONDITIONS:
        if not any("pilot" in leaf for path, leaf in leaves.items() if row_of(path).condition == key):
            raise wrong("is the same in the pilot and in production", "a condition with a bar in the file")
        return None
    if bought is None:
        _, carried, others = members(resolved)
        bought = (*carried, *others)
    names = {group: list(resolved[group]) for group in NAMED}
    try:
        found = find(key, names)
    except Wrong as error:
        hint = nearest(key, CONDITIONS)
        allowed = f"{hint}{error.allowed}, or a condition: {', '.join(CONDITIONS)}"
        raise wrong(error.what, allowed) from None
    row = found.row
    if row.unit in READERS or row.constant or row.group in ("clock", "board", "base"):
        raise wrong("cannot be swept", "an uncertain number, or a condition; --set for the rest")
    own = [f"workflows.{name}.{found.path}" for name in resolved["workflows"]]
    if all(path in leaves for path in own):
        raise wrong("is overridden by every workflow", ", ".join(own[:3]))
    if row.group == "pilots" and found.path.split(".")[1] != leaves["base.pilot"]["value"]:
        raise wrong("is not the pilot that `run` shows", "one of base.pilot")
    if row.group == "investments" and not concerns(found.path, (), bought):
        raise wrong("is not bought", f"one of those that are: {', '.join(bought) or 'none'}")
    if row.path in APPLIES and leaves[COUNT_BOTH]["value"] != "yes" and (twice := ranges(resolved, row.path)):
        what = f"would lift {twice[0]}, which is a range: overruns are counted twice"
        raise wrong(what, f"a single figure there, or `{COUNT_BOTH}: yes` in the file")
    if not row.since:
        raise wrong("is not simulated in this version", "a parameter that is")
    changed = {path for name in bought for path in resolved["investments"][name]["change"]}
    if found.path not in leaves and row.path in changed:
        what = f"would keep from this workflow what is bought for {row.path}"
        raise wrong(what, f"{row.path}; or a value of the workflow's own in the file")
    return row


def _wrong(option: str, key: str, what: str, allowed: str) -> InputError:
    return InputError(option, [Problem(0, key, what, allowed)])


def _dose(text: str, key: str, option: str) -> float:
    try:
        dose = float(text)
    except ValueError:
        dose = math.nan
    if not 0.0 <= dose <= 10.0:
        allowed = "0 is the pilot, 1 production, at most 10"
        raise _wrong(option, key, f"`{text}` is not a dose", allowed)
    return dose


def ends(axes: Sequence[Axis]) -> list[Axis]:
    """Return the axes with their first and last value only."""
    return [Axis(axis.key, axis.values[[0, -1]]) for axis in axes]


def plan_of(
    axes: Sequence[Axis], resolved: Mapping[str, Any], replications: int, design: Design = PLAIN
) -> Plan:
    """Return the plan of a sweep: every point of the grid on the same draws and lucks.

    The first axis varies slowest.
    """
    variants = [variant_at(axes, point, resolved) for point in points(axes)]
    return crossed(tuple(variants), replications, design=design)


def points(axes: Sequence[Axis]) -> list[tuple[float, ...]]:
    """Return the points of a grid; the first axis varies slowest."""
    return list(itertools.product(*(map(float, axis.values) for axis in axes)))


def variant_at(
    axes: Sequence[Axis], point: Sequence[float], resolved: Mapping[str, Any], of: Variant = NO_CHANGE
) -> Variant:
    """Return a variant with the keys and doses of some axes at a point."""
    at = list(zip(axes, point, strict=True))
    doses = tuple((axis.key, value) for axis, value in at if axis.is_dose)
    sets = tuple(
        (path, side, value)
        for axis, value in at
        if not axis.is_dose
        for path, side in targets(resolved, axis.key)
    )
    return replace(of, doses=(*of.doses, *doses), sets=(*of.sets, *sets))


def grid(axes: Sequence[Axis], results: Results, variants: int, outcome: str) -> tuple[Floats, Floats]:
    """Return the mean outcome at every point of the grid, and the half-width of its 95 % interval.

    Parameters
    ----------
    axes : sequence of Axis
        One or two.
    results : Results
        Of the plan that `plan_of` returns.
    variants : int
        Number of points of the grid.
    outcome : str
        Key of `OUTCOMES`.

    Returns
    -------
    mean, half_width : Floats[len(axis), ...]
        nan where the ratio has no positive denominator, or where there is no bounded interval. Intervals are
        those of a run: Student's for money, Fieller's for the ratio of means, Wilson's for a share, between
        the randomisations of a design.
    """
    which = np.array([variant for variant, _, _ in results.rows])
    realised, projected, units = results.of("realised_npv"), results.of("projected_npv"), results.blocks
    mean, half = np.full(variants, math.nan), np.full(variants, math.nan)
    for v in range(variants):
        here = which == v
        blocks = units[here]
        if outcome == "ratio":
            parts = realised[here], projected[here]
            ratio = fieller_ratio(*parts, blocks) if parts[1].mean() > 0.0 else None
            if ratio:
                mean[v], interval = ratio["value"], ratio["ci95"]
                half[v] = (interval[1] - interval[0]) / 2.0 if interval else math.nan
        elif outcome == "success":
            wins = results.of("success")[here]
            low, high = proportion(wins, blocks, results.draws)
            mean[v], half[v] = wins.mean(), (high - low) / 2.0
        else:
            stats = summarise(realised[here], blocks)
            mean[v], interval = stats["mean"], stats["ci95"]
            half[v] = (interval[1] - interval[0]) / 2.0 if interval else math.nan
    shape = tuple(len(axis.values) for axis in axes)
    return mean.reshape(shape), half.reshape(shape)


def place(
    axis: Axis, resolved: Mapping[str, Any], medians: Mapping[str, float]
) -> tuple[float, float] | None:
    """Return where the pilot and production stand on an axis, at the medians of the unknowns.

    None where the two cannot be placed: a value that is not finite.
    """
    if axis.is_dose:
        return 0.0, 1.0
    path = axis.key.partition("@")[0]
    values = of_variant(resolved, medians, Variant())
    pair = values[path] if path in values else values[row_of(path).path]
    return (float(pair[0]), float(pair[1])) if all(math.isfinite(v) for v in pair) else None
