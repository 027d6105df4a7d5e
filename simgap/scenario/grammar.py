"""The leaf grammar: `VALUE [| VALUE] [[source]]`, and what each VALUE may be.

A value leaves this module in the resolved form: a number in the normalised unit, a word, a list, a
dictionary that names a distribution, or None where `none` is infinite or refers to another parameter.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from simgap.scenario.empirical import read_column
from simgap.scenario.families import check_family, check_metalog, distribution, truncated
from simgap.scenario.table import INF, Row
from simgap.scenario.units import NUMERIC, UNITS, Context, Wrong, convert, quantity, say, show
from simgap.scenario.words import MAX_ITEMS, READERS, Value

NO_CONTEXT = Context()
FACTOR = Row("", "factor", "1", "Multiple of the pilot's own draw.")
_SOURCE = re.compile(r"(.*[^|\s])\s*\[([^\[\],]*)\]", re.DOTALL)
_TIMES = re.compile(r"x(?=[\s0-9.])\s*")
_CALL = re.compile(r"([A-Za-z]+)\s*\(([^()]*)\)(.*)", re.DOTALL)
_AT = re.compile(r"(.*\S)\s+at\s+(\S.*)", re.DOTALL)
# A `min` or `max` that is followed by a number; any other `min` is minutes.
_LIMIT = re.compile(r" (?=(?:max|min) [-+.0-9])")
_PLAIN = {"share": "%", "yearly": "% per year", "monthly": "% per month"}


@dataclass(frozen=True)
class Leaf:
    """The text of one leaf, split into its sides.

    Attributes
    ----------
    line : int
        Line in the file; -1 where the text comes from ``--set``, 0 for a default.
    shared, pilot, production : str or None
        Text of the value without a bar, or of its two sides.
    source, strength : str
        Name of the source and a strength that replaces the source's; empty where not stated.
    """

    line: int
    shared: str | None = None
    pilot: str | None = None
    production: str | None = None
    source: str = ""
    strength: str = ""


def split_leaf(text: str, line: int, listing: bool = False) -> Leaf:
    """Split a leaf at its bar and take off its source.

    Parameters
    ----------
    text : str
        The leaf as typed.
    line : int
        Its line.
    listing : bool
        Whether the value may be a list in brackets, which then is not a source.

    Returns
    -------
    Leaf

    Raises
    ------
    Wrong
        If it has more than one bar, or an empty side.

    Examples
    --------
    >>> split_leaf("1 % | 6 % [erp]", 7)
    Leaf(line=7, shared=None, pilot='1 %', production='6 %', source='erp', strength='')
    """
    text, source = text.strip(), ""
    match = _SOURCE.fullmatch(text)
    if match and not (listing and text.startswith("[") and "]" not in match[1]):
        text, source = match[1].strip(), match[2].strip()
        if not source:
            raise Wrong("has an empty source", "the name of a source in brackets, or none")
    sides = [side.strip() for side in text.split("|")]
    if len(sides) > 2:
        raise Wrong(f"{show(text)} has more than one bar", "pilot | production")
    if not all(sides):
        raise Wrong("has an empty side" if len(sides) == 2 else "is empty", "a value on each side of the bar")
    if any("[" in side and not (listing and side.startswith("[")) for side in sides):
        raise Wrong(f"{show(text)} has brackets inside", "one [source], at the end of the leaf")
    if len(sides) == 1:
        return Leaf(line, shared=sides[0], source=source)
    return Leaf(line, pilot=sides[0], production=sides[1], source=source)


def parse_value(text: str, row: Row, context: Context = NO_CONTEXT, relative: bool = False) -> Value:
    """Read one VALUE.

    Parameters
    ----------
    text : str
        The text of the value.
    row : Row
        The parameter, for its unit, bounds and words.
    context : Context
        What some units need to know of other leaves.
    relative : bool
        Whether ``x VALUE`` is allowed; it returns ``{"times": VALUE}``.

    Returns
    -------
    float, str, list, dict or None
        In the normalised unit; None where `none` is infinite or refers to another parameter.

    Raises
    ------
    Wrong
        If the grammar, the unit or the bounds do not allow it.

    Examples
    --------
    >>> from simgap.scenario.table import BY_PATH
    >>> parse_value("6 weeks", BY_PATH["pilots.*.lasts"])
    1008.0
    >>> parse_value("x 0.6", BY_PATH["data.missing"], relative=True)
    {'times': 0.6}
    """
    text = text.strip()
    unit = UNITS[row.unit]
    if not text:
        raise Wrong("is empty", unit.words)
    if row.unit in READERS:
        return READERS[row.unit](text, row)
    if text == "none":
        return _none(row)
    match = _TIMES.match(text)
    if match:
        if not relative or row.constant:
            raise Wrong(
                f"{show(text)} multiplies the pilot's own draw",
                "`x` only after the bar, or in the change of an investment",
            )
        return {"times": parse_value(text[match.end() :], FACTOR, context)}
    uncertain = "(" in text or "/" in text
    if uncertain and row.constant:
        raise Wrong(f"{show(text)} is a distribution", f"one value that is known: {unit.words}")
    if "(" in text:
        return _named(text, row, context)
    if "/" in text:
        return _triple(text, row, context)
    return _single(*quantity(text, unit), text, row, context)


def _single(number: Fraction, phrase: str, text: str, row: Row, context: Context) -> float:
    """Return one number that the parameter may have."""
    value = convert(number, phrase, row.unit, context) + 0.0
    _check_bounds(value, text, row)
    if row.whole and value != math.floor(value):
        raise Wrong(f"{show(text)} is not a whole number", UNITS[row.unit].words)
    return value


def parse_change(text: str, row: Row, context: Context = NO_CONTEXT) -> dict[str, Value]:
    """Read what an investment does to a parameter.

    Parameters
    ----------
    text : str
        ``+n`` or ``-n`` adds, ``x n`` scales, ``n`` or ``= n`` sets.
    row : Row
        The parameter that changes.
    context : Context
        What some units need to know of other leaves.

    Returns
    -------
    dict
        ``{"op": "set" | "add" | "scale", "value": VALUE}``

    Raises
    ------
    Wrong
        If the text is not a change that this parameter allows.

    Examples
    --------
    >>> from simgap.scenario.table import BY_PATH
    >>> parse_change("+2", BY_PATH["oversight.reviewers"])
    {'op': 'add', 'value': 2.0}
    """
    text = text.strip()
    if row.unit not in NUMERIC:
        return {"op": "set", "value": parse_value(text.removeprefix("="), row, context)}
    if text[:1] in ("+", "-"):
        free = Row(row.path, row.unit, "", row.doc, low=-INF, high=INF, constant=row.constant)
        rest = text[1:].strip()
        if rest[:1] in ("+", "-"):
            raise Wrong(f"{show(text)} has two signs", "+n adds, -n subtracts, = -n sets a negative number")
        if rest == "none":
            raise Wrong("`none` cannot be added", f"+ or - with {UNITS[row.unit].words}")
        value = parse_value(rest, free, context)
        return {"op": "add", "value": value if text[0] == "+" else _negative(value)}
    value = parse_value(text.removeprefix("="), row, context, relative=not text.startswith("="))
    if isinstance(value, dict) and "times" in value:
        return {"op": "scale", "value": value["times"]}
    return {"op": "set", "value": value}


def _none(row: Row) -> float | None:
    if not math.isfinite(row.none):
        return None
    if not row.low <= row.none <= row.high:
        raise Wrong("cannot be `none`", _range(row))
    return row.none


def _range(row: Row) -> str:
    words = UNITS[row.unit].words
    if row.largest < INF and row.low > -INF:
        return f"{words}; from {say(row.low, row.unit)} to {say(row.largest, row.unit)}"
    return f"{words}; at least {say(row.low, row.unit)}" if row.low > -INF else words


def _check_bounds(value: float, text: str, row: Row) -> None:
    if value > row.largest:
        hint = ""
        percent = _PLAIN.get(row.unit)
        if percent and "%" not in text and value <= 100 * row.largest:
            hint = f"did you mean {value:g} {percent}? "
        raise Wrong(f"{show(text)} is over {say(row.largest, row.unit)}", hint + _range(row))
    if value < row.low:
        raise Wrong(f"{show(text)} is under {say(row.low, row.unit)}", _range(row))


def _common(parts: list[tuple[Fraction, str]], trailing: str, text: str, row: Row) -> list[str]:
    """One phrase for each number: its own if all have one, else the one after the last."""
    phrases = [phrase for _, phrase in parts]
    if not any(phrases[:-1]):
        return [phrases[-1] or trailing] * len(phrases)
    if all(phrases):
        return phrases
    raise Wrong(
        f"{show(text)} has a unit for some of its numbers only",
        f"one unit after the last number, or a unit after each; {UNITS[row.unit].words}",
    )


def _triple(text: str, row: Row, context: Context) -> Value:
    unit = UNITS[row.unit]
    allowed = "three values in rising order, P10 / P50 / P90, such as 8 / 14 / 22"
    body, *limits = _LIMIT.split(" ".join(text.split()))
    parts = [quantity(part, unit) if i == 0 else _later(part, row) for i, part in enumerate(body.split("/"))]
    if len(parts) != 3:
        raise Wrong(f"{show(text)} has {len(parts)} values", allowed)
    ends, trailing = _limits(limits, text, row)
    phrases = _common(parts, trailing, text, row)
    p10, p50, p90 = (convert(n, p, row.unit, context) for (n, _), p in zip(parts, phrases, strict=True))
    for (low, low_name), (high, high_name) in (((p10, "P10"), (p50, "P50")), ((p50, "P50"), (p90, "P90"))):
        if low > high:
            raise Wrong(f"{low_name} is over {high_name} in {show(text)}", allowed)
    if p10 == p90 and not limits:
        _check_bounds(p10, text, row)
        return p10 + 0.0
    bounds = {"min": row.low, "max": row.high} | _converted(ends, phrases[-1], text, row, context)
    for low, high, name in ((bounds["min"], p10, "P10"), (p90, bounds["max"], "P90")):
        if low >= high:
            end = low if name == "P10" else high
            raise Wrong(
                f"{name} in {show(text)} must lie strictly inside {say(end, row.unit)}",
                f"{_range(row)}; or pert(a, b, c), which may touch its ends",
            )
    return check_metalog(p10, p50, p90, bounds["min"], bounds["max"], text)


def _limits(limits: list[str], text: str, row: Row) -> tuple[dict[str, tuple[Fraction, str]], str]:
    """Read what `min` and `max` say, and the unit after the first that has one."""
    ends: dict[str, tuple[Fraction, str]] = {}
    for limit in limits:
        word, number = limit.split(" ", 1)
        if word in ends:
            raise Wrong(f"{show(text)} has `{word}` twice", "at most one max and one min")
        ends[word] = _later(number, row)
    return ends, next((phrase for _, phrase in ends.values() if phrase), "")


def _converted(
    ends: dict[str, tuple[Fraction, str]], usual: str, text: str, row: Row, context: Context
) -> dict[str, float]:
    """Return limits in the normalised unit; one without a unit has the usual one."""
    found = {
        word: convert(number, phrase or usual, row.unit, context) + 0.0
        for word, (number, phrase) in ends.items()
    }
    if found.get("min", row.low) < row.low or found.get("max", row.high) > row.high:
        raise Wrong(f"{show(text)} has a limit outside what is possible", _range(row))
    return found


def _later(part: str, row: Row) -> tuple[Fraction, str]:
    """Read a number after the first, which needs no prefix."""
    unit = UNITS[row.unit]
    if unit.prefix and not part.strip().startswith(unit.prefix):
        part = f"{unit.prefix} {part}"
    return quantity(part, unit)


def _named(text: str, row: Row, context: Context) -> Value:
    unit = UNITS[row.unit]
    if unit.prefix:
        text = text.strip().removeprefix(unit.prefix).strip()
    match = _CALL.fullmatch(text)
    if match is None:
        raise Wrong(
            f"{show(text)} has a parenthesis without its partner",
            "a distribution such as pert(4, 6, 10) min; inside braces in quotes",
        )
    family, inside = match[1].lower(), match[2]
    after, *limits = _LIMIT.split(" " + " ".join(match[3].split()))
    after = after.strip().lower()
    if family in _LISTED:
        if limits:
            raise Wrong(f"{show(text)} has a limit", f"values within the limits; {family} has no min or max")
        return _LISTED[family](inside, after, text, row, context)
    names, texts = [], []
    for part in inside.split(","):
        name, equals, number = part.rpartition("=")
        names.append(name.strip() if equals else "")
        texts.append(number.strip())
    check_family(family, names, text)
    ends, trailing = _limits(limits, text, row)
    parts = []
    for name, number in zip(names, texts, strict=True):
        kind = UNITS["factor"] if name == "cv" else unit
        parts.append(quantity(number, kind) if name == "cv" else _later(number, row))
    carry = [part for part, name in zip(parts, names, strict=True) if name != "cv"]
    if after and any(phrase for _, phrase in carry):
        raise Wrong(f"{show(text)} has units inside and after", "the unit inside, or after, not both")
    each = _common(carry, after or trailing, text, row)
    phrases = iter(each)
    values = [
        convert(number, phrase, "factor", context)
        if name == "cv"
        else convert(number, next(phrases), row.unit, context)
        for (number, phrase), name in zip(parts, names, strict=True)
    ]
    if not limits:
        return distribution(family, values, row.low, row.high, row.unit, text, _range(row))
    parent = distribution(family, values, -INF, INF, row.unit, text, _range(row))
    bounds = _converted(ends, each[-1], text, row, context)
    return truncated(parent, bounds, row.low, row.high, row.unit, text, _range(row))


def _discrete(inside: str, after: str, text: str, row: Row, context: Context) -> Value:
    """Read `1 at 20 %, 2 at 80 %`."""
    allowed = "values with their probabilities, such as discrete(1 at 20 %, 2 at 50 %, 5 at 30 %)"
    pairs = [_AT.fullmatch(part.strip()) for part in inside.split(",")]
    if len(pairs) > MAX_ITEMS:
        raise Wrong(
            f"{show(text)} has {len(pairs):,} values", f"at most {MAX_ITEMS:,}; or empirical(FILE.csv)"
        )
    parts, shares = [], []
    for part, pair in zip(inside.split(","), pairs, strict=True):
        if pair is None:
            raise Wrong(f"{show(part)} in {show(text)} has no probability", allowed)
        parts.append(_later(pair[1], row))
        share, phrase = quantity(pair[2], UNITS["factor"])
        if phrase not in UNITS["factor"].phrases:
            raise Wrong(f"{show(pair[2])} is no probability", allowed)
        shares.append(share * UNITS["factor"].phrases[phrase])
        if not 0 < shares[-1] <= 1:
            hint = f"did you mean {pair[2]} %? " if not phrase and 1 < share <= 100 else ""
            raise Wrong(f"{show(pair[2])} is no probability", f"{hint}above 0 % and at most 100 %; {allowed}")
    if len(parts) < 2:
        raise Wrong(f"{show(text)} has one value", f"at least two, or the bare number; {allowed}")
    if after and any(phrase for _, phrase in parts):
        raise Wrong(f"{show(text)} has units inside and after", "the unit inside, or after, not both")
    phrases = _common(parts, after, text, row)
    values = [
        _single(number, phrase, _spelt(number, phrase), row, context)
        for (number, _), phrase in zip(parts, phrases, strict=True)
    ]
    if any(a >= b for a, b in pairwise(values)):
        raise Wrong(f"the values of {show(text)} do not rise", f"each value once, in rising order; {allowed}")
    if sum(shares) != 1:
        total = float(100 * sum(shares))
        raise Wrong(
            f"the probabilities of {show(text)} sum to {total:.6g} %", "probabilities that sum to 100 %"
        )
    return {"family": "discrete", "values": values, "probabilities": [float(share) for share in shares]}


def _empirical(inside: str, after: str, text: str, row: Row, context: Context) -> Value:
    """Read the numbers of a column of a CSV file."""
    name, _, column = (part.strip() for part in inside.partition(","))
    found = read_column(name, column, context.folder)
    values = []
    for line, number in found:
        try:
            values.append(_single(number, after, _spelt(number, after), row, context))
        except Wrong as wrong:
            # What is wrong with the unit is no fault of the line.
            where = f"{name}:{line}: " if after in UNITS[row.unit].phrases else ""
            raise Wrong(f"{where}{wrong.what}", wrong.allowed) from None
    return {"family": "empirical", "values": sorted(values)}


_LISTED = {"discrete": _discrete, "empirical": _empirical}


def _spelt(number: Fraction, phrase: str) -> str:
    """Return a number with its unit as it may have been written."""
    try:
        return f"{float(number):.12g} {phrase}".strip()
    except OverflowError:
        return ""  # `convert` says that it is too large


def _negative(value: Value) -> Value:
    """Return minus a value; the quantiles of a distribution change places."""
    if not isinstance(value, dict):
        return 0.0 - value
    family = value["family"]
    if family in ("lognormal", "beta"):
        raise Wrong(f"{family} cannot be subtracted", "a number, a triple, pert, triangular or uniform")
    mirrored = {"p10": "p90", "p90": "p10", "low": "high", "high": "low", "lower": "upper", "upper": "lower"}
    return {mirrored.get(name, name): _opposite(name, part) for name, part in value.items()}


def _opposite(name: str, part: Value) -> Value:
    """Return what a part of a distribution is in its mirror image."""
    if name in ("family", "sd") or part is None:
        return part
    if name == "of":
        return _negative(part)
    if isinstance(part, list):
        return part[::-1] if name == "probabilities" else [0.0 - number for number in reversed(part)]
    return 0.0 - part
