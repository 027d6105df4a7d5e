"""Both engines on one case: whether they find the same, and the first event at which they differ."""

import contextlib
import dataclasses
from unittest import mock

import numpy as np

from simgap.engines import compiled, order, reference
from simgap.engines.compiled import engine, layout, loop
from simgap.engines.compiled.heap import ORDER
from simgap.engines.compiled.layout import AGENDA, A, D, G, R
from simgap.engines.physics import Count
from simgap.engines.reference import replication
from simgap.engines.reference.timeline import Timeline
from simgap.errors import SimulationError
from simgap.model import keys
from simgap.model.clock import NEVER
from simgap.model.parameters import P
from simgap.model.production import BEFORE_TYPES, OF_MODEL, OF_SOURCE

RANKS = {
    order.PLANS: "plan",
    order.OUTAGES: "outage",
    order.GOVERNANCE: "governance",
    order.CHANGES: "change",
    order.SPECIALIST_DONE: "specialist's review over",
    order.REVIEW_DONE: "review over",
    order.AI_DONE: "connector or AI over",
    order.ARRIVES: "arrival",
    order.START_SERVICES: "services start",
    order.DEADLINE: "deadline",
}
KINDS = {
    keys.ITEM: "item",
    keys.DUPLICATE: "duplicate",
    keys.OUTAGE: "outage",
    keys.TEAM: "team's change",
    keys.SHOCK: "shock",
    keys.SCHEMA_CHANGE: "schema change",
    keys.BIRTH: "birth",
    keys.CHANGE: "of",
}
MOST = 20  # entries of one event that are shown
MODEL = 0, OF_MODEL  # of what retrainings are
GOVERNANCE = (
    "incident surfaces",
    "problem closes",
    "incident is no longer recent",
    "probation ends",
    "the ladder counts again",
)


def fields(physics, prefix=""):
    """Return every field of what an engine counted, by name; those of teams as ``reviewers.waits``."""
    found = {}
    for field in dataclasses.fields(physics):
        value = getattr(physics, field.name)
        if dataclasses.is_dataclass(value):
            found |= fields(value, f"{field.name}.")
        else:
            found[prefix + field.name] = value
    return found


def result(simulate, packed, *luck):
    """Return the fields of what an engine finds, or the words with which it refuses."""
    try:
        return fields(simulate(packed, *luck))
    except SimulationError as error:
        return {"refused": str(error)}


def unequal(one, other):
    """Return the names of the fields that are not the same, to every bit of an array."""

    def same(name):
        x, y = one.get(name), other.get(name)
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
        return name in one and name in other and x == y

    return sorted(name for name in one.keys() | other.keys() if not same(name))


def agree(packed, seed=7, draw=0, luck=0, file=""):
    """Test that both engines find the same; return it. `file` is the case as text, to be shown."""
    one = result(reference.simulate, packed, seed, draw, luck)
    wrong = unequal(one, result(compiled.simulate, packed, seed, draw, luck))
    if wrong:
        where = first_difference(packed, seed, draw, luck)
        raise AssertionError(
            f"the engines differ in {', '.join(wrong)}\n{where}\n"
            f"seed {seed}, draw {draw}, luck {luck}, phase {packed.phase} of:\n{file}"
        )
    return one


def words_of(event):
    """Return an event, (instant, place in it), in words."""
    if event is None:
        return "nothing more"
    time, place = event
    rank = place >> 56 << 56
    workflow, kind, number = place - rank >> 44, place >> 36 & 255, place & keys.NUMBER
    what = RANKS[rank]
    if rank == order.GOVERNANCE:
        what += f", {GOVERNANCE[kind]}, item {number}"
    elif kind:
        what += f", {KINDS[kind]} {number}"
    if workflow:
        what += f" of workflow {workflow}"
    return f"{time} microseconds: {what}"


class Difference(Exception):
    """The engines have done different things; says what."""


class Watched(Timeline):
    """A timeline that calls `happened(event)` once everything of an event has been done.

    Events of the same place are one: an item leaves its queue, and goes its way, in two steps.
    """

    event = None

    def step(self):
        if self._queue:
            time, place = self._queue[0][:2]
            if place > 1 and (time, place) != self.event:  # 0 and 1 are SimPy's own
                if self.event:
                    self.happened(self.event)
                self.event = time, place
        super().step()


