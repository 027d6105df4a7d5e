"""The AI's and people's errors on the same items: the rules item by item against quadrature over hardness."""

import functools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, KEY, cuts_of, decide, packed, team, words, zipf_table
from scipy.integrate import quad
from scipy.special import expit

from simgap.model import items, keys, oversight, solving

ACCURACY, SPREAD, GAMMA, SHARE = 0.85, 1.5, 1.2, 0.2
CATCH = {keys.REVIEW: 0.7, keys.SPECIALIST: 0.92}
AUDITS = {"audit": 0.3, "audit_miss": 0.25, "audit_false": 0.1}
N = 40_000
both_teams = pytest.mark.parametrize("purpose", CATCH)


def mean(f):
    """Return E[f(h)], h ~ N(0, 1)."""
    return quad(lambda h: f(h) * math.exp(-0.5 * h * h) / math.sqrt(2 * math.pi), -10, 10, epsabs=1e-12)[0]


def intercept():
    return solving.intercept_of(ACCURACY, SPREAD)


def right_given(h):
    return expit(intercept() - SPREAD * h)


def intercept_of_team(rho, purpose):
    return solving.catch_intercept_of(CATCH[purpose], intercept(), SPREAD, rho)


@functools.cache
def decisions():
    """Return hardness, wrong, sent by the threshold, and flags, of clean items in scope."""
    d = solving.separation_of(0.8, 0.9)
    threshold = solving.threshold_of(SHARE, np.array([[1.0], [ACCURACY], [d]]), 1, 0.9)
    p = packed(intercept=intercept(), hardness=SPREAD, sigma_w=0.9, separation=d, permission=9, **AUDITS)
    cuts = cuts_of(p, threshold)
    rows = [decide(e, p, cuts, 0, False, False, 0, 0) for e in range(N)]
    hardness, right, triggers, flags = (np.array(column) for column in zip(*rows, strict=True))
    return hardness, ~right.astype(bool), triggers & items.CONFIDENCE > 0, flags


@functools.cache
def missed(rho, purpose, x=0.0):
    """Return for each item whether the team would let it through, were it wrong."""
    p = packed(hardness=SPREAD, rho=rho)
    t = team(purpose=purpose, gamma=GAMMA, catch_intercept=intercept_of_team(rho, purpose))
    return np.array(
        [
            oversight.verdict(words(keys.ITEM, e, purpose), t, p, items.CONFIDENCE, 0, False, h, x)
            == oversight.MISSED
            for e, h in enumerate(decisions()[0])
        ]
    )


def close(found, wanted, n):
    """Whether a share of n lies within 4.5 standard deviations of the wanted one: false alarm 7e-6."""
    return abs(found - wanted) < 4.5 * math.sqrt(wanted * (1 - wanted) / n)


def test_accuracy_and_the_share_sent_are_as_stated():
    _, wrong, sent, _ = decisions()
    assert close(wrong.mean(), 1 - ACCURACY, N)
    assert close(sent.mean(), SHARE, N)


@both_teams
@pytest.mark.parametrize("rho", [0.0, 1.0, 3.0])
def test_the_stated_share_of_wrong_decisions_is_caught(rho, purpose):
    """Of all of them, and of those that the threshold sends; 12 shares: false alarm 8e-5."""
    _, wrong, sent, _ = decisions()
    for met in (wrong, wrong & sent):
        assert met.sum() > 1500
        assert close(1 - missed(rho, purpose)[met].mean(), CATCH[purpose], met.sum())


@both_teams
@pytest.mark.parametrize("rho", [0.0, 1.0, 3.0])
def test_errors_of_ai_and_people_go_together_as_far_as_rho_says(rho, purpose):
    """The covariance of wrong and missed, within 4.5 standard errors of its quadrature: 6 times 7e-6."""
    wrong, miss = decisions()[1], missed(rho, purpose)
    c = intercept_of_team(rho, purpose)
    p_wrong = 1 - mean(right_given)
    p_missed = mean(lambda h: 1 - expit(c - rho * SPREAD * h))
    both = mean(lambda h: (1 - right_given(h)) * (1 - expit(c - rho * SPREAD * h)))
    wanted = both - p_wrong * p_missed
    products = (wrong - p_wrong) * (miss - p_missed)
    error = products.std() / math.sqrt(N)
    assert abs(products.mean() - wanted) < 4.5 * error
    if rho == 0.0:
        assert wanted == pytest.approx(0.0, abs=1e-9)
    else:
        assert wanted > 10 * error
        assert products.mean() > 5 * error


