"""`simgap gate`: the JSON contract, the same bits again, the folder, the words, and what it refuses."""

import json
from pathlib import Path

import pandas as pd
import pytest
from contract import HEAD, MAYBE, NUMBER, STATS, TEXT, WHOLE, files, holds, load, without_times

import simgap as package
from simgap.report.screen import WIDTH

DESIGN = {
    "name": TEXT,
    "cost": NUMBER,
    "length_months": NUMBER,
    "go_live_month": NUMBER,
    "promise": STATS,
    "delivered": STATS,
    "p_go": NUMBER,
    "p_success_given_go": MAYBE,
    "worth_going": NUMBER,
    "false_go": NUMBER,
    "false_stop": NUMBER,
    "table": dict.fromkeys(("go_worth", "go_not_worth", "stop_worth", "stop_not_worth"), WHOLE),
    "value": STATS,
    "value_always_go": STATS,
    "value_never_go": STATS,
    "value_perfect": STATS,
    "go_if": TEXT,
    "like_production": list,
    "carries": list,
    "buys": list,
    "haircut": {"promise": [NUMBER], "worth": [MAYBE], "enough": [bool]},
    "hurdle": {"rule": TEXT, "promise": MAYBE},
}
GATE = {
    **HEAD,
    "designs": [DESIGN],
    "pairs": [{"a": TEXT, "b": TEXT, "difference": STATS, "p_a_better": NUMBER, "shown": bool}],
    "best": (str, type(None)),
}
FILES = {"result.json", "trials.parquet", "promise.png", "haircut.png"}
BUYING = Path(__file__).parent / "data" / "buying.yaml"
ONE = ("--workers", 1)


def plain(found):
    return {key: value for key, value in found.items() if key != "provenance"}


def by_name(found):
    return {design["name"]: design for design in found["designs"]}


# --- the contract and the numbers ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A gate in a folder: its JSON and its trials."""
    out = tmp_path_factory.mktemp("gate") / "out"
    # Running costs that no pilot shows, so that some go on that should not, and some stop that should not.
    sets = ["base.portfolio=quick", "costs.platform=1500 per month", "pilots.demo.go_if=npv > 3k"]
    package.load(str(BUYING), sets).gate(replications=24, seed=3, workers=1).save(out)
    assert set(files(out)) == FILES
    return load(out), pd.read_parquet(out / "trials.parquet")


def test_the_json_keeps_the_contract(saved):
    found, _ = saved
    holds(GATE, found)
    for design in found["designs"]:
        holds({"realised_if_go": STATS}, design)
    assert (found["seed"], found["replications"], found["provenance"]["command"]) == (3, 24, "gate")
    demo, near = found["designs"]
    assert (demo["go_if"], demo["like_production"], demo["carries"], demo["buys"]) == (
        "npv > 3000",
        [],
        [],
        ["tests"],
    )
    assert (near["name"], near["go_if"], near["like_production"]) == ("near", "npv > 3500", ["data"])
    assert (near["carries"], near["buys"]) == (["cleaning"], ["tests"])


def test_the_numbers_are_those_of_the_trials(saved):
    found, trials = saved
    bars = {"demo": 3000.0, "near": 3500.0}
    values = {}
    for name, design in by_name(found).items():
        own = trials[trials["design"] == name].set_index("draw")
        promise, delivered, stopped = own["projected_npv"], own["realised_npv"], own["no_go_npv"]
        go, worth = promise > bars[name], delivered > stopped
        assert (own["go"] == go).all()
        assert design["p_go"] == go.mean()
        assert design["worth_going"] == worth.mean()
        assert design["false_go"] == (go & ~worth).mean()
        assert design["false_stop"] == (~go & worth).mean()
        assert design["table"] == {
            "go_worth": (go & worth).sum(),
            "go_not_worth": (go & ~worth).sum(),
            "stop_worth": (~go & worth).sum(),
            "stop_not_worth": (~go & ~worth).sum(),
        }
        assert design["p_success_given_go"] == own["success"][go].mean()
        for key, column in (("promise", promise), ("delivered", delivered), ("value_never_go", stopped)):
            assert design[key]["mean"] == pytest.approx(column.mean())
        assert design["realised_if_go"]["mean"] == pytest.approx(delivered[go].mean())
        values[name] = delivered.where(go, stopped)
        assert design["value"]["mean"] == pytest.approx(values[name].mean())
        assert design["value_perfect"]["mean"] == pytest.approx(delivered.where(worth, stopped).mean())
        assert design["cost"] == pytest.approx((own["pilot_cost"] + own["carried_once"]).mean())
        assert design["go_live_month"] == pytest.approx(own["go_live_month"].mean())
    assert [design["length_months"] for design in found["designs"]] == pytest.approx(
        [2 * 168 / 730, 3 * 168 / 730]
    )
    assert all(by_name(found)["demo"]["table"].values())  # no number above is nought for want of cases
    (pair,) = found["pairs"]
    difference = values[pair["a"]] - values[pair["b"]]
    assert pair["difference"]["mean"] == pytest.approx(difference.mean())
    assert pair["p_a_better"] == (difference > 0).mean()
    # Neither is worth more than not starting at all.
    assert max(value.mean() for value in values.values()) < 0.0
    assert found["best"] is None


