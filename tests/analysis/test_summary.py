"""The summary of a run against numbers worked out by hand from made-up trials."""

import json
import math

import numpy as np
import pytest

from simgap import scenario
from simgap.analysis.summary import cumulative_cash, finite, guesses, operations, summary, workflows
from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.montecarlo.plan import Results, evaluate, one_each

TEXT = """\
simgap: 1
name: tiny
clock: {horizon: 3 months}
legacy:
  cost: 14 / 18 / 24 per item [bill]
  error_rate: 4 %
workflows: {letters: {volume: 2 per day | 3 per day, error_cost: 5}}
data: {missing: 1 % | 10 / 20 / 30 %}
ai:
  accuracy: 90 % [test]
oversight: {reviewers: 1, wage: 35 per hour, time: 5 min, review_least_confident: 20 %}
pilots: {demo: {cost: 1k, lasts: 2 weeks}}
base: {pilot: demo}
sources: {bill: {strength: measured, text: x}, test: {strength: expert, text: y}}
"""
RESOLVED = scenario.read_text(TEXT)
DONE = evaluate(RESOLVED, one_each(5), 3, workers=1)


def changed(**columns):
    """The results above with whole columns of outcomes replaced."""
    outcomes = DONE.outcomes.copy()
    for name, values in columns.items():
        outcomes[:, DONE.names.index(name)] = values
    return Results(**{**DONE.__dict__, "outcomes": outcomes})


def test_numbers_that_json_cannot_hold_become_null():
    data = {
        "a": [math.inf, -math.inf, math.nan, 1.5],
        "b": np.int64(3),
        "c": (np.float64(2), True, "x"),
    }
    assert finite(data) == {"a": [None, None, None, 1.5], "b": 3, "c": [2.0, True, "x"]}
    assert type(finite(np.int64(3))) is int
    assert finite(True) is True


def test_money_is_summarised_over_trials():
    npv, board = np.array([-20.0, -10.0, 0.0, 10.0, 70.0]), np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    found = summary(RESOLVED, changed(realised_npv=npv, projected_npv=board, success=[0, 0, 1, 1, 0]), 3, "v")
    stats = found["realised"]["npv"]
    assert stats["mean"] == pytest.approx(10.0)
    assert stats["sd"] == pytest.approx(math.sqrt(5000 / 4))
    # Student's t with 4 degrees of freedom, 97.5 %: 2.7764 (tables).
    half = 2.7764 * math.sqrt(1250 / 5)
    assert stats["ci95"] == pytest.approx([10 - half, 10 + half], rel=1e-4)
    assert found["precision"]["half_width"] == pytest.approx(half, rel=1e-4)
    # Zero is no loss.
    assert (found["realised"]["p_negative"], found["realised"]["p_success"]) == (0.4, 0.4)
    assert found["realisation_ratio"]["value"] == pytest.approx(10 / 30)
    assert (found["seed"], found["version"], found["replications"]) == (3, "v", 5)
    assert found["scenario"] == {"name": "tiny", "digest": scenario.digest(RESOLVED)}


def test_without_a_promise_there_is_no_ratio():
    assert summary(RESOLVED, changed(projected_npv=0.0), 3, "v")["realisation_ratio"] is None
    assert summary(RESOLVED, changed(projected_npv=-1.0), 3, "v")["realisation_ratio"] is None


def test_never_paying_back_is_a_share_not_a_number():
    months = [math.inf, math.inf, 4.0, 2.0, math.inf]
    payback = summary(RESOLVED, changed(payback_months=months), 3, "v")["realised"]["payback_months"]
    assert payback == {"p_never": pytest.approx(0.6), "p5": 2.0, "p50": None, "p95": None}


