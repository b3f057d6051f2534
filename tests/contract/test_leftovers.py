"""What dead sessions leave is found, told with the command that removes it, and removed by that command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.sandbox import cgroup, ownership, process
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker import LABEL, Daemon
from pytest_agentcore.sandbox.leftovers import LeftOver, leftovers
from tests.contract.docker_fixture import needs_docker
from tests.plugin.processes import alive, cmdline, descendants, wait_for

ROOT = Path(__file__).parents[2]
ENGINE = """
import time
from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.sandbox.choice import open_sandbox, probe
box = open_sandbox(probe("process"), limits=Limits())
box.exec(["sh", "-c", "echo x > kept"])
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stopped() -> Iterator[tuple[int, list[int]]]:
    """An engine that was killed while nothing of its sandbox could act on that: its pid, and what it left."""
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    left = [pid for pid in descendants(engine.pid) if "launcher.py" in cmdline(pid)]
    for pid in left:
        os.kill(pid, signal.SIGSTOP)
    engine.kill()
    engine.communicate()
    yield engine.pid, left
    for pid in left:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, left)), 20)
    process.sweep()
    cgroup.sweep()


def of(pid: int) -> list[LeftOver]:
    """What a dead engine has left, its processes included."""
    return [one for one in leftovers() if f"-{pid}-" in one.name or one.kind == "process"]


def doctor() -> str:
    """What the command says."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", script, "doctor"], check=True, capture_output=True, text=True)
    return done.stdout


def test_processes_groups_and_folders_of_a_dead_engine(stopped: tuple[int, list[int]]) -> None:
    engine, left = stopped
    found = of(engine)
    told = doctor()

    assert len(left) >= 2
    assert {one.remedy for one in found if one.kind == "process"} >= {f"kill -9 {pid}" for pid in left}
    assert all(f"left over: process {pid} (sandbox): kill -9 {pid}" in told for pid in left)
    (folder,) = (one for one in found if one.kind == "folder")
    assert f"removed: folder {folder.name}" in told  # as the next session's start would
    groups = [one for one in found if one.kind == "control group"]
    assert bool(groups) == bool(cgroup.hierarchies())
    for one in sorted(one for one in leftovers() if f"-{engine}-" in one.name or one.kind == "process"):
        if one.kind != "process" or int(one.name.split()[0]) in left:
            subprocess.run(["sh", "-c", one.remedy], check=False, capture_output=True)
    wait_for(lambda: not any(map(alive, left)), 20)
    for one in of(engine):
        subprocess.run(["sh", "-c", one.remedy], check=False)
    assert [one for one in of(engine) if one.kind != "process"] == []


def test_a_folder_is_swept_with_its_engine_alone() -> None:
    isolation = probe("process")
    box = open_sandbox(isolation, limits=Limits())
    owner = subprocess.Popen(["sleep", "100"])
    dead = Path(tempfile.gettempdir(), f"{ownership.machine()}-{owner.pid}-1-aaaa")
    live = Path(tempfile.gettempdir(), f"{ownership.owner(owner.pid)}-bbbb")
    try:
        dead.mkdir()
        live.mkdir()
        probe("process")
        assert (dead.exists(), live.exists()) == (False, True)
        assert box.exec(["true"]).exit_code == 0
    finally:
        owner.kill()
        owner.wait()
        box.close()
    assert process.left_over() == [live]
    process.sweep()
    assert not live.exists()


def test_marks_of_no_engine_are_left_alone() -> None:
    for name in ("rescore-1234", "x", "-1-2", f"{os.getpid()}"):
        assert not ownership.is_left_over(f"{ownership.machine()}-{name}") or name.isdecimal()
    assert not ownership.is_left_over("agentcore-00000000-1-1-1")


@pytest.mark.slow
def test_a_container_of_a_dead_engine() -> None:
    needs_docker()
    daemon = Daemon()
    try:
        isolation = probe("docker")
        mark = f"{ownership.machine()}-{os.getpid()}-1"
        id_ = daemon.create(isolation.image_id, command=["true"], labels={LABEL: mark})
        found = {one.name: one.remedy for one in leftovers() if one.kind == "container"}
        assert found[id_[:12]] == f"docker -H {daemon.url} rm -f {id_[:12]}"
        assert f"removed: container {id_[:12]}" in doctor()
        assert id_ not in daemon.marked()
    finally:
        daemon.close()
