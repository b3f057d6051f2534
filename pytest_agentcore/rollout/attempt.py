"""One attempt at one run: a sandbox, the agent in it, and the frozen result."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from pytest_agentcore.agent import clock
from pytest_agentcore.agent.loop import solve
from pytest_agentcore.agent.tools import Toolbox
from pytest_agentcore.domain.causes import INFRA_REASONS, SERVER_LOST, Loss
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.ports import Model, Sandbox
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.domain.workspace import Snapshot, Workspace
from pytest_agentcore.errors import ModelUnavailable, RunCancelled, RunHalted, SandboxError

API_PATIENCE_S = 3600.0
"""The gateway's own timeouts and retries end a call long before; this only bounds a gateway that is gone."""


@dataclass(slots=True)
class Cancel:
    """Ends what is in flight, from any thread."""

    _event: threading.Event = field(default_factory=threading.Event)
    _closers: set[Callable[[], None]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> bool:
        """Has the session begun to end?"""
        return self._event.is_set()

    def set(self) -> None:
        """Begin to end: later registrations are closed at once."""
        self._event.set()
        with self._lock:
            closers = list(self._closers)
        for close in closers:  # side by side: each may take as long as its sandbox takes to end
            threading.Thread(target=close, daemon=True, name="agentcore-close").start()

    def register(self, close: Callable[[], None]) -> Callable[[], None]:
        """Have something closed on cancel; the returned call takes it off the list again and closes it."""
        with self._lock:
            self._closers.add(close)
        if self():
            close()

        def release() -> None:
            with self._lock:
                self._closers.discard(close)
            close()

        return release


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What the gateway says of a run that has ended."""

    usage: Usage | None = None
    """None for a model that is not metered."""
    carried: Usage | None = None
    """Of that, what an earlier attempt paid."""
    record_fault: str | None = None
    """Why the record of its calls is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """What every attempt of a session shares."""

    open_sandbox: Callable[[Task], Sandbox]
    open_model: Callable[[RunKey, int, Task], Model]
    metered: Callable[[Model], Metered]
    """What the gateway says of a run of this model."""
    system_prompt: str
    suspects: threading.Lock = field(default_factory=threading.Lock)
    """Held by a run whose process died before."""


def attempt(*, key: RunKey, number: int, task: Task, before: Snapshot, harness: Harness, cancel: Cancel) -> Rollout:
    """Run the agent once. A fault that is not the model's is a value: ``Rollout.infra``.

    Raises:
        ModelRefusesConfig: no run of this model will ever work; the session stops.
        RunCancelled: the session is ending.
    """
    started = clock.now()
    turns: list[Turn] = []
    trajectory = Trajectory(system_prompt=harness.system_prompt, prompt=task.prompt)
    workspace = Workspace(snapshot=before, before=before)
    evidence, metered, infra, resource = Evidence(), Metered(), None, None
    halted, said = None, ""
    loss: Loss | None = None
    with ExitStack() as stack:
        try:
            sandbox = harness.open_sandbox(task)
            stack.callback(cancel.register(sandbox.close))
            sandbox.put(before.entries)
            model = harness.open_model(key, number, task)
            release = stack.callback(cancel.register(model.close))
            try:
                trajectory = solve(
                    task=task,
                    prompt=task.prompt,
                    model=model,
                    toolbox=toolbox(task, sandbox),
                    system=harness.system_prompt,
                    turns=turns,
                    cancelled=cancel,
                    api_timeout_s=API_PATIENCE_S,
                )
            finally:
                release()  # what the run used comes with its end, which saves a call to ask for it
                metered = harness.metered(model)
            workspace, evidence = frozen(sandbox, before)
        except RunHalted as halt:
            halted, said = halt.reason, str(halt)
            trajectory = Trajectory(system_prompt=harness.system_prompt, prompt=task.prompt, turns=tuple(turns))
        except (SandboxError, ModelUnavailable) as fault:
            if cancel():
                raise RunCancelled("the session is ending") from None
            reason, loss = getattr(fault, "reason", SERVER_LOST), getattr(fault, "loss", None)
            infra, resource = (str(fault), None) if reason in INFRA_REASONS else (None, reason)
            trajectory = Trajectory(system_prompt=harness.system_prompt, prompt=task.prompt, turns=tuple(turns))
    wall = clock.now() - started
    return Rollout(
        key=key,
        attempt=number,
        trajectory=trajectory,
        workspace=workspace,
        evidence=evidence,
        usage=metered.usage,
        wall_s=wall,
        working_s=max(0.0, wall + sum(turn.reply.beyond_s for turn in turns)),
        infra=infra,
        halted=halted,
        said=said,
        carried=metered.carried,
        record_fault=metered.record_fault,
        resource=resource,
        loss=loss,
    )


def toolbox(task: Task, sandbox: Sandbox) -> Toolbox:
    """The tools of a task in a sandbox."""
    return Toolbox(sandbox=sandbox, names=task.tools, call_s=task.limits.call_s, faults=task.faults)


def frozen(sandbox: Sandbox, before: Snapshot) -> tuple[Workspace, Evidence]:
    """End what still runs inside and keep the files."""
    snapshot = sandbox.snapshot()
    return Workspace(snapshot=snapshot, before=before, created=sandbox.created()), sandbox.usage()
