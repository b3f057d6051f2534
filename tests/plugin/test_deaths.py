"""Processes that die in the middle: the right cause, the right retry, nothing lost, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.conftest import QUICK, Benchmark
from tests.contract.scripted_endpoint import serving
from tests.plugin.processes import alive, cmdline, descendants, wait_for

pytestmark = pytest.mark.slow

NAP = """
from pytest_agentcore import agent_task

@agent_task
def test_nap(run):
    'Sleep a little.'
    assert run.workspace.read_text("done.txt") == "1"
"""
SOLUTION = "turns:\n- calls: [{shell: {command: 'sleep 3; printf 1 > done.txt'}}]\n- text: Done.\n"


def victims(pid: int, kind: str) -> list[int]:
    """Processes of a session by what they are."""
    below = {child: cmdline(child) for child in descendants(pid)}
    marks: dict[str, Callable[[str], bool]] = {
        "launcher": lambda line: "launcher.py" in line,
        "command": lambda line: line.startswith("sleep"),
        "gateway": lambda line: "pytest_agentcore.model.gateway" in line,
        "worker": lambda line: "import sys;exec(eval(sys.stdin.readline()))" in line,
    }
    return [child for child, line in below.items() if marks[kind](line)]


def busy(pid: int) -> set[int]:
    """Workers of a session that have a command running."""
    return {worker for worker in victims(pid, "worker") if victims(worker, "command")}


def session(benchmark: Benchmark, *arguments: str) -> subprocess.Popen[str]:
    """A session that goes on while the test does something to it."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *QUICK, *arguments],
        cwd=benchmark.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("workers", ["-pno:xdist", "-n2"])
@pytest.mark.parametrize("victim", ["launcher", "command"])
def test_inside_of_a_sandbox(benchmark: Benchmark, victim: str, workers: str) -> None:
    """A sandbox that is lost costs an attempt and is retried; a command that is killed is the agent's own affair."""
    folder = benchmark.task("nap", NAP, reference=SOLUTION)
    process = session(benchmark, str(folder), "--agent-model=scripted/reference", "--agent-runs=1", workers)
    assert wait_for(lambda: bool(victims(process.pid, "command")), 30)
    below = descendants(process.pid)
    for pid in victims(process.pid, victim):
        os.kill(pid, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)

    (outcome,) = benchmark.outcomes().values()
    assert outcome["passed"], output
    assert outcome["attempt"] == (2 if victim == "launcher" else 1)
    superseded = [record["infra"] for record in benchmark.journal() if record["kind"] == "attempt_ended"][:-1]
    assert len(superseded) == (1 if victim == "launcher" else 0)
    assert wait_for(lambda: not any(map(alive, below)), 5)


@pytest.mark.parametrize("workers", ["-pno:xdist", "-n2"])
def test_the_gateway(benchmark: Benchmark, workers: str) -> None:
    """A gateway that is killed in mid-call is started again; the runs it took with it are tried once more."""
    turns = [{"calls": [["shell", {"command": "printf 1 > done.txt"}]]}, {"text": "Done."}]
    folder = benchmark.task("nap", NAP)
    with serving({"models": {"m": {"turns": turns}}, "delay_s": 1.5}) as endpoint:
        model = f"--agent-model=m@{endpoint.url}/v1"
        process = session(benchmark, str(folder), model, "--agent-runs=2", workers)
        assert wait_for(lambda: len(endpoint.requests()) >= 2, 60)
        (gateway,) = victims(process.pid, "gateway")
        os.kill(gateway, signal.SIGKILL)
        output, _ = process.communicate(timeout=90)

    assert process.returncode == 0, output
    outcomes = benchmark.outcomes().values()
    assert [outcome["passed"] for outcome in outcomes] == [True, True]
    assert {outcome["attempt"] for outcome in outcomes} == {2}


