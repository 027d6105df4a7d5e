"""One replication over time: queues, reviewers, levels of autonomy, incidents and outages."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simgap.analysis.timeline import LEVELS, Timeline
from simgap.analysis.words import share_of_100
from simgap.model.clock import DAY, MONTH, WEEK
from simgap.model.types import Floats, Ints
from simgap.plots import style

LEVEL_COLOURS = (style.GREEN, style.SKY, style.ORANGE, style.VERMILLION)
OUTAGE = "#B4B4B4"


def height(line: Timeline) -> float:
    """Return the height in inches at which the panels of a timeline are readable."""
    return 9.0 if line.specialists.any() else 7.4


@style.context()
def draw(axes: Axes, line: Timeline) -> None:
    """Draw the panels of a replication over the months since the decision.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says. They become the
        first panel; the others are added below.
    line : Timeline
        As `analysis.timeline.timeline` returns it.
    """
    queues = {"reviewer": line.waiting}
    if line.specialists.any():
        queues["specialist"] = line.specialists
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(len(queues) + 2, 1, height_ratios=[*(1.0 for _ in queues), 0.9, 1.4])
    axes.set_subplotspec(cells[0])
    figure = style.figure_of(axes)
    panels = [axes, *(figure.add_subplot(cells[i], sharex=axes) for i in range(1, len(queues) + 2))]

    for panel in panels:
        _outages(panel, line, "the AI is out" if panel is axes and len(line.outages) else None)
    for panel, (whom, waiting) in zip(panels, queues.items(), strict=False):
        _queue(panel, line, whom, waiting)
    _reviewers(panels[-2], line)
    _autonomy(panels[-1], line)
    for panel in panels:
        if line.end > line.window:
            panel.axvline(_month(line, line.window), color=style.INK, linestyle=":", linewidth=1.4)
        panel.tick_params(axis="x", labelbottom=panel is panels[-1])
        panel.grid(axis="y")
    axes.set_xlim(_month(line, 0), _month(line, line.end))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10], min_n_ticks=1))
    ends = "\n(dotted: arrivals end, queues drain)" if line.end > line.window else ""
    panels[-1].set_xlabel(f"months since the decision \N{RIGHTWARDS ARROW}{ends}")
    style.title(axes, _statement(line))


def _month(line: Timeline, time: int) -> float:
    """Return an instant in months since the decision."""
    return (line.go_live + time) / MONTH


def _months(line: Timeline, times: Ints) -> Floats:
    return np.asarray((line.go_live + times) / MONTH, np.float64)


def _queue(axes: Axes, line: Timeline, whom: str, waiting: Ints) -> None:
    """Draw the most that wait on each day."""
    days = np.minimum(np.arange(len(waiting) + 1) * DAY, line.end)
    label = f"waiting for a {whom}, daily maximum"
    axes.stairs(waiting, _months(line, days), fill=True, color=style.BLUE, linewidth=0.6, label=label)
    axes.set_ylabel("items")
    axes.set_ylim(0.0, max(1.0, 1.08 * float(waiting.max())))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.legend(**style.LEGEND)


def _reviewers(axes: Axes, line: Timeline) -> None:
    """Draw who is at work, by week, against who is on the staff."""
    weeks = np.minimum(np.arange(len(line.busy) + 1) * WEEK, line.end)
    axes.stairs(
        line.busy,
        _months(line, weeks),
        fill=True,
        color=style.SKY,
        label="at work in staffed hours, weekly mean",
    )
    times = _months(line, np.minimum(np.append(line.staff_times, line.end), line.end))
    axes.stairs(line.staff, times, baseline=None, color=style.INK, linewidth=1.6, label="on the staff")
    axes.set_ylabel("reviewers")
    axes.set_ylim(0.0, max(1.0, 1.15 * float(line.staff.max())))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.legend(**style.LEGEND)


def _autonomy(axes: Axes, line: Timeline) -> None:
    """Draw the level of autonomy as a band, and incidents above it."""
    times = _months(line, np.minimum(np.append(line.level_times, line.end), line.end))
    for level, colour in enumerate(LEVEL_COLOURS):
        spells = np.flatnonzero((line.levels == level) & (line.level_times < line.end))
        bars = [(times[i], times[i + 1] - times[i]) for i in spells]
        axes.broken_barh(bars, (level - 0.4, 0.8), facecolor=colour, edgecolor=colour, linewidth=0.6)
    months, opened = _months(line, line.incidents), line.opened
    row = float(len(LEVELS))
    for chosen, fill, label in (
        (opened, style.INK, "opens a problem"),
        (~opened, "none", "settled at once"),
    ):
        if chosen.any():
            axes.plot(
                months[chosen],
                np.full(int(chosen.sum()), row),
                "v",
                color=style.INK,
                markerfacecolor=fill,
                markersize=7,
                markeredgewidth=1.1,
                label=f"incident: {label}",
            )
    axes.set_yticks(range(len(LEVELS) + 1), [*LEVELS, "incidents"])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, row + 0.6)
    if len(months):
        axes.legend(**style.LEGEND)


def _outages(axes: Axes, line: Timeline, label: str | None) -> None:
    """Shade outages; the edge keeps one of an hour visible in a window of years."""
    months = _months(line, line.outages)
    axes.broken_barh(
        [(begin, end - begin) for begin, end in months],
        (0.0, 1.0),
        transform=axes.get_xaxis_transform(),
        facecolor=OUTAGE,
        edgecolor=OUTAGE,
        linewidth=0.6,
        zorder=0.5,
        label=label,
    )


def _statement(line: Timeline) -> str:
    """Say in words what the figure shows."""
    most, since = line.longest
    wait = f"{_count(most, 'item')} wait{'s' * (most == 1)} for a reviewer"
    when = f"{_month(line, since):.1f} months after the decision"
    queue = f"At most {wait}, {when}" if most else "No item waits for a reviewer"
    alone = line.level_shares()[LEVELS[0]]
    autonomy = "always autonomous" if alone == 1.0 else f"autonomous {share_of_100(alone)}% of the time"
    return "; ".join([queue, autonomy, _count(int((line.incidents < line.window).sum()), "incident")])


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}" if number else f"no {word}s"
