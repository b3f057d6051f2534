"""The HTTP side of the gateway: the control interface for the parent, Chat Completions for the runs."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.faults import UpstreamFault, one_line
from pytest_agentcore.model.gateway.keys import Keyring
from pytest_agentcore.model.gateway.ledger import Run, Runs, plain, tokens
from pytest_agentcore.model.gateway.metering import StreamMeter, estimated, model_in, priced, usage_in
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.gateway.request import parse
from pytest_agentcore.model.gateway.retry import Effort, Policy
from pytest_agentcore.model.gateway.upstream import Answer, Upstream
from pytest_agentcore.model.pricing import Price

STATUS = {
    ErrorKind.AUTH: 401,
    ErrorKind.UNKNOWN_MODEL: 404,
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.CONTEXT_EXCEEDED: 400,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.CANCELLED: 499,
}
_CODES = {ErrorKind.CONTEXT_EXCEEDED: "context_length_exceeded", ErrorKind.UNKNOWN_MODEL: "model_not_found"}
"""Words that clients of this wire already know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A model that is offered, the way to it and its price."""

    name: str
    upstream: Upstream
    price: Price | None


class Door:
    """All routes of the server."""

    def __init__(self, config: protocol.StartConfig, routes: Mapping[str, Route], keys: Keyring) -> None:
        self._secret = config.secret
        self._timeout_s = config.api_timeout_s
        self._policy = Policy(retries=config.api_retries)
        self._routes = routes
        self._keys = keys
        self._runs = Runs()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(
            client_max_size=protocol.BODY_LIMIT,
            logger=logging.getLogger("agentcore.silent"),
            middlewares=[_plain_errors],
        )
        app.add_routes(
            [
                web.post("/control/runs", self._register),
                web.get("/control/runs/{handle}", self._ledger),
                web.delete("/control/runs/{handle}", self._end),
                web.get("/v1/models", self._models),
                web.post("/v1/chat/completions", self._chat),
            ]
        )
        return app

    # the parent's side

    async def _register(self, http: web.Request) -> web.Response:
        self._only_parent(http)
        data = await http.json()
        model = data.get("model") if isinstance(data, dict) else None
        if not isinstance(model, str) or model not in self._routes:
            return _failure(ErrorKind.UNKNOWN_MODEL, f"this gateway offers no model {model!r}")
        run = self._runs.register(label=str(data.get("id", "")), model=model)
        self._keys.hide([run.token])
        patience = {"api_timeout_s": self._timeout_s, "api_retries": self._policy.retries}
        return web.json_response({"run": run.handle, "token": run.token, **patience})

    async def _ledger(self, http: web.Request) -> web.Response:
        self._only_parent(http)
        return web.json_response(self._named(http).to_json())

    async def _end(self, http: web.Request) -> web.Response:
        self._only_parent(http)
        run = self._named(http)
        in_flight = tuple(run.in_flight)
        self._runs.end(run)
        if in_flight:  # their attempts belong into the final ledger
            await asyncio.wait(in_flight, timeout=1.0)
        return web.json_response(run.to_json())

    def _only_parent(self, http: web.Request) -> None:
        if not hmac.compare_digest(_bearer(http).encode(), self._secret.encode()):
            raise web.HTTPUnauthorized(reason="the control interface needs the secret of the process that started it")

    def _named(self, http: web.Request) -> Run:
        run = self._runs.of_handle(http.match_info["handle"])
        if run is None:
            raise web.HTTPNotFound(reason="there is no such run, or it has ended")
        return run

    # the runs' side

    def _caller(self, http: web.Request) -> Run:
        run = self._runs.of_token(_bearer(http))
        if run is None:
            raise web.HTTPUnauthorized(reason="the run token is wrong or its run has ended")
        return run

    async def _models(self, http: web.Request) -> web.Response:
        run = self._caller(http)
        return web.json_response(
            {"object": "list", "data": [{"id": run.model, "object": "model", "owned_by": "agentcore"}]}
        )

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        run = self._caller(http)
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a handler always runs in one
            raise web.HTTPInternalServerError
        run.in_flight.add(task)
        try:
            return await self._serve(http, run)
        except asyncio.CancelledError:
            if self._runs.of_token(run.token) is run:
                raise  # the client hung up, or the server stops
            task.uncancel()
            return _failure(ErrorKind.CANCELLED, "the run has ended")
        finally:
            run.in_flight.discard(task)

    async def _serve(self, http: web.Request, run: Run) -> web.StreamResponse:
        try:
            body = await http.read()
            asked = parse(body)
            timeout_s = _shorter(self._timeout_s, http.headers.get(protocol.TIMEOUT_S))
        except web.HTTPRequestEntityTooLarge:
            megabytes = protocol.BODY_LIMIT >> 20
            return _failure(
                ErrorKind.CONTEXT_EXCEEDED, f"the request is longer than {megabytes} MB; no model reads that much"
            )
        except ValueError as error:
            return _failure(ErrorKind.BAD_REQUEST, one_line(f"the request cannot be understood: {error}"))
        route, effort = self._routes[run.model], Effort()
        try:
            answer = await self._policy.call(lambda: route.upstream.send(asked, timeout_s), effort)
        except UpstreamFault as fault:
            run.failed_calls += 1
            return self._told(route, fault, effort)
        finally:
            run.attempts += effort.attempts
            run.waited_s += effort.waited_s
        if answer.pieces is not None:
            return await self._stream(http, run, answer, answer.pieces, sent=len(body), effort=effort)
        usage, returned = _metered(answer.body, len(body))
        usage = priced(usage, route.price)
        run.answered(usage, returned)
        return web.Response(body=answer.body, headers={"Content-Type": answer.content_type, **_headers(effort, usage)})

    async def _stream(
        self,
        http: web.Request,
        run: Run,
        answer: Answer,
        pieces: AsyncGenerator[bytes, None],
        *,
        sent: int,
        effort: Effort,
    ) -> web.StreamResponse:
        """Pass a stream on; what the client did not stay to read is metered as far as it came."""
        response = web.StreamResponse(headers={"Content-Type": answer.content_type, **_headers(effort, None)})
        meter = StreamMeter()
        try:
            await response.prepare(http)
            async with aclosing(pieces) as passing:
                async for piece in passing:
                    meter.feed(piece)
                    await response.write(piece)
            await response.write_eof()
        except (UpstreamFault, OSError):  # the upstream broke off, or the client did
            _cut(http)  # half an answer must not be taken for a whole one
        finally:
            meter.end()
            usage = meter.usage if meter.usage is not None else estimated(sent, meter.size)
            run.answered(priced(usage, self._routes[run.model].price), meter.model)
        return response

    def _told(self, route: Route, fault: UpstreamFault, effort: Effort) -> web.Response:
        """A failure in one line: which model, which upstream, what it said."""
        answered = f"answered {fault.status}" if fault.status is not None else "gave no answer"
        tries = "" if effort.attempts == 1 else f" ({effort.attempts} attempts, waited {effort.waited_s:.1f} s)"
        said = one_line(self._keys.redact(fault.said)) or "nothing"
        line = f"{route.name}: {route.upstream.where} {answered}: {said}{tries}"
        return _failure(fault.kind, self._keys.redact(line), effort, upstream_status=fault.status)


@web.middleware
async def _plain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal is JSON of the same form; a bug of ours too, without its traceback."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        status, message = error.status, error.reason
    except ValueError:
        status, message = 400, "the body is no JSON"
    except Exception as error:  # noqa: BLE001 - the text could hold what was sent: its type alone is told
        status, message = 500, f"the gateway failed: {type(error).__name__}"
    return web.json_response({"error": {"message": message, "type": "gateway"}}, status=status)


def _bearer(http: web.Request) -> str:
    scheme, _, token = http.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _shorter(own: float, asked: str | None) -> float:
    seconds = float(asked) if asked is not None else own
    if not seconds > 0:
        raise ValueError(f"{protocol.TIMEOUT_S} must be a number above 0, not {asked!r}")
    return min(own, seconds)


def _metered(body: bytes, sent: int) -> tuple[Usage, str | None]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    usage = usage_in(data)
    return (usage if usage is not None else estimated(sent, len(body))), model_in(data)


def _headers(effort: Effort, usage: Usage | None) -> dict[str, str]:
    headers = {protocol.ATTEMPTS: str(effort.attempts), protocol.WAITED_MS: str(round(effort.waited_s * 1000))}
    if usage is not None:
        headers[protocol.USAGE] = json.dumps(tokens(usage))
        if usage.cost_usd is not None:
            headers[protocol.COST_USD] = plain(usage.cost_usd)
    return headers


def _failure(
    kind: ErrorKind, line: str, effort: Effort | None = None, *, upstream_status: int | None = None
) -> web.Response:
    headers = {protocol.ERROR: kind.value, "x-should-retry": "false", **_headers(effort or Effort(), None)}
    error = {
        "message": line,
        "type": kind.value,
        "code": _CODES.get(kind, kind.value),
        "upstream_status": upstream_status,
    }
    return web.json_response({"error": error}, status=STATUS[kind], headers=headers)


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()
