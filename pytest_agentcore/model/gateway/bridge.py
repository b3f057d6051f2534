"""Between two wires: a client's request in the words of Chat Completions, and the answer in the client's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from pytest_agentcore.model.gateway.faults import UpstreamFault, says_no_model
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.request import Request, written
from pytest_agentcore.model.gateway.upstream import Answer, Upstream
from pytest_agentcore.model.gateway.wires import messages, responses, sse
from pytest_agentcore.model.gateway.wires.asked import Asked, Dialect
from pytest_agentcore.model.gateway.wires.messages_stream import MessagesStream
from pytest_agentcore.model.gateway.wires.responses_stream import ResponsesStream

_NOT_SERVED = frozenset({404, 405, 501})


class Encoder(Protocol):
    """Turns chunks of Chat Completions into the events of another wire."""

    def feed(self, chunk: dict[str, object]) -> bytes:
        """The events that a chunk becomes."""
        ...

    def end(self) -> bytes:
        """The events that close the answer."""
        ...


class Bridge:
    """A model that answers on another wire than the client's."""

    def __init__(self, chat: Upstream, wire: Wire, dialect: Dialect) -> None:
        self._chat = chat
        self._wire = wire
        self._dialect = dialect

    @property
    def where(self) -> str:
        """The upstream behind it."""
        return self._chat.where

    async def send(self, request: Request, timeout_s: float) -> Answer:
        """One request there and its answer back."""
        try:
            asked = self._asked(request)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise UpstreamFault(f"it cannot be translated: {error}", kind=ErrorKind.BAD_REQUEST) from None
        answer = await self._chat.send(written(Wire.CHAT, asked.fields), timeout_s)
        left_out = tuple(asked.left_out)
        if answer.pieces is not None:
            pieces = _encoded(answer.pieces, self._encoder(request))
            return replace(answer, content_type="text/event-stream", pieces=pieces, left_out=left_out)
        try:
            data = json.loads(answer.body)
            told = (
                messages.from_chat(data) if self._wire is Wire.MESSAGES else responses.from_chat(data, request.fields)
            )
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise UpstreamFault(f"an answer that is none: {error}", kind=ErrorKind.UNAVAILABLE) from None
        return replace(answer, content_type="application/json", body=encoded(told), left_out=left_out)

    def _asked(self, request: Request) -> Asked:
        translate = messages.to_chat if self._wire is Wire.MESSAGES else responses.to_chat
        return translate(request.fields, self._dialect)

    def _encoder(self, request: Request) -> Encoder:
        return MessagesStream() if self._wire is Wire.MESSAGES else ResponsesStream(request.fields)


class Tried:
    """An upstream that may or may not serve a wire: asked once, and from then on by the way that works."""

    def __init__(self, native: Upstream, bridge: Upstream) -> None:
        self._native = native
        self._bridge = bridge
        self._absent = False

    @property
    def where(self) -> str:
        """The upstream's address."""
        return self._native.where

    async def send(self, request: Request, timeout_s: float) -> Answer:
        """One request."""
        if not self._absent:
            try:
                return await self._native.send(request, timeout_s)
            except UpstreamFault as fault:
                if fault.status not in _NOT_SERVED or says_no_model(fault.said):
                    raise
                self._absent = True
        return await self._bridge.send(request, timeout_s)


def encoded(data: object) -> bytes:
    """JSON; a lone surrogate, which a model may write as an escape, is no text."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")


async def _encoded(pieces: AsyncGenerator[bytes, None], encoder: Encoder) -> AsyncGenerator[bytes, None]:
    lines = sse.Lines()
    async with aclosing(pieces):
        async for piece in pieces:
            out = b"".join([encoder.feed(chunk) for chunk in sse.data_of(lines.feed(piece))])
            if out:
                yield out
    yield b"".join([encoder.feed(chunk) for chunk in sse.data_of(lines.end())]) + encoder.end()
