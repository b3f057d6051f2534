"""Daily revenue: the rows of a data.csv as task 09 and its control read them, and the files that both draw.

What is drawn is counted in whole cents and kept apart from what is read, so that the figures that a checker works out
from a file are not those that the file was drawn with.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from random import Random
from typing import Self

from pytest_agentcore import Draw

WINDOW = 10
TRIES = 10_000
PUBLISHED_THREE = (date(2026, 3, 2), (0, 3, 7), (9500, 12550, 10950))
PUBLISHED_TWELVE = (
    date(2026, 4, 6),
    tuple(range(12)),
    (9500, 12550, 10950, 13125, 8875, 14200, 15025, 9750, 11875, 13650, 10140, 14810),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of data.csv, oldest first."""

    dates: tuple[str, ...]
    amounts: tuple[Decimal, ...]

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The rows of a CSV with the columns date and revenue."""
        rows = list(csv.DictReader(io.StringIO(data.decode())))
        return cls(dates=tuple(row["date"] for row in rows), amounts=tuple(Decimal(row["revenue"]) for row in rows))


def money(cents: float) -> str:
    """An amount with two decimals."""
    return f"{cents / 100:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A drawn data.csv."""

    days: tuple[date, ...]
    cents: tuple[int, ...]

    def files(self) -> dict[str, str]:
        """The workspace."""
        return {"data.csv": "".join(f"{line}\n" for line in ("date,revenue", *self.rows(",")))}

    def rows(self, mark: str) -> list[str]:
        """Each row's date and amount, with a mark between them."""
        return [f"{day}{mark}{money(amount)}" for day, amount in zip(self.days, self.cents, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeRows(Ledger):
    """Three rows with gaps between their days: nothing that fills a window of ten days."""

    @property
    def mean(self) -> str:
        """The mean of the three, to the cent; whole amounts and tenths with one decimal."""
        shown = money(sum(self.cents) / 3)
        return shown.removesuffix("0")

    @property
    def division(self) -> str:
        """The mean as a calculation."""
        return f"({' + '.join(map(money, self.cents))}) / 3"

    @property
    def absent(self) -> list[date]:
        """The seven days that the ten from the first on have no row for."""
        window = [self.days[0] + timedelta(days=past) for past in range(WINDOW)]
        return [day for day in window if day not in self.days]

    @property
    def padded(self) -> str:
        """The rows from the first day to the second, gaps filled with the last value."""
        filled = [day for day in self.absent if day < self.days[1]]
        lines = [f"{day},{money(self.cents[0])}" for day in (self.days[0], *filled)]
        return "\n".join([*lines, f"{self.days[1]},{money(self.cents[1])}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class TwelveRows(Ledger):
    """Twelve days in a row: three full windows of ten."""

    @property
    def sums(self) -> list[int]:
        """The sum of each full window, in cents."""
        return [sum(self.cents[start : start + WINDOW]) for start in range(len(self.cents) - WINDOW + 1)]

    @property
    def averages(self) -> list[str]:
        """The mean of each full window, with two decimals."""
        return [money(total / WINDOW) for total in self.sums]

    @property
    def short(self) -> list[str]:
        """The same without a closing zero."""
        return [str(float(average)) for average in self.averages]

    @property
    def floats(self) -> list[float]:
        """The same as floating point gives it."""
        amounts = [amount / 100 for amount in self.cents]
        return [sum(amounts[start : start + WINDOW]) / WINDOW for start in range(len(self.sums))]

    @property
    def ends(self) -> list[date]:
        """The day on which each full window ends."""
        return list(self.days[WINDOW - 1 :])

    @property
    def shifted(self) -> str:
        """Each average beside the day after its window."""
        return "\n".join(
            f"{day + timedelta(days=1)},{mean}" for day, mean in zip(self.ends, self.averages, strict=True)
        )

    @property
    def table(self) -> str:
        """Every row with its average, or NaN where the window is not full."""
        means = ["NaN"] * (WINDOW - 1) + self.averages
        return "\n".join(f"{row},{mean}" for row, mean in zip(self.rows(","), means, strict=True))

    @property
    def calculations(self) -> str:
        """A list of the windows, the newest first, each with its sum."""
        lines = [
            f"- {day}: {total / 100:,.2f} / 10 = **{mean}**"
            for day, total, mean in zip(self.ends, self.sums, self.averages, strict=True)
        ]
        return "\n".join(reversed(lines))

    @property
    def mean(self) -> str:
        """The mean of all twelve, which is no 10-day average."""
        return f"{sum(self.cents) / 12 / 100:.3f}"


def three_rows(by: Draw) -> ThreeRows:
    """The published rows, or days and amounts of a seed."""
    if by.canonical:
        start, places, cents = PUBLISHED_THREE
        return ThreeRows(days=tuple(start + timedelta(days=place) for place in places), cents=cents)
    random = by.random()
    first, second = random.randrange(2, 5), random.randrange(2, 5)
    days = _days(random, (0, first, first + second))
    tries = (tuple(random.randrange(6000, 19000, 25) for _ in range(3)) for _ in range(TRIES))
    return ThreeRows(days=days, cents=next(cents for cents in tries if is_clear(cents)))


def is_clear(cents: Sequence[int]) -> bool:
    """Can every figure be told from every other: rows, sums, means of two or three, and the means of padded rows?

    The mean of ten rows padded with zeros is more than can be taken for a count of rows or days.
    """
    groups = [group for size in (1, 2, 3) for group in combinations(cents, size)]
    means = [sum(group) / len(group) for group in groups]
    sums = [float(sum(group)) for group in groups if len(group) > 1]
    padded = [sum(cents) / WINDOW, (sum(cents) + 7 * 10_000) / WINDOW]
    figures = sorted([*means, *sums, *padded])
    return padded[0] > 3100 and all(after - before > 20 for before, after in pairwise(figures))


def twelve_rows(by: Draw) -> TwelveRows:
    """The published rows, or days and amounts of a seed."""
    if by.canonical:
        start, places, cents = PUBLISHED_TWELVE
        return TwelveRows(days=tuple(start + timedelta(days=place) for place in places), cents=cents)
    random = by.random()
    days = _days(random, range(12))
    tries = (tuple(random.randrange(6000, 19000, 10) for _ in range(12)) for _ in range(TRIES))
    return TwelveRows(days=days, cents=next(cents for cents in tries if has_clear_windows(cents)))


def has_clear_windows(cents: Sequence[int]) -> bool:
    """Can the three averages be told from each other, from every row and from the means of other windows?"""
    averages = [sum(cents[start : start + WINDOW]) / WINDOW for start in range(3)]
    partial = [sum(cents[:end]) / end for end in range(1, WINDOW)]
    nines = [sum(cents[start : start + 9]) / 9 for start in range(4)]
    others = [*cents, *partial, *nines, sum(cents) / 12]
    apart = all(abs(one - other) > 20 for one, other in combinations(averages, 2))
    return apart and all(abs(average - other) > 20 for average in averages for other in others)


def _days(random: Random, places: Sequence[int]) -> tuple[date, ...]:
    start = date(random.randrange(2022, 2028), 1, 1) + timedelta(days=random.randrange(340))
    return tuple(start + timedelta(days=place) for place in places)
