"""Roots by hand, and by scipy's function, whose arithmetic ours repeats."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import norm

from simgap.model.roots import root


def test_roots_by_hand():
    assert root(lambda x: x - 3.0, 0.0, 10.0, 1e-13) == 3.0
    assert root(lambda x: x**3 + 8.0, -40.0, 50.0, 1e-13) == pytest.approx(-2.0, abs=1e-13)
    assert root(math.cos, 0.0, 3.0, 1e-15) == pytest.approx(math.pi / 2, abs=1e-15)
    assert root(lambda x: x, 0.0, 1.0, 1e-13) == 0.0
    assert root(lambda x: x - 1.0, 0.0, 1.0, 1e-13) == 1.0


def test_a_step_is_found_by_halving():
    assert root(lambda x: -1.0 if x < math.e else 1.0, -500.0, 500.0, 1e-12) == pytest.approx(
        math.e, abs=1e-12
    )


def test_the_same_bits_as_scipy():
    rng = np.random.default_rng(1)
    for _ in range(2000):
        slope, shift, level = rng.uniform(0.1, 90), rng.normal(), rng.uniform(-1, 1)
        power = rng.integers(1, 4)

        def f(x, *, a=float(slope), b=float(shift), c=float(level), k=int(power)):
            return math.tanh(a * x - b) ** (2 * k - 1) - c

        low, high, close = (
            -float(rng.uniform(20, 90)),
            float(rng.uniform(20, 90)),
            10.0 ** rng.integers(-16, -3),
        )
        assert root(f, low, high, close) == brentq(f, low, high, xtol=close)


@pytest.mark.parametrize("share", [1e-300, 7.2e-202, 1e-100, 1e-30])
def test_values_too_small_to_interpolate_with(share):
    def excess(x):
        return float(ndtr(x)) - share

    found = root(excess, -80.0, 80.0, 1e-13)
    assert found == brentq(excess, -80.0, 80.0, xtol=1e-13)
    assert found == pytest.approx(norm.ppf(share), rel=1e-9)


def test_without_a_change_of_sign_there_is_no_root():
    with pytest.raises(ValueError, match="no change of sign between -1 and 2"):
        root(lambda x: x * x + 1.0, -1, 2, 1e-13)
