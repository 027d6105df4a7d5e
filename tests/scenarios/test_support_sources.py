"""The data behind the scenario `support`: derived numbers, published ones and the page that states them."""

import gzip
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from shipped import derivation

from simgap.scenario import read

SUPPORT = Path(__file__).parents[2] / "scenarios" / "support"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

# Worked out a second time, from the original arrays, or by hand from the figures of the studies.
DERIVED = {
    "ai.accuracy": (0.8872, 0.911, 0.9539),
    "edge_cases.recognised": (0.1415, 0.296, 0.4859),
    "ai.accuracy ~ edge_cases.recognised": 0.6160620,
    "workflows.email.ai.accuracy": 6955 / 7532,
    "ai.auroc": 0.8936648,
    "ai.sigma_w": 0.9794098,
    "workflows.billing disputes.ai.accuracy": (0.6028863, 0.7976557, 0.911),
    "data.missing_penalty": (0.1096779, 0.3468321, 1.0967795),
    "data.format_penalty": (0.1125224, 0.3558272, 1.1252244),
    "data.stale_penalty": (0.0498598, 0.1576704, 0.4985977),
    "data.schema_penalty": (1.0967795, 1.7538240, 2.1925359),
    "data.stale@pilot": 0.02,
    "data.stale": (0.0588080, 0.2152833, 0.3842197),
    "data.duplicate": (1 / 60, 0.0527046, 1 / 6),
    "workflows.chat.oversight.deadline": 10.9135667,
    "oversight.time": (1.4275362, 2.8550725, 5.7101449),
    "oversight.wage": 29.2075832,
    "workflows.billing disputes.oversight.time": (8.0, 15.4919334, 30.0),
    "measurement.audit_cost": 3.1966077,
    "drift.erosion": (0.0037080, 0.0116788, 0.0364674),
    "iteration.lead_time": (4.2904107, 28.6708772, 191.5945267),
    "governance.resolve@pilot": 10.8624908,
    "governance.resolve_cv@pilot": 1.0476955,
    "governance.resolve": (10.8624908, 118.8334520, 250.6197582),
    "governance.resolve_cv": 3.2446363,
}
# Transcribed a second time from the studies' figures; SOURCES.md holds the first transcription.
PUBLISHED = {
    "legacy.cost": [3.82, 8.01, 9.10],
    "workflows.email.legacy.cost": [4.42, 8.01, 9.10],
    "workflows.billing disputes.legacy.cost": [9.10, 26.04],
    "oversight.time_cv": [1.21],
    "oversight.wage: high": [32.7],
    "oversight.specialist_wage": [44.7],
    "oversight.catch": [39, 71],
    "oversight.overturn": [4.1],
    "oversight.hire_lead_time": [33.3, 42],
    "oversight.hire_learning": [2, 6],
    "measurement.audit": [1, 5],
    "adoption.ceiling": [36, 67],
    "ai.cost": [0.0008, 0.0165],
    "clock.holidays": [11],
    "check: more issues an hour": [14, 15, 34],
    "check: suggestions followed": [38],
    "check: customers who used a chatbot": [8],
    "check: would change the firm": [53],
    "check: first contact resolved": [70],
    "check: accuracy alone with tools": [35, 61],
    "check: damages after a wrong answer": [650.88],
}


@pytest.fixture(scope="module")
def support():
    return derivation("support")


def page():
    return (SUPPORT / "SOURCES.md").read_text("utf-8")


