"""The capacity cliff: probability of overload over the adopted share."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from simgap.plots import style
from simgap.plots.style import FloatArray


@style.context()
def draw(
    axes: Axes,
    shares: FloatArray,
    p_over: FloatArray,
    risk: float,
    carried: float,
    interval: tuple[float, float],
    planned: float,
    check: FloatArray | None = None,
) -> None:
    """Draw the probability that some month offers more review than there are hours.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`.
    shares, p_over : array, shape (m,)
        Adopted shares, rising, and the probability at each; at a share of 0 it is 0.
    risk : float
        Accepted probability.
    carried, interval : float, (float, float)
        Largest share at which it is no more than that, and its interval.
    planned : float
        Adopted share of the plan.
    check : array, shape (k, 4), optional
        What simulation says of some shares: share, probability, and the ends of its interval.
    """
    x, y = np.concatenate([[0.0], shares]), np.concatenate([[0.0], p_over])
    # The distribution of the critical shares steps over the accepted probability at the carried share.
    found = [carried] if carried < 1.0 else []
    line = np.array(sorted([*zip(x, y, strict=True), *((share, risk) for share in found)]))
    axes.set_xlim(0.0, 1.0)
    highest = max(
        float(y.max()), 0.0 if check is None else float(check.max())
    )  # what left the axes would squeeze them
    axes.set_ylim(0.0, max(0.2, 1.08 * highest))
    axes.axvspan(*interval, color=style.REALISED, alpha=0.15, linewidth=0)
    axes.plot(line[:, 0], line[:, 1], "-", color=style.REALISED, zorder=4, clip_on=False)
    axes.plot(x, y, "o", color=style.REALISED, markersize=5, zorder=4, clip_on=False)
    axes.axhline(risk, color=style.FAINT, linewidth=1.2, zorder=1, label=f"accepted {100 * risk:.0f}%")
    if check is not None:
        share, p, low, high = check.T
        axes.errorbar(
            share, p, yerr=[p - low, high - p], fmt="s", color=style.INK, markersize=5, capsize=3,
            zorder=5, clip_on=False, label="simulated",
        )  # fmt: skip
    axes.legend(loc="best")
    style.vertical(axes, planned, f"plan {100 * planned:.0f}%", 0, style.BOARD, "--")
    style.vertical(axes, carried, f"carried {100 * carried:.0f}%", 1, style.INK, ":")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("adopted share of the items \N{RIGHTWARDS ARROW}")
    axes.set_ylabel("P(overload in some month) \N{RIGHTWARDS ARROW}")
    axes.grid(axis="y")
    style.title(axes, f"{100 * carried:.0f}% of the items carried at {100 * risk:.0f}% risk (fluid model)")
