"""Two lucks of the same draw against each other: how much is decided by what is not known."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simgap.plots import style
from simgap.plots.style import FloatArray

HEIGHT = 6.2


@style.context()
def draw(axes: Axes, one: FloatArray, other: FloatArray, removable: float, currency: str) -> None:
    """Draw what a draw of the unknowns comes to with one luck over what it comes to with another.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of height `HEIGHT`.
    one, other : FloatArray[n]
        Realised NPV of each draw with its first and its second luck, in currency, finite, n >= 1.
    removable : float
        Share of the standard deviation that measuring could remove at most; not positive or not a number
        where none can be shown.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        A value is not finite.
    """
    style.refuse_infinite(one=one, other=other)
    low, high = style.span(np.array(style.bulk(np.concatenate([one, other]))))
    room = 0.04 * (high - low)
    axes.set_xlim(low - room, high + room)
    axes.set_ylim(low - room, high + room)
    axes.set_aspect("equal")
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.plot([0, 1], [0, 1], transform=axes.transAxes, color=style.INK, linewidth=1.6, zorder=2)
    # At the lower end, where there are fewer points than at the upper.
    axes.text(
        0.05,
        0.07,
        "luck plays no part",
        transform=axes.transAxes,
        rotation=45,
        rotation_mode="anchor",
        fontweight="bold",
        path_effects=style.OUTLINE,
        zorder=6,
    )
    axes.scatter(
        one,
        other,
        s=float(np.clip(9000.0 / len(one), 10.0, 60.0)),
        facecolor=style.REALISED,
        edgecolor="none",
        alpha=0.45,
        zorder=3,
    )
    outside = np.abs(np.stack([one, other]) - (low + high) / 2.0).max(axis=0) > (high - low) / 2.0 + room
    note = f"\nbeyond the axes: {int(outside.sum()):,} of {len(one):,} draws" if outside.any() else ""
    axes.set_xlabel(
        f"realised NPV with one luck, {currency} \N{RIGHTWARDS ARROW}\n"
        f"(a point is a draw of what is not known){note}"
    )
    axes.set_ylabel(f"the same draw with another luck, {currency} \N{RIGHTWARDS ARROW}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(style.MoneyFormatter())
    style.title(axes, statement(removable))


def statement(removable: float) -> str:
    """Say in words what the figure shows.

    Examples
    --------
    >>> statement(0.424), statement(-0.01)
    ('Measuring more could remove up to 42 % of the spread', 'Luck alone can explain the spread')
    """
    if not removable > 0.0:
        return "Luck alone can explain the spread"
    return f"Measuring more could remove up to {100.0 * removable:.0f} % of the spread"
