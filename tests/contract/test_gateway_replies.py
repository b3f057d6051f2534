"""Answers of odd servers as values, or as errors that say what is wrong with them."""

from __future__ import annotations

import json

import pytest

from pytest_agentcore.errors import (
    ModelUnavailable,
)
from pytest_agentcore.model.chat import parsed


def test_replies_of_odd_servers() -> None:
    message = {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b"},
        ],
        "tool_calls": [
            {"type": "function", "function": {"name": "shell", "arguments": {"command": "ls"}}},
            {"id": "x", "function": {"name": None}},
        ],
    }
    body = json.dumps({"choices": [{"message": message, "finish_reason": None}]}).encode()

    reply = parsed(body, {}, name="m", turn=3, wall_s=0.0)

    assert (reply.text, reply.reasoning, reply.finish_reason, reply.model) == ("ab", "hm", "tool_calls", None)
    assert [(call.id, call.name, call.arguments) for call in reply.calls] == [
        ("call_3_1", "shell", '{"command": "ls"}'),
        ("x", "", "{}"),
    ]
    assert reply.message["role"] == "assistant"
    assert reply.message["tool_calls"][0]["id"] == "call_3_1"
    assert (reply.usage.estimated, reply.usage.cost_usd) == (True, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"choices": null}',
        b'{"choices": [null]}',
        b'{"choices": [{"message": null}]}',
        b"[" * 100_000,
        b'{"choices": [{"message": {"tool_calls": {"a": 1}}}]}',
        b'{"choices": [{"message": {"tool_calls": [1]}}]}',
    ],
)
def test_answers_that_are_none(body: bytes) -> None:
    with pytest.raises(ModelUnavailable, match=r"^m: the answer") as caught:
        parsed(body, {}, name="m", turn=1, wall_s=0.0)

    assert len(str(caught.value)) < 250
