"""The screen of pilot designs: sentences that hold whatever the numbers are."""

import copy
import re

import numpy as np
import pytest

from simgap.analysis.gate import Design, gate
from simgap.report.gate import decisions, screen, table, warnings, words

SETTINGS = {
    "money.tax": 0.0,
    "money.prices": "nominal",
    "money.discount": 0.08,
    "clock.horizon": 24.0,
    "clock.decision": "2026-01",
}


def stats(mean, sd=1e5, half=1e4):
    return {
        "mean": mean,
        "sd": sd,
        "p5": mean - 2 * sd,
        "p50": mean,
        "p95": mean + 2 * sd,
        "ci95": [mean - half, mean + half],
    }


DEMO = {
    "name": "demo",
    "cost": 6e4,
    "length_months": 8 * 168 / 730,
    "go_live_month": 2.84,
    "promise": stats(7.48e5),
    "promise_error": {"bias": 8.75e5, "bias_ci95": [8e5, 9e5], "spread": 2e5, "rank_correlation": 0.456},
    "delivered": stats(-1.27e5),
    "stopped": stats(-6e4),
    "realised_if_go": stats(-1.2e5),
    "p_go": 0.98,
    "p_success_given_go": 0.03,
    "worth_going": 0.37,
    "false_go": 0.61,
    "false_stop": 0.004,
    "table": {"go_worth": 370, "go_not_worth": 1610, "stop_worth": 8, "stop_not_worth": 12},
    "value": stats(-1.26e5),
    "value_always_go": stats(-1.27e5),
    "value_never_go": stats(-6e4),
    "value_perfect": stats(2e4),
    "haircut": {
        "constant": False,
        "example": {"promise": 1e6, "worth": 3e5, "ci95": [2e5, 4e5]},
        "enough_from": 4.8e5,
        "enough_to": 1.4e6,
        "promise": [4e5, 4.8e5, 9e5, 1.4e6, 1.5e6],
        "enough": [False, True, True, True, False],
    },
    "hurdle": {
        "rule": "above",
        "promise": 1.3e6,
        "read": True,
        "low": {"rule": "above", "promise": 1.1e6},
        "high": {"rule": "never", "promise": None},
        "value": stats(-3e4),
        "gain": {"mean": 9.6e4, "sd": 1e5, "ci95": [8e4, 1.1e5]},
    },
}
READY = {
    **copy.deepcopy(DEMO),
    "name": "production-ready",
    "cost": 2.7e5,
    "length_months": 14 * 168 / 730,
    "p_go": 1.0,
    "p_success_given_go": 0.21,
    "false_stop": 0.0,
    "value": stats(8.4e4),
}
PAIR = {
    "a": "demo",
    "b": "production-ready",
    "difference": stats(-2.1e5, half=6e4),
    "p_a_better": 0.2,
    "p_equal": 0.09,
    "shown": True,
    "success_difference": {"value": -0.18, "ci95": [-0.24, -0.12]},
}
GATE = {
    "scenario": {"name": "claims"},
    "seed": 1,
    "replications": 2000,
    "ended": {"backlog_limit": 0},
    "currency": "USD",
    "designs": [DEMO, READY],
    "pairs": [PAIR],
    "best": "production-ready",
}


def changed(path, value, gate=GATE):
    gate = copy.deepcopy(gate)
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = gate
    for key in parents:
        place = place[key]
    place[last] = value
    return gate


ALONE = {**GATE, "designs": [DEMO], "pairs": [], "best": None}


def test_the_words_say_the_numbers():
    assert words(GATE) == [
        "production-ready is worth 210k USD more than demo on average (95 % 150k to 270k), and more in 71 of "
        "100 futures. Worth more than not starting at all, which is worth 0: production-ready, 84k USD on "
        "average (95 % 74k to 94k).",
        "The demo pilot promises 748k on average and production delivers -127k; going on is worth more than "
        "stopping in 37 of 100 futures. It goes on in 98 of 100 futures and succeeds in 3 of 100 of those "
        "by the file's criterion: "
        "false go in 61 of 100 futures, false stop in fewer than 1 of 100.",
        "A promise of 1.0M from the demo pilot is worth 300k (95 % 200k to 400k). Go on above 1.3M (95 % "
        "1.1M to never); that is worth -30k on average, 96k more than by its go_if (95 % 80k to 110k). Below "
        "a promise of 480k and above 1.4M there are too few futures to say.",
        "The production-ready pilot promises 748k on average and production delivers -127k; going on is "
        "worth more than stopping in 37 of 100 futures. It always goes on and succeeds in 21 of 100 futures "
        "by the file's criterion: false go in 61 of 100 futures, false stop in 0 of 100.",
        "A promise of 1.0M from the production-ready pilot is worth 300k (95 % 200k to 400k). Go on above "
        "1.3M (95 % 1.1M to never); that is worth -30k on average, 96k more than by its go_if (95 % 80k to "
        "110k). Below a promise of 480k and above 1.4M there are too few futures to say.",
        "production-ready costs 210k more than demo and takes 6.0 weeks longer. Where it goes on it succeeds "
        "more often: in 21 of 100 futures, demo in 3, a difference of 18.0 (95 % 12.0 to 24.0).",
    ]
    assert warnings(GATE) == []


