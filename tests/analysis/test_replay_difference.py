"""What can be taken out of a log, and what differs between two: small logs written by hand."""

import math

import numpy as np
import pytest

from simgap.analysis.replay import Event, cost, difference, events_of, money, removal
from simgap.economics.ledger import LINES
from simgap.engines.log import Entry
from simgap.model import keys
from simgap.model.clock import NEVER

OTHER = 1 << keys.WORKFLOW_SHIFT


def level(time, word, entity=0):
    detail = {"level": word, "open_problems": 0, "recent_incidents": 0}
    return Entry(time, keys.INCIDENT, entity, "autonomy level", "complete", detail)


def incident(time, entity, *failed):
    return Entry(time, keys.INCIDENT, entity, "incident", "complete", {"failed": failed})


def problem(time, entity, how="complete"):
    return Entry(time, keys.INCIDENT, entity, "problem", how, {})


def outage(time, number, how="start"):
    return Entry(time, keys.OUTAGE, number, "outage", how, {})


def schema(time, entity):
    return Entry(time, keys.SCHEMA_CHANGE, entity, "schema change", "complete", {})


def change(time, entity, how):
    return Entry(time, keys.CHANGE, entity, "change", how, {})


def ended(time, entity, outcome="straight", escaped="", kind=keys.ITEM):
    return Entry(time, kind, entity, "end", "complete", {"outcome": outcome, "escaped": escaped})


def names(log):
    return [(event.name, event.entity, event.time, event.end, event.words) for event in events_of(log)]


def test_events_by_kind_with_their_ends():
    log = [
        outage(5, 0),
        incident(6, 40),
        outage(9, 0, "complete"),
        incident(10, 17, "explainable", "correctable"),
        problem(10, 17, "start"),
        outage(11, 1),
        problem(30, 17),
    ]
    assert names(log) == [
        ("incident:0", 40, 6, 6, ()),
        ("incident:1", 17, 10, 30, ("explainable", "correctable")),
        ("outage:0", 0, 5, 9, ()),
        ("outage:1", 1, 11, NEVER, ()),
    ]


def test_a_schema_change_lasts_until_a_repair_that_began_after_it():
    log = [
        schema(1, 0),
        change(1, 0, "schedule"),
        change(1, 0, "start"),
        schema(2, OTHER),
        schema(3, 1),  # the repair that is under way is of the first
        change(3, OTHER, "start"),
        change(4, 0, "complete"),
        change(4, 0, "start"),
        change(5, 1, "complete"),  # of the model
        change(6, OTHER, "complete"),
        change(7, 0, "complete"),
        schema(8, 2),
        change(8, 0, "start"),
    ]
    assert [(time, end) for _, _, time, end, _ in names(log)] == [(1, 4), (2, 6), (3, 7), (8, NEVER)]


def test_restrictions_are_spells_that_are_not_autonomous():
    log = [
        level(10, "guarded", 3),
        level(20, "restricted", 4),
        level(30, "guarded", 4),
        level(40, "autonomous", 3),
        level(50, "suspended", 5),
        level(50, "autonomous", 5),  # at the same instant: none
        level(60, "guarded", 6),
        level(70, "autonomous", 6),
        level(70, "restricted", 7),  # meets the one before
        level(80, "autonomous", 7),
        level(90, "suspended", 8),
    ]
    assert names(log) == [
        ("restriction:0", 3, 10, 40, ("restricted",)),
        ("restriction:1", 6, 60, 80, ("restricted",)),
        ("restriction:2", 8, 90, NEVER, ("suspended",)),
    ]


def test_the_end_of_the_ai_is_no_restriction_and_ends_one():
    stop = Entry(50, keys.TEAM, 0, "stop", "complete", {})
    after = [stop, level(50, "suspended"), level(60, "suspended")]
    assert names(after) == []
    assert names([level(10, "guarded", 3), *after]) == [("restriction:0", 3, 10, 50, ("guarded",))]


def test_what_engines_are_told():
    chosen = [
        Event("restriction", 1, 6, 60, 80),
        Event("outage", 4, 4, 2, 3),
        Event("restriction", 0, 3, 10, 40),
        Event("incident", 2, 17, 10, 30),
        Event("schema-change", 0, OTHER, 1, 2),
    ]
    assert removal(chosen) == (
        (keys.INCIDENT, 17, 0),
        (keys.OUTAGE, 4, 0),
        (keys.SCHEMA_CHANGE, OTHER, 0),
        (keys.RESTRICTION, 10, 40),
        (keys.RESTRICTION, 60, 80),
    )


def test_two_logs_that_are_the_same():
    log = [ended(1, 0), incident(2, 0), ended(3, 1)]
    found = difference(log, list(log), 100)
    assert (found.first, found.last, found.joined, found.only, found.steps) == (
        None,
        None,
        True,
        ([], []),
        [],
    )
    assert (found.other_way, found.later, found.earlier, found.items) == (0, 0, 0, ())
    assert found.counts["straight"] == (2, 2)


