"""What stands in a row of each of a data pack's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, CostInterval, Interval, RunRow, RunState, Summary, TaskRow
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report.data_pack_text import Row, number
from pytest_agentcore.scoring.trajectory_metrics import cache_share

SCHEMA_VERSION = 1
_PLACES = 12  # of a figure that went through a logarithm, whose last digits depend on the C library


def run_summary(record: CampaignRecord, summary: Summary) -> dict[str, Any]:
    """The campaign in figures."""
    identity = record.identity
    low, high = summary.bounds
    return {
        "schema_version": SCHEMA_VERSION,
        "identity": identity.digest,
        "suite": identity.suite,
        "suite_version": identity.suite_version,
        "model": identity.model,
        "agent": identity.agent,
        "harness": identity.harness,
        "sandbox_level": identity.level,
        "resource_profile": identity.profile,
        "variant": identity.variant,
        "score": summary.passed if summary.has_score else None,
        "no_score_reason": summary.no_score_reason or None,
        "passed": summary.passed,
        "planned": summary.planned,
        "n_valid": summary.n_valid,
        "n_infra": summary.n_infra,
        "n_resource": summary.n_resource,
        "n_checker": summary.n_checker,
        "n_not_run": summary.n_not_run,
        "n_superseded_attempts": summary.n_superseded,
        "pass_rate": summary.pass_rate,
        "wilson_interval": _interval(summary.interval),
        "interval_over_tasks": _interval(summary.interval_over_tasks),
        "minimum_detectable_effect": summary.detectable_effect and round(summary.detectable_effect, _PLACES),
        "coverage": summary.coverage,
        "min_coverage": summary.min_coverage,
        "quarantined": summary.quarantined,
        "bounds": {"all_missing_failed": low, "all_missing_passed": high},
        "runs_per_task": summary.runs_per_task,
        "pass_hat_k": summary.pass_hat_k,
        "failures": dict(
            Counter(run.failure for row in summary.tasks if row.scored for run in row.runs if run.failure)
        ),
        "total_cost_usd": number(summary.usage.cost_usd),
        "cost_per_run_usd": number(summary.cost_per_run),
        "cost_per_pass_usd": number(summary.cost_per_pass),
        "cost_per_pass_interval": _cost_interval(summary.cost_interval),
        "other_cost_usd": number(summary.other_usage.cost_usd),
        "tokens_estimated": summary.estimated,
        "cache_share": cache_share(summary.usage),
        **_tokens(summary.usage),
        "turns": summary.turns,
        "tool_calls": summary.tool_calls,
        "malformed_calls": summary.malformed_calls,
        "failed_calls": summary.failed_calls,
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    low, high = round(interval.low, _PLACES), round(interval.high, _PLACES)
    return {"low": low, "high": high, "level": interval.confidence}


def _cost_interval(interval: CostInterval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": number(interval.low), "high": number(interval.high), "level": interval.confidence}


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "model_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def task_result(record: CampaignRecord, row: TaskRow) -> dict[str, Any]:
    """One task and each of its planned runs."""
    return {
        "scored": row.scored,
        "digest": record.digests.get(row.task),
        "passed": row.passed,
        "valid": row.valid,
        "planned": row.planned,
        "cost_usd": number(row.usage.cost_usd),
        "turns": row.turns,
        "tool_calls": row.tool_calls,
        "fault_exercised": _exercised(row),
        "runs": [_result(run) for run in row.runs],
    }


def _exercised(row: TaskRow) -> int | None:
    """In how many valid runs the agent met the task's injected fault; None for a task without one."""
    told = [
        run.outcome.fault_exercised
        for run in row.runs
        if run.state.valid and run.outcome is not None and run.outcome.fault_exercised is not None
    ]
    return sum(told) if told else None


def _result(run: RunRow) -> dict[str, Any]:
    outcome = run.outcome
    return {
        "run": run.run,
        "state": str(run.state),
        "attempt": outcome.attempt if outcome else None,
        "failure_mode": _or_none(outcome and outcome.failure_mode),
        "detail": _or_none(outcome and outcome.detail),
        "cause": _or_none(outcome and outcome.cause),
        "reason": outcome.reason if outcome else None,
        "stop_reason": outcome.stop_reason if outcome else None,
        "checker_would_pass": outcome.checker_would_pass if outcome else None,
        "fault_exercised": outcome.fault_exercised if outcome else None,
        "model_returned": outcome.model_returned if outcome else None,
    }


