"""The streams of a container or of a command in one, over the connection that the daemon hands over."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from typing import Any


class Attachment:
    """The streams of a container or command: bytes in, bytes out, complaints apart.

    Args:
        source: what docker-py gives; its socket is taken over.
    """

    _HEADER = struct.Struct(">BxxxL")
    _STDERR = 2
    _MOST_COMPLAINTS = 4096
    _READ = 1 << 16
    """Memory for more would be mapped anew for each read, which takes longer than the read."""

    def __init__(self, source: Any) -> None:
        self._source = source
        plain = hasattr(source, "_sock")
        self._socket: socket.socket = socket.socket(fileno=os.dup(source.fileno())) if plain else source
        if plain:
            _close_response(source)
        self._raw = bytearray()
        self._out = bytearray()
        self._complaints = bytearray()

    def write(self, data: bytes, deadline: float) -> None:
        """Write all of it.

        Raises:
            OSError: the other end is gone, or takes nothing until the deadline.
        """
        view = memoryview(data)
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN | select.POLLOUT)
        while view:
            happened = poller.poll(_until(deadline) * 1000)
            if not happened:
                raise TimeoutError("the other end takes nothing")
            if happened[0][1] & ~select.POLLOUT and not self.fill(deadline):
                raise BrokenPipeError("the other end is gone")
            if happened[0][1] & select.POLLOUT:
                self._socket.settimeout(0)
                view = view[self._socket.send(view[: self._READ]) :]

    def read(self, count: int, deadline: float) -> bytes:
        """Exactly so many bytes of stdout.

        Raises:
            EOFError: it ended before.
            OSError: the connection broke, or nothing came until the deadline.
        """
        while len(self._out) < count:
            if not self.fill(deadline):
                raise EOFError("the other side closed the channel")
        data = bytes(self._out[:count])
        del self._out[:count]
        return data

    def fill(self, deadline: float) -> bool:
        """Wait for more of either stream; False at their end."""
        self._socket.settimeout(_until(deadline))
        data = self._socket.recv(self._READ)
        if not data:
            return False
        self._raw += data
        at, raw = 0, self._raw
        while len(raw) - at >= self._HEADER.size:
            kind, size = self._HEADER.unpack_from(raw, at)
            begin = at + self._HEADER.size
            if len(raw) - begin < size:
                break
            at = begin + size
            (self._complaints if kind == self._STDERR else self._out).extend(raw[begin:at])
        del raw[:at]
        return True

    def taken(self) -> tuple[bytes, bytes]:
        """What has arrived on stdout and stderr since the last time."""
        out, complaints = bytes(self._out), bytes(self._complaints)
        self._out.clear()
        self._complaints.clear()
        return out, complaints

    def last_line(self) -> str:
        """The last complaint."""
        lines = bytes(self._complaints[-self._MOST_COMPLAINTS :]).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def hang_up(self) -> None:
        """End its stdin."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def ended(self, timeout_s: float) -> bool:
        """Has it come to its end within this time? What it still says is thrown away."""
        deadline = time.monotonic() + timeout_s
        try:
            while self.fill(deadline):
                self._out.clear()
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Give the connection back."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        _close_response(self._source)


def _close_response(source: Any) -> None:
    """Give back what docker-py holds: the response, the reader, the socket below it."""
    held = (getattr(source, "_response", None), source, getattr(source, "_sock", None))
    for one in held:
        if one is not None:
            with contextlib.suppress(OSError):
                one.close()


def _until(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
