"""Incidents and the autonomy ladder on timelines worked out by hand.

Unless said otherwise every item is an exception that somebody decides wrongly in an hour, and the error
surfaces at once: an arrival at t is an incident at t + 1.
"""

import math

import numpy as np
import pytest
from audit import LEVELS, audit, lives_of, logged, reasons_of, told
from cases import ALWAYS, INF, MONTH, arriving, bare, packed, values
from scipy import stats

from simgap.economics.ledger import Window, ledger, seen_incidents
from simgap.engines.physics import ENDS, Count
from simgap.model import governance, items, keys
from simgap.model.clock import HOUR
from simgap.model.parameters import P
from simgap.sampling.philox import words

MICROSECOND = 1 / HOUR
A, G, R, S = LEVELS
FAULTY = {
    "data__false_reject": 1.0,
    "oversight__exception_factor": 1.0,
    "oversight__manual_error": 1.0,
    "oversight__reviewers": 99,
    "consequential": 1.0,
    "governance__surfaced": 1.0,
    "governance__lag": 0.0,
    "governance__resolve": 10.0,
    "governance__resolve_cv": 0.0,
}
PROBLEMS = {"governance__explainable": 0.0}  # every incident opens one


def faulty(**changes):
    return bare(**{**FAULTY, **changes})


def ladder(hours, twins=False, **changes):
    """Return the changes of level, (hour, level), and what was counted."""
    ready = arriving(faulty(**changes), hours, twins)
    physics, log = logged(ready)
    audit(ready, physics, log)
    return [(e.time / HOUR, e.detail["level"]) for e in told(log, "autonomy level")], physics, log


def time_at(physics):
    return (physics.level_time.sum(axis=0) / HOUR).tolist()


# --- problems ------------------------------------------------------------------------------------------


def test_one_problem_guards_and_two_restrict_each_with_its_own_clock():
    """Problems of ten hours from 2 and 6 on, one from 21, three from 41."""
    changes, physics, log = ladder([1.0, 5.0, 20.0, 40.0, 40.0, 40.0], **PROBLEMS)
    assert changes == [
        *[(2.0, G), (6.0, R), (12.0, G), (16.0, A)],
        *[(21.0, G), (31.0, A)],
        *[(41.0, G), (41.0, R), (51.0, G), (51.0, A)],
    ]
    assert time_at(physics) == [730.0 - 34, 18.0, 16.0, 0.0]
    assert (physics.incident_time / HOUR).tolist() == [2.0, 6.0, 21.0, 41.0, 41.0, 41.0]
    assert physics.incident_entity.tolist() == [0, 1, 2, 3, 4, 5]
    problems = [(e.time / HOUR, e.entity) for e in told(log, "problem")]
    assert problems == [(12.0, 0), (16.0, 1), (31.0, 2), (51.0, 3), (51.0, 4), (51.0, 5)]
    first = told(log, "autonomy level")[1].detail
    assert (first["open_problems"], first["recent_incidents"]) == (2, 2)


@pytest.mark.parametrize(
    ("held", "failed", "bits"),
    [
        ((1.0, 1.0, 1.0), (), 0),
        ((0.0, 1.0, 1.0), ("explainable",), 1),
        ((1.0, 0.0, 1.0), ("reviewable",), 2),
        ((0.0, 1.0, 0.0), ("explainable", "correctable"), 5),
        ((0.0, 0.0, 0.0), ("explainable", "reviewable", "correctable"), 7),
    ],
)
def test_an_incident_that_fails_nothing_opens_no_problem(held, failed, bits):
    names = ("explainable", "reviewable", "correctable")
    shares = {f"governance__{name}": share for name, share in zip(names, held, strict=True)}
    changes, physics, log = ladder([1.0], **shares)
    assert physics.incident_failed.tolist() == [bits]
    assert told(log, "incident")[0].detail == {"failed": failed}
    assert changes == ([(2.0, G), (12.0, A)] if failed else [])


