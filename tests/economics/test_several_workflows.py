"""The ledger of several workflows: each at its own prices, the team and the platform once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ledger_identities import WHOLE, any_physics, any_values
from worked_example import (
    DEFAULT_COUNTS,
    EXPECTED,
    KEY,
    PHYSICS,
    PILOT_KEY,
    PLANNED,
    PRODUCTION,
    VALUES,
    WINDOW,
    board_flow,
)

from simgap.economics import ledger as money
from simgap.economics.ledger import OWN, released
from simgap.economics.tails import severities, value_factors
from simgap.engines.physics import ENDS, Count
from simgap.model import keys
from simgap.model.clock import HOUR

# A second workflow that joins a month after go-live, at other prices. The team of the example works for both.
#                           month 0    1    2    3  after
OTHER = {
    Count.ARRIVED:             [ 0,   10,  20,  30,   0],
    Count.AI_SERVED:           [ 0,    8,  18,  20,   2],
    Count.AI_DECISIONS:        [ 0,   10,  20,  10,   0],
    Count.AI_RIGHT:            [ 0,    8,  16,   8,   0],
    Count.STRAIGHT:            [ 0,    6,  15,  14,   2],
    Count.FALLBACK:            [ 0,    2,   3,   4,   0],
    Count.DECLINED:            [ 0,    2,   2,  10,   0],
    Count.ESCAPED_STRAIGHT:    [ 0,    1,   0,   1,   0],
    Count.AUDITED:             [ 0,    2,   4,   3,   1],
    Count.CHANGES_EDGE:        [ 0,    0,   1,   0,   0],
    Count.CHANGES_CONNECTOR:   [ 0,    1,   0,   0,   1],
}  # fmt: skip
OTHER_HOURS = {
    Count.USED:                [ 0,    1,   2,   3,   2],
    Count.DELAY:               [ 0,    6,  20,  14,   6],
    Count.LEGACY_DELAY:        [ 0,    4,   6,   8,   0],
}  # fmt: skip
PRICES = {
    "legacy.cost": 50.0,
    "legacy.error_rate": 0.10,
    "legacy.delay": 1.0,
    "legacy.delay_cost": 5.0,
    "legacy.cashable": 0.5,
    "starts": 1.0,
    "error_cost": 1000.0,
    "value_classes": [0.2, 0.7],
    "ai.cost": 2.0,
    "governance.incident_cost": 4000.0,
}
OF_ALL = {"measurement.audit_cost": 7.0, "iteration.change_cost": 300.0, "measurement.tooling": 10.0}
A, B = {**VALUES, **OF_ALL}, {**VALUES, **OF_ALL, **PRICES}
SECOND = 1 << keys.WORKFLOW_SHIFT

# By hand.
#   done              0     6              15              16
#   labour, 50 each         300            750             800
#   legacy errors           600           1500            1600            10 % of 1000 each
#   team gone         0     x              y               z              it starts at 1.5 months; of 4 months
#   to the legacy way       4              5               14             fall-backs and declined
#   rehire, 25 each         100            125             350            for what is gone
GONE = 0.5 * np.array([0.0, 0.25, 1.0, 2.0]) / 4.0
OTHERS = {
    "benefit": np.array([0, 900, 2250, 2400]) - np.array([0, 100, 125, 350]) * GONE,
    "cashable_benefit": np.array([0, 600, 1500, 1600])
    + np.array([0, 300, 750, 800]) * GONE
    - np.array([0, 100, 125, 350]) * GONE,
    # 2 for each of 8, 18, 22
    "ai": [0, -16, -36, -44],
    "errors": [0, -1000, 0, -1000],
    "incidents": [0, 0, 0, -4000],
    # 5 an hour; 10, 26, 28 hours against 1 for each item done
    "delay": [0, -5 * (10 - 6), -5 * (26 - 15), -5 * (28 - 16)],
}


def joined():
    """The example and the other workflow, in one physics."""
    counts = np.zeros((2, 5, len(Count)), np.int64)
    counts[0] = PHYSICS.counts[0]
    for column, numbers in OTHER.items():
        counts[1, :, column] = numbers
    for column, hours in OTHER_HOURS.items():
        per_hour = 3_600_000 if column in (Count.DELAY, Count.LEGACY_DELAY) else HOUR
        counts[1, :, column] = np.array(hours) * per_hour
    ends = np.zeros((2, 3, len(ENDS)), np.int64)
    ends[0, :2] = PHYSICS.ends_by_class[0]
    ends[1, 1] = counts[1][:, list(ENDS)].sum(axis=0)
    return replace(
        PHYSICS,
        counts=counts,
        ends_by_class=ends,
        escaped_time=np.append(PHYSICS.escaped_time, [400 * HOUR, 2000 * HOUR]),
        escaped_entity=np.append(PHYSICS.escaped_entity, [SECOND + 4, SECOND + 9]),
        incident_time=np.array([2100 * HOUR]),
        incident_entity=np.array([SECOND + 9]),
        incident_failed=np.zeros(1, np.int64),
    )


BOTH = joined()


def test_every_line_of_two_workflows():
    own = money.own_lines(BOTH, [A, B], WINDOW, KEY)
    assert set(own) == {*OWN, "cashable_benefit"}
    for line in own:
        np.testing.assert_allclose(own[line][0], EXPECTED[line], rtol=1e-13, atol=1e-10, err_msg=line)
        np.testing.assert_allclose(own[line][1], OTHERS[line], rtol=1e-13, atol=1e-10, err_msg=line)
    lines = money.ledger(BOTH, [A, B], WINDOW, KEY)
    assert set(lines) == set(EXPECTED)
    for line in own:
        expected = np.array(EXPECTED[line]) + OTHERS[line]
        np.testing.assert_allclose(lines[line], expected, rtol=1e-13, atol=1e-10, err_msg=line)
    # The team is paid once: only the overtime of the second workflow, 2 h, and its audits of 7 come on top.
    audits = 7 * np.array([0, 2, 4, 4])
    np.testing.assert_allclose(lines["oversight"], EXPECTED["oversight"] - audits - [0, 0, 0, 80])
    np.testing.assert_allclose(lines["exceptions"], EXPECTED["exceptions"])
    # Changes when they begin, after the window in its last month; and 10 a month for tooling.
    np.testing.assert_allclose(lines["changes"], [0, -300, -300, -300])
    np.testing.assert_allclose(lines["platform"], np.array(EXPECTED["platform"]) * 160 / 150)


def test_the_legacy_team_of_a_workflow_leaves_after_its_own_start():
    np.testing.assert_allclose(released(B, WINDOW), GONE, rtol=1e-13)
    np.testing.assert_allclose(released(A, WINDOW), [0.05, 0.2, 0.4, 0.6], rtol=1e-13)


def test_people_who_do_not_send_items_cost_the_premium_alone():
    sent = BOTH.counts.copy()
    sent[1, :, [Count.ARRIVED, Count.DECLINED]] = 0
    ends = BOTH.ends_by_class.copy()
    ends[1, :, ENDS.index(Count.DECLINED)] = 0
    all_sent = replace(BOTH, counts=sent, ends_by_class=ends)
    lines, without = (money.ledger(p, [A, B], WINDOW, KEY) for p in (BOTH, all_sent))
    premium = 25.0 * np.array([0, 2, 2, 10]) * GONE
    for line in lines:
        change = premium if "benefit" in line else np.zeros(4)
        np.testing.assert_allclose(without[line] - lines[line], change, atol=1e-9, err_msg=line)


def test_tails_are_those_of_each_workflow():
    a, b = {**A, "value_cv": 2.0}, {**B, "value_cv": 0.5, "governance.incident_cost_cv": 3.0}
    own = money.own_lines(BOTH, [a, b], WINDOW, KEY)
    first, second = value_factors(KEY, BOTH.escaped_entity, 2.0), value_factors(KEY, BOTH.escaped_entity, 0.5)
    assert own["errors"][0].sum() == pytest.approx(-200.0 * first[:5].sum(), rel=1e-12)
    assert own["errors"][1].sum() == pytest.approx(-1000.0 * second[5:].sum(), rel=1e-12)
    amount = severities(KEY, BOTH.incident_entity, 4000.0, 3.0)
    assert own["incidents"].sum() == pytest.approx(-amount.sum(), rel=1e-12)


@pytest.mark.parametrize("basis", sorted(DEFAULT_COUNTS))
def test_the_board_reads_the_items_of_all_workflows(basis):
    workflows = [{**values, "measurement.basis": basis} for values in (A, B)]
    lines = money.ledger(BOTH, workflows, WINDOW, PILOT_KEY)
    counts = DEFAULT_COUNTS[basis]
    flow = board_flow(BOTH, lines, workflows, counts, WINDOW, PRODUCTION, PLANNED)
    # 144 of 160 decisions are right in one workflow, 32 of 40 in the other; an item is worth 30, and 150.
    read = 176 / 200 * (133 * 30 + 37 * 150)
    benefit = read if basis == "pilot_metrics" else lines["benefit"].sum()
    costs = sum(lines[money.COUNTED[c]].sum() for c in counts if c not in ("changes", "platform"))
    fixed = (lines["changes"].sum() - 160 * 3.5) / 3.5 if basis == "workflow_outcomes" else 0.0
    expected = PLANNED * (benefit + costs) / 220 + fixed * np.array([0, 0.5, 1, 1])
    np.testing.assert_allclose(flow, expected, rtol=1e-12, atol=1e-9)


@given(any_physics(), any_values(), st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_one_workflow_in_two_halves_is_worth_the_same(physics, values, bits):
    # Every count and every listed item goes to the one or to the other, and the prices are the same. The
    # value of an item hangs on its number, so here all are alike.
    values = {**values, "value_cv": 0.0, "governance.incident_cost_cv": 0.0}
    chance = np.random.default_rng(bits)
    counts = chance.binomial(np.minimum(physics.counts, 2**31 - 1), 0.5).astype(np.int64)
    ends = chance.binomial(physics.ends_by_class, 0.5).astype(np.int64)
    halves = replace(
        physics,
        counts=np.concatenate([counts, physics.counts - counts]),
        ends_by_class=np.concatenate([ends, physics.ends_by_class - ends]),
        escaped_entity=physics.escaped_entity + SECOND * (physics.escaped_entity % 2),
        incident_entity=physics.incident_entity
        + SECOND * chance.integers(0, 2, len(physics.incident_entity)),
    )
    for key in (KEY, PILOT_KEY):
        one = money.ledger(physics, [values], WHOLE, key)
        two = money.ledger(halves, [values, values], WHOLE, key)
        for line in one:
            np.testing.assert_allclose(two[line], one[line], rtol=1e-9, atol=1e-4, err_msg=line)
