"""The fluid model: conservation in every case, theory where that is exact, and the means of the engines."""

import math
from dataclasses import replace

import numpy as np
import pytest
from cases import ALWAYS, INF, MONTH, OFFICE, bare, packed, values

from simgap.engines.compiled import simulate as by_chance
from simgap.engines.fluid import simulate
from simgap.engines.physics import ENDS, ESCAPES, FINISHED, Count
from simgap.model.clock import HOUR
from simgap.model.clock import MONTH as A_MONTH

YEAR = 12 * MONTH
INCIDENTS = {
    "governance__surfaced": 0.3,
    "governance__explainable": 0.5,
    "governance__reviewable": 0.6,
    "governance__warn": 2.0,
    "governance__restrict": 3.0,
    "governance__suspend": 4.0,
    "adoption__trust_lost": 0.1,
}
PIPELINE = {
    "iteration__lead_time": 300.0,
    "data__schema_changes": 6.0,
    "edge_cases__births": 12.0,
    "edge_cases__examples_needed": 20.0,
    "drift__erosion": 0.02,
    "drift__shocks": 2.0,
    "iteration__retrain_after": 3.0,
    "measurement__basis": "workflow_outcomes",
    "measurement__audit": 0.05,
}
SINGLE = [
    {},
    {"oversight__reviewers": 0},
    {"oversight__reviewers": 0, "oversight__deadline": INF},
    {"oversight__reviewers": 1},
    {"oversight__reviewers": 1, "oversight__deadline": INF},
    {"oversight__reviewers": 1, "oversight__patience_law": "exponential"},
    {"oversight__reviewers": 1, "oversight__deadline_clock": "wall"},
    {"oversight__headcount_plan": ((2.0, 0.0), (5.0, 6.0))},
    {"oversight__time": 0.0},
    {"volume": 0.0},
    {"backlog": 500, "starts": 2.3},
    {"starts": 20.0},
    {"arrivals": "deterministic", "batch": 10, "day_cv": 0.5},
    {"adoption__ceiling": 0.7, "adoption__half_after": 1000.0, "adoption__involvement": 0.5},
    {"integration__outages": 20.0, "integration__lost": 0.5},
    {"integration__throughput": 2.0},
    {"ai__concurrency": 1, "integration__latency": 0.3},
    {"data__validated": 1.0, "data__repaired": 0.0, "data__missing": 1.0},
    {"ai__hardness": 15.0},
    {"value_classes": (), "oversight__priority": ("audit", "exception")},
    {"oversight__escalated": 0.3, "oversight__specialists": 1},
    {"oversight__escalated": 0.3, "oversight__specialists": 0},
    {
        "oversight__reviewers": 1,
        "oversight__deadline": INF,
        "oversight__hire_max": 3,
        "oversight__hire_above": 6.0,
    },
    INCIDENTS,
    {**INCIDENTS, "oversight__reviewers": 1},
    {**INCIDENTS, "governance__resolve": 0.0},
    PIPELINE,
    {**PIPELINE, **INCIDENTS, "iteration__lead_time": 0.0},
]


def name_of(changes):
    if not isinstance(changes, dict):
        return str(changes)
    return " ".join(f"{name}={value}" for name, value in changes.items())[:60] or "ordinary"


def conserved(ready):
    """Return what is expected of a phase, after its laws have been checked."""
    f = simulate(ready)
    for part in (f.counts, f.ends_by_class, f.level_time, f.drift, f.changes_open, f.expected.escapes):
        assert np.isfinite(part).all()
        assert part.min() >= -1e-9
    arrived = f.total(Count.ARRIVED)
    assert f.total(*ENDS) == pytest.approx(arrived, rel=1e-9)
    assert f.ends_by_class.sum() == pytest.approx(arrived, rel=1e-9)
    doubled = f.total(Count.DUPLICATE_DONE, Count.DUPLICATE_FALLBACK)
    assert doubled == pytest.approx(f.total(Count.DUPLICATES), rel=1e-9)
    assert f.expected.escapes.sum() == pytest.approx(f.total(*ESCAPES), rel=1e-9, abs=1e-12)
    for which, end in enumerate(ENDS):
        by_class = f.ends_by_class[:, :, which].sum()
        assert by_class == pytest.approx(f.total(end), rel=1e-9, abs=1e-9)
    expected = sum(flow.levels[-1] + flow.waiting for flow in ready.workflows)
    assert arrived == pytest.approx(expected, rel=1e-12)
    queued = f.total(Count.QUEUED)
    seen = f.total(*FINISHED) - f.total(Count.STRAIGHT) + f.total(Count.FALLBACK)
    assert queued >= seen * (1 - 1e-9)
    assert (f.counts[:, :-1, Count.USED].sum(axis=0) <= f.reviewers.capacity * (1 + 1e-9) + 1e-3).all()
    np.testing.assert_allclose(f.level_time.sum(axis=1), np.diff(ready.month_starts), rtol=1e-9)
    return f


