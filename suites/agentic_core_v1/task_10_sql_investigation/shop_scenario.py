"""Draw a shop: its customers, their accounts and a year of orders around a quarter, with every trap in it.

Rows are drawn here and never judged; :mod:`shop_books` works the answers out. A draw in which one of the usual mistakes
would not show, in the first customer or in the amount, is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from shop_books import Books, Question, Row, first_customer, net_revenue, ranking, shows_every_mistake

from pytest_agentcore import Draw

PUBLISHED = Question(year=2026, quarter=1, cancelled="cancelled")
PUBLISHED_NAMES = (
    *("Alder & Finch", "Brightwater Cafe", "Cobalt Works", "Dunmore Books"),
    *("Eastgate Clinic", "Fennel Kitchen", "Granite Hill School", "Harbour Light"),
)
PUBLISHED_UNSEEN_NAMES = (
    *("Juniper Press", "Kestrel Optics", "Larkspur Hotel", "Millbrook Dairy"),
    *("Nettle & Thorn", "Orchard Street Gym", "Pinewood Nursery", "Quarry Lane Garage"),
)
PUBLISHED_UNSEEN = ("first unseen shop", "second unseen shop")
PUBLISHED_PRICES = ("4.35", "7.90", "12.49", "18.75", "24.99", "39.95", "58.20", "74.15", "96.40", "119.05")

PLACES = (
    *("Amberley", "Barrow", "Cedar Row", "Copperfield", "Deepdale", "Elmhurst", "Fairlight", "Foxglove", "Glenmoor"),
    *("Hawthorn", "Ivybridge", "Kingfisher", "Lakeside", "Marlow", "Northgate", "Oakfield", "Petrel", "Quayside"),
    *("Redwood", "Silverton", "Thistle", "Underhill", "Violet Street", "Westbrook", "Yarrow", "Zephyr"),
)
TRADES = (
    *("& Daughters", "& Moss", "Archive", "Atelier", "Bakery", "Brewing", "Ceramics", "Charity", "Dental", "Florist"),
    *("Foundry", "Gallery", "Hostel", "Joinery", "Laundry", "Library", "Marina", "Motors", "Orchestra", "Pharmacy"),
    *("Printers", "Roofing", "Salon", "Stables", "Tailors", "Theatre", "Travel", "Vets", "Winery", "Yoga"),
)
SPELLINGS = ("cancelled", "canceled", "CANCELLED", "Cancelled")
TRIES = 1000
SCHEMA = """\
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
CREATE TABLE accounts (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id)
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_ref INTEGER NOT NULL REFERENCES accounts (id),
  placed_at TEXT NOT NULL, -- 'YYYY-MM-DD HH:MM:SS', local time of the shop
  status TEXT, -- paid, shipped, CANCELLED; unknown for orders taken over from the old system
  deleted_at TEXT -- set when an order was deleted
);
CREATE TABLE order_items (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  unit_price REAL NOT NULL
);
CREATE TABLE refunds (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders (id),
  amount REAL NOT NULL,
  refunded_at TEXT NOT NULL
);
CREATE INDEX orders_by_account ON orders (customer_ref)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The question, the shop that the agent sees, and shops that its query has to answer for as well."""

    question: Question
    shop: Books
    unseen: tuple[Books, ...]

    def files(self) -> dict[str, bytes]:
        """The workspace."""
        return {"shop.db": self.shop.written(schema(self.question))}

    def hidden(self) -> dict[str, bytes]:
        """The unseen shops, ``shop_1.db`` and on."""
        return {f"shop_{index}.db": shop.written(schema(self.question)) for index, shop in enumerate(self.unseen, 1)}

    @property
    def name(self) -> str:
        """The customer who is asked for."""
        return first_customer(self.shop, self.question.right)[0]

    @property
    def amount(self) -> Decimal:
        """What that customer's orders brought, in full cents."""
        return _cents(first_customer(self.shop, self.question.right)[1])

    @property
    def thousands(self) -> str:
        """The amount as ``1,234.50``."""
        return f"{self.amount:,}"

    @property
    def runner_up(self) -> str:
        """Name and amount of the second."""
        name, amount = ranking(self.shop, self.question.right)[1]
        return f"{name} {_cents(amount)}"

    @property
    def threshold(self) -> Decimal:
        """An amount between the first and the second of the shop that the agent sees."""
        first, second = ranking(self.shop, self.question.right)[:2]
        return _cents((first[1] + second[1]) / 2)

    def mistaken(self, mistake: str) -> str:
        """Name and amount, separated by a comma, that a usual mistake gives."""
        name, amount = first_customer(self.shop, self.question.mistakes[mistake])
        return f"{name}, {_cents(amount)}"


def _cents(amount: Decimal) -> Decimal:
    return round(amount, 2)


def draw(by: Draw) -> Scenario:
    """The published shop, or one of a seed: quarter, spelling, customers, prices, orders, refunds."""
    if by.canonical:
        return _published()
    random = by.random()
    question = Question(
        year=random.randrange(2022, 2028), quarter=random.randrange(1, 5), cancelled=random.choice(SPELLINGS)
    )
    many = random.randrange(7, 10)
    names = [
        f"{place} {trade}" for place, trade in zip(random.sample(PLACES, 17), random.sample(TRADES, 17), strict=True)
    ]
    prices = [f"{random.randrange(10**4) / 100 + 4:.2f}" for _ in PUBLISHED_PRICES]
    fitting = _fitting((_books(random, names[:many], question, prices) for _ in range(TRIES)), question)
    shop = next(books for books in fitting if _misleads(books, question) >= 3)
    found = Scenario(question=question, shop=shop, unseen=())
    unseen = _fitting((_books(random, names[many:], question, prices) for _ in range(TRIES)), question)
    other = next(books for books in unseen if not _is_found_by(found.threshold, books, question))
    return Scenario(question=question, shop=shop, unseen=(other, next(unseen)))


