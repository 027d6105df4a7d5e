"""Ciw: a network of two nodes. Every customer keeps its records, which cannot be switched off."""

import time

import ciw

from rivals.common import ARRIVALS, MU, REVIEWED, REVIEWERS, SERVERS, SERVICE, SIGMA, Done

NETWORK = ciw.create_network(
    arrival_distributions=[ciw.dists.Exponential(rate=ARRIVALS), None],
    service_distributions=[ciw.dists.Exponential(rate=1.0 / SERVICE), ciw.dists.Lognormal(MU, SIGMA)],
    number_of_servers=[SERVERS, REVIEWERS],
    routing=[[0.0, REVIEWED], [0.0, 0.0]],
)


def run(items: int, seed: int) -> Done:
    ciw.seed(seed)
    simulation = ciw.Simulation(NETWORK)
    started = time.perf_counter()
    simulation.simulate_until_max_customers(items, method="Finish")
    seconds = time.perf_counter() - started
    left = simulation.nodes[-1].all_individuals
    return Done(seconds, len(left), sum(len(customer.data_records) == 2 for customer in left))
