"""`simgap trace`: the replication is that of `run`, bit for bit; the files, the screen, wrong input."""

import csv
import datetime
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import simgap as package
from simgap.model import keys
from simgap.model.clock import HOUR, MONTH
from simgap.plots import style
from simgap.report.eventlog import COLUMNS

FILES = {"result.json", "events.csv", "events.xes", "timeline.png"}
REVIEWED = ("--set", "oversight.review_least_confident=90 %")
GOVERNED = """
simgap: 1
name: governed
clock: {decision: 2026-03-10, horizon: 4 months}
success: npv > 0
base: {pilot: demo}
legacy: {cost: 14 / 18 / 24 per item, error_rate: 4 %}
workflows:
  letters: {volume: 10 per day | 15 per day, error_cost: 5, consequential: 40 %}
data: {missing: 1 % | 10 / 20 / 30 %, duplicate: none | 5 %, validated: 20 %, repaired: 50 %}
edge_cases: {share: none | 10 %}
ai: {accuracy: 80 / 90 / 95 %}
integration:
  outages: none | 60 per year
  outage_time: 12 h
  lost: none | 30 %
  throughput: none | 20 per hour
oversight:
  reviewers: 1
  wage: 30 per hour
  time: 25 min
  review_least_confident: 30 %
  catch: 90 % | 60 %
  deadline: none | 6 h
  escalated: none | 20 %
  specialists: 1
  headcount_plan: none | [2 from month 2]
governance:
  surfaced: none | 60 %
  lag: 1 week
  explainable: 80 %
  reviewable: 80 %
  resolve: 2 weeks
  warn: 2
  restrict: 3
  suspend: 5
  window: 2 weeks
  probation: 1 week
adoption: {ceiling: 100 % | 98 %}
pilots: {demo: {cost: 1k, lasts: 2 weeks}}
"""


@pytest.fixture(scope="module")
def governed():
    """Two trials of a case in which all happens that a log can tell of, and traces of the second."""
    case = package.load(GOVERNED)
    result = case.run(replications=2, seed=7, workers=1)
    return result, {phase: case.trace(1, 7, phase) for phase in ("production", "pilot")}


def test_the_counts_are_those_of_the_run(governed):
    result, traces = governed
    trial, found = result.trials.iloc[1], traces["production"].json()
    assert (found["items"], found["duplicates"]) == (trial["n_items"], trial["n_duplicates"])
    for word, n in found["outcomes"].items():
        assert n == trial[f"n_{word}"], word
    for word, n in found["escaped"].items():
        assert n == trial[f"n_escaped_{word}"], word
    for word, n in found["reasons"].items():
        assert n == trial[f"n_trigger_{word}"], word
    happened = found["activities"]
    assert happened["review schedule"] == trial["n_queued"]
    assert happened["review withdraw"] == trial["n_deadline_missed"]
    assert happened["specialist schedule"] == trial["n_specialist_queued"]
    assert happened["AI complete"] == trial["n_ai_served"]
    counted = {name: trial[f"n_{name}"] for name in ("incidents", "latent_incidents", "problems")}
    assert {name: found[name] for name in counted} == counted
    hours = {word: trial[f"n_level_{word}"] for word in found["level_shares"]}
    for word, share in found["level_shares"].items():
        assert share == pytest.approx(hours[word] / sum(hours.values())), word
    # The case would prove little if one of these never happened.
    rare = [*found["outcomes"].values(), *found["escaped"].values(), *hours.values()]
    assert min(*rare, *counted.values(), found["outages"], found["duplicates"]) > 0
    assert traces["pilot"].json()["items"] == trial["n_pilot_items"]


def test_every_detail_agrees_with_the_run(governed):
    result, traces = governed
    trial, entries = result.trials.iloc[1], traces["production"].entries
    unique = [e for e in entries if e.kind == keys.ITEM]
    arrivals = [e.detail for e in unique if e.activity == "arrival"]
    assert sum(d.get("exception", False) for d in arrivals) == trial["n_exceptions"]
    assert sum(d.get("edge_case", False) for d in arrivals) == trial["n_edge_cases"]
    assert sum("defects" not in d for d in arrivals) == trial["n_suspended"] + trial["n_declined"]
    assert sum(e.detail.get("right", False) for e in unique if e.activity == "AI") == trial["n_ai_right"]
    assert sum(e.detail.get("verdict") == "caught" for e in unique) == trial["n_caught"]
    late = [e for e in unique if e.activity == "end" and e.time >= traces["production"].timeline.window]
    assert len(late) == trial["n_late"]