def test_the_longest_of_the_repairs_counts_item_by_item():
    """From the words of each item: three lognormal times with a mean of 10 h and cv 0.8."""
    failing = {f"governance__{name}": 0.0 for name in ("explainable", "reviewable", "correctable")}
    hours = [1.0 + 20 * i for i in range(25)]
    _, _, log = ladder(hours, **failing, governance__resolve_cv=0.8)
    sigma = math.sqrt(math.log(1.64))
    law = stats.lognorm(s=sigma, scale=10.0 * math.exp(-0.5 * sigma**2))
    closes = {e.entity: e.time / HOUR for e in told(log, "problem")}
    for entity, hour in enumerate(hours):
        w = words(1, 0, 0, 0, keys.INCIDENT, entity, keys.RESOLUTION, 0)
        longest = law.ppf((max(int(x) for x in w[:3]) + 0.5) / 2**32)
        assert closes[entity] == pytest.approx(hour + 1 + longest, abs=1e-6)


# --- surfacing -----------------------------------------------------------------------------------------


def test_a_share_of_the_consequential_errors_surfaces_after_an_exponential_lag():
    """From the words: the item's fourth arrival word, and the third and fourth of its severity."""
    hours = [1.0 + 0.5 * i for i in range(400)]
    case = {"consequential": 0.6, "governance__surfaced": 0.4, "governance__lag": 30.0}
    ready = arriving(faulty(**case), hours, twins=True)  # duplicates make no errors of their own
    physics, log = logged(ready, seed=7)
    audit(ready, physics, log, seed=7)
    wanted = []
    for entity, hour in enumerate(hours):
        stakes = (int(words(7, 0, 0, 0, keys.ITEM, entity, keys.ARRIVAL, 0)[3]) + 0.5) / 2**32
        w = words(7, 0, 0, 0, keys.INCIDENT, entity, keys.SEVERITY, 0)
        surfaces, lag = ((int(x) + 0.5) / 2**32 for x in w[2:])
        if stakes < 0.6 and surfaces < 0.4:
            wanted.append((hour + 1 - 30.0 * math.log(1 - lag), entity))
    wanted.sort()
    assert 50 < len(wanted) < 150
    assert physics.incident_entity.tolist() == [e for _, e in wanted]
    np.testing.assert_allclose(physics.incident_time / HOUR, [t for t, _ in wanted], atol=1e-9)
    assert len(physics.escaped_time) == 400


@pytest.mark.parametrize("change", [{"governance__surfaced": 0.0}, {"consequential": 0.0}])
def test_what_stays_hidden_and_what_has_no_consequences_is_no_incident(change):
    changes, physics, _ = ladder([1.0, 2.0, 3.0], **PROBLEMS, **change)
    assert changes == []
    assert len(physics.incident_time) == 0
    assert len(physics.escaped_time) == 3
    assert time_at(physics) == [730.0, 0.0, 0.0, 0.0]


def test_incidents_after_the_window_are_listed_and_change_no_time():
    """The last instant is 730 h: an incident on it, one before and one after, and the drain."""
    changes, physics, _ = ladder([728.0, 729.0, 729.5], **PROBLEMS)
    assert (physics.incident_time / HOUR).tolist() == [729.0, 730.0, 730.5]
    assert changes == [(729.0, G), (730.0, R), (740.0, G), (740.5, A)]
    assert time_at(physics) == [729.0, 1.0, 0.0, 0.0]
    window = Window(1, 0.0, 1.0)
    assert seen_incidents(physics, window, keys.PRODUCTION).tolist() == [0, 1, 2]
    assert seen_incidents(physics, window, keys.PILOT).tolist() == [0, 1]


def test_a_pilot_is_not_charged_with_what_it_never_saw():
    """A pilot of 100 h: items at 10, 98.5 and 99.5 err; the third surfaces after it, at 100.5."""
    for phase, charged in ((keys.PILOT, 2), (keys.PRODUCTION, 3)):
        ready = arriving(faulty(), [10.0, 98.5, 99.5], phase=phase, window=100.0)
        physics, log = logged(ready)
        audit(ready, physics, log)
        assert (physics.incident_time / HOUR).tolist() == [11.0, 99.5, 100.5]
        money = dict.fromkeys(
            (
                *("legacy.cost", "legacy.error_rate", "legacy.cashable", "legacy.ramp_down", "legacy.delay"),
                *("legacy.delay_cost", "legacy.duplicate_detection", "error_cost", "value_cv", "ai.cost"),
                *("oversight.wage", "oversight.specialist_wage", "costs.platform", "costs.governance"),
                *("costs.curation", "governance.incident_cost_cv", "starts", "measurement.audit_cost"),
                *("measurement.tooling", "iteration.change_cost"),
            ),
            0.0,
        )
        rest = {
            "legacy.rehire_multiple": 1.0,
            "oversight.paid": "by hour",
            "value_classes": (0.5, 0.9),
            "governance.incident_cost": 300.0,
        }
        key = np.array([1, 0, 0, phase], np.int64)
        lines = ledger(physics, [money | rest], Window(1, 0.0, 100.0 / 730.0), key)
        assert lines["incidents"].tolist() == [-300.0 * charged]


