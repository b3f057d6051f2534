"""How many requests a second the scripted endpoint answers: what is below this is not the endpoint's doing."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endpoint import Endpoint, answer

LEAST_PER_S = 5_000
_TOGETHER = 50
"""Requests in one piece: one client that waits for each answer would measure itself."""
_PROMPT_BYTES = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Requests of 3 kB that an endpoint answered."""

    per_s: float
    per_cpu_s: float
    """Of the endpoint's own CPU time: what it would do with a core to itself."""


def measured(endpoint: Endpoint, *, seconds: float = 0.5, tries: int = 3) -> Rate:
    """The best of a few tries: an interruption makes an endpoint slower, nothing makes it faster than it is."""
    return max((_try(endpoint, seconds) for _ in range(tries)), key=lambda rate: rate.per_s)


def _try(endpoint: Endpoint, seconds: float) -> Rate:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "%s"}]}' % (b"x" * _PROMPT_BYTES)
    head = f"POST /0/rate/v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    many, expected, done = (head + body) * _TOGETHER, answer(0), 0
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as connection:
        started, cpu = time.perf_counter(), _cpu_s(endpoint.pid)
        while time.perf_counter() - started < seconds:
            connection.sendall(many)
            left = _TOGETHER
            tail = b""
            while left:
                data = tail + connection.recv(1 << 18)
                left -= data.count(expected)
                tail = data[data.rfind(expected) + len(expected) :] if expected in data else data
            done += _TOGETHER
        wall, cpu = time.perf_counter() - started, _cpu_s(endpoint.pid) - cpu
    return Rate(per_s=done / wall, per_cpu_s=done / max(cpu, 1 / os.sysconf("SC_CLK_TCK")))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
