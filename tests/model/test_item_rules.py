"""The rules of an item's way against formulas in plain Python, numpy and scipy."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, decide, packed, uniforms, words, zipf_table
from scipy.integrate import quad
from scipy.special import expit, ndtr, ndtri

from simgap.engines.packing import TRIGGER_BITS
from simgap.engines.physics import TRIGGER_COLUMNS
from simgap.model import items, keys, solving
from simgap.model.parameters import P
from simgap.scenario.table import TRIGGERS

DEFECTS = {"missing": 1, "format": 2, "schema": 4, "stale": 8}
GRID = (np.arange(100) + 0.5) / 100
ITEMS = 3000


def test_the_bits_of_triggers_are_one_list_everywhere():
    assert tuple(TRIGGER_BITS) == TRIGGERS
    assert list(TRIGGER_BITS.values()) == [2**i for i in range(len(TRIGGERS))]
    assert [c.name.removeprefix("TRIGGER_").lower() for c in TRIGGER_COLUMNS] == list(TRIGGERS)
    assert TRIGGER_BITS["exception"] + TRIGGER_BITS["edge"] == items.BY_HAND


@pytest.mark.parametrize("present", list(itertools.product((0, 1), repeat=4)))
def test_each_defect_has_its_own_rate_and_bit(present):
    p = packed(**DIRTY)
    rates = [DIRTY[name] for name in DEFECTS]
    just = [np.nextafter(rate, 0.0) if on else rate for rate, on in zip(rates, present, strict=True)]
    wanted = sum(bit for bit, on in zip(DEFECTS.values(), present, strict=True) if on)
    assert items.defects_of(*just, p) == wanted
    certain = packed(**{name: float(on) for name, on in zip(DEFECTS, present, strict=True)})
    for u in (2.0**-33, 0.5, 1.0 - 2.0**-33):  # a rate of 0 never happens and one of 1 always
        assert items.defects_of(u, u, u, u, certain) == wanted


def test_validation_and_repair_take_the_stated_shares():
    """On a grid of 100 x 100 uniforms the shares are exact."""
    p = packed(**DIRTY)
    for defects in range(16):
        ends = [items.validated(defects, u, v, p) for u in GRID for v in GRID]
        exceptions = sum(e for _, e in ends)
        if defects == 0:
            assert set(ends) == {(0, True), (0, False)}
            assert exceptions == round(1e4 * DIRTY["false_reject"])
            continue
        assert exceptions == round(1e4 * DIRTY["validated"] * (1 - DIRTY["repaired"]))
        assert ends.count((0, False)) == round(1e4 * DIRTY["validated"] * DIRTY["repaired"])
        assert ends.count((defects, False)) == round(1e4 * (1 - DIRTY["validated"]))
        assert len(set(ends)) == 3


@pytest.mark.parametrize(("types", "exponent"), [(1, 1.3), (2, 0.0), (7, 1.0), (200, 1.3), (333, 2.5)])
def test_edge_type_is_a_search_in_the_table(types, exponent):
    table = zipf_table(types, exponent)
    rng = np.random.default_rng(5)
    inside = table[table < 1.0]
    u = np.concatenate([rng.random(2000), inside, np.nextafter(inside, 0.0), [2.0**-33, 1.0 - 2.0**-33]])
    found = [items.edge_type(x, table) for x in u]
    np.testing.assert_array_equal(found, np.searchsorted(table, u, side="right") + 1)
    assert min(found) >= 1
    assert max(found) <= types


def test_inspect_item_by_item():
    """The way to the AI, spelt out from an item's uniforms, for 3000 items and duplicates."""
    p, table = packed(**DIRTY), zipf_table(30, 1.1)
    seen = set()
    for kind, entity in itertools.product((keys.ITEM, keys.DUPLICATE), range(ITEMS)):
        data = uniforms(kind, entity, keys.DATA)
        validation, repair, edge_draw, _ = uniforms(kind, entity, keys.CHECK)
        once, type_draw, recognition, _ = uniforms(kind, entity, keys.EDGE_TYPE)
        present = {name for name, u in zip(DEFECTS, data, strict=True) if u < DIRTY[name]}
        exception = False
        if not present:
            exception = validation < 0.07
        elif validation < 0.6:
            exception = repair >= 0.4
            if not exception:
                present = set()
        edge = edge_draw < 0.3
        rank = 1 + int(np.sum(type_draw >= table))
        unhandled = edge and (once < 0.2 or rank > 5)
        recognised = unhandled and recognition < 0.45
        wanted = (sum(DEFECTS[d] for d in present), exception, edge, unhandled, recognised)
        assert items.inspect(KEY, kind, entity, p, table) == wanted
        seen.add(wanted[1:])
    assert len(seen) == 8  # exception or not x (ordinary, handled, unhandled, recognised)


