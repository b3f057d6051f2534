"""The published campaigns, rebuilt: every figure that is consistent comes out, every other is contradicted.

All through the public commands, from campaigns on the disk to the text that a reader gets.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.cli import main
from tests.unit.published_campaigns import store_20b, store_120b

pytestmark = pytest.mark.slow

Say = Callable[..., str]
PREDICTED = """
title: The smaller model
author: Rigg
campaign: {suite: agentic_core_v1, model: "bedrock/openai.gpt-oss-20b-1:0"}
headline: {range: [18, 22], point: 20}
predictions:
  P1: task_09 <= 0
  P2: task_07 <= 1 and tool_call_malformed > 0
  P3: total < 20
"""


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """A subcommand in a folder of its own, which must succeed; gives what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> str:
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def campaigns(say: Say, tmp_path: Path) -> tuple[str, str]:
    """Names of the 20B and of the 120B campaign."""
    del say
    home = tmp_path / ".agentcore"
    return store_20b(home).name, store_120b(home).name


def packed(say: Say, tmp_path: Path, campaign: str) -> Path:
    """The data pack of a campaign, written by the command."""
    say("report", "--pack", campaign)
    return tmp_path / ".agentcore" / "campaigns" / campaign / "data_pack"


def test_the_folder_has_the_published_name(campaigns: tuple[str, str]) -> None:
    assert campaigns[0] == "2026-05-20-openai-gpt-oss-20b-agentic-core-v1"


