"""Which recorded calls belong together: each conversation of a run, with the sub-agents that its tool calls began.

A call goes on a conversation when it repeats what that one has heard and said; agents that rewrite what came earlier
are followed by the ids of the tool calls that they answer. Any other call begins a conversation of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_agentcore.domain.conversation import Conversation, Started
from pytest_agentcore.domain.trajectory import Reply, StopReason, ToolCall, ToolResult, ToolSpec, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.cassette import Recorded
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.wire_reading import Answered, Asked, answered, asked

Key = tuple[Any, ...]
"""What makes two messages the same, whatever their wire or client added."""
SYSTEM_ROLES = ("system", "developer")
TELLING = 16
"""A shorter argument is no prompt of a sub-agent."""
_LIMITS = {
    "turns": StopReason.TURN_LIMIT,
    "tokens": StopReason.TOKEN_LIMIT,
    "cost_usd": StopReason.TOKEN_LIMIT,
    "working_s": StopReason.TIMEOUT,
    "wall_s": StopReason.TIMEOUT,
}


@dataclass(slots=True)
class _Thread:
    """A conversation as far as it has come."""

    system: str
    prompt: str
    history: list[Key] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    said: dict[int, list[str]] = field(default_factory=dict)
    copied: set[int] = field(default_factory=set)
    tools: dict[str, ToolSpec] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    """Ids of its answers, for clients whose server keeps what was said."""
    stop: StopReason | None = None
    started_by: Started | None = None

    def hear(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Take in what a request adds."""
        for message in messages:
            role = message.get("role")
            if role == "tool":
                self._result(message)
            elif role == "assistant":
                self.copied.add(len(self.turns))
                self.turns.append(Turn(reply=_copied(message)))
            elif role not in SYSTEM_ROLES:
                self.said.setdefault(len(self.turns), []).append(_text(message.get("content")))

    def say(self, answer: Answered) -> None:
        """Take an answer in."""
        self.turns.append(Turn(reply=answer.reply))
        self.history.append(_said(answer.reply))
        self.stop = _ended(answer.reply)
        if answer.id is not None:
            self.answers.append(answer.id)

    def open_calls(self) -> Iterable[ToolCall]:
        """The calls of its last turn that have no result yet."""
        if not self.turns:
            return ()
        told = {result.call_id for result in self.turns[-1].results}
        return [call for call in self.turns[-1].reply.calls if call.id not in told]

    def _result(self, message: Mapping[str, Any]) -> None:
        if self.turns:
            result = ToolResult(call_id=str(message.get("tool_call_id") or ""), content=_text(message.get("content")))
            self.turns[-1] = replace(self.turns[-1], results=(*self.turns[-1].results, result))


def conversations(calls: Sequence[Recorded]) -> tuple[Conversation, ...]:
    """The conversations of a record, in the order in which they began; calls that nobody can read are passed over."""
    threads: list[_Thread] = []
    for call in calls:
        told = asked(call)
        if told is None or not told.messages:
            continue
        thread = _thread(threads, told)
        for tool in told.tools:
            thread.tools.setdefault(tool.name, tool)
        answer = answered(call, turn=len(thread.turns) + 1)
        if answer is not None:
            thread.say(answer)
        else:
            thread.stop = _refused(call)
    return tuple(_value(thread) for thread in threads if thread.turns)


def _thread(threads: list[_Thread], told: Asked) -> _Thread:
    """The conversation that a request goes on with, told what is new in it."""
    system = "\n".join(_text(one.get("content")) for one in _leading(told.messages))
    rest = [one for one in told.messages if one.get("role") not in SYSTEM_ROLES]
    keys = [_key(one) for one in rest]
    found = _continued(threads, told, keys)
    if found is None:
        found = _Thread(system=system, prompt=_text(rest[0].get("content")) if rest else "")
        found.started_by = _starter(threads, found.prompt)
        threads.append(found)
        fresh = rest[1:]
    elif told.previous is not None:
        fresh = rest
        keys = [*found.history, *keys]
    elif keys[: len(found.history)] == found.history:
        fresh = rest[len(found.history) :]
    else:
        last = max(index for index, one in enumerate(rest) if one.get("tool_calls"))
        fresh = rest[last + 1 :]
    found.hear(fresh)
    found.history = keys
    return found


