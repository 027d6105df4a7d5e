import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.statistics import (
    cvar,
    fieller_ratio,
    histogram_quantile,
    mean_ranks,
    rank_correlations,
    summarise,
    wilson,
)


def test_summary_by_hand():
    # Mean 4, squared deviations 9 + 1 + 0 + 1 + 9 = 20, sd = sqrt(20 / 4); t(4, 97.5 %) = 2.776445.
    found = summarise(np.array([7.0, 1.0, 4.0, 5.0, 3.0]))
    assert (found["mean"], found["p5"], found["p50"], found["p95"]) == (4.0, 1.0, 4.0, 7.0)
    assert found["sd"] == pytest.approx(math.sqrt(5))
    assert found["ci95"] == pytest.approx([4 - 2.776445, 4 + 2.776445], abs=1e-6)


def test_summary_against_scipy():
    values = np.random.default_rng(1).lognormal(size=200)
    found = summarise(values)
    interval = stats.t.interval(0.95, 199, loc=values.mean(), scale=stats.sem(values))
    assert found["ci95"] == pytest.approx(interval, rel=1e-12)
    p5, p50, p95 = stats.mstats.mquantiles(values, [0.05, 0.5, 0.95], alphap=1 / 3, betap=1 / 3)
    assert (found["p5"], found["p50"], found["p95"]) == pytest.approx((p5, p50, p95), rel=1e-12)


def test_percentiles_are_median_unbiased():
    # In about half of all samples of 30 the estimate lies above the true p5 of an exponential: 0.512 by
    # 40 000 samples, and 0.707 with numpy's default. 2000 samples: sd of the share 0.0112, bound at least
    # 4.2 sd away, false alarm 3e-5.
    rng = np.random.default_rng(2)
    truth = -math.log(0.95)
    share = np.mean([summarise(rng.exponential(size=30))["p5"] > truth for _ in range(2000)])
    assert abs(share - 0.5) < 0.06


def test_summary_of_one_and_of_none():
    assert summarise(np.array([3.0])) == {"mean": 3, "sd": None, "p5": 3, "p50": 3, "p95": 3, "ci95": None}
    with pytest.raises(ValueError, match="at least one"):
        summarise(np.array([]))


def test_fieller_limits_are_where_the_t_test_turns():
    rng = np.random.default_rng(3)
    denominator = rng.normal(5, 6, 25)
    numerator = 0.4 * denominator + rng.normal(-1, 4, 25)
    found = fieller_ratio(numerator, denominator)
    assert found["value"] == pytest.approx(numerator.mean() / denominator.mean())
    low, high = found["ci95"]
    assert low < found["value"] < high
    for limit in (low, high):
        test = stats.ttest_1samp(numerator - limit * denominator, 0.0)
        assert test.pvalue == pytest.approx(0.05, abs=1e-10)


def test_fieller_against_the_textbook_form():
    rng = np.random.default_rng(4)
    denominator = rng.normal(-3, 2, 30)
    numerator = rng.normal(2, 5, 30)
    a, b, n = numerator.mean(), denominator.mean(), 30
    (va, c), (_, vb) = np.cov(numerator, denominator) / n
    t2 = stats.t.ppf(0.975, n - 1) ** 2
    roots = np.sort(np.roots([b * b - t2 * vb, -2 * (a * b - t2 * c), a * a - t2 * va]))
    assert fieller_ratio(numerator, denominator)["ci95"] == pytest.approx(list(roots), rel=1e-10)


def test_fieller_with_a_stated_denominator_is_students_interval():
    numerator = np.random.default_rng(5).normal(3, 2, 40)
    found = fieller_ratio(numerator, np.full(40, 4.0))
    assert found["ci95"] == pytest.approx([x / 4 for x in summarise(numerator)["ci95"]], rel=1e-12)


def test_fieller_where_there_is_no_bounded_interval():
    # Mean 1, standard error 1 / sqrt(3): t = 1.73, and 4.30 would be needed.
    denominator = np.array([0.0, 1.0, 2.0])
    assert stats.ttest_1samp(denominator, 0).pvalue > 0.05
    assert fieller_ratio(np.array([2.0, 3.0, 1.0]), denominator) == {"value": 2.0, "ci95": None}
    assert fieller_ratio(np.array([2.0]), np.array([4.0])) == {"value": 0.5, "ci95": None}
    assert fieller_ratio(np.array([2.0, 1.0]), np.array([1.0, -1.0])) is None
    assert fieller_ratio(np.array([]), np.array([])) is None
    with pytest.raises(ValueError, match="paired"):
        fieller_ratio(np.ones(3), np.ones(2))


