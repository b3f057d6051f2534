"""The Linux calls that Python does not offer, by ctypes; each raises OSError with what was tried as its file name."""

from __future__ import annotations

import ctypes
import os
import sys

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1024, 2048, 4096, 16384, 1 << 18, 1 << 21
MNT_DETACH = 2
MOUNT_RDONLY, MOUNT_NOSUID = 1, 2

IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_Q_OVERFLOW = 0x40, 0x80, 0x100, 0x4000
IN_ONLYDIR, IN_DONT_FOLLOW, IN_ISDIR = 0x01000000, 0x02000000, 0x40000000

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 36, 38, 47, 4
_MOUNT_SETATTR, _AT_RECURSIVE = 442, 0x8000
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_KEYCTL_JOIN_SESSION_KEYRING = 1
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAP = 63
_SIG_DFL = 0
_TMPFS_MAGIC = 0x01021994
_STATX_BTIME, _AT_SYMLINK_NOFOLLOW, _AT_FDCWD = 0x800, 0x100, -100

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.umount2.argtypes = [ctypes.c_char_p, ctypes.c_int]
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
_libc.signal.restype = ctypes.c_void_p


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result


def raw(number: int, *args: int, what: str) -> int:
    """A system call that the C library has no name for."""
    return _checked(_libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, args)), what)


def unshare(flags: int, what: str) -> None:
    """Leave the namespaces of the parent."""
    _checked(_libc.unshare(flags), what)


def mount(source: str, target: str, fstype: str | None, flags: int, data: str = "") -> None:
    """Mount, bind or remount."""
    _checked(
        _libc.mount(
            os.fsencode(source), os.fsencode(target), os.fsencode(fstype) if fstype else None, flags, os.fsencode(data)
        ),
        f"mount {fstype or source} on {target}",
    )


def set_mounts(path: str, added: int, removed: int) -> None:
    """Change attributes of the mount at a path and of all below it, at once; Linux 5.12."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    attributes = (ctypes.c_uint64 * 4)(added, removed, 0, 0)
    raw(
        _MOUNT_SETATTR,
        _AT_FDCWD,
        ctypes.addressof(name),
        _AT_RECURSIVE,
        ctypes.addressof(attributes),
        ctypes.sizeof(attributes),
        what=f"mount_setattr {path}",
    )


def unmount(target: str) -> None:
    """Take a mount out of the tree; what holds it open keeps it."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def pivot_root_here() -> None:
    """Make the current folder the root and drop the old one."""
    _checked(_libc.pivot_root(b".", b"."), "pivot_root")
    unmount(".")


def die_with_parent() -> None:
    """SIGKILL when the thread that forked this process ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl PDEATHSIG")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl CHILD_SUBREAPER")


def no_new_privileges() -> None:
    """Setuid programs and file capabilities give nothing from here on."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl NO_NEW_PRIVS")


def own_keyring() -> None:
    """Leave the session keyring of the engine, which a new user namespace alone does not take away."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:
        _libc.syscall(number, _KEYCTL_JOIN_SESSION_KEYRING, None)  # a kernel without keys has nothing to leave


def hide_process() -> None:
    """Nobody without capabilities may trace this process or look into its /proc folder."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl DUMPABLE")


def default_signal(number: int) -> None:
    """Undo the handler that Python installs; the first process of a namespace then never receives it from inside."""
    _libc.signal(number, _SIG_DFL)


def drop_capabilities() -> None:
    """Give up every capability, for good and for all descendants."""
    for capability in range(_LAST_CAP + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # past the kernel's last one
    _checked(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl CAP_AMBIENT")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc.capset(header, nothing), "capset")


def inotify_open() -> int:
    """A non-blocking inotify queue."""
    return _checked(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify_init1")


def inotify_watch(fd: int, path: str) -> int:
    """Watch one folder for names that come and go; its watch descriptor."""
    mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR | IN_DONT_FOLLOW
    return _checked(_libc.inotify_add_watch(fd, os.fsencode(path), mask), f"inotify_add_watch {path}")


def counts_inodes_up(path: str) -> bool:
    """True on a tmpfs, which numbers files in the order in which they are made."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.statfs(os.fsencode(path), buffer) < 0:
        return False
    return int.from_bytes(buffer.raw[0:4], sys.byteorder) == _TMPFS_MAGIC


def birth_ns(path: str) -> int | None:
    """When the file was made, in nanoseconds; None where the file system does not know or the file is gone."""
    buffer = ctypes.create_string_buffer(256)
    if not hasattr(_libc, "statx"):
        return None
    if _libc.statx(_AT_FDCWD, os.fsencode(path), _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, buffer) < 0:
        return None
    if not int.from_bytes(buffer.raw[0:4], sys.byteorder) & _STATX_BTIME:
        return None
    seconds = int.from_bytes(buffer.raw[80:88], sys.byteorder, signed=True)
    return seconds * 1_000_000_000 + int.from_bytes(buffer.raw[88:92], sys.byteorder)
