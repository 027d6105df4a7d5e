"""The timeline of a replication: its panels carry the arrays given, and no text covers another."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import StepPatch
from matplotlib.text import Text

from simgap.analysis.timeline import LEVELS, Timeline
from simgap.model.clock import DAY, HOUR, MONTH, WEEK
from simgap.plots import style, timeline

CAPTION = "claims: replication 0 in production, seed 1; one draw of what is not known and one luck."
RNG = np.random.default_rng(20260401)
GO_LIVE = 2 * MONTH


def line(weeks=8, drain=0, specialists=False, busy=None, **more):
    end = weeks * WEEK + drain
    days = -(-end // DAY)
    waiting = RNG.integers(0, 300, days)
    queue = RNG.integers(1, 9, days) if specialists else np.zeros(days, np.int64)
    arrays = {
        "busy": RNG.uniform(1, 3, -(-end // WEEK)) if busy is None else busy,
        "staff_times": np.array([0]),
        "staff": np.array([3]),
        "level_times": np.array([0]),
        "levels": np.array([0]),
        "incidents": np.array([], np.int64),
        "opened": np.array([], bool),
        "outages": np.zeros((0, 2), np.int64),
        "longest": (int(waiting.max()), int(np.argmax(waiting)) * DAY),
    }
    return Timeline(GO_LIVE, weeks * WEEK, end, waiting, queue, **{**arrays, **more})


GOVERNED = {
    "level_times": np.arange(5) * WEEK,
    "levels": np.array([0, 1, 2, 3, 2]),
    "incidents": np.array([6, 7, 8, 20, 30]) * DAY,
    "opened": np.array([True, False, True, False, False]),
    "outages": np.array([[3 * DAY, 3 * DAY + HOUR], [20 * DAY, 24 * DAY]]),
    "staff_times": np.array([0, 3 * WEEK, 90 * WEEK]),
    "staff": np.array([3, 1, 5]),
}
LINES = {
    "plain": line(),
    "governed": line(drain=9 * DAY, **GOVERNED),
    "specialists": line(specialists=True, **GOVERNED),
    "three years": line(156, specialists=True, outages=np.sort(RNG.integers(0, 156 * WEEK, (500, 2)))),
    "one day": line(1, longest=(1, 0)),
    "nothing waits": line(longest=(0, 0), busy=np.zeros(8)),
    "never staffed": line(busy=np.full(8, np.nan), staff=np.array([0])),
    "many wait": line(longest=(1_234_567, 40 * DAY)),
}


def render(shown):
    figure, axes = style.new_figure(CAPTION, height=timeline.height(shown))
    timeline.draw(axes, shown)
    return figure


def texts(figure):
    """All that is written, with its place; ticks beyond the limits and of panels without labels are not."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = set()
    for axis in itertools.chain(*((panel.xaxis, panel.yaxis) for panel in figure.axes)):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            shown = tick.label1.get_visible() and low <= tick.get_loc() <= high
            hidden |= {tick.label2} if shown else {tick.label1, tick.label2}
    found = set(figure.findobj(lambda one: isinstance(one, Text) and one.get_visible())) - hidden
    return [(t.get_text(), t.get_window_extent(renderer)) for t in found if t.get_text().strip()]


