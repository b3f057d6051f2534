"""What ``--agent-model`` may be: a provider's model, a model at an address of the user's, or a scripted solution."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.gateway import providers

CUSTOM = "custom"
"""Provider of a bare ``NAME@URL``."""
SCRIPTED = "scripted"
_ADDRESS = re.compile(r"@(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_LOOKS_LIKE_HOST = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+)(:\d+)?(/|$)|[\w.-]+:\d+(/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model to be measured and the way to it."""

    name: str
    """As the user wrote it; it is what reports show."""
    provider: str
    """Prefix before the slash, ``custom`` for a bare ``NAME@URL``, ``scripted`` for a solution."""
    model: str
    """What the upstream is asked for; the name of the solution for ``scripted``."""
    url: str | None = None
    """An address that the user gave, without a slash at its end."""
    wire: Literal["chat", "litellm", "scripted"]
    """``chat`` = passed through as bytes; ``litellm`` = translated; ``scripted`` = needs no gateway."""


def parse(text: str) -> ModelSpec:
    """Understand one value of ``--agent-model``.

    ``provider/MODEL``, ``NAME@URL`` (Chat Completions at that base address), ``provider/MODEL@URL`` (that provider's
    wire there) or ``scripted/SOLUTION``.

    Raises:
        ConfigError: no provider known by that prefix, an address that is none, an empty part.
    """
    if not text.strip():
        raise ConfigError("--agent-model is empty; give provider/MODEL, NAME@http://HOST:PORT/v1 or scripted/reference")
    if text != text.strip() or not text.isprintable() or " " in text:
        raise ConfigError(f"--agent-model {text!r} has a space or an unprintable character in it; remove it")
    named, url = _split(text)
    prefix, slash, model = named.partition("/")
    if slash and prefix == SCRIPTED:
        return _scripted(text, model, url)
    provider = providers.find(prefix) if slash else None
    if provider is None:
        if url is None:
            raise ConfigError(_unknown(text, prefix if slash else None))
        return ModelSpec(name=text, provider=CUSTOM, model=named, url=url, wire="chat")
    if not model:
        raise ConfigError(f"--agent-model {text!r} names no model after {prefix + '/'!r}; give {prefix}/MODEL")
    if url is None and provider.wire == "chat" and provider.base_url is None:
        raise ConfigError(f"--agent-model {text!r} needs the server's address; give {named}@http://HOST:PORT/v1")
    if url is not None and not provider.redirectable:
        raise ConfigError(
            f"--agent-model {text!r}: {prefix} cannot be sent to another address; "
            f"for an OpenAI-compatible server give {model}@{url}"
        )
    return ModelSpec(name=text, provider=prefix, model=model, url=url, wire=provider.wire)


def _split(text: str) -> tuple[str, str | None]:
    """Name and address. An ``@`` without a scheme belongs to the name, as in ``vertex_ai/claude@20250101``."""
    match = _ADDRESS.search(text)
    if match is None:
        name, _, rest = text.partition("@")
        if rest and _LOOKS_LIKE_HOST.match(rest):
            raise ConfigError(
                f"--agent-model {text!r}: an address begins with http:// or https://; give {name}@http://{rest}"
            )
        return text, None
    name, url = text[: match.start()], text[match.end() :]
    if not name:
        raise ConfigError(f"--agent-model {text!r} names no model before '@'; give NAME@{url}")
    return name, _address(text, url)


def _address(text: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        valid = False
    if not valid:
        raise ConfigError(f"--agent-model {text!r}: {url!r} is no address; give http://HOST:PORT/v1 or https://HOST/v1")
    if parts.username is not None or parts.password is not None:
        # The name is shown and recorded: the message must not repeat what it refuses.
        raise ConfigError(
            f"--agent-model for {parts.hostname!r} has a password in its address; set {providers.OWN_KEY}"
        )
    if parts.query or parts.fragment:
        raise ConfigError(f"--agent-model {text!r}: the address must end before '?' and '#'; give its base, e.g. …/v1")
    return url.rstrip("/").removesuffix("/chat/completions")


def _scripted(text: str, solution: str, url: str | None) -> ModelSpec:
    if not solution or url is not None:
        raise ConfigError(f"--agent-model {text!r} must name a solution and no address, e.g. scripted/reference")
    return ModelSpec(name=text, provider=SCRIPTED, model=solution, wire="scripted")


def _unknown(text: str, prefix: str | None) -> str:
    if prefix is None:
        return f"--agent-model {text!r} names no provider; give provider/{text} or {text}@http://HOST:PORT/v1"
    close = difflib.get_close_matches(prefix.lower(), [*providers.names(), SCRIPTED], n=3)
    hint = f"did you mean {' or '.join(close)}" if close else "give e.g. openai/MODEL, anthropic/MODEL"
    return f"--agent-model {text!r}: no provider {prefix!r} is known; {hint}, or NAME@http://HOST:PORT/v1?"
