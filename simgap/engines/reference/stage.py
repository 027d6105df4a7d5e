"""The AI stage, the connector before it, and outages."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from simgap.engines.order import AI_DONE, OUTAGES, place_of
from simgap.engines.physics import LONGEST, OVERLONG, Count
from simgap.engines.reference.timeline import Item, Moment, Steps
from simgap.errors import SimulationError
from simgap.model import integration, keys
from simgap.model.without import taken_out

if TYPE_CHECKING:
    from simgap.engines.reference.replication import Replication


class Server:
    """A limited number of items at once, first come, first served: the connector, and the AI stage."""

    def __init__(self, run: Replication, name: str, places: int, time: Callable[[Item], int]):
        self.run = run
        self.name = name
        self.free = places
        self.time = time
        self.up = True
        self.queue: list[tuple[int, int, Item]] = []

    def serve(self, item: Item) -> Moment:
        """Return the event that the item has been served."""
        item.event = Moment(self.run.env)
        heappush(self.queue, (self.run.env.now, item.place, item))
        self.run.note(item, self.name, "schedule")
        self.run.waits_for_ai(1)
        self.run.start_services()
        return item.event

    def start(self) -> None:
        """Serve those who wait while there is room (phase B)."""
        now = self.run.env.now
        while self.queue and self.free and self.up:
            self.free -= 1
            joined, _, item = heappop(self.queue)
            self.run.waits_for_ai(-1)
            if now - joined >= LONGEST:
                raise SimulationError(OVERLONG)
            self.run.count(Count.AI_WAIT, (now - joined) // 1000, item.workflow)
            self.run.note(item, self.name, "start")
            item.event.at(now + self.time(item), AI_DONE + item.place)

    def release(self) -> None:
        """Make room for the next."""
        self.free += 1
        if self.queue:
            self.run.start_services()


class AiStage(Server):
    """The AI. In an outage it starts nothing; what is under way is finished."""

    def __init__(self, run: Replication, concurrency: int):
        super().__init__(
            run, "AI", concurrency, lambda item: integration.latency(run.words(item, keys.LATENCY), item.p)
        )
        self.back = 0  # instant at which the present outage ends

    def lose(self, item: Item) -> Moment:
        """Return the event that an item which was lost in an outage is found: when the outage is over."""
        return Moment(self.run.env).at(self.back, OUTAGES + item.place)

    def outages(self) -> Steps:
        """Go down and come back, until the window ends; no outage begins after it."""
        run, env, number = self.run, self.run.env, 0
        without = run.packed.removed
        while True:
            after, length = integration.outage(run.key, number, run.p)
            order = OUTAGES + place_of(keys.OUTAGE, number)
            if env.now + after >= run.end_of_arrivals:
                return
            yield Moment(env).at(env.now + after, order)
            self.up, self.back = taken_out(without, keys.OUTAGE, number), env.now + length
            if not self.up:
                run.note_event(keys.OUTAGE, number, "outage", "start")
            yield Moment(env).at(self.back, order)
            if not self.up:
                self.up = True
                run.note_event(keys.OUTAGE, number, "outage", "complete")
                run.start_services()
            number += 1
