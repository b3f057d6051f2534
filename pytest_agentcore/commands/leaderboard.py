"""``pytest-agentcore leaderboard``: stored campaigns ranked, with tie groups, cost and reference rows."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.campaigns import add_campaigns, add_min_coverage, campaign_folders
from pytest_agentcore.commands.output import ascii_only, deliver, json_text
from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.report.leaderboard import Leaderboard

SUMMARY = "rank stored campaigns, with tie groups, the cost-quality frontier and published rows"
FORMS = ("text", "md", "csv", "json", "html")
PUBLISHED_SUITE = "agentic-core-v1"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, which rows, and the form."""
    add_campaigns(parser)
    add_min_coverage(parser)
    parser.add_argument("--as-of", metavar="DATE", help="leave out what is newer than this day, YYYY-MM-DD")
    parser.add_argument("--together", action="store_true", help="rank campaigns of different conditions in one table")
    parser.add_argument(
        "--published", choices=("auto", "none", "only"), default="auto", help="rows that others published, set apart"
    )
    parser.add_argument("--format", choices=FORMS, default="text", help="default: text")
    parser.add_argument("--output", metavar="PATH", help="write to this file; a folder gets all but text")


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def run(options: argparse.Namespace) -> int:
    """Print the leaderboard, or write it."""
    from pytest_agentcore.report.leaderboard import leaderboard
    from pytest_agentcore.store.standing import read_standings

    if options.as_of is not None and not _is_day(options.as_of):
        raise ConfigError(f"--as-of={options.as_of!r} is no day; write it as YYYY-MM-DD")
    folders = [] if options.published == "only" else campaign_folders(Path(options.agent_dir), options.campaign)
    standings = read_standings(folders)
    suites = [standing.identity.suite for standing in standings]
    references = {"none": [], "only": [PUBLISHED_SUITE]}.get(options.published, suites)
    made = leaderboard(
        standings,
        min_coverage=options.min_coverage,
        as_of=options.as_of,
        together=options.together,
        references=references,
    )
    if options.output is not None and (Path(options.output).is_dir() or options.output.endswith("/")):
        for form in FORMS[1:]:
            deliver(rendered(made, form), str(Path(options.output) / f"leaderboard.{form}"))
    else:
        deliver(rendered(made, options.format), options.output)
    return 0


def rendered(made: Leaderboard, form: str) -> str:
    """The leaderboard in one of its forms."""
    from pytest_agentcore.report import leaderboard_html, leaderboard_text

    match form:
        case "md":
            return "\n".join(leaderboard_text.markdown_lines(made))
        case "csv":
            return leaderboard_text.csv_document(made).removesuffix("\n")
        case "json":
            return json_text(leaderboard_text.document(made))
        case "html":
            return leaderboard_html.page(made)
    return "\n".join(leaderboard_text.text_lines(made, ascii_only=ascii_only()))
