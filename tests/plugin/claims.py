"""Calls subcommands on synthetic campaigns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_agentcore.cli import main
from tests.unit.stored_campaign import TASKS, store


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


# What the tests of published figures ask for

B20, B120 = "bedrock/openai.gpt-oss-20b-1:0", "bedrock/openai.gpt-oss-120b-1:0"
PREDICTED = f"""\
campaign: {{suite: agentic_core_v1, model: "{B20}"}}
headline: {{range: [18, 22], point: 20}}
predictions: {{P1: task_09 <= 0, P2: task_07 <= 1 and tool_call_malformed > 0, P3: total < 20}}
"""


def passes(total: int) -> list[int]:
    """So many passes of thirty."""
    return [min(3, max(0, total - 3 * place)) for place in range(10)]


def report(command: Command, *arguments: str | Path) -> str:
    told = command.on("report", *arguments)
    assert told.status == 0, told.err
    return " ".join(told.out.split())


def packed(command: Command, folder: Path) -> dict[str, Any]:
    """The campaign's pack, written by the command."""
    assert command.on("report --pack", folder).status == 0
    pack = folder / "data_pack"
    return {path.stem: json.loads(path.read_text()) for path in pack.glob("*.json")}


def compared(command: Command, *folders: Path) -> tuple[Any, str]:
    told = command("compare", *folders, "--format", "json")
    assert told.status == 0, told.err
    return told.data, " ".join(command("compare", *folders).out.split())


def one_pass_for(command: Command, *amounts: str) -> list[Path]:
    """Campaigns of one passing run each, whose cost is therefore the cost of a pass."""
    return [
        store(command.directory, f"x/{cost}", [1], total_usd=cost, runs=1, tasks=TASKS[:1], manifest={"n": number})
        for number, cost in enumerate(amounts)
    ]


def linted(command: Command, folder: Path, text: str, suffix: str = ".md") -> str:
    path = folder / f"published{suffix}"
    path.write_text(text)
    return command("lint-report", path).out
