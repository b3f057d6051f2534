"""How a subcommand is told which stored campaigns it is about."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pytest_agentcore.errors import ConfigError


def add_campaigns(parser: argparse.ArgumentParser) -> None:
    """Positional campaigns and ``--agent-dir``."""
    parser.add_argument("campaign", nargs="*", help="a campaign's folder or name (default: every one)")
    parser.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")


def campaign_folders(directory: Path, names: Sequence[str]) -> list[Path]:
    """The folders of the named campaigns, of all when none is named.

    Raises:
        ConfigError: there is none, or a name is no campaign.
    """
    home = directory / "campaigns"
    if not names:
        found = sorted(path.parent for path in home.glob("*/manifest.json"))
        if not found:
            raise ConfigError(f"{str(home)!r} holds no campaign; run one, or name another --agent-dir")
        return found
    folders = [Path(name) if (Path(name) / "manifest.json").is_file() else home / name for name in names]
    missing = next((folder for folder in folders if not (folder / "manifest.json").is_file()), None)
    if missing is not None:
        raise ConfigError(f"{str(missing)!r} is no campaign; name one of those in {str(home)!r}")
    return folders
