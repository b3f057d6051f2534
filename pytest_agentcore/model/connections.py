"""Kept connections to the gateway.

Plain HTTP/1.1 over loopback between two processes of ours: the standard library does, at a tenth of the time and none
of the 11 MB that a client for the whole internet takes.
"""

from __future__ import annotations

import atexit
import http.client
import os
import select
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_S = 10.0
FAILURES = (OSError, http.client.HTTPException)
"""What :func:`request` raises when there is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


class Pool:
    """Connections of one process to one gateway, each used by one thread at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._idle: list[http.client.HTTPConnection] = []
        self._busy: set[http.client.HTTPConnection] = set()
        self._closed = False
        self._lock = threading.Lock()

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Answer:
        """Ask and wait; ``timeout_s`` bounds each silence of the other side.

        Raises:
            OSError, http.client.HTTPException: no answer.
        """
        connection = self._taken()
        try:
            if connection.sock is None:
                connection.connect()
                self._still_open()
            connection.sock.settimeout(timeout_s)
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            answer = Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                body=response.read(),
            )
        except BaseException:
            self._drop(connection)
            raise
        self._give_back(connection)
        return answer

    def _taken(self) -> http.client.HTTPConnection:
        """The connection that was used last, if the other side has not closed it meanwhile, or a new one."""
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if not _readable(connection.sock):
                    break
                connection.close()
            else:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
            self._busy.add(connection)
            return connection

    def _still_open(self) -> None:
        with self._lock:
            if self._closed:
                raise ConnectionAbortedError("the connections were closed with the gateway")

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
            if not self._closed and connection.sock is not None:
                self._idle.append(connection)
                return
        connection.close()

    def _drop(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._busy.discard(connection)
        connection.close()

    def close(self) -> None:
        """Close what is idle; calls in flight break off in their own threads."""
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            for connection in self._busy:
                if connection.sock is not None:
                    with suppress(OSError):  # the other side was quicker
                        connection.sock.shutdown(socket.SHUT_RDWR)


def _readable(sock: socket.socket) -> bool:
    """Between two calls nothing is said: what can be read is the end."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(0))


_POOLS: dict[tuple[int, str], Pool] = {}
_POOLS_LOCK = threading.Lock()


def pool(url: str) -> Pool:
    """The one of this process and gateway."""
    key = (os.getpid(), url)
    with _POOLS_LOCK:
        if key not in _POOLS:
            if not _POOLS:
                atexit.register(_close_all)
            _POOLS[key] = Pool(url)
        return _POOLS[key]


def disconnect(url: str) -> None:
    """Close this process's connections to a gateway; calls in flight break off."""
    with _POOLS_LOCK:
        found = _POOLS.pop((os.getpid(), url), None)
    if found is not None:
        found.close()


def _close_all() -> None:
    for pid, url in list(_POOLS):
        if pid == os.getpid():
            disconnect(url)
