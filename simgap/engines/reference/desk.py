"""A team of people: staffed hours, priority classes, a deadline after which a waiting item leaves."""

from __future__ import annotations

import math
from functools import partial
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from simgap.engines.order import DEADLINE, PLANS, place_of
from simgap.engines.packing import Team
from simgap.engines.physics import LONGEST, OVERLONG, REVIEWERS, TeamColumns, TeamPhysics
from simgap.engines.reference.timeline import Item, Moment
from simgap.errors import SimulationError
from simgap.model import clock, items, keys, oversight, production
from simgap.model.parameters import T
from simgap.model.types import Floats, Ints

if TYPE_CHECKING:
    from simgap.engines.reference.replication import Replication


class Desk:
    """The reviewers or the specialists."""

    def __init__(self, run: Replication, number: int, team: Team, name: str, columns: TeamColumns, done: int):
        self.run = run
        self.number = number
        self.person = "specialist" if number else "reviewer"
        self.name = name
        self.columns = columns
        self.done = done  # rank of the end of a review
        self.calendar = team.calendar
        self.staff = self.planned = team.staff
        self.hired: list[tuple[int, int]] = []  # instant of the first day, heads
        self.slow = 1.0  # time that a review takes, for some still learn
        self.leaving = 0  # busy heads who go when they are done
        self.plan = list(team.plan)
        self.free = list(range(team.staff))
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
        self.staffed = [clock.staffed_time(t, self.calendar) for t in run.month_starts]
        self.capacity = [0] * run.packed.months
        self.paid_until = 0  # staffed time up to which capacity is booked
        self.backlog = [0] * run.packed.months
        for number, (when, heads) in enumerate(team.plan):
            order = PLANS + place_of(keys.TEAM, number)
            run.env.call(when, order, partial(self._turn_plan, heads))

    def t(self, item: Item) -> Floats:
        """Return the packed parameters of the team's reviews of an item."""
        t: Floats = item.flow.teams[self.number]
        return t

    def review(self, item: Item) -> Moment:
        """Return the event that the review is over, or that the item has left at its deadline."""
        run, now, t = self.run, self.run.env.now, self.t(item)
        item.words = run.words(item, int(t[T.PURPOSE]))
        hours = oversight.review_hours(item.words, t, item.triggers)
        run.count(self.columns.queued, 1, item.workflow)
        offered = oversight.occupied(hours, 0.0, t)
        if offered >= LONGEST:
            raise SimulationError(OVERLONG)
        run.count(self.columns.offered, offered, item.workflow)
        run.note(item, self.name, "schedule", reasons=item.triggers)
        item.hours = hours
        item.event = Moment(run.env)
        item.joined = now
        item.joined_staffed = clock.staffed_time(now, self.calendar)
        item.waiting = self
        urgency = len(run.packed.priority)
        for i, trigger in enumerate(run.packed.priority):
            if item.triggers & trigger:
                urgency = i
                break
        heappush(self.queue, (urgency, now, item.place, item))
        self._change(1)
        patience = oversight.patience(item.words, t)
        if patience == clock.NEVER and self._nobody_comes():
            patience = 0
        if patience < clock.NEVER:
            if t[T.WALL_DEADLINE]:
                deadline = now + patience
            else:
                deadline = clock.reached(now, item.joined_staffed + patience, self.calendar)
            self._expires(item, deadline)
        run.start_services()
        return item.event

    def start(self) -> None:
        """Start reviews while somebody is free and staffed (phase B)."""
        run, now = self.run, self.run.env.now
        while self.waiting and self.free:
            if not clock.is_staffed(now, self.calendar):
                self._wake()
                return
            item = heappop(self.queue)[3]
            if item.waiting is not self:
                continue  # left at its deadline
            self._leave(item)
            self.busy[item] = heappop(self.free)
            item.x = oversight.congestion(self.waiting, self.staff, self.t(item))
            run.note(item, self.name, "start", resource=(self.person, self.busy[item]), congestion=item.x)
            run.fold(-1 - (self.columns is not REVIEWERS), item)
            work = oversight.occupied(item.hours * self.slow, item.x, self.t(item))
            begun = clock.staffed_time(now, self.calendar)
            self._book_work(begun, begun + work, item)
            item.event.at(clock.reached(now, begun + work, self.calendar), self.done + item.place)

    def release(self, item: Item) -> None:
        """Free the reviewer of an item, or let go one who was waiting to leave."""
        if self.leaving:
            self.book_capacity()
            self.leaving -= 1
            del self.busy[item]
            return
        heappush(self.free, self.busy.pop(item))
        if self.waiting:
            self.run.start_services()

    def book_capacity(self) -> None:
        """Book the staffed hours of the heads present, up to now, in the present month."""
        month = self.run.month
        if month < len(self.capacity):
            staffed = clock.staffed_time(self.run.env.now, self.calendar)
            self.capacity[month] += (len(self.free) + len(self.busy)) * (staffed - self.paid_until)
            self.paid_until = staffed

    def physics(self) -> TeamPhysics:
        """Return what was counted."""
        ends: Ints = np.array(self.staffed, np.int64)
        return TeamPhysics(
            capacity=np.array(self.capacity, np.int64),
            staffed=ends[1:] - ends[:-1],
            backlog=np.array(self.backlog, np.int64),
            waits=np.array(self.waits, np.int64),
            wall_waits=np.array(self.wall_waits, np.int64),
            wait_total=self.wait_total,
            wall_wait_total=self.wall_wait_total,
            queue_area=self.area,
        )

    def _turn_plan(self, heads: int) -> None:
        self.plan.pop(0)
        self.planned = heads
        self.set_staff()

    def set_staff(self) -> None:
        """Change the headcount: a cut takes the idle first, and the busy finish what they do."""
        self.book_capacity()
        heads = 0 if self.run.stopped else self.planned + sum(number for _, number in self.hired)
        more = heads - self.staff
        self.staff = heads
        staying = min(max(0, more), self.leaving)
        self.leaving -= staying
        taken = {*self.free, *self.busy.values()}
        new = (number for number in range(len(taken) + heads + 1) if number not in taken)
        for _ in range(more - staying):
            heappush(self.free, next(new))
        idle = sorted(self.free)
        going = min(max(0, -more), len(idle))
        self.free = idle[: len(idle) - going]
        self.leaving += max(0, -more) - going
        self.learn()
        self.run.note_event(keys.TEAM, self.number, "headcount", "complete", **{f"{self.person}s": heads})
        self.give_up()
        self.run.start_services()

    def learn(self) -> None:
        """Set how slow the team is: those who are new do less, and the others do not make up for it."""
        run, missing = self.run, 0.0
        for since, heads in self.hired:
            missing += heads * production.learning(run.env.now - since, run.p)
        self.slow = self.staff / (self.staff - missing) if self.staff and missing > 0.0 else 1.0

    def give_up(self) -> None:
        """Let items that no deadline ends fall back, where nobody is there and nobody comes."""
        if self._nobody_comes():
            for *_, item in self.queue:
                if item.waiting is self and self.t(item)[T.DEADLINE] == math.inf:
                    self._expires(item, self.run.env.now)

    def _nobody_comes(self) -> bool:
        """Return whether nobody is on the staff, now or later."""
        if self.staff:
            return False
        if self.run.stopped:
            return True
        hiring = self.number == 0 and self.run.production.may_hire()
        return not hiring and not any(heads for _, heads in self.plan)

    def _book_work(self, begun: int, done: int, item: Item) -> None:
        """Book staffed time from `begun` to `done`, both staffed, in the months in which it falls."""
        run, month = self.run, self.run.month
        counts = run.counts[item.workflow]
        while begun < done:
            end = min(done, self.staffed[month + 1]) if month < run.packed.months else done
            counts[month][self.columns.used] += end - begun
            if item.triggers & items.BY_HAND:
                counts[month][self.columns.by_hand] += end - begun
            begun = end
            month += 1

    def _wake(self) -> None:
        """See that services start when the team is next staffed."""
        opens_at = clock.next_opening(self.run.env.now, self.calendar)
        if opens_at != self.opens_at:
            self.opens_at = opens_at
            self.run.env.call(opens_at, PLANS, self.run.start_services)

    def _expires(self, item: Item, deadline: int) -> None:
        self.run.env.call(deadline, DEADLINE + item.place, lambda: self._expire(item))

    def _expire(self, item: Item) -> None:
        """Let an item that still waits at its deadline leave at once (phase C)."""
        if item.waiting is self:
            self._leave(item)
            if len(self.queue) > 2 * self.waiting:  # forget those who have left, once they are the most
                self.queue = [entry for entry in self.queue if entry[3].waiting is self]
                heapify(self.queue)
            self.run.note(item, self.name, "withdraw")
            item.event.at(self.run.env.now, DEADLINE + item.place)

    def _leave(self, item: Item) -> None:
        item.waiting = None
        self._change(-1)
        wait = clock.staffed_time(self.run.env.now, self.calendar) - item.joined_staffed
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