# --- the window rule -----------------------------------------------------------------------------------

RULE = {"governance__window": 10.0, "governance__warn": 2, "governance__restrict": 3}


def test_recent_incidents_warn_and_restrict():
    """Incidents at 2, 3 and 4 count until 12, 13 and 14; none opens a problem."""
    changes, physics, _ = ladder([1.0, 2.0, 3.0], **RULE)
    assert changes == [(3.0, G), (4.0, R), (12.0, G), (13.0, A)]
    assert time_at(physics) == [730.0 - 10, 2.0, 8.0, 0.0]


@pytest.mark.parametrize("late", [0.0, MICROSECOND, -MICROSECOND])
def test_an_incident_counts_for_the_window_and_no_longer(late):
    """A fourth at 12 or beside it: the first leaves as it comes, or a microsecond apart."""
    changes, _, _ = ladder([1.0, 2.0, 3.0, 11.0 + late], **RULE)
    changes = [(round(t, 6), level) for t, level in changes]
    if late < 0:  # four recent, then three: never less
        assert changes == [(3.0, G), (4.0, R), (13.0, G), (14.0, A)]
    else:
        assert changes == [(3.0, G), (4.0, R), (12.0, G), (12.0, R), (13.0, G), (14.0, A)]


def test_the_stricter_of_problems_and_window_rule_holds():
    """Problems of two hours each, one at a time, and three incidents within ten hours."""
    changes, _, _ = ladder([1.0, 4.0, 7.0], **RULE, **PROBLEMS, governance__resolve=2.0)
    # Open 2-4, 5-7, 8-10; recent from 5 on two, from 8 on three, from 12, 15, 18 on fewer.
    assert changes == [(2.0, G), (4.0, A), (5.0, G), (8.0, R), (12.0, G), (15.0, A)]


# --- suspension ----------------------------------------------------------------------------------------

SUSPEND = {"governance__window": 10.0, "governance__suspend": 2, "governance__probation": 20.0}


def test_a_suspension_lasts_until_the_last_problem_is_closed_then_probation():
    """Problems of thirty hours from 2 and 3: suspended from 3 to 33, restricted until 53.

    The item at 33 arrives as the suspension ends; its own problem is open from 34 to 64.
    """
    changes, physics, log = ladder(
        [1.0, 2.0, 3.0, 20.0, 33.0], **SUSPEND, **PROBLEMS, governance__resolve=30.0
    )
    assert changes == [(2.0, G), (3.0, S), (33.0, R), (53.0, G), (64.0, A)]
    assert time_at(physics) == [2.0 + 730 - 64, 1.0 + 11, 20.0, 30.0]
    lives = lives_of(log)
    arrived = [lives[keys.ITEM, e][0].detail["level"] for e in range(5)]
    assert arrived == [A, G, S, S, R]  # those at 2 and 3 come after the incident of that instant
    assert physics.total(Count.SUSPENDED) == 2


def test_a_suspension_lasts_until_incidents_are_no_longer_recent():
    """Problems of ten hours close at 12 and 13; the incidents of 2 and 3 are recent until 102 and 103."""
    long = {**SUSPEND, "governance__window": 100.0}
    changes, physics, _ = ladder([1.0, 2.0], **long, **PROBLEMS)
    assert changes == [(2.0, G), (3.0, S), (102.0, R), (122.0, A)]
    assert time_at(physics) == [2.0 + 730 - 122, 1.0, 20.0, 99.0]


def test_a_problem_that_opens_in_a_suspension_prolongs_it():
    """The item of 2.5 arrives before the suspension and errs in it, at 3.5: its problem closes at 13.5."""
    changes, _, _ = ladder([1.0, 2.0, 2.5], **SUSPEND, **PROBLEMS)
    # Recent until 12, 13 and 13.5, so at 13.5 one thing ends with the other.
    assert changes == [(2.0, G), (3.0, S), (13.5, R), (33.5, A)]


