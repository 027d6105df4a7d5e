"""The event log as files: nothing is lost in either, and XES keeps the rules of IEEE 1849-2016.

`faults` states those rules afresh, from the standard's text: the order of elements in a log, the lexical form
of keys and values, keys that are unique in their component, prefixes that belong to a declared extension,
global attributes that every trace and event has, classifiers over global keys, the standard lifecycle.
"""

import csv
import io
import math
import re
import tracemalloc
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import groupby

import numpy as np
import pytest

from simgap.engines.log import Entry
from simgap.model import keys
from simgap.report.eventlog import COLUMNS, write_csv, write_xes

START = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)
NAME = 'letters & "claims" <1> \N{GREEK SMALL LETTER ALPHA}'
MAIL = 1 << keys.WORKFLOW_SHIFT  # items of the second workflow
HOUR = 3_600_000_000
ARRIVAL = {"value_class": 2, "consequential": True, "level": "guarded"}
CLEAN = {"defects": (), "exception": False, "edge_case": False}
LOG = [
    Entry(0, keys.TEAM, 0, "headcount", "complete", {"reviewers": 3}),
    Entry(1, keys.ITEM, 0, "arrival", "complete", ARRIVAL | CLEAN | {"defects": ("missing", "stale")}),
    Entry(1, keys.ITEM, 0, "AI", "schedule", {}),
    Entry(1, keys.DUPLICATE, 0, "arrival", "complete", ARRIVAL | CLEAN),
    Entry(1, keys.ITEM, 0, "AI", "start", {}),
    Entry(2 * HOUR, keys.OUTAGE, 7, "outage", "start", {}),
    Entry(2 * HOUR, keys.ITEM, MAIL + 12, "arrival", "complete", {**ARRIVAL, "level": "suspended"}),
    Entry(2 * HOUR, keys.ITEM, MAIL + 12, "end", "complete", {"outcome": "suspended", "escaped": ""}),
    Entry(3 * HOUR, keys.ITEM, 0, "AI", "complete", {"right": False}),
    Entry(3 * HOUR, keys.ITEM, 0, "review", "schedule", {"reasons": ("confidence", "autonomy")}),
    Entry(3 * HOUR, keys.ITEM, 0, "review", "start", {"resource": "reviewer 2", "congestion": 0.1 + 0.2}),
    Entry(4 * HOUR, keys.OUTAGE, 7, "outage", "complete", {}),
    Entry(5 * HOUR, keys.ITEM, 0, "review", "complete", {"verdict": "missed"}),
    Entry(5 * HOUR, keys.ITEM, 0, "end", "complete", {"outcome": "reviewed", "escaped": "missed"}),
    Entry(6 * HOUR, keys.DUPLICATE, 0, "AI", "complete", {"handed_over": True}),
    Entry(6 * HOUR, keys.INCIDENT, 0, "incident", "complete", {"failed": ("explainable", "correctable")}),
    Entry(6 * HOUR, keys.INCIDENT, 0, "problem", "start", {}),
    Entry(
        6 * HOUR,
        keys.INCIDENT,
        0,
        "autonomy level",
        "complete",
        {"level": "guarded", "open_problems": 1, "recent_incidents": 1},
    ),
]
PLAIN = {"boolean": lambda v: v == "true", "int": int, "float": float, "string": str, "date": str}


@pytest.fixture
def written(tmp_path):
    """Write a log in both formats and return the rows of the table and the text of the XES file."""

    def write(entries=LOG, name=NAME):
        write_csv(tmp_path / "a.csv", entries, START, ["claims", "mail"])
        write_xes(tmp_path / "a.xes", entries, START, ["claims", "mail"], name, "0.2.0")
        table = (tmp_path / "a.csv").read_bytes().decode("utf-8")
        return list(csv.reader(io.StringIO(table))), (tmp_path / "a.xes").read_bytes().decode("utf-8")

    return write