def test_the_backlog_and_the_arrivals_of_each_month_are_those_of_the_run(governed):
    result, traces = governed
    trace = traces["production"]
    monthly = result.monthly[result.monthly["draw"] == 1]
    steps = {"schedule": 1, "start": -1, "withdraw": -1}
    for month, items, backlog in monthly[["month", "items", "backlog"]].itertuples(index=False):
        low, high = ((m * MONTH - trace.timeline.go_live) for m in (month - 1, month))
        before = [e for e in trace.entries if e.activity == "review" and e.time < high]
        assert sum(steps.get(e.transition, 0) for e in before) == backlog
        came = [e for e in trace.entries if e.activity == "arrival" and low <= e.time < high]
        assert sum(e.kind == keys.ITEM for e in came) == items


def test_the_lives_of_items_are_whole_and_in_order(governed):
    trace = governed[1]["production"]
    times = [e.time for e in trace.entries]
    assert times == sorted(times)
    lives = {}
    for e in trace.entries:
        if e.kind in (keys.ITEM, keys.DUPLICATE):
            lives.setdefault((e.kind, e.entity), []).append(f"{e.activity} {e.transition}")
    served = "schedule", "start", "complete"
    reviewed = r"review schedule,review (start,review complete|withdraw)"
    expert = r"specialist schedule,specialist (start,specialist complete|withdraw)"
    ai = ",".join(f"AI {step}" for step in served)
    connector = ",".join(f"connector {step}" for step in served)
    pattern = re.compile(
        rf"arrival complete(,{connector},(AI withdraw|{ai}))?(,{reviewed}(,{expert})?)?,end complete"
    )
    assert [life for life in lives.values() if not pattern.fullmatch(",".join(life))] == []


def test_months_divide_the_log(governed):
    case, whole = package.load(GOVERNED), governed[1]["production"]
    parts = [case.trace(1, 7, months=span) for span in ((1, 2), (3, 4))]
    of_items = [[e for e in part.entries if e.kind in (keys.ITEM, keys.DUPLICATE)] for part in parts]
    assert all(of_items)
    rest = [e for e in whole.entries if e.kind not in (keys.ITEM, keys.DUPLICATE)]
    assert sum(map(len, of_items)) + len(rest) == len(whole.entries)
    for part, low, high in zip(parts, (0, 2), (2, 4), strict=True):
        came = [e.time + whole.timeline.go_live for e in part.entries if e.activity == "arrival"]
        assert low * MONTH <= min(came) <= max(came) < high * MONTH
        assert [e for e in part.entries if e.kind not in (keys.ITEM, keys.DUPLICATE)] == rest
    assert parts[0].json()["longest_queue"] == whole.json()["longest_queue"]


def test_go_live_is_the_decision_and_the_pilot(governed):
    utc = datetime.UTC
    assert governed[1]["pilot"].start == datetime.datetime(2026, 3, 10, tzinfo=utc)
    assert governed[1]["production"].start == datetime.datetime(2026, 3, 24, tzinfo=utc)


