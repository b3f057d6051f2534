"""``pytest-agentcore compare``: campaigns held against a baseline, in sentences and tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_agentcore.commands.campaigns import add_min_coverage, campaign_folders
from pytest_agentcore.commands.output import ascii_only, deliver, json_text

SUMMARY = "hold campaigns against a baseline: tasks up and down, cost, and whether it is more than chance"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, and the form of the answer."""
    parser.add_argument("campaign", nargs="+", help="folders or names of campaigns, the baseline first")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    parser.add_argument("--common", action="store_true", help="compare on the tasks that all have in the same version")
    add_min_coverage(parser)
    parser.add_argument("--format", choices=("text", "md", "json"), default="text", help="default: text")
    parser.add_argument("--output", metavar="FILE", help="write to this file in place of standard output")


def run(options: argparse.Namespace) -> int:
    """Print the comparison; a difference is no failure, so the status is 0."""
    from pytest_agentcore.report import comparison, comparison_data, comparison_text
    from pytest_agentcore.store.campaign import read_record

    folders = campaign_folders(Path(options.agent_dir), options.campaign)
    records = [read_record(folder) for folder in folders]
    made = comparison.compare(records, common=options.common, min_coverage=options.min_coverage)
    if options.format == "json":
        text = json_text(comparison_data.document(made))
    elif options.format == "md":
        text = "\n".join(comparison_text.markdown_lines(made))
    else:
        text = "\n".join(comparison_text.text_lines(made, ascii_only=options.output is None and ascii_only()))
    deliver(text, options.output)
    return 0
