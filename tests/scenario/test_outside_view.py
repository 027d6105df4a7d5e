"""Reference classes from files, and what counts an overrun twice and what does not."""

import json

import pytest

from simgap import scenario
from simgap.errors import InputError
from simgap.scenario.outside import (
    APPLIES,
    COLUMNS,
    MOST_PROJECTS,
    counted_twice,
    factor,
    read_class,
    uplifted,
)
from simgap.scenario.published import CLASSES
from simgap.scenario.units import Wrong

HEAD = """simgap: 1
workflows: {claims: {volume: 20k per year}}
legacy: {cost: 9}
ai: {accuracy: 95 %}
oversight: {reviewers: 4, wage: 40 per hour, time: 5 min}
"""
PAST = """project,year,projected,realised,estimated_cost,actual_cost,duration_ratio,weight
a,2019,100,40,10,14,1.2,1
b,2020,200,210,20,20,,2
c,2021,50,-10,5,9,2.5,1
d,2022,-120,0,12,13,1,1
"""


def written(folder, text, name="past.csv"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "case.yaml").write_text(HEAD + f"outside_view: {{class: {name}}}\n", encoding="utf-8")
    return str(folder / "case.yaml")


def test_a_class_is_read_and_its_ratios_resolved(tmp_path):
    resolved = scenario.read(written(tmp_path, PAST))
    held = resolved["classes"]["past.csv"]
    assert held["value"] == [0.4, 1.05, -0.2, None]
    assert held["projected"] == [1.0, 1.0, 1.0, -1.0]  # the last had no value to lose: it has no ratio
    assert held["cost"] == [1.4, 1.0, 1.8, 13 / 12]
    assert held["duration"] == [1.2, None, 2.5, 1.0]
    assert held["weight"] == [1.0, 2.0, 1.0, 1.0]
    # The file may go: what was resolved holds the numbers.
    (tmp_path / "past.csv").unlink()
    assert scenario.load_resolved(json.dumps(resolved)) == resolved
    with pytest.raises(InputError, match=r"case\.yaml:6: outside_view\.class: there is no file `past\.csv`"):
        scenario.read(str(tmp_path / "case.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + PAST,
        PAST.replace(",", ";"),
        PAST.replace(",", "\t"),
        PAST.replace("\n", "\r\n"),
        PAST.replace("a,2019", '"a, the\nfirst",2019') + "\n\n",
    ],
)
def test_layout_does_not_matter(tmp_path, text):
    held = scenario.read(written(tmp_path, text))["classes"]["past.csv"]
    assert held["value"] == [0.4, 1.05, -0.2, None]


def test_ratios_alone_are_enough_and_equal_weights_are_none(tmp_path):
    held = scenario.read(written(tmp_path, "value_ratio,weight\n0.5,3\n1.1,3\n"))["classes"]["past.csv"]
    assert held == {
        "value": [0.5, 1.1], "projected": [1.0, 1.0], "cost": [], "duration": [], "weight": []
    }  # fmt: skip
    agreeing = "projected,realised,value_ratio\n300,100,0.33\n"
    assert scenario.read(written(tmp_path, agreeing))["classes"]["past.csv"]["value"] == [1 / 3]


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        ("", 0, "", "is empty"),
        ("projected,realised\n", 0, "", "holds no project"),
        ("projected\n100\n", 1, "projected", "stands without `realised`"),
        ("project,year\na,2019\n", 1, "", "says nothing that came of a project"),
        ("projected,realized\n1,2\n", 1, "realized", "unknown column"),
        ("projected,realised,\n1,2,3\n", 1, "", "a column has no name"),
        ("projected,realised,realised\n1,2,3\n", 1, "realised", "is a column twice"),
        ("projected,realised\n1,2\n3\n", 3, "", "has 1 cells"),
        ("projected,realised\n100,nan\n", 2, "realised", "`nan` is not a finite number"),
        ("projected,realised\n100,inf\n", 2, "realised", "`inf` is not a finite number"),
        ('projected,realised\n"1,200",5\n', 2, "projected", "`1,200` has a comma"),
        ("projected,realised\n1e99,5\n", 2, "projected", "is too large"),
        ("projected,realised\n100 EUR,5\n", 2, "projected", "`100 EUR` is not a plain number"),
        ("projected,realised\n100,50\n100,\n", 3, "projected", "stands without `realised`"),
        ("projected,realised\n,50\n", 2, "realised", "stands without `projected`"),
        ("projected,realised\n,\n,\n", 0, "", "holds no project"),
        ("project,projected,realised\na,,\nb,,\n", 0, "", "says nothing that came of a project"),
        ("projected,realised,value_ratio\n100,50,0.6\n", 2, "value_ratio", "is 0.6, and `realised` over"),
        ("projected,realised,value_ratio\n0,50,0.6\n", 2, "value_ratio", "there is no such ratio"),
        ("estimated_cost,actual_cost\n0,5\n", 2, "estimated_cost", "is 0"),
        ("estimated_cost,actual_cost\n5,-1\n", 2, "actual_cost", "is -1"),
        ("cost_ratio\n0\n", 2, "cost_ratio", "is 0"),
        ("duration_ratio\n-1\n", 2, "duration_ratio", "is -1"),
        ("value_ratio,weight\n0.5,-1\n", 2, "weight", "is -1"),
        ("value_ratio,weight\n0.5,0\n", 2, "weight", "is 0"),
        ("value_ratio,weight\n0.5,\n", 2, "weight", "is empty"),
        ("value_ratio,weight\n0.5,3\n1,2e-9\n2,1e-310\n", 4, "weight", "is 1e-310, and the largest is 3"),
        ("value_ratio,weight\n1,1e-300\n2,1e-310\n", 3, "weight", "is 1e-310, and the largest is 1e-300"),
        ('value_ratio\n"0.5\n', 2, "", "is not CSV"),
        (b"value_ratio\n\xff\n", 2, "", "is not UTF-8"),
        (b"value_ratio\n\0\n", 2, "", "is not UTF-8 text"),
        ("value_ratio\n" + "0.5\n" * (MOST_PROJECTS + 1), 0, "", "holds 6,001 projects"),
        (b"v" * 5_000_001, 0, "", "is larger than 5 MB"),
    ],
)
def test_what_is_wrong_inside_is_said_at_its_line(tmp_path, text, line, key, what):
    with pytest.raises(InputError) as caught:
        scenario.read(written(tmp_path, text))
    (problem,) = caught.value.problems
    assert caught.value.file == str(tmp_path / "past.csv")
    assert (problem.line, problem.key) == (line, key)
    assert what in problem.what
    assert problem.allowed


