"""What the sandbox tests share besides fixtures."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.workspace import Entry

Open = Callable[..., Sandbox]


def file(path: str, data: bytes = b"", mode: int = 0o644) -> Entry:
    """A regular file to put."""
    return Entry(path=path, kind="file", data=data, size=len(data), mode=mode)


def sh(box: Sandbox, script: str, **kwargs: object) -> str:
    """The output of a script that must succeed."""
    result = box.exec(["sh", "-c", script], **kwargs)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.stderr.text()
    return result.stdout.text()


def unique_sleep() -> str:
    """A number of seconds that no other process on this machine sleeps."""
    return f"{random.randrange(30_000, 90_000)}.{os.getpid()}{random.randrange(10**6)}"  # noqa: S311 - a mark


def runs_on_host(argument: str) -> bool:
    """True while a process on this machine has the argument."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in path.read_bytes().split(b"\0"):
                return True
        except OSError:
            continue
    return False
