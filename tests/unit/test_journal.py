"""The journal: every record is on the disk before its writer goes on, and threads share the way there."""

from __future__ import annotations

import errno
import os
import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_agentcore.errors import StoreError
from pytest_agentcore.store.journal import Journal, records

THREADS, EACH = 12, 8


def test_a_record_is_durable_when_its_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flush may serve many threads, but none goes on before a flush that began after its own write."""
    path = tmp_path / "journal.jsonl"
    safe, flushes, lock = 0, 0, threading.Lock()

    def slow_disk(_: int) -> None:
        nonlocal safe, flushes
        size = path.stat().st_size  # what was written before the flush began is what it brings to the disk
        time.sleep(0.01)
        with lock:
            safe, flushes = max(safe, size), flushes + 1

    monkeypatch.setattr(os, "fdatasync", slow_disk)
    journal = Journal(path)
    lost = []

    def write(thread: int) -> None:
        for number in range(EACH):
            journal.append("note", mark=f"{thread}-{number}")
            with lock:
                reached = safe
            if f'"{thread}-{number}"' not in path.read_text()[:reached]:
                lost.append((thread, number))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))
    journal.close()

    assert lost == []
    assert len(list(records(path))) == THREADS * EACH
    assert flushes < THREADS * EACH


def test_a_disk_that_fails_is_told_to_whoever_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes another's failed flush for his own success."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    journal = Journal(tmp_path / "journal.jsonl")
    monkeypatch.setattr(os, "fdatasync", broken)
    for _ in range(2):
        with pytest.raises(StoreError, match="Input/output error"):
            journal.append("note")
    monkeypatch.undo()
    journal.append("note")
    journal.close()


def test_what_follows_a_torn_line_stands_on_its_own(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"v":1,"kind":"whole"}\n{"v":1,"ki')
    journal = Journal(path)
    journal.append("next")
    journal.close()

    assert [record["kind"] for record in records(path)] == ["whole", "next"]


def test_a_line_that_is_cut_off_is_told_by_what_cut_it(tmp_path: Path) -> None:
    """A file may grow no further in the middle of a record: the reason is the system's, and the rest stays readable."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("whole")
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, most[1]))
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match=r"cannot be written: File too large; free some disk space"):
                journal.append("cut")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert path.read_bytes().endswith(b'{"kind":"c')
    journal.append("next")
    journal.close()

    assert [record["kind"] for record in records(path)] == ["whole", "next"]
