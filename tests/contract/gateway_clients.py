"""The vendors' own Python clients, holding one and the same conversation on each wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anthropic
import openai

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
SYSTEM, PROMPT = "Be brief.", "List it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer as a client read it."""

    text: str
    reasoning: str
    calls: list[tuple[str, dict[str, Any]]]
    stop: str
    input_tokens: int
    """All of the prompt, cached tokens included."""
    cached_tokens: int
    output_tokens: int


def _openai(url: str, token: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=token, max_retries=0, timeout=60)


def chat(url: str, token: str, *, stream: bool, model: str = "any", prompt: str = PROMPT) -> list[Said]:
    """On Chat Completions."""
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    told: list[Any] = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": [{"type": "text", "text": prompt}, image]},
    ]
    function = {"name": "shell", "description": "Run", "parameters": SCHEMA}
    given: dict[str, Any] = {"model": model, "tools": [{"type": "function", "function": function}]}
    said: list[Said] = []
    with _openai(url, token) as client:
        while not said or said[-1].calls:
            if stream:
                with client.chat.completions.stream(
                    messages=told, stream_options={"include_usage": True}, **given
                ) as events:
                    answer: Any = events.get_final_completion()
            else:
                answer = client.chat.completions.create(messages=told, **given)
            choice, usage = answer.choices[0], answer.usage
            calls = choice.message.tool_calls or []
            details = usage.prompt_tokens_details
            said.append(
                Said(
                    text=choice.message.content or "",
                    reasoning=getattr(choice.message, "reasoning_content", None) or "",
                    calls=[(call.function.name, json.loads(call.function.arguments)) for call in calls],
                    stop=choice.finish_reason,
                    input_tokens=usage.prompt_tokens,
                    cached_tokens=(details.cached_tokens or 0) if details else 0,
                    output_tokens=usage.completion_tokens,
                )
            )
            told.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
            told += [{"role": "tool", "tool_call_id": call.id, "content": f"out of {call.id}"} for call in calls]
    return said


def responses(url: str, token: str, *, stream: bool, model: str = "any", prompt: str = PROMPT) -> list[Said]:
    """On Responses."""
    image = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PIXEL}"}
    told: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": prompt}, image]}]
    tool = {"type": "function", "name": "shell", "description": "Run", "parameters": SCHEMA, "strict": False}
    given: dict[str, Any] = {"model": model, "instructions": SYSTEM, "tools": [tool], "store": False}
    said: list[Said] = []
    with _openai(url, token) as client:
        while not said or said[-1].calls:
            if stream:
                with client.responses.stream(input=told, **given) as events:
                    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
                    answer: Any = events.get_final_response()
                    assert "".join(texts) == answer.output_text
            else:
                answer = client.responses.create(input=told, **given)
            thoughts = [part.text for item in answer.output if item.type == "reasoning" for part in item.content or ()]
            calls = [item for item in answer.output if item.type == "function_call"]
            said.append(
                Said(
                    text=answer.output_text,
                    reasoning="".join(thoughts),
                    calls=[(call.name, json.loads(call.arguments)) for call in calls],
                    stop=answer.status,
                    input_tokens=answer.usage.input_tokens,
                    cached_tokens=answer.usage.input_tokens_details.cached_tokens,
                    output_tokens=answer.usage.output_tokens,
                )
            )
            told += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]
            told += [
                {"type": "function_call_output", "call_id": call.call_id, "output": f"out of {call.call_id}"}
                for call in calls
            ]
    return said


def messages(url: str, token: str, *, stream: bool, model: str = "any", prompt: str = PROMPT) -> list[Said]:
    """On Anthropic Messages."""
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    first = [{"type": "text", "text": prompt}, {"type": "image", "source": source}]
    told: list[Any] = [{"role": "user", "content": first}]
    tool = {"name": "shell", "description": "Run", "input_schema": SCHEMA}
    given: dict[str, Any] = {"model": model, "max_tokens": 500, "system": SYSTEM, "tools": [tool]}
    said: list[Said] = []
    with anthropic.Anthropic(base_url=url, api_key=token, max_retries=0, timeout=60) as client:
        while not said or said[-1].calls:
            if stream:
                with client.messages.stream(messages=told, **given) as events:
                    answer: Any = events.get_final_message()
            else:
                answer = client.messages.create(messages=told, **given)
            blocks, usage = answer.content, answer.usage
            calls = [block for block in blocks if block.type == "tool_use"]
            cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
            said.append(
                Said(
                    text="".join(block.text for block in blocks if block.type == "text"),
                    reasoning="".join(block.thinking for block in blocks if block.type == "thinking"),
                    calls=[(call.name, call.input) for call in calls],
                    stop=answer.stop_reason,
                    input_tokens=usage.input_tokens + cached + written,
                    cached_tokens=cached,
                    output_tokens=usage.output_tokens,
                )
            )
            told.append({"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in blocks]})
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": f"out of {call.id}"} for call in calls
            ]
            told.append({"role": "user", "content": results})
    return said


CONVERSATIONS: dict[str, Callable[..., list[Said]]] = {"chat": chat, "responses": responses, "messages": messages}
STOPS = {
    "chat": ["tool_calls", "stop"],
    "responses": ["completed", "completed"],
    "messages": ["tool_use", "end_turn"],
}
