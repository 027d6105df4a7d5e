"""Queues that are not in their long run, against theory that is exact at each item or instant.

Means over replications with Student's intervals at 99.9 %, after control on what they bring; of counts and
sums, the normal law of a known variance. On a fresh seed each of the 37 intervals here would alarm falsely
once in 1,000, and all together in at most 3.7 % of seeds. Arrivals and times that are 5 % off would be found,
and waits and numbers as of a rate that is 10 % off.
"""

import datetime
import math

import numpy as np
import pytest
import queue_theory as theory
from replications import LEVEL, NORMAL, agrees, inputs_are_as_stated, is_near, runs, stated
from scipy.stats import chi2

from simgap.analysis import queueing

RATE, TIME = 2.0, 0.4
ITEMS = 1400  # of 1,458 that come in 729 h


def waits(run, items):
    return run.at["review"][:items, 1] - run.at["review"][:items, 0]


def times(run, items):
    return run.at["review"][:items, 2] - run.at["review"][:items, 1]


def test_two_routes_to_the_wait_of_the_nth():
    # The maximum of a random walk, and the chain of what arrivals find.
    found = np.arange(200)
    for excess, served in (
        (theory.excess_of_exponentials, theory.served_in_exponential_gaps),
        (queueing.excess_of_equal_gaps, theory.served_in_equal_gaps),
    ):
        walk = queueing.spitzer(excess(RATE, TIME, 299))
        chain = theory.found_by_arrivals(served(RATE, TIME), 300)
        np.testing.assert_allclose(walk, chain @ found * TIME, rtol=1e-9)
    # In the long run they meet the formulas of textbooks.
    after = {
        theory.excess_of_exponentials: theory.mmc_wait(RATE, TIME, 1),
        queueing.excess_of_equal_gaps: theory.dm1_wait(RATE, TIME),
        theory.excess_of_equal_services: queueing.pollaczek_khinchine(RATE, (TIME, TIME**2, TIME**3))[0],
    }
    for excess, wait in after.items():
        assert queueing.spitzer(excess(RATE, TIME, 3000))[-1] == pytest.approx(wait, rel=1e-9)


# --- D/M/1


def test_equal_gaps():
    value = theory.dm1_wait(RATE, TIME)
    assert stated("dm1", "mean wait in the long run") == [pytest.approx(value, rel=1e-5)]
    for run in runs("dm1", 8):
        np.testing.assert_allclose(run.arrived, (1.0 + np.arange(len(run.arrived))) / RATE, atol=1e-8)
        assert len(run.arrived) - 1458 in (-1, 0)  # the last is due as the window ends


def test_mean_wait_after_equal_gaps():
    many = runs("dm1", 8)
    work = [times(run, ITEMS).mean() / TIME - 1.0 for run in many]
    value, wrong = (
        queueing.spitzer(queueing.excess_of_equal_gaps(rate, TIME, ITEMS - 1)).mean() for rate in (2.0, 2.2)
    )
    agrees([waits(run, ITEMS).mean() for run in many], value, wrong, work)
    is_near(sum(work) + len(work), len(work), len(work) / ITEMS)  # each a mean of exponentials


def test_share_that_does_not_wait_after_equal_gaps():
    many = runs("dm1", 8)
    work = [times(run, ITEMS).mean() / TIME - 1.0 for run in many]
    value, wrong = (
        theory.found_by_arrivals(theory.served_in_equal_gaps(rate, TIME), ITEMS)[:, 0].mean()
        for rate in (2.0, 2.2)
    )
    assert 1.0 - value == pytest.approx(theory.dm1_root(RATE, TIME), rel=0.01)
    agrees([(waits(run, ITEMS) == 0.0).mean() for run in many], value, wrong, work)


# --- the first hundred of M/M/1


def test_mean_wait_of_the_first_hundred():
    many = runs("first_hundred", 64)
    value, wrong = (
        queueing.spitzer(theory.excess_of_exponentials(rate, TIME, 99)).mean() for rate in (2.0, 2.2)
    )
    assert stated("first_hundred", "mean wait of the first 100") == [pytest.approx(value, rel=1e-5)]
    gaps = [run.arrived[99] * RATE / 100.0 - 1.0 for run in many]
    work = [times(run, 100).mean() / TIME - 1.0 for run in many]
    agrees([waits(run, 100).mean() for run in many], value, wrong, gaps, work)


def test_what_comes_in_the_first_hours():
    inputs_are_as_stated(runs("first_hundred", 64), RATE, 85.0, [("review", TIME)])


# --- infinitely many servers under a rate that changes

