"""Figures: the artists carry the data given, no text covers another, equal figures give equal bytes."""

import math

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from reading import CAPTION, faults, texts, words

from simgap.plots import cumulative_cash, dashboard, distribution, style, sweep, tornado

LONG = "workflows.claims.value_classes@production"
RNG = np.random.default_rng(20260101)
NORMAL = RNG.normal(4e5, 7e5, 1000)
MONTHS = np.arange(36)
CASH = np.cumsum(np.where(MONTHS < 8, -8e4, 4.2e4) * (1 + 0.25 * RNG.normal(size=(500, 1))), axis=1)
BOARD = np.cumsum(np.where(MONTHS < 4, -8e4, 7.5e4))
DOSE, REVIEW = np.linspace(0, 1.5, 16), np.linspace(0, 1, 11)
MAP = 1.9e6 - 1.5e6 * DOSE**0.7 - 1.2e6 * (REVIEW[:, None] - 0.25) ** 2 * (1 + DOSE)
MARKS = [
    ("pilot", 0.0, 0.05),
    ("production", 1.0, 0.1),
    ("demo", 0.95, 0.12),
    ("ready", 0.95, 0.12),
    ("all", 1.5, 1.0),
]


def percentile(values, rank):
    """Median-unbiased percentiles along the first axis (Hyndman & Fan 1996, definition 8)."""
    return np.percentile(values, rank, axis=0, method="median_unbiased")


def inputs(count: int, spread: float = 0.06) -> tuple[list[str], np.ndarray]:
    """Names, every third one long, and correlations in an order that sorting has to change."""
    rho = np.array([(-1) ** i * (i + 1) / (count + 4) for i in range(count)])
    names = [f"{LONG}.part_{i}" if i % 3 == 0 else f"data.defect_{i}" for i in range(count)]
    return names, np.column_stack([rho, rho - spread, rho + spread])


def dist(realised, projected, success=None):
    return distribution.draw, (np.asarray(realised, dtype=float), projected, success, "EUR"), {}


def cash(rows, board=None):
    return cumulative_cash.draw, (np.asarray(rows, dtype=float), "EUR", board), {}


def shown(true, accuracy, value=1.0):
    """Accuracy of six months by trial, true and shown; value falls, and a share of it is shown."""
    true, accuracy = (np.array(a, dtype=float) * np.ones((3, 6)) for a in (true, accuracy))
    value_true = -1e5 * np.arange(1, 7) * np.array([[0.5], [1.0], [2.0]])
    return dashboard.draw, (true, accuracy, value_true, value * value_true, "EUR"), {}


def bars(count):
    return tornado.draw, (*inputs(count), "realised NPV"), {}


def line(values, mean, half, pilot, production, **unit):
    values, mean, half = (np.asarray(v, dtype=float) for v in (values, mean, half))
    return sweep.curve, (values, mean, half, "dose of data", "realised NPV", pilot, production), unit


def area(x, y, mean, marks, **options):
    return sweep.surface, (x, y, mean, "dose of data", "review share", "realised NPV", marks), options


