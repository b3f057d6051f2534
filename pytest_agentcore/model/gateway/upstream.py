"""What every way to a model has in common, and the plain way: the client's own wire, passed through as bytes."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
from msgspec import UNSET, DecodeError, Struct
from msgspec.json import Decoder
from yarl import URL

from pytest_agentcore.model.gateway.faults import UpstreamFault, message_in
from pytest_agentcore.model.gateway.metering import Meter
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.request import Request
from pytest_agentcore.model.gateway.wires.sse import with_word

ANSWER_LIMIT = 64 * 1024 * 1024
ERROR_LIMIT = 1024 * 1024
PATHS = {Wire.CHAT: "/chat/completions", Wire.RESPONSES: "/responses", Wire.MESSAGES: "/messages"}
"""Under a base address that ends with the version."""
_COUNTED = '"stream_options": {"include_usage": true}'
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Event(Struct):
    """What of an event tells whether it is the count that was asked for."""

    choices: Any = None
    usage: Any = None


_EVENT = Decoder(_Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream answered: a whole body, or pieces as they come."""

    content_type: str
    meter: Meter
    """What the upstream counted; complete once the body is here or the pieces have ended."""
    body: bytes = b""
    pieces: AsyncGenerator[bytes, None] | None = None
    """Set for a stream. Closing the iterator gives the connection back."""
    left_out: tuple[str, ...] = ()
    """Members of the request that had no place on the upstream's wire."""


class Upstream(Protocol):
    """One model and the way to it."""

    @property
    def where(self) -> str:
        """How messages name it: a host, or the provider."""
        ...

    async def send(self, request: Request, timeout_s: float) -> Answer:
        """One attempt.

        Raises:
            UpstreamFault: no answer; it says whether another attempt may help.
        """
        ...


class Passthrough:
    """An upstream that speaks the client's wire: bytes there, bytes back."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        model: str,
        key: str | None,
        wire: Wire = Wire.CHAT,
        counts_unasked: bool = False,
    ) -> None:
        self._session = session
        self._model = model
        self._wire = wire
        self._counts_unasked = counts_unasked
        base = base_url.rstrip("/")
        versioned = "/v1" if wire is Wire.MESSAGES and not base.endswith("/v1") else ""
        self._url = URL(f"{base}{versioned}{PATHS[wire]}", encoded=True)
        self._proxy = proxy_for(self._url)
        self._tls = trust() if self._url.scheme == "https" else True
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if wire is Wire.MESSAGES:
            self._headers["anthropic-version"] = "2023-06-01"
        if key is not None and wire is Wire.MESSAGES:
            self._headers["x-api-key"] = key
        elif key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    @property
    def where(self) -> str:
        """Host, port and base path: a missing ``/v1`` is the usual mistake."""
        return f"{self._url.authority}{self._url.path.removesuffix(PATHS[self._wire])}"

    async def send(self, request: Request, timeout_s: float) -> Answer:
        """One request. The timeout bounds a whole answer, or the silence between the pieces of a stream."""
        # A stream of this wire is counted only when that is asked for, and the answer to that is not the client's.
        asks = self._wire is Wire.CHAT and request.stream and not self._counts_unasked
        asks = asks and request.terms.stream_options is UNSET
        response = await self._post(self._url, request, timeout_s, extra=_COUNTED if asks else "")
        try:
            content_type = response.headers.get("Content-Type", "application/json")
            meter = Meter(self._wire)
            if request.stream and "event-stream" in content_type:
                pieces = _pieces(response, meter)
                return Answer(content_type=content_type, meter=meter, pieces=uncounted(pieces) if asks else pieces)
            with _told(timeout_s):
                body = await _whole(response, ANSWER_LIMIT)
        except BaseException:
            response.close()
            raise
        meter.whole(body)
        return Answer(content_type=content_type, meter=meter, body=body)

    async def count(self, request: Request, timeout_s: float) -> Answer:
        """Tokens of a prompt as the upstream counts them, which costs nothing; Anthropic Messages alone."""
        response = await self._post(self._url / "count_tokens", request, timeout_s)
        with _told(timeout_s):
            body = await _whole(response, ANSWER_LIMIT)
        return Answer(content_type="application/json", meter=Meter(self._wire), body=body)

    async def _post(self, url: URL, request: Request, timeout_s: float, extra: str = "") -> aiohttp.ClientResponse:
        timeout = _timeout(timeout_s, stream=request.stream)
        with _told(timeout_s):
            response = await self._session.post(
                url.with_query(request.query) if request.query else url,
                data=request.named(self._model, extra),
                headers={**self._headers, **request.headers} if request.headers else self._headers,
                timeout=timeout,
                proxy=self._proxy,
                ssl=self._tls,
                allow_redirects=False,  # the key is for this address
            )
            if response.status != 200:  # noqa: PLR2004 - the one good status of this call
                raise await _refused(response)
            return response


@lru_cache(maxsize=64)
def _timeout(seconds: float, *, stream: bool) -> aiohttp.ClientTimeout:
    if stream:
        return aiohttp.ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
    return aiohttp.ClientTimeout(total=seconds)


class _told:  # noqa: N801 - reads as a context, and one made of a generator takes three times as long
    """Failures of the client library as our own."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, TimeoutError):
            raise UpstreamFault(f"no answer within {self._timeout_s:g} s") from None
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            # Nothing that time would mend: a wrong scheme, or a certificate that this machine does not trust.
            raise UpstreamFault(f"TLS failed: {error}", kind=ErrorKind.BAD_REQUEST) from None
        if isinstance(error, aiohttp.ClientError | OSError | ValueError):
            raise UpstreamFault(_reason(error)) from None


