"""The connector, outages and the time of the AI stage, against scipy.stats and numbers by hand."""

import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, packed, uniforms, words
from scipy.stats import expon, kstest, lognorm

from simgap.model import integration, items, keys
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import Law

MANY = 20_000


def lognormal(mean, cv):
    """Return scipy's lognormal distribution from its mean and coefficient of variation."""
    return lognorm(math.sqrt(math.log(1 + cv**2)), scale=mean / math.sqrt(1 + cv**2))


@pytest.mark.parametrize("law", list(Law))
def test_latency_item_by_item(law):
    p = packed(**{**DIRTY, "latency_law": law})
    u = [uniforms(keys.ITEM, entity, keys.LATENCY)[0] for entity in range(300)]
    hours = {
        Law.DETERMINISTIC: np.full(300, 0.02),
        Law.EXPONENTIAL: expon(scale=0.02).ppf(u),
        Law.LOGNORMAL: lognormal(0.02, 0.5).ppf(u),
    }[law]
    got = [integration.latency(words(keys.ITEM, entity, keys.LATENCY), p) for entity in range(300)]
    np.testing.assert_allclose(got, hours * HOUR, rtol=1e-9, atol=1)


def test_outages_one_by_one():
    p = packed(**DIRTY)
    for number in range(300):
        u = uniforms(keys.OUTAGE, number, keys.OUTAGE_TIME)
        up, down = integration.outage(KEY, number, p)
        assert up == pytest.approx(-math.log1p(-u[0]) * 8760 / 40 * 3.6e9, rel=1e-12, abs=1)
        assert down == pytest.approx(lognormal(3.0, 1.5).ppf(u[1]) * 3.6e9, rel=1e-9, abs=1)


def test_gaps_and_lengths_of_outages_follow_their_laws():
    """20,000 outages. Two tests at 1e-6 and a correlation beyond 4.5 / sqrt(n): false alarm 1e-5."""
    p = packed(**DIRTY)
    up, down = np.array([integration.outage(KEY, n, p) for n in range(MANY)]).T / HOUR
    assert kstest(up, expon(scale=8760 / 40).cdf).pvalue > 1e-6
    assert kstest(down, lognormal(3.0, 1.5).cdf).pvalue > 1e-6
    assert abs(np.corrcoef(np.log(up), np.log(down))[0, 1]) < 4.5 / math.sqrt(MANY)


def test_outages_at_their_limits():
    assert {integration.outage(KEY, n, packed(outage_time=3.0, outage_cv=1.0)) for n in range(50)} == {
        (NEVER, 0)
    }
    fixed = packed(outages=12.0, outage_time=1.5, outage_cv=0.0)
    assert {integration.outage(KEY, n, fixed)[1] for n in range(50)} == {1.5 * HOUR}


def test_a_share_of_the_items_that_meet_an_outage_is_lost():
    """20,000 items; beyond 4.5 standard deviations: false alarm 7e-6. Item by item with the other checks."""
    p = packed(**DIRTY)
    lost = sum(
        items.check_flags(words(keys.ITEM, e, keys.CHECK), p) & items.LOST == items.LOST for e in range(MANY)
    )
    assert abs(lost - 0.42 * MANY) < 4.5 * math.sqrt(MANY * 0.42 * 0.58)


@pytest.mark.parametrize(
    ("per_hour", "microseconds"), [(math.inf, 0), (1.0, HOUR), (700.0, 5_142_857), (0.001, 1000 * HOUR)]
)
def test_the_connector_takes_the_inverse_of_its_throughput(per_hour, microseconds):
    assert integration.connector_time(packed(throughput=per_hour)) == microseconds
