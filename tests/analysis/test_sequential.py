"""Stopping on looking: intervals against independent formulas, the rule, and coverage.

Each check of coverage fails by chance with a probability below 1e-4: the bound is the quantile of the
binomial distribution at 95 %.
"""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis import sequential as s
from simgap.defaults import PRECISION_OF

MEAN, SHARE = s.Metric("", "", "mean"), s.Metric("", "", "probability")


def quantile(q):
    return s.Metric("", "", "quantile", q)


def study(metric, target, most, draw):
    looks, values, n, alpha = [], np.empty(0), s.FIRST, s.spending(0)
    while True:
        values = np.concatenate([values, draw(n - len(values))])
        looks.append(s.looked(metric, values, target, looks, alpha))
        if looks[-1].reached or n >= most:
            return looks
        n, alpha = s.ahead(metric, values, target, looks, most)


def test_what_is_spent_sums_to_five_per_cent():
    assert sum(map(s.spending, range(100))) == pytest.approx(0.05)
    assert all(s.spending(k) > 0.0 for k in range(100))


def test_the_interval_of_a_mean_is_students_where_nothing_is_skewed():
    values = np.concatenate([np.arange(50.0), -np.arange(50.0)])
    low, high = stats.t.interval(0.96, 99, values.mean(), stats.sem(values))
    assert s.mean(values, 0.04) == pytest.approx((0.0, low, high))


def test_the_interval_of_a_skewed_mean_solves_halls_equation():
    values = np.random.default_rng(1).exponential(size=60)
    n, (estimate, low, high) = len(values), s.mean(values, 0.05)
    skew, error = stats.skew(values), stats.sem(values)
    for end, tail in ((low, 0.975), (high, 0.025)):
        t = (estimate - end) / error
        moved = t + skew * t**2 / (3 * n**0.5) + skew**2 * t**3 / (27 * n) + skew / (6 * n**0.5)
        assert moved == pytest.approx(stats.t.ppf(tail, n - 1))


@pytest.mark.parametrize(("events", "n"), [(0, 100), (1, 30), (40, 90), (50, 50)])
def test_the_interval_of_a_share_is_clopper_and_pearsons(events, n):
    exact = stats.binomtest(events, n).proportion_ci(0.96, "exact")
    assert s.probability(np.arange(n) < events, 0.04) == pytest.approx((events / n, exact.low, exact.high))


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("n", [20, 111, 1000])
def test_the_ranks_of_a_quantile_are_the_innermost_that_hold(q, n):
    low, high = s._ranks(n, q, 0.04)
    below = stats.binom(n, q)
    for held, rank in ((True, low), (False, low + 1)):
        assert (below.cdf(rank - 1) <= 0.02) == held  # fewer than `rank` values lie below the quantile
    for held, rank in ((True, high), (False, high - 1)):
        assert (below.sf(rank - 1) <= 0.02) == held


def test_too_few_values_leave_an_end_open():
    _, low, high = s.quantile(0.05, np.arange(50.0), 0.005)
    assert (low, math.isfinite(high)) == (-math.inf, True)
    look = s.looked(quantile(0.05), np.arange(50.0), s.Target(1e9), [], 0.005)
    assert not look.reached
    assert s.ahead(quantile(0.05), np.arange(50.0), s.Target(1e9), [look], 10**5)[0] == 500
    assert s.mean(np.array([3.0]), 0.05) == (3.0, -math.inf, math.inf)


def test_equal_values_are_known_at_once_and_rare_events_are_not():
    looks = study(MEAN, s.Target(1.0), 10**5, lambda k: np.full(k, 7.0))
    assert [(x.n, x.low, x.high, x.reached) for x in looks] == [(100, 7.0, 7.0, True)]
    looks = study(SHARE, s.Target(0.01), 10**5, lambda k: np.zeros(k))
    assert looks[-1].reached
    assert 0.001 < looks[-1].high <= 0.01  # of an event that was never seen


def test_a_mean_waits_until_skewness_allows_it():
    values = np.zeros(100)
    values[0] = 1.0  # squared skewness about 96
    assert not s.looked(MEAN, values, s.Target(10.0), [], 0.005).reached
    more = np.zeros(2600)
    more[::100] = 1.0
    assert s.looked(MEAN, more, s.Target(10.0), [], 0.005).reached


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        (SHARE, np.ones(100)),
        (MEAN, np.random.default_rng(7).lognormal(size=400)),
        (quantile(0.95), np.random.default_rng(7).lognormal(size=400)),
    ],
)
def test_the_farther_end_of_a_lopsided_interval_counts(metric, values):
    look = s.looked(metric, values, s.Target(1.0), [], 0.04)
    ends = (look.high - look.estimate, look.estimate - look.low)
    assert look.half_width == max(ends) > 1.05 * (look.high - look.low) / 2.0
    assert not s.looked(metric, values, s.Target(0.999 * look.half_width), [], 0.04).reached
    assert s.looked(metric, values, s.Target(look.half_width), [], 0.04).reached
    # The prediction is of the same: as many trials as there are.
    predicted, _ = s.needed(metric, values, s.Target(look.half_width), 0.04)
    assert predicted == pytest.approx(max(len(values), s._fewest(metric, values)))


