"""All that is derived from a campaign's record: its data pack, its scored predictions, its place in the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.report import data_pack, data_pack_evidence, prediction_report
from pytest_agentcore.report.data_pack_predictions import index_rows, write_predictions
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.store import intel_db
from pytest_agentcore.store.campaign import read_record

PACK = "data_pack"
INDEX = "intel.db"


def write_derived(
    directory: Path, folder: Path, record: CampaignRecord, summary: Summary, examined: Mapping[RunKey, Examined]
) -> None:
    """Write a campaign's pack and its rows in the index of the agent's ``directory``, in place of what was there.

    The pack first: it is what others see, and the index can be made again.

    Raises:
        AgentCoreError: something cannot be written, or a prediction not be read.
    """
    scored = prediction_report.scored(directory, record, summary)
    data_pack.write_pack(folder / PACK, record, summary, examined)
    write_predictions(folder / PACK, record, scored)
    intel_db.record_campaign(directory / INDEX, record, summary, examined, index_rows(scored))


def rebuild_index(directory: Path, folders: Iterable[Path], *, min_coverage: float = 1.0) -> None:
    """Make the index of ``directory`` say what these campaigns say, and nothing else.

    Raises:
        AgentCoreError: the index cannot be written, or a campaign not be read.
    """
    intel_db.rebuild(directory / INDEX, _indexed(directory, folders, min_coverage))


def _indexed(directory: Path, folders: Iterable[Path], min_coverage: float) -> Iterator[intel_db.Indexed]:
    for folder in folders:
        record = read_record(folder)
        summary = summarise(record, min_coverage=min_coverage)
        scored = prediction_report.scored(directory, record, summary)
        yield intel_db.Indexed(record, summary, data_pack_evidence.gather(folder, record), index_rows(scored))
