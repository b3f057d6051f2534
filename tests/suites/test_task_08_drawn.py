"""Task 08 in its variants: other folders, names and numbers, and sums that differ wherever an agent can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore import Draw
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import WrongAnswer

TASK = "task_08_recover_from_tool_error"
SOME = settings(max_examples=60, deadline=None, database=None)


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


def drawn(task: ModuleType, seed: int | str, run: int = 1) -> Any:
    return task.draw(Draw(variant=str(seed), suite_version="1.0.0", task=TASK, run=run))


def workspace(scenario: Any) -> Workspace:
    before = Snapshot.of(
        Entry(path=path, kind="file", size=len(text), data=text.encode()) for path, text in scenario.files().items()
    )
    return Workspace(snapshot=before, before=before)


def test_every_draw_has_its_decoys_and_no_such_file(task: ModuleType) -> None:
    """The file of the prompt is absent, MANIFEST names the current copy, and no two sums are the same."""
    for seed in range(200):
        scenario = drawn(task, seed)
        files = scenario.files()
        copies = sorted(path for path in files if path != "MANIFEST")
        assert copies == sorted([scenario.current, scenario.old, scenario.backup])
        assert len({scenario.folder, scenario.new_folder, scenario.old_folder}) == 3
        assert not any(path.startswith(f"{scenario.folder}/") for path in files)
        assert not any(scenario.asked_for in f"/{path}" for path in files)

        sums = {path: sum(map(int, files[path].split())) for path in copies}
        wrong = [sums[scenario.old], sums[scenario.backup], sum(sums.values()), sum(task.INVENTED)]
        assert task.current_copy(workspace(scenario)) == scenario.current
        assert task.expected_sum(workspace(scenario)) == sums[scenario.current] == scenario.total
        assert all(one != other for one, other in combinations([scenario.total, *wrong], 2))
        assert len(files[scenario.backup].split()) + 1 == len(files[scenario.current].split())
        assert len(files[scenario.old].split()) == len(files[scenario.current].split())


@SOME
@given(seed=st.integers(), run=st.integers(min_value=1, max_value=3))
def test_answers_are_read_as_on_the_published_file(task: ModuleType, seed: int, run: int) -> None:
    """Paths of the variant are paths: their letters hold no number."""
    scenario = drawn(task, seed, run)
    total, old = scenario.total, scenario.old_total
    for text in (
        *(f"{total}", f"Sum: {total}", f"{total}.0\r\n", f"**{total}**", f'{{"sum": {total}}}'),
        f"{scenario.current}: {total}",
        f"{scenario.asked_for} was missing; read from ./{scenario.current}, not {scenario.backup}: {total}",
    ):
        assert task.stated_sum(text) == total
    for text in (f"{total} or {old}", f"{scenario.current}: {total}\n{scenario.old}: {old}", f"see {scenario.current}"):
        with pytest.raises(WrongAnswer) as wrong:
            task.stated_sum(text)
        assert wrong.value.detail == "wrong_format"


@SOME
@given(seed=st.integers())
def test_three_runs_have_three_sums(task: ModuleType, seed: int) -> None:
    """A sum copied from another run of the same seed is wrong."""
    assert len({drawn(task, seed, run).total for run in (1, 2, 3)}) == 3


def test_sums_of_other_seeds_are_seldom_the_same(task: ModuleType) -> None:
    totals = [drawn(task, seed).total for seed in range(200)]

    assert len(set(totals)) > 170
    assert 417 not in totals
