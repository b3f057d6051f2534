"""``scripted/<solution>``: a solution file as a model, in-process, free and deterministic."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.resources import factor
from pytest_agentcore.domain.trajectory import Reply, ToolCall, ToolSpec, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ConfigError

PREFIX = "scripted/"
CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb for English text and code; the usage is marked as estimated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedTurn:
    """One assistant message of a solution."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """(tool, arguments as JSON text), sent together in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A scripted trajectory and what its author expects of the checker."""

    name: str
    turns: tuple[ScriptedTurn, ...]
    description: str = ""
    expect: Mapping[str, Any] | None = None
    """None = must pass; else ``failure_mode`` and, for a wrong answer, ``detail``."""
    portable: bool = False
    """Right in every scenario as it stands: it works its answer out, or needs no value of the scenario."""
    resources: str = "1x"
    """The least resource profile at which it passes; at ``1x`` it is then ended by a kill or limit."""


IMPLIED = {
    "nop": Solution(name="nop", turns=(ScriptedTurn(),), expect={"failure_mode": "early_termination"}),
    "empty": Solution(name="empty", turns=(ScriptedTurn(text="Done."),), expect={"failure_mode": "wrong_answer"}),
}
"""Solutions that every task has without a file."""


def names(folder: Path | None) -> list[str]:
    """The solutions that a task can be run with, implied ones included."""
    written = sorted(path.stem for path in folder.glob("*.yaml")) if folder is not None else []
    return [*written, *sorted(IMPLIED)]


def find(folder: Path | None, name: str) -> Solution:
    """The solution of that name, from a task's ``solutions`` folder.

    Raises:
        ConfigError: there is none, or its file is broken.
    """
    path = folder / f"{name}.yaml" if folder is not None and "/" not in name else None
    if path is not None and path.is_file():
        return load(path)
    if name in IMPLIED:
        return IMPLIED[name]
    known = names(folder)
    close = difflib.get_close_matches(name, known, n=3) or ["reference"] * ("reference" in known) + ["nop"]
    where = folder if folder is not None else "this task, which has no solutions/"
    raise ConfigError(f"there is no solution {name!r} in {where}; there are {len(known)}, e.g. {', '.join(close)}")


_KEYS = {"description", "expect", "portable", "resources", "turns"}


@cache
def load(path: Path) -> Solution:
    """Read one solution file.

    Raises:
        ConfigError: not YAML, or not of the form that ``docs/tasks.md`` describes.
    """
    import yaml

    try:
        data = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    where = str(path)
    if not isinstance(data, dict) or not isinstance(data.get("turns"), list):
        raise ConfigError(f"{where} must be a mapping with a list 'turns'")
    unknown = sorted(data.keys() - _KEYS)
    if unknown:
        raise ConfigError(f"{where} has an unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    if not isinstance(data.get("portable", False), bool):
        raise ConfigError(f"{where}: portable must be true or false, not {data['portable']!r}")
    turns = [turn for index, raw in enumerate(data["turns"], 1) for turn in _turns(raw, f"{where}, turn {index}")]
    return Solution(
        name=path.stem,
        turns=tuple(turns),
        description=str(data.get("description", "")),
        expect=_expectation(data.get("expect", "pass"), where),
        portable=data.get("portable", False),
        resources=_profile(data, where),
    )


def _profile(data: Mapping[str, Any], where: str) -> str:
    profile = data.get("resources", "1x")
    try:
        factor(str(profile))
    except ValueError as error:
        raise ConfigError(f"{where}: resources: {error}") from None
    if profile != "1x" and data.get("expect", "pass") != "pass":
        raise ConfigError(f"{where}: resources belongs to a solution that passes; drop it, or expect: pass")
    return str(profile)


def _expectation(value: object, where: str) -> Mapping[str, Any] | None:
    if value == "pass":
        return None
    if isinstance(value, dict) and isinstance(value.get("failure_mode"), str):
        return value
    raise ConfigError(f"{where}: expect must be 'pass' or a mapping with failure_mode, not {value!r}")


def _turns(raw: object, where: str) -> list[ScriptedTurn]:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where} must be a mapping with text, calls or both, not {raw!r}")
    unknown = sorted(raw.keys() - {"text", "calls", "repeat"})
    text, calls, repeat = raw.get("text", ""), raw.get("calls", []), raw.get("repeat", 1)
    if unknown:
        raise ConfigError(f"{where} has an unknown key {unknown[0]!r}; known are text, calls, repeat")
    if not isinstance(text, str) or not isinstance(calls, list):
        raise ConfigError(f"{where}: text must be a string and calls a list")
    if not isinstance(repeat, int) or not 1 <= repeat <= 1000:  # noqa: PLR2004 - far beyond any turn budget
        raise ConfigError(f"{where}: repeat must be a number from 1 to 1000, not {repeat!r}")
    turn = ScriptedTurn(text=text, calls=tuple(_call(call, where) for call in calls))
    return [turn] * repeat


def _call(raw: object, where: str) -> tuple[str, str]:
    if not isinstance(raw, dict) or len(raw) != 1:
        raise ConfigError(f"{where}: a call must be one tool with its arguments, not {raw!r}")
    ((tool, arguments),) = raw.items()
    if not isinstance(arguments, dict):
        raise ConfigError(f"{where}: the arguments of {tool!r} must be a mapping, not {arguments!r}")
    if tool == "raw":
        return str(arguments.get("name", "")), str(arguments.get("arguments", ""))
    return str(tool), json.dumps(arguments, ensure_ascii=False)


class ScriptedModel:
    """Replays a solution turn by turn; past its end it says nothing more, which ends the run."""

    def __init__(self, solution: Solution) -> None:
        self._solution = solution

    def reply(
        self, *, system: str, prompt: str, turns: Sequence[Turn], tools: Sequence[ToolSpec], timeout_s: float
    ) -> Reply:
        """The scripted message at this position of the conversation."""
        del tools, timeout_s
        script = self._solution.turns
        scripted = script[len(turns)] if len(turns) < len(script) else ScriptedTurn()
        calls = tuple(
            ToolCall(id=f"call_{len(turns) + 1}_{index}", name=name, arguments=arguments)
            for index, (name, arguments) in enumerate(scripted.calls, 1)
        )
        said = len(scripted.text) + sum(len(name) + len(arguments) for name, arguments in scripted.calls)
        heard = len(system) + len(prompt) + sum(_characters(turn) for turn in turns)
        usage = Usage(
            calls=1,
            input_tokens=-(-heard // CHARACTERS_PER_TOKEN),
            output_tokens=-(-said // CHARACTERS_PER_TOKEN),
            cost_usd=Decimal(0),
            estimated=True,
        )
        return Reply(
            text=scripted.text,
            calls=calls,
            finish_reason="tool_calls" if calls else "stop",
            usage=usage,
            model=PREFIX + self._solution.name,
        )

    def close(self) -> None:
        """Nothing is held."""


def _characters(turn: Turn) -> int:
    said = len(turn.reply.text) + sum(len(call.name) + len(call.arguments) for call in turn.reply.calls)
    return said + sum(len(result.content) for result in turn.results)
