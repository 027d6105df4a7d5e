"""How well an outcome is known, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simgap.analysis.words import money

LABELS = {
    "realised.npv.mean": "Mean realised NPV",
    "realised.cashable_npv.mean": "Mean cashable NPV",
    "projected.npv.mean": "Mean projected NPV",
    "gap.mean": "Mean gap",
    "realised.peak_funding.mean": "Mean need of cash",
    "realised.npv.p5": "P5 of realised NPV",
    "realised.npv.p50": "P50 of realised NPV",
    "realised.npv.p95": "P95 of realised NPV",
    "realised.p_negative": "P(realised NPV < 0)",
    "realised.p_success": "P(success)",
    "realised.payback_months.p_never": "P(never paid back)",
    "pairs.difference.mean": "Mean difference",
}


def size(kind: str, value: float | None) -> str:
    """Write an estimate or a half-width: an amount, or of a probability points of 100.

    Examples
    --------
    >>> size("mean", 48_200.0), size("probability", 0.0213), size("quantile", None)
    ('48k', '2.1 points', 'not known')
    """
    if value is None or abs(value) == float("inf"):
        return "not known"
    return f"{100.0 * value:.2g} points" if kind == "probability" else money(value)


def _kind(precision: Mapping[str, Any]) -> str:
    name = str(precision["metric"]).rpartition(".")[2]
    return "probability" if name.startswith("p_") else "mean"


def glimpse(kind: str, n: int, estimate: float, half_width: float, following: int | None = None) -> str:
    """Say what is seen at a look, and where the next is.

    Examples
    --------
    >>> glimpse("mean", 100, 1.2e6, 1.5e5, 1200)
    '1.2M +/- 150k after 100 trials, next look at 1,200'
    """
    shown = f"{estimate:.1%}" if kind == "probability" else money(estimate)
    next_look = f", next look at {following:,}" if following else ""
    return f"{shown} +/- {size(kind, half_width)} after {n:,} trials{next_look}"


def known(precision: Mapping[str, Any]) -> tuple[str, str]:
    """Return the line of the table that says how well the outcome is known: label and value."""
    kind, target = _kind(precision), precision.get("target")
    label = f"{LABELS[precision['metric']]} known to within"
    half = precision["half_width"]
    value = "-" if half is None else f"+/- {size(kind, half)}"
    if target is not None:
        share = precision["target_share"]
        wanted = f"{100.0 * share:g} %, that is {size(kind, target)}" if share else size(kind, target)
        value += f" (asked for: {wanted})"
    return label, value


def remarks(precision: Mapping[str, Any] | None) -> list[str]:
    """Return what must be said of a study that ran until its result was known."""
    if not precision or precision.get("target") is None:
        return []
    n = precision["looks"][-1]["n"]
    found = [f"NOT KNOWN AS WELL AS ASKED: {unreached(precision)}."] if not precision["reached"] else []
    if precision.get("constant"):
        found.append(
            f"{LABELS[precision['metric']]}: all {n:,} trials came to the same, so the half-width is 0. What "
            f"happens in fewer than 3 trials of {n:,} may not have been seen."
        )
    return found


def unreached(precision: Mapping[str, Any]) -> str:
    """Say how well the outcome is known, that this is not enough, and what would be."""
    kind = _kind(precision)
    n, half, needed = precision["looks"][-1]["n"], precision["half_width"], precision["trials_needed"]
    wanted = size(kind, precision["target"])
    if half is None:
        text = f"{n:,} is too few trials for an interval of {LABELS[precision['metric']]}"
    else:
        text = f"{LABELS[precision['metric']]} to within +/- {size(kind, half)} after {n:,} trials"
    text += f", not {wanted}"
    if needed is not None:
        text += f"; about {_rounded(needed)} trials would do"
    if precision["target_share"] and (needed is None or needed > 100 * n):
        text += "; a share of what is about zero is never reached, an absolute half-width may be"
    if precision["refused"]:
        text += f"; {precision['refused']}, which --yes allows"
    return text


def _rounded(n: int) -> str:
    return f"{float(f'{n:.2g}'):,.0f}" if n < 10**9 else f"{n:.0e}"


def with_control(found: Mapping[str, Any]) -> str:
    """Write a mean that is adjusted by the fluid model, and how well it is known.

    Examples
    --------
    >>> with_control({"mean": 2.0e6, "ci95": [1.9e6, 2.1e6], "variance_left": 0.125})
    '2.0M +/- 100k, as 8.0 times the trials'
    """
    (low, high), left = found["ci95"], found["variance_left"]
    half = money((high - low) / 2.0)
    better = f", as {1.0 / left:.1f} times the trials" if left and left < 0.95 else ", which is no gain here"
    return f"{money(found['mean'])} +/- {half}{better}"
