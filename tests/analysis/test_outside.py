"""The outside view: numbers by hand, and intervals by their coverage."""

import math

import numpy as np
import pytest

from simgap.analysis.outside import (
    effective,
    inside,
    outside_view,
    own,
    quantile_interval,
    quantiles,
    share,
    verdict,
)
from simgap.analysis.statistics import PERCENTILE_METHOD, wilson
from simgap.scenario.outside import APPLIES

OVER = {"outcome": "realised", "relation": ">=", "value": 0.8, "of": "projected"}
POSITIVE = {"outcome": "npv", "relation": ">", "value": 0.0, "of": None}
NAN = math.nan


def held(value, weight=(), projected=None, cost=()):
    signs = [1.0] * len(value) if projected is None else projected
    return {
        "value": list(value), "projected": signs, "cost": list(cost), "duration": [], "weight": list(weight)
    }  # fmt: skip


def test_equal_weights_give_the_percentiles_of_all_summaries():
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 8, 50):
        values = rng.lognormal(size=n)
        want = np.percentile(values, [10, 50, 90], method=PERCENTILE_METHOD)
        for weight in (1.0, 7.5):
            got = quantiles(values, np.full(n, weight), [0.1, 0.5, 0.9])
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_weights_by_hand():
    values, weights = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0])
    assert effective(weights) == 16 / 6
    assert effective(weights * 1e-300) == pytest.approx(16 / 6)  # their squares are 0
    # Places: (cumulative - half + 1/6) / (n + 1/3) with weights that sum to n = 8/3, so 2/3, 2/3, 4/3.
    places = np.array([1 / 3 + 1 / 6, 1 + 1 / 6, 2 + 1 / 6]) / 3
    middle = 2 + 2 * (0.5 - places[1]) / (places[2] - places[1])
    assert quantiles(values, weights, [0.5])[0] == pytest.approx(middle)
    # Only proportions count, and not the order in which the projects stand.
    assert quantiles(values, 7.0 * weights, [0.5])[0] == pytest.approx(middle)
    assert share(values > 1.0, 7.0 * weights)[1] == pytest.approx(share(values > 1.0, weights)[1])
    assert quantiles(values[::-1], weights[::-1], [0.5])[0] == pytest.approx(middle)
    assert share(values > 1.0, weights)[0] == 0.75
    assert share(values > 1.0, weights)[1] == wilson(0.75 * 16 / 6, 16 / 6)


@pytest.mark.parametrize(
    ("n", "rank", "low", "high"),
    [
        (5, 0.5, None, None),  # 2 x 0.5^5 = 6.3 %: too few for any interval
        (6, 0.5, 1, 6),  # 2 x 0.5^6 = 3.1 %
        (10, 0.5, 2, 9),  # P(B <= 1) = 1.1 %, P(B <= 2) = 5.5 %
        (20, 0.5, 6, 15),  # P(B <= 5) = 2.1 %: the textbook's interval
        (10, 0.9, 7, None),  # P(B <= 6 of 10 at 0.9) = 1.3 %
        (40, 0.1, 1, 9),  # 0.9^40 = 1.5 %; P(B >= 9) = 1.6 %, P(B >= 8) = 4.2 %
    ],
)
def test_order_statistics_by_hand(n, rank, low, high):
    values = np.arange(1.0, n + 1.0)
    assert quantile_interval(values[::-1], np.ones(n), rank) == (low, high)
    assert quantile_interval(values, np.full(n, 3.0), rank) == (low, high)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_intervals_of_quantiles_cover(weighted):
    """2,000 samples of 30: at 95 % fewer than 93.5 % covered has a chance of 0.2 %; seed fixed."""
    rng = np.random.default_rng(7)
    rank, truth = 0.5, 1.0  # median of a standard lognormal
    n, covered = 30, 0
    for _ in range(2000):
        weights = rng.uniform(0.5, 2.0, n) if weighted else np.ones(n)
        low, high = quantile_interval(rng.lognormal(size=n), weights, rank)
        covered += (low is None or low <= truth) and (high is None or truth <= high)
    assert 0.935 <= covered / 2000 <= 0.99


