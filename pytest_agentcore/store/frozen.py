"""A workspace as one file: ``workspace.tar.zst``, byte for byte the same for the same snapshot.

Any tar can list it. What tar cannot say (a special file, a file too large to keep, an unusual mode) stands in PAX
records under ``AGENTCORE.``. Reading takes the file for hostile: nothing is ever extracted to a disk, and what
:func:`freeze` would not have written is refused.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import zstandard

from pytest_agentcore.domain.workspace import Entry, Snapshot
from pytest_agentcore.errors import StoreError

LEVEL = 9
MAX_BYTES = 1 << 30
"""An archive may unpack to so many bytes."""

_BLOCK = 512
_END = 2 * _BLOCK
_TYPES: dict[str, bytes] = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "other": tarfile.REGTYPE,
}
_KINDS: dict[bytes, Literal["file", "dir", "symlink"]] = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
}
_OTHER, _OMITTED, _SIZE, _MODE = (f"AGENTCORE.{name}" for name in ("other", "omitted", "size", "mode"))
_TAR_MODE = 0o7777
_LONGEST_PAX = 64 * 1024  # two paths of the longest kind that Linux takes, and room


def freeze(snapshot: Snapshot) -> bytes:
    """The snapshot as a tar archive under zstd, with its checksum.

    Raises:
        StoreError: it holds a name that no folder can have, or one name twice.
    """
    entries = sorted(snapshot.entries, key=lambda entry: entry.path)
    _check(entries)
    tar = b"".join(part for entry in entries for part in _packed(entry)) + bytes(_END)
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True, threads=0).compress(tar)


def thaw(data: bytes, *, max_bytes: int = MAX_BYTES) -> Snapshot:
    """The snapshot that :func:`freeze` wrote, equal to the original.

    Raises:
        StoreError: damaged, too large, or no archive of ours.
    """
    entries = [_entry(member) for member in _members(_decompressed(data, max_bytes))]
    _check(entries)
    return Snapshot.of(entries)


# Writing


def _packed(entry: Entry) -> Iterator[bytes]:
    content = entry.data or b""
    info = tarfile.TarInfo(entry.path)
    info.type = _TYPES[entry.kind]
    info.mode = entry.mode & _TAR_MODE
    info.size = len(content)
    info.linkname = entry.target or ""
    info.pax_headers = {}
    if entry.kind == "other":
        info.pax_headers[_OTHER] = "1"
    if entry.kind == "file" and entry.data is None:
        info.pax_headers[_OMITTED] = "1"
    if entry.size != len(content):
        info.pax_headers[_SIZE] = str(entry.size)
    if entry.mode != info.mode:
        info.pax_headers[_MODE] = str(entry.mode)
    try:
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise StoreError(f"{entry.path!r} is no file name: it cannot be written as bytes; rename the file") from None
    yield content
    yield bytes(-len(content) % _BLOCK)


# Reading: tarfile understands far more than freeze writes, sparse files and offsets that run backwards among it.


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    header: bytes
    pax: dict[str, bytes]
    content: bytes


def _decompressed(data: bytes, max_bytes: int) -> bytes:
    try:
        size = zstandard.frame_content_size(data)
        if size < 0:
            raise StoreError("a frozen workspace does not say how large it is; freeze it again")
        if size > max_bytes:
            raise StoreError(f"a frozen workspace would unpack to {size!r} bytes; at most {max_bytes} are read")
        # A frame of size 0 would be read as one without a limit.
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False) if size else b""
    except zstandard.ZstdError as error:
        raise StoreError(f"a frozen workspace is damaged: {error}; take it from a backup or run again") from None


def _members(tar: bytes) -> Iterator[_Member]:
    position, pax = 0, dict[str, bytes]()
    while (header := tar[position : position + _BLOCK]) != bytes(_BLOCK):
        size = _size(header)
        content = tar[position + _BLOCK : position + _BLOCK + size]
        if len(content) != size:
            raise _damaged("it ends in the middle of a file")
        position += _BLOCK + size + -size % _BLOCK
        if header[156:157] == tarfile.XHDTYPE:
            pax = _pax(content)
            continue
        yield _Member(header=header, pax=pax, content=content)
        pax = {}
    if pax or tar[position:] != bytes(_END):
        raise _damaged("something follows its end")


def _size(header: bytes) -> int:
    """Size of what follows a header, which must be whole and true to its checksum."""
    if len(header) < _BLOCK:
        raise _damaged("it ends without an end mark")
    blank = header[:148] + b" " * 8 + header[156:]
    if _octal(header[148:156]) != sum(blank):
        raise _damaged("the checksum of a header is wrong")
    return _octal(header[124:136])


def _octal(digits: bytes) -> int:
    text = digits.rstrip(b"\0 ")
    if not text or not all(byte in b"01234567" for byte in text):
        raise _damaged(f"{digits!r} is no number")
    return int(text, 8)


def _pax(content: bytes) -> dict[str, bytes]:
    if len(content) > _LONGEST_PAX:
        raise _damaged(f"an extended header of {len(content)} bytes")
    records: dict[str, bytes] = {}
    rest = content
    while rest:
        digits, space, _ = rest[:16].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record, rest = rest[len(digits) + 1 : length], rest[length:]
        name, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or length > len(digits) + 1 + len(record):
            raise _damaged("an extended header is malformed")
        records[name.decode("utf-8", "replace")] = value[:-1]
    unknown = records.keys() - {"path", "linkpath", "hdrcharset", _OTHER, _OMITTED, _SIZE, _MODE}
    if unknown:
        raise _damaged(f"it has an unknown extended header {min(unknown)!r}")
    return records


def _entry(member: _Member) -> Entry:
    header, pax = member.header, member.pax
    kind = _KINDS.get(header[156:157])
    if kind is None:
        raise _damaged(f"a member is of type {header[156:157]!r}, neither file, folder nor symbolic link")
    if kind != "file" and member.content:
        raise _damaged("a folder or a link has content")
    size = _number(pax, _SIZE, len(member.content))
    path = _name(pax.get("path"), _ustar_path(header))
    if kind == "dir":
        path = path.removesuffix("/")
    return Entry(
        path=path,
        kind="other" if _OTHER in pax else kind,
        mode=_number(pax, _MODE, _octal(header[100:108])),
        size=size,
        data=member.content if kind == "file" and not {_OTHER, _OMITTED} & pax.keys() else None,
        target=_name(pax.get("linkpath"), _field(header[157:257])) if kind == "symlink" else None,
    )


def _number(pax: dict[str, bytes], name: str, default: int) -> int:
    digits = pax.get(name)
    if digits is None:
        return default
    if not digits.isdigit() or len(digits) > 18:  # noqa: PLR2004 - as many digits as 64 bits are sure to hold
        raise _damaged(f"{name} is {digits[:40]!r}")
    return int(digits)


def _ustar_path(header: bytes) -> bytes:
    prefix, name = _field(header[345:500]), _field(header[:100])
    return prefix + b"/" + name if prefix else name


def _field(raw: bytes) -> bytes:
    return raw.partition(b"\0")[0]


def _name(extended: bytes | None, plain: bytes) -> str:
    return (plain if extended is None else extended).decode("utf-8", "surrogateescape")


# Both ways


def _check(entries: list[Entry]) -> None:
    """Refuse what no snapshot of a folder holds, so that no other tool can be led outside by the archive either."""
    kinds = {entry.path: entry.kind for entry in entries}
    if len(kinds) != len(entries):
        raise StoreError("a frozen workspace holds a name twice; it was changed by hand")
    for entry in entries:
        parts = entry.path.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts):
            raise StoreError(f"{entry.path[:200]!r} is no path inside a workspace; the record was changed by hand")
        above = next((kinds[path] for path in _above(parts) if kinds.get(path, "dir") != "dir"), None)
        if above is not None:
            raise StoreError(f"{entry.path[:200]!r} lies below a {above}; the record was changed by hand")
        _check_content(entry)


def _above(parts: list[str]) -> Iterator[str]:
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _check_content(entry: Entry) -> None:
    linked = entry.target is not None
    if linked != (entry.kind == "symlink") or (linked and "\0" in (entry.target or "")):
        raise StoreError(f"{entry.path[:200]!r} is a {entry.kind} with target {entry.target!r}; no folder has that")
    if entry.data is not None and entry.kind != "file":
        raise StoreError(f"{entry.path[:200]!r} is a {entry.kind} with content; no folder has that")
    if entry.size < 0 or entry.mode < 0:
        raise StoreError(f"{entry.path[:200]!r} has size {entry.size!r} and mode {entry.mode!r}; no file has that")


def _damaged(what: str) -> StoreError:
    return StoreError(f"a frozen workspace is damaged: {what}; take it from a backup or run again")
