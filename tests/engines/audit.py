"""An audit of a replication: everything that it counted, recomputed from its event log alone.

The rules of draws and calendars have tests of their own, and may be used here; the engine may not.
"""

import itertools
import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from functools import partial
from heapq import heapify, heappop, heappush

import numpy as np
from audit_production import Organisation

from simgap.engines import reference
from simgap.engines.packing import TRIGGER_BITS
from simgap.engines.physics import ENDS, LEGACY, NOT_SENT, REVIEWERS, SPECIALISTS, TRIGGER_COLUMNS, Count
from simgap.model import clock, governance, integration, keys, oversight
from simgap.model.clock import HOUR, MONTH, NEVER, WEEK
from simgap.model.parameters import P, T
from simgap.sampling.philox import unit

LEVELS = ("autonomous", "guarded", "restricted", "suspended")
TEAMS = (("reviewers", "review", REVIEWERS), ("specialists", "specialist", SPECIALISTS))
TEAM_OF = {name: activity for name, activity, _ in TEAMS}
LIFE = re.compile(
    "arrival/complete "
    "(connector/schedule connector/start connector/complete )?"
    "(AI/withdraw |AI/schedule AI/start AI/complete )?"
    "(review/schedule (review/withdraw |review/start review/complete "
    "(specialist/schedule (specialist/withdraw |specialist/start specialist/complete ))?))?"
    "end/complete "
)
COUNTED_TWICE = (Count.OFFERED, Count.SPECIALIST_OFFERED)  # not in the log: hours before hurry
WITHOUT_AI, BY_LAW = ([column.name.lower() for column in columns] for columns in (NOT_SENT, LEGACY))


def logged(ready, seed=1):
    """Return what a replication counted, and its log."""
    log = []
    physics = reference.simulate(ready, seed, 0, 0, log)
    return physics, log


def told(log, activity, transition="complete", kind=None):
    """Return the entries of an activity."""
    return [e for e in log if (e.activity, e.transition) == (activity, transition) and kind in (None, e.kind)]


def lives_of(log):
    """Return the entries of each item and duplicate."""
    lives = defaultdict(list)
    for entry in log:
        if entry.kind in (keys.ITEM, keys.DUPLICATE):
            lives[entry.kind, entry.entity].append(entry)
    return lives


def at(life, activity, transition):
    """Return the instant of a step of an item, or none."""
    return next((e.time for e in life if (e.activity, e.transition) == (activity, transition)), None)