FIGURES = {
    "normal": dist(NORMAL, 1.9e6, 1.52e6),
    "board at zero": dist(NORMAL, 0.0, 0.0),
    "board at a percentile": dist(NORMAL, float(np.median(NORMAL)), float(percentile(NORMAL, 95))),
    "board far above": dist(NORMAL, 9e12),
    "board far below": dist(NORMAL, -9e12, 9e12),
    "one trial": dist([3.1e5], 9e8, 2e5),
    "three trials": dist([1e5, 5e5, 2e6], 1e6),
    "all equal": dist(np.full(50, -3.1e5), 1.2e6),
    "all zero": dist(np.zeros(50), 0.0),
    "heavy tail": dist(RNG.lognormal(11, 2.5, 10_000), 1.9e6, 1.6e5),
    "two lumps": dist(np.repeat([-1e6, 2e6], 500), 2e6),
    "cash": cash(CASH, BOARD),
    "cash, never back": cash(CASH - 6e5, None),
    "cash, never below": cash(np.abs(CASH), None),
    "cash, one trial": cash(CASH[:1], BOARD),
    "cash, one month": cash(CASH[:1, :1], None),
    "cash, back at once": cash(np.array([[-1.0, 5.0]]), None),
    "cash, nothing": cash(np.zeros((3, 12)), np.zeros(12)),
    "dashboard": shown([math.nan, 0.9, 0.86, 0.8, 0.78, 0.7], [math.nan, *[0.93] * 5], -2.0),
    "dashboard, nothing shown": shown(0.8, math.nan),
    "dashboard, nothing decided": shown(math.nan, math.nan, 0.0),
    "dashboard, one month known": shown([*[math.nan] * 5, 0.9], [*[math.nan] * 5, 0.9]),
    "no input": bars(0),
    "one input": bars(1),
    "twenty inputs": bars(20),
    "curve": line(DOSE, MAP[0], DOSE * 1e5, 0.0, 1.0, currency="EUR"),
    "curve, marks close": line(REVIEW, 20 + REVIEW**2, REVIEW, 0.05, 0.06, unit="hours"),
    "curve, marks equal": line(REVIEW, 20 + REVIEW**2, REVIEW, 0.5, 0.5, unit="hours"),
    "curve, marks beyond": line(REVIEW, 20 + REVIEW**2, REVIEW, -50.0, 50.0),
    "curve, constant": line(REVIEW, np.full(11, 3.0), np.zeros(11), None, 1.0),
    "curve, one point": line([0.3], [3.0], [0.2], 0.3, None),
    "map": area(DOSE, REVIEW, MAP, MARKS, reference=0.0, currency="EUR"),
    "map, ratio": area(DOSE, REVIEW, MAP / 1.9e6, [*MARKS, ("far", 3.0, 0.1)]),
    "map, 2 x 2": area(DOSE[:2], REVIEW[:2], MAP[:2, :2], [("pilot", 0.0, 0.0)], reference=0.0),
    "map, flat": area(DOSE, REVIEW, np.full(MAP.shape, 3e5), MARKS, reference=0.0, currency="EUR"),
    "map, all zero": area(DOSE, REVIEW, np.zeros(MAP.shape), [], reference=0.0),
    "map, equal rows": area(DOSE, REVIEW, np.tile(MAP[0], (11, 1)), MARKS),
    "map, one step": area(DOSE, REVIEW, np.where(DOSE < 0.7, 0.0, 1.0) * np.ones((11, 1)), MARKS),
}


def render(draw, arguments, options):
    heights = {tornado.draw: tornado.height(len(arguments[0])), dashboard.draw: dashboard.HEIGHT}
    height = heights.get(draw, 4.8)
    figure, axes = style.new_figure(CAPTION, height=height)
    draw(axes, *arguments, **options)
    return figure, axes


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another_or_leaves_the_figure(name):
    figure, axes = render(*FIGURES[name])
    assert faults(figure) == []
    written = {text.get_text().replace("\n", " ") for text in texts(figure)}
    label = axes.get_xlabel() or figure.axes[1].get_xlabel()  # of the lower panel
    assert {CAPTION, label.replace("\n", " ")} <= written


def test_the_search_for_covered_texts_finds_them():
    figure, axes = style.new_figure(CAPTION)
    axes.text(0.5, 0.5, "here")
    axes.text(0.52, 0.51, "there")
    axes.text(0.5, 0.0, "on a tick", va="top")
    far = axes.text(0.9, 0.7, "beyond the right edge of the figure")
    far.set_in_layout(False)
    assert set(faults(figure)) >= {("here", "there"), far.get_text()}
    assert any("on a tick" in fault for fault in faults(figure) if isinstance(fault, tuple))


