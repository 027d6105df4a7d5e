"""`--precision`: the same bits as a plain run, what is said where it is not reached, wrong input."""

import json

import numpy as np
import pandas as pd
import pytest
from contract import HEAD, NUMBER, TEXT, WHOLE, holds, load, without_times

import simgap as package
from simgap.montecarlo import plan
from simgap.study import case as cases
from simgap.study import limits
from simgap.study import precision as precise

PRECISION = {
    "metric": TEXT,
    "of": TEXT,
    "estimate": NUMBER,
    "interval": [NUMBER],
    "half_width": NUMBER,
    "confidence": NUMBER,
    "method": TEXT,
    "reached": bool,
    "constant": bool,
    "target": NUMBER,
    "most": WHOLE,
    "looks": [{"n": WHOLE, "alpha": NUMBER, "estimate": NUMBER, "interval": list}],
}
ONE = ("--workers", 1)


def test_it_is_a_plain_run_of_as_many_trials(simgap, data, tiny, tmp_path):
    found = data("run", tiny, "--precision", 300, *ONE, "--out", tmp_path / "a")
    n, told = found["replications"], found["precision"]
    holds(HEAD | {"precision": PRECISION}, found)
    assert (told["of"], told["reached"], told["looks"][0]["n"]) == ("npv", True, 100)
    assert told["half_width"] <= 300
    assert n == told["looks"][-1]["n"] == found["provenance"]["replications_asked"] > 100
    plain = data("run", tiny, "--replications", n, *ONE, "--out", tmp_path / "b")
    for name in ("trials", "monthly"):
        pd.testing.assert_frame_equal(
            *(pd.read_parquet(tmp_path / folder / f"{name}.parquet") for folder in "ab"), check_exact=True
        )
    # All but how well it is known, and the interval of the outcome that was chosen.
    assert found["realised"]["npv"].pop("ci95") == told["interval"]
    assert plain["realised"]["npv"].pop("ci95") != told["interval"]
    assert (plain["precision"]["target"], plain["precision"]["looks"]) == (None, [])
    found.pop("precision"), plain.pop("precision")
    assert without_times(found) == without_times(plain)
    assert (tmp_path / "a" / "convergence.png").exists()
    assert not (tmp_path / "b" / "convergence.png").exists()


def test_processes_are_started_once_and_give_the_same_bits(tiny, monkeypatch):
    case, started, real = package.load(tiny), [], plan.ProcessPoolExecutor

    def counted(*arguments):
        started.append(arguments[0])
        return real(*arguments)

    monkeypatch.setattr(plan, "ProcessPoolExecutor", counted)
    here, there = (case.run(precision=300, workers=workers) for workers in (1, 2))
    assert started == [2]
    assert len(there.summary["precision"]["looks"]) > 1
    assert np.array_equal(here.results.outcomes, there.results.outcomes, equal_nan=True)
    assert np.array_equal(here.results.waits, there.results.waits)
    assert here.summary == there.summary


@pytest.mark.parametrize(
    ("of", "half_width", "place"),
    [
        ("projected", "10 %", lambda s: s["projected"]["npv"]["ci95"]),
        ("gap", "300", lambda s: s["gap"]["ci95"]),
        ("p50", "0.3k", None),
        ("p_negative", "0.05", lambda s: s["realised"]["p_negative_ci95"]),
        ("p_success", "5e-2", lambda s: s["realised"]["p_success_ci95"]),
        ("p_never", "0.05", None),
    ],
)
def test_each_outcome_has_its_interval(tiny, of, half_width, place):
    found = package.load(tiny).run(precision=half_width, precision_of=of, workers=1)
    summary = found.summary
    told = summary["precision"]
    inner = summary
    for name in told["metric"].split("."):
        inner = inner[name]
    assert told["estimate"] == pytest.approx(inner)
    assert told["interval"][0] <= told["estimate"] <= told["interval"][1]
    assert told["reached"]
    assert told["half_width"] <= told["target"]
    if place:
        assert place(summary) == told["interval"]
    assert "known to within" in found.text()
    assert max(map(len, found.text().splitlines())) <= 80


def test_the_cap_ends_it_and_that_is_said(simgap, tiny, tmp_path):
    answer = simgap("run", tiny, "--precision", 5, "--replications", 120, *ONE, "--out", tmp_path / "out")
    found = load(tmp_path / "out")
    told = found["precision"]
    assert (answer.code, found["replications"], told["reached"]) == (3, 120, False)
    assert found["provenance"]["complete"] is False
    assert told["trials_needed"] > 10_000
    said = " ".join(answer.out.split())
    assert "NOT KNOWN AS WELL AS ASKED: Mean realised NPV to within +/- " in said
    assert "after 120 trials, not 5; about" in answer.err
    assert "trials would do: the numbers are of what was finished" in answer.err
    assert (tmp_path / "out" / "convergence.png").exists()


