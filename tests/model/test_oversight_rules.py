"""Reviews and waits against scipy.stats and formulas in plain Python."""

import itertools
import math

import numpy as np
import pytest
from rules_by_hand import DIRTY, TEAMS, packed, team, uniforms, words
from scipy.special import expit
from scipy.stats import expon, lognorm, norm

from simgap.engines.physics import wait_edges
from simgap.model import items, keys, oversight
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import Law, T

both_teams = pytest.mark.parametrize("name", TEAMS)


def hours_of(law, mean, sigma, u):
    """Return the quantiles of a time by scipy."""
    if law == Law.DETERMINISTIC:
        return np.full(len(u), mean)
    if law == Law.EXPONENTIAL:
        return expon(scale=mean).ppf(u)
    return lognorm(sigma, scale=mean * math.exp(-0.5 * sigma**2)).ppf(u)


def test_every_parameter_of_a_team_is_used_here():
    for fields in TEAMS.values():
        assert {place.lower() for place in T.__members__} == set(fields)


@both_teams
@pytest.mark.parametrize("law", list(Law))
@pytest.mark.parametrize(
    ("triggers", "factor"),
    [
        (items.CONFIDENCE, None),
        (items.MANDATORY | items.VALUE | items.CONSEQUENTIAL | items.AUTONOMY, None),
        (items.EXCEPTION, "exception_factor"),
        (items.EDGE, "edge_factor"),
    ],
)
def test_review_time_item_by_item(name, law, triggers, factor):
    fields = TEAMS[name]
    t = team(**{**fields, "time_law": law})
    u = [uniforms(keys.ITEM, entity, fields["purpose"])[0] for entity in range(300)]
    hours = hours_of(law, fields["time"], fields["time_sigma"], u) * fields.get(factor, 1.0)
    got = [
        oversight.review_hours(words(keys.ITEM, entity, fields["purpose"]), t, triggers)
        for entity in range(300)
    ]
    np.testing.assert_allclose(got, hours, rtol=1e-9)


@both_teams
def test_patience(name):
    fields = TEAMS[name]
    deadline = fields["deadline"]
    for entity in range(300):
        u = uniforms(keys.ITEM, entity, fields["purpose"])[2]
        w = words(keys.ITEM, entity, fields["purpose"])
        got = oversight.patience(w, team(**fields))
        assert got == pytest.approx(-math.log1p(-u) * deadline * HOUR, abs=1)
        fixed = team(**{**fields, "patience_law": Law.DETERMINISTIC})
        assert oversight.patience(w, fixed) == deadline * HOUR
        for law in (Law.DETERMINISTIC, Law.EXPONENTIAL):
            never = team(**{**fields, "deadline": math.inf, "patience_law": law})
            assert oversight.patience(w, never) == NEVER
            at_once = team(**{**fields, "deadline": 0.0, "patience_law": law})
            assert oversight.patience(w, at_once) == 0


def test_a_specialist_draws_anew():
    """Time, verdict and patience of both teams; 9 correlations beyond 5 / sqrt(n): false alarm 5e-6."""
    n = 5000
    columns = np.array(
        [[uniforms(keys.ITEM, e, f["purpose"])[:3] for f in TEAMS.values()] for e in range(n)]
    ).reshape(n, 6)
    assert np.abs(np.corrcoef(columns.T)[:3, 3:]).max() < 5 / math.sqrt(n)


def test_congestion_is_work_per_head_up_to_one():
    t = team(time=90.0, mean_time=0.5, x_ref=8.0)  # the time is the item's own, the mean that of all
    assert oversight.congestion(0, 3, t) == 0.0
    for waiting in (1, 7, 48, 49, 5000):
        wanted = min(1.0, (waiting * 0.5 / 3) / 8.0)
        assert oversight.congestion(waiting, 3, t) == pytest.approx(wanted, rel=1e-15)
    assert oversight.congestion(48, 3, t) == 1.0
    assert oversight.congestion(47, 3, t) < 1.0


