"""A worked example of the ledger, by hand."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from simgap.economics import ledger as money
from simgap.economics.ledger import DEFAULT_COUNTS, PER_ITEM, PER_MONTH, Window, board_flow
from simgap.engines.physics import ENDS, Count, Physics, TeamPhysics
from simgap.model import keys
from simgap.model.clock import HOUR
from simgap.model.oversight import WAIT_BINS

KEY = np.array([1, 2, 3, keys.PRODUCTION], np.int64)
PILOT_KEY = np.array([1, 2, 3, keys.PILOT], np.int64)
WINDOW = Window(months=4, go_live=0.5, end=4.0)
# Hours until the legacy team is released: at once, or from an hour on.
RAMPS = st.just(0.0) | st.floats(1.0, 20_000.0)

VALUES = {
    "legacy.cost": 20.0,
    "legacy.error_rate": 0.05,
    "legacy.cashable": 0.8,
    "legacy.ramp_down": 2920.0,
    "starts": 0.0,  # 4 months
    "legacy.delay": 2.0,
    "legacy.delay_cost": 3.0,
    "legacy.duplicate_detection": 0.75,
    "legacy.rehire_multiple": 1.5,
    "error_cost": 200.0,
    "value_cv": 0.0,
    "value_classes": [0.5],
    "ai.cost": 0.5,
    "oversight.wage": 40.0,
    "oversight.specialist_wage": math.nan,
    "oversight.paid": "by headcount",
    "costs.platform": 100.0,
    "costs.governance": 30.0,
    "costs.curation": 20.0,
    "governance.incident_cost": 700.0,
    "governance.incident_cost_cv": 0.0,
    "measurement.basis": "pilot_metrics",
    "measurement.audit_cost": 0.0,
    "measurement.tooling": 0.0,
    "iteration.change_cost": 0.0,
}

# Four months, go-live in the middle of the first, and what came after the window.
#                           month 0    1    2    3  after
COUNTS = {
    Count.ARRIVED:             [10,   40,  50,  60,   0],
    Count.DUPLICATES:          [ 0,    8,   8,   8,   0],
    Count.AI_SERVED:           [10,   44,  56,  64,   4],
    Count.AI_DECISIONS:        [ 8,   40,  50,  60,   2],
    Count.AI_RIGHT:            [ 8,   36,  45,  54,   1],
    Count.STRAIGHT:            [ 4,   20,  25,  26,   1],
    Count.REVIEWED:            [ 0,   10,  15,  12,   3],
    Count.MANUAL:              [ 0,    4,   6,   5,   2],
    Count.FALLBACK:            [ 2,    6,   4,   9,   6],
    Count.DUPLICATE_DONE:      [ 0,    4,   4,   6,   2],
    Count.DUPLICATE_FALLBACK:  [ 0,    0,   4,   0,   4],
    Count.ESCAPED_STRAIGHT:    [ 0,    2,   0,   0,   1],
    Count.ESCAPED_MISSED:      [ 0,    0,   1,   0,   0],
    Count.ESCAPED_MANUAL:      [ 0,    0,   0,   0,   1],
}  # fmt: skip
HOURS = {
    Count.USED:                [ 1,    8,  10,  12,   3],
    Count.USED_BY_HAND:        [ 0,    3,   4,   5,   1],
    Count.DELAY:               [ 0,   50, 100, 100,  30],
    Count.LEGACY_DELAY:        [ 0,   12,   8,  20,  16],
}  # fmt: skip
CAPACITY =                     [ 5,   10,  10,  12]  # fmt: skip
# Month 1 begins 365 h after go-live, month 2 at 1095 h; the window ends at 2555 h.
ESCAPED = [(365 * HOUR, 4), (1095 * HOUR - 1, 9), (1095 * HOUR, 2), (2555 * HOUR, 30), (3000 * HOUR, 7)]

# Below the median value, of 76 straight, 40 reviewed, 17 by hand and 27 fall-backs: 80 of the 133 done.
LOW = [46, 24, 10, 20, 0, 0, 0]

# What the tables above come to, by hand.
#   done               4            34                46                43 +  6 = 49
#   labour, 20 each   80  (34 + 4/4) = 700  (46 + 4/4) = 940  (49 + 8/4) = 1020   a quarter of duplicates
#   legacy errors     40           340               460               490        5 % of 200 each
#   team gone       0.05           0.2               0.4               0.6        0.8 (1/4, 1, 2, 3) / 4
#   fall-backs         2             6       4 + 4/4 = 5      15 + 4/4 = 16       a quarter of duplicates
#   rehire, 10 each    1            12                20                96        only for what is gone
# Production fills the second half of month 0, whose middle is a quarter of a month after go-live.
EXPECTED = {
    "benefit":          [80 + 40 - 1, 700 + 340 - 12, 940 + 460 - 20, 1020 + 490 - 96],
    "cashable_benefit": [ 4 + 40 - 1, 140 + 340 - 12, 376 + 460 - 20,  612 + 490 - 96],
    # 0.50 for each item and duplicate served: 10, 44, 56, 68
    "ai":               [-5, -22, -28, -34],
    # 40 an hour; staffed 5, 10, 10, 12 and 3 after the window; less 0, 3, 4, 6 by hand: 5, 7, 6, 9
    "oversight":        [-200, -280, -240, -360],
    "exceptions":       [0, -120, -160, -240],
    # 200 each: none, two, one, and two after the window
    "errors":           [0, -400, -200, -400],
    "incidents":        [0, 0, 0, 0],
    # 3 an hour; 0, 62, 108, 166 hours against 2 for each item done: 8, 68, 92, 98
    "delay":            [24, 18, -48, -204],
    "changes":          [0, 0, 0, 0],
    # 150 a month, half of it in the month of go-live
    "platform":         [-75, -150, -150, -150],
    # no investments
    "upkeep":           [0, 0, 0, 0],
}  # fmt: skip
# The sum of the economic lines: 119 - 256, 1028 - 954, 1380 - 826, 1414 - 1388.
FLOW = [-137, 74, 554, 26]
# A fee for the pilot at the decision, and a sum that must be found before month 2 earns anything.
ONE_OFF = [-100, 0, -200, 0]


def team_of(capacity):
    """A team of whom nobody waited."""
    capacity = np.array(capacity, np.int64)
    bins = np.zeros(WAIT_BINS, np.int64)
    return TeamPhysics(capacity, capacity, 0 * capacity, bins, bins, 0, 0, 0)


def physics_of(counts, capacity, escaped, low=None, incidents=(), specialists=None):
    """Physics that holds what economics reads; the rest is empty.

    Two value classes, with `low` by `ENDS` in the lower one, or all. `escaped` and `incidents` are lists of
    (instant, item); `specialists` their capacity, or none.
    """
    ends = counts[:, list(ENDS)].sum(axis=0)
    low = ends if low is None else np.array(low, np.int64)
    escaped, incidents = (np.array(listed, np.int64).reshape(-1, 2) for listed in (escaped, incidents))
    return Physics(
        counts=counts[None],
        ends_by_class=np.stack([low, ends - low])[None],
        reviewers=team_of(capacity),
        specialists=team_of([0] * len(capacity) if specialists is None else specialists),
        level_time=np.zeros((len(capacity), 4), np.int64),
        ai_backlog_peak=0,
        fingerprint=0,
        escaped_time=escaped[:, 0],
        escaped_entity=escaped[:, 1],
        incident_time=incidents[:, 0],
        incident_entity=incidents[:, 1],
        incident_failed=np.zeros(len(incidents), np.int64),
        changes_open=np.zeros(len(capacity), np.int64),
        drift=np.zeros(len(capacity)),
        detections=np.zeros((0, 3), np.int64),
    )


def surfacing(incidents, physics=None):
    """The example, or other physics, with incidents: (instant, item)."""
    listed = np.array(incidents, np.int64).reshape(-1, 2)
    return replace(
        physics or PHYSICS,
        incident_time=listed[:, 0],
        incident_entity=listed[:, 1],
        incident_failed=np.zeros(len(listed), np.int64),
    )


def by_hand():
    counts = np.zeros((5, len(Count)), np.int64)
    for column, numbers in COUNTS.items():
        counts[:, column] = numbers
    for column, hours in HOURS.items():
        per_hour = 3_600_000 if column in (Count.DELAY, Count.LEGACY_DELAY) else 3_600_000_000
        counts[:, column] = np.array(hours, np.int64) * per_hour
    return physics_of(counts, np.array(CAPACITY, np.int64) * 3_600_000_000, ESCAPED, LOW)


PHYSICS = by_hand()


def ledger_of(physics=PHYSICS, window=WINDOW, key=KEY, **changed):
    return money.ledger(physics, [{**VALUES, **changed}], window, key)


def economic(lines):
    return sum(lines[line] for line in (*PER_ITEM, *PER_MONTH))


PRODUCTION = Window(months=4, go_live=1.5, end=4.0)
PLANNED = np.array([0.0, 0.0, 80.0, 160.0])


def board(counts=None, planned=PLANNED, physics=PHYSICS, **changed):
    values = {**VALUES, **changed}
    lines = money.ledger(physics, [values], WINDOW, PILOT_KEY)
    counts = DEFAULT_COUNTS[values["measurement.basis"]] if counts is None else counts
    return board_flow(physics, lines, [values], counts, WINDOW, PRODUCTION, planned)
