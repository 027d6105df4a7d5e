"""What a distribution means: moments and percentiles against scipy, clipping, products, units."""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.meaning import RANKS, clipped, describe, law, product, spoken

NORMAL = {"family": "normal", "mean": 6.0, "sd": 2.0}
LOGNORMAL = {"family": "lognormal", "mean": 3.0, "cv": 0.8}
SIGMA = math.sqrt(math.log(1.64))
CASES = {
    "normal": (NORMAL, stats.norm(6, 2)),
    "lognormal": (LOGNORMAL, stats.lognorm(SIGMA, scale=3 / math.sqrt(1.64))),
    "beta": ({"family": "beta", "mean": 0.2, "sd": 0.1}, stats.beta(3, 12)),
    "uniform": ({"family": "uniform", "low": 1.0, "high": 4.0}, stats.uniform(1, 3)),
    "triangular": (
        {"family": "triangular", "low": 0.0, "mode": 1.0, "high": 4.0},
        stats.triang(0.25, scale=4),
    ),
    "truncated": (
        {"family": "truncated", "of": NORMAL, "low": 5.0, "high": None},
        stats.truncnorm(-0.5, math.inf, loc=6, scale=2),
    ),
    "logistic": (
        {"family": "metalog", "p10": 1.0, "p50": 3.0, "p90": 5.0, "lower": None, "upper": None},
        stats.logistic(3, 4 / (2 * math.log(9))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_moments_and_percentiles_of_smooth_ones(name):
    d, reference = CASES[name]
    found = law(d)
    about = describe(found, -math.inf, math.inf)
    assert about["mean"] == pytest.approx(reference.mean(), rel=1e-6)
    assert about["sd"] == pytest.approx(reference.std(), rel=1e-5)
    wanted = reference.ppf(np.array(RANKS) / 100)
    np.testing.assert_allclose(list(about["percentiles"].values()), wanted, rtol=1e-12)
    assert about["p_at_low"] == about["p_at_high"] == about["clipped"] == 0.0
    assert (about["low"], about["high"]) == (None, None)
    x = reference.ppf([0.001, 0.2, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(found.at_most(x), [0.001, 0.2, 0.5, 0.9, 0.999], atol=2e-6)


def test_listed_ones_are_exact():
    d = {"family": "discrete", "values": [1.0, 2.0, 5.0], "probabilities": [0.2, 0.5, 0.3]}
    about = describe(law(d), 0.0, 5.0)
    assert about["mean"] == pytest.approx(2.7)
    assert about["sd"] == pytest.approx(math.sqrt(0.2 + 2 + 7.5 - 2.7**2))
    assert about["percentiles"]["p25"] == 2.0
    assert (about["p_at_high"], about["clipped"]) == (0.3, 0.0)
    np.testing.assert_allclose(law(d).at_most(np.array([0.9, 1.0, 4.9, 5.0])), [0, 0.2, 0.7, 1], atol=1e-15)
    sample = law({"family": "empirical", "values": [1.0, 1.0, 4.0]})
    assert describe(sample, 0.0, 9.0)["mean"] == pytest.approx(2.0)
    assert sample.at_most(np.array([1.0]))[0] == pytest.approx(2 / 3)


def test_bounds_clip():
    about = describe(law(NORMAL), 4.0, 8.0)
    beyond = stats.norm.sf(1)
    assert about["p_at_low"] == pytest.approx(beyond, abs=1e-3)
    assert about["clipped"] == pytest.approx(2 * beyond, abs=2e-3)
    inner = stats.truncnorm(-1, 1, loc=6, scale=2)
    square = (1 - 2 * beyond) * inner.var() + 2 * beyond * 4
    assert about["sd"] == pytest.approx(math.sqrt(square), rel=1e-4)
    assert about["percentiles"]["p5"] == 4.0
    cut = clipped(law(NORMAL), 4.0, 8.0).at_most(np.array([3.99, 4.0, 6.0, 7.99, 8.0]))
    np.testing.assert_allclose(cut, [0, beyond, 0.5, 1 - beyond, 1], atol=3e-3)


@pytest.mark.parametrize("rho", [0.0, 0.5, -0.9, 1.0])
def test_a_product_of_lognormals_is_lognormal(rho):
    other = {"family": "lognormal", "mean": 0.5, "cv": 0.4}
    s = math.sqrt(math.log(1.16))
    r = 2 * math.sin(math.pi * rho / 6)
    sigma = math.sqrt(SIGMA**2 + s**2 + 2 * r * SIGMA * s)
    median = 3 / math.sqrt(1.64) * 0.5 / math.sqrt(1.16)
    reference = stats.lognorm(sigma, scale=median)
    about = describe(product(LOGNORMAL, other, rho), 0.0, math.inf)
    wanted = reference.ppf(np.array(RANKS) / 100)
    np.testing.assert_allclose(list(about["percentiles"].values()), wanted, rtol=0.025 if rho == 1 else 0.01)
    assert about["mean"] == pytest.approx(reference.mean(), rel=0.005)
    assert about["sd"] == pytest.approx(reference.std(), rel=0.05)


def test_a_product_with_a_number():
    wanted = describe(law(NORMAL), -math.inf, math.inf)
    for found in (product(NORMAL, 0.5), product(0.5, NORMAL)):
        about = describe(found, -math.inf, math.inf)
        assert about["mean"] == pytest.approx(wanted["mean"] / 2, rel=1e-6)
        assert about["percentiles"]["p50"] == pytest.approx(wanted["percentiles"]["p50"] / 2, rel=2e-3)


@pytest.mark.parametrize(
    ("unit", "text", "middle", "shown"),
    [
        ("duration", "4.29 / 28.7 / 192 days max 365 days", 700.0, (24.0, "days")),
        ("duration", "normal(mean=6, sd=2) min 0 max 10 h", 6.0, (1.0, "h")),
        ("duration", "normal(mean=6, sd=2) min", 0.1, (1 / 60, "min")),
        ("duration", "empirical(times.csv, minutes) h", 3.0, (1.0, "h")),
        ("duration", "", 0.02, (1 / 60, "min")),
        ("duration", "", 0.005, (1 / 3600, "s")),
        ("duration", "", 1e-7, (1 / 3600, "s")),
        ("duration", "", 100.0, (24.0, "days")),
        ("duration", "", 2000.0, (168.0, "weeks")),
        ("staffed", "2 working days", 16.0, (1.0, "h")),
        ("volume", "40 per day", 14600.0, (365.0, "per day")),
        ("volume", "", 14600.0, (1.0, "per year")),
        ("share", "1 % of cells", 0.1, (0.01, "%")),
        ("money", "1k", 1000.0, (1.0, "USD")),
        ("money_month", "24k per year", 2000.0, (1.0, "USD per month")),
        ("number", "3", 3.0, (1.0, "")),
        ("month", "month 3", 3.0, (1.0, "months from go-live")),
    ],
)
def test_numbers_are_shown_in_the_unit_of_the_text(unit, text, middle, shown):
    one, name = spoken(unit, text, middle, "USD")
    assert (pytest.approx(one), name) == shown
