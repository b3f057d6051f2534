"""The gateway's process: ``python -m pytest_agentcore.model.gateway``.

One line of JSON comes on stdin (:class:`~pytest_agentcore.model.gateway.protocol.StartConfig`), one goes out on stdout:
``{"port": …, "problems": […]}``. From then on stdout is silent, and the end of stdin is the order to end: it comes by
itself when the parent dies.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Any

from aiohttp import web

from pytest_agentcore.model.gateway import checks, providers, upstream
from pytest_agentcore.model.gateway.keys import Keyring, load_file
from pytest_agentcore.model.gateway.protocol import StartConfig
from pytest_agentcore.model.gateway.server import Door, Route
from pytest_agentcore.model.pricing import price_of

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
    wrong = load_file(config.key_file, os.environ) if config.key_file is not None else []
    keys = Keyring()
    keys.hide([config.secret])
    wrong += await checks.problems(config.models, keys)
    async with upstream.session() as session:
        routes: dict[str, Route] = {}
        if not wrong:
            routes, wrong = _routes(config, keys, session)
        if wrong:
            _say(answer, {"port": None, "problems": [keys.redact(one) for one in wrong]})
            return
        runner = web.AppRunner(
            Door(config, routes, keys).application(), access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", config.port, backlog=1024, reuse_address=True).start()
            _say(answer, {"port": runner.addresses[0][1], "problems": []})
            await stop.wait()
        finally:
            await runner.cleanup()


def _routes(config: StartConfig, keys: Keyring, session: Any) -> tuple[dict[str, Route], list[str]]:
    """A way to each model. litellm is loaded when the first of them needs it."""
    litellm, routes = None, {}
    for spec in config.models:
        way: upstream.Upstream
        if spec.wire == "chat":
            provider = providers.find(spec.provider)
            base_url = spec.url or (provider.base_url if provider is not None else None)
            if base_url is None:
                return {}, [f"{spec.name!r} has no address; give NAME@http://HOST:PORT/v1"]
            way = upstream.Passthrough(session, base_url=base_url, model=spec.model, key=keys.key_for(spec))
        else:
            from pytest_agentcore.model.gateway import translate

            try:
                litellm = litellm or translate.load()
            except ImportError as error:
                return {}, [f"{spec.name!r} needs litellm, which cannot be imported: {error}; install it again"]
            way = translate.Translated(litellm, spec, key=keys.key_for(spec))
        routes[spec.name] = Route(name=spec.name, upstream=way, price=price_of(spec))
    return routes, []


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
