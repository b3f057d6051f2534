"""The Chat Completions wire, as the built-in loop speaks it: a conversation there, one message back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.trajectory import Reply, ToolCall, ToolResult, ToolSpec, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ModelUnavailable
from pytest_agentcore.model.gateway import protocol


def messages(system: str, prompt: str, turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """The conversation in the words of Chat Completions; what the model said goes back as it said it."""
    told: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    told.append({"role": "user", "content": prompt})
    for turn in turns:
        told.append(dict(turn.reply.message) or _written(turn.reply))
        told += [_told(result) for result in turn.results]
    return told


def parsed(body: bytes, headers: Mapping[str, str], *, name: str, turn: int, wall_s: float) -> Reply:
    """A Chat Completions response as a value.

    Raises:
        ModelUnavailable: it is no JSON, has no choice or no message.
    """
    message, choice, data = _message(body, name)
    calls = []
    for index, call in enumerate(message.get("tool_calls") or (), 1):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise ModelUnavailable(f"{name}: the answer holds a tool call that is none: {excerpt(json.dumps(call))}")
        if not call.get("id"):
            call["id"] = f"call_{turn}_{index}"  # the result must name its call, so the echo needs it too
        said = function.get("arguments")
        arguments = said if isinstance(said, str) else json.dumps({} if said is None else said)
        calls.append(ToolCall(id=str(call["id"]), name=str(function.get("name") or ""), arguments=arguments))
    text, thought = _texts(message.get("content"))
    reasoning = message.get("reasoning_content") or message.get("reasoning") or thought
    return Reply(
        text=text or str(message.get("refusal") or ""),
        calls=tuple(calls),
        reasoning=str(reasoning) if reasoning else None,
        finish_reason=str(choice.get("finish_reason") or ("tool_calls" if calls else "stop")),
        usage=_usage(headers),
        model=data["model"] if isinstance(data.get("model"), str) else None,
        message={"role": "assistant", **message},
        wall_s=wall_s,
        waited_s=int(headers.get(protocol.WAITED_MS, 0)) / 1000,
        replayed_s=int(headers.get(protocol.REPLAYED_MS, 0)) / 1000,
    )


def _message(body: bytes, name: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelUnavailable(f"{name}: the answer is no JSON: {excerpt(body.decode('utf-8', 'replace'))}") from None
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not choices:
        raise ModelUnavailable(f"{name}: the answer has no choices: {excerpt(json.dumps(data))}")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict) or not isinstance(message.get("tool_calls") or [], list):
        raise ModelUnavailable(f"{name}: the answer has no message: {excerpt(json.dumps(choice))}")
    return message, choice, data


def _texts(content: object) -> tuple[str, str]:
    """What was said and what was thought; some servers send a list of parts."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), ""
    parts = [part for part in content if isinstance(part, dict)]
    said = "".join(str(part["text"]) for part in parts if part.get("type") == "text" and part.get("text"))
    thoughts = [part.get("thinking") for part in parts if part.get("type") == "thinking"]
    return said, "".join(_texts(one)[0] if isinstance(one, list) else str(one or "") for one in thoughts)


def _usage(headers: Mapping[str, str]) -> Usage:
    """As the gateway counted it, so that a run's turns and its ledger agree."""
    cost = headers.get(protocol.COST_USD)
    counted = json.loads(headers.get(protocol.USAGE, '{"estimated": true}'))
    return Usage(calls=1, cost_usd=Decimal(cost) if cost is not None else None, **counted)


def function(tool: ToolSpec) -> dict[str, Any]:
    """A tool as this wire describes it."""
    return {"type": "function", "function": _described(tool)}


def _described(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def _told(result: ToolResult) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": result.call_id, "content": result.content}


def _written(reply: Reply) -> dict[str, Any]:
    """A reply that has no raw message: one of a scripted model, or of another wire."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in reply.calls
    ]
    return {"role": "assistant", "content": reply.text or None, **({"tool_calls": calls} if calls else {})}


def excerpt(text: str, limit: int = 160) -> str:
    """The beginning of a text on one printable line."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
