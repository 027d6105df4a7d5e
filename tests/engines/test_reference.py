"""Laws of the reference engine: conservation, an independent queue, common luck, reproducibility, memory."""

import gc
import itertools
import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from audit import audit, logged
from cases import ALWAYS, INF, LONG_DAYS, MONTH, OFFICE, Witness, bare, packed, values
from hypothesis import given, settings
from hypothesis import strategies as st

import simgap
from simgap.engines import reference
from simgap.engines.physics import ENDS, OVERLONG, Count, check
from simgap.engines.reference.timeline import Item
from simgap.errors import SimulationError
from simgap.model import clock, items, keys, oversight
from simgap.model.clock import HOUR, NEVER

SMALL = {"volume": 3000.0}


def numbers(thing):
    """Return a result as nested lists and numbers."""
    if is_dataclass(thing):
        return {field.name: numbers(getattr(thing, field.name)) for field in fields(thing)}
    return thing.tolist() if isinstance(thing, np.ndarray | np.integer) else thing


def same(a, b):
    """Return whether two results are equal in every field."""
    return numbers(a) == numbers(b)


# --- what check() says -------------------------------------------------------------------------------


def test_the_books_of_a_month_balance(ordinary):
    physics = ordinary.physics
    total = physics.total
    check(physics)
    assert total(Count.ARRIVED) == total(*ENDS) == physics.ends_by_class.sum() > 1500
    assert total(Count.QUEUED) == physics.reviewers.waits.sum() == physics.reviewers.wall_waits.sum()
    assert total(Count.QUEUED) == total(Count.REVIEWED, Count.MANUAL, Count.DEADLINE_MISSED) + sum(
        1 for _, kind, e, how, _ in ordinary.ends if kind == keys.DUPLICATE and how in ENDS[1:3]
    )
    assert total(Count.AI_DECISIONS) <= total(Count.AI_SERVED)
    assert total(Count.USED_BY_HAND) < total(Count.USED) <= total(Count.OFFERED)
    for how, column in zip(ENDS, physics.ends_by_class.sum(axis=(0, 1)), strict=True):
        assert total(how) == column
    assert physics.reviewers.wait_total <= physics.reviewers.wall_wait_total
    assert (physics.counts[0, :-1, Count.USED] <= physics.reviewers.capacity).all()
    assert (np.diff(physics.escaped_time) >= 0).all()


def tampered(physics, team, field, step):
    """Return a result with one field of a team moved."""
    before = getattr(physics, team)
    return replace(physics, **{team: replace(before, **{field: getattr(before, field) + step})})


def tampered_counts(physics, row, column, step):
    counts = physics.counts.copy()
    counts[0, row, column] += step
    return replace(physics, counts=counts)


@pytest.mark.parametrize(
    ("tamper", "message"),
    [
        (lambda p: tampered_counts(p, 0, Count.ARRIVED, 1), "not conserved"),
        (lambda p: tampered_counts(p, 0, Count.STRAIGHT, -1), "not conserved"),
        (lambda p: replace(p, ends_by_class=p.ends_by_class[:, :-1]), "not conserved"),
        (lambda p: tampered_counts(p, 0, Count.DUPLICATES, 1), "duplicates are not conserved"),
        (lambda p: tampered_counts(p, 0, Count.DUPLICATE_FALLBACK, 1), "duplicates are not conserved"),
        (lambda p: tampered(p, "reviewers", "queue_area", 1), "Little's law fails for the reviewers"),
        (lambda p: tampered(p, "reviewers", "wall_wait_total", -1), "Little's law fails for the reviewers"),
        (lambda p: tampered(p, "specialists", "queue_area", 1), "Little's law fails for the specialists"),
        (lambda p: tampered_counts(p, 0, Count.USED, 10**15), "reviewers worked more hours than they are"),
        (lambda p: tampered(p, "reviewers", "capacity", -(10**15)), "reviewers worked more hours"),
        (lambda p: tampered_counts(p, 0, Count.SPECIALIST_USED, 1), "specialists worked more hours"),
    ],
)
def test_check_notices_a_broken_law(ordinary, tamper, message):
    with pytest.raises(SimulationError, match=message):
        check(tamper(ordinary.physics))


