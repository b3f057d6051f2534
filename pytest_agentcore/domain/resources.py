"""What a sandbox may use, how it is held, and what was seen of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Level = Literal["namespace", "docker", "process"]
Enforcement = Literal["cgroup", "rlimit", "watchdog", "tmpfs", "none"]
Policy = Literal["limit", "request", "guarantee", "ignore"]
"""What becomes of a resource's two numbers: its ceiling alone, its floor alone, both, or neither (Harbor's words)."""
POLICIES: tuple[Policy, ...] = ("limit", "request", "guarantee", "ignore")
RESOURCES = ("cpus", "memory_mb", "pids", "disk_mb")
"""Fields of :class:`Limits` that a profile multiplies."""
UNCAPPED = "uncapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a run is guaranteed: a machine holds no more runs at a time than it has of this."""

    cpus: float = 0.0
    memory_mb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ceiling of one sandbox, where it is stopped; None means uncapped.

    A task's are those of profile ``1x``; see :func:`at_profile`.
    """

    cpus: float | None = 1.0
    memory_mb: int | None = 512
    pids: int | None = 128
    disk_mb: int | None = 256
    wall_s: float = 900.0
    """Life of the whole sandbox, in seconds."""
    call_s: float = 60.0
    """Longest single command, in seconds."""
    output_bytes: int = 65_536
    """Kept of each output stream of a command: half from its head, half from its tail."""
    snapshot_file_bytes: int = 16 * 1024 * 1024
    """A larger file is frozen by name and size only."""


def factor(profile: str) -> float | None:
    """What a resource profile multiplies ceilings by; None for ``uncapped``.

    Raises:
        ValueError: no profile; they are ``1x``, ``1.5x``, ``2x``, … and ``uncapped``.
    """
    if profile == UNCAPPED:
        return None
    found = re.fullmatch(r"([1-9]\d{0,3}(?:\.\d{1,3})?)x", profile)
    if found is None:
        raise ValueError(f"{profile!r} is no resource profile: write 1x, 1.5x, 3x, … or {UNCAPPED}")
    return float(found[1])


def at_profile(limits: Limits, profile: str, policies: Mapping[str, Policy] = {}) -> Limits:
    """The ceiling at a profile: cpus, memory, processes and disk times its factor, times as they are.

    A resource whose policy is ``request`` or ``ignore`` has none.
    """
    times = factor(profile)
    scaled: dict[str, Any] = {}
    for name in RESOURCES:
        value = getattr(limits, name)
        held = policies.get(name, "guarantee") in ("limit", "guarantee")
        if value is None or times is None or not held:
            scaled[name] = None
        else:
            scaled[name] = value * times if name == "cpus" else round(value * times)
    return replace(limits, **scaled)


def guaranteed(floor: Floor, policies: Mapping[str, Policy] = {}) -> Floor:
    """The floor that counts: nothing of a resource whose policy is ``limit`` or ``ignore``."""
    dropped = {name: 0 for name, policy in policies.items() if policy in ("limit", "ignore") and hasattr(floor, name)}
    return replace(floor, **dropped)


def check_resources(limits: Limits, floor: Floor) -> None:
    """Refuse a ceiling under which nothing can run, and one below what is guaranteed.

    Raises:
        ValueError: in one line, which and what to do.
    """
    for name in RESOURCES:
        ceiling, least = getattr(limits, name), getattr(floor, name, 0)
        if ceiling is not None and ceiling <= 0:
            raise ValueError(f"limits {name}={ceiling!r} lets nothing run: write more than 0, or None for no ceiling")
        if ceiling is not None and ceiling < least:
            raise ValueError(
                f"the ceiling {name}={ceiling:g} is below the floor {name}={least:g}: lower the floor or raise limits"
            )
        if least < 0:
            raise ValueError(f"floor {name}={least!r} guarantees nothing: write 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """Which walls stand between a run and this machine, and how each limit is enforced."""

    level: Level
    reason: str = ""
    """Why it is not a better level; empty when it is the best that was asked for."""
    enforced: dict[str, Enforcement] = field(default_factory=dict)
    """memory, pids, disk, cpus -> mechanism."""
    network: bool = False
    software: dict[str, str] = field(default_factory=dict)
    """Name -> version of what the contract promises inside."""
    image: str = ""
    """Level docker: the image as it was named."""
    image_id: str = ""
    """Level docker: what that name stood for."""
    runtime: str = ""
    """Level docker: the container runtime that was asked for; empty for the daemon's own choice."""
    calls: Literal["server", "exec"] = "server"
    """How commands reach the inside; ``exec`` where the image has no Python for the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the operating system counted during one command or one run; None where it cannot be known."""

    oom_kills: int | None = None
    pids_hits: int | None = None
    disk_full: bool = False
    peak_memory_bytes: int | None = None
    throttled_s: float | None = None
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output stream of a command, kept from both ends."""

    head: bytes
    tail: bytes = b""
    total: int
    """Bytes the command wrote, kept or not."""

    @property
    def cut(self) -> int:
        """Bytes that were not kept."""
        return self.total - len(self.head) - len(self.tail)

    def text(self) -> str:
        """Decode for a reader; what was cut is said in between."""
        if self.cut == 0:
            return (self.head + self.tail).decode("utf-8", "replace")
        gap = f"\n[... {self.cut} bytes not shown ...]\n"
        return self.head.decode("utf-8", "replace") + gap + self.tail.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """A command that ran; its failing is data."""

    exit_code: int
    """As a shell reports it: 128 + signal for a killed command, 127 when it cannot be found."""
    stdout: Output
    stderr: Output
    """Empty when stderr was merged into stdout."""
    timed_out: bool = False
    wall_s: float
    evidence: Evidence = field(default_factory=Evidence)
