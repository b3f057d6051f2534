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


def add_min_coverage(parser: argparse.ArgumentParser) -> None:
    """``--min-coverage``."""
    parser.add_argument(
        "--min-coverage", type=_share, default=1.0, metavar="SHARE", help="least share of valid runs, from 0 to 1"
    )


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:  # not so for NaN either
        raise argparse.ArgumentTypeError(f"{text!r} is no share; write a number from 0 to 1")
    return share


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
    return [_folder(home, name) for name in names]


def _folder(home: Path, name: str) -> Path:
    """The folder itself, or one of that name at home."""
    given = Path(name)
    folder = next((path for path in (given, home / name) if name and (path / "manifest.json").is_file()), None)
    if folder is None:
        raise ConfigError(f"{name!r} is no campaign; name one of those in {str(home)!r}")
    # A pack holds its campaign's manifest too; without this it would be a campaign of which nothing was run.
    if (folder / "run_summary.json").is_file() and not (folder / "journal.jsonl").is_file():
        above = folder.resolve().parent
        whole = f"name {str(above)!r}" if (above / "journal.jsonl").is_file() else "name the folder it was made in"
        raise ConfigError(f"{name!r} is a data pack, not a campaign; {whole}, or look at it with verify")
    return folder
