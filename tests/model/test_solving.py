"""The solved constants give back the stated rates, by scipy's adaptive quadrature over hardness."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, packed, zipf_table
from scipy.integrate import quad
from scipy.special import expit, ndtr
from scipy.stats import chisquare, norm

from simgap.model import items, keys, solving
from simgap.model.parameters import P
from simgap.sampling.inversion import logistic


def expectation(f, *steep):
    """Return E[f(h)], h ~ N(0, 1), and scipy's bound of its error.

    Each steep place (centre, width) splits the range around it, so that none of it is missed. Beyond 12 the
    normal distribution holds 4e-33.
    """
    cuts = {float(h) for h in range(-12, 13, 4)}
    for centre, width in steep:
        cuts |= {float(np.clip(centre + width * k, -12, 12)) for k in (-30, -8, -2, 0, 2, 8, 30)}
    pieces = [
        quad(
            lambda h: f(h) * math.exp(-0.5 * h * h) / math.sqrt(2 * math.pi),
            *edges,
            epsabs=1e-17,
            epsrel=1e-10,
            limit=200,
        )
        for edges in itertools.pairwise(sorted(cuts))
    ]
    return math.fsum(value for value, _ in pieces), math.fsum(error for _, error in pieces)


def step(constant, slope):
    """Return where logistic(constant - slope h) is steep, and how wide that is."""
    return [(constant / slope, 1.0 / slope)] if slope else []


def catch_by_quadrature(c, a, spread, rho):
    """Return P(catch | wrong), and the bound of its error."""
    steep = step(a, spread) + step(c, rho * spread)
    wrong, error_wrong = expectation(lambda h: expit(spread * h - a), *steep)
    both, error = expectation(lambda h: expit(spread * h - a) * expit(c - rho * spread * h), *steep)
    return both / wrong, (error + error_wrong) / wrong


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("accuracy", [0.001, 0.3, 0.5, 0.8, 0.95, 0.999, 0.999999])
def test_accuracy_on_clean_items(accuracy, spread):
    a = solving.intercept_of(accuracy, spread)
    got, error = expectation(lambda h: expit(a - spread * h), *step(a, spread))
    assert error < 1e-11
    assert got == pytest.approx(accuracy, abs=1e-10)
    assert solving.probability_right(a, spread) == pytest.approx(accuracy, abs=1e-12)
    wrong, error = expectation(lambda h: expit(spread * h - a), *step(a, spread))
    assert wrong == pytest.approx(1 - accuracy, abs=1e-10)


def test_without_hardness_the_intercept_is_the_logit():
    for accuracy in (0.001, 0.5, 0.9, 0.999999):
        wanted = math.log(accuracy / (1 - accuracy))
        assert solving.intercept_of(accuracy, 0.0) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0, 3.0, 20.0])
@pytest.mark.parametrize(
    ("accuracy", "spread"),
    [(0.001, 1.0), (0.6, 1.0), (0.9, 0.0), (0.9, 1.0), (0.97, 2.0), (0.999999, 5.0), (0.5, 5.0)],
)
@pytest.mark.parametrize("catch", [0.001, 0.4, 0.8, 0.999])
def test_catch_among_wrong_decisions(catch, accuracy, spread, rho):
    """Reviewers' or specialists', whose share of catches is solved in the same way."""
    a = solving.intercept_of(accuracy, spread)
    c = solving.catch_intercept_of(catch, a, spread, rho)
    got, error = catch_by_quadrature(c, a, spread, rho)
    assert error < 1e-11
    assert got == pytest.approx(catch, abs=1e-9)
    if rho == 0.0:
        assert c == pytest.approx(math.log(catch / (1 - catch)), abs=1e-9)


@pytest.mark.parametrize("rho", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("accuracy", [0.001, 0.5, 0.999999])
@pytest.mark.parametrize("catch", [0.001, 0.8, 0.999])
def test_catch_at_the_hardest_that_a_file_may_say(catch, accuracy, rho):
    """Spread 20. With rho 20 the step is narrower than the grid, and the share may be off by 2e-4."""
    a = solving.intercept_of(accuracy, 20.0)
    c = solving.catch_intercept_of(catch, a, 20.0, rho)
    got, error = catch_by_quadrature(c, a, 20.0, rho)
    assert error < 1e-10
    assert got == pytest.approx(catch, abs=2e-4 if rho > 5 else 1e-9)


def test_hard_items_are_caught_less_often_than_stated_when_errors_are_correlated():
    a = solving.intercept_of(0.9, 1.0)
    c = solving.catch_intercept_of(0.8, a, 1.0, 1.0)
    # Wrong decisions are hard ones, so a reviewer who met items of all hardness would do better than 80 %.
    assert expectation(lambda h: expit(c - h))[0] > 0.8 + 0.02


def threshold_of(share, mix, sigma_w):
    """Return the threshold at a mix of (weight, probability right, separation)."""
    return solving.threshold_of(share, np.array(mix).T.copy(), len(mix), sigma_w)


@pytest.mark.parametrize("spread", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("share", [1e-6, 0.15, 0.3, 0.9])
def test_threshold_at_a_mix_by_quadrature_over_hardness(share, spread):
    """Items of three penalties and two separations, each with its hardness, right or wrong, and score."""
    a, sigma_w = solving.intercept_of(0.9, spread), 0.93
    classes = [(0.7, 0.0, 1.3), (0.2, 1.9, 1.3), (0.1, 6.0, 0.3)]
    mix = [(w, solving.probability_right(a - penalty, spread), d) for w, penalty, d in classes]
    t = threshold_of(share, mix, sigma_w)

    def under(h):
        total = 0.0
        for weight, penalty, d in classes:
            right = expit(a - penalty - spread * h)
            total += weight * (right * ndtr(t) + (1 - right) * ndtr((t + d) / sigma_w))
        return total

    got, error = expectation(under, *(s for _, penalty, _ in classes for s in step(a - penalty, spread)))
    assert error < 1e-11
    assert got == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize("share", [1e-6, 0.05, 0.15, 0.5, 0.9, 1 - 1e-6])
@pytest.mark.parametrize("sigma_w", [0.01, 0.93, 100.0])
def test_threshold_sends_the_stated_share_of_a_mix(share, sigma_w):
    mix = [(3.0, 0.95, 1.2), (1.0, 0.6, 1.2), (0.5, 0.3, 0.35), (0.0, 0.1, 9.0)]
    t = threshold_of(share, mix, sigma_w)
    total = 0.0
    for weight, right, d in mix:
        total += weight / 4.5 * right * norm.cdf(t)
        total += weight / 4.5 * (1 - right) * norm(loc=-d, scale=sigma_w).cdf(t)
    assert total == pytest.approx(share, abs=1e-10)


@pytest.mark.parametrize("share", [1e-12, 1e-6, 0.01, 0.5, 1 - 1e-6])
@pytest.mark.parametrize("auroc", [0.5, 0.999999])
def test_threshold_where_scores_spread_as_far_as_a_file_may_say(share, auroc):
    """Where neighbouring numbers lie further apart than the threshold is exact near 0."""
    d = solving.separation_of(auroc, 100.0)
    t = threshold_of(share, [(1.0, 0.5, d)], 100.0)
    assert 0.5 * norm.cdf(t) + 0.5 * norm(-d, 100.0).cdf(t) == pytest.approx(share, rel=1e-9)


def test_threshold_at_its_limits():
    mix = [(1.0, 0.9, 1.0)]
    assert threshold_of(0.0, mix, 1.0) == -math.inf
    assert threshold_of(1.0, mix, 1.0) == math.inf
    assert threshold_of(0.3, [(2.0, 1.0, 1.0)], 1.0) == pytest.approx(norm.ppf(0.3), abs=1e-10)
    # However far apart: a quarter of the decisions lies about -900, and a fifth of all under the threshold.
    assert threshold_of(0.2, [(3.0, 1.0, 1.0), (1.0, 0.0, 900.0)], 1.0) == pytest.approx(norm.ppf(0.8) - 900)
    # No more classes are read than there are.
    more = np.array([[1.0, 50.0], [1.0, 0.0], [1.0, 9.0]])
    assert solving.threshold_of(0.3, more, 1, 1.0) == threshold_of(0.3, [(1.0, 1.0, 1.0)], 1.0)


RATES = ("missing", "format", "schema", "stale")
VALUES = {f"data.{name}": value for name, value in DIRTY.items()}


def ways_to_the_ai(values):
    """Return the share of items that reach the AI with each set of defects, way by way."""
    shares = dict.fromkeys(range(16), 0.0)
    for present in itertools.product((0, 1), repeat=4):
        share = 1.0
        for name, on in zip(RATES, present, strict=True):
            share *= values[f"data.{name}"] if on else 1 - values[f"data.{name}"]
        defects = sum(2**i for i, on in enumerate(present) if on)
        if defects:
            shares[defects] += share * (1 - values["data.validated"])
            shares[0] += share * values["data.validated"] * values["data.repaired"]
        else:
            shares[0] += share * (1 - values["data.false_reject"])
    return [shares[defects] for defects in range(16)]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"validated": 0.0, "false_reject": 0.0},
        {"validated": 1.0, "repaired": 0.0},
        {"validated": 1.0, "false_reject": 1.0, "repaired": 1.0},
        {"missing": 1.0, "schema": 0.0},
    ],
)
def test_shares_of_defects_way_by_way(change):
    values = {**VALUES, **{f"data.{name}": value for name, value in change.items()}}
    np.testing.assert_allclose(solving.defect_shares(values), ways_to_the_ai(values), rtol=1e-13, atol=1e-16)


def test_shares_of_defects_are_those_of_items():
    """200,000 items, 16 sets of defects and the exceptions; chi-square at 1e-6."""
    n, p, table = 200_000, packed(**DIRTY), zipf_table(30, 1.1)
    found = np.zeros(17)
    for entity in range(n):
        defects, _, _, exception = items.inspect(KEY, keys.ITEM, entity, p, table, 0, 1)
        found[16 if exception else defects] += 1
    shares = solving.defect_shares(VALUES)
    expected = n * np.append(shares, 1 - shares.sum())
    assert expected.min() > 20
    assert chisquare(found, expected).pvalue > 1e-6


GRID = solving.HARDNESS_NODES, solving.HARDNESS_WEIGHTS


def classes_of(defects, edge_share, handled, drift, p):
    """Return (weight, probability right, separation) of each class of decisions, by quadrature."""
    penalties = [p[P[f"{name.upper()}_PENALTY"]] for name in RATES]
    unhandled = edge_share * (1 - handled)
    found = []
    for bits, share in enumerate(defects):
        lost = drift + sum(x for i, x in enumerate(penalties) if bits >> i & 1)
        for edge, part in ((0, 1 - unhandled), (1, unhandled * (1 - p[P.RECOGNISED]))):
            if share * part > 0:
                constant = p[P.INTERCEPT] - lost - edge * p[P.EDGE_PENALTY]
                right = expectation(lambda h, c=constant: expit(c - p[P.HARDNESS] * h))[0]
                found.append((share * part, right, p[P.SEPARATION_EDGE if edge else P.SEPARATION]))
    return found


def mix_of(*case):
    """Return the classes of decisions that the rule finds, as a list."""
    mix = np.full((3, 32), np.nan)
    n = solving.decision_mix(*case, *GRID, mix)
    assert np.isnan(mix[:, n:]).all()
    return mix[:, :n].T


CLEAN = np.eye(16)[0]
DEFECTS = solving.defect_shares(VALUES)
CASES = {
    "dirty": (DEFECTS, 0.42, 0.5, 0.0, {}),
    "drifted": (DEFECTS, 0.42, 0.5, 0.7, {}),
    "clean": (CLEAN, 0.0, 0.3, 0.0, {}),
    "all handled": (DEFECTS, 1.0, 1.0, 0.2, {}),
    "none handled": (CLEAN, 1.0, 0.0, 0.2, {}),
    "all recognised": (DEFECTS, 0.3, 0.0, 0.1, {"recognised": 1.0}),
    "none recognised": (DEFECTS, 0.3, 0.1, 0.1, {"recognised": 0.0}),
}
SIZES = (32, 32, 1, 16, 1, 16, 32)


@pytest.mark.parametrize(("case", "size"), list(zip(CASES, SIZES, strict=True)))
def test_classes_of_decisions_by_quadrature(case, size):
    """Of clean items in scope too, of edge cases that are known for such and of those that are not."""
    *mix, change = CASES[case]
    p = packed(**{**DIRTY, **change})
    found = mix_of(*mix, p)
    assert len(found) == size
    np.testing.assert_allclose(found, classes_of(*mix, p), rtol=1e-9)


def test_without_decisions_any_threshold_will_do():
    p = packed(**DIRTY)
    assert len(mix_of(np.zeros(16), 0.3, 0.5, 0.0, p)) == 1
    assert len(mix_of(CLEAN, 1.0, 0.0, 0.0, packed(**{**DIRTY, "recognised": 1.0}))) == 1
    assert math.isfinite(solving.threshold_of(0.2, mix_of(np.zeros(16), 0.3, 0.5, 0.0, p).T.copy(), 1, 0.8))


@pytest.mark.parametrize("case", CASES)
def test_cuts_send_the_stated_shares_of_all_decisions(case):
    """The shares are those of one phase, and the mix may be that of another."""
    *mix, change = CASES[case]
    of_mix = packed(**{**DIRTY, **change, "least_confident": 0.9, "guarded_least_confident": 0.9})
    p = packed(**{**DIRTY, "edge_penalty": 9.0, "format_penalty": 7.0})
    cuts = np.full(2 * items.CUTS, np.nan)
    solving.solve_cuts(*mix, of_mix, p, *GRID, np.zeros((3, 32)), cuts)
    classes = classes_of(*mix, of_mix)
    total = sum(weight for weight, _, _ in classes)
    for first, share in ((0, DIRTY["least_confident"]), (items.CUTS, DIRTY["guarded_least_confident"])):
        right, wrong, wrong_edge = cuts[first : first + items.CUTS]
        under = 0.0
        for weight, good, d in classes:
            cut = wrong_edge if d == p[P.SEPARATION_EDGE] else wrong
            under += weight / total * (good * right + (1 - good) * cut)
        assert under == pytest.approx(share, abs=1e-10)
        # All three cuts are of one score.
        score = norm.ppf(right)
        assert norm.ppf(wrong) * p[P.SIGMA_W] - p[P.SEPARATION] == pytest.approx(score, abs=1e-8)
        assert norm.ppf(wrong_edge) * p[P.SIGMA_W] - p[P.SEPARATION_EDGE] == pytest.approx(score, abs=1e-8)


def test_cuts_of_nothing_and_of_all():
    for least, guarded, wanted in ((0.0, 1.0, [0, 0, 0, 1, 1, 1]), (1.0, 0.0, [1, 1, 1, 0, 0, 0])):
        p = packed(**{**DIRTY, "least_confident": least, "guarded_least_confident": guarded})
        cuts = np.full(2 * items.CUTS, np.nan)
        solving.solve_cuts(DEFECTS, 0.3, 0.5, 0.0, p, p, *GRID, np.zeros((3, 32)), cuts)
        np.testing.assert_array_equal(cuts, wanted)


@pytest.mark.parametrize("auroc", [0.5, 0.6, 0.83, 0.999999])
@pytest.mark.parametrize("sigma_w", [0.01, 0.93, 100.0])
def test_separation_gives_the_stated_area_under_the_curve(auroc, sigma_w):
    d = solving.separation_of(auroc, sigma_w)
    # The difference of a right and a wrong score is N(d, 1 + sigma_w^2).
    assert norm(loc=d, scale=math.hypot(1.0, sigma_w)).sf(0.0) == pytest.approx(auroc, abs=1e-12)


@pytest.mark.parametrize("spread", [0.0, 1.0, 20.0])
@pytest.mark.parametrize("intercept", [-12.0, 0.3, 14.0])
def test_weights_of_wrong_decisions_to_the_last_bit(intercept, spread):
    """Their exact sum, rounded once, is what they are divided by."""
    nodes, weights = solving.HARDNESS_NODES, solving.HARDNESS_WEIGHTS
    wrong = np.array([w * logistic(spread * h - intercept) for h, w in zip(nodes, weights, strict=True)])
    wanted = wrong / math.fsum(wrong)
    found = np.empty(len(nodes))
    solving._wrong_weights(intercept, spread, nodes, weights, found)
    assert found.tobytes() == wanted.tobytes()
