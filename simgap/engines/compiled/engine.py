"""Arrays for the event loop, its calls, and what it counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from simgap.engines.arrivals import drawn_levels
from simgap.engines.compiled import hours, layout, loop
from simgap.engines.compiled.layout import A, C, D, F, G, I, Scene, State
from simgap.engines.packing import UNLIMITED, Packed
from simgap.engines.physics import (
    ENDS,
    MOST_ITEMS,
    OVERLONG,
    REVIEWERS,
    SPECIALISTS,
    TRIGGER_COLUMNS,
    Count,
    Physics,
    TeamPhysics,
    check,
    outgrown,
)
from simgap.errors import SimulationError
from simgap.model import clock, integration, keys
from simgap.model.governance import LEVELS
from simgap.model.oversight import WAIT_BINS
from simgap.model.parameters import P
from simgap.model.types import Ints

SLOTS, EVENTS, ESCAPES, INCIDENTS = 1024, 4096, 4096, 256  # doubled, SLOTS becomes MOST_ITEMS exactly
AFTER = 8 * clock.WEEK  # the table of staffed time goes on for so long after arrivals end
BUDGET = 500_000  # events of one call: well under half a second


def scene_of(packed: Packed, key: Ints) -> Scene:
    """Return what does not change in a replication."""
    starts = packed.month_starts
    levels, duplicate_levels = (
        drawn_levels(key, expected, packed.knots, packed.go_live, packed.p[P.DAY_CV])
        for expected in (packed.levels, packed.duplicate_levels)
    )
    teams = (packed.reviewers, packed.specialists)
    calendars = packed.reviewers.calendar, packed.specialists.calendar
    return Scene(
        key=key,
        p=packed.p,
        teams=np.stack([team.t for team in teams]),
        calendars=calendars,
        spans=hours.spans_until(calendars, int(packed.knots[-1]) + AFTER),
        plan=np.array(packed.reviewers.plan, np.int64).reshape(-1, 2),
        levels=levels,
        duplicate_levels=duplicate_levels,
        knots=packed.knots,
        quantiles=packed.quantiles,
        cumulative=packed.cumulative,
        priority=np.array(packed.priority, np.int64),
        columns=np.array([REVIEWERS, SPECIALISTS], np.int64),
        starts=starts,
        staffed=hours.staffed_times(starts, calendars),
        wall_deadline=np.array([team.wall_deadline for team in teams], np.int64),
        regular=packed.regular,
        months=packed.months,
        connector_time=integration.connector_time(packed.p),
        waiting=packed.waiting,
        waiting_from=packed.waiting_from,
        incident_window=packed.incident_window,
        probation=packed.probation,
        end_of_arrivals=int(packed.knots[-1]),
    )


def state_of(packed: Packed) -> State:
    """Return a replication in which nothing has happened yet."""

    def nothing(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    months, queues = packed.months, layout.FIRST_QUEUE + 2 * (len(packed.priority) + 1)
    b = State(
        g=nothing(len(G)),
        desks=nothing(2, len(D)),
        streams=nothing(layout.STREAMS, len(A)),
        reached=np.zeros(layout.STREAMS),
        coming=nothing(layout.STREAMS, len(C), layout.BLOCK),
        coming_hardness=np.zeros((layout.STREAMS, layout.BLOCK)),
        words=nothing(4, layout.BLOCK),
        normals=np.zeros(layout.BLOCK),
        tails=nothing(layout.BLOCK),
        heads=np.full(layout.STREAMS + layout.CALENDARS, clock.NEVER),
        item=nothing(SLOTS, len(I)),
        real=np.zeros((SLOTS, len(F))),
        free=np.arange(SLOTS, dtype=np.int64)[::-1].copy(),
        agenda=nothing(1, EVENTS, 3),
        calendars=nothing(layout.CALENDARS, 2 * SLOTS + 1, 3),
        sizes=nothing(layout.CALENDARS),
        queues=np.full((queues, 2), layout.NOBODY, np.int64),
        counts=nothing(months + 1, len(Count)),
        reasons=nothing(months + 1, 2**layout.TRIGGERS),
        by_class=nothing(len(packed.quantiles) + 1, len(ENDS)),
        capacity=nothing(2, months),
        backlog=nothing(2, months),
        waits=nothing(2, 2, WAIT_BINS),
        level_time=nothing(months, len(LEVELS)),
        escaped=nothing(ESCAPES, 2),
        incidents=nothing(INCIDENTS, 3),
        drawn=nothing(layout.PURPOSES),
    )
    b.g[G.MONTH] = packed.go_live // clock.MONTH
    b.g[G.FREE_SLOTS] = SLOTS
    b.g[G.CONNECTOR_FREE] = b.g[G.UP] = 1
    b.g[G.AI_FREE] = min(packed.concurrency, UNLIMITED)
    b.desks[:, D.STAFF] = b.desks[:, D.FREE] = packed.reviewers.staff, packed.specialists.staff
    b.desks[:, D.OPENS_AT] = -1
    b.streams[:, A.ENTITY] = packed.workflow << keys.WORKFLOW_SHIFT
    b.streams[layout.WAITING, A.ENTITY] += keys.FIRST_WAITING
    return b


def larger(b: State, what: int) -> State:
    """Return the same state with twice the room for what is short of it.

    Raises
    ------
    BacklogLimit
        More items are in the system than are simulated.
    """

    def doubled(old: Any, axis: int = 0) -> Any:
        # Zeros that are never written take no memory.
        shape = [n + n * (i == axis) for i, n in enumerate(old.shape)]
        new = np.zeros(shape, old.dtype)
        new[tuple(slice(n) for n in old.shape)] = old
        return new

    if what == layout.MORE_EVENTS:
        return b._replace(agenda=doubled(b.agenda, axis=1))
    if what == layout.MORE_ESCAPES:
        return b._replace(escaped=doubled(b.escaped))
    if what == layout.MORE_INCIDENTS:
        return b._replace(incidents=doubled(b.incidents))
    slots = len(b.item)
    if 2 * slots > MOST_ITEMS:
        raise outgrown(slots)
    b.g[G.FREE_SLOTS] += slots
    return b._replace(
        item=doubled(b.item),
        real=doubled(b.real),
        # No slot was free, so all the free ones are new.
        free=np.concatenate([np.arange(slots, 2 * slots, dtype=np.int64)[::-1], b.free]),
        calendars=doubled(b.calendars, axis=1),
    )


def run(packed: Packed, seed: int, draw: int, luck: int) -> tuple[Scene, State]:
    """Run one phase of one replication to its end; parameters and errors are those of `simulate`."""
    s = scene_of(packed, np.array([seed, draw, luck, packed.phase], np.int64))
    b = state_of(packed)
    loop.begin(s, b)
    while True:
        why = loop.advance(s, b, BUDGET)
        if why == layout.DONE:
            return s, b
        if why == layout.TOO_LONG:
            raise SimulationError(OVERLONG)
        if why != layout.PAUSED:
            b = larger(b, why)


def simulate(packed: Packed, seed: int, draw: int, luck: int) -> Physics:
    """Simulate one phase of one replication.

    Parameters
    ----------
    packed : Packed
        The phase.
    seed, draw, luck : int
        Seed of the study, draw of the unknowns, luck index; each below 2^32.

    Raises
    ------
    SimulationError
        A law that every replication obeys was broken, or a time is too long.
    BacklogLimit
        More items were in the system at once than are simulated.
    """
    physics = physics_of(*run(packed, seed, draw, luck))
    check(physics)
    return physics


def _sum(places: Ints) -> int:
    """Return a sum of times that is kept in two places."""
    return (int(places[0]) << layout.UNIT) + int(places[1])


def counts_of(b: State) -> Ints:
    """Return the counts by month, those of the triggers included."""
    counts = b.counts.copy()
    for bit, column in enumerate(TRIGGER_COLUMNS):
        counts[:, column] = b.reasons @ (np.arange(b.reasons.shape[1]) >> bit & 1)
    return counts


def physics_of(s: Scene, b: State) -> Physics:
    """Return what was counted."""
    g, escaped, incidents = b.g, b.escaped[: b.g[G.ESCAPED]], b.incidents[: b.g[G.INCIDENTS]]
    reviewers, specialists = (
        TeamPhysics(
            capacity=b.capacity[team],
            staffed=np.diff(s.staffed[team]).astype(np.int64),
            backlog=b.backlog[team],
            waits=b.waits[team, 0],
            wall_waits=b.waits[team, 1],
            wait_total=_sum(b.desks[team, D.WAIT_TOTAL :]),
            wall_wait_total=_sum(b.desks[team, D.WALL_WAIT_TOTAL :]),
            queue_area=_sum(b.desks[team, D.AREA :]),
        )
        for team in range(2)
    )
    return Physics(
        counts=counts_of(b),
        ends_by_class=b.by_class,
        reviewers=reviewers,
        specialists=specialists,
        level_time=b.level_time,
        ai_backlog_peak=int(g[G.BEFORE_AI_PEAK]),
        fingerprint=int(g[G.FINGERPRINT]),
        escaped_time=escaped[:, 0].copy(),
        escaped_entity=escaped[:, 1].copy(),
        incident_time=incidents[:, 0].copy(),
        incident_entity=incidents[:, 1].copy(),
        incident_failed=incidents[:, 2].copy(),
    )
