"""``pytest-agentcore report``: print the report of stored campaigns again."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.campaigns import add_campaigns, campaign_folders
from pytest_agentcore.commands.output import deliver
from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.domain.campaign import CampaignRecord
    from pytest_agentcore.report.article import Other

SUMMARY = "print the report of stored campaigns again"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, and how many of their runs must be valid."""
    add_campaigns(parser)
    parser.add_argument("--min-coverage", type=float, default=1.0, metavar="SHARE", help="least share of valid runs")
    parser.add_argument("--article", action="store_true", help="the skeleton of an article in Markdown, claims derived")
    parser.add_argument(
        "--against", action="append", metavar="CAMPAIGN", help="with --article: hold it against this one (repeatable)"
    )
    parser.add_argument("--output", metavar="FILE", help="with --article: write to this file")


def run(options: argparse.Namespace) -> int:
    """Print one report a campaign."""
    if options.article:
        deliver("\n\n".join(_articles(options)), options.output)
        return 0
    if options.against or options.output:
        raise ConfigError("--against and --output belong to --article; add it, or leave them out")
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


def _articles(options: argparse.Namespace) -> Iterator[str]:
    from pytest_agentcore.report import article, data_pack_evidence, prediction_report, rollup
    from pytest_agentcore.store.campaign import read_record

    directory = Path(options.agent_dir)
    folders = campaign_folders(directory, options.campaign)
    others = [read_record(folder) for folder in campaign_folders(directory, options.against)] if options.against else []
    for folder in folders:
        record = read_record(folder)
        summary = rollup.summarise(record, min_coverage=options.min_coverage)
        scored = prediction_report.scored(directory, record, summary)
        written = article.lines(
            record,
            summary,
            data_pack_evidence.gather(folder, record),
            others=[_held_against(other, record, options.min_coverage) for other in others],
            predictions=prediction_report.markdown_lines(record, scored) if scored else (),
        )
        yield "\n".join(written)


def _held_against(other: CampaignRecord, record: CampaignRecord, min_coverage: float) -> Other:
    from pytest_agentcore.report import comparison, comparison_text
    from pytest_agentcore.report.article import Other

    made = comparison.compare([other, record], common=True, min_coverage=min_coverage)
    steps = {step.task: comparison_text.step_text(step) for step in made.against[0].steps}
    return Other(label=made.baseline.label, sentences=tuple(comparison_text.sentences(made)), steps=steps)
