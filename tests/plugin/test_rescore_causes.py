"""``pytest-agentcore rescore --causes``: who failed, decided again from what was kept of real runs."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import QUICK, Benchmark
from tests.plugin.conftest import Say, contents
from tests.plugin.processes import cmdline, descendants
from tests.plugin.test_resources import heap

KILLED = "oom_killed: the kernel or the watchdog killed for want of memory in the last call"
LOST = "server_lost: the server is gone, and nobody knows how"
NAP = """
from pytest_agentcore import Run, agent_task

@agent_task
def test_nap(run: Run) -> None:
    '''Sleep, then write done.txt.'''
    assert run.workspace.read_text("done.txt").strip() == "done"
"""
SLEEPS = "turns:\n- calls: [{shell: {command: 'sleep 3; echo done > done.txt'}}]\n- text: Done.\n"


def edited(campaign: Path, attempt: str, change: Callable[[dict[str, Any]], None]) -> None:
    """A stored rollout with something else in it."""
    (path,) = campaign.glob(f"runs/{attempt}/rollout.json")
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def last_call(data: dict[str, Any]) -> dict[str, Any]:
    """The last result of a run."""
    results: list[dict[str, Any]] = [one for turn in data["trajectory"]["turns"] for one in turn["results"]]
    return results[-1]


@pytest.fixture
def killed(benchmark: Benchmark) -> Path:
    """A campaign of one run that was really killed for want of memory, and one that passed."""
    heap(benchmark)
    benchmark.run("suite/task_heap", "--agent-model=scripted/heavy", "--agent-runs=1", "-pno:xdist")
    return benchmark.campaigns()[0]


def test_the_table_of_today_says_what_was_said(killed: Path, say: Say) -> None:
    """Nothing changes, nothing is written, and no suite is needed."""
    before = contents(killed)
    status, shown = say("rescore", "--causes", killed)

    assert status == 0
    assert f"  1 × resource, {KILLED}" in shown
    assert "score 0/1, now 0/1; 0 runs judged otherwise" in shown
    assert contents(killed) == before


def test_without_its_evidence_the_run_is_the_models(killed: Path, say: Say) -> None:
    """And the new data pack says so; the old one stays."""
    edited(killed, "task_heap-run1/attempt-1", lambda data: last_call(data)["evidence"].update(oom_kills=0))
    status, shown = say("rescore", "--causes", killed, "--write")

    assert status == 1
    assert "task_heap-run1, attempt 1: was resource/oom_killed, is wrong_answer" in shown
    rows = json.loads((killed / "data_pack-rescored-1" / "per_task_results.json").read_text())
    assert "oom_killed" not in json.dumps(rows)
    assert "oom_killed" in (killed / "data_pack" / "per_task_results.json").read_text()


def test_another_order_of_the_table_is_another_cause(killed: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table alone decides."""
    causes = importlib.import_module("pytest_agentcore.domain.causes")  # the one in use: pytester drops modules

    monkeypatch.setattr(causes, "TABLE", tuple(row for row in causes.TABLE if row.reason != causes.OOM_KILLED))
    edited(killed, "task_heap-run1/attempt-1", lambda data: last_call(data).update(timed_out=True))
    status, shown = say("rescore", "--causes", killed)

    assert status == 1
    assert "was resource/oom_killed, is resource/call_timeout" in shown


@pytest.fixture
def struck(benchmark: Benchmark) -> Path:
    """A campaign whose one run lost its sandbox, was tried again and passed."""
    benchmark.task("nap", NAP, reference=SLEEPS)
    arguments = ("suite/task_nap", "--agent-model=scripted/reference", "--agent-runs=1", "-pno:xdist")
    session = subprocess.Popen(
        [sys.executable, "-m", "pytest", *QUICK, *arguments],
        cwd=benchmark.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 60
    while time.monotonic() < end and not any("sleep 3" in cmdline(pid) for pid in descendants(session.pid)):
        time.sleep(0.05)
    (launcher,) = (
        pid for pid in descendants(session.pid) if "launcher.py" in cmdline(pid) and parent(pid) == session.pid
    )
    os.kill(launcher, signal.SIGKILL)
    assert session.wait(60) == 0
    return benchmark.campaigns()[0]


def parent(pid: int) -> int:
    """Of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.slow
def test_an_attempt_that_was_tried_again_is_decided_again(struck: Path, say: Say) -> None:
    """A lack of memory would have ended the run: what counts then is that attempt."""
    status, shown = say("rescore", "--causes", struck)
    assert status == 0
    assert f"  1 × infra, {LOST}" in shown

    edited(struck, "task_nap-run1/attempt-1", lambda data: data["loss"].update(exit_code=137, memory_ran_out=True))
    status, shown = say("rescore", "--causes", struck)
    assert status == 1
    assert "task_nap-run1, attempt 1: was infra/the sandbox's server is gone, is resource/oom_killed" in shown
    assert "score 1/1, now 0/1; 1 runs judged otherwise" in shown


@pytest.mark.slow
def test_what_nothing_was_seen_of_stays_as_it_was(struck: Path, say: Say) -> None:
    """Runs that were made before losses were kept, and broken records."""
    edited(struck, "task_nap-run1/attempt-1", lambda data: data.pop("loss"))
    status, shown = say("rescore", "--causes", struck)
    assert status == 0
    assert "  1 × as it was: nothing was seen of it that the table knows" in shown

    (struck / "runs" / "task_nap-run1" / "attempt-1" / "rollout.json").write_text("{")
    status, shown = say("rescore", "--causes", struck)
    assert status == 0
    assert "  1 × as it was: no rollout of it can be read" in shown
