"""What items will be like, drawn in blocks: by the rules, before anything happens to them.

All that an item brings with it is a function of its key and the packed parameters, so it can be drawn for
many items at once: in plain loops over columns of numbers the compiler works on several items together, and
random words cost an eighth of what they cost one by one. What depends on where things stand - the level of
autonomy, the congestion - and what few items need - their review - is drawn when it is needed.
"""

from __future__ import annotations

from simgap.compiling import rule
from simgap.engines.compiled.layout import BLOCK, DUPLICATES, ITEMS, WAITING, A, C, Scene, State
from simgap.engines.order import ARRIVES, place_of
from simgap.model import integration, items, keys
from simgap.model.clock import NEVER
from simgap.model.keys import ARRIVAL, CHECK, DATA, DECISION, LATENCY
from simgap.model.parameters import Law, P
from simgap.model.times import to_microseconds
from simgap.model.types import Floats, Ints
from simgap.sampling import philox
from simgap.sampling.inversion import SPLIT_CENTRE, centre_quantile, lognormal_normal, tail_quantile
from simgap.sampling.philox import Words, unit


@rule
def draw(words: Ints, drawn: Ints, key: Ints, kind: int, first: int, n: int, purpose: int) -> None:
    """Draw the words of n items for a purpose, Ints[4, BLOCK]."""
    # Out of the array: the compiler cannot know that writing `words` leaves `key` alone.
    seed, draw_of_unknowns, luck, phase = key[0], key[1], key[2], key[3]
    for i in range(n):
        w = philox.words(seed, draw_of_unknowns, luck, phase, kind, first + i, purpose, 0)
        words[0, i] = w[0]
        words[1, i] = w[1]
        words[2, i] = w[2]
        words[3, i] = w[3]
    drawn[purpose] += n


@rule
def words_of(words: Ints, i: int) -> Words:
    """Return the four words of an item of the block."""
    return words[0, i], words[1, i], words[2, i], words[3, i]


@rule
def normals(words: Ints, which: int, n: int, tails: Ints, out: Floats) -> None:
    """Write the normal quantiles of one of the words of n items: the centre for all, then the tails."""
    for i in range(n):
        out[i] = centre_quantile(unit(words[which, i]) - 0.5)
    found = 0
    for i in range(n):  # without a branch, which could not be foreseen
        tails[found] = i
        found += abs(unit(words[which, i]) - 0.5) > SPLIT_CENTRE
    for j in range(found):
        i = tails[j]
        out[i] = tail_quantile(unit(words[which, i]))


@rule
def draw_arrivals(s: Scene, b: State, stream: int, kind: int, first: int, coming: Ints) -> int:
    """Draw when the next items of a stream arrive and what is at stake; return how many there are."""
    p, words, quantiles = s.p, b.words, s.quantiles
    levels = s.levels if stream == ITEMS else s.duplicate_levels
    knots, regular = s.knots, s.regular
    level, interval = b.reached[stream], b.streams[stream, A.INTERVAL]
    n = BLOCK
    if stream == WAITING:
        n = min(BLOCK, max(0, s.waiting - ((first & keys.NUMBER) - keys.FIRST_WAITING)))
    draw(words, b.drawn, s.key, kind, first, n, ARRIVAL)
    when = s.waiting_from
    for i in range(n):
        if stream != WAITING:
            w = words_of(words, i)
            when, level, interval = items.arrive(w, first + i, p, level, interval, levels, knots, regular)
            if interval < 0:
                n = i
                break
        coming[C.TIME, i] = when
    for i in range(n):
        value_class, consequential = items.stakes(words_of(words, i), p, quantiles)
        coming[C.VALUE_CLASS, i] = value_class
        coming[C.CONSEQUENTIAL, i] = consequential
    b.reached[stream] = level
    b.streams[stream, A.INTERVAL] = interval
    return n


