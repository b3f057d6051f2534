"""Entries of a workspace as a tar, both ways, for containers without a server."""

from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator

from pytest_agentcore.domain.workspace import Entry

_MOST_BYTES = 512 << 20
_MOST_ENTRIES = 200_000


def packed(entries: Iterable[Entry]) -> bytes:
    """A tar of the entries; special files are left out, a file without data becomes one of zeros.

    Raises:
        OSError: EINVAL for a path that leads outside.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry in entries:
            if not entry.path or entry.path.startswith("/") or ".." in entry.path.split("/") or "\0" in entry.path:
                raise OSError(errno.EINVAL, "not a relative path inside the folder", entry.path)
            member = tarfile.TarInfo(entry.path)
            member.mode = entry.mode & 0o777
            data = None
            if entry.kind == "file":
                data = entry.data if entry.data is not None else bytes(entry.size)
                member.size = len(data)
            elif entry.kind == "dir":
                member.type = tarfile.DIRTYPE
            elif entry.kind == "symlink":
                member.type, member.linkname = tarfile.SYMTYPE, entry.target or ""
            else:
                continue
            tar.addfile(member, io.BytesIO(data) if data is not None else None)
    return buffer.getvalue()


def unpacked(tar: tarfile.TarFile, file_bytes: int) -> Iterator[Entry]:
    """The entries of a tar of a folder; a file above ``file_bytes`` is held by name and size.

    Raises:
        OSError: EFBIG when it holds more than can be frozen.
    """
    held = count = 0
    for member in tar:
        path = member.name.removeprefix("./")
        if path in (".", ""):
            continue
        count += 1
        if member.isreg() or member.islnk():
            content = tar.extractfile(member)
            size = tar.getmember(member.linkname).size if member.islnk() else member.size
            data = content.read() if content is not None and size <= file_bytes else None
            held += len(data or b"")
            yield Entry(path=path, kind="file", mode=member.mode & 0o777, size=size, data=data)
        elif member.isdir():
            yield Entry(path=path, kind="dir", mode=member.mode & 0o777)
        elif member.issym():
            yield Entry(path=path, kind="symlink", mode=0o777, target=member.linkname)
        else:
            yield Entry(path=path, kind="other", mode=member.mode & 0o777)
        if held > _MOST_BYTES or count > _MOST_ENTRIES:
            raise OSError(errno.EFBIG, f"the workspace holds more than {_MOST_BYTES} bytes to freeze", path)


def described(name: bytes, status: bytes, target: bytes) -> Entry:
    """A child as ``stat -c '%f %s'`` and ``readlink`` describe it."""
    mode_hex, size = status.split()
    mode = int(mode_hex, 16)
    path = os.fsdecode(name)
    if stat.S_ISLNK(mode):
        return Entry(path=path, kind="symlink", mode=mode & 0o777, target=os.fsdecode(target))
    if stat.S_ISREG(mode):
        return Entry(path=path, kind="file", mode=mode & 0o777, size=int(size))
    return Entry(path=path, kind="dir" if stat.S_ISDIR(mode) else "other", mode=mode & 0o777)
