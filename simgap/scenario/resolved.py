"""The resolved form as text: canonical JSON, its digest, and reading it back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from simgap.errors import InputError, Problem
from simgap.scenario.empirical import FEWEST
from simgap.scenario.families import FAMILIES
from simgap.scenario.keys import find, paths
from simgap.scenario.outside import CLASS, MEASURES, MOST_PROJECTS, check_name, double_counting, is_own
from simgap.scenario.resolve import FORM, UNCHANGEABLE
from simgap.scenario.table import INF, MOST_WORKFLOWS, NAMED, Row
from simgap.scenario.units import NUMERIC, Wrong, nearest, show

_KEYS = (
    "simgap",
    "form",
    "name",
    "description",
    "workflows",
    "pilots",
    "investments",
    "portfolios",
    "success",
    "correlations",
    "sources",
    "classes",
    "parameters",
)
_ALLOWED = "the output of `simgap resolve`, or a result.json, unchanged"
_METALOG = ("p10", "p50", "p90", "lower", "upper")


def canonical(resolved: dict[str, Any]) -> str:
    """Return the resolved form as JSON in one fixed way: sorted keys, no spaces.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": None})
    '{"a":null,"b":1.0}'
    """
    return json.dumps(resolved, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(resolved: dict[str, Any]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(resolved).encode("ascii")).hexdigest()[:16]


def as_json(text: str) -> dict[str, Any] | None:
    """Return a text as a resolved form, not yet checked; None where it is something else.

    Parameters
    ----------
    text : str
        Perhaps a resolved form, or a ``result.json`` whose ``provenance.scenario`` holds one.

    Returns
    -------
    dict or None
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    provenance = data.get("provenance")
    if isinstance(provenance, dict) and isinstance(provenance.get("scenario"), dict):
        data = provenance["scenario"]
    return data if "form" in data else None


def load_resolved(text: str, file: str = "<text>") -> dict[str, Any]:
    """Read a resolved form.

    Parameters
    ----------
    text : str
        JSON: a resolved form, or a ``result.json`` that holds one.
    file : str
        Name for messages.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If it is not a resolved form of this version, or names parameters that the table lacks, or lacks
        parameters that the table has.
    """
    data = as_json(text)
    if data is None:
        raise InputError(file, [Problem(0, "", "is not a resolved scenario", _ALLOWED)])
    problems = _form(data) or _members(data) or _outside(data)
    if problems:
        raise InputError(file, problems)
    return data


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _wrong(key: str, what: str, allowed: str = _ALLOWED) -> Problem:
    return Problem(0, key, what, allowed)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _form(data: dict[str, Any]) -> list[Problem]:
    if data.get("simgap") != 1 or data["form"] != FORM:
        return [_wrong("simgap", "is not a form that this version reads", f"simgap 1, form {FORM}")]
    problems = [_wrong(key, "unknown key") for key in data if key not in _KEYS]
    problems += [_wrong(key, "is missing") for key in _KEYS if key not in data]
    if problems:
        return problems
    dicts = ("investments", "portfolios", "success", "sources", "classes", "parameters")
    right = {
        **{key: isinstance(data[key], str) for key in ("name", "description")},
        "pilots": _texts(data["pilots"]) and bool(data["pilots"]),
        "workflows": _texts(data["workflows"]) and 0 < len(data["workflows"]) <= MOST_WORKFLOWS,
        **{key: isinstance(data[key], dict) for key in dicts},
        "correlations": isinstance(data["correlations"], list)
        and all(
            isinstance(pair, list) and len(pair) == 3 and _texts(pair[:2]) and _number(pair[2])
            for pair in data["correlations"]
        ),
    }
    return [_wrong(key, "has the wrong shape") for key, ok in right.items() if not ok]


def _members(data: dict[str, Any]) -> list[Problem]:
    problems = []
    names = {group: list(data[group]) for group in NAMED}
    parameters = data["parameters"]
    expected = paths(names)
    for path in expected:
        if path not in parameters:
            problems.append(_wrong(path, "is missing"))
    for path, leaf in parameters.items():
        try:
            key = find(path, names)
        except Wrong:
            problems.append(_wrong(path, "unknown parameter", f"{nearest(path, expected)}{_ALLOWED}"))
            continue
        if key.side or not _leaf_right(leaf, key.row):
            problems.append(_wrong(path, "has the wrong shape"))
    for name, investment in data["investments"].items():
        changes = investment.get("change") if isinstance(investment, dict) else None
        if not isinstance(changes, dict):
            problems.append(_wrong(f"investments.{name}", "has the wrong shape"))
            continue
        for path, change in changes.items():
            try:
                key = find(path, names)
            except Wrong:
                problems.append(_wrong(f"investments.{name}.change.{path}", "unknown parameter"))
                continue
            if key.side or key.row.group in UNCHANGEABLE or not _change_right(change, key.row):
                problems.append(_wrong(f"investments.{name}.change.{path}", "has the wrong shape"))
    inputs = {name for path in parameters for name in (path, f"{path}@pilot")}
    for a, b, rho in data["correlations"]:
        if not {a, b} <= inputs or not -1.0 <= rho <= 1.0:
            problems.append(_wrong("correlations", f"{show(a)} and {show(b)} cannot be correlated so"))
    for portfolio, members in data["portfolios"].items():
        if not _texts(members) or not set(members) <= set(data["investments"]):
            problems.append(_wrong(f"portfolios.{portfolio}", "is not a list of investments"))
    known = {
        **{path: data["investments"] for path in expected if path.endswith(_OF_INVESTMENTS)},
        "base.pilot": data["pilots"],
        "base.portfolio": data["portfolios"],
    }
    for path, allowed in known.items():
        leaf = parameters.get(path)
        value = leaf.get("value") if isinstance(leaf, dict) else None
        listed = value if isinstance(value, list) else [value] if value else []
        if not _texts(listed) or not set(listed) <= set(allowed):
            problems.append(_wrong(path, "names what is not stated", ", ".join(allowed) or "none"))
    if set(data["success"]) != {"outcome", "relation", "value", "of"} or not _number(
        data["success"]["value"]
    ):
        problems.append(_wrong("success", "has the wrong shape"))
    return problems


