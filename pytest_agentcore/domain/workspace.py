"""A folder as a value: the frozen files of a run, and how a checker reads them."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from pytest_agentcore.errors import WrongAnswer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

Kind = Literal["file", "dir", "symlink", "other"]

MAX_TEXT_BYTES = 64 * 1024
IGNORED = ("__pycache__", ".pytest_cache", ".git")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a folder."""

    path: str
    """Relative, with forward slashes; bytes that are no UTF-8 are surrogate-escaped."""
    kind: Kind
    mode: int = 0o644
    size: int = 0
    data: bytes | None = None
    """None when it is no regular file, or one larger than ``Limits.snapshot_file_bytes``."""
    target: str | None = None
    """Where a symlink points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All names of a folder, sorted by path; equal folders give equal snapshots, whatever their clocks say."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Snapshot:
        """Sort the entries into a snapshot."""
        return cls(entries=tuple(sorted(entries, key=lambda entry: entry.path)))

    def by_path(self) -> dict[str, Entry]:
        """The entries by their path."""
        return {entry.path: entry for entry in self.entries}

    def significant(self) -> dict[str, Entry]:
        """Without what tools leave behind (caches, bytecode, git's own files) and without bare folders."""
        return {entry.path: entry for entry in self.entries if entry.kind != "dir" and not is_ignored(entry.path)}

    @property
    def digest(self) -> str:
        """``sha256:…`` over names, kinds, modes and contents."""
        sha = hashlib.sha256()
        for entry in self.entries:
            content = hashlib.sha256(entry.data or b"").hexdigest()
            line = (
                entry.path,
                entry.kind,
                f"{entry.mode & 0o777:o}",
                str(entry.size),
                entry.target or "",
                content,
            )
            sha.update("\0".join(line).encode("utf-8", "surrogateescape") + b"\n")
        return f"sha256:{sha.hexdigest()}"


def is_ignored(path: str) -> bool:
    """True for what no checker should look at: caches, bytecode and git's own files."""
    parts = PurePosixPath(path).parts
    return path.endswith(".pyc") or any(part in IGNORED for part in parts)


def is_bytecode(path: str) -> bool:
    """True for compiled Python, which an interpreter may take in place of the source beside it."""
    return path.endswith(".pyc") or "__pycache__" in PurePosixPath(path).parts


def changed_paths(before: Snapshot, after: Snapshot) -> dict[str, Literal["added", "removed", "changed"]]:
    """What differs between two snapshots, ignoring caches; a mode counts only in its executable bit."""
    old, new = before.significant(), after.significant()
    found: dict[str, Literal["added", "removed", "changed"]] = {}
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            found[path] = "removed"
        elif path not in old:
            found[path] = "added"
        elif _content(old[path]) != _content(new[path]):
            found[path] = "changed"
    return found


def _content(entry: Entry) -> tuple[object, ...]:
    return (entry.kind, entry.mode & 0o111 != 0, entry.size, entry.data, entry.target)


def matching(paths: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The paths that match any of the glob patterns; ``**/x`` also matches ``x`` itself."""
    wanted = [alternative for pattern in patterns for alternative in _alternatives(pattern)]
    return sorted(path for path in paths if any(fnmatchcase(path, pattern) for pattern in wanted))


def _alternatives(pattern: str) -> tuple[str, ...]:
    return (pattern, pattern.removeprefix("**/")) if pattern.startswith("**/") else (pattern,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The frozen final files of a run, as a checker reads them.

    Every reader raises :class:`~pytest_agentcore.errors.WrongAnswer` with the detail that fits, so that a task need
    not: ``missing_output`` for an absent or empty file, ``wrong_format`` for one that is no readable text.
    """

    snapshot: Snapshot
    before: Snapshot
    """The folder as the agent found it."""
    created: tuple[str, ...] = ()
    """Paths of new files in the order in which each first appeared."""

    @property
    def files(self) -> dict[str, Entry]:
        """Every file, link and special file by path, caches left out."""
        return self.snapshot.significant()

    @property
    def changes(self) -> dict[str, Literal["added", "removed", "changed"]]:
        """What the agent added, removed or changed."""
        return changed_paths(self.before, self.snapshot)

    def exists(self, path: str) -> bool:
        """True when something of that name is there, whatever it is."""
        return path in self.snapshot.by_path()

    def read_bytes(self, path: str) -> bytes:
        """The exact bytes of a file.

        Raises:
            WrongAnswer: missing (``missing_output``), not a regular file, too large or a link that leaves the
                workspace (``wrong_format``).
        """
        __tracebackhide__ = True
        entry = self._follow(path)
        if entry.kind != "file":
            kind = {"dir": "a folder", "symlink": "a link", "other": "a special file"}[entry.kind]
            raise WrongAnswer(f"{path} is {kind}, not a file", detail="wrong_format")
        if entry.data is None:
            raise WrongAnswer(f"{path} is too large: {entry.size} bytes", detail="wrong_format")
        return entry.data

    def read_text(self, path: str) -> str:
        """A text answer, normalised: no BOM, line ends LF, NFKC, one trailing newline dropped.

        Raises:
            WrongAnswer: as :meth:`read_bytes`; also empty (``missing_output``), over 64 KB, with NUL bytes or no
                UTF-8 (``wrong_format``).
        """
        __tracebackhide__ = True
        data = self.read_bytes(path)
        if not data.strip():
            raise WrongAnswer(f"{path} is empty", detail="missing_output")
        if len(data) > MAX_TEXT_BYTES:
            raise WrongAnswer(f"{path} has {len(data)} bytes; at most {MAX_TEXT_BYTES} are read", detail="wrong_format")
        if b"\0" in data:
            raise WrongAnswer(f"{path} holds NUL bytes", detail="wrong_format")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise WrongAnswer(f"{path} is no UTF-8 text: {error}", detail="wrong_format") from None
        text = unicodedata.normalize("NFKC", text.replace("\r\n", "\n").replace("\r", "\n"))
        return text.removesuffix("\n")

    def json(self, path: str) -> Any:
        """A JSON answer as data; duplicate keys are refused (``wrong_format``)."""
        __tracebackhide__ = True
        import json

        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            keys = [key for key, _ in pairs]
            if len(set(keys)) != len(keys):
                raise WrongAnswer(f"{path} repeats a key", detail="wrong_format")
            return dict(pairs)

        try:
            return json.loads(self.read_text(path), object_pairs_hook=unique)
        except (ValueError, RecursionError) as error:
            raise WrongAnswer(f"{path} is not JSON: {error}", detail="wrong_format") from None

    def csv(self, path: str) -> list[dict[str, str]]:
        """A CSV answer as rows by column name (``wrong_format`` for a ragged or headless one)."""
        __tracebackhide__ = True
        import csv
        import io

        try:
            reader = csv.DictReader(io.StringIO(self.read_text(path), newline=""), strict=True)
            rows = list(reader)
        except csv.Error as error:
            raise WrongAnswer(f"{path} is not CSV: {error}", detail="wrong_format") from None
        names: list[str] = list(reader.fieldnames or ())
        if not names or any(None in row or None in row.values() for row in rows):
            raise WrongAnswer(f"{path} has rows that do not fit its header", detail="wrong_format")
        return rows

    @contextmanager
    def sqlite(self, path: str) -> Iterator[sqlite3.Connection]:
        """A private in-memory copy of a SQLite database, to query as one likes (``wrong_format`` if it is none)."""
        __tracebackhide__ = True
        import sqlite3

        data = self.read_bytes(path)
        with closing(sqlite3.connect(":memory:")) as connection:
            try:
                connection.deserialize(data)
                connection.execute("select count(*) from sqlite_master")
            except sqlite3.Error as error:
                raise WrongAnswer(f"{path} is no SQLite database: {error}", detail="wrong_format") from None
            yield connection

    def _follow(self, path: str) -> Entry:
        __tracebackhide__ = True
        entries: Mapping[str, Entry] = self.snapshot.by_path()
        seen: set[str] = set()
        where = path
        while True:
            entry = entries.get(where)
            if entry is None:
                what = "is missing" if where == path else f"is a link to {where}, which is missing"
                raise WrongAnswer(f"{path} {what}", detail="missing_output")
            if entry.kind != "symlink":
                return entry
            following = _resolve(where, entry.target or "")
            if following is None or following in seen:
                raise WrongAnswer(f"{path} is a link that leaves the workspace", detail="wrong_format")
            seen.add(following)
            where = following


def _resolve(link: str, target: str) -> str | None:
    """Where a link inside a workspace points, as a path of the workspace; None when it leaves it."""
    if target.startswith("/"):
        if not target.startswith("/workspace/"):
            return None
        parts = list(PurePosixPath(target).parts[2:])
        base: list[str] = []
    else:
        base = list(PurePosixPath(link).parent.parts)
        parts = list(PurePosixPath(target).parts)
    for part in parts:
        if part == "..":
            if not base:
                return None
            base.pop()
        elif part != ".":
            base.append(part)
    return "/".join(base)
