"""Truncated, discrete and empirical draws: against scipy, in both tails, and by recovery from draws."""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.sampling.quantiles import ABOVE, FAMILIES, quantile
from simgap.sampling.unknowns import correlate_uniforms, draw_unknowns, unknown_uniforms
from simgap.scenario.tails import support, tails

P = np.array([1e-12, 1e-6, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1 - 1e-6, 1 - 1e-12])
NORMAL = {"family": "normal", "mean": 6.0, "sd": 2.0}
PARENTS = {
    "normal": (NORMAL, stats.norm(6, 2)),
    "lognormal": (
        {"family": "lognormal", "mean": 120.0, "cv": 0.7},
        stats.lognorm(math.sqrt(math.log(1.49)), scale=120 / math.sqrt(1.49)),
    ),
    "beta": ({"family": "beta", "mean": 0.2, "sd": 0.1}, stats.beta(3, 12)),
    "pert": (
        {"family": "pert", "low": 2.0, "mode": 3.0, "high": 9.0},
        stats.beta(1 + 4 / 7, 1 + 4 * 6 / 7, loc=2, scale=7),
    ),
    "triangular": (
        {"family": "triangular", "low": 2.0, "mode": 3.0, "high": 9.0},
        stats.triang(1 / 7, loc=2, scale=7),
    ),
    "uniform": ({"family": "uniform", "low": -1.0, "high": 4.0}, stats.uniform(-1, 5)),
}
# Shares of the parent below the lower limit and above the upper one; the last two keep one in 1e5 of a tail.
CUTS = [(0.1, 0.2), (None, 0.3), (0.4, None), (0.6, 0.1), (0.01, 0.9), (None, 1 - 1e-5), (1 - 1e-5, None)]


