"""What each portfolio of investments costs and brings, and which of them are worth their cost."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from simgap.analysis.words import share_of_100
from simgap.plots import style
from simgap.plots.style import FloatArray, money, short

MOST = 12  # portfolios with a number, a range and a row; more cannot be read on a page
ROW = 0.235  # inches from one row of the key to the next
LETTERS = 34  # of a name in the key
COLUMNS = (0.03, 0.05, 0.5, 0.635, 0.85, 1.0)  # of the key, in widths of it
NAMES = 0.37  # width of the second
RANGE = "#B4B4B4"


def height(cost: FloatArray, mean: FloatArray, best: int) -> float:
    """Return the height in inches at which the figure of these portfolios is readable."""
    return 5.0 + ROW * (len(chosen(cost, mean, best)) + 1)


@style.context()
def draw(
    axes: Axes,
    names: Sequence[str],
    cost: FloatArray,
    mean: FloatArray,
    low: FloatArray,
    high: FloatArray,
    p_negative: FloatArray,
    best: int,
    currency: str,
    may_be_best: int = 1,
) -> None:
    """Draw mean net present value over cost, with the range of futures, and risk as colour.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says. They become the
        upper panel.
    names : sequence of str, length k
        Names of the portfolios; k >= 1. The first is what the others are looked at against.
    cost : array, shape (k,)
        What a portfolio costs over the window, paid once and monthly, in currency.
    mean, low, high : array, shape (k,)
        Mean net present value, and its percentiles P5 and P95 over futures, in currency.
    p_negative : array, shape (k,)
        Share of futures with a negative value, within [0, 1].
    best : int
        Index of the portfolio to point out: as a rule the one with the highest mean.
    currency : str
        Name of the currency.
    may_be_best : int
        How many portfolios cannot be told from the best of them, counting it.

    Raises
    ------
    ValueError
        A number is not finite.

    Notes
    -----
    A portfolio is efficient where no other is both cheaper (or as cheap) and better in the mean (or as good)
    with one of the two strictly: the Pareto frontier. The steps that join them say what the best mean is for
    a given budget; portfolios cannot be mixed, so nothing lies on a straight line between two of them.
    """
    style.refuse_infinite(cost=cost, mean=mean, low=low, high=high, p_negative=p_negative)
    worth, key = efficient(cost, mean), chosen(cost, mean, best)
    whole = axes.get_subplotspec()
    assert whole is not None
    rows = ROW * (len(key) + 1)
    cells = whole.subgridspec(2, 1, height_ratios=[3.4, rows], hspace=0.08)
    axes.set_subplotspec(cells[0])
    figure = style.figure_of(axes)
    below = figure.add_subplot(cells[1])

    left, right = style.span(np.append(cost, 0.0))
    axes.set_xlim(left - 0.06 * (right - left), right + 0.06 * (right - left))
    bottom, top = _heights(mean, low[key], high[key])
    axes.set_ylim(bottom, top)
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.vlines(cost[key], low[key], high[key], color=RANGE, zorder=2)
    cut = (bottom, "v", low[key] < bottom), (top, "^", high[key] > top)
    for edge, marker, beyond in cut:
        if beyond.any():  # nothing drawn without a clip would upset the layout
            ends = np.full(int(beyond.sum()), edge)
            axes.plot(cost[key][beyond], ends, marker, color=RANGE, markersize=8, clip_on=False)
    order = np.flatnonzero(worth)[np.lexsort((mean[worth], cost[worth]))]
    axes.plot(
        np.append(cost[order], axes.get_xlim()[1]),
        np.append(mean[order], mean[order[-1]]),
        color=style.INK,
        drawstyle="steps-post",
        linewidth=1.6,
        zorder=3,
        label="best mean for a budget",
    )
    small = np.setdiff1d(np.arange(len(cost)), key)
    for some, size in ((small, 38), (key, 95)):
        points = axes.scatter(
            cost[some],
            mean[some],
            s=size,
            c=p_negative[some],
            cmap=_shades(),
            norm=Normalize(0.0, 1.0),
            edgecolor=style.INK,
            linewidth=1.1,
            zorder=5,
        )
    axes.plot(
        cost[best],
        mean[best],
        "o",
        color="none",
        markeredgecolor=style.INK,
        markersize=16,
        markeredgewidth=2.2,
        zorder=5,
        label=short(names[best], 18),
    )
    bar = figure.colorbar(points, ax=axes, format=PercentFormatter(1.0), pad=0.02)
    bar.set_label("futures that lose money \N{RIGHTWARDS ARROW}")
    axes.set_xlabel(f"cost over the window, {currency} \N{RIGHTWARDS ARROW}")
    arrows = ";\narrow: range goes on" if any(beyond.any() for *_, beyond in cut) else ""
    axes.set_ylabel(f"net present value, {currency}\n(dot: mean; bar: 9 futures in 10{arrows})")
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    axes.grid(axis="y")
    axes.legend(**style.LEGEND)
    _key(below, names, cost, mean, low, high, p_negative, key, best)
    style.title(axes, _statement(names, cost, mean, p_negative, best, worth, currency, may_be_best))

    style.settle(axes)
    below.set_position((0.015, below.get_position().y0, 0.97, below.get_position().height))
    style.place_labels(
        axes,
        [(f"{n}", float(cost[i]), float(mean[i])) for n, i in enumerate(key, 1)],
        [(float(cost[i]), float(mean[i])) for i in small],
        leaders=False,
    )


def chosen(cost: FloatArray, mean: FloatArray, best: int) -> NDArray[np.intp]:
    """Return the portfolios that get a number, by cost: of many the best, first and efficient ones."""
    some = np.arange(len(cost))
    if len(some) > MOST:
        others = np.setdiff1d(np.flatnonzero(efficient(cost, mean)), [0, best])
        others = others[np.argsort(-mean[others], kind="stable")]
        some = np.union1d([0, best], others[: MOST - len({0, best})])
    return some[np.lexsort((mean[some], cost[some]))]


def _heights(mean: FloatArray, low: FloatArray, high: FloatArray) -> tuple[float, float]:
    """Return limits that hold all means, and the ranges so far as these do not press the means together."""
    bottom, top = style.span(np.concatenate([low, high, mean]))
    wanted = max(5 * np.ptp(mean), 0.35 * (top - bottom))
    if np.ptp(mean) and wanted < 0.7 * (top - bottom):  # otherwise a little more room shows all
        room = 0.5 * (wanted - np.ptp(mean))
        bottom, top = max(bottom, float(mean.min()) - room), min(top, float(mean.max()) + room)
    bottom, top = style.with_reach(bottom, top, [0.0])
    return bottom - 0.06 * (top - bottom), top + 0.06 * (top - bottom)


def efficient(cost: FloatArray, mean: FloatArray) -> NDArray[np.bool_]:
    """Tell which portfolios no other one beats in cost or mean without losing in the other.

    Examples
    --------
    >>> efficient(np.array([0.0, 2.0, 2.0, 5.0, 6.0]), np.array([1.0, 3.0, 2.0, 3.0, 4.0])).tolist()
    [True, True, False, False, True]
    """
    cheaper, better = cost <= cost[:, None], mean >= mean[:, None]  # [i, j]: j than i, or the same
    strictly = (cost < cost[:, None]) | (mean > mean[:, None])
    return np.asarray(~(cheaper & better & strictly).any(axis=1))


def _shades() -> ListedColormap:
    """Return the colours of risk, from light to dark, so that they are told apart without seeing hues."""
    return ListedColormap(matplotlib.colormaps["YlOrRd"](np.linspace(0.0, 0.95, 256)))


def _key(
    axes: Axes,
    names: Sequence[str],
    cost: FloatArray,
    mean: FloatArray,
    low: FloatArray,
    high: FloatArray,
    p_negative: FloatArray,
    key: NDArray[np.intp],
    best: int,
) -> None:
    """Write a row for each portfolio that has a number in the picture."""
    axes.set_axis_off()
    axes.set(xlim=(0.0, 1.0), ylim=(len(key) + 0.5, -0.5), xticks=[], yticks=[])
    rows = [("", "portfolio", "cost", "mean NPV", "9 futures in 10", "loses, of 100")]
    for place, i in enumerate(key, 1):
        spread = f"{money(float(low[i]))} to {money(float(high[i]))}"
        risk = share_of_100(float(p_negative[i])).replace("fewer than ", "<").replace("more than ", ">")
        amounts = (money(float(cost[i])), money(float(mean[i])), spread, risk)
        rows.append((f"{place}", names[i], *amounts))
    for row, texts in enumerate(rows):
        for x, text in zip(COLUMNS, texts, strict=True):
            label = axes.text(
                x,
                row,
                text,
                ha="left" if x == COLUMNS[1] else "right",
                va="center_baseline",
                fontsize=style.SMALL,
                color=style.INK if row else style.FAINT,
                fontweight="bold" if row and key[row - 1] == best else "normal",
            )
            if x == COLUMNS[1]:
                style.fit(label, text, LETTERS, NAMES * style.figure_of(axes).bbox.width)


def _statement(
    names: Sequence[str],
    cost: FloatArray,
    mean: FloatArray,
    p_negative: FloatArray,
    best: int,
    worth: NDArray[np.bool_],
    currency: str,
    may_be_best: int,
) -> str:
    """Say in words what the figure shows."""
    name, k = short(names[best], 32), len(names)
    what = f"{money(float(mean[best]), currency)} for {money(float(cost[best]))}"
    risk = f"loses money in {share_of_100(float(p_negative[best]))} of 100 futures"
    if k == 1:
        return f"{name} brings {what} on average; {risk}"
    rank = int(np.sum(mean > mean[best]))
    first = "joint best" if np.sum(mean == mean[best]) > 1 else "best"
    place = f"number {rank + 1} of {k} portfolios" if rank else f"{first} of {k} portfolios"
    rivals = 0 if rank else may_be_best - 1
    others = f", with {rivals} other{'s' * (rivals > 1)} not told apart from it" if rivals > 0 else ""
    dear = int(np.sum(~worth))
    rest = f". {dear} of the {k} are beaten at their price" if dear > 1 else ""
    return f"{name} is the {place} on average{others}: {what}, {risk}{rest}"
