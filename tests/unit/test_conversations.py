"""Recorded calls put together again: what one agent said, what its sub-agents said, and what nobody can tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.domain.conversation import Conversation
from pytest_agentcore.domain.trajectory import Reply, StopReason, ToolCall, ToolResult, ToolSpec, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.formats.atif_wire import conversations_to_atif
from pytest_agentcore.model import chat
from pytest_agentcore.model.cassette import Recorded
from pytest_agentcore.model.conversations import conversations
from tests.unit.atif_format import validate
from tests.unit.sample_values import SOME

Message = dict[str, Any]
TASK = "Look into the log for the cause, and say it in one line."


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def said(text: str = "", *calls: tuple[str, str, str]) -> Message:
    """An answer; calls are (id, tool, JSON text)."""
    told = [{"id": i, "type": "function", "function": {"name": n, "arguments": a}} for i, n, a in calls]
    return {"role": "assistant", "content": text or None, **({"tool_calls": told} if told else {})}


def result(call_id: str, text: str) -> Message:
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def call(seq: int, messages: Sequence[Message], answer: Message | None, **members: Any) -> Recorded:
    """A call of Chat Completions; no answer for one that failed."""
    choice = {
        "index": 0,
        "message": answer,
        "finish_reason": "tool_calls" if (answer or {}).get("tool_calls") else "stop",
    }
    return Recorded(
        seq=seq,
        path="/v1/chat/completions",
        request=json.dumps({"messages": list(messages)}),
        status=503 if answer is None else 200,
        content_type="application/json",
        body=json.dumps({"choices": [choice], "model": "m"}).encode(),
        headers=members.pop("headers", {"x-agentcore-error": "unavailable"} if answer is None else {}),
        usage={"input_tokens": 10, "output_tokens": 2},
        cost_usd="0.001",
        **members,
    )


def shape(found: Conversation) -> list[str]:
    """What was said and heard, one text a step."""
    told = [f"user {found.trajectory.prompt}", *(f"user {text}" for text in found.said.get(0, ()))]
    for number, turn in enumerate(found.trajectory.turns):
        mark = "copied" if number in found.copied else "agent"
        told.append(" ".join(filter(None, [mark, turn.reply.text, *(one.name for one in turn.reply.calls)])))
        told += [f"tool {one.content}" for one in turn.results]
        told += [f"user {text}" for text in found.said.get(number + 1, ())]
    return told


LIST = ("c1", "shell", '{"command": "ls"}')
START = [{"role": "system", "content": "Be brief."}, user("Go.")]


def test_one_conversation_of_two_calls() -> None:
    """Text and ids may come back changed in form; the same was said."""
    echo = {**said("I look.", ("c1", "shell", '{"command":"ls"}')), "reasoning_content": "hm"}
    first = call(1, START, said("I look. ", LIST))
    (found,) = conversations([first, call(2, [*START, echo, result("c1", "a.py")], said("Done."))])

    assert shape(found) == ["user Go.", "agent I look.  shell", "tool a.py", "agent Done."]
    assert (found.trajectory.system_prompt, found.trajectory.stop_reason) == ("Be brief.", StopReason.FINISHED)
    assert found.stop_known


def test_a_call_that_was_tried_again_is_one_turn() -> None:
    """The client asks once more after a failure, or after half an answer."""
    calls = [
        call(1, START, None),
        call(2, START, said("half"), complete=False),
        call(3, START, said("Done.")),
    ]
    (found,) = conversations(calls)

    assert shape(found) == ["user Go.", "agent Done."]


def test_what_the_user_says_meanwhile_stands_where_he_said_it() -> None:
    first = [*START, user("A reminder.")]
    calls = [
        call(1, first, said("", LIST)),
        call(2, [*first, said("", LIST), result("c1", "a.py"), user("Hurry.")], said("Done.")),
        call(
            3, [*first, said("", LIST), result("c1", "a.py"), user("Hurry."), said("Done."), user("More.")], said("No.")
        ),
    ]
    (found,) = conversations(calls)

    told = ["user Go.", "user A reminder.", "agent shell", "tool a.py", "user Hurry.", "agent Done.", "user More."]
    assert shape(found) == [*told, "agent No."]
    steps = conversations_to_atif([found], session_id="s", agent_name="a", agent_version="1")["steps"]
    assert [step["source"] for step in steps] == ["system", "user", "user", "agent", "user", "agent", "user", "agent"]


@pytest.fixture
def family() -> tuple[Conversation, ...]:
    """An agent that starts two sub-agents side by side, after a call for a title."""
    start = [user("Find the bug, please.")]
    other = "Look into the tests: which of them fail?"
    both = said("", ("t1", "Task", json.dumps({"prompt": TASK})), ("t2", "Task", json.dumps({"prompt": other})))
    log, tests = [user(TASK)], [user(f"Context.\n{other}")]
    return conversations(
        [
            call(1, [user("A title for: Find the bug, please.")], said("Bug hunt")),
            call(2, start, both),
            call(3, log, said("", LIST)),
            call(4, tests, said("", LIST)),
            call(5, [*log, said("", LIST), result("c1", "log")], said("The disk.")),
            call(6, [*tests, said("", LIST), result("c1", "tests")], said("None.")),
            call(7, [*start, both, result("t1", "The disk."), result("t2", "None.")], said("It is the disk.")),
        ]
    )


def test_sub_agents_are_conversations_of_their_own(family: tuple[Conversation, ...]) -> None:
    """The same tool ids in both of them confuse nobody."""
    assert [shape(one)[-1] for one in family] == [
        "agent Bug hunt",
        "agent It is the disk.",
        "agent The disk.",
        "agent None.",
    ]
    begun = [
        one.started_by and (one.started_by.conversation, one.started_by.turn, one.started_by.call_id) for one in family
    ]
    assert begun == [None, None, (1, 0, "t1"), (1, 0, "t2")]
    assert [shape(one)[2] for one in family[2:]] == ["tool log", "tool tests"]


def test_the_document_refers_to_its_sub_agents(family: tuple[Conversation, ...]) -> None:
    """The run's own conversation is the root; its cost is that of all."""
    told = conversations_to_atif(family, session_id="s", agent_name="a", agent_version="1")

    validate(told)
    assert told["steps"][-1]["message"] == "It is the disk."
    embedded = {one["trajectory_id"]: one["steps"][-1]["message"] for one in told["subagent_trajectories"]}
    results = told["steps"][1]["observation"]["results"]
    refs = [[ref["trajectory_id"] for ref in one["subagent_trajectory_ref"]] for one in results]
    assert [[embedded[name] for name in names] for names in refs] == [["The disk."], ["None."]]
    assert sorted(embedded.values()) == ["Bug hunt", "None.", "The disk."]
    assert told["final_metrics"]["total_cost_usd"] == pytest.approx(0.007)
    assert told["final_metrics"]["total_prompt_tokens"] == 20


