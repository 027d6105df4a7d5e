"""How fast the engines are, beside plain SimPy: `python benchmarks/engine_speed.py [ROUNDS]`.

All run in turns within each round, so that a machine that slows down slows all; ratios are of the times
of one round. The common part is what any simulation tool can express, `common.yaml`; plain SimPy runs it as
a user of SimPy would write it. The engines run it, and production of the scenario `claims`, whole, at the
medians of its unknowns. How much work was done is asserted.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import simpy

import simgap
from simgap.engines import simulator
from simgap.engines.packing import Packed
from simgap.engines.physics import ENDS, Count
from simgap.montecarlo.plan import medians
from simgap.montecarlo.trial import prepare
from simgap.scenario.values import Variant

ROUNDS = 7
PLAIN_ITEMS = 20_000
REVIEWED = 0.25
SIGMA = math.sqrt(math.log1p(1.2**2))  # lognormal review: mean 0.9 h, coefficient of variation 1.2


class Plain:
    """The simple common model, as a user of SimPy would write it."""

    def __init__(self, items: int):
        self.random = random.Random(1)
        self.env = simpy.Environment()
        self.stage = simpy.Resource(self.env, 4)
        self.desk = simpy.Resource(self.env, 12)
        self.done = self.reviewed = 0
        self.env.process(self.arrivals(items))

    def arrivals(self, items: int) -> Generator[simpy.Event, Any, None]:
        for _ in range(items):
            yield self.env.timeout(self.random.expovariate(40.0))
            self.env.process(self.item())

    def item(self) -> Generator[simpy.Event, Any, None]:
        with self.stage.request() as place:
            yield place
            yield self.env.timeout(self.random.expovariate(1.0 / 0.08))
        if self.random.random() < REVIEWED:
            with self.desk.request() as reviewer:
                yield reviewer
                mean = 0.9 * math.exp(-0.5 * SIGMA**2)
                yield self.env.timeout(mean * math.exp(SIGMA * self.random.gauss()))
            self.reviewed += 1
        self.done += 1


def run_plain() -> float:
    """Return the items a second of the plain model."""
    model = Plain(PLAIN_ITEMS)
    started = time.perf_counter()
    model.env.run()
    seconds = time.perf_counter() - started
    assert model.done == PLAIN_ITEMS
    # Five standard errors of a binomial count.
    spread = 5.0 * math.sqrt(PLAIN_ITEMS * REVIEWED * (1.0 - REVIEWED))
    assert abs(model.reviewed - PLAIN_ITEMS * REVIEWED) < spread
    return PLAIN_ITEMS / seconds


def production(scenario: str, *sets: str) -> Packed:
    """Return production of a scenario at the medians of its unknowns."""
    resolved = simgap.load(scenario, sets).resolved
    return prepare(resolved, medians(resolved), Variant()).production


def run_engine(engine: str, packed: Packed, share: float) -> tuple[float, int]:
    """Return the items a second of an engine, duplicates included, and how many it simulated.

    `share` is the least share of items that must have met a person.
    """
    started = time.perf_counter()
    physics = simulator(engine)(packed, 1, 0, 0)
    seconds = time.perf_counter() - started
    items = physics.total(Count.ARRIVED, Count.DUPLICATES)
    ended = physics.total(*ENDS, Count.DUPLICATE_DONE, Count.DUPLICATE_FALLBACK)
    expected = float(packed.levels[-1] + packed.duplicate_levels[-1])
    assert items == ended
    assert abs(items - expected) < 5.0 * math.sqrt(expected)
    assert physics.total(Count.QUEUED) > share * items
    return items / seconds, items


def main() -> None:
    """Time all in turns and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    common = production(str(Path(__file__).with_name("common.yaml")))
    claims, claims_short = production("claims"), production("claims", "clock.horizon=6 months")
    cases = {
        "plain SimPy, common part": lambda: (run_plain(), PLAIN_ITEMS),
        "compiled engine, common part": lambda: run_engine("compiled", common, 0.24),
        "reference engine, claims": lambda: run_engine("reference", claims_short, 0.05),
        "compiled engine, claims": lambda: run_engine("compiled", claims, 0.05),
    }
    items = {name: run()[1] for name, run in cases.items()}  # compiles the rules
    speeds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, run in cases.items():
            speed, again = run()
            assert again == items[name]
            speeds[name].append(speed)
    plain = speeds["plain SimPy, common part"]
    print("| what | items a round | items a second: median | lowest | highest | over plain SimPy, paired |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in speeds.items():
        ratio = statistics.median(a / b for a, b in zip(found, plain, strict=True))
        figures = " | ".join(f"{f:,.0f}" for f in (statistics.median(found), min(found), max(found)))
        print(f"| {name} | {items[name]:,} | {figures} | {ratio:,.2g} |")


if __name__ == "__main__":
    main()
