"""Campaign folders: found again by what they measure, held by one session, filled run by run.

A campaign is one suite × model × agent × parameters × sandbox level. The same identity and unfinished: it is resumed
and nothing that was paid for is run again. Finished: a new folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import ConfigError, StoreError
from pytest_agentcore.store import codec, frozen
from pytest_agentcore.store.history import History, key_row
from pytest_agentcore.store.journal import Journal
from pytest_agentcore.store.rollouts import attempt_folder, before_file, read_rollout


class Campaign:
    """One campaign's folder, as a process that fills it sees it."""

    def __init__(self, folder: Path, *, session: str) -> None:
        self.folder = folder
        self.session = session
        self.history = History.read(folder / "journal.jsonl")
        self.journal = Journal(folder / "journal.jsonl")

    @property
    def name(self) -> str:
        """What the campaign is called: the name of its folder."""
        return self.folder.name

    def attempts_lost(self, key: RunKey) -> int:
        """Attempts of this session that began and never ended."""
        began = self.history.started.get(key, []).count(self.session)
        return began - self.history.stopped.get(key, []).count(self.session)

    def attempt_started(self, key: RunKey) -> int:
        """Note the start of an attempt; gives its number, 1-based over all sessions."""
        self.journal.append("attempt_started", key=key_row(key), session=self.session)
        self.history.attempt_started(key, self.session)
        return len(self.history.started[key])

    def check_started(self, key: RunKey) -> int:
        """Note that a run is about to be judged; gives how often processes of this session died over it."""
        begun = self.history.checks.get(key, [])
        died = sum(session == self.session and pid != os.getpid() for session, pid in begun)
        self.journal.append("check_started", key=key_row(key), session=self.session, pid=os.getpid())
        self.history.check_started(key, self.session, os.getpid())
        return died

    def attempt_ended(self, rollout: Rollout, *, trajectory: Mapping[str, Any], superseded: Outcome | None) -> None:
        """Put everything an attempt left on the disk, then say so.

        ``trajectory`` is the document for other people's tools; ``superseded`` is set when another attempt follows.
        """
        folder = self.run_folder(rollout.key, rollout.attempt)
        before = before_file(self.folder, rollout.workspace.before.digest)
        if not before.exists():
            write(before, frozen.freeze(rollout.workspace.before))
        write(folder / "workspace.tar.zst", frozen.freeze(rollout.workspace.snapshot))
        write(folder / "rollout.json", codec.dumps(_kept(rollout)).encode())
        write(folder / "trajectory.json", (codec.dumps(trajectory) + "\n").encode())
        self.journal.append(
            "attempt_ended",
            key=key_row(rollout.key),
            session=self.session,
            attempt=rollout.attempt,
            infra=rollout.infra,
            **({"halted": rollout.halted} if rollout.halted else {}),
            **({"carried": codec.encode(rollout.carried)} if rollout.carried is not None else {}),
            **({"record_fault": rollout.record_fault} if rollout.record_fault else {}),
            superseded=None if superseded is None else codec.encode(superseded),
        )
        self.history.attempt_ended(
            rollout.key,
            self.session,
            rollout.attempt,
            spoilt=rollout.infra is not None or rollout.halted is not None,
            superseded=superseded,
            carried=rollout.carried,
        )

    def kept(self, key: RunKey) -> Rollout | None:
        """The rollout of a run that was paid for in this campaign before; None when it has to be run."""
        number = self.history.ended.get(key)
        if number is None:
            return None
        return read_rollout(self.folder, key, number)

    def conclude(self, outcome: Outcome) -> None:
        """Write an outcome down; saying the same again changes nothing."""
        if self.history.concluded.get(outcome.key) == outcome:
            return
        data = codec.encode(outcome)
        write(self.run_folder(outcome.key, outcome.attempt) / "outcome.json", (codec.dumps(data) + "\n").encode())
        self.journal.append("concluded", key=key_row(outcome.key), outcome=data)
        self.history.concluded[outcome.key] = outcome

    def plan(self, runs: Mapping[RunKey, str], *, unscored: Iterable[str]) -> None:
        """Add runs (with their task digests) to what this campaign is to hold."""
        fresh = {key: digest for key, digest in sorted(runs.items()) if key not in self.history.planned}
        if fresh:
            rows = [{"key": key_row(key), "digest": digest} for key, digest in fresh.items()]
            fields = {"runs": rows, "unscored": sorted(set(unscored)), "session": self.session}
            self.journal.append("planned", **fields)
            self.history.add({"kind": "planned", **fields})

    def run_folder(self, key: RunKey, attempt: int) -> Path:
        """Where an attempt's files lie."""
        return attempt_folder(self.folder, key, attempt)

    def close(self) -> None:
        """Release the journal."""
        self.journal.close()


def read_record(folder: Path) -> CampaignRecord:
    """Everything a report is made from.

    Raises:
        StoreError: manifest or journal cannot be read.
    """
    manifest = _manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder / 'manifest.json'} is missing or broken; restore it or remove the folder")
    if not (folder / "journal.jsonl").exists():
        raise StoreError(f"{folder / 'journal.jsonl'} is missing; restore it or remove the folder")
    history = History.read(folder / "journal.jsonl")
    return CampaignRecord(
        manifest=manifest,
        folder=folder.name,
        planned=tuple(sorted(history.planned)),
        unscored=frozenset(history.unscored),
        outcomes=history.concluded,
        superseded=tuple(sorted(history.superseded, key=lambda outcome: (outcome.key, outcome.attempt))),
        digests={key.task: digest for key, digest in sorted(history.planned.items())},
        record_faults=tuple(history.record_faults),
    )


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        StoreError: the disk is full, read-only or gone.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        try:
            partial.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}; free some space or choose --agent-dir") from None