@rule
def draw_inspection(s: Scene, b: State, kind: int, first: int, n: int, coming: Ints) -> None:
    """Draw defects, validation, edge cases, and whether an outage would lose the item."""
    p, words, drawn = s.p, b.words, b.drawn
    for i in range(n):
        coming[C.DEFECTS, i] = 0
        coming[C.EXCEPTION, i] = 0
        coming[C.EDGE, i] = 0
        coming[C.UNHANDLED, i] = 0
        coming[C.RECOGNISED, i] = 0
        coming[C.LOST, i] = 0
    # Words that decide nothing, because every probability is 0, are not drawn.
    dirty = p[P.MISSING] + p[P.FORMAT] + p[P.SCHEMA] + p[P.STALE] > 0.0
    if dirty:
        draw(words, drawn, s.key, kind, first, n, DATA)
        for i in range(n):
            w = words_of(words, i)
            coming[C.DEFECTS, i] = items.defects_of(unit(w[0]), unit(w[1]), unit(w[2]), unit(w[3]), p)
    if dirty or p[P.FALSE_REJECT] + p[P.EDGE_SHARE] + p[P.LOST] > 0.0:
        draw(words, drawn, s.key, kind, first, n, CHECK)
        share = p[P.EDGE_SHARE]
        for i in range(n):
            w = words_of(words, i)
            defects, exception = items.validated(coming[C.DEFECTS, i], unit(w[0]), unit(w[1]), p)
            coming[C.DEFECTS, i] = defects
            coming[C.EXCEPTION, i] = exception
            coming[C.EDGE, i] = unit(w[2]) < share
            coming[C.LOST, i] = integration.is_lost(w, p)
        for i in range(n):
            if coming[C.EDGE, i]:
                w = keys.item_words(s.key, kind, first + i, keys.EDGE_TYPE)
                unhandled, recognised = items.edge_case(w, p, s.cumulative)
                coming[C.UNHANDLED, i] = unhandled
                coming[C.RECOGNISED, i] = recognised
                drawn[keys.EDGE_TYPE] += 1


@rule
def draw_block(s: Scene, b: State, stream: int) -> None:
    """Draw the next items of a stream."""
    p, words, tails, coming, z = s.p, b.words, b.tails, b.coming[stream], b.normals
    hardness = b.coming_hardness[stream]
    kind = keys.DUPLICATE if stream == DUPLICATES else keys.ITEM
    first = b.streams[stream, A.ENTITY]
    n = draw_arrivals(s, b, stream, kind, first, coming)
    b.streams[stream, A.NEXT] = 0
    b.streams[stream, A.DRAWN] = n
    draw_inspection(s, b, kind, first, n, coming)

    law, mean, sigma = int(p[P.LATENCY_LAW]), p[P.LATENCY], p[P.LATENCY_SIGMA]
    if law != Law.DETERMINISTIC:
        draw(words, b.drawn, s.key, kind, first, n, LATENCY)
    if law == Law.LOGNORMAL:
        normals(words, 0, n, tails, z)
        for i in range(n):
            coming[C.LATENCY, i] = to_microseconds(lognormal_normal(z[i], mean, sigma))
    else:
        for i in range(n):
            coming[C.LATENCY, i] = integration.latency(words_of(words, i), p)

    draw(words, b.drawn, s.key, kind, first, n, DECISION)
    if p[P.HARDNESS] > 0.0:  # else nothing depends on it
        normals(words, 0, n, tails, hardness)
    normals(words, 2, n, tails, z)
    for i in range(n):
        right, triggers = items.decide(
            words_of(words, i),
            hardness[i],
            z[i],
            p,
            coming[C.DEFECTS, i],
            coming[C.UNHANDLED, i] != 0,
            coming[C.CONSEQUENTIAL, i] != 0,
            coming[C.VALUE_CLASS, i],
        )
        coming[C.RIGHT, i] = right
        coming[C.TRIGGERS, i] = triggers


@rule
def next_arrival(s: Scene, b: State, stream: int) -> None:
    """Make the first item of a new block the next of a stream, or have none come any more."""
    draw_block(s, b, stream)
    kind, entity = keys.DUPLICATE if stream == DUPLICATES else keys.ITEM, b.streams[stream, A.ENTITY]
    b.streams[stream, A.ORDER] = ARRIVES + place_of(kind, entity)
    b.heads[stream] = b.coming[stream, C.TIME, 0] if b.streams[stream, A.DRAWN] else NEVER
