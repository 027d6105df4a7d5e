"""The engine against queueing theory, through the scenario files in this folder.

Every file is a textbook queue that begins empty and takes arrivals for 729 hours. What is expected is known
exactly for that start, so no warm-up has to be guessed and discarded; the long-run value in the head of the
file is then tested with the bias of the empty start, which theory gives, added to the interval.

Statistics are means over independent replications (luck = k) with Student intervals at 99.9 %, after linear
control on two counts of known mean, arrivals and the hours of work that they bring (Lavenberg & Welch 1981,
Management Science 27:322-335). A wrong mean of these would be hidden by the control, so they are tested by
themselves. The seed is fixed, so a test passes always or never; on a fresh seed each interval would alarm
falsely once in 1,000, and all 50 together in at most 5 % of seeds.
"""

import functools
import math
import re

import numpy as np
import pytest
import queue_theory as theory
from replications import file_of
from scipy.stats import t as student

import simgap
from simgap.analysis import queueing
from simgap.engines.physics import ENDS, Count
from simgap.engines.reference import simulate
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.phases import prepare
from simgap.scenario.load import shipped_paths
from simgap.scenario.values import Variant

LEVEL = 0.999
SPAN = 729.0
HOUR = 3.6e9  # microseconds

# name: arrivals an hour, hours of a review, servers, law (exponential, or moments), patience, replications
QUEUES = {
    "mm1_half": (2.0, 0.25, 1, None, math.inf, 12),
    "mm1_busy": (2.0, 0.4, 1, None, math.inf, 24),
    "mm3": (2.1, 1.0, 3, None, math.inf, 20),
    "mm12": (4.8, 2.0, 12, None, math.inf, 20),
    "md1": (2.0, 0.45, 1, (0.45, 0.45**2, 0.45**3), math.inf, 16),
    "mg1_steady": (2.0, 0.4, 1, queueing.lognormal_moments(0.4, 0.5), math.inf, 16),
    "mg1_uneven": (2.0, 0.35, 1, queueing.lognormal_moments(0.35, 2.0), math.inf, 20),
    "mm3_impatient": (3.3, 1.0, 3, None, 2.0, 14),
}
every_queue = pytest.mark.parametrize("name", QUEUES)


@functools.cache
def runs(name):
    """Physics of all replications of a file."""
    case = simgap.load(str(file_of(name)))
    packed = prepare(case.resolved, {}, Variant()).production
    return [simulate(packed, 2026, 0, luck) for luck in range(QUEUES[name][-1])]


@functools.cache
def expected(name):
    rate, time, servers, moments, patience, _ = QUEUES[name]
    if moments:
        return queueing.mg1_from_empty(rate, moments, SPAN)
    return queueing.markov_from_empty(rate, time, servers, SPAN, patience)


def interval(name, statistic):
    """Return the controlled mean over replications of a statistic, and the half-width of its interval."""
    rate, time, *_ = QUEUES[name]
    y = np.array([statistic(p) for p in runs(name)], np.float64)
    arrivals = np.array([p.total(Count.QUEUED) for p in runs(name)]) / (rate * SPAN) - 1.0
    work = np.array([p.total(Count.OFFERED) for p in runs(name)]) / (rate * SPAN * time * HOUR) - 1.0
    design = np.column_stack([np.ones(len(y)), arrivals, work])
    if QUEUES[name][3] and np.ptp(work - arrivals) < 1e-9:
        design = design[:, :2]  # reviews of equal length bring no second control
    fit = np.linalg.lstsq(design, y, rcond=None)[0]
    free = len(y) - design.shape[1]
    variance = ((y - design @ fit) ** 2).sum() / free * np.linalg.inv(design.T @ design)[0, 0]
    return fit[0], student.ppf(0.5 + LEVEL / 2.0, free) * math.sqrt(variance)


def agrees(name, statistic, value, bias=0.0, precise=0.25):
    """Test that a statistic's interval holds the value, and that it is narrow enough to mean something."""
    mean, half = interval(name, statistic)
    assert half <= precise * abs(value), "too few replications to tell"
    assert abs(mean - value) <= half + bias, f"{mean} against {value}, half-width {half}"


