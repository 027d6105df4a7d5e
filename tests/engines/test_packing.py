"""What an engine is given: arrivals, calendars, and the mix at which the threshold is solved.

Several workflows: what each has of its own, and what they share.
"""

import itertools
import math

import numpy as np
import pytest
from cases import INF, LONG_DAYS, MONDAY, MONTH, OFFICE, arriving, packed, values
from scipy.integrate import quad
from scipy.special import expit, zeta
from scipy.stats import norm

from simgap.engines import packing
from simgap.engines.calendars import week_offset
from simgap.model import items, keys, solving
from simgap.model.clock import HOUR, NEVER
from simgap.model.parameters import P, T
from simgap.sampling.inversion import normal_quantile
from simgap.sampling.philox import unit

DEFECTS = ("missing", "format", "schema", "stale")


def test_deterministic_arrivals_come_at_the_inverse_of_the_intensity():
    ready = packed(values(arrivals="deterministic", growth=0.5, ramp=200.0))
    key, levels = np.array([1, 2, 3, 0], np.int64), ready.workflows[0].levels
    level, interval, previous = 0.0, 0, 0
    for k in range(1, int(levels[-1]) + 1):
        w = keys.item_words(key, keys.ITEM, k, keys.ARRIVAL)
        when, level, interval = items.arrive(w, k, ready.p, level, interval, levels, ready.knots, True)
        assert interval >= 0
        assert level == k
        assert np.interp(when, ready.knots, levels) == pytest.approx(k, abs=1e-6)
        assert when >= previous
        previous = when
    assert k > 1500
    last = items.arrive(w, k, ready.p, level, interval, levels, ready.knots, True)
    assert last[2] == -1


