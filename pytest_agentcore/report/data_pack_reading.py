"""A data pack read back: the outcomes and the evidence that its figures are made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.evidence import Examined, Finding, Metrics, Output
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.data_pack_rows import SCHEMA_VERSION
from pytest_agentcore.report.data_pack_text import cell, rows_of

Value = TypeVar("Value")
_Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a pack says of each run."""

    record: CampaignRecord
    """Without the checkers' messages, which no pack holds."""
    examined: Mapping[RunKey, Examined]
    min_coverage: float


def read_pack(folder: Path) -> Pack:
    """Read a pack's outcomes and evidence, not its totals: those are there to be recomputed.

    Raises:
        StoreError: a file is missing, is of another schema version, or does not hold what it should; it is named.
    """
    summary = _document(folder, "run_summary.json")
    manifest = _document(folder, "manifest.json", versioned=False)
    tasks = _document(folder, "per_task_results.json")
    index = _document(folder, "evidence_index.json")
    model = str(manifest.get("model") or "")
    return _reading(
        folder,
        lambda: _Reader(folder, model, tasks["tasks"]).pack(manifest, index, float(summary["min_coverage"])),
    )


def _document(folder: Path, name: str, *, versioned: bool = True) -> dict[str, Any]:
    path = folder / name
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path} is missing; restore it, or write the pack again from its campaign") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path} is no JSON: {error}; restore it") from None
    if not isinstance(data, dict):
        raise StoreError(f"{path} must hold a JSON object, not {type(data).__name__}; restore it")
    version = data.get("schema_version") if versioned else SCHEMA_VERSION
    if version != SCHEMA_VERSION:
        raise StoreError(f"{path} has schema version {version!r}, not {SCHEMA_VERSION}; use the pytest-agentcore of it")
    return data


def _reading(folder: Path, read: Callable[[], Value]) -> Value:
    """Whatever is not as it should be inside is one line; the file is named where it is met."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation, OverflowError) as error:
        shown = f"field {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise StoreError(f"{folder} is no sound data pack: {shown}; restore its files") from None


class _Reader:
    """Puts the rows of the tables together again."""

    def __init__(self, folder: Path, model: str, tasks: Mapping[str, Any]) -> None:
        self._folder = folder
        self._model = model
        self._tasks = tasks
        self._ids = {cell(task): task for task in tasks}

    def pack(self, manifest: Mapping[str, Any], index: Mapping[str, Any], min_coverage: float) -> Pack:
        costs = self._table("cost_breakdown.csv")
        metrics = {self._key(row): row for row in self._table("run_metrics.csv")}
        timing = {self._key(row): row for row in self._table("run_timing.csv")}
        runs = {
            RunKey(task=task, model=self._model, run=run["run"]): run
            for task, about in self._tasks.items()
            for run in about["runs"]
        }
        paid = {(self._key(row), int(row["attempt"])): _usage(row) for row in costs}
        outcomes = {
            key: _outcome(key, run, paid[key, run["attempt"]], metrics[key], timing[key])
            for key, run in runs.items()
            if run["attempt"] is not None
        }
        counted = {(key, outcome.attempt) for key, outcome in outcomes.items()}
        earlier = [
            Outcome(key=key, attempt=attempt, cause=Cause.INFRA, usage=usage)
            for (key, attempt), usage in paid.items()
            if (key, attempt) not in counted
        ]
        names = sorted({row["campaign"] for row in timing.values()})
        record = CampaignRecord(
            manifest=manifest,
            folder=names[0] if names else "",
            planned=tuple(sorted(runs)),
            unscored=frozenset(task for task, about in self._tasks.items() if not about["scored"]),
            outcomes=outcomes,
            superseded=tuple(sorted(earlier, key=lambda outcome: (outcome.key, outcome.attempt))),
            digests={task: about["digest"] for task, about in self._tasks.items() if about["digest"] is not None},
        )
        examined = {
            RunKey(task=run["task"], model=self._model, run=run["run"]): _examined(run, index["detectors"])
            for run in index["runs"].values()
        }
        return Pack(record=record, examined=examined, min_coverage=min_coverage)

    def _table(self, name: str) -> list[dict[str, str]]:
        path = self._folder / name
        try:
            return rows_of(path.read_bytes())
        except FileNotFoundError:
            raise StoreError(f"{path} is missing; restore it, or write the pack again from its campaign") from None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise StoreError(f"{path} is no table of a pack: {error}; restore it") from None

    def _key(self, row: _Cells) -> RunKey:
        return RunKey(task=self._ids[row["task"]], model=self._model, run=int(row["run"]))


def _outcome(key: RunKey, run: Mapping[str, Any], usage: Usage, metrics: _Cells, timing: _Cells) -> Outcome:
    return Outcome(
        key=key,
        attempt=run["attempt"],
        passed=run["state"] == "passed",
        cause=_maybe(Cause, run["cause"]),
        failure_mode=_maybe(FailureMode, run["failure_mode"]),
        detail=_maybe(Detail, run["detail"]),
        reason=run["reason"],
        checker_would_pass=run["checker_would_pass"],
        stop_reason=run["stop_reason"],
        turns=int(metrics["turns"]),
        tool_calls=int(metrics["tool_calls"]),
        malformed_calls=int(metrics["malformed_calls"]),
        failed_calls=int(metrics["failed_calls"]),
        fault_exercised=run["fault_exercised"],
        usage=usage,
        wall_s=float(timing["wall_s"]),
        working_s=float(timing["working_s"]),
        evidence=Evidence(
            oom_kills=_maybe(int, metrics["oom_kills"] or None),
            pids_hits=_maybe(int, metrics["pids_hits"] or None),
            disk_full=metrics["disk_full"] == "true",
            peak_memory_bytes=_maybe(int, timing["peak_memory_bytes"] or None),
            throttled_s=_maybe(float, timing["throttled_s"] or None),
            cpu_s=_maybe(float, timing["cpu_s"] or None),
        ),
        workspace_digest=timing["workspace_digest"],
        model_returned=run["model_returned"],
    )


def _maybe(kind: Callable[[Any], Value], value: object) -> Value | None:
    return None if value is None else kind(value)


def _usage(row: _Cells) -> Usage:
    cost = Decimal(row["cost_usd"]) if row["cost_usd"] else None
    if cost is not None and not cost.is_finite():
        raise ValueError(f"cost_usd {row['cost_usd']!r} of {row['task']} run {row['run']} is no amount")
    return Usage(
        calls=int(row["model_calls"]),
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        cached_tokens=int(row["cached_tokens"]),
        cache_write_tokens=int(row["cache_write_tokens"]),
        reasoning_tokens=int(row["reasoning_tokens"]),
        cost_usd=cost,
        estimated=row["tokens_estimated"] == "true",
    )


def _examined(run: Mapping[str, Any], looked: Mapping[str, int]) -> Examined:
    return Examined(
        detectors=run.get("detectors", looked),
        findings=tuple(
            Finding(pattern=one["pattern"], turns=tuple(one["turns"]), quote=one["quote"]) for one in run["findings"]
        ),
        metrics=Metrics(**run["metrics"]),
        final_message=run["final_message"],
        outputs=tuple(Output(**one) for one in run["outputs"]),
    )
