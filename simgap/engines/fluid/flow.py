"""One phase, step by step: what is expected to arrive, to be decided, seen, caught, lost and changed."""

from __future__ import annotations

import math
from typing import NamedTuple

from simgap.compiling import rule
from simgap.engines.fluid import mix as mixes
from simgap.engines.fluid import team as teams_
from simgap.engines.fluid import world
from simgap.engines.fluid.mix import (
    AR,
    ARC,
    AW,
    AWC,
    EDG,
    EXAMPLES,
    EXC,
    EXCEPTION,
    FIELDS,
    HAND,
    HANDED_OVER,
    RIGHT,
    RIGHT_EDGE,
    RT,
    RTC,
    WORK,
    WR,
    WR_CAUGHT,
    WR_EXPERT,
    WRC,
)
from simgap.engines.physics import Count
from simgap.model import items, production
from simgap.model.clock import HOUR
from simgap.model.parameters import P, T
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import logistic

PIECES = 172  # of a step, at most: hours of a week, and where it is cut
MS = 3.6e6  # milliseconds an hour
US = 3.6e9

ARRIVED, DUPLICATES, AI_SERVED, AI_DECISIONS, AI_RIGHT = (
    int(Count.ARRIVED),
    int(Count.DUPLICATES),
    int(Count.AI_SERVED),
    int(Count.AI_DECISIONS),
    int(Count.AI_RIGHT),
)
STRAIGHT, REVIEWED, MANUAL, FALLBACK, LOST, SUSPENDED, DECLINED = (
    int(Count.STRAIGHT),
    int(Count.REVIEWED),
    int(Count.MANUAL),
    int(Count.FALLBACK),
    int(Count.LOST),
    int(Count.SUSPENDED),
    int(Count.DECLINED),
)
DUPLICATE_DONE, DUPLICATE_FALLBACK = int(Count.DUPLICATE_DONE), int(Count.DUPLICATE_FALLBACK)
ESCAPED_STRAIGHT, ESCAPED_MISSED, ESCAPED_OVERTURNED, ESCAPED_MANUAL = (
    int(Count.ESCAPED_STRAIGHT),
    int(Count.ESCAPED_MISSED),
    int(Count.ESCAPED_OVERTURNED),
    int(Count.ESCAPED_MANUAL),
)
CAUGHT, EXCEPTIONS, EDGE_CASES = int(Count.CAUGHT), int(Count.EXCEPTIONS), int(Count.EDGE_CASES)
TRIGGER_CONFIDENCE, TRIGGER_EXCEPTION, TRIGGER_EDGE = (
    int(Count.TRIGGER_CONFIDENCE),
    int(Count.TRIGGER_EXCEPTION),
    int(Count.TRIGGER_EDGE),
)
# Columns of a team: queued, missed, offered, used, by hand.
FIRST_COLUMN = (int(Count.QUEUED), int(Count.SPECIALIST_QUEUED))
AI_WAIT, DELAY, LEGACY_DELAY = int(Count.AI_WAIT), int(Count.DELAY), int(Count.LEGACY_DELAY)
AUDITED, AUDIT_FAULTED = int(Count.AUDITED), int(Count.AUDIT_FAULTED)
ALARMS, FALSE_ALARMS, SHOCKS = int(Count.ALARMS), int(Count.FALSE_ALARMS), int(Count.SHOCKS)
SCHEMA_CHANGES, BIRTHS, HIRED = int(Count.SCHEMA_CHANGES), int(Count.BIRTHS), int(Count.HIRED)
CHANGES_CONNECTOR, CHANGES_RETRAINING, CHANGES_EDGE = (
    int(Count.CHANGES_CONNECTOR),
    int(Count.CHANGES_RETRAINING),
    int(Count.CHANGES_EDGE),
)
CHANGES_DONE, CHANGE_LEAD = int(Count.CHANGES_DONE), int(Count.CHANGE_LEAD)
# Places of the ends in `ends_by_class`, as in `ENDS`.
E_STRAIGHT, E_REVIEWED, E_MANUAL, E_FALLBACK, E_LOST, E_SUSPENDED, E_DECLINED = range(7)


