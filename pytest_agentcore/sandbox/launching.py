"""The engine's end of the launcher: one process that stays, and splits a holder off for each sandbox."""

from __future__ import annotations

import atexit
import marshal
import os
import select
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path

from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import forkserver, wire
from pytest_agentcore.sandbox.inside import SERVER
from pytest_agentcore.sandbox.ownership import owner

LAUNCHER = Path(__file__).with_name("launcher.py")
INSIDE = (*SERVER, "rootfs", "holder", "forkserver")
"""What the launcher runs, each after what it imports; all but the last one also inside."""
START_S = 60.0
_END_S = 1.0
"""At the end of this process the launcher is not waited for longer; it ends by itself when its sandboxes have."""
_LAST_WORDS = 4096


class LauncherGone(Exception):
    """The launcher ended before it started what it was asked for."""


@cache
def carried_code() -> bytes:
    """The modules that the launcher runs, compiled, behind their length in eight bytes."""
    folder = LAUNCHER.parent
    modules = []
    for name in INSIDE:
        loader = SourceFileLoader(f"{__package__}.{name}", str(folder / f"{name}.py"))
        modules.append((name, loader.get_code(loader.name)))  # from __pycache__ if it is there
    code = marshal.dumps(modules)
    return len(code).to_bytes(8, "big") + code


