"""Several campaigns of one measurement as one: what shards or interrupted sessions made, united run by run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.errors import ConfigError, StoreError
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import other_images, write
from pytest_agentcore.store.history import RETRIED, History, key_row, row_key
from pytest_agentcore.store.journal import VERSION, records
from pytest_agentcore.store.rollouts import attempt_folder

SESSION = "merge"
_MOST = 5
_UNMEASURED = {
    "identity",
    "isolation",
    "tasks",
    "clock",
    "host",
    "options",
    "order",
    "prices",
    "retry_policy",
    "format",
}
"""Parts of a manifest that may differ between shards of one measurement."""


_TOLD = ("halted", "carried", "record_fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One attempt at a run, wherever it was made."""

    key: RunKey
    session: str
    number: int
    """In its own campaign."""
    infra: str | None
    outcome: Outcome | None
    """What it was concluded or superseded with."""
    concluded: bool
    source: Path
    told: Mapping[str, Any] = field(default_factory=dict)
    """What else its journal says of its end."""

    @property
    def settled(self) -> bool:
        """Does its outcome stand?"""
        return self.concluded and self.outcome is not None and self.outcome.cause not in RETRIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a merge came to."""

    folder: Path
    runs: int
    attempts: int
    duplicates: int
    """Attempts that several of the campaigns held."""
    surplus: int
    """Concluded attempts at runs that another attempt had concluded before: kept as superseded."""


def merge(campaigns: Sequence[Path], target: Path, *, allow_holes: bool = False) -> Merged:
    """Unite campaigns of the same measurement in a new folder; its content does not depend on their order.

    The first settled attempt at a run counts, by the start of its session; later ones are kept as superseded, so that
    nobody can choose the better of two.

    Raises:
        ConfigError: they do not measure the same, runs are missing, or the folder is there already.
        StoreError: something cannot be read or written.
    """
    manifests = [_manifest(folder) for folder in campaigns]
    _require_same(campaigns, manifests)
    missing = [folder / "journal.jsonl" for folder in campaigns if not (folder / "journal.jsonl").exists()]
    if missing:
        raise StoreError(f"{missing[0]} is missing; restore it, or leave that campaign out")
    histories = [History.read(folder / "journal.jsonl") for folder in campaigns]
    planned = _planned(campaigns, histories)
    found = [attempt for folder in campaigns for attempt in _attempts(folder)]
    unique = {_same_attempt(one): one for one in sorted(found, key=_rank, reverse=True)}
    by_run: dict[RunKey, list[_Attempt]] = {}
    for attempt in sorted(unique.values(), key=_rank):
        by_run.setdefault(attempt.key, []).append(attempt)
    if not allow_holes:
        _require_whole(planned, by_run)
    if target.exists():
        raise ConfigError(f"{str(target)!r} is there already; name a new folder")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    unscored = sorted({task for history in histories for task in history.unscored})
    try:
        surplus = _write(partial, planned, unscored, by_run)
        for source in campaigns:
            _copy_new(source / "workspaces", partial / "workspaces")
        write(partial / "manifest.json", _united(campaigns, manifests))
        partial.replace(target)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}; free some space or name another") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Merged(
        folder=target, runs=len(planned), attempts=len(unique), duplicates=len(found) - len(unique), surplus=surplus
    )


def _rank(attempt: _Attempt) -> tuple[RunKey, str, int, bool, str]:
    """Sessions are named by the time of their start."""
    return attempt.key, attempt.session, attempt.number, not attempt.concluded, str(attempt.source)


def _same_attempt(attempt: _Attempt) -> tuple[RunKey, str, int, str]:
    """Equal for copies of one attempt; one that no session tells of is known by its outcome alone."""
    content = codec.dumps(codec.encode(attempt.outcome)) if attempt.outcome is not None and not attempt.session else ""
    return attempt.key, attempt.session, attempt.number, content


# What goes together


def _manifest(folder: Path) -> Mapping[str, Any]:
    path = folder / "manifest.json"
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path} cannot be read: {error}; restore it") from None
    if not isinstance(data, dict):
        raise StoreError(f"{path} is no manifest: it holds no JSON object; restore it")
    return data


def _require_same(campaigns: Sequence[Path], manifests: Sequence[Mapping[str, Any]]) -> None:
    first = manifests[0]
    for folder, manifest in zip(campaigns, manifests, strict=True):
        rebuilt = other_images(first, manifest)
        if rebuilt:
            raise ConfigError(
                f"{campaigns[0].name} and {folder.name} are different measurements: the image {rebuilt[0]!r} stood for "
                "something else in each; compare them"
            )
        if manifest.get("identity") == first.get("identity"):
            continue
        names = sorted({*first, *manifest} - _UNMEASURED)
        names = [name for name in names if first.get(name) != manifest.get(name)] or ["isolation"]
        told = "; ".join(f"{name} {_brief(first.get(name))} and {_brief(manifest.get(name))}" for name in names[:_MOST])
        raise ConfigError(f"{campaigns[0].name} and {folder.name} are different measurements: {told}; compare them")


def _brief(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - one line


def _planned(campaigns: Sequence[Path], histories: Sequence[History]) -> dict[RunKey, str]:
    digests: dict[str, tuple[str, Path]] = {}
    planned: dict[RunKey, str] = {}
    for folder, history in zip(campaigns, histories, strict=True):
        for key, digest in history.planned.items():
            known, where = digests.setdefault(key.task, (digest, folder))
            if known != digest:
                raise ConfigError(
                    f"{key.task} is not the same task in {where.name} and {folder.name}: "
                    f"{known[:19]}… and {digest[:19]}…; results of different digests never mix"
                )
            planned[key] = digest
    if not planned:
        raise ConfigError(f"{', '.join(folder.name for folder in campaigns)}: no run was planned; nothing to merge")
    return dict(sorted(planned.items()))


def _require_whole(planned: Mapping[RunKey, str], by_run: Mapping[RunKey, Sequence[_Attempt]]) -> None:
    """Every planned run is concluded, and every task has the same runs, from 1 on."""
    missing = [key for key in planned if not any(attempt.concluded for attempt in by_run.get(key, ()))]
    most = max(key.run for key in planned)
    for task, model in sorted({(key.task, key.model) for key in planned}):
        wanted = (RunKey(task=task, model=model, run=run) for run in range(1, most + 1))
        missing += [key for key in wanted if key not in planned]
    if missing:
        names = [key.folder for key in sorted(missing)]
        more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
        raise ConfigError(
            f"{len(names)} runs are missing: {', '.join(names[:_MOST])}{more}; "
            "add the campaign that holds them, or --allow-holes"
        )


# The parts


def _attempts(folder: Path) -> list[_Attempt]:
    """Every attempt that a campaign's journal tells the end of."""
    ended: dict[tuple[RunKey, int], _Attempt] = {}
    outcomes: dict[RunKey, Outcome] = {}
    for record in records(folder / "journal.jsonl"):
        if record.get("kind") == "attempt_ended":
            key, number = row_key(record["key"]), record["attempt"]
            superseded = record["superseded"]
            ended[key, number] = _Attempt(
                key=key,
                session=record["session"],
                number=number,
                infra=record["infra"],
                outcome=None if superseded is None else codec.decode(Outcome, superseded),
                concluded=False,
                source=folder,
                told={name: record[name] for name in _TOLD if name in record},
            )
        elif record.get("kind") == "concluded":
            outcomes[row_key(record["key"])] = codec.decode(Outcome, record["outcome"])
    for key, outcome in outcomes.items():
        known = ended.get((key, outcome.attempt))
        if known is not None:
            ended[key, outcome.attempt] = replace(known, outcome=outcome, concluded=True)
        else:  # concluded without a rollout: a checker whose set-up failed, or a synthetic record
            ended[key, outcome.attempt] = _Attempt(
                key=key,
                session="",
                number=outcome.attempt,
                infra=None,
                outcome=outcome,
                concluded=True,
                source=folder,
            )
    return list(ended.values())


