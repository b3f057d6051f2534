"""``merge``: shards become one campaign, or are refused, through the command alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Benchmark
from tests.plugin.conftest import Say, contents, copied, loosened

pytestmark = pytest.mark.slow


@pytest.fixture
def shards(benchmark: Benchmark, made: dict[str, Path]) -> list[Path]:
    """The two tasks of one campaign, made on two machines."""
    return [copied(benchmark, made, task, "-k", task) for task in ("greet", "count")]


def test_shards_become_one_campaign(shards: list[Path], say: Say, tmp_path: Path) -> None:
    """Whatever their order, byte for byte; and the whole can be verified like any campaign."""
    one, two = tmp_path / "one", tmp_path / "two"
    status, shown = say("merge", *shards, "-o", one)
    say("merge", *shards[::-1], "-o", two)

    assert status == 0
    assert "2 campaigns, 4 runs, 4 attempts" in shown
    assert "score 4/4 of 4 planned runs" in shown
    ours, theirs = contents(one), contents(two)
    clock = {"data_pack/run_timing.csv", "data_pack/CHECKSUMS"}  # they hold the folder's name
    assert {name for name in ours if ours[name] != theirs[name]} == clock
    assert say("verify", one, "--suite", "suite")[0] == 0


def test_a_hole_is_refused(benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say) -> None:
    """A shard with one run more leaves the other tasks without it."""
    more = copied(benchmark, made, "more", "-k", "count", "--agent-runs=3")

    status, shown = say("merge", shards[0], more, "-o", "whole")
    assert status == 2
    assert "1 runs are missing: task_greet-run3; add the campaign that holds them, or --allow-holes" in shown
    assert say("merge", shards[0], more, "-o", "whole", "--allow-holes")[0] == 0


def test_an_unfinished_shard_is_refused(shards: list[Path], say: Say) -> None:
    path = shards[0] / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"kind":"concluded"' not in line))

    status, shown = say("merge", *shards, "-o", "whole")

    assert status == 2
    assert "2 runs are missing: task_greet-run1, task_greet-run2" in shown
    assert not (Path(".agentcore") / "campaigns" / "whole").exists()


def test_runs_made_twice_are_counted_once(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say, tmp_path: Path
) -> None:
    """A copy of a shard adds nothing; another session over the same runs is kept and does not count."""
    copy = tmp_path / "copy"
    shutil.copytree(shards[0], copy)
    again = copied(benchmark, made, "again", "-k", "greet")

    status, shown = say("merge", *shards, copy, again, "-o", tmp_path / "whole")

    assert status == 0
    assert "4 campaigns, 4 runs, 6 attempts" in shown
    assert "2 attempts were in several of them, and are here once" in shown
    assert "2 runs had been concluded twice: the first counts, the others are superseded" in shown
    summary = json.loads((tmp_path / "whole" / "data_pack" / "run_summary.json").read_text())
    assert (summary["score"], summary["n_superseded_attempts"]) == (4, 2)
    assert say("verify", tmp_path / "whole", "--suite", "suite")[0] == 0


def test_different_measurements_are_not_merged(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say
) -> None:
    """The difference is named."""
    other = copied(benchmark, made, "warm", "-k", "count", "--agent-model-arg=temperature=0")

    status, shown = say("merge", shards[0], other, "-o", "whole")

    assert status == 2
    assert "are different measurements: parameters {} and {'temperature': 0}; compare them" in shown


def test_different_digests_of_a_task_are_not_merged(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say
) -> None:
    loosened(benchmark)
    other = copied(benchmark, made, "loose", "-k", "greet")

    status, shown = say("merge", *shards, other, "-o", "whole")

    assert status == 2
    assert "task_greet is not the same task in" in shown
    assert "results of different digests never mix" in shown


def test_a_folder_that_is_there_is_not_overwritten(shards: list[Path], say: Say, tmp_path: Path) -> None:
    status, shown = say("merge", *shards, "-o", tmp_path)

    assert status == 2
    assert "is there already; name a new folder" in shown
