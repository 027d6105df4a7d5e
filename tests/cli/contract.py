"""The contract of the JSON, and ways to look at a result folder."""

import json
from pathlib import Path

# The contract, transcribed: a name is kept once given; more may be added.
NUMBER, MAYBE, TEXT, WHOLE = (int, float), (int, float, type(None)), str, int
STATS = {"mean": NUMBER, "sd": NUMBER, "p5": NUMBER, "p50": NUMBER, "p95": NUMBER, "ci95": [NUMBER]}
HEAD = {
    "scenario": {"name": TEXT, "digest": TEXT},
    "seed": WHOLE,
    "replications": WHOLE,
    "engine": TEXT,
    "version": TEXT,
    "design": {"name": TEXT, "randomisations": WHOLE, "points": WHOLE, "lucks": WHOLE},
    "ended": {"backlog_limit": WHOLE, "draws": list},
    "currency": TEXT,
    "counted_twice": list,
    "provenance": {"complete": bool, "replications_asked": WHOLE, "seed": WHOLE, "times": {}, "scenario": {}},
}


def holds(contract, data, at=""):
    if isinstance(contract, dict):
        assert isinstance(data, dict), at
        assert set(contract) <= set(data), (at, set(contract) - set(data))
        assert contract is not STATS or set(contract) == set(data), at
        for key, inner in contract.items():
            holds(inner, data[key], f"{at}.{key}")
    elif isinstance(contract, list):
        assert isinstance(data, list), at
        assert data, at
        for item in data:
            holds(contract[0], item, f"{at}[]")
    else:
        assert isinstance(data, contract), (at, data)
        assert contract is not NUMBER or not isinstance(data, bool), (at, data)


def without_times(data):
    return {**data, "provenance": {k: v for k, v in data["provenance"].items() if k != "times"}}


def files(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def load(folder):
    return json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))
