"""What pilot and investments cost, when, and what becomes of it: one case worked out by hand."""

import math

import numpy as np
import numpy_financial as npf
import pytest

import simgap
from simgap.economics.ledger import Window, bought, given_up
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.plan import crossed, evaluate
from simgap.scenario.portfolios import Bill
from simgap.scenario.values import Variant

# No luck and nothing unknown: letters come one by one, the AI finishes each and nobody looks. The pilot ends
# in the middle of month 1. What it does not carry delays go-live by 0.4 + 0.3 months, 0.2 run beside.
TEXT = """
simgap: 1
clock: {decision: 2026-01, horizon: 6 months}
money: {discount: 10 % per year, tax: 25 %}
legacy: {cost: 2 per item}
workflows: {letters: {volume: 1k per month | 1200 per month, arrivals: deterministic}}
ai: {accuracy: 99.9999 %, cost: 0.1}
oversight: {reviewers: 0, paid: by hour, wage: 30 per hour, time: 5 min}
costs: {platform: 100 per month}
investments:
  first: {once: 500, monthly: 20, delay: 292 h}
  second: {once: 700, delay: 219 h}
  beside: {once: 40, monthly: 5, delay: 146 h, parallel: yes}
  carried: {once: 300, monthly: 10, delay: 9 weeks}
pilots:
  plain: {cost: 1000, lasts: 1095 h}
  ready: {cost: 1000, lasts: 1095 h, carries: [carried]}
portfolios: {three: [first, second, beside]}
base: {pilot: ready, portfolio: three}
"""
MONTHS = 6
GO_LIVE = 2.2
#                 0      1      2      3      4      5
ACTIVE =      [0.00,  0.00,  0.80,  1.00,  1.00,  1.00]  # fmt: skip
LINES = {
    "pilot":      [-1000, 0,  0,  0,  0,  0],
    # 300 at the decision; 500 + 700 + 40 in the month in which the pilot ends
    "investment": [-300, -1240,  0,  0,  0,  0],
    # 10 from the decision, 25 from go-live
    "upkeep":     [-10, -10, -30, -35, -35, -35],
    "platform":   [0,  0, -80, -100, -100, -100],
}  # fmt: skip
BILL = Bill(1000.0, 300.0, 1240.0, 10.0, 25.0, 1095.0, 511.0)
PRODUCTION = Window(MONTHS, GO_LIVE, 6.0)
KEPT, HALF_MONTH = 0.75, 1.1 ** (1.0 / 24.0) - 1.0


def halves(monthly, one_off):
    """Flows by half month: sums at the start of a month, flows in its middle."""
    return np.column_stack([one_off, monthly]).ravel()


def value(monthly, one_off):
    """Net present value after tax, by a rate of half a month."""
    return KEPT * npf.npv(HALF_MONTH, halves(np.asarray(monthly, float), np.asarray(one_off, float)))


BASE = (Variant(),)


def trial(*sets, variants=BASE):
    """The results of one future, and the months of its first variant by name."""
    results = evaluate(simgap.load(TEXT, sets).resolved, crossed(variants, 1), 1, 1)
    return results, dict(zip(MONTHLY, results.monthly[0].T, strict=True))


@pytest.fixture(scope="module")
def case():
    return trial()


def one(results, name):
    return results.of(name)[0]


# --- the table -----------------------------------------------------------------------------------------


def test_the_lines_of_the_table():
    lines = bought(BILL, PRODUCTION)
    assert set(lines) == {"pilot", "investment", "upkeep"}
    for name, row in lines.items():
        assert row == pytest.approx(LINES[name], abs=1e-12), name


def test_a_trial_has_the_lines_of_the_table(case):
    results, months = case
    for name, row in LINES.items():
        assert months[name] == pytest.approx(row, abs=1e-9), name
    # 1,200 a month, from two tenths of month 2 on; one letter more or less by where the first falls.
    assert months["items"] == pytest.approx([1200 * share for share in ACTIVE], abs=1.0)
    assert months["benefit"] == pytest.approx(2.0 * months["items"], rel=1e-12)
    assert months["ai"] == pytest.approx(-0.1 * months["items"], rel=1e-12)
    assert one(results, "go_live_month") == pytest.approx(GO_LIVE, abs=1e-9)


def test_the_sums_of_the_table(case):
    results, _ = case
    sums = {
        "pilot_cost": 1000.0,
        "carried_once": 300.0,
        "investment_once": 1540.0,
        "upkeep": 155.0,
        "pilot_months": 1.5,
        "delay_months": 0.7,
    }
    assert {name: one(results, name) for name in sums} == pytest.approx(sums, rel=1e-12)


