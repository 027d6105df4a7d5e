"""Binary heaps in a given array, smallest (time, order) first; each entry carries a code.

The heaps share one array, because a view of a part of it would cost more than the comparison that it is for.
"""

from __future__ import annotations

from simgap.compiling import small
from simgap.engines.compiled.layout import INDEX, I
from simgap.model.types import Ints

TIME, ORDER, CODE = range(3)


@small
def push(heaps: Ints, which: int, n: int, time: int, order: int, code: int) -> int:
    """Add an entry to one of the heaps, Ints[heaps, capacity, 3], of n entries; return their new number."""
    i = n & INDEX
    while i > 0:
        parent = (i - 1) >> 1
        above = heaps[which, parent, TIME]
        if above < time or (above == time and heaps[which, parent, ORDER] <= order):
            break
        heaps[which, i, TIME] = above
        heaps[which, i, ORDER] = heaps[which, parent, ORDER]
        heaps[which, i, CODE] = heaps[which, parent, CODE]
        i = parent
    heaps[which, i, TIME] = time
    heaps[which, i, ORDER] = order
    heaps[which, i, CODE] = code
    return n + 1


@small
def pop(heaps: Ints, which: int, n: int) -> int:
    """Drop the first entry of one of the heaps, of n entries; return their new number."""
    n = (n - 1) & INDEX
    time, order, code = heaps[which, n, TIME], heaps[which, n, ORDER], heaps[which, n, CODE]
    i = 0
    while True:
        child = (2 * i + 1) & INDEX
        if child >= n:
            break
        t, o = heaps[which, child, TIME], heaps[which, child, ORDER]
        if child + 1 < n:
            t2, o2 = heaps[which, child + 1, TIME], heaps[which, child + 1, ORDER]
            if t2 < t or (t2 == t and o2 < o):
                child += 1
                t, o = t2, o2
        if time < t or (time == t and order <= o):
            break
        heaps[which, i, TIME] = t
        heaps[which, i, ORDER] = o
        heaps[which, i, CODE] = heaps[which, child, CODE]
        i = child
    heaps[which, i, TIME] = time
    heaps[which, i, ORDER] = order
    heaps[which, i, CODE] = code
    return n


@small
def push_known(heaps: Ints, which: int, i: int, time: int, order: int, code: int, item: Ints) -> None:
    """Put an entry at a place of a heap, or above; each item, `code >> 8`, knows where its entry stands."""
    while i > 0:
        parent = (i - 1) >> 1
        above = heaps[which, parent, TIME]
        if above < time or (above == time and heaps[which, parent, ORDER] <= order):
            break
        moved = heaps[which, parent, CODE]
        heaps[which, i, TIME] = above
        heaps[which, i, ORDER] = heaps[which, parent, ORDER]
        heaps[which, i, CODE] = moved
        item[moved >> 8, I.DUE] = i
        i = parent
    heaps[which, i, TIME] = time
    heaps[which, i, ORDER] = order
    heaps[which, i, CODE] = code
    item[code >> 8, I.DUE] = i


@small
def drop_known(heaps: Ints, which: int, n: int, i: int, item: Ints) -> int:
    """Drop the entry at a place of a heap of n entries that are known as above; return their new number."""
    n = (n - 1) & INDEX
    if i == n:
        return n
    time, order, code = heaps[which, n, TIME], heaps[which, n, ORDER], heaps[which, n, CODE]
    while True:
        child = (2 * i + 1) & INDEX
        if child >= n:
            break
        t, o = heaps[which, child, TIME], heaps[which, child, ORDER]
        if child + 1 < n:
            t2, o2 = heaps[which, child + 1, TIME], heaps[which, child + 1, ORDER]
            if t2 < t or (t2 == t and o2 < o):
                child += 1
                t, o = t2, o2
        if time < t or (time == t and order <= o):
            break
        moved = heaps[which, child, CODE]
        heaps[which, i, TIME] = t
        heaps[which, i, ORDER] = o
        heaps[which, i, CODE] = moved
        item[moved >> 8, I.DUE] = i
        i = child
    push_known(heaps, which, i, time, order, code, item)
    return n
