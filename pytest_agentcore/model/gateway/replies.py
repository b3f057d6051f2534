"""What a client is told: the gateway's own headers, and failures in the words of the client's wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.ledger import plain, tokens_json
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.retry import Effort

STATUS = {
    ErrorKind.AUTH: 401,
    ErrorKind.UNKNOWN_MODEL: 404,
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.CONTEXT_EXCEEDED: 400,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.CANCELLED: 499,
    ErrorKind.BUDGET: 402,
    ErrorKind.REPLAY_MISS: 409,
}
_CODES = {ErrorKind.CONTEXT_EXCEEDED: "context_length_exceeded", ErrorKind.UNKNOWN_MODEL: "model_not_found"}
"""Words that clients of OpenAI's wires already know."""
_TYPES = {
    ErrorKind.AUTH: "authentication_error",
    ErrorKind.UNKNOWN_MODEL: "not_found_error",
    ErrorKind.BAD_REQUEST: "invalid_request_error",
    ErrorKind.CONTEXT_EXCEEDED: "invalid_request_error",
    ErrorKind.UNAVAILABLE: "overloaded_error",
    ErrorKind.BUDGET: "billing_error",
}
"""And those of Anthropic's."""


def headers(
    effort: Effort,
    usage: Usage | None = None,
    *,
    left_out: tuple[str, ...] = (),
    remaining_s: float | None = None,
) -> dict[str, str]:
    """The gateway's own headers of an answer."""
    told = {protocol.ATTEMPTS: str(effort.attempts), protocol.WAITED_MS: str(round(effort.waited_s * 1000))}
    if left_out:
        told[protocol.LEFT_OUT] = ",".join(left_out)
    if remaining_s is not None:
        told[protocol.REMAINING_S] = f"{max(0.0, remaining_s):.3f}"
    if usage is not None:
        told[protocol.USAGE] = tokens_json(usage)
        if usage.cost_usd is not None:
            told[protocol.COST_USD] = plain(usage.cost_usd)
    return told


def replayed(told: Mapping[str, str], took_s: float) -> dict[str, str]:
    """The same headers out of a record: nobody was asked, nothing waited, and what it took is told."""
    own = {name: value for name, value in told.items() if name.startswith("x-agentcore-")}
    own.pop(protocol.REMAINING_S, None)
    return {**own, protocol.ATTEMPTS: "0", protocol.WAITED_MS: "0", protocol.REPLAYED_MS: str(round(took_s * 1000))}


def failure(
    kind: ErrorKind,
    line: str,
    wire: Wire = Wire.CHAT,
    *,
    effort: Effort | None = None,
    upstream_status: int | None = None,
    limit: str | None = None,
) -> web.Response:
    """A refusal that no client tries again by itself: trying again is the gateway's own trade."""
    told = {protocol.ERROR: kind.value, "x-should-retry": "false", **headers(effort or Effort())}
    if limit is not None:
        told[protocol.LIMIT] = limit
    body: dict[str, Any] = {
        "message": line,
        "type": kind.value,
        "code": _CODES.get(kind, kind.value),
        "upstream_status": upstream_status,
    }
    if wire is Wire.MESSAGES:
        error = {**body, "type": _TYPES.get(kind, "api_error")}
        return web.json_response({"type": "error", "error": error}, status=STATUS[kind], headers=told)
    return web.json_response({"error": body}, status=STATUS[kind], headers=told)


def models(name: str) -> dict[str, Any]:
    """The list of models, in a form that clients of every wire read."""
    one = {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "agentcore",
        "type": "model",
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",
    }
    return {"object": "list", "data": [one], "has_more": False, "first_id": name, "last_id": name}


def body_of(response: web.Response) -> bytes:
    """The bytes of a whole response."""
    return response.body if isinstance(response.body, bytes) else b""
