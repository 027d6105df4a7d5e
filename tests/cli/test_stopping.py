"""Interruption at a known place: whole draws are kept, and a lost interrupt is found again."""

import json

import pytest

from simgap.cli import options
from simgap.montecarlo import plan


@pytest.fixture
def interrupted_after(monkeypatch):
    """Let a number of trials finish, then interrupt."""

    def arrange(trials):
        real, left = plan.run_trial, [trials]

        def run_trial(*arguments):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*arguments)

        monkeypatch.setattr(plan, "run_trial", run_trial)

    return arrange


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
