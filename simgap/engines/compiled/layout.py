"""Where the event loop keeps what: events, queues, items, desks and counts, all in arrays."""

from __future__ import annotations

from enum import auto, unique
from typing import NamedTuple, cast

import numpy as np

from simgap.engines.physics import ENDS, ESCAPES, LEGACY, TRIGGER_COLUMNS
from simgap.model import keys
from simgap.model.clock import Calendar
from simgap.model.parameters import Places
from simgap.model.types import Floats, Ints

# What `advance` says when it returns.
DONE, PAUSED, MORE_EVENTS, MORE_ITEMS, MORE_ESCAPES, MORE_INCIDENTS, MORE_SPELLS, TOO_LONG = range(8)


def argument(number: int) -> int:
    """Return a number that functions are called with: for each plain one they would be compiled again."""
    return cast(int, np.int64(number))


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
    SHOCK,  # and what follows up to births: news
    SCHEMA_CHANGES,
    TYPE_IS_BORN,
    CHANGE_IS_DONE,
    BACKLOG_LOOK,
    HIRES_COME,
    AI_GIVEN_UP,
    LADDER_COUNTS_AGAIN,
) = map(argument, range(24))
assert (SPECIALIST_OVER - REVIEW_OVER, SPECIALIST_DEADLINE - REVIEW_DEADLINE) == (1, 1)  # by team
# Columns of the counts as plain numbers; the ends stand side by side, the legacy ones last.
STRAIGHT, REVIEWED, MANUAL, FALLBACK, LOST, SUSPENDED, DECLINED = (int(column) for column in ENDS)
ESCAPED_STRAIGHT, ESCAPED_MISSED, ESCAPED_OVERTURNED, ESCAPED_MANUAL = (int(column) for column in ESCAPES)
TRIGGERS = len(TRIGGER_COLUMNS)
assert [DECLINED - how for how in ENDS] == list(range(len(ENDS)))[::-1]
assert ENDS[-len(LEGACY) :] == LEGACY
ITEMS, DUPLICATES, WAITING, STREAMS = range(4)  # streams of arrivals of each workflow, and their number
# Calendars: of what happens seldom, of connector and AI, of both teams, and of deadlines. What comes next is
# found among the heads of these and of the arrivals.
AGENDA, STAGE, TEAMS, DEADLINES, CALENDARS = range(5)
ARRIVALS = CALENDARS
CONNECTOR, AI, FIRST_QUEUE = range(3)  # queues; those of the teams follow, one for each class of urgency
HEAD, TAIL = range(2)  # of a queue
# Team; FIRST is also the first workflow, and the first of anything.
FIRST, SECOND = map(argument, range(2))
OPEN, CLOSE, BEFORE = range(3)  # of a staffed span: first instant, end, staffed time before it
AT_LEAST, AT_MOST, UNTIL = range(
    3
)  # of the share of work that reaches the AI: bounds, and how long they hold
NOBODY = -1
UNIT, REST = 20, (1 << 20) - 1
MARGIN = 16  # entries of the agenda that one event may cause, besides changes that begin
BLOCK = 256  # items that are drawn at once
# Mask of an index that is read or reckoned: so the compiler knows that it is not negative, and need not count
# from the end where it is.
INDEX = (1 << 32) - 1
BINS = 256  # of a uniform, in the table of log-odds
PURPOSES = keys.LEAD_TIME + 1


@unique
class C(Places):
    """Index of an integer of an item that is to come."""

    TIME = auto()
    VALUE_CLASS = auto()  # from here on as in `I`, from there on
    CONSEQUENTIAL = auto()
    DEFECTS = auto()  # without that of its schema
    FLAGS = auto()
    EDGE = auto()
    LATENCY = auto()


@unique
class E(Places):
    """Index of a real number of an item that is to come."""

    HARDNESS = auto()  # these three as in `F`
    RIGHT = auto()  # its uniform
    SCORE = auto()  # likewise
    ADOPTION = auto()  # likewise
    SCHEMA = auto()  # likewise


@unique
class I(Places):  # noqa: E742  # one letter, as P and T are
    """Index of an integer of an item in the system."""

    PLACE = auto()
    ARRIVED = auto()
    VALUE_CLASS = auto()
    CONSEQUENTIAL = auto()
    DEFECTS = auto()
    FLAGS = auto()
    EDGE = auto()
    LATENCY = auto()
    RIGHT = auto()
    TRIGGERS = auto()
    LEVEL = auto()  # of autonomy at its arrival
    JOINED = auto()
    JOINED_STAFFED = auto()
    QUEUE = auto()  # in which it waits, or NOBODY
    AHEAD = auto()  # its neighbours there
    BEHIND = auto()
    DUE = auto()  # place of its deadline on the calendar, or NOBODY; holds while it waits for a team
    VERDICT = auto()  # words of its review
    ESCALATED = auto()


@unique
class F(Places):
    """Index of a real number of an item."""

    HARDNESS = auto()
    RIGHT = auto()  # uniforms
    SCORE = auto()
    HOURS = auto()
    X = auto()


FIRST_COPIED, END_COPIED, REALS_COPIED = int(C.VALUE_CLASS), len(C), int(E.ADOPTION)
COPIED = int(I.VALUE_CLASS) - FIRST_COPIED
assert [i.name for i in I][FIRST_COPIED + COPIED : END_COPIED + COPIED] == [c.name for c in C][FIRST_COPIED:]
assert [f.name for f in F][:REALS_COPIED] == [e.name for e in E][:REALS_COPIED]


