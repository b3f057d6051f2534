"""What the gateway is measured with: an upstream that is never the limit, a bare reverse proxy, and a client.

``python -m benchmarks.gateway_load upstream`` and ``… proxy URL`` say their port on stdout and end with their stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
import time
from dataclasses import dataclass

from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

MODEL = "claude-haiku-4-5"
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_USAGE = {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760}
_TEXT = "The moving average needs ten days and the file holds seven of them. " * 8
EVENTS = 60


def _whole() -> bytes:
    message = {"role": "assistant", "content": _TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": _USAGE})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def _streamed() -> list[bytes]:
    """Eight pieces of a chunked answer, as a network would deliver them."""
    deltas = [{"index": 0, "delta": {"content": _TEXT[i * 9 : i * 9 + 9]}} for i in range(EVENTS)]
    chunks = [{"id": "c", "object": "chat.completion.chunk", "model": MODEL, "choices": [delta]} for delta in deltas]
    told = [*chunks, {"id": "c", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": _USAGE}]
    events = [f"data: {json.dumps(one)}\n\n".encode() for one in told] + [b"data: [DONE]\n\n"]
    pieces = [b"".join(events[i : i + 8]) for i in range(0, len(events), 8)]
    chunked = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head + chunked[0], *chunked[1:], b"0\r\n\r\n"]


class _Upstream(asyncio.Protocol):
    whole, streamed = _whole(), _streamed()

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a server's transports are
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer[:end]) if end >= 0 else None
        if length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        body, self._buffer = self._buffer[end + 4 :], b""
        if b'"stream": true' in body:
            self._say(0)
        else:
            self._transport.write(self.whole)

    def _say(self, index: int) -> None:
        self._transport.write(self.streamed[index])
        if index + 1 < len(self.streamed):
            asyncio.get_running_loop().call_soon(self._say, index + 1)


def proxy(target: str) -> web.Application:
    """The least that passes calls on: no tokens, no metering, no record."""

    async def started(app: web.Application) -> None:
        app["session"] = ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar())

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "application/json", "Authorization": request.headers["Authorization"]}
        async with request.app["session"].post(target, data=await request.read(), headers=headers) as answer:
            kind = answer.headers["Content-Type"]
            if "event-stream" not in kind:
                return web.Response(body=await answer.read(), headers={"Content-Type": kind})
            response = web.StreamResponse(headers={"Content-Type": kind})
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=1 << 25)
    app.on_startup.append(started)
    app.router.add_post("/v1/chat/completions", forward)
    return app


async def _serve(role: str, target: str) -> None:
    if role == "upstream":
        server = await asyncio.get_running_loop().create_server(_Upstream, "127.0.0.1", 0, backlog=1024)
        port = server.sockets[0].getsockname()[1]
    else:
        runner = web.AppRunner(proxy(target), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        port = runner.addresses[0][1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@dataclass(slots=True)
class Load:
    """So many calls over so many kept connections, and how long each took."""

    port: int
    token: str
    stream: bool
    calls: int
    in_flight: int
    size: int = 3000

    def run(self) -> tuple[float, list[float]]:
        """(wall seconds, seconds of each call)."""
        return asyncio.run(self._run())

    async def _run(self) -> tuple[float, list[float]]:
        content = "What is in it? " * (self.size // 15)
        body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": content}], "stream": self.stream})
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        request, left, took = (head + body).encode(), iter(range(self.calls)), list[float]()

        async def client() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            for _ in left:
                began = time.perf_counter()
                writer.write(request)
                await _read(reader)
                took.append(time.perf_counter() - began)
            writer.close()

        started = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(self.in_flight)))
        return time.perf_counter() - started, took


async def _read(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a call failed: {head[:200]!r}")
    length = _LENGTH.search(head)
    if length is not None:
        await reader.readexactly(int(length[1]))
    else:
        tail = b""
        while not tail.endswith(b"0\r\n\r\n"):
            piece = await reader.read(1 << 16)
            if not piece:
                raise RuntimeError("a stream was cut")
            tail = (tail + piece)[-16:]


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    asyncio.run(_serve(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""))  # noqa: PLR2004
