"""Who serves models: base addresses, the variables that hold keys, and who speaks Chat Completions as it is.

The common providers are a table; the long tail comes from the data files that litellm ships, read without importing it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

OWN_KEY = "AGENTCORE_API_KEY"
"""The key for addresses that the user gives; a provider's key never goes to one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How a provider is reached."""

    name: str
    wire: Literal["chat", "litellm"]
    """``chat`` = takes Chat Completions as it is; ``litellm`` = litellm translates."""
    base_url: str | None = None
    """None for ``chat`` = the user gives the address; None for ``litellm`` = litellm knows it."""
    keys: tuple[str, ...] = ()
    """Variables that may hold its key, the first that is set counts; empty = ambient credentials or none."""
    redirectable: bool = True
    """May its wire be spoken at an address that the user gives? Only where the key sent is one that we choose."""


def _chat(name: str, base_url: str | None, *keys: str) -> Provider:
    return Provider(name=name, wire="chat", base_url=base_url, keys=keys)


def _translated(name: str, *keys: str, base_url: str | None = None, redirectable: bool = False) -> Provider:
    return Provider(name=name, wire="litellm", base_url=base_url, keys=keys, redirectable=redirectable)


_COMMON = {
    provider.name: provider
    for provider in (
        _chat("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        _chat("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
        _chat("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
        _chat("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        _chat("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
        _chat("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        _chat("together_ai", "https://api.together.ai/v1", "TOGETHER_API_KEY", "TOGETHERAI_API_KEY"),
        _chat("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
        _chat("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
        _chat("nvidia_nim", "https://integrate.api.nvidia.com/v1", "NVIDIA_NIM_API_KEY"),
        _chat("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
        _chat("nebius", "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY"),
        _chat("moonshot", "https://api.moonshot.ai/v1", "MOONSHOT_API_KEY"),
        _chat("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"),
        _chat("novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY"),
        _chat("lambda_ai", "https://api.lambda.ai/v1", "LAMBDA_API_KEY"),
        _chat("hosted_vllm", None),
        _chat("vllm", None),
        _chat("lm_studio", None),
        _chat("llamafile", None),
        _chat("litellm_proxy", None),
        _translated("anthropic", "ANTHROPIC_API_KEY", base_url="https://api.anthropic.com", redirectable=True),
        _translated("ollama", base_url="http://localhost:11434", redirectable=True),
        _translated("ollama_chat", base_url="http://localhost:11434", redirectable=True),
        _translated("gemini", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
        _translated("cohere", "COHERE_API_KEY", "CO_API_KEY"),
        _translated("cohere_chat", "COHERE_API_KEY", "CO_API_KEY"),
        _translated("azure", "AZURE_API_KEY", "AZURE_AD_TOKEN", "AZURE_CLIENT_ID"),
        _translated("azure_ai", "AZURE_AI_API_KEY"),
        _translated("fireworks_ai", "FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY"),
        _translated("perplexity", "PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"),
        _translated("zai", "ZAI_API_KEY"),
        _translated("replicate", "REPLICATE_API_KEY", "REPLICATE_API_TOKEN"),
        _translated("databricks", "DATABRICKS_API_KEY", "DATABRICKS_CLIENT_ID"),
        _translated("bedrock"),  # credentials come by AWS's own chain: profile, role, instance
        _translated("vertex_ai"),  # and here by Google's
        _translated("sagemaker_chat"),
    )
}


def find(name: str) -> Provider | None:
    """The provider of that prefix, None when nobody knows it."""
    known = _COMMON.get(name) or _listed().get(name)
    if known is None and name in _translated_names():
        return _translated(name)
    return known


def names() -> list[str]:
    """Every prefix that is understood, sorted."""
    return sorted({*_COMMON, *_listed(), *_translated_names()})


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what decides whether two addresses are the same server."""
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else {"https": 443}.get(parts.scheme, 80)
    return parts.scheme, (parts.hostname or "").lower(), port


def litellm_folder() -> Path | None:
    """Where litellm is installed, found without importing it."""
    found = find_spec("litellm")
    locations = found.submodule_search_locations if found is not None else None
    return Path(next(iter(locations))) if locations else None


def _shipped(*parts: str) -> dict[str, Any]:
    """A data file of litellm; empty where this version has none."""
    folder = litellm_folder()
    try:
        data = json.loads(folder.joinpath(*parts).read_bytes()) if folder is not None else {}
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


@cache
def _listed() -> dict[str, Provider]:
    """OpenAI-compatible providers that litellm describes in a data file.

    Those for which it rewrites messages or adds headers of its own are left to it.
    """
    listed = {}
    for name, entry in _shipped("llms", "openai_like", "providers.json").items():
        url, key = (entry.get("base_url"), entry.get("api_key_env")) if isinstance(entry, dict) else (None, None)
        if not isinstance(url, str) or not isinstance(key, str):
            continue
        if {"special_handling", "headers", "constraints"} & entry.keys() or not url.startswith("https://"):
            listed[name] = _translated(name, key)
        else:
            listed[name] = _chat(name, url.rstrip("/"), key)
    return listed


@cache
def _translated_names() -> frozenset[str]:
    """Providers of which litellm says that it can hold a chat with them."""
    entries = _shipped("provider_endpoints_support_backup.json").get("providers", {})
    named = {
        name
        for name, entry in (entries.items() if isinstance(entries, dict) else ())
        if isinstance(entry, dict) and (entry.get("endpoints") or {}).get("chat_completions") and "/" not in name
    }
    return frozenset(named or _priced_providers())


def _priced_providers() -> set[str]:
    prices = _shipped("model_prices_and_context_window_backup.json")
    entries = [entry for entry in prices.values() if isinstance(entry, dict) and entry.get("mode") == "chat"]
    return {name for entry in entries if isinstance(name := entry.get("litellm_provider"), str) and " " not in name}
