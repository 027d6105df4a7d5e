"""The shipped scenario `support`: its numbers are those of its sources, and it uses every condition."""

import datetime

import numpy as np
import pytest
from shipped import derivation

from simgap.economics.ledger import LINES
from simgap.montecarlo.outcomes import MONTHLY, PER_WORKFLOW
from simgap.montecarlo.plan import Plan, evaluate, medians, work
from simgap.scenario import read
from simgap.scenario.load import shipped_paths
from simgap.scenario.table import CONDITIONS
from simgap.scenario.values import Variant, row_of
from simgap.scenario.words import READERS

FOLDER = shipped_paths()["support"].parent
PILOT = 8 / 52 * 12  # months
# What a workflow has of its own; the team, its hours and pay, hiring and the ladder are shared by all.
OWN = {
    "legacy": {"cost", "error_rate"},
    "oversight": {"time", "deadline", "deadline_clock", "patience_law", "escalated"},
    "governance": {"mandatory_review", "incident_cost"},
    "ai": {"accuracy"},
    "data": {"missing"},
    "edge_cases": {"share"},
}


@pytest.fixture(scope="module")
def support():
    return read("support")


@pytest.fixture(scope="module")
def derive():
    return derivation("support")


@pytest.fixture(scope="module")
def derived(derive):
    return derive.derive()


def in_units(path, value):
    """A number of the resolved form, in hours, in the unit of the derivation: minutes or days."""
    minutes = path.endswith(("oversight.time", "oversight.deadline"))
    scale = {"duration": 60.0 if minutes else 1 / 24, "staffed": 60.0}
    return np.array(value) * scale.get(row_of(path).unit, 1.0)


def stated(support, path):
    key, _, side = path.partition("@")
    if "~" in key:
        (found,) = [value for *pair, value in support["correlations"] if " ~ ".join(pair) == key]
        return found
    leaf = support["parameters"][key]
    value = leaf.get("value", leaf.get(side or "production"))
    if isinstance(value, dict):
        value = value["low"] if value["family"] == "uniform" else [value[p] for p in ("p10", "p50", "p90")]
    return in_units(key, value)


def test_every_derived_number_stands_in_the_scenario_to_three_digits(support, derived):
    assert len(derived) == 25
    for path, value in derived.items():
        assert stated(support, path) == pytest.approx(np.array(value), rel=7e-3), path


