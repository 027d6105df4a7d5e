"""Key paths: `data.missing`, `data.missing@pilot`, `workflows.NAME.volume`, `workflows.NAME.data.missing`.

A bare path means the production side, or the shared value of a leaf without a bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from simgap.scenario.grammar import Leaf, split_leaf
from simgap.scenario.table import BY_PATH, NAMED, OVERRIDABLE, ROWS, Row
from simgap.scenario.units import LISTS, Wrong, nearest, show

Names = Mapping[str, Iterable[str]]
SIDES = ("", "pilot", "production")


@dataclass(frozen=True)
class Key:
    """A key path that stands for a parameter.

    Attributes
    ----------
    path : str
        Path with names, without its side.
    side : str
        "pilot", "production" or empty.
    row : Row
        The row of the table.
    """

    path: str
    side: str
    row: Row


def paths(names: Names) -> list[str]:
    """Return every path of a scenario with these names, overrides left out."""
    out = []
    for row in ROWS:
        group, _, rest = row.path.partition(".*.")
        out += [f"{group}.{name}.{rest}" for name in names.get(group, ())] if rest else [row.path]
    return out


def find(text: str, names: Names) -> Key:
    """Find the parameter that a key path stands for.

    Parameters
    ----------
    text : str
        The key path, perhaps with ``@pilot`` or ``@production``.
    names : mapping of str to iterable of str
        Names that the file chose, by group.

    Returns
    -------
    Key

    Raises
    ------
    Wrong
        If there is no such parameter or side; suggests the nearest.

    Examples
    --------
    >>> find("workflows.credit notes.data.missing@pilot", {"workflows": ["credit notes"]}).row.path
    'data.missing'
    """
    path, at, side = text.strip().partition("@")
    path, side = path.strip(), side.strip()
    if at and side not in SIDES[1:]:
        raise Wrong(f"{show(side)} is not a side", "@pilot or @production")
    parts = path.split(".")
    row = BY_PATH.get(path)
    if len(parts) > 2 and parts[0] in NAMED:
        if parts[1] not in names.get(parts[0], ()):
            known = list(names.get(parts[0], ()))
            raise Wrong(
                f"{show(parts[1])} is not among the {parts[0]}",
                f"{nearest(parts[1], known)}one of: {', '.join(known) or 'none are stated'}",
            )
        rest = ".".join(parts[2:])
        row = BY_PATH.get(f"{parts[0]}.*.{rest}")
        if parts[0] == "workflows" and rest in BY_PATH:
            row = BY_PATH[rest]
            if row.shared:
                raise Wrong(f"{show(rest)} cannot differ between workflows", f"{rest}, for all of them")
    if row is None or "*" in path:
        raise Wrong(f"{show(path)} is not a parameter", _near(path, parts, names))
    if side and not row.condition:
        raise Wrong(f"{show(path)} has no sides", f"{path}, without @{side}")
    return Key(path, side, row)


def _near(path: str, parts: list[str], names: Names) -> str:
    """Suggest a path; inside a workflow its overrides are candidates too."""
    candidates = paths(names)
    if parts[0] == "workflows" and len(parts) > 3:
        own = f"workflows.{parts[1]}."
        candidates = [own + row.path for row in ROWS if row.group in OVERRIDABLE and not row.shared]
    return f"{nearest(path, candidates)}a key path such as data.missing"


def set_leaf(leaves: dict[str, Leaf], names: Names, text: str) -> str:
    """Replace the text of a leaf, or of one side of it, as ``--set KEY=VALUE`` asks.

    Parameters
    ----------
    leaves : dict of str to Leaf
        Stated leaves by path; changed in place.
    names : mapping of str to iterable of str
        Names that the file chose, by group.
    text : str
        ``KEY=VALUE``. Without a side, a leaf with a bar changes on its production side, unless VALUE has a
        bar itself; a side splits a leaf without a bar.

    Returns
    -------
    str
        The path that was set.

    Raises
    ------
    Wrong
        If the text is not KEY=VALUE, or the key is unknown.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise Wrong(f"{show(text)} is not KEY=VALUE", "for instance data.missing=5 %")
    key = find(name, names)
    new = split_leaf(value, -1, key.row.unit in LISTS)
    general = key.row.path if key.path.startswith("workflows.") else key.path
    default = split_leaf(key.row.default or "none", 0, key.row.unit in LISTS)
    old = leaves.get(key.path) or leaves.get(general) or default
    if new.shared is None:
        if key.side:
            raise Wrong(f"{show(value)} has a bar", f"one value for @{key.side}")
    elif key.side or old.shared is None:
        pilot, production = (old.pilot, old.production) if old.shared is None else (old.shared, old.shared)
        if key.side == "pilot":
            new = replace(new, shared=None, pilot=new.shared, production=production)
        else:
            new = replace(new, shared=None, pilot=pilot, production=new.shared)
    leaves[key.path] = new
    return key.path
