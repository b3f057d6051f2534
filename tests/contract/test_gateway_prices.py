"""A price file of one's own over the bundled table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.endpoint import parse
from pytest_agentcore.model.pricing import Prices, cost, load_prices, price_of
from tests.contract.gateway_calls import register, started
from tests.contract.scripted_endpoint import serving

MILLION = Decimal(1_000_000)
USAGE = Usage(input_tokens=1000, cached_tokens=400, cache_write_tokens=100, output_tokens=100)


def test_a_file_comes_before_the_bundled_table(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(
        '{"anthropic/claude-haiku-4-5": {"input": 2, "output": 10.5, "cache_read": 0.1, "cache_write": 2.5}}'
    )

    prices = load_prices(file)
    price = prices.of(parse("anthropic/claude-haiku-4-5"))

    assert price is not None
    assert cost(price, USAGE) * MILLION == 500 * 2 + 400 * Decimal("0.1") + 100 * Decimal("2.5") + 100 * Decimal("10.5")
    assert prices.of(parse("openai/gpt-5.5")) == price_of("openai/gpt-5.5")
    assert prices.digest.startswith("sha256:")
    assert load_prices(None) == Prices()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("mine", "mine@http://127.0.0.1:1/v1"),
        ("mine@http://127.0.0.1:1/v1", "mine@http://127.0.0.1:1/v1"),
        ("anthropic/mine", "anthropic/mine@http://127.0.0.1:1"),
    ],
)
def test_models_of_ones_own_can_be_priced(tmp_path: Path, name: str, model: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(f'"{name}":\n  input_cost_per_token: 3e-06\n  output_cost_per_token: 1.5e-05\n  max_tokens: 4096\n')

    price = load_prices(file).of(parse(model))

    assert price is not None
    assert (price.rates.input * MILLION, price.rates.output * MILLION, price.longest_answer) == (
        Decimal(3),
        Decimal(15),
        4096,
    )


def test_what_is_said_to_be_free_is_free(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"mine": {"input": 0, "output": 0}}')

    price = load_prices(file).of(parse("mine@http://127.0.0.1:1/v1"))

    assert price is not None
    assert cost(price, USAGE) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[1]", "no mapping"),
        ('{"m": 1}', "'m' is no mapping"),
        ('{"m": {"input": 1}}', "lacks input or output"),
        ('{"m": {"input": -1, "output": 1}}', "input of 'm' is -1"),
        ('{"m": {"input": true, "output": 1}}', "input of 'm' is True"),
        ('{"m": {"input": "a lot", "output": 1}}', "'a lot'"),
        ('{"m": {"input": "nan", "output": 1}}', "'nan'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    for name in ("prices.json", "prices.yaml"):
        file = tmp_path / name
        file.write_text(text)
        with pytest.raises(ConfigError, match=words) as caught:
            load_prices(file)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_prices(tmp_path / "none")


def test_writes_that_are_kept_for_an_hour_have_their_own_price() -> None:
    haiku = price_of("anthropic/claude-haiku-4-5")

    assert haiku is not None
    assert (cost(haiku, USAGE, hour_writes=60) - cost(haiku, USAGE)) * MILLION == 60 * (2 - Decimal("1.25"))


def test_a_gateway_prices_by_the_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('{"mine": {"input": 100, "output": 1000}}')
    with serving() as endpoint:
        spec = parse(f"mine@{endpoint.url}/v1")
        with started(models=(spec,), price_file=str(file)) as gateway:
            run = register(gateway, spec, limits={"cost_usd": 50})
            assert run.call().headers["x-agentcore-cost-usd"] == "0.02"
            assert run.end()["cost_usd"] == "0.02"
