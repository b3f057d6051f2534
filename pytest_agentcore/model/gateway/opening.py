"""A gateway that listens: its keys read, its models checked, its routes built."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.gateway import checks, routes, unix_socket, upstream
from pytest_agentcore.model.gateway.keys import Keyring, load_file
from pytest_agentcore.model.gateway.protocol import StartConfig
from pytest_agentcore.model.gateway.server import Door
from pytest_agentcore.model.pricing import load_prices


@asynccontextmanager
async def opened(config: StartConfig) -> AsyncIterator[int | list[str]]:
    """Serve on 127.0.0.1, and at a socket's path, inside the block: gives the port, or what is wrong, one line each."""
    keys, problems = Keyring(), list[str]()
    if not config.replay:
        problems = load_file(config.key_file, os.environ) if config.key_file is not None else []
        keys = Keyring()
        keys.hide([config.secret])
        problems += await checks.problems(config.models, keys)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(upstream.session())
        try:
            own = None if config.socket is None else stack.enter_context(unix_socket.bound(Path(config.socket)))
            ways, library = (
                (routes.replayed(config.models), None)
                if config.replay
                else routes.build(
                    config.models,
                    keys,
                    session,
                    prices=load_prices(config.price_file),
                    concurrency=config.concurrency,
                )
            )
        except (ConfigError, ValueError) as error:
            problems.append(str(error))
        if problems:
            yield [keys.redact(one) for one in problems]
            return
        door = Door(config, ways, keys)
        runner = web.ServerRunner(door.server(), shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", config.port, backlog=1024, reuse_address=True).start()
            if own is not None:
                await web.SockSite(runner, own, backlog=1024).start()
            if library is not None and any(spec.wire == "litellm" for spec in config.models):
                warming = asyncio.create_task(library.loaded())  # most of these calls will need it
                warming.add_done_callback(lambda task: task.cancelled() or task.exception())
            yield int(runner.addresses[0][1])
        finally:
            await runner.cleanup()
            door.close()
