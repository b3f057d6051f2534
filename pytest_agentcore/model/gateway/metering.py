"""What a call consumed, read from the bytes that pass."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway.protocol import Wire
from pytest_agentcore.model.gateway.wires.sse import Lines
from pytest_agentcore.model.pricing import Price, cost

BYTES_PER_TOKEN = 4
"""Rule of thumb where the upstream does not count; such usage is marked as estimated and has no cost."""
_WORTH_READING = (b'"usage"', b"[DONE]")
"""What a stream tells besides its text."""


class _Told(Struct):
    """What of an answer is read; the rest is only checked."""

    model: Any = None
    usage: Any = None


_TOLD = Decoder(_Told)
_TICKS_PER_USD = 10**10
"""xAI bills in these."""


def usage_in(data: object, wire: Wire = Wire.CHAT) -> Usage | None:
    """Tokens of a response or chunk, cost still unknown; None when it does not count them.

    Understands the dialects of Chat Completions in use: cached tokens under ``prompt_tokens_details``,
    ``cache_read_input_tokens`` or ``prompt_cache_hit_tokens``; cache writes under ``cache_creation_input_tokens`` or
    the details; servers whose ``completion_tokens`` leave the reasoning out, which their total gives away.
    """
    raw = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(raw, dict):
        return None
    if wire is Wire.MESSAGES:
        return _of_messages(raw)
    if wire is Wire.RESPONSES:
        return _counted(raw, "input_tokens", "output_tokens")
    return _counted(raw, "prompt_tokens", "completion_tokens")


def _counted(raw: dict[str, Any], prompt: str, answer: str) -> Usage | None:
    sent, got = _count(raw.get(prompt)), _count(raw.get(answer))
    if sent is None or got is None:
        return None
    of_prompt, of_answer = _details(raw, f"{prompt}_details"), _details(raw, f"{answer}_details")
    reasoning = _first(of_answer.get("reasoning_tokens"))
    if reasoning and _count(raw.get("total_tokens")) == sent + got + reasoning:
        got += reasoning
    cached = _first(
        of_prompt.get("cached_tokens"), raw.get("cache_read_input_tokens"), raw.get("prompt_cache_hit_tokens")
    )
    written = _first(
        raw.get("cache_creation_input_tokens"),
        of_prompt.get("cache_creation_tokens"),
        of_prompt.get("cache_write_tokens"),
    )
    cached = min(cached, sent)
    return Usage(
        calls=1,
        input_tokens=sent,
        output_tokens=got,
        cached_tokens=cached,
        cache_write_tokens=min(written, sent - cached),
        reasoning_tokens=min(reasoning, got),
        cost_usd=None,
    )


def _of_messages(raw: dict[str, Any]) -> Usage | None:
    """There, the input is what neither came from the cache nor went into it."""
    plain, got = _count(raw.get("input_tokens")), _count(raw.get("output_tokens"))
    if plain is None or got is None:
        return None
    cached, written = _first(raw.get("cache_read_input_tokens")), _first(raw.get("cache_creation_input_tokens"))
    return Usage(
        calls=1,
        input_tokens=plain + cached + written,
        output_tokens=got,
        cached_tokens=cached,
        cache_write_tokens=written,
        cost_usd=None,
    )


def estimated(sent: int, got: int) -> Usage:
    """Usage of a call that nobody counted, from the bytes of request and response; its cost is unknown."""
    return Usage(
        calls=1,
        input_tokens=-(-sent // BYTES_PER_TOKEN),
        output_tokens=-(-got // BYTES_PER_TOKEN),
        cost_usd=None,
        estimated=True,
    )


def model_in(data: object) -> str | None:
    """The model id that a response names."""
    model = data.get("model") if isinstance(data, dict) else None
    return model if isinstance(model, str) and model else None


def billed_in(data: object) -> Decimal | None:
    """US dollars that the provider itself says the call cost, None where it does not say."""
    raw = data.get("usage") if isinstance(data, dict) else None
    if not isinstance(raw, dict):
        return None
    ticks = _count(raw.get("cost_in_usd_ticks"))
    if ticks is not None:
        return Decimal(ticks) / _TICKS_PER_USD
    amount = raw.get("cost")
    if isinstance(amount, (int, float)) and not isinstance(amount, bool) and 0 <= amount < float("inf"):
        return Decimal(str(amount))
    return None


class Meter:
    """Reads usage, model and bill of one answer as it passes: a whole body, or pieces cut anywhere."""

    def __init__(self, wire: Wire = Wire.CHAT, *, names_model: bool = True) -> None:
        self.usage: Usage | None = None
        """None until the upstream has counted."""
        self.model: str | None = None
        self.billed_usd: Decimal | None = None
        self.hour_writes: int = 0
        """Of the cache writes, those kept for an hour, which have a price of their own."""
        self.size = 0
        self.complete = False
        """Did the upstream end its answer in the way of its wire?"""
        self._wire = wire
        self._names_model = names_model
        self._lines = Lines()
        self._events = 0
        self._raw: dict[str, Any] = {}

    def whole(self, body: bytes) -> None:
        """Look at a body that is no stream."""
        self.size = len(body)
        try:
            data = _told(body)
        except (ValueError, RecursionError):
            return
        self.complete = True
        self._read(data)

    def feed(self, piece: bytes) -> None:
        """Look at the next bytes of a stream."""
        self.size += len(piece)
        while piece and not self._named:
            first, end, piece = piece.partition(b"\n")
            for line in self._lines.feed(first + end):
                self._line(line)
        if piece:  # taking every line apart would cost more than passing it on
            lines, events = self._lines.holding(piece, _WORTH_READING)
            self._events += events - len(lines)
            for line in lines:
                self._line(line)

    def end(self) -> None:
        """Nothing more comes."""
        for line in self._lines.end():
            self._line(line)

    def total(self, sent: int) -> Usage:
        """The call's usage; estimated where the upstream did not come to count it, from the bytes that were sent."""
        if self.usage is not None and (self.complete or self._wire is not Wire.MESSAGES):
            return self.usage
        if self.usage is None:
            rough = estimated(sent, 0 if self._events else self.size)
            return replace(rough, output_tokens=max(rough.output_tokens, self._events))
        # The beginning of a stream counts the prompt; what was said by then, nobody does: an event holds a token or so.
        said = max(self.usage.output_tokens, self._events)
        return replace(self.usage, output_tokens=said, estimated=True)

    @property
    def _named(self) -> bool:
        return self.model is not None or not self._names_model

    def _line(self, line: bytes) -> None:
        if not line.startswith(b"data:"):
            return
        self._events += 1
        if line.startswith((b"data: [DONE]", b"data:[DONE]")):
            self.complete = True
            return
        if self._named and (b'"usage"' not in line or b'"usage":null' in line or b'"usage": null' in line):
            return
        try:
            data = _told(line[5:]) if self._wire is Wire.CHAT else json.loads(line[5:])
        except (ValueError, RecursionError):
            return
        if self._wire is Wire.CHAT:
            self._read(data)
        elif isinstance(data, dict):
            self._event(data)

    def _event(self, data: dict[str, Any]) -> None:
        """Events of the two wires that wrap what they tell."""
        kind = data.get("type")
        if self._wire is Wire.RESPONSES:
            self.complete = self.complete or kind in ("response.completed", "response.incomplete", "response.failed")
            self._read(data.get("response"))
            return
        self.complete = self.complete or kind == "message_delta"
        inner = data.get("message") if kind == "message_start" else data
        told = inner.get("usage") if isinstance(inner, dict) else None
        if isinstance(told, dict):  # later events repeat some counts and bring others up to date
            self._raw |= {name: value for name, value in told.items() if value is not None}
            self._read({"model": model_in(inner), "usage": self._raw})

    def _read(self, data: object) -> None:
        if self._names_model:
            self.model = self.model or model_in(data)
        self.usage = usage_in(data, self._wire) or self.usage
        billed = billed_in(data)
        self.billed_usd = self.billed_usd if billed is None else billed
        raw = data.get("usage") if isinstance(data, dict) else None
        if isinstance(raw, dict):
            self.hour_writes = _first(_details(raw, "cache_creation").get("ephemeral_1h_input_tokens"))


def _told(text: bytes) -> object:
    """What JSON tells of model and usage.

    Raises:
        ValueError: it is none.
    """
    try:
        told = _TOLD.decode(text)
    except (DecodeError, UnicodeDecodeError):  # NaN, which some servers write, is no JSON
        return json.loads(text.decode())
    return {"model": told.model, "usage": told.usage}


def priced(usage: Usage, price: Price | None, hour_writes: int = 0) -> Usage:
    """The same usage with its cost, where tokens and price are both known."""
    if price is None or usage.estimated:
        return usage
    return Usage(  # ``replace`` takes as long as everything else that is done with a price
        calls=usage.calls,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=cost(price, usage, hour_writes=hour_writes),
    )


def _details(raw: dict[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first(*values: object) -> int:
    """The first count above zero."""
    for value in values:
        if value and (count := _count(value)):
            return count
    return 0
