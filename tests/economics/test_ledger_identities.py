"""What holds of every ledger, whatever happened and whatever it costs."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worked_example import KEY, RAMPS, economic, physics_of

from simgap.economics import ledger as money
from simgap.economics.ledger import Window, released, value_of
from simgap.engines.physics import ENDS, LEGACY, Count
from simgap.model.clock import HOUR, MONTH

MONTHS = 3
WHOLE = Window(MONTHS, 0.5, float(MONTHS))
MICROSECONDS = [
    *(Count.OFFERED, Count.USED, Count.USED_BY_HAND),
    *(Count.SPECIALIST_OFFERED, Count.SPECIALIST_USED, Count.SPECIALIST_USED_BY_HAND),
]
MILLISECONDS = [Count.DELAY, Count.LEGACY_DELAY]
SUMS_OF_MONEY = (
    "legacy.cost",
    "legacy.delay_cost",
    "error_cost",
    "ai.cost",
    "oversight.wage",
    "oversight.specialist_wage",
    "costs.platform",
    "costs.governance",
    "costs.curation",
    "governance.incident_cost",
    "measurement.audit_cost",
    "measurement.tooling",
    "iteration.change_cost",
)


@st.composite
def any_physics(draw):
    counts = draw(hnp.arrays(np.int64, (MONTHS + 1, len(Count)), elements=st.integers(0, 1000)))
    counts[:, MICROSECONDS] *= HOUR
    counts[:, MILLISECONDS] *= 3_600_000
    spare = draw(hnp.arrays(np.int64, (MONTHS, 2), elements=st.integers(0, 100))) * HOUR
    capacity = counts[:-1, Count.USED] + spare[:, 0]
    specialists = counts[:-1, Count.SPECIALIST_USED] + spare[:, 1]
    listed = st.lists(st.tuples(st.integers(0, 5 * MONTH), st.integers(0, 10**6)), max_size=5)
    escaped, incidents = draw(listed), draw(listed)
    low = draw(hnp.arrays(np.float64, len(ENDS), elements=st.floats(0.0, 1.0)))
    ends = counts[:, list(ENDS)].sum(axis=0)
    return physics_of(counts, capacity, escaped, (low * ends).astype(np.int64), incidents, specialists)


@st.composite
def any_values(draw):
    amount, share = st.floats(0.0, 100.0), st.floats(0.0, 1.0)
    return {
        **{path: draw(amount) for path in SUMS_OF_MONEY},
        "legacy.error_rate": draw(share),
        "legacy.cashable": draw(share),
        "legacy.ramp_down": draw(RAMPS),
        "starts": 0.0,
        "legacy.delay": draw(st.floats(0.0, 50.0)),
        "legacy.duplicate_detection": draw(share),
        "legacy.rehire_multiple": draw(st.floats(1.0, 5.0)),
        "value_cv": draw(st.floats(0.0, 3.0)),
        "value_classes": [draw(st.floats(0.01, 0.99))],
        "oversight.paid": draw(st.sampled_from(["by headcount", "by hour"])),
        "governance.incident_cost_cv": draw(st.floats(0.0, 3.0)),
        "measurement.basis": "workflow_outcomes",
    }


def together(a, b):
    return physics_of(
        a.counts[0] + b.counts[0],
        a.reviewers.capacity + b.reviewers.capacity,
        [pair for x in (a, b) for pair in zip(x.escaped_time, x.escaped_entity, strict=True)],
        a.ends_by_class[0, 0] + b.ends_by_class[0, 0],
        [pair for x in (a, b) for pair in zip(x.incident_time, x.incident_entity, strict=True)],
        a.specialists.capacity + b.specialists.capacity,
    )


@given(any_physics(), any_physics(), any_values())
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_ledger_is_linear_in_the_physics(a, b, values):
    one, other, both = (money.ledger(p, [values], WHOLE, KEY) for p in (a, b, together(a, b)))
    for line in both:
        # The platform runs once, however much it does.
        expected = one[line] if line == "platform" else one[line] + other[line]
        if "benefit" in line:  # by month at the mean value of the whole phase, so in sum only
            assert both[line].sum() == pytest.approx(expected.sum(), rel=1e-9, abs=1e-4), line
        else:
            np.testing.assert_allclose(both[line], expected, rtol=1e-9, atol=1e-4, err_msg=line)
    alike = {**values, "value_cv": 0.0}
    one, other, both = (money.ledger(p, [alike], WHOLE, KEY) for p in (a, b, together(a, b)))
    for line in ("benefit", "cashable_benefit"):
        np.testing.assert_allclose(both[line], one[line] + other[line], rtol=1e-9, atol=1e-4, err_msg=line)


@given(any_physics(), any_values(), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=40)
def test_a_costless_detour_back_to_the_legacy_way_is_worth_nothing(physics, values, rehired):
    counts = physics.counts[0].copy()
    counts[:, [Count.STRAIGHT, Count.REVIEWED, Count.MANUAL, Count.DUPLICATE_DONE, Count.DELAY]] = 0
    free = {path: 0.0 for path in SUMS_OF_MONEY if path != "legacy.cost"}
    multiple = {} if rehired else {"legacy.rehire_multiple": 1.0}
    values = {**values, **free, **multiple}
    lines = money.ledger(physics_of(counts, physics.reviewers.capacity, []), [values], WHOLE, KEY)
    # Booked by hand: the premium for the part of the team that is gone, the drained row in the last month.
    undetected = counts[:, Count.DUPLICATE_FALLBACK] * (1.0 - values["legacy.duplicate_detection"])
    worked = counts[:, list(LEGACY)].sum(axis=1) + undetected
    worked = np.append(worked[: MONTHS - 1], worked[MONTHS - 1] + worked[MONTHS])
    premium = worked * values["legacy.cost"] * (values["legacy.rehire_multiple"] - 1.0)
    expected = -premium * released(values, WHOLE)
    np.testing.assert_allclose(economic(lines), expected, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(lines["cashable_benefit"], lines["benefit"], rtol=1e-9, atol=1e-6)
    if not rehired:
        assert (economic(lines) == 0.0).all()


@given(any_physics(), any_values(), st.integers(0, 5000), st.floats(-0.3, 1.0), st.floats(0.0, 0.5))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_another_currency_changes_the_numbers_and_not_the_project(physics, values, fee, rate, tax):
    # Doubling is exact in binary, so the results must be too.
    doubled = {**values, **{path: 2.0 * values[path] for path in SUMS_OF_MONEY}}
    one_off = np.array([-float(fee), 0.0, 0.0])
    lines = money.ledger(physics, [values], WHOLE, KEY)
    twice = money.ledger(physics, [doubled], WHOLE, KEY)
    small = value_of(economic(lines), one_off, rate, tax)
    large = value_of(economic(twice), 2.0 * one_off, rate, tax)
    assert large["npv"] == 2.0 * small["npv"]
    assert large["peak_funding"] == 2.0 * small["peak_funding"]
    for key in ("payback_months", "discounted_payback_months", "peak_month", "irr"):
        assert large[key] == small[key] or (math.isnan(large[key]) and math.isnan(small[key])), key


@given(any_physics(), any_values())
@settings(derandomize=True, deadline=None, max_examples=40)
def test_cash_never_exceeds_the_economic_benefit(physics, values):
    lines = money.ledger(physics, [values], WHOLE, KEY)
    assert (lines["cashable_benefit"] <= lines["benefit"]).all()
    # With the whole team gone from the first day they are the same.
    at_once = {**values, "legacy.cashable": 1.0, "legacy.ramp_down": 0.0, "starts": 0.0}
    lines = money.ledger(physics, [at_once], Window(MONTHS, 0.0, float(MONTHS)), KEY)
    assert (lines["cashable_benefit"] == lines["benefit"]).all()


@given(any_physics(), any_values())
@settings(derandomize=True, deadline=None, max_examples=40)
def test_idle_reviewers_are_all_that_headcount_adds(physics, values):
    headcount, hour = (
        money.ledger(physics, [{**values, "oversight.paid": paid}], WHOLE, KEY)
        for paid in ("by headcount", "by hour")
    )
    idle = (physics.reviewers.capacity - physics.counts[0, :-1, Count.USED]) / HOUR * values["oversight.wage"]
    spare = physics.specialists.capacity - physics.counts[0, :-1, Count.SPECIALIST_USED]
    idle += spare / HOUR * values["oversight.specialist_wage"]
    np.testing.assert_allclose(hour["oversight"] - headcount["oversight"], idle, rtol=1e-9, atol=1e-6)
    assert (hour["exceptions"] == headcount["exceptions"]).all()
