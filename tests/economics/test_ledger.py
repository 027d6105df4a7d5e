"""Every line of the ledger, on an example by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from worked_example import (
    ESCAPED,
    EXPECTED,
    FLOW,
    KEY,
    PHYSICS,
    PILOT_KEY,
    PLANNED,
    board,
    economic,
    ledger_of,
    physics_of,
    surfacing,
    team_of,
)

from simgap.economics.ledger import PER_ITEM, PER_MONTH
from simgap.economics.tails import severities, value_factors
from simgap.engines.physics import ESCAPES, Count, check
from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.sampling.philox import words

# --- the example by hand -------------------------------------------------------------------------------


def test_the_example_is_a_possible_one():
    check(PHYSICS)
    assert PHYSICS.total(*ESCAPES) == len(ESCAPED)
    assert (PHYSICS.ends_by_class >= 0).all()


def test_every_line_of_the_example():
    lines = ledger_of()
    assert set(lines) == set(EXPECTED) == {*PER_ITEM, *PER_MONTH, "cashable_benefit"}
    for line, expected in EXPECTED.items():
        np.testing.assert_allclose(lines[line], expected, rtol=1e-13, atol=1e-10, err_msg=line)
    np.testing.assert_allclose(economic(lines), FLOW, rtol=1e-12)


def test_the_ledger_leaves_the_physics_alone():
    before = PHYSICS.counts.copy(), PHYSICS.reviewers.capacity.copy()
    first, second = ledger_of(), ledger_of()
    assert (PHYSICS.counts == before[0]).all()
    assert (PHYSICS.reviewers.capacity == before[1]).all()
    assert all((first[line] == second[line]).all() for line in first)


def test_by_hour_only_work_is_paid():
    headcount = ledger_of()
    lines = ledger_of(**{"oversight.paid": "by hour"})
    # 1, 8, 10 and 12 + 3 hours worked, less 0, 3, 4, 6 by hand: 1, 5, 6, 9 at 40
    np.testing.assert_allclose(lines["oversight"], [-40, -200, -240, -360], rtol=1e-13)
    for line in set(lines) - {"oversight"}:
        assert (lines[line] == headcount[line]).all()


def test_a_team_that_stays_is_not_rehired():
    # 80 + 40, 700 + 340, 940 + 460, 1020 + 490: no premium; nothing but the avoided errors is cash.
    lines = ledger_of(**{"legacy.cashable": 0.0})
    np.testing.assert_allclose(lines["benefit"], [120, 1040, 1400, 1510], rtol=1e-13)
    np.testing.assert_allclose(lines["cashable_benefit"], [40, 340, 460, 490], rtol=1e-13)


def test_nobody_leaves_and_nobody_is_rehired_in_a_pilot():
    production, pilot = ledger_of(), ledger_of(key=PILOT_KEY)
    np.testing.assert_allclose(pilot["benefit"], [120, 1040, 1400, 1510], rtol=1e-13)
    np.testing.assert_allclose(pilot["cashable_benefit"], [40, 340, 460, 490], rtol=1e-13)
    for line in set(pilot) - {"benefit", "cashable_benefit"}:
        assert (pilot[line] == production[line]).all(), line
    # However dear it would be, and however fast they would go.
    eager = {"legacy.rehire_multiple": 50.0, "legacy.ramp_down": 0.0, "starts": 0.0, "legacy.cashable": 1.0}
    assert (ledger_of(key=PILOT_KEY, **eager)["benefit"] == pilot["benefit"]).all()


def test_a_legacy_way_that_knows_every_duplicate_gains_nothing_by_them():
    # Labour 80, 680, 920, 980; premium on 2, 6, 4, 15 fall-backs: 1, 12, 16, 90.
    lines = ledger_of(**{"legacy.duplicate_detection": 1.0})
    np.testing.assert_allclose(
        lines["benefit"], [80 + 40 - 1, 680 + 340 - 12, 920 + 460 - 16, 980 + 490 - 90], rtol=1e-13
    )


def test_errors_with_a_spread_of_values():
    lines = ledger_of(value_cv=1.5)
    cost = dict(zip(range(5), 200.0 * value_factors(KEY, PHYSICS.escaped_entity, 1.5), strict=True))
    expected = [0.0, -cost[0] - cost[1], -cost[2], -cost[3] - cost[4]]
    np.testing.assert_allclose(lines["errors"], expected, rtol=1e-14)
    # The same from the words: the third of the item's arrival, as a quantile of the lognormal law.
    u = [(int(words(1, 2, 3, 0, 1, entity, 0, 0)[2]) + 0.5) / 2**32 for _, entity in ESCAPED]
    sigma = math.sqrt(math.log(1.0 + 1.5**2))
    amounts = 200.0 * stats.lognorm.ppf(u, s=sigma, scale=math.exp(-0.5 * sigma**2))
    assert lines["errors"].sum() == pytest.approx(-amounts.sum(), rel=1e-11)
    for line in set(lines) - {"errors", "benefit", "cashable_benefit"}:
        np.testing.assert_allclose(lines[line], EXPECTED[line], rtol=1e-13, err_msg=line)


# With logarithms of standard deviation 1, the lower half of the values has a mean of 2 Phi(-1) and the
# upper half one of 2 Phi(1); Phi(-1) = 0.15865525393145705.
CV_OF_ONE = math.sqrt(math.e - 1.0)
LOW_MEAN, HIGH_MEAN = 0.31731050786291415, 1.6826894921370859
# The benefit without avoided errors, labour less rehire: 80 - 1, 700 - 12, 940 - 20, 1020 - 96.
FINISHED = np.array([79, 688, 920, 924])


def test_avoided_errors_have_the_mean_value_of_what_was_finished():
    # 80 low and 53 high: 133 items of 0.86140890 on average. Fall-backs, 20 and 7, would make it 0.82932763.
    lines = ledger_of(value_cv=CV_OF_ONE)
    worth = (80 * LOW_MEAN + 53 * HIGH_MEAN) / 133
    assert worth == pytest.approx(0.86140890, abs=1e-8)
    avoided = np.array([40, 340, 460, 490]) * worth
    np.testing.assert_allclose(lines["benefit"], avoided + FINISHED, rtol=1e-13)
    # In full as cash, from the first item on.
    np.testing.assert_allclose(lines["cashable_benefit"], avoided + np.array([3, 128, 356, 516]), rtol=1e-13)
    pilot = ledger_of(key=PILOT_KEY, value_cv=CV_OF_ONE)
    np.testing.assert_allclose(pilot["cashable_benefit"], avoided, rtol=1e-13)


@pytest.mark.parametrize("end", [0, 1, 2])
def test_every_way_of_finishing_counts_for_the_value(end):
    # One item from below the median to above it, whichever way it was finished: 5 % of 200 = 10 more each.
    moved = PHYSICS.ends_by_class.copy()
    moved[0, :, end] += [-1, 1]
    more = ledger_of(replace(PHYSICS, ends_by_class=moved), value_cv=CV_OF_ONE)["benefit"]
    gain = (more - ledger_of(value_cv=CV_OF_ONE)["benefit"]).sum()
    assert gain == pytest.approx(10.0 * (HIGH_MEAN - LOW_MEAN), rel=1e-10)


def test_the_value_of_fall_backs_is_of_no_account():
    moved = PHYSICS.ends_by_class.copy()
    moved[0, :, 3] += [-20, 20]
    lines, before = (ledger_of(p, value_cv=2.0) for p in (replace(PHYSICS, ends_by_class=moved), PHYSICS))
    assert all((lines[line] == before[line]).all() for line in lines)


def test_the_value_of_one_class_is_the_mean():
    whole = replace(PHYSICS, ends_by_class=PHYSICS.ends_by_class.sum(axis=1, keepdims=True))
    lines = ledger_of(whole, value_cv=2.0, value_classes=[])
    np.testing.assert_allclose(lines["benefit"], EXPECTED["benefit"], rtol=1e-13)


def test_the_cuts_between_classes_are_those_of_the_file():
    # Everything lies in the upper quarter, whose mean value is 4 Phi(1 - z), z = Phi^-1(0.75).
    ends = PHYSICS.ends_by_class.sum(axis=1)[0]
    top = replace(PHYSICS, ends_by_class=np.stack([0 * ends, 0 * ends, ends])[None])
    lines = ledger_of(top, value_cv=CV_OF_ONE, value_classes=[0.2, 0.75])
    worth = 4.0 * stats.norm.cdf(1.0 - 0.6744897501960817)
    np.testing.assert_allclose(lines["benefit"], np.array([40, 340, 460, 490]) * worth + FINISHED, rtol=1e-13)


def test_incidents_are_booked_when_they_surface():
    surfaced = surfacing([(0, 4), (365 * HOUR, 9), (9000 * HOUR, 2)])
    lines = ledger_of(surfaced)
    np.testing.assert_array_equal(lines["incidents"], [-700, -700, 0, -700])
    lines = ledger_of(surfaced, **{"governance.incident_cost_cv": 3.0})
    a, b, c = severities(KEY, np.array([4, 9, 2]), 700.0, 3.0)
    np.testing.assert_allclose(lines["incidents"], [-a, -b, 0.0, -c], rtol=1e-14)
    # They come on top of the error itself.
    np.testing.assert_array_equal(lines["errors"], EXPECTED["errors"])


def test_the_severity_of_an_incident_belongs_to_its_item():
    # From the words: the first two of the item's severity make 52 bits, as a quantile of the lognormal law.
    items = [30, 4, 9]
    whole = [words(1, 2, 3, keys.PRODUCTION, keys.INCIDENT, e, keys.SEVERITY, 0) for e in items]
    u = [((int(w[0]) << 20 | int(w[1]) >> 12) + 0.5) / 2**52 for w in whole]
    sigma = math.sqrt(math.log(1.0 + 3.0**2))
    amounts = 700.0 * stats.lognorm.ppf(u, s=sigma, scale=math.exp(-0.5 * sigma**2))
    costs = {"governance.incident_cost_cv": 3.0}
    for order in ([0, 1, 2], [2, 0, 1]):  # whenever each surfaces: months 1, 2 and 3
        instants = [(800 + 730 * m) * HOUR for m in range(3)]
        lines = ledger_of(surfacing([(t, items[i]) for t, i in zip(instants, order, strict=True)]), **costs)
        np.testing.assert_allclose(lines["incidents"], [0.0, *(-amounts[i] for i in order)], rtol=1e-9)


END = 2555 * HOUR  # of the window: three and a half months after go-live


@pytest.mark.parametrize("instant", [END - 1, END, END + 1, 3 * END])
def test_latent_incidents_are_charged_to_production_and_not_seen_in_a_pilot(instant):
    physics = surfacing([(400 * HOUR, 4), (instant, 9)])
    production, pilot = ledger_of(physics), ledger_of(physics, key=PILOT_KEY)
    np.testing.assert_array_equal(production["incidents"], [0, -700, 0, -700])
    # What surfaces with the last instant of the window has surfaced in it.
    np.testing.assert_array_equal(pilot["incidents"], [0, -700, 0, -700 if instant <= END else 0])
    seen = board(("incidents",), physics=physics) - board((), physics=physics)
    unit = pilot["incidents"].sum() / PHYSICS.total(Count.ARRIVED)
    np.testing.assert_allclose(seen, unit * PLANNED, rtol=1e-9, atol=1e-9)


# --- specialists, lost and suspended items ---------------------------------------------------------------


def with_more(**columns):
    """The example with further counts by month and after the window, and 3, 4, 4, 2 hours of specialists."""
    counts = PHYSICS.counts[0].copy()
    for name, numbers in columns.items():
        counts[:, Count[name]] += np.array(numbers, np.int64)
    capacity = [hours * HOUR for hours in (3, 4, 4, 2)]
    return replace(PHYSICS, counts=counts[None], specialists=team_of(capacity))


WORKED = {
    "SPECIALIST_USED": [HOUR * h for h in (0, 2, 3, 2, 1)],
    "SPECIALIST_USED_BY_HAND": [HOUR * h for h in (0, 1, 0, 2, 1)],
}


@pytest.mark.parametrize(
    ("paid", "wage", "oversight", "exceptions"),
    [
        # Staffed 3, 4, 4, 2 + 1 hours, of which 0, 1, 0, 2 + 1 by hand, at 40 as reviewers, besides them.
        ("by headcount", math.nan, [120, 120, 160, 0], [0, 40, 0, 120]),
        ("by headcount", 90.0, [270, 270, 360, 0], [0, 90, 0, 270]),
        # Worked 0, 2, 3, 2 + 1 hours.
        ("by hour", math.nan, [0, 40, 120, 0], [0, 40, 0, 120]),
        ("by hour", 90.0, [0, 90, 270, 0], [0, 90, 0, 270]),
        ("by hour", 0.0, [0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_specialists_are_paid_their_own_wage_or_the_reviewers(paid, wage, oversight, exceptions):
    changed = {"oversight.paid": paid}
    before = ledger_of(**changed)
    lines = ledger_of(with_more(**WORKED), **changed, **{"oversight.specialist_wage": wage})
    np.testing.assert_allclose(before["oversight"] - lines["oversight"], oversight, rtol=1e-13, atol=1e-10)
    np.testing.assert_allclose(before["exceptions"] - lines["exceptions"], exceptions, rtol=1e-13, atol=1e-10)
    for line in set(lines) - {"oversight", "exceptions"}:
        assert (lines[line] == before[line]).all(), line


def test_lost_and_suspended_items_are_worked_by_the_legacy_team():
    # Lost 0, 4, 0, 2 + 2; suspended 0, 0, 10, 0 + 0: more to rehire for, 10 each, of the team that is gone,
    # 0.05, 0.2, 0.4, 0.6. Those that were lost waited 9 hours in all in month 1 and 3 after the window.
    more = with_more(
        ARRIVED=[0, 4, 10, 4, 0],
        LOST=[0, 4, 0, 2, 2],
        SUSPENDED=[0, 0, 10, 0, 0],
        LEGACY_DELAY=[3_600_000 * h for h in (0, 9, 0, 0, 3)],
    )
    lines = ledger_of(replace(more, specialists=PHYSICS.specialists))
    premium = np.array([0.0, 4 * 10 * 0.2, 10 * 10 * 0.4, 4 * 10 * 0.6])
    for line, change in {
        "benefit": -premium,
        "cashable_benefit": -premium,
        "delay": np.array([0, -27, 0, -9]),
    }.items():
        np.testing.assert_allclose(lines[line] - EXPECTED[line], change, rtol=1e-10, atol=1e-10, err_msg=line)
    for line in set(lines) - {"benefit", "cashable_benefit", "delay"}:
        np.testing.assert_allclose(lines[line], EXPECTED[line], rtol=1e-13, err_msg=line)
    pilot, plain = (ledger_of(physics, key=PILOT_KEY) for physics in (more, PHYSICS))
    assert (pilot["benefit"] == plain["benefit"]).all()  # nobody is rehired in a pilot


def test_the_ledger_of_an_empty_month():
    empty = physics_of(np.zeros((5, len(Count)), np.int64), [0] * 4, [])
    lines = ledger_of(empty)
    for line in set(lines) - {"platform"}:
        assert (lines[line] == 0.0).all(), line
    np.testing.assert_array_equal(lines["platform"], EXPECTED["platform"])
