"""The first screen of `run`: words built from the numbers, one line of conventions, a table. 80 columns."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Mapping
from typing import Any

from simgap.analysis.words import POINTS, left_out, money, share_of_100, title, weeks
from simgap.report.outside import lifted, optimistic, outside, twice
from simgap.report.precision import known, remarks, with_control

WIDTH = 80
SHOWN_LINKS = 2
SHOWN_WORKFLOWS = 12
# What a level of autonomy below the highest means, in words.
CUTS = {
    "guarded": "people check more of its decisions",
    "restricted": "people check all of them",
    "suspended": "it is switched off",
}


def wrap(text: str) -> str:
    """Wrap one paragraph to the width of the screen."""
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)


def warnings(summary: Mapping[str, Any]) -> list[str]:
    """Return what a reader must not overlook."""
    operations, reviewers, n = summary["operations"], summary["reviewers"], summary["replications"]
    offered, staffed = reviewers["offered_hours_per_month"], reviewers["staffed_hours_per_month"]
    ended = summary["ended"]["backlog_limit"]
    found = ([left_out(ended, ended + n)] if ended else []) + remarks(summary["precision"])
    if offered > staffed > 0.0:
        found.append(
            f"WARNING: in {share_of_100(reviewers['overloaded_share'])} of 100 futures reviewers are offered "
            f"more work than they have hours ({offered:,.0f} h against {staffed:,.0f} h a month on average). "
            "The queue then grows until deadlines or the end of the window."
        )
    if reviewers["unstaffed_from_month"]:
        found.append(
            f"WARNING: in month {reviewers['unstaffed_from_month']} items need a reviewer and there is none: "
            "they wait for one, or fall back to the legacy way."
        )
    if operations["specialist_share"] and operations["specialist_utilisation"] is None:
        found.append(
            "WARNING: reviews escalate to specialists, and there are none: those items fall back to the "
            "legacy way."
        )
    if (operations["ended_after_window_share"] or 0.0) > 0.01:
        found.append(
            f"{operations['ended_after_window_share']:.0%} of the items end after the window, while the "
            "queue drains; they are booked to its last month, which flatters it."
        )
    if operations["pilot_items"] == 0.0:
        found.append("WARNING: the pilot saw no items, so the board's figure holds no benefit.")
    if operations["escaped_errors"] and not summary["ledger"]["errors"]:
        found.append(
            f"Errors are free in this scenario: {operations['escaped_errors']:,.0f} escape and cost nothing. "
            "State workflows.NAME.error_cost."
        )
    idle = [row["name"] for row in summary["workflows"] if not row["items"]]
    if idle:
        found.append(f"No items arrive in the window: {', '.join(map(title, idle))}.")
    if summary["realisation_ratio"] is None:
        found.append("The board's figure is not positive, so no realisation ratio is given.")
    return found + few(n)


def few(replications: int) -> list[str]:
    """Return a word of warning where there are few replications."""
    if replications >= 30:
        return []
    return [
        f"{replications} replication{'s are' if replications > 1 else ' is'} few: percentiles and intervals "
        "are rough. Use --replications for more."
    ]


def without_holidays(settings: Mapping[str, Any]) -> list[str]:
    """Return a word of warning where the list of holidays ends half a year or more before the window does."""
    holidays = settings.get("clock.holidays")
    if not holidays:
        return []
    decision = f"{settings['clock.decision']}-01"[:10]
    days = datetime.timedelta(hours=settings["clock.horizon"] * 730.0)
    end = datetime.date.fromisoformat(decision) + days
    if end - datetime.date.fromisoformat(holidays[-1]) < datetime.timedelta(days=183):
        return []
    return [f"clock.holidays names none after {holidays[-1]}, and the window ends on {end}."]


def words(summary: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs that open the screen."""
    currency = summary["currency"]
    realised, projected = summary["realised"], summary["projected"]["npv"]
    npv = realised["npv"]
    lines = [
        f"The board saw {money(projected['mean'], currency)}. Expected: {money(npv['mean'])}; "
        f"between {money(npv['p5'])} and {money(npv['p95'])} in 9 futures of 10; "
        f"{share_of_100(realised['p_negative'])} futures in 100 lose money."
    ]
    lines += _bought(summary["bought"])
    if summary["inputs"]:
        told = [link["name"] for link in summary["inputs"] if _told_from_chance(link)]
        lines.append(
            f"Strongest links: {', '.join(told[:SHOWN_LINKS])} (rank correlation, not cause)."
            if told
            else "No input's link with realised value can be told from chance in these replications."
        )
    operations, reviewers = summary["operations"], summary["reviewers"]
    have, fewest = reviewers["reviewers"], reviewers["reviewers_fewest"]
    heads = f"{have:.3g}" if have == fewest else f"{fewest:.3g} to {have:.3g}"
    month = reviewers["overloaded_from_month"]
    load = f": more work than staffed hours from month {month}" if month else ""
    path = realised["median_path"]
    need = (
        f"Deepest cash need {money(path['deepest'])} in month {path['month']} (median)."
        if path["deepest"] > 0.0
        else "The median future never needs cash."
    )
    pays = share_of_100(1.0 - realised["payback_months"]["p_never"])
    lines.append(
        f"Reviewers needed at peak {_count(operations['reviewers_needed_peak'])}, have {heads}{load}. "
        f"{need} Pays back in {pays} of 100."
    )
    shown, true = (summary["dashboard"][k] for k in ("accuracy_shown", "accuracy_true"))
    if true is not None:
        says = "shows no accuracy" if shown is None else f"says {shown:.1%} accurate"
        seen = _detection(summary["production"]["time_to_detect"])
        lines.append(f"The dashboard {says}; in production it is {true:.1%}.{seen}")
    lines += _changes(summary["production"])
    if operations["incidents"]:
        held = operations["autonomy_time_share"]
        cut = [f"{words} {held[level]:.0%}" for level, words in CUTS.items() if held.get(level, 0.0) >= 0.005]
        lines.append(
            f"Incidents: {_count(operations['incidents'])} a future. "
            + (
                f"The AI's autonomy is cut {1.0 - held['autonomous']:.0%} of the time: {', '.join(cut)}."
                if cut
                else "The AI keeps its autonomy."
            )
        )
    if summary.get("uncertainty"):
        lines.append(spread(summary["uncertainty"]["realised_npv"]))
    guessed, stated = summary["guesses"]["guessed"], summary["guesses"]["stated"]
    lines.append(f"{guessed} of {stated} inputs are guesses.")
    return lines


