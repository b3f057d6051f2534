"""A trajectory in ATIF-v1.8, the interchange format of Harbor, and back.

The format forbids keys that it does not know, so what is ours stands under ``extra``; nothing of a trajectory is lost.
Clock figures stand in ``timestamp`` and in ``metrics.extra.measured`` alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import ToolCall, ToolResult, ToolSpec, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage

SCHEMA_VERSION = "ATIF-v1.8"


def to_atif(
    trajectory: Trajectory,
    *,
    session_id: str,
    agent_name: str,
    agent_version: str,
    model_name: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The trajectory as an ATIF-v1.8 document of JSON-safe builtins.

    ``session_id`` names the run; ``extra`` goes beside our own keys in the document's ``extra``.
    """
    steps = _steps(trajectory)
    agent: dict[str, Any] = {"name": agent_name, "version": agent_version}
    if model_name:
        agent["model_name"] = model_name
    if trajectory.tools:
        agent["tool_definitions"] = [_definition(tool) for tool in trajectory.tools]
    return {
        "schema_version": SCHEMA_VERSION,
        "session_id": session_id,
        "agent": agent,
        "steps": steps,
        "final_metrics": _final_metrics(trajectory.usage, len(steps)),
        "extra": {**(extra or {}), "stop_reason": str(trajectory.stop_reason)},
    }


def _steps(trajectory: Trajectory) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    if trajectory.system_prompt:
        steps.append({"source": "system", "message": trajectory.system_prompt})
    steps.append({"source": "user", "message": trajectory.prompt})
    steps.extend(_agent_step(turn) for turn in trajectory.turns)
    return [{"step_id": number, **step} for number, step in enumerate(steps, start=1)]


def _agent_step(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    step: dict[str, Any] = {
        "source": "agent",
        "message": reply.text,
        "llm_call_count": 1,
        "metrics": _metrics(turn),
        "extra": {"finish_reason": reply.finish_reason},
    }
    if turn.started_at:
        step["timestamp"] = turn.started_at
    if reply.model is not None:
        step["model_name"] = reply.model
    if reply.reasoning is not None:
        step["reasoning_content"] = reply.reasoning
    if reply.message:
        step["extra"]["message"] = dict(reply.message)
    ids = _unique_ids(reply.calls)
    if reply.calls:
        step["tool_calls"] = [_tool_call(call, name) for call, name in zip(reply.calls, ids, strict=True)]
    if turn.results:
        sources = _sources(reply.calls, ids, turn.results)
        results = [_result(result, source) for result, source in zip(turn.results, sources, strict=True)]
        step["observation"] = {"results": results}
    return step


def _unique_ids(calls: Sequence[ToolCall]) -> list[str]:
    """An id for each call of a step; models repeat theirs, or give none."""
    ids: list[str] = []
    for number, call in enumerate(calls, start=1):
        name = call.id or f"call-{number}"
        while name in ids:
            name = f"{name}#{number}"
        ids.append(name)
    return ids


def _sources(calls: Sequence[ToolCall], ids: Sequence[str], results: Sequence[ToolResult]) -> list[str | None]:
    """The call that each result answers: the one in its place, else the first of its id, else none."""
    by_id = {call.id: name for call, name in reversed(list(zip(calls, ids, strict=True)))}
    return [
        ids[place] if place < len(calls) and calls[place].id == result.call_id else by_id.get(result.call_id)
        for place, result in enumerate(results)
    ]


def _tool_call(call: ToolCall, name: str) -> dict[str, Any]:
    arguments = parsed_arguments(call.arguments)
    extra: dict[str, Any] = {}
    if name != call.id:
        extra["id"] = call.id
    if arguments is None or canonical_text(arguments) != call.arguments:
        extra["arguments_text"] = call.arguments
    written: dict[str, Any] = {"tool_call_id": name, "function_name": call.name, "arguments": arguments or {}}
    return {**written, "extra": extra} if extra else written


def parsed_arguments(text: str) -> dict[str, Any] | None:
    """The arguments of a tool call as an object; None when the text is no JSON object."""
    try:
        arguments = json.loads(text)
        json.dumps(arguments, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None


def canonical_text(arguments: Mapping[str, Any]) -> str:
    """Arguments as most models write them; a call that was written otherwise keeps its own text."""
    return json.dumps(arguments, sort_keys=True)


def _result(result: ToolResult, source: str | None) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if source != result.call_id:
        extra["call_id"] = result.call_id
    flags = {"error": result.error, "malformed": result.malformed, "timed_out": result.timed_out}
    extra.update({name: True for name, set_ in flags.items() if set_})
    if result.fault is not None:
        extra["fault"] = result.fault
    if result.evidence is not None:
        seen = result.evidence
        extra["evidence"] = {"oom_kills": seen.oom_kills, "pids_hits": seen.pids_hits, "disk_full": seen.disk_full}
    written: dict[str, Any] = {"content": result.content}
    if source is not None:
        written["source_call_id"] = source
    return {**written, "extra": extra} if extra else written


def _metrics(turn: Turn) -> dict[str, Any]:
    usage = turn.reply.usage
    metrics: dict[str, Any] = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }
    if usage.cost_usd is not None:
        metrics["cost_usd"] = float(usage.cost_usd)
    metrics["extra"] = {**_usage_extra(usage), "measured": _measured(turn)}
    return metrics


def _usage_extra(usage: Usage) -> dict[str, Any]:
    """What ATIF has no field for; the cost once more, as exact decimal text."""
    return {
        "calls": usage.calls,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": None if usage.cost_usd is None else str(usage.cost_usd),
        "estimated": usage.estimated,
    }


def _measured(turn: Turn) -> dict[str, Any]:
    """What differs between two equal runs: times, in seconds, and what the operating system counted."""
    measured: dict[str, Any] = {"wall_s": turn.reply.wall_s, "waited_s": turn.reply.waited_s}
    if turn.results:
        measured["tools"] = [_measured_tool(result.wall_s, result.evidence) for result in turn.results]
    return measured


def _measured_tool(wall_s: float, evidence: Evidence | None) -> dict[str, Any]:
    if evidence is None:
        return {"wall_s": wall_s}
    return {
        "wall_s": wall_s,
        "peak_memory_bytes": evidence.peak_memory_bytes,
        "throttled_s": evidence.throttled_s,
        "cpu_s": evidence.cpu_s,
    }


def _final_metrics(usage: Usage, steps: int) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "total_prompt_tokens": usage.input_tokens,
        "total_completion_tokens": usage.output_tokens,
        "total_cached_tokens": usage.cached_tokens,
        "total_steps": steps,
        "extra": _usage_extra(usage),
    }
    if usage.cost_usd is not None:
        metrics["total_cost_usd"] = float(usage.cost_usd)
    return metrics


def _definition(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