def test_a_new_suspension_within_the_probation_starts_another():
    """Suspended from 3 to 12, probation; incidents at 16 and 17 suspend again until 26; free from 46 on."""
    changes, physics, _ = ladder([1.0, 2.0, 15.0, 16.0], **SUSPEND, **PROBLEMS, governance__resolve=5.0)
    assert changes == [(2.0, G), (3.0, S), (12.0, R), (17.0, S), (26.0, R), (46.0, A)]
    assert time_at(physics) == [2.0 + 730 - 46, 1.0, 5.0 + 20, 9.0 + 9]


def test_a_suspension_over_before_anything_arrives_leaves_no_probation_of_length_zero():
    changes, _, _ = ladder([1.0, 2.0], **{**SUSPEND, "governance__probation": 0.0})
    assert changes == [(3.0, S), (12.0, A)]


def test_suspended_items_go_the_legacy_way_at_once_and_use_nothing():
    """Two items and their duplicates err; those of 5, 6 and 7 come in the suspension."""
    case = {**SUSPEND, "governance__suspend": 1}
    _, physics, log = ladder([1.0, 5.0, 6.0, 7.0], twins=True, **case)
    assert physics.total(Count.SUSPENDED) == physics.total(Count.DUPLICATE_FALLBACK) == 3
    assert physics.total(Count.MANUAL) == physics.total(Count.DUPLICATE_DONE) == 1
    assert physics.total(Count.QUEUED) == physics.total(Count.EXCEPTIONS) * 2 == 2
    assert physics.total(Count.AI_SERVED, Count.AI_DECISIONS, Count.LEGACY_DELAY) == 0
    assert physics.total(Count.USED) == 2 * HOUR
    for (_, entity), life in lives_of(log).items():
        if entity:
            assert [e.time / HOUR for e in life] == [4.0 + entity] * 2
            assert "exception" not in life[0].detail
    # Three quarters of the items, by class, and the first by hand.
    assert physics.ends_by_class[0, :, ENDS.index(Count.SUSPENDED)].sum() == 3


# --- the level of an item --------------------------------------------------------------------------------

MIXED = {  # half of the items are exceptions, which err; the AI's are right and take five hours
    "data__false_reject": 0.5,
    "ai__accuracy": 0.999999,
    "integration__latency": 5.0,
    "governance__mandatory_review": 0.0,
    "governance__review_consequential": "no",
    "governance__permission": INF,
    "oversight__review_least_confident": 0.0,
    "oversight__overturn": 0.0,
}


def test_items_keep_the_level_of_their_arrival():
    hours = [1.0 + 0.5 * i for i in range(40)]
    changes, _, log = ladder(hours, **MIXED, **PROBLEMS)
    first = next(t for t, level in changes if level == R)
    kept = new = 0
    for life in lives_of(log).values():
        if life[0].detail["exception"]:
            continue
        came, decided = (
            next(e for e in life if e.activity == a and e.transition == "complete") for a in ("arrival", "AI")
        )
        if came.time / HOUR < 2.0:  # before the first incident
            assert life[-1].detail["outcome"] == "straight"
            kept += decided.time / HOUR > first
        elif came.detail["level"] == R:
            assert reasons_of(life) == ("autonomy",)
            new += 1
    assert kept > 0
    assert new > 3


ORDINARY = {
    "volume": 40_000.0,
    "profile": ALWAYS,
    "oversight__hours": ALWAYS,
    "oversight__reviewers": 60,
    "ai__concurrency": INF,
    "governance__surfaced": 1.0,
    "governance__lag": 0.0,
    "governance__window": 10_000.0,
}


def routes(rule, **changes):
    """Return the packed case and log of a month in which the first incident sets the level for good."""
    ready = packed(values(**ORDINARY, **{f"governance__{rule}": 1}, **changes))
    physics, log = logged(ready)
    audit(ready, physics, log)
    level = {"warn": G, "restrict": R, "suspend": S}[rule]
    changes = told(log, "autonomy level")
    assert changes[0].detail["level"] == level
    assert all(e.time > MONTH * HOUR for e in changes[1:])
    return ready, physics, log


