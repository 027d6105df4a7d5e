"""What the dashboard says beside what is true, by month: accuracy, and cumulative net value."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from simgap.plots import style
from simgap.plots.style import FloatArray, money

HEIGHT = 6.6  # inches, for both panels


@style.context()
def draw(
    axes: Axes,
    accuracy_true: FloatArray,
    accuracy_shown: FloatArray,
    value_true: FloatArray,
    value_shown: FloatArray,
    currency: str,
) -> None:
    """Draw means over trials, with the middle 90 % of what is true.

    Means: a dashboard that sees two audits a month shows 100 % in most trials, and too little in the rest.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure` of height `HEIGHT`. They become the upper panel.
    accuracy_true, accuracy_shown : array, shape (n, months)
        Share of right AI decisions in each trial and month, and what the dashboard shows; nan where nothing
        was decided or shown.
    value_true, value_shown : array, shape (n, months)
        Cumulative net value at the end of each month, in currency.
    currency : str
        Name of the currency.
    """
    whole = axes.get_subplotspec()
    assert whole is not None
    cells = whole.subgridspec(2, 1)
    axes.set_subplotspec(cells[0])
    below = style.figure_of(axes).add_subplot(cells[1], sharex=axes)
    _panel(axes, accuracy_true, accuracy_shown)
    _panel(below, value_true, value_shown)
    axes.set_ylabel("right decisions of the AI")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.tick_params(axis="x", labelbottom=False)
    axes.legend(*below.get_legend_handles_labels(), **style.LEGEND)
    below.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    below.set_ylabel(f"cumulative net value, {currency}\n(without sums paid once)")
    below.yaxis.set_major_formatter(style.MoneyFormatter())
    below.set_xlabel("months since the decision \N{RIGHTWARDS ARROW}")
    below.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 3, 6, 10], min_n_ticks=1))
    below.set_xlim(0.0, accuracy_true.shape[1])
    style.title(axes, _statement(accuracy_true, accuracy_shown, value_true, value_shown, currency))


def _panel(axes: Axes, true: FloatArray, shown: FloatArray) -> None:
    """Draw what is true, and what is shown, at the end of each month in which it is known."""
    for table, band, colour, line, label in (
        (true, True, style.REALISED, "-", "true, mean"),
        (shown, False, style.BOARD, "--", "dashboard, mean"),
    ):
        known = np.flatnonzero(np.isfinite(table).any(axis=0))
        if not len(known):
            continue
        p5, p95 = (np.array([np.nanpercentile(table[:, m], q) for m in known]) for q in (5, 95))
        if band:
            axes.fill_between(
                known + 1, p5, p95, color=colour, alpha=0.18, linewidth=0, label="true, 9 in 10"
            )
        dot = "o" if len(known) == 1 else None  # a line through one point cannot be seen
        axes.plot(
            known + 1,
            np.nanmean(table[:, known], axis=0),
            line,
            color=colour,
            marker=dot,
            label=label,
            zorder=4,
        )
    axes.grid(axis="y")


def _statement(
    accuracy_true: FloatArray,
    accuracy_shown: FloatArray,
    value_true: FloatArray,
    value_shown: FloatArray,
    currency: str,
) -> str:
    """Say in words what the figure shows."""
    value = (
        f"{money(float(np.mean(value_shown[:, -1])))} in value against "
        f"{money(float(np.mean(value_true[:, -1])), currency)}"
    )
    both = np.flatnonzero(np.isfinite(accuracy_true).any(axis=0) & np.isfinite(accuracy_shown).any(axis=0))
    if not len(both):
        return f"The dashboard shows no accuracy; at the end, {value}"
    true, shown = (float(np.nanmean(a[:, both[-1]])) for a in (accuracy_true, accuracy_shown))
    return f"At the end the dashboard says {shown:.0%} accurate and it is {true:.0%}; {value}"
