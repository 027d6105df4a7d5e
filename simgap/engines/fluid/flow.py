"""One phase, step by step: what is expected to arrive, to be decided, seen, caught, lost and changed."""

from __future__ import annotations

import math

from simgap.compiling import part, rule
from simgap.engines.fluid import changes, way, world
from simgap.engines.fluid import team as teams_
from simgap.engines.fluid.rooms import Inputs, Room
from simgap.model import items
from simgap.model.clock import HOUR
from simgap.model.parameters import P
from simgap.model.types import Floats


@part
def begin(given: Inputs, made: Room) -> None:
    """Set up what does not change, and the state at go-live."""
    p2 = given.p2
    cuts = given.cuts
    window = given.window
    nodes = given.nodes
    state = made.state
    open_table = made.open_table
    still = made.still
    odds = made.odds
    failing = made.failing
    new_cuts = made.new_cuts
    regimes = made.regimes
    workflows = len(p2)
    p = p2[0]
    n_nodes = len(nodes)
    for w in range(workflows):
        for i in range(n_nodes):
            odds[w, i] = math.exp(p2[w, P.HARDNESS] * nodes[i] - p2[w, P.INTERCEPT])
        failing[w] = world.open_shares(p2[w], open_table[w])
        for i in range(2 * items.CUTS):
            new_cuts[w, i] = cuts[w, i]
    count = p[P.SUSPEND]
    if count < math.inf:
        # Until every problem is closed, and enough of the incidents have left the window.
        for a in range(len(still)):
            open_now = 0.0
            for w in range(workflows):
                open_now = max(open_now, open_table[w, a])
            until = min(1.0, a * world.WEEK_HOURS * count / (2.0 * window)) if window > 0.0 else 1.0
            still[a] = 1.0 - math.pow(1.0 - open_now, count) * until
    state[world.THRESHOLD] = math.inf
    state[world.ESTIMATE_AT] = p[P.BASELINE]
    state[world.WATCHING] = 1.0 if p[P.CHARTED] > 0.5 else 0.0
    regimes[0] = 1.0


@part
def organise(given: Inputs, made: Room, s: int) -> float:
    """Write the probabilities of the levels of autonomy; return how many restrictions begin an hour."""
    p2 = given.p2
    edges = given.edges
    month_of = given.month_of
    window = given.window
    probation = given.probation
    stops_at = given.stops_at
    level_time = made.level_time
    queue = made.queue
    work = made.work
    number = made.number
    flows = made.flows
    open_table = made.open_table
    still = made.still
    entries = made.entries
    ends = made.ends
    failing = made.failing
    pi = made.pi
    known = made.known
    now_ = made.now_
    regimes = made.regimes
    p = p2[0]
    t0 = edges[s]
    t1 = edges[s + 1]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    stopped = edges[s] >= stops_at
    # The organisation: levels, trust, drift.
    restricting = world.levels_of(
        0.5 * (t0 + t1) / HOUR, s, ends, flows, open_table, failing, entries, still, window, probation, p, pi
    )
    if stopped:
        pi[0] = pi[1] = pi[2] = 0.0
        pi[3] = 1.0
    active = 1.0 - pi[3]
    for i in range(3):
        known[i] = pi[i] / active if active > 0.0 else 0.0
    for i in range(4):
        level_time[month, i] += pi[i] * hours
    now_[0], now_[1], now_[2] = pi[0] + pi[1], pi[2], pi[3]
    move(now_, regimes, restricting * hours, queue, work, number)
    return restricting


@part
def cut(given: Inputs, made: Room, s: int, first: int) -> tuple[int, int]:
    """Write the pieces of a step; return their number, and the place of its end among the knots."""
    p2 = given.p2
    levels = given.levels
    knots = given.knots
    edges = given.edges
    by_hour_1 = given.by_hour_1
    by_hour_2 = given.by_hour_2
    in_work = made.in_work
    in_items = made.in_items
    area = made.area
    shares = made.shares
    workflows = len(p2)
    lengths = made.pieces[0]
    worked = made.pieces[1]
    worked_2 = made.pieces[2]
    t0 = edges[s]
    t1 = edges[s + 1]
    pieces, t = 0, t0
    i = first
    for w in range(workflows):
        area[w] = 0.0
        for q in range(2):
            in_work[2, w, q] = in_items[2, w, q] = in_work[3, w, q] = in_items[3, w, q] = 0.0
    while t < t1:
        while knots[i + 1] <= t:
            i += 1
        following = min(t1, knots[i + 1])
        part = (following - t) / (knots[i + 1] - knots[i])
        begins, closes = t / HOUR, following / HOUR
        lengths[pieces] = closes - begins
        worked[pieces] = teams_.staffed_by(closes, by_hour_1) - teams_.staffed_by(begins, by_hour_1)
        worked_2[pieces] = teams_.staffed_by(closes, by_hour_2) - teams_.staffed_by(begins, by_hour_2)
        # Hours that are alike make one piece: a night, or two hours of a working day.
        for w in range(workflows):
            shares[w, pieces] = (levels[w, i + 1] - levels[w, i]) * part
        if pieces > 0:
            alike = (
                abs(worked[pieces] * lengths[pieces - 1] - worked[pieces - 1] * lengths[pieces]) < 1e-9
                and abs(worked_2[pieces] * lengths[pieces - 1] - worked_2[pieces - 1] * lengths[pieces])
                < 1e-9
                and (worked[pieces] + worked_2[pieces] == 0.0 or lengths[pieces - 1] < 1.5)
            )
            for w in range(workflows):
                new_, old_ = (
                    shares[w, pieces] * lengths[pieces - 1],
                    shares[w, pieces - 1] * lengths[pieces],
                )
                alike = alike and abs(new_ - old_) <= 0.01 * (new_ + old_)
            if alike:
                lengths[pieces - 1] += lengths[pieces]
                worked[pieces - 1] += worked[pieces]
                worked_2[pieces - 1] += worked_2[pieces]
                for w in range(workflows):
                    shares[w, pieces - 1] += shares[w, pieces]
                pieces -= 1
        pieces += 1
        t = following
    return pieces, i


