"""Amounts and names in words: short, with the digits that count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simgap.defaults import DESIGNS
from simgap.errors import BacklogLimit

TITLE = 78  # characters
# What a design draws, where it is not one draw after the other.
POINTS = dict(zip(DESIGNS[1:], ("Latin hypercube points", "Sobol' points"), strict=True))


def title(name: str) -> str:
    """Write a name that someone chose on one line, without what a terminal would obey.

    Examples
    --------
    >>> title("two lines" + chr(10) + "and " + chr(27) + "[31mred"), len(title("x" * 5000))
    ('two lines and [31mred', 78)
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= TITLE else line[: TITLE - 3] + "..."


def unit_of(size: float) -> tuple[float, str]:
    """Return the unit that an amount of this size is written in, and its letter."""
    return next((u for u in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")) if size >= u[0]), (1.0, ""))


def money(value: float, currency: str = "") -> str:
    """Write an amount the short way, with two or three digits that count.

    Parameters
    ----------
    value : float
        Amount, finite.
    currency : str
        Written behind the amount where given.

    Returns
    -------
    str
        With k for thousands, M for millions, B for thousands of millions, T for thousands of B.

    Examples
    --------
    >>> money(1_940_000, "EUR"), money(120_300), money(999_960), money(0.0), money(-12.5)
    ('1.9M EUR', '120k', '1.0M', '0', '-12.5')
    """
    shown = float(f"{abs(value):.3g}")  # rounded first, so that 999 960 becomes 1.0M and not 1000k
    unit, letter = unit_of(shown)
    decimals = 1 if shown / unit < 9.95 else 0
    text = f"{shown:g}" if unit == 1 else f"{shown / unit:.{decimals}f}"
    sign = "-" if value < 0 and shown > 0 else ""
    return f"{sign}{text}{letter} {currency}".rstrip()


def share_of_100(share: float) -> str:
    """Write a share as futures of 100; rare is never called none, nor common all.

    Examples
    --------
    >>> share_of_100(0.34), share_of_100(0.004), share_of_100(0.999), share_of_100(0.0)
    ('34', 'fewer than 1', 'more than 99', '0')
    """
    if 0.0 < share < 0.01:
        return "fewer than 1"
    if 0.99 < share < 1.0:
        return "more than 99"
    return f"{100.0 * share:.0f}"


def weeks(months: float) -> str:
    """Write months of 730 hours as weeks.

    Examples
    --------
    >>> weeks(2.0), weeks(0.23), weeks(0.1)
    ('8.7 weeks', '1 week', '0.43 weeks')
    """
    number = float(f"{months * 730.0 / 168.0:.2g}")
    return f"{number:g} week{'s' * (number != 1.0)}"


def listed(names: Sequence[str], more: int = 0) -> str:
    """Write names in a row.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b"], 3)
    ('a', 'a, b and c', 'a, b and 3 more')
    """
    names = [*names, f"{more} more"] if more else list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def interval(ci95: Sequence[float | None] | None, show: Callable[[float], str] = money) -> str:
    """Return an interval in brackets; None at an end is open, and no interval is nothing.

    Examples
    --------
    >>> interval([1200.0, 3400.0]), interval([None, 2.0]), interval([None, None]), interval(None)
    (' (95 % interval 1.2k to 3.4k)', ' (95 % interval up to 2)', ' (no bounded interval)', '')
    """
    if ci95 is None:
        return ""
    low, high = ci95
    if low is None:
        return " (no bounded interval)" if high is None else f" (95 % interval up to {show(high)})"
    return f" (95 % interval {f'from {show(low)}' if high is None else f'{show(low)} to {show(high)}'})"


def left_out(ended: int, of: int) -> str:
    """Say that replications ended early, and what that does to the figures."""
    return (
        f"WARNING: {ended:,} of {of:,} replications ended with backlog_limit: too many items were in the "
        "system at once. They are left out, and their queues are the longest, so the figures below are too "
        f"good. Try {BacklogLimit.allowed}."
    )
