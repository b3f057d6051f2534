"""Stored rollouts, read back without touching the campaign."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_agentcore.domain.causes import Loss
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.domain.workspace import Workspace
from pytest_agentcore.errors import StoreError
from pytest_agentcore.store import codec, frozen


def attempt_folder(campaign: Path, key: RunKey, number: int) -> Path:
    """Where an attempt's files lie."""
    return campaign / "runs" / key.folder / f"attempt-{number}"


def before_file(campaign: Path, digest: str) -> Path:
    """Where the workspace as agents found it lies, once for all runs that share it."""
    return campaign / "workspaces" / f"{digest.removeprefix('sha256:')[:16]}.tar.zst"


def read_rollout(campaign: Path, key: RunKey, number: int) -> Rollout:
    """What an attempt left behind, as it was written down.

    Raises:
        StoreError: a file of it is missing, damaged or of another version; the message names the attempt's folder.
    """
    folder = attempt_folder(campaign, key, number)
    try:
        data = json.loads((folder / "rollout.json").read_bytes())
        after = frozen.thaw((folder / "workspace.tar.zst").read_bytes())
        before = frozen.thaw(before_file(campaign, data["before"]).read_bytes())
        return Rollout(
            key=key,
            attempt=number,
            trajectory=codec.decode(Trajectory, data["trajectory"]),
            workspace=Workspace(snapshot=after, before=before, created=tuple(data["created"])),
            evidence=codec.decode(Evidence, data["evidence"]),
            usage=None if data["usage"] is None else codec.decode(Usage, data["usage"]),
            resource=data["resource"],
            loss=None if data.get("loss") is None else codec.decode(Loss, data["loss"]),
            wall_s=data["wall_s"],
            working_s=data["working_s"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StoreError) as error:
        what = f"{type(error).__name__} {error}" if isinstance(error, (KeyError, TypeError, AttributeError)) else error
        raise StoreError(f"{folder} cannot be read ({what}); --agent-rerun begins a new campaign") from None
