"""Task 06 in its variants: five readings that differ, namesakes, and notes that are judged as on the published file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore import Draw

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
TASK = "task_06_handle_ambiguous_requirement"
NAMES = ("row", "email first", "email latest", "case first", "case latest")


def corpus(name: str) -> list[tuple[str, str]]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [(reading, notes.replace("\\n", "\n")) for reading, _, notes in (line.partition(": ") for line in lines)]


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


def drawn(task: ModuleType, seed: int, run: int = 1) -> Any:
    return task.draw(Draw(variant=str(seed), suite_version="1.0.0", task=TASK, run=run))


def rows_of(task: ModuleType, scenario: Any) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = task.read_users(scenario.files()["users.csv"].encode())
    return rows


def test_every_draw_needs_a_decision(task: ModuleType) -> None:
    """Forty rows; copies, respelt and edited addresses, namesakes, a longer name; a latest row that is not the last."""
    reading = sys.modules["user_readings"].Reading
    for seed in range(200):
        rows = rows_of(task, drawn(task, seed))
        outputs = [each.rows(rows) for each in task.READINGS]
        assert len(rows) == 40
        assert all(one != other for one, other in combinations(outputs, 2))
        assert [task.reading_of(output, rows) for output in outputs] == list(task.READINGS)
        for key in ("email", "email, any case"):
            kept = {keep: reading(key=key, keep=keep).rows(rows) for keep in ("first", "last", "latest", "earliest")}
            assert all(one != other for one, other in combinations(kept.values(), 2))

        people: dict[str, set[str]] = {}
        names: dict[str, set[str]] = {}
        for row in rows:
            people.setdefault(row["name"], set()).add(row["email"].lower())
            names.setdefault(row["email"].lower(), set()).add(row["name"])
        assert sorted(len(found) for found in people.values())[-3:] == [1, 2, 3]
        assert sorted(len(found) for found in names.values())[-2:] == [1, 2]
        assert max(Counter(tuple(row.values()) for row in rows).values()) == 3


def test_the_usual_mistakes_are_no_reading(task: ModuleType) -> None:
    """One row a name, the last line of an address, addresses in lower case, a row forgotten."""
    for seed in range(200):
        scenario = drawn(task, seed)
        rows = rows_of(task, scenario)
        by_name = {row["name"]: row for row in sorted(rows, key=lambda row: row["updated_at"])}
        last = {row["email"].lower(): row for row in rows}
        right = task.read_users(scenario.clean().encode())
        lower = [{**row, "email": row["email"].lower()} for row in right]
        short = task.read_users(scenario.clean(without=1).encode())

        assert task.reading_of(task.as_rows(right), rows) == task.READINGS[-1]
        for wrong in (by_name.values(), last.values(), lower, short):
            assert task.reading_of(task.as_rows(wrong), rows) is None


def test_rows_of_another_draw_are_no_answer(task: ModuleType) -> None:
    """Whatever the seed or the run."""
    draws = [drawn(task, seed, run) for seed in range(4) for run in (1, 2, 3)]
    draws.append(task.draw(Draw(variant="canonical", suite_version="1.0.0", task=TASK, run=1)))
    for here in draws:
        copied = task.as_rows(task.read_users(here.clean().encode()))
        fits = [there for there in draws if task.reading_of(copied, rows_of(task, there)) is not None]
        assert fits == [here]


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_notes_are_judged_as_on_the_published_file(task: ModuleType, seed: int) -> None:
    rows = rows_of(task, drawn(task, seed))
    readings = dict(zip(NAMES, task.READINGS, strict=True))
    for name, notes in corpus("task_06_notes_right.txt"):
        assert task.contradiction(notes, readings[name], readings[name].rows(rows), rows) is None, notes
    for name, notes in corpus("task_06_notes_wrong.txt"):
        assert task.contradiction(notes, readings[name], readings[name].rows(rows), rows) is not None, notes
