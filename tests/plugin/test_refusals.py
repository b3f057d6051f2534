"""What cannot work is refused in one line that names the value and what to do, before anything is run."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.conftest import Benchmark


def refused(result: pytest.RunResult, *patterns: str) -> None:
    """Exit status 4, one ERROR line with all the patterns, no traceback of ours, nothing run."""
    text = result.stderr.str() + result.stdout.str()
    errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
    assert result.ret == pytest.ExitCode.USAGE_ERROR, text
    assert len(errors) == 1, text
    assert all(pattern in errors[0] for pattern in patterns), errors[0]
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    assert "agent campaign" not in text


@pytest.mark.parametrize(
    ("argument", "patterns"),
    [
        ("--agent-model=antropic/claude", ("antropic", "anthropic")),
        ("--agent-model=gpt", ("gpt", "provider")),
        ("--agent-model=x@htp://foo", ("htp://foo",)),
        ("--agent-model=scripted/refrence", ("refrence", "reference")),
        ("--agent-runs=0", ("--agent-runs=0", "at least 1")),
        ("--agent-concurrency=0", ("--agent-concurrency=0", "at least 1")),
        ("--agent-min-coverage=2", ("--agent-min-coverage=2", "between 0 and 1")),
        ("--agent-prompt=nowhere.md", ("nowhere.md", "no such file")),
        ("--agent-key-file=nowhere", ("nowhere", "no such file")),
        ("--agent-model-arg=temperature", ("temperature", "KEY=VALUE")),
        ("--agent-suite=agentic_core_v9", ("agentic_core_v9", "agentic_core_v1")),
    ],
)
def test_options(benchmark: Benchmark, argument: str, patterns: tuple[str, ...]) -> None:
    refused(benchmark.run_here("suite", "--agent-model=scripted/reference", argument), *patterns)


@pytest.mark.parametrize("argument", ["--agent-model=antropic/claude", "--agent-model=scripted/refrence"])
def test_refusals_with_workers(benchmark: Benchmark, argument: str) -> None:
    refused(benchmark.run("suite", "--agent-model=scripted/reference", argument, "-n2"), argument[-8:])


def test_a_model_without_its_key(benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    refused(benchmark.run("suite", "--agent-model=anthropic/claude-sonnet-4-6"), "ANTHROPIC_API_KEY")


def test_an_endpoint_that_nobody_serves(benchmark: Benchmark) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    refused(benchmark.run("suite", f"--agent-model=local@http://127.0.0.1:{port}/v1"), f"127.0.0.1:{port}")


def test_other_distributions(benchmark: Benchmark) -> None:
    refused(benchmark.run("suite", "--agent-model=scripted/reference", "-n2", "--dist=loadfile"), "loadfile", "load")


@pytest.mark.parametrize(
    ("test", "patterns"),
    [
        ("@agent_task\ndef test_x(run): pass", ("test_x", "no prompt", "docstring")),
        ("@agent_task(max_turn=3)\ndef test_x(run):\n    'Do.'", ("max_turn", "max_turns")),
        ("@agent_task(tools=('browse',))\ndef test_x(run):\n    'Do.'", ("browse", "fs_read")),
        ("@agent_task(files={'../x': 'y'})\ndef test_x(run):\n    'Do.'", ("../x", "inside the workspace")),
        ("@agent_task(workspace='nowhere')\ndef test_x(run):\n    'Do.'", ("nowhere", "not a folder")),
        (
            """
@agent_task
def test_x(run):
    'Do.'

class TestY:
    @agent_task
    def test_x(self, run):
        'Do.'
