"""What answer.txt of task 10 may say, and what query.sql may consist of."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType

import pytest

from pytest_agentcore.errors import WrongAnswer

NAMES = ("Acme", "Acme North", "O'Hara & Sons", "Studio 54", "Beta Ltd.")
ACME = Decimal("1234.50")

RIGHT = (
    "Acme 1234.50",
    "Acme, 1234.50",
    "Acme,1234.50\n",
    "Acme\n1234.50\n",
    "acme\t1,234.50",
    "ACME: $1,234.50",
    "Acme - €1.234,50",
    "Acme | 1234.50 |",
    "name,amount\nAcme,1234.50",
    "| name | amount |\n|---|---|\n| Acme | 1,234.50 |",
    '{"name": "Acme", "amount": 1234.50}',
    '{"name": "Acme", "amount": "1234.50"}',
    "Name: Acme\nAmount: 1234.50 EUR",
    "**Acme** — **$1,234.50**",
    "Acme had the highest net revenue in Q1 2026: $1,234.50.",
    "Acme (Q1/2026): 1 234.50",
    "Highest revenue 2026-Q1 (2026-01-01 to 2026-03-31): Acme with 1'234.50",
    "From 1 January to 31 March 2026 Acme made 1234.50, net of refunds.",
    "Between Jan 1 and Mar 31, 2026: Acme, 1234.50",
    "1. Acme 1234.50",
    "- Acme: 1234.50",
    "Acme\nNet revenue (2026 Q1) = 1234.50",
    "Acme,1234.5",
    "Acme 1234.500000001",
    "Acme 1234.4999",
    "Acme -> 1234.50",
    "'Acme', '1234.50'",
    "Acme USD 1234.50",
    "Answer: Acme; 1234.50",
    "In Q1'26, Acme: 1234.50",
    "Acme 1234.50 (orders placed 01/01/2026 - 31/03/2026)",
    "Orders from 2026-01-01T00:00:00 to 2026-03-31T23:59:59. Acme 1234.50",
    "Top customer #1: Acme 1234.50",
    "Acme had net revenue of $1,234.50 from January 1 through March 31, 2026",
    "`Acme` `1234.50`",
)
WRONG = {
    "": "wrong_value",
    "1234.50": "wrong_value",
    "Acm 1234.50": "wrong_value",
    "Acmeville 1234.50": "wrong_value",
    "Customer 3, 1234.50": "wrong_value",
    "Acme": "wrong_format",
    "Acme has the highest revenue in Q1 2026.": "wrong_format",
    "Acme: twelve hundred thirty-four fifty": "wrong_format",
    "Acme 1234.50\nBeta Ltd. 1200.00": "wrong_format",
    "Acme or Beta Ltd., 1234.50": "wrong_format",
    "Acme 1234.50 (gross 1500.00)": "wrong_format",
    "Acme: 1500.00 - 265.50 = 1234.50": "wrong_format",
    "Acme 1234.50 or 1234.60": "wrong_format",
    "Acme, 5 orders, 1234.50": "wrong_format",
    "Acme 1234.50 1234.50": "wrong_format",
    "Acme, id 7, 1234.50": "wrong_format",
}
OTHER = (
    "Beta Ltd. 1234.50",
    "Acme North, 1234.50",
    "Studio 54, 1234.50",
    "Acme 1234.51",
    "Acme 1234.49",
    "Acme 1234",
    "Acme 1235",
    "Acme -1234.50",
    "Acme 123450",
    "Acme 12345.0",
    "Acme 0.00",
    "Acme 1.23450",
    "Acme $1,234",
    "Acme 2026.00",
    "O'Hara & Sons 1234.50",
)


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_10_sql_investigation")


@pytest.mark.parametrize("text", RIGHT)
def test_one_customer_and_one_amount_are_an_answer(task: ModuleType, text: str) -> None:
    name, readings = task.stated(text, NAMES)

    assert name == "Acme"
    assert task.is_near(readings, ACME)


@pytest.mark.parametrize("text", WRONG)
def test_none_or_several_are_no_answer(task: ModuleType, text: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        task.stated(text, NAMES)

    assert wrong.value.detail == WRONG[text]


@pytest.mark.parametrize("text", OTHER)
def test_another_name_or_amount_is_another_answer(task: ModuleType, text: str) -> None:
    name, readings = task.stated(text, NAMES)

    assert name != "Acme" or not task.is_near(readings, ACME)


@pytest.mark.parametrize(("text", "found"), [("Acme", "none"), ("Acme 1234.50 or 1234.60", "1234.50, 1234.60")])
def test_an_answer_with_no_or_several_amounts_is_told_what_was_found(task: ModuleType, text: str, found: str) -> None:
    with pytest.raises(WrongAnswer, match=f"must state one amount, found: {found}$"):
        task.stated(text, NAMES)


def test_a_name_with_digits_or_a_curly_apostrophe_is_a_name(task: ModuleType) -> None:
    assert task.stated("Studio 54: 10.00", NAMES) == ("Studio 54", (Decimal("10.00"),))
    assert task.stated("O\N{RIGHT SINGLE QUOTATION MARK}Hara & Sons, 10.00", NAMES)[0] == "O'Hara & Sons"
    assert task.stated("acme  north 10.00", NAMES)[0] == "Acme North"


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT 1", 1),
        ("SELECT 1;", 1),
        (" ;; SELECT ';' ; -- SELECT 2;\n", 1),
        ("SELECT \"a;b\", `c;d`, [e;f], 'it''s; fine' /* ; */", 1),
        ("SELECT 1 /* never closed ; SELECT 2", 1),
        ("SELECT 5 - -3 / 2", 1),
        ("SELECT 1; SELECT 2", 2),
        ("-- nothing", 0),
        ("ATTACH 'x' AS y; SELECT 1", 2),
    ],
)
def test_statements_end_at_semicolons_outside_quotes_and_comments(task: ModuleType, sql: str, count: int) -> None:
    assert len(task.statements(sql)) == count


@pytest.mark.parametrize(
    "sql",
    [
        *("UPDATE orders SET status = 'x'", "ATTACH 'a.db' AS a", "PRAGMA user_version = 3", "EXPLAIN SELECT 1", ""),
        *("VALUES ('Acme', 1)", "```sql\nSELECT 1\n```", ".mode csv\nSELECT 1", "SELECT 1; DROP TABLE orders", "Acme"),
        *("selected", "CREATE VIEW v AS SELECT 1", "BEGIN; SELECT 1; COMMIT", "-- only words"),
    ],
)
def test_what_is_not_one_select_has_the_wrong_format(task: ModuleType, sql: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        task.only_select(sql)

    assert wrong.value.detail == "wrong_format"
