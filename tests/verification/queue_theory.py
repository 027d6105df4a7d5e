"""Second routes to what queueing theory says: textbook formulas for the long run, and other chains.

Times are in hours and rates per hour. The first routes are in `simgap.analysis.queueing`, as `simgap verify`
uses them; the two must agree with each other before an engine is compared with either.
"""

import math

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import betainc, gammainc
from scipy.stats import nbinom, poisson

from simgap.analysis import queueing


def erlang_c(servers, load):
    """P(wait > 0) in M/M/c at an offered load of lambda/mu: Erlang 1917; Kleinrock 1975, eq. 3.40."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) / (1.0 - load / servers)
    return last / (sum(terms) + last)


def mmc_wait(rate, time, servers):
    """Mean wait in M/M/c in the long run."""
    return erlang_c(servers, rate * time) / (servers / time - rate)


def excess_of_exponentials(rate, time, steps):
    """E[max(0, S_k)] of M/M/1: P(Gamma(a) / mu > Gamma(b) / lambda) is an incomplete beta function."""
    k, share = np.arange(1, steps + 1), rate * time / (1.0 + rate * time)
    return k * time * betainc(k, k + 1, share) - k / rate * betainc(k + 1, k, share)


def excess_of_equal_services(rate, time, steps):
    """E[max(0, S_k)] of M/D/1: the gaps are gamma distributed."""
    k = np.arange(1, steps + 1)
    services = k * time
    return services * gammainc(k, rate * services) - k / rate * gammainc(k + 1, rate * services)


def found_by_arrivals(served, items, states=200):
    """P(the n-th arrival finds j) of GI/M/1 from empty, one row an arrival: Kleinrock 1975, chapter 6.

    `served(d)` is the probability of d services in a gap, while the server never idles.
    """
    law = served(np.arange(states))
    step = np.zeros((states, states))
    for j in range(states):
        served_few = law[: j + 1]
        step[j, 0] = 1.0 - served_few.sum()
        reached = np.arange(j + 1, 0, -1)
        inside = reached < states
        step[j, reached[inside]] += served_few[inside]
    rows = np.zeros((items, states))
    rows[0, 0] = 1.0
    for n in range(1, items):
        rows[n] = rows[n - 1] @ step
    return rows


def served_in_equal_gaps(rate, time):
    """Services in a gap of D/M/1: Poisson."""
    return lambda d: poisson.pmf(d, 1.0 / (rate * time))


def served_in_exponential_gaps(rate, time):
    """Services in a gap of M/M/1: geometric."""
    return lambda d: nbinom.pmf(d, 1, rate * time / (1.0 + rate * time))


def dm1_root(rate, time):
    """Return sigma = exp(-(1 - sigma) / rho), the chance to wait in D/M/1: Kleinrock 1975, chapter 6."""
    return brentq(lambda s: s - math.exp(-(1.0 - s) / (rate * time)), 0.0, 1.0 - 1e-6, xtol=1e-14)


def dm1_wait(rate, time):
    """Mean wait in D/M/1 in the long run: sigma / (mu (1 - sigma)), Kleinrock 1975, chapter 6."""
    sigma = dm1_root(rate, time)
    return time * sigma / (1.0 - sigma)


def cobham(rates, second, loads):
    """Mean wait of each class, most urgent first, without pre-emption: Cobham 1954, Operations Research 2:70.

    `second` is the mean square of a service, `loads` the utilisation by each class.
    """
    work = sum(rates) * second / 2.0
    below = np.concatenate([[0.0], np.cumsum(loads)])
    return work / ((1.0 - below[:-1]) * (1.0 - below[1:]))


def patient_from_empty(rate, time, servers, span, patience, states=70):
    """M/M/c+M from empty over arrivals in [0, span]: the share served, and the mean wait of those.

    An arrival that finds k waiting before it, all servers busy, is served after k + 1 departures at the rates
    r_j = servers / time + j / patience, j = k..0, unless its own patience ends first. With V the sum,
    P(served) = E[exp(-V / patience)] is a product, and E[V exp(-V / patience)] its derivative.
    """
    n = np.arange(states)
    leave = np.minimum(n, servers) / time + np.maximum(n - servers, 0) / patience
    generator = sparse.diags([np.full(states - 1, rate), leave[1:]], [1, -1]).tocsr()
    generator = generator - sparse.diags(np.asarray(generator.sum(axis=1)).ravel())
    seen = queueing.uniformised(generator, span)[1] / span
    ahead = np.arange(states - servers)
    rates = servers / time + ahead / patience
    stays = (servers / time) / (rates + 1.0 / patience)
    lasts = np.cumsum(1.0 / (rates + 1.0 / patience))
    served = seen[:servers].sum() + seen[servers:] @ stays
    return served, seen[servers:] @ (stays * lasts) / served


def deadline_in_the_long_run(rate, time, servers, deadline):
    """M/M/c+D: the share that leaves, the mean wait of the served, and of all.

    Baccelli & Hebuterne 1981: the wait that an arrival would have to endure has the density
    rate p exp(rate min(x, deadline) - servers x / time), p the probability of one server free; no wait has
    the probability of the states with a server free. Overloads are allowed.
    """
    load, work = rate * time, servers / time
    below = np.array([load**n / math.factorial(n) for n in range(servers)])
    slope = work - rate
    # Integrals of the density and of x times it up to the deadline, and of the density beyond.
    grown = math.exp(-slope * deadline)
    until = deadline if slope == 0.0 else (1.0 - grown) / slope
    first = deadline**2 / 2.0 if slope == 0.0 else (until - deadline * grown) / slope
    beyond = grown / work
    scale = rate * below[-1]
    total = below.sum() + scale * (until + beyond)
    lost = scale * beyond / total
    wait = scale * first / total
    return lost, wait / (1.0 - lost), wait + lost * deadline


def infinite_server_mean(begins, ends, rates, time, when):
    """Mean number in M_t/M/oo at an instant, from empty; the number is Poisson.

    Eick, Massey & Whitt 1993, Operations Research 41:731-742: the integral of rate(u) exp(-(when - u) / time)
    up to `when`, in closed form where the rate is constant from begin to end.
    """
    past = np.minimum(begins, when), np.minimum(ends, when)
    return float(time * rates @ (np.exp((past[1] - when) / time) - np.exp((past[0] - when) / time)))


def mm1_with_outages(rate, time, up, mean, cv, states=200):
    """Mean wait of M/M/1 in the long run, if in an outage the server starts nothing and ends what it began.

    Outages come by the clock, after exponential times, and are lognormal. The law at the start of an outage
    is a fixed point: through the outage, averaged over its length by Gauss-Hermite sums, then through an
    exponential time up. States: k wait and nobody is served; k wait and somebody is.
    """
    wait = np.arange(states)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = math.sqrt(math.log(1.0 + cv**2))
    lengths = mean * np.exp(spread * nodes - spread**2 / 2.0)
    weights = weights / weights.sum()
    # In an outage the queue only grows, and the item under way ends or not.
    joined = weights[:, None] * poisson.pmf(wait, rate * lengths[:, None])
    still = np.exp(-lengths / time)
    grows, last = np.arange(states) - wait[:, None], states - 1
    grown = [np.where(grows >= 0, law[np.maximum(grows, 0)], 0.0) for law in (joined.sum(0), still @ joined)]
    for law in grown:
        law[:, last] += (1.0 if law is grown[0] else still @ weights) - law.sum(axis=1)
    ends = np.zeros((2 * states, 2 * states))
    ends[:states, :states] = grown[0]
    ends[states:, states:], ends[states:, :states] = grown[1], grown[0] - grown[1]
    taken_up = np.eye(2 * states)
    taken_up[wait[1:]] = 0.0
    taken_up[wait[1:], states + wait[:-1]] = 1.0
    after = ends @ taken_up

    moves = np.zeros((2 * states, 2 * states))
    moves[0, states] = moves[states + wait[:-1], states + wait[1:]] = rate
    moves[states, 0] = moves[states + wait[1:], states + wait[:-1]] = 1.0 / time
    np.fill_diagonal(moves, -moves.sum(axis=1))
    resolvent = np.linalg.inv(np.eye(2 * states) / up - moves)
    cycle = after @ resolvent / up
    law = np.zeros(2 * states)
    law[0] = 1.0
    for _ in range(12):
        cycle = cycle @ cycle
    law = law @ cycle
    waiting = np.concatenate([wait, wait])
    queue = law @ waiting * mean + rate * mean**2 * (1.0 + cv**2) / 2.0 + law @ after @ resolvent @ waiting
    return queue / (up + mean) / rate
