import math

import numpy as np
import numpy_financial as npf
import pytest

from simgap.economics import cashflow
from simgap.economics.cashflow import (
    cumulative,
    discount_factors,
    discounted,
    irr,
    npv,
    payback_month,
    peak_funding,
)

# A worked example by hand. The yearly rate is chosen so that half a month costs exactly 1 %:
# 1.01 ** 24 = 1.269 734 648 532.
#
#   when             half-months   flow    1.01 ** k      present value
#   start, month 0        0       -1000    1              -1000.000 000 00
#   middle, month 0       1         300    1.01             297.029 702 97
#   start, month 1        2        -200    1.0201          -196.059 209 88
#   middle, month 1       3         500    1.030301         485.295 073 96
#   middle, month 2       5         900    1.0510100501     856.319 118 85
#                                                            442.584 685 90
RATE = 0.269734648532
MONTHLY = np.array([300.0, 500.0, 900.0])
ONE_OFF = np.array([-1000.0, -200.0, 0.0])


def test_npv_of_the_worked_example():
    assert npv(MONTHLY, ONE_OFF, RATE) == pytest.approx(442.58468590, abs=2e-8)


def test_monthly_present_values_of_the_worked_example():
    expected = [-702.97029703, 289.23586408, 856.31911885]
    np.testing.assert_allclose(discounted(MONTHLY, ONE_OFF, RATE), expected, rtol=0, atol=2e-8)


def test_factors_by_hand():
    # 21 % a year is 10 % in six months.
    once = discounted(np.zeros(7), np.ones(7), 0.21)
    assert once[0] == 1.0
    assert once[6] == pytest.approx(1 / 1.1, rel=1e-14)
    by_hand = [1 / 1.01, 1 / 1.030301, 1 / 1.0510100501]
    np.testing.assert_allclose(discount_factors(3, RATE), by_hand, rtol=1e-11)


