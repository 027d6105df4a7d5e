"""Defaults of the commands and of the Python interface; light, so that `--help` can show them at once."""

SEED = 1
REPLICATIONS = 1000
SWEEP_REPLICATIONS = 20  # at each point
PREVIEW_TRIALS = 400  # of a preview in all, shared among its points
PREVIEW_REPLICATIONS = (4, 50)  # fewest and most at each
CAPACITY_DRAWS = 200  # of the fluid model
CHECK_REPLICATIONS = 100  # that check it
ALL_REPLICATIONS = 200  # of each of all combinations of investments
DESIGNS = ("mc", "lhs", "sobol")
DESIGN = "mc"
LUCKS = 1  # a draw of the unknowns
ATTRIBUTE_REPLICATIONS = 240  # whole squares of ten conditions
EXACT_REPLICATIONS = 20  # of which all coalitions of conditions are simulated
ENGINES = ("compiled", "reference")
ENGINE = "compiled"
FLUID = "fluid"  # what is expected of a trial, approximately; takes the place of an engine, and draws nothing
# Outcomes of `run` that may be known to a precision: the keys of `analysis.sequential.METRICS`.
PRECISION_OF = (
    "npv",
    "cashable_npv",
    "projected",
    "gap",
    "peak_funding",
    "p5",
    "p50",
    "p95",
    "p_negative",
    "p_success",
    "p_never",
)
MOST_REPLICATIONS = 100_000  # with --precision, unless --replications says otherwise
