"""What tokens cost, from the price table that litellm ships, read as a file: importing litellm costs two seconds."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.endpoint import CUSTOM, SCRIPTED, ModelSpec
from pytest_agentcore.model.gateway import providers

TABLE = "model_prices_and_context_window_backup.json"
FREE = frozenset({"ollama", "ollama_chat", "lemonade", "llamafile", "lm_studio", "hosted_vllm", "vllm"})
"""Servers of one's own, where a price of zero in the table means zero; elsewhere it means that nobody filled it in."""
_BEDROCK_ROUTES = ("converse/", "converse_like/", "invoke/")
_ABOVE = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
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

    def rates_for(self, input_tokens: int) -> Rates:
        """What a call with so long a prompt is charged at."""
        fitting = [rates for above, rates in self.tiers if input_tokens > above]
        return fitting[-1] if fitting else self.rates


def cost(price: Price, usage: Usage) -> Decimal:
    """US dollars of one call, exact. ``usage`` is one call's: tiers depend on the length of its prompt."""
    rates = price.rates_for(usage.input_tokens)
    cached, written, reasoning = usage.cached_tokens, usage.cache_write_tokens, usage.reasoning_tokens
    plain = max(0, usage.input_tokens - cached - written)
    said = max(0, usage.output_tokens - reasoning)
    return (
        plain * rates.input
        + cached * _or(rates.cache_read, rates.input)
        + written * _or(rates.cache_write, rates.input)
        + said * rates.output
        + reasoning * _or(rates.reasoning, rates.output)
    )


def price_of(model: ModelSpec | str) -> Price | None:
    """The price of a model, None when the table does not know it (never zero in its place).

    A string is ``provider/MODEL`` or a bare entry. The ladder: the name as written; without its prefix where that
    entry belongs to the same provider; for bedrock also without its route. A custom ``NAME@URL`` has the price of the
    entry NAME, where there is one.
    """
    if isinstance(model, str):
        provider, slash, name = model.partition("/")
        candidates = [model, *(_variants(provider, name) if slash else ())]
    elif model.provider == SCRIPTED:
        return None
    elif model.provider == CUSTOM:
        candidates = [model.model]
    else:
        candidates = [f"{model.provider}/{model.model}", *_variants(model.provider, model.model)]
    found = next((entry for entry in candidates if entry in _table()), None)
    return _price(found, _table()[found]) if found is not None else None


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
    return Price(entry=entry, rates=base, tiers=tuple((tokens, rates) for tokens, rates in tiers if rates is not None))


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
            if ("token" in key and "cost" in key) or key == "litellm_provider"
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
