"""What a flow is worth: net present value, payback, funding need."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worked_example import FLOW, ONE_OFF, economic, ledger_of

from simgap.economics.ledger import value_of


@pytest.mark.parametrize("tax", [0.0, 0.25])
@pytest.mark.parametrize("rate", [-0.05, 0.0, 0.08, 0.6])
def test_the_value_of_the_example_against_numpy_financial(rate, tax):
    lines = ledger_of()
    value = value_of(economic(lines), np.array(ONE_OFF, np.float64), rate, tax)
    # Sums at the start of each month, flows in its middle: one flow by half-months.
    by_half_month = (1.0 - tax) * np.array([-100, -137, 0, 74, -200, 554, 0, 26])
    half = (1.0 + rate) ** (1.0 / 24.0) - 1.0
    assert value["npv"] == pytest.approx(npf.npv(half, by_half_month), rel=1e-12)
    assert value["irr"] == pytest.approx((1.0 + npf.irr(by_half_month)) ** 24 - 1.0, rel=1e-8)


def test_what_finance_reads_in_the_example():
    value = value_of(np.array(FLOW, np.float64), np.array(ONE_OFF, np.float64), 0.0, 0.0)
    assert list(value) == [
        "npv",
        "payback_months",
        "discounted_payback_months",
        "peak_funding",
        "peak_month",
        "irr",
    ]
    # Cash -100 and -237, -237 and -163, -363 and 191, 191 and 217: at the start of each month and at its end.
    assert value["npv"] == 217.0
    assert value["payback_months"] == value["discounted_payback_months"] == 3.0
    assert (value["peak_funding"], value["peak_month"]) == (363.0, 3.0)


@pytest.mark.parametrize(
    ("monthly", "one_off", "payback", "need", "month"),
    [
        ([100, 1], [-100, 0], 1, 100, 1),  # earned back by the month itself, and yet to be funded
        ([99, 1], [-100, 0], 2, 100, 1),
        ([50, 100], [0, -80], 2, 30, 2),  # what month 1 left over pays for a part
        ([80, 1], [0, -80], 0, 0, 0),  # and for all of it
        ([-100, 0], [0, 100], 2, 100, 1),  # a sum received
        ([-10, -10, 25], [0, 0, 0], 3, 20, 2),
        ([0, 10, 30], [-10, 0, -20], 3, 20, 3),  # paid back after month 2, but not for good
        ([100, 1], [-100, -2], math.inf, 100, 1),
        ([5, 5], [0, 0], 0, 0, 0),
    ],
)
def test_a_sum_at_the_start_of_a_month_comes_before_what_the_month_earns(
    monthly, one_off, payback, need, month
):
    value = value_of(np.array(monthly, np.float64), np.array(one_off, np.float64), 0.0, 0.0)
    assert value["payback_months"] == value["discounted_payback_months"] == payback
    assert (value["peak_funding"], value["peak_month"]) == (need, month)


def test_discounted_payback_sees_the_sum_before_the_flow():
    # At 8 % half a month takes 0.3202 % off: 100 earned are 99.68 and not enough, 101 are 100.68 and enough.
    one_off = np.array([-100.0, 0.0])
    for earned, discounted in ((100.0, 2.0), (101.0, 1.0)):
        value = value_of(np.array([earned, 1.0]), one_off, 0.08, 0.0)
        assert value["payback_months"] == 1.0
        assert value["discounted_payback_months"] == discounted
        assert (value["peak_funding"], value["peak_month"]) == (100.0, 1.0)


def walked(steps):
    """Payback, funding need and its month, one payment after the other; (month from 1, amount) each."""
    cash, paid, need, when = 0.0, 0.0, 0.0, 0
    for month, amount in steps:
        cash += amount
        if -cash > need:
            need, when = -cash, month
        if cash < 0.0:
            paid = math.inf
        elif paid == math.inf:
            paid = month
    return paid, need, when


@given(
    hnp.arrays(np.float64, 5, elements=st.integers(-9, 9).map(float)),
    hnp.arrays(np.float64, 5, elements=st.integers(-9, 9).map(float)),
)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_payback_and_funding_are_what_the_treasurer_sees(monthly, one_off):
    value = value_of(monthly, one_off, 0.5, 0.0)
    pairs = list(zip(range(1, 6), one_off, monthly, strict=True))
    paid, need, when = walked([(m, a) for m, *both in pairs for a in both])
    assert (value["payback_months"], value["peak_funding"], value["peak_month"]) == (paid, need, when)
    paid, _, _ = walked(
        [
            step
            for m, start, middle in pairs
            for step in ((m, start * 1.5 ** (-(m - 1.0) / 12.0)), (m, middle * 1.5 ** (-(m - 0.5) / 12.0)))
        ]
    )
    assert value["discounted_payback_months"] == paid


def test_discounting_can_put_payback_off_for_ever():
    # -100 and then 51 in the middle of the months 11 and 23: back after 24 months, but not at 8 %.
    monthly, one_off = np.zeros(24), np.zeros(24)
    monthly[[11, 23]] = 51.0
    one_off[0] = -100.0
    value = value_of(monthly, one_off, 0.08, 0.0)
    assert value["payback_months"] == 24.0
    assert value["discounted_payback_months"] == math.inf
    assert value["npv"] == pytest.approx(-100.0 + 51.0 / 1.08 ** (11.5 / 12) + 51.0 / 1.08 ** (23.5 / 12))


def test_a_flow_that_never_turns_has_no_rate_of_return():
    value = value_of(np.full(6, -10.0), np.zeros(6), 0.08, 0.0)
    assert math.isnan(value["irr"])
    assert value["payback_months"] == value["discounted_payback_months"] == math.inf
    assert (value["peak_funding"], value["peak_month"]) == (60.0, 6.0)


@given(
    hnp.arrays(np.float64, 6, elements=st.integers(-1000, 1000).map(float)),
    hnp.arrays(np.float64, 6, elements=st.integers(-1000, 0).map(float)),
    st.floats(0.0, 0.5),
)
@settings(derandomize=True, deadline=None, max_examples=50)
def test_a_tax_with_losses_set_off_takes_its_share_and_nothing_else(monthly, one_off, tax):
    before, after = (value_of(monthly, one_off, 0.08, t) for t in (0.0, tax))
    assert after["npv"] == pytest.approx((1.0 - tax) * before["npv"], rel=1e-9, abs=1e-9)
    assert after["peak_funding"] == pytest.approx((1.0 - tax) * before["peak_funding"], rel=1e-9, abs=1e-9)
    assert after["payback_months"] == before["payback_months"]
