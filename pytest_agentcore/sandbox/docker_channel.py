"""The engine's end of a container: its first process made the server, frames exchanged with it, its end explained."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.errors import SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import causes, docker_code, wire
from pytest_agentcore.sandbox.calls import Calls
from pytest_agentcore.sandbox.docker import Daemon
from pytest_agentcore.sandbox.docker_memory import MemoryLimit
from pytest_agentcore.sandbox.docker_stream import Attachment

START_S = 60.0
_END_S = 5.0
_NEWS_S = 2.0
"""A container's end is an event of the daemon only after its streams have ended."""
_LOOK_AGAIN_S = 0.05


class Container:
    """A started container whose first process waits for its plan.

    Args:
        daemon: that runs it.
        id_: its id.
        stream: attached before the start.
        image: the image's id.

    Raises:
        SandboxUnavailable: what started does not talk as :mod:`docker_boot` does.
    """

    def __init__(self, daemon: Daemon, id_: str, stream: Attachment, *, image: str) -> None:
        self.daemon = daemon
        self.id = id_
        self.stream = stream
        self._began = time.time()
        deadline = time.monotonic() + START_S
        try:
            docker_code.give(stream, image, deadline)
        except (OSError, EOFError) as error:
            cause = self.loss(error).said or str(error)
            raise SandboxUnavailable(f"the sandbox's container would not start: {cause}") from None

    @property
    def alive(self) -> bool:
        """False once it has ended; only for one that waits for its plan and has nothing to say."""
        return not self.stream.ended(0.0)

    def loss(self, error: Exception) -> Loss:
        """What is known of its end, after this was seen of it."""
        if isinstance(error, TimeoutError):
            return Loss(silent=True, daemon_answers=self.daemon.answers())
        self.stream.ended(_NEWS_S)  # for its last words
        try:
            events = self._events()
        except SandboxUnavailable:
            return Loss(daemon_answers=False, said=self.stream.last_line())
        died = next(((at, code) for at, kind, code in events if kind == "die"), (None, None))
        return Loss(
            killed_by_request=any(kind in ("kill", "stop") for _, kind, _ in events),
            died_at=died[0],
            exit_code=died[1],
            last_oom_at=max((at for at, kind, _ in events if kind == "oom"), default=None),
            said=self.stream.last_line(),
        )

    def _events(self) -> list[tuple[float, str, int | None]]:
        give_up = time.monotonic() + _NEWS_S
        while True:
            events = self.daemon.events(self.id, self._began)
            if any(kind == "die" for _, kind, _ in events) or time.monotonic() > give_up:
                return events
            time.sleep(_LOOK_AGAIN_S)

    def end(self) -> None:
        """End it and everything inside; its removal is the daemon's."""
        self.stream.hang_up()
        if not self.stream.ended(_END_S):
            self.daemon.kill(self.id)
            self.stream.ended(_END_S)
        self.stream.close()


class ContainerChannel(Calls):
    """A container made a sandbox; calls go one at a time, ``close`` comes from any thread.

    Args:
        container: one that waits for its plan.
        plan: what its server is to know.
        memory: its limit.
        after_loss: told when the container may still live, for want of a daemon to end it.

    Raises:
        SandboxUnavailable: it would not start; the message ends with the failing step.
    """

    def __init__(
        self,
        container: Container,
        plan: Mapping[str, Any],
        *,
        memory: MemoryLimit,
        after_loss: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._container = container
        self._memory = memory
        self._after_loss = after_loss
        self._pid: int | None = None
        try:
            self._exchange(dict(plan), time.monotonic() + START_S)
        except BaseException as error:
            self.close()
            if isinstance(error, SandboxLost):
                raise SandboxUnavailable(f"the sandbox's container would not start: {error}") from None
            raise

    @property
    def pid(self) -> int:
        """The server's process id on the daemon's machine, even after its end."""
        if self._pid is None:
            self._pid = self._container.daemon.pid(self._container.id)
        return self._pid

    @property
    def container(self) -> str:
        """The container's id."""
        return self._container.id

    def _answered(self, request: dict[str, Any], deadline: float) -> dict[str, Any]:
        self._memory.make_room(request, rest=lambda: self._exchange({"op": "rest"}, deadline))
        reply = self._exchange(request, deadline)
        self._memory.files = reply["files"]
        return reply

    def _carried(self, request: dict[str, Any] | bytes, deadline: float) -> object:
        stream = self._container.stream
        for piece in wire.encoded(request):
            stream.write(piece, deadline)
        return wire.decoded(lambda count: stream.read(count, deadline))

    def _lost(self, error: Exception) -> SandboxLost:
        if self._closed:
            return SandboxLost("the sandbox is closed")
        loss = self._container.loss(error)
        if not loss.daemon_answers:
            self._after_loss(self._container.id)
        return causes.lost(loss)

    def close(self) -> None:
        """End the sandbox, without waiting where nothing but its server is left."""
        with self._ending:
            if self._closed:
                return
            self._closed = True
            if self._turn.acquire(blocking=False):
                try:
                    if self._is_quiet():
                        _end_behind(self._container)
                    else:
                        self._container.end()
                finally:
                    self._turn.release()
                return
            self._container.stream.hang_up()  # a call in flight sees the server's end at once
            if not self._turn.acquire(timeout=_END_S):
                self._container.daemon.kill(self._container.id)
                self._turn.acquire()
            self._turn.release()
            self._container.end()

    def _is_quiet(self) -> bool:
        """Have the server end every command; then nothing but itself is left, and its end needs no waiting."""
        if self._out_of_step:
            return False
        try:
            return "ok" in self._exchange({"op": "kill_all"}, time.monotonic() + _END_S)
        except SandboxLost:
            return False


_ending: set[threading.Thread] = set()


def _end_behind(container: Container) -> None:
    """End a container while its engine goes on."""
    container.stream.hang_up()

    def end() -> None:
        container.end()
        _ending.discard(thread)

    thread = threading.Thread(target=end, daemon=True, name="agentcore-close")
    _ending.add(thread)
    thread.start()


def await_ends() -> None:
    """Wait for containers that are being ended."""
    for thread in list(_ending):
        thread.join(_END_S)