def test_a_branch_shows_what_it_copied() -> None:
    """A second call from the same point is a conversation that begins with another's turns, which are free there."""
    longer = [*START, said("", LIST), result("c1", "a.py")]
    first, second = conversations(
        [
            call(1, START, said("", LIST)),
            call(2, longer, said("One way.")),
            call(3, longer, said("Another way.")),
        ]
    )

    assert shape(first)[-1] == "agent One way."
    assert shape(second) == ["user Go.", "copied shell", "tool a.py", "agent Another way."]
    told = conversations_to_atif([first, second], session_id="s", agent_name="a", agent_version="1")
    validate(told)
    (branch,) = told["subagent_trajectories"]
    assert branch["steps"][2]["is_copied_context"] is True
    assert "metrics" not in branch["steps"][2]
    assert branch["final_metrics"]["total_prompt_tokens"] == 10


def test_an_agent_that_rewrites_its_past_is_followed_by_its_calls() -> None:
    """What came before was put shorter; the answered call is the last one."""
    unique = ("toolu_9", "shell", "{}")
    (found,) = conversations(
        [
            call(1, START, said("A long story.", unique)),
            call(2, [user("Go, in short."), said("", unique), result("toolu_9", "a.py")], said("Done.")),
        ]
    )

    assert shape(found) == ["user Go.", "agent A long story. shell", "tool a.py", "agent Done."]


def test_a_server_that_keeps_what_was_said_is_followed_by_its_ids() -> None:
    """Responses with ``previous_response_id`` hold the new items alone."""

    def answer(name: str, item: Message) -> bytes:
        return json.dumps({"id": name, "model": "m", "status": "completed", "output": [item]}).encode()

    calling = {"type": "function_call", "call_id": "f1", "name": "shell", "arguments": "{}"}
    telling = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}
    output = {"type": "function_call_output", "call_id": "f1", "output": "a.py"}
    told: list[tuple[Message, bytes]] = [
        ({"instructions": "Be brief.", "input": "Go."}, answer("r1", calling)),
        ({"previous_response_id": "r1", "input": [output]}, answer("r2", telling)),
    ]
    (found,) = conversations(
        [
            Recorded(
                seq=seq,
                path="/v1/responses",
                request=json.dumps(fields),
                status=200,
                content_type="application/json",
                body=body,
            )
            for seq, (fields, body) in enumerate(told, 1)
        ]
    )

    assert shape(found) == ["user Go.", "agent shell", "tool a.py", "agent Done."]