def test_the_table_says_what_happened(written):
    (head, *rows), _ = written()
    assert tuple(head) == COLUMNS
    assert len(rows) == len(LOG)
    told = [{k: v for k, v in zip(head, row, strict=True) if v} for row in rows]
    assert told[0] == {
        "case": "team",
        "activity": "headcount",
        "transition": "complete",
        "time": "2026-02-28T23:59:59.999999+00:00",
        "hours": "0.0",
        "reviewers": "3",
    }
    arrival = {"value_class": "2", "consequential": "true", "level": "guarded"}
    clean = {"exception": "false", "edge_case": "false"}
    at = {"time": "2026-03-01T00:00:00.000000+00:00", "hours": repr(1 / HOUR)}
    came = {"activity": "arrival", "transition": "complete", **at, **arrival, **clean}
    assert told[1] == {"case": "claims item 0", **came, "defects": "missing;stale"}
    assert told[3] == {"case": "claims duplicate 0", **came}
    assert [(row["case"], row.get("instance")) for row in (told[i] for i in (5, 6, 15, 16, 17))] == [
        ("outages", "7"),
        ("mail item 12", None),
        ("governance", "claims item 0"),
        ("governance", "claims item 0"),
        ("governance", None),
    ]
    assert told[9]["reasons"] == "confidence;autonomy"
    assert told[10]["resource"] == "reviewer 2"
    assert told[15]["failed"] == "explainable;correctable"


def test_nothing_is_lost_in_the_table(written):
    (head, *rows), _ = written()
    lists = ("reasons", "defects", "failed")
    for row, entry in zip(rows, LOG, strict=True):
        found = dict(zip(head, row, strict=True))
        assert (found["activity"], found["transition"]) == entry[3:5]
        assert round(float(found["hours"]) * HOUR) == entry.time
        assert datetime.fromisoformat(found["time"]) - START == timedelta(microseconds=entry.time)
        for key, value in entry.detail.items():
            back = tuple(filter(None, found[key].split(";"))) if key in lists else found[key]
            assert back == (value if isinstance(value, tuple) else _as_text(value)), key
        for key in set(COLUMNS[5:]) - set(entry.detail) - {"instance"}:
            assert found[key] == ""


def _as_text(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def test_a_detail_without_a_column_is_not_dropped_silently(written):
    with pytest.raises(ValueError, match="mood"):
        written([Entry(0, keys.ITEM, 0, "end", "complete", {"mood": "good"})])


def test_both_files_hold_the_same_events(written):
    (head, *rows), text = written()
    table = {}
    for row in rows:
        found = dict(zip(head, row, strict=True))
        del found["hours"]
        table.setdefault(found.pop("case"), []).append({k: v for k, v in found.items() if v})
    plain = {"concept:name": "activity", "lifecycle:transition": "transition", "time:timestamp": "time"}
    plain |= {"org:resource": "resource", "concept:instance": "instance"}
    traces = {
        trace.find("string").get("value"): [
            {plain.get(a.get("key"), a.get("key")): a.get("value") for a in event}
            for event in trace.iterfind("event")
        ]
        for trace in ET.fromstring(text).iterfind("trace")
    }
    assert traces == table
    assert list(traces) == [
        "claims item 0",
        "mail item 12",
        "claims duplicate 0",
        "governance",
        "outages",
        "team",
    ]


def test_values_have_their_types(written):
    root = ET.fromstring(written()[1])
    found = {(a.get("key"), a.tag, PLAIN[a.tag](a.get("value"))) for a in root.iterfind("trace/event/*")}
    assert {
        ("value_class", "int", 2),
        ("consequential", "boolean", True),
        ("right", "boolean", False),
        ("congestion", "float", 0.1 + 0.2),
        ("reasons", "string", "confidence;autonomy"),
        ("open_problems", "int", 1),
        ("org:resource", "string", "reviewer 2"),
    } <= found


def test_numbers_of_numpy_are_written_as_numbers(written):
    detail = {"right": np.True_, "congestion": np.float64(0.25), "value_class": np.int64(3)}
    (head, row), text = written([Entry(0, keys.ITEM, 0, "AI", "complete", detail)])
    found = dict(zip(head, row, strict=True))
    assert [found[key] for key in detail] == ["true", "0.25", "3"]
    event = ET.fromstring(text).find("trace/event")
    typed = [(a.tag, a.get("value")) for a in event if a.get("key") in detail]
    assert typed == [("boolean", "true"), ("float", "0.25"), ("int", "3")]


def test_equal_values_keep_their_types(written):
    values = (1, True, 1.0)
    entries = [Entry(0, keys.ITEM, 0, "AI", "complete", {"right": value}) for value in values]
    written_as = [a.tag for a in ET.fromstring(written(entries)[1]).iterfind("trace/event/*[@key='right']")]
    assert written_as == ["int", "boolean", "float"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (NAME, NAME),
        ("two\nlines\tand \x1b[2J \x00 \ud800 \ufffe", "two lines and  [2J      "),
        ("'single' \"double\" ]]> &amp;", "'single' \"double\" ]]> &amp;"),
        ("", ""),
    ],
)
def test_any_name_comes_back(written, name, shown):
    text = written(name=name)[1]
    assert ET.fromstring(text).find("string[@key='concept:name']").get("value") == shown
    assert faults(text) == []


