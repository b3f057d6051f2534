"""The pack says what the campaign says, the same bytes each time, and is safe to open."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Cause, FailureMode, Outcome
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.data_pack import FILES, write_pack
from pytest_agentcore.report.rollup import summarise
from tests.unit.sample_campaign import FOLDER, MANIFEST, PASSES, TASKS, USAGE, failing, key, passing, record, wrong

INFRA = failing(key(), cause=Cause.INFRA, reason="server_lost")
CLOCK_FILE = "run_timing.csv"


def pack(folder: Path, campaign: CampaignRecord) -> Path:
    write_pack(folder, campaign, summarise(campaign))
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_pack_is_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    assert sorted(contents(pack(tmp_path / "data_pack", record()))) == sorted(FILES)


def test_the_summary_reproduces_the_published_figures(tmp_path: Path) -> None:
    summary = json.loads((pack(tmp_path, record()) / "run_summary.json").read_text())

    assert (summary["score"], summary["planned"], summary["n_valid"]) == (25, 30, 30)
    assert summary["total_cost_usd"] == 0.012015
    assert summary["cost_per_pass_usd"] == 0.0004806
    assert summary["cost_per_run_usd"] == 0.0004005
    assert summary["failures"] == {"wrong_answer/wrong_value": 5}
    assert summary["bounds"] == {"all_missing_failed": 25, "all_missing_passed": 25}
    assert round(summary["wilson_interval"]["low"], 3) == 0.664
    assert summary["model"] == MANIFEST["model"]
    assert summary["quarantined"] is False


def test_tasks_are_found_by_their_id(tmp_path: Path) -> None:
    tasks = json.loads((pack(tmp_path, record()) / "per_task_results.json").read_text())["tasks"]

    assert tasks["task_07_multi_step_plan"]["passed"] == 3
    assert [run["state"] for run in tasks["task_03_investigate_log"]["runs"]] == ["passed", "failed", "failed"]
    assert [tasks[task]["passed"] for task in TASKS] == list(PASSES)


def test_pass_rates_by_task(tmp_path: Path) -> None:
    rows = table(pack(tmp_path, record()) / "pass_rate_by_task.csv")

    assert rows[0] == {
        "task": TASKS[0], "scored": "true", "passed": "3", "valid": "3", "planned": "3", "pass_rate": "1.0"
    }  # fmt: skip
    assert sum(int(row["passed"]) for row in rows) == 25


def test_the_costs_of_every_attempt_add_up_to_the_totals(tmp_path: Path) -> None:
    lost = replace(INFRA, usage=replace(USAGE, cost_usd=Decimal("0.25")))
    campaign = record(instead={(1, 1): replace(passing(key()), attempt=2)}, superseded=(lost,), unscored=[TASKS[9]])
    rows = table(pack(tmp_path, campaign) / "cost_breakdown.csv")
    summary = json.loads((tmp_path / "run_summary.json").read_text())

    counted = sum(Decimal(row["cost_usd"]) for row in rows if row["counted"] == "true")
    others = sum(Decimal(row["cost_usd"]) for row in rows if row["counted"] == "false")
    assert float(counted) == summary["total_cost_usd"] == 0.0108135
    assert float(others) == summary["other_cost_usd"] == 0.2512015
    assert [(row["attempt"], row["counted"]) for row in rows[:2]] == [("1", "false"), ("2", "true")]


def test_metrics_by_run(tmp_path: Path) -> None:
    rows = table(pack(tmp_path, record(instead={(1, 1): None})) / "run_metrics.csv")

    assert len(rows) == 29
    assert rows[0]["output_tokens"] == "812"
    assert rows[0]["turns"] == "5"


def test_a_run_that_was_never_made_has_a_row_without_figures(tmp_path: Path) -> None:
    (row, *_) = table(pack(tmp_path, record(instead={(1, 1): None})) / "per_task_results.csv")

    assert row["state"] == "not_run"
    assert row["attempt"] == row["failure_mode"] == ""


def test_an_unknown_price_is_empty_and_never_zero(tmp_path: Path) -> None:
    priceless = replace(passing(key()), usage=replace(USAGE, cost_usd=None))
    folder = pack(tmp_path, record(instead={(1, 1): priceless}))
    summary = json.loads((folder / "run_summary.json").read_text())

    assert summary["total_cost_usd"] is None
    assert summary["cost_per_pass_usd"] is None
    assert table(folder / "cost_breakdown.csv")[0]["cost_usd"] == ""


def test_no_score_is_null_with_its_reason(tmp_path: Path) -> None:
    broken = failing(key(), cause=Cause.CHECKER, reason="KeyError: 'x'")
    summary = json.loads((pack(tmp_path, record(instead={(1, 1): broken})) / "run_summary.json").read_text())

    assert summary["score"] is None
    assert summary["no_score_reason"] == "the checker of task_01_fix_failing_test broke in run 1: KeyError: 'x'"


def test_a_campaign_without_runs_has_headings_only(tmp_path: Path) -> None:
    folder = pack(tmp_path, replace(record(), planned=(), outcomes={}))

    assert json.loads((folder / "run_summary.json").read_text())["score"] is None
    for name in FILES:
        if name.endswith(".csv"):
            assert (folder / name).read_bytes().count(b"\n") == 1


def slower(outcome: Outcome) -> Outcome:
    evidence = replace(outcome.evidence, cpu_s=9.0, throttled_s=1.0, peak_memory_bytes=7)
    return replace(outcome, wall_s=99.0, working_s=88.0, evidence=evidence, workspace_digest="sha256:other")


def test_equal_runs_give_equal_bytes_but_for_the_clock(tmp_path: Path) -> None:
    """Another day, another folder, another order, other times: only the file of times differs, and its checksum."""
    first = record(instead={(1, 1): INFRA}, superseded=(INFRA,))
    second = replace(
        first,
        folder="2027-01-01-another-2",
        planned=first.planned[::-1],
        outcomes={at: slower(outcome) for at, outcome in list(first.outcomes.items())[::-1]},
        superseded=tuple(map(slower, first.superseded)),
    )
    one, two = contents(pack(tmp_path / "one", first)), contents(pack(tmp_path / "two", second))

    assert [name for name in one if one[name] != two[name]] == ["CHECKSUMS", CLOCK_FILE]
    assert len(set(one["CHECKSUMS"].split(b"\n")) - set(two["CHECKSUMS"].split(b"\n"))) == 1
    assert FOLDER.encode() in one[CLOCK_FILE]
    assert not any(FOLDER.encode() in data for name, data in one.items() if name != CLOCK_FILE)


def test_writing_again_changes_no_byte(tmp_path: Path) -> None:
    before = contents(pack(tmp_path, record()))

    assert contents(pack(tmp_path, record())) == before


def test_files_are_utf8_with_unix_line_ends(tmp_path: Path) -> None:
    campaign = record(manifest={**MANIFEST, "model": "modèle/日本 \ud800"})
    for data in contents(pack(tmp_path, campaign)).values():
        assert data.decode("utf-8").endswith("\n")
        assert b"\r" not in data


@pytest.mark.parametrize(
    "reason", ["=cmd()|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "=1\n=2"]
)
def test_no_cell_is_a_formula(tmp_path: Path, reason: str) -> None:
    odd = failing(key(), cause=Cause.RESOURCE, reason=reason)
    folder = pack(tmp_path, record(instead={(1, 1): odd}))

    assert table(folder / "per_task_results.csv")[0]["reason"] == f"'{reason}".replace("\r", r"\r")
    assert json.loads((folder / "per_task_results.json").read_text())["tasks"][TASKS[0]]["runs"][0]["reason"] == reason


def test_numbers_are_left_as_numbers(tmp_path: Path) -> None:
    odd = replace(passing(key()), usage=replace(USAGE, cost_usd=Decimal("-1E-7")))

    assert table(pack(tmp_path, record(instead={(1, 1): odd})) / "cost_breakdown.csv")[0]["cost_usd"] == "-0.0000001"


def test_a_cell_survives_commas_quotes_lines_and_emoji_and_drives_no_terminal(tmp_path: Path) -> None:
    odd = failing(key(), cause=Cause.RESOURCE, reason='a,"b"\nc 👍 \x1b[31m')
    folder = pack(tmp_path, record(instead={(1, 1): odd}))

    assert table(folder / "per_task_results.csv")[0]["reason"] == 'a,"b"\nc 👍 \\x1b[31m'
    assert not any(b"\x1b" in data for data in contents(folder).values())


@pytest.fixture
def in_the_way(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "data_pack"
    path.write_text("a file where the folder should be")
    yield path
    assert path.read_text() == "a file where the folder should be"


def test_a_folder_that_cannot_be_made_is_one_line(in_the_way: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be written: (?:File exists|Not a directory); free") as error:
        pack(in_the_way, record())

    assert "\n" not in str(error.value)


def test_a_full_disk_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(pack(tmp_path, record()))

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match="No space left on device"):
        pack(tmp_path, record(passes=[0] * 10))

    assert contents(tmp_path) == before


def test_ten_thousand_runs_are_packed(tmp_path: Path) -> None:
    """Nothing in it grows with the square of the runs; the time itself is measured elsewhere."""
    planned = tuple(key(f"task_{number:04}", run) for number in range(1000) for run in range(1, 11))
    outcomes = {
        at: passing(at) if at.run % 2 else wrong(at) for at in planned
    }  # fmt: skip
    earlier = tuple(replace(INFRA, key=at) for at in planned[::3])
    campaign = replace(record(), planned=planned, outcomes=outcomes, superseded=earlier)

    rows = table(pack(tmp_path, campaign) / "cost_breakdown.csv")
    assert len(rows) == 10_000 + len(earlier)


def test_each_failure_is_told_by_mode_and_detail(tmp_path: Path) -> None:
    outcome: dict[tuple[int, int], Any] = {(1, 1): failing(key(), mode=FailureMode.TOOL_CALL_MALFORMED)}
    rows = table(pack(tmp_path, record(instead=outcome)) / "per_task_results.csv")

    assert (rows[0]["failure_mode"], rows[0]["detail"]) == ("tool_call_malformed", "")
    assert (rows[7]["failure_mode"], rows[7]["detail"]) == ("wrong_answer", "wrong_value")
