"""What pytest users expect: ids, selection, stopping, and a plugin that stays out of the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Benchmark


def test_without_a_model_each_task_is_one_skipped_item(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """The reason says what to type."""
    result = benchmark.run("suite", "-rs", *mode)

    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*--agent-model=scripted/reference*"])
    assert not (benchmark.root / ".agentcore").exists()


def test_ids_are_deterministic_and_name_model_and_run(benchmark: Benchmark) -> None:
    """Task by task, run by run; what lies in workspace/, hidden/ and solutions/ is not collected."""
    arguments = ("suite", "--collect-only", "-q", "--agent-model=scripted/reference")
    first = benchmark.run(*arguments).outlines

    assert [line for line in first if "::" in line] == [
        "suite/task_count/test_count.py::test_count[scripted/reference-run1]",
        "suite/task_count/test_count.py::test_count[scripted/reference-run2]",
        "suite/task_greet/test_greet.py::test_greet[scripted/reference-run1]",
        "suite/task_greet/test_greet.py::test_greet[scripted/reference-run2]",
    ]
    assert not (benchmark.root / ".agentcore").exists()


def test_keyword_marker_and_node_id_select(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Only what is selected is run and recorded."""
    arguments = ("--agent-model=scripted/reference", *mode)

    assert benchmark.run("suite", "-k", "greet and run2", *arguments).ret == 0
    assert list(benchmark.outcomes()) == ["task_greet-run2"]
    assert benchmark.run("suite", "-m", "not agent_task", *arguments).ret == pytest.ExitCode.NO_TESTS_COLLECTED
    node = "suite/task_count/test_count.py::test_count[scripted/reference-run1]"
    benchmark.run(node, *arguments).assert_outcomes(passed=1)


def test_stop_at_the_first_failure(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """-x ends the session without waiting for runs that are still in flight."""
    benchmark.task(
        "slow",
        """
from pytest_agentcore import agent_task

@agent_task
def test_slow(run):
    '''Sleep.'''
""",
        wrong="turns:\n- calls: [{shell: {command: 'sleep 50'}}]\n- text: Done.\n",
    )
    (benchmark.root / "suite" / "task_count" / "solutions" / "wrong.yaml").write_text("turns:\n- text: No.\n")
    result = benchmark.run("suite", "-x", "--agent-model=scripted/wrong", "--agent-concurrency=16", *mode)

    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    assert result.duration < 30
    assert "task_slow-run1" not in benchmark.outcomes()


@pytest.mark.slow
def test_last_failed_runs_only_what_failed(benchmark: Benchmark) -> None:
    """--lf after a finished campaign begins a new one with the failed runs alone."""
    (benchmark.root / "suite" / "task_count" / "solutions" / "wrong.yaml").write_text(
        "turns:\n- calls: [{shell: {command: 'wc -l < lines.txt > count.txt'}}]\n- text: Done.\n"
    )
    arguments = ("suite", "--agent-model=scripted/wrong", "-pno:xdist")
    benchmark.pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=2, failed=2)
    benchmark.pytester.runpytest_subprocess(*arguments, "--lf").assert_outcomes(failed=2)

    assert list(benchmark.outcomes()) == ["task_greet-run1", "task_greet-run2"]


def test_author_parameters_make_tasks_of_their_own(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """A test may be parametrized by its author as well: each case is a task."""
    folder = benchmark.task(
        "many",
        """
import pytest
from pytest_agentcore import agent_task

@pytest.mark.parametrize("size", [1, 22])
@agent_task
def test_many(run, size):
    '''Do nothing.'''
    assert size
""",
    )
    result = benchmark.run(folder, "--agent-model=scripted/empty", "--agent-runs=1", *mode)

    result.assert_outcomes(passed=2)
    assert sorted(benchmark.outcomes()) == ["task_many-1-run1", "task_many-22-run1"]


def test_other_tests_in_the_session_run_as_always(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Plain tests, parametrized ones and skipped ones are not touched."""
    (benchmark.root / "test_plain.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('x', [1, 2])\ndef test_plain(x): assert x\n"
        "@pytest.mark.skip(reason='later')\ndef test_later(): pass\n"
    )
    result = benchmark.run("suite", "test_plain.py", "--agent-model=scripted/reference", *mode)

    assert result.ret == 0
    result.assert_outcomes(passed=6, skipped=1)


def test_a_skipped_task_is_never_run(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Pytest's own skip marks keep a task from being paid for."""
    folder = benchmark.task(
        "later",
        """
import pytest
from pytest_agentcore import agent_task

@pytest.mark.skipif(True, reason='later')
@agent_task
def test_later(run):
    '''Do nothing.'''
""",
    )
    benchmark.run(folder, "--agent-model=scripted/empty", *mode).assert_outcomes(skipped=2)
    assert benchmark.campaigns() == []


SILENT = """
import subprocess, sys
import pytest

class Watch:
    def pytest_unconfigure(self):
        heavy = [name for name in ("litellm", "docker", "httpx", "aiohttp", "yaml", "zstandard", "sqlite3",
                 "pytest_agentcore.domain.task", "pytest_agentcore.session") if name in sys.modules]
        print("HEAVY", heavy)

sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"], plugins=[Watch()]))
"""


def test_a_repository_without_agent_tests_notices_nothing(pytester: pytest.Pytester) -> None:
    """No output, no option needed, nothing heavy imported, folders of ours-like names collected as ever."""
    pytester.makepyfile(test_a="def test_a(): pass")
    (pytester.path / "workspace").mkdir()
    (pytester.path / "workspace" / "test_b.py").write_text("def test_b(): pass")
    done = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True, cwd=pytester.path, check=True)

    assert "2 passed" in done.stdout
    assert "HEAVY []" in done.stdout
    assert "agent" not in done.stdout.replace(str(pytester.path), "")
    assert sorted(path.name for path in pytester.path.iterdir() if "agentcore" in path.name) == []


def test_a_bare_import_stays_light() -> None:
    """``import pytest_agentcore`` brings in no other package and one module of its own."""
    code = (
        "import sys; before = set(sys.modules); import pytest_agentcore; new = set(sys.modules) - before\n"
        "print(sorted(name for name in new if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "['pytest_agentcore', 'pytest_agentcore._version']\n"
