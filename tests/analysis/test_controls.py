"""Control variates: against least squares, for bias, and for the coverage of their intervals."""

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.controls import controlled, error_of_means


def test_it_is_the_value_of_the_regression_at_the_means():
    rng = np.random.default_rng(1)
    c = rng.normal(size=(30, 2))
    y = np.column_stack([3.0 + c @ [1.0, -2.0], np.exp(c[:, 0])]) + 0.1 * rng.normal(size=(30, 2))
    means = np.array([0.3, -0.2])
    found = controlled(y, c, means)
    design = np.column_stack([np.ones(30), c])
    fit, rest, *_ = np.linalg.lstsq(design, y, rcond=None)
    at = np.concatenate([[1.0], means])
    np.testing.assert_allclose(found.mean, at @ fit, rtol=1e-12)
    np.testing.assert_allclose(found.slopes, fit[1:].T, rtol=1e-12)
    # The textbook's interval of a regression line's value, with t(27) = 2.0518.
    variance = rest / 27 * (at @ np.linalg.inv(design.T @ design) @ at)
    np.testing.assert_allclose(found.half_width, 2.051830516 * np.sqrt(variance), rtol=1e-8)
    np.testing.assert_allclose(found.plain, y.mean(axis=0), rtol=1e-14)


def test_what_the_controls_explain_is_known_exactly():
    c = np.linspace(0.0, 1.0, 9)[:, None]
    found = controlled(5.0 - 4.0 * c, c, np.array([0.2]))
    assert found.mean[0] == pytest.approx(4.2, abs=1e-12)
    assert found.half_width[0] == pytest.approx(0.0, abs=1e-12)
    assert found.share[0] == pytest.approx(0.0, abs=1e-12)


def test_errors_of_the_means_share_out_the_slope():
    # Nine trials on a line of slope -4, controls of variance S; means with an error of variance V. The slope
    # that is least in variance is -4 S / (S + 9 V); what it leaves of the line counts as residuals.
    c = np.linspace(0.0, 1.0, 9)[:, None]
    s, v, off = 0.1171875, 0.01, 0.5 - 0.2
    slope = -4.0 * s / (s + 9 * v)
    found = controlled(5.0 - 4.0 * c, c, np.array([0.2]), np.array([[v]]))
    assert found.slopes[0, 0] == pytest.approx(slope, rel=1e-9)
    assert found.mean[0] == pytest.approx(3.0 - slope * off, rel=1e-9)
    of_trials = (-4.0 - slope) ** 2 * s * 8 / 7 * (1 / 9 + off**2 / (8 * (s + 9 * v)))
    of_means = slope**2 * v
    freedom = (of_trials + of_means) ** 2 / (of_trials**2 / 7)
    expected = stats.t.ppf(0.975, freedom) * np.sqrt(of_trials + of_means)
    assert found.half_width[0] == pytest.approx(expected, rel=1e-9)
    # Means that are hardly known are no help, and do no harm.
    poor = controlled(5.0 - 4.0 * c, c, np.array([0.2]), np.array([[1e6]]))
    assert poor.mean[0] == pytest.approx(3.0, rel=1e-6)
    assert poor.share[0] == pytest.approx(8 / 7, rel=1e-6)  # but for a degree of freedom


@pytest.mark.parametrize("columns", [[0], [0, 0], [0, 1], []])
def test_controls_that_say_nothing_new_change_nothing(columns):
    rng = np.random.default_rng(2)
    pool = np.column_stack([rng.normal(size=12), np.full(12, 7.0)])  # the second never varies
    y = (2.0 * pool[:, 0] + rng.normal(size=12))[:, None]
    means = np.array([0.1, 7.0])
    found = controlled(y, pool[:, columns], means[columns])
    alone = controlled(y, pool[:, [0]], means[[0]]) if columns else None
    if alone:
        np.testing.assert_allclose(found.mean, alone.mean, rtol=1e-12)
        np.testing.assert_allclose(found.half_width, alone.half_width, rtol=1e-12)
    else:
        np.testing.assert_allclose(found.mean, found.plain)
        np.testing.assert_allclose(found.half_width, found.plain_half_width)


@pytest.mark.parametrize("n", [1, 2])
def test_with_too_few_trials_there_is_no_adjustment(n):
    y = np.arange(n, dtype=float)[:, None]
    found = controlled(y, y, np.array([5.0]))
    assert found.mean[0] == y.mean()
    assert np.isnan(found.half_width[0]) == (n == 1)


@pytest.mark.parametrize(
    ("values", "controls", "means"),
    [
        (np.zeros((3, 1)), np.zeros((2, 1)), np.zeros(1)),
        (np.zeros((3, 1)), np.zeros((3, 2)), np.zeros(1)),
        (np.full((3, 1), np.nan), np.zeros((3, 1)), np.zeros(1)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, controls, means):
    with pytest.raises(ValueError, match="values, controls, means"):
        controlled(values, controls, means)


def test_intervals_cover_and_the_mean_is_not_biased():
    # 2,000 studies of 40 trials, a straight and a curved outcome, means from 400 draws. A coverage of 95 % is
    # estimated to 0.49 % (1 sd): the first bound alarms falsely once in 15,000. The residuals of the curved
    # one are larger where the control is, which costs two hundredths of coverage.
    rng = np.random.default_rng(3)
    studies, n, many = 2000, 40, 400
    truth = np.array([1.0, np.exp(0.125)])  # E[1 + c + e], E[exp(c / 2)]
    hits, estimates, widths = np.zeros(2), [], []
    for _ in range(studies):
        c = rng.normal(size=(n, 1))
        e = rng.standard_t(6, size=(n, 1))
        y = np.column_stack([1.0 + c + e, np.exp(c / 2.0)])
        means, covariance = error_of_means(rng.normal(size=(many, 1)))
        found = controlled(y, c, means, covariance)
        hits += np.abs(found.mean - truth) <= found.half_width
        estimates.append(found.mean)
        widths.append([found.half_width, found.plain_half_width])
    assert 0.93 < hits[0] / studies < 0.97
    assert 0.91 < hits[1] / studies < 0.97
    spread = np.std(estimates, axis=0) / np.sqrt(studies)
    # The linear outcome has no bias; the curved one E[(C - mean)^2 ...] / n, under 1 % of its sd here.
    assert abs(np.mean(estimates, axis=0)[0] - truth[0]) < 4.0 * spread[0]
    assert abs(np.mean(estimates, axis=0)[1] - truth[1]) < 0.02
    narrower = np.mean(widths, axis=0)
    # Variance 1 of 1 + 1.5 goes, but for 40 / 400 of it: sqrt((1.5 + 0.1) / 2.5) = 0.8.
    assert narrower[0, 0] / narrower[1, 0] == pytest.approx(0.8, abs=0.03)
