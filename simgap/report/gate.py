"""The screen of `gate`: words for sponsors, one line of conventions, the designs side by side. 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from simgap.analysis.words import left_out, money, share_of_100, title
from simgap.report.screen import conventions, few, wrap

WEEKS = 730.0 / 168.0  # of a model month
COLUMNS = 3  # designs beside each other
_LABEL, _CELL = 29, 17  # characters


def screen(gate: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the screen of a study of pilot designs.

    Parameters
    ----------
    gate : mapping
        As `analysis.gate.gate` returns it, with ``scenario``, ``seed``, ``replications``, ``ended``,
        ``currency``, and ``success``, the criterion in words.
    settings : mapping
        Values of the rows of ``money`` and ``clock`` by path.

    Returns
    -------
    str
        Text of at most 80 columns.
    """
    name, designs = title(gate["scenario"]["name"]), gate["designs"]
    blocks = [designs[i : i + COLUMNS] for i in range(0, len(designs), COLUMNS)]
    return "\n".join(
        [
            name,
            "=" * len(name),
            *map(wrap, [*warnings(gate), *words(gate)]),
            "",
            wrap(conventions(gate, settings)),
            wrap(f"{READING} Success: {gate['success']}." if gate.get("success") else READING),
            *(line for block in blocks for line in ["", *table(block)]),
            *(line for design in designs for line in ["", *decisions(design)]),
        ]
    )


READING = (
    "Promise: what sponsors read; it leaves out what is paid once, delivered holds it. Worth: the NPV of "
    "going on or of stopping, as the pilot's go_if decides in each future; its cost counts in both. False "
    "go: went on, and stopping would have been worth more. False stop: the reverse."
)


def warnings(gate: Mapping[str, Any]) -> list[str]:
    """Return what a reader must not overlook."""
    n, ended, designs = gate["replications"], gate["ended"]["backlog_limit"], len(gate["designs"])
    draws = len(gate["ended"].get("draws", ())) or ended
    found = [left_out(ended, designs * (n + draws))] if ended else []
    return found + few(n)


