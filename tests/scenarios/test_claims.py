"""The shipped scenario `claims`: its numbers are those of its sources, and a replication is real work."""

import datetime
import itertools
from pathlib import Path

import numpy as np
import pytest
from shipped import derivation

import simgap
from simgap.economics.ledger import LINES
from simgap.montecarlo.outcomes import MONTHLY
from simgap.montecarlo.plan import Plan, evaluate, work
from simgap.scenario.load import shipped_paths
from simgap.scenario.table import CONDITIONS
from simgap.scenario.values import Variant, row_of
from simgap.scenario.words import READERS

FOLDER = shipped_paths()["claims"].parent


@pytest.fixture(scope="module")
def claims():
    return simgap.load("claims").resolved


@pytest.fixture(scope="module")
def derive():
    return derivation("claims")


@pytest.fixture(scope="module")
def derived(derive):
    return derive.derive()


# Days; of investments and pilots k USD.
UNITS = {"duration": 24.0, "money": 1e3, "money_month": 1e3}
CHANGES = {
    "data architecture": {"data.validated", "data.repaired", "data.schema_broken"},
    "governance": {
        "governance.explainable",
        "governance.reviewable",
        "governance.correctable",
        "governance.resolve",
    },
    "measurement": {"measurement.basis", "measurement.audit"},
    "integration": {
        "integration.latency",
        "integration.outages",
        "integration.lost",
        "iteration.lead_time",
    },
    "stakeholders": {"adoption.involvement", "adoption.trust_lost"},
    "reviewers": {"oversight.reviewers"},
}


def stated(claims, path):
    key, _, side = path.partition("@")
    investment, change, target = key.removeprefix("investments.").partition(".change.")
    if change:
        key, value = target, claims["investments"][investment]["change"][target]["value"]
    else:
        leaf = claims["parameters"][key]
        value = leaf.get("value", leaf.get(side or "production"))
    numbers = [value[p] for p in ("p10", "p50", "p90")] if isinstance(value, dict) else value
    return np.array(numbers) / UNITS.get(row_of(key).unit, 1.0)


def median(value):
    return value["p50"] if isinstance(value, dict) else value


def test_every_derived_number_stands_in_the_scenario_to_three_digits(claims, derived):
    assert len(derived) == 32
    for path, value in derived.items():
        assert stated(claims, path) == pytest.approx(np.array(value), rel=6e-3), path


