"""Make the tables and the figure of `measuring.md`: `python docs/measuring.py`; `--quick` tries it out.

It takes about ten minutes on two cores. Audit shares are swept over all cases on the same draws and
luck, so that differences of value are paired. `python docs/measuring.py [--quick] [PAGE FIGURE]` writes to
PAGE and FIGURE, by default those of the project.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import NDArray

import simgap
from simgap.analysis.statistics import summarise
from simgap.analysis.survival import kaplan_meier, survival_quantile
from simgap.plots import style

HERE = Path(__file__).parent
PAGE, FIGURE = HERE / "measuring.md", HERE.parent / "figures" / "measuring.png"
SCENARIO = HERE / "measuring.yaml"
SHARES = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
REPLICATIONS, OF_VARIANTS, FEW = 200, 100, 20
MONTHS = 24  # of production
SHOCKS = "shocks alone"
EROSION = "erosion and shocks"
CASES: dict[str, list[str]] = {SHOCKS: [], EROSION: ["drift.erosion=none | 2 % per month"]}
# What is changed for the last table, besides.
VARIANTS = {
    "as above, shocks alone": [],
    "an error costs 60": ["workflows.letters.error_cost=60"],
    "an error costs 15": ["workflows.letters.error_cost=15"],
    "40 letters a day": ["workflows.letters.volume=40 per day"],
    "a shock a quarter": ["drift.shocks=none | 4 per year"],
    "a retraining takes half a year": ["iteration.lead_time=6 months"],
}
# Colour, line, and how far above its point the best share is written.
LOOKS = {SHOCKS: (style.BLUE, "o-", -22), EROSION: (style.VERMILLION, "s--", 9)}


@dataclass(frozen=True)
class Point:
    """What came of one audit share.

    Attributes
    ----------
    share : float
        Of AI decisions that are audited.
    trials : DataFrame
        As `Result.trials`.
    gain, half_width : float
        Mean realised value above that without audits, and half its 95 % interval, paired.
    median, low, high : float
        Months until half of the first spells of drift are detected, by Kaplan & Meier, and the interval.
    """

    share: float
    trials: pd.DataFrame
    gain: float
    half_width: float
    median: float
    low: float
    high: float


def sweep(sets: list[str], replications: int) -> list[Point]:
    """Return a point for each audit share."""
    points: list[Point] = []
    for share in SHARES:
        case = simgap.load(str(SCENARIO), [*sets, f"measurement.audit={share}"])
        trials = case.run(replications=replications).trials
        value: NDArray[np.float64] = trials.realised_npv.to_numpy()
        unaudited = points[0].trials.realised_npv.to_numpy() if points else value
        gain = summarise(value - unaudited)
        low, high = gain["ci95"]
        drifting = trials[trials.detected.notna()]
        curve = kaplan_meier(drifting.detection_hours.to_numpy() / 730.0, drifting.detected.to_numpy() > 0.5)
        points.append(Point(share, trials, gain["mean"], (high - low) / 2.0, *survival_quantile(curve)))
    return points


def number(value: float, digits: int = 1) -> str:
    """Return a number of the table; what is not reached in the window is said so."""
    return f"{value:,.{digits}f}" if math.isfinite(value) else "never"


def row(p: Point) -> tuple[str, ...]:
    """Return the cells of a point."""
    t = p.trials
    items = t.n_items.sum()
    cost = t.oversight_cost.mean() + 4000.0 * t.n_changes.mean()  # `iteration.change_cost`
    time = f"{number(p.median)} ({number(p.low)} to {number(p.high)})" if p.share else "never"
    return (
        f"{100 * p.share:g} %",
        f"{t.n_audited.mean() / MONTHS:,.0f}",
        time,
        f"{100 * t.detected.mean():.0f} %",
        number(t.n_false_alarms.mean(), 2),
        number(t.n_changes.mean()),
        f"{100 * t.n_ai_right.sum() / t.n_ai_decisions.sum():.1f} %",
        f"{1000 * t.n_escaped.sum() / items:.0f}",
        f"{cost / 1000.0:,.0f}k" if cost else "0",
        f"{p.gain / 1000.0:,.0f}k +/- {p.half_width / 1000.0:,.0f}k" if p.share else "0",
    )


HEAD = (
    "audited",
    "audits a month",
    "months to detect: median (95 %)",
    "detected",
    "false alarms",
    "retrainings",
    "accuracy",
    "errors of 1,000",
    "cost of audits and retrainings",
    "value above no audit",
)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def best(points: list[Point]) -> str:
    """Return the audit shares whose value cannot be told from the highest one, paired."""
    top = max(points, key=lambda p: p.gain)
    value = top.trials.realised_npv.to_numpy()
    found = []
    for p in points:
        low, high = summarise(value - p.trials.realised_npv.to_numpy())["ci95"]
        if p is top or low <= 0.0 <= high:
            found.append(f"{100 * p.share:g} %")
    return ", ".join(found)


def draw(cases: dict[str, list[Point]], replications: int, file: Path) -> None:
    """Draw time to detect, and value, over the audit share."""
    caption = (
        f"{replications} replications a point, the same draws and luck at all; bars and bands are 95 % "
        "intervals. Time to detect is Kaplan and Meier's median of the first spell of drift: from the first "
        "shock, or with erosion from go-live. Value is the mean, paired with the replications without audits."
    )
    figure, upper = style.new_figure(caption, height=7.6)
    with style.context():
        upper.remove()
        upper, lower = figure.subplots(2, 1, sharex=True)
        for name, points in cases.items():
            colour, line, above = LOOKS[name]
            seen = [p for p in points if p.share]
            share = np.array([p.share for p in seen])
            known = [p for p in seen if math.isfinite(p.median)]
            ends = np.array(
                [[p.median - p.low, (p.high if math.isfinite(p.high) else MONTHS) - p.median] for p in known]
            ).T
            upper.errorbar(
                [p.share for p in known],
                [p.median for p in known],
                yerr=ends,
                fmt=line,
                color=colour,
                capsize=3,
                elinewidth=1.4,
                markersize=5.5,
                label=name,
            )
            gain, half = np.array([p.gain for p in seen]), np.array([p.half_width for p in seen])
            lower.fill_between(share, gain - half, gain + half, color=colour, alpha=0.2, linewidth=0)
            lower.plot(share, gain, line, color=colour, markersize=5.5)
            top = max(seen, key=lambda p: p.gain)
            lower.annotate(
                f"best here: {100 * top.share:g} %",
                (top.share, top.gain),
                (0, above),
                textcoords="offset points",
                ha="center",
                color=colour,
                fontweight="bold",
                path_effects=style.OUTLINE,
            )
        finish(upper, lower)
        style.title(upper, "More audits detect drift sooner; the value is highest in between")
    style.save(figure, file)


def finish(upper: Axes, lower: Axes) -> None:
    """Set scales, labels and the legend."""
    upper.set_yscale("log")
    upper.set_ylabel("median time to detect\n(months) \N{RIGHTWARDS ARROW}")
    upper.yaxis.set_major_formatter(FuncFormatter(lambda y, _: style.number(y)))
    upper.set_yticks([0.5, 1, 2, 5, 10, 20])
    upper.yaxis.set_minor_locator(NullLocator())
    upper.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderpad=0.2)
    lower.set_xscale("log")
    lower.set_xticks([s for s in SHARES if s])
    lower.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}"))
    lower.xaxis.set_minor_locator(NullLocator())
    lower.set_xlabel("audited, of AI decisions (%) \N{RIGHTWARDS ARROW}")
    lower.set_ylabel("value above no audit\n(EUR) \N{RIGHTWARDS ARROW}")
    lower.yaxis.set_major_formatter(style.MoneyFormatter())
    lower.axhline(0.0, color=style.FAINT, linewidth=1.2, zorder=1)
    lower.margins(y=0.16)
    for axes in (upper, lower):
        axes.grid(axis="y")


def make(page: Path, figure: Path, quick: bool) -> None:
    """Write the tables into the page, and the figure."""
    n = FEW if quick else REPLICATIONS
    cases = {name: sweep(sets, n) for name, sets in CASES.items()}
    draw(cases, n, figure)
    parts = [
        f"{name[:1].upper()}{name[1:]}, {n} replications a point:\n\n{table(HEAD, [row(p) for p in found])}"
        for name, found in cases.items()
    ]
    variants = []
    for name, sets in VARIANTS.items():
        found = sweep(sets, min(n, OF_VARIANTS)) if sets else cases[SHOCKS]
        top = max(found, key=lambda p: p.gain)
        variants.append(
            (
                name,
                f"{100 * top.share:g} %",
                best(found),
                number(top.median),
                f"{top.gain / 1000.0:,.0f}k +/- {top.half_width / 1000.0:,.0f}k",
            )
        )
    head = (
        "changed",
        "highest value at",
        "not to be told from it",
        "months to detect there",
        "value above no audit",
    )
    said = f"What moves the best share, {min(n, OF_VARIANTS)} replications a point but in the first row"
    parts.append(f"{said}:\n\n{table(head, variants)}")
    text = page.read_text(encoding="utf-8")
    shown = "<!-- python docs/measuring.py -->\n" + "\n\n".join(parts) + "\n<!-- end -->"
    fresh, places = re.subn(
        r"<!-- python docs/measuring.py -->.*?<!-- end -->", lambda _: shown, text, flags=re.S
    )
    if places != 1:
        raise SystemExit(f"{page}: the place for the tables is not there")
    page.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--quick"]
    make(
        Path(words[0]) if words else PAGE,
        Path(words[1]) if len(words) > 1 else FIGURE,
        "--quick" in sys.argv,
    )
