"""Level ``docker`` with an image that has no Python: every request is a command of its own in the container.

Fifty milliseconds a command where the server takes two, the order of creation known to the second only, and no own
filter of system calls; the record says ``calls: exec``. The image must have sh, tar, stat, find and readlink.
"""

from __future__ import annotations

import dataclasses
import errno
import io
import os
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Literal

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.domain.resources import Evidence, ExecResult, Isolation, Limits, Output
from pytest_agentcore.domain.workspace import Entry, Snapshot, is_ignored
from pytest_agentcore.errors import SandboxLost, SandboxUnavailable
from pytest_agentcore.sandbox import causes, docker_scripts, docker_tar, ownership
from pytest_agentcore.sandbox.command import Stream
from pytest_agentcore.sandbox.docker import LABEL, CannotStart, Daemon
from pytest_agentcore.sandbox.docker_stream import Attachment
from pytest_agentcore.sandbox.pool import Pool, Shape

_NEEDED = ("sh", "tar", "stat", "find", "readlink", "cat", "head", "tail", "wc", "mkdir")
_WAITS = "exec 3<&0; cat <&3 >/dev/null & wait $!"
"""The container's first process: it collects what commands leave behind, and ends with its stdin."""
_UID = "1000:1000"
_SLACK_S = 30.0
_FILES_S = 120.0
_KILLED = 128 + 9


def probe(daemon: Daemon, isolation: Isolation, *, reason: str) -> Isolation:
    """The level with calls by exec, if the image has at least what they need.

    Raises:
        SandboxUnavailable: it has not.
    """
    try:
        _, stream = _created(daemon, Shape.of(Limits(), image=isolation.image_id, runtime=isolation.runtime))
    except CannotStart as error:
        raise SandboxUnavailable(
            f"the image {isolation.image!r} has neither python3 nor sh ({reason}): use one that has python3 3.10 or "
            f"later, or at least {', '.join(_NEEDED)}"
        ) from error
    stream.hang_up()
    stream.close()
    return dataclasses.replace(isolation, calls="exec", reason=f"calls by docker exec: {reason}")


def start(containers: Pool, isolation: Isolation, limits: Limits, environment: Mapping[str, str]) -> ExecSandbox:
    """A fresh container; none stands ready, since its start is the least of what this way costs.

    Raises:
        SandboxUnavailable: it would not start, or lacks a command that is needed.
    """
    shape = Shape.of(limits, image=isolation.image_id, runtime=isolation.runtime)
    id_, stream = _created(containers.daemon, shape)
    sandbox = ExecSandbox(containers.daemon, id_, stream, isolation=isolation, limits=limits, environment=environment)
    missing = sandbox.exec(["sh", "-c", f"for c in {' '.join(_NEEDED)}; do command -v $c >/dev/null || echo $c; done"])
    if missing.stdout.total:
        sandbox.close()
        raise SandboxUnavailable(
            f"the image {isolation.image!r} has no {', '.join(missing.stdout.text().split())}: "
            "use one that has, or one with python3"
        )
    return sandbox


def _created(daemon: Daemon, shape: Shape) -> tuple[str, Attachment]:
    host = {**shape.host(), "cap_add": []}
    host["tmpfs"] = {
        path: options.replace("mode=755", "uid=1000,gid=1000,mode=755") if path != "/hidden" else options
        for path, options in host["tmpfs"].items()
    }
    if shape.pids is not None:
        host["pids_limit"] += 1  # of the cat
    labels = {LABEL: ownership.owner(os.getpid())}
    id_ = daemon.create(shape.image, command=["sh", "-c", _WAITS], labels=labels, **host)
    stream = None
    try:
        stream = daemon.attach(id_)
        daemon.start(id_)
    except BaseException:
        if stream is not None:
            stream.close()
        with suppress(SandboxUnavailable):
            daemon.remove(id_)
        raise
    return id_, stream