def _published() -> Scenario:
    def tries(seed: str) -> Iterator[Books]:
        for attempt in range(TRIES):
            yield _books(Random(f"{seed} {attempt}"), PUBLISHED_UNSEEN_NAMES, PUBLISHED, PUBLISHED_PRICES)  # noqa: S311 - repeatable

    shop = _books(Random("canonical 90"), PUBLISHED_NAMES, PUBLISHED, PUBLISHED_PRICES)  # noqa: S311 - repeatable
    unseen = tuple(next(_fitting(tries(seed), PUBLISHED)) for seed in PUBLISHED_UNSEEN)
    return Scenario(question=PUBLISHED, shop=shop, unseen=unseen)


def _fitting(tries: Iterable[Books], question: Question) -> Iterator[Books]:
    return (books for books in tries if shows_every_mistake(books, question))


def _misleads(books: Books, question: Question) -> int:
    """How many of the mistakes lead to another customer, not only to another amount."""
    name, _ = first_customer(books, question.right)
    return sum(first_customer(books, mistake)[0] != name for mistake in question.mistakes.values())


def _is_found_by(threshold: Decimal, books: Books, question: Question) -> bool:
    """Would an amount that another shop's first customer passes single out this shop's too?"""
    return sum(amount > threshold for amount in net_revenue(books, question.right).values()) == 1


def schema(question: Question) -> list[str]:
    """The statements that make the tables; their comments tell what a column may hold."""
    return SCHEMA.replace("CANCELLED", question.cancelled).split(";\n")


def _books(random: Random, names: Sequence[str], question: Question, prices: Sequence[str]) -> Books:
    customers = [{"id": index, "name": name} for index, name in enumerate(random.sample(names, len(names)), start=1)]
    everyone = range(1, len(names) + 1)
    favourite, second = random.choice(everyone), random.choice(everyone)
    owners = [*everyone, favourite, second]
    random.shuffle(owners)
    accounts = [{"id": index, "customer_id": owner} for index, owner in enumerate(owners, start=1)]
    orders = sorted(_orders(random, accounts, favourite, question), key=lambda order: str(order["placed_at"]))
    orders = [{"id": index, **order} for index, order in enumerate(orders, start=1001)]
    items: list[Row] = []
    refunds: list[Row] = []
    later = (f"{question.month(3)}-18", f"{question.month(4)}-02")
    for order in orders:
        lines = _items(random, order["id"], prices)
        items += lines
        total = sum((row["quantity"] * Decimal(str(row["unit_price"])) for row in lines), Decimal(0))
        refunds += _refunds(random, order, total, later)
    return Books(
        customers=customers,
        accounts=accounts,
        orders=orders,
        order_items=[{"id": index, **row} for index, row in enumerate(items, start=1)],
        refunds=[{"id": index, **row} for index, row in enumerate(refunds, start=1)],
    )


def _orders(random: Random, accounts: Sequence[Row], favourite: int, question: Question) -> Iterator[Row]:
    """Six to nine orders an account around the quarter; the favourite has some at its very edges, and of every kind."""
    days = [f"{question.month(place)}-{day:02}" for place in range(-1, 4) for day in range(1, 29)]
    for account in accounts:
        for _ in range(random.randrange(6, 10)):
            kind = random.choices(("paid", "shipped", question.cancelled, None), weights=(5, 5, 1, 1))[0]
            deleted = f"{question.month(4)}-{random.randrange(1, 9):02} 09:00:00" if random.random() < 0.08 else None
            yield _order(account["id"], f"{random.choice(days)} {_clock(random)}", kind, deleted)
    own = [account["id"] for account in accounts if account["customer_id"] == favourite]
    edges = (
        *(f"{question.day_before} 23:59:59", f"{question.first} 00:00:00"),
        *(f"{question.last} 23:59:59", f"{question.after} 00:00:00"),
    )
    for moment in (*edges, f"{question.last} {_clock(random)}"):
        yield _order(random.choice(own), moment, "paid", None)
    deleted = f"{question.month(2)}-02 08:15:00"
    for status, deleted_at in ((None, None), (question.cancelled, None), ("shipped", deleted)):
        owned = random.choice(own)
        moment = f"{question.month(1)}-{random.randrange(10, 28)} {_clock(random)}"
        yield _order(owned, moment, status, deleted_at)


def _order(account: int, placed_at: str, status: str | None, deleted_at: str | None) -> Row:
    return {"customer_ref": account, "placed_at": placed_at, "status": status, "deleted_at": deleted_at}


def _clock(random: Random) -> str:
    return f"{random.randrange(7, 22):02}:{random.randrange(60):02}:{random.randrange(60):02}"


def _items(random: Random, order: int, prices: Sequence[str]) -> list[Row]:
    skus = random.sample(range(len(prices)), random.randrange(1, 4))
    return [
        {
            "order_id": order,
            "sku": f"SKU-{sku:02}",
            "quantity": random.randrange(1, 9),
            "unit_price": float(prices[sku]),
        }
        for sku in skus
    ]


def _refunds(random: Random, order: Row, total: Decimal, later: Sequence[str]) -> Iterator[Row]:
    """None, one or two, on the day of the order or later, when the quarter is over."""
    for _ in range(random.choices((0, 1, 2), weights=(6, 3, 2))[0]):
        amount = float(round(total * random.randrange(5, 45) / 100, 2))
        when = random.choice((str(order["placed_at"])[:10], *later))
        yield {"order_id": order["id"], "amount": amount, "refunded_at": f"{when} {_clock(random)}"}
