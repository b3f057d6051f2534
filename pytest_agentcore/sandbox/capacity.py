"""What this machine has for runs to share."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pytest_agentcore.domain.resources import Floor

_LIMIT_FILES = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Of the control group that a container sees as its root, second version and first."""
_MB = 2**20


def capacity() -> Floor:
    """Processors that this process may use, and memory, or what its control group allows of it."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in _LIMIT_FILES:
        with suppress(OSError, ValueError):
            sizes.append(int(path.read_text()))
    return Floor(cpus=float(len(os.sched_getaffinity(0))), memory_mb=min(sizes) // _MB)
