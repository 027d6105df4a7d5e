"""`simgap compare`: the JSON contract, the same bits again, the folder, the words, and what it refuses."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from contract import HEAD, MAYBE, NUMBER, STATS, TEXT, WHOLE, files, holds, load, without_times

import simgap as package
from simgap.montecarlo import plan
from simgap.report.screen import WIDTH
from simgap.study import comparing

PORTFOLIO = {
    "name": TEXT,
    "investments": list,
    "npv": STATS,
    "cashable_npv": STATS,
    "p_best": NUMBER,
    "p_negative": NUMBER,
    "p_success": NUMBER,
    "regret": NUMBER,
    "cost": NUMBER,
    "delay_months": NUMBER,
    "go_live_month": NUMBER,
    "peak_funding": STATS,
}
COMPARE = {
    **HEAD,
    "pilot": TEXT,
    "carries": list,
    "portfolios": [PORTFOLIO],
    "pairs": [{"a": TEXT, "b": TEXT, "difference": STATS, "p_a_better": NUMBER, "shown": bool}],
    "best": TEXT,
    "baseline": TEXT,
    "against": TEXT,
    "may_be_best": [TEXT],
    "matters": [{"name": TEXT, "rank_correlation": NUMBER, "ci95": [NUMBER], "told": bool}],
}
VALUE = {"mean": NUMBER, "ci95": [NUMBER], "beside": [list]}
INVESTMENT = {"name": TEXT, "average": VALUE}
CURVE = {"values": [NUMBER], "mean": [NUMBER], "half_width": [NUMBER]}
FLIP = {
    "key": TEXT,
    "a": TEXT,
    "b": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "crossings": list,
    "ahead_throughout": (str, type(None)),
    "shown_throughout": bool,
    "curve": CURVE,
    "replications": WHOLE,
}
CROSSING = {"value": NUMBER, "ci95": [MAYBE], "falls": bool}
MAP = {
    "axes": [{"key": TEXT, "values": [NUMBER]}],
    "winner": [[TEXT]],
    "shown": [[bool]],
    "replications": WHOLE,
}
FILES = {
    *("result.json", "trials.parquet", "monthly.parquet"),
    *("difference.png", "frontier.png", "value_over_time.png"),
}
BUYING = Path(__file__).parent / "data" / "buying.yaml"
ONE = ("--workers", 1)
OVER = ("--map", "data=0:1:2", "--map", "oversight.wage=20 per hour:60 per hour:3")
FEE = "investments.tests.once"


def plain(found):
    return {key: value for key, value in found.items() if key != "provenance"}


def names_of(found):
    return [portfolio["name"] for portfolio in found["portfolios"]]


# --- the contract --------------------------------------------------------------------------------------


def test_the_json_keeps_the_contract(data, buying):
    found = data("compare", buying(), "--replications", 12, "--seed", 3, *ONE)
    holds(COMPARE, found)
    assert (found["seed"], found["replications"], found["pilot"], found["carries"]) == (3, 12, "demo", [])
    bought = {"demo": [], "ready": ["cleaning", "people"], "quick": ["tests"]}
    assert {p["name"]: p["investments"] for p in found["portfolios"]} == bought
    assert len(found["pairs"]) == 3
    assert not {"investments", "break_even", "map"} & set(found)
    assert found["provenance"]["command"] == "compare"
    assert found["baseline"] == "demo"


def test_the_json_of_all_that_can_be_asked_for(data, buying):
    asked = ("--each", "--break-even", f"{FEE}=0:900", "--break-even", "data", *OVER)
    found = data("compare", buying(), *asked, "--replications", 5, *ONE)
    wanted = {"investments": [INVESTMENT], "break_even": [FLIP], "not_searched": list, "map": MAP}
    holds({**COMPARE, **wanted}, found)
    assert [flip["key"] for flip in found["break_even"]] == [FEE, "data"]
    assert [flip["replications"] for flip in found["break_even"]] == [5, 5]
    holds([CROSSING], found["break_even"][0]["crossings"])
    assert (found["break_even"][1]["low"], found["break_even"][1]["high"]) == (0.0, 1.0)
    assert (
        [len(row) for row in found["map"]["winner"]] == [3, 3] == [len(row) for row in found["map"]["shown"]]
    )
    assert {name for row in found["map"]["winner"] for name in row} <= {"demo", "ready", "quick"}
    assert [axis["key"] for axis in found["map"]["axes"]] == ["data", "oversight.wage"]
    assert sorted(row["name"] for row in found["investments"]) == ["cleaning", "people", "tests"]
    assert names_of(found) == ["demo", "ready", "quick"]  # what shows single investments is not compared


def test_one_future_shows_nothing_and_keeps_the_contract(data, buying):
    asked = ("--each", "--break-even", FEE, *OVER)
    found = data("compare", buying(), *asked, "--replications", 1, *ONE)
    assert [pair["difference"]["ci95"] for pair in found["pairs"]] == [None] * 3
    assert not any(pair["shown"] for pair in found["pairs"])
    assert found["break_even"][0]["curve"]["half_width"][0] is None
    assert found["matters"] == []


# --- the numbers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A comparison in a folder: its JSON, its trials, its months."""
    out = tmp_path_factory.mktemp("compare") / "out"
    package.load(str(BUYING)).compare(replications=9, workers=1).save(out)
    return load(out), pd.read_parquet(out / "trials.parquet"), pd.read_parquet(out / "monthly.parquet")


