"""Pilot designs: counts by hand, the normal model in closed form, and what has no interval."""

import json
import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from simgap.analysis.gate import Design, _success_difference, design, gate, haircut, hurdle
from simgap.analysis.hurdle import decided_without, mean_gain, resampled
from simgap.analysis.regression import local_linear
from simgap.analysis.statistics import rank_correlations, summarise, wilson

# promise = theta + BIAS + noise, delivered = theta, stopping is worth STOP; go where the promise is above 0.
MEAN, SD, BIAS, NOISE, STOP = -0.3, 1.0, 1.0, 0.8, -0.1
TOTAL = math.hypot(SD, NOISE)
SLOPE = (SD / TOTAL) ** 2


def of(promise, delivered, stopped, go, success=None, name="demo", cost=1.0, months=2.0):
    """Return a design of lists."""
    promise, delivered, go = np.array(promise, float), np.array(delivered, float), np.array(go, bool)
    n = len(promise)
    success = delivered > 0.5 if success is None else np.array(success, bool)
    constant = [np.full(n, float(value)) for value in (stopped, cost, months, months + 1.0)]
    return Design(name, promise, delivered, constant[0], go, success, *constant[1:])


def normal(seed, n, name="demo", noise=NOISE):
    rng = np.random.default_rng([n, seed])
    theta = rng.normal(MEAN, SD, n)
    promise = theta + BIAS + rng.normal(0.0, noise, n)
    return of(promise, theta, STOP, promise > 0.0, name=name)


SIX = of(
    promise=[5, 4, -1, 3, -2, 6],
    delivered=[2, -3, 1, -1, -4, -2],
    stopped=-1,
    go=[1, 1, 0, 1, 0, 1],
    success=[1, 0, 1, 0, 0, 0],
    cost=3,
    months=4,
)


def test_six_futures_by_hand():
    found = design(SIX, 1)
    assert (found["name"], found["cost"], found["length_months"], found["go_live_month"]) == ("demo", 3, 4, 5)
    # Going is worth more in futures 1 and 3; in future 4 it is worth the same, which is not more.
    assert found["table"] == {"go_worth": 1, "go_not_worth": 3, "stop_worth": 1, "stop_not_worth": 1}
    assert found["p_go"] == 4 / 6
    assert found["p_success_given_go"] == 1 / 4
    assert found["worth_going"] == 2 / 6
    assert found["false_go"] == 3 / 6
    assert found["false_stop"] == 1 / 6
    for key, count, whole in (
        ("p_go", 4, 6),
        ("p_success_given_go", 1, 4),
        ("worth_going", 2, 6),
        ("false_go", 3, 6),
        ("false_stop", 1, 6),
    ):
        assert found[f"{key}_ci95"] == list(wilson(count, whole))
    assert found["promise"]["mean"] == 15 / 6
    assert found["delivered"] == found["value_always_go"] == summarise(SIX.delivered)
    assert found["realised_if_go"] == summarise(np.array([2.0, -3.0, -1.0, -2.0]))
    assert found["stopped"]["mean"] == found["value_never_go"]["mean"] == -1
    assert found["value"] == summarise(np.array([2.0, -3.0, -1.0, -1.0, -1.0, -2.0]))
    assert found["value_perfect"]["mean"] == pytest.approx((2 - 1 + 1 - 1 - 1 - 1) / 6)
    error = summarise(np.array([3.0, 7.0, -2.0, 4.0, 2.0, 8.0]))
    rank = rank_correlations(SIX.promise[:, None], SIX.delivered)[0].tolist()
    assert found["promise_error"] == {
        "bias": error["mean"],
        "bias_ci95": error["ci95"],
        "spread": error["sd"],
        "rank_correlation": rank[0],
        "rank_correlation_ci95": rank[1:],
    }
    assert found["hurdle"]["value"] is found["hurdle"]["gain"] is found["hurdle"]["p_go"] is None
    assert found["haircut"]["example"] is None


