"""The code that a container's first process is given, in the bytecode of the Python there."""

from __future__ import annotations

import marshal
import threading
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox.docker_stream import Attachment
from pytest_agentcore.sandbox.inside import SERVER

INSIDE = (*SERVER, "docker_inside")
"""Each after what it imports."""
OLDEST = (3, 10)
_HERE = Path(__file__).parent
_HELLO = 2 + len(MAGIC_NUMBER)
_MARSHAL = 2
"""A version of the format that every Python reads."""


class TooOld(SandboxUnavailable):
    """The image's python3 cannot run the server."""


def command() -> list[str]:
    """What a container runs first."""
    return ["python3", "-ISB", "-X", "utf8", "-c", (_HERE / "docker_boot.py").read_text("utf-8")]


_compiled: dict[tuple[str, bytes], bytes] = {}
"""By image, which compiled it, and number of its bytecode; what one image compiled is given to no other."""
_compiling = threading.Lock()


def give(stream: Attachment, image: str, deadline: float) -> None:
    """Answer the greeting of :mod:`docker_boot` with the server's code.

    Raises:
        TooOld: the Python there is older than 3.10.
        OSError: the connection broke, or nothing came until the deadline.
        EOFError: the container ended.
    """
    hello = stream.read(_HELLO, deadline)
    version, number = (hello[0], hello[1]), hello[2:]
    if version < OLDEST:
        raise TooOld(f"the image's python3 is {version[0]}.{version[1]}; the sandbox's server needs 3.10 or later")
    with _compiling:  # so that containers that start together do not all compile
        code = _compiled.get((image, number))
        if code is None:
            stream.write(_framed(b"t", marshal.dumps(_texts(), _MARSHAL)), deadline)
            size = int.from_bytes(stream.read(8, deadline), "big")
            _compiled[image, number] = stream.read(size, deadline)
            return
    stream.write(_framed(b"c", code), deadline)


@cache
def _texts() -> list[tuple[str, str]]:
    return [(name, (_HERE / f"{name}.py").read_text("utf-8")) for name in INSIDE]


def _framed(kind: bytes, data: bytes) -> bytes:
    return kind + len(data).to_bytes(8, "big") + data
