"""Figures of `compare` and `gate`: artists carry the data given, titles say it, no text covers another."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.patches import Rectangle
from reading import CAPTION, faults, texts, words

from simgap.analysis.breakeven import Curve, at_whole_numbers, finding
from simgap.plots import breakeven, difference, frontier, haircut, promise, style, value_over_time, winners
from simgap.results.comparison import Comparison
from simgap.scenario.outside import APPLIES

RNG = np.random.default_rng(20260501)
LONG = "every investment that is on the list, in the order of its price"
CAPITALS = "WITHOUT A SMALL LETTER, AND WIDE: MMWW"
DIFFERENCE = RNG.normal(3.1e5, 5.5e5, 1000)
WILD = RNG.standard_t(1.1, 1000) * 1e5
INFINITE = [math.inf, -math.inf, math.nan]


def percentile(values, rank):
    """Median-unbiased percentiles along the first axis (Hyndman & Fan 1996, definition 8)."""
    return np.percentile(values, rank, axis=0, method="median_unbiased")


def interval(values):
    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    return [values.mean() - half, values.mean() + half]


def against(values, ci95="known", names=("ready", "demo")):
    values = np.asarray(values, dtype=float)
    return difference, 0, (values, *names, interval(values) if ci95 == "known" else ci95, "EUR")


def portfolios(count, spread=5e5, names=None):
    """Portfolios made of six investments; of 64 every one there is."""
    random = np.random.default_rng(1)
    bits = np.array([[s >> b & 1 for b in range(6)] for s in range(64)])
    bits = np.vstack([bits[:1], random.permutation(bits[1:])])[:count]
    cost = bits @ random.uniform(3e4, 3e5, 6)
    mean = -1.2e5 + bits @ random.normal(1.5e5, 2e5, 6) - 8e3 * bits.sum(1) ** 2
    names = names or ["+".join(np.array(list("abcdef"))[row == 1]) or "nothing" for row in bits]
    return (
        frontier,
        0,
        (
            names,
            cost,
            mean,
            mean - spread,
            mean + spread,
            1 / (1 + np.exp(mean / 2e5)),
            int(mean.argmax()),
            "EUR",
        ),
    )


def few(names, *columns, best=0):
    return frontier, 0, (names, *(np.array(c, dtype=float) for c in columns), best, "EUR")


def paths(count, once, start, rate, spread, months=36):
    m = np.arange(months + 1)
    rates = rate * (1 + spread * RNG.normal(size=(count, 1)))
    return np.cumsum(np.where(m == 0, -once, np.where(m < start, -2e4, rates)) * 1.08 ** (-m / 12), axis=1)


READY, DEMO = paths(500, 3.5e5, 9, 6e4, 0.5), paths(500, 8e4, 4, 2.8e4, 1.1)


def over_time(first, second, names=("ready", "demo")):
    return value_over_time, 0, (np.asarray(first, float), np.asarray(second, float), names, "EUR")


def design(name, count, promised, delivered, go=None):
    p = RNG.normal(promised, 5e5, count)
    return name, p, delivered + 0.4 * (p - promised) + RNG.normal(0, 4e5, count), p > 0 if go is None else go


def designs(*given):
    return promise, len(given), (list(given), "EUR")


def curve(name="demo", low=-2e5, high=3.5e6, hurdle=1.73e6, slope=0.3, start=-6e5, count=40, **more):
    p = np.linspace(low, high, count)
    u = np.linspace(0, 1, count)
    worth, half = start + slope * p, 4e4 * (1 + 24 * (u - 0.5) ** 2)
    given = {"name": name, "promise": p, "worth": worth, "low": worth - half, "high": worth + half}
    return {**given, "enough": (u > 0.1) & (u < 0.9), "hurdle": hurdle, "stop_value": -8e4, **more}


def curves(*given):
    return haircut, len(given), (list(given), "EUR")


DOSE, REVIEW = np.linspace(0, 1.5, 16), np.linspace(0, 1, 11)
MARKS = [("pilot", 0.0, 0.05), ("production", 1.0, 0.1), ("far", 9.0, 0.1)]


def area(
    count, names=None, x=DOSE, y=REVIEW, noise=0.0, marks=MARKS, labels=("dose of data", "review share")
):
    """Each choice wins where its own centre is nearest."""
    random = np.random.default_rng(3)
    grid = np.array(np.meshgrid(x / DOSE[-1], y / REVIEW[-1]))
    centres = random.uniform(0, 1, (count, 2, 1, 1))
    far = np.sqrt(((grid - centres) ** 2).sum(1)) + noise * random.normal(size=(count, len(y), len(x)))
    near = np.sort(far, axis=0)
    shown = near[1] - near[0] > 0.07 if count > 1 else np.ones(far.shape[1:], bool)
    names = names or [f"choice {i}" for i in range(count)]
    return winners, far.argmin(0), (x, y, far.argmin(0), shown, names, *labels, marks)


def panel(key, first, last, low=0.0, high=1.0, now=None, count=7, label=None, **more):
    values, mean = np.linspace(low, high, count), np.linspace(first, last, count)
    value = low + (high - low) * first / (first - last) if first * last < 0 else None
    flips = [] if value is None else [flip(value, value - 0.1, value + 0.1)]
    given = {"key": key, "label": label or f"{key} (share)", "values": values, "mean": mean}
    return {**given, "half_width": np.full(count, 6e4), "flips": flips, "now": now, "whole": False, **more}


def flip(value, low=None, high=None):
    return {"value": value, "low": low, "high": high}


PANELS = [
    panel("data.missing", 4e5, -2e5, 0.0, 60.0, (10.0, 45.0)),
    panel("governance.mandatory_review", 3e5, 1e5, now=(0.1, 0.3)),
    panel(
        "workflows.claims.error_cost", -1e5, 5e5, 1e3, 9e4, (5e3, 9e3), flips=[flip(15833.3, None, 15833.4)]
    ),
    panel("oversight.time", 2e5, 2.6e5, 1.0, 12.0),
    panel("workflows.claims.value_classes.of_a_kind@production", 2e5, -3e4, 1e-4, 9e-4, (2e-4, 3e-4)),
    panel("drift.rate", 2e5, -1e5, 0.0, 2.0, (0.0, 1.9), flips=[flip(4 / 3)]),
]


WAVE = np.array([-2e5, 1e5, 3e5, 1e5, -1e5, 2e5, 4e5])
NONE_BELIEVED = ", none of them within what is believed today"
TWO, THREE = [flip(0.1, 0.05, 0.15), flip(0.9, 0.85)], [flip(0.111), flip(0.58), flip(0.72, 0.7, 0.8)]
PEOPLE = {"whole": True, "label": "oversight.reviewers"}
REVIEWERS = panel("oversight.reviewers", -3e5, 3e5, 1, 7, (2, 3), flips=[flip(3.4, 2.3, 5.6)],
                  mean=np.array([-3e5, -2e5, -5e4, 3e4, 6e4, 2e5, 3e5]), **PEOPLE)  # fmt: skip


def small(*given, names=("ready", "demo")):
    return breakeven, len(given), (list(given), *names, "EUR")


one = np.array([1e6])
ALL, NONE = np.ones(50, bool), np.zeros(50, bool)
FIGURES = {
    "difference": against(DIFFERENCE),
    "difference, no lead": against(DIFFERENCE - DIFFERENCE.mean()),
    "difference, behind": against(-np.abs(DIFFERENCE)),
    "difference, one future": against([3e5], None),
    "difference, three futures": against([3e5, -1e5, 2e5], [-4e5, 7e5]),
    "difference, the same": against(np.zeros(1000), [0.0, 0.0]),
    "difference, often the same": against(np.where(RNG.random(1000) < 0.4, 0.0, DIFFERENCE)),
    "difference, constant": against(np.full(30, -2.5), [-2.5, -2.5]),
    "difference, wild": against(WILD + 2e5, names=(LONG, CAPITALS)),
    "difference, mean beyond": against(np.append(np.linspace(-1, 1, 999), 1e9)),
    "frontier, 1": portfolios(1),
    "frontier, 2": portfolios(2),
    "frontier, 12": portfolios(12),
    "frontier, 64": portfolios(64),
    "frontier, wide ranges": portfolios(12, 5e6),
    "frontier, equal": few(["ready", "demo"], [1e5] * 2, [2e5] * 2, [-2e5] * 2, [6e5] * 2, [0.3] * 2),
    "frontier, all zero": few(["ready", "demo"], *[[0.0, 0.0]] * 5),
    "frontier, 40 equal": few([f"n{i}" for i in range(40)], *[[1.0] * 40] * 5),
    "frontier, far apart": few(
        ["nothing", LONG, CAPITALS], [0, 1e4, 1e7], [-2e5, 4e5, -1e7], [-3e5, 1e5, -3e7], [-1e5, 9e5, 2e6],
        [1.0, 0.002, 0.9], best=1,
    ),
    "over time": over_time(READY, DEMO),
    "over time, long names": over_time(READY, DEMO, (LONG, CAPITALS)),
    "over time, the same": over_time(READY, READY),
    "over time, never crossing": over_time(READY + 9e6, DEMO),
    "over time, one future": over_time(READY[:1], DEMO[:1]),
    "over time, month 0 only": over_time(READY[:, :1], DEMO[:, :1]),
    "over time, zero": over_time(np.zeros((5, 13)), np.zeros((5, 13))),
    "over time, wild": over_time(np.vstack([READY * 1e6, READY]), np.zeros((1000, 37)), ("a$b$c", "nothing")),
    "promise": designs(design("demo", 1000, 1.9e6, -1e5), design("ready", 1000, 5e5, 2e5)),
    "promise, four": designs(*(design(n, 300, 1e6, 3e5) for n in ("demo", "ready", LONG, CAPITALS))),
    "promise, one future": designs(("one", one, 0.2 * one, np.array([True]))),
    "promise, constant": designs(
        ("a", one.repeat(50), one.repeat(50), NONE), ("b", one.repeat(50), one.repeat(50), ALL)
    ),
    "promise, zero": designs(("a", np.zeros(50), np.zeros(50), ALL)),
    "promise, wild": designs(("wild", WILD + 1e6, WILD[::-1], WILD > 0), design("ready", 1000, 5e5, 2e5)),
    "promise, far above": designs(design("far", 50, 9e12, 1e5, ALL)),
    "promise, far below": designs(design("far", 50, -9e12, 1e5, NONE)),
    "promise, steep": designs(("a", np.linspace(0, 1e9, 50), np.linspace(0, 1e3, 50), ALL)),
    "haircut": curves(curve(), curve("ready", -7e5, 1.8e6, -6e4, 0.75, -3e4)),
    "haircut, four": curves(
        curve(),
        curve("ready", hurdle=-math.inf),
        curve(CAPITALS, 0, 2e6, math.inf),
        curve(LONG, 1e6, 5e6, 1.2e6),
    ),
    "haircut, equal hurdles": curves(curve(), curve("ready"), curve("third"), curve("fourth")),
    "haircut, never": curves(curve(hurdle=math.inf)),
    "haircut, nothing known": curves(curve(enough=np.zeros(40, bool), worth=np.full(40, math.nan))),
    "haircut, one point": curves(curve(count=1, low=1e6, enough=np.array([True]), hurdle=-math.inf)),
    "haircut, no hurdle": curves(curve(hurdle=None), curve("ready", hurdle=9e5)),
    "haircut, hurdle beyond": curves(curve(hurdle=9e12), curve("ready", hurdle=-9e12)),
    "haircut, steep": curves(curve("demo", -2e5, 5e6, 1e5, 2.5, -1e5, 60, enough=np.arange(60) < 12)),
    "haircut, few futures": curves(curve("a", 2e6, 9e6, 2.2e6, 0.02, -1.5e5, 20, enough=np.arange(20) == 9)),
    "haircut, flat": curves(curve("demo", -1e5, 9e6, None, 0.01, -1e5)),
    "haircut, apart": curves(curve("far", 9e9, 9.1e9), curve("near", 1e5, 2e5)),
    "winners": area(3),
    "winners, 8": area(8),
    "winners, 8, long": area(8, [f"{i} {CAPITALS}" for i in range(8)], labels=(LONG, LONG)),
    "winners, 12": area(12, noise=0.1),
    "winners, 1": area(1),
    "winners, 1 point": area(2, x=DOSE[3:4], y=REVIEW[2:3]),
    "winners, 2 x 1": area(2, x=DOSE[:2], y=REVIEW[:1]),
    "winners, marks at one point": area(3, marks=[("pilot", 0.5, 0.5), ("production", 0.5, 0.5)]),
    "breakeven, 1": small(PANELS[0]),
    "breakeven, 2": small(*PANELS[:2]),
    "breakeven, 5": small(*PANELS[:5], names=(LONG, CAPITALS)),
    "breakeven, 6": small(*PANELS),
    "breakeven, no flip": small(PANELS[1], PANELS[3]),
    "breakeven, one value": small(panel("k", 2e5, 2e5, 3.0, 3.0, (9e9, 1e10), 1)),
    "breakeven, flat": small(panel("k", 0.0, 0.0, half_width=np.zeros(7))),
    "breakeven, two flips": small(panel("k", 1.0, 1.0, flips=TWO, mean=1e5 - np.abs(WAVE)), PANELS[0]),
    "breakeven, three flips": small(*[panel("k", 1.0, 1.0, flips=THREE, mean=WAVE, now=(0.5, 0.6))] * 4),
    "breakeven, one future": small(*(panel("k", 4e5, -2e5, flips=[flip(2 / 3)], now=n,
                                           half_width=np.full(7, math.nan)) for n in (None, (0.9, 1.0)))),
    "breakeven, whole": small(REVIEWERS),
    "breakeven, whole, far": small(panel("k", 1e5, -2e5, 40, 2500, (1, 1), flips=[flip(1234.5, None, 1300.5)],
                                         **PEOPLE), REVIEWERS),
    "breakeven, whole, one value": small(panel("k", 1e5, 1e5, 3, 3, (3, 3), 1, **PEOPLE)),
    "breakeven, long labels": small(*(panel("k", 1.0, -1.0, label="x" * 90) for _ in range(4))),
}  # fmt: skip


def height(module, size, arguments):
    if module is frontier:
        return frontier.height(arguments[1], arguments[2], arguments[6])
    return module.height(size) if hasattr(module, "height") else module.HEIGHT


def render(module, size, arguments):
    figure, axes = style.new_figure(CAPTION, height=height(module, size, arguments))
    module.draw(axes, *arguments)
    return figure, axes


def title_of(figure):
    return figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another_or_leaves_the_figure(name):
    figure, _ = render(*FIGURES[name])
    assert faults(figure) == []
    assert CAPTION in {text.get_text().replace("\n", " ") for text in texts(figure)}
    assert title_of(figure)


@pytest.mark.parametrize(
    "name",
    ["difference", "frontier, 64", "over time", "promise", "haircut, four", "winners, 8", "breakeven, 6"],
)
def test_equal_figures_give_equal_bytes(name, tmp_path):
    for file in ("a.png", "b.png"):
        style.save(render(*FIGURES[name])[0], tmp_path / file)
    figure, _ = render(*FIGURES[name])
    style.save(figure, tmp_path / "c.png")
    style.save(figure, tmp_path / "d.png")
    first, *others = ((tmp_path / file).read_bytes() for file in ("a.png", "b.png", "c.png", "d.png"))
    assert all(other == first for other in others)


# --- difference ---


def bars(axes):
    return [bar for container in axes.containers for bar in container if isinstance(container, BarContainer)]


def test_difference_bars_hold_every_future_on_its_side_of_zero():
    _, axes = render(*against(np.array([-3.0, -2.0, -1e-9, 0.0, 0.0, 1e-9, 5.0, 6.0, 7.0, 8.0])))
    share = {}
    for bar in bars(axes):
        colour = to_hex(bar.get_facecolor()).upper()
        share[colour] = share.get(colour, 0.0) + bar.get_height()
        right = bar.get_x() + bar.get_width()
        assert bar.get_height() == 0 or (bar.get_x() >= 0 if colour == style.BLUE else right <= 1e-12)
    assert share == pytest.approx({style.VERMILLION: 0.3, style.BLUE: 0.5})
    same = next(c for c in axes.collections if isinstance(c, LineCollection)).get_segments()[0]
    np.testing.assert_allclose(same, [[0.0, 0.0], [0.0, 0.2]])
    said = words(axes)
    assert "\N{LEFTWARDS ARROW} demo better\nin 3 of 10 futures" in said
    assert "ready better \N{RIGHTWARDS ARROW}\nin 5 of 10 futures" in said


def test_difference_bars_stand_where_the_futures_are():
    _, axes = render(*FIGURES["difference"])
    for bar in bars(axes):
        low, high = bar.get_x(), bar.get_x() + bar.get_width()
        side = DIFFERENCE > 0 if to_hex(bar.get_facecolor()).upper() == style.BLUE else DIFFERENCE < 0
        inside = side & (np.floor((DIFFERENCE - low) / (high - low)) == 0)
        assert bar.get_height() == pytest.approx(inside.mean(), abs=2e-3)  # a value may be at an edge
    assert sum(bar.get_height() for bar in bars(axes)) == pytest.approx(1.0)


def test_difference_shows_mean_interval_and_percentiles():
    figure, _ = render(*FIGURES["difference"])
    below = figure.axes[1]
    mean = DIFFERENCE.mean()
    spread = next(c for c in below.collections if isinstance(c, LineCollection)).get_segments()[0]
    np.testing.assert_allclose(spread[:, 0], percentile(DIFFERENCE, [5, 95]))
    bar = next(c for c in below.containers if isinstance(c, ErrorbarContainer))
    np.testing.assert_allclose(bar[2][0].get_segments()[0][:, 0], interval(DIFFERENCE))
    dots = {
        line.get_marker(): line.get_xdata()[0] for line in below.lines if line.get_markersize() in (6, 13)
    }
    assert (dots["D"], dots["|"]) == pytest.approx((mean, percentile(DIFFERENCE, 50)))
    low, high = map(style.money, interval(DIFFERENCE))
    assert f"mean: {style.money(mean)} (95% interval: {low} to {high})" in words(below)
    assert title_of(figure).startswith(f"Ready beats demo by {style.money(mean, 'EUR')} on average, and in ")
    assert "EUR" in below.get_xlabel()


def test_difference_whose_interval_holds_zero_is_no_difference():
    assert title_of(render(*against([1.0, 2.0, 3.0], [-1.0, 5.0]))[0]).startswith(
        "No difference can be shown"
    )
    assert title_of(render(*against([1.0, 2.0, 3.0], [0.0, 4.0]))[0]).startswith("No difference can be shown")
    assert title_of(render(*against([1.0, 2.0, 3.0], [0.1, 3.9]))[0]).startswith("Ready beats demo by 2 EUR")


def test_difference_below_zero_is_a_lead_of_the_other():
    figure, _ = render(*against([-3.0, -2.0, -2.0, 1.0], [-3.0, -0.5]))
    assert title_of(figure) == "Demo beats ready by 1.5 EUR on average, and in 3 of 4 futures"


def test_difference_leaves_out_what_rounding_leaves_of_a_mean_of_zero():
    values = np.array([0.1, 0.2, -0.3])
    assert 0 < abs(values.mean()) < 1e-16
    said = title_of(render(*against(values, [-1.0, 1.0]))[0])
    assert said.startswith("No difference can be shown between ready and demo: 0 EUR on average")


def test_difference_of_equal_choices_and_of_one_future():
    assert "come to the same in all 1,000 futures" in title_of(render(*FIGURES["difference, the same"])[0])
    figure, _ = render(*FIGURES["difference, one future"])
    assert "no interval is known" in title_of(figure)
    assert not [c for c in figure.axes[1].containers if isinstance(c, ErrorbarContainer)]


def test_difference_counts_what_lies_beyond_and_points_to_its_mean():
    figure, axes = render(*FIGURES["difference, mean beyond"])
    assert axes.get_xlim()[1] < 10
    assert "1 of 1,000 futures lie beyond the axis" in figure.axes[1].get_xlabel()
    assert any(said.endswith("\N{RIGHTWARDS ARROW}") for said in words(figure.axes[1]) if "mean:" in said)


# --- frontier ---


def test_frontier_is_what_no_other_portfolio_beats():
    cost, mean = FIGURES["frontier, 64"][2][1:3]
    beaten = [
        any(
            cost[j] <= cost[i] and mean[j] >= mean[i] and (cost[j], mean[j]) != (cost[i], mean[i])
            for j in range(64)
        )
        for i in range(64)
    ]
    np.testing.assert_array_equal(frontier.efficient(cost, mean), ~np.array(beaten))
    assert frontier.efficient(np.ones(3), np.ones(3)).all()  # equal ones do not beat one another
    for cost, mean, expected in (([1, 1], [3, 2], [True, False]), ([1, 2], [3, 3], [True, False])):
        assert frontier.efficient(np.array(cost, float), np.array(mean, float)).tolist() == expected


def test_frontier_joins_the_efficient_by_steps():
    cost, mean = np.array([0.0, 4.0, 2.0, 3.0]), np.array([1.0, 5.0, 3.0, 2.0])
    figure, axes = render(*few(list("abcd"), cost, mean, mean - 1, mean + 2, [0.4, 0.1, 0.2, 0.9], best=1))
    steps = next(line for line in axes.lines if line.get_drawstyle() == "steps-post")
    np.testing.assert_array_equal(steps.get_xydata()[:-1], [[0, 1], [2, 3], [4, 5]])
    assert steps.get_xdata()[-1] > 4
    bars = next(c for c in axes.collections if isinstance(c, LineCollection)).get_segments()
    np.testing.assert_array_equal(sorted(s[:, 1].tolist() for s in bars), [[0, 3], [1, 4], [2, 5], [4, 7]])
    (points,) = (c for c in axes.collections if isinstance(c, PathCollection) and len(c.get_offsets()))
    shade = {
        tuple(spot): risk
        for spot, risk in zip(points.get_offsets().tolist(), points.get_array(), strict=True)
    }
    assert shade == {(0, 1): 0.4, (4, 5): 0.1, (2, 3): 0.2, (3, 2): 0.9}
    (ring,) = (line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_marker() == "o")
    np.testing.assert_array_equal(ring.get_xydata(), [[4, 5]])
    assert title_of(figure).startswith(
        "B is the best of 4 portfolios on average: 5 EUR for 4, loses money in 10 of"
    )


def test_frontier_names_all_of_twelve_and_of_many_the_efficient_the_best_and_the_first():
    for count in (2, 12, 64):
        arguments = FIGURES[f"frontier, {count}"][2]
        names, cost, mean, low, high, _, best, _ = arguments
        figure, axes = render(*FIGURES[f"frontier, {count}"])
        key = figure.axes[1]
        rows = {}
        for text in key.texts:
            rows.setdefault(round(text.get_position()[1]), []).append(text.get_text())
        shown = [names.index(rows[row][1]) for row in range(1, len(rows))]
        worth = set(np.flatnonzero(frontier.efficient(cost, mean)))
        assert set(shown) == (set(range(count)) if count <= 12 else worth | {0, best})
        assert [cost[i] for i in shown] == sorted(cost[i] for i in shown)
        i = shown[1]
        assert rows[2][:4] == ["2", names[i], style.money(cost[i]), style.money(mean[i])]
        assert rows[2][4] == f"{style.money(low[i])} to {style.money(high[i])}"
        numbers = {text.get_text(): text.xy for text in axes.texts}
        assert numbers == {f"{n}": (cost[i], mean[i]) for n, i in enumerate(shown, 1)}
        points = [c for c in axes.collections if isinstance(c, PathCollection)]
        assert sum(len(c.get_offsets()) for c in points) == count


def test_frontier_keeps_at_most_twelve_in_the_key():
    cost = mean = np.arange(40.0)
    chosen = frontier.chosen(cost, mean, 39)
    assert chosen.tolist() == [0, *range(29, 40)]
    assert frontier.chosen(cost, -mean, 20).tolist() == [0, 20]


def test_frontier_says_a_place_that_is_not_the_first():
    figure, _ = render(*few(["a", "b"], [1.0, 2.0], [1.0, 3.0], [0.0, 2.0], [2.0, 4.0], [0.0, 0.0], best=0))
    assert "A is the number 2 of 2 portfolios on average" in title_of(figure)
    assert "Ready is the joint best of 2 portfolios" in title_of(render(*FIGURES["frontier, equal"])[0])


@pytest.mark.parametrize(
    ("may_be_best", "best", "said"),
    [
        (1, 1, "B is the best of 3 portfolios on average: 3 EUR for 2"),
        (2, 1, "B is the best of 3 portfolios on average, with 1 other not told apart from it: 3 EUR for 2"),
        (3, 1, "B is the best of 3 portfolios on average, with 2 others not told apart from it: 3 EUR for 2"),
        (3, 0, "A is the number 2 of 3 portfolios on average: 1 EUR for 1"),
    ],
)
def test_frontier_says_what_is_not_told_apart_from_the_best(may_be_best, best, said):
    mean = np.array([1.0, 3.0, 0.0])
    module, size, given = few(
        ["a", "b", "c"], [1.0, 2.0, 3.0], mean, mean - 1, mean + 1, [0.0] * 3, best=best
    )
    assert title_of(render(module, size, (*given, may_be_best))[0]).startswith(said)


def test_frontier_shows_means_where_ranges_are_wide_and_where_ranges_go_on():
    _, _, mean, low, high, *_ = FIGURES["frontier, wide ranges"][2]
    _, axes = render(*FIGURES["frontier, wide ranges"])
    bottom, top = axes.get_ylim()
    assert np.ptp(mean) > 0.15 * (top - bottom)
    arrows = {line.get_marker(): len(line.get_xdata()) for line in axes.lines if line.get_marker() in "v^"}
    assert arrows == {"v": (low < bottom).sum(), "^": (high > top).sum()}
    assert arrows["^"] > 0
    assert "arrow: range goes on" in axes.get_ylabel()
    _, axes = render(*FIGURES["frontier, 12"])
    assert not [line for line in axes.lines if line.get_marker() in ("v", "^")]
    assert "arrow" not in axes.get_ylabel()


# --- value over time ---


def test_value_over_time_draws_medians_bands_and_their_last_crossing():
    figure, axes = render(*FIGURES["over time"])
    lines = [line for line in axes.lines if line.get_linewidth() == 2.6]
    first, second = np.median(READY, axis=0), np.median(DEMO, axis=0)
    np.testing.assert_allclose([line.get_ydata() for line in lines], [first, second])
    np.testing.assert_array_equal(lines[0].get_xdata(), np.arange(37))
    for band, table in zip(axes.collections, (READY, DEMO), strict=True):
        extent = band.get_paths()[0].get_extents()
        assert (extent.y0, extent.y1) == pytest.approx(
            (percentile(table, 5).min(), percentile(table, 95).max())
        )
    month = next(m for m in range(37) if (first[m:] > second[m:]).all())
    assert f"medians cross: month {month}" in words(axes)
    (mark,) = (line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(mark.get_xydata(), [[month, first[month]]])
    lead = style.money(first[-1] - second[-1], "EUR")
    assert title_of(figure).startswith(
        f"Ready is ahead of demo from month {month} on and ends {lead} higher (medians); ahead in "
    )
    assert {f"ready\n{style.money(first[-1])}", f"demo\n{style.money(second[-1])}"} <= set(words(axes))
    turned = title_of(render(*over_time(DEMO, READY, ("demo", "ready")))[0])
    assert turned == title_of(figure)


def test_value_over_time_without_a_crossing():
    figure, axes = render(*FIGURES["over time, never crossing"])
    assert "Ready is never behind demo" in title_of(figure)
    assert "ahead in all 500 futures by month 36" in title_of(figure)
    assert not any("cross" in said for said in words(axes))
    assert "end with the same median" in title_of(render(*FIGURES["over time, the same"])[0])


def test_overtaking_is_from_behind_and_for_good():
    for lead, month in (
        ([0, 1], None),
        ([-1, 0, 2], 2),
        ([2, -1, 1, -3, -2], 3),
        ([1, 2], None),
        ([1, 0], None),
    ):
        assert value_over_time.overtaking(np.array(lead, float)) == month


def test_the_ends_of_value_over_time_are_named_inside_the_height_of_the_axes():
    for name in ("over time, month 0 only", "over time, one future", "over time, never crossing"):
        figure, axes = render(*FIGURES[name])
        figure.draw_without_rendering()
        frame, renderer = axes.get_window_extent(), figure.canvas.get_renderer()
        for text in axes.texts:
            if text.get_text().startswith(("ready", "demo")):
                box = text.get_window_extent(renderer)
                assert frame.y0 - 3 <= box.y0 < box.y1 <= frame.y1 + 3


def test_value_over_time_needs_paired_futures():
    with pytest.raises(ValueError, match="paired"):
        render(*over_time(READY, DEMO[:-1]))


# --- promise ---


def cloud(axes):
    """All points, by colour of the edge and whether they are filled."""
    found = {}
    for some in axes.collections:
        if isinstance(some, PathCollection) and len(some.get_offsets()):
            kind = to_hex(some.get_edgecolor()[0]).upper(), len(some.get_facecolor()) > 0
            found.setdefault(kind, []).extend(map(tuple, some.get_offsets().tolist()))
    return found


def test_promise_draws_every_future_filled_where_it_goes():
    arguments = FIGURES["promise"][2]
    _, axes = render(*FIGURES["promise"])
    found = cloud(axes)
    for (_, promised, delivered, go), colour in zip(
        arguments[0], (style.BLUE, style.VERMILLION), strict=True
    ):
        for chosen, filled in ((go, True), (~go, False)):
            expected = zip(promised[chosen], delivered[chosen], strict=True)
            assert sorted(found.get((colour, filled), [])) == sorted(expected)
    assert "promise kept" in words(axes)
    (kept,) = (
        line for line in axes.lines if line.get_xdata()[0] not in (0, 0.0) and len(line.get_xdata()) == 2
    )
    np.testing.assert_array_equal(kept.get_xdata(), kept.get_ydata())
    assert {tuple(line.get_xdata()) for line in axes.lines} >= {(0.0, 0.0)}


def test_promise_says_how_often_it_is_kept_and_what_going_brings():
    a = (
        "demo",
        np.array([5.0, 5.0, 5.0, -1.0]),
        np.array([5.0, -2.0, 1.0, 9.0]),
        np.array([1, 1, 1, 0], bool),
    )
    b = ("ready", np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, -4.0]), np.zeros(4, bool))
    figure, axes = render(*designs(a, b))
    assert title_of(figure) == "The promise is kept in 2 of 4 futures by demo, in 3 of 4 by ready"
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["demo: go in 3 of 4, of these 1 of 3 lose money", "ready: go in 0 of 4"]
    shapes = [handle.get_marker() for handle in axes.get_legend().legend_handles]
    assert len(set(shapes)) == 2


def test_promise_counts_points_beyond_the_axes():
    steady = np.linspace(-1e6, 1e6, 200)
    far = steady.copy()
    far[[0, 7]] = [1e12, -1e12]
    _, axes = render(*designs(("a", steady, far, ALL.repeat(4)), ("b", far, steady, ALL.repeat(4))))
    assert max(np.abs([*axes.get_xlim(), *axes.get_ylim()])) < 1e8
    assert "4 of 400 points lie beyond the axes" in axes.get_xlabel()
    assert "beyond" not in render(*FIGURES["promise, zero"])[1].get_xlabel()


def test_promise_says_where_the_diagonal_is_when_it_is_not_in_the_picture():
    assert "far above what is shown" in render(*FIGURES["promise, far above"])[1].get_xlabel()
    assert "far below what is shown" in render(*FIGURES["promise, far below"])[1].get_xlabel()


# --- haircut ---


def test_haircut_is_solid_only_where_there_is_enough_data():
    given = curve()
    _, axes = render(*curves(given))
    solid = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(solid.get_ydata(), np.where(given["enough"], given["worth"], math.nan))
    dotted = next(line for line in axes.lines if line.get_linestyle() == ":")
    np.testing.assert_array_equal(dotted.get_xydata(), np.column_stack([given["promise"], given["worth"]]))
    vertices = axes.collections[0].get_paths()[0].vertices
    known = given["promise"][given["enough"]]
    assert (vertices[:, 0].min(), vertices[:, 0].max()) == pytest.approx((known[0], known[-1]))
    assert {tuple(v) for v in vertices} >= {(known[0], given["low"][given["enough"]][0])}
    assert "dotted: too few futures to say" in axes.get_xlabel()
    _, axes = render(*curves(curve(enough=np.ones(40, bool))))
    assert "dotted" not in axes.get_xlabel()


@pytest.mark.parametrize(
    ("hurdle", "said"),
    [
        (1.73e6, "go above 1.7M"),
        (-math.inf, "always go"),
        (math.inf, "never go"),
        (-6e4, "go above \N{MINUS SIGN}60k"),
    ],
)
def test_haircut_says_from_where_on_to_go(hurdle, said):
    _, axes = render(*curves(curve(hurdle=hurdle)))
    assert f"\N{BLACK CIRCLE} demo: {said}" in words(axes)
    upright = [line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]]
    assert upright == ([0.0, hurdle] if math.isfinite(hurdle) else [0.0])
    level = [line.get_ydata()[0] for line in axes.lines if list(line.get_xdata()) == [0, 1]]
    assert level == [0.0, -8e4]


def test_no_line_of_a_hurdle_crosses_the_label_of_another():
    """The farther out a line stands, the higher its label."""
    hurdles = {"a": -1e5, "b": 3.2e6, "c": 1.2e6, "d": math.inf}
    _, axes = render(*curves(*(curve(name, hurdle=hurdle) for name, hurdle in hurdles.items())))
    height = {
        text.get_text()[2]: text.get_position()[1] for text in axes.texts if text.get_text()[1:2] == " "
    }
    assert sorted(height, key=height.get) == ["c", "b", "a", "d"]


def test_haircut_compares_the_worth_of_one_promise_known_to_all():
    straight = {"slope": 0.5, "start": 0.0, "count": 41}
    a = curve("demo", 0.0, 4e6, enough=np.ones(41, bool), **straight)
    b = curve("ready", 2e6, 6e6, enough=np.arange(41) < 21, **{**straight, "slope": 0.25})
    c = curve("third", 0.0, 4e6, enough=np.zeros(41, bool), **straight)
    said = title_of(render(*curves(a, b, c))[0])
    assert said == "A promise of 3.0M EUR is worth 1.5M with demo, 750k with ready"
    apart = curve("ready", 6e6, 8e6, enough=np.ones(41, bool), **straight)
    said = title_of(render(*curves(a, apart))[0])
    assert said == "A promise of 2.0M EUR with demo is worth 1.0M, one of 7.0M EUR with ready 3.5M"
    assert title_of(render(*curves(c))[0]) == "Too few futures to say what a promise is worth"


def test_haircut_says_where_a_hurdle_cannot_be_told():
    _, axes = render(*FIGURES["haircut, no hurdle"])
    told = [text.get_text() for text in axes.texts]
    assert any(text.endswith("demo: too few futures") for text in told)
    assert any("ready: go above 900k" in text for text in told)


@pytest.mark.parametrize(
    "name", [name for name in FIGURES if name.startswith("haircut") and "apart" not in name]
)
def test_haircut_leaves_no_third_of_the_width_empty(name):
    """In each third of the width there is some of a curve, dotted or not, or what there is to say of none."""
    _, axes = render(*FIGURES[name])
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for third in range(3):
        start, end = (left + (right - left) * (third + side) / 3 for side in (0, 1))
        drawn = [
            ((x >= start) & (x <= end) & (y >= bottom) & (y <= top)).any()
            for line in axes.lines
            if (x := np.asarray(line.get_xdata(), float)).size > 2
            for y in [np.asarray(line.get_ydata(), float)]
        ]
        known = any(drawn) or "one point" in name or "nothing" in name
        upright = [line.get_xdata()[0] for line in axes.lines if list(line.get_ydata()) == [0, 1]]
        assert known or any(start <= x <= end for x in upright)


def test_haircut_gives_both_axes_one_scale_where_nothing_is_known():
    _, axes = render(*FIGURES["haircut, nothing known"])
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert max(left, bottom) < -2e5 < 3.5e6 < min(top, right)
    assert "promise kept" in words(axes)


@pytest.mark.parametrize(
    ("name", "note"),
    [("few futures", "far above what is shown"), ("flat", "black line: promise kept"),
     ("one point", "black line: promise kept")],
)  # fmt: skip
def test_haircut_says_under_the_axes_what_has_no_room_along_the_diagonal(name, note):
    _, axes = render(*FIGURES[f"haircut, {name}"])
    assert note in axes.get_xlabel()
    assert "promise kept" not in words(axes)


# --- winners ---


def test_winners_colour_each_point_and_hatch_where_the_lead_may_be_chance():
    winner = np.array([[0, 0, 2], [0, 2, 2]])
    shown = np.array([[True, False, False], [True, True, False]])
    x, y = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0])
    figure, axes = render(winners, winner, (x, y, winner, shown, ["a", "b", "c"], "x", "y", []))
    mesh = next(c for c in axes.collections if isinstance(c, QuadMesh))
    colours = [to_hex(c) for c in mesh.cmap(mesh.norm(mesh.get_array().ravel()))]
    legend = {text.get_text(): to_hex(patch.get_facecolor()) for patch, text in zip(
        axes.get_legend().get_patches(), axes.get_legend().get_texts(), strict=True)}  # fmt: skip
    assert set(legend) == {"a: 42%", "c: 58%", "lead may be chance"}
    assert colours == [legend[("a: 42%", "", "c: 58%")[i]] for i in winner.ravel()]
    np.testing.assert_array_equal(mesh.get_coordinates()[0, :, 0], [0.0, 0.5, 2.0, 3.0])
    hatched = [p.get_extents() for c in axes.collections if c.get_hatch() for p in c.get_paths()]
    assert [(b.x0, b.x1, b.y0, b.y1) for b in hatched] == [(0.5, 3.0, 0.0, 1.0), (2.0, 3.0, 1.0, 2.0)]
    borders = next(c for c in axes.collections if isinstance(c, LineCollection)).get_segments()
    assert {tuple(map(tuple, s.tolist())) for s in borders} == {
        ((2.0, 0.0), (2.0, 1.0)),
        ((0.5, 1.0), (0.5, 2.0)),
        ((0.5, 1.0), (2.0, 1.0)),
    }
    assert (
        title_of(figure)
        == "C has the highest mean NPV on 58% of the map; on 58% no lead can be told from chance"
    )


def test_winners_are_weighted_by_the_area_that_is_drawn():
    """The corners of a 4 x 4 grid are a sixteenth of its points and a 36th of the picture."""
    grid, winner = np.arange(4.0), np.zeros((4, 4), int)
    winner[0, 0] = 1
    shown = winner == 0
    figure, axes = render(winners, winner, (grid, grid, winner, shown, ["a", "b"], "x", "y", []))
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == ["a: 97%", "b: 3%"]
    assert title_of(figure).startswith("A has the highest mean NPV on 97% of the map; on 3% no lead")
    winner[:] = 0
    winner[1, 1:3] = winner[2, 1:3] = 1  # a quarter of the points, four ninths of the picture
    _, axes = render(winners, winner, (grid, grid, winner, shown, ["a", "b"], "x", "y", []))
    assert [text.get_text() for text in axes.get_legend().get_texts()][:2] == ["a: 56%", "b: 44%"]


def test_winners_are_named_inside_their_own_region():
    _, _, (x, y, winner, _, names, *_) = FIGURES["winners, 8"]
    figure, axes = render(*FIGURES["winners, 8"])
    written = [text for text in axes.texts if text.get_text() in names]
    assert len(written) >= 4
    renderer = figure.canvas.get_renderer()
    step_x, step_y = x[1] - x[0], y[1] - y[0]
    for text in written:
        (x0, y0), (x1, y1) = axes.transData.inverted().transform(
            text.get_window_extent(renderer).get_points()
        )
        over = winner[
            np.ix_(
                (y + step_y / 2 > y0) & (y - step_y / 2 < y1), (x + step_x / 2 > x0) & (x - step_x / 2 < x1)
            )
        ]
        assert set(over.ravel()) == {names.index(text.get_text())}


def test_winners_beyond_eight_share_a_colour():
    _, axes = render(*FIGURES["winners, 12"])
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    winner = FIGURES["winners, 12"][2][2]
    weight = np.outer(*(np.where(np.isin(v, v[[0, -1]]), 0.5, 1.0) for v in (REVIEW, DOSE)))
    wins = np.sort(np.bincount(winner.ravel(), weight.ravel()))[::-1]
    assert len(wins) > 8
    assert legend[7].startswith(
        f"{np.count_nonzero(wins) - 7} others: {100 * wins[7:].sum() / wins.sum():.0f}%"
    )
    assert len(set(winners.FILLS)) == 8


# Machado, Oliveira & Fernandes 2009, IEEE Transactions on Visualization and Computer Graphics 15, 1291-1298:
# linear red, green and blue as seen without one kind of cone, severity 1.
SEEN = {
    "all cones": np.eye(3).ravel(),
    "protanopia": [
        *(0.152286, 1.052583, -0.204868),
        *(0.114503, 0.786281, 0.099216),
        *(-0.003882, -0.048116, 1.051998),
    ],
    "deuteranopia": [
        *(0.367322, 0.860646, -0.227968),
        *(0.280085, 0.672501, 0.047413),
        *(-0.011820, 0.042940, 0.968881),
    ],
    "tritanopia": [
        *(1.255528, -0.076749, -0.178779),
        *(-0.078411, 0.930809, 0.147602),
        *(0.004733, 0.691367, 0.303900),
    ],
}


def cielab(linear):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    parts = (xyz @ np.clip(linear, 0, 1)) / xyz.sum(axis=1)
    f = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", SEEN)
def test_winners_have_colours_that_are_told_apart(eyes):
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
              for c in (np.array(to_rgb(fill)) for fill in winners.FILLS)]  # fmt: skip
    seen = [cielab(np.reshape(SEEN[eyes], (3, 3)) @ colour) for colour in linear]
    apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert apart > 15  # units of CIELAB; 2.3 can just be seen side by side


def test_winners_name_marks_beyond_the_map_under_it():
    _, axes = render(*FIGURES["winners"])
    assert "(beyond the map: far)" in axes.get_xlabel()
    dots = [tuple(line.get_xydata()[0]) for line in axes.lines]
    assert dots == [(0.0, 0.05), (1.0, 0.1)]


def test_winners_without_any_lead():
    x, y, winner, shown, *rest = FIGURES["winners"][2]
    figure, _ = render(winners, winner, (x, y, winner, np.zeros_like(shown), *rest))
    assert title_of(figure).endswith("but nowhere can a lead be told from chance")
    assert title_of(render(*FIGURES["winners, 1"])[0]) == "Choice 0 has the highest mean NPV all over the map"


# --- break-even ---


def test_breakeven_draws_mean_band_flip_and_what_is_believed():
    figure, axes = render(*small(PANELS[0]))
    given = PANELS[0]
    line = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(line.get_xydata(), np.column_stack([given["values"], given["mean"]]))
    band = {tuple(v) for c in axes.collections for p in c.get_paths() for v in p.vertices}
    assert {(0.0, 3.4e5), (0.0, 4.6e5), (60.0, -2.6e5), (60.0, -1.4e5)} <= band
    spans = [p.get_bbox() for p in axes.patches if isinstance(p, Rectangle)]
    assert any((s.x0, s.x1) == pytest.approx((39.9, 40.1)) for s in spans)
    strips = [p.get_extents() for c in axes.collections for p in c.get_paths()
              if to_hex(c.get_facecolor()[0]).upper() == style.ORANGE]  # fmt: skip
    assert [(s.x0, s.x1) for s in strips] == [(10.0, 45.0)]
    (flip,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert flip.get_xdata()[0] == pytest.approx(40.0)
    assert axes.get_title("left") == "flips at 40 (39.9 to 40.1)"
    assert axes.get_xlabel() == "data.missing (share) \N{RIGHTWARDS ARROW}"
    assert title_of(figure) == (
        "The choice between ready and demo flips with 1 of 1 input; within what is believed today with "
        "data.missing (at 40)"
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (None, 0.8, "0.8 or less"),
        (0.2, None, "0.2 or more"),
        (None, None, "or not at all"),
        (0.2, 0.8, "0.2 to 0.8"),
    ],
)
def test_breakeven_says_how_well_a_flip_is_known(low, high, said):
    _, axes = render(*small(panel("k", 1.0, -1.0, flips=[flip(0.5, low, high)])))
    assert axes.get_title("left") == f"flips at 0.5 ({said})"
    left, right = axes.get_xlim()
    spans = [p.get_bbox() for p in axes.patches if isinstance(p, Rectangle)]
    assert any((s.x0, s.x1) == pytest.approx((low or left, high or right)) for s in spans)


def test_breakeven_has_a_panel_for_each_input_on_one_scale():
    for count in (1, 2, 5, 6):
        figure, _ = render(*small(*PANELS[:count]))
        shown = [axes for axes in figure.axes if axes.get_xlabel()]
        assert len(shown) == count
        assert len({axes.get_ylim() for axes in shown}) == 1
    assert breakeven.height(6) > breakeven.height(4) > breakeven.height(2) == breakeven.height(1)


def test_breakeven_titles():
    assert title_of(render(*small(PANELS[1], PANELS[3]))[0]).startswith("Ready stays better than demo")
    assert title_of(render(*small(panel("k", -3.0, -1.0)))[0]).startswith("Demo stays better than ready")
    said = title_of(render(*small(PANELS[2], PANELS[1]))[0])
    assert said == "The choice between ready and demo flips with 1 of 2 inputs"


@pytest.mark.parametrize(
    ("flips", "now", "said"),
    [
        ([flip(0.5, 0.4, 0.6)], (0.0, 0.3), NONE_BELIEVED),
        ([flip(0.5, 0.4, 0.6)], (0.7, 1.0), NONE_BELIEVED),
        ([flip(0.5, 0.4, 0.6)], (0.0, 0.45), ""),  # the interval overlaps
        ([flip(0.5, 0.4, 0.6)], (0.55, 1.0), ""),
        ([flip(0.5, None, 0.6)], (0.0, 0.3), ""),
        ([flip(0.5, 0.4, None)], (0.7, 1.0), ""),
        ([flip(0.5, 0.4, 0.6)], None, ""),
        ([flip(0.5, 0.4, 0.6), flip(0.8, 0.7, 0.9)], (0.65, 0.68), NONE_BELIEVED),
        ([flip(0.5, 0.4, 0.6), flip(0.8, 0.65, 0.9)], (0.66, 0.68), ""),
        ([flip(0.3, 0.2, 0.4), flip(0.5, 0.4, 0.6), flip(0.8, 0.7, 0.9)], (0.45, 1.0),
         "; within what is believed today with k (at 0.5 and at 0.8)"),
    ],
)  # fmt: skip
def test_breakeven_says_that_no_flip_is_believed_only_where_that_is_known(flips, now, said):
    start = "The choice between ready and demo flips with 1 of 1 input"
    assert title_of(render(*small(panel("k", 1.0, -1.0, flips=flips, now=now)))[0]) == start + said
    other = panel("j", 1.0, -1.0, now=None)  # nothing is drawn of what is believed of it
    both = title_of(render(*small(panel("k", 1.0, -1.0, flips=flips, now=now), other))[0])
    assert "none of them" not in both


def test_breakeven_draws_and_names_every_flip():
    for name, flips, said in (
        ("two", TWO, "flips at 0.1 and 0.9"),
        ("three", THREE, "flips at 0.111, 0.58 and 0.72"),
    ):
        _, axes = render(*FIGURES[f"breakeven, {name} flips"])
        lines = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert lines == [one["value"] for one in flips]
        assert axes.get_title("left") == said
        left, right = axes.get_xlim()
        bands = [(one["low"] or left, one["high"] or right) for one in flips]
        spans = [(s.x0, s.x1) for p in axes.patches for s in [p.get_bbox()] if p.get_alpha() == 0.18]
        np.testing.assert_allclose(spans, list(dict.fromkeys(bands)))
    many = [flip(v) for v in (0.111, 0.222, 0.333, 0.444)]
    assert render(*small(panel("k", 1.0, -1.0, flips=many)))[1].get_title("left") == (
        "4 flips, the first\nat 0.111"
    )


def test_breakeven_of_one_future_has_no_band():
    figure, axes = render(*FIGURES["breakeven, one future"])
    assert axes.get_title("left") == "flips at 0.667 (no interval)"
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"] == [2 / 3]
    assert not any(p.get_alpha() == 0.18 for p in axes.patches)
    low, high = axes.get_ylim()
    assert low < -2e5 < 4e5 < high
    assert {text for a in figure.axes for text in words(a)} >= {"mean", "flip"}
    assert title_of(figure) == "The choice between ready and demo flips with 2 of 2 inputs"


def test_breakeven_of_a_whole_number_has_steps_between_whole_numbers():
    figure, axes = render(*FIGURES["breakeven, whole"])
    steps = next(line for line in axes.lines if line.get_drawstyle() == "steps-mid")
    np.testing.assert_array_equal(steps.get_xydata(), np.column_stack([np.arange(1, 8), REVIEWERS["mean"]]))
    (jump,) = (line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--")
    assert jump == 3.5
    assert axes.get_title("left") == "flips between 3 and 4 (2 to 6)"
    assert [(s.x0, s.x1) for p in axes.patches for s in [p.get_bbox()] if p.get_alpha() == 0.18] == [
        (2.5, 5.5)
    ]
    assert all(tick == round(tick) for tick in axes.get_xticks())
    assert title_of(figure) == "The choice between ready and demo flips with 1 of 1 input"
    believed = title_of(render(*small({**REVIEWERS, "now": (3.0, 4.0)}))[0])
    assert believed.endswith("within what is believed today with oversight.reviewers (between 3 and 4)")
    at = {**REVIEWERS, "flips": [flip(3.0, 2.3, 3.0)]}
    _, axes = render(*small(at))
    assert axes.get_title("left") == "flips at 3 (2 to 3)"
    assert [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"] == [3.0]
    _, axes = render(*FIGURES["breakeven, whole, one value"])
    assert [tick for tick in axes.get_xticks() if 2.2 < tick < 3.8] == [3.0]


def test_breakeven_of_whole_numbers_between_which_nothing_was_simulated():
    values, mean = np.array([1.0, 2.0, 5.0]), np.array([-3e5, -2e5, 1e5])
    given = {**REVIEWERS, "values": values, "mean": mean, "half_width": np.full(3, 1e4), "flips": [flip(4.0)]}
    _, axes = render(*small(given))
    steps = next(line for line in axes.lines if line.get_drawstyle() == "steps-mid")
    np.testing.assert_allclose(
        steps.get_xydata(), [(1, -3e5), (2, -2e5), (3, -1e5), (4, 0), (5, 1e5)], atol=1e-6
    )
    points = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(points.get_xydata(), np.column_stack([values, mean]))


@pytest.mark.parametrize("futures", [1, 50])
def test_a_comparison_hands_its_curves_to_the_figure(futures):
    """A whole number is rounded up before it is simulated: the mean passes zero right above 3."""
    values = np.array([1.0, 2.4, 2.97, 3.02, 4.4, 6.0])
    half = np.full(6, math.nan if futures == 1 else 1.2e5)
    reviewers = at_whole_numbers(Curve(values, np.array([-3e5, -1e5, -1e5, 1.5e5, 2e5, 2e5]), half))
    cost = Curve(np.array([0.0, 1.0, 2.0]), np.array([1e5, -1e5, 1e5]), half[:3])
    keys = {"oversight.reviewers": reviewers, "data": cost}
    found = [finding(key, "ready", "demo", curve) | {"replications": futures} for key, curve in keys.items()]
    summary = {"scenario": {"name": "x"}, "currency": "EUR", "seed": 1, "replications": futures,
               "break_even": found}  # fmt: skip
    leaf = {"value": {"family": "uniform", "low": 1.2, "high": 3.8}}
    resolved = {"parameters": {"oversight.reviewers": leaf, **{key: {"value": None} for key in APPLIES}}}
    results = SimpleNamespace(ended=[])
    comparison = Comparison(resolved, results, summary, keys, None, "", {})
    figure = comparison.plot.break_even()
    assert faults(figure) == []
    first, second = (axes for axes in figure.axes if axes.get_xlabel())
    steps = next(line for line in first.lines if line.get_drawstyle() == "steps-mid")
    np.testing.assert_allclose(
        steps.get_xydata()[:5], [(1, -3e5), (2, -2e5), (3, -1e5), (4, 1.5e5), (5, 2e5)]
    )
    jumps = [
        [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        for axes in (first, second)
    ]
    assert jumps == [[3.5], [0.5, 1.5]]
    said = "(no interval)" if futures == 1 else "(2 to 4)"
    assert first.get_title("left").replace("\n", " ") == f"flips between 3 and 4 {said}"
    strip = [p.get_extents() for c in first.collections for p in c.get_paths()
             if to_hex(c.get_facecolor()[0]).upper() == style.ORANGE]  # fmt: skip
    assert [(s.x0, s.x1) for s in strip] == [(1.5, 4.5)]


# --- what is refused ---


@pytest.mark.parametrize("bad", INFINITE)
@pytest.mark.parametrize(
    ("name", "place"),
    [("difference", 0), ("frontier, 12", 1), ("frontier, 12", 4), ("frontier, 12", 5), ("over time", 0),
     ("over time", 1), ("winners", 0), ("winners", 1)],
)  # fmt: skip
def test_what_no_axis_can_show_is_refused(name, place, bad):
    module, _, arguments = FIGURES[name]
    spoilt = list(arguments)
    spoilt[place] = np.array(arguments[place], dtype=float)
    spoilt[place].flat[0] = bad
    with pytest.raises(ValueError, match="not finite"):
        module.draw(style.new_figure(CAPTION)[1], *spoilt)


@pytest.mark.parametrize("bad", INFINITE)
def test_what_no_axis_can_show_is_refused_in_designs_curves_and_panels(bad):
    spoilt = np.append(np.arange(39.0), bad)
    fine, go = np.arange(40.0), np.ones(40, bool)
    for given in (
        designs(("a", spoilt, fine, go)),
        designs(("a", fine, spoilt, go)),
        curves(curve(promise=spoilt)),
        curves(curve(worth=spoilt, enough=go)),
        curves(curve(stop_value=bad)),
        small(panel("k", 1.0, 2.0, count=40, mean=spoilt)),
    ):
        with pytest.raises(ValueError, match="not finite"):
            render(*given)


def test_more_than_can_be_told_apart_is_refused():
    with pytest.raises(ValueError, match="4 can be told apart"):
        render(*designs(*[("a", one, one, np.array([True]))] * 5))
    with pytest.raises(ValueError, match="4 can be told apart"):
        render(*curves(*[curve()] * 5))
    with pytest.raises(ValueError, match="not a number"):
        render(*curves(curve(hurdle=math.nan)))
    for count in (0, 7):
        with pytest.raises(ValueError, match="1 to 6"):
            breakeven.draw(style.new_figure(CAPTION)[1], [PANELS[0]] * count, "a", "b", "EUR")


# --- names ---


def test_a_short_name_stays_and_a_long_one_loses_its_middle():
    assert style.short("ready", 5) == "ready"
    assert style.short("two\nlines\x1b and more") == "two lines and more"
    for letters in (5, 12, 24):
        short = style.short(LONG, letters)
        first, last = short.split("\N{HORIZONTAL ELLIPSIS}")
        assert len(short) <= letters
        assert LONG.startswith(first)
        assert LONG.endswith(last)


def test_dollar_signs_in_a_name_are_written_as_they_are():
    figure, _ = render(*FIGURES["over time, wild"])
    named = [text for text in texts(figure) if "$" in text.get_text()]
    assert len(named) == 2
    assert not any(text.get_parse_math() for text in named)


def test_a_label_keeps_off_points_that_have_none():
    _, axes = style.new_figure(CAPTION)
    style.settle(axes)
    (alone,) = style.place_labels(axes, [("1", 0.5, 0.5)])
    middle = axes.transData.inverted().transform(alone.get_points().mean(axis=0))
    (moved,) = style.place_labels(axes, [("1", 0.5, 0.5)], [tuple(middle)])
    assert style.shared(alone, moved) == 0
    assert [label.arrow_patch.get_visible() for label in axes.texts] == [True, True]
    style.place_labels(axes, [("1", 0.5, 0.5)], leaders=False)
    assert not axes.texts[-1].arrow_patch.get_visible()


@pytest.mark.parametrize("text", ["W" * 30 + " " + "M" * 30 + " wide", "i" * 200, "a b " * 60])
def test_a_title_keeps_to_the_width_of_the_figure(text):
    figure, axes = style.new_figure(CAPTION)
    style.title(axes, text)
    assert faults(figure) == []
    assert "".join(figure.get_suptitle().split()).lower() == "".join(text.split()).lower()