# --- an independent queue ----------------------------------------------------------------------------


def arrivals_of(ready, seed):
    """Return the instants of all arrivals of unique items."""
    key = np.array([seed, 0, 0, ready.phase], np.int64)
    flow = ready.workflows[0]
    tables = (flow.levels, ready.knots, flow.regular)
    times, level, interval = [], 0.0, 0
    while True:
        w = keys.item_words(key, keys.ITEM, len(times), keys.ARRIVAL)
        when, level, interval = items.arrive(w, len(times), ready.p, level, interval, *tables)
        if interval < 0:
            return times
        times.append(when)


@pytest.mark.parametrize("which", ["staffed", "wall"])
@pytest.mark.parametrize("patience", ["deterministic", "exponential"])
@pytest.mark.parametrize(("reviewers", "hours"), [(1, ALWAYS), (3, OFFICE)])
def test_the_queue_agrees_with_a_recursion_over_items(reviewers, hours, patience, which):
    """First come, first served by several reviewers: each takes the next item when the earliest is free.

    The recursion of Kiefer and Wolfowitz (1955), with items that leave, a business clock and hurry.
    """
    case = bare(
        volume=3600.0,
        profile=LONG_DAYS,
        oversight__reviewers=reviewers,
        oversight__hours=hours,
        oversight__time=0.8 if reviewers == 1 else 1.6,
        oversight__time_law="lognormal",
        oversight__shrinkage=0.2,
        oversight__delta=0.3,
        oversight__x_ref=4.0,
        oversight__deadline=5.0,
        oversight__deadline_clock=which,
        oversight__patience_law=patience,
    )
    ready = packed(case)
    seed = 5
    witness = Witness(ready, seed=seed)
    key = np.array([seed, 0, 0, ready.phase], np.int64)
    calendar, t = ready.reviewers.calendar, ready.workflows[0].teams[0]
    arrived = arrivals_of(ready, seed)
    assert len(arrived) > 200

    limits = []
    for entity, a in enumerate(arrived):
        patient = oversight.patience(keys.item_words(key, keys.ITEM, entity, keys.REVIEW), t)
        if which == "wall":
            limits.append(a + patient)
        else:
            limits.append(max(a, clock.instant_of(clock.staffed_time(a, calendar) + patient, calendar)))
    free = [0] * reviewers
    wanted, waits = {}, 0
    for entity, (a, limit) in enumerate(zip(arrived, limits, strict=True)):
        start = clock.next_opening(max(a, min(free)), calendar)
        waits += min(start, limit) - a
        if start > limit:
            wanted[entity] = (limit / HOUR, Count.FALLBACK, 0.0)
            continue
        behind = sum(
            1
            for came, goes in zip(arrived[entity + 1 :], limits[entity + 1 :], strict=True)
            if came <= start <= goes
        )
        x = min(1.0, behind * case["oversight.time"] / reviewers / 4.0)
        w = keys.item_words(key, keys.ITEM, entity, keys.REVIEW)
        hours_of_work = oversight.review_hours(w, t, items.MANDATORY)
        work = int(hours_of_work * (1.0 - 0.3 * x) / 0.8 * HOUR + 0.5)
        done = clock.reached(start, clock.staffed_time(start, calendar) + work, calendar)
        free[free.index(min(free))] = done
        wanted[entity] = (done / HOUR, Count.REVIEWED, x)
    got = {e: (hour, how, witness.last[keys.ITEM, e][3]) for hour, _, e, how, _ in witness.ends}
    assert got.keys() == wanted.keys()
    for entity, (hour, how, x) in wanted.items():
        assert got[entity][1] == how
        assert got[entity][0] == pytest.approx(hour, abs=1e-6)  # less than 4 ms; rounding moves microseconds
        assert got[entity][2] == pytest.approx(x, abs=1e-12)
    kinds = [how for _, how, _ in wanted.values()]
    assert min(kinds.count(Count.FALLBACK), kinds.count(Count.REVIEWED)) > 10
    assert witness.physics.reviewers.wall_wait_total == pytest.approx(waits, rel=1e-9)


