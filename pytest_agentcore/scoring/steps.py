"""A trajectory as a flat list of tool calls, each with what it asked, what it got and what it may have changed."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
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
_CONTENTS = ("content", "file_text", "contents")
_READ, _WRITE, _LIST, _EDIT = "fs_read", "fs_write", "fs_list", "edit"
_SAME_AS: Mapping[str, str] = {
    **dict.fromkeys(("read", "read_file", "view", "view_file", "open_file", "cat", "notebookread"), _READ),
    **dict.fromkeys(("write", "write_file", "create", "create_file"), _WRITE),
    **dict.fromkeys(("ls", "list", "list_dir", "list_directory", "list_files", "glob", "find_files"), _LIST),
    **dict.fromkeys(("edit", "multiedit", "edit_file", "str_replace", "insert", "notebookedit", "replace"), _EDIT),
    **dict.fromkeys(("grep", "search", "search_files", "grep_search", "file_search"), "search"),
}
"""Other agents' names of tools, in lower case -> what they do; ``edit`` and ``search`` are not among our own."""
_EDITORS = ("str_replace_editor", "str_replace_based_edit_tool", "text_editor", "editor")
"""Tools of which ``command`` is no command line, but one of the names above."""
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "fish", "ksh"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tool call of a run."""

    turn: int
    """1-based."""
    tool: str
    """What it does, by our own tools' names where it is the same: ``Read`` of another agent is ``fs_read``."""
    name: str
    """As it was called."""
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
        return quoted(f"{self.name} {about} {shown}")

    def touched(self) -> frozenset[str] | None:
        """Workspace paths that it may have changed; None when it may have changed any."""
        if self.malformed or self.fault or self.tool in {_READ, _LIST, "search"}:
            return frozenset()
        if self.tool in {_WRITE, _EDIT}:
            return frozenset() if self.error or self.path is None else frozenset({self.path})
        return self.command.touched() if self.command is not None else None

    @property
    def wrote(self) -> str | None:
        """The whole content that the call gave its file; None for any other call."""
        if self.tool != _WRITE or self.error:
            return None
        return next((self.arguments[name] for name in _CONTENTS if isinstance(self.arguments.get(name), str)), None)


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
    tool = _tool(call.name, arguments)
    named = next((arguments[name] for name in _PATHS if isinstance(arguments.get(name), str)), None)
    if named is None and tool == _LIST:
        named = "."
    shell = _command_line(call.name, arguments)
    return Step(
        turn=turn,
        tool=tool,
        name=call.name,
        arguments=arguments,
        key=_key(call, arguments),
        path=None if named is None else path_of(named),
        content=given.content,
        error=given.error,
        malformed=given.malformed,
        timed_out=given.timed_out,
        fault=given.fault is not None,
        command=None if shell is None else parse(shell),
        told=_CLOCK.sub("_", given.content).strip(),
    )


def _tool(name: str, arguments: Mapping[str, Any]) -> str:
    if name in _EDITORS:
        name = str(arguments.get("command"))
    return _SAME_AS.get(name.lower(), name)


def _command_line(tool: str, arguments: Mapping[str, Any]) -> str | None:
    """What a shell is to run, whatever the agent calls it: a line, or the words of one."""
    given = arguments.get("command", arguments.get("cmd"))
    if isinstance(given, list) and given and all(isinstance(word, str) for word in given):
        shell = posixpath.basename(given[0]) in _SHELLS and len(given) == 3 and given[1].startswith("-")  # noqa: PLR2004
        return given[2] if shell else shlex.join(given)
    return given if isinstance(given, str) and tool not in _EDITORS else None


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
