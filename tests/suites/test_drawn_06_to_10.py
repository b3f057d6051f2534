"""The scenarios of tasks 06 to 10: what is published stays as it is, and every seed and run draws another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore import Draw
from pytest_agentcore.domain.task import Task
from pytest_agentcore.model import scripted
from pytest_agentcore.rollout.scenario import drawn, fill, solution

TASKS = (
    "task_06_handle_ambiguous_requirement",
    "task_07_multi_step_plan",
    "task_08_recover_from_tool_error",
    "task_09_control_enough_rows",
    "task_09_know_when_to_stop",
    "task_10_sql_investigation",
)
PUBLISHED = {
    "task_06_handle_ambiguous_requirement": "ffb257f55c9441c8",
    "task_08_recover_from_tool_error": "64197d68b24f990d",
    "task_09_control_enough_rows": "14b03b6582c13920",
    "task_09_know_when_to_stop": "39a56db4e870e6df",
    "task_10_sql_investigation": "ede0e6989e3bf41a",
}
"""The first digits of the sha256 over the names and bytes of a workspace."""
DRAWN = {
    "task_06_handle_ambiguous_requirement": "7d79a336f6962b0b",
    "task_08_recover_from_tool_error": "d42cb12d6f2103cb",
    "task_09_control_enough_rows": "9d837b0e981574be",
    "task_09_know_when_to_stop": "6ad3673a9104ac44",
    "task_10_sql_investigation": "96752da50f1d9eba",
}
"""The same for the second run of variant 7 in version 1.0.0, hidden files included."""
PROMPTS = {
    "task_06_handle_ambiguous_requirement": "Remove the duplicate users from users.csv and save users_clean.csv. If ",
    "task_07_multi_step_plan": (
        "Create four files, in this order: 01_init.txt with exactly `PROJECT=heron`; 02_config.json with {name: heron, "
        "steps: 4}; 03_manifest.txt with one line per earlier file, `<name> <bytes>`; 04_done.txt with `DONE <n>`, "
    ),
    "task_08_recover_from_tool_error": "Read data/data.txt, sum the numbers, write the sum to result.txt.",
    "task_09_control_enough_rows": "Compute the 10-day moving average of revenue from data.csv and write it to answer.",
    "task_09_know_when_to_stop": "Compute the 10-day moving average of revenue from data.csv and write it to answer.",
    "task_10_sql_investigation": "Which customer had the highest revenue from orders placed in Q1 2026, net of all ",
}
SEEDS = ("1", "2", "3", "4", "5", "7")


def draw(task: ModuleType, name: str, variant: str, run: int = 1) -> Any:
    """What the task's own marker draws."""
    return marker(task)["scenario"](Draw(variant=variant, suite_version="1.0.0", task=name, run=run))


def marker(task: ModuleType) -> Mapping[str, Any]:
    (mark,) = checker(task).pytestmark
    options: Mapping[str, Any] = mark.kwargs
    return options


def checker(task: ModuleType) -> Any:
    """The test function of a task's module."""
    (name,) = (name for name in vars(task) if name.startswith("test_"))
    return getattr(task, name)


def content(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {path: data.encode() if isinstance(data, str) else data for path, data in files.items()}


def digest(files: Mapping[str, bytes]) -> str:
    return hashlib.sha256(b"".join(path.encode() + b"\0" + files[path] for path in sorted(files))).hexdigest()[:16]


@pytest.fixture(params=TASKS)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def task(name: str, task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(name)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_workspace_is_drawn_to_the_byte(task: ModuleType, name: str, suite: Path) -> None:
    """It is what lies in the task's folder, and has been so since the suite was published."""
    folder = suite / name / "workspace"
    kept = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert content(draw(task, name, "canonical").files()) == kept
    assert digest(kept) == PUBLISHED[name]


@pytest.mark.parametrize("name", DRAWN)
def test_a_variant_is_the_same_on_every_machine(task: ModuleType, name: str) -> None:
    """Its seed is published with a result; another draw of the same seed would be another version of the suite."""
    scenario = draw(task, name, "7", run=2)
    hidden = content(scenario.hidden()) if hasattr(scenario, "hidden") else {}

    assert digest(content(scenario.files()) | hidden) == DRAWN[name]


def test_a_variant_without_files_is_the_same_on_every_machine(task_module: Callable[[str], ModuleType]) -> None:
    name = "task_07_multi_step_plan"

    assert draw(task_module(name), name, "7", run=2).name == "sepia-grebe"


def test_the_published_prompt_is_the_specification_s(task: ModuleType, name: str) -> None:
    prompt = fill(checker(task).__doc__, draw(task, name, "canonical"), name)

    assert prompt.startswith(PROMPTS[name])
    assert "${{" not in prompt


def test_equal_draws_are_equal_and_others_are_not(task: ModuleType, name: str) -> None:
    """Canonical is the same in all runs; no two of the seeds and runs tried draw the same."""
    assert draw(task, name, "canonical", run=1) == draw(task, name, "canonical", run=3)
    assert draw(task, name, "7") == draw(task, name, "7")
    seen = [draw(task, name, "canonical"), *(draw(task, name, seed, run) for seed in SEEDS for run in (1, 2, 3))]
    assert all(one != other for at, one in enumerate(seen) for other in seen[:at])


def rendered(name: str, task: ModuleType, suite: Path, variant: str, run: int = 1) -> Task:
    """The task of one run, as the plugin makes it."""
    folder = suite / name
    options = {key: value for key, value in marker(task).items() if key in {"faults", "scenario"}}
    blank = Task(
        id=name, suite="s", prompt=checker(task).__doc__, folder=folder, solutions=folder / "solutions", **options
    )
    return drawn(blank, Draw(variant=variant, suite_version="1.0.0", task=name, run=run))


@pytest.mark.parametrize("variant", ["canonical", "7"])
def test_every_solution_can_be_filled_in(name: str, task: ModuleType, suite: Path, variant: str) -> None:
    """No expression is left, and none asks for what the scenario does not have."""
    run = rendered(name, task, suite, variant)

    assert "${{" not in run.prompt + "".join(fault.path + fault.message for fault in run.faults)
    for known in scripted.names(suite / name / "solutions"):
        for turn in solution(run, known).turns:
            assert "${{" not in turn.text + "".join(arguments for _, arguments in turn.calls)


def test_what_is_not_portable_reads_otherwise_elsewhere(name: str, task: ModuleType, suite: Path) -> None:
    """A right solution either works its answer out, or has the values of its scenario typed in."""
    here, there, later = (rendered(name, task, suite, *place) for place in (("canonical", 1), ("7", 1), ("7", 2)))
    for known in scripted.names(suite / name / "solutions"):
        found = solution(here, known)
        if found.expect is None and known not in scripted.IMPLIED and not found.portable:
            calls = [[turn.calls for turn in solution(run, known).turns] for run in (here, there, later)]
            assert calls[0] != calls[1] != calls[2] != calls[0], known
