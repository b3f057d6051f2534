"""What several tests of the plugin share: a small suite of tasks with solutions, and the ways to run it."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

assert yaml  # in-process sessions restore sys.modules: what is imported before them is not imported twice

MODES: Mapping[str, tuple[str, ...]] = {"n0": ("-n0",), "n2": ("-n2",), "no_xdist": ("-p", "no:xdist")}

QUICK = ("-pno:cacheprovider", "-pno:hypothesispytest", "-pno:anyio")
"""What no session of the tests needs."""

GREET = '''
from pytest_agentcore import Run, agent_task

@agent_task(files={"name.txt": "Ada\\n"}, max_turns=5, protected=("name.txt",), forbidden=("conftest.py",))
def test_greet(run: Run) -> None:
    """Read name.txt and write `Hello, <name>!` to greeting.txt."""
    assert run.workspace.read_text("greeting.txt") == "Hello, Ada!"
    with run.expects("side_effect"):
        assert set(run.workspace.changes) == {"greeting.txt"}
'''

COUNT = '''
from pytest_agentcore import Run, agent_task

@agent_task
def test_count(run: Run) -> None:
    """Count the lines of lines.txt and write the number to count.txt."""
    shown = run.check(["sh", "-c", "cat count.txt; cat ../hidden/expected.txt"])
    got, expected = shown.stdout.split()
    assert got == expected
'''

SOLUTIONS = {
    "greet": {
        "reference": "turns:\n- calls: [{fs_read: {path: name.txt}}]\n"
        "- calls: [{fs_write: {path: greeting.txt, content: 'Hello, Ada!'}}]\n- text: Done.\n",
        "wrong": "expect: {failure_mode: wrong_answer, detail: wrong_value}\n"
        "turns:\n- calls: [{fs_write: {path: greeting.txt, content: 'Hello!'}}]\n- text: Done.\n",
        "extra": "expect: {failure_mode: wrong_answer, detail: side_effect}\nturns:\n"
        "- calls: [{shell: {command: 'printf \"Hello, Ada!\" > greeting.txt; echo x > note.txt'}}]\n- text: Done.\n",
        "tamper": "turns:\n- calls: [{fs_write: {path: greeting.txt, content: 'Hello, Ada!'}},"
        " {fs_write: {path: name.txt, content: Bob}}]\n- text: Done.\n",
        "plant": "turns:\n- calls: [{fs_write: {path: greeting.txt, content: 'Hello, Ada!'}},"
        " {fs_write: {path: conftest.py, content: ''}}]\n- text: Done.\n",
        "talk": "turns:\n- text: I would rather not.\n",
        "loop": "turns:\n- calls: [{fs_write: {path: greeting.txt, content: 'Hello, Ada!'}}]\n"
        "- repeat: 20\n  calls: [{fs_read: {path: name.txt}}]\n",
        "malformed": "turns:\n- repeat: 3\n  calls: [{raw: {name: fs_write, arguments: '{\"path\": '}}]\n",
        "unknown_tool": "turns:\n- calls: [{raw: {name: browse, arguments: '{}'}}]\n- text: Done.\n",
    },
    "count": {
        "reference": "turns:\n- calls: [{shell: {command: 'wc -l < lines.txt > count.txt'}}]\n- text: Done.\n",
    },
}


def pytest_configure() -> None:
    """What a shell decides for whom it starts, and what each test's own home would take from all of them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: Ctrl-C would be lost on children
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("XDG_CACHE_HOME", str(Path("~/.cache").expanduser()))


def pytest_collection_finish() -> None:
    """Thousands of items stay to the end; pytest and others ask for full collections, which need not look at them."""
    gc.freeze()


def modes(*at_once: str) -> list[object]:
    """Each way in which a session can be run; all but those named wait for the slow tests."""
    return [pytest.param(name, id=name, marks=() if name in at_once else pytest.mark.slow) for name in MODES]


@pytest.fixture(params=modes("n2"))
def every_mode(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Each way in which a session can be run, as arguments; with workers, where most can go wrong, at once."""
    return MODES[request.param]


@pytest.fixture(params=modes("no_xdist"))
def mode(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The same, for what hardly depends on it: at once the way that is quickest."""
    return MODES[request.param]


class Benchmark:
    """A small suite in a folder of its own, and what sessions over it left."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path

    def task(self, name: str, test: str, **solutions: str) -> Path:
        """Write one task's folder."""
        folder = self.root / "suite" / f"task_{name}"
        (folder / "solutions").mkdir(parents=True)
        (folder / f"test_{name}.py").write_text(test)
        for solution, text in solutions.items():
            (folder / "solutions" / f"{solution}.yaml").write_text(text)
        return folder

    def run(self, *arguments: str | Path) -> pytest.RunResult:
        """A session in a process of its own."""
        return self.pytester.runpytest_subprocess(*QUICK, *arguments, timeout=120)

    def run_here(self, *arguments: str | Path) -> pytest.RunResult:
        """A session without workers inside this process, for what ends before anything is run."""
        return self.pytester.runpytest_inprocess(*QUICK, "-pno:xdist", *arguments)

    def campaigns(self) -> list[Path]:
        """Folders of all campaigns, oldest first."""
        folders = (self.root / ".agentcore" / "campaigns").glob("*/manifest.json")
        return [path.parent for path in sorted(folders, key=lambda path: path.stat().st_mtime_ns)]

    def outcomes(self, campaign: Path | None = None) -> dict[str, dict[str, Any]]:
        """Outcomes of a campaign (the newest by default) by run folder."""
        folder = campaign or self.campaigns()[-1]
        files = sorted(folder.glob("runs/*/attempt-*/outcome.json"))
        return {path.parent.parent.name: json.loads(path.read_text()) for path in files}

    def journal(self, campaign: Path | None = None) -> list[dict[str, Any]]:
        """Records of a campaign's journal."""
        text = ((campaign or self.campaigns()[-1]) / "journal.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def benchmark(pytester: pytest.Pytester) -> Benchmark:
    """Two tasks with solutions, one with a hidden file."""
    made = Benchmark(pytester)
    pytester.makeini("[pytest]\n")
    (made.root / "suite").mkdir()
    (made.root / "suite" / "suite.yaml").write_text("name: small\nversion: '1.0'\nruns: 2\n")
    made.task("greet", GREET, **SOLUTIONS["greet"])
    count = made.task("count", COUNT, **SOLUTIONS["count"])
    (count / "workspace").mkdir()
    (count / "workspace" / "lines.txt").write_bytes(b"a\r\nb\nc\n")
    (count / "workspace" / "test_trap.py").write_text("raise RuntimeError('collected')\n")
    (count / "hidden").mkdir()
    (count / "hidden" / "expected.txt").write_text("3\n")
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests each sandbox level passed: a level that was skipped is easily overlooked."""
    levels = ("namespace", "docker", "process")
    counts = {
        (level, outcome): sum(
            f"[{level}" in report.nodeid
            for report in terminalreporter.stats.get(outcome, ())
            if "tests/contract/" in report.nodeid
        )
        for level in levels
        for outcome in ("passed", "skipped", "failed")
    }
    if any(counts.values()):
        shown = (f"{level} {counts[level, 'passed']} passed, {counts[level, 'skipped']} skipped" for level in levels)
        terminalreporter.write_line(f"sandbox levels: {'; '.join(shown)}")
