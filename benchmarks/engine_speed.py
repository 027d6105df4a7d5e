"""How fast the engines are, beside rival tools: `python benchmarks/engine_speed.py [ROUNDS] [--write]`.

All cases run in turns within each round, so that a machine that slows down slows all; ratios are of the
speeds of one round, and medians over rounds are shown. A first run of each, not timed, compiles. How much
work was done is asserted. `--write` puts the tables into `docs/performance.md`. Rivals that are not
installed (`pip install -e ".[bench]"`) are named and left out.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from rivals.common import run_apart

import simgap
from simgap.engines import simulator
from simgap.engines.compiled import engine
from simgap.engines.packing import Packed
from simgap.engines.physics import ENDS, Count
from simgap.model import keys
from simgap.montecarlo.phases import arrivals, prepare
from simgap.montecarlo.plan import evaluate, medians, one_each
from simgap.scenario.values import Variant

ROUNDS = 7
COMMON = str(Path(__file__).with_name("common.yaml"))
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
START, END = "<!-- benchmarks/engine_speed.py --write -->\n", "<!-- end -->"
TRIALS, UNTIMED = 100, 20  # of `claims`; the first to finish are not timed, for workers are still starting

Run = Callable[[], tuple[int, float]]  # returns the work done and the seconds it took


class Rival(NamedTuple):
    """A tool on the common part: its package, its module in `rivals`, and how many items it gets."""

    package: str
    module: str
    items: int


RIVALS = {
    "SimPy, plain": Rival("simpy", "plain_simpy", 20_000),
    "Ciw": Rival("ciw", "on_ciw", 10_000),
    "salabim": Rival("salabim", "on_salabim", 2_000),
    "nagasim": Rival("nagasim", "on_nagasim", 10_000),
    "cimba, processes": Rival("cimba", "cimba_processes", 500_000),
    "cimba, events": Rival("cimba", "cimba_events", 1_000_000),
}


@cache
def apart() -> ProcessPoolExecutor:
    """Return the process of the rivals, for all of them.

    cimba extends numba for everything that is compiled beside it. Rules of simgap would become others, and
    so would their cache, which then asks for cimba wherever it is used.
    """
    return ProcessPoolExecutor(1, get_context("spawn"))


def run_rival(rival: Rival) -> tuple[int, float]:
    """Run the common part in a rival tool."""
    done = apart().submit(run_apart, rival.module, rival.items, seed=1).result()
    done.check(rival.items)
    return rival.items, done.seconds


@cache
def production(scenario: str) -> Packed:
    """Return production of a scenario at the medians of its unknowns."""
    resolved = simgap.load(scenario).resolved
    return prepare(resolved, medians(resolved), Variant()).production


def run_engine(name: str, scenario: str, replications: int) -> tuple[int, float]:
    """Run production of a scenario in an engine; its items are those that arrived, duplicates included."""
    packed, simulate = production(scenario), simulator(name)
    started = time.perf_counter()
    physics = [simulate(packed, 1, 0, luck) for luck in range(replications)]
    seconds = time.perf_counter() - started
    items = sum(p.total(Count.ARRIVED, Count.DUPLICATES) for p in physics)
    expected = replications * arrivals(packed)
    assert items == sum(p.total(*ENDS, Count.DUPLICATE_DONE, Count.DUPLICATE_FALLBACK) for p in physics)
    assert abs(items - expected) < 5.0 * math.sqrt(expected)
    queued = sum(p.total(Count.QUEUED) for p in physics)
    if scenario == COMMON:
        assert abs(queued - 0.25 * items) < 5.0 * math.sqrt(items * 0.25 * 0.75)
    else:
        assert queued > 0.2 * items
    return items, seconds


def run_trials(workers: int) -> tuple[int, float]:
    """Run replications of `claims` as the command line does; the first to finish are not timed."""
    finished: list[float] = []
    resolved = simgap.load("claims").resolved
    evaluate(resolved, one_each(TRIALS), 1, workers, lambda *_: finished.append(time.perf_counter()))
    assert len(finished) == TRIALS
    return TRIALS - UNTIMED, finished[-1] - finished[UNTIMED - 1]


PLAIN = "SimPy, plain"
COMPILED, COMPILED_CLAIMS = "simgap compiled, common part", "simgap compiled, `claims`"
REFERENCE_CLAIMS = "simgap reference, `claims`"
ONE, TWO = "`claims` trials, one process", "`claims` trials, two processes"
CASES: dict[str, Run] = {
    **{name: partial(run_rival, rival) for name, rival in RIVALS.items()},
    COMPILED: partial(run_engine, "compiled", COMMON, 1),
    COMPILED_CLAIMS: partial(run_engine, "compiled", "claims", 5),
    REFERENCE_CLAIMS: partial(run_engine, "reference", "claims", 1),
    ONE: partial(run_trials, 1),
    TWO: partial(run_trials, 2),
}
# Two cases, and what the first is to be, at least, in terms of the second.
RATIOS = (
    (COMPILED, PLAIN, 100.0),
    (COMPILED, "cimba, processes", 3.0),
    (COMPILED, "cimba, events", 3.0),
    (COMPILED_CLAIMS, PLAIN, 50.0),
    (COMPILED_CLAIMS, REFERENCE_CLAIMS, None),
    (TWO, ONE, 1.9),
)


PURPOSES = (
    *("ARRIVAL", "DATA", "CHECK", "EDGE_TYPE", "LATENCY", "DECISION", "REVIEW", "SPECIALIST"),
    *("SEVERITY", "PROPERTY", "RESOLUTION", "OUTAGE_TIME", "NEWS", "LEAD_TIME"),
)


def drawn() -> str:
    """Return how often production of `claims` calls Philox for an item, by purpose, in Markdown."""
    _, state = engine.run(production("claims"), 1, 0, 0)
    items = state.counts[:, [Count.ARRIVED, Count.DUPLICATES]].sum()
    calls = {name: state.drawn[getattr(keys, name)] / items for name in PURPOSES}
    lines = ["| Philox calls an item of `claims`, by purpose | |", "| --- | --- |"]
    lines += [f"| {name.lower().replace('_', ' ')} | {n:.4f} |" for name, n in calls.items() if n]
    return "\n".join([*lines, f"| in all (aim: at most 6) | {sum(calls.values()):.2f} |"]) + "\n"


def installed(package: str) -> bool:
    """Return whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def measure(rounds: int) -> tuple[dict[str, int], dict[str, list[float]]]:
    """Return the work of each case, and its work a second in each round."""
    absent = [name for name, rival in RIVALS.items() if not installed(rival.package)]
    cases = {name: run for name, run in CASES.items() if name not in absent}
    work = {}
    for name, run in cases.items():
        work[name], _ = run()  # compiles
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            gc.collect()  # so that none pays for what another left
            done, seconds = run()
            assert done == work[name]
            speeds[name].append(done / seconds)
    return work, speeds


