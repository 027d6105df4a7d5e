"""What a trial makes of values at the edge of sense, and which of them are refused with words."""

import math

import pytest

import simgap
from simgap.engines import reference
from simgap.engines.physics import Count
from simgap.errors import InputError, SimulationError
from simgap.model import keys
from simgap.montecarlo.phases import prepare
from simgap.montecarlo.plan import evaluate, one_each
from simgap.scenario.values import Variant

TEXT = """
simgap: 1
clock: {decision: 2026-01, horizon: 6 months}
workflows:
  w: {volume: 3k per year, consequential: 10 %}
legacy: {cost: 6 per item}
ai: {accuracy: 90 %}
oversight: {reviewers: 1, wage: 35 per hour, time: 30 min, review_least_confident: 40 %}
"""


def resolved(*sets):
    return simgap.load(TEXT, sets).resolved


def phases(*sets, variant=None):
    return prepare(resolved(*sets), {}, variant or Variant())


def run(*sets):
    return evaluate(resolved(*sets), one_each(1), 1, 1)


def test_a_headcount_plan_without_a_bar_leaves_the_pilot_and_the_promise_alone():
    plan = "oversight.headcount_plan=[20 from month 1]"
    planned = phases(plan)
    assert (planned.pilot.reviewers.plan, len(planned.production.reviewers.plan)) == ((), 1)
    assert run(plan).of("projected_npv") == run().of("projected_npv")
    barred = phases("oversight.headcount_plan=[2 from month 1] | [20 from month 1]")
    assert barred.pilot.reviewers.plan[0][1] == 2
    # At dose 0 production takes the pilot's plan, scaled with the volume; the pilot keeps its own.
    dosed = phases(
        "oversight.headcount_plan=[2 from month 1] | [20 from month 1]",
        variant=Variant(doses=(("oversight", 0.0),)),
    )
    assert (dosed.pilot.reviewers.plan[0][1], dosed.production.reviewers.plan[0][1]) == (2, 2)


def test_a_backlog_of_a_workflow_that_never_starts_never_arrives():
    late = run("workflows.w.starts=month 60", "workflows.w.backlog=1000")
    assert (late.of("n_items"), late.of("projected_npv")) == (0.0, 0.0)
    assert run("workflows.w.backlog=1000").of("n_items") == run().of("n_items") + 1000


@pytest.mark.parametrize("throughput", ["5 per hour | 6 per hour", "none | 6 per hour"])
def test_a_dose_without_planned_volume_leaves_capacities_as_they_are(throughput):
    sets = ("workflows.w.volume=3k per year | 0 per year", f"integration.throughput={throughput}")
    ready = phases(*sets, variant=Variant(doses=(("integration", 0.0), ("oversight", 0.0))))
    step = 0 if throughput.startswith("none") else 3600 * 10**6 // 5
    assert reference.replication.integration.connector_time(ready.production.p) == step
    assert ready.production.reviewers.staff == 1


@pytest.mark.parametrize(
    "sets",
    [
        ("oversight.hours=Tue 10:00-10:30", "oversight.time=40 years", "oversight.exception_factor=1000"),
        ("oversight.time=1000000 h", "oversight.time_cv=20"),
    ],
)
def test_work_beyond_all_time_is_named(sets):
    # Not through the command line, so that the whole of the message is seen.
    with pytest.raises(SimulationError, match="outlasts what can be simulated"):
        run(*sets, "data.missing=100 %", "data.validated=100 %", "oversight.shrinkage=95 %")


@pytest.mark.parametrize(
    ("sets", "key", "need"),
    [
        (
            ["governance.surfaced=5 %", "workflows.w.consequential=none"],
            "governance.surfaced",
            "consequential",
        ),
        (["oversight.specialists=2"], "oversight.specialists", "oversight.escalated"),
        (["workflows.w.holiday_volume=20 %"], "workflows.w.holiday_volume", "clock.holidays"),
    ],
)
def test_what_would_have_no_effect_is_refused(sets, key, need):
    with pytest.raises(InputError, match=f"{key}: has no effect without `[a-z.]*{need}`"):
        resolved(*sets)


def test_a_duplicate_never_errs_in_the_log():
    log = []
    ready = phases("data.duplicate=30 %").production
    physics = reference.simulate(ready, 1, 0, 0, log)
    ends = [(e.kind, e.detail["escaped"]) for e in log if e.activity == "end"]
    assert {escaped for kind, escaped in ends if kind == keys.DUPLICATE} == {""}
    escapes = sum(bool(escaped) for _, escaped in ends)
    assert escapes == len(physics.escaped_time) > 0
    assert sum(kind == keys.DUPLICATE for kind, _ in ends) == physics.total(Count.DUPLICATES)


def test_outages_count_in_what_a_plan_is_expected_to_cost():
    from simgap.montecarlo.phases import expected_items

    quiet, restless = expected_items(phases()), expected_items(phases("integration.outages=8760 per year"))
    # One an hour: the pilot's and the rest of the window.
    assert restless - quiet == pytest.approx(6 * 730.0, rel=1e-9)


def test_where_the_staff_ends_the_screen_says_since_when():
    from simgap.report.screen import warnings

    result = simgap.load(TEXT, ["oversight.headcount_plan=[0 from month 2]"]).run(1, workers=1)
    go_live = math.ceil((8 * 168 + 2 * 730) / 730)
    assert result.summary["reviewers"]["unstaffed_from_month"] == go_live + 1
    assert any(f"in month {go_live + 1} items need a reviewer" in line for line in warnings(result.summary))
