"""Every option and ini value, and the one place that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.option_values import (
    LEVELS,
    at_least,
    campaign_folder,
    default_to,
    dollars,
    enforcement,
    existing_file,
    parameters,
    positive,
    resource_profiles,
    sandbox_level,
    share,
    target_file,
    variant_seed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from pytest_agentcore.domain.resources import Policy
    from pytest_agentcore.store.replay import Source

OFF_MESSAGE = "an agent task runs when a model is named, e.g. --agent-model=scripted/reference"
MATERIAL = ("workspace", "hidden", "solutions")
"""Folders beside an agent test that hold its material: never collected, never imported."""
RUNNER = pytest.StashKey[Any]()
"""What runs agent items in this process; absent when the plugin is off."""


def add_options(parser: pytest.Parser) -> None:
    """Declare ``--agent-*`` and ``agent_*``; nothing else belongs to this plugin."""
    group = parser.getgroup("agent", "agentic benchmarks (pytest-agentcore)")
    add = group.addoption
    add(
        "--agent-model",
        action="append",
        metavar="MODEL",
        help="run agent tasks with this model (repeatable): scripted/SOLUTION, PROVIDER/NAME, or NAME@URL for any "
        "OpenAI-compatible endpoint",
    )
    add("--agent-suite", action="append", metavar="NAME", help="collect a suite that ships with the plugin")
    add("--agent-runs", type=int, metavar="N", help="runs of each task (default: the suite's file, else 3)")
    add("--agent-dir", metavar="DIR", help="where campaigns are kept (default: ini agent_dir, else .agentcore)")
    add(
        "--agent-sandbox",
        choices=LEVELS,
        help="isolation level (default: auto = namespace, else process; docker is asked for by name)",
    )
    add(
        "--agent-require-isolation",
        choices=LEVELS[1:],
        metavar="LEVEL",
        help="refuse to run with less isolation than this",
    )
    add(
        "--agent-resources",
        metavar="PROFILE,…",
        help="resource profiles, each a campaign of its own: 1x (default), 1.5x, 3x, …, uncapped times the tasks' "
        "ceilings",
    )
    add(
        "--agent-enforce",
        action="append",
        metavar="RESOURCE=POLICY",
        help="hold cpus, memory_mb, pids or disk_mb by limit, request, guarantee (default) or ignore (repeatable)",
    )
    add("--agent-image", metavar="NAME", help="image of --agent-sandbox=docker (default: pytest-agentcore image build)")
    add("--agent-runtime", metavar="NAME", help="container runtime of --agent-sandbox=docker, such as runsc")
    add("--agent-concurrency", type=int, metavar="N", help="runs in flight, over all workers (default: 8)")
    add("--agent-prompt", metavar="FILE", help="system prompt to use in place of the built-in one")
    add(
        "--agent-model-arg",
        action="append",
        metavar="KEY=VALUE",
        help="parameter of every model call, e.g. temperature=0 (repeatable; VALUE is JSON or text)",
    )
    add("--agent-key-file", metavar="FILE", help="NAME=value lines with provider keys, read by the gateway alone")
    add(
        "--agent-prices",
        metavar="FILE",
        help="prices per million tokens by model, JSON or YAML, over the bundled table",
    )
    add("--agent-gateway", metavar="FILE", help="use the pytest-agentcore gateway that left this file")
    add("--agent-api-timeout", type=float, metavar="SECONDS", help="longest single model call (default: 300)")
    add(
        "--agent-api-concurrency",
        type=int,
        metavar="N",
        help="model calls in flight to one provider (default: as many as its 429s allow)",
    )
    add(
        "--agent-max-cost",
        metavar="DOLLARS",
        help="what each campaign (suite, model, profile) may cost, over all its sessions; no call is begun that may "
        "exceed it, and a higher one goes on where it stopped",
    )
    add("--agent-dry-run", action="store_true", default=False, help="show what would be run and what it may cost")
    add(
        "--agent-replay",
        metavar="CAMPAIGN",
        help="give the model calls of this campaign's folder again, byte for byte: no model is called, nothing is paid",
    )
    add("--agent-api-retries", type=int, metavar="N", help="retries of a failed model call (default: 4)")
    add("--agent-infra-retries", type=int, metavar="N", help="new attempts after an infrastructure fault (default: 2)")
    add("--agent-min-coverage", type=float, metavar="SHARE", help="least share of valid runs (default: 1.0)")
    add("--agent-min-score", type=int, metavar="K", help="let score >= K and coverage alone decide the exit status")
    add(
        "--agent-variant",
        metavar="SEED",
        help="draw the tasks' names, numbers and culprits from this seed (default: canonical, the published ones)",
    )
    add("--agent-check", action="store_true", default=False, help="replay what the tasks test themselves with")
    add("--agent-check-variants", type=int, metavar="N", help="also check N drawn scenarios of each task (default: 0)")
    add("--agent-check-deadline", type=float, metavar="SECONDS", help="longest single call of a checker (default: 60)")
    add("--agent-check-json", metavar="FILE", help="also write the cards of --agent-check as JSON")
    add(
        "--agent-check-write-digests",
        action="store_true",
        default=False,
        help="pin the tasks of --agent-check: write their digests beside suite.yaml, and run nothing",
    )
    add("--agent-rerun", action="store_true", default=False, help="begin a new campaign even if one is unfinished")
    add("--agent-rescore", metavar="CAMPAIGN", help="judge the stored runs of this campaign's folder; nothing is run")
    add("--agent-rescore-json", metavar="FILE", help="also write what --agent-rescore found as JSON")
    parser.addini("agent_model", "default for --agent-model", type="args", default=[])
    parser.addini("agent_dir", "default for --agent-dir", default="")
    parser.addini("agent_sandbox", "default for --agent-sandbox", default="auto")


def agent_mode(config: pytest.Config) -> bool:
    """Is this session one of ours? A function of options alone."""
    option = config.getoption
    asked = option("agent_model", None) or option("agent_suite", None) or option("agent_check", None)
    asked = asked or option("agent_rescore", None) or option("agent_replay", None)
    return bool(asked or config.getini("agent_model"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """How tasks are to test themselves."""

    variants: int
    """Drawn scenarios besides the canonical one."""
    seed: str
    """They are drawn from this, as by ``--agent-variant``."""
    deadline_s: float
    json_file: Path | None
    write_digests: bool

    @classmethod
    def from_config(cls, config: pytest.Config) -> CheckSettings | None:
        """Read the options; None when nothing is to be checked.

        Raises:
            pytest.UsageError: a value that cannot be used.
        """
        option = config.getoption
        seed = None if option("agent_variant") == "canonical" else option("agent_variant")
        variants = at_least(0, "--agent-check-variants", option("agent_check_variants"))
        if not option("agent_check"):
            return None
        if option("agent_model"):
            raise pytest.UsageError("--agent-check replays scripted solutions: leave --agent-model out")
        file = option("agent_check_json")
        return cls(
            variants=default_to(variants, 0 if seed is None else 1),
            seed=seed or "check",
            deadline_s=positive("--agent-check-deadline", option("agent_check_deadline"), 60.0),
            json_file=None if file is None else config.invocation_params.dir / Path(file).expanduser(),
            write_digests=bool(option("agent_check_write_digests")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the user chose, read once."""

    models: tuple[str, ...]
    suites: tuple[str, ...]
    runs: int | None
    directory: Path
    sandbox: str
    image: str
    """For level docker; empty for the one that ``pytest-agentcore image build`` makes."""
    runtime: str
    require_isolation: str | None
    profiles: tuple[str, ...]
    profiles_given: bool
    """Then ids name them."""
    policies: dict[str, Policy]
    concurrency: int
    concurrency_given: bool
    prompt_file: Path | None
    model_args: dict[str, Any]
    key_file: Path | None
    price_file: Path | None
    gateway: Path | None
    """What a gateway that is shared left, to be attached to."""
    api_timeout_s: float
    api_retries: int
    api_concurrency: int | None
    max_cost: Decimal | None
    """US dollars of each campaign."""
    dry_run: bool
    infra_retries: int
    min_coverage: float
    min_score: int | None
    rerun: bool
    variant: str
    check: CheckSettings | None = None
    """None in a session that measures models."""
    rescore: Path | None = None
    """Folder of the campaign whose stored runs are judged, in a session that does nothing else."""
    rescore_json: Path | None = None
    replay: Source | None = None
    """The campaign whose model calls are given again."""

    @classmethod
    def from_config(cls, config: pytest.Config) -> Settings:
        """Read the options.

        Raises:
            pytest.UsageError: a value that cannot be used.
        """
        option = config.getoption
        replay = _source(config)
        recorded = replay.manifest if replay is not None else {}
        directory = Path(option("agent_dir") or config.getini("agent_dir") or ".agentcore").expanduser()
        return cls(
            models=tuple(dict.fromkeys(_models(config, replay))),
            suites=tuple(option("agent_suite") or ()),
            runs=at_least(1, "--agent-runs", option("agent_runs")) or (replay.runs if replay is not None else None),
            directory=directory if directory.is_absolute() else config.rootpath / directory,
            sandbox=sandbox_level(option("agent_sandbox") or config.getini("agent_sandbox")),
            image=option("agent_image") or "",
            runtime=option("agent_runtime") or "",
            require_isolation=option("agent_require_isolation"),
            profiles=resource_profiles(option("agent_resources") or recorded.get("profile")),
            profiles_given=option("agent_resources") is not None,
            policies=enforcement(option("agent_enforce") or ()) or dict(recorded.get("policies", {})),
            concurrency_given=option("agent_concurrency") is not None,
            concurrency=at_least(1, "--agent-concurrency", option("agent_concurrency")) or 8,
            prompt_file=existing_file("--agent-prompt", option("agent_prompt"), config),
            model_args=parameters(option("agent_model_arg") or ()) or dict(recorded.get("parameters", {})),
            price_file=existing_file("--agent-prices", option("agent_prices"), config),
            key_file=existing_file("--agent-key-file", option("agent_key_file"), config),
            gateway=_shared_gateway(config),
            api_timeout_s=positive("--agent-api-timeout", option("agent_api_timeout"), 300.0),
            api_concurrency=at_least(1, "--agent-api-concurrency", option("agent_api_concurrency")),
            max_cost=dollars("--agent-max-cost", option("agent_max_cost")),
            dry_run=bool(option("agent_dry_run")),
            api_retries=default_to(at_least(0, "--agent-api-retries", option("agent_api_retries")), 4),
            infra_retries=default_to(at_least(0, "--agent-infra-retries", option("agent_infra_retries")), 2),
            min_coverage=share("--agent-min-coverage", option("agent_min_coverage")),
            min_score=at_least(0, "--agent-min-score", option("agent_min_score")),
            rerun=bool(option("agent_rerun")),
            variant=variant_seed(option("agent_variant") or recorded.get("variant")),
            check=CheckSettings.from_config(config),
            rescore=campaign_folder("--agent-rescore", option("agent_rescore"), config),
            rescore_json=target_file(option("agent_rescore_json"), config),
            replay=replay,
        )


