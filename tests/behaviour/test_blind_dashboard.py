"""A blind dashboard hides the erosion that workflow outcomes reveal, and only what is seen is put right.

The odds of a right decision erode by 12 % a month for 16 months. One run carries the pilot's metrics over and
audits all the same; the other charts the same audits. Nothing is uncertain, and the luck is the same.
"""

import numpy as np
import pytest
from paired import months, run, surely_positive

SCENE = (
    "clock.horizon=18 months",
    "drift.erosion@production=12 % per month",
    "drift.retraining_removes=90 %",
    "iteration.lead_time@production=4 weeks",
    "measurement.audit@production=20 %",
    "oversight.reviewers=3",
    "oversight.gamma=0",
    "oversight.deadline=none",
    "governance.surfaced=0 %",
)
OUTCOMES = "measurement.basis@production=workflow_outcomes"
REPLICATIONS = 6
# Some 340 audits in the last three months: the standard error of a share is 2 points, so that a true
# dashboard would be refused on 1 seed in 400.
LAST, NEAR = 3, 0.07


@pytest.fixture(scope="module")
def blind():
    return SCENE


@pytest.fixture(scope="module")
def seeing():
    return (*SCENE, OUTCOMES)


def last_quarter(column, sets):
    return months(column, *sets, n=REPLICATIONS)[:, -LAST:].mean(axis=1)


def test_it_goes_on_showing_the_pilots_accuracy(blind):
    shown = months("accuracy_shown", *blind, n=REPLICATIONS)
    assert (np.ptp(shown, axis=1) == 0).all()
    assert np.array_equal(shown[:, 0], run(*blind, n=REPLICATIONS)["accuracy_reported"])
    # Nobody asks for a model, and one decision in four that is shown as right is wrong in the end.
    assert (run(*blind, n=REPLICATIONS)["n_changes_retraining"] == 0).all()
    hidden = shown[:, -1] - months("accuracy_true", *blind, n=REPLICATIONS)[:, -1]
    assert (hidden > 0.2).all()
    assert (np.diff(months("drift", *blind, n=REPLICATIONS), axis=1) > 0).all()


def test_outcomes_show_what_is_true(seeing):
    error = last_quarter("accuracy_shown", seeing) - last_quarter("accuracy_true", seeing)
    assert (np.abs(error) < NEAR).all()


def test_seen_it_is_put_right(blind, seeing):
    found = run(*seeing, n=REPLICATIONS)
    assert (found["detected"] == 1).all()
    assert (found["n_changes_retraining"] >= 1).all()
    assert (found["drift_at_end"] < run(*blind, n=REPLICATIONS)["drift_at_end"]).all()
    gain = last_quarter("accuracy_true", seeing) - last_quarter("accuracy_true", blind)
    assert (gain > 0.1).all()
    assert surely_positive(found["realised_npv"] - run(*blind, n=REPLICATIONS)["realised_npv"])


def test_the_money_that_it_shows_is_more_than_there_is(blind, seeing):
    shown, true = (months(name, *blind, n=REPLICATIONS).sum(axis=1) for name in ("net_shown", "net"))
    assert (shown > true).all()
    shown, true = (months(name, *seeing, n=REPLICATIONS).sum(axis=1) for name in ("net_shown", "net"))
    assert shown == pytest.approx(true)
