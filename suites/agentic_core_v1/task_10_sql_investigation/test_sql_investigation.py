"""An investigation in SQL: a key that is not what its name says, a fan-out, a quarter that ends at midnight.

What is right is worked out from the rows in Python (``shop_books.py``), for the shop's database and for others of the
same schema that nobody has seen; the query must give the right row on all of them. Two queries that agree on all of
these are not told apart, and neither is a query that was reasoned out from one that was found by trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from agentic_core_text import numbers
from shop_books import Books, Question, first_customer
from shop_scenario import draw

from pytest_agentcore import Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

DATABASE, ANSWER, QUERY = "shop.db", "answer.txt", "query.sql"
CLOSE = Decimal("0.005")
LONGEST = 10_000  # characters of an answer or a query; every rule below looks at every one of them

MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|ust|ember|ober)?\.?"
DATE = (
    r"\b\d{4}-\d\d-\d\d(?:[ t]\d\d:\d\d(?::\d\d)?)?\b|\b\d\d?[/.]\d\d?[/.]20\d\d\b"
    r"|\b(?:q[1-4][ /-]?)?20\d\d(?:[ /-]?q[1-4])?\b(?![.,]\d)|\bq[1-4](?: ?'\d\d)?\b"
    rf"|\b\d\d?(?:st|nd|rd|th)? (?:of )?{MONTH}\b|\b{MONTH} \d\d?(?:st|nd|rd|th)?\b(?![.,]?\d)|#1\b"
)
LIST_MARK = r"^[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]+"
SPACED_THOUSANDS = r"(?<![\d.,])(\d{1,3})[ '](?=\d{3}(?:[.,]\d\d)?(?![\d]))"
TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|$) )
  | (?P<quoted>  '(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
  | (?P<end>     ; )
  | (?P<other>   [^\-/'"`\[;]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def plain(text: str) -> str:
    """The text in one voice: no case, straight apostrophes, single blanks, no emphasis."""
    text = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return re.sub(r"[^\S\n]+", " ", re.sub(r"[*`]|(?<!\w)_+|_+(?!\w)", "", text))


def split_names(text: str, names: Sequence[str]) -> tuple[str, list[str]]:
    """The plain text without the customers' names, and the customers that it names, each once.

    Longer names first, so that a name inside another one is not found there.
    """
    found = []
    rest = plain(text)
    for name in sorted(names, key=len, reverse=True):
        rest, times = re.subn(rf"(?<!\w){re.escape(plain(name))}(?!\w)", " ", rest)
        found += [name] * (times > 0)
    return rest, found


def without_dates(text: str) -> str:
    """The text without the quarter, years, days and the marks of a list, whose digits are no amount."""
    return re.sub(DATE, " ", re.sub(LIST_MARK, "", text, flags=re.MULTILINE))


def stated(text: str, names: Sequence[str]) -> tuple[str, tuple[Decimal, ...]]:
    """The one customer and the readings of the one amount that an answer states; a date is no amount.

    Decimals are not counted: ``1234.5`` is the same amount as ``1234.50``.

    Raises:
        WrongAnswer: no customer of the shop (``wrong_value``); several, or not exactly one number (``wrong_format``).
    """
    rest, named = split_names(text, names)
    if not named:
        raise WrongAnswer(f"{ANSWER} names no customer of the shop")
    if len(named) > 1:
        raise WrongAnswer(f"{ANSWER} must name one customer, found: {', '.join(named)}", detail="wrong_format")
    found = numbers(re.sub(SPACED_THOUSANDS, r"\1", without_dates(rest)))[1]
    if len(found) != 1:
        shown = ", ".join(str(number.value) for number in found) or "none"
        raise WrongAnswer(f"{ANSWER} must state one amount, found: {shown}", detail="wrong_format")
    return named[0], found[0].readings


def statements(sql: str) -> list[str]:
    """The statements of a text, comments taken out; a semicolon in quotes ends none."""
    found = [""]
    for token in TOKEN.finditer(sql):
        if token.lastgroup == "end":
            found.append("")
        else:
            found[-1] += " " if token.lastgroup == "comment" else token.group()
    return [statement.strip() for statement in found if statement.strip()]


def only_select(sql: str) -> str:
    """The one SELECT that a file consists of; WITH may stand before it, comments and semicolons around it.

    Raises:
        WrongAnswer: several statements, none, or another kind (``wrong_format``).
    """
    found = statements(sql)
    if len(found) != 1 or not re.match(r"(?:select|with)\b", found[0], re.IGNORECASE):
        raise WrongAnswer(
            f"{QUERY} must be one SELECT, found {len(found)} statements: {sql[:80]!r}", detail="wrong_format"
        )
    return found[0]


def short_text(workspace: Workspace, path: str) -> str:
    """A text file that is no longer than an answer can be (``wrong_format``)."""
    text = workspace.read_text(path)
    if len(text) > LONGEST:
        raise WrongAnswer(f"{path} has {len(text)} characters; at most {LONGEST} are read", detail="wrong_format")
    return text


def pristine(workspace: Workspace) -> bytes:
    """The database as the agent found it."""
    return workspace.before.by_path()[DATABASE].data or b""


def amounts(value: Any) -> tuple[Decimal, ...]:
    """What a value of a result row can mean as an amount: a number, or a text that is one (``$1,234.50``)."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (Decimal(str(value)),)
    found = (
        numbers(value)[1] if isinstance(value, str) and re.fullmatch(r"[\s$€£]*-?[\d.,' ]+(?:[a-z]{3})?", value) else []
    )
    return found[0].readings if len(found) == 1 else ()


