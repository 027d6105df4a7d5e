"""The solved constants give back the stated rates, by scipy's adaptive quadrature over hardness."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, ndtr
from scipy.stats import norm

from simgap.model import solving
from simgap.sampling.inversion import logistic


def expectation(f, *steep):
    """Return E[f(h)], h ~ N(0, 1), and scipy's bound of its error.

    Each steep place (centre, width) splits the range around it, so that none of it is missed. Beyond 12 the
    normal distribution holds 4e-33.
    """
    cuts = {float(h) for h in range(-12, 13, 4)}
    for centre, width in steep:
        cuts |= {float(np.clip(centre + width * k, -12, 12)) for k in (-30, -8, -2, 0, 2, 8, 30)}
    pieces = [
        quad(
            lambda h: f(h) * math.exp(-0.5 * h * h) / math.sqrt(2 * math.pi),
            *edges,
            epsabs=1e-17,
            epsrel=1e-10,
            limit=200,
        )
        for edges in itertools.pairwise(sorted(cuts))
    ]
    return math.fsum(value for value, _ in pieces), math.fsum(error for _, error in pieces)


def step(constant, slope):
    """Return where logistic(constant - slope h) is steep, and how wide that is."""
    return [(constant / slope, 1.0 / slope)] if slope else []


def catch_by_quadrature(c, a, spread, rho):
    """Return P(catch | wrong), and the bound of its error."""
    steep = step(a, spread) + step(c, rho * spread)
    wrong, error_wrong = expectation(lambda h: expit(spread * h - a), *steep)
    both, error = expectation(lambda h: expit(spread * h - a) * expit(c - rho * spread * h), *steep)
    return both / wrong, (error + error_wrong) / wrong


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("accuracy", [0.001, 0.3, 0.5, 0.8, 0.95, 0.999, 0.999999])
def test_accuracy_on_clean_items(accuracy, spread):
    a = solving.intercept_of(accuracy, spread)
    got, error = expectation(lambda h: expit(a - spread * h), *step(a, spread))
    assert error < 1e-11
    assert got == pytest.approx(accuracy, abs=1e-10)
    assert solving.probability_right(a, spread) == pytest.approx(accuracy, abs=1e-12)
    wrong, error = expectation(lambda h: expit(spread * h - a), *step(a, spread))
    assert wrong == pytest.approx(1 - accuracy, abs=1e-10)


def test_without_hardness_the_intercept_is_the_logit():
    for accuracy in (0.001, 0.5, 0.9, 0.999999):
        wanted = math.log(accuracy / (1 - accuracy))
        assert solving.intercept_of(accuracy, 0.0) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize(
    ("accuracy", "spread"),
    [(0.001, 1.0), (0.6, 1.0), (0.9, 0.0), (0.9, 1.0), (0.97, 2.0), (0.999999, 5.0), (0.5, 5.0)],
)
@pytest.mark.parametrize("catch", [0.001, 0.4, 0.8, 0.999])
def test_catch_among_wrong_decisions(catch, accuracy, spread, rho):
    """Reviewers' or specialists', whose share of catches is solved in the same way."""
    a = solving.intercept_of(accuracy, spread)
    c = solving.catch_intercept_of(catch, a, spread, rho)
    got, error = catch_by_quadrature(c, a, spread, rho)
    assert error < 1e-11
    assert got == pytest.approx(catch, abs=1e-9)
    if rho == 0.0:
        assert c == pytest.approx(math.log(catch / (1 - catch)), abs=1e-9)


@pytest.mark.parametrize("rho", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("accuracy", [0.001, 0.5, 0.999999])
@pytest.mark.parametrize("catch", [0.001, 0.8, 0.999])
def test_catch_at_the_hardest_that_a_file_may_say(catch, accuracy, rho):
    """Spread 20. With rho 20 the step is narrower than the grid, and the share may be off by 2e-4."""
    a = solving.intercept_of(accuracy, 20.0)
    c = solving.catch_intercept_of(catch, a, 20.0, rho)
    got, error = catch_by_quadrature(c, a, 20.0, rho)
    assert error < 1e-10
    assert got == pytest.approx(catch, abs=2e-4 if rho > 5 else 1e-9)


def test_hard_items_are_caught_less_often_than_stated_when_errors_are_correlated():
    a = solving.intercept_of(0.9, 1.0)
    c = solving.catch_intercept_of(0.8, a, 1.0, 1.0)
    # Wrong decisions are hard ones, so a reviewer who met items of all hardness would do better than 80 %.
    assert expectation(lambda h: expit(c - h))[0] > 0.8 + 0.02


@pytest.mark.parametrize("spread", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("share", [1e-6, 0.15, 0.3, 0.9])
def test_threshold_at_a_mix_by_quadrature_over_hardness(share, spread):
    """Items of three penalties and two separations, each with its hardness, right or wrong, and score."""
    a, sigma_w = solving.intercept_of(0.9, spread), 0.93
    classes = [(0.7, 0.0, 1.3), (0.2, 1.9, 1.3), (0.1, 6.0, 0.3)]
    mix = [(w, solving.probability_right(a - penalty, spread), d) for w, penalty, d in classes]
    t = solving.threshold_of(share, mix, sigma_w)

    def under(h):
        total = 0.0
        for weight, penalty, d in classes:
            right = expit(a - penalty - spread * h)
            total += weight * (right * ndtr(t) + (1 - right) * ndtr((t + d) / sigma_w))
        return total

    got, error = expectation(under, *(s for _, penalty, _ in classes for s in step(a - penalty, spread)))
    assert error < 1e-11
    assert got == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize("share", [1e-6, 0.05, 0.15, 0.5, 0.9, 1 - 1e-6])
@pytest.mark.parametrize("sigma_w", [0.01, 0.93, 100.0])
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


@pytest.mark.parametrize("spread", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("intercept", [-12.0, 0.3, 14.0])
def test_weights_of_wrong_decisions_to_the_last_bit(intercept, spread):
    """Their exact sum, rounded once, is what they are divided by."""
    nodes, weights = solving.HARDNESS_NODES, solving.HARDNESS_WEIGHTS
    wrong = np.array([w * logistic(spread * h - intercept) for h, w in zip(nodes, weights, strict=True)])
    wanted = wrong / math.fsum(wrong)
    found = np.empty(len(nodes))
    solving._wrong_weights(intercept, spread, nodes, weights, found)
    assert found.tobytes() == wanted.tobytes()
