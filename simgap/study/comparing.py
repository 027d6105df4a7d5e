"""What is compared with what, and where the preference between two portfolios flips."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simgap.analysis import breakeven
from simgap.analysis.compare import compare, contributions, flips
from simgap.analysis.regression import local_linear
from simgap.analysis.statistics import summarise
from simgap.analysis.sweep import Axis, parse_axis, parse_ends, points, sweepable, variant_at
from simgap.errors import InputError, Problem
from simgap.model.types import Floats
from simgap.montecarlo.plan import Plan, Results, crossed, of_variants
from simgap.results.comparison import Winners
from simgap.scenario.portfolios import MOST_COMBINED, combinations, feasible, members
from simgap.scenario.table import CONDITIONS
from simgap.scenario.units import show
from simgap.scenario.values import Variant, row_of
from simgap.study.limits import refusal

Portfolio = tuple[str, tuple[str, ...]]
NOTHING = "nothing"  # the name of the portfolio without investments where the file has none
MOST = "most"  # in place of keys: those that matter most
MATTER = 5  # keys, those that matter most
VALUES = 12  # of a key, about, until a flip is found
OPTION = "--break-even"
TOLERANCE = 0.02  # of the range: how closely a flip is hemmed in
BREAK_EVEN_REPLICATIONS = 100
MAP_REPLICATIONS = 50


@dataclass(frozen=True)
class Asked:
    """What a comparison is asked for.

    Attributes
    ----------
    chosen, extra : list of (name, investments)
        Portfolios to compare, and those that only show what single investments are worth.
    contributions : bool
        Whether that is asked for.
    ranges : mapping
        Lowest and highest value of each key for which a break-even is searched.
    most : bool
        Whether it is searched for the keys that matter most besides.
    axes : list of Axis
        Of the map: two, or none.
    bought : list of str
        Investments that are in any of the portfolios.
    """

    chosen: list[Portfolio]
    extra: list[Portfolio]
    contributions: bool
    ranges: Mapping[str, tuple[float, float]]
    most: bool
    axes: list[Axis]
    bought: list[str]

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The variants of the plan, those of ``chosen`` first."""
        return tuple(Variant(investments=bought) for _, bought in (*self.chosen, *self.extra))

    @property
    def searches(self) -> bool:
        """Whether a break-even is searched."""
        return self.most or bool(self.ranges)

    @property
    def searched(self) -> list[Axis]:
        """The ranges of the break-even, each as an axis of two values."""
        return [Axis(key, np.array(ends)) for key, ends in self.ranges.items()]

    def further_trials(self, replications: int) -> int:
        """Return about how many trials break-even and map take."""
        keys = len(self.ranges) + MATTER * self.most
        points = math.prod(len(axis.values) for axis in self.axes) if self.axes else 0
        search = keys * VALUES * 2 * min(replications, BREAK_EVEN_REPLICATIONS)
        return search + points * len(self.chosen) * min(replications, MAP_REPLICATIONS)


def asked(
    resolved: Mapping[str, Any],
    names: Sequence[str],
    every: bool,
    each: bool,
    break_even: Sequence[str],
    over: Sequence[str],
) -> Asked:
    """Return what a comparison is asked for; arguments as of `Case.compare`.

    Raises
    ------
    InputError
        A name or key is wrong.
    """
    chosen = portfolios_of(resolved, names, every)
    bought = [name for name in resolved["investments"] if any(name in held for _, held in chosen)]
    axes = [parse_axis(text, resolved, "--map", bought) for text in over]
    if axes and len(axes) != 2:
        raise refusal("--map", "one axis" if len(axes) == 1 else f"{len(axes)} axes", "two")
    if axes and axes[0].key == axes[1].key:
        raise refusal("--map", f"both axes are of {axes[0].key}", "two different keys")
    keys = [text.partition("=")[0].strip() for text in break_even]
    for key in keys:
        if keys.count(key) > 1:
            raise refusal(OPTION, f"{show(key)} is named twice", "each key once")
    return Asked(
        chosen,
        for_contributions(resolved, chosen) if each and not every else [],
        each or every,
        dict(range_of(resolved, key, bought) for key in break_even if key != MOST),
        MOST in break_even,
        axes,
        bought,
    )