def is_near(readings: Sequence[Decimal], target: Decimal) -> bool:
    """Is one of the readings the target, give or take half a cent?"""
    return any(abs(reading - target) <= CLOSE for reading in readings)


def keys_of(name: str, books: Books) -> Iterator[Any]:
    """Values that only say once more who a customer is: its row in customers, its accounts' numbers."""
    (customer,) = (row for row in books.customers if row["name"] == name)
    yield from customer.values()
    yield from (row["id"] for row in books.accounts if row["customer_id"] == customer["id"])


def wrong_row(result: Mapping[str, Any], books: Books, question: Question) -> str | None:
    """What is wrong with a query's rows; None for the one row with name and amount, in any order.

    A column that only identifies the same customer may stand beside them. Another figure may not: a row with the net
    and the gross amount leaves the choice to its reader.
    """
    name, amount = first_customer(books, question.right)
    if result["error"] is not None:
        return f"fails: {result['error']}"
    if len(result["rows"]) != 1:
        return f"gives {len(result['rows'])} rows" + " or more" * (len(result["rows"]) > 1)
    (row,) = result["rows"]
    named = [value for value in row if isinstance(value, str) and value.strip().casefold() == name.casefold()]
    right = [value for value in row if is_near(amounts(value), amount)]
    keys = list(keys_of(name, books))
    rest = [value for value in row if value not in named and value not in right and value not in keys]
    return None if named and right and not rest else f"gives {row!r}, expected {name!r} and {amount}"


def tried_to_write(answers: Sequence[Mapping[str, Any]]) -> bool:
    """Did the query want more than to read (a WITH before a DELETE)?"""
    return any(answer["denied"] for answer in answers)


def is_no_sql(answers: Sequence[Mapping[str, Any]]) -> bool:
    """Is the text not even SQL? A name that there is not, or a sum of nothing, is a wrong query, not a wrong format."""
    return all(
        re.search(r"syntax error|incomplete input|unrecognized token", answer["error"] or "") for answer in answers
    )


def observed(run: Run, query: str) -> dict[str, Any]:
    """What the final database holds, and what the query gives on it, on the pristine one and on the unseen ones."""
    names = [f"shop_{index}.db" for index in range(1 + len(run.scenario.unseen))]
    files: dict[str, str | bytes] = {names[0]: pristine(run.workspace), QUERY: query}
    result = run.check(
        ["python3", "-I", "../hidden/ask.py", DATABASE, *(f"../hidden/{name}" for name in names)], files=files
    )
    found = result.json()
    assert isinstance(found, dict)
    return found


def assert_query_is_right(answers: Sequence[Mapping[str, Any]], shops: Sequence[Books], question: Question) -> None:
    """The query reads, and gives the right row of every shop."""
    if tried_to_write(answers):
        raise WrongAnswer(f"{QUERY} does more than read: {answers[0]['denied']}", detail="wrong_format")
    if is_no_sql(answers):
        raise WrongAnswer(f"{QUERY} is no SQL: {answers[0]['error']}", detail="wrong_format")
    wrong = [wrong_row(answer, books, question) for answer, books in zip(answers, shops, strict=True)]
    assert wrong == [None] * len(shops), f"{QUERY} on the shop's and on unseen databases: {wrong}"


@agent_task(max_turns=15, scenario=draw)
def test_sql_investigation(run: Run) -> None:
    """Which customer had the highest revenue from orders placed in ${{ scenario.question }}, net of all refunds on those orders, ignoring cancelled and deleted ones? answer.txt: name and amount with two decimals; query.sql: one SELECT that returns just that row."""  # noqa: E501 - the prompt, word for word
    question: Question = run.scenario.question
    shop = Books.read(pristine(run.workspace))
    name, amount = first_customer(shop, question.right)
    answered, readings = stated(short_text(run.workspace, ANSWER), [row["name"] for row in shop.customers])
    assert answered == name
    assert is_near(readings, amount)
    found = observed(run, only_select(short_text(run.workspace, QUERY)))
    with run.expects("side_effect"):
        assert found["dumps"][0] == found["dumps"][1], "the database holds something else now"
    assert_query_is_right(found["answers"], [shop, shop, *run.scenario.unseen], question)