def test_the_value_of_the_table(case):
    results, months = case
    once = [-1300, -1240, 0, 0, 0, 0]
    monthly = 1.9 * months["items"] + LINES["upkeep"] + LINES["platform"]
    realised = one(results, "realised_npv")
    assert realised == pytest.approx(value(monthly, once), rel=1e-12)
    assert months["net"] == pytest.approx(KEPT * (monthly + once), rel=1e-12)
    assert months["one_off"] == pytest.approx(KEPT * np.array(once), rel=1e-12)
    # By month, and added up to the value.
    factor = 1.1 ** (-np.arange(MONTHS) / 12.0)
    present = KEPT * (monthly * factor * 1.1 ** (-0.5 / 12.0) + once * factor)
    assert months["present"] == pytest.approx(present, rel=1e-12)
    assert np.cumsum(months["present"])[-1] == pytest.approx(realised, rel=1e-9)
    # All of the benefit is cash here, at once.
    steps = KEPT * halves(monthly, once)
    paths = np.cumsum(steps)
    assert one(results, "cashable_npv") == realised
    assert one(results, "peak_funding") == pytest.approx(-paths.min(), rel=1e-12)
    # Deepest where the three are paid for and what is carried has cost its second month.
    assert paths.min() == pytest.approx(-KEPT * (1300 + 1240 + 20), rel=1e-12)
    assert one(results, "peak_month") == 2.0
    assert one(results, "irr") == pytest.approx((1.0 + npf.irr(steps)) ** 24 - 1.0, rel=1e-6)
    assert one(results, "payback_months") == math.ceil((np.flatnonzero(paths < 0.0)[-1] + 2) / 2)


def test_giving_up_costs_the_pilot_and_what_it_carries_until_it_ends(case):
    # 1,000 and 300 at the decision, 10 for month 0 and 5 for half of month 1, after tax.
    expected = value([-10.0, -5.0], [-1300.0, 0.0])
    assert given_up(BILL, 0.10, 0.25) == pytest.approx(expected, rel=1e-12)
    assert one(case[0], "no_go_npv") == pytest.approx(expected, rel=1e-12)
    # Neither the others nor their delay, which only begin then.
    assert given_up(BILL._replace(others=1e6, others_monthly=1e6, delay=1e3), 0.1, 0.25) == given_up(
        BILL, 0.1, 0.25
    )
    assert given_up(BILL, 0.0, 0.0) == pytest.approx(-1315.0, rel=1e-12)


@pytest.mark.parametrize(
    ("hours", "upkeep"), [(1.0, 1 / 730), (730.0, 1.0), (731.0, 731 / 730), (2190.0, 3.0)]
)
def test_giving_up_after_any_length(hours, upkeep):
    found = given_up(Bill(0.0, 0.0, 7.0, 10.0, 7.0, hours, 0.0), 0.0, 0.0)
    assert found == pytest.approx(-10.0 * upkeep, rel=1e-12)


# --- when it is paid -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lasts", "month"), [(1.0, 0), (729.0, 0), (730.0, 1), (1095.0, 1), (1459.9, 1), (1460.0, 2), (2555.0, 3)]
)
def test_what_is_not_carried_is_paid_in_the_month_in_which_the_pilot_ends(lasts, month):
    lines = bought(BILL._replace(lasts=lasts, delay=0.0), Window(MONTHS, lasts / 730.0, 6.0))
    expected = np.zeros(MONTHS)
    expected[0] = -300.0
    expected[month] -= 1240.0
    assert lines["investment"].tolist() == expected.tolist()
    assert lines["pilot"].tolist() == [-1000.0] + [0.0] * 5


def test_monthly_sums_end_where_the_ai_is_given_up():
    lines = bought(BILL, Window(MONTHS, GO_LIVE, 4.0))
    assert lines["upkeep"] == pytest.approx([-10, -10, -30, -35, 0, 0], abs=1e-12)
    assert lines["investment"] == pytest.approx(LINES["investment"])
    # The same in a trial whose dashboard shows no benefit: platform and upkeep reach the loss in month 3.
    sets = ("governance.stop_loss=300", "legacy.cost=0", "measurement.basis=workflow_outcomes", "ai.cost=0")
    results, months = trial(*sets)
    assert one(results, "stopped_month") == 5.0
    # 110 in month 2, 135 in month 3 and in month 4.
    assert months["upkeep"] == pytest.approx([-10, -10, -30, -35, -35, 0], abs=1e-9)
    assert one(results, "upkeep") == pytest.approx(120.0)


