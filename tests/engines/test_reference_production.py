"""Drift and its detection, changes, adoption, hiring and the end of the AI, on timelines worked out by hand.

Unless said otherwise every item needs an hour of a reviewer and there are enough of them; the AI takes no
time, and a right decision has odds of nine to one, all items being alike.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from audit import at, audit, lives_of, logged, reasons_of, told
from cases import ALWAYS, INF, MONTH, OFFICE, Witness, arriving, bare, packed, values
from scipy.optimize import brentq
from scipy.stats import norm
from test_reference import BUSY, LIVELY

from simgap.engines.physics import ENDS, Count
from simgap.model import chart, keys
from simgap.model.clock import HOUR, NEVER
from simgap.sampling.philox import words

ITEM, DUPLICATE = keys.ITEM, keys.DUPLICATE
MICROSECOND = 1 / HOUR
ALIKE = {"ai__accuracy": 0.9, "ai__hardness": 0.0, "oversight__reviewers": 999}
CERTAIN = {"iteration__lead_time_cv": 0.0}
# Items that people decide, wrongly: each is an incident at once, an hour after it arrives.
FAULTY = {
    "data__false_reject": 1.0,
    "oversight__exception_factor": 1.0,
    "oversight__manual_error": 1.0,
    "consequential": 1.0,
    "governance__surfaced": 1.0,
    "governance__lag": 0.0,
}
# Every item is an edge case of one of some types, and known for one while its type is not handled.
EDGES = {
    "edge_cases__share": 1.0,
    "edge_cases__never_repeats": 0.0,
    "edge_cases__handled": 0,
    "edge_cases__recognised": 1.0,
    "edge_cases__types": 1,
    "edge_cases__tail": 0.0,
    "oversight__edge_factor": 1.0,
}


def case(**changes):
    return bare(**{**ALIKE, **CERTAIN, **changes})


def run(case, hours, twins=False, seed=1, stops_at=NEVER, **where):
    """Return what was counted, the log, and the log by item."""
    ready = replace(arriving(case, hours, twins, **where), stops_at=stops_at)
    physics, log = logged(ready, seed)
    audit(ready, physics, log, seed)
    return physics, log, lives_of(log)


def uniform(kind, entity, purpose, word, seed=1):
    return (int(words(seed, 0, 0, 0, kind, entity, purpose, 0)[word]) + 0.5) / 2**32


def uniforms(n, purpose, word, kind=ITEM):
    return np.array([uniform(kind, entity, purpose, word) for entity in range(n)])


def news(kind, a_year, first=0, n=8):
    """Return the first hours of what happens so often: exponential gaps, from the words of each."""
    gaps = [-8760.0 / a_year * math.log(1.0 - uniform(kind, first + k, keys.NEWS, 0)) for k in range(n)]
    return [when / HOUR for when in np.cumsum([round(gap * HOUR) for gap in gaps]).tolist()]


def logit(u):
    return math.log(u / (1.0 - u))


def decided(lives, n):
    """Return whether the decision on each of the first items was right."""
    return [next(e.detail["right"] for e in lives[ITEM, k] if "right" in e.detail) for k in range(n)]


def steps(log, activity, transition="complete"):
    """Return hour and entity of the entries of an activity."""
    return [(e.time / HOUR, e.entity) for e in told(log, activity, transition)]


# --- drift -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 9))
def test_erosion_makes_a_decision_wrong_from_the_predicted_instant_on(seed):
    """Of the odds a share of 0.9 is gone each month: log-odds of 2.3 in 730 hours."""
    spare = logit(0.9) - logit(uniform(ITEM, 0, keys.DECISION, 1, seed))
    turns = spare * 730.0 / math.log(10.0)
    for hour, right in ((turns - 1e-3, True), (turns + 1e-3, False)):
        if hour > 0.0:
            physics, _, lives = run(case(drift__erosion=0.9), [hour], seed=seed, window=6 * MONTH)
            assert decided(lives, 1) == [right]
            assert physics.total(Count.AI_RIGHT) == right
    assert physics.drift == pytest.approx(np.arange(1, 7) * math.log(10.0))


def test_erosion_item_by_item():
    hours = [1.0 + k for k in range(700)]
    _, _, lives = run(case(drift__erosion=0.5), hours)
    drift = np.array(hours) / 730.0 * math.log(2.0)
    u = uniforms(700, keys.DECISION, 1)
    assert decided(lives, 700) == (logit(0.9) - np.log(u / (1 - u)) > drift).tolist()
    fresh = (u < 0.9).tolist()
    assert sum(fresh) - sum(decided(lives, 700)) > 10


def test_a_shock_hits_what_is_decided_from_its_instant_on():
    """Also the item that came before it, and is with the AI while it happens."""
    [shock, second, *_] = news(keys.SHOCK, 20.0)
    always = case(ai__accuracy=0.999999, drift__shocks=20.0, drift__shock_size=50.0)
    assert second > shock + 50.0
    hours = [shock - MICROSECOND, shock, shock + MICROSECOND]
    physics, log, lives = run(always, hours)
    assert decided(lives, 3) == [True, False, False]
    assert steps(log, "shock")[0] == (shock, 0)
    slow = {**always, "integration.latency": 1.0}
    _, _, lives = run(slow, [shock - 1.0 - MICROSECOND, shock - 0.5])
    assert decided(lives, 2) == [True, False]
    n = len([hour for hour in news(keys.SHOCK, 20.0) if hour < 730.0])
    assert physics.total(Count.SHOCKS) == n
    assert physics.drift.tolist() == [50.0 * n]


@pytest.mark.parametrize("late", [0.0, MICROSECOND])
def test_no_news_at_the_end_of_the_window_or_after_it(late):
    """It ends with the second of each kind, or a microsecond after."""
    for kind, path, activity, column in (
        (keys.SHOCK, "drift__shocks", "shock", Count.SHOCKS),
        (keys.SCHEMA_CHANGE, "data__schema_changes", "schema change", Count.SCHEMA_CHANGES),
        (keys.BIRTH, "edge_cases__births", "new edge-case type", Count.BIRTHS),
    ):
        first, second, *_ = news(kind, 20.0)
        physics, log, _ = run(case(**{path: 20.0}), [1.0], window=second + late)
        assert [hour for hour, _ in steps(log, activity)] == [first, second][: 1 + (late > 0)]
        assert physics.total(column) == 1 + (late > 0)


# --- retraining ------------------------------------------------------------------------------------------

RETRAINED = {
    **FAULTY,
    "drift__erosion": 0.5,
    "drift__retraining_removes": 0.8,
    "iteration__retrain_after": 1,
    "iteration__lead_time": 50.0,
}
RATE = math.log(2.0) / 730.0  # of the erosion by half, in an hour


def test_retraining_removes_a_share_of_what_was_there_when_it_began():
    """Incidents at 100 and 300; retrained at 150 and 350, of the drift at 100 and 300."""
    physics, log, _ = run(case(**RETRAINED), [99.0, 299.0], window=2 * MONTH)
    assert steps(log, "change", "start") == [(100.0, 1), (300.0, 1)]
    assert steps(log, "change") == [(150.0, 1), (350.0, 1)]
    first = 0.8 * 100.0
    second = 0.8 * (300.0 - first)
    assert physics.drift / RATE == pytest.approx([730.0 - first - second, 1460.0 - first - second])
    assert physics.total(Count.CHANGES_RETRAINING) == physics.total(Count.CHANGES_DONE) == 2
    assert physics.total(Count.CHANGE_LEAD) == 2 * 50 * 3_600_000


def test_a_shock_while_the_model_is_retrained_stays():
    shock, second, *_ = news(keys.SHOCK, 10.0)
    assert shock + 50.0 < second
    shocked = case(**RETRAINED, drift__shocks=10.0, drift__shock_size=3.0)
    physics, _, _ = run(shocked, [shock - 11.0], window=shock + 45.0)
    assert physics.drift[-1] == pytest.approx(3.0 + RATE * (shock + 45.0 - 0.8 * (shock - 10.0)))


def test_incidents_are_counted_until_they_ask_for_a_retraining():
    """Three ask for one; three more ask in vain while it is on its way."""
    counted = case(**{**RETRAINED, "iteration__retrain_after": 3})
    hours = [9.0, 19.0, 29.0, 39.0, 49.0, 59.0, 99.0, 109.0, 119.0]
    _, log, _ = run(counted, hours)
    # Incidents at 10, 20, 30: retrained until 80. Those of 40, 50 and 60 count no more.
    assert steps(log, "change", "schedule") == [(30.0, 1), (120.0, 1)]
    assert steps(log, "change") == [(80.0, 1), (170.0, 1)]


@pytest.mark.parametrize("removes", [0.0, 0.6, 1.0])
def test_a_new_model_has_new_thresholds(removes):
    """The stated shares of its decisions lie under them, at the drift that is left."""
    known = case(
        **{**RETRAINED, "drift__retraining_removes": removes, "data__false_reject": 0.999},
        oversight__review_least_confident=0.2,
        governance__guarded_least_confident=0.5,
    )
    witness = Witness(arriving(known, [399.0]))
    assert witness.production.causes[0, 1].occasion == 1
    right = 1.0 / (1.0 + math.exp(RATE * (450.0 - removes * 400.0) - logit(0.9)))
    d, sigma = math.hypot(1.0, 0.93) * norm.ppf(0.83), 0.93

    def under(t):
        return right * norm.cdf(t) + (1.0 - right) * norm.cdf((t + d) / sigma)

    for share, cuts in zip((0.2, 0.5), witness.production.cuts[0].reshape(2, 3), strict=True):
        t = brentq(lambda t, share=share: under(t) - share, -9.0, 9.0, xtol=1e-14)
        assert cuts[:2] == pytest.approx([norm.cdf(t), norm.cdf((t + d) / sigma)], abs=1e-9)
    before = packed(known).workflows[0].cuts
    assert abs(witness.production.cuts[0][0] - before[0]) > 0.001


def test_a_new_model_knows_the_types_that_are_handled_by_then():
    """Its thresholds are those of a pilot in which the type, seen at 2 and handled from 7 on, was handled."""
    learnt = {
        **{k: v for k, v in FAULTY.items() if k != "data__false_reject"},
        **{**EDGES, "edge_cases__recognised": 0.5, "edge_cases__share": 0.3},
        "data__false_reject": 0.5,
        "edge_cases__examples_needed": 1,
        "iteration__retrain_after": 1,
        "iteration__lead_time": 5.0,
        "iteration__in_parallel": 9,
        "oversight__review_least_confident": 0.2,
    }
    hours = [1.0] * 20 + [50.0] * 20
    witness = Witness(arriving(case(**learnt), hours))
    assert witness.production.causes[0, 2].handled
    assert witness.production.causes[0, 1].occasion == 2
    handled = packed(case(**{**learnt, "edge_cases__handled": 1})).workflows[0].cuts
    assert witness.production.cuts[0] == pytest.approx(handled, abs=1e-12)
    assert abs(packed(case(**learnt)).workflows[0].cuts - handled).max() > 0.001


# --- schema changes ----------------------------------------------------------------------------------------

MOVED = {
    "data__schema": 0.1,
    "data__schema_broken": 0.3,
    "data__schema_changes": 30.0,
    "data__validated": 0.0,
    "oversight__deadline": 0.0,
}
SCHEMA = news(keys.SCHEMA_CHANGE, 30.0)


def broken_at(hours, edges):
    """Return of each item whether its schema is another, while so many changes are not repaired."""
    u = uniforms(len(hours), keys.DATA, 2)
    open_changes = np.array([sum(a <= hour < b for a, b in edges) for hour in hours])
    return (u < 1.0 - 0.9 * 0.7**open_changes).tolist(), open_changes


def seen_broken(lives, n):
    return ["schema" in lives[ITEM, k][0].detail["defects"] for k in range(n)]


def test_a_schema_change_breaks_a_share_until_the_connector_is_changed():
    first, second, *_ = SCHEMA
    lead = 0.6 * (second - first)
    end = first + round(lead * HOUR) / HOUR
    hours = sorted(
        [*np.linspace(first - 2.0, second, 300), first - MICROSECOND, first, end - MICROSECOND, end]
    )
    physics, log, lives = run(case(**MOVED, iteration__lead_time=lead), hours, window=second)
    wanted, open_changes = broken_at(hours, [(first, end)])
    assert seen_broken(lives, len(hours)) == wanted
    assert set(open_changes) == {0, 1}
    assert steps(log, "change", "schedule") == steps(log, "change", "start") == [(first, 0)]
    assert steps(log, "change") == [(pytest.approx(end), 0)]
    assert physics.total(Count.CHANGES_CONNECTOR) == 1


def test_a_second_schema_change_during_the_repair_of_the_first_asks_for_another_when_that_is_done():
    """Both breaks add up in between; at no time are two changes open."""
    first, second, third, *_ = SCHEMA
    lead = 1.2 * (second - first)
    assert first + 2 * lead < third
    hours = [*np.linspace(first - 10.0, first + 2 * lead + 10.0, 500)]
    physics, log, lives = run(case(**MOVED, iteration__lead_time=lead), hours, window=third)
    one, two = (round((first + k * lead) * HOUR) / HOUR for k in (1, 2))
    assert steps(log, "change", "schedule") == [(first, 0), (one, 0)]
    assert steps(log, "change") == [(one, 0), (two, 0)]
    wanted, open_changes = broken_at(hours, [(first, one), (second, two)])
    assert seen_broken(lives, len(hours)) == wanted
    assert set(open_changes) == {0, 1, 2}
    # The second waits for the second repair, but was asked for only then.
    assert physics.total(Count.CHANGE_LEAD) == pytest.approx(2 * lead * 3.6e6, abs=4)


def test_schema_changes_before_the_repair_begins_are_repaired_together():
    """The organisation retrains when both come: one change of the connector is enough for both."""
    first, second, third, *_ = SCHEMA
    lead = 1.2 * (second - first)
    together = case(**MOVED, **FAULTY, iteration__retrain_after=1, iteration__lead_time=lead)
    begun = first - 0.1 * lead
    assert second < begun + lead < begun + 2 * lead < third
    physics, log, _ = run(together, [begun - 1.0], window=third)
    assert [entity for _, entity in steps(log, "change", "start")] == [1, 0]
    assert [hour for hour, _ in steps(log, "change")] == pytest.approx([begun + lead, begun + 2 * lead])
    assert physics.total(Count.CHANGES_CONNECTOR) == 1
    assert physics.total(Count.SCHEMA_CHANGES) == 2


# --- types of edge case ------------------------------------------------------------------------------------


def handed_over(lives, n):
    return [any("handed_over" in e.detail for e in lives[ITEM, k]) for k in range(n)]


def test_a_type_is_handled_after_the_change_that_its_examples_ask_for():
    """Seen at 2, 3 and 4; the change takes ten hours, and holds for who comes at its last instant."""
    learnt = case(**EDGES, edge_cases__examples_needed=3, iteration__lead_time=10.0)
    hours = [1.0, 2.0, 3.0, 5.0, 14.0 - MICROSECOND, 14.0, 20.0]
    physics, log, lives = run(learnt, hours)
    assert handed_over(lives, 7) == [True] * 5 + [False] * 2
    assert steps(log, "change", "schedule") == [(4.0, 2)]
    assert steps(log, "change") == [(14.0, 2)]
    assert physics.total(Count.CHANGES_EDGE) == physics.total(Count.CHANGES_DONE) == 1
    assert physics.total(Count.TRIGGER_EDGE) == 5


def test_what_a_reviewer_misses_is_no_example_until_it_is_an_incident():
    """Not known for edge cases, decided wrongly and never caught: seen when the incident surfaces."""
    unseen = case(
        **{**EDGES, "edge_cases__recognised": 0.0},
        edge_cases__penalty=50.0,
        edge_cases__examples_needed=2,
        iteration__lead_time=10.0,
        consequential=1.0,
        governance__surfaced=1.0,
        governance__lag=0.0,
        governance__review_consequential="no",
        governance__permission=INF,
        oversight__catch=0.001,
    )
    assert (uniforms(3, keys.REVIEW, 1) > 0.01).all()
    _, log, lives = run(unseen, [1.0, 5.0, 30.0])
    assert [lives[ITEM, k][-2].detail["verdict"] for k in range(2)] == ["missed", "missed"]
    assert steps(log, "incident") == [(2.0, 0), (6.0, 1), (31.0, 2)][: len(steps(log, "incident"))]
    assert steps(log, "change", "schedule") == [(6.0, 2)]
    # Handled, it costs nothing: at odds of nine to one.
    assert decided(lives, 3) == [False, False, uniform(ITEM, 2, keys.DECISION, 1) < 0.9]
    hidden = {**unseen, "governance.surfaced": 0.0}
    _, log, _ = run(hidden, [1.0, 5.0, 30.0])
    assert steps(log, "change", "schedule") == []


def test_duplicates_are_no_examples():
    learnt = case(**EDGES, edge_cases__examples_needed=3, iteration__lead_time=10.0)
    _, log, _ = run(learnt, [1.0, 2.0], twins=True)
    assert steps(log, "change", "schedule") == []


BIRTH = news(keys.BIRTH, 50.0)


def test_a_birth_makes_a_handled_type_new_again():
    """Of one type: each birth takes its place."""
    birth, second, *_ = BIRTH
    known = case(**{**EDGES, "edge_cases__handled": 1}, edge_cases__births=50.0)
    hours = [birth - MICROSECOND, birth, birth + 9.0]
    assert birth + 20.0 < second
    _, log, lives = run(known, hours)
    assert handed_over(lives, 3) == [False, True, True]
    first = told(log, "new edge-case type")[0]
    assert (first.time / HOUR, first.detail["rank"]) == (birth, 1)


def test_a_birth_voids_the_change_that_is_on_its_way_and_its_examples():
    """Three examples ask for a change from b - 6 to b + 4. Those of the new type are seen at 1.5, 5 and 6."""
    birth, second, *_ = BIRTH
    assert birth + 40.0 < second
    learnt = case(**EDGES, edge_cases__births=50.0, edge_cases__examples_needed=3, iteration__lead_time=10.0)
    after = [-9.0, -8.0, -7.0, 0.5, 4.0, 5.0, 16.0 - MICROSECOND, 16.0]
    _, log, lives = run(learnt, [birth + h for h in after])
    assert handed_over(lives, 8) == [True] * 7 + [False]
    asked, done = steps(log, "change", "schedule"), steps(log, "change")
    assert [h - birth for h, _ in asked] == pytest.approx([-6.0, 6.0])
    assert [h - birth for h, _ in done] == pytest.approx([4.0, 16.0])


def test_the_type_that_is_born_is_any_as_likely():
    """From the second word of each birth."""
    _, log, _ = run(case(**{**EDGES, "edge_cases__types": 7}, edge_cases__births=600.0), [1.0])
    ranks = [e.detail["rank"] for e in told(log, "new edge-case type")]
    wanted = [1 + int(7 * uniform(keys.BIRTH, k, keys.NEWS, 1)) for k in range(len(ranks))]
    assert ranks == wanted
    assert set(ranks) == set(range(1, 8))


# --- which change is begun ---------------------------------------------------------------------------------


def types_of(n, types):
    """Return the types of the first edge cases, all as frequent: from their second word."""
    return [1 + int(types * u) for u in uniforms(n, keys.EDGE_TYPE, 1)]


ASKING = {
    **EDGES,
    **{k: v for k, v in FAULTY.items() if k != "data__false_reject"},
    "edge_cases__types": 4,
    "edge_cases__examples_needed": 1,
    "iteration__retrain_after": 6,
    "iteration__lead_time": 100.0,
    "data__schema_changes": 30.0,
}


TYPES = types_of(6, 4)  # the first six edge cases
ORDER = [t + 1 for t in dict.fromkeys(TYPES)]  # their columns, as they are seen first


@pytest.mark.parametrize("in_parallel", [1, 2, 9])
def test_connectors_first_then_the_model_then_types_by_age(in_parallel):
    """Six edge cases before the first schema change, an hour apart; each a mistake, and so an incident.

    The last of them is the first of its type, and the incident that asks for a retraining. The second schema
    change comes 4.5 hours after the first. Changes take 20 hours.
    """
    assert TYPES == [2, 4, 4, 1, 1, 3]
    first, second, third, *_ = SCHEMA
    assert first + 4.0 < second < first + 5.0 < first + 130.0 < third
    hours = [first - 8.0 + k for k in range(6)]
    quick = case(**{**ASKING, "iteration__lead_time": 20.0}, iteration__in_parallel=in_parallel)
    _, log, _ = run(quick, hours, window=third)
    seen = [first - 7.0, first - 6.0, first - 4.0, first - 2.0]
    asked = [*zip(seen, ORDER, strict=True), (first - 2.0, 1), (first, 0)]
    a, b, c, d = ORDER
    one, two, three, four, five = (seen[0] + 20.0 * k for k in range(1, 6))
    begun = {
        1: [(seen[0], a), (one, 0), (two, 1), (three, b), (four, c), (five, d)],
        2: [(seen[0], a), (seen[1], b), (one, 0), (one + 1.0, 1), (two, c), (two + 1.0, d)],
        9: [(seen[0], a), (seen[1], b), (seen[2], c), (seen[3], 1), (seen[3], d), (first, 0)],
    }[in_parallel]
    if in_parallel == 9:  # the first was begun before the second came
        asked.append((first + 20.0, 0))
        begun.append((first + 20.0, 0))
    assert steps(log, "change", "schedule") == [(pytest.approx(h), column) for h, column in asked]
    assert steps(log, "change", "start") == [(pytest.approx(h), column) for h, column in begun]
    assert steps(log, "change") == [(pytest.approx(h + 20.0), column) for h, column in begun]


QUIET = {**ASKING, "data__schema_changes": 0.0, "iteration__retrain_after": INF}


def test_of_one_age_the_lowest_number_is_begun_first():
    """All are seen at one instant, before any change begins."""
    _, log, _ = run(case(**QUIET), [1.0] * 6)
    assert steps(log, "change", "schedule") == [(2.0, column) for column in ORDER]
    assert sorted(ORDER) != ORDER
    assert steps(log, "change", "start") == [(2.0, 2), (102.0, 3), (202.0, 4), (302.0, 5)]


def test_changes_open_at_the_end_of_each_month():
    """Four types seen at 2:00, 400 hours each: done at 402, 802, 1202 and 1602; a month has 730 hours."""
    physics, _, _ = run(case(**{**QUIET, "iteration__lead_time": 400.0}), [1.0] * 6, window=3 * MONTH)
    assert physics.changes_open.tolist() == [3, 1, 0]
    assert physics.counts[0, :, Count.CHANGES_EDGE].tolist() == [2, 2, 0, 0]
    assert physics.counts[0, :, Count.CHANGES_DONE].tolist() == [1, 2, 1, 0]
    assert physics.total(Count.CHANGE_LEAD) == 10 * 400 * 3_600_000


def test_lead_times_differ_from_change_to_change():
    """Lognormal, from the words of the cause and of how many changes it had before."""
    mean, cv = 40.0, 0.7
    often = case(**{**RETRAINED, "iteration__lead_time": mean}, iteration__lead_time_cv=cv)
    often["iteration.lead_time_cv"] = cv
    _, log, _ = run(often, [9.0, 249.0, 499.0], window=2 * MONTH)
    sigma = math.sqrt(math.log(1.0 + cv * cv))
    for occasion, ((a, _), (b, _)) in enumerate(
        zip(steps(log, "change", "start"), steps(log, "change"), strict=True)
    ):
        u = (int(words(1, 0, 0, 0, keys.CHANGE, 1, keys.LEAD_TIME, occasion)[0]) + 0.5) / 2**32
        wanted = mean * math.exp(sigma * norm.ppf(u) - 0.5 * sigma**2)
        assert b - a == pytest.approx(wanted, abs=1e-6)
    assert occasion == 2


@pytest.mark.parametrize("where", [{"window": 250.0}, {"stops_at": 250 * HOUR}], ids=["window", "AI"])
def test_nothing_is_asked_for_or_begun_after_the_end(where):
    """Four types seen at 2:00, 100 hours each: one is under way at 250, and the last is never begun."""
    physics, log, _ = run(case(**QUIET), [1.0] * 6, **where)
    assert steps(log, "change", "start") == [(2.0, 2), (102.0, 3), (202.0, 4)]
    assert [hour for hour, _ in steps(log, "change")] == [102.0, 202.0, 302.0]
    assert physics.changes_open.tolist() == [2 if "window" in where else 1]
    # Seen at the end, or a bit before.
    for hour, asked in ((249.0 - MICROSECOND, True), (249.0, False)):
        _, log, _ = run(case(**QUIET), [hour], **where)
        assert len(steps(log, "change", "schedule")) == len(steps(log, "change", "start")) == asked


# --- adoption ----------------------------------------------------------------------------------------------


def declined(lives, n, kind=ITEM):
    return [lives[kind, k][-1].detail["outcome"] == "declined" for k in range(n)]


def test_the_share_that_is_sent_to_the_ai_grows_to_its_ceiling():
    """A logistic curve to 60 %, at half of that after 200 hours: 3 % at the start."""
    hours = [1.0 + k for k in range(700)]
    growing = case(adoption__ceiling=0.6, adoption__half_after=200.0)
    physics, _, lives = run(growing, hours, twins=True)
    share = 0.6 / (1.0 + 19.0 ** (1.0 - np.array(hours) / 200.0))
    for kind in (ITEM, DUPLICATE):  # each has its own will
        wanted = (uniforms(700, keys.ARRIVAL, 1, kind) >= share).tolist()
        assert declined(lives, 700, kind) == wanted
        assert 0.3 < np.mean(wanted[350:]) < 0.5 < 0.85 < np.mean(wanted[:100])
    n = sum(declined(lives, 700))
    assert physics.total(Count.DECLINED) == n
    assert physics.total(Count.LEGACY_DELAY) == 0
    assert physics.total(Count.AI_DECISIONS) == 700 - n
    assert physics.ends_by_class[0, :, ENDS.index(Count.DECLINED)].sum() == n
    assert physics.total(Count.DUPLICATE_FALLBACK) == sum(declined(lives, 700, DUPLICATE))
    first = declined(lives, 700).index(True)
    assert [e.activity for e in lives[ITEM, first]] == ["arrival", "end"]
    assert "defects" not in lives[ITEM, first][0].detail


def test_adoption_begins_with_the_workflow():
    starts = 0.5
    growing = case(adoption__half_after=100.0, starts=starts)
    hours = [365.0 + k for k in range(200)]
    _, _, lives = run(growing, hours)
    share = 1.0 / (1.0 + 19.0 ** (1.0 - (np.array(hours) - 365.0) / 100.0))
    assert declined(lives, 200) == (uniforms(200, keys.ARRIVAL, 1) >= share).tolist()


def test_nobody_and_everybody():
    physics, _, _ = run(case(adoption__ceiling=0.0), [1.0 + k for k in range(50)])
    assert physics.total(Count.DECLINED) == 50
    physics, _, _ = run(case(), [1.0 + k for k in range(50)])
    assert physics.total(Count.DECLINED) == 0


TRUST = {
    **FAULTY,
    "adoption__trust_lost": 0.6,
    "adoption__recovery": 30.0,
    "governance__window": 10.0,
}


def test_a_restriction_dents_trust_which_comes_back_by_halves():
    """Restricted at 2 for ten hours, and again at 21: what was lost before is lost on top."""
    hours = [1.0] + [20.0] * 200 + [60.0] * 200
    _, log, lives = run(case(**TRUST, governance__restrict=1), hours)
    changes = [(e.time / HOUR, e.detail["level"]) for e in told(log, "autonomy level")]
    assert changes[:3] == [(2.0, "restricted"), (12.0, "autonomous"), (21.0, "restricted")]
    u = uniforms(401, keys.ARRIVAL, 1)
    lost = 0.6 * 0.5 ** (18.0 / 30.0)
    assert declined(lives, 201) == [False, *(u[1:201] >= 1.0 - lost).tolist()]
    again = 1.0 - (1.0 - 0.6 * 0.5 ** (19.0 / 30.0)) * (1.0 - 0.6)
    later = 1.0 - again * 0.5 ** (39.0 / 30.0)
    assert declined(lives, 401)[201:] == (u[201:] >= later).tolist()
    assert 30 < sum(declined(lives, 401)[201:]) < sum(declined(lives, 201)) < 150


@pytest.mark.parametrize(
    ("rule", "dents"),
    [("warn", 0), ("restrict", 1), ("suspend", 1)],
    ids=["guarded", "restricted", "suspended"],
)
def test_guarding_dents_nothing_and_a_suspension_does(rule, dents):
    """From suspended at 2 the AI comes back, restricted, at 12: that is no new restriction."""
    hours = [1.0] + [20.0] * 200
    _, _, lives = run(case(**TRUST, **{f"governance__{rule}": 1}), hours)
    lost = 0.6 * 0.5 ** (18.0 / 30.0) * dents
    assert declined(lives, 201)[1:] == (uniforms(201, keys.ARRIVAL, 1)[1:] >= 1.0 - lost).tolist()


def test_from_restricted_to_suspended_is_another_dent():
    """Incidents at 2 and 3: restricted, then suspended until 13; under restriction from then on."""
    hours = [1.0, 2.0 - MICROSECOND] + [20.0] * 200
    twice = case(**TRUST, governance__restrict=1, governance__suspend=2)
    _, _, lives = run(twice, hours)
    assert declined(lives, 2) == [False, False]
    again = 1.0 - (1.0 - 0.6 * 0.5 ** (1.0 / 30.0)) * 0.4
    left = 1.0 - again * 0.5 ** (17.0 / 30.0)
    assert declined(lives, 202)[2:] == (uniforms(202, keys.ARRIVAL, 1)[2:] >= left).tolist()


def test_trust_that_comes_back_at_once_is_never_missed():
    hours = [1.0] + [2.0] * 200
    _, _, lives = run(case(**{**TRUST, "adoption__recovery": 0.0}, governance__restrict=1), hours)
    assert not any(declined(lives, 201))


# --- audits and the chart ----------------------------------------------------------------------------------

SHOCK = news(keys.SHOCK, 10.0)
# All decisions are audited, an hour after they arrive; right until a shock, and wrong from then on.
AUDITED = {
    "ai__accuracy": 0.999999,
    "measurement__audit": 1.0,
    "measurement__basis": "workflow_outcomes",
    "measurement__baseline": 4,
    "measurement__detects": 3.0,
    "measurement__run_length": 1.0,  # so short that the first fault alarms
    "drift__shock_size": 50.0,
    "drift__retraining_removes": 1.0,
    "iteration__lead_time": 10.0,
    "governance__mandatory_review": 0.0,
    "oversight__review_least_confident": 0.0,
    "governance__permission": INF,
    "governance__review_consequential": "no",
}


def test_who_is_audited_and_what_audits_find_item_by_item():
    """From the second and third word of the item's latency: half of the decisions are right."""
    found = case(
        **{**AUDITED, "ai__accuracy": 0.5, "measurement__audit": 0.4, "measurement__basis": "pilot_metrics"},
        measurement__audit_miss=0.3,
        measurement__audit_false=0.2,
        data__duplicate=0.1,
    )
    physics, _, lives = run(found, [1.0] * 600, twins=True)
    audits = faults = 0
    for kind in (ITEM, DUPLICATE):
        picked, u = (uniforms(600, keys.LATENCY, word, kind) for word in (1, 2))
        right = uniforms(600, keys.DECISION, 1, kind) < 0.5
        for k in range(600):
            life = lives[kind, k]
            if picked[k] >= 0.4:
                assert life[-1].detail["outcome"] == "straight"
                continue
            assert reasons_of(life) == ("audit",)
            fault = u[k] < 0.2 if right[k] else u[k] >= 0.3
            wanted = ("confirmed", "overturned") if right[k] else ("missed", "caught")
            assert life[-2].detail["verdict"] == wanted[int(fault)]
            audits, faults = audits + 1, faults + fault
    assert (physics.total(Count.AUDITED), physics.total(Count.AUDIT_FAULTED)) == (audits, faults)
    assert 400 < audits < 600
    assert physics.total(Count.TRIGGER_AUDIT) == audits
    assert physics.total(Count.ALARMS) == 0  # the chart is of workflow outcomes


