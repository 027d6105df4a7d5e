"""cimba as its guide shows it: servers are compiled coroutines; items, which carry nothing, are counted."""

import time

import cimba
from cimba import random

from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done


class Model(cimba.Model):
    items: int = 0
    finished: cimba.Output[int]
    reviewed: cimba.Output[int]
    inbox: cimba.Container
    desk: cimba.Container

    @cimba.process
    def arrivals(self):
        for _ in range(self.items):
            cimba.hold(random.exponential(1.0 / ARRIVALS))
            self.inbox.put(1)

    @cimba.process(copies=SERVERS)
    def server(self):
        while True:
            self.inbox.get(1)
            cimba.hold(random.exponential(SERVICE))
            if random.bernoulli(REVIEWED):
                self.desk.put(1)
            else:
                self.finished += 1

    @cimba.process(copies=REVIEWERS)
    def reviewer(self):
        while True:
            self.desk.get(1)
            cimba.hold(random.lognormal(MU, SIGMA))
            self.reviewed += 1
            self.finished += 1


def run(items: int, seed: int, kind: type[cimba.Model] = Model) -> Done:
    model = kind()
    model.items = items
    experiment = cimba.Experiment(model, window=cimba.Window.until_idle(), seed=seed)
    started = time.perf_counter()
    results = experiment.run(workers=1)
    seconds = time.perf_counter() - started
    assert not results.failed.any(), results.failure_reasons
    finished, reviewed = results[model].finished.values, results[model].reviewed.values
    return Done(seconds, int(finished.item()), int(reviewed.item()))
