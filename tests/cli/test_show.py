"""`simgap show`: words, bars, figures, and what it says of names that are none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import simgap as package
from simgap import scenario
from simgap.results.shown import show
from simgap.scenario.values import inputs

NUMBER, MAYBE, TEXT = (int, float), (int, float, type(None)), str
SIDE = {
    "side": TEXT,
    "name": TEXT,
    "written": TEXT,
    "unit": TEXT,
    "mean": NUMBER,
    "sd": NUMBER,
    "clipped": NUMBER,
}
SCENARIO = """simgap: 1
name: shown
workflows: {claims: {volume: 40 per day | x 10 / 20 / 30}}
legacy: {cost: 9}
ai: {accuracy: "normal(mean=90, sd=5) min 70 max 99 %"}
oversight:
  reviewers: 2 / 4 / 7
  wage: 40 per hour
  time: empirical(times.csv, minutes) min [log]
data:
  missing: 1 / 2 / 4 % | x 2 / 8 / 20 max 90
  validated: 10 % | discrete(10 at 50 %, 80 at 50 %) %
correlations:
  data.missing ~ data.missing@pilot: -0.5
  oversight.reviewers ~ data.validated: 0.6
sources: {log: {strength: measured, text: weekly means}}
pilots: {demo: {cost: "uniform(10k, 20k)", lasts: 8 weeks}}
investments:
  a: {change: {oversight.time: "-discrete(1 at 50 %, 2 at 50 %) min", data.missing: x 0.5 / 0.7 / 0.9}}