# --- luck --------------------------------------------------------------------------------------------


def test_the_same_luck_gives_the_same_result_and_other_luck_another():
    ready = packed(values(**SMALL))
    first = reference.simulate(ready, 1, 2, 3)
    assert same(first, reference.simulate(ready, 1, 2, 3))
    for seed, draw, luck in [(2, 2, 3), (1, 3, 3), (1, 2, 4)]:
        assert not same(first, reference.simulate(ready, seed, draw, luck))
    pilot = replace(ready, phase=keys.PILOT)
    assert not same(first, reference.simulate(pilot, 1, 2, 3))


def attributes(witness):
    """Return (triggers, right, hardness) by item; congestion may differ."""
    return {name: last[:3] for name, last in witness.last.items()}


def test_more_reviewers_change_nothing_about_the_items():
    still = {"oversight__deadline": INF, "oversight__delta": 0.0, "oversight__gamma": 0.0}
    few, enough, many = (
        Witness(packed(values(**SMALL, **still, oversight__reviewers=n))) for n in (1, 60, 90)
    )
    assert attributes(few) == attributes(enough) == attributes(many)
    assert len(attributes(few)) > 200
    assert (enough.physics.reviewers.capacity * 3 == many.physics.reviewers.capacity * 2).all()
    level = replace(enough.physics.reviewers, capacity=many.physics.reviewers.capacity)
    assert same(replace(enough.physics, reviewers=level), many.physics)
    assert few.physics.reviewers.wall_wait_total > many.physics.reviewers.wall_wait_total


def test_more_mandatory_review_only_adds_reviews():
    shares = (0.0, 0.05, 0.3, 1.0)
    runs = [Witness(packed(values(**SMALL, governance__mandatory_review=share))) for share in shares]
    reviewed = [{name for name, (triggers, *_) in run.last.items() if triggers} for run in runs]
    for fewer, more in itertools.pairwise(reviewed):
        assert fewer < more
    assert reviewed[-1] == set(runs[0].last)
    for run in runs[1:]:
        assert {n: last[1:3] for n, last in run.last.items()} == {
            n: last[1:3] for n, last in runs[0].last.items()
        }


def test_items_keep_their_attributes_under_another_volume():
    less, more = (Witness(packed(values(volume=v, oversight__deadline=INF))) for v in (2000.0, 4000.0))
    common = attributes(less).keys() & attributes(more).keys()
    assert len(common) > 0.9 * len(less.last)
    assert {n: attributes(less)[n] for n in common} == {n: attributes(more)[n] for n in common}


def test_more_accuracy_makes_no_right_decision_wrong():
    low, high = (
        Witness(packed(values(**SMALL, ai__accuracy=a, oversight__deadline=INF))) for a in (0.7, 0.9)
    )
    right = [{n for n, last in run.last.items() if last[1]} for run in (low, high)]
    assert right[0] < right[1]


# --- any values --------------------------------------------------------------------------------------

