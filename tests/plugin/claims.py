"""Calls subcommands on synthetic campaigns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_agentcore.cli import main


class Told(NamedTuple):
    """What a subcommand said."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


class Command:
    """``pytest-agentcore`` on one agent folder."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Told:
        """Run it; campaigns are looked for in the folder, unless it is another command."""
        self._capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return Told(status, out, err)

    def on(self, name: str, *arguments: str | Path) -> Told:
        """A command that reads campaigns."""
        first, *rest = name.split()
        return self(first, *rest, *arguments, "--agent-dir", self.directory)


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "agentcore", capsys)
