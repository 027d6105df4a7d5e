"""One phase of one replication: begin with `Replication.item`, the way of one work item.

An engine decides only when things happen; what happens is decided by the rules in `simgap.model`.
"""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import simpy

from simgap.engines.arrivals import drawn_levels
from simgap.engines.log import Entry
from simgap.engines.order import (
    ARRIVES,
    PLANS,
    REVIEW_DONE,
    SPECIALIST_DONE,
    START_SERVICES,
    fingerprint,
)
from simgap.engines.packing import TRIGGER_BITS, Flow, Packed
from simgap.engines.physics import (
    ENDS,
    LEGACY,
    LONGEST,
    MOST_ITEMS,
    OVERLONG,
    REVIEWERS,
    SPECIALISTS,
    TRIGGER_COLUMNS,
    Count,
    Physics,
    check,
    outgrown,
)
from simgap.engines.reference.desk import Desk
from simgap.engines.reference.governance import Governance
from simgap.engines.reference.production import Production
from simgap.engines.reference.stage import AiStage, Server
from simgap.engines.reference.timeline import Item, Moment, Steps, Timeline
from simgap.errors import SimulationError
from simgap.model import clock, governance, integration, items, keys, oversight, production
from simgap.model.parameters import P
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import Words, unit

ESCAPE = {
    oversight.MISSED: Count.ESCAPED_MISSED,
    oversight.OVERTURNED: Count.ESCAPED_OVERTURNED,
    oversight.MANUAL_WRONG: Count.ESCAPED_MANUAL,
}


