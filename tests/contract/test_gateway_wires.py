"""Conformance: the vendors' own clients on all three wires, before upstreams of the same wire and of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_clients import CONVERSATIONS, PIXEL, PROMPT, STOPS, SYSTEM
from tests.contract.scripted_endpoint import Endpoint, serving

HAIKU = "claude-haiku-4-5"
CONFIG: dict[str, Any] = {
    "lifetime_s": 300,
    "models": {
        HAIKU: {
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 400},
            },
            "turns": [
                {
                    "text": "I look.",
                    "reasoning": "First look.",
                    "calls": [["shell", {"command": "ls"}], ["shell", {"command": "pwd"}]],
                },
                {"text": "Done: é"},
            ],
        },
    },
}
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
WAYS = (
    ("chat", "chat"),
    ("chat", "messages"),
    ("responses", "responses"),
    ("responses", "chat"),
    ("responses", "messages"),
    ("messages", "messages"),
    ("messages", "chat"),
)
"""(wire of the client, wire of the upstream)."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[str, Endpoint]]:
    """One that serves every wire, and one that has never heard of Responses."""
    with serving(CONFIG) as every, serving({**CONFIG, "responses": False}) as chat:
        yield {"responses": every, "messages": every, "chat": chat}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients would ask a proxy for this machine itself."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def specs(endpoints: dict[str, Endpoint]) -> dict[str, ModelSpec]:
    return {
        "chat": parse(f"{HAIKU}@{endpoints['chat'].url}/v1"),
        "responses": parse(f"{HAIKU}@{endpoints['responses'].url}/v1"),
        "messages": parse(f"anthropic/{HAIKU}@{endpoints['messages'].url}"),
    }


@pytest.fixture(scope="module")
def gateway(specs: dict[str, ModelSpec]) -> Iterator[Gateway]:
    with Gateway.start(list(specs.values())) as running:
        yield running


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("client", "upstream"), WAYS)
def test_a_vendors_client_holds_a_conversation_with_tools(
    gateway: Gateway,
    endpoints: dict[str, Endpoint],
    specs: dict[str, ModelSpec],
    client: str,
    upstream: str,
    *,
    stream: bool,
) -> None:
    endpoint, before = endpoints[upstream], len(endpoints[upstream].requests())
    model = GatewayModel(gateway.address, specs[upstream], f"{client}-{upstream}")

    first, last = CONVERSATIONS[client](gateway.url, model.token, stream=stream)
    model.close()

    assert (first.text, last.text, last.calls) == ("I look.", "Done: é", [])
    assert first.calls == [("shell", {"command": "ls"}), ("shell", {"command": "pwd"})]
    assert first.reasoning == "First look."
    assert [first.stop, last.stop] == STOPS[client]
    assert [(one.input_tokens, one.cached_tokens, one.output_tokens) for one in (first, last)] == [(1000, 400, 100)] * 2
    ledger = model.ledger()
    assert (ledger["calls"], ledger["cost_usd"], ledger["usage"]["estimated"]) == (2, "0.00228", False)
    assert (ledger["usage"]["input_tokens"], ledger["usage"]["cached_tokens"]) == (2000, 800)
    unnamed = stream and (client, upstream) in (("chat", "messages"), ("responses", "messages"))  # see translate.py
    assert ledger["models_returned"] == ({} if unnamed else {f"{HAIKU}-served": 2})
    sent = [one for one in endpoint.requests()[before:] if one["path"] == PATHS[upstream]]
    assert len(sent) == 2
    told = json.dumps(sent[-1]["body"])
    assert all(one in told for one in (PIXEL, PROMPT, SYSTEM, "out of ", '"shell"', "ls", "pwd"))
