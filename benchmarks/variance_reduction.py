"""How many replications common random numbers, designs and the fluid model save: `claims`, measured.

    python benchmarks/variance_reduction.py [TRIALS] [--write]

For each investment alone, and each portfolio, against buying nothing: the replications that independent plain
Monte Carlo needs for the difference of mean NPV, over those that each way needs for an interval as wide. A
ratio of variances: nothing is timed. Intervals of the ratios are jackknifed over independent blocks, 16 of a
design. `--write` puts the table into `docs/uncertainty.md`.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

import simgap
from simgap.analysis.controls import adjusted
from simgap.analysis.statistics import block_values
from simgap.model.types import Floats, Ints
from simgap.montecarlo.plan import crossed, evaluate
from simgap.sampling.designs import split
from simgap.scenario.values import Variant
from simgap.study.controlling import control, table

TRIALS, SEED = 1024, 1
PAGE = Path(__file__).parents[1] / "docs" / "uncertainty.md"
START, END = "<!-- benchmarks/variance_reduction.py --write -->\n", "<!-- end -->"
WAYS = ("paired", "Latin hypercube", "Sobol'", "fluid control")


class Run(NamedTuple):
    """Realised NPV of all variants: simulated; of plain draws also by the fluid model, and its means."""

    values: Floats
    fluid: Floats
    overall: Floats
    blocks: Ints | None


def simulated(design: str, variants: tuple[Variant, ...], resolved: dict, trials: int) -> Run:
    plan = crossed(variants, trials, design=split(design, trials))
    done = evaluate(resolved, plan, SEED)
    assert done.complete
    values = table(done)[:, :, 0]
    if not done.independent:
        return Run(values, values, values, done.blocks[:: len(variants)])
    found = control(resolved, variants, done, SEED)
    return Run(values, found.trials[:, :, 0], found.overall[:, :, 0], None)


def per_trial(difference: Floats, blocks: Ints | None) -> float:
    """Return the variance of the mean, times the trials: what independent trials would have to have."""
    of = block_values(difference, blocks)
    return float(of.var(ddof=1)) / len(of) * len(difference)


def ratio(run: Run, independent: Floats, of: int, controlled: bool) -> float:
    """Return how many times fewer replications the difference of a variant and the first takes."""
    plain = independent[:, 0].var(ddof=1) + independent[:, of].var(ddof=1)
    difference = run.values[:, of] - run.values[:, 0]
    if not controlled:
        return float(plain / per_trial(difference, run.blocks))
    fluid, overall = (part[:, [of]] - part[:, [0]] for part in (run.fluid, run.overall))
    found = adjusted(difference[:, None], fluid, overall, run.blocks)
    n = len(block_values(difference, run.blocks))
    error = float(found.half_width[0]) / student.ppf(0.975, n - 2)
    return float(plain / error**2 / len(difference))


def with_interval(run: Run, plain: Run, of: int, controlled: bool) -> tuple[float, float, float]:
    """Return the ratio with an interval: its logarithm's jackknife, over blocks or 64 groups of trials."""
    size = len(run.values)
    groups = np.arange(size) * 64 // size if run.blocks is None else run.blocks
    left = []
    for group in np.unique(groups):
        kept = groups != group
        blocks = None if run.blocks is None else np.unique(run.blocks[kept], return_inverse=True)[1]
        part = Run(run.values[kept], run.fluid[kept], run.overall, blocks)
        independent = plain.values[kept] if run is plain else plain.values
        left.append(math.log(ratio(part, independent, of, controlled)))
    n = len(left)
    error = math.sqrt((n - 1) / n * ((np.array(left) - np.mean(left)) ** 2).sum())
    found = ratio(run, plain.values, of, controlled)
    half = float(student.ppf(0.975, n - 1)) * error
    return found, found * math.exp(-half), found * math.exp(half)


def rows(trials: int) -> str:
    """Return the table of the page."""
    resolved = simgap.load("claims").resolved
    bought = {name: (name,) for name in resolved["investments"]}
    bought |= {f"portfolio {name}": tuple(of) for name, of in resolved["portfolios"].items() if of}
    variants = (Variant(investments=()), *(Variant(investments=names) for names in bought.values()))
    runs = [simulated(design, variants, resolved, trials) for design in ("mc", "lhs", "sobol")]
    lines = [
        f"| against buying nothing | {' | '.join(WAYS)} |",
        f"|---|{'---|' * len(WAYS)}",
    ]
    for of, name in enumerate(bought, 1):
        cells = []
        for run, controlled in ((runs[0], False), (runs[1], False), (runs[2], False), (runs[0], True)):
            found, low, high = with_interval(run, runs[0], of, controlled)
            cells.append(f"{found:.3g} ({low:.2g} to {high:.2g})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\n{trials:,} trials each, seed {SEED}, version {simgap.__version__}.\n"


def main() -> None:
    """Measure, print and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="?", type=int, default=TRIALS)
    parser.add_argument("--write", action="store_true", help="put the table into docs/uncertainty.md")
    options = parser.parse_args()
    found = rows(options.trials)
    print(found)
    if options.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        after = rest.split(END, 1)[1]
        PAGE.write_text(f"{before}{START}{found}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
