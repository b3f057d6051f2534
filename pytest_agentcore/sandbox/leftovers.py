"""What sessions that ended before their time have left on this machine, and how to be rid of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import cgroup, process
from pytest_agentcore.sandbox.launching import LAUNCHER
from pytest_agentcore.sandbox.ownership import is_left_over, machine

GATEWAY = ("-m", "pytest_agentcore.model.gateway")
_ORPHAN = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class LeftOver:
    """One thing that nobody needs any more."""

    kind: str
    """``container``, ``control group``, ``folder`` or ``process``."""
    name: str
    remedy: str
    """The command that removes it."""


def leftovers() -> list[LeftOver]:
    """Everything found now, of this user or of anyone whose things this user may see."""
    return sorted([*_processes(), *_groups(), *_folders(), *_containers()])


def _processes() -> Iterator[LeftOver]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = [os.fsdecode(word) for word in (entry / "cmdline").read_bytes().split(b"\0")]
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        launched = any(word.endswith(f"/sandbox/{LAUNCHER.name}") for word in words)
        ours = launched and any(is_left_over(word) for word in words)
        if ours or (set(GATEWAY) <= set(words) and parent == _ORPHAN):
            what = "sandbox" if launched else "gateway"
            yield LeftOver(kind="process", name=f"{entry.name} ({what})", remedy=f"kill -9 {entry.name}")


def _groups() -> Iterator[LeftOver]:
    for hierarchy in cgroup.hierarchies():
        for folder in hierarchy.parent.glob(f"{machine()}-*"):
            if is_left_over(folder.name):
                inside = _members(folder)
                first = f"kill -9 {' '.join(inside)}; " if inside else ""
                yield LeftOver(kind="control group", name=str(folder), remedy=f"{first}rmdir {folder}")


def _members(group: Path) -> list[str]:
    try:
        return (group / "cgroup.procs").read_text().split()
    except OSError:
        return []


def _folders() -> Iterator[LeftOver]:
    for folder in process.left_over():
        yield LeftOver(kind="folder", name=str(folder), remedy=f"rm -rf {folder}")


def _containers() -> Iterator[LeftOver]:
    from pytest_agentcore.sandbox.docker import Daemon

    try:
        daemon = Daemon()
    except SandboxUnavailable:
        return
    try:
        for id_, owner in daemon.marked().items():
            if is_left_over(owner):
                yield LeftOver(kind="container", name=id_[:12], remedy=f"docker -H {daemon.url} rm -f {id_[:12]}")
    finally:
        daemon.close()
