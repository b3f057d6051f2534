"""What a session needs before its first run: walls, the gateway, and campaigns that it holds."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.agent.loop import system_prompt
from pytest_agentcore.collection import Planned, shown
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.ports import Model, Sandbox
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import AgentCoreError, ConfigError, ModelUnavailable
from pytest_agentcore.groups import CampaignKey, Group, manifest
from pytest_agentcore.model import scripted
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.options import Settings
from pytest_agentcore.rollout.attempt import Harness
from pytest_agentcore.rollout.scenario import solution
from pytest_agentcore.sandbox.choice import at_least, open_sandbox, probe
from pytest_agentcore.sandbox.contents import adopt_masks, found_masks
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import Campaign, Held, hold


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
        isolation = probe(settings.sandbox, image=settings.image, runtime=settings.runtime)
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
        run = f"{opened.session}/{task.suite}/{key.folder}/{key.model}/{task.profile}/{number}"
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
                manifest=manifest(
                    group,
                    isolation=opened.isolation,
                    system_prompt=opened.system_prompt,
                    settings=settings,
                    spec=specs[group.model],
                    now=now,
                ),
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
