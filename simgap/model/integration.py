"""What stands between an item and the AI's decision: the connector, outages, and the time of the AI stage."""

from __future__ import annotations

import math

from simgap.compiling import small
from simgap.model import keys
from simgap.model.clock import NEVER
from simgap.model.keys import item_words
from simgap.model.parameters import P
from simgap.model.times import time_hours, to_microseconds
from simgap.model.types import Floats, Ints
from simgap.sampling.inversion import exponential_quantile, lognormal_quantile
from simgap.sampling.philox import Words, unit


@small
def latency(w: Words, p: Floats) -> int:
    """Return the time of the AI stage for an item, in microseconds."""
    return to_microseconds(time_hours(unit(w[0]), int(p[P.LATENCY_LAW]), p[P.LATENCY], p[P.LATENCY_SIGMA]))


@small
def outage(key: Ints, number: int, p: Floats) -> tuple[int, int]:
    """Return how long the AI stage is up before an outage, and how long the outage lasts, in microseconds.

    An alternating renewal process (Cox 1962, *Renewal Theory*, ch. 7): exponential while up, lognormal while
    down. The up-time is `NEVER` where there are no outages.
    """
    if p[P.OUTAGES] == 0.0:
        return NEVER, 0
    w = item_words(key, keys.OUTAGE, number, keys.OUTAGE_TIME)
    up = 8760.0 / p[P.OUTAGES] * exponential_quantile(unit(w[0]))
    down = lognormal_quantile(unit(w[1]), p[P.OUTAGE_TIME], p[P.OUTAGE_CV])
    return to_microseconds(up), to_microseconds(down)


@small
def connector_time(p: Floats) -> int:
    """Return the time of the connector for an item in microseconds; 0 where its throughput is unlimited."""
    return 0 if p[P.THROUGHPUT] == math.inf else to_microseconds(1.0 / p[P.THROUGHPUT])
