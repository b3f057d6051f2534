"""The first process of a container: gives up all rights but one, then is the server. Runs inside.

It starts as root with four capabilities and ends without any. Its user is the commands' own, so that files it makes
are theirs; it keeps the way back to root, still without a capability, for the hidden files that commands may only read.
No command can signal it (the first process of its namespace) or trace it (its saved user is another one).
"""
# ruff: noqa: PTH101, PTH110, S103 - pathlib is not imported inside; its folders are to be read by all

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal itself would load enum
import os
import sys

from . import seccomp, syscalls, wire
from .accounting import Accounting
from .toolserver import Server
from .watchdog import PAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FAILED = 70
_UID = 1000
_DEEPEST = 10_000
"""Calls, as the holder of other levels allows them."""
_GROUPS = "/sys/fs/cgroup"
_COUNTED: dict[str, dict[str, tuple[str, ...]]] = {
    "memory": {
        "memory_limit": ("memory/memory.limit_in_bytes", "memory.max"),
        "memory_usage": ("memory/memory.usage_in_bytes", "memory.current"),
        "memory_peak": ("memory/memory.max_usage_in_bytes", "memory.peak"),
        "oom_kill": ("memory/memory.oom_control", "memory.events"),
        "highest": ("memory/memory.memsw.max_usage_in_bytes", "memory/memory.max_usage_in_bytes"),
        "ceiling": ("memory/memory.memsw.limit_in_bytes", "memory/memory.limit_in_bytes"),
        "oom": ("memory.events",),
    },
    "pids": {"max": ("pids/pids.events", "pids.events")},
    "cpus": {"throttled_time": ("cpu/cpu.stat",), "throttled_usec": ("cpu.stat",)},
}
"""Limit -> what is counted of it -> its file in version 1 or 2."""
_NEAR = 1 << 20


class ContainerAccounting(Accounting):
    """The counts of a container, whose limits of memory and of memory with swap are the same."""

    def met_memory_limit(self) -> bool:
        """By the highest use in the container's life where version 1 is: nobody inside may set it back.

        It counts how often memory met its limit; but here memory with swap meets the same one first, and that is not
        counted by every kernel (Linux 6.18).
        """
        if "ceiling" in self._files:
            return self._read_int("highest") >= self._read_int("ceiling") - _NEAR
        return super().met_memory_limit()


class ContainerServer(Server):
    """The server, with hidden files that belong to root, and a memory limit that it shares with its commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._operations["rest"] = lambda _: None
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def _answer(self, request: Any) -> dict[str, Any]:
        return {**super()._answer(request), "files": self._file_bytes()}

    def _peak_of_call(self) -> int:
        peak = super()._peak_of_call()
        return max(0, peak - self._own_bytes()) if self._accounting.holds_memory else peak

    def _own_bytes(self) -> int:
        """Memory of this process that is nobody else's."""
        resident, shared = os.pread(self._statm, 256, 0).split()[1:3]
        return (int(resident) - int(shared)) * PAGE

    def _put(self, request: dict[str, Any]) -> None:
        if request["into"] != "hidden":
            super()._put(request)
            return
        os.seteuid(0)
        try:
            os.chmod("/hidden", 0o755)
            readable = [{**entry, "mode": _for_all(entry["mode"])} for entry in request["entries"]]
            super()._put({**request, "entries": readable})
        finally:
            os.seteuid(_UID)


def _for_all(mode: int) -> int:
    """Commands are not the owner of hidden files: what he may read or run, all may."""
    return mode | 0o444 | (0o111 if mode & 0o100 else 0)


def main() -> None:
    """Read the plan from stdin, serve until the engine is gone."""
    sys.setrecursionlimit(_DEEPEST)
    try:
        plan = wire.receive(0)
        _signal.alarm(0)  # from here on the server itself watches the time
        syscalls.no_new_privileges()
        for path in (plan["workspace"], plan["env"]["HOME"]):
            os.chmod(path, 0o755)  # a tmpfs takes the mode of what it covers
            os.chown(path, _UID, _UID)
        os.chmod("/hidden", 0o700)
        accounting = ContainerAccounting({"files": _files(plan["held"])})
        hidden = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        oom_score = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        syscalls.default_signal(2)
        _give_up_rights()
        seccomp.refuse()
        syscalls.hide_process()
    except OSError as error:
        os.write(2, f"{error.filename or 'start'}: {error.strerror} (errno {error.errno})\n".encode())
        os._exit(FAILED)
    except EOFError:
        os._exit(0)
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    os.umask(0o022)
    server = ContainerServer(
        plan, accounting=accounting, requests=requests, replies=replies, hidden=hidden, oom_score=oom_score
    )
    wire.send(replies, {"ready": sys.version_info[:3]})
    server.serve()
    os._exit(0)


def _files(held: list[str]) -> dict[str, str]:
    """The container's own counts, as it sees them."""
    own = _own_group()
    found: dict[str, str] = {}
    for limit in held:
        for kind, candidates in _COUNTED[limit].items():
            for name in candidates:
                path = f"{_GROUPS}/{name}" if "/" in name else f"{_GROUPS}{own}/{name}"
                if os.path.exists(path):
                    found[kind] = path
                    break
    return found


def _own_group() -> str:
    """Where version 2 has this container below what it sees; not at the top when it shares its daemon's view."""
    with open("/proc/self/cgroup", encoding="utf-8") as lines:  # noqa: PTH123 - as above
        own = next((line[3:].rstrip("/\n") for line in lines if line.startswith("0::")), "")
    return own if os.path.exists(f"{_GROUPS}{own}/cgroup.procs") else ""


def _give_up_rights() -> None:
    """Become the commands' user; the return to root brings no capability back, and no command inherits it."""
    os.setgroups([])
    os.setresgid(_UID, _UID, _UID)
    os.setresuid(_UID, _UID, 0)
    os.seteuid(0)
    syscalls.drop_capabilities()
    os.seteuid(_UID)
