"""Who is on the staff: plans, hires and those who learn, and items for whom nobody comes."""

from __future__ import annotations

import math

from simgap.compiling import rule
from simgap.engines.compiled.layout import (
    BACKLOG_LOOK,
    FIRST,
    FIRST_QUEUE,
    HEAD,
    HIRES_COME,
    D,
    G,
    I,
    R,
    Scene,
    State,
)
from simgap.engines.compiled.steps import plan_event, put_deadline
from simgap.engines.order import (
    COME,
    LOOK,
    PLANS,
    place_of,
)
from simgap.engines.physics import Count
from simgap.model import clock, keys, production
from simgap.model.clock import WEEK
from simgap.model.parameters import P, T


@rule
def month_of(s: Scene, b: State, workflow: int) -> int:
    """Return the row of the counts of a workflow in the present month."""
    return workflow * (s.months + 1) + b.g[G.MONTH]


@rule
def may_hire(s: Scene, b: State) -> bool:
    """Return whether reviewers are coming, or may yet be hired."""
    p = s.p[0]
    more = b.g[G.ORDERED] < p[P.HIRE_MAX] and b.g[G.NOW] < s.last_look
    return b.g[G.COMING] > 0 or (more and p[P.HIRE_ABOVE] < math.inf)


@rule
def nobody_comes(s: Scene, b: State, team: int) -> bool:
    """Return whether nobody is on the staff, now or later; the plan is the reviewers'."""
    if b.desks[team, D.STAFF]:
        return False
    if b.g[G.STOPPED]:
        return True
    if team == 0:
        for i in range(b.desks[0, D.NEXT_PLAN], len(s.plan)):
            if s.plan[i, 1]:
                return False
        return not may_hire(s, b)
    return True


@rule
def book_capacity(s: Scene, b: State, team: int) -> None:
    """Book the staffed hours of the heads present, up to now, in the present month."""
    g, desk = b.g, b.desks[team]
    if g[G.MONTH] < s.months:
        staffed = clock.staffed_time(g[G.NOW], s.calendars[team])
        heads = desk[D.FREE] + desk[D.BUSY]
        b.capacity[team, g[G.MONTH]] += heads * (staffed - desk[D.PAID_UNTIL])
        desk[D.PAID_UNTIL] = staffed


@rule
def learn(s: Scene, b: State) -> None:
    """Set how slow the reviewers are: those who are new do less, and the others do not make up for it."""
    staff, missing = b.desks[0, D.STAFF], 0.0
    for i in range(b.desks[0, D.HIRED]):
        missing += b.hired[i, 1] * production.learning(b.g[G.NOW] - b.hired[i, 0], s.p[0])
    b.r[R.SLOW] = staff / (staff - missing) if staff and missing > 0.0 else 1.0


@rule
def give_up(s: Scene, b: State, team: int) -> None:
    """Let items that no deadline ends fall back, where nobody is there and nobody comes."""
    now = b.g[G.NOW]
    if b.desks[team, D.GAVE_UP] == now or not nobody_comes(s, b, team):
        return
    b.desks[team, D.GAVE_UP] = now  # once is enough, and there is room for that
    classes = len(s.priority) + 1
    first = FIRST_QUEUE + team * classes
    for queue in range(first, first + classes):
        slot = b.queues[queue, HEAD]
        while slot >= 0:
            place = b.item[slot, I.PLACE]
            if b.item[slot, I.DUE] < 0 and s.teams[place >> 44, team, T.DEADLINE] == math.inf:
                put_deadline(b.heads, b.calendars, b.sizes, b.item, now, place, team, slot)
            slot = b.item[slot, I.BEHIND]


@rule
def set_staff(s: Scene, b: State, team: int) -> None:
    """Change the headcount: a cut takes the idle first, and the busy finish what they do."""
    desk = b.desks[team]
    book_capacity(s, b, team)
    heads = desk[D.PLANNED]
    for i in range(desk[D.HIRED]):
        heads += b.hired[i, 1]
    if b.g[G.STOPPED]:
        heads = 0
    more = heads - desk[D.STAFF]
    desk[D.STAFF] = heads
    if more > 0:
        staying = min(more, desk[D.LEAVING])
        desk[D.LEAVING] -= staying
        desk[D.FREE] += more - staying
    else:
        going = min(-more, desk[D.FREE])
        desk[D.FREE] -= going
        desk[D.LEAVING] += -more - going
    if team == 0:
        learn(s, b)
    give_up(s, b, team)
    b.g[G.STARTING] = 1


@rule
def look(s: Scene, b: State, week: int) -> None:
    """Look at the backlog, and hire if there is too much of it."""
    g = b.g
    now, p = g[G.NOW], s.p[0]
    learn(s, b)
    if g[G.STOPPED]:
        return
    desk = b.desks[0]
    heads = production.hires_wanted(
        desk[D.WAITING], desk[D.STAFF], g[G.COMING], g[G.ORDERED], p, s.teams[0, 0]
    )
    if heads:
        g[G.COMING] += heads
        g[G.ORDERED] += heads
        order = PLANS + place_of(keys.TEAM, COME + week)
        plan_event(b, now + production.hire_time(p), order, HIRES_COME, heads)
    if now < s.last_look:
        plan_event(b, now + WEEK, PLANS + place_of(keys.TEAM, LOOK + week + 1), BACKLOG_LOOK, week + 1)
    else:
        give_up(s, b, FIRST)


@rule
def come(s: Scene, b: State, heads: int) -> None:
    """Reviewers have their first day."""
    b.g[G.COMING] -= heads
    if not b.g[G.STOPPED]:
        b.counts[month_of(s, b, FIRST), Count.HIRED] += heads
        n = b.desks[0, D.HIRED]
        b.hired[n, 0] = b.g[G.NOW]
        b.hired[n, 1] = heads
        b.desks[0, D.HIRED] = n + 1
        set_staff(s, b, FIRST)
