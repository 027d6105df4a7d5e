"""What users get wrong: each mistake is answered in words that say where it is and what is allowed."""

import json
import re
from pathlib import Path

import pytest

import simgap as package
from simgap.errors import InputError

QUICK = ("--replications", 1, "--workers", 1)
# Text of the tiny scenario -> what stands there instead, line, key, words of the message.
MISTAKES = {
    "a probability over 1": ("error_rate: 4 %", "error_rate: 104 %", 7, "legacy.error_rate", "over 100 %"),
    "P10 over P50": ("14 / 18 / 24", "20 / 18 / 24", 7, "legacy.cost", ""),
    "not a number": ("14 / 18 / 24 per item", ".nan", 7, "legacy.cost", "not a finite number"),
    "infinite": ("14 / 18 / 24 per item", "inf per item", 7, "legacy.cost", "not a finite number"),
    "a negative time": ("time: 5 min", "time: -5 min", 17, "oversight.time", "under 0"),
    "no unit": ("time: 5 min", "time: 5", 17, "oversight.time", "has no unit"),
    "an unknown unit": ("time: 5 min", "time: 5 fortnights", 17, "oversight.time", "not a unit here"),
    "a currency": ("wage: 30 per", "wage: 30 EUR per", 16, "oversight.wage", "money.currency"),
    "a thousands comma": ("wage: 30 per", "wage: 1,200 per", 16, "oversight.wage", "thousands comma"),
    "a key with a typo": ("paid: by hour", "payed: by hour", 15, "oversight.payed", "did you mean `paid`?"),
    "a word with a typo": ("by hour", "by the hour", 15, "oversight.paid", "by headcount"),
    "a comma in braces": ("error_cost: 5", "error_cost: 1,200", 9, "workflows.letters.200", "no thousands"),
    "perfect accuracy": ("80 / 90 / 95 %", "100 %", 12, "ai.accuracy", "99.9999 %"),
    "half a reviewer": ("reviewers: 1", "reviewers: 0.5", 14, "oversight.reviewers", "not a whole number"),
    "no months": ("3 months", "0 months", 4, "clock.horizon", "from 1 months to 240 months"),
    "a pilot of no time": ("2 weeks", "0 h", 20, "pilots.demo.lasts", "is under 1 h"),
    "a team without hours": ("reviewers: 1", "reviewers: 1\n  hours: none", 15, "hours", "no staffed"),
    "a pilot by another name": ("pilot: demo}", "pilot: demmo}", 6, "base.pilot", "did you mean `demo`?"),
    "a value without its workflow": (
        "  letters: {volume: 2 per day | 3 per day, error_cost: 5}",
        "  volume: 2 per day",
        9,
        "workflows.volume",
        "",
    ),
    "a tab": ("  paid: by hour", "\tpaid: by hour", 15, "", "tab"),
    "a tag": ("name: tiny", "name: !!python/object tiny", 3, "", "tag"),
    "an anchor": ("name: tiny", "name: &a tiny", 3, "", "anchor"),
    "the same key twice": ("reviewers: 1", "reviewers: 1\n  reviewers: 2", 15, "reviewers", "twice"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_file_is_named_with_its_line(refused, edited, mistake):
    old, new, line, key, words = MISTAKES[mistake]
    path = edited(old, new)
    said = refused("run", path, *QUICK)
    first = next(text for text in said.splitlines() if text.startswith(f"{path}:{line}: "))
    assert key.rpartition(".")[2] in first
    assert words in said
    # In the form `file:line: key: what is wrong; what is allowed`.
    assert re.fullmatch(r".+:\d+: .+; .+", first)
    # `validate` says the same.
    assert refused("validate", path) == said


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        (b"", "is empty"),
        (b"# only\n# comments\n", "is empty"),
        (b"\n\n", "is empty"),
        ("simgap: 1\nname: Büro\n".encode("cp1252"), ":2: is not UTF-8"),
        ("simgap: 1\n".encode("utf-16"), "is a binary file"),
        (b"\x89PNG\r\n\x1a\n\0", "is a binary file"),
        (b"just some words", "is not a mapping"),
        (b"[1, 2]", "is not a mapping"),
        (b"{}", "workflows: must be stated"),
        (b"simgap: 1\nworkflows: []\n", "workflows: names no workflow"),
        (b"simgap: 1\nworkflows:\n", "workflows: "),
        (b"a: &a [x]\nb: [*a, *a]\n", "anchor"),
        (b"%YAML 1.2\n---\na: 1\n", "directive"),
        (b"simgap: 1\n---\nsimgap: 1\n", "second document"),
        (b"# long\n" * 200_000, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_scenario(refused, tmp_path, content, fragment):
    path = tmp_path / "case.yaml"
    path.write_bytes(content)
    assert fragment in refused("run", path)
    assert fragment in refused("run", "-", stdin=content)


def test_a_hundred_megabytes_of_text(refused, tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    assert "larger than 1 MB" in refused("run", path)


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("nowhere.yaml", "no such file or scenario"),
        ("clams", "did you mean claims?"),
        ("", "no such file or scenario"),
        ("a\0b", ""),
        ("n" * 5000, ""),
    ],
)
def test_a_scenario_that_is_not_there(refused, name, fragment):
    for command in ("run", "validate", "resolve"):
        assert fragment in refused(command, name)
    assert fragment in refused("sweep", name, "--over", "data=0:1:2")


def test_a_directory(refused, tmp_path):
    assert "is a directory" in refused("run", tmp_path)


def test_ways_of_saving_a_file_that_change_nothing(data, simgap, tiny, tmp_path):
    content = Path(tiny).read_bytes()
    expected = data("run", tiny, *QUICK)["realised"]
    forms = (content.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + content, content.rstrip())
    for form in forms:
        assert data("run", "-", *QUICK, stdin=form)["realised"] == expected


# What this version refuses by name: the key, and a value that switches it on.
LATER = {"workflows.letters.value": "4"}


@pytest.mark.parametrize("key", LATER)
def test_what_this_version_cannot_simulate_is_refused_by_name(refused, simgap, edited, key):
    _, owner, name = key.split(".")
    value = LATER[key]
    path = edited(f"{owner}: {{", f"{owner}: {{{name}: {value}, ")
    changed = Path(path).read_text(encoding="utf-8").split("\n")
    line = next(n for n, t in enumerate(changed, 1) if f"{name}: {value}" in t)
    said = refused("run", path, *QUICK)
    assert said.startswith(f"{path}:{line}: {key}: is not simulated in this version; leave it out, or ")
    assert refused("sweep", path, "--over", "data=0:1:2") == said
    # Nothing is wrong with the file, and `validate` says what `run` will refuse.
    answer = simgap("validate", path)
    assert (answer.code, answer.err) == (0, "")
    assert key in answer.out
    # At the value that the message names, it runs.
    neutral = re.search(r"state `(.+)`", said)[1]
    assert simgap("run", path, *QUICK, "--quiet", "--set", f"{key}={neutral}") == (0, "", "")


INVESTMENTS = """
investments:
  tidy: {once: 3k, delay: 2 weeks, change: {data.validated: "%s"}}
  slow: {delay: 2 / 4 / 9 weeks}
  other: {excludes: [tidy], change: {data.validated: 60 %%}}
portfolios: {all: [tidy], nothing: [], late: [slow], odd: [other]}
"""


def bought(edited, portfolio="all", change="80 %", pilots="demo: {"):
    path = edited("base: {pilot: demo}", f"base: {{pilot: demo, portfolio: {portfolio}}}")
    text = Path(path).read_text(encoding="utf-8").replace("demo: {", pilots) + INVESTMENTS % change
    Path(path).write_text(text, encoding="utf-8")
    return path


def test_what_is_bought_is_simulated_and_told(simgap, edited):
    answer = simgap("run", bought(edited), *QUICK)
    assert "Bought: tidy, for 3.0k once and 0 of upkeep in the window; go-live is 2 weeks later." in " ".join(
        answer.out.split()
    )


def test_investments_that_cannot_be(refused, simgap, edited):
    assert "`a / b / c max N weeks`" in refused("run", bought(edited, "late"), *QUICK)
    said = refused("run", bought(edited, "all", "80 %", "demo: {carries: [other], "), *QUICK)
    assert "pilots.demo.carries: with what is bought besides, `other` excludes `tidy`; one of them" in said


def test_changes_without_effect_are_refused(refused, edited):
    path = bought(edited)
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text.replace('data.validated: "80 %"', "integration.throughput: x 2"), "utf-8")
    said = refused("run", path)
    assert re.search(
        r":\d+: investments.tidy.change.integration.throughput: changes a value that is `none`", said
    )
    Path(path).write_text(text.replace('data.validated: "80 %"', "workflows.letters.value: 3"), "utf-8")
    assert "change.workflows.letters.value: is not simulated in this version; leave it out" in refused(
        "run", path
    )


def test_a_pilot_longer_than_the_window(refused, edited, tiny):
    said = refused("run", edited("2 weeks", "20 weeks"))
    assert ":20: pilots.demo.lasts: 20.0 weeks leave nothing of the window of 3 months; a shorter" in said
    said = refused("run", tiny, "--set", "pilots.demo.lasts=20 weeks")
    assert said.startswith("--set: pilots.demo.lasts: 20.0 weeks")
    assert "`a / b / c max N weeks`" in refused("run", edited("2 weeks", "2 / 4 / 9 weeks"))
    over = ("--over", "pilots.demo.lasts=1 week:40 weeks:2")
    assert "a pilot of up to 40 weeks leaves nothing" in refused("sweep", tiny, *over, *QUICK)


def test_correlations_that_cannot_be(refused, edited):
    names = ("ai.accuracy", "data.missing", "legacy.cost")
    signs = (0.9, 0.9, -0.9)  # a like b and b like c, but a unlike c
    rows = zip(names, names[1:] + names[:1], signs, strict=True)
    pairs = [f"  {a} ~ {b}: {r}" for a, b, r in rows]
    path = edited("", "correlations:\n" + "\n".join(pairs) + "\n")
    assert ": correlations" in refused("run", path)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("data.missing", "not KEY=VALUE"),
        ("=", "not a parameter"),
        ("data.missing=", "is empty"),
        ("data.missng=1 %", "did you mean `data.missing`?"),
        ("data=none", "not a parameter"),
        ("name=other", "not a parameter"),
        ("data.missing=150 %", "over 100 %"),
        ("data.missing=1 % | 2 % | 3 %", "more than one bar"),
        ("data.missing=nan", "not a finite number"),
        ("data.missing=5 % [nobody]", "not among the sources"),
        ("data.missing@left=5 %", "not a side"),
        ("ai.accuracy@pilot=90 %", "has no sides"),
        ("clock.horizon=5 / 6 / 7 months", "is a distribution"),
        ("x" * 5000 + "=1", "not a parameter"),
    ],
)
def test_a_wrong_set(refused, tiny, text, fragment):
    said = refused("run", tiny, "--set", text)
    assert said.startswith("--set: ")
    assert fragment in said