SHARE = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))
LAWS = st.sampled_from(["deterministic", "exponential", "lognormal"])
CALENDARS = st.sampled_from(
    [ALWAYS, OFFICE, ((0, 1, 1),), ((167, 168, 2),), ((0, 24, 1), (24, 40.5, 3), (144, 168, 1))]
)
ANY = {
    "volume": st.floats(0.0, 3600.0),
    "arrivals": st.sampled_from(["poisson", "deterministic"]),
    "profile": CALENDARS,
    "starts": st.floats(0.0, 1.2),
    "ramp": st.sampled_from([0.0, 100.0, 5000.0]),
    "growth": st.floats(-0.9, 1.0),
    "consequential": SHARE,
    "value_classes": st.sampled_from([(), (0.5,), (0.5, 0.9), (0.1, 0.2, 0.3)]),
    **{f"data.{name}": SHARE for name in ("missing", "format", "schema", "stale", "validated", "repaired")},
    "data.false_reject": SHARE,
    "data.duplicate": st.floats(0.0, 0.3),
    "edge_cases.share": SHARE,
    "edge_cases.types": st.integers(1, 300),
    "edge_cases.tail": st.floats(0.0, 4.0),
    "edge_cases.never_repeats": SHARE,
    "edge_cases.handled": st.integers(0, 400),
    "edge_cases.recognised": SHARE,
    "ai.accuracy": st.floats(0.001, 0.999999),
    "ai.auroc": st.floats(0.5, 0.999999),
    "ai.auroc_edge": st.floats(0.5, 0.999999),
    "ai.hardness": st.floats(0.0, 20.0),
    "ai.sigma_w": st.floats(0.01, 100.0),
    "ai.concurrency": st.sampled_from([1, 2, 7, INF]),
    "integration.latency": st.sampled_from([0.0, 0.01, 3.0]),
    "integration.latency_law": LAWS,
    "governance.mandatory_review": SHARE,
    "governance.permission": st.sampled_from([0, 1, 2, INF]),
    "governance.review_consequential": st.sampled_from(["yes", "no"]),
    "oversight.reviewers": st.integers(0, 6),
    "oversight.hours": CALENDARS,
    "oversight.time": st.sampled_from([0.0, 0.1, 2.0, 9.0]),
    "oversight.time_cv": st.floats(0.0, 3.0),
    "oversight.time_law": LAWS,
    "oversight.exception_factor": st.floats(0.0, 4.0),
    "oversight.edge_factor": st.floats(0.0, 4.0),
    "oversight.shrinkage": st.floats(0.0, 0.95),
    "oversight.review_least_confident": SHARE,
    "oversight.catch": st.floats(0.001, 0.999),
    "oversight.overturn": SHARE,
    "oversight.rho": st.floats(0.0, 20.0),
    "oversight.gamma": st.floats(0.0, 20.0),
    "oversight.delta": st.floats(0.0, 0.95),
    "oversight.x_ref": st.floats(1e-6, 100.0),
    "oversight.deadline": st.sampled_from([0.0, 0.5, 16.0, 2000.0, INF]),
    "oversight.deadline_clock": st.sampled_from(["wall", "staffed"]),
    "oversight.patience_law": st.sampled_from(["deterministic", "exponential"]),
    "oversight.priority": st.sampled_from(
        [None, ("exception", "value"), ("consequential", "edge", "confidence")]
    ),
}


