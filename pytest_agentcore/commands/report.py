"""``pytest-agentcore report``: print the report of stored campaigns again."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_agentcore.commands.campaigns import add_campaigns, campaign_folders

SUMMARY = "print the report of stored campaigns again"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, and how many of their runs must be valid."""
    add_campaigns(parser)
    parser.add_argument("--min-coverage", type=float, default=1.0, metavar="SHARE", help="least share of valid runs")


def run(options: argparse.Namespace) -> int:
    """Print one report a campaign."""
    print("\n\n".join("\n".join(lines) for lines in _reports(options)))  # noqa: T201 - a command speaks to its user
    return 0


def _reports(options: argparse.Namespace) -> Iterator[list[str]]:
    from pytest_agentcore.report import rollup, terminal
    from pytest_agentcore.store.campaign import read_record

    width = shutil.get_terminal_size((80, 24)).columns
    ascii_only = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
    for folder in campaign_folders(Path(options.agent_dir), options.campaign):
        record = read_record(folder)
        summary = rollup.summarise(record, min_coverage=options.min_coverage)
        yield terminal.lines(summary, record, width=width, colour=sys.stdout.isatty(), ascii_only=ascii_only)
