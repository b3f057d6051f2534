"""``pytest-agentcore``: what it prints, and how it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_agentcore.cli import COMMANDS
from tests.conftest import Benchmark


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The console script's work in a process of its own."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], check=False, text=True, capture_output=True, timeout=60
    )


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    """People type it often."""
    script = (
        "import sys; from pytest_agentcore.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'litellm', 'aiohttp', 'httpx', 'docker', 'pytest', 'jinja2', 'yaml'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True).stdout

    assert all(f"\n    {name} " in shown for name in COMMANDS)
    assert shown.endswith("\n[]\n")
    assert command().stdout == shown.removesuffix("[]\n")


def test_report_prints_what_the_session_printed(benchmark: Benchmark) -> None:
    """From the record alone, for one campaign or for all."""
    session = benchmark.run("suite", "--agent-model=scripted/reference", "--agent-model=scripted/nop", "-pno:xdist")
    names = [folder.name for folder in benchmark.campaigns()]
    score = [line for line in session.outlines if line.startswith("score ")]

    both, one = command("report"), command("report", names[0])

    assert (both.returncode, one.returncode) == (0, 0)
    assert [line for line in both.stdout.splitlines() if line.startswith("score ")] == score
    assert [name in one.stdout for name in names] == [True, False]
    assert one.stdout.strip() in both.stdout


def test_image_says_in_one_line_why_it_cannot_be_shown_or_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
    for action in ("show", "build"):
        refused = command("image", action)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith("pytest-agentcore: no docker daemon at 'unix:///no/such/docker.sock'")
        assert refused.stderr.count("\n") == 1


def test_doctor_names_every_level_and_what_it_enforces() -> None:
    """With the reason where there is none."""
    shown = command("doctor")

    assert shown.returncode == 0
    assert "process: yes\n  limits: " in shown.stdout
    assert "namespace: " in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report",), "holds no campaign; run one, or name another --agent-dir"),
        (("report", "nothing"), "is no campaign; name one of those in"),
        (("reprot",), "invalid choice: 'reprot'"),
    ],
)
def test_refusals_are_one_line(arguments: tuple[str, ...], message: str, pytester: pytest.Pytester) -> None:
    """On stderr, with exit status 2."""
    del pytester  # an empty folder
    refused = command(*arguments)

    assert refused.returncode == 2
    assert message in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr
    assert not refused.stdout
