"""Installed packages in the trees that a sandbox sees: found by one walk, and by a look at each folder from then on.

A folder whose inode change time, number and device are as they were has the names that it had: POSIX sets that time
with every name that comes or goes, and nobody can set it back. What a mount hides or shows is another folder by these.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

FOLDERS = frozenset({"site-packages", "dist-packages", "pytest_agentcore"})
FILES = frozenset({"pytest-agentcore"})
SETTLED_NS = 2 * 10**9
"""A folder that changed within so long may change again without its time telling: file systems count in ticks."""
_FORM = 1


def below(tree: str, cache: Path | None) -> list[str]:
    """Paths of a tree that must not be seen inside a sandbox.

    Args:
        tree: a folder of this machine.
        cache: a folder that is kept between sessions; without one that can be used, 200,000 names take 0.3 s.
    """
    if cache is None:
        return _walk(tree)[0]
    memory = cache / f"covered-{tree.replace('/', '-').strip('-')[:100]}.json"
    found = _remembered(tree, memory)
    if found is None:
        began = time.time_ns()
        found, folders = _walk(tree)
        _remember(tree, memory, found, folders, began)
    return found


def cache_folder() -> Path | None:
    """Where this user's caches of the package are (XDG Base Directory Specification); None for one without a home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named if Path(named).is_absolute() else os.path.expanduser("~/.cache"))  # noqa: PTH111 - does not raise
    return base / "pytest-agentcore" if base.is_absolute() else None


def _walk(tree: str) -> tuple[list[str], list[str]]:
    """(what is to be covered, every folder that was looked into)."""
    found: list[str] = []
    folders: list[str] = []
    queue = [tree]
    while queue:
        folder = queue.pop()
        folders.append(folder)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        (found if entry.name in FOLDERS else queue).append(entry.path)
                    elif entry.name in FILES:
                        found.append(entry.path)
        except OSError:
            continue
    return found, folders


def _state(folders: Iterable[str]) -> list[int]:
    """Device, number and change time of each, one after the other.

    Raises:
        OSError: one of them is gone.
    """
    state: list[int] = []
    for folder in folders:
        seen = os.stat(folder, follow_symlinks=False)  # noqa: PTH116 - 15,000 of them
        state += (seen.st_dev, seen.st_ino, seen.st_ctime_ns)
    return state


def _remembered(tree: str, memory: Path) -> list[str] | None:
    try:
        known = json.loads(memory.read_bytes())
        asked = [_FORM, os.geteuid(), tree, sorted(FOLDERS | FILES)]
        if known["of"] != asked or known["state"] != _state(known["folders"]):
            return None
        return [str(path) for path in known["found"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(tree: str, memory: Path, found: list[str], folders: list[str], began: int) -> None:
    with suppress(OSError, ValueError):  # names that are no text, or nowhere to write: the next session walks again
        state = _state(folders)
        if max(state[2::3]) > began - SETTLED_NS:
            return
        asked = [_FORM, os.geteuid(), tree, sorted(FOLDERS | FILES)]
        text = json.dumps({"of": asked, "found": found, "folders": folders, "state": state})
        memory.parent.mkdir(parents=True, exist_ok=True)
        ahead = memory.with_name(f"{memory.name}.{os.getpid()}")
        try:
            ahead.write_text(text, "ascii")
            ahead.replace(memory)
        finally:
            ahead.unlink(missing_ok=True)