def test_the_table_holds_every_future_under_every_design(saved):
    found, trials = saved
    assert list(trials.columns[:3]) == ["design", "draw", "luck"]
    assert len(trials) == 48
    assert list(trials["design"][:2]) == [design["name"] for design in found["designs"]]
    money = {"pilot_cost", "carried_once", "investment_once", "upkeep", "no_go_npv", "pilot_months", "go"}
    assert money <= set(trials)
    inputs = {"input.pilots.near.cost", "input.investments.cleaning.once", "input.data.missing"}
    assert inputs <= set(trials)
    assert (trials.groupby("draw")["input.data.missing"].nunique() == 1).all()


def test_a_design_promises_and_delivers_what_run_says_of_it(data, buying):
    common = ("--replications", 3, "--seed", 8, *ONE)
    path = buying()
    whole = data("gate", path, *common, "--set", "base.portfolio=ready")
    found = by_name(whole)
    assert whole["best"] == max(found, key=lambda name: found[name]["value"]["mean"])
    for name, design in found.items():
        base = ("--set", f"base.pilot={name}", "--set", "base.portfolio=ready")
        alone = data("run", path, *base, *common)
        assert design["promise"] == alone["projected"]["npv"]
        assert design["delivered"] == alone["realised"]["npv"]
    assert found["near"]["buys"] == ["people"]


def test_designs_are_those_asked_for_in_their_order(data, buying):
    path, common = buying(), ("--replications", 2, *ONE)
    found = data("gate", path, "near", "demo", *common)
    assert [design["name"] for design in found["designs"]] == ["near", "demo"]
    one = data("gate", path, "near", *common)
    assert (one["designs"], one["pairs"]) == (found["designs"][:1], [])
    # The base pilot is no other than the rest here.
    assert data("gate", path, "near", *common, "--set", "base.pilot=near")["designs"] == one["designs"]


@pytest.mark.parametrize(("relation", "goes"), [(">", False), (">=", True)])
def test_a_promise_that_meets_the_bar_exactly(relation, goes):
    case = package.load(str(BUYING))
    promise = float(case.gate(["demo"], replications=1, workers=1).designs[0].promise[0])
    assert promise > 0.0
    # Not through a file, which keeps twelve digits.
    case.resolved["parameters"]["pilots.demo.go_if"]["value"] = f"npv {relation} {promise!r}"
    assert case.gate(["demo"], replications=1, workers=1).designs[0].go.tolist() == [goes]


def test_where_nobody_goes_there_is_no_success_to_speak_of(data, buying):
    never = ("--set", "pilots.near.go_if=npv > 1M", "--replications", 3, *ONE)
    near = by_name(data("gate", buying(), *never))["near"]
    assert (near["p_go"], near["p_success_given_go"], near["realised_if_go"]) == (0.0, None, None)
    assert near["value"] == near["value_never_go"]
    assert near["value"]["mean"] < -1200.0  # the pilot, and what it carries
    assert near["false_stop"] == near["worth_going"]


def test_one_pilot_without_a_name_is_enough(data, tiny):
    found = data("gate", tiny, "--replications", 2, *ONE)
    assert [design["name"] for design in found["designs"]] == ["demo"]
    text = Path(tiny).read_text(encoding="utf-8")
    text = text.replace("pilots: {demo: {cost: 1k, lasts: 2 weeks}}\n", "").replace(
        "base: {pilot: demo}\n", ""
    )
    found = data("gate", "-", "--replications", 2, *ONE, stdin=text.encode())
    assert [design["name"] for design in found["designs"]] == ["pilot"]


# --- the same again ------------------------------------------------------------------------------------


