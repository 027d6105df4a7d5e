"""How deep the investment digs, and whether and when it comes back: cumulative cash by month."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simgap.plots import style
from simgap.plots.style import FloatArray, money


@style.context()
def draw(axes: Axes, cash: FloatArray, currency: str, projected: FloatArray | None) -> None:
    """Draw the median of cumulative cash by month, with the middle 50 % and 90 % of futures.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    cash : array, shape (n, months)
        Cumulative cash of each trial at the end of each model month, in currency. Column m is month m
        since the decision, counted from 0.
    currency : str
        Name of the currency, such as ``EUR``.
    projected : array, shape (months,), or None
        Cumulative cash that the board expects.

    Notes
    -----
    The line joins the medians of the months; it is not the path of any one future. Payback is the first
    month from which the line stays at or above zero, having been below.
    """
    months = np.arange(cash.shape[1])
    p5, p25, median, p75, p95 = style.percentiles(cash, [5, 25, 50, 75, 95])
    dot = "o" if len(months) == 1 else None  # a line through one point cannot be seen
    axes.fill_between(months, p5, p95, color=style.REALISED, alpha=0.16, linewidth=0, label="9 futures in 10")
    axes.fill_between(months, p25, p75, color=style.REALISED, alpha=0.30, linewidth=0, label="middle half")
    axes.plot(months, median, color=style.REALISED, marker=dot, zorder=4, label="median")
    if projected is not None:
        axes.plot(months, projected, "--", color=style.BOARD, marker=dot, zorder=3, label="board")
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)

    drawn = np.concatenate([p5, p95, [0.0], projected if projected is not None else []])
    low, high = style.span(drawn)
    # Below the deepest point there is room for its label, above the highest for that of the payback.
    axes.set_ylim(low - 0.16 * (high - low), high + 0.12 * (high - low))
    axes.set_xlim(-0.5, len(months) - 0.5)

    deepest = int(np.argmin(median))
    below = np.flatnonzero(median < 0)
    payback = int(below[-1]) + 1 if len(below) and below[-1] + 1 < len(months) else None
    if len(below):
        text = f"deepest: {money(float(median[deepest]))} in month {deepest}"
        _mark(axes, deepest, float(median[deepest]), text, up=False)
    if payback is not None:
        _mark(axes, payback, float(median[payback]), f"paid back from month {payback}", up=True)

    axes.set_xlabel("months since the decision \N{RIGHTWARDS ARROW}")
    axes.set_ylabel(f"cumulative cash, {currency}\n(above 0: paid back)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10], min_n_ticks=1))
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    axes.grid(axis="y")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=4, columnspacing=1.2, handlelength=1.6, borderpad=0.2
    )
    style.title(axes, _statement(cash, median, deepest, payback, currency))


def _statement(cash: FloatArray, median: FloatArray, deepest: int, payback: int | None, currency: str) -> str:
    """Say in words what the figure shows."""
    end = cash.shape[1] - 1
    if median[deepest] >= 0:
        return f"Median cumulative cash is never below zero up to month {end}"
    need = f"Median cash need {money(-float(median[deepest]), currency)} in month {deepest}"
    back = "not paid back" if payback is None else f"paid back from month {payback}"
    return f"{need}, {back}; {style.futures(cash[:, -1] >= 0)} pay back by month {end}"


def _mark(axes: Axes, month: int, value: float, text: str, up: bool) -> None:
    """Mark a point; the deepest is labelled below and the payback above, so the two labels cannot meet."""
    low, high = axes.get_xlim()
    place = (month - low) / (high - low)
    # Left of the payback the line is still under zero, so a label above zero covers nothing of it.
    side = "left" if place < 0.4 else "right" if up or place > 0.7 else "center"
    axes.plot(month, value, "o", color=style.REALISED, markersize=8, zorder=5)
    axes.annotate(
        text,
        (month, value),
        (0, 8 if up else -8),
        textcoords="offset points",
        ha=side,
        va="bottom" if up else "top",
        fontweight="bold",
        path_effects=style.OUTLINE,
        zorder=6,
    )