def test_an_interruption_keeps_what_is_finished(simgap, data, tiny, interrupted_after):
    expected = data("run", tiny, "--replications", 130, *ONE)
    interrupted_after(130)
    answer = simgap("run", tiny, "--precision", 100, *ONE, "--json")
    found = json.loads(answer.out)
    told = found["precision"]
    assert (answer.code, found["replications"], told["reached"]) == (3, 130, False)
    assert [look["n"] for look in told["looks"]] == [100, 130]
    assert told["looks"][-1]["alpha"] == 0.0  # the rule did not say to look here
    assert answer.err.startswith("Stopped before the end; Mean realised NPV to within +/- ")
    assert found["operations"] == expected["operations"]


def test_an_interruption_between_evaluations_keeps_what_is_finished(simgap, tiny, tmp_path, monkeypatch):
    """Words at a look, or the draws of the next trials: neither is inside the loop over trials."""
    first = precise.sequential.spending(0)
    for place, name, call, alphas in (  # the second look is one to plan
        (precise, "glimpse", 2, [first, 0.0]),
        (plan, "draw_unknowns", 2, [first]),
        (precise.sequential, "looked", 2, [first, 0.0]),
        (precise.sequential, "looked", 1, [0.0]),
    ):
        with monkeypatch.context() as patch:
            interrupted_at(patch, place, name, call)
            out = tmp_path / f"{name}{call}"
            answer = simgap("run", tiny, "--precision", 100, *ONE, "--out", out)
        found = load(out)
        told = found["precision"]
        assert (answer.code, told["reached"]) == (3, False)
        assert [look["alpha"] for look in told["looks"]] == pytest.approx(alphas)
        assert found["provenance"]["complete"] is False
        assert answer.err.startswith("Stopped before the end; Mean realised NPV to within +/- ")
        n = found["replications"]
        assert n == told["looks"][-1]["n"] == len(pd.read_parquet(out / "trials.parquet"))
        assert (n > 100) == (len(alphas) > 1)


def interrupted_at(patch, place, name, call):
    real, left = getattr(place, name), [call]

    def interrupts(*arguments):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return real(*arguments)

    patch.setattr(place, name, interrupts)


def test_said_may_be_interrupted(tiny):
    calls = []

    def said(words):
        calls.append(words)
        if len(calls) == 2:
            raise KeyboardInterrupt

    found = package.load(tiny).run(precision=100, workers=1, said=said)
    told = found.summary["precision"]
    assert (told["reached"], found.complete, found.results.stopped) == (False, False, True)
    assert len(found.results.rows) == told["looks"][-1]["n"] > 100


def test_an_interruption_before_anything_is_finished(simgap, tiny, tmp_path, interrupted_after):
    interrupted_after(0)
    answer = simgap("run", tiny, "--precision", 100, *ONE, "--out", tmp_path / "out")
    assert (answer.code, answer.out, list(tmp_path.iterdir())) == (3, "", [])


def test_one_trial_has_no_interval(simgap, tiny, interrupted_after):
    interrupted_after(1)
    answer = simgap("run", tiny, "--precision", 100, *ONE)
    assert answer.code == 3
    assert "1 is too few trials for an interval of Mean realised NPV" in " ".join(answer.out.split())


def test_draws_that_outgrow_the_limit_are_not_counted(simgap, tiny, few_places):
    few_places(5)
    answer = simgap("run", tiny, "--precision", 300, *ONE, "--json")
    found = json.loads(answer.out)
    ended = found["ended"]["backlog_limit"]
    assert answer.code == 3
    assert ended > 0
    assert found["replications"] == found["precision"]["looks"][-1]["n"]
    assert found["provenance"]["replications_asked"] == found["replications"] + ended
    assert found["precision"]["reached"]


@pytest.mark.parametrize("tiny_width", ["1e-300", "1e-160", "1e-322 %"])
def test_no_half_width_is_too_small_to_be_aimed_at(simgap, tiny, tiny_width):
    answer = simgap("run", tiny, "--precision", tiny_width, "--replications", 120, *ONE, "--json")
    told = json.loads(answer.out)["precision"]
    assert (answer.code, told["reached"], told["looks"][-1]["n"]) == (3, False, 120)
    assert told["trials_needed"] is None


