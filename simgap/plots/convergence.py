"""How an estimate and its half-width came to rest as trials came in, and where one looked."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from simgap.analysis import words as written
from simgap.plots import style
from simgap.plots.style import FloatArray

HEIGHT = 6.4  # inches, for both panels


@style.context()
def draw(
    axes: Axes,
    running: FloatArray,
    looks: FloatArray,
    counts: NDArray[np.bool_],
    target: float,
    label: str,
    currency: str,
    words: tuple[str, str],
    reached: bool,
) -> None:
    """Draw the estimate over the number of trials, with its intervals; below, half-widths and the target.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure` of height `HEIGHT`. They become the upper panel.
    running : FloatArray[k, 4]
        Number of trials, estimate, and the plain 95 % interval there, whose ends may be infinite.
    looks : FloatArray[looks, 4]
        The same at each look, with the interval that holds although one stops.
    counts : array of bool, shape (looks,)
        Whether one could have stopped there.
    target : float
        Half-width that was asked for.
    label : str
        The outcome.
    currency : str
        Name of the currency; empty where the outcome is a probability.
    words : tuple of str
        Half-width at the last look, empty where there is none, and the target.
    reached : bool
        Whether the target was.
    """
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(2, 1, height_ratios=[1.5, 1])
    axes.set_subplotspec(cells[0])
    below = style.figure_of(axes).add_subplot(cells[1], sharex=axes)

    n, estimate, low, high = running.T
    known = np.isfinite(high - low)
    axes.fill_between(
        n[known],
        low[known],
        high[known],
        color=style.SKY,
        alpha=0.3,
        linewidth=0,
        label="plain 95 % interval",
    )
    axes.plot(n, estimate, color=style.BLUE, label="estimate")
    below.plot(n[known], _farther(running[known]), color=style.SKY)
    stops = looks[counts & np.isfinite(looks[:, 3] - looks[:, 2])]
    arms = np.array([stops[:, 1] - stops[:, 2], stops[:, 3] - stops[:, 1]])
    halves = _farther(stops)
    for panel, y, error in ((axes, stops[:, 1], arms), (below, halves, None)):
        panel.errorbar(
            stops[:, 0],
            y,
            yerr=error,
            fmt="o",
            color=style.INK,
            capsize=5,
            zorder=5,
            label="look: interval that holds although one stops",
        )
    for x in looks[~counts, 0]:
        for panel in (axes, below):
            panel.axvline(x, color=style.FAINT, linewidth=1, linestyle=":", zorder=1)
    below.axhline(target, color=style.VERMILLION, linewidth=1.6, linestyle="--")
    below.annotate(
        f"asked for: {words[1]}",
        (0, target),
        (4, 5),
        below.get_yaxis_transform(),
        "offset points",
        color=style.VERMILLION,
        path_effects=style.OUTLINE,
    )
    _scale(axes, below, running, stops, target, bool(currency))
    axes.set_ylabel(f"{label}{', ' * bool(currency)}{currency}")
    below.set_ylabel("half-width")
    below.set_xlabel("trials" + "; dotted: looked at to plan alone" * bool((~counts).any()))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=1, borderpad=0.2)
    last = int(looks[-1, 0])
    verdict = "as narrow as asked" if reached else f"not the {words[1]} asked for"
    within = f"known to within \N{PLUS-MINUS SIGN}{words[0]}" if words[0] else "not known"
    style.title(axes, f"{label} is {within} after {last:,} trials, {verdict}")


def _farther(seen: FloatArray) -> FloatArray:
    """Return the distance from the estimate to the farther end of its interval: what is judged."""
    return np.asarray(np.maximum(seen[:, 3] - seen[:, 1], seen[:, 1] - seen[:, 2]))


def _scale(
    axes: Axes, below: Axes, running: FloatArray, looks: FloatArray, target: float, amounts: bool
) -> None:
    """Show what the later trials did; the first dozens, whose intervals are wide, may leave the panel."""
    n, last = running[:, 0], running[-1, 0]
    shown = n >= min(30.0, last / 4.0)
    ends = np.concatenate([running[shown][:, 1:].ravel(), looks[:, 1:].ravel()])
    ends = ends[np.isfinite(ends)]
    if ends.size:
        low, high = style.span(ends)
        room = 0.04 * (high - low)
        axes.set_ylim(low - room, high + room)
    axes.set_xscale("log")
    axes.set_xlim(max(n[0], min(30.0, last / 4.0)), last * 1.08)
    below.set_yscale("log")
    halves = np.append(_farther(running[shown]), [target, *_farther(looks)])
    halves = halves[np.isfinite(halves) & (halves > 0.0)]
    if halves.size:
        below.set_ylim(0.8 * halves.min(), 1.25 * halves.max())
    money = style.MoneyFormatter() if amounts else FuncFormatter(lambda y, _: f"{round(100 * y, 9):g}%")
    axes.yaxis.set_major_formatter(money)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    ticks = _ticks(*below.get_ylim())
    below.set_yticks(ticks, [written.money(t) if amounts else f"{round(100 * t, 9):g}%" for t in ticks])
    below.yaxis.set_minor_locator(NullLocator())
    places = _ticks(*axes.get_xlim())
    axes.set_xticks(places, [f"{x:,.0f}" for x in places])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelbottom=False)
    axes.grid(axis="y")
    below.grid(axis="y")


def _ticks(low: float, high: float) -> list[float]:
    """Return one, two and five times the powers of ten between two numbers; fewer where these are many."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    many = np.log10(high / low) > 2.5
    every = np.outer(powers, [1.0] if many else [1.0, 2.0, 5.0]).ravel()
    return [float(x) for x in every if low <= x <= high]
