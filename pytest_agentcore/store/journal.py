"""The append-only log of a campaign: one JSON object a line, each line one durable write.

Several processes may append at once: a record is a single ``write`` on a descriptor opened with O_APPEND. Threads that
append at the same time share one flush to the disk.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_agentcore.errors import StoreError

VERSION = 1


class Journal:
    """The writing end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}; choose another --agent-dir") from None
        self._torn = _torn(path)
        self._writing = threading.Lock()
        self._flushing = threading.Lock()
        self._written = self._flushed = 0
        """How many records of this process are in the file, and how many of them on the disk."""

    def append(self, kind: str, **fields: object) -> None:
        """Add a record; it is on the disk when this returns.

        Raises:
            StoreError: the disk is full or went away. Nothing recorded before is lost.
        """
        line = json.dumps({"v": VERSION, "kind": kind, **fields}, sort_keys=True, separators=(",", ":"))
        try:
            self._flush(self._write(line.encode("utf-8") + b"\n"))
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}; free some disk space") from None

    def _write(self, data: bytes) -> int:
        """Gives the record's number."""
        with self._writing:
            if self._torn:
                data = b"\n" + data
            written = os.write(self._fd, data)
            self._torn = written != len(data)
            if self._torn:
                os.write(self._fd, b"\n")  # raises what cut the line off, or else ends the torn line
                self._torn = False
                raise StoreError(f"{self.path} took {written} of {len(data)} bytes; free some disk space")
            self._written += 1
            return self._written

    def _flush(self, number: int) -> None:
        """Return when the record is on the disk; whoever came while another flushed may find that done already."""
        with self._flushing:
            if self._flushed < number:
                reached = self._written
                os.fdatasync(self._fd)
                self._flushed = reached

    def close(self) -> None:
        """Release the descriptor; later appends fail."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _torn(path: Path) -> bool:
    """Does the file end in the middle of a line, because its writer died or its disk was full?"""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size == 0:
            return False
        file.seek(size - 1)
        return file.read(1) != b"\n"


def _lines(path: Path) -> Iterator[bytes]:
    """One after the other: a campaign of thousands is never in memory as a whole."""
    try:
        with path.open("rb") as file:
            yield from file
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None


def records(path: Path) -> Iterator[Mapping[str, Any]]:
    """Every whole record; a torn line is passed over, for what it would have said did not happen.

    Raises:
        StoreError: unreadable, or written by a newer version of this package.
    """
    for line in _lines(path):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(record, dict) or not isinstance(record.get("v", 0), int):
            continue
        if record.get("v", 0) > VERSION:
            raise StoreError(f"{path} was written by a newer pytest-agentcore (journal version {record['v']}); upgrade")
        yield record
