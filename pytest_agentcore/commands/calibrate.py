"""``pytest-agentcore calibrate``: run a suite over resource profiles, and say what ceiling does not move the score."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_agentcore.commands.output import ascii_only
from pytest_agentcore.errors import ConfigError

SUMMARY = "run a suite over resource profiles and recommend the smallest ceiling that does not move the score"
PROFILES = "1x,2x,3x,uncapped"


def add(parser: argparse.ArgumentParser) -> None:
    """What to run, how often, and over which profiles; what follows ``--`` goes to pytest."""
    parser.add_argument("suite", nargs="+", help="tests, folders or files, as for pytest")
    parser.add_argument("--agent-model", action="append", required=True, metavar="MODEL", help="repeatable")
    parser.add_argument("--agent-resources", default=PROFILES, metavar="PROFILE,…", help=f"default: {PROFILES}")
    parser.add_argument("--agent-runs", type=int, metavar="N", help="runs of each task and profile")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    parser.add_argument("-n", dest="workers", metavar="N", help="worker processes, as for pytest-xdist")
    parser.add_argument("-k", dest="keyword", metavar="EXPRESSION", help="only these tests, as for pytest")


class Finished:
    """Collects the campaigns of a session, as a plugin of it."""

    def __init__(self) -> None:
        self.folders: list[Path] = []

    def pytest_agentcore_campaign_finished(self, folder: Path) -> None:
        """One more."""
        self.folders.append(folder)


def run(options: argparse.Namespace) -> int:
    """Run the session, then print a table a model; the status is the session's where it was refused or broken off."""
    import pytest

    finished = Finished()
    arguments = [
        *options.suite,
        "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning",  # the command is in this process
        *(f"--agent-model={model}" for model in options.agent_model),
        f"--agent-resources={options.agent_resources}",
        f"--agent-dir={Path(options.agent_dir).absolute()}",
        *([f"--agent-runs={options.agent_runs}"] if options.agent_runs is not None else ()),
        *(["-n", options.workers] if options.workers is not None else ()),
        *(["-k", options.keyword] if options.keyword is not None else ()),
    ]
    status = int(pytest.main(arguments, plugins=[finished]))
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return status
    _print(finished.folders)
    return 0


def _print(folders: list[Path]) -> None:
    from pytest_agentcore.domain.campaign import CampaignRecord
    from pytest_agentcore.report import calibration
    from pytest_agentcore.store.campaign import read_record

    records: dict[tuple[str, str], list[CampaignRecord]] = {}
    for folder in folders:
        record = read_record(folder)
        records.setdefault((record.identity.suite, record.identity.model), []).append(record)
    if not records:
        raise ConfigError("the session finished no campaign; name tests that are agent tasks")
    for (suite, model), own in sorted(records.items()):
        made = calibration.calibrate(own)
        lines = calibration.table(made).aligned(ascii_only=ascii_only())
        print("\n".join(["", f"{model} · {suite}", *lines, "", *calibration.sentences(made)]))  # noqa: T201
