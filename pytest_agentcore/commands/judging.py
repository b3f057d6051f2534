"""How a subcommand has stored rollouts judged again: by a pytest session of its own over the suite."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from pytest_agentcore.report.rescored import Rescored

_SHOWN = 400


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Which suite judges, and in what sandbox."""
    parser.add_argument(
        "--suite", metavar="PATH", help="folder of the suite or of some of its tasks (default: the shipped suite)"
    )
    parser.add_argument(
        "--agent-sandbox", metavar="LEVEL", default=None, help="isolation level of the checkers (default: auto)"
    )


def suite_at_hand(name: str, chosen: str | None) -> Path | None:
    """The folder of the suite that a campaign measured; None when it is not here.

    Raises:
        ConfigError: the folder that was named is none.
    """
    if chosen is not None:
        path = Path(chosen)
        if not path.exists():
            raise ConfigError(f"--suite={chosen!r}: there is no such folder; name the suite's")
        return path
    package = Path(__file__).resolve().parent.parent
    homes = (package / "suites" / name, package.parent / "suites" / name)
    return next((home for home in homes if name and (home / "suite.yaml").is_file()), None)


def judge_again(campaign: Path, suite: Path, sandbox: str | None) -> Rescored:
    """What today's checkers of the suite say of a campaign's stored rollouts.

    Raises:
        ConfigError: the session could not judge; the message is its own.
    """
    from pytest_agentcore.report.rescored import Rescored

    with tempfile.TemporaryDirectory(prefix="agentcore-rescore-") as folder:
        target = Path(folder) / "rescored.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts="]
        command += [str(suite.resolve()), f"--agent-rescore={campaign.resolve()}", f"--agent-rescore-json={target}"]
        command += [] if sandbox is None else [f"--agent-sandbox={sandbox}"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        try:
            rescored = Rescored.load(target.read_bytes())
        except FileNotFoundError:
            said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            reason = next((line for line in said if line.startswith(("ERROR", "E  "))), said[-1] if said else "no word")
            raise ConfigError(f"{campaign.name} could not be judged again: {reason[:_SHOWN]}") from None
        except StoreError as error:
            raise ConfigError(f"{campaign.name} could not be judged again: {error}") from None
    if rescored.stopped is not None and not rescored.outcomes:
        raise ConfigError(f"{campaign.name} could not be judged again: {rescored.stopped[:_SHOWN]}")
    return rescored
