"""Random words: drawn in blocks, no more than needed, and the same numbers as one by one."""

from pathlib import Path

import numpy as np
import pytest
from cases import packed, values

import simgap
from simgap.engines.compiled import draws, engine, layout
from simgap.engines.compiled.layout import BLOCK, A, C, E
from simgap.engines.physics import Count
from simgap.model import integration, items, keys, production
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


def test_a_word_that_may_come_to_matter_is_drawn():
    """Schema changes break clean items, and audits are drawn where the AI's time is certain."""
    clean = {f"data__{name}": 0.0 for name in ("missing", "format", "schema", "stale", "false_reject")}
    still = values(**clean, edge_cases__share=0.0, integration__latency_law="deterministic")
    for path, purposes in {
        "data.schema_changes": [keys.DATA, keys.CHECK],
        "scope.variety": [keys.CHECK],
        "measurement.audit": [keys.LATENCY],
    }.items():
        _, b = engine.run(packed({**still, path: 0.1}), 7, 0, 0)
        named = [keys.DATA, keys.CHECK, keys.LATENCY]
        assert [purpose for purpose in named if b.drawn[purpose]] == purposes


@pytest.mark.parametrize("workflow", [0, 1])
@pytest.mark.parametrize("part", [layout.ITEMS, layout.DUPLICATES, layout.WAITING])
def test_a_block_is_what_the_rules_say_one_by_one(part, workflow):
    own = values(batch=2, data__duplicate=0.4, backlog=600, scope__variety=0.3, measurement__audit=0.2)
    late = {**own, "starts": 0.1, "data.schema_changes": 5.0, "integration.lost": 0.5}
    late |= {"measurement.audit_miss": 0.3, "measurement.audit_false": 0.3}
    ready = packed([own, late])
    key = np.array([7, 1, 2, 0], np.int64)
    s, b = engine.scene_of(ready, key), engine.state_of(ready)
    flow, p = ready.workflows[workflow], ready.workflows[workflow].p
    kind = keys.DUPLICATE if part == layout.DUPLICATES else keys.ITEM
    levels = flow.duplicate_levels if part == layout.DUPLICATES else flow.levels
    first = workflow << keys.WORKFLOW_SHIFT | (keys.FIRST_WAITING if part == layout.WAITING else 0)
    stream = layout.STREAMS * workflow + part
    level, interval, seen, connected = 0.0, 0, 0, set()
    for _ in range(2):
        draws.draw_block(s, b, stream)
        assert b.streams[stream, A.DRAWN] == BLOCK
        for i in range(BLOCK):
            entity = first + seen + i
            w = keys.item_words(key, kind, entity, keys.ARRIVAL)
            when = flow.waiting_from
            if part != layout.WAITING:
                when, level, interval = items.arrive(
                    w, entity, p, level, interval, levels, ready.knots, flow.regular
                )
            value_class, consequential = items.stakes(w, p, flow.quantiles)
            connected.add(production.connected(when, ready.joins))
            adoption = unit(w[1])
            schema = unit(keys.item_words(key, kind, entity, keys.DATA)[2])
            defects, flags, edge, exception = items.inspect(
                key, kind, entity, p, flow.cumulative, 0, production.connected(when, ready.joins)
            )
            w = keys.item_words(key, kind, entity, keys.DECISION)
            a = keys.item_words(key, kind, entity, keys.LATENCY)
            hardness = normal_quantile(unit(w[0]))
            wanted = {
                C.TIME: when,
                C.VALUE_CLASS: value_class,
                C.CONSEQUENTIAL: consequential,
                C.FLAGS: flags | items.decision_flags(w, a, p),
                C.EDGE: edge,
                C.LATENCY: integration.latency(a, p),
            }
            assert {name: b.coming[stream, name, i] for name in wanted} == wanted
            real = b.coming_real[stream, :, i]
            found = b.coming[stream, C.DEFECTS, i]
            if real[E.SCHEMA] < items.schema_share(0, p):
                found |= items.SCHEMA
            assert items.validated(found, wanted[C.FLAGS]) == (defects, exception)
            assert (real[E.SCHEMA], real[E.ADOPTION]) == (schema, adoption)
            assert real[E.HARDNESS] == hardness
            assert real[E.RIGHT] == unit(w[1])
            assert real[E.SCORE] == unit(w[2])
        seen += BLOCK
        b.streams[stream, A.ENTITY] += BLOCK
    assert connected == {(0, 0): {1, 2}, (0, 1): {1, 2}, (0, 2): {1}}.get((workflow, part), {2})


def test_the_opening_backlog_is_drawn_to_its_end():
    ready = packed(values(backlog=BLOCK + 3))
    s, b = engine.scene_of(ready, np.array([7, 1, 2, 0], np.int64)), engine.state_of(ready)
    drawn = []
    for _ in range(3):
        draws.draw_block(s, b, layout.WAITING)
        drawn.append(int(b.streams[layout.WAITING, A.DRAWN]))
        b.streams[layout.WAITING, A.ENTITY] += BLOCK
    assert drawn == [BLOCK, 3, 0]
