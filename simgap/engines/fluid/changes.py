"""What changes in the organisation in a step: sources, the model, types of edge case, and the team."""

from __future__ import annotations

import math

from simgap.compiling import part
from simgap.engines.fluid import world
from simgap.engines.fluid.rooms import Inputs, Room
from simgap.engines.physics import Count
from simgap.model import production
from simgap.model.clock import HOUR
from simgap.model.parameters import P

MS = 3.6e6  # milliseconds an hour


@part
def repair(given: Inputs, made: Room, s: int, length: float, wait: float) -> float:
    """Follow schema changes and their repair; return the share of the pipeline that this takes."""
    p2 = given.p2
    joins = given.joins
    edges = given.edges
    month_of = given.month_of
    counts = made.counts
    broken = made.broken
    workflows = len(p2)
    p = p2[0]
    t1 = edges[s + 1]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    cv = p[P.LEAD_TIME_CV]
    used = 0.0
    for w in range(workflows):
        pw = p2[w]
        if t1 <= joins[w]:
            continue
        row = counts[w, month]
        rate = pw[P.SCHEMA_CHANGES] / production.YEAR
        repairs, stays = world.changes_of_source(pw[P.SCHEMA_CHANGES], length, wait, cv)
        row[Count.SCHEMA_CHANGES] += rate * hours
        row[Count.CHANGES_CONNECTOR] += repairs * hours
        row[Count.CHANGES_DONE] += repairs * hours
        row[Count.CHANGE_LEAD] += repairs * hours * (wait + length) * MS
        made.changes_open[month] += min(1.0, repairs * (wait + length))
        used += repairs * length
        if stays > 0.0:
            ease = math.exp(-hours / stays)
            broken[w] = broken[w] * ease + rate * stays * (1.0 - ease)
        row[Count.BIRTHS] += pw[P.BIRTHS] / production.YEAR * hours
    return min(1.0, used / p[P.IN_PARALLEL])


@part
def retrain(given: Inputs, made: Room, s: int, surfaced: float, length: float, wait: float) -> float:
    """Follow drift, the chart, and retraining; return the share of the pipeline that this takes."""
    p2 = given.p2
    edges = given.edges
    month_of = given.month_of
    counts = made.counts
    changes_open = made.changes_open
    state = made.state
    workflows = len(p2)
    p = p2[0]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    start = edges[s] / HOUR
    before = state[world.INCIDENTS]
    state[world.INCIDENTS] += surfaced
    audits = faults = 0.0
    for w in range(workflows):
        audits += counts[w, month, Count.AUDITED]
        faults += counts[w, month, Count.AUDIT_FAULTED]
    new_audits = audits - state[world.AUDITED_HERE]
    new_faults = faults - state[world.FAULTED_HERE]
    if s > 0 and month_of[s - 1] != month:
        new_audits, new_faults = audits, faults
    state[world.AUDITED_HERE], state[world.FAULTED_HERE] = audits, faults
    alarm = world.watch(state, new_audits, new_faults, start + hours, p)
    row = counts[0, month]
    row[Count.ALARMS] += alarm
    if p[P.EROSION] <= 0.0 and state[world.OFFSET] < 1e-9:
        row[Count.FALSE_ALARMS] += alarm
    by_incidents = world.renewals(0.5 * (before + state[world.INCIDENTS]), p[P.RETRAIN_AFTER])
    asked = (alarm + by_incidents * surfaced) * (1.0 - min(1.0, state[world.OPEN_RETRAINING]))
    takes = wait + length
    before_it = state[world.OPEN_RETRAINING]
    state[world.OPEN_RETRAINING] += asked
    ready = state[world.OPEN_RETRAINING]
    if takes > 0.0:
        ready = (before_it + 0.5 * asked) * -math.expm1(-hours / takes)
    state[world.OPEN_RETRAINING] -= ready
    state[world.RETRAINED] += ready
    row[Count.CHANGES_RETRAINING] += asked
    row[Count.CHANGES_DONE] += ready
    row[Count.CHANGE_LEAD] += ready * takes * MS
    shocks = p[P.SHOCKS] / production.YEAR * hours
    row[Count.SHOCKS] += shocks
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
    changes_open[month] += state[world.OPEN_RETRAINING]
    return asked * length / hours / p[P.IN_PARALLEL]


