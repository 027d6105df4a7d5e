"""What queueing theory says of queues that begin empty and are watched for a stated time.

Times are in hours and rates per hour. For a start from empty either an exact identity (M/G/1, GI/G/1) or the
Kolmogorov equations solved numerically, so that no warm-up has to be guessed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.linalg import expm
from scipy.special import gammaincc
from scipy.stats import poisson

from simgap.model.types import Floats


def lognormal_moments(mean: float, cv: float) -> tuple[float, float, float]:
    """First three moments of a lognormal: mean^n (1 + cv^2)^(n (n - 1) / 2)."""
    spread = 1.0 + cv**2
    return mean, mean**2 * spread, mean**3 * spread**3


def pollaczek_khinchine(rate: float, moments: Sequence[float]) -> tuple[float, float]:
    """First two moments of the wait in M/G/1 from three of the service: Takacs 1962; Kleinrock 1975, 5.7."""
    idle = 1.0 - rate * moments[0]
    mean = rate * moments[1] / (2.0 * idle)
    return mean, 2.0 * mean**2 + rate * moments[2] / (3.0 * idle)


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


def mg1_from_empty(rate: float, moments: Sequence[float], span: float) -> Expected:
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


@functools.cache
def markov_from_empty(
    rate: float, time: float, servers: int, span: float, patience: float = math.inf, states: int = 150
) -> Expected:
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


def spitzer(excess: Floats) -> Floats:
    """Mean wait of the 1st, 2nd, ... item of GI/G/1 from empty: Spitzer 1956; Asmussen 2003, VIII.4.

    The n-th item waits for the largest of 0, S_1, ..., S_(n-1), S_k the sum of k services less k gaps, which
    has the mean sum over k < n of E[max(0, S_k)] / k. `excess` holds those of k = 1, 2, ...
    """
    return np.concatenate([[0.0], np.cumsum(excess / np.arange(1, len(excess) + 1))])


def excess_of_equal_gaps(rate: float, time: float, steps: int) -> Floats:
    """E[max(0, S_k)] of D/M/1: the services are gamma distributed."""
    k = np.arange(1, steps + 1)
    gaps = k / rate
    excess = k * time * gammaincc(k + 1, gaps / time) - gaps * gammaincc(k, gaps / time)
    return np.asarray(excess, np.float64)


def uniformised(generator: Any, span: float) -> tuple[Floats, Floats]:
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


def priorities_from_empty(
    rates: Sequence[float], time: float, span: float, room: tuple[int, int] = (36, 150)
) -> tuple[float, float]:
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
    return float(urgent), float(others)


@dataclass(frozen=True)
class Outages:
    """Expectations of an alternating renewal process that begins up, over [0, span].

    down: time down. residual: integral of the time until it is up again, 0 while it is up.
    """

    down: float
    residual: float


def outages_from_up(up: float, moments: Sequence[float], span: float) -> Outages:
    """Exponential up-times with mean `up`; three moments of the down-times: Cox 1962, chapter 7.

    The Laplace transform of P(up at t) is 1 / (s + (1 - f(s)) / up), f that of a down-time; that of the
    residual time follows. Their expansions at 0 give the integrals up to what vanishes as span grows.
    """
    d1, d2, d3 = moments
    share = up / (up + d1)
    up_time = share * span + share**2 * d2 / (2.0 * up)
    return Outages(down=span - up_time, residual=(up_time * d2 / 2.0 - share * d3 / 6.0) / up)
