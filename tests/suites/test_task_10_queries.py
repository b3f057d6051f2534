"""Task 10: which queries are right on which databases, and that the shop's data separates the usual mistakes."""

# ruff: noqa: S608 - the queries under test are put together from parts on purpose

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.errors import WrongAnswer

NET = "SUM(i.quantity * i.unit_price) - COALESCE((SELECT SUM(r.amount) FROM refunds r WHERE r.order_id = o.id), 0)"
PER_ORDER = f"SELECT o.customer_ref AS ref, {NET} AS net FROM orders o JOIN order_items i ON i.order_id = o.id"
QUARTER = "o.placed_at >= '2026-01-01' AND o.placed_at < '2026-04-01'"
KEPT = "COALESCE(o.status, 'unknown') <> 'cancelled' AND o.deleted_at IS NULL"


def query(
    *,
    chosen: str = "c.name, SUM(p.net)",
    quarter: str = QUARTER,
    kept: str = KEPT,
    end: str = "GROUP BY c.id ORDER BY SUM(p.net) DESC LIMIT 1",
) -> str:
    """One way to ask; every argument changes one part of it."""
    return (
        f"SELECT {chosen} FROM ({PER_ORDER} WHERE {quarter} AND {kept} GROUP BY o.id) p "
        f"JOIN accounts a ON a.id = p.ref JOIN customers c ON c.id = a.customer_id {end}"
    )


TOTALS = query(chosen="SUM(p.net) AS total", end="GROUP BY c.id")
RIGHT_QUERIES = {
    "plain": query(),
    "rounded": query(chosen="c.name, ROUND(SUM(p.net), 2)"),
    "text": query(chosen="c.name, printf('%.2f', SUM(p.net))"),
    "thousands": query(chosen="c.name AS n, '$' || printf('%,.2f', SUM(p.net)) AS a"),
    "swapped": query(chosen="SUM(p.net), c.name"),
    "upper": query(chosen="upper(c.name), SUM(p.net)"),
    "with id": query(chosen="c.id, c.name, SUM(p.net)"),
    "closed interval": query(quarter="o.placed_at BETWEEN '2026-01-01' AND '2026-03-31 23:59:59'"),
    "date()": query(quarter="date(o.placed_at) BETWEEN '2026-01-01' AND '2026-03-31'"),
    "months": query(quarter="substr(o.placed_at, 1, 7) IN ('2026-01', '2026-02', '2026-03')"),
    "like": query(
        quarter="(o.placed_at LIKE '2026-01%' OR o.placed_at LIKE '2026-02%' OR o.placed_at LIKE '2026-03%')"
    ),
    "is not": query(kept="o.status IS NOT 'cancelled' AND o.deleted_at IS NULL"),
    "listed states": query(kept="(o.status IN ('paid', 'shipped') OR o.status IS NULL) AND o.deleted_at IS NULL"),
    "by name": query(end="GROUP BY c.name ORDER BY 2 DESC LIMIT 1"),
    "having": query(end=f"GROUP BY c.id HAVING SUM(p.net) = (SELECT MAX(total) FROM ({TOTALS}))"),
    "max": f"SELECT name, MAX(net) FROM ({query(chosen='c.name AS name, SUM(p.net) AS net', end='GROUP BY c.id')})",
    "semicolon in a comment": query() + " -- first; one\n;",
    "block comment": "/* one; two */ " + query() + ";;",
    "lower case": query().lower().replace("'%y", "'%Y"),
}
WRONG_QUERIES = {
    "last day": query(quarter="o.placed_at BETWEEN '2026-01-01' AND '2026-03-31'"),
    "april too": query(quarter="o.placed_at >= '2026-01-01' AND o.placed_at <= '2026-04-01 00:00:00'"),
    "midnight lost": query(quarter="o.placed_at > '2026-01-01 00:00:00' AND o.placed_at < '2026-04-01'"),
    "year": query(quarter="o.placed_at LIKE '2026%'"),
    "no quarter": query(quarter="1"),
    "null dropped": query(kept="o.status <> 'cancelled' AND o.deleted_at IS NULL"),
    "cancelled kept": query(kept="o.deleted_at IS NULL"),
    "deleted kept": query(kept="COALESCE(o.status, '') <> 'cancelled'"),
    "deleted alone": query(kept="COALESCE(o.status, '') <> 'cancelled' AND o.deleted_at IS NOT NULL"),
    "lowest": query(end="GROUP BY c.id ORDER BY SUM(p.net) LIMIT 1"),
    "no limit": query(end="GROUP BY c.id ORDER BY SUM(p.net) DESC"),
    "by account": query(end="GROUP BY a.id ORDER BY SUM(p.net) DESC LIMIT 1"),
    "whole units": query(chosen="c.name, CAST(SUM(p.net) AS INTEGER)"),
    "name alone": query(chosen="c.name"),
    "amount alone": query(chosen="SUM(p.net)"),
    "id for name": query(chosen="c.id, SUM(p.net)"),
    "gross beside": query(chosen="c.name, SUM(p.net), SUM(p.net) * 2"),
    "nulls": query(chosen="c.name, SUM(p.net), NULL"),
    "bytes": query(chosen="CAST(c.name AS BLOB), SUM(p.net)"),
    "average": query(chosen="c.name, AVG(p.net)"),
    "no such column": query(chosen="c.nome, SUM(p.net)"),
    "nothing": query() + " OFFSET 100",
    "refunds once too often": query().replace("- COALESCE", "- 2 * COALESCE"),
    "customer_ref as customer": query().replace("a.id = p.ref", "a.customer_id = p.ref"),
}


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_10_sql_investigation")


