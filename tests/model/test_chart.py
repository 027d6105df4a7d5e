"""The chart of audit verdicts: its run length against exact Markov chains and by simulation."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from numba import njit
from scipy.optimize import brentq
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve

from simgap.model import chart
from simgap.model.chart import chart_step, chart_threshold

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5)
WORSE = (1.2, 1.5, 2.0, 3.0, 5.0)
FAULTS = (1.5, 3.0, 6.0, 10.0, 20.0, 50.0, 150.0, 1e3, 1e4, 1e5)  # run length x rate


def to_take(rate, worse):
    return math.log1p((worse - 1) * rate)


@lru_cache
def lattice(rate, worse, cells):
    """Return the odds ratio next to `worse` for which r / b = u / v, with u and v.

    Then the sum lies on the multiples of b / v: a fault adds u - v of them, any other verdict takes v.
    """

    def slope(x):
        return math.log(x) / to_take(rate, x)

    close = Fraction(slope(worse)).limit_denominator(max(1, int(cells / slope(worse))))
    found = brentq(lambda x: slope(x) - float(close), 1.0001, 50, xtol=1e-14)
    return found, close.numerator, close.denominator


@lru_cache(None)
def exact_run_length(rate, u, v, cells):
    """Return the mean number of audits from 0 to a sum of at least `cells` b / v, by the linear system."""
    at = np.arange(cells)
    up = at + u - v
    stays = up < cells
    rows = np.concatenate([at, at, at[stays]])
    columns = np.concatenate([at, np.maximum(at - v, 0), up[stays]])
    values = np.concatenate([np.ones(cells), np.full(cells, rate - 1), np.full(stays.sum(), -rate)])
    return float(spsolve(csc_matrix((values, (rows, columns))), np.ones(cells))[0])


def exact_at(threshold, rate, worse, u, v):
    return exact_run_length(rate, u, v, max(1, math.ceil(threshold * v / to_take(rate, worse) - 1e-9)))


def cases(cells=60):
    """Yield a rate, the odds ratio, u, v, the run length wanted and its threshold, over the grid."""
    for rate in RATES:
        for near in WORSE:
            worse, u, v = lattice(rate, near, cells)
            for faults in FAULTS:
                wanted = min(faults / rate, 1e6)
                yield rate, worse, u, v, wanted, chart_threshold(rate, worse, wanted)


def test_the_reference_by_hand():
    # Threshold of one fault: a geometric number of audits. With steps of +1 and -1 and 2 to reach, from 0:
    # a = 1 + (1 - p) a + p c, c = 1 + (1 - p) a, so a = (1 + p) / p^2.
    assert exact_run_length(0.2, 5, 1, 4) == pytest.approx(5)
    assert exact_run_length(0.2, 2, 1, 2) == pytest.approx(1.2 / 0.04)


def test_a_step_is_the_logarithm_of_a_likelihood_ratio():
    for rate in (0.001, 0.1, 0.5, 0.9):
        for worse in (1.2, 2.0, 5.0):
            odds = worse * rate / (1 - rate)
            changed = odds / (1 + odds)
            for score in (0.0, 1.0, 7.0):
                for faulty, ratio in ((1, changed / rate), (0, (1 - changed) / (1 - rate))):
                    wanted = max(0.0, score + math.log(ratio))
                    assert chart_step(score, faulty, rate, worse) == pytest.approx(wanted, abs=1e-12)


def test_short_run_lengths_are_exact():
    """The least threshold, to a halving, whose run length by the chain is at least the one wanted."""
    count = 0
    for rate, worse, u, v, wanted, threshold in cases():
        reach = chart.REACH * math.log(worse)
        if threshold < reach:
            count += 1
            under = threshold - 1.01 * reach / 2**chart.HALVINGS
            assert exact_at(threshold, rate, worse, u, v) >= wanted * (1 - 4e-4)
            assert exact_at(under, rate, worse, u, v) < wanted * (1 + 4e-4)
    assert count > 150


def test_long_run_lengths_are_close():
    """The worst errors that the rule states; here they are 2.6 % where b < 0.1, else 15 %."""
    small, count = [], 0
    for rate, worse, u, v, wanted, threshold in cases():
        if threshold >= chart.REACH * math.log(worse):
            count += 1
            b = to_take(rate, worse)
            error = abs(exact_at(threshold, rate, worse, u, v) / wanted - 1)
            assert error < math.expm1(b) / 2 + 0.02
            small += [error] * (b < 0.1)
    assert count > 200
    assert len(small) > 100
    assert max(small) < 0.053
    assert math.sqrt(np.mean(np.square(small))) < 0.01


@pytest.mark.parametrize(("rate", "near"), [(0.05, 2.0), (0.1, 2.0), (0.2, 1.5)])
def test_the_reference_has_converged(rate, near):
    """What the grid takes for the odds ratio that it is near makes no difference that counts."""
    found = []
    for cells in (60, 240, 960):
        worse, u, v = lattice(rate, near, cells)
        found.append([exact_at(h * math.log(near), rate, worse, u, v) for h in (3.05, 4.45, 6.65)])
    np.testing.assert_allclose(found[1], found[2], rtol=0.01)
    np.testing.assert_allclose(found[0], found[2], rtol=0.04)


@pytest.mark.parametrize("rate", [1e-4, 3e-4])
@pytest.mark.parametrize("near", [1.5, 5.0])
def test_rates_below_those_of_the_exact_part(rate, near):
    """The law of rare faults is taken at a rate of 0.001."""
    worse, u, v = lattice(rate, near, 1)
    for faults in (5.0, 8.0, 12.0, 40.0):
        got = exact_at(chart_threshold(rate, worse, faults / rate), rate, worse, u, v)
        assert got == pytest.approx(faults / rate, rel=0.01)


@njit
def simulated(runs, rng, faulty, threshold, rate, worse):
    """Return the mean and the standard error of the audits to an alarm; `faulty` is the true rate."""
    total = squares = 0.0
    for _ in range(runs):
        score, audits = 0.0, 0
        while score < threshold:
            score = chart_step(score, rng.random() < faulty, rate, worse)
            audits += 1
        total += audits
        squares += float(audits) ** 2
    mean = total / runs
    return mean, math.sqrt((squares / runs - mean**2) / runs)


@pytest.mark.parametrize(("rate", "near", "wanted"), [(0.02, 2.0, 2000), (0.1, 2.0, 400), (0.3, 1.5, 80)])
def test_run_length_by_simulation(rate, near, wanted):
    """20,000 runs; bounds at 4.5 standard errors: false alarm 7e-6 for each."""
    worse, u, v = lattice(rate, near, 60)
    # Halfway between two values of the sum, so that rounding decides nothing.
    cell = to_take(rate, worse) / v
    threshold = (math.ceil(chart_threshold(rate, worse, wanted) / cell) - 0.5) * cell
    mean, error = simulated(20_000, np.random.default_rng(7), rate, threshold, rate, worse)
    assert abs(mean - exact_at(threshold, rate, worse, u, v)) < 4.5 * error
    assert mean == pytest.approx(wanted, rel=0.04)


def test_a_rise_is_found_much_sooner_than_a_false_alarm():
    """About 80 audits at twice the odds, 1000 in control. 20,000 runs as above."""
    worse, u, v = lattice(0.1, 2.0, 60)
    cell = to_take(0.1, worse) / v
    cells = math.ceil(chart_threshold(0.1, worse, 1000.0) / cell)
    mean, error = simulated(20_000, np.random.default_rng(8), 2 / 11, (cells - 0.5) * cell, 0.1, worse)
    found_after = exact_run_length(2 / 11, u, v, cells)
    assert abs(mean - found_after) < 4.5 * error
    assert found_after < 90


@pytest.mark.parametrize("worse", [1.001, 1.2, 2.0, 5.0, 50.0])
@pytest.mark.parametrize("rate", [1e-6, 0.001, 0.05, 0.1, 0.37, 0.5, 0.9, 0.9995])
def test_a_longer_run_takes_a_higher_threshold(rate, worse):
    lengths = [0.0, 0.5, 1.0, *np.geomspace(2, 1e12, 60)]
    found = [chart_threshold(rate, worse, length) for length in lengths]
    assert found == sorted(found)
    assert all(0 < h < math.inf for h in found)


def test_thresholds_at_their_limits():
    assert chart_threshold(0.1, 2.0, math.inf) == math.inf
    assert chart_threshold(0.1, 2.0, 1e300) == math.inf
    for worse in (1.0, 0.5, 0.0, -1.0, math.nan):
        assert chart_threshold(0.1, worse, 100.0) == math.inf
    for length in (-1.0, 0.0, 1.0, 10.0, math.nan):
        assert 0 < chart_threshold(0.1, 2.0, length) < chart_step(0.0, True, 0.1, 2.0)
    for rate in (0.0, 1e-300, 1 - 1e-15, 1.0):
        assert math.isfinite(chart_threshold(rate, 2.0, 500.0))
    assert chart_step(0.3, False, 0.5, 5.0) == 0.0
