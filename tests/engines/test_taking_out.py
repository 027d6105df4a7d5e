"""What is taken out of a history does not happen, and nothing else is told: both engines, on small cases."""

from dataclasses import replace

import numpy as np
import pytest
from cases import ALWAYS, INF, bereft, of_workflows, packed, removable, values
from differences import agree, unequal

from simgap.engines import reference
from simgap.engines.packing import digest
from simgap.engines.physics import Count
from simgap.model import keys
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import P

LIVELY = {
    "volume": 20_000.0,
    "profile": ALWAYS,
    "consequential": 0.5,
    "integration__outages": 200.0,
    "integration__lost": 0.3,
    "oversight__hours": ALWAYS,
    "oversight__reviewers": 2,
    "oversight__deadline": 20.0,
    "data__schema_changes": 60.0,
    "iteration__lead_time": 40.0,
    "governance__surfaced": 0.5,
    "governance__lag": 24.0,
    "governance__explainable": 0.6,
    "governance__resolve": 48.0,
    "governance__warn": 1,
    "governance__restrict": 4,
    "governance__suspend": 8,
    "governance__window": 60.0,
    "governance__probation": 24.0,
    "adoption__trust_lost": 0.2,
    "adoption__recovery": 50.0,
}


def lively(**changes):
    return packed(values(**{**LIVELY, **changes}))


def log_of(ready):
    log = []
    reference.simulate(ready, 7, 0, 0, log)
    return log


def never(ready, place):
    """Return a case in which something never comes."""
    p = ready.p.copy()
    p[place] = 0.0
    return of_workflows(ready, {"p": p})


@pytest.mark.parametrize(
    ("place", "kind"), [(P.OUTAGES, keys.OUTAGE), (P.SCHEMA_CHANGES, keys.SCHEMA_CHANGE)]
)
def test_all_of_a_kind_taken_out_are_as_if_none_ever_came(place, kind):
    whole = lively()
    entities, _ = removable(log_of(whole))
    chosen = tuple((*entity, 0) for entity in entities if entity[0] == kind)
    assert len(chosen) > 3
    lacking = agree(replace(whole, without=chosen))
    assert not unequal(lacking, agree(never(whole, place)))
    assert unequal(lacking, agree(whole))


def test_all_incidents_taken_out_are_as_if_none_ever_surfaced():
    """Without some, others surface; until none is left."""
    whole = lively()
    lacking, rounds = whole, 0
    while True:
        entities, _ = removable(log_of(lacking))
        chosen = tuple((*entity, 0) for entity in entities if entity[0] == keys.INCIDENT)
        if not chosen:
            break
        lacking, rounds = replace(lacking, without=lacking.without + chosen), rounds + 1
    assert rounds > 1
    assert not unequal(agree(lacking), agree(never(whole, P.SURFACED)))


def test_a_restriction_that_never_ends_taken_out_leaves_the_ai_autonomous():
    """As where no incident fails anything and none is one too many; what incidents fail is still known."""
    whole = lively()
    free = {f"governance__{name}": INF for name in ("warn", "restrict", "suspend")}
    plain = agree(lively(**free, governance__explainable=1.0))
    lacking = agree(replace(whole, without=((keys.RESTRICTION, 0, NEVER),)))
    assert unequal(lacking, plain) == ["incident_failed"]
    assert not lacking["level_time"][:, 1:].any()
    assert lacking["incident_failed"].any()


def test_a_restriction_taken_out_ends_when_it_ended():
    whole = lively()
    _, spells = removable(log_of(whole))
    assert len(spells) > 3
    afterwards = 0
    for begin, end in spells:
        log = log_of(replace(whole, without=((keys.RESTRICTION, begin, end),)))
        levels = [e for e in log if e.activity == "autonomy level"]
        assert not [e for e in levels if begin <= e.time < end]
        at_end = [e for e in levels if e.time == end]
        assert not at_end or at_end[0].detail["level"] != "autonomous"
        afterwards += len(at_end)
    assert afterwards  # incidents count meanwhile: more of them are recent when the ladder counts again


