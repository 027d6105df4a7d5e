"""Laws of times against scipy.stats, and hours as whole microseconds."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import expon, lognorm

from simgap.model import times
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import Law
from simgap.sampling.inversion import lognormal_sigma

QUANTILES = np.array([1e-9, 0.001, 0.05, 0.3, 0.5, 0.77, 0.99, 1 - 1e-9])


def law_of(law, mean, cv):
    """Return scipy's distribution of a time."""
    if law == Law.EXPONENTIAL:
        return expon(scale=mean)
    sigma = math.sqrt(math.log(1 + cv**2))
    return lognorm(sigma, scale=mean / math.sqrt(1 + cv**2))


@pytest.mark.parametrize("law", [Law.EXPONENTIAL, Law.LOGNORMAL])
@pytest.mark.parametrize(("mean", "cv"), [(0.1, 0.3), (2.0, 1.2), (7.0, 2.5)])
def test_times_have_the_quantiles_mean_and_spread_of_their_law(law, mean, cv):
    got = [times.time_hours(u, law, mean, lognormal_sigma(cv)) for u in QUANTILES]
    np.testing.assert_allclose(got, law_of(law, mean, cv).ppf(QUANTILES), rtol=1e-9)

    def moment(k):
        # Over z with u = Phi(z), so that the steep end of the quantile function is resolved; it stops where
        # 1 - u loses its digits.
        return quad(
            lambda z: math.exp(-0.5 * z * z) * times.time_hours(ndtr(z), law, mean, lognormal_sigma(cv)) ** k,
            -8,
            7.5,
            limit=200,
        )[0] / math.sqrt(2 * math.pi)

    assert moment(1) == pytest.approx(mean, rel=1e-5)
    spread = math.sqrt(moment(2) - moment(1) ** 2) / moment(1)
    assert spread == pytest.approx(1.0 if law == Law.EXPONENTIAL else cv, rel=1e-3)


def test_a_deterministic_time_is_its_mean():
    for u in QUANTILES:
        assert times.time_hours(u, Law.DETERMINISTIC, 1.25, 9.0) == 1.25
        assert times.time_hours(u, Law.LOGNORMAL, 1.25, 0.0) == 1.25
    assert times.time_hours(0.3, Law.EXPONENTIAL, 0.0, 0.0) == 0.0


def test_hours_become_microseconds_once():
    rng = np.random.default_rng(3)
    for hours in [0.0, 1.0, 1.4 / HOUR, 1.6 / HOUR, *rng.exponential(5.0, 500)]:
        assert times.to_microseconds(hours) == math.floor(hours * 3.6e9 + 0.5)
    assert times.to_microseconds(1e30) == times.to_microseconds(math.inf) == NEVER
    assert times.to_microseconds(2.0**62 / HOUR) == NEVER
