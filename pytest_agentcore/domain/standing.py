"""What a ranking needs of a campaign: counts by task and the bill, without the runs themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.campaign import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """The runs of one scored task, counted."""

    task: str
    digest: str
    passed: int
    valid: int
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One campaign, counted. Control tasks count in nothing."""

    folder: str
    manifest: Mapping[str, Any]
    identity: Identity
    """What was measured, as the manifest says."""
    tasks: tuple[TaskStanding, ...]
    """Sorted by task id."""
    n_infra: int
    n_checker: int
    n_resource: int
    cost_usd: Decimal | None
    """US dollars of the valid runs; None when a price is unknown."""
    input_tokens: int
    output_tokens: int
    estimated: bool
    """Were tokens counted by rule of thumb anywhere?"""

    @property
    def created_at(self) -> str:
        """UTC, ISO 8601; empty where the manifest does not say."""
        clock = self.manifest.get("clock")
        return str(clock.get("created_at", "")) if isinstance(clock, Mapping) else ""

    @property
    def passed(self) -> int:
        """Runs that passed."""
        return sum(task.passed for task in self.tasks)

    @property
    def n_valid(self) -> int:
        """Runs that say something about the model."""
        return sum(task.valid for task in self.tasks)

    @property
    def planned(self) -> int:
        """Runs that were to be made."""
        return sum(task.planned for task in self.tasks)

    @property
    def coverage(self) -> float:
        """Valid runs among the planned ones, 0..1."""
        return self.n_valid / self.planned if self.planned else 0.0