def test_the_numbers_are_those_of_the_trials(saved):
    found, trials, monthly = saved
    npv = trials.pivot(index="draw", columns="portfolio", values="realised_npv")
    best = npv.max(axis=1)
    for portfolio in found["portfolios"]:
        name, own = portfolio["name"], trials[trials["portfolio"] == portfolio["name"]]
        assert portfolio["npv"]["mean"] == pytest.approx(npv[name].mean())
        assert portfolio["npv"]["sd"] == pytest.approx(npv[name].std())
        assert portfolio["p_best"] == pytest.approx((npv[name] == best).mean())
        assert portfolio["regret"] == pytest.approx((best - npv[name]).mean())
        assert portfolio["p_negative"] == (npv[name] < 0).mean()
        assert portfolio["p_success"] == own["success"].mean()
        assert portfolio["cost"] == pytest.approx((own["investment_once"] + own["upkeep"]).mean())
        assert portfolio["delay_months"] == pytest.approx(own["delay_months"].mean())
        assert portfolio["peak_funding"]["mean"] == pytest.approx(own["peak_funding"].mean())
        months = monthly[monthly["portfolio"] == name].groupby("draw")["present"].sum()
        assert months.to_numpy() == pytest.approx(npv[name].to_numpy(), rel=1e-9)
    assert found["best"] == npv.mean().idxmax()
    for pair in found["pairs"]:
        ahead = npv[pair["a"]] - npv[pair["b"]]
        assert pair["difference"]["mean"] == pytest.approx(ahead.mean())
        assert ahead.mean() >= 0.0
        assert pair["p_a_better"] == ((ahead > 0) + (ahead == 0) / 2).mean()
        low, high = pair["difference"]["ci95"]
        assert pair["shown"] == (low > 0 or high < 0)
    assert sum(portfolio["p_best"] for portfolio in found["portfolios"]) == pytest.approx(1.0)


def test_the_tables_hold_every_trial_and_month(saved):
    found, trials, monthly = saved
    assert list(trials.columns[:3]) == ["portfolio", "draw", "luck"]
    assert list(monthly.columns[:4]) == ["portfolio", "draw", "luck", "month"]
    assert len(trials) == 27
    assert len(monthly) == 81
    assert list(trials["portfolio"][:3]) == names_of(found)
    assert (trials["draw"] == trials["luck"]).all()
    money = {"investment_once", "upkeep", "pilot_cost", "delay_months", "go_live_month", "no_go_npv"}
    assert money <= set(trials)
    assert {"present", "upkeep", "investment"} <= set(monthly)
    # The unknowns of what is bought are among the inputs; those of the pilot that is not run are not.
    inputs = {name for name in trials if name.startswith("input.")}
    bought = {"input.investments.cleaning.once"}
    assert inputs == {"input.ai.accuracy", "input.data.missing", "input.legacy.cost"} | bought
    assert (trials.groupby("draw")["input.legacy.cost"].nunique() == 1).all()


def test_a_portfolio_comes_to_what_run_says_of_it(data, buying):
    common = ("--replications", 4, "--seed", 9, *ONE)
    for pilot in ("demo", "near"):
        base = ("--set", f"base.pilot={pilot}")
        found = data("compare", buying(), "quick", "nothing", "ready", *base, *common)
        assert names_of(found) == ["quick", "nothing", "ready"]
        for portfolio in found["portfolios"]:
            name = portfolio["name"] if portfolio["name"] != "nothing" else "none"
            alone = data("run", buying(), *base, "--set", f"base.portfolio={name}", *common)
            assert portfolio["npv"] == alone["realised"]["npv"]
            assert portfolio["cashable_npv"] == alone["realised"]["cashable_npv"]
            assert alone["bought"]["investments"] == portfolio["investments"]
            paid = alone["bought"]["once"] + alone["bought"]["upkeep"]
            assert (paid, alone["bought"]["delay_months"]) == (
                pytest.approx(portfolio["cost"]),
                portfolio["delay_months"],
            )


