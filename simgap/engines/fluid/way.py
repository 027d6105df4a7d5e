"""The way of the items of a step: arrival, the AI, reviewers and specialists, and their ends."""

from __future__ import annotations

import math

from simgap.compiling import part, rule
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
from simgap.engines.fluid.rooms import Inputs, Room
from simgap.engines.physics import Count
from simgap.model import items, production
from simgap.model.clock import HOUR
from simgap.model.parameters import P, T
from simgap.model.types import Floats
from simgap.sampling.inversion import logistic

MS, US = 3.6e6, 3.6e9  # milliseconds and microseconds an hour

# Columns of a team: queued, missed, offered, used, by hand.
FIRST_COLUMN = (int(Count.QUEUED), int(Count.SPECIALIST_QUEUED))
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
    row[Count.MANUAL] += manual
    row[Count.REVIEWED] += decided
    row[Count.DUPLICATE_DONE] += duplicates * (manual + decided)
    caught = factor * y[WR_EXPERT if team else WR_CAUGHT]
    missed = factor * y[WR] - caught + factor * y[AW] * p[P.AUDIT_MISS]
    overturned = factor * (y[RT] * p[P.OVERTURN] + y[AR] * p[P.AUDIT_FALSE])
    wrong = manual * p[P.MANUAL_ERROR]
    row[Count.ESCAPED_MISSED] += missed
    row[Count.ESCAPED_OVERTURNED] += overturned
    row[Count.ESCAPED_MANUAL] += wrong
    row[Count.CAUGHT] += caught + factor * y[AW] * (1.0 - p[P.AUDIT_MISS])
    row[Count.AUDITED] += factor * (y[AR] + y[AW]) * (1.0 + duplicates)
    faulted = y[AR] * p[P.AUDIT_FALSE] + y[AW] * (1.0 - p[P.AUDIT_MISS])
    row[Count.AUDIT_FAULTED] += factor * faulted * (1.0 + duplicates)
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
    row[Count.FALLBACK] += lost
    row[Count.DUPLICATE_FALLBACK] += duplicates * lost
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


@rule
def outages(p: Floats) -> tuple[float, float]:
    """Return the share of the time for which the AI is up, and how long an outage still lasts on average."""
    down = p[P.OUTAGES] / production.YEAR * p[P.OUTAGE_TIME]
    return 1.0 / (1.0 + down), 0.5 * p[P.OUTAGE_TIME] * (1.0 + p[P.OUTAGE_CV] * p[P.OUTAGE_CV])


@part
def arrive(given: Inputs, made: Room, s: int, pieces: int) -> None:
    """Book what arrives, and keep what is sent to the AI.

    An opening backlog is there at the beginning of a step.
    """
    p2 = given.p2
    ratio = given.ratio
    widths = given.widths
    waiting = given.waiting
    waiting_from = given.waiting_from
    edges = given.edges
    month_of = given.month_of
    counts = made.counts
    by_class = made.by_class
    state = made.state
    passed = made.passed
    pi = made.pi
    shares = made.shares
    workflows = len(p2)
    classes = widths.shape[1]
    t0 = edges[s]
    t1 = edges[s + 1]
    month = month_of[s]
    half = edges[s] + (edges[s + 1] - edges[s]) // 2
    active = 1.0 - pi[3]
    before, latent = made.before, made.latent
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
        row[Count.ARRIVED] += arrived
        row[Count.DUPLICATES] += arrived * d
        suspended = arrived * pi[3]
        declined = arrived - suspended - sent
        row[Count.SUSPENDED] += suspended
        row[Count.DECLINED] += declined
        row[Count.DUPLICATE_FALLBACK] += d * (suspended + declined)
        for k in range(classes):
            by_class[w, k, E_SUSPENDED] += suspended * widths[w, k]
            by_class[w, k, E_DECLINED] += declined * widths[w, k]
        scale = 1.0 / arrived if arrived > 0.0 else 0.0
        for j in range(pieces):
            shares[w, j] *= scale
        passed[w] = sent
        before[w] = latent[w]


