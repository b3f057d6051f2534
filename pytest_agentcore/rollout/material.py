"""What a task brings along: its folders as snapshots, and the digest that pins them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from pytest_agentcore.agent.tools import CONTRACT
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.workspace import Entry, Snapshot, is_ignored
from pytest_agentcore.errors import ConfigError

INSTRUCTION = "instruction.md"


def initial(task: Task) -> Snapshot:
    """The workspace as the agent will find it: the task's folder with its ``files`` laid over.

    Raises:
        ConfigError: a link that leaves the folder, a special file, a path that leaves the workspace.
    """
    entries = load_folder(task.workspace).by_path() if task.workspace is not None else {}
    for path, content in task.files.items():
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise ConfigError(f"task {task.id}: files={path!r} must be a path inside the workspace")
        data = content.encode() if isinstance(content, str) else bytes(content)
        for parent in list(parts.parents)[:-1]:
            entries.setdefault(str(parent), Entry(path=str(parent), kind="dir", mode=0o755))
        entries[str(parts)] = Entry(path=str(parts), kind="file", size=len(data), data=data)
    return Snapshot.of(entries.values())


@cache
def load_folder(folder: Path) -> Snapshot:
    """A folder of a task as a value. Modes keep only their executable bit, for a clone keeps no more.

    Raises:
        ConfigError: missing, a link that leaves the folder, a special file, or not readable.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder; create it or correct the marker")
    entries: list[Entry] = []
    try:
        for root, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            entries.extend(_entry(folder, Path(root) / name) for name in sorted([*folders, *names]))
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be read: {error.strerror}") from None
    return Snapshot.of(entry for entry in entries if not is_ignored(entry.path))


def _entry(folder: Path, path: Path) -> Entry:
    name = path.relative_to(folder).as_posix()
    status = path.lstat()
    mode = 0o755 if status.st_mode & 0o111 else 0o644
    if stat.S_ISLNK(status.st_mode):
        target = os.readlink(path)  # noqa: PTH115 - the text of the link, which Path.readlink would normalise
        if os.path.isabs(target) or not path.resolve().is_relative_to(folder.resolve()):  # noqa: PTH117
            raise ConfigError(f"{path} is a link that leaves its folder ({target!r}); copy the file instead")
        return Entry(path=name, kind="symlink", mode=0o777, target=target)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path=name, kind="dir", mode=0o755)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is no regular file; a task's folder may hold files, folders and links")
    data = path.read_bytes()
    return Entry(path=name, kind="file", mode=mode, size=len(data), data=data)


def digest(*, test_file: Path, suite_root: Path | None, marker: Mapping[str, Any], prompt: str) -> str:
    """What a result is a result of: test file, material, the suite's shared modules, marker, prompt, tool contract.

    Solutions do not count: adding one changes no measurement.
    """
    sha = hashlib.sha256()

    def add(name: str, data: bytes) -> None:
        sha.update(f"{name}\0{len(data)}\0".encode())
        sha.update(data)

    add("test", test_file.read_bytes())
    folder = test_file.parent
    if any((folder / name).exists() for name in ("workspace", "hidden", "solutions", INSTRUCTION)):
        for module in sorted(folder.glob("*.py")):
            add(f"module {module.name}", module.read_bytes())
        for name in ("workspace", "hidden"):
            if (folder / name).is_dir():
                add(name, load_folder(folder / name).digest.encode())
    if suite_root is not None and suite_root != folder:
        for module in sorted(suite_root.glob("*.py")):
            add(f"suite {module.name}", module.read_bytes())
    add("marker", json.dumps(marker, sort_keys=True, default=_plain).encode())
    add("prompt", prompt.encode())
    add("tools", CONTRACT.encode())
    return f"sha256:{sha.hexdigest()}"


def _plain(value: object) -> str:
    """A marker's value as text that is the same in every process."""
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    name = getattr(value, "__qualname__", None)
    return f"{getattr(value, '__module__', '')}.{name}" if name else repr(value)