def test_distribution_draws_the_empirical_distribution_and_the_board():
    figure, axes = render(*dist([3e5, -1e5, 1e5, 2e5], 4e5, 2.5e5))
    curve = next(drawn for drawn in axes.lines if drawn.get_label() == "realised")
    assert curve.get_drawstyle() == "steps-post"
    np.testing.assert_array_equal(curve.get_xdata()[1:-1], [-1e5, 1e5, 2e5, 3e5])
    np.testing.assert_array_equal(curve.get_ydata(), [0, 0.25, 0.5, 0.75, 1, 1])
    upright = {drawn.get_xdata()[0] for drawn in axes.lines if list(drawn.get_ydata()) == [0, 1]}
    assert upright == {0.0, 4e5, 2.5e5}
    assert {"board saw 400k", "success from 250k"} <= set(words(axes))
    assert "loses money in 1 of 4 futures" in figure.get_suptitle().replace("\n", " ")
    assert "EUR" in axes.get_xlabel()


def test_percentiles_are_marked_where_the_tables_have_them():
    _, axes = render(*FIGURES["normal"])
    dots = sorted((dot.get_ydata()[0], dot.get_xdata()[0]) for dot in axes.lines if dot.get_marker() == "o")
    np.testing.assert_allclose([y for y, _ in dots], [0.05, 0.5, 0.95])
    np.testing.assert_allclose([x for _, x in dots], percentile(NORMAL, [5, 50, 95]))
    p95 = style.money(float(percentile(NORMAL, 95)))
    assert f"P95: 1 future in 20 beats {p95}" in words(axes)


def test_a_board_figure_off_the_scale_is_pointed_to():
    _, axes = render(*FIGURES["board far above"])
    assert axes.get_xlim()[1] < 1e7
    assert "board saw 9.0T \N{RIGHTWARDS ARROW}" in words(axes)
    _, axes = render(*FIGURES["board far below"])
    assert "\N{LEFTWARDS ARROW} board saw \N{MINUS SIGN}9.0T" in words(axes)


def test_trials_beyond_the_axis_are_counted_under_it():
    _, axes = render(*dist([*np.linspace(-1, 1, 996), 50.0, 60.0, -70.0, 80.0], 0.5))
    assert axes.get_xlim()[1] < 10
    assert "4 of 1,000 futures lie beyond the axis" in axes.get_xlabel()
    _, axes = render(*FIGURES["normal"])
    assert "beyond" not in axes.get_xlabel()


def test_cash_draws_median_bands_and_board():
    figure, axes = render(*FIGURES["cash"])
    lines = {drawn.get_label(): drawn for drawn in axes.lines}
    median = np.median(CASH, axis=0)
    np.testing.assert_allclose(lines["median"].get_ydata(), median)
    np.testing.assert_allclose(lines["board"].get_ydata(), BOARD)
    assert lines["board"].get_linestyle() == "--"
    outer, inner = (band.get_paths()[0].get_extents() for band in axes.collections)
    assert (outer.y0, outer.y1) == pytest.approx((percentile(CASH, 5).min(), percentile(CASH, 95).max()))
    assert (inner.y0, inner.y1) == pytest.approx((percentile(CASH, 25).min(), percentile(CASH, 75).max()))
    first = next(m for m in range(36) if median[m] > 0 and (median[m:] >= 0).all())
    assert f"deepest: {style.money(median[7])} in month 7" in words(axes)
    assert f"paid back from month {first}" in words(axes)
    assert f"paid back from month {first}" in figure.get_suptitle().replace("\n", " ")


def test_cash_that_dips_again_is_paid_back_after_the_last_dip():
    _, axes = render(*cash([[-2.0, 1.0, -1.0, 0.0, 3.0]]))
    assert "paid back from month 3" in words(axes)


def test_cash_below_zero_at_the_end_is_not_paid_back():
    figure, axes = render(*cash([[-2.0, 1.0, -1.0]]))
    assert not any("paid back from" in text for text in words(axes))
    assert "not paid back" in figure.get_suptitle().replace("\n", " ")


