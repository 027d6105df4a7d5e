"""Several workflows in one organisation: what they share and what each has of its own, by hand.

Unless said otherwise every item needs an hour of a reviewer, and the AI takes no time.
"""

import numpy as np
import pytest
from audit import at, audit, lives_of, logged, told
from cases import ALWAYS, INF, MONTH, Witness, arriving, bare, packed, values
from test_reference_production import (
    AUDITED,
    EDGES,
    FAULTY,
    MOVED,
    SHOCK,
    case,
    decided,
    handed_over,
    news,
    steps,
)

from simgap.engines.physics import Count
from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.sampling.philox import words

ITEM, DUPLICATE = keys.ITEM, keys.DUPLICATE
SECOND = 1 << keys.WORKFLOW_SHIFT  # the first entity of the second workflow
STRAIGHT = {
    "governance__mandatory_review": 0.0,
    "governance__permission": INF,
    "oversight__review_least_confident": 0.0,
}


def run(cases, hours, twins=False, seed=1, **where):
    """Return what was counted, the log, and the log by item."""
    ready = arriving(cases, hours, twins, **where)
    physics, log = logged(ready, seed)
    audit(ready, physics, log, seed)
    return physics, log, lives_of(log)


def uniforms(first, n, purpose, word, kind=ITEM):
    found = [words(1, 0, 0, 0, kind, first + k, purpose, 0)[word] for k in range(n)]
    return (np.array(found, np.float64) + 0.5) / 2**32


def ends(lives, first, n, kind=ITEM):
    """Return hour and outcome of the ends of the first items of a workflow."""
    last = [lives[kind, first + k][-1] for k in range(n)]
    return [(e.time / HOUR, e.detail["outcome"]) for e in last]


# --- people and machines are shared ----------------------------------------------------------------------


def test_one_queue_for_all_and_at_one_instant_by_workflow():
    """A duplicate of the first workflow goes before an item of the second."""
    physics, log, _ = run([bare(), bare()], [[1.0, 1.0], [1.0, 1.0]], twins=True)
    started = told(log, "review", "start")
    wanted = [(kind, first + k) for first in (0, SECOND) for kind in (ITEM, DUPLICATE) for k in (0, 1)]
    assert [(e.kind, e.entity) for e in started] == wanted
    assert [e.time / HOUR for e in started] == [1.0 + k for k in range(8)]
    for column in (Count.ARRIVED, Count.DUPLICATES, Count.REVIEWED, Count.DUPLICATE_DONE):
        assert physics.counts[:, :, column].sum(axis=1).tolist() == [2, 2]
    assert (physics.counts[:, :, Count.USED].sum(axis=1) / HOUR).tolist() == [4, 4]
    assert (physics.counts[:, :, Count.DELAY].sum(axis=1) / 3.6e6).tolist() == [1 + 2, 5 + 6]
    assert physics.reviewers.wall_wait_total == sum(range(8)) * HOUR


def test_who_came_first_is_served_first_whatever_the_workflow():
    _, _, lives = run([bare(), bare()], [[1.0, 1.5], [1.25]])
    assert [at(lives[ITEM, e], "review", "start") / HOUR for e in (0, SECOND, 1)] == [1.0, 2.0, 3.0]


def test_each_workflow_has_its_own_times_and_deadlines():
    """An hour each and no deadline; three hours each and a patience of four."""
    slow = bare(oversight__time=3.0, oversight__deadline=4.0)
    physics, _, lives = run([bare(), slow], [[1.0, 1.0], [1.0, 1.0, 1.0]])
    assert ends(lives, 0, 2) == [(2.0, "reviewed"), (3.0, "reviewed")]
    assert ends(lives, SECOND, 3) == [(6.0, "reviewed"), (5.0, "fallback"), (5.0, "fallback")]
    assert physics.counts[:, :, Count.DEADLINE_MISSED].sum(axis=1).tolist() == [0, 2]
    assert (physics.counts[:, :, Count.OFFERED].sum(axis=1) / HOUR).tolist() == [2, 9]


def test_congestion_is_in_work_of_the_mean_item():
    """Reviews of one hour and of four, three times as many of the first: 1.75 h an item waiting."""
    cases = [bare(volume=3000.0, oversight__x_ref=20.0), bare(volume=1000.0, oversight__time=4.0)]
    cases[1]["oversight.x_ref"] = 20.0
    _, _, lives = run(cases, [[1.0] * 4, [1.0] * 4])
    x = [next(e.detail["congestion"] for e in lives[ITEM, e] if "congestion" in e.detail) for e in range(3)]
    assert x == pytest.approx([7 * 1.75 / 20, 6 * 1.75 / 20, 5 * 1.75 / 20])


