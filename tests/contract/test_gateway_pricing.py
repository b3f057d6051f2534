"""``--agent-model`` values, and what their tokens cost."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model import pricing
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.gateway import providers
from pytest_agentcore.model.pricing import Price, Rates, cost, price_of

MILLION = Decimal(1_000_000)


@pytest.mark.parametrize(
    ("text", "provider", "model", "url", "wire"),
    [
        ("openai/gpt-5.5", "openai", "gpt-5.5", None, "chat"),
        ("mistral/mistral-small-latest", "mistral", "mistral-small-latest", None, "chat"),
        ("anthropic/claude-sonnet-4-6", "anthropic", "claude-sonnet-4-6", None, "litellm"),
        ("bedrock/openai.gpt-oss-20b-1:0", "bedrock", "openai.gpt-oss-20b-1:0", None, "litellm"),
        ("openrouter/anthropic/claude-sonnet-4.6", "openrouter", "anthropic/claude-sonnet-4.6", None, "chat"),
        ("poe/some-bot", "poe", "some-bot", None, "chat"),
        ("sarvam/sarvam-m", "sarvam", "sarvam-m", None, "litellm"),
        ("watsonx/ibm/granite", "watsonx", "ibm/granite", None, "litellm"),
        ("m@http://127.0.0.1:8000/v1", "custom", "m", "http://127.0.0.1:8000/v1", "chat"),
        ("m@http://[::1]:8000/v1/", "custom", "m", "http://[::1]:8000/v1", "chat"),
        ("m@https://h.example/v1/chat/completions", "custom", "m", "https://h.example/v1", "chat"),
        ("meta-llama/Llama-3@http://h:1/v1", "custom", "meta-llama/Llama-3", "http://h:1/v1", "chat"),
        ("openai/openai/gpt-oss-20b@http://h:1/v1", "openai", "openai/gpt-oss-20b", "http://h:1/v1", "chat"),
        ("anthropic/claude-x@http://h:1", "anthropic", "claude-x", "http://h:1", "litellm"),
        ("vertex_ai/claude-sonnet-4-6@default", "vertex_ai", "claude-sonnet-4-6@default", None, "litellm"),
        ("scripted/reference", "scripted", "reference", None, "scripted"),
    ],
)
def test_model_values(text: str, provider: str, model: str, url: str | None, wire: str) -> None:
    spec = parse(text)

    assert (spec.name, spec.provider, spec.model, spec.url, spec.wire) == (text, provider, model, url, wire)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a b", "'a b'"),
        ("a\nb/c", "unprintable"),
        ("anthropc/claude", "'anthropc'.*anthropic"),
        ("Scripted/reference", "did you mean scripted"),
        ("gpt-5.5", "provider/gpt-5.5"),
        ("openai/", "names no model"),
        ("scripted/", "solution"),
        ("scripted/x@http://h/v1", "no address"),
        ("@http://h/v1", "before '@'"),
        ("m@ftp://h/v1", "'ftp://h/v1'"),
        ("m@http://", "'http://'"),
        ("m@http://h:99999/v1", "99999"),
        ("m@http://h:x/v1", "'http://h:x/v1'"),
        ("m@http://[::1/v1", "no address"),
        ("m@localhost:8000/v1", "m@http://localhost:8000/v1"),
        ("m@http://h/v1?x=1", "before '\\?'"),
        ("hosted_vllm/m", "hosted_vllm/m@http"),
        ("bedrock/m@http://h/v1", "another address"),
    ],
)
def test_wrong_values_are_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        parse(text)

    assert "\n" not in str(caught.value)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="AGENTCORE_API_KEY") as caught:
        parse("m@http://user:hunter2@h/v1")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "paid", "got", "cached"),
    [
        ("anthropic/claude-sonnet-4-6", "3", "15", "0.3"),
        ("claude-sonnet-4-6", "3", "15", "0.3"),
        ("anthropic/claude-haiku-4-5", "1", "5", "0.1"),
        ("anthropic/claude-haiku-4-5@http://127.0.0.1:1", "1", "5", "0.1"),
        ("anthropic/claude-opus-4-7", "5", "25", "0.5"),
        ("bedrock/openai.gpt-oss-20b-1:0", "0.07", "0.30", None),
        ("bedrock/converse/openai.gpt-oss-120b-1:0", "0.15", "0.60", None),
        ("bedrock/meta.llama3-3-70b-instruct-v1:0", "0.72", "0.72", None),
        ("mistral/mistral-small-2603", "0.15", "0.6", "0.015"),
        ("mistral/mistral-small-latest", "0.15", "0.6", "0.015"),
        ("mistral/ministral-3-8b-2512", "0.15", "0.15", "0.015"),
        ("deepseek/deepseek-v4-flash", "0.3", "1.2", "0.006"),
        ("openai/gpt-5.5", "5", "30", "0.5"),
        ("gpt-5.5@http://127.0.0.1:1/v1", "5", "30", "0.5"),
    ],
)
def test_prices_of_the_bundled_table(model: str, paid: str, got: str, cached: str | None) -> None:
    price = price_of(parse(model) if "/" in model else model)

    assert price is not None
    rates = price.rates
    assert (rates.input * MILLION, rates.output * MILLION) == (Decimal(paid), Decimal(got))
    assert (rates.cache_read and rates.cache_read * MILLION) == (cached and Decimal(cached))


@pytest.mark.parametrize(
    "model",
    [
        "openrouter/gpt-5.5",  # another host's model of that name
        "claude-nothing@http://127.0.0.1:1/v1",
        "anthropic/gpt-5.5",
        "codestral/codestral-latest",  # 0 in the table, where nobody filled it in
        "scripted/reference",
    ],
)
def test_unknown_price_is_none(model: str) -> None:
    assert price_of(parse(model)) is None


def test_a_server_of_ones_own_is_free() -> None:
    price = price_of("ollama/llama3")

    assert price is not None
    assert cost(price, Usage(input_tokens=1000, output_tokens=1000)) == 0


def test_cost_is_exact() -> None:
    usage = Usage(input_tokens=1000, cached_tokens=400, cache_write_tokens=100, output_tokens=100, reasoning_tokens=40)

    haiku = price_of("anthropic/claude-haiku-4-5")
    assert haiku is not None
    assert cost(haiku, usage) == Decimal("0.001165")

    bare = Price(entry="x", rates=Rates(input=Decimal("0.000001"), output=Decimal("0.000002")))
    assert cost(bare, usage) == Decimal("0.0012")

    thinking = Price(
        entry="x", rates=Rates(input=Decimal(0), output=Decimal("0.000002"), reasoning=Decimal("0.000003"))
    )
    assert cost(thinking, usage) == Decimal("0.00024")


def test_long_prompts_have_their_own_rates() -> None:
    price = price_of("openai/gpt-5.5")

    assert price is not None
    assert cost(price, Usage(input_tokens=272_000)) == Decimal("1.36")
    assert cost(price, Usage(input_tokens=272_001)) == Decimal("2.72001")


def test_the_table_is_named_and_read_without_litellm() -> None:
    program = (
        "import sys\n"
        "from pytest_agentcore.model.endpoint import parse\n"
        "from pytest_agentcore.model.pricing import price_of, table_digest, table_version\n"
        "assert price_of(parse('openai/gpt-5.5'))\n"
        "assert table_digest().startswith('sha256:') and table_version() > 'litellm 1'\n"
        "assert not {'litellm', 'httpx', 'aiohttp'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_without_a_table_every_price_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "litellm_folder", lambda: None)
    pricing._table.cache_clear()
    try:
        assert price_of(ModelSpec(name="x", provider="openai", model="gpt-5.5", wire="chat")) is None
    finally:
        pricing._table.cache_clear()
