"""The event loop of the compiled engine: the same rules at the same instants, without processes.

Everything lives in arrays that the caller owns, so the loop can stop after any event and go on later: to
report progress, to be interrupted, or with larger arrays. Ties are settled as `simgap.engines.order` says.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.engines.compiled.heap import CODE, ORDER, TIME, pop, push
from simgap.engines.compiled.layout import (
    AI,
    AI_OVER,
    CONNECTOR,
    CONNECTOR_OVER,
    DONE,
    DUPLICATES,
    ESCAPED_MANUAL,
    ESCAPED_MISSED,
    ESCAPED_OVERTURNED,
    ESCAPED_STRAIGHT,
    FALLBACK,
    FIRST_QUEUE,
    FIRST_TRIGGER,
    ITEMS,
    LOST,
    LOST_ITEM_FOUND,
    MANUAL,
    MARGIN,
    MONTH_ENDS,
    MORE_ESCAPES,
    MORE_EVENTS,
    MORE_INCIDENTS,
    MORE_ITEMS,
    NOBODY,
    PAUSED,
    REVIEW_DEADLINE,
    REVIEW_OVER,
    REVIEWED,
    SPECIALIST_DEADLINE,
    SPECIALIST_OVER,
    STAFF_CHANGES,
    STRAIGHT,
    SUSPENDED,
    TEAM_OPENS,
    TOO_LONG,
    TOO_MANY,
    TRIGGERS,
    WAITING,
    A,
    D,
    F,
    G,
    I,
    Scene,
    State,
)
from simgap.engines.compiled.steps import (
    book_capacity,
    change_waiting,
    forget,
    leave_queue,
    next_arrival,
    next_outage,
    next_waiting,
    nobody_comes,
    put,
    seldom,
    still_waits,
    surfaces,
)
from simgap.engines.order import (
    AI_DONE,
    ARRIVES,
    DEADLINE,
    OUTAGES,
    PLANS,
    REVIEW_DONE,
    SPECIALIST_DONE,
    START_SERVICES,
    fingerprint,
    place_of,
)
from simgap.engines.physics import LONGEST, Count
from simgap.model import clock, governance, integration, items, keys, oversight
from simgap.model.clock import NEVER


@rule
def begin(s: Scene, b: State) -> None:
    """Put on the calendar what is known before anything happens."""
    for stream, levels in ((ITEMS, s.levels), (DUPLICATES, s.duplicate_levels)):
        next_arrival(s.key, s.p, levels, s.knots, s.quantiles, s.regular, b.streams, b.reached, stream)
    next_waiting(s, b.streams)
    if b.g[G.MONTH] < s.months:
        put(b.g, b.events, s.starts[b.g[G.MONTH] + 1], PLANS, MONTH_ENDS, 0)
    for i in range(len(s.plan)):
        put(b.g, b.events, s.plan[i, 0], PLANS + place_of(keys.TEAM, i), STAFF_CHANGES, i)
    next_outage(s, b, 0)


@rule
def advance(s: Scene, b: State, budget: int) -> int:
    """Let at most so many events happen, and say why it stops.

    Returns
    -------
    int
        `DONE`, `PAUSED`, or what more room is needed for; then nothing is lost, and the same call with larger
        arrays goes on.

    Notes
    -----
    What happens often stands here in one piece, each step once: first what the event itself does, then where
    the item goes from there: to the AI, to a team, to its end. A call with this state costs more than a step.
    """
    # Every array has a name of its own here: taken out of `s` or `b` inside the loop, it would be counted as
    # one more reference each time, and that costs more than what is done with it.
    key, p, plan, priority, columns, staffed_at = s.key, s.p, s.plan, s.priority, s.columns, s.staffed
    levels, duplicate_levels, knots, quantiles = s.levels, s.duplicate_levels, s.knots, s.quantiles
    cumulative, wall_deadline = s.cumulative, s.wall_deadline
    first_team, second_team = s.teams[0], s.teams[1]
    first_calendar, second_calendar = s.calendars
    months, connector_time = s.months, s.connector_time
    g, counts, events, sizes, item, real = b.g, b.counts, b.events, b.sizes, b.item, b.real
    desks, streams, reached, queues, waits = b.desks, b.streams, b.reached, b.queues, b.waits
    free, by_class, escaped = b.free, b.by_class, b.escaped
    classes, incidents = len(priority) + 1, len(b.incidents)
    for _ in range(budget):
        if g[G.EVENTS] + desks[0, D.WAITING] + MARGIN > events.shape[1]:
            return MORE_EVENTS
        if g[G.ESCAPED] == len(escaped):
            return MORE_ESCAPES
        if g[G.INCIDENTS] == incidents:
            return MORE_INCIDENTS

        # What is next?
        time, order, stream = NEVER, NEVER, -1
        if g[G.EVENTS]:
            time, order = events[0, 0, TIME], events[0, 0, ORDER]
        for i in range(3):
            when = streams[i, A.TIME]
            if when < time or (when == time and streams[i, A.ORDER] < order):
                time, order, stream = when, streams[i, A.ORDER], i
        now, month = g[G.NOW], g[G.MONTH]

        if g[G.STARTING] and (time > now or order > START_SERVICES):
            # Phase B: what can start, starts. Room for all of it first: were the rest to start later, what
            # the first start causes at this instant would come between.
            starts = min(sizes[AI], g[G.AI_FREE])
            for team in range(2):
                starts += min(desks[team, D.WAITING], desks[team, D.FREE])
            if g[G.EVENTS] + starts + MARGIN > events.shape[1]:
                return MORE_EVENTS
            while sizes[CONNECTOR] and g[G.CONNECTOR_FREE]:
                joined, place = queues[CONNECTOR, 0, TIME], queues[CONNECTOR, 0, ORDER]
                slot = queues[CONNECTOR, 0, CODE]
                sizes[CONNECTOR] = pop(queues, CONNECTOR, sizes[CONNECTOR])
                g[G.CONNECTOR_FREE] = 0
                g[G.BEFORE_AI] -= 1
                wait = now - joined
                if wait >= LONGEST:
                    return TOO_LONG
                counts[month, Count.AI_WAIT] += wait // 1000
                put(g, events, now + connector_time, AI_DONE + place, CONNECTOR_OVER, slot)
            while sizes[AI] and g[G.AI_FREE] and g[G.UP]:
                joined, place, slot = queues[AI, 0, TIME], queues[AI, 0, ORDER], queues[AI, 0, CODE]
                sizes[AI] = pop(queues, AI, sizes[AI])
                g[G.AI_FREE] -= 1
                g[G.BEFORE_AI] -= 1
                wait = now - joined
                if wait >= LONGEST:
                    return TOO_LONG
                counts[month, Count.AI_WAIT] += wait // 1000
                latency = integration.latency(key, item[slot, I.KIND], item[slot, I.ENTITY], p)
                if now + latency >= NEVER:
                    return TOO_LONG
                put(g, events, now + latency, AI_DONE + place, AI_OVER, slot)
            g[G.BEFORE_AI_PEAK] = max(g[G.BEFORE_AI_PEAK], g[G.BEFORE_AI])
            for team in range(2):
                while desks[team, D.WAITING] and desks[team, D.FREE]:
                    t, calendar = first_team, first_calendar
                    if team == 1:
                        t, calendar = second_team, second_calendar
                    opens_at = clock.next_opening(now, calendar)
                    if opens_at > now:
                        if opens_at != desks[team, D.OPENS_AT]:
                            desks[team, D.OPENS_AT] = opens_at
                            put(g, events, opens_at, PLANS, TEAM_OPENS, team)
                        break
                    queue = FIRST_QUEUE + team * classes
                    while not sizes[queue]:
                        queue += 1
                    joined, place = queues[queue, 0, TIME], queues[queue, 0, ORDER]
                    slot = queues[queue, 0, CODE]
                    sizes[queue] = pop(queues, queue, sizes[queue])
                    desks[team, D.ENTRIES] -= 1
                    if not still_waits(item, team, slot, place, joined):
                        continue  # left at its deadline
                    begun = clock.staffed_time(now, calendar)
                    leave_queue(desks, waits, item, team, slot, now, begun)
                    desks[team, D.FREE] -= 1
                    desks[team, D.BUSY] += 1
                    x = oversight.congestion(desks[team, D.WAITING], desks[team, D.STAFF], t)
                    real[slot, F.X] = x
                    done = begun + oversight.occupied(real[slot, F.HOURS], x, t)
                    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, -1 - team, item[slot, I.PLACE])
                    rank, what = REVIEW_DONE, REVIEW_OVER
                    if team == 1:
                        rank, what = SPECIALIST_DONE, SPECIALIST_OVER
                    over = clock.reached(now, done, calendar)
                    if over >= NEVER:
                        return TOO_LONG
                    put(g, events, over, rank + item[slot, I.PLACE], what, slot)
                    by_hand = item[slot, I.TRIGGERS] & items.BY_HAND
                    m = month
                    while begun < done:
                        end = min(done, staffed_at[team, m + 1]) if m < months else done
                        counts[m, columns[team, 3]] += end - begun
                        if by_hand:
                            counts[m, columns[team, 4]] += end - begun
                        begun = end
                        m += 1
            g[G.STARTING] = 0
            continue
        if time == NEVER:
            return DONE
        if stream >= 0 and not g[G.FREE_SLOTS]:
            return MORE_ITEMS

        # Phases A and C: one event.
        now = time
        g[G.NOW] = now
        slot, team, how, escape = 0, NOBODY, NOBODY, NOBODY
        to_ai = False
        if stream >= 0:
            g[G.FREE_SLOTS] -= 1
            slot = free[g[G.FREE_SLOTS]]
            kind, entity = keys.ITEM, streams[stream, A.ENTITY]
            if stream == DUPLICATES:
                kind = keys.DUPLICATE
                counts[month, Count.DUPLICATES] += 1
            else:
                counts[month, Count.ARRIVED] += 1
            item[slot, I.KIND] = kind
            item[slot, I.ENTITY] = entity
            item[slot, I.PLACE] = order - ARRIVES
            item[slot, I.ARRIVED] = now
            item[slot, I.VALUE_CLASS] = streams[stream, A.VALUE_CLASS]
            item[slot, I.CONSEQUENTIAL] = streams[stream, A.CONSEQUENTIAL]
            item[slot, I.RIGHT] = 0
            item[slot, I.LEVEL] = g[G.LEVEL]
            item[slot, I.TEAM] = NOBODY
            real[slot, F.HARDNESS] = 0.0
            if stream == WAITING:
                next_waiting(s, streams)
            else:
                expected = levels if stream == ITEMS else duplicate_levels
                next_arrival(key, p, expected, knots, quantiles, s.regular, streams, reached, stream)
            if g[G.LEVEL] == governance.SUSPENDED:
                how = SUSPENDED
            else:
                defects, exception, edge, unhandled, recognised = items.inspect(
                    key, kind, entity, p, cumulative
                )
                item[slot, I.DEFECTS] = defects
                item[slot, I.UNHANDLED] = unhandled
                item[slot, I.RECOGNISED] = recognised
                if kind == keys.ITEM:
                    counts[month, Count.EDGE_CASES] += edge
                    counts[month, Count.EXCEPTIONS] += exception
                if exception:
                    item[slot, I.TRIGGERS] = items.EXCEPTION
                    team = 0
                elif connector_time:
                    g[G.BEFORE_AI] += 1
                    sizes[CONNECTOR] = push(
                        queues, CONNECTOR, sizes[CONNECTOR], now, item[slot, I.PLACE], slot
                    )
                    g[G.STARTING] = 1
                else:
                    to_ai = True
        else:
            code = events[0, 0, CODE]
            g[G.EVENTS] = pop(events, 0, g[G.EVENTS])
            what, slot = code & 255, code >> 8
            if what == AI_OVER:
                kind, entity = item[slot, I.KIND], item[slot, I.ENTITY]
                g[G.AI_FREE] += 1
                if sizes[AI]:
                    g[G.STARTING] = 1
                counts[month, Count.AI_SERVED] += 1
                if item[slot, I.RECOGNISED]:
                    item[slot, I.TRIGGERS] = items.EDGE
                    team = 0
                else:
                    hardness, right, triggers = items.decide(
                        key,
                        kind,
                        entity,
                        p,
                        item[slot, I.DEFECTS],
                        item[slot, I.UNHANDLED] != 0,
                        item[slot, I.CONSEQUENTIAL] != 0,
                        item[slot, I.VALUE_CLASS],
                        item[slot, I.LEVEL],
                    )
                    real[slot, F.HARDNESS] = hardness
                    item[slot, I.RIGHT] = right
                    item[slot, I.TRIGGERS] = triggers
                    if kind == keys.ITEM:
                        counts[month, Count.AI_DECISIONS] += 1
                        counts[month, Count.AI_RIGHT] += right
                    if triggers:
                        team = 0
                    else:
                        how = STRAIGHT
                        if not right:
                            escape = ESCAPED_STRAIGHT
            elif what in (REVIEW_OVER, SPECIALIST_OVER):
                done_by = what - REVIEW_OVER
                kind, entity = item[slot, I.KIND], item[slot, I.ENTITY]
                if desks[done_by, D.LEAVING]:
                    book_capacity(s, b, done_by)
                    desks[done_by, D.LEAVING] -= 1
                else:
                    desks[done_by, D.FREE] += 1
                    if desks[done_by, D.WAITING]:
                        g[G.STARTING] = 1
                desks[done_by, D.BUSY] -= 1
                if done_by == 0 and oversight.is_escalated(key, kind, entity, p):
                    team = 1
                else:
                    verdict = oversight.verdict(
                        key,
                        kind,
                        entity,
                        first_team if done_by == 0 else second_team,
                        p,
                        item[slot, I.TRIGGERS],
                        item[slot, I.RIGHT] != 0,
                        real[slot, F.HARDNESS],
                        real[slot, F.X],
                    )
                    how = MANUAL if item[slot, I.TRIGGERS] & items.BY_HAND else REVIEWED
                    if verdict == oversight.CAUGHT:
                        counts[month, Count.CAUGHT] += kind == keys.ITEM
                    elif verdict == oversight.MISSED:
                        escape = ESCAPED_MISSED
                    elif verdict == oversight.OVERTURNED:
                        escape = ESCAPED_OVERTURNED
                    elif verdict == oversight.MANUAL_WRONG:
                        escape = ESCAPED_MANUAL
            elif what in (REVIEW_DEADLINE, SPECIALIST_DEADLINE):
                late_for = what - REVIEW_DEADLINE
                if item[slot, I.TEAM] == late_for and item[slot, I.PLACE] == order - DEADLINE:
                    staffed = clock.staffed_time(now, first_calendar if late_for == 0 else second_calendar)
                    leave_queue(desks, waits, item, late_for, slot, now, staffed)
                    if desks[late_for, D.ENTRIES] > 2 * desks[late_for, D.WAITING] + TOO_MANY:
                        forget(s, b, late_for)
                    counts[month, columns[late_for, 1]] += 1
                    how = FALLBACK
            elif what == CONNECTOR_OVER:
                g[G.CONNECTOR_FREE] = 1
                g[G.STARTING] = 1
                to_ai = True
            elif what == LOST_ITEM_FOUND:
                how = LOST
            else:
                seldom(s, b, what, slot)
                if g[G.BACK] >= NEVER:
                    return TOO_LONG
                continue
        kind, entity, place = item[slot, I.KIND], item[slot, I.ENTITY], item[slot, I.PLACE]
        if to_ai:
            if not g[G.UP] and integration.is_lost(key, kind, entity, p):
                put(g, events, g[G.BACK], OUTAGES + place, LOST_ITEM_FOUND, slot)
            else:
                g[G.BEFORE_AI] += 1
                sizes[AI] = push(queues, AI, sizes[AI], now, place, slot)
                g[G.STARTING] = 1
        if team >= 0:
            triggers = item[slot, I.TRIGGERS]
            if team == 0:
                for bit in range(TRIGGERS):
                    counts[month, FIRST_TRIGGER + bit] += triggers >> bit & 1
            t, calendar = first_team, first_calendar
            if team == 1:
                t, calendar = second_team, second_calendar
            hours = oversight.review_hours(key, kind, entity, t, triggers)
            counts[month, columns[team, 0]] += 1
            offered = oversight.occupied(hours, 0.0, t)
            if offered >= LONGEST:
                return TOO_LONG
            counts[month, columns[team, 2]] += offered
            real[slot, F.HOURS] = hours
            staffed = clock.staffed_time(now, calendar)
            item[slot, I.JOINED] = now
            item[slot, I.JOINED_STAFFED] = staffed
            item[slot, I.TEAM] = team
            urgency = classes - 1
            for i in range(classes - 1):
                if triggers & priority[i]:
                    urgency = i
                    break
            queue = FIRST_QUEUE + team * classes + urgency
            sizes[queue] = push(queues, queue, sizes[queue], now, place, slot)
            desks[team, D.ENTRIES] += 1
            change_waiting(desks, team, now, 1)
            g[G.STARTING] = 1
            patience = oversight.patience(key, kind, entity, t)
            if patience == NEVER and nobody_comes(desks, plan, team):
                patience = 0
            if patience < NEVER:
                deadline = now + patience
                if not wall_deadline[team]:
                    deadline = clock.reached(now, staffed + patience, calendar)
                put(g, events, deadline, DEADLINE + place, REVIEW_DEADLINE + team, slot)
        if how >= 0:
            g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, how, place)
            free[g[G.FREE_SLOTS]] = slot
            g[G.FREE_SLOTS] += 1
            if kind == keys.DUPLICATE:
                # Duplicates cost work and neither earn nor err.
                if how >= FALLBACK:
                    counts[month, Count.DUPLICATE_FALLBACK] += 1
                else:
                    counts[month, Count.DUPLICATE_DONE] += 1
                continue
            counts[month, how] += 1
            by_class[item[slot, I.VALUE_CLASS], how - STRAIGHT] += 1
            delay = (now - item[slot, I.ARRIVED]) // 1000
            if delay >= LONGEST // 1000:
                return TOO_LONG
            if how >= FALLBACK:
                counts[month, Count.LEGACY_DELAY] += delay
            else:
                counts[month, Count.DELAY] += delay
            if escape >= 0:
                counts[month, escape] += 1
                escaped[g[G.ESCAPED], 0] = now
                escaped[g[G.ESCAPED], 1] = entity
                g[G.ESCAPED] += 1
                if item[slot, I.CONSEQUENTIAL]:
                    surfaces(s, b, entity)
    return PAUSED