def test_occupied_is_longer_by_shrinkage_and_shorter_by_hurry():
    t = team(delta=0.2, shrinkage=0.25)
    for hours, x in [(0.0, 0.5), (1.0, 0.0), (1.0, 1.0), (0.37, 0.6)]:
        wanted = hours * (1 - 0.2 * x) / 0.75 * 3.6e9
        assert oversight.occupied(hours, x, t) == pytest.approx(wanted, abs=0.51)
    assert oversight.occupied(1.0, 1.0, team()) == HOUR


@both_teams
def test_catch_probability(name):
    fields = TEAMS[name]
    for h, x in itertools.product((-4.0, 0.0, 1.7), (0.0, 0.4, 1.0)):
        wanted = expit(fields["catch_intercept"] - 0.8 * 1.3 * h - fields["gamma"] * x)
        got = oversight.catch_probability(h, x, team(**fields), packed(**DIRTY))
        assert got == pytest.approx(wanted, rel=1e-12)


def test_a_share_of_reviews_goes_on_to_specialists():
    n = 20_000
    p = packed(**DIRTY)
    for kind in (keys.ITEM, keys.DUPLICATE):
        wanted = [uniforms(kind, e, keys.REVIEW)[3] < 0.17 for e in range(300)]
        assert [oversight.is_escalated(words(kind, e, keys.REVIEW), p) for e in range(300)] == wanted
        assert not any(
            oversight.is_escalated(words(kind, e, keys.REVIEW), packed(escalated=0.0)) for e in range(300)
        )
        assert all(
            oversight.is_escalated(words(kind, e, keys.REVIEW), packed(escalated=1.0)) for e in range(300)
        )
    # Beyond 4.5 standard deviations: false alarm 7e-6.
    escalated = sum(oversight.is_escalated(words(keys.ITEM, e, keys.REVIEW), p) for e in range(n))
    assert abs(escalated - 0.17 * n) < 4.5 * math.sqrt(n * 0.17 * 0.83)


FLAGS = (0, items.AUDIT_MISSES, items.AUDIT_FAULTS, items.AUDIT_MISSES | items.AUDIT_FAULTS)


def test_an_audit_errs_as_its_flags_say():
    others = items.STOPPED_BAD | items.REPAIRED | items.RECOGNISED | items.CHOSEN | items.AUDITED
    for flags in FLAGS:
        for more in (0, others):
            assert oversight.faulted(True, flags | more) == bool(flags & items.AUDIT_FAULTS)
            assert oversight.faulted(False, flags | more) == (not flags & items.AUDIT_MISSES)


@both_teams
def test_verdict_item_by_item(name):
    fields, p, seen = TEAMS[name], packed(**DIRTY), set()
    t = team(**fields)
    for entity in range(600):
        u = uniforms(keys.ITEM, entity, fields["purpose"])[1]
        w = words(keys.ITEM, entity, fields["purpose"])
        h, x = norm.ppf((entity + 0.5) / 600), entity % 7 / 7
        caught = u < expit(fields["catch_intercept"] - 0.8 * 1.3 * h - fields["gamma"] * x)
        by_hand = oversight.MANUAL_WRONG if u < 0.22 else oversight.MANUAL_RIGHT
        wanted = {
            (items.CONFIDENCE, True): oversight.OVERTURNED if u < 0.12 else oversight.CONFIRMED,
            (items.AUTONOMY, False): oversight.CAUGHT if caught else oversight.MISSED,
            (items.MANDATORY | items.VALUE, True): oversight.OVERTURNED if u < 0.12 else oversight.CONFIRMED,
            (items.EXCEPTION, True): by_hand,
            (items.EXCEPTION, False): by_hand,
            (items.EDGE, False): by_hand,
        }
        for (triggers, right), verdict in wanted.items():
            # How an audit would err is of no account where there is none.
            got = oversight.verdict(w, t, p, triggers, FLAGS[entity % 4], right, h, x)
            assert got == verdict
            seen.add(got)
    assert seen == set(range(6))


