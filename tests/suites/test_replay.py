"""The shipped suite through the plugin: the reference passes in every scenario, and every card is clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import QUICK

SUITE = Path(__file__).parents[2] / "suites" / "agentic_core_v1"
TASKS = sorted(path.parent.name for path in SUITE.glob("*/solutions"))
RUNS = 3 * len(TASKS)


def outcomes(pytester: pytest.Pytester, model: str, variant: str) -> list[dict[str, Any]]:
    """What a whole campaign comes to."""
    arguments = (f"--agent-model={model}", f"--agent-variant={variant}", f"--agent-dir={pytester.path}/store")
    pytester.runpytest_subprocess(*QUICK, SUITE, *arguments, f"--rootdir={SUITE}", "-n2", "-q", timeout=300)
    paths = sorted(pytester.path.glob("store/campaigns/*/runs/*/*/outcome.json"))
    return [json.loads(path.read_text()) for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["canonical", "7"])
def test_the_reference_passes_in_every_run(variant: str, pytester: pytest.Pytester) -> None:
    """Thirty of thirty, and the control item."""
    passed = [outcome["passed"] for outcome in outcomes(pytester, "scripted/reference", variant)]

    assert passed == [True] * RUNS


@pytest.mark.slow
def test_doing_nothing_fails_in_every_run(pytester: pytest.Pytester) -> None:
    """And is told from a wrong answer."""
    found = [
        (outcome["passed"], outcome["failure_mode"]) for outcome in outcomes(pytester, "scripted/nop", "canonical")
    ]

    assert found == [(False, "early_termination")] * RUNS


@pytest.mark.slow
@pytest.mark.parametrize("way", ["lean", "heavy"])
def test_the_heavy_way_to_the_same_answer_needs_room(way: str, pytester: pytest.Pytester) -> None:
    """Memory in one task, processes in the other: killed at 1x, passes at the profile that its file names."""
    pair = {path.parents[1].name: path for path in SUITE.glob(f"*/solutions/pass_20_{way}.yaml")}
    assert len(pair) == 2
    needed = {yaml.safe_load(path.read_bytes()).get("resources", "1x") for path in pair.values()}
    assert needed == ({"1x"} if way == "lean" else {"3x"})
    session = (f"--agent-model=scripted/pass_20_{way}", "--agent-resources=1x,3x", "--agent-runs=1")
    folders = [SUITE / task for task in pair]
    pytester.runpytest_subprocess(
        *QUICK,
        *folders,
        *session,
        f"--agent-dir={pytester.path}/store",
        f"--rootdir={SUITE}",
        "-pno:xdist",
        timeout=300,
    )

    found = {}
    for path in pytester.path.glob("store/campaigns/*/runs/*/*/outcome.json"):
        profile = json.loads((path.parents[3] / "manifest.json").read_text())["profile"]
        outcome = json.loads(path.read_text())
        found[profile, outcome["key"]["task"]] = outcome["reason"] or ("passed" if outcome["passed"] else "failed")
    killed = {"task_03_investigate_log": "pids_exhausted", "task_10_sql_investigation": "oom_killed"}
    at_1x = killed if way == "heavy" else dict.fromkeys(killed, "passed")
    assert {task: found["1x", task] for task in killed} == at_1x
    assert {task: found["3x", task] for task in killed} == dict.fromkeys(killed, "passed")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_card_is_clean(task: str, pytester: pytest.Pytester) -> None:
    """Every solution gives the verdict that its file names, in the published scenario and in a drawn one."""
    check = (
        "--agent-check",
        SUITE / task,
        "--agent-check-variants=1",
        f"--agent-check-json={pytester.path}/cards.json",
    )
    result = pytester.runpytest_subprocess(*QUICK, *check, f"--rootdir={SUITE}", "-pno:xdist", "-q", timeout=600)

    assert result.ret == 0, result.stdout.str()
    (card,) = json.loads((pytester.path / "cards.json").read_text())["cards"]
    assert card["task"] == task
