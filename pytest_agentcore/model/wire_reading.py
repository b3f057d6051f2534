"""A recorded call as values: what was asked on any of the three wires, and what was answered, whole or streamed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.trajectory import Reply, ToolCall, ToolSpec
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ModelUnavailable
from pytest_agentcore.model import chat
from pytest_agentcore.model.cassette import Recorded
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import Wire
from pytest_agentcore.model.gateway.wires import chunks, messages, responses, sse
from pytest_agentcore.model.gateway.wires.asked import Dialect

_WIRES = {"/chat/completions": Wire.CHAT, "/responses": Wire.RESPONSES, "/messages": Wire.MESSAGES}
_BLOCKS = frozenset({"text", "tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document"})
_ITEMS = frozenset({"message", "reasoning"})
_PARTS = frozenset({"input_text", "output_text", "text", "summary_text", "refusal", "input_image", "input_file"})
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, ModelUnavailable)
_FINISH = {theirs: ours for ours, theirs in messages.STOP_REASONS.items()} | {"stop_sequence": "stop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request in the words of Chat Completions."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[ToolSpec, ...] = ()
    previous: str | None = None
    """The id of the answer that it goes on from, where the server keeps what was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer."""

    reply: Reply
    id: str | None = None


def wire_of(path: str) -> Wire | None:
    """The wire that is spoken at a path; None for another address."""
    return next((wire for ending, wire in _WIRES.items() if path.endswith(ending)), None)


def asked(call: Recorded) -> Asked | None:
    """What a call asked; None where it cannot be read. What has no words in Chat Completions is named in brackets."""
    wire = wire_of(call.path)
    try:
        fields = json.loads(call.request)
        if wire is Wire.CHAT:
            told = fields
        elif wire is Wire.MESSAGES:
            told = messages.to_chat(
                {**fields, "messages": [_message(one) for one in fields["messages"]]}, Dialect()
            ).fields
        elif wire is Wire.RESPONSES:
            told = responses.to_chat({"input": _items(fields["input"]), **_plain(fields)}, Dialect()).fields
        else:
            return None
        return Asked(
            messages=tuple(one for one in told["messages"] if isinstance(one, Mapping)),
            tools=tuple(_tools(told.get("tools") or ())),
            previous=fields.get("previous_response_id") or None,
        )
    except _UNREADABLE:
        return None


def answered(call: Recorded, *, turn: int) -> Answered | None:
    """What came back, as the client had it; None for a failure, or half of an answer.

    Args:
        call: the recorded call.
        turn: 1-based; it numbers tool calls that came without an id.
    """
    wire = wire_of(call.path)
    if wire is None or protocol.ERROR in call.headers or not call.complete:
        return None
    try:
        if wire is Wire.CHAT:
            found = _chat_stream(call, turn) if call.stream else _chat(call, turn)
        elif wire is Wire.MESSAGES:
            found = _of_messages(_assembled(call) if call.stream else json.loads(call.body), turn)
        else:
            found = _of_responses(_completed(call) if call.stream else json.loads(call.body), turn)
    except _UNREADABLE:
        return None
    waited = int(call.headers.get(protocol.WAITED_MS, 0)) / 1000
    return replace(found, reply=replace(found.reply, usage=_usage(call), wall_s=call.took_s + waited, waited_s=waited))


def _usage(call: Recorded) -> Usage:
    """As the gateway counted it."""
    cost = None if call.cost_usd is None else Decimal(call.cost_usd)
    return Usage(calls=1, cost_usd=cost, **(call.usage or {"estimated": True}))


def _tools(tools: Iterable[Any]) -> Iterable[ToolSpec]:
    for tool in tools:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if isinstance(function, Mapping):
            yield ToolSpec(
                name=str(function.get("name") or ""),
                description=str(function.get("description") or ""),
                parameters=function.get("parameters") or {},
            )


# What the translation has no words for is named in its place: a record is read, it is not sent anywhere.


def _message(message: Any) -> Any:
    content = message.get("content") if isinstance(message, Mapping) else None
    return {**message, "content": [_block(one) for one in content]} if isinstance(content, list) else message


def _block(block: Any) -> Any:
    if not isinstance(block, Mapping) or block.get("type") not in _BLOCKS:
        kind = block.get("type") if isinstance(block, Mapping) else type(block).__name__
        return {"type": "text", "text": f"[{kind}]"}
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        return {**block, "content": [_block(one) for one in block["content"]]}
    return block


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in ("instructions", "tools") if fields.get(name)}


def _items(said: Any) -> Any:
    return [_item(one) for one in said] if isinstance(said, list) else said


def _item(item: Any) -> Any:
    kind = (item.get("type") or "message") if isinstance(item, Mapping) else type(item).__name__
    if kind.endswith("_call_output"):
        return {**item, "type": "function_call_output", "output": _readable(item.get("output") or "")}
    if kind in _ITEMS or kind in ("function_call", "custom_tool_call"):
        return {**item, "content": _readable(item["content"])} if isinstance(item.get("content"), list) else item
    if kind.endswith("_call"):  # a tool of the wire's own, such as a local shell, or one that ran at the provider
        rest = {name: value for name, value in item.items() if name not in ("type", "id", "call_id", "status")}
        return {
            "type": "function_call",
            "call_id": item.get("call_id") or item.get("id"),
            "name": kind.removesuffix("_call"),
            "arguments": json.dumps(rest.get("action", rest)),
        }
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": f"[{kind}]"}]}


def _readable(content: Any) -> Any:
    if not isinstance(content, list):
        return content if isinstance(content, str) else json.dumps(content)
    known = [isinstance(part, Mapping) and part.get("type") in _PARTS for part in content]
    return [part if is_known else _bracket(part) for part, is_known in zip(content, known, strict=True)]


def _bracket(part: Any) -> dict[str, str]:
    if isinstance(part, Mapping) and part.get("type") == "reasoning_text":
        return {"type": "text", "text": str(part.get("text") or "")}
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    return {"type": "text", "text": f"[{kind}]"}


# Answers


def _chat(call: Recorded, turn: int) -> Answered:
    reply = chat.parsed(call.body, call.headers, name=call.model or "the model", turn=turn, wall_s=call.took_s)
    return Answered(reply=reply)


def _chat_stream(call: Recorded, turn: int) -> Answered:
    so_far, text, reasoning, seen = chunks.Assembled(), "", "", False
    for chunk in _events(call):
        added = chunks.read(chunk, so_far)
        text, reasoning = text + added.text, reasoning + added.reasoning
        seen = seen or bool(chunk.get("choices"))
    if not seen:
        raise ValueError("a stream without a choice")
    calls = [(one.id, one.name, one.arguments) for _, one in sorted(so_far.calls.items())]
    return Answered(
        reply=Reply(
            text=text,
            calls=_calls(calls, turn),
            reasoning=reasoning or None,
            finish_reason=so_far.finish_reason or ("tool_calls" if calls else "stop"),
            model=call.model,
        )
    )


def _of_messages(data: Mapping[str, Any], turn: int) -> Answered:
    told = {"messages": [_message({"role": "assistant", "content": data["content"]})]}
    reason = str(data.get("stop_reason") or "")
    return _told(messages.to_chat(told, Dialect()).fields["messages"], _FINISH.get(reason, "stop"), data, turn)


def _of_responses(data: Mapping[str, Any], turn: int) -> Answered:
    fields = responses.to_chat({"input": [_item(one) for one in data["output"]]}, Dialect()).fields
    why = (data.get("incomplete_details") or {}).get("reason")
    reason = {"max_output_tokens": "length", "content_filter": "content_filter"}.get(str(why))
    called = any(message.get("tool_calls") for message in fields["messages"])
    return _told(fields["messages"], reason or ("tool_calls" if called else "stop"), data, turn)


def _told(said: Iterable[Mapping[str, Any]], reason: str, data: Mapping[str, Any], turn: int) -> Answered:
    """One answer out of what the translation made of it."""
    text, reasoning, calls = "", "", list[tuple[Any, Any, str]]()
    for message in said:
        text += messages.text_of(message.get("content"))
        reasoning += str(message.get("reasoning_content") or "")
        for call in message.get("tool_calls") or ():
            calls.append((call["id"], call["function"]["name"], call["function"]["arguments"]))
    model, name = data.get("model"), data.get("id")
    return Answered(
        reply=Reply(
            text=text,
            calls=_calls(calls, turn),
            reasoning=reasoning or None,
            finish_reason=reason,
            model=model if isinstance(model, str) else None,
        ),
        id=name if isinstance(name, str) else None,
    )


def _calls(calls: Iterable[tuple[Any, Any, str]], turn: int) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(id=str(call_id or f"call_{turn}_{index}"), name=str(name or ""), arguments=arguments)
        for index, (call_id, name, arguments) in enumerate(calls, 1)
    )


def _events(call: Recorded) -> Iterable[dict[str, Any]]:
    return sse.data_of(call.body.splitlines())


def _completed(call: Recorded) -> Mapping[str, Any]:
    """The whole response, which the last event of its stream holds."""
    ends = ("response.completed", "response.incomplete")
    last = [event["response"] for event in _events(call) if event.get("type") in ends]
    response: Mapping[str, Any] = last[-1]
    return response


def _assembled(call: Recorded) -> Mapping[str, Any]:
    """The message that the events of a stream add up to."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    parts: dict[int, list[str]] = {}
    for event in _events(call):
        kind, index, delta = event.get("type"), event.get("index", 0), event.get("delta") or {}
        if kind == "message_start":
            whole = dict(event["message"])
        elif kind == "content_block_start":
            blocks[index] = dict(event["content_block"])
        elif kind == "content_block_delta" and "partial_json" in delta:
            parts.setdefault(index, []).append(delta["partial_json"])
        elif kind == "content_block_delta":
            for name in ("text", "thinking", "signature"):
                if name in delta:
                    blocks[index][name] = blocks[index].get(name, "") + delta[name]
        elif kind == "message_delta":
            whole |= {name: value for name, value in delta.items() if value is not None}
    for index, texts in parts.items():
        blocks[index]["input"] = _input("".join(texts))
    return {**whole, "content": [block for _, block in sorted(blocks.items())]}


def _input(text: str) -> Any:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return {"malformed": text}