def words(gate: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs that open the screen."""
    designs, currency = {d["name"]: d for d in gate["designs"]}, gate["currency"]
    top = max(designs.values(), key=lambda d: float(d["value"]["mean"]))["name"]
    pairs = [_turned(pair, top) for pair in gate["pairs"] if top in (pair["a"], pair["b"])]
    lines = [" ".join([*(_worth(pair, currency) for pair in pairs), _against_nothing(gate)])]
    for design in gate["designs"]:
        lines += [_outcomes(design), _haircut(design)]
    lines += [_price(designs[pair["a"]], designs[pair["b"]], pair) for pair in pairs]
    return lines


def _turned(pair: Mapping[str, Any], first: str) -> dict[str, Any]:
    """Return a pair with this design as the first, as far as the words need it."""
    if pair["a"] == first:
        return dict(pair)
    success, difference = pair["success_difference"], pair["difference"]
    return {
        **pair,
        "a": pair["b"],
        "b": pair["a"],
        "difference": {
            "mean": -difference["mean"],
            "ci95": difference["ci95"] and _negated(difference["ci95"]),
        },
        "p_a_better": 1.0 - pair["p_a_better"] - pair["p_equal"],
        "success_difference": success and {"ci95": _negated(success["ci95"]), "value": -success["value"]},
    }


def _negated(interval: Sequence[float]) -> list[float]:
    return [-interval[1], -interval[0]]


def _worth(pair: Mapping[str, Any], currency: str) -> str:
    """Return the sentence on which of two designs is worth more; the first is it on average."""
    a, b, difference = title(pair["a"]), title(pair["b"]), pair["difference"]
    more, between = money(difference["mean"], currency), _between(difference["ci95"])
    if pair["p_equal"] == 1.0:
        return f"{a} and {b} are worth the same in every future."
    if not pair["shown"]:
        size = f": {more} on average{between}" if between else ""
        return f"No difference can be shown between what {a} and {b} are worth{size}."
    share = share_of_100(max(0.0, pair["p_a_better"]))
    return f"{a} is worth {more} more than {b} on average{between}, and more in {share} of 100 futures."


def _against_nothing(gate: Mapping[str, Any]) -> str:
    """Return the sentence on whether it is worth starting at all."""
    nothing, currency = "not starting at all, which is worth 0", gate["currency"]
    named = {title(d["name"]): d["value"] for d in gate["designs"]}
    each = {
        name: f"{money(v['mean'], currency)} on average{_between(v['ci95'])}" for name, v in named.items()
    }
    better = [name for name, v in named.items() if v["ci95"] and v["ci95"][0] > 0.0]
    worse = [name for name, v in named.items() if v["ci95"] and v["ci95"][1] < 0.0]
    if len(named) == 1:
        how = "more than" if better else "less than" if worse else "which cannot be told from"
        return "".join(f"{name} is worth {said}, {how} {nothing}." for name, said in each.items())
    if better:
        said = [f"{name}, {each[name]}" for name in better]
        return f"Worth more than {nothing}: {(' and ' if len(said) == 2 else '; ').join(said)}."
    if len(worse) == len(named):
        return f"Every design is worth less than {nothing}."
    return f"No design can be shown to be worth more than {nothing}."


def _pilot(design: Mapping[str, Any]) -> str:
    name = title(design["name"])
    return f"the {name}" if name.lower().endswith("pilot") else f"the {name} pilot"


def _does(verb: str, share: float, of: str) -> str:
    """Say how often something happens."""
    if share in (0.0, 1.0):
        first, *rest = verb.split(" ", 1)
        often = "always" if share else "never"
        return f"is {often} {rest[0]}" if first == "is" else f"{often} {verb}"
    return f"{verb} in {share_of_100(share)} of 100 {of}"


def _outcomes(design: Mapping[str, Any]) -> str:
    """Return what a pilot promises, what production delivers, and how its decisions turn out."""
    won, pilot = design["p_success_given_go"], _pilot(design)
    of = "futures" if design["p_go"] == 1.0 else "of those"
    then = "" if won is None else f" and {_does('succeeds', won, of)} by the file's criterion"
    promise, delivered = (money(design[key]["mean"]) for key in ("promise", "delivered"))
    false_go, false_stop = (share_of_100(design[key]) for key in ("false_go", "false_stop"))
    return (
        f"T{pilot[1:]} promises {promise} on average and production delivers {delivered}; going on "
        f"{_does('is worth more than stopping', design['worth_going'], 'futures')}. It "
        f"{_does('goes on', design['p_go'], 'futures')}{then}: false go in {false_go} of 100 futures, false "
        f"stop in {false_stop} of 100."
    )


def _haircut(design: Mapping[str, Any]) -> str:
    """Return what a promise is worth, above which it is worth going on, and where too little is known."""
    found, hurdle, pilot = design["haircut"], design["hurdle"], _pilot(design)
    if found["constant"]:
        more = "more" if hurdle["rule"] == "always" else "no more"
        return (
            f"T{pilot[1:]} promises the same in every future, so its promise tells nothing. Going on is "
            f"worth {more} than stopping on average."
        )
    example = found["example"]
    if not example:
        return f"There are too few futures to say what a promise from {pilot} is worth."
    lines = [
        f"A promise of {money(example['promise'])} from {pilot} is worth {money(example['worth'])}"
        f"{_between(example['ci95'])}."
    ]
    if hurdle["read"]:
        lines.append(f"{_rule(hurdle)}{_gain(hurdle)}.")
    low, high = (money(found[key]) for key in ("enough_from", "enough_to"))
    none = "" if hurdle["read"] else ", and too few to choose a hurdle"
    between = "".join(f", from {money(a)} to {money(b)}" for a, b in _gaps(found))
    lines.append(
        f"Below a promise of {low}{between} and above {high} there are too few futures to say{none}."
    )
    return " ".join(lines)


def _gaps(found: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return the ranges of promises between the first and the last with enough data that lack it."""
    known = [p for p, enough in zip(found["promise"], found["enough"], strict=True) if enough]
    places = [i for i, enough in enumerate(found["enough"]) if enough]
    return [(a, b) for (a, b), (i, j) in zip(pairwise(known), pairwise(places), strict=True) if j > i + 1]


def _rule(hurdle: Mapping[str, Any]) -> str:
    """Return the best hurdle as advice."""
    says = {
        "always": "Always go on: every promise that can be read is worth it",
        "never": "Never go on: no promise that can be read is worth it",
    }.get(hurdle["rule"]) or f"Go on above {money(hurdle['promise'])}"
    if (hurdle["low"]["rule"], hurdle["high"]["rule"]) == ("always", "never"):
        return f"{says}, though always or never may be right as well"
    return f"{says} (95 % {_limits(hurdle)})" if hurdle["low"] != hurdle["high"] else says


def _limits(hurdle: Mapping[str, Any]) -> str:
    ends = [
        money(e["promise"]) if e["rule"] == "above" else e["rule"] for e in (hurdle["low"], hurdle["high"])
    ]
    return " to ".join(ends if hurdle["low"] != hurdle["high"] else ends[:1])


def _gain(hurdle: Mapping[str, Any]) -> str:
    """Return what deciding by the best hurdle is worth, and is worth more than the pilot's own rule."""
    gain = hurdle["gain"]
    if not gain:
        return ""
    worth = f"; that is worth {money(hurdle['value']['mean'])} on average, "
    low, high = gain["ci95"]
    if low == high == 0.0:
        return f"{worth}as by its go_if"
    if low <= 0.0 <= high:
        return f"{worth}and no difference from its go_if can be shown"
    more, ends = ("more", gain["ci95"]) if low > 0.0 else ("less", _negated(gain["ci95"]))
    return f"{worth}{money(abs(gain['mean']))} {more} than by its go_if{_between(ends)}"


def _price(a: Mapping[str, Any], b: Mapping[str, Any], pair: Mapping[str, Any]) -> str:
    """Return what the dearer of two designs costs more, and whether it succeeds more often for that."""
    if (a["cost"], a["length_months"]) < (b["cost"], b["length_months"]):
        a, b = b, a
    name, other = title(a["name"]), title(b["name"])
    cost, weeks = money(a["cost"] - b["cost"]), (a["length_months"] - b["length_months"]) * WEEKS
    price = f"{cost} more than" if cost != "0" else "as much as"
    time = (
        f"{abs(weeks):.1f} weeks {'longer' if weeks > 0.0 else 'less'}" if abs(weeks) >= 0.05 else "as long"
    )
    said = f"{name} costs {price} {other} and takes {time}."
    success = _turned(pair, a["name"])["success_difference"]
    if not success:
        return said
    shares = [share_of_100(d["p_success_given_go"]) for d in (a, b)]
    of = f"in {shares[0]} of 100 futures, {other} in {shares[1]}"
    low, high = success["ci95"]
    if low <= 0.0 <= high:
        return f"{said} Where it goes on it succeeds {of}: no difference can be shown."
    more, ends = ("more", success["ci95"]) if low > 0.0 else ("less", _negated(success["ci95"]))
    between = " to ".join(f"{100.0 * end:.1f}" for end in ends)
    size = f"{100.0 * abs(success['value']):.1f} (95 % {between})"
    return f"{said} Where it goes on it succeeds {more} often: {of}, a difference of {size}."


def _between(interval: Sequence[float] | None) -> str:
    return f" (95 % {money(interval[0])} to {money(interval[1])})" if interval else ""


def table(designs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the designs side by side."""
    rows = [("", [_short(title(d["name"])) for d in designs])]
    rows += [(label, [show(d) for d in designs]) for label, show in ROWS]
    return [f"{label:<{_LABEL}}{''.join(f'{cell:>{_CELL}}' for cell in cells)}" for label, cells in rows]


def decisions(design: Mapping[str, Any]) -> list[str]:
    """Return the two-by-two table of a design: what was decided, and what would have been right."""
    held = {key: f"{count:,}" for key, count in design["table"].items()}
    rows = [
        (_short(title(design["name"])), "went on", "stopped"),
        ("going on worth more", held["go_worth"], held["stop_worth"]),
        ("going on not worth more", held["go_not_worth"], held["stop_not_worth"]),
    ]
    return [f"{label:<{_LABEL}}{went:>{_CELL}}{stopped:>{_CELL}}" for label, went, stopped in rows]


def _short(name: str) -> str:
    return name if len(name) < _CELL else f"{name[: _CELL - 4]}..."


def _mean(key: str, statistic: str = "mean") -> Callable[[Mapping[str, Any]], str]:
    return lambda design: money(design[key][statistic]) if design[key] else "-"


def _futures(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda design: "-" if design[key] is None else share_of_100(design[key])


def _interval(design: Mapping[str, Any]) -> str:
    interval = design["value"]["ci95"]
    return f"{money(interval[0])} to {money(interval[1])}" if interval else "-"


def _correlation(design: Mapping[str, Any]) -> str:
    found = design["promise_error"]["rank_correlation"]
    return "-" if found is None else f"{found:.2f}"


def _spread(design: Mapping[str, Any]) -> str:
    found = design["promise_error"]["spread"]
    return "-" if found is None else money(found)


def _known(design: Mapping[str, Any]) -> bool:
    return bool(design["hurdle"]["read"] and design["hurdle"]["value"])


def _hurdle(design: Mapping[str, Any]) -> str:
    found = design["hurdle"]
    if not found["read"]:
        return "-"
    return f"above {money(found['promise'])}" if found["rule"] == "above" else str(found["rule"])


# One row each: label, what is shown of a design.
ROWS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("Cost, with what it builds", lambda d: money(d["cost"])),
    ("Its length, weeks", lambda d: f"{d['length_months'] * WEEKS:.1f}"),
    ("Go-live, month", lambda d: f"{d['go_live_month']:.1f}"),
    ("Promise", _mean("promise")),
    ("  1 in 20 below", _mean("promise", "p5")),
    ("  1 in 20 above", _mean("promise", "p95")),
    ("Delivered, if all go on", _mean("delivered")),
    ("  1 in 20 below", _mean("delivered", "p5")),
    ("  1 in 20 above", _mean("delivered", "p95")),
    ("Delivered, where it goes on", _mean("realised_if_go")),
    ("Promise less delivered", lambda d: money(d["promise_error"]["bias"])),
    ("  standard deviation", _spread),
    ("  rank correlation", _correlation),
    ("Goes on, in 100", _futures("p_go")),
    ("Succeeds, of 100 that go on", _futures("p_success_given_go")),
    ("Going on worth more, in 100", _futures("worth_going")),
    ("False go, in 100", _futures("false_go")),
    ("False stop, in 100", _futures("false_stop")),
    ("Worth", _mean("value")),
    ("  95 % interval", _interval),
    ("Worth, if all stop", _mean("value_never_go")),
    ("Worth, if one knew", _mean("value_perfect")),
    ("Best hurdle", _hurdle),
    ("  95 % interval", lambda d: _limits(d["hurdle"]) if d["hurdle"]["read"] else "-"),
    ("Worth, by the best hurdle", lambda d: money(d["hurdle"]["value"]["mean"]) if _known(d) else "-"),
)
