"""The pages: generated ones are fresh, commands print what is shown, options and results are described."""

import doctest
import importlib.util
import json
import re
from pathlib import Path

import click
import pytest

import simgap
from simgap.cli import cli
from simgap.defaults import ALL_REPLICATIONS, REPLICATIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("figures/*.md")])
LINES = {
    "Run it": (
        "python3 -m venv .venv && .venv/bin/python -m pip install -q . "
        "&& .venv/bin/simgap run claims --out results"
    ),
    "Test it": (
        'python3 -m venv .venv && .venv/bin/python -m pip install -q -e ".[test]" '
        "&& .venv/bin/python -m pytest"
    ),
}


def script(name):
    """Return a script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(page):
    return page.read_text(encoding="utf-8")


def names_in_code(page):
    """Return every name between backticks of a page, and every name in a code span with a comma."""
    return {name for span in re.findall(r"`([^`\n]+)`", text(page)) for name in re.split(r"[ ,=]+", span)}


def test_parameters_are_those_of_the_table():
    page = script("make_parameters").page()
    assert text(DOCS / "parameters.md") == page
    assert "| `data.missing` | share | `none` | 0 % to 100 % | data | 0.1 |" in page
    assert "| `workflows.*.volume` | volume | required |" in page
    assert "| `workflows.*.value` | money | `none` | at least 0 |  | not yet |" in page


@pytest.mark.parametrize(
    "name",
    [
        "tutorial.md",
        "interface.md",
        "trace.md",
        "scenario-format.md",
        pytest.param("replay.md", marks=pytest.mark.slow),
    ],
)
def test_commands_print_what_is_shown(name):
    page = text(DOCS / name)
    fresh = script("console").replay(page)
    assert fresh.splitlines() == page.splitlines()
    assert "\n$ simgap" in page


def test_replay_writes_files_and_replaces_output():
    page = "```yaml\n# a.yaml\nsimgap: 2\n```\n```console\n$ simgap validate a.yaml\nstale\n```\n"
    fresh = script("console").replay(page)
    assert "stale" not in fresh
    assert "a.yaml:2: simgap: `2` is not a version this program reads; 1\n" in fresh
    assert script("console").replay(fresh) == fresh


def test_replay_runs_nothing_but_simgap():
    with pytest.raises(ValueError, match="only simgap is run"):
        script("console").replay("```console\n$ rm file\n```\n")


@pytest.mark.parametrize("name", ["README.md", "docs/interface.md"])
def test_python_snippets(name):
    failed, tried = doctest.testfile(str(ROOT / name), module_relative=False)
    assert tried >= 4
    assert not failed


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_option_is_described(name):
    known = names_in_code(DOCS / "interface.md")
    command = cli.commands[name]
    options = [p for p in command.params if isinstance(p, click.Option)]
    with click.Context(command, **cli.context_settings) as context:
        options += [command.get_help_option(context)]
    assert name in known
    for option in options:
        assert set(option.opts) <= known, option.opts
        if isinstance(option.type, click.Choice):
            assert set(option.type.choices) <= known
        if option.name == "replications":
            shown = re.search(r"`--replications` N \| (.*?) \|", text(DOCS / "interface.md"))[1]
            usual = [option.default] if option.default else [REPLICATIONS, ALL_REPLICATIONS]
            assert {str(number) for number in usual} <= set(re.findall(r"\d+", shown))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Result folders of a run and of a sweep, as small as can be."""
    folder = tmp_path_factory.mktemp("results")
    case = simgap.load("minimal", ["clock.horizon=2 months", "workflows.letters.volume=1 per day"])
    run = case.run(replications=2, workers=1)
    sweep = case.sweep(["oversight.time=4 min:8 min:2"], replications=1, workers=1)
    run.save(folder / "run")
    sweep.save(folder / "sweep")
    return folder, run


def keys(data, skip=("scenario", "libraries", "times")):
    """Return the keys of JSON data at every depth, but for what `skip` holds."""
    if isinstance(data, list):
        return {key for item in data for key in keys(item)}
    if not isinstance(data, dict):
        return set()
    inner = (keys(value) for key, value in data.items() if key not in skip)
    return {key for key in data if key != "sd"}.union(*inner)


def test_every_key_of_the_results_is_described(results):
    folder, run = results
    known = names_in_code(DOCS / "interface.md")
    stats = {"mean", "sd", "p5", "p50", "p95", "ci95"}
    triggers = set(run.summary["operations"]["review_share_by_trigger"])
    lines = set(run.summary["ledger"])
    for name in ("run", "sweep"):
        data = json.loads(text(folder / name / "result.json"))
        missing = keys(data) - known - stats - triggers - lines
        assert not missing, name
    assert lines <= known


def test_every_file_and_column_of_the_results_is_described(results):
    folder, run = results
    known = names_in_code(DOCS / "interface.md")
    assert {file.name for file in folder.glob("*/*")} <= known
    columns = {c for c in (*run.trials.columns, *run.monthly.columns) if not c.startswith("input.")}
    assert columns - known == set()


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_resolve(page):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text(page)) if not link.startswith("http")]
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_index_lists_every_page():
    for page in DOCS.glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in text(DOCS / "index.md")


def test_the_readme_states_its_two_lines():
    readme = text(ROOT / "README.md")
    sections = re.split(r"^## (.*)\n", readme, flags=re.MULTILINE)
    shells = {
        head: re.findall(r"^```sh\n(.*?)^```$", body, re.DOTALL | re.MULTILINE)
        for head, body in zip(sections[1::2], sections[2::2], strict=True)
    }
    assert {head: blocks for head, blocks in shells.items() if blocks} == {
        head: [f"{line}\n"] for head, line in LINES.items()
    }


def test_the_format_page_names_every_condition_and_exit_code():
    from simgap.scenario.table import GROUPS

    page = text(DOCS / "scenario-format.md")
    assert all(f"`{group}`" in page for group in GROUPS)
    assert all(f"| {code} |" in page for code in range(4))


def test_the_model_page_names_every_ledger_line_and_purpose():
    from simgap.economics.ledger import LINES as LEDGER_LINES
    from simgap.model import keys as purposes

    page = text(DOCS / "model.md")
    assert all(f"| {line} |" in page for line in LEDGER_LINES)
    names = ("ARRIVAL", "DATA", "CHECK", "EDGE_TYPE", "DECISION", "LATENCY", "REVIEW", "SEVERITY")
    for name in names:
        assert f"| {getattr(purposes, name)} {name.lower().replace('_', ' ')} |" in page
