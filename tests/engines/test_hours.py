"""Staffed time for one who only moves forward is that of the clock, within its table and beyond its end."""

import numpy as np
import pytest
from cases import ALWAYS, OFFICE

from simgap.engines.calendars import calendar_of
from simgap.engines.compiled import hours
from simgap.engines.compiled.layout import BEFORE, CLOSE, OPEN
from simgap.model import clock
from simgap.model.clock import DAY, HOUR, NEVER, WEEK

CLOSED = [d * DAY - 2 * HOUR for d in (-5, 0, 1, 3, 4, 8, 9, 20, 40)]
CALENDARS = {
    "office": calendar_of(OFFICE, 50 * HOUR),
    "office with holidays": calendar_of(OFFICE, 50 * HOUR, CLOSED),
    "always": calendar_of(ALWAYS, 0),
    "always but holidays": calendar_of(ALWAYS, 50 * HOUR, CLOSED),
    "a minute a week": calendar_of([(24 * 7 - 1 / 60, 24 * 7, 1)], 7 * HOUR),
}


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize("other", ["office", "always"])
def test_one_who_moves_forward_sees_what_the_clock_says(name, other):
    calendar, until = CALENDARS[name], 6 * WEEK
    spans = hours.spans_until((CALENDARS[other], calendar), until)
    assert spans[1, -1, CLOSE] == NEVER
    rng = np.random.default_rng(5)
    table = spans[1, spans[1, :, CLOSE] < NEVER]
    edges = np.concatenate([table[:, OPEN], table[:, CLOSE]])
    instants = np.concatenate([[0], rng.integers(0, 9 * WEEK, 400), edges, edges - 1, edges + 1])
    span, beyond = 0, 0
    for now in np.sort(instants[instants >= 0]).tolist():
        span = hours.span_at(spans, 1, span, now)
        staffed = hours.staffed_time(spans, 1, span, now, calendar)
        assert staffed == clock.staffed_time(now, calendar)
        assert hours.next_opening(spans, 1, span, now, calendar) == clock.next_opening(now, calendar)
        for more in (0, 1, HOUR, 17 * HOUR, int(rng.integers(0, 3 * WEEK))):
            found = hours.reached(spans, 1, span, now, staffed, more, calendar)
            assert found == clock.reached(now, staffed + more, calendar)
        beyond += spans[1, span, CLOSE] == NEVER
    assert 0 < beyond < len(instants)
    assert (np.diff(table[:, BEFORE]) == (table[:, CLOSE] - table[:, OPEN])[:-1]).all()