class Follower:
    """The compiled engine, one event at a time."""

    def __init__(self, packed, key):
        self.s, self.b = engine.scene_of(packed, key), engine.state_of(packed)
        self.causes = self.b.causes.copy()
        loop.begin(self.s, self.b)

    def next(self):
        """Return the next event, or None."""
        b = self.b
        orders = [*b.calendars[:, 0, ORDER], b.streams[b.g[G.STREAM], A.ORDER]]
        orders[AGENDA] = b.agenda[0, 0, ORDER]
        coming = [(int(time), int(order)) for time, order in zip(b.heads, orders, strict=True)]
        if b.g[G.STARTING]:
            coming.append((int(b.g[G.NOW]), order.START_SERVICES))
        first = min(coming)
        return first if first[0] < NEVER else None

    def go(self):
        """Let the next event happen that changes anything where services start, and return it."""
        while event := self.next():
            before = self.state() if event[1] == order.START_SERVICES else None
            while self.next() == event:
                why = loop.advance(self.s, self.b, 1)
                if why == layout.TOO_LONG:
                    raise SimulationError("time runs out")
                if why not in (layout.PAUSED, layout.DONE):
                    self.b = engine.larger(self.b, why)
            if self.state() != before:
                return event
        return None

    def state(self):
        """Return where things stand, by name."""
        b, g = self.b, self.b.g
        state = {
            "month": g[G.MONTH],
            "before the AI": g[G.BEFORE_AI],
            "free places of the AI": g[G.AI_FREE],
            "AI up": g[G.UP],
            "level": g[G.LEVEL],
            "open problems": g[G.OPEN_PROBLEMS],
            "recent incidents": g[G.RECENT],
            "incidents": g[G.INCIDENTS],
            "escaped errors": g[G.ESCAPED],
            "fingerprint": g[G.FINGERPRINT],
            "stopped": g[G.STOPPED],
            "offset of the drift": b.r[R.OFFSET],
            "incidents since a retraining was asked for": g[G.INCIDENTS_SINCE],
            "watching": g[G.WATCHING],
            "watched since": g[G.WATCHED_SINCE],
            "audits of the chart": g[G.AUDITS],
            "faults of the chart": g[G.FAULTS],
            "score of the chart": b.r[R.SCORE],
            "rate in control": b.r[R.RATE],
            "threshold": b.r[R.THRESHOLD],
            "spell of drift": g[G.SPELL],
            "drift is known": g[G.DETECTED],
            "spells that are over": b.spells[: g[G.SPELLS]],
            "trust lost": b.r[R.LOST],
            "trust lost at": g[G.TRUST_LOST_AT],
            "reviewers coming": g[G.COMING],
            "reviewers ordered": g[G.ORDERED],
            "reviewers hired": b.hired[: b.desks[0, D.HIRED]],
            "slow": b.r[R.SLOW],
            "changes that wait": sorted(b.changes[: g[G.CHANGES_WAITING]].tolist()),
            "changes under way": g[G.CHANGES_UNDER_WAY],
            "drift when the retraining began": b.r[R.PRESENT],
            "schema changes not repaired": b.broken,
            "cuts": b.cuts,
        }
        for workflow, column in np.argwhere((b.causes != self.causes).any(axis=2)):
            state[f"change of {column} in workflow {workflow}"] = b.causes[workflow, column]
        for desk, name in zip(b.desks, ("reviewers", "specialists"), strict=True):
            state |= {
                f"{name} waiting": desk[D.WAITING],
                f"{name} on the staff": desk[D.STAFF],
                f"{name} free": desk[D.FREE],
                f"{name} busy": desk[D.BUSY],
                f"{name} leaving": desk[D.LEAVING],
            }
        return plain(state | {"counts": engine.counts_of(b)})