def test_a_sweep_and_a_trace_are_of_what_is_bought(data, buying):
    base = ("--set", "base.portfolio=ready", "--set", "base.pilot=near")
    path, common = buying(), ("--replications", 2, *ONE)
    for key, at in (("data.missing", "5 %:40 %"), ("investments.people.once", "10:90")):
        found = data("sweep", path, *base, "--over", f"{key}={at}:2", *common)["mean"]
        for mean, value in zip(found, at.split(":"), strict=True):
            run = data("run", path, *base, "--set", f"{key}={value}", *common)
            assert mean == run["realised"]["npv"]["mean"]
    items = data("run", path, *base, "--replications", 1, *ONE)["operations"]["items"]
    assert data("trace", path, *base)["items"] == items


def test_the_base_portfolio_is_the_baseline(data, buying):
    more = ("--replications", 2, *ONE)
    assert data("compare", buying(), *more)["baseline"] == "demo"  # costs least
    assert data("compare", buying(), *more, "--set", "base.portfolio=quick")["baseline"] == "quick"
    few = data("compare", buying(), "quick", "ready", *more)
    assert (few["baseline"], names_of(few)) == ("quick", ["quick", "ready"])


def test_all_combinations_are_compared(data, buying):
    found = data("compare", buying(), "--all", "--replications", 3, *ONE)
    holds({**COMPARE, "matters": list, "investments": [INVESTMENT]}, found)
    names = ["cleaning", "people", "tests"]
    sets = [list(s) for size in range(4) for s in itertools.combinations(names, size)]
    assert [portfolio["investments"] for portfolio in found["portfolios"]] == sets
    assert names_of(found) == [
        *("demo", "cleaning", "people", "quick"),
        *("ready", "cleaning + tests", "people + tests", "cleaning + people + tests"),
    ]
    mean = {tuple(p["investments"]): p["npv"]["mean"] for p in found["portfolios"]}
    for row in found["investments"]:
        others = [name for name in names if name != row["name"]]

        def worth(beside, name=row["name"]):
            having = tuple(n for n in names if n in beside or n == name)
            return mean[having] - mean[tuple(beside)]

        assert row["alone"]["mean"] == pytest.approx(worth([]))
        assert row["in_company"]["mean"] == pytest.approx(worth(others))
        every = [worth(b) for b in ([], others[:1], others[1:], others)]
        assert row["average"]["mean"] == pytest.approx(np.mean(every))
        assert row["in_company"]["beside"] == [others]
    assert (
        data("compare", buying(), "--all", "--each", "--replications", 3, *ONE)["portfolios"]
        == found["portfolios"]
    )


def test_what_the_pilot_carries_is_in_every_portfolio(data, buying):
    base = ("--set", "base.pilot=near", "--replications", 3, *ONE)
    found = data("compare", buying(), "demo", "quick", "ready", "--each", *base)
    assert (found["pilot"], found["carries"]) == ("near", ["cleaning"])
    assert [p["investments"] for p in found["portfolios"]] == [
        ["cleaning"],
        ["cleaning", "tests"],
        ["cleaning", "people"],
    ]
    rows = {row["name"]: row for row in found["investments"]}
    npv = {p["name"]: p["npv"]["mean"] for p in found["portfolios"]}
    assert rows["cleaning"]["average"] is None  # nothing is compared that does not have it
    for name, portfolio in (("tests", "quick"), ("people", "ready")):
        assert rows[name]["average"]["beside"] == [["cleaning"]]
        assert rows[name]["average"]["mean"] == pytest.approx(npv[portfolio] - npv["demo"])
    everything = data("compare", buying(), "--all", *base)
    assert names_of(everything) == ["demo", "ready", "quick", "cleaning + people + tests"]


def test_single_investments_are_shown_beside_what_is_not_compared(data, buying, monkeypatch):
    path, common = buying(("quick: [tests]", "quick: [people, tests]")), ("--replications", 2, *ONE)
    found = data("compare", path, "ready", "quick", "--each", *common)
    every = data("compare", path, "--all", *common)["portfolios"]
    npv = {tuple(portfolio["investments"]): portfolio["npv"]["mean"] for portfolio in every}
    rows = {row["name"]: row for row in found["investments"]}
    for name, row in rows.items():
        assert row["alone"]["beside"] == [[]]
        assert row["alone"]["mean"] == pytest.approx(npv[name,] - npv[()])
    assert rows["cleaning"]["in_company"]["beside"] == [["people"]]
    worth = npv["cleaning", "people"] - npv["people",]
    assert rows["cleaning"]["in_company"]["mean"] == pytest.approx(worth)
    assert sorted(rows["people"]["in_company"]["beside"]) == [["cleaning"], ["tests"]]
    both = worth + npv["people",] - npv["cleaning",], npv["people", "tests"] - npv["tests",]
    assert rows["people"]["in_company"]["mean"] == pytest.approx(np.mean(both))
    # Nothing is simulated twice: both portfolios, nothing, and three that hold one investment; of three
    # portfolios one is nothing, and one holds one already.
    real, trials = plan.run_trial, []
    monkeypatch.setattr(plan, "run_trial", lambda *arguments: trials.append(arguments) or real(*arguments))
    data("compare", path, "ready", "quick", "--each", *common)
    assert len(trials) == 2 * 6
    data("compare", buying(), "--each", *common)
    assert len(trials) == 2 * 6 + 2 * 5


