"""The page on the outside view: its table is that of the program, and it names every column and uplift."""

import importlib.util
from pathlib import Path

from simgap.scenario.outside import APPLIES, COLUMNS, MOST_PROJECTS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_that_of_the_program():
    spec = importlib.util.spec_from_file_location("make_parameters", DOCS / "make_parameters.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (DOCS / "outside-view.md").read_text(encoding="utf-8")
    assert module.with_published(page) == page
    assert "| `green-book` |" in page
    for name in (*COLUMNS, *(path for paths in APPLIES.values() for path in paths)):
        assert f"`{name}`" in page, name
    for path in APPLIES:
        assert f"| `{path.partition('.')[2]}` |" in page
    assert f"{MOST_PROJECTS:,} projects" in page
