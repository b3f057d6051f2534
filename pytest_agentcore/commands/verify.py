"""``pytest-agentcore verify``: is a data pack what it says it is?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.judging import add_judging, judge_again, suite_at_hand
from pytest_agentcore.commands.output import ascii_only
from pytest_agentcore.errors import AgentCoreError, ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.report.verify import Check

SUMMARY = "check a data pack: its bytes, its sums, its record, and its verdicts"


def add(parser: argparse.ArgumentParser) -> None:
    """Which packs, and how far to go."""
    parser.add_argument("pack", nargs="+", help="a data pack's folder, or the folder or name of a campaign")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    parser.add_argument("--no-rescore", action="store_true", help="judge no rollout again")
    add_judging(parser)


def run(options: argparse.Namespace) -> int:
    """Look at each pack; 1 when something does not hold."""
    packs = [pack_folder(Path(options.agent_dir), name) for name in options.pack]
    status = 0
    for pack in packs:
        say(str(pack))
        for check in checks(pack, options):
            mark = {True: "ok", False: "FAIL", None: "skipped"}[check.holds]
            say(f"  {mark:<8}{check.name:<11}{check.text}")
            for fault in check.faults:
                say(f"          {fault}")
            status = 1 if check.holds is False else status
    return status


def say(line: str) -> None:
    """Print one line, whatever is in it."""
    from pytest_agentcore.report.text import clean

    print(clean(line, ascii_only=ascii_only()))  # noqa: T201 - a command speaks to its user


def pack_folder(directory: Path, name: str) -> Path:
    """The pack that a name stands for: its own folder, or that of a campaign.

    Raises:
        ConfigError: there is none.
    """
    given = Path(name)
    for folder in (given, given / "data_pack", directory / "campaigns" / name / "data_pack"):
        if (folder / "run_summary.json").is_file() or (folder / "CHECKSUMS").is_file():
            return folder
    raise ConfigError(f"{name!r} is neither a data pack nor a campaign with one; name a folder that holds CHECKSUMS")


def checks(pack: Path, options: argparse.Namespace) -> Iterator[Check]:
    """From the outside to the inside; what cannot be read ends it."""
    from pytest_agentcore.report import verify

    yield verify.check_bytes(pack)
    try:
        read = verify.load(pack)
    except AgentCoreError as error:
        yield verify.Check(name="figures", holds=False, text="the pack cannot be read", faults=(str(error),))
        return
    yield verify.check_sums(pack, read)
    campaign = pack.resolve().parent
    if not (campaign / "journal.jsonl").is_file():
        text = "not compared: the pack does not lie in its campaign's folder"
        yield verify.Check(name="record", holds=None, text=text)
        return
    try:
        yield verify.check_record(pack, read, campaign)
    except AgentCoreError as error:
        yield verify.Check(name="record", holds=False, text="the record cannot be read", faults=(str(error),))
        return
    if options.no_rescore:
        return
    suite = suite_at_hand(read.record.identity.suite, options.suite)
    if suite is None:
        text = f"not judged again: suite {read.record.identity.suite!r} is not at hand; name its folder with --suite"
        yield verify.Check(name="verdicts", holds=None, text=text)
        return
    try:
        yield verify.check_verdicts(read, judge_again(campaign, suite, options.agent_sandbox))
    except AgentCoreError as error:
        yield verify.Check(name="verdicts", holds=False, text="not judged again", faults=(str(error),))
