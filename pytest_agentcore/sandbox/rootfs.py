"""The file system of a namespace sandbox: what of the host is seen inside, and what covers it. Runs inside."""
# ruff: noqa: PTH102, PTH106, PTH112, PTH123, PTH211 - pathlib would slow the start

from __future__ import annotations

import os

from . import syscalls
from .syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_WRITABLE = ("workspace", "tmp")
_ROOT_MB = 64
_INODES_PER_MB = 256
_MOST_OF_USER = {"max_user_namespaces": 0, "max_inotify_instances": 16}
"""What a user has a limited number of, over all sandboxes."""
_KEPT_FLAGS = {
    "nosuid": MS_NOSUID,
    "nodev": MS_NODEV,
    "noexec": MS_NOEXEC,
    "noatime": syscalls.MS_NOATIME,
    "nodiratime": syscalls.MS_NODIRATIME,
    "relatime": syscalls.MS_RELATIME,
}


def build(plan: dict[str, Any]) -> tuple[int, int]:
    """Make the root and step into it; needs mount, pid and user namespaces of its own.

    Args:
        plan: ``at`` (an empty spot of the host to build on), ``disk_mb``, ``folders`` (to be made, parents first),
            ``binds`` (host path, path inside, whether it is a folder), ``links`` (pairs of target and path), ``files``
            (path -> (text, mode)), ``masks`` (host paths).

    Returns:
        A descriptor of the root that may still write to it, and one of this process's oom_score_adj.
    """
    at, disk_mb = plan["at"], plan["disk_mb"]
    syscalls.mount("none", "/", None, MS_REC | MS_PRIVATE)
    _tmpfs(at, None if disk_mb is None else max(disk_mb, _ROOT_MB))
    for name in _WRITABLE:
        os.mkdir(f"{at}/{name}", 0o755)
        _tmpfs(f"{at}/{name}", disk_mb)
    for folder in plan["folders"]:
        os.mkdir(at + folder)
    for source, path, is_folder in plan["binds"]:
        _bind(source, at + path, is_folder=is_folder)
    for target, path in plan["links"]:
        os.symlink(target, at + path)
    for path, (text, mode) in plan["files"].items():
        _file(at + path, text, mode)
    _devices(f"{at}/dev")
    for path in plan["masks"]:
        _mask(at + path)
    os.mkdir(f"{at}/proc")
    syscalls.mount("proc", f"{at}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name, most in _MOST_OF_USER.items():
        _file(f"{at}/proc/sys/user/{name}", str(most), None)
    kept = _open_before_lock(at)
    _lock(at)
    os.chdir(at)
    syscalls.pivot_root_here()
    os.chdir("/")
    return kept


def _tmpfs(path: str, size_mb: int | None) -> None:
    options = "mode=755"
    if size_mb is not None:
        options += f",size={size_mb}m,nr_inodes={size_mb * _INODES_PER_MB}"
    syscalls.mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options)


def _bind(source: str, target: str, *, is_folder: bool) -> None:
    """The target is there already if it is a folder."""
    if not is_folder:
        _file(target, "", 0o444)
    syscalls.mount(source, target, None, MS_BIND | MS_REC)


def _file(path: str, text: str, mode: int | None) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, text.encode())
        if mode is not None:
            os.fchmod(fd, mode)
    finally:
        os.close(fd)


def _devices(folder: str) -> None:
    os.mkdir(folder)
    for name in _DEVICES:
        _bind(f"/dev/{name}", f"{folder}/{name}", is_folder=False)
    for name, target in _DEVICE_LINKS.items():
        os.symlink(target, f"{folder}/{name}")


def _mask(path: str) -> None:
    """Cover a folder by an empty one, a file by the null device; what is under another mask is gone already."""
    if os.path.isdir(path):
        syscalls.mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=555,size=4k")
    elif os.path.lexists(path):
        syscalls.mount("/dev/null", path, None, MS_BIND)


def _open_before_lock(at: str) -> tuple[int, int]:
    """Descriptors on mounts of their own, which stay writable when the visible ones no longer are."""
    spot = f"{at}/.spot"
    os.mkdir(spot)
    syscalls.mount(f"{at}/proc", spot, None, MS_BIND)
    oom_score = os.open(f"{spot}/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    syscalls.unmount(spot)
    syscalls.mount(at, spot, None, MS_BIND)
    root = os.open(spot, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    syscalls.unmount(spot)
    os.rmdir(spot)
    return root, oom_score


def _lock(at: str) -> None:
    """Make every mount below read-only but the workspace and /tmp.

    This includes /proc and the devices: where the engine is root, uid 1000 inside owns root's files, and may turn
    what they control without any capability.
    """
    writable = {f"{at}/{name}" for name in _WRITABLE}
    try:
        syscalls.set_mounts(at, syscalls.MOUNT_RDONLY | syscalls.MOUNT_NOSUID, 0)
    except OSError:  # older than Linux 5.12
        _lock_each(at, writable)
        return
    for path in writable:
        syscalls.set_mounts(path, 0, syscalls.MOUNT_RDONLY)


def _lock_each(at: str, writable: set[str]) -> None:
    with open(f"{at}/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split() for line in file]
    ours = {[fields[0] for fields in mounts if fields[4] == at][-1]}
    for number, parent, _, _, escaped, options, *_ in mounts:
        if parent in ours:
            ours.add(number)
        elif number not in ours:
            continue  # of the host, or covered by our root
        path = _unescaped(escaped)
        if path in writable:
            continue
        flags = MS_NOSUID
        for option in options.split(","):
            flags |= _KEPT_FLAGS.get(option, 0)
        syscalls.mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def _unescaped(path: str) -> str:
    for escape in ("\\040", "\\011", "\\012", "\\134"):
        path = path.replace(escape, chr(int(escape[1:], 8)))
    return path
