"""Every sum of `by_hand.yaml` worked out from what the file says, with nothing of simgap but the answer."""

import math
from pathlib import Path

import numpy as np
import pytest

import simgap
from simgap.montecarlo.outcomes import MONTHLY

FILE = str(Path(__file__).parent / "by_hand.yaml")
MONTHS, PILOT = 12, 8 * 168 / 730  # the window and the pilot, in months of 730 h
GAP = 0.73  # hours: 8,760 hours a year over 12,000 items
AI, REVIEW = 0.01, 0.05  # hours of an item
WAGE = 40.0
ITEM = 6.0 + 0.02 * 40.0  # legacy cost and expected legacy error that an item avoids
LATE = (AI + REVIEW - 2.0) * 0.1  # cost of delay: negative, as 1.94 h earlier than the legacy way
FIXED = 600.0
RATE = 0.10


def arrivals():
    """Instants of the arrivals in production, in hours from the decision."""
    go_live, end = 8 * 168.0, MONTHS * 730.0
    count = math.floor((end - go_live) / GAP)
    return go_live + GAP * np.arange(1, count + 1)


def month(hours):
    return np.minimum(hours // 730.0, MONTHS - 1).astype(int)


def per_month(hours):
    return np.bincount(month(hours), minlength=MONTHS).astype(float)


def review_hours():
    """Hours of review by month: a review that runs over the end of a month counts in both."""
    begun, edges = arrivals() + AI, 730.0 * np.arange(MONTHS + 1)
    done = begun + REVIEW
    edges[-1] = math.inf  # what drains after the window is booked to its last month
    overlap = np.minimum(done[:, None], edges[1:]) - np.maximum(begun[:, None], edges[:-1])
    return np.maximum(overlap, 0.0).sum(axis=0)


def active():
    """Share of each month after go-live."""
    return np.array([0.0, 2.0 - PILOT] + [1.0] * (MONTHS - 2))


def present(flow):
    return sum(flow[m] / (1.0 + RATE) ** ((m + 0.5) / 12.0) for m in range(MONTHS))


def production():
    """Lines of the ledger by month; benefits positive."""
    done = per_month(arrivals() + AI + REVIEW)
    return {
        "benefit": done * ITEM,
        "ai": -per_month(arrivals() + AI) * 0.02,
        "oversight": -review_hours() * WAGE,
        "delay": -done * LATE,
        "platform": -FIXED * active(),
    }


def board(lines):
    """Monthly flow that the board reads, given what of the costs it counts, per item and per month."""
    planned = 1000.0 * active()
    return planned * (ITEM - sum(lines)) - FIXED * active()


ALL = (0.02, REVIEW * WAGE, LATE)


def run(*sets):
    r = simgap.load(FILE, sets).run(replications=1, workers=1).results
    return {name: float(r.of(name)[0]) for name in r.names}, dict(zip(MONTHLY, r.monthly[0].T, strict=True))


@pytest.fixture(scope="module")
def base():
    return run()


def test_items(base):
    outcomes, monthly = base
    assert outcomes["n_items"] == outcomes["n_reviewed"] == outcomes["n_ai_served"] == 10158
    assert len(arrivals()) == 10158
    assert outcomes["n_escaped"] == outcomes["n_duplicates"] == outcomes["n_wait"] == 0
    assert outcomes["accuracy_true"] == outcomes["accuracy_reported"] == 1.0
    np.testing.assert_array_equal(monthly["items"], per_month(arrivals()))


def test_hours(base):
    outcomes, monthly = base
    assert outcomes["n_offered"] == pytest.approx(10158 * REVIEW, rel=1e-12)
    np.testing.assert_allclose(monthly["offered_hours"], per_month(arrivals() + AI) * REVIEW, rtol=1e-12)
    staffed = 730.0 * active()
    np.testing.assert_allclose(monthly["staffed_hours"], staffed, rtol=1e-12)


def test_ledger(base):
    _, monthly = base
    lines = production()
    for name, line in lines.items():
        np.testing.assert_allclose(monthly[name], line, rtol=1e-9, atol=1e-9, err_msg=name)
    for name in ("exceptions", "errors", "incidents", "changes", "investment"):
        assert not monthly[name].any(), name
    assert monthly["pilot"].tolist() == [-10_000.0] + [0.0] * (MONTHS - 1)
    np.testing.assert_allclose(monthly["net"], sum(lines.values()) + monthly["pilot"], rtol=1e-9)


def test_realised(base):
    outcomes, _ = base
    flow = sum(production().values())
    assert outcomes["realised_npv"] == pytest.approx(present(flow) - 10_000.0, rel=1e-9)


def cash():
    """Cash by month: half of the avoided labour after three months of ramp-down, avoided errors in full.

    The ramp begins at go-live and is read as its mean over what each month holds of production.
    """
    lines = production()
    done = lines["benefit"] / ITEM
    gone = np.ones(MONTHS)
    gone[0] = 0.0
    gone[1] = (2.0 - PILOT) / 2.0 / 3.0  # a line from 0 at go-live
    gone[2:4] = (2.5 - PILOT) / 3.0, (3.5 - PILOT) / 3.0
    full = PILOT + 3.0 - 4.0  # the part of month 4 in which the last leave
    gone[4] = full * ((4.0 - PILOT) / 3.0 + 1.0) / 2.0 + (1.0 - full)
    return sum(lines.values()) - lines["benefit"] + done * (6.0 * 0.5 * gone + 0.02 * 40.0)


def test_cashable(base):
    outcomes, monthly = base
    assert outcomes["cashable_npv"] == pytest.approx(present(cash()) - 10_000.0, rel=1e-9)
    np.testing.assert_allclose(monthly["cash"], cash() + monthly["pilot"], rtol=1e-9)
    np.testing.assert_array_equal(monthly["one_off"], monthly["pilot"])


def test_payback_and_funding(base):
    # 10,000 at the decision, and labour costs money before anybody is released.
    outcomes, _ = base
    flow = cash()
    position, deepest, month = -10_000.0, -10_000.0, 1
    for m in range(MONTHS):
        position += flow[m]
        if position < deepest:
            deepest, month = position, m + 1
    assert position < 0.0  # cash does not come back within the window, although value does
    assert outcomes["payback_months"] == outcomes["discounted_payback_months"] == math.inf
    assert outcomes["peak_funding"] == pytest.approx(-deepest, rel=1e-9)
    assert outcomes["peak_month"] == month


def test_payback_where_all_that_is_avoided_is_cash_at_once():
    # 10,000 at the decision; 695 in the second month, and 4,374 in each that follows: the fifth pays back.
    outcomes, monthly = run("legacy.cashable=100 %", "legacy.ramp_down=0 h")
    flow = sum(production().values())
    np.testing.assert_allclose(monthly["cash"], monthly["net"], rtol=1e-12)
    position = -10_000.0
    short = [m for m in range(MONTHS) if (position := position + flow[m]) < 0.0]
    assert outcomes["payback_months"] == short[-1] + 2 == 5
    assert outcomes["peak_funding"] == pytest.approx(10_000.0, rel=1e-12)
    assert outcomes["peak_month"] == 1
    position = -10_000.0
    late = [
        m
        for m in range(MONTHS)
        if (position := position + flow[m] / (1.0 + RATE) ** ((m + 0.5) / 12.0)) < 0.0
    ]
    assert outcomes["discounted_payback_months"] == late[-1] + 2


def test_internal_rate_of_return():
    outcomes, _ = run("legacy.cashable=100 %", "legacy.ramp_down=0 h")
    flow = sum(production().values())
    value = sum(f / (1.0 + outcomes["irr"]) ** ((m + 0.5) / 12.0) for m, f in enumerate(flow))
    assert value == pytest.approx(10_000.0, rel=1e-9)


def test_projected(base):
    outcomes, monthly = base
    np.testing.assert_allclose(monthly["projected"], board(ALL), rtol=1e-9)
    assert outcomes["projected_npv"] == pytest.approx(present(board(ALL)), rel=1e-9)


def test_projected_is_realised_where_conditions_are_the_same(base):
    # The board counts everything and sees the truth, so the gap is the pilot's cost, and that items come
    # whole while plans do not: never two items' worth adrift, by summation by parts as the factors fall.
    outcomes, _ = base
    gap = present(board(ALL)) - present(sum(production().values())) + 10_000.0
    assert outcomes["gap"] == pytest.approx(gap, rel=1e-9)
    assert abs(outcomes["gap"] - 10_000.0) < 2.0 * ITEM


def test_what_the_board_counts():
    # By default under pilot metrics the AI and the review only; the stated list may hold less.
    both = 1000.0 * active() * (ITEM - 0.02 - REVIEW * WAGE)
    outcomes, _ = run("board.counts=none")
    assert outcomes["projected_npv"] == pytest.approx(present(both), rel=1e-9)
    outcomes, _ = run("board.counts=[ai]", "board.volume=24k per year", "board.adoption=75 %")
    one = 2000.0 * 0.75 * active() * (ITEM - 0.02)
    assert outcomes["projected_npv"] == pytest.approx(present(one), rel=1e-9)


def test_workflow_outcomes_read_the_ledger_itself():
    outcomes, _ = run("board.counts=none", "measurement.basis=workflow_outcomes")
    assert outcomes["projected_npv"] == pytest.approx(present(board(ALL)), rel=1e-9)


def test_paid_by_headcount():
    # All staffed hours are paid, and the three minutes or less that are worked after the window.
    outcomes, monthly = run("oversight.paid=by headcount")
    edge = arrivals()[-1] + AI
    overtime = max(0.0, edge + REVIEW - max(edge, MONTHS * 730.0))
    paid = 730.0 * active()
    paid[-1] += overtime
    np.testing.assert_allclose(monthly["oversight"], -paid * WAGE, rtol=1e-9)
    lines = production() | {"oversight": -paid * WAGE}
    assert outcomes["realised_npv"] == pytest.approx(present(sum(lines.values())) - 10_000.0, rel=1e-9)


def test_tax(base):
    # Losses are set off at once, so tax scales every flow.
    outcomes, _ = run("money.tax=25 %")
    assert outcomes["realised_npv"] == pytest.approx(0.75 * base[0]["realised_npv"], rel=1e-9)
    assert outcomes["projected_npv"] == pytest.approx(0.75 * base[0]["projected_npv"], rel=1e-9)


def test_stated_board_figure():
    outcomes, _ = run("board.npv=123k", "clock.horizon=3 months")
    assert outcomes["projected_npv"] == 123_000.0
    assert outcomes["gap"] == 123_000.0 - outcomes["realised_npv"]
    assert math.isnan(outcomes["accuracy_reported"])


# Incidents, suspension and specialists, on top of the same file.
FAULTY = (  # every item is made wrong in its review, and each error surfaces at once
    "oversight.overturn=100 %",
    "workflows.items.consequential=100 %",
    "governance.surfaced=100 %",
    "governance.lag=0 h",
    "governance.incident_cost=5",
    "governance.incident_cost_cv=0",
)


def test_every_error_an_incident():
    outcomes, monthly = run(*FAULTY)
    done = per_month(arrivals() + AI + REVIEW)
    np.testing.assert_allclose(monthly["errors"], -40.0 * done, rtol=1e-12)
    np.testing.assert_allclose(monthly["incidents"], -5.0 * done, rtol=1e-12)
    np.testing.assert_array_equal(monthly["incident_count"], done)
    for name, line in production().items():
        np.testing.assert_allclose(monthly[name], line, rtol=1e-9, atol=1e-9, err_msg=name)
    # The last review ends after the window where less than its four minutes are left.
    latent = int(arrivals()[-1] + AI + REVIEW > MONTHS * 730.0)
    assert (outcomes["n_incidents"], outcomes["n_latent_incidents"]) == (10158 - latent, latent)
    assert outcomes["n_problems"] == outcomes["n_level_guarded"] == 0
    # The board counts no incidents unless told, and then those of an item: 5 for each in the pilot.
    believed = present(board((*ALL, 40.0)))
    assert outcomes["projected_npv"] == pytest.approx(believed, rel=1e-9)
    seen, _ = run(*FAULTY, "board.counts=[ai, review, exceptions, errors, incidents, delay, platform]")
    assert seen["projected_npv"] == pytest.approx(present(board((*ALL, 45.0))), rel=1e-9)


def test_suspended_after_the_first_error():
    # The first item errs four minutes after its arrival: nothing passes the AI from then on.
    outcomes, monthly = run(*FAULTY, "governance.suspend=1", "governance.window=24 months")
    assert outcomes["n_suspended"] == 10157
    assert outcomes["n_ai_served"] == outcomes["n_escaped"] == outcomes["n_incidents"] == 1
    first = arrivals()[0]
    lasts = MONTHS * 730.0 - (first + AI + REVIEW)
    assert outcomes["n_level_suspended"] == pytest.approx(lasts, rel=1e-12)
    assert outcomes["n_level_autonomous"] == pytest.approx(730.0 * active().sum() - lasts, rel=1e-9)
    assert monthly["restricted_hours"].sum() == pytest.approx(lasts, rel=1e-12)
    one = (np.arange(MONTHS) == month(first)).astype(float)
    expected = {"benefit": ITEM, "ai": -0.02, "oversight": -REVIEW * WAGE, "delay": -LATE}
    for name, amount in (expected | {"errors": -40.0, "incidents": -5.0}).items():
        np.testing.assert_allclose(monthly[name], amount * one, rtol=1e-6, atol=1e-9, err_msg=name)
    # A team of which half is gone comes back at three times its cost, for those who are left to it.
    dear = ("legacy.rehire_multiple=3", "legacy.ramp_down=0 h")
    _, rehired = run(*FAULTY, "governance.suspend=1", "governance.window=24 months", *dear)
    premium = (per_month(arrivals()) - one) * 6.0 * 2.0 * 0.5
    np.testing.assert_allclose(monthly["benefit"] - rehired["benefit"], premium, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("wage", "hourly"), [((), WAGE), (("oversight.specialist_wage=90 per hour",), 90.0)])
def test_specialists(wage, hourly):
    # Each item goes on to a specialist for six minutes, who is never busy when one comes.
    extra = 0.1
    sets = (
        *("oversight.escalated=100 %", "oversight.specialists=1", "oversight.specialist_hours=always"),
        *("oversight.specialist_time=6 min", "oversight.specialist_time_law=deterministic", *wage),
    )
    outcomes, monthly = run(*sets)
    begun, edges = arrivals() + AI + REVIEW, 730.0 * np.arange(MONTHS + 1)
    edges[-1] = math.inf
    overlap = np.minimum(begun[:, None] + extra, edges[1:]) - np.maximum(begun[:, None], edges[:-1])
    hours = np.maximum(overlap, 0.0).sum(axis=0)
    done = per_month(begun + extra)
    expected = production() | {
        "benefit": done * ITEM,
        "oversight": -review_hours() * WAGE - hours * hourly,
        "delay": -done * (LATE + extra * 0.1),
    }
    for name, line in expected.items():
        np.testing.assert_allclose(monthly[name], line, rtol=1e-9, atol=1e-9, err_msg=name)
    assert outcomes["n_specialist_queued"] == 10158
    assert outcomes["n_specialist_wait"] == outcomes["n_specialist_deadline_missed"] == 0
    assert outcomes["n_specialist_capacity"] == pytest.approx(730.0 * active().sum(), rel=1e-12)
    assert outcomes["n_specialist_used"] == pytest.approx(10158 * extra, abs=extra)
