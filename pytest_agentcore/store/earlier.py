"""Earlier campaigns of the same suite, model and agent: what such a campaign has cost so far."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.store.campaign import read_record

_SAME = ("suite", "model", "agent")
NEWEST = 5
"""Older ones tell of older prices and models; reading each takes some milliseconds."""


def earlier_campaigns(directory: Path, manifest: Mapping[str, Any]) -> list[CampaignRecord]:
    """The newest campaigns that measured what ``manifest`` is to measure, newest first.

    Those with the same model parameters where there are any, because how much a model thinks is one of them. Replays
    cost nothing and are left out; so is what cannot be read.

    Args:
        directory: ``--agent-dir``.
        manifest: suite, model and agent of the coming campaign, and its parameters.
    """
    same = []
    for path in (directory / "campaigns").glob("*/manifest.json"):
        try:
            found = json.loads(path.read_bytes())
            created = str(found["clock"]["created_at"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if all(found.get(name) == manifest.get(name) for name in _SAME) and not found.get("replay_of"):
            same.append((created, path.parent, found.get("parameters") == manifest.get("parameters")))
    alike = [one for one in same if one[2]] or same
    records = []
    for _, folder, _ in sorted(alike, key=lambda one: (one[0], one[1].name), reverse=True)[:NEWEST]:
        try:
            records.append(read_record(folder))
        except (AgentCoreError, OSError, ValueError, KeyError, TypeError):
            continue
    return records
