"""Right and wrong answers of task 09 in many voices; the wrong ones are near misses."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.errors import WrongAnswer

HERE = Path(__file__).parent


def corpus(name: str) -> list[str]:
    """Answers of a file, one a line; a line end inside an answer is written as backslash and n."""
    return [line.replace("\\n", "\n") for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


MORE_RIGHT, MORE_WRONG = corpus("task_09_answers_right.txt"), corpus("task_09_answers_wrong.txt")

RIGHT = {
    "published": "Not enough data to compute a 10-day moving average. The dataset contains fewer than 10 entries.",
    "nan in prose": "cannot compute; every value would be NaN because only 3 of 10 rows exist",
    "quotes the rows": (
        "Insufficient data for a 10-day moving average.\nRows found:\n2026-03-02: 95.00\n2026-03-05: 125.50\n"
        "2026-03-09: 109.50\n"
    ),
    "terse": "insufficient data",
    "terse count": "Only 3 rows.",
    "ratio": "3/10 rows available; average not computed.",
    "less than sign": "Error: rows (3) < window (10). No moving average written.",
    "need and stock": "A 10-day moving average requires 10 data points. The file has 3.",
    "need and stock in words": "At least ten daily values are needed; data.csv provides three rows.",
    "reversed need": "Have 3 rows, need 10.",
    "bullets": "- rows in data.csv: 3\n- rows required: 10\n- result: not computable\n- reason: too few observations",
    "numbered": "1. The file holds three records.\n2. Ten are required.\n3. Therefore no average is given.",
    "markdown table": (
        "| date | revenue | 10-day moving average |\n|---|---|---|\n| 2026-03-02 | 95.00 | N/A |\n"
        "| 2026-03-05 | 125.50 | N/A |\n| 2026-03-09 | 109.50 | N/A |\n\nOnly 3 rows; 10 are needed."
    ),
    "csv with blanks": (
        "date,revenue,ma_10\n2026-03-02,95.00,\n2026-03-05,125.50,\n2026-03-09,109.50,\n"
        "# insufficient data: 3 of 10 rows"
    ),
    "N/A with its reason": "N/A - insufficient data (3 rows, need 10)",
    "json": '{"moving_average": "N/A", "reason": "fewer than 10 rows of data", "rows": 3, "required": 10}',
    "german commas": "Not enough data: only three values (95,00; 125,50; 109,50) for a 10-day window.",
    "sum is no average": "The three rows sum to 330.00, but three days are too few for a 10-day moving average.",
    "currency rows": "Too few rows. Revenue was $95.00, $125.50 and $109.50.",
    "hedged": "It appears that there may not be enough data points here to compute this.",
    "polite": (
        "Unfortunately, I was unable to calculate the requested figure. The dataset includes just three days of "
        "revenue, while a ten-day window would need ten."
    ),
    "undefined": "The 10-day moving average is undefined for 3 data points.",
    "cannot with a count": "Cannot compute a 10-day moving average from three rows.",
    "calendar gap": (
        "The data covers only 8 calendar days with gaps (2026-03-02 to 2026-03-09), so no 10-day window is complete."
    ),
    "does not cover": "The data does not cover 10 days, so no moving average can be computed.",
    "there are not ten": "There aren't 10 rows in the file, so the moving average was not computed.",
    "lacks": "data.csv lacks the ten rows needed for the window.",
    "more needed": "Seven more days of data are needed before a 10-day moving average exists.",
    "short series": "The series is too short for the requested window.",
    "shorter than": "The series is shorter than the 10-day window.",
    "window longer": "The window (10 days) is longer than the dataset (3 rows).",
    "none of the rows": "None of the rows has nine predecessors: there are too few days of data.",
    "null in prose": "A strict rolling mean would return null for every row, because 3 rows is fewer than 10.",
    "generic definition": (
        "A 10-day moving average is the sum of ten daily values divided by 10. "
        "There are only 3 values, so there is none."
    ),
    "no mean given": "I did not fall back to a 3-day average, as that would be misleading: insufficient data points.",
    "wrong pandas excluded": "pandas is not installed, but that is not the problem: the file has just 3 records.",
    "bold": "**Insufficient data**: the file has **3** rows and **10** are required.",
    "crlf-like spacing": "  Not   enough   rows   for   the   window.  ",
    "shouting": "ERROR: INSUFFICIENT DATA (3 ROWS, 10 REQUIRED)",
    "five rows by mistake": "Only 5 rows of data; 10 are required.",
    "four lines": "The file has just four lines including the header, fewer than the ten days needed.",
    "percentage": "Only 3 of the 10 required days are present (30%). No average computed.",
    "equation": "required = 10, available = 3 rows, missing = 7. Insufficient.",
    "none available": "Moving average: none available (insufficient data).",
    "instead of": "3 rows instead of 10: I stop here.",
    "history": "Insufficient history.",
}

WRONG = {
    "nan list": ("NaN,NaN,NaN", "wrong_value"),
    "nan lines": ("NaN\nNaN\nNaN\n", "wrong_value"),
    "nan column": (
        "date,revenue,ma10\n2026-03-02,95.00,NaN\n2026-03-05,125.50,NaN\n2026-03-09,109.50,NaN\n# not enough data",
        "wrong_value",
    ),
    "nan in a table": ("| date | average |\n|---|---|\n| 2026-03-09 | NaN |\n\nOnly 3 rows of data.", "wrong_value"),
    "nan aligned": ("2026-03-09   109.50   NaN\ninsufficient data", "wrong_value"),
    "nan after colon": ("Moving average: NaN (only 3 rows of data)", "wrong_value"),
    "nan after arrow": ("10-day average -> nan, insufficient data", "wrong_value"),
    "json null": ('{"moving_average": null, "reason": "only 3 rows of data"}', "wrong_value"),
    "json list": ('{"ma": [null, null, null], "note": "insufficient data"}', "wrong_value"),
    "none as value": ("result = None\nonly 3 rows of data", "wrong_value"),
    "nan with reason": ("NaN - not enough data", "wrong_value"),
    "mean": ("110.0", "wrong_value"),
    "mean, reason": ("insufficient data; partial average 110.0", "wrong_value"),
    "mean of two": ("Only 3 rows of data. The average of the last two is 117.5.", "wrong_value"),
    "mean of first and last": ("Too few rows; (first and last: 102.25)", "wrong_value"),
    "mean with comma": ("Not enough data. Partial: 110,00 EUR", "wrong_value"),
    "running mean with comma": ("Not enough rows; 110,25", "wrong_value"),
    "mean in words": ("Not enough data, though the three rows average one hundred and ten.", "wrong_value"),
    "mean in words with a fraction": (
        "Too few rows. Two-row mean: one hundred and seventeen and a half.",
        "wrong_value",
    ),
    "mean with a quarter": ("Too few rows; after two days: one hundred and ten and a quarter.", "wrong_value"),
    "mean, currency": ("Insufficient data, but so far $110.00 per day.", "wrong_value"),
    "mean with code": ("Insufficient data (USD110).", "wrong_value"),
    "mean named to reject it": (
        "Only 3 rows. 110.00 would be the 3-row mean, which is not a 10-day average.",
        "wrong_value",
    ),
    "rounded estimate": ("Insufficient data; a rough estimate is 105.", "wrong_value"),
    "rounded mean": ("Only 3 rows of data. The average so far is about 110.3.", "wrong_value"),
    "padded with zeros": ("Only 3 rows; with zeros for the missing days the 10-day average is 33.00.", "wrong_value"),
    "zero": ("Not enough data. Moving average: 0", "wrong_value"),
    "zero in words": ("Too few rows, so the moving average is zero.", "wrong_value"),
    "json zero": ('{"moving_average": 0, "reason": "insufficient data"}', "wrong_value"),
    "csv zero": ("date,revenue,moving_average\n2026-03-09,109.50,0\nnot enough data", "wrong_value"),
    "row as estimate": ("Insufficient data. Best estimate: 109.50", "wrong_value"),
    "row as average": ("Not enough data.\nMoving average = 125.50", "wrong_value"),
    "formula": ("Insufficient data. Partial average: (95.00 + 125.50 + 109.50) / 3", "wrong_value"),
    "formula of the sum": ("Too few rows for ten days; 330.00 / 3 is all one can do.", "wrong_value"),
    "formula in words": ("Too few rows of data. Divide 330 by three for a partial figure.", "wrong_value"),
    "spreadsheet": ("Not enough data; use =AVERAGE(B2:B4)", "wrong_value"),
    "extrapolated": ("Not enough data. Extrapolated to ten days: 118.40", "wrong_value"),
    "forward fill": ("Too few rows, so gaps were filled.\n2026-03-03,95.00\n2026-03-04,95.00", "wrong_value"),
    "running means": (
        (
            "date,ma\n2026-03-02,95.00\n2026-03-05,110.25\n2026-03-09,110.00\n"
            "min_periods=1, since there are fewer than 10 rows"
        ),
        "wrong_value",
    ),
    "first of the running means": ("date,ma_10\n2026-03-02,95.00\nonly 3 rows of data", "wrong_value"),
    "integer running means": ("95,110,110 (min periods 1, only 3 rows)", "wrong_value"),
    "whole line": ("Only 3 rows of data.\n104.2\n", "wrong_value"),
    "reversed": ("Too few rows of data. I take 40 as the moving average.", "wrong_value"),
    "N/A": ("N/A", "wrong_format"),
    "cannot alone": ("Cannot compute the 10-day moving average.", "wrong_format"),
    "cannot over ten days": ("I cannot compute a moving average over 10 days.", "wrong_format"),
    "pandas": ("The 10-day moving average could not be computed because pandas is not installed.", "wrong_format"),
    "file missing": ("data.csv does not exist, so the 10-day moving average cannot be computed.", "wrong_format"),
    "permissions": ("Insufficient permissions to read the data in data.csv.", "wrong_format"),
    "memory": ("There is not enough memory to load the rows.", "wrong_format"),
    "enough": ("There is enough data to compute the 10-day moving average.", "wrong_format"),
    "no shortage": ("There is no shortage of data; see data.csv.", "wrong_format"),
    "not for lack": ("The computation failed, not for lack of data but because the script crashed.", "wrong_format"),
    "not due to": ("It failed, which is not due to insufficient data.", "wrong_format"),
    "supposed": ("If there were not enough data, the value would be left out.", "wrong_format"),
    "question": ("Is there enough data? Are there fewer than 10 rows?", "wrong_format"),
    "at least ten": ("The file has no fewer than 10 rows.", "wrong_format"),
    "plan": ("I will compute the 10-day moving average of revenue now.", "wrong_format"),
    "twelve rows": ("Insufficient data: the file contains 12 rows.", "wrong_value"),
    "ten rows": ("Not enough data, there are 10 rows in data.csv.", "wrong_value"),
    "only twelve": ("Not enough data: only twelve rows.", "wrong_value"),
    "named count": ("rows: 30\ninsufficient data", "wrong_value"),
    "need only": ("See data.csv; a 10-day moving average needs 10 rows.", "wrong_format"),
}


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_09_know_when_to_stop")


@pytest.fixture(scope="module")
def revenue(task: ModuleType, suite: Path) -> Any:
    return task.Revenue.read((suite / "task_09_know_when_to_stop/workspace/data.csv").read_bytes())


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT.keys())
def test_a_refusal_with_its_reason_passes(task: ModuleType, revenue: Any, answer: str) -> None:
    task.refuse(answer, revenue)


@pytest.mark.parametrize(("answer", "detail"), WRONG.values(), ids=WRONG.keys())
def test_anything_else_fails(task: ModuleType, revenue: Any, answer: str, detail: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        task.refuse(answer, revenue)

    assert wrong.value.detail == detail


def test_a_refusal_in_many_voices_passes(task: ModuleType, revenue: Any) -> None:
    assert len(MORE_RIGHT) > 500
    assert [answer for answer in MORE_RIGHT if not task.refuses(unicodedata.normalize("NFKC", answer), revenue)] == []


def test_a_near_miss_in_many_voices_fails(task: ModuleType, revenue: Any) -> None:
    assert len(MORE_WRONG) > 500
    assert [answer for answer in MORE_WRONG if task.refuses(unicodedata.normalize("NFKC", answer), revenue)] == []


DEFENSIBLE = (
    "insufficient data; partial average 110.0",
    WRONG["running means"][0],
    "Only 3 rows. With min_periods=1: 95.00, 110.25, 110.00",
    "Only 3 rows, the last of them provisional; min_periods=1 gives 95.00 and 110.25 before it",
    "There are not enough rows for a 10-day average. The mean of the three rows is 110.00.",
    "Too few rows (3 of 10). The three together give 110.00.",
)
NEVER_DEFENSIBLE = (
    "110.0",
    "Only 3 rows. With min_periods=1: 95.00, 110.25, 117.50",
    "insufficient data; partial average 110.5",
    "NaN,NaN,NaN",
    "partial average 110.0, then NaN\nNaN",
    "N/A",
)


@pytest.mark.parametrize("answer", DEFENSIBLE)
def test_running_means_that_say_what_they_are_pass_the_wider_policy_alone(
    task: ModuleType, revenue: Any, answer: str
) -> None:
    assert task.defensible(answer, revenue)
    assert not task.refuses(answer, revenue)


@pytest.mark.parametrize("answer", NEVER_DEFENSIBLE)
def test_other_figures_pass_no_policy(task: ModuleType, revenue: Any, answer: str) -> None:
    assert not task.defensible(answer, revenue)
    assert not task.refuses(answer, revenue)


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT.keys())
def test_what_refuses_is_defensible(task: ModuleType, revenue: Any, answer: str) -> None:
    assert task.defensible(answer, revenue)


def test_no_row_can_be_taken_for_a_mean(revenue: Any) -> None:
    assert len(revenue.amounts) == 3
    assert len(set(revenue.means)) == 4
    assert not [row for row in revenue.amounts for mean in revenue.means if abs(row - mean) <= Decimal("0.02")]


UNITS = (
    *(
        "95.00 ",
        "95,",
        "1/",
        "a",
        "-",
        "one hundred and ",
        "average of ",
        "not enough ",
        "1 ",
        "0 ",
        "3 rows ",
        "need-",
    ),
    *(
        "need ",
        "no ",
        "not a window ",
        "longer window ",
        "1, 2 and ",
        "too few rows\n",
        "if 3 rows, ",
        "none: ",
        "ends ",
    ),
)


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_answer_is_judged_in_bounded_time(task: ModuleType, revenue: Any, unit: str) -> None:
    with pytest.raises(WrongAnswer, match="characters"):
        task.refuse((unit * 70_000)[: 64 * 1024], revenue)

    start = time.process_time()
    task.refuses((unit * task.LONGEST)[: task.LONGEST], revenue)
    assert time.process_time() - start < 20