@rule
def book_end(
    y: Floats,
    factor: float,
    team: int,
    p: Floats,
    duplicates: float,
    row: Floats,
    by_class: Floats,
    escapes: Floats,
    month: int,
) -> float:
    """Book what a team has decided, and return the consequential errors that escape.

    Parameters
    ----------
    y : Floats[FIELDS + classes]
        What a team had; a share `factor` of it is decided now.
    team : int
        0 for reviewers, 1 for specialists.
    p : Floats
        Packed parameters.
    duplicates : float
        Duplicates for each unique item.
    row : Floats[len(Count)]
        Counts of the month; added to.
    by_class : Floats[classes, 7]
        Ends; added to.
    escapes : Floats[classes, months + 1]
        Escaped errors; added to.
    month : int
        Now.
    """
    manual = factor * (y[EXC] + y[EDG])
    decided = factor * (y[RT] + y[WR] + y[AR] + y[AW])
    row[MANUAL] += manual
    row[REVIEWED] += decided
    row[DUPLICATE_DONE] += duplicates * (manual + decided)
    caught = factor * y[WR_EXPERT if team else WR_CAUGHT]
    missed = factor * y[WR] - caught + factor * y[AW] * p[P.AUDIT_MISS]
    overturned = factor * (y[RT] * p[P.OVERTURN] + y[AR] * p[P.AUDIT_FALSE])
    wrong = manual * p[P.MANUAL_ERROR]
    row[ESCAPED_MISSED] += missed
    row[ESCAPED_OVERTURNED] += overturned
    row[ESCAPED_MANUAL] += wrong
    row[CAUGHT] += caught + factor * y[AW] * (1.0 - p[P.AUDIT_MISS])
    row[AUDITED] += factor * (y[AR] + y[AW]) * (1.0 + duplicates)
    faulted = y[AR] * p[P.AUDIT_FALSE] + y[AW] * (1.0 - p[P.AUDIT_MISS])
    row[AUDIT_FAULTED] += factor * faulted * (1.0 + duplicates)
    classes = len(by_class)
    total = 0.0
    for k in range(classes):
        total += y[FIELDS + k]
    if total > 0.0:
        for k in range(classes):
            share = y[FIELDS + k] / total
            by_class[k, E_MANUAL] += share * manual
            by_class[k, E_REVIEWED] += share * decided
            escapes[k, month] += share * (missed + overturned + wrong)
    uncaught = 1.0 - y[WR_EXPERT if team else WR_CAUGHT] / y[WR] if y[WR] > 0.0 else 0.0
    return factor * (
        y[WRC] * uncaught
        + y[AWC] * p[P.AUDIT_MISS]
        + y[RTC] * p[P.OVERTURN]
        + y[ARC] * p[P.AUDIT_FALSE]
        + (y[EXC] + y[EDG]) * p[P.MANUAL_ERROR] * p[P.CONSEQUENTIAL]
    )


@rule
def book_loss(
    y: Floats, factor: float, duplicates: float, row: Floats, by_class: Floats, missed_column: int
) -> float:
    """Book a share of what waited that went the legacy way; return the unique items."""
    lost = factor * (y[EXC] + y[EDG] + y[RT] + y[WR] + y[AR] + y[AW])
    row[FALLBACK] += lost
    row[DUPLICATE_FALLBACK] += duplicates * lost
    row[missed_column] += lost * (1.0 + duplicates)
    for k in range(len(by_class)):
        by_class[k, E_FALLBACK] += factor * y[FIELDS + k]
    return lost


@rule
def set_work(y: Floats, t: Floats) -> None:
    """Write the hours of review that what joins a queue brings, shrinkage included."""
    each = t[T.TIME] / (1.0 - t[T.SHRINKAGE])
    y[HAND] = each * (y[EXC] * t[T.EXCEPTION_FACTOR] + y[EDG] * t[T.EDGE_FACTOR])
    decided = y[RT] + y[WR] + y[AR] + y[AW]
    y[WORK] = y[HAND] + each * decided + teams_.LEAST_WORK * (decided + y[EXC] + y[EDG])


class Inputs(NamedTuple):
    """What a phase is read from; arrays by workflow first. Instants are microseconds since go-live.

    Attributes
    ----------
    p2, teams : Floats[workflows, len(P)] and Floats[2, workflows, len(T)]
        Packed parameters.
    levels : Floats[workflows, knots]
        Cumulative intensity of unique items.
    ratio : Floats[workflows]
        Duplicates for each unique item.
    widths : Floats[workflows, classes]
        Share of the items in each value class.
    frequencies, types : Floats[workflows, most types], Ints[workflows]
        Of the edge-case types.
    cuts : Floats[workflows, 2 CUTS]
        Of the confidence score at go-live.
    waiting, waiting_from, joins : Ints[workflows]
        Opening backlog, and when the workflows begin.
    knots, edges, month_of : Ints
        Knots of the intensity; ends of the steps, and the month of each.
    planned, nobody : Floats[steps + 1], Ints[steps]
        Reviewers by plan in each step, and specialists last; whether no reviewer is there or comes.
    exact, by_hour_1, by_hour_2 : Floats[2, steps + 1], Floats, Floats
        Staffed hours by the ends of the steps, and by each hour, of reviewers and specialists.
    order : Ints[2, workflows]
        The workflows by their patience with each team.
    batch : float
        Squared coefficient of variation of the gaps between arrivals.
    regular : bool
        Whether the gaps are deterministic.
    concurrency, priority, window, probation, stops_at
        As in `Packed`; times in hours, priority as one mask.
    dynamic : bool
        Whether types of edge case come to be handled, or are born.
    last_look : int
        Instant of the last look at the backlog.
    nodes, weights : Floats[n]
        Of the quadrature over hardness.
    """

    p2: Floats
    teams: Floats
    levels: Floats
    ratio: Floats
    widths: Floats
    frequencies: Floats
    types: Ints
    cuts: Floats
    waiting: Ints
    waiting_from: Ints
    joins: Ints
    knots: Ints
    edges: Ints
    month_of: Ints
    planned: Floats
    nobody: Ints
    exact: Floats
    by_hour_1: Floats
    by_hour_2: Floats
    order: Ints
    batch: float
    regular: bool
    concurrency: float
    priority: int
    window: float
    probation: float
    stops_at: int
    dynamic: bool
    last_look: int
    nodes: Floats
    weights: Floats


