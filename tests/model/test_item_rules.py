"""The rules of an item's way against formulas in plain Python, numpy and scipy."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import (
    DIRTY,
    GUARDED_THRESHOLD,
    KEY,
    THRESHOLD,
    cuts_of,
    decide,
    packed,
    uniforms,
    words,
    zipf_table,
)
from scipy.integrate import quad
from scipy.special import expit, ndtri
from scipy.stats import norm

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


def test_flags_and_defects_are_bits_of_their_own():
    flags = (items.STOPPED_BAD, items.STOPPED_GOOD, items.REPAIRED, items.LOST, items.RECOGNISED)
    flags += (items.CHOSEN, items.AUDITED, items.AUDIT_MISSES, items.AUDIT_FAULTS)
    assert sorted(flags) == [2**i for i in range(9)]
    assert tuple(DEFECTS.values()) == (items.MISSING, items.FORMAT, items.SCHEMA, items.STALE)
    assert sum(TRIGGER_BITS.values()) < items.GUARDED_TOO
    assert items.ORDINARY < items.ONCE < 1


@pytest.mark.parametrize("present", list(itertools.product((0, 1), repeat=3)))
def test_each_defect_has_its_own_rate_and_bit(present):
    p = packed(**DIRTY)
    names = ("missing", "format", "stale")
    just = [np.nextafter(DIRTY[n], 0.0) if on else DIRTY[n] for n, on in zip(names, present, strict=True)]
    wanted = sum(DEFECTS[n] for n, on in zip(names, present, strict=True) if on)
    assert items.defects_of(*just, p) == wanted
    # The schema is not among them, whatever its rate.
    certain = packed(schema=1.0, **{name: float(on) for name, on in zip(names, present, strict=True)})
    for u in (2.0**-33, 0.5, 1.0 - 2.0**-33):  # a rate of 0 never happens and one of 1 always
        assert items.defects_of(u, u, u, certain) == wanted


def test_each_schema_change_breaks_a_share_of_what_was_whole():
    for share, broken in itertools.product((0.0, 0.05, 0.7, 1.0), (0.0, 0.35, 1.0)):
        p = packed(schema=share, schema_broken=broken)
        for changes in (0, 1, 2, 3, 10, 200):
            wanted = 1 - (1 - share) * (1 - broken) ** changes
            assert items.schema_share(changes, p) == pytest.approx(wanted, rel=1e-13, abs=1e-15)
        assert items.schema_share(0, p) == share


def test_each_further_workflow_adds_edge_cases():
    p = packed(edge_share=0.3, variety=0.12)
    got = [items.edge_share(connected, p) for connected in range(8)]
    np.testing.assert_allclose(got, [0.3, 0.3, 0.42, 0.54, 0.66, 0.78, 0.9, 1.0], rtol=1e-14)
    assert items.edge_share(9, packed(edge_share=0.3)) == 0.3


def word_of(u):
    """Return the random word whose uniform is next to u."""
    return int(u * 2**32)


def test_what_data_and_an_outage_do_with_an_item_one_by_one():
    bits = (items.STOPPED_BAD, items.STOPPED_GOOD, items.REPAIRED, items.LOST)
    names = ("validated", "false_reject", "repaired", "lost")
    p, seen = packed(**DIRTY), set()
    for kind, entity in itertools.product((keys.ITEM, keys.DUPLICATE), range(ITEMS)):
        u = uniforms(kind, entity, keys.CHECK)
        met = [u[i] < DIRTY[name] for i, name in zip((0, 0, 1, 3), names, strict=True)]
        wanted = sum(bit for bit, on in zip(bits, met, strict=True) if on)
        assert items.check_flags(words(kind, entity, keys.CHECK), p) == wanted
        seen.add(wanted)
    # What is stopped though it is good would be stopped if it were bad: 0.07 of the same uniform, and 0.6.
    assert len(seen) == 3 * 2 * 2
    for on in itertools.product((0, 1), repeat=4):
        certain = packed(**dict(zip(names, on, strict=True)))
        wanted = sum(bit for bit, holds in zip(bits, on, strict=True) if holds)
        for word in (0, 2**31, 2**32 - 1):
            assert items.check_flags((word, word, word, word), certain) == wanted


def test_validation_in_every_case():
    bits = (items.STOPPED_BAD, items.STOPPED_GOOD, items.REPAIRED)
    others = items.LOST | items.RECOGNISED | items.CHOSEN | items.AUDITED
    for defects, on in itertools.product(range(16), itertools.product((0, 1), repeat=3)):
        bad, good, repaired = on
        wanted = (0, bool(good)) if defects == 0 else (defects, False)
        if defects and bad:
            wanted = (0, False) if repaired else (defects, True)
        flags = sum(bit for bit, holds in zip(bits, on, strict=True) if holds)
        assert items.validated(defects, flags) == items.validated(defects, flags | others) == wanted


def test_validation_and_repair_take_the_stated_shares():
    """On a grid of 100 x 100 uniforms the shares are exact."""
    p = packed(**DIRTY)
    flags = [items.check_flags((word_of(u), word_of(v), 0, 0), p) for u in GRID for v in GRID]
    for defects in range(16):
        ends = [items.validated(defects, f) for f in flags]
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


@pytest.mark.parametrize(("broken", "connected"), [(0, 0), (0, 1), (1, 2), (3, 5)])
def test_inspect_item_by_item(broken, connected):
    """What an item is like, spelt out from its uniforms, for 3000 items and duplicates."""
    p, table = packed(**DIRTY), zipf_table(30, 1.1)
    schema = 1 - 0.95 * 0.65**broken
    edges = {0: 0.3, 1: 0.3, 2: 0.42, 5: 0.78}[connected]
    seen = set()
    for kind, entity in itertools.product((keys.ITEM, keys.DUPLICATE), range(ITEMS)):
        data = uniforms(kind, entity, keys.DATA)
        validation, repair, edge_draw, loss = uniforms(kind, entity, keys.CHECK)
        once, type_draw, recognition, _ = uniforms(kind, entity, keys.EDGE_TYPE)
        rates = {**DIRTY, "schema": schema}
        present = {name for name, u in zip(DEFECTS, data, strict=True) if u < rates[name]}
        exception = False
        if not present:
            exception = validation < 0.07
        elif validation < 0.6:
            exception = repair >= 0.4
            if not exception:
                present = set()
        flags = {
            items.STOPPED_BAD: validation < 0.6,
            items.STOPPED_GOOD: validation < 0.07,
            items.REPAIRED: repair < 0.4,
            items.LOST: loss < 0.42,
            items.RECOGNISED: edge_draw < edges and recognition < 0.45,
        }
        edge = items.ORDINARY
        if edge_draw < edges:
            edge = items.ONCE if once < 0.2 else 1 + int(np.sum(type_draw >= table))
        wanted = (
            sum(DEFECTS[d] for d in present),
            sum(bit for bit, on in flags.items() if on),
            edge,
            exception,
        )
        assert items.inspect(KEY, kind, entity, p, table, broken, connected) == wanted
        seen.add((min(edge, 1), flags[items.RECOGNISED], exception))
    # (ordinary, of a type that never repeats or of the catalogue, each recognised or not) x exception or not
    assert len(seen) == 10


def test_inspect_at_its_limits():
    table = zipf_table(10, 1.0)

    def seen(broken=0, connected=1, **by_name):
        p = packed(**by_name)
        return {items.inspect(KEY, keys.ITEM, e, p, table, broken, connected) for e in range(400)}

    assert seen() == {(0, 0, items.ORDINARY, False)}
    assert seen(edge_share=1.0, never_repeats=1.0) == {(0, 0, items.ONCE, False)}
    known = seen(edge_share=1.0, recognised=1.0)
    assert known == {(0, items.RECOGNISED, rank, False) for rank in range(1, 11)}
    assert seen(variety=0.5, never_repeats=1.0, connected=3) == {(0, 0, items.ONCE, False)}
    assert seen(schema_broken=1.0, broken=1) == {(items.SCHEMA, 0, items.ORDINARY, False)}
    stopped = seen(validated=1.0, missing=1.0)
    assert stopped == {(items.MISSING, items.STOPPED_BAD, items.ORDINARY, True)}


@pytest.mark.parametrize("defects", range(16))
@pytest.mark.parametrize("unhandled", [False, True])
def test_penalties_add_up(defects, unhandled):
    penalties = np.array([DIRTY[f"{name}_penalty"] for name in DEFECTS])
    present = np.array([defects // 2**i % 2 for i in range(4)])
    wanted = present @ penalties + 1.5 * unhandled
    assert items.penalty(defects, unhandled, packed(**DIRTY)) == pytest.approx(wanted, abs=1e-14)


def test_ease_is_what_may_be_lost_before_a_decision_is_wrong():
    """P(right) = logistic(a - s h - lost): the uniform lies below it while less is lost than the ease."""
    p = packed(**DIRTY)
    for u, h in itertools.product((2.0**-33, 0.01, 0.4, 0.5, 0.93, 1 - 2.0**-33), (-3.0, 0.0, 0.7, 4.0)):
        ease = items.ease(u, h, p)
        assert expit(1.5 - 1.3 * h - ease) == pytest.approx(u, rel=1e-12)
        for less in (0.1, 1e-6):
            assert u < expit(1.5 - 1.3 * h - (ease - less))
            assert not u < expit(1.5 - 1.3 * h - (ease + less))


def test_a_lost_share_of_the_odds_is_lost_log_odds():
    """Drift is in log-odds beside the penalties: a quarter of the odds lost, at every hardness."""
    p = packed(intercept=1.5, hardness=1.3)
    for h in (-2.0, 0.0, 1.1):
        odds = math.exp(1.5 - 1.3 * h)
        right = 0.75 * odds / (1 + 0.75 * odds)
        assert items.ease(right, h, p) == pytest.approx(-math.log(0.75), rel=1e-12)


@pytest.mark.parametrize("threshold", [-2.5, -0.7, 0.0, 1.9, -math.inf, math.inf])
def test_cuts_are_the_shares_of_scores_under_a_threshold(threshold):
    p = packed(**DIRTY)
    shares = [norm.cdf(threshold), norm(-1.2, 0.8).cdf(threshold), norm(-0.3, 0.8).cdf(threshold)]
    for first in (0, items.CUTS):
        cuts = np.full(2 * items.CUTS, -7.0)
        items.set_cuts(threshold, p, cuts, first)
        places = [first + i for i in (items.OF_RIGHT, items.OF_WRONG, items.OF_WRONG_EDGE)]
        np.testing.assert_allclose(cuts[places], shares, rtol=1e-12)
        assert (np.delete(cuts, places) == -7.0).all()


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
    among = items.OF_WRONG_EDGE if unhandled else items.OF_WRONG

    def density(z):
        return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi) * cuts_of(p, z, 0.0)[among]

    assert quad(density, -9, 9, epsabs=1e-12)[0] == pytest.approx(auroc, abs=1e-9)


def test_policy_and_audits_one_by_one():
    bits = (items.CHOSEN, items.AUDITED, items.AUDIT_MISSES, items.AUDIT_FAULTS)
    names = ("mandatory", "audit", "audit_miss", "audit_false")
    p, seen = packed(**DIRTY), set()
    for kind, entity in itertools.product((keys.ITEM, keys.DUPLICATE), range(ITEMS)):
        *_, policy = uniforms(kind, entity, keys.DECISION)
        _, audited, verdict, _ = uniforms(kind, entity, keys.LATENCY)
        met = (policy < 0.15, audited < 0.11, verdict < 0.24, verdict < 0.09)
        wanted = sum(bit for bit, on in zip(bits, met, strict=True) if on)
        w, a = (words(kind, entity, purpose) for purpose in (keys.DECISION, keys.LATENCY))
        assert items.decision_flags(w, a, p) == wanted
        seen.add(wanted)
    assert len(seen) == 2 * 2 * 3
    for on in itertools.product((0, 1), repeat=4):
        certain = packed(**dict(zip(names, on, strict=True)))
        wanted = sum(bit for bit, holds in zip(bits, on, strict=True) if holds)
        for word in (0, 2**31, 2**32 - 1):
            assert items.decision_flags((word,) * 4, (word,) * 4, certain) == wanted


def test_decide_item_by_item():
    """Hardness, verdict of the AI and each trigger, from the uniforms of 3000 items."""
    p = packed(**DIRTY)
    cuts = cuts_of(p)
    seen, alone, verdicts = 0, set(), set()
    for entity in range(ITEMS):
        u = uniforms(keys.ITEM, entity, keys.DECISION)
        defects, unhandled, drift = entity % 16, entity % 3 == 0, 0.3 * (entity % 2)
        consequential, value_class, level = entity % 5 == 0, entity % 4, entity % 3
        hardness, right, triggers, _ = decide(
            entity, p, cuts, defects, unhandled, consequential, value_class, level, drift
        )
        assert hardness == pytest.approx(ndtri(u[0]), rel=1e-12, abs=1e-15)
        lost = drift + sum(DIRTY[f"{n}_penalty"] for n, bit in DEFECTS.items() if defects & bit)
        odds = 1.5 - lost - 1.5 * unhandled - 1.3 * ndtri(u[0])
        assert right == (u[1] < expit(odds))
        score = ndtri(u[2])
        if not right:
            score = 0.8 * score - (0.3 if unhandled else 1.2)
        reasons = {
            "confidence": score < THRESHOLD,
            "consequential": consequential,
            "value": value_class == 3,
            "mandatory": u[3] < 0.15,
            "audit": uniforms(keys.ITEM, entity, keys.LATENCY)[1] < 0.11,
        }
        tighter = {
            "score": score < GUARDED_THRESHOLD,
            "stakes": consequential,
            "class": value_class >= 2,
        }
        reasons["autonomy"] = level == 2 or (level == 1 and any(tighter.values()))
        if level == 1 and sum(tighter.values()) == 1:
            alone |= {name for name, holds in tighter.items() if holds}
        assert triggers == sum(TRIGGER_BITS[name] for name, holds in reasons.items() if holds)
        seen |= triggers
        verdicts.add((right, unhandled, reasons["confidence"]))
    assert seen == sum(TRIGGER_BITS.values()) - items.BY_HAND
    assert alone == {"score", "stakes", "class"}
    assert len(verdicts) == 8


def test_at_level_in_every_case():
    for triggers, level in itertools.product(range(2 * items.GUARDED_TOO), range(3)):
        wanted = triggers % items.GUARDED_TOO
        if level == 2 or (level == 1 and triggers >= items.GUARDED_TOO):
            wanted |= items.AUTONOMY
        assert items.at_level(triggers, level) == wanted


# No trigger at any level but `restricted`, unless an item is consequential under `guarded`.
OFF = {"permission": math.inf, "guarded_permission": math.inf, "sigma_w": 1.0}


def at_level(change, threshold, guarded, *item):
    """Return the triggers that 200 items have which differ in their luck only."""
    p = packed(**{**OFF, **change})
    cuts = cuts_of(p, threshold, guarded)
    return {decide(entity, p, cuts, 0, False, *item)[2] for entity in range(200)}


@pytest.mark.parametrize(
    ("change", "threshold", "consequential", "value_class", "bits"),
    [
        ({}, -math.inf, True, 9, 0),
        ({}, math.inf, False, 0, items.CONFIDENCE),
        ({"review_consequential": 1}, -math.inf, True, 0, items.CONSEQUENTIAL),
        ({"review_consequential": 1}, -math.inf, False, 0, 0),
        ({"permission": 1}, -math.inf, False, 1, 0),
        ({"permission": 1}, -math.inf, False, 2, items.VALUE),
        ({"mandatory": 1}, -math.inf, False, 0, items.MANDATORY),
        ({"audit": 1}, -math.inf, False, 0, items.AUDIT),
        ({"audit_miss": 1, "audit_false": 1}, -math.inf, False, 0, 0),
        (
            {"mandatory": 1, "permission": 0, "review_consequential": 1, "audit": 1},
            math.inf,
            True,
            1,
            items.CONFIDENCE | items.CONSEQUENTIAL | items.VALUE | items.MANDATORY | items.AUDIT,
        ),
    ],
)
def test_each_trigger_alone_and_all_together(change, threshold, consequential, value_class, bits):
    assert at_level(change, threshold, -math.inf, consequential, value_class, 0) == {bits}


@pytest.mark.parametrize(
    ("level", "change", "guarded", "consequential", "value_class", "reviewed"),
    [
        (0, {"guarded_permission": -1}, math.inf, True, 2, False),
        (1, {}, -math.inf, False, 2, False),
        (1, {}, -math.inf, True, 0, True),
        (1, {}, math.inf, False, 0, True),
        (1, {"guarded_permission": 1}, -math.inf, False, 1, False),
        (1, {"guarded_permission": 1}, -math.inf, False, 2, True),
        (1, {"guarded_permission": -1}, -math.inf, False, 0, True),  # every class is withdrawn
        (2, {}, -math.inf, False, 0, True),
        (2, {}, -math.inf, True, 2, True),
    ],
)
def test_levels_of_autonomy_alone(level, change, guarded, consequential, value_class, reviewed):
    got = at_level(change, -math.inf, guarded, consequential, value_class, level)
    assert got == {items.AUTONOMY if reviewed else 0}


def test_a_tighter_level_reviews_more_and_changes_nothing_else():
    p = packed(**DIRTY)
    cuts, reviewed = cuts_of(p), np.zeros(3)
    for entity in range(ITEMS):
        item = entity % 16, False, entity % 7 == 0, entity % 4
        got = [decide(entity, p, cuts, *item, level) for level in range(3)]
        assert len({(h, right, bits & ~items.AUTONOMY, flags) for h, right, bits, flags in got}) == 1
        by_level = [bits != 0 for _, _, bits, _ in got]
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
