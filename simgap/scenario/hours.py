"""The calendar of a week: `always`, or spans such as `Mon-Fri 09:00-17:00 and Sat 09:00-13:00 x 0.5`."""

from __future__ import annotations

import re
from itertools import pairwise

from simgap.scenario.units import UNITS, Wrong, show

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 168
_SPAN = re.compile(
    r"([a-z, -]+?) ([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})(?: x ([0-9]{1,9}(?:\.[0-9]{1,9})?))?"
)


def read_calendar(text: str, weighted: bool = False) -> list[list[float]]:
    """Read a calendar.

    Parameters
    ----------
    text : str
        The calendar as typed.
    weighted : bool
        Whether spans may carry a weight, ` x 0.5`.

    Returns
    -------
    list of list of float
        Sorted ``[start, end, weight]``, start and end in hours from Monday 00:00, at most 168; spans that
        touch with equal weight are one.

    Raises
    ------
    Wrong
        If the text is not a calendar, spans overlap, or no hour is staffed.

    Examples
    --------
    >>> read_calendar("Sat 09:00-13:30")
    [[129.0, 133.5, 1.0]]
    """
    allowed = UNITS["calendar"].words
    plain = " ".join(text.lower().split())
    if plain in ("", "none"):
        raise Wrong("a team with no staffed hours", allowed)
    if plain == "always":
        return [[0.0, float(WEEK), 1.0]]
    spans: list[tuple[int, int, float]] = []
    for part in plain.split(" and "):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise Wrong(f"{show(part)} is not a span of hours", allowed)
        if match[6] and not weighted:
            raise Wrong(f"{show(part)} has a weight", "weights only in the profile of a workflow")
        start, end = (_minutes(match[i], match[i + 1], part) for i in (2, 4))
        if end <= start:
            raise Wrong(
                f"{show(part)} ends before it starts",
                "an end after the start, at most 24:00; a night is two spans",
            )
        weight = float(match[6] or 1)
        days = _days(match[1])
        spans += [(1440 * day + start, 1440 * day + end, weight) for day in days if weight > 0]
    spans.sort()
    for (_, end, _), (start, _, _) in pairwise(spans):
        if start < end:
            day = DAYS[start // 1440].capitalize()
            raise Wrong(f"spans overlap on {day}", "spans that do not overlap")
    if not spans:
        raise Wrong("a team with no staffed hours", allowed)
    merged: list[list[float]] = []
    for begin, stop, load in spans:
        if merged and merged[-1][1] == begin / 60 and merged[-1][2] == load:
            merged[-1][1] = stop / 60
        else:
            merged.append([begin / 60, stop / 60, load])
    return merged


def staffed_day(calendar: list[list[float]]) -> float:
    """Return the mean staffed hours of the weekdays that have any.

    Examples
    --------
    >>> staffed_day(read_calendar("Mon-Fri 09:00-17:00"))
    8.0
    """
    days = {int(hour) // 24 for start, end, _ in calendar for hour in range(int(start), -int(-end // 1))}
    return sum(end - start for start, end, _ in calendar) / len(days)


def _minutes(hour: str, minute: str, part: str) -> int:
    total = 60 * int(hour) + int(minute)
    if int(minute) > 59 or total > 1440:
        raise Wrong(f"{show(part)} has no such time of day", "times from 00:00 to 24:00")
    return total


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end in DAYS for end in ends):
            raise Wrong(f"{show(text)} are not days", "Mon, Tue, Wed, Thu, Fri, Sat, Sun; Mon-Fri; Mon,Wed")
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days += [(first + i) % 7 for i in range((last - first) % 7 + 1)]
    return days
