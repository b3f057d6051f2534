"""What a sandbox may use, how it is held, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["namespace", "docker", "process"]
Enforcement = Literal["cgroup", "rlimit", "watchdog", "tmpfs", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hard limits of one sandbox; None means uncapped."""

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
