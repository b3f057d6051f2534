"""Server-sent events: read from pieces cut anywhere, and written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


class Lines:
    """Complete lines out of pieces, whatever way they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """The lines that this piece completes, without their line ends."""
        if b"\n" not in piece:
            self._rest += piece
            return []
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return lines

    def holding(self, piece: bytes, words: tuple[bytes, ...]) -> tuple[list[bytes], int]:
        """(of the lines that this piece completes, those with one of the words; how many events there are in all)."""
        text = self._rest + piece if self._rest else piece
        end = text.rfind(b"\n") + 1
        text, self._rest = text[:end], text[end:]
        found = [line for word in words for line in with_word(text, word)]
        return found, text.count(b"\ndata:") + text.startswith(b"data:")

    def end(self) -> list[bytes]:
        """What is left: the last line may come without a line end."""
        rest, self._rest = self._rest, b""
        return [rest] if rest else []


def with_word(text: bytes, word: bytes) -> Iterator[bytes]:
    """The lines of a text that hold a word; those that do not are not even looked at."""
    at = text.find(word)
    while at >= 0:
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        yield text[text.rfind(b"\n", 0, at) + 1 : end]
        at = text.find(word, end)


def data_of(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    """The objects in ``data:`` lines; whatever is no object is passed over."""
    for line in lines:
        if line.startswith(b"data:"):
            try:
                data = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(data, dict):
                yield data


def named(event: Mapping[str, Any]) -> bytes:
    """An event under the name that its ``type`` gives it."""
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def plain(data: Mapping[str, Any]) -> bytes:
    """An event without a name."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"
