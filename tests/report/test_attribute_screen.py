"""The screen of `attribute`: what it says follows from the numbers, whichever way they point."""

import numpy as np
import pytest

from simgap.analysis.attribution import Shares, attribution
from simgap.report.attribute import screen
from simgap.report.screen import WIDTH

CONDITIONS = ("data", "edge_cases", "oversight", "drift")
SETTINGS = {
    "clock.horizon": 24.0,
    "clock.decision": "2026-01",
    "money.tax": 0.0,
    "money.prices": "real",
    "money.discount": 0.05,
}
RNG = np.random.default_rng(4)
NOISE = RNG.normal(0.0, 1e3, (100, 6))


def shares(name="nothing", scale=2e5, investments=0.0, bars=(1e5, 500.0, 5e4, -2e4), draws=100, pairs=None):
    noise = NOISE[:draws] * np.array([1.0, float(bool(investments)), 1.0, 0.1, 1.0, 1.0])
    scale, investments = scale + noise[:, 0], investments + noise[:, 1]
    conditions = np.array(bars) + noise[:, 2:]
    projected = np.full(draws, 5e5)
    realised = projected - scale - investments - conditions.sum(axis=1)
    return Shares(name, projected, realised, scale, investments, conditions, pairs)


def told(*all_shares, exact=False):
    found = attribution(all_shares, CONDITIONS)
    for portfolio in found["portfolios"]:
        portfolio["investments"] = ["cleaning"]
    head = {
        "scenario": {"name": "letters"},
        "seed": 1,
        "replications": len(all_shares[0].scale),
        "ended": {"draws": []},
        "currency": "EUR",
        "portfolio": all_shares[0].name,
        "without_bar": ["scope"],
        "exact": exact,
        "pilot_lucks": 20,
    }
    said = screen(head | found, SETTINGS)
    assert max(map(len, said.splitlines())) <= WIDTH
    return said, " ".join(said.split())


def test_a_gap_is_divided_from_the_largest_bar_on():
    _, words = told(shares())
    assert "The board saw 500k EUR; production comes to 169k on average." in words
    assert ", scale takes 61% (200k), data 30% (100k) and oversight 15% (50k)." in words
    assert "Less than 2% each: edge cases." in words
    assert "Narrows the gap, production being better off there than the pilot: drift (20k)." in words
    assert "The same in pilot and production, so exactly 0: scope." in words
    assert "scale narrows" not in words.lower()


def test_the_table_goes_from_projected_to_realised():
    said, _ = told(shares())
    rows = [
        line.split()
        for line in said.splitlines()
        if line[:2] == "  " or line[:9] in ("projected", "realised ")
    ]
    assert [row[0] for row in rows[1:]] == [
        "projected",
        "scale",
        "data",
        "oversight",
        "edge",
        "drift",
        "realised",
    ]
    assert rows[2][1:] == ["200k", "200k", "200k", "60.6%"]


def test_a_gap_below_zero_is_none():
    _, words = told(shares(scale=-4e5))
    assert "That is no less: the gap is -269k (95 % interval" in words
    assert "Scale narrows it by 400k." in words
    assert "takes" not in words.split("Net present value")[0]


def test_a_gap_that_is_not_shown():
    _, words = told(shares(scale=-130_500.0))
    assert "No gap can be shown:" in words
    assert "%" not in words.split("takes from to of the gap")[1].replace("95 %", "")


@pytest.mark.parametrize("draws", [1, 3])
def test_few_draws(draws):
    _, words = told(shares(draws=draws))
    assert ("One draw shows nothing of the gap" in words) == (draws == 1)
    assert f"{draws} replication" in words
    assert ("Widest interval" in words) == (draws > 1)


def test_what_is_left_is_smaller_or_larger():
    ready = shares("ready", investments=3e4, bars=(2e4, 500.0, 5e4, -2e4))
    said, words = told(shares(), ready)
    assert "With ready instead of nothing the gap to the same board figure is 281k EUR, 50k smaller" in words
    rows = {line[2:16].strip(): line.split()[1:] for line in said.splitlines() if line.startswith("  ")}
    assert rows["investments"][:3] == ["0", "30k", "-30k"]
    assert rows["data"][:3] == ["100k", "20k", "80k"]
    _, words = told(ready, shares())
    assert (
        "With nothing instead of ready the gap to the same board figure is 331k EUR, 50k larger (95 %"
        in words
    )
    low, high = words.split("50k larger (95 % interval ")[1].split(")")[0].split(" to ")
    assert float(low[:-1]) <= float(high[:-1])
    assert low[0] != "-"


def test_pairs_are_said_more_or_less():
    pairs = np.full((100, 4, 4), np.nan)
    for (i, j), mean in {(0, 1): 0.0, (0, 2): 3e4, (1, 2): -5e4}.items():
        pairs[:, i, j] = pairs[:, j, i] = mean + NOISE[:, i + j]
    _, words = told(shares(pairs=pairs))
    assert (
        "Together beyond what each takes without the other: edge cases and oversight 50k less (95 %" in words
    )
    assert "and data and oversight 30k more (95 %" in words
    pairs[:] = NOISE[:, :4, None] + NOISE[:, None, :4]
    assert "No two conditions can be shown" in told(shares(pairs=pairs - pairs.mean(axis=0)))[1]


def test_bars_and_changes_are_those_of_the_draws():
    base, ready = shares(), shares("ready", investments=3e4, bars=(2e4, 500.0, 5e4, -2e4))
    found = attribution([base, ready], CONDITIONS)
    by_name = {row["condition"]: row for row in found["bars"]}
    assert by_name["data"]["mean"] == pytest.approx(base.conditions[:, 0].mean())
    assert by_name["data"]["ci95"][0] < by_name["data"]["mean"] < by_name["data"]["ci95"][1]
    assert sum(row["share"] for row in found["bars"]) == pytest.approx(1.0)
    changes = {row["condition"]: row for row in found["portfolios"][0]["changes"]}
    assert changes["data"]["mean"] == pytest.approx(8e4)
    assert changes["data"]["ci95"] == pytest.approx([8e4, 8e4])  # paired: the noise is the same
    assert found["widest"]["condition"] in by_name
