"""Values that are not quantities: words, lists, dates, calendars and comparisons."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from simgap.scenario.hours import read_calendar
from simgap.scenario.table import Row
from simgap.scenario.units import UNITS, Context, Wrong, convert, quantity, show

Value = Any  # float | str | list | dict | None: what JSON can hold

MAX_ITEMS = 1000
MONTHS = 12
LARGEST_WEIGHT = 1_000_000
LAST_MONTH = 240
LARGEST_COUNT = 100_000
_PLAIN = Context()
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")
_COMPARISON = re.compile(r"([a-z]+)\s*([<>=]+)\s*(.+)", re.DOTALL)


def parse_comparison(text: str) -> dict[str, Value]:
    """Read a criterion.

    Parameters
    ----------
    text : str
        ``npv > 0`` or ``realised >= 80 % of projected``.

    Returns
    -------
    dict
        ``{"outcome", "relation", "value", "of"}``; ``of`` is "projected" or None.

    Raises
    ------
    Wrong
        If it is not a comparison.

    Examples
    --------
    >>> parse_comparison("realised >= 80 % of projected")
    {'outcome': 'realised', 'relation': '>=', 'value': 0.8, 'of': 'projected'}
    """
    allowed = UNITS["comparison"].words
    match = _COMPARISON.fullmatch(" ".join(text.split()))
    if match is None or match[1] not in ("npv", "realised") or match[2] not in (">", ">="):
        raise Wrong(f"{show(text)} is not a comparison that can be judged", allowed)
    share = match[3].removesuffix("of projected")
    if share == match[3]:
        value = convert(*quantity(share, UNITS["money"]), "money", _PLAIN)
        return {"outcome": match[1], "relation": match[2], "value": value + 0.0, "of": None}
    if match[1] != "realised":
        raise Wrong(f"{show(text)} compares npv with projected", allowed)
    value = convert(*quantity(share, UNITS["factor"]), "factor", _PLAIN)
    return {"outcome": match[1], "relation": match[2], "value": value + 0.0, "of": "projected"}


def say_comparison(criterion: dict[str, Value]) -> str:
    """Return a criterion as text; the inverse of `parse_comparison`.

    Examples
    --------
    >>> say_comparison(parse_comparison("npv > 1.2k"))
    'npv > 1200'
    """
    value, of = criterion["value"], criterion["of"]
    number = f"{100 * value:.12g} % of {of}" if of else f"{value:.12g}"
    return f"{criterion['outcome']} {criterion['relation']} {number}"


def _listed(text: str) -> list[str]:
    inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    items = [" ".join(item.split()) for item in inside.split(",")]
    return [] if items == [""] else items


def _read_word(text: str, row: Row) -> str | None:
    word = " ".join(text.split())
    if row.words and word not in row.words:
        raise Wrong(f"{show(text)} is not a word allowed here", "one of " + ", ".join(row.words))
    if word == "none":
        return None
    if len(word) > 80 or not word.isprintable():
        raise Wrong(f"{show(text)} is not a word", "up to 80 printable characters")
    return word


def _read_words(text: str, row: Row) -> list[str] | None:
    if text == "none":
        return [] if math.isfinite(row.none) else None
    allowed = "a list of " + ", ".join(row.words) if row.words else UNITS["words"].words
    words = _listed(text)
    if len(words) > MAX_ITEMS:
        raise Wrong(f"{show(text)} has more than {MAX_ITEMS} items", allowed)
    for word in words:
        if not word or (row.words and word not in row.words):
            raise Wrong(f"{show(word)} is not allowed in this list", allowed)
        if words.count(word) > 1:
            raise Wrong(f"{show(word)} is in the list twice", allowed)
    return words


def _read_shares(text: str, row: Row) -> list[float]:
    allowed = UNITS["shares"].words
    if text == "none":
        return []
    shares = [convert(*quantity(part, UNITS["share"]), "share", _PLAIN) for part in _listed(text)]
    if any(not row.low < share < row.high for share in shares):
        raise Wrong(f"{show(text)} has a share outside 0 % to 100 %", allowed)
    if any(low >= high for low, high in pairwise(shares)):
        raise Wrong(f"{show(text)} does not rise", allowed)
    return shares


def _read_weights(text: str, row: Row) -> list[float]:
    allowed = UNITS["weights"].words
    if text == "none":
        return []
    weights = [convert(*quantity(part, UNITS["number"]), "number", _PLAIN) for part in _listed(text)]
    if len(weights) != MONTHS:
        raise Wrong(f"{show(text)} has {len(weights)} weights", allowed)
    if not all(0.0 <= weight <= LARGEST_WEIGHT for weight in weights):
        raise Wrong(f"{show(text)} has a weight outside 0 to {LARGEST_WEIGHT:,}", allowed)
    if not any(weights):
        raise Wrong(f"{show(text)} has no weight over 0", allowed)
    return weights


def _read_plan(text: str, row: Row) -> list[list[int]]:
    allowed = UNITS["plan"].words
    plan: list[list[int]] = []
    for part in [] if text == "none" else _listed(text):
        number, found, month = part.partition(" from ")
        if not found:
            raise Wrong(f"{show(part)} has no `from`", allowed)
        step = []
        for words, unit, high in ((month, "month", LAST_MONTH), (number, "count", LARGEST_COUNT)):
            value = convert(*quantity(words, UNITS[unit]), unit, _PLAIN)
            if value != math.floor(value) or not 0 <= value <= high:
                raise Wrong(f"{show(words)} is not a whole number from 0 to {high}", allowed)
            step.append(int(value))
        plan.append(step)
    if any(early >= late for (early, _), (late, _) in pairwise(plan)):
        raise Wrong(f"{show(text)} does not rise from month to month", allowed)
    return plan


def _read_dates(text: str, row: Row) -> list[str]:
    allowed = UNITS["dates"].words
    days = [] if text == "none" else _listed(text)
    if len(days) > MAX_ITEMS:
        raise Wrong(f"{show(text)} has more than {MAX_ITEMS} days", allowed)
    for day in days:
        if len(day) != len("2026-12-25"):
            raise Wrong(f"{show(day)} is not a day", allowed)
        _read_date(day, row)
    if any(early >= late for early, late in pairwise(days)):
        raise Wrong(f"{show(text)} does not rise from day to day", allowed)
    return days


def _read_date(text: str, row: Row) -> str:
    match = _DATE.fullmatch(text)
    try:
        if match is None or not 1900 <= int(match[1]) <= 2200:
            raise ValueError
        datetime.date(int(match[1]), int(match[2]), int(match[3] or 1))
    except ValueError:
        raise Wrong(f"{show(text)} is not a date", UNITS[row.unit].words) from None
    return text


# How to read each unit that is no quantity.
READERS: dict[str, Callable[[str, Row], Value]] = {
    "word": _read_word,
    "words": _read_words,
    "shares": _read_shares,
    "weights": _read_weights,
    "plan": _read_plan,
    "dates": _read_dates,
    "date": _read_date,
    "calendar": lambda text, row: read_calendar(text, weighted=row.path.endswith(".profile")),
    "comparison": lambda text, row: say_comparison(parse_comparison(text)),
}
