"""Philox against published vectors, an independent form, and itself without a compiler."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import simgap
from simgap.sampling.philox import counter, philox4x32, unit, unit53, words

# name, rounds, counter, key, expected block: Random123's tests/kat_vectors, https://github.com/DEShawResearch/random123
KNOWN_ANSWERS = """
philox4x32 10 00000000 00000000 00000000 00000000 00000000 00000000 6627e8d5 e169c58d bc57ac4c 9b00dbd8
philox4x32 10 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 408f276d 41c83b0e a20bc7c6 6d5451fd
philox4x32 10 243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1
"""

WIDTHS = {"luck": 32, "phase": 4, "kind": 8, "entity": 44, "purpose": 8, "index": 32}
FIELDS = st.tuples(*(st.integers(0, 2**width - 1) for width in WIDTHS.values()))
WORD = st.integers(0, 2**32 - 1)


def random_fields(n: int) -> np.ndarray:
    """Return n rows of (seed, draw, luck, phase, kind, entity, purpose, index) over their whole ranges."""
    rng = np.random.default_rng(20240229)
    return np.stack([rng.integers(0, 2**width, n) for width in (32, 32, *WIDTHS.values())], axis=1)


def philox_of_arrays(state: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Philox4x32-10 of many counters at once: state (n, 4) and key (n, 2), both uint64.

    Written after Salmon et al. (2011) as substitution, then permutation, on little-endian halves of 64-bit
    products.
    """
    steps = np.arange(10, dtype=np.uint64)[:, None, None] * np.array([0x9E3779B9, 0xBB67AE85], np.uint64)
    for round_key in (key[None] + steps) % np.uint64(2**32):
        products = state[:, [2, 0]] * np.array([0xCD9E8D57, 0xD2511F53], np.uint64)
        halves = np.ascontiguousarray(products, "<u8").view("<u4").reshape(-1, 2, 2).astype(np.uint64)
        high, low = halves[:, :, 1], halves[:, :, 0]
        mixed = high ^ state[:, [1, 3]] ^ round_key
        state = np.stack([mixed[:, 0], low[:, 0], mixed[:, 1], low[:, 1]], axis=1)
    return state


@pytest.mark.parametrize("line", KNOWN_ANSWERS.strip().splitlines())
def test_known_answers(line):
    numbers = [int(word, 16) for word in line.split()[2:]]
    assert philox4x32(*numbers[:6]) == tuple(numbers[6:])
    independent = philox_of_arrays(np.array([numbers[:4]], np.uint64), np.array([numbers[4:6]], np.uint64))
    assert independent.tolist() == [numbers[6:]]


def test_many_blocks_and_the_layout_agree_with_an_independent_form():
    rows = random_fields(200_000)
    seed, draw, luck, phase, kind, entity, purpose, index = rows.T.astype(np.uint64)
    two32 = np.uint64(2**32)
    third = ((phase * np.uint64(256) + kind) * np.uint64(256) + purpose) * np.uint64(4096) + entity // two32
    expected = philox_of_arrays(
        np.stack([entity % two32, luck, third, index], axis=1), np.stack([seed, draw], axis=1)
    )
    found = np.array([words(*row) for row in rows.tolist()], dtype=np.uint64)
    np.testing.assert_array_equal(found, expected)


def test_same_words_interpreted():
    rows = random_fields(300)
    code = (
        "import json, sys, numpy as np\n"
        "from simgap.sampling.philox import unit, unit53, words\n"
        "assert not hasattr(words, 'py_func'), 'compiled after all'\n"
        "blocks = [words(*row) for row in np.array(json.load(sys.stdin))]\n"
        "print(json.dumps([[*map(int, w), unit(w[0]).hex(), unit53(w[0], w[1]).hex()] for w in blocks]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input=json.dumps(rows.tolist()),
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(simgap.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    blocks = [words(*row) for row in rows.tolist()]
    assert json.loads(done.stdout) == [[*w, unit(w[0]).hex(), unit53(w[0], w[1]).hex()] for w in blocks]


def test_any_integer_type_gives_the_same_words():
    row = [1, 2, 3, 1, 7, 99, 4, 5]
    for kind in ("i4", "u4", "u8"):
        assert words(*np.array(row, dtype=kind)) == words(*row)


@settings(derandomize=True, deadline=None)
@given(fields=FIELDS)
@example(fields=tuple(2**width - 1 for width in WIDTHS.values()))
def test_layout_can_be_read_back(fields):
    # A function with a left inverse is injective: no two draws share a counter.
    c0, c1, c2, c3 = (f"{word:032b}" for word in counter(*fields))
    parts = (c1, c2[:4], c2[4:12], c2[20:] + c0, c2[12:20], c3)
    assert tuple(int(bits, 2) for bits in parts) == fields


@settings(derandomize=True, deadline=None)
@given(one=FIELDS, field=st.sampled_from(list(WIDTHS)), data=st.data())
def test_a_change_of_any_field_changes_the_block(one, field, data):
    place = list(WIDTHS).index(field)
    value = data.draw(st.integers(0, 2 ** WIDTHS[field] - 1).filter(lambda v: v != one[place]))
    other = (*one[:place], value, *one[place + 1 :])
    assert words(1, 2, *one) != words(1, 2, *other)


@settings(derandomize=True, deadline=None)
@given(fields=FIELDS, seed=WORD, draw=WORD, place=st.integers(0, 7))
def test_values_out_of_range_stay_in_their_field(fields, seed, draw, place):
    row = [seed, draw, *fields]
    wide = list(row)
    wide[place] += 2 ** (32, 32, *WIDTHS.values())[place]
    assert words(*wide) == words(*row)


def test_unit_is_open_and_exact():
    assert unit(0) == 2.0**-33
    assert unit(2**32 - 1) == 1.0 - 2.0**-33
    assert unit(2**31) == 0.5 + 2.0**-33


def test_unit53_is_open_and_exact():
    top = 2**32 - 1
    assert unit53(0, 0) == 2.0**-53
    assert unit53(top, top) == 1.0 - 2.0**-53
    assert unit53(2**31, 0) == 0.5 + 2.0**-53
    assert unit53(0, 4096) == 3 * 2.0**-53


@settings(derandomize=True, deadline=None)
@given(high=WORD, low=WORD)
def test_units_are_symmetric(high, low):
    top = 2**32 - 1
    assert unit(top - high) == 1.0 - unit(high)
    assert unit53(top - high, top - low) == 1.0 - unit53(high, low)
    assert 0.0 < unit53(high, low) < 1.0
    assert abs(unit53(high, low) - unit(high)) < 2.0**-32