@part
def classify(given: Inputs, made: Room, s: int, w: int) -> tuple[float, float]:
    """See what the items of a workflow are, what the AI makes of them, and who must look at that.

    Returns
    -------
    tuple of float
        Share of the items that are edge cases, and that are so of an unhandled type.
    """
    p2 = given.p2
    teams = given.teams
    widths = given.widths
    frequencies = given.frequencies
    types = given.types
    cuts = given.cuts
    joins = given.joins
    edges = given.edges
    priority = given.priority
    nodes = given.nodes
    weights = given.weights
    state = made.state
    handled = made.handled
    odds = made.odds
    catches = made.catches
    mix = made.mix
    straight = made.straight
    review = made.review
    broken = made.broken
    known = made.known
    new_cuts = made.new_cuts
    now_cuts = made.now_cuts
    straight_2 = made.straight_2
    review_2 = made.review_2
    workflows = len(p2)
    p = p2[0]
    n_nodes = len(nodes)
    t0 = edges[s]
    t1 = edges[s + 1]
    connected = production.connected(edges[s] + (edges[s + 1] - edges[s]) // 2, joins)
    drift = state[world.OFFSET] + p[P.EROSION] * 0.5 * (t0 + t1) / HOUR
    pw = p2[w]
    for j in range(n_nodes):
        for of in range(3):
            tw = teams[of // 2, w]
            x = state[world.X_USUAL + of]
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
    if retrained > state[world.SOLVED] + 0.2:
        items.set_cuts(mixes.threshold_for(pw[P.LEAST_CONFIDENT], mix, pw), pw, new_cuts[w], 0)
        guarded = mixes.threshold_for(pw[P.GUARDED_LEAST_CONFIDENT], mix, pw)
        items.set_cuts(guarded, pw, new_cuts[w], items.CUTS)
        if w == workflows - 1:
            state[world.SOLVED] = retrained
    for j in range(2 * items.CUTS):
        now_cuts[j] = cuts[w, j] + retrained * (new_cuts[w, j] - cuts[w, j])
    mixes.route(pw, now_cuts, widths[w], known, 0, 2, priority, mix, straight, review)
    mixes.route(pw, now_cuts, widths[w], known, 2, 3, priority, mix, straight_2, review_2)
    for j in range(len(straight)):
        straight[j] += straight_2[j]

    return edge, unhandled


@part
def serve(given: Inputs, made: Room, s: int, w: int, edge: float) -> tuple[float, float, float]:
    """Let the AI serve a workflow; return exceptions, what passed and how long each took, in hours."""
    p2 = given.p2
    ratio = given.ratio
    widths = given.widths
    edges = given.edges
    month_of = given.month_of
    regular = given.regular
    concurrency = given.concurrency
    counts = made.counts
    by_class = made.by_class
    escapes = made.escapes
    state = made.state
    mix = made.mix
    straight = made.straight
    trigger = made.trigger
    latent = made.latent
    in_stage = made.in_stage
    passed = made.passed
    known = made.known
    now_cuts = made.now_cuts
    workflows = len(p2)
    classes = widths.shape[1]
    steps = len(edges) - 1
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    limit = given.p2[0, P.THROUGHPUT]
    available, residual = outages(given.p2[0])
    pw = p2[w]
    row = counts[w, month]
    d = ratio[w]
    sent = passed[w]
    exceptions = sent * mix[EXCEPTION]
    row[Count.EXCEPTIONS] += exceptions
    row[Count.EDGE_CASES] += sent * edge
    row[Count.TRIGGER_EXCEPTION] += exceptions * (1.0 + d)
    reach = sent - exceptions
    gone = reach * (1.0 - available) * pw[P.LOST]
    row[Count.LOST] += gone
    row[Count.DUPLICATE_FALLBACK] += d * gone
    row[Count.LEGACY_DELAY] += gone * residual * MS
    for k in range(classes):
        by_class[w, k, E_LOST] += gone * widths[w, k]
    reach -= gone
    # Where the stage is limited, what it cannot take waits, and passes later.
    wait_each = (1.0 - available) * residual
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
    through = min(in_stage[w], cap) if s < steps - 1 else in_stage[w]
    in_stage[w] -= through
    state[world.IN_STAGE] += in_stage[w]
    queue_time = 0.5 * (before + in_stage[w]) * hours
    if cap < math.inf and cap > 0.0 and through > 0.0 and hours > 0.0:
        load = min(through / cap, teams_.BUSIEST)
        if limit < math.inf:
            queue_time += through * (0.0 if regular else 0.5) * load / (1.0 - load) / limit
        if concurrency < 1e9 and pw[P.LATENCY] > 0.0:
            chance = teams_.waits(load * concurrency, concurrency)
            queue_time += through * chance * pw[P.LATENCY] / concurrency / (1.0 - load)
    row[Count.AI_WAIT] += (queue_time + through * wait_each) * (1.0 + d) * MS
    each = pw[P.LATENCY] + wait_each + (queue_time / through if through > 0.0 else 0.0)

    handed = through * mix[HANDED_OVER]
    row[Count.AI_SERVED] += through * (1.0 + d)
    row[Count.AI_DECISIONS] += through - handed
    row[Count.AI_RIGHT] += through * (mix[RIGHT] + mix[RIGHT_EDGE])
    row[Count.TRIGGER_EDGE] += handed * (1.0 + d)
    mixes.triggers(pw, now_cuts, widths[w], known, mix, trigger)
    for j in range(8):
        row[Count.TRIGGER_CONFIDENCE + j] += through * (1.0 + d) * trigger[j]
    row[Count.STRAIGHT] += through * straight[0]
    row[Count.DUPLICATE_DONE] += d * through * straight[0]
    row[Count.ESCAPED_STRAIGHT] += through * straight[1]
    row[Count.DELAY] += through * straight[0] * each * MS
    latent[w] += through * straight[2] * pw[P.SURFACED]
    for k in range(classes):
        by_class[w, k, E_STRAIGHT] += through * straight[3 + k]
        escapes[w, k, month] += through * straight[3 + classes + k]
    return exceptions, through, each


@part
def join(
    given: Inputs,
    made: Room,
    s: int,
    w: int,
    unhandled: float,
    exceptions: float,
    through: float,
    each: float,
) -> None:
    """Let those whom a person must see join the queue of the reviewers."""
    teams = given.teams
    ratio = given.ratio
    widths = given.widths
    month_of = given.month_of
    priority = given.priority
    counts = made.counts
    queue = made.queue
    mix = made.mix
    review = made.review
    in_work = made.in_work
    in_items = made.in_items
    known = made.known
    seen_items = made.seen_items
    review_2 = made.review_2
    classes = widths.shape[1]
    width = FIELDS + widths.shape[1]
    month = month_of[s]
    row = counts[w, month]
    d = ratio[w]
    handed = through * mix[HANDED_OVER]
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
        row[Count.DELAY] += joined * each * MS
        seen += y[EXAMPLES]
        for j in range(width):
            queue[regime, w, q, j] += y[j]
    seen_items[w] = seen


@part
def review(given: Inputs, made: Room, s: int, pieces: int) -> None:
    """Let the reviewers work, in each regime."""
    p2 = given.p2
    teams = given.teams
    ratio = given.ratio
    widths = given.widths
    edges = given.edges
    month_of = given.month_of
    planned = given.planned
    nobody = given.nobody
    exact = given.exact
    by_hour_1 = given.by_hour_1
    order = given.order
    batch = given.batch
    stops_at = given.stops_at
    counts = made.counts
    by_class = made.by_class
    capacity = made.capacity
    escapes = made.escapes
    state = made.state
    queue = made.queue
    work = made.work
    number = made.number
    moved = made.review
    in_work = made.in_work
    in_items = made.in_items
    served = made.served
    lost = made.lost
    area = made.area
    latent = made.latent
    extra = made.extra
    regimes = made.regimes
    told = made.told
    shares = made.shares
    firsts = made.firsts
    coming = made.coming
    workflows = len(p2)
    p = p2[0]
    last = counts.shape[1] - 1
    width = FIELDS + widths.shape[1]
    lengths = made.pieces[0]
    worked = made.pieces[1]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    start = edges[s] / HOUR
    stopped = edges[s] >= stops_at
    world.hired_heads(firsts, coming, start, start + hours, p, extra)
    heads = 0.0 if stopped else planned[s] + extra[0]
    slow = heads / (heads - extra[1]) if heads > extra[1] else 1.0
    leaves = (nobody[s] > 0 or stopped) and heads <= 0.0
    for regime in range(3):
        if regimes[regime] <= 0.0:
            continue
        teams_.work_off(
            teams[0], regimes[regime], heads, slow, leaves, order[0], start, pieces, lengths, worked, shares,
            by_hour_1, batch, in_work[regime], in_items[regime], work[regime], number[regime], served, lost,
            area, told,
        )  # fmt: skip
        if regime < 2:
            state[world.X_USUAL + regime] = told[0]
        quick = told[1]
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
                row[Count.DELAY] += done * y[WORK] * quick * (1.0 - up) * MS
                if up > 0.0:
                    z = moved[0]
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
            row[Count.DELAY] += waited * part * MS
            row[Count.LEGACY_DELAY] += waited * (1.0 - part) * MS
            latent[w] += new * pw[P.SURFACED]
            area[w] = 0.0
    if month < last:
        capacity[0, month] += heads * (exact[0, s + 1] - exact[0, s])


@part
def specialise(given: Inputs, made: Room, s: int, pieces: int) -> None:
    """Let the specialists work."""
    p2 = given.p2
    teams = given.teams
    ratio = given.ratio
    widths = given.widths
    edges = given.edges
    month_of = given.month_of
    planned = given.planned
    exact = given.exact
    by_hour_2 = given.by_hour_2
    order = given.order
    batch = given.batch
    stops_at = given.stops_at
    counts = made.counts
    by_class = made.by_class
    capacity = made.capacity
    escapes = made.escapes
    state = made.state
    queue = made.queue
    work = made.work
    number = made.number
    in_work = made.in_work
    in_items = made.in_items
    served = made.served
    lost = made.lost
    area = made.area
    latent = made.latent
    told = made.told
    shares = made.shares
    workflows = len(p2)
    steps = len(edges) - 1
    p = p2[0]
    last = counts.shape[1] - 1
    width = FIELDS + widths.shape[1]
    lengths = made.pieces[0]
    worked = made.pieces[1]
    worked_2 = made.pieces[2]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    start = edges[s] / HOUR
    stopped = edges[s] >= stops_at
    all_hours = 0.0
    for j in range(pieces):
        all_hours += worked[j]
    if p[P.ESCALATED] > 0.0 or workflows > 1:
        for w in range(workflows):
            for j in range(pieces):
                shares[w, j] = worked[j] / all_hours if all_hours > 0.0 else lengths[j] / hours
        teams_.work_off(
            teams[1], 1.0, 0.0 if stopped else planned[steps], 1.0, planned[steps] <= 0.0 or stopped,
            order[1],
            start, pieces, lengths, worked_2, shares, by_hour_2, batch, in_work[3], in_items[3],
            work[3], number[3], served, lost, area, told,
        )  # fmt: skip
        state[world.X_EXPERTS] = told[0]
        quick = told[1]
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
                latent[w] += pw[P.SURFACED] * book_end(y, done, 1, pw, d, row, by_class[w], escapes[w], month)
                row[Count.DELAY] += done * y[WORK] * quick * MS
                for j in range(width):
                    y[j] *= 1.0 - done - gone
            row[Count.DELAY] += area[w] / (1.0 + d) * MS
    if month < last:
        capacity[1, month] += (0.0 if stopped else planned[steps]) * (exact[1, s + 1] - exact[1, s])


@part
def surface(given: Inputs, made: Room, s: int) -> float:
    """Let incidents surface after a lag, and return how many."""
    p2 = given.p2
    edges = given.edges
    month_of = given.month_of
    incidents = made.incidents
    state = made.state
    flows = made.flows
    latent = made.latent
    before = made.before
    failing = made.failing
    workflows = len(p2)
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    incidents_now = 0.0
    for w in range(workflows):
        pw = p2[w]
        z = hours / pw[P.LAG] if pw[P.LAG] > 0.0 else math.inf
        gone = -math.expm1(-z)
        # Those of this step come evenly over it.
        new = latent[w] - before[w]
        out = before[w] * gone + new * (1.0 - (gone / z if z > 1e-9 else 1.0))
        latent[w] -= out
        flows[w, s] = out
        incidents[w, month, 0] += out
        incidents[w, month, 1] += out * failing[w]
        incidents_now += out
    state[world.INCIDENTS] += incidents_now
    return incidents_now


@part
def drain(given: Inputs, made: Room, stopped: bool) -> None:
    """Let the queues run empty after the window; what waits for a team without anybody falls back."""
    p2 = given.p2
    teams = given.teams
    ratio = given.ratio
    planned = given.planned
    by_hour_1 = given.by_hour_1
    by_hour_2 = given.by_hour_2
    counts = made.counts
    by_class = made.by_class
    escapes = made.escapes
    incidents = made.incidents
    queue = made.queue
    work = made.work
    latent = made.latent
    failing = made.failing
    extra = made.extra
    regimes = made.regimes
    last = counts.shape[1] - 1
    spare = made.review[0]
    steps = len(given.edges) - 1
    heads, experts = planned[steps - 1] + extra[0], planned[steps]
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
                row[Count.DELAY] += 0.5 * unique * everything / staff / share_staffed * MS
                if up > 0.0:
                    for j in range(len(y)):
                        spare[j] = y[j] * up
                    set_work(spare, teams[1, w])
                    row[FIRST_COLUMN[1]] += up * unique * (1.0 + d)
                    row[FIRST_COLUMN[1] + 2] += spare[WORK] * (1.0 + d) * US
                    for j in range(len(y)):
                        queue[3, w, q, j] += spare[j]
                    work[3, w, q] += spare[WORK] * (1.0 + d)
    for w in range(len(p2)):
        incidents[w, last, 0] += latent[w]
        incidents[w, last, 1] += latent[w] * failing[w]
        latent[w] = 0.0