@pytest.mark.parametrize("consequential", ["yes", "no"])
@pytest.mark.parametrize(("permission", "withdrawn"), [(1, 1), (INF, 1), (2, 0), (0, 2)])
def test_who_is_reviewed_under_guard_item_by_item(consequential, permission, withdrawn):
    """From the words of each item and the entries of the log alone."""
    case = {
        "governance__review_consequential": consequential,
        "governance__permission": permission,
        "governance__withdrawn": withdrawn,
    }
    ready, physics, log = routes("warn", **case)
    flow, p, guarded = ready.workflows[0], ready.p, 0
    threshold, guarded_threshold = stats.norm.ppf(flow.cuts[[items.OF_RIGHT, items.CUTS + items.OF_RIGHT]])
    left = min(permission, 2) - withdrawn
    for (kind, entity), life in lives_of(log).items():
        came = life[0].detail
        decided = next((e.detail for e in life if (e.activity, e.transition) == ("AI", "complete")), {})
        if "right" not in decided:
            continue
        w = words(1, 0, 0, 0, kind, entity, keys.DECISION, 0)
        z = stats.norm.ppf((int(w[2]) + 0.5) / 2**32)
        edge = items.inspect(np.array([1, 0, 0, 0]), kind, entity, p, flow.cumulative, 0, 1)[2]
        unhandled = edge == items.ONCE or edge > p[P.HANDLED]
        d = p[P.SEPARATION_EDGE if unhandled else P.SEPARATION]
        score = z if decided["right"] else p[P.SIGMA_W] * z - d
        wanted = {
            "confidence": score < threshold,
            "consequential": came["consequential"] and consequential == "yes",
            "value": came["value_class"] > permission,
            "mandatory": (int(w[3]) + 0.5) / 2**32 < 0.05,
            "autonomy": came["level"] == G
            and (came["consequential"] or score < guarded_threshold or came["value_class"] > left),
        }
        wanted = {word for word, on in wanted.items() if on}
        assert set(reasons_of(life) if wanted else ()) == wanted
        assert (life[-1].detail["outcome"] == "straight") == (not wanted)
        guarded += "autonomy" in wanted
    assert physics.total(Count.TRIGGER_AUTONOMY) == guarded > 400


def test_the_guarded_review_the_stated_share_for_their_confidence():
    """At the pilot's mix 30 % of the decisions; 4.5 standard errors: false alarm 7e-6."""
    case = {"consequential": 0.02, "governance__permission": INF, "governance__withdrawn": 0}
    _, _, log = routes("warn", **case)
    hits = []
    for life in lives_of(log).values():
        came, decided = life[0].detail, any("right" in e.detail for e in life)
        if came["level"] == G and not came["consequential"] and decided:
            steps = [e for e in life if (e.activity, e.transition) == ("review", "schedule")]
            hits.append(any("autonomy" in e.detail["reasons"] for e in steps))
    assert len(hits) > 2000
    assert abs(np.mean(hits) - 0.3) < 4.5 * math.sqrt(0.21 / len(hits))


def test_every_decision_of_the_restricted_is_reviewed():
    _, physics, log = routes("restrict")
    restricted = 0
    for life in lives_of(log).values():
        if life[0].detail["level"] == R and any("right" in e.detail for e in life):
            assert "autonomy" in reasons_of(life)
            restricted += 1
        elif "review" in {e.activity for e in life}:
            assert "autonomy" not in reasons_of(life)
    assert physics.total(Count.TRIGGER_AUTONOMY) == restricted > 1000
    straight = [life for life in lives_of(log).values() if life[-1].detail["outcome"] == "straight"]
    assert {life[0].detail["level"] for life in straight} == {A}


def test_after_a_suspension_for_good_nothing_reaches_anybody():
    _, physics, log = routes("suspend")
    change = told(log, "autonomy level")[0]
    after = [e for e in told(log, "arrival") if e.time >= change.time]
    assert physics.total(Count.SUSPENDED) == sum(e.kind == keys.ITEM for e in after) > 1000
    assert not any(e.time > change.time + 5 * HOUR for e in log if e.activity in ("AI", "review"))
    months = physics.level_time.sum(axis=0)
    assert months[governance.SUSPENDED] == MONTH * HOUR - change.time
