"""Plain SimPy: each item is a process."""

import random
import time
from collections.abc import Generator
from typing import Any

import simpy

from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done


class Model:
    def __init__(self, items: int, seed: int):
        self.random = random.Random(seed)
        self.env = simpy.Environment()
        self.stage = simpy.Resource(self.env, SERVERS)
        self.desk = simpy.Resource(self.env, REVIEWERS)
        self.finished = self.reviewed = 0
        self.env.process(self.arrivals(items))

    def arrivals(self, items: int) -> Generator[simpy.Event, Any, None]:
        for _ in range(items):
            yield self.env.timeout(self.random.expovariate(ARRIVALS))
            self.env.process(self.item())

    def item(self) -> Generator[simpy.Event, Any, None]:
        with self.stage.request() as server:
            yield server
            yield self.env.timeout(self.random.expovariate(1.0 / SERVICE))
        if self.random.random() < REVIEWED:
            with self.desk.request() as reviewer:
                yield reviewer
                yield self.env.timeout(self.random.lognormvariate(MU, SIGMA))
            self.reviewed += 1
        self.finished += 1


def run(items: int, seed: int) -> Done:
    model = Model(items, seed)
    started = time.perf_counter()
    model.env.run()
    return Done(time.perf_counter() - started, model.finished, model.reviewed)
