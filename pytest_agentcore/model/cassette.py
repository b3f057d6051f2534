"""Wire records of a stored campaign, read back: what was asked, and byte for byte what was answered."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from itertools import takewhile
from pathlib import Path
from typing import Any

import zstandard

from pytest_agentcore.errors import StoreError

IDENTITY = frozenset({"model", "metadata", "user", "prompt_cache_key", "safety_identifier", "client_metadata"})
"""Members that say who asks, not what: they may differ between a run and its replay."""
_EXCERPT = 60
_CLOCK = re.compile(
    r"""
    \d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d)?)?   # 2026-11-21T09:30:01.5Z
    | (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ +\d{1,2}\ +\d\d:\d\d(?::\d\d)?      # as ls -l writes it
    | \b\d\d:\d\d:\d\d(?:[.,]\d+)?\b
    | \b\d+(?:\.\d+)?\ ?(?:ns|us|µs|ms|s|sec|secs|seconds?|m\d+(?:\.\d+)?s)\b        # in 0.12s, 0m0.01s
    | ={2,}                                                                          # a line filled up beside them
    """,
    re.VERBOSE,
)
_ABSENT = {"(absent)": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One call of a record."""

    seq: int
    """From 1 on, in the order in which the calls came in."""
    path: str
    """Of the request, e.g. ``/v1/chat/completions``."""
    request: str
    """As the client wrote it."""
    status: int
    content_type: str
    body: bytes
    """The whole answer as the client got it; of a stream, all of its events."""
    stream: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    """The gateway's own headers of the answer."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    cost_usd: str | None = None
    billed_usd: str | None = None
    """By the provider's own word."""
    took_s: float = 0.0
    """From request to answer, back-off and queueing apart."""
    model: str | None = None
    """The model id that the upstream returned."""
    complete: bool = True
    """False when the client, or the upstream, broke off."""

    @property
    def usable(self) -> bool:
        """Is it an answer that a conversation can go on from?"""
        if self.status != HTTPStatus.OK or not self.complete:
            return False
        if self.stream or not self.path.endswith("/chat/completions"):
            return True
        try:
            return isinstance(json.loads(self.body)["choices"][0]["message"], dict)
        except (ValueError, KeyError, IndexError, TypeError):
            return False


def read(path: str | Path) -> list[Recorded]:
    """The calls of a record, in their order; one that ends in the middle gives what it holds.

    Raises:
        StoreError: there is no such file, or it is no wire record.
    """
    try:
        calls = [_recorded(json.loads(line)) for line in _lines(Path(path))]
    except (OSError, ValueError, KeyError, TypeError, zstandard.ZstdError) as error:
        raise StoreError(f"the wire record {str(path)!r} cannot be read: {error}; replay another campaign") from None
    return sorted(calls, key=lambda call: call.seq)


def paid(campaign: Path) -> Decimal:
    """US dollars that the calls recorded in a campaign's folder have cost, each counted where it was paid for.

    A call without a price counts nothing, nor does a record that cannot be read.
    """
    from pytest_agentcore.domain.rollout import WIRE_RECORD  # a fifth of the time that a gateway takes to start

    total = Decimal(0)
    for path in campaign.glob(f"runs/*/attempt-*/{WIRE_RECORD}"):
        with suppress(OSError, ValueError, KeyError, zstandard.ZstdError):
            for line in _lines(path):
                head, _, _ = line.partition(b',"request":"')  # the two long texts stand last
                call = json.loads(head + b"}")
                if call.get("paid", True) and call["cost_usd"] is not None:
                    total += Decimal(call["cost_usd"])
    return total


def _lines(path: Path) -> Iterator[bytes]:
    """Complete lines of all frames; the last frame may lack its end."""
    rest = b""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
        while piece := reader.read(1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines


def _recorded(data: Mapping[str, Any]) -> Recorded:
    packed = data.get("body_base64")
    return Recorded(
        seq=int(data["seq"]),
        path=data["path"],
        request=data["request"],
        status=int(data["status"]),
        content_type=data["content_type"],
        body=b64decode(packed) if packed is not None else data["body"].encode(),
        stream=bool(data.get("stream")),
        headers=data["headers"],
        usage=data.get("usage") or {},
        cost_usd=data.get("cost_usd"),
        billed_usd=data.get("billed_usd"),
        took_s=max(0.0, data.get("took_ms", 0.0) - data.get("waited_ms", 0.0)) / 1000,
        model=data.get("model_returned"),
        complete=bool(data.get("complete", True)),
    )


class Cassette:
    """A record being replayed: each call must be the one that comes next, or one of those asked at the same time."""

    def __init__(self, calls: list[Recorded], name: str) -> None:
        self._left = list(calls)
        self._name = name
        self._count = len(calls)

    @classmethod
    def load(cls, path: str | Path) -> Cassette:
        """From a wire record.

        Raises:
            StoreError: it cannot be read.
        """
        return cls(read(path), str(path))

    @classmethod
    def beginning(cls, paths: Sequence[str | Path]) -> Cassette | None:
        """What attempts at a run that were cut off had come to; None where there is nothing to go on from.

        It is the longest of their records, up to its first call without a usable answer.
        """
        longest: list[Recorded] = []
        for path in paths:
            try:
                calls = list(takewhile(lambda call: call.usable, read(path)))
            except StoreError:
                continue  # an attempt that left no record, or half of one, is run again from its start
            longest = max(longest, calls, key=len)
        return cls(longest, "of an attempt that was cut off") if longest else None

    def answer(self, path: str, request: str) -> Recorded | str:
        """The recorded answer to a request; where there is none, what differs, in a few lines.

        A client with several calls in flight may send them in another order than it did then: of what is left, the
        first call with the same request is taken.
        """
        asked = _comparable(request)
        for position, call in enumerate(self._left):
            if call.path == path and _comparable(call.request) == asked:
                return self._left.pop(position)
        number = self._count - len(self._left) + 1
        if not self._left:
            return f"call {number} was never made: the record {self._name!r} holds {self._count} calls"
        expected = self._left[0]
        if expected.path != path:
            return f"call {number} was made to {expected.path}, and now goes to {path}"
        where, then, now = difference(_comparable(expected.request), asked) or ("$", "", "")
        return f"call {number} differs from the record {self._name!r} at {where}\n- recorded: {then}\n+ now:      {now}"


def _comparable(request: str) -> Any:
    try:
        data = json.loads(request)
    except ValueError:
        return request
    if not isinstance(data, dict):
        return data
    return timeless({key: value for key, value in data.items() if key not in IDENTITY})


def timeless(value: Any, *, told: bool = False) -> Any:
    """Times of day and durations inside what tools gave are no difference: a test run never takes as long twice.

    ``told``: are we inside the result of a tool? Its place differs by wire: a message of role ``tool``, an item
    ``…_call_output``, a block ``tool_result``.
    """
    if isinstance(value, dict):
        kind = str(value.get("type", ""))
        told = told or value.get("role") == "tool" or kind.endswith("_call_output") or kind == "tool_result"
        return {key: timeless(one, told=told) for key, one in value.items()}
    if isinstance(value, list):
        return [timeless(one, told=told) for one in value]
    return _CLOCK.sub("⏱", value) if told and isinstance(value, str) else value


def difference(then: Any, now: Any, where: str = "$") -> tuple[str, str, str] | None:
    """(place, then, now) of the first difference between two JSON values, None when they are the same."""
    if then == now and type(then) is type(now) and not isinstance(then, dict | list):
        return None
    if isinstance(then, dict) and isinstance(now, dict) and _ABSENT is not then and _ABSENT is not now:
        keys = [*then, *(key for key in now if key not in then)]
        pairs = ((then.get(key, _ABSENT), now.get(key, _ABSENT), f"{where}.{key}") for key in keys)
    elif isinstance(then, list) and isinstance(now, list):
        pairs = ((left, right, f"{where}[{i}]") for i, (left, right) in enumerate(zip(then, now, strict=False)))
    else:
        return _differ(then, now, where)
    found = next((one for pair in pairs if (one := difference(*pair)) is not None), None)
    if found is None and isinstance(then, list) and len(then) != len(now):
        return f"{where}.length", str(len(then)), str(len(now))
    return found


def _differ(then: Any, now: Any, where: str) -> tuple[str, str, str]:
    """Two values that are not the same; of long texts the part where they part."""
    if not isinstance(then, str) or not isinstance(now, str):
        return where, _shown(then), _shown(now)
    at = next((i for i, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now)))
    start = max(0, at - _EXCERPT // 3)
    return f"{where}, character {at}", _part(then, start), _part(now, start)


def _part(text: str, start: int) -> str:
    piece = text[start : start + _EXCERPT]
    return f"{'…' if start else ''}{piece!r}{'…' if start + _EXCERPT < len(text) else ''}"


def _shown(value: Any) -> str:
    text = "(absent)" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
