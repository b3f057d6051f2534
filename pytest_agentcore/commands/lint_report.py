"""``pytest-agentcore lint-report``: find where reports contradict themselves, their arithmetic or each other."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_agentcore.commands.campaigns import campaign_folders
from pytest_agentcore.commands.output import deliver, json_text
from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    from pytest_agentcore.report.lint import Finding, Report

SUMMARY = "find contradictions in reports: Markdown, CSV, YAML, JSON, or campaign folders"
CONTRADICTION = 1
_DATA = frozenset({".yaml", ".yml", ".json"})


def add(parser: argparse.ArgumentParser) -> None:
    """What is to be read, and how strictly."""
    parser.add_argument("file", nargs="+", help="reports, also held against each other; or folders of campaigns")
    parser.add_argument("--strict", action="store_true", help="warnings count as contradictions")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(options: argparse.Namespace) -> int:
    """Print what was found; the status is 1 when something contradicts."""
    from pytest_agentcore.report import lint

    reports: list[Report] = []
    found: list[Finding] = []
    for name in options.file:
        path = Path(name)
        if path.is_dir():
            found += _campaign(*campaign_folders(path, [name]))
        else:
            reports.append(_report(path))
    found = [*lint.findings(reports), *found]
    errors = sum(one.severity == lint.ERROR for one in found)
    if options.format == "json":
        fields = ("rule", "severity", "where", "message")
        deliver(json_text({"findings": [{name: getattr(one, name) for name in fields} for one in found]}), None)
    else:
        deliver("\n".join([*_lines(found), f"{errors} errors, {len(found) - errors} warnings"]), None)
    return CONTRADICTION if errors or (options.strict and found) else 0


def _lines(found: list[Finding]) -> Iterator[str]:
    from pytest_agentcore.report.text import clean

    return (clean(f"{one.where}: {one.severity}: {one.message} [{one.rule}]") for one in found)


def _report(path: Path) -> Report:
    from pytest_agentcore.report.lint_file import read_results
    from pytest_agentcore.report.lint_text import read_csv, read_text

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{str(path)!r} cannot be read: {error.strerror}; name a file, or a campaign's folder"
        ) from None
    if path.suffix.lower() in _DATA:
        return read_results(str(path), data)
    text = data.decode("utf-8", "replace")
    return read_csv(str(path), text) if path.suffix.lower() == ".csv" else read_text(str(path), text)


def _campaign(folder: Path) -> list[Finding]:
    from pytest_agentcore.report.lint_campaign import findings
    from pytest_agentcore.store.campaign import read_record

    return list(findings(read_record(folder)))
