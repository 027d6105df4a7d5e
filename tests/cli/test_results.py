"""What run and sweep give: the JSON contract, the same bits again, the result folder."""

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from contract import HEAD, MAYBE, NUMBER, STATS, TEXT, files, holds, load, without_times
from pyarrow import parquet

import simgap as package
from simgap.plots import style
from simgap.results import tables

RUN_FILES = {
    "result.json",
    "trials.parquet",
    "monthly.parquet",
    "value.png",
    "cash.png",
    "dashboard.png",
    "tornado.png",
}
SWEEP_FILES = {"result.json", "grid.csv", "sweep.png"}
OVER = ("--over", "data=0:1:2")

WAITS = {"mean": MAYBE, "p50": MAYBE, "p95": MAYBE}
OPERATIONS = (
    "items",
    "straight_through_rate",
    "review_share",
    "reviewer_utilisation",
    "deadline_miss_rate",
    "escaped_error_rate",
    "incidents",
    "restricted_time_share",
    "oversight_cost_per_item",
)
RUN = {
    **HEAD,
    "projected": {"npv": STATS},
    "realised": {
        "npv": STATS,
        "cashable_npv": STATS,
        "p_negative": NUMBER,
        "p_success": NUMBER,
        "cvar5": NUMBER,
        "payback_months": {"p_never": NUMBER, "p5": MAYBE, "p50": MAYBE, "p95": MAYBE},
        "peak_funding": STATS,
    },
    "gap": STATS,
    "realisation_ratio": {"value": NUMBER, "ci95": [NUMBER]},
    "operations": {
        **dict.fromkeys(OPERATIONS, NUMBER),
        "review_wait_hours": WAITS,
        "review_wait_wall_hours": WAITS,
    },
    "workflows": [
        {
            "name": TEXT,
            "items": NUMBER,
            "straight_through_rate": MAYBE,
            "escaped_error_rate": MAYBE,
            "fallback_share": MAYBE,
            "net_benefit": NUMBER,
        }
    ],
    "dashboard": {"accuracy_reported": NUMBER, "accuracy_true": NUMBER},
    "precision": {
        "metric": TEXT,
        "half_width": NUMBER,
        "confidence": NUMBER,
        "method": TEXT,
        "reached": (bool, type(None)),
    },
}
SWEEP = {
    **HEAD,
    "axes": [{"key": TEXT, "values": [NUMBER]}],
    "outcome": TEXT,
    "mean": [NUMBER],
    "half_width": [NUMBER],
}


def test_the_json_of_run_keeps_the_contract(data, tiny):
    found = data("run", tiny, "--replications", 12, "--seed", 3, "--workers", 1)
    holds(RUN, found)
    assert (found["seed"], found["replications"], found["engine"]) == (3, 12, "compiled")
    low, high = found["realised"]["npv"]["ci95"]
    assert low < found["realised"]["npv"]["mean"] < high
    gap = found["projected"]["npv"]["mean"] - found["realised"]["npv"]["mean"]
    assert found["gap"]["mean"] == pytest.approx(gap)
    assert found["provenance"]["complete"] is True


def test_the_json_of_sweep_keeps_the_contract(data, tiny):
    more = ("--over", "oversight.time=4 min:10 min:2", "--workers", 1, "--replications", 2)
    found = data("sweep", tiny, "--over", "data=0:1:3", *more)
    holds({**SWEEP, "mean": [[NUMBER]], "half_width": [[NUMBER]]}, found)
    assert [len(row) for row in found["mean"]] == [2, 2, 2]
    assert found["axes"][0] == {"key": "data", "values": [0.0, 0.5, 1.0]}
    assert found["axes"][1]["values"] == pytest.approx([4 / 60, 10 / 60])
    assert (found["outcome"], found["replications"]) == ("npv", 2)
    curve = data("sweep", tiny, *OVER, "--workers", 1, "--replications", 2, "--outcome", "ratio")
    holds({**SWEEP, "half_width": [MAYBE]}, curve)  # Fieller's interval need not be bounded


def test_a_sweep_meets_run_at_production(data, tiny):
    # The dose 1 of a condition is production itself, on the draws and lucks of the same seed.
    common = ("--replications", 3, "--workers", 1, "--seed", 11)
    at_production = data("sweep", tiny, *OVER, *common)["mean"][1]
    assert at_production == data("run", tiny, *common)["realised"]["npv"]["mean"]