def test_one_ai_and_one_connector_serve_all():
    """Half an hour each in the connector, then an hour and two with the AI, one at a time."""
    first = bare(**STRAIGHT, integration__throughput=2.0, ai__concurrency=1, integration__latency=1.0)
    other = {**first, "integration.latency": 2.0}
    physics, _, lives = run([first, other], [[1.0, 1.0], [1.0, 1.0]])
    order = (0, 1, SECOND, SECOND + 1)
    assert [at(lives[ITEM, e], "connector", "start") / HOUR for e in order] == [1.0, 1.5, 2.0, 2.5]
    assert [at(lives[ITEM, e], "AI", "start") / HOUR for e in order] == [1.5, 2.5, 3.5, 5.5]
    assert physics.counts[:, :, Count.AI_WAIT].sum(axis=1).tolist() == [
        round(3.6e6 * hours) for hours in (0.5 + 0.5, 1.0 + 1.5 + 1.0 + 2.5)
    ]


def test_value_classes_of_each():
    cases = [bare(value_classes=(0.2, 0.5, 0.9)), bare(value_classes=())]
    physics, _, lives = run(cases, [[1.0] * 100, [1.0] * 100])
    assert physics.ends_by_class.shape[:2] == (2, 4)
    for number, (first, quantiles) in enumerate(((0, (0.2, 0.5, 0.9)), (SECOND, ()))):
        wanted = np.searchsorted(quantiles, uniforms(first, 100, keys.ARRIVAL, 2), "right")
        assert [lives[ITEM, first + k][0].detail["value_class"] for k in range(100)] == wanted.tolist()
        assert physics.ends_by_class[number].sum(axis=1).tolist() == np.bincount(wanted, minlength=4).tolist()


AMPLE = {
    "profile": ALWAYS,
    "ai__concurrency": INF,
    "oversight__hours": ALWAYS,
    "oversight__reviewers": 300,
    "oversight__escalated": 0.3,
    "oversight__specialists": 300,
    "oversight__specialist_hours": ALWAYS,
    "adoption__ceiling": 0.9,
    "drift__shocks": 20.0,
}


def test_where_there_is_enough_of_everything_no_workflow_knows_of_the_others():
    """The same items at the same instants, wherever the workflow stands in the file."""
    one = values(**AMPLE, volume=3000.0, day_cv=0.5, batch=2)
    other = values(**AMPLE, volume=2000.0, day_cv=0.3, data__missing=0.4, starts=0.2, backlog=5)

    def own(cases, number):
        _, log = logged(packed(cases))
        return [
            (e.time, e.kind, e.entity & keys.NUMBER, e.activity, e.transition, e.detail.get("verdict"))
            for e in log
            if e.kind in (ITEM, DUPLICATE) and e.entity >> keys.WORKFLOW_SHIFT == number
        ]

    assert own([one], 0) == own([one, other], 0) == own([one, {**other, "volume": 0.0}], 0)
    assert len(own([one], 0)) > 1000
    assert own([one, other], 1) == own([{**one, "data.stale": 0.5}, other], 1)
    assert own([one, other], 1) != own([one, one, other], 2)  # each place has luck of its own


