"""Local linear regression against plain loops, straight lines and known curves."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from simgap.analysis.regression import ENOUGH, ON_EACH_SIDE, SPANS, local_linear, smoother


def neighbours(n, span):
    return min(n, max(math.ceil(span * n), 40))


def line_at(x, y, point, reach):
    """Return the value of a weighted line at a point, what each y adds to it, and the weights."""
    u = np.abs(x - point) / reach
    weight = np.where(u < 1.0, (1.0 - u**3) ** 3, 0.0)
    design = np.stack([np.ones_like(x), x - point], axis=1) * np.sqrt(weight)[:, None]
    effect = np.linalg.pinv(design, rcond=1e-10)[0] * np.sqrt(weight)
    return effect @ y, effect, weight


def reach_of(x, point, span):
    return np.sort(np.abs(x - point))[neighbours(len(x), span) - 1] * max(1.0, span)


def by_loops(x, y, at, spans):
    """Return the fit, each observation left out in earnest, and Hall's limits found by their equation."""
    best = None
    for span in spans:
        residuals = np.empty(len(x))
        for i in range(len(x)):
            others = np.arange(len(x)) != i
            fit, _, _ = line_at(x[others], y[others], x[i], reach_of(x, x[i], span))
            residuals[i] = y[i] - fit
        ranks = np.argsort(np.argsort(x))
        ends = int(0.01 * len(x))
        score = np.mean(residuals[(ranks >= ends) & (ranks < len(x) - ends)] ** 2)
        if best is None or score < best[0]:
            best = score, span, residuals
    _, span, residuals = best
    rows = []
    for point in at:
        value, effect, weight = line_at(x, y, point, reach_of(x, point, span))
        error = math.sqrt(sum((effect * residuals) ** 2))
        skew = sum((effect * residuals) ** 3) / error**3
        degrees = max(1.0, sum(effect**2) ** 2 / sum(effect**4) - 2.0)
        t = stats.t.ppf(0.975, degrees)

        def hall(z, skew=skew):
            def gap(s):
                return s + skew * s**2 / 3 + skew**2 * s**3 / 27 + skew / 6 - z

            return optimize.brentq(gap, -1e4, 1e4, xtol=1e-13)

        low, high = value - max(t, hall(t)) * error, value - min(-t, hall(-t)) * error
        left, right = (np.sum((weight > 0.0) & side) for side in (x <= point, x >= point))
        enough = 1.0 / sum(effect**2) >= 20.0 and min(left, right) >= 5
        rows.append((value, low, high, enough))
    return span, np.array(rows)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("width", [None, 0.45, 1.0, 2.0])