"""


@pytest.fixture
def case(tmp_path):
    """Path of a scenario with an input of every kind."""
    (tmp_path / "shown.yaml").write_text(SCENARIO)
    (tmp_path / "times.csv").write_text("minutes\n" + "".join(f"{4 + i / 10}\n" for i in range(21)))
    return str(tmp_path / "shown.yaml")


NAMES = (
    "workflows.claims.volume",
    "ai.accuracy",
    "oversight.reviewers",
    "oversight.time",
    "data.missing",
    "data.validated",
    "pilots.demo.cost",
    "investments.a.change.oversight.time",
    "investments.a.change.data.missing",
)


def test_every_screen_is_plain_and_fits(simgap, case):
    for arguments in ((), NAMES, ("data.format", "oversight.hours", "data.missing@pilot")):
        answer = simgap("show", case, *arguments)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out.isascii()
        assert max(map(len, answer.out.splitlines())) <= 80
        assert answer.out.count("#") > 50 or not arguments or "data.format" in arguments


def test_the_table_lists_every_unknown_with_its_unit(simgap, data, case):
    out = simgap("show", case).out
    assert "10 inputs are uncertain; 9 of them are guesses." in out
    assert "oversight.time" in out
    line = next(line for line in out.splitlines() if line.startswith("data.missing@pilot"))
    assert line.split()[1:4:2] + line.split()[5:] == ["0.79", "5.05", "%", "guess"]
    rows = data("show", case)["inputs"]
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)
    assert len(rows) == 10
    assert len(data("show", "claims")["inputs"]) == len(inputs(scenario.read("claims")))


def test_a_triple_can_be_tried(data):
    found = data("show", "claims", "data.missing", "--set", "data.missing=1 % | 5 / 20 / 60 %")["inputs"][0]
    assert found["written"] == "1 % | 5 / 20 / 60 %"
    pilot, production = found["sides"]
    assert pilot["value"] == 0.01
    assert production["percentiles"]["p10"] == pytest.approx(0.05)
    assert production["percentiles"]["p90"] == pytest.approx(0.6)
    assert production["correlations"] == [{"name": "data.stale", "rank_correlation": 0.3}]


def test_a_relative_leaf_shows_both_sides(simgap, data, case):
    sides = data("show", case, "data.missing")["inputs"][0]["sides"]
    assert [side["side"] for side in sides] == ["pilot", "factor", "production"]
    pilot, factor, production = sides
    for side in sides:
        for key, kind in SIDE.items():
            assert isinstance(side[key], kind), key
    assert factor["correlations"] == [{"name": "data.missing@pilot", "rank_correlation": -0.5}]
    assert production["distribution"] is None
    assert production["mean"] < pilot["mean"] * factor["mean"]  # they vary against each other
    assert 0 < production["clipped"] < 0.01
    assert "Clipped to what is possible: 0." in simgap("show", case, "data.missing").out
    one = data("show", case, "data.missing@pilot")["inputs"][0]["sides"]
    assert [side["side"] for side in one] == ["pilot"]


def test_what_is_certain_says_so(simgap, case):
    out = simgap(
        "show", case, "data.format", "oversight.wage", "oversight.hours", "workflows.claims.profile"
    ).out
    assert "In pilot and production, one draw: 0 %, known, not uncertain." in out
    assert "40 EUR per hour, known, not uncertain." in out
    assert "Mon-Fri 09:00-17:00" in out
    nothing = simgap("show", "minimal", "--set", "ai.accuracy=90 %").out
    assert "Nothing in this scenario is uncertain" in nothing


def test_what_a_number_is_used_for_is_said(simgap, case):
    out = simgap("show", case, "oversight.reviewers", "oversight.time", "data.validated").out
    assert "rounded up to a whole number" in out
    assert "the 21 values of a file, each as likely as" in out
    assert "  10 #################################### 50 %" in out
    assert "Rank correlations: oversight.reviewers +0.6." in out
    assert "equal values weaken" in out


def test_unknown_names_all_at_once(refused, case):
    said = refused("show", case, "data.misssing", "investments.a.change.oversight.tim", "nothing at all")
    assert "INPUT: data.misssing: `data.misssing` is not a parameter; did you mean `data.missing" in said
    assert "did you mean `investments.a.change.oversight.time`?" in said
    assert "INPUT: nothing at all: " in said


@pytest.mark.parametrize("arguments", [(), ("board.npv",)])
def test_numbers_too_large_are_refused(refused, arguments):
    said = refused("show", "minimal", *arguments, "--set", "board.npv=normal(mean=1e308, sd=1e308)")
    assert said == "INPUT: board.npv: reaches numbers too large to compute with; numbers under 1e+50\n"


def test_what_a_terminal_would_obey_is_left_out(refused):
    assert "\x1b" not in refused("show", "minimal", "a\x1b[31mb\nc")


def test_a_scenario_from_standard_input(simgap):
    answer = simgap(
        "show", "-", "ai.accuracy", stdin=SCENARIO.replace("empirical(times.csv, minutes)", "4").encode()
    )
    assert answer.code == 0
    assert "cut at its limits" in answer.out


def test_the_folder_holds_a_figure_each_and_runs_again(simgap, case, tmp_path):
    out = tmp_path / "out"
    answer = simgap("show", case, "data.missing", "oversight.wage", "ai.accuracy", "--out", out)
    assert answer.code == 0
    assert {path.name for path in out.iterdir()} == {
        "input.data.missing.png",
        "input.ai.accuracy.png",
        "result.json",
    }
    again = simgap("show", out / "result.json", "ai.accuracy", "--out", out)
    assert again.code == 2
    again = simgap("show", out / "result.json", "ai.accuracy", "--out", out, "--overwrite", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")
    assert {path.name for path in out.iterdir()} == {"input.ai.accuracy.png", "result.json"}
    held = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert held["provenance"]["scenario"]["name"] == "shown"


def test_no_engine_is_started(case):
    code = (
        "import sys; from simgap.results.shown import show; show(sys.argv[1], ['data.missing']).text(); "
        "print([m for m in ('numba', 'simpy', 'pandas', 'matplotlib', 'scipy.stats') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, case],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(package.__file__).parents[1],
    )
    assert done.stdout == "[]\n"


def test_a_name_stands_once(case):
    assert show(case, ["ai.accuracy", "ai.accuracy"]).names == ("ai.accuracy",)
