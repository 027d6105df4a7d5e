"""Time and order: events that carry their place in an instant.

Ties are settled as `simgap.engines.order` says and never by the order in which events were made. SimPy's own
priorities, 0 and 1, come first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from simgap.engines.order import place_of
from simgap.engines.packing import Flow
from simgap.engines.physics import OVERLONG
from simgap.errors import SimulationError
from simgap.model.clock import NEVER
from simgap.model.items import ORDINARY
from simgap.model.keys import WORKFLOW_SHIFT
from simgap.sampling.philox import Words

Steps = Generator[simpy.Event, Any, None]


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
        "defects",
        "edge",  # its type, or `items.ORDINARY`
        "entity",
        "event",  # that the present stage is over
        "flags",
        "flow",  # its workflow
        "hardness",
        "hours",  # of review, without hurry
        "joined",  # the present queue: instant
        "joined_staffed",  # the same in staffed time
        "kind",
        "level",  # of autonomy at its arrival
        "p",  # packed parameters of its workflow
        "place",  # among the events of an instant
        "right",
        "triggers",
        "value_class",
        "waiting",  # for which team
        "words",  # random words of its review
        "workflow",
        "x",  # congestion when the review started
    )

    def __init__(
        self,
        flow: Flow,
        kind: int,
        entity: int,
        arrived: int,
        value_class: int,
        consequential: bool,
    ):
        self.flow = flow
        self.p = flow.p
        self.kind = kind
        self.entity = entity
        self.workflow = entity >> WORKFLOW_SHIFT
        self.place = place_of(kind, entity)
        self.arrived = arrived
        self.value_class = value_class
        self.consequential = consequential
        self.right = False
        self.waiting: object = None
        self.level = self.triggers = self.joined = self.joined_staffed = self.defects = self.flags = 0
        self.edge = ORDINARY
        self.hardness = self.hours = self.x = 0.0
        self.event: Moment
        self.words: Words
