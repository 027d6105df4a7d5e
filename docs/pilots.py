"""Make the tables and the figure of `pilots.md`: `python docs/pilots.py`; `--quick` tries it out.

It takes about five minutes on two cores. All designs of a case meet the same draws and luck, and so do the
cases, so that differences of value are paired. `python docs/pilots.py [--quick] [PAGE FIGURE]` writes to PAGE
and FIGURE, by default those of the project.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

import simgap
from simgap.analysis.gate import Design, gate
from simgap.analysis.hurdle import decided_without
from simgap.analysis.statistics import summarise
from simgap.plots import style

HERE = Path(__file__).parent
PAGE, FIGURE = HERE / "pilots.md", HERE.parent / "figures" / "pilots.png"
SCENARIO = HERE.parent / "scenarios" / "claims" / "scenario.yaml"
REPLICATIONS, OF_CASES, FEW = 1000, 200, 10
WORKERS = 2
QUICK = ["clock.horizon=14 months", "workflows.claims.volume@production=5k per year"]
WEEKS = 730.0 / 168.0  # of a model month

DEMO, READY = "demo", "production-ready"
# Besides the two of the file; as the page shows them.
EXTRA = """\
  looks like it: {cost: 60k, lasts: 8 weeks, go_if: npv > 0, like_production: LIKE}
  builds: {cost: 80k / 102k / 130k, lasts: 26 weeks, go_if: npv > 0, carries: BUILT}
  looks and measures:
    {cost: 60k, lasts: 8 weeks, go_if: npv > 0, like_production: LIKE, carries: [measurement]}
  builds at once: {cost: 60k, lasts: 8 weeks, go_if: npv > 0, carries: BUILT}
