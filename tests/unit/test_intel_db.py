"""The index says what the campaigns say, for several sessions at once, and never stands in their way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.evidence import Examined, Finding
from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.store import intel_db
from pytest_agentcore.store.intel_schema import MIGRATIONS
from tests.unit.sample_campaign import FOLDER, MODEL, TASKS, USAGE, failing, key, passing, record

INFRA = failing(key(), cause=Cause.INFRA, reason="server_lost")


def query(path: Path, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement, parameters).fetchall()


def with_summary(campaign: CampaignRecord) -> tuple[CampaignRecord, Summary]:
    return campaign, summarise(campaign)


def indexed(campaign: CampaignRecord) -> intel_db.Indexed:
    return intel_db.Indexed(*with_summary(campaign))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "intel.db"


def test_a_campaign_can_be_queried(path: Path) -> None:
    intel_db.record_campaign(path, *with_summary(record(unscored=[TASKS[9]])))

    (row,) = query(path, "SELECT campaign, model, suite, level, passed, planned, cost_usd FROM campaigns")
    assert row == (FOLDER, MODEL, "agentic_core_v1", "namespace", 22, 27, "0.0108135")
    modes = query(path, "SELECT failure_mode, detail, count(*) FROM task_outcomes WHERE NOT passed GROUP BY 1, 2")
    assert modes == [("wrong_answer", "wrong_value", 5)]
    assert query(path, "SELECT count(*), sum(scored) FROM task_outcomes") == [(30, 27)]
    assert query(path, "SELECT round(sum(cost_usd), 7) FROM task_outcomes") == [(0.012015,)]


def test_every_run_has_a_row_and_every_earlier_attempt_another(path: Path) -> None:
    lost = replace(INFRA, key=key(TASKS[0], 1), attempt=1)
    final = replace(passing(key(TASKS[0], 1)), attempt=2)
    intel_db.record_campaign(path, *with_summary(record(instead={(1, 1): final, (2, 3): None}, superseded=(lost,))))

    rows = query(
        path,
        "SELECT attempt, superseded, passed, cause, reason FROM task_outcomes WHERE task = ? AND run = 1",
        TASKS[:1],
    )
    assert sorted(rows) == [(1, 1, 0, "infra", "server_lost"), (2, 0, 1, None, None)]
    (never,) = query(path, "SELECT task, attempt, cost_usd FROM task_outcomes WHERE cause = 'not_run'")
    assert never == (TASKS[1], None, "0")


def test_recording_again_replaces_only_that_campaign(path: Path) -> None:
    other = replace(record(), folder="another")
    intel_db.record_campaign(path, *with_summary(other))
    intel_db.record_campaign(path, *with_summary(record(instead={(1, 1): None})))
    intel_db.record_campaign(path, *with_summary(record()))

    counted = query(path, "SELECT campaign, count(*) FROM task_outcomes GROUP BY 1 ORDER BY 1")
    assert counted == [(FOLDER, 30), ("another", 30)]
    assert query(path, "SELECT count(*) FROM campaigns") == [(2,)]


def test_an_unknown_price_is_null_and_an_odd_text_is_kept_readable(path: Path) -> None:
    odd = replace(passing(key()), message="lone \ud800\0", usage=replace(USAGE, cost_usd=None), passed=False)
    intel_db.record_campaign(path, *with_summary(record(instead={(1, 1): odd})))

    (row,) = query(path, "SELECT cost_usd, message FROM task_outcomes WHERE task = ? AND run = 1", TASKS[:1])
    assert row == (None, "lone \\ud800\0")
    assert query(path, "SELECT cost_usd, cost_per_pass_usd FROM campaigns") == [(None, None)]


def test_a_tiny_cost_keeps_its_digits(path: Path) -> None:
    tiny = replace(passing(key()), usage=replace(USAGE, cost_usd=Decimal("1E-12")))
    intel_db.record_campaign(path, *with_summary(record(instead={(1, 1): tiny})))

    assert ("0.000000000001",) in query(path, "SELECT cost_usd FROM task_outcomes")


def test_sessions_at_once_all_get_their_rows_in(path: Path) -> None:
    campaigns = [with_summary(replace(record(), folder=f"campaign-{number}")) for number in range(6)]
    problems: list[StoreError] = []

    def session(campaign: CampaignRecord, summary: Summary) -> None:
        try:
            intel_db.record_campaign(path, campaign, summary)
        except StoreError as error:
            problems.append(error)

    threads = [threading.Thread(target=session, args=campaign) for campaign in campaigns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert query(path, "SELECT count(*) FROM task_outcomes") == [(180,)]


def test_a_database_that_stays_locked_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intel_db.record_campaign(path, *with_summary(record()))
    monkeypatch.setattr(intel_db, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="cannot be updated: database is locked; no result is lost"):
            intel_db.record_campaign(path, *with_summary(record()))
        other.execute("ROLLBACK")

    assert query(path, "SELECT count(*) FROM task_outcomes") == [(30,)]


def test_a_failure_in_the_middle_leaves_what_was_there(path: Path) -> None:
    intel_db.record_campaign(path, *with_summary(record()))
    huge = replace(passing(key()), turns=10**30)

    with pytest.raises(StoreError, match="cannot be updated"):
        intel_db.record_campaign(path, *with_summary(record(instead={(1, 1): huge})))

    assert query(path, "SELECT count(*), sum(turns) FROM task_outcomes") == [(30, 150)]


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open database file") as error:
        intel_db.record_campaign(tmp_path / "absent" / "intel.db", *with_summary(record()))

    assert "\n" not in str(error.value)


def test_a_file_that_is_no_database_is_refused_and_rebuilt(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        intel_db.record_campaign(path, *with_summary(record()))

    intel_db.rebuild(path, [indexed(record())])

    assert query(path, "SELECT count(*) FROM task_outcomes") == [(30,)]
    assert path.with_name("intel.db.broken").read_bytes().startswith(b"no database")


def test_a_newer_schema_is_refused_by_its_number(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()

    with pytest.raises(StoreError, match="schema version 99, newer than 3; upgrade or delete it"):
        intel_db.record_campaign(path, *with_summary(record()))


def test_rebuilding_keeps_nothing_else(path: Path) -> None:
    intel_db.record_campaign(path, *with_summary(replace(record(), folder="gone")))
    intel_db.rebuild(path, [indexed(record()), indexed(replace(record(), folder="other"))])

    assert query(path, "SELECT campaign FROM campaigns ORDER BY 1") == [(FOLDER,), ("other",)]
    assert not path.with_name("intel.db.broken").exists()


def test_rebuilding_waits_for_a_session_instead_of_putting_its_file_aside(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intel_db.record_campaign(path, *with_summary(record()))
    monkeypatch.setattr(intel_db, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="database is locked"):
            intel_db.rebuild(path, [])

    assert not path.with_name("intel.db.broken").exists()


def test_a_database_of_any_earlier_version_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    intel_db.record_campaign(path, *with_summary(record()))

    def next_version(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE campaigns ADD COLUMN note TEXT DEFAULT 'none'")

    monkeypatch.setattr(intel_db, "MIGRATIONS", [*MIGRATIONS, next_version])
    intel_db.record_campaign(path, *with_summary(replace(record(), folder="new")))

    assert query(path, "SELECT campaign, note FROM campaigns ORDER BY 1") == [(FOLDER, "none"), ("new", "none")]
    assert query(path, "PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


EXAMINED = Examined(
    findings=(
        Finding(pattern="test_edit", turns=(3,), quote="rm test_a.py \ud800"),
        Finding(pattern="error_recovery", turns=(1, 2), quote="fs_read a"),
    )
)


def test_evidence_can_be_queried(path: Path) -> None:
    """A row a finding, replaced with its campaign and gone with it."""
    campaign = record(instead={(1, 1): replace(passing(key()), attempt=2)})
    for examined in ({key(): EXAMINED, key(TASKS[1]): EXAMINED}, {key(): EXAMINED}):
        intel_db.record_campaign(path, *with_summary(campaign), examined)

    rows = query(path, "SELECT campaign, task, run, attempt, pattern, turns, quote FROM evidence ORDER BY pattern")
    assert rows == [
        (FOLDER, TASKS[0], 1, 2, "error_recovery", "[1, 2]", "fs_read a"),
        (FOLDER, TASKS[0], 1, 2, "test_edit", "[3]", "rm test_a.py \\ud800"),
    ]
    intel_db.rebuild(path, [indexed(campaign)._replace(examined={key(TASKS[2]): EXAMINED})])
    assert query(path, "SELECT DISTINCT task FROM evidence") == [(TASKS[2],)]
    intel_db.rebuild(path, [])
    assert query(path, "SELECT count(*) FROM evidence") == [(0,)]


def test_an_index_of_the_first_schema_is_migrated(path: Path) -> None:
    """What it says is kept, and evidence has its table."""
    with closing(sqlite3.connect(path)) as connection:
        MIGRATIONS[0](connection)
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    intel_db.record_campaign(path, *with_summary(record()), {key(): EXAMINED})

    assert query(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert query(path, "SELECT count(*) FROM evidence") == [(2,)]


SAID = intel_db.PredictionRow(
    sha256="ab" * 32,
    title="a \ud800 title",
    author="Rigg",
    registered_at="2026-05-19T08:00:00+00:00",
    status="in_time",
    statement="headline",
    says="18–22, point 20",
    outcome="25/30",
    hit=False,
    why_open=None,
    probability=0.6,
    brier=0.36,
    range_miss=3,
    point_error=5,
)


def test_predictions_can_be_queried(path: Path) -> None:
    """A row a statement, replaced with its campaign and gone with it."""
    for said in ([SAID, replace(SAID, statement="P1", hit=None)], [SAID]):
        intel_db.record_campaign(path, *with_summary(record()), predictions=said)

    rows = query(path, "SELECT campaign, title, statement, hit, brier, range_miss, point_error FROM predictions")
    assert rows == [(FOLDER, "a \\ud800 title", "headline", 0, 0.36, 3, 5)]
    intel_db.rebuild(path, [indexed(replace(record(), folder="other"))])
    assert query(path, "SELECT count(*) FROM predictions") == [(0,)]


def test_what_was_spent_is_counted_or_not(path: Path) -> None:
    """Earlier attempts, lost runs and control tasks were paid for, and count in no score."""
    lost = replace(INFRA, key=key(TASKS[0], 1), attempt=1)
    final = replace(passing(key(TASKS[0], 1)), attempt=2)
    campaign = record(instead={(1, 1): final, (2, 3): None, (2, 2): INFRA}, superseded=(lost,), unscored=[TASKS[9]])
    intel_db.record_campaign(path, *with_summary(campaign))

    rows = query(path, "SELECT counted, count(*) FROM spend GROUP BY 1 ORDER BY 1")
    assert rows == [(0, 5), (1, 25)]
    assert query(path, "SELECT tasks_low < wilson_low, cost_per_pass_low_usd < cost_per_pass_usd FROM campaigns") == [
        (1, 1)
    ]


def test_an_index_of_the_second_schema_is_migrated(path: Path) -> None:
    """Its campaigns stay, and predictions have their table."""
    with closing(sqlite3.connect(path)) as connection:
        for step in MIGRATIONS[:2]:
            step(connection)
        connection.execute("PRAGMA user_version = 2")
        names = [row[1] for row in connection.execute("PRAGMA table_info(campaigns)")]
        row = dict.fromkeys(names, 0) | {"campaign": "old"}
        places = ", ".join("?" for _ in names)
        connection.execute(f"INSERT INTO campaigns VALUES ({places})", list(row.values()))  # noqa: S608 - question marks alone
        connection.commit()
    intel_db.record_campaign(path, *with_summary(record()), predictions=[SAID])

    assert query(path, "SELECT campaign, tasks_low IS NULL FROM campaigns ORDER BY 1") == [(FOLDER, 0), ("old", 1)]
    assert query(path, "SELECT count(*) FROM predictions") == [(1,)]


def test_a_rebuild_that_cannot_read_a_campaign_leaves_the_index(path: Path) -> None:
    intel_db.record_campaign(path, *with_summary(record()))

    def campaigns() -> Iterator[intel_db.Indexed]:
        yield indexed(replace(record(), folder="new"))
        raise StoreError("the next one cannot be read")

    with pytest.raises(StoreError, match="cannot be read"):
        intel_db.rebuild(path, campaigns())

    assert query(path, "SELECT campaign FROM campaigns") == [(FOLDER,)]
