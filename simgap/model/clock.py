"""Time: integer microseconds since go-live, and the staffed time of a team's calendar."""

from __future__ import annotations

from typing import NamedTuple

from simgap.compiling import rule
from simgap.model.types import Ints

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
WEEK = 168 * HOUR
MONTH = 730 * HOUR
NEVER = 2**62


class Calendar(NamedTuple):
    """The hours in which a team is staffed: a week that repeats, less some closures.

    Attributes
    ----------
    week : Ints[spans + 1, 3]
        Start and end of each span in microseconds from Monday 00:00, in order, and the staffed time of the
        week before it. The last row holds the length of the week, twice, and its staffed time.
    closed : Ints[closures + 1, 4]
        Start and end of each closure in microseconds since go-live, in order, not before 0; staffed time at
        its start; staffed time that the closures before it took away. The last row holds `NEVER` three
        times, and what all of them take away.
    offset : int
        Position in the week at time 0.
    """

    week: Ints
    closed: Ints
    offset: int


@rule
def _staffed_since_monday(clock: int, week: Ints) -> int:
    """Staffed microseconds, without closures, from a Monday 00:00 long ago; `clock` counts from there."""
    weeks = clock // WEEK
    inside = clock - weeks * WEEK
    total = weeks * week[-1, 2]
    for i in range(len(week) - 1):
        if inside < week[i, 1]:
            return total + week[i, 2] + max(0, inside - week[i, 0])
    return total + week[-1, 2]


@rule
def _before(t: int, closed: Ints, column: int) -> int:
    """Return the number of closures whose entry in a column lies below t."""
    low, high = 0, len(closed) - 1
    while low < high:
        middle = (low + high) // 2
        if closed[middle, column] < t:
            low = middle + 1
        else:
            high = middle
    return low


@rule
def staffed_time(t: int, calendar: Calendar) -> int:
    """B(t): staffed microseconds in [0, t)."""
    i = _before(t, calendar.closed, 0)
    if i > 0 and t < calendar.closed[i - 1, 1]:
        return calendar.closed[i - 1, 2]
    since = _staffed_since_monday(t + calendar.offset, calendar.week)
    return since - _staffed_since_monday(calendar.offset, calendar.week) - calendar.closed[i, 3]


@rule
def instant_of(b: int, calendar: Calendar) -> int:
    """B^-1(b): the earliest instant t >= 0 with B(t) = b."""
    week = calendar.week
    i = _before(b, calendar.closed, 2)
    target = b + calendar.closed[i, 3] + _staffed_since_monday(calendar.offset, week)
    # The earliest instant lies in the week in which the target is reached, at its end if exactly there.
    weeks = (target - 1) // week[-1, 2]
    if weeks >= NEVER // WEEK:
        return NEVER
    rest = target - weeks * week[-1, 2]
    for j in range(len(week) - 1):
        if rest <= week[j + 1, 2]:
            return max(0, weeks * WEEK + week[j, 0] + (rest - week[j, 2]) - calendar.offset)
    return NEVER


@rule
def _opens(t: int, calendar: Calendar) -> int:
    """Return the earliest instant at or after t that lies in a span of the week."""
    clock = t + calendar.offset
    inside = clock % WEEK
    for i in range(len(calendar.week) - 1):
        if inside < calendar.week[i, 1]:
            return t + max(0, calendar.week[i, 0] - inside)
    return t + WEEK - inside + calendar.week[0, 0]


@rule
def next_opening(t: int, calendar: Calendar) -> int:
    """Return the earliest staffed instant at or after t; spans and closures hold their first instant only."""
    while True:
        t = _opens(t, calendar)
        i = _before(t + 1, calendar.closed, 0)
        if i == 0 or t >= calendar.closed[i - 1, 1]:
            return t
        t = calendar.closed[i - 1, 1]


@rule
def closes(t: int, calendar: Calendar) -> int:
    """Return the end of the staffed span that holds t, which is staffed; the week's end ends a span."""
    inside = (t + calendar.offset) % WEEK
    end = NEVER
    for i in range(len(calendar.week) - 1):
        if inside < calendar.week[i, 1]:
            end = t + calendar.week[i, 1] - inside
            break
    return min(end, calendar.closed[_before(t + 1, calendar.closed, 0), 0])


@rule
def is_staffed(t: int, calendar: Calendar) -> bool:
    """Return whether the team is staffed at t."""
    return next_opening(t, calendar) == t


@rule
def reached(t: int, b: int, calendar: Calendar) -> int:
    """Return the earliest instant at or after t with B = b: when work ends, or a deadline falls due."""
    return max(t, instant_of(b, calendar))
