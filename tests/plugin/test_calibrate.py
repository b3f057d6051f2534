"""``pytest-agentcore calibrate``: resources as an experiment, with real kills."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Benchmark
from tests.plugin.test_resources import HEAVY, LEAN, solution

pytestmark = pytest.mark.slow

TASK = """
from pytest_agentcore import Limits, Run, agent_task


@agent_task(limits=Limits(memory_mb=96))
def test_{name}(run: Run) -> None:
    '''Write the number of squares below a million to squares.txt.'''
    assert run.workspace.read_text("squares.txt").strip() == "1000"
"""


def calibrate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", script, "calibrate", *arguments],
        check=False,
        text=True,
        capture_output=True,
        timeout=240,
    )


@pytest.fixture
def heaps(benchmark: Benchmark) -> Benchmark:
    """Six tasks with a lean and a heavy way to the same answer: the fewest that can be told apart at all."""
    for number in range(6):
        test = TASK.replace("{name}", f"heap{number}")
        benchmark.task(f"heap{number}", test, heavy=solution(HEAVY), lean=solution(LEAN))
    return benchmark


def test_the_heavy_way_needs_room_and_the_lean_one_does_not(heaps: Benchmark) -> None:
    """Heavy: killed at 1x, passes at 3x; the p-values say so, and the recommendations differ."""
    del heaps
    models = ("--agent-model=scripted/heavy", "--agent-model=scripted/lean")
    done = calibrate("suite", *models, "--agent-resources=1x,3x,uncapped", "--agent-runs=1", "-n", "2", "-k", "heap")

    assert done.returncode == 0, done.stdout + done.stderr
    heavy, lean = done.stdout.split("\nscripted/heavy · small\n")[1].split("\nscripted/lean · small\n")
    cells = [line.split() for line in heavy.splitlines() if " is the smallest " not in line]
    rows = {row[0]: row for row in cells if row and row[0] in ("1x", "3x", "uncapped")}
    assert rows["1x"][1] == "0/6"
    assert rows["1x"].count("6/6") == 1  # killed
    assert "-100.0" in rows["1x"]
    assert rows["3x"][1] == rows["uncapped"][1] == "6/6"
    assert "3x is the smallest ceiling within noise of uncapped" in heavy
    assert "1x is the smallest ceiling within noise of uncapped" in lean
    assert "in four cases of five" in heavy
    assert "warning" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("suite", "--agent-model=scripted/reference", "--agent-resources=1x"), 2, "1 campaign to compare"),
        (("suite", "--agent-model=scripted/reference", "--agent-resources=0x,1x"), 4, "'0x' is no resource profile"),
        (("nowhere", "--agent-model=scripted/reference"), 4, "file or directory not found: nowhere"),
        (("suite",), 2, "--agent-model"),
    ],
)
def test_refusals_are_one_line(benchmark: Benchmark, arguments: tuple[str, ...], status: int, message: str) -> None:
    """With the session's own status where the session refused."""
    del benchmark
    refused = calibrate(*arguments)

    assert refused.returncode == status
    assert message in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr
