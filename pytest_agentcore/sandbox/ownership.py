"""Marks on what a sandbox has outside this process, which tell whether its engine still lives."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_PREFIX = "agentcore-"


@cache
def machine() -> str:
    """Which boot and which pid namespace a pid belongs to."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    inode = re.sub(r"\D", "", str(Path("/proc/self/ns/pid").readlink()))
    return f"{_PREFIX}{boot}-{inode}"


@cache
def owner(pid: int) -> str:
    """The mark of a process of this machine; what follows it after a ``-`` is free."""
    return f"{machine()}-{pid}-{started(pid)}"


def started(pid: int) -> str:
    """When a process began, so that its number may be given out again; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_left_over(mark: str) -> bool:
    """Does the mark belong to a process that is no more? False for those of other machines, of which nobody knows."""
    if not mark.startswith(f"{machine()}-"):
        return False
    pid, _, rest = mark.removeprefix(f"{machine()}-").partition("-")
    return pid.isdecimal() and started(int(pid)) != rest.partition("-")[0]
