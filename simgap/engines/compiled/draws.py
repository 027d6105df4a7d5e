"""What items will be like, drawn in blocks: by the rules, before anything happens to them.

All that an item brings with it is a function of its key and the packed parameters, so it can be drawn for
many items at once: in plain loops over columns of numbers the compiler works on several items together, and
random words cost an eighth of what they cost one by one. What depends on where things stand - the level of
autonomy, the congestion - and what few items need - their review - is drawn when it is needed.
"""

from __future__ import annotations

from simgap.compiling import rule, small
from simgap.engines.compiled.layout import (
    ARRIVALS,
    BLOCK,
    DUPLICATES,
    ITEMS,
    STREAMS,
    WAITING,
    A,
    C,
    E,
    G,
    Scene,
    State,
)
from simgap.engines.order import ARRIVES, place_of
from simgap.model import integration, items, keys, production
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


@small
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
def draw_arrivals(s: Scene, b: State, stream: int, kind: int, first: int, coming: Ints, real: Floats) -> int:
    """Draw when the next items of a stream arrive and what is at stake; return how many there are."""
    workflow, part = stream // STREAMS, stream % STREAMS
    p, words, quantiles = s.p[workflow], b.words, s.quantiles[workflow]
    levels = s.levels[workflow] if part == ITEMS else s.duplicate_levels[workflow]
    knots, regular = s.knots, s.regular[workflow] != 0
    level, interval = b.reached[stream], b.streams[stream, A.INTERVAL]
    n = BLOCK
    if part == WAITING:
        n = min(BLOCK, max(0, s.waiting[workflow] - ((first & keys.NUMBER) - keys.FIRST_WAITING)))
    draw(words, b.drawn, s.key, kind, first, n, ARRIVAL)
    when = s.waiting_from[workflow]
    for i in range(n):
        if part != WAITING:
            w = words_of(words, i)
            when, level, interval = items.arrive(w, first + i, p, level, interval, levels, knots, regular)
            if interval < 0:
                n = i
                break
        coming[C.TIME, i] = when
    for i in range(n):
        w = words_of(words, i)
        value_class, consequential = items.stakes(w, p, quantiles)
        coming[C.VALUE_CLASS, i] = value_class
        coming[C.CONSEQUENTIAL, i] = consequential
        real[E.ADOPTION, i] = unit(w[1])
    b.reached[stream] = level
    b.streams[stream, A.INTERVAL] = interval
    return n


@rule
def draw_inspection(
    s: Scene, b: State, workflow: int, kind: int, first: int, n: int, coming: Ints, real: Floats
) -> None:
    """Draw defects, validation, edge cases, and whether an outage would lose the item."""
    p, words, drawn, joins = s.p[workflow], b.words, b.drawn, s.joins
    cumulative = s.cumulative[workflow, : s.types[workflow]]
    for i in range(n):
        coming[C.DEFECTS, i] = 0
        coming[C.FLAGS, i] = 0
        coming[C.EDGE, i] = items.ORDINARY
        real[E.SCHEMA, i] = 1.0
    # Words that decide nothing, because every probability is 0, are not drawn.
    dirty = p[P.MISSING] + p[P.FORMAT] + p[P.SCHEMA] + p[P.STALE] + p[P.SCHEMA_CHANGES] > 0.0
    if dirty:
        draw(words, drawn, s.key, kind, first, n, DATA)
        for i in range(n):
            w = words_of(words, i)
            coming[C.DEFECTS, i] = items.defects_of(unit(w[0]), unit(w[1]), unit(w[3]), p)
            real[E.SCHEMA, i] = unit(w[2])
    varied = p[P.VARIETY] > 0.0
    if dirty or varied or p[P.FALSE_REJECT] + p[P.EDGE_SHARE] + p[P.LOST] > 0.0:
        draw(words, drawn, s.key, kind, first, n, CHECK)
        for i in range(n):
            coming[C.FLAGS, i] = items.check_flags(words_of(words, i), p)
        share = items.edge_share(1, p)
        for i in range(n):
            if varied:
                share = items.edge_share(production.connected(coming[C.TIME, i], joins), p)
            if unit(words[2, i]) < share:
                w = keys.item_words(s.key, kind, first + i, keys.EDGE_TYPE)
                edge, recognised = items.edge_case(w, p, cumulative)
                coming[C.EDGE, i] = edge
                coming[C.FLAGS, i] |= recognised
                drawn[keys.EDGE_TYPE] += 1


@rule
def draw_block(s: Scene, b: State, stream: int) -> None:
    """Draw the next items of a stream."""
    workflow = stream // STREAMS
    p, words, stage, tails = s.p[workflow], b.words, b.stage_words, b.tails
    coming, real = b.coming[stream], b.coming_real[stream]
    hardness = real[E.HARDNESS]
    kind = keys.DUPLICATE if stream % STREAMS == DUPLICATES else keys.ITEM
    first = b.streams[stream, A.ENTITY]
    n = draw_arrivals(s, b, stream, kind, first, coming, real)
    b.streams[stream, A.NEXT] = 0
    b.streams[stream, A.DRAWN] = n
    draw_inspection(s, b, workflow, kind, first, n, coming, real)

    law, mean, sigma = int(p[P.LATENCY_LAW]), p[P.LATENCY], p[P.LATENCY_SIGMA]
    if law != Law.DETERMINISTIC or p[P.AUDIT] > 0.0:
        draw(stage, b.drawn, s.key, kind, first, n, LATENCY)
    if law == Law.LOGNORMAL:
        z = b.normals
        normals(stage, 0, n, tails, z)
        for i in range(n):
            coming[C.LATENCY, i] = to_microseconds(lognormal_normal(z[i], mean, sigma))
    else:
        for i in range(n):
            coming[C.LATENCY, i] = integration.latency(words_of(stage, i), p)

    draw(words, b.drawn, s.key, kind, first, n, DECISION)
    if p[P.HARDNESS] > 0.0:  # else nothing depends on it
        normals(words, 0, n, tails, hardness)
    for i in range(n):
        w = words_of(words, i)
        real[E.RIGHT, i] = unit(w[1])
        real[E.SCORE, i] = unit(w[2])
        coming[C.FLAGS, i] |= items.decision_flags(w, words_of(stage, i), p)


@rule
def next_block(s: Scene, b: State, stream: int) -> None:
    """Make the first item of a new block the next of a stream, or have none come any more."""
    draw_block(s, b, stream)
    kind = keys.DUPLICATE if stream % STREAMS == DUPLICATES else keys.ITEM
    b.streams[stream, A.ORDER] = ARRIVES + place_of(kind, b.streams[stream, A.ENTITY])
    b.arrives[stream] = b.coming[stream, C.TIME, 0] if b.streams[stream, A.DRAWN] else NEVER


@small
def next_arrival(heads: Ints, g: Ints, arrives: Ints, streams: Ints) -> None:
    """Find the stream whose item comes next."""
    first = 0
    for i in range(1, len(arrives)):
        if arrives[i] < arrives[first] or (
            arrives[i] == arrives[first] and streams[i, A.ORDER] < streams[first, A.ORDER]
        ):
            first = i
    g[G.STREAM] = first
    heads[ARRIVALS] = arrives[first]