def test_the_pack_reproduces_every_consistent_figure(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    pack = packed(say, tmp_path, campaigns[0])
    summary: dict[str, Any] = json.loads((pack / "run_summary.json").read_text())
    tasks = json.loads((pack / "per_task_results.json").read_text())["tasks"]

    assert (summary["score"], summary["planned"]) == (25, 30)
    assert f"{summary['pass_rate']:.1%}" == "83.3%"
    assert summary["total_cost_usd"] == 0.012015
    assert f"{summary['cost_per_pass_usd']:.6f}" == "0.000481"
    assert summary["cost_per_run_usd"] == 0.0004005
    assert [task["passed"] for _, task in sorted(tasks.items())] == [3, 3, 1, 2, 3, 3, 3, 3, 1, 3]
    assert summary["failures"] == {"wrong_answer/wrong_value": 4, "wrong_answer/missing_output": 1}
    assert summary["malformed_calls"] == 0
    assert tasks["task_07_multi_step_plan"]["passed"] == 3
    assert [run["state"] for run in tasks["task_09_know_when_to_stop"]["runs"]] == ["failed", "failed", "passed"]
    metrics = (pack / "run_metrics.csv").read_text().splitlines()
    assert summary["wilson_interval"]["low"] == pytest.approx(0.664, abs=0.0005)
    assert summary["interval_over_tasks"]["low"] < summary["wilson_interval"]["low"]
    ends = summary["cost_per_pass_interval"]
    assert ends["low"] < summary["cost_per_pass_usd"] < ends["high"]
    assert summary["minimum_detectable_effect"] == pytest.approx(0.42, abs=0.005)
    tokens = {tuple(line.split(",")[:2]): line for line in metrics}
    assert ",24041," in tokens["task_03_investigate_log", "1"]
    assert ",5202," in tokens["task_03_investigate_log", "3"]
    assert ",1292," in tokens["task_09_know_when_to_stop", "3"]
    assert "ok      figures" in say("verify", campaigns[0])


def test_the_larger_sibling(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    summary = json.loads((packed(say, tmp_path, campaigns[1]) / "run_summary.json").read_text())

    assert summary["score"] == 23
    assert f"{summary['pass_rate']:.1%}" == "76.7%"
    assert summary["cost_per_pass_usd"] == 0.0013


def test_the_article_reproduces_the_figures(campaigns: tuple[str, str], say: Say) -> None:
    """The published table of tasks with its deltas, the failures, the cost, the ratio."""
    text = say("report", campaigns[0], "--article", "--against", campaigns[1])

    assert "Runs: 30 (10 tasks × 3 runs each)" in text
    assert "Campaign date: 2026-05-20" in text
    assert "Harness: openclaw@2026.4.22" in text
    assert "Synthetic: these runs were made up, no model was asked" in text
    assert "scored 25/30 (83.3 %)" in text
    assert "$0.012 for 30 valid runs, $0.000481 per passing run." in text
    deltas = re.findall(r"^\| (task_\d\d)\S* \| (\d/3) \| (\S+) \|", text, re.MULTILINE)
    assert [score for _, score, _ in deltas] == ["3/3", "3/3", "1/3", "2/3", "3/3", "3/3", "3/3", "3/3", "1/3", "3/3"]
    assert [delta for _, _, delta in deltas] == ["+1", "0", "-2", "-1", "0", "+1", "+2", "0", "+1", "0"]
    assert "costs 2.7x less" in text


def test_what_was_published_and_is_not_so_comes_out_right(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    """Six up and three equal; five above the range; a run without a file that is a plain wrong answer."""
    prediction = tmp_path / "prediction.yaml"
    prediction.write_text(PREDICTED)
    registered = say("predict", "register", prediction)
    text = say("report", campaigns[0], "--article", "--against", campaigns[1])

    assert "late for campaigns of this that exist already" in registered
    assert "Of 10 tasks 4 up, 4 equal, 2 down." in text
    assert not re.search(r"\b6 (?:up|of 10)", text)
    assert "0 of 4 hit; 3 above the range; +5 against the point estimate" in text
    assert "wrong_answer/missing_output ×1 (task_09_know_when_to_stop: ×1)" in text
    assert "LATE" in text


def test_every_claim_of_the_article_says_where_it_stands(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    """Each line is a heading, part of a table, an empty place for a person, or carries a source that is there."""
    pack = packed(say, tmp_path, campaigns[0])
    text = say("report", campaigns[0], "--article")
    prose = [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "|"))]

    for line in prose:
        assert line in {"[Speculation] …", "[Unobserved] …"} or "[Observed — " in line, line
    for source in re.findall(r"\[Observed — data pack ([^\]]+)\]", text):
        for place in source.split("; "):
            name, _, field = place.partition(": ")
            path = pack / name
            assert path.is_file(), place
            data: Any = json.loads(path.read_text()) if name.endswith(".json") and field else {}
            for part in field.split(".") if data else ():
                assert part in data, place
                data = data[part]
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert [heading for heading in headings if not heading.startswith("task_")] == [
        "What agentic_core_v1 tests",
        "The campaign context",
        "Per-task results",
        "Evidence in the trajectories",
        "Cost",
        "What we were wrong about",
        "What we don't know yet",
        "How to check this",
    ]
    assert [heading for heading in headings if heading.startswith("task_")] == [
        "task_03_investigate_log: 1/3",
        "task_04_trace_through_codebase: 2/3",
        "task_09_know_when_to_stop: 1/3",
    ]
    assert text.count("[Speculation]") == text.count("[Speculation] …")


def test_the_comparison_reproduces_the_figures(campaigns: tuple[str, str], say: Say) -> None:
    """The larger sibling as the baseline: two more, four up, what a pass costs, and no more than chance."""
    text = " ".join(say("compare", campaigns[1], campaigns[0]).split())

    assert "passed 25/30 (83.3 %)" in text
    assert "23/30 (76.7 %): 2 more. Of 10 tasks 4 up, 4 equal, 2 down. Not distinguishable" in text
    assert "costs 2.7x less: $0.000481 against $0.0013" in text
    assert "task_03_investigate_log 3/3 1/3 -2" in text
    assert "task_07_multi_step_plan 1/3 3/3 +2" in text


def test_the_index_answers_for_the_published_claims(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    """What the article cites ``intel.db`` for: how runs failed, and what had been predicted."""
    (tmp_path / "prediction.yaml").write_text(PREDICTED)
    say("predict", "register", tmp_path / "prediction.yaml")
    say("report", "--pack")
    with closing(sqlite3.connect(tmp_path / ".agentcore" / "intel.db")) as index:
        modes = index.execute(
            "SELECT task, failure_mode, count(*) FROM task_outcomes "
            "WHERE campaign = ? AND NOT passed GROUP BY 1, 2 ORDER BY 1",
            [campaigns[0]],
        ).fetchall()
        seventh = index.execute(
            "SELECT failure_mode FROM task_outcomes WHERE campaign = ? AND task LIKE 'task_07%' AND NOT passed",
            [campaigns[1]],
        ).fetchall()
        said = index.execute("SELECT statement, hit, range_miss, point_error, status FROM predictions").fetchall()

    assert [(task[:7], mode, count) for task, mode, count in modes] == [
        ("task_03", "wrong_answer", 2),
        ("task_04", "wrong_answer", 1),
        ("task_09", "wrong_answer", 2),
    ]
    assert seventh == [("wrong_answer",)] * 2
    assert said == [
        ("headline", 0, 3, 5, "late"),
        ("P1", 0, None, None, "late"),
        ("P2", 0, None, None, "late"),
        ("P3", 0, None, None, "late"),
    ]


def test_a_prediction_that_came_late_breaks_no_pack(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    """A pack of the day holds none, and is as sound as it was."""
    packed(say, tmp_path, campaigns[0])
    (tmp_path / "prediction.yaml").write_text(PREDICTED)
    say("predict", "register", tmp_path / "prediction.yaml")

    assert "ok      record" in say("verify", campaigns[0])
    packed(say, tmp_path, campaigns[0])
    assert "ok      record" in say("verify", campaigns[0])


def test_the_article_is_the_same_each_time(campaigns: tuple[str, str], say: Say, tmp_path: Path) -> None:
    target = tmp_path / "article.md"
    text = say("report", campaigns[0], "--article")
    say("report", campaigns[0], "--article", "--output", target)

    assert target.read_text() == text