# --- carried or not, later or sooner -------------------------------------------------------------------

NOTHING = Variant(pilot="plain", investments=())
LATER = Variant(pilot="plain", investments=("carried",))
CARRIED = Variant(pilot="ready", investments=())


@pytest.mark.parametrize("basis", ["pilot_metrics", "workflow_outcomes"])
def test_what_is_carried_is_paid_sooner_and_delays_nothing(basis):
    sets = ("pilots.plain.lasts=584 h", "pilots.ready.lasts=584 h", "investments.carried.delay=1022 h")
    results, _ = trial(*sets, f"measurement.basis={basis}", variants=(NOTHING, LATER, CARRIED))
    upkeep, investment, items = (
        results.monthly[:, :, MONTHLY.index(name)] for name in ("upkeep", "investment", "items")
    )
    # 0.8 months, and 1.4 more where it is built only then.
    assert results.of("go_live_month") == pytest.approx([0.8, 2.2, 0.8])
    assert results.of("delay_months") == pytest.approx([0.0, 1.4, 0.0])
    assert upkeep[0].tolist() == [0.0] * 6
    assert upkeep[1] == pytest.approx([0, 0, -8, -10, -10, -10])
    assert upkeep[2] == pytest.approx([-10.0] * 6)
    assert investment[:, 0].tolist() == [0.0, -300.0, -300.0]  # for all of them in the first month
    # The window is fixed: 1.4 months later are 1.4 months of letters lost.
    assert items.sum(axis=1) == pytest.approx([6240, 4560, 6240], abs=1.0)
    assert items[0].tolist() == items[2].tolist()


def test_a_longer_pilot_costs_what_production_would_have_brought():
    results, _ = trial("pilots.ready.lasts=1825 h", variants=(NOTHING, CARRIED))
    assert results.of("go_live_month") == pytest.approx([1.5, 2.5])
    items = results.monthly[:, :, MONTHLY.index("items")]
    assert items.sum(axis=1) == pytest.approx([5400, 4200], abs=1.0)
    assert items[1, 2] == pytest.approx(600, abs=1.0)
    assert results.monthly.shape[1] == MONTHS


# --- what the board reads ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sets", "upkeep", "platform"),
    [
        ((), 0.0, 0.0),  # the pilot's metrics: AI and reviews alone
        (("measurement.basis=workflow_outcomes",), 10.0, 100.0),
        (("board.counts=[ai, review, upkeep]",), 10.0, 0.0),
        (("measurement.basis=workflow_outcomes", "board.counts=[ai, platform]"), 0.0, 100.0),
    ],
)
def test_the_board_reads_the_upkeep_of_what_the_pilot_carries(sets, upkeep, platform):
    results, months = trial(*sets, variants=(Variant(), Variant(pilot="plain")))
    # 1,000 a month in a pilot of 1.5 months; each is worth 2, less 0.10 for the AI.
    assert one(results, "n_pilot_items") == pytest.approx(1500, abs=1.0)
    believed = np.array([1200 * share for share in ACTIVE])
    flow = 1.9 * believed - (upkeep + platform) * np.array(ACTIVE)
    # The letters of the pilot are right but one in a million, and its accuracy is what the board reads.
    assert months["projected"] == pytest.approx(KEPT * flow, rel=1e-9)
    assert one(results, "projected_npv") == pytest.approx(value(flow, np.zeros(MONTHS)), rel=1e-9)
    # Nothing that is paid once is in it, nor what is bought besides: 25 a month.
    assert results.of("projected_npv")[1] - results.of("projected_npv")[0] == pytest.approx(
        value(upkeep * np.array(ACTIVE), np.zeros(MONTHS)), abs=1e-9
    )


def test_a_cost_of_an_investment_takes_nothing_from_the_promise():
    dear = trial("investments.first.once=9000", "investments.carried.once=9000", "pilots.ready.cost=9000")[0]
    cheap = trial()[0]
    assert one(dear, "projected_npv") == one(cheap, "projected_npv")
    spent = value(np.zeros(MONTHS), [-16_700, -8500, 0, 0, 0, 0])
    assert one(dear, "realised_npv") - one(cheap, "realised_npv") == pytest.approx(spent, rel=1e-12)
    assert one(dear, "gap") == one(dear, "projected_npv") - one(dear, "realised_npv")