def test_fieller_is_unbounded_exactly_when_the_denominator_is_not_significant():
    rng = np.random.default_rng(6)
    bounded = []
    for _ in range(200):
        denominator = rng.normal(0.4, 1, 25)
        significant = bool(stats.ttest_1samp(denominator, 0).pvalue < 0.05)
        assert (fieller_ratio(rng.normal(1, 1, 25), denominator)["ci95"] is not None) is significant
        bounded.append(significant)
    assert 20 < sum(bounded) < 180


def test_fieller_coverage():
    # Exactly 95 % for correlated normals: 1000 studies, hits ~ Binomial(1000, 0.95), sd 6.9. Bounds at
    # 4 sd (923, 977): false alarm 1e-4. The denominator's mean is 7.7 standard errors from zero: an
    # unbounded interval has probability 1e-7 a study.
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(1000):
        common = rng.normal(size=15)
        denominator = 2 + common
        numerator = 1 + 0.8 * common + rng.normal(size=15)
        low, high = fieller_ratio(numerator, denominator)["ci95"]
        hits += low <= 0.5 <= high
    assert 923 <= hits <= 977


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (1, 3), (34, 100), (999, 1000)])
def test_wilson_against_scipy(successes, n):
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx(tuple(expected), rel=1e-12, abs=1e-15)


def test_wilson_at_the_ends():
    assert wilson(0, 0) == (0.0, 1.0)
    for n in range(1, 200):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0
        assert 0.0 < wilson(0, n)[1] < 1.0


def test_wilson_coverage():
    # Summed over all outcomes instead of simulated: no false alarm is possible. The proportions avoid the
    # ends, where the coverage of any such interval jumps.
    n = 60
    limits = np.array([wilson(k, n) for k in range(n + 1)])
    truth = np.linspace(0.05, 0.95, 361)
    covered = (limits[:, :1] <= truth) & (truth <= limits[:, 1:])
    coverage = (stats.binom.pmf(np.arange(n + 1)[:, None], n, truth) * covered).sum(axis=0)
    assert coverage.mean() == pytest.approx(0.95, abs=0.005)
    assert coverage.min() > 0.91


def test_cvar_by_hand():
    values = np.array([30.0, -10.0, 20.0, 0.0, 10.0])
    assert cvar(values, 0.2) == -10
    assert cvar(values, 0.4) == -5
    # 0.3 of 5 values: the worst and half of the next.
    assert cvar(values, 0.3) == pytest.approx((-10 + 0.5 * 0) / 1.5)
    assert cvar(values, 0.5) == pytest.approx((-10 + 0 + 0.5 * 10) / 2.5)
    assert cvar(values, 1.0) == values.mean()
    assert cvar(values, 0.01) == -10
    with pytest.raises(ValueError, match="at least one"):
        cvar(np.array([]))


@pytest.mark.parametrize("n", [1, 13, 20, 101, 1000])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.37])
def test_cvar_is_the_optimum_of_rockafellar_and_uryasev(n, share):
    # max over c of c - E[(c - X)+] / share; it is concave and piecewise linear, so a value attains it.
    values = np.random.default_rng(n).normal(size=n)
    best = max(c - np.maximum(c - values, 0).mean() / share for c in values)
    assert cvar(values, share) == pytest.approx(best, rel=1e-10)


def test_cvar_of_a_normal():
    # -phi(z) / share = -2.0627 at 5 %. Standard error at n = 100 000 0.0078 (influence function: sd
    # of (z - X)+ / 0.05, computed here): bound at 4.5 standard errors, false alarm 7e-6.
    values = np.random.default_rng(8).normal(size=100_000)
    error = np.std(np.maximum(stats.norm.ppf(0.05) - values, 0)) / 0.05 / math.sqrt(100_000)
    assert cvar(values) == pytest.approx(-2.062713, abs=4.5 * error)


def test_ranks_against_scipy():
    rng = np.random.default_rng(8)
    for values in (
        rng.normal(size=50),
        rng.integers(0, 4, 50).astype(float),
        np.array([1.0, math.inf, math.inf]),
    ):
        np.testing.assert_array_equal(mean_ranks(values), stats.rankdata(values))


