"""At which value of an input the choice flips: the mean paired difference over each input that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

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
STEPS = 200  # whole numbers; of more the steps cannot be seen
FLIP, NOW = style.VERMILLION, style.ORANGE


class Flip(TypedDict):
    """Where the mean passes zero, and its interval; None for an end of it that lies beyond the values."""

    value: float
    low: float | None
    high: float | None


class Panel(TypedDict):
    """One input and what it does to the choice.

    `values`, rising, `mean` (of the paired difference, in currency) and `half_width` (of its interval; nan
    where there is none) are of shape (m,), m >= 1. `flips` are where the mean passes zero, rising. `now` is
    P10 and P90 of what is believed today, None where the input is taken as known. `label` is what is written
    below the panel, with the unit; `key` is what the title calls the input. `whole` says that the input is a
    whole number: so are the `values` and `now`, and a flip at 3.4 is one between 3 and 4.
    """

    key: str
    label: str
    values: FloatArray
    mean: FloatArray
    half_width: FloatArray
    flips: Sequence[Flip]
    now: tuple[float, float] | None
    whole: bool


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
        There is no panel, there are more than six, or a number is not finite; a half-width may be nan.
    """
    if not 1 <= len(panels) <= MOST:
        raise ValueError(f"{len(panels)} panels; 1 to {MOST} can be drawn")
    for panel in panels:
        half = panel["half_width"]
        style.refuse_infinite(values=panel["values"], mean=panel["mean"], half_width=half[~np.isnan(half)])
    whole = axes.get_subplotspec()
    assert whole is not None
    figure, columns = style.figure_of(axes), _columns(len(panels))
    rows = _rows(len(panels))
    cells = whole.subgridspec(rows + 1, columns, height_ratios=[LEGEND, *(1.0 for _ in range(rows))])
    axes.set_subplotspec(cells[1, 0])
    rest = [divmod(i, columns) for i in range(1, len(panels))]
    places = [axes, *(figure.add_subplot(cells[1 + row, column], sharey=axes) for row, column in rest)]

    spread = [(panel["mean"], np.nan_to_num(panel["half_width"])) for panel in panels]
    ends = [mean + side * half for mean, half in spread for side in (-1, 1)]
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
    values, mean, half, whole = panel["values"], panel["mean"], panel["half_width"], panel["whole"]
    low, high = style.with_reach(*style.span(values), panel["now"] or ())
    if whole:  # a whole number is as wide as its step
        low, high = low - 0.5, high + 0.5
    low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    axes.set_xlim(low, high)
    axes.axhspan(min(axes.get_ylim()[0], 0.0), 0.0, color=style.SHADE, zorder=0)
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    band: dict[str, Any] = {"color": style.BLUE, "alpha": 0.25, "linewidth": 0, "zorder": 3}
    if whole and 0 < np.ptp(values) < STEPS:
        numbers = np.arange(values[0], values[-1] + 1)
        level, room = np.interp(numbers, values, mean), np.interp(numbers, values, half)
        axes.fill_between(numbers, level - room, level + room, step="mid", **band)
        axes.plot(numbers, level, color=style.BLUE, drawstyle="steps-mid", zorder=4)
        axes.plot(values, mean, "o", color=style.BLUE, markersize=4, zorder=4)
    else:
        axes.fill_between(values, mean - half, mean + half, **band)
        axes.plot(values, mean, "o-", color=style.BLUE, markersize=4, zorder=4)
    if len(values) == 1:  # a band over one point cannot be seen
        axes.vlines(values, mean - half, mean + half, color=style.BLUE)
    if panel["now"] is not None:
        bottom, top = axes.get_ylim()
        heights = (bottom + 0.025 * (top - bottom), 0.045 * (top - bottom))
        around = 0.5 if whole else 0.0
        first, last = panel["now"][0] - around, panel["now"][1] + around
        axes.broken_barh([(first, last - first)], heights, color=NOW, linewidth=0, zorder=5)
    # Flips that cannot be told apart share an interval; with one future none is known.
    known = {} if np.isnan(half).all() else {(flip["low"], flip["high"]): None for flip in panel["flips"]}
    for start, end in known:
        axes.axvspan(
            low if start is None else _drawn(start, whole),
            high if end is None else _drawn(end, whole),
            color=FLIP,
            alpha=0.18,
            linewidth=0,
            zorder=2,
        )
    for flip in panel["flips"]:
        axes.axvline(_drawn(flip["value"], whole), color=FLIP, linestyle="--", linewidth=1.8, zorder=3)
    text, colour = _flips(panel), FLIP if panel["flips"] else style.FAINT
    axes.set_title(text, loc="left", fontsize=style.TEXT, color=colour)
    label = f"{style.two_lines(panel['label'], LETTERS)} \N{RIGHTWARDS ARROW}"
    if panel["now"] is not None and not low <= panel["now"][0] <= panel["now"][1] <= high:
        label += f"\n(believed: {' to '.join(_value(end, whole) for end in panel['now'])})"
    axes.set_xlabel(label)
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=whole, min_n_ticks=1 if whole else 2))
    axes.grid(axis="y")


