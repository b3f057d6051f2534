"""A trajectory as a flat list of tool calls, each with what it asked, what it got and what it may have changed."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pytest_agentcore.domain.evidence import quoted
from pytest_agentcore.domain.trajectory import ToolCall, ToolResult, Trajectory, Turn
from pytest_agentcore.scoring.shell_commands import Command, parse, path_of

_CLOCK = re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|seconds?)\b|\b0x[0-9a-f]{6,}\b|\b\d\d:\d\d:\d\d(?:\.\d+)?\b")
_DEFAULTS = {("fs_read", "offset"): 0, ("fs_read", "limit"): 65_536}
_PATHS = ("path", "file_path", "filename")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tool call of a run."""

    turn: int
    """1-based."""
    tool: str
    arguments: Mapping[str, Any]
    """Empty when the call was no call."""
    key: str
    """Equal for calls that ask for the same: tool and canonical arguments."""
    path: str | None
    """Workspace path that the call names."""
    content: str
    """What the agent was told."""
    error: bool
    malformed: bool
    timed_out: bool
    fault: bool
    command: Command | None
    """Of a shell call."""
    told: str
    """The answer without what differs between two equal answers: durations, times of day, addresses."""

    @property
    def quote(self) -> str:
        """The call in one line, what it was about first."""
        rest = {name: value for name, value in self.arguments.items() if name not in (*_PATHS, "command")}
        about = self.command.text if self.command is not None else self.path or ""
        shown = json.dumps(rest, ensure_ascii=False, sort_keys=True) if rest else ""
        return quoted(f"{self.tool} {about} {shown}")

    def touched(self) -> frozenset[str] | None:
        """Workspace paths that it may have changed; None when it may have changed any."""
        if self.malformed or self.fault or self.tool in {"fs_read", "fs_list"}:
            return frozenset()
        if self.tool == "fs_write":
            return frozenset() if self.error or self.path is None else frozenset({self.path})
        return self.command.touched() if self.command is not None else None

    @property
    def wrote(self) -> str | None:
        """The whole content that the call gave its file; None for any other call."""
        content = self.arguments.get("content")
        return content if self.tool == "fs_write" and not self.error and isinstance(content, str) else None


def steps_of(trajectory: Trajectory) -> tuple[Step, ...]:
    """Every tool call of a run, in order."""
    global _newest  # noqa: PLW0603 - one entry; several detectors ask for the same run one after the other
    known = _newest
    if known is not None and known[0] is trajectory:
        return known[1]
    steps = _steps(trajectory)
    _newest = (trajectory, steps)
    return steps


_newest: tuple[Trajectory, tuple[Step, ...]] | None = None


def _steps(trajectory: Trajectory) -> tuple[Step, ...]:
    return tuple(
        _step(number, call, result)
        for number, turn in enumerate(trajectory.turns, start=1)
        for call, result in zip_longest(turn.reply.calls, turn.results[: len(turn.reply.calls)])
        if call is not None
    )


def _step(turn: int, call: ToolCall, result: ToolResult | None) -> Step:
    arguments = _arguments(call)
    given = result or ToolResult(call_id=call.id, content="", error=True)
    named = next((arguments[name] for name in _PATHS if isinstance(arguments.get(name), str)), None)
    if named is None and call.name == "fs_list":
        named = "."
    shell = arguments.get("command")
    return Step(
        turn=turn,
        tool=call.name,
        arguments=arguments,
        key=_key(call, arguments),
        path=None if named is None else path_of(named),
        content=given.content,
        error=given.error,
        malformed=given.malformed,
        timed_out=given.timed_out,
        fault=given.fault is not None,
        command=parse(shell) if isinstance(shell, str) else None,
        told=_CLOCK.sub("_", given.content).strip(),
    )


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        data = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _key(call: ToolCall, arguments: Mapping[str, Any]) -> str:
    """Tool and arguments, written as canonically as they can be: key order, defaults and spelling of paths gone."""
    if not arguments and call.arguments.strip() not in {"", "{}"}:
        return f"{call.name} {call.arguments}"
    plain = {
        name: path_of(value) if name in _PATHS and isinstance(value, str) else value
        for name, value in arguments.items()
        if value is not None and name != "timeout" and _DEFAULTS.get((call.name, name)) != value
    }
    if call.name == "fs_list" and plain.get("path") == ".":
        del plain["path"]
    return f"{call.name} {json.dumps(plain, sort_keys=True)}"


def changed_between(steps: Iterable[Step], path: str | None) -> bool:
    """May any of the steps have changed this path, anything at all when it is None?

    A folder has changed when something right in it has.
    """
    for step in steps:
        touched = step.touched()
        if touched is None or (path is None and touched):
            return True
        if any(name == path or (posixpath.dirname(name) or ".") == path for name in touched):
            return True
    return False


def said(turn: Turn) -> str:
    """What the assistant put into words, its reasoning included."""
    return "\n".join(part for part in (turn.reply.reasoning, turn.reply.text) if part)
