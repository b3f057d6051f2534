"""Anthropic Messages, translated to Chat Completions and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway.metering import usage_in
from pytest_agentcore.model.gateway.wires.asked import Asked, Dialect

STOP_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}
_TAKEN = frozenset(
    {
        "max_tokens",
        "messages",
        "model",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)


def to_chat(fields: Mapping[str, Any], dialect: Dialect) -> Asked:
    """The request in the words of Chat Completions.

    Raises:
        ValueError: it holds what has no place there; the text says what.
    """
    asked = Asked(dialect)
    system = fields.get("system")
    if system:
        asked.message("system", _blocks(system))
    for message in fields["messages"]:
        if not isinstance(message, Mapping):
            raise ValueError(f"a message must be an object, not {message!r:.60}")  # noqa: TRY004 - one kind of error
        if message.get("role") == "assistant":
            _assistant(asked, _blocks(message.get("content")))
        else:
            _user(asked, str(message.get("role") or "user"), _blocks(message.get("content")))
    for tool in fields.get("tools") or ():
        if tool.get("type", "custom") != "custom":
            asked.leave_out(f"tools.{tool.get('type')}")  # it runs at the provider
        else:
            asked.tool(tool.get("name"), tool.get("description"), tool.get("input_schema"))
    _choice(asked, fields.get("tool_choice"))
    asked.length(fields.get("max_tokens"))
    asked.set(
        temperature=fields.get("temperature"), top_p=fields.get("top_p"), stop=fields.get("stop_sequences") or None
    )
    for name in ("thinking", "top_k"):
        asked.rich(name, fields.get(name))
    asked.streamed(fields.get("stream"))
    for name in sorted(fields.keys() - _TAKEN):
        asked.leave_out(name)
    return asked


def from_chat(data: Mapping[str, Any]) -> dict[str, Any]:
    """A response of Chat Completions as a message.

    Raises:
        ValueError: it is no answer.
    """
    choice = (data.get("choices") or [None])[0]
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or not isinstance(choice, Mapping):
        raise ValueError(f"the answer has no choices: {json.dumps(data):.200}")  # noqa: TRY004 - one kind of error
    blocks: list[dict[str, Any]] = thinking_blocks(message)
    text = text_of(message.get("content")) or message.get("refusal")
    if text:
        blocks.append({"type": "text", "text": text})
    calls = message.get("tool_calls") or ()
    blocks += [
        {
            "type": "tool_use",
            "id": call.get("id") or f"toolu_{index}",
            "name": (call.get("function") or {}).get("name") or "",
            "input": arguments_of(call),
        }
        for index, call in enumerate(calls, 1)
    ]
    return {
        **envelope(data),
        "content": blocks,
        "stop_reason": stop_reason(
            choice.get("finish_reason"), calls=bool(calls), refused=bool(message.get("refusal"))
        ),
        "usage": told(usage_in(data)),
    }


def envelope(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says of itself before it says anything."""
    return {
        "id": f"msg_{data.get('id') or 0}",
        "type": "message",
        "role": "assistant",
        "model": str(data.get("model") or ""),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": told(None),
    }


def told(usage: Usage | None) -> dict[str, Any]:
    """Tokens as this wire counts them: input is what neither came from the cache nor went into it."""
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
    }


def stop_reason(reason: object, *, calls: bool, refused: bool = False) -> str:
    """Why it ended; a server may say ``stop`` after tool calls, or nothing."""
    if refused:
        return "refusal"
    if calls and reason in (None, "stop", "tool_calls", "function_call"):
        return "tool_use"
    return STOP_REASONS.get(str(reason), "end_turn")


def thinking_blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Reasoning as blocks, with the provider's signatures where there are any: without them it takes none back."""
    signed = message.get("thinking_blocks")
    if isinstance(signed, list) and signed:
        return [dict(block) for block in signed if isinstance(block, Mapping)]
    text = message.get("reasoning_content") or message.get("reasoning")
    return [{"type": "thinking", "thinking": text, "signature": ""}] if isinstance(text, str) and text else []


def arguments_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the object that this wire wants, whatever the model wrote."""
    text = (call.get("function") or {}).get("arguments")
    try:
        value = json.loads(text) if text else {}
    except (TypeError, ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"malformed": str(text)}


def text_of(content: object) -> str:
    """What was said, in one text; some servers send a list of parts."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))


def _blocks(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and all(isinstance(block, Mapping) for block in content):
        return content
    raise ValueError(f"content must be text or a list of blocks, not {content!r:.60}")


def _user(asked: Asked, role: str, blocks: list[Mapping[str, Any]]) -> None:
    """Results come first, each a message of its own; what else was said follows, and images that results held."""
    rest: list[Mapping[str, Any]] = []
    for block in blocks:
        if block.get("type") != "tool_result":
            rest.append(block)
            continue
        parts = _blocks(block.get("content") or "")
        shown = [part for part in parts if part.get("type") == "text"]
        pictures = [part for part in parts if part.get("type") != "text"]
        asked.result(block.get("tool_use_id"), shown)
        if pictures:
            rest += [{"type": "text", "text": f"From the result of {block.get('tool_use_id')}:"}, *pictures]
    if rest:
        asked.message(role, [_part(block) for block in rest])


def _part(block: Mapping[str, Any]) -> Mapping[str, Any]:
    kind, source = block.get("type"), block.get("source")
    if kind == "text":
        return block
    if kind not in ("image", "document") or not isinstance(source, Mapping):
        raise ValueError(f"a block of type {kind!r} has no place on the upstream's wire")
    if source.get("type") == "text":
        return {"type": "text", "text": str(source.get("data"))}
    url = source.get("url") if source.get("type") == "url" else None
    address = url or f"data:{source.get('media_type')};base64,{source.get('data')}"
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": address}}
    return {"type": "file", "file": {"filename": str(block.get("title") or "document.pdf"), "file_data": address}}


def _assistant(asked: Asked, blocks: list[Mapping[str, Any]]) -> None:
    texts, calls, thoughts = [], [], []
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            texts.append(str(block.get("text")))
        elif kind == "tool_use":
            calls.append((block.get("id"), block.get("name"), json.dumps(block.get("input"), ensure_ascii=False)))
        elif kind in ("thinking", "redacted_thinking"):
            thoughts.append(block)
        else:
            raise ValueError(f"a block of type {kind!r} has no place on the upstream's wire")
    asked.said("".join(texts), calls, thoughts)


def _choice(asked: Asked, choice: Any) -> None:
    if not choice:
        return
    kind = choice.get("type")
    names = {"auto": "auto", "any": "required", "none": "none"}
    asked.choice(names.get(kind) if kind != "tool" else None, choice.get("name"))
    if choice.get("disable_parallel_tool_use"):
        asked.set(parallel_tool_calls=False)