def test_the_numbers_do_not_depend_on_time_workers_or_the_form_of_the_file(simgap, data, tiny, tmp_path):
    common = ("--replications", 4, "--seed", 5)
    sources = (("a", tiny, 1), ("b", tiny, 2), ("c", tmp_path / "a" / "result.json", 1))
    for name, source, workers in sources:
        place = ("--workers", workers, "--out", tmp_path / name)
        assert simgap("run", source, *common, *place).code == 0
    first, expected = files(tmp_path / "a"), without_times(load(tmp_path / "a"))
    assert set(first) == RUN_FILES
    for name in "bc":
        other = files(tmp_path / name)
        assert [n for n in RUN_FILES if other[n] != first[n]] == ["result.json"]
        assert without_times(load(tmp_path / name)) == expected
    assert without_times(data("run", tiny, *common, "--workers", 1)) == expected
    other_seed = data("run", tiny, "--replications", 4, "--seed", 6, "--workers", 1)
    assert other_seed["realised"] != expected["realised"]


def test_the_parts_of_a_folder_agree(simgap, tiny, tmp_path):
    answer = simgap("run", tiny, "--replications", 3, "--workers", 1, "--out", tmp_path / "new" / "nested")
    assert answer.code == 0
    assert f"Written to {tmp_path / 'new' / 'nested'}" in answer.out
    result = load(tmp_path / "new" / "nested")
    trials = pd.read_parquet(tmp_path / "new" / "nested" / "trials.parquet")
    monthly = pd.read_parquet(tmp_path / "new" / "nested" / "monthly.parquet")
    assert len(trials) == 3
    assert len(monthly) == 9
    assert result["realised"]["npv"]["mean"] == pytest.approx(trials["realised_npv"].mean())
    assert result["operations"]["items"] == pytest.approx(monthly["items"].sum() / 3)


def test_the_tables_are_those_of_the_library(tmp_path):
    """Also to whoever reads them without pandas: what is not a number is missing."""
    result = package.load("minimal", sets=["clock.horizon=4 months"]).run(replications=3, workers=1)
    result.save(tmp_path / "out")
    for name, wanted in (("trials", result.trials), ("monthly", result.monthly)):
        path = tmp_path / "out" / f"{name}.parquet"
        pd.testing.assert_frame_equal(pd.read_parquet(path), wanted)
        table = parquet.read_table(path)
        assert table.column_names == list(wanted.columns)
        assert [table[c].null_count for c in wanted] == wanted.isna().sum().tolist()
    assert result.trials["irr"].isna().any()
    assert result.trials["draw"].dtype == np.int64


