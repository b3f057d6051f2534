"""``pytest-agentcore trajectory``: what an agent said and did, from the record of its model calls."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from pytest_agentcore.commands.output import deliver
from pytest_agentcore.errors import ConfigError

SUMMARY = "print the trajectory that the wire record of a run holds, as ATIF-v1.8"
_RUN = re.compile(r"(?P<task>.+)-run(?P<run>\d+)")


def add(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to."""
    parser.add_argument("source", metavar="RUN", help="folder of a run or of an attempt, or a wire.jsonl.zst")
    parser.add_argument("--output", metavar="FILE", help="write to this file instead of standard output")


def run(options: argparse.Namespace) -> int:
    """Print one document."""
    from pytest_agentcore.formats.atif_wire import conversations_to_atif
    from pytest_agentcore.model.cassette import read
    from pytest_agentcore.model.conversations import conversations

    record = _record(Path(options.source))
    found = conversations(read(record))
    if not found:
        raise ConfigError(f"the record {str(record)!r} holds no answered call; name the record of another attempt")
    document = conversations_to_atif(found, **_about(record.resolve()))
    deliver(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False), options.output)
    return 0


def _record(source: Path) -> Path:
    """The wire record that a file or folder stands for: of a run, that of its last attempt that left one."""
    from pytest_agentcore.domain.rollout import WIRE_RECORD

    if source.is_file():
        return source
    if (source / WIRE_RECORD).is_file():
        return source / WIRE_RECORD
    attempts = sorted(source.glob(f"attempt-*/{WIRE_RECORD}"), key=_number)
    if not attempts:
        raise ConfigError(f"there is no {WIRE_RECORD} in {str(source)!r}; name the folder of a run or of an attempt")
    return attempts[-1]


def _about(record: Path) -> dict[str, Any]:
    """Whose it is, by the campaign's folder that it lies in; a record alone says nothing of that."""
    attempt, run = record.parent, record.parent.parent
    campaign = run.parent.parent
    try:
        manifest = json.loads((campaign / "manifest.json").read_bytes())
    except (OSError, ValueError):
        manifest = None
    named = _RUN.fullmatch(run.name)
    if not isinstance(manifest, dict) or named is None:
        return {"session_id": record.name, "agent_name": "unknown", "agent_version": "unknown"}
    harness, _, version = str(manifest.get("harness") or "").partition("@")
    agent = str(manifest.get("agent") or "builtin")
    name, _, own_version = agent.partition("@")
    builtin = agent == "builtin"
    return {
        "session_id": f"{campaign.name}/{run.name}/{attempt.name}",
        "agent_name": (harness if builtin else name) or "unknown",
        "agent_version": (version if builtin else own_version) or "unknown",
        "model_name": manifest.get("model"),
        "extra": {"task": named["task"], "run": int(named["run"])},
    }


def _number(record: Path) -> int:
    text = record.parent.name.removeprefix("attempt-")
    return int(text) if text.isdecimal() else 0
