"""Random words as a pure function of what they are for: Philox4x32-10 and the layout of its key and counter.

A generator with state gives a number that depends on how many were asked for before it. Here every draw is
addressed by its meaning, so no draw depends on the order of others: any trial can be run again alone, two
variants of a scenario share their luck item by item, and threads, processes and engines agree.

Philox turns a 128-bit counter into 128 random bits under a 64-bit key. For a fixed key the map is a
bijection, so two different counters never give the same block.

============  ======  =====  ==========================================  ===================
32-bit word   bits    width  field                                       range
============  ======  =====  ==========================================  ===================
key 0         0..31   32     seed of the study                           0 .. 4 294 967 295
key 1         0..31   32     draw of the unknowns                        0 .. 4 294 967 295
counter 0     0..31   32     entity, bits 0..31                          (see counter 2)
counter 1     0..31   32     luck index                                  0 .. 4 294 967 295
counter 2     28..31  4      phase: production 0, pilot 1                0 .. 15
counter 2     20..27  8      kind of entity: unknown, item, duplicate    0 .. 255
counter 2     12..19  8      purpose: arrival, hardness, review time     0 .. 255
counter 2     0..11   12     entity, bits 32..43                         0 .. 2^44 - 1 in all
counter 3     0..31   32     index of the draw within its purpose        0 .. 4 294 967 295
============  ======  =====  ==========================================  ===================

Every field is cut to its width, so that a value out of range repeats another draw of its own field and never
reaches into a neighbour's bits.

The arithmetic is masked so that it gives the same words compiled, where integers wrap at 64 bits, and
interpreted, where they do not wrap at all.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
Proc. SC '11, doi:10.1145/2063384.2063405.

Examples
--------
>>> [f"{word:08x}" for word in philox4x32(0, 0, 0, 0, 0, 0)]
['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
"""

from __future__ import annotations

from simgap.compiling import small

Words = tuple[int, int, int, int]

KIND_UNKNOWN = 0
"""Kind of entity reserved for the unknown inputs of a scenario; engines number theirs from 1."""

ROUNDS = 10
MASK32 = 0xFFFFFFFF
# Salmon et al. (2011): two multipliers, and Weyl steps from the golden ratio and sqrt(3) - 1.
MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85


@small
def philox4x32(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> Words:
    """Return one block of Philox4x32-10.

    Parameters
    ----------
    c0, c1, c2, c3 : int
        The counter; the low 32 bits of each count.
    k0, k1 : int
        The key; the low 32 bits of each count.

    Returns
    -------
    w0, w1, w2, w3 : int
        Four words, each from 0 to 2^32 - 1.

    Notes
    -----
    A product of two 32-bit words can set the sign bit of a compiled integer. The bits are right all the same,
    and the mask after the shift drops the copies of the sign.
    """
    # int() turns numpy scalars into integers that don't overflow when this runs interpreted.
    c0 = int(c0) & MASK32
    c1 = int(c1) & MASK32
    c2 = int(c2) & MASK32
    c3 = int(c3) & MASK32
    k0 = int(k0) & MASK32
    k1 = int(k1) & MASK32
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * c0
        product_1 = MULTIPLIER_1 * c2
        c0 = ((product_1 >> 32) & MASK32) ^ c1 ^ k0
        c1 = product_1 & MASK32
        c2 = ((product_0 >> 32) & MASK32) ^ c3 ^ k1
        c3 = product_0 & MASK32
        k0 = (k0 + WEYL_0) & MASK32
        k1 = (k1 + WEYL_1) & MASK32
    return c0, c1, c2, c3


@small
def counter(luck: int, phase: int, kind: int, entity: int, purpose: int, index: int) -> Words:
    """Return the counter that addresses a draw, laid out as the table of this module says.

    Parameters
    ----------
    luck : int
        Luck index, 0 .. 2^32 - 1.
    phase : int
        Phase, 0 .. 15.
    kind : int
        Kind of entity, 0 .. 255.
    entity : int
        Number of the entity within its kind, 0 .. 2^44 - 1.
    purpose : int
        What the draw is for, 0 .. 255.
    index : int
        Number of the draw within its purpose, 0 .. 2^32 - 1.

    Returns
    -------
    c0, c1, c2, c3 : int
        Four words, each from 0 to 2^32 - 1.
    """
    entity = int(entity)
    packed = (
        (int(phase) & 0xF) << 28
        | (int(kind) & 0xFF) << 20
        | (int(purpose) & 0xFF) << 12
        | (entity >> 32) & 0xFFF
    )
    return entity & MASK32, int(luck) & MASK32, packed, int(index) & MASK32


@small
def words(
    seed: int, draw: int, luck: int, phase: int, kind: int, entity: int, purpose: int, index: int
) -> Words:
    """Return the four random words that belong to one draw.

    Parameters
    ----------
    seed : int
        Seed of the study, 0 .. 2^32 - 1.
    draw : int
        Number of the draw of the unknowns, 0 .. 2^32 - 1.
    luck, phase, kind, entity, purpose, index : int
        As in `counter`.

    Returns
    -------
    w0, w1, w2, w3 : int
        Four independent words, each uniform on 0 .. 2^32 - 1.
    """
    c0, c1, c2, c3 = counter(luck, phase, kind, entity, purpose, index)
    return philox4x32(c0, c1, c2, c3, seed, draw)


@small
def unit(word: int) -> float:
    """Return a uniform number in the open interval (0, 1) from one word.

    Parameters
    ----------
    word : int
        0 .. 2^32 - 1.

    Returns
    -------
    float
        (word + 1/2) / 2^32, exactly: from 2^-33 to 1 - 2^-33, symmetric about 1/2.
    """
    return (int(word) + 0.5) * 2.0**-32


@small
def unit53(high: int, low: int) -> float:
    """Return a uniform number of full double precision in the open interval (0, 1) from two words.

    Parameters
    ----------
    high, low : int
        0 .. 2^32 - 1. The lowest 12 bits of `low` are not used.

    Returns
    -------
    float
        An odd multiple of 2^-53, from 2^-53 to 1 - 2^-53, symmetric about 1/2.

    Notes
    -----
    52 random bits and a half, not 53 bits and a half: the latter would round to 1 at its upper end.
    """
    return ((int(high) << 20 | int(low) >> 12) + 0.5) * 2.0**-52
