"""Who failed, decided again from the evidence that was kept: by the table alone, without checker, sandbox or model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.causes import Row, Seen, row_for
from pytest_agentcore.domain.outcome import Cause, FailureMode, Outcome, RunKey, Verdict
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.rescored import said
from pytest_agentcore.sandbox.causes import lost
from pytest_agentcore.scoring.failure import failure_mode
from pytest_agentcore.store.rollouts import read_rollout

UNSEEN = "nothing was seen of it that the table knows"
UNREAD = "no rollout of it can be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recaused:
    """What the table of today makes of a campaign's evidence."""

    outcomes: Mapping[RunKey, Outcome]
    """Of the runs that would have come out otherwise."""
    changes: tuple[tuple[Outcome, Outcome], ...]
    """Attempts that would have, before and after; earlier attempts of a run included."""
    rows: Mapping[str, int]
    """What was seen, in the table's words -> attempts that it decides."""
    kept: Mapping[str, int]
    """Why an attempt that did not pass cannot be decided again -> how many."""


def recaused(folder: Path, record: CampaignRecord) -> Recaused:
    """Apply the table to every attempt of a campaign that did not pass.

    Args:
        folder: the campaign's.
        record: what was read from it.
    """
    attempts: dict[RunKey, list[Outcome]] = {}
    for outcome in (*record.superseded, *record.outcomes.values()):
        attempts.setdefault(outcome.key, []).append(outcome)
    outcomes: dict[RunKey, Outcome] = {}
    changes: list[tuple[Outcome, Outcome]] = []
    rows: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for key in sorted(attempts):
        ordered = sorted(attempts[key], key=lambda outcome: outcome.attempt)
        after = []
        for outcome in ordered:
            now, row, why_not = _decided(folder, outcome)
            after.append(now)
            rows.update([row.seen] if row is not None else [])
            kept.update([why_not] if why_not else [])
        changes += [(then, now) for then, now in zip(ordered, after, strict=True) if said(then) != said(now)]
        counts = next((one for one in after if one.cause is not Cause.INFRA), after[-1])
        if key in record.outcomes and said(counts) != said(record.outcomes[key]):
            outcomes[key] = counts
    return Recaused(outcomes=outcomes, changes=tuple(changes), rows=rows, kept=kept)


def _decided(folder: Path, outcome: Outcome) -> tuple[Outcome, Row | None, str]:
    """The outcome by today's table, the row that decided, and why nothing could be decided."""
    if outcome.passed or outcome.cause in (Cause.CHECKER, Cause.NOT_RUN):
        return outcome, None, ""
    if outcome.failure_mode is FailureMode.TAMPERED:
        return outcome, None, ""
    try:
        rollout = read_rollout(folder, outcome.key, outcome.attempt)
    except StoreError:
        return outcome, None, UNREAD
    if outcome.cause is Cause.INFRA and rollout.loss is None:
        return outcome, None, UNSEEN
    row = row_for(Seen.of(rollout.trajectory, rollout.loss))
    return _by_row(outcome, rollout, row), row, ""


def _by_row(outcome: Outcome, rollout: Rollout, row: Row | None) -> Outcome:
    """An attempt that the table gives back to the model has no detail: only a checker knows it."""
    if row is None:
        if outcome.cause is Cause.MODEL:
            return outcome
        mode = failure_mode(rollout, Verdict(passed=bool(outcome.checker_would_pass)))
        return replace(outcome, cause=Cause.MODEL, failure_mode=mode, detail=None, reason=None)
    if row.cause is outcome.cause and (row.cause is Cause.INFRA or row.reason == outcome.reason):
        return outcome
    message = outcome.message if rollout.loss is None else str(lost(rollout.loss))
    reason = message if row.cause is Cause.INFRA else row.reason
    return replace(outcome, cause=row.cause, failure_mode=None, detail=None, reason=reason, message=message)
