"""The control chart of audit verdicts: a Bernoulli CUSUM of log-likelihood ratios.

Each audit either faults a decision or does not. The chart sums the logarithms of how much likelier the
verdict is if the odds of a fault have risen, never falling below 0, and alarms when the sum reaches a
threshold. A fault adds r - b and any other verdict takes b away, where r = log(worse) and
b = log(1 + (worse - 1) rate).

References
----------
E. S. Page (1954), "Continuous inspection schemes", *Biometrika* 41, 100-115.
M. R. Reynolds & Z. G. Stoumbos (1999), "A CUSUM chart for monitoring a proportion when inspecting
continuously", *Journal of Quality Technology* 31, 87-108.
"""

from __future__ import annotations

import math

from simgap.compiling import rule, small

LEAST_WORSE = 1.001  # below it a chart takes ages to tell anything, and rounding spoils the formula
FOREVER = 1e100  # audits
# Bounds of the rate in `_run_length`, whose loop is long where faults, or their absence, are rare.
RAREST, COMMONEST = 0.001, 0.99
REACH = 2.99  # under three, and odd, so that no halving falls on a value that the sum can have
CLOSE = 1e-7  # of an excursion's probability
STEPS = 200_000
HALVINGS = 16
NEWTON = 20


@small
def _to_take(rate: float, worse: float) -> float:
    """Return b, which a verdict without fault takes from the sum."""
    return math.log1p((worse - 1.0) * rate)


@small
def chart_step(score: float, faulty: bool, rate: float, worse: float) -> float:
    """Return the chart's sum after one more audit.

    Parameters
    ----------
    score : float
        The sum before it, 0 at the start; dimensionless.
    faulty : bool
        Whether the audit faults the decision.
    rate : float
        Probability of a fault in control, between 0 and 1.
    worse : float
        How many times higher the odds of a fault are that the chart is tuned to detect; above 1.
    """
    gain = math.log(worse) if faulty else 0.0
    return max(0.0, score + (gain - _to_take(rate, worse)))


@rule
def _run_length(threshold: float, rate: float, worse: float) -> float:
    """Return the exact mean number of audits to an alarm in control, for a threshold up to 3 log(worse).

    Away from 0 the sum is k r - n b after k faults in n audits. So at any time it has at most three values
    between 0 and the threshold, r apart; their probabilities are followed until the excursion is over.
    """
    r, b = math.log(worse), _to_take(rate, worse)
    lowest = r - b
    first, second, third = 1.0, 0.0, 0.0
    alarm = audits = 0.0
    if lowest >= threshold:
        return 1.0 / rate
    for _ in range(STEPS):
        audits += first + second + third
        fourth = rate * third
        third += rate * (second - third)
        second += rate * (first - second)
        first -= rate * first
        lowest -= b
        if lowest <= 0.0:  # back at 0
            lowest += r
            first, second, third, fourth = second, third, fourth, 0.0
        alarm += fourth
        if lowest + 2.0 * r >= threshold:
            alarm += third
            third = 0.0
        if lowest + r >= threshold:
            alarm += second
            second = 0.0
        if lowest >= threshold:
            alarm += first
            first = 0.0
        if first + second + third < CLOSE * alarm:
            break
    return (1.0 / rate + audits) / alarm


@rule
def chart_threshold(rate: float, worse: float, run_length: float) -> float:
    """Return the threshold at which the chart alarms, in control, after a stated number of audits on average.

    Parameters
    ----------
    rate, worse : float
        As in `chart_step`.
    run_length : float
        Mean number of audits from a sum of 0 to one that is at least the threshold, while the probability of
        a fault is `rate`.

    Returns
    -------
    float
        Above 0. Infinite where `run_length` is, and where `worse` is under 1.001, since such a chart tells
        nothing. An alarm takes a fault: for a run length up to 1 / rate, and for nan, the first one alarms.

    Notes
    -----
    The run length jumps where the threshold passes a value that the sum can have: beyond the first few by up
    to a factor exp(b). Up to 2.99 log(worse) it is computed, and the threshold is the least whose run length
    is at least the stated one (to 4e-4; for a rate under 0.001, to 1 %). Above, the sum's cycles from 0 give,
    by Wald's identities for the sum and its exponential,

        I x run length = K^2 (J / I) exp(h) - h - K - overshoot,   K = E[d] / (1 - E[exp(-d)]),

    where -I and J are the mean steps in and out of control and d is how far the sum would fall below 0 at the
    end of a cycle; the overshoot above h follows from d by the Wiener-Hopf factors (D. Siegmund 1985,
    *Sequential Analysis*, ch. 8). d is b if the cycle's first audit finds no fault; else it is taken as even
    on 0 to b. In 15,797 charts at random (rates 0.001 to 0.5, `worse` 1.2 to 5, up to 1e6 audits) the run
    length was then within 5.3 % of the stated one where b < 0.1, which is a rate under 0.1 for twice the odds
    (root mean square 0.6 %), and always within half a jump, (exp(b) - 1) / 2, and 2 %.
    """
    if run_length >= FOREVER or not worse >= LEAST_WORSE:
        return math.inf
    r, b = math.log(worse), _to_take(rate, worse)
    if not run_length * rate > 1.0:
        return 0.5 * (r - b)
    # Rare faults follow Poisson's law: only the number expected in a run counts.
    bounded = min(max(rate, RAREST), COMMONEST)
    wanted = run_length * (rate / bounded)
    low, high = 0.0, REACH * r
    if wanted <= _run_length(high, bounded, worse):
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if _run_length(middle, bounded, worse) < wanted:
                low = middle
            else:
                high = middle
        return high
    odd = 1.0 - rate
    fall = b * (1.0 - 0.5 * rate)
    fall_squared = b * b * (1.0 - rate * (2.0 / 3.0))
    k = fall / (odd * -math.expm1(-b) + rate * (1.0 + math.expm1(-b) / b))
    drift = b - rate * r
    against = rate * worse * math.exp(-b) * r - b
    squared = rate * (r - b) * (r - b) + odd * b * b
    factor = k * k * against / drift
    target = drift * run_length + k + 1.0 - 0.5 * squared / drift + 0.5 * fall_squared / fall
    # factor exp(h) - h is convex, and from a start on the right Newton's steps stay there.
    start = max(target - 1.0, 0.0)
    h = math.log1p(start + math.sqrt(2.0 * start))
    for _ in range(NEWTON):
        grown = factor * math.exp(h)
        h -= (grown - h - target) / (grown - 1.0)
    return max(h, high)
