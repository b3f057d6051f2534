"""The engine's end of a sandbox: has a holder started, exchanges frames with the server that it holds, ends both."""

from __future__ import annotations

import marshal
import os
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.errors import SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import causes, launching, wire
from pytest_agentcore.sandbox.calls import Calls

_START_S = 60.0
_END_S = 3.0
_KILLED = 128 + 9
_LAST_STEPS_S = 1.0
"""What a holder needs to tidy up when its server is gone."""


class Channel(Calls):
    """One holder and the server it holds; calls go one at a time, ``close`` comes from any thread.

    Args:
        interpreter: the Python that runs the launcher.
        plan: what the holder is to build.
        memory_ran_out: asked when the server was killed: did the kernel kill it for want of memory?

    Raises:
        SandboxUnavailable: it would not start; the message ends with the failing step.
    """

    def __init__(self, interpreter: str, plan: Mapping[str, Any], *, memory_ran_out: Callable[[], bool]) -> None:
        super().__init__()
        self._memory_ran_out = memory_ran_out
        self._holder = launching.split_off(interpreter)
        self._requests, self._replies = self._holder.requests, self._holder.replies
        try:
            self._exchange(marshal.dumps(dict(plan)), time.monotonic() + _START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, SandboxLost):
                raise SandboxUnavailable((error.loss and error.loss.said) or str(error)) from None
            raise

    @property
    def pid(self) -> int:
        """The holder's process id."""
        return self._holder.pid

    def _carried(self, request: dict[str, Any] | bytes, deadline: float) -> object:
        wire.send(self._requests, request)
        return wire.receive(self._replies, lambda: self._await_reply(deadline))

    def _await_reply(self, deadline: float) -> None:
        poller = select.poll()
        poller.register(self._replies, select.POLLIN)
        if not poller.poll(max(0, (deadline - time.monotonic()) * 1000)):
            raise TimeoutError("the sandbox's server says nothing")

    def _lost(self, error: Exception) -> SandboxLost:
        if self._closed:
            return SandboxLost("the sandbox is closed")
        if isinstance(error, TimeoutError):
            return causes.lost(Loss(silent=True, said=self._holder.last_line()))
        code = self._holder.exit_code if self._holder.ended(_LAST_STEPS_S) else None
        ran_out = code == _KILLED and self._memory_ran_out()
        return causes.lost(Loss(exit_code=code, memory_ran_out=ran_out, said=self._holder.last_line()))

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