ONE_HOUR = datetime.timedelta(hours=1)
GO_LIVE = datetime.datetime(2026, 1, 1, 1)


def weekly_rate(when):
    """120 a day in the mean, over 50 hours of full weight and 4 of half a week."""
    weight = 0.0
    if when.weekday() < 5 and 8 <= when.hour < 18:
        weight = 1.0
    elif when.weekday() == 5 and 9 <= when.hour < 13:
        weight = 0.5
    return 120.0 * 7.0 / 52.0 * weight


def winter_rate(when):
    """20 a day in the mean of a common year, in which 334 days have a third of the rate of March's 31."""
    month = 20.0 / 24.0 * (3.0 if when.month == 3 else 1.0) * 365.0 / (334.0 + 3.0 * 31.0)
    days = {1: 31, 2: 28, 3: 31, 4: 30}[when.month]
    ordinary = days / (days - 3 + 5.0 * 3)  # a month keeps its volume
    holiday = 0.2 if (when.month, when.day) in ((1, 20), (2, 17)) else 1.0
    return month * ordinary * (5.0 if when.day > days - 3 else 1.0) * holiday


def at(month, day, hour=0):
    return (datetime.datetime(2026, month, day, hour) - GO_LIVE) / ONE_HOUR


INFINITE = {
    # rate, mean time, hours, replications, instants far apart: evenings, noons, a morning, a Saturday
    "weekly_profile": (
        weekly_rate,
        4.0,
        729,
        5,
        [at(1, 7, 18), at(1, 9, 10), at(1, 10, 13)]
        + [at(1, day, 10 + day % 9) for day in (13, 14, 15, 16, 20, 21, 22, 23, 27, 28, 29, 30)],
    ),
    # the first days, ends of holidays and of months, and what lies between
    "seasons": (
        winter_rate,
        48.0,
        2189,
        5,
        [at(1, 3), at(1, 21), at(2, 1), at(2, 11), at(2, 18), at(3, 1), at(3, 15), at(4, 1)],
    ),
}
every_infinite = pytest.mark.parametrize("name", INFINITE)


def means(name):
    rate, time, hours, _, instants = INFINITE[name]
    begins = np.arange(hours, dtype=float)
    rates = np.array([rate(GO_LIVE + n * ONE_HOUR) for n in range(hours)])
    return rates.sum(), np.array(
        [theory.infinite_server_mean(begins, begins + 1.0, rates, time, when) for when in instants]
    )


def numbers(name):
    """How many are there, one row a replication and one column an instant."""
    *_, replications, instants = INFINITE[name]
    return np.array(
        [
            [((run.at["AI"][:, 0] <= when) & (run.at["AI"][:, 2] > when)).sum() for when in instants]
            for run in runs(name, replications)
        ]
    )


def test_heads_of_the_files_state_a_mean():
    assert stated("weekly_profile", "mean on Wednesday 7 January at 18:00")[0] == pytest.approx(
        means("weekly_profile")[1][0], rel=1e-5
    )
    assert stated("seasons", "mean on 1 April at 0:00")[0] == pytest.approx(means("seasons")[1][-1], rel=1e-5)


def test_a_constant_rate_has_a_known_mean():
    begins = np.arange(100.0)
    mean = theory.infinite_server_mean(begins, begins + 1.0, np.full(100, 3.0), 4.0, 20.5)
    assert mean == pytest.approx(12.0 * (1.0 - math.exp(-20.5 / 4.0)), rel=1e-12)


@every_infinite
def test_arrivals_follow_the_rate(name):
    _, time, _, replications, _ = INFINITE[name]
    expected = means(name)[0]
    inputs_are_as_stated(runs(name, replications), expected, 1.0, [("AI", time)])


@every_infinite
def test_mean_number_at_instants(name):
    *_, replications, _ = INFINITE[name]
    total, mean = numbers(name).sum(axis=0), replications * means(name)[1]
    assert (np.abs(total - mean) <= NORMAL * np.sqrt(mean)).all(), (total / mean, NORMAL / np.sqrt(mean))
    is_near(total.sum(), mean.sum(), mean.sum(), wrong=1.1)


@every_infinite
def test_numbers_at_instants_are_poisson(name):
    # Index of dispersion about the known means: nearly chi-squared, its variance larger by 1 / mean a look.
    mean = means(name)[1]
    looks = numbers(name)
    spread = ((looks - mean) ** 2 / mean).sum()
    low, high = chi2.ppf([(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], looks.size)
    wider = math.sqrt(1.0 + 0.5 * (1.0 / mean).mean())
    assert looks.size - (looks.size - low) * wider <= spread <= looks.size + (high - looks.size) * wider