@pytest.mark.parametrize("duplicate", [0.0, 0.04, 0.5])
def test_duplicates_are_a_share_of_all_arrivals(duplicate):
    flow = packed(values(data__duplicate=duplicate)).workflows[0]
    extra = flow.duplicate_levels[-1]
    assert extra / (extra + flow.levels[-1]) == pytest.approx(duplicate, abs=1e-12)


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
        "least_confident": "oversight.review_least_confident",
    }
    for name, path in names.items():
        assert path.rpartition(".")[2] == name or path == odd[name]
    solved = {
        "INTERCEPT",
        "SEPARATION",
        "SEPARATION_EDGE",
        "GUARDED_PERMISSION",
        "REVIEW_CONSEQUENTIAL",
        "MANUAL_ERROR",
        "LATENCY_LAW",
        "LATENCY_SIGMA",
        "CHARTED",
        "EROSION",
        "CEILING",
        "HALF_AFTER",
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
    common["WALL_DEADLINE"] = 0
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
    for prefix, t in zip(("", "specialist_"), ready.workflows[0].teams, strict=True):
        for name, path in own.items():
            assert t[T[name]] == case[f"oversight.{prefix}{path}"]
        assert t[T.MEAN_TIME] == t[T.TIME]
        cv = case[f"oversight.{prefix}time_cv"]
        assert t[T.TIME_SIGMA] == math.sqrt(math.log1p(cv * cv))
        for name, value in common.items():
            assert t[T[name]] == value
        assert (t[T.EXCEPTION_FACTOR], t[T.EDGE_FACTOR]) == factors[prefix]
        assert (t[T.TIME_LAW], t[T.PURPOSE]) == (laws[prefix], purposes[prefix])
    assert set(T.__members__) == {
        *own,
        *common,
        *("EXCEPTION_FACTOR", "EDGE_FACTOR", "TIME_LAW", "TIME_SIGMA", "PURPOSE", "CATCH_INTERCEPT"),
        "MEAN_TIME",
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
    flow = packed(values(starts=starts, backlog=9)).workflows[0]
    assert (flow.waiting, flow.waiting_from) == (waiting, round(starts * 730 * HOUR))


def test_specialists_catch_as_reviewers_do_unless_stated():
    def catches(**changes):
        return packed(values(**changes)).workflows[0].teams[:, T.CATCH_INTERCEPT].tolist()

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
    t = ready.workflows[0].teams[0]
    assert [ready.p[P.LATENCY_LAW], t[T.TIME_LAW], t[T.PATIENCE_LAW]] == [2, 2, 0]
    assert ready.p[P.REVIEW_CONSEQUENTIAL] == 1
    assert packed(values(governance__review_consequential="no")).p[P.REVIEW_CONSEQUENTIAL] == 0
    assert ready.priority == (items.CONSEQUENTIAL,)
    both = packed(values(oversight__priority=("edge", "value")))
    assert both.priority == (items.EDGE, items.VALUE)
    assert packed(values(oversight__priority=None)).priority == ()
    wall = packed(values(oversight__deadline_clock="wall"))
    assert wall.workflows[0].teams[:, T.WALL_DEADLINE].tolist() == [1, 1]
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


def mix_of(case):
    """Return (weight, P(right), separation) of each class of AI decision of a case."""
    flow, mix = packed(case).workflows[0], np.zeros((3, 32))
    nodes = solving.HARDNESS_NODES, solving.HARDNESS_WEIGHTS
    share, handled = case["edge_cases.share"], packing.handled_share(case)
    n = solving.decision_mix(flow.defects, share, handled, 0.0, flow.p, *nodes, mix)
    return sorted(zip(*mix[:, :n].tolist(), strict=True))


def test_decision_mix_against_formulas_and_items():
    case = values()
    intercept = solving.intercept_of(0.9, 1.0)
    classes = by_class(case, intercept, packing.handled_share(case))
    np.testing.assert_allclose(mix_of(case), sorted(classes.values()), rtol=1e-9, atol=1e-12)

    # The rules themselves, item by item. 33 shares beyond 4.5 standard errors: false alarm 2e-4.
    n, ready, key = 40_000, packed(case), np.array([5, 0, 0, 0], np.int64)
    counts = dict.fromkeys(classes, 0)
    right, cumulative = 0, ready.workflows[0].cumulative
    for entity in range(n):
        defects, flags, edge, exception = items.inspect(key, keys.ITEM, entity, ready.p, cumulative, 0, 1)
        unhandled = edge == items.ONCE or edge > case["edge_cases.handled"]
        if not exception and not (unhandled and flags & items.RECOGNISED):
            counts[defects, unhandled] += 1
            w = keys.item_words(key, keys.ITEM, entity, keys.DECISION)
            ease = items.ease(unit(w[1]), normal_quantile(unit(w[0])), ready.p)
            right += ease > items.penalty(defects, unhandled, ready.p)
    for name, (weight, _, _) in classes.items():
        assert abs(counts[name] - n * weight) <= 4.5 * math.sqrt(n * weight * (1 - weight)) + 1
    wanted = sum(weight * share for weight, share, _ in classes.values())
    assert abs(right / n - wanted) < 4.5 * math.sqrt(wanted * (1 - wanted) / n)


def test_the_threshold_is_that_of_the_pilot():
    pilot = values(edge_cases__share=0.0, data__missing=0.0, data__stale=0.0)
    production = values(edge_cases__share=0.3, data__missing=0.9, data__validated=0.0)
    ready = packed(production, pilot)
    intercept = ready.p[P.INTERCEPT]

    def under(case, first=0):
        total = share = 0.0
        right_cut, wrong_cut, edge_cut = ready.workflows[0].cuts[first : first + items.CUTS]
        threshold = norm.ppf(right_cut)
        for weight, right, d in by_class(case, intercept, packing.handled_share(case)).values():
            lower = norm.cdf((threshold + d) / case["ai.sigma_w"])
            assert min(abs(lower - wrong_cut), abs(lower - edge_cut)) < 1e-9
            share += weight * (right * right_cut + (1 - right) * lower)
            total += weight
        return share / total

    assert under(pilot) == pytest.approx(0.15, abs=1e-9)
    assert under(production) > 0.18
    assert under(pilot, items.CUTS) == pytest.approx(0.3, abs=1e-9)
    assert under(production, items.CUTS) > 0.33


def test_where_the_ai_decides_nothing_packing_still_works():
    case = values(data__missing=1.0, data__validated=1.0, data__repaired=0.0)
    assert mix_of(case)[0][0] == 1.0
    assert np.isfinite(packed(case).workflows[0].cuts).all()


# --- several workflows -----------------------------------------------------------------------------------


def test_each_workflow_has_values_of_its_own():
    """And each its own pilot: the thresholds of one do not move with the mix of another."""
    one = values(data__missing=0.3, oversight__time=0.5, volume=3000.0)
    other = values(edge_cases__share=0.4, edge_cases__types=9, backlog=7, starts=0.5)
    both = packed([one, other], [values(), other])
    alone = packed(one, values()), packed(other)
    for flow, single in zip(both.workflows, (ready.workflows[0] for ready in alone), strict=True):
        for name in ("p", "levels", "duplicate_levels", "quantiles", "cumulative", "defects", "cuts"):
            assert np.array_equal(getattr(flow, name), getattr(single, name)), name
        assert (flow.waiting, flow.waiting_from, flow.joins) == (
            single.waiting,
            single.waiting_from,
            single.joins,
        )
        same = flow.teams == single.teams
        assert [T(i) for i in np.flatnonzero(~same.all(axis=0))] == [T.MEAN_TIME]
    assert both.joins.tolist() == [0, 365 * HOUR]
    assert np.array_equal(both.p, alone[0].p)


def test_the_mean_time_of_a_review_is_over_all_workflows_by_volume():
    one = values(oversight__time=0.5, oversight__specialist_time=2.0, volume=3000.0)
    two = values(oversight__time=0.1, oversight__specialist_time=5.0, volume=1000.0)
    for flow in packed([one, two]).workflows:
        assert flow.teams[:, T.MEAN_TIME] == pytest.approx([0.4, 2.75])
    empty = [{**case, "volume": 0.0} for case in (one, two)]
    assert packed(empty).workflows[1].teams[:, T.MEAN_TIME] == pytest.approx([0.3, 3.5])


def test_what_there_is_once_is_read_from_the_first_workflow():
    changes = {
        "oversight__reviewers": 7,
        "oversight__hours": LONG_DAYS,
        "oversight__specialists": 2,
        "ai__concurrency": 5,
        "oversight__priority": ("edge",),
        "oversight__headcount_plan": ((1, 9),),
        "governance__window": 5.0,
        "governance__probation": 6.0,
    }
    both = packed([values(**changes), values()])
    single = packed(values(**changes))
    for name in ("concurrency", "priority", "incident_window", "probation", "months", "stops_at"):
        assert getattr(both, name) == getattr(single, name)
    for name in ("reviewers", "specialists"):
        assert getattr(both, name).staff == getattr(single, name).staff
        assert getattr(both, name).plan == getattr(single, name).plan
        assert np.array_equal(getattr(both, name).calendar.week, getattr(single, name).calendar.week)
    other = packed([values(), values(**changes)])
    assert (other.reviewers.staff, other.concurrency, other.priority) == (4, 4, (items.CONSEQUENTIAL,))
    assert other.reviewers.calendar.week[-1, 2] == sum(end - start for start, end, _ in OFFICE) * HOUR


@pytest.mark.parametrize(
    ("changes", "joins"),
    [
        ({}, 0),
        ({"starts": 0.25}, 182.5),
        ({"starts": 2.0}, None),  # after the window
        ({"volume": 0.0}, None),
        ({"volume": 0.0, "backlog": 1, "starts": 0.25}, 182.5),
        ({"volume": 0.0, "backlog": 1, "starts": 2.0}, None),
    ],
)
def test_a_workflow_joins_when_it_starts_if_it_has_any_items(changes, joins):
    flow = packed(values(**changes)).workflows[0]
    assert flow.joins == (NEVER if joins is None else joins * HOUR)


def test_variety_counts_the_workflows_of_the_pilot():
    """With three in the pilot, 10 % of edge cases are 10 % + 2 x 5 %, and the threshold is solved at that."""
    case = values(scope__variety=0.05)
    of_more, idle = values(edge_cases__share=0.2), values(volume=0.0)
    wanted = packed(of_more).workflows[0].cuts
    assert np.array_equal(packed([case] * 3).workflows[0].cuts, wanted)
    assert np.array_equal(packed([case, case, case, idle]).workflows[0].cuts, wanted)
    assert not np.array_equal(packed([case] * 2).workflows[0].cuts, wanted)
    assert np.array_equal(
        packed([case] * 2, [case, idle]).workflows[0].cuts, packed(values()).workflows[0].cuts
    )


# --- what production adds --------------------------------------------------------------------------------


def test_erosion_is_a_share_of_the_odds_each_month():
    p = packed(values(drift__erosion=0.2)).p
    assert math.exp(-p[P.EROSION] * 730.0) == pytest.approx(0.8)
    assert packed(values()).p[P.EROSION] == 0.0


@pytest.mark.parametrize(
    ("involvement", "ceiling", "half_after"), [(0.0, 0.6, 400.0), (1.0, 0.8, 200.0), (0.5, 0.7, 300.0)]
)
def test_involvement_halves_what_the_ceiling_lacks_and_the_time(involvement, ceiling, half_after):
    case = values(adoption__ceiling=0.6, adoption__half_after=400.0, adoption__involvement=involvement)
    p = packed(case).p
    assert [p[P.CEILING], p[P.HALF_AFTER]] == pytest.approx([ceiling, half_after])


def test_the_chart_needs_workflow_outcomes():
    assert packed(values()).p[P.CHARTED] == 0.0
    assert packed(values(measurement__basis="workflow_outcomes")).p[P.CHARTED] == 1.0


def test_arrivals_can_be_put_at_stated_hours():
    """The helper that the tests of ties rely on."""
    ready = arriving(values(), [1.0, 1.0, 2.5])
    levels = ready.workflows[0].levels
    got = [items.arrival_time(float(k), levels, ready.knots, 0)[0] / HOUR for k in (1, 2, 3)]
    assert got == [1.0, 1.0, 2.5]
    both = arriving([values(), values()], [[2.0, 3.0, 3.0], [1.0, 3.0]])
    found = []
    for flow in both.workflows:
        n = int(flow.levels[-1])
        found.append([items.arrival_time(k + 1.0, flow.levels, both.knots, 0)[0] / HOUR for k in range(n)])
    assert found == [[2.0, 3.0, 3.0], [1.0, 3.0]]
