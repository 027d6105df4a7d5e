"""What an engine counts: physics by month, never money."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, auto, unique
from typing import NamedTuple

import numpy as np

from simgap.errors import BacklogLimit, SimulationError
from simgap.model.oversight import WAIT_BINS
from simgap.model.types import Floats, Ints, Numbers

LONGEST = 1 << 50  # microseconds, 35 years: no item may take so long, and sums of less fit 64 bits
OVERLONG = "the work of an item, or the wait for it, outlasts what can be simulated"
MOST_ITEMS = 1 << 20  # in the system at once: arrived and not yet ended, duplicates included


@unique
class Count(IntEnum):
    """Columns of the counts. Items are unique arrivals unless the name says otherwise.

    An item is counted in the month of its event: arrivals when they arrive, ends when they end.
    """

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return count

    ARRIVED = auto()
    DUPLICATES = auto()  # extra arrivals
    AI_SERVED = auto()  # items and duplicates that passed the AI stage
    AI_DECISIONS = auto()
    AI_RIGHT = auto()
    STRAIGHT = auto()  # ended without a person
    REVIEWED = auto()  # ended after a review of an AI decision
    MANUAL = auto()  # ended by hand: exceptions and handed-over edge cases
    FALLBACK = auto()  # ended the legacy way, at a deadline
    LOST = auto()  # ended the legacy way, after an outage
    SUSPENDED = auto()  # ended the legacy way at once, while the AI was suspended
    DECLINED = auto()  # ended the legacy way at once, for people did not send it to the AI
    DUPLICATE_DONE = auto()
    DUPLICATE_FALLBACK = auto()  # ended the legacy way, whatever the reason
    ESCAPED_STRAIGHT = auto()
    ESCAPED_MISSED = auto()
    ESCAPED_OVERTURNED = auto()
    ESCAPED_MANUAL = auto()
    CAUGHT = auto()
    EXCEPTIONS = auto()
    EDGE_CASES = auto()
    TRIGGER_CONFIDENCE = auto()  # items and duplicates, as are the triggers that follow
    TRIGGER_EXCEPTION = auto()
    TRIGGER_EDGE = auto()
    TRIGGER_CONSEQUENTIAL = auto()
    TRIGGER_VALUE = auto()
    TRIGGER_MANDATORY = auto()
    TRIGGER_AUTONOMY = auto()
    TRIGGER_AUDIT = auto()
    QUEUED = auto()  # items and duplicates that joined the queue for a reviewer
    DEADLINE_MISSED = auto()  # of those
    OFFERED = auto()  # staffed microseconds of review that joined the queue
    USED = auto()  # staffed microseconds in which reviewers were busy
    USED_BY_HAND = auto()  # of those, with exceptions and handed-over edge cases
    SPECIALIST_QUEUED = auto()  # the same five for specialists
    SPECIALIST_DEADLINE_MISSED = auto()
    SPECIALIST_OFFERED = auto()
    SPECIALIST_USED = auto()
    SPECIALIST_USED_BY_HAND = auto()
    AI_WAIT = auto()  # milliseconds that items and duplicates waited for connector and AI stage
    DELAY = auto()  # milliseconds from arrival to the end, items that the AI path finished
    LEGACY_DELAY = auto()  # milliseconds from arrival until the item went the legacy way
    AUDITED = auto()  # AI decisions, those on duplicates included, whose audit was done
    AUDIT_FAULTED = auto()  # of those: the audit found fault
    ALARMS = auto()  # of the control chart
    FALSE_ALARMS = auto()  # of those: nothing had drifted
    SHOCKS = auto()
    SCHEMA_CHANGES = auto()
    BIRTHS = auto()  # of edge-case types
    CHANGES_CONNECTOR = auto()  # changes begun, by what they are of
    CHANGES_RETRAINING = auto()
    CHANGES_EDGE = auto()
    CHANGES_DONE = auto()
    CHANGE_LEAD = auto()  # milliseconds from request to done, of those done
    HIRED = auto()  # reviewers, on their first day


class TeamColumns(NamedTuple):
    """The columns that each team has of its own."""

    queued: Count
    missed: Count
    offered: Count
    used: Count
    by_hand: Count


REVIEWERS, SPECIALISTS = (
    TeamColumns(
        *(Count[prefix + name] for name in ("QUEUED", "DEADLINE_MISSED", "OFFERED", "USED", "USED_BY_HAND"))
    )
    for prefix in ("", "SPECIALIST_")
)
TRIGGER_COLUMNS = tuple(c for c in Count if c.name.startswith("TRIGGER_"))
FINISHED = (Count.STRAIGHT, Count.REVIEWED, Count.MANUAL)
LEGACY = (Count.FALLBACK, Count.LOST, Count.SUSPENDED, Count.DECLINED)
NOT_SENT = (Count.SUSPENDED, Count.DECLINED)  # to the AI
CHANGES = (Count.CHANGES_CONNECTOR, Count.CHANGES_RETRAINING, Count.CHANGES_EDGE)  # by `model.production`
ENDS = (*FINISHED, *LEGACY)
ESCAPES = tuple(c for c in Count if c.name.startswith("ESCAPED_"))


@dataclass(frozen=True)
class TeamPhysics:
    """What happened in a team: the reviewers or the specialists.

    Attributes
    ----------
    capacity : Ints[months]
        Staffed microseconds of all heads.
    staffed : Ints[months]
        Staffed microseconds of the team's calendar.
    backlog : Ints[months]
        Items waiting for the team at the end of each month.
    waits, wall_waits : Ints[WAIT_BINS]
        Waits for the team in staffed and in wall time, by `wait_edges`; deadline misses included.
    wait_total, wall_wait_total : int
        Their sums in microseconds.
    queue_area : int
        Integral of the number waiting over wall time, in microseconds.
    """

    capacity: Numbers
    staffed: Numbers
    backlog: Numbers
    waits: Ints
    wall_waits: Ints
    wait_total: int
    wall_wait_total: int
    queue_area: int


@dataclass(frozen=True)
class Expected:
    """What is expected of that of which an engine keeps lists.

    Attributes
    ----------
    escapes : Floats[workflows, classes, months + 1]
        Escaped errors by value class.
    incidents, failed : Floats[workflows, months + 1]
        Incidents, and those that open a problem.
    """

    escapes: Floats
    incidents: Floats
    failed: Floats


@dataclass(frozen=True)
class Physics:
    """What happened in one phase of one replication.

    Attributes
    ----------
    counts : Ints[workflows, months + 1, len(Count)]
        The last month holds what came after the window, while the queues drained. What befalls the whole
        organisation is counted in the first workflow.
    ends_by_class : Ints[workflows, classes, len(ENDS)]
        Items by value class and `ENDS`; as many classes as the workflow with the most has.
    reviewers, specialists : TeamPhysics
        The two teams.
    level_time : Ints[months, 4]
        Microseconds at each level of autonomy.
    ai_backlog_peak : int
        Most items that waited for connector and AI stage at once.
    fingerprint : int
        Of the whole history, `engines.order.fingerprint`: the same for the same events in the same order.
    escaped_time, escaped_entity : Ints[e]
        Escaped errors: microseconds since go-live, and the item.
    incident_time, incident_entity : Ints[i]
        Incidents in the order in which they surfaced, after the window too: microseconds since go-live, and
        the item.
    incident_failed : Ints[i]
        Bits of the properties that each failed, `model.governance`.
    changes_open : Ints[months]
        Requests for changes that are not done at the end of each month.
    drift : Floats[months]
        Log-odds of a right decision that drift has taken by the end of each month.
    detections : Ints[d, 3]
        Spells of drift: when each began, when it was detected or ceased to be watched, and which of the two
        (1 or 0); microseconds since go-live.
    expected : Expected, optional
        Of the fluid model, whose counts are expected numbers too, and whose lists are empty.
    """

    counts: Numbers
    ends_by_class: Numbers
    reviewers: TeamPhysics
    specialists: TeamPhysics
    level_time: Numbers
    ai_backlog_peak: float
    fingerprint: int
    escaped_time: Ints
    escaped_entity: Ints
    incident_time: Ints
    incident_entity: Ints
    incident_failed: Ints
    changes_open: Numbers
    drift: Floats
    detections: Ints
    expected: Expected | None = None

    def total(self, *columns: Count) -> float:
        """Return the sum of columns over all months."""
        number: float = self.counts[:, :, list(columns)].sum().item()
        return number


def wait_edges() -> Floats:
    """Return the edges of the bins of `model.oversight.wait_bin`, in hours."""
    bins = np.arange(WAIT_BINS + 1)
    doublings = np.maximum(bins // 16 - 1, 0)
    units = (bins - 16 * doublings) * 2.0**doublings
    return np.asarray(units * 65536.0 / 3.6e9, np.float64)


def outgrown(most: int) -> BacklogLimit:
    """Return the error that ends a replication in which one more than so many items are in the system."""
    return BacklogLimit(
        f"backlog_limit: more than {most:,} items are in the system at once; {BacklogLimit.allowed}"
    )


def check(physics: Physics) -> None:
    """Check the laws that hold in every replication.

    Items are conserved; Little's law, exact for a queue that begins and ends empty (Little 1961, Operations
    Research 9:383-387); teams work within their staffed hours.

    Raises
    ------
    SimulationError
        One of them is broken.
    """
    arrived, ended = physics.total(Count.ARRIVED), physics.total(*ENDS)
    if arrived != ended or ended != physics.ends_by_class.sum():
        raise SimulationError(f"items are not conserved: {arrived} arrived and {ended} ended")
    duplicates = physics.total(Count.DUPLICATE_DONE, Count.DUPLICATE_FALLBACK)
    if physics.total(Count.DUPLICATES) != duplicates:
        raise SimulationError("duplicates are not conserved")
    for name, team, columns in (
        ("reviewers", physics.reviewers, REVIEWERS),
        ("specialists", physics.specialists, SPECIALISTS),
    ):
        if team.queue_area != team.wall_wait_total:
            raise SimulationError(
                f"Little's law fails for the {name}: the queue's area is {team.queue_area} and the waits sum "
                f"to {team.wall_wait_total} microseconds"
            )
        if (physics.counts[:, :-1, columns.used].sum(axis=0) > team.capacity).any():
            raise SimulationError(f"{name} worked more hours than they are staffed")