def test_no_two_portfolios_have_one_name(data, buying):
    # Portfolios that are called as investments are which they do not hold, and one `nothing` that is not.
    path = buying(("demo: []", "tests: [people]"), ("quick: [tests]", "nothing: [tests]"))
    found = data("compare", path, "--all", "--replications", 2, *ONE)
    assert len(set(names_of(found))) == 8
    bought = {p["name"]: p["investments"] for p in found["portfolios"]}
    assert (bought["tests"], bought["nothing"]) == (["people"], ["tests"])
    assert (bought["only nothing"], bought["cleaning"]) == ([], ["cleaning"])


def test_more_investments_than_can_be_combined(refused, data, buying):
    many = "".join(f"  extra{i}: {{once: {i}}}\n" for i in range(30))
    path = buying(("portfolios:\n", many + "portfolios:\n"), ("quick: [tests]", "quick: [tests, extra7]"))
    said = refused("compare", path, "--all", *ONE)
    assert said == (
        "compare: --all: has more combinations than 4,096; at most 12 investments; or portfolios by name\n"
    )
    found = data("compare", path, "--each", "--replications", 1, *ONE)  # in no time
    assert {row["name"] for row in found["investments"]} == {"cleaning", "people", "tests", "extra7"}


# --- where it flips, and a map -------------------------------------------------------------------------


def test_a_fee_flips_the_preference_at_what_is_bought_for_it(data, buying):
    common = ("demo", "quick", "--replications", 6, *ONE)
    path = buying()
    plain = data("compare", path, *common, "--set", f"{FEE}=0")
    pair = plain["pairs"][0]
    assert (pair["a"], plain["best"]) == ("quick", "quick")
    worth = pair["difference"]["mean"]  # of the fee: paid in the month of the decision, and so not discounted
    found = data("compare", path, *common, "--break-even", f"{FEE}=0:{4 * worth}")["break_even"][0]
    assert (found["key"], found["low"], found["high"]) == (FEE, 0.0, pytest.approx(4 * worth))
    crossing = found["crossings"][0]
    assert len(found["crossings"]) == 1
    assert crossing["value"] == pytest.approx(worth, rel=1e-9)
    # A straight line, so its interval is that of the difference itself, cut to the range.
    low, high = pair["difference"]["ci95"]
    assert crossing["ci95"] == [low if low > 0.0 else None, pytest.approx(high, rel=1e-6)]
    assert crossing["falls"] == (found["a"] == "quick")
    for value, mean in zip(found["curve"]["values"], found["curve"]["mean"], strict=True):
        ahead = worth - value
        assert mean == pytest.approx(ahead if found["a"] == "quick" else -ahead, abs=1e-6)


def test_a_curve_is_made_of_comparisons_at_its_values(data, buying):
    common = ("demo", "ready", "--replications", 3, *ONE)
    path = buying()
    found = data("compare", path, *common, "--break-even", "data.missing=2 %:80 %")["break_even"][0]
    for value, mean in list(zip(found["curve"]["values"], found["curve"]["mean"], strict=True))[:4]:
        there = data("compare", path, *common, "--set", f"data.missing={value!r}")
        npv = {p["name"]: p["npv"]["mean"] for p in there["portfolios"]}
        assert mean == pytest.approx(npv[found["a"]] - npv[found["b"]], rel=1e-9, abs=1e-9)


def test_keys_that_matter_most_are_searched_with_ranges_of_their_own(data, buying):
    relative = ("missing: 1 % | 10 / 20 / 30 %", "missing: 0.5 / 1 / 2 % | x 10 / 20 / 30")
    found = data(
        "compare", buying(relative), "demo", "ready", "--replications", 6, *ONE, "--break-even", "most"
    )
    names = [entry["name"] for entry in found["matters"]]
    assert {"data.missing", "data.missing@pilot"} <= set(names)
    # A factor of the pilot's value is no value that could be set.
    assert [flip["key"] for flip in found["break_even"]] == [name for name in names if name != "data.missing"]
    assert all(flip["low"] < flip["high"] for flip in found["break_even"])
    resolved = package.load(buying(relative)).resolved
    settable = {name: comparing.settable(resolved, name) for name in names}
    assert settable == {name: name != "data.missing" for name in names}
    assert not comparing.settable(resolved, "investments.cleaning.change.data.missing")


