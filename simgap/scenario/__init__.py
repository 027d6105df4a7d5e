"""The scenario file as data: read, validate, resolve; the only place where defaults live.

`read` takes what a user types, a path, `-` or the name of a scenario that ships, and returns the resolved
form, plain data that everything above this layer works from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simgap.errors import InputError, Problem
from simgap.scenario.document import parse
from simgap.scenario.keys import set_leaf
from simgap.scenario.load import read_source, shipped
from simgap.scenario.portfolios import input_name
from simgap.scenario.resolve import DEFAULT_PILOT, resolve
from simgap.scenario.resolved import as_json, canonical, digest, load_resolved
from simgap.scenario.validate import Stated, validate
from simgap.scenario.values import refusals

__all__ = [
    "canonical",
    "digest",
    "load_resolved",
    "read",
    "read_source",
    "read_text",
    "refuse",
    "shipped",
    "written",
    "wrong",
]


def read(argument: str, sets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the resolved form of a scenario.

    Parameters
    ----------
    argument : str
        A path, ``-`` for standard input, or the name of a scenario that ships. The file may also be a
        resolved form, or a ``result.json`` that holds one.
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves of the file.

    Returns
    -------
    dict
        The resolved form, see `simgap.scenario.resolve.resolve`.

    Raises
    ------
    InputError
        If the scenario cannot be read, or anything in it is wrong.
    """
    return read_text(*read_source(argument), sets=sets)


def read_text(text: str, file: str = "<text>", sets: Sequence[str] = ()) -> dict[str, Any]:
    """Return the resolved form of a scenario given as text.

    Parameters
    ----------
    text : str
        A scenario, or a resolved form as JSON.
    file : str
        Name for messages.
    sets : sequence of str
        ``KEY=VALUE`` texts that replace leaves of the file.

    Returns
    -------
    dict
        The resolved form.

    Raises
    ------
    InputError
        If anything in the text or in ``sets`` is wrong.
    """
    if as_json(text) is None:
        return resolve(parse(text, file), sets)
    if sets:
        raise InputError(
            "--set", [Problem(0, "", "cannot change a resolved form", "--set with the scenario file itself")]
        )
    return load_resolved(text, file)


def _lines(stated: Stated) -> dict[str, int]:
    """Return the line of each leaf, name and change of a file, by key path."""
    changes = {
        input_name(name, path): line
        for name, about in stated.changes.items()
        for path, (line, _) in about.items()
    }
    return {path: leaf.line for path, leaf in stated.leaves.items()} | stated.lines | changes


def written(text: str, file: str, sets: Sequence[str] = ()) -> dict[str, str]:
    """Return the text of each leaf that a valid scenario states, and of each change.

    Parameters
    ----------
    text, file : str
        What it was read from.
    sets : sequence of str
        ``KEY=VALUE`` texts that replaced leaves of the file.

    Returns
    -------
    dict of str to str
        By key path and by name of the input; empty for a resolved form, which holds no texts.
    """
    if as_json(text) is not None:
        return {}
    stated = validate(parse(text, file))
    if not stated.names["pilots"]:
        stated.names["pilots"] = [DEFAULT_PILOT]
    for one in sets:
        if one.partition("=")[0].strip() != "success":
            set_leaf(stated.leaves, stated.names, one)
    leaves = {
        path: leaf.shared or f"{leaf.pilot} | {leaf.production}" for path, leaf in stated.leaves.items()
    }
    changes = {
        input_name(name, path): change
        for name, about in stated.changes.items()
        for path, (_, change) in about.items()
    }
    return leaves | changes


def refuse(resolved: dict[str, Any], text: str, file: str, sets: Sequence[str] = ()) -> None:
    """Refuse by name whatever is valid and cannot be simulated in this version.

    Parameters
    ----------
    resolved : dict
        The resolved form.
    text, file : str
        What it was read from, for the lines of the message.
    sets : sequence of str
        ``KEY=VALUE`` texts that replaced leaves of the file.

    Raises
    ------
    InputError
        With one problem a parameter; those that the file causes before those that ``sets`` cause.
    """
    found = refusals(resolved)
    if found:
        raise wrong(found, text, file, sets)


def wrong(
    found: Sequence[tuple[str, str, str]], text: str, file: str, sets: Sequence[str] = ()
) -> InputError:
    """Return the error of what is wrong with the values of a valid file.

    Parameters
    ----------
    found : sequence of (key, what, what is allowed)
        At least one.
    text, file : str
        What the scenario was read from, for the lines of the message.
    sets : sequence of str
        ``KEY=VALUE`` texts that replaced leaves of the file. What they cause is said only where the file
        causes nothing.
    """
    stated = validate(parse(text, file)) if text and as_json(text) is None else None
    lines = _lines(stated) if stated else {}
    changed = {one.partition("=")[0].partition("@")[0].strip() for one in sets}
    own = [Problem(lines.get(key, 0), key, *rest) for key, *rest in found if key not in changed]
    if own:
        return InputError(file, own)
    return InputError("--set", [Problem(0, key, *rest) for key, *rest in found])