def test_the_holidays_are_those_of_the_window(claims, derive):
    first = datetime.date.fromisoformat(claims["parameters"]["clock.decision"]["value"] + "-01")
    months = claims["parameters"]["clock.horizon"]["value"]
    last = first + datetime.timedelta(months * 730 // 24 - 1)
    assert claims["parameters"]["clock.holidays"]["value"] == [str(d) for d in derive.holidays(first, last)]


def test_the_pilot_meets_the_cleanest_of_the_sources(claims, derived):
    for path in ("data.missing", "data.format", "data.stale"):
        assert claims["parameters"][path]["pilot"] == pytest.approx(derived[path][0], rel=6e-3)


def test_published_numbers_are_those_of_the_evidence(claims):
    parameters = claims["parameters"]

    def ends(path, *names):
        value = parameters[path].get("value", parameters[path].get("production"))
        return [value[name] for name in names]

    assert ends("legacy.cost", "low", "mode", "high") == [2.18, 9.40, 11.57]
    # 0.04, 0.55 and 3.6 % of fields are keyed wrong; an item has four of them.
    per_item = [1.0 - (1.0 - p) ** 4 for p in (0.0004, 0.0055, 0.036)]
    assert ends("legacy.error_rate", "low", "mode", "high") == pytest.approx(per_item, rel=0.01)
    assert ends("data.duplicate", "low", "mode", "high") == [0.0016, 0.09, 0.155]
    assert ends("ai.cost", "low", "high") == [0.0008, 0.0165]
    assert ends("oversight.wage", "low", "high") == [32.7, 44.7]
    assert ends("oversight.time", "p90")[0] * 60.0 == pytest.approx(8.0)
    assert ends("adoption.ceiling", "p10") == [0.70]
    assert ends("measurement.audit", "p10", "p90") == [0.01, 0.05]
    assert parameters["oversight.time_cv"]["value"] == 1.21
    assert ends("oversight.catch", "p10", "p90") == [0.39, 0.71]
    assert ends("oversight.overturn", "p90") == ends("measurement.audit_false", "p90") == [0.041]
    assert ends("investments.governance.once", "p10", "p50", "p90") == [15e3, 30e3, 80e3]


def test_every_number_has_a_source_or_is_marked_a_guess(claims):
    for path, leaf in claims["parameters"].items():
        if not leaf["stated"] or row_of(path).unit in READERS:
            continue
        if leaf["source"]:
            assert leaf["strength"] == claims["sources"][leaf["source"]]["strength"] != "guess"
        else:
            assert leaf["strength"] == "guess"
    assert set(claims["sources"]) == {
        leaf["source"] for leaf in claims["parameters"].values() if leaf["stated"] and leaf["source"]
    }


def test_every_condition_has_a_pilot_and_a_production_side(claims):
    two_sided = {
        row_of(path).condition
        for path, leaf in claims["parameters"].items()
        if leaf["stated"] and "value" not in leaf and leaf["pilot"] != leaf["production"]
    }
    assert two_sided == {*CONDITIONS, "scale"}


def test_the_dashboard_is_blind(claims):
    assert claims["parameters"]["measurement.basis"]["value"] == "pilot_metrics"
    # So only incidents ask for retraining.
    assert claims["parameters"]["iteration.retrain_after"]["production"] < np.inf


def test_a_replication_is_real_work(claims):
    plan = Plan((Variant(),), ((0, 0, 0),))
    assert 90_000 < work(claims, plan) < 130_000
    done = evaluate(claims, plan, seed=1, workers=1)
    n = {name: float(done.of(name)[0]) for name in done.names}
    assert n["n_items"] > 90_000
    assert n["n_queued"] / (n["n_items"] + n["n_duplicates"]) > 0.20
    assert n["n_edge_cases"] / n["n_items"] > 0.05
    # One replication at fixed seed; the mean over draws is about five.
    assert 1 <= n["n_incidents"] <= 12
    for name in ("declined", "audited", "births", "schema_changes", "changes_connector", "ai_wait"):
        assert n[f"n_{name}"] > 0, name
    assert n["drift_at_end"] > 0
    # Every line that this version simulates moves money.
    flow = done.monthly[0].sum(axis=0)
    moved = {name for name, total in zip(MONTHLY[: 5 + len(LINES)], flow, strict=False) if total != 0.0}
    assert moved == {
        "net",
        "cash",
        "one_off",
        "present",
        "projected",
        "benefit",
        "ai",
        "oversight",
        "exceptions",
        "errors",
        "incidents",
        "changes",
        "platform",
        "pilot",
    }
    assert Path(FOLDER / "SOURCES.md").exists()
    assert Path(FOLDER / "data" / "NOTICE.md").exists()


def test_the_six_investments(claims):
    assert {name: set(bought["change"]) for name, bought in claims["investments"].items()} == CHANGES
    for name in CHANGES:
        leaves = {
            key: claims["parameters"][f"investments.{name}.{key}"] for key in ("once", "monthly", "delay")
        }
        assert leaves["once"]["stated"]
        assert leaves["delay"]["stated"]
        # A reviewer's wage is in the headcount.
        assert leaves["monthly"]["stated"] == (name != "reviewers")
        assert claims["parameters"][f"investments.{name}.parallel"]["value"] == (
            "yes" if name == "reviewers" else "no"
        )


def test_sums_and_delays_are_capped(claims, derive):
    def upper(path):
        return claims["parameters"][path]["value"]["upper"]

    *_, largest = derive.overrun()
    for name in ("data architecture", "measurement", "integration"):
        once = stated(claims, f"investments.{name}.once") * 1e3
        assert upper(f"investments.{name}.once") == pytest.approx(largest * once[1], rel=6e-3)
    for name in CHANGES:
        p90 = stated(claims, f"investments.{name}.delay")[2] * 24.0
        assert upper(f"investments.{name}.delay") == pytest.approx(2.0 * p90, rel=6e-3)


def test_any_of_the_64_portfolios_may_be_bought():
    text = (FOLDER / "scenario.yaml").read_text("utf-8")
    members = [list(chosen) for n in range(7) for chosen in itertools.combinations(CHANGES, n)]
    assert len(members) == 64
    lines = "".join(f"  p{i}: [{', '.join(names)}]\n" for i, names in enumerate(members))
    portfolios = simgap.load(text.replace("\nportfolios:\n", f"\nportfolios:\n{lines}")).resolved[
        "portfolios"
    ]
    assert [portfolios[f"p{i}"] for i in range(64)] == members


def test_portfolios_and_pilots(claims):
    assert claims["portfolios"] == {"demo": [], "ready": [name for name in CHANGES if name != "reviewers"]}
    parameters = claims["parameters"]
    assert claims["pilots"] == ["demo", "production-ready"]
    assert parameters["base.pilot"]["value"] == "demo"
    # The base case buys nothing, so `run` shows what it would without investments.
    assert not parameters["base.portfolio"]["stated"]
    assert {parameters[f"pilots.{name}.go_if"]["value"] for name in claims["pilots"]} == {"npv > 0"}
    assert (parameters["pilots.demo.cost"]["value"], stated(claims, "pilots.demo.lasts")) == (60e3, 56.0)
    assert parameters["pilots.production-ready.like_production"]["value"] == [
        "data",
        "edge_cases",
        "governance",
        "measurement",
        "adoption",
    ]
    carried = parameters["pilots.production-ready.carries"]["value"]
    assert carried == ["data architecture", "governance", "measurement", "stakeholders"]
    # Eight weeks of operation, and the weeks of what it carries, at the medians.
    weeks = sum(stated(claims, f"investments.{name}.delay")[1] for name in carried) / 7.0
    assert stated(claims, "pilots.production-ready.lasts") / 7.0 == pytest.approx(8.0 + weeks, abs=0.5)


def test_something_of_the_window_is_left_after_every_delay(claims):
    parameters = claims["parameters"]
    longest = {name: parameters[f"investments.{name}.delay"]["value"]["upper"] for name in CHANGES}
    beside = longest.pop("reviewers")
    pilot = max(parameters[f"pilots.{name}.lasts"]["value"] for name in claims["pilots"])
    assert pilot + max(sum(longest.values()), beside) < 730.0 * (parameters["clock.horizon"]["value"] - 1.0)


def test_what_is_bought_brings_production_nearer_to_the_pilot(claims):
    for bought in claims["investments"].values():
        for path, change in bought["change"].items():
            leaf = claims["parameters"][path]
            if change["op"] == "scale":
                assert 0.0 < median(change["value"]) < 1.0
                assert change["value"]["upper"] == 1.0
            # The pilot audits nothing and has one reviewer; what is stated once has no nearer side.
            elif "pilot" in leaf and path not in ("measurement.audit", "oversight.reviewers"):
                pilot, production = leaf["pilot"], median(leaf["production"])
                assert abs(median(change["value"]) - pilot) < abs(production - pilot), path
