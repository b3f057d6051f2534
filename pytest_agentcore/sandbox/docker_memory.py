"""A container's memory limit, kept at what commands may have while files and the server take what they take.

In a container files lie in a tmpfs, and the server is beside the commands: the kernel counts all three together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import causes
from pytest_agentcore.sandbox.docker import Daemon

_STEP = 1 << 20
_SLACK = 4 << 20
"""What the server holds without more memory than it always has."""
_COPIES = 3
"""The server has a file's content as it was read or received, and in the frame that carries it."""


class MemoryLimit:
    """Follows what the files of one container take.

    Args:
        daemon: that runs it.
        container: its id.
        base: bytes of its limit without files; None for no limit.
    """

    def __init__(self, daemon: Daemon, container: str, base: int | None) -> None:
        self._daemon, self._container, self._base = daemon, container, base
        self._applied = base or 0
        self.files = 0
        """Bytes that its files take, by the last reply."""

    def make_room(self, request: Mapping[str, Any], rest: Callable[[], object]) -> None:
        """Set the limit for what is about to happen: raised for the server's own work, exact for a command.

        Args:
            request: what is about to be sent.
            rest: has the server let go of what it answered last, without which the limit cannot be lowered.

        Raises:
            SandboxLost: the limit cannot be what it has to be.
        """
        if self._base is None:
            return
        work = self._work(request)
        wanted = self._base + self.files + (_COPIES * work if work > _SLACK else 0)
        lower = request.get("op") == "exec" and self._applied - wanted >= _STEP
        if wanted - self._applied < _STEP and not lower:
            return
        if lower:
            rest()
        try:
            self._daemon.limit_memory(self._container, wanted)
        except SandboxUnavailable as error:
            raise causes.lost(Loss(said=f"the memory limit cannot follow the files: {error}")) from None
        self._applied = wanted

    def _work(self, request: Mapping[str, Any]) -> int:
        operation = request.get("op")
        if operation == "put":
            return sum(_size(entry["data"]) for entry in request.get("entries", ()))
        if operation == "snapshot":
            return self.files
        if operation in ("write", "exec"):
            return _size(request.get("data")) + _size(request.get("stdin"))
        return request["limit"] if isinstance(request.get("limit"), int) else 0


def _size(data: object) -> int:
    return len(data) if isinstance(data, bytes) else 0
