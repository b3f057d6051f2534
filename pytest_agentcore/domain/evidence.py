"""What is worth knowing of a run beside its verdict: patterns in its trajectory, counts of its calls, what it left.

All of it is derived from the stored run and can be derived again; none of it ever changes a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.workspace import Workspace

LONGEST_QUOTE = 240
"""Characters of a quotation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How a task recognises its diagnosis in words, so that a run that knew it and left another can be found."""

    states: tuple[str, ...]
    """Regular expressions; one statement of up to three sentences in which all are found states the diagnosis."""
    artefact: str
    """Path of the file in which the agent leaves its finding."""

    def __post_init__(self) -> None:
        """Refuse what is no regular expression while its author looks on."""
        for pattern in self.states:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"Diagnosis(states={pattern!r}) is no regular expression: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What a detector looks at: a finished run, whoever made it, and nothing of its verdict."""

    trajectory: Trajectory
    workspace: Workspace
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One occurrence of a pattern in a run."""

    pattern: str
    turns: tuple[int, ...]
    """1-based, in order; empty where the turn cannot be told."""
    quote: str
    """From the trajectory: what shows it, one line of at most :data:`LONGEST_QUOTE` characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One pattern and how it is found."""

    name: str
    description: str
    """One sentence."""
    find: Callable[[Episode], Iterable[Finding]]
    """A pure function: equal episodes give equal findings."""
    version: int = 1
    """To be raised with every change of what it finds: what an older one found is then derived anew."""
    built_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file that a run added, changed or removed."""

    path: str
    change: Literal["added", "removed", "changed"]
    size: int
    """Bytes; 0 when removed."""
    excerpt: str | None = None
    """How its text begins; None when it is no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Counts of a trajectory that its outcome does not hold."""

    redundant_calls: int = 0
    """Calls that repeat one of the turn before, with nothing changed in between."""
    repeated_calls: int = 0
    """Calls that told nothing new: seen earlier in the run, with nothing changed in between."""
    timed_out_calls: int = 0
    calls_by_tool: Mapping[str, int] = field(default_factory=dict)
    """In the order of the tools' names."""
    largest_input_tokens: int = 0
    """Of any one model call."""
    silent_turns: int = 0
    """Messages without a word, calls or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """All that was derived from one run."""

    detectors: Mapping[str, int] = field(default_factory=dict)
    """Name -> version of each detector that looked."""
    findings: tuple[Finding, ...] = ()
    """By pattern, then by turn."""
    metrics: Metrics = field(default_factory=Metrics)
    final_message: str = ""
    """How the last message begins."""
    outputs: tuple[Output, ...] = ()
    """By path; caches left out."""


def quoted(text: str) -> str:
    """A text as a quotation: one line, cut at :data:`LONGEST_QUOTE` characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 1]}…"
