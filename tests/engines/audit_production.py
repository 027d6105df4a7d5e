"""An audit of what production does besides single items, from the event log alone.

The log is read entry by entry, and what each must lead to is worked out here: what drift, schema changes and
new types of edge case make of every item, when the chart alarms, which changes are asked for and begun. The
rules of single draws may be used; the engine may not.
"""

import itertools
import math
from collections import Counter, deque

import numpy as np

from simgap.engines.packing import TRIGGER_BITS
from simgap.engines.physics import Count
from simgap.model import chart, items, keys, production, solving
from simgap.model.clock import HOUR, MONTH, NEVER
from simgap.model.parameters import P
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import unit

SOURCE, MODEL = 0, 1  # columns of what a change may be of; that of the type of rank r is r + 1
BEGUN = (Count.CHANGES_CONNECTOR, Count.CHANGES_RETRAINING, Count.CHANGES_EDGE)
NEWS = (
    (keys.SHOCK, "shock", P.SHOCKS),
    (keys.SCHEMA_CHANGE, "schema change", P.SCHEMA_CHANGES),
    (keys.BIRTH, "new edge-case type", P.BIRTHS),
)
LEVELS = ("autonomous", "guarded", "restricted", "suspended")
DEFECTS = ("missing", "format", "schema", "stale")


class Organisation:
    """The organisation as the log shows it; `audit` reads the log and compares."""

    def __init__(self, ready, physics, log, lives, seed, count):
        self.ready, self.physics, self.log, self.lives, self.count = ready, physics, log, lives, count
        self.key = np.array([seed, 0, 0, ready.phase], np.int64)
        self.p, self.flows, self.end = ready.p, ready.workflows, int(ready.knots[-1])
        self.over = min(self.end, ready.stops_at)  # from here on nothing is asked for, begun or watched
        self.now = 0
        self.due = deque()  # what must be said next: (activity, column)
        self.incident = None  # whose consequences are still to be said
        # Drift and its chart.
        self.offset, self.present = 0.0, 0.0
        self.spells, self.spell, self.known = [], 0 if self.p[P.EROSION] else None, False
        self.restart_chart(0)
        # What changes may be of.
        self.broken = [0] * len(self.flows)
        self.repairing = [0] * len(self.flows)
        self.handled = [set(range(1, int(flow.p[P.HANDLED]) + 1)) for flow in self.flows]
        self.examples = [Counter() for _ in self.flows]
        self.incidents = 0
        self.cuts = [flow.cuts for flow in self.flows]
        self.asked, self.begun, self.done_at = {}, {}, {}  # (workflow, column) to an instant
        self.void, self.occasions = set(), Counter()
        self.level, self.trust, self.dented = "autonomous", 1.0, 0

    def audit(self):
        first = self.ready.go_live // MONTH
        months = self.ready.month_starts.tolist()[first + 1 :]
        drift, changes = [0.0] * first, [0] * first
        for entry, after in itertools.zip_longest(self.log, self.log[1:]):
            while months and entry.time >= months[0]:  # read before anything else happens then
                drift.append(self.drift(months.pop(0)))
                changes.append(len(self.asked) + len(self.begun))
            self.read(entry)
            if after is None or after.time > entry.time:
                self.see_incident()
                assert not self.due
                full = len(self.begun) == self.p[P.IN_PARALLEL]
                assert not self.asked or full or self.now >= self.over
        drift += [self.drift(t) for t in months]
        changes += [len(self.asked) + len(self.begun)] * len(months)
        np.testing.assert_allclose(self.physics.drift, drift, atol=1e-9)
        assert self.physics.changes_open.tolist() == changes
        open_spell = [(self.spell, self.end, 0)] if self.spell is not None else []
        assert [tuple(d) for d in self.physics.detections.tolist()] == self.spells + open_spell
        assert all(self.done_at[cause] >= NEVER for cause in self.begun)

        self.audit_news()

    def audit_news(self):
        """What comes of itself: gaps with a mean, from when its workflow joins until the window ends."""
        for kind, activity, place in NEWS:
            for number, flow in enumerate(self.flows[: 1 if kind == keys.SHOCK else None]):
                entity, wanted = number << keys.WORKFLOW_SHIFT, []
                when = 0 if kind == keys.SHOCK else flow.joins
                while flow.p[place]:
                    u = unit(keys.item_words(self.key, kind, entity, keys.NEWS)[0])
                    when += round(8760.0 / flow.p[place] * -math.log1p(-u) * HOUR)
                    if when >= self.end:
                        break
                    wanted.append((when, entity))
                    entity += 1
                said = [(e.time, e.entity) for e in self.log if e.activity == activity]
                said = [(when, entity) for when, entity in said if entity >> 32 == number]
                assert [entity for _, entity in said] == [entity for _, entity in wanted]
                # Rounded once each: never more than a microsecond off.
                np.testing.assert_allclose(
                    [when for when, _ in said], [when for when, _ in wanted], rtol=0.0, atol=len(said)
                )

    def read(self, entry):
        self.now = entry.time
        # The consequences of an incident are said after its problem and the level that follows.
        if (entry.activity, entry.transition) not in (("problem", "start"), ("autonomy level", "complete")):
            self.see_incident()
        step = f"{entry.activity} {entry.transition}"
        if step in ("alarm complete", "change schedule"):
            assert self.due.popleft() == (step, entry.entity)
            return
        assert not self.due
        step = {
            "arrival complete": self.arrives,
            "AI complete": self.decides,
            "review complete": self.reviewed,
            "specialist complete": self.reviewed,
            "shock complete": self.shock,
            "schema change complete": self.schema_change,
            "new edge-case type complete": self.birth,
            "incident complete": self.surfaces,
            "autonomy level complete": self.level_changes,
            "stop complete": self.stops,
            "change start": self.begins,
            "change complete": self.is_done,
        }.get(step)
        if step:
            step(entry)

    def drift(self, t=None):
        """Log-odds that drift has taken by an instant, or now."""
        return self.offset + self.p[P.EROSION] * ((self.now if t is None else t) / HOUR)

    def connected(self):
        return sum(flow.joins <= self.now for flow in self.flows)

    # Items.

    def arrives(self, entry):
        """Whether it is sent to the AI, and what is wrong with it."""
        who, flow = (entry.kind, entry.entity), self.flows[entry.entity >> 32]
        p, outcome, said = flow.p, self.lives[who][-1].detail["outcome"], entry.detail
        if outcome == "suspended":
            return
        share, half = p[P.CEILING], p[P.HALF_AFTER]
        if half:
            share /= 1.0 + 19.0 ** (1.0 - (self.now - flow.waiting_from) / HOUR / half)
        u = [unit(w) for w in keys.item_words(self.key, *who, keys.ARRIVAL)]
        assert (outcome == "declined") == (u[1] >= share * self.trusted())
        if outcome == "declined":
            return
        u = [unit(w) for w in keys.item_words(self.key, *who, keys.DATA)]
        whole = (1.0 - p[P.SCHEMA]) * (1.0 - p[P.SCHEMA_BROKEN]) ** self.broken[entry.entity >> 32]
        rates = p[P.MISSING], p[P.FORMAT], 1.0 - whole, p[P.STALE]
        found = tuple(name for name, x, rate in zip(DEFECTS, u, rates, strict=True) if x < rate)
        u = [unit(w) for w in keys.item_words(self.key, *who, keys.CHECK)]
        stopped = u[0] < p[P.VALIDATED if found else P.FALSE_REJECT]
        if found and stopped and u[1] < p[P.REPAIRED]:
            found, stopped = (), False
        edge = u[2] < p[P.EDGE_SHARE] + p[P.VARIETY] * max(0, self.connected() - 1)
        assert (said["defects"], said["exception"], said["edge_case"]) == (found, stopped, edge)

    def edge(self, who):
        """Type of edge case of an item, 0 for one that never repeats, and whether the AI would know it."""
        if not self.lives[who][0].detail["edge_case"]:
            return None, False
        flow = self.flows[who[1] >> 32]
        words = keys.item_words(self.key, *who, keys.EDGE_TYPE)
        return items.edge_case(words, flow.p, flow.cumulative)

    def decides(self, entry):
        """As drift, defects and the types that are handled now have it."""
        who, workflow = (entry.kind, entry.entity), entry.entity >> 32
        p, life = self.flows[workflow].p, self.lives[who]
        came = life[0].detail
        edge, recognised = self.edge(who)
        unhandled = edge is not None and edge not in self.handled[workflow]
        assert ("right" in entry.detail) == (not (unhandled and recognised))
        if "right" not in entry.detail:
            return
        words = keys.item_words(self.key, *who, keys.DECISION)
        lost = self.drift() + p[P.EDGE_PENALTY] * unhandled
        lost += sum(p[P[f"{name.upper()}_PENALTY"]] for name in came["defects"])
        right = items.ease(unit(words[1]), normal_quantile(unit(words[0])), p) > lost
        assert entry.detail["right"] == right
        triggers = items.triggers_of(
            unit(words[2]),
            right,
            unhandled,
            items.decision_flags(words, keys.item_words(self.key, *who, keys.LATENCY), p),
            came["consequential"],
            came["value_class"],
            p,
            self.cuts[workflow],
        )
        triggers = items.at_level(triggers, LEVELS.index(came["level"]))
        reasons = tuple(word for word, bit in TRIGGER_BITS.items() if triggers & bit)
        follows = life[life.index(entry) + 1]
        assert (follows.activity == "end") == (not reasons)
        assert follows.detail.get("reasons", ()) == reasons

    def reviewed(self, entry):
        verdict, who, workflow = entry.detail["verdict"], (entry.kind, entry.entity), entry.entity >> 32
        if verdict == "escalated":
            return
        reasons = next(e.detail["reasons"] for e in self.lives[who] if "reasons" in e.detail)
        if "audit" in reasons:
            self.audited(who, workflow, verdict)
        if entry.kind == keys.ITEM and verdict != "missed":
            self.example(workflow, self.edge(who)[0])

    # Drift and its chart.

    def restart_chart(self, now):
        self.charted = self.p[P.CHARTED] == 1.0 and now < self.ready.stops_at
        self.verdicts, self.since = [], now
        self.score, self.rate, self.threshold = 0.0, 0.0, math.inf

    def drifts(self):
        if self.spell is None and not self.known and self.now < self.over:
            self.spell = self.now

    def stops(self, entry):
        """Nobody watches any more."""
        assert self.now == self.ready.stops_at
        self.charted = False
        if self.spell is not None:
            self.spells.append((self.spell, self.now, 0))
            self.spell = None

    def shock(self, entry):
        self.count(0, Count.SHOCKS, self.now)
        self.offset += self.p[P.SHOCK_SIZE]
        self.drifts()

    def audited(self, who, workflow, verdict):
        p, u = self.flows[workflow].p, unit(keys.item_words(self.key, *who, keys.LATENCY)[2])
        right = verdict in ("confirmed", "overturned")
        faulty = u < p[P.AUDIT_FALSE] if right else u >= p[P.AUDIT_MISS]
        assert faulty == (verdict in ("overturned", "caught"))
        self.count(workflow, Count.AUDITED, self.now)
        self.count(workflow, Count.AUDIT_FAULTED, self.now, faulty)
        if not self.charted:
            return
        self.verdicts.append(faulty)
        n, odds = int(self.p[P.BASELINE]), self.p[P.DETECTS]
        m = len(self.verdicts)
        if m > n and self.threshold < math.inf:
            step = math.log(odds) * faulty - math.log(1.0 + (odds - 1.0) * self.rate)
            self.score = max(0.0, self.score + step)
            if self.score >= self.threshold:
                self.alarm()
                return
        if m % n == 0 and (m // n).bit_count() == 1:  # 1, 2, 4, 8 ... baselines
            self.rate = (sum(self.verdicts) + 0.5) / (m + 1)
            hours = max(1, self.now - self.since) / HOUR
            self.threshold = chart.chart_threshold(self.rate, odds, self.p[P.RUN_LENGTH] * m / hours)

    def alarm(self):
        self.due.append(("alarm complete", MODEL))
        self.count(0, Count.ALARMS, self.now)
        if self.spell is None:
            self.count(0, Count.FALSE_ALARMS, self.now)
        else:
            self.spells.append((self.spell, self.now, 1))
        self.spell, self.known, self.charted = None, True, False
        self.ask(0, MODEL)

    def retrained(self):
        self.offset -= self.p[P.RETRAINING_REMOVES] * self.present
        for number, flow in enumerate(self.flows):
            frequencies = np.diff(flow.cumulative, prepend=0.0)
            known = [rank - 1 for rank in self.handled[number] if rank <= len(frequencies)]
            self.cuts[number] = np.zeros(2 * items.CUTS)
            solving.solve_cuts(
                flow.defects,
                min(1.0, flow.p[P.EDGE_SHARE] + flow.p[P.VARIETY] * max(0, self.connected() - 1)),
                (1.0 - flow.p[P.NEVER_REPEATS]) * frequencies[known].sum(),
                self.drift(),
                flow.p,
                flow.p,
                solving.HARDNESS_NODES,
                solving.HARDNESS_WEIGHTS,
                np.zeros((3, 32)),
                self.cuts[number],
            )
        if self.spell is not None:
            self.spells.append((self.spell, self.now, 0))
        self.spell, self.known = None, False
        if self.p[P.EROSION] > 0.0 or self.drift() > 1e-9:
            self.drifts()
        self.restart_chart(self.now)

    # What changes are asked for, begun and done.

    def ask(self, workflow, column):
        if self.now < self.over and (workflow, column) not in self.asked.keys() | self.begun.keys():
            self.asked[workflow, column] = self.now
            self.void.discard((workflow, column))
            self.due.append(("change schedule", workflow << 32 | column))

    def schema_change(self, entry):
        workflow = entry.entity >> 32
        self.count(workflow, Count.SCHEMA_CHANGES, self.now)
        self.broken[workflow] += 1
        self.ask(workflow, SOURCE)

    def birth(self, entry):
        workflow, rank = entry.entity >> 32, entry.detail["rank"]
        self.count(workflow, Count.BIRTHS, self.now)
        assert 1 <= rank <= len(self.flows[workflow].cumulative)
        self.handled[workflow].discard(rank)
        self.examples[workflow][rank] = 0
        self.void |= {(workflow, rank + 1)} & (self.asked.keys() | self.begun.keys())

    def example(self, workflow, rank):
        if not rank:
            return
        self.examples[workflow][rank] += 1
        enough = self.examples[workflow][rank] >= self.flows[workflow].p[P.EXAMPLES_NEEDED]
        if enough and rank not in self.handled[workflow]:
            self.ask(workflow, rank + 1)

    def surfaces(self, entry):
        self.incident = entry.entity

    def see_incident(self):
        if self.incident is None:
            return
        entity, self.incident = self.incident, None
        self.example(entity >> 32, self.edge((keys.ITEM, entity))[0])
        self.incidents += 1
        if self.incidents >= self.p[P.RETRAIN_AFTER]:
            self.incidents = 0
            self.ask(0, MODEL)

    def begins(self, entry):
        """The most urgent of those that wait: connectors, the model, types; then by age and number."""
        cause = workflow, column = entry.entity >> 32, entry.entity & keys.NUMBER
        assert len(self.begun) < self.p[P.IN_PARALLEL]
        assert self.now < self.over
        assert cause == min(self.asked, key=lambda c: (min(c[1], 2), self.asked[c], c))
        self.begun[cause] = self.asked.pop(cause)
        self.count(workflow, BEGUN[min(column, 2)], self.now)
        if column == SOURCE:
            self.repairing[workflow] = self.broken[workflow]
        elif column == MODEL:
            self.present = self.drift()
        occasion, self.occasions[cause] = self.occasions[cause], self.occasions[cause] + 1
        time = production.lead_time(self.key, entry.entity, occasion, self.connected(), self.p)
        self.done_at[cause] = self.now + time

    def is_done(self, entry):
        cause = workflow, column = entry.entity >> 32, entry.entity & keys.NUMBER
        assert self.now == self.done_at[cause]
        self.count(workflow, Count.CHANGES_DONE, self.now)
        self.count(workflow, Count.CHANGE_LEAD, self.now, (self.now - self.begun.pop(cause)) // 1000)
        if column == SOURCE:
            self.broken[workflow] -= self.repairing[workflow]
            if self.broken[workflow]:
                self.ask(workflow, SOURCE)
        elif column == MODEL:
            self.retrained()
        elif cause not in self.void:
            self.handled[workflow].add(column - 1)

    # Trust.

    def trusted(self):
        """Share of adoption that restrictions have left."""
        if not self.p[P.RECOVERY]:
            return 1.0
        return 1.0 - (1.0 - self.trust) * 0.5 ** ((self.now - self.dented) / HOUR / self.p[P.RECOVERY])

    def level_changes(self, entry):
        before, self.level = self.level, entry.detail["level"]
        if LEVELS.index(self.level) > max(1, LEVELS.index(before)):
            self.trust, self.dented = self.trusted() * (1.0 - self.p[P.TRUST_LOST]), self.now
