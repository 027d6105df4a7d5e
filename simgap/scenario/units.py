"""Units as words: which phrases a number may carry, and what they are in the normalised unit.

Numbers are read as exact fractions and rounded to binary once, after the unit, so that `15 %` is the same
double as `0.15`, and `1.2k` the same as `1200`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from simgap.errors import SimgapError


class Wrong(SimgapError):
    """A text that the leaf grammar does not allow; becomes a ``Problem`` once line and key are known.

    Parameters
    ----------
    what : str
        What is wrong.
    allowed : str
        What is allowed.
    """

    def __init__(self, what: str, allowed: str):
        self.what = what
        self.allowed = allowed
        super().__init__(f"{what}; {allowed}")


@dataclass(frozen=True)
class Context:
    """What a conversion needs to know of other leaves.

    Attributes
    ----------
    day : float
        Mean staffed hours of a weekday on which the team is staffed.
    fields : float
        Fields of an item.
    folder : Path or None
        Where the files lie that a leaf may name; None where the scenario is no file.
    """

    day: float = 8.0
    fields: float = 1.0
    folder: Path | None = None


@dataclass(frozen=True)
class Unit:
    """What may follow, or precede, a number.

    Attributes
    ----------
    words : str
        What is allowed, for error messages.
    phrases : mapping of str to Fraction
        Accepted phrases and their factors to the normalised unit; the empty phrase is a bare number.
    normal : str
        The normalised unit in words, for bounds in messages.
    prefix : str
        A word that stands before the number instead of a phrase after it.
    """

    words: str
    phrases: Mapping[str, Fraction] = field(default_factory=dict)
    normal: str = ""
    prefix: str = ""


def _phrases(**factors: Fraction | int) -> dict[str, Fraction]:
    """Factors by phrase; a name with a trailing underscore also stands for its plural."""
    out = {}
    for name, factor in factors.items():
        word = name.rstrip("_").replace("_", " ")
        out[word] = Fraction(factor)
        if name.endswith("_"):
            out[word + "s"] = Fraction(factor)
    return out


PERCENT = Fraction(1, 100)
BARE = {"": Fraction(1)}
CLOCK = _phrases(
    min=Fraction(1, 60),
    minute_=Fraction(1, 60),
    h=1,
    hour_=1,
)
# A model month is 730 h and a year 8760 h, so twelve months are a year.
UNITS: dict[str, Unit] = {
    "share": Unit(
        "a percentage such as 15 %, or a fraction such as 0.15",
        {**BARE, "%": PERCENT, "% of cells": PERCENT, "of cells": Fraction(1)},
    ),
    "number": Unit("a number such as 1.3", BARE),
    "factor": Unit("a factor such as 0.8 or 80 %", {**BARE, "%": PERCENT}),
    "count": Unit("a whole number such as 3", BARE),
    "duration": Unit(
        "a time with its unit, such as 4 min, 3 h or 6 weeks",
        {
            **_phrases(us=Fraction(1, 3_600_000_000), ms=Fraction(1, 3_600_000)),
            **_phrases(s=Fraction(1, 3600), second_=Fraction(1, 3600)),
            **CLOCK,
            **_phrases(day_=24, week_=168, month_=730, year_=8760),
        },
        "h",
    ),
    "staffed": Unit(
        "staffed time, such as 4 h, 90 min or 2 working days",
        # The length of a working day comes from the team's calendar.
        {**CLOCK, **_phrases(working_day_=1)},
        "h",
    ),
    "money": Unit("a sum such as 1200 or 1.2k, without its currency", {**BARE, "once": Fraction(1)}),
    "money_item": Unit("a sum such as 9.40 or 9.40 per item", {**BARE, **_phrases(per_item=1)}),
    "money_hour": Unit("a sum per hour, such as 41 per hour", _phrases(per_hour=1), "per hour"),
    "money_month": Unit(
        "a sum per month or year, such as 4k per month",
        {**BARE, **_phrases(per_month=1, per_year=Fraction(1, 12))},
        "per month",
    ),
    "volume": Unit(
        "items per hour, day, week, month or year, such as 120k per year",
        _phrases(per_hour=8760, per_day=365, per_week=Fraction(8760, 168), per_month=12, per_year=1),
        "per year",
    ),
    "yearly": Unit(
        "a rate such as 8 % per year", {"% per year": PERCENT, **_phrases(per_year=1)}, "per year"
    ),
    "monthly": Unit(
        "a rate such as 2 % per month", {"% per month": PERCENT, **_phrases(per_month=1)}, "per month"
    ),
    "yearly_count": Unit(
        "a number per year or month, such as 4 per year", _phrases(per_year=1, per_month=12), "per year"
    ),
    "hourly": Unit("a number per hour, such as 400 per hour", _phrases(per_hour=1), "per hour"),
    "months": Unit("whole months or years, such as 36 months", _phrases(month_=1, year_=12), "months"),
    "month": Unit("a month counted from go-live, such as month 9", BARE, "months", prefix="month"),
    "word": Unit("one word"),
    "words": Unit("a list such as [one, two], or one word"),
    "shares": Unit("rising percentages such as [50 %, 90 %]"),
    "calendar": Unit("always, or spans such as Mon-Fri 09:00-17:00 and Sat 09:00-13:00"),
    "weights": Unit("twelve weights such as [1, 1, 1.2, 1, 1, 1, 0.8, 0.8, 1, 1, 1, 1.2], or none"),
    "plan": Unit("numbers with their months in order, such as [4 from month 3, 6 from month 9], or none"),
    "dates": Unit("days in order, such as [2026-01-01, 2026-12-25], or none"),
    "date": Unit("a month such as 2026-01, or a day such as 2026-01-15"),
    "comparison": Unit("a comparison such as npv > 0, or realised >= 80 % of projected"),
}
NUMERIC = tuple(name for name, unit in UNITS.items() if unit.phrases)
# Units whose values may stand in brackets, which then name no source.
LISTS = ("words", "shares", "weights", "plan", "dates")

_NUMBER = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s?([kM](?![A-Za-z]))?(?![0-9.,])"
)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")
_NOT_FINITE = re.compile(r"[+-]?\.?(nan|inf|infinity)\b", re.IGNORECASE)
_SUFFIX = {None: 1, "k": 1000, "M": 1_000_000}
_DIGITS = 40


def show(text: str) -> str:
    """Return the text between backticks, cut to a length that fits a message."""
    line = " ".join(text.split())
    return f"`{line if len(line) <= 60 else line[:57] + '...'}`"


def nearest(word: str, candidates: Iterable[str]) -> str:
    """Return ``did you mean ...? `` for the candidate nearest to a word, or an empty text."""
    near = difflib.get_close_matches(word[:80], list(candidates), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`? " if near else ""


def quantity(text: str, unit: Unit) -> tuple[Fraction, str]:
    """Split a text into its exact number and its phrase.

    Parameters
    ----------
    text : str
        For instance ``120k per year``.
    unit : Unit
        The unit of the row, for its prefix and its words.

    Returns
    -------
    tuple of Fraction and str
        The number with its ``k`` or ``M`` applied, and the phrase in lower case.

    Raises
    ------
    Wrong
        If the text is not a finite number with a phrase.

    Examples
    --------
    >>> quantity("1.2k per year", UNITS["volume"])
    (Fraction(1200, 1), 'per year')
    """
    text = " ".join(text.split())
    if unit.prefix:
        bare = text.lower().removeprefix(unit.prefix)
        if bare == text.lower() and text not in ("0", "0.0"):
            raise Wrong(f"{show(text)} does not begin with `{unit.prefix}`", unit.words)
        text = bare.strip()
    if _THOUSANDS.match(text):
        raise Wrong(f"{show(text)} has a thousands comma", "no thousands comma: write 1200 or 1.2k")
    if _NOT_FINITE.match(text):
        raise Wrong(f"{show(text)} is not a finite number", unit.words)
    match = _NUMBER.match(text)
    if match is None or len(match[1]) > _DIGITS:
        raise Wrong(f"{show(text)} cannot be read", unit.words)
    return Fraction(match[1]) * _SUFFIX[match[2]], text[match.end() :].strip().lower()


def convert(number: Fraction, phrase: str, name: str, context: Context) -> float:
    """Return a number in the normalised unit.

    Parameters
    ----------
    number : Fraction
        The number as written.
    phrase : str
        Its phrase in lower case; may be empty.
    name : str
        Key of ``UNITS``.
    context : Context
        Staffed hours of a working day and fields of an item.

    Returns
    -------
    float
        In the normalised unit of the row: hours, fractions, items per year and so on.

    Raises
    ------
    Wrong
        If the phrase is not of this unit, is missing, or the result is not finite.
    """
    unit = UNITS[name]
    if not phrase and number == 0:
        return 0.0
    if phrase not in unit.phrases:
        raise _unknown(phrase, name)
    try:
        value = float(number * unit.phrases[phrase])
    except OverflowError:
        raise Wrong("is too large for a number", unit.words) from None
    if phrase.startswith("working"):
        return value * context.day
    if phrase.endswith("of cells") and 0 <= value <= 1:
        # An item is hit when any of its cells is.
        return float(1 - (1 - value) ** context.fields)
    return value


def _unknown(phrase: str, name: str) -> Wrong:
    unit = UNITS[name]
    accepted = ", ".join(p for p in unit.phrases if p)
    if not phrase:
        return Wrong("has no unit", f"{unit.words}; units: {accepted}")
    if name == "staffed" and phrase.rstrip("s") in ("day", "week", "month"):
        return Wrong(
            f"{show(phrase)} leaves open whether nights and weekends count",
            "staffed time: `working days` or `h`, such as 2 working days or 16 h",
        )
    if name.startswith("money"):
        return Wrong(f"{show(phrase)} is not a unit here", f"{unit.words}; money.currency names the currency")
    return Wrong(f"{show(phrase)} is not a unit here", f"{unit.words}; units: {accepted or 'none'}")


def say(value: float, name: str) -> str:
    """Return a value in the normalised unit as a person would write it.

    Examples
    --------
    >>> say(0.15, "share"), say(3.0, "duration")
    ('15 %', '3 h')
    """
    if name in ("share", "yearly", "monthly"):
        return f"{100 * value:g} % {UNITS[name].normal}".strip()
    return f"{value:g} {UNITS[name].normal}".strip()
