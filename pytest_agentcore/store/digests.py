"""``digests.json`` beside a suite's ``suite.yaml``: what the tasks of each version were.

::

    {"1.0.0": {"task_01_fix_failing_test": "sha256:…", …}}

A suite may also name the digests of its present version in ``suite.yaml`` itself, under ``digests``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_agentcore.errors import ConfigError, StoreError

FILE = "digests.json"
SUITE_FILE = "suite.yaml"


def pinned(folder: Path, version: str) -> Mapping[str, str] | None:
    """Task id → digest as a suite's version pins them; None where the suite pins nothing at all.

    Raises:
        ConfigError: a file of digests that is none.
    """
    versions = _versions(folder)
    named = _named_in_suite_file(folder)
    if versions is None and named is None:
        return None
    return {**((versions or {}).get(version) or {}), **(named or {})}


def pin(folder: Path, version: str, digests: Mapping[str, str]) -> bool:
    """Write the digests of a suite's version; False when they stand there already.

    Raises:
        ConfigError: the version has other digests already, so it needs a new number; or the file is none.
        StoreError: the file cannot be written.
    """
    versions = dict(_versions(folder) or {})
    known = versions.get(version)
    if known == dict(digests):
        return False
    if known is not None:
        differing = sorted(task for task in {*known, *digests} if known.get(task) != digests.get(task))
        raise ConfigError(
            f"{folder / FILE} has other digests for version {version}: {', '.join(differing)}; "
            f"raise the version in {SUITE_FILE}, and say in its changelog what changed"
        )
    versions[version] = dict(sorted(digests.items()))
    try:
        (folder / FILE).write_text(json.dumps(versions, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder / FILE} cannot be written: {error.strerror}") from None
    return True


def _versions(folder: Path) -> Mapping[str, Mapping[str, str]] | None:
    path = folder / FILE
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; restore it") from None
    if not isinstance(data, dict) or not all(_is_texts(entry) for entry in data.values()):
        raise ConfigError(f"{path} must map versions to mappings of task ids to digests; restore it")
    return data


def _named_in_suite_file(folder: Path) -> Mapping[str, str] | None:
    path = folder / SUITE_FILE
    if not path.is_file():
        return None
    import yaml

    try:
        data = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, OSError, UnicodeDecodeError):
        return None  # whoever reads the suite says so
    named = data.get("digests") if isinstance(data, dict) else None
    if named is not None and not _is_texts(named):
        raise ConfigError(f"{path}: digests must map task ids to digests, not {named!r}")
    return named


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)
