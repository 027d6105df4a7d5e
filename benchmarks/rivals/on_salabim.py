"""salabim: each item is a component; generators, faster here than greenlets; resources unmonitored."""

import random
import time
from collections.abc import Generator
from typing import Any

import salabim

from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done

salabim.yieldless(False)


class Item(salabim.Component):
    def process(self) -> Generator[Any, Any, None]:
        env = self.env
        yield self.request(env.stage)
        yield self.hold(env.random.expovariate(1.0 / SERVICE))
        self.release()
        if env.random.random() < REVIEWED:
            yield self.request(env.desk)
            yield self.hold(env.random.lognormvariate(MU, SIGMA))
            self.release()
            env.reviewed += 1
        env.finished += 1


class Arrivals(salabim.Component):
    def process(self, items: int) -> Generator[Any, Any, None]:
        for _ in range(items):
            yield self.hold(self.env.random.expovariate(ARRIVALS))
            Item()


def run(items: int, seed: int) -> Done:
    env = salabim.Environment(trace=False)
    env.random = random.Random(seed)
    env.stage = salabim.Resource("stage", capacity=SERVERS, monitor=False)
    env.desk = salabim.Resource("desk", capacity=REVIEWERS, monitor=False)
    env.finished = env.reviewed = 0
    Arrivals(items=items)
    started = time.perf_counter()
    env.run()
    return Done(time.perf_counter() - started, env.finished, env.reviewed)
