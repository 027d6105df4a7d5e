"""Production that is given up because of what the dashboard shows."""

import math

import numpy as np
import pytest

import simgap
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.phases import prepare
from simgap.montecarlo.trial import run_trial
from simgap.scenario.values import Variant

# Wrong half of the time, and every error is dear: the ledger sees that, throughput does not.
TEXT = """\
simgap: 1
clock: {horizon: 12 months}
legacy: {cost: 10 per item}
workflows: {letters: {volume: 20 per day, error_cost: 40}}
ai: {accuracy: 90 % , cost: 1 per item}
data: {missing: none | 90 %, missing_penalty: 4}
oversight: {reviewers: 1, paid: by hour, wage: 30 per hour, time: 6 min, review_least_confident: 5 %}
measurement: {basis: BASIS}
costs: {platform: 100 per month}
governance: {stop_loss: LOSS}
pilots: {demo: {lasts: 6 weeks}}
"""


def trial(basis, loss, engine="compiled"):
    resolved = simgap.load(TEXT.replace("BASIS", basis).replace("LOSS", loss)).resolved
    return run_trial(resolved, {}, Variant(), 5, 0, 0, engine)


def column(done, name):
    return done.monthly[:, MONTHLY.index(name)]


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_it_ends_with_the_month_in_which_the_loss_is_reached(engine):
    free, held = trial("workflow_outcomes", "none", engine), trial("workflow_outcomes", "20k", engine)
    lost = np.cumsum(column(free, "net_shown"))
    last = int(np.flatnonzero(lost <= -20_000.0)[0])
    assert held.outcomes["stopped_month"] == last + 1 < 10
    for name in ("benefit", "errors", "platform", "items"):
        np.testing.assert_array_equal(column(held, name)[:last], column(free, name)[:last], err_msg=name)
    # Afterwards everything goes the legacy way: it costs nothing more, and nothing is earned.
    for name in ("ai", "platform", "oversight"):
        assert not column(held, name)[last + 2 :].any(), name
    assert (column(held, "items") == column(free, "items")).all()
    assert held.outcomes["n_suspended"] > 0.6 * held.outcomes["n_items"]
    assert held.outcomes["realised_npv"] > free.outcomes["realised_npv"]


def test_a_dashboard_that_is_blind_ends_nothing():
    free, held = trial("pilot_metrics", "none"), trial("pilot_metrics", "20k")
    assert (column(held, "net_shown")[2:] > 0.0).all()
    assert held.outcomes["stopped_month"] == math.inf
    assert held.outcomes["realised_npv"] == free.outcomes["realised_npv"] < -40_000.0


def test_the_plan_of_the_board_is_not_moved_by_the_end():
    free, held = trial("workflow_outcomes", "none"), trial("workflow_outcomes", "20k")
    assert (column(held, "projected") == column(free, "projected")).all()


def test_a_phase_that_is_given_up_pays_nobody_afterwards():
    resolved = simgap.load(TEXT.replace("BASIS", "workflow_outcomes").replace("LOSS", "20k")).resolved
    resolved["parameters"]["oversight.paid"]["value"] = "by headcount"
    assert prepare(resolved, {}, Variant()).production.reviewers.staff == 1
    done = run_trial(resolved, {}, Variant(), 5, 0, 0)
    after = int(done.outcomes["stopped_month"])
    assert column(done, "staffed_hours")[after - 1] > 100.0
    assert not column(done, "staffed_hours")[after:].any()
