"""From nodes to stated leaves: every key checked against the table, every name collected.

Values stay text here; `resolve` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from simgap.errors import Problem
from simgap.scenario.document import Document, Listing, Mapping, Node, Scalar, comma_hint
from simgap.scenario.grammar import Leaf, split_leaf
from simgap.scenario.table import BY_PATH, GROUPS, MOST_WORKFLOWS, NAMED, OVERRIDABLE, ROWS, Row
from simgap.scenario.units import LISTS, UNITS, Wrong, nearest, show
from simgap.scenario.words import MAX_ITEMS

STRENGTHS = ("published", "measured", "expert", "guess")
FREE = ("simgap", "name", "description", "success", "correlations", "portfolios", "sources")
TOP = (*FREE, *GROUPS)
LONG = ("value", "pilot", "production", "source", "strength", "note")
FORBIDDEN = ".@~=,[]{}|/\\:"


@dataclass
class Stated:
    """What a file states.

    Attributes
    ----------
    name, description : str
        Free text.
    leaves : dict of str to Leaf
        Leaf by path with names.
    lines : dict of str to int
        Line of each group, and of each name as ``group.name``.
    names : dict of str to list of str
        Names of workflows, pilots and investments in file order.
    changes : dict
        Text of each change with its line, by investment and key path.
    portfolios : dict
        Names of investments with the line, by portfolio.
    correlations : list of (int, str, str)
        Line, pair and coefficient as text.
    success : (int, str)
        Line and text of the criterion.
    sources : dict
        ``strength`` and ``text`` by name.
    problems : list of Problem
        What is wrong so far.
    """

    name: str = ""
    description: str = ""
    leaves: dict[str, Leaf] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=lambda: {group: [] for group in NAMED})
    changes: dict[str, dict[str, tuple[int, str]]] = field(default_factory=dict)
    portfolios: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    correlations: list[tuple[int, str, str]] = field(default_factory=list)
    success: tuple[int, str] = (0, "npv > 0")
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int, key: str, what: str, allowed: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(line, key, what, allowed))


def validate(document: Document) -> Stated:
    """Check the keys of a document and collect what it states.

    Parameters
    ----------
    document : Document
        A well-formed file.

    Returns
    -------
    Stated
        With every problem found in ``problems``; values are not read yet.
    """
    stated = Stated()
    top = document.root
    if "simgap" not in top.items:
        stated.wrong(1, "simgap", "must be stated", "the line `simgap: 1`, the version of the format")
    if "workflows" not in top.items:
        stated.wrong(1, "workflows", "must be stated", "at least one workflow with its volume")
    for key, (line, node) in top.items.items():
        stated.lines[key] = line
        if key in FREE:
            _free(stated, key, line, node)
        elif key == "data_sources":
            stated.wrong(line, key, "several data sources are not in this version", "one source, under data:")
        elif key in NAMED:
            _named(stated, key, line, node)
        elif key in GROUPS:
            _group(stated, key, key, line, node)
        else:
            _unknown(stated, key, key, line, node, top, TOP)
    return stated


def _free(stated: Stated, key: str, line: int, node: Node) -> None:
    if key == "correlations":
        for pair, (at, value) in _entries(stated, key, line, node):
            text = _text(stated, f"{key}.{pair}", at, value, "a number from -1 to 1, such as 0.4")
            if text:
                stated.correlations.append((at, pair, text))
    elif key == "portfolios":
        for name, (at, value) in _entries(stated, key, line, node):
            if _legal(stated, f"{key}.{name}", name, at):
                stated.portfolios[name] = (at, _words(stated, f"{key}.{name}", at, value))
    elif key == "sources":
        for name, (at, value) in _entries(stated, key, line, node):
            if _legal(stated, f"{key}.{name}", name, at):
                stated.sources[name] = _source(stated, f"{key}.{name}", at, value)
    elif key == "simgap":
        text = _text(stated, key, line, node, "1")
        if text and text != "1":
            stated.wrong(line, key, f"{show(text)} is not a version this program reads", "1")
    elif key == "success":
        text = _text(stated, key, line, node, UNITS["comparison"].words)
        stated.success = (line, text) if text else stated.success
    else:
        text = _text(stated, key, line, node, "a text")
        setattr(stated, key, text or getattr(stated, key))


def _named(stated: Stated, group: str, line: int, node: Node) -> None:
    """Read workflows, pilots or investments: names, each with its rows."""
    if group == "workflows" and not (isinstance(node, Mapping) and node.items):
        stated.wrong(line, group, "names no workflow", "at least one workflow with its volume")
        return
    suffixes = [row.path.split(".*.")[1] for row in ROWS if row.path.startswith(f"{group}.*.")]
    extra = {"workflows": list(OVERRIDABLE), "investments": ["change"], "pilots": []}[group]
    named = _entries(stated, group, line, node)
    if group == "workflows" and len(named) > MOST_WORKFLOWS:
        stated.wrong(line, group, f"names {len(named):,} workflows", f"at most {MOST_WORKFLOWS:,}")
        return
    for name, (at, inner) in named:
        path = f"{group}.{name}"
        if not _legal(stated, path, name, at):
            continue
        stated.names[group].append(name)
        stated.lines[path] = at
        for key, (where, value) in _entries(stated, path, at, inner):
            if key in suffixes:
                _leaf(stated, f"{path}.{key}", BY_PATH[f"{group}.*.{key}"], where, value)
            elif key == "change" and group == "investments":
                _changes(stated, name, f"{path}.change", where, value)
            elif key in extra:
                _group(stated, key, f"{path}.{key}", where, value)
            elif group == "workflows" and key in GROUPS:
                stated.wrong(
                    where,
                    f"{path}.{key}",
                    "cannot differ between workflows",
                    f"{key} at the top level; in a workflow: {', '.join(OVERRIDABLE)}",
                )
            elif isinstance(inner, Mapping):
                _unknown(stated, f"{path}.{key}", key, where, value, inner, [*suffixes, *extra])


def _group(stated: Stated, group: str, path: str, line: int, node: Node) -> None:
    inside = path != group  # of a workflow
    keys = [row.path.split(".")[1] for row in ROWS if row.group == group and not (inside and row.shared)]
    for key, (at, value) in _entries(stated, path, line, node):
        row = BY_PATH.get(f"{group}.{key}")
        if row is not None and inside and row.shared:
            stated.wrong(
                at, f"{path}.{key}", "cannot differ between workflows", f"{row.path}, for all of them"
            )
        elif row is not None:
            _leaf(stated, f"{path}.{key}", row, at, value)
        elif isinstance(node, Mapping):
            _unknown(stated, f"{path}.{key}", key, at, value, node, keys)


def _changes(stated: Stated, name: str, path: str, line: int, node: Node) -> None:
    stated.changes[name] = {}
    for key, (at, value) in _entries(stated, path, line, node):
        if isinstance(node, Mapping) and node.flow and isinstance(value, Scalar) and not value.text:
            hint = comma_hint(key)
            if hint:
                stated.wrong(at, f"{path}.{key}", *hint)
                continue
        text = _value(stated, f"{path}.{key}", at, value, "a change such as +2, x 0.5 or 80 %")
        if text:
            stated.changes[name][key] = (at, text)


def _leaf(stated: Stated, path: str, row: Row, line: int, node: Node) -> None:
    words = UNITS[row.unit].words
    if isinstance(node, Mapping):
        leaf = _long(stated, path, line, node, words)
    else:
        text = _value(stated, path, line, node, words)
        if not text:
            return
        try:
            leaf = split_leaf(text, line, row.unit in LISTS)
        except Wrong as wrong:
            stated.wrong(line, path, wrong.what, wrong.allowed)
            return
    if leaf is not None:
        stated.leaves[path] = leaf


def _long(stated: Stated, path: str, line: int, node: Mapping, words: str) -> Leaf | None:
    """Read `{pilot:, production:, source:, strength:, note:}` or `{value:, source:, ...}`."""
    texts: dict[str, str] = {}
    before = len(stated.problems)
    for key, (at, value) in node.items.items():
        if key not in LONG:
            _unknown(stated, f"{path}.{key}", key, at, value, node, LONG)
            continue
        texts[key] = _value(stated, f"{path}.{key}", at, value, words)
        if key in LONG[:3] and "|" in texts[key]:
            stated.wrong(at, f"{path}.{key}", "has a bar", "pilot: and production:, each one value")
    if len(stated.problems) > before:
        return None
    sides = [key for key in LONG[:3] if key in texts]
    if sides not in (["value"], ["pilot", "production"]):
        stated.wrong(
            line,
            path,
            "states " + (" and ".join(sides) or "no value"),
            "either value:, or both pilot: and production:",
        )
        return None
    strength = texts.get("strength", "")
    if strength and strength not in STRENGTHS:
        stated.wrong(line, f"{path}.strength", f"{show(strength)} is no strength", ", ".join(STRENGTHS))
        return None
    leaf = Leaf(line, texts.get("value"), texts.get("pilot"), texts.get("production"))
    return replace(leaf, source=texts.get("source", ""), strength=strength)


def _source(stated: Stated, path: str, line: int, node: Node) -> dict[str, str]:
    source = {"strength": "", "text": ""}
    for key, (at, value) in _entries(stated, path, line, node):
        if key in source:
            source[key] = _text(stated, f"{path}.{key}", at, value, "a text")
        elif isinstance(node, Mapping):
            _unknown(stated, f"{path}.{key}", key, at, value, node, tuple(source))
    if isinstance(node, Mapping) and source["strength"] not in STRENGTHS:
        stated.wrong(
            line,
            f"{path}.strength",
            f"{show(source['strength'])} is no strength" if source["strength"] else "must be stated",
            ", ".join(STRENGTHS),
        )
    return source


def _entries(stated: Stated, path: str, line: int, node: Node) -> list[tuple[str, tuple[int, Node]]]:
    if isinstance(node, Mapping):
        return list(node.items.items())
    empty = isinstance(node, Scalar) and not node.text.strip()
    stated.wrong(
        line,
        path,
        "is empty" if empty else "is not a mapping",
        "keys and values under it, or leave it out" if empty else "keys and values, such as `key: value`",
    )
    return []


def _text(stated: Stated, path: str, line: int, node: Node, allowed: str) -> str:
    if isinstance(node, Scalar) and node.text.strip():
        return node.text.strip()
    what = "is empty" if isinstance(node, Scalar) else "is not a single value"
    stated.wrong(line, path, what, allowed)
    return ""


def _value(stated: Stated, path: str, line: int, node: Node, allowed: str) -> str:
    """Return a scalar as it is, and a list as the text that would be one."""
    if not isinstance(node, Listing):
        return _text(stated, path, line, node, allowed)
    items = [item.text.strip() for item in node.items if isinstance(item, Scalar)]
    if len(items) < len(node.items) or any(set(item) & set("[],|") for item in items):
        stated.wrong(line, path, "is not a list of single values", allowed)
        return ""
    return f"[{', '.join(items)}]"


def _words(stated: Stated, path: str, line: int, node: Node) -> list[str]:
    text = _value(stated, path, line, node, "a list of investments, such as [one, two]")
    inside = text.removeprefix("[").removesuffix("]")
    words = [word.strip() for word in inside.split(",")] if inside and text != "none" else []
    if len(words) > MAX_ITEMS:
        stated.wrong(line, path, f"has more than {MAX_ITEMS} items", "a list of investments")
        return []
    return words


def _legal(stated: Stated, path: str, name: str, line: int) -> bool:
    if name == "none" or len(name) > 80 or not name.isprintable() or set(name) & set(FORBIDDEN):
        stated.wrong(
            line,
            path,
            f"{show(name)} is not a name",
            f"up to 80 letters, digits, spaces, - and _; not `none`, none of {' '.join(FORBIDDEN)}",
        )
        return False
    return True


def _unknown(
    stated: Stated,
    path: str,
    key: str,
    line: int,
    node: Node,
    parent: Mapping,
    known: tuple[str, ...] | list[str],
) -> None:
    if parent.flow and isinstance(node, Scalar) and not node.text:
        hint = comma_hint(key)
        if hint:
            stated.wrong(line, path, *hint)
            return
    stated.wrong(line, path, "unknown key", f"{nearest(key, known)}known keys: {', '.join(known)}")
