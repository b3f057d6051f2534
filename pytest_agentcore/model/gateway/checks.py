"""What can be known before money is spent: is there a key, does anybody listen?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from yarl import URL

from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import providers
from pytest_agentcore.model.gateway.keys import Keyring
from pytest_agentcore.model.gateway.upstream import reachable

CONNECT_S = 3.0


async def problems(models: Sequence[ModelSpec], keys: Keyring) -> list[str]:
    """One line for each thing that will not work, in the order of the models. No request is sent."""
    missing = [line for spec in models if (line := keys.missing(spec)) is not None]
    addresses = {address: spec for spec in reversed(models) if (address := _address(spec)) is not None}
    reasons = await asyncio.gather(*(reachable(URL(address, encoded=True), CONNECT_S) for address in addresses))
    silent = [
        f"cannot reach {spec.name!r} at {address}: {reason}; start the server or correct the address"
        for (address, spec), reason in reversed(list(zip(addresses.items(), reasons, strict=True)))
        if reason is not None
    ]
    return missing + silent


def _address(spec: ModelSpec) -> str | None:
    """Where the model is, None where only litellm knows."""
    if spec.url is not None:
        return spec.url
    provider = providers.find(spec.provider)
    return provider.base_url if provider is not None else None
