"""`simgap replay`: what can be taken out of a replication, what followed from it, and wrong input."""

import csv
import math
import re

import numpy as np
import pytest
from conftest import DATA
from contract import MAYBE, NUMBER, TEXT, WHOLE, files, holds, load, without_times

import simgap as package
from simgap.analysis import replay as analysis
from simgap.economics.ledger import LINES
from simgap.plots import style
from simgap.report.eventlog import COLUMNS
from simgap.study import replaying

EVENTFUL = str(DATA / "eventful.yaml")
HEAD = {
    "scenario": {"name": TEXT, "digest": TEXT},
    "seed": WHOLE,
    "replication": WHOLE,
    "engine": TEXT,
    "version": TEXT,
    "currency": TEXT,
    "discount": NUMBER,
    "tax": NUMBER,
    "months": WHOLE,
    "go_live": TEXT,
    "files": [TEXT],
    "provenance": {"complete": bool, "seed": WHOLE, "times": {}, "scenario": {}},
}
EVENT = {
    "name": TEXT,
    "kind": TEXT,
    "number": WHOLE,
    "month": WHOLE,
    "time": TEXT,
    "end": (str, type(None)),
    "hours": MAYBE,
    "after_window": bool,
    "workflow": (str, type(None)),
    "item": (str, type(None)),
    "failed": list,
    "level": (str, type(None)),
}
BOTH = {"factual": NUMBER, "without": NUMBER}
CONTRACT = {
    **HEAD,
    "without": [EVENT],
    "npv": {**BOTH, "cost": NUMBER},
    "money": [{"line": TEXT, **BOTH, "difference": NUMBER, "npv_difference": NUMBER}],
    "weeks": dict.fromkeys(("autonomous", "guarded", "restricted", "suspended", "ended"), BOTH),
    "counts": {"straight": BOTH, "fallback": BOTH, "incidents": BOTH, "retrainings": BOTH},
    "items": {"another_way": WHOLE, "later": WHOLE, "earlier": WHOLE},
    "first_difference": (str, type(None)),
    "last_difference": (str, type(None)),
    "last_month": MAYBE,
    "joined": bool,
    "after_arrivals": bool,
    "stopped": list,
    "chain": [{"time": TEXT, "month": WHOLE, "mark": TEXT, "what": TEXT}],
}


@pytest.fixture(scope="module")
def case():
    return package.load(EVENTFUL)


@pytest.fixture(scope="module")
def listed(case):
    """What can be taken out of a replication in which all kinds happen."""
    found = case.replay(1)
    kinds = {event.kind for event in found.events}
    assert kinds == set(analysis.KINDS)
    return found


@pytest.fixture(scope="module")
def replayed(case, listed):
    """The same without the first of each kind, one at a time."""
    return {kind: case.replay(1, [f"{kind}:0"]) for kind in analysis.KINDS}


def test_the_history_is_that_of_the_run(case, listed, replayed):
    trial = case.run(replications=2, workers=1).trials.iloc[1]
    assert listed.told.reading.realised == trial["realised_npv"]
    incidents = trial["n_incidents"] + trial["n_latent_incidents"]
    assert sum(event.kind == analysis.INCIDENT for event in listed.events) == incidents
    assert sum(event.kind == analysis.SCHEMA_CHANGE for event in listed.events) == trial["n_schema_changes"]
    for found in replayed.values():
        assert found.json()["npv"]["factual"] == trial["realised_npv"]


def test_the_lines_of_the_ledger_add_up_to_the_difference(replayed):
    for kind, found in replayed.items():
        data = found.json()
        npv, rows = data["npv"], data["money"]
        assert [row["line"] for row in rows] == list(LINES)
        total = math.fsum(row["npv_difference"] for row in rows)
        largest = max(abs(row["factual"]) for row in rows)
        assert npv["cost"] == -total
        assert npv["factual"] - npv["without"] == pytest.approx(total, abs=1e-11 * largest), kind
        for row in rows:
            both = row["factual"] - row["without"]
            assert row["difference"] == pytest.approx(both, abs=1e-11 * largest)
        ended = math.fsum(row["difference"] for row in rows)
        assert found.cumulative()[-1] == pytest.approx(ended, abs=1e-11 * largest)
        assert rows[LINES.index("pilot")]["npv_difference"] == 0.0
        assert rows[LINES.index("platform")]["npv_difference"] == 0.0


