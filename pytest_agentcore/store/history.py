"""What a campaign's journal adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.store import codec
from pytest_agentcore.store.journal import records

RETRIED = (Cause.INFRA, Cause.CHECKER)
"""Causes that do not settle a run: another session tries it, or checks it, again."""


@dataclass(slots=True)
class History:
    """What a campaign's journal says."""

    planned: dict[RunKey, str] = field(default_factory=dict)
    """Run -> task digest."""
    unscored: set[str] = field(default_factory=set)
    started: dict[RunKey, list[str]] = field(default_factory=dict)
    """Run -> the session that began each attempt."""
    ended: dict[RunKey, int] = field(default_factory=dict)
    """Run -> its last attempt that infrastructure did not spoil."""
    stopped: dict[RunKey, list[str]] = field(default_factory=dict)
    """Run -> the session in which each attempt ended, spoilt or not."""
    checks: dict[RunKey, list[tuple[str, int]]] = field(default_factory=dict)
    """Run -> session and process that began each check."""
    concluded: dict[RunKey, Outcome] = field(default_factory=dict)
    superseded: list[Outcome] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> History:
        """Fold the records of a journal."""
        history = cls()
        for record in records(path):
            history.add(record)
        return history

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record into account."""
        kind = record.get("kind")
        if kind == "planned":
            for row in record["runs"]:
                self.planned[row_key(row["key"])] = row["digest"]
            self.unscored.update(record.get("unscored", ()))
            return
        if kind not in ("attempt_started", "attempt_ended", "check_started", "concluded"):
            return
        key = row_key(record["key"])
        if kind == "attempt_started":
            self.started.setdefault(key, []).append(record["session"])
        elif kind == "check_started":
            self.checks.setdefault(key, []).append((record["session"], record["pid"]))
        elif kind == "attempt_ended":
            self.stopped.setdefault(key, []).append(record["session"])
            if record["superseded"] is not None:
                self.superseded.append(codec.decode(Outcome, record["superseded"]))
            elif record["infra"] is None:
                self.ended[key] = record["attempt"]
        else:
            self.concluded[key] = codec.decode(Outcome, record["outcome"])

    def unsettled(self, keys: Iterable[RunKey]) -> set[RunKey]:
        """The runs that still need something done."""
        return {key for key in keys if key not in self.concluded or self.concluded[key].cause in RETRIED}


def key_row(key: RunKey) -> list[str | int]:
    """A key as the journal writes it."""
    return [key.task, key.model, key.run]


def row_key(row: list[Any]) -> RunKey:
    """The key that :func:`key_row` wrote."""
    task, model, run = row
    return RunKey(task=task, model=model, run=run)