def test_the_tables():
    lines = table([DEMO, READY])
    flat = [re.sub(r"  +", "|", line.strip()) for line in lines]
    assert flat == [
        "demo production-ready",
        "Cost, with what it builds|60k|270k",
        "Its length, weeks|8.0|14.0",
        "Go-live, month|2.8|2.8",
        "Promise|748k|748k",
        "1 in 20 below|548k|548k",
        "1 in 20 above|948k|948k",
        "Delivered, if all go on|-127k|-127k",
        "1 in 20 below|-327k|-327k",
        "1 in 20 above|73k|73k",
        "Delivered, where it goes on|-120k|-120k",
        "Promise less delivered|875k|875k",
        "standard deviation|200k|200k",
        "rank correlation|0.46|0.46",
        "Goes on, in 100|98|100",
        "Succeeds, of 100 that go on|3|21",
        "Going on worth more, in 100|37|37",
        "False go, in 100|61|61",
        "False stop, in 100|fewer than 1|0",
        "Worth|-126k|84k",
        "95 % interval|-136k to -116k|74k to 94k",
        "Worth, if all stop|-60k|-60k",
        "Worth, if one knew|20k|20k",
        "Best hurdle|above 1.3M|above 1.3M",
        "95 % interval|1.1M to never|1.1M to never",
        "Worth, by the best hurdle|-30k|-30k",
    ]
    assert [re.sub(r"  +", "|", line) for line in decisions(DEMO)] == [
        "demo|went on|stopped",
        "going on worth more|370|8",
        "going on not worth more|1,610|12",
    ]


