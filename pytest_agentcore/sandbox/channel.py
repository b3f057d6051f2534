"""The engine's end of a sandbox: starts the launcher, exchanges frames with the server, ends both."""

from __future__ import annotations

import marshal
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from pytest_agentcore.errors import SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import wire

LAUNCHER = Path(__file__).with_name("launcher.py")
INSIDE = (
    "wire",
    "syscalls",
    "seccomp",
    "watchdog",
    "accounting",
    "files",
    "creation",
    "command",
    "toolserver",
    "rootfs",
    "holder",
)
"""What runs inside, each after what it imports."""
_START_S = 60.0
_END_S = 3.0
_LAST_STEPS_S = 1.0
"""What a launcher needs to tidy up when its server is gone."""
_LAST_WORDS = 4096


@cache
def carried_code() -> bytes:
    """The modules that run inside, compiled, behind their length in eight bytes."""
    folder = LAUNCHER.parent
    modules = []
    for name in INSIDE:
        path = folder / f"{name}.py"
        modules.append((name, compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True)))
    code = marshal.dumps(modules)
    return len(code).to_bytes(8, "big") + code


class Channel:
    """One launcher and the server it holds; calls go one at a time, ``close`` comes from any thread.

    Args:
        interpreter: the Python that runs the launcher.
        plan: what the launcher is to build.
        memory_ran_out: asked when the server was killed: did the kernel kill it for want of memory?

    Raises:
        SandboxUnavailable: it would not start; the message ends with the failing step.
    """

    def __init__(self, interpreter: str, plan: Mapping[str, Any], *, memory_ran_out: Callable[[], bool]) -> None:
        self._memory_ran_out = memory_ran_out
        self._turn = threading.Lock()
        self._ending = threading.Lock()
        self._closed = False
        self._out_of_step = False
        try:
            self._process = subprocess.Popen(
                [interpreter, "-ISB", "-X", "utf8", str(LAUNCHER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd="/",
                env={"LC_ALL": "C.UTF-8"},
                start_new_session=True,  # Ctrl-C in the terminal is for the engine to act on
            )
        except OSError as error:
            raise SandboxUnavailable(
                f"the sandbox's launcher cannot run with {interpreter!r}: {error.strerror}"
            ) from error
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None and stdout is not None and stderr is not None  # noqa: S101, PT018 - for the type checker
        self._pipes = (stdin, stdout, stderr)
        self._requests, self._replies, self._complaints = (pipe.fileno() for pipe in self._pipes)
        try:
            self._send_code()
            self._exchange(dict(plan), time.monotonic() + _START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, SandboxLost):
                raise SandboxUnavailable(str(error)) from None
            raise

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._process.pid

    def call(self, request: dict[str, Any], *, timeout_s: float) -> Any:
        """Send a request and wait for the reply's value.

        Raises:
            SandboxLost: the server is gone, or says nothing in time.
            OSError: what the server met, with its errno.
            ValueError: the server could not make sense of the request.
        """
        with self._turn:
            if self._closed:
                raise SandboxLost("the sandbox is closed")
            if self._out_of_step:
                raise SandboxLost("the sandbox was lost in an earlier call")
            self._out_of_step = True  # until the reply is here: one that comes late must not be taken for the next
            reply = self._exchange(request, time.monotonic() + timeout_s)
            self._out_of_step = False
        if "ok" in reply:
            return reply["ok"]
        if "errno" in reply:
            raise OSError(reply["errno"], reply["reason"], reply["path"])
        raise ValueError(f"the sandbox refused a request: {reply.get('malformed')}")

    def _send_code(self) -> None:
        try:
            wire.write_all(self._requests, carried_code())
        except OSError as error:
            raise self._lost(error) from None

    def _exchange(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        try:
            wire.send(self._requests, request)
            reply = wire.receive(self._replies, lambda: self._await_reply(deadline))
        except (OSError, EOFError, ValueError) as error:
            raise self._lost(error) from None
        if not isinstance(reply, dict):
            raise SandboxLost(f"the sandbox's server answered {type(reply).__name__}, not a reply")
        return reply

    def _await_reply(self, deadline: float) -> None:
        poller = select.poll()
        poller.register(self._replies, select.POLLIN)
        if not poller.poll(max(0, (deadline - time.monotonic()) * 1000)):
            raise TimeoutError("the sandbox's server says nothing")

    def _lost(self, error: Exception) -> SandboxLost:
        """What to say of a server that does not answer, and whose fault it is."""
        if not isinstance(error, TimeoutError) and self._was_killed() and self._memory_ran_out():
            return SandboxLost("the sandbox's server was killed: memory ran out", reason="oom_killed")
        return SandboxLost(self._cause(error))

    def _was_killed(self) -> bool:
        """True when a SIGKILL ended the server or the launcher."""
        return self._has_ended(_LAST_STEPS_S) and self._process.poll() in (-signal.SIGKILL, 128 + signal.SIGKILL)

    def _cause(self, error: Exception) -> str:
        """The launcher's own last line where it left one, else what the engine saw."""
        words = b""
        os.set_blocking(self._complaints, False)
        with suppress(OSError):
            words = os.read(self._complaints, _LAST_WORDS)
        lines = words.decode("utf-8", "replace").strip().splitlines()
        if lines:
            return lines[-1]
        if isinstance(error, TimeoutError):
            return str(error)
        return "the sandbox's server is gone"

    def close(self) -> None:
        """End the sandbox and wait until nothing of it is left; a call in flight raises SandboxLost."""
        with self._ending:
            if self._closed and self._process.returncode is not None:
                return
            self._closed = True
            self._hang_up()
            if not self._has_ended(_END_S):
                self._process.kill()
            self._process.wait()
            with self._turn:
                for pipe in self._pipes:
                    pipe.close()

    def _hang_up(self) -> None:
        """Close our end of the server's input without freeing its number, which another thread may be writing to."""
        nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nothing, self._requests, inheritable=False)
        os.close(nothing)

    def _has_ended(self, timeout_s: float) -> bool:
        """Wait on a descriptor: Popen.wait with a timeout looks only every 50 ms."""
        try:
            handle = os.pidfd_open(self._process.pid)
        except OSError:
            return False
        try:
            poller = select.poll()
            poller.register(handle, select.POLLIN)
            return bool(poller.poll(timeout_s * 1000))
        finally:
            os.close(handle)
