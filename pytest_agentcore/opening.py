"""What a session needs before its first run: walls, the gateway, and campaigns that it holds."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentcore.agent.loop import system_prompt
from pytest_agentcore.collection import Planned, shown
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.ports import Model, Sandbox
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.domain.rollout import WIRE_RECORD
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import AgentCoreError, ConfigError, ModelUnavailable, StoreError
from pytest_agentcore.groups import CampaignKey, Group, manifest
from pytest_agentcore.model import scripted
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.options import Settings
from pytest_agentcore.rollout.attempt import Harness, Metered
from pytest_agentcore.rollout.scenario import solution
from pytest_agentcore.sandbox.choice import at_least, open_sandbox, probe
from pytest_agentcore.sandbox.contents import adopt_masks, found_masks
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import Campaign, Held, hold
from pytest_agentcore.store.rollouts import attempt_folder

if TYPE_CHECKING:
    from pytest_agentcore.model.supervisor import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What every process of a session shares; its JSON form crosses to workers."""

    session: str
    isolation: Isolation
    gateway: tuple[str, str] | None
    """Address and control secret of the gateway; None when every model is scripted."""
    system_prompt: str
    images: Mapping[str, Isolation] = field(default_factory=dict)
    """What tasks with an image of their own run in, by its name."""

    def isolation_of(self, task: Task) -> Isolation:
        """The walls of a task's sandboxes."""
        return self.images[task.image] if task.image else self.isolation

    def dump(self) -> dict[str, Any]:
        """As builtins."""
        return {
            "session": self.session,
            "isolation": codec.encode(self.isolation),
            "gateway": self.gateway and list(self.gateway),
            "system_prompt": self.system_prompt,
            "images": dump_images(self.images),
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
            images=load_images(data["images"]),
        )


def dump_images(images: Mapping[str, Isolation]) -> dict[str, Any]:
    """The JSON form of :attr:`Opened.images`."""
    return {name: codec.encode(isolation) for name, isolation in images.items()}


def load_images(data: Mapping[str, Any]) -> dict[str, Isolation]:
    """From what :func:`dump_images` gave."""
    return {name: codec.decode(Isolation, isolation) for name, isolation in data.items()}


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
        return system_prompt() if settings.replay is None else str(settings.replay.manifest["system_prompt"])
    return settings.prompt_file.read_text(encoding="utf-8").strip()


def new_session() -> str:
    """A name for this session that no other has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def make_harness(
    opened: Opened,
    settings: Settings,
    specs: Mapping[str, ModelSpec],
    masks: Sequence[Path],
    folders: Mapping[CampaignKey, Path] = MappingProxyType({}),
) -> Harness:
    """How runs of this session get sandboxes and models; ``folders`` are its campaigns', for records of real models."""

    def sandbox(task: Task) -> Sandbox:
        return open_sandbox(opened.isolation_of(task), limits=task.limits, masks=masks)

    def model(key: RunKey, number: int, task: Task) -> Model:
        spec = specs[key.model]
        if spec.wire == "scripted":
            return scripted.ScriptedModel(solution(task, spec.model))
        from pytest_agentcore.model.client import Address, GatewayModel

        assert opened.gateway is not None  # noqa: S101 - started whenever a model is not scripted
        run = f"{opened.session}/{task.suite}/{key.folder}/{key.model}/{task.profile}/{number}"
        folder = folders[task.suite, key.model, task.profile]
        return GatewayModel(
            Address(url=opened.gateway[0], secret=opened.gateway[1]),
            spec,
            run,
            settings.model_args,
            terms_of(folder, key, number, settings),
        )

    return Harness(open_sandbox=sandbox, open_model=model, metered=metered, system_prompt=opened.system_prompt)


def terms_of(folder: Path, key: RunKey, number: int, settings: Settings) -> dict[str, Any]:
    """On which a run is registered with the gateway: its record, its campaign's money, and what is known already.

    An attempt that follows one that was cut off goes on from that one's record: what was paid for is not paid twice.

    Raises:
        StoreError: there is no room for the record.
    """
    home = attempt_folder(folder, key, number)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{home} cannot be made: {error.strerror}; choose another --agent-dir") from None
    terms: dict[str, Any] = {"record": str(home.absolute() / WIRE_RECORD)}
    if settings.replay is not None:
        return {**terms, "replay": str(settings.replay.wire_record(key))}
    earlier = [attempt_folder(folder, key, one).absolute() / WIRE_RECORD for one in range(1, number)]
    terms["resume"] = [str(path) for path in earlier if path.exists()]
    if settings.max_cost is not None:
        terms["campaign"] = {"folder": str(folder.absolute()), "cost_usd": str(settings.max_cost)}
    return terms


def metered(model: Model) -> Metered:
    """What the gateway says of a run; nothing for a model that does not pass it."""
    ask = getattr(model, "ledger", None)
    if ask is None:
        return Metered()
    try:
        ledger = ask()
    except ModelUnavailable:
        return Metered()  # the gateway is gone, and what it counted with it: the trajectory's own sum stands
    if not ledger:
        return Metered()
    usage = Usage(
        calls=ledger["calls"],
        cost_usd=_decimal(ledger["cost_usd"]),
        billed_usd=_decimal(ledger["billed_usd"]),
        billed_differs=ledger["cost_differs"],
        claimed_usd=_decimal(ledger["claimed_usd"]),
        claim_differs=ledger["claim_differs"],
        **ledger["usage"],
    )
    part = ledger["replayed"]
    carried = Usage(**{**part, "cost_usd": _decimal(part["cost_usd"])}) if part["calls"] else None
    return Metered(usage=usage, carried=carried, record_fault=(ledger["record"] or {}).get("fault"))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def check_answers(planned: Sequence[Planned], specs: Mapping[str, ModelSpec], settings: Settings) -> None:
    """Refuse a scripted model whose solution a task does not have, and a replay without a record of a run.

    Raises:
        pytest.UsageError: no such solution or record, or a broken file.
    """
    for entry in planned:
        if settings.replay is not None:
            try:
                settings.replay.wire_record(entry.key)
            except ConfigError as error:
                raise pytest.UsageError(f"--agent-replay: {error}") from None
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
    groups: Sequence[Group],
    opened: Opened,
    settings: Settings,
    specs: Mapping[str, ModelSpec],
    offer: Offer | None = None,
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
                    images=opened.images,
                    system_prompt=opened.system_prompt,
                    settings=settings,
                    spec=specs[group.model],
                    offer=offer,
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