@unique
class D(Places):
    """Index of an integer of a team's desk."""

    STAFF = auto()
    PLANNED = auto()  # heads without those who were hired
    HIRED = auto()  # entries of `State.hired`
    GAVE_UP = auto()  # instant at which those without a deadline last fell back
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
    STREAM = auto()  # of the next arrival
    STOPPED = auto()
    CHANGES_WAITING = auto()
    CHANGES_UNDER_WAY = auto()
    INCIDENTS_SINCE = auto()  # one of them asked for a retraining
    WATCHING = auto()
    WATCHED_SINCE = auto()
    AUDITS = auto()  # since the chart began
    FAULTS = auto()
    ESTIMATE_AT = auto()  # audits
    SPELL = auto()  # of drift: instant at which it began, or -1
    DETECTED = auto()
    SPELLS = auto()  # that are over
    TRUST_LOST_AT = auto()
    COMING = auto()  # reviewers
    ORDERED = auto()


@unique
class R(Places):
    """Index of a real number of the whole replication."""

    OFFSET = auto()  # of the drift
    PRESENT = auto()  # drift when the retraining that is under way began
    SCORE = auto()  # of the chart
    RATE = auto()
    THRESHOLD = auto()
    LOST = auto()  # trust
    SLOW = auto()  # reviewers, for some still learn


@unique
class K(Places):
    """Index of an integer of what a change may be asked for, `Cause` of the reference engine."""

    HANDLED = auto()
    EXAMPLES = auto()
    OPEN = auto()
    VOID = auto()
    REQUESTED = auto()
    OCCASION = auto()
    PRESENT = auto()  # schema changes when it began


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
    p: Floats  # [workflows, len(P)]
    teams: Floats  # [workflows, 2, len(T)]
    calendars: tuple[Calendar, Calendar]
    spans: Ints  # [2, spans + 1, 3]: staffed time of each team, from OPEN to CLOSE; the last row never ends
    plan: Ints  # [changes, 2]: instant and heads of the reviewers
    levels: Floats  # [workflows, knots]
    duplicate_levels: Floats  # likewise
    knots: Ints
    quantiles: Floats  # [workflows, most of any]: infinite where a workflow has fewer
    cumulative: Floats  # [workflows, most of any]
    types: Ints  # [workflows]
    defects: Floats  # [workflows, 16]
    nodes: Floats
    weights: Floats  # of the nodes
    log_odds: Floats  # [BINS + 1]: of 0, 1 / BINS ... 1
    priority: Ints
    columns: Ints  # [2, 5]: those of each team, as `TeamColumns`
    begun: Ints  # [kinds of change]: columns
    starts: Ints  # [months + 1]
    staffed: Ints  # [2, months + 1]
    regular: Ints  # [workflows]
    months: int
    connector_time: int
    waiting: Ints  # [workflows]
    waiting_from: Ints  # [workflows]
    joins: Ints  # [workflows]
    incident_window: int
    probation: int
    end_of_arrivals: int
    last_look: int
    stops_at: int
    without: Ints  # [n, 3], `model.without`


class State(NamedTuple):
    """What changes, and what is counted. Months of all workflows stand in one row: workflow by workflow."""

    g: Ints  # [len(G)]
    r: Floats  # [len(R)]
    desks: Ints  # [2, len(D)]
    streams: Ints  # [workflows STREAMS, len(A)]
    arrives: Ints  # [workflows STREAMS]: when each has something next
    reached: Floats  # [workflows STREAMS]: cumulative intensity of the last item drawn
    coming: Ints  # [workflows STREAMS, len(C), BLOCK]
    coming_real: Floats  # [workflows STREAMS, len(E), BLOCK]
    words: Ints  # [4, BLOCK]: of the block that is being drawn
    stage_words: Ints  # [4, BLOCK]: likewise
    normals: Floats  # [BLOCK]: likewise
    tails: Ints  # [BLOCK]: likewise
    heads: Ints  # [CALENDARS + 1]: when each has something next
    item: Ints  # [slots, len(I)]
    real: Floats  # [slots, len(F)]
    free: Ints  # [slots]: a stack of slots
    agenda: Ints  # [1, capacity, 3]
    calendars: Ints  # [CALENDARS, slots, 3]; that of the agenda is empty
    sizes: Ints  # [CALENDARS]
    queues: Ints  # [queues, 2]: slots of the first and the last
    cuts: Floats  # [workflows, 2 CUTS]
    broken: Ints  # [workflows]: schema changes that are not repaired
    adoption: Floats  # [workflows, 3]: bounds of its adopted share
    causes: Ints  # [workflows, 2 + types, len(K)]
    changes: Ints  # [causes, 2]: workflow and column of each change that waits
    mix: Floats  # [3, 32]: for `solving.solve_cuts`
    hired: Ints  # [looks, 2]: first day, heads
    spells: Ints  # [capacity, 3]
    counts: Ints  # [workflows (months + 1), len(Count)]
    reasons: Ints  # [workflows (months + 1), 2^TRIGGERS]: items by the bits of their triggers
    by_class: Ints  # [workflows, classes, len(ENDS)]
    capacity: Ints  # [2, months]
    backlog: Ints  # [2, months]
    changes_open: Ints  # [months]
    drift: Floats  # [months]
    waits: Ints  # [2, 2, WAIT_BINS]: team; staffed and wall
    level_time: Ints  # [months, 4]
    escaped: Ints  # [capacity, 3]: time, item, type of edge case
    incidents: Ints  # [capacity, 3]
    drawn: Ints  # [purposes]: blocks of random words
