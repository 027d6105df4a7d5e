"""What each two conditions take together beyond what each takes without the other: a triangle of pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray, money


def height(conditions: int) -> float:
    """Return the height in inches at which the pairs of so many conditions are readable."""
    return 2.4 + 0.42 * max(conditions, 3)


@style.context()
def draw(axes: Axes, names: Sequence[str], mean: FloatArray, shown: NDArray[np.bool_], currency: str) -> None:
    """Draw a cell for each pair, coloured and labelled by what the two take together.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    names : sequence of str, length n
        Of the conditions.
    mean : array, shape (n, n)
        Below the diagonal; nan where it is not known.
    shown : bool array, shape (n, n)
        Whether a pair is told from zero.
    currency : str
        Name of the currency.
    """
    n, largest = len(names), float(np.nanmax(np.abs(mean), initial=0.0)) or 1.0
    colours = LinearSegmentedColormap.from_list("takes", ["#66C4A6", "white", style.ORANGE])
    rows = mean[1:, :-1]
    axes.imshow(rows, cmap=colours, vmin=-largest, vmax=largest, aspect="auto")
    for i, j in np.argwhere(np.tri(n - 1)).tolist():
        value = rows[i, j]
        text = "?" if np.isnan(value) else money(round(float(value), -int(np.log10(largest)) + 2))
        weight = "bold" if shown[1:, :-1][i, j] else "normal"
        axes.text(j, i, text, ha="center", va="center", fontsize=style.SMALL, fontweight=weight)
    spoken = [name.replace("_", " ") for name in names]
    axes.set_xticks(range(n - 1), spoken[:-1], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n - 1), spoken[1:])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(f"{currency}; above zero: the two take more together\nthan each does without the other")
    style.title(axes, _statement(spoken, mean, shown, currency))


def _statement(names: Sequence[str], mean: FloatArray, shown: NDArray[np.bool_], currency: str) -> str:
    """Say in words what the figure shows."""
    if not shown.any():
        return "No two conditions can be shown to take more, or less, together"
    j, i = divmod(int(np.argmax(np.where(shown, np.abs(mean), -1.0))), len(names))
    more = "more" if mean[j, i] > 0.0 else "less"
    return f"{names[i]} and {names[j]} take {money(abs(mean[j, i]), currency)} {more} together"
