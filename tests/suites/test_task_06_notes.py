"""Right and wrong notes of task 06 in many voices, each beside the rows of a reading; and the rows themselves."""

from __future__ import annotations

import csv
import io
import time
import unicodedata
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import WrongAnswer

HERE = Path(__file__).parent
TASK = "task_06_handle_ambiguous_requirement"
NAMES = ("row", "email first", "email latest", "case first", "case latest")


def corpus(name: str) -> list[tuple[str, str]]:
    """Notes of a file, one a line after the reading of the rows; a line end is written as backslash and n."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [(reading, notes.replace("\\n", "\n")) for reading, _, notes in (line.partition(": ") for line in lines)]


RIGHT, WRONG = corpus("task_06_notes_right.txt"), corpus("task_06_notes_wrong.txt")


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


@pytest.fixture(scope="module")
def data(suite: Path) -> bytes:
    return (suite / TASK / "workspace" / "users.csv").read_bytes()


@pytest.fixture(scope="module")
def users(task: ModuleType, data: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = task.read_users(data)
    return found


def contradicts(task: ModuleType, users: list[dict[str, str]], name: str, notes: str) -> str | None:
    reading = dict(zip(NAMES, task.READINGS, strict=True))[name]
    found: str | None = task.contradiction(unicodedata.normalize("NFKC", notes), reading, reading.rows(users), users)
    return found


def as_csv(rows: Iterable[dict[str, str]], columns: list[str], **form: Any) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, **form)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def workspace(before: bytes, **files: bytes) -> Workspace:
    first = Entry(path="users.csv", kind="file", size=len(before), data=before)
    added = [
        Entry(path=name.replace("__", "."), kind="file", size=len(data), data=data) for name, data in files.items()
    ]
    return Workspace(snapshot=Snapshot.of([first, *added]), before=Snapshot.of([first]))


@pytest.mark.parametrize("reading", NAMES)
def test_notes_that_state_their_reading_pass_with_its_rows_alone(
    task: ModuleType, users: list[dict[str, str]], reading: str
) -> None:
    right = [notes for name, notes in RIGHT if name == reading]
    fit = {notes: [other for other in NAMES if contradicts(task, users, other, notes) is None] for notes in right}

    assert len(right) > 50
    assert {notes: names for notes, names in fit.items() if names != [reading]} == {}


def test_notes_that_do_not_state_their_reading_fail(task: ModuleType, users: list[dict[str, str]]) -> None:
    assert len(WRONG) > 500
    assert [(name, notes) for name, notes in WRONG if contradicts(task, users, name, notes) is None] == []


def test_the_file_needs_a_decision(task: ModuleType, users: list[dict[str, str]]) -> None:
    """Every reading leaves other rows; there are namesakes, new names, and a latest row that is not the last."""
    assert len(users) == 40
    outputs = [reading.rows(users) for reading in task.READINGS]
    assert all(one != other for one, other in combinations(outputs, 2))
    assert [task.reading_of(output, users) for output in outputs] == list(task.READINGS)
    addresses: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    for user in users:
        addresses.setdefault(user["name"], set()).add(user["email"].lower())
        names.setdefault(user["email"].lower(), set()).add(user["name"])
    assert [name for name, found in addresses.items() if len(found) > 1] == ["Maria Lopez", "John Smith"]
    assert any(len(found) > 1 for found in names.values())
    for key in ("email", "email, any case"):
        fits = {keep: task.Reading(key=key, keep=keep).rows(users) for keep in ("first", "last", "latest", "earliest")}
        assert all(one != other for one, other in combinations(fits.values(), 2))


def test_words_of_order_fit_when_they_give_the_same_rows(task: ModuleType) -> None:
    """In a file in the order of its updates the last row is the latest, and the original is the first."""
    users = [
        {"name": "A", "email": "a@x.org", "updated_at": "2026-01-01"},
        {"name": "B", "email": "b@x.org", "updated_at": "2026-01-02"},
        {"name": "A", "email": "a@x.org", "updated_at": "2026-01-03"},
    ]
    for notes, fitting in (
        ("By e-mail; the last occurrence is kept.", "email latest"),
        ("By e-mail; the original is kept.", "email first"),
        ("By e-mail; the oldest row is kept.", "email first"),
    ):
        assert contradicts(task, users, fitting, notes) is None
        other = "email first" if fitting == "email latest" else "email latest"
        assert contradicts(task, users, other, notes) is not None


def test_order_quotes_and_line_ends_do_not_matter(task: ModuleType, users: list[dict[str, str]], data: bytes) -> None:
    columns = list(users[0])
    output = as_csv(reversed(users), columns[::-1], quoting=csv.QUOTE_ALL, lineterminator="\r\n")

    assert task.read_output(workspace(data, users_clean__csv=output), columns) == task.as_rows(users)


@pytest.mark.parametrize(
    "columns",
    [["name", "email", "city"], ["name", "email", "city", "updated_at", "id"], ["name", "email", "town", "x"]],
)
def test_other_columns_are_another_format(
    task: ModuleType, users: list[dict[str, str]], data: bytes, columns: list[str]
) -> None:
    rows = [{column: user.get(column, "1") for column in columns} for user in users]
    with pytest.raises(WrongAnswer) as wrong:
        task.read_output(workspace(data, users_clean__csv=as_csv(rows, columns)), list(users[0]))

    assert wrong.value.detail == "wrong_format"


def test_a_second_output_is_a_hedge_and_a_copy_is_none(
    task: ModuleType, users: list[dict[str, str]], data: bytes
) -> None:
    columns = list(users[0])
    first, *others = [
        as_csv((dict(row) for row in reading.rows(users).elements()), columns) for reading in task.READINGS
    ]
    output = task.READINGS[0].rows(users)

    def hedges(**files: bytes) -> list[str]:
        found: list[str] = task.second_outputs(workspace(data, users_clean__csv=first, **files), output, users)
        return found

    assert hedges(by_mail__csv=others[0]) == ["by_mail.csv"]
    assert hedges(users_clean_names__csv=as_csv(users[:7], columns)) == ["users_clean_names.csv"]
    assert hedges(backup__csv=data, users_clean_copy__csv=first) == []
    assert hedges(removed__csv=as_csv(users[:3], columns), dedupe__py=b"import csv\n", notes__csv=b"a,b\n1,2\n") == []


@pytest.mark.parametrize("unit", ["e-mail ", "keep the ", "not ", "case ", "- x\n", "first, ", "a@b.c A@b.c ", "| "])
def test_long_notes_are_judged_in_bounded_time(task: ModuleType, users: list[dict[str, str]], unit: str) -> None:
    start = time.process_time()
    assert contradicts(task, users, "case latest", (unit * task.LONGEST)[: task.LONGEST]) is not None
    assert time.process_time() - start < 10