def _outside(data: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with the reference classes and the uplifts."""
    named = data["parameters"][CLASS].get("value")
    if not _texts(named):
        return [_wrong(CLASS, "has the wrong shape")]
    problems = []
    for name in named:
        try:
            check_name(name)
        except Wrong as wrong:
            problems.append(_wrong(CLASS, wrong.what, wrong.allowed))
    if not problems and set(data["classes"]) != set(filter(is_own, named)):
        problems.append(_wrong("classes", "are not those that are named", ", ".join(filter(is_own, named))))
    problems += [
        _wrong(f"classes.{name}", "has the wrong shape")
        for name, held in data["classes"].items()
        if not _class_right(held)
    ]
    return problems or [_wrong(*found) for found in double_counting(data)]


def _class_right(held: Any) -> bool:
    columns = (*MEASURES, "projected", "weight")
    if not isinstance(held, dict) or set(held) != set(columns):
        return False
    if not all(isinstance(held[name], list) for name in columns):
        return False
    lengths = {len(held[name]) for name in columns} - {0}
    cells = [cell for name in columns for cell in held[name]]
    return (
        len(lengths) == 1
        and max(lengths) <= MOST_PROJECTS
        and all(cell is None or _number(cell) for cell in cells)
        and all(weight is not None and weight > 0.0 for weight in held["weight"])
        and any(cell is not None for name in (*MEASURES, "projected") for cell in held[name])
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_OF_INVESTMENTS = (".carries", ".requires", ".excludes")


def _change_right(change: Any, row: Row) -> bool:
    if not isinstance(change, dict) or set(change) != {"op", "value"}:
        return False
    if change["op"] == "set":
        return _value_right(change["value"], row)
    return (
        change["op"] in ("add", "scale")
        and row.unit in NUMERIC
        and change["value"] is not None
        and _value_right(change["value"], replace(row, low=-INF, high=INF))
    )


# What the items of a list are, for the units whose lists are computed with.
_ITEMS: dict[str, Callable[[Any], bool]] = {
    "weights": _number,
    "plan": lambda step: isinstance(step, list) and len(step) == 2 and all(map(_number, step)),
    "dates": lambda day: isinstance(day, str),
}


def _leaf_right(leaf: Any, row: Row) -> bool:
    about = {"source", "strength", "stated"}
    if not isinstance(leaf, dict) or not about <= set(leaf):
        return False
    sides = set(leaf) - about
    if sides != {"value"} and not (row.condition and sides == {"pilot", "production"}):
        return False
    values = {side: leaf[side] for side in sides}
    production = leaf.get("production")
    if isinstance(production, dict) and set(production) == {"times"}:
        # A factor: any number of the form that the row allows, but not within its bounds.
        del values["production"]
        if not _value_right(production["times"], replace(row, low=-INF, high=INF)):
            return False
    return all(_value_right(value, row) for value in values.values())


def _value_right(value: Any, row: Row) -> bool:
    if row.unit in _ITEMS:
        return isinstance(value, list) and all(_ITEMS[row.unit](item) for item in value)
    if value is None:
        return True
    if row.unit not in NUMERIC:
        return isinstance(value, str | list)
    if not isinstance(value, dict):
        return _number(value) and row.low <= value <= row.largest
    return _distribution_right(value)


def _distribution_right(value: dict[str, Any]) -> bool:
    family, names = value.get("family"), set(value) - {"family"}
    if family == "metalog":
        open_ended = ("lower", "upper")
        return names == set(_METALOG) and all(
            _number(value[name]) or (value[name] is None and name in open_ended) for name in names
        )
    if family == "truncated":
        ends = [value.get(name) for name in ("low", "high")]
        of = value.get("of")
        return (
            names == {"of", "low", "high"}
            and isinstance(of, dict)
            and of.get("family") in list(FAMILIES)  # what is no text has no hash perhaps
            and _distribution_right(of)
            and all(end is None or _number(end) for end in ends)
            and any(end is not None for end in ends)
        )
    if family in ("discrete", "empirical"):
        values = value.get("values")
        if not (isinstance(values, list) and all(map(_number, values)) and values == sorted(values)):
            return False
        if family == "empirical":
            return names == {"values"} and len(values) >= FEWEST
        shares = value.get("probabilities")
        if not (isinstance(shares, list) and all(map(_number, shares))):
            return False
        total = math.isclose(math.fsum(shares), 1.0, abs_tol=1e-9)
        return len(values) == len(shares) >= 2 and min(shares) > 0.0 and total
    if not isinstance(family, str) or family not in FAMILIES:
        return False
    return names == set(FAMILIES[family][0]) and all(_number(value[name]) for name in names)
