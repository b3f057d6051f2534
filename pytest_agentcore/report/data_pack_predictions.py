"""``predictions_scoring.json``: in the pack of a campaign that somebody had predicted."""

from __future__ import annotations

from pathlib import Path

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.report import prediction_report
from pytest_agentcore.report.data_pack import PREDICTIONS, add_file
from pytest_agentcore.report.data_pack_text import json_bytes


def rendered_predictions(directory: Path, record: CampaignRecord, summary: Summary) -> bytes | None:
    """The scoring of every prediction that was registered in ``directory`` for this campaign; None without one.

    Raises:
        AgentCoreError: one of them cannot be read, or is not what was registered.
    """
    scored = prediction_report.scored(directory, record, summary)
    return json_bytes(prediction_report.document([(record, scored)])) if scored else None


def write_predictions(pack: Path, directory: Path, record: CampaignRecord, summary: Summary) -> None:
    """Put the scoring into a pack, where there is one to put.

    Raises:
        AgentCoreError: as :func:`rendered_predictions`, or the pack cannot be written.
    """
    data = rendered_predictions(directory, record, summary)
    if data is not None:
        add_file(pack, PREDICTIONS, data)
