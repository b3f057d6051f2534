"""What a campaign's journal adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.store import codec
from pytest_agentcore.store.journal import records

RETRIED = (Cause.INFRA, Cause.CHECKER, Cause.NOT_RUN)
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
    record_faults: list[str] = field(default_factory=list)
    """Why records of model calls are not whole, one for each attempt."""

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
            self.attempt_started(key, record["session"])
        elif kind == "check_started":
            self.check_started(key, record["session"], record["pid"])
        elif kind == "attempt_ended":
            superseded = record["superseded"] and codec.decode(Outcome, record["superseded"])
            if record.get("record_fault"):
                self.record_faults.append(record["record_fault"])
            spoilt = record["infra"] is not None or record.get("halted") is not None
            self.attempt_ended(key, record["session"], record["attempt"], spoilt=spoilt, superseded=superseded)
        else:
            self.concluded[key] = codec.decode(Outcome, record["outcome"])

    def attempt_started(self, key: RunKey, session: str) -> None:
        """An attempt began."""
        self.started.setdefault(key, []).append(session)

    def check_started(self, key: RunKey, session: str, pid: int) -> None:
        """A process began to judge."""
        self.checks.setdefault(key, []).append((session, pid))

    def attempt_ended(
        self, key: RunKey, session: str, attempt: int, *, spoilt: bool, superseded: Outcome | None
    ) -> None:
        """An attempt ended, for good or to be tried again."""
        self.stopped.setdefault(key, []).append(session)
        if superseded is not None:
            self.superseded.append(superseded)
        elif not spoilt:
            self.ended[key] = attempt

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