def _drawn(value: float, whole: bool) -> float:
    """Return where a flip is drawn: of whole numbers where the step from one to the next is."""
    return float(np.floor(value)) + 0.5 if whole and value != round(value) else value


def _flips(panel: Panel) -> str:
    """Say where the mean passes zero, and of a single flip how well that is known."""
    flips, whole = panel["flips"], panel["whole"]
    if not flips:
        return "no flip in this range"
    spots = [_spot(flip["value"], whole) for flip in flips]
    if len(flips) > 1:
        text = f"flips {', '.join(spots[:-1])} and {spots[-1]}".replace(", at ", ", ").replace(
            "and at", "and"
        )
        return text if len(text) <= LETTERS else f"{len(flips)} flips, the first\n{spots[0]}"
    low, high = (
        None if end is None else _value(float(rounded(end)) if whole else end, whole)
        for end, rounded in ((flips[0]["low"], np.floor), (flips[0]["high"], np.ceil))
    )
    if np.isnan(panel["half_width"]).all():
        known = "no interval"
    elif low is None:
        known = "or not at all" if high is None else f"{high} or less"
    else:
        known = f"{low} or more" if high is None else f"{low} to {high}"
    text = f"flips {spots[0]} ({known})"
    return text if len(text) <= LETTERS else text.replace(" (", "\n(")


def _spot(value: float, whole: bool) -> str:
    """Say where a flip is: of whole numbers between which two, unless the difference is zero at one."""
    if whole and value != round(value):
        return f"between {_value(np.floor(value), whole)} and {_value(np.ceil(value), whole)}"
    return f"at {_value(value, whole)}"


def _value(value: float, whole: bool) -> str:
    """Write the value of an input, of large ones the short way, of whole ones all digits."""
    if whole:
        return f"{value:,.0f}".replace("-", "\N{MINUS SIGN}")
    return number(value) if abs(value) < 999.5 else money(value)


def _legend(axes: Axes, panels: Sequence[Panel], better: str, other: str, currency: str) -> None:
    """Explain above all panels what they share."""
    handles: list[Patch | Line2D] = [
        Line2D([], [], color=style.BLUE, marker="o", markersize=4, label="mean")
        if all(np.isnan(panel["half_width"]).all() for panel in panels)
        else Patch(color=style.BLUE, alpha=0.5, linewidth=0, label="mean, 95% interval")
    ]
    if any(panel["flips"] for panel in panels):
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
    flipping = [panel for panel in panels if panel["flips"]]
    if not flipping:
        ahead = np.concatenate([panel["mean"] for panel in panels])
        if (ahead > 0).all():
            return f"{better} stays better than {other} wherever any one of these inputs lies"
        if (ahead < 0).all():
            return f"{other} stays better than {better} wherever any one of these inputs lies"
        return f"Between {better} and {other} no flip is known"
    likely = [
        f"{short(panel['key'], 40)} ({' and '.join(_spot(value, panel['whole']) for value in inside)})"
        for panel in flipping
        if (inside := _believed(panel))
    ]
    said = f"The choice between {better} and {other} flips with {len(flipping)} of {_inputs(len(panels))}"
    if not likely:
        unlikely = all(_outside(panel) for panel in flipping)
        return f"{said}, none of them within what is believed today" if unlikely else said
    return f"{said}; within what is believed today with {', '.join(likely[:2])}" + (
        f" and {len(likely) - 2} more" if len(likely) > 2 else ""
    )


def _believed(panel: Panel) -> list[float]:
    """Return the flips within what is believed today."""
    now = panel["now"]
    return [flip["value"] for flip in panel["flips"] if now and now[0] <= flip["value"] <= now[1]]


def _outside(panel: Panel) -> bool:
    """Tell whether all flips, wherever in their intervals they are, lie outside what is believed today."""
    now = panel["now"]
    return now is not None and all(
        (flip["high"] is not None and flip["high"] < now[0])
        or (flip["low"] is not None and flip["low"] > now[1])
        for flip in panel["flips"]
    )


def _inputs(count: int) -> str:
    return f"{count} input{'s' * (count != 1)}"
