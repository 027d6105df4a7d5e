"""`simgap capacity` and `simgap sweep --preview`, as a user types them."""

import csv
import json
import re
from dataclasses import replace

import pytest
from contract import HEAD, MAYBE, NUMBER, holds, load
from PIL import Image

from simgap.montecarlo.plan import STACKED
from simgap.report.capacity import screen, words
from simgap.results.tables import settings
from simgap.study import capacity
from simgap.study import load as load_case
from simgap.study.setting import silent

WORTH = {"net": NUMBER, "before_wage": NUMBER}
CAPACITY = {
    **HEAD,
    "reviewers": {"fewest": NUMBER, "most": NUMBER},
    "carried": {
        "share": NUMBER,
        "ci95": [NUMBER],
        "risk": NUMBER,
        "never_over": bool,
        "shares": [NUMBER],
        "p_over": [NUMBER],
        "utilisation": {"p5": [MAYBE], "p50": [MAYBE], "p95": [MAYBE]},
    },
    "planned": {"share": NUMBER, "p_over": NUMBER, "utilisation": MAYBE},
    "hour": {"central": WORTH, "one_more_reviewer": WORTH, "hours": NUMBER},
}
OVERLOAD = {"share": NUMBER, "p_over": NUMBER, "p_over_ci95": [NUMBER]}
VERDICT = {"value": NUMBER, "ci95": [NUMBER], "agrees": (bool, type(None))}
CHECK = {
    "replications": NUMBER,
    **OVERLOAD,
    "tried": [OVERLOAD],
    "carried_simulated": NUMBER,
    "one_more_reviewer": {"net": VERDICT, "before_wage": VERDICT},
}
SMALL = """
simgap: 1
clock: {horizon: 4 months}
pilots: {token: {lasts: 4 weeks}}
workflows: {letters: {volume: 100 per day, profile: "Mon-Fri 09:00-17:00", error_cost: 50}}
legacy: {cost: 6 per item}
ai: {accuracy: 80 / 90 / 95 %}
governance: {mandatory_review: 40 / 60 / 80 %}
oversight: {reviewers: 1, wage: 35 per hour, time: 6 min, deadline: 8 h}
"""


def told(text=SMALL, sets=(), draws=20, replications=0):
    return load_case(text, sets).capacity(draws, replications, workers=1)


def test_the_cliff_is_where_arithmetic_puts_it():
    """140 items on a working day, 60 % of them reviewed for 0.1 h, 8 hours: 95 % at the median."""
    result = told(draws=40)
    holds(CAPACITY, result.json())
    carried = result.summary["carried"]
    # 7/5 x 100 x share x P95 of the review share x 0.1 h = 8 h; the P95 of 40 / 60 / 80 % is about 86 %.
    assert carried["share"] == pytest.approx(8.0 / (140.0 * 0.86 * 0.1), abs=0.08)
    assert carried["p_over"][0] == 0.0 < carried["p_over"][-1]
    assert result.summary["planned"]["share"] == 1.0
    assert "beyond the cliff" in result.text().replace("\n", " ")
    curve = result.figure().axes[0].lines[0].get_xydata().tolist()
    assert [carried["share"], carried["risk"]] in curve
    assert curve == sorted(curve)


