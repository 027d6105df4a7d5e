"""The organisation in mean-field form: probabilities of the levels of autonomy, drift, changes and news.

What depends on random counts is replaced by what it is for Poisson counts with the expected means, and what
waits, by its expected time.
"""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.model import chart, production
from simgap.model.clock import HOUR
from simgap.model.parameters import P
from simgap.model.types import Floats
from simgap.sampling.inversion import normal_cdf

WEEK_HOURS = 168.0

# The state of the organisation between steps.
(
    TRUST_LOST,  # share of adoption lost now
    OFFSET,  # of the drift
    OPEN_RETRAINING,  # expected requests for a retraining that are not done
    RETRAINED,  # expected retrainings so far
    INCIDENTS,  # expected so far
    WATCHING,  # probability that the chart watches
    AUDITS,  # since the chart began, and the faults among them
    FAULTS,
    ESTIMATE_AT,
    IN_CONTROL,  # rate of faults, threshold, and run length in audits
    THRESHOLD,
    RUN_LENGTH,
    WATCHED_SINCE,  # hours
    EDGE_REQUESTS,  # for changes of edge-case types so far, and those begun
    EDGE_STARTS,
    AUDITED_HERE,  # in this month, and faulted, so far
    FAULTED_HERE,
    X_USUAL,  # congestion of reviewers in the usual regime, where all is reviewed, and of specialists
    X_BUSY,
    X_EXPERTS,
    SOLVED,  # share of futures for whose model the threshold was last solved
    IN_STAGE,  # items that wait for the AI now, and most of them ever
    PEAK,
    ORDERED,  # reviewers
    PIPELINE,  # share of the pipeline that is busy
    STATE,
) = range(26)


@rule
def poisson_below(mean: float, count: float) -> float:
    """Return P(N < count) of a Poisson number."""
    if count <= 0.0:
        return 0.0
    if count == math.inf:
        return 1.0
    term = total = math.exp(-mean)
    for k in range(1, math.ceil(count)):
        term *= mean / k
        total += term
    return min(1.0, total)


@rule
def poisson_at(mean: float, count: float) -> float:
    """Return P(N = count), 0 where the count is infinite or negative."""
    if count == math.inf or count < 0.0:
        return 0.0
    return poisson_below(mean, count + 1.0) - poisson_below(mean, count)


@rule
def open_shares(p: Floats, out: Floats) -> float:
    """Write the share of incidents whose problem is open, by weeks since; return the share that has one."""
    not_explained, not_reviewed, not_corrected = (
        1.0 - p[P.EXPLAINABLE],
        1.0 - p[P.REVIEWABLE],
        1.0 - p[P.CORRECTABLE],
    )
    none = (1.0 - not_explained) * (1.0 - not_reviewed) * (1.0 - not_corrected)
    three = not_explained * not_reviewed * not_corrected
    one = (
        not_explained * (1.0 - not_reviewed) * (1.0 - not_corrected)
        + not_reviewed * (1.0 - not_explained) * (1.0 - not_corrected)
        + not_corrected * (1.0 - not_explained) * (1.0 - not_reviewed)
    )
    two = 1.0 - none - one - three
    sigma = math.sqrt(math.log1p(p[P.RESOLVE_CV] * p[P.RESOLVE_CV]))
    for a in range(len(out)):
        age = a * WEEK_HOURS
        if p[P.RESOLVE] <= 0.0:
            over = 1.0
        elif age <= 0.0:
            over = 0.0
        elif sigma <= 0.0:
            over = 1.0 if age >= p[P.RESOLVE] else 0.0
        else:
            over = normal_cdf((math.log(age / p[P.RESOLVE]) + 0.5 * sigma * sigma) / sigma)
        out[a] = one * (1.0 - over) + two * (1.0 - over * over) + three * (1.0 - over * over * over)
    return 1.0 - none


@rule
def at_age(table: Floats, hours: float) -> float:
    """Return the value of a table by weeks at an age."""
    a = hours / WEEK_HOURS
    i = int(a)
    if i + 1 >= len(table):
        return table[len(table) - 1]
    return table[i] + (a - i) * (table[i + 1] - table[i])


