"""A team as a fluid queue, hour by hour: work flows in, staffed hours drain it, what would wait too long leaves.

Within a step the queue is followed in pieces of at most an hour, so that nights, mornings and weekends are as
in the simulation. What chance adds to the waits of a queue that is not overloaded comes from stationary theory:
Erlang's C formula, corrected for the spread of the times (Allen & Cunneen; Whitt 1993, "Approximations for the
GI/G/m queue", *Production and Operations Management* 2:114-161).
"""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.model.clock import HOUR
from simgap.model.parameters import Law, T
from simgap.model.types import Floats, Ints

LEAST_WORK = 1e-9  # hours; a review of no time at all still takes its turn
BUSIEST = 0.98  # load above which stationary theory is not asked


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
    """Return Erlang's C: the share of arrivals that wait for one of the heads, offered so much work an hour."""
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

    `work`, `items` and `lost` (in work) are Floats[workflows, 2]; `order` has the workflows by their patience.
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
) -> float:
    """Let a team work for one step, and return its mean congestion over the reviews that start.

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
    """
    workflows = len(teams)
    served[:, :] = 0.0
    lost[:, :] = 0.0
    hurry = weighed = begun = offered = came = hours = spread = 0.0
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
        hours += worked[i]
    for w in range(workflows):
        for q in range(2):
            begun += served[w, q]
            offered += in_work[w, q]
            came += in_items[w, q]
            spread += in_work[w, q] * square_cv(teams[w])
    x = hurry / weighed if weighed > 0.0 else 0.0
    if heads < 1.0 or hours <= 0.0 or offered <= 0.0 or begun <= 0.0:
        return x
    # What chance adds: some wait although there is room on average.
    load = min(offered / share / hours * slow, BUSIEST * heads)
    wait = waits(load, heads)
    if wait > 0.0:
        each = offered / came * slow
        # Mean wait of those who wait.
        tau = each / (heads - load) * 0.5 * (batch + spread / offered)
        for w in range(workflows):
            t = teams[w]
            for q in range(2):
                if t[T.DEADLINE] < math.inf and served[w, q] > 0.0 and t[T.DEADLINE] > 0.0:
                    if int(t[T.PATIENCE_LAW]) == Law.DETERMINISTIC:
                        part = wait * math.exp(-t[T.DEADLINE] / tau) if tau > 0.0 else 0.0
                    else:
                        part = wait * tau / (tau + t[T.DEADLINE])
                    gone = part * served[w, q]
                    served[w, q] -= gone
                    lost[w, q] += gone
                area[w] += in_items[w, q] * wait * tau
    return x


@rule
def hours_between(t0: int, t1: int) -> float:
    """Return hours between two instants."""
    return (t1 - t0) / HOUR
