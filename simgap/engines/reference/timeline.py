"""Time and order: events that carry their place in an instant.

At each instant there are three phases, so that ties are settled by the model and never by the order in which
events were made: (A) everything due, by rank, workflow, kind and number; (B) services start, and whatever is
due at once goes back to A; (C) deadlines of those still waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from simgap.errors import SimulationError
from simgap.model import keys
from simgap.model.clock import NEVER

# Places in an instant: ranks within phase A, then the phases B and C. Gaps are kept for what is not simulated
# yet, and the bits below for workflow, kind and number. SimPy's own priorities, 0 and 1, come first.
PLANS, OUTAGES, GOVERNANCE, SPECIALIST_DONE, REVIEW_DONE, AI_DONE, ARRIVES, START_SERVICES, DEADLINE = (
    (rank + 1) << 56 for rank in (0, 1, 2, 4, 5, 6, 8, 32, 64)
)

OVERLONG = (
    "the work of an item, or the wait for it, outlasts what can be simulated: look for a time in the wrong "
    "unit, or for a queue that grows without end"
)
Steps = Generator[simpy.Event, Any, None]


def place_of(kind: int, entity: int) -> int:
    """Return the place of an entity among those of the same rank: by workflow, kind and number."""
    workflow, number = entity >> keys.WORKFLOW_SHIFT, entity & keys.NUMBER
    return workflow << 44 | kind << 36 | number


class Timeline(simpy.Environment):
    """An environment whose time is a whole number of microseconds."""

    _now: int

    @property
    def now(self) -> int:
        """Microseconds since go-live."""
        return self._now

    def call(self, when: int, order: int, action: Callable[[], None]) -> None:
        """Have something done at a place of the model's choosing, if that time ever comes."""
        if when >= NEVER:
            return
        Moment(self).at(when, order).callbacks.append(lambda _: action())


class Moment(simpy.Event):
    """An event that is put on the calendar at a place of the model's choosing."""

    callbacks: list[Any]
    env: Timeline

    def __init__(self, env: Timeline):
        # What simpy.Event does, and in addition the event counts as triggered.
        self.env = env
        self.callbacks = []
        self._ok = True
        self._value = None

    def at(self, when: int, order: int) -> Moment:
        """Put the event on the calendar.

        Raises
        ------
        SimulationError
            It lies further ahead than time can be counted.
        """
        if when >= NEVER:
            raise SimulationError(OVERLONG)
        self.env.schedule(self, order, when - self.env.now)  # type: ignore[arg-type]  # any integer orders
        return self


class Item:
    """A work item on its way, or a duplicate of one."""

    __slots__ = (
        "arrived",  # instant
        "consequential",
        "entity",
        "event",  # that the present stage is over
        "hardness",
        "hours",  # of review, without hurry
        "joined",  # the present queue: instant
        "joined_staffed",  # the same in staffed time
        "kind",
        "level",  # of autonomy at its arrival
        "lost",  # in an outage
        "place",  # among the events of an instant
        "right",
        "triggers",
        "value_class",
        "waiting",  # for which team
        "x",  # congestion when the review started
    )

    def __init__(
        self,
        kind: int,
        entity: int,
        arrived: int,
        value_class: int,
        consequential: bool,
    ):
        self.kind = kind
        self.entity = entity
        self.place = place_of(kind, entity)
        self.arrived = arrived
        self.value_class = value_class
        self.consequential = consequential
        self.right = self.lost = False
        self.waiting: object = None
        self.level = self.triggers = self.joined = self.joined_staffed = 0
        self.hardness = self.hours = self.x = 0.0
        self.event: Moment
