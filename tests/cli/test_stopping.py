"""Interruption at a known place and backlogs that outgrow their limit: whole draws are kept, and it is said.

A lost interrupt is found again.
"""

import json

import pandas as pd
import pytest

import simgap as package
from simgap.cli import options
from simgap.montecarlo import plan


def test_what_was_finished_is_a_shorter_run(simgap, data, tiny, tmp_path, interrupted_after):
    expected = data("run", tiny, "--replications", 3, "--workers", 1)
    interrupted_after(3)
    answer = simgap("run", tiny, "--replications", 10, "--workers", 1, "--json", "--out", tmp_path / "out")
    assert answer.code == 3
    found = json.loads(answer.out)
    provenance = found.pop("provenance")
    assert (provenance["complete"], provenance["replications_asked"]) == (False, 10)
    assert found == {key: value for key, value in expected.items() if key != "provenance"}
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["replications"] == 3


def test_a_sweep_keeps_the_draws_that_met_every_point(simgap, data, tiny, interrupted_after):
    over = ("sweep", tiny, "--over", "data=0:1:3", "--workers", 1)
    expected = data(*over, "--replications", 2)
    interrupted_after(8)  # two draws at three points, and two points of a third draw
    answer = simgap(*over, "--replications", 5, "--json")
    found = json.loads(answer.out)
    assert (answer.code, found["replications"]) == (3, 2)
    assert found["mean"] == expected["mean"]
    assert answer.err == "Stopped before the end: the numbers are of what was finished.\n"


def test_without_a_whole_draw_nothing_is_written(simgap, tiny, tmp_path, interrupted_after):
    interrupted_after(0)
    answer = simgap("run", tiny, "--workers", 1, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (3, "")
    interrupted_after(2)
    over = ("--over", "data=0:1:3")
    answer = simgap("sweep", tiny, *over, "--workers", 1, "--out", tmp_path / "out")
    assert (answer.code, answer.out) == (3, "")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_was_swallowed_counts_at_the_next_trial(simgap, tiny, monkeypatch):
    real, calls = plan.run_trial, []

    def run_trial(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            with pytest.raises(options.Stopped):  # as in a callback from C, which cannot raise
                options.stop()
        return real(*arguments)

    monkeypatch.setattr(plan, "run_trial", run_trial)
    answer = simgap("run", tiny, "--replications", 10, "--workers", 1, "--json")
    assert (answer.code, json.loads(answer.out)["replications"]) == (3, 2)
    # And it does not outlive the command.
    assert simgap("run", tiny, "--replications", 2, "--workers", 1).code == 0


# --- a backlog without end --------------------------------------------------------------------------------


ENDED = {"backlog_limit": 6, "draws": [0, 1, 2, 4, 6, 7]}  # with four places


def test_replications_that_outgrow_the_limit_are_left_out_and_said(simgap, data, tiny, tmp_path, few_places):
    run = ("run", tiny, "--replications", 12, "--workers", 1, "--out")
    expected = data(*run, tmp_path / "all")
    assert expected["ended"] == {"backlog_limit": 0, "draws": []}
    few_places(4)
    answer = simgap(*run, tmp_path / "some")
    assert answer.code == 3
    said = " ".join(answer.out.split())
    assert "WARNING: 6 of 12 replications ended with backlog_limit" in said
    assert "the figures below are too good. Try more reviewers, a deadline, " in said
    folder = tmp_path / "some"
    assert answer.err == (
        "6 replications ended with backlog_limit and are left out: the numbers are of what was finished; "
        f"what was finished is in {folder}.\n"
    )
    found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert (found["replications"], found["ended"], found["provenance"]["complete"]) == (6, ENDED, False)
    everything, trials = (pd.read_parquet(tmp_path / name / "trials.parquet") for name in ("all", "some"))
    assert set(trials["draw"]) == set(range(12)) - set(ENDED["draws"])
    finished = everything[everything["draw"].isin(trials["draw"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(trials, finished, check_exact=True)


def test_both_engines_refuse_the_same_replications(simgap, tiny, few_places):
    few_places(4)
    run = ("run", tiny, "--replications", 12, "--workers", 1, "--json", "--engine")
    found = [json.loads(simgap(*run, name).out) for name in ("compiled", "reference")]
    for part in found:
        assert part.pop("engine") in ("compiled", "reference")
        assert part.pop("provenance")["complete"] is False
    assert found[0] == found[1]
    assert found[0]["ended"] == ENDED


def test_a_sweep_leaves_such_draws_out_at_every_point(simgap, data, tiny, few_places):
    over = ("sweep", tiny, "--over", "workflows.letters.volume@production=1 per day:3 per day:2")
    more = ("--replications", 12, "--workers", 1)
    whole = data(*over, *more)
    few_places(4)
    answer = simgap(*over, *more, "--json")
    found = json.loads(answer.out)
    assert answer.code == 3
    assert answer.err.startswith("6 replications ended with backlog_limit and are left out: the numbers are ")
    assert (found["replications"], found["ended"]) == (6, ENDED)
    assert whole["ended"] == {"backlog_limit": 0, "draws": []}
    said = " ".join(simgap(*over, *more).out.split())
    assert "WARNING: 6 of 24 replications ended with backlog_limit" in said
    assert "This happened at 1 of 2 points." in said


def test_figures_say_what_is_left_out(tiny, few_places):
    case = package.load(tiny)
    for said, most in ((False, 64), (True, 4)):
        few_places(most)
        result, sweep = case.run(12, workers=1), case.sweep(["data=0:1:2"], replications=12, workers=1)
        for figure in (result.plot.value(), result.plot.cash(), result.plot.tornado(), sweep.figure()):
            words = " ".join(" ".join(text.get_text() for text in figure.texts).split())
            assert ("that ended with backlog_limit, the longest queues." in words) == said


@pytest.mark.parametrize(
    "command",
    [
        ("run", "--workers", 1, "--replications", 3, "--out"),
        ("sweep", "--workers", 1, "--replications", 2, "--over", "data=0:1:2", "--out"),
        ("trace", "--out"),
        ("verify",),
    ],
    ids=lambda command: command[0],
)
def test_where_none_is_finished_nothing_is_written(simgap, tiny, tmp_path, few_places, command):
    few_places(2)
    name, *rest = command
    answer = simgap(name, *([tiny, *rest, tmp_path / "out"] if rest else []))
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.startswith("Stopped: ")
    assert "backlog_limit: more than 2 items are in the system at once; more reviewers, a dead" in answer.err
    assert answer.err.endswith(". Nothing was saved.\n")
    assert list(tmp_path.iterdir()) == []