@rule
def levels_of(
    now: float,
    step: int,
    ends: Floats,
    flows: Floats,
    shares: Floats,
    failing: Floats,
    entries: Floats,
    still: Floats,
    window: float,
    probation: float,
    p: Floats,
    out: Floats,
) -> float:
    """Write the probabilities of the four levels, and return how many restrictions begin an hour.

    Parameters
    ----------
    now : float
        Hours since go-live, within the step.
    step : int
        Number of the step.
    ends : Floats[steps + 1]
        Ends of the steps, in hours.
    flows : Floats[workflows, steps]
        Incidents that surface in each earlier step.
    shares : Floats[workflows, weeks]
        Of `open_shares`.
    failing : Floats[workflows]
        Share of incidents that open a problem.
    entries : Floats[steps]
        Probability that a suspension begins in each step; that of this step is written.
    still : Floats[weeks]
        Probability that a suspension goes on, by weeks since it began.
    window, probation : float
        Hours.
    p : Floats
        Packed parameters.
    out : Floats[4]
        Written.
    """
    recent_open = recent_closed = older_open = rate = failed_rate = 0.0
    for w in range(len(flows)):
        # The part of this step until now goes on as the last one.
        for j in range(step + 1):
            begin, end = ends[j], ends[j + 1]
            flow = flows[w, j]
            if j == step:
                if step == 0:
                    continue
                span = ends[step] - ends[step - 1]
                flow = flows[w, step - 1] / span * (now - begin)
                end = now
                rate += flows[w, step - 1] / span
                failed_rate += flows[w, step - 1] / span * failing[w]
            if flow <= 0.0 or end <= begin:
                continue
            recent = min(1.0, max(0.0, end - (now - window)) / (end - begin))
            opened = at_age(shares[w], max(0.0, now - 0.5 * (begin + end)))
            recent_open += flow * recent * opened
            recent_closed += flow * recent * (1.0 - opened)
            older_open += flow * (1.0 - recent) * opened
    suspended = on_probation = 0.0
    length = ends[step + 1] - ends[step]
    for j in range(step):
        if entries[j] > 0.0:
            age = now - 0.5 * (ends[j] + ends[j + 1])
            on = at_age(still, age)
            suspended += entries[j] * on
            if probation > 0.0:
                on_probation += entries[j] * (at_age(still, max(0.0, age - probation)) - on)
    suspended = min(suspended, 0.999)
    on_probation = min(max(on_probation, 0.0), 1.0 - suspended)
    active = 1.0 - suspended
    # Incidents come while the AI is not suspended; then they are that much more frequent.
    rate /= active
    failed_rate /= active
    restrict, warn = p[P.RESTRICT], p[P.WARN]
    calm = math.exp(-recent_open - older_open)
    none_open = calm * poisson_below(recent_closed, restrict)
    one_open = calm * (
        older_open * poisson_below(recent_closed, restrict)
        + recent_open * poisson_below(recent_closed, restrict - 1.0)
    )
    free = calm * poisson_below(recent_closed, min(warn, restrict))
    all_recent = recent_open + recent_closed
    plain = active - on_probation
    out[0] = plain * free
    out[1] = plain * (none_open + one_open - free)
    out[2] = plain * (1.0 - none_open - one_open) + on_probation
    out[3] = suspended
    # A further incident restricts: by its problem, beside one that is open, or by their number.
    at_brink = calm * (
        (1.0 + older_open) * poisson_at(recent_closed, restrict - 1.0)
        + recent_open * poisson_at(recent_closed, restrict - 2.0)
    )
    share_failed = failed_rate / rate if rate > 0.0 else 0.0
    restricting = rate * plain * (at_brink * (1.0 - share_failed))
    by_problem = one_open + calm * poisson_at(recent_closed, restrict - 1.0)
    restricting += rate * plain * share_failed * by_problem
    entries[step] = min(
        plain + on_probation, rate * active * poisson_at(all_recent, p[P.SUSPEND] - 1.0) * length
    )
    return restricting + entries[step] / length


@rule
def lag(p: Floats, connected: int) -> float:
    """Return the mean lead time of a change, in hours."""
    return p[P.LEAD_TIME] * (1.0 + p[P.SLOWDOWN] * max(0, connected - 1))


@rule
def renewals(mean: float, every: float) -> float:
    """Return the rate, per event, of each `every`-th event of a Poisson process with `mean` so far."""
    if every == math.inf:
        return 0.0
    total, k = 0.0, every - 1.0
    while k <= mean + 12.0 * math.sqrt(mean) + 12.0:
        if mean > 0.0 or k == 0.0:
            total += math.exp(-mean + (k * math.log(mean) if k else 0.0) - math.lgamma(k + 1.0))
        k += every
    return total


@rule
def brownian(rate: float, gain: float, take: float, threshold: float) -> float:
    """Return the mean run length of a CUSUM in Brownian approximation (Siegmund 1985, ch. 2)."""
    drift = rate * gain - take
    variance = max(rate * (1.0 - rate) * gain * gain, 1e-12)
    z = 2.0 * drift * threshold / variance
    if abs(z) < 1e-6:
        return threshold * threshold / variance
    if z < -500.0:
        return math.inf
    return (math.exp(-z) - 1.0 + z) / (2.0 * drift * drift / variance)


