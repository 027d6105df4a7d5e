"""What all figures share: colours, text sizes, money, lines with a label, and the way to a file."""

from __future__ import annotations

import itertools
import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import Formatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from simgap.analysis import words
from simgap.analysis.statistics import PERCENTILE_METHOD

FloatArray = NDArray[np.float64]

# Okabe and Ito, "Color universal design" (2008): told apart under every common kind of colour blindness.
BLUE, SKY, GREEN, ORANGE, VERMILLION = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"
PURPLE, YELLOW = "#CC79A7", "#F0E442"
INK, FAINT, SHADE = "#222222", "#5A5A5A", "#EFEFEF"
REALISED, BOARD, SUCCESS = BLUE, VERMILLION, GREEN
# Things that are compared: colour and marker of each, since colour alone is not seen by all.
SERIES = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"), (PURPLE, "D"))
LETTER_OF = {
    "o": "\N{BLACK CIRCLE}",
    "s": "\N{BLACK SQUARE}",
    "^": "\N{BLACK UP-POINTING TRIANGLE}",
    "D": "\N{BLACK DIAMOND}",
}

DPI = 150
TEXT, SMALL, TITLE = 11.5, 9.5, 13.5
ROW = 17.0  # points from one row of labels above the axes to the next
NEAR = 9  # points from a marker to a label right beside it
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}
OUTLINE = [withStroke(linewidth=3, foreground="white")]  # keeps a label readable where it crosses a line

# Of the legend of a panel, above its axes.
LEGEND: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 3,
    "columnspacing": 1.2,
    "handlelength": 1.6,
    "borderpad": 0.2,
}
SETTINGS: dict[str, Any] = {
    "text.parse_math": False,  # a name may hold dollar signs
    "font.size": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "figure.constrained_layout.h_pad": 0.09,
    "figure.constrained_layout.w_pad": 0.09,
}


@contextmanager
def context() -> Iterator[None]:
    """Apply the style of all figures, whatever the user's own matplotlib settings are.

    Serves as a ``with`` block and as a decorator, and leaves the settings as they were.
    """
    with matplotlib.style.context(["default", SETTINGS]):
        yield


@context()
def new_figure(caption: str, width: float = 7.0, height: float = 4.8) -> tuple[Figure, Axes]:
    """Make an empty figure with a caption under it, without the global state of pyplot.

    Parameters
    ----------
    caption : str
        How many replications, and what kind of uncertainty is shown. Wrapped to the width.
    width, height : float
        Inches. The default is readable on a phone held upright.

    Returns
    -------
    tuple of Figure and Axes
        The figure, drawn with Agg and laid out on its own, and its one pair of axes.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.supxlabel(_wrapped(caption, width, SMALL, 0.54), x=0.015, ha="left", fontsize=SMALL, color=FAINT)
    return figure, figure.add_subplot()


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a PNG at 150 dots an inch; equal figures give equal bytes, on one platform and version.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : str or path
        Where to. An existing file is replaced.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with context():
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def figure_of(axes: Axes) -> Figure:
    """Return the figure that holds the axes."""
    return cast(Figure, axes.figure)


def renderer_of(axes: Axes) -> RendererAgg:
    """Return what measures texts in pixels."""
    return cast(RendererAgg, cast(Any, figure_of(axes).canvas).get_renderer())


def title(axes: Axes, text: str) -> None:
    """Write a statement over the whole figure, from its left edge, wrapped to its width."""
    figure = figure_of(axes)
    text, width = text[:1].upper() + text[1:], figure.get_figwidth()
    written = figure.suptitle("", x=0.015, ha="left", fontsize=TITLE, fontweight="bold")
    letter = 0.62
    while letter < 1.3:  # capitals are wider than the mean letter
        written.set_text(_wrapped(text, width, TITLE, letter))
        if Text.get_window_extent(written, renderer_of(axes)).width < 0.97 * width * DPI:
            return
        letter *= 1.04


def short(name: str, letters: int = 24) -> str:
    """Write a name that someone chose on one line, without the middle of one that is too long.

    Examples
    --------
    >>> short("ready"), short("everything that can be bought at once", 15)
    ('ready', 'everyth…at once')
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if len(name) <= letters:
        return name
    return f"{name[: letters // 2].rstrip()}\N{HORIZONTAL ELLIPSIS}{name[-((letters - 1) // 2) :].lstrip()}"


def fit(label: Text, name: str, letters: int, width: float) -> None:
    """Write a name of at most so many letters, and of fewer where they are wide; `width` is in pixels."""
    renderer = renderer_of(cast(Axes, label.axes))
    for most in range(letters, 4, -1):
        label.set_text(short(name, most))
        if Text.get_window_extent(label, renderer).width <= width:
            return


