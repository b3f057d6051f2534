"""What today's checkers say of stored runs, as a value that can be written, and what it changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.rollup import failure_label
from pytest_agentcore.store import codec
from pytest_agentcore.store.history import key_row, row_key

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """The result of judging a campaign's rollouts again."""

    harness: str
    """``name@version`` of what judged."""
    isolation: str
    """Level of the checkers' sandboxes."""
    outcomes: Mapping[RunKey, Outcome]
    examined: Mapping[RunKey, Examined] = field(default_factory=dict)
    skipped: Mapping[RunKey, str] = field(default_factory=dict)
    """Planned runs that were not judged, and why."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Task id -> digest of the task that judged."""
    stopped: str | None = None
    """Why not everything was judged."""

    def dump(self) -> bytes:
        """As JSON."""
        data = {
            "format": FORMAT,
            "harness": self.harness,
            "isolation": self.isolation,
            "outcomes": [codec.encode(one) for _, one in sorted(self.outcomes.items())],
            "examined": [[key_row(key), codec.encode(one)] for key, one in sorted(self.examined.items())],
            "skipped": [[key_row(key), why] for key, why in sorted(self.skipped.items())],
            "digests": dict(sorted(self.digests.items())),
            "stopped": self.stopped,
        }
        return (codec.dumps(data) + "\n").encode()

    @classmethod
    def load(cls, text: bytes) -> Rescored:
        """From what :meth:`dump` gave.

        Raises:
            StoreError: it is no such text.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            outcomes = [codec.decode(Outcome, one) for one in data["outcomes"]]
            return cls(
                harness=data["harness"],
                isolation=data["isolation"],
                outcomes={one.key: one for one in outcomes},
                examined={row_key(row): codec.decode(Examined, one) for row, one in data["examined"]},
                skipped={row_key(row): why for row, why in data["skipped"]},
                digests=data["digests"],
                stopped=data["stopped"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the result of rescoring cannot be read: {error}; judge again") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A run that is judged otherwise than it was."""

    key: RunKey
    then: str
    now: str


def changed_runs(then: Mapping[RunKey, Outcome], now: Mapping[RunKey, Outcome]) -> list[Change]:
    """The runs of which the two say different things, in the order of their keys.

    A message may word things anew; what counts is the verdict, its failure mode and detail, what the workspace alone
    would have got, and whether a fault was met.
    """
    changes = []
    for key in sorted(now):
        before = then.get(key)
        was, is_now = "not concluded" if before is None else said(before), said(now[key])
        if was != is_now:
            changes.append(Change(key=key, then=was, now=is_now))
    return changes


def said(outcome: Outcome) -> str:
    """An outcome in a few words."""
    notes = [failure_label(outcome) or "passed"]
    if outcome.checker_would_pass is not None:
        notes.append("right workspace" if outcome.checker_would_pass else "wrong workspace")
    if outcome.fault_exercised is not None:
        notes.append("fault met" if outcome.fault_exercised else "fault not met")
    return ", ".join(notes)


def applied(record: CampaignRecord, rescored: Rescored) -> CampaignRecord:
    """The record with the new outcomes in place of the old: those that were not judged again stay as they were."""
    outcomes = {**record.outcomes, **{key: one for key, one in rescored.outcomes.items() if key in record.planned}}
    kept = {key: one for key, one in record.digests.items() if key not in rescored.digests}
    about = {
        "harness": rescored.harness,
        "isolation": rescored.isolation,
        "digests": dict(sorted(rescored.digests.items())),
        "judged_again": len(rescored.outcomes),
        "of": record.folder,
    }
    return replace(
        record,
        manifest={**record.manifest, "rescored": about},
        outcomes=outcomes,
        digests={**kept, **rescored.digests},
    )