def test_an_audit_decides_whatever_else_the_review_is_for():
    """All are reviewed by hurried people who would make every right decision wrong; audits don't."""
    both = case(**{**AUDITED, "governance__mandatory_review": 1.0}, oversight__overturn=1.0)
    physics, _, lives = run(both, [1.0] * 9)
    assert reasons_of(lives[ITEM, 0]) == ("mandatory", "audit")
    assert physics.total(Count.ESCAPED_OVERTURNED) == 0


def test_a_shock_is_detected_by_the_first_fault():
    """Audits hourly from 0:30 on. After the alarm the model is retrained, and the chart begins again."""
    shock = SHOCK[0]
    assert shock > 10.0
    assert SHOCK[1] > shock + 40.0
    seen = case(**AUDITED, drift__shocks=10.0)
    hours = [-0.5 + k for k in range(1, int(shock) + 40)]
    physics, log, lives = run(seen, hours, window=shock + 40.0)
    first = next(h for h in hours if h >= shock)
    alarm, back = first + 1.0, first + 11.0
    assert steps(log, "alarm") == [(alarm, 1)]
    assert steps(log, "change", "schedule") == steps(log, "change", "start") == [(alarm, 1)]
    assert steps(log, "change") == [(back, 1)]
    assert physics.detections.tolist() == [[round(shock * HOUR), round(alarm * HOUR), 1]]
    assert decided(lives, len(hours)) == [not shock <= h < back for h in hours]
    assert physics.total(Count.AUDIT_FAULTED) == 11
    assert physics.total(Count.ALARMS) == 1
    assert physics.total(Count.FALSE_ALARMS) == 0


