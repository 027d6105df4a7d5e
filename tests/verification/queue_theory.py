"""What queueing theory says of queues that begin empty and are watched for a stated time.

Times are in hours and rates per hour. Two independent routes: textbook formulas for the long run, and for a
start from empty either an exact identity (M/G/1, GI/G/1) or the Kolmogorov equations solved numerically.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.special import betainc, gammainc, gammaincc
from scipy.stats import nbinom, poisson


def erlang_c(servers, load):
    """P(wait > 0) in M/M/c at an offered load of lambda/mu: Erlang 1917; Kleinrock 1975, eq. 3.40."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) / (1.0 - load / servers)
    return last / (sum(terms) + last)


def mmc_wait(rate, time, servers):
    """Mean wait in M/M/c in the long run."""
    return erlang_c(servers, rate * time) / (servers / time - rate)


def pollaczek_khinchine(rate, moments):
    """First two moments of the wait in M/G/1 from three of the service: Takacs 1962; Kleinrock 1975, 5.7."""
    idle = 1.0 - rate * moments[0]
    mean = rate * moments[1] / (2.0 * idle)
    return mean, 2.0 * mean**2 + rate * moments[2] / (3.0 * idle)


def lognormal_moments(mean, cv):
    """First three moments of a lognormal: mean^n (1 + cv^2)^(n (n - 1) / 2)."""
    return tuple(mean**n * (1.0 + cv**2) ** (n * (n - 1) // 2) for n in (1, 2, 3))


@dataclass(frozen=True)
class Expected:
    """Expectations over arrivals in [0, span] of a queue that begins empty, each a rate or a mean.

    wait: total wait of all arrivals over the expected number of them. no_wait: likewise, the share that does
    not wait. busy: servers at work in [0, span]. waiting: items waiting at the end of it. steady_wait: mean
    wait in the long run. lost: share that leaves without service.
    """

    wait: float
    no_wait: float
    busy: float
    waiting: float
    steady_wait: float
    lost: float = 0.0


def mg1_from_empty(rate, moments, span):
    """M/G/1 from empty; V(t) is the work in the system at t, which a Poisson arrival finds (PASTA).

    Between arrivals V falls at rate 1 while positive, and an arrival adds a service S, so that
        d E[V^2]/dt = -2 (1 - rho) E[V] + lambda E[S^2]     and     d E[V]/dt = rho - P(V > 0).
    Integrated from V(0) = 0 they say, exactly,
        integral of (E[V(oo)] - E[V(t)]) over [0, T] = E[V(T)^2] / (2 (1 - rho)),
        integral of P(V = 0) over [0, T] = (1 - rho) T + E[V(T)].
    V(T) is smaller in law than V(oo), whose moments stand in for its own: the error left in the mean wait is
    one-sided, at most the correction itself, and vanishes as T grows past the relaxation time.
    """
    mean, second = pollaczek_khinchine(rate, moments)
    use = rate * moments[0]
    return Expected(
        wait=mean - second / (2.0 * (1.0 - use) * span),
        no_wait=1.0 - use + mean / span,
        busy=use - mean / span,
        waiting=rate * mean,
        steady_wait=mean,
    )


def markov_from_empty(rate, time, servers, span, patience=math.inf, states=150):
    """M/M/c+M from empty, by the exponential of the generator of the number in the system.

    The integral over [0, T] of the expected number waiting, plus what those left at T still wait once
    arrivals have stopped, is the total wait. `states` bounds the number in the system.
    """
    n = np.arange(states)
    waiting, busy = np.maximum(n - servers, 0), np.minimum(n, servers)
    leave = busy / time + waiting / patience
    generator = np.diag(np.full(states - 1, rate), 1) + np.diag(leave[1:], -1)
    generator -= np.diag(generator.sum(axis=1))
    rewards = np.column_stack([waiting, busy, n < servers])
    size = states + rewards.shape[1]
    block = np.zeros((size, size))  # Van Loan 1978: the corner of the exponential is the integral
    block[:states, :states] = generator
    block[:states, states:] = rewards
    row = expm(block * span)[0]
    at_end = row[:states]
    area, busy_time, room = row[states:]
    # Without arrivals the number falls one at a time.
    drain = np.concatenate([[0.0], np.cumsum(waiting[1:] / leave[1:])])
    total = area + at_end @ drain
    weights = np.concatenate([[0.0], np.cumsum(np.log(rate / leave[1:]))])
    law = np.exp(weights - weights.max())
    law /= law.sum()
    steady = law @ waiting / rate
    return Expected(
        wait=total / (rate * span),
        no_wait=room / span,
        busy=busy_time / span,
        waiting=at_end @ waiting,
        steady_wait=steady,
        lost=total / (rate * span) / patience,
    )


def spitzer(excess):
    """Mean wait of the 1st, 2nd, ... item of GI/G/1 from empty: Spitzer 1956; Asmussen 2003, VIII.4.

    The n-th item waits for the largest of 0, S_1, ..., S_(n-1), S_k the sum of k services less k gaps, which
    has the mean sum over k < n of E[max(0, S_k)] / k. `excess` holds those of k = 1, 2, ...
    """
    return np.concatenate([[0.0], np.cumsum(excess / np.arange(1, len(excess) + 1))])


def excess_of_exponentials(rate, time, steps):
    """E[max(0, S_k)] of M/M/1: P(Gamma(a) / mu > Gamma(b) / lambda) is an incomplete beta function."""
    k, share = np.arange(1, steps + 1), rate * time / (1.0 + rate * time)
    return k * time * betainc(k, k + 1, share) - k / rate * betainc(k + 1, k, share)


def excess_of_equal_gaps(rate, time, steps):
    """E[max(0, S_k)] of D/M/1: the services are gamma distributed."""
    k = np.arange(1, steps + 1)
    gaps = k / rate
    return k * time * gammaincc(k + 1, gaps / time) - gaps * gammaincc(k, gaps / time)


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


def uniformised(generator, span):
    """Law at `span` of a chain that begins in state 0, and the integral of the law over [0, span].

    Jensen 1953; Grassmann 1977: the jumps of a Poisson process at the largest rate out of a state.
    """
    fastest = -generator.diagonal().min()
    step = (sparse.identity(generator.shape[0]) + generator / fastest).T.tocsr()
    jumps = fastest * span
    many = np.arange(int(jumps + 9.0 * math.sqrt(jumps) + 30.0))
    now, more = poisson.pmf(many, jumps), poisson.sf(many, jumps) / fastest
    law = np.zeros(generator.shape[0])
    law[0] = 1.0
    at_end, area = np.zeros_like(law), np.zeros_like(law)
    for n in many:
        at_end += now[n] * law
        area += more[n] * law
        law = step @ law
    return at_end, area


def priorities_from_empty(rates, time, span, room=(36, 150)):
    """Mean total wait of two classes of M/M/1 without pre-emption, from empty, over arrivals in [0, span].

    States: nobody there, or somebody is served while q1 and q2 wait; services are alike, so whose it is does
    not matter. `room` bounds q1 and q2. After the last arrival the urgent are served, then the rest.
    """
    q1, q2 = (q.ravel() for q in np.indices(room))
    here = 1 + q1 * room[1] + q2
    moves = [(np.zeros(1, int), np.ones(1, int), sum(rates))]
    for q, step, rate in ((q1, room[1], rates[0]), (q2, 1, rates[1])):
        free = q + 1 < room[0 if step > 1 else 1]
        moves.append((here[free], here[free] + step, rate))
    after = np.where(q1 > 0, here - room[1], np.where(q2 > 0, here - 1, 0))
    moves.append((here, after, 1.0 / time))
    states = here.size + 1
    generator = sum(
        sparse.coo_matrix((np.full(len(a), rate), (a, b)), (states, states)).tocsr() for a, b, rate in moves
    )
    generator = generator - sparse.diags(np.asarray(generator.sum(axis=1)).ravel())
    at_end, area = uniformised(generator, span)
    urgent = area[1:] @ q1 + at_end[1:] @ (time * q1 * (q1 + 1) / 2.0)
    others = area[1:] @ q2 + at_end[1:] @ (time * (q1 * q2 + q2 * (q2 + 1) / 2.0))
    return urgent, others


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
    seen = uniformised(generator, span)[1] / span
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


@dataclass(frozen=True)
class Outages:
    """Expectations of an alternating renewal process that begins up, over [0, span].

    down: time down. residual: integral of the time until it is up again, 0 while it is up.
    """

    down: float
    residual: float


def outages_from_up(up, moments, span):
    """Exponential up-times with mean `up`; three moments of the down-times: Cox 1962, chapter 7.

    The Laplace transform of P(up at t) is 1 / (s + (1 - f(s)) / up), f that of a down-time; that of the
    residual time follows. Their expansions at 0 give the integrals up to what vanishes as span grows.
    """
    d1, d2, d3 = moments
    share = up / (up + d1)
    up_time = share * span + share**2 * d2 / (2.0 * up)
    return Outages(down=span - up_time, residual=(up_time * d2 / 2.0 - share * d3 / 6.0) / up)


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
