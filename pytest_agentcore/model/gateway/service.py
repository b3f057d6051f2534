"""One call of a run, from its bytes to its answer: checked, reserved, queued, sent, metered, booked and recorded."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from decimal import Decimal
from math import inf

from aiohttp import web

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway import playback, protocol, replies
from pytest_agentcore.model.gateway.budget import Exhausted, Wallet, hold
from pytest_agentcore.model.gateway.call import Call
from pytest_agentcore.model.gateway.faults import UpstreamFault, one_line
from pytest_agentcore.model.gateway.keys import Keyring
from pytest_agentcore.model.gateway.ledger import Run
from pytest_agentcore.model.gateway.metering import priced
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.record import Writer
from pytest_agentcore.model.gateway.request import parse
from pytest_agentcore.model.gateway.retry import Effort, Policy, retry_after
from pytest_agentcore.model.gateway.routes import Route
from pytest_agentcore.model.gateway.upstream import Answer
from pytest_agentcore.model.pricing import cost

PASSED_ON = ("anthropic-version", "anthropic-beta")
"""Headers of a client that are part of what it asks."""
_QUERIES = frozenset({"beta=true"})
THROTTLED = 429


class Service:
    """Answers the calls of runs."""

    def __init__(self, *, timeout_s: float, policy: Policy, keys: Keyring, writer: Writer) -> None:
        self._timeout_s = timeout_s
        self._policy = policy
        self._keys = keys
        self._writer = writer

    async def answer(self, http: web.BaseRequest, run: Run, route: Route, wire: Wire) -> web.StreamResponse:
        """Serve one request of a run."""
        try:
            body = await http.read()
            request = parse(body, wire, headers=_passed_on(http, wire), query=_query(http))
            timeout_s = _shorter(self._timeout_s, http.headers, protocol.TIMEOUT_S)
            working_s = _shorter(inf, http.headers, protocol.WORKING_S)
        except web.HTTPRequestEntityTooLarge:
            megabytes = protocol.BODY_LIMIT >> 20
            line = f"the request is longer than {megabytes} MB; no model reads that much"
            return replies.failure(ErrorKind.CONTEXT_EXCEEDED, line, wire)
        except ValueError as error:
            line = one_line(f"the request cannot be understood: {error}")
            return replies.failure(ErrorKind.BAD_REQUEST, line, wire)
        call = Call(run=run, route=route, wire=wire, path=http.path, body=body, request=request, timeout_s=timeout_s)
        call.working_s = working_s if working_s < inf else None
        call.seq = run.record.next_seq() if run.record is not None else 0
        if run.cassette is not None:
            found = run.cassette.answer(http.path, request.text)
            if not isinstance(found, str):
                return await playback.play(http, call, found, self._writer)
            if run.only_recorded:
                run.failed_calls += 1
                return replies.failure(ErrorKind.REPLAY_MISS, found, wire)
            run.cassette = None  # from here on the conversation is another one than it was
        return await self._serve(http, call)

    async def count(self, http: web.BaseRequest, run: Run, route: Route) -> web.Response:
        """Tokens of a prompt; an estimate where the upstream cannot be asked."""
        try:
            body = await http.read()
            request = parse(body, Wire.MESSAGES, headers=_passed_on(http, Wire.MESSAGES), query=_query(http))
        except ValueError as error:
            line = one_line(f"the request cannot be understood: {error}")
            return replies.failure(ErrorKind.BAD_REQUEST, line, Wire.MESSAGES)
        counter, effort = route.counter, Effort()
        if counter is None or run.cassette is not None:
            return web.json_response({"input_tokens": -(-len(body) // 4)})
        try:
            answer = await self._policy.call(lambda: counter.count(request, self._timeout_s), effort)
        except UpstreamFault as fault:
            return self._told(route, counter.where, fault, effort, Wire.MESSAGES)
        return web.Response(body=answer.body, content_type=answer.content_type)

    async def _serve(self, http: web.BaseRequest, call: Call) -> web.StreamResponse:
        run, upstream = call.run, call.route.upstreams[call.wire]
        lost = False
        try:
            await self._reserve(call)
            answer = await self._policy.call(lambda: self._attempt(call), call.effort)
        except Exhausted as refusal:
            run.refused_calls += 1
            lost = call.effort.attempts > 0
            call.hold.settle(lambda wallet: self._abandoned(call, wallet) if lost else Decimal(0))
            line = f"{call.route.name}: {refusal.said}"
            response = replies.failure(ErrorKind.BUDGET, line, call.wire, effort=call.effort, limit=refusal.limit)
            self._record(call, response, replies.body_of(response))
            return response
        except UpstreamFault as fault:
            run.failed_calls += 1
            lost = fault.status is None and call.effort.attempts > 0
            call.hold.settle(lambda wallet: self._abandoned(call, wallet) if lost else Decimal(0))
            response = self._told(call.route, upstream.where, fault, call.effort, call.wire)
            self._record(call, response, replies.body_of(response))
            return response
        except BaseException:  # the client went away, or the run was ended: what was sent may be billed
            lost = call.sent_at is not None
            call.hold.settle(lambda wallet: self._abandoned(call, wallet) if lost else Decimal(0))
            self._record(call, None, b"", complete=False)
            raise
        finally:
            call.book_waiting()
            run.attempts += call.effort.attempts
            if lost:
                call.leave()
        if answer.pieces is not None:
            return await self._stream(http, call, answer, answer.pieces)
        usage = self._book(call, answer)
        told = replies.headers(call.effort, usage, left_out=answer.left_out, remaining_s=call.remaining_s())
        response = web.Response(body=answer.body, headers={"Content-Type": answer.content_type, **told})
        self._record(call, response, answer.body, answer=answer, usage=usage)
        return response

    async def _reserve(self, call: Call) -> None:
        """Refuse what does not fit the run's budgets or its campaign's, and set the worst case aside.

        Raises:
            Exhausted: it does not fit.
        """
        run = call.run
        turns = run.limits.turns
        if turns is not None and run.calls + len(run.in_flight) > turns:
            raise Exhausted("turns", f"the run has had its {turns} turns; raise the limit")
        if not run.wallets:
            return
        sent, got = call.route.forecast.tokens(call.request)
        in_tokens, in_dollars = Decimal(sent + got), call.route.forecast.cost(sent, got)
        draws = [(wallet, in_tokens if wallet.name == "tokens" else in_dollars) for wallet in run.wallets]
        call.hold = await hold(draws)
        call.effort.waited_s += call.hold.waited_s
        call.book_waiting()

    async def _attempt(self, call: Call) -> Answer:
        """One attempt, in its turn and before the run's deadline."""
        run, lane = call.run, call.route.lane
        call.book_waiting()
        call.effort.waited_s += await lane.enter()
        call.sent_at = time.monotonic()
        call.book_waiting()
        left = call.remaining_s()
        try:
            if left is not None and left <= 0:
                call.effort.attempts -= 1
                raise _late(run)
            timeout_s = call.timeout_s if left is None else min(call.timeout_s, left)
            return await call.route.upstreams[call.wire].send(call.request, timeout_s)
        except UpstreamFault as fault:
            took = time.monotonic() - call.sent_at
            throttled = fault.status == THROTTLED and fault.retryable
            call.leave(throttled=throttled, pause_s=retry_after(fault.headers) or 0.0 if throttled else 0.0)
            if not isinstance(fault, Exhausted):
                said = one_line(self._keys.redact(fault.said))
                call.failures.append({"status": fault.status, "said": said, "took_ms": round(took * 1000, 1)})
                left = call.remaining_s()
                if left is not None and left <= 0:
                    raise _late(run) from None
            raise

    async def _stream(
        self, http: web.BaseRequest, call: Call, answer: Answer, pieces: AsyncGenerator[bytes, None]
    ) -> web.StreamResponse:
        """Pass a stream on; what the client did not stay to read is metered as far as it came."""
        told = replies.headers(call.effort, left_out=answer.left_out, remaining_s=call.remaining_s())
        response = web.StreamResponse(headers={"Content-Type": answer.content_type, **told})
        passed: list[bytes] = []
        keep, complete = call.run.record is not None, False
        try:
            await response.prepare(http)
            async with aclosing(pieces) as passing:
                async for piece in passing:
                    if keep:
                        passed.append(piece)
                    await response.write(piece)
            await response.write_eof()
            complete = True
        except (UpstreamFault, OSError):  # the upstream broke off, or the client did
            playback.cut(http)  # half an answer must not be taken for a whole one
        finally:
            usage = self._book(call, answer)
            self._record(call, response, b"".join(passed), answer=answer, usage=usage, complete=complete)
        return response

    def _book(self, call: Call, answer: Answer) -> Usage:
        """Meter, price and book an answer."""
        call.leave(answered=True)
        run, route, meter = call.run, call.route, answer.meter
        usage = priced(meter.total(len(call.body)), route.price, meter.hour_writes)
        run.answered(usage, meter.model, meter.billed_usd)
        route.forecast.seen(len(call.body), usage)
        call.hold.settle(lambda wallet: _used(wallet, usage, route))
        return usage

    def _abandoned(self, call: Call, wallet: Wallet) -> Decimal:
        """What a call may have cost whose answer nobody got: its prompt, at least."""
        sent, _ = call.route.forecast.tokens(call.request)
        return Decimal(sent) if wallet.name == "tokens" else call.route.forecast.cost(sent, 0)

    def _told(self, route: Route, where: str, fault: UpstreamFault, effort: Effort, wire: Wire) -> web.Response:
        """A failure in one line: which model, which upstream, what it said."""
        answered = f"answered {fault.status}" if fault.status is not None else "gave no answer"
        tries = "" if effort.attempts == 1 else f" ({effort.attempts} attempts, waited {effort.waited_s:.1f} s)"
        said = one_line(self._keys.redact(fault.said)) or "nothing"
        line = self._keys.redact(f"{route.name}: {where} {answered}: {said}{tries}")
        return replies.failure(fault.kind, line, wire, effort=effort, upstream_status=fault.status)

    def _record(
        self,
        call: Call,
        response: web.StreamResponse | None,
        body: bytes,
        *,
        answer: Answer | None = None,
        usage: Usage | None = None,
        complete: bool = True,
    ) -> None:
        """Keep what was asked and what the client was told; nothing at all where no record is wanted."""
        if call.run.record is not None:
            told = call.told(response, body, answer=answer, usage=usage, complete=complete)
            self._writer.put(call.run.record, told)


def _used(wallet: Wallet, usage: Usage, route: Route) -> Decimal:
    """Of one wallet's kind; tokens that nobody counted are paid for as estimated, so that a cap holds."""
    if wallet.name == "tokens":
        return Decimal(usage.tokens)
    if usage.cost_usd is not None:
        return usage.cost_usd
    return Decimal(0) if route.price is None else cost(route.price, usage)


def _late(run: Run) -> Exhausted:
    wall = run.limits.wall_s
    limit = "wall_s" if wall is not None and time.monotonic() - run.started >= wall else "working_s"
    return Exhausted(limit, "the run's time is over; raise the limit")


def _passed_on(http: web.BaseRequest, wire: Wire) -> dict[str, str] | None:
    if wire is not Wire.MESSAGES:
        return None
    return {name: value for name in PASSED_ON if (value := http.headers.get(name)) is not None}


def _query(http: web.BaseRequest) -> str:
    return http.query_string if http.query_string in _QUERIES else ""


def _shorter(own: float, headers: Mapping[str, str], name: str) -> float:
    asked = headers.get(name)
    seconds = float(asked) if asked is not None else own
    if not seconds > 0:
        raise ValueError(f"{name} must be a number above 0, not {asked!r}")
    return min(own, seconds)
