"""A campaign as it stands in the record, and what it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.domain.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a campaign measured, read from its manifest; empty where the manifest does not say."""

    suite: str = ""
    suite_version: str = ""
    model: str = ""
    agent: str = ""
    harness: str = ""
    """``name@version`` of what ran it."""
    level: str = ""
    """Sandbox level."""
    level_reason: str = ""
    """Why it is not a better one."""
    profile: str = ""
    """Resource profile, e.g. ``1x``."""
    variant: str = ""
    replay_of: str = ""
    """Digest of the campaign whose model calls were given again; empty for one that called its model."""
    digest: str = ""
    """Equal for campaigns that are the same measurement."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Identity:
        """Read a manifest; ``isolation`` may be a level or a mapping with ``level`` and ``reason``."""
        isolation = manifest.get("isolation")
        walls = isolation if isinstance(isolation, Mapping) else {"level": isolation}

        def text(source: Mapping[str, Any], name: str) -> str:
            value = source.get(name)
            return "" if value is None or isinstance(value, (Mapping, list, tuple)) else str(value)

        return cls(
            suite=text(manifest, "suite"),
            suite_version=text(manifest, "suite_version"),
            model=text(manifest, "model"),
            agent=text(manifest, "agent"),
            harness=text(manifest, "harness"),
            level=text(walls, "level"),
            level_reason=text(walls, "reason"),
            profile=text(manifest, "profile"),
            variant=text(manifest, "variant"),
            replay_of=text(manifest, "replay_of"),
            digest=text(manifest, "identity"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRecord:
    """All that a report is rendered from."""

    manifest: Mapping[str, Any]
    folder: str
    """Name of the campaign's folder, for display."""
    planned: tuple[RunKey, ...]
    """Sorted."""
    unscored: frozenset[str] = frozenset()
    """Ids of control tasks, which are reported and not counted."""
    outcomes: Mapping[RunKey, Outcome] = field(default_factory=dict)
    """The concluded ones."""
    superseded: tuple[Outcome, ...] = ()
    """Earlier attempts that a later one replaced."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Task id -> digest of the task that was run: results of different digests are not results of one test."""
    record_faults: tuple[str, ...] = ()
    """Why records of model calls are not whole, one for each attempt."""

    @property
    def identity(self) -> Identity:
        """What was measured."""
        return Identity.of(self.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval of a share; both ends lie in 0..1."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInterval:
    """Interval of the cost of a passing run, in US dollars."""

    low: Decimal
    high: Decimal | None
    """None: nothing bounds it, for all passes are of one task."""
    confidence: float = 0.95


class RunState(StrEnum):
    """How one planned run stands."""

    PASSED = "passed"
    FAILED = "failed"
    """The model's failure."""
    RESOURCE = "resource"
    INFRA = "infra"
    CHECKER = "checker"
    NOT_RUN = "not_run"

    @classmethod
    def of(cls, outcome: Outcome | None) -> RunState:
        """The state of a planned run whose concluded outcome this is."""
        if outcome is None:
            return cls.NOT_RUN
        if outcome.passed:
            return cls.PASSED
        return {
            Cause.RESOURCE: cls.RESOURCE,
            Cause.INFRA: cls.INFRA,
            Cause.CHECKER: cls.CHECKER,
            Cause.NOT_RUN: cls.NOT_RUN,
        }.get(outcome.cause or Cause.MODEL, cls.FAILED)

    @property
    def valid(self) -> bool:
        """Does it say something about the model?"""
        return self in {RunState.PASSED, RunState.FAILED, RunState.RESOURCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One planned run."""

    run: int
    """1-based run index."""
    state: RunState
    failure: str = ""
    """``mode/detail`` or ``cause/reason``; empty when it passed or never ran."""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """All runs of one task. The figures are those of its valid runs."""

    task: str
    scored: bool
    runs: tuple[RunRow, ...]
    """In the order of their index."""
    usage: Usage
    turns: int
    tool_calls: int

    @property
    def passed(self) -> int:
        """Runs that passed."""
        return sum(run.state is RunState.PASSED for run in self.runs)

    @property
    def valid(self) -> int:
        """Runs that say something about the model."""
        return sum(run.state.valid for run in self.runs)

    @property
    def planned(self) -> int:
        """Runs that were to be made."""
        return len(self.runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A campaign added up. Control tasks have rows and count in no figure but ``other_usage``.

    ``usage``, ``turns``, ``tool_calls``, ``malformed_calls``, ``failed_calls`` and the two times are sums over the
    valid runs.
    """

    tasks: tuple[TaskRow, ...]
    """Sorted by task id."""
    passed: int
    planned: int
    n_valid: int
    n_infra: int
    n_resource: int
    """Valid runs that a kill or limit ended, not passed."""
    n_checker: int
    n_not_run: int
    n_superseded: int
    """Attempts that a later one replaced."""
    min_coverage: float
    no_score_reason: str
    """Why there is no score; empty when there is one."""
    interval: Interval | None
    """Wilson, of passed among valid runs, which it takes for independent."""
    interval_over_tasks: Interval | None
    """Of the share that passes over tasks like these; None with fewer than two tasks that have a valid run."""
    detectable_effect: float | None
    """Least difference of pass rates (0..1) to another campaign of this design that shows in four cases of five."""
    runs_per_task: int
    """The k of ``pass_hat_k``: the fewest runs planned for any task."""
    pass_hat_k: float | None
    """Chance that k runs of a task all pass, mean over tasks; None when a task has fewer valid runs than k."""
    usage: Usage
    other_usage: Usage
    """Also paid for: attempts that do not count, and control tasks."""
    turns: int
    tool_calls: int
    malformed_calls: int
    failed_calls: int
    wall_s: float
    """Clock figure: it differs between two renderings of equal runs made on different days."""
    working_s: float
    """Clock figure."""
    cost_per_run: Decimal | None
    """US dollars; None when a price is unknown or no run is valid."""
    cost_per_pass: Decimal | None
    """US dollars; None when a price is unknown or no run passed."""
    cost_interval: CostInterval | None
    """Of ``cost_per_pass``, over tasks like these; None where that is, or with fewer than two tasks."""

    @property
    def has_score(self) -> bool:
        """False when a checker broke or nothing was concluded."""
        return not self.no_score_reason

    @property
    def coverage(self) -> float:
        """Valid runs among the planned ones, 0..1."""
        return self.n_valid / self.planned if self.planned else 0.0

    @property
    def quarantined(self) -> bool:
        """Too many runs are missing for the row to be ranked."""
        return self.coverage < self.min_coverage

    @property
    def bounds(self) -> tuple[int, int]:
        """Passed runs, were every run that is missing failed, and were every one passed."""
        return self.passed, self.passed + self.planned - self.n_valid

    @property
    def pass_rate(self) -> float | None:
        """Passed among valid runs, 0..1; None when there is none."""
        return self.passed / self.n_valid if self.n_valid else None

    @property
    def estimated(self) -> bool:
        """Were tokens counted by rule of thumb anywhere?"""
        return self.usage.estimated