def test_the_first_difference_is_the_event_itself(replayed):
    for kind, found in replayed.items():
        (event,) = found.chosen
        data = found.json()
        assert found.difference.first == event.time, kind
        assert data["chain"][0]["mark"] == "removed"
        assert data["chain"][0]["what"].startswith(f"{kind}:0: ")
        assert data["chain"][0]["time"] == data["first_difference"] == data["without"][0]["time"]
        times = [row["time"] for row in data["chain"]]
        assert times == sorted(times)


def test_what_is_taken_out_does_not_happen(replayed):
    for kind, count in (
        ("incident", "incidents"),
        ("outage", "outages"),
        ("schema-change", "schema_changes"),
    ):
        found = replayed[kind]
        entries = [told.entries for told in found.histories]
        activity = {"schema-change": "schema change"}.get(kind, kind)
        same = [
            [e for e in log if e.activity == activity and e.entity == found.chosen[0].entity]
            for log in entries
        ]
        assert same[0], kind
        assert not same[1], kind
        one, other = found.difference.counts[count]
        if kind != "incident":
            assert one - other == 1
    spell = replayed["restriction"]
    (event,) = spell.chosen
    line = spell.histories[1].line
    inside = (line.level_times >= event.time) & (line.level_times < event.end)
    assert not line.levels[inside].any()


def test_the_incident_costs_at_least_itself_where_nothing_else_follows(case):
    """Nobody acts on incidents here, so one costs what it costs, at its month."""
    sets = [
        "governance.explainable=100 %", "governance.restrict=none", "iteration.retrain_after=none",
        "governance.incident_cost_cv=0", "money.discount=0 % per year",
    ]  # fmt: skip
    found = package.load(EVENTFUL, sets).replay(1, ["incident:1"])
    data = found.json()
    assert data["npv"]["cost"] == pytest.approx(900.0, abs=1e-9)
    assert data["first_difference"] == data["last_difference"]
    assert [row["mark"] for row in data["chain"]] == ["removed"]
    assert "cost 900 EUR" in found.text()
    assert "Nothing else followed." in found.text()
    assert "The two histories differ at one instant" in found.text()
    both = package.load(EVENTFUL, sets).replay(1, ["incident:1", "incident:0"]).json()
    assert both["npv"]["cost"] == pytest.approx(1800.0, abs=1e-9)
    assert [event["name"] for event in both["without"]] == ["incident:0", "incident:1"]


def test_all_prices_are_those_of_each_alone(case, listed, replayed):
    priced = case.replay(1, each=True)
    assert priced.complete
    by_name = {row["name"]: row for row in priced.json()["events"]}
    assert len(by_name) == len(listed.events)
    for kind, found in replayed.items():
        data, row = found.json(), by_name[f"{kind}:0"]
        assert row["cost"] == data["npv"]["cost"]
        assert row["fallback"] == np.subtract(*found.difference.counts["fallback"])
        assert row["incidents"] == np.subtract(*found.difference.counts["incidents"])
        weeks = sum(
            data["weeks"][level]["factual"] - data["weeks"][level]["without"]
            for level in ("restricted", "suspended")
        )
        assert row["restricted_weeks"] == pytest.approx(weeks, abs=1e-6)
    costs = [row["cost"] for row in priced.json()["events"]]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > 0.0


def test_python_and_the_command_give_the_same(data, case, listed, replayed):
    base = ("replay", EVENTFUL, "--replication", 1)
    assert without_times(data(*base)) == without_times(listed.json())
    found = data(*base, "--without", "outage:0")
    assert without_times(found) == without_times(replayed["outage"].json())
    holds(CONTRACT, found)
    holds({**HEAD, "npv": NUMBER, "priced": bool, "events": [EVENT]}, data(*base))
    priced = data(*base, "--each")
    holds({"events": [{"cost": NUMBER, "restricted_weeks": NUMBER, "incidents": NUMBER}]}, priced)
    assert priced["priced"]


