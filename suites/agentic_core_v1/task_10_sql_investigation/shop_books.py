"""The shop's books as values: what a customer's net revenue is, and what it is not.

:func:`net_revenue` works on rows in Python and never speaks SQL; it is what answers and queries are compared with. The
same function with a :class:`Reading` that differs in one point gives the figure of a usual mistake.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

Row = dict[str, Any]

TABLES = ("customers", "accounts", "orders", "order_items", "refunds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the question is read. With the values of these defaults it is read right; every other is a usual mistake."""

    since: str
    until: str  # exclusive; both are compared as text
    cancelled: str | None
    refunds: str = "all"  # none, in_quarter
    joined_to: str = "accounts"  # customers
    grouped_by: str = "customer"  # account
    fan_out: bool = False
    with_deleted: bool = False
    without_unknown_status: bool = False
    only_refunded: bool = False
    units_ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which orders are asked for: those of a quarter that do not have this status."""

    year: int
    quarter: int
    """1 to 4."""
    cancelled: str
    """How the shop spells the status of a cancelled order."""

    def __str__(self) -> str:
        return f"Q{self.quarter} {self.year}"

    def month(self, place: int) -> str:
        """A month as ``YYYY-MM``: 0, 1 and 2 are those of the quarter, others lie before or after it."""
        months = self.year * 12 + (self.quarter - 1) * 3 + place
        return f"{months // 12}-{months % 12 + 1:02}"

    @property
    def first(self) -> str:
        """The first day, ``YYYY-MM-DD``."""
        return f"{self.month(0)}-01"

    @property
    def after(self) -> str:
        """The first day that is no more in the quarter."""
        return f"{self.month(3)}-01"

    @property
    def last(self) -> str:
        """The last day."""
        return str(date.fromisoformat(self.after) - timedelta(days=1))

    @property
    def day_before(self) -> str:
        """The last day of the quarter before."""
        return str(date.fromisoformat(self.first) - timedelta(days=1))

    @property
    def right(self) -> Reading:
        """The question as it is meant."""
        return Reading(since=self.first, until=self.after, cancelled=self.cancelled)

    @property
    def mistakes(self) -> Mapping[str, Reading]:
        """Usual mistakes by name, each in one point."""
        right = self.right
        return {
            "gross": replace(right, refunds="none"),
            "refunds of the quarter": replace(right, refunds="in_quarter"),
            "customers.id": replace(right, joined_to="customers"),
            "by account": replace(right, grouped_by="account"),
            "fan-out": replace(right, fan_out=True),
            "last day lost": replace(right, until=self.last),
            "midnight after": replace(right, until=f"{self.after} 00:00:01"),
            "no end": replace(right, until="9999"),
            "midnight lost": replace(right, since=f"{self.first} 00:00:01"),
            "day before": replace(right, since=self.day_before),
            "no beginning": replace(right, since=""),
            "cancelled counted": replace(right, cancelled=None),
            "deleted counted": replace(right, with_deleted=True),
            "unknown status dropped": replace(right, without_unknown_status=True),
            "only refunded": replace(right, only_refunded=True),
            "units ignored": replace(right, units_ignored=True),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The rows of the five tables."""

    customers: Sequence[Row]
    accounts: Sequence[Row]
    orders: Sequence[Row]
    order_items: Sequence[Row]
    refunds: Sequence[Row]

    @classmethod
    def read(cls, database: bytes) -> Books:
        """The rows of a SQLite database that holds these tables."""
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(database)
            connection.row_factory = sqlite3.Row
            rows = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in TABLES}  # noqa: S608 - fixed names
        return cls(**rows)

    def written(self, schema: Sequence[str]) -> bytes:
        """A SQLite database with these rows in tables of that schema."""
        with closing(sqlite3.connect(":memory:")) as connection:
            for statement in schema:
                connection.execute(statement)
            for field in fields(self):
                for row in getattr(self, field.name):
                    marks = ", ".join("?" * len(row))
                    insert = f"INSERT INTO {field.name} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our names
                    connection.execute(insert, tuple(row.values()))
            connection.commit()
            return connection.serialize()


def net_revenue(books: Books, reading: Reading) -> dict[str, Decimal]:
    """The revenue of each customer (or account, or whatever the reading groups by), refunds taken off."""
    names = {row["id"]: row["name"] for row in books.customers}
    owners = {row["id"]: names[row["customer_id"]] for row in books.accounts}
    items, refunds = by_order(books.order_items), by_order(books.refunds)
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for order in books.orders:
        owner = (owners if reading.joined_to == "accounts" else names).get(order["customer_ref"])
        if owner is not None and counts(order, reading):
            group = (owner, order["customer_ref"]) if reading.grouped_by == "account" else (owner, 0)
            found[group] += order_value(items[order["id"]], refunds[order["id"]], reading)
    best: dict[str, Decimal] = {}
    for (owner, _), amount in found.items():
        best[owner] = max(amount, best.get(owner, amount))
    return best


def by_order(rows: Sequence[Row]) -> defaultdict[int, list[Row]]:
    """Items or refunds by the order that they belong to."""
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["order_id"]].append(row)
    return found


def counts(order: Row, reading: Reading) -> bool:
    """Does an order belong to the quarter and to the orders that are asked for?"""
    cancelled = order["status"] is not None and order["status"] == reading.cancelled
    deleted = order["deleted_at"] is not None and not reading.with_deleted
    unknown = order["status"] is None and reading.without_unknown_status
    return reading.since <= order["placed_at"] < reading.until and not cancelled and not deleted and not unknown


def order_value(items: Sequence[Row], refunded: Sequence[Row], reading: Reading) -> Decimal:
    """What an order brought: its items less its refunds."""
    prices = [exact(row["unit_price"]) * (1 if reading.units_ignored else row["quantity"]) for row in items]
    refunds = [
        exact(row["amount"])
        for row in refunded
        if reading.refunds == "all"
        or (reading.refunds == "in_quarter" and reading.since <= row["refunded_at"] < reading.until)
    ]
    if reading.only_refunded and not refunds:
        return Decimal(0)
    if reading.fan_out:
        return sum(prices, Decimal(0)) * max(1, len(refunds)) - sum(refunds, Decimal(0)) * len(prices)
    return sum(prices, Decimal(0)) - sum(refunds, Decimal(0))


@lru_cache(maxsize=4096)
def exact(value: float) -> Decimal:
    """A price or a refund as it was meant: to the cent."""
    return Decimal(str(value))


def ranking(books: Books, reading: Reading) -> list[tuple[str, Decimal]]:
    """The customers and their net revenue, the highest first."""
    return sorted(net_revenue(books, reading).items(), key=lambda item: (item[1], item[0]), reverse=True)


def first_customer(books: Books, reading: Reading) -> tuple[str, Decimal]:
    """Name and amount of the customer with the highest net revenue."""
    return ranking(books, reading)[0]


def shows_every_mistake(books: Books, question: Question) -> bool:
    """Does every mistake change the answer, and is the first place clear?"""
    first, second = ranking(books, question.right)[:2]
    return first[1] - second[1] > 1 and all(
        first_customer(books, mistake) != first for mistake in question.mistakes.values()
    )
