"""The connector, the AI stage and the specialists as queues, one behind the other, and outages.

Means over replications with Student's intervals at 99.9 %, after control on arrivals and work; of counts and
sums, the normal law of a known variance. On a fresh seed each of the 38 intervals here would alarm falsely
once in 1,000, and all together in at most 3.8 % of seeds. Arrivals and times that are 5 % off would be found,
and waits as of a rate that is 10 % off.
"""

import itertools
import math

import numpy as np
import pytest
import queue_theory as theory
from replications import NORMAL, agrees, inputs_are_as_stated, is_near, runs, stated

from simgap.analysis import queueing
from simgap.engines.physics import Count

SPAN = 729.0


def waits(run, station):
    return run.at[station][:, 1] - run.at[station][:, 0]


def in_order(run, station):
    """Whether a station serves first come, first served; means do not tell."""
    return (np.diff(run.at[station][np.argsort(run.at[station][:, 0]), 1]) >= 0.0).all()


def arrivals(many, rate, span):
    return [len(run.arrived) / (rate * span) - 1.0 for run in many]


# --- the connector: M/D/1


def test_connector():
    many = runs("connector", 8)
    inputs_are_as_stated(many, 2.0, SPAN)
    value, wrong = (queueing.mg1_from_empty(rate, (0.4, 0.4**2, 0.4**3), SPAN) for rate in (2.0, 2.2))
    assert stated("connector", "mean wait in the long run") == [pytest.approx(value.steady_wait, rel=1e-5)]
    scale = 2.0 * SPAN
    control = arrivals(many, 2.0, SPAN)
    agrees([waits(run, "connector").sum() / scale for run in many], value.wait, wrong.wait, control)
    free = [(waits(run, "connector") == 0.0).sum() / scale for run in many]
    agrees(free, value.no_wait, wrong.no_wait, control)
    for run in many:
        assert in_order(run, "connector")
        np.testing.assert_allclose(run.at["connector"][:, 2] - run.at["connector"][:, 1], 0.4, atol=1e-9)
        counted = run.physics.total(Count.AI_WAIT) / 3.6e6
        assert 0.0 <= waits(run, "connector").sum() - counted <= len(run.arrived) / 3.6e6


# --- the AI stage: M/M/3


def test_ai_stage():
    span = 364.0
    many = runs("ai_mm3", 22)
    inputs_are_as_stated(many, 2.1, span, [("AI", 1.0)])
    value, wrong = (queueing.markov_from_empty(rate, 1.0, 3, span) for rate in (2.1, 2.31))
    assert stated("ai_mm3", "mean wait in the long run") == [pytest.approx(value.steady_wait, rel=1e-5)]
    scale = 2.1 * span
    work = [(run.at["AI"][:, 2] - run.at["AI"][:, 1]).sum() / scale - 1.0 for run in many]
    controls = arrivals(many, 2.1, span), work
    agrees([waits(run, "AI").sum() / scale for run in many], value.wait, wrong.wait, *controls)
    agrees([(waits(run, "AI") == 0.0).sum() / scale for run in many], value.no_wait, wrong.no_wait, *controls)
    assert all(in_order(run, "AI") for run in many)


# --- AI, reviewers and specialist in tandem

# station: rate, mean time, servers
TANDEM = {"AI": (2.0, 0.25, 1), "review": (2.0, 0.6, 2), "specialist": (1.0, 0.6, 1)}
WARM = 109.0  # hours; the correlation time of the slowest station is 12 h
FROM_THEN = SPAN - WARM


def tandem():
    return runs("tandem", 20)


def in_window(run, station):
    at = run.at[station]
    return at[(at[:, 0] >= WARM) & (at[:, 0] < SPAN)]


def tandem_controls(*stations):
    """Arrivals, and the work that the items bring to stations."""
    found = [[((run.arrived >= WARM).sum()) / (2.0 * FROM_THEN) - 1.0 for run in tandem()]]
    for station in stations:
        rate, time, _ = TANDEM[station]
        rows = [in_window(run, station) for run in tandem()]
        found.append([(at[:, 2] - at[:, 1]).sum() / (rate * time * FROM_THEN) - 1.0 for at in rows])
    return found


