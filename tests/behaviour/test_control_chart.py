"""Ordinary dirt does not alarm, and a shock does: the rate in control is that of production's own audits.

Every decision of 40,000 complaints a year is audited, so 727 a week. Data are as dirty as in the file, from
the first day on.
"""

import numpy as np
import pytest
from paired import STATED, run
from scipy.stats import binom, norm

SCENE = (
    *STATED,
    "clock.horizon=24 months",
    "workflows.complaints.volume@production=40k per year",
    "governance.surfaced=0 %",
    "oversight.reviewers=60",
    "oversight.paid@production=by hour",
    "oversight.deadline=none",
    "measurement.basis@production=workflow_outcomes",
    "measurement.audit@production=100 %",
)
REPLICATIONS = 40
WEEKS = (24 * 730 - 6 * 168) / 168  # in production
ALARM = 1e-3  # a true mean would be refused on 1 seed in 1,000


# How far the estimate of what is normal moves the number of alarms: a rate from 4,000 audits has a standard
# error of 4 %, and one from the default of 100 audits, until these have doubled a few times, of up to 30 %.
@pytest.mark.parametrize(("baseline", "estimated"), [(4000, 0.15), (100, 0.35)])
def test_alarms_come_as_seldom_as_stated(baseline, estimated):
    length = 13.0
    found = run(
        *SCENE,
        f"measurement.run_length={length:.0f} weeks",
        f"measurement.baseline={baseline}",
        n=REPLICATIONS,
    )
    assert np.array_equal(found["n_alarms"], found["n_false_alarms"])
    # After an alarm there is a new model at once, and a new baseline. Renewal theory, with runs about
    # exponential (Cox 1962, ch. 4): the number by time t has mean t / m + (s^2 / m^2 - 1) / 2, variance
    # t s^2 / m^3.
    cycle = length + baseline / (found["n_audited"].mean() / WEEKS)
    expected = REPLICATIONS * (WEEKS / cycle + ((length / cycle) ** 2 - 1) / 2)
    spread = norm.isf(ALARM / 2) * np.sqrt(REPLICATIONS * WEEKS * length**2 / cycle**3)
    alarms = found["n_alarms"].sum()
    assert expected * (1 - estimated) - spread < alarms < expected * (1 + estimated) + spread


def test_a_longer_run_length_buys_fewer_false_alarms():
    def alarms(weeks):
        length = f"measurement.run_length={weeks} weeks"
        return run(*SCENE, length, "measurement.baseline=1000", n=8)["n_alarms"].sum()

    # With 1.4 weeks of baseline they would come every 3.4, 9.4 and 53.4 weeks.
    assert alarms(2) > 2 * alarms(8) > 4 * alarms(52) > 0


def test_a_shock_is_seen_fifty_times_sooner_than_a_false_alarm():
    # One log-odds: 8 to 15 % wrong become 19 to 32 %.
    shock = ("drift.shocks@production=1 per year", "drift.shock_size=1", "measurement.baseline=1000")
    found = run(*SCENE, "measurement.run_length=52 weeks", *shock, n=REPLICATIONS)
    began = np.isfinite(found["detected"])
    hours = np.where(found["detected"] == 1, found["detection_hours"], np.inf)[began]
    soon = (hours < 52 * 168 / 50).sum()
    # Did half of them take longer, so many would be soon on less than 1 seed in 1,000.
    assert soon > binom.isf(ALARM, began.sum(), 0.5)
