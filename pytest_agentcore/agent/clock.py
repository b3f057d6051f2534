"""A clock that stands still while this process does: a suspended host or a stopped process costs no run its time."""

from __future__ import annotations

import threading
import time

TICK_S = 0.5
JUMP_S = 5.0
"""A tick that comes later than this was not delayed by load: the process, or the whole host, was stopped."""

_lost = 0.0
_seen = 0.0
_lock = threading.Lock()
_started = False


def now() -> float:
    """Seconds of running time, from an arbitrary beginning; only differences mean something."""
    _watch()
    return _look()


def _watch() -> None:
    global _started, _seen  # noqa: PLW0603 - one clock for the process, as time itself
    with _lock:
        if _started:
            return
        _started = True
        _seen = time.monotonic()
    threading.Thread(target=_tick, daemon=True, name="agentcore-clock").start()


def _look() -> float:
    """Account for a gap since somebody last looked; whoever is first to run after a stop may be a reader."""
    global _lost, _seen  # noqa: PLW0603 - as above
    with _lock:
        current = time.monotonic()
        if current - _seen > JUMP_S:
            _lost += current - _seen - TICK_S
        _seen = current
        return current - _lost


def _tick() -> None:
    while True:
        time.sleep(TICK_S)
        _look()
