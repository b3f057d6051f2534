"""A gateway of its own, for several sessions of one machine to share, or for an agent that is tried out by hand."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import aiohttp

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway.opening import opened
from pytest_agentcore.model.gateway.protocol import StartConfig


def serve(
    models: Sequence[ModelSpec],
    *,
    secret_file: Path,
    announce: Callable[[str], None],
    config: StartConfig | None = None,
) -> int:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM.

    Args:
        models: what is offered; scripted ones need no gateway and are passed over.
        secret_file: where its address and the secret of its control interface are left as JSON, readable for their
            owner alone, while it serves; sessions attach with ``--agent-gateway=FILE``.
        announce: gets the lines that tell a person how to use it: its address, and a token for each model.
        config: port, key file, price file, patience; its secret and its models are replaced.

    Raises:
        ConfigError: a model that will not work, or a file that cannot be written.
    """
    wanted = tuple(spec for spec in models if spec.wire != "scripted")
    if not wanted:
        raise ConfigError("a gateway needs a model that is not scripted; give e.g. openai/MODEL or NAME@URL")
    secret = secrets.token_urlsafe(32)
    chosen = replace(config or StartConfig(secret=secret, models=wanted), secret=secret, models=wanted)
    try:
        secret_file.unlink(missing_ok=True)
        descriptor = os.open(secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"the secret file {str(secret_file)!r} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w") as file:
            return asyncio.run(_serve(chosen, file, secret_file, announce))
    finally:
        secret_file.unlink(missing_ok=True)


async def _serve(config: StartConfig, file: TextIO, path: Path, announce: Callable[[str], None]) -> int:
    told = told_to_end()
    async with opened(config) as port:
        if not isinstance(port, int):
            raise ConfigError("; ".join(port))
        url = f"http://127.0.0.1:{port}"
        json.dump({"url": url, "secret": config.secret}, file)
        file.flush()
        announce(f"gateway at {url}; sessions use it with --agent-gateway={path}; stop with Ctrl-C")
        if config.socket is not None:
            announce(f"the same at {config.socket}, for clients that take a socket's path; the tokens are these")
        for spec in config.models:
            token = await _token(url, config.secret, spec.name)
            announce(f"# {spec.name}")
            announce(f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={token}")
            announce(f"ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY={token}")
        await told.wait()
    return 0


def told_to_end() -> asyncio.Event:
    """Set by SIGINT or SIGTERM; ask for it before anyone is told that the server is there."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    return told


async def _token(url: str, secret: str, model: str) -> str:
    """A run without limits, in the way in which a session registers one."""
    async with aiohttp.ClientSession(trust_env=False) as session:
        body, headers = {"id": "by hand", "model": model}, {"Authorization": f"Bearer {secret}"}
        async with session.post(f"{url}/control/runs", json=body, headers=headers) as answer:
            return str((await answer.json())["token"])
