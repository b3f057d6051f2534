"""The wire record: every call of a run as it was asked and answered, one JSON line each, compressed as it grows.

A record is flushed many times a second, so what a process that is killed had written can be read. The disk is written
to in a thread of its own: a slow one delays no model, and one that is full costs the record, never the run.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import zstandard
from msgspec.json import Encoder

from pytest_agentcore.model.gateway.faults import one_line

PENDING_LIMIT = 64 * 1024 * 1024
"""Bytes that may wait for the disk; past that, calls go unrecorded."""
TOGETHER_S = 0.02
"""Calls of so long are compressed and written together."""
_ENCODER = Encoder()
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(1, window_log=19, hash_log=14, chain_log=14)
"""Half a megabyte of what was said before, which is what a conversation repeats; 1 MB of memory for each run."""


@dataclass(slots=True, eq=False)
class RunRecord:
    """The record of one run."""

    path: str
    calls: int = 0
    """On disk."""
    fault: str | None = None
    """Why it is not whole, in one line; None when it is."""
    _seq: int = 0
    _lines: list[bytes] = field(default_factory=list)
    _frame: Any = None
    _fd: int | None = None

    def told(self) -> dict[str, Any]:
        """For the ledger."""
        return {"path": self.path, "calls": self.calls, "fault": self.fault}

    def next_seq(self) -> int:
        """Number of the next call, from 1 on, in the order in which calls came in."""
        self._seq += 1
        return self._seq

    def add(self, line: bytes) -> None:
        """One more line, to be taken with others."""
        self._lines.append(line)

    def take(self, *, last: bool) -> tuple[bytes, int]:
        """(compressed bytes of the lines since the last time, how many lines)."""
        lines, self._lines = self._lines, []
        if not lines and self._frame is None:
            return b"", 0
        if self._frame is None:
            self._frame = zstandard.ZstdCompressor(compression_params=_PARAMETERS).compressobj()
        data = self._frame.compress(b"".join(lines))
        data += self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH if last else zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        if last:
            self._frame = None
        return data, len(lines)

    def write(self, data: bytes, lines: int) -> None:
        """Append, in the writer's thread."""
        if self._fd is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self.path, flags, 0o600)
        while data:
            data = data[os.write(self._fd, data) :]
        self.calls += lines

    def close(self) -> None:
        """Give the file back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """Something for the thread to do."""

    record: RunRecord
    data: bytes = b""
    lines: int = 0
    done: Callable[[], object] | None = None
    """Called when the record is complete."""


class Writer:
    """Writes the records of all runs. Its methods are called from one event loop alone."""

    def __init__(self, redact: Callable[[bytes], bytes]) -> None:
        self._redact = redact
        self._dirty: set[RunRecord] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._queue: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._pending = 0
        self._thread: threading.Thread | None = None

    def put(self, record: RunRecord, call: Mapping[str, Any]) -> None:
        """Have a call written, soon and together with others."""
        if record.fault is not None:
            return
        if self._pending > PENDING_LIMIT:
            record.fault = "the disk is too slow for the record; calls were left out"
            return
        record.add(self._redact(_line(call)))
        self._dirty.add(record)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TOGETHER_S, self._flush)

    async def close(self, record: RunRecord) -> None:
        """Finish a record: it is on disk, or cannot be, when this returns."""
        self._dirty.discard(record)
        done, loop = asyncio.Event(), asyncio.get_running_loop()
        data, lines = record.take(last=True)
        self._hand(_Task(record=record, data=data, lines=lines, done=lambda: loop.call_soon_threadsafe(done.set)))
        await done.wait()

    def end(self, timeout_s: float = 0.5) -> None:
        """Write what is pending, for so long at most."""
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout_s)

    def _flush(self) -> None:
        self._timer = None
        dirty, self._dirty = self._dirty, set()
        for record in dirty:
            data, lines = record.take(last=False)
            self._hand(_Task(record=record, data=data, lines=lines))

    def _hand(self, task: _Task) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="agentcore-record")
            self._thread.start()
        self._pending += len(task.data)
        self._queue.put(task)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            record = task.record
            try:
                if task.data and record.fault is None:
                    record.write(task.data, task.lines)
            except Exception as error:  # noqa: BLE001 - the record may be lost, the run and the other records may not
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                record.fault = one_line(f"{record.path} cannot be written: {reason}")
            finally:
                self._pending -= len(task.data)
                if task.done is not None:
                    with suppress(OSError, RuntimeError):  # a disk that failed fails here again; the loop may be gone
                        record.close()
                    with suppress(RuntimeError):
                        task.done()


def _line(call: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    try:
        return _ENCODER.encode(call) + b"\n"
    except UnicodeEncodeError:  # half of a character, which JSON's escapes can spell and UTF-8 cannot
        return json.dumps(call, separators=(",", ":")).encode() + b"\n"


def text_of(body: bytes) -> dict[str, str]:
    """A body as JSON can hold it, so that the same bytes can be had from it again."""
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(body).decode("ascii")}


@lru_cache(maxsize=4)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def stamp(at: float) -> str:
    """UTC, ISO 8601 with milliseconds."""
    return f"{_second(int(at))}.{int(at % 1 * 1000):03d}Z"