@pytest.mark.parametrize("changes", SINGLE, ids=name_of)
def test_everything_is_conserved(changes):
    conserved(packed(values(**changes), window=YEAR, go_live=300.0))


def test_everything_is_conserved_with_several_workflows_and_an_end():
    cases = [
        values(**INCIDENTS),
        values(
            starts=3.0, volume=9000.0, oversight__deadline=4.0, oversight__deadline_clock="wall", **INCIDENTS
        ),
        values(starts=5.0, volume=4000.0, value_classes=(), data__duplicate=0.0, **INCIDENTS),
    ]
    ready = packed(cases, window=YEAR)
    conserved(ready)
    f = conserved(replace(ready, stops_at=8 * A_MONTH))
    after = f.counts[:, 8:-1].sum(axis=(0, 1))
    assert after[Count.SUSPENDED] == pytest.approx(after[Count.ARRIVED])


def test_a_phase_of_an_hour():
    conserved(packed(values(volume=87600.0, profile=ALWAYS), window=1.0))


def test_arrivals_by_month_are_the_intensity():
    ready = packed(values(growth=0.3, ramp=1000.0, month_end=3.0), window=YEAR, go_live=500.0)
    flow = ready.workflows[0]
    by_month = np.diff(np.interp(ready.month_starts, ready.knots, flow.levels))
    found = simulate(ready).counts[0, :-1, Count.ARRIVED]
    # Within an hour the profile is taken as even, where a month ends within it.
    np.testing.assert_allclose(found, by_month, rtol=1e-9, atol=1e-6)


def test_what_the_ai_does_is_exact():
    accuracy, validated = 0.87, 0.6
    case = bare(
        ai__accuracy=accuracy,
        governance__mandatory_review=0.3,
        data__missing=0.2,
        data__missing_penalty=0.0,
        data__validated=validated,
        data__repaired=0.25,
        oversight__catch=0.7,
        oversight__overturn=0.05,
        oversight__time=0.01,
        oversight__manual_error=0.1,
        volume=8760.0,
        profile=ALWAYS,
        legacy__error_rate=0.1,
        governance__permission=INF,
        oversight__review_least_confident=0.0,
    )
    f = simulate(packed(case, window=YEAR))
    n = f.total(Count.ARRIVED)
    assert n == pytest.approx(8760.0)
    exceptions = n * 0.2 * validated * 0.75
    made = n - exceptions
    right = made * accuracy
    wrong = made - right
    for column, expected in (
        (Count.EXCEPTIONS, exceptions),
        (Count.AI_DECISIONS, made),
        (Count.AI_RIGHT, right),
        (Count.STRAIGHT, 0.7 * made),
        (Count.REVIEWED, 0.3 * made),
        (Count.MANUAL, exceptions),
        (Count.ESCAPED_STRAIGHT, 0.7 * wrong),
        (Count.CAUGHT, 0.3 * wrong * 0.7),
        (Count.ESCAPED_MISSED, 0.3 * wrong * 0.3),
        (Count.ESCAPED_OVERTURNED, 0.3 * right * 0.05),
        (Count.ESCAPED_MANUAL, 0.1 * exceptions),
        (Count.OFFERED, (0.3 * made * 0.01 + exceptions * 0.02) * HOUR),
        (Count.FALLBACK, 0.0),
    ):
        assert f.total(column) == pytest.approx(expected, rel=2e-4, abs=1e-6), column.name


def test_a_team_that_is_overloaded_serves_what_it_can():
    # Three times too much work, a deadline of 16 staffed hours: the team is always busy, and the rest leaves.
    case = bare(volume=3 * 8760.0, profile=ALWAYS, oversight__deadline=16.0, oversight__gamma=0.0)
    ready = packed(case, window=YEAR)
    f = simulate(ready)
    hours = YEAR + 16.0  # those who wait at the end are served yet
    assert f.total(Count.USED) / HOUR == pytest.approx(hours, rel=2e-3)
    assert f.total(Count.DEADLINE_MISSED) == pytest.approx(3 * YEAR * 1.0 - hours, rel=2e-3)
    chance = [by_chance(ready, 1, k, k) for k in range(4)]
    missed = np.mean([physics.total(Count.DEADLINE_MISSED) for physics in chance])
    assert f.total(Count.DEADLINE_MISSED) == pytest.approx(missed, rel=0.02)


