"""Steps of the compiled engine against plain Python: decisions told by a table, and a heap that forgets."""

import math
import random

import numpy as np
import pytest
from cases import packed, values

from simgap.engines.compiled import engine, heap
from simgap.engines.compiled.layout import BINS, NOBODY, I
from simgap.engines.compiled.steps import is_right
from simgap.model import items
from simgap.model.parameters import P


@pytest.mark.parametrize("intercept", [2.0, -30.0, 1e6, math.inf])
@pytest.mark.parametrize("hardness", [0.0, 1.5])
def test_the_table_decides_as_the_rule_does(intercept, hardness):
    """At the edges of its bins, a rounding beside the boundary, and anywhere."""
    p = packed(values()).p.copy()
    p[P.INTERCEPT], p[P.HARDNESS] = intercept, hardness
    chance = random.Random(7)
    uniforms = [(chance.randrange(2**32) + 0.5) * 2.0**-32 for _ in range(300)]
    edges = (i * 2**32 // BINS + side for i in range(BINS + 1) for side in (-1, 0))
    uniforms += [(word + 0.5) * 2.0**-32 for word in edges if 0 <= word < 2**32]
    found = set()
    for u in uniforms:
        h = chance.gauss(0.0, 1.0)
        boundary = items.ease(u, h, p)
        near = (boundary, math.nextafter(boundary, -math.inf), boundary - 1e-13, boundary + 1e-13)
        for lost in (*near, 0.0, chance.uniform(0.0, 4.0)):
            if math.isfinite(lost):
                right = is_right(u, h, lost, p, engine.LOG_ODDS)
                assert right == (boundary > lost)
                found.add(bool(right))
    assert found == ({True} if intercept == math.inf else {True, False})


def test_entries_are_dropped_from_anywhere_in_a_heap():
    """Against a dictionary: the first is the least, each item knows its place, all come out in order."""
    slots, chance = 60, random.Random(7)
    heaps, item = np.zeros((1, slots, 3), np.int64), np.full((slots, len(I)), NOBODY)
    waiting, n, dropped = {}, 0, 0
    for step in range(4000):
        slot = chance.randrange(slots)
        if slot not in waiting:
            waiting[slot] = chance.randrange(20), step
            heap.push_known(heaps, 0, n, *waiting[slot], slot << 8, item)
            n += 1
        elif chance.random() < 0.8:
            n = heap.drop_known(heaps, 0, n, item[slot, I.DUE], item)
            del waiting[slot]
            dropped += 1
        assert n == len(waiting)
        for s, entry in waiting.items():
            assert heaps[0, item[s, I.DUE]].tolist() == [*entry, s << 8]
        if waiting:
            assert tuple(heaps[0, 0, :2].tolist()) == min(waiting.values())
    assert dropped > 1000
