"""The data pack: a campaign's figures as files that a stranger can recompute.

Equal runs give equal bytes, whatever the day, the order and the number of workers: what a clock or the operating
system measured stands in ``run_timing.csv`` and nowhere else, and with it what holds a date: the campaign's name, and
the digest of a workspace, which may hold bytecode and caches.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, RunRow, RunState, Summary, TaskRow
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import StoreError

SCHEMA_VERSION = 1
FILES = (
    "run_summary.json",
    "per_task_results.json",
    "per_task_results.csv",
    "pass_rate_by_task.csv",
    "cost_breakdown.csv",
    "run_metrics.csv",
    "run_timing.csv",
)
"""All that :func:`write_pack` writes."""

_Row = Mapping[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PLACES = 12  # of a figure that went through a logarithm, whose last digits depend on the C library
_FIGURES = Context(prec=15)  # what a double holds, so that the JSON and the CSV files say the same


def write_pack(folder: Path, record: CampaignRecord, summary: Summary) -> None:
    """Write the files of :data:`FILES` into ``folder``, each whole or not at all.

    Money is in US dollars, an unknown price is an empty cell or ``null``; tokens are counts.

    Raises:
        StoreError: the folder cannot be written.
    """
    contents = (
        _json(_run_summary(record, summary)),
        _json({"schema_version": SCHEMA_VERSION, "tasks": {row.task: _task_result(row) for row in summary.tasks}}),
        _csv(_PER_TASK, (_per_task_row(row, run) for row in summary.tasks for run in row.runs)),
        _csv(_PASS_RATE, (_pass_rate(row) for row in summary.tasks)),
        _csv(_COST, _costs(record, summary)),
        _csv(_METRICS, (_metrics(outcome) for outcome in _concluded(summary))),
        _csv(_TIMING, (_timing(outcome, record.folder) for outcome in _concluded(summary))),
    )
    for name, text in zip(FILES, contents, strict=True):
        _write(folder / name, text)


def _run_summary(record: CampaignRecord, summary: Summary) -> dict[str, Any]:
    identity = record.identity
    low, high = summary.bounds
    interval = summary.interval
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
        "wilson_interval": interval
        and {"low": round(interval.low, _PLACES), "high": round(interval.high, _PLACES), "level": interval.confidence},
        "coverage": summary.coverage,
        "min_coverage": summary.min_coverage,
        "quarantined": summary.quarantined,
        "bounds": {"all_missing_failed": low, "all_missing_passed": high},
        "runs_per_task": summary.runs_per_task,
        "pass_hat_k": summary.pass_hat_k,
        "failures": dict(
            Counter(run.failure for row in summary.tasks if row.scored for run in row.runs if run.failure)
        ),
        "total_cost_usd": _number(summary.usage.cost_usd),
        "cost_per_run_usd": _number(summary.cost_per_run),
        "cost_per_pass_usd": _number(summary.cost_per_pass),
        "other_cost_usd": _number(summary.other_usage.cost_usd),
        "tokens_estimated": summary.estimated,
        **_tokens(summary.usage),
        "turns": summary.turns,
        "tool_calls": summary.tool_calls,
        "malformed_calls": summary.malformed_calls,
        "failed_calls": summary.failed_calls,
    }


def _tokens(usage: Usage) -> dict[str, int]:
    return {
        "model_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def _task_result(row: TaskRow) -> dict[str, Any]:
    return {
        "scored": row.scored,
        "passed": row.passed,
        "valid": row.valid,
        "planned": row.planned,
        "cost_usd": _number(row.usage.cost_usd),
        "turns": row.turns,
        "tool_calls": row.tool_calls,
        "runs": [_result(run) for run in row.runs],
    }


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


def _per_task_row(row: TaskRow, run: RunRow) -> _Row:
    return {"task": row.task, "scored": row.scored, **_result(run)}


def _pass_rate(row: TaskRow) -> _Row:
    rate = row.passed / row.valid if row.valid else None
    counts = {"passed": row.passed, "valid": row.valid, "planned": row.planned, "pass_rate": rate}
    return {"task": row.task, "scored": row.scored, **counts}


def _costs(record: CampaignRecord, summary: Summary) -> Iterator[_Row]:
    """Every attempt that was paid for; ``counted`` tells those in the score from the others."""
    counted = {
        (run.outcome.key, run.outcome.attempt)
        for row in summary.tasks
        for run in row.runs
        if run.outcome is not None and row.scored and run.state.valid
    }
    attempts = [*record.superseded, *_concluded(summary)]
    for outcome in sorted(attempts, key=lambda attempt: (attempt.key, attempt.attempt)):
        yield _cost(outcome, counted=(outcome.key, outcome.attempt) in counted)


def _cost(outcome: Outcome, *, counted: bool) -> _Row:
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


def _metrics(outcome: Outcome) -> _Row:
    return {
        "task": outcome.key.task,
        "run": outcome.key.run,
        "state": str(RunState.of(outcome)),
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "malformed_calls": outcome.malformed_calls,
        "failed_calls": outcome.failed_calls,
        "input_tokens": outcome.usage.input_tokens,
        "cached_tokens": outcome.usage.cached_tokens,
        "output_tokens": outcome.usage.output_tokens,
        "oom_kills": outcome.evidence.oom_kills,
        "pids_hits": outcome.evidence.pids_hits,
        "disk_full": outcome.evidence.disk_full,
    }


def _timing(outcome: Outcome, campaign: str) -> _Row:
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


def _concluded(summary: Summary) -> Iterator[Outcome]:
    return (run.outcome for row in summary.tasks for run in row.runs if run.outcome is not None)


# A row of nothing tells the names of the columns, so that a table without rows has its heading too.
_NOTHING = Outcome(key=RunKey(task="", model="", run=1))
_NO_RUN = RunRow(run=1, state=RunState.NOT_RUN)
_NO_TASK = TaskRow(task="", scored=True, runs=(_NO_RUN,), usage=Usage(), turns=0, tool_calls=0)
_PER_TASK = tuple(_per_task_row(_NO_TASK, _NO_RUN))
_PASS_RATE = tuple(_pass_rate(_NO_TASK))
_COST = tuple(_cost(_NOTHING, counted=False))
_METRICS = tuple(_metrics(_NOTHING))
_TIMING = tuple(_timing(_NOTHING, ""))


# Writing


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(_FIGURES.plus(amount))


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _csv(names: Sequence[str], rows: Iterable[_Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    """A value as a cell: a number as such, text so that no spreadsheet takes it for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(_FIGURES.plus(value), "f")
        case int() | float():
            return repr(value)
    text = str(value)
    shown = _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}; free some space or choose --agent-dir") from None
