"""What a session needs before its first run: walls, the gateway, and campaigns that it holds."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore._version import __version__
from pytest_agentcore.agent.loop import system_prompt
from pytest_agentcore.agent.tools import CONTRACT
from pytest_agentcore.collection import Planned, shown
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.ports import Model, Sandbox
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import AgentCoreError, ConfigError, ModelUnavailable
from pytest_agentcore.model import scripted
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.options import Settings
from pytest_agentcore.rollout.attempt import Harness
from pytest_agentcore.rollout.scenario import solution
from pytest_agentcore.sandbox.choice import at_least, open_sandbox, probe
from pytest_agentcore.sandbox.contents import adopt_masks, found_masks
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import Campaign, Held, hold, identity

CampaignKey = tuple[str, str]
"""(suite, model as shown)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What every process of a session shares; its JSON form crosses to workers."""

    session: str
    isolation: Isolation
    gateway: tuple[str, str] | None
    """Address and control secret of the gateway; None when every model is scripted."""
    system_prompt: str

    def dump(self) -> dict[str, Any]:
        """As builtins."""
        return {
            "session": self.session,
            "isolation": codec.encode(self.isolation),
            "gateway": self.gateway and list(self.gateway),
            "system_prompt": self.system_prompt,
            "masks": found_masks(),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Opened:
        """From what :meth:`dump` gave."""
        adopt_masks(data["masks"])
        address = data["gateway"]
        return cls(
            session=data["session"],
            isolation=codec.decode(Isolation, data["isolation"]),
            gateway=(address[0], address[1]) if address else None,
            system_prompt=data["system_prompt"],
        )


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
    runs: tuple[PlannedRun, ...]
    unscored: tuple[str, ...]
    tasks: Mapping[str, Any]
    """What the manifest says of each task: digest and budgets."""
    min_score: int | None = None

    @property
    def key(self) -> CampaignKey:
        """Suite and model."""
        return self.suite, self.model


def groups_of(planned: Sequence[Planned]) -> list[Group]:
    """The plan by campaign."""
    entries: dict[CampaignKey, list[Planned]] = {}
    for entry in planned:
        entries.setdefault((entry.suite.name, entry.key.model), []).append(entry)
    return [
        Group(
            suite=group[0].suite.name,
            suite_version=group[0].suite.version,
            model=group[0].key.model,
            runs=tuple(PlannedRun(key=entry.key, digest=entry.task.digest) for entry in group),
            unscored=tuple(sorted({entry.key.task for entry in group if not entry.task.scored})),
            tasks={entry.key.task: {"digest": entry.task.digest, **_budgets(entry.task)} for entry in group},
            min_score=group[0].suite.min_score,
        )
        for _, group in sorted(entries.items())
    ]


def specs_of(settings: Settings) -> dict[str, ModelSpec]:
    """The chosen models by the name under which they are shown.

    Raises:
        pytest.UsageError: one that cannot be understood, or two of the same name.
    """
    specs: dict[str, ModelSpec] = {}
    for text in settings.models:
        try:
            spec = parse(text)
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
        if specs.setdefault(shown(text), spec) != spec:
            raise pytest.UsageError(
                f"--agent-model={text}: another model is called {shown(text)!r} already; rename one"
            )
    return specs


def choose_isolation(settings: Settings, specs: Mapping[str, ModelSpec]) -> Isolation:
    """Try the sandbox level that was asked for, and refuse less than was required.

    Raises:
        pytest.UsageError: not to be had here.
    """
    try:
        isolation = probe(settings.sandbox)
    except AgentCoreError as error:
        raise pytest.UsageError(f"--agent-sandbox={settings.sandbox}: {error}") from None
    required = settings.require_isolation
    if required is not None and not at_least(isolation.level, required):
        raise pytest.UsageError(
            f"--agent-require-isolation={required}: only {isolation.level} here: {isolation.reason}"
        )
    real = [name for name, spec in specs.items() if spec.wire != "scripted"]
    if isolation.level == "process" and settings.sandbox == "auto" and real:
        raise pytest.UsageError(
            f"{real[0]} would run without isolation ({isolation.reason}); --agent-sandbox=process allows it by name"
        )
    return isolation


def prompt_of(settings: Settings) -> str:
    """The system prompt of this session."""
    if settings.prompt_file is None:
        return system_prompt()
    return settings.prompt_file.read_text(encoding="utf-8").strip()


def new_session() -> str:
    """A name for this session that no other has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def make_harness(opened: Opened, settings: Settings, specs: Mapping[str, ModelSpec], masks: Sequence[Path]) -> Harness:
    """How runs of this session get sandboxes and models."""

    def sandbox(task: Task) -> Sandbox:
        return open_sandbox(opened.isolation, limits=task.limits, masks=masks)

    def model(key: RunKey, number: int, task: Task) -> Model:
        spec = specs[key.model]
        if spec.wire == "scripted":
            return scripted.ScriptedModel(solution(task, spec.model))
        from pytest_agentcore.model.client import Address, GatewayModel

        assert opened.gateway is not None  # noqa: S101 - started whenever a model is not scripted
        run = f"{opened.session}/{task.suite}/{key.folder}/{key.model}/{number}"
        return GatewayModel(Address(url=opened.gateway[0], secret=opened.gateway[1]), spec, run, settings.model_args)

    return Harness(open_sandbox=sandbox, open_model=model, metered=metered, system_prompt=opened.system_prompt)


