"""A suite's tasks are what its version says: a changed digest is a new version, and the changelog names every one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import QUICK

SUITES = sorted(path.parent for path in (Path(__file__).parents[2] / "suites").glob("*/suite.yaml"))


@pytest.fixture(params=SUITES, ids=lambda path: path.name)
def suite(request: pytest.FixtureRequest) -> Path:
    """Each shipped suite that pins its tasks."""
    folder: Path = request.param
    if not (folder / "digests.json").is_file():
        pytest.skip(f"not pinned yet: pytest-agentcore check --write-digests suites/{folder.name}")
    return folder


def version_of(suite: Path) -> str:
    data: dict[str, Any] = yaml.safe_load((suite / "suite.yaml").read_bytes())
    return str(data["version"])


def test_the_changelog_names_every_pinned_version_the_present_one_first(suite: Path) -> None:
    pinned = list(json.loads((suite / "digests.json").read_bytes()))
    named = re.findall(r"^## (\S+)", (suite / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert set(pinned) <= set(named)
    assert named[0] == pinned[-1] == version_of(suite)


@pytest.mark.slow
def test_every_task_has_the_digest_of_the_present_version(suite: Path, pytester: pytest.Pytester) -> None:
    """Whoever changes a task raises the version in suite.yaml and pins it: that is this test's whole message."""
    cards = pytester.path / "cards.json"
    arguments = ("--agent-check", f"--agent-check-json={cards}", "-k", "scripted/nop", f"--rootdir={suite}", "-q")
    pytester.runpytest_subprocess(*QUICK, suite, *arguments, timeout=300)

    shown = {card["task"]: card["checks"]["pinned"] for card in json.loads(cards.read_bytes())["cards"]}
    assert shown == {task: {"ok": True, "text": f"as in {version_of(suite)}"} for task in shown}
    assert set(shown) == set(json.loads((suite / "digests.json").read_bytes())[version_of(suite)])


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_the_suites_file_names_every_tasks_turns(suite: Path) -> None:
    """For people who read the file; what counts is the marker."""
    stated = yaml.safe_load((suite / "suite.yaml").read_bytes())["turns"]
    tests = {path.parent.name: path.read_text(encoding="utf-8") for path in suite.glob("*/test_*.py")}
    marked = {task: int(re.findall(r"\bmax_turns=(\d+)", text)[0]) for task, text in tests.items()}

    assert marked == {task: stated.get(task, stated["default"]) for task in marked}
    assert set(stated) - {"default"} <= set(marked)
