"""Who failed, and how: from a finished rollout and its verdict to an outcome.

Precedence: not run > infra > tampered > passed > resource > model. Evidence alone never fails a run that passes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable

from pytest_agentcore.domain.causes import Seen, row_for
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, Verdict
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import StopReason, Trajectory
from pytest_agentcore.domain.workspace import Workspace, changed_paths, matching

ABSENT = re.compile(re.escape(os.strerror(errno.ENOENT)) + r"|file not found|FileNotFoundError", re.IGNORECASE)


def tampering(task: Task, workspace: Workspace) -> tuple[str, ...]:
    """Protected files that changed and forbidden files that appeared, as readable findings."""
    changes = changed_paths(workspace.before, workspace.snapshot)
    touched = matching((path for path, change in changes.items() if change != "added"), task.protected)
    planted = matching((path for path, change in changes.items() if change == "added"), task.forbidden)
    return (*(f"{path} was {changes[path]}" for path in touched), *(f"{path} was planted" for path in planted))


def fault_exercised(task: Task, trajectory: Trajectory) -> bool | None:
    """Did the agent meet the task's fault: named its path to a tool, or saw it beside a 'not found'?"""
    if not task.faults:
        return None
    paths = [fault.path for fault in task.faults]
    if any(path in call.arguments for call in trajectory.calls for path in paths):
        return True
    lines = [line for result in trajectory.results for line in result.content.splitlines()]
    return any(ABSENT.search(line) and path in line for line in lines for path in paths)


def ended_by_itself(trajectory: Trajectory) -> bool:
    """True when the agent stopped on its own, within every budget."""
    return trajectory.stop_reason is StopReason.FINISHED


def conclude(task: Task, rollout: Rollout, verdict: Verdict) -> Outcome:
    """The outcome of a checked run."""
    trajectory = rollout.trajectory
    by_itself = ended_by_itself(trajectory) and rollout.resource is None
    passed = verdict.passed and by_itself and not verdict.tampered
    cause, mode, reason = None, None, None
    if rollout.halted:
        passed, cause, reason = False, Cause.NOT_RUN, rollout.halted
    elif rollout.infra or verdict.infra_error:
        passed, cause, reason = False, Cause.INFRA, rollout.infra or verdict.infra_error
    elif verdict.checker_error and not verdict.tampered:
        passed, cause, reason = False, Cause.CHECKER, verdict.checker_error
    elif not passed:
        reason = None if verdict.tampered else rollout.resource or resource_event(trajectory)
        cause = Cause.RESOURCE if reason else Cause.MODEL
        mode = None if reason else failure_mode(rollout, verdict)
    wrong = mode is FailureMode.WRONG_ANSWER
    return Outcome(
        key=rollout.key,
        attempt=rollout.attempt,
        passed=passed,
        cause=cause,
        failure_mode=mode,
        detail=(verdict.detail or Detail.WRONG_VALUE) if wrong else None,
        reason=reason,
        message="" if passed else rollout.said or verdict.message,
        checker_would_pass=None if by_itself else verdict.passed,
        fault_exercised=fault_exercised(task, trajectory),
        workspace_digest=rollout.workspace.snapshot.digest,
        **_figures(rollout),  # type: ignore[arg-type]  # field by field as counted below
    )


def infra_outcome(rollout: Rollout) -> Outcome:
    """The outcome of an attempt that an infrastructure fault ended."""
    return Outcome(
        key=rollout.key,
        attempt=rollout.attempt,
        cause=Cause.INFRA,
        reason=rollout.infra,
        message=rollout.infra or "",
        **_figures(rollout),  # type: ignore[arg-type]
    )


def _figures(rollout: Rollout) -> dict[str, object]:
    trajectory = rollout.trajectory
    results = trajectory.results
    models = [turn.reply.model for turn in trajectory.turns if turn.reply.model]
    return {
        "stop_reason": str(trajectory.stop_reason),
        "turns": len(trajectory.turns),
        "tool_calls": len(trajectory.calls),
        "malformed_calls": sum(result.malformed for result in results),
        "failed_calls": sum(result.error and not result.malformed for result in results),
        "usage": rollout.spent,
        "wall_s": round(rollout.wall_s, 3),
        "working_s": round(rollout.working_s, 3),
        "evidence": rollout.evidence,
        "model_returned": models[-1] if models else None,
    }


def resource_event(trajectory: Trajectory) -> str | None:
    """The kill or limit that hit the last tool call of a run, if one did."""
    row = row_for(Seen.of(trajectory, loss=None))
    return None if row is None else row.reason


def failure_mode(rollout: Rollout, verdict: Verdict) -> FailureMode:
    """The first mode of :data:`LADDER` that fits."""
    return next(mode for mode, fits in LADDER if fits(rollout, verdict))


def _ended_on_malformed(rollout: Rollout) -> bool:
    results = rollout.trajectory.results
    return bool(results) and results[-1].malformed


def _said_and_did_nothing(rollout: Rollout) -> bool:
    silent = not rollout.trajectory.final_message.strip()
    return silent and not rollout.workspace.changes


LADDER: tuple[tuple[FailureMode, Callable[[Rollout, Verdict], bool]], ...] = (
    (FailureMode.TAMPERED, lambda _, verdict: verdict.tampered),
    (
        FailureMode.TOOL_CALL_MALFORMED,
        lambda run, _: run.trajectory.stop_reason is StopReason.MALFORMED or _ended_on_malformed(run),
    ),
    (FailureMode.TIMEOUT, lambda run, _: run.trajectory.stop_reason is StopReason.TIMEOUT),
    (FailureMode.TURN_LIMIT, lambda run, _: run.trajectory.stop_reason is StopReason.TURN_LIMIT),
    (FailureMode.TOKEN_LIMIT, lambda run, _: run.trajectory.stop_reason is StopReason.TOKEN_LIMIT),
    (FailureMode.EARLY_TERMINATION, lambda run, _: _said_and_did_nothing(run)),
    (FailureMode.REFUSAL, lambda run, _: run.trajectory.stop_reason is StopReason.REFUSAL),
    (FailureMode.WRONG_ANSWER, lambda _run, _verdict: True),
)
"""Failure modes in order of precedence; the first that fits is the run's."""