def numbers(run, station, instants):
    """How many are at a station, waiting or served."""
    joined, left = np.sort(run.at[station][:, 0]), np.sort(run.at[station][:, 2])
    return np.searchsorted(joined, instants, "right") - np.searchsorted(left, instants, "right")


def test_tandem_inputs():
    inputs_are_as_stated(tandem(), 2.0, SPAN, [(station, time) for station, (_, time, _) in TANDEM.items()])
    reviewed = sum(len(run.arrived) for run in tandem())
    escalated = sum((~np.isnan(run.at["specialist"][:, 0])).sum() for run in tandem())
    is_near(escalated, 0.5 * reviewed, 0.25 * reviewed)


@pytest.mark.parametrize("station", TANDEM)
def test_mean_wait_at_a_station(station):
    # Jackson 1957, Operations Research 5:518-521; what leaves a station is Poisson (Burke 1956).
    rate, time, servers = TANDEM[station]
    value, wrong = (theory.mmc_wait(r, time, servers) for r in (rate, 1.1 * rate))
    place = list(TANDEM).index(station)
    assert stated("tandem", "mean wait in the long run")[place] == pytest.approx(value, rel=1e-5)
    rows = [in_window(run, station) for run in tandem()]
    y = [(at[:, 1] - at[:, 0]).sum() / (rate * FROM_THEN) for at in rows]
    agrees(y, value, wrong, *tandem_controls(station))


def idle_shares(factor=1.0):
    """P(nobody there) at each station, with all rates times a factor: 1 - rho, and of M/M/2 over 1 + rho."""
    ai, review, specialist = (factor * rate * time / servers for rate, time, servers in TANDEM.values())
    return np.array([1.0 - ai, (1.0 - review) / (1.0 + review), 1.0 - specialist])


def test_share_of_time_in_which_stations_are_empty():
    # Product form: all three at once, and each pair, in the product of their shares.
    looks = np.arange(WARM, SPAN, 0.05)
    empty = [np.array([numbers(run, s, looks) == 0 for s in TANDEM]) for run in tandem()]
    for chosen in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
        value, wrong = (math.prod(idle_shares(factor)[list(chosen)]) for factor in (1.0, 1.1))
        controls = tandem_controls(*(list(TANDEM)[place] for place in chosen[:2]))
        agrees([e[list(chosen)].all(axis=0).mean() for e in empty], value, wrong, *controls)


def test_numbers_at_an_instant_are_uncorrelated():
    # Looks 62 h apart, five correlation times. Ranks' z is normal whatever the laws of the numbers.
    looks = np.arange(WARM, SPAN, 62.0)
    found = np.array([[numbers(run, s, looks) for s in TANDEM] for run in tandem()])
    found = found.transpose(1, 0, 2).reshape(3, -1)
    for one, other in itertools.combinations(found, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) * math.sqrt(found.shape[1]) <= NORMAL


# --- outages

UP, DOWN, CV, LOST, LONG = 1.0, 0.25, 0.5, 0.4, 2189.0
MOMENTS = queueing.lognormal_moments(DOWN, CV)


def outages():
    return runs("outages", 10)


def in_outage(run):
    """Whether each item came in an outage, and how long that one then lasted."""
    before = np.searchsorted(run.outages[:, 0], run.arrived, "right") - 1
    back = np.where(before >= 0, run.outages[before, 1], 0.0)
    return run.arrived < back, np.maximum(back - run.arrived, 0.0)


def test_outage_theory():
    # Exponential down-times make a chain of two states, known in closed form.
    rates = 1.0 / UP + 1.0 / DOWN
    down = DOWN / (UP + DOWN)
    expected = queueing.outages_from_up(UP, (DOWN, 2.0 * DOWN**2, 6.0 * DOWN**3), 50.0)
    assert expected.down == pytest.approx(down * (50.0 - 1.0 / rates), rel=1e-12)
    assert expected.residual == pytest.approx(DOWN * expected.down, rel=1e-12)


