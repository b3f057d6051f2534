"""What a campaign's journal adds up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import StoreError
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
        """Fold the records of a journal.

        Raises:
            StoreError: it cannot be read, a record in it is none, or it is of a newer version.
        """
        history = cls()
        for record in records(path):
            try:
                history.add(record)
            except StoreError as error:
                raise StoreError(f"{path}: {error}") from None
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                told = f"field {error}" if isinstance(error, KeyError) else str(error)
                kind = str(record.get("kind"))[:20]
                raise StoreError(f"{path}: a record {kind!r} cannot be read ({told}); the file was changed") from None
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
            superseded = record["superseded"] and _sane(codec.decode(Outcome, record["superseded"]))
            if record.get("record_fault"):
                self.record_faults.append(record["record_fault"])
            spoilt = record["infra"] is not None or record.get("halted") is not None
            carried = codec.decode(Usage, record["carried"]) if "carried" in record else None
            self.attempt_ended(
                key, record["session"], record["attempt"], spoilt=spoilt, superseded=superseded, carried=carried
            )
        else:
            self.concluded[key] = _sane(codec.decode(Outcome, record["outcome"]))

    def attempt_started(self, key: RunKey, session: str) -> None:
        """An attempt began."""
        self.started.setdefault(key, []).append(session)

    def check_started(self, key: RunKey, session: str, pid: int) -> None:
        """A process began to judge."""
        self.checks.setdefault(key, []).append((session, pid))

    def attempt_ended(
        self,
        key: RunKey,
        session: str,
        attempt: int,
        *,
        spoilt: bool,
        superseded: Outcome | None,
        carried: Usage | None = None,
    ) -> None:
        """An attempt ended, for good or to be tried again; ``carried`` is what it took over from an earlier one."""
        self.stopped.setdefault(key, []).append(session)
        if carried is not None:
            self._pass_on(key, carried)
        if superseded is not None:
            self.superseded.append(superseded)
        elif not spoilt:
            self.ended[key] = attempt

    def _pass_on(self, key: RunKey, carried: Usage) -> None:
        """What a later attempt took over is its own, and was paid once: it is no longer the earlier one's."""
        for place in reversed(range(len(self.superseded))):
            if self.superseded[place].key == key:
                earlier = self.superseded[place]
                self.superseded[place] = replace(earlier, usage=earlier.usage.without(carried))
                return

    def unsettled(self, keys: Iterable[RunKey]) -> set[RunKey]:
        """The runs that still need something done."""
        return {key for key in keys if key not in self.concluded or self.concluded[key].cause in RETRIED}


def key_row(key: RunKey) -> list[str | int]:
    """A key as the journal writes it."""
    return [key.task, key.model, key.run]


def row_key(row: Any) -> RunKey:
    """The key that a row of the journal names.

    Raises:
        ValueError: it names none.
    """
    # Not a match statement: for a sequence it takes ten times as long, and a journal has tens of thousands of lines.
    if isinstance(row, list) and len(row) == 3:  # noqa: PLR2004 - task, model, run
        task, model, run = row
        if type(task) is str and type(model) is str and type(run) is int and run >= 1:
            return RunKey(task=task, model=model, run=run)
    raise ValueError(f"{row!r:.80} names no run")


def _sane(outcome: Outcome) -> Outcome:
    """The outcome, whose counts and costs can be counted and paid.

    Raises:
        StoreError: they cannot.
    """
    usage = outcome.usage
    figures = {name: getattr(outcome, name) for name in ("attempt", *_COUNTS)}
    figures |= {f"usage.{name}": getattr(usage, name) for name in _USED}
    if usage.cost_usd is not None:
        figures["usage.cost_usd"] = usage.cost_usd
    for name, figure in figures.items():
        if not 0 <= figure <= _MOST:
            raise StoreError(f"Outcome.{name} is {str(figure)[:20]}, which cannot be; the file was changed")
    return outcome


_COUNTS = ("turns", "tool_calls", "malformed_calls", "failed_calls")
_USED = ("calls", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
_MOST = 2**53
"""What every reader of JSON can count to."""
