"""Level ``process``: a folder of its own and a clean environment, but no wall."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.resources import Enforcement, Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import contents, ownership
from pytest_agentcore.sandbox.channel import Channel

PREFIX = "agentcore-"
"""With which the name of every sandbox's folder begins: the mark of its engine."""
TEMPORARY = "tmp"


def start(plan: dict[str, Any], *, memory_ran_out: Callable[[], bool]) -> tuple[Channel, Path]:
    """Start a sandbox in a temporary folder; the folder is removed by the sandbox's own holder.

    Raises:
        SandboxUnavailable: in one line, what failed.
    """
    folder = Path(tempfile.gettempdir(), f"{ownership.owner(os.getpid())}-{secrets.token_hex(4)}")
    python = contents.interpreter()
    plan = {
        **plan,
        "level": "process",
        "own_namespace": False,
        "folder": str(folder),
        "workspace": f"{folder}/workspace",
        "env": {
            "PATH": f"{folder}/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME": f"{folder}/{TEMPORARY}",
            "TMPDIR": f"{folder}/{TEMPORARY}",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": f"{folder}/site",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TERM": "dumb",
        },
        "links": [
            *((str(path), f"/site/{name}") for name, path in contents.test_tools().items()),
            *((str(python), f"/bin/{name}") for name in ("python", "python3")),
        ],
        "files": {"/bin/pytest": (contents.PYTEST_SCRIPT.format(python=f"{folder}/bin/python3"), 0o755)},
    }
    plan["limits"] = {**plan["limits"], "tasks_rlimit": None}
    try:
        return Channel(str(python), plan, memory_ran_out=memory_ran_out), folder
    except SandboxUnavailable as error:
        remove(folder)
        raise SandboxUnavailable(
            f"sandbox level 'process' would not start: {error}; check that {tempfile.gettempdir()!r} can be written"
        ) from None


def left_over() -> list[Path]:
    """This user's folders of engines that are no more."""
    found = Path(tempfile.gettempdir()).glob(f"{ownership.machine()}-*")
    return [path for path in found if ownership.is_left_over(path.name) and path.lstat().st_uid == os.geteuid()]


def sweep() -> int:
    """Remove them; how many there were."""
    folders = left_over()
    for folder in folders:
        remove(folder)
    return len(folders)


def remove(folder: Path) -> None:
    """Remove what the holder could not, because it was killed itself."""
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)


def enforced(limits: Limits) -> dict[str, Enforcement]:
    """How each limit is held at this level where there is no control group."""
    return {
        "memory": "watchdog" if limits.memory_mb is not None else "none",
        "pids": "watchdog" if limits.pids is not None else "none",
        "disk": "rlimit" if limits.disk_mb is not None else "none",
        "cpus": "none",
    }
