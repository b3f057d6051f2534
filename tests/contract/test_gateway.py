"""The gateway as it runs: its own process between a client and an endpoint that is another process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest

from pytest_agentcore.domain.trajectory import Reply, ToolResult, Turn
from pytest_agentcore.errors import (
    AgentCoreError,
    ConfigError,
    ContextExceeded,
    ModelRefusesConfig,
    ModelUnavailable,
)
from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import SHELL, ask, named, post
from tests.contract.scripted_endpoint import Endpoint, serving

FAULTS = (
    "401",
    "403",
    "404",
    "400",
    "500",
    "context",
    "empty_choices",
    "no_message",
    "html",
    "reset",
    "cut",
    "hang",
    "no_usage",
    "malformed_arguments",
    "302",
    "204",
)
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}
CONFIG: dict[str, Any] = {
    "lifetime_s": 300,
    "models": {
        "claude-haiku-4-5": {
            "usage": USAGE,
            "turns": [
                {
                    "text": "I look.",
                    "reasoning": "First look.",
                    "calls": [["shell", {"command": "ls"}], ["shell", {"command": "pwd"}]],
                },
                {"text": "Done: \u00e9\u2028"},
            ],
        },
        "twice-429": {"fault": {"kind": 429, "times": 2, "retry_after": "1"}},
        "once-500": {"fault": {"kind": 500, "times": 1}},
        "filtered": {"turns": [{"text": "", "finish_reason": "content_filter"}]},
    },
}
NAMES = (*CONFIG["models"], *(f"fault-{fault}" for fault in FAULTS))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint) -> Iterator[Gateway]:
    with Gateway.start([named(endpoint, name) for name in NAMES], api_retries=2, api_timeout_s=1.0) as running:
        yield running


def test_a_conversation_its_usage_and_its_cost(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "task-run1/1", {"temperature": 0})

    first = ask(model)
    results = tuple(ToolResult(call_id=call.id, content=f"out of {call.id} \ud800") for call in first.calls)
    last = ask(model, [Turn(reply=first, results=results)])
    model.close()

    assert (first.text, first.reasoning, first.finish_reason) == ("I look.", "First look.", "tool_calls")
    assert [(call.name, call.arguments) for call in first.calls] == [
        ("shell", '{"command": "ls"}'),
        ("shell", '{"command": "pwd"}'),
    ]
    assert (last.text, last.calls, last.finish_reason) == ("Done: \u00e9\u2028", (), "stop")
    assert (first.usage.calls, first.usage.input_tokens, first.usage.output_tokens, first.usage.cached_tokens) == (
        1,
        1000,
        100,
        400,
    )
    assert first.usage.cost_usd == Decimal("0.00114")  # 600 at $1, 400 cached at $0.1, 100 at $5 a million
    assert first.model == "claude-haiku-4-5-served"
    assert first.waited_s == 0
    assert first.wall_s > 0
    assert model.ledger() == {
        "id": "task-run1/1",
        "model": f"claude-haiku-4-5@{endpoint.url}/v1",
        "calls": 2,
        "failed_calls": 0,
        "refused_calls": 0,
        "attempts": 2,
        "waited_s": 0.0,
        "usage": {
            "input_tokens": 2000,
            "output_tokens": 200,
            "cached_tokens": 800,
            "cache_write_tokens": 0,
            "reasoning_tokens": 0,
            "estimated": False,
        },
        "cost_usd": "0.00228",
        "replayed": {
            "calls": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cached_tokens": 0,
            "cache_write_tokens": 0,
            "reasoning_tokens": 0,
            "estimated": False,
            "cost_usd": "0",
        },
        "billed_usd": None,
        "billed_calls": 0,
        "cost_differs": False,
        "claimed_usd": None,
        "claim_differs": False,
        "record": None,
        "models_returned": {"claude-haiku-4-5-served": 2},
    }
    opening, sent = (
        request["body"] for request in endpoint.requests() if request["body"]["model"] == "claude-haiku-4-5"
    )
    assert opening["temperature"] == 0
    assert opening["tools"] == [
        {
            "type": "function",
            "function": {"name": "shell", "description": "Run a command", "parameters": SHELL.parameters},
        }
    ]
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "tool", "tool"]
    assert sent["messages"][2] == first.message
    assert sent["messages"][2]["reasoning_content"] == "First look."
    assert sent["messages"][3] == {"role": "tool", "tool_call_id": "call_1", "content": "out of call_1 ?"}


def test_bytes_pass_untouched_but_for_the_model(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "filtered"), "bytes")
    odd = b'{ "messages":[{"role":"user","content":"\\u00e9"}],\n "unknown_member": 1.10, "model":"whatever" }'
    headers = {"Authorization": f"Bearer {model.token}"}

    answer = httpx.post(f"{gateway.url}/v1/chat/completions", content=odd, headers=headers, trust_env=False)
    direct = httpx.post(
        f"{endpoint.url}/v1/chat/completions", content=odd.replace(b"whatever", b"filtered"), trust_env=False
    )

    assert answer.content == direct.content
    through, straight = endpoint.requests()[-2:]
    assert through["body"] == straight["body"]
    assert through["headers"]["Content-Length"] == straight["headers"]["Content-Length"]
    model.close()


def test_content_filter_is_kept(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "filtered"), "filter")

    assert ask(model).finish_reason == "content_filter"
    model.close()


def test_retries_and_their_waits_are_told(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "twice-429"), "patient")

    reply = ask(model)
    model.close()

    assert reply.text == "Hello."
    assert reply.waited_s >= 2.0  # Retry-After: 1, twice
    assert reply.wall_s >= reply.waited_s
    assert model.ledger()["attempts"] == 3
    assert model.ledger()["waited_s"] == pytest.approx(reply.waited_s, abs=0.01)
    assert model.ledger()["calls"] == 1


def test_one_500_is_survived(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "once-500"), "survivor")

    assert ask(model).text == "Hello."
    model.close()
    assert model.ledger()["attempts"] == 2


@pytest.mark.parametrize(
    ("fault", "error", "words", "attempts"),
    [
        ("401", ModelRefusesConfig, "answered 401: Incorrect API key provided", 1),
        ("403", ModelRefusesConfig, "answered 403", 1),
        ("404", ModelRefusesConfig, "answered 404: The model does not exist", 1),
        ("400", ModelRefusesConfig, "answered 400: Unsupported parameter", 1),
        ("302", ModelRefusesConfig, "redirects", 1),
        ("context", ContextExceeded, "maximum context length is 8192", 1),
        ("500", ModelUnavailable, r"answered 500: .*\(3 attempts, waited \d", 3),
        ("204", ModelUnavailable, "answered 204", 3),
        ("reset", ModelUnavailable, "closed without an answer", 3),
        pytest.param("hang", ModelUnavailable, "no answer within 1 s", 3, marks=pytest.mark.slow),
        ("empty_choices", ModelUnavailable, "no choices", 1),
        ("no_message", ModelUnavailable, "no message", 1),
        ("html", ModelUnavailable, "no JSON: <html>", 1),
    ],
)
def test_every_fault_ends_in_its_error(
    gateway: Gateway, endpoint: Endpoint, *, fault: str, error: type[AgentCoreError], words: str, attempts: int
) -> None:
    model = GatewayModel(gateway.address, named(endpoint, f"fault-{fault}"), fault)

    with pytest.raises(error, match=words) as caught:
        ask(model)
    model.close()

    line = str(caught.value)
    assert line.startswith(f"fault-{fault}@{endpoint.url}/v1: ")
    assert line.isprintable()
    assert model.ledger()["attempts"] == attempts


def test_a_bad_request_in_mid_run_does_not_accuse_the_configuration(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "fault-400"), "later")

    with pytest.raises(ModelUnavailable):
        ask(model, [Turn(reply=Reply(text="earlier"))])
    model.close()


def test_malformed_arguments_reach_the_loop_as_they_are(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "fault-malformed_arguments"), "malformed")

    assert ask(model).calls[0].arguments == '{"command": "ls'
    model.close()


def test_usage_that_nobody_counted_is_estimated_and_has_no_cost(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "fault-no_usage"), "uncounted")

    reply = ask(model)
    model.close()

    assert reply.usage.estimated
    assert reply.usage.cost_usd is None
    assert reply.usage.input_tokens > 0
    assert model.ledger()["cost_usd"] is None
    assert model.ledger()["usage"]["estimated"] is True


def test_streams_pass_and_are_metered(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "stream")
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True, "stream_options": {"include_usage": True}}

    answer = post(gateway, model.token, body)
    direct = httpx.post(
        f"{endpoint.url}/v1/chat/completions", json={**body, "model": "claude-haiku-4-5"}, trust_env=False
    )
    model.close()

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == direct.content
    assert model.ledger()["usage"]["input_tokens"] == 1000
    assert model.ledger()["cost_usd"] == "0.00114"
    assert model.ledger()["models_returned"] == {"claude-haiku-4-5-served": 1}


def test_half_a_stream_is_no_answer(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "fault-cut"), "cut")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        post(gateway, model.token, {"messages": [{"role": "user", "content": "x"}], "stream": True})
    model.close()

    assert model.ledger()["usage"]["estimated"] is True
    assert model.ledger()["cost_usd"] is None


def test_a_fault_before_a_stream_is_told(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "fault-401"), "stream-401")

    answer = post(gateway, model.token, {"messages": [], "stream": True})
    model.close()

    assert (answer.status_code, answer.headers[protocol.ERROR]) == (401, "auth")
    assert answer.json()["error"]["upstream_status"] == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"messages": 1}', b"\xff"])
def test_requests_that_are_none_are_refused(gateway: Gateway, endpoint: Endpoint, body: bytes) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "none")
    headers = {"Authorization": f"Bearer {model.token}"}

    answer = httpx.post(f"{gateway.url}/v1/chat/completions", content=body, headers=headers, trust_env=False)
    model.close()

    assert (answer.status_code, answer.headers[protocol.ERROR]) == (400, "bad_request")


def test_body_limit(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "long")

    with pytest.raises(ContextExceeded, match="32 MB"):
        model.reply(system="", prompt="x" * (protocol.BODY_LIMIT + 1), turns=[], tools=[], timeout_s=60)
    model.close()


@pytest.mark.parametrize("name", sorted(["model", "messages", "tools", "stream", "n"]))
def test_parameters_of_the_harness_are_refused(gateway: Gateway, endpoint: Endpoint, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        GatewayModel(gateway.address, named(endpoint, "claude-haiku-4-5"), "taken", {name: 1})


def test_many_runs_at_once_keep_their_own_ledgers(gateway: Gateway, endpoint: Endpoint) -> None:
    spec = named(endpoint, "claude-haiku-4-5")
    models = [GatewayModel(gateway.address, spec, f"run{index}") for index in range(16)]

    def work(index: int) -> None:
        for _ in range(index):
            ask(models[index])
        models[index].close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))

    assert [model.ledger()["calls"] for model in models] == list(range(16))
