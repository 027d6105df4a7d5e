"""Defaults of the commands and of the Python interface; light, so that `--help` can show them at once."""

SEED = 1
REPLICATIONS = 1000
SWEEP_REPLICATIONS = 20  # at each point
ALL_REPLICATIONS = 200  # of each of all combinations of investments
ATTRIBUTE_REPLICATIONS = 240  # whole squares of ten conditions
EXACT_REPLICATIONS = 20  # of which all coalitions of conditions are simulated
ENGINES = ("compiled", "reference")
ENGINE = "compiled"
