"""Two portfolios against each other over time: cumulative discounted value by month."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray, futures, money, short

HEIGHT = 5.2  # inches
LETTERS = 14  # of a line of a name at the right end
ROOM = 0.075  # of the height of the axes, for a line of text at the right end


@style.context()
def draw(axes: Axes, first: FloatArray, second: FloatArray, names: tuple[str, str], currency: str) -> None:
    """Draw the median of both by month, with the middle 90 % of futures, and where the medians cross last.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure` of height `HEIGHT`.
    first, second : array, shape (n, months + 1)
        Cumulative discounted value of each future, in currency; finite, n >= 1. Column 0 is what is paid at
        the decision, column m the value up to the end of month m.
    names : tuple of two str
        Names of the portfolios.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        A value is not finite, or the two differ in shape.

    Notes
    -----
    The lines join the medians of the months; they are not the path of any one future. The mark is at the
    first month from which the portfolio that ends ahead stays ahead in the median, having been behind.
    """
    style.refuse_infinite(first=first, second=second)
    if first.shape != second.shape:
        raise ValueError(f"values of shapes {first.shape} and {second.shape}; futures must be paired")
    months = np.arange(first.shape[1])
    medians, edges = [], [np.zeros(1)]
    for table, (colour, _), dashes in ((first, style.SERIES[0], "-"), (second, style.SERIES[1], "--")):
        p5, median, p95 = style.percentiles(table, [5, 50, 95])
        axes.fill_between(months, p5, p95, color=colour, alpha=0.16, linewidth=0, zorder=2)
        for edge in (p5, p95):  # where two bands cover each other, their edges tell them apart
            axes.plot(months, edge, dashes, color=colour, linewidth=0.8, alpha=0.7, zorder=3)
        dot = "o" if len(months) == 1 else None  # a line through one point cannot be seen
        axes.plot(months, median, dashes, color=colour, marker=dot, linewidth=2.6, zorder=4)
        medians.append(median)
        edges += [p5, p95]
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)

    low, high = style.span(np.concatenate(edges))
    axes.set_ylim(low - 0.06 * (high - low), high + 0.06 * (high - low))
    axes.set_xlim(0.0 if len(months) > 1 else -0.5, max(len(months) - 1.0, 0.5))
    crossing = overtaking(medians[1] - medians[0])
    if crossing is not None:
        ahead = int(medians[1][-1] > medians[0][-1])
        axes.plot(
            crossing,
            medians[ahead][crossing],
            "o",
            color="white",
            markeredgecolor=style.INK,
            markersize=10,
            markeredgewidth=2,
            zorder=6,
        )
        style.vertical(axes, crossing, f"medians cross: month {crossing}", 0, style.INK, ":")
    _ends(axes, medians, names)

    axes.set_xlabel("months since the decision \N{RIGHTWARDS ARROW}")
    axes.set_ylabel(f"cumulative discounted value, {currency}\n(line: median; band: 9 futures in 10)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10], min_n_ticks=1))
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    axes.grid(axis="y")
    style.title(axes, _statement(first, second, medians, names, crossing, currency))


def overtaking(lead: FloatArray) -> int | None:
    """Return the first month from which the one that ends ahead stays ahead, having been behind; else None.

    Examples
    --------
    >>> overtaking(np.array([-3.0, 1.0, -1.0, 0.0, 2.0])), overtaking(np.array([0.0, 1.0])) is None
    (4, True)
    """
    side = np.sign(lead[-1])
    behind: NDArray[np.intp] = np.flatnonzero(lead * side < 0)
    if not side or not len(behind):
        return None
    later = np.flatnonzero(lead * side > 0)
    return int(later[later > behind[-1]][0])


def _ends(axes: Axes, medians: list[FloatArray], names: tuple[str, str]) -> None:
    """Name each line beside its end; labels that would meet are moved apart."""
    low, high = axes.get_ylim()
    texts = [
        f"{style.two_lines(short(name, 2 * LETTERS - 2), LETTERS)}\n{money(float(median[-1]))}"
        for name, median in zip(names, medians, strict=True)
    ]
    half = np.array([ROOM * (text.count("\n") + 1) / 2 for text in texts])
    places = np.array([(median[-1] - low) / (high - low) for median in medians])
    lower, upper = np.argsort(places, kind="stable")[:2]
    if places[0] == places[1]:
        lower, upper = 1, 0
    missing = max(0.0, half.sum() - (places[upper] - places[lower]))
    places[[lower, upper]] += [-missing / 2, missing / 2]
    # Not beyond the axes, where the ticks are.
    places += max(0.0, half[lower] - places[lower]) - max(0.0, places[upper] - (1 - half[upper]))
    for place, text, (colour, _) in zip(places, texts, style.SERIES, strict=False):
        axes.annotate(
            text,
            (1, float(place)),
            (7, 0),
            "axes fraction",
            "offset points",
            ha="left",
            va="center",
            color=colour,
            fontweight="bold",
            annotation_clip=False,
        )


def _statement(
    first: FloatArray,
    second: FloatArray,
    medians: list[FloatArray],
    names: tuple[str, str],
    crossing: int | None,
    currency: str,
) -> str:
    """Say in words what the figure shows."""
    a, b = (short(name, 32) for name in names)
    end = first.shape[1] - 1
    lead = float(medians[0][-1] - medians[1][-1])
    if not lead:
        return f"{a} and {b} end with the same median, {money(float(medians[0][-1]), currency)}"
    if lead < 0:
        first, second, a, b = second, first, b, a
    ahead = futures(first[:, -1] > second[:, -1])
    when = f"is ahead of {b} from month {crossing} on" if crossing is not None else f"is never behind {b}"
    return (
        f"{a} {when} and ends {money(abs(lead), currency)} higher (medians); ahead in {ahead} by month {end}"
    )