def faults_to_alarm(run_length, audits, faults, hours):
    """Faults in a row that alarm after so many audits, of which some are faults; baselines of 4.

    What is normal is told from the first 4, 8, 16 ... of them; `hours` says when so many were done.
    """
    known = 4 << (audits // 4).bit_length() - 1
    rate = (faults + 0.5) / (known + 1)
    threshold = chart.chart_threshold(rate, 3.0, run_length * known / hours(known))
    return math.ceil(threshold / math.log(3.0 / (1.0 + 2.0 * rate)))


def test_after_a_retraining_the_chart_begins_again():
    """Audits hourly; the first of the new baseline, of an item of the old model, is a fault."""
    first, second, *_ = news(keys.SHOCK, 20.0)
    seen = case(**{**AUDITED, "measurement__run_length": 50_000.0}, drift__shocks=20.0)
    hours = [0.5 + k for k in range(720)]
    physics, log, _ = run(seen, hours)
    [(alarm, _), (again, _)] = steps(log, "alarm")
    wrong = math.ceil(first - 0.5) + 0.5  # the first item that is
    faults = faults_to_alarm(50_000.0, int(wrong - 0.5), 0, lambda n: n + 0.5)
    assert alarm == wrong + faults
    assert steps(log, "change")[0] == (alarm + 10.0, 1)
    wrong = math.ceil(second - 0.5) + 0.5
    later = faults_to_alarm(50_000.0, int(wrong - alarm - 10.0) + 1, 1, lambda n: n - 1.0)
    assert again == wrong + later
    assert {later, faults} == {5, 6}
    assert physics.detections[:, 2].tolist() == [1, 1]
    assert physics.total(Count.FALSE_ALARMS) == 0


@pytest.mark.parametrize(("run_length", "faults"), [(8.0, 1), (2000.0, 2), (50_000.0, 5), (1e6, 8)])
def test_an_alarm_takes_as_many_faults_as_the_run_length_asks(run_length, faults):
    """Four audits an hour from 1:15 on, without a fault until the shock."""
    shock = SHOCK[0]
    seen = case(**{**AUDITED, "measurement__run_length": run_length}, drift__shocks=10.0)
    hours = [k / 4 for k in range(1, 4 * int(shock + 20))]
    assert shock > 10.0
    physics, _, _ = run(seen, hours)
    first = next(k for k, h in enumerate(hours) if h >= shock)
    assert faults == faults_to_alarm(run_length, first, 0, lambda n: 1.0 + n / 4)
    assert physics.detections[0, 1] == round((hours[first + faults - 1] + 1.0) * HOUR)


FALSE = {**AUDITED, "measurement__audit_false": 0.1, "iteration__lead_time": 30.0}


def false_alarm(hours):
    """Return the hour of the first fault after the four of the baseline, of which none may be one."""
    u = uniforms(len(hours), keys.LATENCY, 2)
    first = int(np.flatnonzero(u < 0.1)[0])
    assert first >= 4
    return hours[first] + 1.0


def test_an_alarm_without_drift_is_false():
    hours = [1.0 + k for k in range(24)]
    alarm = false_alarm(hours)
    physics, log, _ = run(case(**FALSE), hours, window=60.0)
    assert steps(log, "alarm") == [(alarm, 1)]
    assert physics.total(Count.ALARMS) == physics.total(Count.FALSE_ALARMS) == 1
    assert physics.detections.tolist() == []


def test_a_shock_after_an_alarm_is_known_and_what_a_retraining_leaves_is_a_new_spell():
    """The false alarm comes before the shock; the retraining begins before it, too, and ends after it."""
    shock = SHOCK[0]
    hours = [shock - 15.0 + k for k in range(24)]
    alarm = false_alarm(hours)
    assert alarm < shock < alarm + 30.0 < SHOCK[1]
    physics, _, _ = run(case(**FALSE, drift__shocks=10.0), hours, window=shock + 50.0)
    back = round(alarm * HOUR) + 30 * HOUR
    assert physics.detections.tolist() == [[back, round((shock + 50.0) * HOUR), 0]]
    assert physics.drift[-1] == 50.0


def test_spells_that_nobody_sees_end_with_the_window_or_a_retraining():
    shock = SHOCK[0]
    assert SHOCK[1] > shock + 60.0
    start, end = round(shock * HOUR), round((shock + 60.0) * HOUR)
    blind = {**FAULTY, "drift__shocks": 10.0, "drift__shock_size": 2.0, "iteration__lead_time": 10.0}
    physics, _, _ = run(case(**blind), [1.0], window=shock + 60.0)
    assert physics.detections.tolist() == [[start, end, 0]]
    for removes, left in ((1.0, []), (0.5, [[start + 30 * HOUR, end, 0]])):
        trained = case(**blind, iteration__retrain_after=1, drift__retraining_removes=removes)
        physics, _, _ = run(trained, [shock + 19.0], window=shock + 60.0)
        assert physics.detections.tolist() == [[start, start + 30 * HOUR, 0], *left]
    # Erosion goes on: one spell from the beginning, and one from each retraining on.
    eroding = case(**blind | {"drift__shocks": 0.0}, drift__erosion=0.1, iteration__retrain_after=1)
    physics, _, _ = run(eroding, [99.0], window=300.0)
    assert physics.detections.tolist() == [[0, 110 * HOUR, 0], [110 * HOUR, 300 * HOUR, 0]]
    # None begins after the window.
    physics, _, _ = run(eroding, [298.0], window=300.0)
    assert physics.detections.tolist() == [[0, 309 * HOUR, 0]]


def test_after_the_end_of_the_ai_nobody_watches():
    """The spell of the shock ends there; faults that reviews still find alarm nobody."""
    shock = SHOCK[0]
    hours = [1.0, 2.0, 3.0, 4.0, shock + 0.5, shock + 0.6]
    for stop, ends, alarms in ((shock + 1.55, shock + 1.5, 1), (shock + 1.45, shock + 1.45, 0)):
        seen = case(**AUDITED, drift__shocks=10.0)
        physics, log, _ = run(seen, hours, stops_at=round(stop * HOUR))
        assert physics.total(Count.ALARMS) == alarms
        assert physics.total(Count.AUDIT_FAULTED) == 2
        assert len(steps(log, "change", "schedule")) == alarms
        assert physics.detections.tolist() == [[round(shock * HOUR), round(ends * HOUR), alarms]]


def test_a_second_shock_begins_no_second_spell():
    physics, _, _ = run(case(drift__shocks=10.0), [1.0], window=SHOCK[1] + 5.0)
    assert physics.total(Count.SHOCKS) == 2
    assert physics.detections.tolist() == [[round(SHOCK[0] * HOUR), round((SHOCK[1] + 5.0) * HOUR), 0]]


# --- hiring ------------------------------------------------------------------------------------------------

HIRING = {
    "oversight__reviewers": 1,
    "oversight__hire_above": 8.0,
    "oversight__hire_max": 9,
    "oversight__hire_lead_time": 10.0,
    "oversight__hire_learning": 0.0,
}


def starts(lives, n):
    return [at(lives[ITEM, k], "review", "start") / HOUR for k in range(n)]


def test_hired_at_the_weekly_look_they_come_after_the_lead_time():
    """Forty at 160; at 168 eight have been begun, and 32 hours of work wait: four heads would have 8 each."""
    physics, log, lives = run(case(**HIRING), [160.0] * 40)
    assert steps(log, "headcount") == [(178.0, 0)]
    assert told(log, "headcount")[0].detail == {"reviewers": 4}
    assert physics.total(Count.HIRED) == 3
    # One an hour until 177, then four an hour.
    assert starts(lives, 40) == [160.0 + k for k in range(18)] + [178.0 + k // 4 for k in range(22)]
    assert physics.reviewers.capacity.tolist() == [(730 + 3 * 552) * HOUR]


@pytest.mark.parametrize(
    ("changes", "hired"),
    [
        ({}, 3),
        ({"oversight__hire_max": 2}, 2),
        ({"oversight__hire_above": 33.0}, 0),
        ({"oversight__hire_above": 32.0}, 0),  # no more than is stood
        ({"oversight__hire_above": 31.0}, 1),
        ({"oversight__shrinkage": 0.5, "oversight__hire_above": 16.0}, 4),  # 36 wait, for two hours each
        ({"oversight__headcount_plan": ((168 / 730, 3),)}, 1),  # at the same instant, before the look
        ({"oversight__headcount_plan": ((169 / 730, 3),)}, 3),
    ],
)
def test_as_many_are_hired_as_bring_the_work_a_head_under_what_is_stood(changes, hired):
    physics, _, _ = run(case(**{**HIRING, **changes}), [160.0] * 40)
    assert physics.total(Count.HIRED) == hired


def test_those_who_are_coming_are_reckoned_with():
    """400 at 160: 392 wait at 168 and 224 at 336; 49 heads are wanted, and then 28."""
    late = {**HIRING, "oversight__hire_max": 50, "oversight__hire_lead_time": 200.0}
    physics, log, _ = run(case(**late), [160.0] * 400)
    assert [(e.time / HOUR, e.detail["reviewers"]) for e in told(log, "headcount")] == [(368.0, 49)]
    # With room for 20: they come at 368, when 192 wait.
    few = {**late, "oversight__hire_max": 20}
    physics, log, _ = run(case(**few), [160.0] * 400)
    assert physics.total(Count.HIRED) == 20


def test_those_who_have_come_are_on_the_staff_and_no_longer_coming():
    """Three hired for the first forty; of 400 at 300 the four leave 256 by 336, work for 32 heads."""
    more = {**HIRING, "oversight__hire_max": 99}
    physics, _, _ = run(case(**more), [160.0] * 40 + [300.0] * 400)
    assert physics.total(Count.HIRED) == 3 + 28


def test_those_who_still_learn_slow_the_team_and_the_look_sees_them_grow():
    """Three of four came at 178, at half speed: 2.5 of 4 heads until 336, when they have 166 of 324 hours."""
    slow = {**HIRING, "oversight__hire_learning": 316.0}
    hours = [160.0] * 40 + [300.0, 335.5, 336.0, 600.0]
    _, _, lives = run(case(**slow), hours)
    ends = [lives[ITEM, k][-1].time / HOUR for k in range(44)]
    took = np.array(ends) - starts(lives, 44)
    assert took[:18] == pytest.approx(1.0)
    assert took[18:42] == pytest.approx(4 / 2.5)
    # Half of the learning is over at 336: a quarter of each is missing.
    assert took[42] == pytest.approx(4 / (4 - 3 * 0.25))
    assert took[43] == pytest.approx(1.0)
    assert starts(lives, 22)[18:] == [178.0] * 4


def test_what_a_slow_team_uses_and_what_it_is_offered():
    physics, _, _ = run(case(**HIRING | {"oversight__hire_learning": 316.0}), [160.0] * 40)
    assert physics.total(Count.OFFERED) == 40 * HOUR
    assert physics.total(Count.USED) == pytest.approx((18 + 22 * 1.6) * HOUR, abs=44)


@pytest.mark.parametrize(("window", "looks"), [(504.0, 0), (504.0 + MICROSECOND, 1)])
def test_no_look_at_the_end_of_the_window_or_after_it(window, looks):
    """At 504 h 26 wait."""
    physics, _, _ = run(case(**HIRING), [490.0] * 40, window=window)
    assert physics.total(Count.HIRED) == looks * 3


def test_without_anybody_items_wait_for_those_who_may_be_hired():
    """Two come at 100 and look at nobody; at 168 one head is hired. After the last look nobody waits."""
    nobody = {**HIRING, "oversight__reviewers": 0}
    _, _, lives = run(case(**nobody), [100.0, 100.0])
    assert [e.time / HOUR for e in (lives[ITEM, 0][-1], lives[ITEM, 1][-1])] == [179.0, 180.0]
    _, _, lives = run(case(**nobody), [700.0])
    assert (lives[ITEM, 0][-1].time / HOUR, lives[ITEM, 0][-1].detail["outcome"]) == (700.0, "fallback")
    # Hired at the last look, one comes at 682: worth waiting for, also for who arrives in between.
    _, _, lives = run(case(**nobody), [670.0, 675.0])
    assert [e.time / HOUR for e in (lives[ITEM, 0][-1], lives[ITEM, 1][-1])] == [683.0, 684.0]
    # A review of no time makes no work for which to hire: they wait for the last look in vain.
    _, _, lives = run(case(**nobody | {"oversight__time": 0.0}), [100.0])
    assert (lives[ITEM, 0][-1].time / HOUR, lives[ITEM, 0][-1].detail["outcome"]) == (672.0, "fallback")


def test_a_plan_and_those_who_were_hired():
    """The plan's heads change, the hired stay."""
    planned = {**HIRING, "oversight__headcount_plan": ((200 / 730, 0), (300 / 730, 2))}
    _, log, _ = run(case(**planned), [160.0] * 40)
    assert [(e.time / HOUR, e.detail["reviewers"]) for e in told(log, "headcount")] == [
        *((178.0, 4), (pytest.approx(200.0), 3), (pytest.approx(300.0), 5)),
    ]


# --- the end of the AI -------------------------------------------------------------------------------------


def test_after_the_end_everything_goes_the_legacy_way_and_the_teams_go():
    """Two of five are with the reviewers at 1:30: they finish; the others fall back."""
    given_up = case(oversight__reviewers=2, oversight__specialists=3, oversight__specialist_hours=ALWAYS)
    hours = [1.0] * 5 + [1.5, 9.0]
    physics, log, lives = run(given_up, hours, stops_at=round(1.5 * HOUR))
    ends = [(lives[ITEM, k][-1].time / HOUR, lives[ITEM, k][-1].detail["outcome"]) for k in range(7)]
    reviewed, fallback, suspended = (2.0, "reviewed"), (1.5, "fallback"), "suspended"
    assert ends == [reviewed] * 2 + [fallback] * 3 + [(1.5, suspended), (9.0, suspended)]
    assert [e.detail for e in told(log, "headcount")] == [{"reviewers": 0}, {"specialists": 0}]
    assert steps(log, "stop")[0][0] == 1.5
    assert physics.reviewers.capacity.tolist() == [4 * HOUR]
    assert physics.specialists.capacity.tolist() == [round(4.5 * HOUR)]
    assert (physics.level_time.sum(axis=0) / HOUR).tolist() == [1.5, 0.0, 0.0, 728.5]


def test_who_has_a_deadline_waits_for_it():
    given_up = case(oversight__reviewers=1, oversight__deadline=4.0)
    _, _, lives = run(given_up, [1.0, 1.0], stops_at=round(1.5 * HOUR))
    ends = [(lives[ITEM, k][-1].time / HOUR, lives[ITEM, k][-1].detail["outcome"]) for k in range(2)]
    assert ends == [(2.0, "reviewed"), (5.0, "fallback")]


def test_after_the_end_nobody_comes_whatever_was_planned():
    """Hired at 168 for 178, two planned from 200 on; the end at 170 sends those who wait home."""
    planned = {**HIRING, "oversight__headcount_plan": ((200 / 730, 2),)}
    physics, log, lives = run(case(**planned), [160.0] * 40, stops_at=170 * HOUR)
    assert {e.detail["reviewers"] for e in told(log, "headcount") if "reviewers" in e.detail} == {0}
    assert physics.total(Count.HIRED) == 0
    assert physics.total(Count.REVIEWED) == 10
    assert max(life[-1].time for life in lives.values()) == 170 * HOUR
    # Nobody is there and two are planned: who waits for them waits no longer.
    waiting = {**planned, "oversight__reviewers": 0, "oversight__hire_max": 0}
    _, _, lives = run(case(**waiting), [160.0], stops_at=170 * HOUR)
    assert lives[ITEM, 0][-1].time == 170 * HOUR


@pytest.mark.parametrize("stops_at", [168 * HOUR, round(333.3 * HOUR)])
def test_what_was_before_the_end_is_as_without_it(stops_at):
    """With everything at work; all that arrive later are suspended, and nobody starts a review."""
    ready = packed(values(volume=5000.0) | BUSY | LIVELY)
    ready, stopped = (replace(ready, stops_at=when) for when in (NEVER, stops_at))
    (_, log), (physics, short) = logged(ready), logged(stopped)
    audit(stopped, physics, short)
    before = [e for e in log if e.time < stops_at]
    assert short[: len(before)] == before
    assert len(before) > 500
    after = short[len(before) :]
    assert not any(e.transition == "start" for e in after if e.activity in ("review", "specialist"))
    lives = lives_of(short)
    late = [lives[e.kind, e.entity][-1] for e in told(after, "arrival")]
    assert {(e.time >= stops_at, e.detail["outcome"]) for e in late} == {(True, "suspended")}
    assert len(late) > 100
    assert {n for e in told(after, "headcount") for n in e.detail.values()} == {0}
    assert max(life[-1].time for life in lives.values() if life[-1].detail["outcome"] != "suspended") < (
        stops_at + 100 * HOUR
    )


def test_an_end_after_the_window_changes_the_drain_alone():
    """One is reviewed for ten office hours from Wednesday 9:00 on, 729 h; one waits until the end at 740."""
    office = case(oversight__reviewers=1, oversight__hours=OFFICE, oversight__time=10.0)
    physics, _, lives = run(office, [729.0, 729.0], stops_at=740 * HOUR)
    ends = [(lives[ITEM, k][-1].time / HOUR, lives[ITEM, k][-1].detail["outcome"]) for k in range(2)]
    assert ends == [(755.0, "reviewed"), (740.0, "fallback")]
    assert physics.level_time.tolist() == [[730 * HOUR, 0, 0, 0]]
