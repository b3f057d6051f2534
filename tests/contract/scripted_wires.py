"""What the scripted endpoint says on each wire, whole and streamed; written apart from the gateway's translation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


class Chat:
    """Chat Completions."""

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": f"error_{status}", "code": None}}

    def whole(self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": turn.get("text")}
        if turn.get("reasoning"):
            message["reasoning_content"] = turn["reasoning"]
        if turn.get("calls"):
            message["tool_calls"] = [
                {"id": f"call_{index}", "type": "function", "function": {"name": tool, "arguments": _text(arguments)}}
                for index, (tool, arguments) in enumerate(turn["calls"], 1)
            ]
        reason = turn.get("finish_reason", "tool_calls" if turn.get("calls") else "stop")
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": f"{name}-served",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]},
        }

    def events(
        self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str, body: Mapping[str, Any]
    ) -> list[bytes]:
        whole = self.whole(turn, usage, name)
        envelope: dict[str, Any] = {
            "id": whole["id"],
            "object": "chat.completion.chunk",
            "created": 1,
            "model": whole["model"],
        }
        message = whole["choices"][0]["message"]
        deltas: list[dict[str, Any]] = [
            {"role": "assistant", "content": ""},
            *({"content": word} for word in re.findall(r"\S+\s*", str(turn.get("text", "")))),
        ]
        if message.get("reasoning_content"):
            deltas.insert(1, {"reasoning_content": message["reasoning_content"]})
        for index, call in enumerate(message.get("tool_calls", [])):
            text = call["function"]["arguments"]
            named = {"name": call["function"]["name"], "arguments": ""}
            deltas.append({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": named}]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": part}}]} for part in (text[:3], text[3:])
            ]
        chunks = [{**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        reason = whole["choices"][0]["finish_reason"]
        chunks.append({**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append({**envelope, "choices": [], "usage": whole["usage"]})
        return [*(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]


class Messages:
    """Anthropic Messages."""

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"type": "error", "error": {"type": f"error_{status}", "message": message}}

    def whole(self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = []
        if turn.get("reasoning"):
            blocks.append({"type": "thinking", "thinking": turn["reasoning"], "signature": "signed"})
        if turn.get("text"):
            blocks.append({"type": "text", "text": turn["text"]})
        blocks += [
            {"type": "tool_use", "id": f"toolu_{index}", "name": tool, "input": json.loads(_text(arguments))}
            for index, (tool, arguments) in enumerate(turn.get("calls", []), 1)
        ]
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": f"{name}-served",
            "content": blocks,
            "stop_reason": turn.get("finish_reason", "tool_use" if turn.get("calls") else "end_turn"),
            "stop_sequence": None,
            "usage": _anthropic_usage(usage),
        }

    def events(self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str, _: Mapping[str, Any]) -> list[bytes]:
        whole = self.whole(turn, usage, name)
        told: list[dict[str, Any]] = [
            {
                "type": "message_start",
                "message": {
                    **whole,
                    "content": [],
                    "stop_reason": None,
                    "usage": {**whole["usage"], "output_tokens": 1},
                },
            }
        ]
        start: dict[str, Any]
        for index, block in enumerate(whole["content"]):
            if block["type"] == "text":
                start = {"type": "text", "text": ""}
                delta = {"type": "text_delta", "text": block["text"]}
            elif block["type"] == "thinking":
                start = {"type": "thinking", "thinking": "", "signature": ""}
                delta = {"type": "thinking_delta", "thinking": block["thinking"]}
            else:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}
            told.append({"type": "content_block_start", "index": index, "content_block": start})
            told.append({"type": "content_block_delta", "index": index, "delta": delta})
            if block["type"] == "thinking":
                signature = {"type": "signature_delta", "signature": block["signature"]}
                told.append({"type": "content_block_delta", "index": index, "delta": signature})
            told.append({"type": "content_block_stop", "index": index})
        end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        told.append(
            {"type": "message_delta", "delta": end, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
        )
        told.append({"type": "message_stop"})
        return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in told]


def _anthropic_usage(usage: Mapping[str, Any]) -> dict[str, int]:
    """There, the input is what neither came from the cache nor went into it."""
    details = usage.get("prompt_tokens_details", {})
    cached, written = details.get("cached_tokens", 0), details.get("cache_creation_tokens", 0)
    return {
        "input_tokens": usage["prompt_tokens"] - cached - written,
        "output_tokens": usage["completion_tokens"],
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
    }


def _text(arguments: object) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


class Responses:
    """OpenAI Responses."""

    def error(self, status: int, message: str) -> dict[str, Any]:
        return {"error": {"message": message, "type": f"error_{status}", "code": None}}

    def whole(self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str) -> dict[str, Any]:
        output: list[dict[str, Any]] = []
        if turn.get("reasoning"):
            content = [{"type": "reasoning_text", "text": turn["reasoning"]}]
            output.append({"id": "rs_1", "type": "reasoning", "summary": [], "content": content})
        if turn.get("text"):
            part = {"type": "output_text", "text": turn["text"], "annotations": []}
            output.append(
                {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
            )
        output += [
            {
                "id": f"fc_{index}",
                "type": "function_call",
                "call_id": f"call_{index}",
                "name": tool,
                "arguments": _text(arguments),
                "status": "completed",
            }
            for index, (tool, arguments) in enumerate(turn.get("calls", []), 1)
        ]
        return {**self._head(name), "status": "completed", "output": output, "usage": _responses_usage(usage)}

    def _head(self, name: str) -> dict[str, Any]:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "model": f"{name}-served",
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": [],
        }

    def events(self, turn: Mapping[str, Any], usage: Mapping[str, Any], name: str, _: Mapping[str, Any]) -> list[bytes]:
        whole = self.whole(turn, usage, name)
        begun = {**self._head(name), "status": "in_progress"}
        told: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(whole["output"]):
            at = {"item_id": item["id"], "output_index": index}
            empty = {**item, **{key: type(item[key])() for key in ("content", "arguments") if key in item}}
            told.append({"type": "response.output_item.added", "output_index": index, "item": empty})
            if item["type"] == "message":
                text = item["content"][0]["text"]
                part = {"type": "output_text", "text": "", "annotations": []}
                told += [
                    {"type": "response.content_part.added", **at, "content_index": 0, "part": part},
                    {"type": "response.output_text.delta", **at, "content_index": 0, "delta": text, "logprobs": []},
                    {"type": "response.output_text.done", **at, "content_index": 0, "text": text, "logprobs": []},
                ]
            elif item["type"] == "function_call":
                arguments = item["arguments"]
                told += [
                    {"type": "response.function_call_arguments.delta", **at, "delta": arguments},
                    {"type": "response.function_call_arguments.done", **at, "arguments": arguments},
                ]
            told.append({"type": "response.output_item.done", "output_index": index, "item": item})
        told.append({"type": "response.completed", "response": whole})
        return [
            f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
            for number, event in enumerate(told)
        ]


def _responses_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    sent, got = usage["prompt_tokens"], usage["completion_tokens"]
    return {
        "input_tokens": sent,
        "input_tokens_details": {"cached_tokens": usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)},
        "output_tokens": got,
        "output_tokens_details": {
            "reasoning_tokens": usage.get("completion_tokens_details", {}).get("reasoning_tokens", 0)
        },
        "total_tokens": sent + got,
    }
