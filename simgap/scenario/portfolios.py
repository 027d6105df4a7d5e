"""Investments: what may be bought together, what it changes, and when its money and its delay fall.

An investment acts on production. A pilot design that carries it has it built already: it then acts on the
pilot too, is paid at the decision, and costs no further delay.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from simgap.scenario.outside import DELAY, MONTHLY, ONCE, factor
from simgap.scenario.units import show

Parameters = Mapping[str, Mapping[str, Any]]
MOST_COMBINED = 12  # investments whose combinations are all listed: 4096


class Bill(NamedTuple):
    """What a pilot design and the investments of a portfolio cost, in one draw of the unknowns.

    Attributes
    ----------
    pilot, carried, others : float
        Sums paid once: for the pilot and for what it carries at the decision, for the rest when it ends.
    carried_monthly, others_monthly : float
        Sums a month: of what the pilot carries from the decision on, of the rest from go-live on.
    lasts, delay : float
        Hours from the decision to the end of the pilot, and from there to go-live.
    """

    pilot: float
    carried: float
    others: float
    carried_monthly: float
    others_monthly: float
    lasts: float
    delay: float


def members(resolved: Mapping[str, Any], pilot: str = "", portfolio: Sequence[str] | None = None) -> Any:
    """Return the pilot design, what it carries, and what is bought besides.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario.
    pilot : str
        Name of a design; by default that of ``base.pilot``.
    portfolio : sequence of str, optional
        Investments; by default those of ``base.portfolio``.

    Returns
    -------
    pilot : str
    carried, others : tuple of str
        In the order of the file.
    """
    parameters = resolved["parameters"]
    pilot = pilot or parameters["base.pilot"]["value"]
    if portfolio is None:
        portfolio = resolved["portfolios"].get(parameters["base.portfolio"]["value"], ())
    carried = set(parameters[f"pilots.{pilot}.carries"]["value"] or ())
    names = resolved["investments"]
    return (
        pilot,
        tuple(name for name in names if name in carried),
        tuple(name for name in names if name in portfolio and name not in carried),
    )


def duration(values: Mapping[str, Any], pilot: str, others: Sequence[str]) -> tuple[float, float]:
    """Return the hours from the decision to the end of the pilot, and from there to go-live.

    Parameters
    ----------
    values : mapping
        Values by resolved path: lengths and delays drawn.
    pilot : str
        Name of the design.
    others : sequence of str
        Investments that it does not carry. Their delays, with the uplift on them, add up; one that is
        ``parallel`` runs beside the sum of the others.
    """
    lift = factor(values, DELAY)
    beside = [name for name in others if values[f"investments.{name}.parallel"] == "yes"]
    delays = {name: lift * float(values[f"investments.{name}.delay"]) for name in others}
    in_turn = sum(delay for name, delay in delays.items() if name not in beside)
    return float(values[f"pilots.{pilot}.lasts"]), max([in_turn, *(delays[name] for name in beside)])


def bill(values: Mapping[str, Any], pilot: str, carried: Sequence[str], others: Sequence[str]) -> Bill:
    """Return what a pilot design and a portfolio cost, with the uplifts for optimism.

    Parameters
    ----------
    values : mapping
        Values of one phase by resolved path, all drawn.
    pilot : str
        Name of the design.
    carried, others : sequence of str
        As `members` returns them.
    """
    lifts = {"once": factor(values, ONCE), "monthly": factor(values, MONTHLY)}

    def total(names: Sequence[str], what: str) -> float:
        return lifts[what] * float(sum(values[f"investments.{name}.{what}"] for name in names))

    lasts, delay = duration(values, pilot, others)
    return Bill(
        pilot=lifts["once"] * float(values[f"pilots.{pilot}.cost"]),
        carried=total(carried, "once"),
        others=total(others, "once"),
        carried_monthly=total(carried, "monthly"),
        others_monthly=total(others, "monthly"),
        lasts=lasts,
        delay=delay,
    )


def input_name(investment: str, path: str) -> str:
    """Return the name of the unknown in what an investment changes."""
    return f"investments.{investment}.change.{path}"


def concerns(name: str, pilots: Iterable[str], investments: Iterable[str]) -> bool:
    """Return whether an input, or the path of a leaf, matters where these are run and bought.

    Examples
    --------
    >>> concerns("investments.a.once", ["demo"], ["b"]), concerns("data.missing", [], [])
    (False, True)
    """
    group, _, rest = name.partition(".")
    chosen = {"pilots": pilots, "investments": investments}.get(group)
    return chosen is None or rest.split(".")[0] in chosen


def changes(
    investments: Mapping[str, Any], names: Iterable[str], drawn: Mapping[str, float]
) -> dict[str, list[tuple[str, Any]]]:
    """Return what investments do to each parameter, drawn, in the order in which it is done.

    Parameters
    ----------
    investments : mapping
        As the resolved scenario holds them.
    names : iterable of str
        Those that are bought.
    drawn : mapping
        A number for each unknown.

    Returns
    -------
    dict of list of (op, value)
        By path: first ``set``, then ``scale``, then ``add``.
    """
    found: dict[str, list[tuple[str, Any]]] = {}
    for name in names:
        for path, change in investments[name]["change"].items():
            value = change["value"]
            if isinstance(value, dict):
                value = drawn[input_name(name, path)]
            found.setdefault(path, []).append((change["op"], value))
    order = ("set", "scale", "add")
    return {path: sorted(ops, key=lambda op: order.index(op[0])) for path, ops in found.items()}


def conflicts(
    parameters: Parameters, investments: Mapping[str, Any], bought: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with buying these together, and what is allowed.

    Parameters
    ----------
    parameters : mapping
        Resolved leaves by path.
    investments : mapping
        As the resolved scenario holds them.
    bought : sequence of str
        Names of investments.
    """
    setters: dict[str, str] = {}
    for member in bought:
        for other in parameters.get(f"investments.{member}.requires", {}).get("value") or []:
            if other not in bought:
                yield f"{show(member)} requires {show(other)}", "both, or neither"
        for other in parameters.get(f"investments.{member}.excludes", {}).get("value") or []:
            if other in bought:
                yield f"{show(member)} excludes {show(other)}", "one of them"
        for path, change in investments.get(member, {"change": {}})["change"].items():
            if change["op"] == "set" and setters.setdefault(path, member) != member:
                yield f"{show(member)} and {show(setters[path])} both set {path}", "one of them"


def feasible(resolved: Mapping[str, Any], bought: Sequence[str]) -> bool:
    """Return whether investments may be bought together."""
    return not any(conflicts(resolved["parameters"], resolved["investments"], bought))


def combinations(resolved: Mapping[str, Any], pilot: str = "") -> list[tuple[str, ...]]:
    """Return all sets of investments that may be bought beside what a pilot design carries.

    Parameters
    ----------
    resolved : mapping
        The resolved scenario, with at most `MOST_COMBINED` investments.
    pilot : str
        Name of a design; by default that of ``base.pilot``.

    Returns
    -------
    list of tuple of str
        What the design carries is in each of them. The smallest come first, each in the order of the file.
    """
    _, carried, _ = members(resolved, pilot, ())
    names = list(resolved["investments"])
    free = [name for name in names if name not in carried]
    sets = itertools.chain.from_iterable(itertools.combinations(free, size) for size in range(len(free) + 1))
    whole = (tuple(name for name in names if name in carried or name in chosen) for chosen in sets)
    return [bought for bought in whole if feasible(resolved, bought)]
