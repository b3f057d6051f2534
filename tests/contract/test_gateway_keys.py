"""Keys and tokens: each opens its own door and appears nowhere else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_agentcore.errors import (
    ModelRefusesConfig,
)
from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import ask, control, named, post
from tests.contract.scripted_endpoint import Endpoint, serving

KEYS = {
    "OPENAI_API_KEY": "planted-openai-0123456789",
    "ANTHROPIC_API_KEY": "planted-anthropic-0123456789",
    "AGENTCORE_API_KEY": "planted-own-0123456789",
    "AWS_SECRET_ACCESS_KEY": "planted-aws/0123456789+=",
}
CONFIG: dict[str, Any] = {
    "models": {
        "leaky": {
            "fault": {
                "kind": 400,
                "message": f"bad key {KEYS['AGENTCORE_API_KEY']} and {KEYS['OPENAI_API_KEY']}\n\x1b[31m",
            }
        },
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def keys() -> Iterator[Mapping[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        yield KEYS


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint, keys: object) -> Iterator[Gateway]:
    with Gateway.start(
        [named(endpoint, name) for name in ("claude-haiku-4-5", "leaky")], api_retries=2, api_timeout_s=1.0
    ) as running:
        yield running


def test_tokens_and_secret_open_their_own_doors_alone(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "doors")
    body = {"messages": [{"role": "user", "content": "x"}]}

    def models(token: str) -> httpx.Response:
        return httpx.get(f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {token}"}, trust_env=False)

    assert post(gateway, "wrong", body).status_code == 401
    assert "run token" in post(gateway, "x y", body).json()["error"]["message"]
    assert post(gateway, gateway.secret, body).status_code == 401
    assert [one["id"] for one in models(model.token).json()["data"]] == [f"claude-haiku-4-5@{endpoint.url}/v1"]
    assert control(gateway, "POST", "/control/runs", model.token, {"id": "x", "model": "y"}).status_code == 401
    assert control(gateway, "GET", "/control/runs/r1", "wrong").status_code == 401
    assert control(gateway, "GET", "/control/runs/r999999").status_code == 404
    assert control(gateway, "POST", "/control/runs", body={"id": "x", "model": "y"}).status_code == 404
    assert control(gateway, "POST", "/control/runs", body=["x"]).status_code == 404
    model.close()
    assert post(gateway, model.token, body).status_code == 401
    assert models(model.token).status_code == 401


def test_keys_reach_the_upstreams_header_and_nothing_else(
    gateway: Gateway, endpoint: Endpoint, keys: Mapping[str, str]
) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "leaky"), "leak")
    answer = post(gateway, model.token, {"messages": []})
    with pytest.raises(ModelRefusesConfig) as caught:
        ask(model)
    model.close()

    # what the upstream repeats is cut out of texts, headers, ledger and log
    seen = answer.text + str(answer.headers) + str(caught.value) + json.dumps(model.ledger())
    assert "bad key [redacted] and [redacted]" in answer.json()["error"]["message"]
    process = Path(f"/proc/{gateway.pid}")
    seen += process.joinpath("cmdline").read_text() + process.joinpath("fd/2").read_text()
    assert not [key for key in keys.values() if key in seen]
    assert gateway.secret not in process.joinpath("cmdline").read_text() + process.joinpath("environ").read_text()
    # the upstream was shown the key for addresses of the user's own, as a header, and no provider's key at all
    request = endpoint.requests()[-1]
    assert request["headers"].pop("Authorization") == f"Bearer {keys['AGENTCORE_API_KEY']}"
    assert not [
        key
        for key in keys.values()
        if key in json.dumps(endpoint.requests()).replace(f"Bearer {keys['AGENTCORE_API_KEY']}", "")
    ]


def test_key_file_of_the_user(endpoint: Endpoint, tmp_path: Path, keys: object) -> None:
    file = tmp_path / "keys.env"
    file.write_text("AGENTCORE_API_KEY=planted-in-a-file-99\n")
    spec = named(endpoint, "claude-haiku-4-5")

    with Gateway.start([spec], key_file=str(file)) as gateway:
        model = GatewayModel(gateway.address, spec, "file")
        ask(model)
        model.close()

    assert endpoint.requests()[-1]["headers"]["Authorization"] == "Bearer planted-in-a-file-99"
    assert os.environ["AGENTCORE_API_KEY"] == KEYS["AGENTCORE_API_KEY"]
