"""The outside view as users meet it: screens, JSON, folder, and what is counted twice said everywhere."""

import json
import re

import pytest

import simgap as package
from simgap.cli import cli
from simgap.report.outside import optimistic, outside, twice

TEXT = """simgap: 1
name: letters
clock: {horizon: 3 months}
workflows: {letters: {volume: 4 per day}}
legacy: {cost: 12 per item}
ai: {accuracy: 90 %}
oversight: {reviewers: 1, paid: by hour, wage: 15 per hour, time: 5 min, review_least_confident: 20 %}
pilots: {demo: {cost: 100 / 200 / 300 max 900}}
investments: {tool: {once: 50, change: {oversight.time: 4 min}}}
portfolios: {none bought: [], all: [tool]}
"""
PAST = "projected,realised,estimated_cost,actual_cost\n" + "".join(
    f"100,{realised},10,{cost}\n"
    for realised, cost in ((40, 14), (105, 9), (-20, 30), (70, 11), (66, 12), (90, 10), (30, 22), (80, 15))
)
BOTH = "outside_view: {uplift: 40 %, count_both: yes}\n"
FEW = ["--replications", "2", "--workers", "1"]


@pytest.fixture
def case(tmp_path):
    def write(view):
        (tmp_path / "past.csv").write_text(PAST + "-5,3,1,1\n,,2,3\n", encoding="utf-8")
        (tmp_path / "case.yaml").write_text(TEXT + view, encoding="utf-8")
        return str(tmp_path / "case.yaml")

    return write


def plain(text):
    """A text on one line."""
    return " ".join(text.split())


def test_a_class_stands_beside_the_forecast(simgap, case, tmp_path):
    file = case("outside_view: {class: [past.csv, chaos-1994]}\n")
    answer = simgap("run", file, *FEW, "--out", str(tmp_path / "out"))
    assert answer.code == 0
    said = plain(answer.out)
    assert "past.csv, 10 projects: realised over projected value is 0.68 in the median (95 %" in said
    assert "That is of 8; of the others 1 does not say, and 1 projected nothing over 0, so that" in said
    assert "7 of 8 fell short of what was projected." in said
    assert "too few projects to say more" in said
    assert "actual over estimated cost is 1.30 in the median" in said
    assert "share on time, on budget, with all features: 16.2 %" in said
    assert "such a share is no prior" in said
    assert max(map(len, answer.out.splitlines())) <= 80
    folder = tmp_path / "out"
    assert (folder / "outside_view.png").stat().st_size > 10_000
    view = json.loads((folder / "result.json").read_text(encoding="utf-8"))["outside_view"]
    kinds = {c["name"]: c["kind"] for c in view["classes"]}
    assert kinds == {"past.csv": "own", "chaos-1994": "published"}
    # The numbers are in the result: it runs again without the file, to the same view.
    (tmp_path / "past.csv").unlink()
    again = simgap("run", str(folder / "result.json"), *FEW, "--json")
    assert json.loads(again.out)["outside_view"] == view


def test_published_classes_alone_draw_no_figure(case):
    result = package.load(case("outside_view: {class: large-it-2012}\n")).run(2, workers=1)
    assert "outside_view" not in result.plot.available
    with pytest.raises(ValueError, match="no reference class"):
        result.plot.outside_view()


def test_without_a_positive_board_figure_there_is_no_figure_either(case):
    sets = ["pilots.demo.cost=200", "board.npv=-5"]
    result = package.load(case("outside_view: {class: past.csv}\n"), sets).run(2, workers=1)
    assert "outside_view" not in result.plot.available
    with pytest.raises(ValueError, match="the board's figure is not positive"):
        result.plot.outside_view()


def test_an_uplift_on_an_axis_has_no_one_size(simgap, case):
    axis = ["--over", "outside_view.uplift=0 %:100 %:2"]
    sets = [
        "--set",
        "pilots.demo.cost=200",
        "--set",
        "costs.platform=10",
        "--set",
        "outside_view.uplift=40 %",
    ]
    more = ["--set", "outside_view.uplift_monthly=20 %"]
    said = plain(simgap("sweep", case(""), *axis, *FEW, *sets, *more).out)
    assert "costs paid once by what the axis says, monthly costs by 20%." in said
    assert "40%" not in said