def test_xes_keeps_the_rules_of_the_standard(written):
    assert faults(written()[1]) == []
    assert faults(written([])[1]) == []


def test_a_long_log_needs_little_memory_beside_its_entries(tmp_path):
    few = [e for e in LOG if e.kind == keys.ITEM]
    entries = [e._replace(entity=k) for k in range(1500) for e in few]
    tracemalloc.start()
    try:
        write_csv(tmp_path / "a.csv", entries, START, ["claims"])
        write_xes(tmp_path / "a.xes", entries, START, ["claims"], "n", "1")
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # A pointer and a key for sorting; a tree of the document takes more than a thousand bytes an entry.
    assert most < 150 * len(entries) + 500_000
    assert (tmp_path / "a.xes").stat().st_size > 150 * len(entries)


# The rules of the standard.

NAME_FORM = re.compile(r"[A-Za-z_:][\w.:\-]*", re.ASCII)
NCNAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
FORMS = {
    "string": lambda v: True,
    "date": lambda v: bool(DATE.fullmatch(v)) and datetime.fromisoformat(v) is not None,
    "int": lambda v: bool(re.fullmatch(r"[+-]?[0-9]+", v)) and -(2**63) <= int(v) < 2**63,
    "float": lambda v: v in ("INF", "-INF", "NaN") or math.isfinite(float(v)),
    "boolean": lambda v: v in ("true", "false", "0", "1"),
}
URIS = {
    name: f"http://www.xes-standard.org/{name}.xesext" for name in ("concept", "lifecycle", "time", "org")
}
STANDARD = {
    "concept:name": "string",
    "concept:instance": "string",
    "lifecycle:model": "string",
    "lifecycle:transition": "string",
    "time:timestamp": "date",
    "org:resource": "string",
}
TRANSITIONS = {"schedule", "assign", "withdraw", "reassign", "start", "suspend", "resume", "complete"}


