"""Solution files as a model on all three wires: for trying an agent out without a model, without a key and for nothing.

The task is the one whose prompt the conversation holds, the solution is the model's name (``scripted/reference`` or
``reference``), and the turn is the number of answers that the conversation already has. Tasks of one and the same
prompt are told apart by what the agent read of their files.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.gateway import replies
from pytest_agentcore.model.gateway.bridge import Encoder, encoded
from pytest_agentcore.model.gateway.protocol import BODY_LIMIT, ErrorKind, Wire
from pytest_agentcore.model.gateway.request import Request, parse
from pytest_agentcore.model.gateway.standalone import told_to_end
from pytest_agentcore.model.gateway.wires import messages, responses, sse
from pytest_agentcore.model.gateway.wires.asked import Dialect
from pytest_agentcore.model.gateway.wires.messages import text_of
from pytest_agentcore.model.gateway.wires.messages_stream import MessagesStream
from pytest_agentcore.model.gateway.wires.responses_stream import ResponsesStream
from pytest_agentcore.model.scripted import CHARACTERS_PER_TOKEN, PREFIX, ScriptedTurn, Solution

_WIRES = {"/v1/chat/completions": Wire.CHAT, "/v1/responses": Wire.RESPONSES, "/v1/messages": Wire.MESSAGES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One task as an agent meets it."""

    task: str
    prompt: str
    """As the agent is given it; a conversation that holds it is about this task."""
    solution: Callable[[str], Solution]
    """The solution of a name, as it reads for this task; ConfigError where there is none."""
    lines: frozenset[str] = frozenset()
    """Lines of the files that its agent finds."""


class _Plain:
    """Chunks as Chat Completions sends them."""

    def feed(self, chunk: dict[str, object]) -> bytes:
        return sse.plain(chunk)

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"


def serve(scripts: Sequence[Script], *, port: int = 0, announce: Callable[[str], None]) -> int:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM; ``announce`` gets the lines that tell a person how to use it."""
    return asyncio.run(_serve(scripts, port, announce))


async def _serve(scripts: Sequence[Script], port: int, announce: Callable[[str], None]) -> int:
    told = told_to_end()
    runner = web.AppRunner(application(scripts), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        announce(f"serving {len(scripts)} tasks; stop with Ctrl-C")
        announce(f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=none ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=none")
        await told.wait()
    finally:
        await runner.cleanup()
    return 0


def application(scripts: Sequence[Script]) -> web.Application:
    """The server for these tasks."""

    async def answer(http: web.Request) -> web.StreamResponse:
        wire = _WIRES[http.path]
        try:
            request = parse(await http.read(), wire)
            reply = _reply(scripts, request)
        except (ConfigError, ValueError, TypeError, AttributeError, KeyError) as error:
            return replies.failure(ErrorKind.BAD_REQUEST, str(error), wire)
        if not request.stream:
            whole = _whole(wire, reply, request.fields)
            return web.Response(body=encoded(whole), content_type="application/json")
        encoder = _encoder(wire, request.fields)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)
        await response.write(b"".join([*(encoder.feed(chunk) for chunk in _chunks(reply)), encoder.end()]))
        await response.write_eof()
        return response

    async def count(http: web.Request) -> web.Response:
        return web.json_response({"input_tokens": len(await http.read()) // CHARACTERS_PER_TOKEN})

    async def models(_: web.Request) -> web.Response:
        return web.json_response(replies.models(f"{PREFIX}reference"))

    app = web.Application(client_max_size=BODY_LIMIT)
    app.add_routes([web.post(path, answer) for path in _WIRES])
    app.add_routes([web.post("/v1/messages/count_tokens", count), web.get("/v1/models", models)])
    return app


def _whole(wire: Wire, reply: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
    if wire is Wire.CHAT:
        return reply
    return messages.from_chat(reply) if wire is Wire.MESSAGES else responses.from_chat(reply, fields)


def _encoder(wire: Wire, fields: Mapping[str, Any]) -> Encoder:
    if wire is Wire.CHAT:
        return _Plain()
    return MessagesStream() if wire is Wire.MESSAGES else ResponsesStream(fields)


def _reply(scripts: Sequence[Script], request: Request) -> dict[str, Any]:
    """The scripted answer at this point of the conversation, as a response of Chat Completions."""
    told = _conversation(request)
    name = str(request.fields.get("model") or "reference").removeprefix(PREFIX)
    heard = "\n".join(text_of(one.get("content")) for one in told if one.get("role") != "assistant")
    position = sum(one.get("role") == "assistant" for one in told)
    turn = _turn(_scripts(scripts, heard), name, position)
    message: dict[str, Any] = {"role": "assistant", "content": turn.text}
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{position + 1}_{index}",
                "type": "function",
                "function": {"name": tool, "arguments": arguments},
            }
            for index, (tool, arguments) in enumerate(turn.calls, 1)
        ]
    sent, got = (len(text) // CHARACTERS_PER_TOKEN + 1 for text in (request.text, json.dumps(message)))
    return {
        "id": f"scripted-{position + 1}",
        "object": "chat.completion",
        "created": 0,
        "model": f"{PREFIX}{name}",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if turn.calls else "stop"}],
        "usage": {"prompt_tokens": sent, "completion_tokens": got, "total_tokens": sent + got},
    }


def _scripts(scripts: Sequence[Script], heard: str) -> list[Script]:
    """The tasks that a conversation may be about: of several with one prompt those whose files it has seen the most of.

    Raises:
        ConfigError: it is about none.
    """
    asked = [one for one in scripts if one.prompt.strip() in heard]
    if not asked:
        raise ConfigError(f"the conversation holds the prompt of none of {len(scripts)} tasks; give one word for word")
    longest = max(len(one.prompt) for one in asked)
    alike = [one for one in asked if len(one.prompt) == longest]
    if len(alike) == 1:
        return alike
    seen = [sum(line in heard for line in one.lines) for one in alike]
    shares = [(count / max(1, len(one.lines)), count) for one, count in zip(alike, seen, strict=True)]
    return [one for one, share in zip(alike, shares, strict=True) if share == max(shares)]


def _turn(scripts: Sequence[Script], name: str, position: int) -> ScriptedTurn:
    """What the solution says at this point.

    Raises:
        ConfigError: there is no such solution, or several tasks are possible and differ here.
    """
    told = []
    for script in scripts:
        turns = script.solution(name).turns
        told.append(turns[position] if position < len(turns) else ScriptedTurn())
    if any(turn != told[0] for turn in told):
        names = " and ".join(repr(one.task) for one in scripts)
        raise ConfigError(
            f"{names} have the same prompt; serve one of them alone, or read a file that tells them apart"
        )
    return told[0]


def _conversation(request: Request) -> list[dict[str, Any]]:
    if request.wire is Wire.CHAT:
        return list(request.fields["messages"])
    translate = messages.to_chat if request.wire is Wire.MESSAGES else responses.to_chat
    return list(translate(request.fields, Dialect()).fields["messages"])


def _chunks(reply: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same answer as a stream."""
    head = {**{name: reply[name] for name in ("id", "created", "model")}, "object": "chat.completion.chunk"}
    (choice,) = reply["choices"]
    message = choice["message"]
    calls = [{"index": index, **call} for index, call in enumerate(message.get("tool_calls", ()))]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": message["content"]}]
    deltas += [{"tool_calls": [call]} for call in calls]
    told = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return [*told, {**head, "choices": [end]}, {**head, "choices": [], "usage": reply["usage"]}]
