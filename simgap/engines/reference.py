"""The reference engine: the model as a person would explain it, in SimPy processes.

Begin with `Replication.item`, the way of one work item. An engine decides only when things happen; what
happens is decided by the rules in `simgap.model`.

At each instant there are three phases, and events carry their place in them, so that ties are settled by the
model and never by the order in which events were made: (A) everything due, by rank, workflow, kind and
number; (B) services start, and whatever is due at once goes back to A; (C) deadlines of those still waiting.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator
from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import simpy

from simgap.engines.packing import Packed
from simgap.engines.physics import ENDS, TRIGGER_COLUMNS, Count, Physics, check
from simgap.model import clock, items, keys, oversight
from simgap.model.types import Floats, Ints

# Places in an instant: ranks within phase A, then the phases B and C. Gaps are kept for what is not simulated
# yet, and the bits below for workflow, kind and number. SimPy's own priorities, 0 and 1, come first.
PLANS, REVIEW_DONE, AI_DONE, ARRIVES, START_SERVICES, DEADLINE = (
    (rank + 1) << 56 for rank in (0, 5, 6, 8, 32, 64)
)

Steps = Generator[simpy.Event, Any, None]


def _place(kind: int, entity: int) -> int:
    """Return the place of an entity among those of the same rank: by workflow, kind and number."""
    workflow, number = entity >> keys.WORKFLOW_SHIFT, entity & (1 << keys.WORKFLOW_SHIFT) - 1
    return workflow << 44 | kind << 36 | number


class Timeline(simpy.Environment):
    """An environment whose time is a whole number of microseconds."""

    _now: int

    @property
    def now(self) -> int:
        """Microseconds since go-live."""
        return self._now


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
        """Put the event on the calendar."""
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
        "joined",  # the queue for a reviewer: instant
        "joined_staffed",  # the same in staffed time
        "kind",
        "place",  # among the events of an instant
        "right",
        "triggers",
        "value_class",
        "waiting",  # for a reviewer
        "x",  # congestion when the review started
    )

    def __init__(
        self, kind: int, entity: int, place: int, arrived: int, value_class: int, consequential: bool
    ):
        self.kind = kind
        self.entity = entity
        self.place = place
        self.arrived = arrived
        self.value_class = value_class
        self.consequential = consequential
        self.right = self.waiting = False
        self.triggers = self.joined = self.joined_staffed = 0
        self.hardness = self.hours = self.x = 0.0
        self.event: Moment


class AiStage:
    """The AI: a limited number of items at once, first come, first served."""

    def __init__(self, run: Replication, concurrency: int):
        self.run = run
        self.free = concurrency
        self.queue: list[tuple[int, int, Item]] = []

    def serve(self, item: Item) -> Moment:
        """Return the event that the item has been served."""
        item.event = Moment(self.run.env)
        heappush(self.queue, (self.run.env.now, item.place, item))
        self.run.start_services()
        return item.event

    def start(self) -> None:
        """Serve those who wait while there is room (phase B)."""
        run, now = self.run, self.run.env.now
        while self.queue and self.free:
            self.free -= 1
            item = heappop(self.queue)[2]
            time = oversight.latency(run.key, item.kind, item.entity, run.p)
            item.event.at(now + time, AI_DONE + item.place)

    def release(self) -> None:
        """Make room for the next."""
        self.free += 1
        if self.queue:
            self.run.start_services()


class Desk:
    """The reviewers: staffed hours, priority classes, a deadline after which a waiting item leaves."""

    def __init__(self, run: Replication, packed: Packed):
        self.run = run
        c = packed.calendar
        self.opening = (c.starts, c.ends, c.offset)
        self.calendar = (c.starts, c.ends, c.before, c.offset)
        self.priority = packed.priority
        self.wall_deadline = packed.wall_deadline
        self.reviewers = packed.reviewers
        self.free = list(range(packed.reviewers))
        self.busy: dict[Item, int] = {}
        self.queue: list[tuple[int, int, int, Item]] = []
        self.waiting = 0
        self.opens_at = -1
        self.area = 0
        self.changed = 0
        self.waits = [0] * oversight.WAIT_BINS
        self.wall_waits = [0] * oversight.WAIT_BINS
        self.wait_total = 0
        self.wall_wait_total = 0

    def review(self, item: Item) -> Moment:
        """Return the event that the review is over, or that the item has left at its deadline."""
        run, now = self.run, self.run.env.now
        hours = oversight.review_hours(run.key, item.kind, item.entity, run.p, item.triggers)
        run.count(Count.QUEUED)
        run.count(Count.OFFERED, oversight.occupied(hours, 0.0, run.p))
        item.hours = hours
        item.event = Moment(run.env)
        item.joined = now
        item.joined_staffed = clock.staffed_time(now, *self.calendar)
        item.waiting = True
        urgency = len(self.priority)
        for i, trigger in enumerate(self.priority):
            if item.triggers & trigger:
                urgency = i
                break
        heappush(self.queue, (urgency, now, item.place, item))
        self._change(1)
        patience = oversight.patience(run.key, item.kind, item.entity, run.p)
        if patience == clock.NEVER and not self.reviewers:
            patience = 0  # nobody will ever come
        if patience < clock.NEVER:
            if self.wall_deadline:
                deadline = now + patience
            else:
                deadline = clock.reached(now, item.joined_staffed + patience, *self.calendar)
            event = Moment(run.env).at(deadline, DEADLINE + item.place)
            event.callbacks.append(lambda _: self._expire(item))
        run.start_services()
        return item.event

    def start(self) -> None:
        """Start reviews while somebody is free and staffed (phase B)."""
        run, now = self.run, self.run.env.now
        while self.waiting and self.free:
            if not clock.is_staffed(now, *self.opening):
                self._wake()
                return
            item = heappop(self.queue)[3]
            if not item.waiting:
                continue  # left at its deadline
            self._leave(item)
            self.busy[item] = heappop(self.free)
            item.x = oversight.congestion(self.waiting, self.reviewers, run.p)
            work = oversight.occupied(item.hours, item.x, run.p)
            begun = clock.staffed_time(now, *self.calendar)
            run.book_work(begun, begun + work, bool(item.triggers & items.BY_HAND))
            done = clock.reached(now, begun + work, *self.calendar)
            item.event.at(done, REVIEW_DONE + item.place)

    def release(self, item: Item) -> None:
        """Free the reviewer of an item."""
        heappush(self.free, self.busy.pop(item))
        if self.waiting:
            self.run.start_services()

    def _wake(self) -> None:
        """See that services start when the team is next staffed."""
        opens_at = clock.next_opening(self.run.env.now, *self.opening)
        if opens_at != self.opens_at:
            self.opens_at = opens_at
            event = Moment(self.run.env).at(opens_at, PLANS)
            event.callbacks.append(lambda _: self.run.start_services())

    def _expire(self, item: Item) -> None:
        """Let an item that still waits at its deadline leave at once (phase C)."""
        if item.waiting:
            self._leave(item)
            if len(self.queue) > 2 * self.waiting:  # forget those who have left, once they are the most
                self.queue = [entry for entry in self.queue if entry[3].waiting]
                heapify(self.queue)
            item.event.at(self.run.env.now, DEADLINE + item.place)

    def _leave(self, item: Item) -> None:
        item.waiting = False
        self._change(-1)
        wait = clock.staffed_time(self.run.env.now, *self.calendar) - item.joined_staffed
        wall = self.run.env.now - item.joined
        self.waits[oversight.wait_bin(wait)] += 1
        self.wall_waits[oversight.wait_bin(wall)] += 1
        self.wait_total += wait
        self.wall_wait_total += wall

    def _change(self, step: int) -> None:
        now = self.run.env.now
        self.area += self.waiting * (now - self.changed)
        self.changed = now
        self.waiting += step


class Replication:
    """One phase of one replication."""

    def __init__(self, packed: Packed, key: Ints):
        self.env = Timeline()
        self.packed = packed
        self.p: Floats = packed.p
        self.key = key
        self.counts = [[0] * len(Count) for _ in range(packed.months + 1)]
        self.month = packed.go_live // clock.MONTH
        self.row = self.counts[self.month]
        self.by_class = [[0] * len(ENDS) for _ in range(len(packed.quantiles) + 1)]
        self.escaped_time = array("q")
        self.escaped_entity = array("q")
        self.ai = AiStage(self, packed.concurrency)
        self.desk = Desk(self, packed)
        self.starting = False
        c = packed.calendar
        last = int(packed.knots[-1])  # a pilot may end within a month
        ends = [min(max(0, m * clock.MONTH - packed.go_live), last) for m in range(packed.months + 1)]
        self.month_ends = ends[1:]
        self.staffed = [clock.staffed_time(t, c.starts, c.ends, c.before, c.offset) for t in ends]
        self.backlog = [0] * packed.months

    def item(self, item: Item) -> Steps:
        """The way of one work item, from its arrival to its end."""
        key, kind, entity, p = self.key, item.kind, item.entity, self.p
        unique = kind == keys.ITEM
        self.count(Count.ARRIVED if unique else Count.DUPLICATES)
        defects, exception, edge, unhandled, recognised = items.inspect(
            key, kind, entity, p, self.packed.cumulative
        )
        if unique and edge:
            self.count(Count.EDGE_CASES)
        if unique and exception:
            self.count(Count.EXCEPTIONS)

        item.triggers = items.EXCEPTION
        if not exception:
            yield self.ai.serve(item)
            self.ai.release()
            self.count(Count.AI_SERVED)
            item.triggers = items.EDGE
            if not recognised:
                item.hardness, item.right, item.triggers = items.decide(
                    key, kind, entity, p, defects, unhandled, item.consequential, item.value_class
                )
                if unique:
                    self.count(Count.AI_DECISIONS)
                    self.count(Count.AI_RIGHT, int(item.right))
                if not item.triggers:
                    self.end(item, Count.STRAIGHT, None if item.right else Count.ESCAPED_STRAIGHT)
                    return

        for bit, column in enumerate(TRIGGER_COLUMNS):
            if item.triggers >> bit & 1:
                self.count(column)
        yield self.desk.review(item)
        if item not in self.desk.busy:
            self.count(Count.DEADLINE_MISSED)
            self.end(item, Count.FALLBACK, None)
            return
        self.desk.release(item)
        verdict = oversight.verdict(key, kind, entity, p, item.triggers, item.right, item.hardness, item.x)
        if unique and verdict == oversight.CAUGHT:
            self.count(Count.CAUGHT)
        by_hand = item.triggers & items.BY_HAND
        self.end(item, Count.MANUAL if by_hand else Count.REVIEWED, ESCAPE.get(verdict))

    def end(self, item: Item, how: Count, escape: Count | None) -> None:
        """Book the end of an item; duplicates cost work and neither earn nor err."""
        if item.kind == keys.DUPLICATE:
            fallback = how == Count.FALLBACK
            self.count(Count.DUPLICATE_FALLBACK if fallback else Count.DUPLICATE_DONE)
            return
        self.count(how)
        self.by_class[item.value_class][ENDS.index(how)] += 1
        delay = (self.env.now - item.arrived) // 1000
        self.count(Count.FALLBACK_DELAY if how == Count.FALLBACK else Count.DELAY, delay)
        if escape is not None:
            self.count(escape)
            self.escaped_time.append(self.env.now)
            self.escaped_entity.append(item.entity)

    def arrivals(self, kind: int, levels: Floats) -> Steps:
        """Items of one kind arrive, one after the other."""
        packed = self.packed
        tables = (levels, packed.knots, packed.regular, packed.quantiles)
        level, interval, number = 0.0, 0, 0
        while True:
            entity = packed.workflow << keys.WORKFLOW_SHIFT | number
            when, level, interval, value_class, consequential = items.arrive(
                self.key, kind, entity, self.p, level, interval, *tables
            )
            if interval < 0:
                return
            place = _place(kind, entity)
            yield Moment(self.env).at(when, ARRIVES + place)
            self.env.process(self.item(Item(kind, entity, place, when, value_class, consequential)))
            number += 1

    def month_end(self) -> Steps:
        """Read the backlog at the end of each month and turn the page, before anything else happens then."""
        for month in range(self.month, self.packed.months):
            yield Moment(self.env).at(self.month_ends[month], PLANS)
            self.backlog[month] = self.desk.waiting
            self.month = month + 1
            self.row = self.counts[self.month]

    def start_services(self) -> None:
        """See that services start once everything due at this instant has happened (phase B)."""
        if not self.starting:
            self.starting = True
            event = Moment(self.env).at(self.env.now, START_SERVICES)
            event.callbacks.append(self._start_services)

    def _start_services(self, _: simpy.Event) -> None:
        self.starting = False
        self.ai.start()
        self.desk.start()

    def count(self, column: Count, amount: int = 1) -> None:
        """Add to a column of the present month."""
        self.row[column] += amount

    def book_work(self, begun: int, done: int, by_hand: bool) -> None:
        """Book staffed time from `begun` to `done`, both staffed, in the months in which it falls."""
        month = self.month
        while begun < done:
            end = min(done, self.staffed[month + 1]) if month < self.packed.months else done
            self.counts[month][Count.USED] += end - begun
            if by_hand:
                self.counts[month][Count.USED_BY_HAND] += end - begun
            begun = end
            month += 1

    def run(self) -> Physics:
        """Run until every item has ended, and return what was counted."""
        self.env.process(self.month_end())
        self.env.process(self.arrivals(keys.ITEM, self.packed.levels))
        self.env.process(self.arrivals(keys.DUPLICATE, self.packed.duplicate_levels))
        self.env.run()
        staffed: Ints = np.array(self.staffed[1:], np.int64) - np.array(self.staffed[:-1], np.int64)
        return Physics(
            counts=np.array(self.counts, np.int64),
            ends_by_class=np.array(self.by_class, np.int64),
            capacity=staffed * self.packed.reviewers,
            staffed=staffed,
            backlog=np.array(self.backlog, np.int64),
            waits=np.array(self.desk.waits, np.int64),
            wall_waits=np.array(self.desk.wall_waits, np.int64),
            wait_total=self.desk.wait_total,
            wall_wait_total=self.desk.wall_wait_total,
            queue_area=self.desk.area,
            escaped_time=np.array(self.escaped_time, np.int64),
            escaped_entity=np.array(self.escaped_entity, np.int64),
        )


ESCAPE = {
    oversight.MISSED: Count.ESCAPED_MISSED,
    oversight.OVERTURNED: Count.ESCAPED_OVERTURNED,
    oversight.MANUAL_WRONG: Count.ESCAPED_MANUAL,
}


def simulate(packed: Packed, seed: int, draw: int, luck: int) -> Physics:
    """Simulate one phase of one replication.

    Parameters
    ----------
    packed : Packed
        The phase.
    seed, draw, luck : int
        Seed of the study, draw of the unknowns, luck index; each below 2^32.

    Raises
    ------
    SimulationError
        A law that every replication obeys was broken.
    """
    physics = Replication(packed, np.array([seed, draw, luck, packed.phase], np.int64)).run()
    check(physics)
    return physics
