"""A campaign of known figures for the tests of the report: the 25/30 that was published for GPT-OSS 20B."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.usage import Usage

EVIL = "\x1b[2J\x1b]0;title\x07\r\n\x9b1m\u202egnp.exe\u200b\ud800" + "e" + "\u0301" * 50
"""Everything that a terminal would obey."""
MODEL = "bedrock/openai.gpt-oss-20b-1:0"
FOLDER = "2026-05-20-openai-gpt-oss-20b-agentic-core-v1"
TASKS = (
    "task_01_fix_failing_test",
    "task_02_refactor_duplicated_code",
    "task_03_investigate_log",
    "task_04_reconcile_files",
    "task_05_write_tests",
    "task_06_add_feature",
    "task_07_multi_step_plan",
    "task_08_migrate_config",
    "task_09_know_when_to_stop",
    "task_10_error_recovery",
)
PASSES = (3, 3, 1, 2, 3, 3, 3, 3, 1, 3)
MANIFEST = {
    "model": MODEL,
    "suite": "agentic_core_v1",
    "suite_version": "1.0",
    "agent": "builtin",
    "harness": "pytest-agentcore@0.1.0",
    "isolation": {"level": "namespace", "reason": ""},
    "profile": "1x",
    "variant": "canonical",
    "identity": "sha256:ab",
}
USAGE = Usage(calls=4, input_tokens=11234, output_tokens=812, cached_tokens=4000, cost_usd=Decimal("0.0004005"))


def key(task: str = TASKS[0], run: int = 1) -> RunKey:
    return RunKey(task=task, model=MODEL, run=run)


def passing(at: RunKey) -> Outcome:
    evidence = Evidence(cpu_s=0.5, peak_memory_bytes=40_000_000)
    return Outcome(
        key=at, passed=True, turns=5, tool_calls=7, usage=USAGE, wall_s=12.5, working_s=10.125, evidence=evidence
    )


def failing(
    at: RunKey,
    *,
    cause: Cause = Cause.MODEL,
    mode: FailureMode | None = None,
    detail: Detail | None = None,
    reason: str | None = None,
) -> Outcome:
    return replace(passing(at), passed=False, cause=cause, failure_mode=mode, detail=detail, reason=reason)


def wrong(at: RunKey, detail: Detail = Detail.WRONG_VALUE) -> Outcome:
    return failing(at, mode=FailureMode.WRONG_ANSWER, detail=detail)


def record(
    passes: Iterable[int] = PASSES,
    *,
    instead: Mapping[tuple[int, int], Outcome | None] | None = None,
    unscored: Iterable[str] = (),
    superseded: tuple[Outcome, ...] = (),
    manifest: Mapping[str, object] = MANIFEST,
) -> CampaignRecord:
    """Ten tasks of three runs; ``instead`` replaces the outcome of (task number, run), None for never run."""
    planned = tuple(key(task, run) for task in TASKS for run in (1, 2, 3))
    counts = dict(zip(TASKS, passes, strict=True))
    outcomes = {at: passing(at) if at.run <= counts[at.task] else wrong(at) for at in planned}
    for (number, run), outcome in (instead or {}).items():
        at = key(TASKS[number - 1], run)
        outcomes.pop(at)
        if outcome is not None:
            outcomes[at] = replace(outcome, key=at)
    return CampaignRecord(
        manifest=manifest,
        folder=FOLDER,
        planned=planned,
        unscored=frozenset(unscored),
        outcomes=outcomes,
        superseded=superseded,
    )


def harmless(line: str) -> bool:
    return all(unicodedata.category(char)[0] != "C" and unicodedata.category(char) not in {"Zl", "Zp"} for char in line)
