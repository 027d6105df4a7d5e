"""Uplifts for optimism: what they multiply, by hand, and what the board does not see."""

import numpy as np
import pytest

import simgap
from simgap.economics.ledger import LINES
from simgap.errors import InputError
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.phases import prepare
from simgap.scenario import read_text
from simgap.scenario.values import Variant

TEXT = """
simgap: 1
name: lifted
money: {discount: 0 % per year}
clock: {decision: 2026-01, horizon: 6 months}
legacy: {cost: 12 per item}
workflows: {letters: {volume: 5 per day}}
ai: {accuracy: 90 %}
oversight: {reviewers: 1, paid: by hour, wage: 30 per hour, time: 10 min, review_least_confident: 20 %}
costs: {platform: 100 per month, governance: 20 per month, curation: 5 per month}
measurement: {tooling: 10 per month}
investments:
  carried: {once: 400, monthly: 7, delay: 5 weeks}
  bought: {once: 1000, monthly: 40, delay: 2 weeks}
  beside: {once: 30, monthly: 3, delay: 3 weeks, parallel: yes}
portfolios: {all: [bought, beside]}
pilots: {demo: {cost: 2k, lasts: 4 weeks, carries: [carried]}}
base: {portfolio: all}
"""
BOARD = "board: {counts: [ai, review, platform, upkeep]}\n"
DONE = {}


def run(*sets, board=""):
    if (sets, board) not in DONE:
        DONE[sets, board] = simgap.load(TEXT + board, sets).run(replications=1, workers=1)
    return DONE[sets, board]


def line(result, name):
    return result.results.monthly[0, :, MONTHLY.index(name)]


@pytest.mark.parametrize("lift", [0.0, 0.5, 2.0])
def test_sums_paid_once(lift):
    plain, lifted = run(), run(f"outside_view.uplift={lift}")
    # The pilot and what it carries at the decision, the rest in the month in which the pilot ends.
    assert line(lifted, "pilot").sum() == -(1 + lift) * 2000.0
    assert line(lifted, "investment").sum() == pytest.approx(-(1 + lift) * (400.0 + 1000.0 + 30.0))
    for name in LINES:
        if name not in ("pilot", "investment"):
            assert (line(lifted, name) == line(plain, name)).all()
    # Undiscounted, so that the value falls by exactly what is paid more.
    fall = plain.results.of("realised_npv") - lifted.results.of("realised_npv")
    assert fall[0] == pytest.approx(lift * 3430.0)
    assert lifted.results.of("projected_npv") == plain.results.of("projected_npv")


def test_monthly_sums():
    plain, lifted = run(), run("outside_view.uplift_monthly=40 %")
    for name in ("upkeep", "platform"):
        np.testing.assert_allclose(line(lifted, name), 1.4 * line(plain, name), rtol=1e-14)
    live = 6.0 - (4 + 3) * 168 / 730.0  # months after go-live: the parallel delay is the longer one
    assert line(plain, "platform").sum() == pytest.approx(-135.0 * live)
    assert line(plain, "upkeep").sum() == pytest.approx(-(7.0 * 6.0 + 43.0 * live))
    for name in LINES:
        if name not in ("upkeep", "platform"):
            assert (line(lifted, name) == line(plain, name)).all()


@pytest.mark.parametrize(("lift", "weeks"), [(0.0, 3.0), (0.5, 4.5), (1.0, 6.0)])
def test_delays_but_not_the_length_of_the_pilot(lift, weeks):
    resolved = read_text(TEXT, sets=[f"outside_view.uplift_delay={lift}"])
    phases = prepare(resolved, {}, Variant())
    assert phases.bill.lasts == 4 * 168.0
    assert phases.bill.delay == weeks * 168.0
    assert phases.production.go_live == round((4 + weeks) * 168 * 3.6e9)
    assert phases.promised.delay == 3 * 168.0
    assert phases.pilot.knots[-1] == round(4 * 168 * 3.6e9)


@pytest.mark.parametrize("board", ["", BOARD], ids=["pilot metrics", "costs counted"])
def test_the_board_sees_estimates(board):
    """The optimism is the board's: no uplift changes a bit of what it reads."""
    plain = run(board=board)
    for lift in ("uplift=80 %", "uplift_monthly=80 %", "uplift_delay=80 %"):
        lifted = run(f"outside_view.{lift}", board=board)
        assert (line(lifted, "projected") == line(plain, "projected")).all()
        assert lifted.results.of("projected_npv") == plain.results.of("projected_npv")
        assert lifted.results.of("realised_npv")[0] < plain.results.of("realised_npv")[0]


def test_stopping_after_the_pilot_costs_what_it_really_costs():
    plain, lifted = run(), run("outside_view.uplift=50 %")
    fall = plain.results.of("no_go_npv") - lifted.results.of("no_go_npv")
    assert fall[0] == pytest.approx(0.5 * 2400.0)


def test_no_uplift_is_no_change_at_all():
    plain = run()
    none = run(*(f"outside_view.{name}=0 %" for name in ("uplift", "uplift_monthly", "uplift_delay")))
    assert (plain.results.outcomes[:, :8] == none.results.outcomes[:, :8]).all()
    assert plain.results.monthly.tobytes() == none.results.monthly.tobytes()


def test_an_uncertain_uplift_is_an_unknown_like_others():
    result = simgap.load(TEXT, ["outside_view.uplift=10 / 40 / 120 %"]).run(replications=20, workers=1)
    assert list(result.results.inputs) == ["outside_view.uplift"]
    lifts = result.results.drawn[:, 0]
    assert result.results.of("pilot_cost") == pytest.approx(2000.0 * (1.0 + lifts))
    assert result.summary["outside_view"]["uplifts"]["uplift"] == pytest.approx(lifts.mean())
    assert result.summary["guesses"]["guessed"] == result.summary["guesses"]["stated"]


def test_a_delay_that_is_lifted_out_of_the_window_is_refused():
    with pytest.raises(InputError, match="leave nothing of the window"):
        simgap.load(TEXT, ["investments.bought.delay=12 weeks", "outside_view.uplift_delay=150 %"]).run(1)


def test_a_sweep_over_an_uplift():
    case = simgap.load(TEXT)
    found = case.sweep(["outside_view.uplift=0 %:100 %:3"], replications=1, workers=1)
    assert np.diff(found.mean) == pytest.approx([-1715.0, -1715.0])
    ranged = simgap.load(TEXT, ["pilots.demo.cost=1k / 2k / 3k max 9k"])
    with pytest.raises(InputError, match=r"would lift pilots\.demo\.cost, which is a range"):
        ranged.sweep(["outside_view.uplift=0 %:100 %:3"], replications=1)
    ranged.sweep(["costs.platform=1:100:2"], replications=1, workers=1)
    both = simgap.load(TEXT, ["pilots.demo.cost=1k / 2k / 3k max 9k", "outside_view.count_both=yes"])
    both.sweep(["outside_view.uplift=0 %:100 %:2"], replications=1, workers=1)