def _source(config: pytest.Config) -> Source | None:
    folder = campaign_folder("--agent-replay", config.getoption("agent_replay"), config)
    if folder is None:
        return None
    from pytest_agentcore.store.replay import Source

    try:
        return Source.read(folder)
    except AgentCoreError as error:
        raise pytest.UsageError(f"--agent-replay={config.getoption('agent_replay')}: {error}") from None


def _shared_gateway(config: pytest.Config) -> Path | None:
    file = existing_file("--agent-gateway", config.getoption("agent_gateway"), config)
    if file is None:
        return None
    for name in ("key_file", "prices", "api_timeout", "api_retries", "api_concurrency", "replay"):
        if config.getoption(f"agent_{name}") is not None:
            option = f"--agent-{name.replace('_', '-')}"
            raise pytest.UsageError(f"{option} is settled by the gateway of --agent-gateway; leave one of the two out")
    return file


def _models(config: pytest.Config, replay: Source | None) -> Sequence[str]:
    given: list[str] = config.getoption("agent_model") or []
    if replay is None:
        return given or config.getini("agent_model") or ()
    if any(model != replay.model for model in given):
        raise pytest.UsageError(
            f"--agent-replay={config.getoption('agent_replay')}: it is of {replay.model}; leave --agent-model out"
        )
    return [replay.model]


def is_material(path: Path) -> bool:
    """Is this folder the material of an agent task, which pytest must not collect?"""
    if path.name not in MATERIAL or not path.is_dir():
        return False
    return any(b"agent_task" in sibling.read_bytes() for sibling in path.parent.glob("test_*.py"))
