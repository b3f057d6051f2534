"""The wire record and its replay: what was said, byte for byte, with no key in it and no upstream behind it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_agentcore.errors import StoreError
from pytest_agentcore.model.cassette import Cassette, Recorded, difference, read, timeless
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import Registered, named, register, started, wait_until
from tests.contract.scripted_endpoint import Endpoint, serving

HAIKU = "claude-haiku-4-5"
KEY = "planted-own-0123456789+/=é"
CONFIG: dict[str, Any] = {
    "lifetime_s": 300,
    "models": {
        HAIKU: {
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
            "turns": [{"text": f"I look. é\u2028 {KEY}", "calls": [["shell", {"command": "ls"}]]}, {"text": "Done."}],
        },
        "twice-429": {"fault": {"kind": 429, "times": 2, "retry_after": "0"}},
    },
}
CALLS: tuple[dict[str, Any], ...] = (
    {"path": "/v1/chat/completions"},
    {"path": "/v1/chat/completions", "stream": True},
    {"path": "/v1/messages", "stream": True, "max_tokens": 100},
    {"path": "/v1/responses"},
    {"path": "/v1/chat/completions", "messages": [{"role": "user", "content": "other \u00e9\n"}]},
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def spec(endpoint: Endpoint) -> ModelSpec:
    return named(endpoint, HAIKU)


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint, spec: ModelSpec) -> Iterator[Gateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTCORE_API_KEY", KEY.removesuffix("é"))
        with Gateway.start([spec, named(endpoint, "twice-429"), named(endpoint, "fault-400")]) as running:
            yield running


def hold(run: Registered) -> list[httpx.Response]:
    return [run.call(**call) for call in CALLS]


def test_each_call_is_recorded_and_no_key_is(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl.zst"
    run = register(gateway, spec, record=str(path))

    answers = hold(run)
    ledger = run.end()

    assert ledger["record"] == {"path": str(path), "calls": len(CALLS), "fault": None}
    calls = read(path)
    assert [call.path for call in calls] == [call["path"] for call in CALLS]
    assert json.loads(calls[-1].request)["messages"] == CALLS[-1]["messages"]
    for call, answer in zip(calls, answers, strict=True):
        assert call.body == answer.content.replace(KEY.removesuffix("é").encode(), b"[redacted]")
    assert (calls[0].usage["input_tokens"], calls[0].cost_usd, calls[0].model) == (1000, "0.0015", f"{HAIKU}-served")
    assert not [call for call in calls if "planted" in repr(call) or run.token in repr(call)]
    assert path.stat().st_mode & 0o077 == 0


def test_failures_and_attempts_are_recorded(gateway: Gateway, endpoint: Endpoint, tmp_path: Path) -> None:
    patient = register(gateway, named(endpoint, "twice-429"), record=str(tmp_path / "patient"))
    refused = register(gateway, named(endpoint, "fault-400"), record=str(tmp_path / "refused"))
    patient.call()
    refused.call()
    patient.end()
    refused.end()

    (call,) = read(tmp_path / "refused")
    assert (call.status, call.headers[protocol.ERROR]) == (400, "bad_request")
    (call,) = read(tmp_path / "patient")
    assert call.headers[protocol.ATTEMPTS] == "3"


def test_a_replay_gives_the_same_bytes_for_nothing(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl.zst"
    run = register(gateway, spec, record=str(path))
    then = hold(run)
    run.end()

    dead = ModelSpec(name=spec.name, provider="custom", model=HAIKU, url="http://127.0.0.1:1/v1", wire="chat")
    with replaying(dead) as again:
        rerun = register(again, dead, replay=str(path))
        now = hold(rerun)
        beyond = rerun.call()
        ledger = rerun.end()

    secret = KEY.removesuffix("é").encode()
    assert [one.content for one in now] == [one.content.replace(secret, b"[redacted]") for one in then]
    assert [one.headers["content-type"] for one in now] == [one.headers["content-type"] for one in then]
    assert [one.headers.get(protocol.USAGE) for one in now] == [one.headers.get(protocol.USAGE) for one in then]
    assert (ledger["calls"], ledger["replayed"]["calls"], ledger["usage"]["input_tokens"]) == (
        len(CALLS),
        len(CALLS),
        5000,
    )
    assert Decimal(ledger["cost_usd"]) == sum(Decimal(call.cost_usd or 0) for call in read(path))
    assert all(int(one.headers[protocol.REPLAYED_MS]) >= 0 for one in now)
    assert (beyond.status_code, beyond.headers[protocol.ERROR]) == (409, "replay_miss")
    assert "holds 5 calls" in beyond.json()["error"]["message"]


def test_a_miss_shows_the_first_difference(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl.zst"
    run = register(gateway, spec, record=str(path))
    run.call(messages=[{"role": "user", "content": "read the file names.txt"}], temperature=0)
    run.end()

    with replaying(spec) as again:
        rerun = register(again, spec, replay=str(path))
        miss = rerun.call(messages=[{"role": "user", "content": "read the file notes.txt"}], temperature=0)

    message = miss.json()["error"]["message"]
    assert "$.messages[0].content, character 15" in message
    assert "- recorded: 'read the file names.txt'" in message
    assert "+ now:      'read the file notes.txt'" in message


def replaying(*specs: ModelSpec) -> AbstractContextManager[Gateway]:
    """A gateway that answers from records alone."""
    return started(models=specs, replay=True)


def test_a_run_that_was_cut_off_goes_on_from_its_record(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    """What was answered is not asked again; the first other question, and all after it, go to the model."""
    longer, shorter, third = (str(tmp_path / name) for name in ("longer", "shorter", "third"))
    for path, questions in ((longer, ("one", "two")), (shorter, ("one",))):
        run = register(gateway, spec, record=path)
        for question in questions:
            run.call(messages=[{"role": "user", "content": question}])
        run.end()

    run = register(gateway, spec, record=third, resume=[shorter, longer, str(tmp_path / "absent")])
    answers = [run.call(messages=[{"role": "user", "content": text}]) for text in ("one", "other", "two")]
    ledger = run.end()

    assert [protocol.REPLAYED_MS in answer.headers for answer in answers] == [True, False, False]
    assert (ledger["calls"], ledger["replayed"]["calls"], ledger["attempts"]) == (3, 1, 2)
    assert len(read(third)) == 3
    assert answers[0].content == read(longer)[0].body


def test_a_call_without_a_usable_answer_is_asked_again(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    calls = [
        Recorded(seq=1, path="/v1/chat/completions", request="{}", status=200, content_type="", body=body)
        for body in (b'{"choices": [{"message": {}}]}', b'{"choices": []}', b"<html>", b'{"choices": [{}]}')
    ]

    assert [call.usable for call in calls] == [True, False, False, False]


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        ("=== 3 passed in 0.98s ===", "== 3 passed in 10.02s ==", True),
        ("-rw-r--r-- 1 u u 3 Nov 21 09:41 a", "-rw-r--r-- 1 u u 3 Nov  1 10:02 a", True),
        ("real 0m0.012s", "real 0m1.5s", True),
        ("at 2026-11-21T09:41:07.125Z", "at 2027-01-02 10:00:00+01:00", True),
        ("3 passed in 0.98s", "4 passed in 0.98s", False),
        ("total 12", "total 16", False),
        ("12 files", "13 files", False),
    ],
)
def test_what_a_clock_says_in_a_tools_result_is_no_difference(then: str, now: str, *, same: bool) -> None:
    for place in (
        lambda text: {"messages": [{"role": "tool", "content": text}]},
        lambda text: {"input": [{"type": "function_call_output", "output": text}]},
        lambda text: {"messages": [{"role": "user", "content": [{"type": "tool_result", "content": text}]}]},
    ):
        assert (timeless(place(then)) == timeless(place(now))) is same
    assert timeless({"messages": [{"role": "user", "content": then}]})["messages"][0]["content"] == then


def test_a_full_disk_costs_the_record_and_not_the_run(gateway: Gateway, spec: ModelSpec) -> None:
    run = register(gateway, spec, record="/dev/full")

    assert [one.status_code for one in hold(run)] == [200] * len(CALLS)
    ledger = run.end()

    assert "No space left on device" in ledger["record"]["fault"]
    assert ledger["calls"] == len(CALLS)


def test_a_folder_that_is_not_there_is_told(gateway: Gateway, spec: ModelSpec, tmp_path: Path) -> None:
    run = register(gateway, spec, record=str(tmp_path / "none" / "wire"))

    assert run.call().status_code == 200
    assert "No such file" in run.end()["record"]["fault"]


def test_what_a_killed_gateway_had_recorded_can_be_read(endpoint: Endpoint, spec: ModelSpec, tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl.zst"
    with Gateway.start([spec]) as gateway:
        run = register(gateway, spec, record=str(path))
        hold(run)
        wait_until(lambda: run.ledger()["record"]["calls"] == len(CALLS))
        assert gateway.pid is not None
        os.kill(gateway.pid, 9)

    assert len(read(path)) == len(CALLS)


def test_a_record_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")

    for name in ("text", "absent"):
        with pytest.raises(StoreError, match="cannot be read"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    ("then", "now", "where"),
    [
        ({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "y"}]}, "$.a[1].b, character 0"),
        ({"a": 1}, {}, "$.a"),
        ({}, {"a": 1}, "$.a"),
        ([1], [1, 2], "$.length"),
        ([1], [True], "$[0]"),
        ("abc", "abcd", "$, character 3"),
        (1, "1", "$"),
    ],
)
def test_the_first_difference(then: object, now: object, where: str) -> None:
    found = difference(then, now)

    assert found is not None
    assert found[0] == where
    assert difference(then, then) is None


def test_calls_in_flight_together_may_come_in_another_order() -> None:
    calls = [
        Recorded(seq=seq, path="/p", request=f'{{"n": {seq}}}', status=200, content_type="", body=b"%d" % seq)
        for seq in (1, 2)
    ]
    cassette = Cassette(calls, "x")

    second, first = cassette.answer("/p", '{"n": 2, "user": "me"}'), cassette.answer("/p", '{"n": 1}')

    assert isinstance(second, Recorded)
    assert isinstance(first, Recorded)
    assert (second.body, first.body) == (b"2", b"1")
