"""``intel.db``: an index over all campaigns, for queries. It is derived from their folders and can be made anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.errors import StoreError
from pytest_agentcore.store.intel_schema import MIGRATIONS

BUSY_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow:
    """One statement of a registered prediction, held against one campaign."""

    sha256: str
    """Of the file that was registered."""
    title: str
    author: str
    registered_at: str
    """UTC, ISO 8601."""
    status: str
    """``in_time`` or ``late``."""
    statement: str
    """``headline``, or the name that its author gave it."""
    says: str
    outcome: str
    hit: bool | None
    """None: open."""
    why_open: str | None
    probability: float | None
    brier: float | None
    range_miss: int | None
    """Of the headline: passed runs above the range, or below it."""
    point_error: int | None


def record_campaign(
    path: Path,
    record: CampaignRecord,
    summary: Summary,
    examined: Mapping[RunKey, Examined] | None = None,
    predictions: Sequence[PredictionRow] = (),
) -> None:
    """Replace what the index says of this campaign, in one transaction; the file is made when it is missing.

    ``examined`` is the evidence of its runs, a row of ``evidence`` for each finding.

    Raises:
        StoreError: locked for too long, damaged, or made by a newer version. The campaign's own folder is untouched
            by that: a warning is all it deserves.
    """
    with _transaction(path) as connection:
        _replace(connection, Indexed(record, summary, examined or {}, predictions))


class Indexed(NamedTuple):
    """What the index holds of one campaign."""

    record: CampaignRecord
    summary: Summary
    examined: Mapping[RunKey, Examined] = {}
    predictions: Sequence[PredictionRow] = ()


def rebuild(path: Path, campaigns: Iterable[Indexed]) -> None:
    """Make the index say what these campaigns say, and nothing else. A file that is no index is put aside.

    Campaigns are taken one by one, so that they need not all be in memory.

    Raises:
        StoreError: it cannot be written, or another session holds it for too long.
    """
    _put_aside_if_broken(path)
    with _transaction(path) as connection:
        for table in ("predictions", "evidence", "task_outcomes", "campaigns"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - this module's own names
        for one in campaigns:
            _replace(connection, one)


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    # The rollback journal, not WAL: WAL needs shared memory, which a network file system does not have.
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            # The lock comes before the first look, so that two sessions cannot migrate the same file.
            connection.execute("BEGIN IMMEDIATE")
            _migrate(path, connection)
            yield connection
            connection.execute("COMMIT")
    except (sqlite3.Error, OverflowError) as error:
        raise StoreError(
            f"{path} cannot be updated: {error}; no result is lost, for it is only an index: delete it if it is damaged"
        ) from None


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise StoreError(f"{path} has schema version {version!r}, newer than {len(MIGRATIONS)}; upgrade or delete it")
    for step in MIGRATIONS[version:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _put_aside_if_broken(path: Path) -> None:
    if not path.exists() or _is_sound(path):
        return
    try:
        # With its journal, which would else be played back into the new file.
        for suffix in ("", "-journal", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(part.with_name(f"{path.name}.broken{suffix}"))
    except OSError as error:
        raise StoreError(f"{path} is damaged and cannot be put aside: {error.strerror}; delete it") from None


def _is_sound(path: Path) -> bool:
    """An SQLite file of a schema that we know; one that is merely locked is sound."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
            if _version(connection) > len(MIGRATIONS):
                return False
            return bool(connection.execute("PRAGMA quick_check").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False


def _replace(connection: sqlite3.Connection, one: Indexed) -> None:
    record = one.record
    connection.execute("DELETE FROM campaigns WHERE campaign = ?", (_text(record.folder),))
    _insert(connection, "campaigns", [_campaign_row(record, one.summary)])
    _insert(connection, "task_outcomes", list(_outcome_rows(record)))
    _insert(connection, "evidence", list(_evidence_rows(record, one.examined)))
    _insert(connection, "predictions", [{"campaign": record.folder, **asdict(row)} for row in one.predictions])


def _evidence_rows(record: CampaignRecord, examined: Mapping[RunKey, Examined]) -> Iterator[dict[str, Any]]:
    for key, run in sorted(examined.items()):
        outcome = record.outcomes.get(key)
        for finding in run.findings:
            yield {
                "campaign": record.folder,
                "task": key.task,
                "model": key.model,
                "run": key.run,
                "attempt": outcome.attempt if outcome is not None else 1,
                "pattern": finding.pattern,
                "turns": json.dumps(list(finding.turns)),
                "quote": finding.quote,
            }


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    names = list(rows[0])
    places = ", ".join("?" for _ in names)
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 - names are this module's
    connection.executemany(statement, [[_text(row[name]) for name in names] for row in rows])


def _text(value: Any) -> Any:
    """SQLite takes no lone surrogates, which a model may well write."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value


def _campaign_row(record: CampaignRecord, summary: Summary) -> dict[str, Any]:
    identity, usage, interval = record.identity, summary.usage, summary.interval
    wide, cost = summary.interval_over_tasks, summary.cost_interval
    return {
        "campaign": record.folder,
        "suite": identity.suite,
        "suite_version": identity.suite_version,
        "model": identity.model,
        "agent": identity.agent,
        "harness": identity.harness,
        "level": identity.level,
        "profile": identity.profile,
        "variant": identity.variant,
        "planned": summary.planned,
        "passed": summary.passed,
        "n_valid": summary.n_valid,
        "n_infra": summary.n_infra,
        "n_resource": summary.n_resource,
        "n_checker": summary.n_checker,
        "n_not_run": summary.n_not_run,
        "coverage": summary.coverage,
        "quarantined": summary.quarantined,
        "no_score_reason": summary.no_score_reason or None,
        "wilson_low": interval.low if interval else None,
        "wilson_high": interval.high if interval else None,
        "tasks_low": wide.low if wide else None,
        "tasks_high": wide.high if wide else None,
        "cost_usd": _money(usage.cost_usd),
        "cost_per_pass_usd": _money(summary.cost_per_pass),
        "cost_per_pass_low_usd": _money(cost.low if cost else None),
        "cost_per_pass_high_usd": _money(cost.high if cost else None),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "estimated": usage.estimated,
        "manifest": json.dumps(record.manifest, sort_keys=True, default=str),
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _outcome_rows(record: CampaignRecord) -> Iterator[dict[str, Any]]:
    for key in sorted({*record.planned, *record.outcomes}):
        outcome = record.outcomes.get(key) or Outcome(key=key, cause=Cause.NOT_RUN)
        yield _outcome_row(record, key, outcome, superseded=False)
    for outcome in record.superseded:
        yield _outcome_row(record, outcome.key, outcome, superseded=True)


def _outcome_row(record: CampaignRecord, key: RunKey, outcome: Outcome, *, superseded: bool) -> dict[str, Any]:
    usage = outcome.usage
    return {
        "campaign": record.folder,
        "task": key.task,
        "model": key.model,
        "run": key.run,
        "attempt": None if outcome.cause is Cause.NOT_RUN else outcome.attempt,
        "superseded": superseded,
        "scored": key.task not in record.unscored,
        "passed": outcome.passed,
        "cause": outcome.cause,
        "failure_mode": outcome.failure_mode,
        "detail": outcome.detail,
        "reason": outcome.reason,
        "message": outcome.message,
        "checker_would_pass": outcome.checker_would_pass,
        "stop_reason": outcome.stop_reason,
        "fault_exercised": outcome.fault_exercised,
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "malformed_calls": outcome.malformed_calls,
        "failed_calls": outcome.failed_calls,
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cost_usd": _money(usage.cost_usd),
        "estimated": usage.estimated,
        "wall_s": outcome.wall_s,
        "working_s": outcome.working_s,
        "workspace_digest": outcome.workspace_digest,
        "model_returned": outcome.model_returned,
    }