def test_inspect_at_its_limits():
    table = zipf_table(10, 1.0)
    common = {"edge_share": 1.0}
    limits = [
        ({"handled": 10}, False, False),  # the whole catalogue is handled
        ({"handled": 0}, True, False),
        ({"handled": 10, "never_repeats": 1.0}, True, False),  # no type is ever met again
        ({"handled": 0, "recognised": 1.0}, True, True),
    ]
    for more, unhandled, recognised in limits:
        p = packed(**common, **more)
        got = {items.inspect(KEY, keys.ITEM, e, p, table) for e in range(200)}
        assert got == {(0, False, True, unhandled, recognised)}
    p = packed(validated=1.0, missing=1.0)
    assert {items.inspect(KEY, keys.ITEM, e, p, table)[1] for e in range(200)} == {True}


@pytest.mark.parametrize("defects", range(16))
@pytest.mark.parametrize("unhandled", [False, True])
def test_log_odds_are_linear(defects, unhandled):
    p = packed(**DIRTY)
    penalties = np.array([DIRTY[f"{name}_penalty"] for name in DEFECTS])
    present = np.array([defects // 2**i % 2 for i in range(4)])
    for h in (-3.0, 0.0, 0.7, 4.0):
        wanted = 1.5 - 1.3 * h - present @ penalties - 1.5 * unhandled
        assert items.log_odds_right(defects, unhandled, h, p) == pytest.approx(wanted, abs=1e-14)


@pytest.mark.parametrize("auroc", [0.5, 0.62, 0.83, 0.97, 0.999])
@pytest.mark.parametrize("sigma_w", [0.3, 0.93, 2.0])
@pytest.mark.parametrize("unhandled", [False, True])
def test_confidence_ranks_right_above_wrong_as_often_as_stated(auroc, sigma_w, unhandled):
    d = solving.separation_of(auroc, sigma_w)
    other = 17.0  # the separation of the other class must not matter
    p = packed(
        sigma_w=sigma_w,
        separation=other if unhandled else d,
        separation_edge=d if unhandled else other,
    )

    def density(z):
        wrong = items.confidence(False, unhandled, z, p)
        return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * ndtr(-wrong)

    assert quad(density, -9, 9, epsabs=1e-12)[0] == pytest.approx(auroc, abs=1e-9)
    assert [items.confidence(True, unhandled, z, p) for z in (-2.0, 0.0, 1.5)] == [-2.0, 0.0, 1.5]


def test_decide_item_by_item():
    """Hardness, verdict of the AI and each trigger, from the uniforms of 3000 items."""
    p = packed(**DIRTY)
    seen, alone = 0, set()
    for entity in range(ITEMS):
        u = uniforms(keys.ITEM, entity, keys.DECISION)
        defects, unhandled = entity % 16, entity % 3 == 0
        consequential, value_class, level = entity % 5 == 0, entity % 4, entity % 3
        hardness, right, triggers = decide(entity, p, defects, unhandled, consequential, value_class, level)
        assert hardness == pytest.approx(ndtri(u[0]), rel=1e-12, abs=1e-15)
        penalty = sum(DIRTY[f"{n}_penalty"] for n, bit in DEFECTS.items() if defects & bit)
        odds = 1.5 - penalty - 1.5 * unhandled - 1.3 * ndtri(u[0])
        assert right == (u[1] < expit(odds))
        score = ndtri(u[2])
        if not right:
            score = 0.8 * score - (0.3 if unhandled else 1.2)
        reasons = {
            "confidence": score < -0.7,
            "consequential": consequential,
            "value": value_class == 3,
            "mandatory": u[3] < 0.15,
        }
        tighter = {"score": score < 0.2, "stakes": consequential, "class": value_class >= 2}
        reasons["autonomy"] = level == 2 or (level == 1 and any(tighter.values()))
        if level == 1 and sum(tighter.values()) == 1:
            alone |= {name for name, holds in tighter.items() if holds}
        assert triggers == sum(TRIGGER_BITS[name] for name, holds in reasons.items() if holds)
        seen |= triggers
    assert seen == sum(TRIGGER_BITS.values()) - items.BY_HAND
    assert alone == {"score", "stakes", "class"}


# No trigger at any level but `restricted`, unless an item is consequential under `guarded`.
OFF = {
    "threshold": -math.inf,
    "permission": math.inf,
    "guarded_threshold": -math.inf,
    "guarded_permission": math.inf,
    "sigma_w": 1.0,
}


@pytest.mark.parametrize(
    ("change", "consequential", "value_class", "bits"),
    [
        ({}, True, 9, 0),
        ({"threshold": math.inf}, False, 0, items.CONFIDENCE),
        ({"review_consequential": 1}, True, 0, items.CONSEQUENTIAL),
        ({"review_consequential": 1}, False, 0, 0),
        ({"permission": 1}, False, 1, 0),
        ({"permission": 1}, False, 2, items.VALUE),
        ({"mandatory": 1}, False, 0, items.MANDATORY),
        (
            {"mandatory": 1, "threshold": math.inf, "permission": 0, "review_consequential": 1},
            True,
            1,
            items.CONFIDENCE | items.CONSEQUENTIAL | items.VALUE | items.MANDATORY,
        ),
    ],
)
def test_each_trigger_alone_and_all_together(change, consequential, value_class, bits):
    p = packed(**{**OFF, **change})
    for entity in range(200):
        assert decide(entity, p, 0, False, consequential, value_class, 0)[2] == bits


@pytest.mark.parametrize(
    ("level", "change", "consequential", "value_class", "reviewed"),
    [
        (0, {"guarded_threshold": math.inf, "guarded_permission": -1}, True, 2, False),
        (1, {}, False, 2, False),
        (1, {}, True, 0, True),
        (1, {"guarded_threshold": math.inf}, False, 0, True),
        (1, {"guarded_permission": 1}, False, 1, False),
        (1, {"guarded_permission": 1}, False, 2, True),
        (1, {"guarded_permission": -1}, False, 0, True),  # every class is withdrawn
        (2, {}, False, 0, True),
        (2, {}, True, 2, True),
    ],
)
def test_levels_of_autonomy_alone(level, change, consequential, value_class, reviewed):
    p = packed(**{**OFF, **change})
    for entity in range(200):
        got = decide(entity, p, 0, False, consequential, value_class, level)
        assert got[2] == (items.AUTONOMY if reviewed else 0)


def test_a_tighter_level_reviews_more_and_changes_nothing_else():
    p = packed(**DIRTY)
    reviewed = np.zeros(3)
    for entity in range(ITEMS):
        got = [
            decide(entity, p, entity % 16, False, entity % 7 == 0, entity % 4, level) for level in range(3)
        ]
        assert len({(hardness, right, bits & ~items.AUTONOMY) for hardness, right, bits in got}) == 1
        by_level = [bits != 0 for _, _, bits in got]
        assert by_level == sorted(by_level)
        reviewed += by_level
    assert reviewed[0] < reviewed[1] < reviewed[2] == ITEMS


def test_value_class_is_a_search():
    for quantiles in ([], [0.5], [0.5, 0.9], [0.1, 0.2, 0.9, 0.99]):
        q = np.array(quantiles, np.float64)
        u = np.concatenate([GRID, q, np.nextafter(q, 0.0)])
        found = [items.value_class_of(x, q) for x in u]
        np.testing.assert_array_equal(found, np.searchsorted(q, u, side="right"))


def test_arrival_time_interpolates_the_table():
    rng = np.random.default_rng(8)
    steps = rng.exponential(3.0, 400) * (rng.random(400) < 0.7)  # hours without arrivals are flat
    levels = np.concatenate([[0.0], np.cumsum(steps)])
    knots = np.arange(401, dtype=np.int64) * 3_600_000_000
    interval = 0
    for level in np.sort(rng.uniform(0.0, levels[-1], 2000)):
        when, interval = items.arrival_time(level, levels, knots, interval)
        # The instant is cut to whole microseconds; the interpolation itself rounds to some of them.
        assert when == pytest.approx(np.interp(level, levels, knots), abs=1.01)
        assert levels[interval] < level <= levels[interval + 1]
        assert items.arrival_time(level, levels, knots, 0) == (when, interval)
    beyond = np.nextafter(levels[-1], np.inf)
    assert items.arrival_time(beyond, levels, knots, 0)[1] == -1
    assert items.arrival_time(0.5, np.zeros(5), knots[:5], 0)[1] == -1


def test_a_level_on_a_plateau_is_reached_at_its_beginning():
    levels, knots = np.array([0.0, 2.0, 2.0, 2.0, 5.0]), np.array([0, 10, 20, 30, 40])
    assert items.arrival_time(2.0, levels, knots, 0) == (10, 0)
    assert items.arrival_time(np.nextafter(2.0, 3.0), levels, knots, 0) == (30, 3)
    assert items.arrival_time(5.0, levels, knots, 0) == (40, 3)


@pytest.mark.parametrize("regular", [False, True])
def test_arrive_item_by_item(regular):
    p = packed(**DIRTY)
    levels, knots = np.array([0.0, 500.5, 500.5, 3000.5]), np.array([0, 10**9, 10**10, 10**11])
    quantiles = np.array([0.5, 0.9])
    sum_of_gaps, level, interval, count = 0.0, 0.0, 0, 0
    while True:
        gap, _, value, stakes = uniforms(keys.ITEM, count, keys.ARRIVAL)
        sum_of_gaps += 1.0 if regular else float(-np.log1p(-gap))
        w = words(keys.ITEM, count, keys.ARRIVAL)
        value_class, consequential = items.stakes(w, p, quantiles)
        when, level, interval = items.arrive(w, count, p, level, interval, levels, knots, regular)
        assert value_class == (value >= 0.5) + (value >= 0.9)
        assert consequential == (stakes < 0.35)
        if interval < 0:
            break
        assert level == pytest.approx(sum_of_gaps, rel=1e-12)
        assert when == pytest.approx(np.interp(sum_of_gaps, levels, knots), abs=2)
        count += 1
    assert sum_of_gaps > 3000.5
    # Poisson with mean 3000: outside 4.5 standard deviations once in 150 000 seeds.
    assert count == 3000 if regular else abs(count - 3000) < 4.5 * math.sqrt(3000)


@pytest.mark.parametrize("batch", [2, 7])
@pytest.mark.parametrize("regular", [False, True])
def test_batches_arrive_at_one_instant(batch, regular):
    """The gap before a batch is that of its items, so that the volume stays."""
    p = packed(**{**DIRTY, "batch": batch})
    levels, knots = np.array([0.0, 6000.5]), np.array([0, 10**12])
    workflow = 5 << keys.WORKFLOW_SHIFT
    level, interval, count, sum_of_gaps = 0.0, 0, 0, 0.0
    while True:
        entity = workflow + count
        if count % batch == 0:
            gap = uniforms(keys.ITEM, entity, keys.ARRIVAL)[0]
            sum_of_gaps += batch * (1.0 if regular else float(-np.log1p(-gap)))
        w = words(keys.ITEM, entity, keys.ARRIVAL)
        when, level, interval = items.arrive(w, entity, p, level, interval, levels, knots, regular)
        if interval < 0:
            break
        assert level == pytest.approx(sum_of_gaps, rel=1e-12)
        assert when == pytest.approx(sum_of_gaps * 1e12 / 6000.5, abs=2)
        count += 1
    assert sum_of_gaps > 6000.5
    # Batches are Poisson: beyond 4.5 standard deviations once in 150 000 seeds.
    assert count % batch == 0
    assert abs(count - 6000) < (batch if regular else 4.5 * math.sqrt(6000 * batch))


def test_stakes_item_by_item():
    p = packed(**DIRTY)
    for kind, entity in itertools.product((keys.ITEM, keys.DUPLICATE), range(500)):
        _, _, value, harm = uniforms(kind, entity, keys.ARRIVAL)
        got = items.stakes(words(kind, entity, keys.ARRIVAL), p, np.array([0.5, 0.9]))
        assert got == ((value >= 0.5) + (value >= 0.9), harm < 0.35)


def test_every_packed_parameter_is_used_here():
    assert {name.lower() for name in P.__members__} == set(DIRTY)