@pytest.fixture(scope="module")
def books(task: ModuleType) -> ModuleType:
    return sys.modules["shop_books"]


@pytest.fixture(scope="module")
def shop(suite: Path) -> bytes:
    return (suite / "task_10_sql_investigation/workspace/shop.db").read_bytes()


def asked(suite: Path, folder: Path, sql: str, databases: list[bytes], final: bytes | None = None) -> dict[str, Any]:
    """What the hidden script says about a query, run as the checker does, but without a sandbox."""
    (folder / "hidden").mkdir()
    script = suite / "task_10_sql_investigation/hidden/ask.py"
    (folder / "hidden/ask.py").write_bytes(script.read_bytes())
    (folder / "hidden/query.sql").write_text(sql)
    names = [f"{index}.db" for index in range(len(databases) + 1)]
    for name, data in zip(names, [databases[0] if final is None else final, *databases], strict=True):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", "hidden/ask.py", *names], cwd=folder, capture_output=True, check=True, text=True
    )
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def verdict(task: ModuleType, suite: Path, folder: Path, shop: bytes, sql: str) -> str | None:
    """None for a right query, else the detail of the failure."""
    unseen = task.unseen_shops(tuple(task.schema_of(shop)))
    shops = [task.Books.read(shop), *(books for books, _ in unseen)]
    try:
        found = asked(suite, folder, task.only_select(sql), [shop, *(data for _, data in unseen)])
        assert found["dumps"][0] == found["dumps"][1]
        task.assert_query_is_right(found["answers"], [shops[0], *shops])
    except WrongAnswer as wrong:
        return str(wrong.detail)
    except AssertionError:
        return "wrong_value"
    return None


@pytest.mark.parametrize("name", RIGHT_QUERIES)
def test_a_right_query_is_right_on_every_shop(
    task: ModuleType, suite: Path, tmp_path: Path, shop: bytes, name: str
) -> None:
    assert verdict(task, suite, tmp_path, shop, RIGHT_QUERIES[name]) is None


@pytest.mark.parametrize("name", WRONG_QUERIES)
def test_a_wrong_query_is_found_out(task: ModuleType, suite: Path, tmp_path: Path, shop: bytes, name: str) -> None:
    assert verdict(task, suite, tmp_path, shop, WRONG_QUERIES[name]) == "wrong_value"


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1) UPDATE orders SET status = NULL RETURNING 'a', 1",
        "WITH x AS (SELECT 1) INSERT INTO refunds SELECT 1, 1, 1, 'x' RETURNING 1",
        "SELECT name FROM pragma_table_info('orders'), customers",
        "SELECT FROM WHERE",
        "SELECT (1",
        "SELECT 'open",
    ],
)
def test_a_query_that_writes_or_is_no_sql_has_the_wrong_format(
    task: ModuleType, suite: Path, tmp_path: Path, shop: bytes, sql: str
) -> None:
    assert verdict(task, suite, tmp_path, shop, sql) == "wrong_format"