def table(heading):
    """Cells of the first table under a heading of SOURCES.md, by the key in its first column."""
    lines = re.search(r"(?:^\|.*\n)+", page().split(f"# {heading}\n")[1], re.MULTILINE)[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {key: rest for key, *rest in rows}


def test_derived_values(support):
    found = support.derive()
    assert found.keys() == DERIVED.keys() == support.HOW.keys()
    for key, value in DERIVED.items():
        assert found[key] == pytest.approx(value, abs=2e-7), key


def test_page_states_the_derived_values(support):
    cells = table("Derived")
    assert cells.keys() == DERIVED.keys()
    for key, value in support.derive().items():
        values = value if isinstance(value, tuple) else (value,)
        shown = [float(number) for number in cells[key][0].split(" / ")]
        assert shown == pytest.approx(values, rel=6e-3), key


def test_page_states_the_published_values():
    found = {key: [float(n) for n in NUMBER.findall(cells[0])] for key, cells in table("Published").items()}
    assert found == PUBLISHED


def test_every_source_of_the_scenario_is_on_the_page_and_back():
    scenario = read("support")
    rows = [(key, cells[1]) for key, cells in table("Derived").items()]
    rows += [(key, cells[2]) for key, cells in table("Published").items()]
    assert {source.strip("`") for _, source in rows} - {"-"} == set(scenario["sources"])
    # A row of the page names the source that the scenario gives.
    for key, source in rows:
        path = re.split(r"[@:]", key)[0]
        if path in scenario["parameters"]:
            assert f"`{scenario['parameters'][path]['source']}`" == source, key


def test_triples_rise(support):
    for key, value in support.derive().items():
        if isinstance(value, tuple):
            assert 0 < value[0] < value[1] < value[2], key


def test_table_of_classifiers(support):
    # Seven classifiers, two ways each; trained on examples out of scope, BERT finds 40.3 % of them.
    assert len(support.CLASSIFIERS) == 14
    assert len({name.split(",")[0] for name in support.CLASSIFIERS}) == 7
    assert support.CLASSIFIERS["BERT, trained"] == (96.9, 40.3)
    right, found, _ = support.over_classifiers()
    # Sorted: 88.2 88.6 89.0 ... and 90.9 91.0 91.2 around the middle.
    assert right[0] == pytest.approx(0.886 + 0.3 * (0.890 - 0.886))
    assert right[1] == pytest.approx((0.910 + 0.912) / 2)
    assert found[1] == pytest.approx((0.283 + 0.309) / 2)


def test_disputes_by_hand(support):
    # Odds 0.58 / 0.42 against 0.17 / 0.83: a ratio of 6.742; at odds of 9 to 1 that leaves 1.335 to 1.
    low, mid, high = support.of_disputes(0.9)
    assert low == pytest.approx(1.3349 / 2.3349, rel=1e-4)
    assert mid == pytest.approx(9 / math.sqrt(6.7423) / (1 + 9 / math.sqrt(6.7423)), rel=1e-4)
    assert high == pytest.approx(0.9)


def test_penalties_against_known_losses(support):
    # 9.7 points of 94.23 % at 15 % missing; 10.1 at 20 % of other formats; 3.4 at 15 % wrong.
    for name, points in (("missing", 9.7), ("format", 10.1), ("stale", 3.4)):
        after = 0.9423 - points / 100
        lost = math.log(0.9423 / 0.0577) - math.log(after / (1 - after))
        assert support.penalties()[name][2] == pytest.approx(lost, abs=0.006), name


def test_patience_is_within_ten_minutes_for_sixty_per_cent():
    assert stats.expon(scale=DERIVED["workflows.chat.oversight.deadline"]).cdf(10) == pytest.approx(0.6)


def test_lead_time_law_goes_through_both_shares(support):
    low, mid, high = support.claims.lead_time()
    law = stats.lognorm(math.log(high / mid) / stats.norm.ppf(0.9), scale=mid)
    assert math.log(mid / low) == pytest.approx(math.log(high / mid))
    # 14 and 42 of the 82 per cent that deploy at all.
    assert law.cdf([7, 30]) == pytest.approx([14 / 82, 42 / 82])


def test_erosion_comes_to_a_fifth_in_three_years():
    kept = (1 - DERIVED["drift.erosion"][2]) ** 36
    odds = 0.911 / 0.089 * kept
    assert odds / (1 + odds) == pytest.approx(0.8 * 0.911, abs=2e-6)


def test_calls_against_their_fit(support):
    median, mean, cv = support.checks()["median, mean, cv of the fitted call"]
    assert median == pytest.approx(support.MEDIAN_CALL, rel=0.02)
    assert mean == pytest.approx(support.MEAN_CALL, rel=0.02)
    assert cv == pytest.approx(1.44, abs=0.005)
    assert cv > support.CV_CALL


def test_news_by_counting(support):
    score, right = support.news()
    assert len(score) == 7532
    assert right.sum() == 6955
    assert score.min() >= 1 / 20
    better, worse = np.sort(score[right]), score[~right]
    below, upto = (np.searchsorted(better, worse, side).mean() for side in ("left", "right"))
    assert DERIVED["ai.auroc"] == pytest.approx(1 - (below + upto) / 2 / len(better), rel=1e-4)


def test_page_states_the_errors_captured(support):
    cells = table("Long messages, and whether it knows: 20 news groups")
    figures = support.checks()
    for share in support.claims.REVIEWED:
        found = figures[f"errors captured: data, fitted sigma_w, equal variance: {share:.0%}"]
        assert cells[f"{share:.0%}".replace("%", " %")] == [f"{100 * value:.1f} %" for value in found]


def test_excerpt_is_small_and_has_its_notice():
    files = [file for file in (SUPPORT / "data").iterdir() if file.name != "NOTICE.md"]
    assert sum(file.stat().st_size for file in files) < 50_000
    notice = (SUPPORT / "data" / "NOTICE.md").read_text("utf-8")
    for file in files:
        assert f"`{file.name}`" in notice, file.name
    packed = (SUPPORT / "data" / "news_confidence.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # the time stamp of a gzip header
    assert gzip.decompress(packed).count(b"\n") == 7533
