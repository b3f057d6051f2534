"""What an agent is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.evidence import Diagnosis
from pytest_agentcore.domain.resources import Floor, Limits
from pytest_agentcore.domain.scenario import Draw

TOOLS = ("fs_read", "fs_write", "fs_list", "shell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An error that the harness gives in place of a tool's answer."""

    tool: str
    path: str
    """The call is faulty when its ``path`` argument names this file of the workspace."""
    message: str
    times: int = 1
    """The first so many such calls of a run are answered with the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Everything that a run depends on, known before it starts."""

    id: str
    suite: str
    prompt: str
    folder: Path
    workspace: Path | None = None
    """Folder whose content the agent finds."""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Further files by path, over those of ``workspace``."""
    scenario: Callable[[Draw], Any] | None = None
    """Draws a run's scenario, which is ``run.scenario``."""
    drawn: Any = None
    """What ``scenario`` gave for this run."""
    hidden: Path | None = None
    """Folder that only a checker's sandbox ever sees."""
    hidden_files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Further hidden files by path, over those of ``hidden``."""
    solutions: Path | None = None
    tools: tuple[str, ...] = TOOLS
    max_turns: int = 13
    max_tokens: int | None = None
    """Input and output of all turns together."""
    timeout_s: float = 600.0
    """Working time of the whole run."""
    limits: Limits = field(default_factory=Limits)
    """The ceiling at profile ``1x``; of a run, at its own profile."""
    floor: Floor = field(default_factory=Floor)
    """What every run is guaranteed, at any profile."""
    profile: str = "1x"
    """Resource profile of this run."""
    image: str = ""
    """What its sandboxes are made of at level ``docker``, which it then needs; empty for the session's image."""
    faults: tuple[Fault, ...] = ()
    protected: tuple[str, ...] = ()
    """Globs: a file that was there at the start and matches may not change."""
    forbidden: tuple[str, ...] = ()
    """Globs: a new file that matches is tampering."""
    scored: bool = True
    """False for a control item, which is reported and not counted."""
    diagnosis: Diagnosis | None = None
    """How its diagnosis reads, for evidence alone: no verdict depends on it."""
    digest: str = ""
