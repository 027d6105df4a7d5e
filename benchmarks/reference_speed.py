"""How fast the reference engine is, beside plain SimPy: `python benchmarks/reference_speed.py [ROUNDS]`.

Both run in turns within each round, so that a machine that slows down slows both; ratios are of the two times
of one round. The plain model is what any simulation tool can express: Poisson arrivals of 40 an hour, a stage
with four servers, a quarter of the items on to a lognormal review by twelve. The engine runs production of
the scenario `claims`, whole, at the medians of its unknowns. How much work was done is asserted.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import time
from collections.abc import Generator
from typing import Any

import simpy

import simgap
from simgap.engines.packing import Packed
from simgap.engines.physics import ENDS, Count
from simgap.engines.reference import simulate
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


def claims() -> Packed:
    """Return production of `claims` at the medians of its unknowns, in a window of six months."""
    resolved = simgap.load("claims", ["clock.horizon=6 months"]).resolved
    return prepare(resolved, medians(resolved), Variant()).production


def run_engine(packed: Packed) -> tuple[float, int]:
    """Return the items a second of the reference engine, duplicates included, and how many it simulated."""
    started = time.perf_counter()
    physics = simulate(packed, 1, 0, 0)
    seconds = time.perf_counter() - started
    items = physics.total(Count.ARRIVED, Count.DUPLICATES)
    ended = physics.total(*ENDS, Count.DUPLICATE_DONE, Count.DUPLICATE_FALLBACK)
    expected = float(packed.levels[-1] + packed.duplicate_levels[-1])
    assert items == ended
    assert abs(items - expected) < 5.0 * math.sqrt(expected)
    assert physics.total(Count.QUEUED) > items // 20
    return items / seconds, items


def main() -> None:
    """Time both in turns and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    packed = claims()
    _, items = run_engine(packed)  # compiles the rules
    pairs = []
    for _ in range(rounds):
        plain = run_plain()
        engine, again = run_engine(packed)
        assert again == items
        pairs.append((plain, engine))
    rows = (
        ("plain SimPy, simple model", PLAIN_ITEMS, [p for p, _ in pairs]),
        ("reference engine, claims", items, [e for _, e in pairs]),
    )
    print("| what | items a round | items a second: median | lowest | highest |")
    print("| --- | --- | --- | --- | --- |")
    for name, number, speeds in rows:
        low, middle, high = min(speeds), statistics.median(speeds), max(speeds)
        print(f"| {name} | {number:,} | {middle:,.0f} | {low:,.0f} | {high:,.0f} |")
    ratios = [plain / engine for plain, engine in pairs]
    print(
        f"\nPlain SimPy over the engine, paired in {rounds} rounds: median {statistics.median(ratios):.1f}, "
        f"from {min(ratios):.1f} to {max(ratios):.1f}."
    )


if __name__ == "__main__":
    main()
