"""Reads a campaign's counts straight from its journal: ranking a thousand campaigns need not build all their runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import Identity
from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.domain.standing import Standing, TaskStanding
from pytest_agentcore.errors import StoreError
from pytest_agentcore.store import codec
from pytest_agentcore.store.bulk import uncollected
from pytest_agentcore.store.campaign import read_record
from pytest_agentcore.store.journal import VERSION

_MOST = 2**53  # tokens or US dollars of a run: what is more was never used or paid
_VALID = frozenset({None, str(Cause.MODEL), str(Cause.RESOURCE)})
"""Causes of runs that say something about the model."""
_KNOWN = frozenset({None, *map(str, Cause)})
_Key = tuple[str, str, int]


@dataclass(slots=True)
class _Counts:
    """What the lines of a journal add up to."""

    digests: dict[_Key, str] = field(default_factory=dict)
    unscored: set[str] = field(default_factory=set)
    outcomes: dict[_Key, Mapping[str, Any]] = field(default_factory=dict)


def read_standings(folders: Sequence[Path]) -> list[Standing]:
    """The counts of many campaigns.

    Raises:
        StoreError: one of them cannot be read.
    """
    with uncollected():
        return [read_standing(folder) for folder in folders]


def read_standing(folder: Path) -> Standing:
    """The counts of a campaign: what :func:`~pytest_agentcore.store.campaign.read_record` and a roll-up would give.

    Raises:
        StoreError: manifest or journal cannot be read.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        counts = _read(folder / "journal.jsonl")
        return _standing(folder, manifest, counts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidOperation, RecursionError):
        read_record(folder)  # says in detail what is wrong
        raise StoreError(f"{folder} cannot be read; restore it or remove the folder") from None


def _read(path: Path) -> _Counts:
    counts = _Counts()
    decode = json.JSONDecoder().decode
    for line in path.read_bytes().decode("utf-8", "replace").split("\n"):
        # A look at the text first: most lines say nothing that counts, and reading JSON is what takes the time.
        if '"concluded"' not in line and '"planned"' not in line:
            continue
        try:
            record = decode(line)
        except (ValueError, RecursionError):
            continue  # cut by a crash: what it would have said did not happen
        if not isinstance(record, dict):
            continue  # neither
        if record["v"] > VERSION:
            raise ValueError(record["v"])
        if record["kind"] == "concluded":
            outcome = record["outcome"]
            if outcome["version"] > codec.VERSION:
                raise ValueError(outcome["version"])
            counts.outcomes[_key(record["key"])] = outcome
        elif record["kind"] == "planned":
            counts.digests.update((_key(row["key"]), row["digest"]) for row in record["runs"])
            counts.unscored.update(record.get("unscored", ()))
    return counts


def _key(row: list[Any]) -> _Key:
    task, model, run = row
    if type(task) is str and type(model) is str and type(run) is int and run >= 1:  # a tenth of what a match takes
        return task, model, run
    raise ValueError(row)


def _standing(folder: Path, manifest: Mapping[str, Any], counts: _Counts) -> Standing:
    tasks: dict[str, list[int]] = {}
    digests = {key[0]: digest for key, digest in sorted(counts.digests.items())}
    valid: list[Mapping[str, Any]] = []
    causes: list[str | None] = []
    for key in {**counts.digests, **counts.outcomes}:
        if key[0] in counts.unscored:
            continue
        row = tasks.setdefault(key[0], [0, 0, 0])
        row[2] += 1
        outcome = counts.outcomes.get(key)
        if outcome is None:
            continue
        if outcome["cause"] not in _KNOWN:
            raise ValueError(outcome["cause"])
        cause = None if outcome["passed"] else outcome["cause"] or str(Cause.MODEL)
        causes.append(cause)
        if cause in _VALID:
            valid.append(_counted(outcome["usage"]))
            row[1] += 1
            row[0] += cause is None
    return Standing(
        folder=folder.name,
        manifest=manifest,
        identity=Identity.of(manifest),
        tasks=tuple(
            TaskStanding(task=task, digest=digests.get(task, ""), passed=row[0], valid=row[1], planned=row[2])
            for task, row in sorted(tasks.items())
        ),
        n_infra=causes.count(str(Cause.INFRA)),
        n_checker=causes.count(str(Cause.CHECKER)),
        n_resource=causes.count(str(Cause.RESOURCE)),
        cost_usd=_total([usage["cost_usd"] for usage in valid]),
        input_tokens=sum(usage["input_tokens"] for usage in valid),
        output_tokens=sum(usage["output_tokens"] for usage in valid),
        estimated=any(usage["estimated"] for usage in valid),
    )


def _counted(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("input_tokens", "output_tokens"):
        if not 0 <= usage[name] <= _MOST:
            raise ValueError(usage[name])
    return usage


def _total(costs: list[str | None]) -> Decimal | None:
    known = [Decimal(cost) for cost in costs if cost is not None]
    if not all(isinstance(cost, str) for cost in costs if cost is not None) or not all(
        cost.is_finite() and 0 <= cost <= _MOST for cost in known
    ):
        raise ValueError(known)
    return sum(known, Decimal(0)) if len(known) == len(costs) else None
