"""What can be taken out of a history, and what followed from it: the difference of two event logs.

Both histories have the same draws of everything, keyed by entity (common random numbers; Law 2015,
*Simulation Modeling and Analysis*, section 11.2), so they are the same up to what was taken out, and whatever
differs after it follows from it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.timeline import ESCAPED, LEVELS, OUTCOMES, Timeline, counts
from simgap.economics.cashflow import npv
from simgap.economics.ledger import LINES, ONE_OFF, Window
from simgap.model import keys
from simgap.model.clock import MONTH, NEVER, WEEK
from simgap.model.production import OF_MODEL, OF_SOURCE
from simgap.model.types import Floats

if TYPE_CHECKING:
    from simgap.engines.log import Entry

INCIDENT, OUTAGE, SCHEMA_CHANGE, RESTRICTION = KINDS = ("incident", "outage", "schema-change", "restriction")
ENTITIES = {INCIDENT: keys.INCIDENT, OUTAGE: keys.OUTAGE, SCHEMA_CHANGE: keys.SCHEMA_CHANGE}
ITEMS = (keys.ITEM, keys.DUPLICATE)


@dataclass(frozen=True)
class Event:
    """What can be taken out of a history.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    number : int
        Among those of its kind, in order of time, from 0.
    entity : int
        As in `model.keys`: of an incident that of its item; of a restriction that of the incident at which it
        begins.
    time, end : int
        Microseconds since go-live: from when to when it lasts. Of an incident the end of its problem, of a
        schema change that of its repair; `NEVER` for what is not over when the history is.
    words : tuple of str
        What an incident fails; the strictest level of a restriction.
    """

    kind: str
    number: int
    entity: int
    time: int
    end: int
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.kind}:{self.number}"


def events_of(entries: Sequence[Entry]) -> list[Event]:
    """Return what can be taken out of a history, by kind and in order of time.

    A restriction is a spell in which the organisation is not autonomous: guarded, restricted or suspended.
    One that ends at the instant at which it begins is none, and two that meet are one. The end of the AI ends
    it.

    Parameters
    ----------
    entries : sequence of Entry
        The whole log of a replication's production, in order of time.
    """
    found: dict[str, list[Event]] = {kind: [] for kind in KINDS}

    def add(kind: str, entity: int, time: int, end: int, words: tuple[str, ...] = ()) -> None:
        found[kind].append(Event(kind, len(found[kind]), entity, time, end, words))

    ends = {(e.kind, e.entity): e.time for e in entries if (e.activity, e.transition) in _ENDS}
    for place, e in enumerate(entries):
        if e.activity == "incident":
            end = ends[e.kind, e.entity] if e.detail["failed"] else e.time
            add(INCIDENT, e.entity, e.time, end, tuple(e.detail["failed"]))
        elif (e.activity, e.transition) == ("outage", "start"):
            add(OUTAGE, e.entity, e.time, ends.get((e.kind, e.entity), NEVER))
        elif e.activity == "schema change":
            add(SCHEMA_CHANGE, e.entity, e.time, _repaired(entries, place))
    for entity, time, end, level in _restrictions(entries):
        add(RESTRICTION, entity, time, end, (LEVELS[level],))
    return [event for kind in KINDS for event in found[kind]]


_ENDS = (("problem", "complete"), ("outage", "complete"))


def _repaired(entries: Sequence[Entry], place: int) -> int:
    """Return when the change that repairs the connector after a schema change is done."""
    connector = entries[place].entity >> keys.WORKFLOW_SHIFT << keys.WORKFLOW_SHIFT | OF_SOURCE
    begun = False
    for e in entries[place:]:
        if e.kind == keys.CHANGE and e.entity == connector:
            if begun and e.transition == "complete":
                return e.time
            begun |= e.transition == "start"  # one that is under way does not repair it
    return NEVER


def _steps(entries: Iterable[Entry]) -> list[tuple[int, int, int]]:
    """Return (instant, level from then on, incident) at each change of the level, the last of an instant."""
    steps: dict[int, tuple[int, int]] = {0: (0, 0)}
    for e in entries:
        if e.activity == "autonomy level":
            steps[e.time] = LEVELS.index(e.detail["level"]), e.entity
    return [(time, level, entity) for time, (level, entity) in steps.items()]


def _restrictions(entries: Sequence[Entry]) -> Iterator[tuple[int, int, int, int]]:
    """Yield (incident, begin, end, strictest level) of each spell that is not autonomous."""
    stop = next((e.time for e in entries if e.activity == "stop"), NEVER)
    entity, since, strictest = 0, 0, 0
    for time, level, whose in [*_steps(entries), (NEVER, 0, 0)]:
        if level and not strictest and time < stop:
            entity, since = whose, time
        if strictest and (not level or time >= stop):
            yield entity, since, min(time, stop), strictest
            strictest = 0
        elif time < stop:
            strictest = max(strictest, level)
        if time >= stop:
            return


def removal(chosen: Iterable[Event]) -> tuple[tuple[int, int, int], ...]:
    """Return what engines are told of events that are taken out, `model.without`."""
    return tuple(
        sorted(
            (keys.RESTRICTION, e.time, e.end) if e.kind == RESTRICTION else (ENTITIES[e.kind], e.entity, 0)
            for e in chosen
        )
    )


@dataclass(frozen=True)
class Step:
    """A difference between the two histories that concerns no single item.

    Attributes
    ----------
    time : int
        Microseconds since go-live: when it begins.
    activity : str
        As in the log; of changes with the transition: ``change schedule``.
    kind, entity : int
        Whom it concerns.
    factual, without : mapping or None
        What is known of it in each history, ``time`` included, and for a level ``until``; None where it does
        not happen.
    """

    time: int
    activity: str
    kind: int
    entity: int
    factual: Mapping[str, Any] | None
    without: Mapping[str, Any] | None


@dataclass(frozen=True)
class Difference:
    """What differs between what happened and the same history without something.

    Attributes
    ----------
    first, last : int or None
        Instants of the first and the last difference; None where there is none.
    after_arrivals : bool
        Whether the first difference lies after arrivals have ended.
    joined : bool
        Whether things happen after the last difference, the same in both, before arrivals end.
    only : tuple of two lists of Entry
        What only the one and only the other log holds, in order of time.
    steps : list of Step
        What differs and is of no item, in order of time.
    other_way, later, earlier : int
        Items that end another way; that end later than without it, and earlier.
    items : tuple of (time, entity, outcome, outcome without)
        The first and the last item that ends another way; empty where none does.
    counts : dict of (int, int)
        By name, in both histories.
    """

    first: int | None
    last: int | None
    after_arrivals: bool
    joined: bool
    only: tuple[list[Entry], list[Entry]]
    steps: list[Step]
    other_way: int
    later: int
    earlier: int
    items: tuple[tuple[int, int, str, str], ...]
    counts: dict[str, tuple[int, int]]


def difference(factual: Sequence[Entry], without: Sequence[Entry], window: int) -> Difference:
    """Return what differs between two logs of one replication's production.

    Who of a team reviews an item is left out of account: they are all alike.

    Parameters
    ----------
    factual, without : sequence of Entry
        What happened, and the history without something; in order of time.
    window : int
        End of arrivals, microseconds since go-live.
    """
    one, other = _differing(factual, without)
    times = [e.time for e in (*one, *other)]
    last = max(times, default=None)
    ends = _ends(factual), _ends(without)
    changed = []
    later = earlier = 0
    for entity, (time, outcome, _) in ends[0].items():
        then, else_outcome, _ = ends[1][entity]
        later += time > then
        earlier += time < then
        if outcome != else_outcome:
            changed.append((min(time, then), entity, outcome, else_outcome))
    changed.sort()
    return Difference(
        first=min(times, default=None),
        last=last,
        after_arrivals=min(times, default=0) > window,
        joined=last is None or (last < window and any(last < e.time <= window for e in reversed(factual))),
        only=(one, other),
        steps=_chain(factual, without, one, other),
        other_way=len(changed),
        later=later,
        earlier=earlier,
        items=(changed[0], changed[-1])[: len(changed)] if changed else (),
        counts=_counts(factual, without),
    )


def _essence(e: Entry) -> tuple[Any, ...]:
    said = tuple(sorted((k, v) for k, v in e.detail.items() if k != "resource"))
    return e.time, e.kind, e.entity, e.activity, e.transition, said


def _differing(factual: Sequence[Entry], without: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries of each log that the other does not hold."""
    same = 0
    for one, other in zip_longest(factual, without):
        if one is None or other is None or _essence(one) != _essence(other):
            break
        same += 1
    rest = [(_essence(e), e) for e in factual[same:]], [(_essence(e), e) for e in without[same:]]
    held = [Counter(essence for essence, _ in entries) for entries in rest]
    found: tuple[list[Entry], list[Entry]] = ([], [])
    for mine, entries, theirs in zip(found, rest, (held[1], held[0]), strict=True):
        left = theirs.copy()
        for essence, e in entries:
            if left[essence]:
                left[essence] -= 1
            else:
                mine.append(e)
    return found


