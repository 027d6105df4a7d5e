"""`simgap attribute`: the JSON contract, the same bits again, the folder, the words, and what it refuses."""

from pathlib import Path

import pandas as pd
import pytest
from contract import HEAD, MAYBE, NUMBER, STATS, TEXT, WHOLE, files, holds, load, without_times

import simgap as package
from simgap.report.screen import WIDTH

BAR = {"condition": TEXT, "mean": NUMBER, "ci95": [NUMBER], "shown": bool, "share": MAYBE}
ONE_GAP = {
    "projected": {"npv": STATS},
    "realised": {"npv": STATS},
    "gap": STATS,
    "bars": [BAR],
    "sum_error": NUMBER,
    "investments": list,
}
ATTRIBUTION = {
    **HEAD,
    **ONE_GAP,
    "portfolio": TEXT,
    "widest": {"condition": TEXT, "share": NUMBER},
    "without_bar": list,
    "exact": bool,
    "simulations": WHOLE,
    "pilot_lucks": WHOLE,
    "portfolios": [
        {
            **ONE_GAP,
            "name": TEXT,
            "changes": [{"condition": TEXT, "mean": NUMBER, "ci95": [NUMBER], "shown": bool}],
            "gap_change": STATS,
        }
    ],
    "interactions": [{"a": TEXT, "b": TEXT, "mean": MAYBE, "shown": bool}],
}
FILES = {"result.json", "bars.parquet", "waterfall.png", "what_is_left.png", "interactions.png"}
BUYING = Path(__file__).parent / "data" / "buying.yaml"
CONDITIONS = ["data", "edge_cases", "oversight"]
SMALL = ("--replications", 6, "--seed", 3, "--workers", 1)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """An attribution in a folder: its JSON, its bars, and the result."""
    out = tmp_path_factory.mktemp("attribute") / "out"
    sets = ["workflows.letters.volume@pilot=4 per day"]  # the board believes in what the pilot got
    case = package.load(str(BUYING), sets)
    result = case.attribute(["ready"], interactions=True, replications=6, seed=3, workers=1)
    result.save(out)
    assert set(files(out)) == FILES
    return load(out), pd.read_parquet(out / "bars.parquet"), result


def test_the_json_keeps_the_contract(saved):
    found, _, _ = saved
    holds(ATTRIBUTION, found)
    assert (found["seed"], found["replications"], found["provenance"]["command"]) == (3, 6, "attribute")
    assert [row["condition"] for row in found["bars"]] == ["scale", *CONDITIONS]
    (ready,) = found["portfolios"]
    assert [row["condition"] for row in ready["bars"]] == ["scale", "investments", *CONDITIONS]
    assert (found["portfolio"], ready["name"], ready["investments"]) == (
        "nothing",
        "ready",
        ["cleaning", "people"],
    )
    assert found["sum_error"] < 1e-6
    assert not set(found["without_bar"]) & set(CONDITIONS)
    assert len(found["interactions"]) == 3


def test_the_bars_are_those_of_the_draws(saved):
    found, bars, result = saved
    assert (len(bars), set(bars["portfolio"])) == (12, {"nothing", "ready"})
    for name, of in (("nothing", found), ("ready", found["portfolios"][0])):
        own = bars[bars["portfolio"] == name]
        for row in of["bars"]:
            assert own[row["condition"]].mean() == pytest.approx(row["mean"])
            assert row["share"] == pytest.approx(row["mean"] / of["gap"]["mean"])
        parts = own[["scale", "investments", *CONDITIONS]].sum(axis=1)
        assert parts.to_numpy() == pytest.approx((own["projected_npv"] - own["realised_npv"]).to_numpy())
    assert result.bars.equals(bars)


def test_the_command_is_the_method(data, buying):
    sets = ("--set", "workflows.letters.volume@pilot=4 per day")
    found = data("attribute", buying(), "--portfolio", "ready", "--interactions", *SMALL, *sets)
    again = package.load(buying(), [sets[1]])
    direct = again.attribute(["ready"], False, True, 6, 3, 1).json()
    assert without_times(found) == without_times(direct)


def test_the_words(saved):
    found, _, result = saved
    said = result.text()
    assert max(map(len, said.splitlines())) <= WIDTH
    words, gap = " ".join(said.split()), found["gap"]
    assert gap["ci95"][0] > 0.0
    first = next(row for row in found["bars"] if row["shown"] and row["share"] > 0.02)
    assert f"{first['condition'].replace('_', ' ')} takes {first['share']:.0%} (" in words
    assert "The same in pilot and production, so exactly 0: integration, governance," in words
    assert "With ready instead of nothing the gap to the same board figure is" in words
    order = [row.split()[0] for row in said.splitlines() if row.startswith("  ") and row[2] != " "]
    assert order[0] == order[4] == "scale"
    assert order[5] == "investments"


def test_a_negative_bar_is_said_to_help(simgap, edited):
    better = edited("catch: 90 % | 60 %", "catch: 60 % | 99 %")
    path = Path(better)
    path.write_text(path.read_text().replace("error_cost: 5", "error_cost: 200"), encoding="utf-8")
    answer = simgap("attribute", better, "--replications", 12, "--workers", 1)
    words = " ".join(answer.out.split())
    assert answer.code == 0
    assert "production being better off there than the pilot: oversight (" in words


def test_one_draw_shows_nothing(simgap, tiny):
    answer = simgap("attribute", tiny, "--replications", 1, "--workers", 1)
    assert answer.code == 0
    assert "One draw shows nothing" in " ".join(answer.out.split())


def test_exact_runs_all_coalitions(data, tiny):
    found = data("attribute", tiny, "--exact", *SMALL)
    assert (found["exact"], found["simulations"]) == (True, 6 * 8)


def test_too_much_is_refused(refused, buying):
    said = refused("attribute", buying(), "--exact", "--replications", 10**7)
    assert "the plan simulates about" in said
    assert "--yes" in said


def test_unknown_portfolio(refused, buying):
    said = refused("attribute", buying(), "--portfolio", "all of it")
    assert (
        said == "--portfolio: `all of it` is not among the portfolios; one of nothing, demo, ready, quick\n"
    )


def test_an_interruption_saves_whole_draws(simgap, tiny, tmp_path, interrupted_after):
    interrupted_after(20)
    answer = simgap("attribute", tiny, *SMALL, "--out", tmp_path / "out")
    assert answer.code == 3
    assert "Stopped before the end: the numbers are of what was finished" in answer.err
    found = load(tmp_path / "out")
    assert (found["replications"], found["provenance"]["complete"]) == (3, False)
    assert len(pd.read_parquet(tmp_path / "out" / "bars.parquet")) == 3
