"""Chat Completions in, Anthropic Messages out: litellm in the gateway's process, and nowhere else."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_agentcore.domain.trajectory import Reply, ToolResult, ToolSpec, Turn
from pytest_agentcore.errors import AgentCoreError, ContextExceeded, ModelRefusesConfig, ModelUnavailable
from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.scripted_endpoint import Endpoint, serving

OWN = "planted-own-0123456789"
PROVIDERS = "planted-anthropic-0123456789"
SHELL = ToolSpec(
    name="shell", description="Run", parameters={"type": "object", "properties": {"command": {"type": "string"}}}
)
HAIKU = "claude-haiku-4-5"
FAULTS = ("401", "403", "404", "400", "500", "529", "context", "reset", "hang", "html")
CONFIG: dict[str, Any] = {
    "lifetime_s": 300,
    "models": {
        HAIKU: {
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 400, "cache_creation_tokens": 100},
            },
            "turns": [
                {
                    "text": "I look.",
                    "reasoning": "First.",
                    "calls": [["shell", {"command": "ls"}], ["shell", {"command": "pwd"}]],
                },
                {"text": "Done."},
            ],
        },
        "twice-429": {"fault": {"kind": 429, "times": 2, "retry_after": "1"}},
        "leaky": {"fault": {"kind": 400, "message": f"bad key {OWN}"}},
        "refusing": {"turns": [{"text": "", "finish_reason": "refusal"}]},
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


def named(endpoint: Endpoint, name: str) -> ModelSpec:
    return parse(f"anthropic/{name}@{endpoint.url}")


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[socket.socket]:
    """A proxy that nobody should need: a connection to any address but the endpoint's would come here."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        yield proxy


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint, elsewhere: socket.socket) -> Iterator[Gateway]:
    names = [*CONFIG["models"], *(f"fault-{fault}" for fault in FAULTS)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTCORE_API_KEY", OWN)
        patch.setenv("ANTHROPIC_API_KEY", PROVIDERS)
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patch.setenv(name, f"http://127.0.0.1:{elsewhere.getsockname()[1]}")
        with Gateway.start([named(endpoint, name) for name in names], api_retries=2, api_timeout_s=2.0) as running:
            yield running


def ask(model: GatewayModel, turns: list[Turn] | None = None) -> Reply:
    return model.reply(system="Be brief.", prompt="List it.", turns=turns or [], tools=[SHELL], timeout_s=60)


def sent(endpoint: Endpoint, model: str) -> list[dict[str, Any]]:
    return [request for request in endpoint.requests() if request["body"]["model"] == model]


@pytest.mark.slow
def test_a_conversation_its_usage_and_its_cost(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "translated", {"temperature": 0, "max_tokens": 500})

    first = ask(model)
    results = tuple(ToolResult(call_id=call.id, content=f"out of {call.id}") for call in first.calls)
    last = ask(model, [Turn(reply=first, results=results)])
    model.close()

    assert (first.text, first.reasoning, first.finish_reason) == ("I look.", "First.", "tool_calls")
    assert [(call.id, call.name, json.loads(call.arguments)) for call in first.calls] == [
        ("toolu_1", "shell", {"command": "ls"}),
        ("toolu_2", "shell", {"command": "pwd"}),
    ]
    assert (last.text, last.finish_reason) == ("Done.", "stop")
    usage = first.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.cache_write_tokens) == (
        1000,
        100,
        400,
        100,
    )
    assert usage.cost_usd == Decimal(
        "0.001165"
    )  # 500 at $1, 400 read at $0.1, 100 written at $1.25, 100 at $5 a million
    assert not usage.estimated
    assert first.model == f"{HAIKU}-served"
    assert model.ledger()["cost_usd"] == "0.00233"
    opening, second = (request["body"] for request in sent(endpoint, HAIKU))
    assert (opening["temperature"], opening["max_tokens"]) == (0, 500)
    assert [block["type"] for block in second["messages"][1]["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert second["messages"][1]["content"][0]["signature"] == "signed"
    assert [block["tool_use_id"] for block in second["messages"][2]["content"]] == ["toolu_1", "toolu_2"]


def test_malformed_arguments_in_the_history_are_translated(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "malformed")
    call = {"id": "c1", "type": "function", "function": {"name": "shell", "arguments": '{"command": "ls'}}
    said = Reply(text="", message={"role": "assistant", "content": None, "tool_calls": [call]})

    reply = ask(
        model, [Turn(reply=said, results=(ToolResult(call_id="c1", content="that was no JSON", malformed=True),))]
    )
    model.close()

    assert reply.text == "Done."
    assert sent(endpoint, HAIKU)[-1]["body"]["messages"][1]["content"][0]["input"] == {"malformed": '{"command": "ls'}


def test_retry_after_is_honoured(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "twice-429"), "patient")

    reply = ask(model)
    model.close()

    assert reply.waited_s >= 2.0
    assert model.ledger()["attempts"] == 3
    assert len(sent(endpoint, "twice-429")) == 3


@pytest.mark.parametrize(
    ("fault", "error", "words", "attempts"),
    [
        ("401", ModelRefusesConfig, "answered 401: Incorrect API key provided", 1),
        ("403", ModelRefusesConfig, "answered 403: Project is not allowed", 1),
        ("404", ModelRefusesConfig, "answered 404: The model does not exist", 1),
        ("400", ModelRefusesConfig, "answered 400: Unsupported parameter", 1),
        ("context", ContextExceeded, "maximum context length is 8192", 1),
        ("500", ModelUnavailable, "The server had an error", 3),
        ("529", ModelUnavailable, "3 attempts", 3),
        ("reset", ModelUnavailable, "3 attempts", 3),
        pytest.param("hang", ModelUnavailable, "no answer within 2 s", 3, marks=pytest.mark.slow),
        ("html", ModelUnavailable, "html", 3),
    ],
)
def test_every_fault_ends_in_its_error(
    gateway: Gateway, endpoint: Endpoint, *, fault: str, error: type[AgentCoreError], words: str, attempts: int
) -> None:
    model = GatewayModel(gateway.address, named(endpoint, f"fault-{fault}"), fault)

    with pytest.raises(error, match=words) as caught:
        ask(model)
    model.close()

    assert str(caught.value).isprintable()
    assert model.ledger()["attempts"] == attempts
    assert len(sent(endpoint, f"fault-{fault}")) == attempts  # litellm makes none of its own


def test_a_refusal_is_the_providers_stop_reason(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "refusing"), "refusing")

    assert ask(model).finish_reason in ("content_filter", "refusal")
    model.close()