@rule
def watch(state: Floats, audits: float, faults: float, now: float, p: Floats) -> float:
    """Follow the control chart for one step, and return the probability of an alarm in it.

    Parameters
    ----------
    state : Floats[STATE]
        Updated.
    audits, faults : float
        Expected in the step.
    now : float
        End of the step, in hours.
    p : Floats
        Packed parameters.
    """
    if audits <= 0.0 or state[WATCHING] <= 0.0:
        return 0.0
    state[AUDITS] += audits
    state[FAULTS] += faults
    alarm = 0.0
    if state[THRESHOLD] < math.inf and state[IN_CONTROL] > 0.0:
        gain = math.log(p[P.DETECTS])
        take = math.log1p((p[P.DETECTS] - 1.0) * state[IN_CONTROL])
        usual = brownian(state[IN_CONTROL], gain, take, state[THRESHOLD])
        length = state[RUN_LENGTH] * brownian(faults / audits, gain, take, state[THRESHOLD]) / usual
        alarm = state[WATCHING] * -math.expm1(-audits / max(length, 1e-9))
    if state[AUDITS] >= state[ESTIMATE_AT]:
        while state[AUDITS] >= state[ESTIMATE_AT]:
            state[ESTIMATE_AT] *= 2.0
        state[IN_CONTROL] = (state[FAULTS] + 0.5) / (state[AUDITS] + 1.0)
        state[RUN_LENGTH] = p[P.RUN_LENGTH] * state[AUDITS] / max(now - state[WATCHED_SINCE], 1.0)
        state[THRESHOLD] = chart.chart_threshold(state[IN_CONTROL], p[P.DETECTS], state[RUN_LENGTH])
    state[WATCHING] -= alarm
    return alarm


@rule
def changes_of_source(a_year: float, length: float, wait: float, cv: float) -> tuple[float, float]:
    """Return how often a connector is repaired, an hour, and how long a schema change stays.

    Changes that come while a repair is under way are all of the next one.
    """
    rate = a_year / production.YEAR
    if rate <= 0.0:
        return 0.0, 0.0
    merged = rate * length
    share = -math.expm1(-merged) / merged if merged > 1e-9 else 1.0
    repairs = rate / (1.0 + merged * (1.0 - share))
    busy = min(1.0, repairs * length)
    return repairs, wait + length + busy * 0.5 * length * (1.0 + cv * cv)


@rule
def learn_types(
    p: Floats,
    frequencies: Floats,
    handled: Floats,
    examples: Floats,
    place: Floats,
    done_at: Floats,
    seen: float,
    hours: float,
    now: float,
    length: float,
    state: Floats,
    wait: float,
) -> None:
    """Follow the types of edge case of a workflow for one step.

    The types that are not handled at go-live gather examples at their expected rate, are asked for in the
    order of their frequency, and wait for their turn. A type that is born again is handled after the time
    that this takes on average.

    Parameters
    ----------
    frequencies : Floats[types]
        Share of the edge cases that each type has.
    handled, examples, place, done_at : Floats[types]
        Probability that a type is handled; examples of those that never were; their place in the queue of
        requests, infinite before they are asked for and -1 once they were handled; and when they are handled,
        infinite before it is known. Updated.
    seen : float
        Examples of unhandled types in the step, for each unit of frequency.
    hours, now : float
        Length and end of the step.
    length, wait : float
        Mean lead time of a change, and wait for its start.
    state : Floats[STATE]
        Updated.
    """
    birth = -math.expm1(-p[P.BIRTHS] / production.YEAR * hours / p[P.TYPES])
    needed = p[P.EXAMPLES_NEEDED]
    for r in range(len(frequencies)):
        if place[r] < 0.0:
            back = 0.0
            if needed < math.inf and seen > 0.0:
                rate = seen * frequencies[r] / hours
                again = needed / rate + wait + length
                back = (1.0 - handled[r]) * -math.expm1(-hours / again)
                state[EDGE_REQUESTS] += (1.0 - handled[r]) * min(1.0, hours * rate / needed)
            handled[r] += back - birth * handled[r]
            continue
        # Never handled so far; a birth only begins the count again, which is left out.
        if needed == math.inf:
            continue
        if place[r] == math.inf:
            examples[r] += seen * frequencies[r]
            if examples[r] >= needed:
                place[r] = state[EDGE_REQUESTS]
                state[EDGE_REQUESTS] += 1.0
        if done_at[r] == math.inf and place[r] < state[EDGE_STARTS] + 0.5:
            done_at[r] = now + length
        if done_at[r] <= now:
            handled[r], place[r] = 1.0, -1.0


@rule
def trust(state: Floats, restricting: float, hours: float, p: Floats) -> None:
    """Let trust come back, and be lost where restrictions begin."""
    if p[P.RECOVERY] <= 0.0:
        state[TRUST_LOST] = 0.0
        return
    state[TRUST_LOST] *= math.exp(-math.log(2.0) * hours / p[P.RECOVERY])
    state[TRUST_LOST] += min(1.0, restricting * hours) * p[P.TRUST_LOST] * (1.0 - state[TRUST_LOST])


@rule
def hired_heads(firsts: Floats, heads: Floats, t0: float, t1: float, p: Floats, out: Floats) -> None:
    """Write the hired heads that are there on average in a step, and what is missing as they learn."""
    out[0] = out[1] = 0.0
    for i in range(len(firsts)):
        if heads[i] > 0.0 and firsts[i] < t1:
            there = (t1 - max(firsts[i], t0)) / (t1 - t0) * heads[i]
            out[0] += there
            out[1] += there * production.learning(max(0.0, (0.5 * (t0 + t1) - firsts[i])) * HOUR, p)
