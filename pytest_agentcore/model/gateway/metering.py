"""What a call consumed, read from the bytes that pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.pricing import Price, cost

BYTES_PER_TOKEN = 4
"""Rule of thumb where the upstream does not count; such usage is marked as estimated and has no cost."""


def usage_in(data: object) -> Usage | None:
    """Tokens of a Chat Completions response or chunk, cost still unknown; None when it does not count them.

    Understands the dialects in use: cached tokens under ``prompt_tokens_details``, ``cache_read_input_tokens`` or
    ``prompt_cache_hit_tokens``; cache writes under ``cache_creation_input_tokens`` or the details; servers whose
    ``completion_tokens`` leave the reasoning out, which their total gives away.
    """
    raw = data.get("usage") if isinstance(data, Mapping) else None
    if not isinstance(raw, Mapping):
        return None
    sent, got = _count(raw.get("prompt_tokens")), _count(raw.get("completion_tokens"))
    if sent is None or got is None:
        return None
    of_prompt, of_answer = _details(raw, "prompt_tokens_details"), _details(raw, "completion_tokens_details")
    reasoning = _count(of_answer.get("reasoning_tokens")) or 0
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


def estimated(sent: int, got: int) -> Usage:
    """Usage of a call that nobody counted, from the bytes of request and response; its cost is unknown."""
    return Usage(
        calls=1,
        input_tokens=-(-sent // BYTES_PER_TOKEN),
        output_tokens=-(-got // BYTES_PER_TOKEN),
        cost_usd=None,
        estimated=True,
    )


def priced(usage: Usage, price: Price | None) -> Usage:
    """The same usage with its cost, where tokens and price are both known."""
    return usage if price is None or usage.estimated else replace(usage, cost_usd=cost(price, usage))


def model_in(data: object) -> str | None:
    """The model id that a response names."""
    model = data.get("model") if isinstance(data, Mapping) else None
    return model if isinstance(model, str) and model else None


class StreamMeter:
    """Reads usage and model from server-sent events as they pass, whatever way they are cut into pieces."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.model: str | None = None
        self.size = 0
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Look at the next bytes."""
        self.size += len(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """The last line may come without a line end."""
        self._line(self._rest)
        self._rest = b""

    def _line(self, line: bytes) -> None:
        # Parsing every chunk would cost more than passing it on.
        if not line.startswith(b"data:") or (self.model is not None and b'"usage"' not in line):
            return
        try:
            data = json.loads(line[5:])
        except ValueError:
            return
        self.model = self.model or model_in(data)
        self.usage = usage_in(data) or self.usage


def _details(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first(*values: object) -> int:
    """The first count above zero."""
    return next((count for value in values if (count := _count(value))), 0)
