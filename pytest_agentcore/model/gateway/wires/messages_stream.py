"""A Chat Completions stream as the events of Anthropic Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_agentcore.model.gateway.wires import messages
from pytest_agentcore.model.gateway.wires.chunks import Assembled, read
from pytest_agentcore.model.gateway.wires.sse import named


class MessagesStream:
    """One block is open at a time: of several tool calls the first is passed on as it comes, the others at the end."""

    def __init__(self) -> None:
        self._so_far = Assembled()
        self._started = False
        self._index = -1
        self._open: str | None = None
        self._live: int | None = None

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The events that a chunk becomes."""
        added = read(chunk, self._so_far)
        out = [] if self._started else [self._start()]
        if added.reasoning:
            out += self._opened("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            out.append(self._delta({"type": "thinking_delta", "thinking": added.reasoning}))
        for block in added.signed:
            out += self._signed(block)
        if added.text:
            out += self._opened("text", {"type": "text", "text": ""})
            out.append(self._delta({"type": "text_delta", "text": added.text}))
        for index, text in added.arguments:
            out += self._argued(index, text)
        return b"".join(out)

    def end(self) -> bytes:
        """The events that close it."""
        out = [] if self._started else [self._start()]
        for index in sorted(self._so_far.calls):
            if index != self._live:
                out += self._tool(index)
                out.append(self._json(self._so_far.calls[index].arguments))
        out += self._closed()
        reason = messages.stop_reason(
            self._so_far.finish_reason, calls=bool(self._so_far.calls), refused=self._so_far.refused
        )
        end = {"stop_reason": reason, "stop_sequence": None}
        out.append(named({"type": "message_delta", "delta": end, "usage": messages.told(self._so_far.usage)}))
        out.append(named({"type": "message_stop"}))
        return b"".join(out)

    def _start(self) -> bytes:
        self._started = True
        return named({"type": "message_start", "message": messages.envelope(self._so_far.head)})

    def _argued(self, index: int, text: str) -> list[bytes]:
        out = []
        if self._live is None and index == 0:
            out, self._live = self._tool(index), index
        if index == self._live and text:
            out.append(self._json(text))
        return out

    def _tool(self, index: int) -> list[bytes]:
        call = self._so_far.calls[index]
        return self._opened(f"call {index}", {"type": "tool_use", "id": call.id, "name": call.name, "input": {}})

    def _json(self, text: str) -> bytes:
        return self._delta({"type": "input_json_delta", "partial_json": text})

    def _signed(self, block: Mapping[str, Any]) -> list[bytes]:
        """A signature belongs to the thinking that came before it; a redacted block is one of its own."""
        if block.get("type") == "redacted_thinking":
            return [*self._opened(f"redacted {self._index}", dict(block)), *self._closed()]
        out = self._opened("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        return [*out, self._delta({"type": "signature_delta", "signature": str(block.get("signature"))})]

    def _opened(self, what: str, block: Mapping[str, Any]) -> list[bytes]:
        if self._open == what:
            return []
        out = self._closed()
        self._open, self._index = what, self._index + 1
        return [*out, named({"type": "content_block_start", "index": self._index, "content_block": block})]

    def _closed(self) -> list[bytes]:
        if self._open is None:
            return []
        self._open = None
        return [named({"type": "content_block_stop", "index": self._index})]

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return named({"type": "content_block_delta", "index": self._index, "delta": delta})