def _continued(threads: Sequence[_Thread], told: Asked, keys: list[Key]) -> _Thread | None:
    if told.previous is not None:
        return next((one for one in threads if one.answers and one.answers[-1] == told.previous), None)
    same = [one for one in threads if keys[: len(one.history)] == one.history]
    if same:
        return max(same, key=lambda one: len(one.history))
    last = next((one for one in reversed(told.messages) if one.get("tool_calls")), None)
    if last is None:
        return None
    ids = {str(call.get("id")) for call in last["tool_calls"]}
    answering = [one for one in threads if ids & {call.id for call in one.open_calls()}]
    return answering[0] if len(answering) == 1 else None


def _starter(threads: Sequence[_Thread], prompt: str) -> Started | None:
    """The open tool call that hands this prompt over, the latest where there are several."""
    found = None
    for index, thread in enumerate(threads):
        for call in thread.open_calls():
            if any(text in prompt for text in _texts_in(call.arguments)):
                found = Started(conversation=index, turn=len(thread.turns) - 1, call_id=call.id)
    return found


def _texts_in(arguments: str) -> list[str]:
    try:
        values = json.loads(arguments).values()
    except (ValueError, AttributeError, RecursionError):
        return []
    return [value.strip() for value in values if isinstance(value, str) and len(value.strip()) >= TELLING]


def _value(thread: _Thread) -> Conversation:
    return Conversation(
        trajectory=Trajectory(
            system_prompt=thread.system,
            prompt=thread.prompt,
            tools=tuple(thread.tools.values()),
            turns=tuple(thread.turns),
            stop_reason=thread.stop or StopReason.FINISHED,
        ),
        said={turns: tuple(texts) for turns, texts in thread.said.items()},
        copied=frozenset(thread.copied),
        stop_known=thread.stop is not None,
        started_by=thread.started_by,
    )


def _ended(reply: Reply) -> StopReason | None:
    """Does this message end a run by itself? None where it does not, and the next call will tell, or nothing will."""
    if reply.finish_reason in ("content_filter", "refusal"):
        return StopReason.REFUSAL
    if reply.calls:
        return None
    return StopReason.TOKEN_LIMIT if reply.finish_reason == "length" else StopReason.FINISHED


def _refused(call: Recorded) -> StopReason | None:
    """What a call without an answer says of the end."""
    kind = call.headers.get(protocol.ERROR)
    if kind == ErrorKind.CONTEXT_EXCEEDED:
        return StopReason.TOKEN_LIMIT
    return _LIMITS.get(call.headers.get(protocol.LIMIT, "")) if kind == ErrorKind.BUDGET else None


def _leading(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in messages if one.get("role") in SYSTEM_ROLES]


def _key(message: Mapping[str, Any]) -> Key:
    role = message.get("role")
    if role == "assistant":
        return _said(_copied(message))
    return role, _text(message.get("content")), str(message.get("tool_call_id") or "")


def _said(reply: Reply) -> Key:
    """An answer: clients send it back without what they do not know, and some with their own ids."""
    return "assistant", reply.text.strip(), tuple((call.name, _parsed(call.arguments)) for call in reply.calls)


def _parsed(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        return arguments


def _copied(message: Mapping[str, Any]) -> Reply:
    """An answer as a request repeats it: nobody counted it there."""
    calls = [one for one in message.get("tool_calls") or () if isinstance(one, Mapping)]
    functions = [(one, one.get("function") or {}) for one in calls]
    reasoning = message.get("reasoning_content")
    return Reply(
        text=_text(message.get("content")),
        calls=tuple(
            ToolCall(
                id=str(one.get("id") or ""),
                name=str(function.get("name") or ""),
                arguments=str(function.get("arguments") or ""),
            )
            for one, function in functions
        ),
        reasoning=str(reasoning) if reasoning else None,
        finish_reason="tool_calls" if calls else "stop",
        usage=Usage(),
    )


def _text(content: object) -> str:
    """What was said, in one text; what is no text is named in brackets."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    parts = [part for part in content if isinstance(part, Mapping)]
    return "\n".join(
        str(part.get("text") or part.get("refusal") or "")
        if "text" in part or "refusal" in part
        else f"[{part.get('type')}]"
        for part in parts
    )
