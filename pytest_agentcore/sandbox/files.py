"""Files of a workspace, as the server reads and writes them. Runs inside.

Paths come from a model: links resolve inside the mount namespace, only regular files are opened, nothing blocks, and
/proc is refused, where the server would act on itself.
"""
# ruff: noqa: PTH101, PTH103, PTH108, PTH118, PTH120, PTH208, PTH211, PTH115
# pathlib is not imported inside: it would cost a third of the start

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_OPEN = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW
_CHUNK = 1 << 20
_OWNER_MAY_LOOK = 0o700


def resolve(workspace: str, path: str) -> str:
    """The real path of a name that is absolute or relative to the workspace."""
    if "\0" in path:
        raise OSError(errno.EINVAL, "a path with a NUL character", path)
    real = os.path.realpath(os.path.join(workspace, path))
    if real == "/proc" or real.startswith("/proc/"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)
    return real


def read(workspace: str, path: str, offset: int, limit: int) -> tuple[bytes, int]:
    """Up to ``limit`` bytes of a regular file, and its whole size."""
    fd = _open_regular(resolve(workspace, path), os.O_RDONLY, path)
    try:
        pieces = []
        while limit > 0 and (piece := os.pread(fd, min(limit, _CHUNK), offset)):
            pieces.append(piece)
            offset += len(piece)
            limit -= len(piece)
        return b"".join(pieces), os.fstat(fd).st_size
    finally:
        os.close(fd)


def write(workspace: str, path: str, data: bytes) -> None:
    """Replace a file's content; parents are made."""
    real = resolve(workspace, path)
    if path.endswith("/"):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    os.makedirs(os.path.dirname(real), exist_ok=True)
    fd = _open_regular(real, os.O_WRONLY | os.O_CREAT, path)
    try:
        os.ftruncate(fd, 0)
        _write_all(fd, data)
    finally:
        os.close(fd)


def _open_regular(real: str, flags: int, path: str) -> int:
    fd = os.open(real, flags | _OPEN, 0o644)
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return fd
    os.close(fd)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "Not a regular file", path)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def children(workspace: str, path: str) -> list[dict[str, Any]]:
    """The names in a folder, sorted, without data."""
    with os.scandir(resolve(workspace, path)) as found:
        return [_described(entry.name, entry.path) for entry in sorted(found, key=lambda entry: entry.name)]


def _described(name: str, path: str) -> dict[str, Any]:
    status = os.lstat(path)
    entry: dict[str, Any] = {"path": name, "kind": _kind(status.st_mode), "mode": status.st_mode & 0o777}
    if entry["kind"] == "file":
        entry["size"] = status.st_size
    elif entry["kind"] == "symlink":
        entry["target"] = os.readlink(path)
    return entry


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "dir"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def put(entries: Iterable[dict[str, Any]]) -> None:
    """Create entries below the current folder; an existing file or link of the name is replaced.

    A file without data becomes a hole of its size; special files are left out.
    """
    top = os.getcwd()  # noqa: PTH109
    folders = []
    for entry in entries:
        path, kind = entry["path"], entry["kind"]
        _refuse_escape(path, top)
        if kind == "dir":
            os.makedirs(path, exist_ok=True)
            folders.append((path, entry["mode"]))
            continue
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        if kind == "symlink":
            os.symlink(entry["target"], path)
        elif kind == "file":
            _create(path, entry)
    for path, mode in reversed(folders):
        os.chmod(path, mode & 0o777)  # last, so that a read-only folder can be filled


def _refuse_escape(path: str, top: str) -> None:
    parts = path.split("/")
    if not path or path.startswith("/") or ".." in parts or "\0" in path:
        raise OSError(errno.EINVAL, "not a relative path inside the folder", path)
    parent = os.path.realpath(os.path.dirname(path) or ".")
    if parent != top and not parent.startswith(top.rstrip("/") + "/"):
        raise OSError(errno.EINVAL, "a link on the way leaves the folder", path)


def _create(path: str, entry: dict[str, Any]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o600)
    try:
        if entry["data"] is None:
            os.ftruncate(fd, entry["size"])
        else:
            _write_all(fd, entry["data"])
        os.fchmod(fd, entry["mode"] & 0o777)
    finally:
        os.close(fd)


def freeze(top: str, *, file_bytes: int, total_bytes: int, total_entries: int) -> list[dict[str, Any]]:
    """Every name below a folder that nobody writes to any more, with the content of its regular files.

    Raises:
        OSError: EFBIG when it holds more than the two totals allow.
    """
    found = []
    held = 0
    for path, full in _walk(top, ""):
        entry = _described(path, full)
        if entry["kind"] == "file":
            entry["data"] = None
            if entry["size"] <= file_bytes:
                entry["data"] = _content(full, entry["mode"])
                held += len(entry["data"])
        found.append(entry)
        if held > total_bytes:
            raise OSError(errno.EFBIG, f"the workspace holds more than {total_bytes} bytes to freeze", path)
        if len(found) > total_entries:
            raise OSError(errno.EFBIG, f"the workspace holds more than {total_entries} names to freeze", path)
    return found


def _walk(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    with _readable(folder, os.lstat(folder).st_mode):
        for name in sorted(os.listdir(folder)):
            path, full = f"{prefix}{name}", f"{folder}/{name}"
            yield path, full
            if stat.S_ISDIR(os.lstat(full).st_mode):
                yield from _walk(full, f"{path}/")


def _content(path: str, mode: int) -> bytes:
    with _readable(path, mode):
        fd = os.open(path, os.O_RDONLY | _OPEN)
        try:
            with open(fd, "rb", buffering=0, closefd=False) as file:
                return file.readall()
        finally:
            os.close(fd)


class _readable:  # noqa: N801 - used as a statement; contextlib is not imported inside
    """Lets the owner look into what it has locked itself out of, and locks it again."""

    def __init__(self, path: str, mode: int) -> None:
        self._path = path
        self._mode = stat.S_IMODE(mode)
        needed = _OWNER_MAY_LOOK if os.path.isdir(path) else 0o400  # noqa: PTH112
        self._locked = self._mode & needed != needed

    def __enter__(self) -> None:
        if self._locked:
            os.chmod(self._path, self._mode | _OWNER_MAY_LOOK)

    def __exit__(self, *_: object) -> None:
        if self._locked:
            os.chmod(self._path, self._mode)