def two_lines(name: str, letters: int) -> str:
    """Break a long name at a dot, @ or underscore; leave out the middle of one too long for two lines."""
    if len(name) <= letters:
        return name
    if len(name) > 2 * letters - 2:
        name = f"{name[: letters - 2]}\N{HORIZONTAL ELLIPSIS}{name[-(letters - 2) :]}"
    # The last break that leaves both lines short enough; through the middle where the name has none.
    breaks = [
        i
        for i in range(len(name) - letters, letters + 1)
        if name[i] in "@ " or name[i - 1] in ".\N{HORIZONTAL ELLIPSIS}"
    ]
    breaks = breaks or [i for i in range(len(name) - letters, letters + 1) if name[i - 1] == "_"]
    cut = breaks[-1] if breaks else len(name) // 2
    return f"{name[:cut]}\n{name[cut:].lstrip()}"


def _wrapped(text: str, width: float, size: float, letter: float) -> str:
    """Wrap text for a figure of `width` inches; `letter` is the mean width of a letter in units of `size`."""
    return textwrap.fill(text, int(width * 72 * 0.97 / (size * letter)), break_on_hyphens=False)


def money(value: float, currency: str = "") -> str:
    """Write an amount the short way, with a true minus sign; see `simgap.analysis.words.money`."""
    return words.money(value, currency).replace("-", "\N{MINUS SIGN}")


def number(value: float) -> str:
    """Write a plain number with three digits that count and a true minus sign."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """Write a correlation with its sign and at most two decimals, and a plain 0 for none."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}") if abs(value) >= 0.005 else "0"


def amount(value: float, currency: str, unit: str) -> str:
    """Write money where there is a currency, else a number with its unit."""
    return money(value, currency) if currency else f"{number(value)} {unit}".rstrip()


def futures(chosen: NDArray[np.bool_]) -> str:
    """Say in how many futures something holds, of 100 where there are so many; rare is never called none.

    Examples
    --------
    >>> futures(np.arange(1000) < 342), futures(np.arange(1000) < 4), futures(np.arange(3) < 2)
    ('34 of 100 futures', 'fewer than 1 of 100 futures', '2 of 3 futures')
    >>> futures(np.zeros(5000, dtype=bool)), futures(np.ones(5000, dtype=bool))
    ('none of 5,000 futures', 'all 5,000 futures')
    """
    count, total = int(chosen.sum()), len(chosen)
    if total < 100:
        return f"{count} of {total} futures"
    if count in (0, total):
        return f"all {total:,} futures" if count else f"none of {total:,} futures"
    percent = 100 * count / total
    text = "fewer than 1" if percent < 1 else "more than 99" if percent > 99 else f"{percent:.0f}"
    return f"{text} of 100 futures"


def money_tick(x: float, largest: float) -> str:
    """Write a round amount with all its digits, in the unit that fits the largest of its neighbours."""
    unit, letter = words.unit_of(abs(largest))
    # What should be 0 may be off by rounding, which %g would spell out.
    digits = f"{round(x / unit, 9) + 0.0:g}".replace("-", "\N{MINUS SIGN}")
    return digits if digits == "0" else digits + letter


class MoneyFormatter(Formatter):
    """Write the ticks of an axis as short amounts, all in one unit."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the text of the tick at `x`."""
        return money_tick(x, np.abs(cast(Axis, self.axis).get_view_interval()).max())


def percentiles(values: FloatArray, ranks: Sequence[float]) -> FloatArray:
    """Return percentiles along the first axis, by the method of the tables beside the figures."""
    return np.asarray(np.percentile(values, ranks, axis=0, method=PERCENTILE_METHOD))


def span(values: FloatArray) -> tuple[float, float]:
    """Return the lowest and highest value, apart by something even where all are equal."""
    low, high = float(values.min()), float(values.max())
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return low, high
    room = 0.1 * abs(low) or 1.0
    return low - room, high + room


def bulk(values: FloatArray) -> tuple[float, float]:
    """Return the range of the values without tails that would press the rest together."""
    p2, p98 = percentiles(values, [2, 98])
    room = 0.5 * (p98 - p2)  # four standard deviations from the middle where the values are normal
    return max(float(values.min()), p2 - room), min(float(values.max()), p98 + room)


def refuse_infinite(**arrays: FloatArray) -> None:
    """Raise ValueError where an array holds what is not a finite number, which no axis can show."""
    for name, values in arrays.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds values that are not finite; what is not known is left out before")


def beyond(outside: int, total: int) -> str:
    """Return a line that says how many futures the axes leave out; nothing where they hold all."""
    return f"\n{outside:,} of {total:,} futures lie beyond the axis" if outside else ""


def with_reach(
    low: float, high: float, points: Sequence[float | None], widths: float = 2.0
) -> tuple[float, float]:
    """Widen a range to the points that lie at most so many of its widths away; those farther stay outside."""
    reach = widths * (high - low)
    near = [p for p in points if p is not None and low - reach <= p <= high + reach]
    return min(low, *near, high), max(low, *near, high)


