"""In which order the files of a workspace came to be, by inotify. Runs inside.

The queue of one inotify instance is in order over all folders. What it cannot tell is what was made in a new folder
before that folder could be watched: there the time of birth decides, and within one tick of that clock (4 ms) the inode
number, which a tmpfs gives out in order; on other file systems such a tie is decided by a guess.
"""
# ruff: noqa: PTH118, PTH208 - pathlib is not imported inside: it would cost a third of the start

from __future__ import annotations

import os
import stat
import struct

from . import syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EVENT = struct.Struct("iIII")
_QUEUE_BYTES = 1 << 18
_MOST_PATHS = 100_000
_MOST_READS = 64


class Creations:
    """The paths of one folder's files in the order of their first appearance.

    Args:
        top: the folder.
        ignored: names that are neither watched nor reported, such as ``.git``.
    """

    def __init__(self, top: str, ignored: Iterable[str]) -> None:
        self._top = top
        self._ignored = frozenset(ignored)
        self._counts_up = syscalls.counts_inodes_up(top)
        self._known: set[str] = set()
        self._order: list[str] = []
        self._folders: dict[int, str] = {}
        self._complete = True
        """False once a folder could not be watched; every question is then answered by a look at all folders."""
        self._pending: list[str] = []
        self._scanned: set[str] = set()
        self._moved: set[str] = set()
        try:
            self.fd: int | None = syscalls.inotify_open()
        except OSError:
            self.fd, self._complete = None, False
        self._watch("")

    def forget(self) -> None:
        """What is there now was not created by the run."""
        while self._drain():
            pass
        self._walk_new("")
        self._pending, self._scanned, self._moved = [], set(), set()

    def poll(self) -> None:
        """Take in what the queue holds."""
        for _ in range(_MOST_READS):
            if not self._drain():
                break
        self._settle()

    def so_far(self) -> list[str]:
        """The paths, oldest first."""
        self.poll()
        if not self._complete:
            self._walk_new("")
            self._settle()
        return self._order

    def _drain(self) -> bool:
        if self.fd is None:
            return False
        try:
            data = os.read(self.fd, _QUEUE_BYTES)
        except BlockingIOError:
            return False
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            name = os.fsdecode(data[at + _EVENT.size : at + _EVENT.size + length].split(b"\0", 1)[0])
            at += _EVENT.size + length
            self._take(watch, mask, name)
        return True

    def _take(self, watch: int, mask: int, name: str) -> None:
        if mask & syscalls.IN_Q_OVERFLOW:
            self._walk_new("")
            return
        folder = self._folders.get(watch)
        if folder is None or name in self._ignored or not name:
            return
        path = f"{folder}{name}"
        if mask & syscalls.IN_MOVED_FROM:
            if mask & syscalls.IN_ISDIR:
                self._unwatch(f"{path}/")
        elif mask & syscalls.IN_ISDIR:
            self._walk_new(f"{path}/")
        else:
            self._note(path)
            if mask & syscalls.IN_MOVED_TO:
                self._moved.add(path)

    def _watch(self, folder: str) -> None:
        if self.fd is None:
            return
        try:
            self._folders[syscalls.inotify_watch(self.fd, os.path.join(self._top, folder))] = folder
        except (FileNotFoundError, NotADirectoryError):
            return  # gone again
        except OSError:
            self._complete = False

    def _unwatch(self, folder: str) -> None:
        """Forget the names of watches below a folder that moved; they are watched anew where they turn up."""
        for watch, path in list(self._folders.items()):
            if path.startswith(folder):
                del self._folders[watch]

    def _walk_new(self, folder: str) -> None:
        """Watch a folder and all below it, and note what is in them already."""
        self._watch(folder)
        try:
            names = os.listdir(os.path.join(self._top, folder))
        except OSError:
            return
        for name in sorted(names):
            if name in self._ignored:
                continue
            path = f"{folder}{name}"
            try:
                mode = os.lstat(os.path.join(self._top, path)).st_mode
            except OSError:
                continue
            if stat.S_ISDIR(mode):
                self._walk_new(f"{path}/")
            else:
                self._note(path)
                self._scanned.add(path)

    def _note(self, path: str) -> None:
        if path not in self._known and len(self._known) < _MOST_PATHS:
            self._known.add(path)
            self._pending.append(path)

    def _settle(self) -> None:
        """Fix the order of what came with one reading of the queue."""
        found, scanned = self._pending, self._scanned
        if scanned:
            found = [path for _, path in sorted(self._dated(found, scanned))]
        self._order += found
        self._pending, self._scanned, self._moved = [], set(), set()

    def _dated(self, paths: list[str], scanned: set[str]) -> Iterator[tuple[tuple[int, int, int, int], str]]:
        """Each path with a key that sorts: a file of the queue keeps its place behind the one before it."""
        last = (0, 0, 0)
        first_of_folder: dict[str, int] = {}
        for place, path in enumerate(paths):
            beside = first_of_folder.setdefault(os.path.dirname(path), place) if path in scanned else place  # noqa: PTH120
            key = self._key(path, beside) or last
            if path not in scanned:
                last = key = max(last, key)
            yield (*key, place), path

    def _key(self, path: str, place: int) -> tuple[int, int, int] | None:
        """Time of birth; within one tick of the clock the inode number, across folders only where it counts up."""
        full = os.path.join(self._top, path)
        try:
            status = os.lstat(full)
            parent = syscalls.birth_ns(os.path.dirname(full))  # noqa: PTH120
        except OSError:
            return None
        birth = syscalls.birth_ns(full)
        if birth is None or path in self._moved or (parent is not None and birth < parent):
            birth = status.st_ctime_ns  # older than its folder: it was moved there, which changes the inode
        return birth, 0 if self._counts_up else place, status.st_ino
