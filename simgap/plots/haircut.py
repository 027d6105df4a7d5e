"""What a promise is worth: the value to expect of production, given what the pilot shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from simgap.plots import style
from simgap.plots.style import FloatArray, money, short

LETTERS = 22  # of a name above the axes
NEAR = 2.0  # heights of what is known, within which a kept promise is shown
BESIDE = 0.4  # widths of the curves, within which zero and hurdles are shown; more would be an empty third
BANDS: tuple[Literal["worth", "low", "high"], ...] = ("worth", "low", "high")


class Curve(TypedDict):
    """What the promises of one pilot design are worth.

    `promise`, rising, `worth` (expected value delivered) and `low` and `high` (its 95 % band) are of shape
    (m,), m >= 1, in currency. `enough`, of shape (m,), tells where there are futures enough to say so; the
    others may be nan. From `hurdle` on a promise is worth more than stopping: minus infinity where all are,
    infinity where none is, None where it cannot be said. `stop_value` is the value of stopping, zero or
    below.
    """

    name: str
    promise: FloatArray
    worth: FloatArray
    low: FloatArray
    high: FloatArray
    enough: NDArray[np.bool_]
    hurdle: float | None
    stop_value: float


def height(curves: int) -> float:
    """Return the height in inches at which the figure of so many curves is readable."""
    return 5.0 + style.ROW / 72 * curves


@style.context()
def draw(axes: Axes, curves: Sequence[Curve], currency: str) -> None:
    """Draw what each promise is worth, with the diagonal on which promises are kept, and the hurdles.

    Parameters
    ----------
    axes : Axes
        Empty axes of a figure from `style.new_figure`, of the height that `height` says.
    curves : sequence of Curve
        One a pilot design, at most four.
    currency : str
        Name of the currency.

    Raises
    ------
    ValueError
        Where there is enough data, a number is not finite; a hurdle is nan or a stop value not finite; or
        there are more curves than can be told apart.
    """
    if len(curves) > len(style.SERIES):
        raise ValueError(f"{len(curves)} curves; at most {len(style.SERIES)} can be told apart")
    for curve in curves:
        known = np.array([curve[key][curve["enough"]] for key in BANDS])
        style.refuse_infinite(
            promise=curve["promise"], worth=known, stop_value=np.array([curve["stop_value"]])
        )
        if curve["hurdle"] is not None and np.isnan(curve["hurdle"]):
            raise ValueError(f"the hurdle of {curve['name']} is not a number")
    _limits(axes, curves)
    axes.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    axes.axvline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    note = style.diagonal(axes, "promise kept")
    rows = _rows(axes, [np.inf if curve["hurdle"] is None else curve["hurdle"] for curve in curves])
    for row, curve, (colour, marker) in zip(rows, curves, style.SERIES, strict=False):
        _curve(axes, curve, colour, marker)
        _hurdle(axes, curve, colour, marker, row)

    dotted = any(not curve["enough"].all() for curve in curves)
    legend = "thin line: value of stopping" + "; dotted: too few futures to say" * dotted
    axes.set_xlabel(
        f"promise: projected NPV that the pilot shows, {currency} \N{RIGHTWARDS ARROW}\n({legend}){note}"
    )
    axes.set_ylabel(f"NPV of production to expect,\n{currency} (band: 95% interval)")
    axes.xaxis.set_major_formatter(style.MoneyFormatter())
    axes.yaxis.set_major_formatter(style.MoneyFormatter())
    style.title(axes, _statement(curves, currency))


def _limits(axes: Axes, curves: Sequence[Curve]) -> None:
    """Show what is known of the worth of promises, and what lies near: zero, hurdles, kept promises."""
    promises = np.concatenate([curve["promise"] for curve in curves])
    known = np.concatenate([curve[key][curve["enough"]] for curve in curves for key in BANDS])
    stops = np.array([curve["stop_value"] for curve in curves])
    bottom, top = style.span(np.concatenate([known, stops, [0.0]]))
    if len(known):
        bottom, top = style.with_reach(bottom, top, [float(style.percentiles(promises, [50])[0])], NEAR)
    else:  # kept promises are all there is to give the height a scale
        bottom, top = min(bottom, float(promises.min())), max(top, float(promises.max()))
    # Dotted curves that have left the height would leave the width empty.
    shown = [c["enough"] | (c["worth"] >= bottom) & (c["worth"] <= top) for c in curves]
    seen = promises[np.concatenate(shown)] if len(known) else promises
    hurdles = [h for curve in curves if (h := curve["hurdle"]) is not None and np.isfinite(h)]
    left, right = style.with_reach(*style.span(seen), [0.0, *hurdles], BESIDE)
    axes.set_xlim(left - 0.03 * (right - left), right + 0.03 * (right - left))
    axes.set_ylim(bottom - 0.05 * (top - bottom), top + 0.05 * (top - bottom))


def _curve(axes: Axes, curve: Curve, colour: str, marker: str) -> None:
    """Draw worth over promise: solid with its band where there is enough data, thin and dotted elsewhere."""
    promise, enough = curve["promise"], curve["enough"]
    worth, low, high = (np.where(enough, curve[key], np.nan) for key in BANDS)
    axes.plot(promise, curve["worth"], ":", color=colour, linewidth=1.4, zorder=4)
    axes.fill_between(promise, low, high, color=colour, alpha=0.2, linewidth=0, zorder=3)
    # A few markers tell the curves apart without colour; all of them where points stand alone.
    alone = enough & ~np.append(enough[1:], False) & ~np.append(False, enough[:-1])
    some = np.flatnonzero(enough)[:: max(1, int(enough.sum()) // 6)]
    marks = np.union1d(some, np.flatnonzero(alone))
    axes.vlines(promise[alone], low[alone], high[alone], color=colour, zorder=3)
    axes.plot(promise, worth, color=colour, marker=marker, markevery=list(marks), markersize=7, zorder=5)


def _rows(axes: Axes, hurdles: Sequence[float]) -> list[int]:
    """Return the row of each label: the farther out its line the higher, so that no line crosses a label."""
    middle = sum(axes.get_xlim()) / 2
    outwards = sorted(range(len(hurdles)), key=lambda i: (abs(hurdles[i] - middle), -i))
    return [outwards.index(i) for i in range(len(hurdles))]


def _hurdle(axes: Axes, curve: Curve, colour: str, marker: str, row: int) -> None:
    """Say from where on to go, above the axes; the same colour and marker lead to the curve."""
    name = f"{style.LETTER_OF[marker]} {short(curve['name'], LETTERS)}"
    hurdle, stop = curve["hurdle"], curve["stop_value"]
    axes.axhline(stop, color=colour, linewidth=0.9, zorder=2)
    if hurdle is not None and np.isfinite(hurdle):
        style.vertical(axes, hurdle, f"{name}: go above {money(hurdle)}", row, colour, "--")
        return
    told = "too few futures" if hurdle is None else "never go" if hurdle > 0 else "always go"
    axes.annotate(
        f"{name}: {told}",
        (0, 1),
        (5, 5 + style.ROW * row),
        "axes fraction",
        "offset points",
        color=colour,
        fontweight="bold",
        bbox=style.HALO,
        zorder=6,
    )


def _statement(curves: Sequence[Curve], currency: str) -> str:
    """Say in words what the figure shows: the worth of one promise by all designs, where all know it."""
    known = [curve for curve in curves if curve["enough"].any()]
    if not known:
        return "Too few futures to say what a promise is worth"
    grid = np.unique(np.concatenate([curve["promise"][curve["enough"]] for curve in known]))
    told = np.all([_tells(curve, grid) for curve in known], axis=0)
    # The middle one of the promises of which all can tell, or of each design's own.
    shared = grid[told][np.count_nonzero(told) // 2] if told.any() else None
    places = [
        shared if shared is not None else own[len(own) // 2]
        for own in (curve["promise"][curve["enough"]] for curve in known)
    ]
    found = [
        (money(float(place), currency), short(c["name"]), money(_worth(c, place)))
        for place, c in zip(places, known, strict=True)
    ]
    promise, name, worth = found[0]
    if shared is not None:
        return f"A promise of {promise} is worth {', '.join(f'{w} with {n}' for _, n, w in found)}"
    others = [f", one of {p} with {n} {w}" for p, n, w in found[1:]]
    return f"A promise of {promise} with {name} is worth {worth}{''.join(others)}"


def _tells(curve: Curve, promises: FloatArray) -> NDArray[np.bool_]:
    """Tell which promises lie between neighbours that both have enough data."""
    own = curve["promise"]
    right = np.clip(np.searchsorted(own, promises), 0, len(own) - 1)
    left = np.maximum(right - (own[right] > promises), 0)
    inside = (promises >= own[0]) & (promises <= own[-1])
    return np.asarray(inside & curve["enough"][left] & curve["enough"][right], np.bool_)


def _worth(curve: Curve, promise: float) -> float:
    """Return the worth of a promise between those where there is enough data."""
    enough = curve["enough"]
    return float(np.interp(promise, curve["promise"][enough], curve["worth"][enough]))