def test_the_last_of_two_sets_holds(data, tiny):
    two = data("run", tiny, *QUICK, "--set", "oversight.time=9 min", "--set", "oversight.time=6 min")
    assert two["provenance"]["scenario"]["parameters"]["oversight.time"]["value"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (("--seed", -1), "-1 is not in the range"),
        (("--seed", 2**32), "is not in the range"),
        (("--seed", "one"), "'one' is not a valid integer"),
        (("--replications", 0), "0 is not in the range"),
        (("--replications", "1e3"), "is not a valid integer"),
        (("--replications", 10**9), "is not in the range"),
        (("--workers", 0), "0 is not in the range"),
        (("--engine", "numpy"), "'numpy' is not"),
        (("--sed", 3), "No such option"),
        (("extra",), "unexpected extra argument"),
        (("--set",), "requires an argument"),
    ],
)
def test_a_wrong_option(refused, tiny, options, fragment):
    assert fragment in refused("run", tiny, *options)


def test_no_command_and_an_unknown_one(refused):
    assert "Commands:" in refused()
    assert "No such command 'rnu'" in refused("rnu", "claims")
    assert "Missing argument 'SCENARIO'" in refused("run")
    assert "Missing option '--over'" in refused("sweep", "claims")


@pytest.mark.parametrize(
    "text",
    ["nothing", "form: []", "parameters: []", "cut"],
)
def test_a_result_that_was_changed(refused, simgap, tiny, tmp_path, text):
    resolved = json.loads(simgap("resolve", tiny).out)
    path = tmp_path / "result.json"
    broken = {
        "nothing": json.dumps({"provenance": {"scenario": {}}}),
        "form: []": json.dumps({**resolved, "form": []}),
        "parameters: []": json.dumps({**resolved, "parameters": []}),
        "cut": json.dumps(resolved)[: 2 * len(json.dumps(resolved)) // 3],
    }
    path.write_text(broken[text], encoding="utf-8")
    assert refused("run", path, *QUICK).startswith(f"{path}")


def test_a_result_cannot_be_set(refused, simgap, tiny):
    resolved = simgap("resolve", tiny).out.encode()
    said = refused("run", "-", "--set", "data.missing=1 %", stdin=resolved)
    assert said == "--set: cannot change a resolved form; --set with the scenario file itself\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 per day | 3 per day", "0 per day"),
        ("2 per day | 3 per day", "2 per day | none"),
        ("2 per day | 3 per day", "1e-9 per day"),
        ("reviewers: 1", "reviewers: 0"),
        ("review_least_confident: 20 %", "review_least_confident: 100 %"),
        ("data: {missing: 1 % | 10 / 20 / 30 %}", "data: {missing: 100 %, validated: 100 %, repaired: 0 %}"),
        ("share: none | 5 %", "share: 100 %, recognised: 100 %"),
        ("time: 5 min", "time: 0 min"),
        ("3 months", "1 month"),
        ("2 weeks", "1 h"),
        ("2 weeks", "2189.999 h"),
        ("error_cost: 5", "error_cost: 5, starts: month 10"),
        ("name: tiny", "name: tiny\nmoney: {currency: $, discount: -50 % per year, tax: 100 %}"),
        ("name: tiny", "name: tiny\nboard: {npv: 0}"),
        ("name: tiny", "name: Büro 日本語 $x^2$ [bold] {0} %s"),
        ("  letters: {", "  Überweisungen: {"),
        ("name: tiny", "name: " + "long " * 1000),
        ("80 / 90 / 95 %", "90 %"),
    ],
)
def test_an_unusual_case_that_is_legal_gives_a_result(simgap, edited, old, new):
    answer = simgap("run", edited(old, new), *QUICK)
    assert (answer.code, answer.err) == (0, "")
    assert "nan" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_amounts_that_cannot_be_added_up(refused, edited):
    said = refused("run", edited("name: tiny", "name: tiny\nboard: {volume: 1e30 per year}"), *QUICK)
    assert "projected npv comes to" in said
    assert "too large to compute with" in said


def test_control_characters_of_a_name_do_not_reach_the_terminal(simgap, edited):
    path = edited("name: tiny", r'name: "red \e[31m and\nmore"')
    for command in (
        ("run", path, *QUICK),
        ("validate", path),
        ("sweep", path, "--over", "data=0:1:2", *QUICK),
    ):
        answer = simgap(*command)
        assert answer.code == 0
        assert "\x1b" not in answer.out
        assert answer.out.startswith("red [31m and more")


def test_a_defect_of_the_program_is_no_traceback(simgap, tiny, monkeypatch):
    def broken(*_):
        raise KeyError("lost")

    monkeypatch.setattr("simgap.montecarlo.plan.run_trial", broken)
    answer = simgap("run", tiny, *QUICK)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "simgap failed: KeyError: 'lost'; this is a defect of simgap\n"


def test_python_users_get_the_same_words(tiny):
    with pytest.raises(InputError, match=re.escape("--set: data.missing: `150 %` is over 100 %")):
        package.load(tiny, ["data.missing=150 %"])
    with pytest.raises(InputError, match="no such file or scenario"):
        package.load("clams")
    with pytest.raises(InputError, match="is not a range"):
        package.load(tiny).sweep(["data"])
