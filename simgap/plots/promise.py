"""What each pilot design promises and what production then delivers, future by future."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray, futures, short

LETTERS = 22  # of a name in the legend
ROUNDS = 12  # in which the points of all designs are drawn, so that none covers all of another

Design = tuple[str, FloatArray, FloatArray, NDArray[np.bool_]]


def height(designs: int) -> float:
    """Return the height in inches at which the figure of so many designs is readable."""
    return 5.6 + 0.25 * designs


@style.context()
def draw(axes: Axes, designs: Sequence[Design], currency: str) -> None:
    """Draw what is delivered over what is promised: a point a future, filled where the design says go.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    designs : sequence of (name, promise, delivered, go)
        At most four designs. `promise` and `delivered` of shape (n,) are net present values in currency,
        finite, n >= 1; `delivered` is what production would bring, also where the design says stop. `go`
        of shape (n,) holds the decisions.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        A value is not finite, or there are more designs than can be told apart.

    Notes
    -----
    On the diagonal production delivers what was promised. Far tails are left out and counted below.
    """
    if len(designs) > len(style.SERIES):
        raise ValueError(f"{len(designs)} designs; at most {len(style.SERIES)} can be told apart")
    for name, promise, delivered, _ in designs:
        style.refuse_infinite(**{f"promise of {name}": promise, f"delivered by {name}": delivered})
    left, right = _reach([promise for _, promise, _, _ in designs])
    # Above, the promises themselves, so that the diagonal passes through the picture.
    middle = [float(style.percentiles(promise, [50])[0]) for _, promise, _, _ in designs]
    bottom, top = style.with_reach(*_reach([delivered for _, _, delivered, _ in designs]), middle)
    axes.set_xlim(left - 0.04 * (right - left), right + 0.04 * (right - left))
    axes.set_ylim(bottom - 0.04 * (top - bottom), top + 0.04 * (top - bottom))
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    note = style.diagonal(axes, "promise kept")

    handles, beyond = [], 0
    for part in range(ROUNDS):
        for (colour, marker), (_, promise, delivered, go) in zip(style.SERIES, designs, strict=False):
            for chosen, face in ((go, colour), (~go, "none")):
                some = np.flatnonzero(chosen)[part::ROUNDS]
                axes.scatter(
                    promise[some],
                    delivered[some],
                    s=_size(len(promise)),
                    marker=marker,
                    facecolor=face,
                    edgecolor=colour,
                    linewidth=0.7,
                    alpha=0.55,
                    zorder=3,
                )
    for (colour, marker), (name, promise, delivered, go) in zip(style.SERIES, designs, strict=False):
        label = f"{short(name, LETTERS)}: {_decisions(delivered, go)}"
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="", label=label))
        beyond += _outside(axes, promise, delivered)
    axes.legend(handles=handles, **{**style.LEGEND, "ncols": 1}, fontsize=style.SMALL + 0.5, labelspacing=0.3)

    total = sum(len(promise) for _, promise, _, _ in designs)
    if beyond:
        note += f"\n{beyond:,} of {total:,} points lie beyond the axes"
    axes.set_xlabel(
        f"promise: projected NPV that the pilot shows, {currency} \N{RIGHTWARDS ARROW}\n"
        f"(filled: go; hollow: stop){note}"
    )
    axes.set_ylabel(f"delivered: NPV of production, {currency} \N{RIGHTWARDS ARROW}")
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    style.title(axes, _statement(designs))


def _reach(values: Sequence[FloatArray]) -> tuple[float, float]:
    """Return the range of several sets of values without their tails, with zero where it is near."""
    ends = np.array([style.bulk(some) for some in values])
    if np.ptp(ends) == 0.0:
        ends = np.append(ends, 0.0)
    return style.with_reach(*style.span(ends), [0.0])


def _size(points: int) -> float:
    """Return the area of a marker, smaller where there are many points."""
    return float(np.clip(9000.0 / points, 13.0, 60.0))


def _outside(axes: Axes, promise: FloatArray, delivered: FloatArray) -> int:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inside = (left <= promise) & (promise <= right) & (bottom <= delivered) & (delivered <= top)
    return int(np.sum(~inside))


def _decisions(delivered: FloatArray, go: NDArray[np.bool_]) -> str:
    """Say how often a design says go, and how often that loses money."""
    said = f"go in {_of(go)}"
    return f"{said}, of these {_of(delivered[go] < 0)} lose money" if go.any() else said


def _of(chosen: NDArray[np.bool_]) -> str:
    """Return the shortest form of so many futures."""
    return futures(chosen).removesuffix(" futures").replace("fewer than ", "<").replace("more than ", ">")


def _statement(designs: Sequence[Design]) -> str:
    """Say in words what the figure shows."""
    kept = [f"{futures(delivered >= promise)} by {short(name)}" for name, promise, delivered, _ in designs]
    others = [text.replace(" futures by ", " by ", 1) for text in kept[1:]]
    return f"The promise is kept in {', in '.join([*kept[:1], *others])}"
