"""The gateway's process: ``python -m pytest_agentcore.model.gateway``.

One line of JSON comes on stdin (:class:`~pytest_agentcore.model.gateway.protocol.StartConfig`), one goes out on stdout:
``{"port": …, "problems": […]}``. From then on stdout is silent, and the end of stdin is the order to end: it comes by
itself when the parent dies.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Any

from pytest_agentcore.model.gateway.opening import opened
from pytest_agentcore.model.gateway.protocol import StartConfig

LAST_MOMENTS_S = 0.7
"""From the end of stdin to the end of the process, at the latest."""


def main() -> None:
    """Serve until stdin ends."""
    answer = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # what a library prints must neither reach the protocol nor fill the pipe
    logging.disable(logging.CRITICAL)
    line = sys.stdin.buffer.readline()
    if not line.strip():
        return
    asyncio.run(_serve(StartConfig.from_json(line), answer))


async def _serve(config: StartConfig, answer: int) -> None:
    stop = asyncio.Event()
    threading.Thread(target=_end_with_stdin, args=(asyncio.get_running_loop(), stop), daemon=True).start()
    async with opened(config) as port:
        if not isinstance(port, int):
            _say(answer, {"port": None, "problems": port})
            return
        gc.freeze()  # what is here now stays: no collection need look at it again
        _say(answer, {"port": port, "problems": []})
        await stop.wait()


def _say(answer: int, data: dict[str, Any]) -> None:
    os.write(answer, json.dumps(data).encode() + b"\n")
    os.close(answer)


def _end_with_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Wait in a thread: the loop may be busy translating when the parent dies."""
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):  # the loop may be closed already
        loop.call_soon_threadsafe(stop.set)
    threading.Event().wait(LAST_MOMENTS_S)
    os._exit(0)


if __name__ == "__main__":
    main()