@rule
def follow(given: Inputs, made: Room) -> float:
    """Follow the expected flows of a phase.

    Returns
    -------
    float
        Most items that waited for connector and AI stage at once.
    """
    state, last = made.state, made.counts.shape[1] - 1
    workflows = len(given.p2)
    steps = len(given.edges) - 1
    begin(given, made)
    first = 0
    for s in range(steps):
        stopped = given.edges[s] >= given.stops_at
        hours = (given.edges[s + 1] - given.edges[s]) / HOUR
        restricting = organise(given, made, s)
        pieces, first = cut(given, made, s, first)
        way.arrive(given, made, s, pieces)
        state[world.IN_STAGE] = 0.0
        for w in range(workflows):
            edge, unhandled = way.classify(given, made, s, w)
            exceptions, through, each = way.serve(given, made, s, w, edge)
            way.join(given, made, s, w, unhandled, exceptions, through, each)
        state[world.PEAK] = max(state[world.PEAK], state[world.IN_STAGE])
        way.review(given, made, s, pieces)
        way.specialise(given, made, s, pieces)
        surfaced = way.surface(given, made, s)
        if not stopped and given.month_of[s] < last:
            changes.change(given, made, s, surfaced)
        world.trust(state, 0.0 if stopped else restricting, hours, given.p2[0])
        changes.hire(given, made, s)
    way.drain(given, made, given.stops_at < given.edges[steps])
    return state[world.PEAK]


@rule
def move(new: Floats, regimes: Floats, turnover: float, queue: Floats, work: Floats, number: Floats) -> None:
    """Move what waits between the regimes as their probabilities change.

    Parameters
    ----------
    new, regimes : Floats[3]
        Probabilities of the usual regime, of all being reviewed, and of a suspension: now, and before; the
        latter become the former.
    turnover : float
        Probability that a restriction begins in this step; as much ends, but for the change.
    queue, work, number : Floats[4, ...]
        What waits in each regime, and for specialists; updated.
    """
    down = up = 0.0
    for i in range(3):
        down += max(0.0, regimes[i] - new[i])
        up += max(0.0, new[i] - regimes[i])
    # Beside the change, as many futures enter the restricted regime as leave it.
    swap = min(max(0.0, turnover - down), min(new[0], new[1]))
    for w in range(work.shape[1]):
        for q in range(2):
            pool_work = pool_number = 0.0
            for i in range(3):
                if regimes[i] > 0.0 and new[i] < regimes[i]:
                    part = 1.0 - new[i] / regimes[i]
                    pool_work += part * work[i, w, q]
                    pool_number += part * number[i, w, q]
                    work[i, w, q] *= 1.0 - part
                    number[i, w, q] *= 1.0 - part
            for i in range(3):
                if new[i] > regimes[i]:
                    part = (new[i] - regimes[i]) / up
                    work[i, w, q] += part * pool_work
                    number[i, w, q] += part * pool_number
            for j in range(queue.shape[3]):
                pool = 0.0
                for i in range(3):
                    if regimes[i] > 0.0 and new[i] < regimes[i]:
                        part = 1.0 - new[i] / regimes[i]
                        pool += part * queue[i, w, q, j]
                        queue[i, w, q, j] *= 1.0 - part
                for i in range(3):
                    if new[i] > regimes[i]:
                        queue[i, w, q, j] += (new[i] - regimes[i]) / up * pool
            if swap > 0.0:
                a, b = swap / new[0], swap / new[1]
                change = b * work[1, w, q] - a * work[0, w, q]
                work[0, w, q] += change
                work[1, w, q] -= change
                change = b * number[1, w, q] - a * number[0, w, q]
                number[0, w, q] += change
                number[1, w, q] -= change
                for j in range(queue.shape[3]):
                    change = b * queue[1, w, q, j] - a * queue[0, w, q, j]
                    queue[0, w, q, j] += change
                    queue[1, w, q, j] -= change
    for i in range(3):
        regimes[i] = new[i]
