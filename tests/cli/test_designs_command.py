"""`--design` and `--lucks`: the JSON, the screen, the same again from a result, and what is refused."""

import numpy as np
import pytest
from contract import STATS, files, holds, load, without_times

import simgap as package
from simgap.errors import InputError

PARTS = {"variance": (float,), "share": (float,), "ci95": [(float,)]}
KINDS = {"luck": PARTS, "unknown": PARTS, "sd_total": (float,), "sd_luck": (float,)}
UNCERTAINTY = {
    **{"draws": int, "lucks": int, "method": str},
    **dict.fromkeys(("realised_npv", "projected_npv", "gap"), KINDS),
}
SOBOL = ("--design", "sobol", "--replications", 64, "--workers", 1)


def test_a_designed_run_is_the_same_again_from_its_result(data, simgap, tiny, tmp_path):
    options = (*SOBOL, "--lucks", 2)
    found = data("run", tiny, *options, "--out", tmp_path / "a")
    assert found["replications"] == found["provenance"]["replications_asked"] == 64
    assert found["design"] == {"name": "sobol", "randomisations": 16, "points": 2, "lucks": 2}
    assert (found["provenance"]["design"], found["provenance"]["lucks"]) == ("sobol", 2)
    holds({"uncertainty": UNCERTAINTY, "realised": {"npv": STATS}}, found)
    assert (found["uncertainty"]["draws"], found["uncertainty"]["lucks"]) == (32, 2)
    again = data("run", tmp_path / "a" / "result.json", *options, "--workers", 2, "--out", tmp_path / "b")
    assert without_times(again) == without_times(found)
    first, second = files(tmp_path / "a"), files(tmp_path / "b")
    assert "lucks.png" in first
    assert [name for name in first if second[name] != first[name]] in ([], ["result.json"])  # by its times
    # One luck a draw instead: neither figure nor numbers are left.
    data("run", tiny, *SOBOL, "--out", tmp_path / "a", "--overwrite")
    assert "lucks.png" not in files(tmp_path / "a")
    assert load(tmp_path / "a")["uncertainty"] is None


def test_the_screen_says_how_much_measuring_could_remove(simgap, tiny):
    answer = simgap("run", tiny, *SOBOL, "--lucks", 2)
    assert answer.code == 0
    text = " ".join(answer.out.split())
    assert "64 replications in 16 randomisations of 2 Sobol' points, 2 of each draw of what is not" in text
    assert "Measuring more could remove up to" in text
    assert "only capacity and luck decide the rest. Of the variance" in text
    assert max(map(len, answer.out.splitlines())) <= 80
    plain = simgap("run", tiny, "--replications", 32, "--workers", 1).out
    assert "Measuring" not in plain
    assert "32 replications, seed 1;" in plain


def test_sweep_and_compare_take_designs(data, tiny, buying):
    found = data("sweep", tiny, "--over", "data=0:1:2", "--design", "lhs", "--workers", 1)
    assert found["replications"] == 32  # the first above 20 that can be split
    assert found["design"] == {"name": "lhs", "randomisations": 16, "points": 2, "lucks": 1}
    assert all(half > 0.0 for half in found["half_width"])
    pair = data("compare", buying(), *SOBOL, "--lucks", 2)
    assert (pair["replications"], pair["design"]["randomisations"]) == (64, 16)
    for entry in pair["pairs"]:
        holds(KINDS, entry["uncertainty"])
        assert "crossings" not in str(pair["matters"])
    plain = data("compare", buying(), "--replications", 4, "--workers", 1)
    assert {entry["uncertainty"] for entry in plain["pairs"]} == {None}
    assert plain["design"] == {"name": "mc", "randomisations": 4, "points": 1, "lucks": 1}


def test_the_screen_of_a_comparison_says_it_of_the_difference(simgap, buying):
    text = " ".join(simgap("compare", buying(), *SOBOL, "--lucks", 2).out.split())
    assert "the spread of the difference" in text


def test_a_figure_is_of_two_lucks(tiny):
    result = package.load(tiny).run(64, design="sobol", lucks=2, workers=1)
    assert result.plot.available[-1] == "lucks"
    figure = result.plot.lucks()
    points = figure.axes[0].collections[0].get_offsets()
    npv = result.results.of("realised_npv").reshape(-1, 2)
    assert np.array_equal(np.asarray(points), npv)
    assert "lucks" not in package.load(tiny).run(2, workers=1).plot.available


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--design", "sobol", "--replications", 1000), "a power of two of points; 992 or 1,024"),
        (("--design", "lhs", "--replications", 20), "16 to 31 randomisations of two points or more; 32"),
        (("--design", "sobol", "--lucks", 2, "--replications", 110), "with 2 lucks each; 108 or 112"),
        (("--lucks", 2, "--replications", 7), "7 cannot be split into draws with 2 lucks each; 6 or 8"),
        (("--lucks", 3, "--replications", 2), "with 3 lucks each; 3"),
        (("--lucks", 0), "0 is not in the range"),
        (("--design", "halton"), "'halton' is not one of 'mc', 'lhs', 'sobol'"),
    ],
)
def test_what_cannot_be_split_is_refused_with_what_can(refused, tiny, options, words):
    assert words in refused("run", tiny, *options)


def test_where_nothing_is_unknown_there_is_nothing_to_design(refused, data, edited):
    known = edited("legacy: {cost: 14 / 18 / 24 per item", "legacy: {cost: 18 per item")
    sets = ("--set", "data.missing=1 % | 20 %", "--set", "ai.accuracy=90 %")
    assert "nothing to draw" in refused("run", known, *sets, *SOBOL)
    assert data("run", known, *sets, "--replications", 4, "--lucks", 2, "--workers", 1)["uncertainty"]


def test_python_users_are_refused_in_the_same_words(tiny):
    case = package.load(tiny)
    for more, words in (({"design": "halton"}, "mc, lhs, sobol"), ({"lucks": 0}, "1 to 1000")):
        with pytest.raises(InputError, match=words):
            case.run(32, **more)


def test_defaults_are_the_next_that_can_be_split():
    from simgap.study.replicating import replicated

    resolved = package.load("minimal").resolved
    found = {
        (design, lucks): replicated(resolved, None, 1000, design, lucks)[0] * lucks
        for design in ("mc", "lhs", "sobol")
        for lucks in (1, 2, 3)
    }
    assert found == {
        **{("mc", 1): 1000, ("mc", 2): 1000, ("mc", 3): 1002},
        **{("lhs", 1): 1000, ("lhs", 2): 1000, ("lhs", 3): 1008},
        **{("sobol", 1): 1024, ("sobol", 2): 1024, ("sobol", 3): 1008},
    }


def test_stopped_runs_keep_whole_randomisations(simgap, tiny, interrupted_after):
    interrupted_after(9)
    answer = simgap("run", tiny, *SOBOL, "--json")
    assert answer.code == 3
    assert '"replications": 8, "design": {"name": "sobol", "randomisations": 2, "points": 4' in answer.out
