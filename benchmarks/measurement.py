"""One command and what it cost, the whole tree of its processes included; and whether that can be believed."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SUBREAPER = Path(__file__).with_name("subreaper.py")
TIMEOUT_S = 900.0
_SLACK = 0.99
"""A clock's rounding is no impossibility."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one command cost."""

    exit_code: int
    wall_s: float
    cpu_s: float
    """User and system time of every process of the tree that has been waited for."""
    pss_mb: Mapping[str, float] = field(default_factory=dict)
    """Highest sample: ``root`` is the command itself, others by the name that they are watched under."""
    left_behind: int = 0
    """Processes that outlived the command."""
    stopped_after_s: float | None = None
    """From Ctrl-C to the end."""
    passed: int | None = None
    """Runs that passed."""
    calls: int | None = None
    """Model calls that the endpoint saw."""
    last_line: str = ""
    """Of its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a command must have done for its measurement to count."""

    exit_code: int = 0
    passed: int | None = None
    calls: int | None = None
    limit_s: float = 0.0
    """Less wall time than this is impossible."""


def limit_s(*, runs: int, in_flight: int, turns: int, latency_ms: float) -> float:
    """Wall time that nothing can beat: every run waits for each of its answers, so many runs at a time."""
    return math.ceil(runs / in_flight) * turns * latency_ms / 1000


def objections(measurement: Measurement, expected: Expectation) -> list[str]:
    """Why a measurement cannot be believed; empty when it can. A crash looks fast."""
    found = []
    if measurement.exit_code != expected.exit_code:
        found.append(f"exit code {measurement.exit_code}, not {expected.exit_code} ({measurement.last_line[-120:]!r})")
    if expected.passed is not None and measurement.passed != expected.passed:
        found.append(f"{measurement.passed} of {expected.passed} runs passed")
    if expected.calls is not None and measurement.calls != expected.calls:
        found.append(f"{measurement.calls} model calls, not {expected.calls}")
    if measurement.wall_s < expected.limit_s * _SLACK:
        found.append(f"{measurement.wall_s:.2f} s is below the limit of {expected.limit_s:.2f} s")
    if measurement.left_behind:
        found.append(f"{measurement.left_behind} processes left behind")
    return found


def measure(
    argv: list[str],
    *,
    cwd: Path,
    log: Path,
    watched: Mapping[str, str] | None = None,
    interrupt: Mapping[str, Any] | None = None,
    passed: Callable[[], int] | None = None,
    calls: Callable[[], int] | None = None,
) -> Measurement:
    """Run a command under a subreaper of its own.

    Args:
        argv: the command.
        cwd: where it runs.
        log: file that takes its output.
        watched: further processes whose memory is sampled: name → text of their command line.
        interrupt: see ``subreaper.py``.
        passed: tells afterwards how many runs passed.
        calls: tells afterwards how many calls the endpoint saw.

    Raises:
        RuntimeError: the measuring itself failed.
    """
    spec = {
        "argv": argv,
        "cwd": str(cwd),
        "log": str(log),
        "timeout_s": TIMEOUT_S,
        "watched": dict(watched or {}),
        "interrupt": interrupt,
    }
    done = subprocess.run(
        [sys.executable, "-I", str(SUBREAPER), json.dumps(spec)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"measuring {argv[:4]!r} failed: {done.stderr.strip()[-300:]}")
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return Measurement(
        **json.loads(done.stdout),
        passed=None if passed is None else passed(),
        calls=None if calls is None else calls(),
        last_line=lines[-1] if lines else "",
    )
