"""The staffed time of a team for one who only moves forward: a table of its spans and the place in it.

The rules are those of `simgap.model.clock`, which tell the same for any instant, in any order, and take over
where the table ends.
"""

from __future__ import annotations

import numpy as np

from simgap.compiling import rule, small
from simgap.engines.compiled.layout import BEFORE, CLOSE, OPEN
from simgap.model import clock
from simgap.model.clock import NEVER, Calendar
from simgap.model.types import Ints

ROOM = 1024  # spans: that of a team with office hours for three years


@rule
def _list_spans(calendar: Calendar, until: int, out: Ints) -> int:
    """Write the spans that open before an instant, as far as there is room; return their number."""
    n, t, staffed = 0, 0, 0
    while True:
        t = clock.next_opening(t, calendar)
        if t >= until:
            return n
        end = clock.closes(t, calendar)
        if n < len(out):
            out[n, OPEN], out[n, CLOSE], out[n, BEFORE] = t, end, staffed
        staffed += end - t
        t = end
        n += 1


def spans_until(calendars: tuple[Calendar, Calendar], until: int) -> Ints:
    """Return the staffed spans of two teams that open before an instant.

    Returns
    -------
    Ints[2, spans + 1, 3]
        `OPEN`, `CLOSE` and `BEFORE` of each span. In the last row, and wherever a team has fewer spans than
        the other, `CLOSE` is `NEVER`.
    """
    room = ROOM
    while True:
        table = np.full((2, room, 3), NEVER, np.int64)
        most = 0
        for team, calendar in enumerate(calendars):
            n = _list_spans(calendar, until, table[team, :-1])
            if n < room:
                last = table[team, n - 1] if n else (0, 0, 0)
                table[team, n:, BEFORE] = last[BEFORE] + last[CLOSE] - last[OPEN]
            most = max(most, n)
        if most < room:
            return table[:, : most + 1]
        room = most + 1


@rule
def _staffed(instants: Ints, calendar: Calendar, out: Ints) -> None:
    for i in range(len(instants)):
        out[i] = clock.staffed_time(instants[i], calendar)


def staffed_times(instants: Ints, calendars: tuple[Calendar, Calendar]) -> Ints:
    """Return the staffed time of two teams at some instants: Ints[2, instants]."""
    out = np.empty((2, len(instants)), np.int64)
    for team, calendar in enumerate(calendars):
        _staffed(instants, calendar, out[team])
    return out


@small
def span_at(spans: Ints, team: int, span: int, now: int) -> int:
    """Return the first span of a team that is not over, looking from one that began to be so earlier."""
    while spans[team, span, CLOSE] <= now:
        span += 1
    return span


@small
def staffed_time(spans: Ints, team: int, span: int, now: int, calendar: Calendar) -> int:
    """`clock.staffed_time` of now, given the span of now."""
    if spans[team, span, CLOSE] == NEVER:
        return clock.staffed_time(now, calendar)
    return spans[team, span, BEFORE] + max(0, now - spans[team, span, OPEN])


@small
def next_opening(spans: Ints, team: int, span: int, now: int, calendar: Calendar) -> int:
    """`clock.next_opening` of now, given the span of now."""
    if spans[team, span, CLOSE] == NEVER:
        return clock.next_opening(now, calendar)
    return max(now, spans[team, span, OPEN])


@small
def reached(spans: Ints, team: int, span: int, now: int, staffed: int, more: int, calendar: Calendar) -> int:
    """`clock.reached` of more staffed time than now, given the span and the staffed time of now."""
    if more == 0:
        return now
    b = staffed + more
    while spans[team, span, CLOSE] < NEVER:
        if b <= spans[team, span + 1, BEFORE]:
            return spans[team, span, OPEN] + b - spans[team, span, BEFORE]
        span += 1
    return max(now, clock.instant_of(b, calendar))
