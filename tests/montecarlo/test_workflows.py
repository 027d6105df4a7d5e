"""Several workflows in a trial: plan, doses of `scope`, the board, and each on its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simgap
from simgap.economics.ledger import OWN
from simgap.engines.physics import ESCAPES, NOT_SENT, Count
from simgap.engines.reference import simulate
from simgap.montecarlo import trial
from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.montecarlo.phases import prepare
from simgap.montecarlo.plan import crossed, evaluate, one_each
from simgap.montecarlo.trial import run_trial
from simgap.scenario.values import Variant

TEXT = """
simgap: 1
clock: {decision: 2026-01, horizon: 4 months}
workflows:
  letters: {volume: 6 per day | 10 per day, error_cost: 10}
  cards:
    volume: none | 20 per day
    starts: none | month 1
    ramp: none | 2 weeks
    backlog: none | 15
    error_cost: 90
    consequential: none | 20 %
    legacy: {cost: 12 per item}
    ai: {accuracy: 85 %, cost: 0.5}
  mails: {volume: 2 per day | none}
legacy: {cost: 6 per item, error_rate: 3 %}
ai: {accuracy: 90 %, cost: 0.1}
oversight:
  reviewers: 1 | 4
  wage: 35 per hour
  time: 6 min
  review_least_confident: 30 %
  deadline: none | 4 h
