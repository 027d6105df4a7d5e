"""CSV files that a leaf names: what is read rightly, and what is refused without a folder or out of it."""

from pathlib import Path

import pytest

from simgap import scenario
from simgap.errors import InputError
from simgap.scenario import empirical, load
from simgap.scenario.empirical import read_column

NUMBERS = [3.0, 1.5, 2.0, 2.0, 8.0, 5.0, 1.0, 4.0, 7.0, 6.0]
TEN = "".join(f"{number:g}\n" for number in NUMBERS)
PAIRS = "".join(f"s{i}, {number:g}\n" for i, number in enumerate(NUMBERS))
HEAD = """simgap: 1
workflows: {letters: {volume: 40 per day}}
legacy: {cost: 6 per item}
ai: {accuracy: 80 / 90 / 95 %}
oversight:
  reviewers: 1
  wage: 35 per hour
  time: empirical(times.csv) min
"""


@pytest.fixture
def case(tmp_path):
    """Write a scenario and its file, and return the path."""

    def write(csv=TEN, text=HEAD):
        (tmp_path / "case.yaml").write_text(text, encoding="utf-8")
        if csv is not None:
            (tmp_path / "times.csv").write_bytes(csv if isinstance(csv, bytes) else csv.encode())
        return str(tmp_path / "case.yaml")

    return write


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (TEN, ""),
        (f"minutes\n{TEN}", ""),
        (f"\ufeffminutes\n{TEN}", "minutes"),
        (f"\ufeff{TEN}", ""),
        (f"minutes\n{TEN}".replace("\n", "\r\n"), ""),
        (f"minutes\n{TEN}".replace("\n", "\r"), ""),
        (f"minutes\n\n{TEN}\n\n", ""),
        (f'"minutes"\n{TEN}'.replace("8\n", '"8"\n'), "minutes"),
        (TEN.replace("8\n", " +8.0e0 \n").rstrip("\n"), ""),
        (TEN, "1"),
        (f"site,minutes\n{PAIRS}", "minutes"),
        (f"site,minutes\n{PAIRS}", "2"),
        (f'site,"minutes, net"\n{PAIRS}', "minutes, net"),
        (PAIRS, "2"),
        (f"site;minutes\n{PAIRS}".replace(",", ";"), "minutes"),
        (f"site\tminutes\n{PAIRS}".replace(",", "\t"), "minutes"),
        (f"2023,2024\n{PAIRS}", "2024"),
        (f"time of a review (min)\n{TEN}", ""),
    ],
)
def test_a_column_is_read_in_its_order(tmp_path, text, column):
    (tmp_path / "a.csv").write_bytes(text.encode())
    assert [float(number) for _, number in read_column("a.csv", column, tmp_path)] == NUMBERS


def test_values_are_normalised_and_sorted(case):
    found = scenario.read(case())["parameters"]["oversight.time"]["value"]
    assert found == {"family": "empirical", "values": [n / 60 for n in sorted(NUMBERS)]}


def test_the_digest_follows_the_values_and_not_the_file(case, tmp_path):
    digest = scenario.digest(scenario.read(case()))
    assert scenario.digest(scenario.read(case(f"minutes\n{TEN}"))) == digest
    assert scenario.digest(scenario.read(case(TEN.replace("8", "9")))) != digest
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "other.csv").write_text(TEN, encoding="utf-8")
    other = HEAD.replace("times.csv", "folder/other.csv")
    assert scenario.digest(scenario.read(case(None, other))) == digest


def test_the_resolved_form_needs_no_file(case, tmp_path):
    resolved = scenario.read(case())
    (tmp_path / "times.csv").unlink()
    assert scenario.read_text(scenario.canonical(resolved)) == resolved


def test_set_names_a_file_in_the_folder_of_the_scenario(case):
    text = HEAD.replace("empirical(times.csv) min", "5 min")
    found = scenario.read(case(TEN, text), ["data.stale=1 % | x empirical(times.csv)"])
    times = found["parameters"]["data.stale"]["production"]["times"]
    assert times == {"family": "empirical", "values": sorted(NUMBERS)}


