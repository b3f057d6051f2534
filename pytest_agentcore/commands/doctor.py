"""``pytest-agentcore doctor``: which sandbox levels work on this machine, and what dead sessions have left on it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from pytest_agentcore._version import __version__
from pytest_agentcore.errors import AgentCoreError

SUMMARY = "say which sandbox levels work on this machine, and what dead sessions have left on it"
_DELEGATE = "run as root, or where there is version 2 by systemd-run --user --scope -p Delegate=yes"


def add(parser: argparse.ArgumentParser) -> None:
    """It takes none."""
    del parser


def run(options: argparse.Namespace) -> int:
    """Try each level, the strongest first; what is left over is looked for before, for trying a level removes some."""
    del options
    from pytest_agentcore.sandbox.leftovers import leftovers

    before = leftovers()
    written = [f"pytest-agentcore {__version__}, Python {sys.version.split()[0]}", *_groups(), *_levels()]
    after = leftovers()
    gone = [one for one in before if one not in after]
    written += [f"removed: {one.kind} {one.name}" for one in gone]
    written += [f"left over: {one.kind} {one.name}: {one.remedy}" for one in after] or ["left over: nothing"]
    print("\n".join(written))  # noqa: T201 - a command speaks to its user
    return 0


def _groups() -> Iterator[str]:
    """What of the control groups this user may use."""
    from pytest_agentcore.sandbox.cgroup import hierarchies

    for version in (1, 2):
        held = sorted({name for one in hierarchies() if one.version == version for name in one.controllers})
        if held:
            yield f"control groups: version {version}, {', '.join(held)}"
    if not hierarchies():
        yield f"control groups: none that this user may make: {_DELEGATE}"


def _levels() -> Iterator[str]:
    from pytest_agentcore.sandbox.choice import WEAKEST_FIRST, probe

    for level in reversed(WEAKEST_FIRST):
        try:
            isolation = probe(level)
        except AgentCoreError as error:
            yield f"{level}: no: {error}"
            continue
        enforced = ", ".join(f"{what} by {how}" for what, how in sorted(isolation.enforced.items()))
        inside = ", ".join(f"{name} {version}" for name, version in sorted(isolation.software.items()))
        yield f"{level}: yes"
        yield f"  limits: {enforced}"
        yield f"  inside: {inside}"
