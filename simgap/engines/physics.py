"""What an engine counts: physics by month, never money."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

import numpy as np

from simgap.errors import SimulationError
from simgap.model.oversight import WAIT_BINS
from simgap.model.types import Floats, Ints


@unique
class Count(IntEnum):
    """Columns of the counts. Items are unique arrivals unless the name says otherwise.

    An item is counted in the month of its event: arrivals when they arrive, ends when they end.
    """

    ARRIVED = 0
    DUPLICATES = 1  # extra arrivals
    AI_SERVED = 2  # items and duplicates that passed the AI stage
    AI_DECISIONS = 3
    AI_RIGHT = 4
    STRAIGHT = 5  # ended without a person
    REVIEWED = 6  # ended after a review of an AI decision
    MANUAL = 7  # ended by hand: exceptions and handed-over edge cases
    FALLBACK = 8  # ended the legacy way
    DUPLICATE_DONE = 9
    DUPLICATE_FALLBACK = 10
    ESCAPED_STRAIGHT = 11
    ESCAPED_MISSED = 12
    ESCAPED_OVERTURNED = 13
    ESCAPED_MANUAL = 14
    CAUGHT = 15
    EXCEPTIONS = 16
    EDGE_CASES = 17
    QUEUED = 18  # items and duplicates that joined the queue for a reviewer
    DEADLINE_MISSED = 19  # of those
    TRIGGER_CONFIDENCE = 20  # items and duplicates, as are the triggers that follow
    TRIGGER_EXCEPTION = 21
    TRIGGER_EDGE = 22
    TRIGGER_CONSEQUENTIAL = 23
    TRIGGER_VALUE = 24
    TRIGGER_MANDATORY = 25
    OFFERED = 26  # staffed microseconds of review that joined the queue
    USED = 27  # staffed microseconds in which reviewers were busy
    USED_BY_HAND = 28  # of those, with exceptions and handed-over edge cases
    DELAY = 29  # milliseconds from arrival to the end, all items but fall-backs
    FALLBACK_DELAY = 30  # milliseconds from arrival to the fall-back


TRIGGER_COLUMNS = tuple(c for c in Count if c.name.startswith("TRIGGER_"))
ENDS = (Count.STRAIGHT, Count.REVIEWED, Count.MANUAL, Count.FALLBACK)
ESCAPES = tuple(c for c in Count if c.name.startswith("ESCAPED_"))


@dataclass(frozen=True)
class Physics:
    """What happened in one phase of one replication.

    Attributes
    ----------
    counts : Ints[months + 1, len(Count)]
        The last row holds what came after the window, while the queues drained.
    ends_by_class : Ints[classes, 4]
        Items by value class and `ENDS`.
    capacity : Ints[months]
        Staffed microseconds of all reviewers.
    staffed : Ints[months]
        Staffed microseconds of the team's calendar.
    backlog : Ints[months]
        Items waiting for a reviewer at the end of each month.
    waits, wall_waits : Ints[WAIT_BINS]
        Waits for a reviewer in staffed and in wall time, by `wait_edges`; deadline misses included.
    wait_total, wall_wait_total : int
        Their sums in microseconds.
    queue_area : int
        Integral of the number waiting over wall time, in microseconds.
    escaped_time, escaped_entity : Ints[e]
        Escaped errors: microseconds since go-live, and the item.
    """

    counts: Ints
    ends_by_class: Ints
    capacity: Ints
    staffed: Ints
    backlog: Ints
    waits: Ints
    wall_waits: Ints
    wait_total: int
    wall_wait_total: int
    queue_area: int
    escaped_time: Ints
    escaped_entity: Ints

    def total(self, *columns: Count) -> int:
        """Return the sum of columns over all months."""
        return int(self.counts[:, list(columns)].sum())


def wait_edges() -> Floats:
    """Return the edges of the bins of `model.oversight.wait_bin`, in hours."""
    bins = np.arange(WAIT_BINS + 1)
    doublings = np.maximum(bins // 16 - 1, 0)
    units = (bins - 16 * doublings) * 2.0**doublings
    return np.asarray(units * 65536.0 / 3.6e9, np.float64)


def check(physics: Physics) -> None:
    """Check the laws that hold in every replication.

    Items are conserved; Little's law, exact for a queue that begins and ends empty (Little 1961, Operations
    Research 9:383-387); reviewers work within their staffed hours.

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
    if physics.queue_area != physics.wall_wait_total:
        raise SimulationError(
            f"Little's law fails: the queue's area is {physics.queue_area} and the waits sum to "
            f"{physics.wall_wait_total} microseconds"
        )
    if (physics.counts[:-1, Count.USED] > physics.capacity).any():
        raise SimulationError("reviewers worked more hours than they are staffed")
