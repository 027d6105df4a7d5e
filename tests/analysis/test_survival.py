import math

import numpy as np
import pytest

from simgap.analysis.survival import kaplan_meier, restricted_mean, survival_quantile

# Weeks of remission under 6-MP, Freireich et al. (1963), Blood 21:699-716; minus: censored.
REMISSION = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
# Its placebo arm, in which all relapsed.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def curve(signed, seed=1):
    """Return the estimate from times, negative where censored, in random order."""
    signed = np.random.default_rng(seed).permutation(np.array(signed, float))
    return kaplan_meier(np.abs(signed), signed > 0)


def test_the_leukaemia_data():
    """The values of Kleinbaum & Klein (2012), *Survival Analysis*, ch. 2, and of R's package `survival`."""
    found = curve(REMISSION)
    assert found.n == 21
    assert found.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    np.testing.assert_allclose(found.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)
    np.testing.assert_allclose(
        found.error, [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], atol=5e-5
    )
    np.testing.assert_allclose(found.low[[0, -1]], [0.6197, 0.1881], atol=5e-5)
    np.testing.assert_allclose(found.high[[0, -1]], [0.9516, 0.6801], atol=5e-5)
    assert survival_quantile(found) == (23, 13, math.inf)
    # By hand: 6 + 0.857 x 1 + 0.807 x 3 + 0.753 x 3 + 0.690 x 3 + 0.627 x 6 + 0.538 x 1 + 0.448 x 12.
    assert restricted_mean(found, 35.0) == pytest.approx(23.287, abs=5e-3)


def test_without_censoring_it_is_the_empirical_distribution():
    found = curve(PLACEBO)
    times = np.array(PLACEBO, float)
    share = [(times > t).mean() for t in found.times]
    np.testing.assert_allclose(found.survival, share, atol=1e-14)
    # Greenwood's error is then the binomial one.
    np.testing.assert_allclose(
        found.error[:-1], np.sqrt(found.survival * (1.0 - found.survival) / 21)[:-1], rtol=1e-12
    )
    assert math.isnan(found.error[-1])
    assert (found.low[-1], found.high[-1]) == (0.0, found.high[-2])
    assert survival_quantile(found)[0] == np.median(times) == 8
    assert survival_quantile(found, 1.0)[0] == 23
    for horizon in (0.0, 0.5, 8.0, 30.0):
        assert restricted_mean(found, horizon) == pytest.approx(np.minimum(times, horizon).mean())


def test_a_share_that_is_reached_exactly_counts_in_spite_of_rounding():
    for n in (6, 10, 49, 98, 1000):
        found = kaplan_meier(np.arange(1.0, n + 1), np.ones(n, bool))
        for share in (0.1, 0.5, 0.9):
            assert survival_quantile(found, share)[0] == math.ceil(share * n - 1e-9)


def test_events_come_before_censorings_at_the_same_time():
    found = curve([2, -2, -2, 4])
    assert found.survival.tolist() == [0.75, 0.0]


def test_no_events():
    found = kaplan_meier(np.array([3.0, 5.0, math.inf]), np.zeros(3, bool))
    assert [len(a) for a in found[1:]] == [0] * 5
    assert survival_quantile(found) == (math.inf,) * 3
    assert restricted_mean(found, 4.0) == 4.0


def test_no_times():
    found = kaplan_meier(np.array([]), np.array([], bool))
    assert found.n == 0
    assert [len(a) for a in found[1:]] == [0] * 5
    assert all(math.isnan(x) for x in (*survival_quantile(found), restricted_mean(found, 4.0)))


def test_one_time_takes_all():
    found = kaplan_meier(np.full(4, 2.5), np.ones(4, bool))
    assert (found.times.tolist(), found.survival.tolist()) == ([2.5], [0.0])
    assert (found.low[0], found.high[0]) == (0.0, 1.0)
    assert survival_quantile(found)[0] == restricted_mean(found, 9.0) == 2.5


def test_at_time_zero():
    found = curve([-3, -3, -3, -3])
    assert found.n == 4
    found = kaplan_meier(np.array([0.0, 3.0]), np.array([True, False]))
    assert (found.times.tolist(), found.survival.tolist()) == ([0.0], [0.5])
    assert restricted_mean(found, 2.0) == 1.0


@pytest.mark.parametrize(
    ("times", "observed", "message"),
    [
        ([1.0, 2.0], [True], "2 times and 1 marks"),
        ([-1.0], [True], "negative"),
        ([math.nan], [False], "nan"),
        ([math.inf], [True], "infinite"),
    ],
)
def test_what_cannot_be(times, observed, message):
    with pytest.raises(ValueError, match=message):
        kaplan_meier(np.array(times), np.array(observed))


def test_coverage():
    """Exponential times, censored uniformly: about a third of them, 60 a study.

    The interval is approximate; it covers 95.1 % for both here by 20,000 studies. 1000 studies: sd of the
    hits 6.8, bounds at 4.1 sd or more, false alarm 4e-5 for the survival and for the median each.
    """
    rng = np.random.default_rng(3)
    survives = median = 0
    for _ in range(1000):
        event, end = rng.exponential(size=60), rng.uniform(0, 3, size=60)
        found = kaplan_meier(np.minimum(event, end), event <= end)
        i = np.searchsorted(found.times, 0.7, side="right") - 1
        survives += found.low[i] <= math.exp(-0.7) <= found.high[i]
        _, low, high = survival_quantile(found)
        median += low <= math.log(2) <= high
    assert 923 <= survives <= 980
    assert 923 <= median <= 980


def test_a_million_times():
    """The survival within 4.5 of its standard errors: false alarm 7e-6."""
    rng = np.random.default_rng(4)
    event, end = rng.exponential(size=1_000_000), np.full(1_000_000, 1.0)
    found = kaplan_meier(np.minimum(event, end), event <= end)
    assert len(found.times) == (event <= end).sum()
    assert found.survival[-1] == pytest.approx((event > 1).mean(), rel=1e-9)
    assert abs(found.survival[-1] - math.exp(-1)) < 4.5 * found.error[-1]
    assert survival_quantile(found)[0] == pytest.approx(np.median(np.minimum(event, end)), rel=1e-5)
