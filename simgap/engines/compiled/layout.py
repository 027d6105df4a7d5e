"""Where the event loop keeps what: events, queues, items, desks and counts, all in arrays."""

from __future__ import annotations

from enum import auto, unique
from typing import NamedTuple

from simgap.engines.physics import ENDS, ESCAPES, LEGACY, TRIGGER_COLUMNS
from simgap.model import keys
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
assert (SPECIALIST_OVER - REVIEW_OVER, SPECIALIST_DEADLINE - REVIEW_DEADLINE) == (1, 1)  # by team
# Columns of the counts as plain numbers; the ends stand side by side, the legacy ones last.
STRAIGHT, REVIEWED, MANUAL, FALLBACK, LOST, SUSPENDED = (int(column) for column in ENDS)
ESCAPED_STRAIGHT, ESCAPED_MISSED, ESCAPED_OVERTURNED, ESCAPED_MANUAL = (int(column) for column in ESCAPES)
TRIGGERS = len(TRIGGER_COLUMNS)
assert [SUSPENDED - how for how in ENDS] == list(range(len(ENDS)))[::-1]
assert ENDS[-len(LEGACY) :] == LEGACY
ITEMS, DUPLICATES, WAITING = range(3)  # streams of arrivals
# Calendars: of what happens seldom, of connector and AI, of both teams, and of deadlines. What comes next is
# found among the heads of the streams, in their order, and of the calendars, in theirs.
AGENDA, STAGE, TEAMS, DEADLINES = range(4)
STREAMS, CALENDARS = 3, 4
CONNECTOR, AI, FIRST_QUEUE = range(3)  # queues; those of the teams follow, one for each class of urgency
HEAD, TAIL = range(2)  # of a queue
OPEN, CLOSE, BEFORE = range(3)  # of a staffed span: first instant, end, staffed time before it
NOBODY = -1
UNIT, REST = 20, (1 << 20) - 1
MARGIN = 16  # entries of the agenda that one event may cause
BLOCK = 256  # items that are drawn at once
PURPOSES = keys.DAY_FACTOR + 1


@unique
class C(Places):
    """Index of an integer of an item that is to come."""

    TIME = auto()
    DEFECTS = auto()
    EXCEPTION = auto()
    EDGE = auto()
    UNHANDLED = auto()
    VALUE_CLASS = auto()  # from here on as in `I`, from there on
    CONSEQUENTIAL = auto()
    RECOGNISED = auto()
    RIGHT = auto()
    TRIGGERS = auto()  # without those of the level of autonomy
    LATENCY = auto()
    LOST = auto()  # if it reaches the AI in an outage


@unique
class I(Places):  # noqa: E742  # one letter, as P and T are
    """Index of an integer of an item in the system."""

    PLACE = auto()
    ARRIVED = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()
    RECOGNISED = auto()
    RIGHT = auto()
    TRIGGERS = auto()
    LATENCY = auto()
    LOST = auto()
    JOINED = auto()
    JOINED_STAFFED = auto()
    QUEUE = auto()  # in which it waits, or NOBODY
    AHEAD = auto()  # its neighbours there
    BEHIND = auto()
    VERDICT = auto()  # words of its review
    ESCALATED = auto()


FIRST_COPIED, END_COPIED = int(C.VALUE_CLASS), len(C)
COPIED = int(I.VALUE_CLASS) - FIRST_COPIED
assert [i.name for i in I][FIRST_COPIED + COPIED : END_COPIED + COPIED] == [c.name for c in C][FIRST_COPIED:]


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
    SPAN = auto()  # of its staffed time: the first that is not over
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
    """Index of an integer of a stream of arrivals."""

    ENTITY = auto()  # of its next item
    ORDER = auto()  # of its arrival
    NEXT = auto()  # its place in the block
    DRAWN = auto()  # items in the block
    INTERVAL = auto()  # of the last one drawn


class Scene(NamedTuple):
    """What does not change: a packed phase and the key of its draws."""

    key: Ints
    p: Floats
    teams: Floats  # [2, len(T)]
    calendars: tuple[Calendar, Calendar]
    spans: Ints  # [2, spans + 1, 3]: staffed time of each team, from OPEN to CLOSE; the last row never ends
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
    streams: Ints  # [STREAMS, len(A)]
    reached: Floats  # [STREAMS]: cumulative intensity of the last item drawn
    coming: Ints  # [STREAMS, len(C), BLOCK]
    coming_hardness: Floats  # [STREAMS, BLOCK]
    words: Ints  # [4, BLOCK]: of the block that is being drawn
    normals: Floats  # [BLOCK]: likewise
    tails: Ints  # [BLOCK]: likewise
    heads: Ints  # [STREAMS + CALENDARS]: when each has something next
    item: Ints  # [slots, len(I)]
    real: Floats  # [slots, len(F)]
    free: Ints  # [slots]: a stack of slots
    agenda: Ints  # [1, capacity, 3]
    calendars: Ints  # [CALENDARS, over 2 slots, 3]; that of the agenda is empty
    sizes: Ints  # [CALENDARS]
    queues: Ints  # [queues, 2]: slots of the first and the last
    counts: Ints  # [months + 1, len(Count)]
    reasons: Ints  # [months + 1, 2^TRIGGERS]: items by the bits of their triggers
    by_class: Ints  # [classes, len(ENDS)]
    capacity: Ints  # [2, months]
    backlog: Ints  # [2, months]
    waits: Ints  # [2, 2, WAIT_BINS]: team; staffed and wall
    level_time: Ints  # [months, 4]
    escaped: Ints  # [capacity, 2]
    incidents: Ints  # [capacity, 3]
    drawn: Ints  # [purposes]: blocks of random words
