"""Values of options, read and refused: each error names the option, the value and what it must be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from decimal import Decimal

    from pytest_agentcore.domain.resources import Policy

LEVELS = ("auto", "docker", "namespace", "process")


def default_to(value: int | None, default: int) -> int:
    """A value, or what holds without one."""
    return default if value is None else value


def at_least(least: int, name: str, value: int | None) -> int | None:
    """A whole number that is not too small."""
    if value is not None and value < least:
        raise pytest.UsageError(f"{name}={value}: must be at least {least}")
    return value


def positive(name: str, value: float | None, default: float) -> float:
    """A number of seconds above 0."""
    if value is not None and not value > 0:
        raise pytest.UsageError(f"{name}={value}: must be a positive number of seconds")
    return default if value is None else value


def share(name: str, value: float | None) -> float:
    """A share between 0 and 1."""
    if value is not None and not 0 <= value <= 1:
        raise pytest.UsageError(f"{name}={value}: must lie between 0 and 1")
    return 1.0 if value is None else value


def resource_profiles(value: str | None) -> tuple[str, ...]:
    """The profiles of a list such as ``1x,3x,uncapped``, each once."""
    from pytest_agentcore.domain.resources import factor

    chosen = tuple(dict.fromkeys(part.strip() for part in (value or "1x").split(",")))
    for profile in chosen:
        try:
            factor(profile)
        except ValueError as error:
            raise pytest.UsageError(f"--agent-resources={value}: {error}") from None
    return chosen


def enforcement(pairs: list[str] | tuple[()]) -> dict[str, Policy]:
    """Policies by resource, from ``RESOURCE=POLICY``."""
    from pytest_agentcore.domain.resources import POLICIES, RESOURCES

    policies: dict[str, Policy] = {}
    for pair in pairs:
        name, _, word = pair.partition("=")
        policy = next((known for known in POLICIES if known == word), None)
        if name not in RESOURCES or policy is None:
            raise pytest.UsageError(
                f"--agent-enforce={pair}: write RESOURCE=POLICY, of {', '.join(RESOURCES)} and {', '.join(POLICIES)}"
            )
        policies[name] = policy
    return policies


def variant_seed(value: str | None) -> str:
    """A seed, or ``canonical``."""
    if value is not None and not value.strip():
        raise pytest.UsageError(f"--agent-variant={value!r}: must be a seed, e.g. 7, or canonical")
    return value or "canonical"


def sandbox_level(value: str) -> str:
    """A level by its name."""
    if value not in LEVELS:
        raise pytest.UsageError(f"agent_sandbox={value!r}: choose one of {', '.join(LEVELS)}")
    return value


def existing_file(name: str, value: str | None, config: pytest.Config) -> Path | None:
    """A file that is there; relative to where pytest was started."""
    if value is None:
        return None
    path = config.invocation_params.dir / Path(value).expanduser()
    if not path.is_file():
        raise pytest.UsageError(f"{name}={value}: there is no such file")
    return path


def campaign_folder(name: str, value: str | None, config: pytest.Config) -> Path | None:
    """A campaign's folder; relative to where pytest was started."""
    if value is None:
        return None
    path = config.invocation_params.dir / Path(value).expanduser()
    if not (path / "manifest.json").is_file():
        raise pytest.UsageError(f"{name}={value}: must be a campaign's folder; there is no manifest.json in it")
    return path


def target_file(value: str | None, config: pytest.Config) -> Path | None:
    """A file to be written; relative to where pytest was started."""
    return None if value is None else config.invocation_params.dir / Path(value).expanduser()


def parameters(pairs: list[str] | tuple[()]) -> dict[str, Any]:
    """Parameters of model calls, from ``KEY=VALUE`` with JSON or text."""
    import json

    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise pytest.UsageError(f"--agent-model-arg={pair}: write KEY=VALUE, e.g. temperature=0")
        try:
            given[name] = json.loads(text)
        except ValueError:
            given[name] = text
    return given


def dollars(name: str, value: str | None) -> Decimal | None:
    """An amount of US dollars above 0."""
    if value is None:
        return None
    from decimal import Decimal, InvalidOperation

    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise pytest.UsageError(f"{name}={value}: must be US dollars above 0, e.g. 5 or 0.50")
    return amount