def test_the_screen_from_top_to_bottom():
    text = screen(GATE, SETTINGS)
    lines = text.splitlines()
    assert lines[:2] == ["claims", "======"]
    flat = " ".join(text.split())
    assert (
        "Net present value in USD, nominal, 8.0% a year, before tax, 24 months of 730 h from 2026-01, "
        "against going on the legacy way. 2000 replications, seed 1;" in flat
    )
    order = [
        "is worth 210k",
        "Net present value",
        "False go: went on",
        "Cost, with what it builds",
        "went on  ",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert lines.count("") == 4
    assert text.count("stopped\n") == 2
    assert max(map(len, lines)) <= 80


NO_INTERVAL = {"mean": -3e4, "sd": None, "p5": 0.0, "p50": 0.0, "p95": 0.0, "ci95": None}


@pytest.mark.parametrize(
    ("path", "value", "there", "absent"),
    [
        (
            "pairs.0.shown",
            False,
            "be shown between what production-ready and demo are worth: 210k USD on average (95 % 150k",
            "and more in",
        ),
        ("pairs.0.p_equal", 1.0, "demo are worth the same in every future.", "can be shown between"),
        ("pairs.0.success_difference", None, "takes 6.0 weeks longer.", "Where it goes on"),
        (
            "pairs.0.success_difference.ci95",
            [-0.2, 0.0],
            "it succeeds in 21 of 100 futures, demo in 3: no difference can be shown.",
            "more often",
        ),
        (
            "pairs.0.success_difference",
            {"value": 0.02, "ci95": [0.001, 0.04]},
            "succeeds less often: in 21 of 100 futures, demo in 3, a difference of 2.0 (95 % 0.1 to 4.0).",
            "more often",
        ),
        (
            "designs.1.cost",
            6e4,
            "production-ready costs as much as demo and takes 6.0 weeks longer",
            "costs 210k more",
        ),
        ("pairs.0.p_a_better", 0.91, "on average (95 % 150k to 270k), and more in 0 of 100 futures.", ""),
        ("designs.0.hurdle.gain.ci95", [0.0, 1e5], "and no difference from its go_if can be", ""),
        (
            "designs.0.hurdle.high",
            {"rule": "above", "promise": 1.1e6},
            "95 % interval 1.1M 1.1M to never",
            "",
        ),
        ("designs.1.cost", 1e4, "demo costs 50k more than production-ready and takes 6.0 weeks less", ""),
        (
            "designs.1.cost",
            1e4,
            "Where it goes on it succeeds less often: in 3 of 100 futures, production-ready",
            "",
        ),
        (
            "designs.1.length_months",
            8 * 168 / 730,
            "costs 210k more than demo and takes as long.",
            "weeks longer",
        ),
        (
            "designs.0.value",
            stats(5e4),
            "0: demo, 50k USD on average (95 % 40k to 60k) and production-ready, 84k",
            "",
        ),
        (
            "designs.1.value",
            stats(-1e5),
            "Every design is worth less than not starting at all",
            "be shown to",
        ),
        ("designs.1.value", stats(1e3), "No design can be shown to be worth more than not starting", "Every"),
        ("designs.1.value", NO_INTERVAL, "No design can be shown to be worth more", "Every"),
        (
            "designs.0.haircut.enough",
            [False, True, False, True, False],
            "Below a promise of 480k, from 480k to 1.4M and above 1.4M there are too few futures to say.",
            "",
        ),
        ("designs.0.p_go", 0.0, "It never goes on and succeeds", ""),
        (
            "designs.0.p_success_given_go",
            0.0,
            "in 98 of 100 futures and never succeeds by the file's criterion: false",
            "",
        ),
        (
            "designs.0.p_success_given_go",
            1.0,
            "in 98 of 100 futures and always succeeds by the file's criterion: false",
            "",
        ),
        ("designs.0.p_go", 0.001, "It goes on in fewer than 1 of 100 futures and", ""),
        ("designs.0.worth_going", 0.0, "going on is never worth more than stopping. It goes", ""),
        ("designs.0.worth_going", 1.0, "going on is always worth more than stopping. It goes", ""),
        ("designs.0.name", "quick Pilot", "The quick Pilot promises", "Pilot pilot"),
        (
            "designs.0.haircut.example",
            None,
            "too few futures to say what a promise from the demo pilot is worth.",
            "",
        ),
        (
            "designs.0.haircut.constant",
            True,
            "demo pilot promises the same in every future, so its promise tells",
            "",
        ),
        ("designs.0.haircut.constant", True, "Going on is worth no more than stopping on average.", ""),
        (
            "designs.0.hurdle.read",
            False,
            "400k). Below a promise of 480k and above 1.4M there are too few futures to say, and too few to "
            "choose a hurdle.",
            "",
        ),
        ("designs.0.hurdle.gain", None, "Go on above 1.3M (95 % 1.1M to never). Below", ""),
        (
            "designs.0.hurdle.gain.ci95",
            [-1.0, 1e5],
            "-30k on average, and no difference from its go_if can be",
            "",
        ),
        (
            "designs.0.hurdle.gain.ci95",
            [0.0, 0.0],
            "that is worth -30k on average, as by its go_if. Below",
            "",
        ),
        (
            "designs.0.hurdle.gain",
            {"mean": -2e4, "ci95": [-3e4, -1e4]},
            "-30k on average, 20k less than by its go_if (95 % 10k to 30k).",
            "",
        ),
        (
            "designs.0.hurdle.rule",
            "never",
            "Never go on: no promise that can be read is worth it (95 % 1.1M to",
            "",
        ),
        ("designs.0.hurdle.rule", "always", "Always go on: every promise that can be read is worth it (", ""),
        (
            "designs.0.hurdle.low",
            {"rule": "always", "promise": None},
            "above 1.3M, though always or never may be right as well;",
            "",
        ),
        (
            "designs.0.hurdle.high",
            {"rule": "above", "promise": 1.1e6},
            "Go on above 1.3M; that",
            "",
        ),
        ("designs.0.realised_if_go", None, "Delivered, where it goes on - -120k", ""),
        ("designs.0.promise_error.rank_correlation", None, "rank correlation - 0.46", ""),
        ("designs.0.promise_error.spread", None, "standard deviation - 200k", ""),
        ("replications", 1, "1 replication is few", "1 replications"),
        ("replications", 29, "29 replications are few", ""),
        ("replications", 30, "30 replications, seed 1", "few:"),
        ("ended", {"backlog_limit": 3}, "WARNING: 3 of 4,006 replications ended", ""),
        ("ended", {"backlog_limit": 3, "draws": [5, 7]}, "WARNING: 3 of 4,004 replications ended", ""),
        ("scenario.name", "a\x1b[2J\nb", "a [2J b", "\x1b"),
        ("designs.0.name", "a\x1b[2J\nb", "The a [2J b pilot", "\x1b"),
        ("designs.0.name", "long " * 500, "The long long", ""),
    ],
)
def test_a_number_changes_the_words(path, value, there, absent):
    gate = changed(path, value)
    gate["pairs"][0]["a"] = gate["designs"][0]["name"]
    text = screen(gate, SETTINGS)
    flat = " ".join(text.split())
    assert there in flat
    assert not absent or absent not in flat
    assert max(map(len, text.splitlines())) <= 80


def test_of_equal_costs_the_longer_pilot_is_named():
    gate = changed("designs.1.cost", 6e4)
    gate["designs"][1]["length_months"] = 2 * 168 / 730
    assert words(gate)[-1].startswith("demo costs as much as production-ready and takes 6.0 weeks longer.")


def test_what_there_is_not_is_not_said():
    gate = changed("designs.0.p_go", 0.0, ALONE)
    gate["designs"][0]["p_success_given_go"] = None
    assert "futures. It never goes on: false go in 61 of 100 futures, " in words(gate)[1]
    hurdle = gate["designs"][0]["hurdle"]
    hurdle["value"] = hurdle["gain"] = None
    assert "Go on above 1.3M (95 % 1.1M to never). Below" in words(gate)[2]
    assert table(gate["designs"])[-1].split() == ["Worth,", "by", "the", "best", "hurdle", "-"]
    hurdle["read"], hurdle["value"] = False, NO_INTERVAL
    rows = [line.split() for line in table(gate["designs"])[-3:]]
    assert rows == [
        ["Best", "hurdle", "-"],
        ["95", "%", "interval", "-"],
        ["Worth,", "by", "the", "best", "hurdle", "-"],
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            stats(5e4),
            "demo is worth 50k USD on average (95 % 40k to 60k), more than not starting at all, which is",
        ),
        (
            stats(-5e4),
            "demo is worth -50k USD on average (95 % -60k to -40k), less than not starting at all,",
        ),
        (
            stats(5e3),
            "demo is worth 5.0k USD on average (95 % -5.0k to 15k), which cannot be told from not starting",
        ),
        (
            NO_INTERVAL,
            "demo is worth -30k USD on average, which cannot be told from not starting at all, which is",
        ),
    ],
)
def test_one_design(value, expected):
    gate = changed("designs.0.value", value, ALONE)
    assert words(gate)[0].startswith(expected)
    assert len(words(gate)) == 3
    assert "more than demo" not in screen(gate, SETTINGS)