# The whole


def _write(
    target: Path, planned: Mapping[RunKey, str], unscored: Iterable[str], by_run: Mapping[RunKey, Sequence[_Attempt]]
) -> int:
    """Lay the journal and the runs down; gives how many concluded attempts do not count."""
    rows = [{"key": key_row(key), "digest": digest} for key, digest in planned.items()]
    lines = [_line("planned", runs=rows, unscored=list(unscored), session=SESSION)]
    surplus = 0
    for key in sorted(by_run):
        attempts = by_run[key]
        counting = next((one for one in attempts if one.settled), None)
        counting = counting or next((one for one in reversed(attempts) if one.concluded), None)
        for number, attempt in enumerate(attempts, start=1):
            counts = attempt is counting
            surplus += attempt.concluded and not counts
            lines += _told(attempt, number, counts=counts)
            _copy(attempt, target, number, counts=counts)
    write(target / "journal.jsonl", b"".join(lines))
    return surplus


def _told(attempt: _Attempt, number: int, *, counts: bool) -> list[bytes]:
    """The records of one attempt under its new number."""
    row = key_row(attempt.key)
    outcome = None if attempt.outcome is None else codec.encode(replace(attempt.outcome, attempt=number))
    lines = [
        _line("attempt_started", key=row, session=attempt.session),
        _line(
            "attempt_ended",
            key=row,
            session=attempt.session,
            attempt=number,
            infra=attempt.infra,
            superseded=None if counts else outcome,
            **attempt.told,
        ),
    ]
    return [*lines, _line("concluded", key=row, outcome=outcome)] if counts else lines


def _line(kind: str, **fields: object) -> bytes:
    return json.dumps({"v": VERSION, "kind": kind, **fields}, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _copy(attempt: _Attempt, target: Path, number: int, *, counts: bool) -> None:
    source = attempt_folder(attempt.source, attempt.key, attempt.number)
    home = attempt_folder(target, attempt.key, number)
    if source.is_dir():
        shutil.copytree(source, home, symlinks=True)
    if counts and attempt.outcome is not None:
        outcome = codec.encode(replace(attempt.outcome, attempt=number))
        write(home / "outcome.json", (codec.dumps(outcome) + "\n").encode())


def _copy_new(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(source.iterdir()):
            if path.is_file() and not (target / path.name).exists():
                shutil.copyfile(path, target / path.name)


def _tasks(manifest: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    tasks = manifest.get("tasks")
    return tasks.items() if isinstance(tasks, Mapping) else ()


def _united(campaigns: Sequence[Path], manifests: Sequence[Mapping[str, Any]]) -> bytes:
    """The manifest of the first campaign by its time, with the tasks of all and the names of the parts."""

    def age(manifest: Mapping[str, Any]) -> tuple[str, str]:
        clock = manifest.get("clock")
        created = str(clock.get("created_at", "")) if isinstance(clock, Mapping) else ""
        return created, json.dumps(manifest, sort_keys=True)

    ordered = sorted(zip(manifests, campaigns, strict=True), key=lambda pair: (age(pair[0]), pair[1].name))
    tasks = {name: about for manifest, _ in reversed(ordered) for name, about in _tasks(manifest)}
    parts = [
        {"campaign": folder.name, "clock": manifest.get("clock"), "host": manifest.get("host")}
        for manifest, folder in ordered
    ]
    merged = {**ordered[0][0], "tasks": tasks, "merged": parts}
    return (json.dumps(merged, indent=2, sort_keys=True) + "\n").encode()
