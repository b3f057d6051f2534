"""The runs of a session by the campaign that they belong into, and what its manifest says."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentcore._version import __version__
from pytest_agentcore.agent.tools import CONTRACT, SPECS
from pytest_agentcore.collection import Planned, shown
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.resources import Floor, Isolation, Limits, guaranteed
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import ToolSpec
from pytest_agentcore.domain.workspace import Snapshot
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.options import Settings
from pytest_agentcore.sandbox.capacity import capacity
from pytest_agentcore.sandbox.choice import enforced
from pytest_agentcore.scoring.estimate import TaskShape
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import identity

if TYPE_CHECKING:
    from pytest_agentcore.model.supervisor import Offer

CampaignKey = tuple[str, str, str]
"""(suite, model as shown, resource profile)."""


def campaign_key(entry: Planned) -> CampaignKey:
    """The campaign that a run belongs into."""
    return entry.suite.name, entry.key.model, entry.task.profile


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run and the digest of the task that it is a run of."""

    key: RunKey
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of one session that belong into one campaign; it can cross process borders."""

    suite: str
    suite_version: str
    model: str
    """As shown."""
    profile: str
    runs: tuple[PlannedRun, ...]
    unscored: tuple[str, ...]
    tasks: Mapping[str, Any]
    """What the manifest says of each task: digest and budgets."""
    floor: Floor
    """The most that one of its runs is guaranteed."""
    shapes: tuple[TaskShape, ...] = ()
    """What is known of each task's size, but for the system prompt's."""
    min_score: int | None = None

    @property
    def key(self) -> CampaignKey:
        """Suite, model and profile."""
        return self.suite, self.model, self.profile


def groups_of(planned: Sequence[Planned], before: Mapping[str, Snapshot]) -> list[Group]:
    """The plan by campaign; ``before`` are the workspaces that agents will find, by node id."""
    entries: dict[CampaignKey, list[Planned]] = {}
    for entry in planned:
        entries.setdefault(campaign_key(entry), []).append(entry)
    return [
        Group(
            suite=group[0].suite.name,
            suite_version=group[0].suite.version,
            model=group[0].key.model,
            profile=group[0].task.profile,
            runs=tuple(PlannedRun(key=entry.key, digest=entry.task.digest) for entry in group),
            unscored=tuple(sorted({entry.key.task for entry in group if not entry.task.scored})),
            tasks={entry.key.task: {"digest": entry.task.digest, **_budgets(entry.task)} for entry in group},
            floor=highest(entry.task.floor for entry in group),
            shapes=_shapes(group, before),
            min_score=group[0].suite.min_score,
        )
        for _, group in sorted(entries.items())
    ]


def _shapes(group: Sequence[Planned], before: Mapping[str, Snapshot]) -> tuple[TaskShape, ...]:
    runs = Counter(entry.key.task for entry in group)
    firsts = {entry.key.task: entry for entry in reversed(group)}
    return tuple(
        TaskShape(
            task=task,
            runs=runs[task],
            max_turns=entry.task.max_turns,
            instructions=len(entry.task.prompt) + sum(_told(SPECS[name]) for name in entry.task.tools),
            workspace=sum(one.size for one in before[entry.nodeid].entries if one.kind == "file"),
        )
        for task, entry in sorted(firsts.items())
    )


def _told(tool: ToolSpec) -> int:
    return len(tool.name) + len(tool.description) + len(json.dumps(dict(tool.parameters)))


def images_asked_for(groups: Iterable[Group]) -> dict[str, str]:
    """The images that tasks ask for by name, each with one that does."""
    tasks = {task: row["image"] for group in groups for task, row in group.tasks.items() if "image" in row}
    return {image: task for task, image in sorted(tasks.items())}


def highest(floors: Iterable[Floor]) -> Floor:
    """What a run of any of these needs."""
    every = list(floors)
    return Floor(
        cpus=max((floor.cpus for floor in every), default=0.0),
        memory_mb=max((floor.memory_mb for floor in every), default=0),
    )


def admitted(floor: Floor, settings: Settings) -> int:
    """How many runs may be in flight on this machine, each with its floor: the concurrency, or less.

    Raises:
        pytest.UsageError: not even one, or fewer than were asked for by name.
    """
    needed, there = guaranteed(floor, settings.policies), capacity()
    fits = settings.concurrency
    for name, of_run, of_machine in (
        ("cpus", needed.cpus, there.cpus),
        ("memory_mb", needed.memory_mb, there.memory_mb),
    ):
        holds = int(of_machine / of_run) if of_run else settings.concurrency
        if holds < 1 or (settings.concurrency_given and holds < settings.concurrency):
            raise pytest.UsageError(
                f"--agent-concurrency={settings.concurrency}: a run's floor of {name}={of_run:g} fits {holds} times "
                f"into this machine's {of_machine:g}; lower it, or drop the floor by --agent-enforce={name}=limit"
            )
        fits = min(fits, holds)
    return fits


def manifest(
    group: Group,
    *,
    isolation: Isolation,
    images: Mapping[str, Isolation],
    system_prompt: str,
    settings: Settings,
    spec: ModelSpec,
    offer: Offer | None,
    now: datetime,
) -> dict[str, Any]:
    """What exactly the harness was: everything that may move a score, and who made the measurement when."""
    replay = settings.replay
    prices = _prices(settings.price_file) if spec.wire != "scripted" else None
    if replay is not None:
        prices = replay.manifest["prices"]  # what was paid then, at the prices of then
    elif offer is not None and prices is not None:
        prices = offer.prices
    walls = {**codec.encode(isolation), "enforced": _enforced(group, isolation)}
    measured = {
        "suite": group.suite,
        "suite_version": group.suite_version,
        "model": shown(spec.name),
        "endpoint": spec.url,
        "parameters": settings.model_args,
        "agent": "builtin",
        "harness": f"pytest-agentcore@{__version__}",
        "tool_contract": CONTRACT,
        "system_prompt": system_prompt,
        "profile": group.profile,
        "variant": settings.variant,
        "isolation": {
            "level": isolation.level,
            "enforced": walls["enforced"],
            **({"image": isolation.image_id, "runtime": isolation.runtime} if isolation.image_id else {}),
        },
        **({"policies": settings.policies} if settings.policies else {}),
        **({"replay_of": replay.manifest["identity"]} if replay is not None else {}),
        **({"own_prices": prices["own"]} if prices and prices["own"] else {}),
    }
    return {
        "format": 1,
        **measured,
        "identity": identity(measured),
        "isolation": walls,
        **_own_images(group, images),
        "tasks": group.tasks,
        "retry_policy": {
            "infra_retries": settings.infra_retries,
            "api_retries": offer.api_retries if offer is not None else settings.api_retries,
            "api_timeout_s": offer.api_timeout_s if offer is not None else settings.api_timeout_s,
        },
        "order": "interleaved",
        "prices": prices,
        "host": {"system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count()},
        "options": {"concurrency": settings.concurrency, "min_coverage": settings.min_coverage},
        "clock": {"created_at": now.isoformat()},
    }


def _own_images(group: Group, images: Mapping[str, Isolation]) -> dict[str, Any]:
    """What the images of these tasks stood for. No part of the identity: that is the same whichever were selected."""
    own = sorted({task["image"] for task in group.tasks.values() if "image" in task})
    rows = {name: {"image_id": images[name].image_id, "calls": images[name].calls} for name in own}
    return {"images": rows} if rows else {}


def _enforced(group: Group, isolation: Isolation) -> dict[str, str]:
    """How each resource is held, over all tasks: a campaign that holds them differently is another measurement."""
    names = {entry.name for entry in fields(Limits)}
    found: dict[str, set[str]] = {}
    for task in group.tasks.values():
        limits = Limits(**{name: value for name, value in task["limits"].items() if name in names})
        for resource, how in enforced(isolation.level, limits).items():
            found.setdefault(resource, set()).add(how)
    return {resource: " or ".join(sorted(ways)) for resource, ways in sorted(found.items())}


def _budgets(task: Task) -> dict[str, Any]:
    return {
        "max_turns": task.max_turns,
        "max_tokens": task.max_tokens,
        "timeout_s": task.timeout_s,
        "tools": list(task.tools),
        "limits": {name: value for name, value in codec.encode(task.limits).items() if name != "version"},
        "floor": {"cpus": task.floor.cpus, "memory_mb": task.floor.memory_mb},
        **({"image": task.image} if task.image else {}),
        **_diagnosis(task),
    }


def _diagnosis(task: Task) -> dict[str, Any]:
    """So that evidence can be derived again where the suite is not at hand."""
    told = task.diagnosis
    return {} if told is None else {"diagnosis": {"states": list(told.states), "artefact": told.artefact}}


def _prices(file: Path | None) -> dict[str, str]:
    from pytest_agentcore.model.pricing import described

    return described(file)