def test_a_map_is_made_of_comparisons_at_its_points(data, buying):
    path = buying()
    common = ("--replications", 3, *ONE)
    found = data("compare", path, *common, *OVER)["map"]
    assert found["axes"][0] == {"key": "data", "values": [0.0, 1.0]}
    assert found["axes"][1]["values"] == [20.0, 40.0, 60.0]
    for j, wage in enumerate((20, 40, 60)):
        there = data("compare", path, *common, "--set", f"oversight.wage={wage} per hour")
        assert found["winner"][1][j] == there["best"]
        assert found["shown"][1][j] == (there["may_be_best"] == [there["best"]])


def test_a_search_that_goes_nowhere_does_no_harm(data, buying):
    # Both portfolios are the same, so nothing flips anything, and nothing matters.
    found = data(
        *("compare", buying(("quick: [tests]", "quick: []")), "demo", "quick", "--replications", 4, *ONE),
        *("--break-even", "most", "--break-even", "legacy.cost"),
    )
    assert found["matters"] == []
    assert [flip["crossings"] for flip in found["break_even"]] == [[]]
    assert found["break_even"][0]["ahead_throughout"] is None


# --- the same again ------------------------------------------------------------------------------------


def test_the_numbers_do_not_depend_on_time_or_the_form_of_the_file(simgap, data, buying, tmp_path):
    path, common = buying(), ("--replications", 3, "--seed", 5)
    assert simgap("compare", path, *common, *ONE, "--out", tmp_path / "a", "--quiet") == (0, "", "")
    expected = without_times(load(tmp_path / "a"))
    result = tmp_path / "a" / "result.json"
    again = ("--out", tmp_path / "b", "--quiet")
    assert simgap("compare", result, *common, *ONE, *again) == (0, "", "")
    first, second = files(tmp_path / "a"), files(tmp_path / "b")
    assert set(first) == set(second) == FILES
    assert [name for name in first if second[name] != first[name]] in ([], ["result.json"])  # by its times
    assert without_times(load(tmp_path / "b")) == expected
    assert without_times(data("compare", path, *common, *ONE)) == expected
    resolved = simgap("resolve", path).out.encode()
    assert plain(data("compare", "-", *common, *ONE, stdin=resolved)) == plain(expected)
    other_seed = data("compare", path, "--replications", 3, "--seed", 6, *ONE)
    assert other_seed["portfolios"] != expected["portfolios"]


def test_both_engines_compare_and_search_alike(data, buying):
    path = buying()
    asked = ("--replications", 2, *ONE, "--each", "--break-even", f"{FEE}=0:300", *OVER)
    found = [data("compare", path, *asked, "--engine", engine) for engine in ("compiled", "reference")]
    assert [part.pop("engine") for part in found] == ["compiled", "reference"]
    assert plain(found[0]) == plain(found[1])


def test_the_folder(simgap, refused, buying, tmp_path):
    path, common = buying(), ("--replications", 2, *ONE)
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    said = refused("compare", path, *common, "--out", out)
    assert said == f"--out: {out}: already holds results or other files; another folder, or --overwrite\n"
    (out / "tornado.png").write_text("of a run", encoding="utf-8")
    again = ("--overwrite", "--break-even", f"{FEE}=0:300", *OVER)
    answer = simgap("compare", path, *common, "--out", out, *again)
    assert answer.code == 0
    assert answer.out.endswith(f"\nWritten to {out}\n")
    assert set(files(out)) == FILES | {"break_even.png", "winners.png", "notes.txt"}
    assert files(out)["notes.txt"] == b"mine"
    before = files(out)
    refused("compare", path, *common, "--seed", 2, "--out", out)
    assert files(out) == before
    # Figures of what is not asked for again may not stay beside the new result.
    assert simgap("compare", path, *common, "--out", out, "--overwrite", "--quiet") == (0, "", "")
    assert set(files(out)) == FILES | {"notes.txt"}


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((), "futures"),
        (("--all",), "people + tests"),
        (("--each",), "is worth"),
        (("--break-even", f"{FEE}=0:3k", *OVER), f"flips if {FEE} "),
        (("--set", "base.pilot=near"), "Every portfolio has what the pilot carries: cleaning."),
        (("--replications", 1), "One future shows nothing."),
    ],
)
def test_the_screen(simgap, buying, asked, words):
    path = buying()
    answer = simgap("compare", path, *ONE, "--replications", 8, *asked)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(len, lines)) <= WIDTH == 80
    assert answer.out.isascii()
    assert words in " ".join(answer.out.split())
    assert lines[0] == "tiny"
    for name in ("demo", "ready", "quick"):
        assert any(line.startswith(name) for line in lines), name


