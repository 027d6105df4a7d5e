import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from simgap.economics.tails import class_means, severities, value_factors
from simgap.model import items, keys
from simgap.model.parameters import P
from simgap.sampling.philox import words

KEY = np.array([7, 3, 11, keys.PRODUCTION], np.int64)
N = 1_000_000
# Statistical tests below raise a false alarm once in a million seeds or less; the seed is fixed.
ALARM = 1e-6
Z = float(stats.norm.isf(ALARM / 2.0))


def law(mean, cv):
    """The lognormal distribution by its mean and coefficient of variation, as scipy writes it."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return stats.lognorm(s=sigma, scale=mean * math.exp(-0.5 * sigma * sigma))


def assert_normal_logs(amounts, mean, cv):
    """Logarithms are normal: mean within Z standard errors, spread by chi-square, shape by Kolmogorov."""
    sigma = math.sqrt(math.log1p(cv * cv))
    logs = (np.log(amounts / mean) + 0.5 * sigma * sigma) / sigma
    assert abs(logs.mean()) < Z / math.sqrt(len(logs))
    lower, upper = stats.chi2.interval(1.0 - ALARM, len(logs) - 1)
    assert lower < ((logs - logs.mean()) ** 2).sum() < upper
    assert stats.kstest(logs, "norm").pvalue > ALARM


@pytest.fixture(scope="module")
def many():
    """Factors of a million items, cv = 2."""
    return value_factors(KEY, np.arange(N), 2.0)


# --- values of items -----------------------------------------------------------------------------------


def test_factors_are_quantiles_of_the_third_word_of_the_arrival():
    entities = np.array([0, 1, 2, 99, 5 << keys.WORKFLOW_SHIFT | 99], np.int64)
    word = [words(7, 3, 11, 0, 1, int(e), 0, 0)[2] for e in entities]
    expected = law(1.0, 1.5).ppf([(int(w) + 0.5) / 2**32 for w in word])
    np.testing.assert_allclose(value_factors(KEY, entities, 1.5), expected, rtol=1e-12)


def test_factors_belong_to_the_item(many):
    chosen = np.random.default_rng(1).permutation(N)[:5000]
    assert (value_factors(KEY, chosen, 2.0) == many[chosen]).all()
    assert (value_factors(KEY, np.arange(10_000)[::-3], 2.0) == many[:10_000][::-3]).all()
    assert (value_factors(KEY, np.array([4, 4, 4]), 2.0) == many[4]).all()


def test_every_part_of_the_key_and_the_workflow_move_the_factors(many):
    entities = np.arange(100)
    for place in range(4):
        other = KEY.copy()
        other[place] += 1
        assert (value_factors(other, entities, 2.0) != many[:100]).all()
    assert (value_factors(KEY, entities + (1 << keys.WORKFLOW_SHIFT), 2.0) != many[:100]).all()


def test_factors_without_spread_and_without_items():
    assert (value_factors(KEY, np.arange(50), 0.0) == 1.0).all()
    assert value_factors(KEY, np.empty(0, np.int64), 2.0).shape == (0,)


def test_factors_have_mean_one_and_the_stated_cv():
    factors = value_factors(KEY, np.arange(200_000), 0.5)
    n = len(factors)
    assert abs(factors.mean() - 1.0) < Z * 0.5 / math.sqrt(n)
    # Var(s^2) = sigma^4 (excess kurtosis + 2) / n; the excess of a lognormal with cv 1/2 is 8.0, so s^2 is
    # close to normal here.
    excess = float(law(1.0, 0.5).stats(moments="k"))
    assert abs(factors.var() - 0.25) < Z * 0.25 * math.sqrt((excess + 2.0) / n)
    assert_normal_logs(factors, 1.0, 0.5)


def test_the_tail_of_a_million_items(many):
    theory = law(1.0, 2.0)
    # P(max <= x) = F(x)^n, so the tail probability of the maximum is 1 - p^(1/n) at its quantile p.
    lowest = theory.isf(-math.expm1(math.log(ALARM / 2.0) / N))
    highest = theory.isf(-math.expm1(math.log1p(-ALARM / 2.0) / N))
    assert lowest < many.max() < highest
    for share in (1e-2, 1e-3, 1e-4, 1e-5):
        beyond = int((many > theory.isf(share)).sum())
        assert stats.binomtest(beyond, N, share).pvalue > ALARM
    assert_normal_logs(many, 1.0, 2.0)


@pytest.mark.parametrize("cv", [0.3, 3.0])
def test_the_class_that_the_engine_sees_orders_the_factors(cv):
    quantiles = np.array([0.5, 0.9, 0.99])
    entities = np.arange(3000)
    p = np.zeros(len(P))
    classes = np.array(
        [
            items.stakes(keys.item_words(KEY, keys.ITEM, int(e), keys.ARRIVAL), p, quantiles)[0]
            for e in entities
        ]
    )
    factors = value_factors(KEY, entities, cv)
    assert set(classes) == {0, 1, 2, 3}
    for k in range(3):
        cut = law(1.0, cv).ppf(quantiles[k])
        assert factors[classes <= k].max() < cut <= factors[classes > k].min()


# --- mean values of the classes ------------------------------------------------------------------------

CUTS = [[], [0.5], [0.5, 0.9], [0.001, 0.3, 0.999], [0.1, 0.2, 0.4, 0.7, 0.99]]


@pytest.mark.parametrize("cv", [0.05, 0.5, 1.5, 4.0])
@pytest.mark.parametrize("quantiles", CUTS)
def test_class_means_against_integrals_of_the_density(quantiles, cv):
    sigma = math.sqrt(math.log1p(cv * cv))
    value = law(1.0, cv)
    cuts = [0.0, *value.ppf(quantiles), value.isf(1e-30)]  # beyond lies less than 1e-16 of the value
    log_cuts = [math.log(x) if x else math.log(value.ppf(1e-30)) for x in cuts]
    expected = []
    for low, high in itertools.pairwise(log_cuts):
        # x = exp(y), so that the integrands are smooth; pieces of half a sigma, so that no peak is missed.
        pieces = np.linspace(low, high, max(2, math.ceil((high - low) / (0.5 * sigma)) + 1))
        total, share = (
            sum(
                integrate.quad(lambda y, k=k: math.exp(k * y) * value.pdf(math.exp(y)), a, b, epsabs=0.0)[0]
                for a, b in itertools.pairwise(pieces)
            )
            for k in (2, 1)
        )
        expected.append(total / share)
    np.testing.assert_allclose(class_means(np.array(quantiles), cv), expected, rtol=1e-9)


@pytest.mark.parametrize("cv", [0.0, 0.3, 2.0, 20.0])
@pytest.mark.parametrize("quantiles", CUTS)
def test_class_means_weighted_by_widths_are_one_and_rise(quantiles, cv):
    means = class_means(np.array(quantiles), cv)
    assert means.shape == (len(quantiles) + 1,)
    assert means @ np.diff([0.0, *quantiles, 1.0]) == pytest.approx(1.0, rel=1e-13)
    if cv:
        assert (np.diff(means) > 0.0).all()
    else:
        np.testing.assert_allclose(means, 1.0, rtol=1e-12)


def test_the_halves_of_the_lognormal_by_hand():
    # Standard deviation 1 of the logarithm, cut at the median: twice Phi(-1) and twice Phi(1).
    means = class_means(np.array([0.5]), math.sqrt(math.e - 1.0))
    np.testing.assert_allclose(means, [0.31731050786291415, 1.6826894921370859], rtol=1e-14)


def test_one_class_holds_the_mean():
    assert class_means(np.array([]), 3.0).tolist() == [1.0]


def test_class_means_are_those_of_the_factors_that_are_drawn():
    # Standard errors from each class's own spread. The smallest class has 2000 items and a long right tail,
    # so Z is widened by half; below 1e-6 for the four classes together.
    quantiles = np.array([0.5, 0.9, 0.99])
    factors = value_factors(KEY, np.arange(200_000), 0.5)
    classes = np.searchsorted(law(1.0, 0.5).ppf(quantiles), factors, side="right")
    for k, expected in enumerate(class_means(quantiles, 0.5)):
        own = factors[classes == k]
        assert abs(own.mean() - expected) < 1.5 * Z * own.std() / math.sqrt(len(own))


# --- incidents -----------------------------------------------------------------------------------------


def test_severities_of_a_few_incidents_by_their_words():
    incidents = np.array([12, 3, 40_000, 2 << keys.WORKFLOW_SHIFT | 3], np.int64)
    uniforms = []
    for e in incidents:
        high, low, _, _ = (int(w) for w in words(7, 3, 11, 0, 3, int(e), 7, 0))
        uniforms.append(((high << 20) + (low >> 12) + 0.5) / 2**52)
    expected = law(25_000.0, 3.0).ppf(uniforms)
    np.testing.assert_allclose(severities(KEY, incidents, 25_000.0, 3.0), expected, rtol=1e-11)


def test_severities_belong_to_the_incident():
    incidents = np.random.default_rng(2).permutation(50_000)[:2000]
    amounts = severities(KEY, incidents, 100.0, 3.0)
    order = np.argsort(incidents)
    assert (severities(KEY, incidents[order], 100.0, 3.0) == amounts[order]).all()
    assert (severities(KEY, incidents[::7], 100.0, 3.0) == amounts[::7]).all()
    for place in range(4):
        other = KEY.copy()
        other[place] += 1
        assert (severities(other, incidents, 100.0, 3.0) != amounts).all()


def test_severities_follow_the_stated_law():
    n = 200_000
    amounts = severities(KEY, np.arange(n), 40_000.0, 3.0)
    # Skewness 36 at cv 3: the standard error is that of the mean, and Z is doubled for the long right tail.
    assert abs(amounts.mean() / 40_000.0 - 1.0) < 2.0 * Z * 3.0 / math.sqrt(n)
    assert_normal_logs(amounts, 40_000.0, 3.0)
    beyond = int((amounts > law(40_000.0, 3.0).ppf(0.999)).sum())
    assert stats.binomtest(beyond, n, 0.001).pvalue > ALARM


def test_severities_scale_with_the_mean_and_are_the_mean_without_spread():
    incidents = np.arange(500)
    once, twice = (severities(KEY, incidents, mean, 2.0) for mean in (300.0, 600.0))
    np.testing.assert_allclose(twice, 2.0 * once, rtol=1e-14)
    assert (severities(KEY, incidents, 300.0, 0.0) == 300.0).all()
    assert severities(KEY, np.empty(0, np.int64), 300.0, 2.0).shape == (0,)


def test_no_two_incidents_share_an_amount():
    # 20,000 draws of 52 bits collide with probability 20,000^2 / 2^53 = 4.4e-8.
    incidents = np.concatenate([np.arange(10_000), np.arange(10_000) + (1 << keys.WORKFLOW_SHIFT)])
    assert len(np.unique(severities(KEY, incidents, 1.0, 3.0))) == len(incidents)


def test_the_value_of_an_item_does_not_tell_the_severity_of_its_incident():
    n = 100_000
    entities = np.arange(n)
    value, severity = value_factors(KEY, entities, 1.0), severities(KEY, entities, 1.0, 1.0)
    # The correlation of independent normal scores has a standard error of 1 / sqrt(n).
    correlation = np.corrcoef(np.log(value), np.log(severity))[0, 1]
    assert abs(correlation) < Z / math.sqrt(n)