def figure(value: float) -> str:
    """Return a number in three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):,.12g}"


def spread(values: list[float]) -> str:
    """Return the median, the least and the greatest as cells of a table."""
    return " | ".join(figure(v) for v in (statistics.median(values), min(values), max(values)))


def tables(work: dict[str, int], speeds: dict[str, list[float]]) -> str:
    """Return what was measured, in Markdown."""
    rounds = len(next(iter(speeds.values())))
    rivals = {r.package: name.split(",")[0] for name, r in RIVALS.items()}
    tools = [f"{tool} {version(package)}" for package, tool in rivals.items() if installed(package)]
    lines = [
        f"Python {platform.python_version()}, {', '.join(tools)}, numba {version('numba')}, simgap "
        f"{simgap.__version__}; {platform.system()} on {platform.machine()}, {os.cpu_count()} processors; "
        f"{rounds} round{'s' * (rounds > 1)}.",
        "",
    ]
    absent = [name for name in CASES if name not in speeds]
    if absent:
        lines += [f"Not installed, and so not measured: {'; '.join(absent)}.", ""]
    lines += [
        "| what | work a round | a second: median | lowest | highest | over plain SimPy |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, found in speeds.items():
        unit = "trials" if "trials" in name else "items"
        over = figure(statistics.median(ratios(speeds, name, PLAIN))) if unit == "items" else ""
        lines.append(f"| {name} | {work[name]:,} {unit} | {spread(found)} | {over} |")
    lines += ["", "| ratio | median | lowest | highest | aim |", "| --- | --- | --- | --- | --- |"]
    for fast, slow, aim in RATIOS:
        if fast in speeds and slow in speeds:
            least = "" if aim is None else f"at least {aim:g}"
            found = ratios(speeds, fast, slow)
            lines.append(f"| {fast} / {slow} | {spread(found)} | {least} |")
    return "\n".join([*lines, "", drawn()])


def ratios(speeds: dict[str, list[float]], fast: str, slow: str) -> list[float]:
    """Return the ratio of two cases in each round."""
    return [a / b for a, b in zip(speeds[fast], speeds[slow], strict=True)]


def main() -> None:
    """Time all in turns and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    measured = measure(options.rounds)
    load = f"Load average of the machine: {before:.1f} before, {os.getloadavg()[0]:.1f} after."
    found = f"{tables(*measured)}\n{load}\n"
    print(found)
    if options.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{START}{found}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