def test_a_class_by_hand():
    found = own(held([0.2, 0.5, None, 0.9, 1.1], projected=[1.0, 1.0, -1.0, 1.0, 1.0]), 0.9, 200.0, OVER)
    value = found["value"]
    assert (found["projects"], found["not_positive"], value["n"], value["unknown"]) == (5, 1, 4, 0)
    assert value["p50"] == 0.7
    assert value["realised"]["p50"] == pytest.approx(140.0)
    assert value["p_short"] == 0.75
    assert value["p_success"] == 0.5
    assert value["p_success_ci95"] == wilson(2, 4)
    assert value["forecast_above"] == 0.625  # two below, and half of the one that it equals
    assert value["verdict"] == "few"
    assert found["cost"] is None
    assert found["duration"] is None


@pytest.mark.parametrize(
    ("criterion", "projected", "want"),
    [
        (POSITIVE, 100.0, 0.75),
        (POSITIVE | {"relation": ">="}, 100.0, 1.0),
        (POSITIVE | {"value": 50.0}, 100.0, 0.25),  # of a board figure of 100 more than 0.5
        (POSITIVE | {"value": 50.0}, 1000.0, 0.75),
        (OVER, 100.0, 0.25),
        (OVER | {"value": 0.5}, 100.0, 0.5),
        (OVER | {"value": 0.5, "relation": ">"}, 100.0, 0.25),
    ],
)
def test_success_by_the_criterion_of_the_file(criterion, projected, want):
    assert own(held([0.0, 0.2, 0.5, 1.0]), 0.3, projected, criterion)["value"]["p_success"] == want


def test_a_forecast_beyond_nine_in_ten_is_called_so():
    ratios = np.linspace(0.05, 1.0, 20)
    assert own(held(ratios), 0.96, 1.0, OVER)["value"]["verdict"] == "optimistic"
    assert own(held(ratios), 0.06, 1.0, OVER)["value"]["verdict"] == "pessimistic"
    assert own(held(ratios), 0.5, 1.0, OVER)["value"]["verdict"] == "within"
    found = [verdict(x, 50.0) for x in (0.9, 0.91, 0.1, 0.09)]
    assert found == ["within", "optimistic", "within", "pessimistic"]
    assert [verdict(x, 9.9) for x in (0.0, 0.5, 1.0)] == ["few"] * 3  # 9 in 10 takes ten


def test_without_a_positive_board_figure_the_forecast_has_no_place():
    assert inside(np.array([1.0, 2.0]), 0.0) is None
    value = own(held([0.5, 1.0]), None, -3.0, OVER)["value"]
    assert value["p50"] == 0.75
    assert value["p_success"] is value["forecast_above"] is value["verdict"] is value["realised"] is None


def test_what_a_class_does_not_tell_is_counted():
    found = own(held([], projected=[], cost=[1.2, None, 1.4]), 0.5, 1.0, OVER)
    assert found["value"] is None
    assert (found["projects"], found["cost"]["n"], found["cost"]["unknown"]) == (3, 2, 1)
    none = own(held([None, None], projected=[-1.0, 0.0]), 0.5, 1.0, OVER)
    assert (none["projects"], none["not_positive"], none["value"]) == (2, 2, None)


def resolved(names=(), classes=()):
    leaf = {"outside_view.class": {"value": list(names)}}
    return {"parameters": leaf, "classes": dict(classes), "success": OVER}


def test_a_file_without_an_outside_view_has_none():
    lifts = dict.fromkeys(APPLIES, 0.0)
    one = np.array([1.0, 3.0]), np.array([2.0, 2.0])
    assert outside_view(resolved(), *one, lifts) is None
    lifted = outside_view(resolved(), *one, lifts | {"outside_view.uplift": 0.4})
    assert lifted["uplifts"] == {"uplift": 0.4, "uplift_monthly": 0.0, "uplift_delay": 0.0}
    assert lifted["classes"] == []
    both = outside_view(resolved(["p.csv", "chaos-1994"], {"p.csv": held([0.5])}), *one, lifts)
    assert [c["kind"] for c in both["classes"]] == ["own", "published"]
    assert both["forecast"]["p50"] == 1.0  # median 2 over the board's 2
    assert both["classes"][1]["figures"] == [
        {"what": "share on time, on budget, with all features", "value": 0.162, "kind": "success"}
    ]
