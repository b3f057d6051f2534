"""The control groups of a sandbox, on this machine's side: made for each one, removed with it, swept after a crash.

Two groups for each sandbox: one of its commands, which has the limits, and one of its server, so that no limit of the
commands ever hits what has to report it. Version 1 needs root; version 2 a folder that was delegated to the user.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox.ownership import is_left_over, machine, owner

CONTROLLERS = ("memory", "pids", "cpu")
PERIOD_US = 100_000
_MEGABYTE = 1 << 20
_LEAST_QUOTA_US = 1000
_REMOVE_S = 2.0
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted tree of control groups in which this process may make groups."""

    version: int
    """1: a tree for each controller; 2: one tree for all."""
    controllers: frozenset[str]
    parent: Path
    """Where groups are made."""
    own: Path
    """The group of this process."""

    @property
    def members(self) -> str:
        """The file that takes the caller in when it writes ``0``; that of version 1 needs no lock of the system."""
        return "tasks" if self.version == 1 else "cgroup.procs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The groups of one sandbox."""

    name: str
    hierarchies: tuple[Hierarchy, ...]

    def commands(self, hierarchy: Hierarchy) -> Path:
        """The limited group."""
        return hierarchy.parent / self.name

    def server(self, hierarchy: Hierarchy) -> Path:
        """Where the server stays: a group of its own where memory is counted, else that of the engine."""
        return hierarchy.parent / f"{self.name}.server" if "memory" in hierarchy.controllers else hierarchy.own

    def folders(self) -> Iterator[Path]:
        """All that was made."""
        for hierarchy in self.hierarchies:
            yield self.commands(hierarchy)
            if self.server(hierarchy) != hierarchy.own:
                yield self.server(hierarchy)

    def plan(self) -> dict[str, Any]:
        """What the server needs to know, as :class:`~pytest_agentcore.sandbox.accounting.Accounting` takes it."""
        files: dict[str, str] = {}
        for hierarchy in self.hierarchies:
            names = _FILES_1 if hierarchy.version == 1 else _FILES_2
            for controller, kind, file in names:
                if controller in hierarchy.controllers:
                    files[kind] = str(self.commands(hierarchy) / file)
        return {
            "enter": [str(self.commands(one) / one.members) for one in self.hierarchies],
            "leave": [str(self.server(one) / one.members) for one in self.hierarchies],
            "origin": [str(one.own / one.members) for one in self.hierarchies],
            "files": files,
            "folders": [(str(folder.parent), folder.name) for folder in self.folders()],
        }

    @property
    def counts_memory(self) -> bool:
        """Does :meth:`server_was_killed` know?"""
        return any("memory" in hierarchy.controllers for hierarchy in self.hierarchies)

    def server_was_killed(self) -> bool:
        """True when the kernel has killed the server for want of memory."""
        for hierarchy in self.hierarchies:
            if "memory" in hierarchy.controllers:
                file = "memory.oom_control" if hierarchy.version == 1 else "memory.events"
                return _counter(self.server(hierarchy) / file, "oom_kill") > 0
        return False

    def remove(self) -> None:
        """Remove what the sandbox's own holder could not, after an end to whatever is still in it."""
        give_up = time.monotonic() + _REMOVE_S
        for folder in self.folders():
            while not _removed(folder) and time.monotonic() < give_up:
                _kill_members(folder)
                time.sleep(0.002)


_FILES_1 = (
    ("memory", "memory_limit", "memory.limit_in_bytes"),
    ("memory", "memory_usage", "memory.usage_in_bytes"),
    ("memory", "memory_peak", "memory.max_usage_in_bytes"),
    ("memory", "oom_kill", "memory.oom_control"),
    ("memory", "memory_met", "memory.failcnt"),
    ("pids", "max", "pids.events"),
    ("cpu", "throttled_time", "cpu.stat"),
)
_FILES_2 = (
    ("memory", "memory_limit", "memory.max"),
    ("memory", "memory_usage", "memory.current"),
    ("memory", "memory_peak", "memory.peak"),
    ("memory", "oom_kill", "memory.events"),
    ("memory", "oom", "memory.events"),
    ("pids", "max", "pids.events"),
    ("cpu", "throttled_usec", "cpu.stat"),
)


def held(limits: Limits) -> frozenset[str]:
    """The controllers that hold these limits on this machine."""
    usable = frozenset[str]().union(*(hierarchy.controllers for hierarchy in hierarchies()))
    return usable & wanted(limits)


def wanted(limits: Limits) -> frozenset[str]:
    """The controllers of limits that are set."""
    given = {"memory": limits.memory_mb, "pids": limits.pids, "cpu": limits.cpus}
    return frozenset(name for name, value in given.items() if value is not None)


