"""Limits that are hit for real: who is ended, what the evidence says, and that the next call works."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import SandboxLost
from pytest_agentcore.sandbox import cgroup, ownership, pool, process
from pytest_agentcore.sandbox.accounting import Accounting
from pytest_agentcore.sandbox.choice import open_sandbox
from pytest_agentcore.sandbox.served import ServedSandbox
from tests.contract.sandbox_boxes import Open, file, sh

HOG = "x = bytearray(400_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(20)"
BOMB = "import os, time\nfor i in range(300):\n    if not os.fork(): time.sleep(20); os._exit(0)"
MEMORY = [hierarchy for hierarchy in cgroup.hierarchies() if "memory" in hierarchy.controllers]
MEMORY_LIMIT = {1: "memory.limit_in_bytes", 2: "memory.max"}


@pytest.fixture(params=["group", "watchdog"])
def grouped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> bool:
    """Limits held by control groups where there are any, and without."""
    if isolation.level == "docker":
        if request.param == "watchdog":
            pytest.skip("docker always has control groups")
        return True
    if request.param == "watchdog":
        monkeypatch.setattr(cgroup, "hierarchies", tuple)
        return False
    if not cgroup.hierarchies():
        pytest.skip("this user may not make control groups here")
    return True


@pytest.fixture
def own_level(isolation: Isolation) -> Isolation:
    """A level whose control groups are the engine's own."""
    if isolation.level == "docker":
        pytest.skip("the daemon's groups, not the engine's: see test_docker.py")
    return isolation


def server_of(box: ServedSandbox) -> int:
    """The server's process id on this machine."""
    return int(Path(f"/proc/{box.launcher_pid}/task/{box.launcher_pid}/children").read_text().split()[0])


def own_groups() -> set[Path]:
    """The groups that this process has made and not removed."""
    name = f"{ownership.owner(os.getpid())}-*"
    return {path for hierarchy in cgroup.hierarchies() for path in hierarchy.parent.glob(name)}


def test_memory_beyond_the_limit_is_an_oom_kill_and_the_next_call_works(open_box: Open, grouped: bool) -> None:
    box = open_box(memory_mb=64)
    result = box.exec(["python3", "-c", HOG], timeout_s=30)
    piped = box.exec(["sh", "-c", f"python3 -c '{HOG}' | cat"], timeout_s=30)
    after = box.exec(["true"])

    assert (result.exit_code, result.timed_out, result.evidence.oom_kills) == (137, False, 1)
    assert (result.evidence.peak_memory_bytes or 0) > 50 << 20
    own = pool.SERVER_MB if box.isolation.level == "docker" else 0  # of which the server does not use all
    assert not grouped or (result.evidence.peak_memory_bytes or 0) <= (64 + own) << 20
    assert (piped.exit_code, piped.evidence.oom_kills) == (0, 1)  # the exit status hides it, the evidence does not
    assert (after.exit_code, after.evidence.oom_kills) == (0, 0)
    assert (after.evidence.peak_memory_bytes or 0) < 50 << 20
    assert box.usage().oom_kills == 2
    assert box.isolation.enforced["memory"] == ("cgroup" if grouped else "watchdog")


def test_many_small_hogs_never_take_the_server(open_box: Open, grouped: bool) -> None:
    box = open_box(memory_mb=32)
    small = "x = bytearray(10_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(0.4)"
    result = box.exec(["sh", "-c", f"for i in 1 2 3 4 5 6; do python3 -c '{small}' & done; wait"], timeout_s=30)

    assert (result.evidence.oom_kills or 0) >= 2
    assert box.exec(["true"]).exit_code == 0


def test_memory_shared_by_many_is_counted_once(open_box: Open, grouped: bool) -> None:
    box = open_box(memory_mb=200)
    fill = "x = bytearray(80_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\n"
    script = f"import os, time\n{fill}[os.fork() for _ in range(2)]\ntime.sleep(0.3)"
    result = box.exec(["python3", "-c", script])

    assert (result.exit_code, result.evidence.oom_kills) == (0, 0)


def test_files_take_no_memory_away(open_box: Open, grouped: bool) -> None:
    """The files of a namespace sandbox lie in memory, and would count."""
    box = open_box(memory_mb=64)
    for number in range(4):
        assert box.exec(["sh", "-c", f"head -c 25000000 /dev/zero > f{number}"]).evidence.oom_kills == 0
    result = box.exec(["python3", "-c", HOG], timeout_s=30)

    assert result.evidence.oom_kills == 1
    assert not grouped or (result.evidence.peak_memory_bytes or 0) < 80 << 20
    sh(box, "rm f*")
    assert box.exec(["python3", "-c", HOG], timeout_s=30).evidence.oom_kills == 1


