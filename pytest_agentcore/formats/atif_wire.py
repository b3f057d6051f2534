"""Conversations that were read from a wire record as one ATIF-v1.8 document, sub-agents embedded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.conversation import Conversation
from pytest_agentcore.formats.atif import to_atif


def conversations_to_atif(
    conversations: Sequence[Conversation],
    *,
    session_id: str,
    agent_name: str,
    agent_version: str,
    model_name: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The conversations of one run as a document; the longest that no tool call began is the run's own.

    The others are embedded as ``subagent_trajectories``, and the results of the calls that began them refer to them.
    One that no call is known to have begun has no reference. ``extra`` goes into the document's ``extra``.

    Raises:
        ValueError: there is no conversation.
    """
    if not conversations:
        raise ValueError("a trajectory needs a conversation")
    first = _own(conversations)
    names = {index: f"{session_id}/conversation-{index + 1}" for index in range(len(conversations))}

    def document(index: int, more: Mapping[str, Any]) -> dict[str, Any]:
        one = conversations[index]
        told = to_atif(
            one.trajectory,
            session_id=session_id,
            agent_name=agent_name,
            agent_version=agent_version,
            model_name=model_name,
            extra=more,
        )
        if not one.stop_known:
            del told["extra"]["stop_reason"]
        _refer(told, one, {key: names[key] for key in names if _begun_in(conversations[key], index)}, conversations)
        _tell(told, one)
        return told

    root = document(first, {**(extra or {}), "derived_from": "wire record"})
    others = [index for index in names if index != first]
    if others:
        root["trajectory_id"] = names[first]
        root["subagent_trajectories"] = [{"trajectory_id": names[index], **document(index, {})} for index in others]
        _total(root, conversations)
    return root


def _own(conversations: Sequence[Conversation]) -> int:
    roots = [index for index, one in enumerate(conversations) if one.started_by is None] or [0]
    return max(roots, key=lambda index: (len(conversations[index].trajectory.turns), -index))


def _begun_in(conversation: Conversation, index: int) -> bool:
    return conversation.started_by is not None and conversation.started_by.conversation == index


def _agent_steps(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [step for step in document["steps"] if step["source"] == "agent"]


def _refer(
    document: Mapping[str, Any],
    own: Conversation,
    begun: Mapping[int, str],
    conversations: Sequence[Conversation],
) -> None:
    """Results of calls that began a conversation say which; a call that got no result has no place for it."""
    steps = _agent_steps(document)
    for index, name in begun.items():
        started = conversations[index].started_by
        assert started is not None  # noqa: S101 - the caller chose those that were
        results = own.trajectory.turns[started.turn].results
        place = next((at for at, result in enumerate(results) if result.call_id == started.call_id), None)
        if place is not None:
            result = steps[started.turn]["observation"]["results"][place]
            result.setdefault("subagent_trajectory_ref", []).append({"trajectory_id": name})


def _tell(document: dict[str, Any], own: Conversation) -> None:
    """Mark what came with a request, and put what the user said where he said it."""
    steps = document["steps"]
    first = len(steps) - len(own.trajectory.turns)
    written = steps[:first] + [{"source": "user", "message": text} for text in own.said.get(0, ())]
    for turn, step in enumerate(steps[first:]):
        written.append(_copied(step) if turn in own.copied else step)
        written += [{"source": "user", "message": text} for text in own.said.get(turn + 1, ())]
    document["steps"] = [{**step, "step_id": number} for number, step in enumerate(written, 1)]
    document["final_metrics"]["total_steps"] = len(written)


def _copied(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step that no call of this conversation answered."""
    rest = {name: value for name, value in step.items() if name not in ("metrics", "reasoning_content")}
    return {**rest, "is_copied_context": True, "llm_call_count": 0}


def _total(root: dict[str, Any], conversations: Sequence[Conversation]) -> None:
    """The format counts the cost of sub-agents with the run's own; tokens are each conversation's."""
    costs = [one.trajectory.usage.cost_usd for one in conversations]
    known = [cost for cost in costs if cost is not None]
    metrics = root["final_metrics"]
    whole = sum(known, Decimal(0)) if len(known) == len(costs) else None
    metrics.pop("total_cost_usd", None)
    if whole is not None:
        metrics["total_cost_usd"] = float(whole)
    metrics["extra"] = {**metrics["extra"], "cost_usd": None if whole is None else str(whole)}
