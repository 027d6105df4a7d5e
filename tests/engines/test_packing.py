"""What an engine is given: arrivals, calendars, and the mix at which the threshold is solved."""

import itertools
import math

import numpy as np
import pytest
from cases import INF, LONG_DAYS, MONDAY, MONTH, arriving, packed, values
from scipy.integrate import quad
from scipy.special import expit, zeta
from scipy.stats import norm

from simgap.engines import packing
from simgap.engines.calendars import week_offset
from simgap.model import items, keys, solving
from simgap.model.clock import HOUR
from simgap.model.parameters import P, T
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import unit

DEFECTS = ("missing", "format", "schema", "stale")


def test_deterministic_arrivals_come_at_the_inverse_of_the_intensity():
    ready = packed(values(arrivals="deterministic", growth=0.5, ramp=200.0))
    key = np.array([1, 2, 3, 0], np.int64)
    level, interval, previous = 0.0, 0, 0
    for k in range(1, int(ready.levels[-1]) + 1):
        w = keys.item_words(key, keys.ITEM, k, keys.ARRIVAL)
        when, level, interval = items.arrive(w, k, ready.p, level, interval, ready.levels, ready.knots, True)
        assert interval >= 0
        assert level == k
        assert np.interp(when, ready.knots, ready.levels) == pytest.approx(k, abs=1e-6)
        assert when >= previous
        previous = when
    assert k > 1500
    last = items.arrive(w, k, ready.p, level, interval, ready.levels, ready.knots, True)
    assert last[2] == -1


@pytest.mark.parametrize("duplicate", [0.0, 0.04, 0.5])
def test_duplicates_are_a_share_of_all_arrivals(duplicate):
    ready = packed(values(data__duplicate=duplicate))
    extra = ready.duplicate_levels[-1]
    assert extra / (extra + ready.levels[-1]) == pytest.approx(duplicate, abs=1e-12)


