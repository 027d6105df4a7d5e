"""The event log, entry by entry, and what it says about a replication with everything at work."""

from dataclasses import replace

import pytest
from audit import audit, logged
from cases import ALWAYS, INF, arriving, bare, packed, values
from test_reference import BUSY, LIVELY, same
from test_reference_production import AUDITED, BIRTH, EDGES, SCHEMA, SHOCK, case

from simgap.engines import reference
from simgap.engines.log import Entry
from simgap.engines.order import STOP
from simgap.model import keys
from simgap.model.clock import HOUR

ITEM, DUPLICATE, INCIDENT, TEAM = keys.ITEM, keys.DUPLICATE, keys.INCIDENT, keys.TEAM


def log_of(alone, hours, **where):
    ready = arriving(alone, hours, **where)
    physics, log = logged(ready)
    audit(ready, physics, log)
    return log


def test_the_whole_way_of_an_item():
    """Half an hour in the connector, one with the AI, one with a reviewer, two with a specialist, who errs.

    A right decision is overturned; the error surfaces at once and opens a problem of a day.
    """
    alone = bare(
        data__missing=1.0,
        data__stale=1.0,
        data__validated=0.0,
        ai__accuracy=0.999999,
        data__missing_penalty=0.0,
        data__stale_penalty=0.0,
        value_classes=(),
        consequential=1.0,
        governance__permission=INF,
        integration__throughput=2.0,
        integration__latency=1.0,
        oversight__review_least_confident=0.0,
        oversight__overturn=1.0,
        oversight__escalated=1.0,
        oversight__specialists=2,
        oversight__specialist_hours=ALWAYS,
        oversight__specialist_time=2.0,
        oversight__specialist_time_law="deterministic",
        governance__surfaced=1.0,
        governance__lag=0.0,
        governance__explainable=0.0,
        governance__correctable=0.0,
        governance__resolve=24.0,
        governance__resolve_cv=0.0,
        governance__window=48.0,
    )
    reasons = {"reasons": ("consequential", "mandatory")}
    arrived = {
        "value_class": 0,
        "consequential": True,
        "level": "autonomous",
        "defects": ("missing", "stale"),
        "exception": False,
        "edge_case": False,
    }
    failed = {"failed": ("explainable", "correctable")}
    guarded = {"level": "guarded", "open_problems": 1, "recent_incidents": 1}
    free = {"level": "autonomous", "open_problems": 0, "recent_incidents": 1}
    assert log_of(alone, [1.0]) == [
        Entry(round(hour * HOUR), kind, 0, activity, transition, detail)
        for hour, kind, activity, transition, detail in (
            (1.0, ITEM, "arrival", "complete", arrived),
            (1.0, ITEM, "connector", "schedule", {}),
            (1.0, ITEM, "connector", "start", {}),
            (1.5, ITEM, "connector", "complete", {}),
            (1.5, ITEM, "AI", "schedule", {}),
            (1.5, ITEM, "AI", "start", {}),
            (2.5, ITEM, "AI", "complete", {"right": True}),
            (2.5, ITEM, "review", "schedule", reasons),
            (2.5, ITEM, "review", "start", {"resource": "reviewer 1", "congestion": 0.0}),
            (3.5, ITEM, "review", "complete", {"verdict": "escalated"}),
            (3.5, ITEM, "specialist", "schedule", reasons),
            (3.5, ITEM, "specialist", "start", {"resource": "specialist 1", "congestion": 0.0}),
            (5.5, ITEM, "specialist", "complete", {"verdict": "overturned"}),
            (5.5, ITEM, "end", "complete", {"outcome": "reviewed", "escaped": "overturned"}),
            (5.5, INCIDENT, "incident", "complete", failed),
            (5.5, INCIDENT, "problem", "start", {}),
            (5.5, INCIDENT, "autonomy level", "complete", guarded),
            (29.5, INCIDENT, "problem", "complete", {}),
            (29.5, INCIDENT, "autonomy level", "complete", free),
        )
    ]


def test_those_who_leave_and_those_who_are_never_seen():
    """One reviewer and two exceptions: one waits too long. The first errs, and the third is suspended."""
    alone = bare(
        data__false_reject=1.0,
        oversight__exception_factor=1.0,
        oversight__manual_error=1.0,
        oversight__deadline=0.5,
        oversight__headcount_plan=((3 / 730, 2),),
        consequential=1.0,
        value_classes=(),
        governance__surfaced=1.0,
        governance__lag=0.0,
        governance__suspend=1,
    )
    log = log_of(alone, [1.0, 1.0, 2.5])
    arrived = {"value_class": 0, "consequential": True, "level": "autonomous", "defects": ()}
    arrived |= {"exception": True, "edge_case": False}
    suspended = {"value_class": 0, "consequential": True, "level": "suspended"}
    until = {"level": "suspended", "open_problems": 0, "recent_incidents": 1}
    wait = {"reasons": ("exception",)}
    wanted = [
        (1.0, ITEM, 0, "arrival", "complete", arrived),
        (1.0, ITEM, 0, "review", "schedule", wait),
        (1.0, ITEM, 1, "arrival", "complete", arrived),
        (1.0, ITEM, 1, "review", "schedule", wait),
        (1.0, ITEM, 0, "review", "start", {"resource": "reviewer 1", "congestion": 1 / 8}),
        (1.5, ITEM, 1, "review", "withdraw", {}),
        (1.5, ITEM, 1, "end", "complete", {"outcome": "fallback", "escaped": ""}),
        (2.0, ITEM, 0, "review", "complete", {"verdict": "wrong by hand"}),
        (2.0, ITEM, 0, "end", "complete", {"outcome": "manual", "escaped": "manual"}),
        (2.0, INCIDENT, 0, "incident", "complete", {"failed": ()}),
        (2.0, INCIDENT, 0, "autonomy level", "complete", until),
        (2.5, ITEM, 2, "arrival", "complete", suspended),
        (2.5, ITEM, 2, "end", "complete", {"outcome": "suspended", "escaped": ""}),
        (3.0, TEAM, 0, "headcount", "complete", {"reviewers": 2}),
    ]
    assert log[: len(wanted)] == [Entry(round(hour * HOUR), *rest) for hour, *rest in wanted]
    # The incident of 2:00 is recent for 672 h, and probation lasts as long; both end after nothing else.
    assert [(e.time / HOUR, e.detail["level"]) for e in log[len(wanted) :]] == [
        (674.0, "restricted"),
        (1346.0, "autonomous"),
    ]