def test_all_that_is_wrong_comes_at_once_in_the_order_of_lines(tmp_path):
    text = "projected,realised,weight\n1,x,1\n1,2,-1\nx,1,1\n"
    with pytest.raises(InputError) as caught:
        scenario.read(written(tmp_path, text))
    assert [p.line for p in caught.value.problems] == [2, 3, 4]


def test_a_text_has_no_folder(tmp_path):
    text = HEAD + "outside_view: {class: past.csv}\n"
    with pytest.raises(InputError, match="a scenario from standard input or a text has no folder"):
        scenario.read_text(text)
    with pytest.raises(InputError, match="a scenario from standard input or a text has no folder"):
        scenario.read_text(HEAD, sets=["outside_view.class=past.csv"])
    # What is published needs none.
    assert scenario.read_text(HEAD + "outside_view: {class: green-book}\n")["classes"] == {}


@pytest.mark.parametrize("name", ["../past.csv", "/etc/past.csv", "a\\b.csv", "..\\past.csv", "link.csv"])
def test_no_file_outside_the_folder_is_read(tmp_path, name):
    (tmp_path / "past.csv").write_text("value_ratio\n1\n", encoding="utf-8")
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "past.csv")
    with pytest.raises(Wrong, match=r"(is not in|leads out of) the scenario's folder"):
        read_class(name, folder)


def test_a_near_name_is_suggested(tmp_path):
    (tmp_path / "past.csv").write_text("value_ratio\n1\n", encoding="utf-8")
    with pytest.raises(Wrong, match=r"did you mean `past\.csv`"):
        read_class("pasts.csv", tmp_path)


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (lambda d: d["classes"].clear(), "classes"),
        (lambda d: d["classes"]["past.csv"].pop("cost"), "classes.past.csv"),
        (lambda d: d["classes"]["past.csv"]["value"].pop(), "classes.past.csv"),
        (lambda d: d["classes"]["past.csv"]["value"].__setitem__(0, "x"), "classes.past.csv"),
        (lambda d: d["classes"]["past.csv"]["weight"].__setitem__(0, 0.0), "classes.past.csv"),
        (lambda d: d["parameters"]["outside_view.class"].update(value="past.csv"), "outside_view.class"),
        (lambda d: d["parameters"]["outside_view.class"].update(value=["chaos"]), "outside_view.class"),
    ],
)
def test_a_resolved_form_that_was_edited_is_refused(tmp_path, edit, key):
    data = scenario.read(written(tmp_path, PAST))
    edit(data)
    with pytest.raises(InputError) as caught:
        scenario.load_resolved(json.dumps(data))
    assert caught.value.problems[0].key == key


# --- counting twice ------------------------------------------------------------------------------------

