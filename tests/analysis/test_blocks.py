"""Intervals between independent blocks: against formulas, and their coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.statistics import (
    block_values,
    fieller_ratio,
    may_be_best,
    proportion,
    rank_correlations,
    summarise,
    wilson,
)
from simgap.sampling.designs import LHS, SOBOL, Design, uniforms

RNG = np.random.default_rng(5)
VALUES = RNG.normal(size=60).cumsum()  # far from independent
OWN = np.arange(60)
TWELVE = np.repeat(np.arange(12), 5)


def test_where_each_trial_is_its_own_block_nothing_changes():
    other = VALUES + RNG.normal(size=60) + 20.0
    table = np.stack([VALUES, other], axis=1)
    hits = (VALUES > 0.0).astype(float)
    assert summarise(VALUES, OWN) == summarise(VALUES)
    assert fieller_ratio(VALUES, other, OWN) == fieller_ratio(VALUES, other)
    assert (may_be_best(table, OWN) == may_be_best(table)).all()
    assert proportion(hits, OWN, 60) == proportion(hits) == wilson(int(hits.sum()), 60)
    assert (rank_correlations(table, VALUES, 2, 60) == rank_correlations(table, VALUES, 2)).all()
    assert block_values(VALUES, OWN) is VALUES


def test_the_interval_is_students_on_the_means_of_blocks():
    found, means = summarise(VALUES, TWELVE), VALUES.reshape(12, 5).mean(axis=1)
    low, high = stats.t.interval(0.95, 11, means.mean(), stats.sem(means))
    assert found["ci95"] == pytest.approx([low, high], rel=1e-12)
    # All else is of the trials.
    plain = summarise(VALUES)
    assert {k: v for k, v in found.items() if k != "ci95"} == {k: v for k, v in plain.items() if k != "ci95"}


def test_ratio_and_best_are_those_of_the_means_of_blocks():
    other = VALUES + RNG.normal(size=60) + 20.0
    means, others = (x.reshape(12, 5).mean(axis=1) for x in (VALUES, other))
    found, expected = fieller_ratio(VALUES, other, TWELVE), fieller_ratio(means, others)
    assert found["value"] == pytest.approx(expected["value"], rel=1e-12)
    assert found["ci95"] == pytest.approx(expected["ci95"], rel=1e-12)
    table = np.stack([VALUES, VALUES + np.tile([3.0, -1.8], 6).repeat(5)], axis=1)
    expected = may_be_best(table.reshape(12, 5, 2).mean(axis=1))
    assert (may_be_best(table, TWELVE) == expected).all()
    # Taken as independent the trials would tell the two apart: +3.0 and -1.8 by turns.
    assert may_be_best(table, TWELVE).sum() > may_be_best(table).sum()


def test_blocks_that_lost_trials_count_by_their_size():
    blocks = np.array([0, 0, 0, 1, 1, 2])
    values = np.array([1.0, 2.0, 3.0, 6.0, 8.0, 5.0])
    found = block_values(values, blocks)
    mean = 25.0 / 6.0
    expected = [mean + n / 2.0 * (m - mean) for n, m in ((3, 2.0), (2, 7.0), (1, 5.0))]
    assert found == pytest.approx(expected, rel=1e-14)
    assert found.mean() == pytest.approx(mean, rel=1e-14)
    # The variance of a ratio of means: Cochran (1977), chapter 6, without the finite population.
    sums, sizes = np.array([6.0, 14.0, 5.0]), np.array([3, 2, 1])
    error = math.sqrt(((sums - mean * sizes) ** 2).sum() / 2.0 / 3.0) / 2.0
    assert np.std(found, ddof=1) / math.sqrt(3.0) == pytest.approx(error, rel=1e-14)


def test_one_block_has_no_interval():
    blocks = np.zeros(60, np.int64)
    assert summarise(VALUES, blocks)["ci95"] is None
    assert summarise(VALUES, blocks)["sd"] == summarise(VALUES)["sd"]
    assert fieller_ratio(VALUES, VALUES + 50.0, blocks)["ci95"] is None
    assert may_be_best(np.stack([VALUES, VALUES - 9.0], axis=1), blocks).all()
    assert proportion((VALUES > 0.0).astype(float), blocks, 60) == (0.0, 1.0)


def test_a_proportion_on_which_all_trials_or_blocks_agree():
    for share in (0.0, 1.0):
        assert proportion(np.full(60, share), TWELVE, 30) == pytest.approx(wilson(30 * share, 30), rel=1e-12)
        assert proportion(np.full(60, share), TWELVE) == pytest.approx(wilson(12 * share, 12), rel=1e-12)
    # Two hits in each block of five: as if one of the sixty could have come out otherwise.
    low, high = proportion(np.tile([1.0, 1.0, 0.0, 0.0, 0.0], 12), TWELVE)
    half = stats.t.ppf(0.975, 11) / 60
    assert (low, high) == pytest.approx((0.4 - half, 0.4 + half), rel=0.02)
    # One hit in all: nearly what sixty independent trials would say.
    one = np.zeros(60)
    one[7] = 1.0
    assert proportion(one, TWELVE, 60) == pytest.approx(wilson(1, 60), rel=0.35)


def test_rank_correlations_are_as_wide_as_the_draws_make_them():
    x = RNG.normal(size=(200, 1))
    y = x[:, 0] + RNG.normal(size=200)
    rho, low, high = rank_correlations(x, y, 1, 100)[0]
    half = 1.959963984540054 * math.sqrt((1.0 + rho**2 / 2.0) / 97.0)
    assert (low, high) == pytest.approx(np.tanh([np.arctanh(rho) - half, np.arctanh(rho) + half]))
    assert np.isnan(rank_correlations(x, y, 1, 3)).all()


# --- coverage -------------------------------------------------------------------------------------------

STUDIES = 1000
# Of 1000 intervals that hold at 95 % fewer than 924 or more than 974 hold in 3 of 10 000 cases; within 1.5
# points of 95 % besides, since an interval on 16 means is not exact.
LOWEST, HIGHEST = 0.92, 0.98


def smooth(u):
    return np.exp(u[..., 0]) * (1.0 + u[..., 1]) + u[..., 2] ** 2


MEAN = (math.e - 1.0) * 1.5 + 1.0 / 3.0


def studies(design):
    """Return the points of so many independent studies of 16 randomisations each."""
    draws = np.arange(STUDIES * 16 * design.points)
    return uniforms(design, [11, 22, 33], 3, draws).reshape(STUDIES, -1, 3)


@pytest.mark.parametrize("design", [Design(LHS, 8), Design(SOBOL, 8)])
def test_coverage_of_the_interval_from_16_randomisations(design):
    """And what the naive interval, that of as many independent trials, makes of the same points."""
    outcomes, blocks = smooth(studies(design)), np.repeat(np.arange(16), 8)
    held, narrower = 0, 0
    for values in outcomes:
        low, high = summarise(values, blocks)["ci95"]
        held += low <= MEAN <= high
        naive = summarise(values)["ci95"]
        narrower += high - low < naive[1] - naive[0]
    assert LOWEST < held / STUDIES < HIGHEST
    assert narrower > 0.99 * STUDIES


def test_coverage_of_a_proportion_between_randomisations():
    blocks = np.repeat(np.arange(16), 8)
    for share in (0.3, 0.02):
        u = studies(Design(LHS, 8))
        hits = u[:, :, 0] * 0.3 + u[:, :, 1] * 0.7
        level = np.quantile(hits, share)  # of 128 000 points: known to 1 % of the share or so
        held = [
            low <= share <= high for low, high in (proportion(h, blocks, 128) for h in (hits < level) * 1.0)
        ]
        assert np.mean(held) > LOWEST


def test_coverage_of_a_proportion_with_lucks():
    """Two lucks of each of 150 draws, whose probabilities differ as a beta distribution's."""
    rng, blocks = np.random.default_rng(8), np.repeat(np.arange(150), 2)
    p = rng.beta(0.5, 2.0, (STUDIES, 150))
    hits = (rng.random((STUDIES, 150, 2)) < p[:, :, None]).reshape(STUDIES, -1) * 1.0
    intervals = [proportion(h, blocks, 150) for h in hits]
    assert LOWEST < np.mean([low <= 0.2 <= high for low, high in intervals]) < HIGHEST
    naive = [wilson(float(h.sum()), 300) for h in hits]
    assert np.mean([low <= 0.2 <= high for low, high in naive]) < LOWEST
