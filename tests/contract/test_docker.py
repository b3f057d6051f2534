"""What is level docker's alone: its pool, its images, its memory limit, and every way in which a container ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import ConfigError, SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import docker_code, image, ownership, pool
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker import LABEL, Daemon
from pytest_agentcore.sandbox.docker_channel import ContainerChannel, await_ends
from pytest_agentcore.sandbox.docker_inside import ContainerAccounting
from pytest_agentcore.sandbox.served import ServedSandbox
from tests.contract import docker_images
from tests.contract.docker_fixture import needs_docker
from tests.contract.sandbox_boxes import Open, file, runs_on_host, sh, unique_sleep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOG = "x = bytearray(400_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1"


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    """This level alone."""
    needs_docker()
    return probe("docker")


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A connection of the test's own."""
    needs_docker()
    daemon = Daemon()
    yield daemon
    daemon.close()


def container_of(box: Sandbox) -> str:
    """The container's id."""
    assert isinstance(box, ServedSandbox)
    assert isinstance(box._channel, ContainerChannel)
    return box._channel.container


def lost(box: Sandbox) -> SandboxLost:
    """How the sandbox says that it is no more."""
    with pytest.raises(SandboxLost) as caught:
        box.exec(["sleep", "20"])
    return caught.value


def test_a_container_that_is_killed_from_outside_is_a_fault(open_box: Open, daemon: Daemon) -> None:
    box = open_box()
    daemon.kill(container_of(box))

    error = lost(box)
    assert (str(error), error.reason) == ("the container was killed from outside", "server_lost")


def test_a_server_that_is_killed_is_a_fault(open_box: Open) -> None:
    box = open_box()
    assert isinstance(box, ServedSandbox)
    if os.geteuid() != 0:
        pytest.skip("the server's process is root's")
    os.kill(box.launcher_pid, signal.SIGKILL)

    error = lost(box)
    assert (str(error), error.reason) == ("the sandbox's server is gone: exit status 137", "server_lost")


