"""A sandbox as the engine uses it, whatever holds it: every method is one request to the server inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from pytest_agentcore.domain.causes import MOST_WITHHELD, Loss
from pytest_agentcore.domain.resources import Evidence, ExecResult, Isolation, Limits, Output
from pytest_agentcore.domain.workspace import Entry, Snapshot, is_ignored
from pytest_agentcore.sandbox import causes

SNAPSHOT_BYTES = 512 << 20
SNAPSHOT_ENTRIES = 200_000
_FILES_S = 120.0
_SLACK_S = 30.0
"""What a server on a busy machine may need beyond a command's own time to kill, collect and answer."""


class Connection(Protocol):
    """The engine's end of a started server, whatever holds it."""

    @property
    def pid(self) -> int:
        """The process on this machine whose end is the sandbox's end."""
        ...

    def call(self, request: dict[str, Any], *, timeout_s: float) -> Any:
        """Send a request and wait for the reply's value."""
        ...

    def close(self) -> None:
        """End the server and everything inside."""
        ...


class ServedSandbox:
    """Implements :class:`~pytest_agentcore.domain.ports.Sandbox` over a channel.

    Args:
        channel: the started server.
        isolation: what :func:`~pytest_agentcore.sandbox.choice.probe` found.
        limits: of this sandbox.
        after_close: each releases something that is held on this machine, and may be called again.
    """

    def __init__(
        self,
        channel: Connection,
        isolation: Isolation,
        limits: Limits,
        *,
        after_close: Iterable[Callable[[], None]] = (),
    ) -> None:
        self._channel = channel
        self._isolation = isolation
        self._limits = limits
        self._after_close = tuple(after_close)

    @property
    def isolation(self) -> Isolation:
        """Which walls it has."""
        return self._isolation

    @property
    def launcher_pid(self) -> int:
        """The process on this machine whose end is the sandbox's end."""
        return self._channel.pid

    def put(self, entries: Iterable[Entry], *, into: Literal["workspace", "hidden"] = "workspace") -> None:
        """Create the entries; special files are left out, a file without data becomes a hole of its size.

        Raises:
            OSError: EINVAL for a path that leads outside; ENOSPC.
        """
        described = [
            {
                "path": entry.path,
                "kind": entry.kind,
                "mode": entry.mode,
                "size": entry.size,
                "data": entry.data,
                "target": entry.target or "",
            }
            for entry in entries
        ]
        self._files({"op": "put", "into": into, "entries": described})

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        merge_stderr: bool = False,
    ) -> ExecResult:
        """Run a command; ``env`` is added to the sandbox's own, ``timeout_s`` defaults to ``Limits.call_s``.

        Raises:
            ValueError: argv is empty.
            SandboxLost: the machine, and no limit of this sandbox, kept the command from its end (``host_pressure``).
        """
        if not argv or isinstance(argv, str):
            raise ValueError(f"argv is a non-empty sequence of strings, not {argv!r}")
        limit = self._limits.call_s if timeout_s is None else timeout_s
        request = {
            "op": "exec",
            "argv": list(argv),
            "env": dict(env or {}),
            "stdin": stdin,
            "timeout_s": float(limit),
            "merge_stderr": merge_stderr,
            "keep": self._limits.output_bytes,
        }
        reply = self._channel.call(request, timeout_s=limit + _SLACK_S)
        if reply["withheld"] > MOST_WITHHELD or reply["machine_kills"]:
            raise causes.lost(Loss(withheld=reply["withheld"], machine_kills=reply["machine_kills"]))
        return ExecResult(
            exit_code=reply["exit_code"],
            stdout=Output(**reply["stdout"]),
            stderr=Output(**reply["stderr"]),
            timed_out=reply["timed_out"],
            wall_s=reply["wall_s"],
            evidence=Evidence(**reply["evidence"]),
        )

    def read(self, path: str, *, offset: int = 0, limit: int = 65_536) -> tuple[bytes, int]:
        """Bytes of a regular file from offset, and its whole size."""
        reply = self._files({"op": "read", "path": path, "offset": offset, "limit": limit})
        return reply["data"], reply["size"]

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content, parents made."""
        self._files({"op": "write", "path": path, "data": bytes(data)})

    def list(self, path: str) -> list[Entry]:
        """Direct children of a folder by name, sorted, without data."""
        return [Entry(**entry) for entry in self._files({"op": "list", "path": path})]

    def snapshot(self) -> Snapshot:
        """Kill what still runs, then freeze ``workspace``.

        Raises:
            OSError: EFBIG when it holds more than 512 MiB of data or 200,000 names.
        """
        request = {
            "op": "snapshot",
            "file_bytes": self._limits.snapshot_file_bytes,
            "total_bytes": SNAPSHOT_BYTES,
            "total_entries": SNAPSHOT_ENTRIES,
        }
        return Snapshot.of(Entry(**entry) for entry in self._files(request))

    def created(self) -> tuple[str, ...]:
        """Files that appeared since ``put``, removed ones included, oldest first; caches are left out."""
        return tuple(path for path in self._files({"op": "created"}) if not is_ignored(path))

    def kill_all(self) -> None:
        """End every process inside; the sandbox stays usable."""
        self._files({"op": "kill_all"})

    def usage(self) -> Evidence:
        """What the whole sandbox used so far."""
        return Evidence(**self._files({"op": "usage"}))

    def close(self) -> None:
        """End it and everything inside; a call in flight raises SandboxLost."""
        self._channel.close()
        for release in self._after_close:
            release()

    def _files(self, request: dict[str, Any]) -> Any:
        return self._channel.call(request, timeout_s=_FILES_S)