def _ends(entries: Iterable[Entry]) -> dict[int, tuple[int, str, str]]:
    return {
        e.entity: (e.time, e.detail["outcome"], e.detail["escaped"])
        for e in entries
        if e.kind == keys.ITEM and e.activity == "end"
    }


# What a chain tells of besides the level of autonomy; the rest follows from it or is of items.
_TOLD = {
    ("incident", "complete"),
    ("outage", "start"),
    ("schema change", "complete"),
    ("alarm", "complete"),
    ("change", "schedule"),
    ("change", "complete"),
    ("headcount", "complete"),
    ("stop", "complete"),
}


def _chain(
    factual: Sequence[Entry], without: Sequence[Entry], one: Sequence[Entry], other: Sequence[Entry]
) -> list[Step]:
    """Return what differs and is of no item; what comes at another time is one difference."""

    def told(entries: Sequence[Entry]) -> dict[tuple[int, int, str], list[Entry]]:
        found: dict[tuple[int, int, str], list[Entry]] = {}
        for e in entries:
            if (e.activity, e.transition) in _TOLD:
                what = f"{e.activity} {e.transition}" if e.kind == keys.CHANGE else e.activity
                found.setdefault((e.kind, e.entity, what), []).append(e)
        return found

    first, second = told(one), told(other)
    steps = []
    for key in dict.fromkeys([*first, *second]):
        for mine, theirs in zip_longest(first.get(key, ()), second.get(key, ())):
            time = min(e.time for e in (mine, theirs) if e is not None)
            known = [None if e is None else {"time": e.time, **e.detail} for e in (mine, theirs)]
            kind, entity, what = key
            steps.append(Step(time, what, kind, entity, known[0], known[1]))
    steps += _levels(_steps(factual), _steps(without))
    order = ("incident", "outage", "schema change", "autonomy level")  # causes first
    return sorted(steps, key=lambda s: (s.time, order.index(s.activity) if s.activity in order else 9))


