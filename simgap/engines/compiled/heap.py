"""A binary heap in given arrays, smallest (time, order) first; each entry carries a code."""

from __future__ import annotations

from simgap.compiling import rule
from simgap.model.types import Ints

TIME, ORDER, CODE = range(3)


@rule
def push(heap: Ints, n: int, time: int, order: int, code: int) -> int:
    """Add an entry to a heap of n entries, Ints[capacity, 3], and return their new number."""
    i = n
    while i > 0:
        parent = (i - 1) >> 1
        above = heap[parent, TIME]
        if above < time or (above == time and heap[parent, ORDER] <= order):
            break
        heap[i, TIME] = above
        heap[i, ORDER] = heap[parent, ORDER]
        heap[i, CODE] = heap[parent, CODE]
        i = parent
    heap[i, TIME] = time
    heap[i, ORDER] = order
    heap[i, CODE] = code
    return n + 1


@rule
def pop(heap: Ints, n: int) -> int:
    """Drop the first entry of a heap of n entries, and return their new number."""
    n -= 1
    time, order, code = heap[n, TIME], heap[n, ORDER], heap[n, CODE]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        t, o = heap[child, TIME], heap[child, ORDER]
        if child + 1 < n:
            t2, o2 = heap[child + 1, TIME], heap[child + 1, ORDER]
            if t2 < t or (t2 == t and o2 < o):
                child += 1
                t, o = t2, o2
        if time < t or (time == t and order <= o):
            break
        heap[i, TIME] = t
        heap[i, ORDER] = o
        heap[i, CODE] = heap[child, CODE]
        i = child
    heap[i, TIME] = time
    heap[i, ORDER] = order
    heap[i, CODE] = code
    return n