def test_the_normal_model_in_closed_form():
    # Each share is within 4.5 sd of its probability, each mean within 4.5 standard errors: nine comparisons,
    # false alarm 6e-5.
    n = 4000
    found = design(normal(1, n), 1)
    joint = multivariate_normal([MEAN + BIAS, MEAN], [[TOTAL**2, SD**2], [SD**2, SD**2]])
    stops = norm.cdf(0.0, MEAN + BIAS, TOTAL)
    not_worth = norm.cdf(STOP, MEAN, SD)
    stop_not_worth = joint.cdf([0.0, STOP])
    success = (norm.sf(0.5, MEAN, SD) - (stops - joint.cdf([0.0, 0.5]))) / (1.0 - stops)
    shares = {
        "p_go": (1.0 - stops, n),
        "worth_going": (1.0 - not_worth, n),
        "false_go": (not_worth - stop_not_worth, n),
        "false_stop": (stops - stop_not_worth, n),
        "p_success_given_go": (success, n * (1.0 - stops)),
    }
    for key, (p, of_all) in shares.items():
        assert found[key] == pytest.approx(p, abs=4.5 * math.sqrt(p * (1.0 - p) / of_all)), key
    # E[theta 1{promise > 0}] by the regression of theta on the promise.
    cut = -(MEAN + BIAS) / TOTAL
    going = MEAN * norm.sf(cut) + SLOPE * TOTAL * norm.pdf(cut)
    knowing = STOP * not_worth + MEAN * (1.0 - not_worth) + SD * norm.pdf((STOP - MEAN) / SD)
    error = math.hypot(SD, 1.0) / math.sqrt(n)  # more than any sd below
    assert found["value"]["mean"] == pytest.approx(going + STOP * stops, abs=4.5 * error)
    assert found["value_perfect"]["mean"] == pytest.approx(knowing, abs=4.5 * error)
    assert found["promise_error"]["bias"] == pytest.approx(BIAS, abs=4.5 * error)
    assert found["promise_error"]["spread"] == pytest.approx(NOISE, rel=4.5 / math.sqrt(2 * n))
    rank = 6 / math.pi * math.asin(SD / TOTAL / 2)
    low, high = found["promise_error"]["rank_correlation_ci95"]
    assert low - (high - low) < rank < high + (high - low)


def test_the_haircut_of_the_normal_model():
    # Within two half-widths, or 3.9 standard errors: false alarm 6e-3 even if 60 errors were independent, and
    # they are nearly one.
    d = normal(2, 2000)
    curve = mean_gain(d.promise, d.delivered - d.stopped)
    found = haircut(d.promise, d.delivered, curve)
    at, worth, low, high = (np.array(found[key]) for key in ("promise", "worth", "low", "high"))
    assert len(at) == 60
    np.testing.assert_allclose(np.diff(at), (at[-1] - at[0]) / 59)
    rising = np.sort(d.promise)
    assert (at[0], at[-1]) == pytest.approx((rising[20], rising[1979]))
    truth = MEAN + SLOPE * (at - BIAS - MEAN)
    assert all(found["enough"])
    assert (np.abs(worth - truth) < 2.0 * (high - low) / 2.0).all()
    assert (low < worth).all()
    assert (worth < high).all()
    assert found["enough_from"] == curve.points[0]
    assert found["enough_to"] == curve.points[-1]
    assert found["span"] == curve.span
    assert found["constant"] is False
    example = found["example"]
    assert example["promise"] == round(float(np.median(d.promise)), 1) == 0.6
    assert example["worth"] == pytest.approx(np.interp(0.6, at, worth), abs=1e-3)
    assert example["ci95"] == pytest.approx([np.interp(0.6, at, low), np.interp(0.6, at, high)], abs=1e-3)


def test_what_can_be_read_and_how_wide_the_windows_are():
    d = normal(3, 100)
    # A wavy gain has narrow windows, and the haircut has the same, whatever is delivered.
    curve = mean_gain(d.promise, np.sin(6.0 * d.promise))
    found = haircut(d.promise, d.delivered, curve)
    at = np.array(found["promise"])
    fit = local_linear(d.promise, d.delivered, at, curve.span)
    assert found["worth"] == fit.value.tolist()
    assert [found["low"], found["high"]] == [fit.low.tolist(), fit.high.tolist()]
    assert found["enough"] == fit.enough.tolist()
    assert local_linear(d.promise, d.delivered, at).span != curve.span
    readable = np.append(curve.points, at[fit.enough])
    assert [found["enough_from"], found["enough_to"]] == [readable.min(), readable.max()]
    assert at[0] < found["enough_from"] < curve.points[0]
    assert at[-1] > found["enough_to"]


def test_the_example_is_as_round_as_the_data_allow():
    rng = np.random.default_rng(3)
    for centre, expected in ((748_300.0, 748_000.0), (752.4e3, 752_000.0)):
        promise = rng.permutation(np.linspace(centre - 700.0, centre + 700.0, 400))
        found = haircut(promise, promise, mean_gain(promise, promise))
        assert found["example"]["promise"] == expected
        assert found["example"]["worth"] == pytest.approx(expected)
    promise = np.linspace(7483.2, 7483.4, 401)
    assert haircut(promise, promise, mean_gain(promise, promise))["example"]["promise"] == promise[200]