def faults(text):
    """Return what of a text breaks the rules of an XES log."""
    root, found = ET.fromstring(text), []

    def rule(holds, what):
        if not holds:
            found.append(what)

    rule(root.tag == "log", "the root is a log, in no namespace")
    rule(bool(DECIMAL.fullmatch(root.get("xes.version", ""))), "the version is a decimal number")
    order = ["extension", "global", "classifier", "attribute", "trace", "event"]
    kinds = [child.tag if child.tag in order else "attribute" for child in root]
    rule([k for k, _ in groupby(kinds)] == sorted(set(kinds), key=order.index), "elements in order")
    prefixes = {}
    for extension in root.iterfind("extension"):
        prefix, uri = extension.get("prefix"), extension.get("uri")
        rule(
            bool(NCNAME.fullmatch(prefix) and NCNAME.fullmatch(extension.get("name"))), "names of extensions"
        )
        rule(URIS.get(prefix) == uri, "the standard's extensions")
        prefixes[prefix] = uri

    def attributes(component, place):
        keys_here = {}
        for one in component:
            if one.tag in ("trace", "event", "extension", "global", "classifier"):
                continue
            key, value = one.get("key", ""), one.get("value")
            rule(set(one.attrib) == {"key", "value"} and one.tag in FORMS, f"attribute of {place}")
            rule(bool(NAME_FORM.fullmatch(key)), f"key of {place}")
            rule(":" not in key or key.partition(":")[0] in prefixes, f"prefix of {place}")
            rule(STANDARD.get(key, one.tag) == one.tag, f"type of {place}")
            rule(one.tag not in FORMS or (value is not None and FORMS[one.tag](value)), f"value of {place}")
            rule(key not in keys_here, f"unique keys of {place}")
            keys_here[key] = value
        return keys_here

    shared = {g.get("scope"): attributes(g, "global") for g in root.iterfind("global")}
    rule(set(shared) <= {"trace", "event"}, "scopes of globals")
    for classifier in root.iterfind("classifier"):
        rule(bool(NCNAME.fullmatch(classifier.get("name", ""))), "name of the classifier")
        rule(classifier.get("scope", "event") in ("trace", "event"), "scope of the classifier")
        named = classifier.get("keys", "").split(" ")
        rule(set(named) <= set(shared.get(classifier.get("scope", "event"), {})), "classifier of globals")
    rule(attributes(root, "log").get("lifecycle:model") == "standard", "lifecycle")
    for trace in root.iterfind("trace"):
        rule(set(shared.get("trace", {})) <= set(attributes(trace, "trace")), "globals of traces")
        tags = [child.tag == "event" for child in trace]
        rule(tags == sorted(tags), "attributes of a trace before its events")
        before = ""
        for event in trace.iterfind("event"):
            has = attributes(event, "event")
            rule(set(shared.get("event", {})) <= set(has), "globals of events")
            rule(has.get("lifecycle:transition") in TRANSITIONS, "transitions of the standard lifecycle")
            rule(
                before <= has.get("time:timestamp", ""), "events in order of time"
            )  # all of one zone and width
            # As texts, which are all of one zone and one width.
            before = has.get("time:timestamp", "")
    return found


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('xes.version="1849.2016"', 'xes.version="1849-2016"', "the version is a decimal number"),
        ("<log ", '<log xmlns="http://www.xes-standard.org/" ', "the root is a log, in no namespace"),
        ("<trace>", '<trace><int key="a b" value="1"/>', "key of trace"),
        ("<trace>", '<trace><int key="a" value="1.0"/>', "value of trace"),
        ("<trace>", '<trace><int key="a" value="9223372036854775808"/>', "value of trace"),
        ("<event>", '<event><boolean key="a" value="True"/>', "value of event"),
        ("<event>", '<event><date key="a" value="2026-01-01 00:00:00"/>', "value of event"),
        ("<event>", '<event><number key="a" value="1"/>', "attribute of event"),
        ("<event>", '<event><string key="cost:total" value="1"/>', "prefix of event"),
        ("<event>", '<event><string key="concept:name" value="x"/>', "unique keys of event"),
        ('"lifecycle:transition" value="schedule"', '"transition" value="schedule"', "globals of events"),
        ('value="schedule"', 'value="waits"', "transitions of the standard lifecycle"),
        ('name="Activity"', 'name="Activity classifier"', "name of the classifier"),
        ('keys="concept:name ', 'keys="case ', "classifier of globals"),
        ("<trace>", '<global scope="event"/><trace>', "elements in order"),
        ("2026-03-01T00:00:00.000000", "2027-03-01T00:00:00.000000", "events in order of time"),
        (
            "</event>\n</trace>",
            '</event>\n<string key="late" value="1"/></trace>',
            "attributes of a trace before",
        ),
    ],
)
def test_the_rules_see_what_breaks_them(written, old, new, fault):
    text = written()[1]
    assert old in text
    assert any(found.startswith(fault) for found in faults(text.replace(old, new, 1)))
