"""What is written on a figure, and whether it can be read."""

import itertools

from matplotlib.text import Text

CAPTION = "1,000 replications, seed 7. Spread over futures: what we do not know and luck together."


def texts(figure):
    """All that is written: ticks within the limits, annotations, labels, legend, title and caption."""
    ticks = {
        label: low <= tick.get_loc() <= high and label.get_visible()
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for low, high in [sorted(axis.get_view_interval())]
        for tick in axis.get_major_ticks()
        for label in (tick.label1,)
    }
    found = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text for text in found if text.get_text().strip() and ticks.get(text, not _is_tick(text, figure))]


def _is_tick(text, figure):
    every = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    return any(
        text in (tick.label1, tick.label2)
        for axis in every
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    )


def words(artist):
    return [text.get_text() for text in artist.findobj(Text) if text.get_text()]


def faults(figure):
    """Texts that leave the figure, and pairs of texts that cover one another."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [(text.get_text(), Text.get_window_extent(text, renderer)) for text in texts(figure)]
    left = [text for text, box in boxes if (box.min < 0).any() or (box.max > figure.bbox.max).any()]
    # A box holds the room of the deepest letter, so boxes of two rows may touch by a few pixels.
    covered = [
        (text, other)
        for (text, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 3
    ]
    return left + covered
