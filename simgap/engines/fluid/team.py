"""A team as a fluid queue, hour by hour: work flows in, staffed hours drain it, and some waits too long.

Within a step the queue is followed in pieces of at most an hour, so that nights, mornings and weekends are as
in the simulation. What chance adds to the waits of a queue that is not overloaded comes from stationary
theory: Erlang's C formula, corrected for the spread of the times (Whitt 1993, "Approximations for the GI/G/m
queue", *Production and Operations Management* 2:114-161).
"""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.model.parameters import Law, T
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import normal_cdf

LEAST_WORK = 1e-9  # hours; a review of no time at all still takes its turn
BUSIEST = 0.98  # load at which Erlang's formula is read where it is more


@rule
def staffed_by(t: float, staffed: Floats) -> float:
    """Return staffed hours before t, in hours since go-live, from their sums at whole hours."""
    last = len(staffed) - 1
    if t >= last:
        return staffed[last]
    i = int(t)
    return staffed[i] + (t - i) * (staffed[i + 1] - staffed[i])


@rule
def waits(load: float, heads: float) -> float:
    """Return Erlang's C: the share of arrivals that wait, with so much work an hour for some heads."""
    n = int(heads)
    if n < 1 or load <= 0.0:
        return 0.0
    if load >= n:
        return 1.0
    blocked = 1.0
    for k in range(1, n + 1):  # Erlang's B, recursively
        blocked = load * blocked / (k + load * blocked)
        if blocked < 1e-12:
            return 0.0
    return blocked / (1.0 - load / n * (1.0 - blocked))


@rule
def square_cv(t: Floats) -> float:
    """Return the squared coefficient of variation of the review time."""
    if int(t[T.TIME_LAW]) == Law.DETERMINISTIC:
        return 0.0
    if int(t[T.TIME_LAW]) == Law.EXPONENTIAL:
        return 1.0
    return math.expm1(t[T.TIME_SIGMA] * t[T.TIME_SIGMA])


@rule
def patient(t: Floats, heads: float, now: float, staffed: Floats) -> float:
    """Return the work that may stand before an item that does not leave at its deadline, in staffed hours."""
    if t[T.DEADLINE] == math.inf:
        return math.inf
    if t[T.WALL_DEADLINE] > 0.5:
        return heads * (staffed_by(now + t[T.DEADLINE], staffed) - staffed_by(now, staffed))
    return heads * t[T.DEADLINE]


@rule
def leave(
    teams: Floats,
    heads: float,
    now: float,
    length: float,
    worked: float,
    staffed: Floats,
    nobody: bool,
    order: Ints,
    work: Floats,
    items: Floats,
    lost: Floats,
) -> None:
    """Let those leave whose wait outlasts their patience: the urgent first, then the others.

    `work`, `items` and `lost` (in work) are Floats[workflows, 2]; `order` has the workflows by patience.
    """
    ahead = 0.0
    for q in range(2):
        for w in order:
            ahead += work[w, q]
        for w in order:
            if work[w, q] <= 0.0:
                continue
            t = teams[w]
            share = 0.0
            if nobody:
                share = 1.0
            elif int(t[T.PATIENCE_LAW]) != Law.DETERMINISTIC and t[T.DEADLINE] < math.inf:
                share = -math.expm1(-(length if t[T.WALL_DEADLINE] > 0.5 else worked) / t[T.DEADLINE])
            else:
                excess = ahead - patient(t, heads, now, staffed)
                if excess > 0.0:
                    share = min(1.0, excess / work[w, q])
            if share > 0.0:
                gone = share * work[w, q]
                lost[w, q] += gone
                ahead -= gone
                work[w, q] -= gone
                items[w, q] -= share * items[w, q]


@rule
def by_chance(load: float, heads: float, variance: float, t: Floats) -> float:
    """Return the work an hour that leaves by chance, beside what is too much on average.

    Work in the queue as Brownian motion that is reflected where it is empty. A fixed deadline is a second
    barrier (Harrison 1985, *Brownian Motion and Stochastic Flow Systems*, ch. 5); an exponential one pulls it
    back in proportion (Ward & Glynn 2003, "A diffusion approximation for a Markovian queue with reneging",
    *Queueing Systems* 43:103-128).
    """
    spare = heads - load
    if variance <= 0.0:
        return 0.0
    if int(t[T.PATIENCE_LAW]) == Law.DETERMINISTIC:
        z = 2.0 * spare * heads * t[T.DEADLINE] / variance
        if abs(z) < 1e-6:
            return 0.5 * variance / (heads * t[T.DEADLINE])
        if z > 500.0:
            return 0.0
        return max(0.0, spare / math.expm1(z) - max(0.0, -spare))
    pull = 1.0 / t[T.DEADLINE]
    mean, spread = -spare / pull, math.sqrt(0.5 * variance / pull)
    z = mean / spread
    if z < -30.0:
        return 0.0
    waiting = mean + spread * math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi) / normal_cdf(z)
    return max(0.0, pull * waiting - max(0.0, -spare))


