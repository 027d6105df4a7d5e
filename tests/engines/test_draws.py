"""Random words: drawn in blocks, no more than needed, and the same numbers as one by one."""

from pathlib import Path

import numpy as np
import pytest
from cases import packed, values

import simgap
from simgap.engines.compiled import draws, engine
from simgap.engines.compiled.layout import BLOCK, A, C
from simgap.engines.physics import Count
from simgap.model import items, keys
from simgap.montecarlo.one import phases_of
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import unit

CLAIMS = Path(__file__).parents[2] / "scenarios" / "claims" / "scenario.yaml"
OF_EACH = ("ARRIVAL", "DATA", "CHECK", "LATENCY", "DECISION")


def test_claims_calls_philox_at_most_six_times_an_item():
    """By path: five blocks an item, less where nothing is decided; one an edge case, one a review."""
    _, b = engine.run(phases_of(simgap.load(str(CLAIMS)).resolved, 7, 3).production, 7, 3, 3)
    total = b.counts.sum(axis=0)
    arrived = total[Count.ARRIVED] + total[Count.DUPLICATES]
    assert arrived > 50_000
    for name in OF_EACH:  # the last block of each of two streams is not used up
        assert arrived <= b.drawn[getattr(keys, name)] <= arrived + 2 * BLOCK
    assert b.drawn[keys.REVIEW] == total[Count.QUEUED]
    assert b.drawn[keys.SPECIALIST] == total[Count.SPECIALIST_QUEUED]
    assert b.drawn[keys.EDGE_TYPE] >= total[Count.EDGE_CASES] > 0
    assert b.drawn[keys.PROPERTY] == b.g[engine.G.INCIDENTS]
    assert b.drawn.sum() <= 6.0 * arrived


def test_words_that_decide_nothing_are_not_drawn():
    clean = {f"data__{name}": 0.0 for name in ("missing", "format", "schema", "stale", "false_reject")}
    case = values(**clean, edge_cases__share=0.0, integration__latency_law="deterministic")
    _, b = engine.run(packed(case), 7, 0, 0)
    assert b.drawn[keys.ARRIVAL] > 0
    assert not b.drawn[[keys.DATA, keys.CHECK, keys.EDGE_TYPE, keys.LATENCY]].any()


@pytest.mark.parametrize("stream", [0, 1])
def test_a_block_is_what_the_rules_say_one_by_one(stream):
    ready = packed(values(batch=2, data__duplicate=0.3))
    key = np.array([7, 1, 2, 0], np.int64)
    s, b = engine.scene_of(ready, key), engine.state_of(ready)
    kind = (keys.ITEM, keys.DUPLICATE)[stream]
    levels = (ready.levels, ready.duplicate_levels)[stream]
    level, interval, seen = 0.0, 0, 0
    for _ in range(2):
        draws.draw_block(s, b, stream)
        assert b.streams[stream, A.DRAWN] == BLOCK
        for i in range(BLOCK):
            entity = seen + i
            w = keys.item_words(key, kind, entity, keys.ARRIVAL)
            when, level, interval = items.arrive(
                w, entity, ready.p, level, interval, levels, ready.knots, ready.regular
            )
            value_class, consequential = items.stakes(w, ready.p, ready.quantiles)
            defects, exception, edge, unhandled, recognised = items.inspect(
                key, kind, entity, ready.p, ready.cumulative
            )
            w = keys.item_words(key, kind, entity, keys.DECISION)
            hardness, z = normal_quantile(unit(w[0])), normal_quantile(unit(w[2]))
            right, triggers = items.decide(
                w, hardness, z, ready.p, defects, unhandled, consequential, value_class
            )
            wanted = {
                C.TIME: when,
                C.VALUE_CLASS: value_class,
                C.CONSEQUENTIAL: consequential,
                C.DEFECTS: defects,
                C.EXCEPTION: exception,
                C.EDGE: edge,
                C.UNHANDLED: unhandled,
                C.RECOGNISED: recognised,
                C.RIGHT: right,
                C.TRIGGERS: triggers,
            }
            assert {name: b.coming[stream, name, i] for name in wanted} == wanted
            assert b.coming_hardness[stream, i] == hardness
        seen += BLOCK
        b.streams[stream, A.ENTITY] += BLOCK
