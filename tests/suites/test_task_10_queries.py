"""Task 10: which queries are right on which databases, in the published shop and in a drawn one."""

# ruff: noqa: S608 - the queries under test are put together from parts on purpose

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore import Draw
from pytest_agentcore.errors import WrongAnswer

TASK = "task_10_sql_investigation"
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
    return task_module(TASK)


@pytest.fixture(scope="module", params=["canonical", "7"])
def scenario(task: ModuleType, request: pytest.FixtureRequest) -> Any:
    return task.draw(Draw(variant=request.param, suite_version="1.0.0", task=TASK, run=1))


@pytest.fixture(scope="module")
def shop(suite: Path) -> bytes:
    return (suite / TASK / "workspace/shop.db").read_bytes()


def in_its_words(sql: str, question: Any) -> str:
    """A query on the published question as it is put to another one."""
    words = {
        "2026-01-01": question.first,
        "2026-03-31": question.last,
        "2026-04-01": question.after,
        "2026-01": question.month(0),
        "2026-02": question.month(1),
        "2026-03": question.month(2),
        "2026%": f"{question.year}%",
        "'cancelled'": f"'{question.cancelled}'",
    }
    return re.sub("|".join(map(re.escape, words)), lambda word: words[word.group()], sql)


def asked(suite: Path, folder: Path, sql: str, databases: list[bytes], final: bytes | None = None) -> dict[str, Any]:
    """What the hidden script says about a query, run as the checker does, but without a sandbox."""
    (folder / "hidden").mkdir()
    script = suite / TASK / "hidden/ask.py"
    (folder / "hidden/ask.py").write_bytes(script.read_bytes())
    (folder / "hidden/query.sql").write_text(sql)
    names = [f"{index}.db" for index in range(len(databases) + 1)]
    for name, data in zip(names, [databases[0] if final is None else final, *databases], strict=True):
        (folder / name).write_bytes(data)
    argv, env = [sys.executable, "-I", "hidden/ask.py", *names], {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=True, text=True)
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def verdict(task: ModuleType, suite: Path, folder: Path, scenario: Any, sql: str) -> str | None:
    """None for a right query, else the detail of the failure."""
    shop = scenario.files()["shop.db"]
    shops = [scenario.shop, *scenario.unseen]
    try:
        wanted = task.only_select(in_its_words(sql, scenario.question))
        found = asked(suite, folder, wanted, [shop, *scenario.hidden().values()])
        assert found["dumps"][0] == found["dumps"][1]
        task.assert_query_is_right(found["answers"], [shops[0], *shops], scenario.question)
    except WrongAnswer as wrong:
        return str(wrong.detail)
    except AssertionError:
        return "wrong_value"
    return None


@pytest.mark.parametrize("name", RIGHT_QUERIES)
def test_a_right_query_is_right_on_every_shop(
    task: ModuleType, suite: Path, tmp_path: Path, scenario: Any, name: str
) -> None:
    assert verdict(task, suite, tmp_path, scenario, RIGHT_QUERIES[name]) is None


@pytest.mark.parametrize("name", WRONG_QUERIES)
def test_a_wrong_query_is_found_out(task: ModuleType, suite: Path, tmp_path: Path, scenario: Any, name: str) -> None:
    assert verdict(task, suite, tmp_path, scenario, WRONG_QUERIES[name]) == "wrong_value"


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
    task: ModuleType, suite: Path, tmp_path: Path, scenario: Any, sql: str
) -> None:
    assert verdict(task, suite, tmp_path, scenario, sql) == "wrong_format"


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