def test_the_holidays_are_those_of_the_window(support, derive):
    first = datetime.date.fromisoformat(support["parameters"]["clock.decision"]["value"] + "-01")
    months = support["parameters"]["clock.horizon"]["value"]
    last = first + datetime.timedelta(months * 730 // 24 - 1)
    days = [str(day) for day in derive.claims.holidays(first, last)]
    assert support["parameters"]["clock.holidays"]["value"] == days


def test_published_numbers_are_those_of_the_studies(support):
    parameters = support["parameters"]

    def ends(path, *names):
        value = parameters[path].get("value", parameters[path].get("production"))
        return [value[name] for name in names]

    assert ends("legacy.cost", "low", "mode", "high") == [3.82, 8.01, 9.10]
    assert ends("workflows.email.legacy.cost", "low", "mode", "high") == [4.42, 8.01, 9.10]
    assert ends("workflows.billing disputes.legacy.cost", "low", "high") == [9.10, 26.04]
    assert ends("ai.cost", "low", "high") == [0.0008, 0.0165]
    assert ends("oversight.wage", "high") == [32.7]
    assert parameters["oversight.specialist_wage"]["value"] == 44.7
    assert parameters["oversight.time_cv"]["value"] == 1.21
    assert ends("oversight.catch", "p10", "p90") == [0.39, 0.71]
    assert ends("oversight.overturn", "p90") == ends("measurement.audit_false", "p90") == [0.041]
    assert ends("measurement.audit", "p10", "p90") == [0.01, 0.05]
    # 64 % would rather have no AI; of 2.3 million chats two thirds in the first month.
    assert ends("adoption.ceiling", "p10", "p50") == pytest.approx([1 - 0.64, 2 / 3], abs=0.004)
    assert ends("oversight.hire_lead_time", "low", "high") == pytest.approx([33.3 * 24, 42 * 24])
    assert ends("oversight.hire_learning", "low", "high") == pytest.approx([2 * 730, 6 * 730])


def test_every_number_has_a_source_or_is_marked_a_guess(support):
    for path, leaf in support["parameters"].items():
        if not leaf["stated"] or row_of(path).unit in READERS:
            continue
        if leaf["source"]:
            assert leaf["strength"] == support["sources"][leaf["source"]]["strength"] != "guess"
        else:
            assert leaf["strength"] == "guess"
    assert set(support["sources"]) == {
        leaf["source"] for leaf in support["parameters"].values() if leaf["stated"] and leaf["source"]
    }


def test_the_pilot_knows_one_of_three_workflows(support):
    parameters = support["parameters"]
    assert support["workflows"] == ["chat", "email", "billing disputes"]
    volumes = [parameters[f"workflows.{name}.volume"] for name in support["workflows"]]
    assert [leaf["pilot"] for leaf in volumes] == [pytest.approx(60 * 365), 0, 0]
    # They join one after another, later than the pilot's.
    starts = [medians(support).get(f"workflows.{name}.starts", 0.0) for name in support["workflows"]]
    assert starts == sorted(starts)
    assert starts[0] == 0.0 < starts[1]
    # A replication is about as heavy as one of `claims`.
    horizon = parameters["clock.horizon"]["value"] - PILOT
    items = sum(
        leaf["production"] * (horizon - start) / 12 for leaf, start in zip(volumes, starts, strict=True)
    )
    assert 60_000 < items * (1 + medians(support)["data.duplicate"]) < 112_000


def test_every_condition_has_a_pilot_and_a_production_side(support):
    two_sided = {
        row_of(path).condition
        for path, leaf in support["parameters"].items()
        if leaf["stated"] and "value" not in leaf and leaf["pilot"] != leaf["production"]
    }
    assert two_sided == {*CONDITIONS, "scale"}


def test_a_workflow_has_no_own_value_of_what_all_share(support):
    own = {}
    for path, leaf in support["parameters"].items():
        group, _, *rest = path.split(".")
        if group == "workflows" and len(rest) == 2 and leaf["stated"]:
            own.setdefault(rest[0], set()).add(rest[1])
    assert own == OWN


def test_what_cannot_be_found_in_a_pilot_is_absent_from_it(support):
    # Drift, schema changes, new types, late fixes and audits that err: none is seen in eight weeks.
    for path in (
        "data.schema_changes",
        "edge_cases.births",
        "drift.erosion",
        "drift.shocks",
        "iteration.slowdown",
        "scope.variety",
        "measurement.audit_miss",
        "adoption.trust_lost",
        "integration.outages",
    ):
        assert support["parameters"][path]["pilot"] == 0, path
    assert support["parameters"]["adoption.ceiling"]["pilot"] == 1
    assert support["parameters"]["measurement.basis"]["pilot"] == "pilot_metrics"


def test_a_replication_is_real_work(support):
    plan = Plan((Variant(),), ((0, 0, 0),))
    assert 60_000 < work(support, plan) < 130_000
    done = evaluate(support, plan, seed=1, workers=1)
    n = {name: float(done.of(name)[0]) for name in done.names}
    assert n["n_items"] > 60_000
    # One replication at fixed seed; the mean over draws is about five.
    assert 1 <= n["n_incidents"] <= 12
    for name in ("declined", "audited", "births", "schema_changes", "ai_wait", "specialist_queued"):
        assert n[f"n_{name}"] > 0, name
    assert n["n_changes_connector"] > 0
    assert n["n_changes_retraining"] > 0
    # Every workflow has items, sends some to the AI and finishes some.
    shown = dict(zip(PER_WORKFLOW, done.workflows[0].T, strict=True))
    assert (shown["items"] > shown["sent"]).all()
    assert (shown["straight"] > 0).all()
    # Every line that this scenario uses moves money.
    flow = done.monthly[0].sum(axis=0)
    moved = {name for name, total in zip(MONTHLY, flow, strict=True) if name in LINES and total != 0.0}
    assert moved == {*LINES} - {"delay", "upkeep", "investment"}