def make(limits: Limits) -> Groups | None:
    """Make the groups of one sandbox; None when nothing can or need be held by one.

    Raises:
        SandboxUnavailable: a group that was promised cannot be made.
    """
    chosen = tuple(
        Hierarchy(version=one.version, controllers=one.controllers & wanted(limits), parent=one.parent, own=one.own)
        for one in hierarchies()
        if one.controllers & wanted(limits)
    )
    if not chosen:
        return None
    groups = Groups(name=f"{owner(os.getpid())}-{next(_numbers)}", hierarchies=chosen)
    try:
        for folder in groups.folders():
            folder.mkdir()
        for hierarchy in chosen:
            for file, value in _settings(hierarchy, limits):
                _set(groups.commands(hierarchy) / file, value)
    except OSError as error:
        groups.remove()
        raise SandboxUnavailable(
            f"the control group {error.filename!r} cannot be made: {error.strerror}; remove what is left under it"
        ) from None
    return groups


def _settings(hierarchy: Hierarchy, limits: Limits) -> Iterator[tuple[str, str]]:
    first = hierarchy.version == 1
    if "memory" in hierarchy.controllers and limits.memory_mb is not None:
        size = str(limits.memory_mb * _MEGABYTE)
        yield ("memory.limit_in_bytes" if first else "memory.max"), size
    if "pids" in hierarchy.controllers and limits.pids is not None:
        yield "pids.max", str(limits.pids)
    if "cpu" in hierarchy.controllers and limits.cpus is not None:
        quota = max(_LEAST_QUOTA_US, int(limits.cpus * PERIOD_US))
        if first:
            yield "cpu.cfs_period_us", str(PERIOD_US)
            yield "cpu.cfs_quota_us", str(quota)
        else:
            yield "cpu.max", f"{quota} {PERIOD_US}"


_SWAP_FILES = {"memory.limit_in_bytes": "memory.swappiness", "memory.max": "memory.swap.max"}


def _set(path: Path, value: str) -> None:
    path.write_text(value)
    swap = _SWAP_FILES.get(path.name)
    if swap is not None:
        with suppress(OSError):  # absent where swap is not counted: then nothing of it may be used
            path.with_name(swap).write_text("0")


@cache
def hierarchies() -> tuple[Hierarchy, ...]:
    """The trees in which this process may make groups, found by making one; empty for most ordinary users."""
    found = _located(
        Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape"),
        Path("/proc/self/cgroup").read_text("utf-8", "surrogateescape"),
    )
    return tuple(hierarchy for hierarchy in found if _may_make(hierarchy))


def _located(mountinfo: str, memberships: str) -> Iterator[Hierarchy]:
    """The trees that are mounted, and the group of this process in each."""
    own = {
        name: path
        for _, names, path in (line.split(":", 2) for line in memberships.splitlines())
        for name in (names.split(",") if names else [""])
    }
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        root, mount_point = before.split()[3:5]
        kind, _, options = after.split()
        if kind == "cgroup":
            controllers = frozenset(options.split(",")) & frozenset(CONTROLLERS) & frozenset(own)
            if controllers:
                group = _below(mount_point, root, own[min(controllers)])
                yield Hierarchy(version=1, controllers=controllers, parent=group, own=group)
        elif kind == "cgroup2" and "" in own:
            yield from _second(_below(mount_point, root, own[""]))


def _below(mount_point: str, root: str, group: str) -> Path:
    """Where a group lies in a tree of which only ``root`` and what is below is mounted."""
    inside = group.removeprefix(root) if root != "/" and group.startswith(root) else group
    return Path(mount_point, inside.lstrip("/"))


def _second(own: Path) -> Iterator[Hierarchy]:
    """A group with processes in it has no limited children, so that those of a sandbox stand beside it."""
    for parent in (own, own.parent):
        with suppress(OSError):
            given = frozenset((parent / "cgroup.subtree_control").read_text().split()) & frozenset(CONTROLLERS)
            if given:
                yield Hierarchy(version=2, controllers=given, parent=parent, own=own)
                return


def _may_make(hierarchy: Hierarchy) -> bool:
    folders = [hierarchy.parent / f"{owner(os.getpid())}-0", hierarchy.own, hierarchy.parent]
    if not all(os.access(folder / hierarchy.members, os.W_OK) for folder in folders[1:]):
        return False
    try:
        folders[0].mkdir()
        folders[0].rmdir()
    except OSError:
        return False
    return True


def sweep() -> int:
    """Remove the groups of engines that are no more; how many were removed."""
    removed = 0
    for hierarchy in hierarchies():
        for folder in hierarchy.parent.glob(f"{machine()}-*"):
            if is_left_over(folder.name):
                removed += _removed(folder)
    return removed


def _removed(folder: Path) -> bool:
    """True when it is gone; a group with a process in it stays."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _kill_members(folder: Path) -> None:
    """End what has escaped the sandbox's own end."""
    with suppress(OSError):
        for pid in map(int, (folder / "cgroup.procs").read_text().split()):
            if pid > 0:  # 0 is a process that this pid namespace cannot see, and would mean ourselves
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


def _counter(path: Path, name: str) -> int:
    with suppress(OSError):
        return _fields(path.read_text()).get(name, 0)
    return 0


def _fields(text: str) -> Mapping[str, int]:
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if line}


def oom_kills_of_machine() -> int:
    """How many processes the kernel has killed for want of memory since the machine started, anyone's."""
    return _counter(Path("/proc/vmstat"), "oom_kill")