""",
            ("two tasks", "'x'"),
        ),
    ],
)
def test_tasks(benchmark: Benchmark, test: str, patterns: tuple[str, ...]) -> None:
    folder = benchmark.root / "other"
    folder.mkdir()
    (folder / "test_x.py").write_text(f"from pytest_agentcore import agent_task\n{test}\n")
    refused(benchmark.run_here("other", "--agent-model=scripted/empty"), *patterns)
    assert benchmark.campaigns() == []


def test_a_workspace_with_a_link_that_leaves_it(benchmark: Benchmark) -> None:
    link = benchmark.root / "suite" / "task_count" / "workspace" / "passwd"
    link.symlink_to("/etc/passwd")
    refused(benchmark.run_here("suite", "--agent-model=scripted/reference"), str(link), "leaves its folder")


def test_a_workspace_with_a_fifo(benchmark: Benchmark) -> None:
    os.mkfifo(benchmark.root / "suite" / "task_count" / "workspace" / "pipe")
    refused(benchmark.run_here("suite", "--agent-model=scripted/reference"), "pipe", "no regular file")


@pytest.mark.parametrize(
    ("content", "patterns"),
    [
        ("name: [", ("suite.yaml", "cannot be read")),
        ("- a\n", ("suite.yaml", "must be a mapping")),
        ("name: small\nruns: many\n", ("suite.yaml", "runs", "'many'")),
        ("name: small\nruns: 0\n", ("suite.yaml", "at least 1")),
        ("name: small\nversion: 1.0\n", ("suite.yaml", "version", "quote")),
        ("name: ../small\n", ("suite.yaml", "one word")),
    ],
)
def test_suite_files(benchmark: Benchmark, content: str, patterns: tuple[str, ...]) -> None:
    (benchmark.root / "suite" / "suite.yaml").write_text(content)
    refused(benchmark.run_here("suite", "--agent-model=scripted/reference"), *patterns)


@pytest.mark.parametrize(
    ("content", "patterns"),
    [
        ("turns: [", ("cannot be read",)),
        ("turns: 3", ("list 'turns'",)),
        ("turns:\n- calls: fs_read", ("turn 1", "calls a list")),
        ("turns:\n- calls: [fs_read]", ("turn 1", "'fs_read'")),
        ("turns:\n- repeat: -1", ("turn 1", "repeat", "-1")),
        ("turns:\n- say: hello", ("turn 1", "'say'")),
        ("expect: maybe\nturns: []", ("expect", "'maybe'")),
        ("turns: !!python/object/apply:os.system ['true']", ("cannot be read",)),
        ("resources: plenty\nturns: []", ("resources", "'plenty' is no resource profile")),
        ("resources: 3x\nexpect: {failure_mode: turn_limit}\nturns: []", ("resources belongs to", "passes")),
        ("profile: 3x\nturns: []", ("unknown key 'profile'", "portable, resources, turns")),
    ],
)
def test_solution_files(benchmark: Benchmark, content: str, patterns: tuple[str, ...]) -> None:
    (benchmark.root / "suite" / "task_greet" / "solutions" / "odd.yaml").write_text(content)
    refused(benchmark.run_here("suite/task_greet", "--agent-model=scripted/odd"), "odd.yaml", *patterns)


def test_a_folder_that_cannot_be_written(benchmark: Benchmark) -> None:
    blocked = benchmark.root / "blocked"
    blocked.write_text("a file where the folder should be")
    refused(benchmark.run_here("suite", "--agent-model=scripted/reference", f"--agent-dir={blocked}"), str(blocked))


def test_less_isolation_than_required(benchmark: Benchmark) -> None:
    result = benchmark.run(
        "suite", "--agent-model=scripted/reference", "--agent-sandbox=process", "--agent-require-isolation=namespace"
    )
    refused(result, "--agent-require-isolation=namespace", "process")


@pytest.mark.slow
def test_a_full_disk_ends_the_session_in_one_line(benchmark: Benchmark, tmp_path: Path) -> None:
    """What was recorded before stays readable, and the same command goes on when there is room again."""
    import subprocess

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", str(small)], check=False)
    if mounted.returncode != 0:
        pytest.skip("only root can make a full disk")
    try:
        arguments = ("suite", "--agent-model=scripted/reference", f"--agent-dir={small}", "-pno:xdist")
        result = benchmark.run(*arguments, "--agent-runs=40")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        errors = [line for line in result.outlines if line.startswith("ERROR:")]
        assert len(errors) == 1
        assert "No space left" in errors[0]
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        again = benchmark.run(*arguments, "--agent-runs=40")
        assert again.ret == 0
        again.stdout.fnmatch_lines(["*resumed*", "*score*80/80*"])
    finally:
        subprocess.run(["umount", str(small)], check=True)
