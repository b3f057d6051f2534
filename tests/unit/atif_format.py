"""A strict validator of ATIF-v1.8: field -> (check, required). An unknown key is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Check = Callable[[Any], object]


class Invalid(AssertionError):
    """The document is not what the format says."""


def fields(**known: tuple[Check, bool]) -> Check:
    def check(value: Any) -> None:
        require(isinstance(value, dict), "an object", value)
        unknown = value.keys() - known.keys()
        require(not unknown, "no unknown key", unknown)
        for name, (inner, required) in known.items():
            require(name in value or not required, f"{name} present", value)
            if value.get(name) is not None:
                inner(value[name])
            else:
                require(not required, f"{name} not null", value)

    return check


def require(holds: object, wanted: str, value: object) -> None:
    if not holds:
        raise Invalid(f"{wanted}: {value!r}")


def of(*kinds: type) -> Check:
    return lambda value: require(type(value) in kinds, f"one of {kinds}", value)


def many(check: Check, least: int = 0) -> Check:
    def each(value: Any) -> None:
        require(isinstance(value, list) and len(value) >= least, "a list", value)
        for item in value:
            check(item)

    return each


def timestamp(value: Any) -> None:
    datetime.fromisoformat(value)


def content(value: Any) -> None:
    require(isinstance(value, str), "text (this package writes no parts)", value)


TEXT, WHOLE, NUMBER, OBJECT = of(str), of(int), of(int, float), of(dict)
TOOL_CALL = fields(
    tool_call_id=(TEXT, True), function_name=(TEXT, True), arguments=(OBJECT, True), extra=(OBJECT, False)
)
SUBAGENT = fields(trajectory_id=(TEXT, True), session_id=(TEXT, False), extra=(OBJECT, False))
RESULT = fields(
    source_call_id=(TEXT, False),
    content=(content, False),
    subagent_trajectory_ref=(many(SUBAGENT), False),
    extra=(OBJECT, False),
)
METRICS = fields(
    prompt_tokens=(WHOLE, False),
    completion_tokens=(WHOLE, False),
    cached_tokens=(WHOLE, False),
    cost_usd=(NUMBER, False),
    extra=(OBJECT, False),
)
STEP = fields(
    step_id=(WHOLE, True),
    timestamp=(timestamp, False),
    source=(TEXT, True),
    model_name=(TEXT, False),
    reasoning_effort=(NUMBER, False),
    message=(content, True),
    reasoning_content=(TEXT, False),
    tool_calls=(many(TOOL_CALL), False),
    observation=(fields(results=(many(RESULT), True)), False),
    metrics=(METRICS, False),
    is_copied_context=(of(bool), False),
    llm_call_count=(WHOLE, False),
    extra=(OBJECT, False),
)
FUNCTION = fields(name=(TEXT, True), description=(TEXT, False), parameters=(OBJECT, False))
DOCUMENT = fields(
    schema_version=(TEXT, True),
    session_id=(TEXT, False),
    trajectory_id=(TEXT, False),
    subagent_trajectories=(many(lambda value: validate(value)), False),  # noqa: PLW0108 - it is defined below
    agent=(
        fields(
            name=(TEXT, True),
            version=(TEXT, True),
            model_name=(TEXT, False),
            tool_definitions=(many(fields(type=(TEXT, True), function=(FUNCTION, True))), False),
            extra=(OBJECT, False),
        ),
        True,
    ),
    steps=(many(STEP, least=1), True),
    notes=(TEXT, False),
    final_metrics=(
        fields(
            total_prompt_tokens=(WHOLE, False),
            total_completion_tokens=(WHOLE, False),
            total_cached_tokens=(WHOLE, False),
            total_cost_usd=(NUMBER, False),
            total_steps=(WHOLE, False),
            extra=(OBJECT, False),
        ),
        False,
    ),
    extra=(OBJECT, False),
)
AGENT_ONLY = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}


def validate(document: Mapping[str, Any]) -> None:
    DOCUMENT(document)
    require(document["schema_version"] == "ATIF-v1.8", "the version", document["schema_version"])
    steps = document["steps"]
    require([step["step_id"] for step in steps] == list(range(1, len(steps) + 1)), "ids in sequence", steps)
    for step in steps:
        require(step["source"] in {"system", "user", "agent"}, "a source", step)
        require(step["source"] == "agent" or not AGENT_ONLY & step.keys(), "an agent's fields", step)
        ids = [call["tool_call_id"] for call in step.get("tool_calls", ())]
        require(len(set(ids)) == len(ids), "distinct call ids", ids)
        for result in step.get("observation", {}).get("results", ()):
            require(result.get("source_call_id") in {None, *ids}, "a call of the same step", result)
