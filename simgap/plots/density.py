"""What is believed of an input: where its values lie, and how much lies at or below each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from simgap.analysis.meaning import RANKS, Law, figure
from simgap.plots import style

HEIGHT = 6.2  # inches, for both panels
MARKS = (10, 50, 90)
FINE = 400  # steps of a smooth curve
FEW = 30  # values of a sample, below which bars of ranges would show what is not there
LABELS = {"value": "", "both": "", "change": "", "pilot": "pilot", "production": "production"}


@style.context()
def draw(
    axes: Axes,
    name: str,
    series: Sequence[tuple[str, Law]],
    known: tuple[str, float] | None,
    one: float,
    unit: str,
) -> None:
    """Draw the density above, and below it the share at or below each value with percentiles marked.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure` of height `HEIGHT`. They become the upper panel.
    name : str
        Of the input.
    series : sequence of (side, Law)
        One or two sides, after clipping, in the normalised unit.
    known : (side, value), optional
        The other side, where it is one number.
    one : float
        What one of the unit that is shown is in the normalised unit.
    unit : str
        Its name.
    """
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(2, 1, height_ratios=[1.0, 1.25])
    axes.set_subplotspec(cells[0])
    below = style.figure_of(axes).add_subplot(cells[1], sharex=axes)
    low, high = _range([law for _, law in series], one)
    low, high = style.with_reach(low, high, [known[1] / one] if known else [], 0.5)
    room = 0.03 * (high - low)
    axes.set_xlim(low - room, high + room)
    for (side, law), (colour, marker) in zip(series, style.SERIES, strict=False):
        _density(axes, law, one, colour, low, high)
        _cumulative(below, law, one, colour, marker, LABELS[side], alone=len(series) == 1)
    if known:
        style.vertical(
            axes, known[1] / one, f"{known[0]} {_number(known[1] / one)}", 0, style.VERMILLION, "--"
        )
    axes.set_yticks([])
    axes.set_ylim(0.0, 1.08)
    axes.set_ylabel("how likely\n(highest = 1)")
    axes.tick_params(axis="x", labelbottom=False)
    below.set_ylim(-0.03, 1.03)
    below.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    below.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    below.set_ylabel("share of futures with\nthat value or less")
    below.set_xlabel(f"{style.short(name, 60)}{f', {unit}' if unit else ''}")
    below.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _tick(x)))
    below.grid(axis="y")
    if len(series) > 1:
        axes.legend(*below.get_legend_handles_labels(), **{**style.LEGEND, "ncols": 1})
    p5, p95 = (series[-1][1].percentiles[RANKS.index(rank)] / one for rank in (5, 95))
    of = f" {LABELS[series[-1][0]]}" if len(series) > 1 else ""
    between = f"{_number(p5)} and {_number(p95)}{f' {unit}' if unit else ''}"
    style.title(
        axes, f"In 9 futures of 10 {style.short(name, 40)} lies between {between}{f' in{of}' * bool(of)}"
    )


def _number(value: float) -> str:
    """Write a number with three digits that count."""
    return figure(value).replace("-", "\N{MINUS SIGN}")


def _tick(value: float) -> str:
    """Write a round number with all its digits."""
    return (
        _number(value) if abs(value) >= 1e4 else f"{round(value, 12) + 0.0:g}".replace("-", "\N{MINUS SIGN}")
    )


def _range(laws: Sequence[Law], one: float) -> tuple[float, float]:
    """Return from P1 to P99 of all, and a little of their tails; whole where the values are few."""
    ends = []
    for law in laws:
        first, last = law.values[0], law.values[-1]
        if law.kind != "discrete":
            p1, p99 = law.percentiles[0], law.percentiles[-1]
            first, last = max(first, p1 - 0.12 * (p99 - p1)), min(last, p99 + 0.12 * (p99 - p1))
        ends += [first / one, last / one]
    return style.span(np.array(ends))


def _density(axes: Axes, law: Law, one: float, colour: str, low: float, high: float) -> None:
    if law.kind == "discrete" or (law.kind == "sample" and len(law.values) < FEW):
        values, place = np.unique(law.values, return_inverse=True)
        heights = np.bincount(place, law.weights)
        axes.vlines(values / one, 0.0, heights / heights.max(), color=colour, linewidth=5, alpha=0.85)
        return
    if law.kind == "sample":  # Rice's rule: twice the cube root of its size
        edges = np.linspace(low, high, int(np.ceil(2.0 * len(law.values) ** (1 / 3))) + 1)
    else:
        edges = np.linspace(low, high, FINE + 1)
    shares = np.diff(law.at_most(edges * one))
    # A sample has values on the first edge too.
    shares[0] += law.at_most(edges[:1] * one)[0] if law.kind == "sample" else 0.0
    if not shares.max() > 0:
        return
    heights = shares / shares.max()
    if law.kind == "sample":
        axes.stairs(heights, edges, fill=True, color=colour, alpha=0.25, linewidth=0)
        axes.stairs(heights, edges, color=colour, linewidth=1.6)
    else:
        x = 0.5 * (edges[:-1] + edges[1:])
        x, y = np.array([x[0], *x, x[-1]]), np.array([0.0, *heights, 0.0])  # down to the axis at both ends
        axes.fill_between(x, y, color=colour, alpha=0.25, linewidth=0)
        axes.plot(x, y, color=colour, linewidth=1.8)


def _cumulative(axes: Axes, law: Law, one: float, colour: str, marker: str, label: str, alone: bool) -> None:
    """Draw the distribution function, its percentiles marked: at their points, or of two sides in the key."""
    low, high = axes.get_xlim()
    places = [(rank, law.percentiles[RANKS.index(rank)] / one) for rank in MARKS]
    if not alone:
        ranks, values = (
            " / ".join(part) for part in zip(*((f"P{r}", _number(x)) for r, x in places), strict=True)
        )
        label = f"{label}: {ranks} = {values}"
    if law.kind == "smooth":
        x = np.linspace(low, high, 801)
        axes.plot(x, law.at_most(x * one), color=colour, label=label)
    else:
        x = np.concatenate([[low], law.values / one, [high]])
        y = np.concatenate([[0.0], np.cumsum(law.weights), [1.0]])
        axes.plot(x, y, drawstyle="steps-post", color=colour, label=label)
    for rank, x_of in places:
        axes.plot(x_of, rank / 100, marker, color=colour, markersize=8, zorder=5)
        if not alone:
            continue
        right = (x_of - low) / (high - low) < 0.6
        axes.annotate(
            f"P{rank}: {_number(x_of)}",
            (x_of, rank / 100),
            (9 if right else -9, -2 if right else 2),
            textcoords="offset points",
            ha="left" if right else "right",
            va="top" if right else "bottom",
            color=colour,
            path_effects=style.OUTLINE,
            zorder=6,
        )
