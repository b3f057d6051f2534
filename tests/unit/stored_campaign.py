"""Synthetic campaigns on the disk, written by the store itself: the figures are given, nothing was run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.store.campaign import Campaign, hold, identity

TASKS = (
    "task_01_fix_failing_test",
    "task_02_refactor_duplicated_code",
    "task_03_investigate_log",
    "task_04_trace_through_codebase",
    "task_05_minimal_fix",
    "task_06_handle_ambiguous_requirement",
    "task_07_multi_step_plan",
    "task_08_recover_from_tool_error",
    "task_09_know_when_to_stop",
    "task_10_sql_investigation",
)
OSS_20B = (3, 3, 1, 2, 3, 3, 3, 3, 1, 3)
OSS_120B = (2, 3, 3, 3, 3, 2, 1, 3, 0, 3)
MEASURED: Mapping[str, Any] = {
    "suite": "agentic_core_v1",
    "suite_version": "1.0.0",
    "endpoint": None,
    "parameters": {},
    "agent": "builtin",
    "harness": "pytest-agentcore@0.1.0",
    "tool_contract": 1,
    "system_prompt": "You work in a folder.",
    "profile": "1x",
    "variant": "canonical",
}
Edit = Callable[[Outcome], Outcome | None]


def passing(key: RunKey) -> Outcome:
    usage = Usage(calls=5, input_tokens=10_000, output_tokens=700)
    return Outcome(key=key, passed=True, turns=5, tool_calls=7, usage=usage, wall_s=12.0, working_s=10.0)


def wrong(key: RunKey, detail: Detail = Detail.WRONG_VALUE) -> Outcome:
    return replace(passing(key), passed=False, cause=Cause.MODEL, failure_mode=FailureMode.WRONG_ANSWER, detail=detail)


def infra(outcome: Outcome) -> Outcome:
    """The same run, lost to infrastructure."""
    return replace(outcome, passed=False, cause=Cause.INFRA, failure_mode=None, detail=None, reason="server_lost")


def store(
    directory: Path,
    model: str,
    passes: Iterable[int] = OSS_20B,
    *,
    total_usd: str | None = "0.012015",
    runs: int = 3,
    tasks: Iterable[str] = TASKS,
    unscored: Iterable[str] = (),
    edit: Edit | None = None,
    digest: str = "sha256:1",
    date: str = "2026-05-20",
    manifest: Mapping[str, Any] | None = None,
) -> Path:
    """A campaign whose task i passed in its first ``passes[i]`` runs; ``edit`` changes outcomes, None for never run.

    ``total_usd`` is shared by all runs; the first takes what division leaves over.
    """
    measured = {**MEASURED, "model": model, "isolation": {"level": "namespace", "enforced": {}}, **(manifest or {})}
    keys = [RunKey(task=task, model=model, run=run) for task in tasks for run in range(1, runs + 1)]
    held = hold(
        directory,
        manifest={**measured, "identity": identity(measured), "clock": {"created_at": f"{date}T08:00:00+00:00"}},
        date=date,
        runs={key: f"{digest}:{key.task}" for key in keys},
        unscored=unscored,
        session=f"{date.replace('-', '')}T080000-00000000",
        rerun=True,
    )
    campaign = Campaign(held.folder, session="synthetic")
    counts = dict(zip(tasks, passes, strict=True))
    for outcome in _priced([passing(key) if key.run <= counts[key.task] else wrong(key) for key in keys], total_usd):
        kept = outcome if edit is None else edit(outcome)
        if kept is not None:
            campaign.conclude(kept)
    campaign.close()
    os.close(held.lock)
    return held.folder


def _priced(outcomes: list[Outcome], total_usd: str | None) -> list[Outcome]:
    if total_usd is None:
        return [replace(outcome, usage=replace(outcome.usage, cost_usd=None)) for outcome in outcomes]
    each = (Decimal(total_usd) / len(outcomes)).quantize(Decimal("1e-12"))
    first = Decimal(total_usd) - each * (len(outcomes) - 1)
    costs = [first, *[each] * (len(outcomes) - 1)]
    return [
        replace(outcome, usage=replace(outcome.usage, cost_usd=cost))
        for outcome, cost in zip(outcomes, costs, strict=True)
    ]