pilots: {demo: {lasts: 730 h, cost: 1k}}
"""
RESOLVED = simgap.load(TEXT).resolved
AT = dict(zip(PER_WORKFLOW, range(len(PER_WORKFLOW)), strict=True))


def phases(*sets, text=TEXT, **doses):
    return prepare(simgap.load(text, sets).resolved, {}, Variant(doses=tuple(doses.items())))


def items(packed):
    """Items that each workflow is expected to have."""
    return np.array([flow.levels[-1] + flow.waiting for flow in packed.workflows])


# --- the plan, and doses of scope ----------------------------------------------------------------------


def test_the_plan_is_the_sum_over_workflows():
    ready = phases()
    # Three months after a pilot of one; cards join a month after go-live, with 15 at once and a ramp.
    month = 730 / 24
    cards = 20 * (2 * month - 7) + 15
    np.testing.assert_allclose(items(ready.production), [10 * 3 * month, cards, 0], rtol=1e-9)
    np.testing.assert_allclose(items(ready.pilot), [6 * month, 0, 2 * month], rtol=1e-9)
    planned = trial.planned_volume(ready)
    by_month = [0, 10 * month, 10 * month + 20 * (month - 7) + 15, 30 * month]
    np.testing.assert_allclose(planned, by_month, rtol=1e-9)
    # The pilot knows no start, no ramp and no backlog, of whichever workflow.
    for values in ready.pilot_values:
        assert {key: values[key] for key in trial.FULL_RATE} == trial.FULL_RATE


def test_the_pilots_mix_at_the_planned_number():
    planned = items(phases().production)
    none, half, full = (items(phases(scope=dose).production) for dose in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, planned.sum() * np.array([6, 0, 2]) / 8, rtol=1e-12)
    np.testing.assert_array_equal(full, planned)
    # Linear in between: at a half, half of each; the backlog counts and is whole.
    np.testing.assert_allclose(half, (none + planned) / 2, rtol=1e-12)
    assert [flow.waiting for flow in phases(scope=0.5).production.workflows] == [0, 8, 0]
    # Beyond production `mails` would have less than nothing, so the others share what is planned.
    beyond = items(phases(scope=1.5).production)
    assert beyond[2] == 0.0
    assert beyond.sum() == pytest.approx(planned.sum(), rel=1e-12)


def test_a_dose_of_scope_without_a_pilot_or_without_a_plan():
    away = ("workflows.letters.volume=none | 10 per day", "workflows.mails.volume=none | none")
    mix = [items(phases(*away, scope=dose).production) for dose in (0.0, 1.0)]
    np.testing.assert_allclose(mix[0], mix[1], rtol=1e-12)
    idle = [f"workflows.{name}.volume@production=0 per day" for name in ("letters", "cards")]
    assert not items(phases(*idle, "workflows.cards.backlog=none", scope=0.0).production).any()


@st.composite
def workflows(draw):
    """Sets that give three workflows any volumes, starts, ramps, growths and backlogs."""
    found = []
    for name in ("letters", "cards", "mails"):
        rates = [draw(st.integers(0, 40)) for _ in range(2)]
        found.append(f"workflows.{name}.volume={rates[0]} per day | {rates[1]} per day")
        for key, unit in (("starts", "month {}"), ("ramp", "{} weeks"), ("growth", "{} % per year")):
            low, high = (unit.format(draw(st.integers(0, 2))) for _ in range(2))
            found.append(f"workflows.{name}.{key}={low} | {high}")
        found.append(f"workflows.{name}.backlog=none | {draw(st.integers(0, 90))}")
    return found


@given(workflows(), st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0, 1.3]))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_planned_number_is_the_same_at_every_dose(sets, dose):
    plain, dosed = phases(*sets), phases(*sets, scope=dose)
    plan, found = items(plain.production), items(dosed.production)
    assert found.sum() == pytest.approx(plan.sum(), rel=1e-9, abs=1e-9)
    assert (trial.planned_volume(dosed) == trial.planned_volume(plain)).all()
    in_pilot = np.array([values["volume"] for values in plain.pilot_values])
    if dose == 0.0 and in_pilot.any():
        np.testing.assert_allclose(found, plan.sum() * in_pilot / in_pilot.sum(), rtol=1e-9, atol=1e-9)
    if dose == 1.0:
        assert (found == plan).all()


def test_capacities_of_the_pilot_meet_the_volume_of_all_workflows():
    # Without starts and ramps thirty a day are planned for one reviewer of eight a day: 3.75.
    flat = ("workflows.cards.starts=none", "workflows.cards.ramp=none")
    more = "workflows.cards.volume=none | 23 per day"
    for sets, doses, staff in (
        (flat, {}, 4),
        (flat, {"scope": 0.0}, 4),
        ((*flat, more), {}, 5),
        ((), {}, 3),  # 10 a day, and 20 for two thirds of the time less a ramp
    ):
        assert phases(*sets, oversight=0.0, **doses).production.reviewers.staff == staff


# --- trials --------------------------------------------------------------------------------------------


def test_a_dose_of_scope_leaves_the_promise_alone():
    variants = tuple(Variant(doses=(("scope", dose),)) for dose in (0.0, 0.5, 1.0))
    done = evaluate(RESOLVED, crossed((Variant(), *variants), 2), 3, 1)
    projected = done.of("projected_npv").reshape(2, 4)
    assert (projected == projected[:, :1]).all()
    found = done.workflows[:, :, AT["items"]].reshape(2, 4, 3)
    assert not found[:, 1, 1].any()  # no cards in the pilot
    assert found[:, 1, 2].all()
    assert not found[:, 3, 2].any()  # and no mails in production
    assert (found[:, 0] == found[:, 3]).all()


def test_what_is_said_of_each_workflow():
    ready = phases()
    physics = simulate(ready.production, 3, 1, 1)
    result = run_trial(RESOLVED, {}, Variant(), 3, 1, 1)
    counts, found = physics.counts.sum(axis=1), result.workflows
    assert found[:, AT["items"]].tolist() == counts[:, Count.ARRIVED].tolist()
    assert found[:, AT["items"]].sum() == result.outcomes["n_items"]
    assert found[:, AT["straight"]].tolist() == counts[:, Count.STRAIGHT].tolist()
    assert found[:, AT["escaped"]].tolist() == counts[:, list(ESCAPES)].sum(axis=1).tolist()
    not_sent = counts[:, list(NOT_SENT)].sum(axis=1)
    assert found[:, AT["sent"]].tolist() == (counts[:, Count.ARRIVED] - not_sent).tolist()
    monthly = dict(zip(MONTHLY, result.monthly.T, strict=True))
    assert found[:, AT["net_benefit"]].sum() == pytest.approx(sum(monthly[line].sum() for line in OWN))
    assert found[2].tolist() == [0.0] * len(PER_WORKFLOW)
    # The prices of each: 0.10 and 0.50 for an item, 10 and 90 for an error.
    served = counts[:, Count.AI_SERVED]
    assert monthly["ai"].sum() == pytest.approx(-0.1 * served[0] - 0.5 * served[1])
    escaped = found[:, AT["escaped"]]
    assert monthly["errors"].sum() == pytest.approx(-10 * escaped[0] - 90 * escaped[1])


EXACT = """
simgap: 1
clock: {decision: 2026-01, horizon: 3 months}
workflows: WORKFLOWS
legacy: {cost: 6 per item, error_rate: 3 %, delay: 5 h, delay_cost: 0.1 per hour, ramp_down: 1 month}
ai: {accuracy: 90 %, cost: 0.1}
integration: {latency: 3 min}
oversight: {reviewers: 9, wage: 35 per hour, time: 6 min, time_law: deterministic, hours: always}
governance: {mandatory_review: 100 %}
costs: {platform: 1k per month}
pilots: {demo: {lasts: 730 h, cost: 1k}}
"""


@pytest.mark.parametrize("paid", ["by headcount", "by hour"])
@pytest.mark.parametrize("basis", ["pilot_metrics", "workflow_outcomes"])
def test_a_workflow_in_two_halves_is_worth_the_same(paid, basis):
    """Items come at the same instants, two at once or one in each half; each takes the same time."""
    item = "arrivals: deterministic, error_cost: 0"
    one = f"{{all: {{volume: 24 per day, batch: 2, {item}}}}}"
    two = f"{{this: {{volume: 12 per day, {item}}}, that: {{volume: 12 per day, {item}}}}}"
    # Which decisions are right is luck, and under pilot metrics the board reads that.
    sets = (f"oversight.paid={paid}", f"measurement.basis={basis}")
    results = []
    for text in (one, two):
        resolved = simgap.load(EXACT.replace("WORKFLOWS", text), sets).resolved
        results.append(run_trial(resolved, {}, Variant(), 5, 0, 0))
    a, b = results
    columns = [name for name in MONTHLY if name != "projected" or basis == "workflow_outcomes"]
    for name in columns:
        place = MONTHLY.index(name)
        np.testing.assert_allclose(b.monthly[:, place], a.monthly[:, place], rtol=1e-12, err_msg=name)
    for name in ("realised_npv", "cashable_npv", "n_items", "n_used", "n_wait", "payback_months"):
        assert b.outcomes[name] == pytest.approx(a.outcomes[name], rel=1e-12), name
    assert b.workflows[0, AT["items"]] == b.workflows[1, AT["items"]] == a.workflows[0, AT["items"]] / 2 > 500


def test_results_hold_the_workflows_of_each_trial():
    done = evaluate(RESOLVED, one_each(3), 3, 1)
    assert done.workflows.shape == (3, 3, len(PER_WORKFLOW))
    assert (done.workflows[:, :, AT["items"]].sum(axis=1) == done.of("n_items")).all()
    split = evaluate(RESOLVED, one_each(3), 3, 2)
    assert (split.workflows == done.workflows).all()