def test_rates_are_ratios_of_sums():
    items, straight = np.array([1.0, 99.0, 0.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    found = operations(changed(n_items=items, n_straight=straight, n_escaped=straight * 25))
    assert found["items"] == 20.0
    # The mean of the trials' own rates would be 0.5.
    assert found["straight_through_rate"] == pytest.approx(0.01)
    assert found["escaped_error_rate"] == pytest.approx(0.25)
    nothing = operations(changed(n_items=0.0, n_duplicates=0.0, n_queued=0.0, n_capacity=0.0))
    for rate in ("straight_through_rate", "review_share", "reviewer_utilisation", "deadline_miss_rate"):
        assert math.isnan(nothing[rate])


def test_rates_of_the_ai_leave_out_what_was_suspended_and_shares_of_time_sum_to_one():
    hours = {"n_level_autonomous": 60.0, "n_level_guarded": 25.0, "n_level_restricted": 10.0}
    found = operations(
        changed(
            n_items=100.0, n_suspended=20.0, n_straight=40.0, n_escaped=8.0, n_incidents=3.0, n_problems=2.0,
            n_latent_incidents=1.0, n_level_suspended=5.0, **hours,
        )
    )  # fmt: skip
    assert found["straight_through_rate"] == pytest.approx(0.5)
    assert (found["escaped_error_rate"], found["escaped_error_rate_of_all_items"]) == (0.1, 0.08)
    assert found["suspended_share"] == 0.2
    assert (found["incidents"], found["problems"], found["latent_incidents"]) == (3.0, 2.0, 1.0)
    assert found["restricted_time_share"] == pytest.approx(0.15)
    assert list(found["autonomy_time_share"].values()) == pytest.approx([0.6, 0.25, 0.1, 0.05])


def test_inputs_stand_in_the_order_of_their_strength():
    found = summary(RESOLVED, changed(realised_npv=-DONE.drawn[:, DONE.inputs.index("legacy.cost")]), 3, "v")
    first = found["inputs"][0]
    assert (first["name"], first["strength"]) == ("legacy.cost", "measured")
    assert first["rank_correlation"] == pytest.approx(-1.0)
    strengths = [abs(link["rank_correlation"]) for link in found["inputs"]]
    assert strengths == sorted(strengths, reverse=True)


def test_guesses_are_counted_among_claims_about_the_world():
    # Stated: cost, error rate, volume, error cost, missing, accuracy, reviewers, wage, time, review share,
    # and the cost and length of the pilot. Two have a source; horizon and base are choices, not claims.
    assert guesses(RESOLVED) == (10, 12)


def test_cash_accumulates_from_the_decision():
    cash = cumulative_cash(DONE)
    assert cash.shape == (5, 4)
    assert (cash[:, 0] == -1000.0).all()  # the pilot is paid before anything else
    flow = DONE.monthly[:, :, MONTHLY.index("cash")]
    np.testing.assert_allclose(cash[:, 3], flow[:, 0] + flow[:, 1] + flow[:, 2])
    board = cumulative_cash(DONE, "projected")
    assert (board[:, 0] == 0.0).all()
    np.testing.assert_allclose(board[:, 1], DONE.monthly[:, 0, MONTHLY.index("projected")])


def test_the_summary_is_json_whatever_the_trials():
    for results in (DONE, evaluate(RESOLVED, one_each(1), 3, workers=1), changed(irr=math.nan)):
        json.dumps(summary(RESOLVED, results, 3, "v"), allow_nan=False)


def test_workflows_are_pooled_over_trials():
    assert PER_WORKFLOW == ("items", "sent", "straight", "escaped", "fallback", "net_benefit")
    rows = np.zeros((5, 2, 6))
    rows[0, 0], rows[4, 0] = (10, 8, 4, 2, 1, 100.0), (30, 24, 18, 0, 3, -40.0)
    first, second = workflows(["a", "b"], Results(**{**DONE.__dict__, "workflows": rows}))
    assert first == {
        "name": "a",
        "items": 8.0,
        "straight_through_rate": 22 / 32,
        "escaped_error_rate": 2 / 32,
        "fallback_share": 4 / 40,
        "net_benefit": 12.0,
    }
    assert (second["name"], second["items"], second["net_benefit"]) == ("b", 0.0, 0.0)
    assert math.isnan(second["straight_through_rate"])


def test_the_one_workflow_is_the_whole():
    (found,) = summary(RESOLVED, DONE, 3, "v")["workflows"]
    whole = operations(DONE)
    shared = ("items", "straight_through_rate", "escaped_error_rate", "fallback_share")
    assert {k: found[k] for k in shared} == pytest.approx({k: whole[k] for k in shared})


def test_what_people_did_not_send_is_not_of_the_ai():
    done = changed(n_items=100, n_suspended=10, n_declined=40, n_straight=30, n_escaped=5)
    found = operations(done)
    assert found["declined_share"] == pytest.approx(0.4)
    assert found["straight_through_rate"] == pytest.approx(0.6)
    assert found["escaped_error_rate"] == pytest.approx(0.1)
