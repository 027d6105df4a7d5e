"""The search for break-even values on functions whose roots are known, with and without noise."""

import math

import numpy as np
import pytest
from scipy import stats

from simgap.analysis.breakeven import (
    EMPTY,
    Curve,
    at_whole_numbers,
    crossings,
    default_range,
    extended,
    finding,
    next_values,
    winners,
)
from simgap.analysis.statistics import fieller_ratio

E = math.e


def search(function, low, high, tolerance=0.01):
    """Return the curve, with function(values) -> (mean, half_width); checks what is asked for on the way."""
    curve, rounds = EMPTY, -1  # the start is none
    while asked := next_values(curve, low, high, tolerance):
        assert asked == sorted(set(asked) - set(curve.values.tolist()))
        assert low <= asked[0] <= asked[-1] <= high
        curve = extended(curve, asked, *function(np.array(asked)))
        rounds += 1
        assert curve.rounds == rounds < 60
    return curve


def exact(function, width=0.0):
    return lambda x: (function(x), np.full(len(x), width))


def paired(differences):
    """Mean and half-width at 95 % of paired differences of shape (n, values), by scipy."""
    half = stats.sem(differences) * stats.t.ppf(0.975, len(differences) - 1)
    return differences.mean(axis=0), half


KNOWN = {
    "line": (lambda x: x - 0.3137, [0.3137]),
    "falling": (lambda x: 0.9 - x, [0.9]),
    "cubic": (lambda x: (x - 0.3137) ** 3, [0.3137]),
    "steep at the end": (lambda x: np.exp(30 * x) - np.exp(30 * 0.97), [0.97]),
    "steep at the start": (lambda x: np.exp(-30 * x) - np.exp(-30 * 0.01), [0.01]),
    "flat, then high": (lambda x: x**9 - 0.9**9, [0.9]),
    "small, then large": (lambda x: np.where(x < 0.413, -1e-9, 1e3), [0.413]),
    "large, then small": (lambda x: np.where(x < 0.413, -1e3, 1e-9), [0.413]),
    "two": (lambda x: (x - 0.21) * (x - 0.77), [0.21, 0.77]),
    "three": (lambda x: np.cos(8 * x), np.pi / 16 * np.array([1, 3, 5])),
    "at a value of the grid": (lambda x: x * 3 - 1.0, [1 / 3]),
    "at the start": (lambda x: x, [0.0]),
    "at the end": (lambda x: x - 1.0, [1.0]),
    "none": (lambda x: x + 0.1, []),
    "flat": (lambda x: 0 * x + 2.0, []),
    "zero": (lambda x: 0 * x, []),
    "touches": (lambda x: (3 * x - 1.0) ** 2, []),
}


@pytest.mark.parametrize("tolerance", [0.03, 0.001])
@pytest.mark.parametrize("name", KNOWN)
def test_roots_are_found_to_within_the_tolerance(name, tolerance):
    function, roots = KNOWN[name]
    for low, high in ((0.0, 1.0), (-20.0, 60.0)):  # the same function on another scale
        scale = high - low
        curve = search(
            exact(lambda x, low=low, scale=scale: function((x - low) / scale)), low, high, tolerance
        )
        found = crossings(curve)
        values = [(c["value"] - low) / scale for c in found]
        assert values == pytest.approx(roots, abs=tolerance)
        for crossing, root in zip(found, roots, strict=True):
            assert crossing["ci95"] == [crossing["value"]] * 2  # nothing is uncertain
            inside = [min(1.0, max(0.0, root + s)) for s in (-1e-4, 1e-4)]
            assert crossing["falls"] == bool(np.subtract(*function(np.array(inside))) > 0)
        # Bisection of a start interval needs log2(1 / (3 tolerance)) values, one further is allowed.
        assert curve.rounds <= math.ceil(math.log2(1 / (3 * tolerance))) + 1


def test_smooth_functions_take_few_values():
    # Bisection to a ten-thousandth would take twelve rounds.
    for name, most in (("line", 2), ("falling", 2), ("two", 8), ("three", 6)):
        for width in (0.0, 0.02):
            assert search(exact(KNOWN[name][0], width), 0.0, 1.0, 1e-4).rounds <= most
    assert len(search(exact(KNOWN["line"][0], 0.02), 0.0, 1.0).values) <= 10
    # Where a value of the grid is the root there is nothing to narrow.
    for name in ("at a value of the grid", "at the start", "at the end"):
        assert search(exact(KNOWN[name][0]), 0.0, 1.0).rounds == 0


def test_the_start_is_an_even_grid_with_the_ends():
    assert next_values(EMPTY, 2.0, 5.0, 0.01) == [2.0, 3.0, 4.0, 5.0]


