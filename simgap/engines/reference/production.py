"""What production does besides single items: drift and its detection, news, changes, adoption, hiring."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from simgap.engines.order import CHANGES, COME, LOOK, OUTAGES, PLANS, STOP, place_of
from simgap.engines.physics import CHANGES as BEGUN
from simgap.engines.physics import Count
from simgap.engines.reference.timeline import Item, Moment, Steps
from simgap.model import chart, clock, items, keys, oversight, production, solving
from simgap.model.parameters import P
from simgap.model.production import BEFORE_TYPES, CONNECTOR, MODEL, OF_MODEL, OF_SOURCE
from simgap.model.types import Floats
from simgap.model.without import taken_out

if TYPE_CHECKING:
    from simgap.engines.reference.replication import Replication


@dataclass
class Cause:
    """What a change may be asked for: a source, the model, or a type of edge case."""

    column: int
    handled: bool = False
    examples: int = 0
    open: bool = False  # a change is asked for and not done
    void: bool = False  # it is of what is no more
    requested: int = 0
    occasion: int = 0  # changes begun before
    present: float = 0.0  # broken connections, or drift, when it began


class Production:
    """The organisation in which the items go their way."""

    def __init__(self, run: Replication):
        self.run = run
        flows = run.packed.workflows
        self.p: Floats = run.packed.p
        self.cuts = [flow.cuts.copy() for flow in flows]
        self.broken = [0] * len(flows)
        self.offset = 0.0  # of the drift
        self.causes: dict[tuple[int, int], Cause] = {}
        self.waiting: list[tuple[int, int]] = []  # changes asked for and not begun
        self.under_way = 0
        self.changes_open = [0] * run.packed.months
        self.drift_read = [0.0] * run.packed.months
        self.incidents = 0  # since one of them asked for a retraining
        # The chart: audits and faults since it began, and what follows from them.
        self.watching = self.p[P.CHARTED] > 0.5 and not run.stopped
        self.audits = self.faults = self.watched_since = 0
        self.estimate_at = int(self.p[P.BASELINE])  # audits
        self.score, self.rate, self.threshold = 0.0, 0.0, math.inf
        # Spells of drift; the present one begins here, unless it is -1.
        self.detections: list[tuple[int, int, int]] = []
        self.spell = 0 if self.p[P.EROSION] > 0.0 else -1
        self.detected = False
        self.lost, self.lost_since = 0.0, 0  # trust
        self.coming = self.ordered = 0  # reviewers
        self.last_look = (run.end_of_arrivals - 1) // clock.WEEK * clock.WEEK

    def begin(self) -> None:
        """Put on the calendar what is known before anything happens."""
        run = self.run
        run.env.process(self._news(keys.SHOCK, 0, self.p[P.SHOCKS], 0, self._shock))
        for number, flow in enumerate(run.packed.workflows):
            changes, births = flow.p[P.SCHEMA_CHANGES], flow.p[P.BIRTHS]
            run.env.process(self._news(keys.SCHEMA_CHANGE, number, changes, flow.joins, self._schema))
            run.env.process(self._news(keys.BIRTH, number, births, flow.joins, self._birth))
        if self.p[P.HIRE_MAX] > 0.0:
            run.env.process(self._looks())
        run.env.call(run.packed.stops_at, PLANS + place_of(keys.TEAM, STOP), self._stop)

    def _news(
        self, kind: int, workflow: int, a_year: float, since: int, happen: Callable[[int], None]
    ) -> Steps:
        """Let something happen again and again, from when its workflow joins until arrivals end."""
        run, entity, when = self.run, workflow << keys.WORKFLOW_SHIFT, since
        while True:
            when += production.next_after(run.key, kind, entity, a_year)
            if when >= run.end_of_arrivals:
                return
            yield Moment(run.env).at(when, OUTAGES + place_of(kind, entity))
            happen(entity)
            entity += 1

    # Drift, and the chart that may show it.

    def drift(self) -> float:
        """Return the log-odds that drift has taken by now."""
        return production.drift_at(self.run.env.now, self.offset, self.p)

    def _shock(self, entity: int) -> None:
        self.offset += self.p[P.SHOCK_SIZE]
        self.run.count(Count.SHOCKS)
        self.run.note_event(keys.SHOCK, entity, "shock", "complete")
        self._drifts()

    def _drifts(self) -> None:
        """A spell of drift begins, unless one is under way or known."""
        if self.spell < 0 and not self.detected and not self._is_over():
            self.spell = self.run.env.now

    def _is_over(self) -> bool:
        """Return whether nobody asks for changes or watches any more: at the window's end, or the AI's."""
        return self.run.stopped or self.run.env.now >= self.run.end_of_arrivals

    def audited(self, item: Item) -> None:
        """Count an audit that was done, and enter it in the chart."""
        run, now = self.run, self.run.env.now
        faulty = oversight.faulted(item.right, item.flags)
        run.count(Count.AUDITED, 1, item.workflow)
        run.count(Count.AUDIT_FAULTED, int(faulty), item.workflow)
        if not self.watching:
            return
        self.audits += 1
        self.faults += faulty
        if self.threshold < math.inf:
            self.score = chart.chart_step(self.score, faulty, self.rate, self.p[P.DETECTS])
        if self.score < self.threshold:
            # What is normal is estimated again whenever there are twice as many audits to tell it from.
            if self.audits == self.estimate_at:
                self.estimate_at *= 2
                self.rate = production.in_control(self.faults, self.audits)
                run_length = production.audits_in(self.p[P.RUN_LENGTH], self.audits, now - self.watched_since)
                self.threshold = chart.chart_threshold(self.rate, self.p[P.DETECTS], run_length)
            return
        run.count(Count.ALARMS)
        run.note_event(keys.CHANGE, OF_MODEL, "alarm", "complete")
        if self.spell < 0:
            run.count(Count.FALSE_ALARMS)
        else:
            self.detections.append((self.spell, now, 1))
        self.spell, self.detected, self.watching = -1, True, False
        self._request(0, OF_MODEL)

    def spells(self) -> list[tuple[int, int, int]]:
        """Return all spells of drift: (begin, end, whether it was detected)."""
        last = [(self.spell, self.run.end_of_arrivals, 0)] if self.spell >= 0 else []
        return self.detections + last

    def incident(self, entity: int) -> None:
        """An incident shows an example, and may be one too many."""
        self.example(entity >> keys.WORKFLOW_SHIFT, self.run.escaped_edge[entity])
        self.incidents += 1
        if self.incidents >= self.p[P.RETRAIN_AFTER]:
            self.incidents = 0
            self._request(0, OF_MODEL)

    def month_end(self, month: int) -> None:
        """Read what is read at the end of each month."""
        self.changes_open[month] = len(self.waiting) + self.under_way
        self.drift_read[month] = self.drift()

    # Sources, types of edge case, and the changes that they ask for.

    def _cause(self, workflow: int, column: int) -> Cause:
        if (workflow, column) not in self.causes:
            handled = BEFORE_TYPES < column <= BEFORE_TYPES + self.run.packed.workflows[workflow].p[P.HANDLED]
            self.causes[workflow, column] = Cause(column, handled=handled)
        return self.causes[workflow, column]

    def _schema(self, entity: int) -> None:
        workflow = entity >> keys.WORKFLOW_SHIFT
        if taken_out(self.run.packed.removed, keys.SCHEMA_CHANGE, entity):
            return
        self.run.count(Count.SCHEMA_CHANGES, 1, workflow)
        self.run.note_event(keys.SCHEMA_CHANGE, entity, "schema change", "complete")
        self.broken[workflow] += 1
        self._request(workflow, OF_SOURCE)

    def _birth(self, entity: int) -> None:
        workflow = entity >> keys.WORKFLOW_SHIFT
        types = int(self.run.packed.workflows[workflow].p[P.TYPES])
        rank = production.born_type(self.run.key, entity, types)
        self.run.count(Count.BIRTHS, 1, workflow)
        self.run.note_event(keys.BIRTH, entity, "new edge-case type", "complete", rank=rank)
        cause = self._cause(workflow, BEFORE_TYPES + rank)
        cause.handled, cause.examples, cause.void = False, 0, cause.open

    def unhandled(self, item: Item) -> bool:
        """Return whether an item is an edge case of a type that is not handled now."""
        if item.edge > items.ONCE:
            return not self._cause(item.workflow, BEFORE_TYPES + item.edge).handled
        return item.edge == items.ONCE

    def example(self, workflow: int, edge: int) -> None:
        """A person has seen an item for what it is."""
        if edge > items.ONCE:
            cause = self._cause(workflow, BEFORE_TYPES + edge)
            cause.examples += 1
            if (
                not cause.handled
                and cause.examples >= self.run.packed.workflows[workflow].p[P.EXAMPLES_NEEDED]
            ):
                self._request(workflow, cause.column)

    def _request(self, workflow: int, column: int) -> None:
        """Ask for a change, unless it is asked for already."""
        cause = self._cause(workflow, column)
        if not cause.open and not self._is_over():
            cause.open, cause.void, cause.requested = True, False, self.run.env.now
            self.waiting.append((workflow, column))
            self._note(workflow, column, "schedule")
            self.run.start_services()

    def start(self) -> None:
        """Begin changes while there is room for one more (phase B)."""
        run, now = self.run, self.run.env.now

        def urgency(which: tuple[int, int]) -> tuple[int, int, int, int]:
            cause = self.causes[which]
            return production.kind_of_change(cause.column), cause.requested, *which

        while self.waiting and self.under_way < self.p[P.IN_PARALLEL] and not self._is_over():
            workflow, column = min(self.waiting, key=urgency)
            self.waiting.remove((workflow, column))
            self.under_way += 1
            cause = self.causes[workflow, column]
            kind = production.kind_of_change(column)
            if kind == CONNECTOR:
                cause.present = self.broken[workflow]
            elif kind == MODEL:
                cause.present = self.drift()
            run.count(BEGUN[kind], 1, workflow)
            self._note(workflow, column, "start")
            entity = workflow << keys.WORKFLOW_SHIFT | column
            connected = production.connected(now, run.joins)
            after = production.lead_time(run.key, entity, cause.occasion, connected, self.p)
            cause.occasion += 1
            order = CHANGES + place_of(keys.CHANGE, entity)
            run.env.call(now + after, order, partial(self._done, workflow, column))

    def _done(self, workflow: int, column: int) -> None:
        """A change is in production."""
        run, cause = self.run, self.causes[workflow, column]
        self.under_way -= 1
        cause.open = False
        run.count(Count.CHANGES_DONE, 1, workflow)
        run.count(Count.CHANGE_LEAD, (run.env.now - cause.requested) // 1000, workflow)
        self._note(workflow, column, "complete")
        kind = production.kind_of_change(column)
        if kind == CONNECTOR:
            self.broken[workflow] -= int(cause.present)
            if self.broken[workflow]:
                self._request(workflow, column)
        elif kind == MODEL:
            self._retrained(cause.present)
        elif not cause.void:
            cause.handled = True
        run.start_services()

    def _retrained(self, present: float) -> None:
        """A new model: less drift, new thresholds, and a chart that begins again."""
        run, now = self.run, self.run.env.now
        self.offset -= self.p[P.RETRAINING_REMOVES] * present
        for number, flow in enumerate(run.packed.workflows):
            solving.solve_cuts(
                flow.defects,
                items.edge_share(production.connected(now, run.joins), flow.p),
                self._handled_share(number),
                self.drift(),
                flow.p,
                flow.p,
                solving.HARDNESS_NODES,
                solving.HARDNESS_WEIGHTS,
                np.zeros((3, 32)),
                self.cuts[number],
            )
        if self.spell >= 0:
            self.detections.append((self.spell, now, 0))
        self.spell, self.detected = -1, False
        if production.still_drifts(self.drift(), self.p):
            self._drifts()
        self.watching = self.p[P.CHARTED] > 0.5 and not run.stopped
        self.audits = self.faults = 0
        self.estimate_at = int(self.p[P.BASELINE])
        self.watched_since = now
        self.score, self.threshold = 0.0, math.inf

    def _handled_share(self, workflow: int) -> float:
        """Return the share of edge cases that are of a type handled now."""
        flow = self.run.packed.workflows[workflow]
        total, below = 0.0, 0.0
        for rank, reached in enumerate(flow.cumulative, 1):
            if self._cause(workflow, BEFORE_TYPES + rank).handled:
                total += reached - below
            below = reached
        return float((1.0 - flow.p[P.NEVER_REPEATS]) * total)

    def _note(self, workflow: int, column: int, transition: str) -> None:
        entity = workflow << keys.WORKFLOW_SHIFT | column
        self.run.note_event(keys.CHANGE, entity, "change", transition)

    # Trust, and the people.

    def adopted(self, item: Item) -> float:
        """Return the share of the work of an item's workflow that reaches the AI now."""
        began = item.flow.waiting_from
        return production.adopted_share(self.run.env.now, began, self.lost, self.lost_since, item.p)

    def restricted(self) -> None:
        """A restriction dents trust."""
        now = self.run.env.now
        self.lost = production.dented(self.lost, self.lost_since, now, self.p)
        self.lost_since = now

    def may_hire(self) -> bool:
        """Return whether reviewers are coming, or may yet be hired."""
        more = self.ordered < self.p[P.HIRE_MAX] and self.run.env.now < self.last_look
        return self.coming > 0 or (more and self.p[P.HIRE_ABOVE] < math.inf)

    def _looks(self) -> Steps:
        """Look at the backlog every week, and hire if there is too much of it."""
        run, desk = self.run, self.run.reviewers
        for week in range(1, self.last_look // clock.WEEK + 1):
            yield Moment(run.env).at(week * clock.WEEK, PLANS + place_of(keys.TEAM, LOOK + week))
            desk.learn()
            if run.stopped:
                return
            t = run.packed.workflows[0].teams[0]
            heads = production.hires_wanted(desk.waiting, desk.staff, self.coming, self.ordered, self.p, t)
            if heads:
                self.coming += heads
                self.ordered += heads
                first_day = run.env.now + production.hire_time(self.p)
                order = PLANS + place_of(keys.TEAM, COME + week)
                run.env.call(first_day, order, partial(self._come, heads))
        desk.give_up()

    def _come(self, heads: int) -> None:
        """Reviewers have their first day."""
        run = self.run
        self.coming -= heads
        if not run.stopped:
            run.count(Count.HIRED, heads)
            run.reviewers.hired.append((run.env.now, heads))
            run.reviewers.set_staff()

    def _stop(self) -> None:
        """The AI is given up: everything goes the legacy way, and the teams go when they are done."""
        run = self.run
        run.stopped, self.watching = True, False
        if self.spell >= 0:
            self.detections.append((self.spell, run.env.now, 0))
            self.spell = -1
        run.note_event(keys.TEAM, STOP, "stop", "complete")
        run.governance.settle(0)
        run.reviewers.set_staff()
        run.specialists.set_staff()
