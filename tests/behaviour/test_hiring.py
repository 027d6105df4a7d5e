"""Hiring cures the queue, and not necessarily the business case: it turns on what the wait costs.

All decisions are reviewed, more than one reviewer can. The same items come, with the same review times.
Paired, Student's t, one-sided, at 1 in 1,000; or asserted of every replication.
"""

import numpy as np
import pytest
from paired import STATED, run, surely_positive

SCENE = (
    *STATED,
    "clock.horizon=12 months",
    "governance.surfaced=0 %",
    "governance.mandatory_review=100 %",
    "oversight.time=20 min",
)
HIRING = (
    "oversight.hire_above@production=8 h",
    "oversight.hire_max@production=3",
    "oversight.hire_lead_time=6 weeks",
    "oversight.hire_learning=8 weeks",
)
FOREVER = "oversight.deadline=none"
REPLICATIONS = 8


def without_and_with(*sets):
    return [run(*SCENE, *sets, *more, n=REPLICATIONS) for more in ((), HIRING)]


@pytest.mark.parametrize("patience", ["oversight.deadline@production=3 working days", FOREVER])
def test_it_cures_the_queue(patience):
    alone, hired = without_and_with(patience)
    assert (hired["n_hired"] >= 1).all()
    assert (hired["n_hired"] <= 3).all()
    mean = [a["n_wait"] / a["n_queued"] for a in (alone, hired)]
    assert (mean[1] < mean[0] / 4).all()
    assert (hired["n_deadline_missed"] <= alone["n_deadline_missed"] / 4).all()


def test_where_waiting_is_cheap_it_costs_more_than_it_brings():
    # What waits too long ends the legacy way, as it did before there was an AI.
    alone, hired = without_and_with("oversight.deadline@production=3 working days")
    assert (hired["n_reviewed"] > alone["n_reviewed"]).all()
    assert surely_positive(alone["realised_npv"] - hired["realised_npv"])


def test_where_items_wait_without_end_it_pays():
    alone, hired = without_and_with(FOREVER)
    assert surely_positive(hired["realised_npv"] - alone["realised_npv"])


def test_hired_late_they_help_less():
    # The same rule; those hired in three weeks stand at their desks sooner than those hired in twenty.
    soon, late = (
        run(*SCENE, *HIRING, f"oversight.hire_lead_time={weeks} weeks", n=REPLICATIONS) for weeks in (3, 20)
    )
    assert (late["n_deadline_missed"] > soon["n_deadline_missed"]).all()


def test_a_team_with_room_hires_nobody():
    roomy = ("oversight.reviewers=6", "oversight.deadline=none")
    alone, hired = without_and_with(*roomy)
    assert (hired["n_hired"] == 0).all()
    assert np.array_equal(alone["realised_npv"], hired["realised_npv"])
