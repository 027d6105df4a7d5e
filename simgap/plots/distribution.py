"""How the realised value is spread over the futures, beside the figure that the board saw."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from simgap.plots import style
from simgap.plots.style import FloatArray, money

# Percentile, and what it says in words: "P95" alone is read both ways.
MARKS = (
    (95, "P95: 1 future in 20 beats"),
    (50, "P50: half the futures beat"),
    (5, "P5: 19 futures in 20 beat"),
)


@style.context()
def draw(
    axes: Axes, realised: FloatArray, projected: float, success_level: float | None, currency: str
) -> None:
    """Draw the share of futures with an outcome at or below each amount (empirical distribution function).

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    realised : array, shape (n,)
        Realised net present value of each trial, in currency; n >= 1.
    projected : float
        The board's figure. Where it is farther from the trials than they are wide, an arrow points to it.
    success_level : float or None
        Amount from which a future counts as a success; None where no single amount decides.
    currency : str
        Name of the currency, such as ``EUR``.

    Notes
    -----
    Percentiles are those of `simgap.analysis.statistics.summarise`.
    """
    low, high = style.with_reach(*_range(realised), [projected, success_level])
    room = 0.03 * (high - low)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(-0.08, 1.05)

    steps = np.arange(len(realised) + 1) / len(realised)
    edge = [min(low - room, realised.min()), max(high + room, realised.max())]
    axes.plot(
        np.concatenate([edge[:1], np.sort(realised), edge[1:]]),
        np.append(steps, 1.0),
        drawstyle="steps-post",
        color=style.REALISED,
        zorder=3,
        label="realised",
    )
    axes.axvspan(min(low - room, 0.0), 0.0, color=style.SHADE, zorder=0)
    axes.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    _percentiles(axes, realised)

    style.vertical(axes, projected, f"board saw {money(projected)}", 0, style.BOARD, "--")
    if success_level is not None:
        style.vertical(axes, success_level, f"success from {money(success_level)}", 1, style.SUCCESS, ":")

    outside = int(np.sum((realised < low - room) | (realised > high + room)))
    axes.set_xlabel(
        f"realised net present value, {currency} (better \N{RIGHTWARDS ARROW}; grey: loses money)"
        + style.beyond(outside, len(realised))
    )
    axes.set_ylabel("share of futures with an\noutcome at or below x")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y")
    style.title(
        axes,
        f"The board saw {money(projected, currency)}. Expected: {money(float(realised.mean()), currency)}; "
        f"loses money in {style.futures(realised < 0)}",
    )


def _range(realised: FloatArray) -> tuple[float, float]:
    """Return the range to show: zero and the trials, without tails that would press the rest together."""
    return style.span(np.array([*style.bulk(realised), 0.0]))


def _percentiles(axes: Axes, realised: FloatArray) -> None:
    """Mark P5, P50 and P95. Their heights are fixed and far apart, so their labels cannot overlap."""
    low, high = axes.get_xlim()
    marks = [(rank, words, float(style.percentiles(realised, [rank])[0])) for rank, words in MARKS]
    if len(realised) < 20:  # fewer trials hold no twentieth part
        marks = [mark for mark in marks if mark[0] == 50]
    if realised.min() == realised.max():
        marks = [(50, "every future brings", float(realised[0]))]
    for rank, words, value in marks:
        axes.plot(value, rank / 100, "o", color=style.REALISED, markersize=8, zorder=5)
        right = (value - low) / (high - low) < 0.5
        # Below the rising curve on its right, above it on its left.
        axes.annotate(
            f"{words} {money(value)}",
            (value, rank / 100),
            (9 if right else -9, -2 if right else 2),
            textcoords="offset points",
            ha="left" if right else "right",
            va="top" if right else "bottom",
            path_effects=style.OUTLINE,
            zorder=6,
        )