"""
AFTER = "looks and measures, builds after"  # the same pilot; the rest is built if it goes
LOOKS, BUILDS, SEES, AT_ONCE = "looks like it", "builds", "looks and measures", "builds at once"
BUILT = ("data architecture", "governance", "measurement", "stakeholders")
FREE = [f"investments.{name}.{key}=0" for name in BUILT for key in ("once", "monthly")]
FOUR_TIMES = ["workflows.claims.volume@production=220k per year", "oversight.reviewers@production=8"]
DEAR = ["legacy.cost=pert(4.36, 18.80, 23.14) per item"]
HALF = [
    "investments.data architecture.once=13k / 22.95k / 52.5k max 125.5k",
    "investments.governance.once=7.5k / 15k / 40k max 75k",
    "investments.measurement.once=6.15k / 10.9k / 25k max 59.5k",
    "investments.stakeholders.once=9.1k / 12.2k / 16.35k",
    f"pilots.{READY}.lasts=17 weeks",
]
# What is changed for the last table, besides.
CASES: dict[str, list[str]] = {
    "as it is": [],
    "readiness at half the price, in 17 weeks": HALF,
    "48 months instead of 24": ["clock.horizon=48 months"],
    "a claim costs twice as much today": DEAR,
    "the same, and readiness takes 8 weeks too": [*DEAR, f"pilots.{READY}.lasts=8 weeks"],
    "four times the incidents": ["governance.surfaced=3.2 %"],
    "four times the volume, incidents as before": [*FOUR_TIMES, "governance.surfaced=0.2 %"],
    "four times the volume and the incidents": FOUR_TIMES,
}
Numbers = NDArray[np.float64]


class Judged(NamedTuple):
    """A design as it was simulated, and as it is said.

    Attributes
    ----------
    design : Design
        Its trials.
    said : mapping
        Its row of `simgap.analysis.gate.gate`.
    value : float array
        What it is worth in each future, as its `go_if` decides.
    best : float array
        The same by the best hurdle, each tenth of the futures by the hurdle of the others.
    """

    design: Design
    said: Mapping[str, Any]
    value: Numbers
    best: Numbers


def text() -> str:
    """Return the scenario `claims` with more pilot designs, and a portfolio of what is built."""
    stated = SCENARIO.read_text(encoding="utf-8")
    like = re.search(r"like_production: (\[.*?\])", stated)
    built = f"[{', '.join(BUILT)}]"
    if not like or f"carries: {built}" not in stated:
        raise SystemExit(f"{SCENARIO}: the design {READY} is not as this page has it")
    more = EXTRA.replace("LIKE", like[1]).replace("BUILT", built)
    stated = stated.replace("\nportfolios:\n", f"\nportfolios:\n  built: {built}\n", 1)
    return stated.replace("\npilots:\n", f"\npilots:\n{more}", 1)


def simulate(names: Sequence[str], sets: list[str], replications: int) -> dict[str, Judged]:
    """Return what the designs came to."""
    workers = WORKERS if replications > FEW else 1
    found = simgap.load(text(), sets).gate(names, replications=replications, workers=workers)
    if len(found.designs[0].go) < replications:
        raise SystemExit("some futures were not finished, so that differences would not be paired")
    judged = {}
    for design, said in zip(found.designs, found.summary["designs"], strict=True):
        by_hurdle = decided_without(design.promise, design.delivered - design.stopped)
        if by_hurdle is None:
            raise SystemExit("too few futures to choose a hurdle without a tenth of them")
        judged[design.name] = Judged(design, said, design.decided(design.go), design.decided(by_hurdle))
    return judged


def thousands(values: Numbers) -> str:
    """Return a mean with half its 95 % interval."""
    stats = summarise(values)
    half = (stats["ci95"][1] - stats["ci95"][0]) / 2.0 if stats["ci95"] else 0.0
    return f"{k(stats['mean'])} +/- {k(half)}"


def k(money: float) -> str:
    """Return an amount in thousands."""
    return f"{round(money / 1000.0) + 0:,}k"


def share(value: float | None) -> str:
    """Return a share."""
    return "-" if value is None else f"{100 * value:.0f} %"


def gains(design: Design) -> float | None:
    """Return the share of those that go in which production is worth more than nothing."""
    return float((design.delivered[design.go] > 0.0).mean()) if design.go.any() else None


def success(a: Design, b: Design, positive: bool) -> str:
    """Return the difference of two chances to succeed, of those that go, with its 95 % interval."""
    pair = (d._replace(success=d.delivered > 0.0) if positive else d for d in (a, b))
    found = gate(list(pair), seed=1)["pairs"][0]["success_difference"]
    if not found:
        return "-"
    low, high = found["ci95"]
    value, low, high = (round(100 * x) + 0 for x in (found["value"], low, high))
    return f"{value} points ({low} to {high})"


def hurdle(said: Mapping[str, Any]) -> str:
    """Return the best hurdle."""
    found = said["hurdle"]
    return f"above {k(found['promise'])}" if found["rule"] == "above" else str(found["rule"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def side_by_side(of: Mapping[str, Judged]) -> str:
    """Return the table of the two designs of the file."""
    a, b = of[READY], of[DEMO]

    def row(name: str, cell: Any, difference: str = "") -> tuple[str, ...]:
        return name, cell(b), cell(a), difference

    def paired(values: Any) -> str:
        return thousands(values(a) - values(b))

    def interval(j: Judged) -> str:
        low, high = j.said["promise_error"]["rank_correlation_ci95"]
        return f"{j.said['promise_error']['rank_correlation']:.2f} ({low:.2f} to {high:.2f})"

    weeks = [j.design.length_months.mean() * WEEKS for j in (a, b)]
    error = "promise_error"
    rows = [
        row("weeks", lambda j: f"{j.design.length_months.mean() * WEEKS:.0f}", f"{weeks[0] - weeks[1]:.0f}"),
        row("cost, with what it builds", lambda j: k(j.said["cost"]), paired(lambda j: j.design.cost)),
        row("promise", lambda j: k(j.said["promise"]["mean"]), paired(lambda j: j.design.promise)),
        row(
            "delivered, if all go on",
            lambda j: k(j.said["delivered"]["mean"]),
            paired(lambda j: j.design.delivered),
        ),
        row(
            "promise less delivered: mean",
            lambda j: k(j.said[error]["bias"]),
            paired(lambda j: j.design.promise - j.design.delivered),
        ),
        row("promise less delivered: standard deviation", lambda j: k(j.said[error]["spread"])),
        row("rank correlation of both", interval),
        row("goes on", lambda j: share(j.said["p_go"])),
        row(
            "of these, delivers 80 % of the promise",
            lambda j: share(j.said["p_success_given_go"]),
            success(a.design, b.design, positive=False),
        ),
        row(
            "of these, delivers more than 0",
            lambda j: share(gains(j.design)),
            success(a.design, b.design, positive=True),
        ),
        row("false go", lambda j: share(j.said["false_go"])),
        row("false stop", lambda j: share(j.said["false_stop"])),
        row("worth, by its `go_if`", lambda j: thousands(j.value), paired(lambda j: j.value)),
        row("best hurdle", lambda j: hurdle(j.said)),
        row("worth, by its best hurdle", lambda j: thousands(j.best), paired(lambda j: j.best)),
        row("worth, if one knew", lambda j: k(j.said["value_perfect"]["mean"])),
    ]
    return table(("", DEMO, READY, "difference"), rows)


def apart(of: Mapping[str, Judged]) -> str:
    """Return the table of the designs that have a part of readiness each."""
    demo = of[DEMO]
    rows = []
    for name in (DEMO, LOOKS, BUILDS, READY, SEES):
        j = of[name]
        error = j.said["promise_error"]
        rows.append(
            (
                name,
                f"{j.design.length_months.mean() * WEEKS:.0f}",
                k(j.said["cost"]),
                k(error["bias"]),
                f"{error['rank_correlation']:.2f}",
                share(j.said["p_go"]),
                share(j.said["p_success_given_go"]),
                share(gains(j.design)),
                thousands(j.value),
                "0" if j is demo else thousands(j.value - demo.value),
                "0" if j is demo else thousands(j.best - demo.best),
            )
        )
    head = (
        "design",
        "weeks",
        "cost",
        "promises too much",
        "rank correlation",
        "goes on",
        "of these, 80 % of the promise",
        "of these, more than 0",
        "worth",
        "above demo, by `go_if`",
        "above demo, by best hurdles",
    )
    return table(head, rows)


def steps(of: Mapping[str, Judged], free: Design) -> dict[str, Numbers]:
    """Return what makes up the difference between the two designs of the file, future by future.

    `free` builds everything at once and for nothing. Each step changes one thing, so that they add up.
    """
    demo, ready, builds, at_once = (of[name].design for name in (DEMO, READY, BUILDS, AT_ONCE))
    dearer = builds.cost - at_once.cost  # the same is built, so it is the pilot itself
    return {
        "what is built, had at once and for nothing": free.delivered - demo.delivered,
        "paying for it": at_once.delivered - free.delivered,
        "18 weeks later": builds.delivered + dearer - at_once.delivered,
        "the pilot itself is dearer": -dearer,
        "review threshold set on production's data": ready.delivered - builds.delivered,
        "stops where it promises nothing": of[READY].value
        - ready.delivered
        - (of[DEMO].value - demo.delivered),
        "worth, production-ready less demo": of[READY].value - of[DEMO].value,
    }


def cases(found: Mapping[str, Mapping[str, Judged]]) -> str:
    """Return the table of the cases."""
    rows = []
    for name, of in found.items():
        demo, ready = of[DEMO], of[READY]
        rows.append(
            (
                name,
                k(demo.value.mean()),
                k(ready.value.mean()),
                thousands(ready.value - demo.value),
                thousands(ready.best - demo.best),
                success(ready.design, demo.design, positive=True),
                thousands(of[SEES].value - demo.value),
                thousands(of[AFTER].value - demo.value),
                thousands(of[AFTER].value - ready.value),
            )
        )
    head = (
        "case",
        "demo",
        READY,
        "more than demo",
        "more by best hurdles",
        "delivers more than 0, if it goes",
        f"{SEES}, more than demo",
        f"{AFTER}, more than demo",
        f"the same, more than {READY}",
    )
    return table(head, rows)


def dots(axes: Axes, bars: Mapping[str, Numbers], looks: tuple[str, str], shift: float = 0.0) -> None:
    """Draw means with their 95 % intervals, one under another."""
    for at, values in enumerate(bars.values()):
        stats = summarise(values)
        low, high = stats["ci95"] or (stats["mean"],) * 2
        ends = [[stats["mean"] - low], [high - stats["mean"]]]
        axes.errorbar(
            stats["mean"],
            at + shift,
            xerr=ends,
            fmt=looks[1],
            color=looks[0],
            capsize=3,
            elinewidth=1.6,
            markersize=6.5,
        )


def draw(parts: Mapping[str, Numbers], found: Mapping[str, Mapping[str, Judged]], file: Path) -> None:
    """Draw what makes up the difference in the file, and the difference in each case."""
    n, *_, few = (len(of[DEMO].value) for of in found.values())
    caption = (
        f"Means and 95 % intervals of paired differences of net present value; {n:,} replications above and "
        f"in the first row below, {few:,} in the other rows. Each goes on where it promises more than 0."
    )
    figure, upper = style.new_figure(caption, width=8.6, height=10.2)
    with style.context():
        upper.remove()
        upper, lower = figure.subplots(2, 1, height_ratios=[len(parts), 1.3 * len(found)])
        for at, (values, colour) in enumerate(
            zip(parts.values(), [style.SKY] * (len(parts) - 1) + [style.BLUE], strict=True)
        ):
            upper.barh(at, values.mean(), color=colour, height=0.62)
        dots(upper, parts, (style.INK, "none"))
        shown = zip((READY, SEES, AFTER), style.SERIES, (-0.24, 0.0, 0.24), strict=False)
        for name, look, shift in shown:
            more = {case: of[name].value - of[DEMO].value for case, of in found.items()}
            dots(lower, more, look, shift)
            lower.plot([], [], look[1], color=look[0], label=name)
        for axes, names in ((upper, parts), (lower, found)):
            axes.set_yticks(range(len(names)), list(names))
            axes.invert_yaxis()
            axes.axvline(0.0, color=style.INK, linewidth=1.2, zorder=1)
            axes.xaxis.set_major_formatter(style.MoneyFormatter())
            axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            axes.grid(axis="x")
            axes.tick_params(axis="y", length=0)
        upper.set_xlabel("parts of the difference, claims as it is (USD) \N{RIGHTWARDS ARROW}")
        lower.set_xlabel("worth more than demo (USD) \N{RIGHTWARDS ARROW}")
        lower.legend(**style.LEGEND | {"loc": "lower right", "bbox_to_anchor": (1, 1)})
        style.title(upper, TITLE)
    style.save(figure, file)


TITLE = "Readiness costs more than it brings; at four times the volume it pays"


def make(page: Path, figure: Path, quick: bool) -> None:
    """Write the tables into the page, and the figure."""
    n, few, sets = (FEW, FEW, QUICK) if quick else (REPLICATIONS, OF_CASES, [])
    designs = (DEMO, READY, LOOKS, BUILDS, SEES, AT_ONCE)
    of = simulate(designs, sets, n)
    free = simulate((AT_ONCE,), [*FREE, *sets], n)[AT_ONCE].design
    parts = steps(of, free)
    found = {}
    for name, more in CASES.items():
        found[name] = simulate((DEMO, READY, SEES), [*more, *sets], few) if more else of
        after = simulate((SEES,), ["base.portfolio=built", *more, *sets], len(found[name][DEMO].value))
        found[name] = {**found[name], AFTER: after[SEES]}
    draw(parts, found, figure)
    shown = [
        f"The two designs of the file, {n:,} replications:\n\n{side_by_side(of)}",
        f"Taken apart, {n:,} replications:\n\n{apart(of)}",
        f"What makes up the difference, {n:,} replications:\n\n"
        + table(("step", "worth"), [(name, thousands(values)) for name, values in parts.items()]),
        f"What moves it, {few:,} replications but in the first row:\n\n{cases(found)}",
    ]
    old = page.read_text(encoding="utf-8")
    places = "<!-- python docs/pilots.py -->\n{}\n<!-- end -->"
    if len(re.findall(PLACE, old, flags=re.S)) != len(shown):
        raise SystemExit(f"{page}: the places for the {len(shown)} tables are not there")
    fresh = iter(shown)
    page.write_text(re.sub(PLACE, lambda _: places.format(next(fresh)), old, flags=re.S), encoding="utf-8")


PLACE = r"<!-- python docs/pilots.py -->.*?<!-- end -->"

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--quick"]
    make(
        Path(words[0]) if words else PAGE,
        Path(words[1]) if len(words) > 1 else FIGURE,
        "--quick" in sys.argv,
    )
