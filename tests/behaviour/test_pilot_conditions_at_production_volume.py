"""Pilot conditions at production volume realise what was projected, but for what the bar `scale` holds.

Every condition is at dose 0, so that production works as the pilot did, at its own volume. Where no cause of
`scale` is left, projected and realised value agree; each cause then adds what is worked out here.
"""

import numpy as np
import pytest
from paired import AS_PILOT, run
from scipy.stats import t as student

REPLICATIONS = 16
TOLERANCE = 0.02  # of projected value
# Twice the volume, so that one reviewer becomes two; paid by the hour; all is counted; nothing depends on the
# queue (which is shorter for two who share one), and no incident surfaces too late for the pilot to see.
NO_SCALE = (
    "workflows.complaints.volume@pilot=20 per day",
    "workflows.complaints.volume@production=40 per day",
    "workflows.complaints.arrivals=deterministic",
    "pilots.trial.lasts=12 weeks",
    "pilots.trial.cost=0",
    "measurement.basis=workflow_outcomes",
    "oversight.gamma=0",
    "legacy.delay_cost=0 per hour",
    "governance.surfaced=0 %",
)
# Everything certain: no errors, equal gaps, equal reviews of every item. The pilot's 447 items are the 448 of
# 8 weeks without the one due at their very end.
CERTAIN = (
    "workflows.complaints.volume@pilot=8 per day",
    "pilots.trial.lasts=8 weeks",
    "pilots.trial.cost=0",
    "measurement.basis=workflow_outcomes",
    "oversight.paid@pilot=by headcount",
    "oversight.time_law=deterministic",
    "oversight.overturn=0 %",
    "governance.surfaced=0 %",
    "governance.mandatory_review=100 %",
    "workflows.complaints.arrivals=deterministic",
    "workflows.complaints.profile=always",
    "ai.accuracy=99.9999 %",
    "ai.hardness=0",
    "edge_cases.share@pilot=0 %",
    "data.missing@pilot=0 %",
    "data.stale@pilot=0 %",
)
TWICE = "workflows.complaints.volume@production=16 per day"
WAGE, MONTHS, GO_LIVE = 35.0, 6, 8 * 168 / 730
COST = 2000  # of an incident


def scale_bar(*sets, n=1):
    """Return projected - realised, replication by replication, with every condition as in the pilot."""
    outcomes = run(*sets, n=n, variant=AS_PILOT)
    return outcomes["projected_npv"] - outcomes["realised_npv"]


def present_value_of_hours(heads):
    """Return what heads cost in production: 40 of 168 hours are staffed, 8 % a year, flows in mid-month."""
    month = np.arange(MONTHS)
    active = np.clip(month + 1 - GO_LIVE, 0.0, 1.0)
    return float((heads * WAGE * 730 * 40 / 168 * active * 1.08 ** (-(month + 0.5) / 12)).sum())


def test_they_agree_where_scale_has_nothing_to_hold():
    # An equal mean would be refused on 1 seed in 1,000, a difference of 4 % accepted on 1 in 1,000.
    outcomes = run(*NO_SCALE, n=REPLICATIONS, variant=AS_PILOT)
    assert (outcomes["reviewers"] == 2).all()
    bar = scale_bar(*NO_SCALE, n=REPLICATIONS) / outcomes["projected_npv"].mean()
    half_width = student.isf(0.0005, REPLICATIONS - 1) * bar.std(ddof=1) / REPLICATIONS**0.5
    assert half_width < TOLERANCE
    assert abs(bar.mean()) < half_width


def test_the_pilots_cost_is_one_off_and_not_projected():
    without = run(*NO_SCALE, n=1, variant=AS_PILOT)
    paid = run(*NO_SCALE, "pilots.trial.cost=10k", n=1, variant=AS_PILOT)
    assert paid["projected_npv"] == without["projected_npv"]
    assert without["realised_npv"] - paid["realised_npv"] == pytest.approx(10_000, abs=0.01)


@pytest.mark.parametrize(("volume", "reviewers"), [(8, 1), (16, 2), (24, 3), (20, 3), (12, 2), (9, 2)])
def test_capacities_are_rounded_up_and_the_board_pays_for_the_share(volume, reviewers):
    sets = (*CERTAIN, f"workflows.complaints.volume@production={volume} per day")
    assert run(*sets, n=1, variant=AS_PILOT)["reviewers"] == reviewers
    idle = present_value_of_hours(reviewers - volume / 8)
    # 1 % of the labour: the 448th item of the pilot, and shorter queues for several who share one.
    assert scale_bar(*sets)[0] == pytest.approx(idle, abs=0.01 * present_value_of_hours(reviewers))


def test_a_ramp_changes_the_mean_rate_and_so_the_rounding():
    # Over its 2 months half the items come, so the mean rate is 1 / (6 - go-live) short of twice the pilot's.
    sets = (*CERTAIN, TWICE, "workflows.complaints.ramp=2 months")
    needed = 2 * (1 - 1 / (MONTHS - GO_LIVE))
    assert 1 < needed < 2
    idle = present_value_of_hours(2 - needed)
    assert scale_bar(*sets)[0] == pytest.approx(idle, abs=0.02 * present_value_of_hours(2))


def test_a_board_that_reads_pilot_metrics_leaves_costs_out():
    # Without errors and with free delay all that costs besides AI and review is the platform, 1,000 a month.
    sets = (*CERTAIN, TWICE, "legacy.delay_cost=0 per hour")
    outcomes, metrics = (
        run(*sets, f"measurement.basis={basis}", n=1, variant=AS_PILOT)
        for basis in ("workflow_outcomes", "pilot_metrics")
    )
    assert outcomes["realised_npv"] == metrics["realised_npv"]
    left_out = metrics["projected_npv"] - outcomes["projected_npv"]
    month = np.arange(MONTHS)
    platform = (1000 * np.clip(month + 1 - GO_LIVE, 0, 1) * 1.08 ** (-(month + 0.5) / 12)).sum()
    assert left_out[0] == pytest.approx(platform, rel=1e-3)


def test_incidents_after_the_pilot_are_not_in_its_reading():
    # With a lag of 20 weeks few incidents of a 12-week pilot surface in it; production pays for all its own.
    harmless = (f"governance.{kind}@pilot=100 %" for kind in ("explainable", "reviewable", "correctable"))
    sets = (
        *NO_SCALE,
        *harmless,
        "governance.surfaced=100 %",
        f"governance.incident_cost={COST}",
        "governance.incident_cost_cv=0",
    )
    quick, slow = (run(*sets, f"governance.lag={lag}", n=4, variant=AS_PILOT) for lag in ("1 h", "20 weeks"))
    incidents = slow["n_incidents"] + slow["n_latent_incidents"]
    assert (incidents == quick["n_incidents"] + quick["n_latent_incidents"]).all()
    assert (incidents > 0).all()
    assert (slow["projected_npv"] >= quick["projected_npv"]).all()
    assert slow["projected_npv"].sum() > quick["projected_npv"].sum()
    late = slow["realised_npv"] - quick["realised_npv"]  # at most half a year of discount on each
    assert ((late >= 0.0) & (late < incidents * COST * (1.0 - 1.08**-0.5))).all()
