"""An upstream behind a proxy: what the environment names is used, for every answer and every refusal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_agentcore.model.endpoint import parse
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import register

WHOLE = {
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 2},
}
EVENTS = b'data: {"model": "m", "choices": [{"index": 0, "delta": {"content": "Hello."}}]}\n\ndata: [DONE]\n\n'


class Proxy(BaseHTTPRequestHandler):
    """Answers in the upstream's place, and keeps the addresses that it was asked for."""

    asked: list[str]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        type(self).asked.append(self.path)
        fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        streamed, refused = fields.get("stream") is True, fields.get("user") == "nobody"
        body = EVENTS if streamed else json.dumps({"error": {"message": "No."}} if refused else WHOLE).encode()
        self.send_response(403 if refused else 200)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing."""


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Proxy]]:
    handler = type("Handler", (Proxy,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    yield handler
    server.shutdown()
    server.server_close()


def test_calls_go_through_the_proxy(proxy: type[Proxy]) -> None:
    """The upstream's name is resolved by the proxy: here nobody knows it."""
    spec = parse("m@http://model.invalid:8000/v1")
    with Gateway.start([spec], api_retries=0) as gateway:
        run = register(gateway, spec)
        whole, streamed, refused = run.call(), run.call(stream=True), run.call(user="nobody")
        ledger = run.end()

    assert whole.json() == WHOLE
    assert streamed.content == EVENTS
    assert (refused.status_code, "No." in refused.text) == (401, True)
    assert proxy.asked == ["http://model.invalid:8000/v1/chat/completions"] * 3
    assert (ledger["calls"], ledger["failed_calls"]) == (2, 1)