class Replication:
    """One phase of one replication."""

    def __init__(self, packed: Packed, key: Ints, log: list[Entry] | None = None):
        self.env = Timeline()
        self.packed = packed
        self.p: Floats = packed.p
        self.key = key
        self.log = log
        self.counts = [[[0] * len(Count) for _ in range(packed.months + 1)] for _ in packed.workflows]
        self.month = packed.go_live // clock.MONTH
        classes = max(len(flow.quantiles) for flow in packed.workflows) + 1
        self.by_class = [[[0] * len(ENDS) for _ in range(classes)] for _ in packed.workflows]
        self.joins = packed.joins
        self.escaped_time = array("q")
        self.escaped_entity = array("q")
        self.escaped_edge: dict[int, int] = {}  # type of edge case by item
        self.end_of_arrivals = int(packed.knots[-1])  # a pilot may end within a month
        self.month_starts: list[int] = packed.month_starts.tolist()
        self.before_ai = 0
        self.before_ai_peak = 0
        self.inside = 0  # items and duplicates that have arrived and not ended
        self.fingerprint = 0
        step = integration.connector_time(self.p)
        self.connector = Server(self, "connector", 1, lambda _: step) if step else None
        self.ai = AiStage(self, packed.concurrency)
        self.stopped = False
        self.production = Production(self)
        self.reviewers = Desk(self, 0, packed.reviewers, "review", REVIEWERS, REVIEW_DONE)
        self.specialists = Desk(self, 1, packed.specialists, "specialist", SPECIALISTS, SPECIALIST_DONE)
        self.governance = Governance(self)
        self.starting = False

    def item(self, item: Item) -> Steps:
        """The way of one work item, from its arrival to its end."""
        key, kind, entity, p, workflow = self.key, item.kind, item.entity, item.p, item.workflow
        unique = kind == keys.ITEM
        if self.inside == MOST_ITEMS:
            raise outgrown(MOST_ITEMS)
        self.inside += 1
        self.count(Count.ARRIVED if unique else Count.DUPLICATES, 1, workflow)
        item.level = self.governance.level
        if item.level == governance.SUSPENDED:
            self.note_arrival(item)
            self.end(item, Count.SUSPENDED, None)
            return
        if unit(self.words(item, keys.ARRIVAL)[1]) >= self.production.adopted(item):
            self.note_arrival(item)
            self.end(item, Count.DECLINED, None)
            return

        item.defects, item.flags, item.edge, exception = items.inspect(
            key,
            kind,
            entity,
            p,
            item.flow.cumulative,
            self.production.broken[workflow],
            production.connected(self.env.now, self.joins),
        )
        edge = item.edge != items.ORDINARY
        self.note_arrival(item, item.defects, exception, edge)
        if unique and edge:
            self.count(Count.EDGE_CASES, 1, workflow)
        if unique and exception:
            self.count(Count.EXCEPTIONS, 1, workflow)

        item.triggers = items.EXCEPTION
        if not exception:
            if self.connector:
                yield self.connector.serve(item)
                self.connector.release()
                self.note(item, "connector", "complete")
            if not self.ai.up and item.flags & items.LOST:
                yield self.ai.lose(item)
                self.note(item, "AI", "withdraw")
                self.end(item, Count.LOST, None)
                return
            yield self.ai.serve(item)
            self.ai.release()
            self.count(Count.AI_SERVED, 1, workflow)
            unhandled = self.production.unhandled(item)
            item.triggers = items.EDGE
            if unhandled and item.flags & items.RECOGNISED:
                self.note(item, "AI", "complete", handed_over=True)
            else:
                self.decide(item, unhandled)
                self.note(item, "AI", "complete", right=item.right)
                if unique:
                    self.count(Count.AI_DECISIONS, 1, workflow)
                    self.count(Count.AI_RIGHT, int(item.right), workflow)
                if not item.triggers:
                    self.end(item, Count.STRAIGHT, None if item.right else Count.ESCAPED_STRAIGHT)
                    return
        for bit, column in enumerate(TRIGGER_COLUMNS):
            if item.triggers >> bit & 1:
                self.count(column, 1, workflow)

        desk = self.reviewers
        yield desk.review(item)
        if item in desk.busy and oversight.is_escalated(item.words, p):
            desk.release(item)
            self.note(item, desk.name, "complete", verdict="escalated")
            desk = self.specialists
            yield desk.review(item)
        if item not in desk.busy:
            self.count(desk.columns.missed, 1, workflow)
            self.end(item, Count.FALLBACK, None)
            return
        desk.release(item)
        verdict = oversight.verdict(
            item.words, desk.t(item), p, item.triggers, item.flags, item.right, item.hardness, item.x
        )
        self.note(item, desk.name, "complete", verdict=verdict)
        if unique and verdict == oversight.CAUGHT:
            self.count(Count.CAUGHT, 1, workflow)
        by_hand = item.triggers & items.BY_HAND
        if item.triggers & items.AUDIT:
            self.production.audited(item)
        if unique and verdict != oversight.MISSED:
            self.production.example(workflow, item.edge)
        self.end(item, Count.MANUAL if by_hand else Count.REVIEWED, ESCAPE.get(verdict))

    def decide(self, item: Item, unhandled: bool) -> None:
        """Let the AI decide on an item, and see who must look at that."""
        words, p = self.words(item, keys.DECISION), item.p
        item.flags |= items.decision_flags(words, self.words(item, keys.LATENCY), p)
        item.hardness = normal_quantile(unit(words[0]))
        lost = items.penalty(item.defects, unhandled, p) + self.production.drift()
        item.right = items.ease(unit(words[1]), item.hardness, p) > lost
        triggers = items.triggers_of(
            unit(words[2]),
            item.right,
            unhandled,
            item.flags,
            item.consequential,
            item.value_class,
            p,
            self.production.cuts[item.workflow],
        )
        item.triggers = items.at_level(triggers, item.level)

    def end(self, item: Item, how: Count, escape: Count | None) -> None:
        """Book the end of an item; duplicates cost work and neither earn nor err."""
        duplicate = item.kind == keys.DUPLICATE
        self.note(item, "end", "complete", outcome=how, escaped=None if duplicate else escape)
        legacy = how in LEGACY
        self.fold(int(how), item)
        self.inside -= 1
        workflow = item.workflow
        if duplicate:
            self.count(Count.DUPLICATE_FALLBACK if legacy else Count.DUPLICATE_DONE, 1, workflow)
            return
        self.count(how, 1, workflow)
        self.by_class[workflow][item.value_class][ENDS.index(how)] += 1
        delay = (self.env.now - item.arrived) // 1000
        if delay >= LONGEST // 1000:
            raise SimulationError(OVERLONG)
        self.count(Count.LEGACY_DELAY if legacy else Count.DELAY, delay, workflow)
        if escape is not None:
            self.count(escape, 1, workflow)
            self.escaped_time.append(self.env.now)
            self.escaped_entity.append(item.entity)
            self.escaped_edge[item.entity] = item.edge
            self.governance.escaped(item)

    def arrivals(self, number: int, kind: int, levels: Floats) -> Steps:
        """Items of one kind arrive in a workflow, one after the other."""
        packed, flow = self.packed, self.packed.workflows[number]
        p, first = flow.p, number << keys.WORKFLOW_SHIFT
        levels = drawn_levels(self.key, levels, packed.knots, packed.go_live, p[P.DAY_CV], number)
        tables = (levels, packed.knots, flow.regular)
        level, interval, entity = 0.0, 0, first
        while True:
            words = keys.item_words(self.key, kind, entity, keys.ARRIVAL)
            when, level, interval = items.arrive(words, entity, p, level, interval, *tables)
            if interval < 0:
                return
            item = Item(flow, kind, entity, when, *items.stakes(words, p, flow.quantiles))
            yield Moment(self.env).at(when, ARRIVES + item.place)
            self.env.process(self.item(item))
            entity += 1

    def opening_backlog(self, number: int) -> Steps:
        """Items that already wait arrive at once, when the workflow starts."""
        flow = self.packed.workflows[number]
        first = number << keys.WORKFLOW_SHIFT | keys.FIRST_WAITING
        for entity in range(first, first + flow.waiting):
            words = keys.item_words(self.key, keys.ITEM, entity, keys.ARRIVAL)
            stakes = items.stakes(words, flow.p, flow.quantiles)
            item = Item(flow, keys.ITEM, entity, flow.waiting_from, *stakes)
            yield Moment(self.env).at(flow.waiting_from, ARRIVES + item.place)
            self.env.process(self.item(item))

    def month_end(self) -> Steps:
        """Read the backlog at the end of each month and turn the page, before anything else happens then."""
        for month in range(self.month, self.packed.months):
            yield Moment(self.env).at(self.month_starts[month + 1], PLANS)
            for desk in (self.reviewers, self.specialists):
                desk.backlog[month] = desk.waiting
                desk.book_capacity()
            self.governance.book_time()
            self.production.month_end(month)
            self.month = month + 1

    def waits_for_ai(self, step: int) -> None:
        """Count an item that begins or ceases to wait for the connector or the AI stage."""
        self.before_ai += step

    def start_services(self) -> None:
        """See that services start once everything due at this instant has happened (phase B)."""
        if not self.starting:
            self.starting = True
            event = Moment(self.env).at(self.env.now, START_SERVICES)
            event.callbacks.append(self._start_services)

    def _start_services(self, _: simpy.Event) -> None:
        self.starting = False
        if self.connector:
            self.connector.start()
        self.ai.start()
        self.before_ai_peak = max(self.before_ai_peak, self.before_ai)
        self.reviewers.start()
        self.specialists.start()
        self.production.start()

    def words(self, item: Item, purpose: int) -> Words:
        """Return the random words of an item for a purpose."""
        return keys.item_words(self.key, item.kind, item.entity, purpose)

    def flow_of(self, entity: int) -> Flow:
        """Return the workflow of an item."""
        return self.packed.workflows[entity >> keys.WORKFLOW_SHIFT]

    def count(self, column: Count, amount: int = 1, workflow: int = 0) -> None:
        """Add to a column of the present month."""
        self.counts[workflow][self.month][column] += amount

    def fold(self, what: int, item: Item) -> None:
        """Add an event to the fingerprint of this history."""
        self.fingerprint = fingerprint(self.fingerprint, self.env.now, what, item.place)

    def note(self, item: Item, activity: str, transition: str, **detail: Any) -> None:
        """Write down what happens to an item, where somebody wants to read it."""
        if self.log is not None:
            self.note_event(item.kind, item.entity, activity, transition, **detail)

    def note_arrival(
        self, item: Item, defects: int | None = None, exception: bool = False, edge: bool = False
    ) -> None:
        """Write down an arrival; what a suspended item is like is never looked at."""
        if self.log is None:
            return
        seen = (
            {}
            if defects is None
            else {"defects": defects, "exception": bool(exception), "edge_case": bool(edge)}
        )
        self.note(
            item,
            "arrival",
            "complete",
            value_class=int(item.value_class),
            consequential=bool(item.consequential),
            level=item.level,
            **seen,
        )

    def note_event(self, kind: int, entity: int, activity: str, transition: str, **detail: Any) -> None:
        """Write down what happens, in words."""
        if self.log is not None:
            said = {name: WORDS[name](value) if name in WORDS else value for name, value in detail.items()}
            self.log.append(Entry(self.env.now, kind, entity, activity, transition, said))

    def run(self) -> Physics:
        """Run until every item has ended, and return what was counted."""
        self.env.process(self.month_end())
        for number, flow in enumerate(self.packed.workflows):
            self.env.process(self.opening_backlog(number))
            self.env.process(self.arrivals(number, keys.ITEM, flow.levels))
            self.env.process(self.arrivals(number, keys.DUPLICATE, flow.duplicate_levels))
        self.env.process(self.ai.outages())
        self.production.begin()
        self.governance.begin()
        self.env.run()
        incidents: Ints = np.array(self.governance.incidents, np.int64).reshape(-1, 3)
        return Physics(
            counts=np.array(self.counts, np.int64),
            ends_by_class=np.array(self.by_class, np.int64),
            reviewers=self.reviewers.physics(),
            specialists=self.specialists.physics(),
            level_time=np.array(self.governance.level_time, np.int64),
            ai_backlog_peak=self.before_ai_peak,
            fingerprint=self.fingerprint,
            escaped_time=np.array(self.escaped_time, np.int64),
            escaped_entity=np.array(self.escaped_entity, np.int64),
            incident_time=incidents[:, 0],
            incident_entity=incidents[:, 1],
            incident_failed=incidents[:, 2],
            changes_open=np.array(self.production.changes_open, np.int64),
            drift=np.array(self.production.drift_read),
            detections=np.array(self.production.spells(), np.int64).reshape(-1, 3),
        )


