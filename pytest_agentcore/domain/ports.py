"""What a run needs from the outside: a sandbox and a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

from pytest_agentcore.domain.resources import Evidence, ExecResult, Isolation
from pytest_agentcore.domain.trajectory import Reply, ToolSpec, Turn
from pytest_agentcore.domain.workspace import Entry, Snapshot


class Sandbox(Protocol):
    """A place of its own for one run: ``workspace`` is its current folder, ``../hidden`` its sibling.

    Every method raises :class:`~pytest_agentcore.errors.SandboxLost` when the sandbox is gone; what a command or a file
    does wrong inside is data (``ExecResult``) or an ``OSError`` with the errno from inside.
    One caller at a time; ``close`` may come from any thread, at any moment, and more than once.
    """

    @property
    def isolation(self) -> Isolation:
        """Which walls it has."""
        ...

    def put(self, entries: Iterable[Entry], *, into: Literal["workspace", "hidden"] = "workspace") -> None:
        """Create the entries; parents are made, existing files replaced."""
        ...

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        merge_stderr: bool = False,
    ) -> ExecResult:
        """Run a command in ``workspace``; past the timeout every process inside is killed."""
        ...

    def read(self, path: str, *, offset: int = 0, limit: int = 65_536) -> tuple[bytes, int]:
        """Bytes of a regular file from offset, and its whole size. Raises OSError."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content, parents made. Raises OSError."""
        ...

    def list(self, path: str) -> list[Entry]:
        """Direct children of a folder, sorted, without data. Raises OSError."""
        ...

    def snapshot(self) -> Snapshot:
        """Kill what still runs, then freeze ``workspace``."""
        ...

    def created(self) -> tuple[str, ...]:
        """Paths of files that appeared in ``workspace`` since ``put``, in the order of their first creation."""
        ...

    def usage(self) -> Evidence:
        """What the whole sandbox used so far."""
        ...

    def close(self) -> None:
        """End it and everything inside."""
        ...


class Model(Protocol):
    """Something that answers a conversation."""

    def reply(
        self, *, system: str, prompt: str, turns: Sequence[Turn], tools: Sequence[ToolSpec], timeout_s: float
    ) -> Reply:
        """The next assistant message; ``timeout_s`` bounds its working time, which back-off and queueing are not.

        Raises:
            ModelUnavailable: no usable answer after retries.
            ModelRefusesConfig: there never will be one.
            ContextExceeded: the conversation no longer fits.
            LimitReached: it would not fit a budget of the run, or was not there in time.
            RunHalted: the run cannot go on, and nobody failed.
        """
        ...

    def close(self) -> None:
        """Cancel a call in flight and release what is held; callable from any thread."""
        ...
