"""Translation between wires, request by request and answer by answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.model.gateway.protocol import Wire
from pytest_agentcore.model.gateway.request import _scan, parse
from pytest_agentcore.model.gateway.wires import messages, responses
from pytest_agentcore.model.gateway.wires.asked import Dialect
from pytest_agentcore.model.gateway.wires.messages_stream import MessagesStream
from pytest_agentcore.model.gateway.wires.responses_stream import ResponsesStream

PLAIN, RICH = Dialect(), Dialect(rich=True)
PATCH = {"type": "custom", "name": "apply_patch", "description": "Patch", "format": {"type": "text"}}


def call(index: int, arguments: str, name: str = "shell") -> dict[str, Any]:
    return {
        "id": f"c{index}",
        "index": index,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def chunk(**delta: Any) -> dict[str, Any]:
    return {"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def events(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[5:]) for line in data.decode().splitlines() if line.startswith("data:")]


def test_a_conversation_of_messages() -> None:
    image = {"type": "image", "source": {"type": "url", "url": "http://h/a.png"}}
    asked = messages.to_chat(
        {
            "system": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "b"},
            ],
            "messages": [
                {"role": "user", "content": "hi"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "s"},
                        {"type": "text", "text": "ok"},
                        {"type": "tool_use", "id": "t1", "name": "look", "input": {"é": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t1",
                            "content": [{"type": "text", "text": "out"}, image],
                        },
                        {"type": "text", "text": "and now"},
                    ],
                },
            ],
            "tools": [{"name": "look", "input_schema": {"type": "object"}}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
            "max_tokens": 5,
            "stop_sequences": ["x"],
        },
        PLAIN,
    ).fields

    assert [one["role"] for one in asked["messages"]] == ["system", "user", "assistant", "tool", "user"]
    assert asked["messages"][0]["content"] == "a\nb"
    assert asked["messages"][2] == {
        "role": "assistant",
        "content": "ok",
        "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"é": 1}'}}],
        "reasoning_content": "hm",
    }
    assert asked["messages"][3] == {"role": "tool", "tool_call_id": "t1", "content": "out"}
    assert [part["type"] for part in asked["messages"][4]["content"]] == ["text", "image_url", "text"]
    assert (asked["tool_choice"], asked["parallel_tool_calls"]) == ("required", False)
    assert (asked["max_tokens"], asked["stop"]) == (5, ["x"])


def test_signatures_and_cache_marks_go_where_they_are_understood() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    marked = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    said = [{"role": "user", "content": [marked]}, {"role": "assistant", "content": [block]}]

    rich = messages.to_chat({"messages": said, "thinking": {"type": "enabled"}}, RICH).fields
    plain = messages.to_chat({"messages": said, "thinking": {"type": "enabled"}}, PLAIN)

    assert rich["messages"][0]["content"] == [marked]
    assert rich["messages"][1]["thinking_blocks"] == [block]
    assert rich["thinking"] == {"type": "enabled"}
    assert plain.fields["messages"][0]["content"] == "a"
    assert "thinking_blocks" not in plain.fields["messages"][1]
    assert plain.left_out == ["thinking"]


def test_a_conversation_of_responses() -> None:
    asked = responses.to_chat(
        {
            "instructions": "be brief",
            "input": [
                {"role": "developer", "content": "rules"},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ok"}]},
                {"type": "function_call", "call_id": "c1", "name": "shell", "arguments": "{}"},
                {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** é"},
                {"type": "function_call_output", "call_id": "c1", "output": "one"},
                {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
            ],
            "tools": [{"type": "function", "name": "shell", "parameters": {}}, PATCH, {"type": "web_search"}],
            "tool_choice": {"type": "function", "name": "shell"},
            "max_output_tokens": 7,
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}},
            "reasoning": {"effort": "high"},
            "include": ["reasoning.encrypted_content"],
        },
        Dialect(length="max_completion_tokens"),
    )
    fields = asked.fields

    assert [one["role"] for one in fields["messages"]] == ["system", "system", "user", "assistant", "tool", "tool"]
    assert fields["messages"][3]["reasoning_content"] == "hm"
    assert [one["function"]["arguments"] for one in fields["messages"][3]["tool_calls"]] == ["{}", '{"input": "*** é"}']
    assert [one["content"] for one in fields["messages"][4:]] == ["one", "two"]
    assert [tool["function"]["name"] for tool in fields["tools"]] == ["shell", "apply_patch"]
    assert fields["tool_choice"] == {"type": "function", "function": {"name": "shell"}}
    assert (fields["max_completion_tokens"], fields["response_format"]["type"]) == (7, "json_schema")
    assert asked.left_out == ["tools.web_search", "reasoning_effort", "include"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"input": "x", "previous_response_id": "r"}, "previous_response_id"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "item_reference"),
        ({"input": [5]}, "must be an object"),
        ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input_audio"),
    ],
)
def test_what_has_no_place_is_said(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        responses.to_chat(fields, PLAIN)


def test_a_custom_tool_takes_free_text_both_ways() -> None:
    fields = {"input": "x", "tools": [PATCH]}
    message = {"content": None, "tool_calls": [call(0, '{"input": "*** Begin"}', "apply_patch")]}
    whole = responses.from_chat({"id": "x", "choices": [{"message": message}]}, fields)
    stream = ResponsesStream(fields)
    streamed = events(
        stream.feed(chunk(tool_calls=[call(0, "", "apply_patch")]))
        + stream.feed(chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"input": "*** Begin"}'}}]))
        + stream.end()
    )

    for item in (whole["output"][0], streamed[-1]["response"]["output"][0]):
        assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "apply_patch", "*** Begin")
    assert [one["sequence_number"] for one in streamed] == list(range(len(streamed)))


def test_signed_thinking_survives_a_client_of_responses() -> None:
    stream = ResponsesStream({"input": "x"})
    data = stream.feed(chunk(reasoning_content="h")) + stream.feed(chunk(reasoning_content="m"))
    data += stream.feed(chunk(thinking_blocks=[{"type": "thinking", "thinking": "", "signature": "s", "index": 0}]))
    data += stream.feed(chunk(content="ok")) + stream.end()
    output = events(data)[-1]["response"]["output"]

    asked = responses.to_chat({"input": [*output, {"role": "user", "content": "go on"}]}, RICH).fields

    assert asked["messages"][0]["thinking_blocks"] == [{"type": "thinking", "thinking": "hm", "signature": "s"}]
    assert asked["messages"][0]["content"] == "ok"


@pytest.mark.parametrize("encoder", [MessagesStream, lambda: ResponsesStream({"input": "x"})])
def test_calls_whose_pieces_are_mixed_are_put_together(encoder: Any) -> None:
    stream = encoder()
    pieces = [
        call(0, ""),
        call(1, '{"b"'),
        {"index": 0, "function": {"arguments": '{"a"'}},
        {"index": 1, "function": {"arguments": ": 2}"}},
        {"index": 0, "function": {"arguments": ": 1}"}},
    ]
    told = events(b"".join(stream.feed(chunk(tool_calls=[piece])) for piece in pieces) + stream.end())

    if isinstance(stream, MessagesStream):
        inputs = {0: "", 1: ""}
        for one in told:
            if one["type"] == "content_block_delta":
                inputs[one["index"]] += one["delta"]["partial_json"]
        assert list(inputs.values()) == ['{"a": 1}', '{"b": 2}']
        assert told[-2]["delta"]["stop_reason"] == "tool_use"
        starts = [one["index"] for one in told if one["type"] == "content_block_start"]
        stops = [one["index"] for one in told if one["type"] == "content_block_stop"]
        assert starts == stops == [0, 1]
    else:
        assert [one["arguments"] for one in told[-1]["response"]["output"]] == ['{"a": 1}', '{"b": 2}']


@pytest.mark.parametrize(
    ("reason", "message", "of_messages", "of_responses"),
    [
        ("stop", {"content": "x"}, "end_turn", "completed"),
        ("length", {"content": "x"}, "max_tokens", "incomplete"),
        ("content_filter", {"content": ""}, "refusal", "incomplete"),
        ("stop", {"refusal": "no"}, "refusal", "completed"),
        (None, {"tool_calls": [call(0, '{"a')]}, "tool_use", "completed"),
    ],
)
def test_why_it_ended(reason: str | None, message: dict[str, Any], of_messages: str, of_responses: str) -> None:
    data = {"id": "x", "model": "m", "choices": [{"message": message, "finish_reason": reason}]}

    told = messages.from_chat(data)

    assert told["stop_reason"] == of_messages
    assert responses.from_chat(data, {"input": "x"})["status"] == of_responses
    for block in told["content"]:
        if block["type"] == "tool_use":
            assert block["input"] == {"malformed": '{"a'}


def test_an_empty_stream_is_still_an_answer() -> None:
    assert [one["type"] for one in events(MessagesStream().end())] == ["message_start", "message_delta", "message_stop"]
    assert events(ResponsesStream({"input": "x"}).end())[-1]["type"] == "response.completed"


@settings(database=None, deadline=None)
@given(
    data=st.dictionaries(
        st.sampled_from(["model", "messages", "a", "mod\u00e9l"]),
        st.sampled_from(["model", '"model"', 'x"model":', ["model"], {"model": 1}, 5, [], "\u00e9"]),
    ),
    ascii_only=st.booleans(),
)
def test_the_quick_way_to_read_a_request_agrees_with_the_careful_one(data: dict[str, Any], *, ascii_only: bool) -> None:
    text = json.dumps({**data, "messages": []}, ensure_ascii=ascii_only)

    request = parse(text.encode(), Wire.CHAT)

    assert (request.fields, request.model_at, request.opens_at) == _scan(text)


def test_a_model_spelled_with_an_escape_is_found() -> None:
    body = rb'{"messages": [{"model": 1}], "m\u006fdel": "a"}'

    assert parse(body).named("b") == rb'{"messages": [{"model": 1}], "m\u006fdel": "b"}'


def test_what_only_the_language_takes_for_json_is_read_all_the_same() -> None:
    """Some clients and servers write NaN, and half of a character as an escape."""
    body = rb'{"model": "a", "max_tokens": 7, "messages": ["\ud800"], "x": [NaN, 123456789012345678901234567890]}'

    request = parse(body)

    assert (request.terms.max_tokens, request.fields["messages"]) == (7, ["\ud800"])
    assert request.named("b") == body.replace(b'"a"', b'"b"')


def test_numbers_that_fit_no_machine_word_are_not_rounded() -> None:
    assert (
        parse(rb'{"messages": [], "x": 123456789012345678901234567890}').fields["x"] == 123456789012345678901234567890
    )
