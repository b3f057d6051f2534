"""``pytest-agentcore report``: print the report of stored campaigns again."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.campaigns import add_campaigns, add_min_coverage, campaign_folders
from pytest_agentcore.commands.output import deliver
from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.domain.campaign import CampaignRecord
    from pytest_agentcore.report.article import Other

SUMMARY = "the report of stored campaigns: in the terminal, as a page, an article or a data pack"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, and how many of their runs must be valid."""
    add_campaigns(parser)
    add_min_coverage(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--article", action="store_true", help="the skeleton of an article in Markdown, claims derived")
    form.add_argument("--html", metavar="PATH", help="write a page to this file; a folder gets one of each campaign")
    form.add_argument(
        "--pack", action="store_true", help="write data packs and the index anew; without campaigns, the whole index"
    )
    parser.add_argument(
        "--against", action="append", metavar="CAMPAIGN", help="with --article: hold it against this one (repeatable)"
    )
    parser.add_argument("--output", metavar="FILE", help="with --article: write to this file")


def run(options: argparse.Namespace) -> int:
    """Print one report a campaign, or write what was asked for."""
    if options.article:
        deliver("\n\n".join(_articles(options)), options.output)
        return 0
    if options.against or options.output:
        raise ConfigError("--against and --output belong to --article; add it, or leave them out")
    if options.html is not None:
        _pages(options)
    elif options.pack:
        _packs(options)
    else:
        print("\n\n".join("\n".join(lines) for lines in _reports(options)))  # noqa: T201 - a command speaks to its user
    return 0


def _pages(options: argparse.Namespace) -> None:
    from pytest_agentcore.report import campaign_html, data_pack_evidence, prediction_report, rollup
    from pytest_agentcore.store.campaign import read_record

    directory = Path(options.agent_dir)
    folders = campaign_folders(directory, options.campaign)
    many = Path(options.html).is_dir() or options.html.endswith("/")
    if len(folders) > 1 and not many:
        raise ConfigError(f"--html={options.html!r}: {len(folders)} campaigns need a folder; end its name with a slash")
    for folder in folders:
        record = read_record(folder)
        summary = rollup.summarise(record, min_coverage=options.min_coverage)
        examined = data_pack_evidence.gather(folder, record)
        page = campaign_html.page(record, summary, examined, prediction_report.scored(directory, record, summary))
        deliver(page, str(Path(options.html) / f"{folder.resolve().name}.html") if many else options.html)


def _packs(options: argparse.Namespace) -> None:
    from pytest_agentcore.report import data_pack_evidence, derived, rollup
    from pytest_agentcore.store.campaign import read_record

    directory = Path(options.agent_dir)
    folders = campaign_folders(directory, options.campaign)
    for folder in folders:
        record = read_record(folder)
        summary = rollup.summarise(record, min_coverage=options.min_coverage)
        examined = data_pack_evidence.gather(folder, record)
        derived.write_derived(directory, folder, record, summary, examined)
        print(f"wrote {folder / derived.PACK}", file=sys.stderr)  # noqa: T201 - a command speaks to its user
    if not options.campaign:
        derived.rebuild_index(directory, folders, min_coverage=options.min_coverage)
        print(f"wrote {directory / derived.INDEX}", file=sys.stderr)  # noqa: T201 - same


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
