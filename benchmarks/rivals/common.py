"""The model that all rivals run, in hours, and what a run tells."""

import gc
import importlib
import math
from dataclasses import dataclass

ARRIVALS = 40.0  # an hour, Poisson
SERVERS = 4
SERVICE = 0.08  # mean, exponential
REVIEWED = 0.25  # share of items that a reviewer sees
REVIEWERS = 12
SIGMA = math.sqrt(math.log1p(1.2**2))  # lognormal review: mean 0.9 h, coefficient of variation 1.2
MU = math.log(0.9) - 0.5 * SIGMA**2


@dataclass(frozen=True)
class Done:
    """What a run came to: its seconds, the items that left, and those among them that were reviewed."""

    seconds: float
    finished: int
    reviewed: int

    def check(self, items: int) -> None:
        """Assert that all the work was done; the reviewed within five standard errors of a binomial count."""
        assert self.finished == items, (self.finished, items)
        spread = 5.0 * math.sqrt(items * REVIEWED * (1.0 - REVIEWED))
        assert abs(self.reviewed - items * REVIEWED) < spread, (self.reviewed, items)


def run_apart(module: str, items: int, seed: int) -> Done:
    """Run the common part in the rival of a module; to be called where no rule of simgap is compiled."""
    rival = importlib.import_module(f"rivals.{module}")
    gc.collect()  # so that none pays for what another left
    return rival.run(items, seed)
