"""What projects of a reference class realised of what was projected, beside the forecast of this case."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from simgap.plots import style
from simgap.plots.style import FloatArray

CLASS, FORECAST = style.ORANGE, style.REALISED
DARK = "#9A6A00"  # the same hue, for letters
MOST_DOTS = 60  # projects that are drawn one by one


@style.context()
def draw(axes: Axes, name: str, ratios: FloatArray, weights: FloatArray, forecast: FloatArray) -> None:
    """Draw both distributions of realised over projected value, with their medians.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    name : str
        Of the class.
    ratios, weights : array, shape (n,)
        Realised over projected value of each project, and its weight; n >= 1.
    forecast : array, shape (m,)
        Realised value of each future over what the board saw; m >= 1.
    """
    from simgap.analysis.outside import quantiles

    style.refuse_infinite(ratios=ratios, forecast=forecast)
    ends = [style.bulk(values) for values in (ratios, forecast)]
    low, high = style.span(np.array([*ends[0], *ends[1], 0.0, 1.0]))
    room = 0.04 * (high - low)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(-0.06, 1.06)

    n = len(ratios)
    label = f"{n:,} project{'s' * (n > 1)} of {style.short(name, 28)}"
    _steps(axes, ratios, weights, CLASS, label)
    _steps(axes, forecast, np.ones(len(forecast)), FORECAST, "this forecast")
    if n <= MOST_DOTS:
        order = np.argsort(ratios, kind="stable")
        heights = np.cumsum(weights[order]) / weights.sum()
        axes.plot(ratios[order], heights, "o", color=CLASS, markersize=6, zorder=4, clip_on=True)
    axes.axvline(0.0, color=style.FAINT, linewidth=1.0, zorder=1)

    median = float(quantiles(ratios, weights, [0.5])[0])
    own = float(quantiles(forecast, np.ones(len(forecast)), [0.5])[0])
    lines: list[tuple[float, str, str, str]] = [
        (1.0, "as projected", style.BOARD, "--"),
        (median, f"half the class: {style.number(median)} or less", DARK, ":"),
        (own, f"half the futures: {style.number(own)} or less", FORECAST, "-."),
    ]
    # Labels point to the middle: those near it stand lowest, so that few lines cross a label.
    lines.sort(key=lambda line: abs(2.0 * line[0] - low - high))
    for row, (x, text, colour, dashes) in enumerate(lines):
        style.vertical(axes, x, text, row, colour, dashes)

    outside = [int(np.sum((v < low - room) | (v > high + room))) for v in (ratios, forecast)]
    beyond = f"\n{outside[0]:,} of {n:,} projects lie beyond the axis" if outside[0] else ""
    axes.set_xlabel(
        "realised over projected value (better \N{RIGHTWARDS ARROW})"
        + beyond
        + style.beyond(outside[1], len(forecast))
    )
    axes.set_ylabel("share at or below x")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y")
    axes.legend(loc="best" if median < (low + high) / 2 else "upper left", framealpha=0.9, frameon=True)
    below = float(((ratios < own) + 0.5 * (ratios == own)) @ weights / weights.sum())
    few = n < 100 and weights.min() == weights.max()
    placed = f"{below * n:.3g} of {n} projects" if few else f"{100.0 * below:.0f} % of the projects"
    style.title(
        axes,
        f"The forecast of this case lies above {placed} of the class: "
        f"{style.number(own)} of what was projected, against {style.number(median)}",
    )


def _steps(axes: Axes, values: FloatArray, weights: FloatArray, colour: str, label: str) -> None:
    """Draw the weighted empirical distribution function."""
    order = np.argsort(values, kind="stable")
    heights = np.concatenate([[0.0], np.cumsum(weights[order]) / weights.sum()])
    left, right = axes.get_xlim()
    x = np.concatenate([[min(left, values.min())], values[order], [max(right, values.max())]])
    axes.plot(
        x, np.append(heights, 1.0), drawstyle="steps-post", color=colour, linewidth=2.2, zorder=3, label=label
    )
