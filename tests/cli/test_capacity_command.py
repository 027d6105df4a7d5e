"""`simgap capacity` and `simgap sweep --preview`, as a user types them."""

import csv
import json
import re

import pytest
from contract import HEAD, MAYBE, NUMBER, holds, load
from PIL import Image

from simgap.report.capacity import screen
from simgap.results.tables import settings
from simgap.study import load as load_case

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
    result = told(draws=60)
    holds(CAPACITY, result.json())
    carried = result.summary["carried"]
    # 7/5 x 100 x share x P95 of the review share x 0.1 h = 8 h; the P95 of 40 / 60 / 80 % is about 86 %.
    assert carried["share"] == pytest.approx(8.0 / (140.0 * 0.86 * 0.1), abs=0.08)
    assert carried["p_over"][0] == 0.0 < carried["p_over"][-1]
    assert result.summary["planned"]["share"] == 1.0
    assert "beyond the cliff" in result.text().replace("\n", " ")


def test_an_hour_that_nobody_needs_costs_its_wage():
    """Paid by headcount, and never over: what one more reviewer brings is the wage, discounted."""
    result = told(sets=["governance.mandatory_review=10 %"])
    hour = result.summary["hour"]
    assert result.summary["carried"]["never_over"]
    for worth in (hour["central"], hour["one_more_reviewer"]):
        assert worth["before_wage"] == pytest.approx(0.0, abs=0.05)
        assert -35.0 < worth["net"] < -32.0
    assert "all of the work" in result.text()
    assert "One reviewer carries" in result.text()


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        (["oversight.reviewers=0"], "There are no reviewers"),
        (["workflows.letters.volume=100k per day"], "One reviewer carries 0 %"),
        (["oversight.headcount_plan=[2 from month 2]"], "1 to 2 reviewers carry"),
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


def test_it_is_checked_by_simulation():
    result = told(replications=12)
    check = result.summary["check"]
    assert check["replications"] == 12
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
