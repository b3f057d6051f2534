"""Are two campaigns told apart? Exact tests over what they share, in whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, lcm, sqrt

from pytest_agentcore.scoring import student

_FEWEST = 2  # tasks that can vary


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Differences of two campaigns, task by task."""

    tasks: int
    informative: int
    """Tasks whose difference is not zero; the others tell nothing."""
    mean: float
    """Mean difference of the pass rates, -1..1."""
    low: float | None
    high: float | None
    """Ends of Student's interval of the mean at 95 %; None with one task."""
    p_value: float
    """Two-sided, exact: of all ways to exchange the two within tasks, the share that differ at least as much."""


def sign_flip(differences: Sequence[Fraction]) -> Paired | None:
    """The exact paired permutation test over tasks; ``differences`` are pass rates, one a task. None without a task."""
    if not differences:
        return None
    count = len(differences)
    total = sum(differences, Fraction())
    mean = total / count
    low = high = None
    if count >= _FEWEST:
        variance = sum((difference - mean) ** 2 for difference in differences) / (count - 1)
        half = student.quantile(0.95, count - 1) * sqrt(variance / count)
        low, high = max(-1.0, float(mean) - half), min(1.0, float(mean) + half)
    return Paired(
        tasks=count,
        informative=sum(difference != 0 for difference in differences),
        mean=float(mean),
        low=low,
        high=high,
        p_value=exchange_p(differences),
    )


def exchange_p(differences: Sequence[Fraction]) -> float:
    """The p-value of :func:`sign_flip` alone; 1 where nothing differs."""
    unit = lcm(*(difference.denominator for difference in differences))
    sizes = [abs(int(difference * unit)) for difference in differences if difference]
    seen = abs(int(sum(differences, Fraction()) * unit))
    if not seen:
        return 1.0
    # One whole number is the distribution of the sum of the sizes that keep their sign: digit k, of `width` bits,
    # counts the ways to reach k. Adding a task is one shift and one addition.
    width = len(sizes) + 1
    ways = 1
    for size in sizes:
        ways += ways << (size * width)
    tail = ways >> ((sum(sizes) + seen) // 2 * width)
    # Its digits add up to the remainder by (base - 1), for their sum is smaller than that.
    extreme = tail % ((1 << width) - 1)
    return float(min(Fraction(1), Fraction(2 * extreme, 1 << len(sizes))))


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value of McNemar's test: of the runs that differ, so many were gained and so many lost.

    It takes runs for independent, which runs of one task are not: a secondary figure.

    Raises:
        ValueError: negative counts.
    """
    if gained < 0 or lost < 0:
        raise ValueError(f"{gained!r} gained and {lost!r} lost are no counts of runs")
    differing = gained + lost
    tail = sum(comb(differing, count) for count in range(min(gained, lost) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**differing)))


def fisher(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """Two-sided exact p-value (Fisher) that two groups of independent runs have one rate, e.g. of infra losses.

    Raises:
        ValueError: the counts are no counts.
    """
    if not (0 <= hits <= total and 0 <= other_hits <= other_total):
        raise ValueError(f"{hits!r} of {total!r} and {other_hits!r} of {other_total!r} are no counts of runs")
    both, runs = hits + other_hits, total + other_total
    first, last = max(0, both - other_total), min(both, total)
    ways = [comb(total, count) * comb(other_total, both - count) for count in range(first, last + 1)]
    seen = ways[hits - first]
    return float(Fraction(sum(way for way in ways if way <= seen), comb(runs, both)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, in the order given: below alpha, the chance of any false finding is below alpha."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def tie_groups(count: int, p_value: Callable[[int, int], float], *, alpha: float = 0.05) -> list[int]:
    """Group number (1-based) of each of ``count`` rows in the order of their rank.

    A group is its first row and every following one that cannot be told from that first row; the p-values of a first
    row against all rows below are adjusted together by Holm. Members need not be alike among themselves.
    """
    groups: list[int] = []
    while len(groups) < count:
        first = len(groups)
        below = range(first + 1, count)
        adjusted = holm([p_value(first, other) for other in below])
        size = next((place for place, p in enumerate(adjusted, start=1) if p < alpha), len(adjusted) + 1)
        groups += [(groups[-1] if groups else 0) + 1] * size
    return groups
