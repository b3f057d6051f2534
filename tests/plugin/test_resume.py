"""Which campaign a session continues, and that nothing paid for is run again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import GREET, QUICK, Benchmark

pytestmark = pytest.mark.slow

ARGUMENTS = ("suite", "--agent-model=scripted/reference")


def attempts(benchmark: Benchmark, campaign: Path | None = None) -> int:
    """Attempts that were begun in a campaign."""
    return sum(record["kind"] == "attempt_started" for record in benchmark.journal(campaign))


def test_a_finished_campaign_is_left_alone(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """The same command again begins a new folder."""
    benchmark.run(*ARGUMENTS, *every_mode)
    benchmark.run(*ARGUMENTS, *every_mode)

    first, second = benchmark.campaigns()
    assert second.name == f"{first.name}-2"
    assert attempts(benchmark, first) == attempts(benchmark, second) == 4


def test_an_unfinished_campaign_is_resumed(benchmark: Benchmark, every_mode: tuple[str, ...]) -> None:
    """Part of the plan first, then all of it: what is there is served from the record and judged again."""
    assert benchmark.run(*ARGUMENTS, "-k", "greet", *every_mode).ret == 0
    result = benchmark.run(*ARGUMENTS, *every_mode)

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*resumed, 2 of 4 runs done*", "*score*4/4*"])
    assert len(benchmark.campaigns()) == 1
    assert attempts(benchmark) == 4


def test_a_torn_journal_loses_only_what_was_not_written(benchmark: Benchmark) -> None:
    """A line cut by a crash is passed over; the next session goes on behind it."""
    benchmark.run(*ARGUMENTS, "-k", "greet")
    journal = benchmark.campaigns()[0] / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"kind":"attempt_started","key":["task_cou')
    result = benchmark.run(*ARGUMENTS)

    result.assert_outcomes(passed=4)
    assert len(benchmark.campaigns()) == 1
    torn = [line for line in journal.read_bytes().splitlines() if not line.endswith(b"}")]
    assert len(torn) == 1


def test_a_journal_of_a_newer_version_is_refused(benchmark: Benchmark) -> None:
    benchmark.run(*ARGUMENTS, "-k", "greet")
    journal = benchmark.campaigns()[0] / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"v":1', '"v":99'))
    result = benchmark.run(*ARGUMENTS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR:*newer pytest-agentcore*"])


def test_rollouts_that_nobody_judged_are_judged_not_run_again(benchmark: Benchmark) -> None:
    """A session that died between rollout and checker has paid for the rollout: the next one only judges it."""
    benchmark.run(*ARGUMENTS)
    campaign = benchmark.campaigns()[0]
    journal = campaign / "journal.jsonl"
    kept = [line for line in journal.read_text().splitlines() if '"kind":"concluded"' not in line]
    journal.write_text("\n".join(kept) + "\n")
    result = benchmark.run(*ARGUMENTS)

    result.assert_outcomes(passed=4)
    assert benchmark.campaigns() == [campaign]
    assert attempts(benchmark) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    ["checker", "parameter", "rerun", "prompt"],
)
def test_what_makes_another_measurement_makes_another_campaign(benchmark: Benchmark, change: str) -> None:
    """A changed checker, parameter or prompt, or --agent-rerun: results of different digests never mix."""
    benchmark.run(*ARGUMENTS, "-k", "greet")
    more: tuple[str, ...] = ()
    if change == "checker":
        (benchmark.root / "suite" / "task_greet" / "test_greet.py").write_text(
            GREET.replace("max_turns=5", "max_turns=6")
        )
    elif change == "prompt":
        (benchmark.root / "p.md").write_text("Be brief.")
        more = ("--agent-prompt=p.md",)
    else:
        more = ("--agent-rerun",) if change == "rerun" else ("--agent-model-arg=temperature=0",)
    benchmark.run(*ARGUMENTS, *more).assert_outcomes(passed=4)

    first, second = benchmark.campaigns()
    assert attempts(benchmark, first) == 2
    assert attempts(benchmark, second) == 4


def test_a_solution_does_not_count_as_a_change(benchmark: Benchmark) -> None:
    benchmark.run(*ARGUMENTS, "-k", "greet")
    (benchmark.root / "suite" / "task_greet" / "solutions" / "new.yaml").write_text("turns: []\n")
    benchmark.run(*ARGUMENTS)

    assert len(benchmark.campaigns()) == 1


@pytest.mark.slow
def test_two_sessions_at_once(benchmark: Benchmark) -> None:
    """The second one is refused in a line while the first holds the campaign."""
    benchmark.task(
        "nap",
        "from pytest_agentcore import agent_task\n\n@agent_task\ndef test_nap(run):\n    'Sleep.'\n",
        reference="turns:\n- calls: [{shell: {command: 'sleep 8'}}]\n- text: Done.\n",
    )
    first = subprocess.Popen(
        [sys.executable, "-m", "pytest", *QUICK, *ARGUMENTS, "-pno:xdist"], cwd=benchmark.root, stdout=subprocess.PIPE
    )
    assert first.stdout is not None
    while b"campaign" not in first.stdout.readline():
        assert first.poll() is None
    second = benchmark.run(*ARGUMENTS)
    first.communicate(timeout=60)

    assert first.returncode == 0
    assert second.ret == pytest.ExitCode.USAGE_ERROR
    second.stderr.fnmatch_lines(["ERROR: campaign * is in use by another session*"])
    assert len(benchmark.campaigns()) == 1
