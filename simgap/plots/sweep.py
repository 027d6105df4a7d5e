"""An outcome over one swept parameter (curve) or over two (map)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from simgap.plots import style
from simgap.plots.style import FloatArray, amount, number

MORE = "\N{RIGHTWARDS ARROW}"


@style.context()
def curve(
    axes: Axes,
    values: FloatArray,
    mean: FloatArray,
    half_width: FloatArray,
    axis_label: str,
    outcome_label: str,
    pilot: float | None,
    production: float | None,
    currency: str = "",
    unit: str = "",
) -> None:
    """Draw the mean outcome over one parameter, with its interval as a band.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    values : array, shape (k,)
        Values of the parameter, rising; k >= 1.
    mean, half_width : array, shape (k,)
        Mean outcome at each value, and half the width of its interval, in the unit of the outcome.
    axis_label, outcome_label : str
        Names of the parameter, with its unit, and of the outcome.
    pilot, production : float or None
        Where the pilot and production stand on the axis.
    currency, unit : str
        The currency where the outcome is money; otherwise its unit, empty for a plain ratio.
    """
    low, high = style.with_reach(*style.span(values), [pilot, production])
    axes.set_xlim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    bottom, top = style.span(np.concatenate([mean - half_width, mean + half_width]))
    axes.set_ylim(bottom - 0.06 * (top - bottom), top + 0.06 * (top - bottom))

    axes.fill_between(
        values, mean - half_width, mean + half_width, color=style.REALISED, alpha=0.25, linewidth=0
    )
    axes.plot(values, mean, "o-", color=style.REALISED, markersize=5, zorder=4)
    if len(values) == 1:  # a band over one point cannot be seen
        axes.vlines(values, mean - half_width, mean + half_width, color=style.REALISED)
    if bottom < 0 < top:
        axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    if pilot is not None:
        style.vertical(axes, pilot, f"pilot {number(pilot)}", 0, style.BOARD, "--")
    if production is not None:
        style.vertical(axes, production, f"production {number(production)}", 1, style.INK, ":")

    axes.set_xlabel(f"{axis_label} {MORE}")
    axes.set_ylabel(f"{_with_unit(outcome_label, currency, unit)} {MORE}")
    if currency:
        axes.yaxis.set_major_formatter(style.MoneyFormatter())
    axes.grid(axis="y")
    first, start = _end(values, mean, pilot, "the pilot's ", 0)
    last, end = _end(values, mean, production, "production's ", -1)
    here, there = amount(start, currency, unit), amount(end, currency, unit)
    style.title(axes, f"{outcome_label}: {here} at {first}, {there} at {last}")


@style.context()
def surface(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    mean: FloatArray,
    x_label: str,
    y_label: str,
    outcome_label: str,
    marks: Sequence[tuple[str, float, float]],
    reference: float | None = None,
    currency: str = "",
    unit: str = "",
) -> None:
    """Draw the mean outcome over two parameters as a filled map with labelled contour lines.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    x, y : array, shape (columns,) and (rows,)
        Values of the parameters, rising; at least two of each.
    mean : array, shape (rows, columns)
        Mean outcome.
    x_label, y_label, outcome_label : str
        Names of the parameters, with their units, and of the outcome.
    marks : sequence of (label, x, y)
        Points to mark, such as pilot and production. Those beyond the map are named under it.
    reference : float or None
        Outcome at which the colours change from red to blue, such as a value of 0 or a ratio of 1; None for a
        scale without a centre.
    currency, unit : str
        The currency where the outcome is money; otherwise its unit, empty for a plain ratio.
    """
    inside = [mark for mark in marks if x[0] <= mark[1] <= x[-1] and y[0] <= mark[2] <= y[-1]]
    beyond = [mark[0] for mark in marks if mark not in inside]
    bottom, top = style.span(mean)

    def text(level: float, _: object = None) -> str:
        return style.money_tick(level, max(abs(bottom), abs(top))) if currency else number(level)

    figure = style.figure_of(axes)
    flat = bottom < mean.min()
    levels = np.array([bottom, top]) if flat else np.array(MaxNLocator(9).tick_values(bottom, top))
    norm, colours = _colours(levels, reference)
    fine_x, fine_y, fine = _finer(x, y, mean)
    filled = axes.contourf(fine_x, fine_y, fine, levels=levels, norm=norm, cmap=colours)
    bar = figure.colorbar(filled, ax=axes, format=FuncFormatter(text), pad=0.02)
    bar.set_label(f"{_with_unit(outcome_label, currency, unit)} {MORE}")
    axes.set_xlabel(f"{x_label} {MORE}" + (f"\n(beyond the map: {', '.join(beyond)})" if beyond else ""))
    axes.set_ylabel(f"{y_label} {MORE}")
    style.title(axes, _statement(mean, flat, outcome_label, reference, currency, unit))

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
    between = levels[(levels > mean.min()) & (levels < mean.max())]
    if len(between):
        widths = np.where(between == reference, 2.6, 0.9)
        lines = axes.contour(
            fine_x, fine_y, fine, levels=between, colors=style.INK, linewidths=widths, linestyles="-"
        )
        for level, path in zip(between, lines.get_paths(), strict=True):
            _label_line(axes, text(level), path, boxes)


def _statement(
    mean: FloatArray, flat: bool, outcome: str, reference: float | None, currency: str, unit: str
) -> str:
    """Say in words what the map shows."""
    lowest, highest = (amount(float(end), currency, unit) for end in (mean.min(), mean.max()))
    if flat:
        return f"{outcome}: {lowest} all over the map"
    if reference is None:
        return f"{outcome}: from {lowest} to {highest}"
    below = f"below {amount(reference, currency, unit)} on {100 * np.mean(mean < reference):.0f}% of the grid"
    return f"{outcome}: from {lowest} to {highest}; {below}"


def _finer(x: FloatArray, y: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Interpolate a coarse map between its points, so that its lines have enough vertices to hold a label."""
    fine_x, fine_y = (
        np.interp(np.linspace(0, len(v) - 1, (len(v) - 1) * -(-48 // (len(v) - 1)) + 1), np.arange(len(v)), v)
        for v in (x, y)
    )
    wide = np.array([np.interp(fine_x, x, row) for row in mean])
    return fine_x, fine_y, np.array([np.interp(fine_y, y, column) for column in wide.T]).T


def _colours(levels: FloatArray, reference: float | None) -> tuple[Normalize, ListedColormap]:
    """Return the scale of a map; its darkest shades are left out, since lines and labels are dark."""
    if reference is None:
        shades = matplotlib.colormaps["cividis"](np.linspace(0.3, 1.0, 256))
        return Normalize(levels[0], levels[-1]), ListedColormap(shades)
    reach = max(abs(levels[-1] - reference), abs(levels[0] - reference))
    shades = matplotlib.colormaps["RdBu"](np.linspace(0.15, 0.85, 256))
    return Normalize(reference - reach, reference + reach), ListedColormap(shades)


def _label_line(axes: Axes, text: str, path: Path, taken: list[Bbox]) -> None:
    """Label the longest part of a contour line, near its middle, where the label meets no other; or not."""
    parts = [np.array(part) for part in path.to_polygons(closed_only=False)]
    if not parts:
        return
    line = max(parts, key=len)
    label = axes.text(
        0, 0, text, fontsize=style.SMALL + 1, ha="center", va="center", path_effects=style.OUTLINE, zorder=6
    )
    renderer = style.renderer_of(axes)
    frame = axes.get_window_extent(renderer)
    half = np.array(label.get_window_extent(renderer).size) / 2 + 3
    for i in np.argsort(np.abs(np.arange(len(line)) - len(line) / 2), kind="stable"):
        spot = axes.transData.transform(line[i])
        box = Bbox([spot - half, spot + half])
        within = style.shared(box, frame) > 0.999 * style.shared(box, box)
        if within and not box.count_overlaps(taken):
            label.set_position((float(line[i, 0]), float(line[i, 1])))
            taken.append(box)
            return
    label.remove()


def _end(
    values: FloatArray, mean: FloatArray, mark: float | None, whose: str, otherwise: int
) -> tuple[str, float]:
    """Return a place on the curve in words and the outcome there: the mark, or an end where it is beyond."""
    if mark is None or not values[0] <= mark <= values[-1]:
        return number(float(values[otherwise])), float(mean[otherwise])
    return f"{whose}{number(mark)}", float(np.interp(mark, values, mean))


def _with_unit(label: str, currency: str, unit: str) -> str:
    """Return the label of an axis with its unit behind it."""
    return ", ".join(filter(None, (label, currency or unit)))