def vertical(axes: Axes, x: float, text: str, row: int, colour: str, dashes: str = "-") -> None:
    """Draw a vertical line with its label above the axes, or an arrow where it lies beyond the limits.

    Parameters
    ----------
    axes : Axes
        With its final limits along x.
    x : float
        Where the line stands.
    text : str
        Label.
    row : int
        Row of the label, counted upwards from 0. A row that holds one label cannot show an overlap.
    colour, dashes : str
        Of the line.
    """
    low, high = axes.get_xlim()
    place = (x - low) / (high - low)
    height = 5 + ROW * row
    if place < 0 or place > 1:
        text = f"{text} \N{RIGHTWARDS ARROW}" if place > 1 else f"\N{LEFTWARDS ARROW} {text}"
        place = min(1.0, max(0.0, place))
    else:
        axes.axvline(x, color=colour, linestyle=dashes, zorder=2)
        # The leader joins the line to its label past the rows below.
        axes.annotate(
            "",
            (place, 1),
            (0, height + ROW * 0.75),
            "axes fraction",
            "offset points",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linestyle": dashes,
                "linewidth": 2.2,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
    right = place > 0.5
    axes.annotate(
        text,
        (place, 1),
        (-5 if right else 5, height),
        "axes fraction",
        "offset points",
        ha="right" if right else "left",
        va="bottom",
        color=colour,
        fontweight="bold",
        bbox=HALO,
        zorder=6,
    )


def diagonal(axes: Axes, text: str) -> str:
    """Draw the line on which y is x, with its label along it.

    Parameters
    ----------
    axes : Axes
        With its final limits.
    text : str
        Label.

    Returns
    -------
    str
        What the label of an axis should add, on a line of its own, where the picture has no room for the
        label or the line lies beyond it; else empty.
    """
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    low, high = max(left, bottom), min(right, top)
    if low >= high:
        return f"\n({text}: far {'above' if left >= top else 'below'} what is shown)"
    axes.plot([low, high], [low, high], color=INK, linewidth=1.6, zorder=4)
    across, up = (high - low) / (right - left), (high - low) / (top - bottom)
    # Along a line that is nearly level or upright the label would lie on an axis.
    if np.hypot(across, up) < 0.5 or min(across, up) < 0.12:
        return f"\n(black line: {text})"
    place = low + 0.92 * (high - low)
    axes.text(
        place,
        place,
        text,
        ha="right",
        va="bottom",
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
        fontweight="bold",
        path_effects=OUTLINE,
        zorder=6,
    )
    return ""


def settle(axes: Axes) -> None:
    """Lay the figure out for good, so that places in pixels stand; another pass could shift the axes."""
    figure = figure_of(axes)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def place_labels(
    axes: Axes,
    points: Sequence[tuple[str, float, float]],
    others: Sequence[tuple[float, float]] = (),
    leaders: bool = True,
) -> list[Bbox]:
    """Write a label beside each point so that labels cover neither one another nor a point.

    Each label takes the nearest of a few dozen places around its point that is free and inside the axes;
    where none is, the place that covers least.

    Parameters
    ----------
    axes : Axes
        With its final limits, labels and layout.
    points : sequence of (label, x, y)
        Coordinates in the data.
    others : sequence of (x, y)
        Points without a label, which no label should cover either.
    leaders : bool
        Whether a label right beside its point has a line to it, as one farther off always has.

    Returns
    -------
    list of Bbox
        Where the labels stand, in pixels.
    """
    renderer = renderer_of(axes)
    point = DPI / 72
    frame = axes.get_window_extent(renderer)
    spots = [axes.transData.transform((x, y)) for _, x, y in points]
    spots_of_others = [axes.transData.transform(other) for other in others]
    taken = [Bbox([s - 6 * point, s + 6 * point]) for s in [*spots, *spots_of_others]]
    placed: list[Bbox] = []
    for (text, x, y), spot in zip(points, spots, strict=True):
        label = axes.annotate(
            text,
            (x, y),
            (0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontweight="bold",
            bbox=HALO,
            zorder=7,
            arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 4},
        )
        # Of the text alone: an annotation's own extent holds its arrow as well.
        half = np.array(Text.get_window_extent(label, renderer).size) / 2 + 2 * point
        best, best_offset, best_box, best_distance = np.inf, half, frame, NEAR
        for distance, (side, up) in itertools.product(
            (NEAR, 24, 40, 60, 85), ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
        ):
            offset = np.array([side, up]) * (distance * point + half)
            box = Bbox([spot + offset - half, spot + offset + half])
            cost = sum(shared(box, other) for other in taken) + shared(box, box) - shared(box, frame)
            if cost < best - 1:  # a pixel, so that rounding does not prefer a place farther off
                best, best_offset, best_box, best_distance = cost, offset, box, distance
        label.set_position((float(best_offset[0] / point), float(best_offset[1] / point)))
        if label.arrow_patch is not None:
            label.arrow_patch.set_visible(leaders or best_distance > NEAR)
        taken.append(best_box.padded(3 * point))  # two labels side by side must not read as one
        placed.append(best_box)
    return placed


def shared(a: Bbox, b: Bbox) -> float:
    """Return the area that two boxes share."""
    both = Bbox.intersection(a, b)
    return float(both.width * both.height) if both else 0.0
