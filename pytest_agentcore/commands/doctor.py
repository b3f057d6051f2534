"""``pytest-agentcore doctor``: say which sandbox levels work on this machine."""

from __future__ import annotations

import argparse
import sys

from pytest_agentcore._version import __version__
from pytest_agentcore.errors import AgentCoreError

SUMMARY = "say which sandbox levels work on this machine"


def add(parser: argparse.ArgumentParser) -> None:
    """It takes none."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Try each level, the strongest first."""
    del options
    from pytest_agentcore.sandbox.choice import WEAKEST_FIRST, probe

    written = [f"pytest-agentcore {__version__}, Python {sys.version.split()[0]}"]
    for level in reversed(WEAKEST_FIRST):
        try:
            isolation = probe(level)
        except AgentCoreError as error:
            written.append(f"{level}: no: {error}")
            continue
        enforced = ", ".join(f"{what} by {how}" for what, how in sorted(isolation.enforced.items()))
        inside = ", ".join(f"{name} {version}" for name, version in sorted(isolation.software.items()))
        written += [f"{level}: yes", f"  limits: {enforced}", f"  inside: {inside}"]
    print("\n".join(written))  # noqa: T201 - a command speaks to its user
    return 0
