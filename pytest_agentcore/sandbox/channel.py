"""The engine's end of a sandbox: has a holder started, exchanges frames with the server that it holds, ends both."""

from __future__ import annotations

import marshal
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_agentcore.errors import SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import launching, wire

_START_S = 60.0
_END_S = 3.0
_LAST_STEPS_S = 1.0
"""What a holder needs to tidy up when its server is gone."""


class Channel:
    """One holder and the server it holds; calls go one at a time, ``close`` comes from any thread.

    Args:
        interpreter: the Python that runs the launcher.
        plan: what the holder is to build.
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
        self._holder = launching.split_off(interpreter)
        self._requests, self._replies = self._holder.requests, self._holder.replies
        try:
            self._exchange(marshal.dumps(dict(plan)), time.monotonic() + _START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, SandboxLost):
                raise SandboxUnavailable(str(error)) from None
            raise

    @property
    def pid(self) -> int:
        """The holder's process id."""
        return self._holder.pid

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

    def _exchange(self, request: dict[str, Any] | bytes, deadline: float) -> dict[str, Any]:
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
        """True when a SIGKILL ended the server or the holder."""
        return self._holder.ended(_LAST_STEPS_S) and self._holder.was_killed

    def _cause(self, error: Exception) -> str:
        """The holder's own last line where it left one, else what the engine saw."""
        said = self._holder.last_line()
        if not said and isinstance(error, TimeoutError):
            return str(error)
        return said or "the sandbox's server is gone"

    def close(self) -> None:
        """End the sandbox and wait until nothing of it is left; a call in flight raises SandboxLost."""
        with self._ending:
            if self._closed:
                return
            self._closed = True
            self._hang_up()
            if not self._holder.ended(_END_S):
                self._holder.kill()
                self._holder.ended(_END_S)
            with self._turn:
                self._holder.close()

    def _hang_up(self) -> None:
        """Close our end of the server's input without freeing its number, which another thread may be writing to."""
        nothing = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nothing, self._requests, inheritable=False)
        os.close(nothing)
