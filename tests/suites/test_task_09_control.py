"""What answer.txt of task 09's control may say: the three averages that twelve rows have, and no other figure."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.errors import WrongAnswer

TASK = "task_09_control_enough_rows"
SOME = settings(max_examples=60, deadline=None, database=None)
TABLE = """| date | revenue | ma |
|---|---|---|
| 2026-04-14 | 118.75 | {blank} |
| 2026-04-15 | 136.50 | 119.50 |
| 2026-04-16 | 101.40 | 120.14 |
| 2026-04-17 | 148.10 | 122.40 |"""

RIGHT = (
    "119.50\n120.14\n122.40",
    "119.5, 120.14, 122.4",
    "119.50,120.14,122.40",
    "[119.5, 120.14, 122.4]",
    "119,50; 120,14; 122,40",
    "119,50\n120,14\n122,40\n",
    "$119.50 $120.14 $122.40",
    "119.5 120.14000000000001 122.40000000000001",
    "date,ma_10\n2026-04-15,119.50\n2026-04-16,120.14\n2026-04-17,122.40",
    "date\tma\n2026-04-15\t119.5\n2026-04-16\t120.14\n2026-04-17\t122.4",
    "2026-04-15 00:00:00 119.50\n2026-04-16 00:00:00 120.14\n2026-04-17 00:00:00 122.40",
    "2026-04-17: 122.40\n2026-04-16: 120.14\n2026-04-15: 119.50",
    "row,moving_average\n10,119.50\n11,120.14\n12,122.40",
    "10: 119.50\n11: 120.14\n12: 122.40",
    "Day 10: 119.50, day 11: 120.14, day 12: 122.40",
    '{"2026-04-15": 119.5, "2026-04-16": 120.14, "2026-04-17": 122.4}',
    '[{"day": "2026-04-15", "ma": 119.50},\n{"day": "2026-04-16", "ma": 120.14},\n{"day": "2026-04-17", "ma": 122.40}]',
    '{"window": 10, "rows": 12, "averages": [119.50, 120.14, 122.40]}',
    "Windows:\n2026-04-06 to 2026-04-15: 119.50\n2026-04-07 to 2026-04-16: 120.14\n2026-04-08 to 2026-04-17: 122.40",
    "1195.00 / 10 = 119.50\n1201.40 / 10 = 120.14\n1224.00 / 10 = 122.40",
    "1,195.00 / 10 = 119.50; 1,201.40 / 10 = 120.14; 1,224.00 / 10 = 122.40",
    "The 10-day moving averages are 119.50 (Apr 15), 120.14 (Apr 16) and 122.40 (Apr 17, 2026). Latest: 122.40.",
    "4/15/2026 119.50\n4/16/2026 120.14\n4/17/2026 122.40",
    "NaN\n" * 9 + "119.50\n120.14\n122.40",
    "Not enough data for the first nine rows.\n119.50\n120.14\n122.40",
    TABLE.format(blank=""),
    TABLE.format(blank="N/A"),
    TABLE.format(blank="—"),
    "As of 2026-04-17 the averages are 119.50, 120.14, 122.40",
    "**119.50**, **120.14**, **122.40**",
    "10-day MA (rounded to 2 decimals): 119.50 | 120.14 | 122.40",
)
WRONG = (
    "Not enough data to compute a 10-day moving average. The dataset contains fewer than 10 entries.",
    "Insufficient data: only 3 rows.",
    "NaN,NaN,NaN",
    "N/A",
    "119.50",
    "122.40",
    "119.50\n120.14",
    "119.50\n122.40",
    "The latest 10-day moving average is 122.40 (2026-04-17).",
    "120.375",
    "120.38",
    "119.5\n120.1\n122.4",
    "120\n120\n122",
    "122.40\n120.14\n119.50",
    "120.14, 119.50, 122.40",
    "119.50\n120.14\n122.40\n120.68",
    "119.50\n120.16\n122.40",
    "119.50\n120.14\n122.42",
    "-119.50\n-120.14\n-122.40",
    "95.00\n110.25\n110.00\n115.31\n110.00\n115.33\n120.32\n117.47\n117.61\n119.50\n120.14\n122.40",
    "119.50\n117.85\n120.38",
    "2026-04-16,119.50\n2026-04-17,120.14\n2026-04-18,122.40",
    "2026-04-06,119.50\n2026-04-07,120.14\n2026-04-08,122.40",
    "2026-04-17: 119.50\n2026-04-16: 120.14\n2026-04-15: 122.40",
    "117.61\n118.32\n119.70\n120.14",
    "1195.00\n1201.40\n1224.00",
    "95.00\n125.50\n109.50",
    "1195\n1201.4\n1224",
    "(95.00 + 125.50 + 109.50) / 3 = 110.00",
    "119.50\n120.14\n122.40\n10.5",
    "2026-04-15 to 2026-04-17: 122.40, 120.14, 119.50",
    "11.95\n12.01\n12.24",
    "119.50 120.14 122.40 and for the first rows 110.00 on average",
    TABLE.format(blank="117.61"),
)


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


@pytest.fixture(scope="module")
def revenue(task: ModuleType, suite: Path) -> Any:
    return task.Revenue.read((suite / TASK / "workspace" / "data.csv").read_bytes())


@pytest.mark.parametrize("answer", RIGHT)
def test_the_three_averages_pass_in_many_forms(task: ModuleType, revenue: Any, answer: str) -> None:
    task.judge(answer, revenue)


@pytest.mark.parametrize("answer", WRONG)
def test_anything_else_fails(task: ModuleType, revenue: Any, answer: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        task.judge(answer, revenue)

    assert wrong.value.detail == "wrong_value"


def test_the_prompt_is_that_of_the_task_it_controls(task: ModuleType, task_module: Callable[[str], ModuleType]) -> None:
    controlled = task_module("task_09_know_when_to_stop")

    assert task.test_control_enough_rows.__doc__ == controlled.test_know_when_to_stop.__doc__
    (mark,) = task.test_control_enough_rows.pytestmark
    assert mark.kwargs.items() >= {"scored": False, "max_turns": 13}.items()


def test_no_row_can_be_taken_for_an_average(revenue: Any) -> None:
    averages = list(revenue.averages.values())

    assert averages == [Decimal("119.50"), Decimal("120.14"), Decimal("122.40")]
    assert len(revenue.amounts) == 12
    assert min(abs(row - mean) for row in revenue.amounts for mean in averages) > Decimal("0.5")


@SOME
@given(places=st.permutations([0, 1, 2]))
def test_dates_free_the_order(task: ModuleType, revenue: Any, places: list[int]) -> None:
    lines = [f"{date} {mean}" for date, mean in revenue.averages.items()]

    task.judge("\n".join(lines[place] for place in places), revenue)


@pytest.mark.parametrize("unit", ["119.50,", "1,", "2026-04-15 ", "-", "a", "119.50\n"])
def test_a_long_answer_is_judged_in_bounded_time(task: ModuleType, revenue: Any, unit: str) -> None:
    start = time.process_time()
    with pytest.raises(WrongAnswer):
        task.judge((unit * 64 * 1024)[: 64 * 1024], revenue)

    assert time.process_time() - start < 2
