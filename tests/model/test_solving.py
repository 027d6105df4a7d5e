"""The solved constants give back the stated rates, by scipy's adaptive quadrature over hardness."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from simgap.model import solving


def density(h):
    """The standard normal density, quicker than scipy's for one number."""
    return math.exp(-0.5 * h * h) / math.sqrt(2 * math.pi)


def expectation(f, centre=0.0, width=1.0):
    """Return E[f(h)], h ~ N(0, 1), split around a steep place so that none of it is missed."""
    cuts = np.clip(centre + width * np.array([-30, -8, -2, 0, 2, 8, 30]), -12, 12)
    edges = sorted({-12.0, *cuts, 12.0})
    pieces = (
        quad(lambda h: f(h) * density(h), a, b, epsabs=1e-13, limit=100)[0]
        for a, b in itertools.pairwise(edges)
    )
    return sum(pieces)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("accuracy", [0.001, 0.3, 0.5, 0.8, 0.95, 0.999, 0.999999])
def test_accuracy_on_clean_items(accuracy, spread):
    a = solving.intercept_of(accuracy, spread)
    width = 1.0 / max(spread, 1.0)
    got = expectation(lambda h: expit(a - spread * h), a / spread if spread else 0.0, width)
    assert got == pytest.approx(accuracy, abs=1e-10)
    assert solving.probability_right(a, spread) == pytest.approx(accuracy, abs=1e-12)


def test_without_hardness_the_intercept_is_the_logit():
    for accuracy in (0.001, 0.5, 0.9, 0.999999):
        wanted = math.log(accuracy / (1 - accuracy))
        assert solving.intercept_of(accuracy, 0.0) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize(("accuracy", "spread"), [(0.6, 1.0), (0.9, 0.0), (0.9, 1.0), (0.97, 2.0)])
@pytest.mark.parametrize("catch", [0.001, 0.4, 0.8, 0.999])
def test_catch_among_wrong_decisions(catch, accuracy, spread, rho):
    a = solving.intercept_of(accuracy, spread)
    c = solving.catch_intercept_of(catch, a, spread, rho)
    wrong = expectation(lambda h: 1 - expit(a - spread * h))
    both = expectation(lambda h: (1 - expit(a - spread * h)) * expit(c - rho * spread * h))
    assert both / wrong == pytest.approx(catch, abs=1e-9)
    if rho == 0.0:
        assert c == pytest.approx(math.log(catch / (1 - catch)), abs=1e-9)


def test_hard_items_are_caught_less_often_than_stated_when_errors_are_correlated():
    a = solving.intercept_of(0.9, 1.0)
    c = solving.catch_intercept_of(0.8, a, 1.0, 1.0)
    # Wrong decisions are hard ones, so a reviewer who met items of all hardness would do better than 80 %.
    assert expectation(lambda h: expit(c - h)) > 0.8 + 0.02


@pytest.mark.parametrize("share", [1e-6, 0.05, 0.15, 0.5, 0.9, 1 - 1e-6])
@pytest.mark.parametrize("sigma_w", [0.1, 0.93, 3.0])
def test_threshold_sends_the_stated_share_of_a_mix(share, sigma_w):
    mix = [(3.0, 0.95, 1.2), (1.0, 0.6, 1.2), (0.5, 0.3, 0.35), (0.0, 0.1, 9.0)]
    t = solving.threshold_of(share, mix, sigma_w)
    total = 0.0
    for weight, right, d in mix:
        total += weight / 4.5 * right * norm.cdf(t)
        total += weight / 4.5 * (1 - right) * norm(loc=-d, scale=sigma_w).cdf(t)
    assert total == pytest.approx(share, abs=1e-10)


def test_threshold_at_its_limits():
    mix = [(1.0, 0.9, 1.0)]
    assert solving.threshold_of(0.0, mix, 1.0) == -math.inf
    assert solving.threshold_of(1.0, mix, 1.0) == math.inf
    assert solving.threshold_of(0.3, [(2.0, 1.0, 1.0)], 1.0) == pytest.approx(norm.ppf(0.3), abs=1e-10)


@pytest.mark.parametrize("auroc", [0.5, 0.6, 0.83, 0.999999])
@pytest.mark.parametrize("sigma_w", [0.01, 0.93, 100.0])
def test_separation_gives_the_stated_area_under_the_curve(auroc, sigma_w):
    d = solving.separation_of(auroc, sigma_w)
    # The difference of a right and a wrong score is N(d, 1 + sigma_w^2).
    assert norm(loc=d, scale=math.hypot(1.0, sigma_w)).sf(0.0) == pytest.approx(auroc, abs=1e-12)
