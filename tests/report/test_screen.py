"""The first screen: words built from the numbers, no matter which."""

import copy

import pytest

from simgap.report.screen import screen, spread, warnings, words, wrap

STATS = {"mean": 4e5, "sd": 1e5, "p5": -9e5, "p50": 4.1e5, "p95": 1.5e6, "ci95": [3e5, 5e5]}
SETTINGS = {
    "money.tax": 0.0,
    "money.prices": "nominal",
    "money.discount": 0.08,
    "clock.horizon": 36.0,
    "clock.decision": "2026-01",
}
SEEN = {"trials": 90, "detected_share": 0.62, "p50_months": 6.9, "p50_ci95": [5.0, 9.0]}
LINK = {"name": "data.missing", "rank_correlation": -0.6, "ci95": [-0.8, -0.3], "strength": "guess"}
WORKFLOW = {
    "name": "letters",
    "items": 120000.0,
    "straight_through_rate": 0.8,
    "escaped_error_rate": 0.02,
    "fallback_share": 0.0,
    "net_benefit": 4e5,
}
SUMMARY = {
    "scenario": {"name": "invoices", "digest": "0" * 16},
    "seed": 1,
    "replications": 1000,
    "ended": {"backlog_limit": 0, "draws": []},
    "currency": "EUR",
    "bought": {"investments": [], "once": 0.0, "upkeep": 0.0, "delay_months": 0.0},
    "projected": {"npv": {**STATS, "mean": 1.9e6}},
    "realised": {
        "npv": STATS,
        "cashable_npv": STATS,
        "p_negative": 0.34,
        "p_success": 0.2,
        "cvar5": -1.1e6,
        "payback_months": {"p_never": 0.59},
        "peak_funding": STATS,
        "median_path": {"deepest": 6e5, "month": 7},
    },
    "gap": STATS,
    "ledger": {"errors": -5e4},
    "realisation_ratio": {"value": 0.21, "ci95": [0.1, 0.3]},
    "workflows": [WORKFLOW],
    "operations": {
        "items": 120000.0,
        "straight_through_rate": 0.8,
        "review_share": 0.2,
        "reviewer_utilisation": 0.9,
        "review_hours_offered_per_staffed_hour": 0.9,
        "reviewers_needed_peak": 12.4,
        "review_wait_hours": {"mean": 1.0, "p50": 0.5, "p95": 12.0},
        "deadline_miss_rate": 0.01,
        "escaped_error_rate": 0.02,
        "escaped_errors": 2400.0,
        "ended_after_window_share": 0.001,
        "pilot_items": 3000.0,
        "specialist_share": 0.0,
        "specialist_utilisation": None,
        "specialist_wait_hours": None,
        "ai_wait_hours": 0.0,
        "lost_share": 0.0,
        "fallback_share": 0.0,
        "specialist_deadline_miss_rate": None,
        "suspended_share": 0.0,
        "declined_share": 0.0,
        "incidents": 0.0,
        "restricted_time_share": 0.0,
        "autonomy_time_share": {"autonomous": 0.6, "guarded": 0.3, "restricted": 0.0, "suspended": 0.1},
        "oversight_cost_per_item": 0.71,
    },
    "dashboard": {"accuracy_reported": 0.953, "accuracy_shown": 0.953, "accuracy_true": 0.871},
    "production": {
        "changes": 0.0,
        "hired": 0.0,
        "change_lead_time_hours": None,
        "changes_open_at_month_end": 0.0,
        "time_to_detect": None,
        "p_stopped": 0.0,
        "stopped_month": None,
    },
    "reviewers": {
        "reviewers": 9.0,
        "overloaded_from_month": 5,
        "unstaffed_from_month": None,
        "reviewers_fewest": 9.0,
        "overloaded_share": 0.58,
        "offered_hours_per_month": 900.0,
        "staffed_hours_per_month": 1000.0,
    },
    "inputs": [LINK, {**LINK, "name": "oversight.time"}, {**LINK, "name": "legacy.cost"}],
    "guesses": {"guessed": 17, "stated": 23},
    "outside_view": None,
    "precision": {"metric": "realised.npv.mean", "half_width": 2e4},
}


def changed(path, value):
    summary = copy.deepcopy(SUMMARY)
    *parents, last = path.split(".")
    place = summary
    for key in parents:
        place = place[key]
    place[last] = value
    return summary


