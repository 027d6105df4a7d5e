"""What the dashboard shows, and when it ends the AI, by hand on the worked example of the ledger."""

import math
from dataclasses import replace

import numpy as np
import pytest
from worked_example import PHYSICS, VALUES

from simgap.economics import dashboard
from simgap.engines.physics import Count

AUDITS = {Count.AUDITED: [0, 10, 4, 5, 3], Count.AUDIT_FAULTED: [0, 1, 2, 0, 2]}
#                 month 0   1    2    3, and what came after the window is of the last
DONE = [4, 34, 46, 49]
TRUE = [8 / 8, 36 / 40, 45 / 50, 55 / 62]
LINES = {
    "benefit": np.array([10.0, 20.0, 30.0, 40.0]),
    "ai": np.array([-1.0, -2.0, -3.0, -4.0]),
    "oversight": np.array([-10.0, -10.0, -10.0, -10.0]),
    "errors": np.array([0.0, -50.0, 0.0, 0.0]),
}
IDLE = {Count.AI_DECISIONS: [0, 40, 50, 60, 2]}
OUTCOMES = {**VALUES, "measurement.basis": "workflow_outcomes"}


def counting(columns):
    """The example with other columns."""
    counts = PHYSICS.counts.copy()
    for column, numbers in columns.items():
        counts[0, :, column] = numbers
    return replace(PHYSICS, counts=counts)


def test_what_is_true_is_the_share_of_right_decisions():
    np.testing.assert_allclose(dashboard.true_accuracy(PHYSICS), TRUE, rtol=1e-13)
    idle = dashboard.true_accuracy(counting(IDLE))
    assert np.isnan(idle).tolist() == [True, False, False, False]


def test_the_pilots_accuracy_is_shown_for_ever():
    shown = dashboard.shown_accuracy(counting(AUDITS | IDLE), "pilot_metrics", 0.93)
    np.testing.assert_array_equal(shown, [math.nan, 0.93, 0.93, 0.93])


def test_audits_show_what_they_find():
    shown = dashboard.shown_accuracy(counting(AUDITS), "workflow_outcomes", 0.93)
    np.testing.assert_allclose(shown, [math.nan, 0.9, 0.5, 1 - 2 / 8], rtol=1e-13)


@pytest.mark.parametrize(("piloted", "factor"), [(0.9, 0.9), (math.nan, 1.0)])
def test_under_pilot_metrics_throughput_is_worth_what_the_pilot_was(piloted, factor):
    """An item is worth its legacy cost of 20, and 5 % of an error of 200; errors are not seen."""
    flow = dashboard.shown_flow(PHYSICS, LINES, [VALUES], ("ai", "review"), piloted)
    np.testing.assert_allclose(flow, np.array(DONE) * 30 * factor + LINES["ai"] - 10, rtol=1e-13)


def test_under_workflow_outcomes_the_ledger_is_shown():
    flow = dashboard.shown_flow(PHYSICS, LINES, [OUTCOMES], ("ai", "review", "errors"), 0.9)
    assert flow.tolist() == [-1.0, -42.0, 17.0, 26.0]


@pytest.mark.parametrize(
    ("loss", "month"),
    [(9.0, 1), (10.0, 1), (10.1, 2), (15.0, 2), (15.1, None), (math.inf, None)],
)
def test_the_first_month_at_whose_end_the_loss_is_reached_is_the_last(loss, month):
    """Month 0 is before go-live and does not count; after the last month there is nothing left to end."""
    assert dashboard.stop_month(np.array([-100.0, -10.0, -5.0, 8.0]), loss, 1) == month


def test_a_loss_in_the_last_month_ends_nothing():
    assert dashboard.stop_month(np.array([0.0, 0.0, -50.0]), 10.0, 0) is None
