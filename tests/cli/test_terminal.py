"""What the screen shows: at most 80 columns, help for everything, warnings that cannot be missed."""

import json
import re

import jsonschema
import pytest

from simgap import __version__
from simgap.cli import cli

QUICK = ("--workers", 1, "--replications", 1)
OVER = ("--over", "workflows.letters.data.missing=0 %:50 %:2", "--over", "governance.mandatory_review=0:1:2")


def narrow(text):
    assert text
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_all_output_fits_eighty_columns(simgap, tiny, edited):
    for command in (
        ("run", tiny, *QUICK),
        ("sweep", tiny, *OVER, *QUICK),
        ("validate", tiny),
        ("validate", "claims"),
        (
            "validate",
            edited("", "drift: {erosion: 1 % per month, shocks: 1 per year}\nscope: {variety: 3 %}\n"),
        ),
        ("scenarios",),
        ("--version",),
    ):
        answer = simgap(*command)
        assert (answer.code, answer.err) == (0, "")
        narrow(answer.out)


@pytest.mark.parametrize("name", ["", *cli.commands])
def test_every_command_and_option_explains_itself(simgap, name):
    answer = simgap(*filter(None, [name]), "--help")
    assert answer.code == 0
    narrow(answer.out)
    command = cli.commands.get(name, cli)
    assert command.help
    for option in command.params:
        if option.param_type_name == "option":
            assert option.help
            assert option.opts[0] in answer.out
    if not name:
        for other, command in cli.commands.items():
            assert re.search(rf"^  {other} +\w", answer.out, re.MULTILINE), command


def test_the_version(simgap):
    assert simgap("--version").out == f"simgap, version {__version__}\n"


def test_an_unstable_queue_is_legal_and_warned_of(simgap, data, tiny):
    slow = ("run", tiny, "--set", "oversight.time=40 h", *QUICK)
    answer = simgap(*slow)
    assert answer.code == 0
    text = " ".join(answer.out.split())
    assert "WARNING: in 100 of 100 futures reviewers are offered more work than they have hours (" in text
    assert "The queue then grows until deadlines or the end of the window." in text
    # The first words after the title, not a footnote.
    assert answer.out.splitlines()[2].startswith("WARNING")
    assert data(*slow)["operations"]["review_hours_offered_per_staffed_hour"] > 1
    assert "WARNING" not in simgap("run", tiny, *QUICK).out


def test_no_reviewers_at_all_is_warned_of(simgap, tiny):
    answer = simgap("run", tiny, "--set", "oversight.reviewers=0", *QUICK)
    assert answer.code == 0
    assert answer.out.splitlines()[2].startswith(
        "WARNING: in month 1 items need a reviewer and there is none"
    )


def test_a_sweep_as_a_table(simgap, data, tiny):
    over = ("sweep", tiny, "--over", "data=0:1:2", "--over", "oversight.time=6 min:12 min:2", *QUICK)
    lines = simgap(*over).out.splitlines()
    assert lines[:4] == [
        "tiny",
        "realised NPV, mean of 1 replication a point, in EUR",
        "x: data (dose: 0 is the pilot, 1 production)",
        "y: oversight.time",
    ]
    assert lines[5].split() == ["x", "y", "mean", "+/-"]
    assert [row.split()[:3] for row in lines[6:]] == [
        ["0", "0.1", "h"],
        ["0", "0.2", "h"],
        ["1", "0.1", "h"],
        ["1", "0.2", "h"],
    ]
    # One replication allows no interval.
    assert {row.split()[-1] for row in lines[6:]} == {"-"}
    assert data(*over)["half_width"] == [[None, None], [None, None]]


def test_files_as_data(simgap, data, tiny):
    facts = data("validate", tiny)
    assert (facts["name"], facts["valid"], facts["not_simulated"]) == ("tiny", True, [])
    assert facts["uncertain"] == ["ai.accuracy", "data.missing", "legacy.cost"]
    assert {"name", "description"} == set(data("scenarios")[0])
    assert "claims" in [ships["name"] for ships in data("scenarios")]
    schema = json.loads(simgap("schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    resolved = simgap("resolve", tiny)
    assert json.loads(resolved.out)["parameters"]["oversight.time"]["value"] == pytest.approx(5 / 60)
    # What `resolve` prints is itself a scenario, the same one.
    assert data("validate", "-", stdin=resolved.out.encode()) == facts
