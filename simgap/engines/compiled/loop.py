"""The event loop of the compiled engine: the same rules at the same instants, without processes.

Everything lives in arrays that the caller owns, so the loop can stop after any event and go on later: to
report progress, to be interrupted, or with larger arrays. Ties are settled as `simgap.engines.order` says.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.engines.compiled import hours
from simgap.engines.compiled.draws import next_arrival, next_block
from simgap.engines.compiled.heap import CODE, ORDER, TIME, pop
from simgap.engines.compiled.layout import (
    AGENDA,
    AI,
    AI_GIVEN_UP,
    AI_OVER,
    ARRIVALS,
    AT_LEAST,
    AT_MOST,
    BACKLOG_LOOK,
    BLOCK,
    CALENDARS,
    CONNECTOR,
    CONNECTOR_OVER,
    COPIED,
    DEADLINES,
    DECLINED,
    DONE,
    DUPLICATES,
    END_COPIED,
    ESCAPED_MANUAL,
    ESCAPED_MISSED,
    ESCAPED_OVERTURNED,
    ESCAPED_STRAIGHT,
    FALLBACK,
    FIRST,
    FIRST_COPIED,
    FIRST_QUEUE,
    HEAD,
    INDEX,
    LOST,
    LOST_ITEM_FOUND,
    MANUAL,
    MARGIN,
    MONTH_ENDS,
    MORE_ESCAPES,
    MORE_EVENTS,
    MORE_INCIDENTS,
    MORE_ITEMS,
    MORE_SPELLS,
    NOBODY,
    PAUSED,
    REALS_COPIED,
    REVIEW_DEADLINE,
    REVIEW_OVER,
    REVIEWED,
    SCHEMA_CHANGES,
    SHOCK,
    SPECIALIST_OVER,
    STAFF_CHANGES,
    STAGE,
    STRAIGHT,
    STREAMS,
    SUSPENDED,
    TEAM_OPENS,
    TEAMS,
    TOO_LONG,
    TYPE_IS_BORN,
    UNTIL,
    A,
    C,
    D,
    E,
    F,
    G,
    I,
    K,
    R,
    Scene,
    State,
)
from simgap.engines.compiled.organisation import (
    audited,
    begin_changes,
    count_again,
    example,
    foresee_adoption,
    next_news,
    next_outage,
    seldom,
    surfaces,
)
from simgap.engines.compiled.staff import book_capacity, nobody_comes
from simgap.engines.compiled.steps import (
    change_waiting,
    is_right,
    join,
    leave,
    leave_team,
    plan_event,
    put,
    put_deadline,
    take,
)
from simgap.engines.order import (
    AI_DONE,
    ARRIVES,
    LOOK,
    MASK63,
    OUTAGES,
    PLANS,
    REVIEW_DONE,
    SPECIALIST_DONE,
    START_SERVICES,
    STOP,
    fingerprint,
    place_of,
)
from simgap.engines.physics import LONGEST, Count
from simgap.model import governance, items, keys, oversight, production
from simgap.model.clock import NEVER, WEEK
from simgap.model.parameters import P, T
from simgap.model.production import BEFORE_TYPES


@rule
def begin(s: Scene, b: State) -> None:
    """Put on the calendars what is known before anything happens."""
    for stream in range(len(b.streams)):
        next_block(s, b, stream)
    next_arrival(b.heads, b.g, b.arrives, b.streams)
    if b.g[G.MONTH] < s.months:
        plan_event(b, s.starts[b.g[G.MONTH] + 1], PLANS, MONTH_ENDS, 0)
    for i in range(len(s.plan)):
        plan_event(b, s.plan[i, 0], PLANS + place_of(keys.TEAM, i), STAFF_CHANGES, i)
    next_outage(s, b, FIRST)
    next_news(s, b, FIRST + SHOCK, FIRST, FIRST)
    for workflow in range(len(s.p)):
        for what in range(SCHEMA_CHANGES, TYPE_IS_BORN + 1):
            next_news(s, b, what, workflow << keys.WORKFLOW_SHIFT, s.joins[workflow])
    if s.p[0, P.HIRE_MAX] > 0.0 and s.last_look > 0:
        plan_event(b, WEEK, PLANS + place_of(keys.TEAM, LOOK + 1), BACKLOG_LOOK, 1)
    plan_event(b, s.stops_at, PLANS + place_of(keys.TEAM, STOP), AI_GIVEN_UP, 0)
    count_again(s, b, FIRST)


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
    key, priority, columns, staffed_at = s.key, s.priority, s.columns, s.staffed
    spans, parameters, of_teams, log_odds = s.spans, s.p, s.teams, s.log_odds
    first_calendar, second_calendar = s.calendars
    months, connector_time = s.months, s.connector_time
    g, r, counts, reasons, item, real, drawn = b.g, b.r, b.counts, b.reasons, b.item, b.real, b.drawn
    heads, arrives, streams, agenda = b.heads, b.arrives, b.streams, b.agenda
    calendars, sizes = b.calendars, b.sizes
    desks, queues, waits, causes = b.desks, b.queues, b.waits, b.causes
    coming, coming_real, adoption = b.coming, b.coming_real, b.adoption
    free, by_class, escaped, cuts, broken = b.free, b.by_class, b.escaped, b.cuts, b.broken
    classes, incidents, spells = len(priority) + 1, len(b.incidents), len(b.spells)
    room = agenda.shape[1] - MARGIN - int(parameters[0, P.IN_PARALLEL])
    for _ in range(budget):
        if sizes[AGENDA] > room:
            return MORE_EVENTS
        if g[G.ESCAPED] == len(escaped):
            return MORE_ESCAPES
        if g[G.INCIDENTS] == incidents:
            return MORE_INCIDENTS
        if g[G.SPELLS] == spells:
            return MORE_SPELLS

        # What is next?
        time = heads[0]
        for i in range(1, CALENDARS + 1):
            time = min(time, heads[i])
        which, hits = 0, 0  # sums, for a search would have to go one by one
        for i in range(CALENDARS + 1):
            hit = heads[i] == time
            hits += hit
            which += i * hit
        now, month = g[G.NOW], g[G.MONTH] & INDEX
        if hits > 1 or time == now:
            order = MASK63
            for i in range(CALENDARS + 1):
                if heads[i] == time and time < NEVER:
                    if i == ARRIVALS:
                        o = streams[g[G.STREAM], A.ORDER]
                    elif i == AGENDA:
                        o = agenda[0, 0, ORDER]
                    else:
                        o = calendars[i, 0, ORDER]
                    if o < order:
                        order, which = o, i
        else:
            order = 0

        if g[G.STARTING] and (time > now or order > START_SERVICES):
            # Phase B: what can start, starts.
            while queues[CONNECTOR, HEAD] >= 0 and g[G.CONNECTOR_FREE]:
                slot = queues[CONNECTOR, HEAD]
                leave(item, queues, slot)
                g[G.CONNECTOR_FREE] = 0
                g[G.BEFORE_AI] -= 1
                wait = now - item[slot, I.JOINED]
                if wait >= LONGEST:
                    return TOO_LONG
                place = item[slot, I.PLACE]
                counts[(place >> 44) * (months + 1) + month, Count.AI_WAIT] += wait // 1000
                over = now + connector_time
                if over >= NEVER:
                    return TOO_LONG
                put(heads, calendars, sizes, STAGE, over, AI_DONE + place, CONNECTOR_OVER, slot)
            while queues[AI, HEAD] >= 0 and g[G.AI_FREE] and g[G.UP]:
                slot = queues[AI, HEAD]
                leave(item, queues, slot)
                g[G.AI_FREE] -= 1
                g[G.BEFORE_AI] -= 1
                wait = now - item[slot, I.JOINED]
                if wait >= LONGEST:
                    return TOO_LONG
                place = item[slot, I.PLACE]
                counts[(place >> 44) * (months + 1) + month, Count.AI_WAIT] += wait // 1000
                over = now + item[slot, I.LATENCY]
                if over >= NEVER:
                    return TOO_LONG
                put(heads, calendars, sizes, STAGE, over, AI_DONE + place, AI_OVER, slot)
            g[G.BEFORE_AI_PEAK] = max(g[G.BEFORE_AI_PEAK], g[G.BEFORE_AI])
            for team in range(2):
                if not (desks[team, D.WAITING] and desks[team, D.FREE]):
                    continue
                calendar = first_calendar if team == 0 else second_calendar
                span = hours.span_at(spans, team, desks[team, D.SPAN], now)
                desks[team, D.SPAN] = span
                opens_at = hours.next_opening(spans, team, span, now, calendar)
                if opens_at > now:
                    if opens_at != desks[team, D.OPENS_AT]:
                        desks[team, D.OPENS_AT] = opens_at
                        plan_event(b, opens_at, PLANS, TEAM_OPENS, team)
                    continue
                begun = hours.staffed_time(spans, team, span, now, calendar)
                queue = FIRST_QUEUE + team * classes
                while desks[team, D.WAITING] and desks[team, D.FREE]:
                    while queues[queue, HEAD] < 0:
                        queue += 1
                    slot = queues[queue, HEAD]
                    leave_team(heads, calendars, sizes, desks, waits, item, queues, team, slot, now, begun)
                    desks[team, D.FREE] -= 1
                    desks[team, D.BUSY] += 1
                    place = item[slot, I.PLACE]
                    t = of_teams[place >> 44 & INDEX, team]
                    x = oversight.congestion(desks[team, D.WAITING], desks[team, D.STAFF], t)
                    real[slot, F.X] = x
                    time_needed = real[slot, F.HOURS]
                    if team == 0:
                        time_needed *= r[R.SLOW]
                    work = oversight.occupied(time_needed, x, t)
                    g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, -1 - team, place)
                    over = hours.reached(spans, team, span, now, begun, work, calendar)
                    if over >= NEVER:
                        return TOO_LONG
                    rank, what = REVIEW_DONE, REVIEW_OVER
                    if team == 1:
                        rank, what = SPECIALIST_DONE, SPECIALIST_OVER
                    put(heads, calendars, sizes, TEAMS, over, rank + place, what, slot)
                    by_hand = item[slot, I.TRIGGERS] & items.BY_HAND
                    m, start, done = month, begun, begun + work
                    first = (place >> 44) * (months + 1)
                    while start < done:
                        end = min(done, staffed_at[team, m + 1]) if m < months else done
                        counts[first + m, columns[team, 3]] += end - start
                        if by_hand:
                            counts[first + m, columns[team, 4]] += end - start
                        start = end
                        m += 1
            if g[G.CHANGES_WAITING]:
                begin_changes(s, b)
            g[G.STARTING] = 0
            continue
        if time == NEVER:
            return DONE
        if which == ARRIVALS and not g[G.FREE_SLOTS]:
            return MORE_ITEMS

        # Phases A and C: one event.
        now = time
        g[G.NOW] = now
        slot, team, how, escape = 0, NOBODY, NOBODY, NOBODY
        to_ai = decided = False
        if which == ARRIVALS:
            stream = g[G.STREAM] & INDEX
            workflow = stream // STREAMS
            p, row = parameters[workflow], (workflow * (months + 1) + month) & INDEX
            left = (g[G.FREE_SLOTS] - 1) & INDEX
            g[G.FREE_SLOTS] = left
            slot = free[left] & INDEX
            i = streams[stream, A.NEXT] & INDEX
            kind = keys.ITEM
            if stream % STREAMS == DUPLICATES:
                kind = keys.DUPLICATE
                counts[row, Count.DUPLICATES] += 1
            else:
                counts[row, Count.ARRIVED] += 1
            item[slot, I.PLACE] = streams[stream, A.ORDER] - ARRIVES
            item[slot, I.ARRIVED] = now
            item[slot, I.QUEUE] = NOBODY
            item[slot, I.LEVEL] = g[G.LEVEL]
            for field in range(FIRST_COPIED, END_COPIED):
                item[slot, COPIED + field] = coming[stream, field, i]
            for field in range(REALS_COPIED):
                real[slot, field] = coming_real[stream, field, i]
            if now > adoption[workflow, UNTIL]:
                foresee_adoption(s, b, workflow)
            u = coming_real[stream, E.ADOPTION, i]
            declined = u >= adoption[workflow, AT_MOST]
            if not declined and u >= adoption[workflow, AT_LEAST]:
                declined = u >= production.adopted_share(
                    now, s.waiting_from[workflow], r[R.LOST], g[G.TRUST_LOST_AT], p
                )
            if g[G.LEVEL] == governance.SUSPENDED:
                how = SUSPENDED
            elif declined:
                how = DECLINED
            else:
                defects = item[slot, I.DEFECTS]
                if coming_real[stream, E.SCHEMA, i] < items.schema_share(broken[workflow], p):
                    defects |= items.SCHEMA
                defects, exception = items.validated(defects, item[slot, I.FLAGS])
                item[slot, I.DEFECTS] = defects
                if kind == keys.ITEM:
                    counts[row, Count.EDGE_CASES] += item[slot, I.EDGE] != items.ORDINARY
                    counts[row, Count.EXCEPTIONS] += exception
                if exception:
                    item[slot, I.TRIGGERS] = items.EXCEPTION
                    team = 0
                elif connector_time:
                    g[G.BEFORE_AI] += 1
                    join(item, queues, CONNECTOR, slot, now)
                    g[G.STARTING] = 1
                else:
                    to_ai = True
            i += 1
            streams[stream, A.NEXT] = i
            streams[stream, A.ENTITY] += 1
            streams[stream, A.ORDER] += 1
            if i < streams[stream, A.DRAWN]:
                arrives[stream] = coming[stream, C.TIME, i]
            elif i == BLOCK:
                next_block(s, b, stream)
            else:
                arrives[stream] = NEVER
            next_arrival(heads, g, arrives, streams)
        elif which == STAGE:
            code = calendars[STAGE, 0, CODE]
            take(heads, calendars, sizes, STAGE)
            slot = code >> 8 & INDEX
            if code & 255 == CONNECTOR_OVER:
                g[G.CONNECTOR_FREE] = 1
                g[G.STARTING] = 1
                to_ai = True
            else:
                g[G.AI_FREE] += 1
                if queues[AI, HEAD] >= 0:
                    g[G.STARTING] = 1
                decided = True
        elif which == TEAMS:
            code = calendars[TEAMS, 0, CODE]
            take(heads, calendars, sizes, TEAMS)
            slot, done_by = code >> 8 & INDEX, ((code & 255) - REVIEW_OVER) & INDEX
            if desks[done_by, D.LEAVING]:
                book_capacity(s, b, done_by)
                desks[done_by, D.LEAVING] -= 1
            else:
                desks[done_by, D.FREE] += 1
                if desks[done_by, D.WAITING]:
                    g[G.STARTING] = 1
            desks[done_by, D.BUSY] -= 1
            place = item[slot, I.PLACE]
            workflow = place >> 44 & INDEX
            p = parameters[workflow]
            words = (0, item[slot, I.VERDICT], 0, item[slot, I.ESCALATED])
            if done_by == 0 and oversight.is_escalated(words, p):
                team = 1
            else:
                triggers, flags = item[slot, I.TRIGGERS], item[slot, I.FLAGS]
                t = of_teams[workflow, done_by]
                right, hardness, x = item[slot, I.RIGHT] != 0, real[slot, F.HARDNESS], real[slot, F.X]
                verdict = oversight.verdict(words, t, p, triggers, flags, right, hardness, x)
                how = MANUAL if triggers & items.BY_HAND else REVIEWED
                unique = place >> 36 & 255 == keys.ITEM
                if triggers & items.AUDIT:
                    audited(s, b, workflow, oversight.faulted(right, flags))
                if unique and verdict != oversight.MISSED and item[slot, I.EDGE] > items.ONCE:
                    example(s, b, workflow, item[slot, I.EDGE])
                if verdict == oversight.CAUGHT:
                    counts[workflow * (months + 1) + month, Count.CAUGHT] += unique
                elif verdict == oversight.MISSED:
                    escape = ESCAPED_MISSED
                elif verdict == oversight.OVERTURNED:
                    escape = ESCAPED_OVERTURNED
                elif verdict == oversight.MANUAL_WRONG:
                    escape = ESCAPED_MANUAL
        elif which == DEADLINES:
            code = calendars[DEADLINES, 0, CODE]
            slot, late_for = code >> 8 & INDEX, ((code & 255) - REVIEW_DEADLINE) & INDEX
            calendar = first_calendar if late_for == 0 else second_calendar
            span = hours.span_at(spans, late_for, desks[late_for, D.SPAN], now)
            desks[late_for, D.SPAN] = span
            staffed = hours.staffed_time(spans, late_for, span, now, calendar)
            leave_team(heads, calendars, sizes, desks, waits, item, queues, late_for, slot, now, staffed)
            row = (item[slot, I.PLACE] >> 44) * (months + 1) + month
            counts[row, columns[late_for, 1]] += 1
            how = FALLBACK
        else:
            code = agenda[0, 0, CODE]
            sizes[AGENDA] = pop(agenda, 0, sizes[AGENDA])
            heads[AGENDA] = agenda[0, 0, TIME] if sizes[AGENDA] else NEVER
            slot = code >> 8
            if code & 255 != LOST_ITEM_FOUND:
                seldom(s, b, code & 255, slot)
                if g[G.BACK] >= NEVER:
                    return TOO_LONG
                continue
            how = LOST
        place = item[slot, I.PLACE]
        kind = place >> 36 & 255
        workflow = place >> 44 & INDEX
        entity = workflow << keys.WORKFLOW_SHIFT | place & keys.NUMBER
        row = (workflow * (months + 1) + month) & INDEX
        if to_ai:
            if not g[G.UP] and item[slot, I.FLAGS] & items.LOST:
                plan_event(b, g[G.BACK], OUTAGES + place, LOST_ITEM_FOUND, slot)
            elif (
                budget > 1
                and which == ARRIVALS
                and hits == 1
                and heads[which] > now
                and not g[G.STARTING]
                and queues[AI, HEAD] < 0
                and g[G.AI_FREE]
                and g[G.UP]
            ):
                # Nothing else is due at this instant, and no team has both heads and items to start: phase B
                # would start this item and nothing more. Who goes event by event sees it do so.
                over = now + item[slot, I.LATENCY]
                if over >= NEVER:
                    return TOO_LONG
                soonest = heads[0]
                for i in range(1, CALENDARS + 1):
                    soonest = min(soonest, heads[i])
                if over < soonest:  # nothing else happens before the AI is done
                    now = over
                    g[G.NOW] = now
                    decided = True
                else:
                    g[G.AI_FREE] -= 1
                    put(heads, calendars, sizes, STAGE, over, AI_DONE + place, AI_OVER, slot)
            else:
                g[G.BEFORE_AI] += 1
                join(item, queues, AI, slot, now)
                g[G.STARTING] = 1
        if decided:
            p = parameters[workflow]
            counts[row, Count.AI_SERVED] += 1
            edge, flags = item[slot, I.EDGE], item[slot, I.FLAGS]
            unhandled = edge >= items.ONCE
            if edge > items.ONCE:
                unhandled = causes[workflow, BEFORE_TYPES + edge, K.HANDLED] == 0
            if unhandled and flags & items.RECOGNISED:
                item[slot, I.TRIGGERS] = items.EDGE
                team = 0
            else:
                drift = production.drift_at(now, r[R.OFFSET], p)
                lost = items.penalty(item[slot, I.DEFECTS], unhandled, p) + drift
                right = is_right(real[slot, F.RIGHT], real[slot, F.HARDNESS], lost, p, log_odds)
                item[slot, I.RIGHT] = right
                triggers = items.triggers_of(
                    real[slot, F.SCORE],
                    right,
                    unhandled,
                    flags,
                    item[slot, I.CONSEQUENTIAL] != 0,
                    item[slot, I.VALUE_CLASS],
                    p,
                    cuts[workflow],
                )
                triggers = items.at_level(triggers, item[slot, I.LEVEL])
                item[slot, I.TRIGGERS] = triggers
                if place >> 36 & 255 == keys.ITEM:
                    counts[row, Count.AI_DECISIONS] += 1
                    counts[row, Count.AI_RIGHT] += right
                if triggers:
                    team = 0
                else:
                    how = STRAIGHT
                    if not right:
                        escape = ESCAPED_STRAIGHT
        if team >= 0:
            triggers = item[slot, I.TRIGGERS]
            t, calendar, purpose = of_teams[workflow, team], first_calendar, keys.REVIEW
            if team == 1:
                calendar, purpose = second_calendar, keys.SPECIALIST
            else:
                reasons[row, triggers] += 1
            words = keys.item_words(key, kind, entity, purpose)
            drawn[purpose] += 1
            item[slot, I.VERDICT] = words[1]
            item[slot, I.ESCALATED] = words[3]
            time_needed = oversight.review_hours(words, t, triggers)
            real[slot, F.HOURS] = time_needed
            counts[row, columns[team, 0]] += 1
            offered = oversight.occupied(time_needed, 0.0, t)
            if offered >= LONGEST:
                return TOO_LONG
            counts[row, columns[team, 2]] += offered
            span = hours.span_at(spans, team, desks[team, D.SPAN], now)
            desks[team, D.SPAN] = span
            staffed = hours.staffed_time(spans, team, span, now, calendar)
            item[slot, I.JOINED_STAFFED] = staffed
            item[slot, I.DUE] = NOBODY
            urgency = classes - 1
            for i in range(classes - 1):
                if triggers & priority[i]:
                    urgency = i
                    break
            join(item, queues, FIRST_QUEUE + team * classes + urgency, slot, now)
            change_waiting(desks, team, now, 1)
            g[G.STARTING] = 1
            patience = oversight.patience(words, t)
            if patience == NEVER and not desks[team, D.STAFF] and nobody_comes(s, b, team):
                patience = 0
            if patience < NEVER:
                deadline = now + patience
                if not t[T.WALL_DEADLINE]:
                    deadline = hours.reached(spans, team, span, now, staffed, patience, calendar)
                if deadline < NEVER:
                    put_deadline(heads, calendars, sizes, item, deadline, place, team, slot)
        if how >= 0:
            g[G.FINGERPRINT] = fingerprint(g[G.FINGERPRINT], now, how, place)
            left = g[G.FREE_SLOTS] & INDEX
            free[left] = slot
            g[G.FREE_SLOTS] = left + 1
            if kind == keys.DUPLICATE:
                # Duplicates cost work and neither earn nor err.
                if how >= FALLBACK:
                    counts[row, Count.DUPLICATE_FALLBACK] += 1
                else:
                    counts[row, Count.DUPLICATE_DONE] += 1
                continue
            counts[row, how] += 1
            by_class[workflow, item[slot, I.VALUE_CLASS], how - STRAIGHT] += 1
            delay = (now - item[slot, I.ARRIVED]) // 1000
            if delay >= LONGEST // 1000:
                return TOO_LONG
            if how >= FALLBACK:
                counts[row, Count.LEGACY_DELAY] += delay
            else:
                counts[row, Count.DELAY] += delay
            if escape >= 0:
                counts[row, escape] += 1
                escaped[g[G.ESCAPED], 0] = now
                escaped[g[G.ESCAPED], 1] = entity
                escaped[g[G.ESCAPED], 2] = item[slot, I.EDGE]
                g[G.ESCAPED] += 1
                if item[slot, I.CONSEQUENTIAL]:
                    surfaces(s, b, entity)
    return PAUSED
