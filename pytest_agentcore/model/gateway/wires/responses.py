"""OpenAI Responses, translated to Chat Completions and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway.metering import usage_in
from pytest_agentcore.model.gateway.wires.asked import Asked, Dialect
from pytest_agentcore.model.gateway.wires.messages import text_of

_TAKEN = frozenset(
    {
        "input",
        "instructions",
        "max_output_tokens",
        "model",
        "parallel_tool_calls",
        "reasoning",
        "stream",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_p",
    }
)
_STATEFUL = ("previous_response_id", "conversation", "background", "prompt")
_ECHOED = ("instructions", "max_output_tokens", "temperature", "top_p", "tools", "metadata", "reasoning", "text")
FREE_FORM = "input"
"""The one parameter of a custom tool, which takes any text, as a function of the other wire."""
_FREE_FORM_SCHEMA = {"type": "object", "properties": {FREE_FORM: {"type": "string"}}, "required": [FREE_FORM]}


def to_chat(fields: Mapping[str, Any], dialect: Dialect) -> Asked:
    """The request in the words of Chat Completions.

    Raises:
        ValueError: it holds what has no place there; the text says what.
    """
    asked = Asked(dialect)
    for name in _STATEFUL:
        if fields.get(name):
            raise ValueError(f"{name!r} needs a server that keeps what was said; send all of it as 'input'")
    if fields.get("instructions"):
        asked.message("system", [{"type": "text", "text": str(fields["instructions"])}])
    said = fields["input"]
    _items(asked, [{"role": "user", "content": said}] if isinstance(said, str) else said)
    for tool in fields.get("tools") or ():
        _tool(asked, tool)
    choice = fields.get("tool_choice")
    asked.choice(*(choice, None) if isinstance(choice, str) else (None, (choice or {}).get("name")))
    asked.length(fields.get("max_output_tokens"))
    asked.set(temperature=fields.get("temperature"), top_p=fields.get("top_p"))
    if "tools" in asked.fields:
        asked.set(parallel_tool_calls=fields.get("parallel_tool_calls"))
    asked.rich("reasoning_effort", (fields.get("reasoning") or {}).get("effort"))
    _format(asked, fields.get("text") or {})
    asked.streamed(fields.get("stream"))
    for name in sorted(fields.keys() - _TAKEN):
        asked.leave_out(name)
    return asked


def from_chat(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A response of Chat Completions in the words of this wire; ``fields`` are the request's.

    Raises:
        ValueError: it is no answer.
    """
    choice = (data.get("choices") or [None])[0]
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(choice, Mapping):
        raise ValueError(f"the answer has no choices: {json.dumps(data):.200}")  # noqa: TRY004 - one kind of error
    output: list[dict[str, Any]] = []
    thought = str(message.get("reasoning_content") or message.get("reasoning") or "")
    signed = message.get("thinking_blocks") or []
    if thought or signed:
        output.append(reasoning_item(len(output), thought, signed))
    text = text_of(message.get("content"))
    if text or message.get("refusal"):
        output.append(message_item(len(output), text, refusal=message.get("refusal")))
    for index, call in enumerate(message.get("tool_calls") or (), 1):
        function = call.get("function") or {}
        name, arguments = str(function.get("name") or ""), str(function.get("arguments") or "")
        output.append(call_item(len(output), call.get("id") or f"call_{index}", name, arguments, custom_of(fields)))
    return ended(envelope(data, fields), output, choice.get("finish_reason"), usage_in(data))


