"""With the same incidents, explainable trails and tested escalation mean less restricted time.

The same incidents: every AI decision is reviewed anyway, so the level changes nothing but itself, and an
incident of one run is an incident of the other. Then the claim holds in every replication. It may fail in one
where levels change what is reviewed, and so which errors escape: there it is tested of the mean.
"""

import numpy as np
import pytest
from paired import STATED, run, surely_positive

SAME_INCIDENTS = (
    *STATED,
    "governance.mandatory_review=100 %",
    "governance.surfaced=100 %",
    "oversight.reviewers=3",
)
POOR, GOOD = (
    tuple(f"governance.{kind}@production={share} %" for kind in ("explainable", "reviewable", "correctable"))
    for share in (20, 95)
)
LEVELS_ACT = (*STATED, "governance.surfaced=100 %")


def restricted(outcomes):
    return outcomes["n_level_restricted"] + outcomes["n_level_suspended"]


def below_autonomous(outcomes):
    return restricted(outcomes) + outcomes["n_level_guarded"]


def test_with_the_same_incidents_in_every_replication():
    poor, good = (run(*SAME_INCIDENTS, *trails, n=4) for trails in (POOR, GOOD))
    for name in ("n_incidents", "n_latent_incidents", "n_escaped", "n_fallback", "realised_npv"):
        assert np.array_equal(poor[name], good[name])
    assert (good["n_problems"] < poor["n_problems"]).all()
    assert (restricted(good) <= restricted(poor)).all()
    assert restricted(good).sum() < 0.8 * restricted(poor).sum()
    assert (below_autonomous(good) <= below_autonomous(poor)).all()


def test_on_average_where_levels_change_what_is_reviewed():
    # Where the mean is not positive, 1 seed in 100 passes.
    poor, good = (run(*LEVELS_ACT, *trails, n=12) for trails in (POOR, GOOD))
    assert surely_positive(restricted(poor) - restricted(good), alpha=0.01)


@pytest.mark.slow
def test_and_value_with_it():
    poor, good = (run(*LEVELS_ACT, *trails, n=60) for trails in (POOR, GOOD))
    assert surely_positive(restricted(poor) - restricted(good))
    assert surely_positive(good["realised_npv"] - poor["realised_npv"])


def test_without_incidents_they_change_nothing():
    none = (*STATED, "clock.horizon=3 months", "governance.surfaced=0 %")
    poor, good = (run(*none, *trails, n=2) for trails in (POOR, GOOD))
    assert all(np.array_equal(poor[name], good[name], equal_nan=True) for name in poor)


def test_they_change_little_where_the_number_of_incidents_restricts_first():
    strict = ("governance.restrict@production=2", "governance.resolve@production=1 week")
    poor, good = (run(*SAME_INCIDENTS, *strict, *trails, n=4) for trails in (POOR, GOOD))
    assert restricted(good).sum() > 0.9 * restricted(poor).sum()
