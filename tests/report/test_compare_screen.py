"""The screen of a comparison: words built from the JSON, no matter which."""

import copy

import pytest

from simgap.report.compare import screen, table, words

SETTINGS = {
    "money.tax": 0.0,
    "money.prices": "nominal",
    "money.discount": 0.08,
    "clock.horizon": 36.0,
    "clock.decision": "2026-01",
}
WEEK = 168 / 730  # months


def stats(mean, half=6e4, sd=1e5):
    interval = None if half is None else [mean - half, mean + half]
    return {"mean": mean, "sd": sd, "p5": mean - 4e5, "p50": mean, "p95": mean + 4e5, "ci95": interval}


def portfolio(name, investments, mean, cost=0.0, weeks=0.0, **more):
    return {
        "name": name,
        "investments": investments,
        "npv": stats(mean),
        "p_best": 0.4,
        "p_negative": 0.3,
        "regret": 4e4,
        "cvar5": -3e5,
        "payback_months": {"p_never": 0.38},
        "peak_funding": {"mean": 4e5},
        "cost": cost,
        "delay_months": weeks * WEEK,
        **more,
    }


def pair(a, b, mean, half=6e4, p=0.71, sd=1e5):
    difference = stats(mean, half, sd)
    shown = half is not None and abs(mean) > half
    return {"a": a, "b": b, "difference": difference, "p_a_better": p, "shown": shown}


DEMO = portfolio("demo", [], 1e5, p_best=0.29, p_negative=0.41, regret=3.5e5, cvar5=-5e5)
READY = portfolio("ready", ["data architecture", "governance"], 4.1e5, 2.7e5, 9, p_best=0.71, p_negative=0.22)
LEAN = portfolio("lean", ["governance"], 3.9e5, 9e4, 3)
TWO = {
    "scenario": {"name": "claims"},
    "seed": 1,
    "replications": 1000,
    "ended": {"backlog_limit": 0, "draws": []},
    "currency": "EUR",
    "portfolios": [DEMO, READY],
    "pairs": [pair("ready", "demo", 3.1e5)],
    "best": "ready",
    "baseline": "demo",
    "against": "demo",
    "may_be_best": ["ready"],
}
THREE = {
    **TWO,
    "portfolios": [DEMO, READY, LEAN],
    "pairs": [
        pair("ready", "lean", 2e4, p=0.52),
        pair("ready", "demo", 3.1e5),
        pair("lean", "demo", 2.9e5, p=0.7),
    ],
    "may_be_best": ["ready", "lean"],
}
BACKWARDS = {
    **TWO,
    "pairs": [pair("demo", "ready", 3.1e5)],
    "best": "demo",
    "against": "ready",
    "may_be_best": ["demo"],
}


def crossing(value, low, high, falls):
    return {"value": value, "ci95": [low, high], "falls": falls}


def search(key, crossings, a="ready", b="demo", low=2.3, high=11.0, **more):
    ahead = {"ahead_throughout": None, "shown_throughout": False}
    return {"key": key, "a": a, "b": b, "low": low, "high": high, "crossings": crossings, **ahead, **more}


def flat(comparison):
    text = screen(comparison, SETTINGS)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()
    assert all(line == line.rstrip() for line in text.splitlines())
    return " ".join(text.split())


def with_pair(**changes):
    return {**TWO, "pairs": [pair("ready", "demo", **{"mean": 3.1e5, **changes})]}


def with_ready(**changes):
    return {**TWO, "portfolios": [DEMO, {**READY, **changes}]}


def test_the_words_say_the_numbers():
    assert words(TWO) == [
        "ready beats demo in 71 of 100 futures, by 310k EUR on average (95 % interval 250k to 370k), and "
        "costs 270k and 9 weeks more.",
        "ready loses money in 22 of 100 futures, demo in 41; in their worst 5 of 100 they come to -300k and "
        "-500k on average. ready pays back in 62 of 100, demo in 62. Deepest need of cash, on average: 400k "
        "and 400k. Beside whatever turns out best, ready forgoes 40k on average (regret), demo 350k.",
    ]


