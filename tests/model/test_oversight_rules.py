"""Times, waits and verdicts against scipy.stats and formulas in plain Python."""

import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, packed, uniforms
from scipy.integrate import quad
from scipy.special import expit, ndtr
from scipy.stats import expon, lognorm, norm

from simgap.engines.physics import wait_edges
from simgap.model import items, keys, oversight
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import Law

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
    got = [oversight.time_hours(u, law, mean, cv) for u in QUANTILES]
    np.testing.assert_allclose(got, law_of(law, mean, cv).ppf(QUANTILES), rtol=1e-9)

    def moment(k):
        # Over z with u = Phi(z), so that the steep end of the quantile function is resolved; it stops where
        # 1 - u loses its digits.
        return quad(
            lambda z: math.exp(-0.5 * z * z) * oversight.time_hours(ndtr(z), law, mean, cv) ** k,
            -8,
            7.5,
            limit=200,
        )[0] / math.sqrt(2 * math.pi)

    assert moment(1) == pytest.approx(mean, rel=1e-5)
    spread = math.sqrt(moment(2) - moment(1) ** 2) / moment(1)
    assert spread == pytest.approx(1.0 if law == Law.EXPONENTIAL else cv, rel=1e-3)


def test_a_deterministic_time_is_its_mean():
    for u in QUANTILES:
        assert oversight.time_hours(u, Law.DETERMINISTIC, 1.25, 9.0) == 1.25
        assert oversight.time_hours(u, Law.LOGNORMAL, 1.25, 0.0) == 1.25
    assert oversight.time_hours(0.3, Law.EXPONENTIAL, 0.0, 0.0) == 0.0


def test_hours_become_microseconds_once():
    rng = np.random.default_rng(3)
    for hours in [0.0, 1.0, 1.4 / HOUR, 1.6 / HOUR, *rng.exponential(5.0, 500)]:
        assert oversight.to_microseconds(hours) == math.floor(hours * 3.6e9 + 0.5)
    assert oversight.to_microseconds(1e30) == oversight.to_microseconds(math.inf) == NEVER
    assert oversight.to_microseconds(2.0**62 / HOUR) == NEVER


@pytest.mark.parametrize("law", list(Law))
def test_latency_item_by_item(law):
    p = packed(**{**DIRTY, "latency_law": law})
    u = [uniforms(keys.ITEM, entity, keys.LATENCY)[0] for entity in range(300)]
    hours = np.full(300, 0.02) if law == Law.DETERMINISTIC else law_of(law, 0.02, 0.5).ppf(u)
    got = [oversight.latency(KEY, keys.ITEM, entity, p) for entity in range(300)]
    np.testing.assert_allclose(got, hours * HOUR, rtol=1e-9, atol=1)


@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize(
    ("triggers", "factor"),
    [
        (items.CONFIDENCE, 1.0),
        (items.MANDATORY | items.VALUE | items.CONSEQUENTIAL, 1.0),
        (items.EXCEPTION, 3.0),
        (items.EDGE, 1.7),
    ],
)
def test_review_time_item_by_item(law, triggers, factor):
    p = packed(**{**DIRTY, "review_law": law})
    u = [uniforms(keys.ITEM, entity, keys.REVIEW)[0] for entity in range(300)]
    hours = np.full(300, 0.25) if law == Law.DETERMINISTIC else law_of(law, 0.25, 1.2).ppf(u)
    got = [oversight.review_hours(KEY, keys.ITEM, entity, p, triggers) for entity in range(300)]
    np.testing.assert_allclose(got, factor * hours, rtol=1e-9)


def test_patience():
    for entity in range(300):
        exponential = -math.log1p(-uniforms(keys.ITEM, entity, keys.REVIEW)[2]) * 16 * HOUR
        got = oversight.patience(KEY, keys.ITEM, entity, packed(**DIRTY))
        assert got == pytest.approx(exponential, abs=1)
        fixed = packed(deadline=16.0, patience_law=Law.DETERMINISTIC)
        assert oversight.patience(KEY, keys.ITEM, entity, fixed) == 16 * HOUR
        for law in (Law.DETERMINISTIC, Law.EXPONENTIAL):
            never = packed(deadline=math.inf, patience_law=law)
            assert oversight.patience(KEY, keys.ITEM, entity, never) == NEVER
            at_once = packed(deadline=0.0, patience_law=law)
            assert oversight.patience(KEY, keys.ITEM, entity, at_once) == 0


