"""The scalar quantile functions against scipy, published values, and sums to 50 decimal places."""

import json
import math
import os
import subprocess
import sys
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import simgap
from simgap.sampling import inversion
from simgap.sampling.inversion import (
    exponential_quantile,
    logistic,
    logit,
    lognormal_normal,
    lognormal_quantile,
    lognormal_sigma,
    normal_cdf,
    normal_quantile,
)

ULP = 2.0**-53
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")

# From the smallest uniform that the generator can give, with both sides of the joints of AS 241, which lie at
# 0.075 and at exp(-25) = 1.389e-11.
INNER = [
    2.0**-53,
    2.0**-33,
    1e-12,
    1.388e-11,
    1.389e-11,
    1e-6,
    0.001,
    0.02,
    0.0749,
    0.0751,
    0.1,
    0.2499,
    0.25,
    0.3,
    0.4999,
]
PROBABILITIES = [1e-300, 1e-100, 1e-20, *INNER, 0.5, *(1.0 - p for p in INNER)]


def density(x: Decimal) -> Decimal:
    return (-x * x / 2).exp() / (2 * PI).sqrt()


def exact_normal_cdf(x: float) -> Decimal:
    """Abramowitz and Stegun 26.2.11 (series) near the middle, 26.2.14 (continued fraction) in the tails."""
    d = Decimal(x)
    if abs(x) < 3:
        total = term = d
        for n in range(3, 240, 2):
            term *= d * d / n
            total += term
        return Decimal("0.5") + density(d) * total
    fraction = abs(d)
    for n in range(1500, 0, -1):
        fraction = abs(d) + n / fraction
    tail = density(d) / fraction
    return tail if x < 0 else 1 - tail


def relative_error(found: float, exact: Decimal) -> float:
    return abs(float((Decimal(found) - exact) / exact))


@pytest.fixture(autouse=True)
def fifty_places():
    with localcontext(prec=50):
        yield


def test_the_exact_cdf_agrees_with_tables():
    # Tabulated values; and the two branches meet at 3.
    assert float(exact_normal_cdf(1.0)) == pytest.approx(0.841344746068543, rel=1e-15)
    assert float(exact_normal_cdf(-5.0)) == pytest.approx(2.86651571879194e-7, rel=1e-14)
    below, above = exact_normal_cdf(-3.0000000001), exact_normal_cdf(-2.9999999999)
    assert float(above - below) == pytest.approx(2e-10 * float(density(Decimal(3))), rel=1e-6)


@pytest.mark.parametrize("x", [-37.5, -30.1, -20.3, -12.7, -8.2, -5.1, -3.3, -1.7, -0.9, -1e-3])
def test_normal_cdf_both_tails(x):
    assert relative_error(normal_cdf(x), exact_normal_cdf(x)) < (3 + 2 * x * x) * ULP
    assert relative_error(normal_cdf(-x), exact_normal_cdf(-x)) < 4 * ULP
    assert normal_cdf(x) == pytest.approx(stats.norm.cdf(x), rel=1e-12)


def test_normal_cdf_far_out():
    assert normal_cdf(0.0) == 0.5
    assert normal_cdf(-40.0) == 0.0
    assert normal_cdf(40.0) == 1.0


@pytest.mark.parametrize("p", PROBABILITIES)
def test_normal_quantile_is_accurate_everywhere(p):
    x = normal_quantile(p)
    # One Newton step in 50 places from x to the true quantile; the next would be of the order of its square.
    step = float((exact_normal_cdf(x) - Decimal(p)) / density(Decimal(x)))
    assert abs(step) <= 1e-15 * abs(x)
    assert x == pytest.approx(stats.norm.ppf(p), rel=1e-13)


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.25, -0.6744897501960817432), (0.001, -3.090232306167813542), (1e-20, -9.262340089798407579)],
)
def test_normal_quantile_of_the_published_check_values(p, expected):
    # The check values printed in Wichura (1988).
    assert normal_quantile(p) == pytest.approx(expected, rel=1e-15)


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_normal_quantile_is_symmetric(word):
    p = (word + 0.5) * 2.0**-32
    assert normal_quantile(1.0 - p) == -normal_quantile(p)


@pytest.mark.parametrize("p", PROBABILITIES)
def test_exponential_quantile(p):
    x = exponential_quantile(p)
    assert x == pytest.approx(stats.expon.ppf(p), rel=4 * ULP)
    if p > 1e-20:
        assert relative_error(x, -(1 - Decimal(p)).ln()) < 4 * ULP