def test_fork_bomb_ends_and_is_counted(open_box: Open, grouped: bool) -> None:
    box = open_box(pids=40)
    result = box.exec(["python3", "-c", BOMB], timeout_s=20)

    assert (result.evidence.pids_hits or 0) >= 1
    assert box.exec(["true"]).exit_code == 0  # though the bomb's children live on where they only ran into a limit
    box.snapshot()
    after = box.exec(["sh", "-c", "true; true"])
    assert (after.exit_code, after.evidence.pids_hits) == (0, 0)


def test_uncapped_means_that_nobody_counts(open_box: Open) -> None:
    before = own_groups()
    box = open_box(memory_mb=None, pids=None, disk_mb=None, cpus=None)
    evidence = box.exec(["true"]).evidence

    assert (evidence.oom_kills, evidence.pids_hits, evidence.throttled_s) == (None, None, None)
    assert set(box.isolation.enforced.values()) == {"none"}
    assert own_groups() == before


def test_processor_is_throttled_and_said_so(open_box: Open, grouped: bool) -> None:
    box = open_box(cpus=0.05)  # less than a busy machine gives it anyway
    spin = ["python3", "-c", "import time\nwhile time.process_time() < 0.05: pass"]
    evidence = box.exec(spin).evidence

    assert box.isolation.enforced["cpus"] == ("cgroup" if grouped else "none")
    if grouped:
        assert (evidence.throttled_s or 0) > 0
        assert box.exec(["true"]).evidence.throttled_s is not None
    else:
        assert evidence.throttled_s is None


def test_a_full_disk_is_enospc_and_evidence(open_box: Open, walled: bool) -> None:
    box = open_box(disk_mb=8)
    result = box.exec(["sh", "-c", "head -c 20000000 /dev/zero > big"])

    assert result.exit_code != 0
    assert result.evidence.disk_full
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is compared below
        box.write("big2", bytes(9 << 20))
    # Documented difference: a process has a limit for each file, not for all of them.
    assert caught.value.errno == (errno.ENOSPC if walled else errno.EFBIG)
    assert box.usage().disk_full
    assert box.exec(["rm", "big", "big2"]).exit_code == 0
    assert not box.exec(["true"]).evidence.disk_full


@pytest.mark.skipif(not MEMORY, reason="this user may not make control groups here")
def test_a_server_that_the_kernel_kills_is_a_lack_of_memory_not_a_fault(open_box: Open, own_level: Isolation) -> None:
    before = own_groups()
    box = open_box()
    assert isinstance(box, ServedSandbox)
    (group,) = (path for path in own_groups() - before if path.name.endswith(".server"))
    (group / MEMORY_LIMIT[MEMORY[0].version]).write_text(str(30 << 20))

    with pytest.raises(SandboxLost, match="memory ran out") as caught:
        box.put([file("large", bytes(40 << 20))])
    assert caught.value.reason == "oom_killed"
    box.close()
    assert own_groups() == before


@pytest.mark.skipif(not MEMORY, reason="this user may not make control groups here")
def test_without_a_group_the_machines_own_count_tells(
    open_box: Open, monkeypatch: pytest.MonkeyPatch, own_level: Isolation
) -> None:
    outer = MEMORY[0].parent / f"outer-{os.getpid()}"
    outer.mkdir()
    try:
        monkeypatch.setattr(cgroup, "hierarchies", tuple)
        box = open_box(disk_mb=None)
        assert isinstance(box, ServedSandbox)
        (outer / MEMORY_LIMIT[MEMORY[0].version]).write_text(str(30 << 20))
        (outer / "cgroup.procs").write_text(str(server_of(box)))

        with pytest.raises(SandboxLost, match="memory ran out") as caught:
            box.put([file("large", bytes(40 << 20))])
        assert caught.value.reason == "oom_killed"
        box.close()
    finally:
        removed(outer)


def removed(folder: Path) -> None:
    """Remove a group whose last process is about to end."""
    for _ in range(500):
        with suppress(OSError):
            folder.rmdir()
        if not folder.exists():
            return
        time.sleep(0.01)


@pytest.mark.skipif(not MEMORY, reason="without a group, a lack of memory elsewhere would be taken for this one's")
def test_a_server_that_somebody_kills_is_a_fault(open_box: Open, own_level: Isolation) -> None:
    box = open_box()
    assert isinstance(box, ServedSandbox)
    os.kill(server_of(box), 9)

    with pytest.raises(SandboxLost, match="server is gone") as caught:
        box.exec(["true"])
    assert caught.value.reason == "server_lost"