def test_days_differ_for_each_workflow():
    case = values(volume=20_000.0, profile=ALWAYS, arrivals="deterministic", day_cv=0.8)
    _, log = logged(packed([case, case]))
    by_day = np.zeros((2, 31))
    for e in told(log, "arrival", kind=ITEM):
        by_day[e.entity >> keys.WORKFLOW_SHIFT, e.time // (24 * HOUR)] += 1
    assert abs(np.corrcoef(by_day)[0, 1]) < 0.5
    assert (by_day[0] != by_day[1]).sum() > 25


# --- the organisation is one ------------------------------------------------------------------------------


def test_an_incident_of_one_restricts_all():
    faulty = case(**FAULTY, governance__restrict=1, governance__window=10.0)
    _, log, lives = run([faulty, case(consequential=0.0)], [[1.0], [1.5, 2.0, 12.0]])
    assert steps(log, "autonomy level")[:2] == [(2.0, 0), (12.0, 0)]
    levels = [lives[ITEM, SECOND + k][0].detail["level"] for k in range(3)]
    assert levels == ["autonomous", "restricted", "autonomous"]


def test_incidents_of_all_ask_for_one_retraining():
    """The second incident is of the second workflow; the retraining is counted with the first."""
    faulty = case(**FAULTY, iteration__retrain_after=2, iteration__lead_time=5.0)
    physics, log, _ = run([faulty, faulty], [[1.0], [3.0]])
    assert steps(log, "change", "schedule") == [(4.0, 1)]
    assert physics.counts[:, :, Count.CHANGES_RETRAINING].sum(axis=1).tolist() == [1, 0]
    assert physics.incident_entity.tolist() == [0, SECOND]


def test_one_chart_of_the_audits_of_all():
    """Four audits without fault make the baseline, two of each; the first fault after a shock alarms."""
    shock = SHOCK[0]
    seen = case(**AUDITED, drift__shocks=10.0)
    physics, log, lives = run([seen, seen], [[1.0, 2.0, shock + 9.0], [1.5, 2.5, shock + 1.0]])
    assert [hour for hour, _ in steps(log, "alarm")] == [pytest.approx(shock + 2.0)]
    assert decided(lives, 3) == [True, True, False]
    verdicts = [lives[ITEM, SECOND + k][-2].detail["verdict"] for k in range(3)]
    assert verdicts == ["confirmed", "confirmed", "caught"]
    assert physics.counts[:, :, Count.AUDITED].sum(axis=1).tolist() == [3, 3]
    assert physics.counts[:, :, Count.AUDIT_FAULTED].sum(axis=1).tolist() == [1, 1]
    assert physics.counts[:, :, [Count.SHOCKS, Count.ALARMS]].sum(axis=1).tolist() == [[1, 1], [0, 0]]


# --- of its own: sources, types, a beginning --------------------------------------------------------------


def test_a_schema_change_is_of_one_source():
    """Each breaks items of its own workflow alone, and asks for a change of its own connector."""
    moved = case(**MOVED, iteration__lead_time=20.0, iteration__in_parallel=2)
    own = [news(keys.SCHEMA_CHANGE, 30.0, first) for first in (0, SECOND)]
    hours = [np.linspace(a - 5.0, min(b - 0.01, a + 30.0), 300).tolist() for a, b, *_ in own]
    physics, log, lives = run([moved, moved], hours)
    for number, first in enumerate((0, SECOND)):
        begun, came = own[number][0], np.array(hours[number])
        inside = [hour for hour in own[number] if hour < 730.0]
        assert [h for h, e in steps(log, "schema change") if e >> keys.WORKFLOW_SHIFT == number] == inside
        assert physics.counts[number, :, Count.SCHEMA_CHANGES].sum() == len(inside)
        assert next(h for h, e in steps(log, "change") if e == first) == pytest.approx(begun + 20.0)
        broken = (came >= begun) & (came < begun + 20.0)
        wanted = uniforms(first, 300, keys.DATA, 2) < np.where(broken, 1.0 - 0.9 * 0.7, 0.1)
        seen = ["schema" in lives[ITEM, first + k][0].detail["defects"] for k in range(300)]
        assert seen == wanted.tolist()
        assert 10 < broken.sum() < 290


def test_news_of_a_workflow_begin_when_it_joins():
    """Shocks don't wait for anybody; and a workflow that has no items never hears of anything."""
    told_of = case(data__schema_changes=30.0, edge_cases__births=50.0, drift__shocks=20.0)
    late, never = {**told_of, "starts": 0.25}, {**told_of, "volume": 0.0}
    physics, log, _ = run([told_of, late, never], [[1.0], [], []])
    for kind, activity, rate in (
        (keys.SCHEMA_CHANGE, "schema change", 30.0),
        (keys.BIRTH, "new edge-case type", 50.0),
    ):
        found = steps(log, activity)
        for first, begins in ((0, 0.0), (SECOND, 182.5)):
            own = [begins + hour for hour in news(kind, rate, first)]
            mine = [hour for hour, e in found if e >> keys.WORKFLOW_SHIFT == first // SECOND]
            assert mine == [pytest.approx(hour) for hour in own if hour < 730.0]
            assert mine
        assert {e >> keys.WORKFLOW_SHIFT for _, e in found} == {0, 1}
    shocks = [hour for hour in news(keys.SHOCK, 20.0) if hour < 730.0]
    assert steps(log, "shock") == [(hour, k) for k, hour in enumerate(shocks)]
    assert not physics.counts[2].any()


def test_types_of_edge_case_are_the_workflows_own():
    """One workflow learns its type; the other has another type, though of the same number."""
    learnt = case(**EDGES, edge_cases__examples_needed=1, iteration__lead_time=5.0)
    never = {**learnt, "edge_cases.examples_needed": INF}
    physics, log, lives = run([never, learnt], [[1.0, 2.0, 9.0], [1.0, 2.0, 9.0]])
    assert handed_over(lives, 3) == [True] * 3
    second = [any("handed_over" in e.detail for e in lives[ITEM, SECOND + k]) for k in range(3)]
    assert second == [True, True, False]
    assert steps(log, "change") == [(7.0, SECOND + 2)]
    assert physics.counts[:, :, Count.CHANGES_EDGE].sum(axis=1).tolist() == [0, 1]


def test_of_one_age_the_first_workflow_is_begun_first():
    """All four types of each, whatever their numbers."""
    learnt = case(
        **{**EDGES, "edge_cases__types": 4}, edge_cases__examples_needed=1, iteration__lead_time=5.0
    )
    _, log, _ = run([learnt, learnt], [[1.0] * 20, [1.0] * 20])
    assert [e for _, e in steps(log, "change", "start")] == [
        first + rank + 1 for first in (0, SECOND) for rank in (1, 2, 3, 4)
    ]


def test_adoption_begins_with_each_workflow():
    growing = case(adoption__half_after=100.0)
    late = {**growing, "starts": 0.25}
    hours = [182.5 + k for k in range(200)]
    _, _, lives = run([growing, late], [hours, hours])
    for first, began in ((0, 0.0), (SECOND, 182.5)):
        share = 1.0 / (1.0 + 19.0 ** (1.0 - (np.array(hours) - began) / 100.0))
        declined = [lives[ITEM, first + k][-1].detail["outcome"] == "declined" for k in range(200)]
        assert declined == (uniforms(first, 200, keys.ARRIVAL, 1) >= share).tolist()


@pytest.mark.parametrize("late", [{}, {"volume": 0.0}], ids=["some items", "none"])
def test_variety_adds_edge_cases_to_all_from_the_instant_on_at_which_a_workflow_joins(late):
    """10 % of edge cases, 30 % more with each workflow after the first; one without items never joins."""
    own = case(edge_cases__share=0.1, scope__variety=0.3)
    hours = [165.0 + 0.5 * k for k in range(400)]
    cases = [own, {**own, "starts": 0.25, **late}, {**own, "starts": 0.4}]
    _, _, lives = run(cases, [hours, [] if late else [190.0], [300.0]])
    joined = np.array([(not late and hour >= 182.5) + (hour >= 292.0) for hour in hours])
    wanted = uniforms(0, 400, keys.CHECK, 2) < 0.1 + 0.3 * joined
    assert [lives[ITEM, k][0].detail["edge_case"] for k in range(400)] == wanted.tolist()
    assert set(joined) == ({0, 1} if late else {0, 1, 2})


def test_more_workflows_slow_a_change_that_begins_after_they_join():
    """Ten hours, and half of that more for each further workflow."""
    faulty = case(**FAULTY, iteration__retrain_after=1, iteration__lead_time=10.0, iteration__slowdown=0.5)
    cases = [faulty, {**faulty, "starts": 0.25}, {**faulty, "starts": 0.5}]
    _, log, _ = run(cases, [[99.0, 180.0, 189.0, 399.0], [], []], window=MONTH)
    began, done = ([hour for hour, _ in steps(log, "change", s)] for s in ("start", "complete"))
    assert began == [100.0, 181.0, 400.0]
    assert np.subtract(done, began).tolist() == [10.0, 10.0, 20.0]


def test_a_new_model_is_made_for_the_workflows_that_are_connected():
    """Its thresholds are those of a pilot with as many edge cases as there are with two workflows."""
    faulty = case(
        **{**FAULTY, "data__false_reject": 0.5},
        **{"edge_cases__share": 0.1, "edge_cases__handled": 0, "scope__variety": 0.3},
        iteration__retrain_after=1,
        oversight__review_least_confident=0.2,
    )
    cases = [faulty, {**faulty, "starts": 0.25}]
    pilots = [faulty, {**faulty, "volume": 0.0}]
    for hour, share in ((180.0, 0.1), (183.0, 0.4)):
        witness = Witness(arriving(cases, [[hour] * 20, []], pilot=pilots))
        assert witness.production.causes[0, 1].occasion > 0
        wanted = packed({**faulty, "edge_cases.share": share}).workflows[0].cuts
        for cuts in witness.production.cuts:
            assert cuts == pytest.approx(wanted, abs=1e-12)
