"""What each condition takes under several portfolios, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simgap.plots import style
from simgap.plots.style import money, short
from simgap.plots.waterfall import FIXED, Bar

LETTERS = 20  # of the name of a portfolio


def height(bars: int, portfolios: int) -> float:
    """Return the height in inches at which so many bars of so many portfolios are readable."""
    return 2.6 + bars * (0.2 + 0.17 * portfolios)


@style.context()
def draw(
    axes: Axes, names: Sequence[str], gaps: Sequence[float], rows: Sequence[Sequence[Bar]], currency: str
) -> None:
    """Draw a group of bars for each condition, one a portfolio.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    names : sequence of str
        Of the portfolios, at most four; the base case first.
    gaps : sequence of float
        Mean gap of each.
    rows : sequence of sequences of (name, mean, ends of the interval or None)
        The bars of each portfolio.
    currency : str
        Name of the currency.
    """
    base = {name: mean for name, mean, _ in rows[0]}
    every = list(dict.fromkeys(name for bars in rows for name, _, _ in bars))
    every.sort(key=lambda name: (FIXED.index(name) if name in FIXED else len(FIXED), -base.get(name, 0.0)))
    thick = 0.8 / len(names)
    for i, (name, gap, bars) in enumerate(zip(names, gaps, rows, strict=True)):
        colour, _ = style.SERIES[i]
        places = np.array([every.index(bar) for bar, _, _ in bars]) + (i - (len(names) - 1) / 2) * thick
        means = [mean for _, mean, _ in bars]
        label = f"{short(name, LETTERS)}: gap {money(gap)}"
        axes.barh(places, means, height=0.9 * thick, color=colour, zorder=2, label=label, alpha=0.85)
        for place, (_, _, ci95) in zip(places, bars, strict=True):
            if ci95:
                axes.hlines(place, ci95[0], ci95[1], color=style.INK, linewidth=1.4, zorder=3)
    axes.axvline(0.0, color=style.INK, linewidth=1.2, zorder=4)
    axes.set_yticks(range(len(every)), [name.replace("_", " ") for name in every])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(every) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(f"takes from the projected NPV, {currency}")
    axes.legend(**{**style.LEGEND, "ncols": 2})
    style.title(axes, _statement(names, gaps))


def _statement(names: Sequence[str], gaps: Sequence[float]) -> str:
    """Say in words what the figure shows."""
    best = int(np.argmin(gaps[1:])) + 1
    change = gaps[0] - gaps[best]
    size = f"{money(abs(change))} {'smaller' if change >= 0.0 else 'larger'}"
    return f"With {short(names[best], 32)} instead of {short(names[0], 32)} the gap is {size}"