def portfolios_of(resolved: Mapping[str, Any], names: Sequence[str], every: bool) -> list[Portfolio]:
    """Return the portfolios to compare, in the order of the file, each with what the pilot carries.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    names : sequence of str
        Portfolios, or ``nothing``; empty: all that the file names, beside ``nothing`` where it names but one.
    every : bool
        All feasible combinations of the investments instead. A combination that the file names keeps its
        name.

    Raises
    ------
    InputError
        There is nothing to compare, or a name is unknown.
    """
    named = {name: tuple(bought) for name, bought in resolved["portfolios"].items()}
    if not resolved["investments"]:
        raise _wrong("investments", "the file states none", "investments: to choose from")
    if every:
        if names:
            raise _wrong("--all", "compares all combinations", "names of portfolios, or --all")
        _, carried, _ = members(resolved, "", ())
        if len(resolved["investments"]) - len(carried) > MOST_COMBINED:
            what = f"has more combinations than {2**MOST_COMBINED:,}"
            raise _wrong("--all", what, f"at most {MOST_COMBINED} investments; or portfolios by name")
        known = {frozenset(_whole(resolved, bought)): name for name, bought in reversed(named.items())}
        return _named(combinations(resolved), known)
    if not names and not named:
        raise _wrong("portfolios", "the file names none", "portfolios: with names, or --all")
    chosen = list(names) or list(named)
    if not names and len(chosen) < 2:
        chosen = [NOTHING, *chosen]
    for name in chosen:
        if name not in named and name != NOTHING:
            allowed = f"one of {', '.join(named)}, or {NOTHING}" if named else f"{NOTHING}, or --all"
            raise _wrong(name, "is not among the portfolios", allowed)
    if len(set(chosen)) < max(2, len(chosen)):
        raise _wrong(", ".join(chosen), "leaves nothing to compare", "two portfolios or more, each once")
    return [(name, _whole(resolved, named.get(name, ()))) for name in chosen]


def _wrong(key: str, what: str, allowed: str) -> InputError:
    return InputError("compare", [Problem(0, key, what, allowed)])


def _name(bought: Sequence[str]) -> str:
    return " + ".join(bought) or NOTHING


def _named(sets: Sequence[tuple[str, ...]], known: Mapping[frozenset[str], str]) -> list[Portfolio]:
    """Return sets of investments with their names: those of the file, or what is in them."""
    found: list[Portfolio] = []
    taken = set(known.values())
    for bought in sets:
        name = known.get(frozenset(bought))
        if name is None:
            name = _name(bought)
            while name in taken:  # a portfolio may be called as an investment is that it does not hold
                name = f"only {name}"
            taken.add(name)
        found.append((name, bought))
    return found


def for_contributions(resolved: Mapping[str, Any], portfolios: Sequence[Portfolio]) -> list[Portfolio]:
    """Return the portfolios that show what each investment is worth alone and in company.

    Beside ``nothing`` each investment alone, and each portfolio without each of its investments, as far as
    these may be bought.
    """
    have = {bought for _, bought in portfolios}
    wanted = [_whole(resolved, ())]
    for _, bought in portfolios:
        for name in bought:
            wanted.append(_whole(resolved, (name,)))
            wanted.append(_whole(resolved, [other for other in bought if other != name]))
    extra = dict.fromkeys(bought for bought in wanted if bought not in have and feasible(resolved, bought))
    return [(_name(bought), bought) for bought in extra]


def _whole(resolved: Mapping[str, Any], bought: Sequence[str]) -> tuple[str, ...]:
    """Return investments, and those that the pilot carries, in the order of the file."""
    _, carried, others = members(resolved, "", bought)
    return tuple(name for name in resolved["investments"] if name in carried or name in others)


def settable(resolved: Mapping[str, Any], name: str) -> bool:
    """Return whether an unknown is the value of a key: not what an investment changes, nor a factor."""
    path, _, side = name.partition("@")
    leaf = resolved["parameters"].get(path)
    return leaf is not None and (bool(side) or not _relative(leaf.get("production")))