def test_nothing_is_asked_where_nothing_crosses_or_all_is_close():
    curve = Curve(np.arange(4.0), np.array([5.0, 4.0, 3.0, 2.0]), np.ones(4))
    assert next_values(curve, 0.0, 3.0, 0.01) == []
    curve = Curve(np.arange(4.0), np.array([2.0, 1.0, -1.0, -2.0]), np.full(4, 0.1))
    assert next_values(curve, 0.0, 3.0, 1 / 3) == []
    assert len(next_values(curve, 0.0, 3.0, 0.3)) == 1
    # The three lines ask for one value each, or for one together where these lie close.
    curve = Curve(np.arange(4.0), np.array([2.0, 1.0, -1.0, -2.0]), np.full(4, 0.5))
    step = 0.03 / 2.2
    assert next_values(curve, 0.0, 3.0, 0.01) == pytest.approx([1.25 + step, 1.5, 1.75 - step])
    for width, wanted in ((0.001, [1.299]), (0.01, [1.29, 1.30, 1.31])):
        curve = Curve(np.arange(4.0), np.array([2.0, 0.3, -0.7, -2.0]), np.full(4, width))
        assert next_values(curve, 0.0, 3.0, 0.01) == pytest.approx([x + step for x in wanted])


def test_ends_of_the_interval_are_followed_as_well():
    # Mean 4 - x with half-width 1 + x / 10: the lower end is zero at 3 / 1.1, the upper at 5 / 0.9.
    curve = search(lambda x: (4.0 - x, 1.0 + x / 10), 0.0, 10.0)
    (found,) = crossings(curve)
    assert found == {"value": pytest.approx(4), "ci95": pytest.approx([3 / 1.1, 5 / 0.9]), "falls": True}
    # Where the interval leaves the range it is open.
    (found,) = crossings(search(lambda x: (4.0 - x, 1.0 + x / 10), 0.0, 5.0))
    assert found["ci95"] == [pytest.approx(3 / 1.1), None]
    (found,) = crossings(search(lambda x: (4.0 - x, 1.0 + x / 10), 3.0, 9.0))
    assert found["ci95"] == [None, pytest.approx(5 / 0.9)]
    # The mean does not reach zero, its interval does: no crossing, and not shown throughout.
    curve = search(lambda x: (4.0 - x, 1.0 + x / 10), 0.0, 3.5)
    told = finding("data.missing", "a", "b", curve)
    assert (told["crossings"], told["ahead_throughout"], told["shown_throughout"]) == ([], "a", False)


def test_two_crossings_with_intervals_of_their_own_or_one_for_both():
    def function(x):
        return (x - 2.0) * (x - 6.0)  # least -4, at 4

    apart = crossings(search(exact(function, 3.0), 0.0, 12.0, 0.001))
    one, two = math.sqrt(1.0), math.sqrt(7.0)  # (x - 4)^2 = 4 -+ 3
    assert [c["ci95"] for c in apart] == [
        pytest.approx([4 - two, 4 - one], abs=0.02),
        pytest.approx([4 + one, 4 + two], abs=0.02),
    ]
    assert [c["falls"] for c in apart] == [True, False]
    together = crossings(search(exact(function, 5.0), 0.0, 12.0, 0.001))
    assert together[0]["ci95"] == together[1]["ci95"] == pytest.approx([1.0, 7.0], abs=0.02)


def test_one_trial_leaves_the_interval_open():
    curve = search(exact(lambda x: x - 0.4, math.nan), 0.0, 1.0)
    (found,) = crossings(curve)
    assert found == {"value": pytest.approx(0.4), "ci95": [None, None], "falls": False}
    assert finding("data.missing", "a", "b", curve)["curve"]["half_width"] == [None] * len(curve.values)


def test_a_plateau_at_zero_has_its_middle():
    curve = Curve(np.array([0.0, 1.0, 2.0, 4.0, 5.0]), np.array([3.0, 0, 0, 0, -1.0]), np.zeros(5))
    assert crossings(curve)[0]["value"] == 2.5
    assert len(crossings(curve)) == 1


def test_the_interval_of_a_line_is_fiellers():
    rng = np.random.default_rng(1)
    a, b = rng.normal(-3, 2, 50), rng.normal(1.0, 0.7, 50)
    wanted = fieller_ratio(-a, b)  # where a + b x = 0
    curve = search(lambda x: paired(a[:, None] + b[:, None] * x), 0.0, 8.0, 1e-4)
    (found,) = crossings(curve)
    assert found["value"] == pytest.approx(wanted["value"], abs=1e-3)
    assert found["ci95"] == pytest.approx(wanted["ci95"], abs=1e-3)


@pytest.mark.parametrize("shape", ["line", "curve", "falling"])
def test_the_interval_covers_the_true_value(shape):
    # At the true value the paired t-test is exact for normal differences, so 95 % of the intervals hold it.
    # Of 600 between 547 and 591: P(Binomial(600, 0.95) < 547 or > 591) = 4e-5. The search adds what the
    # tolerance leaves open, less than a hundredth of an interval here.
    rng = np.random.default_rng(2)
    function, truth = {
        "line": (lambda x: x - 4.0, 4.0),
        "curve": (lambda x: 6.0 * (np.log(x) - 1.0), E),
        "falling": (lambda x: 20.0 / x - 5.0, 4.0),
    }[shape]
    held = 0
    for _ in range(600):
        shift, tilt = rng.normal(0, 2.5, (25, 1)), rng.normal(0, 0.5, (25, 1))

        def trials(x, shift=shift, tilt=tilt):
            return paired(function(x) + shift + tilt * (x - truth))

        found = crossings(search(trials, 1.0, 12.0, 0.002))
        held += any(
            (c["ci95"][0] or -math.inf) <= truth <= (math.inf if c["ci95"][1] is None else c["ci95"][1])
            for c in found
        )
    assert 547 <= held <= 591


