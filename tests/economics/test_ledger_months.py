"""When things are booked: months in production, and the release of the legacy team."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worked_example import RAMPS

from simgap.economics.ledger import Window, by_month, released
from simgap.model.clock import MONTH


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(3, 0.0, 3.0), [1, 1, 1]),
        (Window(3, 1.0, 3.0), [0, 1, 1]),
        (Window(3, 0.25, 2.5), [0.75, 1, 0.5]),
        (Window(3, 1.25, 1.75), [0, 0.5, 0]),
        (Window(3, 3.5, 3.0), [0, 0, 0]),
        (Window(2, 0.0, 1344 / 730), [1, 614 / 730]),  # a pilot of eight weeks
    ],
)
def test_active_share_of_each_month(window, expected):
    np.testing.assert_allclose(window.active(), expected, rtol=1e-14)


@given(st.floats(0.0, 12.0), st.floats(0.0, 12.0))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_active_shares_sum_to_the_time_in_production(go_live, end):
    active = Window(12, go_live, end).active()
    assert active.sum() == pytest.approx(max(0.0, end - go_live), abs=1e-12)
    assert ((active >= 0.0) & (active <= 1.0)).all()


def test_months_turn_at_their_first_instant_and_the_last_keeps_what_comes_after():
    window = Window(3, 0.5, 3.0)
    half = MONTH // 2
    times = np.array([0, half - 1, half, half + MONTH - 1, half + MONTH, half + 2 * MONTH, 50 * MONTH])
    amounts = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    np.testing.assert_array_equal(by_month(times, amounts, window), [1 + 2, 4 + 8, 16 + 32 + 64])


def test_months_without_amounts():
    nothing = by_month(np.empty(0, np.int64), np.empty(0), Window(3, 0.5, 3.0))
    np.testing.assert_array_equal(nothing, [0.0, 0.0, 0.0])
    assert nothing.dtype == np.float64


@pytest.mark.parametrize(
    ("go_live", "ramp_months", "expected"),
    [
        (0.0, 0.0, [0.5, 0.5, 0.5, 0.5]),  # released at once
        (2.0, 0.0, [0.0, 0.0, 0.5, 0.5]),
        (0.0, 2.0, [0.125, 0.375, 0.5, 0.5]),  # 1/4 and 3/4 of the way in the middle of the months
        (1.0, 2.0, [0.0, 0.125, 0.375, 0.5]),
        (1.0, 8.0, [0.0, 0.03125, 0.09375, 0.15625]),
        # Go-live within a month: the mean over what is left of that month.
        (1.6, 0.0, [0.0, 0.5, 0.5, 0.5]),
        (1.4, 0.0, [0.0, 0.5, 0.5, 0.5]),
        (0.5, 4.0, [0.03125, 0.125, 0.25, 0.375]),  # 1/4, 1, 2 and 3 months of 4
        (1.6, 2.0, [0.0, 0.05, 0.225, 0.455]),  # 0.2 and 0.9 months of 2; 0.6 at 1.7 and 0.4 at all
        (1.6, 0.1, [0.0, 0.4375, 0.5, 0.5]),  # 0.1 months at half, 0.3 at all
        # Go-live with or after the end of the window.
        (4.0, 0.0, [0.0, 0.0, 0.0, 0.0]),
        (5.2, 2.0, [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_the_released_share_of_the_team(go_live, ramp_months, expected):
    values = {"legacy.cashable": 0.5, "legacy.ramp_down": 730.0 * ramp_months, "starts": 0.0}
    share = released(values, Window(4, go_live, 4.0))
    np.testing.assert_allclose(share, expected, rtol=1e-13)  # 1.6 is not a binary number


@given(st.floats(0.0, 6.0), RAMPS, st.floats(0.0, 1.0))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_a_released_team_does_not_come_back(go_live, ramp, cashable):
    share = released(
        {"legacy.cashable": cashable, "legacy.ramp_down": ramp, "starts": 0.0}, Window(12, go_live, 12.0)
    )
    assert (np.diff(share) >= -1e-12).all()
    assert (share >= 0.0).all()
    assert (share <= cashable).all()
    assert (share[: int(go_live)] == 0.0).all()  # nobody leaves before go-live
    if ramp == 0.0:
        assert (share[int(go_live) :] == cashable).all()  # and everybody who can, with it