def test_a_forecast_beyond_the_class_is_told(case):
    result = package.load(case("outside_view: {class: past.csv}\n"), ["pilots.demo.cost=10"]).run(
        2, workers=1
    )
    value = result.summary["outside_view"]["classes"][0]["value"]
    said_of = {"optimistic": "MORE OPTIMISTIC than 9 in 10", "pessimistic": "more pessimistic than 9 in 10"}
    for verdict, words in said_of.items():
        view = json.loads(json.dumps(result.summary["outside_view"]))
        view["classes"][0]["value"] = value | {"verdict": verdict, "n": 400, "n_effective": 400.0}
        said = " ".join(outside(view, 0.5, "EUR"))
        assert words in said
        assert len(optimistic(view)) == (verdict == "optimistic")
        assert "88 in 100 projects fell short" in said
    view = result.summary["outside_view"] | {"forecast": None}
    view["classes"][0]["value"] = value | {"realised": None}
    assert "has no place in this class" in " ".join(outside(view, 0.5, "EUR"))


# Every command that computes with a scenario; of `replay` both screens.
COUNTING = (
    ("run", *FEW),
    ("compare", *FEW),
    ("gate", *FEW),
    ("sweep", "--over", "oversight.time=3 min:6 min:2", *FEW),
    ("sweep", "--preview", "--over", "oversight.time=3 min:6 min:2", *FEW),
    ("attribute", *FEW),
    ("capacity", "--draws", "20", *FEW),
    ("trace",),
    ("replay",),
    ("replay", "--without", "outage:0"),
)
WITHOUT_SIMULATION = {"show", "validate", "resolve", "schema", "scenarios", "verify"}


def test_no_command_is_forgotten():
    assert {command for command, *_ in COUNTING} | WITHOUT_SIMULATION == set(cli.commands)


@pytest.mark.parametrize(("command", "options"), [(c, o) for c, *o in COUNTING])
def test_what_is_counted_twice_is_said_everywhere(simgap, case, tmp_path, command, options, monkeypatch):
    from simgap.plots import style

    captions, drawn = [], style.new_figure

    def listening(caption, *size, **more):
        captions.append(caption)
        return drawn(caption, *size, **more)

    monkeypatch.setattr(style, "new_figure", listening)
    file = case("integration: {outages: 500 per year}\ndata: {missing: 1 % | 9 %}\n" + BOTH)
    answer = simgap(command, file, *options, "--out", str(tmp_path / "out"))
    assert answer.code == 0, answer.err
    said = "COUNTED TWICE, as the file asks: the overruns of pilots.demo.cost are in its range"
    assert said in plain(answer.out)
    assert max(map(len, answer.out.splitlines())) <= 80
    found = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert found["counted_twice"] == ["pilots.demo.cost"]
    assert all(said in caption for caption in captions)
    assert len(captions) == len(list((tmp_path / "out").glob("*.png")))


def test_where_it_is_not_meant_it_is_refused(simgap, case):
    refused = simgap("run", case("outside_view: {uplift: 40 %}\n"), *FEW)
    assert refused.code == 2
    assert re.search(r"case\.yaml:8: pilots\.demo\.cost: is a range, and `uplift` lifts it", refused.err)


def test_nothing_is_said_where_nothing_is_counted_twice(simgap, case):
    answer = simgap("run", case(""), *FEW, "--json")
    found = json.loads(answer.out)
    assert found["counted_twice"] == []
    assert found["outside_view"] is None
    screen = simgap("run", case(""), *FEW).out
    assert "COUNTED" not in screen
    assert "Outside view" not in screen
    assert "optimism" not in screen


def test_many_paths_are_counted_not_listed():
    assert twice([f"investments.{i}.once" for i in range(6)]).startswith(
        " COUNTED TWICE, as the file asks: the overruns of investments.0.once, investments.1.once, "
        "investments.2.once and 3 more are in their ranges"
    )


def test_validate_refuses_as_well(simgap, case):
    answer = simgap("validate", case("outside_view: {uplift: 40 %}\n"))
    assert answer.code == 2
    assert "overruns are counted twice" in answer.err + answer.out
    assert simgap("validate", case(BOTH)).code == 0


def test_a_text_on_standard_input_has_no_class_of_its_own(simgap, monkeypatch):
    answer = simgap("validate", "minimal", "--set", "outside_view.class=past.csv")
    assert answer.code == 2
    assert "--set: outside_view.class: there is no file `past.csv`" in answer.err + answer.out
