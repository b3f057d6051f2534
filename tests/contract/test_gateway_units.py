"""The gateway's parts that need no process: requests, retries, kinds of failure, metering, keys."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.endpoint import parse as parse_model
from pytest_agentcore.model.gateway.faults import UpstreamFault, classify, message_in, one_line
from pytest_agentcore.model.gateway.keys import Keyring, load_file
from pytest_agentcore.model.gateway.metering import Meter, usage_in
from pytest_agentcore.model.gateway.protocol import BACKOFF_CAP_S, ErrorKind
from pytest_agentcore.model.gateway.request import parse
from pytest_agentcore.model.gateway.retry import Effort, Policy, delay, retry_after

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=10,
)
STEADY = settings(database=None, deadline=None)
"""A folder that cannot be written to and a busy machine are no failures."""
PLANTED = "planted-provider-key-123"
OWN = "planted-own-key-456"


@STEADY
@given(
    fields=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), JSON, max_size=5),
    named=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_request_is_forwarded_with_only_its_model_replaced(
    fields: dict[str, Any], named: bool, indent: int | None
) -> None:
    fields = {**fields, "messages": []}
    fields.pop("model", None)
    if named:
        fields = {"first": {"model": "inner"}, "model": "asked", **fields}
    body = json.dumps(fields, ensure_ascii=False, indent=indent).encode()

    forwarded = parse(body).named('up"stream')

    assert json.loads(forwarded) == {**fields, "model": 'up"stream'}
    if named:
        assert forwarded == body.replace(b'"asked"', b'"up\\"stream"', 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"messages": [] ',
        b'{"messages": []} x',
        b'{"messages": 1}',
        b"\xff{}",
        b"{1: 2}",
        b'{"a" 1}',
        b'{"a": }',
        b'{"a": 1 "b": 2}',
        b'{"a":1,}',
        b"[" * 100_000,
    ],
)
def test_request_that_is_none_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="the body"):
        parse(body)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (None, "no answer", ErrorKind.UNAVAILABLE),
        (401, "", ErrorKind.AUTH),
        (402, "", ErrorKind.AUTH),
        (403, "", ErrorKind.AUTH),
        (404, "", ErrorKind.UNKNOWN_MODEL),
        (400, "Invalid model: small (1500)", ErrorKind.UNKNOWN_MODEL),
        (400, "The model `x` does not exist", ErrorKind.UNKNOWN_MODEL),
        (400, "Unsupported parameter: 'top_k'", ErrorKind.BAD_REQUEST),
        (422, "extra_forbidden", ErrorKind.BAD_REQUEST),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", ErrorKind.CONTEXT_EXCEEDED),
        (400, "This model's maximum context length is 8192 tokens", ErrorKind.CONTEXT_EXCEEDED),
        (400, "x (context_length_exceeded)", ErrorKind.CONTEXT_EXCEEDED),
        (400, "The input token count (1200000) exceeds the maximum number of tokens", ErrorKind.CONTEXT_EXCEEDED),
        (400, "Input is too long for requested model.", ErrorKind.CONTEXT_EXCEEDED),
        (413, "", ErrorKind.CONTEXT_EXCEEDED),
        (400, "API key not valid. Please pass a valid API key.", ErrorKind.AUTH),
        (400, "Your credit balance is too low to access the API", ErrorKind.AUTH),
        (429, "Rate limit reached for tokens per min", ErrorKind.UNAVAILABLE),
        (429, "You exceeded your current quota (insufficient_quota)", ErrorKind.AUTH),
        *[(status, "", ErrorKind.UNAVAILABLE) for status in (408, 409, 500, 502, 503, 504, 529)],
        (500, "maximum context length", ErrorKind.UNAVAILABLE),
    ],
)
def test_kind_of_failure(status: int | None, said: str, kind: ErrorKind) -> None:
    assert classify(status, said) is kind


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "No", "type": "t", "code": "c"}}', "No (c)"),
        (
            b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}',
            "Overloaded (overloaded_error)",
        ),
        (b'{"error": "flat"}', "flat"),
        (b'{"detail": [{"loc": 1}]}', '[{"loc": 1}]'),
        (b'{"message": "top"}', "top"),
        (b"<html><body><h1>502</h1> Bad\n Gateway</body></html>", "502 Bad Gateway"),
        (b"plain \x1b[31m\x00text\xff", "plain [31m text\ufffd"),
        (b"", ""),
    ],
)
def test_message_in_an_error_body(body: bytes, said: str) -> None:
    assert one_line(message_in(body)) == said


def test_message_is_cut() -> None:
    assert len(one_line("word " * 1000)) <= 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_date_without_the_upstreams_clock() -> None:
    asked = retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})

    assert asked is not None
    assert 90 < asked <= 100


def test_delay_grows_honours_and_is_capped() -> None:
    assert all(0.25 <= delay(1, {}) <= 0.5 for _ in range(100))
    assert all(2.0 <= delay(4, {}) <= 4.0 for _ in range(100))
    assert delay(50, {}) <= 30.0
    assert 7.0 <= delay(1, {"retry-after": "7"}) <= 7.25
    assert delay(1, {"retry-after": "86400"}) == BACKOFF_CAP_S


def test_policy_retries_what_may_pass_and_nothing_else() -> None:
    async def no_sleep(_: float) -> None:
        return None

    def calling(faults: list[UpstreamFault]) -> tuple[str, int]:
        async def attempt() -> str:
            if faults:
                raise faults.pop(0)
            return "answer"

        effort = Effort()
        try:
            result = asyncio.run(Policy(retries=2, sleep=no_sleep).call(attempt, effort))
        except UpstreamFault as fault:
            result = fault.kind.value
        return result, effort.attempts

    assert calling([UpstreamFault("", status=500)] * 2) == ("answer", 3)
    assert calling([UpstreamFault("", status=500)] * 3) == ("unavailable", 3)
    assert calling([UpstreamFault("", status=401)]) == ("auth", 1)


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3}, (7, 3, 0, 0, 0)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 12,
            },
            (9, 3, 4, 0, 2),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "completion_tokens_details": {"reasoning_tokens": 5},
                "total_tokens": 17,
            },
            (9, 8, 0, 0, 5),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 3,
                "cache_read_input_tokens": 4,
                "cache_creation_input_tokens": 2,
            },
            (9, 3, 4, 2, 0),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 3, "prompt_cache_hit_tokens": 4}, (9, 3, 4, 0, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": None}, (9, 3, 0, 0, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 99}}, (9, 3, 9, 0, 0)),
        ({"prompt_tokens": -9, "completion_tokens": 3}, None),
        ({"prompt_tokens": "9", "completion_tokens": 3}, None),
        ({"prompt_tokens": True, "completion_tokens": 3}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage_in_its_dialects(raw: object, usage: tuple[int, ...] | None) -> None:
    found = usage_in({"usage": raw})

    numbers = found and (
        found.input_tokens,
        found.output_tokens,
        found.cached_tokens,
        found.cache_write_tokens,
        found.reasoning_tokens,
    )
    assert numbers == usage
    assert found is None or (found.cost_usd is None and not found.estimated)


@STEADY
@given(cuts=st.lists(st.integers(0, 400), max_size=20))
def test_stream_meter_reads_however_the_stream_is_cut(cuts: list[int]) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    chunks: list[dict[str, Any]] = [
        {"model": "m-1", "choices": [{"delta": {"content": 'é "usage"'}}]},
        {"usage": usage, "choices": []},
    ]
    stream = b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks) + b"data: [DONE]"
    meter, at = Meter(), 0

    for cut in [*sorted(cuts), len(stream)]:
        meter.feed(stream[at:cut])
        at = max(at, cut)
    meter.end()

    assert meter.model == "m-1"
    assert meter.usage == Usage(calls=1, input_tokens=5, output_tokens=2, cost_usd=None)
    assert meter.size == len(stream)


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("openai/gpt-5.5", PLANTED),
        ("anthropic/claude-haiku-4-5", None),
        ("openai/gpt-5.5@https://api.openai.com/v1", PLANTED),
        ("openai/gpt-5.5@http://api.openai.com/v1", OWN),
        ("openai/gpt-5.5@https://api.openai.com:444/v1", OWN),
        ("openai/gpt-5.5@https://api.openai.com.evil.example/v1", OWN),
        ("openai/gpt-5.5@http://127.0.0.1:8000/v1", OWN),
        ("gpt-5.5@https://api.openai.com/v1", OWN),
        ("anthropic/claude-haiku-4-5@http://127.0.0.1:8000", OWN),
    ],
)
def test_a_providers_key_goes_to_its_own_address_alone(model: str, key: str | None) -> None:
    keys = Keyring({"OPENAI_API_KEY": PLANTED, "AGENTCORE_API_KEY": OWN})

    assert keys.key_for(parse_model(model)) == key


def test_missing_keys_are_named() -> None:
    keys = Keyring({"GEMINI_API_KEY": "  "})

    assert "set ANTHROPIC_API_KEY" in str(keys.missing(parse_model("anthropic/claude-haiku-4-5")))
    assert "set GEMINI_API_KEY or GOOGLE_API_KEY" in str(keys.missing(parse_model("gemini/gemini-2.5-pro")))
    assert keys.missing(parse_model("bedrock/openai.gpt-oss-20b-1:0")) is None
    assert keys.missing(parse_model("m@http://127.0.0.1:1/v1")) is None


@pytest.mark.parametrize(
    "told", [PLANTED, f"Bearer {PLANTED}", "cGxhbnRlZC1wcm92aWRlci1rZXktMTIz", "sk-proj-abcdefghijklmnopqrstuv"]
)
def test_keys_are_cut_out_of_texts(told: str) -> None:
    redacted = Keyring({"OPENAI_API_KEY": PLANTED, "HOME": "/root"}).redact(f"bad key {told}, see /root")

    assert redacted in ("bad key [redacted], see /root", "bad key Bearer [redacted], see /root")


def test_key_file(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# mine\n\nexport OPENAI_API_KEY='a=b c'\nMISTRAL_API_KEY = x \nSECRETWORD\n")
    environ = {"OPENAI_API_KEY": "old"}

    problems = load_file(str(file), environ)

    assert environ == {"OPENAI_API_KEY": "a=b c", "MISTRAL_API_KEY": "x"}
    assert [f"line 5 of the key file {str(file)!r} is not NAME=value; correct or remove it"] == problems
    assert "No such file" in load_file(str(tmp_path / "none"), environ)[0]
