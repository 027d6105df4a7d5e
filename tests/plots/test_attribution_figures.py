"""Figures of `attribute`: bars stand where the numbers are, titles say it, no text covers another."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from reading import CAPTION, faults

from simgap.plots import interactions, left, style, waterfall
from simgap.scenario.table import CONDITIONS

NAMES = list(CONDITIONS)


def bars(means, half=2e4, names=("scale", *NAMES)):
    return [
        (name, mean, half and [mean - half, mean + half]) for name, mean in zip(names, means, strict=False)
    ]


PLAIN = bars([2.2e5, 1.5e5, 1e4, 800.0, 2.1e5, 3.4e4, 4.7e4, 5.6e3, 6.8e3, 2.4e4, 1.3e5])
HELPS = bars([2.2e5, -1.5e5, 1e4, -8e3, 2.1e5])
LOSES = bars([2.2e6, 1.5e5, 1e4, 0.0, 2.1e5], half=None)
GAINS = bars([-2.2e5, -1.5e5, 1e4])


def drawn(projected, rows, realised=None):
    realised = projected - sum(mean for _, mean, _ in rows) if realised is None else realised
    figure, axes = style.new_figure(CAPTION, height=waterfall.height(len(rows) + 2))
    waterfall.draw(axes, projected, rows, realised, "USD")
    return figure, axes


@pytest.mark.parametrize(
    ("projected", "rows"), [(7.7e5, PLAIN), (3e5, HELPS), (1e5, LOSES), (-2e5, GAINS), (0.0, bars([0.0]))]
)
def test_a_waterfall_goes_from_projected_to_realised(projected, rows):
    figure, axes = drawn(projected, rows)
    assert not faults(figure)
    boxes = sorted((p for p in axes.patches if isinstance(p, Rectangle)), key=lambda p: p.get_y())
    assert boxes[0].get_width() == pytest.approx(projected)
    level = projected
    ordered = waterfall.in_order(rows)
    for box, (_, mean, _) in zip(boxes[1:-1], ordered, strict=True):
        assert box.get_x() + min(box.get_width(), 0.0) == pytest.approx(min(level, level - mean))
        assert abs(box.get_width()) == pytest.approx(abs(mean))
        level -= mean
    assert boxes[-1].get_width() == pytest.approx(level)
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "projected",
        *(name.replace("_", " ") for name, _, _ in ordered),
        "realised",
    ]
    assert ordered[0][0] == "scale"
    sizes = [mean for _, mean, _ in ordered[1:]]
    assert sizes == sorted(sizes, reverse=True)


def test_whiskers_are_the_intervals():
    _, axes = drawn(7.7e5, PLAIN)
    segments = [line.get_segments()[0] for line in axes.collections if isinstance(line, LineCollection)]
    level = [s for s in segments if s[0][1] == s[1][1]]
    assert len(level) == len(PLAIN)
    assert all(abs(s[1][0] - s[0][0]) == pytest.approx(4e4) for s in level)


def test_labels_are_clear_of_the_line_at_zero_and_of_whiskers():
    means = [2.39e5, 2.16e5, 1.83e5, 1.19e5, 4.4e4, 3.6e4, 1.9e4, 1.6e4, 7.9e3, 5.9e3, 518.0]
    rows = [(name, mean, [0.7 * mean, 1.4 * mean]) for (name, *_), mean in zip(PLAIN, means, strict=True)]
    figure, axes = drawn(7.51e5, rows)
    assert not faults(figure)
    renderer = style.renderer_of(axes)
    zero = axes.transData.transform((0.0, 0.0))[0]
    boxes = [Text.get_window_extent(label, renderer) for label in axes.texts]
    assert len(boxes) == len(means) + 2
    assert not [box for box in boxes if box.x0 < zero < box.x1]
    assert sum(box.x1 < zero for box in boxes) >= 3
    assert min(box.x0 for box in boxes) > axes.bbox.x0
    lines = [line.get_segments()[0] for line in axes.collections if isinstance(line, LineCollection)]
    for (x0, y0), (x1, y1) in lines:
        if y0 == y1:
            (left, y), (right, _) = axes.transData.transform([(x0, y0), (x1, y1)])
            assert not [b for b in boxes if b.y0 < y < b.y1 and b.x0 < right and left < b.x1]


def test_bars_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="the bars add up to"):
        drawn(7.7e5, PLAIN, 1e5)


def test_the_title_of_a_waterfall_names_what_takes_most():
    figure, _ = drawn(7.7e5, PLAIN)
    said = " ".join(figure.get_suptitle().split())
    assert said == "From 770k USD projected to −68k realised: of the gap of 838k, scale 26% and oversight 25%"
    assert "of the gap" not in drawn(-2e5, GAINS)[0].get_suptitle()


@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_is_left_has_a_bar_for_each_portfolio(count):
    names = ["nothing", "ready", "every investment that is on the list", "reviewers"][:count]
    more = bars([2.2e5, 3.9e5, 5e4, 1e4], names=("scale", "investments", "data", "oversight"))
    rows = [PLAIN, *[more] * (count - 1)]
    figure, axes = style.new_figure(CAPTION, height=left.height(12, count))
    left.draw(axes, names, [8.4e5, 6.7e5, 9e5, 7e5][:count], rows, "USD")
    assert not faults(figure)
    assert len(axes.patches) == len(PLAIN) + 4 * (count - 1)
    said = " ".join(figure.get_suptitle().split())
    assert said.startswith("With ready instead of nothing the gap is 170k smaller")
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert ticks[:3] == ["scale", "investments", "oversight"]


def test_interactions_name_the_largest_that_is_shown():
    n = len(NAMES)
    mean, shown = np.full((n, n), np.nan), np.zeros((n, n), bool)
    below = np.tril_indices(n, -1)
    mean[below] = np.random.default_rng(2).normal(0.0, 2e4, len(below[0]))
    mean[3, 0], mean[9, 8], shown[3, 0] = -3.6e4, np.nan, True
    figure, axes = style.new_figure(CAPTION, height=interactions.height(n))
    interactions.draw(axes, NAMES, mean, shown, "USD")
    spoken = {name.replace("_", " ") for name in NAMES}
    assert not [
        pair for pair in faults(figure) if not set(pair) <= spoken
    ]  # these are slanted, not their boxes
    assert figure.get_suptitle() == "Data and oversight take 36k USD less together"
    cells = [text.get_text() for text in axes.texts]
    assert len(cells) == 45
    assert "?" in cells
    bold = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold"]
    assert bold == ["−36k"]
    shown[:] = False
    figure, axes = style.new_figure(CAPTION, height=interactions.height(n))
    interactions.draw(axes, NAMES, mean, shown, "USD")
    assert "No two conditions" in figure.get_suptitle()
