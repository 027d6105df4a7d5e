"""The shipped scenario `claims`: its numbers are those of its sources, and a replication is real work."""

import datetime
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


def stated(claims, path):
    key, _, side = path.partition("@")
    leaf = claims["parameters"][key]
    value = leaf.get("value", leaf.get(side or "production"))
    numbers = [value[p] for p in ("p10", "p50", "p90")] if isinstance(value, dict) else value
    return np.array(numbers) / (24.0 if row_of(key).unit == "duration" else 1.0)  # days


def test_every_derived_number_stands_in_the_scenario_to_three_digits(claims, derived):
    assert len(derived) == 16
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
    moved = {name for name, total in zip(MONTHLY[: 4 + len(LINES)], flow, strict=False) if total != 0.0}
    assert moved == {
        "net",
        "cash",
        "one_off",
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