@part
def learn(given: Inputs, made: Room, s: int, length: float, wait: float, free: float) -> float:
    """Follow the types of edge case; return the share of the pipeline that their changes take."""
    p2 = given.p2
    frequencies = given.frequencies
    types = given.types
    joins = given.joins
    edges = given.edges
    state = made.state
    handled = made.handled
    examples = made.examples
    place = made.place
    done_at = made.done_at
    seen_items = made.seen_items
    workflows = len(p2)
    t1 = edges[s + 1]
    hours = (edges[s + 1] - edges[s]) / HOUR
    start = edges[s] / HOUR
    month = given.month_of[s]
    begun = state[world.EDGE_STARTS]
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
        wait_edge = wait + (queued / free * length if free > 1e-6 else 1e9)
        world.learn_types(
            pw, frequencies[w, : types[w]], handled[w], examples[w], place[w], done_at[w],
            of_types * (1.0 - pw[P.NEVER_REPEATS]), hours, start + hours, length, state, wait_edge,
        )  # fmt: skip
    state[world.EDGE_STARTS] = min(state[world.EDGE_REQUESTS], begun + room)
    starts = state[world.EDGE_STARTS] - begun
    row = made.counts[0, month]
    row[Count.CHANGES_EDGE] += starts
    row[Count.CHANGES_DONE] += starts
    row[Count.CHANGE_LEAD] += starts * (wait + length) * MS
    queued = state[world.EDGE_REQUESTS] - state[world.EDGE_STARTS]
    made.changes_open[month] += queued + starts * length / hours
    return starts * length / hours / p2[0, P.IN_PARALLEL]


@part
def change(given: Inputs, made: Room, s: int, surfaced: float) -> None:
    """Follow what changes in a step: connectors come first, then retraining, then types of edge case."""
    p, state = given.p2[0], made.state
    edges = given.edges
    connected = production.connected(edges[s] + (edges[s + 1] - edges[s]) // 2, given.joins)
    length = world.lag(p, connected)
    cv = p[P.LEAD_TIME_CV]
    busy = min(state[world.PIPELINE], 0.95)
    wait = busy / p[P.IN_PARALLEL] * 0.5 * length * (1.0 + cv * cv)
    made.changes_open[given.month_of[s]] = 0.0
    repairs = repair(given, made, s, length, wait)
    behind = wait / max(0.05, 1.0 - repairs)
    model = retrain(given, made, s, surfaced, length, behind)
    types = 0.0
    if given.dynamic:
        types = learn(given, made, s, length, behind, max(0.0, 1.0 - repairs - model) * p[P.IN_PARALLEL])
    state[world.PIPELINE] = min(1.0, repairs + model + types)


@part
def hire(given: Inputs, made: Room, s: int) -> None:
    """Look at the backlog, once a week, hire where there is too much of it, and read the month."""
    p2 = given.p2
    teams = given.teams
    edges = given.edges
    month_of = given.month_of
    planned = given.planned
    stops_at = given.stops_at
    last_look = given.last_look
    counts = made.counts
    backlog = made.backlog
    drift_read = made.drift_read
    state = made.state
    number = made.number
    extra = made.extra
    firsts = made.firsts
    coming = made.coming
    workflows = len(p2)
    p = p2[0]
    last = counts.shape[1] - 1
    t1 = edges[s + 1]
    month = month_of[s]
    hours = (edges[s + 1] - edges[s]) / HOUR
    start = edges[s] / HOUR
    stopped = edges[s] >= stops_at
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
        wanted = production.hires_wanted(
            int(line), staff, int(to_come), int(state[world.ORDERED]), p, teams[0, 0]
        )
        if wanted > 0:
            slot = int(min(len(firsts) - 1, state[world.ORDERED]))
            firsts[slot] = start + hours + p[P.HIRE_LEAD_TIME]
            coming[slot] = wanted
            state[world.ORDERED] += wanted
    for j in range(len(firsts)):
        if coming[j] > 0.0 and start <= firsts[j] < start + hours and month < last:
            counts[0, month, Count.HIRED] += coming[j]
    if month < last:
        for team in range(2):
            line = 0.0
            for w in range(workflows):
                for regime in range(3 if team else 0, 4 if team else 3):
                    line += number[regime, w, 0] + number[regime, w, 1]
            backlog[team, month] = line
        drift_read[month] = state[world.OFFSET] + p[P.EROSION] * (start + hours)
