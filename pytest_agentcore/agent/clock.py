"""A clock that stands still while this process does: a suspended host or a stopped process costs no run its time."""

from __future__ import annotations

import threading
import time

TICK_S = 0.5
JUMP_S = 5.0
"""A tick that comes later than this was not delayed by load: the process, or the whole host, was stopped."""

_lost = 0.0
_lock = threading.Lock()
_started = False


def now() -> float:
    """Seconds of running time, from an arbitrary beginning; only differences mean something."""
    _watch()
    with _lock:
        return time.monotonic() - _lost


def _watch() -> None:
    global _started  # noqa: PLW0603 - one clock for the process, as time itself
    with _lock:
        if _started:
            return
        _started = True
    threading.Thread(target=_tick, daemon=True, name="agentcore-clock").start()


def _tick() -> None:
    global _lost  # noqa: PLW0603 - as above
    last = time.monotonic()
    while True:
        time.sleep(TICK_S)
        current = time.monotonic()
        if current - last > JUMP_S:
            with _lock:
                _lost += current - last - TICK_S
        last = current