def test_the_words_say_the_numbers():
    assert words(SUMMARY) == [
        "The board saw 1.9M EUR. Expected: 400k; between -900k and 1.5M in 9 futures of 10; 34 futures in "
        "100 lose money.",
        "Strongest links: data.missing, oversight.time (rank correlation, not cause).",
        "Reviewers needed at peak 12.4, have 9: more work than staffed hours from month 5. Deepest cash need "
        "600k in month 7 (median). Pays back in 41 of 100.",
        "The dashboard says 95.3% accurate; in production it is 87.1%.",
        "17 of 23 inputs are guesses.",
    ]
    assert warnings(SUMMARY) == []


@pytest.mark.parametrize(
    ("path", "value", "there", "absent"),
    [
        ("replications", 1, "1 replication is few", "1 replications"),
        ("replications", 29, "29 replications are few", ""),
        ("replications", 30, "30 replications, seed 1", "few"),
        ("realisation_ratio", None, "not positive, so no realisation ratio", "0.21"),
        ("realisation_ratio", {"value": 2.0, "ci95": None}, "2.00 (no bounded interval)", "95 % interval"),
        (
            "reviewers.offered_hours_per_month",
            1001.0,
            "WARNING: in 58 of 100 futures reviewers are offered more",
            "",
        ),
        ("reviewers.offered_hours_per_month", 1000.0, "Reviewers needed", "WARNING"),
        ("reviewers.overloaded_from_month", None, "have 9. Deepest", "from month"),
        ("realised.median_path.deepest", 0.0, "The median future never needs cash", "Deepest cash need 600k"),
        (
            "dashboard.accuracy_shown",
            None,
            "The dashboard shows no accuracy; in production it is 87.1%",
            "says",
        ),
        ("production.hired", 2.0, "Reviewers hired: 2.0 a future.", "given up"),
        ("workflows", [{**WORKFLOW, "items": 0.0}], "No items arrive in the window: letters.", "WARNING: no"),
        ("production.changes", 4.0, "Changes: 4.0 a future, and 0 are open", "takes"),
        (
            "production.time_to_detect",
            SEEN,
            "it drifts is seen in 62 of 100 futures, after 6.9 months",
            "Nobody",
        ),
        (
            "production.time_to_detect",
            {**SEEN, "p50_months": None},
            "in 62 of 100 futures.",
            "months in the median",
        ),
        ("production.time_to_detect", {**SEEN, "detected_share": 0.0}, "Nobody sees that it drifts", "62"),
        ("dashboard.accuracy_true", None, "inputs are guesses", "dashboard"),
        ("operations.oversight_cost_per_item", None, "Oversight cost per item -", "0.71"),
        ("precision.half_width", None, "known to within -", "+/-"),
        ("inputs", [], "The board saw", "link"),
        ("inputs", [{**LINK, "ci95": [-0.2, 0.1]}], "can be told from chance", "Strongest"),
        ("inputs", [{**LINK, "ci95": [None, None]}], "can be told from chance", "Strongest"),
        ("ledger.errors", 0.0, "Errors are free in this scenario: 2,400 escape", "WARNING"),
        ("operations.review_wait_hours", {"mean": 0.5, "p50": 1e-4, "p95": 40.0}, "0.5 h / 0 h / 40 h", ""),
        ("operations.reviewers_needed_peak", 0.0123, "needed at peak 0.012", ""),
        ("operations.ended_after_window_share", 0.25, "25% of the items end after the window", "WARNING"),
        ("operations.pilot_items", 0.0, "WARNING: the pilot saw no items", ""),
        (
            "operations.incidents",
            5.14,
            "is cut 40% of the time: people check more of its decisions 30%, it is",
            "",
        ),
        ("operations.incidents", 5.14, "Incidents in the window 5.1", "keeps its autonomy"),
        ("operations.restricted_time_share", 0.1, "Time restricted or suspended 10.0%", ""),
        ("operations.ai_wait_hours", 0.5, "Wait for the AI, mean 0.5 h", "outages"),
        ("reviewers.unstaffed_from_month", 4, "in month 4 items need a reviewer and there is none", ""),
        ("reviewers.reviewers_fewest", 12 / 7, "have 1.71 to 9:", "1.714"),
        ("operations.incidents", 0.0, "inputs are guesses", "Incidents"),
        ("operations.specialist_share", 0.1, "WARNING: reviews escalate to specialists", ""),
        ("ended", {"backlog_limit": 3, "draws": [7]}, "WARNING: 3 of 1,003 replications ended with", ""),
        ("realised.p_negative", 0.001, "fewer than 1 futures in 100", "; 0 futures"),
        ("scenario.name", "a\x1b[2J\nb", "a [2J b", "\x1b"),
        ("scenario.name", "long " * 500, "long long", ""),
        ("currency", "crowns and shillings of the old kingdom", "crowns", ""),
    ],
)
def test_a_number_changes_the_words(path, value, there, absent):
    text = screen(changed(path, value), SETTINGS)
    flat = " ".join(text.split())
    assert there in flat
    assert not absent or absent not in flat
    assert max(map(len, text.splitlines())) <= 80


