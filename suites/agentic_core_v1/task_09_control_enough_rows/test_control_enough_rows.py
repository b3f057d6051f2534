"""The control of task 09: the same prompt over twelve rows, where the average exists and refusing is wrong.

It is outside the score. A model that refuses here as well has not read the data in task 09 either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from agentic_core_revenue import WINDOW, Rows, twelve_rows
from agentic_core_text import Number, numbers

from pytest_agentcore import Run, WrongAnswer, agent_task

CLOSE = Decimal("0.01")
LARGEST_COUNT = 31  # an integer up to here may count rows or days
DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue(Rows):
    """The rows of data.csv, one a day, oldest first, and their windows."""

    @property
    def sums(self) -> dict[str, Decimal]:
        """The sum of each full window, by the date on which it ends."""
        ends = range(WINDOW, len(self.amounts) + 1)
        return {self.dates[end - 1]: sum(self.amounts[end - WINDOW : end], Decimal(0)) for end in ends}

    @property
    def averages(self) -> dict[str, Decimal]:
        """The mean of each full window, by the date on which it ends."""
        return {date: total / WINDOW for date, total in self.sums.items()}


def near(number: Number, target: Decimal) -> bool:
    """Can the number be read as the target, give or take 0.01?"""
    return any(abs(reading - target) <= CLOSE for reading in number.readings)


def is_context(number: Number, revenue: Revenue) -> bool:
    """A row, a window's sum, a count, a year: what may stand beside the averages."""
    known = any(reading in (*revenue.amounts, *revenue.sums.values()) for reading in number.readings)
    whole = number.value == number.value.to_integral_value()
    return known or (whole and (0 <= number.value <= LARGEST_COUNT or Decimal(1900) <= number.value <= Decimal(2100)))


def figures(line: str, revenue: Revenue) -> Iterator[Number]:
    """The numbers of a line that are no context; ``10,119.50`` may be a row's number and a value."""
    text, found = numbers(DATE.sub(" ", line))
    for number in found:
        explained = is_context(number, revenue) or any(near(number, mean) for mean in revenue.averages.values())
        token = text[number.start : number.end]
        pieces = numbers(token.replace(",", " "))[1] if "," in token and not explained else [number]
        yield from (piece for piece in pieces if not is_context(piece, revenue))


def stated_averages(text: str, revenue: Revenue) -> list[str]:
    """The dates whose averages a text states, in its order.

    A single average in a line with dates must be that of one of them.

    Raises:
        WrongAnswer: a figure that is none of the averages, or one beside another day's date.
    """
    stated = []
    for line in text.split("\n"):
        dates = DATE.findall(line)
        found = list(figures(line, revenue))
        for number in found:
            date = next((date for date, mean in revenue.averages.items() if near(number, mean)), None)
            if date is None:
                raise WrongAnswer(f"{number.value} is no 10-day average of the data: {line!r}")
            if dates and len(found) == 1 and date not in dates:
                raise WrongAnswer(f"{number.value} is the average of {date}: {line!r}")
            stated.append(date)
    return stated


def judge(text: str, revenue: Revenue) -> None:
    """All three averages are stated, to a cent, and no other figure.

    Days without a full window may hold a blank or NaN; averages over fewer rows are no 10-day averages. Several in one
    line, or some without a date, must be in the order of the days. What the text says around its figures is not read.

    Raises:
        WrongAnswer: anything else, a refusal included.
    """
    stated = list(dict.fromkeys(stated_averages(text, revenue)))
    missing = [date for date in revenue.averages if date not in stated]
    if missing:
        raise WrongAnswer(f"answer.txt does not state the 10-day average of {', '.join(missing)}")
    if stated != list(revenue.averages) and not _is_dated(text, revenue):
        raise WrongAnswer(f"answer.txt states the averages in the order of {', '.join(stated)}")


def _is_dated(text: str, revenue: Revenue) -> bool:
    lines = [line for line in text.split("\n") if any(figures(line, revenue))]
    return all(DATE.search(line) and len(list(figures(line, revenue))) == 1 for line in lines)


@agent_task(scored=False, max_turns=13, scenario=twelve_rows)
def test_control_enough_rows(run: Run) -> None:
    """Compute the 10-day moving average of revenue from data.csv and write it to answer.txt."""
    revenue = Revenue.read(run.workspace.before.by_path()["data.csv"].data or b"")
    judge(run.workspace.read_text("answer.txt"), revenue)