@pytest.mark.parametrize(
    "name", ["api_base", "base_url", "api_key", "extra_headers", "mock_response", "custom_llm_provider", "timeout"]
)
def test_arguments_of_litellm_are_no_parameters_of_a_call(gateway: Gateway, endpoint: Endpoint, name: str) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "argument", {name: "http://127.0.0.1:9"})
    before = len(endpoint.requests())

    with pytest.raises(ModelRefusesConfig, match=name):
        ask(model)
    model.close()

    assert len(endpoint.requests()) == before


def test_an_unsupported_parameter_is_refused_not_dropped(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "unsupported", {"logit_bias": {"1": 1}})

    with pytest.raises(ModelRefusesConfig, match="logit_bias"):
        ask(model)
    model.close()


def test_streams_are_translated_and_metered(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "stream")
    done = {"role": "assistant", "content": "x"}
    body = {
        "messages": [{"role": "user", "content": "x"}, done, {"role": "user", "content": "y"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }

    headers = {"Authorization": f"Bearer {model.token}"}
    answer = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, trust_env=False, timeout=30)
    model.close()

    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"]) == "Done."
    assert model.ledger()["usage"]["input_tokens"] == 1000
    assert model.ledger()["usage"]["output_tokens"] == 100


def test_keys_stay_where_they_belong(gateway: Gateway, endpoint: Endpoint) -> None:
    model = GatewayModel(gateway.address, named(endpoint, "leaky"), "leaky")

    with pytest.raises(ModelRefusesConfig, match=r"bad key \[redacted\]") as caught:
        ask(model)
    model.close()

    seen = str(caught.value) + json.dumps(model.ledger()) + Path(f"/proc/{gateway.pid}/fd/2").read_text()
    assert OWN not in seen
    assert PROVIDERS not in seen + json.dumps(endpoint.requests())
    assert {request["headers"].get("x-api-key") for request in endpoint.requests()} == {OWN}


def test_nobody_else_is_called(gateway: Gateway, endpoint: Endpoint, elsewhere: socket.socket) -> None:
    model = GatewayModel(gateway.address, named(endpoint, HAIKU), "alone")
    ask(model)
    model.close()

    with pytest.raises(BlockingIOError):  # neither a price map nor a list of headers was fetched
        elsewhere.accept()


def test_litellm_is_in_the_gateway_alone(gateway: Gateway) -> None:
    assert "litellm" not in sys.modules
