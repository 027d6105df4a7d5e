"""Rates of the reference engine against theory that is computed from the stated values alone.

Each share is of independent items; |observed - expected| > 4.5 standard errors happens once in 150 000 seeds.
With 24 shares in each of three cases: false alarm 5e-4.
"""

import itertools
import math

import numpy as np
import pytest
from cases import ALWAYS, INF, Witness, packed, values
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from simgap.engines.physics import Count
from simgap.model import keys

H = np.linspace(-10.0, 10.0, 2001)
WEIGHT = np.exp(-0.5 * H * H)
WEIGHT /= WEIGHT.sum()  # the trapezium rule is exact to rounding for smooth functions on the whole line


def classes_of(case, intercept):
    """Yield weight, P(wrong | hardness) on the grid, and separation of each class of AI decisions."""
    names = ("missing", "format", "schema", "stale")
    ranks = np.arange(1.0, case["edge_cases.types"] + 1)
    head = (ranks[: int(case["edge_cases.handled"])] ** -case["edge_cases.tail"]).sum()
    head /= (ranks ** -case["edge_cases.tail"]).sum()
    new = case["edge_cases.share"] * (1 - (1 - case["edge_cases.never_repeats"]) * head)
    dirty = 1 - math.prod(1 - case[f"data.{n}"] for n in names)
    for present in itertools.product((False, True), repeat=4):
        pairs = list(zip(names, present, strict=True))
        weight = math.prod(case[f"data.{n}"] if on else 1 - case[f"data.{n}"] for n, on in pairs)
        if any(present):
            weight *= 1 - case["data.validated"]
        else:
            weight *= 1 - case["data.false_reject"]
            weight += dirty * case["data.validated"] * case["data.repaired"]
        penalty = sum(case[f"data.{n}_penalty"] for n, on in pairs if on)
        for share, extra, auroc in [
            (1 - new, 0.0, "ai.auroc"),
            (new * (1 - case["edge_cases.recognised"]), case["edge_cases.penalty"], "ai.auroc_edge"),
        ]:
            wrong = expit(-(intercept - penalty - extra - case["ai.hardness"] * H))
            d = math.hypot(1, case["ai.sigma_w"]) * ndtri(case[auroc])
            yield weight * share, wrong, d
    # Not an AI decision, and so not among the classes: exceptions, and new types that are handed over.


def theory(case, pilot):
    """Return the expected share of unique items for columns of the counts (x = 0 or gamma = 0)."""
    s, sigma = case["ai.hardness"], case["ai.sigma_w"]
    a = brentq(lambda a: WEIGHT @ expit(a - s * H) - case["ai.accuracy"], -50, 50, xtol=1e-13)
    odds_against = expit(-(a - s * H)) * WEIGHT

    def missing_catch(c):
        return (
            odds_against @ expit(c - case["oversight.rho"] * s * H) / odds_against.sum()
            - case["oversight.catch"]
        )

    catch = expit(brentq(missing_catch, -80, 80, xtol=1e-13) - case["oversight.rho"] * s * H)

    def under(t, of):
        total = share = 0.0
        for weight, wrong, d in classes_of(of, a):
            w = WEIGHT @ wrong
            share += weight * ((1 - w) * ndtr(t) + w * ndtr((t + d) / sigma))
            total += weight
        return share / total

    t = brentq(lambda t: under(t, pilot) - case["oversight.review_least_confident"], -30, 30, xtol=1e-13)
    dirty = 1 - math.prod(1 - case[f"data.{n}"] for n in ("missing", "format", "schema", "stale"))
    exception = (1 - dirty) * case["data.false_reject"]
    exception += dirty * case["data.validated"] * (1 - case["data.repaired"])
    value = 1 - case["value_classes"][int(case["governance.permission"])]
    stakes = case["consequential"] * (case["governance.review_consequential"] == "yes")
    alone = (1 - case["governance.mandatory_review"]) * (1 - stakes) * (1 - value)

    found = dict.fromkeys(Count, 0.0)
    for weight, wrong, d in classes_of(case, a):
        w = float(WEIGHT @ wrong)
        right_alone = alone * ndtr(-t)
        wrong_alone = alone * ndtr(-(t + d) / sigma)
        caught = float(WEIGHT @ (wrong * catch))
        found[Count.AI_DECISIONS] += weight
        found[Count.AI_RIGHT] += weight * (1 - w)
        found[Count.STRAIGHT] += weight * ((1 - w) * right_alone + w * wrong_alone)
        found[Count.ESCAPED_STRAIGHT] += weight * w * wrong_alone
        found[Count.CAUGHT] += weight * caught * (1 - wrong_alone)
        found[Count.ESCAPED_MISSED] += weight * (w - caught) * (1 - wrong_alone)
        overturned = weight * (1 - w) * (1 - right_alone) * case["oversight.overturn"]
        found[Count.ESCAPED_OVERTURNED] += overturned
        found[Count.TRIGGER_CONFIDENCE] += weight * (ndtr(t) * (1 - w) + ndtr((t + d) / sigma) * w)
    decisions = found[Count.AI_DECISIONS]
    found[Count.REVIEWED] = decisions - found[Count.STRAIGHT]
    found[Count.MANUAL] = 1 - decisions
    found[Count.ESCAPED_MANUAL] = (1 - decisions) * case["legacy.error_rate"]
    found[Count.EXCEPTIONS] = found[Count.TRIGGER_EXCEPTION] = exception
    found[Count.EDGE_CASES] = case["edge_cases.share"]
    found[Count.TRIGGER_EDGE] = 1 - decisions - exception
    found[Count.TRIGGER_MANDATORY] = decisions * case["governance.mandatory_review"]
    found[Count.TRIGGER_CONSEQUENTIAL] = decisions * stakes
    found[Count.TRIGGER_VALUE] = decisions * value
    found[Count.AI_SERVED] = 1 - exception
    found[Count.QUEUED] = 1 - found[Count.STRAIGHT]
    return {column: share for column, share in found.items() if share > 0.0}


