"""``pytest-agentcore check``: let tasks test themselves, in a pytest session of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SUMMARY = "replay the solutions of tasks and the known cheats, and print a card a task"
MOST_PROCESSES = 4
"""By default: a check is short, and each process takes a second to start."""


def add(parser: argparse.ArgumentParser) -> None:
    """What to check, and how it is said."""
    parser.add_argument("path", nargs="+", help="a suite, a task or a test file")
    parser.add_argument("--json", action="store_true", help="print the cards as JSON, and nothing else")
    parser.add_argument("--variants", type=int, metavar="N", help="also check N drawn scenarios of each task")
    parser.add_argument("--variant", metavar="SEED", help="draw them from this seed")
    parser.add_argument("--deadline", type=float, metavar="SECONDS", help="longest single call of a checker")
    parser.add_argument("--sandbox", metavar="LEVEL", help="as --agent-sandbox of a session")
    parser.add_argument(
        *("-n", "--processes"),
        type=int,
        default=min(MOST_PROCESSES, os.cpu_count() or 1),
        metavar="N",
        help="processes that judge, as -n of pytest-xdist; 0 for none besides this (default: %(default)s)",
    )
    parser.add_argument("-k", "--task", metavar="EXPRESSION", help="only what matches, as -k of pytest")
    parser.add_argument(
        "--write-digests", action="store_true", help="pin the tasks of the suite's version instead: write digests.json"
    )


def run(options: argparse.Namespace) -> int:
    """Run the session; its exit status is 0 for clean cards, 1 for a miss, 4 for what cannot be checked."""
    command = [sys.executable, "-m", "pytest", *_arguments(options)]
    if not options.json or options.write_digests:
        return _shown_as_is(subprocess.run(command, check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="agentcore-check-") as folder:
        file = Path(folder) / "cards.json"
        done = subprocess.run([*command, f"--agent-check-json={file}"], check=False, stdout=subprocess.PIPE, text=True)
        if file.is_file():
            print(file.read_text(encoding="utf-8"), end="")  # noqa: T201 - a command speaks to its user
        else:
            print(done.stdout, end="", file=sys.stderr)  # noqa: T201
    return _shown_as_is(done.returncode)


def _arguments(options: argparse.Namespace) -> list[str]:
    named = {
        "--agent-check-variants": options.variants,
        "--agent-variant": options.variant,
        "--agent-check-deadline": options.deadline,
        "--agent-sandbox": options.sandbox,
    }
    given = [f"{name}={value}" for name, value in named.items() if value is not None]
    if options.processes > 0:
        given.append(f"-n{options.processes}")
    if options.task is not None:
        given += ["-k", options.task]
    if options.write_digests:
        given.append("--agent-check-write-digests")
    # The cards say what failed, and why; pytest's own account of it would say it twice.
    quiet = ("-q", "--tb=no", "-rN", "--no-header", "-pno:cacheprovider")
    return ["--agent-check", *quiet, *given, *options.path]


def _shown_as_is(status: int) -> int:
    """Pytest's status; nothing collected is a mistake in the command, and a signal is as a shell says it."""
    nothing_collected, mistake = 5, 4
    if status < 0:
        return 128 - status
    return mistake if status == nothing_collected else status
