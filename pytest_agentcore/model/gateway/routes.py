"""The ways to each model that a gateway offers, by the wire of the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import providers, translate
from pytest_agentcore.model.gateway.bridge import Bridge, Tried
from pytest_agentcore.model.gateway.budget import Forecast
from pytest_agentcore.model.gateway.keys import Keyring
from pytest_agentcore.model.gateway.pacing import Lane
from pytest_agentcore.model.gateway.protocol import Wire
from pytest_agentcore.model.gateway.upstream import Passthrough, Upstream
from pytest_agentcore.model.gateway.wires.asked import Dialect
from pytest_agentcore.model.pricing import Price, Prices

COUNTS_UNASKED = frozenset({"mistral"})
"""Providers that count every stream, and refuse to be asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model that is offered, the ways to it, its price and its place in the queue."""

    name: str
    upstreams: Mapping[Wire, Upstream]
    """Empty in a gateway that replays."""
    price: Price | None
    lane: Lane
    forecast: Forecast
    counter: Passthrough | None = None
    """Counts the tokens of a prompt of Anthropic Messages; None = they are estimated."""


def build(
    models: Sequence[ModelSpec],
    keys: Keyring,
    session: aiohttp.ClientSession,
    *,
    prices: Prices,
    concurrency: int | None = None,
) -> tuple[dict[str, Route], translate.Library]:
    """A route to each model by its name, and the library that those which are translated share.

    Raises:
        ValueError: a model has no address; the text says what to give.
    """
    library, lanes = translate.Library(), dict[str, Lane]()
    routes = {}
    for spec in models:
        address = spec.url or _home(spec)
        lane = lanes.setdefault(
            "|".join(map(str, providers.origin(address))) if address else spec.provider, Lane(concurrency)
        )
        upstreams, counter = _ways(spec, keys.key_for(spec), session, library)
        price = prices.of(spec)
        routes[spec.name] = Route(
            name=spec.name, upstreams=upstreams, price=price, lane=lane, forecast=Forecast(price), counter=counter
        )
    return routes, library


def replayed(models: Sequence[ModelSpec]) -> dict[str, Route]:
    """Routes of a gateway that answers from records alone: they lead nowhere and cost nothing."""
    return {
        spec.name: Route(name=spec.name, upstreams={}, price=None, lane=Lane(), forecast=Forecast(None))
        for spec in models
    }


def _home(spec: ModelSpec) -> str | None:
    provider = providers.find(spec.provider)
    return provider.base_url if provider is not None else None


def _ways(
    spec: ModelSpec, key: str | None, session: aiohttp.ClientSession, library: translate.Library
) -> tuple[dict[Wire, Upstream], Passthrough | None]:
    """A wire that the upstream speaks passes as bytes; any other goes by way of Chat Completions."""
    address = spec.url or _home(spec)
    if spec.wire == "chat":
        if address is None:
            raise ValueError(f"{spec.name!r} has no address; give NAME@http://HOST:PORT/v1")
        dialect = Dialect(length="max_completion_tokens" if spec.provider == "openai" else "max_tokens")
        unasked = spec.provider in COUNTS_UNASKED
        chat = Passthrough(session, base_url=address, model=spec.model, key=key, counts_unasked=unasked)
        native = Passthrough(session, base_url=address, model=spec.model, key=key, wire=Wire.RESPONSES)
        bridge = Bridge(chat, Wire.RESPONSES, dialect)
        return {
            Wire.CHAT: chat,
            Wire.RESPONSES: native if spec.provider == "openai" and spec.url is None else Tried(native, bridge),
            Wire.MESSAGES: Bridge(chat, Wire.MESSAGES, dialect),
        }, None
    translated = translate.Translated(library, spec, key=key)
    rich = Dialect(rich=True)
    ways: dict[Wire, Upstream] = {
        Wire.CHAT: translated,
        Wire.RESPONSES: Bridge(translated, Wire.RESPONSES, rich),
        Wire.MESSAGES: Bridge(translated, Wire.MESSAGES, rich),
    }
    if spec.provider != "anthropic" or address is None:
        return ways, None
    same = Passthrough(session, base_url=address, model=spec.model, key=key, wire=Wire.MESSAGES)
    return {**ways, Wire.MESSAGES: same}, same