def session() -> aiohttp.ClientSession:
    """One pool of connections for all upstreams; it reads no proxy, no netrc and no cookie by itself."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=True,
    )


@cache
def trust() -> ssl.SSLContext:
    """The system's certificates, and certifi's where an interpreter was built without any; 80 ms to read them."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def proxy_for(url: URL) -> str | None:
    """The proxy that the environment names for this address; never one for this machine itself."""
    host = url.host or ""
    if host in LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(url.scheme)


async def _refused(response: aiohttp.ClientResponse) -> UpstreamFault:
    status, headers = response.status, dict(response.headers)
    try:
        body = await _whole(response, ERROR_LIMIT)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        body = b""  # the status says enough
    if 300 <= status < 400:  # noqa: PLR2004 - redirections
        to = headers.get("Location", "another address")
        return UpstreamFault(f"it redirects to {to}; give that address", status=status, kind=ErrorKind.BAD_REQUEST)
    if status < 300:  # noqa: PLR2004 - 204 and its kind: an answer that is none
        return UpstreamFault("an answer without content", status=status, kind=ErrorKind.UNAVAILABLE)
    return UpstreamFault(message_in(body) or (response.reason or ""), status=status, headers=headers)


async def _whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, read to its end so that the connection can serve again.

    Raises:
        ValueError: it is longer than the limit.
    """
    declared = response.content_length
    if declared is not None and declared <= limit:
        return await response.read()
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            response.close()
            raise ValueError(f"an answer of more than {limit >> 20} MB")
    return b"".join(pieces)


async def _pieces(response: aiohttp.ClientResponse, meter: Meter) -> AsyncGenerator[bytes, None]:
    try:
        async for piece in response.content.iter_any():
            meter.feed(piece)
            yield piece
    except (aiohttp.ClientError, OSError) as error:
        raise UpstreamFault(f"the stream broke off: {_reason(error)}") from None
    finally:
        meter.end()
        response.close()


async def uncounted(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The stream without the event that holds the count and nothing else."""
    rest, dropped = b"", False
    async with aclosing(pieces):
        async for piece in pieces:
            text = rest + piece
            cut = text.rfind(b"\n") + 1
            out, rest = text[:cut], text[cut:]
            if dropped:  # the line that ends an event goes with it
                out = out.removeprefix(b"\r").removeprefix(b"\n")
            counts = [line for line in with_word(out, b'"usage"') if _is_count(line)]
            dropped = False
            for line in counts:
                before, after = out.split(line + b"\n", 1)
                dropped = not after
                out = before + after.removeprefix(b"\r").removeprefix(b"\n")
            if out:
                yield out
        if rest:
            yield rest


def _is_count(line: bytes) -> bool:
    if b'"usage"' not in line or b'"choices"' not in line or not line.startswith(b"data:"):
        return False
    try:
        event = _EVENT.decode(line[5:])
    except (DecodeError, UnicodeDecodeError):
        return False
    return event.choices == [] and bool(event.usage)


def _reason(error: Exception) -> str:
    """A client error in plain words."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorError):
        return _system_reason(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was closed without an answer"
    return str(error) or type(error).__name__


def _system_reason(error: OSError) -> str:
    """The system's own words: asyncio and aiohttp put theirs in place of them."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    return os.strerror(error.errno) if error.errno else str(error)


async def reachable(url: URL, timeout_s: float) -> str | None:
    """Why no TCP connection to the address (or to its proxy) can be made, None when it can."""
    proxy = proxy_for(url)
    target = URL(proxy) if proxy is not None else url
    try:
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection(target.host, target.port)
    except TimeoutError:
        return f"no connection within {timeout_s:g} s"
    except (OSError, UnicodeError) as error:
        return _system_reason(error) if isinstance(error, OSError) else str(error)
    writer.close()
    return None
