"""Every row of the table of causes, brought about for real in a whole run at every level that has it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.causes import TABLE, Seen, row_for
from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey, Verdict
from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import Reply
from pytest_agentcore.model.scripted import ScriptedModel, ScriptedTurn, Solution
from pytest_agentcore.rollout.attempt import Cancel, Harness, Metered, attempt
from pytest_agentcore.rollout.material import initial
from pytest_agentcore.sandbox import cgroup, launching, ownership, pool, served
from pytest_agentcore.sandbox.channel import Channel
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker_channel import ContainerChannel
from pytest_agentcore.sandbox.served import ServedSandbox
from pytest_agentcore.scoring.failure import conclude
from tests.contract.docker_engine import Engine

LIMITS = Limits(memory_mb=64, pids=40, disk_mb=8, cpus=1.0, call_s=2.0)
HOG = "python3 -c 'x = bytearray(400_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(20)'"
BOMB = "python3 -c 'import os, time\nfor i in range(300):\n    if not os.fork(): time.sleep(20); os._exit(0)'"
FULL = "head -c 20000000 /dev/zero > big"
WORKS = "python3 -c 'import time\nwhile time.process_time() < 0.2: pass\ntime.sleep(100)'"
"""Works for so little that the fullest machine lets it, then waits."""
OTHERS = 12
KERNELS_OWN = [one for one in cgroup.hierarchies() if "memory" in one.controllers]
Event = Callable[[ServedSandbox], None]


class ActingModel(ScriptedModel):
    """Lets something happen before it answers for the second time."""

    def __init__(self, commands: tuple[str, ...], event: Callable[[], None]) -> None:
        calls = [ScriptedTurn(calls=(("shell", json.dumps({"command": command})),)) for command in commands]
        super().__init__(Solution(name="acts", turns=(*calls, ScriptedTurn(text="Done."))))
        self._event = event

    def reply(self, **asked: Any) -> Reply:
        """As scripted."""
        if len(asked["turns"]) == 1:
            self._event()
        return super().reply(**asked)


def run(
    isolation: Isolation, *commands: str, event: Event = lambda _: None, limits: Limits = LIMITS
) -> tuple[Rollout, Outcome]:
    """A whole run of these commands, judged as wrong where anyone could judge it."""
    opened: list[Sandbox] = []

    def open_one(task: Task) -> Sandbox:
        opened.append(open_sandbox(isolation, limits=task.limits))
        return opened[0]

    def happen() -> None:
        assert isinstance(opened[0], ServedSandbox)
        event(opened[0])

    task = Task(id="task_x", suite="s", prompt="Do it.", folder=Path("nowhere"), limits=limits)
    harness = Harness(
        open_sandbox=open_one,
        open_model=lambda *_: ActingModel(("true", *commands), happen),
        metered=lambda _: Metered(),
        system_prompt="",
    )
    key = RunKey(task="task_x", model="scripted/acts", run=1)
    done = attempt(key=key, number=1, task=task, before=initial(task), harness=harness, cancel=Cancel())
    return done, conclude(task, done, Verdict(passed=False, message="wrong"))


def row_of(done: Rollout) -> int:
    """Which row of the table decides, counted from 1; 0 for none."""
    row = row_for(Seen.of(done.trajectory, done.loss))
    return 0 if row is None else TABLE.index(row) + 1


def server_of(box: ServedSandbox) -> int:
    """The server's process id on this machine."""
    if isinstance(box._channel, ContainerChannel):
        if os.geteuid() != 0:
            pytest.skip("a container's processes are root's")
        return box.launcher_pid
    return int(Path(f"/proc/{box.launcher_pid}/task/{box.launcher_pid}/children").read_text().split()[0])


# The sandbox goes away


@pytest.mark.slow
def test_row_1_the_daemon_is_killed(engine: Engine) -> None:
    done, outcome = run(probe("docker"), "true", event=lambda _: engine.kill())
    engine.start()
    pool.close()

    assert (row_of(done), outcome.cause, outcome.reason) == (1, Cause.INFRA, "the docker daemon is gone")


