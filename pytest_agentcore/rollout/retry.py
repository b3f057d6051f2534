"""Attempts at a run until one is not spoilt by infrastructure."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Protocol

from pytest_agentcore._version import __version__
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.workspace import Snapshot, Workspace
from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.formats.atif import to_atif
from pytest_agentcore.rollout.attempt import Cancel, Harness, attempt
from pytest_agentcore.scoring.failure import infra_outcome


class Record(Protocol):
    """Where attempts are written down."""

    @property
    def name(self) -> str:
        """What the campaign is called."""
        ...

    def attempts_lost(self, key: RunKey) -> int:
        """Attempts of this session that began and never ended: their process died."""
        ...

    def attempt_started(self, key: RunKey) -> int:
        """Note the start; gives the attempt's number, 1-based over all sessions."""
        ...

    def attempt_ended(self, rollout: Rollout, *, trajectory: Mapping[str, Any], superseded: Outcome | None) -> None:
        """Keep what an attempt left; ``superseded`` when another one follows."""
        ...


def rollout(
    *, key: RunKey, task: Task, before: Snapshot, harness: Harness, record: Record, retries: int, cancel: Cancel
) -> Rollout:
    """The first attempt that infrastructure did not spoil, or the last one that it did.

    A run whose process died each time it was tried has used its attempts as well. After the first such death it is
    tried while no other suspect is, so that runs that only shared a process with a deadly one are not blamed for it.
    """
    lost = record.attempts_lost(key)
    if lost > retries:
        done = spoilt(key, lost, task, before, f"the worker process died in each of {lost} attempts")
        keep(record, done, again=False)
        return done
    with harness.suspects if lost else nullcontext():
        for left in range(retries - lost, -1, -1):
            number = record.attempt_started(key)
            try:
                done = attempt(key=key, number=number, task=task, before=before, harness=harness, cancel=cancel)
            except AgentCoreError:
                raise
            except Exception as error:  # noqa: BLE001 - a bug of ours is told in the outcome, not charged to the model
                done = spoilt(key, number, task, before, f"harness error: {_place(error)}")
            again = done.infra is not None and left > 0
            keep(record, done, again=again)
            if not again:
                break
    return done


def keep(record: Record, done: Rollout, *, again: bool) -> None:
    """Write down what an attempt left; ``again`` when another one follows."""
    document = to_atif(
        done.trajectory,
        session_id=f"{record.name}/{done.key.folder}/attempt-{done.attempt}",
        agent_name="pytest-agentcore",
        agent_version=__version__,
        model_name=done.key.model,
        extra={"task": done.key.task, "run": done.key.run, "infra": done.infra},
    )
    record.attempt_ended(done, trajectory=document, superseded=infra_outcome(done) if again else None)


def _place(error: Exception) -> str:
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"


def spoilt(key: RunKey, number: int, task: Task, before: Snapshot, reason: str) -> Rollout:
    """The rollout of an attempt that never came to anything."""
    return Rollout(
        key=key,
        attempt=number,
        trajectory=Trajectory(system_prompt="", prompt=task.prompt),
        workspace=Workspace(snapshot=before, before=before),
        infra=reason,
    )