def _relative(value: Any) -> bool:
    return isinstance(value, dict) and "times" in value


def range_of(
    resolved: Mapping[str, Any], text: str, bought: Sequence[str]
) -> tuple[str, tuple[float, float]]:
    """Return the key of ``--break-even KEY[=LO:HI]`` and its range, by default `breakeven.default_range`.

    Raises
    ------
    InputError
        The key is unknown or cannot be swept, or has no range by default.
    """
    key, equals, ends = text.partition("=")
    key = key.strip()
    if equals:
        low, _, high = (part.strip() for part in ends.partition(":"))
        return key, parse_ends(key, low, high, resolved, OPTION, bought)
    row = sweepable(key, resolved, OPTION, bought)
    if row is None:
        return key, (0.0, 1.0)
    path, _, side = key.partition("@")
    leaf = resolved["parameters"].get(path) or resolved["parameters"][row.path]
    believed = leaf.get("value", leaf.get(side or "production"))
    allowed = f"{key}=LO:HI"
    if believed is None or _relative(believed):
        raise InputError(OPTION, [Problem(0, key, "has no range of its own", allowed)])
    try:
        return key, breakeven.default_range(believed, row.low, row.largest)
    except ValueError:
        raise InputError(OPTION, [Problem(0, key, "has no range of its own", allowed)]) from None


def search(
    resolved: Mapping[str, Any],
    asked: Asked,
    found: Mapping[str, Any],
    replications: int,
    simulate: Callable[[Plan], Results],
) -> tuple[dict[str, breakeven.Curve], dict[str, Any]]:
    """Search where the preference between the best portfolio and what it is compared with flips.

    Both are simulated wherever `breakeven.next_values` asks for, on the same futures everywhere.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    asked : Asked
        With the ranges.
    found : mapping
        As `compared` returns it.
    replications : int
        Of the comparison.
    simulate : callable
        Evaluates a plan; what it returns is not stopped.

    Returns
    -------
    curves : dict
        By key, the best portfolio's NPV less the other's.
    findings : dict
        ``break_even``: `breakeven.finding` of each; ``not_searched``: inputs that matter as much and are no
        keys that could be set.
    """
    bought, n = dict(asked.chosen), min(replications, BREAK_EVEN_REPLICATIONS)
    best, against = found["best"], found["against"]
    most, skipped = _that_matter(resolved, asked, found) if asked.most else ({}, [])
    ranges = most | dict(asked.ranges)
    curves, fewest = dict.fromkeys(ranges, breakeven.EMPTY), n
    while True:
        wanted = {
            key: values
            for key, (low, high) in ranges.items()
            if (values := breakeven.next_values(curves[key], low, high, TOLERANCE))
        }
        if not wanted:
            break
        at = [(key, value) for key, values in wanted.items() for value in values]
        variants = [
            variant_at([Axis(key, np.array([value]))], [value], resolved, Variant(investments=bought[name]))
            for key, value in at
            for name in (best, against)
        ]
        npv = simulate(crossed(tuple(variants), n)).of("realised_npv").reshape(-1, len(at), 2)
        fewest = min(fewest, len(npv))
        mean, half = (
            np.array(parts) for parts in zip(*map(_mean, (npv[:, :, 0] - npv[:, :, 1]).T), strict=True)
        )
        done = 0
        for key, values in wanted.items():
            here = slice(done, done + len(values))
            curves[key] = breakeven.extended(curves[key], values, mean[here], half[here])
            done += len(values)
    for key, curve in curves.items():
        if key not in CONDITIONS and row_of(key.partition("@")[0]).whole:
            curves[key] = breakeven.at_whole_numbers(curve)
    findings = [breakeven.finding(key, best, against, curve) for key, curve in curves.items()]
    told = [finding | {"replications": fewest} for finding in findings]
    return curves, {"break_even": told, "not_searched": skipped}