@pytest.mark.parametrize("workers", ["-n1", "-n2"])
@pytest.mark.parametrize("deaths", [1, 2])
def test_a_worker(benchmark: Benchmark, workers: str, deaths: int) -> None:
    """A worker that is killed, also the only one and also twice, is replaced and its runs are run again."""
    folder = benchmark.task("nap", NAP, reference=SOLUTION)
    process = session(benchmark, str(folder), "--agent-model=scripted/reference", "--agent-runs=3", workers)
    killed: set[int] = set()
    for _ in range(deaths):
        assert wait_for(lambda: bool(busy(process.pid) - killed), 40)
        victim = min(busy(process.pid) - killed)
        killed.add(victim)
        os.kill(victim, signal.SIGKILL)
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 0, output
    assert "3 passed" in output
    assert [outcome["passed"] for outcome in benchmark.outcomes().values()] == [True] * 3
    concluded = [record["key"] for record in benchmark.journal() if record["kind"] == "concluded"]
    assert len(concluded) == 3


POISON = """
import os, pytest
from pytest_agentcore.agent.tools import Toolbox

def pytest_configure(config):
    if hasattr(config, "workerinput"):
        original = Toolbox._fs_list
        def deadly(self, call, arguments):
            if arguments.get("path") == "poison":
                os._exit(9)
            return original(self, call, arguments)
        Toolbox._fs_list = deadly
"""


def test_a_run_that_kills_its_worker_each_time(benchmark: Benchmark) -> None:
    """It ends as infra after its attempts, and runs that merely shared the process are not blamed."""
    (benchmark.root / "conftest.py").write_text(POISON)
    turns = {"reference": SOLUTION.replace("sleep 3", "sleep 1")}
    folder = benchmark.task("nap", NAP, **turns)
    deadly = "turns:\n- calls: [{fs_list: {path: poison}}]\n- text: Done.\n"
    poison = benchmark.task("poison", NAP.replace("nap", "poison"), reference=deadly)
    result = benchmark.run(poison, folder, "--agent-model=scripted/reference", "--agent-runs=2", "-n2")

    assert result.ret == 1
    outcomes = benchmark.outcomes()
    causes = {name: outcome["cause"] for name, outcome in outcomes.items()}
    assert causes == {
        "task_nap-run1": None,
        "task_nap-run2": None,
        "task_poison-run1": "infra",
        "task_poison-run2": "infra",
    }
    assert "worker process died" in outcomes["task_poison-run1"]["reason"]
    result.stdout.fnmatch_lines(["*2 infra*"])


def test_a_checker_that_kills_its_worker_each_time(benchmark: Benchmark) -> None:
    """The rollout is paid once; the checker is a fault of the task."""
    folder = benchmark.task(
        "crash",
        "import os\nfrom pytest_agentcore import agent_task\n\n"
        "@agent_task\ndef test_crash(run):\n    'Do.'\n    os._exit(7)\n",
    )
    result = benchmark.run(folder, "suite/task_greet", "--agent-model=scripted/empty", "--agent-runs=1", "-n2")

    assert result.ret == 1
    assert benchmark.outcomes()["task_crash-run1"]["cause"] == "checker"
    assert benchmark.outcomes()["task_greet-run1"]["cause"] == "model"
    started = [record for record in benchmark.journal() if record["kind"] == "attempt_started"]
    assert len(started) == 2


def test_a_plain_test_that_kills_its_worker_fails_as_ever(benchmark: Benchmark) -> None:
    """Xdist's own report of a crashed worker is kept for items that are not ours."""
    (benchmark.root / "test_plain.py").write_text("import os\ndef test_crash(): os._exit(3)\ndef test_fine(): pass\n")
    result = benchmark.run("test_plain.py", "suite", "--agent-model=scripted/reference", "-n2")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*worker 'gw*' crashed while running 'test_plain.py::test_crash'*"])
    result.assert_outcomes(passed=5, failed=1)


def test_a_session_that_is_suspended_for_a_while(benchmark: Benchmark) -> None:
    """A laptop that sleeps: neither run nor call is timed out for time that nobody had."""
    test = NAP.replace("import agent_task", "import Limits, agent_task")
    test = test.replace("@agent_task\n", "@agent_task(timeout_s=8, limits=Limits(call_s=8))\n")
    folder = benchmark.task("nap", test, reference=SOLUTION)
    process = session(benchmark, str(folder), "--agent-model=scripted/reference", "--agent-runs=1", "-pno:xdist")
    assert wait_for(lambda: bool(victims(process.pid, "command")), 30)
    every = [process.pid, *descendants(process.pid)]
    for pid in every:
        os.kill(pid, signal.SIGSTOP)
    signal.sigtimedwait([], 12)
    for pid in every:
        os.kill(pid, signal.SIGCONT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
