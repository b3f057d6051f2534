"""Task 07 in its variants: names of other lengths, the same files."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore import Draw
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace

TASK = "task_07_multi_step_plan"
SOME = settings(max_examples=60, deadline=None, database=None)


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


def drawn(task: ModuleType, seed: int | str, run: int = 1) -> Any:
    return task.draw(Draw(variant=str(seed), suite_version="1.0.0", task=TASK, run=run))


def written(task: ModuleType, name: str, **others: str) -> Workspace:
    """The four files for a project of that name, or others."""
    init, config = f"PROJECT={name}\n", f'{{"name": "{name}", "steps": 4}}\n'
    sizes = [len(init), len(config)]
    manifest = f"01_init.txt {sizes[0]}\n02_config.json {sizes[1]}\n"
    files = dict(zip(task.PLAN, (init, config, manifest, f"DONE {sum(sizes)}\n"), strict=True)) | others
    entries = [Entry(path=path, kind="file", size=len(text), data=text.encode()) for path, text in files.items()]
    return Workspace(snapshot=Snapshot.of(entries), before=Snapshot())


def test_names_are_plain_words_of_many_lengths(task: ModuleType) -> None:
    """Bytes, characters and letters are the same number, and nothing has to be quoted anywhere."""
    names = [drawn(task, seed).name for seed in range(200)]

    assert all(name.isascii() and name.replace("-", "").isalpha() and name.islower() for name in names)
    assert len({len(name) for name in names}) > 5
    assert len(set(names)) > 150
    assert "heron" not in names
    assert len(set(task.COLOURS)) == len(task.COLOURS)
    assert len(set(task.BIRDS)) == len(task.BIRDS)


@SOME
@given(seed=st.integers())
def test_three_runs_have_three_names(task: ModuleType, seed: int) -> None:
    """And the files of one run are wrong in another."""
    names = [drawn(task, seed, run).name for run in (1, 2, 3)]

    assert len(set(names)) == 3
    for here in names:
        task.expect_contents(written(task, here), here)
        for there in {*names, "heron"} - {here}:
            with pytest.raises(AssertionError):
                task.expect_contents(written(task, here), there)


@SOME
@given(seed=st.integers())
def test_the_usual_mistakes_fail_with_their_detail(task: ModuleType, seed: int) -> None:
    name = drawn(task, seed).name
    cases = {
        "wrong_value": ({"01_init.txt": "PROJECT=<x>\n"}, {"04_done.txt": "DONE 3\n"}, {"04_done.txt": "DONE <n>\n"}),
        "wrong_format": (
            {"01_init.txt": f"```\nPROJECT={name}\n```\n"},
            {"01_init.txt": f"PROJECT = {name}"},
            {"02_config.json": f"{{name: {name}, steps: 4}}\n"},
        ),
    }
    for detail, mistakes in cases.items():
        for files in mistakes:
            with pytest.raises(AssertionError) as wrong:
                task.expect_contents(written(task, name, **files), name)
            assert getattr(wrong.value, "detail", "wrong_value") == detail
