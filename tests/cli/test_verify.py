"""`simgap verify`: it passes, it finds what is wrong, and its intervals are narrow enough to do so.

A fifth of the replications, one seed; on a fresh one the statistical rows would alarm falsely once in 1,000.
"""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy.stats import t as student

from simgap import scenario
from simgap.analysis import verification
from simgap.analysis.verification import (
    CASES,
    FAMILY,
    FOLDER,
    Case,
    Measure,
    Stated,
    differing,
    judged,
    stated_of,
)
from simgap.cli.verify import screen
from simgap.engines import simulator
from simgap.model.parameters import P
from simgap.montecarlo import one
from simgap.sampling.philox import philox4x32

FEWER = 5
MEASURES = [(case, measure) for case in CASES for measure in case.measures]
ROWS = [(case.name, measure.what) for case, measure in MEASURES]


def fewer(cases, by):
    return tuple(case._replace(replications=case.replications // by) for case in cases)


def only(monkeypatch, *names, by=FEWER):
    """Leave these cases, and no scenario besides."""
    chosen = fewer([case for case in CASES if case.name in names], by)
    monkeypatch.setattr(verification, "CASES", chosen)
    monkeypatch.setattr(verification, "SHORTENED", {})


@pytest.fixture(scope="module")
def rows():
    """All rows, by a fifth of the replications."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verification, "CASES", fewer(CASES, FEWER))
        patch.setattr(
            verification, "SHORTENED", dict.fromkeys(("claims", "minimal"), "clock.horizon=3 months")
        )
        told = []
        rows = verification.verify(1, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(told), len(told))
    return rows


def test_all_pass(rows):
    assert [(row.name, row.what) for row in rows[: len(ROWS)]] == ROWS
    assert {row.verdict for row in rows[: len(ROWS)]} == {"agrees"}
    exact = rows[len(ROWS) :]
    assert {row.verdict for row in exact} == {"same"}
    assert all(row.theory == row.estimate and row.ci95 is None for row in exact)
    names = ["philox zeros", "philox ones", "philox pi", *(case.name for case in CASES), "claims", "minimal"]
    assert [row.name for row in exact] == names


def test_table_fits_the_screen(rows):
    lines = screen(rows).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.endswith(" agrees") for line in lines) == len(ROWS)
    text = " ".join(lines)
    assert "All 32 checks pass." in text
    assert "claims, minimal: same." in text
    first = rows[0]
    assert (
        f"{first.theory:.4f}   {first.estimate:.4f}  {first.ci95[0]:.4f} to {first.ci95[1]:.4f}" in lines[1]
    )


def half_at_full_length(row, case):
    """Half-width at the family's confidence with all replications, from the interval with a fifth of them."""
    few, many = case.replications // FEWER, case.replications
    sd = (row.ci95[1] - row.ci95[0]) / 2.0 / student.ppf(0.975, few - 1) * math.sqrt(few)
    confidence = 1.0 - (1.0 - FAMILY) / len(MEASURES)
    return student.ppf(0.5 + confidence / 2.0, many - 1) * sd / math.sqrt(many)


def test_arrivals_that_are_off_by_a_twentieth_would_be_found(rows):
    # Were they true, the half-width being 3/4 of the difference, the row would differ with a probability of
    # 0.84: a quarter of the difference is one standard error of 4.1. What is counted is divided by the
    # arrivals that the file states, so it grows by that twentieth too.
    found = []
    for row, (case, measure) in zip(rows, MEASURES, strict=False):
        packed = one.phases_of(scenario.read(str(FOLDER / f"{case.name}.yaml")), 1, 0)
        stated = stated_of(packed)
        wrong = 1.05 * measure.theory(stated._replace(rate=1.05 * stated.rate))
        if half_at_full_length(row, case) <= 0.75 * abs(wrong - row.theory):
            found.append(row.name)
    assert len(found) >= 14, found


def test_number_that_is_off_by_a_tenth_would_be_found(rows):
    pairs = zip(rows, MEASURES, strict=False)
    halves = [half_at_full_length(row, case) / row.theory for row, (case, _) in pairs]
    assert sum(half <= 0.75 * 0.1 for half in halves) >= 13, halves


def test_rows_that_a_command_prints(monkeypatch, simgap, data):
    only(monkeypatch, "mm3_impatient")
    answer = data("verify")
    assert answer.keys() == {"cases", "passed", "confidence", "engine", "seed", "version"}
    assert (answer["passed"], answer["confidence"], answer["seed"]) == (True, 0.999, 1)
    keys = {"name", "what", "theory", "estimate", "ci95", "verdict"}
    assert all(row.keys() == keys for row in answer["cases"])
    wait, lost, *exact = answer["cases"]
    assert wait["ci95"][0] < wait["estimate"] < wait["ci95"][1]
    # Palm 1957: who leaves has a share of mean wait over mean patience, of 2 h.
    assert lost["theory"] == pytest.approx(wait["theory"] / 2.0, rel=1e-9)
    assert [row["verdict"] for row in exact] == ["same"] * 4
    other = data("verify", "--seed", 2)
    assert other["cases"][0]["estimate"] != wait["estimate"]
    assert other["cases"][0]["theory"] == wait["theory"]
    assert simgap("verify", "--quiet") == (0, "", "")


def with_flow(packed, **changes):
    """A phase whose one workflow is changed."""
    (flow,) = packed.workflows
    return dataclasses.replace(packed, workflows=(dataclasses.replace(flow, **changes),))


def test_faster_arrivals_in_the_compiled_engine_are_found(monkeypatch, simgap):
    only(monkeypatch, "md1", "connector", by=8)

    def faster(engine):
        simulate = simulator(engine)
        if engine == "reference":
            return simulate

        def changed(packed, *key):
            (flow,) = packed.workflows
            return simulate(with_flow(packed, levels=1.05 * flow.levels), *key)

        return changed

    monkeypatch.setattr(verification, "simulator", faster)
    answer = simgap("verify")
    assert answer.code == 4
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines if line.endswith("DIFFERS")] == ["md1", "connector"]
    assert "md1: both engines, event by event: DIFFERS:" in answer.out
    assert "4 of 7 checks fail." in lines


def test_slower_connector_in_both_engines_is_found_by_theory(monkeypatch, data, simgap):
    only(monkeypatch, "md1", "connector", by=8)

    def slower(engine):
        simulate = simulator(engine)

        def changed(packed, *key):
            p = packed.p.copy()
            p[P.THROUGHPUT] /= 1.05
            return simulate(with_flow(packed, p=p), *key)

        return changed

    monkeypatch.setattr(verification, "simulator", slower)
    answer = simgap("verify", "--json")
    assert (answer.code, answer.err) == (4, "")
    facts = json.loads(answer.out)
    assert not facts["passed"]
    wrong = [(row["name"], row["what"]) for row in facts["cases"] if row["verdict"] == "DIFFERS"]
    assert wrong == [("connector", "M/D/1 connector, h")]
    assert simgap("verify", "--quiet") == (4, "", "")


def test_wrong_words_are_found(monkeypatch):
    monkeypatch.setattr(verification, "philox4x32", lambda *key: philox4x32(*key[:5], key[5] & 0x7FFFFFFF))
    rows = verification.known_answers()
    assert [row.verdict for row in rows] == ["same", "DIFFERS", "same"]
    shown = screen(rows)
    assert "philox zeros, philox pi: same." in shown
    assert f"philox ones: random words as published: DIFFERS: {rows[1].estimate}" in " ".join(shown.split())
    assert "1 of 3 checks fail." in shown


def test_verdict_by_hand():
    # Of 1, 2, 3 the mean is 2 and its standard error 1 / sqrt(3); Student's law at two degrees of freedom.
    y = np.array([[1.0], [2.0], [3.0]])
    edge = student.ppf(0.9995, 2) / math.sqrt(3.0)
    for theory, verdict in (
        (2.0 + edge - 1e-9, "agrees"),
        (2.0 - edge - 1e-9, "DIFFERS"),
        (math.nan, "DIFFERS"),
    ):
        case = Case("x", 3, (Measure("y", lambda s, theory=theory: theory, None),))
        (row,) = judged(case, Stated(1.0, 1.0, {}), y, 0.999)
        assert row.verdict == verdict
        assert row.ci95 == pytest.approx(
            (2.0 - 4.30265273 / math.sqrt(3.0), 2.0 + 4.30265273 / math.sqrt(3.0))
        )


def test_any_count_in_which_engines_differ_is_named():
    packed = one.phases_of(scenario.read(str(FOLDER / "tandem.yaml"), ["clock.horizon=1 month"]), 1, 0).pilot
    physics = simulator("compiled")(packed, 1, 0, 0)
    assert differing(physics, simulator("reference")(packed, 1, 0, 0)) == []
    waits = physics.specialists.waits.copy()
    waits[3] += 1
    specialists = dataclasses.replace(physics.specialists, waits=waits)
    assert differing(physics, dataclasses.replace(physics, specialists=specialists)) == ["specialists"]
    longer = np.append(physics.incident_time, 0)
    assert differing(physics, dataclasses.replace(physics, incident_time=longer)) == ["incident_time"]


def test_cases_are_no_scenarios_of_users():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {case.name for case in CASES}
    assert "verify" not in dict(scenario.shipped())


@pytest.mark.slow
def test_all_replications_on_other_seeds():
    for seed in (2, 3):
        rows = verification.verify(seed, lambda done, total: None)
        assert {row.verdict for row in rows} == {"agrees", "same"}
