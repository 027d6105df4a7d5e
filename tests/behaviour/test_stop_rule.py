"""The stop rule stops when the dashboard shows the loss; a blind dashboard goes on.

Errors are dear and accuracy erodes. The luck is the same, so until the AI is given up so is the history.
"""

import numpy as np
import pytest
from paired import months, run

SCENE = (
    "clock.horizon=18 months",
    "governance.surfaced=0 %",
    "workflows.complaints.error_cost=800",
    "drift.erosion@production=8 % per month",
)
LOSS = 20_000
STOP = f"governance.stop_loss={LOSS}"
OUTCOMES = "measurement.basis@production=workflow_outcomes"
REPLICATIONS = 6


@pytest.fixture(scope="module")
def blind():
    return run(*SCENE, STOP, n=REPLICATIONS)


@pytest.fixture(scope="module")
def seeing():
    return run(*SCENE, STOP, OUTCOMES, n=REPLICATIONS)


def test_where_the_loss_is_shown_it_stops(seeing):
    assert np.isfinite(seeing["stopped_month"]).all()
    # At the end of the first month whose cumulative flow is that low.
    shown = months("net_shown", *SCENE, OUTCOMES, n=REPLICATIONS).cumsum(axis=1)
    live = 1  # the month of go-live
    first = (shown <= -LOSS).argmax(axis=1)
    assert np.array_equal(seeing["stopped_month"], first + live + 1.0)


def test_a_blind_dashboard_does_not(blind):
    assert np.isinf(blind["stopped_month"]).all()
    assert (months("net_shown", *SCENE, STOP, n=REPLICATIONS).sum(axis=1) > 0).all()
    assert (blind["realised_npv"] < -2 * LOSS).all()


def test_stopping_saves_what_would_have_been_lost(blind, seeing):
    assert (seeing["realised_npv"] > blind["realised_npv"]).all()
    assert (seeing["n_escaped"] < blind["n_escaped"]).all()
