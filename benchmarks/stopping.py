"""Do intervals hold when one stops on looking? `python benchmarks/stopping.py [--write] [--quick]`.

A thousand independent studies of a small scenario with a known answer, by each way of stopping. The studies
draw, with replacement, from the trials of one large run: the answer is then known exactly, that of the
large run, and a study costs no simulation. A few studies are simulated instead, and their trials compared
with the large run. What the table must show is asserted. `--write` puts it into `docs/stopping.md`. The large
run takes one to five minutes, the rest one.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import simgap
from simgap.analysis import sequential
from simgap.analysis.sequential import DIFFERENCE, METRICS, Metric, Target
from simgap.analysis.statistics import summarise, wilson

HERE = Path(__file__).parent
SCENARIO, PAGE = HERE / "stopping.yaml", HERE.parent / "docs" / "stopping.md"
STUDIES, POOL, SIMULATED = 1000, 4000, 5
QUICK = (200, 400, 1)
EVERY, LONGEST = 10, 2000  # trials between looks of who looks all the time, and when that one gives up
Array = NDArray[np.float64]


class Case(NamedTuple):
    """An outcome, and how well it is to be known."""

    words: str
    metric: Metric
    size: float


CASES = {
    "npv": Case("mean realised NPV", METRICS["npv"], 160.0),
    "difference": Case("mean paired difference", DIFFERENCE, 8.0),
    "p5": Case("P5 of realised NPV", METRICS["p5"], 600.0),
    "p50": Case("P50 of realised NPV", METRICS["p50"], 100.0),
    "p_negative": Case("P(realised NPV < 0)", METRICS["p_negative"], 0.03),
}


class Found(NamedTuple):
    """What studies came to: whether the interval held the answer, half-width, and trials."""

    held: Array
    half: Array
    n: Array

    def cells(self) -> tuple[str, str, str]:
        return f"{100 * self.held.mean():.1f} %", f"{self.half.mean():,.3g}", f"{self.n.mean():,.0f}"


def simulate(replications: int, seed: int) -> Array:
    """Return the realised NPV of trials, by portfolio: `demo`, and `ready` in the same future."""
    done = simgap.load(str(SCENARIO)).compare(["demo", "ready"], replications=replications, seed=seed)
    return np.stack([done.value("demo"), done.value("ready")], axis=1)


def numbers(name: str, npv: Array) -> Array:
    """Return the number a trial of a case."""
    return npv[:, 1] - npv[:, 0] if name == "difference" else CASES[name].metric.values(npv[:, 0])


def answer(metric: Metric, population: Array) -> float:
    """Return the outcome of a population that is known whole."""
    if metric.kind == "quantile":
        return float(np.percentile(population, 100.0 * metric.at, method="inverted_cdf"))
    return float(population.mean())


def drawing(population: Array, study: int, purpose: int) -> Callable[[int], Array]:
    """Return what draws more trials of a study."""
    random = np.random.default_rng([study, purpose])
    return lambda k: population[random.integers(0, len(population), k)]


def taking(values: Array) -> Callable[[int], Array]:
    """Return what hands out numbers in their order."""
    left = [values]

    def take(k: int) -> Array:
        taken, left[0] = left[0][:k], left[0][k:]
        return taken

    return take


def until_precise(
    metric: Metric, target: Target, most: int, draw: Callable[[int], Array]
) -> list[sequential.Look]:
    """Return the looks of a study that simgap's rule stops."""
    looks: list[sequential.Look] = []
    values, n, alpha = np.empty(0), sequential.FIRST, sequential.spending(0)
    while True:
        values = np.concatenate([values, draw(n - len(values))])
        looks.append(sequential.looked(metric, values, target, looks, alpha))
        if looks[-1].reached or n >= most:
            return looks
        n, alpha = sequential.ahead(metric, values, target, looks, most)


