"""Holds one sandbox: makes its walls, starts the server inside them, and ends everything when either side ends.

Runs in a process of its own for each sandbox, split off by :mod:`forkserver`: one with threads may not make namespaces.
"""
# ruff: noqa: PTH101, PTH102, PTH106, PTH108, PTH123, PTH211 - pathlib is not imported inside: it would cost a third of the start

from __future__ import annotations

import _socket
import fcntl
import marshal
import os
import resource
import select
import struct
import sys
import time

from . import rootfs, seccomp, syscalls, watchdog, wire
from .accounting import Accounting
from .syscalls import CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS
from .toolserver import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

FAILED = 70
"""Exit status when the walls could not be made; the reason is one line on stderr."""
_UID_INSIDE = 1000
_LAST_WORDS_S = 0.3
_SIGINT, _SIGKILL = 2, 9
_OPEN_FILES = (1024, 4096)
_ORDINARY_DEPTH = 100
_DEEPEST = 10_000
"""Calls; the deepest folder that a path can name, at two characters a level, takes a fifth of them."""
_IFF_UP = 1
_SIOCSIFFLAGS = 0x8914


def main() -> None:
    """Read the plan from stdin, hold the sandbox, exit when it is over."""
    sys.setrecursionlimit(_DEEPEST)
    try:
        plan = marshal.loads(wire.receive(0))  # noqa: S302 - from our own engine
        syscalls.no_new_privileges()
        syscalls.own_keyring()
        accounting = Accounting(plan["group"])
        accounting.settle()
        if plan["level"] == "namespace":
            _enter_namespaces()
        else:
            syscalls.adopt_orphans()
            _make_folder(plan)
        alive, ours = os.pipe2(os.O_CLOEXEC)
        server = os.fork()
    except OSError as error:
        _fail(error)
    except EOFError:
        os._exit(FAILED)  # the engine ended before it said what it wants
    if server == 0:
        os.close(ours)
        _become_server(plan, accounting, alive)
    status = _hold(server)
    if plan["level"] == "process":
        _clean_up(plan["folder"], accounting)
    if os.WIFSIGNALED(status):
        os._exit(128 + os.WTERMSIG(status))  # the engine looks at the groups for the reason, and removes them
    accounting.remove()
    os._exit(0)


def _fail(error: OSError) -> NoReturn:
    os.write(2, f"{error.filename or 'start'}: {error.strerror} (errno {error.errno})\n".encode())
    os._exit(FAILED)


def _enter_namespaces() -> None:
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(CLONE_NEWUSER, "unshare user")
    _set("/proc/self/setgroups", "deny")
    _set("/proc/self/uid_map", f"{_UID_INSIDE} {uid} 1")
    _set("/proc/self/gid_map", f"{_UID_INSIDE} {gid} 1")
    others = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    syscalls.unshare(others, "unshare mount, pid, net, ipc, uts")


def _set(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(fd)


def _make_folder(plan: dict[str, Any]) -> None:
    folder = plan["folder"]
    os.mkdir(folder, 0o700)
    for name in ("workspace", "tmp", "bin", "site"):
        os.mkdir(f"{folder}/{name}", 0o755)
    for target, path in plan["links"]:
        os.symlink(target, folder + path)
    for path, (text, mode) in plan["files"].items():
        with open(folder + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(folder + path, mode)


def _hold(server: int) -> int:
    """Wait for the server's status; when the engine is gone, give it a moment and then none."""
    poller = select.poll()
    handle = os.pidfd_open(server)
    poller.register(handle, select.POLLIN)
    poller.register(0, 0)  # its hang-up is always reported
    if all(fd != handle for fd, _ in poller.poll()):
        poller.unregister(0)
        if not poller.poll(int(_LAST_WORDS_S * 1000)):
            os.kill(server, _SIGKILL)
    return os.waitpid(server, 0)[1]


def _clean_up(folder: str, accounting: Accounting) -> None:
    """Leave no process and no folder."""
    me = os.getpid()
    while left := watchdog.descendants(me):
        for pid in left:
            os.kill(pid, _SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.001)
    _remove(folder)
    if os.path.lexists(folder):
        accounting.remove()
        os.execv("/bin/rm", ["rm", "-rf", "--", folder])  # noqa: S606 - it can remove what has no usable path


def _remove(folder: str, depth: int = 0) -> None:
    """Remove a folder with all in it, those included that their owner locked; starting rm takes longer."""
    if depth > _ORDINARY_DEPTH:
        return
    try:
        os.chmod(folder, 0o700)
        with os.scandir(folder) as entries:
            for entry in list(entries):
                if entry.is_dir(follow_symlinks=False):
                    _remove(entry.path, depth + 1)
                else:
                    os.unlink(entry.path)
        os.rmdir(folder)
    except OSError:
        return


def _become_server(plan: dict[str, Any], accounting: Accounting, alive: int) -> NoReturn:
    try:
        syscalls.default_signal(_SIGINT)
        if plan["level"] == "namespace":
            syscalls.die_with_parent()
            server = _server_in_namespace(plan, accounting)
        else:
            syscalls.adopt_orphans()
            server = _server_in_folder(plan, accounting)
        server.watch_for_end(alive)
    except OSError as error:
        _fail(error)
    server.serve()
    if plan["level"] == "process" and select.select([alive], [], [], 0)[0]:
        _clean_up(plan["folder"], accounting)  # the holder was killed and cannot
    os._exit(0)


def _server_in_namespace(plan: dict[str, Any], accounting: Accounting) -> Server:
    _loopback_up()
    _host_name("sandbox")
    root, oom_score = rootfs.build(plan)
    _limit(plan)
    syscalls.drop_capabilities()
    seccomp.refuse()
    return _server(plan, accounting, hidden=root, oom_score=oom_score)


def _server_in_folder(plan: dict[str, Any], accounting: Accounting) -> Server:
    root = os.open(plan["folder"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    oom_score = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    _limit(plan)
    return _server(plan, accounting, hidden=root, oom_score=oom_score)


def _server(plan: dict[str, Any], accounting: Accounting, *, hidden: int, oom_score: int) -> Server:
    """Take the channel away from stdin and stdout, so that no command ever inherits it."""
    os.umask(0o022)
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    syscalls.hide_process()
    server = Server(plan, accounting=accounting, requests=requests, replies=replies, hidden=hidden, oom_score=oom_score)
    wire.send(replies, {"ready": sys.version_info[:3]})
    return server


def _limit(plan: dict[str, Any]) -> None:
    limits = plan["limits"]
    _lower(resource.RLIMIT_CORE, 0, 0)
    _lower(resource.RLIMIT_NOFILE, *_OPEN_FILES)
    if limits["disk_mb"] is not None and plan["level"] == "process":
        size = limits["disk_mb"] << 20
        _lower(resource.RLIMIT_FSIZE, size, size)
    if limits["tasks_rlimit"] is not None:
        _lower(resource.RLIMIT_NPROC, limits["tasks_rlimit"], limits["tasks_rlimit"])


def _lower(which: int, soft: int, hard: int) -> None:
    most = resource.getrlimit(which)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(which, (soft, hard))


def _loopback_up() -> None:
    handle = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        fcntl.ioctl(handle.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
    finally:
        handle.close()


def _host_name(name: str) -> None:
    _socket.sethostname(name)
