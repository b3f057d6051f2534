"""What passed between an agent and its models, as far as the calls themselves tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_agentcore.domain.trajectory import Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The tool call by which one conversation began another, that of a sub-agent."""

    conversation: int
    """Index of the one that made the call."""
    turn: int
    """Index of its turn."""
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One thread of model calls: each of them holds what was said in the one before."""

    trajectory: Trajectory
    """What no call told is left at its default: results of the last turn, flags of results, times of tools."""
    said: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Number of turns so far -> what the user, or the harness in his name, said then besides the prompt."""
    copied: frozenset[int] = frozenset()
    """Indices of turns that came with a request and were never answered here: another conversation's, or made up."""
    stop_known: bool = True
    """False when the calls do not tell how it ended."""
    started_by: Started | None = None
