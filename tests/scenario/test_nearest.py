"""The nearest possible correlations: possible, nearest by another way round, and ready to be pasted."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from simgap import scenario
from simgap.errors import InputError
from simgap.sampling.unknowns import draw_unknowns
from simgap.scenario.correlations import nearest_possible, possible
from simgap.scenario.values import inputs

TRIANGLE = [["a", "b", 0.9], ["b", "c", 0.9], ["a", "c", -0.9]]


def random_pairs(seed, size=6, share=0.7):
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(size)]
    return [
        [names[i], names[j], round(float(rng.uniform(-1, 1)), 2)]
        for i in range(size)
        for j in range(i)
        if rng.random() < share
    ]


def pearson(pairs):
    return 2 * np.sin(np.pi * np.array([rho for _, _, rho in pairs]) / 6)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_offered_is_possible_and_possible_ones_stay(seed):
    pairs = random_pairs(seed, size=3 + seed % 8)
    offered = nearest_possible(pairs)
    assert possible(offered)
    assert [pair[:2] for pair in offered] == [pair[:2] for pair in pairs]
    assert nearest_possible(offered) == offered
    assert possible(pairs) == (offered == pairs)


def nearest_by_search(pairs):
    """The smallest distance to a matrix L L', by a general optimiser; pairs not stated must be zero."""
    names = sorted({name for pair in pairs for name in pair[:2]})
    n = len(names)
    lower = np.tril_indices(n)
    places = [(names.index(a), names.index(b)) for a, b, _ in pairs]
    stated = {frozenset(place) for place in places}
    zero = [(i, j) for i in range(n) for j in range(i) if frozenset((i, j)) not in stated]

    def matrix(x):
        factor = np.zeros((n, n))
        factor[lower] = x
        factor /= np.linalg.norm(factor, axis=1, keepdims=True)
        return factor @ factor.T

    def distance(x):
        found = matrix(x)
        return sum((found[place] - r) ** 2 for place, r in zip(places, pearson(pairs), strict=True))

    rules = [{"type": "eq", "fun": lambda x, place=place: matrix(x)[place]} for place in zero]
    starts = np.random.default_rng(1).normal(size=(6, len(lower[0]))) * 0.3 + np.eye(n)[lower]
    found = [optimize.minimize(distance, x, method="SLSQP", constraints=rules) for x in starts]
    return min(result.fun for result in found if result.success)


@pytest.mark.parametrize(
    "pairs",
    [
        TRIANGLE,
        [["a", "b", 0.9], ["b", "c", 0.9]],
        [["a", "b", 1], ["b", "c", 1], ["a", "c", 0]],
        random_pairs(3, 4, 1),
    ],
    ids=["triangle", "one not stated", "ends", "four"],
)
def test_it_is_the_nearest(pairs):
    offered = nearest_possible(pairs)
    assert offered != pairs
    distance = np.linalg.norm(pearson(offered) - pearson(pairs))
    best = np.sqrt(nearest_by_search(pairs))
    # Two digits, and what keeps them possible, cost at most a hundredth a pair.
    assert best - 1e-4 < distance < best + 0.0105 * np.sqrt(len(pairs))


def test_a_triangle_by_hand():
    # By symmetry r, r, -r with a smallest eigenvalue 1 - 2 r of zero: rho = 6 asin(1/4) / pi = 0.4826.
    assert nearest_possible(TRIANGLE) == [["a", "b", 0.48], ["b", "c", 0.48], ["a", "c", -0.48]]


def test_what_others_have_no_part_in_stays():
    apart = [["d", "e", 0.333], ["e", "f", -0.5]]
    assert nearest_possible([*TRIANGLE, *apart])[3:] == apart


HEAD = """simgap: 1
workflows: {letters: {volume: 40 per day}}
legacy: {cost: 6 per item}
ai: {accuracy: 80 / 90 / 95 %}
oversight: {reviewers: 1, wage: 30 / 35 / 40 per hour, time: 4 / 5 / 6 min}
data:
  missing: 1 / 2 / 3 % | 2 / 4 / 9 %
  stale: 1 / 2 / 3 %
correlations:
"""
PAIRS = {
    "data.missing ~ data.stale": 0.9,
    "data.missing@pilot ~ data.missing": 0.9,
    "data.stale ~ data.missing@pilot": -0.7,
    "oversight.time ~ oversight.wage": 0.25,
}


def test_the_lines_of_the_message_can_be_pasted():
    stated = {pair: f"  {pair}: {rho}" for pair, rho in PAIRS.items()}
    with pytest.raises(InputError) as caught:
        scenario.read_text(HEAD + "\n".join(stated.values()) + "\n", "f.yaml")
    said = str(caught.value)
    assert said.startswith("f.yaml:11: correlations.data.missing@pilot ~ data.missing: 0.9 is impossible")
    offered = dict(re.findall(r"^    (.+ ~ .+): (\S+)    # was \S+$", said, re.MULTILINE))
    assert set(offered) == set(PAIRS) - {"oversight.time ~ oversight.wage"}
    farthest = max(abs(float(new) - PAIRS[pair]) for pair, new in offered.items())
    assert f"differ by up to {farthest:.2f}:\n" in said
    lines = said.split(":\n", 1)[1].split("\n")
    kept = stated["oversight.time ~ oversight.wage"]
    resolved = scenario.read_text(HEAD + "\n".join([kept, *lines]).replace("    data", "  data") + "\n")
    assert len(resolved["correlations"]) == 4
    drawn = draw_unknowns(inputs(resolved), resolved["correlations"], 1, np.arange(10))
    assert np.isfinite(drawn).all()


def test_every_broken_file_of_the_tests_is_offered_a_way():
    path = Path(__file__).parent / "invalid" / "correlation-impossible.yaml"
    with pytest.raises(InputError, match=r"The nearest that are possible differ by up to 0\.15"):
        scenario.read(str(path))