def test_theory_agrees_with_itself():
    # M/M/1 by the Kolmogorov equations and by the identity for M/G/1; the long run of M/M/c and Erlang C.
    chain = queueing.markov_from_empty(2.0, 0.4, 1, SPAN)
    identity = queueing.mg1_from_empty(2.0, (0.4, 2 * 0.4**2, 6 * 0.4**3), SPAN)
    for field in ("wait", "no_wait", "busy", "waiting", "steady_wait"):
        assert getattr(chain, field) == pytest.approx(getattr(identity, field), rel=1e-8)
    # P(wait > 0) from a published table: one server at 0.7, two at an offered load of 1, ten at 8.
    assert theory.erlang_c(1, 0.7) == pytest.approx(0.7, rel=1e-12)
    assert theory.erlang_c(2, 1.0) == pytest.approx(1.0 / 3.0, rel=1e-12)
    assert theory.erlang_c(10, 8.0) == pytest.approx(0.4092, abs=5e-5)
    for name in ("mm1_half", "mm1_busy", "mm3", "mm12"):
        rate, time, servers, *_ = QUEUES[name]
        assert expected(name).steady_wait == pytest.approx(theory.mmc_wait(rate, time, servers), rel=1e-6)


@every_queue
def test_head_of_the_file_states_the_long_run_wait(name):
    head = file_of(name).read_text().partition("simgap:")[0]
    stated = float(re.search(r"mean wait in the long run: ([0-9.]+) h", head)[1])
    assert stated == pytest.approx(expected(name).steady_wait, rel=1e-5)


@every_queue
def test_arrivals_are_poisson_at_the_stated_rate(name):
    rate, *_, replications = QUEUES[name]
    counts = [p.total(Count.ARRIVED) for p in runs(name)]
    mean = rate * SPAN * replications
    assert abs(sum(counts) - mean) <= 3.2905 * math.sqrt(mean)  # 99.9 % of a Poisson number this large


@every_queue
def test_arrivals_bring_the_stated_work(name):
    # The mean review, each replication one sample of the mean over its 1,500 items or more.
    _, time, *_ = QUEUES[name]
    means = np.array([p.total(Count.OFFERED) / p.total(Count.QUEUED) / HOUR for p in runs(name)])
    half = student.ppf(0.5 + LEVEL / 2.0, len(means) - 1) * np.std(means, ddof=1) / math.sqrt(len(means))
    assert half < 0.07 * time
    assert abs(means.mean() - time) <= half + 1e-9  # reviews are whole microseconds


@every_queue
def test_mean_wait_from_empty(name):
    rate = QUEUES[name][0]
    value = expected(name).wait
    agrees(name, lambda p: p.reviewers.wall_wait_total / HOUR / (rate * SPAN), value)


@every_queue
def test_mean_wait_against_the_long_run(name):
    # An empty start can only shorten waits. The shift is known (4 % of the mean at most), and is the bias
    # allowed here; the statistic is the plain mean over items, as the summary of a run reports it.
    shift = expected(name).steady_wait - expected(name).wait
    assert 0.0 < shift <= 0.04 * expected(name).steady_wait
    value = expected(name).steady_wait
    agrees(name, lambda p: p.reviewers.wall_wait_total / HOUR / p.total(Count.QUEUED), value, bias=shift)


@every_queue
def test_share_that_does_not_wait(name):
    # 1 - Erlang C in the long run, for M/M/c. The first bin holds waits under 66 ms: 1e-4 of all at most.
    rate = QUEUES[name][0]
    agrees(name, lambda p: p.reviewers.wall_waits[0] / (rate * SPAN), expected(name).no_wait)


@every_queue
def test_utilisation(name):
    # rho in the long run. Only hours worked within the window count.
    value = expected(name).busy
    agrees(name, lambda p: p.counts[0, :-1, Count.USED].sum() / (SPAN * HOUR), value, precise=0.05)
    rate, time, servers, *_ = QUEUES[name]
    if QUEUES[name][4] == math.inf:
        assert value / servers == pytest.approx(rate * time / servers, rel=0.01)
    assert all(p.reviewers.capacity.sum() == round(servers * SPAN * HOUR) for p in runs(name))


