"""One replication over time: from the entries of its event log to arrays by day and week, and to counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simgap.model import clock, keys
from simgap.model.clock import DAY, WEEK, Calendar
from simgap.model.types import Floats, Ints
from simgap.scenario.table import TRIGGERS

if TYPE_CHECKING:
    from simgap.engines.log import Entry

LEVELS = ("autonomous", "guarded", "restricted", "suspended")
OUTCOMES = ("straight", "reviewed", "manual", "fallback", "suspended", "lost", "declined")
ESCAPED = ("straight", "missed", "overturned", "manual")
DRAIN = 0.25  # of the window: how much of what follows it a timeline shows at most


@dataclass(frozen=True)
class Timeline:
    """One replication over time, in microseconds since go-live.

    Attributes
    ----------
    go_live : int
        Microseconds from the decision to time 0.
    window : int
        End of arrivals.
    end : int
        End of what is shown: the last item has ended, or a quarter of the window has passed after it.
    waiting, specialists : Ints[days]
        Most items that wait at any moment of a day, for a reviewer and for a specialist.
    busy : Floats[weeks]
        Reviewers at work, on average over the staffed time of a week from go-live; nan in a week without.
    staff_times, staff : Ints[k]
        Reviewers on the staff from each of these instants on.
    level_times, levels : Ints[k]
        Level of autonomy, a place in `LEVELS`, from each of these instants on.
    incidents : Ints[k]
        When incidents surfaced.
    opened : array of bool
        Whether each of them opened a problem.
    outages : Ints[k, 2]
        Start and end.
    longest : tuple of int
        Most items that ever waited for a reviewer, and since when.
    """

    go_live: int
    window: int
    end: int
    waiting: Ints
    specialists: Ints
    busy: Floats
    staff_times: Ints
    staff: Ints
    level_times: Ints
    levels: Ints
    incidents: Ints
    opened: NDArray[np.bool_]
    outages: Ints
    longest: tuple[int, int]

    def level_shares(self) -> dict[str, float]:
        """Return the share of the window that was spent at each level."""
        times = np.append(np.minimum(self.level_times, self.window), self.window)
        spent = np.bincount(self.levels, np.diff(times), len(LEVELS)) / self.window
        return dict(zip(LEVELS, spent.tolist(), strict=True))


def timeline(
    entries: Sequence[Entry], go_live: int, window: int, reviewers: int, calendar: Calendar
) -> Timeline:
    """Return what happened over time.

    Parameters
    ----------
    entries : sequence of Entry
        The whole log of a replication, in order of time.
    go_live, window : int
        As in `Timeline`.
    reviewers : int
        On the staff at go-live.
    calendar : Calendar
        Their staffed hours.
    """
    last = max((e.time for e in entries if e.activity == "end"), default=0)
    end = max(window, min(last, round(window * (1.0 + DRAIN))))
    days, weeks = -(-end // DAY), -(-end // WEEK)

    queue = _steps(entries, "review", {"schedule": 1, "start": -1, "withdraw": -1})
    instants, waiting = _levels(*queue)
    longest = int(np.argmax(waiting))
    specialists = _levels(*_steps(entries, "specialist", {"schedule": 1, "start": -1, "withdraw": -1}))

    began, change = _steps(entries, "review", {"start": 1, "complete": -1})
    staffed = np.array([clock.staffed_time(int(t), calendar) for t in began], np.float64)
    edges = np.minimum(np.arange(weeks + 1) * WEEK, end)
    open_time = np.array([clock.staffed_time(int(t), calendar) for t in edges], np.float64)
    # Work up to an edge: each review since its start, less each since its end, in staffed time.
    before = np.searchsorted(began, edges)
    at_work = np.append(0, np.cumsum(change))[before]
    work = at_work * open_time - np.append(0.0, np.cumsum(change * staffed))[before]
    hours = np.diff(open_time)
    busy = np.divide(np.diff(work), hours, out=np.full(weeks, np.nan), where=hours > 0.0)

    plan = [(0, reviewers), *((e.time, e.detail["reviewers"]) for e in entries if "reviewers" in e.detail)]
    changes = [(e.time, LEVELS.index(e.detail["level"])) for e in entries if e.activity == "autonomy level"]
    staff, levels = np.array(plan, np.int64), np.array([(0, 0), *changes], np.int64)
    surfaced = [e for e in entries if e.activity == "incident"]
    return Timeline(
        go_live=go_live,
        window=window,
        end=end,
        waiting=_daily_maximum(instants, waiting, days),
        specialists=_daily_maximum(*specialists, days),
        busy=busy,
        staff_times=staff[:, 0],
        staff=staff[:, 1],
        level_times=levels[:, 0],
        levels=levels[:, 1],
        incidents=np.array([e.time for e in surfaced], np.int64),
        opened=np.array([bool(e.detail["failed"]) for e in surfaced], np.bool_),
        outages=_outages(entries, end),
        longest=(int(waiting[longest]), int(instants[longest])),
    )


def _steps(entries: Sequence[Entry], activity: str, changes: Mapping[str, int]) -> tuple[Ints, Ints]:
    """Return when transitions of an activity change a number, and by how much."""
    found = [
        (e.time, changes[e.transition]) for e in entries if e.activity == activity and e.transition in changes
    ]
    table = np.array(found, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _levels(times: Ints, changes: Ints) -> tuple[Ints, Ints]:
    """Return the instants of changes, and 0, and the number after all that happens at each."""
    instants, places = np.unique(np.append(0, times), return_inverse=True)
    return instants, np.cumsum(np.bincount(places, np.append(0, changes))).astype(np.int64)


def _daily_maximum(instants: Ints, level: Ints, days: int) -> Ints:
    """Return the largest number in each day, that at its beginning included."""
    shown = instants < days * DAY
    largest = level[np.searchsorted(instants, np.arange(days) * DAY, "right") - 1]
    np.maximum.at(largest, instants[shown] // DAY, level[shown])
    return largest


def _outages(entries: Sequence[Entry], end: int) -> Ints:
    """Return starts and ends of outages; one whose end is not logged lasts until the end of what is shown."""
    times = {(e.transition, e.entity): e.time for e in entries if e.activity == "outage"}
    found = [
        (t, times.get(("complete", n), max(t, end))) for (what, n), t in times.items() if what == "start"
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def of_arrivals(entries: Sequence[Entry], first: int, last: int) -> list[Entry]:
    """Return the entries of items and duplicates that arrive in [first, last), and all of no item.

    Parameters
    ----------
    entries : sequence of Entry
        A log.
    first, last : int
        Microseconds since go-live.
    """
    arrived = {(e.kind, e.entity) for e in entries if e.activity == "arrival" and first <= e.time < last}
    items = (keys.ITEM, keys.DUPLICATE)
    return [e for e in entries if e.kind not in items or (e.kind, e.entity) in arrived]


def counts(entries: Iterable[Entry]) -> dict[str, Any]:
    """Return how often things happened.

    Parameters
    ----------
    entries : iterable of Entry
        A log.

    Returns
    -------
    dict
        ``events``; ``items`` and ``duplicates`` that arrived; ``activities``: events by activity and
        transition; ``outcomes`` and ``escaped`` of items; ``reasons`` of reviews, of items and
        duplicates; ``outages``.
    """
    arrived, activities, outcomes, escaped, reasons = (Counter[Any]() for _ in range(5))
    for e in entries:
        activities[e.activity, e.transition] += 1
        if e.activity == "arrival":
            arrived[e.kind] += 1
        elif e.activity == "end" and e.kind == keys.ITEM:
            outcomes[e.detail["outcome"]] += 1
            escaped[e.detail["escaped"]] += 1
        elif e.activity == "review" and e.transition == "schedule":
            reasons.update(e.detail["reasons"])
    return {
        "events": activities.total(),
        "items": arrived[keys.ITEM],
        "duplicates": arrived[keys.DUPLICATE],
        "activities": {f"{what} {how}": n for (what, how), n in sorted(activities.items())},
        "outcomes": {word: outcomes[word] for word in OUTCOMES},
        "escaped": {word: escaped[word] for word in ESCAPED},
        "reasons": {word: reasons[word] for word in TRIGGERS},
        "outages": activities["outage", "start"],
    }