class Room(NamedTuple):
    """What is written: what was counted, the state between steps, and space to work in; all zero at first."""

    counts: Floats
    by_class: Floats
    capacity: Floats
    backlog: Floats
    level_time: Floats
    escapes: Floats
    incidents: Floats
    changes_open: Floats
    drift_read: Floats
    state: Floats
    queue: Floats
    work: Floats
    number: Floats
    flows: Floats
    open_table: Floats
    still: Floats
    entries: Floats
    ends: Floats
    handled: Floats
    examples: Floats
    place: Floats
    done_at: Floats
    odds: Floats
    catches: Floats
    mix: Floats
    straight: Floats
    review: Floats
    trigger: Floats
    in_work: Floats
    in_items: Floats
    served: Floats
    lost: Floats
    area: Floats
    latent: Floats
    in_stage: Floats
    passed: Floats
    broken: Floats
    failing: Floats
    pi: Floats
    known: Floats
    extra: Floats
    seen_items: Floats
    new_cuts: Floats
    now_cuts: Floats
    straight_2: Floats
    review_2: Floats
    now_: Floats
    regimes: Floats
    pieces: Floats
    shares: Floats
    firsts: Floats
    coming: Floats


@rule
def follow(given: Inputs, made: Room) -> float:
    """Follow the expected flows of a phase.

    Returns
    -------
    float
        Most items that waited for connector and AI stage at once.
    """
    p2 = given.p2
    teams = given.teams
    levels = given.levels
    ratio = given.ratio
    widths = given.widths
    frequencies = given.frequencies
    types = given.types
    cuts = given.cuts
    waiting = given.waiting
    waiting_from = given.waiting_from
    joins = given.joins
    knots = given.knots
    edges = given.edges
    month_of = given.month_of
    planned = given.planned
    nobody = given.nobody
    exact = given.exact
    by_hour_1 = given.by_hour_1
    by_hour_2 = given.by_hour_2
    order = given.order
    batch = given.batch
    regular = given.regular
    concurrency = given.concurrency
    priority = given.priority
    window = given.window
    probation = given.probation
    stops_at = given.stops_at
    dynamic = given.dynamic
    last_look = given.last_look
    nodes = given.nodes
    weights = given.weights
    counts = made.counts
    by_class = made.by_class
    capacity = made.capacity
    backlog = made.backlog
    level_time = made.level_time
    escapes = made.escapes
    incidents = made.incidents
    changes_open = made.changes_open
    drift_read = made.drift_read
    state = made.state
    queue = made.queue
    work = made.work
    number = made.number
    flows = made.flows
    open_table = made.open_table
    still = made.still
    entries = made.entries
    ends = made.ends
    handled = made.handled
    examples = made.examples
    place = made.place
    done_at = made.done_at
    odds = made.odds
    catches = made.catches
    mix = made.mix
    straight = made.straight
    review = made.review
    trigger = made.trigger
    in_work = made.in_work
    in_items = made.in_items
    served = made.served
    lost = made.lost
    area = made.area
    latent = made.latent
    in_stage = made.in_stage
    passed = made.passed
    broken = made.broken
    failing = made.failing
    pi = made.pi
    known = made.known
    extra = made.extra
    seen_items = made.seen_items
    new_cuts = made.new_cuts
    now_cuts = made.now_cuts
    straight_2 = made.straight_2
    review_2 = made.review_2
    now_ = made.now_
    regimes = made.regimes
    rooms = made.pieces
    shares = made.shares
    firsts = made.firsts
    coming = made.coming
    workflows, classes = len(p2), widths.shape[1]
    steps = len(edges) - 1
    p = p2[0]
    last = counts.shape[1] - 1
    n_nodes = len(nodes)
    width = FIELDS + classes
    lengths, worked, worked_2 = rooms[0], rooms[1], rooms[2]

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
    congestion = congestion_2 = busy = 0.0
    solved = 0.0
    peak = ordered = 0.0
    rho_changes = 0.0
    available = 1.0
    residual = 0.0
    if p[P.OUTAGES] > 0.0:
        down = p[P.OUTAGES] / 8760.0 * p[P.OUTAGE_TIME]
        available = 1.0 / (1.0 + down)
        residual = 0.5 * p[P.OUTAGE_TIME] * (1.0 + p[P.OUTAGE_CV] * p[P.OUTAGE_CV])
    first = 0  # place among the knots
    regimes[0] = 1.0

    for s in range(steps):
        t0, t1, month = edges[s], edges[s + 1], month_of[s]
        hours = (t1 - t0) / HOUR
        start, middle = t0 / HOUR, 0.5 * (t0 + t1) / HOUR
        half = t0 + (t1 - t0) // 2
        stopped = t0 >= stops_at
        connected = production.connected(half, joins)

        # The organisation: levels, trust, drift.
        restricting = world.levels_of(
            middle, s, ends, flows, open_table, failing, entries, still, window, probation, p, pi
        )
        if stopped:
            pi[0] = pi[1] = pi[2] = 0.0
            pi[3] = 1.0
        active = 1.0 - pi[3]
        for i in range(3):
            known[i] = pi[i] / active if active > 0.0 else 0.0
        for i in range(4):
            level_time[month, i] += pi[i] * hours
        drift = state[world.OFFSET] + p[P.EROSION] * middle
        now_[0], now_[1], now_[2] = pi[0] + pi[1], pi[2], pi[3]
        move(now_, regimes, restricting * hours, queue, work, number)

        # The pieces of the step.
        pieces, t = 0, t0
        i = first
        for w in range(workflows):
            area[w] = 0.0
            for q in range(2):
                in_work[2, w, q] = in_items[2, w, q] = in_work[3, w, q] = in_items[3, w, q] = 0.0
        sum_1 = sum_2 = 0.0
        while t < t1:
            while knots[i + 1] <= t:
                i += 1
            following = min(t1, knots[i + 1])
            part = (following - t) / (knots[i + 1] - knots[i])
            begins, closes = t / HOUR, following / HOUR
            lengths[pieces] = closes - begins
            worked[pieces] = teams_.staffed_by(closes, by_hour_1) - teams_.staffed_by(begins, by_hour_1)
            worked_2[pieces] = teams_.staffed_by(closes, by_hour_2) - teams_.staffed_by(begins, by_hour_2)
            sum_1 += worked[pieces]
            sum_2 += worked_2[pieces]
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
        first = i

        # What joins the AI stage in each piece, unique items that are no exceptions.
        limit = p[P.THROUGHPUT]
        for w in range(workflows):
            pw = p2[w]
            row = counts[w, month]
            d = ratio[w]
            began = waiting_from[w]
            spike = float(waiting[w]) if t0 == began else 0.0
            arrived = 0.0
            for j in range(pieces):
                arrived += shares[w, j]
            lost_trust = state[world.TRUST_LOST]
            adopted = (
                production.adopted_share(t0, began, lost_trust, t0, pw)
                + 4.0 * production.adopted_share(half, began, lost_trust, half, pw)
                + production.adopted_share(t1, began, lost_trust, t1, pw)
            ) / 6.0
            if pw[P.RECOVERY] <= 0.0:
                lost_trust = 0.0
            sent = active * (arrived * adopted)
            if spike > 0.0:
                sent += active * spike * production.adopted_share(t0, began, lost_trust, t0, pw)
                shares[w, 0] += spike
                arrived += spike
            row[ARRIVED] += arrived
            row[DUPLICATES] += arrived * d
            suspended = arrived * pi[3]
            declined = arrived - suspended - sent
            row[SUSPENDED] += suspended
            row[DECLINED] += declined
            row[DUPLICATE_FALLBACK] += d * (suspended + declined)
            for k in range(classes):
                by_class[w, k, E_SUSPENDED] += suspended * widths[w, k]
                by_class[w, k, E_DECLINED] += declined * widths[w, k]
            scale = 1.0 / arrived if arrived > 0.0 else 0.0
            for j in range(pieces):
                shares[w, j] *= scale
            passed[w] = sent

        # Each workflow: what its items are, and what the AI makes of them.
        stage_total = 0.0
        for w in range(workflows):
            pw = p2[w]
            row = counts[w, month]
            d = ratio[w]
            sent = passed[w]
            for j in range(n_nodes):
                for of in range(3):
                    tw = teams[of // 2, w]
                    x = congestion_2 if of == 2 else busy if of else congestion
                    catches[of, j] = logistic(
                        tw[T.CATCH_INTERCEPT] - pw[P.RHO] * pw[P.HARDNESS] * nodes[j] - tw[T.GAMMA] * x
                    )
            edge = items.edge_share(connected, pw)
            known_types = 0.0
            for r in range(types[w]):
                known_types += frequencies[w, r] * handled[w, r]
            unhandled = edge * (1.0 - (1.0 - pw[P.NEVER_REPEATS]) * known_types)
            schema = 1.0 - (1.0 - pw[P.SCHEMA]) * math.exp(-pw[P.SCHEMA_BROKEN] * broken[w])
            mixes.mix_of(pw, schema, unhandled, drift, odds[w], weights, catches, mix)
            # Retraining sets the threshold again, for the mix that there is then.
            retrained = -math.expm1(-state[world.RETRAINED])
            if retrained > solved + 0.2:
                items.set_cuts(mixes.threshold_for(pw[P.LEAST_CONFIDENT], mix, pw), pw, new_cuts[w], 0)
                guarded = mixes.threshold_for(pw[P.GUARDED_LEAST_CONFIDENT], mix, pw)
                items.set_cuts(guarded, pw, new_cuts[w], items.CUTS)
                if w == workflows - 1:
                    solved = retrained
            for j in range(2 * items.CUTS):
                now_cuts[j] = cuts[w, j] + retrained * (new_cuts[w, j] - cuts[w, j])
            mixes.route(pw, now_cuts, widths[w], known, 0, 2, priority, mix, straight, review)
            mixes.route(pw, now_cuts, widths[w], known, 2, 3, priority, mix, straight_2, review_2)
            for j in range(len(straight)):
                straight[j] += straight_2[j]

            exceptions = sent * mix[EXCEPTION]
            row[EXCEPTIONS] += exceptions
            row[EDGE_CASES] += sent * edge
            row[TRIGGER_EXCEPTION] += exceptions * (1.0 + d)
            reach = sent - exceptions
            gone = reach * (1.0 - available) * pw[P.LOST]
            row[LOST] += gone
            row[DUPLICATE_FALLBACK] += d * gone
            row[LEGACY_DELAY] += gone * residual * MS
            for k in range(classes):
                by_class[w, k, E_LOST] += gone * widths[w, k]
            reach -= gone
            # Where the stage is limited, what it cannot take waits, and passes later.
            wait_each = (1.0 - available) * residual
            through = reach
            cap = math.inf
            if limit < math.inf:
                cap = limit * hours / (1.0 + d)
            if concurrency < 1e9 and pw[P.LATENCY] > 0.0:
                cap = min(cap, concurrency * available / pw[P.LATENCY] * hours / (1.0 + d))
            if workflows > 1 and cap < math.inf:
                everything = 0.0
                for v in range(workflows):
                    everything += passed[v] + in_stage[v]
                cap *= (passed[w] + in_stage[w]) / everything if everything > 0.0 else 1.0
            before = in_stage[w]
            in_stage[w] += reach
            if s < steps - 1:
                through = min(in_stage[w], cap)
            else:
                through = in_stage[w]
            in_stage[w] -= through
            stage_total += in_stage[w]
            queue_time = 0.5 * (before + in_stage[w]) * hours
            if cap < math.inf and cap > 0.0 and through > 0.0 and hours > 0.0:
                load = min(through / cap, teams_.BUSIEST)
                if limit < math.inf:
                    queue_time += through * (0.0 if regular else 0.5) * load / (1.0 - load) / limit
                if concurrency < 1e9 and pw[P.LATENCY] > 0.0:
                    chance = teams_.waits(load * concurrency, concurrency)
                    queue_time += through * chance * pw[P.LATENCY] / concurrency / (1.0 - load)
            row[AI_WAIT] += (queue_time + through * wait_each) * (1.0 + d) * MS
            each = pw[P.LATENCY] + wait_each + (queue_time / through if through > 0.0 else 0.0)

            handed = through * mix[HANDED_OVER]
            row[AI_SERVED] += through * (1.0 + d)
            row[AI_DECISIONS] += through - handed
            row[AI_RIGHT] += through * (mix[RIGHT] + mix[RIGHT_EDGE])
            row[TRIGGER_EDGE] += handed * (1.0 + d)
            mixes.triggers(pw, now_cuts, widths[w], known, mix, trigger)
            for j in range(8):
                row[TRIGGER_CONFIDENCE + j] += through * (1.0 + d) * trigger[j]
            row[STRAIGHT] += through * straight[0]
            row[DUPLICATE_DONE] += d * through * straight[0]
            row[ESCAPED_STRAIGHT] += through * straight[1]
            row[DELAY] += through * straight[0] * each * MS
            latent[w] += through * straight[2] * pw[P.SURFACED]
            for k in range(classes):
                by_class[w, k, E_STRAIGHT] += through * straight[3 + k]
                escapes[w, k, month] += through * straight[3 + classes + k]

            # What joins the queue of the reviewers.
            seen = 0.0
            for g in range(4):
                regime, q = g // 2, g % 2
                y = review_2[q] if regime else review[q]
                of_regime = known[2] if regime else known[0] + known[1]
                for j in range(width):
                    y[j] *= through
                if (priority & items.EXCEPTION != 0) == (q == 0):
                    y[EXC] += exceptions * of_regime
                    y[EXAMPLES] += exceptions * of_regime * unhandled
                    for k in range(classes):
                        y[FIELDS + k] += exceptions * of_regime * widths[w, k]
                if (priority & items.EDGE != 0) == (q == 0):
                    y[EDG] += handed * of_regime
                    y[EXAMPLES] += handed * of_regime
                    for k in range(classes):
                        y[FIELDS + k] += handed * of_regime * widths[w, k]
                set_work(y, teams[0, w])
                joined = y[EXC] + y[EDG] + y[RT] + y[WR] + y[AR] + y[AW]
                in_items[regime, w, q] = joined * (1.0 + d)
                in_work[regime, w, q] = y[WORK] * (1.0 + d)
                row[FIRST_COLUMN[0]] += joined * (1.0 + d)
                row[FIRST_COLUMN[0] + 2] += y[WORK] * (1.0 + d) * US
                row[DELAY] += joined * each * MS
                seen += y[EXAMPLES]
                for j in range(width):
                    queue[regime, w, q, j] += y[j]
            seen_items[w] = seen
        peak = max(peak, stage_total)

        # The reviewers: their heads, and what they do.
        world.hired_heads(firsts, coming, start, start + hours, p, extra)
        heads = 0.0 if stopped else planned[s] + extra[0]
        slow = heads / (heads - extra[1]) if heads > extra[1] else 1.0
        leaves = (nobody[s] > 0 or stopped) and heads <= 0.0
        for regime in range(3):
            if regimes[regime] <= 0.0:
                continue
            x = teams_.work_off(
                teams[0], regimes[regime], heads, slow, leaves, order[0], start, pieces, lengths, worked, shares,
                by_hour_1, batch, in_work[regime], in_items[regime], work[regime], number[regime], served, lost,
                area,
            )  # fmt: skip
            if regime == 0:
                congestion = x
            elif regime == 1:
                busy = x
            quick = slow * (1.0 - teams[0, 0, T.DELTA] * x)
            for w in range(workflows):
                pw = p2[w]
                row = counts[w, month]
                d = ratio[w]
                new = done_items = lost_items = 0.0
                for q in range(2):
                    y = queue[regime, w, q]
                    whole = work[regime, w, q] + served[w, q] + lost[w, q]
                    if whole <= 0.0:
                        continue
                    done, gone = served[w, q] / whole, lost[w, q] / whole
                    row[FIRST_COLUMN[0] + 3] += done * y[WORK] * (1.0 + d) * quick * US
                    row[FIRST_COLUMN[0] + 4] += done * y[HAND] * (1.0 + d) * quick * US
                    lost_items += book_loss(y, gone, d, row, by_class[w], FIRST_COLUMN[0] + 1)
                    up = pw[P.ESCALATED]
                    new += book_end(y, done * (1.0 - up), 0, pw, d, row, by_class[w], escapes[w], month)
                    done_items += done * (y[EXC] + y[EDG] + y[RT] + y[WR] + y[AR] + y[AW])
                    row[DELAY] += done * y[WORK] * quick * (1.0 - up) * MS
                    if up > 0.0:
                        z = review[0]
                        for j in range(width):
                            z[j] = y[j] * done * up
                        set_work(z, teams[1, w])
                        joined = z[EXC] + z[EDG] + z[RT] + z[WR] + z[AR] + z[AW]
                        row[FIRST_COLUMN[1]] += joined * (1.0 + d)
                        row[FIRST_COLUMN[1] + 2] += z[WORK] * (1.0 + d) * US
                        in_items[3, w, q] += joined * (1.0 + d)
                        in_work[3, w, q] += z[WORK] * (1.0 + d)
                        for j in range(width):
                            queue[3, w, q, j] += z[j]
                    for j in range(width):
                        y[j] *= 1.0 - done - gone
                waited = area[w] / (1.0 + d)
                both = done_items + lost_items
                part = done_items / both if both > 0.0 else 1.0
                row[DELAY] += waited * part * MS
                row[LEGACY_DELAY] += waited * (1.0 - part) * MS
                latent[w] += new * pw[P.SURFACED]
                area[w] = 0.0
        drained = sum_1 > 0.0
        staffed = exact[0, s + 1] - exact[0, s]
        if month < last:
            capacity[0, month] += heads * staffed
        # The specialists.
        if p[P.ESCALATED] > 0.0 or workflows > 1:
            for w in range(workflows):
                for j in range(pieces):
                    shares[w, j] = worked[j] / sum_1 if drained else lengths[j] / hours
            x = teams_.work_off(
                teams[1], 1.0, 0.0 if stopped else planned[steps], 1.0, planned[steps] <= 0.0 or stopped, order[1],
                start, pieces, lengths, worked_2, shares, by_hour_2, batch, in_work[3], in_items[3],
                work[3], number[3], served, lost, area,
            )  # fmt: skip
            congestion_2 = x
            quick = 1.0 - teams[1, 0, T.DELTA] * x
            for w in range(workflows):
                pw = p2[w]
                row = counts[w, month]
                d = ratio[w]
                for q in range(2):
                    y = queue[3, w, q]
                    whole = work[3, w, q] + served[w, q] + lost[w, q]
                    if whole <= 0.0:
                        continue
                    done, gone = served[w, q] / whole, lost[w, q] / whole
                    row[FIRST_COLUMN[1] + 3] += done * y[WORK] * (1.0 + d) * quick * US
                    row[FIRST_COLUMN[1] + 4] += done * y[HAND] * (1.0 + d) * quick * US
                    book_loss(y, gone, d, row, by_class[w], FIRST_COLUMN[1] + 1)
                    latent[w] += pw[P.SURFACED] * book_end(
                        y, done, 1, pw, d, row, by_class[w], escapes[w], month
                    )
                    row[DELAY] += done * y[WORK] * quick * MS
                    for j in range(width):
                        y[j] *= 1.0 - done - gone
                row[DELAY] += area[w] / (1.0 + d) * MS
        if month < last:
            capacity[1, month] += (0.0 if stopped else planned[steps]) * (exact[1, s + 1] - exact[1, s])

        # Incidents surface after a lag.
        incidents_now = 0.0
        for w in range(workflows):
            pw = p2[w]
            z = hours / pw[P.LAG] if pw[P.LAG] > 0.0 else math.inf
            out = latent[w] * (-math.expm1(-z))
            latent[w] -= out
            flows[w, s] = out
            incidents[w, month, 0] += out
            incidents[w, month, 1] += out * failing[w]
            incidents_now += out
        before = state[world.INCIDENTS]
        state[world.INCIDENTS] += incidents_now

        # Changes: connectors first, then retraining, then types of edge case.
        length = world.lag(p, connected)
        cv = p[P.LEAD_TIME_CV]
        slots = p[P.IN_PARALLEL]
        busy = min(rho_changes, 0.95)
        wait = busy / slots * 0.5 * length * (1.0 + cv * cv)
        used = 0.0
        opened = 0.0
        if not stopped and month < last:
            for w in range(workflows):
                pw = p2[w]
                if t1 <= joins[w]:
                    continue
                row = counts[w, month]
                rate = pw[P.SCHEMA_CHANGES] / production.YEAR
                repairs, stays = world.changes_of_source(pw[P.SCHEMA_CHANGES], length, wait, cv)
                row[SCHEMA_CHANGES] += rate * hours
                row[CHANGES_CONNECTOR] += repairs * hours
                row[CHANGES_DONE] += repairs * hours
                row[CHANGE_LEAD] += repairs * hours * (wait + length) * MS
                opened += min(1.0, repairs * (wait + length))
                used += repairs * length
                if stays > 0.0:
                    ease = math.exp(-hours / stays)
                    broken[w] = broken[w] * ease + rate * stays * (1.0 - ease)
                row[BIRTHS] += pw[P.BIRTHS] / production.YEAR * hours
            conn_rho = min(used / slots, 1.0)

            # The model.
            audits = faults = 0.0
            for w in range(workflows):
                audits += counts[w, month, AUDITED]
                faults += counts[w, month, AUDIT_FAULTED]
            new_audits = audits - state[world.AUDITED_HERE]
            new_faults = faults - state[world.FAULTED_HERE]
            if s > 0 and month_of[s - 1] != month:
                new_audits, new_faults = audits, faults
            state[world.AUDITED_HERE], state[world.FAULTED_HERE] = audits, faults
            alarm = world.watch(state, new_audits, new_faults, start + hours, p)
            row = counts[0, month]
            row[ALARMS] += alarm
            if p[P.EROSION] <= 0.0 and state[world.OFFSET] < 1e-9:
                row[FALSE_ALARMS] += alarm
            by_incidents = world.renewals(0.5 * (before + state[world.INCIDENTS]), p[P.RETRAIN_AFTER])
            asked = (alarm + by_incidents * incidents_now) * (1.0 - min(1.0, state[world.OPEN_RETRAINING]))
            wait_model = wait / max(0.05, 1.0 - conn_rho)
            takes = wait_model + length
            before_it = state[world.OPEN_RETRAINING]
            state[world.OPEN_RETRAINING] += asked
            ready = state[world.OPEN_RETRAINING]
            if takes > 0.0:
                ready = (before_it + 0.5 * asked) * -math.expm1(-hours / takes)
            state[world.OPEN_RETRAINING] -= ready
            state[world.RETRAINED] += ready
            row[CHANGES_RETRAINING] += asked
            row[CHANGES_DONE] += ready
            row[CHANGE_LEAD] += ready * takes * MS
            shocks = p[P.SHOCKS] / production.YEAR * hours
            row[SHOCKS] += shocks
            state[world.OFFSET] += shocks * p[P.SHOCK_SIZE]
            here = state[world.OFFSET] + p[P.EROSION] * (start + hours)
            then = max(0.0, here - p[P.EROSION] * length)
            state[world.OFFSET] -= min(1.0, ready) * p[P.RETRAINING_REMOVES] * then
            if p[P.CHARTED] > 0.5 and ready > 0.0:
                old = state[world.WATCHING]
                state[world.WATCHING] = min(1.0, old + ready)
                fresh = min(1.0, ready / max(state[world.WATCHING], 1e-12))
                state[world.AUDITS] *= 1.0 - fresh
                state[world.FAULTS] *= 1.0 - fresh
                state[world.WATCHED_SINCE] += fresh * (start + hours - state[world.WATCHED_SINCE])
            opened += state[world.OPEN_RETRAINING]

            # Types of edge case.
            model_rho = asked * length / hours / slots
            if dynamic:
                begun = state[world.EDGE_STARTS]
                free = max(0.0, 1.0 - conn_rho - model_rho) * slots
                room = math.inf if length <= 0.0 else free * hours / length
                for w in range(workflows):
                    pw = p2[w]
                    if types[w] == 0 or t1 <= joins[w]:
                        continue
                    # Examples of a type that is not handled, for each unit of frequency.
                    unhandled_types = 0.0
                    for r in range(types[w]):
                        unhandled_types += frequencies[w, r] * (1.0 - handled[w, r])
                    unhandled_types *= 1.0 - pw[P.NEVER_REPEATS]
                    of_types = seen_items[w] / (unhandled_types + pw[P.NEVER_REPEATS])
                    of_types = of_types if unhandled_types > 0.0 else 0.0
                    queued = state[world.EDGE_REQUESTS] - state[world.EDGE_STARTS]
                    wait_edge = wait_model + (queued / free * length if free > 1e-6 else 1e9)
                    world.learn_types(
                        pw, frequencies[w, : types[w]], handled[w], examples[w], place[w], done_at[w],
                        of_types * (1.0 - pw[P.NEVER_REPEATS]), hours, start + hours, length, state, wait_edge,
                    )  # fmt: skip
                state[world.EDGE_STARTS] = min(state[world.EDGE_REQUESTS], begun + room)
                starts = state[world.EDGE_STARTS] - begun
                row[CHANGES_EDGE] += starts
                row[CHANGES_DONE] += starts
                row[CHANGE_LEAD] += starts * (wait_model + length) * MS
                queued = state[world.EDGE_REQUESTS] - state[world.EDGE_STARTS]
                opened += queued + starts * length / hours
                rho_changes = min(1.0, conn_rho + model_rho + starts * length / hours / slots)
            else:
                rho_changes = min(1.0, conn_rho + model_rho)
        world.trust(state, restricting if not stopped else 0.0, hours, p)

        # Hiring, once a week.
        if p[P.HIRE_MAX] > 0.0 and not stopped and t1 <= last_look and t1 % (168 * HOUR) == 0:
            line = 0.0
            for w in range(workflows):
                for regime in range(3):
                    line += number[regime, w, 0] + number[regime, w, 1]
            to_come = 0.0
            for j in range(len(firsts)):
                if coming[j] > 0.0 and firsts[j] > start + hours:
                    to_come += coming[j]
            staff = int(planned[s] + extra[0] + 0.5)
            wanted = production.hires_wanted(int(line), staff, int(to_come), int(ordered), p, teams[0, 0])
            if wanted > 0:
                slot = int(min(len(firsts) - 1, ordered))
                firsts[slot] = start + hours + p[P.HIRE_LEAD_TIME]
                coming[slot] = wanted
                ordered += wanted
        for j in range(len(firsts)):
            if coming[j] > 0.0 and start <= firsts[j] < start + hours and month < last:
                counts[0, month, HIRED] += coming[j]
        if month < last:
            for team in range(2):
                line = 0.0
                for w in range(workflows):
                    for regime in range(3 if team else 0, 4 if team else 3):
                        line += number[regime, w, 0] + number[regime, w, 1]
                backlog[team, month] = line
            changes_open[month] = opened
            drift_read[month] = state[world.OFFSET] + p[P.EROSION] * (start + hours)

    drain(
        p2, teams, ratio, widths, queue, work, latent, failing, counts, by_class, escapes, incidents,
        planned[steps - 1] + extra[0], planned[steps], regimes, by_hour_1, by_hour_2, review[0],
        stops_at < edges[steps],
    )  # fmt: skip
    return peak


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


@rule
def drain(
    p2: Floats,
    teams: Floats,
    ratio: Floats,
    widths: Floats,
    queue: Floats,
    work: Floats,
    latent: Floats,
    failing: Floats,
    counts: Floats,
    by_class: Floats,
    escapes: Floats,
    incidents: Floats,
    heads: float,
    experts: float,
    regimes: Floats,
    by_hour_1: Floats,
    by_hour_2: Floats,
    moved: Floats,
    stopped: bool,
) -> None:
    """Let the queues run empty after the window; what waits for a team in which nobody is left falls back."""
    last = counts.shape[1] - 1
    for line in range(4):
        team = line // 3
        staff = 0.0 if stopped else (experts if team else heads * regimes[line])
        table = by_hour_2 if team else by_hour_1
        share_staffed = table[len(table) - 1] / max(1, len(table) - 1)
        everything = 0.0
        for w in range(len(p2)):
            everything += work[line, w, 0] + work[line, w, 1]
        for w in range(len(p2)):
            d = ratio[w]
            row = counts[w, last]
            pw = p2[w]
            for q in range(2):
                y = queue[line, w, q]
                unique = y[EXC] + y[EDG] + y[RT] + y[WR] + y[AR] + y[AW]
                if unique <= 0.0:
                    continue
                if staff <= 0.0 or share_staffed <= 0.0:
                    book_loss(y, 1.0, d, row, by_class[w], FIRST_COLUMN[team] + 1)
                    continue
                up = 0.0 if team else pw[P.ESCALATED]
                row[FIRST_COLUMN[team] + 3] += y[WORK] * (1.0 + d) * US
                row[FIRST_COLUMN[team] + 4] += y[HAND] * (1.0 + d) * US
                new = book_end(y, 1.0 - up, team, pw, d, row, by_class[w], escapes[w], last)
                latent[w] += new * pw[P.SURFACED]
                row[DELAY] += 0.5 * unique * everything / staff / share_staffed * MS
                if up > 0.0:
                    for j in range(len(y)):
                        moved[j] = y[j] * up
                    set_work(moved, teams[1, w])
                    row[FIRST_COLUMN[1]] += up * unique * (1.0 + d)
                    row[FIRST_COLUMN[1] + 2] += moved[WORK] * (1.0 + d) * US
                    for j in range(len(y)):
                        queue[3, w, q, j] += moved[j]
                    work[3, w, q] += moved[WORK] * (1.0 + d)
    for w in range(len(p2)):
        incidents[w, last, 0] += latent[w]
        incidents[w, last, 1] += latent[w] * failing[w]
        latent[w] = 0.0