def test_little_in_the_mean():
    # L = lambda W: how many wait at the end of the month, which no wait enters, against the theory of waits.
    # One look a replication is a noisy one, so all are pooled, each in units of its own lambda W.
    looks = []
    for name, (rate, *_) in QUEUES.items():
        value = rate * expected(name).steady_wait
        assert expected(name).waiting == pytest.approx(value, rel=1e-2)
        looks += [p.reviewers.backlog[-1] / value for p in runs(name)]
    half = student.ppf(0.5 + LEVEL / 2.0, len(looks) - 1) * np.std(looks, ddof=1) / math.sqrt(len(looks))
    assert half < 0.75
    assert abs(np.mean(looks) - 1.0) <= half + 0.01


@every_queue
def test_little_exactly(name):
    # Of a queue that begins and ends empty: its area is the sum of the waits (Little 1961). Nobody's stay
    # holds anything but wait and review, to the millisecond in which stays are counted.
    for p in runs(name):
        assert p.reviewers.queue_area == p.reviewers.wall_wait_total == p.reviewers.wait_total
        ended = p.total(Count.REVIEWED)
        if not p.total(Count.DEADLINE_MISSED):
            stay = p.reviewers.wall_wait_total + p.total(Count.OFFERED)
            assert 0 <= stay - 1000 * p.total(Count.DELAY) < 1000 * ended
            assert p.total(Count.USED) == p.total(Count.OFFERED)


@every_queue
def test_items_are_conserved_and_all_reviewed(name):
    patient = QUEUES[name][4] == math.inf
    for p in runs(name):
        arrived = p.total(Count.ARRIVED)
        assert arrived > 1000
        assert arrived == p.total(Count.AI_DECISIONS) == p.total(Count.QUEUED) == p.reviewers.wall_waits.sum()
        assert arrived == p.total(Count.REVIEWED) + p.total(Count.FALLBACK)
        assert p.total(Count.STRAIGHT, Count.MANUAL, Count.DUPLICATES) == 0
        assert (p.total(Count.FALLBACK) == 0) == patient


def test_share_that_leaves_for_want_of_patience():
    name = "mm3_impatient"
    rate, *_ = QUEUES[name]
    agrees(name, lambda p: p.total(Count.DEADLINE_MISSED) / (rate * SPAN), expected(name).lost)
    # Garnett, Mandelbaum & Reiman: P(leave) = E[wait] / E[patience]; work not lost keeps the servers busy.
    assert expected(name).busy == pytest.approx(rate * (1.0 - expected(name).lost), rel=3e-3)


@pytest.mark.parametrize("name", shipped_paths())
def test_items_are_conserved_in_every_scenario_that_ships(name):
    # Through the door that users take; the engine checks both phases of every trial besides.
    result = simgap.load(name, ["clock.horizon=3 months"]).run(replications=2, workers=1)
    r = result.results
    ends = sum(r.of(f"n_{end.name.lower()}") for end in ENDS)
    assert (r.of("n_items") > 0).all()
    assert (ends == r.of("n_items")).all()
    assert (r.of("n_duplicates") == r.of("n_duplicate_done") + r.of("n_duplicate_fallback")).all()
    assert (r.of("n_ai_served") <= r.of("n_items") + r.of("n_duplicates")).all()
    assert r.waits[0].sum(axis=1).tolist() == [r.of("n_queued").sum()] * 2
    items = r.monthly[:, :, MONTHLY.index("items")]
    assert (items.sum(axis=1) == r.of("n_items")).all()


def test_mean_wait_that_a_run_reports():
    # The summary of a run pools, by the public way, what the engine counts for the same keys.
    case = simgap.load(str(file_of("mm3")))
    operations = case.run(replications=2, seed=2026, workers=1).summary["operations"]
    packed = prepare(case.resolved, {}, Variant()).production
    physics = [simulate(packed, 2026, k, k) for k in range(2)]
    waits, items = (sum(p.reviewers.wait_total for p in physics), sum(p.total(Count.QUEUED) for p in physics))
    assert operations["review_wait_hours"]["mean"] == pytest.approx(waits / items / HOUR, rel=1e-12)
    assert operations["review_wait_wall_hours"] == operations["review_wait_hours"]
    assert operations["review_share"] == 1.0
    worked = sum(p.counts[0, :-1, Count.USED].sum() for p in physics)
    assert operations["reviewer_utilisation"] == pytest.approx(worked / (2 * 3 * SPAN * HOUR), rel=1e-12)