def test_what_never_varies_is_known_at_the_first_look(simgap, edited):
    fixed = edited(
        "pilots: {demo: {cost: 1k, lasts: 2 weeks}}", "board: {npv: 5k}\npilots: {demo: {cost: 1k}}"
    )
    answer = simgap("run", fixed, "--precision", "5 %", "--precision-of", "projected", *ONE)
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert "Mean projected NPV: all 100 trials came to the same, so the half-width is 0." in said
    assert "Mean projected NPV known to within +/- 0 (asked for: 5 %, that is 250)" in said


def test_a_comparison_until_the_difference_is_known(simgap, buying, tmp_path):
    path = buying()
    answer = simgap("compare", path, "ready", "nothing", "--precision", 30, *ONE, "--out", tmp_path / "a")
    assert answer.code == 0, answer.err
    found = load(tmp_path / "a")
    told, pair = found["precision"], found["pairs"][0]
    holds(PRECISION | {"a": TEXT, "b": TEXT}, told)
    assert (told["a"], told["b"]) == (pair["a"], pair["b"]) == ("nothing", "ready")
    assert pair["difference"]["ci95"] == told["interval"]
    assert pair["difference"]["mean"] == pytest.approx(told["estimate"])
    assert told["half_width"] <= 30
    assert told["looks"][-1]["estimate"] > 0.0
    n = found["replications"]
    plain = package.load(path).compare(["ready", "nothing"], replications=n, workers=1)
    assert plain.summary["portfolios"] == found["portfolios"]
    assert (tmp_path / "a" / "convergence.png").exists()
    other = package.load(path).compare(["nothing", "ready"], precision=30, workers=1).summary["precision"]
    assert other["interval"] == pytest.approx(told["interval"])


def test_an_hour_is_refused_when_it_is_foreseen(simgap, tiny, monkeypatch):
    monkeypatch.setattr(limits, "LONGEST", 1.0)
    monkeypatch.setattr(cases.plans, "default_workers", lambda: 1)
    answer = simgap("run", tiny, "--precision", 20, *ONE, "--json")
    told = json.loads(answer.out)["precision"]
    assert (answer.code, told["reached"], told["looks"][-1]["n"]) == (3, False, 100)
    assert "which takes about" in answer.err
    assert "which --yes allows" in answer.err
    monkeypatch.setattr(limits, "LONGEST", 0.01)
    answer = simgap("run", tiny, "--precision", 20, *ONE, "--json")
    assert (answer.code, answer.out) == (2, "")


def test_progress_says_what_is_known(simgap, tiny):
    answer = simgap("run", tiny, "--precision", 200, *ONE, "-v")
    assert " after 100 trials, next look at " in answer.err
    assert "of 100 trials" in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--precision", "0"), "`0` is out of range; a half-width above 0"),
        (("--precision=-5",), "`-5` is out of range"),
        (("--precision", "nan"), "not a finite number"),
        (("--precision", "inf"), "not a finite number"),
        (("--precision", "narrow"), "`narrow` cannot be read"),
        (("--precision", "5 EUR"), "`eur` is not a unit here"),
        (("--precision", "100 %"), "`100 %` is out of range"),
        (("--precision", "5 %", "--precision-of", "p_success"), "may mean points, or a part of the share"),
        (("--precision", "0.5", "--precision-of", "p_never"), "above 0 and below 0.5"),
        (("--precision", "5k", "--precision-of", "p_negative"), "out of range"),
        (("--precision", "5k", "--precision-of", "irr"), "'irr' is not one of"),
        (("--precision-of", "p5"), "--precision beside it"),
        (("--precision", "5k", "--replications", "99"), "99 are fewer than --precision looks at first"),
    ],
)
def test_what_is_refused(refused, tiny, options, said):
    assert said in refused("run", tiny, *options)


def test_a_comparison_of_three_is_refused(refused, buying):
    assert "3 portfolios are compared; the names of two" in refused("compare", buying(), "--precision", 5)


def test_python_users_are_told_what_outcomes_there_are(tiny):
    with pytest.raises(package.errors.InputError, match="one of npv, cashable_npv"):
        package.load(tiny).run(precision=5, precision_of="irr")


def test_a_difference_is_none_of_the_outcomes_of_one_study(tiny):
    with pytest.raises(package.errors.InputError, match=r"difference.*one of npv, cashable_npv"):
        package.load(tiny).run(precision="5 %", precision_of="difference")
