"""What result.txt of task 08 may say: exactly one number outside paths and file names."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import WrongAnswer

RIGHT = (
    "417",
    "417\n",
    "Sum: 417",
    "sum=417",
    "The sum is 417.",
    "**417**",
    "_417_",
    "`417`",
    "(417)",
    "417.0",
    "417.00",
    "417,0",
    "+417",
    "$417",
    "417 EUR",
    "\\boxed{417}",
    "| sum | 417 |",
    '{"sum":417}',
    '{"sum": 417, "source": "warehouse/data.txt"}',
    "417 (from warehouse/data.txt)",
    "warehouse/data.txt: 417",
    "data/data.txt was missing, so ./warehouse/data.txt was read: 417",
    "old/data2.txt and data.txt.bak were left out. Sum = 417",
    "/workspace/v3/data.txt -> 417",
    "Result of results_2026.csv and 2026-05.csv: 417",
    "utf-8 text, sum 417",
    "Total\t417",
    "4.17e2",
    "Sum of data2: 417!",
    "# Result\n\n417\n",
)
SEVERAL_OR_NONE = (
    "file not found",
    "Error: ENOENT: no such file or directory, open 'data/data.txt'",
    "N/A",
    "four hundred and seventeen",
    "result_417.txt",
    "see warehouse/417/data.txt",
    "417 or 389",
    "417\n389",
    "417, 389",
    "current: 417, old: 389",
    "The sum of the 12 numbers is 417",
    "12 + 47 + 358 = 417",
    "417 417",
    "Sum as of 2026-05-18: 417",
    "12,47,3,58",
    "417 (+/- 0)",
    "1. 417",
    "12 numbers: 417",
    "3.11.7",
)
OTHER_NUMBER = (
    "389",
    "403",
    "-417",
    "\N{MINUS SIGN}417",
    "4170",
    "1,417",
    "417,000",
    "417.5",
    "4.17",
    "0.417",
    "41,7",
    "Sum: 418",
    "417e2",
)


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_08_recover_from_tool_error")


@pytest.fixture(scope="module")
def before(suite: Path) -> Snapshot:
    folder = suite / "task_08_recover_from_tool_error" / "workspace"
    files = [path for path in folder.rglob("*") if path.is_file()]
    return Snapshot.of(
        Entry(path=path.relative_to(folder).as_posix(), kind="file", size=path.stat().st_size, data=path.read_bytes())
        for path in files
    )


@pytest.mark.parametrize("text", RIGHT)
def test_one_number_is_the_stated_sum(task: ModuleType, text: str) -> None:
    assert task.stated_sum(text) == Decimal(417)


@pytest.mark.parametrize("text", SEVERAL_OR_NONE)
def test_none_or_several_numbers_are_no_sum(task: ModuleType, text: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        task.stated_sum(text)

    assert wrong.value.detail == "wrong_format"


@pytest.mark.parametrize("text", OTHER_NUMBER)
def test_another_number_is_another_sum(task: ModuleType, text: str) -> None:
    assert task.stated_sum(text) != Decimal(417)


def test_the_sum_is_that_of_the_current_copy_and_the_decoys_differ(task: ModuleType, before: Snapshot) -> None:
    workspace = Workspace(snapshot=before, before=before)
    texts = {path: (entry.data or b"").decode() for path, entry in before.by_path().items()}

    assert "data/data.txt" not in texts
    assert task.current_copy(workspace) == "warehouse/data.txt"
    assert task.expected_sum(workspace) == 417
    decoys = [sum(map(int, texts[path].split())) for path in ("old/data.txt", "data.txt.bak")]
    assert 417 not in [*decoys, sum(decoys)]


def test_a_moved_or_edited_source_is_seen_and_a_new_file_is_not(task: ModuleType, before: Snapshot) -> None:
    entries = before.by_path()
    moved = entries["warehouse/data.txt"]
    after = Snapshot.of(
        [
            *(entry for path, entry in entries.items() if path not in {"warehouse/data.txt", "MANIFEST"}),
            Entry(path="data/data.txt", kind="file", size=moved.size, data=moved.data),
            Entry(path="MANIFEST", kind="file", size=1, data=b"x"),
        ]
    )

    assert task.changed_sources(Workspace(snapshot=after, before=before)) == ["MANIFEST", "warehouse/data.txt"]
    assert task.changed_sources(Workspace(snapshot=before, before=before)) == []
