"""What clients of each wire find besides answers: models, token counts, errors in their own words, broken streams."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import named, register, wait_until
from tests.contract.scripted_endpoint import Endpoint, serving

pytestmark = pytest.mark.slow

HAIKU = "claude-haiku-4-5"
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}
LONG = " ".join(["word"] * 4000)
CONFIG: dict[str, Any] = {
    "lifetime_s": 300,
    "models": {
        HAIKU: {"usage": USAGE, "turns": [{"text": "Hello you.", "calls": [["shell", {"command": "ls"}]]}]},
        "billed": {"usage": {**USAGE, "cost": 0.5}},
        "huge": {"usage": USAGE, "turns": [{"text": "x" * 10_000_000}]},
        "long": {"usage": USAGE, "turns": [{"text": LONG}]},
    },
}
FAULTS = ("fault-401", "fault-context", "fault-404", "fault-cut", "fault-empty_choices")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def native(endpoint: Endpoint) -> ModelSpec:
    return parse(f"anthropic/{HAIKU}@{endpoint.url}")


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint, native: ModelSpec) -> Iterator[Gateway]:
    names = [*CONFIG["models"], *FAULTS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with Gateway.start([*(named(endpoint, name) for name in names), native], api_retries=0) as running:
            yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_the_door_says_hello_before_anybody_has_a_token(gateway: Gateway) -> None:
    assert httpx.head(gateway.url, trust_env=False).status_code == 200
    assert httpx.get(f"{gateway.url}/nothing", trust_env=False).status_code == 404
    assert httpx.put(f"{gateway.url}/v1/messages", trust_env=False).status_code == 404


def test_both_vendors_clients_list_the_runs_model(gateway: Gateway, native: ModelSpec) -> None:
    run = register(gateway, native)
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=run.token, max_retries=0) as client:
        assert [one.id for one in client.models.list()] == [native.name]
        assert client.models.retrieve("anything").id == native.name
    with anthropic.Anthropic(base_url=gateway.url, api_key=run.token, max_retries=0) as claude:
        assert [one.id for one in claude.models.list()] == [native.name]


def test_tokens_are_counted_by_the_upstream_where_it_can(
    gateway: Gateway, endpoint: Endpoint, native: ModelSpec
) -> None:
    asked: Any = {"model": "x", "messages": [{"role": "user", "content": "x" * 4000}]}
    counts = []
    for spec in (native, named(endpoint, HAIKU)):
        run = register(gateway, spec)
        with anthropic.Anthropic(base_url=gateway.url, api_key=run.token, max_retries=0) as client:
            counts.append(client.messages.count_tokens(**asked).input_tokens)
        assert run.end()["calls"] == 0  # it costs nothing

    assert counts[0] == 77
    assert 1000 <= counts[1] <= 1100


def test_what_belongs_to_a_messages_request_goes_on_with_it(
    gateway: Gateway, endpoint: Endpoint, native: ModelSpec
) -> None:
    run = register(gateway, native)
    headers = {"x-api-key": run.token, "anthropic-version": "2099-01-01", "anthropic-beta": "some-beta", "cookie": "c"}
    body = b'{"messages": [{"role":"user","content":"\\u00e9"}], "max_tokens": 5,  "model":"whatever", "odd": 1.10}'
    url = f"{gateway.url}/v1/messages?beta=true"

    answer = httpx.post(url, content=body, headers=headers, trust_env=False)

    direct = httpx.post(
        f"{endpoint.url}/v1/messages", content=body.replace(b"whatever", HAIKU.encode()), trust_env=False
    )
    through, straight = endpoint.requests()[-2:]
    assert answer.content == direct.content
    assert through["path"] == "/v1/messages?beta=true"
    assert through["headers"]["Content-Length"] == straight["headers"]["Content-Length"]
    assert {name.lower(): value for name, value in through["headers"].items()} == {
        **{name.lower(): value for name, value in through["headers"].items()},
        "anthropic-version": "2099-01-01",
        "anthropic-beta": "some-beta",
    }
    assert "cookie" not in {name.lower() for name in through["headers"]}


@pytest.mark.parametrize(
    ("fault", "of_openai", "of_anthropic"),
    [
        ("fault-401", openai.AuthenticationError, anthropic.AuthenticationError),
        ("fault-404", openai.NotFoundError, anthropic.NotFoundError),
        ("fault-context", openai.BadRequestError, anthropic.BadRequestError),
        ("fault-empty_choices", None, anthropic.InternalServerError),
    ],
)
def test_failures_are_told_in_the_words_of_the_wire(
    gateway: Gateway,
    endpoint: Endpoint,
    fault: str,
    of_openai: type[Exception] | None,
    of_anthropic: type[Exception],
) -> None:
    run = register(gateway, named(endpoint, fault))
    asked: Any = {"model": "x", "messages": [{"role": "user", "content": "x"}]}
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=run.token) as client:
        if of_openai is not None:
            with pytest.raises(of_openai):
                client.chat.completions.create(**asked)
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key=run.token) as claude,
        pytest.raises(of_anthropic, match=fault),
    ):
        claude.messages.create(max_tokens=5, **asked)


def test_a_wrong_token_is_an_authentication_error_of_either_client(gateway: Gateway) -> None:
    asked: Any = {"model": "x", "messages": [{"role": "user", "content": "x"}]}
    with (
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(**asked)
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key="wrong", max_retries=0) as claude,
        pytest.raises(anthropic.AuthenticationError),
    ):
        claude.messages.create(max_tokens=5, **asked)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages"])
def test_half_a_stream_is_no_answer_on_any_wire(gateway: Gateway, endpoint: Endpoint, path: str) -> None:
    run = register(gateway, named(endpoint, "fault-cut"))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        run.call(path, stream=True, max_tokens=5)

    wait_until(lambda: run.ledger()["calls"] == 1)
    assert run.end()["usage"]["estimated"] is True


def test_what_a_client_that_hangs_up_had_used_is_metered(
    gateway: Gateway, endpoint: Endpoint, native: ModelSpec
) -> None:
    """On Messages the prompt is counted at the beginning of the stream: it is known exactly."""
    spec = parse(f"anthropic/long@{endpoint.url}")
    with Gateway.start([spec]) as own:
        run = register(own, spec)
        headers = {"Authorization": f"Bearer {run.token}"}
        body = {"messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 5}
        with httpx.stream("POST", f"{own.url}/v1/messages", json=body, headers=headers, trust_env=False) as answer:
            next(answer.iter_bytes(64))
        wait_until(lambda: run.ledger()["calls"] == 1)
        ledger = run.end()

    assert (ledger["usage"]["input_tokens"], ledger["usage"]["cached_tokens"]) == (1000, 400)


def test_a_stream_is_counted_whether_or_not_the_client_asks(gateway: Gateway, endpoint: Endpoint) -> None:
    """The event that the gateway asked for is its own: the client sees what it would have seen."""
    run = register(gateway, named(endpoint, HAIKU))

    answer = run.call(stream=True)

    asked = {"model": HAIKU, "messages": [{"role": "user", "content": "x"}], "stream": True}
    direct = httpx.post(f"{endpoint.url}/v1/chat/completions", json=asked, trust_env=False)
    assert answer.content == direct.content
    assert b'"usage"' not in answer.content
    ledger = run.end()
    assert (ledger["usage"]["input_tokens"], ledger["cost_usd"]) == (1000, "0.00114")


def test_the_providers_own_bill_is_kept_beside_ours(gateway: Gateway, endpoint: Endpoint) -> None:
    run, plain = register(gateway, named(endpoint, "billed")), register(gateway, named(endpoint, HAIKU))
    run.call()
    run.call(stream=True)
    plain.call()

    ledger = run.end()
    assert (ledger["billed_usd"], ledger["billed_calls"]) == ("1", 2)
    assert ledger["cost_usd"] is None  # no price is known for it
    assert plain.end()["billed_usd"] is None


def test_ten_megabytes_pass(gateway: Gateway, endpoint: Endpoint) -> None:
    run = register(gateway, named(endpoint, "huge"))

    for stream in (False, True):
        assert len(run.call(stream=stream).content) > 10_000_000
    assert run.end()["usage"]["output_tokens"] == 200


def test_what_has_no_place_on_the_upstreams_wire_is_named(gateway: Gateway, endpoint: Endpoint) -> None:
    run = register(gateway, named(endpoint, HAIKU))

    answer = run.call(
        "/v1/messages",
        max_tokens=5,
        thinking={"type": "enabled", "budget_tokens": 1024},
        metadata={"user_id": "u"},
        tools=[{"type": "web_search_20250305", "name": "web_search"}, {"name": "a", "input_schema": {}}],
    )

    assert answer.headers[protocol.LEFT_OUT] == "tools.web_search_20250305,thinking,metadata"
    assert [tool["function"]["name"] for tool in endpoint.requests()[-1]["body"]["tools"]] == ["a"]


@pytest.mark.parametrize(
    ("path", "members", "words"),
    [
        (
            "/v1/messages",
            {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
            "container_upload",
        ),
        ("/v1/messages", {"messages": ["x"]}, "must be an object"),
        ("/v1/messages", {"messages": [{"role": "user", "content": 5}]}, "text or a list"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    gateway: Gateway, endpoint: Endpoint, path: str, members: dict[str, Any], words: str
) -> None:
    answer = register(gateway, named(endpoint, HAIKU)).call(path, max_tokens=5, **members)

    assert (answer.status_code, answer.headers[protocol.ERROR]) == (400, "bad_request")
    assert words in answer.json()["error"]["message"]


@pytest.fixture
def odd() -> Iterator[Odd]:
    server = Odd()
    yield server
    server.close()


class Odd:
    """A server that says what it is told, byte for byte, and then nothing more."""

    def __init__(self) -> None:
        self.says: bytes = b""
        self.then_closes = True
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        threading.Thread(target=self._work, daemon=True).start()

    @property
    def spec(self) -> ModelSpec:
        return parse(f"m@http://127.0.0.1:{self._socket.getsockname()[1]}/v1")

    def _work(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(connection)
            if not connection.recv(1 << 16):
                continue  # somebody only looked whether anybody listens
            connection.sendall(self.says)
            if self.then_closes:
                connection.close()

    def close(self) -> None:
        self._socket.close()
        for connection in self._held:
            connection.close()


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@pytest.mark.parametrize(
    ("says", "stream", "status"),
    [
        (b"garbage\r\n\r\n", False, 503),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", False, 503),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", False, 200),
        (EVENTS + b"data: {broken\n\nnonsense\n\ndata: [1]\n\ndata: [DONE]\n\n", True, 200),
        (EVENTS, True, 200),
    ],
)
def test_servers_that_speak_badly(odd: Odd, says: bytes, status: int, *, stream: bool) -> None:
    odd.says = says
    with Gateway.start([odd.spec], api_retries=0, api_timeout_s=5) as gateway:
        run = register(gateway, odd.spec)
        answer = run.call(stream=stream)
        assert answer.status_code == status
        if stream:
            assert answer.content == says.removeprefix(EVENTS)
        assert run.end()["cost_usd"] in (None, "0")


def test_a_server_that_dribbles_is_not_waited_for_for_ever(odd: Odd) -> None:
    odd.says, odd.then_closes = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", False
    with Gateway.start([odd.spec], api_retries=0, api_timeout_s=1) as gateway:
        answer = register(gateway, odd.spec).call()

    assert answer.status_code == 503
    assert "no answer within 1 s" in answer.json()["error"]["message"]


def test_a_name_that_nobody_has_is_told_at_the_start() -> None:
    from pytest_agentcore.errors import ConfigError

    with pytest.raises(ConfigError, match=r"cannot reach 'm@http://no-such-host\.invalid/v1'"):
        Gateway.start([parse("m@http://no-such-host.invalid/v1")])


def test_a_run_that_ends_takes_its_calls_with_it(endpoint: Endpoint) -> None:
    spec = named(endpoint, "fault-hang")
    with Gateway.start([spec], api_retries=0) as gateway:
        run, answers = register(gateway, spec), list[httpx.Response]()
        before = len(endpoint.requests())
        thread = threading.Thread(target=lambda: answers.append(run.call("/v1/messages", max_tokens=5)))
        thread.start()
        wait_until(lambda: len(endpoint.requests()) > before)
        run.end()
        thread.join(20)

    assert answers[0].status_code == 499
    assert json.loads(answers[0].content)["type"] == "error"
