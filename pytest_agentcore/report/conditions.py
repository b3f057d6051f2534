"""Under which conditions a campaign was measured, and in what two campaigns differ."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WHO = ("model", "endpoint")
"""What a ranking ranks."""
CONDITIONS = (
    "suite",
    "suite_version",
    "agent",
    "profile",
    "policies",
    "variant",
    "isolation.level",
    "isolation.enforced",
    "isolation.network",
    "isolation.image_id",
    "isolation.runtime",
    "images",
    "parameters",
    "system_prompt",
    "tool_contract",
    "harness",
)
"""What may move a score besides the model, by its place in the manifest, the most telling first."""
CIRCUMSTANCES = ("isolation.software", "retry_policy", "prices", "host", "order", "options")
"""What should not move one, and is told."""
_TOLD_ELSEWHERE = frozenset({*WHO, *CIRCUMSTANCES, "isolation", "format", "identity", "clock", "tasks"})
_NOT_SAID = "not said"
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place in which manifests differ."""

    what: str
    values: tuple[str, ...]
    """As shown, one a campaign."""
    condition: bool
    """May it move a score?"""


def differences(manifests: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Where these manifests differ: the model and its endpoint first, then conditions, then circumstances."""
    found: list[Difference] = []
    for place in (*WHO, *_conditions(manifests), *CIRCUMSTANCES):
        tables = [_flat(place, _at(manifest, place)) for manifest in manifests]
        for name in sorted({name for table in tables for name in table}):
            values = tuple(table.get(name, _NOT_SAID) for table in tables)
            if len(set(values)) > 1:
                shown = tuple(_shown(value) for value in values)
                found.append(Difference(what=name, values=shown, condition=place not in CIRCUMSTANCES))
    return found


def conditions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Every condition but the model, as text, for campaigns that may be ranked together."""
    flat: dict[str, str] = {}
    for place in _conditions([manifest]):
        flat.update(_flat(place, _at(manifest, place)))
    return flat


def _conditions(manifests: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The known ones, and what a manifest has besides: what is not known to be harmless may move a score."""
    others = {str(name) for manifest in manifests for name in manifest} - _TOLD_ELSEWHERE - set(CONDITIONS)
    return (*CONDITIONS, *sorted(others))


def _at(manifest: Mapping[str, Any], place: str) -> Any:
    """What stands at a dotted place; ``isolation`` may be a level by itself."""
    head, _, rest = place.partition(".")
    value = manifest.get(head)
    if not rest:
        return value
    if isinstance(value, Mapping):
        return value.get(rest)
    return value if rest == "level" else None


def _flat(place: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        flat: dict[str, str] = {}
        for key in sorted(value, key=str):
            flat.update(_flat(f"{place}.{key}", value[key]))
        return flat
    return {} if value is None else {place: str(value)}


def _shown(value: str) -> str:
    """A value in a table: a long one by its digest, for its beginning would tell nothing of where it differs."""
    if len(value) <= _LONGEST and "\n" not in value:
        return value
    return f"sha256:{hashlib.sha256(value.encode('utf-8', 'backslashreplace')).hexdigest()[:12]} ({len(value):,} chars)"