def test_many_designs_stand_in_several_tables():
    designs = [{**DEMO, "name": f"d{i}", "value": stats(1e5 * (i == 2))} for i in range(5)]
    pairs = [
        {
            **PAIR,
            "a": f"d{i}",
            "b": f"d{j}",
            "difference": stats((-1e5 if j == 2 else 1e5) if 2 in (i, j) else 0.0),
        }
        for i in range(5)
        for j in range(i + 1, 5)
    ]
    gate = {**GATE, "designs": designs, "pairs": pairs}
    text = screen(gate, SETTINGS)
    assert text.count("Cost, with what it builds") == 2
    first = words(gate)[0]
    # Only the best is compared with each other one, and always as the first of the two.
    assert re.findall(r"(d\d) is worth 100k USD more than (d\d)", first) == [
        ("d2", f"d{i}") for i in (0, 1, 3, 4)
    ]
    assert len(words(gate)) == 1 + 2 * 5 + 4
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("n", [1, 2, 9, 10, 25, 100])
@pytest.mark.parametrize("kind", ["normal", "all go", "none go", "constant", "nothing happens"])
def test_whatever_happens_it_is_english_on_80_columns(n, kind):
    rng = np.random.default_rng(n)
    theta = rng.normal(-1e5, 2e5, n)
    promise = theta + rng.normal(7e5, 2e5, n)
    go = promise > 5e5
    if kind == "nothing happens":
        theta = np.zeros(n)
    if kind in ("constant", "nothing happens"):
        promise = np.full(n, 1e5)
    if kind.endswith(" go"):
        go = np.full(n, kind == "all go")
    months = np.full(n, 2.0)
    cost = np.full(n, 0.0 if kind == "nothing happens" else 6e4)
    a = Design("demo", promise, theta - cost, -cost, go, theta > 2e5, cost, months, months + 1)
    b = a._replace(name="b", go=~go, length_months=months + 1)
    extra = {key: GATE[key] for key in ("scenario", "seed", "ended", "currency")}
    for designs in ([a], [a, b], [a, b, a._replace(name="c")]):
        text = screen({**gate(designs, 1), **extra, "replications": n}, SETTINGS)
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= 80
        paragraphs, _, rest = text.partition("Net present value")
        assert "Best hurdle" in rest
        flat = " ".join(paragraphs.split())
        for wrong in ("None", "nan", "inf", "in 0 of 100 of those", "-0", " .", " ,", "..", "+/-", "  "):
            assert wrong not in flat, (wrong, flat)
        assert not re.search(r"\b(is|are|the|a|of|in|than) \1\b", flat), flat