@rule
def work_off(
    teams: Floats,
    share: float,
    heads: float,
    slow: float,
    nobody: bool,
    order: Ints,
    start: float,
    pieces: int,
    lengths: Floats,
    worked: Floats,
    shares: Floats,
    staffed: Floats,
    batch: float,
    in_work: Floats,
    in_items: Floats,
    work: Floats,
    items: Floats,
    served: Floats,
    lost: Floats,
    area: Floats,
    told: Floats,
) -> None:
    """Let a team work for one step.

    Parameters
    ----------
    teams : Floats[workflows, len(T)]
        Packed parameters of the team's reviews.
    share : float
        Probability of the regime in which it works: what waits and what is done is that share of what it is
        in the regime.
    heads, slow : float
        Heads on the staff, and how much longer a review takes since some still learn.
    nobody : bool
        Whether nobody is there and nobody comes: everybody leaves.
    order : Ints[workflows]
        The workflows by their patience.
    start : float
        Of the step, in hours since go-live.
    pieces : int
        Of the step, each of at most an hour.
    lengths, worked : Floats[pieces]
        Wall and staffed hours of each.
    shares : Floats[workflows, pieces]
        Share of the step's arrivals in each.
    staffed : Floats
        As in `staffed_by`.
    batch : float
        Squared coefficient of variation of the gaps between arrivals.
    in_work, in_items : Floats[workflows, 2]
        What joins the queue in the step, urgent first.
    work, items : Floats[workflows, 2]
        What waits; updated.
    served, lost : Floats[workflows, 2]
        Written: work that was begun, and work that left.
    area : Floats[workflows]
        Item-hours of waiting are added.
    told : Floats[2]
        Written: mean congestion over the reviews that start, and staffed time for an hour of review.
    """
    workflows = len(teams)
    served[:, :] = 0.0
    lost[:, :] = 0.0
    hurry = weighed = occupied = begun = offered = came = hours = spread = 0.0
    delta, mean, reference = teams[0, T.DELTA], teams[0, T.MEAN_TIME], teams[0, T.X_REF]
    here = share * heads
    now = start
    for i in range(pieces):
        before = 0.0
        for w in range(workflows):
            waiting = items[w, 0] + items[w, 1]
            before += waiting
            area[w] += 0.5 * lengths[i] * waiting
            for q in range(2):
                work[w, q] += in_work[w, q] * shares[w, i]
                items[w, q] += in_items[w, q] * shares[w, i]
        x = 0.0
        if here > 0.0:
            x = min(1.0, before * mean / here / reference)
        room = here * worked[i] / slow / (1.0 - delta * x)
        done_now = 0.0
        for q in range(2):
            all_of_it = 0.0
            for w in range(workflows):
                all_of_it += work[w, q]
            if all_of_it <= 0.0:
                continue
            part = min(1.0, room / all_of_it)
            room -= part * all_of_it
            if part > 0.0:
                for w in range(workflows):
                    served[w, q] += part * work[w, q]
                    done_now += part * work[w, q]
                    work[w, q] -= part * work[w, q]
                    items[w, q] -= part * items[w, q]
        now += lengths[i]
        leave(teams, here, now, lengths[i], worked[i], staffed, nobody, order, work, items, lost)
        after = 0.0
        for w in range(workflows):
            waiting = items[w, 0] + items[w, 1]
            after += waiting
            area[w] += 0.5 * lengths[i] * waiting
        if here > 0.0 and done_now > 0.0:
            hurry += done_now * min(1.0, 0.5 * (before + after) * mean / here / reference)
            weighed += done_now
            occupied += done_now * slow * (1.0 - delta * x)
        hours += worked[i]
    for w in range(workflows):
        for q in range(2):
            begun += served[w, q]
            offered += in_work[w, q]
            came += in_items[w, q]
            spread += in_work[w, q] * square_cv(teams[w])
    told[0] = hurry / weighed if weighed > 0.0 else 0.0
    told[1] = occupied / weighed if weighed > 0.0 else slow
    if heads < 1.0 or hours <= 0.0 or offered <= 0.0 or begun <= 0.0:
        return
    # What chance adds: some wait, and some leave, although there is room on average.
    each = offered / came * slow
    each_spread = batch + spread / offered
    load, urgent = offered / share / hours * slow, 0.0
    for w in range(workflows):
        urgent += in_work[w, 0] / share / hours * slow
    wait = waits(min(load, BUSIEST * heads), heads)
    if wait <= 0.0:
        return
    tau = each / (heads - min(load, BUSIEST * heads)) * 0.5 * each_spread
    for w in range(workflows):
        t = teams[w]
        longest = 0.5 * t[T.DEADLINE]
        if load < heads:
            area[w] += (in_items[w, 0] + in_items[w, 1]) * wait * min(tau, longest)
        if t[T.DEADLINE] == math.inf or t[T.DEADLINE] <= 0.0:
            continue
        for q in range(2):
            if served[w, q] <= 0.0:
                continue
            busy = load if q else urgent
            if busy <= 0.0:
                continue
            rate = by_chance(busy, heads, busy * each * each_spread, t)
            if busy < heads:
                rate *= wait
            gone = min(0.5, rate / busy) * served[w, q]
            served[w, q] -= gone
            lost[w, q] += gone