def _listed(words: tuple[str, ...]) -> Any:
    """Return a function that turns bits into a tuple of words."""
    return lambda bits: tuple(word for i, word in enumerate(words) if bits >> i & 1)


VERDICTS = ("confirmed", "caught", "missed", "overturned", "right by hand", "wrong by hand")
# How the log says in words what the engine keeps as numbers.
WORDS = {
    "level": governance.LEVELS.__getitem__,
    "defects": _listed(("missing", "format", "schema", "stale")),
    "reasons": _listed(tuple(TRIGGER_BITS)),
    "failed": _listed(("explainable", "reviewable", "correctable")),
    "verdict": lambda verdict: verdict if isinstance(verdict, str) else VERDICTS[verdict],
    "resource": lambda who: f"{who[0]} {who[1] + 1}",
    "outcome": lambda how: how.name.lower(),
    "escaped": lambda escape: escape.name.removeprefix("ESCAPED_").lower() if escape else "",
}


def simulate(packed: Packed, seed: int, draw: int, luck: int, log: list[Entry] | None = None) -> Physics:
    """Simulate one phase of one replication.

    Parameters
    ----------
    packed : Packed
        The phase.
    seed, draw, luck : int
        Seed of the study, draw of the unknowns, luck index; each below 2^32.
    log : list of Entry, optional
        Where to write down everything that happens.

    Raises
    ------
    SimulationError
        A law that every replication obeys was broken, or a time is too long.
    BacklogLimit
        More items were in the system at once than are simulated.
    """
    physics = Replication(packed, np.array([seed, draw, luck, packed.phase], np.int64), log).run()
    check(physics)
    return physics