def test_a_backlog_grows_without_a_deadline_and_is_worked_off_later():
    case = bare(volume=1.5 * 8760.0, profile=ALWAYS, oversight__headcount_plan=((6.0, 4.0),))
    f = simulate(packed(case, window=YEAR))
    assert f.reviewers.backlog[5] == pytest.approx(0.5 * 6 * MONTH, rel=0.01)
    assert f.reviewers.backlog[-1] == pytest.approx(0.0, abs=1.0)
    assert f.total(Count.USED) == pytest.approx(f.total(Count.OFFERED), rel=1e-6)


def test_congestion_lets_errors_through_and_hurries():
    slow = bare(volume=3 * 8760.0, profile=ALWAYS, oversight__deadline=16.0, oversight__gamma=3.0)
    calm = {**slow, "oversight.gamma": 0.0}
    hurried = {**slow, "oversight.delta": 0.3}
    caught, unhurried, more = (simulate(packed(c, window=YEAR)) for c in (slow, calm, hurried))
    share = [f.total(Count.CAUGHT) / f.total(Count.REVIEWED) for f in (caught, unhurried)]
    assert share[0] < 0.5 * share[1]
    assert more.total(Count.REVIEWED) > 1.3 * caught.total(Count.REVIEWED)


def test_outages_lose_their_share_of_the_time():
    case = bare(
        integration__outages=50.0, integration__outage_time=4.0, integration__lost=1.0, profile=ALWAYS
    )
    f = simulate(packed(case, window=YEAR))
    down = 50.0 * 4.0 / 8760.0
    assert f.total(Count.LOST) / f.total(Count.ARRIVED) == pytest.approx(down / (1.0 + down), rel=1e-9)


def test_incidents_surface_at_their_rate():
    case = bare(
        consequential=0.5,
        governance__surfaced=0.1,
        governance__mandatory_review=0.0,
        governance__review_consequential="no",
        governance__lag=500.0,
    )
    f = simulate(packed(case, window=YEAR))
    expected = 0.05 * f.total(*ESCAPES)
    assert f.expected.incidents.sum() == pytest.approx(expected, rel=1e-9)
    # In the long run those of the last 500 hours are still to come.
    assert f.expected.incidents[0, -1] == pytest.approx(expected * 500.0 / YEAR, rel=0.05)


@pytest.mark.parametrize(
    ("rule", "share"),
    [
        # One incident in the window warns: 1 - exp(-mean).
        ({"governance__warn": 1.0}, {1: 0.6}),
        ({"governance__restrict": 1.0}, {2: 0.6}),
    ],
)
def test_levels_follow_poisson_counts(rule, share):
    case = bare(
        volume=26_000.0, consequential=0.5, governance__mandatory_review=0.0, governance__lag=1.0, **rule
    )
    # So many that 0.916 are recent on average, and restricting lowers none of them.
    case["governance.window"] = 672.0
    wrong = 26_000.0 * 0.1 * 0.5 / 8760.0 * 672.0
    case["governance.surfaced"] = -math.log(0.4) / wrong
    case["governance.guarded_least_confident"] = 0.0
    case["oversight.catch"] = 0.001
    case["oversight.overturn"] = 0.0
    case["oversight.reviewers"] = 100
    case["oversight.time"] = 0.001
    f = simulate(packed(case, window=2 * YEAR))
    later = f.level_time[4:].sum(axis=0)
    for level, expected in share.items():
        assert later[level] / later.sum() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [({}, 0.02), ({"oversight__reviewers": 2}, 0.03), ({"adoption__half_after": 1500.0}, 0.02)],
    ids=name_of,
)
def test_expected_counts_are_the_means_of_the_engines(changes, tolerance):
    """Of 16 years each: the error of their means is under 0.6 % of a count of 2,000; 1 % is the model's."""
    ready = packed(values(**changes), window=YEAR)
    f = simulate(ready)
    runs = [by_chance(ready, 1, k, k) for k in range(16)]
    for column in (
        Count.ARRIVED,
        Count.AI_RIGHT,
        Count.STRAIGHT,
        Count.REVIEWED,
        Count.MANUAL,
        Count.OFFERED,
    ):
        mean = np.mean([physics.total(column) for physics in runs])
        assert f.total(column) == pytest.approx(mean, rel=tolerance), column.name


def test_nothing_depends_on_seed_draw_or_luck():
    ready = packed(values(**INCIDENTS), window=YEAR)
    np.testing.assert_array_equal(simulate(ready, 1, 2, 3).counts, simulate(ready).counts)


def test_nobody_is_staffed_by_night():
    ready = packed(values(oversight__hours=OFFICE), window=YEAR)
    f = simulate(ready)
    np.testing.assert_allclose(f.reviewers.capacity, 4 * f.reviewers.staffed)