def test_lengths_of_outages_and_of_what_is_between():
    starts = [np.concatenate([[0.0], run.outages[:-1, 1]]) for run in outages()]
    up = np.concatenate([run.outages[:, 0] - s for run, s in zip(outages(), starts, strict=True)])
    down = np.concatenate([run.outages[:, 1] - run.outages[:, 0] for run in outages()])
    is_near(up.sum(), len(up) * UP, len(up) * UP**2)
    spread = math.log(1.0 + CV**2)
    logs = np.log(down)
    # The mean of a lognormal by its logarithms, whose law is normal; and their variance, a chi-squared.
    is_near(math.exp(logs.mean() + spread / 2.0), DOWN, DOWN**2 * spread / len(logs))
    is_near(logs.var(), spread, 2.0 * spread**2 / len(logs))
    assert abs(np.corrcoef(up[1:], down[:-1])[0, 1]) * math.sqrt(len(up)) <= NORMAL


def until_the_end(run):
    """Starts and ends of outages, cut where the window ends."""
    return np.minimum(run.outages, LONG)


def to_go(run):
    """Integral over the window of the time until an outage is over."""
    starts, ends = run.outages.T
    return ((ends - starts) ** 2 - np.maximum(ends - LONG, 0.0) ** 2).sum() / 2.0


def test_availability():
    value, wrong = (queueing.outages_from_up(up, MOMENTS, LONG) for up in (UP, UP / 1.1))
    assert value.down / LONG == pytest.approx(DOWN / (UP + DOWN), rel=1e-3)
    agrees([np.diff(until_the_end(run)).sum() for run in outages()], value.down, wrong.down)
    # Inspection: a long outage is hit more often.
    agrees([to_go(run) for run in outages()], value.residual, wrong.residual)
    assert stated("outages", "over, of all items") == [pytest.approx(value.residual / LONG, rel=2e-3)]


def test_items_in_an_outage():
    # Given the outages Poisson arrivals see time averages.
    many = outages()
    inputs_are_as_stated(many, 1.0, LONG)
    hit, left = zip(*(in_outage(run) for run in many), strict=True)
    down = sum(np.diff(until_the_end(run)).sum() for run in many)
    is_near(sum(h.sum() for h in hit), down, down, wrong=1.1)
    cubes = sum((np.diff(run.outages) ** 3).sum() for run in many)
    is_near(sum(x.sum() for x in left), sum(to_go(run) for run in many), cubes / 3.0, wrong=1.1)
    came = sum(h.sum() for h in hit)
    lost = sum(run.lost.sum() for run in many)
    is_near(lost, LOST * came, LOST * (1.0 - LOST) * came, wrong=1.1)


def test_who_waits_and_who_is_lost():
    # Nobody is lost who comes while it is up; all others go on, one way or the other, when it is up again.
    for run in outages():
        hit, left = in_outage(run)
        assert not (run.lost & ~hit).any()
        assert run.physics.total(Count.LOST) == run.lost.sum()
        waited = np.where(run.lost, run.at["AI"][:, 2], run.at["AI"][:, 1]) - run.arrived
        np.testing.assert_allclose(waited, left, atol=1e-8)
        legacy = run.physics.total(Count.LEGACY_DELAY) / 3.6e6
        assert 0.0 <= left[run.lost].sum() - legacy <= len(left) / 3.6e6


def test_one_server_with_outages():
    many = runs("mm1_outages", 16)
    inputs_are_as_stated(many, 2.0, SPAN, [("AI", 0.25)])
    value, wrong = (theory.mm1_with_outages(rate, 0.25, 10.0, 1.0, CV, 120) for rate in (2.0, 2.2))
    assert stated("mm1_outages", "mean wait in the long run") == [pytest.approx(value, rel=1e-4)]
    begin = 80.0
    rows = [run.at["AI"][run.arrived >= begin] for run in many]
    scale = 2.0 * (SPAN - begin)
    work = [(at[:, 2] - at[:, 1]).sum() / (0.25 * scale) - 1.0 for at in rows]
    # The outages too bring what is known: the integral of the time to go.
    expected = queueing.outages_from_up(10.0, queueing.lognormal_moments(1.0, CV), SPAN).residual
    area = [(np.diff(run.outages) ** 2).sum() / 2.0 / expected - 1.0 for run in many]
    controls = [[len(at) / scale - 1.0 for at in rows], work, area]
    agrees([(at[:, 1] - at[:, 0]).sum() / scale for at in rows], value, wrong, *controls)