def test_a_server_that_the_kernel_kills_is_a_lack_of_memory(
    open_box: Open, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = open_box(memory_mb=16)
    monkeypatch.setattr("pytest_agentcore.sandbox.docker_memory.MemoryLimit.make_room", lambda *_, **__: None)

    with pytest.raises(SandboxLost) as caught:
        box.put([file("large", bytes(40 << 20))])
    assert (str(caught.value), caught.value.reason) == (
        "the sandbox's server was killed: memory ran out",
        "oom_killed",
    )


def test_an_oom_kill_that_the_server_survived_is_no_cause_of_a_later_end(open_box: Open, daemon: Daemon) -> None:
    box = open_box(memory_mb=64)
    assert box.exec(["python3", "-c", HOG], timeout_s=30).evidence.oom_kills == 1
    daemon.kill(container_of(box))

    assert lost(box).reason == "server_lost"


@pytest.mark.parametrize(("highest", "met"), [(79691776, True), (79429632, True), (40_000_000, False)])
def test_a_kill_below_the_containers_own_limit_is_not_its_own(highest: int, met: bool, tmp_path: Path) -> None:
    for kind, value in (("highest", highest), ("ceiling", 79691776)):
        (tmp_path / kind).write_text(f"{value}\n")
    counts = ContainerAccounting({"files": {kind: str(tmp_path / kind) for kind in ("highest", "ceiling")}})

    assert counts.met_memory_limit() is met


def test_a_second_sandbox_comes_from_those_that_stand_ready(isolation: Isolation) -> None:
    limits = Limits(memory_mb=200)
    open_sandbox(isolation, limits=limits).close()
    shape = pool.Shape.of(limits, image=isolation.image_id, runtime="")
    containers = pool.pool()
    end = time.monotonic() + 30
    while not containers._ready.get(shape) and time.monotonic() < end:
        time.sleep(0.05)
    waiting = containers._ready[shape][0]

    box = open_sandbox(isolation, limits=limits)
    assert container_of(box) == waiting.id
    box.close()


def test_one_that_died_while_it_stood_ready_is_not_handed_out(isolation: Isolation, daemon: Daemon) -> None:
    limits = Limits(memory_mb=201)
    open_sandbox(isolation, limits=limits).close()
    shape = pool.Shape.of(limits, image=isolation.image_id, runtime="")
    end = time.monotonic() + 30
    while not pool.pool()._ready.get(shape) and time.monotonic() < end:
        time.sleep(0.05)
    for container in list(pool.pool()._ready[shape]):
        daemon.remove(container.id)

    box = open_sandbox(isolation, limits=limits)
    assert sh(box, "echo alive") == "alive\n"
    box.close()


def test_nothing_is_left_when_the_pool_is_closed(isolation: Isolation, daemon: Daemon) -> None:
    open_sandbox(isolation, limits=Limits()).close()
    pool.close()
    await_ends()
    ours = ownership.owner(os.getpid())
    end = time.monotonic() + 15
    while ours in daemon.marked().values() and time.monotonic() < end:
        time.sleep(0.1)

    assert ours not in daemon.marked().values()


def test_sweep_removes_what_the_dead_have_left_and_nothing_else(isolation: Isolation, daemon: Daemon) -> None:
    owner = subprocess.Popen(["sleep", "100"])
    try:
        marks = {
            "dead": f"{ownership.machine()}-{owner.pid}-1",
            "live": ownership.owner(owner.pid),
            "elsewhere": "agentcore-00000000-1-1-1",
        }
        made = {
            name: daemon.create(isolation.image_id, command=["true"], labels={LABEL: mark})
            for name, mark in marks.items()
        }
        pool.sweep(daemon)
        assert {name for name, id_ in made.items() if id_ in daemon.marked()} == {"live", "elsewhere"}
    finally:
        owner.kill()
        owner.wait()
        for id_ in made.values():
            daemon.remove(id_)


def test_death_of_an_engine_takes_those_that_stand_ready_along(isolation: Isolation, daemon: Daemon) -> None:
    script = (
        "import time\nfrom pytest_agentcore.domain.resources import Limits\n"
        "from pytest_agentcore.sandbox import pool\nfrom pytest_agentcore.sandbox.choice import open_sandbox, probe\n"
        "isolation = probe('docker')\nboxes = [open_sandbox(isolation, limits=Limits()) for _ in range(2)]\n"
        "time.sleep(1)\nprint('ready', flush=True)\ntime.sleep(600)"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    mark = ownership.owner(engine.pid)
    assert mark in daemon.marked().values()
    engine.kill()
    engine.communicate()

    end = time.monotonic() + 20
    while mark in daemon.marked().values() and time.monotonic() < end:
        time.sleep(0.1)
        pool.sweep(daemon)  # one that it was making
    assert mark not in daemon.marked().values()


def test_one_command_may_not_take_the_memory_that_files_were_given(open_box: Open) -> None:
    box = open_box(memory_mb=64, disk_mb=128)
    sh(box, "head -c 60000000 /dev/zero > kept")
    sh(box, "head -c 60000000 /dev/zero > ~/gone")
    sh(box, "rm ~/gone")

    assert box.exec(["python3", "-c", HOG.replace("400", "90")], timeout_s=30).evidence.oom_kills == 1
    assert box.exec(["python3", "-c", HOG.replace("400", "30")], timeout_s=30).exit_code == 0


def test_throttling_is_that_of_the_container(open_box: Open) -> None:
    box = open_box(cpus=0.1)  # less than a busy machine gives it anyway
    spin = ["python3", "-c", "import time\nwhile time.process_time() < 0.1: pass"]

    assert (box.exec(spin).evidence.throttled_s or 0) > 0


def test_a_full_workspace_is_frozen_within_a_small_limit(open_box: Open) -> None:
    box = open_box(memory_mb=48, disk_mb=200)
    for number in range(8):
        sh(box, f"head -c 15000000 /dev/zero > f{number}")

    frozen = box.snapshot()
    assert sum(entry.size for entry in frozen.entries) == 8 * 15_000_000
    assert box.exec(["python3", "-c", HOG], timeout_s=30).evidence.oom_kills == 1


def test_an_image_without_python_is_served_by_exec(daemon: Daemon, tmp_path: Path) -> None:
    isolation = probe("docker", image=docker_images.without_python(daemon, tmp_path))
    assert isolation.calls == "exec"
    assert isolation.reason.endswith("has no python3")
    box = open_sandbox(isolation, limits=Limits(disk_mb=8))
    try:
        box.put([file("a", b"hello\n"), file("d/run", b"#!/bin/sh\necho hi\n", mode=0o755)])
        box.put([file("secret", b"judge", mode=0o600)], into="hidden")
        assert sh(box, "cat a; ./d/run; id -u; pwd; cat ../hidden/secret") == "hello\nhi\n1000\n/workspace\njudge"
        assert box.exec(["sh", "-c", "echo x > ../hidden/secret"]).exit_code != 0
        assert box.exec(["wc", "-c"], stdin=bytes(200_000)).stdout.text().strip() == "200000"
        assert (box.exec(["no-such"]).exit_code, box.exec(["sh", "-c", "kill -9 $$"]).exit_code) == (127, 137)
        nap = unique_sleep()
        late = box.exec(["sh", "-c", f"echo before; sleep {nap} & sleep {nap}"], timeout_s=2)
        assert (late.timed_out, late.exit_code, late.stdout.text()) == (True, 137, "before\n")
        assert not runs_on_host(nap)
        assert box.exec(["sh", "-c", "head -c 20000000 /dev/zero > big"]).evidence.disk_full
        sh(box, "rm big; echo new > made")
        box.write("sub/written", b"bytes\0\xff")
        assert box.read("sub/written", offset=5) == (b"\0\xff", 7)
        assert box.created() == ("made", "sub/written")
        with pytest.raises(FileNotFoundError):
            box.read("missing")
        frozen = box.snapshot().by_path()
        assert (frozen["d/run"].mode, frozen["sub/written"].data) == (0o755, b"bytes\0\xff")
        assert {entry.path: entry.kind for entry in box.list(".")} == {
            "a": "file",
            "d": "dir",
            "made": "file",
            "sub": "dir",
        }
    finally:
        box.close()
    with pytest.raises(SandboxLost, match="closed"):
        box.exec(["true"])


def test_evidence_of_an_image_without_python(daemon: Daemon, tmp_path: Path) -> None:
    isolation = probe("docker", image=docker_images.without_python(daemon, tmp_path))
    box = open_sandbox(isolation, limits=Limits(memory_mb=64, pids=20, cpus=0.2))
    try:
        hog = box.exec(["tail", "-c", "200000000", "/dev/zero"]).evidence
        spin = box.exec(["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"]).evidence
        bomb = box.exec(["sh", "-c", "for i in $(seq 40); do sleep 1 & done"]).evidence
    finally:
        box.close()

    assert hog.oom_kills == 1
    assert (spin.throttled_s or 0) > 0
    assert (spin.cpu_s or 0) > 0
    assert (bomb.pids_hits or 0) >= 1


def test_an_image_without_a_shell_is_refused(daemon: Daemon, tmp_path: Path) -> None:
    name = docker_images.with_nothing(daemon, tmp_path)

    with pytest.raises(SandboxUnavailable, match=rf"image '{name}' has neither python3 nor sh .*: use one"):
        probe("docker", image=name)


def test_a_missing_image_names_the_command_that_makes_it(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        SandboxUnavailable, match=r"no image 'no-such:1', and none is ever pulled.*docker pull no-such:1"
    ):
        probe("docker", image="no-such:1")
    monkeypatch.setattr(image, "NAME", "agentcore-test-absent:9")
    with pytest.raises(SandboxUnavailable, match=r"'agentcore-test-absent:9'.*: pytest-agentcore image build"):
        probe("docker")


def test_a_runtime_that_is_not_there_is_named(daemon: Daemon) -> None:
    with pytest.raises(SandboxUnavailable, match="no-such-runtime"):
        probe("docker", runtime="no-such-runtime")


def test_the_shape_of_a_container_says_what_was_asked_for(isolation: Isolation) -> None:
    host = pool.Shape.of(Limits(cpus=7.5, memory_mb=100, pids=9, disk_mb=3), image="x", runtime="runsc").host()

    assert (host["mem_limit"], host["memswap_limit"]) == ((100 + pool.SERVER_MB) << 20,) * 2
    assert (host["cpu_quota"], host["pids_limit"], host["runtime"]) == (750_000, 10, "runsc")
    assert (host["network_mode"], host["read_only"], host["cap_drop"]) == ("none", True, ["ALL"])
    assert isolation.enforced == {"memory": "cgroup", "pids": "cgroup", "disk": "tmpfs", "cpus": "cgroup"}


@pytest.mark.parametrize(
    ("limits", "words"),
    [(Limits(memory_mb=5), "memory_mb=5 is below .*: write 6 or more"), (Limits(cpus=0.001), "cpus=0.001 is below")],
)
def test_limits_that_no_container_can_have_are_refused(isolation: Isolation, limits: Limits, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_sandbox(isolation, limits=limits)


def test_one_that_waits_too_long_for_its_run_ends_by_itself(
    isolation: Isolation, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = docker_code.command()
    assert "LONGEST_WAIT_S = 1800" in hasty[-1]
    hasty[-1] = hasty[-1].replace("LONGEST_WAIT_S = 1800", "LONGEST_WAIT_S = 1")
    monkeypatch.setattr(docker_code, "command", lambda: hasty)
    container = pool.create(daemon, pool.Shape.of(Limits(), image=isolation.image_id, runtime=""))

    assert container.stream.ended(20)
    container.end()
