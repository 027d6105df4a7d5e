"""From stated leaves to the resolved form: every default filled in, every unit normalised."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from simgap.errors import InputError, Problem
from simgap.scenario.correlations import resolve_correlations
from simgap.scenario.document import Document
from simgap.scenario.grammar import Leaf, parse_change, parse_value, split_leaf
from simgap.scenario.hours import staffed_day
from simgap.scenario.keys import find, set_leaf
from simgap.scenario.outside import CLASS, check_name, double_counting, is_own, read_class
from simgap.scenario.portfolios import conflicts
from simgap.scenario.table import BY_PATH, GUESS, NAMED, OVERRIDABLE, ROWS, Row
from simgap.scenario.units import LISTS, UNITS, Context, Wrong, nearest, show
from simgap.scenario.validate import Stated, validate
from simgap.scenario.words import parse_comparison

FORM = "resolved"
DEFAULT_PILOT = "pilot"
UNCHANGEABLE = ("money", "clock", "board", "base", "outside_view", "pilots", "investments")
# Staffed day and fields by (workflow or nothing, row of the calendar, side).
Contexts = dict[tuple[str, str, str], Context]
_OF_CELLS = re.compile("of cells", re.IGNORECASE)
_BASIS = re.compile(r"\s+(real|nominal)$")


def resolve(document: Document, sets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the resolved form of a scenario.

    Parameters
    ----------
    document : Document
        The file.
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves before anything is read.

    Returns
    -------
    dict
        Plain data that JSON can hold: ``simgap``, ``form``, ``name``, ``description``, ``workflows``,
        ``pilots``, ``investments``, ``portfolios``, ``success``, ``correlations``, ``sources``,
        ``classes`` (the reference classes that were read from files, by name) and ``parameters``, a leaf for
        each row of the table, name and override.

    Raises
    ------
    InputError
        With every problem of the file; if the file has none, with those of ``sets``.
    """
    stated = validate(document)
    if not stated.names["pilots"]:
        stated.names["pilots"] = [DEFAULT_PILOT]
    for text in sets:
        _set(stated, text)
    folder = None if document.file.startswith("<") else Path(document.file).parent
    contexts = _contexts(stated, folder)
    parameters = _parameters(stated, contexts)
    _check_discount(stated)
    _check_sources(stated)
    investments = {name: {"change": _changes(stated, name, contexts)} for name in stated.names["investments"]}
    _check_names(stated, parameters)
    _check_portfolios(stated, parameters, investments)
    success = _read(stated, stated.success[0], "success", lambda: parse_comparison(stated.success[1]))
    correlations = resolve_correlations(stated, parameters)
    classes, inside = _classes(stated, parameters, folder)
    _raise(document.file, stated.problems)
    if inside:
        raise inside[0]
    if parameters["base.pilot"]["value"] is None:
        parameters["base.pilot"]["value"] = stated.names["pilots"][0]
    resolved = {
        "simgap": 1,
        "form": FORM,
        "name": stated.name or name_of(document.file),
        "description": stated.description,
        "workflows": stated.names["workflows"],
        "pilots": stated.names["pilots"],
        "investments": investments,
        "portfolios": {name: members for name, (_, members) in stated.portfolios.items()},
        "success": success,
        "correlations": correlations,
        "sources": stated.sources,
        "classes": classes,
        "parameters": parameters,
    }
    _check_uplifts(stated, resolved)
    _raise(document.file, stated.problems)
    return resolved


def name_of(file: str) -> str:
    """Return the name of a scenario that states none: of its folder, or of its file.

    Examples
    --------
    >>> name_of("scenarios/claims/scenario.yaml"), name_of("letters.yaml"), name_of("<stdin>")
    ('claims', 'letters', 'scenario')
    """
    if file.startswith("<"):
        return "scenario"
    path = Path(file)
    return path.parent.name if path.stem == "scenario" and path.parent.name else path.stem


def _raise(file: str, problems: list[Problem]) -> None:
    """Raise the problems of the file, or where it has none those of ``--set``, which have line -1."""
    own = [problem for problem in problems if problem.line >= 0]
    if own:
        raise InputError(file, own)
    if problems:
        raise InputError("--set", [replace(problem, line=0) for problem in problems])


def _read(stated: Stated, line: int, key: str, reader: Callable[..., Any], *arguments: Any) -> Any:
    """Call a reader; what it finds wrong becomes a problem and the result None."""
    try:
        return reader(*arguments)
    except Wrong as wrong:
        stated.wrong(line, key, wrong.what, wrong.allowed)
        return None


def _set(stated: Stated, text: str) -> None:
    key, equals, value = text.partition("=")
    if key.strip() == "success" and equals:
        stated.success = (-1, value.strip())
        return
    _read(stated, -1, key.strip()[:80], lambda: set_leaf(stated.leaves, stated.names, text))


