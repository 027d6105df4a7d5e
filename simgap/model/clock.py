"""Time: integer microseconds since go-live, and the staffed time of a weekly calendar.

A calendar is three arrays over its spans, in order from Monday 00:00: `starts` and `ends` in microseconds
of the week, and `before`, the staffed microseconds of the week before each span, with the week's total as
its last element. `offset` is the position in the week at time 0.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model.types import Ints

SECOND = 1_000_000
HOUR = 3600 * SECOND
WEEK = 168 * HOUR
MONTH = 730 * HOUR
NEVER = 2**62


@rule
def _staffed_since_monday(clock: int, starts: Ints, ends: Ints, before: Ints) -> int:
    """Staffed microseconds from a Monday 00:00 long ago until `clock`, its position counted from there."""
    week = clock // WEEK
    inside = clock - week * WEEK
    total = week * before[-1]
    for i in range(len(starts)):
        if inside < ends[i]:
            return total + before[i] + max(0, inside - starts[i])
    return total + before[-1]


@rule
def staffed_time(t: int, starts: Ints, ends: Ints, before: Ints, offset: int) -> int:
    """B(t): staffed microseconds in [0, t)."""
    return _staffed_since_monday(t + offset, starts, ends, before) - _staffed_since_monday(
        offset, starts, ends, before
    )


@rule
def instant_of(b: int, starts: Ints, ends: Ints, before: Ints, offset: int) -> int:
    """B^-1(b): the earliest instant t >= 0 with B(t) = b."""
    target = b + _staffed_since_monday(offset, starts, ends, before)
    # The earliest instant lies in the week in which the target is reached, at its end if exactly there.
    week = (target - 1) // before[-1]
    rest = target - week * before[-1]
    for i in range(len(starts)):
        if rest <= before[i + 1]:
            return max(0, week * WEEK + starts[i] + (rest - before[i]) - offset)
    return NEVER


@rule
def is_staffed(t: int, starts: Ints, ends: Ints, offset: int) -> bool:
    """Return whether the team is staffed at t; a span holds its first instant and not its last."""
    inside = (t + offset) % WEEK
    for i in range(len(starts)):
        if inside < ends[i]:
            return inside >= starts[i]
    return False


@rule
def next_opening(t: int, starts: Ints, ends: Ints, offset: int) -> int:
    """Return the earliest staffed instant at or after t."""
    clock = t + offset
    week = clock // WEEK
    inside = clock - week * WEEK
    for i in range(len(starts)):
        if inside < ends[i]:
            return t + max(0, starts[i] - inside)
    return t + WEEK - inside + starts[0]


@rule
def reached(t: int, b: int, starts: Ints, ends: Ints, before: Ints, offset: int) -> int:
    """Return the earliest instant at or after t with B = b: when work ends, or a deadline falls due."""
    return max(t, instant_of(b, starts, ends, before, offset))