def test_congestion_is_work_per_reviewer_up_to_one():
    p = packed(review_time=0.5, x_ref=8.0)
    assert oversight.congestion(0, 3, p) == 0.0
    for waiting in (1, 7, 48, 49, 5000):
        wanted = min(1.0, (waiting * 0.5 / 3) / 8.0)
        assert oversight.congestion(waiting, 3, p) == pytest.approx(wanted, rel=1e-15)
    assert oversight.congestion(48, 3, p) == 1.0
    assert oversight.congestion(47, 3, p) < 1.0


def test_occupied_is_longer_by_shrinkage_and_shorter_by_hurry():
    p = packed(delta=0.2, shrinkage=0.25)
    for hours, x in [(0.0, 0.5), (1.0, 0.0), (1.0, 1.0), (0.37, 0.6)]:
        wanted = hours * (1 - 0.2 * x) / 0.75 * 3.6e9
        assert oversight.occupied(hours, x, p) == pytest.approx(wanted, abs=0.51)
    assert oversight.occupied(1.0, 1.0, packed()) == HOUR


def test_catch_probability():
    p = packed(**DIRTY)
    for h in (-4.0, 0.0, 1.7):
        for x in (0.0, 0.4, 1.0):
            wanted = expit(1.1 - 0.8 * 1.3 * h - 1.4 * x)
            assert oversight.catch_probability(h, x, p) == pytest.approx(wanted, rel=1e-12)


def test_verdict_item_by_item():
    p, seen = packed(**DIRTY), set()
    for entity in range(600):
        u = uniforms(keys.ITEM, entity, keys.REVIEW)[1]
        h, x = norm.ppf((entity + 0.5) / 600), entity % 7 / 7
        caught = u < expit(1.1 - 0.8 * 1.3 * h - 1.4 * x)
        by_hand = oversight.MANUAL_WRONG if u < 0.22 else oversight.MANUAL_RIGHT
        wanted = {
            (items.CONFIDENCE, True): oversight.OVERTURNED if u < 0.12 else oversight.CONFIRMED,
            (items.CONFIDENCE, False): oversight.CAUGHT if caught else oversight.MISSED,
            (items.MANDATORY | items.VALUE, True): oversight.OVERTURNED if u < 0.12 else oversight.CONFIRMED,
            (items.EXCEPTION, True): by_hand,
            (items.EXCEPTION, False): by_hand,
            (items.EDGE, False): by_hand,
        }
        for (triggers, right), verdict in wanted.items():
            got = oversight.verdict(KEY, keys.ITEM, entity, p, triggers, right, h, x)
            assert got == verdict
            seen.add(got)
    assert seen == set(range(6))


@pytest.mark.parametrize(
    ("change", "triggers", "right", "wanted"),
    [
        ({"overturn": 0.0}, items.CONFIDENCE, True, oversight.CONFIRMED),
        ({"overturn": 1.0}, items.CONFIDENCE, True, oversight.OVERTURNED),
        ({"manual_error": 0.0}, items.EDGE, False, oversight.MANUAL_RIGHT),
        ({"manual_error": 1.0}, items.EXCEPTION, True, oversight.MANUAL_WRONG),
        ({"catch_intercept": 99.0}, items.VALUE, False, oversight.CAUGHT),
        ({"catch_intercept": -99.0}, items.VALUE, False, oversight.MISSED),
    ],
)
def test_certain_verdicts(change, triggers, right, wanted):
    p = packed(**change)
    got = {oversight.verdict(KEY, keys.ITEM, e, p, triggers, right, 0.0, 0.0) for e in range(300)}
    assert got == {wanted}


def test_waits_fall_into_the_bins_that_their_edges_say():
    edges = wait_edges()
    assert len(edges) == oversight.WAIT_BINS + 1
    assert (np.diff(edges) > 0).all()
    micro = [65536 * round(e * 3.6e9 / 65536) for e in edges]
    np.testing.assert_allclose(micro, edges * 3.6e9, rtol=1e-15)
    assert micro[:3] == [0, 65536, 131072]
    for i, edge in enumerate(micro[:-1]):
        assert oversight.wait_bin(edge) == i
        assert oversight.wait_bin(micro[i + 1] - 1) == i
    rng = np.random.default_rng(4)
    waits = np.exp(rng.uniform(0.0, math.log(1e6 * HOUR), 5000)).astype(np.int64)
    got = [oversight.wait_bin(w) for w in waits]
    np.testing.assert_array_equal(got, np.searchsorted(np.array(micro), waits, side="right") - 1)
    # From the first doubling on a bin is at most 1/16 of its lower edge wide.
    assert (np.diff(edges)[16:] <= edges[16:-1] / 16 * (1 + 1e-12)).all()
    assert edges[-1] > 100 * 8760  # hours: no simulation waits that long
