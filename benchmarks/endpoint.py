"""A model server in a process of its own: Chat Completions with scripted answers, so quick that it is never the limit.

``POST /LATENCY/NAME/v1/chat/completions`` is answered after LATENCY milliseconds; the number of assistant messages in
the request decides which answer. ``GET /NAME`` tells what came in under a name: ``{"asked": …, "answered": …}``.
It speaks just enough HTTP/1.1 for clients that keep connections and send Content-Length, and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import script

ROOT = Path(__file__).resolve().parent.parent
LIFETIME_S = 3600.0
"""It ends by itself after so long, whoever forgot it."""
_BY_ASSISTANT = re.compile(rb'"role":\s*"assistant"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def answer(position: int) -> bytes:
    """The body of the answer to a request that holds so many assistant messages."""
    message: dict[str, Any] = {"role": "assistant", "content": "Done."}
    if position < script.STEPS:
        arguments = json.dumps({"command": script.command(position + 1)})
        call = {"id": f"call_{position + 1}", "type": "function", "function": {"name": "shell", "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    reason = "stop" if position >= script.STEPS else "tool_calls"
    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 400 + 50 * position, "completion_tokens": 20, "total_tokens": 420 + 50 * position},
    }
    return json.dumps(document).encode()


def _response(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass(slots=True)
class Desk:
    """What came in, by name, and the answers ready to be sent."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    answers: tuple[bytes, ...] = tuple(_response(answer(position)) for position in range(script.TURNS))

    def take(self, head: bytes, body: bytes) -> tuple[float, Callable[[], bytes]]:
        """Seconds to wait, and what to say then."""
        method, target, _ = head.split(b" ", 2)
        parts = target.decode("ascii", "replace").strip("/").split("/")
        if method == b"GET":
            told = json.dumps(self.counts.get(parts[0], {"asked": 0, "answered": 0})).encode()
            return 0.0, lambda: _response(told)
        if parts[2:] != ["v1", "chat", "completions"] or not parts[0].isdigit():
            return 0.0, lambda: _response(b"{}", "404 Not Found")
        count = self.counts.setdefault(parts[1], {"asked": 0, "answered": 0})
        count["asked"] += 1
        position = min(len(_BY_ASSISTANT.findall(body)), script.STEPS)

        def say() -> bytes:
            count["answered"] += 1
            return self.answers[position]

        return int(parts[0]) / 1000, say


class _Connection(asyncio.Protocol):
    """One client; several requests may have come in one piece, and are answered in their order when none waits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a server's transports are
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        out = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                break
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            delay_s, say = self._desk.take(head, body)
            if delay_s:
                asyncio.get_running_loop().call_later(delay_s, self._say, say)
            else:
                out.append(say())
        if out:
            self._transport.write(b"".join(out))

    def _say(self, say: Callable[[], bytes]) -> None:
        if not self._transport.is_closing():
            self._transport.write(say())


class _Input(asyncio.Protocol):
    """Stdin: its end is the order to end."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface
        self._ended.set()


async def serve(lifetime_s: float = LIFETIME_S) -> None:
    """Say the port on stdout, then serve until stdin ends or the lifetime is over."""
    loop, ended, desk = asyncio.get_running_loop(), asyncio.Event(), Desk()
    await loop.connect_read_pipe(lambda: _Input(ended), sys.stdin)
    server = await loop.create_server(lambda: _Connection(desk), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop.call_later(lifetime_s, ended.set)
    await ended.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A running server."""

    port: int
    pid: int

    def url(self, name: str, *, latency_ms: int) -> str:
        """Base address under a name of one's own, as ``--agent-model=MODEL@URL`` takes it."""
        return f"http://127.0.0.1:{self.port}/{latency_ms}/{name}/v1"

    def asked(self, name: str) -> int:
        """Calls that came in under a name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", f"/{name}")
            return int(json.loads(connection.getresponse().read())["asked"])
        finally:
            connection.close()


@contextmanager
def serving() -> Iterator[Endpoint]:
    """A server in a process of its own, gone at the end of the block."""
    argv = [sys.executable, "-m", "benchmarks.endpoint"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("both are pipes")
        try:
            yield Endpoint(port=int(process.stdout.readline()), pid=process.pid)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    asyncio.run(serve())