def test_the_hurdle_of_the_normal_model():
    # The hurdle's sd is 0.05 with 1,000 trials (see its own tests): bound 4.5 sd with 1,500.
    d = normal(4, 1500)
    found = design(d, 5)["hurdle"]
    truth = BIAS + MEAN + (STOP - MEAN) / SLOPE
    assert (found["rule"], found["read"]) == ("above", True)
    assert found["promise"] == pytest.approx(truth, abs=0.2)
    low, high = found["low"], found["high"]
    assert low["rule"] == high["rule"] == "above"
    again = np.sort(resampled(mean_gain(d.promise, d.delivered - d.stopped), 5))
    assert [low["promise"], high["promise"]] == again[[9, 389]].tolist()
    assert 0.02 < found["promise"] - low["promise"] < 0.3
    assert 0.02 < high["promise"] - found["promise"] < 0.3
    assert found["p_always"] == found["p_never"] == 0.0
    go = decided_without(d.promise, d.delivered - d.stopped, mean_gain(d.promise, d.delivered - d.stopped))
    assert found["p_go"] == go.mean()
    assert found["value"] == summarise(np.where(go, d.delivered, STOP))
    assert found["gain"] == summarise(np.where(go, d.delivered, STOP) - np.where(d.go, d.delivered, STOP))
    # Above 0 the file goes too often: by a better hurdle it is worth 0.1 more, known to within 0.04.
    assert found["gain"]["ci95"][0] > 0.0
    curve = mean_gain(d.promise, d.delivered - d.stopped)
    assert hurdle(d, curve, 5) == found
    assert hurdle(d, curve, 6) != found


@pytest.mark.parametrize(("level", "rule"), [(9.0, "always"), (-9.0, "never")])
def test_hurdles_without_end(level, rule):
    d = normal(5, 300)
    d = d._replace(delivered=d.delivered + level)
    found = design(d, 1)["hurdle"]
    end = {"rule": rule, "promise": None}
    assert {key: found[key] for key in end} == found["low"] == found["high"] == end
    assert (found["p_always"], found["p_never"]) == ((1.0, 0.0) if level > 0 else (0.0, 1.0))
    assert found["p_go"] == float(level > 0)
    assert found["value"]["mean"] == pytest.approx(d.delivered.mean() if level > 0 else STOP)


def test_a_hurdle_open_at_one_end():
    # The curve crosses zero near the end of the data: among resampled ones some never do.
    rng = np.random.default_rng(6)
    promise = rng.normal(size=300)
    d = of(promise, 0.35 * promise - 0.6 + rng.normal(size=300), 0.0, promise > 0)
    found = design(d, 1)["hurdle"]
    assert 0.025 < found["p_never"] < 0.975
    assert found["high"] == {"rule": "never", "promise": None}
    assert found["low"]["rule"] == "above"


def test_pairs_are_paired():
    a, b = normal(7, 500), normal(7, 500, "ready", 0.1)
    found = gate([a, b], 1)
    pair = found["pairs"][0]
    value = [np.where(d.go, d.delivered, STOP) for d in (a, b)]
    assert (pair["a"], pair["b"]) == ("demo", "ready")
    assert pair["difference"] == summarise(value[0] - value[1])
    assert pair["p_a_better"] == (value[0] > value[1]).mean()
    assert pair["p_equal"] == (value[0] == value[1]).mean() > 0.3
    assert pair["shown"] is (not pair["difference"]["ci95"][0] <= 0.0 <= pair["difference"]["ci95"][1])
    assert [d["name"] for d in found["designs"]] == ["demo", "ready"]


def shifted(d, name, by):
    return d._replace(name=name, delivered=d.delivered + by, stopped=d.stopped + by)


def test_differences_are_shown_either_way_or_not_at_all():
    base = normal(8, 100)
    noise = np.random.default_rng(8).normal(size=100)
    designs = [
        base,
        shifted(base, "more", noise + 1),
        shifted(base, "less", noise - 1),
        shifted(base, "as", noise),
    ]
    shown = {(p["a"], p["b"]): p["shown"] for p in gate(designs, 1)["pairs"]}
    assert len(shown) == 6
    assert [shown["demo", other] for other in ("more", "less", "as")] == [True, True, False]
    assert shown["more", "less"]
    same = gate([base, base._replace(name="twin")], 1)["pairs"][0]
    assert (same["shown"], same["p_equal"], same["p_a_better"]) == (False, 1.0, 0.0)
    assert same["success_difference"]["value"] == 0.0


def test_the_best_design_and_none():
    base = normal(9, 50)
    good, better = shifted(base, "good", 3.0), shifted(base, "better", 4.0)
    assert gate([good, better], 1)["best"] == gate([better, good], 1)["best"] == "better"
    assert gate([shifted(base, "bad", -9.0)], 1)["best"] is None
    assert gate([shifted(base, "bad", -9.0), good], 1)["best"] == "good"


