"""Frames between the engine and the server inside: one value a frame, bytes carried as they are.

Runs on both sides. Not JSON, because importing it takes a third of the time in which a sandbox starts; not marshal,
because what comes out of a sandbox is hostile until proven otherwise.
"""

from __future__ import annotations

import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

MAX_FRAME = 2 << 30
_BATCH = 1 << 20
_LENGTH = struct.Struct(">Q")
_INT = struct.Struct(">q")
_FLOAT = struct.Struct(">d")


def send(fd: int, value: Any) -> None:
    """Write one frame. Takes None, bool, int (64 bits), float, str, bytes, list, tuple and dict."""
    for batch in encoded(value):
        write_all(fd, batch)


def encoded(value: Any) -> Iterator[bytes]:
    """One frame, in pieces of a size that can be sent at once."""
    parts: list[bytes] = []
    _encode(value, parts)
    batch = [_LENGTH.pack(sum(map(len, parts)))]
    pending = 0
    for part in parts:
        batch.append(part)
        pending += len(part)
        if pending >= _BATCH:
            yield b"".join(batch)
            batch, pending = [], 0
    yield b"".join(batch)


def receive(fd: int, wait: Callable[[], None] | None = None) -> Any:
    """Read one frame.

    Args:
        fd: where frames arrive.
        wait: called before each read; may raise to give up.

    Raises:
        EOFError: the other side is gone.
        ValueError: what arrives is no frame.
    """
    return decoded(lambda count: _read_exactly(fd, count, wait))


def decoded(read: Callable[[int], bytes | bytearray]) -> Any:
    """One frame from what gives exactly so many bytes; raises as :func:`receive`."""
    (length,) = _LENGTH.unpack(read(_LENGTH.size))
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes; at most {MAX_FRAME} are read")
    view = memoryview(read(length))
    try:
        value, end = _decode(view, 0)
    except (struct.error, IndexError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise ValueError(f"a frame that cannot be decoded: {error}") from None
    if end != length:
        raise ValueError(f"a frame with {length - end} bytes too many")
    return value


def write_all(fd: int, data: bytes) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _read_exactly(fd: int, count: int, wait: Callable[[], None] | None) -> bytearray:
    data = bytearray(count)
    view = memoryview(data)
    while view:
        if wait is not None:
            wait()
        got = os.readv(fd, [view])
        if not got:
            raise EOFError("the other side closed the channel")
        view = view[got:]
    return data


def _encode(value: Any, parts: list[bytes]) -> None:
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")  # file names and model output may hold lone surrogates
        parts.append(b"s" + _LENGTH.pack(len(text)) + text)
    elif isinstance(value, bytes | bytearray):
        parts.append(b"b" + _LENGTH.pack(len(value)))
        parts.append(bytes(value))
    elif isinstance(value, list | tuple):
        parts.append(b"l" + _LENGTH.pack(len(value)))
        for item in value:
            _encode(item, parts)
    elif isinstance(value, dict):
        parts.append(b"m" + _LENGTH.pack(len(value)))
        for key, item in value.items():
            _encode(key, parts)
            _encode(item, parts)
    else:
        parts.append(_encode_scalar(value))


def _encode_scalar(value: Any) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"i" + _INT.pack(value)
    if isinstance(value, float):
        return b"d" + _FLOAT.pack(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _decode(view: memoryview, at: int) -> tuple[Any, int]:
    tag, at = view[at], at + 1
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], at
    if tag == _TAG_INT:
        return _INT.unpack_from(view, at)[0], at + 8
    if tag == _TAG_FLOAT:
        return _FLOAT.unpack_from(view, at)[0], at + 8
    (count,) = _LENGTH.unpack_from(view, at)
    at += 8
    if tag in (_TAG_STR, _TAG_BYTES):
        data = bytes(view[at : at + count])
        if len(data) != count:
            raise IndexError("truncated")
        return (data.decode("utf-8", "surrogatepass") if tag == _TAG_STR else data), at + count
    if tag == _TAG_LIST:
        items = []
        for _ in range(count):
            item, at = _decode(view, at)
            items.append(item)
        return items, at
    if tag == _TAG_MAP:
        table = {}
        for _ in range(count):
            key, at = _decode(view, at)
            table[key], at = _decode(view, at)
        return table, at
    raise TypeError(f"unknown tag {tag}")


_TAG_INT, _TAG_FLOAT, _TAG_STR, _TAG_BYTES, _TAG_LIST, _TAG_MAP = b"idsblm"
_CONSTANTS = {ord("n"): None, ord("t"): True, ord("f"): False}