def envelope(head: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A response before it says anything."""
    return {
        "id": f"resp_{head.get('id') or 0}",
        "object": "response",
        "created_at": head.get("created") or 0,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": str(head.get("model") or ""),
        "output": [],
        "parallel_tool_calls": fields.get("parallel_tool_calls", True),
        "tool_choice": fields.get("tool_choice") or "auto",
        "usage": None,
        **{name: fields.get(name) for name in _ECHOED},
        "tools": fields.get("tools") or [],
    }


def ended(
    response: Mapping[str, Any], output: Sequence[Mapping[str, Any]], reason: object, usage: Usage | None
) -> dict[str, Any]:
    """The same response at its end."""
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(str(reason))
    return {
        **response,
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "output": list(output),
        "usage": _told(usage),
    }


def message_item(index: int, text: str, *, refusal: Any = None) -> dict[str, Any]:
    """What was said."""
    part = (
        {"type": "refusal", "refusal": refusal}
        if refusal
        else {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    )
    return {"id": f"msg_{index}", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def reasoning_item(index: int, text: str, signed: Sequence[Any]) -> dict[str, Any]:
    """What was thought; signed blocks travel in the member that clients send back unread."""
    content = [{"type": "reasoning_text", "text": text}] if text else []
    item: dict[str, Any] = {"id": f"rs_{index}", "type": "reasoning", "summary": [], "content": content}
    if signed:
        item["encrypted_content"] = base64.b64encode(json.dumps(signed).encode()).decode()
    return item


def call_item(index: int, call_id: str, name: str, arguments: str, custom: frozenset[str]) -> dict[str, Any]:
    """A tool call."""
    head = {"id": f"fc_{index}", "call_id": call_id, "name": name, "status": "completed"}
    if name not in custom:
        return {**head, "type": "function_call", "arguments": arguments or "{}"}
    return {**head, "type": "custom_tool_call", "input": free_form(arguments)}


def free_form(arguments: str) -> str:
    """The text given to a custom tool."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return str(value.get(FREE_FORM, arguments)) if isinstance(value, dict) else arguments


def custom_of(fields: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tools that take free text."""
    tools = fields.get("tools") or ()
    return frozenset(str(one.get("name")) for one in tools if isinstance(one, Mapping) and one.get("type") == "custom")


def _told(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.tokens,
    }


class _Answer:
    """Adjacent items of the model are one message on the other wire."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls: list[tuple[Any, Any, str]] = []
        self.thoughts: list[Mapping[str, Any]] = []

    def into(self, asked: Asked) -> None:
        if self.texts or self.calls or self.thoughts:
            asked.said("".join(self.texts), self.calls, self.thoughts)
        self.__init__()  # type: ignore[misc]


def _items(asked: Asked, items: Sequence[Any]) -> None:
    answer = _Answer()
    for item in items:
        if not isinstance(item, Mapping):
            raise ValueError(f"an item of 'input' must be an object, not {item!r:.60}")  # noqa: TRY004 - one kind
        kind = item.get("type") or "message"
        if kind == "message" and item.get("role") == "assistant":
            answer.texts.append(text_of(item.get("content")))
        elif kind == "reasoning":
            answer.thoughts += _thoughts(item)
        elif kind == "function_call":
            answer.calls.append((item.get("call_id"), item.get("name"), str(item.get("arguments") or "")))
        elif kind == "custom_tool_call":
            text = json.dumps({FREE_FORM: item.get("input")}, ensure_ascii=False)
            answer.calls.append((item.get("call_id"), item.get("name"), text))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            answer.into(asked)
            _result(asked, item)
        elif kind == "message":
            answer.into(asked)
            role = str(item.get("role") or "user")
            asked.message("system" if role == "developer" else role, _parts(item.get("content")))
        else:
            raise ValueError(f"an item of type {kind!r} has no place on the upstream's wire")
    answer.into(asked)


def _result(asked: Asked, item: Mapping[str, Any]) -> None:
    parts = _parts(item.get("output") or "")
    asked.result(item.get("call_id"), [part for part in parts if part.get("type") == "text"])
    pictures = [part for part in parts if part.get("type") != "text"]
    if pictures:
        asked.message("user", [{"type": "text", "text": f"From the result of {item.get('call_id')}:"}, *pictures])


def _parts(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise ValueError(f"content must be text or a list of parts, not {content!r:.60}")  # noqa: TRY004 - one kind
    return [_part(part) for part in content]


def _part(part: Any) -> Mapping[str, Any]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in ("input_text", "output_text", "text", "summary_text"):
        return {"type": "text", "text": str(part.get("text"))}
    if kind == "refusal":
        return {"type": "text", "text": str(part.get("refusal"))}
    if kind == "input_image" and part.get("image_url"):
        image = {"url": part["image_url"], **({"detail": part["detail"]} if part.get("detail") else {})}
        return {"type": "image_url", "image_url": image}
    if kind == "input_file" and part.get("file_data"):
        return {"type": "file", "file": {name: part[name] for name in ("filename", "file_data") if part.get(name)}}
    raise ValueError(f"a part of type {kind!r} has no place on the upstream's wire")


def _thoughts(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        signed = json.loads(base64.b64decode(item.get("encrypted_content") or "", validate=True))
    except (ValueError, TypeError, RecursionError):
        signed = None  # somebody else's
    if isinstance(signed, list) and all(isinstance(block, Mapping) for block in signed):
        return signed
    text = text_of(item.get("content")) or text_of(item.get("summary"))
    return [{"type": "thinking", "thinking": text}] if text else []


def _tool(asked: Asked, tool: Mapping[str, Any]) -> None:
    kind = tool.get("type")
    if kind == "function":
        asked.tool(tool.get("name"), tool.get("description"), tool.get("parameters"), strict=tool.get("strict"))
    elif kind == "custom":
        asked.tool(tool.get("name"), tool.get("description"), _FREE_FORM_SCHEMA)
    else:
        asked.leave_out(f"tools.{kind}")  # it runs at the provider


def _format(asked: Asked, text: Mapping[str, Any]) -> None:
    wanted = text.get("format") or {}
    if wanted.get("type") == "json_schema":
        schema = {name: wanted[name] for name in ("name", "schema", "strict", "description") if wanted.get(name)}
        asked.set(response_format={"type": "json_schema", "json_schema": schema})
    elif wanted.get("type") == "json_object":
        asked.set(response_format={"type": "json_object"})
    if text.get("verbosity"):
        asked.leave_out("text.verbosity")
