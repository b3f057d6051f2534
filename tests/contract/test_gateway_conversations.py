"""The same conversation on each wire, whole and streamed, through a real gateway: its record tells the same story."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.trajectory import ToolSpec
from pytest_agentcore.model.cassette import read
from pytest_agentcore.model.conversations import conversations
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import named, register
from tests.contract.gateway_clients import CONVERSATIONS, PROMPT, SCHEMA, SYSTEM
from tests.contract.scripted_endpoint import Endpoint, serving

pytestmark = pytest.mark.slow

HAIKU = "claude-haiku-4-5"
CALLS = [["shell", {"command": "ls"}], ["shell", {"command": "printf 'é\u2028'"}]]
CONFIG: dict[str, Any] = {
    "lifetime_s": 1800,
    "models": {
        HAIKU: {
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}},
            "turns": [{"text": "I look.", "reasoning": "Hm, é.", "calls": CALLS}, {"text": "Done: é"}],
        }
    },
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def specs(endpoint: Endpoint) -> dict[str, ModelSpec]:
    return {"openai": named(endpoint, HAIKU), "anthropic": parse(f"anthropic/{HAIKU}@{endpoint.url}")}


@pytest.fixture(scope="module")
def gateway(specs: dict[str, ModelSpec]) -> Iterator[Gateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with Gateway.start(list(specs.values()), api_retries=0) as running:
            yield running


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", sorted(CONVERSATIONS))
@pytest.mark.parametrize(
    "upstream", ["openai", pytest.param("anthropic", marks=pytest.mark.slow)], ids=lambda name: f"of-{name}"
)
def test_the_record_tells_what_the_client_heard(
    gateway: Gateway, specs: dict[str, ModelSpec], tmp_path: Path, upstream: str, wire: str, *, stream: bool
) -> None:
    path = tmp_path / "wire.jsonl.zst"
    run = register(gateway, specs[upstream], record=str(path))
    heard = CONVERSATIONS[wire](gateway.url, run.token, stream=stream)
    ledger = run.end()

    (found,) = conversations(read(path))

    told = found.trajectory
    assert (told.system_prompt, told.prompt) == (SYSTEM, f"{PROMPT}\n[image_url]")
    assert told.tools == (ToolSpec(name="shell", description="Run", parameters=SCHEMA),)
    assert [turn.reply.text for turn in told.turns] == [one.text for one in heard] == ["I look.", "Done: é"]
    assert [turn.reply.reasoning or "" for turn in told.turns] == [one.reasoning for one in heard]
    assert [turn.reply.finish_reason for turn in told.turns] == ["tool_calls", "stop"]
    assert [len(turn.reply.calls) for turn in told.turns] == [len(one.calls) for one in heard] == [2, 0]
    assert [result.content for result in told.results] == [f"out of {call.id}" for call in told.calls]
    assert (found.stop_known, str(told.stop_reason), found.said, found.copied) == (True, "finished", {}, frozenset())
    usage = told.usage
    assert (usage.calls, usage.input_tokens, usage.cached_tokens) == (2, 2000, ledger["usage"]["cached_tokens"])
    assert usage.cost_usd == Decimal(ledger["cost_usd"])