def test_the_shop_shows_every_mistake(books: ModuleType, shop: bytes) -> None:
    canonical = books.Books.read(shop)

    assert books.shows_every_mistake(canonical)
    assert books.first_customer(canonical) == ("Cobalt Works", Decimal("2603.85"))


def test_unseen_shops_have_the_same_tables_and_another_answer(books: ModuleType, task: ModuleType, shop: bytes) -> None:
    schema = books.schema_of(shop)
    seen = {books.first_customer(books.Books.read(shop))[0]}

    for each, data in task.unseen_shops(tuple(schema)):
        assert books.schema_of(data) == schema
        assert books.Books.read(data) == each
        assert books.shows_every_mistake(each)
        seen.add(books.first_customer(each)[0])
    assert len(seen) == 1 + len(task.UNSEEN)


def test_the_rows_agree_with_a_query_of_another_hand(books: ModuleType, shop: bytes) -> None:
    """The oracle works on rows; SQL over the same rows, summed in cents, gives the same for every customer."""
    sql = """
    SELECT c.name, SUM(l.cents) FROM customers c JOIN accounts a ON a.customer_id = c.id
    JOIN orders o ON o.customer_ref = a.id
    JOIN (SELECT order_id, quantity * CAST(ROUND(unit_price * 100) AS INTEGER) AS cents FROM order_items
          UNION ALL SELECT order_id, -CAST(ROUND(amount * 100) AS INTEGER) FROM refunds) l ON l.order_id = o.id
    WHERE o.placed_at >= '2026-01-01' AND o.placed_at < '2026-04-01' AND o.deleted_at IS NULL
      AND o.status IS NOT 'cancelled'
    GROUP BY c.id
    """
    for seed in ("a", "b", "c"):
        data = books.drawn(seed).written(books.schema_of(shop))
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(data)
            found = {name: Decimal(cents) / 100 for name, cents in connection.execute(sql)}
        assert found == books.net_revenue(books.Books.read(data))


@pytest.mark.parametrize(
    ("statement", "same"),
    [
        ("PRAGMA journal_mode=WAL", True),
        ("VACUUM", True),
        ("PRAGMA user_version=7", True),
        ("UPDATE orders SET status = 'paid' WHERE status IS NULL", False),
        ("DELETE FROM refunds WHERE id = 1", False),
        ("CREATE INDEX by_day ON orders (placed_at)", False),
        ("CREATE VIEW net AS SELECT 1", False),
    ],
)
def test_the_dump_sees_rows_and_tables_and_not_the_form_of_the_file(
    suite: Path, tmp_path: Path, shop: bytes, statement: str, *, same: bool
) -> None:
    path = tmp_path / "final.db"
    path.write_bytes(shop)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()

    final, pristine = asked(suite, tmp_path, "SELECT 1", [shop], final=path.read_bytes())["dumps"]

    assert (final == pristine) is same


@pytest.mark.parametrize("final", [b"", b"no database at all" * 100])
def test_a_database_that_is_none_any_more_is_changed(suite: Path, tmp_path: Path, shop: bytes, final: bytes) -> None:
    now, before = asked(suite, tmp_path, "SELECT 1", [shop], final=final)["dumps"]

    assert now != before


def test_the_shop_is_drawn_from_a_seed_that_is_known(books: ModuleType, shop: bytes) -> None:
    canonical = books.Books.read(shop)
    names = sorted(row["name"] for row in canonical.customers)
    draw = random.Random("canonical 90")  # noqa: S311 - repeatable, not secret

    assert books._draw(draw, names) == canonical
    assert not set(names) & set(books.NAMES)
