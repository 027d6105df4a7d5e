"""The parameter table: one row a parameter, and everything else is generated from it.

The schema, the resolved form, the values that an engine packs, the reference page, the switching of
conditions and the key paths all read these rows. A new parameter is one more row.

`default` is text in the leaf grammar of the scenario file, exactly as a person would type it; an empty
default means that the file must state the parameter. `since` is the version that first simulates the
parameter; while it is empty, `run` accepts only the neutral value, which is `neutral` where given and the
default elsewhere. A star in a path stands for a name that the file chooses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

CONDITIONS = {
    "data": "Selected and cleaned, or duplicated, badly formatted, half-filled and stale",
    "edge_cases": "Excluded or handled by hand, or arriving constantly with a long tail",
    "integration": "A demo on the side, or real volumes, latency, outages and throughput",
    "oversight": "Close supervision, or reviewers who are spread thin",
    "governance": "Informal judgement, or accountable, auditable, consistent",
    "drift": "Too short to notice, or distributions that shift",
    "measurement": "Pilot metrics, or workflow outcomes",
    "iteration": "Fixes in days, or changes that need coordination across teams",
    "scope": "One bounded workflow, or more workflows that connect over time",
    "adoption": "Willing users, or users to be trained and trust to be earned",
}
GROUPS = {
    "money": "Currency, prices, discount rate and tax",
    "clock": "Decision date and window",
    "board": "What the sponsors read as the projected value",
    "base": "Which pilot design and portfolio `run` shows",
    "legacy": "The baseline: going on without the AI",
    "workflows": "The streams of work, by name",
    **CONDITIONS,
    "ai": "The model itself: the same in pilot and production",
    "costs": "Running costs of the platform, governance and data curation",
    "outside_view": "Reference classes beside the forecast, and uplifts for optimism on what is estimated",
    "pilots": "Pilot designs, by name",
    "investments": "What can be bought before go-live, by name",
}
# Groups whose members the file names; `volume` of workflow `claims` has the path workflows.claims.volume.
NAMED = ("workflows", "pilots", "investments")
# Groups of which a workflow may override rows for itself: workflows.claims.data.missing.
OVERRIDABLE = ("data", "edge_cases", "integration", "oversight", "governance", "ai", "legacy")
MOST_WORKFLOWS = 1000

INF = math.inf
# What is computed with goes no further, whatever the bounds say: a century in hours, far below what
# microseconds in 64 bits can hold, and sums of money that add up without losing their cents.
LARGEST = {
    "duration": 1e6,
    "staffed": 1e6,
    "money": 1e12,
    "money_item": 1e12,
    "money_hour": 1e12,
    "money_month": 1e12,
}
GUESS = "guess"
IDENTITY = "neutral: the mechanism is switched off"


@dataclass(frozen=True)
class Row:
    """One parameter.

    Attributes
    ----------
    path : str
        Key path; a star stands for a name that the file chooses.
    unit : str
        Key of ``units.UNITS``.
    default : str
        Leaf text; empty where the file must state the parameter.
    doc : str
        One sentence for the reference page.
    source : str
        Where the default comes from.
    low, high : float
        Closed bounds in the normalised unit.
    since : str
        Version that first simulates it; empty while none does.
    neutral : str
        Leaf text at which it changes nothing; the default where empty.
    none : float
        What `none` stands for; infinite for limits, nan where it refers to another parameter.
    condition : str
        The condition, ``scale`` or nothing; a bar needs a condition or ``scale``.
    scales : bool
        A capacity that grows with volume when pilot conditions meet the planned volume.
    whole : bool
        Rounded up to a whole number after scaling, dose and changes.
    words : tuple of str
        The words allowed, for the units ``word`` and ``words``; empty for free text.
    constant : bool
        May not be uncertain.
    shared : bool
        Of the organisation: a workflow cannot override it.
    """

    path: str
    unit: str
    default: str
    doc: str
    source: str = GUESS
    low: float = 0.0
    high: float = INF
    since: str = ""
    neutral: str = ""
    none: float = 0.0
    condition: str = ""
    scales: bool = False
    whole: bool = False
    words: tuple[str, ...] = ()
    constant: bool = False
    shared: bool = False

    @property
    def largest(self) -> float:
        """Largest number that is computed with, in the normalised unit."""
        return min(self.high, LARGEST.get(self.unit, INF))

    @property
    def group(self) -> str:
        """The first part of the path."""
        return self.path.split(".")[0]


def _row(path: str, unit: str, default: str, doc: str, source: str = GUESS, **more: object) -> Row:
    group = path.split(".")[0]
    more.setdefault("condition", group if group in CONDITIONS else "")
    more.setdefault("shared", group not in (*OVERRIDABLE, *NAMED))
    if unit == "share":
        more.setdefault("high", 1.0)
    if unit in ("word", "words", "calendar", "date", "dates", "plan", "shares", "weights"):
        more["constant"] = True
    return Row(path, unit, default, doc, source, **more)  # type: ignore[arg-type]  # a row is data


V1 = {"since": "0.1"}
V2 = {"since": "0.2"}
V3 = {"since": "0.3"}
V4 = {"since": "0.4"}
V5 = {"since": "0.5"}
# What belongs to all workflows together, in groups of which each may override the rest.
ORG: dict[str, Any] = {"shared": True}
LEDGER = (
    "ai",
    "review",
    "exceptions",
    "errors",
    "incidents",
    "delay",
    "changes",
    "platform",
    "upkeep",
)
TRIGGERS = ("confidence", "exception", "edge", "consequential", "value", "mandatory", "autonomy", "audit")

# Packed by hand: a table is read whole.
# fmt: off
ROWS: tuple[Row, ...] = (
    # money
    _row("money.currency", "word", "EUR", "Currency shown beside every sum.", **V1),
    _row("money.prices", "word", "nominal", "Whether sums and rate include inflation.",
         words=("real", "nominal"), **V1),
    _row("money.discount", "yearly", "8 % per year", "Yearly discount rate; may end in `real` or `nominal`.",
         low=-0.5, high=10.0, **V1),
    _row("money.tax", "share", "none", "Tax on the monthly net flow; losses are set off at once.", IDENTITY,
         **V1),
    # clock
    _row("clock.decision", "date", "2026-01", "Month 0: the decision, and the start of the pilot.", **V1),
    _row("clock.horizon", "months", "36 months", "Length of the window, counted from the decision.", low=1,
         high=240, whole=True, constant=True, **V1),
    _row("clock.holidays", "dates", "none", "Public holidays, on which no team is staffed.", IDENTITY, **V2),
    # board
    _row("board.volume", "volume", "none", "Volume that the board believes in; `none` is the plan.",
         "the plan", none=math.nan, **V1),
    _row("board.adoption", "share", "100 %", "Share of the volume that the board expects the AI to take.",
         **V1),
    _row("board.counts", "words", "none",
         "Ledger lines that the board counts; `none` follows the pilot's measurement basis.",
         "`ai` and `review` under pilot metrics, all under workflow outcomes", words=LEDGER, none=math.nan,
         **V1),
    _row("board.npv", "money", "none", "The board figure itself; `none` simulates and scales the pilot.",
         low=-INF, none=math.nan, **V1),
    # base
    _row("base.pilot", "word", "none", "Pilot design that `run` shows; `none` is the first.", "the first",
         **V1),
    _row("base.portfolio", "word", "none", "Portfolio that `run` shows; `none` buys nothing.", IDENTITY,
         **V1),
    # legacy
    _row("legacy.cost", "money_item", "", "Cost of an item done the legacy way.", **V1),
    _row("legacy.error_rate", "share", "0 %", "Share of legacy items that end in an error.", **V1),
    _row("legacy.cashable", "share", "100 %", "Share of the avoided legacy cost that becomes cash.", **V1),
    _row("legacy.delay", "duration", "0 h", "Time from arrival to completion the legacy way.", **V1),
    _row("legacy.delay_cost", "money_hour", "0 per hour", "Cost of an item's waiting, per hour of delay.",
         IDENTITY, **V1),
    _row("legacy.duplicate_detection", "share", "100 %",
         "Share of duplicates that the legacy way recognises and does not work twice.", **V1),
    _row("legacy.rehire_multiple", "number", "1",
         "Cost of a legacy item that falls back to a team already released, as a multiple.", IDENTITY,
         low=1, **ORG, **V1),
    _row("legacy.ramp_down", "duration", "0 h",
         "Time after a workflow starts until its legacy team is released.", IDENTITY, **ORG, **V1),
    # workflows
    _row("workflows.*.volume", "volume", "", "Unique items that arrive.", condition="scale", **V1),
    _row("workflows.*.consequential", "share", "0 %",
         "Share of items whose errors have consequences; review and priority can single them out.",
         condition="scope", **V1),
    _row("workflows.*.error_cost", "money", "0", "Cost of an error in an item of mean value.", **V1),
    _row("workflows.*.value_cv", "number", "0",
         "Coefficient of variation of the value, and of the cost of an error, from item to item.", high=20,
         **V1),
    _row("workflows.*.value_classes", "shares", "[50 %, 90 %]",
         "Quantiles of the item value that separate the value classes.", low=0, high=1, **V1),
    _row("workflows.*.value", "money", "none", "Mean benefit of an item besides the avoided legacy cost.",
         IDENTITY),
    _row("workflows.*.arrivals", "word", "poisson", "Law of the gaps between arrivals.",
         words=("poisson", "deterministic"), condition="scope", **V1),
    _row("workflows.*.profile", "calendar", "always",
         "Hours of the week in which items arrive, with weights.", condition="scope", **V1),
    _row("workflows.*.starts", "month", "month 0",
         "Month after go-live in which the workflow joins; the pilot knows none.", IDENTITY,
         condition="scope", **V1),
    _row("workflows.*.ramp", "duration", "none",
         "Time over which volume rises to its full rate; the pilot runs at it.", IDENTITY, condition="scope",
         **V1),
    _row("workflows.*.growth", "yearly", "0 % per year", "Yearly growth of the volume, from go-live.",
         IDENTITY, low=-0.9, high=10.0, condition="scope", **V1),
    _row("workflows.*.season", "weights", "none",
         "Weights of the twelve months of the year; the yearly volume stays.", IDENTITY, condition="scope",
         **V2),
    _row("workflows.*.month_end", "number", "1",
         "Rate on the last days of a calendar month, in rates of its other days; the month's volume stays.",
         IDENTITY, high=100, condition="scope", **V2),
    _row("workflows.*.month_end_days", "count", "3", "Number of those last days.", low=1, high=27, whole=True,
         constant=True, **V2),
    _row("workflows.*.holiday_volume", "share", "100 %",
         "Share of the usual items that arrive on a public holiday; the rest do not arrive.", IDENTITY,
         condition="scope", **V2),
    _row("workflows.*.batch", "count", "1", "Items that arrive at one instant; the volume stays.", IDENTITY,
         low=1, high=10000, whole=True, condition="scope", **V2),
    _row("workflows.*.day_cv", "number", "0",
         "Coefficient of variation of the volume from day to day, besides the chance of single arrivals.",
         IDENTITY, high=5, condition="scope", **V2),
    _row("workflows.*.backlog", "count", "none",
         "Items that already wait when the workflow starts; the pilot knows none.", IDENTITY, high=1e6,
         whole=True, condition="scope", **V2),
    # data
    _row("data.missing", "share", "none", "Share of items with a needed field empty (completeness).",
         IDENTITY, **V1),
    _row("data.format", "share", "none", "Share of items with a badly formatted field (validity).", IDENTITY,
         **V1),
    _row("data.schema", "share", "none", "Share of items in another schema (consistency).", IDENTITY, **V1),
    _row("data.stale", "share", "none", "Share of items with an outdated field (timeliness).", IDENTITY,
         **V1),
    _row("data.duplicate", "share", "none", "Share of arrivals that repeat an earlier item (uniqueness).",
         IDENTITY, high=0.9, **V1),
    _row("data.fields", "count", "1", "Fields of an item; turns a rate `of cells` into a rate of items.",
         low=1, high=10000, whole=True, constant=True, **V1),
    _row("data.validated", "share", "none", "Share of defective items that validation catches.", IDENTITY,
         **V1),
    _row("data.false_reject", "share", "none", "Share of good items that validation rejects.", IDENTITY,
         **V1),
    _row("data.repaired", "share", "none", "Share of caught items that connectors repair.", IDENTITY, **V1),
    _row("data.missing_penalty", "number", "1", "Log-odds of a right decision lost by a missing field.",
         **V1),
    _row("data.format_penalty", "number", "1", "Log-odds of a right decision lost by a bad format.", **V1),
    _row("data.schema_penalty", "number", "1", "Log-odds of a right decision lost by another schema.", **V1),
    _row("data.stale_penalty", "number", "1", "Log-odds of a right decision lost by an outdated field.",
         **V1),
    _row("data.schema_changes", "yearly_count", "none", "Schema changes of the source system.", IDENTITY,
         high=1e5, **V3),
    _row("data.schema_broken", "share", "30 %",
         "Share of items that break until a schema change is repaired.", **V3),
    # edge_cases
    _row("edge_cases.share", "share", "none", "Share of items that are edge cases.", IDENTITY, **V1),
    _row("edge_cases.types", "count", "200", "Number of types in the catalogue.", low=1, high=100000,
         whole=True, constant=True, **V1),
    _row("edge_cases.tail", "number", "1.3",
         "Zipf exponent of the type frequencies; smaller is a heavier tail.", high=10, **V1),
    _row("edge_cases.never_repeats", "share", "10 %", "Share of edge cases of a type never seen again.",
         **V1),
    _row("edge_cases.handled", "count", "0", "Most frequent types that are handled at go-live.", IDENTITY,
         high=100000, whole=True, **V1),
    _row("edge_cases.recognised", "share", "50 %",
         "Share of unhandled edge cases that the AI recognises and hands over.", **V1),
    _row("edge_cases.penalty", "number", "2", "Log-odds of a right decision lost by an unhandled type.",
         **V1),
    _row("edge_cases.births", "yearly_count", "none",
         "New edge-case types born; each takes the place of one in the catalogue.", IDENTITY, high=1e5, **V3),
    _row("edge_cases.examples_needed", "count", "none",
         "Examples that people have confirmed before a change is asked for.", IDENTITY, low=1,
         high=1e6, none=INF, whole=True, **V3),
    # integration
    _row("integration.latency", "duration", "0 s", "Mean time of the AI stage for an item.", **V1),
    _row("integration.latency_law", "word", "deterministic", "Law of the AI stage's time.",
         words=("lognormal", "exponential", "deterministic"), **V1),
    _row("integration.latency_cv", "number", "0.5", "Coefficient of variation of a lognormal latency.",
         high=20, **V1),
    _row("integration.throughput", "hourly", "none", "Items an hour that the connector passes.", IDENTITY,
         none=INF, low=1e-3, scales=True, **ORG, **V2),
    _row("integration.outages", "yearly_count", "none", "Outages of the AI stage, while it is up.", IDENTITY,
         high=100000, **ORG, **V2),
    _row("integration.outage_time", "duration", "3 h", "Mean length of an outage.", **ORG, **V2),
    _row("integration.outage_cv", "number", "1", "Coefficient of variation of that length (lognormal).",
         high=20, **ORG, **V2),
    _row("integration.lost", "share", "none",
         "Share of items reaching the AI in an outage that end the legacy way when it is over.", IDENTITY,
         **ORG, **V2),
    # ai
    _row("ai.accuracy", "share", "", "Share of right decisions on clean items in scope.", low=0.001,
         high=0.999999, **V1),
    _row("ai.auroc", "share", "0.85", "How well confidence ranks right above wrong decisions (AUROC).",
         low=0.5, high=0.999999, **V1),
    _row("ai.auroc_edge", "share", "0.6", "The same for unhandled edge cases that are not recognised.",
         low=0.5, high=0.999999, **V1),
    _row("ai.hardness", "number", "1", "Spread s of item hardness on the log-odds scale.", high=20, **V1),
    _row("ai.sigma_w", "number", "1", "Spread of the confidence score of wrong decisions.", low=0.01,
         high=100, **V1),
    _row("ai.concurrency", "count", "none", "Items that the AI stage serves at once; `none` is unlimited.",
         IDENTITY, low=1, none=INF, whole=True, **ORG, **V1),
    _row("ai.cost", "money_item", "0", "Running cost of the AI for an item.", **V1),
    # oversight
    _row("oversight.reviewers", "count", "", "Reviewers on the staff.", scales=True, whole=True,
         high=100000, **ORG, **V1),
    _row("oversight.hours", "calendar", "Mon-Fri 09:00-17:00", "Hours in which the team is staffed.",
         **ORG, **V1),
    _row("oversight.paid", "word", "by headcount",
         "What is paid: all staffed hours, or the hours busy with reviews.",
         words=("by headcount", "by hour"), **ORG, **V1),
    _row("oversight.shrinkage", "share", "none", "Share of staffed time lost to meetings, leave and breaks.",
         IDENTITY, high=0.95, **ORG, **V1),
    _row("oversight.wage", "money_hour", "", "Loaded cost of a reviewer for an hour.", **ORG, **V1),
    _row("oversight.time", "duration", "", "Mean time of a review.", **V1),
    _row("oversight.time_cv", "number", "1.2", "Coefficient of variation of the review time.",
         "1.21 at a call centre: Brown et al. 2005, JASA 100:36-50", high=20, **V1),
    _row("oversight.time_law", "word", "lognormal", "Law of the review time.",
         "lognormal at a call centre: Brown et al. 2005, JASA 100:36-50",
         words=("lognormal", "exponential", "deterministic"), **V1),
    _row("oversight.exception_factor", "number", "2", "Time of an exception, in review times.",
         high=1000, **V1),
    _row("oversight.edge_factor", "number", "2", "Time of a handed-over edge case, in review times.",
         high=1000, **V1),
    _row("oversight.review_least_confident", "share", "none",
         "Share of AI decisions under the confidence threshold, at the pilot's mix.", IDENTITY, **V1),
    _row("oversight.catch", "share", "80 %",
         "Share of wrong decisions that a reviewer who is not hurried corrects.", low=0.001, high=0.999,
         **V1),
    _row("oversight.overturn", "share", "2 %", "Share of right decisions that a reviewer makes wrong.", **V1),
    _row("oversight.manual_error", "share", "none",
         "Error rate of items decided by hand; `none` is the legacy error rate.", "legacy.error_rate",
         none=math.nan, **V1),
    _row("oversight.rho", "number", "1",
         "How much item hardness, which misleads the AI, misleads reviewers too.", high=20, **V1),
    _row("oversight.gamma", "number", "1", "Log-odds of a catch lost when the team is swamped.", high=20,
         **V1),
    _row("oversight.delta", "share", "none",
         "Share of review time saved by hurrying when the team is swamped.", IDENTITY, high=0.95, **V1),
    _row("oversight.x_ref", "duration", "8 h",
         "Hours of work waiting per reviewer at which a team is swamped.", low=1e-06, **ORG, **V1),
    _row("oversight.deadline", "staffed", "none", "Longest wait for a reviewer; then the item falls back.",
         IDENTITY, none=INF, **V1),
    _row("oversight.deadline_clock", "word", "staffed", "Clock of the deadline.", words=("staffed", "wall"),
         **V1),
    _row("oversight.patience_law", "word", "deterministic", "Law of the deadline from item to item.",
         words=("deterministic", "exponential"), **V1),
    _row("oversight.priority", "words", "none",
         "Triggers whose items are served first, in this order; the rest follow.", IDENTITY,
         words=TRIGGERS, **ORG, **V1),
    _row("oversight.headcount_plan", "plan", "none",
         "Reviewers from a month after go-live on, such as [4 from month 3, 6 from month 9].", IDENTITY,
         scales=True, **ORG, **V2),
    _row("oversight.escalated", "share", "none", "Share of reviews that go on to a specialist.", IDENTITY,
         **V2),
    _row("oversight.specialists", "count", "none", "Specialists on the staff.", IDENTITY, scales=True,
         whole=True, high=100000, **ORG, **V2),
    _row("oversight.specialist_hours", "calendar", "Mon-Fri 09:00-17:00",
         "Hours in which specialists are staffed.", **ORG, **V2),
    _row("oversight.specialist_wage", "money_hour", "none",
         "Loaded cost of a specialist for an hour; `none` is the reviewer's.", "oversight.wage",
         none=math.nan, **ORG, **V2),
    _row("oversight.specialist_time", "duration", "30 min", "Mean time of a specialist for an item.", **V2),
    _row("oversight.specialist_time_cv", "number", "1.2",
         "Coefficient of variation of the specialist's time.",
         "as for reviewers: Brown et al. 2005, JASA 100:36-50", high=20, **V2),
    _row("oversight.specialist_time_law", "word", "lognormal", "Law of the specialist's time.",
         "as for reviewers: Brown et al. 2005, JASA 100:36-50",
         words=("lognormal", "exponential", "deterministic"), **V2),
    _row("oversight.specialist_catch", "share", "none",
         "Share of wrong decisions that an unhurried specialist corrects; `none` is the reviewer's.",
         "oversight.catch", low=0.001, high=0.999, none=math.nan, **V2),
    _row("oversight.specialist_deadline", "staffed", "none",
         "Longest wait for a specialist; then the item falls back.", IDENTITY, none=INF, **V2),
    _row("oversight.hire_above", "staffed", "none",
         "Work waiting for each reviewer, in staffed time, above which the team hires.", IDENTITY, low=0.01,
         none=INF, **ORG, **V3),
    _row("oversight.hire_lead_time", "duration", "3 months",
         "Time from the decision to hire to the first day.", **ORG, **V3),
    _row("oversight.hire_max", "count", "none", "Most reviewers that can be hired.", IDENTITY, whole=True,
         high=100000, **ORG, **V3),
    _row("oversight.hire_learning", "duration", "3 months",
         "Time until a new reviewer, who begins at half speed, works at full speed.", **ORG, **V3),
    # governance
    _row("governance.mandatory_review", "share", "none",
         "Share of all AI decisions that policy sends to review.", IDENTITY, **V1),
    _row("governance.review_consequential", "word", "no", "Whether consequential items are always reviewed.",
         IDENTITY, words=("no", "yes"), **V1),
    _row("governance.permission", "count", "none",
         "Highest value class, from 0, that the AI may decide alone; `none` is all.", IDENTITY, none=INF,
         whole=True, **V1),
    _row("governance.surfaced", "share", "none",
         "Share of consequential escaped errors that become incidents.", IDENTITY, **V2),
    _row("governance.lag", "duration", "4 weeks", "Mean time from an error to its incident (exponential).",
         **V2),
    _row("governance.explainable", "share", "100 %", "Share of incidents that the audit log explains.",
         IDENTITY, **V2),
    _row("governance.reviewable", "share", "100 %", "Share of incidents with a defined escalation path.",
         IDENTITY, **V2),
    _row("governance.correctable", "share", "100 %", "Share of incidents whose escalation path was tested.",
         IDENTITY, **V2),
    _row("governance.resolve", "duration", "12 weeks",
         "Mean time to put right what an incident lacked, explanation or path; `none` is at once.",
         "root causes take a median of 82 days: BPI Challenge 2013, 1,487 problems", **ORG, **V2),
    _row("governance.resolve_cv", "number", "1", "Coefficient of variation of that time (lognormal).",
         high=20, **ORG, **V2),
    _row("governance.incident_cost", "money", "0", "Mean cost of an incident.", **V2),
    _row("governance.incident_cost_cv", "number", "3", "Coefficient of variation of the cost of an incident.",
         high=20, **V2),
    _row("governance.warn", "count", "none", "Incidents within the window that lead to `guarded`.", IDENTITY,
         low=1, high=1e6, none=INF, whole=True, **ORG, **V2),
    _row("governance.restrict", "count", "none", "Incidents within the window that lead to `restricted`.",
         IDENTITY, low=1, high=1e6, none=INF, whole=True, **ORG, **V2),
    _row("governance.suspend", "count", "none", "Incidents within the window that lead to `suspended`.",
         IDENTITY, low=1, high=1e6, none=INF, whole=True, **ORG, **V2),
    _row("governance.window", "duration", "4 weeks", "Window of the incident rule.", **ORG, **V2),
    _row("governance.probation", "duration", "4 weeks", "Time under `restricted` after a suspension.",
         **ORG, **V2),
    _row("governance.guarded_least_confident", "share", "30 %",
         "Share of AI decisions under the confidence threshold of `guarded`, at the pilot's mix.", **V2),
    _row("governance.withdrawn", "count", "1",
         "Highest value classes that `guarded` takes from what the AI may decide alone.", high=1000,
         whole=True, **V2),
    _row("governance.stop_loss", "money", "none",
         "Cumulative loss, as the dashboard shows it, at which the AI is given up.", IDENTITY, none=INF,
         low=1, **ORG, **V3),
    # drift
    _row("drift.erosion", "monthly", "none", "Share of the odds of a right decision lost.", IDENTITY,
         high=0.99, **V3),
    _row("drift.shocks", "yearly_count", "none", "Shocks to the distribution of items.", IDENTITY, high=1e5,
         **V3),
    _row("drift.shock_size", "number", "0.5", "Log-odds of a right decision lost by a shock.", high=20,
         **V3),
    _row("drift.retraining_removes", "share", "80 %",
         "Share of the drift there was when a retraining began that it removes.",
         "retraining on production-like data wins most of the accuracy back: DQ4AI, arXiv 2207.14529", **V3),
    # measurement
    _row("measurement.basis", "word", "pilot_metrics",
         "What the dashboard shows; the board reads the pilot's.",
         words=("pilot_metrics", "workflow_outcomes"), **V1),
    _row("measurement.audit", "share", "none", "Share of AI decisions audited at random.", IDENTITY, **V3),
    _row("measurement.run_length", "duration", "52 weeks", "Mean time between false alarms of the chart.",
         low=1.0, **V3),
    _row("measurement.detects", "number", "2",
         "Odds of a fault, as a multiple of those in control, that the chart is made to detect.", low=1.05,
         high=100, **V3),
    _row("measurement.baseline", "count", "100",
         "Audits from which the rate in control is first estimated, at go-live and after a retraining; again "
         "from all of them whenever they have doubled.", low=1, high=1e6, whole=True, **V3),
    _row("measurement.audit_miss", "share", "none", "Share of wrong decisions that an audit passes.",
         IDENTITY, **V3),
    _row("measurement.audit_false", "share", "none", "Share of right decisions that an audit faults.",
         IDENTITY, **V3),
    _row("measurement.audit_cost", "money_item", "0",
         "Cost of an audit, besides the time of the reviewer who does it.", **V3),
    _row("measurement.tooling", "money_month", "0 per month", "Running cost of measuring outcomes.", **V3),
    # iteration
    _row("iteration.lead_time", "duration", "none",
         "Mean time from the beginning of a change until it is in production.", IDENTITY, **V3),
    _row("iteration.lead_time_cv", "number", "0.5", "Coefficient of variation of the lead time (lognormal).",
         high=20, **V3),
    _row("iteration.in_parallel", "count", "1", "Changes worked on at once.", low=1, high=1000, whole=True,
         **V3),
    _row("iteration.slowdown", "share", "none",
         "Lead time added by each further connected workflow, as a share.", IDENTITY, high=10, **V3),
    _row("iteration.retrain_after", "count", "none",
         "Incidents after which a retraining is asked for.", IDENTITY, low=1, high=1e6, none=INF, whole=True,
         **V3),
    _row("iteration.change_cost", "money", "0", "Cost of a change.", **V3),
    # scope
    _row("scope.variety", "share", "none", "Share of edge cases added by each further workflow.", IDENTITY,
         **V3),
    # adoption
    _row("adoption.ceiling", "share", "100 %", "Share of the work that reaches the AI in the end.", IDENTITY,
         **V3),
    _row("adoption.half_after", "duration", "none", "Time until half the ceiling is reached.", IDENTITY,
         **V3),
    _row("adoption.involvement", "share", "none",
         "Involvement of those who do the work: halves, when full, that time and what the ceiling lacks.",
         IDENTITY, **V3),
    _row("adoption.trust_lost", "share", "none", "Share of adoption lost at each restriction.", IDENTITY,
         **V3),
    _row("adoption.recovery", "duration", "3 months", "Time until half the trust lost has come back.", **V3),
    # costs
    _row("costs.platform", "money_month", "0 per month", "Running cost of the platform.", **V1),
    _row("costs.governance", "money_month", "0 per month", "Running cost of governance.", **V1),
    _row("costs.curation", "money_month", "0 per month", "Running cost of data curation.", **V1),
    # outside_view
    _row("outside_view.class", "words", "none",
         "Reference classes shown beside the forecast: CSV files beside the scenario, or published ones.",
         IDENTITY, **V5),
    _row("outside_view.uplift", "share", "none",
         "Uplift for optimism on sums paid once: the cost of a pilot, what investments cost once.", IDENTITY,
         high=5.0, **V5),
    _row("outside_view.uplift_monthly", "share", "none",
         "The same on what investments and the platform, governance, curation and tooling cost a month.",
         IDENTITY, high=5.0, **V5),
    _row("outside_view.uplift_delay", "share", "none", "The same on the delays of investments.", IDENTITY,
         high=5.0, **V5),
    _row("outside_view.count_both", "word", "no",
         "Whether an uplift may multiply what is a range already, which counts overruns twice.", IDENTITY,
         words=("no", "yes"), **V5),
    # pilots
    _row("pilots.*.cost", "money", "0", "What the pilot costs, all in, paid at the decision.", **V1),
    _row("pilots.*.lasts", "duration", "8 weeks", "Length of the pilot, from the decision to go-live.",
         low=1.0, **V1),
    _row("pilots.*.go_if", "comparison", "npv > 0",
         "When its sponsors go on to production: judged on what the pilot promises.", constant=True, **V4),
    _row("pilots.*.like_production", "words", "none",
         "Conditions that the pilot takes from production; capacities at the pilot's volume.", IDENTITY,
         words=tuple(CONDITIONS), **V4),
    _row("pilots.*.carries", "words", "none",
         "Investments that the pilot has built already: paid at the decision, bought with every portfolio.",
         IDENTITY, **V4),
    # investments
    _row("investments.*.once", "money", "0",
         "Sum paid once: at the decision if the pilot carries it, else when the pilot ends.", **V4),
    _row("investments.*.monthly", "money_month", "0 per month",
         "Sum paid every month from go-live, if the pilot carries it from the decision.", **V4),
    _row("investments.*.delay", "duration", "0 h",
         "Time between the end of the pilot and go-live; none if the pilot carries it.", **V4),
    _row("investments.*.parallel", "word", "no", "Whether the delay runs beside the others'.",
         words=("no", "yes"), **V4),
    _row("investments.*.requires", "words", "none", "Investments without which it cannot be bought.", **V4),
    _row("investments.*.excludes", "words", "none", "Investments beside which it cannot be bought.", **V4),
)
# fmt: on
BY_PATH = {row.path: row for row in ROWS}
