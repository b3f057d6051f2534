"""A look around in a task's sandbox for anything that decides a verdict: hidden files, solutions, checkers.

What is looked for goes in as digests, so that the search itself gives nothing away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.workspace import Snapshot
from pytest_agentcore.model.scripted import ScriptedTurn, Solution

NAME = "isolation"
_FOLDER = ".looking_around"
_LEAST_BYTES = 40
"""A smaller file may be equal to any other by chance: an empty one, a lone number."""
_LEAST_LINE = 40
_LINES = 3
_DIGITS = 20

SCRIPT = """\
import hashlib, json, os, stat, sys
wanted = json.load(open(sys.argv[1] + "/wanted.json"))
digests, sizes, lines, skipped = wanted["digests"], set(wanted["sizes"]), wanted["lines"], set(wanted["skip"])
lengths = set(wanted["lengths"])
own = os.path.realpath(sys.argv[1])
seen, found = 0, []


def digest(data):
    return hashlib.sha256(data).hexdigest()[:wanted["digits"]]


def look(path, size, near):
    if size not in sizes and not (near and 0 < size <= 2000000):
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            data = b"".join(iter(lambda: os.read(fd, 1 << 20), b"")) if size else os.read(fd, 1 << 20)
        finally:
            os.close(fd)
    except OSError:
        return
    if size in sizes and digest(data) in digests:
        found.append([path, digests[digest(data)]])
    elif near:
        for line in data.replace(b"\\0", b"\\n").splitlines():
            line = line.strip()
            if len(line) in lengths and digest(line) in lines:
                found.append([path, lines[digest(line)]])
                return


def walk(top):
    global seen
    stack = [(top, False)]
    while stack:
        folder, far = stack.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            seen += 1
            try:
                if entry.is_dir(follow_symlinks=False):
                    path = entry.path
                    if path in skipped or path in ("/proc", "/sys") or os.path.realpath(path) == own:
                        continue
                    stack.append((path, far or path in wanted["far"]))
                elif entry.is_file(follow_symlinks=False):
                    near = not far and not os.path.realpath(folder).startswith(os.path.realpath("."))
                    look(entry.path, entry.stat(follow_symlinks=False).st_size, near)
            except OSError:
                pass


walk("/")
for process in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        look("/proc/%s/%s" % (process, name), 0, True)
    try:
        held = os.listdir("/proc/%s/fd" % process)
    except OSError:
        held = []
    for name in held:
        path = "/proc/%s/fd/%s" % (process, name)
        try:
            status = os.stat(path)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and not os.path.realpath(path).startswith(own):
            look(path, status.st_size, True)
print(json.dumps({"seen": seen, "found": found[:20]}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A file that no agent may see."""

    path: Path
    shown: str
    """How it is named to a person."""
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a search came to."""

    seen: int
    """Names that were looked at."""
    found: tuple[tuple[str, str], ...] = ()
    """(path in the sandbox, the secret that it shows)."""


def secrets(task: Task, suite_root: Path | None) -> list[Secret]:
    """The files that decide a task's verdict: its modules, the suite's shared ones, hidden files, solutions."""
    return [secret for secret in _below(task.folder, suite_root) if len(secret.data) >= _LEAST_BYTES]


@cache
def _below(folder: Path, suite_root: Path | None) -> tuple[Secret, ...]:
    paths: Iterable[Path] = sorted(folder.glob("*.py"))
    if suite_root is not None and suite_root != folder:
        paths = [*paths, *sorted(suite_root.glob("*.py"))]
    deep = [path for name in ("hidden", "solutions") for path in sorted((folder / name).rglob("*"))]
    top = suite_root or folder
    return tuple(
        Secret(
            path=path, shown=str(path.relative_to(top) if path.is_relative_to(top) else path), data=path.read_bytes()
        )
        for path in [*paths, *deep]
        if path.is_file() and "__pycache__" not in path.parts
    )


def leaked(task: Task, suite_root: Path | None, before: Snapshot) -> list[str]:
    """Secrets that lie in the workspace from the start, one line each; tiny files count where the name agrees too."""
    known = {secret.data: secret for secret in secrets(task, suite_root)}
    tiny = {
        (secret.path.name, secret.data) for secret in _below(task.folder, None) if 0 < len(secret.data) < _LEAST_BYTES
    }
    drawn = {content.encode() if isinstance(content, str) else content for content in task.hidden_files.values()}
    found = []
    for entry in before.entries:
        if entry.data is None:
            continue
        name = entry.path.rpartition("/")[2]
        if entry.data in known:
            found.append(f"{entry.path} in the workspace is {known[entry.data].shown}")
        elif (name, entry.data) in tiny or (entry.data in drawn and len(entry.data) >= _LEAST_BYTES):
            found.append(f"{entry.path} in the workspace is a hidden file")
    return found


def script(known: Sequence[Secret], before: Snapshot, *, far: Sequence[Path], skip: bool) -> Solution:
    """The search as a trajectory.

    Args:
        known: what is looked for.
        before: the workspace, whose own lines are nobody's secret.
        far: trees of the machine that every sandbox of a session shows alike; they are compared file by file, the
            rest line by line too.
        skip: leave the far trees out, because another search of this process has been there.
    """
    public = {line.strip() for entry in before.entries if entry.data for line in entry.data.splitlines()}
    lines: dict[str, str] = {}
    lengths: set[int] = set()
    for secret in known:
        for line in _telling(secret.data, public):
            lengths.add(len(line))
            lines.setdefault(_digest(line), f"a line of {secret.shown}")
    wanted = {
        "digits": _DIGITS,
        "digests": {_digest(secret.data): secret.shown for secret in known},
        "sizes": sorted({len(secret.data) for secret in known}),
        "lines": lines,
        "lengths": sorted(lengths),
        "far": [str(tree) for tree in far],
        "skip": [str(tree) for tree in far] if skip else [],
    }
    calls = (
        ("fs_write", json.dumps({"path": f"{_FOLDER}/wanted.json", "content": json.dumps(wanted)})),
        ("fs_write", json.dumps({"path": f"{_FOLDER}/look.py", "content": SCRIPT})),
        ("shell", json.dumps({"command": f"python3 -I {_FOLDER}/look.py {_FOLDER}"})),
    )
    return Solution(name=NAME, turns=(ScriptedTurn(calls=calls), ScriptedTurn(text="Done.")), expect={})


def sighting(trajectory: Trajectory) -> Sighting | None:
    """What the search said; None when it did not come to an end."""
    for result in reversed(trajectory.results):
        try:
            said = json.loads(result.content.strip().rpartition("\n")[2])
            return Sighting(seen=said["seen"], found=tuple((path, secret) for path, secret in said["found"]))
        except (ValueError, KeyError, TypeError):
            continue
    return None


def _telling(data: bytes, public: set[bytes]) -> Iterator[bytes]:
    """The longest lines of a file that say something of their own."""
    lines = {line.strip() for line in data.splitlines()} - public
    yield from sorted((line for line in lines if len(line) >= _LEAST_LINE), key=lambda line: (-len(line), line))[
        :_LINES
    ]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
