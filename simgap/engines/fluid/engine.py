"""The fluid model: `simulate` reads a packed phase, as the engines do, and returns what is expected of it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from simgap.compiling import rule
from simgap.engines.fluid import flow, world
from simgap.engines.fluid.mix import FIELDS, MIX
from simgap.engines.fluid.rooms import PIECES, Inputs, Room
from simgap.engines.packing import UNLIMITED, Packed, Team
from simgap.engines.physics import ENDS, Count, Expected, Physics, TeamPhysics
from simgap.model import clock, items
from simgap.model.clock import HOUR, MONTH, WEEK, Calendar
from simgap.model.oversight import WAIT_BINS
from simgap.model.parameters import P, T
from simgap.model.types import Floats, Ints

AHEAD = 24 * 28  # hours after the phase for which staffed hours are known
MOST_HIRES = 64


@rule
def _staffed(instants: Ints, calendar: Calendar, out: Floats) -> None:
    for i in range(len(instants)):
        out[i] = clock.staffed_time(instants[i], calendar) / HOUR


@lru_cache(16)  # mostly the same in every draw
def _by_hour(week: bytes, closed: bytes, offset: int, hours: int) -> Floats:
    """Return the staffed hours before each hour since go-live."""
    calendar = Calendar(
        np.frombuffer(week, np.int64).reshape(-1, 3), np.frombuffer(closed, np.int64).reshape(-1, 4), offset
    )
    return _staffed_at(np.arange(hours + 1, dtype=np.int64) * HOUR, calendar)


def _staffed_at(instants: Ints, calendar: Calendar) -> Floats:
    out = np.empty(len(instants))
    _staffed(instants, calendar, out)
    return out


def _hourly(team: Team, hours: int) -> Floats:
    calendar = team.calendar
    return _by_hour(calendar.week.tobytes(), calendar.closed.tobytes(), calendar.offset, hours)


@lru_cache(4)
def _quadrature(spread: float) -> tuple[Floats, Floats]:
    """Return nodes and weights of Gauss-Hermite quadrature over a standard normal hardness.

    More nodes where hardness makes the integrand steep.
    """
    n = 12 if spread <= 1.5 else 32 if spread <= 4.0 else 96
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, weights / weights.sum()


def steps_of(packed: Packed) -> tuple[Ints, Ints]:
    """Return the ends of the steps of a phase, and the month of each: weeks, cut where something changes."""
    end = int(packed.knots[-1])
    cuts = [np.arange(0, end, WEEK), packed.month_starts, packed.joins, [packed.stops_at, end]]
    cuts.append([when for when, _ in packed.reviewers.plan])
    edges = np.unique(np.concatenate([np.asarray(c, np.int64) for c in cuts]))
    edges = edges[(edges >= 0) & (edges <= end)]
    months = np.minimum((edges[:-1] + packed.go_live) // MONTH, packed.months - 1)
    return edges, months


def _heads(packed: Packed, edges: Ints) -> tuple[Floats, Ints]:
    """Return the reviewers by plan in each step and the specialists, and whether no reviewer comes."""
    team, p = packed.reviewers, packed.p
    planned = np.full(len(edges), float(team.staff))
    last = team.staff
    for when, heads in team.plan:
        planned[edges >= when] = heads
        last = heads
    nobody = np.zeros(len(edges) - 1, np.int64)
    hires = p[P.HIRE_MAX] > 0.0 and p[P.HIRE_ABOVE] < math.inf
    if not hires:
        some = np.flatnonzero(planned[:-1] > 0)
        if last == 0:
            nobody[(some[-1] + 1 if some.size else 0) :] = 1
    planned[-1] = packed.specialists.staff
    return planned, nobody


def simulate(packed: Packed, seed: int = 0, draw: int = 0, luck: int = 0) -> Physics:
    """Return what is expected of one phase, in a few hundred microseconds.

    Parameters
    ----------
    packed : Packed
        The phase.
    seed, draw, luck : int
        Not used: nothing is drawn. So the function is called as an engine's.

    Returns
    -------
    Physics
        Expected counts, which are no whole numbers; escaped errors and incidents are expected numbers,
        `Expected`, and lists of them are empty.

    Notes
    -----
    docs/fluid.md says what is exact in expectation, what is approximated and what is left out.
    """
    flows = packed.workflows
    n, months = len(flows), packed.months
    classes = max(len(f.quantiles) for f in flows) + 1
    edges, month_of = steps_of(packed)
    steps = len(edges) - 1
    ends = edges / HOUR
    hours = math.ceil(ends[-1]) + AHEAD
    planned, nobody = _heads(packed, edges)
    widths = np.zeros((n, classes))
    for row, f in zip(widths, flows, strict=True):
        row[: len(f.quantiles) + 1] = np.diff(np.concatenate([[0.0], f.quantiles, [1.0]]))
    teams = np.stack([f.teams for f in flows], axis=1)
    most = max(len(f.cumulative) for f in flows)
    # Types whose state never changes are summed.
    dynamic = any(
        f.p[P.EDGE_SHARE] + f.p[P.VARIETY] > 0.0
        and (f.p[P.BIRTHS] > 0.0 or f.p[P.EXAMPLES_NEEDED] < math.inf)
        for f in flows
    )
    frequencies = np.zeros((n, most))
    handled = np.zeros((n, most))
    for i, f in enumerate(flows):
        frequencies[i, : len(f.cumulative)] = np.diff(f.cumulative, prepend=0.0)
        handled[i, : int(f.p[P.HANDLED])] = 1.0
    nodes, weights = _quadrature(max(float(f.p[P.HARDNESS]) for f in flows))
    levels = np.stack([f.levels for f in flows])
    total = levels[:, -1].sum()
    batch = (
        float(levels[:, -1] @ np.array([f.p[P.BATCH] * (not f.regular) for f in flows]) / total)
        if total
        else 0.0
    )
    inputs = Inputs(
        p2=np.stack([f.p for f in flows]),
        teams=teams,
        levels=levels,
        ratio=np.array([f.duplicate_levels[-1] / f.levels[-1] if f.levels[-1] > 0.0 else 0.0 for f in flows]),
        widths=widths,
        frequencies=frequencies,
        types=np.array([len(f.cumulative) for f in flows], np.int64),
        cuts=np.stack([f.cuts for f in flows]),
        waiting=np.array([f.waiting for f in flows], np.int64),
        waiting_from=np.array([f.waiting_from for f in flows], np.int64),
        joins=packed.joins,
        knots=packed.knots,
        edges=edges,
        month_of=month_of,
        planned=planned,
        nobody=nobody,
        exact=np.stack([_staffed_at(edges, t.calendar) for t in (packed.reviewers, packed.specialists)]),
        by_hour_1=_hourly(packed.reviewers, hours),
        by_hour_2=_hourly(packed.specialists, hours),
        order=np.argsort(teams[:, :, T.DEADLINE], axis=1, kind="stable").astype(np.int64),
        batch=batch,
        regular=all(f.regular for f in flows),
        concurrency=float(packed.concurrency) if packed.concurrency < UNLIMITED else math.inf,
        priority=int(sum(set(packed.priority))),
        window=packed.incident_window / HOUR,
        probation=packed.probation / HOUR,
        stops_at=packed.stops_at,
        dynamic=dynamic,
        last_look=(int(packed.knots[-1]) - 1) // WEEK * WEEK,
        nodes=nodes,
        weights=weights,
    )
    q, weeks = len(nodes), int(ends[-1] / 168.0) + 2
    zeros = np.zeros
    room = Room(
        counts=zeros((n, months + 1, len(Count))),
        by_class=zeros((n, classes, len(ENDS))),
        capacity=zeros((2, months)),
        backlog=zeros((2, months)),
        level_time=zeros((months, 4)),
        escapes=zeros((n, classes, months + 1)),
        incidents=zeros((n, months + 1, 2)),
        changes_open=zeros(months),
        drift_read=zeros(months),
        state=zeros(world.STATE),
        queue=zeros((4, n, 2, FIELDS + classes)),
        work=zeros((4, n, 2)),
        number=zeros((4, n, 2)),
        flows=zeros((n, steps)),
        open_table=zeros((n, weeks)),
        still=zeros(weeks),
        entries=zeros(steps),
        ends=ends,
        handled=handled,
        examples=zeros((n, most)),
        place=np.where(handled > 0.0, -1.0, math.inf),
        done_at=np.full((n, most), math.inf),
        odds=zeros((n, q)),
        catches=zeros((3, q)),
        mix=zeros(MIX),
        straight=zeros(3 + 2 * classes),
        review=zeros((2, FIELDS + classes)),
        trigger=zeros(8),
        in_work=zeros((4, n, 2)),
        in_items=zeros((4, n, 2)),
        served=zeros((n, 2)),
        lost=zeros((n, 2)),
        area=zeros(n),
        latent=zeros(n),
        before=zeros(n),
        in_stage=zeros(n),
        passed=zeros(n),
        broken=zeros(n),
        failing=zeros(n),
        pi=zeros(4),
        known=zeros(3),
        extra=zeros(2),
        seen_items=zeros(n),
        new_cuts=zeros((n, 2 * items.CUTS)),
        now_cuts=zeros(2 * items.CUTS),
        straight_2=zeros(3 + 2 * classes),
        review_2=zeros((2, FIELDS + classes)),
        now_=zeros(3),
        regimes=zeros(3),
        told=zeros(2),
        pieces=zeros((3, PIECES)),
        shares=zeros((n, PIECES)),
        firsts=zeros(MOST_HIRES),
        coming=zeros(MOST_HIRES),
    )
    peak = flow.follow(inputs, room)
    return _physics(inputs, room, peak, packed)


def _physics(inputs: Inputs, room: Room, peak: float, packed: Packed) -> Physics:
    """Return what was counted, in the units of the engines."""
    nothing = np.zeros(0, np.int64)

    def team(number: int, of: Team) -> TeamPhysics:
        return TeamPhysics(
            capacity=room.capacity[number] * HOUR,
            staffed=np.diff(_staffed_at(packed.month_starts, of.calendar)) * HOUR,
            backlog=room.backlog[number],
            waits=np.zeros(WAIT_BINS, np.int64),
            wall_waits=np.zeros(WAIT_BINS, np.int64),
            wait_total=0,
            wall_wait_total=0,
            queue_area=0,
        )

    return Physics(
        counts=room.counts,
        ends_by_class=room.by_class,
        reviewers=team(0, packed.reviewers),
        specialists=team(1, packed.specialists),
        level_time=room.level_time * HOUR,
        ai_backlog_peak=peak,
        fingerprint=0,
        escaped_time=nothing,
        escaped_entity=nothing,
        incident_time=nothing,
        incident_entity=nothing,
        incident_failed=nothing,
        changes_open=room.changes_open,
        drift=room.drift_read,
        detections=nothing.reshape(0, 3),
        expected=Expected(room.escapes, room.incidents[:, :, 0], room.incidents[:, :, 1]),
    )
