"""``run``: a finished rollout as a checker sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.outcome import Detail, RunKey
from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import StopReason, Trajectory
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.domain.workspace import Entry, Workspace, is_bytecode, matching
from pytest_agentcore.errors import WrongAnswer
from pytest_agentcore.rollout.material import load_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a checker's command printed in its fresh sandbox."""

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool

    def json(self) -> Any:
        """Standard output as one JSON document; anything else is the workspace's doing: ``wrong_value``."""
        try:
            return json.loads(self.stdout)
        except (ValueError, RecursionError):
            raise WrongAnswer(f"the workspace's code broke the check: {self.stdout[-300:]!r}") from None


class Run:
    """One finished run: its frozen workspace, its trajectory, and a way to try the workspace out."""

    def __init__(self, *, task: Task, rollout: Rollout, open_sandbox: Callable[[Task], Sandbox]) -> None:
        self.task = task
        self.scenario = task.drawn
        """What the marker's ``scenario`` drew for this run; None without one."""
        self._rollout = rollout
        self._open_sandbox = open_sandbox

    @property
    def key(self) -> RunKey:
        """Task, model and run index."""
        return self._rollout.key

    @property
    def workspace(self) -> Workspace:
        """The frozen final files."""
        return self._rollout.workspace

    @property
    def trajectory(self) -> Trajectory:
        """Every turn, tool call and result."""
        return self._rollout.trajectory

    @property
    def final_message(self) -> str:
        """Text of the last assistant message."""
        return self.trajectory.final_message

    @property
    def stop_reason(self) -> StopReason:
        """How the loop ended."""
        return self.trajectory.stop_reason

    @property
    def usage(self) -> Usage:
        """Tokens of the whole run."""
        return self._rollout.spent

    @property
    def cost(self) -> Decimal | None:
        """US dollars; None when the price is not known."""
        return self.usage.cost_usd

    @contextmanager
    def expects(self, detail: str) -> Iterator[None]:
        """Give a detail to every assertion inside: ``with run.expects("side_effect"): assert …``."""
        named = Detail(detail)
        try:
            yield
        except AssertionError as failure:
            if not hasattr(failure, "detail"):
                failure.detail = str(named)  # type: ignore[attr-defined]  # read back when the run is concluded
            raise

    def check(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, str | bytes] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float = 60.0,
    ) -> CheckResult:
        """Run a command in a fresh sandbox: the frozen workspace is its folder, hidden files lie in ``../hidden``.

        Protected files are laid back as they were first. The agent's own processes, environment and everything
        outside its workspace are gone. What the command prints may be the work of hostile code: compare plain
        values, and never let code of the workspace decide.

        Raises:
            SandboxError: the sandbox failed; the run is judged again, not failed.
        """
        hidden = dict(load_folder(self.task.hidden).by_path()) if self.task.hidden is not None else {}
        for name, content in {**self.task.hidden_files, **(files or {})}.items():
            data = content.encode() if isinstance(content, str) else content
            hidden[name] = Entry(path=name, kind="file", size=len(data), data=data)
        sandbox = self._open_sandbox(self.task)
        try:
            sandbox.put(self._restored())
            sandbox.put(hidden.values(), into="hidden")
            done = sandbox.exec(argv, env=env, stdin=stdin, timeout_s=timeout_s)
        finally:
            sandbox.close()
        return CheckResult(
            exit_code=done.exit_code, stdout=done.stdout.text(), stderr=done.stderr.text(), timed_out=done.timed_out
        )

    def _restored(self) -> list[Entry]:
        """The frozen workspace with protected files as they were.

        Bytecode stays behind, for it may have been planted in place of its source, and so does what was too large
        to be frozen.
        """
        before, after = self.workspace.before.by_path(), self.workspace.snapshot.by_path()
        pristine = matching((path for path, entry in before.items() if entry.kind == "file"), self.task.protected)
        entries = after | {path: before[path] for path in pristine}
        return [
            entry
            for entry in entries.values()
            if not is_bytecode(entry.path) and (entry.kind in ("dir", "symlink") or entry.data is not None)
        ]
