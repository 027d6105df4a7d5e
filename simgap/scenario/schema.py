"""JSON Schema of the scenario file, generated from the parameter table.

It describes the file as a plain YAML loader sees it, for editors that complete keys and mark unknown ones.
Values are texts with a grammar of their own, which only `validate` checks.
"""

from __future__ import annotations

from typing import Any

from simgap.scenario.table import GROUPS, NAMED, OVERRIDABLE, ROWS, Row
from simgap.scenario.units import LISTS, UNITS
from simgap.scenario.validate import FORBIDDEN, STRENGTHS

ID = "urn:simgap:scenario:1"
_SCALAR = {"type": ["string", "number"]}
_NAME = {
    "type": "string",
    "maxLength": 80,
    "pattern": "^[^" + "".join(f"\\{c}" for c in FORBIDDEN) + "]+$",
    "not": {"const": "none"},
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    Returns
    -------
    dict
        Plain data that JSON can hold. Keys that the table lacks are refused everywhere but where the file
        chooses names.

    Examples
    --------
    >>> schema()["required"]
    ['simgap', 'ai', 'legacy', 'oversight', 'workflows']
    """
    groups = {group: _group(group) for group in GROUPS if group not in NAMED}
    overrides = {group: _group(group, overrides=True) for group in OVERRIDABLE}
    change = {"change": {"type": "object", "additionalProperties": {"$ref": "#/$defs/value"}}}
    named = {
        "workflows": _names(_rows("workflows"), overrides),
        "pilots": _names(_rows("pilots"), {}),
        "investments": _names(_rows("investments"), change),
    }
    required = sorted({row.group for row in ROWS if not row.default})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "simgap scenario",
        "type": "object",
        "additionalProperties": False,
        "required": ["simgap", *required],
        "properties": {
            "simgap": {"enum": [1, "1"], "description": "Version of the format."},
            "name": {**_SCALAR, "description": "Name shown in results."},
            "description": {**_SCALAR, "description": "What the case is about; its first line is listed."},
            "success": {"type": "string", "description": f"{UNITS['comparison'].words}."},
            **{
                group: {"$ref": f"#/$defs/{group}", "description": GROUPS[group]}
                | ({"required": _needed(group)} if _needed(group) else {})
                for group in groups
            },
            **{group: {**named[group], "description": GROUPS[group]} for group in NAMED},
            "correlations": {
                "type": "object",
                "description": "Rank correlations of two inputs, `a ~ b: 0.4`.",
                "propertyNames": {"pattern": "^[^~]+~[^~]+$"},
                "additionalProperties": _SCALAR,
            },
            "portfolios": {
                "type": "object",
                "description": "Investments bought together, by name.",
                "propertyNames": _NAME,
                "additionalProperties": {"$ref": "#/$defs/list"},
            },
            "sources": {
                "type": "object",
                "description": "Where numbers come from, by name.",
                "propertyNames": _NAME,
                "additionalProperties": _strict(
                    {"strength": {"enum": list(STRENGTHS)}, "text": _SCALAR}, ["strength"]
                ),
            },
        },
        "$defs": {
            "value": {"anyOf": [{"type": ["string", "number", "boolean"]}, {"$ref": "#/$defs/list"}]},
            "list": {"anyOf": [{"type": "string"}, {"type": "array", "items": _SCALAR}]},
            "shared": _long(["value"]),
            "sided": {"anyOf": [_long(["value"]), _long(["pilot", "production"])]},
            **groups,
        },
    }


def _strict(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    shape = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**shape, "required": required} if required else shape


def _long(sides: list[str]) -> dict[str, Any]:
    about = {"source": _SCALAR, "strength": {"enum": list(STRENGTHS)}, "note": _SCALAR}
    return _strict({**{side: {"$ref": "#/$defs/value"} for side in sides}, **about}, sides)


def _needed(group: str) -> list[str]:
    return [row.path.split(".")[1] for row in ROWS if row.group == group and not row.default]


def _rows(group: str) -> dict[str, Row]:
    return {row.path.split(".*.")[1]: row for row in ROWS if row.path.startswith(f"{group}.*.")}


def _group(group: str, overrides: bool = False) -> dict[str, Any]:
    """Return the rows of a group; of those, where asked, the ones that a workflow may override."""
    chosen = [row for row in ROWS if row.group == group and not (overrides and row.shared)]
    rows = {row.path.split(".")[1]: row for row in chosen}
    return _strict({key: _leaf(row) for key, row in rows.items()}, [])


def _names(rows: dict[str, Row], extra: dict[str, Any]) -> dict[str, Any]:
    required = [key for key, row in rows.items() if not row.default]
    inner = _strict({**{key: _leaf(row) for key, row in rows.items()}, **extra}, required)
    least = {"minProperties": 1} if required else {}
    return {"type": "object", "propertyNames": _NAME, "additionalProperties": inner, **least}


def _leaf(row: Row) -> dict[str, Any]:
    forms: list[dict[str, Any]] = [{"type": "number"}, {"$ref": f"#/$defs/{_kind(row)}"}]
    # Without a condition a leaf has one value, so no bar.
    forms.append({"type": "string"} if row.condition else {"type": "string", "pattern": r"^[^|]*$"})
    if row.unit in LISTS:
        forms.append({"type": "array", "items": _SCALAR})
    if set(row.words) == {"yes", "no"}:
        # Loaders of YAML 1.1 read these words as booleans.
        forms.append({"type": "boolean"})
    words = f"One of: {', '.join(row.words)}" if row.words else UNITS[row.unit].words.capitalize()
    default = f" Default: {row.default}." if row.default else " Must be stated."
    shared = " The same for all workflows." if row.shared and row.group in OVERRIDABLE else ""
    return {"description": f"{row.doc} {words}.{default}{shared}", "anyOf": forms}


def _kind(row: Row) -> str:
    return "sided" if row.condition else "shared"
