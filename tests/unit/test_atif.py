"""Trajectories are valid ATIF-v1.8, and nothing a model said is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Reply, StopReason, ToolCall, ToolResult, ToolSpec, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.formats.atif import parsed_arguments, to_atif
from pytest_agentcore.store import codec
from tests.unit.atif_format import Invalid, validate
from tests.unit.sample_values import SOME, trajectories

SHELL = ToolSpec(name="shell", description="Run a command.", parameters={"type": "object", "properties": {}})
USAGE = Usage(
    calls=1, input_tokens=900, output_tokens=40, cached_tokens=300, cache_write_tokens=7, cost_usd=Decimal("0.0001230")
)
TRAJECTORY = Trajectory(
    system_prompt="You work in a folder.",
    prompt="Fix the test.",
    tools=(SHELL,),
    turns=(
        Turn(
            started_at="2026-11-21T10:00:00.000+00:00",
            reply=Reply(
                text="I look.",
                reasoning="Tests first.",
                calls=(
                    ToolCall(id="c1", name="shell", arguments='{"command": "ls"}'),
                    ToolCall(id="c1", name="shell", arguments='{"command":'),
                ),
                finish_reason="tool_calls",
                usage=USAGE,
                model="claude-sonnet-4-6-20260101",
                message={"role": "assistant"},
                wall_s=1.5,
                waited_s=0.5,
            ),
            results=(
                ToolResult(call_id="c1", content="a.py", wall_s=0.25, evidence=Evidence(oom_kills=0, cpu_s=0.01)),
                ToolResult(call_id="c1", content="no JSON object", error=True, malformed=True),
            ),
        ),
        Turn(reply=Reply(text="Done.", usage=USAGE), started_at="2026-11-21T10:00:05.000+00:00"),
    ),
)


def document(trajectory: Trajectory = TRAJECTORY, **extra: object) -> dict[str, Any]:
    return to_atif(
        trajectory,
        session_id="task_01-run1",
        agent_name="builtin",
        agent_version="0.1.0",
        model_name="anthropic/claude-sonnet-4-6",
        extra=extra,
    )


def test_a_run_is_a_valid_document() -> None:
    validate(document())


def test_the_steps_tell_the_conversation() -> None:
    written = document(campaign="c")
    system, user, first, last = written["steps"]

    assert (system["source"], system["message"]) == ("system", "You work in a folder.")
    assert (user["source"], user["message"]) == ("user", "Fix the test.")
    assert first["reasoning_content"] == "Tests first."
    assert first["observation"]["results"][0]["content"] == "a.py"
    assert last["message"] == "Done."
    assert "tool_calls" not in last
    assert written["extra"] == {"campaign": "c", "stop_reason": "finished"}
    assert written["agent"]["tool_definitions"][0]["function"]["name"] == "shell"


def test_a_repeated_call_id_is_made_distinct_and_kept() -> None:
    step = document()["steps"][2]

    assert [call["tool_call_id"] for call in step["tool_calls"]] == ["c1", "c1#2"]
    assert [result["source_call_id"] for result in step["observation"]["results"]] == ["c1", "c1#2"]
    assert step["tool_calls"][1]["extra"]["id"] == "c1"


def test_malformed_arguments_are_kept_as_text() -> None:
    good, bad = document()["steps"][2]["tool_calls"]

    assert good == {"tool_call_id": "c1", "function_name": "shell", "arguments": {"command": "ls"}}
    assert bad["arguments"] == {}
    assert bad["extra"]["arguments_text"] == '{"command":'


@pytest.mark.parametrize("text", ['{"b": 1, "a": 2}', '{"a":1}', '{"a": 1, "a": 1}', '{"a": 1e2}', '{"a": "\\u0041"}'])
def test_arguments_written_in_another_way_keep_their_text(text: str) -> None:
    call = ToolCall(id="1", name="shell", arguments=text)
    turn = Turn(reply=Reply(text="", calls=(call,)))
    (written,) = document(replace(TRAJECTORY, turns=(turn,)))["steps"][2]["tool_calls"]

    assert written["arguments"] == json.loads(text)
    assert written["extra"]["arguments_text"] == text


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "NaN", '{"a": NaN}', '{"a": 1e999}', "[" * 100_000])
def test_what_is_no_json_object_is_no_arguments(text: str) -> None:
    assert parsed_arguments(text) is None


def test_what_was_measured_is_kept_beside_the_metrics() -> None:
    assert document()["steps"][2]["metrics"]["extra"]["measured"] == {
        "wall_s": 1.5,
        "waited_s": 0.5,
        "tools": [
            {"wall_s": 0.25, "peak_memory_bytes": None, "throttled_s": None, "cpu_s": 0.01},
            {"wall_s": 0.0},
        ],
    }


def test_costs_are_numbers_and_exact_beside() -> None:
    written = document()

    assert written["steps"][2]["metrics"]["cost_usd"] == 0.000123
    assert written["steps"][2]["metrics"]["extra"]["cost_usd"] == "0.0001230"
    assert written["final_metrics"]["total_cost_usd"] == 0.000246
    assert written["final_metrics"]["total_prompt_tokens"] == 1800
    assert written["final_metrics"]["total_steps"] == 4


def test_an_unknown_price_is_absent() -> None:
    turn = replace(TRAJECTORY.turns[1], reply=Reply(text="", usage=Usage(cost_usd=None)))
    written = document(replace(TRAJECTORY, turns=(turn,)))
    validate(written)

    assert "cost_usd" not in written["steps"][2]["metrics"]
    assert "total_cost_usd" not in written["final_metrics"]


def test_a_result_of_no_call_names_its_id_outside_of_the_format() -> None:
    turn = Turn(reply=Reply(text=""), results=(ToolResult(call_id="ghost", content="?"),))
    written = document(replace(TRAJECTORY, turns=(turn,)))
    validate(written)

    (result,) = written["steps"][2]["observation"]["results"]
    assert "source_call_id" not in result
    assert result["extra"]["call_id"] == "ghost"


def test_an_empty_run_has_its_prompt_and_no_empty_system_step() -> None:
    written = document(Trajectory(system_prompt="", prompt="p", stop_reason=StopReason.TOKEN_LIMIT))
    validate(written)

    assert [step["source"] for step in written["steps"]] == ["user"]
    assert written["extra"]["stop_reason"] == "token_limit"


def without_clocks(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: without_clocks(item) for name, item in data.items() if name not in {"timestamp", "measured"}}
    return [without_clocks(item) for item in data] if isinstance(data, list) else data


def test_the_clock_shows_in_two_places_only() -> None:
    def later(turn: Turn) -> Turn:
        results = tuple(
            replace(result, wall_s=9.0, evidence=result.evidence and replace(result.evidence, cpu_s=8.0))
            for result in turn.results
        )
        reply = replace(turn.reply, wall_s=7.0, waited_s=6.0)
        return replace(turn, started_at="2027-01-01T00:00:00+00:00", reply=reply, results=results)

    slow = replace(TRAJECTORY, turns=tuple(map(later, TRAJECTORY.turns)))

    assert document(slow) != document()
    assert without_clocks(document(slow)) == without_clocks(document())


@SOME
@given(trajectories)
def test_whatever_a_model_says_the_document_is_valid_and_loses_no_word(trajectory: Trajectory) -> None:
    dated = replace(
        trajectory, turns=tuple(replace(turn, started_at="2026-11-21T10:00:00+00:00") for turn in trajectory.turns)
    )
    written = document(dated)
    read = json.loads(codec.dumps(written))
    validate(read)

    assert document(dated) == written
    agents = [step for step in read["steps"] if step["source"] == "agent"]
    for step, turn in zip(agents, dated.turns, strict=True):
        assert step["message"] == turn.reply.text
        for call, original in zip(step.get("tool_calls", ()), turn.reply.calls, strict=True):
            text = call.get("extra", {}).get("arguments_text", json.dumps(call["arguments"], sort_keys=True))
            assert text == original.arguments
            assert call.get("extra", {}).get("id", call["tool_call_id"]) == original.id
        results = step.get("observation", {}).get("results", ())
        assert [result["content"] for result in results] == [result.content for result in turn.results]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda written: written.update(verdict="pass"),
        lambda written: written["steps"][0].update(metrics={}),
        lambda written: written["steps"][2]["metrics"].update(cache_write_tokens=1),
        lambda written: written["steps"][2]["tool_calls"][0].update(arguments="{}"),
        lambda written: written["steps"][2]["observation"]["results"][0].update(source_call_id="c9"),
        lambda written: written["steps"].reverse(),
        lambda written: written["agent"].pop("version"),
    ],
)
def test_the_validator_can_fail(spoil: Callable[[Any], object]) -> None:
    written = document()
    spoil(written)

    with pytest.raises(Invalid):
        validate(written)
