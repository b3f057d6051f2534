"""The data pack: a campaign's figures as files that a stranger can recompute.

Equal runs give equal bytes, whatever the day, the order and the number of workers: what a clock or the operating
system measured stands in ``run_timing.csv`` and in ``manifest.json``, and with it what holds a date: the campaign's
name, and the digest of a workspace, which may hold bytecode and caches. ``CHECKSUMS`` differs with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report import data_pack_rows as rows
from pytest_agentcore.report.data_pack_evidence import evidence_index, evidence_patterns
from pytest_agentcore.report.data_pack_rows import COLUMNS, SCHEMA_VERSION
from pytest_agentcore.report.data_pack_text import Row, csv_bytes, json_bytes
from pytest_agentcore.store.bulk import uncollected
from pytest_agentcore.store.campaign import write

CHECKSUMS = "CHECKSUMS"
PREDICTIONS = "predictions_scoring.json"
"""There only where predictions were registered and scored."""
RENDERED = (
    "manifest.json",
    "run_summary.json",
    "per_task_results.json",
    "per_task_results.csv",
    "pass_rate_by_task.csv",
    "cost_breakdown.csv",
    "run_metrics.csv",
    "run_timing.csv",
    "evidence_index.json",
    "evidence_patterns.json",
)
"""What :func:`rendered` gives."""
FILES = (*RENDERED, CHECKSUMS)
"""All that :func:`write_pack` writes."""


def write_pack(
    folder: Path, record: CampaignRecord, summary: Summary, examined: Mapping[RunKey, Examined] | None = None
) -> None:
    """Write the files of :data:`FILES` into ``folder``, each whole or not at all.

    Money is in US dollars, an unknown price is an empty cell or ``null``; tokens are counts. ``examined`` is the
    evidence of the runs; those without are listed as not examined.

    Raises:
        StoreError: the folder cannot be written.
    """
    files = rendered(record, summary, examined)
    for name, data in files.items():
        write(folder / name, data)
    seal(folder, known=files)


def rendered(
    record: CampaignRecord, summary: Summary, examined: Mapping[RunKey, Examined] | None = None
) -> dict[str, bytes]:
    """The files of a pack by name, ``CHECKSUMS`` left out: a pure function of the record."""
    with uncollected():
        return _rendered(record, summary, examined or {})


def _rendered(record: CampaignRecord, summary: Summary, found: Mapping[RunKey, Examined]) -> dict[str, bytes]:
    tasks = {row.task: rows.task_result(record, row) for row in summary.tasks}
    contents = (
        json_bytes(record.manifest),
        json_bytes(rows.run_summary(record, summary)),
        json_bytes({"schema_version": SCHEMA_VERSION, "tasks": tasks}),
        _table("per_task_results.csv", [rows.per_task(row, run) for row in summary.tasks for run in row.runs]),
        _table("pass_rate_by_task.csv", [rows.pass_rate(row) for row in summary.tasks]),
        _table("cost_breakdown.csv", list(rows.costs(record, summary))),
        _table("run_metrics.csv", [rows.metrics(one, found.get(one.key)) for one in rows.concluded(summary)]),
        _table("run_timing.csv", [rows.timing(one, record.folder) for one in rows.concluded(summary)]),
        json_bytes(evidence_index(summary, found)),
        json_bytes(evidence_patterns(summary, found)),
    )
    return dict(zip(RENDERED, contents, strict=True))


def _table(name: str, content: list[Row]) -> bytes:
    return csv_bytes(COLUMNS[name], content)


def add_file(folder: Path, name: str, data: bytes) -> None:
    """Put a further file, such as :data:`PREDICTIONS`, into a pack that is there, and under its checksums.

    Raises:
        StoreError: the folder cannot be written or read.
    """
    write(folder / name, data)
    seal(folder)


def seal(folder: Path, known: Mapping[str, bytes] | None = None) -> None:
    """Write ``CHECKSUMS`` over every file of the pack, in the form that ``sha256sum -c`` reads.

    Raises:
        StoreError: a file cannot be read, or the folder not be written.
    """
    try:
        others = [path for path in folder.iterdir() if is_part(path.name) and path.name not in (known or {})]
        contents = {**(known or {}), **{path.name: path.read_bytes() for path in others}}
    except OSError as error:
        raise StoreError(f"{error.filename} cannot be read: {error.strerror}; write the pack again") from None
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(contents.items())]
    write(folder / CHECKSUMS, "".join(lines).encode())


def is_part(name: str) -> bool:
    """Does a file of this name belong to a pack? What an editor or a file browser leaves does not."""
    return not name.startswith((".", "~")) and name.endswith((".json", ".csv"))