def plain(metric: Metric, values: Array) -> tuple[float, float]:
    """Return the 95 % interval for a number of trials that was fixed beforehand, as a plain run shows it."""
    if metric.kind == "mean":
        low, high = summarise(values)["ci95"] or (-math.inf, math.inf)
        return low, high
    if metric.kind == "probability":
        return wilson(float(values.sum()), len(values))
    return sequential.quantile(metric.at, values, sequential.MISS)[1:]


def always(metric: Metric, values: Array) -> tuple[Array, Array, Array]:
    """Return trials, low and high of the plain interval, looked at after every few."""
    n = np.arange(EVERY, len(values) + 1, EVERY)
    if metric.kind == "quantile":
        ends = np.array([plain(metric, values[:k]) for k in n])
        return n, ends[:, 0], ends[:, 1]
    mean, error = moments(values, n)
    t = stats.t.ppf(0.975, n - 1)
    return n, mean - t * error, mean + t * error


def moments(values: Array, n: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return means and standard errors of the first trials."""
    shifted = values - values[0]
    total, squares = np.cumsum(shifted)[n - 1], np.cumsum(shifted**2)[n - 1]
    variance = np.maximum(squares - total**2 / n, 0.0) / (n - 1)
    return values[0] + total / n, np.sqrt(variance / n)


def confidence_sequence(values: Array, tuned: float) -> tuple[Array, Array, Array]:
    """Return trials, low and high of an asymptotic confidence sequence of a mean, looked at all the time.

    Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform central limit theory and asymptotic
    confidence sequences", *Annals of Statistics* 52; narrowest at about `tuned` trials. Looked at from the
    hundredth trial on, as simgap's rule.
    """
    n = np.arange(sequential.FIRST, len(values) + 1, EVERY)
    mean, error = moments(values, n)
    log = -2.0 * math.log(sequential.MISS)
    rho = (log + math.log(log) + 1.0) / tuned  # its square
    half = error * np.sqrt((n * rho + 1.0) / (n * rho) * np.log((n * rho + 1.0) / sequential.MISS**2))
    return n, mean - half, mean + half


def stopped(looks: tuple[Array, Array, Array], size: float, truth: float) -> tuple[bool, float, float]:
    """Return whether the interval holds the answer where one stops first, its half-width, and the trials."""
    n, low, high = looks
    half = (high - low) / 2.0
    narrow = np.flatnonzero((half <= size) & (half > 0.0))
    i = narrow[0] if len(narrow) else -1
    return bool(low[i] <= truth <= high[i]), half[i], n[i]


def ever_missed(looks: tuple[Array, Array, Array], truth: float) -> bool:
    """Return whether some interval excludes the answer: who stops then would claim what is not so."""
    _, low, high = looks
    return bool(((low > truth) | (high < truth)).any())


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def gathered(found: list[tuple[bool, float, float]]) -> Found:
    return Found(*(np.array(part, np.float64) for part in zip(*found, strict=True)))


def measured(pool: Array, studies: int) -> tuple[str, dict[str, dict[str, Found]]]:
    """Return the tables, and what they are made of."""
    rows, wrong, all_found = [], [], {}
    for number, (name, case) in enumerate(CASES.items()):
        metric, target = case.metric, Target(case.size)
        population = numbers(name, pool)
        truth = answer(metric, population)
        ran = [until_precise(metric, target, 10**6, drawing(population, s, number)) for s in range(studies)]
        last = [looks[-1] for looks in ran]
        ours = gathered([(x.low <= truth <= x.high, (x.high - x.low) / 2.0, x.n) for x in last])
        n = round(float(ours.n.mean()))
        fixed, peeked, anytime, claims = [], [], [], []
        for s in range(studies):
            low, high = plain(metric, drawing(population, s, 100 + number)(n))
            fixed.append((low <= truth <= high, (high - low) / 2.0, n))
            values = drawing(population, s, 200 + number)(LONGEST)
            looks = always(metric, values)
            peeked.append(stopped(looks, case.size, truth))
            missed = [ever_missed(looks, truth)]
            if metric.kind != "quantile":
                sequence = confidence_sequence(values, n)
                anytime.append(stopped(sequence, case.size, truth))
                missed.append(ever_missed(sequence, truth))
            seen = until_precise(metric, Target(1e-9), LONGEST, taking(values))
            missed.append(any(x.alpha and not x.low <= truth <= x.high for x in seen))
            claims.append(missed)
        found = {"fixed": gathered(fixed), "ours": ours, "peeked": gathered(peeked)}
        if anytime:
            found["anytime"] = gathered(anytime)
        all_found[name] = found
        ratio = float(ours.half.mean() / found["fixed"].half.mean())
        f, o, p = (found[key].cells() for key in ("fixed", "ours", "peeked"))
        a = found["anytime"].cells() if anytime else ("-", "-", "-")
        rows.append((case.words, f"{case.size:g}", o[0], o[2], f"{ratio:.2f}", f[0], p[0], p[2], a[0], a[2]))
        shares = [f"{100 * share:.1f} %" for share in np.mean(np.array(claims, np.float64), axis=0)]
        wrong.append((case.words, shares[0], shares[1] if anytime else "-", shares[-1]))
    heads = (
        "outcome",
        "asked for: +/-",
        "simgap: held",
        "trials",
        "width / fixed n",
        "fixed n: held",
        "looking all the time: held",
        "trials",
        "confidence sequence: held",
        "trials",
    )
    claim = ("outcome", "looking all the time", "confidence sequence", "simgap's looks")
    return f"{table(heads, rows)}\n\n{{}}\n\n{table(claim, wrong)}", all_found


def simulated(pool: Array, studies: int) -> str:
    """Run studies of the scenario itself; return what they show."""
    case, size = simgap.load(str(SCENARIO)), CASES["npv"].size
    truth, held, trials = float(pool[:, 0].mean()), 0, []
    for seed in range(studies):
        done = case.run(precision=size, seed=1000 + seed)
        low, high = done.summary["precision"]["interval"]
        held += low <= truth <= high
        trials.append(done.results.of("realised_npv"))
    same = stats.ks_2samp(np.concatenate(trials), pool[:, 0]).pvalue
    assert same > 1e-4, same
    assert held >= stats.binom.ppf(1e-4, studies, 0.93), held
    return (
        f"{studies} studies simulated by `run --precision {size:g}` held the answer {held} times, and their "
        f"{sum(map(len, trials)):,} trials follow the law of the {len(pool):,} (Kolmogorov and Smirnov: "
        f"p = {same:.2g})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="Put the table into the page.")
    parser.add_argument("--quick", action="store_true", help="Try it out.")
    parser.add_argument("--page", type=Path, default=PAGE)
    asked = parser.parse_args()
    studies, trials, few = QUICK if asked.quick else (STUDIES, POOL, SIMULATED)
    pool = simulate(trials, seed=2)
    text, found = measured(pool, studies)
    claims = (
        f"Share of the studies in which some interval of up to {LONGEST:,} trials excludes the answer, so "
        "that who stops there claims what is not so:"
    )
    text = text.format(claims) + f"\n\n{simulated(pool, few)}"
    print(text)
    if not asked.quick:
        for name, by in found.items():
            assert 0.935 <= by["fixed"].held.mean() <= 0.965, name
            assert by["ours"].held.mean() >= 0.935, name
    if asked.write:
        page = asked.page.read_text(encoding="utf-8")
        shown = f"<!-- python benchmarks/stopping.py -->\n{text}\n<!-- end -->"
        fresh, places = re.subn(
            r"<!-- python benchmarks/stopping.py -->.*?<!-- end -->", lambda _: shown, page, flags=re.S
        )
        if places != 1:
            raise SystemExit(f"{asked.page}: the place for the tables is not there")
        asked.page.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
