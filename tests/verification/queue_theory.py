"""What queueing theory says of queues that begin empty and are watched for a stated time.

Times are in hours and rates per hour. Two independent routes: textbook formulas for the long run, and for a
start from empty either an exact identity (M/G/1) or the Kolmogorov equations solved numerically (M/M/c+M).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm


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
