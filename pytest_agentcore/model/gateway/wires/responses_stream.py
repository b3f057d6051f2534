"""A Chat Completions stream as the events of OpenAI Responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_agentcore.model.gateway.wires import responses
from pytest_agentcore.model.gateway.wires.chunks import Assembled, read
from pytest_agentcore.model.gateway.wires.sse import named


class ResponsesStream:
    """Items come one after the other: of several tool calls the first is passed on as it comes, others at the end."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self._custom = responses.custom_of(fields)
        self._so_far = Assembled()
        self._output: list[dict[str, Any]] = []
        self._signed: list[Mapping[str, Any]] = []
        self._open: str | None = None
        self._text = ""
        self._live: int | None = None
        self._number = -1
        self._started = False

    def feed(self, chunk: Mapping[str, Any]) -> bytes:
        """The events that a chunk becomes."""
        added = read(chunk, self._so_far)
        out = self._start()
        self._signed += added.signed
        if added.reasoning or added.signed:
            out += self._opened("reasoning")
        if added.reasoning:
            self._text += added.reasoning
            out.append(self._event("reasoning_text.delta", **self._at, content_index=0, delta=added.reasoning))
        if added.text:
            out += self._opened("text")
            self._text += added.text
            out.append(self._event("output_text.delta", **self._at, content_index=0, delta=added.text, logprobs=[]))
        for index, text in added.arguments:
            if self._live is None and index == 0:
                self._live = index
                out += self._opened("call")
            if index == self._live and text and not self._is_custom(index):
                out.append(self._event("function_call_arguments.delta", **self._at, delta=text))
        return b"".join(out)

    def end(self) -> bytes:
        """The events that close it."""
        out = self._start() + self._closed()
        for index in sorted(self._so_far.calls):
            if index != self._live:
                self._live = index
                out += self._opened("call")
                text = self._so_far.calls[index].arguments
                if text and not self._is_custom(index):
                    out.append(self._event("function_call_arguments.delta", **self._at, delta=text))
                out += self._closed()
        response = responses.ended(self._envelope, self._output, self._so_far.finish_reason, self._so_far.usage)
        out.append(self._event(response["status"], response=response))
        return b"".join(out)

    @property
    def _envelope(self) -> dict[str, Any]:
        return responses.envelope(self._so_far.head, self._fields)

    @property
    def _at(self) -> dict[str, Any]:
        return {"item_id": self._item("")["id"], "output_index": len(self._output)}

    def _is_custom(self, index: int) -> bool:
        return self._so_far.calls[index].name in self._custom

    def _start(self) -> list[bytes]:
        if self._started:
            return []
        self._started = True
        return [self._event(kind, response=self._envelope) for kind in ("created", "in_progress")]

    def _item(self, text: str) -> dict[str, Any]:
        """The open item with this for its content."""
        index = len(self._output)
        if self._open == "reasoning":
            return responses.reasoning_item(index, text, self._signed)
        if self._open == "text":
            return responses.message_item(index, text)
        call = self._so_far.calls[self._live or 0]
        return responses.call_item(index, call.id, call.name, text, self._custom)

    def _opened(self, what: str) -> list[bytes]:
        if self._open == what:
            return []
        out = self._closed()
        self._open, self._text = what, ""
        item = {**self._item(""), **({"status": "in_progress"} if what != "reasoning" else {})}
        if what == "text":
            item["content"] = []
        if what == "call" and item["type"] == "function_call":
            item["arguments"] = ""
        out.append(self._event("output_item.added", output_index=len(self._output), item=item))
        if what == "text":
            part = responses.message_item(0, "")["content"][0]
            out.append(self._event("content_part.added", **self._at, content_index=0, part=part))
        return out

    def _closed(self) -> list[bytes]:
        if self._open is None:
            return []
        text = self._so_far.calls[self._live or 0].arguments if self._open == "call" else self._text
        item, out = self._item(text), []
        if self._open == "reasoning" and text:
            out.append(self._event("reasoning_text.done", **self._at, content_index=0, text=text))
        elif self._open == "text":
            out.append(self._event("output_text.done", **self._at, content_index=0, text=text, logprobs=[]))
            part = item["content"][0]
            out.append(self._event("content_part.done", **self._at, content_index=0, part=part))
        elif item["type"] == "function_call":
            told = {"arguments": item["arguments"], "name": item["name"]}
            out.append(self._event("function_call_arguments.done", **self._at, **told))
        elif item["type"] == "custom_tool_call":
            out.append(self._event("custom_tool_call_input.delta", **self._at, delta=item["input"]))
            out.append(self._event("custom_tool_call_input.done", **self._at, input=item["input"]))
        out.append(self._event("output_item.done", output_index=len(self._output), item=item))
        self._output.append(item)
        self._open, self._signed = None, []
        return out

    def _event(self, kind: str, **told: Any) -> bytes:
        self._number += 1
        return named({"type": f"response.{kind}", "sequence_number": self._number, **told})
