"""Where the event loop keeps what: events, queues, items, desks and counts, all in arrays."""

from __future__ import annotations

from enum import auto, unique
from typing import NamedTuple

from simgap.engines.physics import ENDS, ESCAPES, LEGACY, TRIGGER_COLUMNS
from simgap.model.clock import Calendar
from simgap.model.parameters import Places
from simgap.model.types import Floats, Ints

# What `advance` says when it returns.
DONE, PAUSED, MORE_EVENTS, MORE_ITEMS, MORE_ESCAPES, MORE_INCIDENTS, TOO_LONG = range(7)

# What an event is; its code holds that, and above it a slot or the number of an entity.
(
    MONTH_ENDS,
    STAFF_CHANGES,
    TEAM_OPENS,
    OUTAGE_BEGINS,
    OUTAGE_ENDS,
    LOST_ITEM_FOUND,
    INCIDENT,
    PROBLEM_CLOSES,
    INCIDENT_EXPIRES,
    PROBATION_OVER,
    REVIEW_OVER,
    SPECIALIST_OVER,
    CONNECTOR_OVER,
    AI_OVER,
    REVIEW_DEADLINE,
    SPECIALIST_DEADLINE,
) = range(16)
# Columns of the counts as plain numbers; the ends stand side by side, the legacy ones last.
STRAIGHT, REVIEWED, MANUAL, FALLBACK, LOST, SUSPENDED = (int(column) for column in ENDS)
ESCAPED_STRAIGHT, ESCAPED_MISSED, ESCAPED_OVERTURNED, ESCAPED_MANUAL = (int(column) for column in ESCAPES)
FIRST_TRIGGER, TRIGGERS = int(TRIGGER_COLUMNS[0]), len(TRIGGER_COLUMNS)
assert [SUSPENDED - how for how in ENDS] == list(range(len(ENDS)))[::-1]
assert ENDS[-len(LEGACY) :] == LEGACY
ITEMS, DUPLICATES, WAITING = range(3)  # streams of arrivals
CONNECTOR, AI, FIRST_QUEUE = range(3)  # queues; those of the teams follow, one for each class of urgency
NOBODY = -1
UNIT, REST = 20, (1 << 20) - 1
MARGIN = 16  # events that one event may cause
TOO_MANY = 64  # entries of those who have left that a queue may hold besides those who wait


@unique
class I(Places):  # noqa: E742  # one letter, as P and T are
    """Index of an integer of an item."""

    KIND = auto()
    ENTITY = auto()
    PLACE = auto()
    ARRIVED = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()
    RIGHT = auto()
    LEVEL = auto()
    TRIGGERS = auto()
    DEFECTS = auto()
    UNHANDLED = auto()
    RECOGNISED = auto()
    JOINED = auto()
    JOINED_STAFFED = auto()
    TEAM = auto()  # that it waits for, or NOBODY


@unique
class F(Places):
    """Index of a real number of an item."""

    HARDNESS = auto()
    HOURS = auto()
    X = auto()


@unique
class D(Places):
    """Index of an integer of a team's desk."""

    STAFF = auto()
    FREE = auto()
    BUSY = auto()
    LEAVING = auto()
    WAITING = auto()
    ENTRIES = auto()  # in its queues, those who have left included
    OPENS_AT = auto()
    CHANGED = auto()
    PAID_UNTIL = auto()
    NEXT_PLAN = auto()
    AREA = auto()  # each sum in two places: units of 2^20 microseconds, and the rest
    _AREA_REST = auto()
    WAIT_TOTAL = auto()
    _WAIT_REST = auto()
    WALL_WAIT_TOTAL = auto()
    _WALL_WAIT_REST = auto()


AREA, WAIT_TOTAL, WALL_WAIT_TOTAL = int(D.AREA), int(D.WAIT_TOTAL), int(D.WALL_WAIT_TOTAL)


@unique
class G(Places):
    """Index of an integer of the whole replication."""

    NOW = auto()
    MONTH = auto()
    STARTING = auto()
    EVENTS = auto()
    FREE_SLOTS = auto()
    CONNECTOR_FREE = auto()
    AI_FREE = auto()
    UP = auto()
    BACK = auto()
    BEFORE_AI = auto()
    BEFORE_AI_PEAK = auto()
    LEVEL = auto()
    OPEN_PROBLEMS = auto()
    RECENT = auto()
    SUSPENDED = auto()
    PROBATION_UNTIL = auto()
    LEVEL_CHANGED = auto()
    ESCAPED = auto()
    INCIDENTS = auto()
    FINGERPRINT = auto()


@unique
class A(Places):
    """Index of an integer of a stream of arrivals: its next item."""

    TIME = auto()
    ORDER = auto()
    ENTITY = auto()
    INTERVAL = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()


class Scene(NamedTuple):
    """What does not change: a packed phase and the key of its draws."""

    key: Ints
    p: Floats
    teams: Floats  # [2, len(T)]
    calendars: tuple[Calendar, Calendar]
    plan: Ints  # [changes, 2]: instant and heads of the reviewers
    levels: Floats
    duplicate_levels: Floats
    knots: Ints
    quantiles: Floats
    cumulative: Floats
    priority: Ints
    columns: Ints  # [2, 5]: those of each team, as `TeamColumns`
    starts: Ints  # [months + 1]
    staffed: Ints  # [2, months + 1]
    wall_deadline: Ints  # [2]
    regular: bool
    months: int
    connector_time: int
    waiting: int
    waiting_from: int
    incident_window: int
    probation: int
    end_of_arrivals: int


class State(NamedTuple):
    """What changes, and what is counted."""

    g: Ints  # [len(G)]
    desks: Ints  # [2, len(D)]
    streams: Ints  # [3, len(A)]
    reached: Floats  # [3]: cumulative intensity of each stream
    item: Ints  # [slots, len(I)]
    real: Floats  # [slots, len(F)]
    free: Ints  # [slots]: a stack of slots
    events: Ints  # [1, capacity, 3]
    queues: Ints  # [queues, 2 slots + TOO_MANY, 3]
    sizes: Ints  # [queues]
    counts: Ints  # [months + 1, len(Count)]
    by_class: Ints  # [classes, len(ENDS)]
    capacity: Ints  # [2, months]
    backlog: Ints  # [2, months]
    waits: Ints  # [2, 2, WAIT_BINS]: team; staffed and wall
    level_time: Ints  # [months, 4]
    escaped: Ints  # [capacity, 2]
    incidents: Ints  # [capacity, 3]
