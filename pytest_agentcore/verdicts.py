"""From what a test's body does to a verdict, an outcome and a report that says both."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from pytest_agentcore.collection import Planned
from pytest_agentcore.domain.causes import INFRA_REASONS
from pytest_agentcore.domain.outcome import Cause, Detail, Outcome, Verdict
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import ModelUnavailable, RunHalted, SandboxError, SandboxLost, StoreError, Tampered
from pytest_agentcore.report.terminal import failure_section
from pytest_agentcore.scoring.failure import conclude, ended_by_itself, tampering
from pytest_agentcore.session import AGENT, BUDGET, NOT_RUN, ROLLOUT, VERDICT, WAITED, Runner

PREFIX = "agent_"
"""Of the report properties that carry an outcome across processes and into JUnit files."""


class Judge:
    """Wraps the body of an agent test and concludes its run."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Judge by what the body raises; what it may not raise is said in its place."""
        entry = self._runner.planned.get(pyfuncitem.nodeid)
        if entry is None:
            return (yield)
        body = pyfuncitem.obj
        pyfuncitem.obj = self._body(entry, body)
        try:
            result = yield
        except Exception as error:
            pyfuncitem.stash[VERDICT] = verdict = verdict_of(error, drives_agent=not entry.prefetch)
            if isinstance(error, RunHalted) and error.reason == BUDGET:
                pytest.skip(f"not run: {error}")
            if verdict.infra_error is not None:
                pytest.skip(f"infra: {verdict.infra_error}")
            raise
        except pytest.skip.Exception as error:
            pyfuncitem.stash[VERDICT] = verdict = verdict_of(error)
            pytest.fail(f"{verdict.checker_error}; a checker passes or fails", pytrace=False)
        except pytest.fail.Exception as error:
            pyfuncitem.stash[VERDICT] = verdict_of(error)
            raise
        finally:
            pyfuncitem.obj = body
        pyfuncitem.stash[VERDICT] = Verdict(passed=True)
        self._object(pyfuncitem, entry)
        return result

    def _body(self, entry: Planned, body: Callable[..., Any]) -> Callable[..., Any]:
        """The body as it is to be called: not at all if the record settles it, again if its sandbox failed."""
        recorded = self._runner.recorded(entry)

        def replay(**_: Any) -> None:
            __tracebackhide__ = True
            assert recorded is not None  # noqa: S101 - chosen below
            if not recorded.passed:
                pytest.fail(f"from the record: {recorded.message}", pytrace=False)

        def insist(**arguments: Any) -> Any:
            __tracebackhide__ = True
            for left in range(self._runner.settings.infra_retries, -1, -1):
                try:
                    return body(**arguments)
                except SandboxError:
                    if left == 0:
                        raise
            raise AssertionError  # unreachable: the last round returns or raises

        if recorded is not None:
            return replay
        return insist if entry.prefetch else body

    def _object(self, item: pytest.Item, entry: Planned) -> None:
        """Fail a run whose body passed but that does not count as passed."""
        if self._runner.recorded(entry) is not None:
            return
        rollout = self._rollout(item, entry, infra=None)
        if rollout.infra is not None:
            item.stash[VERDICT] = Verdict(passed=False, infra_error=rollout.infra)
            pytest.skip(f"infra: {rollout.infra}")
        findings = tampering(entry.task, rollout.workspace)
        if findings:
            item.stash[VERDICT] = Verdict(passed=True, tampered=True, message="; ".join(findings))
            pytest.fail(f"tampered: {'; '.join(findings)}", pytrace=False)
        if not ended_by_itself(rollout.trajectory):
            stop = rollout.trajectory.stop_reason
            pytest.fail(f"the workspace is right, but the run ended by {stop}, not by itself", pytrace=False)

    def _rollout(self, item: pytest.Item, entry: Planned, infra: str | None) -> Rollout:
        return self._runner.rollout(item) if entry.prefetch else self._runner.step_rollout(item, infra)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Conclude the run when its verdict is there, and let the report say so."""
        report = yield
        entry = self._runner.planned.get(item.nodeid)
        if entry is None or report.when == "teardown":
            return report
        if report.when == "setup":
            report.duration = max(0.0, report.duration - item.stash.get(WAITED, 0.0))
            if report.passed:
                return report
        outcome = self._conclude(item, entry, call)
        if report.when == "call":
            report.duration = outcome.working_s
        item.user_properties.extend(properties(outcome))
        report.user_properties = list(item.user_properties)
        if report.failed:
            folder = self._runner.campaign(entry).run_folder(entry.key, outcome.attempt)
            rollout = item.stash.get(ROLLOUT, None)
            trajectory = None if rollout is None else rollout.trajectory
            again = f"pytest '{item.nodeid}' --agent-model={entry.key.model}"
            report.sections.append(("agent run", "\n".join(failure_section(outcome, trajectory, str(folder), again))))
        if ROLLOUT in item.stash:
            del item.stash[ROLLOUT]  # a campaign of thousands keeps its workspaces on the disk only
        return report

    def _conclude(self, item: pytest.Item, entry: Planned, call: pytest.CallInfo[None]) -> Outcome:
        recorded = self._runner.recorded(entry)
        if recorded is not None:
            return recorded
        verdict = item.stash.get(VERDICT, None)
        if verdict is None:
            error = call.excinfo.value if call.excinfo is not None else None
            verdict = Verdict(passed=False, checker_error=f"set-up failed: {said(error)}")
        if NOT_RUN in item.stash:
            return Outcome(key=entry.key, cause=Cause.NOT_RUN, reason=item.stash[NOT_RUN])
        if ROLLOUT not in item.stash and AGENT not in item.stash:
            return Outcome(key=entry.key, cause=Cause.CHECKER, reason=verdict.checker_error)
        rollout = self._rollout(item, entry, verdict.infra_error)
        found = "; ".join(tampering(entry.task, rollout.workspace))
        if found and not verdict.tampered:
            verdict = Verdict(passed=verdict.passed, tampered=True, message=found)
        outcome = conclude(entry.task, rollout, verdict)
        try:
            self._runner.campaign(entry).conclude(outcome)
            self._runner.examine(item, rollout)
        except StoreError as error:
            self._runner.give_up(item, error)
        return outcome


def verdict_of(error: BaseException, *, drives_agent: bool = False) -> Verdict:
    """What an exception out of a test's body means; one that drives the agent may have lost the agent's sandbox."""
    if isinstance(error, Tampered):
        return Verdict(passed=False, tampered=True, message=said(error))
    if drives_agent and isinstance(error, SandboxLost) and error.reason not in INFRA_REASONS:
        return Verdict(passed=False, message=said(error))
    if isinstance(error, (SandboxError, ModelUnavailable)):
        return Verdict(passed=False, infra_error=said(error))
    if isinstance(error, pytest.skip.Exception):
        return Verdict(passed=False, checker_error=f"the checker skipped: {said(error)}")
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        detail = getattr(error, "detail", None)
        return Verdict(passed=False, detail=Detail(detail) if detail else None, message=said(error))
    return Verdict(passed=False, checker_error=f"{type(error).__name__}: {said(error)}")


def said(error: BaseException | None) -> str:
    """The first line of an exception's text."""
    return str(error).strip().partition("\n")[0][:2000] if error is not None else ""


def properties(outcome: Outcome) -> list[tuple[str, object]]:
    """An outcome for reports and JUnit: builtins only, for they cross process borders."""
    cost = outcome.usage.cost_usd
    values = {
        "task": outcome.key.task,
        "model": outcome.key.model,
        "run": outcome.key.run,
        "passed": outcome.passed,
        "cause": outcome.cause and outcome.cause.value,
        "failure_mode": outcome.failure_mode and outcome.failure_mode.value,
        "detail": outcome.detail and outcome.detail.value,
        "reason": outcome.reason,
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "cost_usd": None if cost is None else str(cost),
    }
    return [(PREFIX + name, value) for name, value in values.items() if value is not None]
