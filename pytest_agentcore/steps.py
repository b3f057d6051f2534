"""The agent of a task that drives it itself, step by step, inside its test."""

from __future__ import annotations

from collections.abc import Callable

from pytest_agentcore.agent import clock
from pytest_agentcore.agent.loop import solve
from pytest_agentcore.domain.causes import INFRA_REASONS, SERVER_LOST, Loss
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import StopReason, Trajectory, Turn
from pytest_agentcore.domain.workspace import Snapshot, Workspace
from pytest_agentcore.errors import RunHalted, SandboxError
from pytest_agentcore.rollout.attempt import API_PATIENCE_S, Cancel, Harness, frozen, toolbox


class Agent:
    """An agent in a sandbox of its own; every ``solve`` goes on in the same sandbox with a fresh conversation."""

    def __init__(
        self, *, key: RunKey, number: int, task: Task, before: Snapshot, harness: Harness, cancel: Cancel
    ) -> None:
        self._key, self._number, self._task, self._before = key, number, task, before
        self._harness, self._cancel = harness, cancel
        self._started = clock.now()
        self._trajectory = Trajectory(system_prompt=harness.system_prompt, prompt=task.prompt)
        self._turns: list[Turn] = []
        self._halt: RunHalted | None = None
        self._model = harness.open_model(key, number, task)
        self._releases: list[Callable[[], None]] = [cancel.register(self._model.close)]
        self.sandbox: Sandbox = harness.open_sandbox(task)
        """Where it works: a test may put files there, run commands and read what came of them."""
        self._releases.append(cancel.register(self.sandbox.close))
        self.sandbox.put(before.entries)

    def solve(self, prompt: str | None = None) -> Trajectory:
        """Let the agent work until it ends by itself or meets a budget; the prompt is the task's own by default.

        Raises:
            ModelError, SandboxError: somebody other than the model failed.
        """
        turns: list[Turn] = []
        try:
            step = solve(
                task=self._task,
                prompt=prompt or self._task.prompt,
                model=self._model,
                toolbox=toolbox(self._task, self.sandbox),
                system=self._harness.system_prompt,
                turns=turns,
                cancelled=self._cancel,
                api_timeout_s=API_PATIENCE_S,
            )
        except RunHalted as halt:
            self._halt = halt
            raise
        finally:
            self._turns += turns
        worst = (
            step.stop_reason if self._trajectory.stop_reason is StopReason.FINISHED else self._trajectory.stop_reason
        )
        self._trajectory = Trajectory(
            system_prompt=step.system_prompt,
            prompt=self._task.prompt,
            tools=step.tools,
            turns=tuple(self._turns),
            stop_reason=worst,
        )
        return step

    @property
    def workspace(self) -> Workspace:
        """The files as they are now, to be read like those of a finished run; what still runs inside is ended first."""
        return frozen(self.sandbox, self._before)[0]

    def rollout(self, *, infra: str | None) -> Rollout:
        """Freeze the workspace and tell what all steps came to."""
        workspace, evidence = Workspace(snapshot=self._before, before=self._before), Evidence()
        loss: Loss | None = None
        resource: str | None = None
        try:
            workspace, evidence = frozen(self.sandbox, self._before)
        except SandboxError as fault:
            reason, loss = getattr(fault, "reason", SERVER_LOST), getattr(fault, "loss", None)
            infra, resource = (infra or str(fault), None) if reason in INFRA_REASONS else (None, reason)
        wall, metered = clock.now() - self._started, self._harness.metered(self._model)
        return Rollout(
            key=self._key,
            attempt=self._number,
            trajectory=self._trajectory,
            workspace=workspace,
            evidence=evidence,
            usage=metered.usage,
            wall_s=wall,
            working_s=max(0.0, wall + sum(turn.reply.beyond_s for turn in self._turns)),
            infra=infra,
            resource=resource,
            loss=loss,
            halted=self._halt.reason if self._halt else None,
            said=str(self._halt or ""),
            carried=metered.carried,
            record_fault=metered.record_fault,
        )

    def close(self) -> None:
        """Give sandbox and model back."""
        for release in reversed(self._releases):
            release()