@pytest.mark.skipif(not cgroup.hierarchies(), reason="this user may not make control groups here")
def test_groups_go_with_the_sandbox_daemons_included(own_level: Isolation) -> None:
    before = own_groups()
    box = open_sandbox(own_level, limits=Limits())
    assert len(own_groups()) > len(before)
    sh(box, "setsid sleep 300 &")
    box.close()

    assert own_groups() == before


@pytest.mark.skipif(not cgroup.hierarchies(), reason="this user may not make control groups here")
def test_sweep_removes_the_groups_of_the_dead_alone() -> None:
    parent = cgroup.hierarchies()[0].parent
    owner = subprocess.Popen(["sleep", "100"])
    try:
        started = ownership.started(owner.pid)
        live, reused = (parent / f"{ownership.machine()}-{owner.pid}-{when}-1" for when in (started, "1"))
        live.mkdir()
        reused.mkdir()
        cgroup.sweep()
        assert (live.exists(), reused.exists()) == (True, False)
    finally:
        owner.kill()
        owner.wait()
    cgroup.sweep()

    assert not live.exists()


def test_trees_are_found_where_only_a_part_is_mounted() -> None:
    mounts = (
        "30 25 0:26 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"
        "31 25 0:27 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "32 25 0:28 / /sys/fs/cgroup/freezer ro - cgroup cgroup rw,freezer\n"
    )
    own = "3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc/inner\n1:freezer:/\n0::/\n"

    found = {str(hierarchy.parent): sorted(hierarchy.controllers) for hierarchy in cgroup._located(mounts, own)}
    assert found == {"/sys/fs/cgroup/memory/inner": ["memory"], "/sys/fs/cgroup/cpu,cpuacct": ["cpu"]}


def test_in_the_second_version_the_groups_stand_beside_the_engines(tmp_path: Path) -> None:
    """By its rules, since the machine at hand has no controller there: a group with processes has no children."""
    own = tmp_path / "user.slice" / "session.scope"
    own.mkdir(parents=True)
    (own / "cgroup.subtree_control").write_text("\n")
    (own.parent / "cgroup.subtree_control").write_text("memory pids io\n")
    line = f"30 25 0:26 / {tmp_path} rw - cgroup2 cgroup2 rw,nsdelegate\n"

    (found,) = cgroup._located(line, "0::/user.slice/session.scope\n")
    assert (found.version, sorted(found.controllers), found.parent) == (2, ["memory", "pids"], own.parent)
    groups = cgroup.Groups(name="agentcore-x", hierarchies=(found,))
    assert groups.plan()["enter"] == [f"{own.parent}/agentcore-x/cgroup.procs"]
    assert groups.plan()["leave"] == [f"{own.parent}/agentcore-x.server/cgroup.procs"]
    settings = dict(cgroup._settings(found, Limits(memory_mb=64, pids=9)))
    assert settings == {"memory.max": str(64 << 20), "pids.max": "9"}


@pytest.fixture
def second_tree() -> Iterator[Path]:
    """A tree of the second version, with or without controllers."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    tree = next((Path(fields[1]) for fields in lines if fields[2] == "cgroup2"), None)
    folder = tree / f"agentcore-test-{os.getpid()}" if tree is not None else None
    try:
        assert folder is not None
        folder.mkdir()
    except (AssertionError, OSError):
        pytest.skip("needs a tree of the second version that this user may write to")
    yield folder
    removed(folder)


def test_a_command_is_born_in_its_group_of_the_second_version(second_tree: Path) -> None:
    own = Path("/proc/self/cgroup").read_text()
    (group,) = (line.removeprefix("0::/") for line in own.splitlines() if line.startswith("0::"))
    inside, outside = str(second_tree / "cgroup.procs"), str(second_tree.parent / group / "cgroup.procs")
    accounting = Accounting({"enter": [inside], "leave": [outside]})
    reader, writer = os.pipe()
    to_pipe = [(os.POSIX_SPAWN_DUP2, writer, 1)]
    pid = accounting.spawn("/bin/cat", ["cat", "/proc/self/cgroup"], {}, file_actions=to_pipe)
    os.close(writer)
    said = os.read(reader, 4096).decode()
    os.close(reader)
    os.waitpid(pid, 0)

    assert f"0::/{second_tree.name}" in said
    assert Path("/proc/self/cgroup").read_text() == own


def test_what_a_process_promises_without_a_group() -> None:
    assert process.enforced(Limits()) == {"memory": "watchdog", "pids": "watchdog", "disk": "rlimit", "cpus": "none"}