def test_long_names_stay_on_the_screen(simgap, buying):
    long = "a very long name of an investment that a committee has thought about for a while"
    assert len(long) == 80
    path = buying(("tests: {once", f"{long}: {{once"), ("quick: [tests]", f"quick: [{long}]"))
    for asked in (("--all",), ("--each",), ("--break-even", f"investments.{long}.once=0:300")):
        answer = simgap("compare", path, "--replications", 2, *ONE, *asked)
        assert answer.code == 0
        assert max(map(len, answer.out.splitlines())) <= 80


# --- what it refuses -----------------------------------------------------------------------------------

WRONG = {
    "an unknown portfolio": (("demo", "redy"), "redy", "is not among the portfolios"),
    "a name twice": (("demo", "demo"), "demo, demo", "each once"),
    "a name among others twice": (("demo", "ready", "demo"), "demo, ready, demo", "each once"),
    "one portfolio": (("ready",), "ready", "two portfolios or more"),
    "all and some": (("demo", "ready", "--all"), "--all", "names of portfolios, or --all"),
    "an unknown key": (("--break-even", "legacy.costs"), "legacy.costs", "did you mean `legacy.cost`?"),
    "a word": (("--break-even", "measurement.basis"), "measurement.basis", "cannot be swept"),
    "a plain none": (
        ("--break-even", "oversight.deadline"),
        "oversight.deadline=LO:HI",
        "no range of its own",
    ),
    "half of nought": (("--break-even", "ai.cost"), "ai.cost=LO:HI", "no range of its own"),
    "upside down": (("--break-even", "ai.cost=3:2"), "--break-even: ai.cost", "LO below HI"),
    "one end": (("--break-even", "ai.cost=3"), "--break-even: ai.cost", "is empty"),
    "an empty span": (("--break-even", "ai.cost=3:3"), "--break-even: ai.cost", "LO below HI"),
    "no unit": (("--break-even", "oversight.time=1:3"), "--break-even: oversight.time", "has no unit"),
    "a range of two sides": (("--break-even", "ai.cost@pilot=1:3"), "ai.cost", "has no sides"),
    "what is not bought": (
        ("demo", "ready", "--break-even", FEE),
        FEE,
        "is not bought; one of those that are: cleaning, people",
    ),
    "what an investment does": (
        ("--break-even", "investments.tests.change.oversight.time=1 min:2 min"),
        "investments.tests.change.oversight.time",
        "is not a parameter",
    ),
    "another pilot": (("--break-even", "pilots.near.cost=1:2"), "pilots.near.cost", "is not the pilot"),
    "a dose without a bar": (("--break-even", "drift"), "drift", "the same in the pilot and in production"),
    "an outcome": (("--break-even", "npv"), "npv", "is not a parameter"),
    "a longer pilot than the window": (
        ("--break-even", "pilots.demo.lasts=1 week:14 weeks"),
        "pilots.demo.lasts",
        "nothing of the window",
    ),
    "a longer delay than the window": (
        ("--break-even", "investments.cleaning.delay=1 day:12 weeks"),
        "pilots.demo.lasts",
        "delays of up to 12 weeks for cleaning, people",
    ),
    "one axis": (OVER[:2], "--map", "one axis; two"),
    "three axes": ((*OVER, "--map", "ai.cost=0:1:2"), "--map", "3 axes"),
    "the same axis": (OVER[:2] * 2, "--map", "both axes are of"),
    "an axis without points": (("--map", "data=0:1", *OVER[2:]), "--map", "is not a range"),
    "a point": (("--map", "data=0:1:1", *OVER[2:]), "--map: data", "from 2 to 200"),
    "an axis upside down": (("--map", "data=1:0:3", *OVER[2:]), "--map: data", "LO below HI"),
    "an axis of delays": (
        (*OVER[:2], "--map", "investments.cleaning.delay=1 day:99 days:2"),
        "pilots.demo.lasts",
        "nothing of the window",
    ),
    "a stated pilot length": (("--set", "pilots.demo.lasts=13 weeks"), "pilots.demo.lasts", "leave"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_answered_in_a_line(refused, buying, tmp_path, monkeypatch, mistake):
    arguments, key, words = WRONG[mistake]
    monkeypatch.setattr("simgap.montecarlo.plan.run_trial", lambda *_: pytest.fail("simulated"))
    path = buying()
    said = refused("compare", path, *arguments, *ONE, "--out", tmp_path / "out")
    assert said.count("\n") == 1
    assert key in said
    assert words in said
    assert not (tmp_path / "out").exists()


def test_a_file_that_names_too_little(refused, data, tiny, buying):
    assert refused("compare", tiny) == (
        "compare: investments: the file states none; investments: to choose from\n"
    )
    portfolios = "portfolios:\n  demo: []\n  ready: [cleaning, people]\n  quick: [tests]\n"
    none = buying((portfolios, ""))
    assert "the file names none" in refused("compare", none)
    assert "is not among the portfolios; nothing, or --all" in refused("compare", none, "ready")
    assert len(data("compare", none, "--all", "--replications", 1, *ONE)["portfolios"]) == 8
    one = buying((portfolios, "portfolios: {quick: [tests]}\n"))
    assert names_of(data("compare", one, "--replications", 1, *ONE)) == ["nothing", "quick"]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("people: {once: 40,", "people: {once: 40, requires: tests,"), "`people` requires `tests`"),
        (("people: {once: 40,", "people: {once: 40, excludes: cleaning,"), "`people` excludes `cleaning`"),
        (("oversight.catch: 95 %", "data.missing: 5 %"), None),  # one sets, the other scales
        (("data.missing: x 0.2", "oversight.catch: 90 %"), "both set oversight.catch"),
    ],
)
def test_what_cannot_be_bought_together_is_refused_with_its_line(refused, data, buying, pair, words):
    path = buying(pair)
    if words is None:
        assert data("compare", path, "--replications", 1, *ONE)
        return
    said = refused("compare", path, *ONE)
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    line = 1 + next(i for i, text in enumerate(lines) if "ready:" in text)
    assert said.startswith(f"{path}:{line}: portfolios.ready: ")
    assert words in said


