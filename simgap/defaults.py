"""Defaults of the commands and of the Python interface; light, so that `--help` can show them at once."""

SEED = 1
REPLICATIONS = 1000
SWEEP_REPLICATIONS = 20  # at each point
ALL_REPLICATIONS = 200  # of each of all combinations of investments
ENGINES = ("compiled", "reference")
ENGINE = "compiled"
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
