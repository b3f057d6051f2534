"""A model server of the tests, in a process of its own: scripted answers on three wires, and every fault by order.

Run as a script it reads one line of JSON on stdin, says ``{"port": …}`` on stdout and serves on 127.0.0.1 until its
stdin ends or its lifetime is over. In a test: ``with serving(config) as endpoint: …``.

Configuration::

    {"lifetime_s": 120, "delay_s": 0, "record": true,
     "models": {NAME: {"turns": [TURN, …],                        # or, for several tasks under one name:
                       "scripts": [{"match": TEXT OF THE PROMPT, "turns": [TURN, …]}, …],
                       "usage": {"prompt_tokens": 100, "completion_tokens": 10},
                       "fault": {"kind": KIND, "times": 1, "retry_after": "1"}}}}
    TURN = {"text": "…", "reasoning": "…", "calls": [[TOOL, ARGUMENTS], …], "usage": {…}, "finish_reason": "…"}

ARGUMENTS are an object, or a string that is sent as it is. The position in a script is the number of answers
in the request; past its end the answer is empty. ``usage`` is in the words of Chat Completions, for all wires. A fault
without ``times`` is for ever, with it for the first so many requests of that model; with ``every`` N it hits the first
of each N, with ``from`` N none before the Nth. The model ``fault-KIND`` needs no
configuration. KIND is a number (that status) or a name of ``FAULTS``. What came in is at ``/requests``.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.contract.scripted_wires import Chat, Messages, Responses

Wire = Chat | Messages | Responses
ROOT = Path(__file__).resolve().parent.parent.parent
FAULTS = ("hang", "reset", "cut", "html", "empty_choices", "no_message", "no_usage", "malformed_arguments", "context")
OF_MODEL = ("reasoning", "function_call", "custom_tool_call")
"""Items of Responses that are, with what was said beside them, one answer."""
USAGE = {"prompt_tokens": 100, "completion_tokens": 10}
MESSAGES = {
    400: "Unsupported parameter",
    401: "Incorrect API key provided",
    403: "Project is not allowed",
    404: "The model does not exist",
    429: "Rate limit reached",
    500: "The server had an error",
    503: "Overloaded",
}


@dataclass(slots=True)
class State:
    """What the server was told and what it was asked."""

    config: dict[str, Any]
    served: dict[str, int] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)


def application(config: dict[str, Any]) -> web.Application:
    """The server for one configuration."""
    state = State(config)

    async def chat(request: web.Request) -> web.StreamResponse:
        return await _answer(state, request, Chat())

    async def anthropic(request: web.Request) -> web.StreamResponse:
        return await _answer(state, request, Messages())

    async def responses(request: web.Request) -> web.StreamResponse:
        return await _answer(state, request, Responses())

    async def count_tokens(request: web.Request) -> web.Response:
        state.requests.append({"path": request.path_qs, "headers": dict(request.headers), "body": await request.json()})
        return web.json_response({"input_tokens": 77})

    async def requests(_: web.Request) -> web.Response:
        return web.json_response(state.requests)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    for prefix in ("", "/v1"):
        app.router.add_post(f"{prefix}/chat/completions", chat)
        app.router.add_post(f"{prefix}/messages", anthropic)
        app.router.add_post(f"{prefix}/messages/count_tokens", count_tokens)
        if config.get("responses", True):
            app.router.add_post(f"{prefix}/responses", responses)
    app.router.add_get("/requests", requests)
    return app


async def _answer(state: State, request: web.Request, wire: Wire) -> web.StreamResponse:
    body = await request.json()
    if state.config.get("record", True):
        state.requests.append(
            {"path": request.path_qs, "at": time.monotonic(), "headers": dict(request.headers), "body": body}
        )
    name = str(body.get("model"))
    model = state.config.get("models", {}).get(name, {})
    count = state.served[name] = state.served.get(name, 0) + 1
    fault = model.get("fault") or ({"kind": name.removeprefix("fault-")} if name.startswith("fault-") else {})
    due = fault.get("from", 1) <= count <= fault.get("times", count)
    hit = due and count % fault.get("every", 1) == (1 if "every" in fault else 0)
    kind = str(fault.get("kind", "")) if hit else ""
    await asyncio.sleep(state.config.get("delay_s", 0))
    refusal = await _refusal(request, kind, fault, wire)
    if refusal is not None:
        return refusal
    turn = _turn(model, body, kind)
    usage = turn.get("usage", model.get("usage", USAGE))
    if body.get("stream"):
        return await _stream(request, wire.events(turn, usage, name, body), cut=kind == "cut")
    answer = wire.whole(turn, usage, name)
    if kind == "no_usage":
        del answer["usage"]
    if kind == "empty_choices":
        answer["choices"] = []
    if kind == "no_message":
        del answer["choices"][0]["message"]
    return web.json_response(answer)


async def _refusal(request: web.Request, kind: str, fault: Mapping[str, Any], wire: Wire) -> web.Response | None:
    """The faults in place of an answer."""
    if kind == "hang":
        await asyncio.sleep(3600)
    if kind == "reset" and request.transport is not None:
        request.transport.abort()
    if kind == "html":
        return web.Response(text="<html><body><h1>It works</h1></body></html>", content_type="text/html")
    if kind == "context":
        message = "This model's maximum context length is 8192 tokens. Please reduce the length of the messages."
        return web.json_response(wire.error(400, fault.get("message", message)), status=400)
    if kind.isdigit():
        headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
        said = wire.error(int(kind), fault.get("message", MESSAGES.get(int(kind), "No")))
        return web.json_response(said, status=int(kind), headers=headers)
    return None


def _turn(model: Mapping[str, Any], body: Mapping[str, Any], kind: str) -> dict[str, Any]:
    if kind == "malformed_arguments":
        return {"calls": [["shell", '{"command": "ls']]}
    said = body["input"] if "input" in body else body["messages"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    said_by_model = [item.get("role") == "assistant" or item.get("type") in OF_MODEL for item in items]
    position = sum(now and not before for before, now in pairwise([False, *said_by_model]))
    prompt = json.dumps([item for item in items if item.get("role") == "user"][:1], ensure_ascii=False)
    scripts = [*model.get("scripts", ()), {"match": "", "turns": model.get("turns", [{"text": "Hello."}])}]
    turns = next(one["turns"] for one in scripts if json.dumps(one["match"], ensure_ascii=False)[1:-1] in prompt)
    return dict(turns[position]) if position < len(turns) else {"text": ""}


async def _stream(request: web.Request, events: list[bytes], *, cut: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events[: len(events) // 2] if cut else events:
        await response.write(event)
    if cut and request.transport is not None:
        request.transport.abort()
    return response


def main() -> None:
    """Serve until stdin ends or the lifetime is over."""
    config = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    lifetime = threading.Timer(float(config.get("lifetime_s", 120)), os._exit, (0,))
    lifetime.daemon = True
    lifetime.start()
    asyncio.run(_serve(config))


async def _serve(config: dict[str, Any]) -> None:
    runner = web.AppRunner(application(config), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A running server, as a test sees it."""

    url: str
    """Without ``/v1``."""
    pid: int

    def requests(self) -> list[dict[str, Any]]:
        """What came in: path, headers and body of each request."""
        import httpx

        answer: list[dict[str, Any]] = httpx.get(f"{self.url}/requests", trust_env=False).json()
        return answer


@contextmanager
def serving(config: Mapping[str, Any] | None = None) -> Iterator[Endpoint]:
    """A server in a process of its own, gone at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.scripted_endpoint"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("both are pipes")
        process.stdin.write(json.dumps(config or {}).encode() + b"\n")
        process.stdin.flush()
        port = json.loads(process.stdout.readline())["port"]
        yield Endpoint(url=f"http://127.0.0.1:{port}", pid=process.pid)
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
