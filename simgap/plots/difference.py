"""How much better one choice is than another, future by future: the paired difference of their value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray, futures, money, short

BETTER, OTHER = style.BLUE, style.VERMILLION
HEIGHT = 6.0  # inches, for both panels
BARS = 40
LETTERS = 18  # of a name above the bars; both names stand on one line


@style.context()
def draw(
    axes: Axes, difference: FloatArray, better: str, other: str, ci95: Sequence[float] | None, currency: str
) -> None:
    """Draw a histogram of paired differences, with their mean, its interval, and P5, P50 and P95 below.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure` of height `HEIGHT`. They become the upper panel.
    difference : array, shape (n,)
        Net present value of `better` less that of `other` in each future, in currency; finite, n >= 1.
    better, other : str
        Names of the choices.
    ci95 : sequence of two float, or None
        95 % interval of the mean difference; None where none is known.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        A difference is not finite.

    Notes
    -----
    Zero is always the edge of a bar, so no bar holds futures of both kinds. Futures in which both choices
    come to exactly the same are a line at zero.
    """
    style.refuse_infinite(difference=difference)
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(2, 1, height_ratios=[1.9, 1])
    axes.set_subplotspec(cells[0])
    below = style.figure_of(axes).add_subplot(cells[1], sharex=axes)

    mean = _mean(difference)  # far from nearly all of the futures where a tail is heavy
    low, high = style.with_reach(*style.span(np.array([*style.bulk(difference), 0.0])), [mean, *(ci95 or ())])
    room = 0.03 * (high - low)
    low, high = low - room, high + room
    axes.set_xlim(low, high)
    _bars(axes, difference, (low, high))
    _shares(axes, difference, short(better, LETTERS), short(other, LETTERS))
    _summary(below, difference, ci95)
    axes.axvline(0.0, color=style.INK, linewidth=1.4, zorder=4)
    below.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)

    axes.set_ylabel("share of futures")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{round(100 * y, 9):g}%"))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y")
    axes.tick_params(axis="x", labelbottom=False)
    outside = int(np.sum((difference < low) | (difference > high)))
    below.set_xlabel(
        f"NPV of {short(better)} \N{MINUS SIGN} NPV of {short(other)},\nin the same future, {currency}"
        + style.beyond(outside, len(difference))
    )
    below.xaxis.set_major_formatter(style.MoneyFormatter())
    style.title(axes, _statement(difference, short(better, 32), short(other, 32), ci95, currency))


def _bars(axes: Axes, difference: FloatArray, limits: tuple[float, float]) -> None:
    """Draw the share of futures by size of the difference, each side of zero in its own colour."""
    low, high = limits
    width = (high - low) / BARS
    edges = np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width
    for side, colour in ((difference < 0, OTHER), (difference > 0, BETTER)):
        counts, _ = np.histogram(difference[side], edges)
        shares = counts / len(difference)
        axes.bar(edges[:-1], shares, width, align="edge", color=colour, edgecolor="white", linewidth=0.5)
    same = float(np.mean(difference == 0))
    if same:
        axes.vlines(0.0, 0.0, same, color=style.INK, linewidth=6, zorder=5)


def _shares(axes: Axes, difference: FloatArray, better: str, other: str) -> None:
    """Say above the bars in how many futures each choice is ahead."""
    more, less = "\N{RIGHTWARDS ARROW}", "\N{LEFTWARDS ARROW}"
    for place, side, colour, text in (
        (0.0, difference < 0, OTHER, f"{less} {other} better"),
        (1.0, difference > 0, BETTER, f"{better} better {more}"),
    ):
        axes.annotate(
            f"{text}\nin {futures(side)}",
            (place, 1),
            (0, 6),
            "axes fraction",
            "offset points",
            ha="right" if place else "left",
            va="bottom",
            color=colour,
            fontweight="bold",
        )


def _summary(axes: Axes, difference: FloatArray, ci95: Sequence[float] | None) -> None:
    """Draw how the futures are spread, and below how well their mean is known; each in words above itself."""
    p5, p50, p95 = style.percentiles(difference, [5, 50, 95])
    mean = _mean(difference)
    # Fewer than 20 futures hold no twentieth part.
    spread = "9 futures in 10 (P5 to P95)" if len(difference) >= 20 else "all futures"
    known = f"mean: {money(mean)}"
    if ci95 is not None:
        known += f" (95% interval: {money(ci95[0])} to {money(ci95[1])})"
    low, high = axes.get_xlim()
    if not low <= mean <= high:
        known += " \N{RIGHTWARDS ARROW}" if mean > high else " \N{LEFTWARDS ARROW}"
    for row, text in (
        (1.0, f"{spread}: {money(p5)} to {money(p95)}; median (P50): {money(p50)}"),
        (0.0, known),
    ):
        axes.annotate(
            text, (0, row), (4, 11), axes.get_yaxis_transform(), "offset points", path_effects=style.OUTLINE
        )
    axes.hlines(1.0, p5, p95, color=style.FAINT, linewidth=6, zorder=3)
    axes.plot(p50, 1.0, "|", color=style.INK, markersize=13, markeredgewidth=3, zorder=5)
    if ci95 is not None:
        axes.errorbar(mean, 0.0, xerr=_arms(mean, ci95), color=style.INK, capsize=6, zorder=5)
    axes.plot(mean, 0.0, "D", color=style.INK, markersize=6, zorder=6)
    axes.set_ylim(-0.3, 1.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _mean(difference: FloatArray) -> float:
    """Return the mean; what rounding leaves of a mean of zero is zero."""
    mean = float(difference.mean())
    return mean if abs(mean) > 1e-12 * float(np.abs(difference).max()) else 0.0


def _arms(mean: float, ci95: Sequence[float]) -> FloatArray:
    return np.maximum([[mean - ci95[0]], [ci95[1] - mean]], 0.0)


def _statement(
    difference: FloatArray, better: str, other: str, ci95: Sequence[float] | None, currency: str
) -> str:
    """Say in words what the figure shows; who is ahead follows from the numbers."""
    mean = _mean(difference)
    if not difference.any():
        return f"{better} and {other} come to the same in {_every(difference == 0)}"
    if ci95 is not None and ci95[0] <= 0 <= ci95[1]:
        return (
            f"No difference can be shown between {better} and {other}: {money(mean, currency)} on average, "
            f"and the interval from {money(ci95[0])} to {money(ci95[1])} holds zero"
        )
    if mean < 0:
        difference, mean, better, other = -difference, -mean, other, better
    ahead = f"{better} beats {other} by {money(mean, currency)} on average"
    return f"{ahead}, and in {futures(difference > 0)}" + ("" if ci95 else "; no interval is known")


def _every(chosen: NDArray[np.bool_]) -> str:
    return f"all {len(chosen):,} futures" if len(chosen) > 1 else "the one future"
