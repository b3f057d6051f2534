"""Counts of a trajectory that tell how an agent worked."""

from __future__ import annotations

from collections import Counter

from pytest_agentcore.domain.evidence import Metrics
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.scoring.evidence_repetition import redundant_pairs, stale_steps
from pytest_agentcore.scoring.steps import steps_of


def metrics(trajectory: Trajectory) -> Metrics:
    """Count one run's calls and tokens."""
    steps = steps_of(trajectory)
    by_tool = Counter(step.name for step in steps)
    return Metrics(
        redundant_calls=sum(1 for _ in redundant_pairs(steps)),
        repeated_calls=sum(stale_steps(steps)),
        timed_out_calls=sum(step.timed_out for step in steps),
        calls_by_tool=dict(sorted(by_tool.items())),
        largest_input_tokens=max((turn.reply.usage.input_tokens for turn in trajectory.turns), default=0),
        silent_turns=sum(not turn.reply.text.strip() for turn in trajectory.turns),
    )


def cache_share(usage: Usage) -> float | None:
    """Share of the input tokens, 0..1, that came from the provider's cache; None without input."""
    return usage.cached_tokens / usage.input_tokens if usage.input_tokens else None