def metered(model: Model) -> Usage | None:
    """What the gateway counted for a run; None for a model that does not pass it."""
    ledger = getattr(model, "ledger", None)
    if ledger is None:
        return None
    try:
        return _usage(ledger())
    except ModelUnavailable:
        return None  # the gateway is gone, and what it counted with it: the trajectory's own sum stands


def _usage(ledger: Mapping[str, Any]) -> Usage | None:
    if not ledger:
        return None
    cost = ledger["cost_usd"]
    return Usage(calls=ledger["calls"], cost_usd=None if cost is None else Decimal(cost), **ledger["usage"])


def check_solutions(planned: Sequence[Planned], specs: Mapping[str, ModelSpec]) -> None:
    """Refuse a scripted model whose solution a task does not have.

    Raises:
        pytest.UsageError: no such solution, or a broken file.
    """
    for entry in planned:
        spec = specs[entry.key.model]
        if spec.wire == "scripted":
            try:
                solution(entry.task, spec.model)
            except ConfigError as error:
                raise pytest.UsageError(f"task {entry.key.task}: {error}") from None


def masks_of(planned: Sequence[Planned]) -> list[Path]:
    """Folders that no sandbox may show: every suite and every task's own folder."""
    return sorted({entry.suite.root or entry.task.folder for entry in planned})


def hold_campaigns(
    groups: Sequence[Group], opened: Opened, settings: Settings, specs: Mapping[str, ModelSpec]
) -> dict[CampaignKey, Held]:
    """Lock one campaign per suite and model, resumed or new.

    Raises:
        pytest.UsageError: one is in use, or the folder cannot be written.
    """
    now = datetime.now(UTC)
    try:
        return {
            group.key: hold(
                settings.directory,
                manifest=manifest(group, opened, settings, specs[group.model], now),
                date=f"{now:%Y-%m-%d}",
                runs={run.key: run.digest for run in group.runs},
                unscored=group.unscored,
                session=opened.session,
                rerun=settings.rerun,
            )
            for group in groups
        }
    except AgentCoreError as error:
        raise pytest.UsageError(str(error)) from None


def attach(folders: Mapping[CampaignKey, Path], session: str) -> dict[CampaignKey, Campaign]:
    """The campaigns as this process fills them."""
    return {group: Campaign(folder, session=session) for group, folder in folders.items()}


def manifest(group: Group, opened: Opened, settings: Settings, spec: ModelSpec, now: datetime) -> dict[str, Any]:
    """What exactly the harness was: everything that may move a score, and who made the measurement when."""
    isolation = codec.encode(opened.isolation)
    measured = {
        "suite": group.suite,
        "suite_version": group.suite_version,
        "model": shown(spec.name),
        "endpoint": spec.url,
        "parameters": settings.model_args,
        "agent": "builtin",
        "harness": f"pytest-agentcore@{__version__}",
        "tool_contract": CONTRACT,
        "system_prompt": opened.system_prompt,
        "profile": "1x",
        "variant": settings.variant,
        "isolation": {"level": opened.isolation.level, "enforced": opened.isolation.enforced},
    }
    return {
        "format": 1,
        **measured,
        "identity": identity(measured),
        "isolation": isolation,
        "tasks": group.tasks,
        "retry_policy": {
            "infra_retries": settings.infra_retries,
            "api_retries": settings.api_retries,
            "api_timeout_s": settings.api_timeout_s,
        },
        "order": "interleaved",
        "prices": _prices() if spec.wire != "scripted" else None,
        "host": {"system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count()},
        "options": {"concurrency": settings.concurrency, "min_coverage": settings.min_coverage},
        "clock": {"created_at": now.isoformat()},
    }


def _budgets(task: Task) -> dict[str, Any]:
    return {
        "max_turns": task.max_turns,
        "max_tokens": task.max_tokens,
        "timeout_s": task.timeout_s,
        "tools": list(task.tools),
        "limits": {name: value for name, value in codec.encode(task.limits).items() if name != "version"},
    }


def _prices() -> dict[str, str]:
    from pytest_agentcore.model import pricing

    return {"source": pricing.table_version(), "digest": pricing.table_digest()}