def _levels(one: Sequence[tuple[int, int, int]], other: Sequence[tuple[int, int, int]]) -> Iterator[Step]:
    """Yield the spells in which the level of autonomy differs."""
    times = sorted({time for time, *_ in (*one, *other)})
    at = [_level_at(steps, times) for steps in (one, other)]
    begin = 0
    for i in range(1, len(times) + 1):
        if i < len(times) and (at[0][i], at[1][i]) == (at[0][begin], at[1][begin]):
            continue
        if at[0][begin] != at[1][begin]:
            until = times[i] if i < len(times) else NEVER
            said = [{"time": times[begin], "until": until, "level": LEVELS[a[begin]]} for a in at]
            yield Step(times[begin], "autonomy level", keys.INCIDENT, 0, said[0], said[1])
        begin = i


def _level_at(steps: Sequence[tuple[int, int, int]], times: Sequence[int]) -> list[int]:
    place = np.searchsorted([time for time, *_ in steps], times, "right") - 1
    return [steps[i][1] for i in place]


def _counts(factual: Sequence[Entry], without: Sequence[Entry]) -> dict[str, tuple[int, int]]:
    """Return how often things happen in both histories, by name."""
    found = []
    for entries in (factual, without):
        told = counts(entries)
        steps = Counter(told["activities"])
        asked = Counter(
            "connector" if column == OF_SOURCE else "retraining" if column == OF_MODEL else "edge"
            for column in (
                e.entity & keys.NUMBER
                for e in entries
                if e.kind == keys.CHANGE and (e.activity, e.transition) == ("change", "schedule")
            )
        )
        found.append(
            {
                **{word: told["outcomes"][word] for word in OUTCOMES},
                "reviews": steps["review start"],
                "deadlines_missed": steps["review withdraw"] + steps["specialist withdraw"],
                **{f"escaped_{word}": told["escaped"][word] for word in ESCAPED},
                "incidents": steps["incident complete"],
                "problems": steps["problem start"],
                "outages": told["outages"],
                "schema_changes": steps["schema change complete"],
                "alarms": steps["alarm complete"],
                "connector_changes": asked["connector"],
                "retrainings": asked["retraining"],
                "edge_type_changes": asked["edge"],
            }
        )
    return {name: (found[0][name], found[1][name]) for name in found[0]}


