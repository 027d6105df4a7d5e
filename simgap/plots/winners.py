"""Where which choice is the best: a map of the highest mean net present value over two parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from simgap.analysis.words import share_of_100
from simgap.plots import style
from simgap.plots.style import FloatArray, short

# Any two are told apart under every common kind of colour blindness. Borders and names on the map help. The
# last is shared where more than eight win.
FILLS = (
    style.SKY,
    style.ORANGE,
    style.GREEN,
    style.YELLOW,
    style.PURPLE,
    style.BLUE,
    style.VERMILLION,
    "#E8E8E8",
)
HATCH = "///"
MORE = "\N{RIGHTWARDS ARROW}"
LETTERS = 20  # of a name on the map

IntArray = NDArray[np.int64]


def height(winner: IntArray) -> float:
    """Return the height in inches at which the map and its legend are readable."""
    return 4.8 + style.ROW / 72 * -(-(min(len(np.unique(winner)), len(FILLS)) + 1) // 2)


@style.context()
def draw(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    winner: IntArray,
    shown: NDArray[np.bool_],
    names: Sequence[str],
    x_label: str,
    y_label: str,
    marks: Sequence[tuple[str, float, float]],
) -> None:
    """Colour each point of a grid by the choice that wins there, hatched where its lead may be chance.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    x, y : array, shape (columns,) and (rows,)
        Values of the parameters, rising; finite, at least one of each.
    winner : array, shape (rows, columns)
        Index in `names` of the choice with the highest mean net present value.
    shown : array, shape (rows, columns)
        Whether its lead can be told from chance.
    names : sequence of str
        Names of the choices. Of more than eight winners, those that win least share a colour. What each wins
        is given as a share of the area of the map.
    x_label, y_label : str
        Names of the parameters, with their units.
    marks : sequence of (label, x, y)
        Points to mark, such as pilot and production. Those beyond the map are named under it.

    Raises
    ------
    ValueError
        A value of a parameter is not finite.
    """
    style.refuse_infinite(x=x, y=y)
    edges_x, edges_y = _edges(x), _edges(y)
    area = _areas(edges_x, edges_y)
    wins = np.asarray(np.bincount(winner.ravel(), area.ravel(), len(names)), np.float64)
    order = np.argsort(-wins, kind="stable")[: np.count_nonzero(wins)]
    own = np.sort(order if len(order) <= len(FILLS) else order[: len(FILLS) - 1])
    kinds = np.full(len(names), len(FILLS) - 1)  # the last fill is for all winners without one of their own
    kinds[own] = np.arange(len(own))
    kind = kinds[winner]
    texts = [short(names[i], LETTERS) for i in own]
    if len(order) > len(own):
        texts = [*texts, *[""] * (len(FILLS) - 1 - len(own)), f"{len(order) - len(own)} others"]

    axes.pcolormesh(
        edges_x, edges_y, kind, cmap=ListedColormap(FILLS), vmin=-0.5, vmax=len(FILLS) - 0.5, zorder=1
    )
    _hatch(axes, edges_x, edges_y, ~shown)
    axes.add_collection(
        LineCollection(_borders(edges_x, edges_y, winner), colors=style.INK, linewidths=1.6, zorder=3)
    )
    axes.set_xlim(edges_x[0], edges_x[-1])
    axes.set_ylim(edges_y[0], edges_y[-1])
    axes.set_axisbelow(False)

    shares = np.bincount(kind.ravel(), area.ravel(), len(FILLS))
    handles = [
        Patch(facecolor=fill, edgecolor=style.INK, label=f"{text}: {_percent(share)}%")
        for fill, text, share in zip(FILLS, texts, shares, strict=False)
    ]
    if not shown.all():
        handles.append(Patch(facecolor="white", edgecolor=style.INK, hatch=HATCH, label="lead may be chance"))
    axes.legend(handles=handles, **{**style.LEGEND, "ncols": 2})
    inside = [m for m in marks if edges_x[0] <= m[1] <= edges_x[-1] and edges_y[0] <= m[2] <= edges_y[-1]]
    beyond = [mark[0] for mark in marks if mark not in inside]
    axes.set_xlabel(f"{x_label} {MORE}" + (f"\n(beyond the map: {', '.join(beyond)})" if beyond else ""))
    axes.set_ylabel(f"{style.two_lines(y_label, 32)} {MORE}")
    style.title(axes, _statement(wins, float(area[~shown].sum()), names))

    style.settle(axes)
    boxes = style.place_labels(axes, inside)
    for _, a, b in inside:
        axes.plot(
            a,
            b,
            "o",
            color="white",
            markeredgecolor=style.INK,
            markersize=9,
            markeredgewidth=1.8,
            zorder=8,
            clip_on=False,
        )
    spots = [Bbox([spot - 10, spot + 10]) for spot in (axes.transData.transform(m[1:]) for m in inside)]
    for i, text in enumerate(texts):
        _name(axes, text, kind == i, edges_x, edges_y, [*boxes, *spots])


def _edges(values: FloatArray) -> FloatArray:
    """Return the edges of the cells around points of a grid: halfway between them, and the outermost points.

    A cell beyond these would show values that were not simulated, and that may not be legal.
    """
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    return np.concatenate([values[:1], (values[:-1] + values[1:]) / 2, values[-1:]])


def _areas(edges_x: FloatArray, edges_y: FloatArray) -> FloatArray:
    """Return the area of each cell as a share of the map, so that what is said is what is seen.

    Examples
    --------
    >>> _areas(_edges(np.array([0.0, 1.0, 3.0])), _edges(np.array([0.0]))).round(3).tolist()
    [[0.167, 0.5, 0.333]]
    """
    area = np.outer(np.diff(edges_y), np.diff(edges_x))
    return np.asarray(area / area.sum())


def _percent(share: float) -> str:
    return share_of_100(round(share, 9))  # a sum of areas may be a bit off 1


def _hatch(axes: Axes, edges_x: FloatArray, edges_y: FloatArray, chosen: NDArray[np.bool_]) -> None:
    """Hatch cells, those that touch in a row together."""
    for row, cells in enumerate(chosen):
        ends = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(np.int8)))
        runs = [(edges_x[a], edges_x[b] - edges_x[a]) for a, b in zip(ends[::2], ends[1::2], strict=True)]
        if runs:
            axes.broken_barh(
                runs,
                (edges_y[row], edges_y[row + 1] - edges_y[row]),
                facecolor="none",
                edgecolor=style.INK,
                hatch=HATCH,
                linewidth=0,
                zorder=2,
            )


def _borders(
    edges_x: FloatArray, edges_y: FloatArray, winner: IntArray
) -> list[list[tuple[np.float64, np.float64]]]:
    """Return the sides of cells between which the winner changes."""
    upright = np.argwhere(winner[:, 1:] != winner[:, :-1])
    level = np.argwhere(winner[1:] != winner[:-1])
    return [[(edges_x[j + 1], edges_y[i]), (edges_x[j + 1], edges_y[i + 1])] for i, j in upright] + [
        [(edges_x[j], edges_y[i + 1]), (edges_x[j + 1], edges_y[i + 1])] for i, j in level
    ]


def _name(
    axes: Axes,
    text: str,
    cells: NDArray[np.bool_],
    edges_x: FloatArray,
    edges_y: FloatArray,
    taken: Sequence[Bbox],
) -> None:
    """Write a name where its region is widest, if it has room for it; the legend names the others."""
    renderer = style.renderer_of(axes)
    label = axes.text(
        0, 0, text, ha="center", va="center", fontweight="bold", path_effects=style.OUTLINE, zorder=6
    )
    half = np.array(Text.get_window_extent(label, renderer).size) / 2 + 4
    right = axes.transData.transform(np.column_stack([edges_x, np.full(len(edges_x), edges_y[0])]))[:, 0]
    up = axes.transData.transform(np.column_stack([np.full(len(edges_y), edges_x[0]), edges_y]))[:, 1]
    best, place = 0.0, None
    for i, j in np.argwhere(cells):
        spot = np.array([(right[j] + right[j + 1]) / 2, (up[i] + up[i + 1]) / 2])
        room = _room(spot, half, right, up, cells)
        if room > best and not Bbox([spot - half, spot + half]).count_overlaps(taken):
            best, place = room, spot
    if place is None:
        label.remove()
    else:
        label.set_position(tuple(axes.transData.inverted().transform(place)))


def _room(
    spot: FloatArray, half: FloatArray, right: FloatArray, up: FloatArray, cells: NDArray[np.bool_]
) -> float:
    """Return how many times a box around a spot could grow within its region; below 1 it has no room: 0."""
    best = 0.0
    for scale in (1.0, 1.4, 2.0, 2.8, 4.0):
        low, high = spot - scale * half, spot + scale * half
        if low[0] < right[0] or low[1] < up[0] or high[0] > right[-1] or high[1] > up[-1]:
            break
        columns = slice(np.searchsorted(right, low[0], "right") - 1, np.searchsorted(right, high[0]))
        rows = slice(np.searchsorted(up, low[1], "right") - 1, np.searchsorted(up, high[1]))
        if not cells[rows, columns].all():
            break
        best = scale
    return best


def _statement(wins: FloatArray, unsure: float, names: Sequence[str]) -> str:
    """Say in words what the map shows, given shares of its area."""
    first = int(np.argmax(wins))
    share = float(wins[first])
    where = "all over the map" if np.count_nonzero(wins) == 1 else f"on {_percent(share)}% of the map"
    said = f"{short(names[first], 32)} has the highest mean NPV {where}"
    if unsure == 0.0:
        return said
    if _percent(unsure) == "100":
        return f"{said}, but nowhere can a lead be told from chance"
    return f"{said}; on {_percent(unsure)}% no lead can be told from chance"