def _parameters(stated: Stated, contexts: Contexts) -> dict[str, Any]:
    """Resolve a leaf for each row and name, and for each override."""
    parameters: dict[str, Any] = {}
    for row in ROWS:
        group, _, rest = row.path.partition(".*.")
        for name in stated.names[group] if rest else [""]:
            path = f"{group}.{name}.{rest}" if rest else row.path
            leaf = stated.leaves.get(path)
            if leaf is None and not row.default:
                line = stated.lines.get(f"{group}.{name}" if rest else row.group, 1)
                stated.wrong(line, path, "must be stated", f"{UNITS[row.unit].words}. {row.doc}")
                continue
            parameters[path] = _resolved(stated, path, row, leaf, contexts, name)
    for path, leaf in stated.leaves.items():
        parts = path.split(".")
        if parts[0] == "workflows" and parts[2] in OVERRIDABLE and len(parts) == 4:
            row = BY_PATH[".".join(parts[2:])]
            parameters[path] = _resolved(stated, path, row, leaf, contexts, parts[1])
    _check_inherited(stated, contexts)
    return parameters


def _check_inherited(stated: Stated, contexts: Contexts) -> None:
    """Refuse a workflow whose own fields would change what an inherited leaf means."""
    for path, leaf in stated.leaves.items():
        row = BY_PATH.get(path)
        text = " | ".join(filter(None, (leaf.shared, leaf.pilot, leaf.production)))
        if row is None or not _OF_CELLS.search(text):
            continue
        for name in stated.names["workflows"]:
            own = f"workflows.{name}.{path}"
            if own in stated.leaves:
                continue
            if any(
                _context(contexts, row, name, side).fields != _context(contexts, row, "", side).fields
                for side in ("pilot", "production")
            ):
                stated.wrong(
                    leaf.line,
                    path,
                    f"means something else in workflow {show(name)}, which has other fields",
                    f"{own} stated as well, or a share of items",
                )


def _contexts(stated: Stated, folder: Path | None) -> Contexts:
    """Return the staffed day and the fields of every workflow and side, and the folder of all.

    A leaf that is wrong here is reported where it stands, so its default serves meanwhile.
    """
    out: Contexts = {}
    for name in ("", *stated.names["workflows"]):
        for hours in ("oversight.hours", "oversight.specialist_hours"):
            for side in ("pilot", "production"):
                calendar = _early(stated, "", BY_PATH[hours], side)
                fields = _early(stated, name, BY_PATH["data.fields"], side)
                out[name, hours, side] = Context(staffed_day(calendar), fields, folder)
    return out


def _early(stated: Stated, workflow: str, row: Row, side: str) -> Any:
    leaf = stated.leaves.get(f"workflows.{workflow}.{row.path}") or stated.leaves.get(row.path)
    text = (leaf.shared or (leaf.pilot if side == "pilot" else leaf.production)) if leaf else None
    try:
        return parse_value(text or row.default, row)
    except Wrong:
        return parse_value(row.default, row)


def _context(contexts: Contexts, row: Row, workflow: str, side: str) -> Context:
    hours = "oversight.specialist_hours" if "specialist" in row.path else "oversight.hours"
    return contexts.get((workflow, hours, side)) or contexts["", hours, side]


def _resolved(
    stated: Stated, path: str, row: Row, leaf: Leaf | None, contexts: Contexts, workflow: str
) -> dict[str, Any]:
    """Return one resolved leaf; a leaf that is wrong becomes a problem, and its value None."""
    strength = "guess" if row.source == GUESS else "default"
    about: dict[str, Any] = {"source": row.source, "strength": strength, "stated": leaf is not None}
    if leaf is None:
        leaf = split_leaf(row.default, 0, row.unit in LISTS)
    else:
        source = stated.sources.get(leaf.source, {})
        about["source"] = leaf.source
        about["strength"] = leaf.strength or source.get("strength") or "guess"
    pilot, production = (_context(contexts, row, workflow, side) for side in ("pilot", "production"))
    text = leaf.shared
    if text is None:
        if not row.condition:
            stated.wrong(
                leaf.line, path, "has a bar, but is the same in pilot and production", "one value for both"
            )
            return {"value": None, **about}
        first, second = leaf.pilot or "", leaf.production or ""
        left = _read(stated, leaf.line, path, lambda: parse_value(first, row, pilot))
        right = _read(stated, leaf.line, path, lambda: parse_value(second, row, production, True))
        if isinstance(right, dict) and "times" in right and left is None:
            stated.wrong(
                leaf.line, path, "multiplies a pilot side that is `none`", "a pilot side with a value"
            )
        return {"pilot": left, "production": right, **about}
    if row.path == "money.discount":
        text = _BASIS.sub("", text)
    value = _read(stated, leaf.line, path, lambda: parse_value(text, row, production))
    if pilot != production:
        other = _read(stated, leaf.line, path, lambda: parse_value(text, row, pilot))
        if other != value and isinstance(value, float) and isinstance(other, float):
            return {"pilot": other, "production": value, **about}
        if other != value:
            stated.wrong(
                leaf.line,
                path,
                "depends on hours or fields that differ between pilot and production",
                "a bar, with a value on each side",
            )
    return {"value": value, **about}


