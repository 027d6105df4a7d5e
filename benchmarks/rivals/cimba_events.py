"""cimba at its fastest: compiled events alone; queues and free servers are counters kept by hand."""

import cimba
from cimba import random

from rivals import cimba_processes
from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done


class Model(cimba.Model):
    items: int = 0
    finished: cimba.Output[int]
    reviewed: cimba.Output[int]
    coming: int = 0
    inbox: int = 0
    desk: int = 0
    servers: int = SERVERS
    reviewers: int = REVIEWERS

    @cimba.on_start
    def begin(self):
        self.coming = self.items
        cimba.schedule(self.arrive, random.exponential(1.0 / ARRIVALS))

    @cimba.event
    def arrive(self):
        self.coming -= 1
        if self.coming > 0:
            cimba.schedule(self.arrive, random.exponential(1.0 / ARRIVALS))
        if self.servers > 0:
            self.servers -= 1
            cimba.schedule(self.served, random.exponential(SERVICE))
        else:
            self.inbox += 1

    @cimba.event
    def served(self):
        if self.inbox > 0:
            self.inbox -= 1
            cimba.schedule(self.served, random.exponential(SERVICE))
        else:
            self.servers += 1
        if not random.bernoulli(REVIEWED):
            self.finished += 1
        elif self.reviewers > 0:
            self.reviewers -= 1
            cimba.schedule(self.seen, random.lognormal(MU, SIGMA))
        else:
            self.desk += 1

    @cimba.event
    def seen(self):
        if self.desk > 0:
            self.desk -= 1
            cimba.schedule(self.seen, random.lognormal(MU, SIGMA))
        else:
            self.reviewers += 1
        self.reviewed += 1
        self.finished += 1


def run(items: int, seed: int) -> Done:
    return cimba_processes.run(items, seed, Model)