def test_the_screens(simgap, replayed):
    base = ("replay", EVENTFUL, "--replication", 1)
    for more in (
        (),
        ("--each",),
        ("--without", "restriction:0"),
        ("--without", "incident:0", "--without", "outage:1"),
    ):
        answer = simgap(*base, *more)
        assert answer.code == 0, answer.err
        assert max(map(len, answer.out.splitlines())) <= 80
        assert "eventful: replication 1 in production, seed 1" in answer.out
    found = replayed["restriction"]
    text = " ".join(found.text().split())
    cost = found.cost
    assert f"Restriction:0 {'cost' if cost > 0 else 'gained'} " in text
    assert "This is what the model says of this one future" in text
    assert re.search(r"Net +\S+ +\S+ +\S+ +\S+", found.text())
    assert simgap(*base, "--quiet").out == ""


def test_the_folder(simgap, tmp_path, replayed, listed):
    base = ("replay", EVENTFUL, "--replication", 1, "--quiet")
    out = tmp_path / "without"
    assert simgap(*base, "--without", "incident:0", "--out", out).code == 0
    assert (
        set(files(out))
        == {"result.json", "chain.csv", "differences.csv", "replay.png"}
        == set(load(out)["files"])
    )
    assert load(out)["npv"] == replayed["incident"].json()["npv"]
    with (out / "chain.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["what"] for row in rows] == [row["what"] for row in load(out)["chain"]]
    with (out / "differences.csv").open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        entries = list(table)
    assert tuple(table.fieldnames) == ("history", *COLUMNS)
    assert (entries[0]["history"], entries[0]["activity"]) == ("factual", "incident")
    assert [row["time"] for row in entries] == sorted(row["time"] for row in entries)
    one, other = replayed["incident"].difference.only
    assert [sum(row["history"] == side for row in entries) for side in ("factual", "without")] == [
        len(one),
        len(other),
    ]
    listing = tmp_path / "list"
    assert simgap(*base, "--out", listing, "--each").code == 0
    assert set(files(listing)) == {"result.json", "happenings.csv"}
    with (listing / "happenings.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(listed.events)
    assert simgap(*base, "--out", out).code == 2
    assert simgap(*base, "--out", out, "--overwrite").code == 0
    assert set(files(out)) == {"result.json", "happenings.csv"}


def test_a_history_that_is_given_up_in_one_of_them():
    """Without the one incident that is dear enough, the AI is not given up."""
    sets = [
        "governance.stop_loss=20k", "measurement.basis=workflow_outcomes", "governance.incident_cost=30k",
        "governance.incident_cost_cv=0", "governance.surfaced=none | 1 %",
    ]  # fmt: skip
    case = package.load(EVENTFUL, sets)
    trials = case.run(replications=8, workers=1).trials
    stopped = trials[np.isfinite(trials["stopped_month"])]
    once = stopped[(stopped["n_incidents"] + stopped["n_latent_incidents"]) == 1]
    replays = {number: case.replay(number, ["incident:0"]) for number in once.index.tolist()}
    number, found = next((k, r) for k, r in replays.items() if r.json()["stopped"][1] is None)
    assert found.json()["stopped"][0] == trials.loc[number, "stopped_month"]
    assert found.json()["npv"]["factual"] == trials.loc[number, "realised_npv"]
    assert any(row["mark"] == "only factual" and "given up" in row["what"] for row in found.chain())
    assert "the AI is given up after month" in found.text()
    data = found.json()
    ended = data["weeks"]["ended"]
    assert ended == {"factual": (data["months"] - data["stopped"][0]) * 730 / 168, "without": 0.0}
    hours = {level: trials.loc[number, f"n_level_{level}"] for level in ("autonomous", "suspended")}
    assert data["weeks"]["autonomous"]["factual"] == pytest.approx(hours["autonomous"] / 168)
    assert data["weeks"]["suspended"]["factual"] == pytest.approx(hours["suspended"] / 168 - ended["factual"])
    assert f"{ended['factual']:.1f} weeks more after the end of the AI" in " ".join(found.text().split())
    assert "Weeks after the end of the AI" in found.text()
    assert "Weeks suspended" not in found.text()
    priced = case.replay(number, each=True)
    (row,) = (row for row in priced.json()["events"] if row["name"] == "incident:0")
    assert row["ended_weeks"] == ended["factual"]
    apart = [data["weeks"][level] for level in ("restricted", "suspended")]
    assert row["restricted_weeks"] == pytest.approx(sum(p["factual"] - p["without"] for p in apart))
    assert "weeks after the end of the AI" in " ".join(priced.text().split())
    assert max(map(len, priced.text().splitlines())) <= 80


def test_the_figure_is_drawn_and_the_same_again(replayed, tmp_path):
    for name in ("one", "two"):
        style.save(replayed["incident"].figure(), tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    panels = replayed["incident"].figure().axes
    assert len(panels) == 3
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["as it was", "without it"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--without", "incident"), "`incident` names no event"),
        (("--without", "incident:"), "names no event"),
        (("--without", "incident:-1"), "names no event"),
        (("--without", "incident:1.5"), "names no event"),
        (("--without", "accident:1"), "incident, outage, schema-change or restriction"),
        (("--without", ""), "names no event"),
        (("--without", "shock:0"), "names no event"),
        (("--without", "incident:٣"), "names no event"),
        (("--without", "incident:9999"), "incident:9999 does not happen in replication 1"),
        (("--without", "outage:9999"), "incident:0 to incident:"),
        (("--without", "outage:0", "--without", " outage:0"), "outage:0 is named twice"),
        (("--without", "outage:0", "--without", "outage:00"), "outage:0 is named twice"),
        (("--without", "outage:0", "--each"), "--each: with --without"),
        (("--replication", "-1"), "--replication: -1"),
        (("--replication", str(10**7)), "0 to 9999999"),
        (("--replication", "one"), "not a valid integer"),
        (("--phase", "pilot"), "No such option"),
        (("--seed", "-1"), "--seed"),
    ],
)  # fmt: skip
def test_wrong_input(refused, arguments, words):
    assert words in refused("replay", EVENTFUL, "--replication", 1, *arguments)


def test_where_nothing_happens(simgap, refused, data, tiny):
    assert data("replay", tiny)["events"] == []
    assert "Nothing happens in it that could be taken out." in " ".join(simgap("replay", tiny).out.split())
    assert data("replay", tiny, "--each")["events"] == []
    said = refused("replay", tiny, "--without", "incident:0")
    assert "does not happen in replication 0; another replication: nothing happens in this one" in said


def test_standard_input(data, refused):
    text = (DATA / "eventful.yaml").read_bytes()
    found = data("replay", "-", "--replication", 1, "--without", "outage:0", stdin=text)
    assert found["without"][0]["name"] == "outage:0"
    assert "<stdin>" in refused("replay", "-", stdin=b"simgap: 2\n")


def test_a_replication_that_is_too_large_or_grows_too_much(simgap, refused, few_places, monkeypatch):
    monkeypatch.setattr(replaying, "MOST_REPLAYED", 10)
    assert "too many for a log; up to 10" in refused("replay", EVENTFUL)
    monkeypatch.undo()
    few_places(4)
    answer = simgap("replay", EVENTFUL, "--set", "oversight.reviewers=0", "--set", "oversight.deadline=none")
    assert answer.code == 3
    assert "backlog_limit" in answer.err


def test_a_history_that_grows_too_much_without_an_event_has_no_price(simgap, monkeypatch, listed):
    real, calls = replaying.one.history, []

    def history(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise package.errors.BacklogLimit("seed 1, draw 1, luck 1: backlog_limit: more than 4 items")
        return real(*arguments)

    monkeypatch.setattr(replaying.one, "history", history)
    answer = simgap("replay", EVENTFUL, "--replication", 1, "--each")
    assert answer.code == 3
    assert "Without 1 of the events the replication ends with backlog_limit" in answer.err
    rows = [line for line in answer.out.splitlines() if "unknown" in line]
    assert len(rows) == 1
    assert rows[0].startswith(listed.events[1].name)


def test_an_interrupt_keeps_the_prices_that_were_finished(simgap, monkeypatch, listed):
    real, calls = replaying.one.history, []

    def history(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(replaying.one, "history", history)
    answer = simgap("replay", EVENTFUL, "--replication", 1, "--each")
    assert answer.code == 3
    assert "Stopped before every event was priced" in answer.err
    assert answer.out.count("unknown") == len(listed.events) - 2  # both have their price or cost nothing


def test_too_much_work_is_refused(refused, monkeypatch):
    monkeypatch.setattr("simgap.study.limits.LONGEST", 1e-6)
    assert "--each: the plan simulates about" in refused("replay", EVENTFUL, "--each")
