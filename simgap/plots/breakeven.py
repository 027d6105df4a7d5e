"""At which value of an input the choice flips: the mean paired difference over each input that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from simgap.plots import style
from simgap.plots.style import FloatArray, money, number, short

MOST = 6  # panels; more cannot be read on a page
NAME = 16  # letters of a name above the panels
LEGEND = 0.44  # height of the legend, that of a panel being 1
LETTERS = 30  # of a line of a label below a panel
FLIP, NOW = style.VERMILLION, style.ORANGE


class Panel(TypedDict):
    """One input and what it does to the choice.

    `values`, rising, `mean` (of the paired difference, in currency) and `half_width` (of its interval) are of
    shape (m,), m >= 1. `flip` is where the mean passes zero, None where it does not within the values, and
    `flip_low` and `flip_high` the ends of its interval, None where that end lies beyond the values. `now` is
    P10 and P90 of what is believed today, None where the input is taken as known. `label` is what is written
    below the panel, with the unit; `key` is what the title calls the input.
    """

    key: str
    label: str
    values: FloatArray
    mean: FloatArray
    half_width: FloatArray
    flip: float | None
    flip_low: float | None
    flip_high: float | None
    now: tuple[float, float] | None


def height(panels: int) -> float:
    """Return the height in inches at which so many panels are readable."""
    return 2.2 + 2.6 * _rows(panels)


def _rows(panels: int) -> int:
    return -(-panels // _columns(panels))


def _columns(panels: int) -> int:
    return 1 if panels == 1 else 2


@style.context()
def draw(axes: Axes, panels: Sequence[Panel], better: str, other: str, currency: str) -> None:
    """Draw a panel for each input: the mean difference with its interval, zero, and where it flips.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says. They become the
        first panel.
    panels : sequence of Panel
        One to six, the most telling first. All share one scale upwards, so a flat line is an input that
        does not matter.
    better, other : str
        Names of the choices; the difference is the value of the first less that of the second.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        There is no panel, there are more than six, or a number is not finite.
    """
    if not 1 <= len(panels) <= MOST:
        raise ValueError(f"{len(panels)} panels; 1 to {MOST} can be drawn")
    for panel in panels:
        style.refuse_infinite(values=panel["values"], mean=panel["mean"], half_width=panel["half_width"])
    whole = axes.get_subplotspec()
    assert whole is not None
    figure, columns = style.figure_of(axes), _columns(len(panels))
    rows = _rows(len(panels))
    cells = whole.subgridspec(rows + 1, columns, height_ratios=[LEGEND, *(1.0 for _ in range(rows))])
    axes.set_subplotspec(cells[1, 0])
    rest = [divmod(i, columns) for i in range(1, len(panels))]
    places = [axes, *(figure.add_subplot(cells[1 + row, column], sharey=axes) for row, column in rest)]

    ends = [panel["mean"] + side * panel["half_width"] for panel in panels for side in (-1, 1)]
    low, high = style.span(np.concatenate([*ends, [0.0]]))
    axes.set_ylim(low - 0.14 * (high - low), high + 0.06 * (high - low))
    for i, (place, panel) in enumerate(zip(places, panels, strict=True)):
        _panel(place, panel)
        place.tick_params(axis="y", labelleft=i % columns == 0)
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    _legend(figure.add_subplot(cells[0, :]), panels, short(better, NAME), short(other, NAME), currency)
    style.title(axes, _statement(panels, short(better), short(other)))
    style.settle(axes)


def _panel(axes: Axes, panel: Panel) -> None:
    """Draw one input: the difference, where it flips, and what is believed along the bottom."""
    values, mean, half = panel["values"], panel["mean"], panel["half_width"]
    low, high = style.with_reach(*style.span(values), panel["now"] or ())
    low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    axes.set_xlim(low, high)
    axes.axhspan(min(axes.get_ylim()[0], 0.0), 0.0, color=style.SHADE, zorder=0)
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.fill_between(values, mean - half, mean + half, color=style.BLUE, alpha=0.25, linewidth=0, zorder=3)
    axes.plot(values, mean, "o-", color=style.BLUE, markersize=4, zorder=4)
    if len(values) == 1:  # a band over one point cannot be seen
        axes.vlines(values, mean - half, mean + half, color=style.BLUE)
    if panel["now"] is not None:
        bottom, top = axes.get_ylim()
        heights = (bottom + 0.025 * (top - bottom), 0.045 * (top - bottom))
        first, last = panel["now"]
        axes.broken_barh([(first, last - first)], heights, color=NOW, linewidth=0, zorder=5)
    flip = panel["flip"]
    if flip is not None:
        start, end = (panel[side] for side in ("flip_low", "flip_high"))
        axes.axvspan(
            low if start is None else start,
            high if end is None else end,
            color=FLIP,
            alpha=0.18,
            linewidth=0,
            zorder=2,
        )
        axes.axvline(flip, color=FLIP, linestyle="--", linewidth=1.8, zorder=3)
    text, colour = _flip(panel), style.FAINT if flip is None else FLIP
    axes.set_title(text, loc="left", fontsize=style.TEXT, color=colour)
    label = f"{style.two_lines(panel['label'], LETTERS)} \N{RIGHTWARDS ARROW}"
    if panel["now"] is not None and not low <= panel["now"][0] <= panel["now"][1] <= high:
        label += f"\n(believed: {' to '.join(map(_value, panel['now']))})"
    axes.set_xlabel(label)
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")


def _flip(panel: Panel) -> str:
    """Say where the mean passes zero, and how well that is known."""
    if panel["flip"] is None:
        return "no flip in this range"
    low, high = panel["flip_low"], panel["flip_high"]
    if low is None and high is None:
        known = "or not at all"
    elif low is None:
        known = f"{_value(high)} or less"
    else:
        known = f"{_value(low)} or more" if high is None else f"{_value(low)} to {_value(high)}"
    text = f"flips at {_value(panel['flip'])} ({known})"
    return text if len(text) <= LETTERS else text.replace(" (", "\n(")


def _value(value: float | None) -> str:
    """Write the value of an input, of large ones the short way."""
    assert value is not None
    return number(value) if abs(value) < 999.5 else money(value)


def _legend(axes: Axes, panels: Sequence[Panel], better: str, other: str, currency: str) -> None:
    """Explain above all panels what they share."""
    handles: list[Patch | Line2D] = [
        Patch(color=style.BLUE, alpha=0.5, linewidth=0, label="mean, 95% interval")
    ]
    if any(panel["flip"] is not None for panel in panels):
        handles.append(Line2D([], [], color=FLIP, linestyle="--", linewidth=1.8, label="flip"))
    if any(panel["now"] is not None for panel in panels):
        handles.append(Patch(color=NOW, linewidth=0, label="believed today, P10 to P90"))
    axes.set(xticks=[], yticks=[])
    axes.set_axis_off()
    legend = axes.legend(
        handles=handles,
        title=(
            f"Upwards: NPV of {better} \N{MINUS SIGN} NPV of {other}, {currency}\n(grey: {other} is better)"
        ),
        title_fontsize=style.TEXT,
        alignment="left",
        loc="upper left",
        ncols=3,
        columnspacing=1.2,
        handlelength=1.4,
        borderpad=0.0,
        borderaxespad=0.0,
    )
    legend.set_in_layout(False)  # it may be wider than the panels


def _statement(panels: Sequence[Panel], better: str, other: str) -> str:
    """Say in words what the figure shows."""
    flips = [(panel, panel["flip"]) for panel in panels if panel["flip"] is not None]
    if not flips:
        ahead = np.concatenate([panel["mean"] for panel in panels])
        if (ahead > 0).all():
            return f"{better} stays better than {other} wherever any one of these inputs lies"
        if (ahead < 0).all():
            return f"{other} stays better than {better} wherever any one of these inputs lies"
        return f"Between {better} and {other} no flip is known"
    likely = [
        f"{short(panel['key'], 40)} (at {_value(flip)})"
        for panel, flip in flips
        if panel["now"] is not None and panel["now"][0] <= flip <= panel["now"][1]
    ]
    said = f"The choice between {better} and {other} flips with {len(flips)} of {_inputs(len(panels))}"
    if not likely:
        return f"{said}, none of them within what is believed today"
    return f"{said}; within what is believed today with {', '.join(likely[:2])}" + (
        f" and {len(likely) - 2} more" if len(likely) > 2 else ""
    )


def _inputs(count: int) -> str:
    return f"{count} input{'s' * (count != 1)}"
