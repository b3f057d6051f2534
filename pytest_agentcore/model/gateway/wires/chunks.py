"""The chunks of a Chat Completions stream, read as what they add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway.metering import usage_in
from pytest_agentcore.model.gateway.wires.messages import text_of


@dataclass(slots=True, kw_only=True)
class CallSoFar:
    """A tool call as far as it has come."""

    id: str
    name: str
    arguments: str = ""


@dataclass(slots=True, kw_only=True)
class Assembled:
    """What a stream has said so far."""

    head: Mapping[str, Any] = field(default_factory=dict)
    """Its first chunk: id and model."""
    calls: dict[int, CallSoFar] = field(default_factory=dict)
    finish_reason: str | None = None
    usage: Usage | None = None
    refused: bool = False
    thought: str = ""
    """Reasoning since the last signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What one chunk adds."""

    text: str = ""
    reasoning: str = ""
    signed: tuple[Mapping[str, Any], ...] = ()
    """Thinking blocks that are complete, with their signatures."""
    arguments: tuple[tuple[int, str], ...] = ()
    """(index of the call, further text of its arguments)."""


def read(chunk: Mapping[str, Any], so_far: Assembled) -> Added:
    """Take a chunk in, and say what it adds."""
    so_far.head = so_far.head or chunk
    so_far.usage = usage_in(chunk) or so_far.usage
    choice = (chunk.get("choices") or [None])[0]
    if not isinstance(choice, Mapping):
        return Added()
    so_far.finish_reason = choice.get("finish_reason") or so_far.finish_reason
    delta = choice.get("delta")
    if not isinstance(delta, Mapping):
        return Added()
    refusal = delta.get("refusal")
    so_far.refused = so_far.refused or bool(refusal)
    reasoning = str(delta.get("reasoning_content") or delta.get("reasoning") or "")
    so_far.thought += reasoning
    blocks = [block for block in delta.get("thinking_blocks") or () if isinstance(block, Mapping)]
    return Added(
        text=text_of(delta.get("content")) or (refusal if isinstance(refusal, str) else ""),
        reasoning=reasoning,
        signed=tuple(_signed(block, so_far) for block in blocks if block.get("signature") or block.get("data")),
        arguments=tuple(
            _call(call, position, so_far)
            for position, call in enumerate(delta.get("tool_calls") or ())
            if isinstance(call, Mapping)
        ),
    )


def _signed(block: Mapping[str, Any], so_far: Assembled) -> Mapping[str, Any]:
    """A signature belongs to all that was thought before it, which came in pieces."""
    whole = {name: value for name, value in block.items() if name != "index"}
    if block.get("type") != "redacted_thinking":
        whole["thinking"], so_far.thought = so_far.thought, ""
    return whole


def _call(call: Mapping[str, Any], position: int, so_far: Assembled) -> tuple[int, str]:
    index = call.get("index")
    index = index if isinstance(index, int) else position
    function = call.get("function")
    told = function if isinstance(function, Mapping) else {}
    if index not in so_far.calls:
        so_far.calls[index] = CallSoFar(id=str(call.get("id") or f"call_{index + 1}"), name="")
    known = so_far.calls[index]
    known.name = known.name or str(told.get("name") or "")
    text = str(told.get("arguments") or "")
    known.arguments += text
    return index, text