def test_cash_never_below_zero_marks_no_need():
    figure, axes = render(*FIGURES["cash, never below"])
    assert not any("deepest" in text for text in words(axes))
    assert "never below zero" in figure.get_suptitle().replace("\n", " ")


def test_the_dashboard_draws_means_and_says_both():
    draw, arguments, options = shown([math.nan, 0.9, 0.86, 0.8, 0.78, 0.7], [math.nan, *[0.93] * 5], -2.0)
    arguments[0][0, 1:] -= 0.06
    figure, axes = render(draw, arguments, options)
    below = figure.axes[1]
    true, said = (line.get_xydata() for line in axes.lines)
    np.testing.assert_allclose(true, np.column_stack([np.arange(2, 7), [0.88, 0.84, 0.78, 0.76, 0.68]]))
    np.testing.assert_allclose(said, np.column_stack([np.arange(2, 7), [0.93] * 5]))
    lines = [line.get_ydata() for line in below.lines if len(line.get_xdata()) == 6]
    np.testing.assert_allclose(lines[0], -1e5 * np.arange(1, 7) * 3.5 / 3)
    np.testing.assert_allclose(lines[1], -2.0 * lines[0])
    words = " ".join(text.get_text() for text in texts(figure))
    assert "the dashboard says 93% accurate and it is 68%" in " ".join(words.split())


def test_tornado_sorts_by_size_and_keeps_twelve():
    names, correlations = inputs(20)
    figure, axes = render(*bars(20))
    drawn = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    expected = sorted(correlations[:, 0], key=abs, reverse=True)[:12]
    np.testing.assert_allclose([bar.get_x() + bar.get_width() for bar in drawn], expected)
    assert axes.yaxis_inverted()  # the first row is on top
    whiskers = next(c for c in axes.collections if isinstance(c, LineCollection)).get_segments()
    np.testing.assert_allclose([s[:, 0] for s in whiskers], [(r - 0.06, r + 0.06) for r in expected])
    shown = [label.get_text().replace("\n", "") for label in axes.get_yticklabels()]
    assert shown == names[:7:-1]
    assert "rank correlation, not cause" in axes.get_xlabel()
    assert "12 of 20 inputs shown" in axes.get_xlabel()
    assert names[19] in figure.get_suptitle()


def test_tornado_leaves_out_an_input_that_does_not_vary():
    rho = np.array([[0.1, -0.1, 0.3], [np.nan, np.nan, np.nan], [-0.2, -0.4, 0.0]])
    figure, axes = render(tornado.draw, (["a", "b", "c"], rho, "NPV"), {})
    assert [label.get_text() for label in axes.get_yticklabels()] == ["c", "a"]
    assert "2 of 3 inputs shown" in axes.get_xlabel()
    assert "told from chance" in figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("name", [LONG, "x" * 50, "a.b" * 60, "governance.mandatory_review@production"])
def test_a_long_name_takes_two_short_lines(name):
    _, axes = render(tornado.draw, ([name], np.array([[0.5, 0.4, 0.6]]), "NPV"), {})
    lines = axes.get_yticklabels()[0].get_text().split("\n")
    assert len(lines) == 2
    assert max(map(len, lines)) <= tornado.LETTERS
    ends = "".join(lines).split("\N{HORIZONTAL ELLIPSIS}")
    assert name.startswith(ends[0])
    assert name.endswith(ends[-1])


def test_curve_draws_mean_band_and_marks():
    values, mean, half = np.array([0.0, 1.0, 2.0]), np.array([5.0, 3.0, 4.0]), np.array([0.5, 0.2, 1.0])
    figure, axes = render(*line(values, mean, half, 0.0, 1.5, unit="hours"))
    drawn = next(artist for artist in axes.lines if artist.get_marker() == "o")
    np.testing.assert_array_equal(drawn.get_xydata(), np.column_stack([values, mean]))
    corners = {tuple(corner) for corner in axes.collections[0].get_paths()[0].vertices}
    assert {(0, 4.5), (0, 5.5), (1, 2.8), (1, 3.2), (2, 3), (2, 5)} <= corners
    assert {"pilot 0", "production 1.5"} <= set(words(axes))
    statement = figure.get_suptitle().replace("\n", " ")
    assert statement == "Realised NPV: 5 hours at the pilot's 0, 3.5 hours at production's 1.5"
    assert "hours" in axes.get_ylabel()