def spread(found: Mapping[str, Any], of: str = "the spread") -> str:
    """Return the sentence on how much of a spread measuring could remove, and how much is luck.

    Parameters
    ----------
    found : mapping
        As `analysis.uncertainty.components` returns it.
    of : str
        What spreads.
    """
    share, ci95, total = found["unknown"]["share"], found["unknown"]["ci95"], found["sd_total"]
    if share is None:
        return f"Nothing varies in {of}."
    interval = f" (95 % interval {ci95[0]:.0%} to {ci95[1]:.0%})" if ci95 else ""
    if found["sd_luck"] == 0.0:
        return f"All of {of} is what is not known (sd {money(total)}): luck plays no part."
    if share <= 0.0:
        return (
            f"What is not known adds nothing to {of} that these replications can show: its share of the "
            f"variance comes out at {share:.0%}{interval}, below zero by chance alone. Only capacity and "
            f"luck decide (sd {money(found['sd_luck'])})."
        )
    doubt = " What is not known cannot be told from no share at all." if not ci95 or ci95[0] <= 0.0 else ""
    return (
        f"Measuring more could remove up to {1.0 - found['sd_luck'] / total:.0%} of {of} (sd from "
        f"{money(total)} to {money(found['sd_luck'])}); only capacity and luck decide the rest. Of the "
        f"variance {share:.0%} is what is not known{interval}, {1.0 - share:.0%} is luck.{doubt}"
    )


def _drawn(design: Mapping[str, Any] | None) -> str:
    """Return how the replications are made up; nothing where each is a draw with one luck."""
    if design is None:
        return ""
    lucks = f", {design['lucks']} of each draw of what is not known" if design["lucks"] > 1 else ""
    if design["name"] not in POINTS:
        return lucks
    return (
        f" in {design['randomisations']} randomisations of {design['points']} {POINTS[design['name']]}{lucks}"
    )