def test_spearman_against_scipy():
    rng = np.random.default_rng(9)
    inputs = rng.integers(0, 6, size=(40, 3)).astype(float)  # many ties
    outcome = inputs @ [1.0, -2.0, 0.0] + rng.normal(size=40)
    found = rank_correlations(inputs, outcome)
    for column, (rho, low, high) in zip(inputs.T, found, strict=True):
        assert rho == pytest.approx(stats.spearmanr(column, outcome).statistic, rel=1e-12)
        half = 1.959963985 * math.sqrt((1 + rho**2 / 2) / 37)
        assert (low, high) == pytest.approx(
            (math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half))
        )


def test_spearman_by_hand():
    # Ranks 1 2 3 4 5 against 2 1 4 3 5: sum of squared differences 4, rho = 1 - 6 * 4 / (5 * 24) = 0.8.
    inputs = np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0], [5.0, 7.0]])
    found = rank_correlations(inputs, np.array([20.0, 10.0, 40.0, 30.0, math.inf]))
    assert found[0, 0] == pytest.approx(0.8)
    assert np.isnan(found[1]).all()


def test_spearman_degenerate():
    inputs = np.arange(10.0).reshape(5, 2)
    np.testing.assert_allclose(rank_correlations(inputs, np.exp(inputs[:, 0])), np.ones((2, 3)), rtol=1e-12)
    np.testing.assert_allclose(rank_correlations(inputs, -inputs[:, 0]), -np.ones((2, 3)), rtol=1e-12)
    assert np.isnan(rank_correlations(inputs, np.full(5, 0.1))).all()
    found = rank_correlations(inputs[:3], np.arange(3.0))
    assert found.shape == (2, 3)
    assert np.isnan(found).all()


@pytest.mark.parametrize("pearson", [0.0, 0.5, 0.8])
def test_spearman_coverage(pearson):
    # Bivariate normal: the true rank correlation is 6 / pi asin(r / 2). The interval is approximate: it
    # covers 95.2 to 95.7 % here by 20 000 studies. 1000 studies: sd of the hits 6.8, bounds at least 3.9 sd
    # away, false alarm 1e-4 for each case.
    truth = 6 / math.pi * math.asin(pearson / 2)
    rng = np.random.default_rng(10)
    hits = 0
    for _ in range(1000):
        x = rng.normal(size=50)
        y = pearson * x + math.sqrt(1 - pearson**2) * rng.normal(size=50)
        _, low, high = rank_correlations(x[:, None], y)[0]
        hits += low <= truth <= high
    assert 925 <= hits <= 982


def test_histogram_quantile_by_hand():
    counts = np.array([0, 2, 0, 6, 0])
    edges = np.array([0.0, 1.0, 3.0, 10.0, 16.0, 20.0])
    assert histogram_quantile(counts, edges, 0.125) == 2  # 1 of 2 in [1, 3]
    assert histogram_quantile(counts, edges, 0.25) == 3  # the upper edge, not the end of the empty bin
    assert histogram_quantile(counts, edges, 0.5) == 12  # 2 of 6 in [10, 16]
    assert histogram_quantile(counts, edges, 1.0) == 16
    assert histogram_quantile(counts, edges, 1e-9) == pytest.approx(1.0)
    assert math.isnan(histogram_quantile(np.zeros(5, dtype=np.int64), edges, 0.5))


def test_histogram_quantile_beyond_the_last_edge():
    edges = np.array([0.0, 1.0, math.inf])
    assert histogram_quantile(np.array([9, 1]), edges, 0.9) == 1.0
    assert histogram_quantile(np.array([9, 1]), edges, 0.95) == math.inf


def test_histogram_quantile_is_within_a_bin_of_the_sample():
    values = np.random.default_rng(11).exponential(10.0, 5000)
    edges = np.concatenate([[0.0], np.geomspace(0.01, 1000, 120)])
    counts, _ = np.histogram(values, edges)
    for q in (0.01, 0.05, 0.5, 0.95, 0.999):
        exact = float(np.quantile(values, q, method="inverted_cdf"))
        i = np.searchsorted(edges, exact)
        low, high = edges[i - 1], edges[i]
        assert low <= histogram_quantile(counts, edges, q) <= high
