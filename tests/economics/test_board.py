"""What the board reads in a pilot."""

import math
from dataclasses import replace

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worked_example import PHYSICS, PILOT_KEY, PLANNED, board, ledger_of, physics_of

from simgap.economics.ledger import COUNTED, DEFAULT_COUNTS, LINES, reported_accuracy
from simgap.engines.physics import Count
from simgap.model.clock import HOUR

# 160 items arrived, 133 were done, 144 of 160 decisions were right. The sums of the lines in a pilot, where
# nobody is rehired and labour of 2740 and errors of 1330 are avoided:
SUMS = {
    "benefit": 4070,
    "ai": -89,
    "review": -1080,
    "exceptions": -520,
    "errors": -1000,
    "incidents": 0,
    "delay": -210,
}
# and an item well done is worth 20 + 5 % of 200 = 30.
READ = 133 * 0.9 * 30


def test_the_reported_accuracy():
    assert reported_accuracy(PHYSICS) == 0.9
    assert math.isnan(reported_accuracy(physics_of(np.zeros((5, len(Count)), np.int64), [0] * 4, [])))


def test_the_board_reads_pilot_metrics():
    per_item = (READ - 89 - 1080) / 160
    assert per_item == pytest.approx(15.1375)
    np.testing.assert_allclose(board(), [0, 0, 80 * per_item, 160 * per_item], rtol=1e-13)


def test_the_board_reads_workflow_outcomes():
    # 4070 - 2899 = 1171 for 160 items; 525 for 3.5 months is 150 a month, half of it in month 1.
    flow = board(**{"measurement.basis": "workflow_outcomes"})
    np.testing.assert_allclose(flow, [0, -75, 585.5 - 150, 1171 - 150], rtol=1e-12)


@pytest.mark.parametrize("basis", ["pilot_metrics", "workflow_outcomes"])
@pytest.mark.parametrize(
    "counts",
    [
        (),
        ("ai",),
        ("review",),
        ("exceptions",),
        ("errors",),
        ("incidents",),
        ("delay",),
        ("changes",),
        ("platform",),
        ("errors", "platform", "delay"),
    ],
)
def test_a_stated_list_decides_which_costs_the_board_counts(basis, counts):
    benefit = READ if basis == "pilot_metrics" else SUMS["benefit"]
    per_item = (benefit + sum(SUMS.get(c, 0) for c in counts)) / 160
    monthly = -150.0 if "platform" in counts else 0.0
    expected = PLANNED * per_item + monthly * np.array([0, 0.5, 1, 1])
    flow = board(counts, **{"measurement.basis": basis})
    np.testing.assert_allclose(flow, expected, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("basis", sorted(DEFAULT_COUNTS))
def test_a_pilot_without_items_says_nothing_about_an_item(basis):
    # Reviewers were paid, 37 hours at 40, for no item: the board reads 150 a month and no more.
    idle = physics_of(np.zeros((5, len(Count)), np.int64), PHYSICS.reviewers.capacity, [])
    assert ledger_of(idle, key=PILOT_KEY)["oversight"].sum() == -1480.0
    changed = {"measurement.basis": basis}
    np.testing.assert_allclose(board(tuple(COUNTED), physics=idle, **changed), [0, -75, -150, -150])
    assert (board(("review",), physics=idle, **changed) == 0.0).all()
    # One item, and they are its price.
    counts = idle.counts[0].copy()
    counts[0, [Count.ARRIVED, Count.FALLBACK]] = 1
    one = physics_of(counts, PHYSICS.reviewers.capacity, [])
    np.testing.assert_allclose(board(("review",), physics=one, **changed), PLANNED * -1480, rtol=1e-13)


def test_the_board_can_name_every_running_line_and_no_sum_paid_once():
    assert set(COUNTED.values()) == set(LINES) - {"benefit", "pilot", "investment"}
    assert set(DEFAULT_COUNTS["workflow_outcomes"]) == set(COUNTED)
    assert DEFAULT_COUNTS["pilot_metrics"] == ("ai", "review")


def test_errors_that_nobody_observed_are_left_out_under_pilot_metrics():
    plenty = [(HOUR, entity) for entity in range(100)]
    worse = replace(
        PHYSICS,
        escaped_time=np.array([t for t, _ in plenty]),
        escaped_entity=np.array([e for _, e in plenty]),
    )
    np.testing.assert_array_equal(board(physics=worse), board())
    seen = {"measurement.basis": "workflow_outcomes"}
    # 100 errors of 200 instead of 5
    np.testing.assert_allclose(
        board(physics=worse, **seen) - board(**seen), PLANNED * -(19_000 / 160), rtol=1e-12
    )


@given(hnp.arrays(np.float64, 4, elements=st.floats(0.0, 1e6)), st.sampled_from(sorted(DEFAULT_COUNTS)))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_planned_volume_moves_per_item_lines_only(planned, basis):
    changed = {"measurement.basis": basis}
    none = board(planned=np.zeros(4), **changed)
    one = board(planned=np.ones(4), **changed) - none
    expected = none + planned * one
    np.testing.assert_allclose(board(planned=planned, **changed), expected, rtol=1e-9, atol=1e-6)