class ExecSandbox:
    """Implements :class:`~pytest_agentcore.domain.ports.Sandbox` by commands alone."""

    def __init__(
        self,
        daemon: Daemon,
        container: str,
        stream: Attachment,
        *,
        isolation: Isolation,
        limits: Limits,
        environment: Mapping[str, str],
    ) -> None:
        self._daemon, self._container, self._stream = daemon, container, stream
        self._isolation, self._limits, self._environment = isolation, limits, dict(environment)
        self._given: set[str] = set()
        self._closed = threading.Event()
        self._disk_full = False
        self._start = self._last = self._counts()

    @property
    def isolation(self) -> Isolation:
        """Which walls it has."""
        return self._isolation

    def put(self, entries: Iterable[Entry], *, into: Literal["workspace", "hidden"] = "workspace") -> None:
        """Create the entries."""
        entries = tuple(entries)
        user, folder = (_UID, "/workspace") if into == "workspace" else ("0:0", "/hidden")
        if into == "hidden":  # commands are not the owner: what he may read or run, all may
            self._script("chmod 755 /hidden", user=user)
            entries = tuple(
                dataclasses.replace(entry, mode=entry.mode | 0o444 | (0o111 if entry.mode & 0o100 else 0))
                for entry in entries
            )
        self._script(f"tar -x -p -C {folder} -f -", user=user, stdin=docker_tar.packed(entries))
        if into == "workspace":
            self._given.update(entry.path for entry in entries)

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float | None = None,
        merge_stderr: bool = False,
    ) -> ExecResult:
        """Run a command; ``env`` is added to the sandbox's own, ``timeout_s`` defaults to ``Limits.call_s``."""
        if not argv or isinstance(argv, str):
            raise ValueError(f"argv is a non-empty sequence of strings, not {argv!r}")
        limit = self._limits.call_s if timeout_s is None else timeout_s
        out, err = Stream(self._limits.output_bytes), Stream(self._limits.output_bytes)
        command = ["sh", "-c", 'exec "$@"' + (" 2>&1" if merge_stderr else ""), "sh", *argv]
        started = time.monotonic()
        code, timed_out = self._run(command, limit, stdin, (out, err), env={**self._environment, **(env or {})})
        wall_s = time.monotonic() - started
        before, self._last = self._last, self._counts()
        full = self._last.get("workspace free") == 0
        self._disk_full |= full
        return ExecResult(
            exit_code=_KILLED if timed_out else code,
            stdout=Output(**out.kept()),  # type: ignore[arg-type]
            stderr=Output(**err.kept()),  # type: ignore[arg-type]
            timed_out=timed_out,
            wall_s=wall_s,
            evidence=dataclasses.replace(self._between(before, self._last), disk_full=full),
        )

    def read(self, path: str, *, offset: int = 0, limit: int = 65_536) -> tuple[bytes, int]:
        """Bytes of a regular file from offset, and its whole size."""
        said = self._script(docker_scripts.READ, path, str(offset + 1), str(limit), path=path)
        size, _, data = said.partition(b"\n")
        return data, int(size)

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content, parents made."""
        self._script(docker_scripts.WRITE, path, stdin=data, path=path)

    def list(self, path: str) -> list[Entry]:
        """Direct children of a folder by name, sorted, without data."""
        fields = self._script(docker_scripts.LIST, path, path=path).split(b"\0")[:-1]
        rows = zip(fields[::3], fields[1::3], fields[2::3], strict=True)
        return sorted((docker_tar.described(*row) for row in rows), key=lambda entry: entry.path)

    def snapshot(self) -> Snapshot:
        """Kill what still runs, then freeze ``workspace``."""
        self.kill_all()
        with tempfile.TemporaryFile() as file:
            self._script("tar -c -C /workspace -f - .", into=file)
            file.seek(0)
            with tarfile.open(fileobj=file) as tar:
                return Snapshot.of(docker_tar.unpacked(tar, self._limits.snapshot_file_bytes))

    def created(self) -> tuple[str, ...]:
        """Files that are there and were not put, by the second of their last change of status, then by name."""
        rows = (line.partition(b" ")[::2] for line in self._script(docker_scripts.CREATED).splitlines())
        found = sorted((int(second), os.fsdecode(name)[2:]) for second, name in rows)
        return tuple(path for _, path in found if path not in self._given and not is_ignored(path))

    def kill_all(self) -> None:
        """End every process inside but the first."""
        self._run(["sh", "-c", "kill -9 -1"], _FILES_S, b"", (Stream(0), Stream(0)), env={})

    def usage(self) -> Evidence:
        """What the whole sandbox used so far."""
        return dataclasses.replace(self._between(self._start, self._counts()), disk_full=self._disk_full)

    def close(self) -> None:
        """End it and everything inside; a call in flight raises SandboxLost."""
        if not self._closed.is_set():
            self._closed.set()
            self._stream.hang_up()
            if not self._stream.ended(5.0):
                self._daemon.kill(self._container)
            self._stream.close()

    def _script(
        self,
        script: str,
        *words: str,
        user: str = _UID,
        stdin: bytes = b"",
        into: IO[bytes] | None = None,
        path: str = "",
    ) -> bytes:
        """What a script of ours prints; its exit status is an errno."""
        out, err = _Whole(into), Stream(4096)
        if any("\0" in word for word in words):
            raise OSError(errno.EINVAL, "a path with a NUL character", path)
        code, _ = self._run(["sh", "-c", script, "sh", *words], _FILES_S, stdin, (out, err), env={}, user=user)
        if code != 0:
            words_said = bytes(err.head).decode("utf-8", "replace").strip()
            number = errno.ENOSPC if "No space left" in words_said else code
            self._disk_full |= number == errno.ENOSPC
            raise OSError(number, words_said or os.strerror(number), path or None)
        return out.data()

    def _run(
        self,
        argv: Sequence[str],
        limit: float,
        stdin: bytes,
        streams: tuple[Any, Any],
        *,
        env: Mapping[str, str],
        user: str = _UID,
    ) -> tuple[int, bool]:
        if self._closed.is_set():
            raise SandboxLost("the sandbox is closed")
        deadline = time.monotonic() + limit
        try:
            command, stream = self._daemon.run(
                self._container, argv, user=user, workdir="/workspace", environment=dict(env)
            )
        except SandboxUnavailable as error:
            raise self._lost(error) from None
        try:
            timed_out = self._talk(stream, stdin, streams, deadline)
            if timed_out:
                self.kill_all()
                self._talk(stream, b"", streams, time.monotonic() + _SLACK_S)
            return self._status(command), timed_out
        finally:
            stream.close()

    def _talk(self, stream: Attachment, stdin: bytes, streams: tuple[Any, Any], deadline: float) -> bool:
        """Give and take until both streams end; True when its time is over first."""
        feeder = threading.Thread(target=_feed, args=(stream, stdin, deadline), daemon=True)
        feeder.start()
        try:
            while stream.fill(deadline):
                for part, kept in zip(stream.taken(), streams, strict=True):
                    kept.feed(part)
        except TimeoutError:
            return True
        except OSError as error:
            raise self._lost(error) from None
        return False

    def _status(self, command: str) -> int:
        give_up = time.monotonic() + _SLACK_S
        while time.monotonic() < give_up:
            try:
                code = self._daemon.run_status(command)
            except SandboxUnavailable as error:
                raise self._lost(error) from None
            if code is not None:
                return code
            time.sleep(0.005)
        raise causes.lost(Loss(said="the container does not say how a command ended"))

    def _lost(self, error: Exception) -> SandboxLost:
        """By what the daemon says: its own words, or that it is gone itself."""
        answers = self._daemon.answers()
        return causes.lost(Loss(daemon_answers=answers, said=str(error) if answers else ""))

    def _counts(self) -> dict[str, int]:
        try:
            said = self._script(docker_scripts.COUNTS).decode("ascii", "replace")
        except OSError:
            self.kill_all()  # daemons hold every place that there is
            said = self._script(docker_scripts.COUNTS).decode("ascii", "replace")
        rows = (line.split() for line in said.splitlines())
        return {f"{file.rpartition('/')[2]} {name}": int(value) for file, name, value in rows if value.isdigit()}

    def _between(self, before: Mapping[str, int], now: Mapping[str, int]) -> Evidence:
        def grown(*names: str) -> int | None:
            found = [now[name] - before.get(name, 0) for name in names if name in now]
            return found[0] if found else None

        def seconds(*units: tuple[str, float]) -> float | None:
            return next(((now[name] - before.get(name, 0)) * unit for name, unit in units if name in now), None)

        limits = self._limits
        return Evidence(
            oom_kills=None
            if limits.memory_mb is None
            else grown("memory.oom_control oom_kill", "memory.events oom_kill"),
            pids_hits=None if limits.pids is None else grown("pids.events max"),
            peak_memory_bytes=now.get("memory.max_usage_in_bytes value", now.get("memory.peak value")),
            throttled_s=seconds(("cpu.stat throttled_time", 1e-9), ("cpu.stat throttled_usec", 1e-6)),
            cpu_s=seconds(("cpuacct.usage value", 1e-9), ("cpu.stat usage_usec", 1e-6)),
        )


class _Whole:
    """Keeps all of a stream, in memory or in a file."""

    def __init__(self, into: IO[bytes] | None) -> None:
        self._into: IO[bytes] = into or io.BytesIO()

    def feed(self, data: bytes) -> None:
        """Take in what came."""
        self._into.write(data)

    def data(self) -> bytes:
        """All of it, where it is in memory."""
        return self._into.getvalue() if isinstance(self._into, io.BytesIO) else b""


def _feed(stream: Attachment, stdin: bytes, deadline: float) -> None:
    with suppress(OSError):
        if stdin:
            stream.write(stdin, deadline)
    stream.hang_up()
