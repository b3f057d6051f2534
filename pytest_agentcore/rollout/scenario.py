"""From a task as it is written to the task of one run: its scenario drawn, its texts filled in.

Texts are Jinja templates whose expressions stand in ``${{ … }}``, as in GitHub's workflow files: scripts, Python and
JSON seldom hold that. ``scenario`` is the only name they know; there are no blocks and no comments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pytest_agentcore.domain.scenario import Draw
from pytest_agentcore.domain.task import Task
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model import scripted

if TYPE_CHECKING:
    from jinja2 import Environment, Template

OPENING = "${{"


def drawn(task: Task, draw: Draw) -> Task:
    """The task of one run.

    A scenario may have ``files()``, the whole workspace of a variant by path, and ``hidden()``, further files for the
    checker's sandbox. The canonical workspace is the task's folder where it has one.

    Raises:
        ConfigError: the scenario cannot be drawn, or a text cannot be filled in.
    """
    if task.scenario is None:
        return task
    try:
        scenario = task.scenario(draw)
        files = _files(scenario, "files")
        hidden = _files(scenario, "hidden")
    except Exception as error:
        raise ConfigError(
            f"task {task.id}: the scenario of variant {draw.variant!r}, run {draw.run} cannot be drawn: "
            f"{type(error).__name__}: {error}"
        ) from error
    where = f"task {task.id}"
    folder = task.workspace if draw.canonical or not files else None
    return replace(
        task,
        prompt=fill(task.prompt, scenario, where),
        workspace=folder,
        files={**({} if folder is not None else files), **task.files},
        hidden_files=hidden,
        faults=tuple(
            replace(fault, path=fill(fault.path, scenario, where), message=fill(fault.message, scenario, where))
            for fault in task.faults
        ),
        drawn=scenario,
    )


def _files(scenario: Any, name: str) -> Mapping[str, str | bytes]:
    method = getattr(scenario, name, None)
    return dict(method()) if callable(method) else {}


def solution(task: Task, name: str) -> scripted.Solution:
    """A solution as it reads in this run's scenario.

    Raises:
        ConfigError: there is none of that name, its file is broken, or it asks for what the scenario does not have.
    """
    found = scripted.find(task.solutions, name)
    if task.drawn is None:
        return found
    where = f"task {task.id}, solution {name}"
    return replace(
        found,
        turns=tuple(
            replace(
                turn,
                text=fill(turn.text, task.drawn, where),
                calls=tuple((tool, _arguments(arguments, task.drawn, where)) for tool, arguments in turn.calls),
            )
            for turn in found.turns
        ),
    )


def _arguments(arguments: str, scenario: object, where: str) -> str:
    """Arguments are filled in value by value, so that quotes and line ends of a value cannot break their JSON."""
    if OPENING not in arguments:
        return arguments
    try:
        values = json.loads(arguments)
    except ValueError:
        return fill(arguments, scenario, where)  # malformed on purpose

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return fill(value, scenario, where)
        if isinstance(value, dict):
            return {name: filled(entry) for name, entry in value.items()}
        return [filled(entry) for entry in value] if isinstance(value, list) else value

    return json.dumps(filled(values), ensure_ascii=False)


def fill(text: str, scenario: object, where: str) -> str:
    """Put a scenario's values into a text; every other character stays as it is.

    Raises:
        ConfigError: the text is no template, or names what the scenario does not have.
    """
    if OPENING not in text:
        return text
    from jinja2 import TemplateError

    kept = text.replace("\r", "${{ '\\r' }}")  # the template's reader would turn CRLF into LF
    try:
        return _template(kept).render(scenario=scenario)
    except (TemplateError, AttributeError, TypeError, ValueError, LookupError) as error:
        raise ConfigError(f"{where}: {' '.join(str(error).split())} (in {text[:60]!r})") from None


@lru_cache(4096)
def _template(text: str) -> Template:
    """Compiled once: a solution is filled in for every run and scenario."""
    return _environment().from_string(text)


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(
        variable_start_string=OPENING,
        block_start_string="${%%",
        block_end_string="%%}",
        comment_start_string="${##",
        comment_end_string="##}",
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # plain text for a sandbox: nothing here becomes HTML
    )
