"""What was said and done in a run: the conversation, its tool calls and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.usage import Usage


class StopReason(StrEnum):
    """How the loop ended."""

    FINISHED = "finished"
    """A message without tool calls: the agent ended by itself."""
    TURN_LIMIT = "turn_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105 - the name of a limit
    TIMEOUT = "timeout"
    """The run's own time budget."""
    MALFORMED = "tool_call_malformed"
    """Three malformed tool calls in a row."""
    REFUSAL = "refusal"
    """The provider's own stop reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """What a model asked for, exactly as it wrote it."""

    id: str
    name: str
    arguments: str
    """JSON text, or what the model wrote in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What the model was told of one call."""

    call_id: str
    content: str
    error: bool = False
    """The tool could not do what was asked; the text says why."""
    malformed: bool = False
    """The call itself was no call: unknown tool, or arguments that are no JSON object of the tool's schema."""
    fault: str | None = None
    """The text of an injected fault, where the task asked for one."""
    timed_out: bool = False
    wall_s: float = 0.0
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One assistant message as the model gave it."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    finish_reason: str = "stop"
    """``stop``, ``tool_calls``, ``length`` or ``content_filter``, in the words of Chat Completions."""
    usage: Usage = field(default_factory=Usage)
    model: str | None = None
    """The model id that the provider returned."""
    message: Mapping[str, Any] = field(default_factory=dict)
    """The raw message, echoed back in the next call so that reasoning blocks survive."""
    wall_s: float = 0.0
    """From request to answer, everything included."""
    waited_s: float = 0.0
    """Of that, spent in back-off and queues, which is not the agent's time."""
    replayed_s: float = 0.0
    """For an answer out of a record: what it took when it was made, which is the agent's time though nobody waits."""

    @property
    def beyond_s(self) -> float:
        """By how much the agent's time is longer than the time that passed here; below 0 where it is shorter."""
        return self.replayed_s - self.waited_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One assistant message and what its tool calls gave."""

    reply: Reply
    results: tuple[ToolResult, ...] = ()
    started_at: str = ""
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A whole run as the model saw it."""

    system_prompt: str
    prompt: str
    tools: tuple[ToolSpec, ...] = ()
    turns: tuple[Turn, ...] = ()
    stop_reason: StopReason = StopReason.FINISHED

    @property
    def final_message(self) -> str:
        """Text of the last assistant message, empty when there is none."""
        return self.turns[-1].reply.text if self.turns else ""

    @property
    def usage(self) -> Usage:
        """Tokens and cost of all turns."""
        total = Usage()
        for turn in self.turns:
            total += turn.reply.usage
        return total

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """Every tool result in order."""
        return tuple(result for turn in self.turns for result in turn.results)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every tool call in order."""
        return tuple(call for turn in self.turns for call in turn.reply.calls)