def test_the_numbers_do_not_depend_on_time_engine_or_the_form_of_the_file(simgap, data, buying, tmp_path):
    path, common = buying(), ("--replications", 3, "--seed", 5)
    assert simgap("gate", path, *common, *ONE, "--out", tmp_path / "a", "--quiet") == (0, "", "")
    expected = without_times(load(tmp_path / "a"))
    assert without_times(data("gate", tmp_path / "a" / "result.json", *common, *ONE)) == expected
    assert without_times(data("gate", path, *common, "--workers", 2)) == expected
    other = plain(data("gate", path, *common, *ONE, "--engine", "reference"))
    assert {**other, "engine": "compiled"} == plain(expected)
    assert data("gate", path, "--replications", 3, "--seed", 6, *ONE)["designs"] != expected["designs"]


def test_the_folder(simgap, refused, buying, tmp_path):
    path, out = buying(), tmp_path / "out"
    common = ("--replications", 2, *ONE)
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (out / "tornado.png").write_text("of a run", encoding="utf-8")
    said = refused("gate", path, *common, "--out", out)
    assert said == f"--out: {out}: already holds results or other files; another folder, or --overwrite\n"
    answer = simgap("gate", path, *common, "--out", out, "--overwrite")
    assert answer.code == 0
    assert answer.out.endswith(f"\nWritten to {out}\n")
    assert set(files(out)) == FILES | {"notes.txt"}
    before = files(out)
    refused("gate", path, *common, "--seed", 2, "--out", out)
    assert files(out) == before


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((), "The near pilot promises"),
        (("demo",), "which is worth 0."),
        (("--set", "pilots.near.go_if=npv > 1M"), "It never goes on"),
        (("--replications", 1), "1 replication is few"),
    ],
)
def test_the_screen(simgap, buying, asked, words):
    answer = simgap("gate", buying(), *ONE, "--replications", 40, *asked)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= WIDTH == 80
    assert answer.out.isascii()
    assert words in " ".join(answer.out.split())
    assert lines[0] == "tiny"


def test_long_names_and_many_designs_stay_on_the_screen(simgap, buying):
    long = "a very long name of a pilot design that a committee has thought about for a year"
    assert len(long) == 80
    more = "".join(f"  {long[:-2]}{i:02}: {{lasts: {i} weeks}}\n" for i in range(1, 6))
    answer = simgap("gate", buying(("investments:\n", f"{more}investments:\n")), "--replications", 2, *ONE)
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80


# --- what it refuses -----------------------------------------------------------------------------------

