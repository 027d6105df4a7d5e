"""From the projected to the realised value, step by step: what each condition takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Annotation, Text
from matplotlib.ticker import MaxNLocator

from simgap.plots import style
from simgap.plots.style import money

FIXED = ("scale", "investments")  # come first; what follows is in order of size
TAKES, GIVES = style.ORANGE, style.GREEN
AIR = 4.0  # pixels between a label and the line at zero
Bar = tuple[str, float, Sequence[float] | None]


def height(rows: int) -> float:
    """Return the height in inches at which so many rows are readable."""
    return 2.2 + 0.4 * max(rows, 4)


def in_order(bars: Sequence[Bar]) -> list[Bar]:
    """Return the bars as they are drawn: what is no condition first, then the largest first."""
    return sorted(bars, key=lambda bar: (FIXED.index(bar[0]) if bar[0] in FIXED else len(FIXED), -bar[1]))


@style.context()
def draw(axes: Axes, projected: float, bars: Sequence[Bar], realised: float, currency: str) -> None:
    """Draw a row for the projected value, one for each bar, and one for the realised value.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    projected, realised : float
        Mean net present values.
    bars : sequence of (name, mean, ends of the interval or None)
        What takes from the projected value; a negative one gives. They add up to projected less realised.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        The bars do not add up.
    """
    total, size = sum(mean for _, mean, _ in bars), max(abs(projected), abs(realised), 1.0)
    if abs(projected - total - realised) > 1e-6 * size:
        raise ValueError(f"the bars add up to {total}, and not to {projected - realised}")
    ordered = in_order(bars)
    steps = _levels(projected, ordered)
    ends_of_all = [end for _, ends in steps for end in ends or ()]
    reached = np.array([0.0, projected, realised, *(level for level, _ in steps), *ends_of_all])
    low, high = style.span(reached)
    room = high - low
    axes.set_xlim(low - 0.17 * room * (low < 0.0), high + 0.2 * room)
    labels: list[tuple[Annotation, float]] = []
    _total(axes, 0, projected, style.BOARD)
    for row, ((_, mean, _), (after, ends)) in enumerate(zip(ordered, steps, strict=True), 1):
        axes.vlines(after + mean, row - 1.31, row + 0.31, color=style.FAINT, linewidth=1, zorder=1)
        axes.barh(row, -mean, left=after + mean, height=0.62, color=TAKES if mean > 0.0 else GIVES, zorder=2)
        if ends:
            axes.hlines(row, *ends, color=style.INK, linewidth=1.8, zorder=3)
            axes.plot(ends, [row, row], "|", color=style.INK, markersize=7, zorder=3)
        reach = (after, after + mean, *(ends or ()))
        labels.append((_value(axes, row, -mean, max(reach)), min(reach)))
    last = len(bars) + 1
    axes.vlines(realised, last - 1.31, last + 0.31, color=style.FAINT, linewidth=1, zorder=1)
    _total(axes, last, realised, style.REALISED)
    axes.axvline(0.0, color=style.INK, linewidth=1.2, zorder=4)
    names = ["projected", *(name.replace("_", " ") for name, _, _ in ordered), "realised"]
    axes.set_yticks(range(len(names)), names)
    for label in (axes.get_yticklabels()[0], axes.get_yticklabels()[-1]):
        label.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(last + 0.6, -0.6)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(f"mean NPV, {currency}")
    style.title(axes, _statement(projected, ordered, realised, currency))
    _clear_of_zero(axes, labels)


def _levels(projected: float, bars: Sequence[Bar]) -> list[tuple[float, tuple[float, float] | None]]:
    """Return where each bar ends, and the ends of its whisker."""
    found, level = [], projected
    for _, mean, ci95 in bars:
        before, level = level, level - mean
        found.append((level, None if ci95 is None else (before - ci95[1], before - ci95[0])))
    return found


def _total(axes: Axes, row: int, value: float, colour: str) -> None:
    axes.barh(row, value, height=0.72, color=colour, zorder=2)
    _value(axes, row, value, max(value, 0.0), "bold", signed=False)


def _value(
    axes: Axes, row: int, value: float, right: float, weight: str = "normal", signed: bool = True
) -> Annotation:
    text = f"+{money(value)}" if signed and value > 0.0 else money(value)
    return axes.annotate(
        text,
        (right, row),
        (5, 0),
        textcoords="offset points",
        va="center_baseline",
        fontweight=weight,
        bbox=style.HALO,
        zorder=5,
    )


def _clear_of_zero(axes: Axes, labels: Sequence[tuple[Annotation, float]]) -> None:
    """Write a label that would touch the line at zero to the left of its bar, where there is room for it."""
    style.settle(axes)
    renderer = style.renderer_of(axes)
    zero = float(axes.transData.transform((0.0, 0.0))[0])

    def touches(label: Annotation) -> bool:
        box = Text.get_window_extent(label, renderer)  # of the text, without what it points at
        return bool(box.x0 - AIR < zero < box.x1 + AIR)

    for label, left in labels:
        if not touches(label):
            continue
        right = label.xy[0]
        _place(label, renderer, left, -5, "right")
        if touches(label) or Text.get_window_extent(label, renderer).x0 < axes.bbox.x0 + AIR:
            _place(label, renderer, right, 5, "left")


def _place(
    label: Annotation, renderer: RendererAgg, x: float, offset: float, side: Literal["left", "right"]
) -> None:
    label.xy = (x, label.xy[1])
    label.set_position((offset, 0))
    label.set_horizontalalignment(side)
    label.update_positions(renderer)


def _statement(projected: float, bars: Sequence[Bar], realised: float, currency: str) -> str:
    """Say in words what the figure shows."""
    gap = projected - realised
    ways = f"From {money(projected, currency)} projected to {money(realised)} realised"
    largest = [(name, mean) for name, mean, _ in sorted(bars, key=lambda bar: -bar[1]) if mean > 0.0][:2]
    if gap <= 0.0 or not largest:
        return ways
    told = " and ".join(f"{name.replace('_', ' ')} {mean / gap:.0%}" for name, mean in largest)
    return f"{ways}: of the gap of {money(gap)}, {told}"