@pytest.mark.parametrize(
    ("comparison", "sentence"),
    [
        (
            with_pair(mean=1.2e4, half=4.2e4, p=0.53),
            "No difference can be shown between ready and demo: ready is better in 53 of 100 futures, by 12k "
            "EUR on average (95 % interval -30k to 54k), and costs 270k and 9 weeks more.",
        ),
        (
            with_pair(mean=1.2e4, half=None, p=1.0, sd=None),
            "In the only future simulated ready comes to 12k EUR more than demo, and costs 270k and 9 weeks "
            "more. One future shows nothing.",
        ),
        (
            with_pair(mean=0.0, half=0.0, p=0.5, sd=0.0),
            "ready and demo come to the same value in every future; ready costs 270k and 9 weeks more.",
        ),
        (
            with_pair(p=0.41),
            "ready beats demo by 310k EUR on average (95 % interval 250k to 370k), but only in 41 of 100 "
            "futures, and costs 270k and 9 weeks more.",
        ),
        (with_pair(p=0.5), "ready beats demo in 50 of 100 futures, by 310k EUR"),
        (THREE, "= ready beats demo in 71 of 100 futures, by 310k EUR"),
        (
            BACKWARDS,
            "What ready buys is not worth its money: demo beats ready in 71 of 100 futures, by 310k EUR on "
            "average (95 % interval 250k to 370k), and costs 270k and 9 weeks less.",
        ),
        (
            {**BACKWARDS, "pairs": [pair("demo", "ready", 1e4)]},
            "No difference can be shown between demo and ready: demo is better in 71 of 100 futures, by 10k "
            "EUR on average (95 % interval -50k to 70k), and costs 270k and 9 weeks less.",
        ),
        (
            {**BACKWARDS, "portfolios": [{**DEMO, "investments": ["x"]}, READY]},
            "The baseline stays best: demo beats ready in 71",
        ),
        (
            {**BACKWARDS, "portfolios": [DEMO, READY, LEAN]},
            "No other portfolio is worth its money: demo beats ready (the second best) in 71 of 100 futures, "
            "by 310k",
        ),
        (
            {**BACKWARDS, "portfolios": [DEMO, READY, LEAN], "may_be_best": ["demo", "lean"]},
            "= demo beats ready (the second best) in 71 of",
        ),
        (
            {**BACKWARDS, "portfolios": [DEMO, READY, LEAN], "pairs": [pair("demo", "ready", 1e4)]},
            "between demo and ready (the second best): demo is better",
        ),
        (
            {**TWO, "portfolios": [DEMO], "pairs": [], "best": "demo", "against": None},
            "Only demo is compared. It comes to 100k EUR on average (95 % interval 40k to 160k). Net present",
        ),
        (
            {
                **TWO,
                "portfolios": [{**DEMO, "npv": stats(1e5, None)}],
                "pairs": [],
                "best": "demo",
                "against": None,
            },
            "It comes to 100k EUR on average. Net",
        ),
    ],
)
def test_the_opening(comparison, sentence):
    assert sentence in flat(comparison)


@pytest.mark.parametrize(
    ("cost", "weeks", "words"),
    [
        (2.7e5, 9, "and costs 270k and 9 weeks more."),
        (2.7e5, 0, "and costs 270k more."),
        (2.7e5, 1, "and costs 270k and 1 week more."),
        (2.7e5, 1 / 7, "and costs 270k and 1 day more."),
        (2.7e5, 10 / 7, "and costs 270k and 10 days more."),
        (2.7e5, 20 / 7, "and costs 270k and 3 weeks more."),
        (2.7e5, 2.05, "and costs 270k and 2 weeks more."),
        (2.7e5, 0.05, "and costs 270k more."),
        (-2.7e5, -9, "and costs 270k and 9 weeks less."),
        (-2.7e5, 0, "and costs 270k less."),
        (2.7e5, -9, "and costs 270k more and goes live 9 weeks sooner."),
        (-2.7e5, 9, "and costs 270k less and goes live 9 weeks later."),
        (0.0, 9, "and costs the same and goes live 9 weeks later."),
        (1e-3, -9, "and costs the same and goes live 9 weeks sooner."),
        (0.0, 0, "and costs the same."),
    ],
)
def test_what_more_it_costs_and_takes(cost, weeks, words):
    demo = {**DEMO, "cost": 5e5, "delay_months": 20 * WEEK}
    ready = {**READY, "cost": 5e5 + cost, "delay_months": (20 + weeks) * WEEK}
    assert f"(95 % interval 250k to 370k), {words}" in flat({**TWO, "portfolios": [demo, ready]})