# Months and heads of a plan, in order.
PLANS = st.dictionaries(st.floats(0.0, 1.5), st.integers(0, 5), max_size=4).map(
    lambda plan: tuple(sorted(plan.items()))
)
LIMITS = st.sampled_from([1, 2, 5, INF])
MORE = {
    "season": st.sampled_from([(), (3.0,) + (1.0,) * 11, (0.0, 2.0) * 6]),
    "month_end": st.sampled_from([0.5, 1.0, 4.0]),
    "holiday_volume": SHARE,
    "clock.holidays": st.sampled_from([("2026-01-06",), ("2026-01-05", "2026-01-07", "2026-02-02")]),
    "batch": st.sampled_from([1, 2, 30]),
    "day_cv": st.floats(0.0, 1.0),
    "backlog": st.integers(0, 60),
    "integration.throughput": st.sampled_from([0.7, 5.0, 1e4]),
    "integration.outages": st.sampled_from([20.0, 200.0, 5000.0]),
    "integration.outage_time": st.sampled_from([0.0, 0.2, 5.0, 200.0]),
    "integration.outage_cv": st.floats(0.0, 3.0),
    "integration.lost": SHARE,
    "governance.surfaced": SHARE,
    "governance.lag": st.sampled_from([0.5, 20.0, 500.0]),
    "governance.explainable": SHARE,
    "governance.reviewable": SHARE,
    "governance.correctable": SHARE,
    "governance.resolve": st.sampled_from([0.0, 5.0, 60.0, 900.0]),
    "governance.resolve_cv": st.floats(0.0, 3.0),
    "governance.warn": LIMITS,
    "governance.restrict": LIMITS,
    "governance.suspend": LIMITS,
    "governance.window": st.sampled_from([0.1, 24.0, 200.0]),
    "governance.probation": st.sampled_from([0.0, 30.0, 300.0]),
    "governance.guarded_least_confident": SHARE,
    "governance.withdrawn": st.integers(0, 4),
    "oversight.headcount_plan": PLANS,
    "oversight.escalated": SHARE,
    "oversight.specialists": st.integers(0, 3),
    "oversight.specialist_hours": CALENDARS,
    "oversight.specialist_time": st.sampled_from([0.0, 0.1, 2.0, 9.0]),
    "oversight.specialist_time_cv": st.floats(0.0, 3.0),
    "oversight.specialist_time_law": LAWS,
    "oversight.specialist_catch": st.floats(0.001, 0.999),
    "oversight.specialist_deadline": st.sampled_from([0.0, 4.0, 100.0, INF]),
}
OFTEN = st.sampled_from([0.0, 20.0, 300.0])  # a year
WHILE = st.sampled_from([0.0, 5.0, 60.0, 900.0])  # hours
PRODUCTION = {
    "data.schema_changes": OFTEN,
    "data.schema_broken": SHARE,
    "edge_cases.births": OFTEN,
    "edge_cases.examples_needed": LIMITS,
    "edge_cases.types": st.integers(1, 9),
    "edge_cases.handled": st.integers(0, 9),
    "scope.variety": SHARE,
    "drift.erosion": st.sampled_from([0.0, 0.1, 0.9]),
    "drift.shocks": OFTEN,
    "drift.shock_size": st.sampled_from([0.0, 0.5, 5.0]),
    "drift.retraining_removes": SHARE,
    "measurement.basis": st.sampled_from(["pilot_metrics", "workflow_outcomes"]),
    "measurement.audit": SHARE,
    "measurement.audit_miss": SHARE,
    "measurement.audit_false": SHARE,
    "measurement.run_length": st.sampled_from([1.0, 50.0, 5000.0]),
    "measurement.detects": st.sampled_from([1.05, 2.0, 100.0]),
    "measurement.baseline": st.sampled_from([1, 7, 60]),
    "iteration.lead_time": WHILE,
    "iteration.lead_time_cv": st.floats(0.0, 3.0),
    "iteration.in_parallel": st.sampled_from([1, 2, 9]),
    "iteration.slowdown": SHARE,
    "iteration.retrain_after": LIMITS,
    "adoption.ceiling": SHARE,
    "adoption.half_after": WHILE,
    "adoption.involvement": SHARE,
    "adoption.trust_lost": SHARE,
    "adoption.recovery": WHILE,
    "oversight.hire_above": st.sampled_from([0.01, 1.0, 8.0, INF]),
    "oversight.hire_lead_time": WHILE,
    "oversight.hire_max": st.sampled_from([0, 1, 7]),
    "oversight.hire_learning": WHILE,
}
STOPS = st.sampled_from([NEVER, NEVER, 0, 200 * HOUR, 500 * HOUR])
# At work unless an example says otherwise, so that most have incidents, outages and escalations.
BUSY = {
    "ai.accuracy": 0.6,
    "consequential": 0.4,
    "governance.surfaced": 0.6,
    "governance.lag": 20.0,
    "governance.explainable": 0.6,
    "governance.resolve": 60.0,
    "governance.warn": 2,
    "governance.restrict": 3,
    "governance.suspend": 4,
    "governance.window": 100.0,
    "governance.probation": 40.0,
    "integration.throughput": 6.0,
    "integration.outages": 200.0,
    "integration.lost": 0.3,
    "oversight.escalated": 0.2,
    "oversight.specialists": 1,
    "oversight.specialist_deadline": 12.0,
    "oversight.headcount_plan": ((0.3, 1), (0.6, 3)),
    "governance.review_consequential": "no",
    "governance.mandatory_review": 0.0,
}
# The same for what production adds.
LIVELY = {
    "data.schema_changes": 80.0,
    "edge_cases.share": 0.4,
    "edge_cases.births": 50.0,
    "edge_cases.examples_needed": 2,
    "edge_cases.types": 6,
    "edge_cases.handled": 2,
    "drift.erosion": 0.1,
    "drift.shocks": 50.0,
    "measurement.basis": "workflow_outcomes",
    "measurement.audit": 0.4,
    "measurement.audit_false": 0.1,
    "measurement.baseline": 10,
    "measurement.run_length": 100.0,
    "iteration.lead_time": 30.0,
    "iteration.retrain_after": 4,
    "adoption.ceiling": 0.9,
    "adoption.half_after": 30.0,
    "adoption.trust_lost": 0.3,
    "adoption.recovery": 100.0,
    "oversight.hire_above": 1.0,
    "oversight.hire_lead_time": 60.0,
    "oversight.hire_max": 2,
    "oversight.hire_learning": 200.0,
}
SEEDS = st.integers(0, 2**32 - 1)
SPANS = st.sampled_from([(0.0, MONTH), (31.5, MONTH), (700.0, MONTH), (100.0, 1.7 * MONTH)])


