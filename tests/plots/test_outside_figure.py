"""The figure of the outside view: both distributions, both medians, legible from one project to thousands."""

import numpy as np
import pytest
from reading import CAPTION, faults, words

from simgap.plots import outside_view, style

RNG = np.random.default_rng(5)
EIGHT = np.array([-0.15, 0.75, 0.2, 0.4, 0.775, -0.15, 0.61, 1.025])
FORECAST = RNG.normal(0.3, 0.2, 200)
CASES = {
    "one": (np.array([0.4]), FORECAST),
    "three alike": (np.full(3, 0.5), FORECAST),
    "eight": (EIGHT, FORECAST),
    "thousands": (1.3 - RNG.lognormal(-0.3, 0.8, 5000), FORECAST),
    "equal medians": (EIGHT, np.full(50, 0.505)),
    "far apart": (EIGHT, FORECAST - 9.0),
    "far above": (EIGHT, FORECAST + 4.0),
    "certain": (EIGHT, np.ones(10)),
}


def drawn(ratios, forecast, weights=None, name="past.csv"):
    figure, axes = style.new_figure(CAPTION)
    outside_view.draw(axes, name, ratios, np.ones(len(ratios)) if weights is None else weights, forecast)
    return figure, axes


@pytest.mark.parametrize("name", CASES)
def test_no_text_covers_another_or_leaves_the_figure(name):
    figure, _ = drawn(*CASES[name])
    assert not faults(figure)


def test_a_long_name_is_cut():
    figure, _ = drawn(EIGHT, FORECAST, name="all finished projects of the last twenty years.csv")
    assert not faults(figure)


def test_both_distributions_and_medians_are_drawn():
    figure, axes = drawn(EIGHT, FORECAST)
    of_class, forecast = (line for line in axes.get_lines() if line.get_drawstyle() == "steps-post")
    x, y = of_class.get_data()
    assert np.interp(0.41, x, y) >= 0.5
    np.testing.assert_allclose(x[1:-1], np.sort(EIGHT))
    np.testing.assert_allclose(y, [*np.arange(9) / 8, 1.0])
    np.testing.assert_allclose(forecast.get_xdata()[1:-1], np.sort(FORECAST))
    lines = {float(line.get_xdata()[0]) for line in axes.get_lines() if len(set(line.get_xdata())) == 1}
    middle = float(np.median(FORECAST))
    assert {1.0, 0.505, 0.0} <= {round(x, 12) for x in lines}
    assert min(abs(x - middle) for x in lines) < 1e-9
    said = " ".join(words(figure)).replace("\n", " ")
    assert "half the class: 0.505 or less" in said
    assert f"half the futures: {style.number(middle)} or less" in said
    assert "above 3 of 8 projects" in said


def test_weights_move_the_class():
    weights = np.where(EIGHT > 0.7, 10.0, 1.0)
    figure, axes = drawn(EIGHT, FORECAST, weights)
    line = next(line for line in axes.get_lines() if line.get_drawstyle() == "steps-post")
    np.testing.assert_allclose(line.get_ydata()[-3:], [25 / 35, 1.0, 1.0])
    assert "% of the projects" in " ".join(words(figure)).replace("\n", " ")


def test_what_lies_beyond_the_axis_is_counted():
    figure, _ = drawn(np.append(RNG.normal(0.5, 0.2, 500), [-40.0, 60.0]), FORECAST)
    assert "2 of 502 projects lie beyond the axis" in " ".join(words(figure))


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        drawn(np.array([0.5, np.nan]), FORECAST)