def _bought(bought: Mapping[str, Any]) -> list[str]:
    """Return the sentence on what is bought; nothing where nothing is."""
    if not bought["investments"]:
        return []
    names = ", ".join(map(title, bought["investments"]))
    later = f"; go-live is {weeks(bought['delay_months'])} later" if bought["delay_months"] else ""
    return [
        f"Bought: {names}, for {money(bought['once'])} once and {money(bought['upkeep'])} "
        f"of upkeep in the window{later}."
    ]


def _detection(found: Mapping[str, Any] | None) -> str:
    """Return the sentence on how soon drift is seen; nothing where there is none."""
    if not found:
        return ""
    share, median = share_of_100(found["detected_share"]), found["p50_months"]
    if not found["detected_share"]:
        return " Nobody sees that it drifts."
    half = f", after {median:.1f} months in the median" if median is not None else ""
    return f" That it drifts is seen in {share} of 100 futures{half}."


def _changes(found: Mapping[str, Any]) -> list[str]:
    """Return the sentences on changes, and on the end of the AI."""
    lines = []
    if found["changes"]:
        lead = found["change_lead_time_hours"]
        takes = f"; each takes {lead / 168.0:.1f} weeks from request to production" if lead else ""
        lines.append(
            f"Changes: {_count(found['changes'])} a future{takes}, and "
            f"{_count(found['changes_open_at_month_end'])} are open at a time."
        )
    if found["hired"]:
        lines.append(f"Reviewers hired: {_count(found['hired'])} a future.")
    if found["p_stopped"]:
        lines.append(
            f"The AI is given up in {share_of_100(found['p_stopped'])} of 100 futures, in month "
            f"{found['stopped_month']:.0f} on average: the dashboard shows too great a loss."
        )
    return lines


def _told_from_chance(link: Mapping[str, Any]) -> bool:
    low, high = link["ci95"]
    return low is not None and (low > 0.0 or high < 0.0)