def test_the_folder(simgap, tiny, tmp_path):
    common = ("trace", tiny, "--replication", 2, "--seed", 5)
    for name in "ab":
        answer = simgap(*common, "--out", tmp_path / name)
        assert (answer.code, answer.err) == (0, "")
        assert f"Written to {tmp_path / name}" in answer.out
        assert "--out" not in answer.out
    a, b = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in "ab")
    assert set(a) == FILES
    assert {name for name in FILES if a[name] != b[name]} <= {"result.json"}  # which holds the time
    with (tmp_path / "a" / "events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    trace = package.load(tiny).trace(2, 5)
    assert [round(float(row["hours"]) * HOUR) for row in rows] == [e.time for e in trace.entries]
    root = ET.parse(tmp_path / "a" / "events.xes").getroot()
    assert len(root.findall("trace/event")) == len(rows)
    assert len(root.findall("trace")) == len({row["case"] for row in rows})
    again = simgap("trace", tmp_path / "a" / "result.json", *common[2:], "--out", tmp_path / "c")
    assert again.code == 0
    assert (tmp_path / "c" / "events.xes").read_bytes() == a["events.xes"]


def test_existing_results_are_replaced_only_when_asked(simgap, refused, tiny, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    before = {"result.json", "trials.parquet", "value.png", "notes.txt"}  # of a run, and of the user
    for name in before:
        (out / name).write_text(name, encoding="utf-8")
    said = refused("trace", tiny, "--out", out)
    assert said == f"--out: {out}: already holds results or other files; another folder, or --overwrite\n"
    assert {f.name for f in out.iterdir()} == before
    assert simgap("trace", tiny, "--quiet", "--out", out, "--overwrite") == (0, "", "")
    assert {f.name for f in out.iterdir()} == FILES | {"notes.txt"}


def test_writing_that_fails_leaves_nothing(simgap, tiny, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(style, "save", fail)  # the last of the files
    answer = simgap("trace", tiny, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "No space left on device" in answer.err
    assert "items arrive" in answer.out
    assert list(tmp_path.iterdir()) == []


def test_the_screen(simgap, tiny, tmp_path):
    path = tmp_path / "governed.yaml"
    path.write_text(GOVERNED, encoding="utf-8")
    for source, more in ((tiny, ()), (path, ("--months", "2:3"))):
        answer = simgap("trace", source, *more)
        assert (answer.code, answer.err) == (0, "")
        assert max(map(len, answer.out.splitlines())) <= 80
        assert "Use --out DIR for the event log" in answer.out
    found = package.load(GOVERNED).trace(months=(2, 3)).json()
    flat = " ".join(answer.out.split())
    assert (
        f"governed: replication 0 in production, seed 1 {found['items']:,} items arrive in months 2 to 3"
        in flat
    )
    for word, n in (found["outcomes"] | found["reasons"]).items():
        assert (f" {word} {n:,} " in flat) == (n > 0)
    assert f"autonomous {found['level_shares']['autonomous']:.1%}" in flat
    assert f"Longest queue: {found['longest_queue']['items']:,} items" in flat
    assert simgap("trace", tiny, "--quiet") == (0, "", "")


def test_the_json_is_described_and_of_the_phase_asked_for(data, tiny):
    found = data("trace", tiny, "--phase", "pilot", "--seed", 5, "--set", "oversight.reviewers=2")
    assert (found["phase"], found["seed"], found["replication"]) == ("pilot", 5, 0)
    assert (found["months"], found["files"]) == (
        None,
        ["result.json", "events.csv", "events.xes", "timeline.png"],
    )
    assert found["provenance"]["command"] == "trace"
    page = (Path(__file__).parents[2] / "docs" / "interface.md").read_text(encoding="utf-8")
    described = set(re.findall(r"\w+", page[page.index("## JSON of `trace`") :].partition("\n## ")[0]))
    assert set(found) - {"scenario", "seed", "engine", "version", "provenance"} <= described
    shown = (Path(__file__).parents[2] / "docs" / "trace.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if f"| `{name}` |" not in shown and f"`{name}`" not in shown] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--replication", -1), "--replication: -1; 0 to 9999999"),
        (("--replication", 10**7), "--replication: 10000000; 0 to 9999999"),
        (("--replication", "first"), "'first' is not a valid integer"),
        (("--phase", "beta"), "'beta' is not one of 'production', 'pilot'"),
        (("--months", "3"), "`3` is not a span of months such as 3:6"),
        (("--months", "2:99999"), "`2:99999` is not a span of months such as 3:6"),
        (("--months", "3:2"), "--months: 3:2; A:B within 1:3, the months from the decision to the end"),
        (("--months", "0:1"), "--months: 0:1; A:B within 1:3"),
        (("--months", "1:4"), "--months: 1:4; A:B within 1:3"),
        (("--phase", "pilot", "--months", "1:2"), "--months: 1:2; A:B within 1:1"),
        (("--seed", -1), "-1 is not in the range 0<=x<=4294967295"),
        (("--set", "workflows.letters.volume=1e9 per day"), "items, too many for a log; up to 1,000,000; a"),
        ((*REVIEWED, "--set", "oversight.time=1000000 h"), "outlasts what can be simulated; a time in"),
        (("--set", "pilots.demo.lasts=2 years"), "leave nothing of the window"),
    ],
)
def test_wrong_input_is_refused_in_words(refused, tiny, arguments, said):
    assert said in refused("trace", tiny, *arguments)


def test_the_python_interface_refuses_too():
    with pytest.raises(package.errors.InputError, match="--phase: beta; production or pilot"):
        package.load("minimal").trace(phase="beta")


def test_a_replication_that_outlasts_the_calendar_is_refused(refused, tiny, monkeypatch):
    # Problems may take centuries to close; here the calendar ends sooner instead.
    monkeypatch.setattr("simgap.study.limits.date_of", lambda _: datetime.date(9999, 12, 31))
    assert "the replication ends after the year 9999; an" in refused("trace", tiny)