def test_exponential_quantile_of_small_numbers():
    assert exponential_quantile(0.0) == 0.0
    assert exponential_quantile(1e-300) == 1e-300


@pytest.mark.parametrize("cv", [0.01, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("p", PROBABILITIES)
def test_lognormal_quantile(p, cv):
    mean = 4.2
    sigma = math.sqrt(math.log(1.0 + cv**2))
    # exp() magnifies the error of its argument by the argument.
    tolerance = (1.0 + sigma * abs(stats.norm.ppf(p))) * 4e-15
    expected = stats.lognorm.ppf(p, s=sigma, scale=mean / math.sqrt(1.0 + cv**2))
    assert lognormal_quantile(p, mean, cv) == pytest.approx(expected, rel=tolerance)
    assert lognormal_normal(normal_quantile(p), mean, lognormal_sigma(cv)) == lognormal_quantile(p, mean, cv)


@pytest.mark.parametrize("cv", [0.1, 1.0, 3.0])
def test_lognormal_has_the_stated_mean_and_variation(cv):
    # Trapezoidal rule over z; its error for a smooth integrand that vanishes at both ends is below rounding.
    grid = np.linspace(-14.0, 18.0, 4001)
    weights = stats.norm.pdf(grid) * (grid[1] - grid[0])
    x = np.array([lognormal_normal(z, 7.0, lognormal_sigma(cv)) for z in grid.tolist()])
    mean = np.sum(weights * x)
    assert mean == pytest.approx(7.0, rel=1e-12)
    assert np.sqrt(np.sum(weights * (x - mean) ** 2)) / mean == pytest.approx(cv, rel=1e-10)


@pytest.mark.parametrize("p", [2.0**-53, 0.3, 1.0 - 2.0**-53])
def test_lognormal_without_variation_is_its_mean(p):
    assert lognormal_quantile(p, 0.1, 0.0) == 0.1
    assert lognormal_normal(3.0, 0.0, 2.0) == 0.0


@pytest.mark.parametrize("x", [-700.0, -40.0, -3.7, -0.2, 0.0, 1e-9, 0.2, 3.7, 40.0, 700.0])
def test_logistic(x):
    assert relative_error(logistic(x), 1 / (1 + (-Decimal(x)).exp())) < 4 * ULP
    assert logistic(x) == pytest.approx(stats.logistic.cdf(x), rel=8 * ULP)


def test_logistic_does_not_overflow():
    assert logistic(-1e6) == 0.0
    assert logistic(1e6) == 1.0


@pytest.mark.parametrize("p", [p for p in [*PROBABILITIES, 0.5 + 1e-12, 0.7499, 0.75, 0.7501] if p != 0.5])
def test_logit(p):
    exact = Decimal(p).ln() - (1 - Decimal(p)).ln()
    assert relative_error(logit(p), exact) < 8 * ULP
    assert logit(p) == pytest.approx(stats.logistic.ppf(p), rel=1e-14)
    # The slope of the way back is p (1 - p), so the error of the logit is magnified by itself at most.
    assert logistic(logit(p)) == pytest.approx(p, rel=(2 + abs(logit(p))) * 4 * ULP)


def test_logit_of_a_half():
    assert logit(0.5) == 0.0


def test_same_bits_interpreted():
    rng = np.random.default_rng(7)
    reals = (rng.normal(size=1500) * 12).tolist()
    parts = [
        *PROBABILITIES,
        *rng.random(1500),
        *10.0 ** (-300 * rng.random(500)),
        *(1 - 0.1 ** (15 * rng.random(500))),
    ]
    calls = [(name, [x]) for name in ("normal_cdf", "logistic") for x in reals]
    calls += [
        (name, [float(p)]) for name in ("normal_quantile", "exponential_quantile", "logit") for p in parts
    ]
    calls += [("lognormal_quantile", [float(p), 3.3, 0.8]) for p in parts]
    code = (
        "import json, sys\n"
        "from simgap.sampling import inversion\n"
        "assert not hasattr(inversion.logit, 'py_func'), 'compiled after all'\n"
        "print(json.dumps([getattr(inversion, name)(*args).hex() for name, args in json.load(sys.stdin)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input=json.dumps(calls),
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(simgap.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [getattr(inversion, name)(*args).hex() for name, args in calls]