def _that_matter(
    resolved: Mapping[str, Any], asked: Asked, found: Mapping[str, Any]
) -> tuple[dict[str, tuple[float, float]], list[str]]:
    """Return the keys that matter most with their ranges, and what matters as much and has none."""
    ranges: dict[str, tuple[float, float]] = {}
    skipped = []
    for name in (str(entry["name"]) for entry in found["matters"]):
        if len(ranges) == MATTER:
            break
        try:
            key, ends = range_of(resolved, name, asked.bought)
            ranges[key] = ends
        except InputError:
            skipped.append(name)
    return ranges, skipped


def _mean(values: Floats) -> tuple[float, float]:
    stats = summarise(values)
    interval = stats["ci95"]
    return stats["mean"], (interval[1] - interval[0]) / 2.0 if interval else math.nan


def hints(resolved: Mapping[str, Any], results: Results, difference: Floats) -> list[dict[str, Any]]:
    """Return `compare.flips` of all inputs; of the first, where the regression on the futures crosses zero.

    The regression takes futures as independent, and is left out where they are not.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    results : Results
        Of one portfolio.
    difference : Floats[n]
        NPV of one portfolio less that of the other in the same future.
    """
    found = flips(results.inputs, results.drawn, difference, len(results.inputs), results.draws)
    for entry in found[: MATTER * results.independent]:
        if entry["told"] and settable(resolved, entry["name"]):
            x = results.drawn[:, results.inputs.index(entry["name"])]
            at = np.quantile(x, np.linspace(0.02, 0.98, 49))
            fit = local_linear(x, difference, at)
            at, value, half = (part[fit.enough] for part in (at, fit.value, (fit.high - fit.low) / 2.0))
            if len(at) > 1:
                entry["crossings"] = breakeven.crossings(breakeven.Curve(at, value, half))
    return found


def compared(resolved: Mapping[str, Any], asked: Asked, results: Results, shown: Results) -> dict[str, Any]:
    """Return `compare.compare`, with what the pilot carries, and the inputs on which the preference hangs.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    asked : Asked
        The portfolios.
    results, shown : Results
        Of all variants, and of ``asked.chosen`` alone.
    """
    pilot, carried, _ = members(resolved)
    names = [name for name, _ in asked.chosen]
    # By what it holds: with all combinations, one that the file names twice has the first of these names.
    base = _whole(resolved, resolved["portfolios"].get(resolved["parameters"]["base.portfolio"]["value"], ()))
    baseline = next((name for name, bought in asked.chosen if bought == base), None)
    found = {"pilot": pilot, "carries": list(carried), **compare(asked.chosen, shown, baseline)}
    npv = results.of("realised_npv").reshape(-1, len(asked.variants))
    if asked.contributions:
        found["investments"] = contributions(
            [*asked.chosen, *asked.extra], npv, results.blocks[:: len(asked.variants)]
        )
    if found["against"] is not None:
        first, second = (npv[:, names.index(found[key])] for key in ("best", "against"))
        found["matters"] = hints(resolved, of_variants(shown, [0]), first - second)
    return found


def map_of(
    resolved: Mapping[str, Any], asked: Asked, replications: int, simulate: Callable[[Plan], Results]
) -> Winners:
    """Simulate every portfolio at every point of the map, on the same futures; see `search`."""
    variants = [
        variant_at(asked.axes, point, resolved, Variant(investments=bought))
        for point in points(asked.axes)
        for _, bought in asked.chosen
    ]
    results = simulate(crossed(tuple(variants), min(replications, MAP_REPLICATIONS)))
    shape = tuple(len(axis.values) for axis in asked.axes)
    npv = results.of("realised_npv").reshape(-1, math.prod(shape), len(asked.chosen))
    winner, shown = breakeven.winners(npv)
    return Winners(asked.axes, winner.reshape(shape), shown.reshape(shape), len(npv))


def map_data(found: Winners, portfolios: Sequence[Portfolio]) -> dict[str, Any]:
    """Return a map as JSON holds it."""
    return {
        "axes": [{"key": axis.key, "values": axis.values.tolist()} for axis in found.axes],
        "winner": [[portfolios[i][0] for i in row] for row in found.winner.tolist()],
        "shown": found.shown.tolist(),
        "replications": found.replications,
    }
