"""Defaults of the commands and of the Python interface; light, so that `--help` can show them at once."""

SEED = 1
REPLICATIONS = 1000
SWEEP_REPLICATIONS = 20  # at each point
ALL_REPLICATIONS = 200  # of each of all combinations of investments
DESIGNS = ("mc", "lhs", "sobol")
DESIGN = "mc"
LUCKS = 1  # a draw of the unknowns
ATTRIBUTE_REPLICATIONS = 200
EXACT_REPLICATIONS = 20  # of which all coalitions of conditions are simulated
ENGINES = ("compiled", "reference")
ENGINE = "compiled"