def test_what_the_pilot_carries_may_stand_against_a_portfolio(refused, data, buying):
    path = buying(("tests: {once: 10,", "tests: {once: 10, excludes: cleaning,"))
    base = ("--set", "base.pilot=near", *ONE)
    said = refused("compare", path, *base)
    assert "pilots.near.carries: with what is bought besides, `tests` excludes `cleaning`" in said
    # Of all combinations those that may be bought are compared.
    found = data("compare", path, "--all", *base, "--replications", 1)
    assert names_of(found) == ["demo", "ready"]


# --- stopped in the middle -----------------------------------------------------------------------------


def test_what_was_finished_is_a_shorter_comparison(simgap, data, buying, tmp_path, interrupted_after):
    path = buying()
    expected = data("compare", path, "--each", "--replications", 2, *ONE)
    # Three portfolios and two that show single investments: two futures, and four trials of a third.
    interrupted_after(2 * 5 + 4)
    out = tmp_path / "out"
    answer = simgap("compare", path, "--each", "--replications", 9, *ONE, "--json", "--out", out)
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
    interrupted_after(2)
    answer = simgap("compare", buying(), *ONE, "--replications", 5, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (3, "")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("asked", "finished"),
    [
        (("--break-even", "data.missing=2 %:80 %"), 0),
        (("--break-even", f"{FEE}=0:300"), 26),
        ((*OVER, "--break-even", "data.missing=2 %:80 %"), 5),
        (OVER, 40),
    ],
)
def test_a_comparison_outlives_the_search_after_it(simgap, data, buying, interrupted_after, asked, finished):
    path, common = buying(), ("--replications", 3, *ONE)
    expected = data("compare", path, *common)
    interrupted_after(9 + finished)
    answer = simgap("compare", path, *common, *asked, "--json")
    assert answer.code == 3
    said = "Stopped before the break-even or the map was finished: the numbers are of what was finished.\n"
    assert answer.err == said
    found = json.loads(answer.out)
    assert plain(found) == plain(expected)
    assert not found["provenance"]["complete"]


def test_what_outlives_the_search_is_saved(simgap, buying, tmp_path, interrupted_after):
    interrupted_after(9 + 13)
    out = tmp_path / "out"
    asked = ("--replications", 3, *ONE, "--break-even", "data.missing=2 %:80 %", *OVER)
    answer = simgap("compare", buying(), *asked, "--out", out)
    assert answer.code == 3
    assert answer.out.startswith("tiny\n====\n")
    assert answer.err.endswith(f"the numbers are of what was finished; what was finished is in {out}.\n")
    assert set(files(out)) == FILES
    found = load(out)
    assert not {"break_even", "map"} & set(found)
    assert (found["replications"], found["provenance"]["complete"]) == (3, False)


def test_a_map_that_was_stopped_leaves_the_break_even(simgap, data, buying, interrupted_after):
    path, common = buying(), ("--replications", 2, *ONE, "--break-even", f"{FEE}=0:300")
    expected = data("compare", path, *common)
    points = len(expected["break_even"][0]["curve"]["values"])
    interrupted_after(2 * (3 + 2 * points) + 4)
    answer = simgap("compare", path, *common, *OVER, "--json")
    assert answer.code == 3
    assert plain(json.loads(answer.out)) == plain(expected)


