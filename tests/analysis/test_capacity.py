"""The capacity cliff on numbers that can be followed by hand."""

import math

import numpy as np
import pytest

from simgap.analysis.capacity import carried, critical_shares, p_over, peaks


def test_the_fullest_month_counts_and_the_cut_ones_do_not():
    offered = np.array([[30.0, 80.0, 120.0, 10.0]])
    staffed = np.array([[20.0, 100.0, 160.0, 5.0]])
    active = np.array([[0.4, 1.0, 1.0, 0.2]])
    assert peaks(offered, staffed, active)[0] == pytest.approx(0.8)


def test_months_of_few_heads_count():
    offered = np.array([[16.0, 16.0, 16.0], [1.0, 16.0, 16.0]])
    staffed = np.array([[8.0, 160.0, 160.0], [0.0, 160.0, 160.0]])
    assert peaks(offered, staffed, np.ones((2, 3))).tolist() == [2.0, math.inf]


def test_a_production_of_less_than_half_a_month_has_a_month():
    assert peaks(np.array([[0.0, 9.0]]), np.array([[0.0, 10.0]]), np.array([[0.0, 0.3]])).tolist() == [0.9]
    assert peaks(np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2))).tolist() == [0.0]


def test_nobody_cannot_carry_work_but_carries_none_of_none():
    nobody, whole = np.zeros((2, 3)), np.ones((2, 3))
    assert peaks(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), nobody, whole).tolist() == [math.inf, 0.0]


def test_the_critical_share_is_where_the_line_passes_one():
    shares = np.array([0.25, 0.5, 1.0])
    highest = np.array(
        [
            [0.4, 0.8, 1.2],  # halfway from 0.5 to 1
            [2.0, 4.0, 8.0],  # halfway from 0 to 0.25
            [0.1, 0.2, 0.4],  # never
            [0.9, 1.5, 0.8],  # at the first passage, whatever comes after
            [math.inf, math.inf, math.inf],
        ]
    )
    found = critical_shares(shares, highest)
    np.testing.assert_allclose(found, [0.75, 0.125, math.inf, 0.25 + 0.25 / 6.0, 0.0])
    np.testing.assert_allclose(p_over(found, np.array([0.1, 0.3, 1.0])), [0.2, 0.6, 0.8])


def test_no_more_than_the_risk_is_over_at_the_share_that_is_carried():
    rng = np.random.default_rng(1)
    critical = rng.uniform(0.2, 1.4, 199)
    critical[critical > 1.2] = math.inf
    found = carried(critical)
    assert (
        p_over(critical, np.array([found.share]))[0]
        <= 0.05
        < p_over(critical, np.array([found.share + 0.02]))[0]
    )
    assert found.ci95[0] < found.share < found.ci95[1]


def test_the_interval_covers():
    # 2,000 studies of 200 draws, uniform from 0 to 1: the quantile is 0.05. Order statistics cover at least
    # 95 %; 94 % is two standard deviations of the count below it (0.49 %), and so alarms once in 40 at worst.
    rng = np.random.default_rng(2)
    intervals = np.array([carried(rng.uniform(size=200)).ci95 for _ in range(2000)])
    assert ((intervals[:, 0] <= 0.05) & (intervals[:, 1] >= 0.05)).mean() >= 0.94


def test_with_few_draws_the_interval_says_little():
    assert carried(np.linspace(0.1, 0.9, 9)).ci95[0] == 0.0
    assert carried(np.full(50, math.inf)) == (1.0, (0.0, 1.0))
