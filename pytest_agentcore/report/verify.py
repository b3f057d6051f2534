"""Does a data pack hold what it says? Its bytes, its sums, its record: each looked at, and what differs named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.evidence import Detector
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report import prediction_report
from pytest_agentcore.report.data_pack import CHECKSUMS, FILES, PREDICTIONS, RENDERED, is_part, rendered
from pytest_agentcore.report.data_pack_evidence import gather
from pytest_agentcore.report.data_pack_predictions import rendered_predictions
from pytest_agentcore.report.data_pack_reading import Pack, read_pack
from pytest_agentcore.report.rescored import Rescored, changed_runs
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.scoring.evidence import BUILT_IN
from pytest_agentcore.store.campaign import read_record

_MOST = 5
"""Differences that are told of one file."""
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One way in which a pack was looked at."""

    name: str
    holds: bool | None
    """None when it could not be looked at."""
    text: str
    """One line: what was looked at, or why not."""
    faults: tuple[str, ...] = ()
    """A line for each thing that does not hold."""


def check_bytes(pack: Path) -> Check:
    """Compare each file with its checksum; a changed, a missing and an unknown file are named."""
    try:
        sums = _checksums(pack)
    except StoreError as error:
        return Check(name="checksums", holds=False, text="the list cannot be used", faults=(str(error),))
    faults: list[str] = []
    for name, wanted in sorted(sums.items()):
        try:
            data = (pack / name).read_bytes()
        except FileNotFoundError:
            faults.append(f"{name} is missing")
        except OSError as error:
            faults.append(f"{name} cannot be read: {error.strerror}")
        else:
            found = hashlib.sha256(data).hexdigest()
            if found != wanted:
                faults.append(f"{name} does not fit {CHECKSUMS}: its SHA-256 is {found[:16]}…, not {wanted[:16]}…")
    faults += [f"{name} is missing from {CHECKSUMS}" for name in FILES if name not in {*sums, CHECKSUMS}]
    strangers = sorted(path.name for path in pack.iterdir() if is_part(path.name) and path.name not in {*sums, *FILES})
    faults += [f"{name} is not in {CHECKSUMS}" for name in strangers]
    return Check(name="checksums", holds=not faults, text=f"{len(sums)} files", faults=tuple(faults))


def _checksums(pack: Path) -> dict[str, str]:
    path = pack / CHECKSUMS
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise StoreError(f"{path} is missing; restore it, or write the pack again from its campaign") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {error}; restore it") from None
    sums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        digest, gap, name = line.partition("  ")
        plain = "/" not in name and not name.startswith(".")
        if not gap or len(digest) != 64 or not plain or name in sums:  # noqa: PLR2004 - of a SHA-256 in hexadecimal
            raise StoreError(f"{path}, line {number}: {line[:_LONGEST]!r} is no checksum of a file; restore it")
        sums[name] = digest
    # Line ends, too: whatever else a reader would pass over is a change that nobody made by accident.
    if "".join(f"{digest}  {name}\n" for name, digest in sums.items()) != text:
        raise StoreError(f"{path} is not as it was written: a line does not end as the others do; restore it")
    return sums


def check_sums(pack: Path, read: Pack) -> Check:
    """Add the pack's own runs up again, and compare every figure in every file."""
    again = rendered(read.record, summarise(read.record, min_coverage=read.min_coverage), read.examined)
    faults = tuple(_differences(pack, again, "its runs give"))
    return Check(
        name="figures", holds=not faults, text=f"{len(again)} files rendered again from the runs", faults=faults
    )


def check_record(pack: Path, read: Pack, campaign: Path, detectors: Sequence[Detector] = BUILT_IN) -> Check:
    """Render the pack from the campaign's journal and stored trajectories, evidence derived anew, and compare."""
    if "rescored" in read.record.manifest:
        text = "not compared: this pack holds outcomes of a later rescoring, not those of the journal"
        return Check(name="record", holds=None, text=text)
    record = read_record(campaign)
    summary = summarise(record, min_coverage=read.min_coverage)
    again = rendered(record, summary, gather(campaign, record, detectors, anew=True))
    faults = [] if not is_cut(campaign) else ["the last line of journal.jsonl is cut: what it said is lost"]
    faults += _differences(pack, again, "the record gives")
    faults += _predicted(pack, campaign, record, summary)
    text = f"{len(record.outcomes)} outcomes and {len(read.examined)} trajectories of {campaign.name}"
    return Check(name="record", holds=not faults, text=text, faults=tuple(faults))


