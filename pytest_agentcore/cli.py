"""The ``pytest-agentcore`` command: what needs no test run, or starts one of its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from pytest_agentcore._version import __version__
from pytest_agentcore.errors import AgentCoreError

COMMANDS = (
    "report",
    "compare",
    "leaderboard",
    "predict",
    "lint-report",
    "calibrate",
    "check",
    "verify",
    "rescore",
    "merge",
    "doctor",
    "image",
    "gateway",
    "serve-scripted",
    "trajectory",
)
"""Modules of ``commands``, in the order of the help; a name with ``-`` has ``_`` in its module's."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status is its own, or 2 with one line on stderr."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options)
    except AgentCoreError as error:
        print(f"pytest-agentcore: {error}", file=sys.stderr)  # noqa: T201 - a command speaks to its user
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pytest-agentcore", description="Agentic benchmarks with pytest.")
    parser.add_argument("--version", action="version", version=f"pytest-agentcore {__version__}")
    parser.set_defaults(run=None)
    subcommands = parser.add_subparsers(title="commands")
    for name in COMMANDS:
        command = import_module(f"pytest_agentcore.commands.{name.replace('-', '_')}")
        own = subcommands.add_parser(name, help=command.SUMMARY, description=command.SUMMARY)
        command.add(own)
        own.set_defaults(run=command.run)
    return parser
