"""What one sandbox and one command in it cost, over the bare temporary folder and the bare command.

``python -m benchmarks.sandbox_cost SANDBOXES CALLS`` prints one JSON object of times in milliseconds.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.domain.workspace import Entry
from pytest_agentcore.sandbox import launching
from pytest_agentcore.sandbox.choice import open_sandbox, probe

COMMAND = ["sh", "-c", "echo 1 > step1.txt"]
AT_ONCE = 30


def timed(action: Callable[[], Any]) -> float:
    """Milliseconds of wall time."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def bare_folder() -> None:
    """What a run has without a sandbox."""
    with tempfile.TemporaryDirectory():
        pass


def one_sandbox(isolation: Isolation) -> None:
    """Everything of a run but its calls: start, initial files, frozen result, end."""
    sandbox = open_sandbox(isolation, limits=Limits())
    try:
        sandbox.put([Entry(path="readme.txt", kind="file", size=2, data=b"a\n")])
        sandbox.snapshot()
        sandbox.created()
        sandbox.usage()
    finally:
        sandbox.close()


def of_runs(isolation: Isolation, count: int) -> dict[str, float]:
    """One sandbox after the other, then 30 at once."""
    pairs = [(timed(bare_folder), timed(lambda: one_sandbox(isolation))) for _ in range(count)]
    few_s, many_s = _launched_cpu_s(isolation, 1), _launched_cpu_s(isolation, 1 + count)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        burst_ms = timed(lambda: list(threads.map(lambda _: one_sandbox(isolation), range(AT_ONCE))))
    return {
        "bare ms": statistics.median(bare for bare, _ in pairs),
        "ms": statistics.median(walled for _, walled in pairs),
        "over ms": statistics.median(walled - bare for bare, walled in pairs),
        "cpu ms": (many_s - few_s) / count * 1000,
        "30 at once, each ms": burst_ms / AT_ONCE,
    }


def of_calls(sandbox: Sandbox, count: int) -> dict[str, float]:
    """The same command outside and inside, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [
            (
                timed(lambda: subprocess.run(COMMAND, cwd=folder, capture_output=True, check=True)),
                timed(lambda: sandbox.exec(COMMAND)),
            )
            for _ in range(count)
        ]
    return {
        "bare ms": statistics.median(bare for bare, _ in pairs),
        "ms": statistics.median(walled for _, walled in pairs),
        "over ms": statistics.median(walled - bare for bare, walled in pairs),
    }


def _launched_cpu_s(isolation: Isolation, count: int) -> float:
    """CPU of a launcher and its sandboxes, counted when it has ended, and of this process's part in them."""
    launching.end_all()
    before = _cpu_s()
    for _ in range(count):
        one_sandbox(isolation)
    launching.end_all()
    return _cpu_s() - before


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Measure both."""
    sandboxes, calls = int(sys.argv[1]), int(sys.argv[2])
    isolation = probe("namespace")
    one_sandbox(isolation)
    runs = of_runs(isolation, sandboxes)
    sandbox = open_sandbox(isolation, limits=Limits())
    try:
        sandbox.exec(COMMAND)
        print(json.dumps({"run": runs, "call": of_calls(sandbox, calls)}))
    finally:
        sandbox.close()


if __name__ == "__main__":
    main()