def test_against_plain_loops(seed, width):
    rng = np.random.default_rng(seed)
    x = np.round(rng.standard_t(4, 110), 2)  # with ties, and far outliers
    y = 3.0 * np.sin(x) - rng.exponential(size=110) * (1.0 + np.abs(x))
    at = np.linspace(x.min(), x.max(), 25)
    span, rows = by_loops(x, y, at, SPANS if width is None else [width])
    found = local_linear(x, y, at, width)
    assert found.span == span
    np.testing.assert_array_equal(found.enough, rows[:, 3] == 1.0)
    assert 5 < found.enough.sum() < 25
    for values, expected in zip(found[:3], rows.T, strict=False):
        np.testing.assert_allclose(values[found.enough], expected[found.enough], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("n", [40, 128, 129, 3000])
@pytest.mark.parametrize("width", [None, 0.2, 3.0])
def test_straight_lines_are_found_exactly(n, width):
    x = np.random.default_rng(n).lognormal(size=n) * 1e6
    at = np.linspace(x.min(), x.max(), 50)
    found = local_linear(x, 7e5 - 0.3 * x, at, width)
    for values in found[:3]:
        np.testing.assert_allclose(values, 7e5 - 0.3 * at, rtol=1e-6, atol=10.0)


def test_between_knots_the_band_is_that_of_each_observation_left_out():
    rng = np.random.default_rng(4)
    x = np.sort(rng.normal(size=1500))
    y = np.sin(2 * x) + (0.3 + np.abs(x)) * rng.normal(size=1500)
    at = np.linspace(-2, 2, 9)
    every = smoother(x, x, 0.2)
    exact = (y - (every.effect * every.near(y)).sum(axis=1)) / (1.0 - every.own)
    window = smoother(x, at, 0.2)
    error = np.sqrt((window.effect**2 * window.near(exact) ** 2).sum(axis=1))
    found = local_linear(x, y, at, 0.2)
    half = (found.high - found.low) / 2.0 / error
    # Student's quantile with 150 to 300 degrees of freedom, a little wider where Hall's limit is.
    assert (half > 1.965).all()
    assert (half < 2.1).all()
    np.testing.assert_allclose(found.value, (window.effect * window.near(y)).sum(axis=1), rtol=1e-12)


def test_effects_sum_to_one_and_know_their_own():
    x = np.sort(np.random.default_rng(5).normal(size=300))
    found = smoother(x, x, 0.3)
    np.testing.assert_allclose(found.effect.sum(axis=1), 1.0, rtol=1e-12)
    own = found.effect[np.arange(300), np.arange(300) - found.first]
    np.testing.assert_allclose(found.own, own, rtol=1e-12)


@pytest.mark.parametrize(("shift", "scale"), [(5.0, 3.0), (-2e6, 1e6), (0.0, -2.0)])
def test_units_and_origins_do_not_matter(shift, scale):
    rng = np.random.default_rng(6)
    x, at = rng.normal(size=400), np.linspace(-2, 2, 15)
    y = np.cos(2 * x) - rng.exponential(size=400)
    plain = local_linear(x, y, at)
    moved = local_linear(shift + scale * x, y, shift + scale * at)
    turned = local_linear(x, shift + scale * y, at)
    assert moved.span == turned.span == plain.span
    np.testing.assert_array_equal(moved.enough, plain.enough)
    low, high = (plain.low, plain.high) if scale > 0 else (plain.high, plain.low)
    for values, expected in zip(moved, plain[:3], strict=False):
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)
    for values, expected in zip(turned, (plain.value, low, high), strict=False):
        np.testing.assert_allclose(values, shift + scale * expected, rtol=1e-6, atol=1e-6 * abs(scale))