class Holder:
    """One process that holds a sandbox: its three streams, its end.

    ``requests``, ``replies`` and ``complaints`` are descriptors: its stdin to write to, its stdout and stderr to read.
    """

    def __init__(self, launcher: socket.socket) -> None:
        """Ask for it.

        Raises:
            LauncherGone: there is nobody to ask.
            OSError: this process may not have so many descriptors.
        """
        self.pid = 0
        self._handle = -1
        self._status: int | None = None
        self._over = False
        self._looking = threading.Lock()
        with ExitStack() as theirs, ExitStack() as ours:
            stdin, self.requests = _pipe(theirs, ours)
            self.replies, stdout = _pipe(ours, theirs)
            self.complaints, stderr = _pipe(ours, theirs)
            self._report, report = socket.socketpair()
            theirs.callback(report.close)
            ours.callback(self._report.close)
            try:
                socket.send_fds(launcher, [b"+"], [stdin, stdout, stderr, report.fileno()])
            except OSError:
                raise LauncherGone from None
            self._ours = ours.pop_all()

    def await_start(self, deadline: float) -> None:
        """Wait until it has a process id.

        Raises:
            LauncherGone: it never will; ``complaints`` may say why.
            TimeoutError: not by this moment of the monotonic clock.
        """
        self._report.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data, handles, _, _ = socket.recv_fds(self._report, forkserver.NUMBER.size, 1)
        except TimeoutError:
            raise TimeoutError("the sandbox's launcher says nothing") from None
        except OSError:
            data, handles = b"", []
        if not data or not handles:
            raise LauncherGone
        self._report.settimeout(None)
        (self.pid,) = forkserver.NUMBER.unpack(data)
        self._handle = handles[0]
        os.set_inheritable(self._handle, False)
        self._ours.callback(os.close, self._handle)

    def ended(self, timeout_s: float) -> bool:
        """Has it ended, and been collected, within this time?"""
        with self._looking:
            if not self._over and _readable(self._report.fileno(), timeout_s):
                with suppress(OSError):
                    told = self._report.recv(forkserver.NUMBER.size)
                    self._status = forkserver.NUMBER.unpack(told)[0] if told else None
                # A launcher that is gone itself takes all holders along and can tell nothing of them.
                self._over = self._status is not None or _readable(self._handle, timeout_s)
            return self._over

    @property
    def exit_code(self) -> int | None:
        """As a shell reports it, 137 also where SIGKILL ended the server that it held; None where nobody knows."""
        if self._status is None:
            return None
        code = os.waitstatus_to_exitcode(self._status)
        return 128 - code if code < 0 else code

    def kill(self) -> None:
        """End it at once."""
        with suppress(OSError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def last_line(self) -> str:
        """What it, or its launcher, said on stderr before it ended; empty for nothing."""
        os.set_blocking(self.complaints, False)
        with suppress(OSError):
            lines = os.read(self.complaints, _LAST_WORDS).decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""

    def close(self) -> None:
        """Give the descriptors back; nothing may be using them."""
        self._ours.close()


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    """A pipe, each end with those it is closed with."""
    reading, writing = os.pipe()
    readers.callback(os.close, reading)
    writers.callback(os.close, writing)
    return reading, writing


class Launcher:
    """A started launcher.

    Raises:
        SandboxUnavailable: the interpreter cannot be run.
    """

    def __init__(self, interpreter: str) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [interpreter, "-ISB", "-X", "utf8", str(LAUNCHER), owner(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env={"LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C in the terminal is for the engine to act on
            )
        except OSError as error:
            ours.close()
            raise SandboxUnavailable(
                f"the sandbox's launcher cannot run with {interpreter!r}: {error.strerror}"
            ) from error
        finally:
            theirs.close()
        self._door = ours
        self._asking = threading.Lock()
        with suppress(OSError):  # it ended at once: whoever asks it for something is told so
            wire.write_all(ours.fileno(), carried_code())

    def split_off(self, deadline: float) -> Holder:
        """A new holder.

        Raises:
            LauncherGone: this launcher is of no use any more.
            SandboxUnavailable: there can be no further process.
            TimeoutError: nothing happened until the deadline.
        """
        try:
            with self._asking:
                holder = Holder(self._door)
        except OSError as error:
            raise SandboxUnavailable(f"no descriptors for another sandbox: {error.strerror}; see ulimit -n") from None
        try:
            holder.await_start(deadline)
        except BaseException as error:
            said = holder.last_line()
            holder.close()
            if isinstance(error, LauncherGone) and said:
                raise SandboxUnavailable(said) from None
            raise
        return holder

    def end(self) -> str:
        """End it once its sandboxes have ended; gives the last line that it said."""
        with self._asking:
            self._door.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            _lingering.append(self._process)
        said = self._process.stderr
        assert said is not None  # noqa: S101 - for the type checker
        os.set_blocking(said.fileno(), False)
        lines = (said.read() or b"").decode("utf-8", "replace").strip().splitlines()
        said.close()
        return lines[-1] if lines else ""


_launchers: dict[tuple[int, str], Launcher] = {}
"""By process, for a forked one may not share them, and interpreter."""
_lingering: list[subprocess.Popen[bytes]] = []
"""Launchers that were told to end and still have sandboxes."""
_changing = threading.Lock()


def start(interpreter: str) -> None:
    """Have the launcher started, if this process has none yet, and do not wait for it.

    Raises:
        SandboxUnavailable: the interpreter cannot be run.
    """
    _launcher(interpreter)


def split_off(interpreter: str) -> Holder:
    """A holder from this process's launcher, which is started when there is none and again when it has died.

    Raises:
        SandboxUnavailable: in one line, why there is none.
    """
    deadline = time.monotonic() + START_S
    said = ""
    for _ in range(2):
        launcher = _launcher(interpreter)
        try:
            return launcher.split_off(deadline)
        except TimeoutError as error:
            raise SandboxUnavailable(str(error)) from None
        except LauncherGone:
            said = _forget(interpreter, launcher) or said
    raise SandboxUnavailable(said or "the sandbox's launcher ends at its start")


def _launcher(interpreter: str) -> Launcher:
    key = (os.getpid(), interpreter)
    with _changing:
        if key not in _launchers:
            _lingering[:] = [process for process in _lingering if process.poll() is None]
            if not _launchers:
                atexit.register(end_all)
            _launchers[key] = Launcher(interpreter)
        return _launchers[key]


def _forget(interpreter: str, launcher: Launcher) -> str:
    key = (os.getpid(), interpreter)
    with _changing:
        if _launchers.get(key) is not launcher:
            return ""  # another thread has noticed
        del _launchers[key]
        return launcher.end()


def end_all() -> None:
    """End the launchers of this process; the next sandbox starts one anew."""
    with _changing:
        for key in [key for key in _launchers if key[0] == os.getpid()]:
            _launchers.pop(key).end()


def _readable(fd: int, timeout_s: float) -> bool:
    """Wait on a descriptor: Popen.wait with a timeout looks only every 50 ms."""
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(max(0.0, timeout_s) * 1000))