def test_a_change_may_subtract_a_sample(case):
    text = HEAD.replace("empirical(times.csv) min", "5 min")
    text += "investments: {a: {change: {oversight.time: -empirical(times.csv) min}}}\n"
    change = scenario.read(case(TEN, text))["investments"]["a"]["change"]["oversight.time"]
    assert change["op"] == "add"
    assert change["value"]["values"] == [-n / 60 for n in sorted(NUMBERS, reverse=True)]


def test_a_whole_number_parameter_takes_whole_numbers_only(case):
    text = HEAD.replace("reviewers: 1", "reviewers: empirical(times.csv)").replace(
        "empirical(times.csv) min", "5 min"
    )
    with pytest.raises(
        InputError, match=r"case.yaml:6: oversight.reviewers: times.csv:2: `1.5` is not a whole"
    ):
        scenario.read(case(TEN, text))


@pytest.mark.parametrize("file", ["<text>", "<stdin>"])
def test_a_scenario_without_a_folder(file):
    with pytest.raises(InputError, match="has no folder"):
        scenario.read_text(HEAD, file)


def test_a_link_out_of_the_folder(case, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "times.csv"
    outside.write_text(TEN, encoding="utf-8")
    (tmp_path / "times.csv").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of the scenario's folder"):
        scenario.read(case(None))
    (tmp_path / "times.csv").unlink()
    (tmp_path / "times.csv").symlink_to("times.csv")
    with pytest.raises(
        InputError, match=r"oversight.time: (there is no file `times.csv`|`times.csv` is not the name)"
    ):
        scenario.read(case(None))


@pytest.mark.parametrize("rows", [10_000, 10_001])
def test_the_most_values(case, rows):
    path = case("".join(f"{i}\n" for i in range(rows)))
    if rows == empirical.MOST:
        assert len(scenario.read(path)["parameters"]["oversight.time"]["value"]["values"]) == rows
        return
    with pytest.raises(InputError, match=r"has 10,001 values; at most 10,000: a random sample"):
        scenario.read(path)


def test_a_huge_file_is_refused_before_it_is_read(case, tmp_path, monkeypatch):
    path = case(None)
    with (tmp_path / "times.csv").open("wb") as stream:
        stream.truncate(100_000_000)
    real = Path.open

    def watched(self, *arguments, **more):
        assert self.name != "times.csv", "was read"
        return real(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", watched)
    with pytest.raises(InputError, match="larger than 5 MB"):
        scenario.read(path)


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        (b"minutes\n1\n\0\n", "times.csv:3: is not UTF-8"),
        ("minutes\n1\n".encode("utf-16"), "times.csv:1: is not UTF-8"),
        (f"{TEN}nan\n", r"times.csv:11: `nan` is not a finite number"),
        (f"{TEN}-.inf\n", r"times.csv:11: `-.inf` is not a finite number"),
        (f"{TEN}1e999\n", "times.csv:11: is too large"),
        (f"n/a\n{TEN}", "times.csv:1: `n/a` cannot be read"),
        (f"NaN\n{TEN}", "times.csv:1: `NaN` is not a finite number"),
        (f"1,5\n{TEN}", "2 columns and none is named: `1`, `5`.*decimals with a point"),
        (f'"1,5"\n{TEN}', "times.csv:1: `1,5` has a comma"),
        (f"12 min\n{TEN}", "times.csv:1: `12 min` is not a plain number"),
        (f"2k\n{TEN}", "times.csv:1: `2k` is not a plain number"),
        ("minutes\n" + "7\n", "has 1 value; at least 10"),
        ("minutes\n", "has 0 values"),
        (f'minutes\n"1\n{TEN}', r"times.csv:2: is not CSV \(unexpected end of data\)"),
        ("1" * 200_000, "times.csv:1: is not CSV"),
    ],
)
def test_a_file_that_is_refused(case, csv, said):
    with pytest.raises(InputError, match=rf"case.yaml:8: oversight.time: .*({said})"):
        scenario.read(case(csv))


def test_a_scenario_that_ships_finds_its_file(case, monkeypatch, tmp_path):
    case()
    (tmp_path / "case.yaml").rename(tmp_path / "scenario.yaml")
    monkeypatch.setattr(load, "FOLDERS", (tmp_path.parent,))
    assert scenario.read(tmp_path.name)["parameters"]["oversight.time"]["value"]["family"] == "empirical"