def _predicted(pack: Path, campaign: Path, record: CampaignRecord, summary: Summary) -> Iterator[str]:
    """Predictions lie in the agent's folder, above the campaigns; a pack that has travelled has none to compare."""
    directory = campaign.parent.parent
    if not (directory / "predictions").is_dir():
        return
    scored = prediction_report.scored(directory, record, summary)
    path = pack / PREDICTIONS
    if not path.is_file():
        # One that was registered after the campaign had ended is in no pack of that day, and need not be.
        if any(one.status == prediction_report.IN_TIME for one in scored):
            yield f"{PREDICTIONS} is missing: predictions of this campaign are registered"
        return
    held = path.read_bytes()
    told = [
        one
        for one in scored
        if one.status == prediction_report.IN_TIME or one.registered.sha256.encode("ascii") in held
    ]
    if rendered_predictions(record, told) != held:
        yield f"{PREDICTIONS}: the registered predictions give another scoring"


def is_cut(campaign: Path) -> bool:
    """Does the journal end in the middle of a line?"""
    try:
        data = (campaign / "journal.jsonl").read_bytes()
    except OSError:
        return False
    return bool(data) and not data.endswith(b"\n")


def check_verdicts(read: Pack, rescored: Rescored) -> Check:
    """Compare the pack's outcomes with what the checkers say of the same rollouts now.

    A task of another version is another test: what its checker says is not held against the pack.
    """
    digests = read.record.digests
    others = sorted(task for task, now in rescored.digests.items() if digests.get(task, now) != now)
    outcomes = {key: one for key, one in rescored.outcomes.items() if key.task not in others}
    then = {key: one for key, one in read.record.outcomes.items() if key in outcomes}
    faults = [f"{one.key.folder}: was {one.then}, is {one.now}" for one in changed_runs(then, outcomes)]
    if rescored.stopped is not None:
        faults.append(f"judging ended early: {rescored.stopped}")
    text = f"{len(outcomes)} rollouts judged again in a {rescored.isolation} sandbox"
    text += f", {len(rescored.skipped)} not judged again" if rescored.skipped else ""
    text += f", not compared for they have changed since: {', '.join(others)}" if others else ""
    return Check(
        name="verdicts", holds=None if not outcomes and not faults else not faults, text=text, faults=tuple(faults)
    )


def load(pack: Path) -> Pack:
    """The pack's content; see :func:`~pytest_agentcore.report.data_pack_reading.read_pack`."""
    return read_pack(pack)


# What differs


def _differences(pack: Path, again: Mapping[str, bytes], source: str) -> Iterator[str]:
    for name in RENDERED:
        try:
            there = (pack / name).read_bytes()
        except OSError:
            continue  # the checksums told of it
        if there == again[name]:
            continue
        told = _by_field(there, again[name]) if name.endswith(".json") else _by_cell(there, again[name])
        lines = list(told)[: _MOST + 1]
        for where, was, given in lines[:_MOST]:
            yield f"{name}: {where} is {was}, {source} {given}"
        if len(lines) > _MOST:
            yield f"{name}: and more"
        if not lines:
            yield f"{name}: the same content is written otherwise"


def _by_field(there: bytes, again: bytes) -> Iterator[tuple[str, str, str]]:
    try:
        data = json.loads(there)
    except ValueError as error:
        yield "the file", f"no JSON ({error})", "a document"
        return
    yield from _unlike(data, json.loads(again), "")


def _unlike(there: Any, again: Any, where: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(there, dict) and isinstance(again, dict):
        for name in sorted({*there, *again}):
            yield from _unlike(there.get(name, _ABSENT), again.get(name, _ABSENT), f"{where}.{name}".lstrip("."))
    elif isinstance(there, list) and isinstance(again, list) and len(there) == len(again):
        for number, (one, other) in enumerate(zip(there, again, strict=True)):
            yield from _unlike(one, other, f"{where}[{number}]")
    elif there != again or type(there) is not type(again):
        yield where or "the document", _shown(there), _shown(again)


_ABSENT = object()


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "absent"
    text = json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _by_cell(there: bytes, again: bytes) -> Iterator[tuple[str, str, str]]:
    one, other = (list(csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))) for data in (there, again))
    if len(one) != len(other):
        yield "the number of rows", str(len(one) - 1), str(len(other) - 1)
        return
    heading = other[0] if other else []
    for number, (row, wanted) in enumerate(zip(one, other, strict=True), start=1):
        for place in range(max(len(row), len(wanted))):
            was, given = (cells[place] if place < len(cells) else "" for cells in (row, wanted))
            if was != given:
                column = heading[place] if place < len(heading) else f"column {place + 1}"
                yield f"line {number}, {column}", _shown(was), _shown(given)