# --- a backlog without end -----------------------------------------------------------------------------

SWARM = "workflows.letters.volume@production"


def test_futures_that_outgrow_the_limit_are_left_out_of_every_portfolio(simgap, buying, few_places):
    few_places(4)
    answer = simgap("compare", buying(), "--replications", 12, *ONE, "--json")
    found = json.loads(answer.out)
    assert answer.code == 3
    assert found["ended"]["draws"]
    assert found["replications"] == 12 - len(found["ended"]["draws"])
    assert answer.err.startswith(f"{found['ended']['backlog_limit']} replication")
    text = " ".join(simgap("compare", buying(), "--replications", 12, *ONE).out.split())
    assert f"WARNING: {len(found['ended']['draws'])} of 12 replications ended with backlog_limit" in text


def test_a_search_that_outgrows_the_limit_costs_no_comparison(simgap, data, buying, few_places):
    path, common = buying(), ("demo", "ready", "--replications", 4, *ONE)
    few_places(9)
    expected = data("compare", path, *common)
    answer = simgap("compare", path, *common, "--break-even", f"{SWARM}=3 per day:900 per day", "--json")
    assert answer.code == 3
    assert "every future of the break-even or the map ends with backlog_limit" in answer.err.lower()
    assert plain(json.loads(answer.out)) == plain(expected)


def test_a_search_says_how_many_futures_it_has(simgap, data, buying, few_places):
    path, common = buying(), ("demo", "ready", "--replications", 12, *ONE)
    few_places(9)
    plainly = data("compare", path, *common)
    answer = simgap("compare", path, *common, "--break-even", f"{SWARM}=3 per day:8 per day", "--json")
    found = json.loads(answer.out)
    flip, _ = found.pop("break_even")[0], found.pop("not_searched")
    assert answer.code == 3
    assert "of the break-even or the map that end with backlog_limit are left out" in answer.err
    assert 0 < flip["replications"] < 12 == found["replications"]
    assert plain(found) == plain(plainly)


# --- from Python ---------------------------------------------------------------------------------------


def test_the_python_interface(buying):
    case = package.load(buying())
    found = case.compare(
        ["demo", "ready"], replications=3, workers=1, break_even=[f"{FEE.replace('tests', 'people')}=0:300"]
    )
    assert (found.names, found.complete, found.shortfalls) == (["demo", "ready"], True, [])
    assert sum(found.p_best.values()) == pytest.approx(1.0)
    assert found.value("ready").mean() == pytest.approx(found.summary["portfolios"][1]["npv"]["mean"])
    assert list(found.trials["portfolio"]) == ["demo", "ready"] * 3
    holds({k: v for k, v in COMPARE.items() if k not in ("provenance", "matters")}, found.summary)
    assert found.plot.available == ["difference", "frontier", "value_over_time", "break_even"]
    for name in found.plot.available:
        assert getattr(found.plot, name)().axes


def test_a_plan_that_would_take_long_asks_first(refused, simgap, buying, monkeypatch):
    path = buying()
    said = refused("compare", path, "--replications", 10**7, *ONE)
    assert "--yes" in said
    monkeypatch.setattr("simgap.study.limits.LONGEST", 0.0)
    assert "--yes" in refused("compare", path, "--replications", 1, *ONE)
    assert simgap("compare", path, "--replications", 1, *ONE, "--yes").code == 0


@pytest.mark.parametrize(
    ("asked", "trials"),
    [
        ((), 3 * 4),
        (("--each",), 5 * 4),
        (("--all",), 8 * 4),
        (OVER, 3 * 4 + 6 * 3 * 4),
        (("--break-even", "data"), 3 * 4 + 12 * 2 * 4),  # at about twelve values
        (("--break-even", "most"), 3 * 4 + 5 * 12 * 2 * 4),
    ],
)
def test_the_size_of_a_plan_is_all_that_it_simulates(simgap, buying, monkeypatch, asked, trials):
    told = []
    monkeypatch.setattr("simgap.study.setting.check_size", lambda *arguments: told.append(arguments))
    monkeypatch.setattr("simgap.montecarlo.plan.evaluate", lambda *_: 1 / 0)
    path = buying()
    for replications in (4, 8):
        assert simgap("compare", path, "--replications", replications, *ONE, *asked).code == 1
    (items, found, workers, engine), (more, twice, _, _) = told
    assert (found, twice, workers, engine) == (trials, 2 * trials, 1, "compiled")
    # About three letters a day for two months and a half, and two a day in a pilot of two weeks.
    assert 200 < items / trials < 280
    assert more == pytest.approx(2 * items)
