"""Text to a tree of nodes with line numbers; every scalar stays the text that was typed.

Only events of the YAML parser are used, so nothing is expanded, constructed or given a type: anchors are
refused before an alias could multiply them, and `+2`, `off` and `1e3` stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from simgap.errors import InputError, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 10
MAX_NODES = 20_000


@dataclass
class Scalar:
    """A text and its line."""

    text: str
    line: int


@dataclass
class Listing:
    """Nodes in order, and the line of the first bracket or dash."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass
class Mapping:
    """Nodes by key in file order, with the line of each key; ``flow`` if written in braces."""

    line: int
    flow: bool = False
    items: dict[str, tuple[int, Node]] = field(default_factory=dict)


Node = Scalar | Listing | Mapping


@dataclass(frozen=True)
class Document:
    """A file that is well-formed: its name for messages, and its mapping of top-level keys."""

    file: str
    root: Mapping


def decode(data: bytes, file: str) -> str:
    """Return the bytes of a file as text.

    Parameters
    ----------
    data : bytes
        Content; at most ``MAX_BYTES``.
    file : str
        Name for messages.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is too large, binary, or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise _refused(file, 0, "is larger than 1 MB", "a scenario of at most 1 MB")
    if b"\0" in data:
        raise _refused(file, 0, "is a binary file", "a YAML text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(file, line, "is not UTF-8", "a text saved as UTF-8") from None


def parse(text: str, file: str) -> Document:
    """Parse a scenario into nodes.

    Parameters
    ----------
    text : str
        The scenario.
    file : str
        Name for messages.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        If it is not one YAML mapping of plain keys, or uses tabs, anchors, aliases, tags or directives, or
        is larger, deeper or has more nodes than a scenario can need.
    """
    if len(text) > MAX_BYTES:
        raise _refused(file, 0, "is larger than 1 MB", "a scenario of at most 1 MB")
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line[: len(line) - len(line.lstrip())] and line.strip():
            raise _refused(file, number, "is indented with a tab", "spaces")
        if line.startswith("%"):
            raise _refused(file, number, "has a YAML directive", "keys and values only")
    roots = _tree(_events(text, file), file)
    if not roots or (isinstance(roots[0], Scalar) and not roots[0].text):
        raise _refused(file, 0, "is empty", "a scenario; its first line is `simgap: 1`")
    if not isinstance(roots[0], Mapping):
        raise _refused(file, roots[0].line, "is not a mapping", "lines such as `simgap: 1`")
    return Document(file, roots[0])


def comma_hint(key: str) -> tuple[str, str] | None:
    """Explain a key that is the rest of a number or of a list of arguments, cut off at a comma in braces.

    Parameters
    ----------
    key : str
        A key without a value.

    Returns
    -------
    tuple of str and str, or None
        What is wrong and what is allowed; None where the key looks like a key.
    """
    if re.fullmatch(r"[0-9]{3}(?:[^0-9].*)?", key):
        return (
            f"`{key[:40]}` stands alone: in braces a comma ends the value, so `1,200` is not a number",
            "no thousands comma: write 1200 or 1.2k",
        )
    if key.endswith(")") or re.fullmatch(r"[0-9.]+\s*%?.*", key) or ")" in key:
        return (
            f"`{key[:40]}` stands alone: in braces a comma ends the value",
            'a distribution inside braces in quotes, such as "pert(4, 6, 10) min"',
        )
    return None


def _refused(file: str, line: int, what: str, allowed: str, key: str = "") -> InputError:
    return InputError(file, [Problem(line, key, what, allowed)])


def _events(text: str, file: str) -> Iterator[Any]:
    """Yield the parser's events; whatever it raises becomes an error with a line."""
    parser = YAML(typ="safe", pure=True).parse(text)
    while True:
        try:
            event = next(parser, None)
        # Besides its own errors the parser lets plain ones through, from bad escapes for instance.
        except Exception as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            said = str(getattr(error, "problem", None) or "cannot be read").strip()
            raise _refused(file, mark.line + 1 if mark else 0, *_explained(said)) from None
        if event is None:
            return
        yield event


def _explained(said: str) -> tuple[str, str]:
    if "got '['" in said:
        return (
            "a bracket after a value inside braces",
            "inside braces a source needs the long form, {value: 5 %, source: erp}; a list has no bar",
        )
    return (
        f"is not YAML: {said}",
        "`key: value`, indented with spaces; quotes around a text that begins with %, @, |, > or a quote",
    )


def _tree(events: Iterator[Any], file: str) -> list[Node]:
    roots: list[Node] = []
    stack: list[Node] = []
    keys: list[tuple[str, int] | None] = []  # the key that waits for its value, one for each open node
    doubles: list[Problem] = []
    count = documents = 0

    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refused(file, line, "has a second document", "one document a file")
            continue
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refused(file, line, "has an anchor or alias (& or *)", "values written out")
        if getattr(event, "tag", None) is not None:
            raise _refused(file, line, "has a tag (!)", "plain values")
        if isinstance(event, MappingEndEvent | SequenceEndEvent):
            stack.pop()
            keys.pop()
            continue
        node: Node
        if isinstance(event, ScalarEvent):
            node = Scalar(_clean(event.value, line, file), line)
        elif isinstance(event, MappingStartEvent):
            node = Mapping(line, bool(event.flow_style))
        elif isinstance(event, SequenceStartEvent):
            node = Listing(line)
        else:
            continue
        count += 1
        if count > MAX_NODES:
            raise _refused(file, line, f"has more than {MAX_NODES} nodes", "a smaller scenario")
        if not stack:
            roots.append(node)
        else:
            _attach(stack[-1], keys, node, file, doubles)
        if not isinstance(node, Scalar):
            stack.append(node)
            keys.append(None)
            if len(stack) > MAX_DEPTH:
                raise _refused(file, line, f"is nested deeper than {MAX_DEPTH}", "fewer levels")
    if doubles:
        raise InputError(file, doubles)
    return roots


def _attach(
    parent: Node, keys: list[tuple[str, int] | None], node: Node, file: str, doubles: list[Problem]
) -> None:
    """Put a node under its parent, as an item, as a key or as the value of the key that waits."""
    if isinstance(parent, Listing):
        parent.items.append(node)
        return
    assert isinstance(parent, Mapping)
    waiting = keys[-1]
    if waiting is not None:
        key, line = waiting
        keys[-1] = None
        if key in parent.items:
            hint = comma_hint(key) if parent.flow else None
            what, allowed = hint or (
                f"is stated twice, first on line {parent.items[key][0]}",
                "each key once",
            )
            doubles.append(Problem(line, key, what, allowed))
        else:
            parent.items[key] = (line, node)
    elif not isinstance(node, Scalar):
        raise _refused(file, node.line, "has a key that is not a plain word", "keys that are words")
    elif not node.text.strip():
        raise _refused(file, node.line, "has an empty key", "a word before the colon")
    else:
        keys[-1] = (node.text.strip(), node.line)


def _clean(text: str, line: int, file: str) -> str:
    """Refuse halves of surrogate pairs, which cannot be printed or hashed."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _refused(file, line, "has half a character (a lone surrogate)", "whole characters")
    return text
