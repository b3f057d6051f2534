"""What tokens cost: the user's own prices over the table that litellm ships, which is read as a file.

Importing litellm costs two seconds. A file of one's own (``--agent-prices=FILE``) is JSON or YAML::

    {"anthropic/claude-sonnet-4-6": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75},
     "my-model": {"input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06, "max_output_tokens": 8192}}

Short names are US dollars per *million* tokens; the long names of litellm's table, per token, are understood as well.
An entry replaces the bundled one of that name as a whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.endpoint import CUSTOM, SCRIPTED, ModelSpec
from pytest_agentcore.model.gateway import providers

TABLE = "model_prices_and_context_window_backup.json"
_OWN = "the user's own"
FREE = frozenset({_OWN, "ollama", "ollama_chat", "lemonade", "llamafile", "lm_studio", "hosted_vllm", "vllm"})
"""Servers of one's own, where a price of zero in the table means zero; elsewhere it means that nobody filled it in."""
_BEDROCK_ROUTES = ("converse/", "converse_like/", "invoke/")
_ABOVE = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
_LENGTHS = ("max_output_tokens", "max_tokens")
_SHORT = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_hour": "cache_creation_input_token_cost_above_1hr",
    "reasoning": "output_cost_per_reasoning_token",
}
"""Names in a file of one's own, for US dollars per million tokens."""
_FAMILIES = {
    "bedrock": ("bedrock", "bedrock_converse"),
    "cohere": ("cohere", "cohere_chat"),
    "vertex_ai": ("vertex_ai",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """US dollars per token."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    """None = cached tokens cost what input costs."""
    cache_write: Decimal | None = None
    cache_write_hour: Decimal | None = None
    """Writes that are kept for an hour; None = they cost what other writes cost."""
    reasoning: Decimal | None = None
    """None = reasoning costs what output costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One entry of the table."""

    entry: str
    """Name of the entry that was found."""
    rates: Rates
    tiers: tuple[tuple[int, Rates], ...] = ()
    """(input tokens, rates for the whole call when it has more than those), in rising order."""
    longest_answer: int | None = None
    """Tokens that the model can give at most; None where the table does not say."""

    def rates_for(self, input_tokens: int) -> Rates:
        """What a call with so long a prompt is charged at."""
        fitting = [rates for above, rates in self.tiers if input_tokens > above]
        return fitting[-1] if fitting else self.rates


def cost(price: Price, usage: Usage, *, hour_writes: int = 0) -> Decimal:
    """US dollars of one call, exact. ``usage`` is one call's: tiers depend on the length of its prompt.

    ``hour_writes`` are those of its cache writes that are kept for an hour.
    """
    rates = price.rates_for(usage.input_tokens)
    cached, written, reasoning = usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens
    plain, kept = max(0, usage.input_tokens - cached - written), min(hour_writes, written)
    write = _or(rates.cache_write, rates.input)
    said = max(0, usage.output_tokens - reasoning)
    return (
        plain * rates.input
        + cached * _or(rates.cache_read, rates.input)
        + (written - kept) * write
        + kept * _or(rates.cache_write_hour, write)
        + said * rates.output
        + reasoning * _or(rates.reasoning, rates.output)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The user's own entries, which come before the bundled ones."""

    own: Mapping[str, Price] = field(default_factory=dict)
    digest: str = ""
    """SHA-256 of the file's bytes, with its algorithm before it; empty without a file."""

    def of(self, model: ModelSpec | str) -> Price | None:
        """The price of a model, None when nobody knows it (never zero in its place)."""
        found = next((name for name in _candidates(model) if name in self.own), None)
        return self.own[found] if found is not None else price_of(model)


def load_prices(path: str | Path | None) -> Prices:
    """Read a price file; without one, the bundled table alone.

    Raises:
        ConfigError: it cannot be read, or an entry is none; the message names file and entry.
    """
    if path is None:
        return Prices()
    try:
        data = Path(path).read_bytes()
        entries = _parsed(data, json_only=str(path).endswith(".json"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise ConfigError(f"the price file {str(path)!r} cannot be read: {reason}; give JSON or YAML") from None
    if not isinstance(entries, dict):
        raise ConfigError(f"the price file {str(path)!r} holds no mapping of model names; see the docs on prices")
    own = {str(name): _own(str(name), figures, str(path)) for name, figures in entries.items()}
    return Prices(own=own, digest=f"sha256:{hashlib.sha256(data).hexdigest()}")


def described(path: str | Path | None) -> dict[str, str]:
    """Which prices hold: version and digest of the bundled table, and the digest of one's own file or nothing.

    Raises:
        ConfigError: the file cannot be read.
    """
    return {"source": table_version(), "digest": table_digest(), "own": load_prices(path).digest or ""}


def _parsed(data: bytes, *, json_only: bool) -> Any:
    if json_only:
        return json.loads(data, parse_float=Decimal)
    import yaml

    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _own(name: str, figures: Any, path: str) -> Price:
    if not isinstance(figures, dict):
        raise ConfigError(f"the price file {path!r}: the entry {name!r} is no mapping; give input and output")
    known = {}
    for key, value in figures.items():
        if key in _SHORT:
            known[_SHORT[key]] = _number(value, name, key, path) / 1_000_000
        elif ("cost" in key and "token" in key) or key in _LENGTHS:
            known[key] = _number(value, name, key, path)
    price = _price(name, {**known, "litellm_provider": _OWN})
    if price is None:
        raise ConfigError(f"the price file {path!r}: the entry {name!r} lacks input or output; give both")
    return price


def _number(value: Any, name: str, key: str, path: str) -> Decimal:
    """YAML reads ``3e-06`` as text, and has no decimals: both are told by the text."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise ConfigError(f"the price file {path!r}: {key} of {name!r} is {value!r}; give a number of 0 or more")
    return number


def price_of(model: ModelSpec | str) -> Price | None:
    """The price of a model in the bundled table, None when it does not know it (never zero in its place).

    A string is ``provider/MODEL`` or a bare entry. The ladder: the name as written; without its prefix where that
    entry belongs to the same provider; for bedrock also without its route. A custom ``NAME@URL`` has the price of the
    entry NAME, where there is one.
    """
    found = next((entry for entry in _candidates(model) if entry in _table()), None)
    return _price(found, _table()[found]) if found is not None else None


def _candidates(model: ModelSpec | str) -> list[str]:
    """Entries that may be the model's, the most exact first."""
    if isinstance(model, str):
        provider, slash, name = model.partition("/")
        return [model, *(_variants(provider, name) if slash else ())]
    if model.provider == SCRIPTED:
        return []
    if model.provider == CUSTOM:
        return [model.name, model.model]
    return [model.name, f"{model.provider}/{model.model}", *_variants(model.provider, model.model)]


def table_version() -> str:
    """Which table: litellm's version, for the manifest. ``unknown`` when litellm is not installed."""
    try:
        return f"litellm {version('litellm')}"
    except PackageNotFoundError:
        return "unknown"


@cache
def table_digest() -> str:
    """SHA-256 of the table's file, with its algorithm before it; empty when there is no table."""
    data = _bytes()
    return f"sha256:{hashlib.sha256(data).hexdigest()}" if data else ""


def _variants(provider: str, name: str) -> list[str]:
    """Other spellings of a provider's model, only where the entry is that provider's own."""
    if provider == "bedrock":
        for route in _BEDROCK_ROUTES:
            name = name.removeprefix(route)
    family = _FAMILIES.get(provider, (provider,))
    spelled = [f"{provider}/{name}", name]
    return [entry for entry in spelled if _belongs(_table().get(entry, {}).get("litellm_provider"), family)]


def _belongs(owner: object, family: tuple[str, ...]) -> bool:
    """``vertex_ai-anthropic_models`` belongs to ``vertex_ai``."""
    return isinstance(owner, str) and any(owner == one or owner.startswith(f"{one}-") for one in family)


def _price(entry: str, figures: dict[str, Any]) -> Price | None:
    base = _rates(figures, "")
    if base is None:
        return None
    if base.input == base.output == 0 and figures.get("litellm_provider") not in FREE:
        return None
    above = sorted(int(match[1]) for key in figures if (match := _ABOVE.fullmatch(key)))
    tiers = [(thousands * 1000, _rates(figures, f"_above_{thousands}k_tokens")) for thousands in above]
    longest = next((value for name in _LENGTHS if isinstance(value := figures.get(name), int | Decimal)), None)
    return Price(
        entry=entry,
        rates=base,
        tiers=tuple((tokens, rates) for tokens, rates in tiers if rates is not None),
        longest_answer=int(longest) if longest else None,
    )


def _rates(figures: dict[str, Any], suffix: str) -> Rates | None:
    """Rates of one tier; what a tier does not name stays as it is below it."""

    def figure(name: str) -> Decimal | None:
        value = figures.get(name + suffix, figures.get(name))
        return Decimal(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else None

    paid, got = figure("input_cost_per_token"), figure("output_cost_per_token")
    if paid is None or got is None:
        return None
    return Rates(
        input=paid,
        output=got,
        cache_read=figure("cache_read_input_token_cost"),
        cache_write=figure("cache_creation_input_token_cost"),
        cache_write_hour=figure("cache_creation_input_token_cost_above_1hr"),
        reasoning=figure("output_cost_per_reasoning_token"),
    )


def _or(value: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if value is None else value


@cache
def _table() -> dict[str, dict[str, Any]]:
    """Name to figures, of chat models alone, so that a process keeps 3 MB of it and not 20."""
    data = _bytes()
    entries = json.loads(data, parse_float=Decimal) if data else {}
    return {
        name: {
            key: value
            for key, value in entry.items()
            if ("token" in key and "cost" in key) or key == "litellm_provider" or key in _LENGTHS
        }
        for name, entry in entries.items()
        if isinstance(entry, dict)
        and entry.get("mode") in ("chat", "responses", "completion")
        and name != "sample_spec"
    }


def _bytes() -> bytes:
    folder = providers.litellm_folder()
    try:
        return (folder / TABLE).read_bytes() if folder is not None else b""
    except OSError:
        return b""
