"""Dates and the hours of a team, as the rules of `model.clock` read them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from simgap.model import clock
from simgap.model.clock import DAY, HOUR, NEVER, WEEK, Calendar


def date_of(decision: str) -> datetime.date:
    """Return the day of a decision: ``2026-01-15``, or ``2026-01`` for the first of the month."""
    return datetime.date.fromisoformat(decision if len(decision) > len("2026-01") else f"{decision}-01")


def week_offset(decision: str, hours: float) -> int:
    """Return the position in the week, in microseconds from Monday 00:00, some hours after a decision."""
    return (date_of(decision).weekday() * DAY + round(hours * HOUR)) % WEEK


def days_since(decision: str, dates: Sequence[str], hours: float) -> list[int]:
    """Return the first instants of some dates, in microseconds since some hours after a decision."""
    first = date_of(decision)
    return [(datetime.date.fromisoformat(d) - first).days * DAY - round(hours * HOUR) for d in dates]


def calendar_of(spans: Sequence[Sequence[float]], offset: int, closures: Sequence[int] = ()) -> Calendar:
    """Return the calendar of a team.

    Parameters
    ----------
    spans : sequence of (start hour, end hour, weight)
        The week.
    offset : int
        Position in the week at time 0.
    closures : sequence of int
        First instants of the days, in order, on which nobody is staffed; days before time 0 are dropped.
    """
    return _calendar_of(tuple((start, end) for start, end, _ in spans), offset, tuple(closures))


@lru_cache(16)  # mostly the same in every draw
def _calendar_of(spans: tuple[tuple[float, float], ...], offset: int, closures: tuple[int, ...]) -> Calendar:
    week, total = [], 0
    for start, end in spans:
        week.append((round(start * HOUR), round(end * HOUR), total))
        total += week[-1][1] - week[-1][0]
    week.append((WEEK, WEEK, total))
    plain = Calendar(np.array(week, np.int64), np.array([[NEVER, NEVER, NEVER, 0]], np.int64), offset)
    closed, taken = [], 0
    for day in closures:
        start, end = max(0, day), day + DAY
        if end <= 0:
            continue
        begun = clock.staffed_time(start, plain)
        closed.append((start, end, begun - taken, taken))
        taken += clock.staffed_time(end, plain) - begun
    closed.append((NEVER, NEVER, NEVER, taken))
    return plain._replace(closed=np.array(closed, np.int64))
