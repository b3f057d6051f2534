"""What an agent says of the cost of its own run: kept beside what the gateway counted, and never in its place."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import named, register
from tests.contract.scripted_endpoint import Endpoint, serving

HAIKU = "claude-haiku-4-5"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}
NO_AMOUNT = (
    *("", "[]", "{}", '{"cost_usd": -1}', '{"cost_usd": NaN}', '{"cost_usd": Infinity}', '{"cost_usd": true}'),
    *('{"cost_usd": null}', '{"cost_usd": 1, "more": 2}', '{"cost_usd": 1e999999999}', '{"cost_usd": "much"}'),
    "[" * 100_000,
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving({"models": {HAIKU: {"usage": USAGE, "turns": [{"text": "Hello."}]}}}) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint) -> Iterator[Gateway]:
    with Gateway.start([named(endpoint, HAIKU)], api_retries=0) as running:
        yield running


def claim(gateway: Gateway, token: str, content: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{gateway.url}/v1/agentcore/claim", content=content, headers=headers, trust_env=False)


def test_what_an_agent_claims_is_kept_beside_ours_and_told_where_it_differs(
    gateway: Gateway, endpoint: Endpoint
) -> None:
    near, far, silent = (register(gateway, named(endpoint, HAIKU)) for _ in range(3))
    for run in (near, far, silent):
        run.call()

    assert claim(gateway, far.token, '{"cost_usd": 0.001}').json() == {"claimed_usd": "0.001"}
    assert claim(gateway, far.token, '{"cost_usd": "0.0057"}').json() == {
        "claimed_usd": "0.0057"
    }  # the last one counts
    assert claim(gateway, near.token, '{"cost_usd": 1.141e-3}').is_success

    ledgers = [run.end() for run in (near, far, silent)]
    assert [one["cost_usd"] for one in ledgers] == ["0.00114"] * 3
    assert [one["claimed_usd"] for one in ledgers] == ["0.001141", "0.0057", None]
    assert [one["claim_differs"] for one in ledgers] == [False, True, False]
    assert claim(gateway, near.token, '{"cost_usd": 1}').status_code == 401


@pytest.mark.parametrize("said", NO_AMOUNT, ids=lambda said: said[:30])
def test_a_claim_that_is_no_amount_is_refused_in_one_line(gateway: Gateway, endpoint: Endpoint, said: str) -> None:
    run = register(gateway, named(endpoint, HAIKU))

    refused = claim(gateway, run.token, said)

    assert (refused.status_code, refused.headers["x-agentcore-error"]) == (400, "bad_request")
    assert len(refused.json()["error"]["message"].splitlines()) == 1
    assert claim(gateway, run.token, '{"cost_usd": 1e-999999999}').json() == {"claimed_usd": "0"}
    assert run.end()["claimed_usd"] == "0"
