"""The verdict on a run, and who is to blame when it did not pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.usage import Usage


class Cause(StrEnum):
    """Who failed, when a run did not pass."""

    MODEL = "model"
    RESOURCE = "resource"
    INFRA = "infra"
    CHECKER = "checker"
    NOT_RUN = "not_run"
    """Planned and never concluded."""


class FailureMode(StrEnum):
    """How a model failed; one per failed run, in this order of precedence."""

    TAMPERED = "tampered"
    TOOL_CALL_MALFORMED = "tool_call_malformed"
    TIMEOUT = "timeout"
    TURN_LIMIT = "turn_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105 - the name of a limit
    EARLY_TERMINATION = "early_termination"
    REFUSAL = "refusal"
    WRONG_ANSWER = "wrong_answer"


class Detail(StrEnum):
    """What kind of wrong answer."""

    MISSING_OUTPUT = "missing_output"
    WRONG_VALUE = "wrong_value"
    WRONG_FORMAT = "wrong_format"
    SIDE_EFFECT = "side_effect"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RunKey:
    """Which run: stable over sessions, workers and days."""

    task: str
    model: str
    """As the user names it, e.g. ``anthropic/claude-sonnet-4-6``."""
    run: int
    """1-based run index."""

    @property
    def folder(self) -> str:
        """Name of the run's folder inside its campaign."""
        return f"{self.task}-run{self.run}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the checker said."""

    passed: bool
    detail: Detail | None = None
    tampered: bool = False
    message: str = ""
    """One paragraph, as pytest would show it."""
    checker_error: str | None = None
    """The checker itself broke: exception and message."""
    infra_error: str | None = None
    """The sandbox failed under the checker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The concluded record of one attempt at one run."""

    key: RunKey
    attempt: int = 1
    passed: bool = False
    cause: Cause | None = None
    """None when it passed."""
    failure_mode: FailureMode | None = None
    """Set when the cause is the model."""
    detail: Detail | None = None
    reason: str | None = None
    """For other causes: what happened, e.g. ``server_lost`` or ``oom_killed``."""
    message: str = ""
    checker_would_pass: bool | None = None
    """For a run that did not end by itself: did its workspace satisfy the checker?"""
    stop_reason: str = ""
    turns: int = 0
    tool_calls: int = 0
    malformed_calls: int = 0
    failed_calls: int = 0
    fault_exercised: bool | None = None
    """For a task with an injected fault: did the agent meet it?"""
    usage: Usage = field(default_factory=Usage)
    wall_s: float = 0.0
    working_s: float = 0.0
    """Wall time less back-off and queueing for the model."""
    evidence: Evidence = field(default_factory=Evidence)
    workspace_digest: str = ""
    model_returned: str | None = None
