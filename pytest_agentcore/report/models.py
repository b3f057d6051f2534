"""Names of models, and the rows that others published: data of this package, read where they are needed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.scoring.statistics import wilson
from pytest_agentcore.store.campaign import slug

NOTE = "published, not run here"
_FILES = ("agentic_core_v1.json",)
_REVISION = re.compile(r"-(?:\d{8}|latest|preview)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A result that somebody else printed. It shares no task digest with anything that was run here."""

    model: str
    passed: int
    runs: int
    cost_per_pass_usd: Decimal | None
    seed: str
    """Title of the text."""
    as_of: str
    """ISO date that the text names."""
    as_of_exact: bool
    """False: the text names no date, and is of that day or later."""
    note: str = ""
    tasks: Mapping[str, int] | None = None
    """Task number -> passed runs, where the text says."""

    @property
    def interval(self) -> Interval | None:
        """Wilson's, for of most rows nobody knows the tasks."""
        return wilson(self.passed, self.runs)

    @property
    def as_of_text(self) -> str:
        """The date, with ``or later`` where that is all that is known."""
        return self.as_of if self.as_of_exact else f"{self.as_of} or later"


def published(suite: str) -> list[Published]:
    """The published rows of a suite, by its name in whatever spelling."""
    found = [data for data in _documents() if slug(data["suite"]) == slug(suite.replace("_", "-"))]
    return [_row(row) for data in found for row in data["rows"]]


def display_name(model: str) -> str:
    """One name for all spellings of a model: its alias in the table, else the name as it is.

    A provider's prefix, a date and ``latest`` at its end, upper case and separators make no difference.
    """
    return _aliases().get(_plain(model), model)


def mentions(text: str) -> list[tuple[int, str]]:
    """Where a text names a model of the table, and by which spelling; the longest spelling at each place."""
    return [(found.start(), found.group()) for found in _mention().finditer(text)]


def _plain(model: str) -> str:
    name = slug(model).rsplit("/", 1)[-1]
    bare = slug(model.rsplit("/", 1)[-1].split("@", 1)[0])
    if model.startswith("bedrock/"):
        _, _, bare = name.partition("-")  # the vendor, which bedrock puts before the name
    return _REVISION.sub("", bare).replace(".", "-")


def _row(row: Mapping[str, Any]) -> Published:
    cost = row["cost_per_pass_usd"]
    return Published(
        model=row["model"],
        passed=row["passed"],
        runs=row["runs"],
        cost_per_pass_usd=None if cost is None else Decimal(cost),
        seed=row["seed"],
        as_of=row["as_of"],
        as_of_exact=row["as_of_exact"],
        note=row.get("note", ""),
        tasks=row.get("tasks"),
    )


@cache
def _documents() -> Sequence[Mapping[str, Any]]:
    folder = resources.files("pytest_agentcore.report") / "published"
    return [json.loads((folder / name).read_text(encoding="utf-8")) for name in _FILES]


@cache
def _mention() -> re.Pattern[str]:
    names = {
        name for data in _documents() for name, spellings in data["aliases"].items() for name in (name, *spellings)
    }
    loose = (
        "[ -]".join(map(re.escape, re.split("[ -]", name))) for name in sorted(names, key=lambda one: (-len(one), one))
    )
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(loose)})(?![\w-]|\.\d)", re.IGNORECASE)


@cache
def _aliases() -> Mapping[str, str]:
    return {
        _plain(spelling): name
        for data in _documents()
        for name, spellings in data["aliases"].items()
        for spelling in (name, *spellings)
    }