@pytest.mark.parametrize(
    ("headers", "stop"),
    [
        ({"x-agentcore-error": "context_exceeded"}, StopReason.TOKEN_LIMIT),
        ({"x-agentcore-error": "budget", "x-agentcore-limit": "turns"}, StopReason.TURN_LIMIT),
        ({"x-agentcore-error": "budget", "x-agentcore-limit": "wall_s"}, StopReason.TIMEOUT),
        ({"x-agentcore-error": "budget", "x-agentcore-limit": "campaign_cost"}, None),
        ({"x-agentcore-error": "unavailable"}, None),
    ],
)
def test_a_refused_call_tells_how_it_ended(headers: dict[str, str], stop: StopReason | None) -> None:
    longer = [*START, said("", LIST), result("c1", "a.py")]
    (found,) = conversations([call(1, START, said("", LIST)), call(2, longer, None, headers=headers)])

    assert (found.stop_known, found.trajectory.stop_reason) == (stop is not None, stop or StopReason.FINISHED)
    told = conversations_to_atif([found], session_id="s", agent_name="a", agent_version="1")
    assert told["extra"].get("stop_reason") == stop
    assert shape(found)[-1] == "tool a.py"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/elsewhere"])
@pytest.mark.parametrize(
    "request_text", ["", "[]", "{}", '{"messages": 5, "input": 5}', '{"messages": [5], "input": [5]}']
)
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'{"choices": []}', b'{"content": 5, "output": [5]}', b"data: {}\n\n"]
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_call_is_passed_over(path: str, request_text: str, body: bytes, *, stream: bool) -> None:
    odd = Recorded(seq=1, path=path, request=request_text, status=200, content_type="", body=body, stream=stream)

    assert conversations([odd, call(2, START, said("Done."))])[-1].trajectory.final_message == "Done."


def test_what_has_no_words_is_named_in_brackets() -> None:
    """A record is read, not sent: an unknown block costs its content, not the conversation."""
    content = [
        {"type": "text", "text": "Go."},
        {"type": "container_upload", "file_id": "f"},
        {"type": "image", "source": {}},
    ]
    answer = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "text", "text": "Done."},
    ]
    fields = {"messages": [{"role": "user", "content": content}]}
    told = {"content": answer, "stop_reason": "end_turn", "model": "m", "id": "msg_1"}
    (found,) = conversations(
        [
            Recorded(
                seq=1,
                path="/v1/messages",
                request=json.dumps(fields),
                status=200,
                content_type="application/json",
                body=json.dumps(told).encode(),
            )
        ]
    )

    assert shape(found) == ["user Go.\n[container_upload]\n[image_url]", "agent [server_tool_use]Done."]


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
values = st.text(st.characters(codec="utf-8"), max_size=30)
tool_calls = st.lists(st.tuples(names, st.dictionaries(names, values, max_size=2)), max_size=3)
scripts = st.lists(st.tuples(values, tool_calls.filter(bool)), max_size=4)


@SOME
@given(scripts, values, values, values)
def test_every_run_of_the_built_in_agent_is_read_as_it_was(
    script: list[tuple[str, list[tuple[str, dict[str, str]]]]], system: str, prompt: str, last: str
) -> None:
    """Whatever was said: the requests are built by the agent's own code, the turns come back as they were."""
    tool = ToolSpec(name="shell", description="Run.", parameters={"type": "object"})
    turns: list[Turn] = []
    calls: list[Recorded] = []
    for number, (text, asked) in enumerate([*script, (last, [])], 1):
        answer = said(
            text, *((f"c{number}_{i}", name, json.dumps(arguments)) for i, (name, arguments) in enumerate(asked))
        )
        fields = {"messages": chat.messages(system, prompt, turns), "tools": [chat.function(tool)]}
        one = call(number, [], answer)
        calls.append(Recorded(**{**_fields(one), "request": json.dumps(fields)}))
        reply = chat.parsed(one.body, {}, name="m", turn=number, wall_s=0.0)
        turns.append(
            Turn(reply=reply, results=tuple(ToolResult(call_id=c.id, content=f"out of {c.id}") for c in reply.calls))
        )

    (found,) = conversations(calls)

    assert found.trajectory == Trajectory(
        system_prompt=system,
        prompt=prompt,
        tools=(tool,),
        turns=tuple(Turn(reply=_unmeasured(turn.reply, calls[0]), results=turn.results) for turn in turns),
    )
    assert not found.copied
    assert not found.said


def _fields(one: Recorded) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Recorded.__slots__}


def _unmeasured(reply: Reply, one: Recorded) -> Reply:
    return replace(reply, usage=Usage(calls=1, cost_usd=Decimal("0.001"), **one.usage))


def test_calls_keep_their_own_text() -> None:
    """Arguments that are no JSON object are what the model wrote."""
    broken = ("c1", "shell", '{"command": ')
    (found,) = conversations([call(1, START, said("", broken))])

    assert found.trajectory.calls == (ToolCall(id="c1", name="shell", arguments='{"command": '),)
    assert not found.stop_known