BELOW = crossing(5.1, 4.8, 5.5, False)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (search("legacy.cost", [BELOW]), "legacy.cost falls below 5.1 (95 % interval 4.8 to 5.5)."),
        (
            search("legacy.cost", [{**BELOW, "falls": True}], a="demo", b="ready"),
            "legacy.cost falls below 5.1 (95 % interval 4.8 to 5.5).",
        ),
        (
            search("legacy.cost", [{**BELOW, "falls": True, "ci95": [4.8, None]}]),
            "legacy.cost rises above 5.1 (95 % interval from 4.8).",
        ),
        (
            search("legacy.cost", [{**BELOW, "ci95": [None, 5.5]}]),
            "legacy.cost falls below 5.1 (95 % interval up to 5.5).",
        ),
        (search("legacy.cost", [{**BELOW, "ci95": None}]), "legacy.cost falls below 5.1."),
        (
            search("data.missing@pilot", [{**BELOW, "value": 0.12345, "ci95": [None, None]}]),
            "data.missing@pilot falls below 12.3 % (no bounded interval).",
        ),
        (
            search("legacy.cost", [BELOW, crossing(9, 8, 10, True)]),
            "legacy.cost falls below 5.1 (95 % interval 4.8 to 5.5) or rises above 9 (95 % interval 8 to "
            "10).",
        ),
        (
            search("legacy.cost", [{**BELOW, "falls": True}, crossing(9, 8, 10, False)]),
            "legacy.cost lies between 5.1 (95 % interval 4.8 to 5.5) and 9 (95 % interval 8 to 10).",
        ),
        (
            search("data", [crossing(0.5, 0.4, 0.6, True)]),
            "the dose of data rises above 0.5 (95 % interval 0.4 to 0.6).",
        ),
        (
            search("oversight.time", [crossing(1 / 12, 1 / 15, 1 / 10, True)]),
            "oversight.time rises above 5 min (95 % interval 4 min to 6 min).",
        ),
        (
            search("investments.data architecture.delay", [crossing(6 * 168, 48, 90 * 24, True)]),
            "investments.data architecture.delay rises above 6 weeks (95 % interval 2 days to 12.9 weeks).",
        ),
        (
            search("investments.x.once", [crossing(182_345.0, 0.0, 1_234_567.0, True)]),
            "investments.x.once rises above 182k (95 % interval 0 to 1.23M).",
        ),
        (
            search("workflows.claims.volume", [crossing(55_000.0, 999.0, 123_456.0, False)]),
            "workflows.claims.volume falls below 55k per year (95 % interval 999 per year to 123k per year).",
        ),
        (
            search("oversight.deadline", [crossing(16.0, 0.5, 24.0, False)]),
            "oversight.deadline falls below 16 h (95 % interval 30 min to 24 h).",
        ),
        # Reviewers are rounded up: just above 2 are 3.
        (
            search("oversight.reviewers", [crossing(2.01, 2.0, 2.02, False)]),
            "oversight.reviewers falls below 3 (95 % interval 2 to 3).",
        ),
        (
            search("oversight.reviewers", [crossing(2.01, None, None, True)]),
            "oversight.reviewers rises above 2 (no bounded interval).",
        ),
    ],
)
def test_where_it_flips(found, words):
    text = flat({**TWO, "break_even": [found]})
    assert f"and costs 270k and 9 weeks more; flips if {words} ready loses" in text
    assert text.count("flips") == 1
    # Where nothing is shown nothing flips in the first sentence; what is found stands by itself.
    apart = flat({**with_pair(mean=1.2e4), "break_even": [found]})
    assert f"ready against demo flips if {words}" in apart
    assert "; flips" not in apart


def test_further_searches_have_sentences_of_their_own():
    found = [
        search("legacy.cost", [], ahead_throughout="ready", shown_throughout=True),
        search("ai.cost", [], ahead_throughout="demo"),
        search("oversight.time", [], low=1 / 30, high=2 / 15),
        search("data", [], ahead_throughout="lean", a="lean", b="demo", low=0.0, high=1.5),
        search("legacy.cost", [BELOW]),
        search("legacy.cost", [BELOW], a="demo", b="lean"),
        search("ai.cost", [crossing(0.5, None, 0.7, True)]),
    ]
    text = flat({**THREE, "break_even": found})
    assert "; flips if legacy.cost falls below 5.1 (95 % interval 4.8 to 5.5). ready loses" in text
    assert "With legacy.cost from 2.3 to 11, ready stays ahead of demo." in text
    assert (
        "With ai.cost from 2.3 to 11, demo stays ahead of ready on average, not everywhere by more than "
        "chance."
    ) in text
    assert "With oversight.time from 2 min to 8 min, ready and demo are not told apart." in text
    assert "With the dose of data from 0 to 1.5, lean stays ahead of demo on average," in text
    assert "lean against demo flips if legacy.cost rises above 5.1" in text
    assert "ready against demo flips if ai.cost rises above 0.5 (95 % interval up to 0.7)." in text
    assert text.count("legacy.cost falls below") == 1
    level = {**with_pair(mean=0.0), "portfolios": [{**DEMO, "npv": READY["npv"]}, READY]}
    found = [search("legacy.cost", [BELOW], a="demo", b="ready")]
    assert "ready against demo flips if legacy.cost rises" in flat({**level, "break_even": found})