def test_a_prediction_too_large_for_a_number_is_infinite():
    values = np.random.default_rng(8).normal(size=100)
    for metric in (MEAN, quantile(0.5)):
        for size in (1e-300, 5e-324):
            assert s.needed(metric, values, s.Target(size), 0.04)[0] == math.inf
            assert s.ahead(metric, values, s.Target(size), [], 10**5)[0] == 1000


def test_a_share_of_the_estimate():
    values = np.random.default_rng(3).normal(10.0, 1.0, 400)
    half = s.looked(MEAN, values, s.Target(1.0), [], 0.04).half_width
    assert s.looked(MEAN, values, s.Target(1.01 * half / values.mean(), True), [], 0.04).reached
    assert not s.looked(MEAN, values, s.Target(0.99 * half / values.mean(), True), [], 0.04).reached
    # Of nothing, no number of trials is enough.
    even = np.tile([1.0, -1.0], 50)
    assert s.needed(MEAN, even, s.Target(0.05, True), 0.04)[0] == math.inf


def test_what_is_predicted_is_what_is_needed():
    random = np.random.default_rng(4)
    for metric, draw in (
        (MEAN, random.normal),
        (quantile(0.5), random.normal),
        (SHARE, lambda size: (random.random(size) < 0.3) * 1.0),
    ):
        values = draw(size=4000)
        half = s.farther(*s.interval(metric, values, 0.04))
        predicted, error = s.needed(metric, values[:1000], s.Target(half), 0.04)
        assert abs(predicted / 4000 - 1.0) < 4.0 * error + 0.03


def test_looks_grow_and_never_pass_the_cap():
    for size in (0.3, 0.05, 0.01):
        random = np.random.default_rng(5)
        looks = study(MEAN, s.Target(size), 5000, lambda k, r=random: r.normal(size=k))
        n = np.array([x.n for x in looks])
        assert (n[1:-1] >= 1.1 * n[:-2]).all()  # the last may be at the cap
        assert n[-1] <= 5000
        assert looks[-1].reached == (size > 0.02)
        # One plans without spending, and does not stop there.
        assert all(x.alpha or not x.reached for x in looks)
        spent = [x.alpha for x in looks if x.alpha]
        assert spent == [s.spending(k) for k in range(len(spent))]


LAWS = {
    "normal": (MEAN, 0.15, 0.0, lambda r: r.normal),
    "exponential": (MEAN, 0.15, 1.0, lambda r: r.exponential),
    "lognormal": (MEAN, 0.25, math.exp(0.5), lambda r: r.lognormal),
    "share": (SHARE, 0.04, 0.2, lambda r: lambda size: (r.random(size) < 0.2) * 1.0),
    "rare": (SHARE, 0.03, 0.02, lambda r: lambda size: (r.random(size) < 0.02) * 1.0),
    "median": (quantile(0.5), 0.2, 0.0, lambda r: r.normal),
    "P95": (quantile(0.95), 0.35, stats.norm.ppf(0.95), lambda r: r.normal),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_interval_holds_although_one_stops_on_looking(law):
    metric, size, truth, draw = LAWS[law]
    held, studies = 0, 400
    for k in range(studies):
        random = draw(np.random.default_rng([k, 11]))
        last = study(metric, s.Target(size), 10**5, lambda n, d=random: d(size=n))[-1]
        assert last.half_width <= size
        held += last.low <= truth <= last.high
    assert held >= stats.binom.ppf(1e-4, studies, 0.95)


def test_looking_all_the_time_fails_and_the_looks_of_the_rule_do_not():
    """Who stops when a plain 95 % interval excludes the truth does so in far more than 5 % of studies."""
    peeked, held, studies, n = 0, 0, 400, np.arange(20, 1001, 10)
    for k in range(studies):
        values = np.random.default_rng([k, 12]).normal(size=1000)
        means = np.cumsum(values)[n - 1] / n
        peeked += (np.abs(means) > 1.96 / np.sqrt(n)).any()
        parts = iter(values)
        looks = study(MEAN, s.Target(1e-9), 1000, lambda m, p=parts: np.array([next(p) for _ in range(m)]))
        held += all(x.low <= 0.0 <= x.high for x in looks if x.alpha)
    assert peeked > stats.binom.ppf(1.0 - 1e-4, studies, 0.2)
    assert held >= stats.binom.ppf(1e-4, studies, 0.95)


def test_the_names_of_the_option_are_those_of_the_outcomes():
    assert tuple(s.METRICS) == PRECISION_OF


def test_the_running_interval_is_the_plain_one():
    values = np.random.default_rng(6).normal(size=500)
    rows = s.running(MEAN, values)
    assert rows[-1] == pytest.approx((500, *s.mean(values, 0.05)))
    assert (np.diff(rows[:, 0]) > 0).all()
