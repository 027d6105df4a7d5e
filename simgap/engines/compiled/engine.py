"""Arrays for the event loop, its calls, and what it counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simgap.engines.arrivals import drawn_levels
from simgap.engines.compiled import hours, layout, loop
from simgap.engines.compiled.layout import A, C, D, E, F, G, I, K, R, Scene, State
from simgap.engines.packing import UNLIMITED, Packed
from simgap.engines.physics import (
    CHANGES,
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
from simgap.model.production import BEFORE_TYPES
from simgap.model.solving import HARDNESS_NODES, HARDNESS_WEIGHTS
from simgap.model.types import Floats, Ints

# Doubled, SLOTS becomes MOST_ITEMS exactly.
SLOTS, EVENTS, ESCAPES, INCIDENTS, SPELLS = 1024, 4096, 4096, 256, 64
AFTER = 8 * clock.WEEK  # the table of staffed time goes on for so long after arrivals end
BUDGET = 500_000  # events of one call: well under half a second
LOG_ODDS: Floats = np.array(
    [-np.inf, *(math.log(i / (layout.BINS - i)) for i in range(1, layout.BINS)), np.inf]
)


def _padded(rows: Sequence[Floats], fill: float) -> Floats:
    """Return arrays of different lengths as one, filled up."""
    out = np.full((len(rows), max(map(len, rows))), fill)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return out


def scene_of(packed: Packed, key: Ints) -> Scene:
    """Return what does not change in a replication."""
    starts, end = packed.month_starts, int(packed.knots[-1])
    flows = packed.workflows
    levels, duplicate_levels = (
        np.stack(
            [
                drawn_levels(key, levels, packed.knots, packed.go_live, flow.p[P.DAY_CV], number)
                for number, (flow, levels) in enumerate(zip(flows, of_kind, strict=True))
            ]
        )
        for of_kind in ([f.levels for f in flows], [f.duplicate_levels for f in flows])
    )
    calendars = packed.reviewers.calendar, packed.specialists.calendar
    return Scene(
        key=key,
        p=np.stack([flow.p for flow in flows]),
        teams=np.stack([flow.teams for flow in flows]),
        calendars=calendars,
        spans=hours.spans_until(calendars, end + AFTER),
        plan=np.array(packed.reviewers.plan, np.int64).reshape(-1, 2),
        levels=levels,
        duplicate_levels=duplicate_levels,
        knots=packed.knots,
        quantiles=_padded([flow.quantiles for flow in flows], np.inf),
        cumulative=_padded([flow.cumulative for flow in flows], 1.0),
        types=np.array([len(flow.cumulative) for flow in flows], np.int64),
        defects=np.stack([flow.defects for flow in flows]),
        nodes=HARDNESS_NODES,
        weights=HARDNESS_WEIGHTS,
        log_odds=LOG_ODDS,
        priority=np.array(packed.priority, np.int64),
        columns=np.array([REVIEWERS, SPECIALISTS], np.int64),
        begun=np.array(CHANGES, np.int64),
        starts=starts,
        staffed=hours.staffed_times(starts, calendars),
        regular=np.array([flow.regular for flow in flows], np.int64),
        months=packed.months,
        connector_time=integration.connector_time(packed.p),
        waiting=np.array([flow.waiting for flow in flows], np.int64),
        waiting_from=np.array([flow.waiting_from for flow in flows], np.int64),
        joins=packed.joins,
        incident_window=packed.incident_window,
        probation=packed.probation,
        end_of_arrivals=end,
        last_look=(end - 1) // clock.WEEK * clock.WEEK,
        stops_at=packed.stops_at,
        without=packed.removed,
    )


def state_of(packed: Packed) -> State:
    """Return a replication in which nothing has happened yet."""

    def nothing(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    flows, months = packed.workflows, packed.months
    streams, queues = layout.STREAMS * len(flows), layout.FIRST_QUEUE + 2 * (len(packed.priority) + 1)
    types = max(len(flow.cumulative) for flow in flows)
    looks = int(packed.knots[-1]) // clock.WEEK + 1
    b = State(
        g=nothing(len(G)),
        r=np.zeros(len(R)),
        desks=nothing(2, len(D)),
        streams=nothing(streams, len(A)),
        arrives=nothing(streams),
        reached=np.zeros(streams),
        coming=nothing(streams, len(C), layout.BLOCK),
        coming_real=np.zeros((streams, len(E), layout.BLOCK)),
        words=nothing(4, layout.BLOCK),
        stage_words=nothing(4, layout.BLOCK),
        normals=np.zeros(layout.BLOCK),
        tails=nothing(layout.BLOCK),
        heads=np.full(layout.CALENDARS + 1, clock.NEVER),
        item=nothing(SLOTS, len(I)),
        real=np.zeros((SLOTS, len(F))),
        free=np.arange(SLOTS, dtype=np.int64)[::-1].copy(),
        agenda=nothing(1, EVENTS, 3),
        calendars=nothing(layout.CALENDARS, SLOTS, 3),
        sizes=nothing(layout.CALENDARS),
        queues=np.full((queues, 2), layout.NOBODY, np.int64),
        cuts=np.stack([flow.cuts for flow in flows]),
        broken=nothing(len(flows)),
        adoption=np.full((len(flows), 3), -1.0),
        causes=nothing(len(flows), BEFORE_TYPES + 1 + types, len(K)),
        changes=nothing(len(flows) * (BEFORE_TYPES + 1 + types), 2),
        mix=np.zeros((3, 32)),
        hired=nothing(looks, 2),
        spells=nothing(SPELLS, 3),
        counts=nothing(len(flows) * (months + 1), len(Count)),
        reasons=nothing(len(flows) * (months + 1), 2**layout.TRIGGERS),
        by_class=nothing(len(flows), max(len(flow.quantiles) for flow in flows) + 1, len(ENDS)),
        capacity=nothing(2, months),
        backlog=nothing(2, months),
        changes_open=nothing(months),
        drift=np.zeros(months),
        waits=nothing(2, 2, WAIT_BINS),
        level_time=nothing(months, len(LEVELS)),
        escaped=nothing(ESCAPES, 3),
        incidents=nothing(INCIDENTS, 3),
        drawn=nothing(layout.PURPOSES),
    )
    b.g[G.MONTH] = packed.go_live // clock.MONTH
    b.g[G.FREE_SLOTS] = SLOTS
    b.g[G.CONNECTOR_FREE] = b.g[G.UP] = 1
    b.g[G.AI_FREE] = min(packed.concurrency, UNLIMITED)
    b.g[G.WATCHING] = packed.p[P.CHARTED] > 0.5
    b.g[G.ESTIMATE_AT] = int(packed.p[P.BASELINE])
    b.g[G.SPELL] = 0 if packed.p[P.EROSION] > 0.0 else -1
    b.r[R.THRESHOLD], b.r[R.SLOW] = np.inf, 1.0
    staff = packed.reviewers.staff, packed.specialists.staff
    b.desks[:, D.STAFF] = b.desks[:, D.FREE] = b.desks[:, D.PLANNED] = staff
    b.desks[:, D.OPENS_AT] = b.desks[:, D.GAVE_UP] = -1
    for number, flow in enumerate(flows):
        handled = BEFORE_TYPES + 1 + min(len(flow.cumulative), int(flow.p[P.HANDLED]))
        b.causes[number, BEFORE_TYPES + 1 : handled, K.HANDLED] = 1
        first = layout.STREAMS * number
        b.streams[first : first + layout.STREAMS, A.ENTITY] = number << keys.WORKFLOW_SHIFT
        b.streams[first + layout.WAITING, A.ENTITY] += keys.FIRST_WAITING
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
    if what == layout.MORE_SPELLS:
        return b._replace(spells=doubled(b.spells))
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
    return counts.reshape(len(b.broken), -1, len(Count))


def physics_of(s: Scene, b: State) -> Physics:
    """Return what was counted."""
    g, escaped, incidents = b.g, b.escaped[: b.g[G.ESCAPED]], b.incidents[: b.g[G.INCIDENTS]]
    spells = b.spells[: g[G.SPELLS]].copy()
    if g[G.SPELL] >= 0:
        spells = np.append(spells, [[g[G.SPELL], s.end_of_arrivals, 0]], axis=0)
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
        changes_open=b.changes_open,
        drift=b.drift,
        detections=spells,
    )
