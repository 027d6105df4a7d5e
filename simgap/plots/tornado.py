"""Which inputs go together with the outcome: rank correlations with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray

MOST = 12  # bars; more cannot be read on a page
LETTERS = 28  # a line of a name; a name has two lines at most


def height(inputs: int) -> float:
    """Return the height in inches at which the names of so many inputs are readable."""
    return 2.4 + 0.42 * min(max(inputs, 3), MOST)


@style.context()
def draw(axes: Axes, names: Sequence[str], correlations: FloatArray, outcome: str) -> None:
    """Draw a bar for each of the twelve inputs whose rank correlation with the outcome is farthest from zero.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    names : sequence of str, length k
        Names of the inputs.
    correlations : array, shape (k, 3)
        Rank correlation with the outcome and the ends of its interval, within [-1, 1]. An input whose
        correlation is not a number (it does not vary) gets no bar.
    outcome : str
        What the inputs are correlated with, such as ``realised NPV``.
    """
    known = np.flatnonzero(np.isfinite(correlations[:, 0]))
    order = known[np.argsort(-np.abs(correlations[known, 0]), kind="stable")][:MOST]
    if not len(order):
        axes.set(xticks=[], yticks=[])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("rank correlation, not cause")
        axes.text(0.5, 0.5, "no rank correlation is known", ha="center", transform=axes.transAxes)
        style.title(axes, "Rank correlations need at least 4 replications and an uncertain input")
        return
    rho, low, high = correlations[order].T
    rows = np.arange(len(order))

    axes.barh(rows, rho, height=0.62, color=np.where(rho < 0, style.ORANGE, style.SKY), zorder=2)
    axes.hlines(rows, low, high, color=style.INK, linewidth=1.6, zorder=3)
    for row in rows:
        # Outside the whisker, away from zero.
        negative = rho[row] < 0
        axes.annotate(
            style.signed(float(rho[row])),
            (min(low[row], rho[row], 0.0) if negative else max(high[row], rho[row], 0.0), row),
            (-4 if negative else 4, 0),
            textcoords="offset points",
            ha="right" if negative else "left",
            va="center_baseline",
        )
    axes.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=4)

    widest = float(np.nanmax(np.abs(correlations[order]), initial=0.1))
    axes.set_xlim(-1.45 * widest, 1.45 * widest)
    axes.set_ylim(max(len(order), 1) - 0.4, -0.6)
    names_shown = [style.two_lines(names[i], LETTERS) for i in order]
    axes.set_yticks(rows, names_shown)
    space = style.figure_of(axes).get_figheight() * 72 - 150
    lines = max((name.count("\n") + 1 for name in names_shown), default=1)
    axes.tick_params(
        axis="y", length=0, labelsize=min(style.TEXT - 1, space / max(len(order), 1) / lines / 1.45)
    )
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x:+.3g}".replace("-", "\N{MINUS SIGN}") if abs(x) > 1e-9 else "0")
    )
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    notes = ["rank correlation, not cause", f"\N{MINUS SIGN} goes with lower, + with higher {outcome}"]
    if len(order) < len(names):
        notes.append(f"{len(order)} of {len(names)} inputs shown, the largest")
    axes.set_xlabel("\n".join(notes))
    style.title(axes, _statement(names, order, rho, low, high, outcome))


def _statement(
    names: Sequence[str],
    order: NDArray[np.intp],
    rho: FloatArray,
    low: FloatArray,
    high: FloatArray,
    outcome: str,
) -> str:
    """Say in words what the figure shows."""
    clear = np.flatnonzero((low > 0) | (high < 0))
    if not len(clear):
        return f"No input has a link with {outcome} that can be told from chance"
    first = clear[0]
    direction = "lower" if rho[first] < 0 else "higher"
    return f"Strongest link: {names[order[first]]}; more of it goes with {direction} {outcome}"
