"""The figure of an input: readable whatever the distribution, and the same bytes each time."""

import numpy as np
import pytest
from reading import faults, words

from simgap.analysis.meaning import clipped, law
from simgap.plots import density, style

UNIFORM = {"family": "uniform", "low": 0.02, "high": 0.05}
METALOG = {"family": "metalog", "p10": 0.0121, "p50": 0.53, "p90": 0.995, "lower": 0.0, "upper": 1.0}
WIDE = {"family": "lognormal", "mean": 0.2, "cv": 3.0}
DISCRETE = {"family": "discrete", "values": [0.1, 0.11, 0.9], "probabilities": [0.05, 0.05, 0.9]}
SAMPLE = {"family": "empirical", "values": np.sort(np.random.default_rng(1).normal(0.5, 0.1, 300)).tolist()}
LONG = "investments.everything that can be bought.change.workflows.credit notes.data.schema_broken"

CASES = {
    "smooth": ([("both", UNIFORM)], None),
    "with a known pilot": ([("production", METALOG)], ("pilot", 0.0121)),
    "pilot far off": ([("production", UNIFORM)], ("pilot", 0.9)),
    "both": ([("pilot", UNIFORM), ("production", METALOG)], None),
    "both alike": ([("pilot", UNIFORM), ("production", UNIFORM)], None),
    "wide": ([("value", WIDE)], None),
    "discrete": ([("change", DISCRETE)], None),
    "sample": ([("both", SAMPLE)], None),
    "sample beside discrete": ([("pilot", SAMPLE), ("production", DISCRETE)], None),
}


def render(name, label="data.missing"):
    series, known = CASES[name]
    figure, axes = style.new_figure("claims: what is believed (guess).", height=density.HEIGHT)
    laws = [(side, clipped(law(d), 0.0, 1.0)) for side, d in series]
    density.draw(axes, label, laws, known, 0.01, "%")
    return figure


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("label", ["data.missing", LONG])
def test_no_text_covers_another_or_leaves_the_figure(name, label):
    assert faults(render(name, label)) == []


def test_equal_figures_give_equal_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        style.save(render("both"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_curve_and_its_marks_are_those_of_the_distribution():
    figure = render("smooth")
    curve = max(figure.axes[1].lines, key=lambda line: len(line.get_xdata()))
    x, y = curve.get_xdata(), curve.get_ydata()
    np.testing.assert_allclose(y, np.clip((x - 2) / 3, 0, 1), atol=2e-3)
    marks = sorted(
        (line.get_xdata()[0], line.get_ydata()[0]) for line in figure.axes[1].lines if line is not curve
    )
    np.testing.assert_allclose(marks, [(2.3, 0.1), (3.5, 0.5), (4.7, 0.9)])
    said = words(figure)
    assert "P50: 3.5" in said
    assert any(
        text.replace("\n", " ") == "In 9 futures of 10 data.missing lies between 2.15 and 4.85 %"
        for text in said
    )
    assert "data.missing, %" in said


def test_the_pilot_is_marked_and_two_sides_are_named():
    assert any("pilot 1.21" in text for text in words(render("with a known pilot")))
    said = words(render("both"))
    assert "pilot: P10 / P50 / P90 = 2.3 / 3.5 / 4.7" in said
    assert any("in production" in text.replace("\n", " ") for text in said)