def test_a_table_written_in_parts_is_the_whole_table(monkeypatch, tiny, tmp_path):
    monkeypatch.setattr(tables, "TRIALS_AT_ONCE", 2)
    result = package.load(tiny).run(5, workers=1)
    result.save(tmp_path / "out")
    for name in ("trials", "monthly"):
        written = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        pd.testing.assert_frame_equal(written, getattr(result, name), check_exact=True)
    assert list(result.monthly["draw"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_existing_results_are_replaced_only_when_asked(simgap, refused, tiny, tmp_path):
    common = ("--replications", 1, "--workers", 1, "--quiet")
    out = tmp_path / "out"
    assert simgap("run", tiny, *common, "--out", out) == (0, "", "")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    before = files(out)
    said = refused("run", tiny, *common, "--seed", 2, "--out", out)
    assert said == f"--out: {out}: already holds results or other files; another folder, or --overwrite\n"
    assert files(out) == before
    assert simgap("sweep", tiny, *OVER, *common, "--out", out, "--overwrite").code == 0
    # No figure of the run may stay beside the result of the sweep; what is not ours stays.
    assert set(files(out)) == SWEEP_FILES | {"notes.txt"}
    assert files(out)["notes.txt"] == b"mine"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert simgap("sweep", tiny, *OVER, *common, "--out", empty).code == 0
    assert set(files(empty)) == SWEEP_FILES
    assert {path.name for path in tmp_path.iterdir()} == {"out", "empty"}


@pytest.mark.parametrize(
    ("out", "fragment"),
    [
        ("file", "is a file"),
        ("file/below", "cannot be used (Not a directory)"),
        ("a\0b", "is not a path"),
        ("n" * 300, "cannot be used (File name too long)"),
    ],
)
def test_a_folder_that_cannot_be(refused, tiny, tmp_path, out, fragment):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    said = refused("run", tiny, "--replications", 1, "--out", tmp_path / out)
    assert said.startswith("--out: ")
    assert fragment in said
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_may_not_be_written_is_refused_before_the_work(refused, tiny, tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    # Permission bits do not stop root, so the refusal is staged.
    monkeypatch.setattr("tempfile.mkdtemp", denied)
    monkeypatch.setattr("simgap.montecarlo.plan.run_trial", lambda *_: pytest.fail("simulated"))
    assert "cannot be used (Permission denied)" in refused(
        "run", tiny, "--workers", 1, "--out", tmp_path / "x"
    )


@pytest.mark.parametrize(
    ("error", "code", "fragment"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device"),
        (KeyboardInterrupt(), 3, "nothing was saved"),
        (RuntimeError("a figure broke"), 1, "simgap failed: RuntimeError: a figure broke"),
    ],
)
@pytest.mark.parametrize("existing", [False, True])
def test_writing_that_fails_leaves_nothing(
    simgap, tiny, tmp_path, monkeypatch, error, code, fragment, existing
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(style, "save", fail)
    out = tmp_path / "new" / "out"
    if existing:
        out.mkdir(parents=True)
        (out / "result.json").write_text("old", encoding="utf-8")
    answer = simgap("run", tiny, "--replications", 1, "--workers", 1, "--out", out, "--overwrite")
    assert answer.code == code
    assert "The board saw" in answer.out  # the numbers are not lost with the folder
    assert "Written to" not in answer.out
    assert fragment in answer.err
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == (["new", "new/out", "new/out/result.json"] if existing else [])
    assert not existing or (out / "result.json").read_text(encoding="utf-8") == "old"


def test_quiet_says_nothing_and_verbose_counts(simgap, tiny):
    common = ("run", tiny, "--replications", 20, "--workers", 1)
    assert simgap(*common, "--quiet") == (0, "", "")
    lines = simgap(*common, "-v").err.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"{n} of 20 trials" for n in range(2, 21, 2)]


def test_a_plan_that_would_take_long_asks_first(refused, simgap, edited, tiny, monkeypatch):
    said = refused("run", edited("3 per day", "1e12 per day"))
    assert "items, which takes about" in said
    assert "years; fewer --replications or points, or --yes" in said
    assert refused("run", edited("3 per day", "1e300 per day")).count("0") < 30
    # Refused at once, not after a plan of 400 million rows has been made.
    monkeypatch.setattr("simgap.montecarlo.plan.evaluate", lambda *_: pytest.fail("simulated"))
    assert "--yes" in refused("run", tiny, "--replications", 10**7, "--workers", 1)
    grid = ("--over", "data=0:1:200", "--over", "oversight=0:1:200", "--replications", 10_000)
    assert "--yes" in refused("sweep", tiny, *grid, "--workers", 1)
    monkeypatch.undo()
    monkeypatch.setattr("simgap.study.limits.LONGEST", 0.0)
    refused("run", tiny, "--replications", 1, "--workers", 1)


def test_yes_runs_a_long_plan(simgap, tiny, monkeypatch):
    monkeypatch.setattr("simgap.study.limits.LONGEST", 0.0)
    assert simgap("run", tiny, "--replications", 1, "--workers", 1, "--yes").code == 0
    assert simgap("sweep", tiny, *OVER, "--replications", 1, "--workers", 1, "--yes").code == 0


def test_the_python_interface(tiny, tmp_path):
    text = Path(tiny).read_text(encoding="utf-8")
    assert package.load(text).resolved == package.load(tiny).resolved
    assert package.load("minimal").resolved["workflows"] == ["letters"]
    case = package.load(tiny, ["oversight.time=6 min"])
    assert case.resolved["parameters"]["oversight.time"]["value"] == pytest.approx(0.1)
    result = case.run(replications=3, seed=2, workers=1)
    assert result.complete
    holds({k: v for k, v in RUN.items() if k != "provenance"}, result.summary)
    inputs = ["input.ai.accuracy", "input.data.missing", "input.legacy.cost"]
    assert [c for c in result.trials if c.startswith("input.")] == inputs
    assert {"draw", "luck", "projected_npv", "realised_npv", "gap", "success"} <= set(result.trials)
    assert {"draw", "luck", "month", "net", "projected", "benefit", "items"} <= set(result.monthly)
    assert result.monthly["month"].tolist() == [1, 2, 3] * 3
    assert (result.trials["gap"] == result.trials["projected_npv"] - result.trials["realised_npv"]).all()
    for name in ("value", "cash", "dashboard", "tornado"):
        assert getattr(result.plot, name)().axes
    sweep = case.sweep(["data=0:1:2"], replications=2, workers=1)
    assert list(sweep.table) == ["data", "mean", "half_width"]
    sweep.save(tmp_path / "sweep")
    assert {path.name for path in (tmp_path / "sweep").iterdir()} == SWEEP_FILES
