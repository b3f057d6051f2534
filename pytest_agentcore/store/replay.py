"""A stored campaign as the source of a replay: what it measured, and where the record of each run's calls lies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.rollout import WIRE_RECORD
from pytest_agentcore.errors import ConfigError, StoreError
from pytest_agentcore.store.history import History
from pytest_agentcore.store.rollouts import attempt_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A campaign that is replayed."""

    folder: Path
    manifest: Mapping[str, Any]
    attempts: Mapping[RunKey, int]
    """Run -> the attempt that counts."""

    @classmethod
    def read(cls, folder: Path) -> Source:
        """From its folder.

        Raises:
            StoreError: manifest or journal cannot be read.
            ConfigError: it has no calls to replay.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_bytes())
        except (OSError, ValueError) as error:
            raise StoreError(f"{folder / 'manifest.json'} cannot be read: {error}; replay another campaign") from None
        history = History.read(folder / "journal.jsonl")
        attempts = {key: outcome.attempt for key, outcome in history.concluded.items()}
        if not any((attempt_folder(folder, key, number) / WIRE_RECORD).exists() for key, number in attempts.items()):
            raise ConfigError(
                f"{folder.name} holds no record of model calls (a scripted model makes none); replay another"
            )
        return cls(folder=folder, manifest=manifest, attempts=attempts)

    @property
    def model(self) -> str:
        """As ``--agent-model`` takes it."""
        name, endpoint = str(self.manifest["model"]), self.manifest.get("endpoint")
        return f"{name}@{endpoint}" if endpoint else name

    @property
    def runs(self) -> int:
        """Runs of the task that has most."""
        return max(key.run for key in self.attempts)

    def wire_record(self, key: RunKey) -> Path:
        """Where the calls of a run were recorded.

        Raises:
            ConfigError: the campaign holds no such run.
        """
        number = self.attempts.get(key)
        path = None if number is None else attempt_folder(self.folder, key, number) / WIRE_RECORD
        if path is None or not path.exists():
            raise ConfigError(
                f"{self.folder.name} holds no record of run {key.run} of {key.task}; "
                "select the tasks and --agent-runs that it holds"
            )
        return path.absolute()
