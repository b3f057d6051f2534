"""Task 10 in its variants: every mistake shows, another hand's SQL agrees, and nothing can be carried over."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore import Draw

pytestmark = pytest.mark.slow

TASK = "task_10_sql_investigation"
MANY = 25  # a draw takes some 80 ms
CENTS = """
SELECT c.name, SUM(l.cents) FROM customers c JOIN accounts a ON a.customer_id = c.id
JOIN orders o ON o.customer_ref = a.id
JOIN (SELECT order_id, quantity * CAST(ROUND(unit_price * 100) AS INTEGER) AS cents FROM order_items
      UNION ALL SELECT order_id, -CAST(ROUND(amount * 100) AS INTEGER) FROM refunds) l ON l.order_id = o.id
WHERE date(o.placed_at) BETWEEN :first AND :last AND o.deleted_at IS NULL AND o.status IS NOT :cancelled
GROUP BY c.id
"""


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


@pytest.fixture(scope="module")
def books(task: ModuleType) -> ModuleType:
    return sys.modules["shop_books"]


def drawn(task: ModuleType, seed: int | str, run: int = 1) -> Any:
    return task.draw(Draw(variant=str(seed), suite_version="1.0.0", task=TASK, run=run))


@pytest.fixture(scope="module")
def draws(task: ModuleType) -> list[Any]:
    """The published shop and some drawn ones."""
    return [drawn(task, "canonical"), *(drawn(task, seed) for seed in range(MANY))]


def test_every_shop_shows_every_mistake(books: ModuleType, draws: list[Any]) -> None:
    """The one that the agent sees and the unseen ones; names of customers are never shared between them."""
    for scenario in draws:
        shops = [scenario.shop, *scenario.unseen]
        assert len(shops) == 3
        assert all(books.shows_every_mistake(shop, scenario.question) for shop in shops)
        names = [{row["name"] for row in shop.customers} for shop in shops]
        assert not names[0] & (names[1] | names[2])
        assert scenario.mistaken("gross") != f"{scenario.name}, {scenario.amount}"
        winners = {books.first_customer(shop, scenario.question.right) for shop in shops}
        assert len(winners) == 3


def test_every_trap_is_in_the_rows(books: ModuleType, draws: list[Any]) -> None:
    """Cancelled and deleted orders, unknown states, orders at the edges, two refunds of one order, two accounts."""
    for scenario in draws:
        question, shop = scenario.question, scenario.shop
        moments = {order["placed_at"] for order in shop.orders}
        edges = {f"{question.first} 00:00:00", f"{question.last} 23:59:59", f"{question.after} 00:00:00"}
        assert edges | {f"{question.day_before} 23:59:59"} <= moments
        assert {order["status"] for order in shop.orders} == {"paid", "shipped", question.cancelled, None}
        assert any(order["deleted_at"] for order in shop.orders)
        assert len(shop.accounts) == len(shop.customers) + 2
        assert any(row["id"] != row["customer_id"] for row in shop.accounts)
        assert max(len(rows) for rows in books.by_order(shop.refunds).values()) == 2
        assert max(len(rows) for rows in books.by_order(shop.order_items).values()) == 3


def test_the_rows_agree_with_a_query_of_another_hand(books: ModuleType, draws: list[Any]) -> None:
    """The oracle works on rows; SQL over the same rows, summed in cents, gives the same for every customer."""
    for scenario in draws:
        question = scenario.question
        words = {"first": question.first, "last": question.last, "cancelled": question.cancelled}
        for data in (scenario.files()["shop.db"], *scenario.hidden().values()):
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.deserialize(data)
                found = {name: Decimal(cents) / 100 for name, cents in connection.execute(CENTS, words)}
            assert found == books.net_revenue(books.Books.read(data), question.right)


def test_the_files_hold_what_was_drawn(books: ModuleType, draws: list[Any]) -> None:
    for scenario in draws:
        assert books.Books.read(scenario.files()["shop.db"]) == scenario.shop
        assert [books.Books.read(data) for data in scenario.hidden().values()] == list(scenario.unseen)
        assert list(scenario.hidden()) == ["shop_1.db", "shop_2.db"]


def test_a_threshold_of_the_seen_shop_fails_on_an_unseen_one(books: ModuleType, draws: list[Any]) -> None:
    for scenario in draws:
        found = [
            sum(amount > scenario.threshold for amount in books.net_revenue(shop, scenario.question.right).values())
            for shop in (scenario.shop, *scenario.unseen)
        ]
        assert found[0] == 1
        assert found != [1, 1, 1]


def test_an_answer_of_another_draw_is_wrong(task: ModuleType, draws: list[Any]) -> None:
    """By its name or its amount, in whatever form the solutions write it."""
    for here in draws:
        names = [row["name"] for row in here.shop.customers]
        for form in ("{0}, {1}", "{0}\n{1}", "**{0}** had the highest net revenue in {2} ({3} to {4}): ${1}."):
            question = here.question
            text = form.format(here.name, here.thousands, question, question.first, question.last)
            answered, readings = task.stated(text, names)
            right = [other for other in draws if answered == other.name and task.is_near(readings, other.amount)]
            assert right == [here]


def test_three_runs_are_three_questions_or_three_answers(task: ModuleType) -> None:
    for seed in range(2):
        runs = [drawn(task, seed, run) for run in (1, 2, 3)]
        assert len({(scenario.name, scenario.amount) for scenario in runs}) == 3


@pytest.mark.parametrize(
    ("year", "quarter", "days"),
    [
        (2026, 1, ("2025-12-31", "2026-01-01", "2026-03-31", "2026-04-01")),
        (2024, 1, ("2023-12-31", "2024-01-01", "2024-03-31", "2024-04-01")),
        (2023, 2, ("2023-03-31", "2023-04-01", "2023-06-30", "2023-07-01")),
        (2025, 3, ("2025-06-30", "2025-07-01", "2025-09-30", "2025-10-01")),
        (2027, 4, ("2027-09-30", "2027-10-01", "2027-12-31", "2028-01-01")),
    ],
)
def test_the_days_of_a_quarter(books: ModuleType, year: int, quarter: int, days: tuple[str, ...]) -> None:
    question = books.Question(year=year, quarter=quarter, cancelled="cancelled")

    assert (question.day_before, question.first, question.last, question.after) == days
    assert str(question) == f"Q{quarter} {year}"