BOTH_KINDS = {c for c in Count if c.name.startswith("TRIGGER_")} | {Count.AI_SERVED, Count.QUEUED}
LARGE = {
    "volume": 130_000.0,
    "profile": ALWAYS,
    "oversight__hours": ALWAYS,
    "oversight__reviewers": 30,
    "oversight__gamma": 0.0,
    "oversight__deadline": INF,
}
DIRTIER = {"data__missing": 0.3, "data__stale": 0.2, "edge_cases__share": 0.3, "edge_cases__handled": 3}
OTHER = {
    "ai__hardness": 2.0,
    "ai__accuracy": 0.8,
    "ai__sigma_w": 1.4,
    "oversight__rho": 0.5,
    "oversight__catch": 0.9,
    "oversight__overturn": 0.1,
    "oversight__review_least_confident": 0.4,
    "governance__review_consequential": "no",
    "data__validated": 0.9,
}


@pytest.mark.parametrize("change", [{}, DIRTIER, OTHER], ids=["ordinary", "dirtier than the pilot", "other"])
def test_shares_match_theory(change):
    case, pilot = values(**LARGE, **change), values(**LARGE, **(change if change is OTHER else {}))
    witness = Witness(packed(case, pilot), seed=11)
    physics = witness.physics
    unique, duplicates = physics.total(Count.ARRIVED), physics.total(Count.DUPLICATES)
    assert unique > 10_000
    for column, share in theory(case, pilot).items():
        n = unique + duplicates if column in BOTH_KINDS else unique
        error = math.sqrt(n * share * (1 - share))
        assert abs(physics.total(column) - n * share) < 4.5 * error, column.name
    # Arrivals are Poisson; duplicates are pi / (1 - pi) of the unique volume.
    expected = 130_000 * 730 / 8760
    assert abs(unique - expected) < 4.5 * math.sqrt(expected)
    assert abs(duplicates - expected * 0.04 / 0.96) < 4.5 * math.sqrt(expected * 0.04 / 0.96)
    # Value classes do not depend on what happens, but a high value is never decided by the AI alone.
    assert physics.ends_by_class[0, 2, 0] == 0
    assert abs(physics.ends_by_class[0, 2].sum() - 0.1 * unique) < 4.5 * math.sqrt(unique * 0.09)
    # Used hours: every review takes time x factor / (1 - shrinkage) less what hurry saves; x is nearly 0.
    by_hand = [k for k, (triggers, *_) in witness.last.items() if triggers & 6]
    assert {kind for kind, _ in by_hand} == {keys.ITEM, keys.DUPLICATE}


def test_mean_time_of_a_review():
    """An hour's mean with cv 0.8 over 10 000 reviews: 4.5 standard errors; exceptions take twice as long."""
    case = values(**LARGE, oversight__time_cv=0.8, oversight__delta=0.0, data__false_reject=0.2)
    physics = Witness(packed(case), seed=12).physics
    exceptions, edges = physics.total(Count.TRIGGER_EXCEPTION), physics.total(Count.TRIGGER_EDGE)
    others = physics.total(Count.QUEUED) - exceptions - edges
    unit = 0.15 / 0.7 * 3.6e9
    squares = 4.0 * exceptions + 1.5**2 * edges + others
    expected = (2.0 * exceptions + 1.5 * edges + others) * unit
    assert abs(physics.total(Count.USED) - expected) < 4.5 * 0.8 * unit * math.sqrt(squares)
    assert physics.total(Count.USED) == physics.total(Count.OFFERED)
    expected = (2.0 * exceptions + 1.5 * edges) * unit
    error = 0.8 * unit * math.sqrt(4.0 * exceptions + 1.5**2 * edges)
    assert abs(physics.total(Count.USED_BY_HAND) - expected) < 4.5 * error