@both_teams
@pytest.mark.parametrize("triggers", [items.AUDIT, items.AUDIT | items.CONFIDENCE | items.AUTONOMY])
def test_an_audit_decides_whatever_a_reviewer_would_have_done(name, triggers):
    """Nor do hardness and congestion matter; its errors are those of its flags."""
    t, p = team(**TEAMS[name]), packed(**DIRTY)
    for entity in range(300):
        w = words(keys.ITEM, entity, TEAMS[name]["purpose"])
        h, x = norm.ppf((entity + 0.5) / 300), entity % 7 / 6
        for flags in FLAGS:
            wrongly, passes = flags & items.AUDIT_FAULTS, flags & items.AUDIT_MISSES
            of_right = oversight.verdict(w, t, p, triggers, flags, True, h, x)
            assert of_right == (oversight.OVERTURNED if wrongly else oversight.CONFIRMED)
            of_wrong = oversight.verdict(w, t, p, triggers, flags, False, h, x)
            assert of_wrong == (oversight.MISSED if passes else oversight.CAUGHT)


@pytest.mark.parametrize(
    ("change", "catch_intercept", "triggers", "right", "wanted"),
    [
        ({"overturn": 0.0}, 0.0, items.CONFIDENCE, True, oversight.CONFIRMED),
        ({"overturn": 1.0}, 0.0, items.CONFIDENCE, True, oversight.OVERTURNED),
        ({"manual_error": 0.0}, 0.0, items.EDGE, False, oversight.MANUAL_RIGHT),
        ({"manual_error": 1.0}, 0.0, items.EXCEPTION, True, oversight.MANUAL_WRONG),
        ({}, 99.0, items.VALUE, False, oversight.CAUGHT),
        ({}, -99.0, items.VALUE, False, oversight.MISSED),
        ({"overturn": 1.0}, 0.0, items.AUDIT, True, oversight.CONFIRMED),
        ({}, -99.0, items.AUDIT, False, oversight.CAUGHT),
    ],
)
def test_certain_verdicts(change, catch_intercept, triggers, right, wanted):
    p = packed(**change)
    for purpose in (keys.REVIEW, keys.SPECIALIST):
        t = team(purpose=purpose, catch_intercept=catch_intercept)
        drawn = [words(keys.ITEM, e, purpose) for e in range(300)]
        got = {oversight.verdict(w, t, p, triggers, 0, right, 0.0, 0.0) for w in drawn}
        assert got == {wanted}


def test_waits_fall_into_the_bins_that_their_edges_say():
    edges = wait_edges()
    assert len(edges) == oversight.WAIT_BINS + 1
    assert (np.diff(edges) > 0).all()
    micro = [65536 * round(e * 3.6e9 / 65536) for e in edges]
    np.testing.assert_allclose(micro, edges * 3.6e9, rtol=1e-15)
    assert micro[:3] == [0, 65536, 131072]
    for i, edge in enumerate(micro[:-1]):
        assert oversight.wait_bin(edge) == i
        assert oversight.wait_bin(micro[i + 1] - 1) == i
    rng = np.random.default_rng(4)
    waits = np.exp(rng.uniform(0.0, math.log(1e6 * HOUR), 5000)).astype(np.int64)
    got = [oversight.wait_bin(w) for w in waits]
    np.testing.assert_array_equal(got, np.searchsorted(np.array(micro), waits, side="right") - 1)
    # From the first doubling on a bin is at most 1/16 of its lower edge wide.
    assert (np.diff(edges)[16:] <= edges[16:-1] / 16 * (1 + 1e-12)).all()
    assert edges[-1] > 100 * 8760  # hours: no simulation waits that long