RANGED = (
    HEAD
    + """
pilots: {demo: {cost: 5k}}
costs: {platform: 1k per month, governance: 1k / 2k / 3k max 9k}
investments:
  a: {once: 3k, monthly: 100 / 200 / 300 max 900, delay: 2 weeks}
  b: {once: 2k / 3k / 4k max 9k, delay: 3 weeks}
"""
)


@pytest.mark.parametrize(
    ("uplift", "twice"),
    [
        ("outside_view.uplift", ["investments.b.once"]),
        ("outside_view.uplift_monthly", ["investments.a.monthly", "costs.governance"]),
        ("outside_view.uplift_delay", []),  # all delays are single figures
    ],
)
def test_only_what_the_uplift_multiplies_is_counted_twice(uplift, twice):
    sets = [f"{uplift}=10 / 20 / 40 %"]  # of what size the uplift is may itself be uncertain
    if twice:
        with pytest.raises(InputError) as caught:
            scenario.read_text(RANGED, sets=sets)
        assert sorted(p.key for p in caught.value.problems) == sorted(twice)
        assert all(p.line > 0 and uplift in p.allowed for p in caught.value.problems)
    resolved = scenario.read_text(RANGED, sets=[*sets, "outside_view.count_both=yes"])
    assert counted_twice(resolved) == twice
    assert scenario.load_resolved(json.dumps(resolved)) == resolved
    if twice:  # an edited result cannot count twice in silence either
        resolved["parameters"]["outside_view.count_both"]["value"] = "no"
        with pytest.raises(InputError, match="overruns are counted twice"):
            scenario.load_resolved(json.dumps(resolved))


def test_ranges_without_an_uplift_and_an_uplift_without_ranges_are_fine():
    assert counted_twice(scenario.read_text(RANGED)) == []
    assert counted_twice(scenario.read_text(RANGED, sets=["outside_view.uplift=0 %"])) == []
    plain = [f"{key}=1k" for key in ("investments.b.once", "investments.a.monthly", "costs.governance")]
    lifts = [f"{path}=40 %" for path in APPLIES]
    resolved = scenario.read_text(RANGED, sets=[*plain, *lifts])
    assert counted_twice(resolved) == []
    # A class beside an uplift is no second count: it never enters the forecast.
    scenario.read_text(RANGED, sets=[*plain, *lifts, "outside_view.class=green-book"])


def test_the_shipped_claims_hold_ranges_that_include_overruns():
    with pytest.raises(InputError) as caught:
        scenario.read("claims", ["outside_view.uplift=40 %"])
    keys = [p.key for p in caught.value.problems]
    assert "investments.data architecture.once" in keys
    assert "pilots.production-ready.cost" in keys
    assert "pilots.demo.cost" not in keys  # a single figure
    assert caught.value.file.endswith("claims/scenario.yaml")
    assert all(p.line > 0 for p in caught.value.problems)


def test_the_factors():
    values = {"outside_view.uplift": 0.4, "outside_view.uplift_monthly": 0.5, "costs.platform": 100.0}
    values |= {"costs.governance": 10.0, "costs.curation": 0.0, "measurement.tooling": 2.0, "ai.cost": 7.0}
    assert factor(values, "outside_view.uplift") == 1.4
    assert factor(values, "outside_view.uplift_delay") == 1.0
    assert uplifted(values) == values | {
        "costs.platform": 150.0, "costs.governance": 15.0, "measurement.tooling": 3.0
    }  # fmt: skip


# --- what is published ---------------------------------------------------------------------------------


def test_published_figures_are_as_transcribed_a_second_time():
    """From the sources again, independently of the table: 56 % less is 0.44, 447 % over is 5.47."""
    again = {
        "it-projects-2011": (1471, {1.27, 1 / 6, 3.0, 1.7}),  # 27 %; one in six; 200 %; almost 70 %
        "large-it-2012": (5400, {1.45, 1.07, 0.44, 0.17}),
        "big-projects-2023": (16000, {0.085, 0.005, 0.18, 1 + 4.47}),
        "chaos-1994": (8380, {0.162}),
        "green-book": (50, {2.0, 0.1, 0.54, 0.41}),
        "ai-pilots-gartner-2021": (699, {0.54}),
        "ai-pilots-idc-2025": (0, {4 / 33}),
        "genai-nanda-2025": (52, {0.2, 0.05}),
    }
    assert set(again) == set(CLASSES)
    for name, (n, figures) in again.items():
        held = CLASSES[name]
        assert held.n == n
        assert {f.value for f in held.figures} == figures
        assert held.strength in ("published", "contested")
        assert {f.kind for f in held.figures} <= {"multiple", "share", "uplift", "success"}
        assert held.source
        assert held.caveat
    assert not set(COLUMNS) & set(CLASSES)