def test_the_order_of_the_observations_does_not_matter():
    rng = np.random.default_rng(7)
    x, y, at = rng.normal(size=200), rng.normal(size=200), np.linspace(-1, 1, 5)
    order = rng.permutation(200)
    for a, b in zip(local_linear(x, y, at), local_linear(x[order], y[order], at), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def covered(truth, noise, n, repetitions, width=None):
    """Return the share of bands that hold the true curve where there is enough data, by point."""
    at = np.array([-1.0, -0.7, 0.0, 0.7, 1.0])
    held, enough = np.zeros(5), np.zeros(5)
    for seed in range(repetitions):
        rng = np.random.default_rng([n, seed])
        x = rng.normal(size=n)
        found = local_linear(x, truth(x) + noise(rng, x), at, width)
        enough += found.enough
        held += found.enough & (found.low <= truth(at)) & (truth(at) <= found.high)
    assert enough.min() > 0.98 * repetitions
    return held / enough


def uneven(rng, x):
    return (0.2 + 0.5 * np.abs(x)) * rng.normal(size=len(x))


def incidents(rng, x):
    """Losses of 10 that befall 1 in 20, and little else: very skewed."""
    return 0.5 - 10.0 * (rng.random(len(x)) < 0.05) + 0.3 * rng.normal(size=len(x))


def test_coverage_on_a_curve_with_uneven_noise():
    # In narrow windows the bias is small: the mean over the points is 95.4 % by 4,000 repetitions, with a sd
    # of 9.3 points for one repetition, and each point has 95.0 % or more. 400 repetitions: bounds 4 sd away
    # for the mean, 4.5 sd for each of 5 points; false alarm 8e-5.
    held = covered(lambda x: np.sin(2 * x), uneven, 1000, 400, 0.1)
    assert 0.935 < held.mean() < 0.973
    assert held.min() > 0.9


def test_coverage_with_the_span_chosen_from_the_data():
    # 90.4 % by 2,000 repetitions, sd of one 14.8 points: the bias and the choice cost five. 200 repetitions:
    # the bounds are 4.2 sd away, false alarm 3e-5.
    assert 0.86 < covered(lambda x: np.sin(2 * x), uneven, 400, 200).mean() < 0.948


def test_coverage_with_skewed_noise():
    # 96.2 % by 2,000 repetitions, sd of one 11.5 points; 300 repetitions: bounds 4.1 sd away, false alarm
    # 4e-5.
    assert 0.935 < covered(lambda x: x, incidents, 300, 300).mean() < 0.989


def test_enough_means_data_on_both_sides():
    x = np.arange(1000.0)
    found = local_linear(x, x, np.array([-0.1, 0.0, 3.0, 4.0, 995.0, 996.0, 999.0, 999.1]), 0.3)
    assert found.enough.tolist() == [False, False, False, True, True, False, False, False]
    assert np.isnan(found.value).tolist() == [True, False, False, False, False, False, False, True]
    assert np.isnan(found.low).tolist() == np.isnan(found.high).tolist() == np.isnan(found.value).tolist()
    assert ON_EACH_SIDE == 5


def test_enough_means_as_precise_as_a_mean_of_20():
    assert ENOUGH == 20.0
    for n in (24, 27, 28, 29, 33, 60):
        x = np.arange(float(n))
        at = np.array([(n - 1) / 2.0])
        _, effect, _ = line_at(x, x, at[0], reach_of(x, at[0], 1.0))
        assert local_linear(x, x, at, 1.0).enough[0] == (1.0 / sum(effect**2) >= 20.0)
    assert not local_linear(x[:27], x[:27], np.array([13.0]), 1.0).enough[0]
    assert local_linear(x[:35], x[:35], np.array([17.0]), 1.0).enough[0]
    assert not local_linear(np.arange(19.0), np.arange(19.0), np.array([9.0]), 50.0).enough[0]
    assert local_linear(np.arange(21.0), np.arange(21.0), np.array([10.0]), 50.0).enough[0]


def test_nothing_is_read_within_a_gap_from_one_side():
    x = np.concatenate([np.linspace(0, 1, 300), np.linspace(9, 10, 300)])
    found = local_linear(x, x, np.array([0.5, 3.0, 7.0, 9.5]), 0.2)
    assert found.enough.tolist() == [True, False, False, True]


def test_observations_without_weight_are_on_no_side():
    # All that lies above 1 lies at the very end of the window, where the weight is 0.
    x = np.append(np.linspace(0.0, 1.0, 300), np.full(300, 2.0))
    assert not local_linear(x, x, np.array([1.0]), 0.9).enough[0]
    assert local_linear(x, x, np.array([1.0]), 1.1).enough[0]


def test_a_window_holds_40_observations_at_least():
    rng = np.random.default_rng(9)
    x, y, at = rng.normal(size=100), rng.normal(size=100), np.linspace(-1.0, 1.0, 5)
    few, least, more = (local_linear(x, y, at, width).value for width in (0.01, 0.4, 0.41))
    np.testing.assert_array_equal(few, least)
    assert (least != more).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 19])
def test_too_few_observations_are_never_enough(n):
    x = np.arange(float(n))
    found = local_linear(x, x**2, np.array([-1.0, 0.0, 0.5, 1.0]))
    assert not found.enough.any()
    assert np.isnan(found.value[0])
    assert local_linear(x, x, x, 0.3).span == 0.3


def test_constant_x_is_never_enough():
    found = local_linear(np.full(500, 2.0), np.arange(500.0), np.array([1.0, 2.0, 3.0]))
    assert not found.enough.any()
    assert found.value[1] == pytest.approx(249.5)
    assert np.isnan(found.value[[0, 2]]).all()


def test_a_value_that_fills_a_window_gives_a_plain_mean():
    rng = np.random.default_rng(8)
    x = np.append(np.full(300, 2.0), rng.uniform(3.0, 4.0, 200))
    y = rng.normal(size=500)
    found = local_linear(x, y, np.array([2.0]), 0.5)
    assert found.value[0] == pytest.approx(y[:250].mean())
    assert found.high[0] - found.value[0] == pytest.approx(1.97 * y[:250].std() / math.sqrt(250), rel=0.02)
    assert found.enough[0]


def test_a_few_extremes_do_not_choose_the_span():
    # A narrow span is right for this curve. Its prediction of far outliers is bad, and must not count.
    x = np.append(np.linspace(0, 1, 400), [30.0, 100.0, -50.0])
    y = np.sin(12 * x)
    assert local_linear(x, y, np.array([0.5])).span <= 0.15


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="paired"):
        local_linear(np.ones(3), np.ones(2), np.ones(1))
