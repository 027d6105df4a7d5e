"""What an event cost, against sums made by hand."""

import pytest

import simgap
from simgap.model import keys

# An item an hour, round the clock. After an incident people see all of them for 14 days: 6 minutes each.
BY_HAND = """\
simgap: 1
clock: {horizon: 6 months}
money: {discount: 0 % per year}
legacy: {cost: 6 per item}
workflows: {letters: {volume: 1 per hour, arrivals: deterministic, profile: always, consequential: 0.25 %}}
ai: {accuracy: 90 %}
oversight:
  reviewers: 1
  paid: by hour
  hours: always
  wage: 60 per hour
  time: 6 min
  time_law: deterministic
  shrinkage: 0 %
  overturn: 0 %
  review_least_confident: 0 %
governance:
  surfaced: none | 100 %
  lag: 10 days
  restrict: 1
  window: 14 days
  incident_cost: 1000
  incident_cost_cv: 0
"""
HOURS = 14 * 24


@pytest.fixture(scope="module")
def case():
    return simgap.load(BY_HAND)


@pytest.fixture(scope="module")
def one(case):
    """A replication with one incident, early enough, and the same without it."""
    trials = case.run(replications=40, workers=1).trials
    for number in trials.index[(trials["n_incidents"] == 1) & (trials["n_latent_incidents"] == 0)].tolist():
        found = case.replay(number, ["incident:0"])
        early = found.chosen[0].time + HOURS * 3.6e9 < found.histories[0].line.window
        if early and found.difference.counts["incidents"] == (1, 0):
            return number, found
    return pytest.fail("no such replication")


def test_an_incident_costs_itself_and_the_reviews_of_fourteen_days(one):
    _, found = one
    data = found.json()
    assert found.difference.counts["reviewed"] == (HOURS, 0)
    assert found.difference.counts["straight"][1] - found.difference.counts["straight"][0] == HOURS
    assert data["weeks"]["restricted"]["factual"] == pytest.approx(2.0, rel=1e-12)
    assert data["weeks"]["restricted"]["without"] == 0.0
    rows = {row["line"]: row["difference"] for row in data["money"] if row["difference"]}
    assert rows == {"incidents": -1000.0, "oversight": pytest.approx(-HOURS * 0.1 * 60.0, rel=1e-12)}
    assert data["npv"]["cost"] == pytest.approx(1000.0 + 2016.0, rel=1e-12)
    assert data["items"] == {"another_way": HOURS, "later": HOURS, "earlier": 0}
    assert data["joined"]
    # Incident, level, and the first and the last item that is reviewed: the second week ends both.
    assert [row["mark"] for row in data["chain"]] == ["removed", "otherwise", "otherwise", "otherwise"]
    assert "2.0 weeks more restricted, 336 items later, 336 another way, " in " ".join(found.text().split())
    assert "Incident:0 cost 3.0k EUR." in found.text()


def test_the_restriction_alone_costs_its_reviews(case, one):
    number, _ = one
    found = case.replay(number, ["restriction:0"])
    assert found.cost == pytest.approx(HOURS * 0.1 * 60.0, rel=1e-12)
    assert found.difference.counts["incidents"] == (1, 1)
    assert found.difference.counts["reviewed"] == (HOURS, 0)
    both = case.replay(number, ["restriction:0", "incident:0"])
    assert both.cost == pytest.approx(3016.0, rel=1e-12)


def test_items_before_the_event_and_after_the_histories_join_are_the_same_entries(one):
    _, found = one
    logs = [[e for e in told.entries if e.kind == keys.ITEM] for told in found.histories]
    begin, end = found.chosen[0].time, found.difference.last
    for part in (lambda e: e.time < begin, lambda e: e.time > end):
        same = [list(filter(part, log)) for log in logs]
        assert same[0] == same[1]
        assert len(same[0]) > 500


OUTAGES = """\
simgap: 1
clock: {horizon: 4 months}
legacy: {cost: 6 per item}
workflows: {letters: {volume: 24 per day, arrivals: deterministic, profile: Mon-Fri 09:00-17:00}}
ai: {accuracy: 90 %}
integration: {outages: none | 60 per year, outage_time: 3 h}
oversight: {reviewers: 1, wage: 35 per hour, time: 5 min}
"""


def test_an_outage_that_nobody_meets_costs_nothing():
    """Items come in office hours; an outage at night or on Sunday lets nobody wait."""
    listed = simgap.load(OUTAGES).replay(0)
    moving = [e.time for e in listed.told.entries if e.activity in ("arrival", "AI")]
    unmet = [o for o in listed.events if not any(o.time <= t <= o.end for t in moving)]
    assert 0 < len(unmet) < len(listed.events)
    found = simgap.load(OUTAGES).replay(0, [unmet[0].name])
    assert found.cost == 0.0
    assert {e.kind for side in found.difference.only for e in side} == {keys.OUTAGE}
    assert found.json()["items"] == {"another_way": 0, "later": 0, "earlier": 0}
    assert found.histories[0].reading.realised == found.histories[1].reading.realised
    assert f"{unmet[0].name.capitalize()} cost nothing." in found.text()
