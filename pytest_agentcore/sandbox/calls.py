"""Requests to the server of a sandbox and its replies, one at a time and never mixed up, over whatever carries them."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Any

from pytest_agentcore.errors import SandboxLost


class Calls(ABC):
    """The engine's end of a server; ``call`` comes from one thread after the other, ``close`` from any."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._ending = threading.Lock()
        self._closed = False
        self._out_of_step = False
        self._earlier: SandboxLost | None = None

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
                raise self._lost_before()
            deadline = time.monotonic() + timeout_s
            self._out_of_step = True  # until the reply is here: one that comes late must not be taken for the next
            reply = self._answered(request, deadline)
            self._out_of_step = False
        if "ok" in reply:
            return reply["ok"]
        if "errno" in reply:
            raise OSError(reply["errno"], reply["reason"], reply["path"])
        raise ValueError(f"the sandbox refused a request: {reply.get('malformed')}")

    def _answered(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        """What a call is made of; for a carrier that has something to do around it."""
        return self._exchange(request, deadline)

    def _exchange(self, request: dict[str, Any] | bytes, deadline: float) -> dict[str, Any]:
        try:
            reply = self._carried(request, deadline)
        except (OSError, EOFError, ValueError) as error:
            self._earlier = self._lost(error)
            raise self._earlier from None
        if not isinstance(reply, dict):
            raise SandboxLost(f"the sandbox's server answered {type(reply).__name__}, not a reply")
        return reply

    def _lost_before(self) -> SandboxLost:
        known = self._earlier
        message = "the sandbox was lost in an earlier call"
        return SandboxLost(message) if known is None else SandboxLost(message, reason=known.reason, loss=known.loss)

    @abstractmethod
    def _carried(self, request: dict[str, Any] | bytes, deadline: float) -> object:
        """One frame there and one back.

        Raises:
            OSError: the other end is gone, or says nothing until the deadline (TimeoutError).
            EOFError: it has ended.
            ValueError: what came is no frame.
        """

    @abstractmethod
    def _lost(self, error: Exception) -> SandboxLost:
        """What to say of a server that does not answer, and whose fault it is."""

    @abstractmethod
    def close(self) -> None:
        """End the sandbox and wait until nothing of it is left; a call in flight raises SandboxLost."""
