"""The shop's books as values: what a customer's net revenue is, what it is not, and books drawn from a seed.

:func:`net_revenue` works on rows in Python and never speaks SQL; it is what answers and queries are compared with. The
same function with a :class:`Reading` that differs in one point gives the figure of a usual mistake. Drawn books are
such that every one of these mistakes shows: it changes the first customer or the amount.
"""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

TABLES = ("customers", "accounts", "orders", "order_items", "refunds")
FIRST, AFTER = "2026-01-01", "2026-04-01"
NAMES = (
    *("Juniper Press", "Kestrel Optics", "Larkspur Hotel", "Millbrook Dairy"),
    *("Nettle & Thorn", "Orchard Street Gym", "Pinewood Nursery", "Quarry Lane Garage"),
)
PRICES = ("4.35", "7.90", "12.49", "18.75", "24.99", "39.95", "58.20", "74.15", "96.40", "119.05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the question is read. As it stands here it is read right; every other value is a usual mistake."""

    refunds: str = "all"  # none, in_quarter
    joined_to: str = "accounts"  # customers
    grouped_by: str = "customer"  # account
    fan_out: bool = False
    until: str = AFTER  # exclusive, compared as text
    since: str = FIRST
    with_cancelled: bool = False
    with_deleted: bool = False
    without_unknown_status: bool = False
    only_refunded: bool = False
    units_ignored: bool = False


MISTAKES = (
    Reading(refunds="none"),
    Reading(refunds="in_quarter"),
    Reading(joined_to="customers"),
    Reading(grouped_by="account"),
    Reading(fan_out=True),
    Reading(until="2026-03-31"),
    Reading(until="2026-04-01 00:00:01"),
    Reading(until="9999"),
    Reading(since="2026-01-01 00:00:01"),
    Reading(since="2025-12-31"),
    Reading(since=""),
    Reading(with_cancelled=True),
    Reading(with_deleted=True),
    Reading(without_unknown_status=True),
    Reading(only_refunded=True),
    Reading(units_ignored=True),
)


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


def schema_of(database: bytes) -> list[str]:
    """The statements that made the tables and indexes of a database."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(database)
        return [
            sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        ]


def net_revenue(books: Books, reading: Reading = Reading()) -> dict[str, Decimal]:
    """The revenue of each customer (or account, or whatever the reading groups by), refunds taken off."""
    names = {row["id"]: row["name"] for row in books.customers}
    owners = {row["id"]: names[row["customer_id"]] for row in books.accounts}
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for order in books.orders:
        owner = (owners if reading.joined_to == "accounts" else names).get(order["customer_ref"])
        if owner is not None and counts(order, reading):
            group = (owner, order["customer_ref"]) if reading.grouped_by == "account" else (owner, 0)
            found[group] += order_value(books, order, reading)
    best: dict[str, Decimal] = {}
    for (owner, _), amount in found.items():
        best[owner] = max(amount, best.get(owner, amount))
    return best


def counts(order: Row, reading: Reading) -> bool:
    """Does an order belong to the quarter and to the orders that are asked for?"""
    cancelled = order["status"] == "cancelled" and not reading.with_cancelled
    deleted = order["deleted_at"] is not None and not reading.with_deleted
    unknown = order["status"] is None and reading.without_unknown_status
    return reading.since <= order["placed_at"] < reading.until and not cancelled and not deleted and not unknown


def order_value(books: Books, order: Row, reading: Reading) -> Decimal:
    """What an order brought: its items less its refunds."""
    prices = [
        Decimal(str(row["unit_price"])) * (1 if reading.units_ignored else row["quantity"])
        for row in books.order_items
        if row["order_id"] == order["id"]
    ]
    refunds = [
        Decimal(str(row["amount"]))
        for row in books.refunds
        if row["order_id"] == order["id"]
        and (reading.refunds == "all" or (reading.refunds == "in_quarter" and FIRST <= row["refunded_at"] < AFTER))
    ]
    if reading.only_refunded and not refunds:
        return Decimal(0)
    if reading.fan_out:
        return sum(prices, Decimal(0)) * max(1, len(refunds)) - sum(refunds, Decimal(0)) * len(prices)
    return sum(prices, Decimal(0)) - sum(refunds, Decimal(0))


def first_customer(books: Books, reading: Reading = Reading()) -> tuple[str, Decimal]:
    """Name and amount of the customer with the highest net revenue."""
    return max(net_revenue(books, reading).items(), key=lambda item: (item[1], item[0]))


def shows_every_mistake(books: Books) -> bool:
    """Does every mistake change the answer, and is the first place clear?"""
    name, amount = first_customer(books)
    second = sorted(net_revenue(books).values())[-2]
    return amount - second > 1 and all(first_customer(books, mistake) != (name, amount) for mistake in MISTAKES)


def drawn(seed: str, names: Sequence[str] = NAMES) -> Books:
    """Books from a seed, in which every mistake shows; usually the first or second draw is such."""
    tries = (_draw(random.Random(f"{seed} {attempt}"), names) for attempt in range(1000))  # noqa: S311 - repeatable
    return next(books for books in tries if shows_every_mistake(books))


def _draw(draw: random.Random, names: Sequence[str]) -> Books:
    customers = [{"id": index, "name": name} for index, name in enumerate(draw.sample(names, len(names)), start=1)]
    everyone = range(1, len(names) + 1)
    favourite, second = draw.choice(everyone), draw.choice(everyone)
    owners = [*everyone, favourite, second]
    draw.shuffle(owners)
    accounts = [{"id": index, "customer_id": owner} for index, owner in enumerate(owners, start=1)]
    orders = sorted(_orders(draw, accounts, favourite), key=lambda order: str(order["placed_at"]))
    orders = [{"id": index, **order} for index, order in enumerate(orders, start=1001)]
    items: list[Row] = []
    refunds: list[Row] = []
    for order in orders:
        lines = _items(draw, order["id"])
        items += lines
        refunds += _refunds(draw, order, sum(row["quantity"] * Decimal(str(row["unit_price"])) for row in lines))
    return Books(
        customers=customers,
        accounts=accounts,
        orders=orders,
        order_items=[{"id": index, **row} for index, row in enumerate(items, start=1)],
        refunds=[{"id": index, **row} for index, row in enumerate(refunds, start=1)],
    )


def _orders(draw: random.Random, accounts: Sequence[Row], favourite: int) -> Iterator[Row]:
    """Six to nine orders an account around the quarter; the favourite has some at its very edges, and of every kind."""
    months = ("2025-12", "2026-01", "2026-02", "2026-03", "2026-04")
    days = [f"{month}-{day:02}" for month in months for day in range(1, 29)]
    for account in accounts:
        for _ in range(draw.randrange(6, 10)):
            kind = draw.choices(("paid", "shipped", "cancelled", None), weights=(5, 5, 1, 1))[0]
            deleted = f"2026-05-{draw.randrange(1, 9):02} 09:00:00" if draw.random() < 0.08 else None
            yield _order(account["id"], f"{draw.choice(days)} {_clock(draw)}", kind, deleted)
    own = [account["id"] for account in accounts if account["customer_id"] == favourite]
    edges = ("2025-12-31 23:59:59", "2026-01-01 00:00:00", "2026-03-31 23:59:59", "2026-04-01 00:00:00")
    for moment in (*edges, f"2026-03-31 {_clock(draw)}"):
        yield _order(draw.choice(own), moment, "paid", None)
    for status, deleted in ((None, None), ("cancelled", None), ("shipped", "2026-03-02 08:15:00")):
        yield _order(draw.choice(own), f"2026-02-{draw.randrange(10, 28)} {_clock(draw)}", status, deleted)


def _order(account: int, placed_at: str, status: str | None, deleted_at: str | None) -> Row:
    return {"customer_ref": account, "placed_at": placed_at, "status": status, "deleted_at": deleted_at}


def _clock(draw: random.Random) -> str:
    return f"{draw.randrange(7, 22):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"


def _items(draw: random.Random, order: int) -> list[Row]:
    skus = draw.sample(range(len(PRICES)), draw.randrange(1, 4))
    return [
        {"order_id": order, "sku": f"SKU-{sku:02}", "quantity": draw.randrange(1, 9), "unit_price": float(PRICES[sku])}
        for sku in skus
    ]


def _refunds(draw: random.Random, order: Row, total: Decimal | int) -> Iterator[Row]:
    for _ in range(draw.choices((0, 1, 2), weights=(6, 3, 2))[0]):
        amount = float(round(Decimal(total) * draw.randrange(5, 45) / 100, 2))
        when = draw.choice((str(order["placed_at"])[:10], "2026-04-18", "2026-05-02"))
        yield {"order_id": order["id"], "amount": amount, "refunded_at": f"{when} {_clock(draw)}"}