def state_of(run):
    """Return where things stand in the reference engine, by name."""
    made = run.production
    state = {
        "month": run.month,
        "before the AI": run.before_ai,
        "free places of the AI": run.ai.free,
        "AI up": run.ai.up,
        "level": run.governance.level,
        "open problems": run.governance.open_problems,
        "recent incidents": run.governance.recent,
        "incidents": len(run.governance.incidents),
        "escaped errors": len(run.escaped_time),
        "fingerprint": run.fingerprint,
        "stopped": run.stopped,
        "offset of the drift": made.offset,
        "incidents since a retraining was asked for": made.incidents,
        "watching": made.watching,
        "watched since": made.watched_since,
        "audits of the chart": made.audits,
        "faults of the chart": made.faults,
        "score of the chart": made.score,
        "rate in control": made.rate,
        "threshold": made.threshold,
        "spell of drift": made.spell,
        "drift is known": made.detected,
        "spells that are over": made.detections,
        "trust lost": made.lost,
        "trust lost at": made.lost_since,
        "reviewers coming": made.coming,
        "reviewers ordered": made.ordered,
        "reviewers hired": run.reviewers.hired,
        "slow": run.reviewers.slow,
        "changes that wait": sorted(made.waiting),
        "changes under way": made.under_way,
        "drift when the retraining began": made.causes[MODEL].present if MODEL in made.causes else 0.0,
        "schema changes not repaired": made.broken,
        "cuts": made.cuts,
    }
    for (workflow, column), cause in made.causes.items():
        rank, p = column - BEFORE_TYPES, run.packed.workflows[workflow].p
        now = [cause.handled, cause.examples, cause.open, cause.void, cause.requested, cause.occasion]
        now = [int(x) for x in [*now, cause.present if column == OF_SOURCE else 0]]
        if now != [int(0 < rank <= p[P.HANDLED]), 0, 0, 0, 0, 0, 0]:
            state[f"change of {column} in workflow {workflow}"] = now
    for desk, name in ((run.reviewers, "reviewers"), (run.specialists, "specialists")):
        state |= {
            f"{name} waiting": desk.waiting,
            f"{name} on the staff": desk.staff,
            f"{name} free": len(desk.free),
            f"{name} busy": len(desk.busy),
            f"{name} leaving": desk.leaving,
        }
    return plain(state | {"counts": run.counts})


def plain(state):
    """Return a state in lists and numbers that can be compared."""
    return {name: np.array(x).tolist() for name, x in state.items()}


def stated(one, other):
    """Return lines on what is not the same in two states."""
    lines = [
        f"  {name}: reference {one.get(name)}, compiled {other.get(name)}"
        for name in one | other
        if name != "counts" and one.get(name) != other.get(name)
    ]
    x, y = np.array(one["counts"]), np.array(other["counts"])
    for workflow, month, column in np.argwhere(x != y):
        at = workflow, month, column
        of = f" of workflow {workflow}" if len(x) > 1 else ""
        lines.append(f"  {Count(column).name} of month {month}{of}: reference {x[at]}, compiled {y[at]}")
    return lines


def first_difference(packed, seed=7, draw=0, luck=0, other=None):
    """Return, in words, the first event at which the engines differ; empty where they never do.

    The reference engine runs, and the compiled one follows event by event. After each, the events themselves
    are compared, and where things then stand. A start of services at which nothing starts is no event, since
    the engines do not see the same need for it; nor is a deadline of one who no longer waits, for it is
    withdrawn in the compiled engine. `other` is what the compiled engine is given instead of `packed`.
    """
    key = np.array([seed, draw, luck, packed.phase], np.int64)
    log, seen, before = [], 0, None
    follower = Follower(other or packed, key)

    def happened(event):
        nonlocal seen, before
        did, now = log[seen:], state_of(run)
        if event[1] >= order.START_SERVICES and now == before:
            return
        seen, before = len(log), now
        try:
            followed = follower.go()
        except SimulationError as error:
            raise Difference(f"{words_of(event)}\n  the compiled engine refuses: {error}") from error
        lines = stated(now, follower.state())
        if event == followed and not lines:
            return
        lines[:0] = [f"reference: {words_of(event)}"] + [f"  {_entry(e)}" for e in did[-MOST:]]
        lines.insert(1 + len(did[-MOST:]), f"compiled: {words_of(followed)}")
        raise Difference("\n".join(lines))

    with mock.patch.object(replication, "Timeline", Watched):
        run = reference.Replication(packed, key, log)
    run.env.happened = happened
    try:
        # A refusal of the reference engine is one of the compiled engine too, or the end of the search.
        with contextlib.suppress(SimulationError):
            run.run()
            happened(run.env.event)
            more = follower.go()
            return f"reference: nothing more\ncompiled: {words_of(more)}" if more else ""
        return "" if not follower.next() else _refusal(follower)
    except Difference as difference:
        return str(difference)


def _refusal(follower):
    """The reference engine has refused to go on: let the compiled one do so too."""
    try:
        while follower.next():
            follower.go()
    except SimulationError:
        return ""
    return "the reference engine refuses to go on, and the compiled engine comes to the end"


def _entry(entry):
    number = entry.entity & keys.NUMBER
    return (
        f"{entry.activity} {entry.transition}, {KINDS.get(entry.kind, 'incident')} {number}: {entry.detail}"
    )