@pytest.mark.parametrize(("types", "exponent"), [(1, 1.3), (50, 0.0), (200, 1.3), (1000, 2.5)])
def test_zipf_frequencies(types, exponent):
    cumulative = packing.zipf(types, exponent)
    frequencies = np.diff(cumulative, prepend=0.0)
    assert cumulative[-1] == 1.0
    for k in (1, 2, types // 2 + 1, types):
        if k <= types:
            assert frequencies[k - 1] / frequencies[0] == pytest.approx(k**-exponent, rel=1e-6)
    if exponent > 1:
        partial = zeta(exponent) - zeta(exponent, types + 1)
        assert frequencies[0] == pytest.approx(1 / partial, rel=1e-9)


def test_handled_share():
    case = values(edge_cases__types=10, edge_cases__tail=1.0, edge_cases__never_repeats=0.2)
    harmonic = sum(1 / k for k in range(1, 11))
    for handled, wanted in [
        (0, 0.0),
        (1, 0.8 / harmonic),
        (3, 0.8 * 11 / 6 / harmonic),
        (10, 0.8),
        (99, 0.8),
    ]:
        assert packing.handled_share({**case, "edge_cases.handled": handled}) == pytest.approx(wanted)


def test_every_packed_parameter_is_filled_from_its_own_value():
    names = {place.name.lower(): path for place, path in packing.COPIED.items()}
    odd = {
        "edge_share": "edge_cases.share",
        "edge_penalty": "edge_cases.penalty",
        "mandatory": "governance.mandatory_review",
    }
    for name, path in names.items():
        assert path.rpartition(".")[2] == name or path == odd[name]
    solved = {
        "INTERCEPT",
        "SEPARATION",
        "SEPARATION_EDGE",
        "THRESHOLD",
        "GUARDED_THRESHOLD",
        "GUARDED_PERMISSION",
        "REVIEW_CONSEQUENTIAL",
        "MANUAL_ERROR",
        "LATENCY_LAW",
        "LATENCY_SIGMA",
    }
    assert set(P.__members__) == solved | {place.name for place in packing.COPIED}
    ready, case = packed(values()), values()
    assert ready.p[P.LATENCY_SIGMA] == math.sqrt(math.log1p(case["integration.latency_cv"] ** 2))
    for place, path in packing.COPIED.items():
        assert ready.p[place] == case[path]


def test_every_parameter_of_a_team_is_filled_from_its_own_value():
    # What each team has of its own, and what both share.
    own = {"TIME": "time", "DEADLINE": "deadline"}
    common = {"SHRINKAGE": 0.3, "GAMMA": 1.0, "DELTA": 0.1, "X_REF": 8.0, "PATIENCE_LAW": 1}
    case = values(
        oversight__patience_law="exponential",
        oversight__specialist_deadline=5.0,
        oversight__specialist_time_cv=0.3,
        oversight__specialist_time_law="exponential",
        oversight__specialists=3,
        oversight__specialist_hours=LONG_DAYS,
        oversight__headcount_plan=[[2, 6], [3.5, 0]],
    )
    ready = packed(case)
    laws = {"": 2, "specialist_": 1}
    factors = {"": (2.0, 1.5), "specialist_": (1.0, 1.0)}  # the specialist's time is stated as it is
    purposes = {"": keys.REVIEW, "specialist_": keys.SPECIALIST}
    for prefix, team in (("", ready.reviewers), ("specialist_", ready.specialists)):
        for name, path in own.items():
            assert team.t[T[name]] == case[f"oversight.{prefix}{path}"]
        cv = case[f"oversight.{prefix}time_cv"]
        assert team.t[T.TIME_SIGMA] == math.sqrt(math.log1p(cv * cv))
        for name, value in common.items():
            assert team.t[T[name]] == value
        assert (team.t[T.EXCEPTION_FACTOR], team.t[T.EDGE_FACTOR]) == factors[prefix]
        assert (team.t[T.TIME_LAW], team.t[T.PURPOSE]) == (laws[prefix], purposes[prefix])
    assert set(T.__members__) == {
        *own,
        *common,
        *("EXCEPTION_FACTOR", "EDGE_FACTOR", "TIME_LAW", "TIME_SIGMA", "PURPOSE", "CATCH_INTERCEPT"),
    }
    assert (ready.reviewers.staff, ready.specialists.staff) == (4, 3)
    assert ready.reviewers.plan == ((1460 * HOUR, 6), (2555 * HOUR, 0))
    assert ready.specialists.plan == ()
    # Each team has its own week; both close on holidays.
    assert ready.reviewers.calendar.week[-1, 2] == 40 * HOUR
    assert ready.specialists.calendar.week[-1, 2] == 50 * HOUR
    closed = packed({**case, "clock.holidays": ("2026-01-06",)})
    for team in (closed.reviewers, closed.specialists):
        assert team.calendar.closed[0].tolist()[:2] == [24 * HOUR, 48 * HOUR]


@pytest.mark.parametrize(("starts", "waiting"), [(0.0, 9), (0.9, 9), (1.0, 0), (1.1, 0)])
def test_a_backlog_that_would_come_after_the_window_never_comes(starts, waiting):
    ready = packed(values(starts=starts, backlog=9))
    assert (ready.waiting, ready.waiting_from) == (waiting, round(starts * 730 * HOUR))


def test_specialists_catch_as_reviewers_do_unless_stated():
    def catches(**changes):
        ready = packed(values(**changes))
        return [float(team.t[T.CATCH_INTERCEPT]) for team in (ready.reviewers, ready.specialists)]

    reviewers, specialists = catches()
    assert reviewers == specialists
    other = catches(oversight__specialist_catch=0.9)
    assert other == [reviewers, catches(oversight__catch=0.9)[0]]
    assert other[1] > reviewers


@pytest.mark.parametrize(
    ("classes", "permission", "withdrawn", "wanted"),
    [
        ((0.5, 0.9), 1, 1, 0),
        ((0.5, 0.9), INF, 1, 1),  # everything was permitted: the highest class is withdrawn
        ((0.5, 0.9), INF, 0, 2),
        ((0.5, 0.9), 1, 2, -1),
        ((), INF, 1, -1),
    ],
)
def test_guarded_withdraws_the_highest_classes(classes, permission, withdrawn, wanted):
    case = values(value_classes=classes, governance__permission=permission, governance__withdrawn=withdrawn)
    assert packed(case).p[P.GUARDED_PERMISSION] == wanted


def test_words_and_fallbacks_are_packed():
    ready = packed(values())
    assert ready.p[P.MANUAL_ERROR] == 0.03  # none: the legacy error rate
    assert packed(values(oversight__manual_error=0.0)).p[P.MANUAL_ERROR] == 0.0
    laws = [ready.p[P.LATENCY_LAW], ready.reviewers.t[T.TIME_LAW], ready.reviewers.t[T.PATIENCE_LAW]]
    assert laws == [2, 2, 0]
    assert packed(values(oversight__patience_law="exponential")).reviewers.t[T.PATIENCE_LAW] == 1
    assert ready.p[P.REVIEW_CONSEQUENTIAL] == 1
    assert packed(values(governance__review_consequential="no")).p[P.REVIEW_CONSEQUENTIAL] == 0
    assert ready.priority == (items.CONSEQUENTIAL,)
    both = packed(values(oversight__priority=("edge", "value")))
    assert both.priority == (items.EDGE, items.VALUE)
    assert packed(values(oversight__priority=None)).priority == ()
    wall = packed(values(oversight__deadline_clock="wall"))
    assert not ready.reviewers.wall_deadline
    assert not ready.specialists.wall_deadline
    assert wall.reviewers.wall_deadline
    assert wall.specialists.wall_deadline
    assert packed(values(ai__concurrency=INF)).concurrency > 10**9
    late = packed(values(), go_live=1000.0, window=12 * MONTH)
    assert (late.go_live, late.months) == (1000 * HOUR, 12)
    assert late.knots[-1] == (8760 - 1000) * HOUR
    assert late.reviewers.calendar.offset == week_offset(MONDAY, 1000.0)


def by_class(case, intercept, handled):
    """Return (P(right), separation) and the weight of each class of AI decision, by formulas of our own."""
    spread, sigma = case["ai.hardness"], case["ai.sigma_w"]
    found = {}
    rates = [case[f"data.{d}"] for d in DEFECTS]
    dirty = 1 - np.prod([1 - r for r in rates])
    for bits, unhandled in itertools.product(range(16), (False, True)):
        present = [bits >> i & 1 for i in range(4)]
        arrive = np.prod([r if on else 1 - r for r, on in zip(rates, present, strict=True)])
        if bits:
            weight = arrive * (1 - case["data.validated"])
        else:
            weight = arrive * (1 - case["data.false_reject"])
            weight += dirty * case["data.validated"] * case["data.repaired"]
        new = case["edge_cases.share"] * (1 - handled)
        weight *= new * (1 - case["edge_cases.recognised"]) if unhandled else 1 - new
        penalty = sum(case[f"data.{d}_penalty"] for d, on in zip(DEFECTS, present, strict=True) if on)
        penalty += case["edge_cases.penalty"] * unhandled
        right = quad(
            lambda h, c=penalty: math.exp(-h * h / 2) * expit(intercept - c - spread * h),
            -10,
            10,
            epsabs=1e-12,
        )[0] / math.sqrt(2 * math.pi)
        auroc = case["ai.auroc_edge" if unhandled else "ai.auroc"]
        found[bits, unhandled] = (weight, right, math.sqrt(1 + sigma**2) * norm.ppf(auroc))
    return found


def test_decision_mix_against_formulas_and_items():
    case = values()
    intercept = solving.intercept_of(0.9, 1.0)
    handled = packing.handled_share(case)
    mix = sorted(packing.decision_mix(case, intercept, handled))
    classes = by_class(case, intercept, handled)
    np.testing.assert_allclose(mix, sorted(classes.values()), rtol=1e-9, atol=1e-12)

    # The rules themselves, item by item. 33 shares beyond 4.5 standard errors: false alarm 2e-4.
    n, ready, key = 40_000, packed(case), np.array([5, 0, 0, 0], np.int64)
    counts = dict.fromkeys(classes, 0)
    right = 0
    for entity in range(n):
        defects, exception, _, unhandled, recognised = items.inspect(
            key, keys.ITEM, entity, ready.p, ready.cumulative
        )
        if not exception and not recognised:
            counts[defects, unhandled] += 1
            w = keys.item_words(key, keys.ITEM, entity, keys.DECISION)
            hardness = normal_quantile(unit(w[0]))
            right += items.decide(w, hardness, 0.0, ready.p, defects, unhandled, False, 0)[0]
    for name, (weight, _, _) in classes.items():
        assert abs(counts[name] - n * weight) <= 4.5 * math.sqrt(n * weight * (1 - weight)) + 1
    wanted = sum(weight * share for weight, share, _ in classes.values())
    assert abs(right / n - wanted) < 4.5 * math.sqrt(wanted * (1 - wanted) / n)


def test_the_threshold_is_that_of_the_pilot():
    pilot = values(edge_cases__share=0.0, data__missing=0.0, data__stale=0.0)
    production = values(edge_cases__share=0.3, data__missing=0.9, data__validated=0.0)
    ready = packed(production, pilot)
    intercept = ready.p[P.INTERCEPT]

    def under(case, place=P.THRESHOLD):
        total = share = 0.0
        for weight, right, d in by_class(case, intercept, packing.handled_share(case)).values():
            low = norm.cdf(ready.p[place])
            lower = norm.cdf((ready.p[place] + d) / case["ai.sigma_w"])
            share += weight * (right * low + (1 - right) * lower)
            total += weight
        return share / total

    assert under(pilot) == pytest.approx(0.15, abs=1e-9)
    assert under(production) > 0.18
    assert under(pilot, P.GUARDED_THRESHOLD) == pytest.approx(0.3, abs=1e-9)
    assert under(production, P.GUARDED_THRESHOLD) > 0.33


def test_where_the_ai_decides_nothing_packing_still_works():
    case = values(data__missing=1.0, data__validated=1.0, data__repaired=0.0)
    assert packing.decision_mix(case, 1.0, 0.5)[0][0] == 1.0
    assert math.isfinite(packed(case).p[P.THRESHOLD])


def test_arrivals_can_be_put_at_stated_hours():
    """The helper that the tests of ties rely on."""
    ready = arriving(values(), [1.0, 1.0, 2.5])
    got = [items.arrival_time(float(k), ready.levels, ready.knots, 0)[0] / HOUR for k in (1, 2, 3)]
    assert got == [1.0, 1.0, 2.5]
