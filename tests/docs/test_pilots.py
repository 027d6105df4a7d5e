"""The page on pilots: its script runs, its prose says what its tables say."""

import re
import shutil

import pytest
from ruamel.yaml import YAML
from test_docs import DOCS, script, text

PAGE = DOCS / "pilots.md"
PLACE = r"<!-- python docs/pilots.py -->(.*?)<!-- end -->"
# Numbers of the prose that the tables don't have: what `claims` and the script state, and the method.
STATED = {"95", "1", "2", "3"}


def tables(page):
    """Return the tables of a page, each as its head and its rows of cells."""
    found = []
    for shown in re.findall(PLACE, page, flags=re.DOTALL):
        lines = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("|")]
        found.append((lines[0], lines[2:]))
    return found


def numbers(words):
    """Return the numbers of a text, without signs and units."""
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", words))


def interval(cell):
    """Return the ends of a mean with half its interval, in thousands."""
    mean, half = (float(part.replace(",", "").removesuffix("k")) for part in cell.split(" +/- "))
    return mean - half, mean + half


@pytest.fixture(scope="module")
def shipped():
    return tables(text(PAGE))


def column(table, name):
    """Return a column as a mapping from the first cells."""
    head, rows = table
    return {row[0]: row[head.index(name)] for row in rows}


def test_the_script_makes_the_page_and_the_figure(tmp_path, shipped):
    page, figure = tmp_path / "pilots.md", tmp_path / "pilots.png"
    shutil.copy(PAGE, page)
    script("pilots").make(page, figure, quick=True)
    fresh = text(page)
    assert re.sub(PLACE, "", fresh, flags=re.DOTALL) == re.sub(PLACE, "", text(PAGE), flags=re.DOTALL)
    assert "10 replications" in fresh
    # The same rows and columns as the page that ships; other numbers, as there are fewer replications.
    for (head, rows), (its_head, its_rows) in zip(shipped, tables(fresh), strict=True):
        assert head == its_head
        assert [row[0] for row in rows] == [row[0] for row in its_rows]
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_every_number_of_the_prose_is_in_a_table():
    page = text(PAGE)
    shown = " ".join(re.findall(PLACE, page, flags=re.DOTALL))
    prose = re.sub(r"```.*?```|\]\(.*?\)", "", re.sub(PLACE, "", page, flags=re.DOTALL), flags=re.DOTALL)
    assert numbers(prose) - numbers(shown) - STATED == set()


def test_the_steps_add_up(shipped):
    worth = [cell.split("k")[0] for _, cell in shipped[2][1]]
    *parts, whole = (float(cell.replace(",", "")) for cell in worth)
    assert sum(parts) == pytest.approx(whole, abs=0.5 * len(parts))


def test_what_is_called_more_less_or_neither_is_so(shipped):
    ready, sees = (
        column(shipped[3], name) for name in ("more than demo", "looks and measures, more than demo")
    )
    by_hurdle = column(shipped[3], "more by best hurdles")
    more = ["four times the volume, incidents as before", "four times the volume and the incidents"]
    dear = ["a claim costs twice as much today", "the same, and readiness takes 8 weeks too"]
    neither = [
        "readiness at half the price, in 17 weeks",
        "48 months instead of 24",
        "four times the incidents",
    ]
    assert set(ready) == {"as it is", *more, *dear, *neither}
    for case, cell in ready.items():
        low, high = interval(cell)
        assert (low > 0.0, high < 0.0) == (case in more, case in ["as it is", *dear]), case
    for case, cell in by_hurdle.items():
        low, high = interval(cell)
        assert low > 0.0 if case in more else high < 0.0, case
    for case, cell in column(shipped[3], "the same, more than production-ready").items():
        low, high = interval(cell)
        assert high < 0.0 if case == dear[1] else low > 0.0, case
    for case, cell in sees.items():
        low, high = interval(cell)
        assert high < 0.0 if case in dear else low > 0.0, case


def test_the_designs_of_the_page_are_those_of_the_script():
    block = re.search(r"```yaml\n(.*?)```", text(PAGE), flags=re.DOTALL)[1]
    stated = YAML(typ="safe").load(script("pilots").text())["pilots"]
    assert YAML(typ="safe").load(block).items() <= stated.items()
