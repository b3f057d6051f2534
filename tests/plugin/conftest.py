"""Campaigns that are made once and looked at by several tests, and subcommands called in this process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_agentcore.cli import main
from tests.conftest import Benchmark

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Exit status and output of a subcommand."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return run


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, Path]]:
    """Campaigns that were made once and are copied for each test."""
    with tempfile.TemporaryDirectory() as folder:
        yield {"home": Path(folder)}


def copied(benchmark: Benchmark, made: dict[str, Path], name: str, *arguments: str) -> Path:
    """The campaign that a session with these arguments makes, in an agent folder of that name."""
    home = benchmark.root / name
    if name not in made:
        benchmark.run("suite", "--agent-model=scripted/reference", f"--agent-dir={name}", "-pno:xdist", *arguments)
        made[name] = Path(shutil.copytree(home, made["home"] / name))
    else:
        shutil.copytree(made[name], home)
    return next(path.parent for path in (home / "campaigns").glob("*/manifest.json"))


@pytest.fixture
def campaign(benchmark: Benchmark, made: dict[str, Path]) -> Path:
    """Two tasks, two runs each, all passed."""
    return copied(benchmark, made, "all")


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def loosened(benchmark: Benchmark) -> None:
    """Another checker: it wants another greeting."""
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace('== "Hello, Ada!"', '== "Goodbye, Ada!"'))
