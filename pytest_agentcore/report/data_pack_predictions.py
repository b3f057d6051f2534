"""Scored predictions as they are kept: ``predictions_scoring.json`` of a pack, and the rows of ``intel.db``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.report import prediction_report
from pytest_agentcore.report.data_pack import PREDICTIONS, add_file
from pytest_agentcore.report.data_pack_text import json_bytes
from pytest_agentcore.report.prediction_report import Scored
from pytest_agentcore.scoring.predictions import HEADLINE
from pytest_agentcore.store.intel_db import PredictionRow


def rendered_predictions(record: CampaignRecord, scored: Sequence[Scored]) -> bytes | None:
    """The scoring of every prediction of this campaign; None without one."""
    return json_bytes(prediction_report.document([(record, scored)])) if scored else None


def write_predictions(pack: Path, record: CampaignRecord, scored: Sequence[Scored]) -> None:
    """Put the scoring into a pack, where there is one to put.

    Raises:
        StoreError: the pack cannot be written.
    """
    data = rendered_predictions(record, scored)
    if data is not None:
        add_file(pack, PREDICTIONS, data)


def index_rows(scored: Sequence[Scored]) -> list[PredictionRow]:
    """A row for each statement."""
    return [
        PredictionRow(
            sha256=one.registered.sha256,
            title=one.prediction.title,
            author=one.prediction.author,
            registered_at=one.registered.registered_at,
            status=one.status,
            statement=judged.id,
            says=judged.says,
            outcome=judged.outcome,
            hit=judged.hit,
            why_open=judged.why_open or None,
            probability=judged.probability,
            brier=judged.brier,
            range_miss=one.scoring.range_miss if judged.id == HEADLINE else None,
            point_error=one.scoring.point_error if judged.id == HEADLINE else None,
        )
        for one in scored
        for judged in one.scoring.judged
    ]
