"""Registered predictions held against a campaign: the ``predictions_scoring`` of its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, Identity, Summary
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.prediction_file import read_prediction
from pytest_agentcore.report.table import Table, markdown
from pytest_agentcore.report.text import clean
from pytest_agentcore.scoring.predictions import Judged, Prediction, Scoring, score
from pytest_agentcore.store.predictions import Registered, registered

SCHEMA_VERSION = 1
IN_TIME, LATE = "in_time", "late"
_PLACES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One registered prediction about one campaign."""

    registered: Registered
    prediction: Prediction
    status: str
    """``in_time``, or ``late``: the campaign had begun."""
    seen: tuple[str, ...]
    """Other campaigns of what it is about that its author could have looked at."""
    scoring: Scoring


def matches(prediction: Prediction, identity: Identity) -> bool:
    """Is this campaign what the prediction is about?"""
    return all(getattr(identity, name) == value for name, value in prediction.about.items())


def scored(directory: Path, record: CampaignRecord, summary: Summary) -> list[Scored]:
    """Every prediction in ``directory`` (the agent's) that is about this campaign, the oldest first.

    Raises:
        AgentCoreError: one cannot be read, or is not the file that was registered.
    """
    found = []
    for one in registered(directory):
        if one.changed:
            raise StoreError(
                f"prediction {one.name} is not the file that was registered with sha256 {one.sha256}; restore it from "
                f"its author's copy, or remove its folder in {str(directory / 'predictions')!r}"
            )
        prediction = read_prediction(one.data, f"prediction {one.name}")
        if not matches(prediction, record.identity):
            continue
        found.append(
            Scored(
                registered=one,
                prediction=prediction,
                status=IN_TIME if _in_time(one, record) else LATE,
                seen=tuple(name for name in one.existed if name != record.folder),
                scoring=score(prediction, summary),
            )
        )
    return found


def _in_time(one: Registered, record: CampaignRecord) -> bool:
    """Was it handed in before the campaign was begun? What does not say when it began is not before anything."""
    clock = record.manifest.get("clock")
    created = clock.get("created_at") if isinstance(clock, dict) else None
    if record.folder in one.existed or not isinstance(created, str):
        return False
    try:
        return datetime.fromisoformat(one.registered_at) < datetime.fromisoformat(created)
    except (TypeError, ValueError):
        return False


def document(campaigns: Sequence[tuple[CampaignRecord, Sequence[Scored]]]) -> dict[str, Any]:
    """The scoring of several campaigns as builtins."""
    return {
        "schema_version": SCHEMA_VERSION,
        "campaigns": [
            {"campaign": record.folder, "predictions": [_entry(one) for one in all_]} for record, all_ in campaigns
        ],
    }


def _entry(one: Scored) -> dict[str, Any]:
    scoring = one.scoring
    mean = None if scoring.mean_brier is None else round(scoring.mean_brier, _PLACES)
    return {
        "title": one.prediction.title,
        "author": one.prediction.author,
        "sha256": one.registered.sha256,
        "registered_at": one.registered.registered_at,
        "status": one.status,
        "earlier_campaigns": list(one.seen),
        "hits": scoring.hits,
        "decided": scoring.decided,
        "of": len(scoring.judged),
        "range_miss": scoring.range_miss,
        "point_error": scoring.point_error,
        "mean_brier": mean,
        "statements": [_statement(judged) for judged in scoring.judged],
    }


def _statement(judged: Judged) -> dict[str, Any]:
    bits = judged.surprise_bits
    return {
        "id": judged.id,
        "says": judged.says,
        "outcome": judged.outcome,
        "hit": judged.hit,
        "why_open": judged.why_open or None,
        "probability": judged.probability,
        "brier": None if judged.brier is None else round(judged.brier, _PLACES),
        "surprise_bits": None if bits is None else round(bits, _PLACES),
    }


def text_lines(record: CampaignRecord, all_: Sequence[Scored], *, ascii_only: bool = False) -> list[str]:
    """For a terminal."""
    written = [clean(record.folder, ascii_only=ascii_only)]
    for one in all_:
        written += ["", *(clean(line, ascii_only=ascii_only) for line in sentences(one))]
        written += _table(one.scoring).aligned(ascii_only=ascii_only)
    return written if all_ else [*written, "no registered prediction is about this campaign"]


def markdown_lines(record: CampaignRecord, all_: Sequence[Scored]) -> list[str]:
    """For an article."""
    written = [f"### {markdown(record.folder)}"]
    for one in all_:
        written += ["", *(f"- {markdown(line)}" for line in sentences(one))]
        written += ["", *_table(one.scoring).markdown()]
    return written if all_ else [*written, "", "No registered prediction is about this campaign."]


def sentences(one: Scored) -> list[str]:
    """What a reader has to know of a scored prediction, a line each."""
    when = one.registered.registered_at[:19].replace("T", " ")
    told = [
        f"{one.prediction.title}, by {one.prediction.author}: sha256 {one.registered.sha256}, registered {when} UTC"
    ]
    if one.status == LATE:
        told.append("LATE: the campaign had begun when it was registered")
    if one.seen:
        told.append(f"campaigns of this that were there to look at: {', '.join(one.seen)}")
    return [*told, _result(one.scoring)]


def _result(scoring: Scoring) -> str:
    told = f"{scoring.hits} of {len(scoring.judged)} hit"
    if scoring.decided < len(scoring.judged):
        told += f", {len(scoring.judged) - scoring.decided} open"
    if scoring.range_miss:
        told += f"; {abs(scoring.range_miss)} {'above' if scoring.range_miss > 0 else 'below'} the range"
    if scoring.point_error is not None:
        told += f"; {scoring.point_error:+d} against the point estimate"
    if scoring.mean_brier is not None:
        told += f"; mean Brier score {scoring.mean_brier:.3f} (0 is best, 0.25 a coin)"
    return told


def _table(scoring: Scoring) -> Table:
    words = {True: "hit", False: "no", None: "open"}
    return Table(
        headings=("", "prediction", "outcome", "hit", "probability", "Brier"),
        left=frozenset({0, 1, 2, 3}),
        rows=[
            [
                judged.id,
                judged.says,
                judged.outcome,
                words[judged.hit] + (f" ({judged.why_open})" if judged.why_open else ""),
                "" if judged.probability is None else f"{judged.probability:g}",
                "" if judged.brier is None else f"{judged.brier:.3f}",
            ]
            for judged in scoring.judged
        ],
    )
