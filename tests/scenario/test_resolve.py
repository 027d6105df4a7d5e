"""Valid files, their resolved form, `--set`, the schema, and mutations that must not break the reader."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from simgap import scenario
from simgap.errors import InputError, Problem
from simgap.scenario.keys import paths
from simgap.scenario.schema import schema
from simgap.scenario.values import inputs

HERE = Path(__file__).parent
VALID = sorted((HERE / "valid").glob("*.yaml"))
FULL = (HERE / "valid" / "full.yaml").read_text(encoding="utf-8")
MINIMAL = (HERE / "valid" / "minimal.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def full() -> dict:
    return scenario.read(str(HERE / "valid" / "full.yaml"))


def leaf(resolved: dict, path: str, side: str = "value"):
    return resolved["parameters"][path][side]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_file_resolves_and_comes_back(path: Path):
    resolved = scenario.read(str(path))
    names = {group: resolved[group] for group in ("workflows", "pilots", "investments")}
    assert set(paths(names)) <= set(resolved["parameters"])
    text = scenario.canonical(resolved)
    assert scenario.read_text(text) == resolved
    assert scenario.digest(json.loads(text)) == scenario.digest(resolved)
    result = json.dumps({"seed": 1, "provenance": {"scenario": resolved}})
    assert scenario.load_resolved(result) == resolved


def test_the_minimal_file_is_all_defaults():
    resolved = scenario.read_text(MINIMAL)
    stated = [path for path, found in resolved["parameters"].items() if found["stated"]]
    assert stated == [
        "legacy.cost",
        "workflows.claims.volume",
        "ai.accuracy",
        "oversight.reviewers",
        "oversight.wage",
        "oversight.time",
    ]
    assert (resolved["workflows"], resolved["pilots"]) == (["claims"], ["pilot"])
    assert leaf(resolved, "base.pilot") == "pilot"
    assert leaf(resolved, "base.portfolio") is None
    assert leaf(resolved, "oversight.deadline") is None
    assert leaf(resolved, "board.volume") is None
    assert leaf(resolved, "data.missing") == 0.0
    assert leaf(resolved, "money.discount") == 0.08
    assert resolved["success"] == {"outcome": "npv", "relation": ">", "value": 0.0, "of": None}


def test_leaves_of_the_full_file(full: dict):
    assert leaf(full, "workflows.travel.volume", "pilot") == 18250.0
    assert leaf(full, "workflows.travel.volume", "production")["p50"] == 114000.0
    assert leaf(full, "workflows.credit notes.volume", "pilot") == 0.0
    assert leaf(full, "data.stale", "production")["times"]["p50"] == 3.0
    assert leaf(full, "data.format", "pilot") == pytest.approx(1 - 0.9999**12, rel=1e-12)
    assert leaf(full, "data.format", "production")["p90"] == pytest.approx(1 - 0.995**12, rel=1e-12)
    assert leaf(full, "workflows.travel.data.missing", "production")["p50"] == 0.3
    assert leaf(full, "workflows.travel.ai.accuracy") == 0.9
    # Production: four days of eight hours and one of four, so 7.2 h.
    assert leaf(full, "oversight.deadline", "production") == pytest.approx(14.4)
    assert leaf(full, "oversight.deadline", "pilot") is None
    assert leaf(full, "workflows.travel.oversight.deadline", "pilot") == 8.0  # a day of the whole team
    assert leaf(full, "workflows.travel.oversight.deadline", "production") == 4.0
    assert leaf(full, "oversight.priority", "pilot") == ["mandatory", "edge"]
    assert leaf(full, "costs.platform") == 2000.0
    assert leaf(full, "governance.review_consequential", "production") == "yes"
    assert leaf(full, "pilots.small.go_if") == "npv > -1500"
    assert leaf(full, "investments.rules.excludes") == ["people"]
    assert full["success"] == {"outcome": "realised", "relation": ">=", "value": 0.75, "of": "projected"}
    assert full["portfolios"] == {"nothing": [], "bought": ["pipes", "people"]}
    assert full["description"].startswith("Expense claims")


def test_lists_of_the_full_file(full: dict):
    assert leaf(full, "clock.holidays") == ["2027-12-25", "2028-01-01", "2028-12-25"]
    assert leaf(full, "workflows.travel.season", "pilot") == []
    assert leaf(full, "workflows.travel.season", "production") == [0.8, 1, 1, 1, 1, 1.3, 0.5, 0.5, 1, 1, 1, 1]
    assert full["parameters"]["workflows.travel.season"]["source"] == "ledger"
    assert leaf(full, "workflows.credit notes.season") == []
    assert leaf(full, "oversight.headcount_plan", "pilot") == [[0, 2]]
    assert leaf(full, "oversight.headcount_plan", "production") == [[3, 10], [9, 1000]]


def test_working_days_of_a_specialist_are_those_of_the_specialists_hours(full: dict):
    # Four hours a day; that the reviewers have other hours, and `travel` other fields, is no matter.
    assert leaf(full, "oversight.specialist_deadline") == 8.0
    assert not any(path.endswith("travel.oversight.specialist_deadline") for path in full["parameters"])
    two = FULL.replace("specialist_hours: Mon-Fri 10:00-14:00", "specialist_hours: always | Mon 08:00-14:00")
    found = scenario.read_text(two)["parameters"]["oversight.specialist_deadline"]
    assert (found["pilot"], found["production"]) == (48.0, 12.0)


def test_fields_of_a_workflow_change_rates_of_cells_and_no_deadline():
    text = MINIMAL.replace("20k per year", "20k per year, data: {fields: 3}")
    assert text != MINIMAL
    scenario.read_text(text, sets=["oversight.deadline=2 working days"])
    with pytest.raises(InputError, match=r"data\.missing: means something else"):
        scenario.read_text(text, sets=["data.missing=1 % of cells"])


def test_changes_of_the_full_file(full: dict):
    pipes, people, rules = (full["investments"][name]["change"] for name in ("pipes", "people", "rules"))
    assert pipes["data.schema_changes"] == {"op": "scale", "value": 0.5}
    assert people["oversight.time"] == {"op": "add", "value": -1 / 60}
    assert people["workflows.travel.data.missing"]["value"]["p50"] == 0.9
    assert rules["governance.mandatory_review"] == {"op": "set", "value": 0.1}


def test_sources_and_strengths(full: dict):
    def about(path: str) -> tuple[str, str]:
        found = full["parameters"][path]
        return found["source"], found["strength"]

    assert about("legacy.cost") == ("study", "published")
    assert about("data.duplicate") == ("ledger", "expert")
    assert about("data.stale") == ("", "guess")
    assert about("oversight.time_law")[1] == "default"


def test_correlations_are_named_as_the_inputs_are(full: dict):
    assert full["correlations"] == [
        ["data.missing", "edge_cases.share", 0.4],
        ["oversight.time", "workflows.travel.data.missing", -0.3],
        ["oversight.time", "governance.resolve", 0.2],
    ]


def test_correlations_need_each_other_to_be_possible():
    # Without the third pair these two are impossible, so a check of the pairs above it would be wrong.
    text = "data:\n  missing: 1 / 2 / 3 %\n  format: 1 / 2 / 3 %\n  schema: 1 / 2 / 3 %\ncorrelations:\n"
    two = "  data.missing ~ data.format: 0.9\n  data.format ~ data.schema: 0.9\n"
    with pytest.raises(InputError, match="impossible"):
        scenario.read_text(MINIMAL + text + two)
    third = "  data.missing ~ data.schema: 0.8\n"
    assert len(scenario.read_text(MINIMAL + text + two + third)["correlations"]) == 3


def test_a_shared_deadline_follows_the_hours_of_each_side():
    hours = "Mon-Fri 09:00-17:00 | Mon-Fri 09:00-13:00"
    team = f"oversight: {{reviewers: 4, wage: 0, time: 5 min, hours: '{hours}', deadline: 2 working days}}"
    text = "\n".join(line if not line.startswith("oversight") else team for line in MINIMAL.split("\n"))
    found = scenario.read_text(text)["parameters"]["oversight.deadline"]
    assert (found["pilot"], found["production"]) == (16.0, 8.0)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("data.missing=5 %", {"pilot": 0.003, "production": 0.05}),
        ("data.missing@pilot=5 %", {"pilot": 0.05}),
        ("data.missing= 1 % | 2 %", {"pilot": 0.01, "production": 0.02}),
        ("data.missing@production=x 2", {"pilot": 0.003, "production": {"times": 2.0}}),
        ("data.validated=20 %", {"value": 0.2}),
        ("data.validated@pilot=20 %", {"pilot": 0.2, "production": 0.5}),
        ("data.validated@production=20 %", {"pilot": 0.5, "production": 0.2}),
        ("data.repaired@production=20 %", {"pilot": 0.0, "production": 0.2}),
        ("workflows.credit notes.data.validated@pilot=20 %", {"pilot": 0.2, "production": 0.5}),
        ("workflows.travel.volume=1 per year", {"pilot": 18250.0, "production": 1.0}),
        ("pilots.small.lasts=4 weeks", {"value": 672.0}),
        ("oversight.headcount_plan=[4 from month 3]", {"pilot": [[0, 2]], "production": [[3, 4]]}),
        ("oversight.headcount_plan@pilot=3 from month 1, 5 from month 2", {"pilot": [[1, 3], [2, 5]]}),
        ("oversight.headcount_plan=none | [4 from month 3]", {"pilot": [], "production": [[3, 4]]}),
        ("workflows.credit notes.season=none", {"value": []}),
        ("clock.holidays=[2027-05-01, 2027-12-25]", {"value": ["2027-05-01", "2027-12-25"]}),
        ("governance.mandatory_review=10 % [study]", {"value": 0.1, "source": "study"}),
    ],
)
def test_set_replaces_one_side(text: str, same_as: dict):
    resolved = scenario.read_text(FULL, sets=[text])
    found = resolved["parameters"][text.split("=")[0].split("@")[0].strip()]
    assert {key: found[key] for key in same_as} == same_as
    assert ("value" in found) == ("value" in same_as)


def test_sets_apply_in_order_and_reach_the_criterion():
    resolved = scenario.read_text(
        MINIMAL, sets=["data.missing=1 %", "data.missing=2 %", "success=realised >= 90 % of projected"]
    )
    assert leaf(resolved, "data.missing") == 0.02
    assert resolved["success"]["value"] == 0.9


def test_set_can_state_what_the_file_must_state():
    text = MINIMAL.replace("legacy: {cost: 9}\n", "")
    with pytest.raises(InputError, match=r"legacy\.cost: must be stated"):
        scenario.read_text(text)
    assert leaf(scenario.read_text(text, sets=["legacy.cost=9"]), "legacy.cost") == 9.0


def test_a_resolved_form_takes_no_set(full: dict):
    with pytest.raises(InputError, match="--set"):
        scenario.read_text(scenario.canonical(full), sets=["data.missing=1 %"])


def test_the_digest_sees_values_and_not_layout():
    spaced = MINIMAL.replace("{cost: 9}", "\n  cost:   9.0   # a comment")
    other = MINIMAL.replace("{cost: 9}", "{cost: 10}")
    assert len({scenario.digest(scenario.read_text(t)) for t in (MINIMAL, spaced)}) == 1
    assert scenario.digest(scenario.read_text(MINIMAL)) != scenario.digest(scenario.read_text(other))


def broken(resolved: dict, change) -> str:
    copy = json.loads(scenario.canonical(resolved))
    change(copy)
    return json.dumps(copy)


def change_of(resolved: dict) -> dict:
    return resolved["investments"]["people"]["change"]["oversight.time"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda r: r.update(simgap=2), "simgap"),
        (lambda r: r.update(form="other"), "simgap"),
        (lambda r: r.update(extra=1), "extra"),
        (lambda r: r.pop("success"), "success"),
        (lambda r: r.update(workflows=[]), "workflows"),
        (lambda r: r.update(correlations=[["a", "b"]]), "correlations"),
        (lambda r: r["parameters"].update({"data.mising": {}}), "data.mising"),
        (lambda r: r["parameters"].pop("data.missing"), "data.missing"),
        (lambda r: r["parameters"]["data.missing"].pop("source"), "data.missing"),
        (lambda r: r["parameters"]["data.stale"].update(production="high"), "data.stale"),
        (lambda r: r["parameters"]["data.stale"].update(production=True), "data.stale"),
        (lambda r: r["parameters"]["legacy.cost"]["value"].update(family="gamma"), "legacy.cost"),
        (lambda r: r["parameters"]["legacy.cost"]["value"].pop("p50"), "legacy.cost"),
        (lambda r: r["parameters"]["ai.cost"].update(pilot=1, production=2), "ai.cost"),
        (lambda r: r["parameters"]["clock.holidays"].update(value=None), "clock.holidays"),
        (lambda r: r["parameters"]["clock.holidays"].update(value=[3]), "clock.holidays"),
        (
            lambda r: r["parameters"]["workflows.travel.season"]["production"].append("x"),
            "workflows.travel.season",
        ),
        (
            lambda r: r["parameters"]["oversight.headcount_plan"]["pilot"][0].append(1),
            "oversight.headcount_plan",
        ),
        (lambda r: r["investments"].update(pipes=3), "investments.pipes"),
        (lambda r: r["portfolios"].update(bought=3), "portfolios.bought"),
        (lambda r: r["portfolios"].update(bought=["pipe"]), "portfolios.bought"),
        (lambda r: r["parameters"]["base.pilot"].update(value="other"), "base.pilot"),
        (lambda r: r["parameters"]["base.portfolio"].update(value="other"), "base.portfolio"),
        (
            lambda r: r["parameters"]["investments.people.requires"].update(value=["pipe"]),
            "investments.people.requires",
        ),
        (lambda r: change_of(r).pop("value"), "investments.people.change.oversight.time"),
        (lambda r: change_of(r).update(op="sub"), "investments.people.change.oversight.time"),
        (lambda r: change_of(r).update(value=None), "investments.people.change.oversight.time"),
        (lambda r: change_of(r).update(value="long"), "investments.people.change.oversight.time"),
        (lambda r: change_of(r).update(op="set"), "investments.people.change.oversight.time"),  # below 0
        (
            lambda r: r["investments"]["people"]["change"].update({"clock.horizon": change_of(r)}),
            "investments.people.change.clock.horizon",
        ),
        (
            lambda r: r["investments"]["people"]["change"].update({"oversight.time@pilot": change_of(r)}),
            "investments.people.change.oversight.time@pilot",
        ),
        (lambda r: r["success"].pop("of"), "success"),
    ],
)
def test_a_changed_resolved_form_is_refused(full: dict, change, key: str):
    with pytest.raises(InputError) as caught:
        scenario.load_resolved(broken(full, change))
    assert key in [p.key for p in caught.value.problems]
    assert all(p.allowed for p in caught.value.problems)


TRUNCATED = {
    "family": "truncated",
    "of": {"family": "normal", "mean": 6.0, "sd": 2.0},
    "low": 0.0,
    "high": None,
}
DISCRETE = {"family": "discrete", "values": [1.0, 2.0], "probabilities": [0.25, 0.75]}
EMPIRICAL = {"family": "empirical", "values": [float(i) for i in range(10)]}


def test_a_file_of_every_listed_or_cut_family_comes_back():
    resolved = scenario.read(str(Path(__file__).parent / "valid" / "families.yaml"))
    assert scenario.read_text(scenario.canonical(resolved)) == resolved
    assert [i["distribution"]["family"] for i in inputs(resolved)] == [
        *("truncated", "truncated", "empirical", "discrete", "truncated"),
        *("truncated", "discrete", "discrete", "empirical"),
    ]


@pytest.mark.parametrize("value", [TRUNCATED, DISCRETE, EMPIRICAL], ids=lambda value: value["family"])
def test_a_resolved_distribution_comes_back(full: dict, value: dict):
    text = broken(full, lambda r: r["parameters"]["legacy.cost"].update(value=value))
    assert scenario.load_resolved(text)["parameters"]["legacy.cost"]["value"] == value


@pytest.mark.parametrize(
    "value",
    [
        {**TRUNCATED, "low": None},
        {**TRUNCATED, "low": "0"},
        {**TRUNCATED, "of": TRUNCATED},
        {**TRUNCATED, "of": DISCRETE},
        {**TRUNCATED, "of": {"family": ["normal"]}},
        {**TRUNCATED, "of": 3},
        {**TRUNCATED, "more": 3},
        {**DISCRETE, "values": [2.0, 1.0]},
        {**DISCRETE, "values": [1.0, None]},
        {**DISCRETE, "values": [1.0]},
        {**DISCRETE, "probabilities": [0.25, 0.7]},
        {**DISCRETE, "probabilities": [-0.25, 1.25]},
        {**DISCRETE, "probabilities": 1.0},
        {"family": "discrete", "values": [1.0, 2.0]},
        {**EMPIRICAL, "values": [1.0, 2.0]},
        {**EMPIRICAL, "values": EMPIRICAL["values"][::-1]},
        {**EMPIRICAL, "values": 3},
        {**EMPIRICAL, "probabilities": [0.1] * 10},
        {"family": ["empirical"]},
    ],
    ids=str,
)
def test_a_changed_distribution_is_refused(full: dict, value: dict):
    text = broken(full, lambda r: r["parameters"]["legacy.cost"].update(value=value))
    with pytest.raises(InputError, match=r"legacy\.cost: has the wrong shape"):
        scenario.load_resolved(text)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "{" * 100_000, '{"form": NaN}', "simgap: 1"])
def test_a_text_that_is_no_resolved_form(text: str):
    with pytest.raises(InputError, match="not a resolved scenario"):
        scenario.load_resolved(text)


# --- schema ---------------------------------------------------------------------------------------------


def plain(text: str):
    # Editors see a date as the text it is; this loader makes it a date.
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()
    inside = schema()["properties"]["workflows"]["additionalProperties"]["properties"]["oversight"]
    assert "time" in inside["properties"]
    assert "reviewers" not in inside["properties"]  # of the organisation
    assert "reviewers" in schema()["$defs"]["oversight"]["properties"]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_the_schema_accepts_valid_files(path: Path):
    jsonschema.Draft202012Validator(schema()).validate(plain(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "text",
    [
        "clock: {holidays: [2026-12-25]}",
        "clock: {holidays: '[2026-12-25]'}",
        "oversight: {reviewers: 1, headcount_plan: [4 from month 3]}",
        "oversight: {reviewers: 1, headcount_plan: 'none | [4 from month 3]'}",
        "oversight: {reviewers: 1, headcount_plan: {pilot: none, production: [4 from month 3]}}",
        "workflows: {a: {volume: 1 per day, season: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5]}}",
    ],
)
def test_the_schema_and_the_reader_accept_lists(text: str):
    (group,) = plain(text)
    lines = [line for line in MINIMAL.split("\n") if line and line.split(":")[0].strip() != group]
    if group == "workflows":
        lines = [line for line in lines if not line.startswith(" ")]
    if group == "oversight":
        text = text.replace("reviewers: 1", "reviewers: 1, wage: 1 per hour, time: 5 min")
    whole = "\n".join([*lines, text])
    jsonschema.Draft202012Validator(schema()).validate(plain(whole))
    scenario.read_text(whole)


@pytest.mark.parametrize(
    "text",
    [
        "dta: {}",
        "data: {mising: 1 %}",
        "pilots: {demo: {price: 3}}",
        "investments: {a: {one: 3}}",
        "data: {missing: {value: 1 %, vlue: 1 %}}",
        "data: {missing: {pilot: 1 %}}",
        "legacy: {cost: 8 | 9}",
        "legacy: {cost: {pilot: 8, production: 9}}",
        "legacy: {delay: 3 h}",
        "workflows: {}",
        "workflows: {a.b: {volume: 3 per day}}",
        "workflows: {claims: {error_cost: 3}}",
        "workflows: {claims: {volume: 1 per day, drift: {}}}",
        "portfolios: {none: []}",
        "sources: {erp: {text: a}}",
        "simgap: 2",
        "data: [1]",
    ],
)
def test_the_schema_refuses(text: str):
    data = {**plain(MINIMAL), **plain(text)}
    assert not jsonschema.Draft202012Validator(schema()).is_valid(data)
    # What the schema refuses the reader refuses too.
    keys = [line for line in MINIMAL.split("\n") if line.split(":")[0] not in plain(text)]
    if not text.startswith("workflows"):
        with pytest.raises(InputError):
            scenario.read_text("\n".join([*keys, text]) if "simgap" in text else f"{MINIMAL}{text}\n")


# --- fuzz -----------------------------------------------------------------------------------------------


PIECES = ["", "|", "[", "]", "{", "}", ":", ": ", "\n", "  ", "x ", "%", "/", "nan", "1e400", "none", "~"]


def survives(text: str) -> None:
    problems: list[Problem] = []
    resolved = None
    try:
        resolved = scenario.read_text(text, "f")
    except InputError as error:
        problems = error.problems
    assert all(p.what and p.allowed and p.text("f").encode("utf-8") for p in problems)
    assert (resolved is None) == bool(problems)
    if resolved is not None:
        assert scenario.read_text(scenario.canonical(resolved)) == resolved


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str):
    survives(text)
    survives(MINIMAL + text)
    survives(f"{MINIMAL}data: {{missing: {text}}}")


@pytest.mark.parametrize("seed", range(40))
def test_a_mutated_file_is_read_or_refused(seed: int):
    rng = random.Random(seed)
    text = FULL
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text))
        to = min(len(text), at + rng.randint(0, 12))
        other = rng.randrange(len(text))
        piece = rng.choice([*PIECES, text[other : other + rng.randint(1, 30)]])
        text = text[:at] + piece + text[to:]
    survives(text)