WRONG = {
    "an unknown pilot": (("demmo",), "demmo", "one of demo, near"),
    "a name twice": (("near", "near"), "near, near", "each once"),
    "a stated figure": (("--set", "board.npv=1M"), "board.npv", "no pilot changes what the sponsors read"),
    "what nobody knows": (
        ("--set", "pilots.near.go_if=realised >= 80 % of projected"),
        "pilots.near.go_if",
        "nobody knows at the gate",
    ),
    "what nobody knows, in money": (
        ("--set", "pilots.demo.go_if=realised > 5k"),
        "pilots.demo.go_if",
        "npv > AMOUNT",
    ),
    "no comparison": (("--set", "pilots.demo.go_if=yes"), "pilots.demo.go_if", "is not a comparison"),
    "too long a pilot": (
        ("--set", "pilots.near.lasts=14 weeks"),
        "pilots.near.lasts",
        "nothing of the window",
    ),
    "too long a delay": (
        ("--set", "investments.tests.delay=13 weeks", "--set", "base.portfolio=quick"),
        "pilots.demo.lasts",
        "delays of up to 13 weeks for tests",
    ),
    "too long for what is bought later": (
        ("--set", "investments.people.delay=12 weeks", "--set", "base.portfolio=ready"),
        "pilots.demo.lasts",
        "for cleaning, people",
    ),
    "a condition that is none": (
        ("--set", "pilots.near.like_production=weather"),
        "like_production",
        "weather",
    ),
    "an investment that is none": (
        ("--set", "pilots.near.carries=[peeple]"),
        "pilots.near.carries",
        "did you mean",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_answered_in_a_line(refused, buying, tmp_path, monkeypatch, mistake):
    arguments, key, words = WRONG[mistake]
    monkeypatch.setattr("simgap.montecarlo.plan.run_trial", lambda *_: pytest.fail("simulated"))
    said = refused("gate", buying(), *arguments, *ONE, "--out", tmp_path / "out")
    assert said.count("\n") == 1
    assert key in said
    assert words in said
    assert not (tmp_path / "out").exists()


def test_a_design_that_is_not_asked_for_may_be_wrong(data, refused, buying):
    knows = ("--set", "pilots.near.go_if=realised > 5k", *ONE, "--replications", 1)
    assert "nobody knows" in refused("gate", buying(), *knows)
    assert data("gate", buying(), "demo", *knows)["designs"][0]["name"] == "demo"
    long = ("--set", "pilots.near.lasts=14 weeks", *ONE, "--replications", 1)
    assert data("gate", buying(), "demo", *long)["designs"][0]["name"] == "demo"


def test_what_a_design_carries_may_stand_against_what_is_bought(refused, data, buying):
    path = buying(("tests: {once: 10,", "tests: {once: 10, excludes: cleaning,"))
    quick = ("--set", "base.portfolio=quick", *ONE, "--replications", 1)
    said = refused("gate", path, *quick)
    assert "pilots.near.carries: with what is bought besides, `tests` excludes `cleaning`" in said
    assert data("gate", path, "demo", *quick)["designs"][0]["buys"] == ["tests"]
    needs = buying(("cleaning: {once: 20", "cleaning: {requires: people, once: 20"))
    assert f"{needs}:23: pilots.near.carries: `cleaning` requires `people`" in refused("gate", needs, *ONE)


def test_a_plan_that_would_take_long_asks_first(refused, simgap, buying, monkeypatch):
    path = buying()
    # Refused at once, not after a plan of 20 million rows has been made.
    monkeypatch.setattr("simgap.montecarlo.plan.evaluate", lambda *_: pytest.fail("simulated"))
    assert "--yes" in refused("gate", path, "--replications", 10**7, *ONE)
    monkeypatch.undo()
    monkeypatch.setattr("simgap.study.limits.LONGEST", 0.0)
    assert "--yes" in refused("gate", path, "--replications", 1, *ONE)
    assert simgap("gate", path, "--replications", 1, *ONE, "--yes").code == 0


# --- stopped in the middle -----------------------------------------------------------------------------


def test_what_was_finished_is_a_shorter_study(simgap, data, buying, tmp_path, interrupted_after):
    path, out = buying(), tmp_path / "out"
    expected = data("gate", path, "--replications", 3, *ONE)
    interrupted_after(7)  # three futures under both designs, and one trial of a fourth
    answer = simgap("gate", path, "--replications", 9, *ONE, "--json", "--out", out)
    assert answer.code == 3
    assert answer.err == (
        f"Stopped before the end: the numbers are of what was finished; what was finished is in {out}.\n"
    )
    found = json.loads(answer.out)
    assert plain(found) == plain(expected)
    assert (found["provenance"]["complete"], found["provenance"]["replications_asked"]) == (False, 9)
    assert set(files(out)) == FILES
    assert len(pd.read_parquet(out / "trials.parquet")) == 6


def test_before_the_first_future_nothing_is_saved(simgap, buying, tmp_path, interrupted_after):
    interrupted_after(1)
    answer = simgap("gate", buying(), *ONE, "--replications", 5, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (3, "")
    assert not (tmp_path / "out").exists()


def test_futures_that_outgrow_the_limit_are_left_out_of_every_design(simgap, buying, few_places):
    few_places(4)
    run = ("gate", buying(), "--replications", 12, *ONE)
    answer = simgap(*run, "--json")
    found = json.loads(answer.out)
    assert answer.code == 3
    lost = len(found["ended"]["draws"])
    assert 0 < lost < 12
    assert found["replications"] == 12 - lost == sum(found["designs"][0]["table"].values())
    assert "ended with backlog_limit" in answer.err
    assert "ended with backlog_limit" in " ".join(simgap(*run).out.split())
    few_places(2)
    answer = simgap(*run)
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.endswith(". Nothing was saved.\n")


# --- from Python ---------------------------------------------------------------------------------------


def test_the_python_interface(buying):
    found = package.load(buying()).gate(["near"], replications=4, workers=1)
    assert (found.complete, found.shortfalls) == (True, [])
    holds({key: value for key, value in GATE.items() if key not in ("provenance", "pairs")}, found.summary)
    assert list(found.trials["design"]) == ["near"] * 4
    (design,) = found.designs
    assert design.decided(design.go).mean() == pytest.approx(found.summary["designs"][0]["value"]["mean"])
    assert found.plot.promise().axes
    assert found.plot.haircut().axes