def keeps_the_laws(changes, seed, span, others=(), stops_at=NEVER):
    """Simulate a case and check it against its log; without the log the result is the same.

    `others` holds what differs in each further workflow.
    """
    case = {**values(**SMALL), **changes}
    go_live, window = span
    cases = [case, *({**case, **other} for other in others)]
    ready = packed(cases, [values()] * len(cases), go_live=go_live, window=window)
    ready = replace(ready, stops_at=stops_at)
    try:
        physics, log = logged(ready, seed)
    except SimulationError as error:
        if str(error) != OVERLONG:
            raise
        # 2,000 hours of a deadline, or of reviews, are 38 years at one a week.
        hours = (case["oversight.hours"], case["oversight.specialist_hours"])
        assert any(calendar in (((0, 1, 1),), ((167, 168, 2),)) for calendar in hours)
        return
    audit(ready, physics, log, seed)
    assert same(physics, reference.simulate(ready, seed, 0, 0))
    assert (physics.counts >= 0).all()
    assert physics.total(Count.ARRIVED) <= len(cases) * (2 * 400 * window / MONTH + case["backlog"])
    steady = not case["oversight.headcount_plan"] and not case["oversight.hire_max"]
    if case["oversight.reviewers"] == 0 and steady:
        assert physics.total(Count.USED, Count.REVIEWED, Count.MANUAL) == 0
    if case["oversight.deadline"] == INF and case["oversight.reviewers"] and steady and stops_at == NEVER:
        assert physics.total(Count.DEADLINE_MISSED) == 0
        if not case["oversight.escalated"]:
            assert physics.total(Count.FALLBACK) == 0


@given(st.fixed_dictionaries({}, optional=ANY), SEEDS, SPANS)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_case_ends_and_keeps_the_laws(changes, seed, span):
    keeps_the_laws(changes, seed, span)


