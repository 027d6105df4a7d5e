"""The figure of a study that ran until its result was known well enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from simgap.analysis.sequential import Metric, running
from simgap.model.types import Floats
from simgap.report.precision import LABELS, size

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(
    caption: str, precision: Mapping[str, Any], metric: Metric, values: Floats, currency: str
) -> Figure:
    """Return the convergence figure.

    Parameters
    ----------
    caption : str
        Of the study.
    precision : mapping
        As `study.precision.simulate` gives it.
    metric : Metric
        The outcome.
    values : Floats[n]
        A number a trial.
    currency : str
        Name of the currency.
    """
    from simgap.plots import convergence, style

    looks = [
        (look["n"], look["estimate"], *(np.nan if end is None else end for end in look["interval"]))
        for look in precision["looks"]
    ]
    counts = np.array([look["alpha"] > 0.0 for look in precision["looks"]])
    share = metric.kind == "probability"
    words = size(metric.kind, precision["target"])
    drawn, axes = style.new_figure(caption, height=convergence.HEIGHT)
    convergence.draw(
        axes,
        running(metric, values),
        np.array(looks, np.float64),
        counts,
        precision["target"],
        LABELS[precision["metric"]],
        "" if share else currency,
        ("" if precision["half_width"] is None else size(metric.kind, precision["half_width"]), words),
        precision["reached"],
    )
    return drawn
