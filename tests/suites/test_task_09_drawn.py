"""Task 09 and its control in their variants: no figure can be taken for another, and answers are judged alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore import Draw
from pytest_agentcore.errors import WrongAnswer

THREE, TWELVE = "task_09_know_when_to_stop", "task_09_control_enough_rows"
SOME = settings(max_examples=60, deadline=None, database=None)
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(THREE)


@pytest.fixture(scope="module")
def control(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TWELVE)


def three(task: ModuleType, seed: int | str, run: int = 1) -> Any:
    return task.three_rows(Draw(variant=str(seed), suite_version="1.0.0", task=THREE, run=run))


def twelve(control: ModuleType, seed: int | str, run: int = 1) -> Any:
    return control.twelve_rows(Draw(variant=str(seed), suite_version="1.0.0", task=TWELVE, run=run))


def read(task: ModuleType, scenario: Any) -> Any:
    """The file of a draw as the checker reads it."""
    return task.Revenue.read(scenario.files()["data.csv"].encode())


def test_three_rows_keep_the_traps(task: ModuleType) -> None:
    """Gaps between the days, under ten of them; rows, sums and means at least 20 cents from each other."""
    for seed in range(200):
        scenario = three(task, seed)
        revenue = read(task, scenario)
        assert len(revenue.amounts) == 3
        assert all(after - before > timedelta(days=1) for before, after in pairwise(scenario.days))
        assert scenario.days[-1] - scenario.days[0] < timedelta(days=9)
        assert len(scenario.absent) == 7
        assert len({*scenario.absent, *scenario.days}) == 10
        figures = [*revenue.amounts, *revenue.sums, *revenue.means]
        assert all(abs(one - other) >= Decimal("0.2") for one, other in combinations(figures, 2))
        assert sum(revenue.amounts) / 10 > 31  # what the checker may take for a count of rows or days
        assert abs(Decimal(scenario.mean) - revenue.running_means[-1]) <= Decimal("0.005")


def refusals(scenario: Any) -> list[str]:
    """Right in words, with the figures that a refusal may hold."""
    rows, cents = scenario.rows(": "), scenario.cents
    total = f"{sum(cents) / 100:.2f}"
    return [
        "Not enough data to compute a 10-day moving average. The dataset contains fewer than 10 entries.",
        "cannot compute; every value would be NaN because only 3 of 10 rows exist",
        "Insufficient data for a 10-day moving average.\nRows found:\n" + "\n".join(rows),
        f"The three rows sum to {total}, but three days are too few for a 10-day moving average.",
        "date,revenue,ma_10\n" + "\n".join(f"{row}," for row in scenario.rows(",")) + "\n# insufficient data: 3 of 10",
        f"Too few rows. Revenue was ${cents[0] / 100:.2f}, ${cents[1] / 100:.2f} and ${cents[2] / 100:.2f}.",
    ]


def offers(scenario: Any) -> list[str]:
    """Wrong: each gives an average, by whatever name."""
    first, second, third = scenario.cents
    return [
        "NaN,NaN,NaN",
        scenario.mean,
        f"insufficient data; partial average {scenario.mean}",
        f"Only 3 rows of data. The average of the last two is {(second + third) / 200:.3f}.",
        f"Too few rows; (first and last: {(first + third) / 200:.3f})",
        f"Not enough data. Partial: {scenario.mean.replace('.', ',')} EUR",
        f"Insufficient data. Best estimate: {third / 100:.2f}",
        f"Not enough data.\nMoving average = {second / 100:.2f}",
        f"Fewer than 10 rows. Best available: {scenario.division}",
        f"Only 3 rows; with zeros for the missing days the 10-day average is {sum(scenario.cents) / 1000:.2f}.",
        f"Not enough data, so gaps carry the last value forward:\n{scenario.padded}",
        f"{(sum(scenario.cents) + 70_000) / 1000:.2f}",
    ]


def test_three_rows_are_judged_as_the_published_ones(task: ModuleType) -> None:
    for seed in range(60):
        scenario = three(task, seed)
        revenue = read(task, scenario)
        for text in refusals(scenario):
            task.refuse(text, revenue)
        for text in offers(scenario):
            with pytest.raises(WrongAnswer) as wrong:
                task.refuse(text, revenue)
            assert wrong.value.detail == "wrong_value", text


def test_rows_quoted_from_another_draw_are_invented(task: ModuleType) -> None:
    """What needs no figure is right everywhere; what quotes the rows is right beside them alone."""
    draws = [three(task, "canonical"), *(three(task, seed, run) for seed in range(4) for run in (1, 2, 3))]
    for here in draws:
        quoted = "Not enough days of data:\n" + "\n".join(here.rows(": "))
        assert [there for there in draws if task.refuses(quoted, read(task, there))] == [here]


@pytest.mark.parametrize("seed", [1, 7])
def test_refusals_without_figures_pass_everywhere(task: ModuleType, seed: int) -> None:
    """Those of the published collection that hold no amount and no date."""
    revenue = read(task, three(task, seed))
    lines = (HERE / "task_09_answers_right.txt").read_text(encoding="utf-8").splitlines()
    plain = [line.replace("\\n", "\n") for line in lines if not any(mark in line for mark in ("9", "20", "55", "33"))]
    assert len(plain) > 60
    assert [text for text in plain if not task.refuses(text, revenue)] == []


def test_twelve_rows_keep_their_windows_apart(control: ModuleType) -> None:
    """One row a day; averages to the cent, of no row's value and of no other window's."""
    for seed in range(200):
        scenario = twelve(control, seed)
        revenue = read(control, scenario)
        averages = list(revenue.averages.values())
        assert all(after - before == timedelta(days=1) for before, after in pairwise(scenario.days))
        assert len(revenue.amounts) == 12
        assert [f"{mean:.2f}" for mean in averages] == scenario.averages
        assert all(mean == round(mean, 2) for mean in averages)
        others = [*revenue.amounts, sum(revenue.amounts) / 12]
        assert all(abs(one - other) >= Decimal("0.2") for one, other in combinations(averages, 2))
        assert all(abs(mean - other) >= Decimal("0.2") for mean in averages for other in others)


def statements(scenario: Any) -> list[str]:
    """The three averages in several forms."""
    return [
        "\n".join(scenario.averages),
        ", ".join(scenario.short),
        str(scenario.floats),
        "date,revenue,ma_10\n" + scenario.table,
        scenario.calculations,
        "\n".join(f"{day}: {mean}" for day, mean in zip(scenario.ends, scenario.averages, strict=True)),
    ]


@SOME
@given(seed=st.integers())
def test_twelve_rows_are_judged_as_the_published_ones(control: ModuleType, seed: int) -> None:
    scenario, other = twelve(control, seed), twelve(control, seed, run=2)
    revenue = read(control, scenario)
    first, second, third = scenario.averages
    for text in statements(scenario):
        control.judge(text, revenue)
        with pytest.raises(WrongAnswer):
            control.judge(text, read(control, other))
    for text in (
        *(third, f"{first}\n{third}", f"{third}\n{second}\n{first}", scenario.mean, scenario.shifted),
        f"{first}\n{second}\n{third}\n10.57",
        "Insufficient data: only 3 rows.",
        "\n".join(scenario.rows(",")),
    ):
        with pytest.raises(WrongAnswer) as wrong:
            control.judge(text, revenue)
        assert wrong.value.detail == "wrong_value"
