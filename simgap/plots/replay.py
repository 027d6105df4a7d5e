"""What followed from an event: two histories above each other, and the money between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simgap.analysis.timeline import LEVELS, Timeline
from simgap.model.clock import DAY, MONTH
from simgap.model.types import Floats, Ints
from simgap.plots import style
from simgap.plots.timeline import LEVEL_COLOURS

HEIGHT = 7.6  # inches
ROWS = ("as it was", "without it")
MOST_NAMED = 3  # marks with a label
GREY = "#B4B4B4"


@style.context()
def draw(
    axes: Axes,
    lines: tuple[Timeline, Timeline],
    cash: Floats,
    marks: Sequence[tuple[int, str]],
    currency: str,
    statement: str,
) -> None:
    """Draw autonomy and backlog of two histories over the months since the decision, and money between them.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of height `HEIGHT`. They become the first panel; the
        others are added below.
    lines : tuple of two Timeline
        What happened, and the history without what was taken out.
    cash : Floats[months]
        Net cash of the first less that of the second, added up, at the end of each month.
    marks : sequence of (time, name)
        What was taken out: microseconds since go-live.
    currency : str
        Name of the currency.
    statement : str
        What the figure shows, in words.
    """
    factual, without = lines
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(3, 1, height_ratios=[0.75, 1.2, 1.2])
    axes.set_subplotspec(cells[0])
    figure = style.figure_of(axes)
    panels = [axes, *(figure.add_subplot(cells[i], sharex=axes) for i in (1, 2))]
    _autonomy(axes, lines)
    _backlog(panels[1], factual, without)
    _cash(panels[2], cash, currency)
    end = max(line.end for line in lines)
    for panel in panels:
        for time, _ in marks:
            panel.axvline(_month(factual, time), color=style.VERMILLION, linewidth=1.3, zorder=1.5)
        if end > factual.window:
            panel.axvline(_month(factual, factual.window), color=style.INK, linestyle=":", linewidth=1.4)
        panel.tick_params(axis="x", labelbottom=panel is panels[-1])
    left, right = _month(factual, 0), max(_month(factual, end), float(len(cash)))
    axes.set_xlim(left, right)
    for time, name in marks[:MOST_NAMED] if len(marks) <= MOST_NAMED else ():
        place = (_month(factual, time) - left) / (right - left)
        panels[2].annotate(
            name,
            (_month(factual, time), 0.03),
            (-4 if place > 0.7 else 4, 0),
            panels[2].get_xaxis_transform(),
            "offset points",
            ha="right" if place > 0.7 else "left",
            color=style.VERMILLION,
            fontweight="bold",
            path_effects=style.OUTLINE,
            zorder=6,
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10], min_n_ticks=1))
    ends = "\n(dotted: arrivals end, queues drain)" if end > factual.window else ""
    panels[-1].set_xlabel(f"months since the decision \N{RIGHTWARDS ARROW}{ends}")
    style.title(axes, statement)


def _month(line: Timeline, time: int) -> float:
    return (line.go_live + time) / MONTH


def _months(line: Timeline, times: Ints) -> Floats:
    return np.asarray((line.go_live + times) / MONTH, np.float64)


def _autonomy(axes: Axes, lines: Sequence[Timeline]) -> None:
    """Draw the level of autonomy of each history as a band."""
    seen: set[int] = set()
    for row, line in enumerate(lines):
        times = _months(line, np.minimum(np.append(line.level_times, line.end), line.end))
        for level, colour in enumerate(LEVEL_COLOURS):
            spells = np.flatnonzero((line.levels == level) & (line.level_times < line.end))
            bars = [(times[i], times[i + 1] - times[i]) for i in spells]
            label = None if level in seen or not bars else LEVELS[level]
            seen |= {level} if bars else set()
            axes.broken_barh(
                bars, (-row - 0.4, 0.8), facecolor=colour, edgecolor=colour, linewidth=0.4, label=label
            )
    axes.set_yticks([0, -1], ROWS)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-1.6, 0.6)
    axes.legend(**{**style.LEGEND, "ncols": 4})


def _backlog(axes: Axes, factual: Timeline, without: Timeline) -> None:
    """Draw the most that wait for a reviewer on each day."""
    top = 1.0
    for line, fill in ((factual, True), (without, False)):
        edges = _months(line, np.minimum(np.arange(len(line.waiting) + 1) * DAY, line.end))
        if fill:
            axes.stairs(line.waiting, edges, fill=True, color=GREY, label=ROWS[0])
        else:
            axes.stairs(line.waiting, edges, baseline=None, color=style.INK, linewidth=1.1, label=ROWS[1])
        top = max(top, 1.08 * float(line.waiting.max()))
    axes.set_ylim(0.0, top)
    axes.set_ylabel("items that wait\nfor a reviewer")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.grid(axis="y")
    axes.legend(**style.LEGEND)


def _cash(axes: Axes, cash: Floats, currency: str) -> None:
    """Draw what the event has cost by the end of each month, not discounted."""
    months = np.arange(len(cash) + 1)
    # Booked at the end of each month: a line between the ends would fall before the event.
    axes.plot(months, np.append(0.0, cash), color=style.BLUE, drawstyle="steps-post")
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    low, high = style.span(np.append(0.0, cash))
    axes.set_ylim(low - 0.12 * (high - low), high + 0.12 * (high - low))
    axes.set_ylabel(f"as it was, less without:\nnet so far, {currency}")
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")
