"""Predictions on the disk: the author's file as it was, its digest, and when it was handed in.

::

    predictions/<first 12 digits>/prediction.yaml    the bytes that were registered
    predictions/<first 12 digits>/registered.json    their digest, the time, and the campaigns that were there already
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_agentcore.errors import StoreError
from pytest_agentcore.store.campaign import write

FORMAT = 1
_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A prediction as it was handed in."""

    name: str
    """First digits of its digest, by which it is called."""
    sha256: str
    registered_at: str
    """UTC, ISO 8601, by this machine's clock."""
    existed: tuple[str, ...]
    """Campaigns of what it is about that were there already."""
    data: bytes
    """The file."""

    @property
    def changed(self) -> bool:
        """Is the file no longer the one that was registered?"""
        return hashlib.sha256(self.data).hexdigest() != self.sha256


def register(directory: Path, data: bytes, *, existed: Sequence[str], now: datetime | None = None) -> Registered:
    """Keep a prediction; one that is registered already keeps its time.

    Raises:
        StoreError: it cannot be written.
    """
    digest = hashlib.sha256(data).hexdigest()
    folder = directory / "predictions" / digest[:_SHOWN]
    if not (folder / "registered.json").exists():
        told = {
            "format": FORMAT,
            "sha256": digest,
            "registered_at": (now or datetime.now(UTC)).isoformat(),
            "existed": sorted(existed),
        }
        write(folder / "prediction.yaml", data)
        write(folder / "registered.json", (json.dumps(told, indent=2, sort_keys=True) + "\n").encode())
    return read(folder)


def registered(directory: Path) -> list[Registered]:
    """All predictions, the oldest first.

    Raises:
        StoreError: one cannot be read.
    """
    folders = (path.parent for path in (directory / "predictions").glob("*/registered.json"))
    return sorted(map(read, folders), key=lambda one: (one.registered_at, one.sha256))


def read(folder: Path) -> Registered:
    """One registered prediction; the caller looks whether it was changed.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        told = json.loads((folder / "registered.json").read_bytes())
        if told["format"] > FORMAT:
            raise StoreError(f"{folder} has format {told['format']!r}, newer than {FORMAT}; upgrade pytest-agentcore")
        return Registered(
            name=folder.name,
            sha256=str(told["sha256"]),
            registered_at=datetime.fromisoformat(told["registered_at"]).astimezone(UTC).isoformat(),
            existed=tuple(map(str, told["existed"])),
            data=(folder / "prediction.yaml").read_bytes(),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{folder} is no registered prediction ({error}); restore it or remove the folder") from None
