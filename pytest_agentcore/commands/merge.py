"""``pytest-agentcore merge``: the shards of a campaign as one."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_agentcore.commands.campaigns import add_min_coverage, campaign_folders
from pytest_agentcore.commands.verify import say
from pytest_agentcore.errors import ConfigError

SUMMARY = "unite campaigns of one measurement, such as shards, in a new one"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, and where to."""
    parser.add_argument("campaign", nargs="+", help="folders or names of campaigns")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER", help="the new campaign's folder or name")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    add_min_coverage(parser)
    parser.add_argument("--allow-holes", action="store_true", help="merge although planned runs are missing")


def run(options: argparse.Namespace) -> int:
    """Merge, write the data pack of the whole, and say what it holds."""
    from pytest_agentcore.report import data_pack, data_pack_evidence, derived, prediction_report, rollup
    from pytest_agentcore.report.data_pack_predictions import write_predictions
    from pytest_agentcore.store.campaign import read_record
    from pytest_agentcore.store.merging import merge

    directory = Path(options.agent_dir)
    folders = list(dict.fromkeys(folder.resolve() for folder in campaign_folders(directory, options.campaign)))
    if len(folders) < 2:  # noqa: PLR2004 - one is no merge
        raise ConfigError(f"{options.campaign[0]!r} alone is nothing to merge; name another campaign")
    named = Path(options.output)
    target = named if named.parent != Path() else directory / "campaigns" / named
    merged = merge(folders, target, allow_holes=options.allow_holes)
    record = read_record(target)
    summary = rollup.summarise(record, min_coverage=options.min_coverage)
    examined = data_pack_evidence.gather(target, record)
    if target.resolve().parent == (directory / "campaigns").resolve():
        derived.write_derived(directory, target, record, summary, examined)
    else:  # elsewhere: no campaign of this agent folder, so not in its index
        data_pack.write_pack(target / derived.PACK, record, summary, examined)
        write_predictions(target / derived.PACK, record, prediction_report.scored(directory, record, summary))
    say(f"{len(folders)} campaigns, {merged.runs} runs, {merged.attempts} attempts in {target}")
    if merged.duplicates:
        say(f"  {merged.duplicates} attempts were in several of them, and are here once")
    if merged.surplus:
        say(f"  {merged.surplus} runs had been concluded twice: the first counts, the others are superseded")
    say(f"  score {summary.passed}/{summary.n_valid} of {summary.planned} planned runs")
    return 0
