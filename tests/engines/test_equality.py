"""The compiled engine is the reference engine, bit for bit: every field of what they count, on every case.

Scenario files, thousands of generated ones, and arrays that must grow in the middle of a replication.
"""

import bisect
import hashlib
import math
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from cases import (
    ALWAYS,
    INF,
    LONG_DAYS,
    MONTH,
    arriving,
    bare,
    bereft,
    of_workflows,
    packed,
    removable,
    values,
)
from differences import RANKS, agree, fields, first_difference, result, unequal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simgap
from simgap.engines import compiled, order, reference
from simgap.engines.compiled import engine
from simgap.engines.physics import ENDS, Count
from simgap.engines.reference import desk, replication
from simgap.errors import BacklogLimit
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import P
from simgap.montecarlo.one import phases_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE.parent / "verification"))
from test_laws import completed, files, scenario  # noqa: E402  # found through the line above

FILES = sorted([*ROOT.glob("scenarios/*/*.yaml"), *ROOT.glob("tests/*/*.yaml")])
SHORT = {"claims": "3 months", "minimal": "3 months", "complaints": "4 months", "by_hand": "3 months"}
# Deterministic times that are multiples of each other: much happens at the same instants.
TIES = {
    "workflows.items.volume": ("0.05 per hour", "0.5 per hour"),
    "workflows.items.arrivals": ("deterministic", "poisson"),
    "workflows.items.batch": ("2", "20"),
    "workflows.items.backlog": ("1", "30"),
    "workflows.items.consequential": ("50 %", "100 %"),
    "workflows.items.value_classes": ("[50 %, 90 %]",),
    "data.missing": ("50 %",),
    "data.validated": ("50 %", "100 %"),
    "data.duplicate": ("50 %",),
    "data.schema_changes": ("10 per month", "300 per month"),
    "data.schema_broken": ("0 %", "50 %", "100 %"),
    "edge_cases.share": ("50 %",),
    "edge_cases.types": ("1", "3"),
    "edge_cases.handled": ("1", "9"),
    "edge_cases.recognised": ("0 %", "100 %"),
    "edge_cases.births": ("10 per month", "300 per month"),
    "edge_cases.examples_needed": ("1", "4"),
    "scope.variety": ("50 %",),
    "workflows.others.volume": ("0 per year", "0.1 per hour", "1 per hour"),
    "workflows.others.arrivals": ("deterministic",),
    "workflows.others.profile": ("always",),
    "workflows.others.starts": ("month 1", "month 2", "month 30"),
    "workflows.others.backlog": ("1", "30"),
    "workflows.others.consequential": ("100 %",),
    "workflows.others.value_classes": ("[50 %]",),
    "workflows.others.edge_cases.types": ("1", "9"),
    "workflows.others.oversight.time": ("0 h", "2 h"),
    "workflows.others.oversight.deadline": ("0 h", "2 h"),
    "integration.latency": ("1 h", "2 h"),
    "integration.throughput": ("1 per hour", "4 per hour"),
    "integration.outages": ("300 per month",),
    "integration.outage_time": ("0 h", "1 h"),
    "integration.outage_cv": ("0", "1"),
    "integration.lost": ("50 %", "100 %"),
    "ai.concurrency": ("1", "3"),
    "oversight.reviewers": ("0", "1", "3"),
    "oversight.hours": ("always", "Mon-Fri 09:00-17:00", "Sun 23:59-24:00"),
    "oversight.time": ("0 h", "1 h", "8 h"),
    "oversight.time_law": ("deterministic", "lognormal", "exponential"),
    "oversight.time_cv": ("0", "1"),
    "oversight.exception_factor": ("0", "1"),
    "oversight.deadline": ("0 h", "1 h", "6 h"),
    "oversight.deadline_clock": ("staffed", "wall"),
    "oversight.patience_law": ("deterministic", "exponential"),
    "oversight.priority": ("consequential", "[exception, edge, autonomy, value]"),
    "oversight.delta": ("50 %",),
    "oversight.headcount_plan": (
        "[0 from month 0]",
        "[0 from month 0, 3 from month 1]",
        "[5 from month 0, 0 from month 1, 2 from month 2]",
        "[2 from month 0, 0 from month 1]",
    ),
    "oversight.escalated": ("50 %", "100 %"),
    "oversight.specialists": ("0", "2"),
    "oversight.specialist_hours": ("always",),
    "oversight.specialist_time": ("0 h", "1 h"),
    "oversight.specialist_time_law": ("deterministic",),
    "oversight.specialist_deadline": ("0 h", "1 h"),
    "oversight.hire_above": ("1 h", "8 h"),
    "oversight.hire_lead_time": ("0 h", "1 week"),
    "oversight.hire_max": ("1", "5"),
    "oversight.hire_learning": ("0 h", "2 weeks"),
    "governance.review_consequential": ("yes",),
    "governance.mandatory_review": ("50 %", "100 %"),
    "governance.permission": ("0", "1"),
    "governance.surfaced": ("50 %", "100 %"),
    "governance.lag": ("0 h", "1 h", "1 day"),
    "governance.explainable": ("0 %", "50 %"),
    "governance.correctable": ("0 %", "50 %"),
    "governance.resolve": ("0 h", "1 h", "1 day"),
    "governance.resolve_cv": ("0", "1"),
    "governance.warn": ("1", "2"),
    "governance.restrict": ("1", "3"),
    "governance.suspend": ("1", "4"),
    "governance.window": ("0 h", "1 h", "1 week"),
    "governance.probation": ("0 h", "1 h", "1 day"),
    "drift.erosion": ("10 % per month", "90 % per month"),
    "drift.shocks": ("10 per month", "300 per month"),
    "drift.shock_size": ("0", "0.1"),
    "drift.retraining_removes": ("0 %", "100 %"),
    "measurement.basis": ("workflow_outcomes",),
    "measurement.audit": ("50 %", "100 %"),
    "measurement.audit_miss": ("50 %",),
    "measurement.audit_false": ("50 %",),
    "measurement.baseline": ("1", "10"),
    "measurement.run_length": ("1 h", "1 week"),
    "iteration.lead_time": ("0 h", "1 h", "1 week"),
    "iteration.lead_time_cv": ("0", "1"),
    "iteration.in_parallel": ("2", "3"),
    "iteration.slowdown": ("100 %",),
    "iteration.retrain_after": ("1", "3"),
    "adoption.ceiling": ("0 %", "50 %"),
    "adoption.half_after": ("1 h", "2 weeks"),
    "adoption.involvement": ("100 %",),
    "adoption.trust_lost": ("50 %", "100 %"),
    "adoption.recovery": ("0 h", "1 h", "1 week"),
}
STOPS = st.sampled_from([NEVER, NEVER, 0, 168 * HOUR, 500 * HOUR])
TIED = {
    "clock.horizon": "2 months",
    "pilots.token.lasts": "365 h",
    "workflows.items.volume": "0.2 per hour",
    "workflows.items.arrivals": "deterministic",
    "workflows.items.profile": "always",
    "legacy.cost": "6 per item",
    "ai.accuracy": "60 %",
    "oversight.reviewers": "1",
    "oversight.wage": "40 per hour",
    "oversight.time": "1 h",
    "oversight.time_law": "deterministic",
    "oversight.hours": "always",
}
tied = st.fixed_dictionaries({}, optional={path: st.sampled_from(texts) for path, texts in TIES.items()})
generated = settings(derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def both_phases_agree(text, draw=0, stops_at=NEVER):
    """Both engines find the same in both phases of the text of a scenario file."""
    phases = phases_of(simgap.load(text).resolved, 7, draw)
    agree(replace(phases.production, stops_at=stops_at), 7, draw, draw, text)
    agree(phases.pilot, 7, draw, draw, text)


def text_of(stated):
    """Return the scenario of texts by key path, with what they need."""
    if any(path.startswith("workflows.others.") for path in stated):
        stated = {"workflows.others.volume": "0.1 per hour"} | stated
    return scenario(completed(stated))


def stated_agree(stated, stops_at=NEVER):
    """The same for texts by key path."""
    both_phases_agree(text_of(stated), 0, stops_at)


def bereft_agree(stated, stops_at, step):
    """The same for production without every so manieth of what can be taken out of it."""
    text = text_of(TIED | stated)
    whole = replace(phases_of(simgap.load(text).resolved, 7, 0).production, stops_at=stops_at)
    agree(bereft(whole, lambda i: i % step == 0), 7, 0, 0, text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_scenario_files(file):
    name = file.parent.name if file.stem == "scenario" else file.stem
    sets = [f"clock.horizon={SHORT[name]}"] if name in SHORT else []
    resolved = simgap.load(str(file), sets).resolved
    for draw in range(3 if name in ("claims", "minimal") else 1):
        phases = phases_of(resolved, 7, draw)
        agree(phases.production, 7, draw, draw, str(file))
        agree(phases.pilot, 7, draw, draw, str(file))


def test_a_whole_replication_of_claims():
    claims = ROOT / "scenarios" / "claims" / "scenario.yaml"
    found = agree(phases_of(simgap.load(str(claims)).resolved, 7, 3).production, 7, 3, 3, str(claims))
    assert found["counts"][0, :, Count.ARRIVED].sum() > 50_000
    assert len(found["incident_time"])


@settings(generated, max_examples=70)
@given(files(12))
def test_any_valid_file(stated):
    stated_agree(stated)


@settings(generated, max_examples=80)
@given(tied, STOPS)
def test_ties(stated, stops_at):
    stated_agree(TIED | stated, stops_at)


@settings(generated, max_examples=40)
@given(tied, STOPS, st.sampled_from([1, 2, 3, 7]))
def test_ties_in_histories_that_lack_something(stated, stops_at, step):
    bereft_agree(stated, stops_at, step)


@pytest.mark.slow
@settings(generated, derandomize=False, max_examples=1000)
@given(tied, STOPS, st.sampled_from([1, 2, 3, 7]))
def test_many_histories_that_lack_something(stated, stops_at, step):
    bereft_agree(stated, stops_at, step)


@pytest.mark.slow
@settings(generated, derandomize=False, max_examples=1500)
@given(files(40))
def test_many_valid_files(stated):
    stated_agree(stated)


@pytest.mark.slow
@settings(generated, derandomize=False, max_examples=3000)
@given(tied, STOPS)
def test_many_ties(stated, stops_at):
    stated_agree(TIED | stated, stops_at)


# Room that runs out.


OF_ALL = {Count.ALARMS, Count.FALSE_ALARMS, Count.SHOCKS, Count.CHANGES_RETRAINING, Count.HIRED}
PRODUCTION = {
    "data__schema_changes": 100.0,
    "edge_cases__births": 60.0,
    "edge_cases__examples_needed": 3,
    "edge_cases__types": 12,
    "edge_cases__handled": 4,
    "scope__variety": 0.05,
    "drift__shocks": 100.0,
    "drift__retraining_removes": 1.0,
    "measurement__basis": "workflow_outcomes",
    "measurement__audit": 0.2,
    "measurement__audit_miss": 0.1,
    "measurement__audit_false": 0.05,
    "measurement__baseline": 15,
    "measurement__run_length": 100.0,
    "iteration__lead_time": 12.0,
    "iteration__in_parallel": 2,
    "iteration__slowdown": 0.3,
    "iteration__retrain_after": 5,
    "adoption__ceiling": 0.9,
    "adoption__half_after": 20.0,
    "adoption__trust_lost": 0.2,
    "adoption__recovery": 50.0,
    "oversight__hire_above": 4.0,
    "oversight__hire_lead_time": 24.0,
    "oversight__hire_max": 5,
    "oversight__hire_learning": 200.0,
}


@cache
def busy(window=MONTH, stops_at=NEVER):
    """Hours in which everything happens, and some queues are long."""
    return replace(packed(busy_values(), window=window), stops_at=stops_at)


@cache
def busy_together(window=MONTH, stops_at=NEVER):
    """The same with two more workflows: one that differs in much and joins late, and one without items."""
    other = {
        **busy_values(),
        "volume": 9000.0,
        "starts": window / MONTH / 4,
        "batch": 1,
        "profile": LONG_DAYS,
        "value_classes": (0.3,),
        "day_cv": 0.5,
        "backlog": 20,
        "edge_cases.types": 30,
        "edge_cases.share": 0.4,
        "edge_cases.examples_needed": 2,
        "data.schema_changes": 30.0,
        "oversight.time": 0.4,
        "oversight.deadline": INF,
        "governance.permission": 0,
        "governance.surfaced": 0.5,
    }
    erosion = {"drift.erosion": 0.3, "drift.retraining_removes": 0.8}
    cases = [busy_values(), other, {**other, "volume": 0.0, "backlog": 0}]
    cases = [case | erosion for case in cases]
    return replace(packed(cases, window=window), stops_at=stops_at)


def busy_values():
    return values(
        **PRODUCTION,
        backlog=150,
        batch=3,
        consequential=0.5,
        data__duplicate=0.2,
        integration__outages=300.0,
        integration__lost=0.3,
        integration__throughput=60.0,
        oversight__hours=ALWAYS,
        oversight__manual_error=0.2,
        oversight__deadline=40.0,
        oversight__patience_law="exponential",
        oversight__priority=("consequential", "exception"),
        oversight__headcount_plan=((0.25, 1), (0.5, 0), (0.75, 6)),
        oversight__escalated=0.3,
        oversight__specialists=1,
        oversight__specialist_deadline=3.0,
        governance__surfaced=0.9,
        governance__lag=24.0,
        governance__explainable=0.5,
        governance__resolve=48.0,
        governance__warn=1,
        governance__restrict=4,
        governance__suspend=6,
        governance__window=100.0,
        governance__probation=24.0,
    )


def crowd(number):
    """Many who are all due at one instant: by the AI in no time, then to people who are there."""
    case = bare(
        backlog=number,
        volume=1000.0,
        consequential=0.5,
        oversight__reviewers=number * 3 // 4,
        oversight__deadline=5.0,
        oversight__priority=("consequential",),
        governance__review_consequential="yes",
        oversight__exception_factor=1.0,
    )
    return packed(case)


def test_everything_happens():
    """In the busy months nothing that is counted stays at nothing, in the second workflow either.

    Where the AI erodes without end no alarm is false.
    """
    for case, never in ((busy(), set()), (busy_together(), {Count.FALSE_ALARMS})):
        found = agree(case)
        totals = found["counts"].sum(axis=1)
        assert {Count(i) for i in np.flatnonzero(totals[0] == 0)} == never
        assert {how for _, _, how in found["detections"].tolist()} == {0, 1}
        assert (found["level_time"].sum(axis=0) > 0).all()
    assert {Count(i) for i in np.flatnonzero(totals[1] == 0)} == OF_ALL | {Count.DEADLINE_MISSED}
    assert not totals[2].any()  # it has no items, so it never joins


@pytest.mark.parametrize("stops_at", [NEVER, 168 * HOUR])
@pytest.mark.parametrize("case", [busy, busy_together])
def test_busy_months_that_lack_something(case, stops_at):
    whole = case(stops_at=stops_at)
    plain, log = told(whole)
    entities, restrictions = removable(log)
    assert {kind for kind, _ in entities} == {keys.INCIDENT, keys.OUTAGE, keys.SCHEMA_CHANGE}
    assert restrictions
    for step in (1, 3):
        lacking = bereft(whole, lambda i, step=step: i % step == 0)
        assert lacking.without
        assert "fingerprint" in unequal(plain, agree(lacking))
    assert first_difference(lacking) == ""


@pytest.mark.parametrize("stops_at", [0, 1, 168 * HOUR, round(MONTH / 2 * HOUR), 2000 * HOUR])
@pytest.mark.parametrize("case", [busy, busy_together])
def test_the_end_of_the_ai_is_the_same_in_both(case, stops_at):
    agree(case(stops_at=stops_at))


@pytest.mark.parametrize(
    "case",
    [busy(), busy_together(), crowd(300), crowd(1001)],
    ids=["busy", "busy together", "crowd", "larger crowd"],
)
def test_arrays_that_begin_tiny_grow_without_a_trace(case, monkeypatch):
    ample = agree(case)
    for name, size in {"SLOTS": 2, "EVENTS": 32, "ESCAPES": 1, "INCIDENTS": 1, "SPELLS": 1}.items():
        monkeypatch.setattr(engine, name, size)
    grown = []
    larger = engine.larger
    monkeypatch.setattr(engine, "larger", lambda b, what: grown.append(what) or larger(b, what))
    assert not unequal(ample, fields(compiled.simulate(case, 7, 0, 0)))
    assert engine.layout.MORE_ITEMS in grown
    if case is busy() or case is busy_together():
        short_of = ("EVENTS", "ESCAPES", "INCIDENTS", "SPELLS")
        assert {getattr(engine.layout, f"MORE_{what}") for what in short_of} <= set(grown)
    monkeypatch.setattr(engine, "BUDGET", 1)
    assert not unequal(ample, fields(compiled.simulate(case, 7, 0, 0)))


def test_a_crowd_at_the_usual_sizes():
    agree(crowd(engine.EVENTS + 1000))


@contextmanager
def places(most):
    """Let both engines hold so many items at once."""
    slots = 2 if most % 2 == 0 and most & most - 1 == 0 else most  # doubled, if that comes to as many
    with (
        mock.patch.object(engine, "SLOTS", slots),
        mock.patch.object(engine, "MOST_ITEMS", most),
        mock.patch.object(replication, "MOST_ITEMS", most),
    ):
        yield


@pytest.mark.parametrize(("waiting", "most", "fits"), [(64, 64, True), (65, 64, False), (65, 128, True)])
def test_a_backlog_that_outgrows_its_limit_is_refused(waiting, most, fits):
    """All wait at one instant, and nobody else comes: 64 fit into 64 places, one more does not."""
    case = packed(bare(backlog=waiting, volume=0.0))
    ample = agree(case)
    with places(most):
        found = agree(case)
        if fits:
            assert not unequal(ample, found)
            return
        for simulate in (reference.simulate, compiled.simulate):
            with pytest.raises(BacklogLimit, match=r"^backlog_limit: more than 64 items are in the system"):
                simulate(case, 7, 0, 0)


def test_the_arrays_double_to_the_limit_exactly():
    assert math.log2(engine.MOST_ITEMS / engine.SLOTS).is_integer()
    assert engine.MOST_ITEMS == replication.MOST_ITEMS


@settings(generated, max_examples=25)
@given(tied)
def test_both_engines_refuse_the_same_backlogs(stated):
    """Whether it is full when one more comes depends on the order of what happens at an instant."""
    phase = phases_of(simgap.load(text_of(TIED | stated)).resolved, 7, 0).production

    def refuses(most):
        with places(most):
            return "refused" in result(compiled.simulate, phase, 7, 0, 0)

    peak = bisect.bisect_left(range(1, 4096), 1, key=lambda most: not refuses(most)) + 1
    with places(peak):
        assert "refused" not in agree(phase)
    if peak > 1:
        with places(peak - 1):
            assert "refused" in agree(phase)


def test_heads_who_are_to_go_when_they_are_done_may_stay_after_all():
    """Reviews of 300 hours; two of three heads are to go after 182 hours, and to stay after 273."""
    plan = ((0.25, 1), (0.375, 3))
    case = bare(oversight__reviewers=3, oversight__time=300.0, oversight__headcount_plan=plan)
    found = agree(arriving(case, [1.0, 2.0, 3.0, 250.0, 260.0, 270.0, 280.0]))
    assert found["counts"][0, :, Count.REVIEWED].sum() == 7


def test_an_outage_without_end_is_refused_by_both():
    case = bare(integration__outages=1000.0, integration__outage_time=1e10, integration__outage_cv=0.0)
    assert list(agree(packed(case))) == ["refused"]


# One more of something, where there is enough of everything.

AMPLE = {
    "arrivals": "poisson",
    "batch": 1,
    "data__duplicate": 0.1,
    "ai__concurrency": INF,
    "integration__outages": 100.0,
    "integration__lost": 0.2,
    "oversight__hours": ALWAYS,
    "oversight__reviewers": 200,
    "oversight__escalated": 0.3,
    "oversight__specialists": 200,
    "oversight__specialist_hours": ALWAYS,
    "governance__mandatory_review": 0.5,
    # What comes of itself, and asks nothing of the items.
    "data__schema_changes": 50.0,
    "drift__erosion": 0.1,
    "drift__shocks": 20.0,
    "iteration__lead_time": 24.0,
    "adoption__ceiling": 0.9,
    "adoption__half_after": 100.0,
}


def told(case):
    """Return the fields of a case on which both engines agree, and its log without who reviewed."""
    log = []
    reference.simulate(case, 7, 0, 0, log)
    return agree(case), [
        entry._replace(detail={k: v for k, v in entry.detail.items() if k != "resource"}) for entry in log
    ]


@pytest.mark.parametrize("before", [0, 1])
def test_one_more_item_changes_nothing_for_any_other(before):
    plain, log = told(packed(values(**AMPLE, backlog=before), window=365.0))
    more, longer = told(packed(values(**AMPLE, backlog=before + 1), window=365.0))
    new = keys.ITEM, keys.FIRST_WAITING + before
    own = [e for e in longer if (e.kind, e.entity) == new]
    assert own[0].activity == "arrival"
    assert own[-1].activity == "end"
    assert [e for e in longer if (e.kind, e.entity) != new] == log
    assert len(log) > 4000

    added = (more["counts"] - plain["counts"]).sum(axis=(0, 1))
    assert (added >= 0).all()
    assert added[Count.ARRIVED] == added[list(ENDS)].sum() == 1
    assert added[Count.QUEUED] == sum((e.activity, e.transition) == ("review", "schedule") for e in own)
    others = more["escaped_entity"] != new[1]
    assert (more["escaped_entity"][others] == plain["escaped_entity"]).all()
    assert (more["escaped_time"][others] == plain["escaped_time"]).all()


def test_one_more_reviewer_changes_nothing_for_any_item():
    """With incidents too: nothing is different that could set them off."""
    ladder = {"governance__surfaced": 0.9, "governance__explainable": 0.5, "governance__warn": 1}
    plain, log = told(packed(values(**AMPLE, **ladder)))
    more, same = told(packed(values(**{**AMPLE, **ladder, "oversight__reviewers": 201})))
    assert same == log
    assert unequal(plain, more) == ["reviewers.capacity"]
    assert (more["reviewers.capacity"] * 200 == plain["reviewers.capacity"] * 201).all()
    assert {e.detail["level"] for e in log if e.activity == "autonomy level"} >= {"guarded"}


def test_one_more_reviewer_where_there_are_few_does_change_something():
    few = {**AMPLE, "oversight__reviewers": 3}
    plain, log = told(packed(values(**few)))
    more, other = told(packed(values(**{**few, "oversight__reviewers": 4})))
    assert other != log
    assert "fingerprint" in unequal(plain, more)


# Without compilation.

SMALL = {
    "lively": lambda: busy(500.0),
    "together": lambda: busy_together(500.0, 400 * HOUR),
    "ties": lambda: arriving(bare(oversight__deadline=3.0, backlog=5), [2.0] * 10 + [5.0], twins=True),
}
INTERPRETED = "import test_equality as t; print(*map(t.bits_of, t.SMALL))"


def bits_of(name):
    """Return a digest of every bit that the compiled engine finds in a small case."""
    found = result(compiled.simulate, SMALL[name](), 7, 0, 0)
    assert "refused" not in found, found
    bits = [(k, v.tobytes() if isinstance(v, np.ndarray) else v) for k, v in found.items()]
    return hashlib.sha256(repr(bits).encode()).hexdigest()


def test_the_loop_gives_the_same_bits_interpreted():
    for name in SMALL:
        agree(SMALL[name]())
    paths = [str(HERE), str(Path(simgap.__file__).parents[1])]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", INTERPRETED],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [bits_of(name) for name in SMALL]


# The tool that finds where engines part.


def test_engines_that_agree_never_part():
    assert first_difference(busy(200.0)) == ""
    assert first_difference(busy_together(200.0, 150 * HOUR)) == ""


def test_where_a_deadline_comes_too_early(monkeypatch):
    """Two items at 5, an hour's review each, an hour's patience: the second review can start at 6, just."""
    case = arriving(bare(oversight__deadline=1.0), [5.0, 5.0])
    agree(case)
    early = 20 << 56  # before services start
    monkeypatch.setattr(desk, "DEADLINE", early)
    monkeypatch.setitem(RANKS, early, "a deadline, too early")
    lines = first_difference(case).splitlines()
    assert lines[0] == f"reference: {6 * HOUR} microseconds: a deadline, too early, item 0"
    assert f"compiled: {6 * HOUR} microseconds: services start" in lines
    assert "  reviewers waiting: reference 1, compiled 0" in lines
    with pytest.raises(AssertionError, match=r"(?s)the engines differ in .*compiled: .*seed 7.*simgap: 1"):
        agree(case, file=scenario(TIED))


def test_where_one_engine_is_told_otherwise():
    case = packed(bare(volume=8760.0))
    fewer = replace(case, reviewers=replace(case.reviewers, plan=((100 * HOUR, 0), (101 * HOUR, 1))))
    found = first_difference(case, other=fewer)
    assert f"compiled: {100 * HOUR} microseconds: plan, team's change 0" in found.splitlines()
    slower = of_workflows(case, {"p": case.p.copy()})
    slower.p[P.LATENCY] = 1e-10
    assert first_difference(case, other=slower) == ""  # rounds to nothing
    slower.p[P.LATENCY] = 0.5
    found = first_difference(case, other=slower)
    assert found.startswith("reference: ")
    assert found.count("connector or AI over, item 0") == 1  # the compiled engine has it later


@pytest.mark.parametrize(
    ("place", "where", "what"),
    [
        (P.SHOCK_SIZE, "outage, shock 0", "offset of the drift"),
        (P.RETRAINING_REMOVES, "change, of 1", "offset of the drift"),
        (P.RUN_LENGTH, "review over", "threshold"),
        (P.TRUST_LOST, "governance, incident surfaces", "trust lost"),
        (P.HIRE_LEARNING, "plan, team's change", "slow"),
        (P.LEAD_TIME, "", "compiled: "),
        (P.EXAMPLES_NEEDED, "", "changes that wait"),
    ],
)
def test_where_one_engine_is_told_otherwise_about_production(place, where, what):
    """A number half as large: the first event at which it matters, and what is different then."""
    case = busy()
    other = of_workflows(case, {"p": case.p.copy()})
    other.p[place] = case.p[place] // 2 if case.p[place] == 3 else case.p[place] / 2.0
    lines = first_difference(case, other=other).splitlines()
    assert where in lines[0]
    assert any(what in line for line in lines[1:])


def test_the_ranks_have_names():
    ranks = (order.PLANS, order.OUTAGES, order.GOVERNANCE, order.CHANGES, order.SPECIALIST_DONE)
    assert set(RANKS) == {
        *ranks,
        order.REVIEW_DONE,
        order.AI_DONE,
        order.ARRIVES,
        order.START_SERVICES,
        order.DEADLINE,
    }