def _check_discount(stated: Stated) -> None:
    leaf = stated.leaves.get("money.discount")
    match = _BASIS.search(leaf.shared or "") if leaf else None
    prices = stated.leaves.get("money.prices")
    basis = (prices.shared if prices else None) or BY_PATH["money.prices"].default
    if leaf and match and match[1] != basis:
        stated.wrong(
            leaf.line,
            "money.discount",
            f"is {match[1]} while money.prices is {basis}",
            "rate and prices both real or both nominal",
        )


def _check_sources(stated: Stated) -> None:
    for path, leaf in stated.leaves.items():
        if leaf.source and leaf.source not in stated.sources:
            stated.wrong(
                leaf.line,
                path,
                f"{show(leaf.source)} is not among the sources",
                f"{nearest(leaf.source, stated.sources)}a name stated under sources:",
            )


def _changes(stated: Stated, name: str, contexts: Contexts) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for text, (line, change) in stated.changes.get(name, {}).items():
        where = f"investments.{name}.change.{text}"

        def read(text: str = text, change: str = change) -> tuple[str, Any]:
            key = find(text, stated.names)
            if key.side:
                raise Wrong("names a side", "the path alone: an investment changes production")
            if key.path.split(".")[0] in UNCHANGEABLE:
                raise Wrong(f"{show(key.path)} cannot be bought", f"any group but {', '.join(UNCHANGEABLE)}")
            parts = key.path.split(".")
            workflow = parts[1] if parts[0] == "workflows" else ""
            return key.path, parse_change(
                change, key.row, _context(contexts, key.row, workflow, "production")
            )

        found = _read(stated, line, where, read)
        if found:
            out[found[0]] = found[1]
    return out


def _check_names(stated: Stated, parameters: dict[str, Any]) -> None:
    """Check that every name refers to something: base, carries, requires, excludes, portfolios."""
    investments = stated.names["investments"]
    known = {"base.pilot": stated.names["pilots"], "base.portfolio": list(stated.portfolios)}
    for path, leaf in stated.leaves.items():
        value = parameters.get(path, {}).get("value")
        last = path.split(".")[-1]
        if path in known and value is not None and value not in known[path]:
            _not_among(stated, leaf.line, path, value, known[path])
        if path.split(".")[0] in NAMED and last in ("carries", "requires", "excludes"):
            for word in value or []:
                if word not in investments:
                    _not_among(stated, leaf.line, path, word, investments)
    for name, (line, members) in stated.portfolios.items():
        for word in members:
            if word not in investments:
                _not_among(stated, line, f"portfolios.{name}", word, investments)
            elif members.count(word) > 1:
                stated.wrong(line, f"portfolios.{name}", f"{show(word)} is bought twice", "each once")


def _classes(
    stated: Stated, parameters: dict[str, Any], folder: Path | None
) -> tuple[dict[str, Any], list[InputError]]:
    """Return the reference classes that are files, by name, and what is wrong inside of these."""
    line = stated.leaves[CLASS].line if CLASS in stated.leaves else 0
    found, inside = {}, []
    for name in parameters[CLASS]["value"] or ():
        try:
            _read(stated, line, CLASS, check_name, name)
            if is_own(name):
                found[name] = _read(stated, line, CLASS, read_class, name, folder)
        except InputError as error:
            inside.append(error)
    return found, inside


def _check_uplifts(stated: Stated, resolved: dict[str, Any]) -> None:
    """Refuse uplifts that count overruns twice, and those that multiply nothing."""
    for key, what, allowed in double_counting(resolved):
        if key in stated.leaves:
            line = stated.leaves[key].line
        else:
            name, _, path = key.removeprefix("investments.").partition(".change.")
            line = next((line for text, (line, _) in stated.changes.get(name, {}).items() if text == path), 1)
        stated.wrong(line, key, what, allowed)


def _not_among(stated: Stated, line: int, key: str, word: str, known: list[str]) -> None:
    stated.wrong(
        line,
        key,
        f"{show(word)} is not stated in this file",
        f"{nearest(word, known)}one of: {', '.join(known) or 'none'}",
    )


def _check_portfolios(stated: Stated, parameters: dict[str, Any], investments: dict[str, Any]) -> None:
    """Check that what is bought together may be, and that no two of it set the same parameter."""
    for name, (line, members) in stated.portfolios.items():
        for what, allowed in conflicts(parameters, investments, members):
            stated.wrong(line, f"portfolios.{name}", what, allowed)
    for pilot in stated.names["pilots"]:
        path = f"pilots.{pilot}.carries"
        line = stated.leaves[path].line if path in stated.leaves else 1
        for what, allowed in conflicts(parameters, investments, parameters[path].get("value") or []):
            stated.wrong(line, path, what, allowed)