def test_a_suspension_goes_on_after_what_is_taken_out():
    """Part of a spell is taken out here, so that the ladder stands at the top where it counts again."""
    whole = lively(governance__suspend=2, governance__window=200.0)
    found = agree(replace(whole, without=((keys.RESTRICTION, 0, 300 * HOUR),)))
    log = log_of(replace(whole, without=((keys.RESTRICTION, 0, 300 * HOUR),)))
    first, second, *_ = (e for e in log if e.activity == "autonomy level")
    assert (first.time, first.detail["level"]) == (300 * HOUR, "suspended")
    assert second.detail["level"] == "restricted"  # the probation
    assert found["level_time"][0, 3] >= second.time - first.time
    assert found["level_time"][0, 0] >= 300 * HOUR


@pytest.mark.parametrize("kind", [keys.INCIDENT, keys.OUTAGE, keys.SCHEMA_CHANGE, keys.RESTRICTION])
def test_up_to_an_event_everything_is_the_same_and_the_event_is_the_first_difference(kind):
    whole = lively()
    log = log_of(whole)
    entities, spells = removable(log)
    if kind == keys.RESTRICTION:
        begin, end = spells[len(spells) // 2]
        lacking = replace(whole, without=((kind, begin, end),))
    else:
        of_kind = [entity for entity in entities if entity[0] == kind]
        chosen = of_kind[len(of_kind) // 2]
        lacking = replace(whole, without=((*chosen, 0),))
    other = log_of(lacking)
    first = next(i for i, (a, b) in enumerate(zip(log, other, strict=False)) if a != b)
    assert first > 1000
    assert log[first].kind == (keys.INCIDENT if kind == keys.RESTRICTION else kind)
    if kind == keys.RESTRICTION:
        assert (log[first].activity, log[first].time) == ("autonomy level", begin)
    else:
        assert (log[first].kind, log[first].entity) == chosen
    assert other[first].time >= log[first].time


def test_an_outage_that_nobody_meets_takes_nothing_with_it():
    """No items at night; the outage of one of them is taken out."""
    whole = lively(profile=((0, 24, 1),), governance__surfaced=0.0)
    log = log_of(whole)
    spans = {}
    for e in log:
        if e.activity == "outage":
            spans.setdefault(e.entity, []).append(e.time)
    ai = [e.time for e in log if e.activity in ("AI", "arrival")]
    unmet = next(n for n, (b, e) in spans.items() if not any(b <= t <= e for t in ai))
    other = log_of(replace(whole, without=((keys.OUTAGE, unmet, 0),)))
    assert other == [e for e in log if (e.kind, e.entity) != (keys.OUTAGE, unmet)]
    assert not unequal(agree(whole), agree(replace(whole, without=((keys.OUTAGE, unmet, 0),))))


def test_later_outages_and_schema_changes_keep_their_times():
    whole = lively()

    def news(log):
        return [(e.time, e.entity) for e in log if e.activity in ("outage", "schema change")]

    full = news(log_of(whole))
    lacking = bereft(whole, lambda i: i % 2)
    gone = {entity for kind, entity, _ in lacking.without if kind in (keys.OUTAGE, keys.SCHEMA_CHANGE)}
    assert set(news(log_of(lacking))) < set(full)
    assert gone


def test_what_does_not_happen_anyway_changes_nothing():
    whole = lively()
    rows = ((keys.INCIDENT, 10**9, 0), (keys.OUTAGE, 10**6, 0), (keys.RESTRICTION, NEVER - 2, NEVER - 1))
    found = agree(whole)
    assert not unequal(found, agree(replace(whole, without=rows)))
    assert found["counts"][0, :, Count.ARRIVED].sum() > 1000


def test_an_incident_of_one_workflow_is_not_that_of_another():
    other = 1 << keys.WORKFLOW_SHIFT
    two = packed([values(**LIVELY), values(**LIVELY)])
    entities, _ = removable(log_of(two))
    entity = next(e for kind, e in entities if kind == keys.INCIDENT and e >= other)
    lacking = agree(replace(two, without=((keys.INCIDENT, entity, 0),)))
    assert entity not in lacking["incident_entity"]
    twin = agree(replace(two, without=((keys.INCIDENT, entity - other, 0),)))
    assert entity in twin["incident_entity"]


def test_the_digest_knows_what_is_taken_out():
    whole = lively()
    cases = [(), ((keys.OUTAGE, 1, 0),), ((keys.OUTAGE, 2, 0),), ((keys.RESTRICTION, 1, 5),)]
    assert len({digest(replace(whole, without=case)) for case in cases}) == 4
    assert replace(whole, without=()).removed.shape == (0, 3)
    assert np.array_equal(replace(whole, without=cases[1]).removed, [[keys.OUTAGE, 1, 0]])
