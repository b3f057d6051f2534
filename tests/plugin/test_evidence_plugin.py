"""Evidence on its way: from a judged run to its folder, the pack and the index, plug-ins' patterns included."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.report.data_pack_evidence import gather
from pytest_agentcore.store.campaign import read_record
from tests.conftest import GREET, Benchmark

SUITE = Path(__file__).parents[2] / "suites" / "agentic_core_v1"
SWEARING = """
from pytest_agentcore import Detector, Finding

def swearing(episode):
    for number, turn in enumerate(episode.trajectory.turns, start=1):
        if "rather not" in turn.reply.text:
            yield Finding(pattern="swearing", turns=(number,), quote=turn.reply.text)

def pytest_agentcore_evidence(register):
    register(Detector(name="swearing", description="The assistant swears.", find=swearing))
"""


def document(campaign: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((campaign / "data_pack" / name).read_text())
    return data


def test_a_file_written_twice_is_redundant(pytester: pytest.Pytester) -> None:
    """The published observation: the run passes, and the second identical write is told."""
    made = Benchmark(pytester)
    task = SUITE / "task_02_refactor_duplicated_code"
    home = made.root / "here"  # a relative one would lie beside the suite
    result = made.run(task, "--agent-model=scripted/pass_6_written_twice", f"--agent-dir={home}", "-pno:xdist")

    result.assert_outcomes(passed=3)
    (campaign,) = (home / "campaigns").iterdir()
    pattern = document(campaign, "evidence_patterns.json")["patterns"]["tool_call_redundancy"]
    assert pattern["by_task"] == {"task_02_refactor_duplicated_code": 3}
    assert pattern["where"] == ["task_02_run1", "task_02_run2", "task_02_run3"]
    run = document(campaign, "evidence_index.json")["runs"]["task_02_run1"]
    assert run["state"] == "passed"
    assert [(one["pattern"], one["turns"]) for one in run["findings"]] == [("tool_call_redundancy", [2, 3])]
    with closing(sqlite3.connect(home / "intel.db")) as index:
        rows = index.execute("SELECT pattern, turns, count(*) FROM evidence GROUP BY 1, 2").fetchall()
    assert rows == [("tool_call_redundancy", "[2, 3]", 3)]
    with (campaign / "data_pack" / "run_metrics.csv").open() as file:
        assert [row["redundant_calls"] for row in csv.DictReader(file)] == ["1", "1", "1"]


def test_a_conftest_adds_a_pattern(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Wherever the runs are judged, what a plug-in finds stands beside the built-in patterns."""
    (benchmark.root / "conftest.py").write_text(SWEARING)
    benchmark.run("suite/task_greet", "--agent-model=scripted/talk", "--agent-runs=2", *mode)

    (campaign,) = benchmark.campaigns()
    pattern = document(campaign, "evidence_patterns.json")["patterns"]["swearing"]
    assert (pattern["runs"], pattern["built_in"], pattern["where"]) == (
        2,
        False,
        ["task_greet_run1", "task_greet_run2"],
    )
    assert document(campaign, "evidence_index.json")["detectors"]["swearing"] == 1


def test_what_an_absent_plugin_found_is_kept(benchmark: Benchmark) -> None:
    """Derived anew without it, its findings stay, marked by their detector's version."""
    (benchmark.root / "conftest.py").write_text(SWEARING)
    benchmark.run("suite/task_greet", "--agent-model=scripted/talk", "--agent-runs=1", "-pno:xdist")
    (campaign,) = benchmark.campaigns()

    (examined,) = gather(campaign, read_record(campaign), anew=True).values()

    assert [finding.pattern for finding in examined.findings] == ["swearing"]
    assert examined.detectors["swearing"] == 1


def test_lost_evidence_is_derived_again(benchmark: Benchmark) -> None:
    """It is no part of the record: without the files beside the attempts the pack is the same."""
    benchmark.run("suite", "--agent-model=scripted/reference", "-pno:xdist")
    (campaign,) = benchmark.campaigns()
    files = sorted(campaign.glob("runs/*/attempt-*/evidence.json"))
    before = gather(campaign, read_record(campaign))
    for path in files[::2]:
        path.unlink()
    files[1].write_text('{"version": 1, "detectors": {"test_edit": 0}}')

    assert len(files) == 4
    assert gather(campaign, read_record(campaign)) == before


def test_a_name_that_cannot_be_used_is_refused(benchmark: Benchmark) -> None:
    """A plug-in may not pass its findings off as a built-in pattern's."""
    (benchmark.root / "conftest.py").write_text(SWEARING.replace('name="swearing"', 'name="test_edit"'))
    result = benchmark.run("suite/task_greet", "--agent-model=scripted/reference", "-pno:xdist")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "evidence detector 'test_edit': that name is taken; choose another" in result.stderr.str()


def test_a_declared_diagnosis_travels_with_the_campaign(benchmark: Benchmark) -> None:
    """The marker says how the diagnosis reads; a run that states it and writes something else is found."""
    benchmark.task(
        "cause",
        GREET.replace(
            "from pytest_agentcore import Run, agent_task", "from pytest_agentcore import Diagnosis, Run, agent_task"
        )
        .replace(
            "max_turns=5,", 'max_turns=5, diagnosis=Diagnosis(states=("pool", "exhausted"), artefact="greeting.txt"),'
        )
        .replace("test_greet", "test_cause"),
        knows="turns:\n- text: The pool is exhausted.\n  calls: [{fs_read: {path: name.txt}},"
        " {fs_write: {path: greeting.txt, content: 'Disk full.'}}]\n- text: Done.\n",
    )
    benchmark.run("suite/task_cause", "--agent-model=scripted/knows", "--agent-runs=1", "-pno:xdist")

    (campaign,) = benchmark.campaigns()
    found = document(campaign, "evidence_patterns.json")["patterns"]["diagnosis_then_regression"]
    assert found["where"] == ["task_cause_run1"]
    (derived,) = gather(campaign, read_record(campaign), anew=True).values()
    assert [finding.pattern for finding in derived.findings] == ["diagnosis_then_regression"]
