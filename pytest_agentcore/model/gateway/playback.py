"""An answer out of a record, given again byte for byte."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.cassette import Recorded
from pytest_agentcore.model.gateway import protocol, replies
from pytest_agentcore.model.gateway.call import Call
from pytest_agentcore.model.gateway.record import Writer


async def play(http: web.BaseRequest, call: Call, found: Recorded, writer: Writer) -> web.StreamResponse:
    """Answer a call from its record: its tokens and its price are the run's again, and nobody is paid for it."""
    run, failed = call.run, protocol.ERROR in found.headers
    if failed:
        run.failed_calls += 1
    else:
        cost = None if found.cost_usd is None else Decimal(found.cost_usd)
        billed = None if found.billed_usd is None else Decimal(found.billed_usd)
        usage = Usage(calls=1, cost_usd=cost, **found.usage)
        run.answered(usage, found.model, billed)
        run.replayed += usage
    if run.record is not None:
        writer.put(run.record, call.again(found))
    headers = {"Content-Type": found.content_type, **replies.replayed(found.headers, found.took_s)}
    if not found.stream or failed:
        return web.Response(status=found.status, body=found.body, headers=headers)
    response = web.StreamResponse(status=found.status, headers=headers)
    await response.prepare(http)
    await response.write(found.body)
    if found.complete:
        await response.write_eof()
    else:
        cut(http)
    return response


def cut(http: web.BaseRequest) -> None:
    """Break off in the middle of an answer."""
    if http.transport is not None:
        http.transport.abort()