def cut(parent, below, above):
    d, reference = parent
    low = None if below is None else float(reference.isf(1 - below) if below > 0.5 else reference.ppf(below))
    high = None if above is None else float(reference.ppf(1 - above) if above > 0.5 else reference.isf(above))
    return {"family": "truncated", "of": d, "low": low, "high": high}


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("limits", CUTS, ids=str)
def test_truncated_ranks_are_those_of_the_parent(name, limits):
    d = cut(PARENTS[name], *limits)
    reference = PARENTS[name][1]
    low, high = d["low"], d["high"]
    x = quantile(d, P)
    assert np.all(np.diff(x) >= 0)
    assert low is None or x[0] >= low
    assert high is None or x[-1] <= high
    # The share of what is kept that lies below, from whichever of scipy's tails keeps its digits.
    start, end = (reference.support()[i] if e is None else e for i, e in ((0, low), (1, high)))
    if limits[0] is not None and limits[0] > 0.5:
        kept = reference.sf(start) - reference.sf(end)
        rank, rest = (
            (reference.sf(start) - reference.sf(x)) / kept,
            (reference.sf(x) - reference.sf(end)) / kept,
        )
    else:
        kept = reference.cdf(end) - reference.cdf(start)
        rank, rest = (
            (reference.cdf(x) - reference.cdf(start)) / kept,
            (reference.cdf(end) - reference.cdf(x)) / kept,
        )
    # 1e-9 absolute: differences of scipy's own distribution functions lose digits where 1e-5 is kept.
    np.testing.assert_allclose(rank, P, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(rest, 1 - P, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("low", "high"), [(-3.0, 1.0), (3.5, 5.0), (-9.0, -4.0), (0.5, 40.0)])
def test_truncated_normal_is_scipys(low, high):
    d = {"family": "truncated", "of": {"family": "normal", "mean": 0.0, "sd": 1.0}, "low": low, "high": high}
    np.testing.assert_allclose(quantile(d, P), stats.truncnorm(low, high).ppf(P), rtol=1e-9)


def test_the_upper_tail_mirrors_the_lower_one():
    parent = {"family": "normal", "mean": 0.0, "sd": 1.0}
    upper = {"family": "truncated", "of": parent, "low": 4.0, "high": None}
    lower = {"family": "truncated", "of": parent, "low": None, "high": -4.0}
    p = np.arange(1, 64) / 64  # exact, as 1 - p is
    np.testing.assert_allclose(quantile(upper, p), -quantile(lower, 1 - p), rtol=1e-13)


@pytest.mark.parametrize("name", ABOVE)
def test_tails_and_the_value_exceeded_are_inverse(name):
    d, reference = PARENTS[name]
    q = np.array([1e-200, 1e-30, 1e-9, 1e-3, 0.2, 0.5, 0.8, 0.999])
    x = ABOVE[name](d, q)
    np.testing.assert_allclose(x, reference.isf(q), rtol=1e-12, atol=1e-14)
    inner = x[q > 1e-10]  # 1e-6: scipy's triangular loses digits at its ends
    np.testing.assert_allclose([tails(d, float(v))[1] for v in inner], reference.sf(inner), rtol=1e-6)
    np.testing.assert_allclose([tails(d, float(v))[0] for v in inner], reference.cdf(inner), rtol=1e-6)
    low, high = support(d)
    assert (low, high) == tuple(reference.support())
    assert tails(d, low) == (0.0, 1.0)
    assert tails(d, high) == (1.0, 0.0)


def test_every_family_that_may_be_cut_has_both_quantiles():
    from simgap.scenario import families

    assert set(ABOVE) == set(families.FAMILIES) <= set(FAMILIES)


DISCRETE = {"family": "discrete", "values": [1.0, 2.0, 5.0], "probabilities": [0.2, 0.5, 0.3]}


def test_discrete_has_its_probabilities():
    p = np.concatenate([P, [0.2, 0.7, np.nextafter(0.2, 1), np.nextafter(0.7, 1)]])
    reference = stats.rv_discrete(values=([0, 1, 2], DISCRETE["probabilities"]))
    np.testing.assert_array_equal(quantile(DISCRETE, p), np.array([1, 2, 5])[reference.ppf(p).astype(int)])
    tenths = {"family": "discrete", "values": list(range(10)), "probabilities": [0.1] * 10}
    assert quantile(tenths, np.array([1 - 2**-53])).tolist() == [9]  # tenths sum to less than 1


def test_empirical_is_the_inverted_distribution_of_the_sample():
    values = sorted(np.random.default_rng(3).normal(size=37).round(1).tolist())
    d = {"family": "empirical", "values": values}
    p = np.concatenate([P, np.arange(1, 37) / 37.3])
    np.testing.assert_array_equal(quantile(d, p), np.quantile(values, p, method="inverted_cdf"))
    even = quantile(d, (np.arange(37) + 0.5) / 37)
    np.testing.assert_array_equal(even, values)  # so the mean is that of the sample


def drawn(distribution, n=40_000):
    return draw_unknowns([{"name": "x", "distribution": distribution}], [], 5, np.arange(n))[:, 0]


def test_parameters_are_recovered_from_draws():
    # Seed fixed; each bound is five standard errors, which a right program misses once in 1.7 million.
    cut_normal = {"family": "truncated", "of": NORMAL, "low": 5.0, "high": 10.0}
    x, reference = drawn(cut_normal), stats.truncnorm(-0.5, 2, loc=6, scale=2)
    assert abs(x.mean() - reference.mean()) < 5 * reference.std() / 200
    assert x.std() == pytest.approx(reference.std(), rel=5 * 0.5 / 200)
    x = drawn(DISCRETE)
    for value, share in zip(DISCRETE["values"], DISCRETE["probabilities"], strict=True):
        assert abs(np.mean(x == value) - share) < 5 * math.sqrt(share * (1 - share)) / 200
    sample = {"family": "empirical", "values": [1.0] * 9 + [2.0]}
    assert abs(np.mean(drawn(sample) == 2.0) - 0.1) < 5 * 0.3 / 200


def test_a_correlation_binds_the_uniforms_behind_equal_values():
    u = unknown_uniforms(["a", "b"], 7, np.arange(20_000))
    bound = correlate_uniforms(u, ["a", "b"], [("a", "b", 0.8)])
    assert stats.spearmanr(*bound.T).statistic == pytest.approx(0.8, abs=0.01)
    coin = {"family": "discrete", "values": [0.0, 1.0], "probabilities": [0.5, 0.5]}
    x = quantile(coin, bound[:, 0])
    # Spearman's of a fair coin: 2 sqrt(3) (E(v | heads) - 1/2), and E(v | heads) = P(W < Z2 | Z1 > 0) for an
    # independent normal W, which Sheppard's formula gives: 1/2 + asin(r / sqrt 2) / pi.
    r = 2 * math.sin(math.pi * 0.8 / 6)
    weaker = 2 * math.sqrt(3) * math.asin(r / math.sqrt(2)) / math.pi
    assert weaker == pytest.approx(0.676, abs=5e-4)  # as the page on the format says
    assert stats.spearmanr(x, bound[:, 1]).statistic == pytest.approx(weaker, abs=0.015)
    whole = correlate_uniforms(u, ["a", "b"], [("a", "b", 1.0)])
    np.testing.assert_array_equal(quantile(coin, whole[:, 0]), quantile(coin, whole[:, 1]))
