"""Incidents surface, problems stay open, and the organisation changes what it leaves to the AI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simgap.engines.order import (
    CLOSES,
    COUNTS_AGAIN,
    EXPIRES,
    GOVERNANCE,
    LAST,
    PROBATION_ENDS,
    SURFACES,
    place_of,
)
from simgap.engines.reference.timeline import Item
from simgap.model import clock, governance, keys
from simgap.model.parameters import P
from simgap.model.without import is_lifted, taken_out

if TYPE_CHECKING:
    from simgap.engines.reference.replication import Replication


class Governance:
    """The autonomy ladder of the organisation."""

    def __init__(self, run: Replication):
        self.run = run
        self.level = governance.AUTONOMOUS
        self.open_problems = 0
        self.recent = 0
        self.suspended = False
        self.probation_until = 0
        self.changed = 0
        self.level_time = [[0] * len(governance.LEVELS) for _ in range(run.packed.months)]
        self.incidents: list[tuple[int, int, int]] = []  # instant, item, failed properties
        self.without = run.packed.removed

    def begin(self) -> None:
        """After each restriction that is taken out, the ladder counts again."""
        for row, (kind, _, end) in enumerate(self.run.packed.without):
            if kind == keys.RESTRICTION:
                order = GOVERNANCE + place_of(COUNTS_AGAIN, LAST | row)
                self.run.env.call(end, order, lambda: self.settle(0))

    def escaped(self, item: Item) -> None:
        """An error has escaped; a consequential one may surface."""
        if item.consequential:
            run = self.run
            after = governance.surfaces_after(run.key, item.entity, item.p)
            if after < clock.NEVER and not taken_out(self.without, keys.INCIDENT, item.entity):
                self._later(SURFACES, item.entity, after)

    def book_time(self) -> None:
        """Book the time since the last change at the present level and month."""
        run = self.run
        if run.month < run.packed.months:
            self.level_time[run.month][self.level] += run.env.now - self.changed
            self.changed = run.env.now

    def _later(self, what: int, entity: int, after: int) -> None:
        run = self.run
        action = (self._surface, self._close, self._expire, self.settle)[what]
        run.env.call(run.env.now + after, GOVERNANCE + place_of(what, entity), lambda: action(entity))

    def _surface(self, entity: int) -> None:
        run = self.run
        failed = governance.failures(run.key, entity, run.flow_of(entity).p)
        self.incidents.append((run.env.now, entity, failed))
        run.note_event(keys.INCIDENT, entity, "incident", "complete", failed=failed)
        self.recent += 1
        self._later(EXPIRES, entity, run.packed.incident_window)
        if failed:
            self.open_problems += 1
            run.note_event(keys.INCIDENT, entity, "problem", "start")
            self._later(CLOSES, entity, governance.problem_time(run.key, entity, failed, run.p))
        self.suspended |= self.recent >= run.p[P.SUSPEND]
        self.settle(entity)
        run.production.incident(entity)

    def _close(self, entity: int) -> None:
        self.open_problems -= 1
        self.run.note_event(keys.INCIDENT, entity, "problem", "complete")
        self.settle(entity)

    def _expire(self, entity: int) -> None:
        self.recent -= 1
        self.settle(entity)

    def settle(self, entity: int) -> None:
        """Set the level that follows from what is the case now."""
        run, now = self.run, self.run.env.now
        if self.suspended and not governance.stays_suspended(self.open_problems, self.recent, run.p):
            self.suspended = False
            self.probation_until = now + run.packed.probation
            self._later(PROBATION_ENDS, entity, run.packed.probation)
        level = governance.level_of(
            self.open_problems,
            self.recent,
            self.suspended or run.stopped,
            now < self.probation_until,
            run.p,
        )
        if not run.stopped and is_lifted(self.without, now):
            level = governance.AUTONOMOUS
        if level != self.level:
            if level > max(self.level, governance.GUARDED):
                run.production.restricted()
            self.book_time()
            self.level = level
            run.note_event(
                keys.INCIDENT,
                entity,
                "autonomy level",
                "complete",
                level=level,
                open_problems=self.open_problems,
                recent_incidents=self.recent,
            )
