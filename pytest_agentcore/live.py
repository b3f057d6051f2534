"""One line that says how a campaign stands while a person waits for it; only on a terminal."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.outcome import Outcome
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report import terminal
from pytest_agentcore.store import codec

TICK_S = 0.5
QUIET_S = 0.4
"""How long pytest is left alone with the line after it begins to write."""


class LiveLine:
    """Follows the journals and writes behind what pytest has written on the current line."""

    def __init__(self, reporter: Any, journals: Sequence[Path], *, total: int) -> None:
        self._reporter = reporter
        self._offsets = dict.fromkeys(journals, 0)
        self._terminal = os.dup(1)
        """The terminal itself: made between items, when pytest does not capture what is written to it."""
        self._total = total
        self._started = time.monotonic()
        self._in_flight: set[tuple[Path, str]] = set()
        self._ended_here = 0
        self._concluded: dict[tuple[Path, str], Outcome] = {}
        self._shown = 0
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True, name="agentcore-live")
        self._thread.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Make way for pytest."""
        self._clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Make way for pytest."""
        self._clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self) -> None:
        """Make way for pytest."""
        self._clear()

    def stop(self) -> None:
        """Take the line away for good."""
        self._ended.set()
        self._thread.join(TICK_S * 2)
        self._clear()
        os.close(self._terminal)

    def _clear(self) -> None:
        with self._lock:
            self._quiet_until = time.monotonic() + QUIET_S
            self._erase()

    def _erase(self) -> None:
        if self._shown:
            self._write(f"\x1b[{self._shown}D\x1b[K")
            self._shown = 0

    def _tick(self) -> None:
        while not self._ended.wait(TICK_S):
            self._read()
            with self._lock:
                if time.monotonic() < self._quiet_until or self._ended.is_set():
                    continue
                self._erase()
                room = self._reporter._tw.fullwidth - self._reporter._tw.width_of_current_line - 1  # noqa: SLF001 - as pytest
                text = f"  [{terminal.live(self._counts())}]"
                if len(text) < room:
                    self._write(text)
                    self._shown = len(text)

    def _write(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone; the campaign goes on
            os.write(self._terminal, text.encode("utf-8", "replace"))

    def _read(self) -> None:
        for path, offset in self._offsets.items():
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    data = file.read()
            except OSError:
                continue
            whole = data[: data.rfind(b"\n") + 1]
            self._offsets[path] = offset + len(whole)
            for line in whole.splitlines():
                self._count(path, line)

    def _count(self, path: Path, line: bytes) -> None:
        try:
            record = json.loads(line)
        except ValueError:
            return
        run = (path, json.dumps(record.get("key")))
        if record["kind"] == "attempt_started":
            self._in_flight.add(run)
        elif record["kind"] == "attempt_ended":
            self._in_flight.discard(run)
            self._ended_here += record["superseded"] is None
        elif record["kind"] == "concluded":
            self._concluded[run] = codec.decode(Outcome, record["outcome"])

    def _counts(self) -> terminal.Counts:
        outcomes = self._concluded.values()
        spent = sum((outcome.usage for outcome in outcomes), start=Usage())
        left = None
        if self._ended_here:
            pace = (time.monotonic() - self._started) / self._ended_here
            left = pace * max(0, self._total - len(self._concluded))
        return terminal.Counts(
            in_flight=len(self._in_flight),
            done=len(self._concluded),
            planned=self._total,
            passed=sum(outcome.passed for outcome in outcomes),
            spent_usd=spent.cost_usd,
            left_s=left,
        )