@pytest.mark.slow
def test_row_2_the_server_says_nothing(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_SLACK_S", 1.0)
    stopped: list[int] = []

    def stop(box: ServedSandbox) -> None:
        stopped.append(server_of(box))
        os.kill(stopped[0], signal.SIGSTOP)

    done, outcome = run(isolation, "true", event=stop)

    assert (row_of(done), outcome.cause) == (2, Cause.INFRA)
    assert outcome.reason == "the sandbox's server says nothing"


@pytest.mark.slow
def test_row_3_the_container_is_killed(isolation: Isolation) -> None:
    if isolation.level != "docker":
        pytest.skip("there is no daemon to ask")

    def kill(box: ServedSandbox) -> None:
        assert isinstance(box._channel, ContainerChannel)
        pool.pool().daemon.kill(box._channel.container)

    done, outcome = run(isolation, "true", event=kill)
    assert (row_of(done), outcome.cause) == (3, Cause.INFRA)
    assert outcome.reason == "the container was killed from outside"


@pytest.fixture
def one_processor() -> Iterator[Event]:
    """Gives a sandbox one processor, and twelve others that want the same one."""
    processor = {min(os.sched_getaffinity(0))}
    loop = ["timeout", "30", "sh", "-c", "while :; do :; done"]
    others: list[subprocess.Popen[bytes]] = []

    def crowd(box: ServedSandbox) -> None:
        os.sched_setaffinity(server_of(box), processor)
        for _ in range(OTHERS):
            others.append(subprocess.Popen(loop, start_new_session=True))
            os.sched_setaffinity(others[-1].pid, processor)

    yield crowd
    for one in others:
        os.killpg(one.pid, signal.SIGKILL)
        one.wait()


@pytest.mark.slow
def test_row_4_the_machine_has_no_processor_to_give(isolation: Isolation, one_processor: Event) -> None:
    done, outcome = run(isolation, "while :; do :; done", event=one_processor, limits=replace(LIMITS, call_s=4.0))

    assert (row_of(done), outcome.cause) == (4, Cause.INFRA)
    assert done.loss is not None
    assert 0.5 < done.loss.withheld <= 1
    assert re.match(r"the machine kept \d+% of a call's processor time from it", outcome.reason or "")


@pytest.mark.slow
def test_a_machine_that_stands_still_for_most_of_a_call_is_as_full(isolation: Isolation) -> None:
    def stand_still(box: ServedSandbox) -> None:
        server = server_of(box)
        for after_s, number in ((1.0, signal.SIGSTOP), (4.0, signal.SIGCONT)):
            timer = threading.Timer(after_s, os.kill, (server, number))
            timer.daemon = True
            timer.start()

    done, outcome = run(isolation, "sleep 100", event=stand_still, limits=replace(LIMITS, call_s=4.5))

    assert (row_of(done), outcome.cause) == (4, Cause.INFRA)


@pytest.mark.slow
def test_who_only_sleeps_on_a_full_machine_sleeps_too_long(isolation: Isolation, one_processor: Event) -> None:
    done, outcome = run(isolation, "sleep 100", event=one_processor, limits=replace(LIMITS, call_s=4.0))

    assert (row_of(done), outcome.cause, outcome.reason) == (13, Cause.RESOURCE, "call_timeout")


@pytest.mark.slow
def test_threads_that_wait_for_each_other_are_no_pressure(isolation: Isolation) -> None:
    crowd = f"for i in $(seq {OTHERS}); do while :; do :; done & done; wait"
    with subprocess.Popen(["sh", "-c", "while :; do :; done"], start_new_session=True) as other:
        began = time.monotonic()
        done, outcome = run(isolation, crowd, limits=replace(LIMITS, call_s=4.0))
        other.kill()
        used = os.wait4(other.pid, 0)[2].ru_utime
    if used < 0.6 * (time.monotonic() - began):  # twelve loops have at least what one has, and half is enough for them
        pytest.skip("this machine is full: another loop did not have its processor either")

    assert (row_of(done), outcome.cause, outcome.reason) == (13, Cause.RESOURCE, "call_timeout")


def test_row_5_the_machine_has_no_memory_to_give(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a machine without memory does to the groups on it, a group without memory does to those below it."""
    if isolation.level == "docker":
        pytest.skip("the daemon's groups, not the engine's")
    if not KERNELS_OWN:
        pytest.skip("this user may not make control groups here")
    tight = KERNELS_OWN[0].parent / f"{ownership.owner(os.getpid())}-tight"
    tight.mkdir()
    try:
        if KERNELS_OWN[0].version == 1:
            (tight / "memory.use_hierarchy").write_text("1")
            (tight / "memory.limit_in_bytes").write_text(str(100 << 20))
            (tight / "memory.swappiness").write_text("0")
        else:
            (tight / "cgroup.subtree_control").write_text("+cpu +memory +pids")
            (tight / "memory.max").write_text(str(100 << 20))
        below = [replace(one, parent=tight) if one == KERNELS_OWN[0] else one for one in cgroup.hierarchies()]
        monkeypatch.setattr(cgroup, "hierarchies", lambda: tuple(below))
        done, outcome = run(isolation, HOG, limits=Limits(memory_mb=10_000))
    finally:
        tight.rmdir()

    assert (row_of(done), outcome.cause) == (5, Cause.INFRA)
    assert outcome.reason == "the machine's memory ran out, not the sandbox's: have fewer runs in flight"


def test_row_6_the_servers_memory_runs_out(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    if isolation.level != "docker" and not KERNELS_OWN:
        pytest.skip("this user may not make control groups here")
    if isolation.level == "docker":
        monkeypatch.setattr("pytest_agentcore.sandbox.docker_memory.MemoryLimit.make_room", lambda *_, **__: None)

    def fill(box: ServedSandbox) -> None:
        if isolation.level != "docker":
            (group,) = KERNELS_OWN[0].parent.glob(f"{ownership.owner(os.getpid())}-*.server")
            limit = "memory.limit_in_bytes" if KERNELS_OWN[0].version == 1 else "memory.max"
            (group / limit).write_text(str(30 << 20))
        box.write("large", bytes((200 if isolation.level == "docker" else 40) << 20))  # as fs_write would

    done, outcome = run(isolation, "true", event=fill)
    assert (row_of(done), outcome.cause, outcome.reason) == (6, Cause.RESOURCE, "oom_killed")
    assert done.infra is None


def test_row_7_the_server_breaks_and_says_how(isolation: Isolation) -> None:
    def confuse(box: ServedSandbox) -> None:
        nonsense = b"\xff" * 64
        if isinstance(box._channel, ContainerChannel):
            box._channel._container.stream.write(nonsense, time.monotonic() + 30)
        else:
            assert isinstance(box._channel, Channel)
            os.write(box._channel._requests, nonsense)

    done, outcome = run(isolation, "true", event=confuse)

    assert (row_of(done), outcome.cause) == (7, Cause.INFRA)
    assert (outcome.reason or "").startswith("the sandbox's server is gone: ValueError")


def test_row_8_the_server_is_killed(isolation: Isolation) -> None:
    if isolation.level != "docker" and not KERNELS_OWN:
        pytest.skip("without a group, a lack of memory elsewhere would be taken for this one's")
    done, outcome = run(isolation, "true", event=lambda box: os.kill(server_of(box), signal.SIGKILL))

    assert (row_of(done), outcome.cause) == (8, Cause.INFRA)
    assert outcome.reason == "the sandbox's server is gone: exit status 137"


def test_row_9_all_that_holds_sandboxes_is_killed(isolation: Isolation) -> None:
    if isolation.level == "docker":
        pytest.skip("there is no launcher")

    def kill(_: ServedSandbox) -> None:
        for (pid, _interpreter), launcher in launching._launchers.items():
            if pid == os.getpid():
                launcher._process.kill()
                launcher._process.wait()

    done, outcome = run(isolation, "true", event=kill)

    assert (row_of(done), outcome.cause) == (9, Cause.INFRA)
    assert outcome.reason == "the sandbox's server is gone"


# The sandbox lives, and the last call met a limit


@pytest.fixture(params=["group", "watchdog"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> str:
    """By what the limits are held."""
    if isolation.level == "docker":
        if request.param == "watchdog":
            pytest.skip("docker always has control groups")
    elif request.param == "watchdog":
        monkeypatch.setattr(cgroup, "hierarchies", tuple)
    elif not cgroup.hierarchies():
        pytest.skip("this user may not make control groups here")
    return str(request.param)


def test_row_10_a_command_takes_too_much_memory(isolation: Isolation, held: str) -> None:
    done, outcome = run(isolation, HOG, limits=Limits(memory_mb=64))

    assert (row_of(done), outcome.cause, outcome.reason) == (10, Cause.RESOURCE, "oom_killed")
    assert outcome.evidence.oom_kills == 1


def test_row_11_a_fork_bomb(isolation: Isolation, held: str) -> None:
    done, outcome = run(isolation, BOMB, limits=Limits(pids=40))

    assert (row_of(done), outcome.cause, outcome.reason) == (11, Cause.RESOURCE, "pids_exhausted")
    assert (outcome.evidence.pids_hits or 0) >= 1


def test_row_12_a_full_disk(isolation: Isolation) -> None:
    done, outcome = run(isolation, FULL)

    assert (row_of(done), outcome.cause, outcome.reason) == (12, Cause.RESOURCE, "disk_full")
    assert outcome.evidence.disk_full


@pytest.mark.parametrize("command", [WORKS, "sleep 100"])
def test_row_13_the_time_of_a_call(isolation: Isolation, command: str) -> None:
    """Working or waiting: the cause is the same, the record tells them apart."""
    done, outcome = run(isolation, command, limits=replace(LIMITS, call_s=4.0))
    last = done.trajectory.results[-1]
    assert last.evidence is not None
    used = last.evidence.cpu_s or 0.0

    assert (row_of(done), outcome.cause, outcome.reason) == (13, Cause.RESOURCE, "call_timeout")
    assert last.wall_s >= 4.0
    assert used >= 0.2 if command == WORKS else used < 0.1


# What fits no row


def test_what_happened_before_the_last_call_is_the_agents_to_deal_with(isolation: Isolation) -> None:
    done, outcome = run(isolation, HOG, "rm -f big; true", limits=replace(LIMITS, call_s=20.0))

    assert outcome.evidence.oom_kills == 1
    assert (row_of(done), outcome.cause) == (0, Cause.MODEL)


def test_a_processor_that_is_throttled_is_evidence_and_no_cause(isolation: Isolation) -> None:
    if isolation.enforced["cpus"] != "cgroup":
        pytest.skip("nothing holds the processor here")
    spin = "python3 -c 'import time\nwhile time.process_time() < 0.05: pass'"
    done, outcome = run(isolation, spin, limits=Limits(cpus=0.05))

    assert (outcome.evidence.throttled_s or 0) > 0
    assert (row_of(done), outcome.cause) == (0, Cause.MODEL)


@pytest.mark.parametrize("row", range(1, len(TABLE) + 1))
def test_no_row_is_without_its_event(row: int) -> None:
    tests = [name for name in globals() if name.startswith(f"test_row_{row}_")]

    assert len(tests) == 1