@both_teams
@pytest.mark.parametrize("x", [0.4, 1.0])
def test_the_swamped_catch_less_as_quadrature_says(x, purpose):
    """4 shares: false alarm 3e-5."""
    wrong, c = decisions()[1], intercept_of_team(1.0, purpose)
    p_wrong = 1 - mean(right_given)
    caught = mean(lambda h: (1 - right_given(h)) * expit(c - SPREAD * h - GAMMA * x)) / p_wrong
    assert caught < CATCH[purpose] - 0.02
    assert close(1 - missed(1.0, purpose, x)[wrong].mean(), caught, wrong.sum())


@pytest.mark.parametrize("rho", [0.0, 2.0])
def test_reviewers_and_specialists_miss_the_same_items_only_through_hardness(rho):
    """Among wrong decisions; 2 times 7e-6."""
    wrong = decisions()[1]
    first, second = missed(rho, keys.REVIEW)[wrong], missed(rho, keys.SPECIALIST)[wrong]
    c1, c2 = (intercept_of_team(rho, purpose) for purpose in CATCH)
    both = mean(
        lambda h: (1 - right_given(h)) * expit(rho * SPREAD * h - c1) * expit(rho * SPREAD * h - c2)
    ) / (1 - mean(right_given))
    assert close((first & second).mean(), both, wrong.sum())
    apart = (1 - CATCH[keys.REVIEW]) * (1 - CATCH[keys.SPECIALIST])
    assert both == pytest.approx(apart, abs=1e-9) if rho == 0.0 else both > 1.3 * apart


def test_audits_are_a_random_sample_of_all_decisions():
    """Of right and wrong ones, of those sent and not, of easy and hard ones; 6 shares: false alarm 4e-5."""
    hardness, wrong, sent, flags = decisions()
    audited = flags & items.AUDITED > 0
    for among in (wrong, ~wrong, sent, ~sent, hardness < 0, hardness > 0):
        assert among.sum() > 5000
        assert close(audited[among].mean(), AUDITS["audit"], among.sum())


def test_audits_fault_the_share_that_their_errors_leave():
    """Of the wrong, of the right and of all that are audited; 3 shares: false alarm 2e-5."""
    _, wrong, _, flags = decisions()
    audited = flags & items.AUDITED > 0
    faulted = np.array([oversight.faulted(not w, int(f)) for w, f in zip(wrong, flags, strict=True)])
    of_all = (1 - ACCURACY) * 0.75 + ACCURACY * 0.1
    for among, wanted in ((wrong, 0.75), (~wrong, 0.1), (np.ones(N, bool), of_all)):
        met = audited & among
        assert close(faulted[met].mean(), wanted, met.sum())


@pytest.mark.parametrize(("handled", "drift"), [(5, 0.0), (0, 0.9)])
def test_the_thresholds_at_a_mix_send_the_stated_shares_of_its_decisions(handled, drift):
    """Dirty items with edge cases, from their arrival to the decision; 4 shares: false alarm 3e-5."""
    values = {f"data.{name}": value for name, value in DIRTY.items()}
    p, table, connected = packed(**DIRTY), zipf_table(30, 1.1), 2
    share_handled = (1 - DIRTY["never_repeats"]) * (table[handled - 1] if handled else 0.0)
    cuts = np.zeros(2 * items.CUTS)
    solving.solve_cuts(
        solving.defect_shares(values),
        items.edge_share(connected, p),
        share_handled,
        drift,
        p,
        p,
        solving.HARDNESS_NODES,
        solving.HARDNESS_WEIGHTS,
        np.zeros((3, 32)),
        cuts,
    )
    under = []
    for entity in range(N):
        defects, flags, edge, exception = items.inspect(KEY, keys.ITEM, entity, p, table, 0, connected)
        unhandled = edge == items.ONCE or edge > handled
        if exception or (unhandled and flags & items.RECOGNISED):
            continue
        item = defects, unhandled, False, 0
        triggers = decide(entity, p, cuts, *item, 0, drift)[2], decide(entity, p, cuts, *item, 1, drift)[2]
        under.append((triggers[0] & items.CONFIDENCE > 0, triggers[1] & items.AUTONOMY > 0))
    assert 0.5 * N < len(under) < 0.8 * N
    for found, name in zip(
        np.mean(under, axis=0), ("least_confident", "guarded_least_confident"), strict=True
    ):
        assert close(found, DIRTY[name], len(under))
