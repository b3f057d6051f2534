"""The four tools: what a model may ask of its sandbox, and what it is told.

Their contract is part of a suite's version: names, arguments, limits and the wording of the notes below.
"""

from __future__ import annotations

import codecs
import json
import posixpath
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.task import Fault
from pytest_agentcore.domain.trajectory import ToolCall, ToolResult, ToolSpec

CONTRACT = "1"
READ_BYTES = 65_536


def _spec(name: str, description: str, required: tuple[str, ...], **properties: Mapping[str, str]) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolSpec(name=name, description=description, parameters=schema)


_PATH = {"type": "string", "description": "Path, relative to the workspace."}

SPECS: Mapping[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "fs_read",
            "Read a text file. Returns up to 64 KB and says what it left out; read on with offset.",
            ("path",),
            path=_PATH,
            offset={"type": "integer", "description": "First byte to return; 0 by default."},
            limit={"type": "integer", "description": "Most bytes to return; at most 65536."},
        ),
        _spec(
            "fs_write",
            "Create or replace a file with exactly this content. Missing folders are made.",
            ("path", "content"),
            path=_PATH,
            content={"type": "string", "description": "The whole content of the file."},
        ),
        _spec(
            "fs_list", "List a folder: one name a line, folders end in a slash, files show their size.", (), path=_PATH
        ),
        _spec(
            "shell",
            "Run a command with sh in the workspace. Returns stdout and stderr together and the exit code. No network.",
            ("command",),
            command={"type": "string", "description": "The command line."},
            timeout={"type": "number", "description": "Seconds after which the command is killed."},
        ),
    )
}


class MalformedCall(Exception):
    """A call that is none: unknown tool, or arguments that do not fit its schema."""


@dataclass(slots=True, kw_only=True)
class Toolbox:
    """The tools of one run."""

    sandbox: Sandbox
    names: tuple[str, ...]
    call_s: float
    """Longest shell command, in seconds."""
    faults: tuple[Fault, ...] = ()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools that this run offers, as a model sees them."""
        return tuple(SPECS[name] for name in self.names)

    def run(self, call: ToolCall) -> ToolResult:
        """Execute one call. What goes wrong inside is told to the model; only ``SandboxError`` is raised."""
        started = time.monotonic()
        try:
            arguments = parse_arguments(call, self.names)
        except MalformedCall as slip:
            return ToolResult(call_id=call.id, content=f"error: {slip}", error=True, malformed=True)
        fault = self._fault(call.name, arguments)
        if fault is not None:
            return ToolResult(call_id=call.id, content=fault.message, error=True, fault=fault.message)
        tool: Callable[[ToolCall, dict[str, Any]], ToolResult] = getattr(self, f"_{call.name}")
        try:
            result = tool(call, arguments)
        except OSError as error:
            where = arguments.get("path", "")
            text = f"error: {(error.strerror or str(error)).lower()}: {where}"
            result = ToolResult(call_id=call.id, content=text, error=True)
        except ValueError as error:
            result = ToolResult(call_id=call.id, content=f"error: {error}", error=True)
        return replace(result, wall_s=time.monotonic() - started)

    def _fault(self, tool: str, arguments: Mapping[str, Any]) -> Fault | None:
        for index, fault in enumerate(self.faults):
            if fault.tool == tool and fault.times > 0 and _same_file(arguments.get("path", ""), fault.path):
                left = replace(fault, times=fault.times - 1)
                self.faults = (*self.faults[:index], left, *self.faults[index + 1 :])
                return fault
        return None

    def _fs_read(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        offset = max(0, arguments.get("offset", 0))
        limit = min(READ_BYTES, max(1, arguments.get("limit", READ_BYTES)))
        data, size = self.sandbox.read(arguments["path"], offset=offset, limit=limit)
        end = offset + len(data)
        if end < size:
            data = _whole_characters(data)
            end = offset + len(data)
        text = data.decode("utf-8", "replace")
        if end < size or offset:
            more = f"; read on with offset={end}" if end < size else ""
            text += f"\n[bytes {offset} to {end} of {size}{more}]"
        return ToolResult(call_id=call.id, content=text)

    def _fs_write(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        data = arguments["content"].encode("utf-8")
        self.sandbox.write(arguments["path"], data)
        return ToolResult(call_id=call.id, content=f"wrote {len(data)} bytes to {arguments['path']}")

    def _fs_list(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        lines = []
        for entry in self.sandbox.list(arguments.get("path", ".")):
            name = entry.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            shown = name if name.isprintable() else json.dumps(name)
            suffix = {
                "dir": "/",
                "file": f"\t{entry.size} bytes",
                "symlink": f" -> {entry.target}",
                "other": " (special)",
            }
            lines.append(shown + suffix[entry.kind])
        return ToolResult(call_id=call.id, content="\n".join(lines) or "(empty)")

    def _shell(self, call: ToolCall, arguments: dict[str, Any]) -> ToolResult:
        timeout = min(self.call_s, arguments.get("timeout", self.call_s))
        if timeout <= 0:
            raise ValueError("timeout must be a positive number of seconds")
        argv = ["sh", "-c", arguments["command"]]
        done = self.sandbox.exec(argv, timeout_s=timeout, merge_stderr=True)
        text = done.stdout.text()
        if done.timed_out:
            text += f"\n[timed out after {timeout:g} s; every process was killed]"
        elif done.exit_code != 0:
            text += f"\n[exit code {done.exit_code}]"
        return ToolResult(
            call_id=call.id,
            content=text or "(no output)",
            error=done.timed_out or done.exit_code != 0,
            timed_out=done.timed_out,
            evidence=done.evidence,
        )


_TYPES: Mapping[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float)}


def parse_arguments(call: ToolCall, offered: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of a call as data.

    Raises:
        MalformedCall: unknown tool, no JSON object, or a key that the schema does not allow; its text is what the
            model is told.
    """
    if call.name not in offered:
        raise MalformedCall(f"there is no tool {call.name!r}; the tools are {', '.join(offered)}")
    schema = SPECS[call.name].parameters
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise MalformedCall(f"the arguments of {call.name} are not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise MalformedCall(f"the arguments of {call.name} must be a JSON object")
    missing = [name for name in schema["required"] if name not in arguments]
    unknown = sorted(arguments.keys() - schema["properties"].keys())
    if missing or unknown:
        what = f"needs {missing[0]!r}" if missing else f"takes no argument {unknown[0]!r}"
        raise MalformedCall(f"{call.name} {what}; it takes {', '.join(schema['properties'])}")
    for name, value in list(arguments.items()):
        kind = schema["properties"][name]["type"]
        if value is None and name not in schema["required"]:
            del arguments[name]
        elif isinstance(value, bool) or not isinstance(value, _TYPES[kind]):
            raise MalformedCall(f"argument {name!r} of {call.name} must be of type {kind}")
    if any(isinstance(value, str) and "\0" in value for name, value in arguments.items() if name != "content"):
        raise MalformedCall(f"an argument of {call.name} holds a NUL character")
    return arguments


def _same_file(path: str, wanted: str) -> bool:
    """Do two ways of writing a path mean the same file of the workspace?"""
    normal = posixpath.normpath(path.removeprefix("/workspace/"))
    return normal == posixpath.normpath(wanted)


def _whole_characters(data: bytes) -> bytes:
    """Without the bytes of a UTF-8 character cut at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    pending = len(decoder.getstate()[0])
    return data[: len(data) - pending] or data
