"""What every way to a model has in common, and the plain way: Chat Completions passed through as bytes."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from pytest_agentcore.model.gateway.faults import UpstreamFault, message_in
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.gateway.request import ChatRequest

ANSWER_LIMIT = 64 * 1024 * 1024
ERROR_LIMIT = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an upstream answered: a whole body, or pieces as they come."""

    content_type: str
    body: bytes = b""
    pieces: AsyncGenerator[bytes, None] | None = None
    """Set for a stream. Closing the iterator gives the connection back."""


class Upstream(Protocol):
    """One model and the way to it."""

    @property
    def where(self) -> str:
        """How messages name it: a host, or the provider."""
        ...

    async def send(self, request: ChatRequest, timeout_s: float) -> Answer:
        """One attempt.

        Raises:
            UpstreamFault: no answer; it says whether another attempt may help.
        """
        ...


class Passthrough:
    """An OpenAI-compatible upstream: bytes there, bytes back."""

    def __init__(self, session: aiohttp.ClientSession, *, base_url: str, model: str, key: str | None) -> None:
        self._session = session
        self._model = model
        self._url = URL(f"{base_url.rstrip('/')}/chat/completions", encoded=True)
        self._proxy = proxy_for(self._url)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    @property
    def where(self) -> str:
        """Host, port and base path: a missing ``/v1`` is the usual mistake."""
        return f"{self._url.authority}{self._url.path.removesuffix('/chat/completions')}"

    async def send(self, request: ChatRequest, timeout_s: float) -> Answer:
        """One request. The timeout bounds a whole answer, or the silence between the pieces of a stream."""
        timeout = (
            aiohttp.ClientTimeout(total=None, sock_connect=timeout_s, sock_read=timeout_s)
            if request.stream
            else aiohttp.ClientTimeout(total=timeout_s)
        )
        try:
            response = await self._session.post(
                self._url,
                data=request.named(self._model),
                headers=self._headers,
                timeout=timeout,
                proxy=self._proxy,
                allow_redirects=False,  # the key is for this address
            )
            if response.status != 200:  # noqa: PLR2004 - the one good status of this call
                raise await _refused(response)
            content_type = response.headers.get("Content-Type", "application/json")
            if request.stream:
                return Answer(content_type=content_type, pieces=_pieces(response))
            return Answer(content_type=content_type, body=await _whole(response, ANSWER_LIMIT))
        except TimeoutError:
            raise UpstreamFault(f"no answer within {timeout_s:g} s") from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
            # Nothing that time would mend: a wrong scheme, or a certificate that this machine does not trust.
            raise UpstreamFault(f"TLS failed: {error}", kind=ErrorKind.BAD_REQUEST) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UpstreamFault(_reason(error)) from None


def session() -> aiohttp.ClientSession:
    """One pool of connections for all upstreams; it reads no proxy, no netrc and no cookie by itself."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30, ssl=_trust()),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=True,
    )


def _trust() -> ssl.SSLContext:
    """The system's certificates, and certifi's where an interpreter was built without any."""
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


async def _pieces(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    try:
        async for piece in response.content.iter_any():
            yield piece
    except (aiohttp.ClientError, OSError) as error:
        raise UpstreamFault(f"the stream broke off: {_reason(error)}") from None
    finally:
        response.close()


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
