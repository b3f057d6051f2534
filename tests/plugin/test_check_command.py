"""``pytest-agentcore check``: the same check for people who do not think of pytest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Benchmark
from tests.plugin.test_check import ANSWER, GOOD, WRONG


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The console script's work, in a folder."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", script, "check", "-n0", *arguments],
        check=False,
        text=True,
        capture_output=True,
        timeout=180,
        cwd=folder,
    )


@pytest.fixture
def suite(benchmark: Benchmark) -> Path:
    """A folder with one good task."""
    benchmark.task("good", GOOD.replace("NAME", "good"), reference=ANSWER, fail_1_wrong=WRONG)
    return benchmark.root


@pytest.mark.slow
def test_cards_for_a_person(suite: Path) -> None:
    """Status 0, the card, and nothing left behind."""
    before = sorted(suite.rglob("*"))
    done = command(suite, "suite/task_good", "--task", "scripted", "-n2")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ task_good" in done.stdout
    assert "1 of 1 cards clean, nothing missed" in done.stdout
    assert [path for path in sorted(suite.rglob("*")) if "__pycache__" not in path.parts] == before


def test_json_alone_on_standard_output(suite: Path) -> None:
    """A miss is status 1, and the document says which."""
    (suite / "suite" / "task_good" / "solutions" / "reference.yaml").write_text(WRONG.partition("\n")[2])
    done = command(suite, "suite/task_good", "--json", "-k", "scripted", "--deadline=30")

    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["clean"] is False
    assert [finding["check"] for finding in document["cards"][0]["findings"]] == ["solvable"]


def test_what_cannot_be_checked_is_status_4_or_2(suite: Path) -> None:
    """A path that is not there, nothing to check, an option that is none."""
    assert command(suite, "gone").returncode == 4
    assert command(suite, "suite/task_good", "-k", "nothing_of_that_name").returncode == 4
    refused = command(suite, "suite/task_good", "--json", "--variants=-1")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "--agent-check-variants=-1: must be at least 0" in refused.stderr
    assert command(suite, "--no-such-option", "x").returncode == 2


def test_digests_are_written(suite: Path) -> None:
    """By their own flag, and nothing is run."""
    done = command(suite, "suite/task_good", "--write-digests")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 tasks of 1.0 pinned" in done.stdout
    assert "task_good" in json.loads((suite / "suite" / "digests.json").read_bytes())["1.0"]
    assert "are pinned already" in command(suite, "suite/task_good", "--write-digests").stdout
