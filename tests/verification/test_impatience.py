"""Items that leave a queue in which they have waited too long.

Means over replications with Student's intervals at 99.9 %, after control on arrivals and work. On a fresh
seed each of the 9 intervals here would alarm falsely once in 1,000, and all together in at most 0.9 % of
seeds. Arrivals and times that are 5 % off would be found, and waits as of a rate that is 10 % off.
"""

import math

import numpy as np
import pytest
import queue_theory as theory
from replications import agrees, inputs_are_as_stated, runs, stated

from simgap.analysis import queueing

RATE, TIME, SERVERS, LIMIT = 3.3, 1.0, 3, 2.0
SHORT = ("pilots.token.lasts=366 h",)  # also the file that is run for longer elsewhere
# name: hours of arrivals, hours at the start that are left out, replications
FILES = {"mm3_impatient": (364.0, 0.0, 14), "mm3_deadline": (364.0, 44.0, 18)}


class Window:
    """Waits of those who come in a part of each replication, and controls on what they bring."""

    def __init__(self, name):
        span, begin, replications = FILES[name]
        many = runs(name, replications, SHORT)
        self.scale = RATE * (span - begin)
        rows = [run.at["review"][run.arrived >= begin] for run in many]
        self.served = [~np.isnan(at[:, 1]) for at in rows]
        self.waits = [
            np.where(s, at[:, 1], at[:, 2]) - at[:, 0] for at, s in zip(rows, self.served, strict=True)
        ]
        offered = [(at[s, 2] - at[s, 1]).mean() / TIME - 1.0 for at, s in zip(rows, self.served, strict=True)]
        self.controls = [[len(at) / self.scale - 1.0 for at in rows], offered]

    def share_served(self):
        return [served.sum() / self.scale for served in self.served]

    def wait_of_served(self):
        return [w[s].sum() / self.scale for w, s in zip(self.waits, self.served, strict=True)]

    def wait_of_all(self):
        return [w.sum() / self.scale for w in self.waits]


def test_theory_agrees_with_itself():
    # By the law of what an arrival finds, and by the time that all spend waiting.
    span = FILES["mm3_impatient"][0]
    served, wait = theory.patient_from_empty(RATE, TIME, SERVERS, span, LIMIT)
    chain = queueing.markov_from_empty(RATE, TIME, SERVERS, span, LIMIT)
    assert 1.0 - served == pytest.approx(chain.lost, rel=1e-6)
    assert served * wait < chain.wait
    # Nobody leaves where patience has no end.
    assert theory.patient_from_empty(2.1, TIME, SERVERS, span, 1e9) == pytest.approx(
        (1.0, queueing.markov_from_empty(2.1, TIME, SERVERS, span).wait), rel=1e-6
    )
    assert theory.deadline_in_the_long_run(2.1, TIME, SERVERS, 100.0) == pytest.approx(
        (0.0, theory.mmc_wait(2.1, TIME, SERVERS), theory.mmc_wait(2.1, TIME, SERVERS)), rel=1e-6
    )
    # Who may not wait at all meets Erlang's loss formula.
    below = [RATE**n / math.factorial(n) for n in range(SERVERS + 1)]
    lost, *_ = theory.deadline_in_the_long_run(RATE, TIME, SERVERS, 0.0)
    assert lost == pytest.approx(below[-1] / sum(below), rel=1e-12)


@pytest.mark.parametrize("name", FILES)
def test_inputs(name):
    span, _, replications = FILES[name]
    inputs_are_as_stated(runs(name, replications, SHORT), RATE, span, [("review", TIME)])


def test_exponential_patience_from_empty():
    seen = Window("mm3_impatient")
    span = FILES["mm3_impatient"][0]
    served, wait = theory.patient_from_empty(RATE, TIME, SERVERS, span, LIMIT)
    more, longer = theory.patient_from_empty(1.1 * RATE, TIME, SERVERS, span, LIMIT)
    agrees(seen.share_served(), served, more, *seen.controls)
    agrees(seen.wait_of_served(), served * wait, more * longer, *seen.controls)


def test_a_common_deadline_in_the_long_run():
    seen = Window("mm3_deadline")
    lost, wait, all_wait = theory.deadline_in_the_long_run(RATE, TIME, SERVERS, LIMIT)
    assert stated("mm3_deadline", "mean wait in the long run") == [pytest.approx(all_wait, rel=1e-5)]
    more, longer, all_longer = theory.deadline_in_the_long_run(1.1 * RATE, TIME, SERVERS, LIMIT)
    agrees(seen.share_served(), 1.0 - lost, 1.0 - more, *seen.controls)
    agrees(seen.wait_of_served(), (1.0 - lost) * wait, (1.0 - more) * longer, *seen.controls)
    agrees(seen.wait_of_all(), all_wait, all_longer, *seen.controls)
    for waits, served in zip(seen.waits, seen.served, strict=True):
        np.testing.assert_allclose(waits[~served], LIMIT, atol=1e-8)
        assert (waits[served] <= LIMIT + 1e-8).all()
