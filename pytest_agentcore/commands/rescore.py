"""``pytest-agentcore rescore``: today's checkers, or today's table of causes, over stored runs."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.campaigns import add_min_coverage, campaign_folders
from pytest_agentcore.commands.judging import add_judging, judge_again, suite_at_hand
from pytest_agentcore.commands.verify import say
from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.domain.campaign import CampaignRecord, Summary
    from pytest_agentcore.domain.evidence import Examined
    from pytest_agentcore.domain.outcome import RunKey

SUMMARY = "judge stored runs by today's checkers and show what changes"


def add(parser: argparse.ArgumentParser) -> None:
    """Which campaigns, by which suite."""
    parser.add_argument("campaign", nargs="+", help="a campaign's folder or name")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    add_min_coverage(parser)
    parser.add_argument(
        "--causes",
        action="store_true",
        help="decide again who failed, from the evidence kept with the runs alone: no checker, no suite",
    )
    parser.add_argument("--write", action="store_true", help="write the outcome as a new data pack beside the old one")
    add_judging(parser)


def run(options: argparse.Namespace) -> int:
    """Print what changes; 1 when something does, or not everything was judged."""
    judge = _recause if options.causes else _rescore
    changed = [judge(folder, options) for folder in campaign_folders(Path(options.agent_dir), options.campaign)]
    return 1 if any(changed) else 0


def _recause(folder: Path, options: argparse.Namespace) -> bool:
    from pytest_agentcore._version import __version__
    from pytest_agentcore.domain.causes import TABLE
    from pytest_agentcore.report import rollup
    from pytest_agentcore.report.recaused import recaused
    from pytest_agentcore.report.rescored import Rescored, applied, said
    from pytest_agentcore.store.campaign import read_record

    record = read_record(folder)
    found = recaused(folder, record)
    harness = f"pytest-agentcore@{__version__}"
    rescored = Rescored(harness=harness, isolation=record.identity.level, outcomes=found.outcomes)
    after = applied(record, rescored)
    then, now = (rollup.summarise(one, min_coverage=options.min_coverage) for one in (record, after))
    attempts = len(record.outcomes) + len(record.superseded)
    say(f"{folder.name}: causes of {attempts} attempts by the table of {harness}")
    for row in TABLE:
        if row.seen in found.rows:
            say(f"  {found.rows[row.seen]} × {row.cause}, {row.reason}: {row.seen}")
    for why, count in sorted(found.kept.items()):
        say(f"  {count} × as it was: {why}")
    for was, is_now in found.changes:
        say(f"  {was.key.folder}, attempt {was.attempt}: was {said(was)}, is {said(is_now)}")
    _say_scores(then, now, len(found.changes))
    if options.write:
        _write_pack(folder, after, now, {})
    return bool(found.changes)


def _rescore(folder: Path, options: argparse.Namespace) -> bool:
    from pytest_agentcore.report import rollup
    from pytest_agentcore.report.rescored import applied, changed_runs
    from pytest_agentcore.store.campaign import read_record

    record = read_record(folder)
    name = record.identity.suite
    suite = suite_at_hand(name, options.suite)
    if suite is None:
        raise ConfigError(f"suite {name!r} of {folder.name} is not at hand; name its folder with --suite")
    rescored = judge_again(folder, suite, options.agent_sandbox)
    changes = changed_runs(record.outcomes, rescored.outcomes)
    after = applied(record, rescored)
    then, now = (rollup.summarise(one, min_coverage=options.min_coverage) for one in (record, after))
    say(f"{folder.name}: {len(rescored.outcomes)} of {len(record.planned)} runs judged again by {rescored.harness}")
    for change in changes:
        say(f"  {change.key.folder}: was {change.then}, is {change.now}")
    for task, digest in sorted(rescored.digests.items()):
        if record.digests.get(task, digest) != digest:
            say(f"  {task}: another version of the task than was run")
    for reason, count in sorted(Counter(rescored.skipped.values()).items()):
        say(f"  not judged again, {count} ×: {reason}")
    if rescored.stopped is not None:
        say(f"  judging ended early: {rescored.stopped}")
    _say_scores(then, now, len(changes))
    if options.write:
        _write_pack(folder, after, now, rescored.examined)
    return bool(changes) or rescored.stopped is not None


def _say_scores(then: Summary, now: Summary, changed: int) -> None:
    scores = [f"{one.passed}/{one.n_valid}" if one.has_score else "none" for one in (then, now)]
    say(f"  score {scores[0]}, now {scores[1]}; {changed} runs judged otherwise")


def _write_pack(folder: Path, record: CampaignRecord, summary: Summary, examined: Mapping[RunKey, Examined]) -> None:
    """As a new pack beside the old one."""
    from pytest_agentcore.report import data_pack, data_pack_evidence

    target = next(path for path in _names(folder) if not path.exists())
    data_pack.write_pack(target, record, summary, {**data_pack_evidence.gather(folder, record), **examined})
    say(f"  wrote {target}")


def _names(folder: Path) -> Iterator[Path]:
    number = 1
    while True:
        yield folder / f"data_pack-rescored-{number}"
        number += 1
