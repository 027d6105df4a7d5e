"""One small invalid file per rule: its first line says which line, key and words the error must have."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from simgap import scenario
from simgap.errors import InputError
from simgap.scenario import document

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
MINIMAL = (HERE / "valid" / "minimal.yaml").read_text(encoding="utf-8")


def problem_of(argument: str, **more: object):
    with pytest.raises(InputError) as caught:
        scenario.read(argument, **more)
    assert len(caught.value.problems) == 1, str(caught.value)
    return caught.value.problems[0]


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_a_broken_rule_is_reported_where_it_is_broken(path: Path):
    first = path.read_text(encoding="utf-8").split("\n")[0]
    line, key, fragment = (part.strip() for part in first.removeprefix("# expect").split(" | ", 2))
    problem = problem_of(str(path))
    assert (problem.line, problem.key) == (int(line), key)
    assert problem.what
    assert problem.allowed
    assert fragment in f"{problem.what}; {problem.allowed}"
    assert problem.text("f").startswith(f"f:{line}" if int(line) else "f: ")


def test_all_problems_of_a_file_come_at_once_in_the_order_of_lines():
    text = MINIMAL + "data:\n  missing: 150 %\n  formt: 1 %\ndrift: {erosion: 3 % per day}\n"
    with pytest.raises(InputError) as caught:
        scenario.read_text(text, "f.yaml")
    found = [(p.line, p.key) for p in caught.value.problems]
    assert found == [(8, "data.missing"), (9, "data.formt"), (10, "drift.erosion")]
    assert str(caught.value).split("\n")[0].startswith("f.yaml:8: data.missing: `150 %` is over 100 %; ")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("data: {missing: 15}", "did you mean 15 %?"),
        ("drift: {erosion: 3 per month}", "did you mean 3 % per month?"),
        ("data: {misssing: 1 %}", "did you mean `missing`?"),
        ("dta: {missing: 1 %}", "did you mean `data`?"),
        ("governance: {incident_cost: 2 / 9 / 60}", "`2 / 9 / 60 max N`"),
        ("data: {missing: '1 % [erb]'}\nsources: {erp: {strength: expert}}", "did you mean `erp`?"),
        ("integration: {latency: 'normal(mean=3 s, sd=1 s)'}", "pert, triangular, uniform, lognormal"),
        ("base: {pilot: dmo}\npilots: {demo: {cost: 3}}", "did you mean `demo`?"),
        ("investments: {a: {change: {data.misssing: 1 %}}}", "did you mean `data.missing`?"),
    ],
)
def test_the_allowed_part_helps(text: str, hint: str):
    with pytest.raises(InputError) as caught:
        scenario.read_text(f"{MINIMAL}{text}\n")
    assert hint in caught.value.problems[0].allowed


def test_a_distribution_in_braces_without_quotes_is_explained():
    with pytest.raises(InputError) as caught:
        scenario.read_text(MINIMAL + "data: {missing: uniform(1, 2) %}\n")
    assert any("in quotes" in p.allowed for p in caught.value.problems)


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"simgap: 1\n\xff\xfe", "not UTF-8"),
        (b"simgap: 1\0", "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary"),
        (b"# a long comment\n" * 70_000, "larger than 1 MB"),
        (b"", "is empty"),
        (b"\n# nothing\n", "is empty"),
        (b"simgap: 1\nname: \x07\n", "not YAML"),
        (b"a: [" + b"x, " * 21_000 + b"x]", "more than 20000 nodes"),
        (b"[" * 100_000, "nested deeper than 10"),
        (b"{a: " * 100_000, "nested deeper than 10"),
    ],
)
def test_a_file_that_is_no_scenario(tmp_path: Path, content: bytes, fragment: str):
    path = tmp_path / "case.yaml"
    path.write_bytes(content)
    problem = problem_of(str(path))
    assert fragment in problem.what
    assert problem.allowed


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("was read"))
    assert "larger than 1 MB" in problem_of(str(path)).what


@pytest.mark.parametrize("number", [1000, 1001])
def test_the_most_workflows(number: int):
    more = "".join(f"  w{i}: {{volume: 1 per day}}\n" for i in range(number - 1))
    text = MINIMAL.replace("workflows:\n", "workflows:\n" + more)
    if number <= 1000:
        assert len(scenario.read_text(text)["workflows"]) == number
        return
    with pytest.raises(InputError, match="workflows: names 1,001 workflows; at most 1,000"):
        scenario.read_text(text)


@pytest.mark.parametrize("argument", ["", "nowhere.yaml", "nowhere/at/all.yaml", "a\0b", "x" * 5000])
def test_a_missing_file(argument: str):
    problem = problem_of(argument)
    assert problem.what.startswith(("no such file", "cannot be read"))
    assert problem.allowed


def test_a_directory(tmp_path: Path):
    assert "directory" in problem_of(str(tmp_path)).what


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "secret.yaml"
    path.write_text(MINIMAL, encoding="utf-8")

    def refuse(*_: object, **__: object):
        raise PermissionError(13, "Permission denied")

    # The permission bits do not stop root, so the refusal is staged.
    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in problem_of(str(path)).what


def test_standard_input_is_limited_and_named(monkeypatch: pytest.MonkeyPatch):
    def stdin(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    stdin(b"x" * (document.MAX_BYTES + 10))
    assert "larger than 1 MB" in problem_of("-").what
    stdin(b"simgap: 1\n")
    with pytest.raises(InputError, match="<stdin>:1: workflows"):
        scenario.read("-")
    stdin(MINIMAL.encode())
    assert scenario.read("-")["workflows"] == ["claims"]


def test_an_unknown_name_lists_those_that_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from simgap.scenario import load

    folder = tmp_path / "claims"
    folder.mkdir()
    text = f"{MINIMAL}description: |\n  First line.\n  Second.\n"
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(load, "FOLDERS", (tmp_path / "absent", tmp_path))
    assert scenario.shipped() == [("claims", "First line.")]
    assert scenario.read("claims")["workflows"] == ["claims"]
    problem = problem_of("clams")
    assert "did you mean claims?" in problem.allowed
    assert "scenarios that ship: claims" in problem.allowed


@pytest.mark.parametrize(
    ("sets", "key", "fragment"),
    [
        ("data.missng=1 %", "data.missng", "not a parameter"),
        ("data.missing", "data.missing", "not KEY=VALUE"),
        ("data.missing=", "data.missing", "is empty"),
        ("data.missing=150 %", "data.missing", "over 100 %"),
        ("data.missing@left=1 %", "data.missing@left", "not a side"),
        ("data.missing@pilot=1 % | 2 %", "data.missing@pilot", "has a bar"),
        ("ai.accuracy@pilot=90 %", "ai.accuracy@pilot", "has no sides"),
        ("workflows.other.volume=1 per day", "workflows.other.volume", "not among the workflows"),
        ("success=maybe", "success", "not a comparison"),
        (
            "workflows.claims.oversight.reviewers=2",
            "workflows.claims.oversight.reviewers",
            "cannot differ between workflows",
        ),
        ("workflows.claims.money.tax=2 %", "workflows.claims.money.tax", "cannot differ between workflows"),
    ],
)
def test_a_wrong_set_names_the_option_and_no_line(sets: str, key: str, fragment: str):
    with pytest.raises(InputError) as caught:
        scenario.read_text(MINIMAL, sets=[sets])
    (problem,) = caught.value.problems
    assert caught.value.file == "--set"
    assert (problem.line, problem.key) == (0, key)
    assert fragment in problem.what
    assert problem.allowed