LINK = {"name": "legacy.cost", "rank_correlation": 0.6, "ci95": [0.5, 0.7], "told": True}


def test_inputs_that_matter():
    found = [LINK, {**LINK, "name": "data.missing", "rank_correlation": -0.3}, {**LINK, "told": False}]
    assert (
        "The preference for ready over demo hangs most on legacy.cost (more of it favours ready) and "
        "data.missing (more of it favours demo); rank correlation, not cause."
    ) in flat({**TWO, "matters": found})
    assert "hangs most" not in flat({**TWO, "matters": []})
    text = flat({**TWO, "matters": [{**LINK, "told": False}]})
    assert "No input's link with the difference can be told from chance" in text
    assert flat({**TWO, "matters": [LINK] * 9}).count("legacy.cost") == 3


def test_a_hint_from_regression_is_told_where_nothing_better_is_known():
    hint = {**LINK, "crossings": [{**BELOW, "ci95": None}]}
    told = "; may flip if legacy.cost falls below 5.1, by a regression over these futures."
    assert told in flat({**TWO, "matters": [{**LINK, "name": "ai.cost"}, hint]})
    assert "may flip" not in flat({**TWO, "matters": [hint], "break_even": [search("ai.cost", [])]})
    assert "may flip" not in flat({**with_pair(mean=1e4), "matters": [hint]})


def worth(mean, beside):
    return {"mean": mean, "ci95": [mean - 4e4, mean + 4e4], "beside": beside}


def test_what_investments_are_worth():
    def row(name, alone, company, more=None):
        both = None if more is None else {"mean": more, "ci95": [0, 0], "shown": abs(more) > 5e4}
        values = {"alone": alone, "in_company": company, "average": alone or company}
        return {"name": name, **values, "in_company_less_alone": both}

    rows = [
        row("data", worth(1.2e5, [[]]), worth(2.1e5, [["governance", "measurement"]]), 9e4),
        row("governance", worth(1.2e5, [["data"]]), worth(-2e4, [["a", "b"], ["a", "c"]]), -1.4e5),
        row("measurement", worth(1.2e5, [[]]), worth(1.3e5, [["a"], ["b"]]), 1e4),
        row("one", None, worth(5e4, [["data"]])),
        row("two", {**worth(5e4, [[]]), "ci95": None}, None),
        row("three", None, None),
    ]
    text = flat({**TWO, "investments": rows})
    for sentence in (
        "data alone is worth 120k (95 % interval 80k to 160k), beside governance and measurement 210k (95 % "
        "interval 170k to 250k): worth more in company.",
        "governance beside data is worth 120k (95 % interval 80k to 160k), beside 2 others -20k (95 % "
        "interval -60k to 20k): worth less in company.",
        "measurement alone is worth 120k (95 % interval 80k to 160k), beside 1 other 130k (95 % interval 90k "
        "to 170k). one",
        "one beside data is worth 50k (95 % interval 10k to 90k). two alone is worth 50k. ",
        "What three is worth by itself is not known: no two portfolios differ by it alone.",
    ):
        assert sentence in text
    text = flat({**TWO, "investments": [row(f"i{n}", worth(1e5, [[]]), None) for n in range(9)]})
    assert "i5 alone is worth" in text
    assert "i6" not in text
    assert "What 3 more are worth is in the JSON." in text
    text = flat({**TWO, "investments": [row(f"i{n}", None, None) for n in range(9)]})
    assert (
        "What i0, i1, i2, i3, i4, i5 and 3 more are worth by themselves is not known: no two portfolios "
        "differ by one of them alone."
    ) in text


def test_those_that_may_be_best_are_named():
    last = "may be best: with all comparisons taken together, these futures cannot tell (95 %)."
    assert f"Either ready or lean {last}" in flat(THREE)
    assert f"Any of ready, lean and demo {last}" in flat({**THREE, "may_be_best": ["ready", "lean", "demo"]})
    many = {**THREE, "may_be_best": [f"p{i}" for i in range(9)]}
    assert f"Any of p0, p1, p2, p3, p4 and 4 more {last}" in flat(many)
    assert "may be best" not in flat({**THREE, "may_be_best": ["ready"]})
    assert "may be best" not in flat({**THREE, "replications": 1})
    # With two the first sentence has said it.
    assert "may be best" not in flat({**with_pair(mean=1e4), "may_be_best": ["ready", "demo"]})


