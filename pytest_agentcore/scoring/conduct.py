"""What a checker does besides judging: files it writes, clocks and dice it asks, and whether it ends at all."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES: Mapping[str, int] = {
    "os.mkdir": 0,
    "os.remove": 0,
    "os.rmdir": 0,
    "os.rename": 1,
    "os.link": 1,
    "os.symlink": 1,
    "os.truncate": 0,
    "os.chmod": 0,
    "os.chown": 0,
    "os.utime": 0,
    "sqlite3.connect": 0,
}
"""Audit event → which of its arguments is the path that changes."""
_CLOCKS = {
    "time": ("time", "time_ns", "localtime", "gmtime", "ctime"),
    "datetime": ("now", "utcnow", "today"),
}
_DICE = ("random", "getrandbits", "randbytes")
_DEEPEST = 80
_AGAIN_S = 1.0


class Overdue(BaseException):
    """The checker did not end in time; no ``except Exception`` of its own may stop this."""


@dataclass(slots=True)
class Conduct:
    """What was seen of one call of a checker."""

    roots: tuple[str, ...]
    """Folders whose code is the checker's: the suite's."""
    protected: tuple[str, ...]
    """Folders that may not be written although they may lie among temporary files."""
    writes: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Clocks and dice, with the place in the source."""


_watched: Conduct | None = None


@contextmanager
def watched(conduct: Conduct, *, ask: bool) -> Iterator[None]:
    """Note what the main thread does meanwhile; ``ask`` also notes clocks and dice, at some cost in speed."""
    global _watched  # noqa: PLW0603 - an audit hook has nobody else to ask
    _listen()
    profiled = ask and sys.getprofile() is None
    _watched = conduct
    if profiled:
        sys.setprofile(_profile)
    try:
        yield
    finally:
        if profiled:
            sys.setprofile(None)
        _watched = None


@cache
def _listen() -> None:
    sys.addaudithook(_audit)


def _audit(event: str, arguments: Sequence[Any]) -> None:
    if _watched is None or threading.current_thread() is not threading.main_thread():
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING:
            _note_write(path)
    elif event in _CHANGES:
        _note_write(arguments[_CHANGES[event]])
    elif event in ("subprocess.Popen", "os.system", "os.posix_spawn"):
        _note_command(arguments[0])


def _note_write(path: object) -> None:
    conduct = _watched
    if conduct is None or not isinstance(path, str | bytes | os.PathLike):
        return
    name = os.fsdecode(path)
    if name in ("", ":memory:", os.devnull):
        return
    real = os.path.realpath(name)
    kept = any(_below(real, root) for root in conduct.protected)
    if (kept or not _below(real, _temporary())) and _is_the_checkers(conduct) and name not in conduct.writes:
        conduct.writes.append(name)


def _note_command(command: object) -> None:
    conduct = _watched
    if conduct is not None and _is_the_checkers(conduct):
        name = os.fsdecode(command) if isinstance(command, str | bytes | os.PathLike) else str(command)
        if name not in conduct.commands:
            conduct.commands.append(name)


@cache
def _temporary() -> str:
    return os.path.realpath(tempfile.gettempdir())


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_the_checkers(conduct: Conduct) -> bool:
    """Did code of the suite cause this itself, not the harness or the import system on its behalf?"""
    frame: FrameType | None = sys._getframe(3)  # noqa: SLF001 - the only way to see who called
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if name.startswith((_PACKAGE, "<frozen importlib")):
            return False
        if any(_below(name, root) for root in conduct.roots):
            return True
        frame = frame.f_back
    return False


def _profile(frame: FrameType, event: str, argument: Any) -> None:
    conduct = _watched
    if conduct is None:
        return
    caller: FrameType | None = frame
    if event == "c_call":
        what = _asked_in_c(argument)
    elif event == "call" and frame.f_code.co_filename == random.__file__:
        what = f"random.{frame.f_code.co_name}" if frame.f_locals.get("self") is _shared_dice() else None
        caller = frame.f_back
    else:
        return
    if what is None or caller is None or not any(_below(caller.f_code.co_filename, root) for root in conduct.roots):
        return
    note = f"{what}() in {Path(caller.f_code.co_filename).name}:{caller.f_lineno}"
    if note not in conduct.asked:
        conduct.asked.append(note)


def _asked_in_c(function: Any) -> str | None:
    name = function.__name__
    owner = getattr(function, "__self__", None)
    if name in _DICE and owner is _shared_dice():
        return f"random.{name}"
    if name in _CLOCKS["time"] and getattr(owner, "__name__", None) == "time":
        return f"time.{name}"
    if name in _CLOCKS["datetime"] and isinstance(owner, type) and owner.__module__ == "datetime":
        return f"{owner.__name__}.{name}"
    return None


def _shared_dice() -> object:
    """The generator behind ``random.random`` and its kin, which nobody seeds for one checker alone."""
    return getattr(random.random, "__self__", None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """End what happens inside by :class:`Overdue` after so many seconds; only in a process's main thread.

    Where the alarm belongs to somebody else already, theirs is put back afterwards with the time it had left.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def ring(_number: int, _frame: FrameType | None) -> None:
        if armed:
            raise Overdue(f"did not end within {seconds:g} s")

    theirs = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, left, interval)
        signal.signal(signal.SIGALRM, theirs)