def _kept(rollout: Rollout) -> dict[str, Any]:
    """What of a rollout is kept beside its workspace."""
    return {
        "trajectory": codec.encode(rollout.trajectory),
        "before": rollout.workspace.before.digest,
        "created": list(rollout.workspace.created),
        "evidence": codec.encode(rollout.evidence),
        "usage": None if rollout.usage is None else codec.encode(rollout.usage),
        "resource": rollout.resource,
        "loss": None if rollout.loss is None else codec.encode(rollout.loss),
        "wall_s": round(rollout.wall_s, 3),
        "working_s": round(rollout.working_s, 3),
    }


def identity(measured: Mapping[str, Any]) -> str:
    """Digest of what makes two campaigns the same measurement."""
    text = json.dumps(measured, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def slug(name: str) -> str:
    """A model's or suite's name in a folder's name: ``bedrock/openai.gpt-oss-20b-1:0`` → ``openai-gpt-oss-20b``."""
    if name.startswith("bedrock/"):
        name = re.sub(r"-\d+:\d+$", "", name.removeprefix("bedrock/"))
        name = name.removeprefix("converse/")
        name = name.replace(".", "-", 1)
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")


@dataclass(frozen=True, slots=True)
class Held:
    """A campaign that this session holds."""

    folder: Path
    resumed: int
    """Runs of this session's plan that the folder already holds, settled."""
    lock: int
    """Descriptor whose lock says that the campaign is in use; released when its process ends."""


def hold(
    directory: Path,
    *,
    manifest: Mapping[str, Any],
    date: str,
    runs: Mapping[RunKey, str],
    unscored: Iterable[str],
    session: str,
    rerun: bool,
) -> Held:
    """Find the unfinished campaign of this identity or begin one, and lock it.

    Raises:
        ConfigError: another session holds it.
        StoreError: the folder cannot be written.
    """
    campaigns = directory / "campaigns"
    try:
        campaigns.mkdir(parents=True, exist_ok=True)
        gate = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{directory} cannot be written: {error.strerror}; choose another --agent-dir") from None
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        found = None if rerun else _unfinished(campaigns, manifest, runs)
        folder = found or _new_folder(campaigns, date, manifest)
        lock = _lock(folder)
        whole = manifest if found is None else _with_images(_manifest(found), manifest)
        if whole is not None:
            write(folder / "manifest.json", (json.dumps(whole, indent=2, sort_keys=True) + "\n").encode())
        campaign = Campaign(folder, session=session)
        campaign.plan(runs, unscored=unscored)
        resumed = len(runs) - len(campaign.history.unsettled(runs))
        campaign.close()
    finally:
        os.close(gate)
    return Held(folder, resumed, lock)


def _unfinished(campaigns: Path, wanted: Mapping[str, Any], runs: Mapping[RunKey, str]) -> Path | None:
    """The newest campaign of this identity, if it still has something to do for these runs or its own."""
    same = [
        (manifest["clock"]["created_at"], folder)
        for folder in campaigns.iterdir()
        if (manifest := _manifest(folder)) is not None and manifest["identity"] == wanted["identity"]
    ]
    if not same:
        return None
    folder = max(same)[1]
    history = History.read(folder / "journal.jsonl")
    agree = all(history.planned.get(key, digest) == digest for key, digest in runs.items())
    agree = agree and not other_images(_manifest(folder) or {}, wanted)
    return folder if agree and history.unsettled({*history.planned, *runs}) else None


def other_images(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Images of tasks that two manifests both name and that stood for different things."""
    first, second = one.get("images", {}), other.get("images", {})
    return sorted(name for name in first.keys() & second.keys() if first[name] != second[name])


def _with_images(stored: Mapping[str, Any] | None, manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stored manifest with what this session's tasks add to its images; None where they add nothing."""
    known = (stored or {}).get("images", {})
    added = manifest.get("images", {})
    return {**(stored or {}), "images": {**known, **added}} if added.keys() - known.keys() else None


def _manifest(folder: Path) -> Mapping[str, Any] | None:
    """The manifest of a campaign's folder; None where its maker died before it was written."""
    try:
        manifest: Mapping[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return manifest if isinstance(manifest, dict) else None


def _new_folder(campaigns: Path, date: str, manifest: Mapping[str, Any]) -> Path:
    apart = {"profile": "1x", "variant": "canonical"}
    others = [str(manifest.get(axis, usual)) for axis, usual in apart.items() if manifest.get(axis, usual) != usual]
    others += ["replay"] if "replay_of" in manifest else []
    name = "-".join([date, slug(manifest["model"]), slug(manifest["suite"]), *map(slug, others)])
    number = 1
    while True:
        folder = campaigns / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}; choose another --agent-dir") from None
        else:
            return folder


def _lock(folder: Path) -> int:
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}; choose another --agent-dir") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise ConfigError(
            f"campaign {folder.name} is in use by another session; wait for it, or choose another --agent-dir"
        ) from None
    return descriptor
