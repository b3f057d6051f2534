"""Daemons that cannot be used: one line with the value and the remedy, in time, and before any model is called."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pytest_agentcore.errors import ConfigError, SandboxUnavailable
from pytest_agentcore.sandbox import docker, image
from pytest_agentcore.sandbox.choice import probe
from tests.contract.docker_fixture import needs_docker

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ASK = (
    "from pytest_agentcore.sandbox.choice import probe\n"
    "try: probe('docker')\nexcept Exception as e: print(type(e).__name__, e)"
)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the daemon would listen."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "docker.sock")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield path


@contextmanager
def listening(door: Path, answer: bytes) -> Iterator[None]:
    """Something that takes connections and says this, or nothing, to each."""
    ended = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))
        listener.listen(16)
        listener.settimeout(0.1)
        held = []

        def serve() -> None:
            while not ended.is_set():
                with suppress(OSError):
                    held.append(listener.accept()[0])
                    if answer:
                        held[-1].recv(4096)
                        held[-1].sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            for connection in held:
                connection.close()


def refusal() -> str:
    """What probing says."""
    with pytest.raises(SandboxUnavailable) as caught:
        probe("docker")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_socket(door: Path) -> None:
    message = refusal()

    assert message.startswith(f"no docker daemon at 'unix://{door}' (No such file or directory): start one")


def test_a_socket_that_nobody_listens_on(door: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))

    assert "(Connection refused): start one" in refusal()


def test_a_daemon_that_hangs(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "ANSWER_S", 1.0)
    started = time.monotonic()
    with listening(door, b""):
        message = refusal()

    assert f"docker at 'unix://{door}' does not answer when asked to ask for its version: restart" in message
    assert time.monotonic() - started < 20


def test_something_that_is_no_daemon(door: Path) -> None:
    with listening(door, b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"):
        assert f"unix://{door}" in refusal()


@pytest.mark.skipif(os.geteuid() != 0, reason="root makes the socket that another user may not use")
def test_a_socket_that_may_not_be_used(door: Path) -> None:
    door.parent.chmod(0o755)
    with listening(door, b""):
        door.chmod(0o600)
        done = subprocess.run(
            ["runuser", "-u", "nobody", "--", "/usr/bin/python3", "-c", CONNECTS.format(door=door)],
            check=False, capture_output=True, text=True, cwd="/",
        )  # fmt: skip
    assert "Permission denied" in done.stdout

    words = docker.absent("unix:///x", PermissionError(13, "Permission denied"))
    assert "permission denied; join the group docker (sudo usermod -aG docker $USER" in words


CONNECTS = """
import socket
try: socket.socket(socket.AF_UNIX).connect("{door}")
except OSError as e: print(e)
"""


def test_an_image_or_runtime_is_for_this_level_alone() -> None:
    with pytest.raises(ConfigError, match="'python:3' is for sandbox level 'docker', and this is 'namespace'"):
        probe("namespace", image="python:3")


def test_a_session_ends_before_a_model_is_called(door: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from pytest_agentcore import agent_task\n@agent_task\ndef test_it(run):\n    '''Say hello.'''\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py",
         "--agent-model=openai/nobody", "--agent-sandbox=docker"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: --agent-sandbox=docker: no docker daemon at 'unix://{door}'" in done.stdout + done.stderr


def test_building_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        ConfigError, match=r"mmdebstrap is not installed: sudo apt-get install mmdebstrap, or .* docker build"
    ):
        image._bootstrap(tmp_path / "root.tar", "")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("memory_mb=5", "memory_mb=5 is below the least that docker takes: write 6 or more"),
        ("cpus=0.001", "cpus=0.001 is below the least that docker takes: write 0.01 or more"),
    ],
)
def test_limits_that_no_container_can_have_end_a_session_before_its_first_run(
    limits: str, words: str, tmp_path: Path
) -> None:
    needs_docker()
    (tmp_path / "test_it.py").write_text(
        "from pytest_agentcore import Limits, agent_task\n"
        f"@agent_task(limits=Limits({limits}))\ndef test_it(run):\n    '''Say hello.'''\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py",
         "--agent-model=scripted/nop", "--agent-sandbox=docker"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"ERROR: {words}" in done.stderr
    assert not list(tmp_path.glob(".agentcore/campaigns/*"))
