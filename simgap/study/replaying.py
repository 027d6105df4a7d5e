"""What is taken out of one replication, and what it came to without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from simgap.analysis import replay as analysis
from simgap.analysis.replay import KINDS, Event
from simgap.analysis.timeline import timeline
from simgap.defaults import ENGINE
from simgap.engines.log import Entry
from simgap.engines.physics import Count, Physics
from simgap.errors import BacklogLimit, InputError
from simgap.model.clock import WEEK
from simgap.model.governance import RESTRICTED
from simgap.montecarlo import one
from simgap.montecarlo.one import History
from simgap.montecarlo.phases import Phases, arrivals
from simgap.results.replay import Happenings, Price, Replay, Told
from simgap.scenario.units import show
from simgap.study.limits import MOST_TRACED, check_size, check_traced, refusal, start_of

MOST_REPLAYED = MOST_TRACED // 4  # items: two logs, and what differs between them

Progress = Callable[[int, int], None]


def replay(
    resolved: dict[str, Any],
    replication: int,
    without: Sequence[str],
    each: bool,
    seed: int,
    progress: Progress,
    confirmed: bool,
) -> Happenings | Replay:
    """Return what can be taken out of a replication, or what followed from what is; see `Case.replay`."""
    names = parse(without)
    if names and each:
        raise refusal("--each", "with --without, both would choose what is taken out", "one of the two")
    phases = one.phases_of(resolved, seed, replication)
    check_traced(arrivals(phases.production), MOST_REPLAYED)
    factual = one.history(phases, seed, replication)
    entries = one.log_of(factual.packed, seed, replication)
    start = start_of(resolved, phases.production.go_live, _end(entries))
    events = analysis.events_of(entries)
    told = _told(factual, entries)
    if not names:
        listed = Happenings(resolved, seed, replication, start, told, events)
        return _priced(listed, phases, factual, progress, confirmed) if each else listed
    chosen = choose(names, events, replication)
    other = one.history(phases, seed, replication, analysis.removal(chosen))
    other_entries = one.log_of(other.packed, seed, replication)
    start_of(resolved, phases.production.go_live, _end(other_entries))
    window = int(phases.production.knots[-1])
    apart = analysis.difference(entries, other_entries, window)
    return Replay(resolved, seed, replication, start, (told, _told(other, other_entries)), chosen, apart)


def _end(entries: Sequence[Entry]) -> int:
    return entries[-1].time if entries else 0


def _told(history: History, entries: list[Entry]) -> Told:
    packed, team = history.packed, history.packed.reviewers
    line = timeline(entries, packed.go_live, int(packed.knots[-1]), team.staff, team.calendar)
    return Told(history.reading, entries, line)


def parse(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return kind and number of each text ``KIND:N``.

    Raises
    ------
    InputError
        A text is none, the kind is unknown, or an event is named twice.
    """
    found = []
    for text in texts:
        match = re.fullmatch(r"([^:]*):([0-9]{1,9})", text.strip(), re.ASCII)
        if match is None or match[1] not in KINDS:
            raise refusal("--without", f"{show(text)} names no event", f"KIND:N with KIND {_or(KINDS)}")
        found.append((match[1], int(match[2])))
    for name in found:
        if found.count(name) > 1:
            raise refusal("--without", f"{name[0]}:{name[1]} is named twice", "each event once")
    return found


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def choose(names: Sequence[tuple[str, int]], events: Sequence[Event], replication: int) -> list[Event]:
    """Return the events of these kinds and numbers, in order of time.

    Raises
    ------
    InputError
        The replication has no such event; says which it has.
    """
    known = {(event.kind, event.number): event for event in events}
    for kind, number in names:
        if (kind, number) not in known:
            raise refusal(
                "--without", f"{kind}:{number} does not happen in replication {replication}", _there(events)
            )
    return sorted((known[name] for name in names), key=lambda event: event.time)


def _there(events: Sequence[Event]) -> str:
    """Say what can be taken out."""
    numbers = {kind: sum(event.kind == kind for event in events) for kind in KINDS}
    spans = [f"{kind}:0" + f" to {kind}:{n - 1}" * (n > 1) for kind, n in numbers.items() if n]
    return "; ".join(spans) or "another replication: nothing happens in this one that could be taken out"


def _priced(
    listed: Happenings, phases: Phases, factual: History, progress: Progress, confirmed: bool
) -> Happenings:
    """Take out each event by itself, and say what it cost."""
    n = len(listed.events)
    if not confirmed:
        try:
            check_size(n * arrivals(phases.production), n, 1, ENGINE)
        except InputError as error:
            raise refusal("--each", error.problems[0].what, "--without, or --yes") from None
    prices: list[Price | None] = []
    unfinished: list[str] = []
    try:
        for done, event in enumerate(listed.events, 1):
            try:
                removed = analysis.removal([event])
                other = one.history(phases, listed.seed, listed.replication, removed)
                prices.append(_price(factual, other))
            except BacklogLimit:
                prices.append(None)
            progress(done, n)
    except KeyboardInterrupt:
        unfinished.append("stopped before every event was priced")
    ended = prices.count(None)
    if ended:
        unfinished.append(f"without {ended} of the events the replication ends with backlog_limit")
    prices += [None] * (n - len(prices))
    return replace(listed, prices=prices, shortfalls=tuple(unfinished))


def _price(factual: History, other: History) -> Price:
    """Return what an event cost, from two histories."""

    def of(history: History) -> Mapping[str, float]:
        read = history.reading
        physics: Physics = read.physics
        ended = analysis.weeks_after_the_end(read.window)
        return {
            "restricted_weeks": float(physics.level_time[:, RESTRICTED:].sum()) / WEEK - ended,
            "ended_weeks": ended,
            "incidents": float(len(physics.incident_time)),
            "fallback": float(physics.total(Count.FALLBACK)),
            "escaped": float(len(physics.escaped_time)),
        }

    rows = analysis.money(
        factual.reading.lines, other.reading.lines, factual.reading.rate, factual.reading.tax
    )
    one_way, other_way = of(factual), of(other)
    return Price(analysis.cost(rows), **{name: one_way[name] - other_way[name] for name in one_way})
