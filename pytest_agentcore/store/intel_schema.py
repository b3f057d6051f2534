"""The tables of ``intel.db``, as they came to be: a step for each version of its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

_Migration = Callable[[sqlite3.Connection], None]
MIGRATIONS: list[_Migration] = []
"""In order; ``user_version`` of a database is the number of those it went through. Never edit one, add another."""


def _migration(step: _Migration) -> _Migration:
    MIGRATIONS.append(step)
    return step


@_migration
def _first_tables(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE campaigns (
            campaign TEXT PRIMARY KEY,
            suite TEXT NOT NULL, suite_version TEXT NOT NULL, model TEXT NOT NULL, agent TEXT NOT NULL,
            harness TEXT NOT NULL, level TEXT NOT NULL, profile TEXT NOT NULL, variant TEXT NOT NULL,
            planned INTEGER NOT NULL, passed INTEGER NOT NULL, n_valid INTEGER NOT NULL, n_infra INTEGER NOT NULL,
            n_resource INTEGER NOT NULL, n_checker INTEGER NOT NULL, n_not_run INTEGER NOT NULL,
            coverage REAL NOT NULL, quarantined INTEGER NOT NULL, no_score_reason TEXT,
            wilson_low REAL, wilson_high REAL,
            cost_usd TEXT, cost_per_pass_usd TEXT, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL, manifest TEXT NOT NULL
        )""")
    connection.execute("""
        CREATE TABLE task_outcomes (
            campaign TEXT NOT NULL REFERENCES campaigns (campaign) ON DELETE CASCADE,
            task TEXT NOT NULL, model TEXT NOT NULL, run INTEGER NOT NULL, attempt INTEGER,
            superseded INTEGER NOT NULL, scored INTEGER NOT NULL,
            passed INTEGER NOT NULL, cause TEXT, failure_mode TEXT, detail TEXT, reason TEXT, message TEXT NOT NULL,
            checker_would_pass INTEGER, stop_reason TEXT NOT NULL, fault_exercised INTEGER,
            turns INTEGER NOT NULL, tool_calls INTEGER NOT NULL, malformed_calls INTEGER NOT NULL,
            failed_calls INTEGER NOT NULL,
            calls INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL, cost_usd TEXT, estimated INTEGER NOT NULL,
            wall_s REAL NOT NULL, working_s REAL NOT NULL,
            workspace_digest TEXT NOT NULL, model_returned TEXT
        )""")
    connection.execute("CREATE INDEX task_outcomes_by_campaign ON task_outcomes (campaign, task, run)")
    connection.execute("CREATE INDEX task_outcomes_by_failure ON task_outcomes (failure_mode, detail)")


@_migration
def _evidence_table(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE evidence (
            campaign TEXT NOT NULL REFERENCES campaigns (campaign) ON DELETE CASCADE,
            task TEXT NOT NULL, model TEXT NOT NULL, run INTEGER NOT NULL, attempt INTEGER NOT NULL,
            pattern TEXT NOT NULL, turns TEXT NOT NULL, quote TEXT NOT NULL
        )""")
    connection.execute("CREATE INDEX evidence_by_pattern ON evidence (pattern, campaign)")
    connection.execute("CREATE INDEX evidence_by_campaign ON evidence (campaign, task, run)")


@_migration
def _predictions_and_spend(connection: sqlite3.Connection) -> None:
    connection.execute("""
        CREATE TABLE predictions (
            campaign TEXT NOT NULL REFERENCES campaigns (campaign) ON DELETE CASCADE,
            sha256 TEXT NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL,
            registered_at TEXT NOT NULL, status TEXT NOT NULL,
            statement TEXT NOT NULL, says TEXT NOT NULL, outcome TEXT NOT NULL,
            hit INTEGER, why_open TEXT, probability REAL, brier REAL, range_miss INTEGER, point_error INTEGER
        )""")
    connection.execute("CREATE INDEX predictions_by_campaign ON predictions (campaign, sha256)")
    connection.execute("""
        CREATE VIEW spend AS
        SELECT campaign, model, task, run, attempt,
            NOT superseded AND scored AND (passed OR cause IS NULL OR cause IN ('model', 'resource')) AS counted,
            calls, input_tokens, cached_tokens, output_tokens, estimated, cost_usd
        FROM task_outcomes WHERE attempt IS NOT NULL""")
    connection.execute("ALTER TABLE campaigns ADD COLUMN tasks_low REAL")
    connection.execute("ALTER TABLE campaigns ADD COLUMN tasks_high REAL")
    connection.execute("ALTER TABLE campaigns ADD COLUMN cost_per_pass_low_usd TEXT")
    connection.execute("ALTER TABLE campaigns ADD COLUMN cost_per_pass_high_usd TEXT")
