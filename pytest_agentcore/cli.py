"""The ``pytest-agentcore`` command: questions about stored campaigns and this machine that need no test run."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_agentcore._version import __version__
from pytest_agentcore.errors import AgentCoreError, ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; the exit status is 0, or 2 with one line on stderr."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        lines = options.run(options)
    except AgentCoreError as error:
        print(f"pytest-agentcore: {error}", file=sys.stderr)  # noqa: T201 - a command speaks to its user
        return 2
    print("\n".join(lines))  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pytest-agentcore", description=__doc__)
    parser.add_argument("--version", action="version", version=f"pytest-agentcore {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands")
    report = commands.add_parser("report", help="print the report of stored campaigns again")
    report.add_argument("campaign", nargs="*", help="a campaign's folder or name (default: every one)")
    report.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    report.add_argument("--min-coverage", type=float, default=1.0, metavar="SHARE", help="least share of valid runs")
    report.set_defaults(run=_report)
    doctor = commands.add_parser("doctor", help="say which sandbox levels work on this machine")
    doctor.set_defaults(run=_doctor)
    return parser


def _report(options: argparse.Namespace) -> list[str]:
    from pytest_agentcore.report import rollup, terminal
    from pytest_agentcore.store.campaign import read_record

    width = shutil.get_terminal_size((80, 24)).columns
    ascii_only = not (sys.stdout.encoding or "ascii").lower().startswith("utf")
    written: list[str] = []
    for folder in _campaigns(Path(options.agent_dir), options.campaign):
        record = read_record(folder)
        summary = rollup.summarise(record, min_coverage=options.min_coverage)
        shown = terminal.lines(summary, record, width=width, colour=sys.stdout.isatty(), ascii_only=ascii_only)
        written += [*shown, ""]
    return written[:-1]


def _campaigns(directory: Path, names: Sequence[str]) -> list[Path]:
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


def _doctor(_: argparse.Namespace) -> list[str]:
    from pytest_agentcore.sandbox.choice import WEAKEST_FIRST, probe

    written = [f"pytest-agentcore {__version__}, Python {sys.version.split()[0]}"]
    for level in reversed(WEAKEST_FIRST):
        try:
            isolation = probe(level)
        except AgentCoreError as error:
            written.append(f"{level}: no: {error}")
            continue
        enforced = ", ".join(f"{what} by {how}" for what, how in sorted(isolation.enforced.items()))
        inside = ", ".join(f"{name} {version}" for name, version in sorted(isolation.software.items()))
        written += [f"{level}: yes", f"  limits: {enforced}", f"  inside: {inside}"]
    return written
