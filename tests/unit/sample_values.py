"""Hypothesis strategies for the values that are written to disk."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Reply, StopReason, ToolCall, ToolResult, ToolSpec, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage

SOME = settings(max_examples=60, deadline=None, database=None)

counts = st.integers(min_value=0, max_value=10**12)
seconds = st.floats(min_value=0, max_value=1e9)
texts = st.text(max_size=20) | st.just("\udc80 lone \x1b[31m\r\n\0")
money = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | counts | seconds | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=3)

usages = st.builds(
    Usage,
    calls=counts,
    input_tokens=counts,
    output_tokens=counts,
    cached_tokens=counts,
    cache_write_tokens=counts,
    reasoning_tokens=counts,
    cost_usd=st.none() | money,
    estimated=st.booleans(),
)
evidences = st.builds(
    Evidence,
    oom_kills=st.none() | counts,
    pids_hits=st.none() | counts,
    disk_full=st.booleans(),
    peak_memory_bytes=st.none() | counts,
    throttled_s=st.none() | seconds,
    cpu_s=st.none() | seconds,
)
keys = st.builds(RunKey, task=texts, model=texts, run=counts)
outcomes = st.builds(
    Outcome,
    key=keys,
    attempt=counts,
    passed=st.booleans(),
    cause=st.none() | st.sampled_from(Cause),
    failure_mode=st.none() | st.sampled_from(FailureMode),
    detail=st.none() | st.sampled_from(Detail),
    reason=st.none() | texts,
    message=texts,
    checker_would_pass=st.none() | st.booleans(),
    stop_reason=texts,
    turns=counts,
    fault_exercised=st.none() | st.booleans(),
    usage=usages,
    wall_s=seconds,
    evidence=evidences,
    workspace_digest=texts,
    model_returned=st.none() | texts,
)
calls = st.builds(ToolCall, id=texts, name=texts, arguments=texts)
results = st.builds(
    ToolResult,
    call_id=texts,
    content=texts,
    error=st.booleans(),
    malformed=st.booleans(),
    fault=st.none() | texts,
    timed_out=st.booleans(),
    wall_s=seconds,
    evidence=st.none() | evidences,
)
replies = st.builds(
    Reply,
    text=texts,
    calls=st.lists(calls, max_size=2).map(tuple),
    reasoning=st.none() | texts,
    finish_reason=texts,
    usage=usages,
    model=st.none() | texts,
    message=objects,
    wall_s=seconds,
    waited_s=seconds,
)
turns = st.builds(Turn, reply=replies, results=st.lists(results, max_size=2).map(tuple), started_at=texts)
trajectories = st.builds(
    Trajectory,
    system_prompt=texts,
    prompt=texts,
    tools=st.lists(st.builds(ToolSpec, name=texts, description=texts, parameters=objects), max_size=2).map(tuple),
    turns=st.lists(turns, max_size=3).map(tuple),
    stop_reason=st.sampled_from(StopReason),
)
