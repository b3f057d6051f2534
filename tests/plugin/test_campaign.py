"""A whole campaign of scripted runs: outcomes, record and report, in every way of running pytest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MODES, Benchmark

CLOCK_FILES = {"run_timing.csv", "manifest.json", "CHECKSUMS"}


def test_reference_passes_and_is_reported(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """Every run passes, the score line says so, and the campaign folder holds the whole record."""
    result = benchmark.run("suite", "--agent-model=scripted/reference", *every_mode)

    assert result.ret == 0
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*score*4/4*100.0 %*Wilson*"])
    (campaign,) = benchmark.campaigns()
    attempt = campaign / "runs" / "task_greet-run1" / "attempt-1"
    assert sorted(path.name for path in attempt.iterdir()) == [
        "evidence.json",
        "outcome.json",
        "rollout.json",
        "trajectory.json",
        "workspace.tar.zst",
    ]
    assert json.loads((attempt / "trajectory.json").read_text())["schema_version"] == "ATIF-v1.8"
    assert (benchmark.root / ".agentcore" / "intel.db").exists()
    assert list((benchmark.root / ".agentcore" / "sessions").glob("*")) == []


@pytest.mark.parametrize(
    ("solution", "mode_and_detail"),
    [
        ("wrong", ("wrong_answer", "wrong_value")),
        ("extra", ("wrong_answer", "side_effect")),
        ("talk", ("wrong_answer", "missing_output")),
        ("nop", ("early_termination", None)),
        ("tamper", ("tampered", None)),
        ("plant", ("tampered", None)),
        ("loop", ("turn_limit", None)),
        ("malformed", ("tool_call_malformed", None)),
        ("unknown_tool", ("tool_call_malformed", None)),
    ],
)
def test_failures_are_classified(benchmark: Benchmark, solution: str, mode_and_detail: tuple[str, str | None]) -> None:
    """A run that fails gets the failure mode and detail of its fault, and pytest's exit status is 1."""
    result = benchmark.run("suite/task_greet", f"--agent-model=scripted/{solution}", "--agent-runs=1", "-pno:xdist")

    assert result.ret == 1
    (outcome,) = benchmark.outcomes().values()
    assert (outcome["failure_mode"], outcome["detail"]) == mode_and_detail
    assert outcome["cause"] == "model"
    assert outcome["checker_would_pass"] is {"loop": True, "malformed": False}.get(solution)


def test_data_files_do_not_depend_on_how_the_session_was_run(benchmark: Benchmark) -> None:
    """The data pack of the same runs is byte-identical whatever the workers, but for its clock figures."""
    packs: list[dict[str, bytes]] = []
    for name, arguments in MODES.items():
        benchmark.run("suite", "--agent-model=scripted/reference", f"--agent-dir=store-{name}", *arguments)
        (pack,) = (benchmark.root / f"store-{name}").glob("campaigns/*/data_pack")
        packs.append({path.name: path.read_bytes() for path in pack.iterdir() if path.name not in CLOCK_FILES})

    assert "run_summary.json" in packs[0]
    assert packs[0] == packs[1] == packs[2]


def test_two_models_are_interleaved_and_make_two_campaigns(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """Models alternate inside a block of task × run, and each has a campaign and a report of its own."""
    models = ("--agent-model=scripted/reference", "--agent-model=scripted/nop")
    result = benchmark.run("suite", "-v", *models, *every_mode)

    assert result.ret == 1
    result.assert_outcomes(passed=4, failed=4)
    result.stdout.fnmatch_lines(["*score*0/4*", "*score*4/4*"])
    names = [campaign.name for campaign in benchmark.campaigns()]
    assert sorted(name[11:] for name in names) == ["scripted-nop-small", "scripted-reference-small"]
    listed = benchmark.run("suite", "--collect-only", "-q", *models).outlines
    runs = [line.rpartition("-run")[2][0] for line in listed if "test_greet[" in line]
    assert runs == ["1", "1", "2", "2"]


def test_failed_item_says_what_happened(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """The assertion, the failure mode, the last turns, the folder and the command to run it again."""
    result = benchmark.run("suite/task_greet", "--agent-model=scripted/wrong", "--agent-runs=1", *every_mode)

    result.stdout.fnmatch_lines(
        [
            "*AssertionError: assert 'Hello!' == 'Hello, Ada!'",
            "*agent run*",
            "failure*wrong_answer/wrong_value",
            "*fs_write*greeting.txt*",
            "folder*runs/task_greet-run1/attempt-1",
            "replay*test_greet.py::test_greet*scripted/wrong*",
        ]
    )
    result.stdout.no_fnmatch_line("*workspace.py*")


def test_infra_is_neither_pass_nor_failure(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """A run that infrastructure spoils is retried, reported as I, does not count, and the exit status says 1."""
    folder = benchmark.task(
        "lost",
        '''
from pytest_agentcore import Limits, agent_task

@agent_task(limits=Limits(wall_s=-59.0))
def test_lost(run):
    """This sandbox ends before it can be used."""
''',
        reference="turns:\n- calls: [{shell: {command: 'sleep 5'}}]\n- text: Done.\n",
    )
    result = benchmark.run(folder, "--agent-model=scripted/reference", "--agent-runs=1", "-rs", "-x", *every_mode)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 infra*"])
    result.stdout.fnmatch_lines(["*coverage*0 of 1 runs valid*"])
    ended = [record for record in benchmark.journal() if record["kind"] == "attempt_ended"]
    assert len(ended) == 3
    assert [record["superseded"] is None for record in ended] == [False, False, True]


def test_a_broken_checker_is_no_verdict_on_the_model(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """An exception or a skip in the body is the task's fault: there is no score until it is mended."""
    folder = benchmark.task(
        "broken",
        '''
import pytest
from pytest_agentcore import agent_task

@agent_task
def test_broken(run):
    """Do nothing."""
    {}["missing"]

@agent_task
def test_skipping(run):
    """Do nothing."""
    pytest.skip("not today")
''',
    )
    result = benchmark.run(folder, "--agent-model=scripted/empty", "--agent-runs=1", *every_mode)

    assert result.ret == 1
    result.assert_outcomes(failed=2)
    causes = {name: outcome["cause"] for name, outcome in benchmark.outcomes().items()}
    assert causes == {"task_broken-run1": "checker", "skipping-run1": "checker"}
    result.stdout.fnmatch_lines(["*score*none*"])


def test_task_with_steps_of_its_own(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """A test may drive the agent itself, look into the sandbox between steps, and is judged like any other."""
    folder = benchmark.task(
        "steps",
        '''
from pytest_agentcore import agent_task

@agent_task
def test_steps(agent, sandbox):
    """Write 1 to a.txt."""
    first = agent.solve()
    assert sandbox.read("a.txt")[0] == b"1"
    sandbox.write("b.txt", b"2")
    agent.solve("Go on.")
    assert agent.workspace.read_text("b.txt") == "2"
    assert agent.workspace.read_text("c.txt") == "3"
''',
        reference="turns:\n- calls: [{fs_write: {path: a.txt, content: '1'}}]\n- text: Done.\n",
    )
    result = benchmark.run(folder, "--agent-model=scripted/reference", "--agent-runs=1", *every_mode)

    assert result.ret == 1
    (outcome,) = benchmark.outcomes().values()
    assert (outcome["failure_mode"], outcome["detail"]) == ("wrong_answer", "missing_output")
    assert outcome["turns"] == 4
    assert Path(benchmark.campaigns()[-1] / "runs" / "task_steps-run1" / "attempt-1" / "workspace.tar.zst").exists()