def money(
    factual: Mapping[str, Floats], without: Mapping[str, Floats], rate: float, tax: float
) -> list[dict[str, Any]]:
    """Return a row a ledger line: sums over the window in both histories, and the net present value of both.

    Parameters
    ----------
    factual, without : mapping of Floats[months]
        The ledgers, one-off sums included.
    rate, tax : float
        Yearly discount rate, and tax: all sums are after it.

    Returns
    -------
    list of dict
        ``line``, ``factual``, ``without``, ``difference``: the first less the second; ``npv_difference`` the
        same in net present value. This is a sum over lines, so these add up to its difference.
    """
    rows = []
    for line in LINES:
        sums = [math.fsum(lines[line]) * (1.0 - tax) for lines in (factual, without)]
        apart = (np.asarray(factual[line]) - without[line]) * (1.0 - tax)
        nothing = np.zeros_like(apart)
        present = npv(nothing, apart, rate) if line in ONE_OFF else npv(apart, nothing, rate)
        rows.append(
            {
                "line": line,
                "factual": sums[0],
                "without": sums[1],
                "difference": math.fsum(apart),
                "npv_difference": present,
            }
        )
    return rows


def weeks_at_levels(line: Timeline, after: float) -> dict[str, float]:
    """Return the weeks of the window at each level of autonomy, and ``ended``: those after the end of the AI.

    Parameters
    ----------
    line : Timeline
        Of one history. After the AI was given up its level is that of a suspended one.
    after : float
        Weeks from there to the end of the window, `weeks_after_the_end`.
    """
    weeks = {level: share * line.window / WEEK for level, share in line.level_shares().items()}
    strictest = LEVELS[-1]
    return weeks | {strictest: max(0.0, weeks[strictest] - after), "ended": after}


def weeks_after_the_end(window: Window) -> float:
    """Return the weeks of the window after the AI was given up; 0 where it was not."""
    return (window.months - window.end) * MONTH / WEEK


def cost(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the net present value lost by the rows of `money`; negative where something is gained."""
    return -math.fsum(row["npv_difference"] for row in rows) + 0.0