def successes(name, went, won, before, n):
    """Return a design of which so many trials go after so many that do not, and the first succeed."""
    number = np.arange(n)
    go = (number >= before) & (number < before + went)
    return of(np.zeros(n), np.zeros(n), 0.0, go, success=go & (number < before + won), name=name)


def test_difference_of_success_without_overlap_is_newcombes():
    # Newcombe 1998, *Statistics in Medicine* 17, 873-890, method 10: 56 / 70 - 48 / 80 is 0.0524 to 0.3339.
    designs = [successes("a", 70, 56, 0, 150), successes("b", 80, 48, 70, 150)]
    found = gate(designs, 1)["pairs"][0]["success_difference"]
    assert found["value"] == pytest.approx(0.2)
    assert found["ci95"] == pytest.approx([0.0524, 0.3339], abs=5e-5)
    turned = gate(designs[::-1], 1)["pairs"][0]["success_difference"]
    assert turned["ci95"] == pytest.approx([-0.3339, -0.0524], abs=5e-5)


def test_difference_of_success_counts_the_overlap():
    # All go under both designs; b succeeds where a does, and in 10 futures more of 200.
    a, b = successes("a", 200, 60, 0, 200), successes("b", 200, 70, 0, 200)
    found = gate([b, a], 1)["pairs"][0]["success_difference"]
    half = (found["ci95"][1] - found["ci95"][0]) / 2
    assert found["value"] == pytest.approx(0.05)
    assert half == pytest.approx(1.96 * math.sqrt(0.05 * 0.95 / 200), rel=0.1)
    assert found["ci95"][0] > 0.0


@pytest.mark.parametrize("chances", [(0.1, 0.03, 100), (0.5, 0.4, 60)])
def test_coverage_of_the_difference_of_success(chances):
    # 97 and 95 % by 2,000 studies; 300 studies: sd at most 1.3 points, bound 4 sd away, false alarm 1e-4.
    high, low, n = chances
    held = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        common = rng.normal(size=n)
        designs = [
            of(
                np.zeros(n),
                np.zeros(n),
                0.0,
                rng.random(n) < share,
                success=0.7 * common + math.sqrt(0.51) * rng.normal(size=n) < norm.ppf(p),
            )
            for p, share in ((high, 0.8), (low, 0.6))
        ]
        ends = _success_difference(*designs)["ci95"]
        held += ends[0] <= high - low <= ends[1]
    assert held > 270


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 30, 100])
@pytest.mark.parametrize("kind", ["normal", "all go", "none go", "constant", "ties", "nothing happens"])
def test_what_has_no_interval_has_none(n, kind):
    d = normal(10, n)
    if kind == "all go":
        d = d._replace(go=np.ones(n, bool))
    elif kind == "none go":
        d = d._replace(go=np.zeros(n, bool))
    elif kind == "constant":
        d = d._replace(promise=np.full(n, 2.0))
    elif kind == "ties":
        d = d._replace(promise=np.round(d.promise), delivered=np.round(d.delivered))
    elif kind == "nothing happens":
        d = of(np.zeros(n), np.zeros(n), 0.0, np.zeros(n))
    found = gate([d, d._replace(name="other", go=~d.go)], 1)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    first = found["designs"][0]
    assert (first["value"]["ci95"] is None) == (n == 1)
    assert (first["realised_if_go"] is None) == (not d.go.any())
    assert (first["p_success_given_go"] is None) == (not d.go.any())
    assert (first["p_success_given_go_ci95"] is None) == (not d.go.any())
    assert n >= 10 or first["hurdle"]["value"] is None
    both = d.go.any() and not d.go.all()
    assert (found["pairs"][0]["success_difference"] is None) == (not both)
    assert first["haircut"]["constant"] == (n > 1 and kind in ("constant", "nothing happens"))
    assert (first["hurdle"]["low"] is None) == (not first["hurdle"]["read"])
    if n < 20 or kind in ("constant", "nothing happens"):
        assert not first["hurdle"]["read"]
        assert not any(first["haircut"]["enough"])
        assert first["haircut"]["enough_from"] is first["haircut"]["example"] is None
        assert first["promise_error"]["rank_correlation"] is None or n > 3
    assert sum(first["table"].values()) == n


def test_designs_must_be_paired_and_have_trials():
    with pytest.raises(ValueError, match="paired"):
        gate([normal(1, 5), normal(1, 6)], 1)
    with pytest.raises(ValueError, match="at least one"):
        design(of([], [], 0.0, []), 1)