def test_an_hour_that_nobody_needs_costs_its_wage():
    """Paid by headcount, and never over: what one more reviewer brings is the wage, discounted."""
    result = told(sets=["governance.mandatory_review=10 %"], replications=3)
    hour = result.summary["hour"]
    assert result.summary["carried"]["never_over"]
    assert result.summary["check"]["one_more_reviewer"]["net"]["agrees"] is True
    for worth in (hour["central"], hour["one_more_reviewer"]):
        assert worth["before_wage"] == pytest.approx(0.0, abs=0.05)
        assert -35.0 < worth["net"] < -32.0
    assert "all of the work" in result.text()
    assert "one reviewer carries" in result.text()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["oversight.reviewers=0"], "There are no reviewers.*a whole reviewer more"),
        (["workflows.letters.volume=100k per day"], "one reviewer carries 0 %"),
        (["adoption.ceiling=50 / 70 / 90 %"], "The plan is (6[5-9]|7[0-5]) %"),
        pytest.param(["governance.mandatory_review=none"], "carries all of the work", marks=pytest.mark.slow),
        pytest.param(["oversight.reviewers=300"], "300 reviewers carry all", marks=pytest.mark.slow),
        pytest.param(
            ["oversight.hire_above=4 h", "oversight.hire_max=3", "oversight.hire_lead_time=1 week"],
            "reviewers? carr",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_cases_at_the_edge(sets, words):
    result = told(sets=sets)
    text = result.text()
    assert re.search(words, text.replace("\n", " "))
    assert max(map(len, text.splitlines())) <= 80
    json.dumps(result.json(), allow_nan=False)


def test_months_of_few_heads_are_months():
    """One reviewer until month 2 is as much in the way as one for ever; nobody carries nothing."""
    for_ever = told().summary["carried"]["share"]
    growing = told(sets=["oversight.headcount_plan=[1 from month 0, 12 from month 2]"])
    assert growing.summary["carried"]["share"] == pytest.approx(for_ever, rel=0.05)
    assert "1 to 12 reviewers carry" in growing.text()
    late = told(sets=["oversight.headcount_plan=[0 from month 0, 6 from month 2]"])
    assert late.summary["carried"]["share"] == 0.0
    assert late.summary["planned"]["p_over"] == 1.0
    assert late.json()["planned"]["utilisation"] is None
    assert late.summary["hour"]["central"] is None  # nobody can be half away
    text = " ".join(late.text().split())
    assert "nobody to do it" in text
    assert "a whole reviewer more" in text


def test_the_check_may_have_more_draws_than_the_fluid_model():
    check = told(draws=5, replications=8).summary["check"]
    holds(CHECK, check)
    assert check["replications"] == 8
    one = check["one_more_reviewer"]["net"]
    assert one["ci95"][0] < one["value"] < one["ci95"][1]


def test_draws_that_one_model_lacks_are_left_out_of_the_pairs():
    """As where draws end with `backlog_limit`: they are met by their number, not by their place."""
    case = load_case(SMALL)
    fluid, _ = case.evaluate(capacity.fluid_plan(20), 7, 1, silent, "fluid")
    simulated, _ = case.evaluate(capacity.check_plan(0.5, 12), 7, 1, silent, "compiled")
    whole = capacity.summary(case.resolved, 7, fluid, simulated)["check"]["one_more_reviewer"]["net"]
    kept = [i for i, (_, draw, _) in enumerate(fluid.rows) if draw not in (0, 3)]
    rows = {name: getattr(fluid, name)[kept] for name in STACKED}
    fewer = replace(fluid, rows=tuple(fluid.rows[i] for i in kept), **rows)
    held = capacity.summary(case.resolved, 7, fewer, simulated)["check"]["one_more_reviewer"]["net"]
    half = [one["ci95"][1] - one["value"] for one in (whole, held)]
    # Pairs that were one or two draws off would explain nothing, and the interval would be the plain one.
    assert half[1] < 2.0 * half[0]
    assert abs(held["value"] - whole["value"]) < half[0] + half[1]


@pytest.mark.parametrize(
    ("expected", "mean", "half", "agrees"),
    [
        (-31.1, -31.1 - 1e-14, 0.0, True),
        (-31.1, -31.3, 0.0, False),
        (10.0, 11.0, 2.0, True),
        (10.0, 5.0, 6.0, None),  # holds 0
        (10.0, 15.0, 6.0, None),  # holds 20
        (10.0, 40.0, 6.0, False),
        (0.0, -9e-15, 0.0, True),
    ],
)
def test_what_agrees(expected, mean, half, agrees):
    found = capacity._verdict(expected, mean, half, 31.1)
    assert found["agrees"] is agrees
    assert found["value"] == (mean if abs(mean) > 1e-9 else 0.0)


def test_the_screen_says_what_the_check_refutes():
    summary = told(replications=12).summary
    check = summary["check"]
    for p_over, interval, said, unsaid in [
        (0.4, [0.22, 0.61], "draws); simulated, with luck, 40 in 100", "Simulated, 40"),
        (0.04, [0.01, 0.1], "Simulated, 4 in 100", "Chance adds"),
        (0.08, [0.04, 0.15], "Simulated, 8 in 100", "with luck"),
    ]:
        changed = {**summary, "check": {**check, "p_over": p_over, "p_over_ci95": interval}}
        text = " ".join(" ".join(words(changed)).split())
        assert said in text
        assert unsaid not in text
        assert ("Chance adds" in text) == (p_over > 0.05)


def test_it_is_checked_by_simulation():
    result = told(replications=12)
    check = result.summary["check"]
    holds(CHECK, check)
    assert check["replications"] == 12
    steps = [one["share"] / check["share"] for one in check["tried"]]
    assert steps == pytest.approx([1.0, 0.75, 0.5, 0.25])
    chances = [one["p_over"] for one in check["tried"]]
    assert chances == sorted(chances, reverse=True)
    held = [one["share"] for one in check["tried"] if one["p_over"] <= 0.05]
    assert check["carried_simulated"] == max(held, default=0.0)
    low, high = check["one_more_reviewer"]["net"]["ci95"]
    assert low <= check["one_more_reviewer"]["net"]["value"] <= high
    assert "12 simulated pairs" in result.text().replace("\n", " ")
    assert result.complete


def test_the_command_writes_its_folder(simgap, tmp_path):
    file, out = tmp_path / "small.yaml", tmp_path / "out"
    file.write_text(SMALL, encoding="utf-8")
    done = simgap("capacity", file, "--draws", 20, "--no-check", "--out", out, "--workers", 1)
    assert done.code == 0
    data = load(out)
    assert data["provenance"]["command"] == "capacity"
    assert screen(data, settings(data["provenance"]["scenario"])) in done.out
    with (out / "capacity.csv").open(newline="") as table:
        assert len(list(csv.DictReader(table))) == 10
    with Image.open(out / "capacity.png") as picture:
        assert picture.width > 600


def test_a_preview_says_what_it_is(simgap, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    over = ["sweep", file, "--over", "oversight.reviewers=1:3:3", "--preview", "--workers", 1]
    data = json.loads(simgap(*over, "--json").out)
    assert data["engine"] == "fluid"
    assert data["preview"] is True
    assert data["replications"] == 50
    shown = simgap(*over, "--out", tmp_path / "out")
    assert "PREVIEW by the fluid model" in shown.out
    assert load(tmp_path / "out")["mean"] == data["mean"]


def test_a_preview_is_near_what_is_simulated():
    case = load_case(SMALL)
    over = ["governance.mandatory_review=20 %:80 %:3"]
    fluid = case.sweep(over, replications=8, workers=1, preview=True)
    simulated = case.sweep(over, replications=8, workers=1)
    assert not simulated.preview
    # 7,000 items of a mean benefit of a few euros: the scatter of eight trials is under 2k.
    assert fluid.mean == pytest.approx(simulated.mean, abs=4e3)


def test_a_preview_leaves_the_engine_alone(simgap, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    done = simgap("sweep", file, "--over", "data=0:1:2", "--preview", "--engine", "reference")
    assert done.code == 2
    assert "simulates nothing" in done.err
