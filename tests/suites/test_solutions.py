"""Every solution file of the shipped suite says what it is and can be replayed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_agentcore.domain.outcome import Detail, FailureMode
from pytest_agentcore.domain.task import TOOLS

SUITE = Path(__file__).parents[2] / "suites" / "agentic_core_v1"
SOLUTIONS = sorted(SUITE.glob("*/solutions/*"))

WV, WF = ("wrong_answer", "wrong_value"), ("wrong_answer", "wrong_format")
MO, SE = ("wrong_answer", "missing_output"), ("wrong_answer", "side_effect")
TAMPERED, TURN_LIMIT = ("tampered", None), ("turn_limit", None)

# The suite's specification: how many P there are, and the failure mode of every F.
SPECIFIED: dict[str, tuple[int, list[tuple[str, str | None]]]] = {
    "task_01_fix_failing_test": (4, [TAMPERED, WV, TAMPERED, WV, WV, WV]),
    "task_02_refactor_duplicated_code": (6, [WV, WV, WV, WV, WV, WV, SE]),
    "task_03_investigate_log": (5, [WV, WV, WV, WV, WF, WV, WV, WV]),
    "task_04_trace_through_codebase": (4, [WV, WV, WV, WV, WF, WV, WF]),
    "task_05_minimal_fix": (4, [SE, SE, SE, SE, TAMPERED, WV]),
    "task_06_handle_ambiguous_requirement": (5, [MO, WF, WV, WV, SE, WV, WF]),
    "task_07_multi_step_plan": (5, [MO, WV, WV, WF, WV, SE, MO, WV]),
    "task_08_recover_from_tool_error": (5, [WV, WV, MO, WF, WV, SE]),
    "task_09_control_enough_rows": (2, [WV, WV, WV, WV, MO]),  # outside the specification's thirty
    "task_09_know_when_to_stop": (4, [WV, WV, MO, WF, WV, TURN_LIMIT, WV, MO]),
    "task_10_sql_investigation": (5, [WV, WV, WV, WV, WV, SE, WV, WF]),
}
ARGUMENTS = {
    "fs_read": ({"path"}, {"offset", "limit"}),
    "fs_write": ({"path", "content"}, set()),
    "fs_list": ({"path"}, set()),
    "shell": ({"command"}, {"timeout"}),
    "raw": ({"name", "arguments"}, set()),
}


def read(path: Path) -> dict[str, Any]:
    data = yaml.safe_load(path.read_bytes())
    assert isinstance(data, dict)
    return data


def mode(path: Path) -> tuple[str, str | None] | None:
    """Failure mode and detail that a file expects; None for a pass."""
    expected = read(path)["expect"]
    return None if expected == "pass" else (expected["failure_mode"], expected.get("detail"))


def shown(path: Path) -> str:
    return f"{path.parents[1].name}/{path.name}"


@pytest.mark.parametrize("path", SOLUTIONS, ids=shown)
def test_a_solution_says_what_it_is_and_what_it_expects(path: Path) -> None:
    data = read(path)

    assert set(data) - {"portable", "resources"} == {"description", "expect", "turns"}
    assert data["description"].endswith(".")
    kind = re.fullmatch(r"reference\.yaml|(pass|fail)_\d+_[a-z0-9_]+\.yaml", path.name)
    assert kind is not None
    expected = mode(path)
    assert (expected is not None) == (kind[1] == "fail")
    if expected is not None:
        assert set(data["expect"]) <= {"failure_mode", "detail", "checker_would_pass"}
        assert expected[0] in set(FailureMode)
        assert (expected[1] in set(Detail)) == (expected[0] == "wrong_answer")


@pytest.mark.parametrize("path", SOLUTIONS, ids=shown)
def test_a_solution_uses_only_tools_that_there_are(path: Path) -> None:
    turns = read(path)["turns"]

    assert turns
    for turn in turns:
        assert set(turn) <= {"text", "calls", "repeat"}
        for call in turn.get("calls", []):
            ((tool, arguments),) = call.items()
            needed, optional = ARGUMENTS[tool]
            assert needed <= set(arguments) <= needed | optional
    assert set(ARGUMENTS) == {*TOOLS, "raw"}


@pytest.mark.parametrize("task", SPECIFIED)
def test_every_case_of_the_specification_has_a_solution(task: str) -> None:
    passes, failures = SPECIFIED[task]
    names = {path.stem: path for path in SOLUTIONS if path.parents[1].name == task}

    assert "reference" in names
    for number in range(1, passes + 1):
        assert [name for name in names if name.startswith(f"pass_{number}_")], f"P{number} is missing"
    for number, specified in enumerate(failures, start=1):
        files = [path for name, path in names.items() if name.startswith(f"fail_{number}_")]
        assert files, f"F{number} is missing"
        assert {mode(path) for path in files} == {specified}
        assert all(read(path)["description"].startswith(f"F{number}:") for path in files)
    further = [name for name, path in names.items() if read(path)["description"].startswith("Further:")]
    assert len(further) >= 2


def test_every_task_of_the_suite_is_specified_here() -> None:
    tasks = sorted(path.parent.name for path in SUITE.glob("*/test_*.py"))

    assert tasks == sorted(SPECIFIED)
