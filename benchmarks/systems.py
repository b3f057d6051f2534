"""What is compared: the floor of bare threads, and ``pytest`` with this plugin over a generated suite of one task."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks import script
from benchmarks.endpoint import ROOT, Endpoint
from benchmarks.measurement import Expectation, Measurement, limit_s, measure

WATCHED = {"gateway": "pytest_agentcore.model.gateway"}
_NUMBERS = count(1)
_TASK = f'''
from pytest_agentcore import Run, agent_task


@agent_task(max_turns={script.TURNS + 1})
def test_NAME(run: Run) -> None:
    """{script.PROMPT}"""
    for step in range(1, {script.STEPS + 1}):
        assert run.workspace.read_text(f"step{{step}}.txt") == str(step)
'''
_SOLUTION = {
    "turns": [
        *({"calls": [{"shell": {"command": script.command(step)}}]} for step in range(1, script.STEPS + 1)),
        {"text": "Done."},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many runs, so many of them at a time, against an endpoint of that latency."""

    runs: int
    in_flight: int
    latency_ms: int

    @property
    def expected(self) -> Expectation:
        """What must have happened."""
        floor_s = limit_s(runs=self.runs, in_flight=self.in_flight, turns=script.TURNS, latency_ms=self.latency_ms)
        return Expectation(passed=self.runs, calls=self.runs * script.TURNS, limit_s=floor_s)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one command, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="agentcore-benchmark-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def floor(load: Load, endpoint: Endpoint) -> Measurement:
    """The same runs by bare threads."""
    name = f"floor{next(_NUMBERS)}"
    url = endpoint.url(name, latency_ms=load.latency_ms)
    with folder() as work:
        log = work / "log.txt"
        return measure(
            [sys.executable, "-m", "benchmarks.floor", url, str(load.runs), str(load.in_flight)],
            cwd=ROOT,
            log=log,
            passed=lambda: int(log.read_text().strip() or 0) if log.read_text().strip().isdigit() else 0,
            calls=lambda: endpoint.asked(name),
        )


def ours(load: Load, endpoint: Endpoint, *, interrupted: bool = False) -> Measurement:
    """The same runs by pytest, gateway and sandboxes included; ``interrupted``: Ctrl-C once all slots wait."""
    name = f"ours{next(_NUMBERS)}"
    url = endpoint.url(name, latency_ms=load.latency_ms)
    with folder() as work:
        suite(work)
        return measure(
            pytest(
                "suite",
                f"--agent-model=scripted-endpoint@{url}",
                f"--agent-runs={load.runs}",
                f"--agent-concurrency={load.in_flight}",
                "--agent-sandbox=namespace",
            ),
            cwd=work,
            log=work / "log.txt",
            watched=WATCHED,
            interrupt={"port": endpoint.port, "name": name, "asked": load.in_flight} if interrupted else None,
            passed=lambda: passed_in(work),
            calls=lambda: endpoint.asked(name),
        )


def pytest(*arguments: str) -> list[str]:
    """A session as a user starts it; plugins that happen to be installed beside ours would only blur the figures."""
    return [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", *arguments]


def suite(work: Path, *, tasks: int = 1) -> None:
    """The generated suite, in ``suite`` of a folder that is its own root."""
    (work / "suite").mkdir()
    (work / "pytest.ini").write_text("[pytest]\n")
    (work / "suite" / "suite.yaml").write_text("name: benchmark\nversion: '1'\n")
    for name in (f"steps{number}" for number in range(1, tasks + 1)):
        task = work / "suite" / f"task_{name}"
        (task / "solutions").mkdir(parents=True)
        (task / f"test_{name}.py").write_text(_TASK.replace("NAME", name))
        (task / "solutions" / "reference.yaml").write_text(json.dumps(_SOLUTION))  # JSON is YAML


def passed_in(work: Path) -> int:
    """Passed runs of all campaigns under a folder, from their records."""
    outcomes = (work / ".agentcore" / "campaigns").glob("*/runs/*/attempt-*/outcome.json")
    return sum(json.loads(path.read_bytes())["passed"] for path in outcomes)


def commands_cpu_s(work: Path) -> float:
    """CPU of the commands that agents ran, from the records: the tasks' own work, not the harness's."""
    outcomes = (work / ".agentcore" / "campaigns").glob("*/runs/*/attempt-*/outcome.json")
    return sum(json.loads(path.read_bytes())["evidence"]["cpu_s"] or 0.0 for path in outcomes)