@given(st.fixed_dictionaries({}, optional=MORE), SEEDS, SPANS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_every_case_with_incidents_outages_and_specialists_keeps_the_laws(changes, seed, span):
    keeps_the_laws(BUSY | changes, seed, span)


# What a workflow may have of its own.
OWN = {
    "volume": st.sampled_from([0.0, 500.0]),
    "starts": st.sampled_from([0.3, 0.6]),
    "backlog": st.integers(0, 20),
    "value_classes": st.sampled_from([(), (0.5,)]),
    "edge_cases.types": st.integers(1, 20),
    "oversight.time": st.sampled_from([0.0, 1.0]),
    "oversight.escalated": SHARE,
    "data.schema_changes": OFTEN,
    "day_cv": st.sampled_from([0.0, 1.0]),
}
OTHERS = st.lists(st.fixed_dictionaries({}, optional=OWN), max_size=2)


@given(st.fixed_dictionaries({}, optional=PRODUCTION), OTHERS, STOPS, SEEDS, SPANS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_every_case_of_production_keeps_the_laws(changes, others, stops_at, seed, span):
    keeps_the_laws(BUSY | LIVELY | changes, seed, span, others, stops_at)


@pytest.mark.slow
@given(
    st.fixed_dictionaries({}, optional=ANY | MORE | PRODUCTION),
    st.sampled_from([BUSY, BUSY | LIVELY]),
    OTHERS,
    STOPS,
    SEEDS,
    SPANS,
)
@settings(max_examples=1500, deadline=None, derandomize=True)
def test_many_cases_of_production_keep_the_laws(changes, start, others, stops_at, seed, span):
    keeps_the_laws(start | changes, seed, span, others, stops_at)


@pytest.mark.slow
@given(st.fixed_dictionaries({}, optional=ANY | MORE), st.sampled_from([BUSY, {}]), SEEDS, SPANS)
@settings(max_examples=1500, deadline=None, derandomize=True)
def test_many_cases_keep_the_laws(changes, start, seed, span):
    keeps_the_laws(start | changes, seed, span)


# --- memory and the compiler -------------------------------------------------------------------------


def live_items():
    gc.collect()
    return [thing for thing in gc.get_objects() if type(thing) is Item]


class Census(reference.Replication):
    """A replication that looks at all items in memory at every 300th end."""

    ends = 0

    def end(self, item, how, escape):
        super().end(item, how, escape)
        self.ends += 1
        if self.ends % 300 == 0:
            columns = np.array(self.counts).sum(axis=(0, 1))
            inside = columns[[Count.ARRIVED, Count.DUPLICATES]].sum() - self.ends
            self.look(inside)

    def look(self, inside):
        live = live_items()
        over = len(live) - inside
        recent = sum(1 for item in live if item.joined >= self.env.now - self.keeps)
        self.seen.append((over, recent, self.reviewers.waiting))


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [
        ({"oversight__deadline": INF}, 0),
        ({"oversight__deadline": 4.0, "oversight__deadline_clock": "wall"}, 4 * HOUR),
        (
            {"oversight__deadline": 4.0, "oversight__deadline_clock": "wall", "oversight__reviewers": 0},
            4 * HOUR,
        ),
        ({"oversight__deadline": INF, "oversight__reviewers": 0}, 0),
        (
            {
                "oversight__deadline": 1.0,
                "oversight__deadline_clock": "wall",
                "oversight__reviewers": 0,
                "consequential": 0.7,
            },
            HOUR,
        ),
    ],
)
def test_memory_does_not_grow_with_items_that_are_over(changes, keeps):
    ready = packed(values(oversight__hours=ALWAYS, profile=ALWAYS, **changes))
    run = Census(ready, np.array([1, 0, 0, 0], np.int64))
    run.keeps, run.seen = keeps, []
    run.run()
    assert len(run.seen) >= 6
    for over, recent, waiting in run.seen:
        # An item that is over may be kept until its deadline has passed, or in the queue as long as no fewer
        # wait there. Three more: the one that ends now, and the item and the duplicate announced next.
        assert over <= 3 + waiting + (recent if keeps else 0)
    del run
    assert live_items() == []


SCRIPT = """
import json, sys
from cases import packed, values
from test_reference import BUSY, LIVELY, numbers
from simgap.engines import reference
physics = reference.simulate(packed(values(volume=1500.0) | BUSY | LIVELY), 3, 1, 4)
print(json.dumps(numbers(physics)))
"""


def test_the_engine_gives_the_same_result_interpreted():
    folders = [str(Path(__file__).parent), str(Path(simgap.__file__).parents[1])]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    compiled = reference.simulate(packed(values(volume=1500.0) | BUSY | LIVELY), 3, 1, 4)
    assert json.loads(done.stdout) == numbers(compiled)
    assert compiled.total(Count.ARRIVED) > 80
    assert min(compiled.total(Count.LOST, Count.SPECIALIST_QUEUED), len(compiled.incident_time)) > 3
    assert compiled.total(Count.CHANGES_RETRAINING) > 0
    assert len(compiled.detections) > 0