def conventions(summary: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the line that says how to read the numbers."""
    n, months = summary["replications"], settings["clock.horizon"]
    tax = f"after {settings['money.tax']:.0%} tax" if settings["money.tax"] else "before tax"
    return (
        f"Net present value in {summary['currency']}, {settings['money.prices']}, "
        f"{settings['money.discount']:.1%} a year, {tax}, {months:.0f} month{'s' * (months > 1)} of 730 h "
        f"from {settings['clock.decision']}, against going on the legacy way. "
        f"{n} replication{'s' * (n > 1)}{_drawn(summary.get('design'))}, seed {summary['seed']}; the spread "
        f"holds both what is not known and luck.{lifted(settings)}{twice(settings.get('counted_twice', ()))}"
    )


def table(summary: Mapping[str, Any]) -> list[str]:
    """Return the table: money with its spread, then operations."""
    rows = [f"{'':<26}{'mean':>11}{'1 in 20 below':>15}{'median':>11}{'1 in 20 above':>15}"]
    money_rows = (
        ("Projected NPV", summary["projected"]["npv"]),
        ("Realised NPV", summary["realised"]["npv"]),
        ("Realised NPV, cashable", summary["realised"]["cashable_npv"]),
        ("Gap", summary["gap"]),
        ("Deepest need of cash", summary["realised"]["peak_funding"]),
    )
    for label, stats in money_rows:
        cells = [money(stats[k]) for k in ("mean", "p5", "p50", "p95")]
        rows.append(f"{label:<26}{cells[0]:>11}{cells[1]:>15}{cells[2]:>11}{cells[3]:>15}")
    operations = summary["operations"]
    ratio = summary["realisation_ratio"]
    waits = operations["review_wait_hours"]
    facts = [
        known(summary["precision"]),
        *_controlled(summary.get("control")),
        ("Realised / projected", _ratio(ratio)),
        ("Success by the file's criterion", f"{share_of_100(summary['realised']['p_success'])} in 100"),
        ("Mean of the worst 5 in 100", money(summary["realised"]["cvar5"])),
        ("Items in the window", f"{operations['items']:,.0f}"),
        ("Straight through", _percent(operations["straight_through_rate"])),
        ("Reviewed, of all arrivals", _percent(operations["review_share"])),
        ("Escaped errors, of items for the AI", _percent(operations["escaped_error_rate"])),
        ("Reviewers busy, of staffed hours", _percent(operations["reviewer_utilisation"])),
        ("Wait for a reviewer, staffed hours", " / ".join(_hours(waits[k]) for k in ("mean", "p50", "p95"))),
        ("Deadlines missed, of reviews", _percent(operations["deadline_miss_rate"])),
        ("Oversight cost per item", _money2(operations["oversight_cost_per_item"])),
    ]
    facts[-1:-1] = [
        (label, show(operations[key])) for label, key, show in OCCASIONAL if (operations[key] or 0.0) > 0.0
    ]
    rows.append("")
    rows += [f"{label:<38}{value}" for label, value in facts]
    rows.append(f"{'':<36}(wait: mean / median / exceeded by 1 in 20)")
    return rows


def _controlled(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the line on the mean that is adjusted by the fluid model; nothing where none is."""
    if not found or found["realised_npv"]["ci95"] is None:
        return []
    return [("... with the fluid model as control", with_control(found["realised_npv"]))]


def by_workflow(summary: Mapping[str, Any]) -> list[str]:
    """Return the table of the workflows, where there are several."""
    found = summary["workflows"]
    if len(found) < 2:
        return []
    rows = ["", f"{'':<26}{'items':>11}{'straight':>10}{'escaped':>10}{'fallen back':>12}{'net':>11}"]
    for workflow in found[:SHOWN_WORKFLOWS]:
        name = title(workflow["name"])
        shares = [
            _percent(workflow[k]) for k in ("straight_through_rate", "escaped_error_rate", "fallback_share")
        ]
        rows.append(
            f"{name if len(name) < 26 else name[:22] + '...':<26}{workflow['items']:>11,.0f}"
            f"{shares[0]:>10}{shares[1]:>10}{shares[2]:>12}{money(workflow['net_benefit']):>11}"
        )
    more = len(found) - SHOWN_WORKFLOWS
    if more > 0:
        rows.append(f"and {more} more")
    rows.append(f"{'':<18}(net: benefit less its own costs, before people and platform)")
    return rows


def _ratio(ratio: Mapping[str, Any] | None) -> str:
    if ratio is None:
        return "-"
    interval = ratio["ci95"]
    between = (
        f"  (95 % interval {interval[0]:.2f} to {interval[1]:.2f})" if interval else "  (no bounded interval)"
    )
    return f"{ratio['value']:.2f}{between}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _count(number: float) -> str:
    return f"{number:.2g}" if number < 1.0 else f"{number:.1f}"


def _hours(hours: float | None) -> str:
    if hours is None:
        return "-"
    if hours < 1.0 / 3600.0:
        return "0 h"
    return f"{hours:.2g} h" if hours < 10 else f"{hours:,.0f} h"


def _money2(amount: float | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"


def screen(summary: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the first screen of a run.

    Parameters
    ----------
    summary : mapping
        As `analysis.summary.summary` returns it.
    settings : mapping
        Values of the rows of ``money`` and ``clock`` by path.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name = title(summary["scenario"]["name"])
    parts = [
        name,
        "=" * len(name),
        *map(wrap, [*warnings(summary), *without_holidays(settings), *optimistic(summary["outside_view"])]),
        *map(wrap, words(summary)),
        "",
    ]
    beside = outside(summary["outside_view"], summary["realised"]["p_success"], summary["currency"])
    return "\n".join(
        [
            *parts,
            wrap(conventions(summary, settings)),
            "",
            *table(summary),
            *by_workflow(summary),
            *[""] * bool(beside),
            *map(wrap, beside),
        ]
    )


# Shown where there is something to show: label, key of the operations, how to show it.
OCCASIONAL = (
    ("Wait for the AI, mean", "ai_wait_hours", _hours),
    ("Lost in outages, of all items", "lost_share", _percent),
    ("Fallen back, of all items", "fallback_share", _percent),
    ("Deadlines missed, of specialists", "specialist_deadline_miss_rate", _percent),
    ("Specialists busy, of staffed hours", "specialist_utilisation", _percent),
    ("Wait for a specialist, staffed, mean", "specialist_wait_hours", _hours),
    ("Incidents in the window", "incidents", _count),
    ("Time restricted or suspended", "restricted_time_share", _percent),
    ("While suspended, of all items", "suspended_share", _percent),
    ("Not sent to the AI, of all items", "declined_share", _percent),
)