def test_items_that_end_another_way_later_and_earlier():
    one = [ended(1, 0), ended(5, 1), ended(6, 2, "fallback"), ended(9, 3), ended(20, 4)]
    other = [ended(1, 0), ended(4, 1), ended(6, 2, "reviewed", "missed"), ended(9, 3, "manual"), ended(21, 4)]
    other.insert(2, ended(5, 9, "fallback", kind=keys.DUPLICATE))
    one.insert(2, ended(5, 9, kind=keys.DUPLICATE))
    found = difference(one, other, 100)
    assert (found.other_way, found.later, found.earlier) == (2, 1, 1)
    assert found.items == ((6, 2, "fallback", "reviewed"), (9, 3, "straight", "manual"))
    assert (found.first, found.last, found.joined) == (4, 21, False)
    assert found.counts["fallback"] == (1, 0)
    assert found.counts["escaped_missed"] == (0, 1)


def test_histories_join_where_the_same_happens_again_before_arrivals_end():
    one, other = [incident(2, 0), ended(3, 1), ended(9, 2)], [ended(3, 1), ended(9, 2)]
    assert difference(one, other, 100).joined
    assert difference(one, other, 3).joined
    assert not difference(one, other, 2).joined
    assert not difference(one[:1], [], 100).joined


def test_a_difference_after_arrivals_have_ended_is_said_to_be_one():
    same = [ended(5, 1)]
    for when, late in ((90, False), (150, True)):
        found = difference([*same, level(when, "guarded")], same, 100)
        assert (found.after_arrivals, found.joined) == (late, False)
    assert not difference(same, same, 100).after_arrivals


def test_who_reviews_is_left_out_of_account():
    one = [Entry(1, keys.ITEM, 0, "review", "start", {"resource": "reviewer 1", "congestion": 0.5})]
    other = [one[0]._replace(detail={"resource": "reviewer 2", "congestion": 0.5})]
    assert difference(one, other, 10).first is None
    other = [one[0]._replace(detail={"resource": "reviewer 1", "congestion": 0.6})]
    assert difference(one, other, 10).first == 1


def test_the_same_event_twice_in_one_log_is_one_more():
    twice = [incident(1, 0), incident(1, 0)]
    found = difference(twice, twice[:1], 10)
    assert (len(found.only[0]), len(found.only[1])) == (1, 0)


def test_the_chain_pairs_what_comes_at_another_time():
    one = [incident(5, 7), change(10, 1, "schedule"), change(30, 1, "complete"), change(40, 1, "schedule")]
    other = [incident(5, 8, "explainable"), change(20, 1, "schedule"), change(30, 1, "complete")]
    steps = difference(one, other, 100).steps
    told = [
        (s.time, s.activity, s.entity, s.factual and s.factual["time"], s.without and s.without["time"])
        for s in steps
    ]
    assert told == [
        (5, "incident", 7, 5, None),
        (5, "incident", 8, None, 5),
        (10, "change schedule", 1, 10, 20),
        (40, "change schedule", 1, 40, None),
    ]


def test_levels_that_differ_are_told_as_spells():
    one = [level(10, "guarded"), level(20, "restricted"), level(40, "autonomous")]
    other = [level(15, "guarded"), level(25, "autonomous"), level(30, "suspended")]
    told = [
        (s.time, s.factual["until"], s.factual["level"], s.without["level"])
        for s in difference(one, other, 100).steps
    ]
    assert told == [
        (10, 15, "guarded", "autonomous"),
        (20, 25, "restricted", "guarded"),
        (25, 30, "restricted", "autonomous"),
        (30, 40, "restricted", "suspended"),
        (40, NEVER, "autonomous", "suspended"),
    ]


def ledger(**lines):
    return {name: np.array(lines.get(name, (0.0, 0.0, 0.0)), np.float64) for name in LINES}


def test_money_is_valued_line_by_line():
    one = ledger(benefit=(10.0, 20.0, 30.0), incidents=(0.0, -5.0, 0.0), pilot=(-7.0, 0.0, 0.0))
    other = ledger(benefit=(10.0, 26.0, 30.0), pilot=(-7.0, 0.0, 0.0), investment=(0.0, 0.0, -2.0))
    rows = {row["line"]: row for row in money(one, other, 0.21, 0.25)}
    assert list(rows) == list(LINES)
    assert rows["benefit"]["factual"] == 45.0
    assert rows["benefit"]["difference"] == -4.5
    assert rows["benefit"]["npv_difference"] == pytest.approx(-4.5 * 1.21 ** (-1.5 / 12), rel=1e-14)
    assert rows["incidents"]["npv_difference"] == pytest.approx(-3.75 * 1.21 ** (-1.5 / 12), rel=1e-14)
    assert rows["investment"]["npv_difference"] == pytest.approx(1.5 * 1.21 ** (-2 / 12), rel=1e-14)
    assert rows["pilot"]["npv_difference"] == 0.0
    assert cost(list(rows.values())) == -math.fsum(row["npv_difference"] for row in rows.values()) > 6.0
    same = cost(money(one, one, 0.21, 0.25))
    assert (same, math.copysign(1.0, same)) == (0.0, 1.0)
