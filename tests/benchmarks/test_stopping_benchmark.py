"""The experiment on stopping does what it says; its long form is the table of the page."""

import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))  # as when it is run as a script
import stopping  # noqa: E402


def test_every_outcome_has_its_row():
    pool = np.random.default_rng(1).normal([1100.0, 1110.0], 800.0, (2000, 2))
    text, found = stopping.measured(pool, 3)
    assert list(found) == list(stopping.CASES)
    for case in stopping.CASES.values():
        assert text.count(f"| {case.words} |") == 2
    for by in found.values():
        assert (by["ours"].n >= 100).all()


def test_the_confidence_sequence_is_that_of_the_paper():
    """At n = 400 with rho = 0.1 and standard deviation 2: 2 sqrt(5 / 1600 log(5 / 0.0025))."""
    values = np.tile([2.0, -2.0], 500) * np.sqrt(399 / 400)
    tuned = (2 * np.log(20) + np.log(2 * np.log(20)) + 1) / 0.1**2
    n, low, high = stopping.confidence_sequence(values, tuned)
    i = list(n).index(400)
    assert (high[i] - low[i]) / 2 == pytest.approx(2 * np.sqrt(5 / (400**2 * 0.01) * np.log(5 / 0.0025)))


@pytest.mark.slow
def test_a_thousand_studies(monkeypatch, tmp_path):
    """Fixed n holds within 93.5 and 96.5 %, the rule at least 93.5 %: asserted by the script, seeds fixed."""
    page = tmp_path / "page.md"
    page.write_text("<!-- python benchmarks/stopping.py -->\n<!-- end -->\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["stopping.py", "--write", "--page", str(page)])
    stopping.main()
    assert "| mean realised NPV |" in page.read_text(encoding="utf-8")
