"""What is planted on this machine for attacks to reach: keys, files, sockets, a terminal, processes, another run."""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentcore.domain.ports import Sandbox

_ADD_KEY, _KEYCTL = {"aarch64": (217, 219)}.get(os.uname().machine, (248, 250))
KILL_LANDS_S = 1.0
"""A signal that was sent has not yet ended its process: on a busy machine that takes a moment."""
_JOIN_SESSION, _UNLINK, _SESSION_RING, _USER_RING = 1, 9, -3, -4


@dataclass(slots=True, kw_only=True)
class Stage:
    """The planted things of one test session."""

    secret: str
    folder: Path
    other: Sandbox
    """Another run, with a secret answer."""
    tcp: socket.socket
    udp: socket.socket
    abstract: socket.socket
    path_socket: socket.socket
    terminal: tuple[int, int]
    """Both ends of a terminal of the harness."""
    victim: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.victim = self.new_victim()

    def new_victim(self) -> subprocess.Popen[bytes]:
        """A process of the harness with a key in its environment."""
        environment = {"PATH": os.environ["PATH"], "PROVIDER_API_KEY": self.secret}
        self.victim = subprocess.Popen(["sleep", "3000"], env=environment, start_new_session=True)
        return self.victim

    def victim_lives(self) -> bool:
        """False once somebody has ended it; then there is a new one."""
        try:
            self.victim.wait(KILL_LANDS_S)
        except subprocess.TimeoutExpired:
            return True
        self.new_victim()
        return False

    def fill(self, script: str) -> str:
        """Put this stage's names into a script."""
        values = {
            "SECRET": self.secret,
            "FOLDER": str(self.folder),
            "REAL_HOME": str(Path.home()),
            "OTHER": self.other.exec(["pwd"]).stdout.text().strip() if "@OTHER@" in script else "",
            "PORT": str(self.tcp.getsockname()[1]),
            "UDP": str(self.udp.getsockname()[1]),
            "ABSTRACT": self.abstract.getsockname().decode().lstrip("\0"),
            "VICTIM": str(self.victim.pid),
            "ENGINE": str(os.getpid()),
            "TTY": os.ttyname(self.terminal[1]),
        }
        return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], script)

    def received(self) -> bool:
        """Did anybody send to the datagram socket?"""
        try:
            return bool(self.udp.recv(4096))
        except BlockingIOError:
            return False


@contextmanager
def planted(other: Sandbox) -> Iterator[Stage]:
    """Plant everything, and take it away again."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stage-")))
        secret = f"sk-{secrets.token_hex(12)}"
        _files(folder, secret)
        other.write(f"answer-{secret}.txt", secret.encode())
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0stage-{os.getpid()}")
        path_socket = stack.enter_context(socket.socket(socket.AF_UNIX))
        path_socket.bind(str(folder / "docker.sock"))
        for listener in (abstract, path_socket):
            listener.listen(64)
        tcp.listen(64)
        terminal = os.openpty()
        for end in terminal:
            stack.callback(os.close, end)
        stage = Stage(
            secret=secret, folder=folder, other=other, tcp=tcp, udp=udp, abstract=abstract, path_socket=path_socket,
            terminal=terminal,
        )  # fmt: skip
        stack.callback(_end, stage)
        yield stage


def _end(stage: Stage) -> None:
    stage.victim.send_signal(signal.SIGKILL)
    stage.victim.wait()


def _files(folder: Path, secret: str) -> None:
    for name, mode in (
        ("home/.ssh/id_rsa", 0o600),
        ("home/notes.txt", 0o644),
        ("suites/task/hidden/test_hidden.py", 0o644),
        ("suites/task/solutions/reference.yaml", 0o644),
        ("outside/precious.txt", 0o644),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"planted {secret}\n")
        path.chmod(mode)


@contextmanager
def keys_in_keyrings(secret: str) -> Iterator[bool]:
    """Put a key into the session keyring and the user keyring of this thread; False where keys are forbidden."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_KEYCTL, _JOIN_SESSION, None) < 0:
        yield False
        return
    value = secret.encode()
    made = [libc.syscall(_ADD_KEY, b"user", f"stage-{ring}".encode(), value, len(value), ring) for ring in _RINGS]
    try:
        yield min(made) > 0
    finally:
        for key, ring in zip(made, _RINGS, strict=True):
            libc.syscall(_KEYCTL, _UNLINK, key, ring)
        libc.syscall(_KEYCTL, _JOIN_SESSION, None)


_RINGS = (_SESSION_RING, _USER_RING)
