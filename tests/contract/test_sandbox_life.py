"""Beginnings and ends: nothing is left behind, whoever dies first."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import ConfigError, SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import choice, contents, docker_channel, docker_code, launching, namespace, pool
from pytest_agentcore.sandbox.choice import at_least, open_sandbox, probe
from pytest_agentcore.sandbox.served import ServedSandbox
from tests.contract.sandbox_boxes import Open, file, runs_on_host, unique_sleep

ROOT = Path(__file__).parents[2]
DAEMONS = "setsid sleep {0} & (setsid sh -c 'sleep {0}' &); echo started"

HARNESS = """
import sys, time, threading
from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.sandbox.choice import open_sandbox, probe, _isolation
isolation = probe("docker") if sys.argv[1] == "docker" else _isolation(sys.argv[1], Limits())
box = open_sandbox(isolation, limits=Limits())
box.exec(["sh", "-c", sys.argv[2]])
try:
    if sys.argv[3] == "busy":
        threading.Thread(target=box.exec, args=[["sleep", "600"]], daemon=True).start()
        time.sleep(0.3)
    print("ready", box.launcher_pid, flush=True)
    time.sleep(600)
finally:
    box.close()
"""


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    """Wait for what must come soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def exists(pid: int) -> bool:
    """True while there is such a process, zombies aside."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answers(box: ServedSandbox) -> bool:
    """True while calls succeed."""
    try:
        return box.exec(["true"]).exit_code == 0
    except SandboxLost:
        return False


def folders() -> set[Path]:
    """Temporary folders of sandboxes on this machine."""
    return set(Path(tempfile.gettempdir()).glob("agentcore-*"))


def test_close_leaves_no_process_and_no_folder(
    isolation: Isolation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    nap = unique_sleep()
    box = open_sandbox(isolation, limits=Limits())
    assert isinstance(box, ServedSandbox)
    box.exec(["sh", "-c", DAEMONS.format(nap) + "; mkdir -p a/b; chmod 0 a/b a"])
    assert runs_on_host(nap)
    launcher = box.launcher_pid
    box.close()

    assert not runs_on_host(nap)
    # A container's own end is the daemon's work and takes a moment; everything inside has ended before.
    assert eventually(lambda: not exists(launcher)) if isolation.level == "docker" else not exists(launcher)
    assert list(tmp_path.iterdir()) == []


def test_close_is_idempotent_and_final(box: ServedSandbox) -> None:
    box.close()
    box.close()

    with pytest.raises(SandboxLost, match="closed"):
        box.exec(["true"])


def test_close_from_another_thread_ends_a_call_in_flight(box: ServedSandbox) -> None:
    caught: list[BaseException] = []

    def call() -> None:
        try:
            box.exec(["sleep", "100"])
        except SandboxLost as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    time.sleep(0.3)
    started = time.monotonic()
    box.close()
    thread.join(20)

    assert len(caught) == 1
    assert time.monotonic() - started < 15


def test_kill_of_the_launcher_is_noticed_and_takes_everything_along(box: ServedSandbox, isolation: Isolation) -> None:
    nap = unique_sleep()
    box.exec(["sh", "-c", DAEMONS.format(nap)])
    before = folders()
    os.kill(box.launcher_pid, signal.SIGKILL)

    assert eventually(lambda: not answers(box))  # it may answer a last call
    assert eventually(lambda: not runs_on_host(nap))
    box.close()
    assert isolation.level != "process" or eventually(lambda: len(folders()) < len(before))


@pytest.mark.parametrize(
    ("number", "state"), [(signal.SIGKILL, "idle"), (signal.SIGKILL, "busy"), (signal.SIGINT, "busy")]
)
def test_death_of_the_engine_is_the_end_of_all(
    isolation: Isolation, tmp_path: Path, number: signal.Signals, state: str
) -> None:
    nap = unique_sleep()
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, isolation.level, DAEMONS.format(nap), state],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    try:
        assert harness.stdout is not None
        launcher = int(harness.stdout.readline().split()[1])
        assert runs_on_host(nap)
        os.killpg(harness.pid, number)  # as a terminal does for Ctrl-C: to the whole group
        harness.wait(30)
    finally:
        harness.kill()
        harness.communicate()

    assert eventually(lambda: not runs_on_host(nap))
    assert eventually(lambda: not exists(launcher))
    assert eventually(lambda: not list(tmp_path.iterdir()))


def test_server_ends_when_the_sandboxes_life_is_over(open_box: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_LIFE_SLACK_S", 0.0)
    box = open_box(wall_s=1.0)
    assert isinstance(box, ServedSandbox)
    assert box.exec(["true"]).exit_code == 0

    assert eventually(lambda: not exists(box.launcher_pid))
    with pytest.raises(SandboxLost):
        box.exec(["true"])


def test_sixteen_at_once(isolation: Isolation) -> None:
    def one(number: int) -> tuple[str, str]:
        box = open_sandbox(isolation, limits=Limits())
        try:
            box.put([file("n", str(number).encode())])
            text = box.exec(["sh", "-c", "cat n; echo > out"], timeout_s=60).stdout.text()
            assert box.created() == ("out",)
            return text, box.snapshot().digest
        finally:
            box.close()

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(one, range(16)))

    assert [text for text, _ in results] == [str(number) for number in range(16)]
    assert len({digest for _, digest in results}) == 16


def test_descriptors_are_given_back(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "AHEAD", 0)  # what stands ready has descriptors too
    pool.close()
    open_sandbox(isolation, limits=Limits()).close()
    docker_channel.await_ends()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        open_sandbox(isolation, limits=Limits()).close()
    docker_channel.await_ends()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_malformed_requests_do_not_hurt_the_server(box: ServedSandbox) -> None:
    for request in (
        {},
        {"op": "dance"},
        {"op": "exec"},
        {"op": "read", "path": 7},
        {"op": "put", "into": "workspace"},
        {"op": "write", "path": "x", "data": 3},
    ):
        with pytest.raises(ValueError, match="refused"):
            box._channel.call(dict(request), timeout_s=10)

    assert box.exec(["true"]).exit_code == 0


def test_a_failed_step_is_one_line_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "_spot", lambda _: "/no/such/folder")

    with pytest.raises(SandboxUnavailable) as caught:
        probe("namespace")
    assert "mount tmpfs on /no/such/folder: No such file or directory" in str(caught.value)
    assert "\n" not in str(caught.value)
    fallback = probe("auto")
    assert fallback.level == "process"
    assert "/no/such/folder" in fallback.reason


def test_forbidden_user_namespaces_name_the_setting() -> None:
    """Inside a user namespace whose own limit is 0, as many a hardened system has it."""
    if subprocess.run(["unshare", "-r", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs a user namespace to forbid others in")
    ask = (
        "from pytest_agentcore.sandbox.choice import probe\n"
        "try: probe('namespace')\nexcept Exception as e: print(type(e).__name__, e)"
    )
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    done = subprocess.run(
        ["unshare", "-r", "sh", "-c", forbid, "sh", sys.executable, "-c", ask],
        check=False, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip

    assert done.stdout.startswith("SandboxUnavailable sandbox level 'namespace' would not start: unshare user: "), done
    assert "max_user_namespaces" in done.stdout


def test_an_interpreter_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch, isolation: Isolation) -> None:
    if isolation.level == "docker":
        pytest.skip("the image has its own")
    monkeypatch.setattr(contents, "interpreter", lambda: Path("/no/python3"))

    with pytest.raises(SandboxUnavailable, match=r"launcher cannot run with '/no/python3'"):
        open_sandbox(isolation, limits=Limits())


def test_a_silent_server_is_lost_in_time(box: ServedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_agentcore.sandbox.served._SLACK_S", -4.5)

    with pytest.raises(SandboxLost, match="says nothing"):
        box.exec(["sleep", "100"], timeout_s=5)
    with pytest.raises(SandboxLost, match="earlier call"):
        box.exec(["true"])  # a late reply would be taken for this call's


def test_levels_are_ordered() -> None:
    assert at_least("docker", "namespace")
    assert at_least("namespace", "namespace")
    assert not at_least("process", "namespace")
    with pytest.raises(ConfigError, match="'vm'"):
        at_least("vm", "process")
    with pytest.raises(ConfigError, match="'vm'"):
        probe("vm")


@pytest.mark.parametrize("carried", [launching.INSIDE, docker_code.INSIDE], ids=["launcher", "docker"])
def test_everything_that_runs_inside_is_carried(carried: tuple[str, ...]) -> None:
    """Each module comes after those of the package that it imports, and imports no others."""
    folder = launching.LAUNCHER.parent
    for place, name in enumerate(carried):
        tree = ast.parse((folder / f"{name}.py").read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        ours = {
            one
            for node in imports
            if node.level == 1
            for one in ([node.module] if node.module else [alias.name for alias in node.names])
        }
        assert ours <= set(carried[:place])
        assert not any((node.module or "").startswith("pytest_agentcore") for node in imports)


def test_a_launcher_that_was_killed_costs_what_was_in_flight_and_is_started_again(isolation: Isolation) -> None:
    if isolation.level == "docker":
        pytest.skip("there is no launcher: see test_docker.py")
    nap = unique_sleep()
    box = open_sandbox(isolation, limits=Limits())
    assert isinstance(box, ServedSandbox)
    box.exec(["sh", "-c", DAEMONS.format(nap)])
    launcher = int(Path(f"/proc/{box.launcher_pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(launcher, signal.SIGKILL)

    assert eventually(lambda: not answers(box))
    assert eventually(lambda: not runs_on_host(nap))
    assert eventually(lambda: not exists(box.launcher_pid))
    with pytest.raises(SandboxLost) as caught:
        box.exec(["true"])
    assert caught.value.reason == "server_lost"
    box.close()
    again = open_sandbox(isolation, limits=Limits())
    assert answers(again)  # type: ignore[arg-type]
    again.close()


def test_a_launcher_ends_with_its_last_sandbox_once_nobody_asks_it(isolation: Isolation) -> None:
    if isolation.level == "docker":
        pytest.skip("there is no launcher")
    box = open_sandbox(isolation, limits=Limits())
    assert isinstance(box, ServedSandbox)
    launcher = int(Path(f"/proc/{box.launcher_pid}/stat").read_text().rpartition(")")[2].split()[1])
    launching.end_all()

    assert box.exec(["true"]).exit_code == 0
    assert exists(launcher)
    box.close()
    assert eventually(lambda: not exists(launcher))