@pytest.mark.parametrize(
    ("never", "words"),
    [
        ((0.5, 0.38), "ready pays back in 62 of 100, demo in 50."),
        ((1.0, 0.38), "ready pays back in 62 of 100, demo never."),
        ((0.5, 1.0), "demo pays back in 50 of 100, ready never."),
        ((1.0, 1.0), "Neither ever pays back."),
        ((0.001, 0.999), "ready pays back in fewer than 1 of 100, demo in more than 99."),
    ],
)
def test_payback(never, words):
    two = [{**p, "payback_months": {"p_never": share}} for p, share in zip((DEMO, READY), never, strict=True)]
    assert f"on average. {words} Deepest" in flat({**TWO, "portfolios": two})


def test_cash_and_losses():
    free = {"peak_funding": {"mean": 0.0}}
    assert "Neither needs cash. Beside" in flat({**TWO, "portfolios": [{**DEMO, **free}, {**READY, **free}]})
    assert "on average: 0 and 400k." in flat(with_ready(**free))
    worse = "Every portfolio loses money on average: going on the legacy way is worth more."
    assert worse not in flat(TWO)
    bad = [{**p, "npv": stats(mean)} for p, mean in ((DEMO, -4e5), (READY, -7e4))]
    assert worse in flat({**TWO, "portfolios": bad})
    assert worse not in flat({**TWO, "portfolios": [bad[0], {**READY, "npv": stats(-5e4)}]})
    assert worse not in flat({**TWO, "portfolios": [bad[0], {**READY, "npv": stats(-5e4, None)}]})


def test_warnings_and_conventions():
    text = flat(TWO)
    assert "few" not in text
    assert "WARNING" not in text
    assert "Net present value in EUR, nominal, 8.0% a year, before tax, 36 months of 730 h" in text
    assert "1000 replications, seed 1;" in text
    assert "Each interval is of a mean and holds at 95 % by itself." in text
    assert "29 replications are few" in flat({**TWO, "replications": 29})
    assert "1 replication is few" in flat({**TWO, "replications": 1})
    ended = {**TWO, "ended": {"backlog_limit": 5, "draws": [3, 8]}}
    assert "WARNING: 2 of 1,002 replications ended with backlog_limit" in flat(ended)
    assert "clock.holidays names none after" in screen(
        TWO, {**SETTINGS, "clock.holidays": ["2026-12-25"]}
    ).replace("\n", " ")


def test_the_table_of_a_few():
    assert [line.split() for line in table(THREE)[2:]] == [
        ["ready", "410k", "10k", "810k", "71", "22", "270k", "9", "weeks"],
        ["lean", "390k", "-10k", "790k", "40", "30", "90k", "3", "weeks"],
        ["demo", "100k", "-300k", "500k", "29", "41", "0", "-"],
    ]


def test_the_table_of_many_has_the_first_ten_the_baseline_and_the_number_of_the_rest():
    many = [
        portfolio(f"p{i}", ["x"], 1e5 + i * 1e4, p_best=i / 2000, p_negative=1 - i / 2000) for i in range(63)
    ]
    comparison = {**TWO, "portfolios": [DEMO, *many]}
    rows = table(comparison)[2:]
    assert [row.split()[0] for row in rows] == [*(f"p{i}" for i in range(62, 52, -1)), "demo", "and"]
    assert rows[-1] == "and 53 more"
    assert rows[0].split()[4:6] == ["3", "97"]
    small = [portfolio("x", ["x"], 1e5, p_best=0.001, p_negative=0.999)]
    assert table({**TWO, "portfolios": small})[2].split()[4:6] == ["<1", ">99"]
    assert len(table({**TWO, "portfolios": many[:10], "baseline": "p9"})) == 12


def test_long_names_have_lines_of_their_own_and_nothing_is_wider_than_the_screen():
    comparison = copy.deepcopy(THREE)
    long = "data architecture + governance + measurement"
    comparison["portfolios"][1]["name"] = comparison["best"] = long
    for p in comparison["pairs"]:
        p["a"] = long if p["a"] == "ready" else p["a"]
    comparison["portfolios"][2] = {**LEAN, "npv": stats(-1e18), "cost": 1e18, "delay_months": 1200.0}
    text = screen(comparison, SETTINGS)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[lines.index(long) + 1].split()[0] == "410k"
    odd = {**TWO, "scenario": {"name": "a\x1b[2J\nb"}}
    assert screen(odd, SETTINGS).startswith("a [2J b\n=======\n")