@pytest.mark.parametrize("rate", [-0.05, 0.0, 0.08, 0.9])
def test_npv_against_numpy_financial(rate):
    rng = np.random.default_rng(11)
    monthly, one_off = rng.normal(10, 50, 36), rng.normal(-5, 80, 36)
    half = (1 + rate) ** (1 / 24) - 1
    month = (1 + rate) ** (1 / 12) - 1
    nothing = np.zeros(36)
    # numpy_financial puts value k at the end of period k.
    assert npv(nothing, one_off, rate) == pytest.approx(npf.npv(month, one_off), rel=1e-12)
    assert npv(monthly, nothing, rate) == pytest.approx(npf.npv(month, monthly) / (1 + half), rel=1e-12)
    interleaved = np.stack([one_off, monthly], axis=1).ravel()
    assert npv(monthly, one_off, rate) == pytest.approx(npf.npv(half, interleaved), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_irr_against_numpy_financial(seed):
    rng = np.random.default_rng(seed)
    one_off = np.zeros(12)
    one_off[0] = -rng.uniform(200, 1500)
    monthly = rng.uniform(20, 150, 12)
    interleaved = np.stack([one_off, monthly], axis=1).ravel()
    expected = (1 + npf.irr(interleaved)) ** 24 - 1
    assert irr(monthly, one_off) == pytest.approx(expected, rel=1e-8)


def test_irr_does_not_move_with_half_a_month():
    flow = np.array([-100.0, 20.0, 30.0, 40.0, 50.0])
    expected = (1 + npf.irr(flow)) ** 12 - 1
    assert irr(flow, np.zeros(5)) == pytest.approx(expected, rel=1e-9)
    assert irr(np.zeros(5), flow) == pytest.approx(expected, rel=1e-9)


def test_irr_by_hand():
    # 1331 = 1000 * 1.1 ** 3: 10 % a month, 213.8428 % a year.
    assert irr(np.zeros(4), np.array([-1000.0, 0, 0, 1331])) == pytest.approx(2.138428376721, rel=1e-11)
    # Half of it lost in a year.
    assert irr(np.zeros(13), np.array([-100.0] + [0] * 11 + [50])) == pytest.approx(-0.5, rel=1e-11)


def test_irr_of_a_loan_has_the_same_root():
    flow = np.array([1000.0, 0, 0, -1331])
    assert irr(np.zeros(4), flow) == pytest.approx(2.138428376721, rel=1e-11)


@pytest.mark.parametrize("months", [2, 13, 61])
def test_irr_where_the_root_is_a_point_of_the_grid(months):
    # There the sign of the value is a matter of rounding, or zero.
    flow = np.zeros(months)
    flow[0] = -100.0
    for z in cashflow._GRID[1:-1]:
        flow[-1] = 100.0 * z ** (-2.0 * (months - 1))
        assert irr(np.zeros(months), flow) + 1 == pytest.approx(z**-24, rel=1e-12)


def test_irr_where_the_value_is_exactly_zero_on_the_grid(monkeypatch):
    monkeypatch.setattr(cashflow, "_GRID", np.array([1.5, 1.0, 0.5]))
    assert irr(np.zeros(3), np.array([-2.0, 1.0, 1.0])) == pytest.approx(0.0, abs=1e-12)


def test_irr_beyond_the_edge_of_the_search():
    lost = np.array([-100.0] + [0.0] * 11 + [1.1])
    assert irr(np.zeros(13), lost) == pytest.approx(-0.989, rel=1e-11)
    lost[-1] = 0.9  # -99.1 %
    assert math.isnan(irr(np.zeros(13), lost))
    # 41.4 % a month is 6300 % a year (2 ** 6 - 1 = 63), 100 % a month is 409 500 %.
    assert irr(np.zeros(3), np.array([-1.0, 0.0, 2.0])) == pytest.approx(63.0, rel=1e-10)
    assert math.isnan(irr(np.zeros(3), np.array([-1.0, 0.0, 4.0])))


@pytest.mark.parametrize(
    "flow",
    [
        [0.0, 0.0, 0.0],
        [5.0, 1.0, 2.0],
        [-5.0, -1.0, -2.0],
        [-100.0, 230.0, -132.0],  # -100 (1 - 1.1 z)(1 - 1.2 z): 10 % and 20 % a month
        [float("nan"), 1.0, 2.0],
    ],
)
def test_irr_undefined(flow):
    assert math.isnan(irr(np.zeros(3), np.array(flow)))


def test_irr_makes_the_npv_zero():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(50):
        monthly = rng.normal(12, 10, 36)
        one_off = np.zeros(36)
        one_off[[0, 3]] = -150, -60
        rate = irr(monthly, one_off)
        if math.isfinite(rate):
            found += 1
            assert npv(monthly, one_off, rate) == pytest.approx(0.0, abs=1e-8)
    assert found > 25


def test_irr_wants_equal_lengths():
    with pytest.raises(ValueError, match="dimension"):
        irr(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize(
    ("flow", "months"),
    [
        ([-10, 4, 6, 5], 3),  # exactly zero at the end of month 3 counts
        ([-10, 15, -8, 4], 4),  # recovered in month 2, red in month 3: only the last crossing counts
        ([-10, 15, -8, 2], math.inf),
        ([-10, 4, 5], math.inf),
        ([0, 0, 0], 0),
        ([5, -3, 1], 0),
        ([5, -8, 4], 3),
        ([-0.1, -0.2, 0.3], 3),  # the running sum ends at -5.6e-17
        ([float("nan"), 5.0], math.inf),
    ],
)
def test_payback(flow, months):
    assert payback_month(np.array(flow, dtype=float)) == months


def test_discounting_delays_payback():
    flow = np.array([-100.0] + [10.0] * 20)
    nothing = np.zeros(21)
    assert payback_month(flow) == 11
    # At 2 % a month, k payments of 10 are worth 500 (1 - 1.02 ** -k): 97.1 after 11 and 105.8 after 12.
    assert payback_month(discounted(nothing, flow, 1.02**12 - 1)) == 13


@pytest.mark.parametrize(
    ("flow", "need", "month"),
    [
        ([-10, -5, 20], 15, 2),
        ([-10, 5, -5, 20], 10, 1),  # the first of two equal depths
        ([5, -3, 1], 0, 0),
        ([0, 0], 0, 0),
        ([20, -50, 10, -5], 30, 2),
        ([0.3, -0.2, -0.1], 0, 0),  # the running sum ends at -2.8e-17
        ([], 0, 0),
    ],
)
def test_peak_funding(flow, need, month):
    assert peak_funding(np.array(flow, dtype=float)) == (need, month)


def test_cumulative():
    np.testing.assert_array_equal(cumulative(np.array([1.0, -3.0, 5.0])), [1.0, -2.0, 3.0])