def _or_none(value: object) -> str | None:
    return None if value is None else str(value)


def per_task(row: TaskRow, run: RunRow) -> Row:
    """A planned run."""
    return {"task": row.task, "scored": row.scored, **_result(run)}


def pass_rate(row: TaskRow) -> Row:
    """A task."""
    rate = row.passed / row.valid if row.valid else None
    counts = {"passed": row.passed, "valid": row.valid, "planned": row.planned, "pass_rate": rate}
    return {"task": row.task, "scored": row.scored, **counts}


def costs(record: CampaignRecord, summary: Summary) -> Iterator[Row]:
    """Every attempt that was paid for; ``counted`` tells those in the score from the others."""
    counted = {
        (run.outcome.key, run.outcome.attempt)
        for row in summary.tasks
        for run in row.runs
        if run.outcome is not None and row.scored and run.state.valid
    }
    attempts = [*record.superseded, *concluded(summary)]
    for outcome in sorted(attempts, key=lambda attempt: (attempt.key, attempt.attempt)):
        yield _cost(outcome, counted=(outcome.key, outcome.attempt) in counted)


def _cost(outcome: Outcome, *, counted: bool) -> Row:
    usage = outcome.usage
    return {
        "task": outcome.key.task,
        "run": outcome.key.run,
        "attempt": outcome.attempt,
        "counted": counted,
        **_tokens(usage),
        "tokens_estimated": usage.estimated,
        "cost_usd": usage.cost_usd,
    }


def metrics(outcome: Outcome, examined: Examined | None) -> Row:
    """A concluded run: what it did, not how long it took. The counts of its trajectory are empty where it is lost."""
    counts = examined.metrics if examined is not None else None
    usage = outcome.usage
    return {
        "task": outcome.key.task,
        "run": outcome.key.run,
        "state": str(RunState.of(outcome)),
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "malformed_calls": outcome.malformed_calls,
        "failed_calls": outcome.failed_calls,
        "redundant_calls": counts and counts.redundant_calls,
        "repeated_calls": counts and counts.repeated_calls,
        "timed_out_calls": counts and counts.timed_out_calls,
        "silent_turns": counts and counts.silent_turns,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_share": cache_share(usage),
        "output_tokens": usage.output_tokens,
        "largest_input_tokens": counts and counts.largest_input_tokens,
        "fault_exercised": outcome.fault_exercised,
        "oom_kills": outcome.evidence.oom_kills,
        "pids_hits": outcome.evidence.pids_hits,
        "disk_full": outcome.evidence.disk_full,
    }


def timing(outcome: Outcome, campaign: str) -> Row:
    """A concluded run: what a clock or the operating system measured, and what holds a date."""
    return {
        "campaign": campaign,
        "task": outcome.key.task,
        "run": outcome.key.run,
        "wall_s": outcome.wall_s,
        "working_s": outcome.working_s,
        "cpu_s": outcome.evidence.cpu_s,
        "throttled_s": outcome.evidence.throttled_s,
        "peak_memory_bytes": outcome.evidence.peak_memory_bytes,
        "workspace_digest": outcome.workspace_digest,
    }


def concluded(summary: Summary) -> Iterator[Outcome]:
    """The outcomes in the order of the tables."""
    return (run.outcome for row in summary.tasks for run in row.runs if run.outcome is not None)


# A row of nothing tells the names of the columns, so that a table without rows has its heading too.
_NOTHING = Outcome(key=RunKey(task="", model="", run=1))
_NO_RUN = RunRow(run=1, state=RunState.NOT_RUN)
_NO_TASK = TaskRow(task="", scored=True, runs=(_NO_RUN,), usage=Usage(), turns=0, tool_calls=0)
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "per_task_results.csv": tuple(per_task(_NO_TASK, _NO_RUN)),
    "pass_rate_by_task.csv": tuple(pass_rate(_NO_TASK)),
    "cost_breakdown.csv": tuple(_cost(_NOTHING, counted=False)),
    "run_metrics.csv": tuple(metrics(_NOTHING, None)),
    "run_timing.csv": tuple(timing(_NOTHING, "")),
}
"""Table -> its columns."""
