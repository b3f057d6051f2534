"""A run that ended, before anyone judged it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.domain.workspace import Workspace

WIRE_RECORD = "wire.jsonl.zst"
"""In an attempt's folder: its model calls, as the gateway recorded them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What an attempt left behind, before anyone judged it."""

    key: RunKey
    attempt: int
    trajectory: Trajectory
    workspace: Workspace
    evidence: Evidence = field(default_factory=Evidence)
    usage: Usage | None = None
    """What the gateway metered; None where the trajectory's own sum is all there is."""
    wall_s: float = 0.0
    working_s: float = 0.0
    infra: str | None = None
    """A fault that was not the model's; the attempt counts for nothing."""
    halted: str | None = None
    """Why the attempt could not go on though nobody failed: ``budget`` or ``replay_miss``."""
    said: str = ""
    """What was said of that, for people."""
    carried: Usage | None = None
    """Of ``usage``, what an attempt that was cut off had paid, and this one went on from."""
    record_fault: str | None = None
    """Why the record of its model calls is not whole."""
    resource: str | None = None
    """A kill or limit that ended the run and took its workspace along, e.g. ``oom_killed``."""
    loss: Loss | None = None
    """What was seen of its sandbox, where that went away."""

    @property
    def spent(self) -> Usage:
        """Tokens and cost, by the best source there is."""
        return self.usage if self.usage is not None else self.trajectory.usage
