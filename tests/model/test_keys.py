"""No two draws of the model share random words."""

import itertools

import numpy as np
from rules_by_hand import KEY

from simgap.model import keys
from simgap.model.keys import item_words
from simgap.sampling.philox import KIND_UNKNOWN, words

PURPOSES = (
    *("ARRIVAL", "DATA", "CHECK", "EDGE_TYPE", "DECISION", "LATENCY", "REVIEW", "SEVERITY", "SPECIALIST"),
    *("PROPERTY", "RESOLUTION", "OUTAGE_TIME", "DAY_FACTOR", "NEWS", "LEAD_TIME"),
)
KINDS = (
    *("ITEM", "DUPLICATE", "INCIDENT", "OUTAGE", "DAY", "TEAM"),
    *("SHOCK", "SCHEMA_CHANGE", "BIRTH", "CHANGE", "RESTRICTION"),
)


def test_purposes_kinds_and_phases_are_distinct_and_fit_their_fields():
    purposes = [getattr(keys, name) for name in PURPOSES]
    kinds = [KIND_UNKNOWN, *(getattr(keys, name) for name in KINDS)]
    assert len(set(purposes)) == len(purposes)
    assert len(set(kinds)) == len(kinds)
    assert {*purposes, *kinds} <= set(range(256))
    assert keys.PRODUCTION != keys.PILOT
    assert {keys.PRODUCTION, keys.PILOT} <= set(range(16))
    whole = {n for n, v in vars(keys).items() if n.isupper() and type(v) is int}
    assert whole == {*PURPOSES, *KINDS, "PRODUCTION", "PILOT", "WORKFLOW_SHIFT", "NUMBER", "FIRST_WAITING"}


def test_the_number_of_an_item_leaves_room_for_its_workflow_and_the_opening_backlog():
    for workflow, place in itertools.product((0, 1, 4095), (0, 1, keys.FIRST_WAITING, 2**32 - 1)):
        entity = workflow << keys.WORKFLOW_SHIFT | place
        assert (entity & keys.NUMBER, entity >> keys.WORKFLOW_SHIFT) == (place, workflow)
    assert 10**9 < keys.FIRST_WAITING < keys.NUMBER - 10**9


def test_every_address_has_its_own_words():
    places = [0, 1, 2**32 - 1]
    workflows = [0, 1, 4095]
    blocks = set()
    count = 0
    for phase in (keys.PRODUCTION, keys.PILOT):
        key = np.array([1, 2, 3, phase], np.int64)
        for name, workflow, place in itertools.product(KINDS, workflows, places):
            kind, entity = getattr(keys, name), workflow << keys.WORKFLOW_SHIFT | place
            for purpose in (getattr(keys, name) for name in PURPOSES):
                for occasion in (0, 1, 2**32 - 1):
                    block = item_words(key, kind, entity, purpose, occasion)
                    assert block == words(1, 2, 3, phase, kind, entity, purpose, occasion)
                    blocks.add(block)
                    count += 1
                assert item_words(key, kind, entity, purpose) == item_words(key, kind, entity, purpose, 0)
    assert len(blocks) == count


def test_the_words_of_an_item_are_uncorrelated():
    """All 44 words of an item and its incident, 8000 items; 946 pairs beyond 5.5 / sqrt(n): 4e-5."""
    n = 8000
    of_incidents = (keys.SEVERITY, keys.PROPERTY, keys.RESOLUTION)
    of_items = (getattr(keys, name) for name in PURPOSES[:7])
    blocks = [(keys.ITEM, p) for p in (*of_items, keys.SPECIALIST)]
    blocks += [(keys.INCIDENT, p) for p in of_incidents]
    table = np.array(
        [[w for kind, p in blocks for w in item_words(KEY, kind, e, p)] for e in range(n)], np.float64
    )
    correlation = np.corrcoef(table.T) - np.eye(table.shape[1])
    assert np.abs(correlation).max() < 5.5 / np.sqrt(n)
