"""A session that is ended from outside: nothing of it goes on, and what was paid for is still there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import QUICK, Benchmark
from tests.contract.scripted_endpoint import serving
from tests.plugin.processes import alive, cmdline, descendants, wait_for

pytestmark = pytest.mark.slow

SLOW = """
from pytest_agentcore import agent_task

@agent_task
def test_quick(run):
    '''quick'''
    assert run.workspace.read_text("a.txt") == "1"

@agent_task
def test_slow(run):
    '''slow'''
"""


@pytest.mark.parametrize("workers", ["-pno:xdist", "-n2"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("where", ["tool", "model"])
def test_nothing_goes_on(benchmark: Benchmark, workers: str, how: signal.Signals, where: str) -> None:
    """Ctrl-C or a kill while runs wait for a command or a model: no process stays, and the next session resumes."""
    folder = benchmark.task("slow", SLOW)
    calls = [["shell", {"command": "sleep 600"}]]
    quick = [{"calls": [["fs_write", {"path": "a.txt", "content": "1"}]]}, {"text": "Done."}]
    models = {
        "m": {"scripts": [{"match": "quick", "turns": quick}, {"match": "slow", "turns": [{"calls": calls}]}]},
        "fault-hang": {},
    }
    name = "m" if where == "tool" else "fault-hang"
    temporary = benchmark.root / "tmp"
    temporary.mkdir()
    with serving({"models": models}) as endpoint:
        command = [sys.executable, "-m", "pytest", *QUICK, str(folder), f"--agent-model={name}@{endpoint.url}/v1"]
        process = subprocess.Popen(
            [*command, "--agent-runs=1", workers],
            cwd=benchmark.root,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        count = 3 if where == "tool" else 2
        assert wait_for(lambda: len(endpoint.requests()) >= count, 60)
        if where == "tool":
            assert wait_for(lambda: any("sleep" in cmdline(pid) for pid in descendants(process.pid)), 20)
        below = descendants(process.pid)
        os.killpg(process.pid, how) if how is signal.SIGINT else os.kill(process.pid, how)
        output, _ = process.communicate(timeout=20)
        assert wait_for(lambda: not any(map(alive, below)), 5), [cmdline(pid) for pid in below if alive(pid)]
        asked = len(endpoint.requests())
        time.sleep(0.5)
        assert len(endpoint.requests()) == asked
    assert list(temporary.glob("agentcore-*")) == []
    assert b"INTERNALERROR" not in output
    if how is signal.SIGINT:
        assert process.returncode == pytest.ExitCode.INTERRUPTED, output.decode()
        assert list((benchmark.root / ".agentcore" / "sessions").glob("*")) == []
    done = [record["kind"] for record in benchmark.journal()]
    assert "attempt_started" in done