def test_incidents_without_a_restriction_leave_the_ai_alone():
    free = changed("operations.autonomy_time_share", {"autonomous": 1.0, "guarded": 0.0, "suspended": 0.0})
    free["operations"]["incidents"] = 0.25
    assert "Incidents: 0.25 a future. The AI keeps its autonomy." in words(free)


def test_a_list_of_holidays_that_ends_before_the_window_is_told():
    listed = {**SETTINGS, "clock.holidays": ["2026-12-25"]}
    assert "clock.holidays names none after 2026-12-25" in screen(SUMMARY, listed)
    reaching = {**SETTINGS, "clock.holidays": ["2028-12-25"]}
    for settings in (reaching, {**SETTINGS, "clock.holidays": []}):
        assert "clock.holidays" not in screen(SUMMARY, settings)


def test_the_conventions_follow_the_settings():
    text = " ".join(screen(SUMMARY, {**SETTINGS, "money.tax": 0.25, "clock.horizon": 1.0}).split())
    assert "8.0% a year, after 25% tax, 1 month of 730 h from 2026-01" in text
    assert "before tax, 36 months of" in " ".join(screen(SUMMARY, SETTINGS).split())


def test_no_word_is_broken():
    long = "data_sources.customers." * 6
    assert wrap(f"see {long} there").split() == ["see", long, "there"]


def test_several_workflows_have_a_table():
    assert "letters" not in screen(SUMMARY, SETTINGS)
    other = {**WORKFLOW, "name": "m" * 80, "straight_through_rate": None, "items": 5.0, "net_benefit": -1.5e6}
    text = screen({**SUMMARY, "workflows": [WORKFLOW, other]}, SETTINGS)
    assert max(map(len, text.split("\n"))) <= 80
    rows = [line.split() for line in text.split("\n")]
    assert ["letters", "120,000", "80.0%", "2.0%", "0.0%", "400k"] in rows
    assert ["m" * 22 + "...", "5", "-", "2.0%", "0.0%", "-1.5M"] in rows
    many = screen({**SUMMARY, "workflows": [WORKFLOW] * 40}, SETTINGS)
    assert many.count("letters") == 12
    assert "and 28 more" in many


def test_changes_and_the_end_of_the_ai_are_told():
    production = {
        **SUMMARY["production"],
        "changes": 24.7,
        "change_lead_time_hours": 3360.0,
        "changes_open_at_month_end": 1.6,
        "p_stopped": 0.75,
        "stopped_month": 11.2,
    }
    text = " ".join(screen({**SUMMARY, "production": production}, SETTINGS).split())
    assert (
        "Changes: 24.7 a future; each takes 20.0 weeks from request to production, and 1.6 are open" in text
    )
    assert "The AI is given up in 75 of 100 futures, in month 11 on average" in text


# --- two kinds of uncertainty -----------------------------------------------------------------------------


def parts(luck, share, ci95, total=1000.0):
    """Return components of variance with this variance of luck and share of the unknowns."""
    return {
        "luck": {"variance": luck, "share": None if share is None else 1.0 - share, "ci95": None},
        "unknown": {"variance": total**2 - luck, "share": share, "ci95": ci95},
        "sd_total": total,
        "sd_luck": luck**0.5,
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            parts(360_000.0, 0.64, [0.5, 0.75]),
            "Measuring more could remove up to 40% of the spread (sd from 1.0k to 600); only capacity and "
            "luck decide the rest. Of the variance 64% is what is not known (95 % interval 50% to 75%), 36% "
            "is luck.",
        ),
        (
            parts(990_000.0, 0.01, [-0.1, 0.12]),
            "is luck. What is not known cannot be told from no share at all.",
        ),
        (
            parts(990_000.0, 0.01, None),
            "1% is what is not known, 99% is luck. What is not known cannot be told",
        ),
        (
            parts(1_020_000.0, -0.02, [-0.1, 0.06]),
            "its share of the variance comes out at -2% (95 % interval -10% to 6%), below zero by chance",
        ),
        (
            parts(0.0, 1.0, [1.0, 1.0]),
            "All of the spread is what is not known (sd 1.0k): luck plays no part.",
        ),
        (parts(0.0, None, None, 0.0), "Nothing varies in the spread."),
    ],
)
def test_what_measuring_could_remove(found, words):
    assert words in spread(found)