def test_a_handed_over_edge_case_carries_no_decision():
    alone = bare(
        edge_cases__share=1.0, edge_cases__handled=0, edge_cases__recognised=1.0, oversight__edge_factor=1.0
    )
    log = log_of(alone, [1.0])
    assert log[0].detail["edge_case"] is True
    assert [(e.activity, e.detail) for e in log if e.transition == "complete"][1:] == [
        ("AI", {"handed_over": True}),
        ("review", {"verdict": log[-2].detail["verdict"]}),
        ("end", log[-1].detail),
    ]
    assert log[-2].detail["verdict"].endswith("by hand")
    assert next(e for e in log if e.transition == "schedule" and e.activity == "review").detail == {
        "reasons": ("edge",)
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_log_changes_nothing_and_tells_everything(seed):
    """A year with everything at work: what was counted follows from the log, and is the same without one."""
    busy = values(volume=4000.0) | BUSY | LIVELY | {"batch": 3, "day_cv": 0.5, "backlog": 25}
    busy |= {"clock.holidays": ("2026-01-06", "2026-04-03"), "governance.lag": 300.0}
    busy |= {"oversight.specialist_deadline": 1.0, "oversight.specialist_time": 2.0}
    ready = packed([busy, {**busy, "starts": 3.0}], go_live=500.0, window=8760.0)
    physics, log = logged(ready, seed)
    assert same(physics, reference.simulate(ready, seed, 0, 0))
    audit(ready, physics, log, seed)
    assert len(physics.incident_time) > 20
    assert (physics.level_time.sum(axis=0) > 0).all()
    kinds = {(e.kind, e.activity, e.transition) for e in log}
    assert {(keys.OUTAGE, "outage", "start"), (TEAM, "headcount", "complete")} <= kinds
    assert {(DUPLICATE, "AI", "withdraw"), (ITEM, "specialist", "withdraw")} <= kinds
    assert {(keys.CHANGE, "change", step) for step in ("schedule", "start", "complete")} <= kinds
    assert {(keys.SHOCK, "shock", "complete"), (keys.BIRTH, "new edge-case type", "complete")} <= kinds
    assert {(keys.SCHEMA_CHANGE, "schema change", "complete"), (keys.CHANGE, "alarm", "complete")} <= kinds


def test_what_befalls_the_organisation():
    """A schema change, then a shock that the first audit after it finds; a new type; and the end."""
    schema, shock, birth = SCHEMA[0], SHOCK[0], BIRTH[0]
    second = SCHEMA[1]
    assert schema < second < shock < shock + 20.0 < birth < birth + 10.0 < SCHEMA[2]
    everything = {
        **AUDITED,
        **{**EDGES, "edge_cases__share": 0.0},
        "data__schema_changes": 30.0,
        "drift__shocks": 10.0,
        "edge_cases__births": 50.0,
        "oversight__reviewers": 2,
    }
    ready = arriving(case(**everything), [1.0, 2.0, 3.0, 4.0, shock + 1.0])
    ready = replace(ready, stops_at=round((birth + 5.0) * HOUR))
    physics, log = logged(ready)
    audit(ready, physics, log)
    source, model = 0, 1
    wanted = [
        (schema, keys.SCHEMA_CHANGE, 0, "schema change", "complete", {}),
        (schema, keys.CHANGE, source, "change", "schedule", {}),
        (schema, keys.CHANGE, source, "change", "start", {}),
        (second, keys.SCHEMA_CHANGE, 1, "schema change", "complete", {}),
        (schema + 10.0, keys.CHANGE, source, "change", "complete", {}),
        (schema + 10.0, keys.CHANGE, source, "change", "schedule", {}),
        (schema + 10.0, keys.CHANGE, source, "change", "start", {}),
        (schema + 20.0, keys.CHANGE, source, "change", "complete", {}),
        (shock, keys.SHOCK, 0, "shock", "complete", {}),
        (shock + 2.0, keys.CHANGE, model, "alarm", "complete", {}),
        (shock + 2.0, keys.CHANGE, model, "change", "schedule", {}),
        (shock + 2.0, keys.CHANGE, model, "change", "start", {}),
        (shock + 12.0, keys.CHANGE, model, "change", "complete", {}),
        (birth, keys.BIRTH, 0, "new edge-case type", "complete", {"rank": 1}),
        (birth + 5.0, TEAM, STOP, "stop", "complete", {}),
    ]
    level = {"level": "suspended", "open_problems": 0, "recent_incidents": 0}
    wanted += [
        (birth + 5.0, INCIDENT, 0, "autonomy level", "complete", level),
        (birth + 5.0, TEAM, 0, "headcount", "complete", {"reviewers": 0}),
        (birth + 5.0, TEAM, 1, "headcount", "complete", {"specialists": 0}),
    ]
    said = [e for e in log if e.kind not in (ITEM, DUPLICATE) and e.time <= ready.stops_at]
    assert said == [Entry(round(hour * HOUR), *rest) for hour, *rest in wanted]
