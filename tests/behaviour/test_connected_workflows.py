"""More connected workflows slow every fix, and variety raises the share of edge cases.

The file's workflow is there once, twice and three times, all from the first day on.
"""

from pathlib import Path

import pytest
from paired import FILE, STATED, run
from scipy.stats import binom

SLOWDOWN, VARIETY, SHARE = 0.25, 0.03, 0.06
LEAD = 14 * 24  # hours
ALARM = 1e-3  # a true share would be refused on 1 seed in 1,000
SCENE = (*STATED, "governance.surfaced=0 %", "oversight.reviewers=6", "oversight.deadline=none")
CHANGES = (
    "data.schema_changes@production=24 per year",
    "iteration.lead_time@production=2 weeks",
    "iteration.lead_time_cv=0",
    "iteration.in_parallel=100",
)
OWN = """
    volume: none | 8k per year
    profile: Mon-Fri 08:00-18:00
    consequential: 5 % | 10 %
    error_cost: 50
"""


@pytest.fixture(scope="module")
def connected(tmp_path_factory):
    """Outcomes with so many workflows and some values set."""
    folder = tmp_path_factory.mktemp("several")

    def outcomes(workflows, *sets, n=4):
        text = Path(FILE).read_text("utf-8")
        more = "".join(f"  further {i}:{OWN}" for i in range(1, workflows))
        at = text.index("\ndata:\n")
        file = folder / f"complaints_{workflows}.yaml"
        file.write_text(text[:at].rstrip() + "\n" + more + text[at:], "utf-8")
        return run(*SCENE, *sets, n=n, file=str(file))

    return outcomes


@pytest.mark.parametrize("workflows", [1, 2, 3])
def test_each_further_workflow_slows_every_fix(connected, workflows):
    # Nothing waits for room, and lead times do not vary: all take as long, to the millisecond.
    found = connected(workflows, *CHANGES, f"iteration.slowdown@production={SLOWDOWN}")
    assert (found["n_changes_done"] > 0).all()
    lead = found["n_change_lead"] / found["n_changes_done"]
    assert lead == pytest.approx(LEAD * (1 + SLOWDOWN * (workflows - 1)), abs=1e-5)


def test_without_slowdown_they_do_not(connected):
    found = connected(3, *CHANGES)
    assert found["n_change_lead"] / found["n_changes_done"] == pytest.approx(LEAD, abs=1e-5)


@pytest.mark.parametrize("workflows", [1, 2, 3])
def test_variety_raises_the_share_of_edge_cases(connected, workflows):
    found = connected(workflows, f"scope.variety@production={VARIETY}")
    items, edge = int(found["n_items"].sum()), found["n_edge_cases"].sum()
    low, high = binom.interval(1 - ALARM, items, SHARE + VARIETY * (workflows - 1))
    assert low <= edge <= high
    # Each item that is one without variety is one with it.
    assert (found["n_edge_cases"] >= connected(workflows)["n_edge_cases"]).all()
