"""``rescore``: today's checker over stored runs, through the command alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Benchmark
from tests.plugin.conftest import Say, contents, loosened

pytestmark = pytest.mark.slow


def test_todays_checker_over_stored_runs(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """What changes is shown; the campaign and its pack stay as they are."""
    loosened(benchmark)
    before = contents(campaign)
    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 1
    assert "task_greet-run1: was passed, is wrong_answer/wrong_value" in shown
    assert "task_greet: another version of the task than was run" in shown
    assert "score 4/4, now 2/4; 2 runs judged otherwise" in shown
    assert contents(campaign) == before


@pytest.mark.slow
def test_rescoring_can_be_written_beside_the_old_pack(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """A new pack, sound in itself, that says by whom it was judged."""
    loosened(benchmark)
    old = contents(campaign / "data_pack")
    say("rescore", campaign, "--suite", "suite", "--write")
    pack = campaign / "data_pack-rescored-1"

    summary = json.loads((pack / "run_summary.json").read_text())
    assert (summary["score"], summary["planned"]) == (2, 4)
    assert json.loads((pack / "manifest.json").read_text())["rescored"]["judged_again"] == 4
    assert contents(campaign / "data_pack") == old
    status, shown = say("verify", pack, "--suite", "suite")
    assert status == 0, shown
    assert "4 rollouts judged again" in shown
    say("rescore", campaign, "--suite", "suite", "--write")
    assert (campaign / "data_pack-rescored-2").is_dir()


def test_a_checker_that_breaks_leaves_no_score(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace("    assert run.work", "    run.nonsense\n    assert run.work"))

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 1
    assert "is checker/AttributeError" in shown
    assert "score 4/4, now none" in shown


def test_runs_of_other_files_are_not_judged(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """What agents are given today is not what the stored run was given."""
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace("Ada\\n", "Bob\\n"))

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 0
    assert "not judged again, 2 ×: today's task gives its agents other files: name.txt" in shown
    assert "2 of 4 runs judged again" in shown


def test_a_suite_that_cannot_be_collected_is_told(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    (benchmark.root / "suite" / "task_greet" / "test_greet.py").write_text("import nonsense_that_is_nowhere\n")

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 2
    assert "could not be judged again: suite/task_greet/test_greet.py cannot be collected: ModuleNotFoundError" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--agent-model=scripted/reference",), "--agent-rescore asks no model: leave --agent-model out"),
        (("-n2",), "--agent-rescore judges in one process; leave -n out"),
    ],
)
def test_a_rescoring_session_refuses_what_it_cannot_do(
    benchmark: Benchmark, campaign: Path, more: tuple[str, ...], message: str
) -> None:
    result = benchmark.run("suite", f"--agent-rescore={campaign}", *more)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_a_rescoring_session_needs_a_campaign(benchmark: Benchmark) -> None:
    result = benchmark.run_here("suite", "--agent-rescore=nowhere")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "--agent-rescore=nowhere: must be a campaign's folder; there is no manifest.json in it" in result.stderr.str()
    )


# Merging