def test_what_a_search_found_as_json():
    told = finding("legacy.cost", "ready", "demo", search(exact(lambda x: x - 5.0, 0.5), 2.0, 11.0))
    assert (told["key"], told["a"], told["b"]) == ("legacy.cost", "ready", "demo")
    assert (told["low"], told["high"]) == (2.0, 11.0)
    assert told["ahead_throughout"] is None
    assert told["shown_throughout"] is False
    assert told["crossings"][0]["ci95"] == pytest.approx([4.5, 5.5])
    assert told["curve"]["mean"] == pytest.approx([v - 5.0 for v in told["curve"]["values"]])

    def ahead(function, width):
        told = finding("legacy.cost", "a", "b", search(exact(function, width), 0.0, 1.0))
        return told["ahead_throughout"], told["shown_throughout"]

    assert ahead(lambda x: x + 1.0, 0.5) == ("a", True)
    assert ahead(lambda x: -1.0 - x, 0.5) == ("b", True)
    assert ahead(lambda x: -1.0 - x, 1.5) == ("b", False)
    assert ahead(lambda x: 0 * x, 0.0) == (None, False)


@pytest.mark.parametrize(
    ("believed", "low", "high", "wanted"),
    [
        (4.0, 0.0, math.inf, (2.0, 8.0)),
        (0.7, 0.0, 1.0, (0.35, 1.0)),
        (-4.0, -math.inf, math.inf, (-8.0, -2.0)),
        (1, 1.0, 9.0, (1.0, 2.0)),
        ({"family": "uniform", "low": 10.0, "high": 20.0}, 0.0, math.inf, (10.1, 19.9)),
        ({"family": "uniform", "low": 10.0, "high": 20.0}, 12.0, 15.0, (12.0, 15.0)),
        ({"family": "discrete", "values": [1.0, 4.0], "probabilities": [0.5, 0.5]}, 0.0, 9.0, (1.0, 4.0)),
        ({"family": "discrete", "values": [1.0, 4.0], "probabilities": [0.995, 0.005]}, 0.0, 3.0, (1.0, 3.0)),
        (
            {"family": "normal", "mean": 5.0, "sd": 2.0},
            -math.inf,
            math.inf,
            (5 - 2 * 2.3263479, 5 + 2 * 2.3263479),
        ),
    ],
)
def test_the_range_where_none_is_stated(believed, low, high, wanted):
    assert default_range(believed, low, high) == pytest.approx(wanted)


@pytest.mark.parametrize(("believed", "low", "high"), [(0.0, 0.0, 1.0), (4.0, 0.0, 2.0), (1.0, 9.0, 10.0)])
def test_no_range_is_said(believed, low, high):
    with pytest.raises(ValueError, match="no range"):
        default_range(believed, low, high)


def test_winners_on_a_map():
    # Pure noise: all portfolios equal at each point, so a lead is shown in at most 5 % of 400 points;
    # P(Binomial(400, 0.05) > 42) = 5e-6.
    rng = np.random.default_rng(3)
    npv = rng.normal(size=(15, 401, 3)) + 3 * rng.normal(size=(15, 401, 1))
    npv[:, 400] += [0.0, 0.0, 9.0]
    winner, shown = winners(npv)
    assert winner.tolist() == npv.mean(axis=0).argmax(axis=1).tolist()
    assert 0 < shown[:400].sum() <= 42
    assert (winner[400], shown[400]) == (2, True)
    for p in range(50):
        lead = [
            stats.ttest_rel(npv[:, p, winner[p]], npv[:, p, j], alternative="greater").pvalue
            for j in range(3)
            if j != winner[p]
        ]
        assert shown[p] == (max(lead) < 0.025)
    assert not winners(npv[:1])[1].any()
    same = winners(np.ones((5, 2, 2)))
    assert (same[0].tolist(), same[1].tolist()) == ([0, 0], [False, False])


def test_a_whole_number_is_what_was_simulated():
    """Rounded up, as the simulation does it: the difference passes zero between 3 and 4, not at 3.01."""
    values = np.array([1.0, 2.4, 2.97, 3.02, 4.4])
    curve = Curve(values, np.array([-3.0, -1.0, -1.0, 1.0, 2.0]), np.full(5, 0.5), 2)
    whole = at_whole_numbers(curve)
    assert (whole.values.tolist(), whole.mean.tolist()) == ([1.0, 3.0, 4.0, 5.0], [-3.0, -1.0, 1.0, 2.0])
    assert crossings(whole) == [{"value": 3.5, "ci95": [3.25, 3.75], "falls": False}]
    few = Curve(np.array([1.2, 1.8]), np.zeros(2), np.ones(2))
    assert at_whole_numbers(few) is few