def test_map_colours_and_lines_follow_the_data():
    x, y = np.array([0.0, 1.0, 4.0]), np.array([0.0, 2.0])
    mean = x[None, :] - 3 * y[:, None]  # linear, so every contour line is known
    figure, axes = render(*area(x, y, mean, [("pilot", 1.0, 2.0), ("far", 9.0, 0.0)], reference=0.0))
    filled, lines = (c for c in axes.collections if isinstance(c, ContourSet))
    assert (filled.norm.vmin, filled.norm.vmax) == (-filled.norm.vmax, filled.norm.vmax)
    assert (filled.zmin, filled.zmax) == (-6, 4)
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        np.testing.assert_allclose(path.vertices[:, 0] - 3 * path.vertices[:, 1], level, atol=1e-9)
    thick = dict(zip(lines.levels, lines.get_linewidths(), strict=True))
    assert all(thick[0.0] > width for level, width in thick.items() if level != 0)
    assert [tuple(dot.get_xydata()[0]) for dot in axes.lines] == [(1.0, 2.0)]
    assert "pilot" in {text.get_text() for text in axes.texts if isinstance(text, Annotation)}
    assert "beyond the map: far" in axes.get_xlabel()
    assert "from \N{MINUS SIGN}6 to 4; below 0 on 50% of the grid" in figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("name", ["normal", "cash", "twenty inputs", "curve", "map"])
def test_equal_figures_give_equal_bytes(name, tmp_path):
    for file in ("a.png", "b.png"):
        style.save(render(*FIGURES[name])[0], tmp_path / file)
    figure, _ = render(*FIGURES[name])
    style.save(figure, tmp_path / "c.png")
    style.save(figure, tmp_path / "d.png")
    first, *others = ((tmp_path / file).read_bytes() for file in ("a.png", "b.png", "c.png", "d.png"))
    assert first.startswith(b"\x89PNG")
    assert all(other == first for other in others)
    assert b"Software" not in first
    assert b"matplotlib" not in first


def test_the_users_own_settings_neither_change_a_figure_nor_are_changed(tmp_path):
    style.save(render(*FIGURES["curve"])[0], tmp_path / "plain.png")
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True}):
        style.save(render(*FIGURES["curve"])[0], tmp_path / "other.png")
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (0.371, "0.371"),
        (999, "999"),
        (999.7, "1.0k"),
        (1_900_000, "1.9M"),
        (120_000, "120k"),
        (999_499, "999k"),
        (999_700, "1.0M"),
        (9_960_000, "10M"),
        (2.5e9, "2.5B"),
        (-310_000, "\N{MINUS SIGN}310k"),
    ],
)
def test_money(value, text):
    assert style.money(value) == text
    assert style.money(value, "EUR") == f"{text} EUR"


def test_money_ticks_share_a_unit_and_keep_their_digits():
    _, axes = style.new_figure(CAPTION)
    axes.set_xlim(-2.5e6, 5e6)
    formatter = style.MoneyFormatter()
    axes.xaxis.set_major_formatter(formatter)
    ticks = [formatter(x) for x in (-1.25e6, 0.0, 5e5, 5e6)]
    assert ticks == ["\N{MINUS SIGN}1.25M", "0", "0.5M", "5M"]


def test_colours_are_those_of_okabe_and_ito():
    palette = {"#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"}
    assert {style.BLUE, style.SKY, style.GREEN, style.ORANGE, style.VERMILLION} == palette
    _, axes = render(*bars(2))
    assert {to_hex(bar.get_facecolor()).upper() for bar in axes.patches} == {style.SKY, style.ORANGE}
