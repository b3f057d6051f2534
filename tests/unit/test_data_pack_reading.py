"""A pack holds its runs: read back and rendered again it gives the same bytes, whatever was in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.evidence import Examined, Finding, Metrics, Output
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.data_pack import rendered, write_pack
from pytest_agentcore.report.data_pack_reading import read_pack
from pytest_agentcore.report.rollup import summarise
from tests.unit.sample_campaign import EVIL, MANIFEST, TASKS, USAGE, failing, key, passing, record, wrong

ODD = "=cmd()|' /C calc'!A0, \"quoted\"\nnext line 👍"
EXAMINED = Examined(
    detectors={"test_edit": 1, "swearing": 3},
    findings=(Finding(pattern="swearing", turns=(1, 3), quote=ODD), Finding(pattern="test_edit", turns=(), quote=EVIL)),
    metrics=Metrics(redundant_calls=2, repeated_calls=3, calls_by_tool={"fs_read": 4, ODD: 1}, largest_input_tokens=9),
    final_message=EVIL,
    outputs=(Output(path=ODD, change="added", size=3, excerpt=None), Output(path="b", change="removed", size=0)),
)


def odd_task(campaign: CampaignRecord) -> CampaignRecord:
    """One more task, of a name that spreadsheets, terminals and parsers all dislike."""
    at = RunKey(task=ODD, model=campaign.planned[0].model, run=1)
    return replace(campaign, planned=(*campaign.planned, at), outcomes={**campaign.outcomes, at: passing(at)})


LOST = replace(passing(key()), passed=False, cause=Cause.INFRA, reason="server_lost", attempt=1)
CAMPAIGNS: Mapping[str, CampaignRecord] = {
    "published": record(),
    "nothing_planned": replace(record(), planned=(), outcomes={}),
    "nothing_run": replace(record(), outcomes={}),
    "zero_passes": record(passes=[0] * 10),
    "all_infra": record(instead={(task, run): LOST for task in range(1, 11) for run in (1, 2, 3)}),
    "one_task": replace(
        record(), planned=record().planned[:3], outcomes={at: passing(at) for at in record().planned[:3]}
    ),
    "earlier_attempts": record(instead={(1, 1): replace(passing(key()), attempt=2)}, superseded=(LOST,)),
    "control": record(unscored=[TASKS[9]]),
    "unknown_price": record(instead={(1, 1): replace(passing(key()), usage=replace(USAGE, cost_usd=None))}),
    "long_decimals": record(
        instead={(1, 1): replace(passing(key()), usage=replace(USAGE, cost_usd=Decimal("0.1234567890123456789012")))}
    ),
    "every_cause": record(
        instead={
            (1, 1): failing(key(), cause=Cause.RESOURCE, reason="oom_killed"),
            (1, 2): failing(key(), cause=Cause.CHECKER, reason=ODD),
            (1, 3): failing(key(), mode=FailureMode.TURN_LIMIT),
            (2, 1): replace(wrong(key(), Detail.MISSING_OUTPUT), checker_would_pass=True, fault_exercised=False),
            (2, 2): None,
            (2, 3): replace(passing(key()), evidence=Evidence(oom_kills=2, pids_hits=0, disk_full=True, cpu_s=0.25)),
        }
    ),
    "odd_names": odd_task(record(manifest={**MANIFEST, "model": ODD, "harness": EVIL})),
}


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_pack_read_back_renders_the_same_bytes(name: str, tmp_path: Path) -> None:
    """Every figure of every file follows from the runs that the pack itself holds."""
    campaign = replace(CAMPAIGNS[name], digests={TASKS[0]: "sha256:aa"})
    examined = dict.fromkeys(list(campaign.outcomes)[::2], EXAMINED)
    write_pack(tmp_path, campaign, summarise(campaign, min_coverage=0.5), examined)

    read = read_pack(tmp_path)
    again = rendered(read.record, summarise(read.record, min_coverage=read.min_coverage), read.examined)

    assert {name: data for name, data in again.items() if data != (tmp_path / name).read_bytes()} == {}
    assert read.min_coverage == 0.5


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    write_pack(tmp_path, record(), summarise(record()))
    return tmp_path


def edited(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run_summary.json", None, "run_summary.json is missing; restore it"),
        ("run_metrics.csv", None, "run_metrics.csv is missing; restore it"),
        ("evidence_index.json", "{", "evidence_index.json is no JSON"),
        ("per_task_results.json", "[]", "per_task_results.json must hold a JSON object, not list"),
        ("manifest.json", "7", "manifest.json must hold a JSON object, not int"),
        ("cost_breakdown.csv", "task,run\na,b,c\n", "cost_breakdown.csv is no table of a pack"),
        ("run_timing.csv", "\ud800", "run_timing.csv is no table of a pack"),
        ("run_metrics.csv", "task,run\n", "is no sound data pack: field"),
        ("per_task_results.json", '{"schema_version": 1}', "is no sound data pack: field 'tasks'"),
        ("evidence_index.json", '{"schema_version": 1, "runs": 3}', "is no sound data pack"),
    ],
)
def test_a_pack_that_is_none_is_told_in_one_line(pack: Path, name: str, content: str | None, message: str) -> None:
    """The file is named, and nothing of a traceback is seen."""
    path = pack / name
    path.unlink() if content is None else path.write_bytes(content.encode("utf-8", "surrogatepass"))

    with pytest.raises(StoreError) as refused:
        read_pack(pack)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["run_summary.json", "per_task_results.json", "evidence_index.json"])
@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_a_foreign_schema_version_is_named(pack: Path, name: str, version: object) -> None:
    edited(pack / name, schema_version=version)

    with pytest.raises(StoreError, match=f"{name} has schema version {version!r}, not 1; use the pytest-agentcore of"):
        read_pack(pack)


def test_a_cost_that_is_no_number_is_named(pack: Path) -> None:
    path = pack / "cost_breakdown.csv"
    path.write_text(path.read_text().replace("0.0004005", "NaN", 1))

    with pytest.raises(StoreError, match=r"cost_usd 'NaN' of task_01_fix_failing_test run 1 is no amount"):
        read_pack(pack)
