"""The HTTP side of the gateway: the control interface for the parent, three wires for the runs."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from pytest_agentcore.errors import StoreError
from pytest_agentcore.model.cassette import Cassette, paid
from pytest_agentcore.model.gateway import protocol, replies
from pytest_agentcore.model.gateway.budget import Limits, Wallet, amount
from pytest_agentcore.model.gateway.faults import one_line
from pytest_agentcore.model.gateway.keys import Keyring
from pytest_agentcore.model.gateway.ledger import Run, Runs, claim, plain
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.record import RunRecord, Writer
from pytest_agentcore.model.gateway.retry import Policy
from pytest_agentcore.model.gateway.routes import Route
from pytest_agentcore.model.gateway.service import Service
from pytest_agentcore.model.pricing import described

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_CONTROL = "/control/runs"
_WIRES = {"/chat/completions": Wire.CHAT, "/responses": Wire.RESPONSES, "/messages": Wire.MESSAGES}
IN_FLIGHT_LIMIT = 64
"""Calls of one run at the same time: an agent that is stuck in a loop may not take the gateway from the others."""
_RECORD_S = 1.0
"""How long the end of a run waits for its record to be on disk."""


class Door:
    """All addresses of the server."""

    def __init__(self, config: protocol.StartConfig, routes: Mapping[str, Route], keys: Keyring) -> None:
        self._secret = config.secret
        self._timeout_s = config.api_timeout_s
        self._retries = config.api_retries
        self._replaying = config.replay
        self._price_file = config.price_file
        self._routes = routes
        self._runs = Runs()
        self._wallets: dict[str, Wallet] = {}
        self._opening = asyncio.Lock()
        self._writer = Writer(keys.redact_bytes)
        self._service = Service(
            timeout_s=config.api_timeout_s, policy=Policy(retries=config.api_retries), keys=keys, writer=self._writer
        )
        # A table of whole paths: the router of a web application costs a call more than everything else here.
        self._calls = {f"{prefix}{path}": wire for path, wire in _WIRES.items() for prefix in ("/v1", "")}
        self._others: dict[tuple[str, str], Handler] = {
            ("POST", _CONTROL): self._register,
            ("GET", "/control/offer"): self._offer,
            ("GET", "/v1/models"): self._models,
            ("GET", "/models"): self._models,
            ("POST", "/v1/messages/count_tokens"): self._count,
            ("GET", "/v1/agentcore/budget"): self._budget,
            ("POST", "/v1/agentcore/claim"): self._claim,
            ("HEAD", "/"): self._hello,
            ("GET", "/"): self._hello,
        }

    def server(self) -> web.Server:
        """The aiohttp server; call it in a running loop."""
        return web.Server(
            self._answer,
            request_factory=_request,
            handler_cancellation=True,
            access_log=None,
            logger=logging.getLogger("agentcore.silent"),
        )

    def close(self) -> None:
        """Write what is pending."""
        self._writer.end()

    async def _answer(self, http: web.BaseRequest) -> web.StreamResponse:
        """Every refusal is JSON of the same form; a bug of ours too, without its traceback."""
        wire = self._calls.get(http.path) if http.method == "POST" else None
        try:
            if wire is not None:
                return await self._call(http, wire)
            return await self._other(http)
        except web.HTTPException as error:
            status, message = error.status, error.reason
        except ValueError:
            status, message = 400, "the body is no JSON"
        except Exception as error:  # noqa: BLE001 - the text could hold what was sent: its type alone is told
            status, message = 500, f"the gateway failed: {type(error).__name__}"
        return web.json_response({"error": {"message": message, "type": "gateway"}}, status=status)

    def _other(self, http: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        handler = self._others.get((http.method, http.path))
        if handler is not None:
            return handler(http)
        if http.path.startswith(f"{_CONTROL}/"):
            if http.method == "GET":
                return self._ledger(http)
            if http.method == "DELETE":
                return self._end(http)
        if http.method == "GET" and http.path.startswith("/v1/models/"):
            return self._model(http)
        raise web.HTTPNotFound(reason=f"the gateway has no {http.method} {one_line(http.path, 80)}")

    async def _hello(self, http: web.BaseRequest) -> web.Response:
        del http
        return web.json_response({"service": "pytest-agentcore gateway"})

    # the parent's side

    async def _register(self, http: web.BaseRequest) -> web.Response:
        self._only_parent(http)
        data = await http.json() if http.can_read_body else None
        data = data if isinstance(data, dict) else {}
        model = data.get("model")
        if not isinstance(model, str) or model not in self._routes:
            return replies.failure(ErrorKind.UNKNOWN_MODEL, f"this gateway offers no model {model!r}")
        try:
            terms = await self._terms(data, self._routes[model])
        except (ValueError, TypeError, AttributeError, KeyError, StoreError) as error:
            return replies.failure(ErrorKind.BAD_REQUEST, one_line(str(error)))
        run = self._runs.register(label=str(data.get("id", "")), model=model, **terms)
        patience = {"api_timeout_s": self._timeout_s, "api_retries": self._retries}
        return web.json_response({"run": run.handle, "token": run.token, **patience})

    async def _offer(self, http: web.BaseRequest) -> web.Response:
        """What a session that attaches has to know and cannot choose."""
        self._only_parent(http)
        offer = {"models": sorted(self._routes), "api_timeout_s": self._timeout_s, "api_retries": self._retries}
        return web.json_response({**offer, "prices": described(self._price_file), "replay": self._replaying})

    async def _terms(self, data: Mapping[str, Any], route: Route) -> dict[str, Any]:
        """On which a run is registered.

        Raises:
            ValueError: what is asked cannot be held; the text says why.
            StoreError: its record cannot be read.
        """
        limits = Limits.of(data.get("limits") or {})
        wallets = []
        if limits.tokens is not None:
            wallets.append(Wallet("tokens", Decimal(limits.tokens)))
        if limits.cost_usd is not None:
            wallets.append(Wallet("cost_usd", limits.cost_usd))
        if data.get("campaign") is not None:
            wallets.append(await self._campaign(data["campaign"]))
        if route.price is None and not self._replaying and any(wallet.name != "tokens" for wallet in wallets):
            raise ValueError(
                f"no price is known for {route.name!r}, so no limit in dollars can be held; give --agent-prices=FILE"
            )
        replay, record = data.get("replay"), data.get("record")
        if (replay is not None) != self._replaying:
            raise ValueError("a gateway that replays needs a record to replay for each run, and no other takes one")
        return {
            "limits": limits,
            "wallets": tuple(wallets),
            "record": None if record is None else RunRecord(path=str(record)),
            "cassette": Cassette.beginning(data.get("resume") or ()) if replay is None else Cassette.load(replay),
            "only_recorded": self._replaying,
        }

    async def _campaign(self, data: Mapping[str, Any]) -> Wallet:
        """One for all runs of a campaign. What earlier sessions spent, and a gateway that died, is in their records."""
        folder, cap = str(data["folder"]), amount(data["cost_usd"], "cost_usd of the campaign")
        async with self._opening:
            wallet = self._wallets.get(folder)
            if wallet is None:
                spent = await asyncio.to_thread(paid, Path(folder))
                wallet = self._wallets[folder] = Wallet(protocol.CAMPAIGN_COST, cap, spent)
        if wallet.cap != cap:
            wallet.cap = cap
            wallet.woken()
        return wallet

    async def _ledger(self, http: web.BaseRequest) -> web.Response:
        self._only_parent(http)
        return web.json_response(self._named(http).to_json())

    async def _end(self, http: web.BaseRequest) -> web.Response:
        self._only_parent(http)
        run = self._named(http)
        in_flight = tuple(run.in_flight)
        self._runs.end(run)
        if in_flight:  # their attempts belong into the final ledger
            await asyncio.wait(in_flight, timeout=1.0)
        if run.record is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RECORD_S):
                    await self._writer.close(run.record)
        return web.json_response(run.to_json())

    def _only_parent(self, http: web.BaseRequest) -> None:
        if not hmac.compare_digest(_token(http).encode(), self._secret.encode()):
            raise web.HTTPUnauthorized(reason="the control interface needs the secret of the process that started it")

    def _named(self, http: web.BaseRequest) -> Run:
        run = self._runs.of_handle(http.path.removeprefix(f"{_CONTROL}/"))
        if run is None:
            raise web.HTTPNotFound(reason="there is no such run, or it has ended")
        return run

    # the runs' side

    def _caller(self, http: web.BaseRequest) -> Run:
        run = self._runs.of_token(_token(http))
        if run is None:
            raise web.HTTPUnauthorized(reason="the run token is wrong or its run has ended")
        return run

    async def _models(self, http: web.BaseRequest) -> web.Response:
        return web.json_response(replies.models(self._caller(http).model))

    async def _model(self, http: web.BaseRequest) -> web.Response:
        """Whatever name is asked for: it is the run's model that answers."""
        return web.json_response(replies.models(self._caller(http).model)["data"][0])

    async def _budget(self, http: web.BaseRequest) -> web.Response:
        """What is left of a run's limits, for an agent that plans with them."""
        run = self._caller(http)
        left = {
            wallet.name: plain(max(Decimal(0), wallet.cap - wallet.spent - wallet.reserved)) for wallet in run.wallets
        }
        turns = None if run.limits.turns is None else max(0, run.limits.turns - run.calls)
        return web.json_response({"turns": turns, "seconds": run.remaining_s(), **left})

    async def _claim(self, http: web.BaseRequest) -> web.Response:
        """What an agent counts for itself: kept beside what was counted here, and never in its place."""
        run = self._caller(http)
        try:
            run.claimed_usd = claim(await http.read())
        except ValueError as error:
            return replies.failure(ErrorKind.BAD_REQUEST, one_line(str(error)))
        return web.json_response({"claimed_usd": plain(run.claimed_usd)})

    async def _count(self, http: web.BaseRequest) -> web.Response:
        run = self._caller(http)
        return await self._service.count(http, run, self._routes[run.model])

    async def _call(self, http: web.BaseRequest, wire: Wire) -> web.StreamResponse:
        run = self._caller(http)
        task = cast("asyncio.Task[Any]", asyncio.current_task())  # a handler always runs in one
        if len(run.in_flight) >= IN_FLIGHT_LIMIT:
            raise web.HTTPTooManyRequests(reason=f"the run has {IN_FLIGHT_LIMIT} calls in flight; wait for one of them")
        run.in_flight.add(task)
        try:
            return await self._service.answer(http, run, self._routes[run.model], wire)
        except asyncio.CancelledError:
            if self._runs.of_token(run.token) is run:
                raise  # the client hung up, or the server stops
            task.uncancel()
            return replies.failure(ErrorKind.CANCELLED, "the run has ended", wire)
        finally:
            run.in_flight.discard(task)


def _request(message: Any, payload: Any, connection: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, connection, writer, task, loop, client_max_size=protocol.BODY_LIMIT)


def _token(http: web.BaseRequest) -> str:
    """Where clients of either vendor put it."""
    scheme, _, token = http.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else http.headers.get("x-api-key", "")
