"""What leaves a session beside its campaign: exit status, JUnit file, hook, live line, command."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.conftest import QUICK, Benchmark


@pytest.mark.slow
def test_least_score_decides_alone(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """With --agent-min-score a failed run does not fail the session, and a low score does."""
    arguments = ("suite/task_greet", "--agent-model=scripted/wrong", "--agent-runs=1", *mode)

    assert benchmark.run(*arguments).ret == pytest.ExitCode.TESTS_FAILED
    assert benchmark.run(*arguments, "--agent-min-score=0").ret == pytest.ExitCode.OK
    assert benchmark.run(*arguments, "--agent-min-score=1").ret == pytest.ExitCode.TESTS_FAILED


def test_junit_file_tells_infra_from_failure(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Infra is skipped, not failed and not passed; every case carries its outcome as properties."""
    folder = benchmark.task(
        "lost",
        "from pytest_agentcore import Limits, agent_task\n\n"
        "@agent_task(limits=Limits(wall_s=-59.0))\ndef test_lost(run):\n    'This sandbox ends at once.'\n",
        wrong="turns:\n- calls: [{shell: {command: 'sleep 5'}}]\n",
    )
    tasks = (benchmark.root / "suite" / "task_greet", folder)
    benchmark.run(*tasks, "--agent-model=scripted/wrong", "--agent-runs=1", "--junitxml=out.xml", *mode)

    cases = {case.get("name", ""): case for case in ET.parse(benchmark.root / "out.xml").iter("testcase")}  # noqa: S314 - our own file
    lost, greet = cases["test_lost[scripted/wrong-run1]"], cases["test_greet[scripted/wrong-run1]"]
    assert [child.tag for child in lost if child.tag != "properties"] == ["skipped"]
    assert "failure" in [child.tag for child in greet]
    named = {entry.get("name"): entry.get("value") for entry in greet.iter("property")}
    assert (named["agent_cause"], named["agent_failure_mode"]) == ("model", "wrong_answer")
    assert {entry.get("name"): entry.get("value") for entry in lost.iter("property")}["agent_cause"] == "infra"


def test_a_conftest_hears_of_finished_campaigns(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """The hook is called once per campaign, in the process that reports."""
    (benchmark.root / "conftest.py").write_text(
        "def pytest_agentcore_campaign_finished(folder, record, summary):\n"
        "    print('HEARD', folder.name[11:], summary.passed, len(record.planned))\n"
    )
    result = benchmark.run("suite", "--agent-model=scripted/reference", "-s", *mode)

    heard = [line for line in result.outlines if "HEARD" in line]
    assert [line.partition("HEARD ")[2] for line in heard] == ["scripted-reference-small 4 4"]


def test_a_terminal_shows_a_live_line(benchmark: Benchmark) -> None:
    """While a run is waited for, one line says how the campaign stands, and it is gone from the final screen."""
    folder = benchmark.task(
        "nap",
        "from pytest_agentcore import agent_task\n\n@agent_task\ndef test_nap(run):\n    'Sleep.'\n",
        reference="turns:\n- calls: [{shell: {command: 'sleep 3'}}]\n- text: Done.\n",
    )
    leader, terminal = pty.openpty()
    command = [sys.executable, "-m", "pytest", *QUICK, str(folder), "--agent-model=scripted/reference", "-pno:xdist"]
    process = subprocess.Popen(
        command,
        cwd=benchmark.root,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            data = os.read(leader, 65536)
        except OSError:
            break
        shown += data
    os.close(leader)

    assert process.wait(timeout=60) == 0
    text = shown.decode()
    live = re.findall(r"  \[0/2 done · 0 passed · 2 in flight[^]]*\]\x1b\[(\d+)D\x1b\[K", text)
    assert live
    assert "Captured stdout" not in text


def test_stored_campaigns_are_reported_again(benchmark: Benchmark) -> None:
    """``pytest-agentcore report`` prints what the session printed; a name that is none is refused in a line."""
    benchmark.run("suite", "--agent-model=scripted/reference")
    command = [str(Path(sys.executable).with_name("pytest-agentcore")), "report"]
    done = subprocess.run(command, cwd=benchmark.root, capture_output=True, text=True, check=True)
    none = subprocess.run([*command, "nothing"], cwd=benchmark.root, capture_output=True, text=True, check=False)

    assert "4/4  100.0 %" in done.stdout
    assert none.returncode == 2
    assert none.stderr.startswith("pytest-agentcore: ")
    assert none.stderr.count("\n") == 1