def audit(ready, physics, log, seed=1):
    """Check a replication against its log."""
    times = [entry.time for entry in log]
    assert times == sorted(times)
    end = int(ready.knots[-1])
    months = [min(max(0, m * MONTH - ready.go_live), end) for m in range(ready.months + 1)]
    lives = lives_of(log)
    for life in lives.values():
        audit_life(life)

    wanted = np.zeros_like(physics.counts)

    def count(workflow, column, t, amount=1):
        wanted[workflow, ready.months if t >= end else (t + ready.go_live) // MONTH, column] += amount

    count_items(lives, count)
    Organisation(ready, physics, log, lives, seed, count).audit()
    for team, activity, columns in TEAMS:
        for t, heads in audit_team(ready, physics, activity, lives, months, log, team):
            count(0, Count.HIRED, t, heads)
        calendar = getattr(ready, team).calendar
        for (_, entity), life in lives.items():
            begun, done = (at(life, activity, step) for step in ("start", "complete"))
            if begun is not None:
                by_hand = {"exception", "edge"} & set(reasons_of(life))
                for column in (columns.used, columns.by_hand)[: 2 if by_hand else 1]:
                    wanted[workflow_of(entity), :, column] += by_month(begun, done, months, calendar)
    for column in Count:
        if column not in COUNTED_TWICE:
            assert physics.counts[..., column].tolist() == wanted[..., column].tolist(), column.name
    audit_escapes(physics, lives)
    audit_queues(ready, log)
    audit_deadlines(ready, lives, bool(wanted[..., Count.HIRED].any()), seed)
    audit_stage(ready, physics, lives, log, seed)
    audit_levels(ready, physics, log, months)


def workflow_of(entity):
    return entity >> keys.WORKFLOW_SHIFT


def reasons_of(life):
    return next(e.detail["reasons"] for e in life if (e.activity, e.transition) == ("review", "schedule"))


def audit_life(life):
    """An item arrives once and ends once, in an order that makes sense, in a way that fits its end."""
    steps = [f"{e.activity}/{e.transition} " for e in life]
    assert LIFE.fullmatch("".join(steps)), steps
    outcome, last = life[-1].detail["outcome"], life[-2]
    arrived = life[0].detail
    verdict = last.detail.get("verdict", "")
    decided = [e.detail for e in life if (e.activity, e.transition) == ("AI", "complete")]
    assert (outcome == "suspended") == (arrived["level"] == "suspended")
    assert (outcome in WITHOUT_AI) == (len(life) == 2)
    assert (outcome == "lost") == (last.transition == "withdraw" and last.activity == "AI")
    assert (outcome == "fallback") == (last.transition == "withdraw" and last.activity != "AI")
    assert (outcome == "straight") == (last.activity == "AI" and last.transition == "complete")
    assert (outcome == "manual") == verdict.endswith("by hand")
    escalated = [e for e in life if e.detail.get("verdict") == "escalated"]
    assert len(escalated) == ("specialist/schedule " in steps)
    assert verdict != "escalated"
    wrong = {"missed": "missed", "overturned": "overturned", "wrong by hand": "manual"}.get(verdict, "")
    if outcome == "straight":
        wrong = "" if decided[0]["right"] else "straight"
    assert life[-1].detail["escaped"] == ("" if life[0].kind == keys.DUPLICATE else wrong)
    if outcome in WITHOUT_AI:
        return
    assert bool(decided or outcome == "lost") == (not arrived["exception"])
    reasons = reasons_of(life) if "review/schedule " in steps else ()
    assert ("exception" in reasons) == (bool(reasons) and arrived["exception"])
    if decided and "right" in decided[0]:
        assert ("autonomy" in reasons) >= (arrived["level"] == "restricted")
        assert ("autonomy" in reasons) <= (arrived["level"] != "autonomous")
        assert verdict in ("", "confirmed", "overturned", "caught", "missed")
        if verdict:
            assert decided[0]["right"] == (verdict in ("confirmed", "overturned"))
    elif decided:
        assert reasons == ("edge",)


def count_items(lives, count):
    """Count what happened to items and duplicates, each in the month in which it happened."""
    for (kind, entity), life in lives.items():
        unique, add = kind == keys.ITEM, partial(count, workflow_of(entity))
        arrived, over = life[0].time, life[-1].time
        detail, outcome = life[0].detail, life[-1].detail["outcome"]
        add(Count.ARRIVED if unique else Count.DUPLICATES, arrived)
        legacy = outcome in BY_LAW
        if unique:
            add(Count[outcome.upper()], over)
            add(Count.LEGACY_DELAY if legacy else Count.DELAY, over, (over - arrived) // 1000)
            if life[-1].detail["escaped"]:
                add(Count[f"ESCAPED_{life[-1].detail['escaped'].upper()}"], over)
            add(Count.EXCEPTIONS, arrived, detail.get("exception", False))
            add(Count.EDGE_CASES, arrived, detail.get("edge_case", False))
        else:
            add(Count.DUPLICATE_FALLBACK if legacy else Count.DUPLICATE_DONE, over)
        for e in life:
            step = e.activity, e.transition
            if step in (("connector", "start"), ("AI", "start")):
                add(Count.AI_WAIT, e.time, (e.time - at(life, e.activity, "schedule")) // 1000)
            elif step == ("AI", "complete"):
                add(Count.AI_SERVED, e.time)
                add(Count.AI_DECISIONS, e.time, unique and "right" in e.detail)
                add(Count.AI_RIGHT, e.time, unique and e.detail.get("right", False))
            elif step == ("review", "schedule"):
                add(Count.QUEUED, e.time)
                for reason in e.detail["reasons"]:
                    add(Count[f"TRIGGER_{reason.upper()}"], e.time)
                assert len(set(e.detail["reasons"])) == len(e.detail["reasons"]) <= len(TRIGGER_COLUMNS)
            elif step == ("specialist", "schedule"):
                add(Count.SPECIALIST_QUEUED, e.time)
                assert e.detail["reasons"] == reasons_of(life)
            elif step == ("review", "withdraw"):
                add(Count.DEADLINE_MISSED, e.time)
            elif step == ("specialist", "withdraw"):
                add(Count.SPECIALIST_DEADLINE_MISSED, e.time)
            elif e.detail.get("verdict") == "caught":
                add(Count.CAUGHT, e.time, unique)


def by_month(begun, done, months, calendar):
    """Return staffed time between two instants by month, the last row after the window."""
    edges = [*months, max(done, months[-1])]
    spans = [(max(begun, a), min(done, b)) for a, b in itertools.pairwise(edges)]
    return [
        clock.staffed_time(b, calendar) - clock.staffed_time(a, calendar) if a < b else 0 for a, b in spans
    ]


def heads_of(ready, name, stays):
    """Return how the headcount of a team changes, (instant, heads), and who is hired, from who waits."""
    team, p, t = getattr(ready, name), ready.p, ready.workflows[0].teams[0]
    if name == "specialists":
        return ([(ready.stops_at, 0)] if ready.stops_at < NEVER else []), []
    last_look = (int(ready.knots[-1]) - 1) // WEEK
    looks = range(1, last_look + 1) if p[P.HIRE_MAX] else ()
    coming = [(when, 0, "plan", i, heads) for i, (when, heads) in enumerate(team.plan)]
    coming += [(week * WEEK, 1, "look", week, 0) for week in looks]
    coming += [(ready.stops_at, 3, "stop", 0, 0)] if ready.stops_at < NEVER else []
    heapify(coming)
    planned, ordered, there, stopped = team.staff, 0, 0, False
    changes, hired = [], []
    while coming:
        now, _, what, number, heads = heappop(coming)
        if what == "look" and not stopped:
            work = sum(a < now <= b for a, b in stays) * t[T.MEAN_TIME] / (1.0 - t[T.SHRINKAGE])
            missing = math.ceil(work / p[P.HIRE_ABOVE]) - planned - ordered
            wanted = max(0, min(int(p[P.HIRE_MAX]) - ordered, missing))
            ordered += wanted
            if wanted:
                heappush(coming, (now + round(p[P.HIRE_LEAD_TIME] * HOUR), 2, "first day", number, wanted))
        if what == "look" or (what == "first day" and stopped):
            continue
        stopped |= what == "stop"
        planned = heads if what == "plan" else planned
        if what == "first day":
            there += heads
            hired.append((now, heads))
        changes.append((now, 0 if stopped else planned + there))
    return changes, hired


def audit_team(ready, counted, activity, lives, months, log, name):
    """Waits, queue, backlog and capacity of a team, and that nobody does two things at once."""
    team, physics = getattr(ready, name), getattr(counted, name)
    calendar = team.calendar
    stays, works = [], []
    for life in lives.values():
        joined = at(life, activity, "schedule")
        if joined is None:
            continue
        begun, done, left = (at(life, activity, step) for step in ("start", "complete", "withdraw"))
        stays.append((joined, begun if left is None else left))
        if begun is not None:
            assert clock.is_staffed(begun, calendar)
            who = next(e for e in life if (e.activity, e.transition) == (activity, "start"))
            assert 0.0 <= who.detail["congestion"] <= 1.0
            works.append((begun, done, who.detail["resource"]))
    assert physics.wall_wait_total == physics.queue_area == sum(b - a for a, b in stays)
    staffed = [clock.staffed_time(b, calendar) - clock.staffed_time(a, calendar) for a, b in stays]
    assert physics.wait_total == sum(staffed)
    assert physics.waits.sum() == physics.wall_waits.sum() == len(stays)
    # The month is closed before anything else happens at its end.
    assert physics.backlog.tolist() == [sum(a < t <= b for a, b in stays) for t in months[1:]]

    for who in {w[2] for w in works}:
        own = sorted((a, b) for a, b, w in works if w == who)
        assert all(b <= c for (_, b), (c, _) in itertools.pairwise(own)), who

    # Heads present are those on the staff, or those who are still busy where they are more.
    changes, hired = heads_of(ready, name, stays)
    said = [(e.time, e.detail[name]) for e in told(log, "headcount") if name in e.detail]
    assert said == changes
    heads = [(0, team.staff), *said]
    change = Counter()
    for a, b, _ in works:
        if clock.staffed_time(a, calendar) < clock.staffed_time(b, calendar):
            change[a] += 1
            change[b] -= 1
    capacity, busy = np.zeros(len(months), np.int64), 0
    instants = sorted({0, *change, *(t for t, _ in heads), months[-1]})
    for a, b in itertools.pairwise(instants):
        busy += change[a]
        staff = heads[bisect_right([t for t, _ in heads], a) - 1][1]
        capacity += max(staff, busy) * np.array(by_month(a, b, months, calendar))
    assert physics.capacity.tolist() == capacity[:-1].tolist()
    assert physics.staffed.tolist() == by_month(0, months[-1], months, calendar)[:-1]
    return hired


def audit_queues(ready, log):
    """Who starts is the first of those who wait, and nobody waits for somebody who is free."""
    urgency = {bit: i for i, bit in enumerate(ready.priority)}
    waiting, serving = defaultdict(dict), Counter()
    heads, down = {"review": ready.reviewers.staff, "specialist": ready.specialists.staff}, False
    calendars = {"review": ready.reviewers.calendar, "specialist": ready.specialists.calendar}
    for entry, after in itertools.zip_longest(log, log[1:]):
        queue, who = waiting[entry.activity], (workflow_of(entry.entity), entry.kind, entry.entity)
        if entry.activity == "outage":
            down = entry.transition == "start"
        elif entry.activity == "headcount":
            heads |= {TEAM_OF[name]: number for name, number in entry.detail.items()}
        elif entry.transition == "schedule":
            bits = [TRIGGER_BITS[reason] for reason in entry.detail.get("reasons", ())]
            first = min((urgency.get(bit, len(urgency)) for bit in bits), default=0)
            queue[who] = (first, entry.time, who)
        elif entry.activity in (*heads, "AI", "connector"):
            if entry.transition == "start":
                assert queue[who] == min(queue.values())
                serving[entry.activity] += 1
            elif entry.transition == "complete":
                serving[entry.activity] -= 1
            if entry.transition != "complete":
                queue.pop(who, None)  # those who are lost in an outage never waited
        if after is not None and after.time == entry.time:
            continue
        assert not waiting["connector"] or serving["connector"] == 1
        assert not waiting["AI"] or down or serving["AI"] == ready.concurrency
        for team, staff in heads.items():
            if waiting[team] and serving[team] < staff:
                assert not clock.is_staffed(entry.time, calendars[team])


def gone_of(ready, name, hired):
    """Return the instant from which on nobody is on a team and nobody will be."""
    team = getattr(ready, name)
    heads = [(0, team.staff), *team.plan]
    busy = [i for i, (_, n) in enumerate(heads) if n]
    gone = heads[busy[-1] + 1][0] if busy and busy[-1] + 1 < len(heads) else NEVER if busy else 0
    if name == "reviewers" and ready.p[P.HIRE_MAX] and ready.p[P.HIRE_ABOVE] < math.inf:
        gone = max(gone, (int(ready.knots[-1]) - 1) // WEEK * WEEK)
    return min(NEVER if hired else gone, ready.stops_at)


def audit_deadlines(ready, lives, hired, seed):
    """Those who wait for a team leave at their deadline for it and not before; nobody starts after it."""
    key = np.array([seed, 0, 0, ready.phase], np.int64)
    for number, (name, activity, _) in enumerate(TEAMS):
        team = getattr(ready, name)
        gone = gone_of(ready, name, hired and name == "reviewers")
        for (kind, entity), life in lives.items():
            joined = at(life, activity, "schedule")
            if joined is None:
                continue
            t = ready.workflows[workflow_of(entity)].teams[number]
            left, begun = at(life, activity, "withdraw"), at(life, activity, "start")
            patience = oversight.patience(keys.item_words(key, kind, entity, int(t[T.PURPOSE])), t)
            if patience == NEVER:
                assert left is None or left == max(joined, gone)
                continue
            deadline = joined + patience
            if not t[T.WALL_DEADLINE]:
                due = clock.staffed_time(joined, team.calendar) + patience
                deadline = clock.reached(joined, due, team.calendar)
            assert left == deadline if begun is None else begun <= deadline


def audit_escapes(physics, lives):
    """Escaped errors are those of unique items, when they ended."""
    escaped = sorted(
        (life[-1].time, entity)
        for (kind, entity), life in lives.items()
        if kind == keys.ITEM and life[-1].detail["escaped"]
    )
    assert sorted(zip(physics.escaped_time, physics.escaped_entity, strict=True)) == escaped
    classes = np.zeros_like(physics.ends_by_class)
    ends = [column.name.lower() for column in ENDS]
    for (kind, entity), life in lives.items():
        if kind == keys.ITEM:
            how = ends.index(life[-1].detail["outcome"])
            classes[workflow_of(entity), life[0].detail["value_class"], how] += 1
    assert physics.ends_by_class.tolist() == classes.tolist()


def audit_stage(ready, physics, lives, log, seed):
    """The connector serves one at a time, the AI so many; in an outage nothing starts and some are lost."""
    key = np.array([seed, 0, 0, ready.phase], np.int64)
    begun, over = (told(log, "outage", step) for step in ("start", "complete"))
    outages = [(a.time, b.time) for a, b in zip(begun, over, strict=True)]
    assert all(a < int(ready.knots[-1]) for a, _ in outages)
    at_once, before, most, most_settled = 0, 0, 0, 0
    step = integration.connector_time(ready.p)
    served = sorted(
        (at(life, "connector", "start"), at(life, "connector", "complete"))
        for life in lives.values()
        if at(life, "connector", "start") is not None
    )
    assert all(b - a == step for a, b in served)
    assert all(b <= c for (_, b), (c, _) in itertools.pairwise(served))
    down = False
    for entry, after in itertools.zip_longest(log, log[1:]):
        what = entry.activity, entry.transition
        if entry.activity == "outage":
            down = entry.transition == "start"
        elif what == ("AI", "start"):
            at_once += 1
            assert not down
            assert at_once <= ready.concurrency
        elif what == ("AI", "complete"):
            at_once -= 1
        if entry.activity in ("AI", "connector") and entry.transition in ("schedule", "start"):
            before += 1 if entry.transition == "schedule" else -1
        most = max(most, before)
        if after is None or after.time > entry.time:
            most_settled = max(most_settled, before)
    assert at_once == before == 0
    assert most_settled <= physics.ai_backlog_peak <= most
    for (kind, entity), life in lives.items():
        if life[-1].detail["outcome"] in WITHOUT_AI or life[0].detail["exception"]:
            continue
        reached = at(life, "connector", "complete") if step else life[0].time
        present = [b for a, b in outages if a <= reached < b]
        u = unit(keys.item_words(key, kind, entity, keys.CHECK)[3])
        lost = bool(present) and u < ready.workflows[workflow_of(entity)].p[P.LOST]
        assert (life[-1].detail["outcome"] == "lost") == lost
        if lost:
            assert life[-1].time == present[0]


def audit_levels(ready, physics, log, months):
    """Incidents, problems and the ladder, from the definition of the levels."""
    incidents = told(log, "incident")
    assert [(e.time, e.entity) for e in incidents] == list(
        zip(physics.incident_time, physics.incident_entity, strict=True)
    )
    bits = {"explainable": 1, "reviewable": 2, "correctable": 4}
    assert [sum(bits[w] for w in e.detail["failed"]) for e in incidents] == physics.incident_failed.tolist()
    opened, closed = ({e.entity: e.time for e in told(log, "problem", s)} for s in ("start", "complete"))
    assert opened == {e.entity: e.time for e in incidents if e.detail["failed"]}
    assert opened.keys() == closed.keys()

    window, probation, p = ready.incident_window, ready.probation, ready.p
    surfaced = [e.time for e in incidents]
    changes = told(log, "autonomy level")
    breaks = {*surfaced, *closed.values(), *(t + window for t in surfaced)}
    breaks = sorted(breaks | ({ready.stops_at} if ready.stops_at < NEVER else set()))
    until, suspended, queue = -1, False, list(breaks)
    wanted = {}
    while queue:
        t = queue.pop(0)
        problems = sum(opened[e] <= t < closed[e] for e in opened)
        recent = sum(s <= t < s + window for s in surfaced)
        # What surfaces at an instant still meets what expires then.
        meets = sum(s <= t <= s + window for s in surfaced)
        suspended |= t in surfaced and meets >= p[P.SUSPEND]
        if suspended and not problems and recent < p[P.SUSPEND]:
            suspended, until = False, t + probation
            queue = sorted({*queue, until} - {t})
        level = 2 * (problems >= 2 or recent >= p[P.RESTRICT] or t < until)
        stopped = suspended or t >= ready.stops_at
        wanted[t] = 3 if stopped else level or int(problems == 1 or recent >= p[P.WARN])
    # The state in which each instant was left.
    left, now = {}, 0
    said = {e.time: LEVELS.index(e.detail["level"]) for e in changes}
    for t in sorted({*wanted, *said}):
        now = said.get(t, now)
        left[t] = now
    assert {t: left[t] for t in wanted} == wanted
    assert said.keys() <= wanted.keys()

    spells = [(0, 0), *((e.time, LEVELS.index(e.detail["level"])) for e in changes)]
    got = np.zeros((ready.months, 4), np.int64)
    for (a, level), (b, _) in itertools.pairwise([*spells, (max(months[-1], spells[-1][0]), 0)]):
        for m, (first, last) in enumerate(itertools.pairwise(months)):
            got[m, level] += max(0, min(b, last) - max(a, first))
    assert physics.level_time.tolist() == got.tolist()
    assert physics.level_time.sum() == months[-1]

    level = "autonomous"
    for entry in log:
        if entry.activity == "autonomy level":
            assert entry.detail["level"] != level
            level = entry.detail["level"]
        elif entry.activity == "arrival":
            assert entry.detail["level"] == level
    assert governance.LEVELS == LEVELS
