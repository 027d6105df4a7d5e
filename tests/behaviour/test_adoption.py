"""Adoption: who uses the AI, how soon, and what a restriction does to that.

The uniform of each item that decides whether it is sent is the same in all runs, so most holds item by item.
"""

import numpy as np
from paired import STATED, months, run, surely_positive

PEACE = (*STATED, "clock.horizon=12 months", "governance.surfaced=0 %", "oversight.reviewers=3")
CEILING = 0.6
RAMP = ("adoption.ceiling@production=60 %", "adoption.half_after@production=2 months")
REPLICATIONS = 6


def declined(*sets):
    """Return the share of items that were not sent, by replication and month."""
    return months("declined_items", *sets, n=REPLICATIONS) / months("items", *sets, n=REPLICATIONS)


def test_it_rises_along_its_ramp_to_its_ceiling():
    share = declined(*PEACE, *RAMP)
    # From go-live, in the middle of month 1, 5 % of the ceiling; half of it after two months.
    assert (share[:, 0] > 0.9).all()
    assert (np.diff(share[:, :5], axis=1) < 0).all()
    # The last four months, 2,600 items: a standard error of 1 point, so that a true ceiling would be refused
    # on 1 seed in 5,000.
    assert (np.abs(share[:, -4:].mean(axis=1) - (1 - CEILING)) < 0.04).all()


def test_what_is_not_sent_earns_nothing():
    used, unused = run(*PEACE, n=REPLICATIONS), run(*PEACE, *RAMP, n=REPLICATIONS)
    assert (used["n_declined"] == 0).all()
    assert (unused["realised_npv"] < used["realised_npv"]).all()
    assert (unused["n_escaped"] < used["n_escaped"]).all()


def test_involvement_raises_it():
    shares = [
        run(*PEACE, *RAMP, f"adoption.involvement@production={share} %", n=REPLICATIONS)["n_declined"]
        for share in (0, 50, 100)
    ]
    assert (shares[0] > shares[1]).all()
    assert (shares[1] > shares[2]).all()
    # Fully involved, half of what the ceiling lacks is gone, and half of the time.
    last = declined(*PEACE, *RAMP, "adoption.involvement@production=100 %")[:, -4:].mean(axis=1)
    assert (np.abs(last - (1 - CEILING) / 2) < 0.04).all()


STRICT = (
    *STATED,
    "clock.horizon=12 months",
    "governance.surfaced=100 %",
    "governance.restrict=1",
    "oversight.reviewers=3",
)


def trust(lost, *sets):
    return run(*STRICT, f"adoption.trust_lost@production={lost} %", *sets, n=REPLICATIONS)


def test_restrictions_lose_trust():
    kept, lost = trust(0), trust(50)
    assert (kept["n_level_restricted"] > 0).all()
    assert (kept["n_declined"] == 0).all()
    assert (lost["n_declined"] > 0).all()
    assert surely_positive(kept["realised_npv"] - lost["realised_npv"])


def test_trust_that_comes_back_sooner_sends_more():
    slow, fast = (trust(50, f"adoption.recovery={months} months") for months in (6, 1))
    assert surely_positive(slow["n_declined"] - fast["n_declined"])


def test_without_restrictions_no_trust_is_lost():
    calm = ("governance.surfaced=0.0001 %",)
    assert (trust(50, *calm)["n_level_restricted"] == 0).all()
    assert (trust(50, *calm)["n_declined"] == 0).all()