def faults(figure):
    """Texts that leave the figure, and pairs of texts that cover one another."""
    boxes = texts(figure)
    left = [text for text, box in boxes if (box.min < 0).any() or (box.max > figure.bbox.max).any()]
    return left + [
        (text, other)
        for (text, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
    ]


@pytest.mark.parametrize("name", LINES)
def test_no_text_covers_another_or_leaves_the_figure(name):
    figure = render(LINES[name])
    assert faults(figure) == []
    written = {text.replace("\n", " ") for text, _ in texts(figure)}
    assert {CAPTION, *LEVELS, "incidents", "reviewers", "items"} <= written
    assert any(text.startswith("months since the decision") for text in written)


def test_the_panels_share_the_months_since_the_decision():
    shown = LINES["specialists"]
    panels = render(shown).axes
    assert len(panels) == 4
    for panel in panels:
        assert panel.get_xlim() == pytest.approx((2.0, 2.0 + shown.end / MONTH))
    low, high = render(LINES["governed"]).axes[0].get_xlim()
    assert (low, high) == pytest.approx((2.0, 2.0 + (8 * WEEK + 9 * DAY) / MONTH))
    dotted = [drawn for drawn in render(LINES["governed"]).axes[0].lines if drawn.get_linestyle() == ":"]
    assert dotted[0].get_xdata()[0] == pytest.approx(2.0 + 8 * WEEK / MONTH)


def test_the_search_for_covered_texts_finds_them():
    figure = render(LINES["plain"])
    below = figure.axes[-1]
    below.text(0.5, 0.5, "here", transform=below.transAxes)
    below.text(0.51, 0.51, "there", transform=below.transAxes)
    below.text(1.0, 0.5, "beyond the right edge", transform=below.transAxes).set_in_layout(False)
    found = faults(figure)
    assert {"here", "there"} in [set(pair) for pair in found if isinstance(pair, tuple)]
    assert "beyond the right edge" in found


def stairs(panel):
    found = (patch.get_data() for patch in panel.patches if isinstance(patch, StepPatch))
    return [(np.asarray(values), np.asarray(edges)) for values, edges, _ in found]


def test_the_steps_are_the_arrays():
    shown = LINES["specialists"]
    reviewers, specialists, team, _ = render(shown).axes
    for panel, values in ((reviewers, shown.waiting), (specialists, shown.specialists)):
        ((drawn, edges),) = stairs(panel)
        np.testing.assert_array_equal(drawn, values)
        np.testing.assert_allclose(edges, 2.0 + np.arange(len(values) + 1) * DAY / MONTH)
        assert panel.get_ylim()[1] > values.max()
    (busy, weeks), (staff, changes) = stairs(team)
    np.testing.assert_array_equal(busy, shown.busy)
    np.testing.assert_allclose(weeks, 2.0 + np.arange(9) * WEEK / MONTH)
    np.testing.assert_array_equal(staff, [3, 1, 5])
    # A change of the staff beyond the end is not shown.
    np.testing.assert_allclose(changes, 2.0 + np.array([0, 3, 8, 8]) * WEEK / MONTH)


def boxes(collection):
    corners = (path.vertices for path in collection.get_paths())
    return [(*map(float, c.min(axis=0)), *map(float, c.max(axis=0))) for c in corners]


def test_levels_incidents_and_outages_stand_where_they_happen():
    panel = render(LINES["governed"]).axes[-1]
    outages, *bands = panel.collections
    spans = [(x0, x1) for x0, _, x1, _ in boxes(outages)]
    np.testing.assert_allclose(spans, 2.0 + GOVERNED["outages"] / MONTH)
    found = {
        (round((x0 - 2.0) * MONTH / WEEK, 6), LEVELS[round((y0 + y1) / 2)])
        for x0, y0, x1, y1 in itertools.chain(*map(boxes, bands))
    }
    words_of = ("autonomous", "guarded", "restricted", "suspended", "restricted")
    assert found == set(enumerate(words_of))
    colours = {to_hex(band.get_facecolor()[0]).upper() for band in bands}
    assert colours == {style.GREEN, style.SKY, style.ORANGE, style.VERMILLION}
    marks = {drawn.get_label(): drawn for drawn in panel.lines if drawn.get_marker() == "v"}
    opened, settled = marks["incident: opens a problem"], marks["incident: settled at once"]
    np.testing.assert_allclose(opened.get_xdata(), 2.0 + np.array([6, 8]) * DAY / MONTH)
    np.testing.assert_allclose(settled.get_xdata(), 2.0 + np.array([7, 20, 30]) * DAY / MONTH)
    assert (opened.get_markerfacecolor(), settled.get_markerfacecolor()) == (style.INK, "none")
    for name, out in (("governed", True), ("plain", False)):
        assert ("the AI is out" in {text for text, _ in texts(render(LINES[name]))}) == out


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("nothing waits", "No item waits for a reviewer; always autonomous; no incidents"),
        (
            "one day",
            "At most 1 item waits for a reviewer, 2.0 months after the decision; always autonomous; "
            "no incidents",
        ),
        (
            "many wait",
            "At most 1,234,567 items wait for a reviewer, 3.3 months after the decision; always autonomous; "
            "no incidents",
        ),
    ],
)
def test_the_statement_says_the_numbers(name, statement):
    assert render(LINES[name]).get_suptitle().replace("\n", " ") == statement


def test_the_statement_of_a_governed_replication():
    said = render(line(longest=(7, WEEK), **GOVERNED)).get_suptitle().replace("\n", " ")
    assert said.endswith("; autonomous 12% of the time; 5 incidents")  # a week of eight


def test_equal_figures_give_equal_bytes(tmp_path):
    for file in ("a.png", "b.png"):
        style.save(render(LINES["governed"]), tmp_path / file)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
